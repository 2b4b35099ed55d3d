"""What a look at every picture says about the pictures and the classes of a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from segwright.dataset.checks.looked import Looked
from segwright.dataset.folds import ensure_split
from segwright.errors import SegwrightError
from segwright.formats.entry import listed
from segwright.formats.faults import Fault

_FEWEST_PICTURES = 3
_DOMINANT_SHARE = 0.99
_FEWEST_TO_JUDGE_FIT = 16
_FIT_OF_MOST = 3.0  # median of `edge_fit` from which on borders are known to be visible
_FIT_OF_FOREIGN = 1.0  # no better than beside


def findings(looked: Looked) -> Iterator[Fault]:
    """Everything that is found picture by picture or by counting."""
    for look in looked.looks:
        yield from look.faults
    yield from _pictures(looked)
    yield from _mixtures(looked)
    yield from _turned(looked)
    yield from _foreign_labels(looked)
    if looked.labelled.any():
        yield from _contents(looked)
        yield from _classes(looked)
        yield from _classes_of_splits(looked)
    yield from _division(looked)


def _pictures(looked: Looked) -> Iterator[Fault]:
    for index, look in enumerate(looked.looks):
        key = looked.entries[index].key
        if look.blank is not None:
            yield Fault(
                "blank-picture",
                f"the picture is {look.blank}",
                looked.place(index),
                "Look whether it was stored correctly, and leave it out if it was not",
                key,
            )
        if look.lossy_labels:
            yield Fault(
                "lossy-mask",
                "the mask is a JPEG, whose values near borders are not those that were drawn",
                looked.labels_place(index),
                "Store masks as PNG, from the original drawing if it is there",
                key,
            )


def _mixtures(looked: Looked) -> Iterator[Fault]:
    """Channels, number types and sizes that differ between pictures."""
    read = [i for i, look in enumerate(looked.looks) if look.size_hw is not None]
    channels = Counter(looked.looks[i].channels for i in read)
    if len(channels) > 1:
        usual, _ = channels.most_common(1)[0]
        fits = set(channels) == {1, 3}  # grey is taken as RGB
        for i in read:
            if (number := looked.looks[i].channels) != usual:
                yield Fault(
                    "mixed-channels",
                    f"has {number} channels; most pictures have {usual}",
                    looked.place(i),
                    "Is it the same kind of picture? Grey is taken as RGB here"
                    if fits
                    else "Give all pictures of a dataset the same channels",
                    looked.entries[i].key,
                    "warning" if fits else "error",
                )
    dtypes = Counter(looked.looks[i].dtype for i in read)
    if len(dtypes) > 1:
        usual, _ = dtypes.most_common(1)[0]
        for i in read:
            if (name := looked.looks[i].dtype) != usual:
                yield Fault(
                    "mixed-dtypes",
                    f"holds {name}; most pictures hold {usual}",
                    looked.place(i),
                    "Check that the same brightness has the same share of the full scale in both",
                    looked.entries[i].key,
                )
    sizes = Counter(looked.looks[i].size_hw for i in read)
    if len(sizes) > 1:
        low, high = np.array(list(sizes)).min(axis=0), np.array(list(sizes)).max(axis=0)
        yield Fault(
            "mixed-sizes",
            f"{len(sizes)} sizes from {low[0]}×{low[1]} to {high[0]}×{high[1]} (height × width)",
            "all pictures",
            "Nothing: sizes may differ. Check that one pixel means the same length everywhere",
        )


def _turned(looked: Looked) -> Iterator[Fault]:
    for index, look in enumerate(looked.looks):
        if look.orientation == 1 or not looked.labelled[index]:
            continue
        # Turned by 90° and of equal size after it: the labels were drawn on the upright picture.
        height, width = look.size_hw or (0, 0)
        if look.labels_orientation == look.orientation:
            continue
        if look.orientation >= 5 and height != width:
            continue
        yield Fault(
            "exif-turned",
            f"EXIF orientation {look.orientation} turns the picture; its labels carry no such mark",
            looked.place(index),
            "Look at it with `segwright show`; if the labels lie wrong, save the picture upright",
            looked.entries[index].key,
        )


def _foreign_labels(looked: Looked) -> Iterator[Fault]:
    """Labels whose borders fit their picture no better than beside, where all others do."""
    fits = {i: look.fit for i, look in enumerate(looked.looks) if look.fit is not None}
    if len(fits) < _FEWEST_TO_JUDGE_FIT:
        return
    low, middle = np.quantile(list(fits.values()), (0.05, 0.5))
    if middle < _FIT_OF_MOST:
        return
    for index, fit in fits.items():
        if fit < _FIT_OF_FOREIGN and fit < low / 2:
            yield Fault(
                "foreign-labels",
                f"its borders fit the picture no better than 8 or 16 pixels beside (fit {fit:.1f}; "
                f"95 % of the pictures have {low:.1f} or more, half of them {middle:.1f})",
                looked.labels_place(index),
                "Lay it over its picture, and look for the picture that it was drawn on",
                looked.entries[index].key,
            )


def _contents(looked: Looked) -> Iterator[Fault]:
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


def _classes(looked: Looked) -> Iterator[Fault]:
    """Classes that are empty, and one that is nearly everything."""
    areas = looked.class_px.sum(axis=0)
    for class_id, name in enumerate(looked.classes.names):
        if not areas[class_id]:
            yield Fault(
                "empty-class",
                f"class {name!r} (id {class_id}) occurs in no picture",
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


def _classes_of_splits(looked: Looked) -> Iterator[Fault]:
    """Classes that only some splits hold, or too few pictures, or training labels of one class."""
    splits = np.array([entry.split or "" for entry in looked.entries])
    present = looked.class_px > 0
    # What is not divided, or stands beside a test split alone, is what will be trained on.
    training = np.isin(splits, ("train", "")) if not (splits == "train").all() else splits != ""
    in_training = present[training].sum(axis=0)
    if training.any() and (in_training > 0).sum() == 1 and looked.labelled[training].any():
        only = looked.classes.names[int((in_training > 0).argmax())]
        yield Fault(
            "nothing-labelled",
            f"the training labels hold the class {only!r} and no other",
            "all training labels",
            "Check that these are the right labels; with one class there is nothing to learn",
        )
    for class_id, name in enumerate(looked.classes.names):
        if not present[:, class_id].any():
            continue
        missing = [
            split for split in looked.dataset.splits if not present[splits == split, class_id].any()
        ]
        if missing:
            held = [split for split in looked.dataset.splits if split not in missing]
            what = "it cannot be learned" if "train" in missing else "it is not scored there"
            yield Fault(
                "class-in-one-split",
                f"class {name!r} occurs in {listed(held)} but not in {listed(missing)}",
                "all labels",
                f"Divide the pictures anew so that every split has it; as they are, {what}",
            )
        number = int(in_training[class_id])
        if 0 < number < _FEWEST_PICTURES <= training.sum():
            places = [
                looked.place(i) for i in np.flatnonzero(training).tolist() if present[i, class_id]
            ]
            yield Fault(
                "rare-class",
                f"class {name!r} occurs in {number} training picture{'s' * (number > 1)}: "
                f"{listed(places)}",
                "all labels",
                "Add pictures of it, or merge it with another class",
            )


def _division(looked: Looked) -> Iterator[Fault]:
    """What training would refuse about splits; only asked where all else can be read."""
    try:
        ensure_split(looked.dataset, 0)
    except SegwrightError as error:
        yield Fault(
            "no-split",
            error.problem,
            "the dataset",
            error.remedy or "Make folders train and val",
        )
