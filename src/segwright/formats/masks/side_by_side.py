"""Pictures and masks in one folder, told apart by the names of the files.

Either a word at the beginning or end of the name says which file is a mask ("a_mask.png",
"a_GT.bmp", "label_7.png"), or every picture is a JPEG beside a mask of the same name in a format
without loss.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from segwright.formats.masks.roles import Role, names_a_mask, names_a_picture, words_of
from segwright.formats.masks.sources import SideBySide
from segwright.images import IMAGE_SUFFIXES

_LOSSY = frozenset({".jpg", ".jpeg"})


def side_by_side(folder: Path) -> SideBySide | None:
    """Tells pictures and masks in a folder apart; None if there are not both."""
    pictures = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and path.name[0] != "." and path.is_file()
    )
    if len(pictures) < 2:
        return None
    return _by_word(folder, pictures) or _by_suffix(folder, pictures)


def chosen_by_pattern(root: Path, patterns: dict[Role, str]) -> SideBySide:
    """The files below a folder whose names (or places in it) match the patterns of each role.

    A file that matches several patterns goes to the longest of them, so that "*.png" may stand for
    pictures beside "*_mask.png".
    """
    files: dict[Role, dict[str, Path]] = {role: {} for role in patterns}
    for path in sorted(root.rglob("*")):
        place = path.relative_to(root)
        hidden = any(part.startswith(".") for part in place.parts)
        if hidden or path.suffix.lower() not in IMAGE_SUFFIXES or not path.is_file():
            continue
        fits: list[Role] = [
            role
            for role, pattern in patterns.items()
            if fnmatchcase(place.name, pattern) or fnmatchcase(place.as_posix(), pattern)
        ]
        if fits:
            role: Role = max(fits, key=lambda one: len(patterns[one]))
            files[role][place.with_suffix("").as_posix()] = path
    return SideBySide(root, files)


def _by_word(folder: Path, pictures: Sequence[Path]) -> SideBySide | None:
    masks: dict[Path, tuple[str, ...]] = {}
    others: dict[Path, tuple[str, ...]] = {}
    for path in pictures:
        words = words_of(path.stem)
        core = _without_mask_word(words)
        if core is None:
            others[path] = _without_picture_word(words)
        else:
            masks[path] = core
    known = {*others.values(), *(tuple(words_of(path.stem)) for path in others)}
    partners = sum(core in known for core in masks.values())
    if not others or not masks or 2 * partners < len(masks):
        return None
    return _told_apart(folder, list(others), list(masks))


def _by_suffix(folder: Path, pictures: Sequence[Path]) -> SideBySide | None:
    of_stem: defaultdict[str, list[Path]] = defaultdict(list)
    for path in pictures:
        of_stem[path.stem].append(path)
    pairs = [
        sorted(paths, key=lambda path: path.suffix.lower() not in _LOSSY)
        for paths in of_stem.values()
        if len(paths) == 2 and sum(path.suffix.lower() in _LOSSY for path in paths) == 1
    ]
    if 2 * len(pairs) < len(of_stem):
        return None
    return _told_apart(
        folder,
        [path for path in pictures if path.suffix.lower() in _LOSSY],
        [path for path in pictures if path.suffix.lower() not in _LOSSY],
    )


def _told_apart(folder: Path, images: Sequence[Path], masks: Sequence[Path]) -> SideBySide:
    return SideBySide(
        folder,
        {"images": {p.stem: p for p in images}, "masks": {p.stem: p for p in masks}},
    )


def _without_mask_word(words: list[str]) -> tuple[str, ...] | None:
    """What a mask's name says beside being one; None if it is no mask's name.

    The word stands first ("mask_7") or last, where the number of an object may follow ("7_mask_1").
    """
    if not words:
        return None
    if names_a_mask(words[0]):
        return tuple(words[1:])
    end = len(words)
    while end > 1 and words[end - 1].isdigit():
        end -= 1
    return tuple(words[: end - 1]) if names_a_mask(words[end - 1]) else None


def _without_picture_word(words: list[str]) -> tuple[str, ...]:
    if words and names_a_picture(words[0]):
        return tuple(words[1:])
    if len(words) > 1 and names_a_picture(words[-1]):
        return tuple(words[:-1])
    return tuple(words)
