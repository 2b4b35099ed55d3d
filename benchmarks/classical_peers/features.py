"""Features of pixels: OpenCV and scikit-image."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from scipy import ndimage
from skimage import color, feature, filters

from classical_peers.pair import Call, Pair, Scene, near
from segwright.features import FeatureStack

_TEXTURE_HW = (24, 24)  # scikit-image counts pairs window by window


def _described(scene: Scene, *row: object) -> Call:
    stack = FeatureStack.of(list(row))
    return lambda: stack.describe(scene.grey[..., None])


def _values(scene: Scene) -> np.ndarray:
    return scene.grey * np.float32(1 / 255)


def _colour(scene: Scene) -> list[Pair]:
    stack = FeatureStack.of([{"colour": "lab"}])

    def by_cv2() -> np.ndarray:
        lab = cv2.cvtColor(scene.photo * np.float32(1 / 255), cv2.COLOR_RGB2LAB) / 100
        return np.ascontiguousarray(np.moveaxis(lab, -1, 0))

    ours = partial(stack.describe, scene.photo)
    by_skimage: Call = lambda: np.moveaxis(color.rgb2lab(scene.photo), -1, 0) / 100  # noqa: E731
    return [
        Pair("OpenCV cvtColor", ours, by_cv2, near(1e-5)),
        Pair("scikit-image rgb2lab", ours, by_skimage, near(0.01)),
    ]


def _gaussian(scene: Scene) -> list[Pair]:
    def by_cv2() -> np.ndarray:
        values, sides = _values(scene), ((2.0, 17), (5.0, 41))
        return np.stack([_blurred(values, side, sigma) for sigma, side in sides])

    def by_skimage() -> np.ndarray:
        return np.stack([filters.gaussian(_values(scene), s, mode="reflect") for s in (2, 5)])

    ours = _described(scene, {"gaussian": [2, 5]})
    return [
        Pair("OpenCV GaussianBlur", ours, by_cv2, near(1e-5)),
        Pair("scikit-image gaussian", ours, by_skimage, near(1e-4)),
    ]


def _blurred(values: np.ndarray, side: int, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(values, (side, side), sigma, borderType=cv2.BORDER_REFLECT)


def _gradient(scene: Scene) -> list[Pair]:
    def by_cv2() -> np.ndarray:
        scaled = {"scale": 1 / 8, "borderType": cv2.BORDER_REFLECT}
        slopes = (
            cv2.Sobel(_values(scene), cv2.CV_32F, *axes, **scaled) for axes in ((1, 0), (0, 1))
        )
        return cv2.magnitude(*slopes)[None]

    ours = _described(scene, {"gradient": {"operator": "sobel"}})
    return [
        Pair("OpenCV Sobel, magnitude", ours, by_cv2, near(1e-4)),
        Pair("scikit-image sobel", ours, lambda: filters.sobel(_values(scene))[None], near(1, 0.9)),
    ]


def _hessian(scene: Scene) -> list[Pair]:
    def by_skimage() -> np.ndarray:
        matrix = feature.hessian_matrix(
            _values(scene), 2, mode="reflect", order="rc", use_gaussian_derivatives=False
        )
        return feature.hessian_matrix_eigvals(matrix) * 4

    return [
        Pair(
            "scikit-image hessian_matrix_eigvals",
            _first(_described(scene, {"hessian": 2}), 2),
            by_skimage,
            near(0.05, 0.99),
        )
    ]


def _structure(scene: Scene) -> list[Pair]:
    def by_skimage() -> np.ndarray:
        tensor = feature.structure_tensor(_values(scene), 4, mode="reflect", order="rc")
        return feature.structure_tensor_eigenvalues(tensor)

    def by_cv2() -> np.ndarray:
        return cv2.cornerEigenValsAndVecs(_values(scene), 17, 3)

    settings = {"sigmas_px": 2, "spread": 2, "outputs": "eigenvalues"}
    ours = _described(scene, {"structure": settings})
    return [
        Pair("OpenCV cornerEigenValsAndVecs", ours, by_cv2, _other_weights),
        Pair("scikit-image structure_tensor", ours, by_skimage, _other_weights),
    ]


def _gabor(scene: Scene) -> list[Pair]:
    angles = [np.pi * turn / 4 for turn in range(4)]

    def by_cv2() -> np.ndarray:
        found, values = [], _values(scene)
        for angle in angles:
            real, imaginary = (
                cv2.filter2D(
                    values, cv2.CV_32F, cv2.getGaborKernel((37, 37), 4.5, angle, 8, 1, phase)
                )
                for phase in (0, np.pi / 2)
            )
            found.append(cv2.magnitude(real, imaginary) / (2 * np.pi * 4.5**2))
        return np.stack(found)

    def by_skimage() -> np.ndarray:
        values = _values(scene)
        found = (filters.gabor(values, 1 / 8, angle, bandwidth=1, n_stds=4) for angle in angles)
        return np.stack([np.hypot(*pair) for pair in found])

    ours = _described(scene, {"gabor": 8})
    return [
        Pair("OpenCV getGaborKernel, filter2D", ours, by_cv2, near(0.05, 0.9)),
        Pair("scikit-image gabor", ours, by_skimage, near(0.05, 0.9)),
    ]


def _lbp(scene: Scene) -> list[Pair]:
    def by_skimage() -> np.ndarray:
        # Beside equal pixels the rounding decides, which differs.
        codes = feature.local_binary_pattern(scene.grey, 8, 1, "uniform")
        return np.stack([_mean(codes == code, 9) for code in range(10)])

    ours = _described(scene, {"lbp": {"radii_px": 1, "points": 8, "window_px": 9}})
    return [Pair("scikit-image, OpenCV blur", ours, by_skimage, near(0.1, 0.99))]


def _mean(here: np.ndarray, side: int) -> np.ndarray:
    return cv2.blur(here.astype(np.float32), (side, side), borderType=cv2.BORDER_REFLECT)


def _glcm(scene: Scene) -> list[Pair]:
    pixels = np.ascontiguousarray(scene.grey[: _TEXTURE_HW[0], : _TEXTURE_HW[1]])
    names = ("contrast", "dissimilarity", "homogeneity", "energy")
    angles = [turn * np.pi / 4 for turn in range(4)]

    def by_skimage() -> np.ndarray:
        levels = np.pad(pixels >> 5, 5, mode="symmetric")
        found = np.empty((4, *pixels.shape), np.float32)
        for y in range(pixels.shape[0]):
            for x in range(pixels.shape[1]):
                window = levels[y : y + 11, x : x + 11]
                counts = feature.graycomatrix(window, [1], angles, 8, symmetric=True)
                whole = counts.sum(3, keepdims=True)
                found[:, y, x] = [feature.graycoprops(whole, name)[0, 0] for name in names]
        return found

    stack = FeatureStack.of([{"glcm": {"windows_px": 11, "levels": 8, "outputs": names}}])
    ours = partial(stack.describe, pixels[..., None])
    return [
        Pair("scikit-image graycomatrix", ours, by_skimage, near(1e-3, 0.99), size_hw=_TEXTURE_HW)
    ]


def _median(scene: Scene) -> list[Pair]:
    ours = _described(scene, {"statistics": {"windows_px": 11, "outputs": "median"}})
    by_cv2: Call = lambda: cv2.medianBlur(scene.grey, 11)[None] / np.float32(255)  # noqa: E731
    return [Pair("OpenCV medianBlur", ours, by_cv2, near(0.01, 0.95))]


def _entropy(scene: Scene) -> list[Pair]:
    ours = _described(scene, {"statistics": {"windows_px": 11, "outputs": "entropy"}})
    window = np.ones((11, 11), np.uint8)
    theirs: Call = lambda: filters.rank.entropy(scene.grey >> 4, window)[None]  # noqa: E731
    return [Pair("scikit-image rank.entropy", ours, theirs, near(1e-3, 0.9))]


def _deviation(scene: Scene) -> list[Pair]:
    def by_cv2() -> np.ndarray:
        values = _values(scene)
        mean, squares = cv2.blur(values, (11, 11)), cv2.sqrBoxFilter(values, cv2.CV_32F, (11, 11))
        return np.sqrt(np.maximum(squares - mean * mean, 0))[None]

    def by_scipy() -> np.ndarray:
        values = _values(scene)
        mean, squares = (ndimage.uniform_filter(one, 11) for one in (values, values * values))
        return np.sqrt(np.maximum(squares - mean * mean, 0))[None]

    ours = _described(scene, {"statistics": {"windows_px": 11, "outputs": "std"}})
    return [
        Pair("OpenCV blur, sqrBoxFilter", ours, by_cv2, near(0.01, 0.9)),
        Pair("SciPy uniform_filter", ours, by_scipy, near(0.01, 0.99)),
    ]


def _several(scene: Scene) -> list[Pair]:
    """What scikit-image offers to learn from: brightness, edges and texture at several scales."""
    row = [{"gaussian": [1, 2, 4, 8]}, {"gradient": [1, 2, 4, 8]}, {"hessian": [1, 2, 4, 8]}]

    def theirs() -> np.ndarray:
        found = feature.multiscale_basic_features(scene.grey, sigma_min=1, sigma_max=8)
        return np.moveaxis(found, -1, 0)

    return [
        Pair(
            "scikit-image multiscale_basic_features",
            _described(scene, *row),
            theirs,
            _other_weights,
        )
    ]


def _first(call: Call, count: int) -> Callable[[], np.ndarray]:
    return lambda: call()[:count]


def _other_weights(_: np.ndarray, __: np.ndarray) -> tuple[str, bool]:
    return "other weights", True


ROWS = {
    "lab": _colour,
    "gaussian": _gaussian,
    "gradient": _gradient,
    "hessian": _hessian,
    "structure": _structure,
    "gabor": _gabor,
    "lbp": _lbp,
    "glcm": _glcm,
    "median": _median,
    "entropy": _entropy,
    "deviation": _deviation,
    "feature_stack": _several,
}
