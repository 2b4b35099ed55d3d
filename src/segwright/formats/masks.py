"""What the values in mask pictures mean: index, palette, 0/255, cut at a threshold, or colours.

The kind of mask is found by looking at many of them (`survey`), decided once (`mask_kinds.py`), and
kept as a table from stored value to class id together with the sentence that says what was
decided. A value that is not in the table is an error at every later reading; nothing is rounded,
clipped or dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from segwright.errors import LabelError
from segwright.formats.entry import listed
from segwright.formats.faults import Report, refuse
from segwright.images import read_index
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap

_SURVEYED = 256
_UNKNOWN = 65534  # in the table: a stored value that means nothing


@dataclass(frozen=True)
class MaskSurvey:
    """What a sample of the masks holds.

    Attributes:
        pixels: Stored value → number of pixels; for colours the value is 0xRRGGBB.
        first_file: Stored value → the first file that holds it.
        is_colour: Whether the masks are RGB pictures whose channels differ.
        num_files: Number of masks that were read.
        num_masks: Number of masks that there are.
    """

    pixels: Mapping[int, int]
    first_file: Mapping[int, Path]
    is_colour: bool
    num_files: int
    num_masks: int

    def values(self) -> list[int]:
        """The stored values, ascending."""
        return sorted(self.pixels)

    def written(self, value: int) -> str:
        """A stored value as the user knows it: 12, or #804080 for a colour."""
        return f"#{value:06x}" if self.is_colour else str(value)


@dataclass(frozen=True)
class MaskScheme:
    """How stored mask values become class ids.

    Attributes:
        classes: What the ids mean.
        ids: Stored value → class id or `classes.ignore_index`; what is absent is an error.
        is_colour: Whether a stored value is a colour, 0xRRGGBB.
        threshold: From this value on a pixel is class 1, below it class 0; then `ids` is empty.
        description: What was found or declared, one sentence.
    """

    classes: Classes
    ids: Mapping[int, int]
    description: str
    is_colour: bool = False
    threshold: int | None = None

    def __post_init__(self) -> None:
        impossible = [v for v in self.ids if not 0 <= v <= (0xFFFFFF if self.is_colour else 0xFFFF)]
        if impossible:
            raise LabelError(
                f"value {impossible[0]} cannot stand in a mask; accepted are 0 … 65535",
                remedy="Correct it under 'values' or 'ignore' in dataset.yaml",
            )

    def decode(self, stored: np.ndarray, *, where: Path) -> LabelMap:
        """Turns the values of one mask, (Y, X) or (Y, X, 3), into class ids.

        Raises:
            LabelError: A value that means nothing; names file, value, place and remedy.
        """
        values = packed(stored, where=where, is_colour=self.is_colour)
        if self.threshold is not None:
            return LabelMap((values >= self.threshold).astype(self.classes.dtype), self.classes)
        if not self.is_colour and values.dtype == np.uint8:
            ids = self._table[:256][values]
        else:
            ids = self._table[values]
        unknown = ids == _UNKNOWN
        if unknown.any():
            y, x = np.argwhere(unknown)[0]
            value = int(values[y, x])
            shown = f"#{value:06x}" if self.is_colour else str(value)
            raise LabelError(
                f"value {shown} at row {y}, column {x} ({int(unknown.sum())} pixels like it in "
                f"this mask) belongs to no class",
                where=where,
                remedy="Name its class in classes.txt or under 'values' in dataset.yaml, or list "
                "it there under 'ignore'",
            )
        return LabelMap(ids.astype(self.classes.dtype), self.classes)

    @cached_property
    def _table(self) -> np.ndarray:
        """Class id of every storable value, uint16."""
        table = np.full(1 << 24 if self.is_colour else 1 << 16, _UNKNOWN, dtype=np.uint16)
        for value, class_id in self.ids.items():
            table[value] = class_id
        return table


@dataclass(frozen=True)
class MaskFile:
    """The labels of one picture in a mask file, and where it was looked at all.

    Attributes:
        path: The mask.
        scheme: What its values mean.
        field_of_view: A 0/255 picture of the same size; what is 0 there becomes ignored.
    """

    path: Path
    scheme: MaskScheme
    field_of_view: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,) if self.field_of_view is None else (self.path, self.field_of_view)

    def read(self, report: Report = refuse) -> LabelMap:
        """Reads the mask; raises `LabelError` for values or sizes that do not fit."""
        labels = self.scheme.decode(read_index(self.path), where=self.path)
        if self.field_of_view is None:
            return labels
        outside = _outside(self.field_of_view)
        if outside.shape != labels.size_hw:
            raise LabelError(
                f"field of view is {outside.shape[0]}×{outside.shape[1]}, its mask {self.path} is "
                f"{labels.size_hw[0]}×{labels.size_hw[1]} (height × width)",
                where=self.field_of_view,
                remedy="Give both the size of the picture",
            )
        ids = np.where(outside, labels.classes.ignore_index, labels.ids)
        return LabelMap(ids.astype(labels.ids.dtype), labels.classes)


