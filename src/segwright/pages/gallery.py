"""Pages of pictures with labels: what is in a data set, and what a network sees of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.instances import Instances, Labels, as_label_map
from segwright.labels.paint import IGNORED_COLOUR, overlay, to_display
from segwright.pages.markup import document, figure, legend, section
from segwright.pages.pictures import shrunk_ids, shrunk_photo

PICTURE_SIDE = 560
"""Longest side of a picture in a page, in pixels."""


@dataclass(frozen=True, eq=False)
class Exhibit:
    """Pictures that belong together.

    Attributes:
        caption: What stands below them.
        pictures: What each shows → (Y, X, 3) uint8 RGB.
    """

    caption: str
    pictures: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Wall:
    """A part of the page.

    Attributes:
        title: Its headline.
        exhibits: What hangs there.
        lead: A line below the headline.
    """

    title: str
    exhibits: Sequence[Exhibit]
    lead: str = ""


def gallery(
    title: str, *, subtitle: str, notes: Sequence[str], classes: Classes | None, walls: list[Wall]
) -> str:
    """A whole page.

    Args:
        title: Its headline.
        subtitle: What it is, in one line.
        notes: Sentences to read before the pictures.
        classes: Whose colours are explained; None if nothing is labelled.
        walls: The pictures; walls without any are left out.
    """
    prose = "".join(f"<p>{escape(note)}</p>" for note in notes)
    parts = [
        f'<header><p class="subtitle">{escape(subtitle)}</p><h1>{escape(title)}</h1></header>',
        section("About", f'<div class="prose">{prose}</div>{_key(classes)}') if prose else "",
    ]
    for wall in walls:
        hung = "".join(figure(one.pictures, one.caption) for one in wall.exhibits)
        if hung:
            parts.append(section(wall.title, f'<div class="gallery">{hung}</div>', lead=wall.lead))
    return document(title, "\n".join(part for part in parts if part))


def _key(classes: Classes | None) -> str:
    if classes is None:
        return ""
    keys = [
        (colour, f"{name} (not painted)" if number == classes.background else name)
        for number, (colour, name) in enumerate(zip(classes.colours, classes.names, strict=True))
    ]
    return legend([*keys, (IGNORED_COLOUR, "ignored (not painted)")])


def exhibit(key: str, image: Image, labels: Labels) -> Exhibit:
    """A picture beside its labels, with what they hold as caption."""
    photo = shrunk_photo(to_display(image), PICTURE_SIDE)
    return Exhibit(
        f"{key} · {image.size_hw[0]}×{image.size_hw[1]} · {contents(labels)}",
        {"picture": photo, "labels": painted(photo, labels)},
    )


def painted(photo: np.ndarray, labels: Labels) -> np.ndarray:
    """The labels over a picture that may be smaller than they are."""
    ids = as_label_map(labels).ids
    numbers = labels.numbers() if isinstance(labels, Instances) else None
    side = max(photo.shape[:2])
    return overlay(
        photo,
        shrunk_ids(ids, side),
        labels.classes,
        alpha=0.5,
        numbers=None if numbers is None else shrunk_ids(numbers, side),
    )


def contents(labels: Labels) -> str:
    """What labels hold, in one line: classes by area, objects, ignored pixels."""
    drawn = as_label_map(labels)
    classes, area_px = drawn.classes, drawn.area_px()
    shares = area_px / max(drawn.ids.size, 1)
    present = [k for k in np.argsort(-shares).tolist() if shares[k]]
    parts = [f"{classes.names[k]} {100 * shares[k]:.2g} %" for k in present[:6]]
    if len(present) > 6:
        parts.append(f"{len(present) - 6} more classes")
    if ignored := drawn.ids.size - int(area_px.sum()):
        parts.append(f"ignored {100 * ignored / drawn.ids.size:.2g} %")
    if isinstance(labels, Instances):
        parts.insert(0, f"{len(labels.objects):,} object{'s' * (len(labels.objects) != 1)}")
    return ", ".join(parts)
