"""COCO in and out, on files made by hand; pycocotools as the oracle."""

from __future__ import annotations

import copy
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from pycocotools import mask as oracle

from segwright.dataset import open_dataset
from segwright.errors import DataError, LabelError
from segwright.formats.coco.folders import coco_files_in
from segwright.formats.coco.records import CocoFile, read_coco
from segwright.formats.coco.results import semantic_to_coco
from segwright.formats.faults import Fault
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap


def _box(left: int, top: int, right: int, bottom: int) -> list[list[int]]:
    return [[left, top, right, top, right, bottom, left, bottom]]


def _object(number: int, category: int, segmentation: object, **more: object) -> dict[str, Any]:
    return {
        "id": number,
        "image_id": 5,
        "category_id": category,
        "segmentation": segmentation,
    } | more


DOCUMENT: dict[str, Any] = {
    "images": [{"id": 5, "file_name": "a.png", "height": 4, "width": 6}],
    "categories": [{"id": 70, "name": "cat"}, {"id": 3, "name": "ant"}],
    "annotations": [
        _object(1, 3, _box(0, 0, 2, 2)),
        _object(2, 70, _box(0, 0, 5, 4)),
        _object(3, 3, {"size": [4, 6], "counts": [16, 8]}, iscrowd=1),
    ],
}


def _write(root: Path, document: object, *, name: str = "all.json", folder: str = "images") -> Path:
    (root / folder).mkdir(parents=True, exist_ok=True)
    Pillow.new("L", (6, 4)).save(root / folder / "a.png")
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(json.dumps(document))
    return root


def test_sparse_ids_small_over_large_crowd_ignored(tmp_path: Path) -> None:
    dataset = open_dataset(_write(tmp_path, DOCUMENT))
    assert dataset.classes.names == ("background", "ant", "cat")
    assert dataset.classes.background == 0
    assert dataset[0].labels.ids.tolist() == [
        [1, 1, 2, 2, 2, 255],
        [1, 1, 2, 2, 2, 255],
        [2, 2, 2, 2, 2, 255],
        [2, 2, 2, 2, 2, 255],
    ]


def test_the_type_that_older_files_name(tmp_path: Path) -> None:
    dataset = open_dataset(_write(tmp_path, {"type": "instances", **DOCUMENT}))
    assert dataset.keys == ("a",)


def test_of_equal_objects_the_later_wins(tmp_path: Path) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["annotations"] = [_object(1, 70, _box(0, 0, 6, 4)), _object(2, 3, _box(0, 0, 6, 4))]
    assert (open_dataset(_write(tmp_path, document))[0].labels.ids == 1).all()


@pytest.mark.parametrize(
    ("name", "folder", "splits"),
    [
        ("all.json", "images", ()),
        ("train.json", "train", ("train",)),
        ("valid.json", "images/valid", ("val",)),
        ("annotations/instances_val2017.json", "val2017", ("val",)),
        ("annotations/instances_train2017.json", "images/train2017", ("train",)),
        ("annotations/instances_default.json", "images", ()),
        ("train/_annotations.coco.json", "train", ("train",)),
        ("valid/_annotations.coco.json", "valid", ("val",)),
        ("labels.json", "data", ()),
        ("result.json", ".", ()),
        ("annotations/train_coco.json", "images", ("train",)),
        ("coco_annotations_val2017.json", "val2017", ("val",)),
        ("trainval.json", "images", ()),
    ],
)
def test_layouts(tmp_path: Path, name: str, folder: str, splits: tuple[str, ...]) -> None:
    dataset = open_dataset(_write(tmp_path, DOCUMENT, name=name, folder=folder))
    assert dataset.keys == ("a",)
    assert dataset.splits == splits


def test_compressed_runs_are_read_like_pycocotools_wrote_them(tmp_path: Path) -> None:
    drawn = np.zeros((4, 6), dtype=np.uint8)
    drawn[1:3, 2:5] = 1
    runs = oracle.encode(np.asfortranarray(drawn))
    document = copy.deepcopy(DOCUMENT)
    segmentation = {"size": [4, 6], "counts": runs["counts"].decode()}
    document["annotations"] = [_object(1, 3, segmentation)]
    np.testing.assert_array_equal(open_dataset(_write(tmp_path, document))[0].labels.ids, drawn)


