"""Attacks on the reader of XML: no file is read, no address is asked for, nothing is multiplied."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.robust.xml_attacks import CANARY, xml_attacks

from segwright.errors import LabelError
from segwright.formats.strict_xml import (
    MAX_XML_ATTRIBUTES,
    MAX_XML_DEPTH,
    parse_xml,
    read_xml,
)

ROOT = Path(__file__).resolve().parents[2]
# What may come back: nothing was fetched or expanded, the text is simply what stands there.
HARMLESS = {
    "schema of an address",
    "style sheet of an address",
    "style sheet that reads",
    "base address",
    "inclusion as text",
    "inclusion as XML",
    "inclusion with fallback",
    "php instruction",
    "a million instructions",
    "a huge instruction",
    "a flood of CDATA",
    "a flood of comments",
    "a flood of references",
    "many namespaces",
}
# The attacks are at most 35 MB, and a tree of elements takes a multiple of its text.
MEMORY_BYTES = 1500 << 20


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What became of every attack, in a process that is watched; and what was asked of the web."""
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *arguments: object) -> None:
            pass

    secret = tmp_path_factory.mktemp("secret") / "file.txt"
    secret.write_text(CANARY)
    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    http_url = f"http://127.0.0.1:{server.server_port}/"
    done = subprocess.run(
        [sys.executable, "-m", "tests.robust.xml_victim", secret.as_uri(), http_url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    server.shutdown()
    assert done.returncode == 0, done.stderr[-3000:]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["attack"]: one for one in told}, asked


ATTACKS = list(xml_attacks("file:///a", "http://a/"))


def test_there_are_many_attacks():
    assert len(ATTACKS) >= 60


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_without_effect(attack, outcomes):
    told, asked = outcomes
    one = told[attack]
    assert one["opened"] == []
    assert one["connected"] == 0
    assert CANARY not in one["text"]
    assert ("refused" in one) == (attack not in HARMLESS), one
    assert not asked


def test_the_attacks_take_no_memory(outcomes):
    told, _ = outcomes
    assert max(one["resident"] for one in told.values()) < MEMORY_BYTES


def test_the_victim_notices_effects(tmp_path):
    """The watch itself: a reader that does fetch is seen to do so."""
    secret = tmp_path / "file.txt"
    secret.write_text(CANARY)
    done = subprocess.run(
        [sys.executable, "-m", "tests.robust.xml_victim", secret.as_uri(), "http://a/", "naive"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    one = json.loads(done.stdout.splitlines()[0])
    assert one["opened"] == [str(secret)]
    assert CANARY in one["text"]


def test_plain_xml_is_read():
    root = parse_xml("<a b='é'>x<c/>y</a>".encode())
    assert (root.tag, root.attrib, root.text, root[0].tail) == ("a", {"b": "é"}, "x", "y")


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("UTF-8", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("ISO-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("us-ascii", "ascii"),
    ],
)
def test_encodings_that_annotation_programs_write(declared, codec):
    text = "abc" if codec == "ascii" else "é"
    data = f'<?xml version="1.0" encoding="{declared}"?><a b="{text}"/>'.encode(codec)
    assert parse_xml(data).attrib == {"b": text}


def test_chinese_encodings():
    data = '<?xml version="1.0" encoding="GB2312"?><a b="图"/>'.encode("gb2312")
    assert parse_xml(data).attrib == {"b": "图"}


def test_the_limits_are_where_they_are_said_to_be():
    parse_xml(b"<a>" * MAX_XML_DEPTH + b"</a>" * MAX_XML_DEPTH)
    with pytest.raises(LabelError, match="deep in each other"):
        parse_xml(b"<a>" * (MAX_XML_DEPTH + 1) + b"</a>" * (MAX_XML_DEPTH + 1))
    many = " ".join(f"b{i}=''" for i in range(MAX_XML_ATTRIBUTES))
    parse_xml(f"<a {many}/>".encode())
    with pytest.raises(LabelError, match="1,001 attributes"):
        parse_xml(f"<a {many} c=''/>".encode())


def test_siblings_do_not_count_as_depth():
    parse_xml(b"<a>" + b"<b><c/></b>" * 1000 + b"</a>")


def test_files_that_cannot_be_read_say_so(tmp_path):
    (tmp_path / "a.xml").write_text("<a/>")
    assert read_xml(tmp_path / "a.xml").tag == "a"
    with pytest.raises(LabelError, match="is 4 bytes long; accepted are up to 3"):
        read_xml(tmp_path / "a.xml", max_bytes=3)
    for path in (tmp_path, tmp_path / "absent.xml", tmp_path / "a\0b"):
        with pytest.raises(LabelError, match="cannot be read"):
            read_xml(path)
