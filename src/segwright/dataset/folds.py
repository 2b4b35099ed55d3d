"""Divides a dataset into folds, or into training and validation.

What must not be torn apart decides how (see `dataset.units`): neighbours are nearly the same
picture, and a random choice would let a network see its validation pictures in training. What may
go anywhere is divided by a hash of its name.

A group or picture is held out for validation if its hash is low, so that adding one moves no
other. Folds, being of equal size, and the ends of sequences do move.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from segwright.dataset.dataset import Dataset
from segwright.dataset.shares import hash_of
from segwright.dataset.units import Units, find_units
from segwright.errors import DataError, UsageError

Fold = tuple[list[int], list[int]]

_VALIDATION_SHARE = 0.2


def make_folds(dataset: Dataset, k: int) -> list[Fold]:
    """Divides a dataset into `k` parts and pairs each with the rest.

    Args:
        dataset: What to divide; its splits are not looked at.
        k: Number of folds, at least 2.

    Returns:
        For every fold the positions to train on and those to validate on, both ascending. Every
        position is validated on exactly once.

    Raises:
        UsageError: `k` is below 2.
        DataError: Fewer pictures or groups than folds.
    """
    if k < 2:
        raise UsageError(
            f"{k} folds; accepted are 2 or more",
            where="--folds",
            remedy="Ask for 5, or train once without folds",
        )
    units = find_units(dataset)
    number = len(units.members)
    if number < k:
        raise DataError(
            f"{k} folds of only {number} {units.noun}",
            where=dataset.root,
            remedy=f"Ask for {number} folds or fewer, or add pictures",
        )
    parts = _parts(units, k)
    everything = set(range(len(dataset)))
    return [(sorted(everything - set(part)), sorted(part)) for part in parts]


def ensure_split(dataset: Dataset, seed: int) -> tuple[Dataset, str]:
    """Makes sure that there are a training and a validation split.

    Where no validation split exists, a fifth of the training pictures is held out. A test split
    is never touched.

    Args:
        dataset: A dataset with any splits or none.
        seed: Decides which pictures or groups are held out, where there is a choice.

    Returns:
        The dataset with both splits, and a sentence that says what was done.

    Raises:
        DataError: No picture to train on, or too few to hold any out.
    """
    if {"train", "val"} <= set(dataset.splits):
        counts = {name: len(dataset.split(name)) for name in ("train", "val")}
        return dataset, f"Splits as given: train {counts['train']}, val {counts['val']}."
    chosen = [i for i, entry in enumerate(dataset.entries) if entry.split in ("train", None)]
    if not chosen or "val" in dataset.splits:
        dataset.split("train")  # raises, and says what is missing
    training = dataset.subset(chosen)
    units = find_units(training)
    if len(units.members) < 2:
        raise DataError(
            f"nothing can be held out for validation: there is only one {units.noun[:-1]}",
            where=dataset.root,
            remedy="Add pictures, or make a folder 'val'",
        )
    held_out = {chosen[i] for i in _held_out(units, seed)}
    names = {i: "val" if i in held_out else "train" for i in chosen}
    entries = tuple(
        replace(entry, split=names.get(i, entry.split)) for i, entry in enumerate(dataset.entries)
    )
    text = (
        f"No validation split was given: {len(held_out)} of {len(chosen)} training pictures were "
        f"held out, {_description(units, seed)}."
    )
    return replace(dataset, entries=entries), text


def _parts(units: Units, k: int) -> list[list[int]]:
    """Positions of `k` parts of nearly the same size."""
    names = [name for run in units.runs for name in run] if units.runs else _shuffled(units, 0)
    order = [units.members[name] for name in names]
    if units.runs is not None or all(len(unit) == 1 for unit in order):
        bounds = [len(order) * part // k for part in range(k + 1)]
        blocks = (order[start:end] for start, end in pairwise(bounds))
        return [[index for unit in block for index in unit] for block in blocks]
    parts: list[list[int]] = [[] for _ in range(k)]
    for unit in sorted(order, key=len, reverse=True):
        min(parts, key=len).extend(unit)
    return parts


def _held_out(units: Units, seed: int) -> list[int]:
    """About a fifth: the ends of sequences, or the units whose hash is low.

    A unit is held out if its hash lies in the lowest fifth, whatever other units there are; but
    one always is, and one never.
    """
    if units.runs is not None:
        ends = [run[len(run) - round(len(run) * _VALIDATION_SHARE) :] for run in units.runs]
        chosen = [name for end in ends for name in end] or max(units.runs, key=len)[-1:]
    else:
        order = _shuffled(units, seed)
        low = sum(hash_of(name, seed) < _VALIDATION_SHARE for name in order)
        chosen = order[: max(1, min(low, len(order) - 1))]
    return [index for name in chosen for index in units.members[name]]


def _description(units: Units, seed: int) -> str:
    """How pictures are held out."""
    if units.runs is not None:
        number = len(units.runs)
        what = "the end of the sequence" if number == 1 else f"the ends of {number} sequences"
        return f"{what} (names are numbered like frames or slices, of which neighbours are alike)"
    if units.noun == "sequences":
        return "in whole numbered sequences"
    if units.noun == "groups":
        return "in whole groups"
    return f"chosen by a hash of the name with seed {seed}"


def _shuffled(units: Units, seed: int) -> list[str]:
    """The names of units in an order that depends on each name and the seed alone."""
    return sorted(units.members, key=lambda name: hash_of(name, seed))
