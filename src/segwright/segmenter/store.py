"""Reading any segmenter back, and writing those that are networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import JsonValue

from segwright.artefact import (
    MANIFEST,
    WEIGHTS,
    Manifest,
    Part,
    Weights,
    as_manifest,
    checked_manifest,
    find_artefact,
    read_manifest,
    read_weights,
    stored_classes,
    write_artefact,
)
from segwright.classical.store import KIND as CLASSICAL
from segwright.classical.store import read_method
from segwright.errors import DataError, UsageError
from segwright.prepare import Prepare
from segwright.segmenter.net import NetSegmenter, require_name
from segwright.segmenter.preparation import Preparation
from segwright.segmenter.protocol import Segmenter
from segwright.segmenter.settings import RunSettings

if TYPE_CHECKING:
    from segwright.segmenter.torch_runtime import Module


class _Model(Part):
    name: str
    config: dict[str, JsonValue]


class _NetManifest(Manifest):
    """The content of `segmenter.json` for a network."""

    kind: Literal["net"] = "net"
    model: _Model
    prepare: Prepare = Prepare()  # files from before it was there had no steps
    preparation: Preparation
    settings: RunSettings


def save_net(segmenter: NetSegmenter, directory: Path) -> Path:
    """Writes a segmenter folder; see `NetSegmenter.save`."""
    from safetensors.torch import save

    name = require_name(segmenter)
    # Copies: safetensors holds neither shared memory nor channels-last layout.
    tensors = {
        key: tensor.detach().cpu().clone().contiguous()
        for key, tensor in segmenter.model.state_dict().items()
    }
    weights = save(tensors)
    manifest = checked_manifest(
        _NetManifest,
        {
            "model": {"name": name, "config": segmenter.model_config},
            "classes": stored_classes(segmenter.classes),
            "background": segmenter.classes.background,
            "prepare": segmenter.prepare,
            "preparation": segmenter.preparation,
            "settings": segmenter.settings,
            "provenance": segmenter.provenance,
            "weights": Weights.of(weights),
        },
    )
    return write_artefact(directory, manifest, weights)


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
        device: Where it shall run: "cpu", "cuda", "cuda:1", "mps". Classical methods run on the
            CPU, wherever networks do.
        build: Makes the network: `build(name, num_classes=, in_channels=, **config)`. Default is
            `segwright.models.build_model`; give your own for a network outside the catalogue.
        settings: Fields of `RunSettings` to use in place of the stored ones (tile, flips …), or
            parameters of a classical method that can be changed after it was fitted.

    Raises:
        UsageError: There is no segmenter, or a setting or device that cannot be used.
        DataError: The folder is damaged, or was written by another version.
    """
    folder = find_artefact(Path(path))
    content = read_manifest(folder / MANIFEST)
    if content.get("kind") == CLASSICAL:
        if build is not None:
            raise UsageError("build is given for a method that is no network", where=folder)
        return read_method(folder, content, settings)
    return _read_net(folder, content, device=device, build=build, settings=settings)


def _read_net(
    folder: Path,
    content: dict[str, Any],
    *,
    device: str,
    build: Callable[..., Module] | None,
    settings: dict[str, Any],
) -> NetSegmenter:
    manifest = as_manifest(_NetManifest, content, folder / MANIFEST)
    weights = read_weights(folder / WEIGHTS, manifest.weights)
    classes = manifest.named_classes(folder / MANIFEST)
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


def _network(
    manifest: _NetManifest, weights: bytes, build: Callable[..., Module] | None, folder: Path
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
