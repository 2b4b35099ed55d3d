"""Which mask belongs to which picture."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from pathlib import Path

from segwright.errors import DataError
from segwright.formats.entry import listed
from segwright.images import IMAGE_SUFFIXES


def pictures_in(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """All pictures below a folder, by their place in it without the suffix.

    Returns:
        Name ("a/b" for a/b.png) → file in the order of the names, and the names of other files;
        hidden files are left out of both.

    Raises:
        DataError: Two pictures that differ in the suffix alone.
    """
    pictures: dict[str, Path] = {}
    others: list[str] = []
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if any(part.startswith(".") for part in place.parts) or not path.is_file():
            continue
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            others.append(place.as_posix())
            continue
        other = pictures.setdefault(place.with_suffix("").as_posix(), path)
        if other is not path:
            raise DataError(
                f"{other.name} and {path.name} differ in the suffix alone",
                where=folder,
                remedy="Keep one of them, or rename it",
            )
    return pictures, others


def pair(
    images: Mapping[str, Path], masks: Mapping[str, Path], *, where: Path, what: str = "mask"
) -> tuple[dict[str, Path], str | None]:
    """Finds the mask of every picture.

    Names that are equal pair up. Otherwise the beginning or ending that all pictures share, and
    the one that all masks share, are left out ("21_training" and "21_manual1" are both "21"), but
    only if every picture then has exactly one mask and every mask a picture.

    Args:
        images: Name → file of the pictures.
        masks: Name → file of the masks.
        where: The folder to name in messages.
        what: What the masks are called in messages.

    Returns:
        Picture name → mask file, and a note on how names were matched if they were not equal.

    Raises:
        DataError: Pictures without a mask or masks without a picture.
    """
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
    _refuse_leftovers(image_of, mask_of, where=where, what=what)
    pairs = {image: masks[mask_of[core]] for core, image in image_of.items()}
    if all(image == mask_of[core] for core, image in image_of.items()):
        return pairs, None
    image, mask = next((image, mask_of[core]) for core, image in image_of.items())
    note = f"Pictures and {what}s are matched by the part of the name that differs, as in"
    return pairs, f"{note} {images[image].name} and {masks[mask].name}."


def _refuse_leftovers(
    image_of: Mapping[str, str], mask_of: Mapping[str, str], *, where: Path, what: str
) -> None:
    bare = [image for core, image in image_of.items() if core not in mask_of]
    orphans = [mask for core, mask in mask_of.items() if core not in image_of]
    if not bare and not orphans:
        return
    problems = []
    if bare:
        problems.append(f"{len(bare)} of {len(image_of)} pictures have no {what}: {listed(bare)}")
    if orphans:
        problems.append(
            f"{len(orphans)} of {len(mask_of)} {what}s have no picture: {listed(orphans)}"
        )
    raise DataError(
        "; ".join(problems),
        where=where,
        remedy=f"Give picture and {what} the same name (the suffix may differ), or move the "
        "ones without a partner out of the folder",
    )


def _strippers(names: Iterable[str]) -> list[Callable[[str], str]]:
    """Ways to leave out what all names share, whole words only; the first leaves out nothing."""
    names = list(names) or [""]
    beginning = _common_beginning(names)
    beginning = re.sub(r"[^_\-. ]*$", "", beginning)  # back to the last separator
    ending = _common_beginning([name[::-1] for name in names])[::-1]
    ending = re.sub(r"^[^_\-. ]*", "", ending)
    if len(names) == 1:  # everything is shared: one word at either end may be left out
        ending = re.sub(r"^.*(?=[_\-. ])", "", ending)

    def without(start: str, end: str) -> Callable[[str], str]:
        return lambda name: name.removeprefix(start).removesuffix(end)

    return [without(*ends) for ends in dict.fromkeys(product(("", beginning), ("", ending)))]


def _common_beginning(names: Iterable[str]) -> str:
    """The longest beginning of all names: that of the first and the last of them in order."""
    names = sorted(names)
    first, last = names[0], names[-1]
    differ = (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(differ, min(len(first), len(last)))]
