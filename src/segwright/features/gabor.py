"""Stripes of a width and a direction: a bank of Gabor filters."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.features.derivatives import lengths
from segwright.features.feature import ON_MEANING, AsRow, Feature, On
from segwright.features.view import View, filtered, gaussian_reach, plane_names

Wavelength = Annotated[float, Field(ge=2, le=64)]


class Gabor(Feature):
    """How much the surroundings are striped, for every wavelength and orientation.

    A complex wave under a round Gaussian; the magnitude of the answer, which does not depend on
    where the stripes begin (Jain & Farrokhnia 1991). What the filters answer to a flat picture is
    taken off. A round Gaussian lets a filter be done along the axes, one after the other.
    """

    bare: ClassVar[tuple[str, ...]] = ("wavelengths_px",)
    step: Literal["gabor"] = "gabor"
    wavelengths_px: Annotated[tuple[Wavelength, ...], AsRow] = Field(
        default=(4.0, 8.0, 16.0),
        min_length=1,
        max_length=8,
        description="Widths of a dark and a bright stripe together in pixels, each 2 … 64",
    )
    orientations: int = Field(
        default=4, ge=1, le=16, description="Directions, spread evenly over half a turn, 1 … 16"
    )
    bandwidth: float = Field(
        default=1.0, ge=0.3, le=3, description="Octaves that a filter answers to, 0.3 … 3"
    )
    on: On = Field(default="grey", description=ON_MEANING)

    @property
    def reach_px(self) -> int:
        return gaussian_reach(self.sigma_px(max(self.wavelengths_px)))

    def sigma_px(self, wavelength_px: float) -> float:
        """Standard deviation of the Gaussian that gives the bandwidth (half of the amplitude)."""
        wide = 2.0**self.bandwidth
        return wavelength_px / np.pi * np.sqrt(np.log(2) / 2) * (wide + 1) / (wide - 1)

    def names(self, num_channels: int) -> tuple[str, ...]:
        return tuple(
            f"gabor {wavelength:g} {180 * turn / self.orientations:g}° {plane}"
            for wavelength in self.wavelengths_px
            for turn in range(self.orientations)
            for plane in plane_names(self.on, num_channels)
        )

    def describe(self, view: View) -> np.ndarray:
        return np.stack(
            [
                _magnitude(plane, wavelength, np.pi * turn / self.orientations, sigma)
                for wavelength in self.wavelengths_px
                for sigma in [self.sigma_px(wavelength)]
                for turn in range(self.orientations)
                for plane in view.planes(self.on)
            ]
        )


def waves(wavelength_px: float, angle: float, sigma_px: float) -> tuple[np.ndarray, np.ndarray]:
    """The filter as an outer product: complex64 weights along Y and along X.

    Args:
        angle: Direction in which the brightness changes, radians from the X axis towards Y.
    """
    reach = gaussian_reach(sigma_px)
    place = np.arange(-reach, reach + 1)
    bell = np.exp(-(place**2) / (2 * sigma_px**2))
    bell /= bell.sum()
    turn = 2 * np.pi / wavelength_px * place
    along_y = bell * np.exp(1j * turn * np.sin(angle))
    along_x = bell * np.exp(1j * turn * np.cos(angle))
    return along_y.astype(np.complex64), along_x.astype(np.complex64)


def _magnitude(
    plane: np.ndarray, wavelength_px: float, angle: float, sigma_px: float
) -> np.ndarray:
    along_y, along_x = waves(wavelength_px, angle, sigma_px)
    yr, yi = np.real(along_y).copy(), np.imag(along_y).copy()
    xr, xi = np.real(along_x).copy(), np.imag(along_x).copy()
    real = filtered(plane, yr, xr) - filtered(plane, yi, xi)
    imaginary = filtered(plane, yr, xi) + filtered(plane, yi, xr)
    # The imaginary part is odd; what the real one answers to a flat picture is its sum.
    flat = float((along_y.sum() * along_x.sum()).real)
    if abs(flat) > 1e-7:
        bell = np.abs(along_y)
        real -= np.float32(flat) * filtered(plane, bell, np.abs(along_x))
    return lengths(real, imaginary)
