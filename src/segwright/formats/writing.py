"""What every writer of a format is given, and what all of them do alike."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from segwright.formats.lost import Losses
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Labels
from segwright.storage import storage_errors

IGNORED_NAME = "ignore"
"""What ignored regions are called in formats of objects; our readers ignore them again."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """One picture to be written.

    Attributes:
        key: Its unique name, with "/" between folders and without suffix.
        image: Its file.
        size_hw: Its height and width in pixels.
        labels: What is drawn on it.
        split: "train", "val", "test" or None.
        group: Its patient, scene or video; None if unknown.
    """

    key: str
    image: Path
    size_hw: tuple[int, int]
    labels: Labels
    split: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Export:
    """An order to write a dataset.

    Attributes:
        folder: An empty folder to write into.
        classes: The classes of all pictures.
        pictures: The pictures, one at a time; a writer keeps none of their pixels.
        losses: To be told of everything that the format cannot hold.
    """

    folder: Path
    classes: Classes
    pictures: Iterable[Labelled]
    losses: Losses = field(default_factory=Losses)


def flat(key: str) -> str:
    """A key as one file name, for formats without folders: "a/b" becomes "a__b"."""
    return key.replace("/", "__")


def copy_image(picture: Labelled, folder: Path, name: str) -> Path:
    """Copies a picture's file, byte by byte, to `folder/name` + its own suffix.

    Raises:
        StorageError: It cannot be written.
    """
    target = folder / f"{name}{picture.image.suffix.lower()}"
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture.image, target)
    return target


def class_name(instance: Instance, classes: Classes) -> str:
    """The name that an object is written under."""
    if instance.class_id == classes.ignore_index:
        return IGNORED_NAME
    return classes.names[instance.class_id]


def object_names(classes: Classes, *, ignored: bool) -> list[str]:
    """Names to declare in a format of objects: all but the background, in the order of their ids.

    Args:
        classes: The classes of the dataset.
        ignored: Whether any ignored region was written; its name then comes last.
    """
    names = [name for i, name in enumerate(classes.names) if i != classes.background]
    return [*names, IGNORED_NAME] if ignored else names
