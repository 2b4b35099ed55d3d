"""Which channels a network sees, and in which order."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator

from segwright.errors import ImageError
from segwright.images.image import LUMINANCE, Image
from segwright.prepare.step import Step, as_stored, refuse_channels

_MOST = 512


def _as_row(value: Any) -> Any:
    row = tuple(value) if isinstance(value, list | tuple) else (value,)
    numbers = all(type(one) is int and one >= 0 for one in row)
    if value == "grey":
        return value
    if not numbers or not 1 <= len(row) <= _MOST:
        raise ValueError(f"it takes 1 to {_MOST} channel numbers from 0, or 'grey'")
    return row


class Channels(Step):
    """Chooses channels by number, or reduces colour to grey.

    Attributes:
        keep: Numbers from 0 in the order in which they are wanted (one may come twice), or "grey":
            the luminance of RGB (ITU-R BT.601); a grey image stays as it is.

    Example:
        >>> Channels(keep=(1,)).keep  # the green of RGB, where vessels of a retina stand out
        (1,)
    """

    bare: ClassVar[tuple[str, ...]] = ("keep",)
    step: Literal["channels"] = "channels"
    keep: Annotated[Literal["grey"] | tuple[int, ...], BeforeValidator(_as_row)]

    def apply(self, image: Image) -> Image:
        """Raises ImageError where a channel is not there, or colour is not RGB."""
        if self.keep == "grey":
            return _grey(image)
        if max(self.keep) >= image.num_channels:
            raise ImageError(
                f"channel {max(self.keep)} is asked for; the image has {image.num_channels}, "
                f"numbered from 0",
                where=image.source,
                remedy="Correct 'channels' in the setting prepare, or leave this image out",
            )
        chosen = image.pixels[..., list(self.keep)]
        return replace(image, pixels=np.ascontiguousarray(chosen))


def _grey(image: Image) -> Image:
    if image.num_channels == 1:
        return image
    if image.num_channels != 3:
        raise refuse_channels("channels: grey", image, "1 or 3")
    luminance = (image.pixels @ LUMINANCE)[..., None]
    return replace(image, pixels=as_stored(luminance, image.pixels.dtype))
