"""Pascal VOC: folders made by hand, and what we write, read with Pillow and painted here."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from tests.unit.formats.drawn import CLASSES, scenes, written

from segwright.dataset import open_dataset
from segwright.errors import DataError, LabelError
from segwright.formats.faults import Fault
from segwright.formats.pascal_voc.classes import read_labelmap, voc_palette
from segwright.formats.pascal_voc.folders import PASCAL_VOC
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances, as_instances
from segwright.labels.label_map import LabelMap
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box

IDS = np.array([[0, 0, 15, 15], [255, 255, 255, 255], [2, 2, 0, 0]], np.uint8)
OBJECTS = np.array([[0, 0, 1, 1], [255, 255, 255, 255], [2, 2, 0, 0]], np.uint8)
# A few of VOC's colours, as its own documents list them.
COLOURS = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 8: (64, 0, 0), 15: (192, 128, 128)}
COLOURS |= {20: (0, 64, 128), 255: (224, 224, 192)}


def _save(path: Path, values: np.ndarray, palette: np.ndarray | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Pillow.fromarray(values)
    if palette is not None and values.ndim == 2:
        picture.putpalette(palette.tobytes())
    picture.save(path)


def _put(
    home: Path,
    name: str,
    ids: np.ndarray | None = IDS,
    objects: np.ndarray | None = None,
    *,
    xml: str | None = None,
    palette: bool = True,
) -> None:
    size_hw = (3, 4) if ids is None else ids.shape[:2]
    _save(home / "JPEGImages" / f"{name}.jpg", np.zeros((*size_hw, 3), np.uint8))
    colours = voc_palette() if palette else None
    if ids is not None:
        _save(home / "SegmentationClass" / f"{name}.png", ids, colours)
    if objects is not None:
        _save(home / "SegmentationObject" / f"{name}.png", objects, colours)
    if xml is not None:
        (home / "Annotations").mkdir(exist_ok=True)
        (home / "Annotations" / f"{name}.xml").write_text(f"<annotation>{xml}</annotation>")


def _list(home: Path, **names: str) -> None:
    folder = home / "ImageSets" / "Segmentation"
    folder.mkdir(parents=True, exist_ok=True)
    for split, text in names.items():
        (folder / f"{split}.txt").write_text("".join(f"{name}\n" for name in text.split()))


def _names(ids: np.ndarray, classes: Classes) -> list[list[str]]:
    names = [*classes.names, *[""] * (256 - len(classes))]
    return [[names[value] for value in row] for row in ids.tolist()]


def test_the_palette_is_vocs() -> None:
    palette = voc_palette()
    assert {value: tuple(palette[value].tolist()) for value in COLOURS} == COLOURS
    assert len({tuple(colour) for colour in palette.tolist()}) == 256


# Classes


@pytest.mark.parametrize("nested", ["", "VOC2012", "VOCdevkit/VOC2012"])
@pytest.mark.parametrize("as_colours", [False, True])
def test_vocs_own_classes_are_guessed_from_its_colours(
    tmp_path: Path, nested: str, as_colours: bool
) -> None:
    _put(tmp_path / nested, "2007_1", voc_palette()[IDS] if as_colours else IDS)
    dataset = open_dataset(tmp_path)
    assert len(dataset.classes) == 21 and dataset.classes.background == 0
    assert dataset.classes.colours[15] == (192, 128, 128)
    assert any("taken for Pascal VOC's own classes" in note for note in dataset.notes)
    assert dataset.keys == ("2007_1",)
    assert _names(dataset[0].labels.ids, dataset.classes) == [
        ["background", "background", "person", "person"],
        ["", "", "", ""],
        ["bicycle", "bicycle", "background", "background"],
    ]


def test_grey_masks_are_not_taken_for_vocs_classes(tmp_path: Path) -> None:
    _put(tmp_path, "a", np.array([[0, 1, 2, 255]], np.uint8), palette=False)
    assert open_dataset(tmp_path).classes.names == ("class 0", "class 1", "class 2")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "labelmap.txt",
            "# label:color_rgb:parts:actions\nbackground:0,0,0::\nx:y:1,2,3::\ncat:::\n",
        ),
        ("labelmap.txt", "x:y:1,2,3::\ncat:4,5,6::\n"),
        ("classes.txt", "background\nx:y\ncat\n"),
        ("classes.txt", "x:y\ncat\n"),
        ("dataset.yaml", "classes: ['x:y', cat]\n"),
    ],
)
def test_names_from_every_place(tmp_path: Path, file: str, text: str) -> None:
    _put(tmp_path, "a", np.array([[0, 1, 2, 255]], np.uint8), palette=False)
    (tmp_path / file).write_text(text)
    dataset = open_dataset(tmp_path)
    assert dataset.classes.names == ("background", "x:y", "cat")
    assert dataset[0].labels.ids.tolist() == [[0, 1, 2, 255]]


def test_colours_of_a_label_map(tmp_path: Path) -> None:
    (tmp_path / "labelmap.txt").write_text("background:0,0,0::\ncat:9,8,7::\ndog:1,2,3::\n")
    ids = np.array([[[0, 0, 0], [1, 2, 3]], [[9, 8, 7], [224, 224, 192]]], np.uint8)
    _put(tmp_path, "a", ids, palette=False)
    assert open_dataset(tmp_path)[0].labels.ids.tolist() == [[0, 2], [1, 255]]


def test_a_palette_in_another_order_than_the_label_map(tmp_path: Path) -> None:
    (tmp_path / "labelmap.txt").write_text("background:0,0,0::\ncat:9,8,7::\ndog:1,2,3::\n")
    _put(tmp_path, "a")
    palette = np.array([[0, 0, 0], [1, 2, 3], [9, 8, 7]], np.uint8)
    _save(tmp_path / "SegmentationClass" / "a.png", np.array([[0, 1, 2]], np.uint8), palette)
    labels = open_dataset(tmp_path).entries[0].labels.read()
    assert isinstance(labels, LabelMap)
    assert labels.ids.tolist() == [[0, 2, 1]]


def test_values_without_a_name(tmp_path: Path) -> None:
    (tmp_path / "labelmap.txt").write_text("background:0,0,0::\ncat:9,8,7::\ndog:1,2,3::\n")
    _put(tmp_path, "a", np.array([[0, 1, 7]], np.uint8), palette=False)
    faults: list[Fault] = []
    labels = open_dataset(tmp_path, report=faults.append).entries[0].labels.read(faults.append)
    assert {fault.kind for fault in faults} == {"unknown-value"}
    assert isinstance(labels, LabelMap) and labels.ids.tolist() == [[0, 1, 255]]


def test_read_labelmap_puts_the_background_first(tmp_path: Path) -> None:
    path = tmp_path / "labelmap.txt"
    path.write_text("\ufeffnothing:0,0,0::\na b:255,255,255::\n\n")
    assert list(read_labelmap(path).names) == ["nothing", "a b"]


# Lists


def test_lists_give_splits_and_faults(tmp_path: Path) -> None:
    for name in "abcd":
        _put(tmp_path, name)
    _put(tmp_path, "unlabelled", None)
    _put(tmp_path, "photo", None)
    _save(tmp_path / "SegmentationClass" / "lost.png", IDS, voc_palette())
    _list(tmp_path, train="a unlabelled gone ../a", val="b", trainval="a b c gone", test="photo")
    faults: list[Fault] = []
    dataset = open_dataset(tmp_path, report=faults.append)
    assert [(one.key, one.split) for one in dataset.entries] == [
        *(("a", "train"), ("b", "val"), ("c", None))
    ]
    assert sorted((fault.kind, fault.how_bad) for fault in faults) == [
        ("image-without-labels", "error"),
        ("labels-without-image", "error"),
        ("listed-missing", "error"),
        ("not-listed", "warning"),
    ]
    missing = next(fault for fault in faults if fault.kind == "listed-missing")
    assert "2 of 7" in missing.problem and "../a" in missing.problem
    assert any("1 pictures of the test split have no masks" in note for note in dataset.notes)
    with pytest.raises(DataError):
        open_dataset(tmp_path)


def test_a_name_in_two_splits(tmp_path: Path) -> None:
    _put(tmp_path, "a")
    _list(tmp_path, train="a", val="a")
    faults: list[Fault] = []
    assert open_dataset(tmp_path, report=faults.append).entries[0].split == "train"
    assert [(fault.kind, fault.how_bad) for fault in faults] == [("name-twice", "warning")]


def test_test_masks_stay_closed_at_opening(tmp_path: Path) -> None:
    _put(tmp_path, "a")
    _put(tmp_path, "b")
    (tmp_path / "SegmentationClass" / "b.png").write_bytes(b"no picture")
    _list(tmp_path, train="a", test="b")
    assert open_dataset(tmp_path).keys == ("a", "b")


# Objects


def test_objects_with_their_class_and_what_xml_says(tmp_path: Path) -> None:
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox>"
    said = "<difficult>1</difficult><truncated>0</truncated><pose>Left</pose>"
    xml = f"<object><name>person</name>{said}{box}</object><object><name>bird</name>{box}</object>"
    _put(tmp_path, "a", IDS, OBJECTS, xml=xml)
    faults: list[Fault] = []
    dataset = open_dataset(tmp_path, report=faults.append)
    labels = as_instances(dataset.entries[0].labels.read(faults.append))
    names = [*dataset.classes.names, *[""] * 235]
    assert [(names[one.class_id], dict(one.attributes)) for one in labels.objects] == [
        ("", {}),
        ("person", {"difficult": True, "pose": "Left"}),
        ("bicycle", {}),
    ]
    assert [fault.problem for fault in faults] == [
        "object 2 is 'bicycle', but 'bird' in the XML file"
    ]
    assert labels.label_map().ids.tolist() == IDS.tolist()


def test_masks_that_disagree(tmp_path: Path) -> None:
    ids = np.array([[1, 1, 1, 2, 0, 0, 3, 0]], np.uint8)
    objects = np.array([[7, 7, 7, 7, 7, 9, 0, 0]], np.uint8)
    _put(tmp_path, "a", ids, objects)
    faults: list[Fault] = []
    labels = as_instances(open_dataset(tmp_path).entries[0].labels.read(faults.append))
    assert [(fault.kind, fault.how_bad) for fault in faults] == [("masks-disagree", "warning")] * 3
    assert [(one.class_id, region.area_px) for one, region in zip(
        labels.objects, labels.regions, strict=True
    )] == [(3, 1), (1, 5)]  # fmt: skip


def test_masks_of_different_sizes(tmp_path: Path) -> None:
    _put(tmp_path, "a", IDS, OBJECTS[:2])
    with pytest.raises(LabelError, match="2×4"):
        open_dataset(tmp_path)[0]


def test_object_masks_in_colour(tmp_path: Path) -> None:
    _put(tmp_path, "a", IDS)
    _save(tmp_path / "SegmentationObject" / "a.png", voc_palette()[OBJECTS])
    labels = as_instances(open_dataset(tmp_path).entries[0].labels.read())
    assert sorted(one.class_id for one in labels.objects) == [2, 15, 255]


def test_xml_with_a_document_type_is_not_read(tmp_path: Path) -> None:
    _put(tmp_path, "a", IDS, OBJECTS)
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations" / "a.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    faults: list[Fault] = []
    labels = as_instances(open_dataset(tmp_path).entries[0].labels.read(faults.append))
    assert [fault.kind for fault in faults] == ["unreadable-labels"]
    assert len(labels.objects) == 3


def test_boxes_alone(tmp_path: Path) -> None:
    box = "<bndbox><xmin>2</xmin><ymin>1</ymin><xmax>3</xmax><ymax>2</ymax></bndbox>"
    wrong = "<object><name>cat</name><bndbox><xmin>x</xmin></bndbox></object>"
    _put(tmp_path, "a", None)
    (tmp_path / "Annotations").mkdir()
    xml = f"<annotation><object><name>cat</name>{box}</object>{wrong}</annotation>"
    (tmp_path / "Annotations" / "a.xml").write_text(xml)
    faults: list[Fault] = []
    dataset = open_dataset(tmp_path, report=faults.append)
    labels = as_instances(dataset.entries[0].labels.read(faults.append))
    assert [one.shape for one in labels.objects] == [Box(1, 0, 3, 2)]
    assert labels.label_map().ids.tolist() == [[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    assert [fault.kind for fault in faults] == ["box-only", "bad-record"]


# Round trips


@settings(max_examples=25)
@given(st.lists(scenes(), min_size=1, max_size=3))
def test_what_is_written_is_what_is_painted(drawn: list[Instances]) -> None:
    with written(PASCAL_VOC, drawn, splits=("train", None, "test")) as (folder, losses):
        names = [line.split(":")[0] for line in (folder / "labelmap.txt").read_text().splitlines()]
        assert names[1:] == list(CLASSES.names)
        for number, scene in enumerate(drawn):
            key = f"deep/p{number}"
            split = ("train", "trainval", "test")[number]
            lists = folder / "ImageSets" / "Segmentation"
            assert key in (lists / f"{split}.txt").read_text().split()
            ids, numbers = _painted(scene)
            with Pillow.open(folder / "SegmentationClass" / f"{key}.png") as stored:
                assert np.array_equal(np.asarray(stored), ids)
                assert np.array_equal(
                    np.asarray(stored.convert("RGB"))[ids == 1],
                    np.broadcast_to(CLASSES.colours[1], ((ids == 1).sum(), 3)),
                )
            with Pillow.open(folder / "SegmentationObject" / f"{key}.png") as stored:
                same = np.asarray(stored)
                assert np.array_equal(same == 255, numbers == -1)
                assert np.array_equal(same == 0, numbers == 0)
            kept = len(set(numbers.ravel().tolist()) - {0, -1})
            assert sorted({*same.ravel().tolist()} - {0, 255}) == list(range(1, kept + 1))
            records = ElementTree.parse(folder / "Annotations" / f"{key}.xml").findall("object")
            assert len(records) == kept
        for entry in open_dataset(folder).entries:
            scene = drawn[int(entry.key[-1])]
            after = entry.labels.read()
            assert isinstance(after, Instances)
            assert np.array_equal(after.label_map().ids, scene.label_map().ids)
    objects = [one for scene in drawn for one in scene.objects]
    assert losses["crowds"] == sum(one.is_crowd for one in objects)
    assert losses["vertices"] == sum(not isinstance(one.shape, RunLengths) for one in objects)


def _painted(scene: Instances) -> tuple[np.ndarray, np.ndarray]:
    """Class and object (-1 for ignored) of every pixel: crowds first, then the larger first."""
    ids, numbers = np.zeros(scene.size_hw, int), np.zeros(scene.size_hw, int)
    regions = [region.mask() for region in scene.regions]
    order = sorted(
        range(len(regions)), key=lambda i: (not scene.objects[i].is_crowd, -regions[i].sum())
    )
    for place in order:
        one = scene.objects[place]
        ignored = one.is_crowd or one.class_id == 255
        ids[regions[place]] = 255 if ignored else one.class_id
        numbers[regions[place]] = -1 if ignored else place + 1
    return ids, numbers


def test_more_objects_than_a_byte_holds() -> None:
    size_hw = (20, 30)
    pixels = np.eye(600, dtype=bool).reshape(600, *size_hw)
    objects = tuple(Instance(1 + i % 3, RunLengths.from_mask(pixels[i])) for i in range(600))
    with written(PASCAL_VOC, [Instances(size_hw, objects, CLASSES)]) as (folder, losses):
        after = open_dataset(folder).entries[0].labels.read()
        assert isinstance(after, Instances)
        assert [one.class_id for one in after.objects] == [one.class_id for one in objects]
    assert not losses


def test_classes_whose_colours_are_alike_get_vocs() -> None:
    classes = Classes(("nothing", "a", "b"), ((0, 0, 0), (9, 9, 9), (9, 9, 9)), 0)
    ids = np.array([[0, 1], [2, 255]], np.uint8)
    with written(PASCAL_VOC, [LabelMap(ids, classes)]) as (folder, losses):
        text = (folder / "labelmap.txt").read_text()
        assert text.splitlines()[1:] == ["nothing:0,0,0::", "a:128,0,0::", "b:0,128,0::"]
        assert not (folder / "SegmentationObject").exists()
        dataset = open_dataset(folder)
        assert dataset.classes.names == classes.names and dataset.classes.background == 0
        assert dataset[0].labels.ids.tolist() == ids.tolist()
    assert losses == {"colours": 3}


def test_classes_without_background_keep_their_pixels() -> None:
    classes = Classes.named(["road", "sky"])
    ids = np.array([[0, 1], [1, 255]], np.uint8)
    with written(PASCAL_VOC, [LabelMap(ids, classes)]) as (folder, _):
        assert open_dataset(folder).classes.names == ("background", "road", "sky")
        (folder / "dataset.yaml").write_text("classes: [road, sky]\nbackground: false\n")
        assert open_dataset(folder)[0].labels.ids.tolist() == ids.tolist()


def test_real_photos(shared_data: Path) -> None:
    dataset = open_dataset(shared_data / "camvid").subset([0, 400, 600])
    drawn = [entry.labels.read() for entry in dataset.entries]
    with written(PASCAL_VOC, drawn) as (folder, losses):
        names = ", ".join(dataset.classes.names)
        (folder / "dataset.yaml").write_text(f"classes: [{names}]\nbackground: false\n")
        for before, entry in zip(drawn, open_dataset(folder).entries, strict=True):
            after = entry.labels.read()
            assert isinstance(after, LabelMap) and isinstance(before, LabelMap)
            assert np.array_equal(after.ids, before.ids)
    assert not losses
