"""Label Studio exports made by hand, and written ones read by its published rules."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from tests.unit.formats.drawn import CLASSES, regions_of, reopened, scenes, written

from segwright.dataset import open_dataset
from segwright.errors import DataError, LabelError
from segwright.formats.faults import Fault, UnusableLabels
from segwright.formats.label_studio.brush_rle import encode_brush
from segwright.formats.label_studio.folders import LABEL_STUDIO, has_label_studio_files
from segwright.formats.lost import Losses
from segwright.formats.plain import plain_objects
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances
from segwright.labels.label_map import LabelMap
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygon, Polygons, region_of


def _record(kind: str, value: dict[str, Any], label: str = "cat", **more: object) -> dict[str, Any]:
    """One region on a picture of 10×4 (width × height)."""
    labels = {kind: [label]} if kind.endswith("labels") else {}
    return {
        "id": f"{kind}-{label}",
        "from_name": "tag",
        "to_name": "img",
        "type": kind,
        "original_width": 10,
        "original_height": 4,
        "image_rotation": 0,
        "value": value | labels,
    } | more


def _task(*results: dict[str, Any], image: str = "a.png", **more: object) -> dict[str, Any]:
    task = {"id": 7, "data": {"image": image}, "predictions": []}
    return task | {"annotations": [{"id": 1, "was_cancelled": False, "result": [*results]}]} | more


def _write(root: Path, *tasks: dict[str, Any], name: str = "export.json") -> Path:
    root.mkdir(exist_ok=True)
    (root / name).write_text(json.dumps(tasks))
    return root


def _picture(root: Path, place: str = "images/a.png") -> None:
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    Pillow.new("L", (10, 4)).save(root / place)


def _faults(root: Path) -> list[Fault]:
    faults: list[Fault] = []
    for entry in open_dataset(root, report=faults.append).entries:
        with suppress(UnusableLabels):
            entry.labels.read(faults.append)
    return faults


def _objects(root: Path) -> tuple[Instance, ...]:
    labels = open_dataset(root).entries[0].labels.read()
    assert isinstance(labels, Instances)
    return labels.objects


SQUARE = {"points": [[0, 0], [20, 0], [20, 50], [0, 50]]}  # 2×2 pixels
RECTANGLE = {"x": 40, "y": 25, "width": 30, "height": 50, "rotation": 0}  # x 4 … 7, y 1 … 3


def test_all_kinds_of_areas(tmp_path: Path) -> None:
    mask = np.zeros((4, 10), dtype=bool)
    mask[3, 8:] = mask[0, 9] = True
    brush = {"format": "rle", "rle": list(encode_brush(RunLengths.from_mask(mask)))}
    _picture(tmp_path)
    _write(
        tmp_path,
        _task(
            _record("polygonlabels", SQUARE),
            _record("rectanglelabels", RECTANGLE, "ant"),
            _record("brushlabels", brush, "bee"),
        ),
    )
    dataset = open_dataset(tmp_path)
    assert dataset.classes.names == ("background", "ant", "bee", "cat")
    assert dataset[0].labels.ids.tolist() == [
        [3, 3, 0, 0, 0, 0, 0, 0, 0, 2],
        [3, 3, 0, 0, 1, 1, 1, 0, 0, 0],
        [0, 0, 0, 0, 1, 1, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 2, 2],
    ]
    assert _objects(tmp_path)[1].shape == Box(4, 1, 7, 3)


def test_rectangles_turn_about_their_upper_left_corner(tmp_path: Path) -> None:
    """The angle is one of pixels, not of percentages, which differ in width and height."""
    _picture(tmp_path)
    _write(tmp_path, _task(_record("rectanglelabels", RECTANGLE | {"rotation": 90})))
    (standing,) = (one.shape for one in _objects(tmp_path))
    assert isinstance(standing, Polygons)
    assert standing.parts[0].exterior.tolist() == [[4, 1], [4, 4], [2, 4], [2, 1]]
    _write(tmp_path, _task(_record("rectanglelabels", RECTANGLE | {"rotation": 330.0})))
    (turned,) = (one.shape for one in _objects(tmp_path))
    assert isinstance(turned, Polygons)
    right = (4 + 3 * math.cos(math.pi / 6), 1 - 3 * math.sin(math.pi / 6))
    np.testing.assert_allclose(turned.parts[0].exterior[:2], [(4, 1), right])


def test_ellipse_holds_the_pixels_of_its_equation(tmp_path: Path) -> None:
    _picture(tmp_path)
    Pillow.new("L", (80, 50)).save(tmp_path / "images/a.png")
    value = {"x": 50, "y": 40, "radiusX": 30, "radiusY": 20, "rotation": 20}
    size = {"original_width": 80, "original_height": 50}
    _write(tmp_path, _task(_record("ellipselabels", value) | size))
    ids = open_dataset(tmp_path)[0].labels.ids
    y, x = np.mgrid[:50, :80] + 0.5
    turn = np.deg2rad(20)
    along = (x - 40) * np.cos(turn) + (y - 20) * np.sin(turn)
    across = (y - 20) * np.cos(turn) - (x - 40) * np.sin(turn)
    inside = np.hypot(along / 24, across / 10)
    clear = abs(inside - 1) * 10 > 0.1
    np.testing.assert_array_equal(ids[clear] == 1, (inside < 1)[clear])
    assert [fault.kind for fault in _faults(tmp_path)] == ["approximated"]


def test_a_region_may_stand_in_several_records(tmp_path: Path) -> None:
    """A shape without label, its label from a tag of labels, and an answer about it."""
    shape = _record("polygon", SQUARE, id="x", score=0.5)
    label = _record("labels", SQUARE, id="x")
    answer = _record("choices", SQUARE | {"choices": ["ripe"]}, id="x", from_name="state")
    whole = {"id": "y", "type": "choices", "from_name": "sky", "value": {"choices": ["blue"]}}
    relation = {"type": "relation", "from_id": "x", "to_id": "y"}
    _picture(tmp_path)
    _write(tmp_path, _task(shape, label, answer, whole, relation))
    (one,) = _objects(tmp_path)
    assert one.attributes == {"state": ["ripe"], "score": 0.5}
    assert one.class_id == 1


def test_the_smaller_export(tmp_path: Path) -> None:
    """JSON-MIN: every annotation is a row, every tag a key."""
    size = {"original_width": 10, "original_height": 4}
    row = {
        "id": 4,
        "image": "/data/upload/1/5cfad0d3-a.png",
        "tag": [SQUARE | {"polygonlabels": ["cat"]} | size],
        "box": [RECTANGLE | {"rectanglelabels": ["ant"]} | size],
        "sky": "blue",
        "annotator": 1,
        "annotation_id": 9,
    }
    _picture(tmp_path)
    _write(tmp_path, row, row | {"annotation_id": 10, "tag": []})
    dataset = open_dataset(tmp_path)
    assert dataset.classes.names == ("background", "ant", "cat")
    assert dataset[0].labels.ids[1].tolist() == [2, 2, 0, 0, 1, 1, 1, 0, 0, 0]
    assert "1 others are left out" in dataset.notes[2]


def test_of_several_annotators_the_first_counts(tmp_path: Path) -> None:
    def annotation(label: str, *, cancelled: bool = False) -> dict[str, Any]:
        result = [_record("polygonlabels", SQUARE, label)]
        return {"was_cancelled": cancelled, "result": result}

    several = [annotation("cat", cancelled=True), annotation("ant"), annotation("bee")]
    old = _task(image="b.png", completions=several)
    del old["annotations"]
    predicted = [{"result": [_record("polygonlabels", SQUARE, "dog")]}]
    for place in "ab":
        _picture(tmp_path, f"{place}.png")
    _write(tmp_path, _task(annotations=several, predictions=predicted), old)
    dataset = open_dataset(tmp_path)
    assert dataset.classes.names == ("background", "ant")
    assert dataset.notes[1:] == (
        "2 annotated tasks; smaller objects lie over larger ones.",
        "2 tasks have several annotations: the first that was not cancelled is read, 2 others are "
        "left out.",
        "1 predictions are left out.",
    )


def test_nothing_on_it_skipped_and_not_annotated(tmp_path: Path) -> None:
    for place in "abcd":
        _picture(tmp_path, f"{place}.png")
    tasks = (
        _task(_record("polygonlabels", SQUARE)),
        _task(image="b.png"),
        _task(image="c.png", annotations=[{"was_cancelled": True, "result": []}]),
        _task(image="d.png", annotations=[], predictions=[{"result": []}]),
    )
    faults: list[Fault] = []
    dataset = open_dataset(_write(tmp_path, *tasks), report=faults.append)
    assert dataset.keys == ("a", "b")
    assert not dataset[1].labels.ids.any()
    assert [(fault.kind, fault.how_bad) for fault in faults] == [
        ("image-without-labels", "error"),
        ("image-without-labels", "warning"),
    ]
    with pytest.raises(DataError, match=r"1 of 4 tasks have no annotation: task 7 \(d\.png\)"):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    ("reference", "picture"),
    [
        ("/data/upload/3/5cfad0d3-a.png", "images/a.png"),
        ("/data/upload/3/5cfad0d3-a.png", "images/5cfad0d3-a.png"),
        ("/data/local-files/?d=shelf/one%20b.png", "images/shelf/one b.png"),
        ("s3://bucket/deep/a.png", "deep/a.png"),
        ("https://example.org/x/a%C3%A4.png?token=1/2.png", "images/aä.png"),
        (r"C:\photos\a.png", "a.png"),
        ("../../a#1.png", "a#1.png"),
    ],
)
def test_references(tmp_path: Path, reference: str, picture: str) -> None:
    _picture(tmp_path, picture)
    task = _task(_record("polygonlabels", SQUARE), image=reference)
    (entry,) = open_dataset(_write(tmp_path, task)).entries
    assert entry.image == tmp_path / picture


@pytest.mark.parametrize(
    ("references", "message"),
    [
        (["nowhere.png"], "1 of 1 tasks have no picture: task 7"),
        (["data:image/png;base64,AAAA"], r"have no picture: task 7 \(no picture\)"),
        (["https://[bad/a.png"], "have no picture"),
        (["/data/upload/1/a.png"], "may mean several pictures"),
        (["x/a.png", "b.png"], "may mean several pictures"),
    ],
)
def test_references_that_tell_no_picture(
    tmp_path: Path, references: list[str], message: str
) -> None:
    for place in ("x/a.png", "y/a.png", "b.png"):
        _picture(tmp_path, place)
    task = _task(_record("polygonlabels", SQUARE))
    task["data"] = {str(number): reference for number, reference in enumerate(references)}
    with pytest.raises(DataError, match=message):
        open_dataset(_write(tmp_path, task))


def test_folders_decide_between_pictures_of_one_name(tmp_path: Path) -> None:
    for place in ("x/a.png", "y/a.png"):
        _picture(tmp_path, place)
    tasks = [_task(_record("polygonlabels", SQUARE), image=f"s3://b/{f}/a.png") for f in "yx"]
    assert [e.key for e in open_dataset(_write(tmp_path, *tasks)).entries] == ["x/a", "y/a"]
    with pytest.raises(DataError, match="task 7 has the same picture as task 7"):
        _write(tmp_path, tasks[0], name="other.json")
        open_dataset(tmp_path)


def test_splits_and_names_of_a_test_split(tmp_path: Path) -> None:
    for place in ("images/a.png", "images/b.png", "images/val/c.png"):
        _picture(tmp_path, place)
    _write(tmp_path, _task(_record("polygonlabels", SQUARE)), name="train.json")
    secret = _record("polygonlabels", SQUARE, "secret")
    _write(tmp_path, _task(secret, image="b.png"), name="test.json")
    _write(tmp_path, _task(image="c.png"), name="more.json")
    dataset = open_dataset(tmp_path)
    assert [(e.key, e.split) for e in dataset.entries] == [
        ("a", "train"),
        ("c", "val"),
        ("b", "test"),
    ]
    assert dataset.classes.names == ("background", "cat")
    with pytest.raises(LabelError, match="label 'secret', but the labels are"):
        dataset.split("test")[0]


def test_classes_of_the_labelling_setup(tmp_path: Path) -> None:
    (tmp_path / "config.xml").write_text(
        '<View><Image name="img" value="$image"/><PolygonLabels name="tag" toName="img">'
        '<Label value="dog" background="#0a0b0c"/><Label value="Feline" alias="cat"/>'
        '</PolygonLabels><KeyPointLabels name="k" toName="img"><Label value="eye"/>'
        '</KeyPointLabels><Labels name="l" toName="img"><Label value="dog"/></Labels></View>'
    )
    _picture(tmp_path)
    dataset = open_dataset(_write(tmp_path, _task(_record("polygonlabels", SQUARE))))
    assert dataset.classes.names == ("background", "dog", "cat")
    assert dataset.classes.colours[1] == (10, 11, 12)


@pytest.mark.parametrize(
    ("record", "kind", "message"),
    [
        (_record("keypointlabels", {"x": 1, "y": 1, "width": 1}), "not-an-area", "a key point"),
        (_record("vectorlabels", {"vertices": []}), "not-an-area", "a vector"),
        (_record("bitmask", {"imageDataURL": ""}), "bad-record", "a bitmask. Accepted are"),
        (_record("polygonlabels", {"points": [[1, "2"]]}), "bad-record", r"vertex 0 is \[1, '2'\]"),
        (_record("polygonlabels", {"points": 3}), "bad-record", "vertices 3"),
        (_record("polygonlabels", {"points": [[0, 0], [9, 9]]}), "too-few-vertices", "2 vertices"),
        (_record("polygonlabels", {"points": [[0, 0], [1e308, 9], [9, 9]]}), "bad-coord", "inf"),
        (_record("rectanglelabels", RECTANGLE | {"x": None}), "bad-record", "'x' is None"),
        (_record("rectanglelabels", RECTANGLE | {"rotation": "9"}), "bad-record", "'rotation' is"),
        (_record("rectanglelabels", RECTANGLE | {"width": 0}), "bad-box", "width 0"),
        (_record("brushlabels", {"format": "png", "rle": []}), "bad-record", "of format 'png'"),
        (_record("brushlabels", {"rle": "AAAA"}), "bad-record", "brush mask of format"),
        (_record("brushlabels", {"rle": [1, 256]}), "bad-record", "something else than bytes"),
        (_record("brushlabels", {"rle": [0, 0]}), "bad-record", "ends after 2 bytes"),
        (_record("polygon", SQUARE), "bad-record", "0 labels: none"),
        (_record("polygonlabels", SQUARE | {"labels": ["a"]}), "bad-record", "2 labels: a, cat"),
        (_record("polygonlabels", SQUARE, "dog"), "unknown-class", "label 'dog'"),
        (_record("polygonlabels", SQUARE, item_index=1), "bad-record", "another picture"),
        (_record("polygonlabels", SQUARE, original_width=4), "size-differs", r"\[4, 10\]"),
        (
            _record("polygonlabels", SQUARE, original_width=4, original_height=10),
            "size-differs",
            "as if it lay on its side",
        ),
        (_record("polygonlabels", SQUARE, image_rotation=90), "turned-picture", "was turned"),
    ],
)
def test_faults(tmp_path: Path, record: dict[str, Any], kind: str, message: str) -> None:
    _picture(tmp_path)
    (tmp_path / "classes.txt").write_text("cat\na\n")
    if kind == "unknown-class":
        (tmp_path / "label_config.xml").write_text(
            '<View><BrushLabels><Label value="cat"/></BrushLabels></View>'
        )
    else:
        (tmp_path / "label_config.xml").write_text(
            '<View><Labels><Label value="cat"/><Label value="a"/></Labels></View>'
        )
    (fault,) = _faults(_write(tmp_path, _task(record)))
    assert fault.kind.startswith(kind)
    assert fault.key == "a"
    assert "export.json, task 7" in fault.where
    with pytest.raises(DataError, match=message):
        raise fault.error()


def test_soft_brushes_are_cut_at_half(tmp_path: Path) -> None:
    """One pixel of alpha 127, one of 128, the rest of 0: literal blocks of whole pixels."""
    bits = f"{4 * 40:032b}00111" + "0000" * 4  # all counts have one bit: up to two samples
    for alpha in (127, 128, *(0,) * 38):
        bits += f"0001{0:08b}{0:08b}" + f"0001{0:08b}{alpha:08b}"
    bits += "0" * (-len(bits) % 8)
    code = [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]
    _picture(tmp_path)
    _write(tmp_path, _task(_record("brushlabels", {"format": "rle", "rle": code})))
    assert open_dataset(tmp_path)[0].labels.ids[0].tolist() == [0, 1] + [0] * 8
    assert [(f.kind, f.how_bad) for f in _faults(tmp_path)] == [("soft-brush", "note")]


def test_found_by_being_a_list_of_tasks(tmp_path: Path) -> None:
    (tmp_path / "coco.json").write_text('[{"image_id": 1, "category_id": 2}]')
    assert not has_label_studio_files(tmp_path)
    (tmp_path / "coco.json").write_text('{"images": [], "annotations": []}')
    assert not has_label_studio_files(tmp_path)
    assert has_label_studio_files(_write(tmp_path, _task()))


def _plain_reading(record: dict[str, Any], size_hw: tuple[int, int]) -> np.ndarray:
    """The pixels of a written record, as the published descriptions tell them."""
    height, width = size_hw
    assert (record["original_width"], record["original_height"]) == (width, height)
    value = record["value"]
    if record["type"] == "brushlabels":
        bits = "".join(f"{byte:08b}" for byte in value["rle"])
        assert bits[:53] == f"{4 * height * width:032b}" + "00111" + "0010001101111111"
        at, samples = 53, []
        while len(samples) < 4 * height * width:
            size = (3, 4, 8, 16)[int(bits[at + 1 : at + 3], 2)]
            count = int(bits[at + 3 : at + 3 + size], 2) + 1
            sample = int(bits[at + 3 + size : at + 11 + size], 2)
            assert bits[at] == "1"
            samples += [sample] * count
            at += 11 + size
        return np.array(samples).reshape(height, width, 4)[..., 3] == 255
    ring = np.array([(x / 100 * width, y / 100 * height) for x, y in value["points"]])
    return region_of(Polygons((Polygon(np.round(ring, 9)),)), size_hw).mask()


@settings(max_examples=60)
@given(st.lists(scenes(), min_size=1, max_size=2))
def test_round_trip(drawn: list[Instances]) -> None:
    with written(LABEL_STUDIO, drawn, splits=["val", None]) as (folder, losses):
        dataset = reopened(folder, "label-studio")
        counted = Losses()
        by_key = {entry.key: entry for entry in dataset.entries}
        for number, scene in enumerate(drawn):
            (task,) = json.loads((folder / ("val.json", "tasks.json")[number]).read_text())
            records = task["annotations"][0]["result"]
            entry = by_key[f"deep/p{number}"]
            assert entry.split == ("val", None)[number]
            again, plain = entry.labels.read(), plain_objects(scene, counted)
            assert isinstance(again, Instances)
            assert regions_of(again) == regions_of(plain)
            np.testing.assert_array_equal(again.label_map().ids, scene.label_map().ids)
            for one, two, region, record in zip(
                plain.objects, again.objects, plain.regions, records, strict=True
            ):
                assert one.class_id == two.class_id
                np.testing.assert_array_equal(_plain_reading(record, scene.size_hw), region.mask())
                counted.add("attributes", int(bool(one.attributes)))
                if isinstance(one.shape, Polygons):
                    kept = isinstance(two.shape, Polygons)
                    assert kept == (len(one.shape.parts) == 1 and not one.shape.num_holes)
                    counted.add("vertices", int(not kept))
        assert losses == counted  # quarters of pixels come back as they were


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_vertices_on_pixel_centres_and_anywhere_keep_their_pixels(seed: int) -> None:
    """Percentages are no exact fractions of odd sides; pixels must not change all the same."""
    rng = np.random.default_rng(seed)
    height, width = (int(side) for side in rng.integers(3, 400, 2))
    ring = rng.random((7, 2)) * (width, height)
    ring[:4] = np.floor(ring[:4]) + 0.5
    ring[4] = ring[0] + (0, np.nextafter(0.5, 1))  # may have no percentage
    left, top = np.floor(ring[5]) + 0.5
    objects = (
        Instance(1, Polygons((Polygon(ring),))),
        Instance(2, Box(left, top, left + 1.1, top + 2)),
    )
    scene = Instances((height, width), objects, CLASSES)
    with written(LABEL_STUDIO, [scene]) as (folder, _):
        again = reopened(folder, "label-studio").entries[0].labels.read()
    assert isinstance(again, Instances)
    assert regions_of(again) == regions_of(scene)


def test_everything_in_one_file() -> None:
    square = np.array([[1.0, 1], [4, 1], [4, 3], [1, 3]])
    objects = (
        Instance(1, Polygons((Polygon(square),)), attributes={"n": 1}),
        Instance(0, Box(0, 0, 4, 1.5)),
        Instance(255, Polygons((Polygon(square, (square / 2 + 1,)),)), score=0.5),
    )
    scene = Instances((5, 8), objects, CLASSES)
    with written(LABEL_STUDIO, [scene], splits=["train"]) as (folder, losses):
        (task,) = json.loads((folder / "train.json").read_text())
        setup = ElementTree.parse(folder / "label_config.xml").getroot()
        (place,) = parse_qs(urlsplit(task["data"]["image"]).query)["d"]
        assert (folder / place).is_file()
    assert dict(losses) == {"vertices": 1, "scores": 1, "attributes": 1}
    polygon, box, brush = task["annotations"][0]["result"]
    assert len({record["id"] for record in (polygon, box, brush)}) == 3
    assert polygon["value"]["points"] == [[12.5, 20], [50, 20], [50, 60], [12.5, 60]]
    assert polygon["value"]["polygonlabels"] == ["ant"]
    expected = {"x": 0, "y": 0, "width": 50, "height": 30, "rotation": 0}
    assert box["value"] == expected | {"rectanglelabels": ["background"]}
    assert brush["value"]["brushlabels"] == ["ignore"]
    tags = {tag.get("name"): tag for tag in setup if tag.tag != "Image"}
    for record in (polygon, box, brush):  # every record is of a tag in the setup
        assert tags[record["from_name"]].tag.lower() == record["type"]
        labels = [label.get("value") for label in tags[record["from_name"]]]
        assert labels == ["background", "ant", "cat", "dog", "ignore"]


def test_label_maps_and_colours() -> None:
    classes = Classes(("nothing", "größe", "b & c"), ((0, 0, 0), (1, 2, 3), (4, 5, 6)), 0)
    ids = np.random.default_rng(0).choice([0, 1, 2, 255], (2, 7, 5)).astype(np.uint8)
    maps = [LabelMap(one, classes) for one in ids]
    with written(LABEL_STUDIO, maps, splits=["train", "test"]) as (folder, losses):
        (folder / "dataset.yaml").write_text("background: nothing\n")
        dataset = open_dataset(folder)
        assert dataset.splits == ("train", "test")
        assert (dataset.classes.names, dataset.classes.colours[1:]) == (
            classes.names,
            classes.colours[1:],
        )
        for number in range(2):
            np.testing.assert_array_equal(dataset[number].labels.ids, ids[number])
    assert not losses
