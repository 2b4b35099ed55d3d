"""The dense CRF against sums over all pairs of pixels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from segwright.errors import UsageError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.refine import Labelling, bilateral_grid, colour_cells
from segwright.refine.bilateral_grid import BilateralGrid
from segwright.refine.crf import Crf
from segwright.refine.mean_field import in_lanes, out_of_lanes


def scene(size_hw: tuple[int, int], channels: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Textured surfaces with shading: (Y, X, C) uint8, and which surface each pixel is of."""
    rng = np.random.default_rng(seed)
    surface = ndimage.gaussian_filter(rng.normal(size=(4, *size_hw)), (0, 6, 6)).argmax(0)
    colours = rng.uniform(30, 220, (4, channels))[surface]
    shade = 200 * ndimage.gaussian_filter(rng.normal(size=(*size_hw, 1)), (9, 9, 0))
    pixels = colours + shade + rng.normal(size=colours.shape) * 6
    return np.clip(pixels, 0, 255).astype(np.uint8), surface


def believed(surface: np.ndarray, classes: int, seed: int = 0) -> np.ndarray:
    """(K, Y, X) float32 of a method that is often wrong."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(classes, *surface.shape))
    scores += 1.5 * (surface == np.arange(classes)[:, None, None])
    odds = np.exp(scores)
    return (odds / odds.sum(0)).astype(np.float32)


def squared(positions: np.ndarray) -> np.ndarray:
    return ((positions[:, None] - positions[None]) ** 2).sum(-1)


def all_pairs(size_hw: tuple[int, int], sigma_px: float, colours: np.ndarray | None = None):
    """(P, P) kernel of pixels."""
    places = np.stack(np.mgrid[: size_hw[0], : size_hw[1]], axis=-1).reshape(-1, 2)
    exponent = squared(places) / sigma_px**2
    if colours is not None:
        exponent = exponent + squared(colours.reshape(len(places), -1).astype(np.float64))
    return np.exp(-exponent / 2)


def slow(crf: Crf, given: np.ndarray, pixels: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """Mean field, pair by pair, in float64."""
    number, *size_hw = given.shape
    weights = [crf.edge_weight, crf.smooth_weight]
    kernels = [
        all_pairs((size_hw[0], size_hw[1]), crf.edge_px, pixels / 255 / crf.edge_tone),
        all_pairs((size_hw[0], size_hw[1]), crf.smooth_px),
    ]
    penalties = 1 - np.eye(number) if crf.penalties is None else np.array(crf.penalties)
    for n, kernel in enumerate(kernels):
        kernel *= judged.ravel() * judged.ravel()[:, None]
        norm = np.sqrt(np.maximum(kernel.sum(1), 1e-9))
        kernel /= norm * norm[:, None]
        np.fill_diagonal(kernel, 0)
        kernels[n] = weights[n] * kernel
    logs = np.log(np.maximum(given.reshape(number, -1).astype(np.float64), 1e-6))
    energy = np.zeros_like(logs)
    for _ in range(crf.iterations + 1):
        odds = np.exp(logs - energy - (logs - energy).max(0))
        beliefs = odds / odds.sum(0)
        energy = penalties @ sum(beliefs @ kernel for kernel in kernels)
    return beliefs.reshape(given.shape)


def refined(
    crf: Crf, given: np.ndarray, pixels: np.ndarray, judged: np.ndarray | None = None
) -> np.ndarray:
    ids = given.argmax(0).astype(np.uint8)
    if judged is not None:
        ids[~judged] = 255
    classes = Classes.named([f"class {i}" for i in range(len(given))])
    found = crf.apply(Labelling(LabelMap(ids, classes), given), Image(pixels))
    assert found.probabilities is not None
    return found.probabilities


# --- sums


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("sigma_px", [4.0, 20.0, 90.0])
def test_sums_are_those_over_all_pairs(channels: int, sigma_px: float) -> None:
    pixels, surface = scene((40, 55), channels)
    colours = pixels.astype(np.float32) / 13
    grid = BilateralGrid(colours, sigma_px)
    values = np.zeros((40, 55, 8), np.float32)
    values[..., :4] = surface[..., None] == np.arange(4)  # as hard as can be
    values[..., 4] = 1
    scale = np.random.default_rng(1).uniform(0.5, 1, (40, 55)).astype(np.float32)
    found = grid.sums(values, scale)
    again = grid.sums(values, scale)
    np.testing.assert_array_equal(found, again)
    kernel = all_pairs((40, 55), sigma_px, colours)
    scaled = values.reshape(-1, 8) * scale.reshape(-1, 1)
    expected = (kernel @ scaled).reshape(values.shape)
    error = np.abs(found / found[..., 4:5] - expected / expected[..., 4:5])
    assert error.max() < 0.02 and error.mean() < 1e-3
    np.testing.assert_allclose(found[..., 4], expected[..., 4], rtol=0.06)
    np.testing.assert_allclose(grid.own, 1, atol=0.05)


def test_one_message_in_a_photograph(shared_data) -> None:
    """Labels of a street, as hard as can be: within 0.01 of the exact mean at 1,000 pixels."""
    from PIL import Image as PillowImage

    place = sorted((shared_data / "camvid" / "val" / "images").iterdir())[0]
    pixels = np.array(PillowImage.open(place).convert("RGB").resize((480, 360)))
    mask = shared_data / "camvid" / "val" / "masks" / f"{place.stem}.png"
    ids = np.array(PillowImage.open(mask).resize((480, 360), PillowImage.Resampling.NEAREST))
    values = np.ones((360, 480, 16), np.float32)
    values[..., :11] = ids[..., None] == np.arange(11)
    crf = Crf()
    colours = pixels.astype(np.float32) / 255 / np.float32(crf.edge_tone)
    sums = BilateralGrid(colours, crf.edge_px).sums(values, np.ones((360, 480), np.float32))
    found = (sums[..., :11] / sums[..., 11:12]).reshape(-1, 11)
    some = np.random.default_rng(0).choice(360 * 480, 1000, replace=False)
    places = np.stack(np.mgrid[:360, :480], axis=-1).reshape(-1, 2) / crf.edge_px
    features = np.concatenate([places, colours.reshape(-1, 3)], axis=1).astype(np.float32)
    features -= features.mean(0)
    own, others = features[some], features
    distance = (own**2).sum(1)[:, None] + (others**2).sum(1) - 2 * own @ others.T
    kernel = np.exp(-np.maximum(distance, 0) / 2)
    exact = kernel @ values.reshape(-1, 16)
    error = np.abs(found[some] - exact[:, :11] / exact[:, 11:12])
    assert error.max() < 0.01


def test_colours_without_end_are_refused() -> None:
    noise = np.random.default_rng(0).uniform(0, 100, (300, 300, 3)).astype(np.float32)
    with pytest.raises(UsageError, match="different colours at this precision"):
        BilateralGrid(noise, 5.0)


# --- mean field


@pytest.mark.parametrize(
    ("crf", "classes", "channels"),
    [
        (Crf(), 2, 3),
        (Crf(edge_px=20, edge_tone=0.1), 4, 3),
        (Crf(edge_px=8, edge_tone=0.03, edge_weight=10), 5, 1),
        (Crf(smooth_weight=0), 18, 3),
        (Crf(edge_weight=0, smooth_px=0.7), 4, 2),
        (Crf(penalties=((0, 1, 3, 1), (1, 0, 2, 0.5), (3, 2, 0, 1), (1, 0.5, 1, 0))), 4, 3),
    ],
)
def test_mean_field_is_that_over_all_pairs(crf: Crf, classes: int, channels: int) -> None:
    pixels, surface = scene((36, 50), channels)
    given = believed(surface, classes)
    judged = np.random.default_rng(5).random(surface.shape) > 0.05
    found = refined(crf, given, pixels, judged)
    expected = slow(crf, given, pixels, judged)
    same = found.argmax(0) == expected.argmax(0)
    assert same[judged].mean() >= 0.99
    assert np.abs(found - expected)[:, judged].mean() < 2e-3
    np.testing.assert_array_equal(found[:, ~judged], given[:, ~judged])
    if classes == 4:  # it is not for nothing
        assert (expected.argmax(0) == surface).mean() > (given.argmax(0) == surface).mean() + 0.1


def test_of_many_channels_the_principal_components_count() -> None:
    pixels, surface = scene((30, 40), 3)
    given = believed(surface, 4)
    mixed = np.concatenate([pixels, pixels[..., :2]], axis=-1)  # two channels stand twice
    crf = Crf(edge_px=10)
    found = refined(crf, given, mixed)
    expected = slow(crf, given, mixed, np.ones(surface.shape, bool))
    assert (found.argmax(0) == expected.argmax(0)).mean() >= 0.99


def test_tiles_give_what_the_whole_gives() -> None:
    pixels, surface = scene((70, 230), 3)
    given = believed(surface, 4)
    crf = Crf(edge_px=6, edge_tone=0.1, smooth_px=2)
    assert len(list(crf._tiles((70, 230)))) > 3
    found = refined(crf, given, pixels)
    whole = crf._inferred(given, pixels / np.float32(25.5), np.ones((70, 230), bool))
    assert (found.argmax(0) == whole.argmax(0)).mean() >= 0.99


def test_tiles_with_too_many_colours_are_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """With little memory for colours, the same image is worked on in more and smaller tiles."""
    pixels, surface = scene((60, 64), 3)
    given = believed(surface, 4)
    crf = Crf(edge_px=4, edge_tone=0.05, smooth_px=2)
    whole = refined(crf, given, pixels)
    sizes: list[tuple[int, ...]] = []
    inferred = Crf._inferred

    def counted(self: Crf, probabilities: np.ndarray, *rest: np.ndarray) -> np.ndarray:
        sizes.append(probabilities.shape[1:])
        return inferred(self, probabilities, *rest)

    monkeypatch.setattr(Crf, "_inferred", counted)
    refined(crf, given, pixels)
    before = len(sizes)
    monkeypatch.setattr(bilateral_grid, "_MOST_BYTES", 25_000_000)
    found = refined(crf, given, pixels)
    assert len(sizes) - before > 2 * before
    assert (found.argmax(0) == whole.argmax(0)).mean() >= 0.99
    monkeypatch.setattr(bilateral_grid, "_MOST_BYTES", 1_000)
    with pytest.raises(UsageError, match="different colours at this precision"):
        refined(crf, given, pixels)
    monkeypatch.setattr(colour_cells, "_MOST_SPANNED", 1_000)
    with pytest.raises(UsageError, match="colours from end to end at this precision"):
        refined(crf, given, pixels)


def test_without_weights_nothing_changes() -> None:
    pixels, surface = scene((20, 20), 3)
    given = believed(surface, 4)
    found = refined(Crf(edge_weight=0, smooth_weight=0), given, pixels)
    np.testing.assert_allclose(found, given, atol=1e-6)


@pytest.mark.parametrize("number", [1, 4, 5, 12, 13, 16, 17, 33])
def test_lanes_hold_all_classes(number: int) -> None:
    planes = np.random.default_rng(0).random((number, 3, 5)).astype(np.float32)
    lanes = in_lanes(planes, fill=np.float32(-1))
    assert lanes.shape[-1] in (4, 8, 16)
    np.testing.assert_array_equal(out_of_lanes(lanes, number), planes)
