"""Pieces of HTML that several sections share."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


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
