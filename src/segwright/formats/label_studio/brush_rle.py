"""Label Studio's brush masks: RGBA samples as a bit-packed run-length code.

The code is a row of bits, highest bit of each byte first: the number of samples (32 bits), the
bits of a sample less 1 (5), four sizes in bits less 1 (4 each); then blocks until all samples are
there. A block is a flag, the number of one of the four sizes (2 bits), a count less 1 in so many
bits, and samples: one that is repeated `count` times if the flag is 1, otherwise `count` of them.
The samples are red, green, blue and alpha of every pixel, row by row; alpha is the mask.

Source: the published description of rle-pack (https://github.com/thi-ng/umbrella, Apache-2.0) and
of Label Studio's brush (https://labelstud.io/tags/brushlabels); the implementation is our own.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from segwright.errors import LabelError
from segwright.labels.cropped import Cropped
from segwright.labels.rle import RunLengths

_SIZES = (3, 4, 8, 16)
_CHANNELS = 4
_HALF = 128
"""From this alpha on a pixel is taken to be painted; a brush has soft edges."""


def decode_brush(code: bytes, size_hw: tuple[int, int]) -> tuple[RunLengths, bool]:
    """Reads a brush mask.

    Args:
        code: The bytes that Label Studio lists under "rle".
        size_hw: Height and width of the picture in pixels.

    Returns:
        The pixels whose alpha is 128 or more, and whether any alpha lies between 0 and 255.

    Raises:
        LabelError: Cut off, of another size than the picture, or with samples other than 8 bits.
    """
    height, width = size_hw
    number = height * width * _CHANNELS
    starts, values = _runs_of(code, number)
    bounds = np.append(starts, number)
    # Pixel p has its alpha at sample 4 p + 3: a run holds the alpha of pixels first … last - 1.
    pixels = bounds // _CHANNELS
    first, last = pixels[:-1], pixels[1:]
    held = last > first
    first, last, values = first[held], last[held], values[held]
    soft = bool(((values > 0) & (values < 255)).any())
    painted = values >= _HALF
    if not painted.any():
        return RunLengths(size_hw, np.array([height * width])), soft
    runs = np.stack((first[painted], last[painted]), axis=1)
    apart = np.flatnonzero(runs[1:, 0] != runs[:-1, 1])
    runs = np.stack((runs[np.append(0, apart + 1), 0], runs[np.append(apart, -1), 1]), axis=1)
    return Cropped.of_row_runs(runs, width).placed(size_hw), soft


def encode_brush(region: RunLengths) -> bytes:
    """Writes a mask as Label Studio does, with samples 0 and 255."""
    height, width = region.size_hw
    runs = Cropped.of(region).row_runs(width)
    bounds = np.concatenate(([0], runs.ravel(), [height * width])) * _CHANNELS
    bits = [f"{height * width * _CHANNELS:032b}{8 - 1:05b}", *(f"{s - 1:04b}" for s in _SIZES)]
    for number, length in enumerate(np.diff(bounds).tolist()):
        sample = "11111111" if number % 2 else "00000000"
        bits.extend(_repeated(length, sample))
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def _repeated(length: int, sample: str) -> Iterator[str]:
    """The blocks, as bits, of `length` equal samples."""
    longest = 1 << _SIZES[-1]
    while length > 0:
        count = min(length, longest)
        choice = next(i for i, size in enumerate(_SIZES) if count <= 1 << size)
        yield f"1{choice:02b}{count - 1:0{_SIZES[choice]}b}{sample}"
        length -= count


def _runs_of(code: bytes, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the runs of equal samples begin, (R,) int64 ascending from 0, and their samples."""
    bits = _Bits(code)
    announced, word = bits.take(32), bits.take(5) + 1
    if announced != number or word != 8:
        raise LabelError(
            f"a brush mask of {announced} samples of {word} bits; the picture has {number} of 8",
            remedy="Give the mask of this very picture, as red, green, blue and alpha",
        )
    sizes = [bits.take(4) + 1 for _ in range(4)]
    starts: list[np.ndarray] = []
    values: list[np.ndarray] = []
    at = 0
    while at < number:
        repeated, size = bits.take(1), sizes[bits.take(2)]
        count = bits.take(size) + 1
        if at + count > number:
            raise LabelError(
                f"a brush mask with samples beyond the {number} of its picture",
                remedy="The file may be damaged; export it again",
            )
        given = 1 if repeated else count
        starts.append(np.arange(at, at + given, dtype=np.int64))
        values.append(bits.words(given))
        at += count
    return np.concatenate(starts), np.concatenate(values)


class _Bits:
    """A row of bits that is read from the front.

    Raises (on reading):
        LabelError: It has ended.
    """

    def __init__(self, code: bytes) -> None:
        self._code = code
        self._bits = np.unpackbits(np.frombuffer(code, dtype=np.uint8))
        self._at = 0

    def take(self, size: int) -> int:
        """The next number of up to 32 bits."""
        start = self._advance(size)
        window = int.from_bytes(self._code[start >> 3 : (start >> 3) + 5].ljust(5, b"\0"), "big")
        return window >> (40 - size - (start & 7)) & ((1 << size) - 1)

    def words(self, count: int) -> np.ndarray:
        """The next numbers of 8 bits each, (count,) uint8."""
        start = self._advance(8 * count)
        return np.packbits(self._bits[start : start + 8 * count])

    def _advance(self, size: int) -> int:
        start, self._at = self._at, self._at + size
        if self._at > 8 * len(self._code):
            raise LabelError(
                f"a brush mask that ends after {len(self._code)} bytes, within its samples",
                remedy="The file may be cut off; export it again",
            )
        return start
