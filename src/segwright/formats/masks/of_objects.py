"""Several masks for each picture, of one object each.

A mask of an object is 0 where the object is not. The class of an object stands in what the name of
its mask says beyond that of the picture: "car" in 7_car_1.png, 7/car_1.png and car/7_1.png. Objects
may overlap, and their masks keep that.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segwright.errors import LabelError
from segwright.formats.entry import listed
from segwright.formats.faults import Fault, Report, refuse
from segwright.formats.masks.roles import names_a_mask, names_a_picture
from segwright.formats.masks.values import ignored_around, packed, read_mask
from segwright.formats.naming import Naming, means_ignored, name_classes
from segwright.formats.settings import DatasetSettings, DeclaredClass
from segwright.formats.writing import IGNORED_NAME
from segwright.images import image_size_hw
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances
from segwright.labels.rle import RunLengths

OBJECT = "object"
"""What objects are called whose masks do not say their class."""

_MOST_CLASSES = 32


@dataclass(frozen=True)
class ObjectMasks:
    """The objects of one picture, each in a mask of its own.

    Attributes:
        image: The picture.
        masks: The masks, each with the class id of its object.
        classes: What the ids mean.
        threshold: From this value on a pixel is the object's; None if masks hold two values.
        around: A field of view and an ignore mask, if there are any (see `masks.MaskFile`).
        key: The picture's key, for reports.
    """

    image: Path
    masks: tuple[tuple[Path, int], ...]
    classes: Classes
    threshold: int | None = None
    around: tuple[Path | None, Path | None] = (None, None)
    key: str | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        masks = tuple(path for path, _ in self.masks)
        return masks + tuple(p for p in self.around if p is not None) or (self.image,)

    def read(self, report: Report = refuse) -> Instances:
        """Reads the masks; those of another size than the picture are reported and left out."""
        size_hw = image_size_hw(self.image)
        objects: list[Instance] = []
        covered: dict[int, np.ndarray] = {}
        shared_px = 0
        for path, class_id in self.masks:
            mask = self._mask(path, report)
            if mask.shape != size_hw:
                report(self._wrong_size(path, mask.shape, size_hw))
                continue
            if not mask.any():
                if len(self.masks) > 1:
                    report(self._empty(path))
                continue
            seen = covered.setdefault(class_id, np.zeros(size_hw, bool))
            shared_px += int((seen & mask).sum())
            seen |= mask
            objects.append(Instance(class_id, RunLengths.from_mask(mask), name=path.name))
        if shared_px:
            problem = f"{shared_px} pixels belong to several of its objects of one class"
            remedy = "Is that meant? A class for each pixel cannot hold it"
            where = str(self.paths[0].parent)
            report(Fault("mask-overlap", problem, where, remedy, self.key))
        objects += ignored_around(size_hw, self.classes, *self.around, report=report, key=self.key)
        return Instances(size_hw, tuple(objects), self.classes)

    def _mask(self, path: Path, report: Report) -> np.ndarray:
        """Where a mask says that its object is, (Y, X) bool."""
        values = packed(read_mask(path, report=report, key=self.key), where=path, is_colour=False)
        if self.threshold is not None:
            return values >= self.threshold
        low, high = int(values.min()), int(values.max())
        strange = (values != low) & (values != high) if low == 0 else values != high
        if strange.any():
            y, x = np.argwhere(strange)[0]
            middle = (high + 1) // 2
            problem = (
                f"mask of one object holds {high} and {low} but also {values[y, x]} at row {y}, "
                f"column {x} ({int(strange.sum())} such pixels)"
            )
            remedy = f"Write 'threshold: {middle}' into dataset.yaml to cut all masks there"
            report(Fault("blurred-mask", problem, str(path), remedy, self.key))
            return values >= middle
        return values != 0

    def _wrong_size(self, path: Path, mask_hw: tuple[int, ...], size_hw: tuple[int, int]) -> Fault:
        problem = (
            f"is {mask_hw[0]}×{mask_hw[1]}, but its picture {self.image} is "
            f"{size_hw[0]}×{size_hw[1]} (height × width)"
        )
        remedy = "Give the masks the size of the picture; they are never resized"
        return Fault("size-differs", problem, str(path), remedy, self.key)

    def _empty(self, path: Path) -> Fault:
        remedy = "Remove it, if the object is not there"
        problem = "is 0 everywhere, though it should hold an object"
        return Fault("empty-shape", problem, str(path), remedy, self.key, severity="warning")


@dataclass(frozen=True)
class ObjectNaming:
    """Which class each object mask has.

    Attributes:
        classes: The classes.
        id_of: What the names of masks say ("road_1") → class id.
        note: What was taken for what, one sentence.
    """

    classes: Classes
    id_of: Mapping[str, int]
    note: str


def name_objects_of_masks(
    rests: Iterable[str],
    settings: DatasetSettings,
    *,
    where: Path,
    report: Report = refuse,
) -> ObjectNaming:
    """Finds the class of every object from what the name of its mask says beyond the picture's.

    Args:
        rests: What each name says ("road_1", "1", "road").
        settings: What dataset.yaml declares.
        where: The dataset's folder, to name in messages.
        report: Is told of names that say none of the declared classes; they are not in `id_of`.

    Raises:
        LabelError: Several classes are declared and the names say none of them.
    """
    declared = settings.classes
    known = _by_slug(_naming(declared, settings, where=where)) if declared else {}
    kind_of = {rest: _kind(rest, known) for rest in rests}
    kinds = sorted(set(kind_of.values()) - {""})
    if not declared:
        words = [kind for kind in kinds if not means_ignored(kind)]
        names = words if _are_names(words) else [OBJECT]
        declared = tuple(DeclaredClass(name=name) for name in names)
    naming = _naming(declared, settings, where=where)
    ignored = {_slug(k): naming.classes.ignore_index for k in kinds if means_ignored(k)}
    by_slug = {**ignored, **_by_slug(naming)}
    background = naming.classes.background
    things = [i for i in range(len(naming.classes)) if i != background]
    said = [kind for kind in kinds if _slug(kind) in by_slug]
    if not said and len(things) == 1:
        name = naming.classes.names[things[0]]
        note = f"Every picture has a mask for each object; all are taken as {name!r}."
        return ObjectNaming(naming.classes, dict.fromkeys(kind_of, things[0]), note)
    if not said:
        raise LabelError(
            f"there is a mask for each object, but no name of a mask says one of the "
            f"{len(things)} classes: {listed(kinds or kind_of)}",
            where=where,
            remedy="Name the masks like PICTURE_CLASS_1.png, or declare one class",
        )
    for rest, kind in kind_of.items():
        if kind not in said:
            report(_unknown_class(rest, naming, where))
    note = (
        "Every picture has a mask for each object, whose name says the class: "
        f"{listed(said, limit=10)}."
    )
    id_of = {rest: by_slug[_slug(kind)] for rest, kind in kind_of.items() if kind in said}
    return ObjectNaming(naming.classes, id_of, note)


def _unknown_class(rest: str, naming: Naming, where: Path) -> Fault:
    problem = f"masks are called {rest!r}, which names none of {listed(naming.id_of)}"
    remedy = "Name the class in classes.txt, or rename the masks"
    return Fault("unknown-class", problem, str(where), remedy)


def cover_the_same(pairs: Iterable[tuple[Path, Path]]) -> bool:
    """Whether pairs of masks mostly cover the same pixels, as those of two people do.

    Args:
        pairs: Two masks of the same picture, of several pictures.
    """
    overlaps = []
    for both in pairs:
        one, other = (read_mask(path) != 0 for path in both)
        if one.shape == other.shape and one.any() and other.any():
            overlaps.append((one & other).sum() / (one | other).sum())
    return bool(overlaps) and float(np.median(overlaps)) > 0.5


def says_classes(rests: Iterable[str], settings: DatasetSettings) -> bool:
    """Whether every name of a mask says one of the declared classes."""
    known = slugs([one.name for one in settings.classes or ()]).values()
    return all(_slug(_without_number(rest)) in known for rest in rests)


def order_of(rest: str) -> tuple[int, str]:
    """By what the masks of a picture are ordered: the number at the end of what they are called."""
    number = re.search(r"(?:^|[_\-. /])(\d{1,9})$", rest)
    return (int(number[1]) if number else 0, rest)


def slugs(names: Sequence[str]) -> dict[str, str]:
    """How class names, and that of ignored regions, stand in file names.

    Small letters and digits, "-" for all else. Where two would be the same or one empty, the number
    of the class stands behind each.
    """
    names = list(dict.fromkeys((*names, IGNORED_NAME)))
    plain = [_slug(name) for name in names]
    if len(set(plain)) < len(plain) or not all(plain):
        plain = [f"{slug}-{number}".strip("-") for number, slug in enumerate(plain)]
    return dict(zip(names, plain, strict=True))


def _by_slug(naming: Naming) -> dict[str, int]:
    """What stands in file names → class id."""
    ignore = naming.classes.ignore_index
    return {slug: naming.id_of.get(name, ignore) for name, slug in slugs([*naming.id_of]).items()}


def _slug(name: str) -> str:
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")


def _without_number(rest: str) -> str:
    """What a mask is called without the number of its object."""
    return re.sub(r"(^|[_\-. /])\d+$", "", rest)


def _kind(rest: str, known: Collection[str]) -> str:
    """What a mask is called without the number of its object and words like "mask"."""
    for name in (_without_number(rest), rest):
        if _slug(name) in known:
            return name
    words = [word for word in re.split(r"[_. /]+", _without_number(rest)) if word]
    telling = [w for w in words if not w.isdigit()]
    return " ".join(w for w in telling if not names_a_mask(w) and not names_a_picture(w))


def _naming(declared: Sequence[DeclaredClass], settings: DatasetSettings, *, where: Path) -> Naming:
    """The classes; background comes first unless they have one or dataset.yaml forbids it."""
    if settings.background is not False:
        wanted = settings.background or "background"
        if wanted.lower() not in {one.name.lower() for one in declared}:
            declared = (DeclaredClass(name=wanted), *declared)
    return name_classes(declared, settings, where=where)


def _are_names(kinds: Sequence[str]) -> bool:
    """Whether these may be classes: few, and words (not the names that a program makes up)."""
    letters = all(not any(letter.isdigit() for letter in kind) for kind in kinds)
    return 0 < len(kinds) <= _MOST_CLASSES and letters
