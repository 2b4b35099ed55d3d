"""Pieces of HTML that several pages share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from importlib import resources

import numpy as np

from segwright.pages.pictures import data_uri


def section(title: str, body: str, *, lead: str = "") -> str:
    """A part of the page; `title` and `lead` are plain text, `body` is HTML."""
    lead_html = f'<p class="lead">{escape(lead)}</p>' if lead else ""
    return f"<section><h2>{escape(title)}</h2>{lead_html}{body}</section>"


def swatch(colour: tuple[int, int, int]) -> str:
    """A small square of a colour."""
    return f'<i class="swatch" style="background:rgb{tuple(colour)}"></i>'


def head(*names: str) -> str:
    """The head of a table; `names` are HTML."""
    columns = "".join(f'<th scope="col">{name}</th>' for name in names)
    return f"<thead><tr>{columns}</tr></thead>"


def cells(texts: Iterable[str]) -> str:
    """Right-aligned cells of a table row; `texts` are plain text."""
    return "".join(f'<td class="number">{escape(text)}</td>' for text in texts)


def legend(keys: Iterable[tuple[tuple[int, int, int], str]]) -> str:
    """What the colours of pictures mean, as (colour, plain text) in a row."""
    items = "".join(f"<span>{swatch(colour)}{escape(name)}</span>" for colour, name in keys)
    return f'<p class="legend">{items}</p>'


def figure(pictures: Mapping[str, np.ndarray], caption: str) -> str:
    """Pictures side by side with a caption below; each is enlarged when it is clicked.

    Args:
        pictures: What each shows, as plain text → (Y, X, 3) uint8 RGB.
        caption: Plain text.
    """
    shown = "".join(
        f'<div class="picture"><img tabindex="0" loading="lazy" decoding="async" '
        f'width="{picture.shape[1]}" height="{picture.shape[0]}" '
        f'alt="{escape(name)}: {escape(caption)}" src="{data_uri(picture)}">'
        f"<span>{escape(name)}</span></div>"
        for name, picture in pictures.items()
    )
    return (
        f'<figure><div class="pictures" style="--pictures:{len(pictures)}">{shown}</div>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def document(title: str, body: str) -> str:
    """A whole page that needs no other file; `body` is HTML."""
    style = resources.files("segwright.pages").joinpath("page.css").read_text("utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><style>{style}</style></head>\n"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )
