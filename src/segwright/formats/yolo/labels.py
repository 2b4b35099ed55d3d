"""The labels of one picture in YOLO: a text file with one object a line.

    class x1 y1 x2 y2 x3 y3 …        a polygon; x is a fraction of the width, y of the height
    class x-centre y-centre width height        a box
    … confidence                     at the end of either, in results of a model

A box is told by its four numbers, a confidence by an odd count. Coordinates are kept to 1e-9 of a
pixel, which undoes the rounding of the division: what was 12.5 pixels is 12.5 pixels again.

Source: https://docs.ultralytics.com/datasets/segment/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from segwright.formats.drawing import Drawing
from segwright.formats.entry import listed
from segwright.formats.faults import Report, refuse
from segwright.formats.text import read_text
from segwright.formats.yolo.bridges import unbridged
from segwright.images import image_size_hw
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances
from segwright.labels.shapes import Box, Shape

DIGITS = 9
"""Decimals of a pixel that are kept."""

_NUMBERS = re.compile(r"[-+.0-9eE\s]*", re.ASCII)


@dataclass(frozen=True)
class YoloLabels:
    """The labels of one picture.

    Attributes:
        path: The text file; None if there is none: then nothing is on the picture.
        image: The picture's file.
        classes: What class ids mean.
        id_of: Number in the file → class id or `classes.ignore_index`.
        declared: The file that says which numbers there are.
        key: The picture's key.
    """

    says_size: ClassVar[bool] = False  # coordinates are shares of the picture's sides

    path: Path | None
    image: Path
    classes: Classes
    id_of: Mapping[int, int]
    declared: Path
    key: str

    @property
    def paths(self) -> tuple[Path, ...]:
        """The text file, or, of a picture without one, what says that this has a meaning."""
        return (self.path or self.declared,)

    def read(self, report: Report = refuse) -> Instances:
        """The objects as they were drawn, pieces and holes where a ring holds bridges to them.

        Raises:
            LabelError: The file cannot be read as text, or what `report` raises.
        """
        size_hw = image_size_hw(self.image)
        if self.path is None:
            return Instances(size_hw, (), self.classes)
        drawing = Drawing(size_hw, self.classes, str(self.path), report, self.key)
        for number, line in enumerate(read_text(self.path).splitlines(), start=1):
            line = line.strip()
            if line and not line.startswith("#"):
                self._read_line(line, f"line {number}", drawing)
        return drawing.instances()

    def _read_line(self, line: str, name: str, drawing: Drawing) -> None:
        try:
            number, coordinates, score = parse_line(line)
        except _Wrong as wrong:
            drawing.fault(*wrong.args, name=name)
            return
        if number not in self.id_of:
            drawing.fault(
                "unknown-class",
                f"class {number}, but the classes are {_ranges(self.id_of)}",
                f"Correct the number, or name the class in {self.declared.name}",
                name=name,
            )
            return
        shape = _shape(coordinates, drawing.size_hw)
        if score is not None:
            text = (
                f"ends in the confidence {score:g} (its numbers after the class are odd in count)"
            )
            drawing.fault("scored", text, "Learn from what people drew, or complete it", name=name)
        if isinstance(shape, Box):
            drawing.fault("box-only", "is a box without outline", "Draw its outline", name=name)
        drawing.add(Instance(self.id_of[number], shape, score=score, name=name))


class _Wrong(Exception):
    """What makes a line unusable: kind of fault, problem, remedy."""


def parse_line(line: str) -> tuple[int, np.ndarray, float | None]:
    """The number of the class, the coordinates as fractions of the picture, and the confidence.

    Raises:
        _Wrong: Something that is no number, too few numbers, or numbers that are no fractions.
    """
    remedy = "Write the class number, then x and y of at least 3 vertices, with spaces between"
    words = line.split()
    try:
        if not _NUMBERS.fullmatch(line):  # `float` also takes 1_0, nan and infinity
            raise ValueError
        values = [float(word) for word in words]
    except ValueError:
        # Where every word is a number, they are kept apart by what is no space, such as "\x1f".
        odd = next((word for word in words if not _is_number(word)), line)
        kind = "bad-coordinates" if odd in words[1:] else "bad-record"
        raise _Wrong(kind, f"holds {odd!r:.40}, which is no number", remedy) from None
    number, *rest = values
    if not number.is_integer():
        raise _Wrong("bad-record", f"{words[0]!r:.40} is no number of a class", remedy)
    if len(rest) < 4:
        raise _Wrong("bad-record", f"has {len(rest)} numbers after the class", remedy)
    score = rest.pop() if len(rest) % 2 else None
    if score is not None and not 0 <= score <= 1:
        problem = f"has {len(rest) + 1} numbers after the class, an odd count"
        raise _Wrong("bad-record", f"{problem}, and the last, {score:g}, is no confidence", remedy)
    beyond = next((value for value in rest if not -1 <= value <= 2), None)
    if beyond is not None:
        raise _Wrong(
            "bad-coordinates",
            f"has the coordinate {beyond:g}; accepted are fractions of the picture, 0 … 1",
            "Divide x by the width and y by the height of the picture",
        )
    return int(number), np.array(rest), score


def _is_number(word: str) -> bool:
    try:
        return bool(_NUMBERS.fullmatch(word)) and float(word) is not None
    except ValueError:
        return False


def _shape(fractions: np.ndarray, size_hw: tuple[int, int]) -> Shape:
    """A box of four numbers, or what a ring of more encloses."""
    height, width = size_hw
    if fractions.size == 4:
        x, y, wide, high = (fractions * (width, height, width, height)).tolist()
        sides = (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
        return Box(*(round(side, DIGITS) for side in sides))
    return unbridged(ring_of(fractions, size_hw), size_hw)


def ring_of(fractions: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Fractions x1, y1, x2, y2 … as vertices in pixels, (P, 2) float64."""
    return np.round(fractions.reshape(-1, 2) * (size_hw[1], size_hw[0]), DIGITS)


def _ranges(numbers: Mapping[int, int]) -> str:
    """Known numbers in few words: "0 … 2" or "0, 2, 5"."""
    known = sorted(numbers)
    if len(known) > 1 and known[-1] - known[0] == len(known) - 1:
        return f"{known[0]} … {known[-1]}"
    return listed(known)
