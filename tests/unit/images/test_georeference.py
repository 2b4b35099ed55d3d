"""Georeferences of small GeoTIFFs, computed by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import TiffImagePlugin

from segwright.errors import ImageError
from segwright.images.georeference import read_georeference


def _save(path: Path, doubles: dict[int, tuple[float, ...]], keys: tuple[int, ...] = ()) -> Path:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for number, values in doubles.items():
        tags.tagtype[number] = 12
        tags[number] = values
    if keys:
        tags.tagtype[34735] = 3
        tags[34735] = (1, 1, 0, len(keys) // 4, *keys)
    Pillow.new("L", (4, 3)).save(path, tiffinfo=tags)
    return path


SCALE, TIES, MATRIX = 33550, 33922, 34264
PLACED = {SCALE: (0.5, 0.25, 0), TIES: (0, 0, 0, 1000, 2000, 0)}


def test_scale_and_tie_point(tmp_path: Path) -> None:
    keys = (1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32616)
    read = read_georeference(_save(tmp_path / "a.tif", PLACED, keys))
    assert read is not None
    assert read.epsg == 32616
    # Down is south: y falls by 0.25 a row.
    np.testing.assert_array_equal(
        read.to_map(np.array([[0, 0], [4, 3]])), [[1000, 2000], [1002, 1999.25]]
    )
    np.testing.assert_allclose(read.to_pixels(np.array([[1001, 1999.5]])), [[2, 2]])


def test_the_tie_point_may_be_any_pixel(tmp_path: Path) -> None:
    tags = {SCALE: (2.0, 2.0, 0), TIES: (1.0, 2.0, 0, 100.0, 50.0, 0)}
    read = read_georeference(_save(tmp_path / "a.tif", tags))
    assert read is not None
    assert read.epsg is None
    np.testing.assert_array_equal(read.to_map(np.array([[1, 2], [0, 0]])), [[100, 50], [98, 54]])


def test_pixel_is_point_moves_by_half_a_pixel(tmp_path: Path) -> None:
    read = read_georeference(_save(tmp_path / "a.tif", PLACED, (1025, 0, 1, 2, 2048, 0, 1, 4326)))
    assert read is not None
    assert read.epsg == 4326
    np.testing.assert_array_equal(read.to_map(np.array([[0.5, 0.5]])), [[1000, 2000]])


def test_a_turned_picture(tmp_path: Path) -> None:
    matrix = (0, 2, 0, 10, 3, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 1)
    read = read_georeference(_save(tmp_path / "a.tif", {MATRIX: tuple(map(float, matrix))}))
    assert read is not None
    np.testing.assert_array_equal(read.to_map(np.array([[1, 0], [0, 1]])), [[10, 23], [12, 20]])
    np.testing.assert_allclose(read.to_pixels(np.array([[12, 23]])), [[1, 1]])


def test_none_where_nothing_is_said(tmp_path: Path) -> None:
    assert read_georeference(_save(tmp_path / "a.tif", {})) is None
    Pillow.new("L", (4, 3)).save(tmp_path / "a.png")
    assert read_georeference(tmp_path / "a.png") is None


def test_user_defined_systems_have_no_code(tmp_path: Path) -> None:
    read = read_georeference(_save(tmp_path / "a.tif", PLACED, (3072, 0, 1, 32767)))
    assert read is not None
    assert read.epsg is None


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({TIES: (0.0,) * 24}, "placed by 4 control points"),
        ({MATRIX: (1.0,) * 12}, "damaged"),
        ({MATRIX: (1.0,) * 16}, "one line"),
        ({SCALE: (float("nan"), 1.0, 0), TIES: (0.0,) * 6}, "one line"),
    ],
)
def test_refuses(tmp_path: Path, tags: dict[int, tuple[float, ...]], message: str) -> None:
    with pytest.raises(ImageError, match=rf"a\.tif: .*{message}"):
        read_georeference(_save(tmp_path / "a.tif", tags))


def test_the_real_scene(shared_data: Path) -> None:
    read = read_georeference(shared_data / "geotiff" / "sample_geotiff.tif")
    assert read is not None
    assert read.epsg == 32616
    assert read.matrix.tolist() == [[0.5, 0, 733601], [0, -0.5, 3725139]]
