"""Scores of regions, by hand and against scikit-learn and scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.metrics import variation_of_information
from sklearn.metrics import rand_score

from segwright.errors import LabelError, UsageError
from segwright.evaluation.contours.regions import RegionCounts, RegionCurves, RegionScores
from segwright.labels.ultrametric import UltrametricMap

_HALVES = np.repeat([[1, 2]], 4, axis=1).reshape(1, 8)
_WHOLE = np.ones((1, 8), int)


def test_covering_weighs_each_region_by_its_area():
    counts = RegionCounts.of([_WHOLE, _HALVES], [_HALVES, _WHOLE])
    # Against the halves, the whole covers each with IoU 1/2; against the whole, a half does.
    assert counts.area == 16
    assert counts.covered.tolist() == [4 + 8, 8 + 4]
    assert counts.best_covered == 16  # each from its own scale


def test_the_best_scale_is_of_the_set_or_of_the_image():
    one = RegionCounts.of([_WHOLE, _HALVES], [_HALVES])
    two = RegionCounts.of([_WHOLE, _HALVES], [_WHOLE])
    scores = RegionScores.of([one, one, two])
    assert scores.covering_ods == pytest.approx((8 + 8 + 4) / 24)
    assert (scores.covering_ois, scores.covering_best) == (1, 1)
    assert (scores.rand_ois, scores.variation_ois) == (1, 0)
    assert scores.best == (1, 1, 1)
    # One bit tells the halves apart where there is none, or the other way round.
    assert scores.variation_ods == pytest.approx(1 / 3)
    # 4·4 of 28 pairs are apart in one cut only.
    assert scores.rand_ods == pytest.approx(1 - 16 / 28 / 3)
    assert RegionCurves.of([one, one, two]).covering == pytest.approx([(4 + 4 + 8) / 24, 20 / 24])


@given(st.data(), st.tuples(st.integers(1, 7), st.integers(2, 7)))
def test_rand_and_variation_are_means_over_annotations(data, shape):
    draw = hnp.arrays(np.uint8, shape, elements=st.integers(0, 4))
    found, *truths = [data.draw(draw) for _ in range(3)]
    counts = RegionCounts.of([found], truths)
    expected = np.mean([rand_score(truth.ravel(), found.ravel()) for truth in truths])
    assert counts.rand[0] == pytest.approx(expected)
    expected = np.mean([sum(variation_of_information(truth, found)) for truth in truths])
    assert counts.variation[0] == pytest.approx(expected, abs=1e-9)


def test_nested_regions_score_as_their_label_maps():
    rng = np.random.default_rng(4)
    regions = rng.integers(0, 30, (12, 14))
    pairs = [(n, n + 1) for n in range(regions.max())]
    tree = UltrametricMap.joining(regions, pairs, rng.random(len(pairs)).tolist())
    nested = tree.nested([0.1, 0.4, 0.8])
    truths = [rng.integers(0, 4, regions.shape) for _ in range(2)]
    ours = RegionCounts.of(nested, truths)
    plain = RegionCounts.of([nested[scale] for scale in range(3)], truths)
    np.testing.assert_allclose(ours.covered, plain.covered)
    np.testing.assert_allclose(ours.rand, plain.rand)
    np.testing.assert_allclose(ours.variation, plain.variation)
    assert ours.best_covered == pytest.approx(plain.best_covered)


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(UsageError, match="0 annotations and 1 scales"):
        RegionCounts.of([_WHOLE], [])
    with pytest.raises(LabelError, match=r"\(1, 8\)"):
        RegionCounts.of([_WHOLE.T], [_WHOLE])
    with pytest.raises(UsageError, match=r"\[1, 2\]"):
        RegionScores.of(
            [RegionCounts.of([_WHOLE], [_WHOLE]), RegionCounts.of([_WHOLE] * 2, [_WHOLE])]
        )


@given(
    hnp.arrays(np.int64, (4, 5), elements=st.integers(0, 3)),
    st.lists(st.integers(-(10**12), 10**12), min_size=4, max_size=4, unique=True)
    | st.permutations(range(-2, 2)),
)
def test_what_regions_are_called_does_not_matter(regions, names):
    truth = np.repeat([[3, 7, 7, 5, 9]], 4, axis=0)
    expected = RegionCounts.of([regions, truth], [truth, regions])
    called = np.array(names)[regions]
    found = RegionCounts.of([called, truth], [truth, called])
    assert np.allclose(found.covered, expected.covered)
    assert np.allclose(found.rand, expected.rand)
    assert np.allclose(found.variation, expected.variation)
