"""`--set`: keys, YAML values, and what is refused."""

from __future__ import annotations

import pytest

from segwright.cli.settings import parse_settings, parse_spacing, parse_steps
from segwright.errors import UsageError


def test_values_have_their_yaml_type() -> None:
    given = ["a.b=3", "c=0.5", "d=true", "e=word", "f=[256, 320]", "g=1e-3", "h=", "i=x=y"]
    assert parse_settings(given) == {
        "a.b": 3,
        "c": 0.5,
        "d": True,
        "e": "word",
        "f": [256, 320],
        "g": 0.001,
        "h": None,
        "i": "x=y",
    }


@pytest.mark.parametrize("text", ["3e", "one", "e", "red", "1e5x"])
def test_words_with_an_e_stay_words(text: str) -> None:
    assert parse_settings([f"name={text}"]) == {"name": text}


@pytest.mark.parametrize("assignment", ["lr", "=3", "a..b=1", ".a=1", "a.=1"])
def test_what_is_no_assignment_is_refused(assignment: str) -> None:
    with pytest.raises(UsageError, match="not key=value"):
        parse_settings([assignment])


def test_a_key_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="'lr' is given twice"):
        parse_settings(["lr=1", "lr=2"])


def test_no_yaml_is_refused_and_nothing_is_constructed() -> None:
    for text in ("[1, 2", "!!python/object/apply:os.getcwd []"):
        with pytest.raises(UsageError, match="is not YAML"):
            parse_settings([f"key={text}"])


def test_a_spacing_is_one_number_or_two() -> None:
    assert parse_spacing("0.5") == (0.5, 0.5)
    assert parse_spacing("1e-3, 2") == (0.001, 2.0)
    for text in ("", "a", "1,2,3", "1;2"):
        with pytest.raises(UsageError, match="is not one or two numbers"):
            parse_spacing(text)


def test_steps_are_names_or_short_forms() -> None:
    assert parse_steps("crf,majority") == ["crf", "majority"]
    assert parse_steps("crf, {remove_small: 50}") == ["crf", {"remove_small": 50}]
    assert parse_steps("[{guided: [4, 0.1]}]") == [{"guided": [4, 0.1]}]
    for text in ("", "{crf", "[crf", "crf}"):
        with pytest.raises(UsageError, match="no list of steps"):
            parse_steps(text)
