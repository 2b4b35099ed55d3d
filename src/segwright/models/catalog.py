"""The one table of models: what there is, what it is good for and how it is built.

Reading it needs no torch; a builder is imported when its model is built.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segwright.config import Config
from segwright.errors import MissingDependencyError, UnknownNameError, UsageError
from segwright.models.configs import FastConfig, FcnConfig, UnetConfig

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ModelEntry:
    """One model of the catalogue.

    Attributes:
        builder: "module:function" taking num_classes, in_channels and the settings.
        config: Its settings with defaults, ranges and meaning.
        summary: What it is, in one line.
        use_when: When to choose it, and when not.
        tasks: "semantic" and, later, others.
        paper: Authors, year, title, address.
        licence: Of the code, and of weights that may be fetched.
        size_multiple: Inputs whose sides are multiples of this need no padding inside; for the
            default settings.
        finite_receptive_field: Whether a far pixel cannot change an output; for the default
            settings. True allows seamless tiling with enough overlap.
        exportable: Whether `torch.export` takes it.
        output_stride: Pixels of the input per logit.
        lighter: Settings that make it a smaller net of its kind, the lightest first; a plan takes
            one of them where a budget is too short for the default.
    """

    builder: str
    config: type[Config]
    summary: str
    use_when: str
    tasks: tuple[str, ...]
    paper: str
    licence: str
    size_multiple: int
    finite_receptive_field: bool
    exportable: bool
    output_stride: int
    lighter: tuple[Mapping[str, Any], ...] = ()


CATALOG: Mapping[str, ModelEntry] = {
    "fast": ModelEntry(
        builder="segwright.models.fast:build_fast",
        config=FastConfig,
        summary="Compact net of dense 3×3 convolutions at 1/8 and 1/16, made for CPUs",
        use_when="Training or running on a CPU, real time, short budgets. Outlines are computed at"
        " 1/4 of the resolution: for structures one or two pixels wide take unet.",
        tasks=("semantic",),
        paper="segwright's own design; residual blocks (He et al. 2016), dilation (Yu and Koltun"
        " 2016), global context (Liu et al. 2015), top-down sums (Lin et al. 2017)",
        licence="Apache-2.0",
        size_multiple=16,
        finite_receptive_field=False,
        exportable=True,
        output_stride=4,
    ),
    "unet": ModelEntry(
        builder="segwright.models.unet:build_unet",
        config=UnetConfig,
        summary="U-Net: encoder and decoder with skips at every resolution",
        use_when="Fine detail, few images, textures without a canonical size (cells, tissue,"
        " defects). Over a timm encoder (encoder=resnet34) for larger objects; the full-width net"
        " is slow on CPUs, where short budgets get one of half or a quarter of the width.",
        tasks=("semantic",),
        paper="Ronneberger, Fischer, Brox 2015: U-Net: convolutional networks for biomedical"
        " image segmentation. https://arxiv.org/abs/1505.04597",
        licence="Apache-2.0; pretrained encoders carry the licence stated by timm",
        size_multiple=16,
        finite_receptive_field=True,
        exportable=True,
        output_stride=1,
        lighter=({"base_width": 16}, {"base_width": 32}),
    ),
    "fcn": ModelEntry(
        builder="segwright.models.fcn:build_fcn",
        config=FcnConfig,
        summary="Fully convolutional network: coarse class scores, summed and brought up",
        use_when="A plain baseline for large objects, or torchvision's dilated net"
        " (variant=dilated) to compare with published numbers. Thin things are blurred.",
        tasks=("semantic",),
        paper="Long, Shelhamer, Darrell 2015: Fully convolutional networks for semantic"
        " segmentation. https://arxiv.org/abs/1411.4038",
        licence="Apache-2.0; pretrained encoders carry the licence stated by timm",
        size_multiple=32,
        finite_receptive_field=True,
        exportable=True,
        output_stride=1,
        lighter=({"encoder": "resnet18"},),
    ),
}


def build_model(name: str, *, num_classes: int, in_channels: int = 3, **config: Any) -> nn.Module:
    """Builds a network of the catalogue.

    Weights are drawn from torch's global generator: seed it for the same network again.

    Args:
        name: A key of CATALOG.
        num_classes: K ≥ 1, channels of the logits.
        in_channels: C ≥ 1, channels of the image.
        **config: Settings of this model; see `describe_model(name)`.

    Returns:
        A module: (B, C, Y, X) float of any size → SemanticOutput.

    Raises:
        UnknownNameError: There is no such model, or it has no such setting.
        UsageError: A value is out of range, or two settings contradict each other.
        MissingDependencyError: torch is not installed.

    Example:
        >>> net = build_model("unet", num_classes=2, in_channels=1, base_width=8)
    """
    entry = entry_of(name)
    for setting, value in (("num_classes", num_classes), ("in_channels", in_channels)):
        if value < 1:
            raise UsageError(
                f"{setting} cannot be {value}", where=f"model {name!r}", remedy="Give 1 or more"
            )
    checked = entry.config.of(config, where=f"model {name!r}")
    module, function = entry.builder.split(":")
    try:
        build = getattr(importlib.import_module(module), function)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingDependencyError(
            "torch", extra="train", purpose=f"building the model {name!r}"
        ) from error
    return build(num_classes=num_classes, in_channels=in_channels, **checked.model_dump())


def entry_of(name: str) -> ModelEntry:
    """The entry of `name`.

    Raises:
        UnknownNameError: There is no such model.
    """
    if name not in CATALOG:
        raise UnknownNameError("model", name, CATALOG)
    return CATALOG[name]


def architecture(name: str, **config: Any) -> dict[str, Any]:
    """The settings that make the same network again once its weights are stored.

    All settings, JSON-ready, except those that only say where the first weights came from, so
    that loading a trained network fetches nothing.

    Raises:
        UnknownNameError: There is no such model, or it has no such setting.
        UsageError: A value is out of range, or two settings contradict each other.
    """
    checked = entry_of(name).config.of(config, where=f"model {name!r}")
    return checked.model_dump(mode="json", exclude={"pretrained", "pretrained_file"})


def describe_model(name: str) -> str:
    """What the model is, when to use it, and every setting with its default and meaning.

    Raises:
        UnknownNameError: There is no such model.
    """
    entry = entry_of(name)
    lines = [
        f"{name}: {entry.summary}",
        "",
        f"Use it when: {entry.use_when}",
        f"Tasks:       {', '.join(entry.tasks)}",
        f"Paper:       {entry.paper}",
        f"Licence:     {entry.licence}",
        f"Size:        any; multiples of {entry.size_multiple} need no padding",
        "",
        "Settings (default): meaning",
    ]
    for setting, field in entry.config.model_fields.items():
        default = "none" if field.default is None else str(field.default).lower()
        lines.append(f"  {setting} ({default}): {field.description}")
    return "\n".join(lines)
