"""Clusters of pixels: scikit-learn and OpenCV.

Both sides begin with RGB. On the other side OpenCV converts it, and NumPy does what is left.
"""

from __future__ import annotations

import cv2
import numpy as np
from sklearn import cluster, mixture

from classical_peers.pair import Judge, Pair, Scene, alike, parts
from segwright.classical.clustering.mean_shift import filtered
from segwright.classical.regions.colours import colours
from segwright.images.image import Image

_CLUSTERS = 6
_MODES_HW = (20, 30)  # where scikit-learn's mean shift ends within seconds


def _kmeans(scene: Scene) -> list[Pair]:
    def by_sklearn() -> np.ndarray:
        rows, drawn = _points(scene.photo, 65_536)
        model = cluster.KMeans(_CLUSTERS, n_init=1, random_state=0).fit(rows[drawn])
        return model.predict(rows)

    def by_cv2() -> np.ndarray:
        rows, drawn = _points(scene.photo, 65_536)
        enough = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-3)
        cv2.setRNGSeed(0)
        start = cv2.KMEANS_PP_CENTERS
        _, _, centres = cv2.kmeans(rows[drawn], _CLUSTERS, None, enough, 1, start)
        # Not by BLAS, whose threads go on turning while ours are measured.
        steps = (rows - centre for centre in centres)
        return np.argmin([np.einsum("nf,nf->n", one, one) for one in steps], axis=0)

    ours, rows = parts("kmeans", scene.image, clusters=_CLUSTERS), _points(scene.photo, 1)[0]
    return [
        Pair("OpenCV kmeans, NumPy assigns", ours, by_cv2, _as_close(rows)),
        Pair("scikit-learn KMeans", ours, by_sklearn, _as_close(rows)),
    ]


def _gmm(scene: Scene) -> list[Pair]:
    def theirs() -> np.ndarray:
        rows, drawn = _points(scene.photo, 20_000)
        model = mixture.GaussianMixture(
            _CLUSTERS, tol=1e-3, reg_covar=1e-5, max_iter=60, random_state=0
        )
        return model.fit(rows[drawn].astype(np.float64)).predict(rows)

    ours = parts("gmm", scene.image, clusters=_CLUSTERS, rounds=60)
    return [Pair("scikit-learn GaussianMixture", ours, theirs, alike(0.4))]


def _mean_shift(scene: Scene) -> list[Pair]:
    """Every point seeks its mode; theirs in a ball of place and colour, ours in a box of place."""
    small = cv2.resize(scene.photo, _MODES_HW[::-1], interpolation=cv2.INTER_AREA)

    def theirs() -> np.ndarray:
        places = np.stack(np.mgrid[: small.shape[0], : small.shape[1]], -1) / np.float32(7)
        rows = np.concatenate([_lab(small) / np.float32(0.07), places], -1, dtype=np.float32)
        model = cluster.MeanShift(bandwidth=1, n_jobs=-1).fit(rows.reshape(-1, 5))
        return model.labels_.reshape(_MODES_HW)

    given = {"radius_px": 7, "bandwidth": 0.07, "min_px": 1, "merge": 0}
    ours = parts("meanshift", Image.from_array(small), **given)
    return [
        Pair("scikit-learn MeanShift", ours, theirs, alike(0), times_faster=3, size_hw=_MODES_HW)
    ]


def _mean_shift_filter(scene: Scene) -> list[Pair]:
    """The colour of each pixel's mode; theirs on 8-bit RGB, and from the modes of ways before."""
    still = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1.0)

    def ours() -> np.ndarray:
        return filtered(colours(scene.image), radius_px=7, bandwidth=0.07)[..., 0] * 100

    def theirs() -> np.ndarray:
        lab8 = cv2.cvtColor(scene.photo, cv2.COLOR_RGB2LAB)
        found = cv2.pyrMeanShiftFiltering(lab8, 7, 7, maxLevel=0, termcrit=still)
        return found[..., 0] * np.float32(100 / 255)

    def judge(one: np.ndarray, other: np.ndarray) -> tuple[str, bool]:
        apart = float(np.median(np.abs(one - other)))
        return f"median {apart:.2f} of L* apart", apart < 1

    return [Pair("OpenCV pyrMeanShiftFiltering", ours, theirs, judge)]


def _dbscan(scene: Scene) -> list[Pair]:
    given = {"eps": 0.025, "min_samples": 12}
    image = Image.from_array(scene.part)

    def theirs() -> np.ndarray:
        lab = _lab(scene.part)
        smooth = [
            cv2.GaussianBlur(plane, (17, 17), 2, borderType=cv2.BORDER_REFLECT)
            for plane in cv2.split(lab)
        ]
        places = np.indices(image.size_hw, np.float32) * np.float32(0.025 / 3)
        rows = np.stack([*smooth, *places], axis=-1).reshape(-1, 5)
        return cluster.DBSCAN(**given, n_jobs=-1).fit(rows).labels_.reshape(image.size_hw)

    ours = parts("dbscan", image, **given, reach_px=3, smooth_px=2, min_px=1)
    return [
        Pair("scikit-learn DBSCAN", ours, theirs, alike(0.7), times_faster=3, size_hw=image.size_hw)
    ]


def _points(photo: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3) float32 L*a*b* of all pixels, and the numbers of those that are learned from."""
    rows = _lab(photo).reshape(-1, 3)
    return rows, np.random.default_rng(0).choice(len(rows), min(count, len(rows)), replace=False)


def _lab(photo: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(photo * np.float32(1 / 255), cv2.COLOR_RGB2LAB) * np.float32(0.01)


def _as_close(rows: np.ndarray) -> Judge:
    """Squared distances to the centres sum up to the same, within a tenth."""

    def spread(labels: np.ndarray) -> float:
        flat, total = labels.ravel(), 0.0
        counts = np.maximum(np.bincount(flat), 1)
        for values in rows.T.astype(np.float64):
            means = np.bincount(flat, values) / counts
            total += float(np.square(values - means[flat]).sum())
        return total

    def judge(one: np.ndarray, other: np.ndarray) -> tuple[str, bool]:
        ratio = spread(one) / spread(other)
        return f"inertia {ratio:.3f} of theirs", ratio < 1.1

    return judge


ROWS = {
    "kmeans": _kmeans,
    "gmm": _gmm,
    "meanshift": _mean_shift,
    "mean_shift_filter": _mean_shift_filter,
    "dbscan": _dbscan,
}
