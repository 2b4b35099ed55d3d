"""Durations: hand-computed values, and a round trip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segwright.cli.duration import format_duration, parse_duration
from segwright.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("0.5s", 0.5),
        ("+10m", 600),
        (" 2H ", 7200),
        ("1h2m3s", 3723),
    ],
)
def test_durations_people_type(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "ten", "10x", "-5m", "30m1h", "1m1m", "0s", "+", "1h 30m", "1e3s"]
)
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="10m") as refused:
        parse_duration(text)
    assert repr(text) in str(refused.value)


def test_a_number_without_unit_is_told_its_two_readings() -> None:
    with pytest.raises(UsageError, match=r"needs a unit.*10s or 10m"):
        parse_duration("10")


def test_the_error_names_the_option() -> None:
    with pytest.raises(UsageError, match="--every"):
        parse_duration("soon", option="--every")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.4, "59s"), (59.6, "1m00s"), (545, "9m05s"), (3599.7, "1h00m"), (7620, "2h07m")],
)
def test_durations_shown(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(1, 3599))
def test_what_is_shown_reads_back(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds
