"""Decides what the masks of a dataset mean: classes, single objects, or numbered regions.

one mask a picture            values are classes (`kinds`)
one mask a picture            values number objects or regions (`numbered`)
two masks a picture           one says the class, one numbers the objects
several masks a picture       each is one object (`of_objects`)
several masks a picture       several people numbered its regions: the first counts
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from segwright.errors import DataError
from segwright.formats.entry import Entry, LabelSource, listed
from segwright.formats.faults import Fault
from segwright.formats.format import Opening
from segwright.formats.masks.kinds import MaskScheme, decide_scheme
from segwright.formats.masks.numbered import (
    NumberedMask,
    numbers_objects,
    numbers_regions,
    one_class,
)
from segwright.formats.masks.of_objects import (
    ObjectMasks,
    cover_the_same,
    name_objects_of_masks,
    order_of,
    says_classes,
)
from segwright.formats.masks.survey import MaskSurvey, survey
from segwright.formats.masks.values import MaskFile
from segwright.formats.settings import DatasetSettings
from segwright.labels.classes import Classes

_COMPARED = 16


@dataclass(frozen=True)
class Meaning:
    """What the masks of a dataset were found to mean.

    Attributes:
        classes: The classes.
        sources: Key of a picture → its labels; pictures without any are absent.
        notes: What was decided and guessed.
    """

    classes: Classes
    sources: Mapping[str, LabelSource]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class PictureMasks:
    """The mask files of one picture, until it is known what they mean.

    Attributes:
        image: The picture.
        paths: Its masks, in the order of their names; several if each holds one object.
        rests: What the name of each says beyond the picture's.
        numbers: A mask whose values tell objects apart.
        around: A field of view and an ignore mask.
        key: The picture's key.
        is_sealed: Whether the picture is of a test split, whose masks stay closed.
    """

    image: Path
    paths: tuple[Path, ...]
    rests: tuple[str, ...] = ()
    numbers: Path | None = None
    around: tuple[Path | None, Path | None] = (None, None)
    key: str = ""
    is_sealed: bool = False


def understand(
    masks: Mapping[Path, PictureMasks], entries: Sequence[Entry], opening: Opening
) -> Meaning:
    """Decides what the masks of all pictures mean; those of a test split are not looked at.

    Args:
        masks: Picture → its masks.
        entries: The pictures with their keys and splits.
        opening: What is declared, and whom to tell of faults.

    Raises:
        LabelError: Masks that nothing explains.
    """
    rows = [
        replace(masks[entry.image], key=entry.key, is_sealed=entry.split == "test")
        for entry in entries
    ]
    if any(row.numbers for row in rows) or opening.settings.instances:
        return _numbered(rows, opening)
    found = _surveyed([path for row in _open(rows) for path in row.paths], opening.root)
    looked = f" ({found.num_files} of {found.num_masks} masks were looked at.)"
    rests = {rest for row in rows for rest in row.rests}
    named = bool(opening.settings.classes) and says_classes(rests, opening.settings)
    if named or any(len(row.paths) != 1 for row in rows):
        if _are_objects(found, opening.settings):
            return _objects(rows, opening, looked)
        rows, others = _first_only(rows, found, opening)
        looked = f"{others}{looked}"
    if numbers_objects(found, opening.settings):
        return _all_of_one_class(rows, found, opening, looked)
    scheme = decide_scheme(found, opening.settings, where=opening.root, report=opening.report)
    sources = {row.key: _class_mask(row, scheme) for row in rows}
    return Meaning(scheme.classes, sources, (f"{scheme.description}{looked}",))


def _open(rows: Sequence[PictureMasks]) -> Sequence[PictureMasks]:
    """Pictures whose masks may be looked at; all if there are no others."""
    return [row for row in rows if not row.is_sealed] or rows


def _surveyed(paths: Sequence[Path], root: Path) -> MaskSurvey:
    found = survey(paths)
    if not found.num_files:
        if found.unreadable:
            raise found.unreadable[0].error()
        raise DataError("no picture has a mask", where=root, remedy="Add the masks")
    return found


def _are_objects(found: MaskSurvey, settings: DatasetSettings) -> bool:
    """Whether every mask says of one object where it is: two values, one of them 0."""
    if settings.threshold is not None:
        return True
    two = sum(number <= 2 and (low == 0 or number == 1) for low, _, number in found.spans)
    return not found.is_colour and 2 * two > len(found.spans) and not numbers_regions(found)


def _objects(rows: Sequence[PictureMasks], opening: Opening, looked: str) -> Meaning:
    """Each mask is one object."""
    rests = sorted({rest for row in rows for rest in row.rests})
    naming = name_objects_of_masks(
        rests, opening.settings, where=opening.root, report=opening.report
    )
    pairs = [(row.paths[0], row.paths[1]) for row in _open(rows) if len(row.paths) > 1]
    declared = bool(opening.settings.classes) and says_classes(rests, opening.settings)
    alike = not declared and cover_the_same(pairs[:_COMPARED])
    if alike:
        first, second = pairs[0]
        problem = (
            f"several masks of a picture cover nearly the same, as {first.name} and {second.name}: "
            "they are no single objects; did several people draw the same?"
        )
        remedy = (
            "Write into dataset.yaml whose masks count, as a pattern that their names match, such "
            f"as 'masks: \"*{_ending(first.name, second.name)}\"' and 'images: \"*.jpg\"'; or, if "
            "they are objects after all, declare their classes and name the masks after them"
        )
        opening.report(Fault("layout", problem, str(first.parent), remedy))
    sources = {
        row.key: ObjectMasks(
            row.image,
            tuple(
                (path, naming.id_of[rest])
                for path, rest in sorted(
                    zip(row.paths, row.rests, strict=True), key=lambda one: order_of(one[1])
                )
                if rest in naming.id_of
            ),
            naming.classes,
            opening.settings.threshold,
            row.around,
            row.key,
        )
        for row in rows
    }
    return Meaning(naming.classes, sources, (f"{naming.note}{looked}",))


def _ending(first: str, second: str) -> str:
    """What the first name has where the two begin to differ."""
    at = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), 0)
    while at > 0 and first[at - 1] not in "_-. /":
        at -= 1
    return first[max(at - 1, 0) :]


def _first_only(
    rows: Sequence[PictureMasks], found: MaskSurvey, opening: Opening
) -> tuple[list[PictureMasks], str]:
    """The first mask of every picture, where several people drew each; what to say about that."""
    most = max(len(row.paths) for row in rows)
    if not numbers_regions(found):
        row = next(row for row in rows if len(row.paths) > 1)
        problem = (
            f"pictures have up to {most} masks, as {listed(path.name for path in row.paths)}, "
            "which hold more than one object each"
        )
        remedy = (
            "Write into dataset.yaml which of them count, as a pattern that their names match: "
            f"'masks: \"*{_ending(row.paths[0].name, row.paths[1].name)}\"'"
        )
        opening.report(Fault("layout", problem, str(row.paths[0].parent), remedy))
    kept = [replace(row, paths=row.paths[:1], rests=row.rests[:1]) for row in rows if row.paths]
    text = f" Pictures have up to {most} masks, drawn by several people; the first of each is used."
    return kept, text


def _numbered(rows: Sequence[PictureMasks], opening: Opening) -> Meaning:
    """Objects are told apart by one mask; their class is said by another, or is one for all."""
    found = _surveyed([row.numbers for row in _open(rows) if row.numbers], opening.root)
    of_classes = [path for row in _open(rows) for path in row.paths]
    if not of_classes:
        rows = [replace(row, paths=(row.numbers,)) for row in rows if row.numbers]
        return _all_of_one_class(rows, found, opening, "")
    scheme = decide_scheme(
        survey(of_classes), opening.settings, where=opening.root, report=opening.report
    )
    sources = {
        row.key: NumberedMask(
            row.numbers, scheme.classes, of_classes=_class_mask(row, scheme), key=row.key
        )
        if row.numbers
        else _class_mask(row, scheme)
        for row in rows
        if row.paths
    }
    note = "Objects are told apart by a second mask, whose values say nothing of their class."
    return Meaning(scheme.classes, sources, (scheme.description, note))


def _class_mask(row: PictureMasks, scheme: MaskScheme) -> MaskFile:
    return MaskFile(row.paths[0], scheme, *row.around, key=row.key)


def _all_of_one_class(
    rows: Sequence[PictureMasks], found: MaskSurvey, opening: Opening, looked: str
) -> Meaning:
    """Masks that number objects and say nothing of their class."""
    classes, class_id, ignored = one_class(found, opening.settings, where=opening.root)
    sources = {
        row.key: NumberedMask(row.paths[0], classes, class_id, None, ignored, row.around, row.key)
        for row in rows
    }
    name = classes.names[class_id]
    note = (
        f"The values of the masks number single objects or regions and say no class; all are "
        f"{name!r}. If they are classes, name them in classes.txt.{looked}"
    )
    return Meaning(classes, sources, (note,))
