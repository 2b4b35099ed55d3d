"""Geometry: image and labels stay together, nothing is lost that need not be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from segwright.errors import UsageError
from segwright.labels.classes import Classes
from segwright.transforms import Augmentation, AugmentConfig
from segwright.transforms.geometry import Geometry, pixel_centres
from segwright.transforms.warp import warp_ids, warp_pixels

CLASSES = Classes.named(["dark", "light"])
IGNORE = CLASSES.ignore_index
FILL = 77.0


def blobs(size_hw: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Smooth two-class label map, (Y, X) uint8."""
    noise = np.random.default_rng(seed).standard_normal(size_hw)
    return (ndimage.gaussian_filter(noise, 6, mode="wrap") > 0).astype(np.uint8)


def near_boundary(ids: np.ndarray, reach_px: int) -> np.ndarray:
    """True where another id lies within `reach_px`, along either axis or diagonally."""
    size = 2 * reach_px + 1
    return ndimage.maximum_filter(ids, size) != ndimage.minimum_filter(ids, size)


def cut(config: AugmentConfig, size_hw: tuple[int, int], **settings: object) -> Augmentation:
    return Augmentation(config, size_hw=size_hw, classes=CLASSES, **settings)  # type: ignore[arg-type]


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    source_hw=st.tuples(st.integers(40, 150), st.integers(40, 150)),
    size_hw=st.tuples(st.integers(16, 120), st.integers(16, 120)),
    rotate_deg=st.sampled_from([0.0, 10.0, 180.0]),
    scale=st.sampled_from([(1.0, 1.0), (0.4, 0.6), (0.5, 2.0), (2.0, 3.0)]),
    shear_deg=st.sampled_from([0.0, 15.0]),
    elastic_px=st.sampled_from([0.0, 4.0]),
)
def test_labels_follow_the_image_through_any_geometry(
    seed, source_hw, size_hw, rotate_deg, scale, shear_deg, elastic_px
):
    ids = blobs(source_hw, seed)
    config = AugmentConfig(
        flip_horizontal=0.5,
        flip_vertical=0.5,
        turn=0.5,
        rotate_deg=rotate_deg,
        scale=scale,
        aspect=1.3,
        shear_deg=shear_deg,
        translate=0.2,
        elastic_px=elastic_px,
        elastic_spacing_px=24,
    )
    pixels = (ids * 200)[..., None]
    crop, crop_ids = cut(config, size_hw, fill=FILL).augment(pixels, ids, rng=rng(seed))
    assert crop.shape == (*size_hw, 1) and crop_ids.shape == size_hw
    clear = np.zeros(size_hw, bool)
    clear[1:-1, 1:-1] = ~near_boundary(crop_ids, 1)[1:-1, 1:-1]  # the rim has unseen neighbours
    known = crop_ids != IGNORE
    assert np.array_equal((crop[..., 0] > 100)[clear & known], crop_ids[clear & known] == 1)
    # Interpolation towards the fill reaches half a source pixel beyond the image.
    outside = ndimage.minimum_filter(~known, 9)
    assert (crop[..., 0][outside] == FILL).all()


def test_image_and_labels_agree_below_a_pixel():
    """A vertical edge, magnified 8 times: both must place it within half a crop pixel."""
    ids = np.zeros((64, 64), np.uint8)
    ids[:, 32:] = 1
    augmentation = cut(AugmentConfig(scale=(8, 8)), (64, 64))
    for seed in range(20):
        crop, crop_ids = augmentation.augment(
            (ids * 200)[..., None], ids, rng=rng(seed), centre_yx=(32, 32)
        )
        label_edge = np.argmax(crop_ids[32] == 1)
        # Linear interpolation crosses half way exactly where the pixels meet.
        image_edge = np.interp(100, crop[32, :, 0], np.arange(64) + 0.5)
        assert abs(image_edge - label_edge) <= 0.5 + 8 / 32


def test_elastic_reads_the_same_place_for_image_and_labels():
    """Without boundaries to hide behind: the image holds the column, labels its class band."""
    columns = np.tile(np.arange(200, dtype=np.float32), (200, 1))
    ids = (columns >= 100).astype(np.uint8)
    config = AugmentConfig(elastic_px=6, elastic_spacing_px=32, rotate_deg=30)
    crop, crop_ids = cut(config, (120, 120)).augment(columns[..., None], ids, rng=rng(3))
    # Column c is the pixel with centre c + 0.5, so class 1 starts at value 99.5.
    sure = (np.abs(crop[..., 0] - 99.5) > 0.05) & (crop_ids != IGNORE)
    assert np.array_equal((crop[..., 0] > 99.5)[sure], (crop_ids == 1)[sure])


