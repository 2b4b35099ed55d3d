"""Datasets in other formats: what is written, measured, refused and left behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage
from typer.testing import CliRunner

from segwright.cli.app import app
from segwright.dataset import Dataset, open_dataset
from segwright.dataset.exporting import Pictures
from segwright.errors import DataError, ImageError, SegwrightError, UnknownNameError, UsageError
from segwright.events import Event, Note
from segwright.formats import catalog
from segwright.formats.faults import Report, refuse
from segwright.formats.format import Format
from segwright.formats.writing import Export, Labelled
from segwright.images import Image
from segwright.labels.instances import Instances, Labels
from segwright.labels.shapes import Polygon, Polygons
from segwright.verbs.convert import convert


@pytest.fixture
def data(draw_scenes: Callable[..., Path], tmp_path: Path) -> Path:
    """Four scenes of back and box, one of them in the split val, in two groups."""
    root = draw_scenes(tmp_path / "data", 4)
    (root / "classes.txt").unlink()
    (root / "dataset.yaml").write_text(
        "classes: [{name: back, colour: '#010203'}, {name: box, colour: '#a0b0c0'}]\n"
        "splits: {train: [aaa, bbb, ccc], val: ddd}\ngroups: '[ab]|[cd]'\nspacing: 0.5\n",
        encoding="utf-8",
    )
    return root


def test_masks_become_objects_and_nothing_is_lost(data: Path, tmp_path: Path) -> None:
    report = convert(data, "coco", tmp_path / "out")
    before, after = open_dataset(data), open_dataset(tmp_path / "out")
    assert report.pictures == len(after) == 4
    assert (report.comparison.total().pixels, report.comparison.total().changed) == (
        4 * 48 * 64,
        0,
    )
    assert report.comparison.classes["box"].pixels == 4 * 16 * 16
    assert {(e.key, e.split, e.group) for e in before.entries} == {
        (e.key, e.split, e.group) for e in after.entries
    }
    assert set(report.declared) == {"classes", "background", "groups", "spacing"}
    assert dict(zip(after.classes.names, after.classes.colours, strict=True)) == {
        "back": (1, 2, 3),
        "box": (160, 176, 192),
    }
    assert after.spacing == (0.5, 0.5) and after.classes.background is None
    assert "Nothing was lost." in report.text()
    assert "0 pixels of 12,288 changed" in report.text()
    assert not list(tmp_path.glob(".*"))


def test_one_split_with_other_classes(data: Path, tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text("{nothing: back, thing: box}", encoding="utf-8")
    report = convert(data, "coco", tmp_path / "out", classes=tmp_path / "map.yaml", split="val")
    after = open_dataset(tmp_path / "out")
    assert (after.keys, set(after.classes.names)) == (("ddd",), {"nothing", "thing"})
    assert report.comparison.classes["thing"].pixels == 256


def test_pictures_that_cannot_be_read_are_left_out_and_listed(data: Path, tmp_path: Path) -> None:
    whole = (data / "images" / "bbb.png").read_bytes()
    (data / "images" / "bbb.png").write_bytes(whole[: len(whole) // 2])
    PillowImage.fromarray(np.zeros((47, 64), np.uint8)).save(data / "masks" / "ccc.png")
    told: list[Event] = []
    report = convert(data, "coco", tmp_path / "out", on_event=told.append)
    assert [path.name for path, _ in report.failed] == ["bbb.png", "ccc.png"]
    assert sum(isinstance(event, Note) for event in told) == 2
    assert open_dataset(tmp_path / "out").keys == ("aaa", "ddd")
    ended = CliRunner().invoke(
        app, ["convert", str(data), "--to", "coco", "--out", str(tmp_path / "again")]
    )
    assert ended.exit_code == 3
    assert "bbb.png" in ended.stderr and "2 of 4 pictures left out" in ended.stderr
    assert "2 pictures written as COCO JSON" in ended.stdout


def test_nothing_is_written_where_no_picture_can_be_read(data: Path, tmp_path: Path) -> None:
    for image in (data / "images").iterdir():
        image.write_bytes(b"\x89PNG\r\n\x1a\nno picture")
    with pytest.raises(DataError, match="none of 4 pictures"):
        convert(data, "coco", tmp_path / "out")
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".*"))


def _coco_that(changes: Callable[[Labelled], Labelled]) -> Format:
    """COCO whose writer does something to every picture and says nothing of it."""
    coco = catalog.FORMATS["coco"]
    assert coco.write is not None
    write = coco.write

    def careless(export: Export) -> None:
        write(replace(export, pictures=map(changes, export.pictures)))

    return replace(coco, write=careless)


def _shifted(picture: Labelled) -> Labelled:
    labels = picture.labels
    assert not isinstance(labels, Instances)
    return replace(picture, labels=replace(labels, ids=np.roll(labels.ids, 1, axis=1)))


def _without_split(picture: Labelled) -> Labelled:
    return replace(picture, split="train")


def _halved(picture: Labelled) -> Labelled:
    assert isinstance(picture.labels, Instances)
    return replace(picture, labels=replace(picture.labels, objects=picture.labels.objects[::2]))


@pytest.mark.parametrize(
    ("change", "problem"),
    [(_shifted, r"128 pixels that have another class"), (_halved, r"1,024 pixels that")],
)
def test_a_difference_that_nothing_explains_is_an_error(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Labelled], Labelled],
    problem: str,
) -> None:
    if change is _halved:
        convert(data, "coco", tmp_path / "objects")
        data = tmp_path / "objects"
    careless = {**catalog.FORMATS, "careless": _coco_that(change)}
    monkeypatch.setattr("segwright.verbs.convert.FORMATS", careless)
    monkeypatch.setattr("segwright.dataset.declaring.FORMATS", careless)
    with pytest.raises(SegwrightError, match=problem) as caught:
        convert(data, "careless", tmp_path / "out")
    kept = tmp_path / "out.refused"
    assert str(kept) in str(caught.value) and caught.value.exit_code == 1
    assert any(kept.iterdir()) and not (tmp_path / "out").exists()
    with pytest.raises(SegwrightError, match=r"out\.refused-2"):
        convert(data, "careless", tmp_path / "out")


def test_an_interrupted_conversion_leaves_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopping(picture: Labelled) -> Labelled:
        raise KeyboardInterrupt

    monkeypatch.setattr("segwright.verbs.convert.FORMATS", {"stops": _coco_that(stopping)})
    with pytest.raises(KeyboardInterrupt):
        convert(data, "stops", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_what_cannot_be_meant_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"'coko'.*'coco'"):
        convert(data, "coko", tmp_path / "out")
    with pytest.raises(UsageError, match="inside the data"):
        convert(data, "coco", data / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    with pytest.raises(UsageError, match="taken"):
        convert(data, "coco", tmp_path / "full")


def test_every_format_is_listed_and_described() -> None:
    listed = CliRunner().invoke(app, ["formats"])
    assert all(one.title in listed.stdout for one in catalog.FORMATS.values())
    for name, one in catalog.FORMATS.items():
        told = CliRunner().invoke(app, ["formats", name]).stdout
        assert one.source in told and all(text in told for text in one.loses.values())
    assert CliRunner().invoke(app, ["formats", "coko"]).exit_code == 2


def test_objects_are_counted_one_by_one(data: Path, tmp_path: Path) -> None:
    convert(data, "coco", tmp_path / "objects")
    objects = open_dataset(tmp_path / "objects")
    assert all(isinstance(e.labels.read(), Instances) for e in objects.entries)
    report = convert(tmp_path / "objects", "labelme", tmp_path / "labelme")
    assert report.comparison.total().objects == 8
    assert report.comparison.total().lost == 0


def _objects_on_objects(root: Path) -> Path:
    """Two pictures of objects as COCO: small ones that lie on a large one, and one alone."""
    (root / "images").mkdir(parents=True)
    images, annotations = [], []
    for number, name in enumerate(("piled", "alone"), start=1):
        pixels = np.full((30, 40, 3), 40 * number, np.uint8)
        PillowImage.fromarray(pixels).save(root / "images" / f"{name}.png")
        images.append({"id": number, "file_name": f"{name}.png", "width": 40, "height": 30})
    boxes = [(1, 2, 2, 20, 20), (1, 4, 4, 5, 5), (1, 30, 4, 6, 6), (2, 5, 5, 12, 9)]
    for number, (image, x, y, w, h) in enumerate(boxes, start=1):
        ring = [x, y, x + w, y, x + w, y + h, x, y + h]
        annotations.append(
            {
                "id": number,
                "image_id": image,
                "category_id": 1,
                "segmentation": [ring],
                "bbox": [x, y, w, h],
                "area": w * h,
                "iscrowd": 0,
            }
        )
    content = {"images": images, "annotations": annotations}
    content["categories"] = [{"id": 1, "name": "cell"}]
    (root / "all.json").write_text(json.dumps(content), encoding="utf-8")
    return root


def test_objects_partly_under_others_are_changed_and_not_lost(tmp_path: Path) -> None:
    data = _objects_on_objects(tmp_path / "data")
    report = convert(data, "pascal-voc", tmp_path / "out")
    cells = report.comparison.classes["cell"]
    assert (cells.objects, cells.cut, cells.lost, cells.changed) == (4, 1, 0, 0)
    assert report.comparison.differences["overlap"] == report.losses["overlap"] == 25
    assert "of 4 objects 1 changed where others lie on them, 0 lost" in report.text()


@pytest.mark.parametrize("name", ["piled", "alone"])
def test_a_loss_excuses_no_more_than_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    data = _objects_on_objects(tmp_path / "data")
    voc = catalog.FORMATS["pascal-voc"]
    assert voc.write is not None
    write = voc.write

    def moved(picture: Labelled) -> Labelled:
        assert isinstance(picture.labels, Instances)
        if picture.key != name:
            return picture
        *others, last = picture.labels.objects
        ring = last.shape.parts[0].exterior + 3.0  # pyright: ignore[reportAttributeAccessIssue]
        last = replace(last, shape=Polygons((Polygon(ring),)))
        return replace(picture, labels=replace(picture.labels, objects=(*others, last)))

    def careless(export: Export) -> None:
        write(replace(export, pictures=map(moved, export.pictures)))

    sabotaged = {**catalog.FORMATS, "pascal-voc": replace(voc, write=careless)}
    monkeypatch.setattr("segwright.verbs.convert.FORMATS", sabotaged)
    with pytest.raises(SegwrightError, match=rf"another class than before \(in {name}\)"):
        convert(data, "pascal-voc", tmp_path / "out")


def test_a_dataset_that_is_divided_in_part_stays_so(data: Path, tmp_path: Path) -> None:
    (data / "dataset.yaml").write_text(
        "classes: [back, box]\nsplits: {train: [aaa, bbb], val: ccc, undivided: ddd}\n",
        encoding="utf-8",
    )
    before = {entry.key: entry.split for entry in open_dataset(data).entries}
    assert before == {"aaa": "train", "bbb": "train", "ccc": "val", "ddd": None}
    for name in ("coco", "coco-panoptic", "yolo", "masks"):
        report = convert(data, name, tmp_path / name)
        after = open_dataset(tmp_path / name)
        assert {entry.key: entry.split for entry in after.entries} == before
        assert not report.comparison.differences["splits"]
    assert "splits" in convert(data, "yolo", tmp_path / "again").declared


def test_a_volume_and_an_unknown_name_are_left_out_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = _objects_on_objects(tmp_path / "data")
    read = Dataset.__getitem__
    opened = open_dataset(data)

    class Odd:
        paths = opened.entries[0].labels.paths

        def read(self, report: Report = refuse) -> Labels:
            raise UnknownNameError("class", "cel", ["cell"])

    odd = replace(opened, entries=(replace(opened.entries[0], labels=Odd()), opened.entries[1]))
    pictures = Pictures(odd)
    assert [one.key for one in pictures] == [opened.entries[1].key]
    assert "unknown class 'cel'" in pictures.failed[0][1]
    monkeypatch.setattr(
        "segwright.dataset.reading.read_image",
        lambda path: Image(np.zeros((2, 3, 4, 1), np.uint8), axes="ZYX"),
    )
    pictures = Pictures(opened)
    assert not list(pictures) and "is a volume" in pictures.failed[0][1]
    with pytest.raises(ImageError, match="is a volume"):
        read(opened, 0)
