"""The Markdown pages of the project, and the data their examples speak of."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Snippet(NamedTuple):
    """One fenced block of a page.

    Attributes:
        place: "README.md:42", the line of its fence.
        language: What stands behind the fence.
        text: What is inside.
    """

    place: str
    language: str
    text: str


def snippets(page: str, language: str) -> list[Snippet]:
    """The fenced blocks of one language in a page, in order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        Snippet(f"{page}:{text.count(chr(10), 0, found.start()) + 1}", language, found["text"])
        for found in re.finditer(
            rf"^```{language}\n(?P<text>.*?)^```$", text, flags=re.DOTALL | re.MULTILINE
        )
    ]


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `photos` (a small labelled data set) and `new_photos` (images alone)."""
    pytest.importorskip("skimage")
    from examples.demo.dataset import write_dataset

    folder = tmp_path_factory.mktemp("readme")
    write_dataset(folder / "photos", sizes={"train": 6, "val": 3, "test": 3})
    (folder / "new_photos").mkdir()
    for name in "ab":
        image = folder / "photos" / "test" / "images" / "000.png"
        (folder / "new_photos" / f"{name}.png").write_bytes(image.read_bytes())
    return folder
