"""Durations as people type them."""

from __future__ import annotations

import re

from segwright.errors import UsageError

_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0}
# Each unit at most once, the largest first: 1h30m, 10m, 90s, 1.5h.
_DURATION = re.compile(
    r"(?:(?P<h>\d+(?:\.\d+)?)h)?(?:(?P<m>\d+(?:\.\d+)?)m)?(?:(?P<s>\d+(?:\.\d+)?)s)?"
)


def parse_duration(text: str, *, option: str = "--budget") -> float:
    """Seconds in a duration such as `90s`, `10m`, `1.5h` or `1h30m`; a leading `+` is allowed.

    The `+` is for a run that goes on: `--resume RUN --budget +10m` reads as ten more minutes.

    Raises:
        UsageError: No unit, a unit that is not h, m or s, another order, or no time at all.
    """
    found = _DURATION.fullmatch(text.strip().lower().removeprefix("+"))
    parts = {} if found is None else {u: v for u, v in found.groupdict().items() if v is not None}
    seconds = sum(float(value) * _UNITS_S[unit] for unit, value in parts.items())
    if not parts or seconds == 0:
        bare = text.strip().removeprefix("+")
        number = re.fullmatch(r"\d+(?:\.\d+)?", bare) is not None and float(bare) > 0
        raise UsageError(
            f"{text!r} is not a duration"
            + (" (a number needs a unit: h, m or s)" if number else " longer than zero"),
            where=option,
            remedy=f"Write it as {bare}s or {bare}m"
            if number
            else "Write it as 90s, 10m, 1.5h or 1h30m",
        )
    return seconds


def format_duration(seconds: float) -> str:
    """A duration for people, two units at most: `42s`, `9m05s`, `2h07m`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
