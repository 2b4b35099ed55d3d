"""YOLO: files made by hand, and what we write, parsed and drawn here by the plainest means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from tests.unit.formats.drawn import CLASSES, masks, polygons, reopened, scenes, written

from segwright.dataset import open_dataset
from segwright.errors import DataError, LabelError
from segwright.formats.faults import Fault
from segwright.formats.yolo.bridges import bridged, unbridged
from segwright.formats.yolo.folders import YOLO
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances, as_instances
from segwright.labels.label_map import LabelMap
from segwright.labels.outline import outline
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygon, Polygons, region_of

SQUARE = "0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5"  # on 10 × 10 pixels: rows and columns 1 … 4


def inside(ring: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Pixels whose centres lie in a ring, by counting the edges left of each; (Y, X) bool."""
    rows, columns = np.mgrid[: size_hw[0], : size_hw[1]] + 0.5
    odd = np.zeros(size_hw, bool)
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if y0 != y1:
            passes = (min(y0, y1) <= rows) & (rows < max(y0, y1))
            odd ^= passes & (columns > x0 + (rows - y0) * (x1 - x0) / (y1 - y0))
    return odd


def _image(path: Path, size: tuple[int, int] = (10, 10)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.new("RGB", size).save(path)


def _put(root: Path, image: str, text: str | None, label: str | None = None) -> None:
    """A picture of 10 × 10 pixels and its text file, by YOLO's rule unless `label` says where."""
    _image(root / image)
    if text is not None:
        place = root / (label or str(Path(image.replace("images", "labels")).with_suffix(".txt")))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def _dataset(root: Path, text: str, declared: str = "names: [apple, pear]") -> Path:
    _put(root, "images/train/a.png", text)
    (root / "data.yaml").write_text(f"train: images/train\n{declared}\n")
    return root


def _read(root: Path) -> tuple[Instances, list[Fault]]:
    """The objects of the first picture, and all faults."""
    faults: list[Fault] = []
    dataset = open_dataset(root, report=faults.append)
    return as_instances(dataset.entries[0].labels.read(faults.append)), faults


# What a line means


def test_a_polygon_a_box_and_a_confidence(tmp_path: Path) -> None:
    lines = [SQUARE, "1 0.5 0.5 0.2 0.4", "", "# a comment", f"  {SQUARE} 0.75  "]
    drawn, faults = _read(_dataset(tmp_path, "\r\n".join(lines)))
    square, box, scored = drawn.objects
    assert isinstance(square.shape, Polygons)
    assert square.shape.parts[0].exterior.tolist() == [[1, 1], [5, 1], [5, 5], [1, 5]]
    assert box.shape == Box(4, 3, 6, 7)
    assert [drawn.classes.names[one.class_id] for one in drawn.objects] == [
        *("apple", "pear", "apple")
    ]
    assert (square.score, scored.score) == (None, 0.75)
    assert [fault.kind for fault in faults] == ["box-only", "scored"]
    assert drawn.regions[1].mask()[3:7, 4:6].all() and drawn.regions[1].area_px == 8


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("0 0.1 0.1 0.5", "bad-record"),
        ("0", "bad-record"),
        ("0.5 0.1 0.1 0.5 0.1 0.5 0.5", "bad-record"),
        ("nan 0.1 0.1 0.5 0.1 0.5 0.5", "bad-record"),
        ("apple 0.1 0.1 0.5 0.1 0.5 0.5", "bad-record"),
        ("0 0.1 0.1 0.5 0.1 0.5 0.5 7", "bad-record"),
        ("0 0.1 0.1 0.5 0.1 0.5 nan", "bad-coordinates"),
        ("0 0.1 0.1 0.5 0.1 0.5 inf", "bad-coordinates"),
        ("0 0.1 0.1 0.5 0.1 0.5 0_5", "bad-coordinates"),
        ("0 0.1 0.1 0.5 0.1 0.5 1e999", "bad-coordinates"),
        ("0 1 1 5 1 5 5", "bad-coordinates"),
        ("0 0.1,0.1 0.5,0.1 0.5,0.5", "bad-coordinates"),
        ("0 0.1 0.1 0.1 0.1 0.1 0.1", "too-few-vertices"),
        ("0 -0.5 -0.5 -0.1 -0.5 -0.1 -0.1", "wholly-outside"),
        ("0 0.5 0.5 0 0.1", "bad-box"),
        ("2 0.1 0.1 0.5 0.1 0.5 0.5", "unknown-class"),
        ("-1 0.1 0.1 0.5 0.1 0.5 0.5", "unknown-class"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_read(tmp_path: Path, line: str, kind: str) -> None:
    root = _dataset(tmp_path, f"{SQUARE}\n{line}\n{SQUARE}\n")
    drawn, faults = _read(root)
    assert [(fault.kind, fault.how_bad) for fault in faults if fault.kind != "box-only"] == [
        (kind, "error")
    ]
    assert "line 2" in faults[-1].where and faults[-1].key == "a"
    assert len(drawn.objects) == 2
    with pytest.raises(LabelError, match="line 2"):
        open_dataset(root)[0]


def test_what_reaches_outside_is_cut_off(tmp_path: Path) -> None:
    drawn, faults = _read(_dataset(tmp_path, "0 -0.2 0 0.2 0 0.2 1 -0.2 1"))
    assert [fault.kind for fault in faults] == ["outside-image"]
    assert drawn.regions[0].box_xywh() == (0, 0, 2, 10)


def test_pieces_that_another_converter_joined_are_taken_apart(tmp_path: Path) -> None:
    # Two squares joined by a line from (4, 2) to (6, 2), walked there and back.
    ring = [(1, 1), (4, 1), (4, 2), (6, 2), (6, 1), (9, 1), (9, 4), (6, 4), (6, 2), (4, 2)]
    ring += [(4, 4), (1, 4)]
    text = "0 " + " ".join(f"{x / 10} {y / 10}" for x, y in ring)
    drawn, faults = _read(_dataset(tmp_path, text))
    assert faults == []
    shape = drawn.objects[0].shape
    assert isinstance(shape, Polygons) and len(shape.parts) == 2
    assert np.array_equal(drawn.regions[0].mask(), inside(np.array(ring, float), (10, 10)))


# Names


def test_names_with_gaps_and_a_wrong_count(tmp_path: Path) -> None:
    root = _dataset(tmp_path, SQUARE.replace("0", "7", 1), "nc: 3\nnames: {7: pear, 2: apple}")
    drawn, faults = _read(root)
    assert drawn.classes.names == ("background", "apple", "pear")
    assert drawn.objects[0].class_id == 2
    assert sorted(fault.kind for fault in faults) == ["bad-record", "gaps-in-ids"]
    with pytest.raises(LabelError, match="'nc' is 3, but 2"):
        open_dataset(root)


@pytest.mark.parametrize("names", ["3", "[]", "[a, [b]]", "{-1: a}", "{x: a}", "[true]", "[a, '']"])
def test_names_that_are_none(tmp_path: Path, names: str) -> None:
    with pytest.raises(DataError, match="names"):
        open_dataset(_dataset(tmp_path, SQUARE, f"names: {names}"))


def test_a_name_that_stands_twice_is_reported(tmp_path: Path) -> None:
    drawn, faults = _read(_dataset(tmp_path, SQUARE, "names: [a, b, a]"))
    assert [fault.kind for fault in faults] == ["name-twice"]
    assert drawn.classes.names == ("background", "a", "b", "a (2)")


@pytest.mark.parametrize("place", ["classes.txt", "labels/classes.txt"])
def test_without_data_yaml_classes_txt_names_the_classes(tmp_path: Path, place: str) -> None:
    _put(tmp_path, "images/val/a.png", SQUARE)
    (tmp_path / place).write_text("apple\npear\n")
    dataset = open_dataset(tmp_path)
    assert dataset.classes.names == ("background", "apple", "pear")
    assert [(entry.key, entry.split) for entry in dataset.entries] == [("a", "val")]


def test_no_names_at_all(tmp_path: Path) -> None:
    _put(tmp_path, "images/val/a.png", SQUARE)
    with pytest.raises(DataError, match="no names"):
        open_dataset(tmp_path)


def test_dataset_yaml_must_know_the_names(tmp_path: Path) -> None:
    root = _dataset(tmp_path, SQUARE)
    (root / "dataset.yaml").write_text("classes: [apple, paer]\n")
    with pytest.raises(LabelError, match=r"'pear'.*Did you mean 'paer'"):
        open_dataset(root)


# Places


@pytest.mark.parametrize(
    ("said", "guessed"),
    [
        ("train: images/train", False),
        ("path: .\ntrain: images/train", False),
        ("train: ./images/train/", False),
        ("train: [images/train]", False),
        ("train: ../images/train", True),
        ("train: /home/ann/sets/fruit/images/train", True),
        (r"train: 'C:\sets\fruit\images\train'", True),
        ("path: ../datasets/fruit\ntrain: images/train", True),
        ("path: /content/fruit\ntrain: images/train", True),
        ("train: train.txt", False),
        ("path: elsewhere\ntrain: train.txt", True),
    ],
)
def test_places_from_anywhere_stay_in_the_folder(tmp_path: Path, said: str, guessed: bool) -> None:
    root = tmp_path / "set"
    _put(root, "images/train/a.png", SQUARE)
    _put(tmp_path, "images/train/outside.png", SQUARE)
    (root / "train.txt").write_text("./images/train/a.png\n\n")
    (root / "data.yaml").write_text(f"{said}\nnames: [apple]\n")
    dataset = open_dataset(root)
    assert [(one.key, one.split, one.image) for one in dataset.entries] == [
        ("a", "train", root / "images" / "train" / "a.png")
    ]
    assert any("data.yaml" in note for note in dataset.notes) == guessed


def test_lists_choose_pictures(tmp_path: Path) -> None:
    for name in "abc":
        _put(tmp_path, f"images/{name}.png", SQUARE)
    (tmp_path / "train.txt").write_text("data/images/a.png\nimages/gone.png\n../../etc/passwd\n")
    (tmp_path / "val.txt").write_text(f"{tmp_path}/images/b.png\n")
    (tmp_path / "data.yaml").write_text("names: [apple]\ntrain: train.txt\nval: val.txt\n")
    faults: list[Fault] = []
    dataset = open_dataset(tmp_path, report=faults.append)
    assert [(one.key, one.split) for one in dataset.entries] == [("a", "train"), ("b", "val")]
    assert [fault.kind for fault in faults] == ["listed-missing", "not-listed"]
    assert "2 of 3" in faults[0].problem and "gone.png" in faults[0].problem


@pytest.mark.parametrize(
    ("split", "how_bad"), [("train", "error"), ("val", "error"), ("test", "warning")]
)
def test_a_split_that_is_not_there(tmp_path: Path, split: str, how_bad: str) -> None:
    _put(tmp_path, "images/x/a.png", SQUARE)
    other = "val" if split == "train" else "train"
    text = f"names: [a]\n{other}: images/x\n{split}: images/{split}\n"
    (tmp_path / "data.yaml").write_text(text)
    _, faults = _read(tmp_path)
    assert [(fault.kind, fault.how_bad) for fault in faults] == [("listed-missing", how_bad)]


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("images/train2017/n/a.png", "labels/train2017/n/a.txt"),
        ("train/images/n/a.png", "train/labels/n/a.txt"),
        ("train/n/a.png", "train/n/a.txt"),
    ],
)
def test_layouts_without_declared_places(tmp_path: Path, image: str, label: str) -> None:
    _put(tmp_path, image, SQUARE, label)
    (tmp_path / "data.yaml").write_text("names: [apple]\n")
    dataset = open_dataset(tmp_path)
    assert [(one.key, one.split) for one in dataset.entries] == [("n/a", "train")]
    assert dataset[0].labels.ids.sum() == 16


