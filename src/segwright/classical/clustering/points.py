"""Pixels as points of a space in which what is alike lies close together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from segwright.classical.planes import planes, require_picture
from segwright.features.stack import FeatureStack
from segwright.images.image import Image

TEXTURE_MEANING = (
    "Weight of texture (deviation of the brightness in windows of 5 and 11 pixels) beside colour; "
    "0 to 100, 0: colour alone"
)
POSITION_MEANING = (
    "Weight of the place (share of height and width) beside colour; 0 to 100, 0: anywhere"
)
_TEXTURE = {"statistics": {"windows_px": [5, 11], "outputs": "std"}}


@dataclass(frozen=True)
class PixelPoints:
    """What a pixel's coordinates are: colour, and by weight texture and place.

    RGB is taken to L*, a*, b* / 100 (CIE 1976), so that a distance of 0.023 is just noticeable; all
    other channels are shares of the full scale.

    Attributes:
        texture: Weight of the local deviation of brightness, ≥ 0; 0 leaves it out.
        position: Weight of row and column as shares of the picture, ≥ 0; 0 leaves it out.
    """

    texture: float = 0.0
    position: float = 0.0

    def size(self, num_channels: int) -> int:
        """The number of coordinates F."""
        return len(self._stack().names(num_channels))

    def bands(self, image: Image) -> Iterator[tuple[slice, np.ndarray]]:
        """The points band by band, so that no picture is too large.

        Yields:
            The rows, and (F, rows, X) float32.

        Raises:
            ImageError: A volume, or values that are not finite.
            MissingDependencyError: OpenCV is not installed.
        """
        require_picture(image)
        is_integer = image.pixels.dtype.kind == "u"
        weights = self._weights(image.num_channels)
        for rows, points in self._stack().in_tiles(image.pixels if is_integer else planes(image)):
            if weights is not None:
                points = points * weights[:, None, None]
            yield rows, np.ascontiguousarray(points)

    def whole(self, image: Image) -> np.ndarray:
        """(F, Y, X) float32 of the whole picture; see `bands`."""
        found = np.empty((self.size(image.num_channels), *image.size_hw), np.float32)
        for rows, points in self.bands(image):
            found[:, rows] = points
        return found

    def sample(self, image: Image, count: int, rng: np.random.Generator) -> np.ndarray:
        """Points drawn without replacement, in the order of the pixels.

        Args:
            image: A picture.
            count: How many; all of them where there are fewer.
            rng: Draws.

        Returns:
            (F, n) float32.
        """
        height, width = image.size_hw
        num_pixels = height * width
        if count < num_pixels:
            chosen = np.sort(rng.choice(num_pixels, count, replace=False, shuffle=False))
        else:
            chosen = np.arange(num_pixels)
        if not (self.texture or self.position):  # a pixel's colour is its own
            require_picture(image)
            source = image.pixels if image.pixels.dtype.kind == "u" else planes(image)
            colours = source.reshape(1, num_pixels, -1)
            drawn = colours if len(chosen) == num_pixels else colours[:, chosen]
            return self._stack().describe(drawn)[:, 0]
        drawn = []
        for rows, points in self.bands(image):
            first, last = np.searchsorted(chosen, (rows.start * width, rows.stop * width))
            drawn.append(
                points.reshape(len(points), -1)[:, chosen[first:last] - rows.start * width]
            )
        return np.concatenate(drawn, axis=1)

    def _stack(self) -> FeatureStack:
        features: list[Any] = [{"colour": "lab"}]
        if self.texture:
            features.append(_TEXTURE)
        if self.position:
            features.append("position")
        return FeatureStack.of(features)

    def _weights(self, num_channels: int) -> np.ndarray | None:
        if not (self.texture or self.position):
            return None
        size = self.size(num_channels)
        last = [self.texture] * (2 * bool(self.texture)) + [self.position] * (
            2 * bool(self.position)
        )
        return np.array([1.0] * (size - len(last)) + last, np.float32)
