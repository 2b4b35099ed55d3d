"""From an image and its labels to one training crop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segwright.errors import UsageError
from segwright.labels.classes import Classes
from segwright.transforms.config import AugmentConfig
from segwright.transforms.geometry import draw_geometry
from segwright.transforms.photometric import change_light
from segwright.transforms.warp import MAX_CROP_PX, warp_ids, warp_pixels


class Augmentation:
    """Cuts training crops of one size out of images of any size.

    Args:
        config: What may vary.
        size_hw: Height and width of every crop, 1 … 15000 each.
        classes: The classes of the label maps; they say which id is ignored.
        fill: What lies outside the image, in the image's own units: one value for all channels
            or one per channel, normally the mean of the data set.
        full_scale: The value that photometric settings take for 1.0; None for that of the pixels'
            dtype (255, 65535, or 1 for floats). Images that use another range need it.

    Raises:
        UsageError: The crop is empty or too large, or a value is not finite.

    Example:
        >>> rng = np.random.default_rng((0, 3))  # (seed, index): the same crop in every run
        >>> crops = Augmentation(
        ...     AugmentConfig.natural(), size_hw=(32, 48), classes=Classes.named(["sky", "road"])
        ... )
        >>> pixels, ids = crops.augment(
        ...     np.zeros((60, 80, 3), np.uint8), np.zeros((60, 80), np.uint8), rng=rng
        ... )
        >>> pixels.shape, pixels.dtype.name, ids.shape
        ((32, 48, 3), 'float32', (32, 48))
    """

    def __init__(
        self,
        config: AugmentConfig,
        *,
        size_hw: tuple[int, int],
        classes: Classes,
        fill: float | Sequence[float] = 0.0,
        full_scale: float | None = None,
    ) -> None:
        if not all(1 <= side <= MAX_CROP_PX for side in size_hw):
            raise UsageError(
                f"the crop is {size_hw[0]}×{size_hw[1]} pixels; accepted are 1 … {MAX_CROP_PX} "
                "along each side",
                where="size_hw",
            )
        self.config = config
        self.size_hw = (int(size_hw[0]), int(size_hw[1]))
        self.classes = classes
        self.fill = np.atleast_1d(np.asarray(fill, dtype=np.float64))
        self.full_scale = full_scale
        if self.fill.ndim != 1 or not np.isfinite(self.fill).all():
            raise UsageError(
                f"fill is {fill!r}; accepted is one finite number, or one per channel", where="fill"
            )
        if full_scale is not None and not 0 < full_scale < float("inf"):
            raise UsageError(
                f"full_scale is {full_scale!r}; accepted is a finite number above 0",
                where="full_scale",
            )

    def augment(
        self,
        pixels: np.ndarray,
        ids: np.ndarray,
        *,
        rng: np.random.Generator,
        centre_yx: tuple[int, int] | None = None,
        out: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Cuts one crop.

        Args:
            pixels: (Y, X, C) uint8, uint16 or float32; left as it is.
            ids: (Y, X) class ids of `classes.dtype`; left as it is.
            rng: Source of all randomness; the same state gives the same crop.
            centre_yx: Row and column of a pixel to show (see `CropFocus`); None for anywhere.
            out: (h, w, C) float32, C-contiguous, that takes the crop's pixels, such as the place of
                a sample in a batch; None for new memory, which costs as much as a change of light.

        Returns:
            The crop's pixels, (h, w, C) float32 in the units of `pixels`, within 0 … full scale
            where `pixels` are integers; and its ids, (h, w) of `classes.dtype`, with
            `classes.ignore_index` outside the image and in a cutout hole.

        Raises:
            UsageError: Shapes or dtypes do not fit, or a setting does not suit the channels.
        """
        fill = self._check(pixels, ids)
        geometry = draw_geometry(
            self.config, ids.shape, size_hw=self.size_hw, rng=rng, centre_yx=centre_yx
        )
        taken = np.empty((*self.size_hw, pixels.shape[2]), np.float32) if out is None else out
        taken[...] = warp_pixels(pixels, geometry, fill)
        crop_ids = warp_ids(ids, geometry, self.classes.ignore_index)

        whole = pixels.dtype.kind == "u"
        dtype_scale = float(np.iinfo(pixels.dtype).max) if whole else 1.0
        full_scale = self.full_scale or dtype_scale
        crop = change_light(taken, self.config, full_scale=full_scale, rng=rng)
        if whole:
            np.clip(crop, 0, dtype_scale, out=crop)
        if self.config.cutout and rng.random() < self.config.cutout_probability:
            hole = self._draw_hole(rng)
            crop[hole] = fill
            crop_ids[hole] = self.classes.ignore_index
        if crop is not taken:
            taken[...] = crop
        return taken, crop_ids

    def _draw_hole(self, rng: np.random.Generator) -> tuple[slice, slice]:
        """A rectangle inside the crop, after DeVries and Taylor, "Cutout" (arXiv:1708.04552)."""
        sides = [round(side * rng.uniform(0, self.config.cutout)) for side in self.size_hw]
        y, x = (
            int(rng.integers(whole - side + 1))
            for whole, side in zip(self.size_hw, sides, strict=True)
        )
        return slice(y, y + sides[0]), slice(x, x + sides[1])

    def _check(self, pixels: np.ndarray, ids: np.ndarray) -> tuple[float, ...]:
        """Refuses what does not fit; returns the fill of each channel."""
        if pixels.ndim != 3 or pixels.dtype.name not in ("uint8", "uint16", "float32"):
            raise UsageError(
                f"pixels are {pixels.dtype.name} of shape {pixels.shape}; accepted is uint8, "
                "uint16 or float32 of shape (Y, X, C)"
            )
        if ids.shape != pixels.shape[:2] or ids.dtype != self.classes.dtype:
            raise UsageError(
                f"ids are {ids.dtype.name} of shape {ids.shape}; accepted for these pixels and "
                f"classes is {self.classes.dtype.name} of shape {pixels.shape[:2]}"
            )
        if len(self.fill) not in (1, pixels.shape[2]):
            raise UsageError(
                f"fill has {len(self.fill)} values, but the image has {pixels.shape[2]} channels",
                where="fill",
                remedy="Give one value, or one per channel",
            )
        return tuple(np.broadcast_to(self.fill, pixels.shape[2]).tolist())