def test_pictures_without_text_are_background_and_texts_without_picture_a_fault(
    tmp_path: Path,
) -> None:
    root = _dataset(tmp_path, SQUARE)
    _image(root / "images" / "train" / "empty.png")
    (root / "labels" / "train" / "lost.txt").write_text(SQUARE)
    faults: list[Fault] = []
    dataset = open_dataset(root, report=faults.append)
    assert [(fault.kind, fault.how_bad) for fault in faults] == [
        ("labels-without-image", "error"),
        ("image-without-labels", "warning"),
    ]
    assert "lost" in faults[0].problem
    assert faults[1].problem.startswith("1 of 2 pictures of train have no text file")
    assert faults[1].problem.endswith(": empty")
    assert dataset.keys == ("a", "empty")
    assert dataset[1].labels.ids.max() == 0
    assert dataset.fingerprint()


def test_a_split_without_any_text_is_not_taken_for_background(tmp_path: Path) -> None:
    root = _dataset(tmp_path, SQUARE, "names: [apple]\nval: images/val\ntest: images/test")
    _image(root / "images" / "val" / "b.png")
    _image(root / "images" / "test" / "c.png")
    faults: list[Fault] = []
    dataset = open_dataset(root, report=faults.append)
    assert [(fault.kind, fault.how_bad) for fault in faults] == [
        ("image-without-labels", "warning"),
        ("image-without-labels", "error"),
    ]
    assert dataset.keys == ("a",)


