"""Label Studio's brush masks against a slow decoder that takes bit after bit, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.formats.drawn import masks

from segwright.errors import LabelError
from segwright.formats.label_studio.brush_rle import decode_brush, encode_brush
from segwright.labels.rle import RunLengths

SIDES = st.tuples(st.integers(1, 9), st.integers(1, 9))


def _slow_samples(code: bytes) -> list[int]:
    """All samples of a code, as the published description of the format tells it."""
    bits = "".join(f"{byte:08b}" for byte in code)
    at = 0

    def take(size: int) -> int:
        nonlocal at
        at += size
        assert at <= len(bits)
        return int(bits[at - size : at], 2)

    number, word = take(32), take(5) + 1
    sizes = [take(4) + 1 for _ in range(4)]
    samples: list[int] = []
    while len(samples) < number:
        repeated = take(1)
        count = take(sizes[take(2)]) + 1
        samples += [take(word)] * count if repeated else [take(word) for _ in range(count)]
    return samples


def _code(samples: list[int], blocks: list[tuple[int, list[int]]], sizes: list[int]) -> bytes:
    """A code of given blocks: the number of the size to take, and the samples of the block."""
    assert samples == [sample for _, block in blocks for sample in block]
    bits = f"{len(samples):032b}00111" + "".join(f"{size - 1:04b}" for size in sizes)
    for choice, block in blocks:
        repeated = len(block) > 1 and len(set(block)) == 1
        bits += f"{int(repeated)}{choice:02b}{len(block) - 1:0{sizes[choice]}b}"
        bits += "".join(f"{sample:08b}" for sample in (block[:1] if repeated else block))
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def test_two_pixels_by_hand() -> None:
    """The left pixel is empty, the right one painted: two runs of four samples."""
    bits = (
        "00000000000000000000000000001000"  # 8 samples
        "00111"  # of 8 bits
        "0010001101111111"  # counts in 3, 4, 8 or 16 bits
        "1"  # repeated,
        "00"  # a count of 3 bits
        "011"  # which is 4,
        "00000000"  # of 0
        "10001111111111"  # and four times 255
        "0000000"  # up to a whole byte
    )
    code = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits) - len(bits) % 8, 8))
    region, soft = decode_brush(code, (1, 2))
    assert (region.mask().tolist(), soft) == ([[False, True]], False)
    assert encode_brush(region) == code


def test_a_run_longer_than_any_count() -> None:
    mask = np.ones((150, 200), dtype=bool)  # 120,000 samples, of which 65,536 fit into a run
    mask[:2] = False
    region = RunLengths.from_mask(mask)
    code = encode_brush(region)
    assert _slow_samples(code)[3::4] == [255 * int(one) for one in mask.ravel()]
    np.testing.assert_array_equal(decode_brush(code, (150, 200))[0].mask(), mask)


@given(st.data())
def test_written_samples_are_the_mask(data: st.DataObject) -> None:
    size_hw = data.draw(SIDES)
    mask = data.draw(masks(size_hw))
    code = encode_brush(RunLengths.from_mask(mask))
    assert _slow_samples(code) == np.repeat(mask.ravel() * 255, 4).tolist()
    np.testing.assert_array_equal(decode_brush(code, size_hw)[0].mask(), mask)


@given(st.data())
def test_any_code_is_read_like_bit_by_bit(data: st.DataObject) -> None:
    """Blocks end anywhere, within pixels too; literal blocks, other sizes, soft edges."""
    height, width = size_hw = data.draw(SIDES)
    sizes = data.draw(st.lists(st.integers(1, 16), min_size=4, max_size=4))
    left = height * width * 4
    blocks: list[tuple[int, list[int]]] = []
    while left:
        choice = data.draw(st.integers(0, 3))
        count = data.draw(st.integers(1, min(left, 1 << sizes[choice], 40)))
        sample = st.sampled_from([0, 1, 127, 128, 255])
        if data.draw(st.booleans()):
            block = [data.draw(sample)] * count
        else:
            block = data.draw(st.lists(sample, min_size=count, max_size=count))
        blocks.append((choice, block))
        left -= count
    samples = [sample for _, block in blocks for sample in block]
    code = _code(samples, blocks, sizes)
    assert _slow_samples(code) == samples
    region, soft = decode_brush(code, size_hw)
    alpha = np.array(samples)[3::4].reshape(size_hw)
    np.testing.assert_array_equal(region.mask(), alpha >= 128)
    assert soft == bool(((alpha > 0) & (alpha < 255)).any())


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (b"", "ends after 0 bytes"),
        (encode_brush(RunLengths((2, 3), np.array([2, 4])))[:-1], "ends after"),
        (encode_brush(RunLengths((3, 3), np.array([2, 7]))), "36 samples of 8 bits.*has 24 of 8"),
        (_code([0] * 30, [(0, [0] * 8), (3, [0] * 22)], [3, 4, 8, 16]), "30 samples"),
        (
            (24).to_bytes(4, "big") + _code([0] * 30, [(3, [0] * 30)], [3, 4, 8, 16])[4:],
            "beyond the 24",
        ),
    ],
)
def test_codes_that_are_refused(code: bytes, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        decode_brush(code, (2, 3))


def test_a_long_code_of_nothing_is_refused_at_once() -> None:
    """It announces four billion samples and would take as many bytes."""
    with pytest.raises(LabelError, match="4294967295 samples"):
        decode_brush(b"\xff" * 100, (10, 10))
