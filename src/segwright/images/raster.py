"""Samples exactly as a file stores them, and how they become pixels or mask values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from segwright.images.faults import Unreadable
from segwright.images.image import Image


@dataclass(frozen=True, eq=False)
class Raster:
    """What a decoder found, before anything is converted.

    Attributes:
        samples: (Y, X, C) stored numbers, in their own dtype; without alpha.
        bits: How many bits of an integer sample are used; 1, 2 and 4 are kept unscaled in uint8.
        palette: (N, 4) uint8 red, green, blue, alpha; the samples are indices into it. None if
            the samples are intensities.
        alpha: (Y, X) stored coverage of any real dtype; None if the file has none.
        transparent: The sample values, one per channel, that mean "nothing here"; None if none do.
    """

    samples: np.ndarray
    bits: int = 8
    palette: np.ndarray | None = None
    alpha: np.ndarray | None = None
    transparent: tuple[int, ...] | None = None

    def upright(self, orientation: int) -> Raster:
        """Turns the raster as the EXIF orientation 1 … 8 asks."""
        alpha = None if self.alpha is None else _upright(self.alpha, orientation)
        return replace(self, samples=_upright(self.samples, orientation), alpha=alpha)

    def to_image(self, source: Path | None) -> Image:
        """Pixels with colours looked up, 1 to 4 bits spread over 0 … 255, and alpha apart."""
        if self.palette is not None:
            pixels, alpha = self._looked_up(self.palette)
        else:
            pixels, alpha = _as_pixels(self.samples), self._coverage()
            if self.bits < 8:
                pixels = pixels * np.uint8(255 // (2**self.bits - 1))
        if alpha is not None:
            alpha = _writable(alpha)
        return Image(_writable(pixels), alpha=alpha, source=source)

    def to_index(self) -> np.ndarray:
        """The stored numbers: (Y, X) for one channel, (Y, X, C) for more; alpha is left out."""
        if self.samples.dtype.kind == "f":
            raise Unreadable(
                f"the mask holds {self.samples.dtype.name} numbers; accepted are whole numbers",
                "Save it as an 8 or 16 bit PNG of class ids",
            )
        return _writable(self.samples[..., 0] if self.samples.shape[-1] == 1 else self.samples)

    def _looked_up(self, palette: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        index = self.samples[..., 0]
        highest = int(index.max())
        if highest >= len(palette):
            raise Unreadable(
                f"palette index {highest} is used, but the palette has {len(palette)} colours",
                "Save the image again",
            )
        alpha = None if (palette[:, 3] == 255).all() else palette[index, 3]
        return palette[index, :3], alpha

    def _coverage(self) -> np.ndarray | None:
        """(Y, X) uint8 alpha, 255 = opaque; 16-bit and float coverage is rounded to it."""
        if self.transparent is not None:
            hidden = (self.samples == np.array(self.transparent)).all(axis=-1)
            return np.where(hidden, 0, 255).astype(np.uint8)
        if self.alpha is None or self.alpha.dtype == np.uint8:
            return self.alpha
        alpha = _finite(self.alpha.astype(np.float64))
        if self.alpha.dtype.kind in "iu":
            alpha = alpha / np.iinfo(self.alpha.dtype).max
        return np.rint(np.clip(alpha, 0, 1) * 255).astype(np.uint8)


def _as_pixels(samples: np.ndarray) -> np.ndarray:
    """uint8 and uint16 as they are; everything else as float32, if float32 can hold it."""
    if samples.dtype in (np.uint8, np.uint16):
        return samples
    if samples.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return _finite(_finite(samples).astype(np.float32))
    # float32 has 24 bits: beyond them neighbouring whole numbers would melt into one.
    largest = max(abs(int(samples.min())), abs(int(samples.max())))
    if largest > 1 << 24:
        raise Unreadable(
            f"the image holds {samples.dtype.name} numbers up to {largest:,}; accepted are whole "
            f"numbers up to {1 << 24:,}, which float32 holds exactly",
            "Save it as 16 bit or as float",
        )
    return samples.astype(np.float32)


def _finite(samples: np.ndarray) -> np.ndarray:
    bad = samples.size - int(np.count_nonzero(np.isfinite(samples)))
    if bad:
        raise Unreadable(
            f"{bad:,} of {samples.size:,} samples are NaN, infinite or beyond float32; "
            "accepted are finite numbers",
            "Replace them, for example with numpy.nan_to_num, and save the image again",
        )
    return samples


def _upright(array: np.ndarray, orientation: int) -> np.ndarray:
    """Applies an EXIF orientation to (Y, X, …); EXIF 2.32, section 4.6.4, tag Orientation."""
    if orientation >= 5:  # rows of the file are columns of the scene
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return array


def _writable(array: np.ndarray) -> np.ndarray:
    """The array in C order and open for writing, copied only where it is not so already."""
    return np.require(array, requirements=("C", "W"))
