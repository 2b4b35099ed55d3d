"""Divides units that must stay whole so that every class has its share in every split.

A hash of its name says where a unit goes first, whatever other units there are; then the fewest
moves that still pay bring pictures and pixels of every class near their target. So the same seed
gives the same splits, and a picture that is added moves few others.

What is made small is, over all features f (pictures, and pixels of each class) and splits s,

    sum of (share of f that is in s - target of s)² / target of s

which is quadratic, so that what each move would gain follows from one matrix product.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

_PAYS = 4e-3  # what a move must gain; smaller gains are not worth another place for a picture
_NEAR = 0.02  # of all pictures or pixels of a class; nearer than that nothing is moved
_MOST_SWAPPED = 1500  # units of which all pairs are tried


@dataclass(frozen=True)
class Targets:
    """How much each split shall have.

    Attributes:
        fractions: One for each split, above 0, together 1.
        seed: Decides where there is a choice.
    """

    fractions: tuple[float, ...]
    seed: int

    def first(self, name: str) -> int:
        """The split that a hash of the name and the seed alone gives."""
        bounds = np.cumsum(self.fractions[:-1])
        return int(np.searchsorted(bounds, hash_of(name, self.seed), side="right"))

    def excess(self, held: np.ndarray) -> np.ndarray:
        """Shares above the target, (S, F), of what each split holds."""
        return held - np.asarray(self.fractions)[:, None]

    def cost(self, held: np.ndarray) -> float:
        """What is made small; 0 where every split has its share of everything."""
        return float((self.excess(held) ** 2 / np.asarray(self.fractions)[:, None]).sum())


def hash_of(name: str, seed: int) -> float:
    """A number in 0 … 1 that depends on a name and the seed alone."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def assign_units(names: Sequence[str], features: np.ndarray, targets: Targets) -> list[int]:
    """The split of every unit.

    Args:
        names: What the units are called, each once; at least as many as there are splits.
        features: (U, F) what each unit holds of every feature, 0 or above.
        targets: Shares and seed.
    """
    order = sorted(range(len(names)), key=lambda unit: (hash_of(names[unit], targets.seed), unit))
    shares = _shares(features[order])
    chosen = np.array([targets.first(names[unit]) for unit in order])
    _fill_empty(chosen, shares, targets)
    while not _near(chosen, shares, targets):
        if not _move(chosen, shares, targets) and not _swap(chosen, shares, targets):
            break
    found = [0] * len(names)
    for place, unit in enumerate(order):
        found[unit] = int(chosen[place])
    return found


def assign_blocks(
    names: Sequence[str], features: Sequence[np.ndarray], targets: Targets
) -> list[list[int]]:
    """The split of every picture of some sequences, each cut into one block for each split.

    Args:
        names: What the sequences are called, each once.
        features: For each sequence (N, F), what its pictures hold, in their order.
        targets: Shares and seed.
    """
    orders = list(permutations(range(len(targets.fractions))))
    total = np.maximum(sum(one.sum(axis=0) for one in features), 1e-12)
    longest = max(range(len(names)), key=lambda n: (len(features[n]), names[n]))
    cuts = [
        [_blocks(len(one), order, targets, least=int(n == longest)) for order in orders]
        for n, one in enumerate(features)
    ]
    held = [
        [_held(one / total, np.array(cut), targets) for cut in cuts_of]
        for one, cuts_of in zip(features, cuts, strict=True)
    ]
    chosen = [int(hash_of(name, targets.seed) * len(orders)) for name in names]
    for number in sorted(range(len(names)), key=lambda n: hash_of(names[n], targets.seed)) * 4:
        others = sum(
            (held[n][chosen[n]] for n in range(len(names)) if n != number),
            np.zeros_like(held[number][0]),
        )
        costs = [targets.cost(others + own) for own in held[number]]
        best = int(np.argmin(costs))
        if costs[best] < costs[chosen[number]] - _PAYS:
            chosen[number] = best
    return [cuts[number][order] for number, order in enumerate(chosen)]


