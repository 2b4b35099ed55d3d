"""Mean shift: modes as scikit-learn finds them, filtering step by step, and the tree of merges."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra 'classical' is not installed")

from segwright.classical.clustering.mean_shift import MeanShift, filtered
from segwright.classical.clustering.merge_tree import MergeTree, _borders
from segwright.images.image import Image


def plainly_filtered(pixels: np.ndarray, y: int, x: int, radius: int, bandwidth: float):
    """The mode of one pixel, by the definition."""
    place, colour = np.array([y, x], float), pixels[y, x].astype(float)
    grid = np.stack(np.indices(pixels.shape[:2]), axis=-1)
    for _ in range(200):
        inside = (np.abs(grid - np.rint(place)) <= radius).all(2)
        inside &= ((pixels - colour) ** 2).sum(2) <= bandwidth**2
        place, colour = grid[inside].mean(0), pixels[inside].mean(0)
    return colour


@pytest.mark.parametrize("channels", [1, 3])
def test_modes_are_those_of_the_definition(channels: int):
    rng = np.random.default_rng(channels)
    levels = np.repeat(np.repeat(rng.choice([0.2, 0.5, 0.8], (6, 7, channels)), 4, 0), 4, 1)
    pixels = (levels + rng.normal(0, 0.02, levels.shape)).astype(np.float32)
    got = filtered(pixels, radius_px=3, bandwidth=0.15)
    for y, x in rng.integers(0, (24, 28), (60, 2)):
        # Ways that come close are taken for one, a part of the bandwidth apart.
        assert np.abs(got[y, x] - plainly_filtered(pixels, y, x, 3, 0.15)).max() < 0.03
    assert np.abs(got - levels).max() < 0.03 < np.abs(pixels - levels).max()


def test_colours_alone_have_the_modes_of_scikit_learn():
    cluster = pytest.importorskip("sklearn.cluster")
    rng = np.random.default_rng(0)
    middles = np.array([[0.2, 0.2], [0.8, 0.3], [0.5, 0.9]])
    pixels = (middles[rng.integers(3, size=(15, 15))] + rng.normal(0, 0.04, (15, 15, 2))).astype(
        np.float32
    )
    got = filtered(pixels, radius_px=15, bandwidth=0.25).reshape(-1, 2)
    theirs = cluster.MeanShift(bandwidth=0.25).fit(pixels.reshape(-1, 2))
    assert len(theirs.cluster_centers_) == 3
    own = theirs.cluster_centers_[theirs.labels_]
    assert np.abs(got - own).max() < 0.02


def test_modes_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch):
    pixels = np.random.default_rng(0).random((70, 33, 3)).astype(np.float32)
    found = []
    for threads in (1, 3):
        monkeypatch.setattr("numba.config.NUMBA_NUM_THREADS", threads)
        found.append(filtered(pixels, radius_px=4, bandwidth=0.3))
    assert np.array_equal(*found)


def test_the_most_alike_are_merged_first_and_a_cut_stops_between():
    # Four stripes: 0.0 0.1 | 0.6 0.8; equal sizes and borders.
    regions = np.repeat(np.array([[0] * 3 + [1] * 3 + [2] * 3 + [3] * 3], np.int32), 6, axis=0)
    colours = np.array([0.0, 0.1, 0.6, 0.8], np.float32)[regions][..., None]
    tree = MergeTree.of(regions, colours)
    assert tree.merges.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert (np.diff(tree.heights) > 0).all()
    assert tree.cut(0).tolist() == [0, 1, 2, 3]
    assert tree.cut(tree.heights[0]).tolist() == [0, 0, 1, 2]
    assert tree.cut(tree.heights[1]).tolist() == [0, 0, 1, 1]
    assert tree.cut(np.inf).tolist() == [0, 0, 0, 0]
    # By hand: a quarter of the picture, border 6 of an outline of 6 inside the picture.
    assert tree.heights[0] == pytest.approx(0.1 * 0.25**0.2)


def test_borders_are_counted_along_both_axes():
    regions = np.array([[0, 0, 1], [0, 2, 2]], np.int32)
    colours = np.arange(6, dtype=np.float32).reshape(2, 3, 1)
    pairs, lengths, steps = _borders(regions, colours)
    assert pairs.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert lengths.tolist() == [1, 2, 1]
    assert steps.tolist() == [1, 4, 3]  # |2-1|; |4-1| + |4-3|; |5-2|


def test_merges_match_a_search_of_all_pairs():
    from segwright.classical.clustering import merge_tree_kernels as kernels

    rng = np.random.default_rng(4)
    regions = np.repeat(np.repeat(np.arange(30, dtype=np.int32).reshape(5, 6), 3, 0), 2, 1)
    colours = rng.random((30, 3)).astype(np.float32)[regions]
    tree = MergeTree.of(regions, colours)
    # The same by recomputing all of it after every merge.
    labels = regions.copy()
    for number in range(29):
        pairs, lengths, steps = _borders(labels, colours)
        sizes = np.bincount(labels.ravel(), minlength=60) / labels.size
        sums = (
            np.stack(
                [
                    np.bincount(labels.ravel(), colours[..., c].ravel(), minlength=60)
                    for c in range(3)
                ],
                axis=1,
            )
            / labels.size
        )
        outlines = np.bincount(pairs.ravel(), np.repeat(lengths, 2), minlength=60)
        costs = [
            kernels._difference(sizes, sums, outlines, one, other, length, step)
            for (one, other), length, step in zip(pairs, lengths, steps, strict=True)
        ]
        best = int(np.argmin(costs))
        assert sorted(tree.merges[number]) == pairs[best].tolist()
        labels[np.isin(labels, pairs[best])] = 30 + number


def test_settings_go_from_fine_to_coarse(shared_data):
    from segwright.images.read import read_image

    image = read_image(sorted((shared_data / "bsds500/train/images").glob("*.jpg"))[4])
    image = Image(image.pixels[100:220, 100:260])
    counts = [int(MeanShift(merge=merge).parts(image).max()) + 1 for merge in MeanShift.scales]
    assert counts == sorted(counts, reverse=True) and counts[0] > 2 * counts[-1]
