"""COCO files that we write: read back by us, and by pycocotools."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO as Oracle
from tests.unit.formats.drawn import CLASSES, regions_of, reopened, scenes, written

from segwright.dataset import open_dataset
from segwright.formats.coco.folders import COCO
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances
from segwright.labels.label_map import LabelMap
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygon, Polygons, region_of


@settings(max_examples=60)
@given(st.lists(scenes(), min_size=1, max_size=3))
def test_round_trip(drawn: list[Instances]) -> None:
    if not any(one.objects for one in drawn):
        return
    with written(COCO, drawn) as (folder, losses):
        dataset = reopened(folder, "coco")
        holed = 0
        for number, scene in enumerate(drawn):
            entry = dataset.entries[number]
            assert entry.key == f"deep/p{number}"
            again = entry.labels.read()
            assert isinstance(again, Instances)
            assert regions_of(again) == regions_of(scene)
            for one, two in zip(scene.objects, again.objects, strict=True):
                assert (one.class_id, one.is_crowd) == (two.class_id, two.is_crowd)
                assert (one.score, dict(one.attributes)) == (two.score, dict(two.attributes))
                holed += isinstance(one.shape, Polygons) and one.shape.num_holes > 0
                if isinstance(one.shape, Polygons) and not one.shape.num_holes:
                    assert isinstance(two.shape, Polygons)
                    for mine, its in zip(one.shape.rings, two.shape.rings, strict=True):
                        np.testing.assert_array_equal(mine, its)
        assert dict(losses) == ({"vertices": holed} if holed else {})


@settings(max_examples=30)
@given(scenes())
def test_pycocotools_sees_the_same_pixels(drawn: Instances) -> None:
    """In run lengths; its own rule for the edges of polygons differs from everybody's."""
    objects = tuple(one for one in drawn.objects if isinstance(one.shape, RunLengths))
    scene = Instances(drawn.size_hw, objects, CLASSES)
    with written(COCO, [scene]) as (folder, _), contextlib.redirect_stdout(io.StringIO()):
        oracle = Oracle(str(folder / "all.json"))
        assert len(oracle.anns) == len(objects)
        for number, one in enumerate(objects, start=1):
            mask = oracle.annToMask(oracle.anns[number])
            np.testing.assert_array_equal(mask, region_of(one.shape, scene.size_hw).mask())
            assert oracle.anns[number]["area"] == mask.sum()


def test_everything_in_one_file(tmp_path: Path) -> None:
    square = np.array([[1, 1], [3, 1], [3, 3], [1, 3]], dtype=np.float64)
    hole = np.array([[1.5, 1.5], [2.5, 1.5], [2.5, 2.5], [1.5, 2.5]])
    objects = (
        Instance(2, Polygons((Polygon(square), Polygon(square + 2)))),
        Instance(1, Polygons((Polygon(square, (hole,)),)), attributes={"id": 9, "side": "left"}),
        Instance(3, Box(0, 0, 4, 2), is_crowd=True, score=0.25),
        Instance(255, RunLengths((6, 5), np.array([28, 2]))),
    )
    scene = Instances((6, 5), objects, CLASSES)
    with written(COCO, [scene], splits=["val"]) as (folder, losses):
        content = json.loads((folder / "val.json").read_text())
        assert (folder / "val" / "deep" / "p0.png").is_file()
    assert dict(losses) == {"vertices": 1, "boxes": 1}
    names = {one["id"]: one["name"] for one in content["categories"]}
    assert names == {1: "ant", 2: "cat", 3: "dog", 4: "ignore"}
    pieces, holed, crowd, ignored = content["annotations"]
    assert pieces["segmentation"] == [
        [1, 1, 3, 1, 3, 3, 1, 3],
        [3, 3, 5, 3, 5, 5, 3, 5],
    ]
    assert (pieces["area"], pieces["bbox"], pieces["category_id"]) == (8, [1, 1, 4, 4], 2)
    assert holed["segmentation"]["size"] == [6, 5]
    assert holed["attributes"] == {"id": 9, "side": "left"}
    assert (crowd["iscrowd"], crowd["score"], crowd["area"]) == (1, 0.25, 8)
    assert ignored["category_id"] == 4


def test_label_maps_and_splits() -> None:
    ids = np.random.default_rng(0).choice([0, 1, 2, 3, 255], (2, 7, 5)).astype(np.uint8)
    maps = [LabelMap(one, CLASSES) for one in ids]
    with written(COCO, maps, splits=["train", "test"]) as (folder, losses):
        dataset = reopened(folder, "coco")
        assert dataset.splits == ("train", "test")
        for number in range(2):
            np.testing.assert_array_equal(dataset[number].labels.ids, ids[number])
    assert not losses


def test_without_background_what_is_not_drawn_stays_ignored() -> None:
    classes = Classes.named(["ant", "cat"])
    region = RunLengths((4, 4), np.array([0, 4, 12]))
    scene = Instances((4, 4), (Instance(1, region),), classes)
    with written(COCO, [scene]) as (folder, _):
        (folder / "dataset.yaml").write_text("background: false\n")
        dataset = open_dataset(folder)
        assert dataset.classes.names == ("ant", "cat")
        ids = dataset[0].labels.ids
        assert dataset[0].labels.ids.tolist() == scene.label_map().ids.tolist()
        (folder / "dataset.yaml").unlink()
        other = open_dataset(folder)[0].labels.ids
        np.testing.assert_array_equal(other == 255, ids == 255)


@pytest.mark.parametrize("name", ["nuclei", "fruits"])
def test_real_data(shared_data: Path, name: str) -> None:
    dataset = open_dataset(shared_data / name)
    picked = dataset.entries[:: len(dataset.entries) // 6]
    drawn = [entry.labels.read() for entry in picked]
    with written(COCO, drawn) as (folder, losses):
        again = open_dataset(folder)
        assert again.classes == dataset.classes
        for one, two in zip(drawn, again.entries, strict=True):
            assert isinstance(one, Instances)
            other = two.labels.read()
            assert isinstance(other, Instances)
            assert regions_of(other) == regions_of(one)
            assert [type(o.shape) for o in one.objects] == [type(o.shape) for o in other.objects]
    assert not losses
