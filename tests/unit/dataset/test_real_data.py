"""Real datasets as they come, against numbers read from the files by other means."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from pycocotools import mask as oracle

from segwright.dataset import ensure_split, measure_facts, open_dataset
from segwright.errors import LabelError


def _values(path: Path) -> np.ndarray:
    return np.array(Pillow.open(path))


def test_camvid(shared_data: Path) -> None:
    dataset = open_dataset(shared_data / "camvid")
    assert {name: len(dataset.split(name)) for name in dataset.splits} == {
        "train": 367,
        "val": 101,
        "test": 233,
    }
    assert len(dataset.classes) == 11
    assert dataset.classes.names[:3] == ("sky", "building", "pole")
    assert dataset.classes.background is None
    assert "Ignored: class 'void'" in dataset.describe()
    sample = dataset.split("train")[0]
    assert (sample.key, sample.image.size_hw) == ("0001TP_006690", (360, 480))
    stored = _values(shared_data / "camvid/train/masks/0001TP_006690.png")
    np.testing.assert_array_equal(sample.labels.ids, np.where(stored == 11, 255, stored))
    assert sample.labels.ids[350, 240] == dataset.classes.names.index("road")


def test_camvid_facts(shared_data: Path) -> None:
    dataset = open_dataset(shared_data / "camvid").split("val").subset(range(0, 101, 10))
    facts = measure_facts(dataset)
    masks = [_values(entry.labels.paths[0]) for entry in dataset.entries]
    counts = sum(np.bincount(mask.ravel(), minlength=12) for mask in masks)
    np.testing.assert_allclose(facts.class_fraction, counts[:11] / counts[:11].sum())
    assert facts.ignored_fraction == pytest.approx(counts[11] / counts.sum())
    assert facts.images_with_class == tuple(
        sum(bool((mask == k).any()) for mask in masks) for k in range(11)
    )
    assert facts.size_hw_median == (360, 480)
    pixels = np.stack([_values(entry.image) for entry in dataset.entries])
    np.testing.assert_allclose(facts.mean, pixels.mean(axis=(0, 1, 2)) / 255, atol=0.005)


def test_retina(shared_data: Path) -> None:
    dataset = open_dataset(shared_data / "retina")
    assert dataset.splits == ("train", "val")
    assert (len(dataset.split("train")), len(dataset.split("val"))) == (14, 6)
    assert dataset.classes.names == ("background", "foreground")
    sample = dataset[0]
    assert sample.image.size_hw == (584, 565)
    vessels = _values(shared_data / "retina/train/masks/21.gif") > 0
    seen = _values(shared_data / "retina/train/field_of_view/21.gif") > 0
    np.testing.assert_array_equal(sample.labels.ids, np.where(seen, vessels, 255))
    assert sample.labels.ids[0, 0] == 255


def test_membranes(shared_data: Path) -> None:
    dataset = open_dataset(shared_data / "membranes")
    assert (len(dataset), dataset.splits) == (30, ())
    assert dataset.classes.background == 0
    stored = _values(shared_data / "membranes/masks/07.png")
    np.testing.assert_array_equal(dataset[7].labels.ids, stored // 255)
    divided, text = ensure_split(dataset, seed=0)
    assert divided.split("val").keys == ("24", "25", "26", "27", "28", "29")
    assert "6 of 30" in text


def test_nuclei_are_what_pycocotools_draws(shared_data: Path) -> None:
    dataset = open_dataset(shared_data / "nuclei")
    assert (len(dataset.split("train")), len(dataset.split("val"))) == (211, 42)
    assert dataset.classes.names == ("background", "nucleus")
    document = json.loads((shared_data / "nuclei/val.json").read_text())
    validation = dataset.split("val")
    for index in range(0, 42, 8):
        (image,) = (i for i in document["images"] if i["file_name"][:-4] == validation.keys[index])
        runs = [a["segmentation"] for a in document["annotations"] if a["image_id"] == image["id"]]
        expected = oracle.decode(oracle.merge(runs))
        np.testing.assert_array_equal(validation[index].labels.ids, expected)


def test_fruits_are_nearly_what_pycocotools_draws(shared_data: Path) -> None:
    dataset = open_dataset(shared_data / "fruits")
    assert len(dataset) == 18
    assert dataset.classes.names == ("background", "date", "fig", "hazelnut")
    document = json.loads((shared_data / "fruits/trainval.json").read_text())
    sample = dataset[0]
    assert sample.labels.size_hw == (600, 800)
    for category in (1, 2, 3):
        runs = [
            oracle.merge(oracle.frPyObjects(a["segmentation"], 600, 800))
            for a in document["annotations"]
            if a["image_id"] == 0 and a["category_id"] == category
        ]
        expected = oracle.decode(oracle.merge(runs)) > 0
        found = sample.labels.ids == category
        assert (found & expected).sum() / (found | expected).sum() > 0.99


def test_magnetic_tile_masks_are_anti_aliased(shared_data: Path) -> None:
    with pytest.raises(LabelError, match="'threshold: 128'"):
        open_dataset(shared_data / "magnetic_tile")


@pytest.mark.parametrize("name", ["camvid", "retina", "membranes", "nuclei", "fruits"])
def test_the_fingerprint_of_real_data_is_stable(shared_data: Path, name: str) -> None:
    dataset = open_dataset(shared_data / name)
    part = dataset.subset(range(0, len(dataset), 7))
    assert (
        part.fingerprint()
        == open_dataset(shared_data / name).subset(range(0, len(dataset), 7)).fingerprint()
    )