def test_missing_and_unmentioned_pictures(tmp_path: Path) -> None:
    root = _write(tmp_path, DOCUMENT)
    Pillow.new("L", (6, 4)).save(root / "images" / "extra.png")
    with pytest.raises(DataError, match=r"1 of 2 pictures are in no COCO file: extra\.png"):
        open_dataset(root)
    (root / "images" / "extra.png").unlink()
    document = copy.deepcopy(DOCUMENT)
    document["images"].append({"id": 6, "file_name": "b.png", "height": 4, "width": 6})
    with pytest.raises(DataError, match=r"1 of 2 pictures are missing in .*: b\.png"):
        open_dataset(_write(tmp_path, document))


def test_unclear_splits(tmp_path: Path) -> None:
    _write(tmp_path, DOCUMENT, name="one.json")
    _write(tmp_path, DOCUMENT, name="two.json")
    with pytest.raises(DataError, match=r"unclear which split each is: one\.json, two\.json"):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("images", 0, "file_name"), "../a.png", "without '..'"),
        (("images", 0, "file_name"), "/etc/../a.png", "without '..'"),
        (("images", 0, "file_name"), "/etc/b.png", "none of its 1 pictures was found"),
        (("images", 0, "id"), "5", "whole number"),
        (("images", 0, "id"), 6, "image_id 5"),
        (("annotations", 0, "category_id"), 4, "category_id 4"),
        (("annotations", 0, "iscrowd"), "no", "iscrowd"),
        (("categories", 0, "id"), 3, "category id 3 stands twice"),
        (("categories", 0, "name"), "ant", "category name 'ant' stands twice"),
        (("categories", 0, "id"), "70", "category '70' has id '70'; accepted is a whole number"),
        (("categories", 0, "name"), 7, "name 7; accepted is a text"),
        (("annotations", 0, "category_id"), "3", "category_id '3'"),
        (("annotations", 0, "category_id"), None, "category_id None"),
        (("annotations", 0, "image_id"), 5.5, "image_id 5.5"),
        (("annotations", 0, "id"), 2, "annotation id 2 stands twice"),
        (("annotations", 0, "id"), "1", "id '1'"),
        (("images", 0, "height"), "4", "height '4'"),
        (("categories",), {}, "no list of records"),
        (("annotations",), [1], "annotation is 1"),
        (("annotations", 0, "segmentation"), [[0, 0, 10**400, 0, 4, 4]], "beyond 64 bits"),
    ],
)
def test_refuses_on_opening(
    tmp_path: Path, path: tuple[Any, ...], value: object, message: str
) -> None:
    document = copy.deepcopy(DOCUMENT)
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(DataError, match=message):
        open_dataset(_write(tmp_path, document))


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        (None, "box alone"),
        ([], "empty"),
        ([[1, 1, 2, 2]], "4 numbers"),
        ([[1, 1, 2, 2, 3]], "5 numbers"),
        ([1, 1, 2, 2, 3, 3], "ring of 1"),
        ([[1, 1, 2, 2, "3", 3]], "ring with '3'"),
        ([[0, 0, 9e99, 0, 4, 4]], "far outside"),
        (7, "'segmentation' is 7"),
        ({"size": [4, 6], "counts": [-1, 25]}, "length -1"),
        ({"size": [4, 6], "counts": "~"}, "character '~'"),
        ({"size": [4, 6], "counts": "a"}, "cut off"),
        ({"size": [4, 6], "counts": []}, "cover 0 pixels"),
        ({"size": [4, 6], "counts": [24]}, "covers no pixel"),
        ({"counts": [24]}, "size"),
        ({"size": [6, 4], "counts": [24]}, "size"),
        ({"size": [4, 6], "counts": [20]}, "cover 20 pixels"),
    ],
)
def test_refuses_geometry_on_reading(tmp_path: Path, segmentation: object, message: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["annotations"].append(_object(44, 3, segmentation))
    dataset = open_dataset(_write(tmp_path, document))
    with pytest.raises(LabelError, match=rf"all\.json, a\.png, annotation 44: .*{message}"):
        dataset[0]


def test_refuses_a_picture_of_another_size(tmp_path: Path) -> None:
    root = _write(tmp_path, DOCUMENT)
    Pillow.new("L", (4, 6)).save(root / "images" / "a.png")
    with pytest.raises(LabelError, match=r"\[4, 6\], but a\.png is \[6, 4\] \(height"):
        open_dataset(root)[0]


@pytest.mark.parametrize("text", ["{", "[]", '{"images": NaN}', "[" * 100_000, "\xff"])
def test_refuses_what_is_no_coco(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(LabelError, match=r"x\.json"):
        read_coco(path)


def test_refuses_large_files(tmp_path: Path) -> None:
    root = _write(tmp_path, DOCUMENT)
    with pytest.raises(LabelError, match="accepted are up to 10"):
        read_coco(root / "all.json", max_bytes=10)


def test_declared_classes_order_and_ignore(tmp_path: Path) -> None:
    root = _write(tmp_path, DOCUMENT)
    (root / "dataset.yaml").write_text("classes: [cat, ant]\nignore: [3]")
    dataset = open_dataset(root)
    assert dataset.classes.names == ("background", "cat")
    assert dataset[0].labels.ids[0].tolist() == [255, 255, 1, 1, 1, 255]
    (root / "dataset.yaml").write_text("classes: [cat]")
    with pytest.raises(LabelError, match=r"unknown class 'ant'.*cat"):
        open_dataset(root)
    (root / "dataset.yaml").write_text("threshold: 3")
    with pytest.raises(DataError, match="'threshold' is about mask pictures"):
        open_dataset(root)


def test_results_are_read_back_by_us_and_by_pycocotools(tmp_path: Path) -> None:
    classes = Classes.named(["background", "ant", "cat"], background=0)
    ids = np.random.default_rng(0).integers(0, 3, (4, 6)).astype(np.uint8)
    document = semantic_to_coco([("a.png", LabelMap(ids, classes))], classes)
    dataset = open_dataset(_write(tmp_path, document))
    assert dataset.classes.names == classes.names
    np.testing.assert_array_equal(dataset[0].labels.ids, ids)
    for annotation in document["annotations"]:
        decoded = oracle.decode(annotation["segmentation"])
        np.testing.assert_array_equal(decoded > 0, ids == annotation["category_id"])
        assert annotation["area"] == decoded.sum()
        assert annotation["bbox"] == oracle.toBbox(annotation["segmentation"]).tolist()


def test_results_without_background_count_from_one() -> None:
    classes = Classes.named(["road", "car"])
    document = semantic_to_coco([("a.png", LabelMap(np.zeros((2, 2), np.uint8), classes))], classes)
    assert [one["id"] for one in document["categories"]] == [1, 2]
    assert [one["category_id"] for one in document["annotations"]] == [1]


def _collect(root: Path) -> tuple[list[tuple[str, str]], Any]:
    """Kind and problem of all faults, on opening and on reading; and the dataset."""
    faults: list[Fault] = []
    dataset = open_dataset(root, report=faults.append)
    for entry in dataset.entries:
        entry.labels.read(faults.append)
    return [(one.kind, one.problem) for one in faults], dataset


def test_of_bad_records_only_those_are_left_out(tmp_path: Path) -> None:
    document = copy.deepcopy(DOCUMENT)
    box = _box(0, 0, 2, 2)
    document["images"] += [
        {"id": 5, "file_name": "b.png"},
        {"id": 6, "file_name": "../b.png"},
        {"id": 7},
        "c.png",
    ]
    document["categories"] += [{"id": 8}, {"id": 70, "name": "dog"}]
    document["annotations"] += [
        _object(10, 4, box),
        _object(11, 3, box, image_id=99),
        _object(12, 3, box, image_id=6),  # of a picture that is left out: said once
        _object(1, 3, box),
        _object(13, 3, box, iscrowd=2),
        _object(14, 3, box, score=7),
        _object(15, 3, None, bbox=[0, 0, 2, 2]),
        _object(16, 3, [[0, 0, 1, 1]]),
        _object(17, 3, {"size": [4, 6], "counts": [20]}),
        _object(18, 3, {"size": [6, 4], "counts": [0, 24]}),
        [],
        _object(19, 3, box),
    ]
    faults, dataset = _collect(_write(tmp_path, document))
    assert [kind for kind, _ in faults] == [
        *("bad-record", "id-twice"),  # categories
        *("id-twice", "bad-record", "bad-record", "bad-record"),  # images
        *("unknown-class", "unknown-image", "id-twice", "bad-record", "bad-record"),
        *("bad-record", "no-region", "too-few-vertices", "bad-rle", "bad-rle"),
    ]
    assert "but it has the box [0, 0, 2, 2]" in dict(faults)["no-region"]
    told: list[Fault] = []
    dataset.entries[0].labels.read(told.append)
    assert {one.key for one in told} == {"a"}
    names = [one.name for one in dataset.entries[0].labels.read(lambda fault: None).objects]
    assert names == ["annotation 1", "annotation 2", "annotation 3", "annotation 19"]


def test_ids_of_all_kinds(tmp_path: Path) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["images"][0]["id"] = 2**63 + 5
    document["categories"][0]["id"] = 2**40
    for one in document["annotations"]:
        one["image_id"] = 2**63 + 5
        one["category_id"] = 3.0 if one["category_id"] == 3 else 2**40
    before = open_dataset(_write(tmp_path / "before", DOCUMENT))[0].labels.ids
    after = open_dataset(_write(tmp_path / "after", document))[0].labels.ids
    np.testing.assert_array_equal(before, after)


def test_scores_and_attributes_are_kept(tmp_path: Path) -> None:
    document = copy.deepcopy(DOCUMENT)
    more = {"score": 0.5, "area": 4, "tool": "pen", "attributes": {"side": "left"}}
    document["annotations"] = [_object(1, 3, _box(0, 0, 2, 2), **more)]
    (read,) = open_dataset(_write(tmp_path, document)).entries[0].labels.read().objects
    assert read.score == 0.5
    assert read.attributes == {"tool": "pen", "side": "left"}


def test_annotations_of_a_test_split_stay_closed(tmp_path: Path) -> None:
    _write(tmp_path, DOCUMENT, name="train.json", folder="train")
    document = copy.deepcopy(DOCUMENT)
    document["annotations"][0]["category_id"] = 4
    document["categories"].append({"id": 9, "name": "owl"})
    document["annotations"][1]["category_id"] = 9
    dataset = open_dataset(_write(tmp_path, document, name="test.json", folder="test"))
    assert dataset.classes.names == ("background", "ant", "cat")
    faults: list[Fault] = []
    dataset.entries[1].labels.read(faults.append)
    assert [one.kind for one in faults] == ["unknown-class", "unknown-class"]
    assert "category 'owl'" in faults[1].problem


def test_category_ids_may_differ_between_files(tmp_path: Path) -> None:
    _write(tmp_path, DOCUMENT, name="train.json", folder="train")
    document = copy.deepcopy(DOCUMENT)
    document["categories"] = [{"id": 1, "name": "ant"}, {"id": 3, "name": "cat"}]
    document["annotations"] = [_object(1, 3, _box(0, 0, 6, 4))]
    _, dataset = _collect(_write(tmp_path, document, name="val.json", folder="val"))
    assert dataset.classes.names == ("background", "ant", "cat")
    assert (dataset[1].labels.ids == 2).all()


def test_other_json_is_not_taken_for_coco(tmp_path: Path) -> None:
    _write(tmp_path, {"type": "FeatureCollection", "features": []}, name="a.json")
    _write(tmp_path, {"version": "5", "shapes": [], "imagePath": "a.png"}, name="b.json")
    _write(tmp_path, DOCUMENT, name="panoptic_train.json")
    assert coco_files_in(tmp_path) == []


def test_a_file_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    _write(tmp_path, DOCUMENT, name="train.json", folder="train")
    (tmp_path / "val.json").write_text('{"images": [')
    _write(tmp_path, {**DOCUMENT, "images": []}, name="test.json", folder="test")
    faults, dataset = _collect(tmp_path)
    kinds = [kind for kind, _ in faults]
    assert kinds == ["labels-without-image", "unreadable-labels"]
    assert dataset.splits == ("train",)
    with pytest.raises(DataError):
        open_dataset(tmp_path)


def test_threads_that_ask_at_once_are_given_all_annotations(
    request: pytest.FixtureRequest,
) -> None:
    interval = sys.getswitchinterval()
    request.addfinalizer(lambda: sys.setswitchinterval(interval))
    sys.setswitchinterval(1e-6)
    records = [{"id": i, "image_id": i % 4, "category_id": 1} for i in range(8)]
    records.append({"id": 8, "image_id": 99, "category_id": 1})
    for _ in range(300):
        file = CocoFile(Path("x"), {1: "a"}, (), frozenset(), frozenset(range(4)), list(records))
        faults: list[Fault] = []
        barrier = Barrier(3)

        def ask(
            barrier: Barrier = barrier, file: CocoFile = file, faults: list[Fault] = faults
        ) -> int:
            barrier.wait()
            return sum(map(len, file.annotations(faults.append).values()))

        with ThreadPoolExecutor(3) as pool:
            counts = {one.result() for one in [pool.submit(ask) for _ in range(3)]}
        assert counts == {8}
        assert sum(map(len, file.annotations().values())) == 8
        assert [fault.kind for fault in faults] == ["unknown-image"]


@pytest.mark.parametrize(
    "name", [r"C:\x\a.png", r"D:/x/y/a.png", "/home/x/a.png", r"images\a.png", r"\\nas\x\a.png"]
)
def test_places_of_another_machine_are_matched_by_their_ending(tmp_path: Path, name: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["images"][0]["file_name"] = name
    root = _write(tmp_path, document)
    (entry,) = open_dataset(root).entries
    assert entry.key in ("a", "images/a") and entry.image.name == "a.png"
    assert entry.image.is_relative_to(root)
