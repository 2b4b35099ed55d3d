"""Brightness and colour at several scales: Gaussians, their differences, and the Laplacian."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from segwright.features.derivatives import second_derivatives
from segwright.features.feature import ON_MEANING, SIGMAS_MEANING, SIGMAS_PX, Feature, On, Sigmas
from segwright.features.view import View, gaussian_reach, plane_names


class Gaussians(Feature):
    """The picture itself, blurred: the mean of its surroundings at every scale."""

    bare: ClassVar[tuple[str, ...]] = ("sigmas_px",)
    step: Literal["gaussian"] = "gaussian"
    sigmas_px: Sigmas = Field(default=SIGMAS_PX, description=SIGMAS_MEANING)
    on: On = Field(default="channels", description=ON_MEANING)

    @property
    def reach_px(self) -> int:
        return gaussian_reach(max(self.sigmas_px))

    def names(self, num_channels: int) -> tuple[str, ...]:
        planes = plane_names(self.on, num_channels)
        return tuple(f"gaussian {s:g} {plane}" for s in self.sigmas_px for plane in planes)

    def describe(self, view: View) -> np.ndarray:
        return np.stack([p for sigma in self.sigmas_px for p in view.smooth(self.on, sigma)])


class DifferenceOfGaussians(Feature):
    """What a blur takes away that the next stronger one adds: blobs and lines of one size.

    (Marr & Hildreth 1980). For each two neighbours of `sigmas_px`, the finer minus the coarser.
    """

    bare: ClassVar[tuple[str, ...]] = ("sigmas_px",)
    step: Literal["difference"] = "difference"
    sigmas_px: Sigmas = Field(
        default=SIGMAS_PX,
        description="Standard deviations of the Gaussians in pixels, rising, at least two",
    )
    on: On = Field(default="grey", description=ON_MEANING)

    @field_validator("sigmas_px")
    @classmethod
    def _rising(cls, sigmas: tuple[float, ...]) -> tuple[float, ...]:
        if len(sigmas) < 2 or any(one >= other for one, other in pairwise(sigmas)):
            raise ValueError("it takes at least two values, each larger than the one before")
        return sigmas

    @property
    def reach_px(self) -> int:
        return gaussian_reach(max(self.sigmas_px))

    def names(self, num_channels: int) -> tuple[str, ...]:
        planes = plane_names(self.on, num_channels)
        pairs = pairwise(self.sigmas_px)
        return tuple(f"difference {a:g}-{b:g} {plane}" for a, b in pairs for plane in planes)

    def describe(self, view: View) -> np.ndarray:
        found = [
            fine - coarse
            for a, b in pairwise(self.sigmas_px)
            for fine, coarse in zip(view.smooth(self.on, a), view.smooth(self.on, b), strict=True)
        ]
        return np.stack(found)


class Laplacian(Feature):
    """The sum of the second derivatives of a Gaussian blur, times its variance.

    Negative on bright blobs and lines of the scale's size, positive on dark ones, the same for all
    sizes of a shape at its own scale (Lindeberg 1998).
    """

    bare: ClassVar[tuple[str, ...]] = ("sigmas_px",)
    step: Literal["laplacian"] = "laplacian"
    sigmas_px: Sigmas = Field(default=SIGMAS_PX, description=SIGMAS_MEANING)
    on: On = Field(default="grey", description=ON_MEANING)

    @property
    def reach_px(self) -> int:
        return gaussian_reach(max(self.sigmas_px)) + 1

    def names(self, num_channels: int) -> tuple[str, ...]:
        planes = plane_names(self.on, num_channels)
        return tuple(f"laplacian {s:g} {plane}" for s in self.sigmas_px for plane in planes)

    def describe(self, view: View) -> np.ndarray:
        found = []
        for sigma in self.sigmas_px:
            for plane in view.smooth(self.on, sigma):
                yy, _, xx = second_derivatives(plane)
                found.append((yy + xx) * np.float32(sigma**2))
        return np.stack(found)
