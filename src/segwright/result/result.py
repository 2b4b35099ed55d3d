"""The one result type of the house."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from segwright.errors import LabelError, UnknownNameError, UsageError
from segwright.images.image import Image
from segwright.labels.label_map import LabelMap
from segwright.labels.paint import overlay, paint, to_display
from segwright.refine import Labelling, Refine
from segwright.result.measure import RegionMeasure, measured
from segwright.result.notebook import as_html, as_png
from segwright.result.save import Saved, save


@dataclass(frozen=True, eq=False)
class Result:
    """What segmenting one image gave, on that image's own pixels.

    In a notebook it shows itself as an overlay with a legend.

    Attributes:
        labels: The class of every pixel.
        probabilities: (K, Y, X) float32 or float16, 0 … 1, sum 1 over K; None if not asked for.
        source: The file that was segmented; None for an image from memory.
        provenance: How the result came about: segmenter, settings, device, channel conversion.
        image: The picture that was segmented, for overlays and physical sizes.
        confidence: (Y, X) float, 0 … 1, probability of each pixel's class; taken from the
            probabilities where it is not given, None where the method gives neither.
        regions: (Y, X) int32, the region of each pixel, 0 … R-1, from methods that divide an image
            into regions; None from others.

    Raises:
        LabelError: Probabilities, confidence, regions or image do not have the size of the labels.
    """

    labels: LabelMap
    probabilities: np.ndarray | None = None
    source: Path | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    image: Image | None = field(default=None, repr=False)
    confidence: np.ndarray | None = field(default=None, repr=False)
    regions: np.ndarray | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        size_hw = self.labels.size_hw
        expected = (len(self.labels.classes), *size_hw)
        if self.probabilities is not None and self.probabilities.shape != expected:
            raise LabelError(
                f"probabilities have shape {self.probabilities.shape}; "
                f"the labels need (K, Y, X) = {expected}",
                where=self.source,
            )
        if self.confidence is None and self.probabilities is not None:
            object.__setattr__(self, "confidence", self.probabilities.max(axis=0))
        for name, values in (("confidence", self.confidence), ("regions", self.regions)):
            if values is not None and values.shape != size_hw:
                raise LabelError(
                    f"{name} of shape {values.shape}; the labels need (Y, X) = {size_hw}",
                    where=self.source,
                )
        if self.image is not None and self.image.size_hw != size_hw:
            raise LabelError(
                f"the image has {self.image.size_hw} pixels (height, width), the labels {size_hw}",
                where=self.source,
            )

    def overlay(self, image: Image | None = None, *, alpha: float = 0.5) -> np.ndarray:
        """The class colours over the picture.

        Args:
            image: The picture; default is the one that was segmented. Where there is none, the
                class colours are shown alone.
            alpha: Weight of the colours, 0 (invisible) … 1 (opaque).

        Returns:
            (Y, X, 3) uint8 RGB.
        """
        image = image or self.image
        if image is None:
            return paint(self.labels.ids, self.labels.classes)
        ids, classes = self.labels.ids, self.labels.classes
        # Regions without a class are told by their rims: one colour over all would say nothing.
        inside = 0.0 if self.regions is not None and len(classes) == 1 else alpha
        return overlay(to_display(image), ids, classes, alpha=inside, numbers=self.regions)

    def abstaining(self, confidence: float) -> Result:
        """The same result without an answer where the method is not sure enough.

        Args:
            confidence: Pixels of a lower one get `classes.ignore_index`; 0 … 1.

        Raises:
            UsageError: `confidence` is no share, or the method does not say how sure it is.
        """
        if not 0 <= confidence <= 1:
            raise UsageError(
                f"a confidence of {confidence:g} was given; accepted is 0 … 1", where="abstain"
            )
        if self.confidence is None:
            raise UsageError(
                "this method does not say how sure it is, so that it cannot abstain",
                where="abstain",
                remedy="Leave it out, or use a method that gives probabilities",
            )
        classes = self.labels.classes
        unsure = self.confidence < confidence
        ids = np.where(unsure, self.labels.ids.dtype.type(classes.ignore_index), self.labels.ids)
        provenance = {**self.provenance, "abstain_below": confidence}
        return replace(self, labels=LabelMap(ids, classes), provenance=provenance)

    def refined(self, refine: Refine) -> Result:
        """The same result once its labels went through steps of refinement.

        A pixel is as sure of another class as it was of the one before, unless a step says how
        probable the classes are.

        Raises:
            UsageError: The result has no image to go by.
            ImageError: A step is not defined for such a picture; see `Refine.apply`.
        """
        if not refine.steps:
            return self
        if self.image is None:
            raise UsageError("a result without its image cannot be refined", where=self.source)
        after = refine.apply(Labelling(self.labels, self.probabilities), self.image)
        return replace(
            self,
            labels=after.labels,
            probabilities=after.probabilities,
            confidence=self.confidence if after.probabilities is None else None,
            provenance={**self.provenance, "refine": refine.model_dump(mode="json")},
        )

    def measure(self, per: Literal["class", "region"] = "class") -> list[RegionMeasure]:
        """Size and place of the regions; areas in mm² where the image has a spacing.

        Args:
            per: "class" gives one measure for every class that occurs, in the order of the ids;
                "region" one for every connected region (touching corners connect), background
                included, in the order of their first pixels.

        Raises:
            UnknownNameError: `per` is something else.
        """
        if per not in ("class", "region"):
            raise UnknownNameError("unit of measures", per, ("class", "region"), where="per")
        return measured(self.labels, None if self.image is None else self.image.spacing, per)

    def save(
        self, directory: str | Path, stem: str, what: Collection[Saved] = ("mask",)
    ) -> list[Path]:
        """Writes files into a folder; each is whole or absent.

        Args:
            directory: Made if absent.
            stem: Start of the file names; may have sub-folders ("day1/frame3").
            what: "mask" (`STEM.png`: class ids, with the class colours as palette), "overlay"
                (`STEM.overlay.png`, for the eye), "probabilities" (`STEM.probabilities.npz` with
                `probabilities` (K, Y, X) float16 and `classes` (K,) text), "coco"
                (`STEM.coco.json`: one region a class, compressed run lengths), "regions"
                (`STEM.regions.png`: region numbers from 1, 16-bit grey; beyond 65,535 regions RGB
                with number = R + 256 G + 65,536 B, as in COCO panoptic).

        Returns:
            The files, in the order of `what`.

        Raises:
            UsageError: Unknown in `what`, or probabilities or regions wanted that the result does
                not have.
            StorageError: A file cannot be written.
        """
        return save(self, Path(directory), stem, what)

    def _repr_html_(self) -> str:
        return as_html(self.overlay(), self.labels)

    def _repr_png_(self) -> bytes:
        return as_png(self.overlay())
