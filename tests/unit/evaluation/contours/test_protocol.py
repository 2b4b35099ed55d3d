"""The whole protocol, on drawn images and on the published contour maps."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage
from scipy import ndimage
from scipy.sparse.csgraph import maximum_bipartite_matching
from scipy.spatial import cKDTree
from skimage.morphology import thin

from segwright.errors import DataError, LabelError
from segwright.evaluation.contours.annotated import AnnotatedImage, annotated_images
from segwright.evaluation.contours.boundaries import boundaries_of
from segwright.evaluation.contours.protocol import Counts, Scores
from segwright.images.read import read_image
from segwright.labels.ultrametric import UltrametricMap


@pytest.fixture
def drawn(tmp_path: Path) -> AnnotatedImage:
    """An image of 40×60 of two regions, which two people have found."""
    regions = np.ones((40, 60), np.uint8)
    regions[:, 30:] = 2
    for folder, pixels in (
        ("images", regions * 100),
        ("segmentations", regions),
        ("boundaries", boundaries_of(regions)),
    ):
        (tmp_path / folder).mkdir()
        names = ["7.png"] if folder == "images" else ["7_0.png", "7_1.png"]
        for name in names:
            PillowImage.fromarray(pixels).save(tmp_path / folder / name)
    (image,) = annotated_images(tmp_path)
    return image


def test_every_kind_of_finding_that_is_right_is_perfect(drawn):
    regions = drawn.regions_of()[0]
    tree = UltrametricMap.joining(regions - 1, [(0, 1)], [0.8])
    strengths = boundaries_of(regions) * 0.8
    for found in (tree, strengths, [regions, np.ones_like(regions)]):
        counts = [Counts.of(found, drawn)]
        scores = Scores.of(counts)
        assert scores.boundaries.ods == scores.boundaries.ois == 1
        if found is strengths:
            assert scores.regions is None
            continue
        assert scores.regions is not None
        assert scores.regions.covering_ods == scores.regions.rand_ods == 1
        assert scores.regions.variation_ods == 0
        assert scores.fixed(counts).covering == 1


def test_scales_chosen_elsewhere_are_kept(drawn):
    regions = drawn.regions_of()[0]
    whole = np.ones_like(regions)
    elsewhere = Scores.of([Counts.of([regions, whole], drawn)])  # the first is best
    fixed = elsewhere.fixed([Counts.of([whole, regions], drawn)])
    assert (fixed.f, fixed.covering, fixed.variation) == (0, pytest.approx(0.5), 1)


def test_an_array_of_labels_is_no_contour(drawn):
    with pytest.raises(LabelError, match="uint8"):
        Counts.of(drawn.regions_of()[0], drawn)


def test_a_missing_annotation_is_told_with_its_image(drawn):
    drawn.boundaries[0].unlink()
    with pytest.raises(DataError, match="2 segmentations and 1 boundary maps"):
        annotated_images(drawn.image.parents[1])


@pytest.fixture(params=["100007", "101084"])
def published(request, shared_data) -> tuple[AnnotatedImage, UltrametricMap]:
    folder = shared_data / "bsds500" / "test"
    (image,) = (one for one in annotated_images(folder) if one.name == request.param)
    pixels = read_image(folder / "gpb_owt_ucm2" / f"{image.name}.png").pixels[..., 0]
    return image, UltrametricMap(pixels.astype(np.float32) / 65535)


def test_as_many_pairs_are_formed_as_can_be(published):
    image, found = published
    drawn = image.boundaries_of()
    radius = 0.0075 * math.hypot(*drawn[0].shape)
    counts = Counts.of(found, image, thresholds=np.array([0.05, 0.2]))
    for scale, threshold in enumerate((0.05, 0.2)):
        theirs = np.argwhere(thin(found.contours() >= threshold))
        most = 0
        for annotation in drawn:
            near = cKDTree(np.argwhere(annotation)).sparse_distance_matrix(
                cKDTree(theirs), radius, output_type="coo_matrix"
            )
            near.data[:] = 1  # a distance of 0 is no missing entry
            most += np.count_nonzero(maximum_bipartite_matching(near.tocsr()) >= 0)
        assert counts.boundaries.recalled[scale] == most
        assert counts.boundaries.marked[scale] == len(theirs)


def test_published_regions_are_connected_where_no_contour_is(published):
    _, found = published
    for threshold, ours in zip((0.05, 0.2), found.nested([0.05, 0.2]), strict=True):
        expected = ndimage.label(found.strengths <= threshold, np.ones((3, 3)))[0][1::2, 1::2]
        pairs = np.unique(np.stack([ours.ravel(), expected.ravel()]), axis=1)
        assert pairs.shape[1] == len(np.unique(ours)) == len(np.unique(expected))
