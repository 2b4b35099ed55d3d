"""Segmenters on disk: `segmenter.json` says what it is, `weights.safetensors` holds its tensors.

Nothing in the folder is executed when it is read. The same segmenter gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from segwright.errors import DataError, LabelError, StorageError, UnknownNameError, UsageError
from segwright.labels.classes import Classes
from segwright.prepare import Prepare
from segwright.segmenter.net import NetSegmenter, require_name
from segwright.segmenter.preparation import Preparation
from segwright.segmenter.protocol import Segmenter
from segwright.segmenter.settings import RunSettings

if TYPE_CHECKING:
    from segwright.segmenter.torch_runtime import Module

FORMAT_VERSION = 1
MANIFEST = "segmenter.json"
WEIGHTS = "weights.safetensors"

_MAX_MANIFEST_BYTES = 16 * 2**20

_Level = Annotated[int, Field(ge=0, le=255)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Model(_Part):
    name: str
    config: dict[str, JsonValue]


class _Class(_Part):
    name: str
    colour: tuple[_Level, _Level, _Level]


class _Weights(_Part):
    file: Literal["weights.safetensors"]
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class _Manifest(_Part):
    """The content of `segmenter.json`."""

    format_version: Literal[1]
    kind: Literal["net"]
    model: _Model
    classes: tuple[_Class, ...]
    background: int | None
    prepare: Prepare = Prepare()  # files from before it was there had no steps
    preparation: Preparation
    settings: RunSettings
    provenance: dict[str, JsonValue]
    weights: _Weights


def save_net(segmenter: NetSegmenter, directory: Path) -> Path:
    """Writes a segmenter folder; see `NetSegmenter.save`."""
    from safetensors.torch import save

    name = require_name(segmenter)
    if directory.exists() and not _may_be_replaced(directory):
        raise UsageError(
            "this folder holds something other than a segmenter, which would be lost",
            where=directory,
            remedy="Save to a new folder",
        )
    # Copies: safetensors holds neither shared memory nor channels-last layout.
    tensors = {
        key: tensor.detach().cpu().clone().contiguous()
        for key, tensor in segmenter.model.state_dict().items()
    }
    weights = save(tensors)
    manifest = _manifest(segmenter, name, hashlib.sha256(weights).hexdigest())
    try:
        _replace_folder(directory, {WEIGHTS: weights, MANIFEST: manifest})
    except OSError as error:
        raise StorageError(
            f"the segmenter cannot be written ({error})",
            where=directory,
            remedy="Free some space or choose another folder",
        ) from error
    return directory


def load(
    path: str | Path,
    *,
    device: str = "cpu",
    build: Callable[..., Module] | None = None,
    **settings: Any,
) -> Segmenter:
    """Reads a segmenter back.

    Args:
        path: A folder that `Segmenter.save` wrote, or a run folder that has one in `segmenter/`.
        device: Where it shall run: "cpu", "cuda", "cuda:1", "mps".
        build: Makes the network: `build(name, num_classes=, in_channels=, **config)`. Default is
            `segwright.models.build_model`; give your own for a network outside the catalogue.
        settings: Fields of `RunSettings` to use in place of the stored ones (tile, flips …).

    Raises:
        UsageError: There is no segmenter, or a setting or device that cannot be used.
        DataError: The folder is damaged, or was written by another version.
    """
    folder = _located(Path(path))
    manifest = _read_manifest(folder / MANIFEST)
    weights = _read_weights(folder / WEIGHTS, manifest.weights.sha256)
    classes = _classes(manifest, folder / MANIFEST)
    return NetSegmenter(
        _network(manifest, weights, build, folder),
        classes,
        manifest.preparation,
        model_name=manifest.model.name,
        model_config=manifest.model.config,
        device=device,
        prepare=manifest.prepare,
        provenance=manifest.provenance,
        **{**manifest.settings.model_dump(), **settings},
    )


def _manifest(segmenter: NetSegmenter, name: str, sha256: str) -> bytes:
    """`segmenter.json`, the same bytes for the same segmenter."""
    classes = segmenter.classes
    try:
        manifest = _Manifest(
            format_version=FORMAT_VERSION,
            kind="net",
            model=_Model(name=name, config=segmenter.model_config),
            classes=tuple(
                _Class(name=name, colour=colour)
                for name, colour in zip(classes.names, classes.colours, strict=True)
            ),
            background=classes.background,
            prepare=segmenter.prepare,
            preparation=segmenter.preparation,
            settings=segmenter.settings,
            provenance=segmenter.provenance,
            weights=_Weights(file=WEIGHTS, sha256=sha256),
        )
    except ValidationError as error:
        raise UsageError(
            f"the segmenter cannot be written as JSON: {_first_finding(error)}",
            remedy="Give text, numbers, lists and mappings in model_config and provenance",
        ) from None
    content = manifest.model_dump(mode="json")
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _located(path: Path) -> Path:
    """The segmenter folder at `path` or inside the run folder `path`."""
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


def _read_manifest(file: Path) -> _Manifest:
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
    try:
        return _Manifest.model_validate_json(json.dumps(content), strict=True)
    except (ValidationError, UnknownNameError) as error:
        finding = error.problem if isinstance(error, UnknownNameError) else _first_finding(error)
        raise DataError(
            finding, where=file, remedy="Restore it from a copy; do not edit it"
        ) from None


def _read_weights(file: Path, sha256: str) -> bytes:
    try:
        weights = file.read_bytes()
    except OSError as error:
        raise DataError(
            f"the weights cannot be read ({error})", where=file, remedy="Restore them from a copy"
        ) from error
    found = hashlib.sha256(weights).hexdigest()
    if found != sha256:
        raise DataError(
            f"the weights have SHA-256 {found[:12]}…, but {MANIFEST} expects {sha256[:12]}…: "
            "they are damaged or belong to another segmenter",
            where=file,
            remedy="Restore both files from the same copy",
        )
    return weights


def _classes(manifest: _Manifest, file: Path) -> Classes:
    names = tuple(one.name for one in manifest.classes)
    colours = tuple(one.colour for one in manifest.classes)
    if manifest.background is not None and not 0 <= manifest.background < len(names):
        raise DataError(f"background is {manifest.background} of {len(names)} classes", where=file)
    try:
        return Classes(names, colours, manifest.background)
    except LabelError as error:
        raise DataError(error.problem, where=file) from None


def _network(
    manifest: _Manifest, weights: bytes, build: Callable[..., Module] | None, folder: Path
) -> Module:
    """Builds the network and puts the weights into it."""
    name, config = manifest.model.name, manifest.model.config
    sizes = {
        "num_classes": len(manifest.classes),
        "in_channels": manifest.preparation.channels,
    }
    if build is None:
        from segwright.models.catalog import architecture, build_model
        from segwright.segmenter.torch_runtime import without_values

        # Without what says where the first weights came from: loading fetches nothing.
        build, config = build_model, architecture(name, **config)
        # Tried without memory first: the manifest may claim any size.
        with without_values():
            _fill(build(name, **sizes, **config), weights, name, folder, assign=True)
    model = build(name, **sizes, **config)
    _fill(model, weights, name, folder)
    return model


def _fill(model: Module, weights: bytes, name: str, folder: Path, *, assign: bool = False) -> None:
    """Puts the weights into a network; raises DataError if they are not of its shape."""
    from safetensors import SafetensorError
    from safetensors.torch import load as tensors_in

    try:
        model.load_state_dict(tensors_in(weights), strict=True, assign=assign)
    except (SafetensorError, RuntimeError) as error:
        raise DataError(
            f"the weights do not fit the network {name!r} ({error})",
            where=folder / WEIGHTS,
            remedy="Use the version of segwright that wrote it",
        ) from error


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
