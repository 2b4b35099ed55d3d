"""Edges, the regions between them, and contours that are drawn to them: OpenCV and scikit-image.

Gaps in edges are left open, as no peer closes them. Nor do peers take ridges of Sobel's gradient or
the nearer side of a zero crossing: how many regions there are says little beyond that both sides
have done the work. Row canny_edges compares the edges themselves.
"""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
from scipy import ndimage
from skimage import feature, filters, measure, morphology, segmentation

from classical_peers.pair import Pair, Scene, as_many, equal, parts
from segwright.classical.edges.canny import Canny

_ROUNDS = 30  # of the active contours


def _canny(scene: Scene) -> list[Pair]:
    ours = parts("canny", scene.grey_image, sigma_px=2, gap_px=0, min_area_px=1)
    return [
        Pair(
            "OpenCV Canny, connectedComponents",
            ours,
            lambda: _filled(_cv2_canny(scene.grey)),
            as_many(np.inf),
        ),
        Pair(
            "scikit-image canny, label",
            ours,
            lambda: _expanded(_skimage_canny(scene.grey)),
            as_many(np.inf),
        ),
    ]


def _canny_edges(scene: Scene) -> list[Pair]:
    method = Canny(sigma_px=2)
    ours = lambda: method.edges(scene.grey_image)[0]  # noqa: E731
    return [
        Pair("OpenCV Canny", ours, partial(_cv2_canny, scene.grey), equal(0.95)),
        Pair("scikit-image canny", ours, partial(_skimage_canny, scene.grey), equal(0.95)),
    ]


def _skimage_canny(grey: np.ndarray) -> np.ndarray:
    return feature.canny(grey, 2, 0.6, 0.9, use_quantiles=True)


def _cv2_canny(grey: np.ndarray) -> np.ndarray:
    # Sixteenths of a level, since Canny takes whole numbers; thresholds are shares of the pixels.
    smooth = cv2.GaussianBlur(grey.astype(np.float32) * 16, (17, 17), 2)
    dx, dy = (cv2.Sobel(smooth, cv2.CV_32F, *axes, scale=0.25) for axes in ((1, 0), (0, 1)))
    low, high = np.quantile(cv2.magnitude(dx, dy), (0.6, 0.9))
    found = cv2.Canny(dx.astype(np.int16), dy.astype(np.int16), low, high, L2gradient=True)
    return found > 0


def _filled(edges: np.ndarray) -> np.ndarray:
    free = (~edges).astype(np.uint8)
    regions = cv2.connectedComponents(free, connectivity=4)[1]
    nearest = cv2.distanceTransformWithLabels(
        1 - free, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )[1]
    numbers = np.zeros(nearest.max() + 1, np.int32)
    numbers[nearest[free > 0]] = regions[free > 0]
    return numbers[nearest]


def _expanded(edges: np.ndarray) -> np.ndarray:
    return segmentation.expand_labels(measure.label(~edges, connectivity=1), 10)


def _sobel(scene: Scene) -> list[Pair]:
    def theirs() -> np.ndarray:
        strength = filters.sobel(filters.gaussian(scene.grey, 1.5))
        strong = strength > np.quantile(strength, 0.8)
        return _expanded(morphology.skeletonize(strong))

    ours = parts("sobel", scene.grey_image, quantile=0.8, sigma_px=1.5, gap_px=0, min_area_px=1)
    return [Pair("scikit-image sobel, skeletonize, label", ours, theirs, as_many(np.inf))]


def _log(scene: Scene) -> list[Pair]:
    def crossings(bend: np.ndarray) -> np.ndarray:
        found = np.zeros(bend.shape, bool)
        least = 1.5 * np.abs(bend).mean() / 2.5
        for a, b in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
            found[a] |= (bend[a] * bend[b] < 0) & (np.abs(bend[a] - bend[b]) > least)
        return found

    def by_scipy() -> np.ndarray:
        return _expanded(crossings(ndimage.gaussian_laplace(scene.grey.astype(np.float32), 2.5)))

    def by_cv2() -> np.ndarray:
        smooth = cv2.GaussianBlur(scene.grey.astype(np.float32), (21, 21), 2.5)
        return _filled(crossings(cv2.Laplacian(smooth, cv2.CV_32F)))

    ours = parts("log", scene.grey_image, sigma_px=2.5, gap_px=0, min_area_px=1)
    return [
        Pair("OpenCV Laplacian, connectedComponents", ours, by_cv2, as_many(np.inf)),
        Pair("SciPy gaussian_laplace, scikit-image", ours, by_scipy, as_many(np.inf)),
    ]


def _chan_vese(scene: Scene) -> list[Pair]:
    values = scene.grey / np.float32(255)
    start = scene.grey > filters.threshold_otsu(scene.grey)
    theirs = partial(segmentation.morphological_chan_vese, values, _ROUNDS, start, smoothing=1)
    ours = parts("chan_vese", scene.grey_image, smoothing=1, max_rounds=_ROUNDS)
    return [Pair("scikit-image morphological_chan_vese", ours, theirs, equal(0.97))]


def _geodesic(scene: Scene) -> list[Pair]:
    values = scene.grey / np.float32(255)
    start = scene.grey > filters.threshold_otsu(scene.grey)

    def theirs() -> np.ndarray:
        edges = segmentation.inverse_gaussian_gradient(values, 100, 2)
        return segmentation.morphological_geodesic_active_contour(edges, _ROUNDS, start)

    ours = parts("geodesic_contour", scene.grey_image, sigma_px=2, max_rounds=_ROUNDS)
    return [Pair("scikit-image morphological_geodesic…", ours, theirs, equal(0.95))]


ROWS = {
    "canny_edges": _canny_edges,
    "canny": _canny,
    "sobel": _sobel,
    "log": _log,
    "chan_vese": _chan_vese,
    "geodesic_contour": _geodesic,
}
