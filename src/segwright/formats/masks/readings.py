"""Where the name of a picture may stand in the names of its masks, one place for all of them.

    form        masks of picture 7        with a folder above them
    same        7                         road/7
    folder      7/road_1                  left/7/road_1
    beginning   7_road_1                  road/7_1
    end         road_7                    left/road_7
    either      7 and 7_1                 road/7 and road/7_1

A name stands there as whole words, and in the same place in every mask: a number in "7/road_10"
never makes it a mask of picture 10.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

Form = Literal["same", "folder", "beginning", "end", "either"]

_FORMS: tuple[Form, ...] = ("same", "folder", "beginning", "end", "either")
_BREAK = re.compile(r"[_\-. ]")


@dataclass(frozen=True)
class Reading:
    """Which masks belong to which pictures if the pictures' names stand in one certain place.

    Attributes:
        masks_of: Picture → its masks, in the order of the names; pictures without are left out.
        rest_of: Mask → what its name says beside that of its picture; without those of none.
        form: Where the name stands.
        depth: How many folders stand above that place.
        is_whole: Whether it is the whole name, not the part in which the pictures' names differ.
        torn: A mask that fits several pictures, and nothing tells to which it belongs; or "".
    """

    masks_of: Mapping[str, tuple[str, ...]]
    rest_of: Mapping[str, str]
    form: Form
    depth: int = 0
    is_whole: bool = True
    torn: str = ""

    def serves(self, images: Collection[str]) -> bool:
        """Whether every picture has a mask."""
        return len(self.masks_of) == len(images)

    @property
    def is_by_folder(self) -> bool:
        return self.form == "folder" and not self.depth


@dataclass(frozen=True)
class Cut:
    """What all names share at their beginning and end, and is left out.

    Attributes:
        start: Beginning.
        end: End.
    """

    start: str = ""
    end: str = ""

    def __call__(self, name: str) -> str:
        return name.removeprefix(self.start).removesuffix(self.end)


def readings(
    images: Collection[str],
    masks: Collection[str],
    *,
    forms: Sequence[Form] = _FORMS,
    partly: bool = False,
) -> Iterator[Reading]:
    """Every reading that gives each mask a picture, the strongest first.

    Whole names are stronger than the parts in which names differ, and the forms are in the order
    of the table above, those without a folder above them first.

    Args:
        images: Names of the pictures ("a/b").
        masks: Names of the masks.
        forms: Which forms are tried.
        partly: Whether readings count too that leave masks over.
    """
    depths = range(1 + max((name.count("/") for name in masks), default=0))
    for cut_image, cut_mask in product(cuts(images), cuts(masks)):
        image_of = {cut_image(name): name for name in images}
        if len(image_of) < len(images) or "" in image_of:
            continue
        for depth, form in product(depths, forms):
            place = _Place(image_of, form, depth, cut_image, cut_mask)
            found = place.reading(masks, partly=partly)
            if found is not None:
                yield found


@dataclass(frozen=True)
class _Place:
    """A place at which the names of pictures may stand.

    Attributes:
        image_of: What stands there → picture.
        form: As in `Reading`.
        depth: As in `Reading`.
        cut_image: What is left out of the pictures' names before.
        cut: What is left out of the masks' names before.
    """

    image_of: Mapping[str, str]
    form: Form
    depth: int
    cut_image: Cut
    cut: Cut

    def reading(self, masks: Iterable[str], *, partly: bool) -> Reading | None:
        """Which picture each mask belongs to; None if one belongs to none."""
        masks_of: defaultdict[str, list[str]] = defaultdict(list)
        rest_of: dict[str, str] = {}
        several: list[str] = []
        for mask in masks:
            fits = self._fits(mask)
            if fits:
                core, rest_of[mask] = max(fits, key=lambda one: len(one[0]))
                masks_of[self.image_of[core]].append(mask)
                several += [mask] if len(fits) > 1 else []
            elif not partly:
                return None
        if not rest_of:
            return None
        torn = self._torn(masks_of, rest_of, several) if several else ""
        ordered = {
            image: tuple(masks_of[image]) for image in self.image_of.values() if image in masks_of
        }
        is_whole = self.cut_image == self.cut == Cut()
        return Reading(ordered, rest_of, self.form, self.depth, is_whole, torn)

    def _fits(self, mask: str) -> list[tuple[str, str]]:
        """Every picture's name that stands there, and what the mask's name says beside it."""
        name = self.cut(mask)
        folders = name.split("/")
        if len(folders) <= self.depth:
            return []
        above, inner = "/".join(folders[: self.depth]), "/".join(folders[self.depth :])
        fits = [(core, rest) for core, rest in _within(inner, self.form) if core in self.image_of]
        if self.form not in ("same", "folder"):
            owners = {core for core, _ in _within(name, "folder")} & self.image_of.keys()
            fits = [one for one in fits if not owners or one[0] in owners]
        if said := _numbers(self.cut_image.start, self.cut_image.end):  # 1_7 is no picture of 2_7
            fits = [
                one for one in fits if _numbers(self.cut.start, one[1], self.cut.end) in ([], said)
            ]
        if self.form == "same":
            fits = [(core, self.cut.start + self.cut.end) for core, _ in fits]
        return [
            (core, "/".join(part for part in (above, rest.strip("_-. /")) if part))
            for core, rest in fits
        ]

    def _torn(
        self,
        masks_of: Mapping[str, Sequence[str]],
        rest_of: Mapping[str, str],
        several: Sequence[str],
    ) -> str:
        """A mask out of several that may belong to another picture than that of the longest name.

        It may not if what the names say besides has the same form everywhere, which it would not
        have then, and every picture has a mask.
        """
        if self.form == "folder":
            return several[0] if len({rest.count("/") for rest in rest_of.values()}) > 1 else ""
        is_alike = len({re.sub(r"\d+", "0", rest) for rest in rest_of.values()}) == 1
        return "" if is_alike and len(masks_of) == len(self.image_of) else several[0]


def _numbers(*texts: str) -> list[str]:
    """The words of names that are numbers."""
    return [word for text in texts for word in re.split(r"[_\-. /]+", text) if word.isdecimal()]


def _within(name: str, form: Form) -> Iterator[tuple[str, str]]:
    """What may be the picture's part of a mask's name in one form, and what is left of it then."""
    if form in ("same", "either"):
        yield name, ""
    if form == "folder":
        for found in re.finditer("/", name):
            yield name[: found.start()], name[found.end() :]
    if form in ("beginning", "either"):
        for found in _BREAK.finditer(name):
            yield name[: found.start()], name[found.end() :]
    if form == "end":
        for found in _BREAK.finditer(name):
            yield name[found.end() :], name[: found.start()]


def cuts(names: Iterable[str]) -> list[Cut]:
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
    return [Cut(*both) for both in dict.fromkeys(product(beginnings, ("", ending)))]


def _common_beginning(names: Iterable[str]) -> str:
    """The longest beginning of all names: that of the first and the last of them in order."""
    names = sorted(names)
    first, last = names[0], names[-1]
    differ = (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(differ, min(len(first), len(last)))]
