"""What a look at every picture says about the pictures and the classes of a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from segwright.dataset.checks import contents, fits, pictures
from segwright.dataset.checks.looked import Looked
from segwright.dataset.folds import ensure_split
from segwright.errors import SegwrightError
from segwright.formats.faults import Fault


def findings(looked: Looked) -> Iterator[Fault]:
    """Everything that is found picture by picture or by counting."""
    for look in looked.looks:
        yield from look.faults
    yield from pictures.shown(looked)
    yield from pictures.mixtures(looked)
    yield from fits.turned(looked)
    yield from fits.foreign_labels(looked)
    if looked.labelled.any():
        yield from contents.contents(looked)
        yield from contents.classes(looked)
        yield from contents.training_labels(looked)
        yield from contents.missing_in_splits(looked)
        yield from contents.rare(looked)
    yield from _division(looked)


def as_training_sees(fault: Fault, looked: Looked) -> Fault:
    """A finding about a picture; an error of one that training does not read is a warning.

    Training goes on without the test split, and does not even look at it.
    """
    if fault.how_bad != "error" or fault.key not in looked.unread:
        return fault
    remedy = f"{fault.remedy}. Training does not read it, but the test split cannot be scored"
    return replace(fault, remedy=remedy, severity="warning")


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