def _blocks(count: int, order: Sequence[int], targets: Targets, *, least: int) -> list[int]:
    """The split of each picture of a sequence whose splits follow each other in an order.

    Args:
        count: Length of the sequence.
        order: The splits in the order of their blocks.
        targets: Their shares.
        least: Pictures that each block has, if there are enough of them.
    """
    ends = np.round(np.cumsum([targets.fractions[split] for split in order]) * count).astype(int)
    if count >= least * len(order):
        before = least * np.arange(1, len(order) + 1)
        ends = np.minimum(np.maximum(ends, before), count - before[::-1] + least)
    return [order[int(np.searchsorted(ends, place, side="right"))] for place in range(count)]


def _shares(features: np.ndarray) -> np.ndarray:
    """Features as shares of their sums; a feature that nothing holds is left out."""
    total = features.sum(axis=0)
    return features[:, total > 0] / total[total > 0]


def _held(shares: np.ndarray, chosen: np.ndarray, targets: Targets) -> np.ndarray:
    """What each split holds of every feature, (S, F)."""
    held = np.zeros((len(targets.fractions), shares.shape[1]))
    np.add.at(held, chosen, shares)
    return held


def _gains(chosen: np.ndarray, shares: np.ndarray, targets: Targets) -> np.ndarray:
    """What the cost falls by if a unit goes to a split, (U, S); of a split's only unit, nothing."""
    weight = 1 / np.asarray(targets.fractions)
    pull = shares @ (targets.excess(_held(shares, chosen, targets)) * weight[:, None]).T  # (U, S)
    size = np.einsum("uf,uf->u", shares, shares)
    units = np.arange(len(chosen))
    here = pull[units, chosen][:, None]
    gains = 2 * (here - pull) - size[:, None] * (weight[chosen][:, None] + weight)
    gains[units, chosen] = 0
    gains[np.bincount(chosen, minlength=len(weight))[chosen] == 1] = 0
    return gains


def _move(chosen: np.ndarray, shares: np.ndarray, targets: Targets) -> bool:
    """Makes the one move that gains most; False if none pays."""
    gains = _gains(chosen, shares, targets)
    unit, split = np.unravel_index(int(np.argmax(gains)), gains.shape)
    if gains[unit, split] <= _PAYS:
        return False
    chosen[unit] = split
    return True


def _swap(chosen: np.ndarray, shares: np.ndarray, targets: Targets) -> bool:
    """Lets the two units change places that gains most; False if none pays."""
    if len(chosen) > _MOST_SWAPPED:
        return False
    weight = 1 / np.asarray(targets.fractions)
    pull = shares @ (targets.excess(_held(shares, chosen, targets)) * weight[:, None]).T
    size = np.einsum("uf,uf->u", shares, shares)
    best = (_PAYS, 0, 0)
    for one, other in permutations(range(len(weight)), 2):
        if one > other:
            continue
        here, there = np.flatnonzero(chosen == one), np.flatnonzero(chosen == other)
        if not len(here) or not len(there):
            continue
        # The units of a swap differ by d = x - y; one split loses d, the other gains it.
        cross = shares[here] @ shares[there].T
        apart = size[here][:, None] + size[there] - 2 * cross
        toward = (pull[here, one] - pull[here, other])[:, None]
        toward = toward - (pull[there, one] - pull[there, other])
        gains = 2 * toward - apart * (weight[one] + weight[other])
        row, column = np.unravel_index(int(np.argmax(gains)), gains.shape)
        if gains[row, column] > best[0]:
            best = (float(gains[row, column]), int(here[row]), int(there[column]))
    gain, first, second = best
    if gain <= _PAYS:
        return False
    chosen[first], chosen[second] = chosen[second], chosen[first]
    return True


def _near(chosen: np.ndarray, shares: np.ndarray, targets: Targets) -> bool:
    """Whether every split has its share of everything, as nearly as anyone would ask."""
    return bool(np.abs(targets.excess(_held(shares, chosen, targets))).max() <= _NEAR)


def _fill_empty(chosen: np.ndarray, shares: np.ndarray, targets: Targets) -> None:
    """Gives every split one unit at least: the one whose move costs least."""
    for split in range(len(targets.fractions)):
        if not (chosen == split).any():
            several = np.bincount(chosen, minlength=len(targets.fractions))[chosen] > 1
            gains = _gains(chosen, shares, targets)[:, split]
            chosen[int(np.argmax(np.where(several, gains, -np.inf)))] = split