def test_the_same_picture_in_two_splits(tmp_path: Path) -> None:
    root = _dataset(tmp_path, SQUARE, "names: [apple]\nval: images/train")
    faults: list[Fault] = []
    dataset = open_dataset(root, report=faults.append)
    assert [(fault.kind, fault.how_bad) for fault in faults] == [("name-twice", "warning")]
    assert dataset.keys == ("train/a", "val/a")


def test_opening_reads_no_label(tmp_path: Path) -> None:
    root = _dataset(tmp_path, SQUARE)
    (root / "labels" / "train" / "a.txt").write_bytes(b"\xff\xfe")
    dataset = open_dataset(root)
    with pytest.raises(LabelError, match="cannot be read as text"):
        dataset[0]


@pytest.mark.parametrize("text", ["names: &a [x]\ntrain: *a", "- a", "names: [a]\nnames: [b]"])
def test_yaml_that_is_refused(tmp_path: Path, text: str) -> None:
    _put(tmp_path, "images/train/a.png", SQUARE)
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(DataError, match=r"data\.yaml"):
        open_dataset(tmp_path)


# Rings


@given(masks((7, 8)))
def test_holes_and_pieces_become_one_ring_of_the_same_pixels(mask: np.ndarray) -> None:
    drawn = outline(RunLengths.from_mask(mask))
    ring = bridged(drawn)
    assert ring is not None
    assert np.array_equal(inside(ring, (7, 8)), mask)
    apart = unbridged(ring, (7, 8))
    assert np.array_equal(region_of(apart, (7, 8)).mask(), mask)


