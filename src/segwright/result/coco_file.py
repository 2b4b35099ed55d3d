"""One COCO results file for many images, written one image at a time."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from segwright.formats.coco_results import semantic_to_coco
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap


class CocoFile:
    """A COCO document on its way to the disk; its regions are never all in memory.

    Used as a context: the file appears when the block ends, and not at all if it fails.

    Args:
        path: The file to make or replace.
        classes: The classes of all images.

    Raises:
        OSError: It cannot be written.
    """

    def __init__(self, path: Path, classes: Classes) -> None:
        self._path = path
        self._classes = classes
        self._images: list[str] = []
        self._num_annotations = 0
        self._aside = path.with_name(f".{uuid.uuid4().hex}.part")

    def __enter__(self) -> Self:
        self._file = self._aside.open("w", encoding="utf-8")
        self._file.write('{"annotations": [')
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
            self._file.write(separator + ",".join(lines))
        self._num_annotations += len(lines)
        (image,) = document["images"]
        self._images.append(_line({**image, "id": image_id}))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with self._file:
                if kind is None:
                    self._finish()
            if kind is None:
                os.replace(self._aside, self._path)
        finally:
            self._aside.unlink(missing_ok=True)

    def _finish(self) -> None:
        categories = semantic_to_coco([], self._classes)["categories"]
        self._file.write('\n],\n"images": [' + ",".join(self._images))
        self._file.write('\n],\n"categories": [' + ",".join(map(_line, categories)) + "\n]}\n")


def _line(entry: dict[str, Any]) -> str:
    return "\n" + json.dumps(entry, ensure_ascii=False)
