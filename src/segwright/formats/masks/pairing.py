"""Which mask belongs to which picture."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from segwright.formats.entry import listed
from segwright.formats.faults import Fault, Report, refuse
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

    @property
    def several(self) -> bool:
        """Whether any picture has several masks."""
        return any(len(masks) > 1 for masks in self.masks_of.values())


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
        report: Is told of pictures without a mask and masks without a picture; both are left out.

    Returns:
        Picture name → mask file, and a note on how names were matched if they were not equal.
    """
    pairs = _one_to_one(images, masks, what=what)
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

    Names that are equal pair up. Otherwise a mask belongs to the picture whose name stands in its
    own, as a folder ("7/0" or "road/7" of "7") or as whole words at its beginning or end
    ("7_road_1"); of several such pictures to the one with the longest name. If that leaves
    something over, names are matched as in `pair`.

    Args:
        images: Name → file of the pictures.
        masks: Name → file of the masks.
        report: Is told of pictures without a mask and masks without a picture; both are left out.
        may_lack: Whether pictures may be without masks.
    """
    pairs = _one_to_one(images, masks)
    if any(image != masks_of[0] for image, masks_of in pairs.masks_of.items()) or not _complete(
        pairs, images, masks
    ):
        by_name = _many_to_one(images, masks)
        more = len(by_name.rest_of) > len(pairs.rest_of)
        if _complete(by_name, images, masks) or (more and (by_name.several or may_lack)):
            pairs = by_name
    _report_leftovers(pairs, images, masks, report=report, may_lack=may_lack)
    return pairs


def _complete(pairs: Pairs, images: Mapping[str, Path], masks: Mapping[str, Path]) -> bool:
    """Whether every picture has a mask and every mask a picture."""
    return len(pairs.masks_of) == len(images) and len(pairs.rest_of) == len(masks)


def _one_to_one(
    images: Mapping[str, Path], masks: Mapping[str, Path], *, what: str = "mask"
) -> Pairs:
    best: tuple[dict[str, str], dict[str, str]] | None = None
    most = -1
    for strip_image, strip_mask in product(_strippers(images), _strippers(masks)):
        image_of = {strip_image(name): name for name in images}
        mask_of = {strip_mask(name): name for name in masks}
        if len(image_of) < len(images) or len(mask_of) < len(masks) or "" in image_of:
            continue
        matched = len(image_of.keys() & mask_of.keys())
        if matched > most:
            best, most = (image_of, mask_of), matched
        if image_of.keys() == mask_of.keys():
            break
    assert best is not None  # names as they are, the first try, are always unique
    image_of, mask_of = best
    pairs = {image: mask_of[core] for core, image in image_of.items() if core in mask_of}
    unequal = next(((image, mask) for image, mask in pairs.items() if image != mask), None)
    note = unequal and _note(images[unequal[0]], masks[unequal[1]], what)
    core_of = {image: core for core, image in image_of.items()}
    rest_of = {mask: _rest(mask, core_of[image]) for image, mask in pairs.items()}
    return Pairs({image: (mask,) for image, mask in pairs.items()}, rest_of, note)


def _rest(mask: str, core: str) -> str:
    """What a mask's name says beside the part that it shares with that of its picture."""
    before, _, behind = mask.partition(core)
    return f"{before}{behind}".strip("_-. /")


def _many_to_one(images: Mapping[str, Path], masks: Mapping[str, Path]) -> Pairs:
    best = Pairs({}, {})
    for strip_image, strip_mask in product(_strippers(images), _strippers(masks)):
        image_of = {strip_image(name): name for name in images}
        if len(image_of) < len(images) or "" in image_of:
            continue
        masks_of: defaultdict[str, list[str]] = defaultdict(list)
        rest_of: dict[str, str] = {}
        for mask in masks:
            fits = [(core, rest) for core, rest in _within(strip_mask(mask)) if core in image_of]
            if fits:
                core, rest_of[mask] = max(fits, key=lambda one: len(one[0]))
                masks_of[image_of[core]].append(mask)
        if len(rest_of) > len(best.rest_of):
            ordered = {image: tuple(masks_of[image]) for image in images if image in masks_of}
            image, (mask, *_) = next(iter(ordered.items()))
            note = _note(images[image], masks[mask], "mask")
            best = Pairs(ordered, rest_of, note)
        if len(rest_of) == len(masks):
            break
    return best


def _note(image: Path, mask: Path, what: str) -> str:
    return (
        f"Pictures and {what}s are matched by the part of the name that differs, as in "
        f"{image.name} and {mask.name}."
    )


def _within(mask: str) -> Iterator[tuple[str, str]]:
    """Every name of a picture that a mask's name may hold, and what is left of it then."""
    yield mask, ""
    cuts = [found.start() for found in re.finditer(r"[_\-. /]", mask)]
    for cut in cuts:
        yield mask[:cut], mask[cut + 1 :]
        yield mask[cut + 1 :], mask[:cut]
    folders = mask.split("/")
    for first in range(len(folders)):
        inner = "/".join(folders[first:])
        above = "/".join(folders[:first])
        for found in re.finditer(r"[_\-. /]", inner):  # road/7_1 is a mask of 7
            yield inner[: found.start()], f"{above}/{inner[found.end() :]}".strip("/")


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


def _strippers(names: Iterable[str]) -> list[Callable[[str], str]]:
    """Ways to leave out what all names share, whole words only; the first leaves out nothing.

    The letters before a number are a word too ("t012" and "t013" share "t").
    """
    names = list(names) or [""]
    beginning = _common_beginning(names)
    letters = re.sub(r"\d+$", "", beginning)
    beginning = re.sub(r"[^_\-. /]*$", "", beginning)  # back to the last separator
    ending = _common_beginning([name[::-1] for name in names])[::-1]
    ending = re.sub(r"^[^_\-. /]*", "", ending)
    if len(names) == 1:  # everything is shared: one word at either end may be left out
        ending = re.sub(r"^.*(?=[_\-. ])", "", ending)
    beginnings = ["", beginning]
    if all(name.removeprefix(letters)[:1].isdigit() for name in names):
        beginnings.append(letters)
    ends = dict.fromkeys(product(beginnings, ("", ending)))

    def without(start: str, end: str) -> Callable[[str], str]:
        return lambda name: name.removeprefix(start).removesuffix(end)

    return [without(*both) for both in ends]


def _common_beginning(names: Iterable[str]) -> str:
    """The longest beginning of all names: that of the first and the last of them in order."""
    names = sorted(names)
    first, last = names[0], names[-1]
    differ = (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(differ, min(len(first), len(last)))]
