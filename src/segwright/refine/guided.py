"""The guided filter: probabilities that follow the edges of the image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.images.image import Image
from segwright.images.tones import tones
from segwright.refine.labelling import Labelling
from segwright.refine.opencv import opencv
from segwright.refine.step import Certainty, Step


class Guided(Step):
    """Smooths probabilities, but not across edges of the image.

    In every square window the probability of a class is fitted as a linear function of the
    channels; a pixel gets the mean of what the windows around it say. Ignored pixels are left out
    of all windows and keep their probabilities.

    Source: K. He, J. Sun, X. Tang, "Guided image filtering", IEEE Transactions on Pattern Analysis
    and Machine Intelligence 35 (2013), section 3, with all channels as the guide (section 3.6).

    Attributes:
        radius_px: Windows are 2 · radius + 1 pixels wide, 1 … 500.
        tone: Differences of the image well below this are smoothed over, those above are edges; in
            units of full scale, 0.001 … 1. The ε of the paper is its square.
        certainty: Probability of a pixel's class where the method gives none.
    """

    bare: ClassVar[tuple[str, ...]] = ("radius_px", "tone")
    search: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "radius_px": (2, 4, 8, 16),
        "tone": (0.02, 0.05, 0.1, 0.2),
    }
    step: Literal["guided"] = "guided"
    radius_px: int = Field(default=8, ge=1, le=500)
    tone: float = Field(default=0.05, ge=0.001, le=1)
    certainty: Certainty = 0.9

    def apply(self, labelling: Labelling, image: Image) -> Labelling:
        judged = ~labelling.ignored
        if not judged.any():
            return labelling
        before = labelling.believed(self.certainty)
        windows = _Windows(judged, self.radius_px)
        guide = tones(image)
        guide -= guide[judged].mean(0)
        fit = _Fit(guide, windows, self.tone**2)
        after = np.stack([fit.smoothed(plane) for plane in before])
        np.maximum(after, 0, out=after)
        after /= np.maximum(after.sum(0), np.float32(1e-12))
        return labelling.with_probabilities(np.where(judged, after, before))


class _Windows:
    """Means over square windows, of the pixels that count.

    Args:
        judged: (Y, X) bool, which count.
        radius_px: Half the width of a window.
    """

    def __init__(self, judged: np.ndarray, radius_px: int) -> None:
        self._cv2 = opencv("guided")
        height, width = judged.shape
        # A window that is wider than the image from everywhere has all of it.
        self._size = 2 * min(radius_px, width) + 1, 2 * min(radius_px, height) + 1
        self._judged = judged.astype(np.float32)
        self._share = 1 / np.maximum(self._summed(self._judged), 1)

    def mean(self, plane: np.ndarray) -> np.ndarray:
        """(Y, X) float32 → (Y, X) float32."""
        return self._summed(plane * self._judged) * self._share

    def _summed(self, plane: np.ndarray) -> np.ndarray:
        return self._cv2.boxFilter(
            plane, -1, self._size, normalize=False, borderType=self._cv2.BORDER_CONSTANT
        )


class _Fit:
    """Linear functions of a guide in every window; what depends on the guide alone is kept.

    Args:
        guide: (Y, X, C) float32.
        windows: The windows.
        epsilon: Penalty on the squared slopes.
    """

    def __init__(self, guide: np.ndarray, windows: _Windows, epsilon: float) -> None:
        self._windows = windows
        self._guide = [np.ascontiguousarray(guide[..., c]) for c in range(guide.shape[-1])]
        self._means = [windows.mean(channel) for channel in self._guide]
        number = len(self._guide)
        covariance = np.empty((*guide.shape[:2], number, number), np.float32)
        for a in range(number):
            for b in range(a + 1):
                product = windows.mean(self._guide[a] * self._guide[b])
                covariance[..., a, b] = product - self._means[a] * self._means[b]
                covariance[..., b, a] = covariance[..., a, b]
            covariance[..., a, a] = np.maximum(covariance[..., a, a], 0) + np.float32(epsilon)
        self._inverse = np.linalg.inv(covariance.astype(np.float64)).astype(np.float32)

    def smoothed(self, plane: np.ndarray) -> np.ndarray:
        """A (Y, X) float32 plane as the windows see it."""
        mean = self._windows.mean
        level = mean(plane)
        shared = np.stack(
            [
                mean(channel * plane) - own * level
                for channel, own in zip(self._guide, self._means, strict=True)
            ],
            axis=-1,
        )
        slopes = np.einsum("yxab,yxb->yxa", self._inverse, shared)
        smoothed = np.zeros_like(plane)
        for c, (channel, own) in enumerate(zip(self._guide, self._means, strict=True)):
            slope = np.ascontiguousarray(slopes[..., c])
            level -= slope * own
            smoothed += mean(slope) * channel
        return smoothed + mean(level)
