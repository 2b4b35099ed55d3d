"""What is written is what another reader finds, and a failed write leaves the old file."""

from __future__ import annotations

import errno
import os

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from segwright.errors import StorageError, UsageError
from segwright.images import read_image, read_index, write_png


def random_array(shape, dtype):
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, shape, dtype)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((5, 7), "uint8"), ((5, 7), "uint16"), ((5, 7, 3), "uint8"), ((1, 1, 4), "uint8")],
)
def test_opencv_reads_back_what_was_written(tmp_path, shape, dtype):
    array = random_array(shape, dtype)
    write_png(tmp_path / "a.png", array)
    found = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    if array.ndim == 3:
        found = found[..., [2, 1, 0, 3][: shape[-1]]]
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    np.testing.assert_array_equal(
        read_index(tmp_path / "a.png"), array if array.ndim == 2 else array[..., :3]
    )


def test_indices_beyond_the_palette_survive(tmp_path):
    ids = np.array([[0, 1, 2], [11, 254, 255]], np.uint8)
    palette = np.array([[0, 0, 0], [200, 10, 20], [1, 2, 3]], np.uint8)
    write_png(tmp_path / "mask.png", ids, palette)

    picture = PillowImage.open(tmp_path / "mask.png")
    assert picture.mode == "P"
    np.testing.assert_array_equal(np.asarray(picture), ids)
    np.testing.assert_array_equal(read_index(tmp_path / "mask.png"), ids)
    colours = read_image(tmp_path / "mask.png").pixels
    assert colours[0].tolist() == palette.tolist()
    assert colours[1, 2].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 2), np.float32),
        np.zeros((2, 2), bool),
        np.zeros((2, 2, 3), np.uint16),
        np.zeros((2, 2, 2), np.uint8),
        np.zeros((0, 2), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_what_a_png_cannot_hold_is_refused(tmp_path, array):
    with pytest.raises(UsageError, match="accepted are"):
        write_png(tmp_path / "a.png", array)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "palette", [np.zeros((257, 3), np.uint8), np.zeros((3, 4), np.uint8), np.zeros((3, 3))]
)
def test_bad_palettes_are_refused(tmp_path, palette):
    with pytest.raises(UsageError, match="palette"):
        write_png(tmp_path / "a.png", np.zeros((2, 2), np.uint8), palette)
    with pytest.raises(UsageError, match="palette"):
        write_png(tmp_path / "a.png", np.zeros((2, 2), np.uint16), np.zeros((2, 3), np.uint8))


def test_missing_folder_is_a_storage_error_that_names_the_file(tmp_path):
    path = tmp_path / "absent" / "a.png"
    with pytest.raises(StorageError, match=r"absent/a\.png: .*Check that the folder exists"):
        write_png(path, np.zeros((2, 2), np.uint8))


def test_full_disk_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    write_png(path, np.full((2, 2), 7, np.uint8))

    def refuse(aside, path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(StorageError, match="No space left"):
        write_png(path, np.zeros((2, 2), np.uint8))
    assert os.listdir(tmp_path) == ["a.png"]
    assert (read_index(path) == 7).all()
