"""What every method looks like to those who use it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.result.result import Result


@runtime_checkable
class Segmenter(Protocol):
    """Finds regions in images: a threshold, a forest and a network alike.

    Prediction, evaluation and comparison are written against this alone.
    """

    @property
    def classes(self) -> Classes:
        """The classes that pixels are given."""
        ...

    def segment(self, image: Image, *, probabilities: bool = False) -> Result:
        """Labels every pixel of one image, of any size.

        Args:
            image: A picture with axes "YX".
            probabilities: Whether the result carries class probabilities too.

        Returns:
            A result on the pixel grid of `image`.
        """
        ...

    def segment_many(
        self, images: Iterable[Image], *, probabilities: bool = False
    ) -> Iterator[Result]:
        """Labels a stream of images; yields one result per image, in order."""
        ...

    def save(self, directory: Path) -> Path:
        """Writes a folder that `segwright.load` reads back; returns it."""
        ...
