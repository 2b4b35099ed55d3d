"""The labels of one picture that are drawn in a file: what all formats of drawn objects share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segwright.formats.drawing import Drawing
from segwright.formats.faults import Report, refuse
from segwright.images import image_size_hw
from segwright.images.header import read_header
from segwright.labels.classes import Classes
from segwright.labels.instances import Instances


@dataclass(frozen=True)
class DrawnLabels(ABC):
    """The labels of one picture; a format says how they are drawn.

    Attributes:
        path: The file that they are drawn in.
        image: The picture's file.
        classes: What class ids mean.
        id_of: What the file calls a class → class id or `classes.ignore_index`.
        key: The picture's key, for reports.
    """

    path: Path
    image: Path
    classes: Classes
    id_of: Mapping[str, int]
    key: str

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    @property
    def where(self) -> str:
        """The file, and the place in it if it holds several pictures, to name in messages."""
        return str(self.path)

    def read(self, report: Report = refuse) -> Instances:
        """The objects as they were drawn.

        Raises:
            UnusableLabels: A fault of the picture as a whole was reported: nothing is known of it,
                which is not the same as background.
            LabelError: The file cannot be read, or what `report` raises.
            ImageError: The picture cannot be read.
        """
        drawing = Drawing(image_size_hw(self.image), self.classes, self.where, report, self.key)
        self.draw(drawing)
        return drawing.instances()

    @abstractmethod
    def draw(self, drawing: Drawing) -> None:
        """Adds all objects, after `require_size` with what the file says.

        Raises:
            LabelError: As `read`.
        """

    def class_of(self, label: str, name: str, drawing: Drawing) -> int | None:
        """The class that an object's label means; None, once that is reported, if it means none."""
        if label not in self.id_of:
            drawing.fault(
                "unknown-class",
                f"label {label!r:.80}, but the labels are {', '.join(self.id_of)}",
                "Correct the label, or add the class",
                name=name,
            )
        return self.id_of.get(label)

    def require_size(self, said: tuple[Any, Any], drawing: Drawing) -> None:
        """Makes labels of a picture of another size unusable.

        Args:
            said: Height and width as the file gives them; nothing is asked of two times None.
            drawing: The picture's objects.

        Raises:
            UnusableLabels: The picture has another size.
        """
        if said in ((None, None), drawing.size_hw):
            return
        is_hw = drawing.size_hw
        drawing.give_up(
            "size-differs",
            f"says that its picture is {list(said)!s:.60}, but {self.image.name} is {list(is_hw)} "
            f"(height, width){', as if it lay on its side' * (said == is_hw[::-1])}",
            size_remedy(said, self.image),
        )


def size_remedy(said: tuple[Any, Any], image: Path) -> str:
    """What to do about labels that were drawn on a picture of another size.

    Args:
        said: Height and width of the picture that they were drawn on.
        image: The file of the picture as it is now, which can be read.
    """
    with image.open("rb") as file:
        header = read_header(file)
    if header.orientation >= 5 and said == header.size_hw:
        return (
            "The picture is turned by its EXIF orientation and the labels are not: turn the "
            "labels, or save the picture without the mark"
        )
    if said == header.upright_size_hw[::-1]:
        return "Turn the picture as it was annotated"
    return "Give the size of the picture that was annotated, or that very picture"
