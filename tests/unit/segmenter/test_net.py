"""NetSegmenter: the original grid, tiles, averaging, batches, channels, faults."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from segwright.errors import ImageError, SegwrightError, UsageError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.models.output import SemanticOutput
from segwright.segmenter import NetSegmenter, Preparation, Segmenter
from segwright.segmenter.torch_runtime import device_kinds, mirrored

CLASSES = Classes.named(["sky", "road", "car"], background=0)
RGB = Preparation(channels=3, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))


class Strided(nn.Module):
    """Stride 2, sees 7 pixels around: an ordinary network with a small receptive field."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, len(CLASSES), 3, padding=1),
        )

    def forward(self, x: torch.Tensor) -> SemanticOutput:
        return SemanticOutput(self.layers(x) * 10)


class Brightest(nn.Module):
    """The channel with the highest value is the class: its result is known pixel by pixel."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 50


def random_image(height: int, width: int, seed: int = 0) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image(pixels)


def smooth_image(height: int, width: int) -> Image:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    waves = [np.sin(y / 23 + x / 31), np.cos(y / 17), np.sin(x / 13 + 1)]
    return Image((np.stack(waves, -1) * 127 + 127).astype(np.uint8))


def test_it_is_a_segmenter():
    assert isinstance(NetSegmenter(Strided(), CLASSES, RGB), Segmenter)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 77), (45, 3), (64, 96), (131, 67)])
@pytest.mark.parametrize("settings", [{}, {"tile": 64, "overlap": 32}])
def test_every_pixel_is_labelled_on_its_own_grid(size_hw, settings):
    image = random_image(*size_hw)
    segmenter = NetSegmenter(Brightest(), CLASSES, RGB, **settings)
    result = segmenter.segment(image, probabilities=True)
    np.testing.assert_array_equal(result.labels.ids, image.pixels.argmax(-1))
    assert result.labels.ids.dtype == np.uint8
    assert result.probabilities.shape == (3, *size_hw)
    np.testing.assert_allclose(result.probabilities.sum(0), 1, atol=1e-5)


def test_logits_at_a_stride_are_resized_before_the_class_is_decided():
    image = smooth_image(50, 70)
    model = Strided().eval()
    found = NetSegmenter(model, CLASSES, RGB, size_multiple=2).segment(image, probabilities=True)
    with torch.inference_mode():
        logits = model(torch.from_numpy(RGB.apply(image))[None]).logits
        oracle = nn.functional.interpolate(logits, size=(50, 70), mode="bilinear").softmax(1)[0]
    np.testing.assert_allclose(found.probabilities, oracle.numpy(), atol=1e-5)


@pytest.mark.parametrize("size_hw", [(150, 200), (70, 211), (203, 40)])
def test_tiles_give_what_the_whole_image_gives(size_hw):
    image = random_image(*size_hw)
    settings = {"size_multiple": 4, "overlap": 32}
    whole = NetSegmenter(Strided(), CLASSES, RGB, tile=512, **settings)
    tiled = NetSegmenter(Strided(), CLASSES, RGB, tile=68, **settings)
    one, many = (s.segment(image, probabilities=True) for s in (whole, tiled))
    assert one.provenance["tiles"] == 1
    assert many.provenance["tiles"] > 1
    np.testing.assert_allclose(many.probabilities, one.probabilities, atol=1e-5)


def test_tiles_that_share_less_than_the_network_sees_do_differ():
    image = random_image(150, 200)
    whole = NetSegmenter(Strided(), CLASSES, RGB, tile=512, size_multiple=4)
    tiled = NetSegmenter(Strided(), CLASSES, RGB, tile=68, size_multiple=4, overlap=0)
    one, many = (s.segment(image, probabilities=True).probabilities for s in (whole, tiled))
    assert np.abs(one - many).max() > 1e-3


def test_labels_do_not_depend_on_asking_for_probabilities():
    image = random_image(150, 90)
    segmenter = NetSegmenter(Strided(), CLASSES, RGB, tile=64, overlap=32)
    asked, plain = segmenter.segment(image, probabilities=True), segmenter.segment(image)
    assert plain.probabilities is None
    np.testing.assert_array_equal(asked.labels.ids, plain.labels.ids)
    np.testing.assert_array_equal(asked.labels.ids, asked.probabilities.argmax(0))


@pytest.mark.parametrize("axis", ["y", "x"])
def test_averaging_over_flips_makes_the_result_flip_with_the_image(axis):
    image = random_image(32, 64)
    where = {"y": 0, "x": 1}[axis]
    flipped = Image(np.ascontiguousarray(np.flip(image.pixels, where)))

    def gap(**settings) -> float:
        segmenter = NetSegmenter(Strided(), CLASSES, RGB, **settings)
        one, other = (
            s.probabilities for s in segmenter.segment_many([image, flipped], probabilities=True)
        )
        return float(np.abs(np.flip(one, where + 1) - other).max())

    assert gap() > 1e-2
    assert gap(flips=("y", "x")) < 1e-5


def test_averaging_over_scales_is_the_mean_of_single_scales():
    image = smooth_image(40, 56)

    def probabilities(**settings) -> np.ndarray:
        return (
            NetSegmenter(Strided(), CLASSES, RGB, **settings)
            .segment(image, probabilities=True)
            .probabilities
        )

    expected = (probabilities(scale=0.375) + probabilities(scale=0.5)) / 2
    np.testing.assert_allclose(probabilities(scale=0.5, scales=(0.75, 1)), expected, atol=1e-6)


@pytest.mark.parametrize("scale", [0.5, 0.75, 1.5])
def test_the_network_sees_the_scaled_image_and_the_result_lies_on_the_original(scale):
    seen = []

    class Watching(Brightest):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(tuple(x.shape[-2:]))
            return super().forward(x)

    image = smooth_image(90, 121)
    result = NetSegmenter(Watching(), CLASSES, RGB, scale=scale, size_multiple=1).segment(image)
    assert seen == [(round(90 * scale), round(121 * scale))]
    # A smooth image keeps its classes when resized, except along their borders.
    assert (result.labels.ids == image.pixels.argmax(-1)).mean() > 0.97


def test_shrinking_averages_instead_of_skipping_pixels():
    checkers = np.indices((64, 64)).sum(0) % 2 * 255
    seen = []

    class Watching(Brightest):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(x)
            return super().forward(x)

    image = Image(np.repeat(checkers[..., None], 3, 2).astype(np.uint8))
    NetSegmenter(Watching(), CLASSES, RGB, scale=0.25).segment(image)
    inner = seen[0][..., 2:14, 2:14]
    assert inner.abs().max() < 0.1  # grey, which is 0 after (v - 0.5) / 0.25


def test_many_images_give_the_same_as_one_by_one_and_equal_sizes_run_together():
    images = [random_image(40, 48, seed) for seed in range(5)] + [
        random_image(48, 40),
        random_image(200, 40),
    ]
    sizes = []

    class Watching(Strided):
        def forward(self, x: torch.Tensor) -> SemanticOutput:
            sizes.append(len(x))
            return super().forward(x)

    segmenter = NetSegmenter(Watching(), CLASSES, RGB, tile=96, overlap=32)
    together = list(segmenter.segment_many(iter(images)))
    assert sizes[:3] == [4, 1, 1]  # 96² has the area of four, then the fifth, then another size
    for image, result in zip(images, together, strict=True):
        assert result.image is image
        np.testing.assert_array_equal(result.labels.ids, segmenter.segment(image).labels.ids)


@settings(max_examples=30)
@given(st.lists(st.sampled_from([(4, 70), (70, 9), (16, 16), (32, 32), (40, 33)]), max_size=7))
def test_every_image_of_a_stream_gets_its_own_result_in_order(sizes):
    segmenter = NetSegmenter(Brightest(), CLASSES, RGB, tile=32, overlap=0)
    images = [random_image(*size_hw, seed) for seed, size_hw in enumerate(sizes)]
    results = list(segmenter.segment_many(iter(images)))
    assert [result.image for result in results] == images
    for image, result in zip(images, results, strict=True):
        np.testing.assert_array_equal(result.labels.ids, image.pixels.argmax(-1))


def test_provenance_records_how_the_result_came_about():
    grey = Image(np.zeros((8, 8, 1), np.uint8))
    segmenter = NetSegmenter(
        Strided(), CLASSES, RGB, model_name="strided", provenance={"data": "abc"}, flips=("x",)
    )
    provenance = segmenter.segment(grey).provenance
    assert provenance["segmenter"] == {"model": "strided", "data": "abc"}
    assert provenance["settings"]["flips"] == ["x"]
    assert provenance["device"] == "cpu"
    assert "repeated" in provenance["channels"]
    assert "channels" not in segmenter.segment(random_image(8, 8)).provenance


def test_the_network_is_switched_to_evaluation_every_time():
    model = Strided()
    segmenter = NetSegmenter(model, CLASSES, RGB)
    before = segmenter.segment(random_image(32, 32), probabilities=True).probabilities
    model.train()
    after = segmenter.segment(random_image(32, 32), probabilities=True).probabilities
    np.testing.assert_array_equal(before, after)
    assert not model.training


def test_bfloat16_is_close_but_not_the_same():
    image = smooth_image(32, 32)
    full, mixed = (
        NetSegmenter(Strided(), CLASSES, RGB, precision=precision)
        .segment(image, probabilities=True)
        .probabilities
        for precision in ("float32", "bfloat16")
    )
    gap = np.abs(full - mixed).max()
    assert 0 < gap < 0.1
    assert mixed.dtype == np.float32


@pytest.mark.parametrize("tile", [32, 64])
def test_an_image_with_other_channels_is_refused_whole_or_tiled(tile):
    segmenter = NetSegmenter(Strided(), CLASSES, RGB, tile=tile, overlap=0)
    with pytest.raises(ImageError, match="4 channels"):
        segmenter.segment(Image(np.zeros((40, 40, 4), np.uint8)))


def test_output_that_is_not_finite_or_has_other_classes_is_refused():
    class Broken(Brightest):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x / 0

    with pytest.raises(SegwrightError, match="not finite"):
        NetSegmenter(Broken(), CLASSES, RGB).segment(random_image(8, 8))
    two = Classes.named(["a", "b"])
    with pytest.raises(UsageError, match="2, y, x"):
        NetSegmenter(Brightest(), two, RGB).segment(random_image(8, 8))


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta", "xpu"])
def test_a_device_that_is_not_here_is_refused(device):
    with pytest.raises(UsageError, match=r"not available; here are: cpu"):
        NetSegmenter(Strided(), CLASSES, RGB, device=device)


def test_mirroring_repeats_back_and_forth_at_any_length():
    row = torch.arange(3.0).reshape(1, 1, 1, 3)
    assert mirrored(row, 8)[0, 0].tolist() == [[0, 1, 2, 2, 1, 0, 0, 1]] * 8
    for length in range(1, 12):
        pixels = np.random.default_rng(length).random((1, 2, length, 5), dtype=np.float32)
        oracle = np.pad(pixels, ((0, 0), (0, 0), (0, -length % 8), (0, 3)), mode="symmetric")
        np.testing.assert_array_equal(mirrored(torch.from_numpy(pixels), 8).numpy(), oracle)


def test_the_fastest_kind_of_device_comes_first(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for cuda, kinds in ((False, ("cpu",)), (True, ("cuda", "cpu"))):
        monkeypatch.setattr(torch.cuda, "is_available", lambda cuda=cuda: cuda)
        assert device_kinds() == kinds


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 9), (9, 1)])
def test_pictures_of_one_pixel_or_one_row_are_segmented_from_all_sides(size_hw: tuple[int, int]):
    segmenter = NetSegmenter(Strided(), CLASSES, RGB, flips=("x", "y"), size_multiple=4)
    result = segmenter.segment(random_image(*size_hw), probabilities=True)
    assert result.labels.size_hw == size_hw
    np.testing.assert_allclose(result.probabilities.sum(0), 1, atol=1e-5)
