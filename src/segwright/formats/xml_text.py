"""XML elements to bytes."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, tostring

from segwright.errors import DataError

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def holds(text: str) -> bool:
    """Whether XML can hold a text as it is; a lone carriage return becomes a line break in it."""
    return "\r" not in text and not _NOT_XML.search(text)


def markup(element: Element) -> bytes:
    """An element and a line break, as UTF-8.

    Raises:
        DataError: A character that no XML can hold.
    """
    text = tostring(element, encoding="unicode")
    if odd := _NOT_XML.search(text):
        raise DataError(
            f"a name or value with the character {odd[0]!r}, which XML cannot hold: "
            f"{text[max(odd.start() - 20, 0) : odd.end() + 20]!r}",
            remedy="Rename it before the conversion",
        )
    return text.encode("utf-8") + b"\n"
