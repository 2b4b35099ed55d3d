"""Geodesic active contours: a contour that is drawn to strong edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.classical.active_contours.contour import Contour
from segwright.classical.edges.gradient import Gradients, quantiles
from segwright.classical.method import Finds, Method
from segwright.classical.thresholds.levels import above, brightness, histogram
from segwright.classical.thresholds.otsu import otsu_thresholds
from segwright.images.image import Image


class GeodesicContour(Method):
    """Moves a contour to where the image is steep, and keeps it smooth.

    It slides up the gradient of all channels (L*a*b* / 100 of RGB) to the edges that are near. A
    balloon force moves it over even ground until something steep holds it.

    Source: Caselles, Kimmel and Sapiro 1997; its evolution by morphology: Márquez-Neila, Baumela
    and Alvarez 2014.
    """

    name: ClassVar[str] = "geodesic_contour"
    finds: ClassVar[Finds] = "levels"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "initial": ("brighter", "darker"),
        "sigma_px": (1.0, 2.0, 4.0),
    }

    initial: Literal["brighter", "darker", "frame"] = Field(
        "brighter",
        description="What is inside at first: what is 'brighter' or 'darker' than Otsu's threshold,"
        " or all but a 'frame' of a twentieth of the image, to shrink around one object in the"
        " middle (with `balloon` inwards)",
    )
    balloon: Literal["none", "inwards", "outwards"] = Field(
        "none",
        description="Where the contour moves over even ground: nowhere ('none'), 'inwards' or"
        " 'outwards'",
    )
    sigma_px: float = Field(
        2.0, gt=0, le=50, description="Standard deviation of the blur before, in pixels"
    )
    hold: float = Field(
        0.4,
        ge=0,
        le=1,
        description="Share of all pixels that are too steep for the balloon to pass; 0 to 1",
    )
    smoothing: int = Field(
        1, ge=0, le=20, description="Times the contour is smoothed in every round; 0 to 20"
    )
    max_rounds: int = Field(
        2000, ge=1, le=100_000, description="Rounds after which the contour stops if it still moves"
    )

    @property
    def part_names(self) -> tuple[str, ...]:
        return ("outside", "inside")

    def parts(self, image: Image) -> np.ndarray:
        contour = Contour(self._initial(image))
        strength = Gradients.of(image, sigma_px=self.sigma_px, operator="central").strength()
        free = None
        if self.balloon != "none":
            free = strength < np.float32(quantiles(strength, (1 - self.hold,))[0])
        drawn_to_edges(
            contour,
            strength,
            free=free,
            outwards=self.balloon == "outwards",
            smoothing=self.smoothing,
            max_rounds=self.max_rounds,
        )
        return contour.mask.copy()

    def _initial(self, image: Image) -> np.ndarray:
        height, width = image.size_hw
        inside = np.zeros((height, width), np.uint8)
        if self.initial == "frame":
            inside[height // 20 : height - height // 20, width // 20 : width - width // 20] = 1
            return inside
        values = brightness(image)
        if values.min() < values.max():
            inside = above(values, float(otsu_thresholds(*histogram(values))[0]))
        return inside if self.initial == "brighter" else 1 - inside


def drawn_to_edges(
    contour: Contour,
    strength: np.ndarray,
    *,
    free: np.ndarray | None,
    outwards: bool,
    smoothing: int,
    max_rounds: int,
) -> int:
    """Moves a contour by geodesic forces until it stays.

    Only the order of strengths counts, so that any falling function of them is the same edge
    indicator.

    Args:
        contour: Is moved.
        strength: (Y, X) float32, high on edges.
        free: (Y, X) bool, where the balloon moves it; None for no balloon.
        outwards: Where the balloon moves it to.
        smoothing: Times it is smoothed in every round.
        max_rounds: At most.

    Returns:
        How many rounds it took.
    """
    from segwright.classical.active_contours.evolution_kernels import blow, move_downhill

    relief_y, relief_x = (-slope for slope in slopes(strength))

    def one_round() -> None:
        if free is not None:
            contour.move(blow, free, outwards)
        contour.move(move_downhill, relief_y, relief_x)
        for _ in range(smoothing):
            contour.smooth()

    return contour.settle(one_round, max_rounds=max_rounds)


def slopes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The derivatives along Y and X: central, at the border one-sided, 0 along a side of 1."""
    along = []
    for axis in (0, 1):
        single = values.shape[axis] == 1
        along.append(np.zeros_like(values) if single else np.gradient(values, axis=axis))
    return along[0], along[1]
