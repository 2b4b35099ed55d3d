"""Encoders from timm (Apache-2.0): any whose declared features fit a dense prediction."""

from __future__ import annotations

import difflib
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import nn

from segwright.errors import MissingDependencyError, SegwrightError, UnknownNameError, UsageError
from segwright.models.dilation import can_dilate, dilate
from segwright.models.outline import without_values
from segwright.models.semantic_net import Encoder

_WELL_KNOWN = (
    "convnext_tiny",
    "efficientnet_b0",
    "mobilenetv3_large_100",
    "regnety_016",
    "resnet18",
    "resnet34",
    "resnet50",
    "swin_tiny_patch4_window7_224",
    "vgg16_bn",
)


class TimmEncoder(Encoder):
    """The features of a timm network at each of its strides.

    Channels, strides and layout are read from what timm declares and are checked by one small
    run. Accepted is any network with features at strictly increasing strides that takes any
    image size once it is padded; plain vision transformers (one stride) and networks with
    windows that must divide the image (MaxViT, CoAtNet) are refused. Unlike the rest of the
    model, the weights start as timm starts them.

    Args:
        name: timm's name, with or without a tag ("resnet34", "resnet34.a1_in1k").
        in_channels: Channels of the image; pretrained first layers are adapted by timm.
        output_stride: 16 or 8 makes the deep stages dilated instead of strided, in the ResNet
            family only (see `segwright.models.dilation`); None leaves the network's own.
        deepest_stride: Leaves out the levels beyond this stride; None keeps all.
        pretrained: Start from timm's published weights.
        pretrained_file: Start from this safetensors file of the whole timm network instead.

    Raises:
        UnknownNameError: timm has no such network.
        UsageError: The network does not fit, the stride cannot be had or the file cannot be used.
        SegwrightError: The weights cannot be fetched.
        MissingDependencyError: timm is not installed.
    """

    def __init__(
        self,
        name: str,
        *,
        in_channels: int = 3,
        output_stride: int | None = None,
        deepest_stride: int | None = None,
        pretrained: bool = False,
        pretrained_file: Path | None = None,
    ) -> None:
        super().__init__()
        _require_known(name)
        options = _size_free_options(name) | {"in_chans": in_channels, "features_only": True}
        levels = _levels(name, options, output_stride, deepest_stride)
        weights = _weight_options(name, pretrained, pretrained_file)
        self.net = _create(name, options | weights | {"out_indices": levels})
        self.channels = tuple(self.net.feature_info.channels())
        strides = self.net.feature_info.reduction()
        self._channels_last = str(getattr(self.net, "output_fmt", "NCHW")).endswith("NHWC")
        if output_stride is not None:
            dilate(_stages_beyond(output_stride, self.net))
            strides = [min(stride, output_stride) for stride in strides]
        self.strides = tuple(strides)
        self._check_declared(name, in_channels)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Features of (B, C, Y, X), shallow to deep, each (B, C', Y/stride, X/stride)."""
        features = self.net(x)
        if self._channels_last:
            return [level.permute(0, 3, 1, 2) for level in features]
        return list(features)

    @torch.no_grad()
    def _check_declared(self, name: str, in_channels: int) -> None:
        """One run on an oblong image shows whether the declared shapes are the real ones."""
        height, width = self.strides[-1], 3 * self.strides[-1]
        was_training = self.training
        self.eval()
        probe = next(self.parameters()).new_zeros(1, in_channels, height, width)
        try:
            found = [tuple(level.shape[1:]) for level in self(probe)]
        except (AssertionError, RuntimeError, ValueError) as error:
            raise _does_not_fit(name, f"it refuses a {height}×{width} image ({error})") from error
        self.train(was_training)
        declared = [
            (c, height // s, width // s) for c, s in zip(self.channels, self.strides, strict=True)
        ]
        if found != declared:
            raise _does_not_fit(name, f"its features are {found} where it declares {declared}")


def _require_known(name: str) -> None:
    try:
        import timm
    except ImportError as error:
        raise MissingDependencyError(
            "timm", extra="train", purpose=f"the encoder {name!r}"
        ) from error
    # hub and folder addresses ("hf-hub:…") are no names: nothing is fetched unasked
    if ":" in name or not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), n=3, cutoff=0.5)
        raise UnknownNameError("encoder", name, near or _WELL_KNOWN, where="timm")


