"""GrabCut, started by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.classical.method import Finds, Method
from segwright.classical.planes import planes
from segwright.classical.regions.otsu_watershed import objects
from segwright.images.image import Image
from segwright.packages import package

_FEWEST_PIXELS = 10
"""On either side, for the mixtures of 5 Gaussians to be learned."""


class GrabCut(Method):
    """Parts one object from the background by colour models and a graph cut, in turns.

    Object and background are mixtures of five Gaussians each; the cut of least cost along edges
    decides which pixel is whose, the mixtures are learned anew from that, and so on. It starts with
    a box, as a user would draw it around the object, or with Otsu's objects. Images of other than 3
    channels are taken to their first principal components. The turns end early where either side
    is too small for a mixture to be learned.

    Source: Rother, Kolmogorov and Blake 2004.
    """

    name: ClassVar[str] = "grabcut"
    finds: ClassVar[Finds] = "levels"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "start": ("box", "otsu"),
        "margin": (0.02, 0.1, 0.2),
    }

    start: Literal["box", "otsu"] = Field(
        "box",
        description="Where it starts. box: everything further inside than `margin` may be object;"
        " otsu: objects by Otsu's threshold, none within `margin` of the rim",
    )
    margin: float = Field(
        0.1,
        ge=0,
        lt=0.5,
        description="Share of height and width along the rim; at least one pixel. Under 'box' it is"
        " background for good, under 'otsu' at first",
    )
    iterations: int = Field(5, ge=1, le=100, description="Turns of learning and cutting")
    random_state: int = Field(0, ge=0, le=2**31 - 1, description="Seed of the mixtures; 0 or more")

    @property
    def part_names(self) -> tuple[str, ...]:
        return ("background", "object")

    def parts(self, image: Image) -> np.ndarray:
        cv2 = package("cv2", purpose="GrabCut")
        inside = _box(image.size_hw, self.margin)
        if self.start == "box":
            mask = np.where(inside, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
        else:
            found = objects(image) & inside
            mask = np.where(found, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        pixels = three_channels(image)
        if not _can_learn(mask):
            return mask & 1
        # All turns at once weigh the edges once. Where a side was lost on the way, turn by turn.
        cut = self._cut(pixels, mask.copy(), [self.iterations])
        if not _can_learn(cut):
            cut = self._cut(pixels, mask, [1] * self.iterations)
        return cut & 1

    def _cut(self, pixels: np.ndarray, mask: np.ndarray, turns: Sequence[int]) -> np.ndarray:
        """The mask after so many turns in each call, as long as both sides can be learned."""
        cv2 = package("cv2", purpose="GrabCut")
        cv2.setRNGSeed(self.random_state)
        models = np.zeros((1, 65)), np.zeros((1, 65))
        mode = cv2.GC_INIT_WITH_MASK
        for count in turns:
            if not _can_learn(mask):
                break
            cv2.grabCut(pixels, mask, None, *models, count, mode)
            mode = cv2.GC_EVAL
        return mask


def _can_learn(mask: np.ndarray) -> bool:
    """Whether both sides of a mask of OpenCV's have enough pixels."""
    inside = int(np.count_nonzero(mask & 1))  # GC_FGD and GC_PR_FGD are odd
    return _FEWEST_PIXELS <= inside <= mask.size - _FEWEST_PIXELS


def three_channels(image: Image) -> np.ndarray:
    """(Y, X, 3) uint8: RGB as it is, grey three times, else the first principal components."""
    found = planes(image)
    height, width, channels = found.shape
    if channels == 1:
        found = np.repeat(found, 3, axis=2)
    elif channels != 3:
        points = found.reshape(-1, channels) - found.mean((0, 1))
        _, axes = np.linalg.eigh(points.T @ points)
        found = np.zeros((height, width, 3), np.float32)
        kept = min(3, channels)
        found[..., :kept] = (points @ axes[:, ::-1][:, :kept]).reshape(height, width, kept)
        found -= found.min()
        found /= found.max() or 1
    return np.rint(found * 255).astype(np.uint8)


def _box(size_hw: tuple[int, int], margin: float) -> np.ndarray:
    """(Y, X) bool: the pixels further inside than a share of the sides."""
    found = np.zeros(size_hw, bool)
    rows, columns = (max(1, round(margin * side)) for side in size_hw)
    found[rows : size_hw[0] - rows, columns : size_hw[1] - columns] = True
    return found
