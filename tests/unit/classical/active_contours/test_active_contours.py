"""Active contours against scikit-image, round by round."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.classical.active_contours.chan_vese import checkerboard, two_means
from segwright.classical.active_contours.contour import Contour
from segwright.classical.active_contours.geodesic import drawn_to_edges
from segwright.classical.catalog import build_method
from segwright.images.image import Image

pytest.importorskip("numba")
ndimage = pytest.importorskip("scipy.ndimage")
morphsnakes = pytest.importorskip("skimage.segmentation.morphsnakes")

LINES = [
    np.eye(3),
    np.eye(3)[::-1],
    np.ones((3, 1)) * [0, 1, 0],
    np.array([[0], [1], [0]]) * [1, 1, 1],
]


def disc(size_hw: tuple[int, int] = (60, 70), *, noise: float = 0.15, seed: int = 0) -> np.ndarray:
    """A bright disc with noise, (Y, X) float32."""
    y, x = np.mgrid[: size_hw[0], : size_hw[1]]
    inside = (y - size_hw[0] * 0.5) ** 2 + (x - size_hw[1] * 0.4) ** 2 < (size_hw[0] / 3.3) ** 2
    values = 0.3 + 0.4 * inside + np.random.default_rng(seed).normal(0, noise, size_hw)
    return np.clip(values, 0, 1).astype(np.float32)


@pytest.fixture(autouse=True)
def from_the_start(monkeypatch: pytest.MonkeyPatch):
    """scikit-image alternates its smoothing from call to call; every test begins it anew."""
    steps = [
        lambda u: morphsnakes.sup_inf(morphsnakes.inf_sup(u)),
        lambda u: morphsnakes.inf_sup(morphsnakes.sup_inf(u)),
    ]
    monkeypatch.setattr(morphsnakes, "_curvop", morphsnakes._fcycle(steps))


def test_lines_open_and_close_as_erosions_and_dilations():
    from segwright.classical.active_contours.evolution_kernels import close_lines, open_lines

    mask = np.random.default_rng(0).random((30, 37)) < 0.5
    opened, closed = Contour(mask), Contour(mask)
    opened.move(open_lines)
    closed.move(close_lines)
    erosions = [ndimage.binary_erosion(mask, line) for line in LINES]
    dilations = [ndimage.binary_dilation(mask, line) for line in LINES]
    assert np.array_equal(opened.mask, np.max(erosions, axis=0))
    assert np.array_equal(closed.mask, np.min(dilations, axis=0))


@pytest.mark.parametrize("smoothing", [0, 1, 2])
@pytest.mark.parametrize("rounds", [1, 4, 9])
def test_two_means_are_scikit_images(smoothing: int, rounds: int):
    values = disc()
    start = checkerboard(values.shape)
    contour = Contour(start)
    two_means(contour, values[..., None], smoothing=smoothing, max_rounds=rounds)
    theirs = morphsnakes.morphological_chan_vese(
        values.astype(float), rounds, init_level_set=start, smoothing=smoothing
    )
    assert (contour.mask != theirs).mean() < 0.001
    assert (contour.mask != start).mean() > 0.1


@pytest.mark.parametrize(("outwards", "balloon"), [(True, 1), (False, -1), (False, 0)])
def test_geodesic_contours_are_scikit_images(outwards: bool, balloon: int):
    strength = ndimage.gaussian_gradient_magnitude(disc(noise=0.02), 1.5).astype(np.float32)
    start = np.zeros(strength.shape, np.uint8)
    start[20:40, 15:40] = 1
    bound = float(np.quantile(strength, 0.6))
    for rounds in (1, 6):
        contour = Contour(start)
        free = strength < np.float32(bound) if balloon else None
        drawn_to_edges(
            contour, strength, free=free, outwards=outwards, smoothing=2, max_rounds=rounds
        )
        theirs = morphsnakes.morphological_geodesic_active_contour(
            -strength, rounds, start, smoothing=2, threshold=-np.float32(bound), balloon=balloon
        )
        assert np.array_equal(contour.mask, theirs)
        assert not np.array_equal(contour.mask, start)


@pytest.mark.parametrize("initial", ["otsu", "checkerboard"])
@pytest.mark.parametrize("negative", [False, True])
def test_chan_vese_finds_a_noisy_disc(initial: str, negative: bool):
    values, clean = disc(), disc(noise=0) > 0.5
    image = Image.from_array(1 - values if negative else values)
    found = build_method("chan_vese", initial=initial).parts(image) == (0 if negative else 1)
    assert (found != clean).mean() < 0.02


def test_smoothing_is_against_noise():
    values, clean = disc(noise=0.3), disc(noise=0) > 0.5
    image = Image.from_array(values)
    rough = (build_method("chan_vese", smoothing=0).parts(image) != clean).mean()
    assert (build_method("chan_vese", smoothing=3).parts(image) != clean).mean() < rough / 3


def test_a_frame_shrinks_to_the_object():
    values, clean = disc(noise=0.02), disc(noise=0) > 0.5
    shrinking = build_method("geodesic_contour", initial="frame", balloon="inwards")
    for image in (Image.from_array(values), Image.from_array(1 - values)):
        found = shrinking.parts(image)
        assert (found != clean).mean() < 0.02


def test_a_contour_settles_even_if_it_swings():
    contour, rounds = Contour(np.zeros((4, 4))), []

    def swing() -> None:
        contour.inside = contour.inside.copy()
        contour.inside[2, 2] = 1 - contour.inside[2, 2]
        rounds.append(0)

    assert contour.settle(swing, max_rounds=100) == 2 == len(rounds)
    assert contour.settle(lambda: None, max_rounds=100) == 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2)])
@pytest.mark.parametrize("initial", ["otsu", "checkerboard"])
def test_small_images_have_two_sides(initial: str, shape: tuple[int, int]):
    image = Image.from_array(np.random.default_rng(0).random(shape).astype(np.float32))
    assert build_method("chan_vese", initial=initial).parts(image).shape == shape


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2)])
@pytest.mark.parametrize("balloon", ["none", "inwards", "outwards"])
def test_small_images_have_a_contour(balloon: str, shape: tuple[int, int]):
    image = Image.from_array(np.random.default_rng(0).random(shape).astype(np.float32))
    for initial in ("brighter", "frame"):
        method = build_method("geodesic_contour", initial=initial, balloon=balloon)
        assert method.parts(image).shape == shape
