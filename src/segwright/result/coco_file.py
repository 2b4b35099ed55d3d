"""One COCO results file for many images, written one image at a time."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from segwright.formats.coco.results import semantic_to_coco
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.storage import open_whole


class CocoFile:
    """A COCO document on its way to the disk; its regions are never all in memory.

    Used as a context: the file appears when the block ends, and not at all if it fails.

    Args:
        path: The file to make or replace.
        classes: The classes of all images.

    Raises:
        StorageError: It cannot be written.
    """

    def __init__(self, path: Path, classes: Classes) -> None:
        self._path = path
        self._classes = classes
        self._images: list[str] = []
        self._num_annotations = 0
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with self._open as opening:
            self._file = opening.enter_context(open_whole(self._path))
            opening.push(self._finish)
            self._write('{"annotations": [')
            self._open = opening.pop_all()
        return self

    def add(self, file_name: str, labels: LabelMap) -> None:
        """Appends the regions of one image, under its name."""
        document = semantic_to_coco([(file_name, labels)], self._classes)
        image_id = len(self._images) + 1
        lines = [
            _line({**annotation, "id": self._num_annotations + number, "image_id": image_id})
            for number, annotation in enumerate(document["annotations"], start=1)
        ]
        if lines:
            separator = "," if self._num_annotations else ""
            self._write(separator + ",".join(lines))
        self._num_annotations += len(lines)
        (image,) = document["images"]
        self._images.append(_line({**image, "id": image_id}))

    def __exit__(self, *failure: Any) -> None:
        self._open.__exit__(*failure)

    def _finish(self, kind: type[BaseException] | None, *_: object) -> None:
        """Writes what stands after the regions, unless the block failed."""
        if kind is None:
            categories = semantic_to_coco([], self._classes)["categories"]
            self._write('\n],\n"images": [' + ",".join(self._images))
            self._write('\n],\n"categories": [' + ",".join(map(_line, categories)) + "\n]}\n")

    def _write(self, text: str) -> None:
        self._file.write(text.encode("utf-8"))


def _line(entry: dict[str, Any]) -> str:
    return "\n" + json.dumps(entry, ensure_ascii=False)