def test_a_ring_is_taken_apart_into_what_it_was() -> None:
    mask = np.zeros((20, 20), bool)
    mask[1:11, 1:11] = True
    mask[3:5, 3:5] = mask[6:9, 5:8] = False
    mask[12:15, 14:19] = mask[17:19, 2:4] = True
    drawn = outline(RunLengths.from_mask(mask))
    ring = bridged(drawn)
    assert ring is not None
    apart = unbridged(ring, (20, 20))
    assert sorted(len(part.holes) for part in apart.parts) == [0, 0, 2]
    again = bridged(apart)
    assert again is not None and np.array_equal(inside(again, (20, 20)), mask)


@given(polygons((8, 9)))
def test_a_ring_of_any_origin_keeps_its_pixels(drawn: Polygons) -> None:
    for part in drawn.parts:
        apart = unbridged(part.exterior, (8, 9))
        whole = region_of(Polygons((part,)), (8, 9))
        assert np.array_equal(region_of(apart, (8, 9)).mask(), whole.mask())


# Round trips


@settings(max_examples=40)
@given(st.lists(scenes(), min_size=1, max_size=3))
def test_what_is_written_is_read_back(drawn: list[Instances]) -> None:
    with written(YOLO, drawn, splits=("train", "val")) as (folder, losses):
        _check_by_plain_means(folder, drawn)
        dataset = reopened(folder, "yolo")
        assert [one.split for one in dataset.entries] == sorted(
            one.split or "" for one in dataset.entries
        )
        by_key = {entry.key: entry.labels.read() for entry in dataset.entries}
        for number, before in enumerate(drawn):
            after = as_instances(by_key[f"deep/p{number}"])
            assert np.array_equal(after.label_map().ids, before.label_map().ids)
            if not losses["crowds"]:
                assert [one.class_id for one in after.objects] == [
                    one.class_id for one in before.objects
                ]
                for mine, its in zip(before.regions, after.regions, strict=True):
                    assert np.array_equal(mine.mask(), its.mask())
    objects = [one for scene in drawn for one in scene.objects]
    assert losses["crowds"] == sum(one.is_crowd for one in objects)
    assert losses["scores"] == sum(one.score is not None for one in objects)


