"""Thresholds: OpenCV, scikit-image and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from scipy import ndimage
from skimage import filters

from classical_peers.pair import Call, Pair, Scene, equal, parts
from segwright.images.image import Image


def _otsu(scene: Scene) -> list[Pair]:
    grey, ours = scene.grey, parts("otsu", scene.grey_image)
    return [
        Pair("OpenCV threshold", ours, lambda: _cv2_threshold(grey, cv2.THRESH_OTSU), equal(0.99)),
        Pair(
            "scikit-image threshold_otsu", ours, _above(filters.threshold_otsu, grey), equal(0.99)
        ),
    ]


def _multi_otsu(scene: Scene) -> list[Pair]:
    def theirs() -> np.ndarray:
        return np.digitize(scene.grey, filters.threshold_multiotsu(scene.grey, 4), right=True)

    ours = parts("otsu", scene.grey_image, levels=4)
    return [Pair("scikit-image threshold_multiotsu", ours, theirs, equal(0.97))]


def _triangle(scene: Scene) -> list[Pair]:
    grey, ours = scene.grey, parts("triangle", scene.grey_image)
    theirs = _above(filters.threshold_triangle, grey)
    return [
        Pair(
            "OpenCV threshold",
            ours,
            partial(_cv2_threshold, grey, cv2.THRESH_TRIANGLE),
            equal(0.95),
        ),
        Pair("scikit-image threshold_triangle", ours, theirs, equal(0.95)),
    ]


def _fixed(scene: Scene) -> list[Pair]:
    grey, ours = scene.grey, parts("fixed", scene.grey_image, value=0.5)
    return [Pair("OpenCV threshold", ours, lambda: cv2.threshold(grey, 127, 1, 0)[1], equal(1))]


def _two_modes(scene: Scene) -> list[Pair]:
    ours = parts("two_modes", Image.from_array(scene.modes))
    theirs = _above(filters.threshold_minimum, scene.modes)
    return [Pair("scikit-image threshold_minimum", ours, theirs, equal(0.97))]


def _one_threshold(name: str, scene: Scene) -> list[Pair]:
    function = {"mean_brightness": "mean"}.get(name, name)
    theirs = _above(getattr(filters, f"threshold_{function}"), scene.grey)
    ours = parts(name, scene.grey_image)
    return [Pair(f"scikit-image threshold_{function}", ours, theirs, equal(0.97))]


def _above(threshold: Callable[[np.ndarray], float], grey: np.ndarray) -> Call:
    return lambda: grey > threshold(grey)


def _cv2_threshold(grey: np.ndarray, kind: int) -> np.ndarray:
    return cv2.threshold(grey, 0, 1, kind)[1]


def _hysteresis(scene: Scene) -> list[Pair]:
    grey, eight = scene.grey, np.ones((3, 3))

    def by_scipy() -> np.ndarray:
        numbers, count = ndimage.label(grey > 115, eight)
        kept = np.bincount(numbers[grey > 153], minlength=count + 1) > 0
        return kept[numbers]

    ours = parts("hysteresis", scene.grey_image, low=115 / 255, high=0.6)
    theirs = partial(filters.apply_hysteresis_threshold, grey, 115, 153)
    return [
        Pair("SciPy label, 8-connected as ours", ours, by_scipy, equal(1)),
        Pair("scikit-image, 4-connected", ours, theirs, equal(0.95)),
    ]


def _adaptive(scene: Scene) -> list[Pair]:
    grey, side = scene.grey, 61
    kind = cv2.ADAPTIVE_THRESH_MEAN_C
    ours = parts("adaptive", scene.grey_image, window_px=side, offset=5 / 255)
    by_cv2 = partial(cv2.adaptiveThreshold, grey, 1, kind, cv2.THRESH_BINARY, side, 5)

    def by_skimage() -> np.ndarray:
        return grey > filters.threshold_local(grey, side, "mean", offset=5, mode="mirror")

    return [
        Pair("OpenCV adaptiveThreshold", ours, by_cv2, equal(0.95)),
        Pair("scikit-image threshold_local", ours, by_skimage, equal(0.99)),
    ]


def _sauvola(scene: Scene) -> list[Pair]:
    ours = parts("sauvola", scene.grey_image, window_px=61, k=0.2, r=0.5)
    theirs = _above(lambda grey: filters.threshold_sauvola(grey, 61, 0.2, 127.5), scene.grey)
    return [Pair("scikit-image threshold_sauvola", ours, theirs, equal(0.99))]


def _niblack(scene: Scene) -> list[Pair]:
    ours = parts("niblack", scene.grey_image, window_px=61, k=-0.2, min_deviation=0)
    theirs = _above(lambda grey: filters.threshold_niblack(grey, 61, 0.2), scene.grey)
    return [Pair("scikit-image threshold_niblack", ours, theirs, equal(0.99))]


ROWS = {
    "otsu": _otsu,
    "multi_otsu": _multi_otsu,
    **{name: partial(_one_threshold, name) for name in ("li", "yen", "isodata", "mean_brightness")},
    "triangle": _triangle,
    "two_modes": _two_modes,
    "fixed": _fixed,
    "hysteresis": _hysteresis,
    "adaptive": _adaptive,
    "sauvola": _sauvola,
    "niblack": _niblack,
}
