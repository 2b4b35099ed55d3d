"""What is mutated and read: one line for each kind of file."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.robust import planted
from tests.robust.image_kinds import (
    IMAGE_FORMATS,
    ImageReader,
    made_seeds,
    mutate_image,
    stored_seeds,
)
from tests.robust.label_kinds import (
    LABEL_FORMATS,
    DatasetReader,
    mutate_dataset,
    mutate_settings,
)

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass(frozen=True)
class Kind:
    """One kind of input.

    Attributes:
        mutate: Makes a mutant of one of the kind's seeds; the generator alone decides which.
        reader: Makes a function that reads one mutant, and raises a SegwrightError or returns.
    """

    mutate: Callable[[random.Random], Any]
    reader: Callable[[], Callable[[Any], object]]


def _image(name: str) -> Kind:
    return Kind(lambda rng: mutate_image(name, rng, made_seeds(name)), ImageReader)


def _stored_image(name: str) -> Kind:
    return Kind(
        lambda rng: mutate_image(name, rng, stored_seeds(SHARED_DATA / "odd_images" / name)),
        ImageReader,
    )


def _dataset(name: str) -> Kind:
    return Kind(partial(mutate_dataset, name), partial(DatasetReader, name))


PLANTED: Mapping[str, Kind] = {
    "planted": Kind(planted.mutate, lambda: planted.read),
}
"""What the hunt must find; never part of a nightly run."""

KINDS: Mapping[str, Kind] = {
    **{name: _image(name) for name in IMAGE_FORMATS},
    **{f"odd-{name}": _stored_image(name) for name in IMAGE_FORMATS},
    **{f"{name}-labels": _dataset(name) for name in LABEL_FORMATS},
    "dataset.yaml": Kind(mutate_settings, partial(DatasetReader, "masks")),
}
