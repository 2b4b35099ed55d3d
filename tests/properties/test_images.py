"""Laws that hold for any bytes."""

from __future__ import annotations

import functools
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from segwright.errors import ImageError
from segwright.images import Image, decode_image

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
