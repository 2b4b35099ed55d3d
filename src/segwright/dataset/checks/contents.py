"""What labels hold: pictures without content, classes that are missing, rare or everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from segwright.dataset.checks.looked import Looked
from segwright.dataset.facts import nothing_to_learn
from segwright.formats.entry import listed
from segwright.formats.faults import Fault, fault_of

_FEWEST_PICTURES = 3
_DOMINANT_SHARE = 0.99


def contents(looked: Looked) -> Iterator[Fault]:
    """Pictures without anything to learn from, or without anything but background."""
    background = looked.classes.background
    for index, areas in enumerate(looked.class_px):
        if not looked.labelled[index]:
            continue
        if not areas.sum():
            yield Fault(
                "all-ignored",
                "every pixel is ignored",
                looked.labels_place(index),
                "Label something, or leave the picture out",
                looked.entries[index].key,
            )
        elif background is not None and areas[background] == areas.sum():
            yield Fault(
                "all-background",
                "no pixel belongs to a class other than the background",
                looked.labels_place(index),
                "Nothing if there is nothing on it: such pictures teach what is no object",
                looked.entries[index].key,
            )


def classes(looked: Looked) -> Iterator[Fault]:
    """Classes that are empty, and one that is nearly everything."""
    areas = looked.class_px.sum(axis=0)
    if not areas.any():
        return
    read = "picture" if looked.labelled.all() else "picture whose labels can be used"
    for class_id, name in enumerate(looked.classes.names):
        if not areas[class_id]:
            yield Fault(
                "empty-class",
                f"class {name!r} (id {class_id}) occurs in no {read}",
                "all labels",
                "Remove it from the classes, or label it: it cannot be learned or scored",
            )
    top = int(areas.argmax())
    if areas[top] == areas.sum() or areas[top] <= _DOMINANT_SHARE * areas.sum():
        return
    yield Fault(
        "class-dominates",
        f"class {looked.classes.names[top]!r} is {100 * areas[top] / areas.sum():.2f} % of all "
        "labelled pixels",
        "all labels",
        "Judge by the IoU of the other classes, not by accuracy; pixel accuracy is this high "
        "without any learning",
    )


def training_labels(looked: Looked) -> Iterator[Fault]:
    """Labels that teach nothing, as training judges them too."""
    if looked.labelled[looked.training].any():
        areas = looked.class_px[looked.training].sum(axis=0)
        if (error := nothing_to_learn(looked.classes.names, areas.tolist())) is not None:
            yield fault_of(error, "nothing-labelled")


def missing_in_splits(looked: Looked) -> Iterator[Fault]:
    """Classes that only some splits hold."""
    splits = np.array([entry.split or "" for entry in looked.entries])
    present = looked.class_px > 0
    read = [one for one in looked.dataset.splits if looked.labelled[splits == one].any()]
    for class_id, name in enumerate(looked.classes.names):
        held = [one for one in read if present[splits == one, class_id].any()]
        missing = [one for one in read if one not in held]
        if held and missing:
            what = "it cannot be learned" if "train" in missing else "it is not scored there"
            yield Fault(
                "class-in-one-split",
                f"class {name!r} occurs in {listed(held)} but not in {listed(missing)}",
                "all labels",
                f"Divide the pictures anew so that every split has it; as they are, {what}",
            )


def rare(looked: Looked) -> Iterator[Fault]:
    """Classes other than the background in few pictures of those that may be learned from."""
    learned = np.array([entry.split in ("train", None) for entry in looked.entries])
    present = (looked.class_px > 0) & learned[:, None]
    for class_id, name in enumerate(looked.classes.names):
        places = [looked.place(i) for i in np.flatnonzero(present[:, class_id]).tolist()]
        if class_id == looked.classes.background:
            continue
        if 0 < len(places) < _FEWEST_PICTURES <= learned.sum():
            yield Fault(
                "rare-class",
                f"class {name!r} occurs in {len(places)} training picture"
                f"{'s' * (len(places) > 1)}: {listed(places)}",
                "all labels",
                "Add pictures of it, or merge it with another class",
            )
