"""CVAT files made by hand, and written ones read by a plain reading of the published format."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from tests.unit.formats.drawn import CLASSES, reopened, scenes, written

from segwright.dataset import open_dataset
from segwright.errors import DataError, LabelError
from segwright.formats.cvat.folders import CVAT, has_cvat_files
from segwright.formats.faults import Fault, UnusableLabels
from segwright.formats.lost import Losses
from segwright.formats.plain import plain_objects, single_ring
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances
from segwright.labels.label_map import LabelMap
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygon, Polygons, region_of

LABELS = """<meta><task><name>t</name><labels>
<label><name>cat</name><color>#fa3253</color><type>any</type><attributes/></label>
<label><name>ant</name><color>blue</color><type>polygon</type></label>
<label><name>spine</name><color>#000001</color><type>skeleton</type></label>
<label><name>bone</name><color>#000002</color><type>points</type><parent>spine</parent></label>
</labels></task></meta>"""


def _image(shapes: str = "", *, name: str = "a.png", more: str = "") -> str:
    return f'<image id="0" name="{name}" width="6" height="4" {more}>{shapes}</image>'


def _shape(kind: str, attributes: str, inner: str = "") -> str:
    return f'<{kind} label="cat" source="manual" occluded="0" {attributes}>{inner}</{kind}>'


def _write(root: Path, *images: str, meta: str = LABELS, place: str = "annotations.xml") -> Path:
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    body = f"<annotations><version>1.1</version>{meta}{''.join(images)}</annotations>"
    (root / place).write_text(f'<?xml version="1.0" encoding="utf-8"?>\n{body}')
    return root


def _picture(root: Path, place: str = "images/a.png") -> None:
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    Pillow.new("L", (6, 4)).save(root / place)


def _faults(root: Path) -> list[Fault]:
    faults: list[Fault] = []
    for entry in open_dataset(root, report=faults.append).entries:
        with suppress(UnusableLabels):
            entry.labels.read(faults.append)
    return faults


def test_all_kinds_of_areas(tmp_path: Path) -> None:
    shapes = (
        _shape("polygon", 'points="0.00,0.00;2.00,0.00;2.00,2.00;0.00,2.00" z_order="0"')
        + _shape("box", 'xtl="4.0" ytl="0.0" xbr="6.0" ybr="1.0"').replace("cat", "ant")
        + _shape("mask", 'left="3" top="2" width="2" height="2" rle="0, 1, 2, 1"')
    )
    _picture(tmp_path)
    dataset = open_dataset(_write(tmp_path, _image(shapes)))
    assert dataset.classes.names == ("background", "cat", "ant")
    assert dataset.classes.colours[1] == (0xFA, 0x32, 0x53)
    assert dataset[0].labels.ids.tolist() == [
        [1, 1, 0, 0, 2, 2],
        [1, 1, 0, 0, 0, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 1, 0],
    ]


def test_boxes_turn_about_their_middle(tmp_path: Path) -> None:
    """A lying box of 4×2 becomes a standing one of 2×4 about the same middle."""
    _picture(tmp_path)
    box = _shape("box", 'xtl="1" ytl="1" xbr="5" ybr="3" rotation="90.0"')
    ids = open_dataset(_write(tmp_path, _image(box)))[0].labels.ids
    assert ids.tolist() == [[0, 0, 1, 1, 0, 0]] * 4
    turned = _shape("box", 'xtl="2" ytl="1" xbr="4" ybr="3" rotation="45"')
    labels = open_dataset(_write(tmp_path, _image(turned))).entries[0].labels.read()
    assert isinstance(labels, Instances)
    (shape,) = (one.shape for one in labels.objects)
    assert isinstance(shape, Polygons)
    half = 2**0.5
    expected = [[3, 2 - half], [3 + half, 2], [3, 2 + half], [3 - half, 2]]
    np.testing.assert_allclose(shape.parts[0].exterior, expected, atol=1e-12)


def test_ellipse_holds_the_pixels_of_its_equation(tmp_path: Path) -> None:
    ellipse = _shape("ellipse", 'cx="30.2" cy="20.4" rx="22" ry="9" rotation="25"')
    _picture(tmp_path)
    Pillow.new("L", (60, 40)).save(tmp_path / "images/a.png")
    image = _image(ellipse).replace('"6"', '"60"').replace('"4"', '"40"')
    ids = open_dataset(_write(tmp_path, image))[0].labels.ids
    y, x = np.mgrid[:40, :60] + 0.5
    turn = np.deg2rad(25)
    along = (x - 30.2) * np.cos(turn) + (y - 20.4) * np.sin(turn)
    across = (y - 20.4) * np.cos(turn) - (x - 30.2) * np.sin(turn)
    inside = np.hypot(along / 22, across / 9)
    clear = abs(inside - 1) * 9 > 0.1
    np.testing.assert_array_equal(ids[clear] == 1, (inside < 1)[clear])
    assert [fault.kind for fault in _faults(tmp_path)] == ["approximated"]


def test_z_order_decides_who_is_on_top(tmp_path: Path) -> None:
    small = _shape("box", 'xtl="0" ytl="0" xbr="2" ybr="2" z_order="-1"')
    large = _shape("box", 'xtl="0" ytl="0" xbr="6" ybr="2" z_order="2"').replace("cat", "ant")
    _picture(tmp_path)
    _write(tmp_path, _image(large + small))
    assert open_dataset(tmp_path)[0].labels.ids[0].tolist() == [2] * 6
    _write(tmp_path, _image(large + small.replace("-1", "2")))
    assert open_dataset(tmp_path)[0].labels.ids[0].tolist() == [1, 1, 2, 2, 2, 2]


def test_what_is_said_beside(tmp_path: Path) -> None:
    inner = '<attribute name="colour">red</attribute><attribute name="old">true</attribute>'
    box = _shape("box", 'xtl="0" ytl="0" xbr="2" ybr="2" group_id="3"', inner)
    _picture(tmp_path)
    _write(tmp_path, _image(box.replace('occluded="0"', 'occluded="1"')))
    labels = open_dataset(tmp_path).entries[0].labels.read()
    assert isinstance(labels, Instances)
    said = {"colour": "red", "old": "true", "occluded": True, "group_id": 3}
    assert labels.objects[0].attributes == said
    assert labels.objects[0].shape == Box(0, 0, 2, 2)


@pytest.mark.parametrize(
    ("picture", "name", "more", "place", "split", "key"),
    [
        ("a.png", "a.png", "", "annotations.xml", None, "a"),
        ("images/s/a.png", "s/a.png", "", "annotations.xml", None, "s/a"),
        ("images/train/a.png", "a.png", 'subset="Train"', "annotations.xml", "train", "a"),
        ("images/s/a.png", "a.png", 'subset="Validation"', "annotations.xml", "val", "s/a"),
        ("images/a.png", "a.png", 'subset="default"', "test.xml", "test", "a"),
        ("val/images/a.png", "a.png", "", "val/annotations.xml", "val", "images/a"),
    ],
)
def test_layouts(
    tmp_path: Path, picture: str, name: str, more: str, place: str, split: str, key: str
) -> None:
    _picture(tmp_path, picture)
    (entry,) = open_dataset(_write(tmp_path, _image(name=name, more=more), place=place)).entries
    assert (entry.split, entry.image) == (split, tmp_path / picture)
    assert entry.key == key.removeprefix("images/")


def test_pictures_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for place in ("images/a.png", "images/train/a.png", "images/val/a.png"):
        _picture(tmp_path, place)
    _write(tmp_path, _image(), *(_image(more=f'subset="{split}"') for split in ("train", "val")))
    places = [entry.folder for entry in open_dataset(tmp_path).entries]
    assert places == ["images/train", "images/val", "images"]
    _write(tmp_path, _image(name="../images/a.png"), _image(), _image())
    faults: list[Fault] = []
    assert len(open_dataset(tmp_path, report=faults.append).entries) == 1
    kinds = [fault.kind for fault in faults]
    assert kinds == ["name-twice", "labels-without-image", "image-without-labels"]
    assert "1 of 3 pictures are missing" in faults[1].problem


def test_labels_that_are_not_declared_are_those_that_are_used(tmp_path: Path) -> None:
    box = _shape("box", 'xtl="0" ytl="0" xbr="2" ybr="2"')
    secret = _image(box.replace("cat", "secret"), name="b.png", more='subset="test"')
    tag = '<tag label="sunny"/>'
    _picture(tmp_path)
    _picture(tmp_path, "images/b.png")
    _write(tmp_path, _image(box + box.replace("cat", "ant") + tag), secret, meta="")
    dataset = open_dataset(tmp_path)
    assert dataset.classes.names == ("background", "ant", "cat")
    with pytest.raises(LabelError, match="label 'secret', but the labels are"):
        dataset.split("test")[0]


def test_pictures_without_shapes_are_background(tmp_path: Path) -> None:
    _picture(tmp_path)
    dataset = open_dataset(_write(tmp_path, _image()))
    assert not dataset[0].labels.ids.any()
    assert "1 pictures have no shape and are background throughout." in dataset.notes


MASK = 'left="0" top="0" width="2" height="2" rle='


@pytest.mark.parametrize(
    ("shapes", "kind", "message"),
    [
        (_shape("polyline", 'points="0,0;1,1"'), "not-an-area", "a polyline"),
        (_shape("points", 'points="0,0"'), "not-an-area", "a points"),
        (_shape("cuboid", 'xtl1="0"'), "not-an-area", "a cuboid"),
        (_shape("skeleton", ""), "not-an-area", "a skeleton"),
        ('<tag label="cat"/>', "not-an-area", "a tag"),
        ('<blob label="cat"/>', "bad-record", "a 'blob'.*Accepted are polygon, box"),
        (_shape("polygon", 'points="0,0;1,nan;2,2"'), "bad-record", "vertex 1 is '1,nan'"),
        (_shape("polygon", 'points="0,0;1;2,2"'), "bad-record", "vertex 1 is '1'"),
        (_shape("polygon", ""), "bad-record", "vertex 0 is ''"),
        (_shape("polygon", 'points="0,0;1e999,0;2,2"'), "bad-coordinates", "far outside"),
        (_shape("polygon", 'points="0,0;2,2"'), "too-few-vertices", "2 vertices"),
        (_shape("box", 'xtl="0" ytl="0" xbr="2"'), "bad-record", "ybr is ''"),
        (_shape("box", 'xtl="1_0" ytl="0" xbr="2" ybr="2"'), "bad-record", "xtl is '1_0'"),
        (_shape("box", 'xtl="3" ytl="0" xbr="2" ybr="2"'), "bad-box", "width -1"),
        (_shape("box", 'xtl="0" ytl="0" xbr="2" ybr="2" z_order="x"'), "bad-record", "z_order"),
        (_shape("mask", MASK + '"1, 2"'), "bad-record", "cover 3 pixels, but the mask has 4"),
        (_shape("mask", MASK + '"1, -2, 5"'), "bad-record", "run length ' -2'"),
        (_shape("mask", MASK + '"9999999999, 2"'), "bad-record", "cover 10000000001 pixels"),
        (_shape("mask", MASK + '""'), "bad-record", "run length ''"),
        (_shape("mask", MASK.replace('left="0"', 'left="5"') + '"0, 4"'), "bad-record", "outside"),
        (
            _shape("mask", 'left="0" top="0" width="99999999" height="99999999" rle="1"'),
            "bad-record",
            "mask of 99999999×99999999",
        ),
        (_shape("mask", MASK + '"4"'), "empty-shape", "no pixel"),
        (_shape("mask", 'rle="4"'), "bad-record", "left is None"),
        ('<box label="dog" xtl="0" ytl="0" xbr="2" ybr="2"/>', "unknown-class", "'dog'"),
    ],
)
def test_faults(tmp_path: Path, shapes: str, kind: str, message: str) -> None:
    _picture(tmp_path)
    (fault,) = _faults(_write(tmp_path, _image(shapes)))
    assert (fault.kind, fault.key) == (kind, "a")
    assert "annotations.xml, a.png, " in fault.where
    with pytest.raises(DataError, match=message):
        raise fault.error()


def test_other_sizes_and_kinds(tmp_path: Path) -> None:
    _picture(tmp_path)
    (fault,) = _faults(
        _write(tmp_path, _image().replace("6", "4").replace('height="4', 'height="6'))
    )
    assert fault.kind == "size-differs"
    assert "as if it lay on its side" in fault.problem
    _write(tmp_path, '<track id="0" label="cat"/>')
    with pytest.raises(LabelError, match=r"Export it as 'CVAT for images 1\.1'"):
        open_dataset(tmp_path)
    _write(tmp_path, "<image")
    assert [fault.kind for fault in _faults_of_broken(tmp_path)] == ["unreadable-labels"]


def _faults_of_broken(root: Path) -> list[Fault]:
    """The faults until the dataset turns out to have no class."""
    faults: list[Fault] = []
    with pytest.raises(DataError, match="names no class"):
        open_dataset(root, report=faults.append)
    return faults[:1]


def test_found_by_its_root_element(tmp_path: Path) -> None:
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "Annotations" / "a.xml").write_text("<annotation><folder/></annotation>")
    assert not has_cvat_files(tmp_path)
    assert has_cvat_files(_write(tmp_path, _image()))


def _plain_reading(element: ElementTree.Element, size_hw: tuple[int, int]) -> np.ndarray:
    """The pixels of a written element, as the description of the format tells them."""
    seen = np.zeros(size_hw, dtype=bool)
    if element.tag == "mask":
        left, top, width, _ = (int(element.attrib[k]) for k in ("left", "top", "width", "height"))
        at, value = 0, False
        for length in element.attrib["rle"].split(", "):
            for _ in range(int(length)):
                seen[top + at // width, left + at % width] = value
                at += 1
            value = not value
        return seen
    ring = np.array([pair.split(",") for pair in element.attrib["points"].split(";")], dtype=float)
    return region_of(Polygons((Polygon(ring),)), size_hw).mask()


@settings(max_examples=60)
@given(st.lists(scenes(), min_size=1, max_size=2))
def test_round_trip(drawn: list[Instances]) -> None:
    with written(CVAT, drawn, splits=["val", None]) as (folder, losses):
        dataset = reopened(folder, "cvat")
        counted = Losses()
        by_key = {entry.key: entry for entry in dataset.entries}
        images = ElementTree.parse(folder / "annotations.xml").getroot().findall("image")
        for number, scene in enumerate(drawn):
            entry = by_key[f"deep/p{number}"]
            assert entry.split == ("val", None)[number]
            again, plain = entry.labels.read(), plain_objects(scene, counted, layers=True)
            assert isinstance(again, Instances)
            np.testing.assert_array_equal(again.label_map().ids, scene.label_map().ids)
            order = plain.drawing_order()  # as CVAT itself draws
            assert len(again.objects) == len(images[number]) == len(order)
            for at, two, element in zip(order, again.objects, images[number], strict=True):
                one, region = plain.objects[at], plain.regions[at]
                assert one.class_id == two.class_id
                np.testing.assert_array_equal(region.mask(), again.regions[order.index(at)].mask())
                np.testing.assert_array_equal(region.mask(), _plain_reading(element, scene.size_hw))
                if isinstance(one.shape, Polygons):
                    assert isinstance(two.shape, Polygons) == single_ring(one)
                    counted.add("vertices", int(not single_ring(one)))
                kept = {key: str(value).lower() for key, value in two.attributes.items()}
                told = {key: str(value).lower() for key, value in one.attributes.items()}
                assert kept.items() <= told.items()
                counted.add("attributes", int(len(kept) < len(told)))
        assert losses == counted


def test_everything_in_one_file(tmp_path: Path) -> None:
    square = np.array([[1.0, 1], [3, 1], [3, 3], [1, 3.25]])
    objects = (
        Instance(1, Polygons((Polygon(square),)), layer=4, attributes={"group_id": 2, "n": True}),
        Instance(3, Box(0.5, 0, 4, 2), attributes={"occluded": True, "deep": {"a": 1}}),
        Instance(255, RunLengths((6, 5), np.array([7, 2, 4, 2, 15]))),
    )
    scene = Instances((6, 5), objects, CLASSES)
    with written(CVAT, [scene], splits=["val"]) as (folder, losses):
        root = ElementTree.parse(folder / "annotations.xml").getroot()
        assert (folder / "images/val/deep/p0.png").is_file()
        again = reopened(folder, "cvat").entries[0].labels.read()
    assert dict(losses) == {"attributes": 1}
    assert root.findtext("version") == "1.1"
    labels = {one.findtext("name"): one for one in root.iterfind("meta/project/labels/label")}
    assert list(labels) == ["ant", "cat", "dog", "ignore"]
    assert labels["ant"].findtext("attributes/attribute/name") == "n"
    assert labels["cat"].findtext("color") == f"#{bytes(CLASSES.colours[2]).hex()}"
    image = root.find("image")
    assert image is not None
    said = {"id": "0", "name": "val/deep/p0.png", "subset": "val", "width": "5", "height": "6"}
    assert image.attrib == said
    box, mask, polygon = image
    assert (box.tag, box.get("xtl"), box.get("ybr"), box.get("occluded")) == (
        "box",
        "0.5",
        "2.0",
        "1",
    )
    # Rows 1 and 2 of columns 1 and 2; the second column holds one row lower.
    assert mask.attrib["rle"] == "0, 4"
    assert [mask.attrib[k] for k in ("left", "top", "width", "height")] == ["1", "1", "2", "2"]
    assert polygon.get("points") == "1.0,1.0;3.0,1.0;3.0,3.0;1.0,3.25"
    assert (polygon.get("z_order"), polygon.get("group_id")) == ("4", "2")
    assert isinstance(again, Instances)
    assert [one.layer for one in again.objects] == [0, 0, 4]
    np.testing.assert_array_equal(again.label_map().ids, scene.label_map().ids)


def test_label_maps_and_names_that_xml_escapes() -> None:
    names = ["back & ground", 'a "b" <c>', "größe\t2"]
    classes = Classes.named(names, background=0)
    ids = np.random.default_rng(0).choice([0, 1, 2, 255], (7, 5)).astype(np.uint8)
    with written(CVAT, [LabelMap(ids, classes)]) as (folder, losses):
        (folder / "dataset.yaml").write_text("background: back & ground\n")
        dataset = open_dataset(folder)
        assert dataset.classes.names == tuple(names)
        np.testing.assert_array_equal(dataset[0].labels.ids, ids)
    assert not losses
    odd = Classes.named(["a", "b\x01"], background=0)
    with (
        pytest.raises(DataError, match=r"'\\x01', which XML cannot hold"),
        written(CVAT, [LabelMap(np.ones((2, 2), np.uint8), odd)]),
    ):
        pass
