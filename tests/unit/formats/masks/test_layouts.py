"""Which folders and files are taken for pictures and for masks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from segwright.dataset import open_dataset
from segwright.errors import DataError, LabelError
from segwright.formats.faults import Fault
from segwright.formats.masks.roles import read_name
from segwright.labels.instances import Instances

BINARY = np.array([[0, 255], [255, 255]], dtype=np.uint8)
PICTURE = np.array([[7, 60], [90, 120]], dtype=np.uint8)


def _save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(array).save(path)


def _fill(root: Path, images: Sequence[str], masks: Sequence[str]) -> Path:
    for name in images:
        _save(root / name, PICTURE)
    for name in masks:
        _save(root / name, BINARY)
    return root


@pytest.mark.parametrize(
    ("name", "role", "split"),
    [
        ("images", "images", None),
        ("JPEGImages", "images", None),
        ("train_images", "images", "train"),
        ("SegmentationClass", "masks", None),
        ("gt_binary_image", "masks", None),
        ("image_mask", "masks", None),
        ("Ground Truth", "masks", None),
        ("GroundTruth", "masks", None),
        ("1st_manual", "masks", None),
        ("trainannot", "masks", "train"),
        ("labels_val", "masks", "val"),
        ("gt_instance_image", "instances", None),
        ("field_of_view", "field_of_view", None),
        ("fov_masks", "field_of_view", None),
        ("dont_care", "ignore_masks", None),
        ("ISIC2018_Task1-2_Training_Input", "images", "train"),
        ("boundaries", None, None),
        ("depth_image", None, None),
        ("metadata", None, None),
    ],
)
def test_names_of_folders(name: str, role: str | None, split: str | None) -> None:
    found = read_name(name)
    assert (found.role, found.split) == (role, split)


@pytest.mark.parametrize(
    ("images", "masks", "keys", "splits"),
    [
        (["img/a.png"], ["labels/a.png"], ["a"], []),
        (["Original/1.tif"], ["Ground Truth/1.tif"], ["1"], []),
        (["a.jpg"], ["masks/a.png"], ["a"], []),
        (["01/t0.tif", "01/t1.tif"], ["01_GT/man0.tif", "01_GT/man1.tif"], None, []),
        (
            ["train/a.png", "val/b.png"],
            ["trainannot/a.png", "valannot/b.png"],
            ["a", "b"],
            ["train", "val"],
        ),
        (
            ["train_images/a.png", "test_images/b.png"],
            ["train_masks/a.png", "test_masks/b.png"],
            ["a", "b"],
            ["train", "test"],
        ),
        (
            ["images/training/a.jpg", "images/validation/b.jpg"],
            ["annotations/training/a.png", "annotations/validation/b.png"],
            ["a", "b"],
            ["train", "val"],
        ),
        (
            ["Set/Tile 1/images/a.jpg", "Set/Tile 1/images/b.jpg", "Set/Tile 2/images/a.jpg"],
            ["Set/Tile 1/masks/a.png", "Set/Tile 1/masks/b.png", "Set/Tile 2/masks/a.png"],
            ["Tile 1/a", "Tile 1/b", "Tile 2/a"],
            [],
        ),
        (
            ["left_images/a.png", "right_images/a.png"],
            ["left_masks/a.png", "right_masks/a.png"],
            ["left/a", "right/a"],
            [],
        ),
        (["a.jpg", "b.jpg"], ["a_mask.png", "b_mask.png"], ["a", "b"], []),
        (["1_s.bmp", "2_s.bmp"], ["1_s_GT.bmp", "2_s_GT.bmp"], ["1_s", "2_s"], []),
        (
            ["train/10_sat.jpg", "train/11_sat.jpg"],
            ["train/10_mask.png", "train/11_mask.png"],
            ["10_sat", "11_sat"],
            ["train"],
        ),
        (["image_1.png", "image_2.png"], ["label_1.png", "label_2.png"], None, []),
        (["a.jpg", "b.jpg"], ["a.png", "b.png"], ["a", "b"], []),
        (["x/a.png"], ["x/a_mask.png"], ["a"], []),
        (["frame_1.png", "frame_2.png"], ["frame_1_mask.png", "frame_2_mask.png"], None, []),
    ],
)
def test_layouts(
    tmp_path: Path,
    images: list[str],
    masks: list[str],
    keys: list[str] | None,
    splits: list[str],
) -> None:
    dataset = open_dataset(_fill(tmp_path, images, masks))
    assert sorted(e.image.relative_to(tmp_path).as_posix() for e in dataset.entries) == (
        sorted(images)
    )
    assert sorted(e.labels.paths[0].relative_to(tmp_path).as_posix() for e in dataset.entries) == (
        sorted(masks)
    )
    assert dataset.splits == tuple(splits)
    if keys is not None:
        assert sorted(dataset.keys) == keys
    assert "Pictures from" in dataset.describe()


def test_a_folder_for_each_picture(tmp_path: Path) -> None:
    for split in ("stage1_train", "stage1_test"):
        for name, number in (("ab", 2), ("cd", 0), ("ef", 1)):
            key = f"{split[-2:]}{name}"
            _save(tmp_path / split / key / "images" / f"{key}.png", PICTURE)
            (tmp_path / split / key / "masks").mkdir()
            for i in range(number):
                mask = np.zeros((2, 2), np.uint8)
                mask[i, i] = 255
                _save(tmp_path / split / key / "masks" / f"{i}d1f.png", mask)
    dataset = open_dataset(tmp_path)
    assert dataset.splits == ("train", "test")
    train = dataset.split("train")
    assert train.keys == ("inab", "incd", "inef")
    objects = [entry.labels.read() for entry in train.entries]
    assert [len(one.objects) for one in objects if isinstance(one, Instances)] == [2, 0, 1]
    assert dataset.classes.names == ("background", "object")
    assert train[0].labels.ids.tolist() == [[1, 0], [0, 1]]


def test_one_picture_and_one_mask_in_each_folder(tmp_path: Path) -> None:
    for name in ("0001", "0002"):
        _fill(tmp_path / name, ["img.png"], ["label.png"])
    dataset = open_dataset(tmp_path)
    assert dataset.keys == ("0001", "0002")
    assert dataset[0].labels.ids.tolist() == [[0, 1], [1, 1]]


def test_what_is_not_used_is_said(tmp_path: Path) -> None:
    _fill(tmp_path, ["images/a.png"], ["masks/a.png", "boundaries/a.png", "extra/a.png"])
    assert "not used: boundaries, extra." in open_dataset(tmp_path).describe()


def test_two_folders_that_may_be_the_masks(tmp_path: Path) -> None:
    """As in DRIVE, where 'mask' is the field of view."""
    _fill(tmp_path / "training", ["images/21.png"], ["1st_manual/21.png"])
    _save(tmp_path / "training/mask/21.png", np.array([[0, 255], [255, 255]], np.uint8))
    with pytest.raises(DataError, match=r"'1st_manual', 'mask' for the masks.*'masks: 1st_manual'"):
        open_dataset(tmp_path)
    declaration = "masks: 1st_manual\nfield_of_view: mask\n"
    (tmp_path / "dataset.yaml").write_text(declaration)
    dataset = open_dataset(tmp_path)
    assert dataset.splits == ("train",)
    assert dataset[0].labels.ids.tolist() == [[255, 1], [1, 1]]
    (tmp_path / "dataset.yaml").write_text("field_of_view: mask\n")
    assert open_dataset(tmp_path)[0].labels.ids.tolist() == [[255, 1], [1, 1]]


def test_declared_folders_and_patterns(tmp_path: Path) -> None:
    root = _fill(tmp_path, ["horses/a.png"], ["deep/shapes/a.png"])
    with pytest.raises(DataError, match="no pictures with labels"):
        open_dataset(root)
    (root / "dataset.yaml").write_text("images: horses\nmasks: deep/shapes")
    assert open_dataset(root).keys == ("a",)
    (root / "dataset.yaml").write_text("images: horses\nmasks: shape")
    with pytest.raises(DataError, match="no picture has a mask"):
        open_dataset(root)
    (root / "dataset.yaml").write_text("images: horse\nmasks: shape")
    with pytest.raises(DataError, match="no folder 'horse' or 'shape'; its folders are deep, hor"):
        open_dataset(root)
    (root / "dataset.yaml").write_text("images: ../x\nmasks: shape")
    with pytest.raises(DataError, match=r"'\.\./x', which is no folder in the dataset"):
        open_dataset(root)


def test_two_people_beside_the_pictures(tmp_path: Path) -> None:
    """As in CHASE_DB1: nothing tells whose drawing counts, so it must be declared."""
    names = ["Image_01L", "Image_02R"]
    _fill(
        tmp_path,
        [f"{name}.jpg" for name in names],
        [f"{name}_{who}.png" for name in names for who in ("1stHO", "2ndHO")],
    )
    with pytest.raises(DataError, match="no pictures with labels"):
        open_dataset(tmp_path)
    (tmp_path / "dataset.yaml").write_text("images: '*.jpg'\nmasks: '*_1stHO.png'")
    dataset = open_dataset(tmp_path)
    assert [e.labels.paths[0].stem for e in dataset.entries] == [f"{n}_1stHO" for n in names]


def test_masks_and_a_folder_that_may_be_the_pictures(tmp_path: Path) -> None:
    _fill(tmp_path, ["horses/a.png"], ["masks/a.png"])
    with pytest.raises(DataError, match=r"'horses' for the images.*'images: horses'"):
        open_dataset(tmp_path)


def test_every_fault_of_a_folder_is_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    for name in "abcd":
        _save(tmp_path / "train/images" / f"{name}.png", PICTURE)
        _save(tmp_path / "train/masks" / f"{name}.png", BINARY)
    (tmp_path / "train/masks/c.png").unlink()
    _save(tmp_path / "train/masks/x.png", BINARY)
    _save(tmp_path / "train/images/a.bmp", PICTURE)
    _save(tmp_path / "train/masks/b.png", np.array([[0, 9, *[255] * 20]], np.uint8))
    (tmp_path / "train/masks/d.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    _save(tmp_path / "test/images/z.png", PICTURE)
    faults: list[Fault] = []
    dataset = open_dataset(tmp_path, report=faults.append)
    found = {(fault.kind, fault.key) for fault in faults}
    assert {
        ("layout", None),
        ("name-twice", "a"),
        ("image-without-labels", "c"),
        ("labels-without-image", "x"),
    } <= found
    assert dataset.keys == ("a", "b", "d")
    assert dataset[0].labels.ids.tolist() == [[0, 1], [1, 1]]
    faults.clear()
    labels = dataset.entries[1].labels.read(faults.append)
    assert [(fault.kind, fault.key) for fault in faults] == [("blurred-mask", "b")]
    assert "row 0, column 1 (1 pixels" in faults[0].problem
    assert not isinstance(labels, Instances)
    assert labels.ids.tolist() == [[0, 255, *[1] * 20]]
    with pytest.raises(DataError):
        dataset.entries[2].labels.read(faults.append)


def test_an_ignore_mask(tmp_path: Path) -> None:
    _fill(tmp_path, ["images/a.png"], ["masks/a.png"])
    _save(tmp_path / "ignore/a.png", np.array([[0, 3], [0, 255]], np.uint8))
    assert open_dataset(tmp_path)[0].labels.ids.tolist() == [[0, 255], [1, 255]]
    _save(tmp_path / "ignore/a.png", np.array([[0, 3, 0]], np.uint8))
    with pytest.raises(LabelError, match=r"ignore/a\.png: is 1×3, its mask .*2×2"):
        open_dataset(tmp_path)[0]
