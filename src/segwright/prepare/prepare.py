"""The row of steps that is a network's own way of looking at pictures."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import BeforeValidator, Field

from segwright.errors import ImageError
from segwright.images.image import Image
from segwright.images.picture import require_picture
from segwright.labels.label_map import LabelMap
from segwright.prepare.channels import Channels
from segwright.prepare.clahe import Clahe
from segwright.prepare.denoise import Bilateral, Gaussian, Median
from segwright.prepare.illumination import Illumination
from segwright.prepare.nlmeans import NonLocalMeans
from segwright.prepare.normalise import Percentile, ZScore
from segwright.prepare.spacing import Spacing, resampled_labels
from segwright.prepare.step import Step
from segwright.rows import Row, short_form

STEPS: dict[str, type[Step]] = {
    "channels": Channels,
    "percentile": Percentile,
    "zscore": ZScore,
    "clahe": Clahe,
    "median": Median,
    "gaussian": Gaussian,
    "bilateral": Bilateral,
    "nlmeans": NonLocalMeans,
    "illumination": Illumination,
    "spacing": Spacing,
}


_AnyStep = Annotated[
    Channels
    | Percentile
    | ZScore
    | Clahe
    | Median
    | Gaussian
    | Bilateral
    | NonLocalMeans
    | Illumination
    | Spacing,
    Field(discriminator="step"),
    BeforeValidator(short_form(STEPS, "preparation step")),
]


class Prepare(Row[_AnyStep]):
    """What is done to every picture before a network sees it, step after step.

    A segmenter holds it and applies it first, so what is learned from, scored and shipped has seen
    the same pixels. Statistics are taken over the whole picture, before it is cut into tiles.

    Example:
        >>> print(Prepare.of(["clahe", {"percentile": [1, 99]}]))
        clahe (clip 2) → percentile (low 1, high 99)
    """

    room: ClassVar[str] = "prepare"
    like: ClassVar[str] = "[clahe, {percentile: [0.5, 99.5]}]"

    def apply(self, image: Image) -> Image:
        """Prepares one picture.

        Args:
            image: A picture with axes "YX".

        Returns:
            The picture that the network is shown, of another size where `spacing` is a step. The
            very same image where there is no step.

        Raises:
            ImageError: A volume, values that are not finite, or a picture that a step is not
                defined for.
        """
        if not self.root:
            return image
        require_picture(image)
        # Overflow is no warning here but, below, an error that names the image.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for step in self.root:
                image = step.apply(image)
                _require_finite(image, f"its values are too large for the step {step.name!r}")
        return image

    def apply_to_labels(self, labels: LabelMap, prepared: Image) -> LabelMap:
        """The labels of a picture on the pixels of its prepared form, to learn from.

        Args:
            labels: Of the picture that was prepared.
            prepared: What `apply` made of it.
        """
        return resampled_labels(labels, prepared.size_hw)


def _require_finite(image: Image, problem: str) -> None:
    if image.pixels.dtype.kind == "f" and not np.isfinite(image.pixels).all():
        raise ImageError(
            problem,
            where=image.source,
            remedy="Replace or rescale them, for instance with numpy.nan_to_num",
        )
