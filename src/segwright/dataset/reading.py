"""A picture and its labels, read as all of the program reads them: one size, one plane."""

from __future__ import annotations

from pathlib import Path

from segwright.errors import ImageError, LabelError
from segwright.formats.entry import Entry, LabelSource
from segwright.formats.faults import Report, refuse
from segwright.images import Image, read_image
from segwright.labels.instances import Labels


def read_entry(entry: Entry, report: Report = refuse) -> tuple[Image, Labels]:
    """Reads a picture and what is drawn on it.

    Args:
        entry: Where they are.
        report: Is told of what is wrong inside the labels (see `LabelSource.read`).

    Raises:
        ImageError: The picture cannot be read, or is a volume.
        LabelError: The labels cannot be read or have another size than the picture.
    """
    image = read_image(entry.image)
    require_plane(image, entry.image)
    labels = entry.labels.read(report)
    require_size(labels, image, entry.labels, entry.image)
    return image, labels


def require_plane(image: Image, where: Path) -> None:
    """Refuses volumes.

    Raises:
        ImageError: It is one.
    """
    if image.axes != "YX":
        raise ImageError(
            f"is a volume of shape {image.pixels.shape}; accepted are single pictures",
            where=where,
            remedy="Store its slices as single files",
        )


def require_size(labels: Labels, image: Image, source: LabelSource, where: Path) -> None:
    """Refuses labels of another size than their picture.

    Raises:
        LabelError: They are.
    """
    if labels.size_hw != image.size_hw:
        raise LabelError(
            f"is {labels.size_hw[0]}×{labels.size_hw[1]}, but its picture {where} is "
            f"{image.size_hw[0]}×{image.size_hw[1]} (height × width)",
            where=source.paths[0],
            remedy="Give the labels the size of the picture; they are never resized",
        )
