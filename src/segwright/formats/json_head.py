"""Tells JSON files apart by the keys that stand at their beginning, without reading them whole."""

from __future__ import annotations

import re
from pathlib import Path

_HEAD_BYTES = 1 << 16
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]', re.DOTALL)


def first_keys(path: Path) -> dict[str, str]:
    """The keys of the outermost object, as far as they stand in the first 64 KiB of a file.

    Returns:
        Key → its value if that is a text, otherwise "". Empty if the file cannot be read or does
        not begin with an object.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "a.json")
        ...     _ = path.write_text('{"type": "FeatureCollection", "features": [{"id": 1}')
        ...     first_keys(path)
        {'type': 'FeatureCollection', 'features': ''}
    """
    try:
        with path.open("rb") as file:
            text = file.read(_HEAD_BYTES).decode("utf-8-sig", errors="replace")
    except OSError:
        return {}
    if not text.lstrip().startswith("{"):
        return {}
    keys: dict[str, str] = {}
    depth, last, key = 0, "", ""
    for token in (match[0] for match in _TOKEN.finditer(text)):
        if token in "{[":
            depth += 1
        elif token in "}]":
            depth -= 1
        elif depth == 1 and token == ":":
            key = last
            keys[key] = ""
        elif depth == 1 and token[0] == '"' and last == ":":
            keys[key] = token[1:-1]
        last = token[1:-1] if token[0] == '"' else token
    return keys
