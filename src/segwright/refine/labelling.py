"""What a refinement changes: the class of every pixel, and how probable each class is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.errors import LabelError
from segwright.labels.label_map import LabelMap


@dataclass(frozen=True, eq=False)
class Labelling:
    """The classes of the pixels of one image, with probabilities where the method gives them.

    Pixels that are ignored stay ignored, whatever a step does.

    Attributes:
        labels: The class of every pixel.
        probabilities: (K, Y, X) float32, 0 … 1, sum 1 over K; None where there are none.

    Raises:
        LabelError: Probabilities that do not fit the labels, or are not finite.
    """

    labels: LabelMap
    probabilities: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.probabilities is None:
            return
        expected = (len(self.labels.classes), *self.labels.size_hw)
        if self.probabilities.shape != expected:
            raise LabelError(
                f"probabilities have shape {self.probabilities.shape}; "
                f"the labels need (K, Y, X) = {expected}"
            )
        if not np.isfinite(self.probabilities).all():
            raise LabelError(
                "some probabilities are not finite (NaN or infinity); accepted is 0 … 1",
                remedy="Look at what the method gives for this image",
            )

    @property
    def ids(self) -> np.ndarray:
        """(Y, X) class ids."""
        return self.labels.ids

    @property
    def ignored(self) -> np.ndarray:
        """(Y, X) bool: pixels that nobody has a class for."""
        return self.ids == self.labels.classes.ignore_index

    def believed(self, certainty: float) -> np.ndarray:
        """The probabilities; where there are none, the same certainty for every label.

        Args:
            certainty: Probability of a pixel's class, between 1/K and 1; the others share the rest.

        Returns:
            (K, Y, X) float32, sum 1 over K.
        """
        if self.probabilities is not None:
            return self.probabilities.astype(np.float32, copy=False)
        number = len(self.labels.classes)
        if number == 1:
            return np.ones((1, *self.ids.shape), np.float32)
        labelled = self.ids == np.arange(number)[:, None, None]
        believed = np.where(labelled, certainty, (1 - certainty) / (number - 1))
        believed[:, self.ignored] = 1 / number
        return believed.astype(np.float32)

    def with_probabilities(self, probabilities: np.ndarray) -> Labelling:
        """Other probabilities, and the most probable class of each pixel.

        Args:
            probabilities: (K, Y, X) float32, sum 1 over K.
        """
        ids = probabilities.argmax(0).astype(self.ids.dtype)
        ids[self.ignored] = self.labels.classes.ignore_index
        return Labelling(LabelMap(ids, self.labels.classes), probabilities)

    def relabelled(self, ids: np.ndarray) -> Labelling:
        """Other classes. Where a pixel's changes, both classes swap their probabilities.

        So the most probable class is the label still, and a pixel is as sure as it was.

        Args:
            ids: (Y, X); ignored pixels are left as they are.
        """
        ids = np.where(self.ignored, self.ids, ids).astype(self.ids.dtype)
        swapped = given = self.probabilities
        changed = np.nonzero(ids != self.ids)
        if given is not None and len(changed[0]):
            swapped = given.copy()
            before, after = (self.ids[changed], *changed), (ids[changed], *changed)
            swapped[before], swapped[after] = given[after], given[before]
        return Labelling(LabelMap(ids, self.labels.classes), swapped)
