"""Labels of a repaired copy: shapes cut off at their picture's border, and none without a pixel."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from segwright.formats.entry import LabelSource
from segwright.formats.faults import Fault, Report, refuse
from segwright.labels.clipping import clipped
from segwright.labels.instances import Instance, Instances, Labels
from segwright.labels.outline import outline
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygon, Polygons, Shape, region_of

EMPTY, CUT, TRACED = "(empty)", "(cut)", "(traced)"
"""What is counted beside kinds of faults: objects left out, cut off, and cut along pixels."""


@dataclass(frozen=True)
class Cleaned:
    """Labels as they are in the copy.

    Attributes:
        source: The labels as they were.
    """

    source: LabelSource

    @property
    def paths(self) -> tuple[Path, ...]:
        return self.source.paths

    def read(self, report: Report = refuse) -> Labels:
        """The labels; faults are those of the source, which the copy does not have."""
        return self.read_and_count(Counter())

    def read_and_count(self, tally: Counter[str]) -> Labels:
        """The labels, and by kind of fault, or of what is done here, how often it was met."""
        faults: list[Fault] = []
        labels = self.source.read(faults.append)
        tally.update(fault.kind for fault in faults)
        return _clean(labels, tally) if isinstance(labels, Instances) else labels


def _clean(labels: Instances, tally: Counter[str]) -> Instances:
    objects: list[Instance] = []
    for instance, region in zip(labels.objects, labels.regions, strict=True):
        if not region.area_px:
            tally[EMPTY] += 1
        elif _reaches_outside(instance.shape, labels.size_hw):
            tally[CUT] += 1
            shape = _cut(instance.shape, labels.size_hw)
            if shape is None or not _same(region_of(shape, labels.size_hw), region):
                tally[TRACED] += 1  # too tangled to be cut without touching a pixel
                shape = outline(region)
            objects.append(replace(instance, shape=shape))
        else:
            objects.append(instance)
    return labels.with_objects(objects)


def _same(region: RunLengths, other: RunLengths) -> bool:
    return np.array_equal(region.runs(), other.runs())


def _reaches_outside(shape: Shape, size_hw: tuple[int, int]) -> bool:
    if isinstance(shape, Box):
        shape = shape.polygons()
    if not isinstance(shape, Polygons):
        return False
    height, width = size_hw
    corners = np.concatenate(shape.rings)
    return bool((corners < 0).any() or (corners > (width, height)).any())


def _cut(shape: Shape, size_hw: tuple[int, int]) -> Shape | None:
    """The part of a shape on its picture; None if nothing can be drawn of it."""
    height, width = size_hw
    if isinstance(shape, Box):
        left, top = max(shape.left, 0.0), max(shape.top, 0.0)
        return Box(left, top, min(shape.right, float(width)), min(shape.bottom, float(height)))
    assert isinstance(shape, Polygons)
    parts = []
    for part in shape.parts:
        exterior, *holes = (
            clipped(ring, size_hw, margin_px=0.0) for ring in (part.exterior, *part.holes)
        )
        if len(exterior) >= 3:
            parts.append(Polygon(exterior, tuple(hole for hole in holes if len(hole) >= 3)))
    return Polygons(tuple(parts)) if parts else None
