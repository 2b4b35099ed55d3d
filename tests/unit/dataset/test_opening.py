"""Declared splits, groups and spacing; the fingerprint; folders that are no dataset."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from segwright.dataset import open_dataset
from segwright.errors import DataError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two parts, red and blue, of two patients' two slices each."""
    for part in ("red", "blue"):
        for name in ("p1_s1", "p1_s2", "p2_s1", "p2_s2"):
            for kind in ("images", "masks"):
                path = tmp_path / "data" / part / kind / f"{name}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                array = np.array([[0, 255, len(path.as_posix()) * (kind == "images")]])
                Pillow.fromarray(array.astype(np.uint8)).save(path)
    return tmp_path / "data"


def _declare(root: Path, text: str) -> None:
    (root / "dataset.yaml").write_text(text)


def test_parts_that_are_no_splits(root: Path) -> None:
    dataset = open_dataset(root)
    assert dataset.splits == ()
    assert dataset.keys[:2] == ("blue/p1_s1", "blue/p1_s2")
    assert len(dataset) == 8
    with pytest.raises(DataError, match="no split 'test'; it is not divided"):
        dataset.split("test")


@pytest.mark.parametrize(
    ("settings", "val"),
    [
        (
            "splits: {train: red, val: blue/}",
            {"blue/p1_s1", "blue/p1_s2", "blue/p2_s1", "blue/p2_s2"},
        ),
        (
            "splits: {train: ['*/p1_*'], val: ['*/p2_*']}",
            {"blue/p2_s1", "blue/p2_s2", "red/p2_s1", "red/p2_s2"},
        ),
        ("splits: {train: [red, 'blue/*_s1', blue/p1_s2], val: [blue/p2_s2]}", {"blue/p2_s2"}),
    ],
)
def test_declared_splits(root: Path, settings: str, val: set[str]) -> None:
    _declare(root, settings)
    assert set(open_dataset(root).split("val").keys) == val


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("splits: {train: red}", "4 pictures are in no split: blue/p1_s1"),
        ("splits: {train: [red, blue], val: 'red/*1'}", "2 pictures are in several splits"),
        ("splits: {train: [red, blue], val: green}", "green under 'val'"),
        ("groups: 'patient'", "not found in 8 of 8 names"),
    ],
)
def test_refuses_declarations(root: Path, settings: str, message: str) -> None:
    _declare(root, settings)
    with pytest.raises(DataError, match=message):
        open_dataset(root)


def test_groups_and_spacing(root: Path) -> None:
    _declare(root, "groups: '(p\\d)_'\nspacing: [0.5, 0.25]")
    dataset = open_dataset(root)
    assert [dataset.group(i) for i in range(4)] == ["p1", "p1", "p2", "p2"]
    assert dataset[2].group == "p2"
    assert dataset[2].image.spacing == (0.5, 0.25)
    assert "2 groups" in dataset.describe()


def test_is_a_sequence_of_samples(root: Path) -> None:
    dataset = open_dataset(root)
    assert [sample.key for sample in dataset] == list(dataset.keys)
    assert dataset[-1].key == dataset.keys[-1]
    assert dataset.subset([5, 1]).keys == (dataset.keys[5], dataset.keys[1])
    with pytest.raises(IndexError):
        dataset[8]


def test_fingerprint_follows_content_and_not_place(root: Path, tmp_path: Path) -> None:
    before = open_dataset(root).fingerprint()
    copy = tmp_path / "elsewhere"
    shutil.copytree(root, copy)
    assert open_dataset(copy).fingerprint() == before
    assert open_dataset(copy).subset([0]).fingerprint() != before
    Pillow.fromarray(np.array([[0, 255, 255]], np.uint8)).save(copy / "red" / "masks" / "p1_s1.png")
    changed = open_dataset(copy).fingerprint()
    assert changed != before
    _declare(copy, "classes: [thing]")
    assert open_dataset(copy).fingerprint() not in (before, changed)


def test_split_beside_a_stranger(root: Path) -> None:
    (root / "red").rename(root / "train")
    with pytest.raises(DataError, match="blue lies beside the splits"):
        open_dataset(root)


def test_folders_that_are_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no such folder.*images/ \+ masks/"):
        open_dataset(tmp_path / "absent")
    with pytest.raises(DataError, match=r"holds nothing\. Accepted are"):
        open_dataset(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is a file, not a folder"):
        open_dataset(tmp_path / "file")
    with pytest.raises(DataError, match="the folder holds file"):
        open_dataset(tmp_path)
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    with pytest.raises(DataError, match="images: holds no picture"):
        open_dataset(tmp_path)


def test_masks_of_a_declared_test_split_are_not_looked_at(root: Path) -> None:
    """They might not even be there yet as masks."""
    _declare(root, "splits: {train: red, test: blue}")
    for mask in (root / "blue/masks").iterdir():
        mask.write_bytes(b"sealed")
    dataset = open_dataset(root)
    assert dataset.split("train")[0].labels.size_hw == (1, 3)
    assert "(4 of 4 masks were looked at.)" in dataset.describe()
