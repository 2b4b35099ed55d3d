"""Which property of a GeoJSON feature names its class.

QuPath has `classification.name`. Elsewhere it is what dataset.yaml calls `class_property`, or a
property that is called class, label, category or type, or the one that says "yes" throughout, as
OpenStreetMap's `building=yes`. If nothing does, all are of one class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segwright.errors import UnknownNameError
from segwright.formats.settings import DatasetSettings

_TELLING = ("class", "class_name", "classname", "label", "category", "type")
_ONLY_CLASS = "object"

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class ClassRule:
    """How the class of a feature is found.

    Attributes:
        property_name: The property that names it; None if all features are of one class.
        only_class: The class of features that are not told apart.
        is_qupath: Whether the property is QuPath's, which may be absent.
    """

    property_name: str | None
    only_class: str = _ONLY_CLASS
    is_qupath: bool = False

    def name_of(self, properties: Properties) -> str | None:
        """The name of a feature's class; None if it does not say."""
        if self.is_qupath:
            return classification(properties) or self.only_class
        if self.property_name is None:
            return self.only_class
        value = properties.get(self.property_name)
        if value is True or (isinstance(value, str) and value.lower() == "yes"):
            return self.property_name
        return _as_name(value)

    @property
    def note(self) -> str:
        """What to say about it."""
        if self.is_qupath:
            return "Classes are those of QuPath's classification."
        if self.property_name is None:
            return f"No property names a class: everything is {self.only_class!r}."
        return f"Classes are taken from the property {self.property_name!r}."


def classification(properties: Properties) -> str | None:
    """The name of QuPath's class: a text, or a record with `name` or `names`; None if absent."""
    given = properties.get("classification")
    if isinstance(given, dict):
        names = given.get("names")
        if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
            return ": ".join(names)
        given = given.get("name")
    return given if isinstance(given, str) and given else None


def colour_of(properties: Properties) -> tuple[int, int, int] | None:
    """The colour of QuPath's class: [red, green, blue], or all packed into one number."""
    given = properties.get("classification")
    if not isinstance(given, dict):
        return None
    colour = given.get("color", given.get("colorRGB"))
    if isinstance(colour, int) and not isinstance(colour, bool):
        return colour >> 16 & 255, colour >> 8 & 255, colour & 255
    if (
        isinstance(colour, list)
        and len(colour) >= 3
        and all(type(part) is int and 0 <= part <= 255 for part in colour[:3])
    ):
        return colour[0], colour[1], colour[2]
    return None


def find_rule(
    features: Sequence[Properties], settings: DatasetSettings, *, where: Path
) -> ClassRule:
    """Finds what names the classes.

    Args:
        features: The properties of all features that may be looked at.
        settings: What dataset.yaml declares.
        where: The dataset's folder, to name in messages.

    Raises:
        UnknownNameError: `class_property` is a property that no feature has.
    """
    wanted = settings.class_property
    if wanted is not None:
        known = {key for one in features for key in one}
        if features and wanted not in known:
            raise UnknownNameError("property", wanted, known, where=where / "dataset.yaml")
        return ClassRule(wanted)
    if any(classification(one) is not None or "objectType" in one for one in features):
        return ClassRule("classification", is_qupath=True)
    shared = [key for key in features[0] if all(key in one for one in features)] if features else []
    for wanted in _TELLING:
        for key in shared:
            if key.lower() == wanted and all(_as_name(one[key]) for one in features):
                return ClassRule(key)
    affirmed = [key for key in shared if _affirmed(one[key] for one in features)]
    if len(affirmed) == 1:
        return ClassRule(affirmed[0])
    declared = [one.name for one in settings.classes or ()]
    objects = [name for name in declared if name not in (settings.background, "background")]
    return ClassRule(None, objects[0] if len(objects) == 1 else _ONLY_CLASS)


def _affirmed(values: Iterable[object]) -> bool:
    return all(value is True or value in ("yes", "Yes", "YES") for value in values)


def _as_name(value: object) -> str | None:
    """A class name from a property's value: a text or a whole number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None
