"""The one image type of the house."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from segwright.errors import ImageError

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
"""Share of red, green and blue in grey: ITU-R BT.601, as in Pillow's mode "L" and torchvision."""

_DTYPES = ("uint8", "uint16", "float32")


@dataclass(frozen=True, eq=False)
class Image:
    """Pixels with what is known about them.

    Attributes:
        pixels: (Y, X, C) or (Z, Y, X, C); uint8, uint16 or float32 in the file's own units;
            C is 1 for grey, 3 for RGB (in that order), any number otherwise. Never alpha.
        axes: "YX" for a picture, "ZYX" for a volume; channels always come last.
        alpha: (Y, X) uint8 coverage, 255 = opaque; None if the file had none.
        spacing: Physical size of a pixel along each of `axes`, in millimetres; None if unknown.
        source: The file it was read from.

    Raises:
        ImageError: The pixels have another dtype or number of axes, or a side of length 0.
    """

    pixels: np.ndarray
    axes: Literal["YX", "ZYX"] = "YX"
    alpha: np.ndarray | None = None
    spacing: tuple[float, ...] | None = None
    source: Path | None = None

    def __post_init__(self) -> None:
        if self.pixels.dtype.name not in _DTYPES:
            raise ImageError(
                f"pixels are {self.pixels.dtype.name}; accepted are {', '.join(_DTYPES)}",
                where=self.source,
                remedy="Convert them with astype() before making an Image",
            )
        if self.pixels.ndim != len(self.axes) + 1 or 0 in self.pixels.shape:
            raise ImageError(
                f"pixels have shape {self.pixels.shape}; axes {self.axes} need "
                f"{len(self.axes) + 1} axes (channels last), each at least 1 long",
                where=self.source,
            )

    @classmethod
    def from_array(cls, array: np.ndarray) -> Image:
        """Wraps an array of shape (Y, X) or (Y, X, C).

        Args:
            array: uint8, uint16, bool or any float; bool becomes 0/255, floats float32.
        """
        if array.ndim == 2:
            array = array[..., None]
        if array.dtype == bool:
            array = array.astype(np.uint8) * 255
        elif array.dtype.kind == "f":
            array = array.astype(np.float32)
        return cls(array)

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[-3], self.pixels.shape[-2]

    @property
    def num_channels(self) -> int:
        return self.pixels.shape[-1]

    @property
    def full_scale(self) -> float:
        """The value that stands for 1.0: 255 or 65535 for integers, 1 for floats."""
        dtype = self.pixels.dtype
        return float(np.iinfo(dtype).max) if dtype.kind == "u" else 1.0
