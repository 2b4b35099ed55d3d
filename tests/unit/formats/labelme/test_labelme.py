"""LabelMe files made by hand, written ones read by the rules that LabelMe itself goes by."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from tests.unit.formats.drawn import CLASSES, regions_of, reopened, scenes, written

from segwright.dataset import open_dataset
from segwright.errors import DataError, LabelError
from segwright.formats.faults import Fault, UnusableLabels
from segwright.formats.labelme.folders import LABELME, has_labelme_files
from segwright.formats.lost import Losses
from segwright.formats.plain import plain_objects
from segwright.labels.instances import Instance, Instances
from segwright.labels.label_map import LabelMap
from segwright.labels.shapes import Box, Polygon, Polygons, region_of


def _png(mask: list[list[int]]) -> str:
    buffer = io.BytesIO()
    Pillow.fromarray(np.array(mask, dtype=np.uint8)).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def _shape(label: str, points: object, kind: str | None = "polygon", **more: object) -> Any:
    return {"label": label, "points": points, "shape_type": kind, "flags": {}} | more


def _document(*shapes: Mapping[str, Any], name: str = "a.png") -> dict[str, Any]:
    return {
        "version": "5.4.1",
        "flags": {},
        "shapes": list(shapes),
        "imagePath": name,
        "imageData": None,
        "imageHeight": 4,
        "imageWidth": 6,
    }


SQUARE = [[0, 0], [2, 0], [2, 2], [0, 2]]


def _write(root: Path, place: str, document: object, *, image: str | None = None) -> Path:
    image = place.replace(".json", ".png") if image is None else image
    for path in (root / image, root / place):
        path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.new("L", (6, 4)).save(root / image)
    (root / place).write_text(json.dumps(document))
    return root


def _ids(root: Path) -> list[list[int]]:
    return open_dataset(root)[0].labels.ids.tolist()


def _faults(root: Path) -> list[Fault]:
    faults: list[Fault] = []
    for entry in open_dataset(root, report=faults.append).entries:
        with suppress(UnusableLabels):
            entry.labels.read(faults.append)
    return faults


def test_all_kinds_of_areas(tmp_path: Path) -> None:
    _write(
        tmp_path,
        "a.json",
        _document(
            _shape("b", SQUARE),
            _shape("a", [[6, 1], [4, 0]], "rectangle"),  # from corner to corner, as it was drawn
            _shape("c", [[3, 2], [4, 3]], "mask", mask=_png([[1, 0], [0, 1]])),
            _shape("d", [[0.5, 3.5], [0.5, 3.1]], "circle"),
            _shape("e", [[4, 2], [6, 2], [6, 4], [4, 4]], "oriented_rectangle"),
        ),
    )
    dataset = open_dataset(tmp_path)
    assert dataset.classes.names == ("background", "a", "b", "c", "d", "e")
    assert dataset[0].labels.ids.tolist() == [
        [2, 2, 0, 0, 1, 1],
        [2, 2, 0, 0, 0, 0],
        [0, 0, 0, 3, 5, 5],
        [4, 0, 0, 0, 3, 5],
    ]


def test_shapes_of_one_group_are_one_object(tmp_path: Path) -> None:
    _write(
        tmp_path,
        "a.json",
        _document(
            _shape("a", SQUARE, group_id=3, description="left"),
            _shape("b", SQUARE, group_id=3),
            _shape("a", [[4, 0], [6, 4]], "rectangle", group_id=3, flags={"hidden": True}),
            _shape("a", [[3, 3], [3, 3]], "mask", mask=_png([[9]]), group_id=4),
            _shape("a", SQUARE, group_id=4),
            _shape("a", SQUARE, group_id=None),
        ),
    )
    labels = open_dataset(tmp_path).entries[0].labels.read()
    assert isinstance(labels, Instances)
    assert [one.class_id for one in labels.objects] == [1, 2, 1, 1]
    assert [region.area_px for region in labels.regions] == [4 + 8, 4, 1 + 4, 4]
    pieces = labels.objects[0].shape
    assert isinstance(pieces, Polygons)
    assert len(pieces.parts) == 2
    assert labels.objects[0].attributes == {
        "group_id": 3,
        "flags": {"hidden": True},
        "description": "left",
    }


def test_old_files_say_little(tmp_path: Path) -> None:
    """Version 2: no types, no sizes, no groups, colours instead."""
    document = {
        "shapes": [{"label": "a", "line_color": None, "fill_color": None, "points": SQUARE}],
        "lineColor": [0, 255, 0, 128],
        "imagePath": "a.png",
        "imageData": "aGVsbG8=",
    }
    assert _ids(_write(tmp_path, "a.json", document))[0] == [1, 1, 0, 0, 0, 0]


def test_circle_holds_the_pixels_within_its_radius(tmp_path: Path) -> None:
    document = _document(_shape("a", [[20.3, 19.8], [20.3, 5.8]], "circle"))
    document |= {"imageHeight": 40, "imageWidth": 50}
    _write(tmp_path, "a.json", document)
    Pillow.new("L", (50, 40)).save(tmp_path / "a.png")
    y, x = np.mgrid[:40, :50] + 0.5
    distance = np.hypot(x - 20.3, y - 19.8)
    ids = open_dataset(tmp_path)[0].labels.ids
    clear = abs(distance - 14) > 0.1
    np.testing.assert_array_equal(ids[clear] == 1, (distance < 14)[clear])
    (fault,) = _faults(tmp_path)
    assert (fault.kind, fault.how_bad) == ("approximated", "note")


@pytest.mark.parametrize(
    ("place", "image", "split", "key"),
    [
        ("a.json", "a.png", None, "a"),
        ("train/a.json", "train/a.png", "train", "a"),
        ("labels/a.json", "images/a.png", None, "a"),
        ("val/json/s/a.json", "val/img/s/a.png", "val", "s/a"),
        ("labels/test/a.json", "images/test/a.png", "test", "a"),
        ("street/a.json", "street/a.png", None, "street/a"),
        ("notes/other.json", "photos/x/a.png", None, "photos/x/a"),
    ],
)
def test_layouts(tmp_path: Path, place: str, image: str, split: str | None, key: str) -> None:
    document = _document(_shape("a", SQUARE), name=r"..\photos\x\a.png")
    _write(tmp_path, place, document, image=image)
    (tmp_path / "labels.txt").write_text("a\n")
    (entry,) = open_dataset(tmp_path).entries
    assert (entry.image, entry.split, entry.key) == (tmp_path / image, split, key)


def test_of_several_pictures_of_a_name_the_path_decides(tmp_path: Path) -> None:
    document = _document(_shape("a", SQUARE), name="C:\\data\\b\\a.png")
    for folder in ("a", "b"):
        _write(tmp_path, "notes/deep/a.json", document, image=f"{folder}/a.png")
    faults: list[Fault] = []
    dataset = open_dataset(tmp_path, report=faults.append)
    assert [entry.key for entry in dataset.entries] == ["b/a"]
    assert [fault.kind for fault in faults] == ["image-without-labels"]
    document["imagePath"] = "a.png"
    (tmp_path / "notes/deep/a.json").write_text(json.dumps(document))
    (tmp_path / "classes.txt").write_text("a\n")
    faults.clear()
    assert not open_dataset(tmp_path, report=faults.append).entries
    assert "may belong to any of" in faults[0].problem


def test_a_picture_that_is_only_inside_the_file(tmp_path: Path) -> None:
    document = _document(_shape("a", SQUARE), name="../../etc/a.png") | {"imageData": "AAAA"}
    _write(tmp_path, "b.json", document)
    _write(tmp_path, "a.json", document)
    (tmp_path / "a.png").unlink()
    with pytest.raises(DataError, match=r"\.\./etc/a\.png' is not below .* \(imageData\)"):
        open_dataset(tmp_path)
    faults: list[Fault] = []
    assert [e.key for e in open_dataset(tmp_path, report=faults.append).entries] == ["b"]
    assert [fault.kind for fault in faults] == ["labels-without-image"]


def test_pictures_without_files_and_files_of_one_picture(tmp_path: Path) -> None:
    _write(tmp_path, "a.json", _document(_shape("a", SQUARE)))
    _write(tmp_path, "z.json", _document(name="a.png"))
    (tmp_path / "z.png").rename(tmp_path / "c.png")
    (tmp_path / "notes.json").write_text("{}")
    faults: list[Fault] = []
    open_dataset(tmp_path, report=faults.append)
    kinds = [fault.kind for fault in faults]
    assert kinds == ["other-files", "name-twice", "image-without-labels"]
    assert "1 of 2 pictures are in no LabelMe file: c.png" in faults[-1].problem


def test_labels_of_a_test_split_stay_closed(tmp_path: Path) -> None:
    _write(tmp_path, "train/a.json", _document(_shape("a", SQUARE)))
    _write(tmp_path, "test/b.json", _document(_shape("secret", SQUARE), name="b.png"))
    dataset = open_dataset(tmp_path)
    assert dataset.classes.names == ("background", "a")
    with pytest.raises(LabelError, match="label 'secret', but the classes are"):
        dataset[1]
    (tmp_path / "test/b.json").write_text('{"shapes": [], "imagePath": ')
    dataset = open_dataset(tmp_path)
    with pytest.raises(LabelError, match="is not JSON"):
        dataset[1]


def test_listed_names_and_what_labelme_calls_nothing(tmp_path: Path) -> None:
    _write(
        tmp_path,
        "a.json",
        _document(
            _shape("cat", [[0, 0], [6, 4]], "rectangle"),
            _shape("__ignore__", [[0, 0], [3, 2]], "rectangle"),
            _shape("_background_", [[0, 0], [1, 1]], "rectangle"),
        ),
    )
    (tmp_path / "labels.txt").write_text("__ignore__\n_background_\nant\ncat\n")
    dataset = open_dataset(tmp_path)
    assert dataset.classes.names == ("background", "ant", "cat")
    assert dataset.classes.background == 0
    assert dataset[0].labels.ids[:2].tolist() == [[0, 255, 255, 2, 2, 2], [255] * 3 + [2] * 3]
    (tmp_path / "labels.txt").unlink()
    (tmp_path / "classes.txt").write_text("cat\n")
    assert open_dataset(tmp_path)[0].labels.ids[0].tolist() == [0, 255, 255, 1, 1, 1]
    (tmp_path / "labels.txt").write_text("cat\nrat\n")
    with pytest.raises(LabelError, match=r"unknown class 'rat'.*'cat'"):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"imageHeight": 6, "imageWidth": 4}, "size-differs", "as if it lay on its side"),
        ({"imageHeight": 5}, "size-differs", r"\[5, 6\], but a\.png is \[4, 6\]"),
        ({"imagePath": "other.png"}, "unknown-image", "its imagePath is 'other.png'"),
        ({"shapes": [_shape("a", SQUARE, "line")]}, "not-an-area", "a line"),
        ({"shapes": [_shape("a", SQUARE, "cube")]}, "bad-record", "'cube'.*Accepted are polygon"),
        ({"shapes": [_shape("a", [[1, 2, 3]])]}, "bad-record", r"vertex 0 is \[1, 2, 3\]"),
        ({"shapes": [_shape("a", [[1, True]])]}, "bad-record", "vertex 0"),
        ({"shapes": [_shape("a", None)]}, "bad-record", "vertices None"),
        ({"shapes": [_shape("a", SQUARE[:2])]}, "too-few-vertices", "2 vertices"),
        ({"shapes": [_shape("a", SQUARE[:3], "circle")]}, "bad-record", "circle of 3 points"),
        ({"shapes": [_shape("a", [[0, 0], [1, 1]], "mask")]}, "bad-record", "mask that is None"),
        (
            {"shapes": [_shape("a", [[0, 0], [1, 1]], "mask", mask="???")]},
            "bad-record",
            "no base64",
        ),
        (
            {"shapes": [_shape("a", [[0, 0], [1, 1]], "mask", mask="aGVsbG8=")]},
            "bad-record",
            "not an image",
        ),
        (
            {"shapes": [_shape("a", [[0, 0], [4, 1]], "mask", mask=_png([[1]]))]},
            "bad-record",
            "1×1 between corners that are 2×5 apart",
        ),
        (
            {"shapes": [_shape("a", [[5, 3], [6, 3]], "mask", mask=_png([[1, 1]]))]},
            "bad-record",
            "reaches outside",
        ),
        (
            {"shapes": [_shape("a", [[0, 0], [9, 9]], "mask", mask=_png([[1] * 10] * 10))]},
            "bad-record",
            "accepted are up to 24",
        ),
        ({"shapes": [_shape(3, SQUARE)]}, "bad-record", "label 3"),  # pyright: ignore
        ({"shapes": [_shape("b", SQUARE)]}, "unknown-class", "label 'b', but the classes are"),
    ],
)
def test_faults(tmp_path: Path, change: dict[str, Any], kind: str, message: str) -> None:
    _write(tmp_path, "a.json", _document(_shape("a", SQUARE)) | change)
    (tmp_path / "labels.txt").write_text("a\n")
    (fault,) = _faults(tmp_path)
    assert (fault.kind, fault.key) == (kind, "a")
    with pytest.raises(DataError, match=message):
        raise fault.error()


@pytest.mark.parametrize("change", [{"shapes": None}, {"shapes": [3]}, {"imageHeight": "4"}])
def test_files_that_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    _write(tmp_path, "a.json", _document(_shape("a", SQUARE)) | change)
    with pytest.raises(LabelError, match=r"a\.json"):
        open_dataset(tmp_path)


def test_found_by_both_ends_of_a_file(tmp_path: Path) -> None:
    document = _document(_shape("a", SQUARE))
    long = {"imageData": "A" * 20_000} | document | {"imageData": "A" * 20_000}
    _write(tmp_path, "a.json", long)
    assert has_labelme_files(tmp_path)
    assert "Read as LabelMe" in open_dataset(tmp_path).notes[0]
    (tmp_path / "a.json").write_text(json.dumps([document]))
    assert not has_labelme_files(tmp_path)


@settings(max_examples=60)
@given(st.lists(scenes(), min_size=1, max_size=2))
def test_round_trip(drawn: list[Instances]) -> None:
    with written(LABELME, drawn, splits=["val", None]) as (folder, losses):
        dataset = reopened(folder, "labelme")
        counted = Losses()
        by_key = {entry.key: entry for entry in dataset.entries}
        for number, scene in enumerate(drawn):
            entry = by_key[f"deep/p{number}"]
            assert entry.split == ("val", None)[number]
            again, expected = entry.labels.read(), plain_objects(scene, counted)
            assert isinstance(again, Instances)
            order = expected.drawing_order()  # as LabelMe itself draws
            regions = regions_of(expected)
            assert regions_of(again) == [regions[i] for i in order]
            np.testing.assert_array_equal(again.label_map().ids, scene.label_map().ids)
            for at, two in zip(order, again.objects, strict=True):
                one = expected.objects[at]
                assert one.class_id == two.class_id
                counted.add("attributes", int(bool(one.attributes)))
                if isinstance(one.shape, Polygons):
                    counted.add("vertices", int(one.shape.num_holes > 0))
                if isinstance(one.shape, Polygons) and not one.shape.num_holes:
                    assert isinstance(two.shape, Polygons)
                    for mine, its in zip(one.shape.rings, two.shape.rings, strict=True):
                        np.testing.assert_array_equal(mine, its)
        assert losses == counted


def test_written_files_are_what_labelme_reads() -> None:
    """Masks go where LabelMe puts them: from the first to the last of two pixels, both included."""
    hole = np.array([[1.5, 1.5], [2.5, 1.5], [2.5, 2.5], [1.5, 2.5]])
    square = np.array([[1.0, 1], [4, 1], [4, 4], [1, 4]])
    known = {"group_id": 7, "flags": {"old": True}, "description": "x"}
    objects = (
        Instance(1, Polygons((Polygon(square, (hole,)),))),
        Instance(2, Box(0.5, 0, 4, 2), attributes=known),
        Instance(2, Polygons((Polygon(square), Polygon(hole))), attributes={"group_id": 7}),
        Instance(255, Polygons((Polygon(hole), Polygon(square)))),
    )
    scene = Instances((6, 5), objects, CLASSES)
    with written(LABELME, [scene], splits=["train"]) as (folder, losses):
        content = json.loads((folder / "train/deep/p0.json").read_text())
        assert (folder / "labels.txt").read_text() == "__ignore__\n_background_\nant\ncat\ndog\n"
    assert dict(losses) == {"vertices": 1, "attributes": 1}
    assert content["imagePath"] == "p0.png"
    assert (content["imageHeight"], content["imageWidth"]) == (6, 5)
    by_kind = {shape["shape_type"]: shape for shape in content["shapes"]}
    mask, box = by_kind["mask"], by_kind["rectangle"]
    pieces = [shape for shape in content["shapes"] if shape["shape_type"] == "polygon"]
    (x1, y1), (x2, y2) = mask["points"]
    seen = np.zeros((6, 5), dtype=bool)
    picture = np.asarray(Pillow.open(io.BytesIO(base64.b64decode(mask["mask"]))))
    seen[y1 : y2 + 1, x1 : x2 + 1] = picture
    np.testing.assert_array_equal(seen, region_of(objects[0].shape, (6, 5)).mask())
    assert box["points"] == [[0.5, 0], [4, 2]]
    assert {key: box[key] for key in known} == known | {"group_id": None}
    groups = [(piece["label"], piece["group_id"]) for piece in pieces]
    # Larger ones first; of one class only one object can have the group 7.
    assert groups == [("cat", 7), ("cat", 7), ("__ignore__", 8), ("__ignore__", 8)]
    assert pieces[0]["points"] == square.tolist()


def test_label_maps() -> None:
    ids = np.random.default_rng(0).choice([0, 1, 2, 3, 255], (7, 5)).astype(np.uint8)
    with written(LABELME, [LabelMap(ids, CLASSES)]) as (folder, losses):
        np.testing.assert_array_equal(reopened(folder, "labelme")[0].labels.ids, ids)
    assert not losses
