"""Draws where each pixel of a crop is read from: every geometric change as one mapping.

Coordinates are continuous, x before y: pixel i covers [i, i + 1), its centre is i + 0.5. An image
of width W spans [0, W] whatever its resolution, which keeps flips, scales and shrunken copies free
of half-pixel corrections.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np

from segwright.transforms.config import AugmentConfig


@dataclass(frozen=True, eq=False)
class Geometry:
    """Where each pixel of a crop is read from.

    Attributes:
        size_hw: Height and width of the crop.
        matrix: (2, 3) float64, takes (x, y, 1) of the crop to (x, y) of the source.
        bent: (h, w, 2) float32, the (x, y) in the crop that takes the place of each pixel's own
            before `matrix` is applied; None for a plain affine mapping.
    """

    size_hw: tuple[int, int]
    matrix: np.ndarray
    bent: np.ndarray | None = None

    def step_xy(self) -> np.ndarray:
        """Distance, in source pixels along each source axis, between neighbouring reads."""
        return np.linalg.norm(self.matrix[:, :2], axis=1)

    def bounds_xy(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest (x, y) of the source that the crop covers, each (2,) float64."""
        xs, ys = (0, self.size_hw[1]), (0, self.size_hw[0])
        if self.bent is not None:
            x, y = self.bent[..., 0], self.bent[..., 1]
            xs, ys = (x.min(), x.max()), (y.min(), y.max())
        corners = self.matrix @ np.array([(x, y, 1.0) for x in xs for y in ys]).T  # (2, 4)
        return corners.min(axis=1), corners.max(axis=1)

    def positions(self, matrix: np.ndarray) -> np.ndarray:
        """What all crop pixels read under `matrix`, (h, w, 2) float32 of continuous (x, y)."""
        grid = pixel_centres(self.size_hw) if self.bent is None else self.bent
        return cv2.transform(grid, matrix.astype(np.float32))


def pixel_centres(size_hw: tuple[int, int]) -> np.ndarray:
    """Continuous (x, y) of the middle of each pixel, (h, w, 2) float32."""
    centres = np.empty((*size_hw, 2), np.float32)
    centres[..., 0] = np.arange(size_hw[1]) + 0.5
    centres[..., 1] = (np.arange(size_hw[0]) + 0.5)[:, None]
    return centres


def draw_geometry(
    config: AugmentConfig,
    source_hw: tuple[int, int],
    *,
    size_hw: tuple[int, int],
    rng: np.random.Generator,
    centre_yx: tuple[int, int] | None = None,
) -> Geometry:
    """Draws the geometry of one crop.

    The crop lies inside the source as far as possible. Where it is larger than the source, the
    whole source lies inside it, at a random place. `translate` shifts it after that.

    Args:
        config: What may vary.
        source_hw: Height and width of the image to read from.
        size_hw: Height and width of the crop.
        rng: Source of all randomness.
        centre_yx: Row and column of a source pixel to show; it appears in the middle half of the
            crop unless the border of the source is near. None for a crop anywhere.
    """
    linear = _draw_linear(config, rng)
    size_xy = np.array(size_hw[::-1], dtype=np.float64)
    centre = _draw_centre(linear, size_xy, source_hw, rng, centre_yx)
    offset = centre - linear @ (size_xy / 2)
    if config.translate:
        offset += linear @ (rng.uniform(-config.translate, config.translate, 2) * size_xy)
    if np.isin(linear, (-1.0, 0.0, 1.0)).all():
        offset = np.round(offset)  # nothing but flips and turns: keep the pixels as they are
    matrix = np.column_stack((linear, offset))
    if not config.elastic_px:
        return Geometry(size_hw, matrix)
    bent = pixel_centres(size_hw) + _draw_displacement(config, size_hw, rng)
    return Geometry(size_hw, matrix, bent)


def _draw_linear(config: AugmentConfig, rng: np.random.Generator) -> np.ndarray:
    """The linear part of the mapping from crop to source, (2, 2)."""
    pose = np.eye(2)  # source → crop; exact, as flips and quarter turns lose nothing
    if config.flip_horizontal and rng.random() < config.flip_horizontal:
        pose[0] *= -1
    if config.flip_vertical and rng.random() < config.flip_vertical:
        pose[1] *= -1
    if config.turn and rng.random() < config.turn:
        quarter = np.array(((0.0, -1.0), (1.0, 0.0)))
        pose = np.linalg.matrix_power(quarter, int(rng.integers(1, 4))) @ pose

    low, high = config.scale
    scale = np.exp(rng.uniform(np.log(low), np.log(high))) if high > low else low
    stretch = np.sqrt(_log_uniform(config.aspect, rng))
    angle = np.deg2rad(_symmetric(config.rotate_deg, rng))
    shear = np.tan(np.deg2rad(_symmetric(config.shear_deg, rng)))
    cos, sin = np.cos(angle), np.sin(angle)
    change = (
        np.array(((cos, -sin), (sin, cos)))
        @ np.array(((1.0, shear), (0.0, 1.0)))
        @ np.diag((scale * stretch, scale / stretch))
    )
    return pose.T @ np.linalg.inv(change)


def _draw_centre(
    linear: np.ndarray,
    size_xy: np.ndarray,
    source_hw: tuple[int, int],
    rng: np.random.Generator,
    centre_yx: tuple[int, int] | None,
) -> np.ndarray:
    """Source (x, y) of the middle of the crop."""
    covered = np.abs(linear) @ size_xy  # box around the crop's outline, in source pixels
    edges = np.stack((covered / 2, np.array(source_hw[::-1]) - covered / 2))
    low, high = edges.min(axis=0), edges.max(axis=0)
    if centre_yx is None:
        return rng.uniform(low, high)
    shown = np.array(centre_yx[::-1], dtype=np.float64) + 0.5
    return np.clip(shown + linear @ (rng.uniform(-0.25, 0.25, 2) * size_xy), low, high)


def _draw_displacement(
    config: AugmentConfig, size_hw: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """A smooth random displacement of every crop pixel, (h, w, 2) float32.

    Random vectors on a coarse lattice, interpolated bicubically, after Ronneberger et al., "U-Net"
    (MICCAI 2015), section 3.1. Two differences: the lattice lies at a random phase, so that no
    pixel is special, and vectors are cut at two standard deviations, so that neighbours cannot
    change places.
    """
    spacing = config.elastic_spacing_px
    nodes_hw = tuple(ceil(side / spacing) + 2 for side in size_hw)
    vectors = rng.standard_normal((*nodes_hw, 2), dtype=np.float32).clip(-2, 2)
    full_hw = tuple(ceil(nodes * spacing) for nodes in nodes_hw)
    field = cv2.resize(vectors, full_hw[::-1], interpolation=cv2.INTER_CUBIC)
    y, x = (int(rng.integers(full - side + 1)) for full, side in zip(full_hw, size_hw, strict=True))
    return field[y : y + size_hw[0], x : x + size_hw[1]] * np.float32(config.elastic_px)


def _symmetric(largest: float, rng: np.random.Generator) -> float:
    return rng.uniform(-largest, largest) if largest else 0.0


def _log_uniform(largest: float, rng: np.random.Generator) -> float:
    return float(np.exp(_symmetric(np.log(largest), rng)))
