"""Each step against an oracle of its own: another library, brute force, or labels drawn by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.morphology import remove_small_holes

from segwright.errors import ImageError, UnknownNameError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.refine import Labelling, Refine

NAMES = ("a", "b", "c")
IGNORED = 255


def drawn(text: str) -> np.ndarray:
    """Rows of 'abc' and '.' for ignored."""
    rows = [["abc.".index(letter) for letter in row] for row in text.split()]
    ids = np.array(rows, np.uint8)
    ids[ids == 3] = IGNORED
    return ids


def refined(step: object, ids: np.ndarray, *, pixels: np.ndarray | None = None, **known):
    labels = LabelMap(ids, Classes.named(NAMES))
    if pixels is None:
        pixels = np.zeros((*ids.shape, 1), np.uint8)
    return Refine.of([step]).apply(Labelling(labels), Image(pixels, **known)).ids


def check(step: object, before: str, after: str) -> None:
    np.testing.assert_array_equal(refined(step, drawn(before)), drawn(after))


label_maps = hnp.arrays(
    np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.sampled_from([0, 1, 2])
)
with_ignored = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    elements=st.sampled_from([0, 1, 2, IGNORED]),
)


# --- opening and closing


def disc(radius: float) -> np.ndarray:
    reach = int(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return y * y + x * x <= radius * radius


@settings(max_examples=50)
@given(label_maps, st.sampled_from([1.0, 1.5, 2.0, 3.2]))
def test_what_an_opened_class_keeps_is_scipys_opening(ids: np.ndarray, radius: float) -> None:
    found = refined({"opening": {"radius_px": radius, "classes": ["b"]}}, ids)
    mine = ids == 1
    eroded = ndimage.binary_erosion(mine, disc(radius), border_value=1)
    kept = ndimage.binary_dilation(eroded, disc(radius)) & mine
    if (ids != 1).any() or kept.any():
        np.testing.assert_array_equal((found == 1)[mine] | ~kept[mine], np.ones(mine.sum(), bool))
    np.testing.assert_array_equal(found[~mine], ids[~mine])


@settings(max_examples=50)
@given(label_maps, st.sampled_from([1.0, 1.5, 2.0, 3.2]))
def test_a_closed_class_is_scipys_closing(ids: np.ndarray, radius: float) -> None:
    found = refined({"closing": {"radius_px": radius, "classes": ["b"]}}, ids)
    closed = ndimage.binary_closing(np.pad(ids == 1, 9, mode="edge"), disc(radius))[9:-9, 9:-9]
    np.testing.assert_array_equal(found == 1, closed)
    np.testing.assert_array_equal(found[found != 1], ids[found != 1])


def test_opening_takes_off_specks_and_spurs_and_gives_them_to_what_is_around() -> None:
    whole = "bbbbbbb " * 7
    check({"opening": 1}, "bbbbbbb bbbbbbb bbbbbbb bbbcbbb bbbbbbb bbbbbbb bbbbbbb", whole)
    check(
        {"opening": {"radius_px": 1, "classes": ["b"]}},
        "aaaaaaa aaaaaaa aaabaaa aaabaaa bbbbbbb bbbbbbb bbbbbbb",
        "aaaaaaa aaaaaaa aaaaaaa aaabaaa bbbbbbb bbbbbbb bbbbbbb",  # a disc ends in a tip
    )


def test_opening_one_class_leaves_the_specks_of_others() -> None:
    before = "aaaaa abaca aaaaa"
    check({"opening": {"radius_px": 1, "classes": ["b"]}}, before, "aaaaa aaaca aaaaa")


def test_closing_a_gap_between_two_parts() -> None:
    check(
        {"closing": {"radius_px": 1, "classes": ["b"]}},
        "bbabb bbabb bbabb bbabb",
        "bbbbb bbbbb bbbbb bbbbb",
    )


def test_classes_are_closed_one_after_the_other() -> None:
    check({"closing": 1}, "aaaa bbbb aaaa bbbb", "aaaa aaaa aaaa bbbb")
    check({"closing": {"radius_px": 1, "classes": ["b"]}}, "aa bb aa bb", "aa bb bb bb")


def test_ignored_pixels_wear_nothing_down_and_are_no_class() -> None:
    check({"opening": 2}, "bb. bb. bb.", "bb. bb. bb.")
    check({"closing": {"radius_px": 1, "classes": ["b"]}}, "bb. aa. bb.", "bb. ba. bb.")


def test_a_radius_in_millimetres_is_an_ellipse_on_long_pixels() -> None:
    ids = np.zeros((9, 9), np.uint8)
    ids[4, 4] = 1
    ids[4, 2:7] = 1
    # Two pixels of 0.5 mm fit along X where one of 1 mm does along Y: a line is opened away.
    found = refined({"opening": {"radius_mm": 1.0}}, ids, spacing=(1.0, 0.5))
    assert not found.any()
    ids[3:6, 2:7] = np.array([[0, 0, 1, 0, 0], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0]])
    np.testing.assert_array_equal(
        refined({"opening": {"radius_mm": 1.0, "classes": ["b"]}}, ids, spacing=(1.0, 0.5)), ids
    )


@pytest.mark.parametrize("step", [{"opening": {"radius_mm": 1}}, {"remove_small": {"area_mm2": 1}}])
@pytest.mark.parametrize("spacing", [None, (0.0, 1.0), (float("nan"), 1.0)])
def test_millimetres_need_a_spacing(step: object, spacing) -> None:
    with pytest.raises(ImageError, match="millimetres"):
        refined(step, np.zeros((3, 3), np.uint8), spacing=spacing)


# --- holes


@settings(max_examples=80)
@given(label_maps, st.integers(1, 20))
def test_filled_holes_of_one_class_are_those_of_scikit_image(ids: np.ndarray, area: int) -> None:
    found = refined({"fill_holes": {"area_px": area, "classes": ["b"]}}, ids)
    # A frame of the other value makes what reaches the border one large region.
    framed = np.pad(ids == 1, 30)
    filled = remove_small_holes(framed, max_size=area, connectivity=1)[30:-30, 30:-30]
    np.testing.assert_array_equal(found == 1, filled)
    np.testing.assert_array_equal(found[found != 1], ids[found != 1])


def test_a_hole_keeps_what_is_ignored_and_nested_holes_go_to_the_outermost() -> None:
    check({"fill_holes": 1}, "bbb b.b bbb", "bbb b.b bbb")
    before = "aaaaaaa abbbbba abcccba abcacba abcccba abbbbba aaaaaaa"
    check({"fill_holes": 1}, before, before.replace("abcacba", "abcccba"))
    check({"fill_holes": 9}, before, "aaaaaaa" + " abbbbba" * 5 + " aaaaaaa")


# --- small regions


def slow_remove_small(ids: np.ndarray, area: int) -> np.ndarray:
    """Word for word: while there is a small region that touches another class, the smallest goes.

    The first in reading order of those that are equally small.
    """
    ids = ids.copy()
    while True:
        regions = []
        for one in (0, 1, 2):
            numbers, count = ndimage.label(ids == one, np.ones((3, 3)))
            regions += [numbers == n for n in range(1, count + 1)]
        regions = sorted(regions, key=lambda r: (r.sum(), np.flatnonzero(r)[0]))
        for region in regions:
            if region.sum() >= area:
                return ids
            sides = np.zeros(3, int)
            for y, x in zip(*np.nonzero(region), strict=True):
                for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                    inside = 0 <= v < ids.shape[0] and 0 <= u < ids.shape[1]
                    if inside and not region[v, u] and ids[v, u] != IGNORED:
                        sides[ids[v, u]] += 1
            if sides.any():
                ids[region] = sides.argmax()
                break
        else:
            return ids


@settings(max_examples=150)
@given(with_ignored, st.integers(2, 12))
def test_small_regions_go_one_after_the_other(ids: np.ndarray, area: int) -> None:
    expected = slow_remove_small(ids, area)
    found = refined({"remove_small": area}, ids)
    # Equally small regions have no order of their own, so that sizes alone are compared then.
    numbers = [ndimage.label(ids == one, np.ones((3, 3)))[0] for one in (0, 1, 2)]
    sizes = np.concatenate([np.bincount(n.ravel())[1:] for n in numbers])
    if len(set(sizes)) == len(sizes):
        np.testing.assert_array_equal(found, expected)
    for one in (0, 1, 2):
        left, count = ndimage.label(found == one, np.ones((3, 3)))
        for n in range(1, count + 1):
            region = left == n
            touching = ndimage.binary_dilation(region) & ~region & (found != IGNORED)
            assert region.sum() >= area or not touching.any()


def test_a_small_region_goes_to_the_class_it_touches_most() -> None:
    check({"remove_small": 2}, "aabbb aacbb aabbb", "aabbb aabbb aabbb")
    check({"remove_small": 4}, "a.c ...", "a.c ...")


def test_the_area_may_be_in_square_millimetres() -> None:
    ids = drawn("aaaaa abbba aaaaa aacca aaaaa")
    found = refined({"remove_small": {"area_mm2": 0.75}}, ids, spacing=(0.5, 0.5))
    np.testing.assert_array_equal(found, drawn("aaaaa abbba aaaaa aaaaa aaaaa"))


def test_a_class_that_there_is_not_is_named() -> None:
    with pytest.raises(UnknownNameError, match="unknown class 'd'"):
        refined({"fill_holes": {"area_px": 3, "classes": ["d"]}}, drawn("ab ba"))


# --- majority


@settings(max_examples=60)
@given(with_ignored, st.sampled_from([1.0, 1.5, 2.3, 6.0]))
def test_the_majority_is_counted(ids: np.ndarray, radius: float) -> None:
    found = refined({"majority": radius}, ids)
    offsets = np.argwhere(disc(radius)) - int(radius)
    for y, x in itertools.product(*map(range, ids.shape)):
        around = [
            ids[y + dy, x + dx]
            for dy, dx in offsets
            if 0 <= y + dy < ids.shape[0] and 0 <= x + dx < ids.shape[1]
        ]
        times = np.array([around.count(one) for one in (0, 1, 2)])
        own = ids[y, x]
        keeps = own == IGNORED or times[own] == times.max()
        assert found[y, x] == (own if keeps else times.argmax())


# --- guided filter


def slow_guided(guide: np.ndarray, plane: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """Equations (14) to (16) of the paper, window by window."""
    height, width, channels = guide.shape
    total, times = np.zeros((height, width)), np.zeros((height, width))
    for y, x in itertools.product(range(height), range(width)):
        window = (
            slice(max(0, y - radius), y + radius + 1),
            slice(max(0, x - radius), x + radius + 1),
        )
        colours = guide[window].reshape(-1, channels)
        values = plane[window].ravel()
        centred = colours - colours.mean(0)
        covariance = centred.T @ centred / len(values) + epsilon * np.eye(channels)
        slope = np.linalg.solve(covariance, centred.T @ (values - values.mean()) / len(values))
        said = (guide[window] - colours.mean(0)) @ slope + values.mean()
        total[window] += said
        times[window] += 1
    return total / times


@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("radius", [1, 3, 40])
def test_the_guided_filter_is_its_definition(channels: int, radius: int) -> None:
    rng = np.random.default_rng(radius)
    pixels = rng.integers(0, 256, (13, 17, channels), np.uint8)
    probabilities = rng.dirichlet(np.ones(3), (13, 17)).transpose(2, 0, 1).astype(np.float32)
    labels = LabelMap(probabilities.argmax(0).astype(np.uint8), Classes.named(NAMES))
    found = Refine.of({"guided": [radius, 0.3]}).apply(
        Labelling(labels, probabilities), Image(pixels)
    )
    planes = [slow_guided(pixels / 255, plane, radius, 0.09) for plane in probabilities]
    expected = np.maximum(np.stack(planes), 0)
    assert found.probabilities is not None
    np.testing.assert_allclose(found.probabilities, expected / expected.sum(0), atol=2e-5)
    np.testing.assert_array_equal(found.ids, found.probabilities.argmax(0))


def test_the_guided_filter_follows_an_edge_of_the_image() -> None:
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[:, 20:] = 200
    ids = (np.arange(40) >= 23).astype(np.uint8)[None].repeat(40, 0)  # three columns too late
    found = refined({"guided": [8, 0.02]}, ids, pixels=pixels)
    np.testing.assert_array_equal(found, (np.arange(40) >= 20).astype(np.uint8)[None].repeat(40, 0))
