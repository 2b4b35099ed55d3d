"""docs/formats.md says what the table of formats says."""

from __future__ import annotations

from pathlib import Path

from segwright.formats.catalog import FORMATS
from segwright.formats.lost import KINDS_OF_LOSS
from segwright.verbs.formats import formats_page

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == formats_page(), (
        "run: segwright formats --markdown > docs/formats.md"
    )


def test_the_page_names_every_format_and_loss() -> None:
    page = formats_page()
    for name, one in FORMATS.items():
        assert f"`{name}`" in page and one.title in page
        for kind, what in one.loses.items():
            assert f"{KINDS_OF_LOSS[kind]}: {what}" in page or one.write is None