def test_flips_and_turns_move_pixels_without_changing_them():
    pixels = rng(0).integers(0, 256, (31, 31, 3), dtype=np.uint8)
    ids = rng(1).integers(0, 2, (31, 31), dtype=np.uint8)
    config = AugmentConfig(flip_horizontal=0.5, flip_vertical=0.5, turn=0.75)
    poses = [np.rot90(side, k) for side in (pixels, pixels[:, ::-1]) for k in range(4)]
    id_poses = [np.rot90(side, k) for side in (ids, ids[:, ::-1]) for k in range(4)]
    seen = set()
    for seed in range(60):
        crop, crop_ids = cut(config, (31, 31)).augment(pixels, ids, rng=rng(seed))
        (pose,) = [k for k, posed in enumerate(poses) if np.array_equal(posed, crop)]
        assert np.array_equal(crop_ids, id_poses[pose])
        seen.add(pose)
    assert seen == set(range(8))


@pytest.mark.parametrize("side", [30, 31])
@pytest.mark.parametrize("turned", [0.0, 1.0])
def test_crops_without_resampling_are_cut_out_exactly(side, turned):
    pixels = rng(0).integers(0, 65536, (64, 51, 2), dtype=np.uint16)
    ids = rng(1).integers(0, 2, (64, 51), dtype=np.uint8)
    for seed in range(10):
        config = AugmentConfig(turn=turned)
        crop, crop_ids = cut(config, (side, 24)).augment(pixels, ids, rng=rng(seed))
        places = []
        for turn in (1, 2, 3) if turned else (0,):
            turned_ids, turned_pixels = np.rot90(ids, turn), np.rot90(pixels, turn)
            windows = np.lib.stride_tricks.sliding_window_view(turned_ids, (side, 24))
            for y, x in np.argwhere((windows == crop_ids).all(axis=(2, 3))):
                places.append(turned_pixels[y : y + side, x : x + 24])
        assert len(places) == 1
        assert np.array_equal(places[0], crop)


def test_a_crop_as_large_as_the_image_is_the_image():
    pixels = rng(0).random((20, 30, 3), dtype=np.float32)
    ids = blobs((20, 30))
    crop, crop_ids = cut(AugmentConfig.none(), (20, 30)).augment(pixels, ids, rng=rng(0))
    assert np.array_equal(crop, pixels) and np.array_equal(crop_ids, ids)


