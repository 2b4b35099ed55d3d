"""Masks as run lengths, in the COCO way: lossless, small, and quick to paint.

A mask is read column by column, top to bottom, and kept as the lengths of its runs: first
background, then foreground, then background, and so on. COCO stores the lengths either as a list
or as a text, in which every length is the difference to the one two places before, cut into
groups of five bits, lowest first; a character is 48 + five bits + 32 if more groups follow.

Source: the format of https://github.com/cocodataset/cocoapi (`maskApi.c`, BSD-2-Clause); the
implementation is our own. Text and lengths are equal to pycocotools' bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segwright.errors import LabelError

_MAX_GROUPS = 7  # of 5 bits: lengths up to 2**34
_MAX_PIXELS = 2**34 - 1


@dataclass(frozen=True, eq=False)
class RunLengths:
    """One binary mask as the lengths of its runs.

    Attributes:
        size_hw: Height and width of the mask in pixels, each at least 1.
        counts: (R,) int64, lengths of background, foreground, background … in column-major order;
            they add up to height × width, and only the first may be 0 in what we encode.

    Raises:
        LabelError: A side below 1, a negative length, or lengths that do not fill the mask.

    Example:
        >>> RunLengths.from_mask(np.array([[False, True], [True, True]])).counts.tolist()
        [1, 3]
    """

    size_hw: tuple[int, int]
    counts: np.ndarray

    def __post_init__(self) -> None:
        height, width = self.size_hw
        if min(height, width) < 1 or height * width > _MAX_PIXELS:
            raise LabelError(
                f"run lengths of a mask of size {height}×{width} (height × width)",
                remedy=f"Give sides of at least 1 and at most {_MAX_PIXELS} pixels in all",
            )
        if self.counts.size and self.counts.min() < 0:
            at = int(np.argmin(self.counts))
            raise LabelError(f"run {at} has the negative length {self.counts[at]}")
        # Each length is bounded first, so that the int64 sum below cannot wrap around.
        longest = int(self.counts.max(initial=0))
        total = longest if longest > height * width else int(self.counts.sum())
        if total != height * width:
            raise LabelError(
                f"run lengths cover {total} pixels, but a mask of {height}×{width} has "
                f"{height * width}",
                remedy="Check that 'size' is [height, width] and that 'counts' is complete",
            )

    @classmethod
    def from_mask(cls, mask: np.ndarray) -> RunLengths:
        """Encodes a (Y, X) mask; every value other than 0 is foreground."""
        if mask.ndim != 2:
            raise LabelError(f"a mask of shape {mask.shape}; accepted is (Y, X)")
        flat = (mask != 0).T.ravel()  # column-major
        changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
        counts = np.diff(changes, prepend=0, append=flat.size)
        if flat.size and flat[0]:
            counts = np.concatenate(([0], counts))
        return cls((mask.shape[0], mask.shape[1]), counts.astype(np.int64))

    @classmethod
    def from_text(cls, text: str | bytes, size_hw: tuple[int, int]) -> RunLengths:
        """Decodes the compressed form.

        Raises:
            LabelError: Characters outside the alphabet, a text that ends within a number, or
                lengths that do not fit the size.
        """
        return cls(size_hw, _undo_differences(_numbers_of_text(text)))

    @classmethod
    def from_coco(cls, segmentation: Mapping[str, object]) -> RunLengths:
        """Reads `{"size": [height, width], "counts": list or text}`.

        Raises:
            LabelError: Missing keys, wrong types, or lengths that do not fit the size.
        """
        size, counts = segmentation.get("size"), segmentation.get("counts")
        if (
            not isinstance(size, Sequence)
            or len(size) != 2
            or not all(type(side) is int for side in size)
        ):
            raise LabelError(
                f"run lengths with 'size' {_shortened(size)}",
                remedy="Give 'size' as [height, width] in whole pixels",
            )
        if isinstance(counts, str | bytes):
            return cls.from_text(counts, (size[0], size[1]))
        if not isinstance(counts, list) or not all(type(count) is int for count in counts):
            raise LabelError(
                f"run lengths with 'counts' {_shortened(counts)}",
                remedy="Give 'counts' as a list of whole numbers or as COCO's compressed text",
            )
        if counts and not (min(counts) >= 0 and max(counts) <= _MAX_PIXELS):
            raise LabelError(
                f"a run of length {min(counts) if min(counts) < 0 else max(counts)}",
                remedy="Give lengths between 0 and height × width",
            )
        return cls((size[0], size[1]), np.asarray(counts, dtype=np.int64))

    def to_coco(self, *, compressed: bool = True) -> dict[str, object]:
        """COCO's dictionary of this mask, ready for JSON."""
        counts = self.text() if compressed else self.counts.tolist()
        return {"size": list(self.size_hw), "counts": counts}

    def text(self) -> str:
        """COCO's compressed form, equal to pycocotools' for the same lengths."""
        differences = self.counts.copy()
        differences[3:] -= self.counts[1:-2]
        return _text_of_numbers(differences)

    def mask(self) -> np.ndarray:
        """The mask as (Y, X) bool."""
        height, width = self.size_hw
        values = np.arange(self.counts.size) % 2 == 1
        return np.repeat(values, self.counts).reshape(width, height).T

    @classmethod
    def from_runs(cls, runs: np.ndarray, size_hw: tuple[int, int]) -> RunLengths:
        """Encodes (R, 2) foreground runs [start, end) of column-major positions.

        They must be ascending and apart (a gap of at least one pixel between neighbours).
        """
        counts = np.diff(runs.ravel(), prepend=0, append=size_hw[0] * size_hw[1])
        return cls(size_hw, counts if counts[-1] else counts[:-1])

    def runs(self) -> np.ndarray:
        """Foreground runs as (R, 2) column-major [start, end), ascending and apart, none empty."""
        bounds = np.cumsum(self.counts)
        ends = bounds[1::2]
        runs = np.stack((bounds[0::2][: ends.size], ends), axis=1)
        return runs[runs[:, 0] < runs[:, 1]]

    def __or__(self, other: RunLengths) -> RunLengths:
        """Pixels of either mask."""
        return self._combined(other, np.logical_or)

    def __and__(self, other: RunLengths) -> RunLengths:
        """Pixels of both masks."""
        return self._combined(other, np.logical_and)

    def __sub__(self, other: RunLengths) -> RunLengths:
        """Pixels of this mask that are not in the other."""
        return self._combined(other, lambda mine, its: mine & ~its)

    def _combined(
        self, other: RunLengths, keep: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ) -> RunLengths:
        if self.size_hw != other.size_hw:
            raise LabelError(f"masks of {self.size_hw} and {other.size_hw} cannot be combined")
        mine, its = self._bounds(), other._bounds()
        points = np.union1d(mine, its)  # between neighbouring points nothing changes
        inside = keep(
            np.searchsorted(mine, points, side="right") % 2 == 1,
            np.searchsorted(its, points, side="right") % 2 == 1,
        )
        changes = points[np.flatnonzero(np.diff(inside, prepend=False))]
        return RunLengths.from_runs(changes.reshape(-1, 2), self.size_hw)

    def _bounds(self) -> np.ndarray:
        """Where foreground begins and ends in turn, strictly ascending."""
        runs = self.runs().ravel()
        # Runs that touch (a background run of length 0 between them) are one.
        again = np.flatnonzero(runs[1:] == runs[:-1])
        return np.delete(runs, np.concatenate((again, again + 1)))

    def positions(self) -> np.ndarray:
        """Column-major positions (x × height + y) of all foreground pixels, ascending, int64.

        Painting through them costs the area of the object, not of the picture.
        """
        lengths = self.counts[1::2]
        starts = np.cumsum(self.counts)[0::2][: lengths.size]
        offsets = np.cumsum(lengths) - lengths
        return np.repeat(starts - offsets, lengths) + np.arange(lengths.sum())

    @property
    def area_px(self) -> int:
        """Number of foreground pixels."""
        return int(self.counts[1::2].sum())

    def box_xywh(self) -> tuple[int, int, int, int]:
        """Tight box as left, top, width, height in pixels; all 0 for an empty mask."""
        positions = self.positions()
        if positions.size == 0:
            return 0, 0, 0, 0
        columns, rows = np.divmod(positions, self.size_hw[0])
        left, top = int(columns[0]), int(rows.min())
        return left, top, int(columns[-1]) - left + 1, int(rows.max()) - top + 1


