"""Decides what the values in a dataset's masks mean, from what was declared and what was found.

In this order: a declared threshold, declared values, declared colours, 0/255 (or 0/1), class
numbers with names, class numbers without names. What fits none of them is an error that says what
was found and which line of dataset.yaml settles it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segwright.errors import LabelError, UnknownNameError
from segwright.formats.entry import listed
from segwright.formats.masks import MaskScheme, MaskSurvey
from segwright.formats.settings import DatasetSettings, DeclaredClass
from segwright.labels.classes import Classes

_IGNORED_NAMES = frozenset({"void", "ignore", "unlabeled", "unlabelled"})
_MOST_UNNAMED = 32


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
    for name in sorted(ignored):
        if name not in names:
            raise UnknownNameError("class under 'ignore'", name, names, where=where)
    if len(names) > 1 and means_ignored(names[-1]):
        ignored.add(names[-1])
    kept = [one for one in declared if one.name not in ignored]
    kept_names = [one.name for one in kept]
    background = settings.background or None
    if background is not None and background not in kept_names:
        raise UnknownNameError("class under 'background'", background, kept_names, where=where)
    if settings.background is None:
        background = next((n for n in kept_names if n.lower() == "background"), None)
    background_id = None if background is None else kept_names.index(background)
    plain = Classes.named(kept_names, background=background_id)
    colours = tuple(one.colour or plain.colours[i] for i, one in enumerate(kept))
    classes = Classes(plain.names, colours, background_id)
    id_of = {n: kept_names.index(n) if n in kept_names else classes.ignore_index for n in names}
    return Naming(classes, id_of, tuple(name for name in names if name in ignored))


def decide_scheme(found: MaskSurvey, settings: DatasetSettings, *, where: Path) -> MaskScheme:
    """Decides what the stored values mean.

    Args:
        found: What a sample of the masks holds.
        settings: What was declared.
        where: The dataset's folder, to name in messages.

    Raises:
        LabelError: Values that nothing explains; says which, where, and what to declare.
    """
    ignored_values = {value for value in settings.ignore if isinstance(value, int)}
    values = set(found.values()) - ignored_values
    if settings.threshold is not None:
        return _cut(found, settings, where=where)
    if settings.values is not None:
        scheme = _declared(found, settings, where=where)
    elif found.is_colour:
        scheme = _colours(found, settings, where=where)
    elif _is_binary(values, settings):
        scheme = _binary(max(values), settings, where=where)
    elif settings.classes is not None:
        scheme = _numbers(settings.classes, settings, where=where)
    else:
        scheme = _unnamed(found, values, settings, where=where)
    unexplained = sorted(values - scheme.ids.keys())
    if unexplained:
        raise _unexplained(found, unexplained, scheme, where=where)
    return scheme


def _cut(found: MaskSurvey, settings: DatasetSettings, *, where: Path) -> MaskScheme:
    if found.is_colour:
        raise LabelError(
            f"'threshold' is {settings.threshold}, but the masks are colour pictures",
            where=where,
            remedy="Take 'threshold' out of dataset.yaml and name the 'colour' of each class there",
        )
    naming = _two_classes(settings, where=where)
    low, high = naming.classes.names
    text = f"Masks are cut at {settings.threshold}: below is {low}, from there on {high}."
    return MaskScheme(naming.classes, {}, text, threshold=settings.threshold)


def _declared(found: MaskSurvey, settings: DatasetSettings, *, where: Path) -> MaskScheme:
    assert settings.values is not None
    names = list(dict.fromkeys(settings.values.values()))
    declared = settings.classes or tuple(DeclaredClass(name=name) for name in names)
    naming = name_classes(declared, settings, where=where)
    for name in names:
        if name not in naming.id_of:
            raise UnknownNameError("class under 'values'", name, naming.id_of, where=where)
    ids = {value: naming.id_of[name] for value, name in settings.values.items()}
    ids |= _ignored_ids(settings, naming)
    meanings = ", ".join(f"{value} = {name}" for value, name in settings.values.items())
    text = f"Mask values as declared: {meanings}.{_ignoring(settings, naming)}"
    return MaskScheme(naming.classes, ids, text, is_colour=found.is_colour)


def _colours(found: MaskSurvey, settings: DatasetSettings, *, where: Path) -> MaskScheme:
    declared = settings.classes or ()
    uncoloured = [one.name for one in declared if one.colour is None]
    if not declared or uncoloured:
        examples = [found.written(value) for value, _ in _most_common(found)]
        raise LabelError(
            f"masks are colour pictures with {len(found.pixels)} colours, the most frequent "
            f"{listed(examples)}, but "
            + (f"no colour is known for {listed(uncoloured)}" if declared else "no class is named"),
            where=where,
            remedy="Declare every class in dataset.yaml as {name: road, colour: '#804080'}",
        )
    naming = name_classes(declared, settings, where=where)
    ids = {
        int.from_bytes(bytes(one.colour), "big"): naming.id_of[one.name]
        for one in declared
        if one.colour is not None
    }
    ids |= _ignored_ids(settings, naming)
    text = f"Masks hold the colours of {len(naming.classes)} classes.{_ignoring(settings, naming)}"
    return MaskScheme(naming.classes, ids, text, is_colour=True)


def _is_binary(values: set[int], settings: DatasetSettings) -> bool:
    """Whether the values are 0 and 1 or 0 and 255 and at most two classes are named."""
    named = len(settings.classes or ())
    if not values or max(values) not in (1, 255) or not values <= {0, max(values)}:
        return False
    return named <= 1 or (named == 2 and max(values) == 255)


def _binary(high: int, settings: DatasetSettings, *, where: Path) -> MaskScheme:
    naming = _two_classes(settings, where=where)
    low_name, high_name = naming.classes.names
    text = f"Masks hold 0 = {low_name} and {high} = {high_name}.{_ignoring(settings, naming)}"
    return MaskScheme(naming.classes, {0: 0, high: 1, **_ignored_ids(settings, naming)}, text)


def _two_classes(settings: DatasetSettings, *, where: Path) -> Naming:
    """Background and the one thing, as they are declared or as "background" and "foreground"."""
    declared = settings.classes or (DeclaredClass(name="foreground"),)
    if len(declared) == 1:
        declared = (DeclaredClass(name="background"), *declared)
    naming = name_classes(declared, settings, where=where)
    if len(naming.classes) != 2:
        raise LabelError(
            f"two-valued masks, but {len(naming.classes)} classes: {listed(naming.classes.names)}",
            where=where,
            remedy="Name one class, or two with the background first",
        )
    if naming.classes.background is None and settings.background is None:
        classes = Classes(naming.classes.names, naming.classes.colours, 0)
        return Naming(classes, naming.id_of, naming.ignored)
    return naming


def _numbers(
    declared: Sequence[DeclaredClass], settings: DatasetSettings, *, where: Path
) -> MaskScheme:
    # Here a number under `ignore` is also the number of a name, if there are so many names.
    ignore = [
        declared[one].name if isinstance(one, int) and one < len(declared) else one
        for one in settings.ignore
    ]
    settings = settings.model_copy(update={"ignore": tuple(ignore)})
    naming = name_classes(declared, settings, where=where)
    ids = {value: naming.id_of[one.name] for value, one in enumerate(declared)}
    ids |= _ignored_ids(settings, naming)
    text = f"Masks hold class numbers 0 … {len(declared) - 1} in the order of the names."
    return MaskScheme(naming.classes, ids, text + _ignoring(settings, naming))


def _unnamed(
    found: MaskSurvey, values: set[int], settings: DatasetSettings, *, where: Path
) -> MaskScheme:
    """Class numbers without names, if all of 0 … K-1 occur and are few."""
    if values == {0} or not values:
        raise LabelError(
            f"all {found.num_files} masks that were looked at are {found.values()} everywhere: "
            "nothing is labelled",
            where=where,
            remedy="Check that the right folder is called 'masks'",
        )
    if values != set(range(len(values))) or len(values) > _MOST_UNNAMED:
        raise _unexplained(found, sorted(values), None, where=where)
    declared = [DeclaredClass(name=f"class {value}") for value in sorted(values)]
    scheme = _numbers(declared, settings, where=where)
    text = f"Masks hold the numbers 0 … {max(values)}, taken as classes; classes.txt can name them."
    return MaskScheme(scheme.classes, scheme.ids, text)


def _ignored_ids(settings: DatasetSettings, naming: Naming) -> dict[int, int]:
    index = naming.classes.ignore_index
    return {value: index for value in settings.ignore if isinstance(value, int)}


def _ignoring(settings: DatasetSettings, naming: Naming) -> str:
    """The sentence that says what is ignored, with a space before it; empty if nothing is."""
    numbers = [str(value) for value in settings.ignore if isinstance(value, int)]
    ignored = [f"class {name!r}" for name in naming.ignored] + [f"value {n}" for n in numbers]
    return f" Ignored: {', '.join(ignored)}." if ignored else ""


def _most_common(found: MaskSurvey) -> list[tuple[int, int]]:
    return sorted(found.pixels.items(), key=lambda item: -item[1])[:5]


def _unexplained(
    found: MaskSurvey, values: list[int], scheme: MaskScheme | None, *, where: Path
) -> LabelError:
    """The error for values that belong to no class: anti-aliased edges, or missing names."""
    first = found.first_file[values[0]]
    shown = [f"{found.written(v)} ({found.pixels[v]} px)" for v in values]
    num_classes = 2 if scheme is None else len(scheme.classes)
    everything = found.values()
    if not found.is_colour and num_classes <= 2 and len(everything) > 4:
        low, high = everything[0], everything[-1]
        between = sum(found.pixels[value] for value in everything[1:-1])
        return LabelError(
            f"masks should hold two values but hold {len(everything)}: {low} "
            f"({found.pixels[low]} px), {high} ({found.pixels[high]} px) and {between} px between "
            "them, so they are anti-aliased or were stored with loss, or number single objects",
            where=found.first_file[everything[1]],
            remedy=f"Write 'threshold: {(low + high + 1) // 2}' into {where / 'dataset.yaml'} to "
            "cut them there, or name a class for every value",
        )
    known = "no class is named" if scheme is None else f"named are {listed(scheme.classes.names)}"
    return LabelError(
        f"mask values that belong to no class: {listed(shown)}; {known}",
        where=first,
        remedy=f"Name the classes in {where / 'classes.txt'}, one a line in the order of their "
        "numbers, or list what to leave out as 'ignore: [255]' in dataset.yaml",
    )
