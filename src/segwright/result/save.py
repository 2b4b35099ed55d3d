"""Results as files."""

from __future__ import annotations

import io
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from segwright.errors import UnknownNameError, UsageError
from segwright.images.write import write_png
from segwright.labels.paint import paint
from segwright.result.coco_file import CocoFile
from segwright.storage import storage_errors, write_whole

if TYPE_CHECKING:
    from segwright.result.result import Result

Saved = Literal["mask", "overlay", "probabilities", "coco", "regions"]

SAVED_AS: dict[Saved, str] = {
    "mask": ".png",
    "overlay": ".overlay.png",
    "probabilities": ".probabilities.npz",
    "coco": ".coco.json",
    "regions": ".regions.png",
}
"""What can be saved, and the ending of its file."""


def save(result: Result, directory: Path, stem: str, what: Collection[Saved]) -> list[Path]:
    """Writes the files of a result; see `Result.save`."""
    for name in what:
        if name not in SAVED_AS:
            raise UnknownNameError("thing to save", name, get_args(Saved))
    if "probabilities" in what and result.probabilities is None:
        raise UsageError(
            "the result has no probabilities to save",
            where=result.source,
            remedy="Ask for them: segmenter.segment(image, probabilities=True)",
        )
    if "regions" in what and result.regions is None:
        raise UsageError(
            "the result has no regions to save",
            where=result.source,
            remedy="Take a method that divides images into regions: segwright methods",
        )
    writers = {
        "mask": _write_mask,
        "overlay": _write_overlay,
        "probabilities": _write_probabilities,
        "coco": _write_coco,
        "regions": _write_regions,
    }
    written = []
    for name in what:
        path = directory / f"{stem}{SAVED_AS[name]}"
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            writers[name](result, path)
        written.append(path)
    return written


def _write_mask(result: Result, path: Path) -> None:
    """Class ids as they are: with the class colours as palette, or 16-bit grey beyond 255."""
    labels = result.labels
    if labels.ids.dtype != np.uint8:
        write_png(path, labels.ids)
        return
    every_id = np.arange(256, dtype=np.uint8)[None]
    write_png(path, labels.ids, palette=paint(every_id, labels.classes)[0])


def _write_overlay(result: Result, path: Path) -> None:
    write_png(path, result.overlay())


def _write_probabilities(result: Result, path: Path) -> None:
    assert result.probabilities is not None  # checked by the caller
    file = io.BytesIO()
    np.savez_compressed(
        file,
        probabilities=result.probabilities.astype(np.float16),
        classes=np.array(result.labels.classes.names),
    )
    write_whole(path, file.getvalue(), sync=False)


def _write_coco(result: Result, path: Path) -> None:
    name = path.name.removesuffix(SAVED_AS["coco"]) if result.source is None else result.source.name
    with CocoFile(path, result.labels.classes) as file:
        file.add(name, result.labels)


def _write_regions(result: Result, path: Path) -> None:
    assert result.regions is not None  # checked by the caller
    numbers = result.regions.astype(np.uint32) + 1
    if numbers.max() <= np.iinfo(np.uint16).max:
        write_png(path, numbers.astype(np.uint16))
    else:
        write_png(path, np.stack([(numbers >> bits).astype(np.uint8) for bits in (0, 8, 16)], -1))
