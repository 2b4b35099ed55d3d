"""Where on the Earth the pixels of a GeoTIFF lie.

Source: OGC GeoTIFF Standard 1.1 (OGC 19-008r4), sections 7.1 to 7.4 and annex B.6.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segwright.errors import ImageError
from segwright.images.faults import Unreadable, image_errors
from segwright.images.header import read_header
from segwright.images.tiff import GeoTag, read_geo_tags

_GEOGRAPHIC, _PROJECTED, _RASTER_TYPE = 2048, 3072, 1025
_PIXEL_IS_POINT = 2
_LARGEST_EPSG = 32766  # beyond: defined by the user, or private


@dataclass(frozen=True, eq=False)
class Georeference:
    """The way from pixels to map coordinates.

    Attributes:
        matrix: (2, 3) float64: (x, y) on the map = matrix @ (column, row, 1), where column and
            row count from the picture's upper left corner, so that a pixel is a unit square.
        epsg: EPSG code of the coordinate system; None if the file names none.
    """

    matrix: np.ndarray
    epsg: int | None

    def to_pixels(self, places: np.ndarray) -> np.ndarray:
        """Map coordinates (P, 2) to (x, y) in pixels, (P, 2) float64."""
        linear, origin = self.matrix[:, :2], self.matrix[:, 2]
        return np.linalg.solve(linear, (places - origin).T).T

    def to_map(self, pixels: np.ndarray) -> np.ndarray:
        """(x, y) in pixels, (P, 2), to map coordinates (P, 2) float64."""
        return pixels @ self.matrix[:, :2].T + self.matrix[:, 2]


def read_georeference(path: str | os.PathLike[str]) -> Georeference | None:
    """Reads the georeference of an image file from its header.

    Returns:
        None if the file is no TIFF or says nothing about where it lies.

    Raises:
        ImageError: The file cannot be read, or places its pixels in a way that is no straight
            mapping (ground control points, rational polynomials).
    """
    source = Path(path)
    with image_errors(source), source.open("rb") as file:
        header = read_header(file)
        if header.format != "TIFF":
            return None
        tags = read_geo_tags(file)
    if GeoTag.TIE_POINTS not in tags and GeoTag.TRANSFORMATION not in tags:
        return None
    keys = _keys(tags.get(GeoTag.KEYS, ()))
    with image_errors(source):
        matrix = _matrix(tags, is_point=keys.get(_RASTER_TYPE) == _PIXEL_IS_POINT)
    if header.orientation != 1:
        raise ImageError(
            f"is georeferenced, but its orientation is {header.orientation}",
            where=source,
            remedy="Save it upright (orientation 1)",
        )
    code = keys.get(_PROJECTED, keys.get(_GEOGRAPHIC, 0))
    return Georeference(matrix, code if 0 < code <= _LARGEST_EPSG else None)


def _keys(values: tuple[float, ...]) -> dict[int, int]:
    """The keys whose value stands in the directory of keys itself: four numbers each."""
    whole = [int(value) for value in values]
    entries = zip(*(whole[first::4] for first in range(4, 8)), strict=False)
    return {key: value for key, place, _, value in entries if place == 0}


def _matrix(tags: dict[int, tuple[float, ...]], *, is_point: bool) -> np.ndarray:
    transformation = tags.get(GeoTag.TRANSFORMATION)
    ties, scale = tags.get(GeoTag.TIE_POINTS, ()), tags.get(GeoTag.PIXEL_SCALE, ())
    if transformation is not None:
        if len(transformation) != 16:
            raise Unreadable("the georeference is damaged", "Write the GeoTIFF again")
        matrix = np.array(transformation, dtype=np.float64).reshape(4, 4)[:2, [0, 1, 3]]
    elif len(ties) == 6 and len(scale) >= 2:
        (column, row, _, x, y, _), (step_x, step_y) = ties, scale[:2]
        matrix = np.array([[step_x, 0, x - column * step_x], [0, -step_y, y + row * step_y]])
    else:
        raise Unreadable(
            f"the picture is placed by {len(ties) // 6} control points, not by a straight mapping",
            "Rectify it first (gdalwarp)",
        )
    if is_point:  # then a pixel's centre has whole coordinates, not its corner
        matrix[:, 2] -= matrix[:, :2] @ (0.5, 0.5)
    with np.errstate(all="ignore"):
        usable = np.isfinite(matrix).all() and np.linalg.det(matrix[:, :2]) != 0
    if not usable:
        raise Unreadable("the georeference maps all pixels to one line", "Write the GeoTIFF again")
    return matrix
