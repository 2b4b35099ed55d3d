"""Which declared names are classes, which are ignored, and which one is the background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segwright.errors import UnknownNameError
from segwright.formats.settings import DatasetSettings, DeclaredClass
from segwright.labels.classes import Classes

TWO_NAMES = ("background", "foreground")
"""What the classes of masks of two values are called if nothing is declared."""

_IGNORED_NAMES = frozenset({"void", "ignore", "unlabeled", "unlabelled"})


@dataclass(frozen=True)
class Naming:
    """Declared names, told apart into classes and names that are ignored.

    Attributes:
        classes: The classes that remain.
        id_of: Declared name → class id, or the ignore index.
        ignored: The names that are ignored.
    """

    classes: Classes
    id_of: Mapping[str, int]
    ignored: tuple[str, ...]


def means_ignored(name: str) -> bool:
    """Whether a class name says by itself that nobody should learn from it."""
    return name.lower() in _IGNORED_NAMES


def name_classes(
    declared: Sequence[DeclaredClass], settings: DatasetSettings, *, where: Path
) -> Naming:
    """Splits declared names into classes and ignored ones, and finds the background.

    Ignored is what `ignore` names, and a last name that says so itself (void, ignore, unlabeled).
    Numbers under `ignore` are not looked at: what they mean depends on the format. Background is
    the class under `background`, otherwise one that is called so.

    Raises:
        UnknownNameError: `ignore` or `background` names no class.
        LabelError: No class remains, or a name stands twice.
    """
    names = [one.name for one in declared]
    ignored = {name for name in settings.ignore if isinstance(name, str)}
    known = set(names)
    for name in sorted(ignored):
        if name not in known:
            raise UnknownNameError("class under 'ignore'", name, names, where=where)
    if len(names) > 1 and means_ignored(names[-1]):
        ignored.add(names[-1])
    kept = [one for one in declared if one.name not in ignored]
    kept_names = [one.name for one in kept]
    place = {name: number for number, name in enumerate(kept_names)}
    background = settings.background or None
    if background is not None and background not in kept_names:
        raise UnknownNameError("class under 'background'", background, kept_names, where=where)
    if settings.background is None:
        background = next((n for n in kept_names if n.lower() == "background"), None)
    background_id = None if background is None else place[background]
    plain = Classes.named(kept_names, background=background_id)
    colours = tuple(one.colour or plain.colours[i] for i, one in enumerate(kept))
    classes = Classes(plain.names, colours, background_id)
    id_of = {name: place.get(name, classes.ignore_index) for name in names}
    return Naming(classes, id_of, tuple(name for name in names if name in ignored))


def ignored_ids(settings: DatasetSettings, naming: Naming) -> dict[int, int]:
    """The declared mask values that are ignored, each with the ignore index."""
    index = naming.classes.ignore_index
    return {value: index for value in settings.ignore if isinstance(value, int)}


def ignoring(settings: DatasetSettings, naming: Naming) -> str:
    """The sentence that says what is ignored, with a space before it; empty if nothing is."""
    numbers = [str(value) for value in settings.ignore if isinstance(value, int)]
    ignored = [f"class {name!r}" for name in naming.ignored] + [f"value {n}" for n in numbers]
    return f" Ignored: {', '.join(ignored)}." if ignored else ""
