"""JSON of which nothing is guessed: annotation files of unknown origin.

Python's reader takes NaN, lets the last of two equal keys win and turns 1e999 into infinity. Here
all of that is an error, because each of them ends as labels that nobody drew.

Source: RFC 8259 (JSON), RFC 7493 (I-JSON: unique keys, UTF-8, no lone surrogates).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from segwright.errors import LabelError
from segwright.formats.bounded import read_bytes

MAX_JSON_BYTES = 2**30
MAX_JSON_DEPTH = 100

_ODD_ESCAPE = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
_ODD_CHARACTER = re.compile("[\0\ud800-\udfff]")
_CONTAINERS = frozenset((dict, list))
_REMEDY = "Write the file again with a JSON library"


def read_json(path: Path, *, max_bytes: int = MAX_JSON_BYTES) -> Any:
    """Reads one JSON file; what is accepted is said at `parse_json`.

    Raises:
        LabelError: Cannot be read, longer than `max_bytes`, or not accepted by `parse_json`.
    """
    data = read_bytes(path, max_bytes=max_bytes, too_long="Split it into several files")
    return parse_json(data, where=path)


def parse_json(data: bytes, *, where: object = None) -> Any:
    """Reads one JSON text in UTF-8, with or without byte order mark.

    Args:
        data: The bytes of the whole text.
        where: What is named in errors, such as the file.

    Returns:
        dict, list, str, int, float, bool or None. All floats are finite, all ints fit into 64 bits
        (signed or not), no text holds a NUL or half a surrogate pair, and containers stand in each
        other at most `MAX_JSON_DEPTH` deep.

    Raises:
        LabelError: No JSON, or beyond what is said under Returns.
    """
    try:
        text = data.decode("utf-8-sig")
        content = _DECODER.decode(text)
        _check_depth(content)
        if _ODD_ESCAPE.search(text):
            _check_texts(content)
    except UnicodeDecodeError as error:
        raise LabelError(
            f"is not UTF-8 text (byte {error.start}: {error.reason})",
            where=where,
            remedy="Save it as UTF-8",
        ) from None
    except RecursionError:
        raise LabelError(
            f"is nested too deep; accepted are up to {MAX_JSON_DEPTH} levels", where=where
        ) from None
    except ValueError as error:
        raise LabelError(f"is not JSON: {error}", where=where, remedy=_REMEDY) from None
    return content


def _check_depth(content: object) -> None:
    """Raises RecursionError where Python's own limit would be too late for those who read on."""
    if sum(1 for _ in _levels(content)) > MAX_JSON_DEPTH:
        raise RecursionError


def _check_texts(content: object) -> None:
    """Raises ValueError for characters that are in no file name and that no encoder writes."""
    for level in _levels([content]):
        for container in level:
            texts = [*container, *container.values()] if type(container) is dict else container
            for text in texts:
                if type(text) is str and (odd := _ODD_CHARACTER.search(text)):
                    raise ValueError(f"the text {text!r:.60} holds {odd[0]!r}, which is no text")


def _levels(content: Any) -> Iterator[list[Any]]:
    """The containers of the first level, of the second …; a million levels take no stack."""
    level = [content] if type(content) in _CONTAINERS else []
    while level:
        yield level
        contents = [one.values() if type(one) is dict else one for one in level]
        # Most lists hold numbers alone; those are passed over without a step of Python per number.
        nested = [values for values in contents if not _CONTAINERS.isdisjoint(map(type, values))]
        level = [value for values in nested for value in values if type(value) in _CONTAINERS]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"the key {twice!r:.60} stands twice in one object")
    return content


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no number in JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits:.40} is beyond the largest number (1.8e308)")
    return number


def _whole(digits: str) -> int:
    # The length is looked at first: to read a million digits takes minutes.
    if len(digits) > 20 or not -(2**63) <= (number := int(digits)) < 2**64:
        raise ValueError(f"{digits:.40} is a whole number beyond 64 bits")
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole
)
