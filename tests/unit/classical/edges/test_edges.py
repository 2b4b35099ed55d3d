"""Edges against scikit-image and by hand; gaps, areas and regions that can be counted."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.classical.catalog import build_method
from segwright.classical.edges.closing import enclosed, linked
from segwright.classical.edges.gradient import Gradients, quantiles
from segwright.classical.edges.log import zero_crossings
from segwright.classical.edges.regions import EdgeRegions, thinned
from segwright.images.image import Image

pytest.importorskip("numba")
filters = pytest.importorskip("skimage.filters")
feature = pytest.importorskip("skimage.feature")
measure = pytest.importorskip("skimage.measure")

LINKED = ("sobel", "canny", "log")


def drawn(*rows: str) -> np.ndarray:
    """A mask from text: # is 1."""
    return np.array([[sign == "#" for sign in row] for row in rows], np.uint8)


def blobs(size_hw: tuple[int, int] = (120, 140), *, seed: int = 0) -> np.ndarray:
    """Smooth random brightness, (Y, X) float32 0 … 1."""
    values = filters.gaussian(np.random.default_rng(seed).random(size_hw), 4)
    return ((values - values.min()) / np.ptp(values)).astype(np.float32)


def panes() -> tuple[Image, np.ndarray]:
    """Nine rectangles of different grey with a little noise, and their numbers."""
    numbers = np.kron(np.arange(9).reshape(3, 3), np.ones((60, 75), np.int64))
    levels = np.array([40, 120, 200, 180, 70, 140, 90, 220, 20])[numbers]
    noise = np.random.default_rng(0).normal(0, 2, numbers.shape)
    return Image.from_array(np.clip(levels + noise, 0, 255).astype(np.uint8)), numbers


def linking(name: str, **settings: float) -> EdgeRegions:
    method = build_method(name, **settings)
    assert isinstance(method, EdgeRegions)
    return method


@pytest.mark.parametrize("operator", ["sobel", "scharr", "prewitt"])
def test_operators_are_scikit_images(operator: str):
    values = blobs()
    ours = Gradients.of(Image.from_array(values), sigma_px=0, operator=operator).strength()  # pyright: ignore[reportArgumentType]
    # scikit-image takes whole differences, and the root of the mean square of both.
    theirs = getattr(filters, operator)(values) * 2**0.5 / 2
    assert np.allclose(ours, theirs, atol=1e-6)


def test_channels_are_added_as_a_matrix():
    pixels = np.random.default_rng(0).random((12, 14, 5)).astype(np.float32)
    found = Gradients.of(Image(pixels), sigma_px=0, operator="central")
    padded = np.pad(pixels, ((1, 1), (1, 1), (0, 0)), mode="symmetric").astype(float)
    dy = (padded[2:, 1:-1] - padded[:-2, 1:-1]) / 2
    dx = (padded[1:-1, 2:] - padded[1:-1, :-2]) / 2
    slopes = np.stack([dy, dx], axis=-2)  # (Y, X, 2, C)
    matrices = slopes @ np.swapaxes(slopes, -1, -2)
    ours = np.stack([found.yy, found.yx, found.yx, found.xx], axis=-1).reshape(matrices.shape)
    assert np.allclose(ours, matrices, atol=1e-5)
    assert np.allclose(found.strength(), np.sqrt(np.linalg.eigvalsh(matrices)[..., 1]), atol=1e-5)


@pytest.mark.parametrize("turn", np.arange(0, 180, 15))
def test_a_ridge_is_along_the_edge_whatever_its_direction(turn: int):
    y, x = np.mgrid[:61, :61] - 30.0
    across = x * np.cos(np.deg2rad(turn)) + y * np.sin(np.deg2rad(turn))
    image = Image.from_array((1 / (1 + np.exp(-across / 2))).astype(np.float32))
    gradients = Gradients.of(image, sigma_px=0, operator="sobel")
    found = thinned(gradients, gradients.strength(), above=0.01)[2:-2, 2:-2] > 0
    assert np.abs(across[2:-2, 2:-2][found]).max() <= 0.75
    assert found.sum() >= 57


@pytest.mark.parametrize("kind", ["spread", "few", "constant", "one"])
def test_quantiles_are_numpys(kind: str):
    values = np.random.default_rng(0).random((37, 23)).astype(np.float32) ** 8
    if kind != "spread":
        values = {"few": np.rint(values * 3), "constant": values * 0, "one": values[:1, :1]}[kind]
    shares = (0, 0.1, 0.6, 0.999, 1)
    expected = np.quantile(values.astype(np.float64), shares)
    assert np.allclose(quantiles(values, shares), expected, rtol=1e-12, atol=0)


def test_canny_finds_the_edges_of_scikit_image():
    values = blobs((160, 200))
    ours = linking("canny", sigma_px=2.0, low=0.6, high=0.85).edges(Image.from_array(values))[0] > 0
    theirs = feature.canny(
        values, sigma=2.0, low_threshold=0.6, high_threshold=0.85, use_quantiles=True
    )
    inside = np.s_[12:-12, 12:-12]  # they mask the border, and quantiles differ a little by it
    ours, theirs = ours[inside], theirs[inside]
    assert theirs.sum() > 500
    assert (ours & theirs).sum() / (ours | theirs).sum() > 0.9


