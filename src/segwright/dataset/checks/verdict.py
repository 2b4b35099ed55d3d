"""What a check says: one line that decides, then what was found, worst first."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from segwright.dataset.checks.summary import Summary
from segwright.formats.faults import KINDS, Fault, Severity

SCHEMA = "segwright-check/1"
_EXAMPLES = 5
_ORDER: Mapping[Severity, int] = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True)
class Group:
    """All findings of one kind and one severity."""

    kind: str
    severity: Severity
    findings: tuple[Fault, ...]


@dataclass(frozen=True)
class Verdict:
    """Whether a dataset is fit for training, and why.

    Attributes:
        data: The dataset's folder.
        findings: Everything that was found, in the order in which it was.
        summary: What is in the dataset; None if it cannot be opened.
        notes: How it was read and what was guessed, one sentence each.
        draft: Text for dataset.yaml, if one was asked for.
        draft_path: Where the draft was written; None if it was not.
        draft_problem: Why it was not written; None if it was, or was not asked for.
        repaired: Folder that a repaired copy was written to, if one was asked for.
        repairs: What was done there, one sentence each.
        after: The verdict on that copy.
    """

    data: Path
    findings: tuple[Fault, ...]
    summary: Summary | None
    notes: tuple[str, ...] = ()
    draft: str | None = None
    draft_path: Path | None = None
    draft_problem: str | None = None
    repaired: Path | None = None
    repairs: tuple[str, ...] = ()
    after: Verdict | None = None

    @property
    def usable(self) -> bool:
        """Whether nothing was found that makes training wrong or impossible."""
        return self.count("error") == 0

    def count(self, severity: Severity) -> int:
        """How many findings are this bad."""
        return sum(one.how_bad == severity for one in self.findings)

    @property
    def line(self) -> str:
        """The verdict in one line."""
        errors, warnings = self.count("error"), self.count("warning")
        if errors:
            return f"not usable: {_number(errors, 'error')}, {_number(warnings, 'warning')}"
        return f"usable, with {_number(warnings, 'warning')}" if warnings else "usable"

    def groups(self) -> list[Group]:
        """The findings by kind, the worst first, then in the order of `KINDS`."""
        found: defaultdict[tuple[int, int, str, Severity], list[Fault]] = defaultdict(list)
        rank = {kind: place for place, kind in enumerate(KINDS)}
        for one in self.findings:
            found[_ORDER[one.how_bad], rank[one.kind], one.kind, one.how_bad].append(one)
        return [Group(key[2], key[3], tuple(found[key])) for key in sorted(found)]

    def text(self) -> str:
        """The verdict for people."""
        parts = [f"{self.data}: {self.line}"]
        if self.summary is not None:
            parts.append(self.summary.text())
        if self.notes:
            parts.append("\n".join(self.notes))
        parts += [_described(group) for group in self.groups()]
        if self.repaired is not None:
            parts.append("\n".join([f"Repaired copy in {self.repaired}:", *_list(self.repairs)]))
        if self.after is not None:
            worst = [group for group in self.after.groups() if group.severity == "error"]
            parts.append(f"Checked again, the copy is {self.after.line}")
            parts += [_described(group) for group in worst]
        if self.draft_path is not None:
            parts.append(f"Drafted {self.draft_path}. Read it, correct it, then check again.")
        elif self.draft is not None:
            parts.append(f"dataset.yaml was not written: {self.draft_problem}\n\n{self.draft}")
        return "\n\n".join(parts)

    def to_plain(self) -> dict[str, Any]:
        """The verdict as JSON values.

        Keys:
            schema: "segwright-check/1".
            data: The folder.
            usable: Whether no finding is an error.
            errors, warnings, notes: How many findings are this bad.
            summary: null, or the fields of `Summary` (pictures, splits, sizes, classes …).
            reading: Sentences on how the labels were read and what was guessed.
            findings: A list, the worst first, of kind (a key of `formats.faults.KINDS`), title,
                severity ("error", "warning" or "note"), file (seen from `data`), problem, remedy,
                and picture (its key in the dataset, or null).
            draft: null, or {text, path, problem}.
            repair: null, or {folder, done, after}: the sentences, and the verdict on the copy.
        """
        ordered = [one for group in self.groups() for one in group.findings]
        return {
            "schema": SCHEMA,
            "data": str(self.data),
            "usable": self.usable,
            "errors": self.count("error"),
            "warnings": self.count("warning"),
            "notes": self.count("note"),
            "summary": None if self.summary is None else asdict(self.summary),
            "reading": list(self.notes),
            "findings": [_plain(one) for one in ordered],
            "draft": None
            if self.draft is None
            else {
                "text": self.draft,
                "path": None if self.draft_path is None else str(self.draft_path),
                "problem": self.draft_problem,
            },
            "repair": None
            if self.repaired is None
            else {
                "folder": str(self.repaired),
                "done": list(self.repairs),
                "after": None if self.after is None else self.after.to_plain(),
            },
        }

    def to_json(self) -> str:
        """`to_plain` as a JSON document."""
        return json.dumps(self.to_plain(), indent=2, ensure_ascii=False)


def _plain(fault: Fault) -> dict[str, str | None]:
    return {
        "kind": fault.kind,
        "title": KINDS[fault.kind].title,
        "severity": fault.how_bad,
        "file": fault.where,
        "problem": fault.problem,
        "remedy": fault.remedy,
        "picture": fault.key,
    }


def _described(group: Group) -> str:
    """A kind of finding: how many, up to five examples, and what to do."""
    shown = group.findings[:_EXAMPLES]
    rest = len(group.findings) - len(shown)
    remedies = list(dict.fromkeys(one.remedy for one in shown))
    lines = [f"{group.severity.upper()}  {KINDS[group.kind].title} ({len(group.findings):,})"]
    for one in shown:
        lines.append(f"  - {one.where}: {one.problem}")
        if len(remedies) > 1:
            lines.append(f"    → {one.remedy}")
    if rest:
        lines.append(f"  … and {rest:,} more (--json lists all)")
    if len(remedies) == 1:
        lines.append(f"  → {remedies[0]}")
    return "\n".join(lines)


def _list(sentences: Sequence[str]) -> list[str]:
    return [f"  - {sentence}" for sentence in sentences or ("nothing had to be done",)]


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
