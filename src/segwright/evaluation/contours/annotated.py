"""Images that several people divided into regions, as in the Berkeley Segmentation Data Set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segwright.errors import DataError
from segwright.images.image import Image
from segwright.images.read import read_image


@dataclass(frozen=True)
class AnnotatedImage:
    """One image and where its annotations are; what is in them is read when it is asked for.

    Attributes:
        image: The picture.
        segmentations: For each annotator a picture of region numbers.
        boundaries: For each annotator a picture that is not 0 on the boundaries between regions.
    """

    image: Path
    segmentations: tuple[Path, ...]
    boundaries: tuple[Path, ...]

    @property
    def name(self) -> str:
        """The picture's name without its ending."""
        return self.image.stem

    def read(self) -> Image:
        """The picture itself."""
        return read_image(self.image)

    def regions_of(self) -> list[np.ndarray]:
        """(Y, X) integer region numbers of each annotator."""
        return [_plane(path) for path in self.segmentations]

    def boundaries_of(self) -> list[np.ndarray]:
        """(Y, X) bool boundaries of each annotator."""
        return [_plane(path) > 0 for path in self.boundaries]


def annotated_images(folder: Path) -> list[AnnotatedImage]:
    """The images of a folder with `images/ID.jpg`, `segmentations/ID_k.png`, `boundaries/ID_k.png`.

    Raises:
        DataError: There are no images, or one has no annotations or not as many of one kind as of
            the other.
    """
    images = sorted(path for path in (folder / "images").glob("*") if path.is_file())
    if not images:
        raise DataError(
            "there are no images",
            where=folder / "images",
            remedy="Name a folder with images/ID.jpg, segmentations/ID_k.png, boundaries/ID_k.png",
        )
    found = []
    for image in images:
        regions, boundaries = (
            tuple(sorted((folder / kind).glob(f"{image.stem}_*.png")))
            for kind in ("segmentations", "boundaries")
        )
        if not regions or [path.name for path in regions] != [path.name for path in boundaries]:
            raise DataError(
                f"{len(regions)} segmentations and {len(boundaries)} boundary maps; accepted are "
                "one or more of the same names",
                where=image,
            )
        found.append(AnnotatedImage(image, regions, boundaries))
    return found


def _plane(path: Path) -> np.ndarray:
    pixels = read_image(path).pixels
    if pixels.shape[-1] != 1:
        raise DataError(
            f"an annotation with {pixels.shape[-1]} channels; accepted is one", where=path
        )
    return pixels[..., 0]