def _check_by_plain_means(folder: Path, drawn: list[Instances]) -> None:
    """Every line is a class and a ring within the picture, as other readers want it."""
    content = yaml.safe_load((folder / "data.yaml").read_text())
    assert set(content) <= {"train", "val", "names"}
    assert content["names"][0] == "ant"
    for path in folder.rglob("*.txt"):
        image = Path(str(path).replace("/labels/", "/images/")).with_suffix(".png")
        assert image.is_file()
        scene = drawn[int(path.stem[1:])]
        lines = path.read_text().splitlines()
        height, width = scene.size_hw
        for line in lines:
            number, *numbers = line.split()
            assert int(number) in content["names"]
            ring = np.array(numbers, float).reshape(-1, 2)
            assert len(ring) >= 3 and ring.min() >= 0 and ring.max() <= 1
            if not any(one.is_crowd for one in scene.objects):
                place = lines.index(line)
                pixels = inside(ring * (width, height), scene.size_hw)
                area = scene.regions[place].area_px
                # A ring on pixel edges is exact; one drawn freely may pass through a centre.
                if isinstance(scene.objects[place].shape, RunLengths):
                    assert pixels.sum() == area


def test_what_each_shape_becomes() -> None:
    hole = np.array([(4.0, 4.0), (8, 4), (8, 8), (4, 8)])
    square = np.array([(2.0, 2.0), (12, 2), (12, 12), (2, 12)])
    far = square / 3 + 14
    scene = Instances(
        (20, 20),
        (
            Instance(1, Polygons((Polygon(square),))),
            Instance(1, Polygons((Polygon(square, (hole,)), Polygon(far)))),
            Instance(2, Box(3, 4, 10, 11.5)),
            Instance(3, Polygons((Polygon(square - 5),))),
        ),
        CLASSES,
    )
    with written(YOLO, [scene]) as (folder, losses):
        assert "train" not in yaml.safe_load((folder / "data.yaml").read_text())
        lines = (folder / "labels" / "unsplit" / "deep" / "p0.txt").read_text().splitlines()
        assert lines[0] == "0 0.1 0.1 0.6 0.1 0.6 0.6 0.1 0.6"
        assert lines[2] == "1 0.15 0.2 0.5 0.2 0.5 0.575 0.15 0.575"
        assert lines[3] == "2 0.0 0.0 0.35 0.0 0.35 0.35 0.0 0.35"
        back = as_instances(reopened(folder, "yolo").entries[0].labels.read())
        shapes = [one.shape for one in back.objects]
        assert isinstance(shapes[0], Polygons) and isinstance(shapes[1], Polygons)
        assert shapes[0].parts[0].exterior.tolist() == square.tolist()
        assert sorted(len(part.holes) for part in shapes[1].parts) == [0, 1]
    assert losses == {"holes": 1, "joined": 2, "boxes": 1, "vertices": 1, "rounding": 4}


def test_pixels_without_class_are_an_object_to_ignore() -> None:
    classes = Classes.named(["road", "sky"])
    ids = np.array([[0, 1, 255], [0, 1, 255]], np.uint8)
    with written(YOLO, [LabelMap(ids, classes)]) as (folder, losses):
        names = yaml.safe_load((folder / "data.yaml").read_text())["names"]
        assert names == {0: "road", 1: "sky", 2: "ignore"}
        (folder / "dataset.yaml").write_text("background: false\n")
        dataset = open_dataset(folder)
        assert dataset[0].labels.ids.tolist() == ids.tolist()
    assert losses == {"curves": 3}


def test_real_photos(shared_data: Path) -> None:
    dataset = open_dataset(shared_data / "fruits").subset(range(0, 18, 6))
    drawn = [as_instances(entry.labels.read()) for entry in dataset.entries]
    drawn = [Instances(one.size_hw, one.objects, dataset.classes) for one in drawn]
    with written(YOLO, drawn) as (folder, losses):
        for before, entry in zip(drawn, open_dataset(folder).entries, strict=True):
            after = entry.labels.read()
            assert np.array_equal(after.label_map().ids, before.label_map().ids)
    assert set(losses) <= {"rounding", "vertices"}
