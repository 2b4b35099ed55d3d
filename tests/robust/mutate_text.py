"""Mutations of files of values: JSON, XML, and lines of words, changed where their structure is."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

_NESTED: Any = [[[[[[1]]]]]]
_ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    -0.5,
    1e9,
    1e308,
    5e-324,
    float("nan"),
    float("inf"),
    2**31,
    2**63 - 1,
    2**63,
    2**64,
    -(2**63),
    10**30,
    "",
    "1",
    "nan",
    "../../etc/passwd",
    "/etc/passwd",
    "C:\\a",
    "a\0b",
    "\ud800",
    "é" * 300,
    "[]",
    [],
    {},
    [[]],
    [None],
    [1, 2],
    [float("nan")] * 6,
    [-1e9, 1e9] * 4,
    [[0, 0, 1e300, 0, 0, 1e300]],
    {"a": 1},
    {"counts": [1, 2], "size": [3, 1]},
    {"counts": "0" * 50, "size": [9, 11]},
    {"counts": [-5, 10**9], "size": [2**40, 2**40]},
    _NESTED,
)
_ODD_WORDS = (
    "nan",
    "-inf",
    "1e999",
    "-1",
    "0",
    "99999999999999999999",
    "0x10",
    "1_0",
    "",
    "é",
    "\0",
)
_ODD_WORDS += (
    "1,5",
    "1e9",
    "-0.5",
    "1.0000001",
    "[]",
    "{}",
    "!!python/object:os.system",
    "*a",
    "&a",
)
_TWICE = "twice: "


def mutate_json(rng: random.Random, data: bytes) -> bytes:
    """Changes one to four values, or leaves out, repeats or renames a key."""
    content = json.loads(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        content = _with_odd_value(rng, content)
    text = json.dumps(content, ensure_ascii=rng.random() < 0.9)
    return text.replace(f'"{_TWICE}', '"').encode("utf-8", "surrogatepass")


def _with_odd_value(rng: random.Random, content: Any) -> Any:
    places = list(_places(content))
    if not places or rng.random() < 0.02:
        return copy.deepcopy(rng.choice(_ODD_VALUES))
    # Long lists of coordinates would else be all that is ever hit.
    container, key = rng.choice(_thinned(rng, places))
    action = rng.choice(("odd", "odd", "odd", "odd", "drop", "twice", "move", "near"))
    value = container[key]
    if action == "drop":
        del container[key]
    elif action == "twice" and isinstance(container, dict):
        container[f"{_TWICE}{key}"] = copy.deepcopy(rng.choice((value, *_ODD_VALUES)))
    elif action == "twice":
        container[key:key] = [copy.deepcopy(value)] * rng.choice((1, 3, 10))
    elif action == "move":
        other, other_key = rng.choice(places)
        container[key] = copy.deepcopy(other[other_key])
    elif action == "near" and type(value) in (int, float):
        container[key] = rng.choice(
            (value + 1, value - 1, -value, value * 1000, float(value), str(value))
        )
    else:
        container[key] = copy.deepcopy(rng.choice(_ODD_VALUES))
    return content


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with every one of its keys."""
    if isinstance(content, dict | list):
        for key in list(content if isinstance(content, dict) else range(len(content))):
            yield content, key
            yield from _places(content[key])


def _thinned(rng: random.Random, places: list) -> list:
    named = [place for place in places if isinstance(place[1], str)]
    return named if named and rng.random() < 0.6 else places


def mutate_xml(rng: random.Random, data: bytes) -> bytes:
    """Changes texts and attributes; drops, repeats, renames and moves elements."""
    root = ElementTree.fromstring(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        elements = list(root.iter())
        one = rng.choice(elements)
        inner = [parent for parent in elements if len(parent)]
        action = rng.choice(
            ("text", "text", "attribute", "attribute", "drop", "repeat", "rename", "move")
        )
        if action == "text":
            one.text = _odd_word(rng, one.text or "")
        elif action == "attribute" and one.attrib:
            key = rng.choice(list(one.attrib))
            one.attrib[key] = _odd_word(rng, one.attrib[key])
            if rng.random() < 0.3:
                del one.attrib[key]
        elif action == "rename":
            one.tag = rng.choice(elements).tag
        elif inner:
            parent = rng.choice(inner)
            child = rng.choice(list(parent))
            if action == "drop":
                parent.remove(child)
            else:
                target = parent if action == "repeat" else rng.choice(elements)
                target.extend([copy.deepcopy(child)] * rng.choice((1, 2, 8)))
    return ElementTree.tostring(root, encoding="utf-8")


def _odd_word(rng: random.Random, text: str) -> str:
    """Another text, or this one with one of its words changed; none that XML could not hold."""
    words = re.split(r"([\s,;]+)", text)
    odd = rng.choice(_ODD_WORDS).replace("\0", "\u200b")
    if len(words) < 3 or rng.random() < 0.3:
        return odd
    at = rng.randrange(0, len(words), 2)
    words[at] = odd
    if rng.random() < 0.2:
        del words[at : at + 2]
    return "".join(words)


def mutate_lines(rng: random.Random, data: bytes) -> bytes:
    """Changes words; drops, repeats, swaps and joins lines."""
    lines = data.decode().split("\n")
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(lines))
        action = rng.choice(("word", "word", "word", "drop", "repeat", "swap", "join", "long"))
        if action == "word":
            words = re.split(r"([\s:,\[\]]+)", lines[at])
            words[rng.randrange(0, len(words), 2)] = rng.choice(_ODD_WORDS)
            lines[at] = "".join(words)
        elif action == "drop" and len(lines) > 1:
            del lines[at]
        elif action == "repeat":
            lines[at:at] = [lines[at]] * rng.choice((1, 2, 10))
        elif action == "swap":
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif action == "join" and at + 1 < len(lines):
            lines[at : at + 2] = [lines[at] + " " + lines[at + 1]]
        elif action == "long":
            lines[at] = (lines[at] + " ") * 4
    return "\n".join(lines).encode()