@pytest.mark.parametrize("turned", [False, True])
def test_a_step_has_an_edge_of_one_pixel(turned: bool):
    values = np.zeros((20, 30), np.uint8)
    values[:, 13:] = 200
    values = np.ascontiguousarray(values.T) if turned else values
    gradients = Gradients.of(Image.from_array(values), sigma_px=1.0, operator="sobel")
    found = thinned(gradients, gradients.strength())
    found = found.T if turned else found
    assert (found.sum(1) == 1).all()  # a step lies between two pixels that are as steep
    assert len(np.unique(found.argmax(1))) == 1 and found.argmax(1)[0] in (12, 13)


def test_zero_crossings_are_on_the_side_nearer_to_zero():
    values = np.array([[-3.0, -1.0, 2.0, 2.0, 0.0, -0.5]], np.float32)
    assert zero_crossings(values, 0.0).tolist() == [[0, 1, 0, 0, 1, 0]]
    assert zero_crossings(values, 1.0).tolist() == [[0, 1, 0, 0, 0, 0]]
    assert zero_crossings(values.T.copy(), 0.0).T.tolist() == [[0, 1, 0, 0, 1, 0]]


def test_loose_ends_are_the_ends_of_chains():
    from segwright.classical.edges.closing_kernels import loose_ends

    edges = drawn(
        ".........",
        ".####..#.",
        "....#....",
        "....#.##.",
        "...##.##.",
        ".........",
    )
    found = {tuple(map(int, end)) for end in loose_ends(edges)}
    assert (1, 1) in found and (1, 7) in found and (4, 3) in found
    assert not found & {(1, 2), (1, 3), (2, 4)}


def test_a_gap_is_closed_along_the_strongest_pixels():
    edges, strength = np.zeros((40, 30), np.uint8), np.zeros((40, 30), np.float32)
    edges[17, :10] = edges[17, 18:] = 1
    strength[edges > 0] = 1
    for y, x in ((16, 10), (15, 11), (14, 12), (14, 13), (14, 14), (14, 15), (15, 16), (16, 17)):
        strength[y, x] = 0.9  # a detour
    closed = linked(edges, strength, gap_px=9)
    assert closed[14, 12:16].all() and not closed[17, 11:17].any()
    straight = linked(edges, np.ones_like(strength), gap_px=9)
    assert straight[17].all() and straight.sum() == 30
    assert np.array_equal(linked(edges, strength, gap_px=5), edges)  # too far
    assert linked(edges, strength, gap_px=0) is edges


def test_a_ring_closes_on_itself_and_a_line_runs_to_the_border():
    y, x = np.mgrid[:40, :40]
    ring = (np.abs(np.hypot(y - 20, x - 20) - 10) < 0.6).astype(np.uint8)
    ring[19:22, 25:] = 0
    assert measure.label(1 - ring, connectivity=1).max() == 1
    closed = linked(ring, ring.astype(np.float32), gap_px=6)
    areas = measure.label(1 - closed, connectivity=1)
    assert areas[20, 20] != areas[0, 0]
    line = np.zeros((20, 20), np.uint8)
    line[10, 4:17] = 1
    closed = linked(line, np.ones((20, 20), np.float32), gap_px=4)
    assert closed[10].all() and closed.sum() == 20


def test_links_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch):
    edges, strength = linking("canny", gap_px=10).edges(Image.from_array(blobs()))
    monkeypatch.setattr("numba.config.NUMBA_NUM_THREADS", 1)
    alone = linked(edges, strength, gap_px=10)
    monkeypatch.setattr("numba.config.NUMBA_NUM_THREADS", 4)
    assert np.array_equal(linked(edges, strength, gap_px=10), alone)
    assert alone.sum() > edges.sum()


def test_edge_pixels_join_the_area_that_they_resemble():
    edges = drawn("......", "######", "......", "......")
    pixels = np.zeros((4, 6, 1), np.float32)
    pixels[2:] = 1
    pixels[1, :3], pixels[1, 3:] = 0.1, 0.9
    found = enclosed(edges, pixels, min_area_px=1)
    assert found.tolist() == [[0] * 6, [0, 0, 0, 1, 1, 1], [1] * 6, [1] * 6]


def test_small_areas_join_the_neighbour_that_they_resemble():
    edges = drawn(".#.#...", ".#.#...", "..#....")
    pixels = np.zeros((3, 7, 1), np.float32)
    pixels[:, 2:4], pixels[:, 4:] = 0.8, 1
    assert enclosed(edges, pixels, min_area_px=1).max() == 2
    found = enclosed(edges, pixels, min_area_px=6)
    assert found.max() == 1 and found[0, 2] == found[0, 5] != found[0, 0]


def test_nothing_but_edges_is_one_region():
    assert (enclosed(np.ones((3, 4), np.uint8), np.zeros((3, 4, 1)), min_area_px=1) == 0).all()


@pytest.mark.parametrize("name", LINKED)
def test_panes_are_found(name: str):
    image, numbers = panes()
    found = linking(name).parts(image)
    count = int(found.max()) + 1
    assert 9 <= count <= 20  # some noise is closed too
    shared = np.bincount((found * 9 + numbers).ravel(), minlength=count * 9).reshape(count, 9)
    union = shared.sum(1, keepdims=True) + shared.sum(0) - shared
    assert (shared / union).max(0).min() > 0.85
    assert len(np.unique(measure.label(found, connectivity=1, background=-1))) == count


@pytest.mark.parametrize("name", LINKED)
def test_links_and_areas_are_what_was_asked_for(name: str):
    image = Image.from_array(blobs())
    found = build_method(name, min_area_px=80).parts(image)
    assert np.bincount(found.ravel()).min() >= 80
    without = build_method(name, gap_px=0, min_area_px=1).parts(image)
    assert build_method(name, gap_px=15, min_area_px=1).parts(image).max() > without.max()
