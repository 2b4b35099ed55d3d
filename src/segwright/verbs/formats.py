"""`segwright formats`: the formats there are, and what each cannot hold."""

from __future__ import annotations

from segwright.errors import UnknownNameError
from segwright.formats.catalog import FORMATS
from segwright.formats.format import Format
from segwright.formats.lost import KINDS_OF_LOSS


def list_formats() -> str:
    """One line for every format: name, title, layout."""
    wide = max(map(len, FORMATS))
    lines = [f"{name:{wide}}  {_titled(one)}" for name, one in FORMATS.items()]
    return "\n".join([*lines, "", "`segwright formats FORMAT` says what a format cannot hold."])


def describe_format(name: str) -> str:
    """All about one format.

    Raises:
        UnknownNameError: There is no such format.
    """
    if name not in FORMATS:
        raise UnknownNameError("format", name, FORMATS)
    one = FORMATS[name]
    lines = [f"{name}: {_titled(one)}", f"layout: {one.layout}", f"source: {one.source}"]
    if one.write is None:
        return "\n".join(lines)
    lines.append("cannot hold:" if one.loses else "holds everything")
    wide = max(map(len, one.loses), default=0)
    return "\n".join([*lines, *(f"  {k:{wide}}  {one.loses[k]}" for k in _lost(one))])


def formats_page() -> str:
    """The formats and their losses as Markdown, for the documentation."""
    names = [name for name, one in FORMATS.items() if one.write is not None]
    read_only = [one.title for one in FORMATS.values() if one.write is None]
    parts = [_HEAD, "| format | name | layout |\n|---|---|---|"]
    parts[-1] += "".join(
        f"\n| {one.title} | `{name}` | {one.layout} |" for name, one in FORMATS.items()
    )
    if read_only:
        parts.append(f"Only read: {', '.join(read_only)}.")
    parts.append(_LOSSES)
    kinds = [kind for kind in KINDS_OF_LOSS if any(kind in FORMATS[name].loses for name in names)]
    table = [f"| counted | {' | '.join(f'`{name}`' for name in names)} |"]
    table.append("|---" * (len(names) + 1) + "|")
    for kind in kinds:
        marks = ("×" if kind in FORMATS[name].loses else "" for name in names)
        table.append(f"| {KINDS_OF_LOSS[kind]} | {' | '.join(marks)} |")
    parts.append("\n".join(table))
    for name in names:
        one = FORMATS[name]
        lost = [f"- {KINDS_OF_LOSS[kind]}: {one.loses[kind]}" for kind in _lost(one)]
        text = "\n".join(lost) or "Nothing is lost."
        parts.append(f"## {one.title} (`{name}`)\n\nSource: {one.source}\n\n{text}")
    return "\n\n".join(parts) + "\n"


_HEAD = """# Formats

`segwright convert DATA --to NAME --out DIR` writes any of these, reads it back and counts, class by
class, the pixels whose class changed and the objects that are not found again. A difference that
the losses below do not explain is an error. This page is what `segwright formats --markdown`
prints."""

_LOSSES = """What each format cannot hold (×). Class names, colours, background, splits and groups
that a format has no place for stand in the `dataset.yaml` that is written beside it."""


def _titled(one: Format) -> str:
    return one.title if one.write is not None else f"{one.title} (only read)"


def _lost(one: Format) -> list[str]:
    return [kind for kind in KINDS_OF_LOSS if kind in one.loses]
