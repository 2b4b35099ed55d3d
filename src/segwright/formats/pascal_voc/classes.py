"""What the values in Pascal VOC's masks mean: label map, declared names, or VOC's own 21 classes.

Value 0 is background and value 255 the border around objects, which nobody should learn from.

Source: the development kit of http://host.robots.ox.ac.uk/pascal/VOC/voc2012/ (`VOClabelcolormap`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segwright.errors import LabelError
from segwright.formats.entry import listed
from segwright.formats.faults import Report
from segwright.formats.masks.kinds import decide_scheme
from segwright.formats.masks.survey import MaskSurvey
from segwright.formats.masks.values import MaskScheme
from segwright.formats.objects import name_objects
from segwright.formats.settings import Colour, DatasetSettings, read_names
from segwright.formats.text import read_lines

# fmt: off
VOC_NAMES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
    "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa",
    "train", "tvmonitor",
)
# fmt: on
_MOST_NAMES = 10_000
BORDER = 255
"""The value of pixels that nobody should learn from."""


def border_of(number: int) -> int:
    """The value of borders among values of so many: 65535 in masks of two bytes, if one is few.

    VOC's own masks are of one byte; the other ones hold what does not fit into them.
    """
    return BORDER if number <= BORDER else 0xFFFF


def voc_palette(number: int = 256) -> np.ndarray:
    """VOC's colours, (N, 3) uint8: the bits of the index in turn go to red, green and blue.

    Example:
        >>> voc_palette(4).tolist()
        [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]
    """
    index = np.arange(number)[:, None]
    channel = np.arange(3)[None]
    bits = [(index >> (3 * place + channel) & 1) << (7 - place) for place in range(3)]
    return sum(bits, np.zeros((number, 3), np.int64)).astype(np.uint8)


BORDER_COLOUR: Colour = (224, 224, 192)
"""The colour of `BORDER` in `voc_palette`."""


@dataclass(frozen=True)
class LabelMapFile:
    """Names in the order of their values, and their colours.

    Attributes:
        path: The file that says so.
        names: Names in the order of the values, from 0 on.
        colours: Name → colour, where there is one.
    """

    path: Path
    names: Sequence[str]
    colours: Mapping[str, Colour]


def read_labelmap(path: Path) -> LabelMapFile:
    """Reads labelmap.txt: lines of `name:red,green,blue:parts:actions`, as CVAT writes it.

    Raises:
        LabelError: It cannot be read as text, or is too long.
    """
    names: list[str] = []
    colours: dict[str, Colour] = {}
    lines = read_lines(path)
    if len(lines) > _MOST_NAMES:
        raise LabelError(
            f"holds {len(lines):,} lines; accepted are {_MOST_NAMES:,}",
            where=path,
            remedy="Is this the right file?",
        )
    for line in lines:
        found = re.fullmatch(r"(.+):(\d{1,3}),\s*(\d{1,3}),\s*(\d{1,3})(:.*)?", line)
        if found is None and line.startswith("#"):
            continue
        name = found[1] if found else line.split(":")[0]
        names.append(name)
        if found:
            red, green, blue = (min(int(found[i]), 255) for i in (2, 3, 4))
            colours[name] = (red, green, blue)
    return LabelMapFile(path, _with_background(names, colours), colours)


def _with_background(names: Sequence[str], colours: Mapping[str, Colour]) -> list[str]:
    """Value 0 is background; if nothing in the file is called so or black, it is left out there."""
    stands = any(name.lower() == "background" or colours.get(name) == (0, 0, 0) for name in names)
    return list(names) if stands else ["background", *names]


def decide_voc_scheme(
    found: MaskSurvey, settings: DatasetSettings, *, home: Path, root: Path, report: Report
) -> MaskScheme:
    """Decides what the values mean.

    Args:
        found: What a sample of the masks holds.
        settings: What dataset.yaml and classes.txt declare.
        home: The folder of JPEGImages and SegmentationClass.
        root: The dataset's folder.
        report: Is told of what is unclear.

    Raises:
        DataError: Declarations that contradict each other, or nothing is labelled.
    """
    declared = declared_names(settings, home, root)
    if declared is not None and settings.values is None and settings.threshold is None:
        return _of_names(declared, found, settings)
    if settings.values is None and settings.threshold is None and _is_vocs_own(found):
        return _of_names(LabelMapFile(home, VOC_NAMES, {}), found, settings)
    border = int.from_bytes(bytes(BORDER_COLOUR), "big") if found.is_colour else BORDER
    if border in found.pixels and border not in settings.ignore and settings.values is None:
        settings = settings.model_copy(update={"ignore": (*settings.ignore, border)})
    return decide_scheme(found, settings, where=root, report=report)


def declared_names(settings: DatasetSettings, home: Path, root: Path) -> LabelMapFile | None:
    """Names in the order of the values, from labelmap.txt, dataset.yaml or classes.txt."""
    for folder in dict.fromkeys((home, root)):
        if (folder / "labelmap.txt").is_file():
            return read_labelmap(folder / "labelmap.txt")
    if settings.classes is not None:
        names = [one.name for one in settings.classes]
        colours = {one.name: one.colour for one in settings.classes if one.colour is not None}
        has_first = settings.background is not None or _names_background(names)
        return LabelMapFile(root, names if has_first else ["background", *names], colours)
    names = read_names(home / "classes.txt")
    if names is None:
        return None
    names = names if _names_background(names) else ["background", *names]
    return LabelMapFile(home / "classes.txt", names, {})


def _names_background(names: Sequence[str]) -> bool:
    return any(name.lower() == "background" for name in names)


def _of_names(declared: LabelMapFile, found: MaskSurvey, settings: DatasetSettings) -> MaskScheme:
    """The scheme of names in the order of their values, each with its colour or VOC's."""
    palette = voc_palette()
    colour_of = {
        value: declared.colours.get(name, tuple(palette[value % 256].tolist()))
        for value, name in enumerate(declared.names)
    }
    names = list(declared.names)
    known = {one.name for one in settings.classes or ()}
    # What dataset.yaml does not name is nothing: background, or ignored if all is of interest.
    is_unnamed = bool(known) and names[0] not in known
    if settings.background is None and not is_unnamed:
        settings = settings.model_copy(update={"background": names[0]})
    naming = name_objects(
        names[1:] if is_unnamed else names,
        settings,
        where=declared.path,
        colours={name: colour_of[value] for value, name in enumerate(names)},
    )
    ignore = naming.classes.ignore_index
    id_of = [naming.id_of.get(name, ignore) for name in names]
    is_colour = found.is_colour or _palette_means_more(found, colour_of)
    if is_colour:
        ids = {_packed(BORDER_COLOUR): ignore, 0: id_of[0]}
        ids |= {_packed(colour_of[value]): one for value, one in enumerate(id_of)}
    else:
        ids = {border_of(len(names)): ignore, **dict(enumerate(id_of))}
    what = "colours" if is_colour else "values"
    guess = (
        ", taken for Pascal VOC's own classes because the masks have its colours and nothing is "
        "declared"
        if declared.names is VOC_NAMES
        else ""
    )
    border = border_of(len(names))
    text = f"Masks hold {what} of {len(naming.classes)} classes{guess}; {border} is ignored."
    if naming.ignored:
        text += f" Ignored: {listed(naming.ignored)}."
    return MaskScheme(naming.classes, ids, text, is_colour=is_colour)


def _palette_means_more(found: MaskSurvey, colour_of: Mapping[int, Colour]) -> bool:
    """Whether palettes hold the right colours in another order than that of the names."""
    shown = {value: colour for value, colour in found.palette.items() if value != BORDER}
    same = all(colour_of.get(value) == colour for value, colour in shown.items())
    return bool(shown) and not same and set(shown.values()) <= set(colour_of.values())


def _is_vocs_own(found: MaskSurvey) -> bool:
    """Whether masks hold nothing but the colours of VOC's 21 classes, or their indices."""
    palette = voc_palette().tolist()
    own = {value: tuple(palette[value]) for value in (*range(len(VOC_NAMES)), BORDER)}
    if found.is_colour:
        return set(found.pixels) <= {_packed(colour) for colour in own.values()}
    return bool(found.palette) and all(
        value in own and found.palette.get(value) == own[value] for value in found.pixels
    )


def _packed(colour: Sequence[int]) -> int:
    return int.from_bytes(bytes(colour), "big")
