"""Mutations of files as bytes: flips, runs, cuts, blocks moved about, extreme numbers, splices."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from tests.robust.anatomy import Anatomy, Block, Number

_EXTREMES = (0, 1, 2, 3, 7, 8, 16, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 10**6, 10**9)
_EXTREMES += (2**31 - 1, 2**31, 2**32 - 1, 2**32 - 8, 2**63 - 1, 2**64 - 1)
_LONGEST_RUN = 64

Mutation = Callable[[random.Random, bytearray, Sequence[bytes], Anatomy], None]


def mutate_bytes(rng: random.Random, seeds: Sequence[bytes], anatomy: Anatomy) -> bytes:
    """One to four mutations of one of the seeds; checksums are mostly made right afterwards."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        rng.choice(_MUTATIONS)(rng, data, seeds, anatomy)
    return anatomy.seal(bytes(data)) if rng.random() < 0.85 else bytes(data)


def _flip_bits(rng: random.Random, data: bytearray, seeds: Sequence[bytes], _: Anatomy) -> None:
    for _ in range(rng.randint(1, 8) if data else 0):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _set_run(rng: random.Random, data: bytearray, seeds: Sequence[bytes], _: Anatomy) -> None:
    start, end = _span(rng, data)
    value = rng.choice((0, 255, 127, 128, rng.randrange(256)))
    data[start:end] = bytes([value]) * (end - start)


def _noise(rng: random.Random, data: bytearray, seeds: Sequence[bytes], _: Anatomy) -> None:
    start, end = _span(rng, data)
    data[start:end] = rng.randbytes(end - start)


def _cut_off(rng: random.Random, data: bytearray, seeds: Sequence[bytes], _: Anatomy) -> None:
    del data[rng.randint(0, len(data)) :]


def _extreme_number(
    rng: random.Random, data: bytearray, seeds: Sequence[bytes], anatomy: Anatomy
) -> None:
    known = anatomy.numbers(bytes(data))
    if not known or rng.random() < 0.1:
        place = rng.randint(0, len(data))
        known = [Number(place, size, order) for size in (1, 2, 4, 8) for order in "<>"]
    at, size, order = rng.choice(known)
    if at + size > len(data):
        return
    byte_order = "little" if order == "<" else "big"
    here = int.from_bytes(data[at : at + size], byte_order)
    near = (here - 1, here + 1, here * 2, here // 2, -here)
    value = rng.choice(near if rng.random() < 0.3 else _EXTREMES) % (1 << 8 * size)
    data[at : at + size] = value.to_bytes(size, byte_order)


def _move_blocks(
    rng: random.Random, data: bytearray, seeds: Sequence[bytes], anatomy: Anatomy
) -> None:
    """Repeats, deletes or swaps blocks."""
    blocks = anatomy.blocks(bytes(data))
    if len(blocks) < 2 or rng.random() < 0.2:
        blocks = sorted(Block(*_span(rng, data)) for _ in range(2))
    first, second = sorted(rng.choices(blocks, k=2))
    action = rng.choice(("repeat", "delete", "swap"))
    if action == "repeat":
        copies = rng.choice((1, 1, 2, 30))
        data[second.start : second.start] = data[first.start : first.end] * copies
    elif action == "delete":
        del data[first.start : first.end]
    elif first.end <= second.start:
        one, other = data[first.start : first.end], data[second.start : second.end]
        data[second.start : second.end] = one
        data[first.start : first.end] = other


def _change_inside(
    rng: random.Random, data: bytearray, seeds: Sequence[bytes], anatomy: Anatomy
) -> None:
    """Flips, runs, noise or a cut in what is compressed."""
    plain = rng.choice((_flip_bits, _set_run, _noise, _cut_off))
    data[:] = anatomy.repack(bytes(data), lambda inside: plain(rng, inside, seeds, anatomy))


def _splice(rng: random.Random, data: bytearray, seeds: Sequence[bytes], anatomy: Anatomy) -> None:
    """The beginning of this file and the end of another, or a block of another in the middle."""
    other = rng.choice(seeds)
    blocks = anatomy.blocks(other)
    if blocks and rng.random() < 0.5:
        start, end = rng.choice(blocks)
        places = [block.start for block in anatomy.blocks(bytes(data))] or [len(data)]
        at = rng.choice(places)
        data[at:at] = other[start:end]
    else:
        data[rng.randint(0, len(data)) :] = other[rng.randint(0, len(other)) :]


def _span(rng: random.Random, data: bytearray) -> tuple[int, int]:
    start = rng.randint(0, len(data))
    return start, min(start + rng.randint(1, _LONGEST_RUN), len(data))


_MUTATIONS: tuple[Mutation, ...] = (
    _flip_bits,
    _set_run,
    _noise,
    _cut_off,
    _extreme_number,
    _extreme_number,
    _extreme_number,
    _move_blocks,
    _move_blocks,
    _change_inside,
    _splice,
)
