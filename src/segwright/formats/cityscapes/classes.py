"""The labels of Cityscapes, and which of them are classes.

Without dataset.yaml the classes are the 19 that the benchmark is trained and judged on, and all
other labels are ignored. Under `classes` dataset.yaml may name others of the table, and under
`values` labels that are not Cityscapes' own.

Source: https://github.com/mcordts/cityscapesScripts (`helpers/labels.py`), of which these are the
facts: names, numbers and colours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from segwright.errors import DataError, UnknownNameError
from segwright.formats.naming import name_classes
from segwright.formats.settings import Colour, DatasetSettings, DeclaredClass
from segwright.labels.classes import Classes


@dataclass(frozen=True)
class CityscapesLabel:
    """One label.

    Attributes:
        name: What it is called in polygons.json.
        number: Its value in labelIds; -1 for what is not drawn there.
        train_number: Its number in training and evaluation; None if it is left out of both.
        has_instances: Whether its objects are told apart.
        colour: Its colour in pictures for the eye.
    """

    name: str
    number: int
    train_number: int | None
    has_instances: bool
    colour: Colour


def _label(
    name: str, number: int, train_number: int | None, colour: Colour, *, instances: bool = False
) -> CityscapesLabel:
    return CityscapesLabel(name, number, train_number, instances, colour)


LABELS = (
    _label("unlabeled", 0, None, (0, 0, 0)),
    _label("ego vehicle", 1, None, (0, 0, 0)),
    _label("rectification border", 2, None, (0, 0, 0)),
    _label("out of roi", 3, None, (0, 0, 0)),
    _label("static", 4, None, (0, 0, 0)),
    _label("dynamic", 5, None, (111, 74, 0)),
    _label("ground", 6, None, (81, 0, 81)),
    _label("road", 7, 0, (128, 64, 128)),
    _label("sidewalk", 8, 1, (244, 35, 232)),
    _label("parking", 9, None, (250, 170, 160)),
    _label("rail track", 10, None, (230, 150, 140)),
    _label("building", 11, 2, (70, 70, 70)),
    _label("wall", 12, 3, (102, 102, 156)),
    _label("fence", 13, 4, (190, 153, 153)),
    _label("guard rail", 14, None, (180, 165, 180)),
    _label("bridge", 15, None, (150, 100, 100)),
    _label("tunnel", 16, None, (150, 120, 90)),
    _label("pole", 17, 5, (153, 153, 153)),
    _label("polegroup", 18, None, (153, 153, 153)),
    _label("traffic light", 19, 6, (250, 170, 30)),
    _label("traffic sign", 20, 7, (220, 220, 0)),
    _label("vegetation", 21, 8, (107, 142, 35)),
    _label("terrain", 22, 9, (152, 251, 152)),
    _label("sky", 23, 10, (70, 130, 180)),
    _label("person", 24, 11, (220, 20, 60), instances=True),
    _label("rider", 25, 12, (255, 0, 0), instances=True),
    _label("car", 26, 13, (0, 0, 142), instances=True),
    _label("truck", 27, 14, (0, 0, 70), instances=True),
    _label("bus", 28, 15, (0, 60, 100), instances=True),
    _label("caravan", 29, None, (0, 0, 90), instances=True),
    _label("trailer", 30, None, (0, 0, 110), instances=True),
    _label("train", 31, 16, (0, 80, 100), instances=True),
    _label("motorcycle", 32, 17, (0, 0, 230), instances=True),
    _label("bicycle", 33, 18, (119, 11, 32), instances=True),
    _label("license plate", -1, None, (0, 0, 142)),
)
BY_NAME: Mapping[str, CityscapesLabel] = {label.name: label for label in LABELS}
TRAINED = tuple(label for label in LABELS if label.train_number is not None)
"""The 19 labels of training and evaluation, in the order of their training numbers."""

UNLABELED, NOT_DRAWN, FIRST_FOREIGN = 0, 255, 34
"""Value of what has no label, of what is not drawn in a mask of one byte, and of what follows
Cityscapes' own labels."""


@dataclass(frozen=True)
class Meaning:
    """What the numbers of a dataset mean.

    Attributes:
        classes: The classes.
        id_of: Value in labelIds → class id or `classes.ignore_index`.
        name_of: Value in labelIds → the name of the label.
        groups: Values of which a pixel without a number of its object belongs to a group.
        description: What was taken for what, one sentence.
    """

    classes: Classes
    id_of: Mapping[int, int]
    name_of: Mapping[int, str]
    groups: frozenset[int]
    description: str

    def trained_ids(self) -> dict[int, int]:
        """Value in labelTrainIds → class id."""
        number_of = {name: number for number, name in self.name_of.items()}
        ignore = self.classes.ignore_index
        ids = {NOT_DRAWN: ignore}
        for place, label in enumerate(TRAINED):
            ids[place] = self.id_of.get(number_of.get(label.name, NOT_DRAWN), ignore)
        return ids


def decide_meaning(settings: DatasetSettings, *, where: Path) -> Meaning:
    """Decides which labels are classes.

    Args:
        settings: What dataset.yaml declares.
        where: The dataset's folder, to name in messages.

    Raises:
        UnknownNameError: A class that is none of Cityscapes' labels and has no value.
        DataError: A setting that means nothing here.
    """
    if settings.threshold is not None:
        raise DataError(
            "'threshold' is about grey masks, but the labels are those of Cityscapes",
            where=where,
            remedy="Remove 'threshold' from dataset.yaml",
        )
    own = {label.number: label.name for label in LABELS if label.number >= 0}
    name_of = own if settings.values is None else dict(settings.values)
    declared = settings.classes
    if declared is None and settings.values is not None:
        declared = tuple(DeclaredClass(name=name) for name in dict.fromkeys(name_of.values()))
    for name in (one.name for one in declared or ()):
        if name not in name_of.values():
            raise UnknownNameError("label of Cityscapes", name, name_of.values(), where=where)
    text = f"{len(declared or ())} labels of Cityscapes are classes, the others are ignored."
    if declared is None:
        declared = tuple(DeclaredClass(name=one.name, colour=one.colour) for one in TRAINED)
        text = (
            f"The {len(TRAINED)} classes of Cityscapes' benchmark; its other labels are ignored, "
            "unless 'classes' in dataset.yaml names them."
        )
    declared = tuple(map(_with_colour, declared))
    naming = name_classes(declared, settings, where=where)
    ignore = naming.classes.ignore_index
    id_of = {number: naming.id_of.get(name, ignore) for number, name in name_of.items()}
    id_of |= {value: ignore for value in settings.ignore if isinstance(value, int)}
    id_of |= {NOT_DRAWN: ignore} if NOT_DRAWN not in id_of else {}
    groups = {n for n, name in name_of.items() if name in BY_NAME and BY_NAME[name].has_instances}
    return Meaning(naming.classes, id_of, name_of, frozenset(groups), text)


def _with_colour(declared: DeclaredClass) -> DeclaredClass:
    if declared.colour is not None or declared.name not in BY_NAME:
        return declared
    return DeclaredClass(name=declared.name, colour=BY_NAME[declared.name].colour)