def regions_by_id(ids: np.ndarray) -> dict[int, RunLengths]:
    """The region of every id that occurs in (Y, X) ids, in ascending order; in one pass."""
    flat = ids.T.ravel()
    starts = np.concatenate(([0], np.flatnonzero(flat[1:] != flat[:-1]) + 1))
    runs = np.stack((starts, np.append(starts[1:], flat.size)), axis=1)
    order = np.argsort(flat[starts], kind="stable")
    numbers, first = np.unique(flat[starts][order], return_index=True)
    size_hw = (ids.shape[0], ids.shape[1])
    groups = np.split(runs[order], first[1:])
    pairs = zip(numbers.tolist(), groups, strict=True)
    return {number: RunLengths.from_runs(group, size_hw) for number, group in pairs}


def _undo_differences(numbers: np.ndarray) -> np.ndarray:
    """Lengths from what the text holds: from the fourth on, differences to two places before."""
    counts = numbers.copy()
    counts[1::2] = np.cumsum(numbers[1::2])
    counts[2::2] = np.cumsum(numbers[2::2])
    return counts


def _numbers_of_text(text: str | bytes) -> np.ndarray:
    """The signed numbers in COCO's text, (R,) int64."""
    try:
        raw = text.encode("ascii") if isinstance(text, str) else text
    except UnicodeEncodeError as error:
        raise LabelError(f"run-length text with the character {text[error.start]!r}") from None
    groups = np.frombuffer(raw, dtype=np.uint8).astype(np.int64) - 48
    if groups.size == 0:
        return groups
    if groups.min() < 0 or groups.max() > 63:
        at = int(np.flatnonzero((groups < 0) | (groups > 63))[0])
        raise LabelError(
            f"run-length text with the character {chr(raw[at])!r} at position {at}",
            remedy="Accepted are the characters '0' to 'o' of COCO's compressed form",
        )
    ends = np.flatnonzero(groups < 32)
    if ends.size == 0 or ends[-1] != groups.size - 1:
        raise LabelError("run-length text ends within a number", remedy="The file may be cut off")
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if lengths.max() > _MAX_GROUPS:
        raise LabelError(f"run-length text with a number of {lengths.max()} characters, at most 7")
    place = np.arange(groups.size) - np.repeat(starts, lengths)
    numbers = np.add.reduceat((groups & 31) << (5 * place), starts)
    negative = (groups[ends] & 16) != 0  # the sign is the highest bit of the last group
    return numbers - (negative.astype(np.int64) << (5 * lengths))


def _text_of_numbers(numbers: np.ndarray) -> str:
    """COCO's text of signed numbers, each in as few groups as hold it with its sign."""
    columns, present = [], []
    rest, unfinished = numbers, np.ones(numbers.shape, dtype=bool)
    while unfinished.any():
        group, rest = rest & 31, rest >> 5
        more = rest != np.where(group & 16, -1, 0)
        columns.append(group + 48 + 32 * more)
        present.append(unfinished)
        unfinished = unfinished & more
    if not columns:
        return ""
    characters = np.stack(columns, axis=1)[np.stack(present, axis=1)]
    return characters.astype(np.uint8).tobytes().decode("ascii")


def _shortened(value: object) -> str:
    """`repr` of untrusted input, cut to fit a message."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
