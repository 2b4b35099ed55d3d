"""The strict reader of JSON: what it takes is what Python's own reader takes, less what is odd."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segwright.errors import LabelError
from segwright.formats.strict_json import MAX_JSON_DEPTH, parse_json, read_json

plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)
contents = st.recursive(
    plain, lambda inner: st.lists(inner) | st.dictionaries(st.text("ab\\u", max_size=3), inner)
)


@given(contents, st.booleans())
def test_what_is_plain_comes_back(content, ascii_only):
    text = json.dumps(content, ensure_ascii=ascii_only)
    assert parse_json(text.encode()) == content


def test_a_byte_order_mark_is_passed_over():
    assert parse_json(b"\xef\xbb\xbf[1]") == [1]


def test_the_ends_of_what_numbers_may_be():
    smallest, largest = parse_json(b"[-9223372036854775808, 18446744073709551615]")
    assert (smallest, largest) == (-(2**63), 2**64 - 1)
    assert parse_json(b"1.7976931348623157e308") == math.nextafter(math.inf, 0)
    assert parse_json(b"0.000000000000000000000012345678901234567890") == 1.2345678901234568e-23


def test_a_pair_of_surrogates_is_one_character_and_a_backslash_is_none():
    assert parse_json(rb'["\ud83d\ude00", "C:\\ud800"]') == ["\U0001f600", r"C:\ud800"]


def test_the_deepest_that_is_taken():
    assert parse_json(b"[" * MAX_JSON_DEPTH + b"]" * MAX_JSON_DEPTH)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is not JSON"),
        (b'{"a": 1', "is not JSON"),
        (b"[1] [2]", "is not JSON"),
        (b"[NaN]", "NaN is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b"[1e999]", "1e999 is beyond the largest number"),
        (b"[-1e400]", "-1e400 is beyond the largest number"),
        (b"18446744073709551616", "beyond 64 bits"),
        (b"[-9223372036854775809]", "beyond 64 bits"),
        (b"1" * 1_000_000, "beyond 64 bits"),
        (b"1." + b"0" * 1_000_000 + b"e400", "beyond the largest number"),
        (b'{"a": 1, "b": 2, "a": 3}', "'a' stands twice"),
        (b'[{"x": {"a": 1, "a": 1}}]', "'a' stands twice"),
        (rb'["\ud800"]', "is no text"),
        (rb'{"a": [{"\udfff": 1}]}', "is no text"),
        (rb'{"file_name": "a\u0000.png"}', "is no text"),
        (rb'"\ud800"', "is no text"),
        (b"[" * (MAX_JSON_DEPTH + 1) + b"]" * (MAX_JSON_DEPTH + 1), "nested too deep"),
        (b"[[1]," + b'{"a":' * MAX_JSON_DEPTH + b"1" + b"}" * MAX_JSON_DEPTH + b"]", "too deep"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
        ("[1]".encode("utf-16"), "is not UTF-8"),
        ("[1]".encode("utf-32"), "is not UTF-8"),
        ('["é"]'.encode("latin-1"), "is not UTF-8"),
    ],
)
def test_what_is_odd_is_refused_and_named(data, said):
    with pytest.raises(LabelError, match=said) as error:
        parse_json(data, where="a.json")
    assert error.value.where == "a.json"
    assert len(str(error.value)) < 300


def test_files_that_cannot_be_read_say_so(tmp_path):
    (tmp_path / "a.json").write_text("[1, 2]")
    assert read_json(tmp_path / "a.json") == [1, 2]
    with pytest.raises(LabelError, match="is 6 bytes long; accepted are up to 5"):
        read_json(tmp_path / "a.json", max_bytes=5)
    for path in (tmp_path, tmp_path / "absent.json", tmp_path / "a\0b"):
        with pytest.raises(LabelError, match="cannot be read"):
            read_json(path)
