"""Segmenters on disk: `segmenter.json` says what it is, `weights.safetensors` holds its numbers.

Nothing in the folder is executed when it is read. The same segmenter gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from segwright.errors import DataError, LabelError, StorageError, UnknownNameError, UsageError
from segwright.labels.classes import Classes

FORMAT_VERSION = 1
MANIFEST = "segmenter.json"
WEIGHTS = "weights.safetensors"

_MAX_MANIFEST_BYTES = 16 * 2**20

_Level = Annotated[int, Field(ge=0, le=255)]


class Part(BaseModel):
    """A part of a manifest: frozen, and nothing in it that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class StoredClass(Part):
    """One class: its name and how it is drawn."""

    name: str
    colour: tuple[_Level, _Level, _Level]


class Weights(Part):
    """The file with the numbers, and its SHA-256."""

    file: Literal["weights.safetensors"] = WEIGHTS
    sha256: str = Field(pattern="^[0-9a-f]{64}$")

    @classmethod
    def of(cls, content: bytes) -> Self:
        return cls(sha256=hashlib.sha256(content).hexdigest())


class Manifest(Part):
    """What the manifest of every kind of segmenter says, besides its `kind`."""

    format_version: Literal[1] = FORMAT_VERSION
    classes: tuple[StoredClass, ...]
    background: int | None
    provenance: dict[str, JsonValue]
    weights: Weights

    def named_classes(self, file: Path) -> Classes:
        """The classes.

        Raises:
            DataError: They contradict themselves.
        """
        names = tuple(one.name for one in self.classes)
        if self.background is not None and not 0 <= self.background < len(names):
            raise DataError(f"background is {self.background} of {len(names)} classes", where=file)
        try:
            return Classes(names, tuple(one.colour for one in self.classes), self.background)
        except LabelError as error:
            raise DataError(error.problem, where=file) from None


_Kind = TypeVar("_Kind", bound=Manifest)


def stored_classes(classes: Classes) -> tuple[StoredClass, ...]:
    """Classes as a manifest has them."""
    pairs = zip(classes.names, classes.colours, strict=True)
    return tuple(StoredClass(name=name, colour=colour) for name, colour in pairs)


def checked_manifest(kind: type[_Kind], content: dict[str, Any]) -> _Kind:
    """A manifest to be written.

    Raises:
        UsageError: Something in it is no JSON value.
    """
    try:
        return kind(**content)
    except ValidationError as error:
        raise UsageError(
            f"the segmenter cannot be written as JSON: {_first_finding(error)}",
            remedy="Give text, numbers, lists and mappings in model_config and provenance",
        ) from None


def write_artefact(directory: Path, manifest: Manifest, weights: bytes) -> Path:
    """Writes a segmenter folder; an older one there is replaced once the new one is complete.

    Raises:
        UsageError: The folder holds something else.
        StorageError: It cannot be written.
    """
    if directory.exists() and not _may_be_replaced(directory):
        raise UsageError(
            "this folder holds something other than a segmenter, which would be lost",
            where=directory,
            remedy="Save to a new folder",
        )
    content = manifest.model_dump(mode="json")
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    try:
        _replace_folder(directory, {WEIGHTS: weights, MANIFEST: f"{text}\n".encode()})
    except OSError as error:
        raise StorageError(
            f"the segmenter cannot be written ({error})",
            where=directory,
            remedy="Free some space or choose another folder",
        ) from error
    return directory


def find_artefact(path: Path) -> Path:
    """The segmenter folder at `path` or inside the run folder `path`.

    Raises:
        UsageError: There is none.
    """
    for folder in (path, path / "segmenter"):
        if (folder / MANIFEST).is_file():
            return folder
    if not path.exists():
        raise UsageError("no such folder", where=path, remedy="Name a run or segmenter folder")
    if folds := sorted(path.glob(f"fold-*/segmenter/{MANIFEST}")):
        raise UsageError(
            f"this is a cross-validation: it has {len(folds)} segmenters, one a fold",
            where=path,
            remedy=f"Name one of them, such as {folds[0].parents[1]}",
        )
    raise UsageError(
        f"not a segmenter: neither {MANIFEST} nor segmenter/{MANIFEST} is in it",
        where=path,
        remedy="Name a folder that training or Segmenter.save wrote",
    )


def read_manifest(file: Path) -> dict[str, Any]:
    """The content of a manifest, of a version that can be read; not checked further.

    Raises:
        DataError: It is damaged, or of another version.
    """
    try:
        if file.stat().st_size > _MAX_MANIFEST_BYTES:
            raise DataError(f"larger than {_MAX_MANIFEST_BYTES} bytes", where=file)
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            f"not readable as JSON ({error})", where=file, remedy="Restore it from a copy"
        ) from error
    version = content.get("format_version") if isinstance(content, dict) else None
    if version != FORMAT_VERSION:
        raise DataError(
            f"format_version is {version!r}; this version of segwright reads {FORMAT_VERSION}",
            where=file,
            remedy="Use the version of segwright that wrote it, or export it anew",
        )
    return content


def as_manifest(kind: type[_Kind], content: dict[str, Any], file: Path) -> _Kind:
    """What `read_manifest` gave, checked.

    Raises:
        DataError: It is not of this kind, or says what cannot be.
    """
    try:
        return kind.model_validate_json(json.dumps(content), strict=True)
    except (ValidationError, UnknownNameError) as error:
        finding = error.problem if isinstance(error, UnknownNameError) else _first_finding(error)
        raise DataError(
            finding, where=file, remedy="Restore it from a copy; do not edit it"
        ) from None


def read_weights(file: Path, expected: Weights) -> bytes:
    """The content of the file with the numbers.

    Raises:
        DataError: It cannot be read, or is not what the manifest expects.
    """
    try:
        weights = file.read_bytes()
    except OSError as error:
        raise DataError(
            f"the weights cannot be read ({error})", where=file, remedy="Restore them from a copy"
        ) from error
    found = hashlib.sha256(weights).hexdigest()
    if found != expected.sha256:
        raise DataError(
            f"the weights have SHA-256 {found[:12]}…, but {MANIFEST} expects "
            f"{expected.sha256[:12]}…: they are damaged or belong to another segmenter",
            where=file,
            remedy="Restore both files from the same copy",
        )
    return weights


def _first_finding(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'content'}: {first['msg']}"


def _may_be_replaced(directory: Path) -> bool:
    return directory.is_dir() and ((directory / MANIFEST).is_file() or not any(directory.iterdir()))


def _replace_folder(directory: Path, files: dict[str, bytes]) -> None:
    """Puts a complete folder in place of what was there; on failure the old one stays."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        new, old = aside / "new", aside / "old"
        new.mkdir()
        for name, content in files.items():
            with (new / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        if directory.exists():
            directory.rename(old)
        try:
            new.rename(directory)
        except OSError:
            if old.exists():
                old.rename(directory)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
