"""Labels of which nothing can be used never pass for background, in no format and for no reader."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from segwright.dataset import open_dataset
from segwright.dataset.checks.examine import examine
from segwright.dataset.checks.repair import repair
from segwright.errors import LabelError
from segwright.formats.catalog import FORMATS
from segwright.formats.faults import Fault, UnusableLabels
from segwright.formats.lost import Losses
from segwright.formats.writing import Export, Labelled
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances, as_label_map
from segwright.labels.shapes import Polygon, Polygons

CLASSES = Classes.named(["background", "car"], background=0)
SQUARE = Polygons((Polygon(np.array([(2.0, 2), (12, 2), (12, 12), (2, 12)])),))
_ORIENTATION, _RIGHT_SIDE_ON_TOP = 274, 6
"""The tag of EXIF, and what it says of pictures whose stored right side is the top."""


def _written(name: str, root: Path) -> None:
    """Three pictures of 24×32, each with one object."""
    pictures = []
    for key in ("a", "b", "c"):
        image = root.parent / f"{key}.jpg"
        noise = np.random.default_rng(ord(key)).integers(0, 256, (24, 32, 3), np.uint8)
        PillowImage.fromarray(noise).save(image)
        drawn = Instances((24, 32), (Instance(1, SQUARE),), CLASSES)
        pictures.append(Labelled(key, image, (24, 32), drawn, "train"))
    root.mkdir()
    write = FORMATS[name].write
    assert write is not None
    write(Export(root, CLASSES, pictures, Losses()))


def _declare(root: Path, name: str) -> None:
    extra = "class_property: label\n" if name == "geojson" else ""
    if not (root / "dataset.yaml").exists():
        text = f"format: {name}\nclasses: [background, car]\n{extra}"
        (root / "dataset.yaml").write_text(text)


def _edit(path: Path, change: Callable[[Any], None]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def _cvat(root: Path) -> None:
    path = root / "annotations.xml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('height="24"', 'height="48"', 1), encoding="utf-8")


def _label_studio(root: Path) -> None:
    def change(tasks: list[Any]) -> None:
        for result in tasks[0]["annotations"][0]["result"]:
            result["original_height"] = 48

    _edit(next(root.glob("*.json")), change)


def _labelme(root: Path) -> None:
    _edit(next(root.rglob("a.json")), lambda content: content.update(imageHeight=48))


def _coco(root: Path) -> None:
    path = next(path for path in root.rglob("*.json"))
    _edit(path, lambda content: content["images"][0].update(height=48))


def _cityscapes(root: Path) -> None:
    for mask in root.rglob("*.png"):
        if "gtFine" in mask.parts:
            mask.unlink()
    for path in sorted(root.rglob("*_polygons.json")):
        height = 48 if path.name.startswith("a_") else 24
        _edit(path, lambda content, height=height: content.update(imgHeight=height, imgWidth=32))


def _geojson(root: Path) -> None:
    crs = {"type": "name", "properties": {"name": "EPSG:32616"}}

    def change(content: dict[str, Any], name: str) -> None:
        if name == "a":
            content["crs"] = crs
        for feature in content["features"]:
            feature.pop("objectType", None)
            feature["properties"] = {"label": "car"}

    for path in root.rglob("*.geojson"):
        _edit(path, lambda content, name=path.stem: change(content, name))


def _masks_of_objects(folder: str, pattern: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = next(one for one in sorted(root.rglob(pattern)) if folder in one.parts)
        with PillowImage.open(path) as mask:
            larger = mask.resize((32, 48), PillowImage.Resampling.NEAREST)
        larger.save(path)

    return change


SPOILED: dict[str, Callable[[Path], None]] = {
    "cvat": _cvat,
    "label-studio": _label_studio,
    "labelme": _labelme,
    "coco": _coco,
    "coco-panoptic": _masks_of_objects("panoptic_train", "*.png"),
    "geojson": _geojson,
    "cityscapes": _cityscapes,
    "pascal-voc": _masks_of_objects("SegmentationObject", "*.png"),
}
"""Format → makes the first picture's labels those of another size, or place."""


@pytest.mark.parametrize("name", SPOILED)
def test_a_fault_of_the_whole_picture_makes_it_unusable(name: str, tmp_path: Path) -> None:
    root = tmp_path / "data"
    _written(name, root)
    SPOILED[name](root)
    _declare(root, name)
    (spoiled, *others) = open_dataset(root).entries
    with pytest.raises(LabelError) as strict:
        spoiled.labels.read()
    told: list[Fault] = []
    with pytest.raises(UnusableLabels) as lenient:
        spoiled.labels.read(told.append)
    assert str(lenient.value) == str(strict.value)
    assert [fault.kind for fault in told if fault.how_bad == "error"] == [told[-1].kind]
    assert told[-1].kind in ("size-differs", "wrong-crs") and told[-1].key == spoiled.key
    for entry in others:
        assert as_label_map(entry.labels.read()).ids[5, 5] == 1


@pytest.mark.parametrize("name", ["cvat", "labelme", "coco", "cityscapes", "label-studio"])
def test_labels_of_a_picture_before_it_was_turned_are_told_so(name: str, tmp_path: Path) -> None:
    root = tmp_path / "data"
    _written(name, root)
    if name == "cityscapes":
        _cityscapes(root)
        path = next(root.rglob("a_*_polygons.json"))
        _edit(path, lambda content: content.update(imgHeight=24))
    _declare(root, name)
    entry = open_dataset(root).entries[0]
    exif = PillowImage.Exif()
    exif[_ORIENTATION] = _RIGHT_SIDE_ON_TOP
    with PillowImage.open(entry.image) as image:
        image.load()
        image.save(entry.image, exif=exif.tobytes())
    with pytest.raises(LabelError, match="EXIF orientation and the labels are not") as error:
        entry.labels.read()
    assert "[24, 32]" in str(error.value) and "[32, 24]" in str(error.value)


def test_check_tells_it_once_and_counts_no_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGWRIGHT_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "data"
    _written("cvat", root)
    _cvat(root)
    examined = examine(root)
    errors = [one for one in examined.verdict.findings if one.how_bad == "error"]
    assert [(one.kind, one.key) for one in errors] == [("size-differs", "a")]
    assert examined.looked is not None
    assert [look.class_px is None for look in examined.looked.looks] == [True, False, False]
    repair(examined, tmp_path / "repaired")
    assert open_dataset(tmp_path / "repaired").keys == ("b", "c")
