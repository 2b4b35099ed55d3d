"""Masks that are pictures in the colours of the classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from segwright.formats.entry import listed
from segwright.formats.faults import Fault, Report
from segwright.formats.masks.survey import MaskSurvey
from segwright.formats.masks.values import MaskScheme
from segwright.formats.naming import TWO_NAMES, ignored_ids, ignoring, name_classes
from segwright.formats.settings import DatasetSettings, DeclaredClass

_MOST_PROPOSED = 32
_MOST_COLOURS = 64
_LEAST_SHARE = 1e-4  # of the pixels of one mask; in all masks a class has more


def decide_colours(
    found: MaskSurvey, settings: DatasetSettings, *, where: Path, report: Report
) -> MaskScheme:
    """Decides what the colours of masks mean.

    Args:
        found: What a sample of the masks holds.
        settings: What was declared.
        where: The dataset's folder, to name in messages.
        report: Is told of colours without declared classes; if it returns, each of the most
            frequent colours is a class.
    """
    declared = settings.classes or ()
    uncoloured = [one.name for one in declared if one.colour is None]
    if not declared and len(found.pixels) == 2 and 0 in found.pixels:
        return _one_colour(found, settings, where=where)
    if not declared or uncoloured:
        report(_undeclared_colours(found, uncoloured, where=where))
        declared = _proposed(found)
    naming = name_classes(declared, settings, where=where)
    ids = {
        int.from_bytes(bytes(one.colour), "big"): naming.id_of[one.name]
        for one in declared
        if one.colour is not None
    }
    ids |= ignored_ids(settings, naming)
    text = f"Masks hold the colours of {len(naming.classes)} classes.{ignoring(settings, naming)}"
    return MaskScheme(naming.classes, ids, text, is_colour=True)


def _one_colour(found: MaskSurvey, settings: DatasetSettings, *, where: Path) -> MaskScheme:
    """Black and one other colour."""
    value = max(found.pixels)
    names = (DeclaredClass(name=TWO_NAMES[0], colour=(0, 0, 0)), _coloured(TWO_NAMES[1], value))
    naming = name_classes(names, settings, where=where)
    text = f"Masks hold #000000 = {TWO_NAMES[0]} and {found.written(value)} = {TWO_NAMES[1]}."
    return MaskScheme(naming.classes, {0: 0, value: 1}, text, is_colour=True)


def _coloured(name: str, value: int) -> DeclaredClass:
    return DeclaredClass(name=name, colour=(value >> 16, value >> 8 & 255, value & 255))


def _proposed(found: MaskSurvey) -> tuple[DeclaredClass, ...]:
    """A class for each of the most frequent colours, black first."""
    slips = _slips(found)
    values = sorted(v for v, _ in _most_common(found, _MOST_PROPOSED) if v not in slips)
    return tuple(_coloured(f"class {number}", value) for number, value in enumerate(values))


def _slips(found: MaskSurvey) -> list[int]:
    """Colours of so few pixels that they were hardly meant, if a few others are nearly all."""
    least = _LEAST_SHARE * sum(found.pixels.values()) / max(found.num_files, 1)
    rare = sorted(value for value, number in found.pixels.items() if number < least)
    return rare if 2 <= len(found.pixels) - len(rare) <= _MOST_PROPOSED else []


def _undeclared_colours(found: MaskSurvey, uncoloured: Sequence[str], *, where: Path) -> Fault:
    """What to say of colours without classes: proposes classes, or a lossless format."""
    rare = _slips(found)
    examples = [found.written(value) for value, _ in _most_common(found)]
    problem = (
        f"masks are colour pictures with {len(found.pixels)} colours, the most frequent "
        f"{listed(examples)}, but "
        + (f"no colour is known for {listed(uncoloured)}" if uncoloured else "no class is named")
    )
    if rare:
        shown = (
            f"{found.written(v)} ({found.pixels[v]} px, in {found.first_file[v]})" for v in rare
        )
        problem += f"; so few pixels look like a slip: {listed(shown)}"
    remedy = "Declare every class in dataset.yaml as {name: road, colour: '#804080'}"
    if len(found.pixels) > _MOST_COLOURS:
        remedy += "; so many colours come from a format with loss such as JPEG, or from blurred "
        remedy += "edges: store the masks anew, as PNG, from where they were drawn"
        return Fault("blurred-mask", problem, str(where), remedy)
    if not uncoloured:
        lines = ", ".join(
            f"{{name: {one.name}, colour: '#{bytes(one.colour or ()).hex()}'}}"
            for one in _proposed(found)
        )
        remedy += f"; with better names: classes: [{lines}]"
    return Fault("stray-colour", problem, str(where), remedy)


def _most_common(found: MaskSurvey, number: int = 5) -> list[tuple[int, int]]:
    return sorted(found.pixels.items(), key=lambda item: -item[1])[:number]
