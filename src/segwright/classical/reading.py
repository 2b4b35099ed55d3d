"""How the parts of an image become classes: learned on labelled images, never on those scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Self, overload

import numpy as np
from pydantic import Field, JsonValue

from segwright.classical.grid import on_grid
from segwright.config import Config
from segwright.errors import DataError
from segwright.images.image import Image
from segwright.labels.label_map import LabelMap
from segwright.prepare import Prepare

Divide = Callable[[Image], np.ndarray]
"""A prepared image to its (Y, X) parts; see `Method.parts`."""

Scores = Callable[[], np.ndarray]
"""Makes the (K, Y, X) float32 probabilities, for who wants them."""


class Reading(Protocol):
    """Which class a part is."""

    def classes_of(
        self, image: Image, parts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None, Scores | None]:
        """Gives every pixel its class.

        Args:
            image: The prepared picture.
            parts: (Y, X) integers, its parts.

        Returns:
            (Y, X) class ids; (Y, X) float32 probability of that class, 0 … 1, if it is known; and
            what makes the probabilities of all classes, if there are such.
        """
        ...

    def settings(self) -> dict[str, JsonValue]:
        """What is stored as JSON; `kind` among it."""
        ...

    def arrays(self) -> Mapping[str, np.ndarray]:
        """What is stored as arrays, by names without a dot."""
        ...


class Seen(Sequence[Image]):
    """Images as a method sees them, prepared when they are asked for."""

    def __init__(self, images: Sequence[Image], prepare: Prepare) -> None:
        self._images = images
        self._prepare = prepare

    def __len__(self) -> int:
        return len(self._images)

    @overload
    def __getitem__(self, index: int) -> Image: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Image]: ...
    def __getitem__(self, index: int | slice) -> Image | Sequence[Image]:
        if isinstance(index, slice):
            return Seen(self._images[index], self._prepare)
        return self._prepare.apply(self._images[index])


class PartClasses(Config):
    """One class for every level or cluster.

    The assignment is the one with the best mean IoU on the labelled images that single changes
    lead to, starting from the most frequent class of every part; a rare class so gets a part of
    its own where that pays.

    Attributes:
        counts: (parts, classes) pixels that were learned from.
        class_of: The class of every part.
    """

    counts: tuple[tuple[int, ...], ...] = Field(description="Pixels of each part and class")
    class_of: tuple[int, ...] = Field(description="The class of each part")

    @classmethod
    def learned(
        cls,
        divide: Divide,
        images: Sequence[Image],
        labels: Sequence[LabelMap],
        *,
        num_parts: int,
    ) -> Self:
        """Counts the classes of every part on all images, one at a time."""
        num_classes = len(labels[0].classes)
        counts = np.zeros((num_parts, num_classes), np.int64)
        for index in range(len(images)):
            ids = labels[index].ids
            parts = _as_labelled(divide(images[index]), ids)
            known = ids < num_classes
            pairs = parts[known].astype(np.int64) * num_classes + ids[known]
            counts += np.bincount(pairs, minlength=counts.size).reshape(counts.shape)
        return cls(counts=_rows(counts), class_of=tuple(map(int, best_classes(counts))))

    @classmethod
    def stored(cls, settings: Mapping[str, Any], *, num_parts: int, num_classes: int) -> Self:
        """Reads `settings` back.

        Raises:
            DataError: It does not fit these numbers of parts and classes.
        """
        found = cls.of({key: value for key, value in settings.items() if key != "kind"})
        fits = len(found.class_of) == len(found.counts) == num_parts
        if not fits or any(not 0 <= one < num_classes for one in found.class_of):
            raise DataError(f"the classes of parts do not fit {num_parts} parts")
        if any(len(row) != num_classes or min(row) < 0 for row in found.counts):
            raise DataError(f"the counts of parts do not fit {num_classes} classes")
        return found

    def classes_of(
        self, image: Image, parts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None, Scores | None]:
        counts = np.asarray(self.counts, np.float64)
        class_of = np.asarray(self.class_of)
        total = counts.sum(1)
        of_class = counts[np.arange(len(class_of)), class_of]
        # A part that was never seen tells nothing: every class is as likely.
        share = np.divide(
            of_class, total, out=np.full(len(total), 1 / counts.shape[1]), where=total > 0
        )
        return class_of[parts], share.astype(np.float32)[parts], None

    def settings(self) -> dict[str, JsonValue]:
        return {"kind": "parts", **self.model_dump(mode="json")}

    def arrays(self) -> Mapping[str, np.ndarray]:
        return {}


def best_classes(counts: np.ndarray) -> np.ndarray:
    """The class of every part, for a high mean IoU.

    Args:
        counts: (parts, classes) pixels.

    Returns:
        (parts,) class ids. Classes that do not occur are not part of the mean.
    """
    class_of = counts.argmax(1)
    best = _score(counts, class_of)
    improved = True
    while improved:
        improved = False
        for part in range(len(counts)):
            for candidate in np.flatnonzero(counts[part]):
                trial = class_of.copy()
                trial[part] = candidate
                if (score := _score(counts, trial)) > best + 1e-12:
                    class_of, best, improved = trial, score, True
    return class_of


def mean_iou(confusion: np.ndarray) -> float:
    """The mean IoU of the classes that occur.

    Args:
        confusion: (K, K) pixels, predicted by true.

    Returns:
        0 … 1; 0 where no pixel is labelled.
    """
    hit = np.diagonal(confusion)
    union = confusion.sum(0) + confusion.sum(1) - hit
    there = confusion.sum(0) > 0
    return float((hit[there] / union[there]).mean()) if there.any() else 0.0


def _score(counts: np.ndarray, class_of: np.ndarray) -> float:
    confusion = np.zeros((counts.shape[1], counts.shape[1]))
    np.add.at(confusion, class_of, counts)
    return mean_iou(confusion)


def _as_labelled(parts: np.ndarray, ids: np.ndarray) -> np.ndarray:
    height, width = ids.shape
    return on_grid(parts, (height, width))  # a step of `prepare` may have changed the size


def _rows(counts: np.ndarray) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(map(int, row)) for row in counts)
