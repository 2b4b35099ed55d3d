"""Divides a dataset into train, val and test: what stays together, and what goes where.

What must not be torn apart decides how, as in `dataset.folds`; where neither groups nor names tell
anything, pictures that show the same thing stay together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from segwright.dataset.checks.alike import same_pictures
from segwright.dataset.checks.thumbnails import SIDE, thumbnail
from segwright.dataset.dataset import Dataset
from segwright.dataset.shares import Targets, assign_blocks, assign_units
from segwright.dataset.threads import in_order
from segwright.dataset.units import Units, find_units, positions_of
from segwright.errors import DataError
from segwright.formats.entry import Entry, listed
from segwright.images import read_image
from segwright.labels.instances import as_label_map
from segwright.labels.label_map import LabelMap

SPLITS = ("train", "val", "test")
Progress = Callable[[int], None]


def with_reason(dataset: Dataset, *, by: str | None, progress: Progress) -> tuple[Units, str]:
    """Finds out what must stay together.

    Args:
        dataset: What to divide; its entries have groups if any are declared.
        by: The pattern that gave the groups; None if it is to be found out.
        progress: Called with the number of pictures that are read, where they must be.

    Returns:
        It, and what was decided and why, in one sentence without a full stop.
    """
    units = find_units(dataset)
    number, alike = len(units.members), "neighbours are alike"
    if any(entry.group is not None for entry in dataset.entries):
        where = "the groups of the data" if by is None else f"the groups that {by!r} finds in names"
        return units, f"{number} groups stay whole: {where}"
    if units.noun == "groups":
        return units, f"{number} groups stay whole: names that share their number"
    if units.noun == "sequences":
        return units, f"{number} numbered sequences stay whole: {alike}"
    if units.runs is not None:
        what = "sequence is" if len(units.runs) == 1 else "sequences are"
        return units, f"{len(units.runs)} numbered {what} cut into contiguous blocks: {alike}"
    clusters = _clusters(dataset, progress)
    units = Units({min(dataset.keys[i] for i in one): one for one in clusters}, "pictures")
    reason = "no picture shows the same as another: each goes by itself"
    if several := [one for one in clusters if len(one) > 1]:
        units = Units(units.members, "clusters")
        pictures = sum(map(len, several))
        reason = f"{pictures} pictures show the same as others: {len(several)} clusters stay whole"
    return units, f"Names tell neither groups nor sequences, and {reason}"


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
    remedy = "Add pictures, give another --by, or ask for fewer splits with --fractions"
    if len(units.members) < len(names):
        raise DataError(
            f"{len(units.members)} {units.noun} cannot fill {len(names)} splits",
            where=dataset.root,
            remedy=remedy,
        )
    targets = Targets(tuple(share for share in fractions if share > 0), seed)
    features = np.column_stack((np.ones(len(dataset)), areas_px))
    found = [""] * len(dataset)
    for name, split in _assigned(units, features, targets).items():
        for position in units.members[name]:
            found[position] = names[split]
    if absent := sorted(set(names) - set(found)):
        raise DataError(f"nothing is left for {listed(absent)}", where=dataset.root, remedy=remedy)
    return found


def _assigned(units: Units, features: np.ndarray, targets: Targets) -> dict[str, int]:
    """The number of the split of every unit."""
    held = {name: features[members].sum(axis=0) for name, members in units.members.items()}
    if units.runs is None:
        order = sorted(held)
        splits = assign_units(order, np.array([held[name] for name in order]), targets)
        return dict(zip(order, splits, strict=True))
    runs = sorted(units.runs)
    blocks = assign_blocks(
        [run[0] for run in runs], [np.array([held[name] for name in run]) for run in runs], targets
    )
    return {
        name: split
        for run, splits in zip(runs, blocks, strict=True)
        for name, split in zip(run, splits, strict=True)
    }


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

    equal = positions_of(
        dataset.image_hashes()
    ).values()  # blank pictures are like nothing but these
    pairs = [(one[0], other) for one in equal for other in one[1:]]
    pairs += [(pair.first, pair.second) for pair in same_pictures(thumbs)]
    for first, second in pairs:
        cluster_of[root(second)] = root(first)
    return list(positions_of(str(root(index)) for index in range(len(dataset))).values())
