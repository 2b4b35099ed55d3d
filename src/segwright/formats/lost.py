"""What a format cannot hold, and how often that was lost when a dataset was written in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from segwright.errors import UnknownNameError

KINDS_OF_LOSS: Mapping[str, str] = {
    "pixels": "pixels that have another class than before",
    "identity": "objects that can no longer be told apart",
    "overlap": "pixels that belonged to several objects and now belong to one",
    "layers": "pictures in which other objects lie on top than before",
    "hidden": "objects that lie wholly under others and are left out",
    "holes": "holes that were filled or cut open",
    "pieces": "pieces of objects that became objects of their own",
    "joined": "pieces of objects that were joined to one ring by lines without width",
    "vertices": "polygons that became pixels",
    "curves": "pixel regions that became polygons along the pixels' edges",
    "rounding": "coordinates that were rounded",
    "boxes": "objects known by a box alone, left out or drawn as full boxes",
    "crowds": "crowd marks",
    "scores": "scores of a model",
    "attributes": "objects whose further attributes were left out",
    "ignored": "pictures whose ignored pixels became background",
    "splits": "pictures whose split is not told",
    "groups": "pictures whose patient, scene or video is not told",
    "colours": "class colours",
    "image": "pictures that had to be stored anew in another file format",
}
"""What can be lost → what the number next to it counts."""


class Losses(Counter[str]):
    """How often each of `KINDS_OF_LOSS` happened while a dataset was written.

    Example:
        >>> losses = Losses()
        >>> losses.add("holes", 2)
        >>> losses.lines()
        ['2 holes that were filled or cut open']
    """

    def add(self, what: str, number: int = 1) -> None:
        """Counts a loss; 0 is not kept."""
        if what not in KINDS_OF_LOSS:
            raise UnknownNameError("kind of loss", what, KINDS_OF_LOSS)
        if number:
            self[what] += number

    def lines(self) -> list[str]:
        """One line for each loss that happened, in the order of `KINDS_OF_LOSS`."""
        return [f"{self[w]:,} {text}" for w, text in KINDS_OF_LOSS.items() if self[w]]