def _size_free_options(name: str) -> dict[str, Any]:
    """What makes a network with a fixed image size take any (shifted-window transformers)."""
    import timm

    module = timm.model_entrypoint(name).__module__
    return {"strict_img_size": False} if "swin_transformer" in module else {}


def _levels(
    name: str, options: dict[str, Any], output_stride: int | None, deepest_stride: int | None
) -> tuple[int, ...]:
    """Which of timm's levels to keep, once it is sure on an outline without memory that it fits."""
    with without_values():
        outline = _create(name, options)
    strides = list(outline.feature_info.reduction())
    if any(deep <= shallow for shallow, deep in pairwise(strides)):
        raise _does_not_fit(name, f"its features have the strides {strides}, not increasing ones")
    if output_stride is not None and not can_dilate(_stages_beyond(output_stride, outline)):
        raise UsageError(
            f"encoder {name!r} cannot have output_stride {output_stride}: turning stride into"
            " dilation holds for the ResNet family only (resnet*, resnext*, wide_resnet*,"
            " seresnet*), not for transformers, depthwise or pooled stages",
            remedy="Use one of those, or a model that needs no output stride below 32",
        )
    kept = [i for i, s in enumerate(strides) if deepest_stride is None or s <= deepest_stride]
    if not kept or (deepest_stride is not None and strides[kept[-1]] != deepest_stride):
        raise UsageError(
            f"encoder {name!r} has features at the strides {strides}, none at {deepest_stride}",
            remedy="Choose a depth that ends at one of them",
        )
    return tuple(kept)


def _stages_beyond(stride: int, net: Any) -> list[nn.Module]:
    """The stages whose features are coarser than `stride`; none where timm keeps no such list."""
    from timm.models import FeatureListNet

    if not isinstance(net, FeatureListNet):
        return []
    names = [name.replace(".", "_") for name in net.feature_info.module_name()]
    strides = net.feature_info.reduction()
    return [net[n] for n, s in zip(names, strides, strict=True) if s > stride]


def _weight_options(name: str, pretrained: bool, file: Path | None) -> dict[str, Any]:
    import timm

    if file is not None:
        if file.suffix != ".safetensors" or not file.is_file():
            raise UsageError(
                f"pretrained_file cannot be {str(file)!r}: accepted is an existing .safetensors"
                " file",
                remedy="Save the weights with safetensors.torch.save_file",
            )
        return {"pretrained": True, "pretrained_cfg_overlay": {"file": str(file)}}
    if pretrained and not timm.is_model_pretrained(name):
        tagged = timm.list_pretrained(f"{name.split('.')[0]}.*")
        raise UsageError(
            f"timm has no pretrained weights for {name!r}",
            remedy=f"Use one of {', '.join(tagged)}" if tagged else "Set pretrained=false",
        )
    return {"pretrained": pretrained}


def _create(name: str, options: dict[str, Any]) -> Any:
    """timm's own construction and loading, with its failures put into words."""
    import timm

    try:
        return timm.create_model(name, **options)
    except Exception as error:  # whatever timm, the hub and the network raise
        if not options.get("pretrained"):
            raise _does_not_fit(name, f"timm says: {error}") from error
        source = options.get("pretrained_cfg_overlay", {}).get("file") or _published_at(name)
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
        raise SegwrightError(
            f"the pretrained weights of encoder {name!r} cannot be loaded from {source}"
            f" ({type(error).__name__}: {reason})",
            remedy="Connect to the network, or name a file of weights with pretrained_file, or"
            " set pretrained=false to train from scratch",
        ) from error


def _published_at(name: str) -> str:
    import timm

    config = timm.get_pretrained_cfg(name)
    hub = getattr(config, "hf_hub_id", None)
    return f"https://huggingface.co/{hub}" if hub else str(getattr(config, "url", None))


def _does_not_fit(name: str, why: str) -> UsageError:
    return UsageError(
        f"timm's {name!r} cannot be an encoder: {why}",
        remedy=f"Use another, for example {', '.join(_WELL_KNOWN)}",
    )
