"""Which mask belongs to which picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from segwright.formats.entry import listed
from segwright.formats.faults import Fault, Report, refuse
from segwright.formats.masks.readings import Form, Reading, readings
from segwright.images import IMAGE_SUFFIXES


def pictures_in(
    folder: Path, *, report: Report = refuse, deep: bool = True
) -> tuple[dict[str, Path], list[str]]:
    """All pictures below a folder, by their place in it without the suffix.

    Args:
        folder: The folder.
        report: Is told of two pictures that differ in the suffix alone; the first one is kept.
        deep: Whether the folders within it count too.

    Returns:
        Name ("a/b" for a/b.png) → file in the order of the names, and the names of other files;
        hidden files are left out of both.
    """
    pictures: dict[str, Path] = {}
    others: list[str] = []
    for path in sorted(folder.rglob("*") if deep else folder.iterdir()):
        place = path.relative_to(folder)
        if any(part.startswith(".") for part in place.parts) or not path.is_file():
            continue
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            others.append(place.as_posix())
            continue
        name = place.with_suffix("").as_posix()
        other = pictures.setdefault(name, path)
        if other is not path:
            problem = f"{other.name} and {path.name} differ in the suffix alone"
            remedy = "Keep one of them, or rename it"
            report(Fault("name-twice", problem, str(folder), remedy, key=name))
    return pictures, others


@dataclass(frozen=True)
class Pairs:
    """Which masks belong to which pictures.

    Attributes:
        masks_of: Picture → its masks, in the order of the names; pictures without are left out.
        rest_of: Mask → what its name says beyond that of its picture ("road_1"); "" if nothing.
        note: How names were matched if they were not equal; None if they were.
    """

    masks_of: Mapping[str, tuple[str, ...]]
    rest_of: Mapping[str, str]
    note: str | None = None


def pair(
    images: Mapping[str, Path],
    masks: Mapping[str, Path],
    *,
    where: Path,
    what: str = "mask",
    report: Report = refuse,
) -> tuple[dict[str, Path], str | None]:
    """Finds the one mask of every picture.

    Names that are equal pair up. Otherwise the beginning or ending that all pictures share, and
    the one that all masks share, are left out ("21_training" and "21_manual1" are both "21"), but
    only if every picture then has exactly one mask and every mask a picture.

    Args:
        images: Name → file of the pictures.
        masks: Name → file of the masks.
        where: The folder to name in messages.
        what: What the masks are called in messages.
        report: As in `pair_many`.

    Returns:
        Picture name → mask file, and a note on how names were matched if they were not equal.
    """
    pairs = _pairs(images, masks, ("same",), what=what, report=report)
    _report_leftovers(pairs, images, masks, what=what, report=report)
    return {image: masks[mask] for image, (mask,) in pairs.masks_of.items()}, pairs.note


def pair_many(
    images: Mapping[str, Path],
    masks: Mapping[str, Path],
    *,
    report: Report = refuse,
    may_lack: bool = False,
) -> Pairs:
    """Finds the masks of every picture, one or several.

    The name of its picture stands in that of every mask, in one place for all of them (`readings`).
    Of several places it is the strongest that gives each mask a picture and each picture a mask. A
    folder that is called like the picture counts more than whatever stands in the names within.

    Args:
        images: Name → file of the pictures.
        masks: Name → file of the masks.
        report: Is told of pictures without a mask and masks without a picture, which are left out,
            and of names that can be read in two ways; then the stronger one counts.
        may_lack: Whether each picture has a folder of its own for its masks, which may be empty.
    """
    forms: tuple[Form, ...] = ("folder",) if may_lack else get_args(Form)
    pairs = _pairs(images, masks, forms, what="mask", report=report)
    _report_leftovers(pairs, images, masks, report=report, may_lack=may_lack)
    return pairs


def _pairs(
    images: Mapping[str, Path],
    masks: Mapping[str, Path],
    forms: Sequence[Form],
    *,
    what: str,
    report: Report,
) -> Pairs:
    chosen, rivals = _choose(images, masks, forms)
    if chosen is None:
        return Pairs({}, {})
    for other in (rival for rival in rivals if rival.masks_of != chosen.masks_of):
        report(_two_ways(chosen, other, images, masks, what=what))
        break
    else:
        if chosen.torn:
            report(_torn(chosen, images, masks, what=what))
    pairs = [(image, mask) for image, some in chosen.masks_of.items() for mask in some]
    unequal = next((both for both in pairs if both[0] != both[1]), None)
    note = unequal and _note(images[unequal[0]], masks[unequal[1]], what, chosen.is_by_folder)
    return Pairs(chosen.masks_of, chosen.rest_of, note)


def _choose(
    images: Mapping[str, Path], masks: Mapping[str, Path], forms: Sequence[Form]
) -> tuple[Reading | None, list[Reading]]:
    """The reading that counts, and others that might be meant as well."""
    every: list[Reading] = []
    serves = False
    for one in readings(images, masks, forms=forms):
        if serves and not one.is_whole and every[0].is_whole:
            break  # the part in which names differ is the last resort
        every.append(one)
        serves = serves or one.serves(images)
        if serves and one.is_whole and one.form == "same" and not one.depth:
            return one, []
    if not every:
        partly = readings(images, masks, forms=forms, partly=True)
        return max(partly, key=lambda one: len(one.rest_of), default=None), []
    chosen = next((one for one in every if one.serves(images)), every[0])
    rivals = [one for one in every[every.index(chosen) + 1 :] if one.serves(images)]
    if chosen.is_by_folder:
        rivals = [one for one in rivals if one.form == "same"]
    return chosen, every[: every.index(chosen)] + rivals


def _two_ways(
    chosen: Reading,
    other: Reading,
    images: Mapping[str, Path],
    masks: Mapping[str, Path],
    *,
    what: str,
) -> Fault:
    """The fault that two places in the names give different pairs."""
    owner = {mask: image for image, some in chosen.masks_of.items() for mask in some}
    mask, first, second = next(
        (mask, owner[mask], image)
        for image, some in other.masks_of.items()
        for mask in some
        if owner[mask] != image
    )
    problem = (
        f"the names of the {what}s can be read in two ways: {_PLACES[chosen.form]} says that "
        f"{mask} is of {images[first].name}, {_PLACES[other.form]} that it is of "
        f"{images[second].name}"
    )
    return Fault("layout", problem, str(masks[mask]), _REMEDY)


def _torn(
    chosen: Reading, images: Mapping[str, Path], masks: Mapping[str, Path], *, what: str
) -> Fault:
    """The fault that the names of several pictures stand in the names of masks."""
    mask = chosen.torn
    image = next(image for image, some in chosen.masks_of.items() if mask in some)
    problem = (
        f"{mask} may be a {what} of {images[image].name}, or of a picture with a shorter name that "
        "stands in it as well"
    )
    return Fault("layout", problem, str(masks[mask]), _REMEDY)


_PLACES: Mapping[Form, str] = {
    "same": "the whole name",
    "folder": "the name of the folder",
    "beginning": "the beginning of the name",
    "end": "the end of the name",
    "either": "the name or its beginning",
}
_REMEDY = (
    "Give each picture a folder of its name for its masks, and name these after their class, as in "
    "masks/7/car_1.png"
)


def _note(image: Path, mask: Path, what: str, by_folder: bool) -> str:
    if by_folder:
        example = f"{mask.parent.name}/{mask.name}"
        return (
            f"The {what}s of a picture lie in a folder of its name, as {image.name} and {example}."
        )
    return (
        f"Pictures and {what}s are matched by the part of the name that differs, as in "
        f"{image.name} and {mask.name}."
    )


def _report_leftovers(
    pairs: Pairs,
    images: Mapping[str, Path],
    masks: Mapping[str, Path],
    *,
    report: Report,
    what: str = "mask",
    may_lack: bool = False,
) -> None:
    bare = [] if may_lack else [name for name in images if name not in pairs.masks_of]
    orphans = [name for name in masks if name not in pairs.rest_of]
    summary = []
    if bare:
        summary.append(f"{len(bare)} of {len(images)} pictures have no {what}: {listed(bare)}")
    if orphans:
        summary.append(f"{len(orphans)} of {len(masks)} {what}s have no picture: {listed(orphans)}")
    remedy = (
        f"Give picture and {what} the same name (the suffix may differ), or move the ones without "
        "a partner out of the folder"
    )
    # Whoever stops at the first fault is told of all of them by it.
    told = f" ({'; '.join(summary)})"
    for kind, names, files, missing in (
        ("image-without-labels", bare, images, what),
        ("labels-without-image", orphans, masks, "picture"),
    ):
        for name in names:
            report(Fault(kind, f"has no {missing}{told}", str(files[name]), remedy, key=name))
            told = ""
