"""PNG to the stored samples, with all 16 bits.

Pillow undoes PNG's filters fast, but keeps 8 of 16 bits of colour images and believes damaged
chunks. So the chunks are checked here, only those that carry pixels are handed on, and where a
sample has two bytes both are asked for.

Source: PNG 3rd edition (W3C 2025).
"""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np

from segwright.images.faults import Unreadable, truncated
from segwright.images.raster import Raster

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


def decode_png(data: bytes) -> Raster:
    """Decodes a whole PNG file.

    Raises:
        Unreadable: A chunk is cut off or damaged, or the header stands twice.
    """
    chunks = _pixel_chunks(data)
    header = chunks[0][1]
    bits, colour = header[8], header[9]
    wide = bits == 16
    if wide and colour == 4:
        # Two 16-bit samples are stored byte for byte like four 8-bit ones.
        chunks[0] = b"IHDR", header[:8] + b"\x08\x06" + header[10:]
    png = _joined(chunks)
    samples = _samples(png)
    if wide and colour == 4:
        samples = samples.view(">u2").astype(np.uint16)
    elif wide and colour in (2, 6):
        samples = samples.astype(np.uint16) << 8 | _samples(png, low_bytes=True)
    elif bits in (2, 4) and colour == 0:  # Pillow spreads them over 0 … 255
        samples = samples // (255 // (2**bits - 1))

    extra = dict(chunks[1:])
    if colour == 3:
        return Raster(samples, palette=_palette(extra.get(b"PLTE", b""), extra.get(b"tRNS", b"")))
    if colour in (4, 6):
        return Raster(samples[..., :-1], alpha=samples[..., -1])
    transparent = None
    if b"tRNS" in extra:
        channels = samples.shape[-1]
        if len(extra[b"tRNS"]) != 2 * channels:
            raise Unreadable("the PNG's transparency chunk is damaged", "Save the image again")
        transparent = struct.unpack(f">{channels}H", extra[b"tRNS"])
    return Raster(samples, bits=bits, transparent=transparent)


def _pixel_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks that carry pixels, in order, each with its checksum verified."""
    chunks = []
    at = len(_SIGNATURE)
    while True:
        if at + 12 > len(data):
            raise truncated("the PNG's chunk list")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise truncated(f"the PNG's {kind.decode('latin-1')} chunk")
        if kind == b"IHDR" and chunks:  # the limits were checked on the first one
            raise Unreadable("the PNG has a second IHDR chunk", "Save the image again")
        if kind in _PIXEL_CHUNKS:
            body = data[at + 8 : end - 4]
            if zlib.crc32(body, zlib.crc32(kind)) != int.from_bytes(data[end - 4 : end], "big"):
                raise Unreadable(
                    f"the PNG's {kind.decode('latin-1')} chunk at byte {at} is damaged "
                    "(its checksum is wrong)",
                    "Copy or download the file again",
                )
            chunks.append((kind, body))
            if kind == b"IEND":
                return chunks
        at = end


def _joined(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG of these chunks, without transparency, which is applied to the samples afterwards."""
    parts = [_SIGNATURE]
    for kind, body in chunks:
        if kind != b"tRNS":
            checksum = zlib.crc32(body, zlib.crc32(kind))
            parts += [struct.pack(">I", len(body)), kind, body, struct.pack(">I", checksum)]
    return b"".join(parts)


def _samples(png: bytes, *, low_bytes: bool = False) -> np.ndarray:
    """(Y, X, C) samples; of 16-bit colour the high or the low byte of each."""
    from PIL import PngImagePlugin

    with PngImagePlugin.PngImageFile(io.BytesIO(png)) as picture:
        if low_bytes:
            # "16L" takes the second byte of each pair: the high one of little-endian samples,
            # and so the low one of PNG's big-endian samples.
            raw_mode = f"{picture.mode};16L"
            picture.tile = [tile._replace(args=raw_mode) for tile in picture.tile]
        samples = np.asarray(picture)
    if samples.dtype == bool:
        samples = samples.astype(np.uint8)
    return samples[..., None] if samples.ndim == 2 else samples


def _palette(colours: bytes, alpha: bytes) -> np.ndarray:
    """(N, 4) uint8 from the PLTE and tRNS chunks; colours that tRNS does not name are opaque."""
    rgb = np.frombuffer(colours[: len(colours) // 3 * 3], np.uint8).reshape(-1, 3)
    palette = np.full((len(rgb), 4), 255, np.uint8)
    palette[:, :3] = rgb
    alpha = alpha[: len(rgb)]
    palette[: len(alpha), 3] = np.frombuffer(alpha, np.uint8)
    return palette
