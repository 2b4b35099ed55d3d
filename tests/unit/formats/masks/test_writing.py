"""Writing folders of masks: what is written is read back, by us and by Pillow."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from segwright.dataset import Dataset, open_dataset
from segwright.formats.catalog import FORMATS
from segwright.formats.lost import Losses
from segwright.formats.writing import Export, Labelled
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances, Labels, as_instances, as_label_map
from segwright.labels.label_map import LabelMap
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box

NAMES = st.lists(
    st.text("abZ 1_é-/.#'", min_size=1, max_size=6).map(lambda text: f"{text}x"),
    min_size=1,
    max_size=5,
    unique_by=str.lower,
)
COLOURS = st.tuples(*[st.integers(0, 255)] * 3)
SPLITS = st.sampled_from([None, "train", "val", "test"])
KEYS = st.lists(
    st.sampled_from(["a", "a.b", "7", "7_1", "seq/1", "seq/2", "mask", "image_mask", "e é"]),
    min_size=1,
    max_size=4,
    unique=True,
)


@st.composite
def _classes(draw: st.DrawFn) -> Classes:
    names = draw(NAMES)
    colours = draw(st.lists(COLOURS, min_size=len(names), max_size=len(names), unique=True))
    background = draw(st.none() | st.integers(0, len(names) - 1))
    return Classes(tuple(names), tuple(colours), background)


def _label_map(draw: st.DrawFn, classes: Classes, size_hw: tuple[int, int]) -> LabelMap:
    values = st.sampled_from([*range(len(classes)), classes.ignore_index])
    number = size_hw[0] * size_hw[1]
    flat = draw(st.lists(values, min_size=number, max_size=number))
    return LabelMap(np.array(flat, classes.dtype).reshape(size_hw), classes)


def _objects(draw: st.DrawFn, classes: Classes, size_hw: tuple[int, int]) -> Instances:
    number = size_hw[0] * size_hw[1]
    masks = st.lists(st.booleans(), min_size=number, max_size=number).filter(any)
    ids = st.sampled_from([*range(len(classes)), classes.ignore_index])
    drawn = draw(st.lists(st.tuples(ids, masks), max_size=4))
    return Instances(
        size_hw,
        tuple(
            Instance(class_id, RunLengths.from_mask(np.array(mask).reshape(size_hw)))
            for class_id, mask in drawn
        ),
        classes,
    )


@st.composite
def _exports(
    draw: st.DrawFn, *, objects: bool
) -> tuple[Classes, list[tuple[str, str | None, Labels]]]:
    classes = draw(_classes())
    pictures: list[tuple[str, str | None, Labels]] = []
    for key in draw(KEYS):
        size_hw = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
        labels = (_objects if objects else _label_map)(draw, classes, size_hw)
        pictures.append((key, draw(SPLITS), labels))
    return classes, pictures


def _written(
    root: Path, name: str, classes: Classes, pictures: Sequence[tuple[str, str | None, Labels]]
) -> tuple[Dataset, Losses]:
    """What was given, written as a format and opened again, and what was counted as lost."""
    source = root / "source"
    labelled = []
    for number, (key, split, labels) in enumerate(pictures):
        source.mkdir(exist_ok=True)
        image = source / f"{number}.png"
        Pillow.fromarray(np.full(labels.size_hw, number, np.uint8)).save(image)
        labelled.append(Labelled(key, image, labels.size_hw, labels, split))
    export = Export(root / "out", classes, labelled)
    export.folder.mkdir()
    write = FORMATS[name].write
    assert write is not None
    write(export)
    assert set(export.losses) <= set(FORMATS[name].loses)
    shutil.rmtree(source)
    return open_dataset(export.folder), export.losses


@pytest.mark.parametrize("name", ["masks", "colour-masks"])
@given(data=st.data())
@settings(max_examples=40)
def test_label_maps_come_back_as_they_were(name: str, data: st.DataObject) -> None:
    classes, pictures = data.draw(_exports(objects=False))
    with TemporaryDirectory() as folder:
        dataset, losses = _written(Path(folder), name, classes, pictures)
        assert dataset.classes == classes
        assert not {kind for kind in losses if kind != "colours"}
        found = {entry.key: entry for entry in dataset.entries}
        assert {(k, e.split) for k, e in found.items()} == {(k, s) for k, s, _ in pictures}
        for key, _, labels in pictures:
            np.testing.assert_array_equal(
                as_label_map(found[key].labels.read()).ids, as_label_map(labels).ids
            )


@given(data=_exports(objects=True))
@settings(max_examples=40)
def test_objects_and_their_overlaps_come_back(
    data: tuple[Classes, list[tuple[str, str | None, Labels]]],
) -> None:
    classes, pictures = data
    with TemporaryDirectory() as folder:
        dataset, losses = _written(Path(folder), "object-masks", classes, pictures)
        assert not losses
        if any(as_instances(labels).objects for _, _, labels in pictures):
            assert dataset.classes == classes
        found = {entry.key: entry for entry in dataset.entries}
        assert {(k, e.split) for k, e in found.items()} == {(k, s) for k, s, _ in pictures}
        for key, _, labels in pictures:
            again = as_instances(found[key].labels.read())
            assert _in_order(again) == _in_order(as_instances(labels))


def _in_order(labels: Instances) -> list[tuple[int, bytes]]:
    return [
        (one.class_id, region.mask().tobytes())
        for one, region in zip(labels.objects, labels.regions, strict=True)
    ]


@given(data=_exports(objects=True))
@settings(max_examples=30)
def test_objects_drawn_into_masks_are_their_label_maps(
    data: tuple[Classes, list[tuple[str, str | None, Labels]]],
) -> None:
    classes, pictures = data
    with TemporaryDirectory() as folder:
        dataset, losses = _written(Path(folder), "masks", classes, pictures)
        found = {entry.key: entry for entry in dataset.entries}
        shared = 0
        for key, _, labels in pictures:
            objects = as_instances(labels)
            np.testing.assert_array_equal(
                as_label_map(found[key].labels.read()).ids, objects.label_map().ids
            )
            times = sum((r.mask().astype(int) for r in objects.regions), np.zeros(labels.size_hw))
            shared += int((times > 1).sum())
        assert losses["overlap"] == shared


def test_pillow_shows_the_colours_of_the_classes(tmp_path: Path) -> None:
    classes = Classes(("sky", "road", "car"), ((9, 8, 7), (200, 0, 0), (0, 0, 200)), None)
    ids = np.array([[0, 1, 2, 255]], np.uint8)
    colours = np.array([[[9, 8, 7], [200, 0, 0], [0, 0, 200]]], np.uint8)
    for name in ("masks", "colour-masks"):
        root = tmp_path / name
        root.mkdir()
        _written(root, name, classes, [("a", "val", LabelMap(ids, classes))])
        with Pillow.open(root / "out/masks/val/a.png") as picture:
            assert picture.mode == ("P" if name == "masks" else "RGB")
            np.testing.assert_array_equal(np.array(picture.convert("RGB"))[:, :3], colours)
            if name == "masks":
                np.testing.assert_array_equal(np.array(picture), ids)


def test_more_than_255_classes_are_16_bit(tmp_path: Path) -> None:
    classes = Classes.named([f"c{i}" for i in range(300)])
    ids = np.array([[0, 255, 256, 299, 65535]], np.uint16)
    dataset, _ = _written(tmp_path, "masks", classes, [("a", None, LabelMap(ids, classes))])
    assert dataset.classes == classes
    np.testing.assert_array_equal(as_label_map(dataset.entries[0].labels.read()).ids, ids)
    with Pillow.open(tmp_path / "out/masks/a.png") as picture:
        np.testing.assert_array_equal(np.array(picture), ids)


def test_classes_of_one_colour_get_two(tmp_path: Path) -> None:
    classes = Classes(("a", "b", "c"), ((0, 0, 0), (0, 0, 0), (1, 1, 1)), None)
    labels = LabelMap(np.array([[0, 1, 2]], np.uint8), classes)
    dataset, losses = _written(tmp_path, "colour-masks", classes, [("x", None, labels)])
    assert losses == {"colours": 1}
    assert dataset.classes.colours[0] == (0, 0, 0) != dataset.classes.colours[1]
    np.testing.assert_array_equal(as_label_map(dataset.entries[0].labels.read()).ids, labels.ids)


def test_what_masks_lose_is_counted(tmp_path: Path) -> None:
    classes = Classes.named(["background", "cell"], background=0)
    shape = RunLengths.from_mask(np.array([[1, 1, 0]]))
    objects = (
        Instance(1, shape, score=0.5),
        Instance(1, Box(1, 0, 3, 1), attributes={"dead": True}),
        Instance(1, shape, is_crowd=True),
    )
    labels = Instances((1, 3), objects, classes)
    _, losses = _written(tmp_path, "masks", classes, [("a", None, labels)])
    assert losses == {
        "identity": 3,
        "overlap": 2,
        "boxes": 1,
        "crowds": 1,
        "scores": 1,
        "attributes": 1,
        "hidden": 1,
    }


def test_rough_crowds_stay_ignored_in_masks_of_objects(tmp_path: Path) -> None:
    classes = Classes.named(["background", "cell"], background=0)
    crowd, cell = np.zeros((2, 6, 8), bool)
    crowd[1:5, 1:7] = True
    cell[2:4, 2:4] = True
    objects = (
        Instance(1, RunLengths.from_mask(crowd), is_crowd=True, score=0.5),
        Instance(1, RunLengths.from_mask(cell)),
    )
    image = tmp_path / "a.png"
    Pillow.new("L", (8, 6)).save(image)
    given = Instances((6, 8), objects, classes)
    losses, write = Losses(), FORMATS["object-masks"].write
    assert write is not None
    (tmp_path / "out").mkdir()
    write(Export(tmp_path / "out", classes, [Labelled("a", image, (6, 8), given)], losses))
    ids = open_dataset(tmp_path / "out")[0].labels.ids
    expected = np.where(cell, 1, np.where(crowd, 255, 0))
    assert ids.tolist() == expected.tolist() == given.label_map().ids.tolist()
    assert losses == {"crowds": 1, "scores": 1}
