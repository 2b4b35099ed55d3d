"""Decides what the values in a dataset's masks mean, from what was declared and what was found.

In this order: a declared threshold, declared values, declared colours, 0/255 (or 0/1), class
numbers with names, class numbers without names. What fits none of them is an error that says what
was found and which line of dataset.yaml settles it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from segwright.errors import LabelError, UnknownNameError
from segwright.formats.entry import listed
from segwright.formats.faults import Fault, Report, refuse
from segwright.formats.masks.colours import decide_colours
from segwright.formats.masks.slips import (
    MOST_IN_A_SLIP,
    STORE_ANEW,
    STORED_WITH_LOSS,
    is_lossy,
    what_to_ignore,
)
from segwright.formats.masks.survey import MaskSurvey
from segwright.formats.masks.values import MaskScheme
from segwright.formats.naming import (
    TWO_NAMES,
    Naming,
    ignored_ids,
    ignoring,
    name_classes,
)
from segwright.formats.settings import DatasetSettings, DeclaredClass
from segwright.labels.classes import Classes

_MOST_UNNAMED = 32
_MOST_IN_RIMS = 0.1  # so few of the pixels between 0 and 255 are edges, not classes


def decide_scheme(
    found: MaskSurvey, settings: DatasetSettings, *, where: Path, report: Report = refuse
) -> MaskScheme:
    """Decides what the stored values mean.

    Args:
        found: What a sample of the masks holds.
        settings: What was declared.
        where: The dataset's folder, to name in messages.
        report: Is told of values that nothing explains: which, where, and what to declare. If it
            returns, they mean nothing, or what is most likely where nothing at all is declared.

    Raises:
        LabelError: Declarations that contradict each other, or nothing is labelled.
    """
    ignored_values = {value for value in settings.ignore if isinstance(value, int)}
    values = set(found.values()) - ignored_values
    if settings.threshold is not None:
        return _cut(found, settings, where=where)
    if settings.values is not None:
        scheme = _declared(found, settings, where=where)
    elif found.is_colour or _are_declared_greys(found, settings):
        scheme = decide_colours(found, settings, where=where, report=report)
    elif _is_binary(values, settings):
        named = settings.model_copy(update={"classes": _two_declared(settings)})
        scheme = _binary(max(values), _with_palette(named, found, (0, max(values))), where=where)
    elif settings.classes is not None:
        shown = _with_palette(settings, found, range(len(settings.classes)))
        scheme = _numbers(shown.classes or (), shown, where=where)
    else:
        scheme = _unnamed(found, values, settings, where=where, report=report)
    if scheme.is_colour and not found.is_colour:
        values = {value * 0x010101 for value in values}
    unexplained = sorted(values - scheme.ids.keys())
    if unexplained:
        report(_unexplained(found, unexplained, scheme, where=where))
    return scheme


def _with_palette(
    settings: DatasetSettings, found: MaskSurvey, values: Sequence[int]
) -> DatasetSettings:
    """The settings with the colours of the palette for classes that are declared without one.

    Args:
        settings: What was declared.
        found: Whose palette.
        values: The mask value of each declared class, in their order.
    """
    if not found.palette or not settings.classes:
        return settings
    coloured = (
        one.model_copy(update={"colour": one.colour or found.palette.get(value)})
        for one, value in zip(settings.classes, values, strict=True)
    )
    return settings.model_copy(update={"classes": tuple(coloured)})


def _are_declared_greys(found: MaskSurvey, settings: DatasetSettings) -> bool:
    """Whether RGB pictures without any colour hold declared colours that are shades of grey."""
    declared = {one.colour for one in settings.classes or ()}
    ignored = {value for value in settings.ignore if isinstance(value, int)}
    return (
        found.has_channels
        and None not in declared
        and all((v, v, v) in declared for v in found.pixels if v * 0x010101 not in ignored)
    )


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
    ids |= ignored_ids(settings, naming)
    meanings = ", ".join(f"{value} = {name}" for value, name in settings.values.items())
    text = f"Mask values as declared: {meanings}.{ignoring(settings, naming)}"
    return MaskScheme(naming.classes, ids, text, is_colour=found.is_colour)


def _is_binary(values: set[int], settings: DatasetSettings) -> bool:
    """Whether the values are 0 and 1 or 0 and 255 and at most two classes are named."""
    named = len(settings.classes or ())
    if not values or max(values) not in (1, 255) or not values <= {0, max(values)}:
        return False
    return named <= 1 or (named == 2 and max(values) == 255)


def _binary(high: int, settings: DatasetSettings, *, where: Path) -> MaskScheme:
    naming = _two_classes(settings, where=where)
    low_name, high_name = naming.classes.names
    text = f"Masks hold 0 = {low_name} and {high} = {high_name}.{ignoring(settings, naming)}"
    return MaskScheme(naming.classes, {0: 0, high: 1, **ignored_ids(settings, naming)}, text)


def _two_declared(settings: DatasetSettings) -> tuple[DeclaredClass, ...]:
    """What is declared, with the name of the background in front if that is one class alone."""
    declared = settings.classes or (DeclaredClass(name=TWO_NAMES[1]),)
    return declared if len(declared) > 1 else (DeclaredClass(name=TWO_NAMES[0]), *declared)


def _two_classes(settings: DatasetSettings, *, where: Path) -> Naming:
    """Background and the one thing, as they are declared or as "background" and "foreground"."""
    declared = _two_declared(settings)
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
    ids |= ignored_ids(settings, naming)
    text = f"Masks hold class numbers 0 … {len(declared) - 1} in the order of the names."
    return MaskScheme(naming.classes, ids, text + ignoring(settings, naming))


def _unnamed(
    found: MaskSurvey,
    values: set[int],
    settings: DatasetSettings,
    *,
    where: Path,
    report: Report,
) -> MaskScheme:
    """Class numbers without names, if all of 0 … K-1 occur and are few."""
    if values == {0} or not values:
        raise LabelError(
            f"all {found.num_files} masks that were looked at are {found.values()} everywhere: "
            "nothing is labelled",
            where=where,
            remedy="Check that the right folder is called 'masks'",
        )
    known = sorted(values)
    if values != set(range(len(values))) or len(values) > _MOST_UNNAMED:
        fault = _unexplained(found, known, None, where=where)
        if fault.kind != "blurred-mask":
            report(fault)
        else:  # what lies between is reported as what the two values do not explain
            low, high = known[0], known[-1]
            naming = _two_classes(settings, where=where)
            return MaskScheme(naming.classes, {low: 0, high: 1}, "Masks are blurred.")
    settings = settings.model_copy(
        update={"classes": tuple(DeclaredClass(name=f"class {value}") for value in known)}
    )
    settings = _with_palette(settings, found, known)
    scheme = _numbers(settings.classes or (), settings, where=where)
    text = (
        f"Masks hold the numbers 0 … {known[-1]}, taken as classes; classes.txt can name them, and "
        "'instances: masks' in dataset.yaml says that they tell single objects apart."
    )
    ids = {value: scheme.ids[number] for number, value in enumerate(known)}
    return MaskScheme(scheme.classes, {**ids, **_ignored_ids_of(settings, scheme)}, text)


def _ignored_ids_of(settings: DatasetSettings, scheme: MaskScheme) -> dict[int, int]:
    ignored = (value for value in settings.ignore if isinstance(value, int))
    return dict.fromkeys(ignored, scheme.classes.ignore_index)


def _unexplained(
    found: MaskSurvey, values: list[int], scheme: MaskScheme | None, *, where: Path
) -> Fault:
    """The fault of values that belong to no class: anti-aliased edges, or missing names."""
    if scheme is not None and scheme.is_colour and not found.is_colour:
        values = [value & 255 for value in values]
    first = found.first_file[values[0]]
    shown = [f"{found.written(v)} ({found.pixels[v]} px)" for v in values]
    num_classes = 2 if scheme is None else len(scheme.classes)
    everything = found.values()
    low, high = everything[0], everything[-1]
    if is_lossy(first, len(values)):
        problem = f"{STORED_WITH_LOSS}: {len(values)} that belong to no class, as {listed(shown)}"
        cut = f", or write 'threshold: {(low + high + 1) // 2}' into {where / 'dataset.yaml'}"
        remedy = STORE_ANEW + (cut if num_classes == 2 and not found.is_colour else "")
        return Fault("blurred-mask", problem, str(first), remedy)
    between = sum(found.pixels[value] for value in everything[1:-1])
    is_rim = (low, high) == (0, 255) and between < _MOST_IN_RIMS * sum(found.pixels.values())
    if not found.is_colour and num_classes <= 2 and (len(everything) > 4 or is_rim):
        return Fault(
            "blurred-mask",
            f"masks should hold two values but hold {len(everything)}: {low} "
            f"({found.pixels[low]} px), {high} ({found.pixels[high]} px) and {between} px between "
            "them, so they are anti-aliased or were stored with loss, or number single objects",
            str(found.first_file[everything[1]]),
            f"Write 'threshold: {(low + high + 1) // 2}' into {where / 'dataset.yaml'} to "
            "cut them there, 'instances: FOLDER' if they number objects, or name a class for "
            "every value",
        )
    known = "no class is named" if scheme is None else f"named are {listed(scheme.classes.names)}"
    problem = f"mask values that belong to no class: {listed(shown)}; {known}"
    if scheme and sum(found.pixels[v] for v in values) < MOST_IN_A_SLIP * sum(
        found.pixels.values()
    ):
        problem += "; so few look like a slip"
    remedy = what_to_ignore(values)
    if found.is_colour:
        remedy = "Give each a class with this 'colour' in dataset.yaml, or repaint these pixels"
        return Fault("stray-colour", problem, str(first), remedy)
    if scheme is not None:
        return Fault("unknown-value", problem, str(first), remedy)
    return Fault("gaps-in-ids", problem, str(first), _meanings(values, where), severity="error")


def _meanings(values: list[int], where: Path) -> str:
    """What to write about values of which nothing is declared."""
    meanings = ", ".join(f"{value}: NAME" for value in values[:_MOST_UNNAMED])
    return (
        f"Write into {where / 'dataset.yaml'} what they mean as 'values: {{{meanings}}}', or "
        "'instances: FOLDER' with the masks' folder if they tell single objects apart, or "
        f"'ignore: [{values[-1]}]' for values to leave out"
    )
