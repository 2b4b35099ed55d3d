"""The same pictures, or nearly, more than once: within a split, across splits, or contradicting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from segwright.dataset.checks.alike import Pair, clusters, same_pictures
from segwright.dataset.checks.looked import Looked
from segwright.dataset.folds import ensure_split
from segwright.errors import SegwrightError
from segwright.formats.entry import listed
from segwright.formats.faults import Fault

_CLEARLY_LABELLED = 0.01  # less may be an object that just leaves the picture
_ACROSS = "Move all copies into one split, or remove them; scores are too good while they stay"


def copies(looked: Looked) -> list[list[int]]:
    """Positions of pictures with identical pixels, one list for each picture that has copies."""
    by_pixels: defaultdict[str, list[int]] = defaultdict(list)
    for index, look in enumerate(looked.looks):
        if look.pixels_hash is not None:
            by_pixels[look.pixels_hash].append(index)
    return [same for same in by_pixels.values() if len(same) > 1]


def repeats(
    looked: Looked, *, progress: Callable[[int], None] = lambda done: None
) -> tuple[list[Fault], list[list[int]]]:
    """Finds duplicates.

    Args:
        looked: The dataset.
        progress: Called with the number of pictures that are compared with all before.

    Returns:
        The findings, and clusters of positions that show the same or nearly the same.
    """
    exact = copies(looked)
    found = [fault for same in exact for fault in _of_copies(looked, same)]
    near = same_pictures(looked.thumbs, progress=progress)
    identical = [Pair(same[0], other, 1.0) for same in exact for other in same[1:]]
    together = clusters([*near, *identical], len(looked.looks))
    pairs_of: defaultdict[int, list[Pair]] = defaultdict(list)
    cluster_of = {index: n for n, cluster in enumerate(together) for index in cluster}
    for pair in near:
        if looked.looks[pair.first].pixels_hash != looked.looks[pair.second].pixels_hash:
            pairs_of[cluster_of[pair.first]].append(pair)
    found += [_of_near(looked, together[n], pairs) for n, pairs in pairs_of.items()]
    found += _without_objects(looked, near)
    found += _held_out(looked, together)
    found += _same_labels(looked, cluster_of)
    return found, together


def _of_copies(looked: Looked, same: Sequence[int]) -> Iterator[Fault]:
    places = [looked.placed(i) for i in same]
    splits = {looked.split(i) for i in same}
    across = len(splits) > 1
    blank = looked.looks[same[0]].blank
    yield Fault(
        "duplicate-across-splits" if across else "duplicate",
        f"{len(same)} pictures have the same pixels" + (f" (they are {blank})" if blank else ""),
        listed(places),
        _ACROSS if across else "Keep one of them",
        looked.entries[same[0]].key,
    )
    labels = {looked.looks[i].labels_hash for i in same} - {None}
    if len(labels) > 1 and not blank:
        yield Fault(
            "contradiction",
            f"{len(same)} copies of one picture have {len(labels)} different labels",
            listed([looked.labels_place(i) for i in same]),
            "Decide which labels are right and keep these",
            looked.entries[same[0]].key,
        )


def _of_near(looked: Looked, cluster: Sequence[int], pairs: Sequence[Pair]) -> Fault:
    """The finding about one cluster of pictures that are nearly the same."""
    torn = [p for p in pairs if looked.split(p.first) != looked.split(p.second)]
    shown = max(torn or pairs, key=lambda pair: pair.likeness)
    places = [looked.placed(shown.first), looked.placed(shown.second)]
    if not torn:
        return Fault(
            "near-duplicate",
            f"{len(cluster)} pictures, each nearly the same as another (likeness up to "
            f"{shown.likeness:.2f})",
            listed([looked.placed(i) for i in cluster]),
            "Keep them in one split: frames, slices and repeated exposures are no new evidence",
            looked.entries[shown.first].key,
        )
    names = [name for name in ("train", "val", "test") if name in _splits(looked, cluster)]
    return Fault(
        "near-duplicate-across-splits",
        f"{len(cluster)} pictures in {' and '.join(names)} are nearly the same "
        f"(likeness {shown.likeness:.2f})",
        listed(places),
        "Keep them in one split; scores are too good while they are divided",
        looked.entries[shown.first].key,
    )


def _without_objects(looked: Looked, near: Sequence[Pair]) -> Iterator[Fault]:
    """Pictures without any object that are nearly the same as one that has some."""
    background = looked.classes.background
    if background is None:
        return
    total = looked.class_px.sum(axis=1)
    share = 1 - looked.class_px[:, background] / np.maximum(total, 1)
    likest: dict[int, tuple[Pair, int]] = {}
    for pair in sorted(near, key=lambda pair: pair.likeness):
        bare, full = sorted((pair.first, pair.second), key=lambda index: share[index])
        if total[bare] and total[full] and not share[bare] and share[full] > _CLEARLY_LABELLED:
            likest[bare] = pair, full
    for bare, (pair, full) in sorted(likest.items()):
        yield Fault(
            "contradiction",
            f"has no object, but on {looked.placed(full)}, which is nearly the same (likeness "
            f"{pair.likeness:.2f}), {100 * share[full]:.1f} % of the pixels are labelled",
            looked.labels_place(bare),
            "Decide which labels are right",
            looked.entries[bare].key,
        )


def _held_out(looked: Looked, together: Sequence[Sequence[int]]) -> Iterator[Fault]:
    """Clusters that would be torn where training itself holds pictures out for validation."""
    if "val" in looked.dataset.splits or not together:
        return
    try:
        divided, how = ensure_split(looked.dataset, 0)
    except SegwrightError:
        return
    split = [entry.split for entry in divided.entries]
    torn = [same for same in together if len({split[i] for i in same} & {"train", "val"}) > 1]
    if torn:
        yield Fault(
            "same-held-out",
            f"{len(torn)} of {len(together)} sets of pictures that are nearly the same would lie "
            f"in training and validation. {how.rstrip('.')}",
            listed([looked.placed(i) for i in torn[0]]),
            "Say with 'groups' in dataset.yaml what belongs together, or divide the pictures with "
            "`segwright split`; scores will be too good otherwise",
        )


def _splits(looked: Looked, cluster: Sequence[int]) -> set[str]:
    return {looked.split(i) or "no split" for i in cluster}


def _same_labels(looked: Looked, cluster_of: dict[int, int]) -> Iterator[Fault]:
    """Labels that are equal to the last pixel, although the pictures are not alike."""
    by_labels: defaultdict[str, list[int]] = defaultdict(list)
    for index, look in enumerate(looked.looks):
        # With two classes or more there is a border, which no two drawings share by chance.
        if look.labels_hash is not None and np.count_nonzero(looked.class_px[index]) > 1:
            by_labels[look.labels_hash].append(index)
    for same in by_labels.values():
        if len({cluster_of.get(index, -1 - index) for index in same}) > 1:
            yield Fault(
                "same-labels",
                f"{len(same)} pictures that are not alike have the same labels to the last pixel",
                listed([looked.placed(i) for i in same]),
                "All but one of them are wrong unless the pictures lie exactly over each other",
                looked.entries[same[0]].key,
            )
