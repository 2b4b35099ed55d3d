"""What the values in mask pictures mean: index, palette, 0/255, cut at a threshold, or colours.

The kind of mask is found by looking at many of them (`survey`), decided once (`kinds`), and kept as
a table from stored value to class id together with the sentence that says what was decided. A value
that is not in the table is an error at every later reading; nothing is rounded, clipped or dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from segwright.errors import LabelError
from segwright.formats.entry import listed
from segwright.formats.faults import Fault, Report, refuse
from segwright.formats.masks.slips import (
    MOST_IN_A_SLIP,
    STORE_ANEW,
    STORED_WITH_LOSS,
    is_lossy,
    stray,
    stray_colours,
    what_to_ignore,
)
from segwright.images import read_index, read_stored
from segwright.images.faults import image_errors
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance
from segwright.labels.label_map import LabelMap
from segwright.labels.rle import RunLengths


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

    def decode(
        self, stored: np.ndarray, *, where: Path, report: Report = refuse, key: str | None = None
    ) -> LabelMap:
        """Turns the values of one mask, (Y, X) or (Y, X, 3), into class ids.

        Args:
            stored: The mask as it is stored.
            where: Its file, to name in messages.
            report: Is told of values that mean nothing; their pixels are ignored if it returns.
            key: The picture that it belongs to, for the report.

        Raises:
            LabelError: A mask that is stored differently than its siblings.
        """
        coloured = None if self.is_colour else stray_colours(stored)
        if coloured is not None:
            report(stray(stored, coloured, where=where, key=key))
            stored = stored[..., 0]
        values = packed(stored, where=where, is_colour=self.is_colour)
        if self.threshold is not None:
            return LabelMap((values >= self.threshold).astype(self.classes.dtype), self.classes)
        ids = self._in_areas(values) if self.is_colour else self._looked_up(values)
        unknown = ids == self._unknown
        if coloured is not None:
            ids[coloured] = self.classes.ignore_index
            unknown &= ~coloured
        if unknown.any():
            report(self._fault(values, unknown, where=where, key=key))
            ids[unknown] = self.classes.ignore_index
        return LabelMap(ids.astype(self.classes.dtype, copy=False), self.classes)

    def _looked_up(self, values: np.ndarray) -> np.ndarray:
        """The class id of every grey value or index, (Y, X); `_unknown` for those of none."""
        if values.dtype == np.uint8 and self._table.dtype == np.uint8:
            # An index takes eight bytes in NumPy, to which each value would be widened first.
            found = bytearray(np.ascontiguousarray(values)).translate(self._table[:256].tobytes())
            return np.frombuffer(found, np.uint8).reshape(values.shape)
        return self._table[values]

    def _in_areas(self, colours: np.ndarray) -> np.ndarray:
        """Does what `_looked_up` does for colours, of which there are too many for a table.

        Masks consist of areas: only colours that differ from the one before are searched for.
        """
        row = colours.ravel()
        starts = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]]))
        known, ids = self._sorted_colours
        found = row[starts]
        place = np.searchsorted(known, found)
        ids = np.where(known[place] == found, ids[place], self._unknown)
        return np.repeat(ids, np.diff(starts, append=row.size)).reshape(colours.shape)

    def _fault(
        self, values: np.ndarray, unknown: np.ndarray, *, where: Path, key: str | None
    ) -> Fault:
        """What to say of the values of a mask that mean nothing."""
        y, x = np.argwhere(unknown)[0]
        value = int(values[y, x])
        strange = np.unique(values[unknown])
        meant = [v for v, class_id in self.ids.items() if class_id != self.classes.ignore_index]
        low, high = min(meant, default=0), max(meant, default=0)
        kind = "stray-colour" if self.is_colour else "unknown-value"
        remedy = what_to_ignore(strange.tolist())
        number = int(unknown.sum())
        shown = f"#{value:06x}" if self.is_colour else str(value)
        others = f", {len(strange)} such values" if len(strange) > 1 else ""
        problem = (
            f"value {shown} at row {y}, column {x} ({number} pixels like it in this mask{others}) "
            "belongs to no class"
        )
        if is_lossy(where, len(strange)):
            kind, problem, remedy = "blurred-mask", f"{STORED_WITH_LOSS}: {problem}", STORE_ANEW
        elif self.is_colour:
            remedy = "Give a class this 'colour' in dataset.yaml, or repaint these pixels"
        elif len(self.classes) == 2 and low < strange[0] and strange[-1] < high:
            kind = "blurred-mask"
            remedy = f"Write 'threshold: {(low + high + 1) // 2}' into dataset.yaml to cut them"
        if kind != "blurred-mask" and number < MOST_IN_A_SLIP * values.size:
            problem += "; so few look like a slip"
        return Fault(kind, problem, str(where), remedy, key)

    @cached_property
    def _table(self) -> np.ndarray:
        """Class id of every storable number."""
        table = np.full(1 << 16, self._unknown)
        for value, class_id in self.ids.items():
            table[value] = class_id
        return table

    @cached_property
    def _sorted_colours(self) -> tuple[np.ndarray, np.ndarray]:
        """The colours that mean something, one behind them that cannot occur, and their ids."""
        known = sorted(self.ids)
        ids = [*(self.ids[colour] for colour in known), self._unknown]
        return np.array([*known, 1 << 24], np.uint32), np.array(ids, self._unknown.dtype)

    @property
    def _unknown(self) -> np.integer:
        """Stands for a class until it is reported that there is none; of a dtype that has room."""
        return np.uint8(254) if len(self.classes) < 255 else np.uint16(65534)


@dataclass(frozen=True)
class MaskFile:
    """The labels of one picture in a mask file, and where it was looked at all.

    Attributes:
        path: The mask.
        scheme: What its values mean.
        field_of_view: A 0/255 picture of the same size; what is 0 there becomes ignored.
        ignored: A picture of the same size; what is not 0 there becomes ignored.
        key: The picture's key, for reports.
    """

    path: Path
    scheme: MaskScheme
    field_of_view: Path | None = None
    ignored: Path | None = None
    key: str | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(p for p in (self.path, self.field_of_view, self.ignored) if p is not None)

    def read(self, report: Report = refuse) -> LabelMap:
        """Reads the mask; raises `LabelError` for values or sizes that do not fit."""
        stored = read_mask(self.path, report=report, key=self.key, is_colour=self.scheme.is_colour)
        labels = self.scheme.decode(stored, where=self.path, report=report, key=self.key)
        ids = labels.ids
        for path in self.paths[1:]:
            outside = left_out(path, is_view=path == self.field_of_view, report=report)
            if outside.shape == ids.shape:
                ids[outside] = labels.classes.ignore_index
            else:
                report(_wrong_size(path, outside.shape, self.path, ids.shape, key=self.key))
        return labels


def read_mask(
    path: Path, *, report: Report = refuse, key: str | None = None, is_colour: bool = False
) -> np.ndarray:
    """A mask as it is stored, (Y, X) or (Y, X, C); of colour masks palettes are looked up.

    A mask that is anywhere transparent is reported, because it may mean something else there.
    """
    raster = read_stored(path)
    alpha = raster.alpha
    if alpha is not None and alpha.dtype.kind == "u":
        clear = alpha < np.iinfo(alpha.dtype).max
        if clear.any():
            y, x = np.argwhere(clear)[0]
            problem = (
                f"{int(clear.sum())} of {clear.size} pixels are transparent, the first at row {y}, "
                f"column {x}; accepted are opaque masks"
            )
            remedy = "Save it without transparency, so that every pixel has one value"
            report(Fault("transparent-mask", problem, str(path), remedy, key))
    with image_errors(path):
        if is_colour and raster.palette is not None:
            return raster.to_image(path).pixels
        return raster.to_index()


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
        return grey_as_colour(stored, where) if is_colour else stored
    if not is_colour and not differs_in_channels(stored):
        return stored[..., 0]
    if not is_colour or stored.dtype != np.uint8 or stored.shape[-1] != 3:
        raise LabelError(
            f"mask is a colour picture of {stored.dtype.name} and shape {stored.shape}, which "
            "the others are not",
            where=where,
            remedy="Store all masks of a dataset in the same way",
        )
    colours = np.zeros((*stored.shape[:2], 4), np.uint8)  # four bytes are one integer
    for channel in range(3):
        colours[..., 2 - channel] = stored[..., channel]
    return colours.view("<u4")[..., 0]


def grey_as_colour(values: np.ndarray, where: Path) -> np.ndarray:
    """Grey values as the colours 0xRRGGBB whose three channels are equal."""
    if values.max() > 255:
        raise LabelError(
            f"grey value {values.max()} stands in a mask whose siblings are colour pictures; "
            "accepted beside them are 0 … 255",
            where=where,
            remedy="Store all masks of a dataset in the same way",
        )
    return values.astype(np.uint32) * np.uint32(0x010101)


def differs_in_channels(stored: np.ndarray) -> bool:
    """Whether a stored mask, (Y, X) or (Y, X, 3), is a picture in colour."""
    return stored.ndim == 3 and bool((stored != stored[..., :1]).any())


def ignored_around(
    size_hw: tuple[int, int],
    classes: Classes,
    field_of_view: Path | None,
    ignored: Path | None,
    *,
    report: Report = refuse,
    key: str | None = None,
) -> list[Instance]:
    """What a field of view and an ignore mask leave out, as one object of no class on top of all.

    Args:
        size_hw: Height and width of the picture in pixels.
        classes: The classes of the objects.
        field_of_view: As in `MaskFile`.
        ignored: As in `MaskFile`.
        report: Is told of pictures of another size; they are left out.
        key: The picture's key, for the report.
    """
    outside = np.zeros(size_hw, bool)
    for path, is_view in ((field_of_view, True), (ignored, False)):
        if path is not None:
            mask = left_out(path, is_view=is_view, report=report)
            if mask.shape == size_hw:
                outside |= mask
            else:
                report(_wrong_size(path, mask.shape, None, size_hw, key=key))
    if not outside.any():
        return []
    return [Instance(classes.ignore_index, RunLengths.from_mask(outside), layer=1)]


def left_out(path: Path, *, is_view: bool, report: Report = refuse) -> np.ndarray:
    """Where a picture says that nobody looked or nobody should, (Y, X) bool.

    Args:
        path: A field of view, which is 0 there, or an ignore mask, which is not 0 there.
        is_view: Whether it is a field of view.
        report: Is told of a field of view that holds more than two values.
    """
    values = packed(read_index(path), where=path, is_colour=False)
    if not is_view:
        return values != 0
    found = np.unique(values).tolist()
    if len(found) > 2 or (len(found) == 2 and found[0] != 0):
        problem = f"a field of view with the values {listed(found)}"
        remedy = "Store 0 outside and 255 inside, nothing between"
        report(Fault("blurred-mask", problem, str(path), remedy))
    return values == 0


def _wrong_size(
    path: Path,
    size_hw: tuple[int, ...],
    mask: Path | None,
    mask_hw: tuple[int, ...],
    *,
    key: str | None,
) -> Fault:
    whose = "picture" if mask is None else f"mask {mask}"
    return Fault(
        "size-differs",
        f"is {size_hw[0]}×{size_hw[1]}, its {whose} is {mask_hw[0]}×{mask_hw[1]} (height × width)",
        str(path),
        "Give both the size of the picture",
        key,
    )
