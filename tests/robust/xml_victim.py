"""Reads every attack in a process of its own and tells, line by line, what that did."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element, TreeBuilder, XMLParser

from tests.robust.hunt import peak_bytes
from tests.robust.xml_attacks import MOST_ELEMENTS, xml_attacks

from segwright.errors import LabelError
from segwright.formats import strict_xml
from segwright.formats.strict_xml import parse_xml

_opened: list[str] = []
_connected: list[str] = []


def _watch(event: str, arguments: tuple) -> None:
    if event == "open" and isinstance(arguments[0], str):
        if not arguments[0].endswith((".py", ".pyc")):  # Python's own codecs, when first used
            _opened.append(arguments[0])
    elif event.startswith(("socket.", "urllib.", "subprocess.", "os.system", "ftplib.")):
        _connected.append(event)


def _naive(data: bytes) -> Element:
    """A reader that fetches external entities: what the watch must notice."""
    text = data.decode()
    place = text.partition('SYSTEM "')[2].partition('"')[0]
    parser = XMLParser(target=TreeBuilder())
    parser.entity["x"] = Path(unquote(urlsplit(place).path)).read_text()
    parser.feed(text.replace("SYSTEM", "PUBLIC 'p'"))
    return parser.close()


def main(file_url: str, http_url: str, how: str = "strict") -> None:
    """Prints a line of JSON for every attack."""
    attacks = xml_attacks(file_url, http_url)
    read = parse_xml
    if how == "naive":
        attacks, read = {"external entity": attacks["external entity"]}, _naive
    strict_xml.MAX_XML_ELEMENTS = MOST_ELEMENTS
    parse_xml(b"<a/>")  # whatever is imported late is imported now
    sys.addaudithook(_watch)
    for name, data in attacks.items():
        _opened.clear()
        _connected.clear()
        told: dict[str, object] = {"attack": name, "text": ""}
        try:
            root = read(data)
            told["text"] = "".join(root.itertext())[:1000] + str(root.attrib)[:1000]
            del root
        except LabelError as error:
            told |= {"refused": True, "text": str(error)}
        told |= {"opened": list(_opened), "connected": len(_connected)}
        told["resident"] = peak_bytes()
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
