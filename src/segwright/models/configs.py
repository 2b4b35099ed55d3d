"""The settings of every model in the catalogue: names, defaults, ranges, meaning. Torch-free."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from segwright.config import Config


class _EncoderSettings(Config):
    """Settings shared by the models that stand on a timm encoder."""

    pretrained: bool = Field(
        False, description="Start the timm encoder from its published weights (downloaded)."
    )
    pretrained_file: Path | None = Field(
        None,
        description="Start the timm encoder from this .safetensors file (timm's parameter names)"
        " instead of downloading.",
    )


class UnetConfig(_EncoderSettings):
    """Settings of `unet`."""

    encoder: str | None = Field(
        None, description="Name of a timm encoder; none = the paper's own, from scratch."
    )
    base_width: int | None = Field(
        None,
        ge=1,
        le=1024,
        description="Channels at full resolution, doubling with every halving of the resolution;"
        " 1 to 1024. Default 64 as in the paper, 16 over a timm encoder.",
    )
    depth: int | None = Field(
        None,
        ge=1,
        le=7,
        description="How often the resolution is halved; 1 to 7. Default 4 as in the paper,"
        " all levels of a timm encoder.",
    )
    up: Literal["transposed", "bilinear"] = Field(
        "transposed",
        description="How the decoder doubles the resolution: 'transposed' (learned 2x2 transposed"
        " convolution, the paper's) or 'bilinear' (fixed, after a learned 1x1 convolution).",
    )
    batch_norm: bool = Field(
        True,
        description="Batch normalisation after every convolution that the model makes itself;"
        " the paper has none.",
    )
    dropout: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="Share of the deepest features that is dropped in training; 0 up to 1.",
    )

    @model_validator(mode="after")
    def _pretrained_needs_an_encoder(self) -> Self:
        if self.encoder is None and (self.pretrained or self.pretrained_file):
            raise ValueError(
                "there are no pretrained weights for the encoder of the paper; set encoder to the"
                " name of a timm encoder (for example resnet34) or leave pretrained out"
            )
        return self


_Count = Annotated[int, Field(ge=0, le=64)]
_Width = Annotated[int, Field(ge=1, le=2048)]


class FastConfig(Config):
    """Settings of `fast`."""

    widths: tuple[_Width, _Width, _Width] = Field(
        (64, 128, 128), description="Channels at 1/4, 1/8 and 1/16 of the resolution."
    )
    depths: tuple[_Count, _Count, _Count] = Field(
        (1, 3, 6), description="Residual blocks at 1/4, 1/8 and 1/16 of the resolution."
    )
    dropout: float = Field(
        0.0,
        ge=0.0,
        lt=1.0,
        description="Share of the last channels that is dropped in training; 0 up to 1.",
    )


class FcnConfig(_EncoderSettings):
    """Settings of `fcn`."""

    variant: Literal["32s", "16s", "8s", "dilated"] = Field(
        "8s",
        description="'32s', '16s' or '8s': the paper's, scores from stride 32 alone, with those"
        " of stride 16, with those of strides 16 and 8; 'dilated': torchvision's, a dilated"
        " encoder and one 3x3 head.",
    )
    encoder: str | None = Field(
        None,
        description="Name of a timm encoder. Default vgg16_bn as in the paper, resnet50 as in"
        " torchvision for 'dilated'.",
    )
    hidden_width: int | None = Field(
        None,
        ge=1,
        le=4096,
        description="Channels of the hidden layers between encoder and scores; 1 to 4096."
        " Default 512 (the paper has 4096: 120 million weights), a quarter of the encoder's"
        " channels for 'dilated'.",
    )
    dropout: float | None = Field(
        None,
        ge=0.0,
        lt=1.0,
        description="Share of the hidden features that is dropped in training; 0 up to 1."
        " Default 0.5 as in the paper, 0.1 as in torchvision for 'dilated'.",
    )
    output_stride: Literal[8, 16] | None = Field(
        None, description="Stride of the encoder of 'dilated': 8 (default) or 16 pixels."
    )
    auxiliary: bool = Field(
        False, description="A second head of 'dilated' on the last stage but one, for training."
    )

    @model_validator(mode="after")
    def _dilated_settings_need_the_dilated_variant(self) -> Self:
        if self.variant != "dilated" and (self.auxiliary or self.output_stride is not None):
            raise ValueError(
                f"auxiliary and output_stride belong to variant 'dilated', not to"
                f" {self.variant!r}; set variant to 'dilated' or leave them out"
            )
        return self