def survey(paths: Sequence[Path]) -> MaskSurvey:
    """Counts the stored values of up to 256 masks, spread evenly over the list."""
    count = min(len(paths), _SURVEYED)
    grey, colour = _Census(), _Census()
    for path in (paths[i * len(paths) // count] for i in range(count)):
        stored = read_index(path)
        is_colour = _is_colour(stored)
        (colour if is_colour else grey).add(packed(stored, where=path, is_colour=is_colour), path)
    if not colour.pixels:
        return MaskSurvey(grey.pixels, grey.first_file, False, count, len(paths))
    # Among colour pictures, a grey one holds the colours whose three channels are equal.
    for value, number in grey.pixels.items():
        file = grey.first_file[value]
        shade = int(_grey_as_colour(np.array(value), file))
        colour.pixels[shade] += number
        colour.first_file.setdefault(shade, file)
    return MaskSurvey(colour.pixels, colour.first_file, True, count, len(paths))


class _Census:
    """Pixels of each value, and the first file that holds it."""

    def __init__(self) -> None:
        self.pixels: Counter[int] = Counter()
        self.first_file: dict[int, Path] = {}

    def add(self, values: np.ndarray, path: Path) -> None:
        present, counts = _counted(values)
        for value, number in zip(present.tolist(), counts.tolist(), strict=True):
            self.pixels[value] += number
            self.first_file.setdefault(value, path)


def packed(stored: np.ndarray, *, where: Path, is_colour: bool) -> np.ndarray:
    """Stored values as one unsigned integer a pixel, (Y, X): grey or index, or 0xRRGGBB.

    Raises:
        LabelError: Values that are no integers, or colours where grey is expected.
    """
    if stored.dtype == bool:
        stored = stored.astype(np.uint8)
    if stored.dtype not in (np.uint8, np.uint16):
        raise LabelError(
            f"mask values are {stored.dtype.name}; accepted are whole numbers of 8 or 16 bits",
            where=where,
            remedy="Store the mask as PNG, TIFF, BMP or GIF with class numbers or 0/255",
        )
    if stored.ndim == 2:
        return _grey_as_colour(stored, where) if is_colour else stored
    if not is_colour and not _is_colour(stored):
        return stored[..., 0]
    if not is_colour or stored.dtype != np.uint8 or stored.shape[-1] != 3:
        raise LabelError(
            f"mask is a colour picture of {stored.dtype.name} and shape {stored.shape}, which "
            "the others are not",
            where=where,
            remedy="Store all masks of a dataset in the same way",
        )
    red, green, blue = (stored[..., i].astype(np.uint32) for i in range(3))
    return red << 16 | green << 8 | blue


def _grey_as_colour(values: np.ndarray, where: Path) -> np.ndarray:
    """Grey values as the colours 0xRRGGBB whose three channels are equal."""
    if values.max() > 255:
        raise LabelError(
            f"grey value {values.max()} stands in a mask whose siblings are colour pictures; "
            "accepted beside them are 0 … 255",
            where=where,
            remedy="Store all masks of a dataset in the same way",
        )
    return values.astype(np.uint32) * np.uint32(0x010101)


def _is_colour(stored: np.ndarray) -> bool:
    return stored.ndim == 3 and bool((stored != stored[..., :1]).any())


def _counted(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values that occur, ascending, and how often each does."""
    if values.dtype == np.uint32:
        return np.unique(values, return_counts=True)
    counts = np.bincount(values.ravel())
    present = np.flatnonzero(counts)
    return present, counts[present]


def _outside(path: Path) -> np.ndarray:
    """Where a field-of-view picture is 0, (Y, X) bool."""
    values = packed(read_index(path), where=path, is_colour=False)
    found = _counted(values)[0].tolist()
    if not (set(found) <= {0, 255} or set(found) <= {0, 1}):
        raise LabelError(
            f"a field of view with the values {listed(found)}",
            where=path,
            remedy="Store 0 outside and 255 inside, nothing between",
        )
    return values == 0
