"""Masks that were written before, in place of the method that wrote them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segwright.errors import DataError, LabelError
from segwright.formats.entry import listed
from segwright.images import IMAGE_SUFFIXES, read_index
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.result import Result


@dataclass(frozen=True)
class WrittenMasks:
    """Gives for each image the mask that was written for it.

    Attributes:
        masks: File of an image → file of its mask, whose values are class ids.
        classes: What the ids mean.
    """

    masks: Mapping[Path, Path]
    classes: Classes

    @classmethod
    def found(cls, folder: Path, images: Iterable[Path], classes: Classes) -> WrittenMasks:
        """The masks of a folder by their names.

        A mask belongs to the image of its name, whatever the suffix. Where several have the name,
        it is the one whose folders, read from the end, agree with those of the image the longest.

        Args:
            folder: Searched with all below it. If it has a `classes.txt`, that must name the
                classes in their order.
            images: What is to be scored; every one needs a mask.
            classes: Of the data.

        Raises:
            DataError: Other classes, an image without a mask or with several that may be meant,
                or a mask that two images claim.
        """
        _require_classes(folder / "classes.txt", classes)
        named: defaultdict[str, list[Path]] = defaultdict(list)
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.endswith(".overlay.png"):
                named[path.stem].append(path)
        images = list(images)
        missing = [image for image in images if image.stem not in named]
        if missing:
            raise DataError(
                f"{len(missing)} of {len(images)} images have no mask here: {listed(missing)}",
                where=folder,
                remedy="Write the missing masks under the names of their images; leaving these "
                "images out would flatter the score",
            )
        masks = {image: _nearest(image, named[image.stem], folder) for image in images}
        for mask, claims in Counter(masks.values()).items():
            if claims > 1:
                claimed = [image for image in images if masks[image] == mask]
                raise DataError(
                    f"{claims} images claim this mask: {listed(claimed)}",
                    where=mask,
                    remedy="Keep the masks in folders named as those of the images",
                )
        return cls(masks, classes)

    def segment(self, image: Image) -> Result:
        """The mask of an image.

        Raises:
            LabelError: It is in colour, has another size, or ids outside the classes.
        """
        assert image.source is not None  # a dataset reads its images from files
        path = self.masks[image.source]
        ids = read_index(path)
        if ids.ndim != 2:
            raise LabelError(
                "is a picture in colour; accepted are masks whose values are class ids",
                where=path,
                remedy="Write the number of a class into every pixel",
            )
        if ids.shape != image.size_hw:
            raise LabelError(
                f"is {ids.shape[0]}×{ids.shape[1]}, but its picture {image.source} is "
                f"{image.size_hw[0]}×{image.size_hw[1]} (height × width)",
                where=path,
                remedy="Write masks on the pixels of their pictures; they are never resized",
            )
        number = len(self.classes)
        if (highest := int(ids.max())) >= number:
            raise LabelError(
                f"has the value {highest}; accepted are the class ids 0 … {number - 1}",
                where=path,
                remedy="Write the number of a class into every pixel",
            )
        return Result(LabelMap(ids.astype(self.classes.dtype), self.classes), source=image.source)


def _require_classes(file: Path, classes: Classes) -> None:
    if not file.is_file():
        return
    names = tuple(line.strip() for line in file.read_text("utf-8").splitlines() if line.strip())
    if names != classes.names:
        raise DataError(
            f"the masks are of {', '.join(names)}; the data are of {', '.join(classes.names)}",
            where=file,
            remedy="Write the masks with the classes of the data, in the same order",
        )


def _nearest(image: Path, masks: list[Path], folder: Path) -> Path:
    """The mask whose folders agree longest with those of the image.

    Raises:
        DataError: Several agree equally long.
    """
    above = image.parent.parts[::-1]

    def agreement(mask: Path) -> int:
        parts = mask.parent.relative_to(folder).parts[::-1]
        same = [one == other for one, other in zip(parts, above, strict=False)]
        return int(np.argmin([*same, False]))

    longest = max(map(agreement, masks))
    nearest = [mask for mask in masks if agreement(mask) == longest]
    if len(nearest) > 1:
        raise DataError(
            f"several masks may be meant for {image}: {listed(nearest)}",
            where=folder,
            remedy="Keep the masks in folders named as those of the images",
        )
    return nearest[0]
