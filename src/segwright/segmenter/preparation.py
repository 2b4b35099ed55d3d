"""From an image of any kind to the numbers a network was trained on."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

from segwright.errors import ImageError
from segwright.images.image import LUMINANCE, Image


class Preparation(BaseModel):
    """How pixels become network input: `(pixels / full_scale - mean) / std` per channel.

    A file whose number of channels is not the trained one is refused, with two exceptions that
    lose nothing or have one accepted meaning; `conversion` puts them into words, and segmenters
    record these in `Result.provenance`:

    - grey for a network of 3 channels is repeated, as grey files in an RGB data set are;
    - RGB for a network of 1 channel becomes its luminance (ITU-R BT.601).

    Attributes:
        channels: Number of channels the network takes.
        mean: Mean per channel, in units of `Image.full_scale`.
        std: Standard deviation per channel, in the same units.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    channels: int = Field(ge=1)
    mean: tuple[float, ...]
    std: tuple[PositiveFloat, ...]

    @model_validator(mode="after")
    def _one_value_per_channel(self) -> Self:
        if not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(
                f"{self.channels} channels need as many means and stds, "
                f"not {len(self.mean)} and {len(self.std)}"
            )
        return self

    def apply(self, image: Image) -> np.ndarray:
        """Prepares one picture.

        Args:
            image: A picture with axes "YX".

        Returns:
            (C, Y, X) float32, C being `channels`.

        Raises:
            ImageError: A volume, another number of channels, or values that are not finite.
        """
        pixels = self.channels_of(image)
        prepared = np.empty((self.channels, *image.size_hw), np.float32)
        for channel, plane in enumerate(prepared):
            gain = np.float32(1 / (image.full_scale * self.std[channel]))
            np.multiply(pixels[..., channel], gain, out=plane, dtype=np.float32)
            plane -= np.float32(self.mean[channel] / self.std[channel])
        if image.pixels.dtype.kind == "f" and not np.isfinite(prepared).all():
            raise ImageError(
                "some pixels are not finite (NaN or infinity); a network takes finite ones only",
                where=image.source,
                remedy="Replace them, for instance with numpy.nan_to_num",
            )
        return prepared

    def channels_of(self, image: Image) -> np.ndarray:
        """The pixels with as many channels as the network takes, still in the file's units.

        Raises:
            ImageError: A number of channels that cannot be converted; see `conversion`.
        """
        if self.conversion(image) is None:
            return image.pixels
        if image.num_channels == 1:
            return np.broadcast_to(image.pixels, (*image.size_hw, self.channels))
        return (image.pixels @ LUMINANCE)[..., None]

    def normalise(self, pixels: np.ndarray, *, full_scale: float) -> None:
        """Does to (Y, X, C) float32 pixels, in place, what `apply` does to an image.

        Args:
            pixels: C-contiguous, in the file's units.
            full_scale: The value that stands for 1.0.
        """
        # One long row of gains is many times faster than numpy's broadcasting of C values.
        assert pixels.flags.c_contiguous  # else reshape would copy, and nothing change in place
        rows = pixels.reshape(len(pixels), -1)
        rows *= np.tile(1 / (full_scale * np.asarray(self.std)), pixels.shape[1]).astype(np.float32)
        rows -= np.tile(np.asarray(self.mean) / self.std, pixels.shape[1]).astype(np.float32)

    def conversion(self, image: Image) -> str | None:
        """What `apply` does to the channels of `image`, in words; None if they fit.

        Raises:
            ImageError: A volume, or a number of channels that cannot be converted.
        """
        if image.axes != "YX":
            raise ImageError(
                f"an image with axes {image.axes} was given; this segmenter takes pictures (YX)",
                where=image.source,
                remedy="Give it one slice at a time",
            )
        match image.num_channels, self.channels:
            case given, taken if given == taken:
                return None
            case 1, 3:
                return "grey repeated as red, green and blue"
            case 3, 1:
                return "RGB reduced to luminance (ITU-R BT.601)"
        also = {3: " (or 1, repeated)", 1: " (or 3, as luminance)"}.get(self.channels, "")
        raise ImageError(
            f"the image has {image.num_channels} channels; "
            f"this segmenter was trained on {self.channels}{also}",
            where=image.source,
            remedy="Select the channels it was trained on, or train on images like this one",
        )
