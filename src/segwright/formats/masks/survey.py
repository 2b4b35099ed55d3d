"""What values a sample of the masks of a dataset holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from segwright.errors import DataError
from segwright.formats.faults import Fault, fault_of
from segwright.formats.masks.slips import stray_colours
from segwright.formats.masks.values import differs_in_channels, grey_as_colour, packed
from segwright.images import read_stored

_SURVEYED = 256
_FILES_OF_A_SLIP = 4  # as many masks must be wholly grey for each with a few pixels in colour


@dataclass(frozen=True)
class MaskSurvey:
    """What a sample of the masks holds.

    Attributes:
        pixels: Stored value → number of pixels; for colours the value is 0xRRGGBB.
        first_file: Stored value → the first file that holds it.
        is_colour: Whether the masks are RGB pictures whose channels differ.
        num_files: Number of masks that were read.
        num_masks: Number of masks that there are.
        palette: Stored value → its colour in the palettes of the files, if they have any and it is
            the same in all of them; values of grey palettes are left out.
        has_channels: Whether all are stored with three channels, equal or not.
        spans: Lowest value, highest value and number of values of each mask that was read.
        unreadable: Masks of the sample that cannot be read.
    """

    pixels: Mapping[int, int]
    first_file: Mapping[int, Path]
    is_colour: bool
    num_files: int
    num_masks: int
    palette: Mapping[int, tuple[int, int, int]] = field(default_factory=dict)
    has_channels: bool = False
    spans: tuple[tuple[int, int, int], ...] = ()
    unreadable: tuple[Fault, ...] = ()

    def values(self) -> list[int]:
        """The stored values, ascending."""
        return sorted(self.pixels)

    def written(self, value: int) -> str:
        """A stored value as the user knows it: 12, or #804080 for a colour."""
        return f"#{value:06x}" if self.is_colour else str(value)


def survey(paths: Sequence[Path]) -> MaskSurvey:
    """Counts the stored values of up to 256 masks, spread evenly over the list.

    Masks that cannot be read are left out and listed under `unreadable`.
    """
    count = min(len(paths), _SURVEYED)
    grey, colour, palettes, almost = _Census(), _Census(), _Palettes(), _AlmostGrey()
    spans, unreadable, num_flat = [], [], 0
    for path in (paths[i * len(paths) // count] for i in range(count)):
        try:
            raster = read_stored(path)
            stored = raster.to_index()
            is_colour = differs_in_channels(stored)
            values, counts = _counted(packed(stored, where=path, is_colour=is_colour))
        except DataError as error:
            unreadable.append(fault_of(error, "unreadable-labels", where=path))
            continue
        num_flat += stored.ndim == 2
        spans.append((int(values[0]), int(values[-1]), len(values)))
        if (stray := stray_colours(stored)) is not None:
            almost.add(stored, stray, path)
        if raster.palette is not None:
            palettes.add(raster.palette, values, counts, path)
        else:
            (colour if is_colour else grey).add(values, counts, path)
    read = count - len(unreadable)
    if almost.are_slips(colour, grey):
        grey.merge(almost.shades)
        colour = _Census()
    if not colour.pixels and not palettes.differ:
        grey.merge(palettes.by_index)
        flat = not num_flat and read > 0
        return MaskSurvey(
            *(grey.pixels, grey.first_file, False, read, len(paths)),
            *(palettes.colours(), flat, tuple(spans), tuple(unreadable)),
        )
    # Among colour pictures, a grey one holds the colours whose three channels are equal.
    for value, number in grey.pixels.items():
        file = grey.first_file[value]
        shade = int(grey_as_colour(np.array(value), file))
        colour.pixels[shade] += number
        colour.first_file.setdefault(shade, file)
    colour.merge(palettes.by_colour)
    return MaskSurvey(
        *(colour.pixels, colour.first_file, True, read, len(paths)), unreadable=tuple(unreadable)
    )


class _Census:
    """Pixels of each value, and the first file that holds it."""

    def __init__(self) -> None:
        self.pixels: Counter[int] = Counter()
        self.first_file: dict[int, Path] = {}
        self.num_files = 0

    def add(self, values: np.ndarray, counts: np.ndarray, path: Path) -> None:
        self.num_files += 1
        for value, number in zip(values.tolist(), counts.tolist(), strict=True):
            self.pixels[value] += number
            self.first_file.setdefault(value, path)

    def merge(self, other: _Census) -> None:
        self.pixels += other.pixels
        self.first_file = {**other.first_file, **self.first_file}


class _AlmostGrey:
    """Masks that are grey but for a few pixels."""

    def __init__(self) -> None:
        self.shades = _Census()

    def add(self, stored: np.ndarray, stray: np.ndarray, path: Path) -> None:
        values = stored[..., 0][~stray]
        self.shades.add(*np.unique(values, return_counts=True), path)

    def are_slips(self, colour: _Census, grey: _Census) -> bool:
        """Whether the pixels in colour are slips: in few masks, and the others hold classes."""
        number = self.shades.num_files
        few = 0 < number == colour.num_files and _FILES_OF_A_SLIP * number <= grey.num_files
        return few and len(grey.pixels) > 1


class _Palettes:
    """Masks with palettes, by index and by colour, until it is clear which of the two counts.

    Where the same index has different colours in different files, only the colours can mean
    something: the palettes were made anew for every file.
    """

    def __init__(self) -> None:
        self.by_index, self.by_colour = _Census(), _Census()
        self._colours: dict[int, set[int]] = {}

    def add(self, palette: np.ndarray, values: np.ndarray, counts: np.ndarray, path: Path) -> None:
        self.by_index.add(values, counts, path)
        known = np.full((max(len(palette), int(values[-1]) + 1), 3), 255, np.uint32)
        known[: len(palette)] = palette[:, :3]
        colours = known[values] @ np.array([1 << 16, 1 << 8, 1], np.uint32)
        self.by_colour.add(colours, counts, path)
        for value, colour in zip(values.tolist(), colours.tolist(), strict=True):
            self._colours.setdefault(value, set()).add(colour)

    @property
    def differ(self) -> bool:
        return any(len(colours) > 1 for colours in self._colours.values())

    def colours(self) -> dict[int, tuple[int, int, int]]:
        """Index → colour; nothing if the palette is grey or has a colour twice."""
        packed_of = {value: min(colours) for value, colours in self._colours.items()}
        is_grey = all(c == value * 0x010101 for value, c in packed_of.items())
        if is_grey or len(set(packed_of.values())) < len(packed_of):
            return {}
        return {v: (c >> 16, c >> 8 & 255, c & 255) for v, c in packed_of.items()}


def _counted(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values that occur, ascending, and how often each does."""
    if values.dtype == np.uint32:
        return np.unique(values, return_counts=True)
    counts = np.bincount(values.ravel())
    present = np.flatnonzero(counts)
    return present, counts[present]
