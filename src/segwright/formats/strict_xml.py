"""XML of which nothing is fetched, expanded or multiplied: annotation files of unknown origin.

Every attack on XML readers but plain size needs a document type: entities that unfold to gigabytes,
entities that are files or addresses, attribute defaults. Annotation files have none, so a file with
one is refused before anything is parsed. The text is decoded here, so that the parser never
chooses a codec, and size is bounded by the limits below.

Source: W3C Extensible Markup Language 1.0, fifth edition.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder

from defusedxml.ElementTree import DefusedXMLParser

from segwright.errors import LabelError
from segwright.formats.bounded import read_bytes

MAX_XML_BYTES = 2**28
MAX_XML_DEPTH = 100
MAX_XML_ELEMENTS = 5_000_000
MAX_XML_ATTRIBUTES = 1_000
"""Attributes of one element."""
MAX_XML_VALUE = 2**24
"""Characters of a name or of one attribute's value; run lengths of a mask are such a value."""

# Declared encoding, in lower case → codec.
_CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
    "windows-1252": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([^\"'>]{0,40})")


def read_xml(path: Path, *, max_bytes: int = MAX_XML_BYTES) -> Element:
    """Reads one XML file; what is accepted is said at `parse_xml`.

    Raises:
        LabelError: Cannot be read, longer than `max_bytes`, or not accepted by `parse_xml`.
    """
    data = read_bytes(path, max_bytes=max_bytes, too_long="Split it into several files")
    return parse_xml(data, where=path)


def parse_xml(data: bytes, *, where: object = None) -> Element:
    """Reads one XML document without document type; inclusions and instructions stay unread.

    Args:
        data: The bytes of the whole document, in UTF-8, in UTF-16 with byte order mark, or in
            ASCII, ISO-8859-1, Windows-1252 or GB18030 where the XML declaration says so.
        where: What is named in errors, such as the file.

    Returns:
        The root element. Elements stand in each other at most `MAX_XML_DEPTH` deep, are at most
        `MAX_XML_ELEMENTS`, with at most `MAX_XML_ATTRIBUTES` of `MAX_XML_VALUE` characters each.

    Raises:
        LabelError: No XML, a document type or entity in it, or beyond these limits.
    """
    try:
        text = _text(data)
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise ValueError("it has a document type (<!DOCTYPE …>), which annotations never need")
        parser = DefusedXMLParser(target=_BoundedTree(), forbid_dtd=True)
        parser.feed(text)
        return parser.close()
    # SyntaxError is the base of the parser's own error; the refusals of defusedxml are ValueErrors.
    except (SyntaxError, ValueError) as error:
        raise LabelError(
            f"cannot be read as XML: {error}",
            where=where,
            remedy="Write the file again with the program it comes from",
        ) from None


def _text(data: bytes) -> str:
    """The document as text; a codec is chosen from the table alone.

    Raises:
        ValueError: Another encoding is declared, or the bytes are not of the declared one.
    """
    codec = next((codec for mark, codec in _MARKS if data.startswith(mark)), None)
    if codec is None:
        declared = _DECLARED.match(data)
        name = declared[1].decode("latin-1").lower() if declared else "utf-8"
        if name not in _CODECS:
            raise ValueError(f"its encoding is {name!r}; accepted are {', '.join(_CODECS)}")
        codec = _CODECS[name]
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not {codec} text ({error.reason})") from None


class _BoundedTree(TreeBuilder):
    """Builds the tree until a limit is met."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._elements = 0

    def start(self, tag: Any, attrs: Any, /) -> Any:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_XML_DEPTH:
            raise ValueError(f"elements stand more than {MAX_XML_DEPTH} deep in each other")
        if self._elements > MAX_XML_ELEMENTS:
            raise ValueError(f"it has more than {MAX_XML_ELEMENTS:,} elements")
        if len(attrs) > MAX_XML_ATTRIBUTES:
            raise ValueError(
                f"an element has {len(attrs):,} attributes; {MAX_XML_ATTRIBUTES} at most"
            )
        longest = max(map(len, (tag, *attrs, *attrs.values())))
        if longest > MAX_XML_VALUE:
            raise ValueError(f"a value of {longest:,} characters; {MAX_XML_VALUE:,} at most")
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> Any:
        self._depth -= 1
        return super().end(tag)
