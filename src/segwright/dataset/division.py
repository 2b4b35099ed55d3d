"""Divides a dataset into train, val and test: what stays together, and what goes where.

What must not be torn apart decides how, as in `dataset.folds`: groups stay whole; numbered frames
and slices go in contiguous blocks; pictures that show the same thing stay together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from segwright.dataset.checks.alike import same_pictures
from segwright.dataset.checks.thumbnails import SIDE, thumbnail
from segwright.dataset.dataset import Dataset
from segwright.dataset.folds import MANY_SEQUENCES, sequences
from segwright.dataset.shares import Targets, assign_blocks, assign_units
from segwright.dataset.threads import in_order
from segwright.errors import DataError
from segwright.formats.entry import Entry, listed
from segwright.images import read_image
from segwright.labels.instances import as_label_map
from segwright.labels.label_map import LabelMap

SPLITS = ("train", "val", "test")
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Units:
    """What stays together.

    Attributes:
        members: Name of each unit → positions of its pictures; each position is in one unit.
        reason: What was decided and why, one sentence.
        in_blocks: Whether units are sequences, cut into contiguous blocks in the order of their
            members; otherwise they stay whole.
    """

    members: dict[str, list[int]]
    reason: str
    in_blocks: bool = False


def find_units(dataset: Dataset, *, by: str | None, progress: Progress) -> Units:
    """Finds out what must stay together.

    Args:
        dataset: What to divide; its entries have groups if any are declared.
        by: The pattern that gave the groups; None if it is to be found out.
        progress: Called with the number of pictures that are read, where they must be.
    """
    groups = [entry.group for entry in dataset.entries]
    if any(group is not None for group in groups):
        members = _by_name((g or e.key for g, e in zip(groups, dataset.entries, strict=True)))
        where = "the groups of the data" if by is None else f"the groups that {by!r} finds in names"
        return Units(members, f"{len(members)} groups stay whole: {where}.")
    runs = sequences(dataset.keys)
    members = {dataset.keys[run[0]]: run for run in runs}
    if len(runs) >= MANY_SEQUENCES:
        return Units(members, f"{len(runs)} numbered sequences stay whole: neighbours are alike.")
    if runs:
        what = "sequence is" if len(runs) == 1 else "sequences are"
        reason = f"{len(runs)} numbered {what} cut into contiguous blocks: neighbours are alike."
        return Units(members, reason, in_blocks=True)
    clusters = _clusters(dataset, progress)
    members = {min(dataset.keys[i] for i in cluster): cluster for cluster in clusters}
    alike = sum(len(cluster) for cluster in clusters if len(cluster) > 1)
    reason = "No picture shows the same as another: each goes by itself."
    if alike:
        number = sum(len(cluster) > 1 for cluster in clusters)
        reason = f"{alike} pictures show the same as others: {number} clusters stay whole."
    return Units(members, f"Names tell neither groups nor sequences. {reason}")


def divide(
    dataset: Dataset, units: Units, areas_px: np.ndarray, *, fractions: Sequence[float], seed: int
) -> list[str]:
    """The split of every picture.

    Args:
        dataset: What to divide.
        units: What stays together.
        areas_px: (N, K) pixels of each class in each picture.
        fractions: Shares of train, val and test, together 1; a split of share 0 gets nothing.
        seed: Decides where there is a choice.

    Raises:
        DataError: Fewer units than splits.
    """
    names = [name for name, share in zip(SPLITS, fractions, strict=True) if share > 0]
    targets = Targets(tuple(share for share in fractions if share > 0), seed)
    features = np.column_stack((np.ones(len(dataset)), areas_px))
    pieces = len(dataset) if units.in_blocks else len(units.members)
    if pieces < len(names):
        raise DataError(
            f"{pieces} {'picture' if units.in_blocks else 'unit'}s cannot fill {len(names)} "
            f"splits. {units.reason}",
            where=dataset.root,
            remedy="Add pictures, give another --by, or ask for fewer splits with --fractions",
        )
    found = [""] * len(dataset)
    order = sorted(units.members)
    held = [features[units.members[name]] for name in order]
    if units.in_blocks:
        chosen = assign_blocks(order, held, targets)
    else:
        sums = np.array([one.sum(axis=0) for one in held])
        splits = assign_units(order, sums, targets)
        chosen = [[split] * len(one) for split, one in zip(splits, held, strict=True)]
    for name, splits_of in zip(order, chosen, strict=True):
        for position, split in zip(units.members[name], splits_of, strict=True):
            found[position] = names[split]
    if absent := sorted(set(names) - set(found)):
        raise DataError(
            f"nothing is left for {listed(absent)}. {units.reason}",
            where=dataset.root,
            remedy="Add pictures, give another --by, or ask for fewer splits with --fractions",
        )
    return found


def class_areas(dataset: Dataset, *, progress: Progress) -> np.ndarray:
    """Pixels of each class in each picture, (N, K); labels alone are read.

    Raises:
        LabelError: Labels that cannot be read.
    """

    def area_px(entry: Entry) -> np.ndarray:
        labels: LabelMap = as_label_map(entry.labels.read())
        return labels.area_px()

    areas = np.zeros((len(dataset), len(dataset.classes)), dtype=np.int64)
    for index, (_, future) in enumerate(in_order(area_px, dataset.entries)):
        areas[index] = future.result()
        progress(index + 1)
    return areas


def _clusters(dataset: Dataset, progress: Progress) -> list[list[int]]:
    """Positions of pictures that show the same thing, each position in one list."""
    thumbs = np.zeros((len(dataset), SIDE, SIDE), dtype=np.float32)
    work = in_order(lambda entry: thumbnail(read_image(entry.image)), dataset.entries)
    for index, (_, future) in enumerate(work):
        thumbs[index] = future.result()
        progress(index + 1)
    cluster_of = list(range(len(dataset)))

    def root(index: int) -> int:
        while cluster_of[index] != index:
            cluster_of[index] = cluster_of[cluster_of[index]]
            index = cluster_of[index]
        return index

    equal = _by_name(dataset.image_hashes()).values()  # blank pictures are like nothing but these
    pairs = [(one[0], other) for one in equal for other in one[1:]]
    pairs += [(pair.first, pair.second) for pair in same_pictures(thumbs)]
    for first, second in pairs:
        cluster_of[root(second)] = root(first)
    return list(_by_name(str(root(index)) for index in range(len(dataset))).values())


def _by_name(names: Iterable[str]) -> dict[str, list[int]]:
    """The positions of each name."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(names):
        found[name].append(index)
    return dict(found)