@pytest.mark.parametrize("source_hw", [(1, 1), (1, 40), (10, 12)])
def test_a_small_image_lies_whole_inside_the_crop(source_hw):
    pixels = rng(0).integers(1, 256, (*source_hw, 3), dtype=np.uint8)
    ids = rng(1).integers(0, 2, source_hw, dtype=np.uint8)
    augmentation = cut(AugmentConfig.none(), (40, 50), fill=(7, 8, 9))
    corners = set()
    for seed in range(10):
        crop, crop_ids = augmentation.augment(pixels, ids, rng=rng(seed))
        ys, xs = np.nonzero(crop_ids != IGNORE)
        window = np.s_[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
        assert np.array_equal(crop[window], pixels) and np.array_equal(crop_ids[window], ids)
        assert (crop[crop_ids == IGNORE] == (7, 8, 9)).all()
        corners.add((ys.min(), xs.min()))
    assert len(corners) > 3  # placed at random


def test_the_shown_pixel_is_in_the_crop_and_the_crop_in_the_image():
    ids = np.zeros((100, 120), np.uint8)
    pixels = np.zeros((100, 120, 1), np.uint8)
    for seed in range(30):
        y, x = rng(seed).integers((100, 120))
        marked = pixels.copy()
        marked[y, x] = 255
        config = AugmentConfig(flip_horizontal=0.5, turn=0.5)
        crop, crop_ids = cut(config, (40, 48)).augment(
            marked, ids, rng=rng(seed), centre_yx=(int(y), int(x))
        )
        assert crop.max() == 255
        assert (crop_ids == 0).all()


def test_fine_texture_shrinks_to_grey():
    board = (np.indices((200, 200)).sum(axis=0) % 2 * 255).astype(np.uint8)[..., None]
    for config in (
        AugmentConfig(scale=(0.25, 0.25)),
        AugmentConfig(scale=(0.45, 0.45), rotate_deg=45),
        AugmentConfig(scale=(0.3, 0.3), elastic_px=2),
    ):
        crop, ids = cut(config, (40, 40)).augment(board, blobs((200, 200)), rng=rng(5))
        inside = ~near_boundary((ids == IGNORE).astype(np.uint8), 2)
        assert np.abs(crop[..., 0][inside & (ids != IGNORE)] - 127.5).max() < 30


def test_magnification_and_rotation_have_the_drawn_size():
    """A disc keeps its roundness and grows by the square of the scale."""
    y, x = np.indices((200, 200)) - 99.5
    ids = (x**2 + y**2 < 30**2).astype(np.uint8)
    config = AugmentConfig(scale=(1.5, 1.5), rotate_deg=180)
    _, crop_ids = cut(config, (300, 300)).augment((ids * 9)[..., None], ids, rng=rng(0))
    assert (crop_ids == 1).sum() == pytest.approx(np.pi * 45**2, rel=0.01)
    ys, xs = np.nonzero(crop_ids == 1)
    assert ys.std() == pytest.approx(xs.std(), rel=0.01)


def test_scale_is_drawn_log_uniformly():
    """As many samples below the geometric mean as above it."""
    y, x = np.indices((60, 60)) - 29.5
    ids = (x**2 + y**2 < 10**2).astype(np.uint8)
    augmentation = cut(AugmentConfig(scale=(0.25, 4)), (240, 240))
    areas = [
        (augmentation.augment((ids * 9)[..., None], ids, rng=rng(s))[1] == 1).sum()
        for s in range(300)
    ]
    assert np.mean(np.array(areas) < ids.sum()) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("num_channels", [1, 2, 3, 4, 5, 13])
@pytest.mark.parametrize("elastic_px", [0.0, 3.0])
def test_any_channels_and_dtype(dtype, num_channels, elastic_px):
    """Every channel is treated as if it were alone."""
    pixels = rng(0).integers(0, 200, (60, 50, num_channels)).astype(dtype)
    ids = blobs((60, 50))
    fill = np.arange(num_channels) + 10.0
    config = AugmentConfig(rotate_deg=30, scale=(0.5, 0.6), elastic_px=elastic_px)
    crop, _ = cut(config, (48, 40), fill=fill).augment(pixels, ids, rng=rng(1))
    assert crop.dtype == np.float32
    for channel in range(num_channels):
        alone, _ = cut(config, (48, 40), fill=fill[channel]).augment(
            pixels[..., channel : channel + 1], ids, rng=rng(1)
        )
        # cv2 5.0 rounds positions to 1/32 pixel where two channels are read together.
        tolerance = 6 if num_channels == 2 else 0
        assert np.abs(alone[..., 0] - crop[..., channel]).max() <= tolerance


@pytest.mark.parametrize("elastic_px", [0.0, 3.0])
def test_images_beyond_16_bit_coordinates(elastic_px):
    """40,000 pixels wide: cv2 alone would refuse or wrap around."""
    ids = np.zeros((16, 40_000), np.uint8)
    ids[:, 36_000:] = 1
    config = AugmentConfig(elastic_px=elastic_px)
    crop, crop_ids = cut(config, (16, 400)).augment(
        (ids * 200)[..., None], ids, rng=rng(0), centre_yx=(8, 36_000)
    )
    clear = ~near_boundary(crop_ids, 1) & (crop_ids != IGNORE)
    assert np.array_equal((crop[..., 0] > 100)[clear], crop_ids[clear] == 1)
    assert set(np.unique(crop_ids[clear])) == {0, 1}


@pytest.mark.parametrize("bent", [False, True])
def test_a_strong_reduction_of_a_wide_image(bent):
    """A part of 50,000 pixels is read for one crop: labels agree with a plain index."""
    ids = rng(0).integers(0, 2, (3, 50_000), dtype=np.uint8)
    matrix = np.array(((100.0, 0.0, 0.0), (0.0, 1.0, 0.0)))
    geometry = Geometry((3, 500), matrix, pixel_centres((3, 500)) if bent else None)
    assert np.array_equal(warp_ids(ids, geometry, IGNORE), ids[:, 50::100])
    pixels = (ids * np.float32(9))[..., None]
    means = pixels.reshape(3, 500, 100).mean(axis=2)
    assert np.allclose(warp_pixels(pixels, geometry, (0.0,))[..., 0], means, atol=1e-3)


def test_the_same_rng_gives_the_same_crop_whatever_the_threads():
    import cv2

    pixels = rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    config = AugmentConfig.orientation_free().model_copy(
        update={"noise": 0.1, "blur_px": 2.0, "jpeg_quality": 40, "cutout": 0.5}
    )
    augmentation = cut(config, (64, 64))
    threads = cv2.getNumThreads()
    crops = []
    try:
        for count in (1, 2):
            cv2.setNumThreads(count)
            crops.append(
                [augmentation.augment(pixels, blobs((80, 90)), rng=rng(s)) for s in range(12)]
            )
    finally:
        cv2.setNumThreads(threads)
    for (pixels_a, ids_a), (pixels_b, ids_b) in zip(*crops, strict=True):
        assert np.array_equal(pixels_a, pixels_b) and np.array_equal(ids_a, ids_b)
    assert not np.array_equal(crops[0][0][0], crops[0][1][0])


@pytest.mark.parametrize(
    "config", [AugmentConfig.none(), AugmentConfig.natural(), AugmentConfig.orientation_free()]
)
def test_inputs_are_left_alone(config):
    pixels, ids = rng(0).random((50, 60, 3), dtype=np.float32), blobs((50, 60))
    before = pixels.copy(), ids.copy()
    for seed in range(5):
        crop, crop_ids = cut(config, (50, 60)).augment(pixels, ids, rng=rng(seed))
        crop += 1
        crop_ids += 1
    assert np.array_equal(pixels, before[0]) and np.array_equal(ids, before[1])


def test_many_classes_use_16_bit_ids():
    classes = Classes.named([f"c{i}" for i in range(300)])
    ids = np.full((10, 10), 299, np.uint16)
    augmentation = Augmentation(AugmentConfig.none(), size_hw=(12, 12), classes=classes)
    _, crop_ids = augmentation.augment(np.zeros((10, 10, 1), np.uint8), ids, rng=rng(0))
    assert crop_ids.dtype == np.uint16
    assert np.unique(crop_ids).tolist() == [299, 65535]


def test_refusals_say_what_was_given():
    with pytest.raises(UsageError, match="40000"):
        cut(AugmentConfig.none(), (40_000, 10))
    with pytest.raises(UsageError, match="fill"):
        cut(AugmentConfig.none(), (10, 10), fill=float("nan"))
    with pytest.raises(UsageError, match="full_scale"):
        cut(AugmentConfig.none(), (10, 10), full_scale=0.0)
    augmentation = cut(AugmentConfig.none(), (10, 10), fill=(1, 2))
    good, ids = np.zeros((20, 20, 2), np.uint8), blobs((20, 20))
    with pytest.raises(UsageError, match="int64"):
        augmentation.augment(good, ids.astype(np.int64), rng=rng(0))
    with pytest.raises(UsageError, match="float64"):
        augmentation.augment(good.astype(np.float64), ids, rng=rng(0))
    with pytest.raises(UsageError, match="3 channels"):
        augmentation.augment(np.zeros((20, 20, 3), np.uint8), ids, rng=rng(0))


@pytest.mark.parametrize("config", [AugmentConfig(), AugmentConfig.natural()])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_crop_is_the_same_where_it_is_put(config, dtype):
    pixels = (np.random.default_rng(1).random((40, 50, 3)) * 200).astype(dtype)
    ids = np.zeros((40, 50), np.uint8)
    crops = Augmentation(config, size_hw=(24, 32), classes=Classes.named(["a", "b"]))
    batch = np.full((2, 24, 32, 3), np.nan, np.float32)
    for place in range(2):
        alone, _ = crops.augment(pixels, ids, rng=np.random.default_rng(place))
        put, _ = crops.augment(pixels, ids, rng=np.random.default_rng(place), out=batch[place])
        assert np.shares_memory(put, batch[place])
        np.testing.assert_array_equal(batch[place], alone)
