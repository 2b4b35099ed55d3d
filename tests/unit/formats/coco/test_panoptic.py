"""COCO panoptic: files made by hand, and what we write, decoded here."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from tests.unit.formats.drawn import CLASSES, regions_of, reopened, scenes, written

from segwright.dataset import open_dataset
from segwright.errors import DataError
from segwright.formats.coco.panoptic import COCO_PANOPTIC
from segwright.formats.faults import Fault
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances
from segwright.labels.label_map import LabelMap
from segwright.labels.rle import RunLengths, regions_by_id
from segwright.labels.shapes import Polygons, region_of

BIG = 5 + 256 * 7 + 65536 * 250
IDS = np.array([[0, 1, 1, 300], [0, 1, BIG, 300], [0, 0, BIG, 300]])
DOCUMENT: dict[str, Any] = {
    "images": [{"id": 2**40, "file_name": "a.jpg", "height": 3, "width": 4}],
    "categories": [
        {"id": 17, "name": "cat", "isthing": 1},
        {"id": 2**33, "name": "sky", "isthing": 0},
    ],
    "annotations": [
        {
            "image_id": 2**40,
            "file_name": "a.png",
            "segments_info": [
                {"id": 1, "category_id": 17, "iscrowd": 0, "area": 3, "bbox": [1, 0, 2, 2]},
                {"id": 300, "category_id": 2**33, "iscrowd": 0, "area": 3, "tint": "grey"},
                {"id": BIG, "category_id": 17, "iscrowd": 1, "area": 2},
            ],
        }
    ],
}


def _write(root: Path, document: object, ids: np.ndarray = IDS) -> Path:
    folder = root / "annotations" / "panoptic_val2017"
    folder.mkdir(parents=True)
    (root / "val2017").mkdir()
    Pillow.new("RGB", (4, 3)).save(root / "val2017" / "a.jpg")
    red, green, blue = ids % 256, ids // 256 % 256, ids // 65536
    Pillow.fromarray(np.dstack((red, green, blue)).astype(np.uint8)).save(folder / "a.png")
    folder.with_suffix(".json").write_text(json.dumps(document))
    return root


def _faults(root: Path) -> tuple[list[tuple[str, str]], Instances]:
    faults: list[Fault] = []
    dataset = open_dataset(root, report=faults.append)
    read = dataset.entries[0].labels.read(faults.append)
    assert isinstance(read, Instances)
    return [(one.kind, one.problem) for one in faults], read


def test_segments_stuff_crowd_and_void(tmp_path: Path) -> None:
    dataset = open_dataset(_write(tmp_path, DOCUMENT))
    assert (dataset.classes.names, dataset.classes.background) == (("cat", "sky"), None)
    assert dataset.splits == ("val",)
    assert "Stuff: sky." in " ".join(dataset.notes)
    read = dataset.entries[0].labels.read()
    assert isinstance(read, Instances)
    assert [(one.class_id, one.is_crowd, dict(one.attributes)) for one in read.objects] == [
        (255, False, {}),
        (0, False, {}),
        (1, False, {"isthing": False, "tint": "grey"}),
        (0, True, {}),
    ]
    for one, number in zip(read.objects, (0, 1, 300, BIG), strict=True):
        np.testing.assert_array_equal(region_of(one.shape, (3, 4)).mask(), number == IDS)
    assert dataset[0].labels.ids.tolist() == [[255, 0, 0, 1], [255, 0, 255, 1], [255, 255, 255, 1]]


def test_pngs_beside_the_folder_of_annotations(tmp_path: Path) -> None:
    root = _write(tmp_path, DOCUMENT)
    (root / "annotations" / "panoptic_val2017").rename(root / "panoptic_val2017")
    assert open_dataset(root)[0].labels.ids[0].tolist() == [255, 0, 0, 1]


def test_faults(tmp_path: Path) -> None:
    document = copy.deepcopy(DOCUMENT)
    segments = document["annotations"][0]["segments_info"]
    segments[0]["area"] = 4
    segments[1]["category_id"] = 5
    segments[2]["id"] = 299
    segments += [{"id": "1", "category_id": 17}, {"id": 1, "category_id": 17}]
    faults, read = _faults(_write(tmp_path, document))
    assert [kind for kind, _ in faults] == [
        *("area-differs", "unknown-class", "empty-shape", "bad-record", "empty-shape"),
        "unknown-value",
    ]
    assert f"2 pixels have the id {BIG}, which has no record" in faults[-1][1]
    # What nobody knows is ignored.
    assert read.label_map().ids.tolist() == [[255, 0, 0, 255], [255, 0, 255, 255], [255] * 4]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda root: (root / "annotations/panoptic_val2017/a.png").unlink(), "image-without"),
        (
            lambda root: Pillow.new("RGB", (3, 4)).save(
                root / "annotations/panoptic_val2017/a.png"
            ),
            "another size|is .4, 3., but the picture is .3, 4.",
        ),
        (
            lambda root: Pillow.new("I;16", (4, 3)).save(
                root / "annotations/panoptic_val2017/a.png"
            ),
            "uint16",
        ),
    ],
)
def test_refuses(tmp_path: Path, change: Any, kind: str) -> None:
    root = _write(tmp_path, DOCUMENT)
    change(root)
    with pytest.raises(DataError, match=kind.replace("image-without", r"PNG a\.png is missing")):
        open_dataset(root)[0]


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_regions_by_id(height: int, width: int, count: int, seed: int) -> None:
    ids = np.random.default_rng(seed).integers(0, count, (height, width)) * 70_000
    regions = regions_by_id(ids)
    assert list(regions) == np.unique(ids).tolist()
    for number, region in regions.items():
        np.testing.assert_array_equal(region.mask(), ids == number)


@settings(max_examples=60)
@given(scenes())
def test_written_as_it_is_painted(drawn: Instances) -> None:
    height, width = drawn.size_hw
    painted = drawn.label_map().ids
    covered = sum(
        (region.mask().astype(int) for region in drawn.regions), np.zeros((height, width))
    )
    with written(COCO_PANOPTIC, [drawn]) as (folder, losses):
        png = np.asarray(Pillow.open(folder / "annotations/panoptic_all/deep/p0.png"))
        content = json.loads((folder / "annotations/panoptic_all.json").read_text())
        ids = png.astype(int) @ [1, 256, 65536]
        names = {one["id"]: one["name"] for one in content["categories"]}
        segments = content["annotations"][0]["segments_info"]
        assert {one["id"] for one in segments} == set(np.unique(ids)) - {0}
        for one in segments:
            assert one["area"] == (ids == one["id"]).sum()
            class_id = CLASSES.names.index(names[one["category_id"]])
            if not one["iscrowd"]:
                assert (painted[ids == one["id"]] == class_id).all()
        assert losses["overlap"] == (covered > 1).sum()
        assert losses["vertices"] == sum(isinstance(o.shape, Polygons) for o in drawn.objects)
        kept = sum(one.class_id != 255 for one in drawn.objects)
        assert losses["hidden"] == kept - sum(one["id"] <= len(drawn.objects) for one in segments)
        if segments:
            np.testing.assert_array_equal(reopened(folder, "coco-panoptic")[0].labels.ids, painted)


def test_segments_come_back_as_they_were(tmp_path: Path) -> None:
    before = open_dataset(_write(tmp_path, DOCUMENT)).entries[0].labels.read()
    assert isinstance(before, Instances)
    with written(COCO_PANOPTIC, [before], splits=["train"]) as (folder, losses):
        dataset = open_dataset(folder)
        after = dataset.entries[0].labels.read()
        assert isinstance(after, Instances)
        assert dataset.splits == ("train",)
        assert after.classes == before.classes
        assert regions_of(after) == regions_of(before)
        for one, two in zip(before.objects, after.objects, strict=True):
            assert (one.class_id, one.is_crowd) == (two.class_id, two.is_crowd)
            assert one.attributes == two.attributes
    assert not losses


def test_label_maps(tmp_path: Path) -> None:
    classes = Classes.named(["road", "car"])
    ids = np.random.default_rng(1).choice([0, 1, 255], (6, 5)).astype(np.uint8)
    with written(COCO_PANOPTIC, [LabelMap(ids, classes)]) as (folder, losses):
        content = json.loads((folder / "annotations/panoptic_all.json").read_text())
        assert [one["isthing"] for one in content["categories"]] == [0, 0]
        dataset = open_dataset(folder)
        assert dataset.classes == classes
        np.testing.assert_array_equal(dataset[0].labels.ids, ids)
    assert not losses


def test_hidden_objects_are_counted() -> None:
    pixel = RunLengths((2, 2), np.array([0, 1, 3]))
    scene = Instances((2, 2), (Instance(1, pixel), Instance(2, pixel)), CLASSES)
    with written(COCO_PANOPTIC, [scene]) as (_, losses):
        assert dict(losses) == {"overlap": 1, "hidden": 1}
