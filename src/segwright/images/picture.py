"""What works on pictures alone, with finite pixels, says so with one voice."""

from __future__ import annotations

import numpy as np

from segwright.errors import ImageError
from segwright.images.image import Image


def require_picture(image: Image) -> None:
    """Refuses what is no picture.

    Raises:
        ImageError: A volume, or values that are not finite.
    """
    if image.axes != "YX":
        raise ImageError(
            f"an image with axes {image.axes} was given; accepted are pictures (YX)",
            where=image.source,
            remedy="Give it one slice at a time",
        )
    if image.pixels.dtype.kind == "f" and not np.isfinite(image.pixels).all():
        raise ImageError(
            "some pixels are not finite (NaN or infinity)",
            where=image.source,
            remedy="Replace them, for instance with numpy.nan_to_num",
        )
