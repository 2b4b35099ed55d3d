"""What every region of a picture is described by: shape, place, colour, texture, neighbours."""

from __future__ import annotations

import numpy as np
from pydantic import Field, model_validator

from segwright.config import Config
from segwright.errors import UsageError
from segwright.features.adjacency import Adjacency
from segwright.features.colour import in_space
from segwright.features.derivatives import first_derivatives
from segwright.features.shapes import Shapes
from segwright.features.stack import FeatureStack, in_full_scale
from segwright.features.view import View, channel_names

_QUANTILES = (0.1, 0.5, 0.9)
_BINS = 64  # of the histograms that quantiles are read from
_LAB = ("L*", "a*", "b*")
_SHAPE = (
    "area, share of the picture",
    "perimeter, share of the picture's",
    "height", "width", "longer axis", "shorter axis",
    "eccentricity", "orientation cos 2θ", "orientation sin 2θ",
    "solidity", "extent", "roundness",
    *(f"hu {n}" for n in range(1, 8)),
    "centre y", "centre x", "top", "left", "bottom", "right", "at the border",
)  # fmt: skip
_BOUNDARY = (
    "neighbours",
    "gradient along the boundary",
    "contrast with the neighbours",
)


class RegionFeatures(Config):
    """Settings of the description of regions.

    Lengths and places are shares of the picture's height and width. Colours are L*, a* and b* of
    RGB, and of other pictures the channels themselves. `texture` with the feature `lbp` of a window
    of 1 px gives the histogram of micro-patterns of a region, since its mean is one.

    Example:
        >>> features = RegionFeatures(colour_bins=4)
        >>> table = features.describe(regions, image.pixels)  # doctest: +SKIP
    """

    texture: FeatureStack = Field(
        default=FeatureStack.of(
            [
                {"colour": ["lab", "hsv"]},
                {"gradient": [0.7, 1.4, 2.8]},
                {"laplacian": [1.4, 2.8]},
                {"structure": [1.4]},
                {"lbp": {"radii_px": [1.0, 2.0], "window_px": 1}},
            ]
        ),
        description="Features of pixels, whose mean and deviation over a region are taken",
    )
    shape: bool = Field(default=True, description="Whether shape, size and place are told")
    colour_bins: int = Field(
        default=8, ge=0, le=_BINS, description="Bins of the histogram of each colour axis; 0: none"
    )
    orientations: int = Field(
        default=8, ge=0, le=32, description="Bins of the histogram of gradient directions; 0: none"
    )
    neighbours: bool = Field(
        default=True,
        description="Whether the boundary and the colour of the regions around are told",
    )

    @model_validator(mode="after")
    def _divides(self) -> RegionFeatures:
        if self.colour_bins and _BINS % self.colour_bins:
            raise ValueError(f"colour_bins must divide {_BINS}: 0, 1, 2, 4, 8, 16, 32 or 64")
        return self

    def names(self, num_channels: int) -> tuple[str, ...]:
        """What the F values of a region are called, for pictures of C channels."""
        texture = self.texture.names(num_channels)
        axes = colour_axes(num_channels)
        found = [f"mean {name}" for name in texture] + [f"deviation {name}" for name in texture]
        found += [f"quantile {share:g} {axis}" for axis in axes for share in _QUANTILES]
        found += [f"bin {b} {axis}" for axis in axes for b in range(self.colour_bins)]
        found += [f"gradient direction {n}" for n in range(self.orientations)]
        if self.shape:
            found += _SHAPE
        if self.neighbours:
            found += [*_BOUNDARY, *(f"around {axis}" for axis in axes)]
            found += [f"against around {axis}" for axis in axes]
        return tuple(found)

    def describe(self, regions: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """Describes every region of a picture; its pixels are looked at band by band.

        Args:
            regions: (Y, X) integers, 0 … R-1.
            pixels: (Y, X, C) uint8 or uint16, or float32 of which 0 … 1 is the full scale; finite.

        Returns:
            (R, F) float32, finite; F as `names`. A number without pixels has zeros or so.

        Raises:
            UsageError: The regions and the picture differ in size.
        """
        if regions.shape != pixels.shape[:2]:
            raise UsageError(
                f"the regions have {regions.shape} pixels (height, width), the picture "
                f"{pixels.shape[:2]}"
            )
        return _Description(self, regions, pixels).table()


def colour_axes(num_channels: int) -> tuple[str, ...]:
    """The axes that colours of regions are told in."""
    return _LAB if num_channels == 3 else channel_names(num_channels)


class _Description:
    """The parts of the description of one picture."""

    def __init__(self, settings: RegionFeatures, regions: np.ndarray, pixels: np.ndarray) -> None:
        from segwright.features.region_sums import RegionSums

        self._settings = settings
        self._pixels = pixels
        self._regions = np.ascontiguousarray(regions, np.int32)
        self._number = int(regions.max()) + 1
        axes = len(colour_axes(pixels.shape[2]))
        self._texture = RegionSums.none(len(settings.texture.names(pixels.shape[2])), self._number)
        self._colour = np.zeros((axes, self._number, _BINS))
        self._directions = np.zeros((self._number, max(settings.orientations, 1)))
        self._strength = np.empty(regions.shape, np.float32)
        for rows, planes in settings.texture.in_tiles(pixels):
            self._texture.add(self._regions[rows], planes)
            self._see(rows)

    def table(self) -> np.ndarray:
        """(R, F) float32."""
        from segwright.features.region_sums import quantiles

        settings = self._settings
        parts = [self._texture.means, self._texture.deviations]
        parts += [quantiles(axis, _QUANTILES) for axis in self._colour]
        if settings.colour_bins:
            parts += [self._histogram(axis) for axis in self._colour]
        if settings.orientations:
            parts.append(_shares(self._directions))
        if settings.shape:
            parts.append(self._shape())
        if settings.neighbours:
            parts.append(self._boundary())
        return np.concatenate(parts, axis=1).astype(np.float32, copy=False)

    def _see(self, rows: slice) -> None:
        """Colour, directions and gradient of a band."""
        from segwright.features.region_sums import add_histograms

        top, bottom = max(rows.start - 1, 0), rows.stop + 1
        view = View(in_full_scale(self._pixels[top:bottom]))
        inner = slice(rows.start - top, rows.stop - top)
        regions = self._regions[rows]
        for axis, plane in enumerate(_colours(view)):
            bins = np.clip(plane[inner] * _BINS, 0, _BINS - 1).astype(np.uint8)
            add_histograms(self._colour[axis], regions, bins)
        dy, dx = (slope[inner] for slope in first_derivatives(view.grey))
        magnitude = np.hypot(dy, dx)
        self._strength[rows] = magnitude
        if number := self._settings.orientations:
            turn = np.arctan2(dy, dx) * np.float32(1 / np.pi) % 1
            bins = np.minimum((turn * number).astype(np.uint8), number - 1)
            add_histograms(self._directions, regions, bins, magnitude)

    def _histogram(self, axis: np.ndarray) -> np.ndarray:
        bins = self._settings.colour_bins
        return _shares(axis.reshape(self._number, bins, -1).sum(2))

    def _shape(self) -> np.ndarray:
        shapes = Shapes.of(self._regions, num_regions=self._number)
        height, width = self._regions.shape
        size = np.array([height, width])
        box = shapes.box_yxyx / np.array([height, width, height, width])
        at_border = (box[:, :2] == 0).any(1) | (box[:, 2:] == 1).any(1)
        angle = 2 * shapes.orientation
        columns = [
            shapes.area_px / (height * width),
            shapes.perimeter_px / (2 * (height + width)),
            *(box[:, 2:] - box[:, :2]).T,
            *(shapes.axes_px / np.hypot(height, width)).T,
            shapes.eccentricity, np.cos(angle), np.sin(angle),
            shapes.solidity, shapes.extent, shapes.roundness,
            *shapes.hu.T,
            *((shapes.centre_yx + 0.5) / size).T,
            *box.T, at_border,
        ]  # fmt: skip
        return np.stack(columns, axis=1)

    def _boundary(self) -> np.ndarray:
        graph = Adjacency.of(self._regions, self._strength, num_regions=self._number)
        middles = (np.arange(_BINS) + 0.5) / _BINS
        own = np.stack([_shares(axis) @ middles for axis in self._colour], axis=1)
        around = graph.mean_of_neighbours(own)
        told = [graph.degrees, graph.boundary_strength(), graph.contrast(own)]
        return np.concatenate([np.stack(told, axis=1), around, own - around], axis=1)


def _colours(view: View) -> np.ndarray:
    """(axes, Y, X) float32 in 0 … 1."""
    if view.num_channels != 3:
        return np.stack(view.channels)
    lab = in_space(view.pixels, "lab")  # a* and b* of sRGB lie within ±1.1
    lab[1:] = (lab[1:] + np.float32(1.1)) * np.float32(1 / 2.2)
    return lab


def _shares(histograms: np.ndarray) -> np.ndarray:
    """Rows that sum to 1, or 0 where there was nothing."""
    total = histograms.sum(1, keepdims=True)
    return histograms / np.where(total > 0, total, 1)
