"""`--set key=value`: dotted keys of the plan with YAML values."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from segwright.errors import UsageError


def parse_settings(assignments: Iterable[str]) -> dict[str, object]:
    """Reads `optimiser.lr=0.01`-like assignments; the value is YAML (`3`, `true`, `[256, 256]`).

    Raises:
        UsageError: No `=`, an empty key, a key twice, or a value that is not YAML.
    """
    settings: dict[str, object] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        key = key.strip()
        if not equals or not all(key.split(".")):
            raise UsageError(
                f"{assignment!r} is not key=value",
                where="--set",
                remedy="Write it like --set optimiser.lr=0.01; `segwright plan` lists the keys",
            )
        if key in settings:
            raise UsageError(f"{key!r} is given twice", where="--set", remedy="Keep one of the two")
        settings[key] = _value(key, text)
    return settings


def _value(key: str, text: str) -> object:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise UsageError(
            f"the value {text!r} of {key!r} is not YAML",
            where="--set",
            remedy="Write a number, true, false, a word, or a list like [256, 256]",
        ) from None
    if isinstance(value, str):
        return _number(value)
    return value


def _number(text: str) -> object:
    """YAML 1.1 takes 1e-3 for a word, because it has no point; people mean the number."""
    if "e" not in text.lower():
        return text
    try:
        return float(text)
    except ValueError:
        return text


def parse_spacing(text: str) -> tuple[float, float]:
    """Reads `0.5` or `0.5,0.25`: millimetres per pixel along Y and X.

    Raises:
        UsageError: Not one or two numbers.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2):
        raise UsageError(
            f"{text!r} is not one or two numbers",
            where="--spacing",
            remedy="Write millimetres per pixel, like --spacing 0.5 or --spacing 0.5,0.25",
        )
    return numbers[0], numbers[-1]


def parse_steps(text: str) -> list[object]:
    """Reads `crf,majority` or `crf, {remove_small: 50}`: steps of a row in their short form.

    Raises:
        UsageError: It is no YAML list.
    """
    try:
        steps = yaml.safe_load(text if text.lstrip().startswith("[") else f"[{text}]")
    except yaml.YAMLError:
        steps = None
    if not isinstance(steps, list) or not steps:
        raise UsageError(
            f"{text!r} is no list of steps",
            where="--steps",
            remedy="Write it like --steps crf,majority or --steps 'crf, {remove_small: 50}'",
        )
    return steps


def parse_numbers(text: str, *, option: str) -> list[float]:
    """Reads `0.7,0.15,0.15`.

    Raises:
        UsageError: Something between the commas is no number.
    """
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"{text!r} is no list of numbers", where=option, remedy="Write it like 0.7,0.15,0.15"
        ) from None
