"""Annotated datasets as kinds of input: every format of the catalogue, and `dataset.yaml`.

A seed is a small dataset that the format's own writer made; of a mutant one file is changed.
"""

from __future__ import annotations

import functools
import random
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.robust.anatomy import ANATOMIES, Anatomy
from tests.robust.image_kinds import IN_MEMORY
from tests.robust.mutate_bytes import mutate_bytes
from tests.robust.mutate_text import mutate_json, mutate_lines, mutate_xml

from segwright.errors import SegwrightError
from segwright.formats.catalog import FORMATS
from segwright.formats.faults import refuse
from segwright.formats.format import Opening
from segwright.formats.settings import read_settings
from segwright.formats.writing import Export, Labelled
from segwright.images import write_png
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Polygon, Polygons

SIZE_HW = (10, 12)
CLASSES = Classes.named(["back", "cell", "thing"], background=0)
LABEL_FORMATS = tuple(FORMATS)

Files = Mapping[str, bytes]
# Suffix → how such a file is changed where its structure is.
_BY_STRUCTURE: Mapping[str, Callable[[random.Random, bytes], bytes]] = {
    ".json": mutate_json,
    ".geojson": mutate_json,
    ".xml": mutate_xml,
    ".txt": mutate_lines,
    ".yaml": mutate_lines,
}
_SETTINGS = b"""\
classes: [back, {name: cell, colour: [10, 20, 30]}, {name: thing, colour: "#804080"}]
ignore: [thing]
background: back
groups: '^(.)'
splits: {train: [a*], val: []}
spacing: [0.5, 0.5]
"""


@dataclass(frozen=True)
class Mutant:
    """A dataset of which one file is changed.

    Attributes:
        name: The file, seen from the folder of the dataset.
        content: What it holds instead.
        collects: Whether faults are collected, as `check` does, or raised, as training does.
    """

    name: str
    content: bytes
    collects: bool


@functools.cache
def seed(name: str) -> Files:
    """The files of a small dataset in one format: place below its folder → content."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        (root / "from").mkdir()
        (root / "to").mkdir()
        pictures = [_labelled(root / "from", "a")]
        write = FORMATS[name].write
        assert write is not None, f"{name} has no writer to make a seed with"
        write(Export(root / "to", CLASSES, pictures))
        files = sorted(path for path in (root / "to").rglob("*") if path.is_file())
        return {path.relative_to(root / "to").as_posix(): path.read_bytes() for path in files}


def _labelled(folder: Path, key: str) -> Labelled:
    """One picture with a polygon with a hole, one of two pieces, and run lengths."""
    rng = np.random.default_rng(ord(key))
    write_png(folder / f"{key}.png", rng.integers(0, 256, (*SIZE_HW, 3), np.uint8))

    def ring(left: float, top: float, side: float) -> np.ndarray:
        right, bottom = left + side, top + side
        return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])

    mask = np.zeros(SIZE_HW, bool)
    mask[7:9, 8:11] = True
    shapes = (
        Polygons((Polygon(ring(1, 1, 5), (ring(2.5, 2.5, 2),)),)),
        Polygons((Polygon(ring(7, 1, 2)), Polygon(ring(7, 4, 2.5)))),
        RunLengths.from_mask(mask),
    )
    objects = tuple(
        Instance(class_id, shape, name=str(number + 1))
        for number, (class_id, shape) in enumerate(zip((1, 2, 1), shapes, strict=True))
    )
    labels = Instances(SIZE_HW, objects, CLASSES)
    return Labelled(key, folder / f"{key}.png", SIZE_HW, labels, split="train")


def mutate_dataset(name: str, rng: random.Random) -> Mutant:
    """A mutant of a dataset in format `name`: of its labels, mostly where their structure is."""
    files = seed(name)
    # Pictures are kinds of their own; some formats have labels that are pictures too.
    path = rng.choice([path for path in files if not _is_picture(path)])
    return Mutant(path, _changed(rng, path, files), rng.random() < 0.5)


def _is_picture(path: str) -> bool:
    return path.endswith(".png") and not any(part in path for part in ("mask", "gt", "panoptic"))


def mutate_settings(rng: random.Random) -> Mutant:
    """A mask folder with a mutant of `dataset.yaml`."""
    files = {"dataset.yaml": _SETTINGS}
    return Mutant("dataset.yaml", _changed(rng, "dataset.yaml", files), rng.random() < 0.5)


def _changed(rng: random.Random, path: str, files: Files) -> bytes:
    suffix = Path(path).suffix.lower()
    if suffix in _BY_STRUCTURE and rng.random() < 0.6:
        return _BY_STRUCTURE[suffix](rng, files[path])
    others = [files[path], *(data for name, data in files.items() if name.endswith(suffix))]
    return mutate_bytes(rng, others, ANATOMIES.get(suffix[1:], Anatomy()))


class DatasetReader:
    """Opens mutants of one format and reads all their labels."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._files = seed(name)
        self._folder = tempfile.TemporaryDirectory(dir=IN_MEMORY)
        self._root = Path(self._folder.name)
        for path in self._files:
            (self._root / path).parent.mkdir(parents=True, exist_ok=True)
            (self._root / path).write_bytes(self._files[path])

    def __call__(self, mutant: Mutant) -> None:
        path = self._root / mutant.name
        try:
            path.write_bytes(mutant.content)
            self._read((lambda fault: None) if mutant.collects else refuse)
        finally:
            if mutant.name in self._files:
                path.write_bytes(self._files[mutant.name])
            else:
                path.unlink()

    def _read(self, report) -> None:
        FORMATS[self._name].found_in(self._root)
        opening = Opening(self._root, read_settings(self._root), report=report)
        refusal = None
        for entry in FORMATS[self._name].open(opening).entries:
            try:
                labels = entry.labels.read(report)
                if isinstance(labels, Instances) and labels.label_map().ids.shape != SIZE_HW:
                    raise AssertionError(f"labels of size {labels.size_hw}")
            except SegwrightError as error:  # the next picture is read all the same
                refusal = error
        if refusal is not None:
            raise refusal
