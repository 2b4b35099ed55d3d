"""Laws that hold for any bytes and any sizes."""

from __future__ import annotations

import functools
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from segwright.errors import ImageError
from segwright.images import Image, blend_window, decode_image, tile_grid

# Save options by name: small files, one for each path through the decoders.
FILES: dict[str, tuple[str, dict[str, object]]] = {
    "png": ("RGB", {"format": "png"}),
    "png palette": ("P", {"format": "png"}),
    "png 16 bit": ("I;16", {"format": "png"}),
    "jpeg": ("RGB", {"format": "jpeg"}),
    "jpeg progressive": ("L", {"format": "jpeg", "progressive": True}),
    "tiff": ("RGB", {"format": "tiff"}),
    "tiff deflate": ("RGB", {"format": "tiff", "compression": "tiff_adobe_deflate"}),
    "tiff lzw": ("RGB", {"format": "tiff", "compression": "tiff_lzw"}),
    "tiff palette": ("P", {"format": "tiff"}),
    "webp": ("RGBA", {"format": "webp"}),
    "webp lossless": ("RGB", {"format": "webp", "lossless": True}),
    "bmp": ("RGB", {"format": "bmp"}),
    "gif": ("P", {"format": "gif"}),
}


@functools.cache
def valid_file(name: str) -> bytes:
    mode, options = FILES[name]
    array = np.random.default_rng(3).integers(0, 256, (9, 7, 3), np.uint8)
    buffer = io.BytesIO()
    PillowImage.fromarray(array).convert("L" if mode == "I;16" else mode).convert(mode).save(
        buffer, **options
    )
    return buffer.getvalue()


def image_or_none(data: bytes) -> Image | None:
    """The image, or None after an ImageError; anything else fails the test."""
    try:
        return decode_image(data)
    except ImageError:
        return None


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_mutated_files_give_an_image_or_an_image_error(name, data):
    content = bytearray(valid_file(name))
    places = st.integers(0, len(content) - 1)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(places)] = data.draw(st.sampled_from([0, 1, 2, 127, 128, 254, 255]))
    if data.draw(st.booleans()):
        start = data.draw(places)
        del content[start : start + data.draw(st.integers(1, 20))]
    image_or_none(bytes(content))


@pytest.mark.parametrize("name", FILES)
def test_a_cut_off_file_is_never_half_read(name):
    content = valid_file(name)
    whole = decode_image(content).pixels
    for length in range(len(content)):
        image = image_or_none(content[:length])
        # Only bytes that carry no pixels may be missing.
        assert image is None or np.array_equal(image.pixels, whole), f"first {length} bytes"


sides = st.integers(1, 90)


@st.composite
def grids(draw):
    tile_hw = draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    overlap = draw(st.integers(0, min(tile_hw) // 2))
    return draw(st.tuples(sides, sides)), tile_hw, overlap


@settings(max_examples=150, deadline=None)
@given(grids())
def test_tiles_cover_everything_with_weight_and_are_few(grid):
    size_hw, tile_hw, overlap = grid
    tiles = tile_grid(size_hw, tile_hw, overlap)
    window = blend_window(tile_hw)
    weight, count = np.zeros(size_hw, np.float32), np.zeros(size_hw, int)
    for tile in tiles:
        assert tuple(np.add(tile.size_hw, tile.pad_hw)) == tile_hw
        assert count[tile.slices].shape == tile.size_hw, "a tile reaches beyond the picture"
        weight[tile.slices] += window[: tile.size_hw[0], : tile.size_hw[1]]
        count[tile.slices] += 1
    assert count.min() >= 1 and count.max() <= 9
    assert weight.min() > 1e-4
    steps = [-(-(size - overlap) // (tile - overlap)) for size, tile in zip(*grid[:2], strict=True)]
    assert len(tiles) <= max(steps[0], 1) * max(steps[1], 1), "more tiles than the overlap asks for"
    assert len(set(tiles)) == len(tiles)


@given(grids())
@settings(max_examples=60, deadline=None)
def test_blending_equal_predictions_gives_them_back(grid):
    size_hw, tile_hw, overlap = grid
    picture = np.random.default_rng(0).random(size_hw, np.float32)
    window = blend_window(tile_hw)
    total, weight = np.zeros(size_hw, np.float32), np.zeros(size_hw, np.float32)
    for tile in tile_grid(size_hw, tile_hw, overlap):
        weights = window[: tile.size_hw[0], : tile.size_hw[1]]
        total[tile.slices] += picture[tile.slices] * weights
        weight[tile.slices] += weights
    np.testing.assert_allclose(total / weight, picture, rtol=1e-5)


@given(st.tuples(st.integers(1, 300), st.integers(1, 300)))
@settings(max_examples=40, deadline=None)
def test_window_is_above_zero_and_symmetric(tile_hw):
    window = blend_window(tile_hw)
    assert window.shape == tile_hw and window.min() > 0 and window.max() <= 1
    np.testing.assert_allclose(window, window[::-1, ::-1], rtol=1e-6)
