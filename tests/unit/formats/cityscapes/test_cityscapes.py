"""Cityscapes: folders made by hand, and what we write, read with Pillow and plain tables."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from tests.unit.formats.drawn import CLASSES, scenes, written

from segwright.dataset import open_dataset
from segwright.errors import DataError, LabelError, UnknownNameError
from segwright.formats.cityscapes.classes import LABELS, TRAINED
from segwright.formats.cityscapes.folders import CITYSCAPES
from segwright.formats.cityscapes.writing import key_of_name, name_of_key, write_cityscapes
from segwright.formats.faults import Fault, UnusableLabels
from segwright.formats.lost import Losses
from segwright.formats.writing import Export, Labelled
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances, as_instances
from segwright.labels.label_map import LabelMap
from segwright.labels.rle import RunLengths

# Label → number in training, from the benchmark's own evaluation.
TRAIN_IDS = {7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10, 24: 11}
TRAIN_IDS |= {25: 12, 26: 13, 27: 14, 28: 15, 31: 16, 32: 17, 33: 18}
EVERY = np.arange(34, dtype=np.uint8).reshape(2, 17)
FRAME = "aachen_000001_000019"


def _save(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(values).save(path)


def _put(
    root: Path,
    core: str = FRAME,
    *,
    place: str = "train/aachen",
    size_hw: tuple[int, int] = (2, 17),
    truth: str = "gtFine",
    **labels: Any,
) -> None:
    """A picture, and for each keyword (labelIds, instanceIds, polygons …) a file of labels."""
    _save(root / "leftImg8bit" / place / f"{core}_leftImg8bit.png", np.zeros(size_hw, np.uint8))
    for kind, content in labels.items():
        path = root / truth / place / f"{core}_{truth}_{kind}.png"
        if isinstance(content, np.ndarray):
            _save(path, content)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".json").write_text(json.dumps(content))


def _square(label: str, left: int, top: int, side: int, **more: Any) -> dict[str, Any]:
    right, bottom = left + side, top + side
    ring = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return {"label": label, "polygon": ring, **more}


# Labels


def test_the_19_classes_are_those_of_the_benchmark(tmp_path: Path) -> None:
    assert [label.number for label in LABELS] == [*range(34), -1]
    assert {one.number: one.train_number for one in TRAINED} == TRAIN_IDS
    _put(tmp_path, labelIds=EVERY)
    dataset = open_dataset(tmp_path)
    assert len(dataset.classes) == 19 and dataset.classes.background is None
    assert dataset.classes.names[0] == "road" and dataset.classes.names[18] == "bicycle"
    expected = [[TRAIN_IDS.get(int(value), 255) for value in row] for row in EVERY]
    assert dataset[0].labels.ids.tolist() == expected
    assert any("19 classes of Cityscapes' benchmark" in note for note in dataset.notes)


def test_training_numbers_where_only_they_are_stored(tmp_path: Path) -> None:
    ids = np.array([[0, 5, 18, 255]], np.uint8)
    _put(tmp_path, labelTrainIds=ids, size_hw=(1, 4))
    assert open_dataset(tmp_path)[0].labels.ids.tolist() == ids.tolist()


def test_dataset_yaml_chooses_labels(tmp_path: Path) -> None:
    _put(tmp_path, labelIds=EVERY)
    (tmp_path / "dataset.yaml").write_text("classes: [parking, {name: road, colour: '#010203'}]")
    dataset = open_dataset(tmp_path)
    assert dataset.classes.colours == ((250, 170, 160), (1, 2, 3))
    assert np.argwhere(dataset[0].labels.ids == 0).tolist() == [[0, 9]]
    (tmp_path / "dataset.yaml").write_text("classes: [raod]")
    with pytest.raises(UnknownNameError, match="'road'"):
        open_dataset(tmp_path)
    (tmp_path / "dataset.yaml").write_text("threshold: 7")
    with pytest.raises(DataError, match="threshold"):
        open_dataset(tmp_path)


def test_a_label_that_there_is_not(tmp_path: Path) -> None:
    _put(tmp_path, labelIds=EVERY + 1)
    faults: list[Fault] = []
    labels = open_dataset(tmp_path).entries[0].labels.read(faults.append)
    assert [fault.kind for fault in faults] == ["unknown-value"] and "34" in faults[0].problem
    assert isinstance(labels, LabelMap) and labels.ids[1, 16] == 255


# Objects


def test_objects_groups_and_stuff(tmp_path: Path) -> None:
    ids = np.array([[7, 7, 26, 26, 26, 24, 3, 29]], np.uint8)
    numbers = np.array([[7, 7, 26000, 26001, 26, 24, 3, 29004]], np.uint16)
    _put(tmp_path, labelIds=ids, instanceIds=numbers, size_hw=(1, 8))
    dataset = open_dataset(tmp_path)
    labels = as_instances(dataset.entries[0].labels.read())
    names = dict(enumerate(dataset.classes.names)) | {255: "-"}
    found = {
        one.name: (names[one.class_id], one.is_crowd, np.flatnonzero(region.mask()).tolist())
        for one, region in zip(labels.objects, labels.regions, strict=True)
    }
    assert found == {
        "ignored": ("-", False, [6, 7]),
        "road": ("road", False, [0, 1]),
        "car 0": ("car", False, [2]),
        "car 1": ("car", False, [3]),
        "cargroup": ("car", True, [4]),
        "persongroup": ("person", True, [5]),
    }
    # What is grouped has a class nevertheless, as in the benchmark.
    assert dataset[0].labels.ids.tolist() == [[0, 0, 13, 13, 13, 11, 255, 255]]


def test_masks_that_disagree(tmp_path: Path) -> None:
    numbers = np.array([[26000, 7, 3]], np.uint16)
    _put(tmp_path, labelIds=np.array([[26, 26, 26]], np.uint8), instanceIds=numbers, size_hw=(1, 3))
    faults: list[Fault] = []
    open_dataset(tmp_path).entries[0].labels.read(faults.append)
    assert [fault.kind for fault in faults] == ["masks-disagree"]
    assert "2 pixels" in faults[0].problem and "column 1" in faults[0].problem
    _put(tmp_path, instanceIds=numbers[:, :2], size_hw=(1, 3))
    with pytest.raises(LabelError, match="1×2"):
        open_dataset(tmp_path)[0]


def test_polygons_lie_on_each_other_in_their_order(tmp_path: Path) -> None:
    objects = [
        _square("sky", 0, 0, 10),
        _square("car", 1, 1, 2),
        _square("cargroup", 0, 0, 5),
        _square("road", 0, 4, 9),
        _square("license plate", 0, 0, 9),
        _square("car", 0, 0, 9, deleted=1),
        _square("out of roi", 9, 0, 1),
    ]
    record = {"imgHeight": 10, "imgWidth": 12, "objects": objects}
    _put(tmp_path, polygons=record, size_hw=(10, 12))
    dataset = open_dataset(tmp_path)
    expected = np.full((10, 12), 255)
    expected[0:10, 0:10] = 10
    expected[1:3, 1:3] = 13
    expected[0:5, 0:5] = 13  # the group lies on the car and has its class
    expected[4:10, 0:9] = 0
    expected[0:1, 9:10] = 255
    assert dataset[0].labels.ids.tolist() == expected.tolist()
    labels = as_instances(dataset.entries[0].labels.read())
    assert [one.is_crowd for one in labels.objects] == [False, False, True, False, False]
    assert any("1 pictures have no masks" in note for note in dataset.notes)


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ([], "bad-record"),
        ({"objects": {}}, "bad-record"),
        ({"objects": [3]}, "bad-record"),
        ({"objects": [{"polygon": [[0, 0]]}]}, "bad-record"),
        ({"objects": [_square("cow", 0, 0, 1)]}, "unknown-class"),
        ({"objects": [{"label": "car", "polygon": [[0, 0], [1, "2"], [1, 1]]}]}, "bad-record"),
        ({"objects": [{"label": "car", "polygon": [[0, 0], [1, 1e9], [1, 1]]}]}, "bad-coordinates"),
        ({"objects": [], "imgHeight": 3, "imgWidth": 2}, "size-differs"),
    ],
)
def test_polygons_that_are_none(tmp_path: Path, record: object, kind: str) -> None:
    _put(tmp_path, polygons=record, size_hw=(2, 3))
    faults: list[Fault] = []
    with suppress(UnusableLabels):
        open_dataset(tmp_path).entries[0].labels.read(faults.append)
    assert [(fault.kind, fault.how_bad) for fault in faults] == [(kind, "error")]


# Folders


def test_splits_sequences_and_a_test_split_without_labels(tmp_path: Path) -> None:
    for frame in ("aachen_000001_000019", "aachen_000001_000020", "aachen_000002_000019"):
        _put(tmp_path, frame, labelIds=EVERY)
    _put(tmp_path, "ulm_000001_000019", place="val/ulm", labelIds=EVERY)
    _put(tmp_path, "bonn_000001_000019", place="test/bonn")
    dataset = open_dataset(tmp_path)
    assert [(one.key, one.split, one.group) for one in dataset.entries] == [
        ("aachen_000001_000019", "train", "aachen_000001"),
        ("aachen_000001_000020", "train", "aachen_000001"),
        ("aachen_000002_000019", "train", "aachen_000002"),
        ("ulm_000001_000019", "val", "ulm_000001"),
    ]
    assert any("1 pictures of the test split have no labels" in note for note in dataset.notes)


def test_coarse_labels_are_read_where_there_are_no_fine_ones(tmp_path: Path) -> None:
    _put(tmp_path, place="train_extra/aachen", truth="gtCoarse", labelIds=EVERY)
    assert open_dataset(tmp_path).entries[0].split == "train"
    _put(tmp_path, "ulm_000001_000019", place="val/ulm", labelIds=EVERY)
    faults: list[Fault] = []
    dataset = open_dataset(tmp_path, report=faults.append)
    assert dataset.keys == ("ulm_000001_000019",)
    assert any("gtCoarse is left out" in note for note in dataset.notes)
    assert [fault.kind for fault in faults] == ["image-without-labels"]


def test_pictures_without_labels_and_the_reverse(tmp_path: Path) -> None:
    _put(tmp_path, labelIds=EVERY)
    _put(tmp_path, "aachen_000001_000020", instanceIds=EVERY)
    _save(tmp_path / "gtFine" / "val" / "ulm" / "x_gtFine_labelIds.png", EVERY)
    faults: list[Fault] = []
    assert open_dataset(tmp_path, report=faults.append).keys == (FRAME,)
    assert sorted((fault.kind, fault.key) for fault in faults) == [
        ("image-without-labels", "aachen_000001_000020"),
        ("labels-without-image", "x"),
    ]


def test_names_that_come_back_in_another_city(tmp_path: Path) -> None:
    for place in ("train/ulm", "train/bonn", "val/ulm"):
        _put(tmp_path, "0001", place=place, labelIds=EVERY)
    entries = open_dataset(tmp_path).entries
    assert [(one.key, one.split, one.group) for one in entries] == [
        ("train/bonn/0001", "train", "bonn"),
        ("train/ulm/0001", "train", "ulm"),
        ("val/ulm/0001", "val", "ulm"),
    ]


def test_opening_reads_no_label(tmp_path: Path) -> None:
    _put(tmp_path, labelIds=EVERY)
    (tmp_path / f"gtFine/train/aachen/{FRAME}_gtFine_labelIds.png").write_bytes(b"nothing")
    assert len(open_dataset(tmp_path)) == 1


# Round trips


@given(st.text("ab_/%", min_size=1, max_size=8))
def test_names_with_folders_come_back(text: str) -> None:
    key = "/".join(part for part in text.split("/") if part) or "a"
    assert "/" not in name_of_key(key) and key_of_name(name_of_key(key)) == key


@settings(max_examples=15)
@given(st.lists(scenes(), min_size=1, max_size=3))
def test_what_is_written_is_what_is_painted(drawn: list[Instances]) -> None:
    with written(CITYSCAPES, drawn, splits=("train", None, "test")) as (folder, losses):
        for number, scene in enumerate(drawn):
            split = ("train", "unsplit", "test")[number]
            stem = folder / "gtFine" / split / "ungrouped" / f"deep__p{number}_gtFine_"
            with Pillow.open(f"{stem}labelIds.png") as stored:
                ids = np.asarray(stored)
            # Four foreign classes from 34 on; what is ignored is unlabeled.
            expected = scene.label_map().ids.astype(int) + 34
            expected[expected == 255 + 34] = 0
            assert np.array_equal(ids, expected)
            with Pillow.open(f"{stem}instanceIds.png") as stored:
                numbers = np.asarray(stored).astype(int)
            labels = np.where(numbers >= 1000, numbers // 1000, numbers)
            assert np.array_equal(labels, ids)
            with Pillow.open(f"{stem}color.png") as stored:
                assert {*map(tuple, np.asarray(stored)[ids == 36].tolist())} <= {CLASSES.colours[2]}
            record = json.loads(Path(f"{stem}polygons.json").read_text())
            assert (record["imgHeight"], record["imgWidth"]) == scene.size_hw
            assert {one["label"] for one in record["objects"]} <= {*CLASSES.names, "unlabeled"}
        for entry in open_dataset(folder).entries:
            scene = drawn[int(entry.key[-1])]
            after = entry.labels.read()
            assert isinstance(after, Instances) and entry.key.startswith("deep/")
            assert np.array_equal(after.label_map().ids, scene.label_map().ids)
            if not losses["overlap"]:
                things = [one for one in scene.objects if not one.is_crowd and one.class_id != 255]
                assert sum(one.class_id != 255 for one in after.objects) == len(things)


def test_own_classes_keep_their_numbers_and_groups(tmp_path: Path) -> None:
    ids = np.array([[7, 26, 26, 26, 9]], np.uint8)
    numbers = np.array([[7, 26000, 26001, 26, 9]], np.uint16)
    _put(tmp_path, labelIds=ids, instanceIds=numbers, size_hw=(1, 5))
    labels = open_dataset(tmp_path).entries[0].labels.read()
    with written(CITYSCAPES, [labels], splits=("val",)) as (folder, losses):
        assert not (folder / "dataset.yaml").exists()
        stem = folder / "gtFine" / "val" / "ungrouped" / "deep__p0_gtFine_"
        with Pillow.open(f"{stem}instanceIds.png") as stored:
            assert np.asarray(stored).tolist() == [[7, 26000, 26001, 26, 0]]
        with Pillow.open(f"{stem}color.png") as stored:
            assert stored.getpixel((1, 0)) == (0, 0, 142)
        record = json.loads(Path(f"{stem}polygons.json").read_text())
        assert sorted(one["label"] for one in record["objects"]) == [
            "car",
            "car",
            "cargroup",
            "road",
            "unlabeled",
        ]
        after = as_instances(open_dataset(folder).entries[0].labels.read())
        assert sorted(one.is_crowd for one in after.objects) == [False] * 4 + [True]
    assert not losses


def test_a_label_map_gets_no_objects() -> None:
    classes = Classes(("car", "robot", "nothing"), ((1, 2, 3), (4, 5, 6), (7, 8, 9)), 2)
    ids = np.array([[0, 1, 2, 255]], np.uint8)
    with written(CITYSCAPES, [LabelMap(ids, classes)]) as (folder, losses):
        stem = folder / "gtFine" / "unsplit" / "ungrouped" / "deep__p0_gtFine_"
        assert not Path(f"{stem}instanceIds.png").exists()
        with Pillow.open(f"{stem}labelIds.png") as stored:
            assert np.asarray(stored).tolist() == [[26, 34, 35, 0]]
        dataset = open_dataset(folder)
        assert dataset.classes == classes
        after = dataset.entries[0].labels.read()
        assert isinstance(after, LabelMap) and after.ids.tolist() == ids.tolist()
    assert not losses


def test_stuff_of_one_class_becomes_one() -> None:
    classes = Classes.named(["road", "car"])
    pixels = np.eye(6, dtype=bool).reshape(6, 2, 3)
    objects = tuple(Instance(i // 3, RunLengths.from_mask(pixels[i])) for i in range(6))
    scene = Instances((2, 3), objects, classes)
    with written(CITYSCAPES, [scene]) as (folder, losses):
        after = as_instances(open_dataset(folder).entries[0].labels.read())
        assert [one.class_id for one in after.objects].count(0) == 1
        assert [one.class_id for one in after.objects].count(1) == 3
    assert losses == {"identity": 3}


def test_photos_become_png_without_loss(shared_data: Path, tmp_path: Path) -> None:
    dataset = open_dataset(shared_data / "camvid").subset([0])
    entry, labels = dataset.entries[0], dataset.entries[0].labels.read()
    assert isinstance(labels, LabelMap)
    losses = Losses()
    picture = Labelled("a", entry.image, labels.size_hw, labels, "val", "0006R0")
    write_cityscapes(Export(tmp_path, dataset.classes, [picture], losses))
    after = open_dataset(tmp_path)
    assert [(one.split, one.group) for one in after.entries] == [("val", "0006R0")]
    with Pillow.open(after.entries[0].image) as mine, Pillow.open(entry.image) as its:
        assert mine.format == "PNG" and np.array_equal(np.asarray(mine), np.asarray(its))
    assert np.array_equal(after[0].labels.ids, labels.ids)
    assert losses == {"image": 1}
