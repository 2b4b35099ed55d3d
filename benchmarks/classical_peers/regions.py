"""Regions and graphs: OpenCV and scikit-image."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
from scipy import ndimage
from skimage import color, filters, graph, measure, morphology, segmentation

from classical_peers.pair import Pair, Scene, alike, as_many, equal, parts
from segwright.classical.graphs.random_walker import RandomWalker
from segwright.classical.planes import grey
from segwright.classical.regions.colours import steepness
from segwright.classical.regions.flooding import as_relief, flooded, markers
from segwright.classical.regions.region_growing import flattest_in_cells
from segwright.images.image import Image


def _felzenszwalb(scene: Scene) -> list[Pair]:
    given = {"scale": 500, "min_size": 100}
    ours = parts("felzenszwalb", scene.image, sigma_px=0.8, **given)
    theirs = partial(segmentation.felzenszwalb, scene.photo, sigma=0.8, **given)
    return [Pair("scikit-image felzenszwalb", ours, theirs, as_many(0.15))]


def _slic(scene: Scene) -> list[Pair]:
    ours = parts("slic", scene.image, regions=300, compactness=10, iterations=10)
    theirs = partial(segmentation.slic, scene.photo, 300, 10, max_num_iter=10, start_label=0)
    return [Pair("scikit-image slic", ours, theirs, as_many(0.3), times_faster=3)]


def _watershed(scene: Scene) -> list[Pair]:
    def theirs() -> np.ndarray:
        lab = filters.gaussian(color.rgb2lab(scene.photo) / 100, 3, channel_axis=-1)
        slopes = [np.gradient(plane) for plane in np.moveaxis(lab, -1, 0)]
        relief = np.sqrt(sum(dy * dy + dx * dx for dy, dx in slopes))
        return segmentation.watershed(relief, measure.label(morphology.h_minima(relief, 0.013)))

    ours = parts("watershed", scene.image, sigma_px=3, depth=0.013)
    return [Pair("scikit-image h_minima, watershed", ours, theirs, as_many(0.5))]


def _flooding(scene: Scene) -> list[Pair]:
    """A relief and markers are given; what is compared is the flooding alone."""
    relief = as_relief(steepness(scene.image, sigma_px=3))
    seeds = markers(relief, depth=800)
    shallow = cv2.cvtColor((relief >> 4).clip(0, 255).astype(np.uint8), cv2.COLOR_GRAY2RGB)

    def by_cv2() -> np.ndarray:
        # Regions are parted by lines, which stay without one.
        return cv2.watershed(shallow, seeds + 1) - 1

    ours = partial(flooded, relief, seeds)
    by_skimage = partial(segmentation.watershed, relief, seeds + 1)
    return [
        Pair("OpenCV watershed, 8 bit, with lines", ours, by_cv2, alike(0.6)),
        Pair("scikit-image watershed", ours, by_skimage, alike(0.95)),
    ]


def _otsu_watershed(scene: Scene) -> list[Pair]:
    def by_skimage() -> np.ndarray:
        smooth = filters.gaussian(scene.coins, 1)
        inside = smooth > filters.threshold_otsu(smooth)
        distance = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
        seeds = measure.label(morphology.h_maxima(distance, 1))
        found = segmentation.watershed(-distance, seeds, mask=inside)
        return morphology.remove_small_objects(found, max_size=19)

    def by_cv2() -> np.ndarray:
        # Its watershed cannot be kept inside: the background floods objects too.
        smooth = cv2.GaussianBlur(scene.coins, (9, 9), 1)
        inside = cv2.threshold(smooth, 0, 255, cv2.THRESH_OTSU)[1]
        distance = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (15, 15))
        peaks = (distance >= cv2.dilate(distance, window)) & (inside > 0)
        seeds = cv2.connectedComponents(peaks.astype(np.uint8))[1] + 1
        seeds[(inside > 0) & ~peaks] = 0
        relief = cv2.convertScaleAbs(distance)
        return cv2.watershed(cv2.cvtColor(255 - relief, cv2.COLOR_GRAY2RGB), seeds)

    ours = parts("otsu_watershed", Image.from_array(scene.coins), objects="brighter", min_size=20)
    size_hw = scene.coins.shape
    return [
        Pair("OpenCV distance peaks, watershed", ours, by_cv2, alike(0), None, size_hw),
        Pair("scikit-image h_maxima, watershed", ours, by_skimage, alike(0.9), size_hw=size_hw),
    ]


def _region_growing(scene: Scene) -> list[Pair]:
    """Theirs fills from the same seeds within a tolerance, and leaves the rest without a region."""
    seeds = flattest_in_cells(as_relief(steepness(scene.image, sigma_px=1.5)), 50)
    places = [tuple(map(int, place)) for place in np.argwhere(seeds >= 0)]
    smooth = cv2.GaussianBlur(scene.photo, (13, 13), 1.5)

    def by_cv2() -> np.ndarray:
        found = np.zeros(seeds.shape, np.int32)
        mask = np.zeros((seeds.shape[0] + 2, seeds.shape[1] + 2), np.uint8)
        flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (1 << 8)
        for number, (y, x) in enumerate(places):
            _, _, _, (left, top, width, height) = cv2.floodFill(
                smooth, mask, (x, y), 0, (16, 16, 16), (16, 16, 16), flags
            )
            box = np.s_[top : top + height, left : left + width]
            new = (mask[1:-1, 1:-1][box] > 0) & (found[box] == 0)
            found[box][new] = number + 1
        return found

    def by_skimage() -> np.ndarray:
        light, found = cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY), np.zeros(seeds.shape, np.int32)
        for number, place in enumerate(places):
            found[segmentation.flood(light, place, tolerance=16) & (found == 0)] = number + 1
        return found

    ours = parts("region_growing", scene.image, regions=50, seeds="grid", sigma_px=1.5)
    return [
        Pair("OpenCV floodFill from the seeds", ours, by_cv2, _left_over, None),
        Pair("scikit-image flood from the seeds", ours, by_skimage, _left_over, None),
    ]


def _left_over(_: np.ndarray, other: np.ndarray) -> tuple[str, bool]:
    return f"theirs leaves {100 * np.mean(other == 0):.0f} %", True


def _random_walker(scene: Scene) -> list[Pair]:
    method, image = RandomWalker(), Image.from_array(cv2.cvtColor(scene.part, cv2.COLOR_RGB2GRAY))
    first, margin = method._by_brightness(image)
    seeds = np.where(method._is_sure(first, margin), first + 1, 0)
    values = grey(image)
    # Theirs divides squared differences by 10 deviations, ours by the largest of them.
    steps = [float(np.abs(np.diff(values, axis=axis)).max()) for axis in (0, 1)]
    beta = method.beta * 10 * float(values.std()) / max(steps) ** 2

    def theirs() -> np.ndarray:
        found = segmentation.random_walker(values, seeds, beta, mode="cg_j", tol=1e-4)
        return found - 1

    ours, call = partial(method.parts, image), "scikit-image random_walker, seeds given"
    return [Pair(call, ours, theirs, equal(0.99), size_hw=image.size_hw)]


def _grabcut(scene: Scene) -> list[Pair]:
    height, width = scene.part.shape[:2]
    top, left = round(0.1 * height), round(0.1 * width)

    def theirs() -> np.ndarray:
        mask = np.zeros((height, width), np.uint8)
        mask[top : height - top, left : width - left] = cv2.GC_PR_FGD
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.setRNGSeed(0)
        cv2.grabCut(scene.part, mask, None, *models, 5, cv2.GC_INIT_WITH_MASK)
        return mask & 1

    ours = parts("grabcut", Image.from_array(scene.part), margin=0.1, iterations=5)
    return [Pair("OpenCV grabCut", ours, theirs, equal(0.99), size_hw=(height, width))]


def _ncuts(scene: Scene) -> list[Pair]:
    def theirs() -> np.ndarray:
        pieces = segmentation.slic(scene.part, 500, 10, start_label=1)
        nodes = graph.rag_mean_color(scene.part, pieces, mode="similarity")
        return graph.cut_normalized(pieces, nodes)

    image = Image.from_array(scene.part)
    ours, call = (
        parts("ncuts", image, superpixels=500, regions=10),
        "scikit-image slic, cut_normalized",
    )
    return [Pair(call, ours, theirs, as_many(9), size_hw=image.size_hw)]


ROWS = {
    "felzenszwalb": _felzenszwalb,
    "slic": _slic,
    "watershed": _watershed,
    "flooding": _flooding,
    "otsu_watershed": _otsu_watershed,
    "region_growing": _region_growing,
    "random_walker": _random_walker,
    "grabcut": _grabcut,
    "ncuts": _ncuts,
}
