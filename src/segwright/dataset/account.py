"""What was counted while a dataset was written, picture by picture.

Writers take pictures one at a time and count what they lose of one before they take the next, so
that what was added in between belongs to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from segwright.formats.lost import Losses
from segwright.formats.writing import Labelled


@dataclass
class Account:
    """Losses of a dataset and of each of its pictures.

    Attributes:
        whole: What a writer counts into.
        pictures: What was added while each picture was written, in their order.
    """

    whole: Losses = field(default_factory=Losses)
    pictures: list[Mapping[str, int]] = field(default_factory=list)

    def follow(self, pictures: Iterable[Labelled]) -> Iterator[Labelled]:
        """The pictures, for a writer; what it counts before it takes the next is kept apart."""
        for picture in pictures:
            before = Counter(self.whole)
            yield picture
            self.pictures.append(self.whole - before)

    def of(self, number: int) -> Mapping[str, int]:
        """What was counted of a picture; nothing if it was not written by way of `follow`."""
        return self.pictures[number] if number < len(self.pictures) else {}
