"""What an augmentation may change, and how much."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

Probability = Annotated[float, Field(ge=0, le=1)]
# A strength s stands for a factor drawn log-uniformly from [1 / (1 + s), 1 + s].
Strength = Annotated[float, Field(ge=0, le=4)]


class AugmentConfig(BaseModel):
    """How far a training sample may depart from the image it is cut from.

    Every value is off by default, so `AugmentConfig()` only cuts crops. Geometry is drawn anew
    for each sample and composed into one resampling; lengths "in pixels" are pixels of the
    finished crop. Intensities are relative to full scale: 255 for 8-bit images; in training, what
    the brightest parts of the training images reach for 16 bits and floats, whose values may use
    any part of what could be stored (`Augmentation` alone takes 65535 and 1, unless it is told).
    So one config suits all of them.

    Example:
        >>> AugmentConfig(flip_horizontal=0.5, scale=(0.5, 2.0)).rotate_deg
        0.0
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    flip_horizontal: Probability = Field(
        default=0.0, description="Probability of swapping left and right."
    )
    flip_vertical: Probability = Field(
        default=0.0, description="Probability of swapping top and bottom."
    )
    turn: Probability = Field(
        default=0.0,
        description="Probability of a turn by 90°, 180° or 270°, each as likely; lossless.",
    )
    rotate_deg: float = Field(
        default=0.0, ge=0, le=180, description="Largest rotation either way, in degrees; uniform."
    )
    scale: tuple[float, float] = Field(
        default=(1.0, 1.0),
        description="Smallest and largest magnification, each in [0.01, 100]; log-uniform. "
        "0.5 shows twice as much of the image, at half its size.",
    )
    aspect: float = Field(
        default=1.0,
        ge=1,
        le=4,
        description="Largest ratio of horizontal to vertical magnification, and the other way "
        "round; log-uniform, the area is kept.",
    )
    shear_deg: float = Field(
        default=0.0, ge=0, le=45, description="Largest horizontal shear angle, in degrees; uniform."
    )
    translate: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Largest shift of the finished crop, beyond the image where need be, as a "
        "fraction of its height and width; uniform.",
    )
    elastic_px: float = Field(
        default=0.0,
        ge=0,
        description="Standard deviation, in pixels, of the elastic displacement at the nodes of "
        "its lattice; at most a quarter of elastic_spacing_px, or the image would fold.",
    )
    elastic_spacing_px: float = Field(
        default=48.0,
        ge=4,
        le=4096,
        description="Distance of the nodes, in pixels: larger is smoother.",
    )

    brightness: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Largest offset either way, as a fraction of full scale.",
    )
    contrast: Strength = Field(
        default=0.0, description="Strength s: distances from the mean are scaled by 1/(1+s) … 1+s."
    )
    channel_gain: Strength = Field(
        default=0.0, description="Strength s: each channel by its own factor of 1/(1+s) … 1+s."
    )
    saturation: Strength = Field(
        default=0.0,
        description="Strength s: distances from the pixel's grey are scaled by 1/(1+s) … 1+s. "
        "Images of 3 channels only.",
    )
    gamma: Strength = Field(
        default=0.0, description="Strength s: values are raised to a power of 1/(1+s) … 1+s."
    )
    blur_px: float = Field(
        default=0.0,
        ge=0,
        le=50,
        description="Largest standard deviation of a Gaussian blur, in pixels.",
    )
    blur_probability: Probability = Field(
        default=0.3, description="Probability of a blur, where blur_px is above 0."
    )
    noise: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Largest standard deviation of Gaussian noise, as a fraction of full scale.",
    )
    noise_probability: Probability = Field(
        default=0.3, description="Probability of noise, where noise is above 0."
    )
    jpeg_quality: int | None = Field(
        default=None,
        ge=1,
        le=95,
        description="Lowest quality of a JPEG round trip (uniform up to 95); None for no JPEG. "
        "Images of 1 or 3 channels only; the values are rounded to 8 bits.",
    )
    jpeg_probability: Probability = Field(
        default=0.3, description="Probability of the round trip, where jpeg_quality is set."
    )
    cutout: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Largest side of a rectangular hole, as a fraction of the crop's. The hole is "
        "filled and ignored: what was in it cannot be seen, so it is not asked for either.",
    )
    cutout_probability: Probability = Field(
        default=0.3, description="Probability of a hole, where cutout is above 0."
    )

    @model_validator(mode="after")
    def _check_ranges(self) -> AugmentConfig:
        low, high = self.scale
        if not 0.01 <= low <= high <= 100:
            raise ValueError(
                f"scale is ({low:g}, {high:g}); accepted is 0.01 <= smallest <= largest <= 100"
            )
        if self.elastic_px > self.elastic_spacing_px / 4:
            raise ValueError(
                f"elastic_px is {self.elastic_px:g}; accepted is at most a quarter of "
                f"elastic_spacing_px ({self.elastic_spacing_px:g}), or the image would fold over "
                "itself; lower elastic_px or raise elastic_spacing_px"
            )
        return self

    @classmethod
    def none(cls) -> AugmentConfig:
        """Cuts crops and changes nothing else."""
        return cls()

    @classmethod
    def natural(cls, num_channels: int = 3) -> AugmentConfig:
        """For upright scenes: mirror images, sizes and light vary, up stays up."""
        return cls(
            flip_horizontal=0.5,
            scale=(0.5, 1.5),
            aspect=1.1,
            brightness=0.2,
            contrast=0.5,
            channel_gain=0.1,
            saturation=0.4 if num_channels == 3 else 0.0,
        )

    @classmethod
    def orientation_free(cls, num_channels: int = 3) -> AugmentConfig:
        """For images without an up (microscopes, aerial views): any pose, soft tissue bends."""
        return cls(
            flip_horizontal=0.5,
            flip_vertical=0.5,
            turn=0.75,
            rotate_deg=45,
            scale=(0.7, 1.4),
            elastic_px=4,
            elastic_spacing_px=48,
            brightness=0.1,
            contrast=0.3,
            gamma=0.2,
            saturation=0.2 if num_channels == 3 else 0.0,
        )
