"""A draft of `dataset.yaml`: what was found in a dataset, written down to be corrected."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segwright.dataset.opening import open_dataset
from segwright.errors import SegwrightError
from segwright.formats.catalog import open_labels
from segwright.formats.entry import Entry
from segwright.formats.format import Opening
from segwright.formats.masks.survey import MaskSurvey, survey
from segwright.formats.settings import DatasetSettings, read_settings
from segwright.formats.strict_yaml import parse_yaml
from segwright.labels.classes import Classes, distinct_colour

if TYPE_CHECKING:
    from segwright.dataset.checks.groups import Grouping
    from segwright.dataset.checks.looked import Looked

_MOST_VALUES = 64
_SHARE_OF_EXTREMES = 0.5
_IGNORED_BY_CUSTOM = 255

_Explanation = tuple[dict[str, Any], dict[str, str]]
"""Declarations (key → value), and key → why."""


@dataclass(frozen=True)
class Proposal:
    """Declarations with which a dataset can be opened that cannot be opened without.

    Attributes:
        settings: The declarations.
        content: The same as they stand in dataset.yaml: key → value.
        reasons: Key → why it is proposed.
    """

    settings: DatasetSettings
    content: dict[str, Any]
    reasons: dict[str, str]

    @property
    def note(self) -> str:
        keys = ", ".join(f"{key}: {_flow(value)}" for key, value in self.content.items())
        return f"What follows was found as if dataset.yaml said {keys:.200}."


def propose(root: Path) -> Proposal | None:
    """Finds declarations that explain the values of masks which nothing explains so far.

    Returns:
        None if the dataset declares something itself, if its labels are no masks, or if their
        values give no hint.
    """
    if (root / "dataset.yaml").exists():
        return None
    try:
        settings = read_settings(root)
    except SegwrightError:
        return None
    masks = [entry.labels.paths[0] for entry in _paired(root, settings) if entry.labels.paths]
    if not masks:
        return None
    try:
        found = survey(masks)
    except SegwrightError:
        return None
    for content, reasons in _explanations(found, settings):
        try:
            declared = DatasetSettings.model_validate(
                {**settings.model_dump(exclude_defaults=True), **content}
            )
            open_dataset(root, settings=declared)
        except (SegwrightError, ValueError):
            continue
        return Proposal(declared, content, reasons)
    return None


def _paired(root: Path, settings: DatasetSettings) -> Sequence[Entry]:
    """The pictures with their masks as they are paired, before anyone asks what masks mean."""
    paired: list[Entry] = []

    def remember(entries: Sequence[Entry]) -> tuple[Entry, ...]:
        paired.extend(entries)
        return tuple(entries)

    with suppress(SegwrightError):  # why we are here
        open_labels(Opening(root, settings, remember, lambda fault: None))
    return paired


def _explanations(found: MaskSurvey, settings: DatasetSettings) -> list[_Explanation]:
    """What may explain the values, the likeliest first."""
    values = found.values()
    if not values:
        return []
    if found.is_colour:
        tried = [_as_colours(values, settings)]
    else:
        ignored = {_IGNORED_BY_CUSTOM} & set(values) if len(values) > 2 else set()
        tried = [
            _as_threshold(found, settings),
            _as_ignored(ignored),
            _as_classes(values, ignored, settings),
        ]
    return [one for one in tried if one is not None]


def _as_colours(values: Sequence[int], settings: DatasetSettings) -> _Explanation | None:
    if len(values) > _MOST_VALUES or settings.classes is not None:
        return None
    names = ["background" if v == 0 else f"colour {v:06x}" for v in values]
    classes = [
        {"name": name, "colour": f"#{value:06x}"} for name, value in zip(names, values, strict=True)
    ]
    reason = "The colours that the masks hold. Give them their names"
    return {"classes": classes}, {"classes": reason}


def _as_threshold(found: MaskSurvey, settings: DatasetSettings) -> _Explanation | None:
    """Two values and what smoothing or compression made of them."""
    values = found.values()
    total = sum(found.pixels.values())
    extremes = found.pixels[values[0]] + found.pixels[values[-1]]
    few_names = settings.classes is None or len(settings.classes) <= 2
    if not few_names or len(values) <= 4 or extremes <= _SHARE_OF_EXTREMES * total:
        return None
    threshold = (values[0] + values[-1] + 1) // 2
    reason = (
        f"{100 * extremes / total:.1f} % of the mask pixels are {values[0]} or {values[-1]}, "
        "the rest lies between them: the masks are anti-aliased or were stored with loss. From "
        "this value on a pixel is foreground"
    )
    return {"threshold": threshold}, {"threshold": reason}


def _as_ignored(ignored: set[int]) -> _Explanation | None:
    if not ignored:
        return None
    reason = "255 stands beside class numbers, where it usually means: not labelled"
    return {"ignore": sorted(ignored)}, {"ignore": reason}


def _as_classes(
    values: Sequence[int], ignored: set[int], settings: DatasetSettings
) -> _Explanation | None:
    """A class for every value."""
    if len(values) > _MOST_VALUES or settings.classes is not None:
        return None
    kept = [value for value in values if value not in ignored]
    names = {value: "background" if value == 0 else f"class {value}" for value in kept}
    content = {"values": names, **({"ignore": sorted(ignored)} if ignored else {})}
    return content, {"values": "The values that the masks hold. Give them their names"}


def draft(looked: Looked, groups: Grouping | None, proposal: Proposal | None) -> str:
    """Text of a dataset.yaml with which the dataset opens as it was checked, and says why.

    Args:
        looked: The dataset.
        groups: Groups that its names tell.
        proposal: Declarations that it was opened with.
    """
    root, classes = looked.dataset.root, looked.classes
    lines = ["# Drafted by `segwright check`: what was found. Correct it and keep it."]
    content = dict(proposal.content) if proposal is not None else {}
    reasons = dict(proposal.reasons) if proposal is not None else {}
    if not ({"classes", "values"} & content.keys()) and read_settings(root).classes is None:
        drawn = any(look.num_objects is not None for look in looked.looks)
        if (named := _names(classes, drawn=drawn)) and _opens_alike(
            root, {**content, **named}, classes
        ):
            content |= named
            reasons["classes"] = "The classes as they were found, in the order of their ids"
    if classes.background is not None and "background" not in content:
        with_background = {**content, "background": classes.names[classes.background]}
        if _opens_alike(root, with_background, classes):
            content = with_background
            reasons["background"] = "What stands for nothing; false if every class is of interest"
    undeclared = all(entry.group is None for entry in looked.entries)
    if groups is not None and undeclared and len(groups.members) > 1:
        content["groups"] = _in_keys(groups.pattern, looked)
        reasons["groups"] = (
            f"{len(groups.members)} groups by {groups.what}; it fits all {len(looked.entries)} "
            f"names, and {groups.evidence}. Pictures of one group stay in one split"
        )
    for key, value in content.items():
        lines += ["", *_comment(reasons.get(key, "")), *_block(key, value)]
    if "groups" not in content:
        lines += ["", "# No name tells a patient, scene or video. If there are any:"]
        lines += ["# groups: '^([^_]+)_'"]
    return "\n".join(lines) + "\n"


def _in_keys(pattern: str, looked: Looked) -> str:
    """A pattern for names as one for keys, which may have the split before the name."""
    if not any(entry.key.startswith(f"{entry.split}/") for entry in looked.entries):
        return pattern
    return pattern.replace("^", "^(?:train/|val/|test/)?", 1)


def _names(classes: Classes, *, drawn: bool) -> dict[str, Any]:
    """The classes as they are declared; where objects are drawn, background is no name."""
    return {
        "classes": [
            {"name": name, "colour": "#{:02x}{:02x}{:02x}".format(*colour)}
            if colour != distinct_colour(class_id) and class_id != classes.background
            else name
            for class_id, (name, colour) in enumerate(
                zip(classes.names, classes.colours, strict=True)
            )
            if not (drawn and class_id == classes.background)
        ]
    }


def _opens_alike(root: Path, content: dict[str, Any], classes: Classes) -> bool:
    """Whether the dataset has the same classes with these declarations."""
    try:
        text = "\n".join(line for key, value in content.items() for line in _block(key, value))
        declared = DatasetSettings.model_validate(parse_yaml(text))
        known = read_settings(root).model_dump(exclude_defaults=True)
        declared = DatasetSettings.model_validate(
            {**known, **declared.model_dump(exclude_defaults=True)}
        )
        opened = open_dataset(root, report=lambda fault: None, settings=declared).classes
    except (SegwrightError, ValueError):
        return False
    return (opened.names, opened.background) == (classes.names, classes.background)


def _block(key: str, value: Any) -> list[str]:
    """A key of YAML with its value, lists and mappings over several lines."""
    if isinstance(value, list) and len(value) > 1:
        return [f"{key}:", *(f"  - {_flow(one)}" for one in value)]
    if isinstance(value, dict):
        return [f"{key}:", *(f"  {name}: {_flow(one)}" for name, one in value.items())]
    return [f"{key}: {_flow(value)}"]


def _flow(value: Any) -> str:
    """A value in one line: as JSON, which is YAML, but without quotes around keys."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _comment(text: str) -> list[str]:
    """Text as comment lines of up to 90 characters."""
    lines: list[str] = []
    for word in text.split():
        if not lines or len(lines[-1]) + len(word) > 88:
            lines.append("#")
        lines[-1] += f" {word}"
    return lines
