"""Each pixel gets the class that most of its surroundings have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.images.image import Image
from segwright.refine.labelling import Labelling
from segwright.refine.opencv import ellipse, opencv
from segwright.refine.step import Step

UNLABELLED = -1


class Majority(Step):
    """Gives each pixel the most frequent class of a disc around it: against ragged borders.

    A pixel keeps its class where that is among the most frequent; of others, the one with the
    lowest id is taken. Ignored pixels and what is beyond the border do not count.

    Attributes:
        radius_px: Radius of the disc, 1 … 50.
    """

    bare: ClassVar[tuple[str, ...]] = ("radius_px",)
    search: ClassVar[Mapping[str, tuple[Any, ...]]] = {"radius_px": (1.0, 2.0, 4.0, 8.0)}
    step: Literal["majority"] = "majority"
    radius_px: float = Field(default=2.0, ge=1, le=50)

    def apply(self, labelling: Labelling, image: Image) -> Labelling:
        cv2 = opencv(self.step)
        disc = ellipse(self.radius_px, self.radius_px).astype(np.float32)
        most = np.full(labelling.ids.shape, -1.0, np.float32)
        winner, own = labelling.ids.copy(), np.zeros_like(most)
        for one in np.unique(labelling.ids[~labelling.ignored]):
            mine = labelling.ids == one
            count = cv2.filter2D(mine.astype(np.float32), -1, disc, borderType=cv2.BORDER_CONSTANT)
            np.rint(count, out=count)  # large discs go through a Fourier transform
            winner[count > most] = one
            np.maximum(most, count, out=most)
            own[mine] = count[mine]
        return labelling.relabelled(np.where(own == most, labelling.ids, winner))


def grown_in(ids: np.ndarray, open_: np.ndarray) -> np.ndarray:
    """Fills pixels from their edge inwards with the most frequent class of the 8 around them.

    Of equally frequent classes the one with the lowest id is taken.

    Args:
        ids: (Y, X) int, class ids; `UNLABELLED` where there is none, now or ever.
        open_: (Y, X) bool, which unlabelled pixels are to be filled.

    Returns:
        (Y, X) int; what no class can reach stays unlabelled.
    """
    padded = np.pad(ids, 1, constant_values=UNLABELLED)
    y, x = np.nonzero(open_)
    y, x = y + 1, x + 1
    shifts = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx]
    while len(y):
        around = np.stack([padded[y + dy, x + dx] for dy, dx in shifts], axis=1)
        times = (around[:, :, None] == around[:, None, :]).sum(2) * (around != UNLABELLED)
        most = times.max(1, keepdims=True)
        best = np.where(times == most, around, np.iinfo(ids.dtype).max).min(1)
        reached = most[:, 0] > 0
        if not reached.any():
            break
        padded[y[reached], x[reached]] = best[reached]
        y, x = y[~reached], x[~reached]
    return padded[1:-1, 1:-1]
