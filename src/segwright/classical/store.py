"""Classical methods on disk: parameters, what was learned, and its arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import JsonValue

from segwright.artefact import (
    MANIFEST,
    WEIGHTS,
    Manifest,
    Part,
    Weights,
    as_manifest,
    checked_manifest,
    read_weights,
    stored_classes,
    write_artefact,
)
from segwright.classical.catalog import CATALOG, build_method
from segwright.classical.reading import PartClasses, Reading
from segwright.errors import DataError, SegwrightError

if TYPE_CHECKING:
    from segwright.classical.method import Method

KIND = "classical"

_OWN, _READING = "method.", "reading."  # of the names of arrays


class _Stored(Part):
    name: str
    params: dict[str, JsonValue]


class _MethodManifest(Manifest):
    """The content of `segmenter.json` for a classical method.

    Attributes:
        method: What it is.
        fitted: Whether it has learned from labels; without, `classes` are its own parts.
        reading: How parts become classes; None where the method finds classes, or is unfitted.
    """

    kind: Literal["classical"] = KIND
    method: _Stored
    fitted: bool
    reading: dict[str, JsonValue] | None


def save_method(method: Method, directory: Path) -> Path:
    """Writes a segmenter folder; see `Method.save`."""
    from safetensors.numpy import save

    fitted = method.fitted
    reading = fitted.reading if fitted else None
    arrays = {_OWN + key: value for key, value in method._arrays().items()}
    if reading is not None:
        arrays |= {_READING + key: value for key, value in reading.arrays().items()}
    weights = save({key: np.ascontiguousarray(value) for key, value in sorted(arrays.items())})
    manifest = checked_manifest(
        _MethodManifest,
        {
            "method": {"name": method.name, "params": method.model_dump(mode="json")},
            "fitted": fitted is not None,
            "reading": None if reading is None else reading.settings(),
            "classes": stored_classes(method.classes),
            "background": method.classes.background,
            "provenance": dict(fitted.provenance) if fitted else {},
            "weights": Weights.of(weights),
        },
    )
    return write_artefact(directory, manifest, weights)


def read_method(folder: Path, content: dict[str, Any], settings: Mapping[str, Any]) -> Method:
    """Reads a folder that `save_method` wrote.

    Args:
        folder: The segmenter folder.
        content: Of its manifest.
        settings: Parameters to change.

    Raises:
        UsageError: A parameter that there is not, or cannot be so.
        DataError: The folder is damaged, or was written by another version.
    """
    from segwright.classical.method import Fitted

    file = folder / MANIFEST
    manifest = as_manifest(_MethodManifest, content, file)
    if manifest.method.name not in CATALOG:
        raise DataError(
            f"the method {manifest.method.name!r} is not known",
            where=file,
            remedy="Use the version of segwright that wrote it",
        )
    own, of_reading = _arrays(folder, manifest)
    classes = manifest.named_classes(file)
    try:
        method = build_method(manifest.method.name, **manifest.method.params)
        method._restore(own)
        if manifest.fitted:
            reading = _reading(manifest.reading, of_reading, method, len(classes))
            method._fitted = Fitted(classes, reading, manifest.provenance)
    except SegwrightError as error:
        raise DataError(
            error.problem, where=file, remedy="Restore it from a copy; do not edit it"
        ) from error
    return method.set_params(**settings) if settings else method


def _reading(
    settings: dict[str, JsonValue] | None,
    arrays: Mapping[str, np.ndarray],
    method: Method,
    num_classes: int,
) -> Reading | None:
    match (settings or {}).get("kind"), method.finds:
        case None, "classes":
            return None
        case "parts", "levels" | "clusters":
            parts = len(method.part_names)
            return PartClasses.stored(settings or {}, num_parts=parts, num_classes=num_classes)
        case "regions", "regions":
            from segwright.classical.learned.regions import RegionClassifier

            return RegionClassifier.stored(settings or {}, arrays, num_classes=num_classes)
    raise DataError("what was learned of parts does not fit the method")


def _arrays(
    folder: Path, manifest: _MethodManifest
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The arrays of the method, and those of its reading."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    content = read_weights(folder / WEIGHTS, manifest.weights)
    try:
        arrays = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"the arrays cannot be read ({error})",
            where=folder / WEIGHTS,
            remedy="Restore them from a copy",
        ) from error
    own, of_reading = (
        {key.removeprefix(start): value for key, value in arrays.items() if key.startswith(start)}
        for start in (_OWN, _READING)
    )
    return own, of_reading
