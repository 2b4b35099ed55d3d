"""What a Label Studio export says: tasks, each with a picture and what was annotated on it.

Both exports are read: "JSON", with all annotations of a task, and "JSON-MIN", with one annotation a
row and the records of every tag directly under its name.

Source: https://labelstud.io/guide/task_format.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from segwright.errors import LabelError
from segwright.formats.references import Pictures, parts_of
from segwright.formats.strict_json import read_json
from segwright.images import IMAGE_SUFFIXES

_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{6,}-(?=.)")
_OF_A_RECORD = ("original_width", "original_height", "image_rotation", "id", "score")


@dataclass(frozen=True)
class Task:
    """One task, which is one picture.

    Attributes:
        name: What it is called in messages.
        references: What it says about where its picture is, each as the parts of a path.
        results: The records of the annotation that is read; None if there is none.
        skipped: Whether people passed it over.
        others: How many further annotations it has.
        predictions: How many predictions of models it has.
    """

    name: str
    references: tuple[tuple[str, ...], ...]
    results: tuple[Mapping[str, Any], ...] | None
    skipped: bool = False
    others: int = 0
    predictions: int = 0


def read_tasks(path: Path) -> list[Task]:
    """Reads one export.

    Raises:
        LabelError: No JSON, or no list of tasks.
    """
    content = read_json(path)
    if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
        raise LabelError(
            "not an export of Label Studio: no list of tasks",
            where=path,
            remedy="Export it as JSON or JSON-MIN",
        )
    return [_task(record, number) for number, record in enumerate(content)]


def _task(record: Mapping[str, Any], number: int) -> Task:
    name = f"task {record.get('id', number)}"
    if not record.keys() & {"data", "annotations", "completions"}:
        return Task(name, _references(record), _results_of_row(record))
    data = record.get("data")
    data = data if isinstance(data, dict) else {}
    annotations = _records(record.get("annotations", record.get("completions")))
    given = [one for one in annotations if not one.get("was_cancelled")]
    return Task(
        name,
        _references({**data, "file_upload": record.get("file_upload")}),
        _records(given[0].get("result")) if given else None,
        skipped=bool(annotations) and not given,
        others=max(len(given) - 1, 0),
        predictions=len(_records(record.get("predictions"))),
    )


def _records(value: object) -> tuple[Mapping[str, Any], ...]:
    """A list of records; anything else has none."""
    return tuple(one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def _results_of_row(row: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The records of a JSON-MIN row as they stand in the other export."""
    return tuple(
        {key: value[key] for key in _OF_A_RECORD if key in value} | {"value": value}
        for values in row.values()
        for value in _records(values)
    )


def _references(data: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """Everything among the data of a task that may be the place of a picture."""
    texts = [value for value in data.values() if isinstance(value, str)]
    places = dict.fromkeys(map(_place, texts))
    return tuple(p for p in places if p and PurePosixPath(p[-1]).suffix.lower() in IMAGE_SUFFIXES)


def _place(reference: str) -> tuple[str, ...]:
    """The folders and the name in a path or an address, as far as they tell the picture.

    Example:
        >>> _place("/data/local-files/?d=shelf/a%20b.jpg"), _place("s3://bucket/shelf/a.jpg?x=1")
        (('shelf', 'a b.jpg'), ('shelf', 'a.jpg'))
    """
    if "://" not in reference and not reference.startswith("/data/"):
        return parts_of(reference)
    try:
        address = urlsplit(reference)
        local = parse_qs(address.query, max_num_fields=100).get("d")
    except ValueError:
        return ()
    return parts_of(local[0] if local else unquote(address.path))


def picture_of(task: Task, pictures: Pictures) -> list[Path]:
    """The pictures that a task may mean: one if all is well.

    A reference that is no picture below the root is tried again without the random beginning that
    Label Studio puts before the names of uploaded files ("1a2b3c4d-").
    """
    found: dict[Path, None] = {}
    for parts in task.references:
        images = pictures.nearest(parts)
        bare = _UPLOAD_PREFIX.sub("", parts[-1], count=1)
        if not images and bare != parts[-1]:
            images = pictures.nearest((*parts[:-1], bare))
        found |= dict.fromkeys(images)
    return list(found)


def named(tasks: Sequence[Task]) -> list[str]:
    """The names of tasks with the pictures that they ask for, for messages."""
    return [f"{t.name} ({t.references[0][-1] if t.references else 'no picture'})" for t in tasks]
