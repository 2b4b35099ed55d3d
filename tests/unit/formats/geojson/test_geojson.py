"""GeoJSON of QuPath and over GeoTIFFs, on files made by hand."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import TiffImagePlugin
from tests.unit.formats.drawn import regions_of, reopened, scenes, written

from segwright.dataset import open_dataset
from segwright.errors import DataError, LabelError, UnknownNameError
from segwright.formats.faults import Fault
from segwright.formats.geojson.folders import GEOJSON
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygons

UTM = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32616"}}


def _square(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    return [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]


def _feature(geometry: object, **properties: object) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _polygon(*rings: list[list[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def _collection(*features: object, **more: object) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)} | more


TUMOR = {"name": "Tumor", "color": [200, 0, 0]}
STROMA = {"name": "Stroma", "colorRGB": -3140401}
QUPATH = _collection(
    _feature(
        _polygon(_square(0, 0, 4, 4), _square(1, 1, 3, 3)),
        objectType="annotation",
        classification=TUMOR,
        isLocked=True,
    ),
    _feature(
        {"type": "MultiPolygon", "coordinates": [[_square(5, 0, 6, 2)], [_square(5, 3, 6, 4)]]},
        objectType="detection",
        classification=STROMA,
        measurements={"Area": 3.0},
    ),
)


def _write(root: Path, document: object, name: str = "a.geojson", picture: str = "a.png") -> Path:
    (root / picture).parent.mkdir(parents=True, exist_ok=True)
    Pillow.new("L", (6, 4)).save(root / picture)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(json.dumps(document))
    return root


def _geotiff(path: Path, epsg: int = 32616) -> None:
    """6 × 4 pixels of half a metre; its upper left corner lies at (1000, 2000)."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for number, values in {33550: (0.5, 0.5, 0), 33922: (0, 0, 0, 1000, 2000, 0)}.items():
        tags.tagtype[number] = 12
        tags[number] = tuple(map(float, values))
    tags.tagtype[34735] = 3
    tags[34735] = (1, 1, 0, 1, 3072, 0, 1, epsg)
    Pillow.new("L", (6, 4)).save(path, tiffinfo=tags)


def _over_geotiff(root: Path, document: object, epsg: int = 32616) -> Path:
    root.mkdir(exist_ok=True)
    _geotiff(root / "a.tif", epsg)
    (root / "a.geojson").write_text(json.dumps(document))
    return root


def _read(root: Path) -> tuple[Instances, list[Fault]]:
    faults: list[Fault] = []
    read = open_dataset(root, report=faults.append).entries[0].labels.read(faults.append)
    assert isinstance(read, Instances)
    return read, faults


@pytest.mark.parametrize("name", ["a.geojson", "a.json"])
def test_qupath(tmp_path: Path, name: str) -> None:
    dataset = open_dataset(_write(tmp_path, QUPATH, name=name))
    assert dataset.classes.names == ("background", "Tumor", "Stroma")
    assert dataset.classes.colours[1:] == ((200, 0, 0), (208, 20, 207))
    tumor, stroma = dataset.entries[0].labels.read().objects  # type: ignore[union-attr]
    assert isinstance(tumor.shape, Polygons)
    assert tumor.shape.num_holes == 1
    assert dict(tumor.attributes) == {"isLocked": True}
    assert dict(stroma.attributes) == {"objectType": "detection", "measurements": {"Area": 3.0}}
    assert dataset[0].labels.ids.tolist() == [
        [1, 1, 1, 1, 0, 2],
        [1, 0, 0, 1, 0, 2],
        [1, 0, 0, 1, 0, 0],
        [1, 1, 1, 1, 0, 2],
    ]


def test_older_qupath_wrote_a_list_and_names(tmp_path: Path) -> None:
    names = {"names": ["Tumor", "Positive"]}
    document = [_feature(_polygon(_square(0, 0, 2, 2)), classification=names)]
    assert open_dataset(_write(tmp_path, document)).classes.names[1] == "Tumor: Positive"


def test_what_is_no_area_is_said(tmp_path: Path) -> None:
    document = copy.deepcopy(QUPATH)
    document["features"] += [
        _feature({"type": "Point", "coordinates": [1, 1]}),
        _feature({"type": "LineString", "coordinates": [[1, 1], [2, 2]]}),
        _feature(None),
        _feature({"type": "Circle", "coordinates": []}),
        _feature(_polygon([[0, 0], [1, 1], [0, 0]])),
        _feature(_polygon([[0, 0], [1, "1"], [2, 0], [0, 0]])),
        _feature(_polygon()),
        _feature(_polygon(_square(0, 0, 1e9, 1)), classification=TUMOR),
        _feature(_polygon(_square(7, 0, 9, 1)), classification=TUMOR),
        _feature(_polygon(_square(0, 0, 1, 1)), score=7),
        7,
    ]
    read, faults = _read(_write(tmp_path, document))
    assert len(read.objects) == 2
    assert [one.kind for one in faults] == [
        *("not-an-area", "not-an-area", "not-an-area", "bad-record", "too-few-vertices"),
        *("bad-record", "too-few-vertices", "bad-coordinates", "wholly-outside", "bad-record"),
        "bad-record",
    ]
    assert faults[0].where.endswith("a.geojson, feature 2")
    with pytest.raises(LabelError, match="type 'Circle'"):
        open_dataset(tmp_path)[0]


def test_map_coordinates(tmp_path: Path) -> None:
    """One metre is two pixels, and north is up."""
    document = _collection(
        _feature(_polygon(_square(1000.5, 2000, 1001.5, 1999)), building="yes", osm_id=7),
        _feature(_polygon(_square(1002, 1999, 9999, -9999)), building="yes", osm_id=8),
        _feature(_polygon(_square(500, 500, 501, 501)), building="yes", osm_id=9),
        crs=UTM,
    )
    root = _over_geotiff(tmp_path, document)
    dataset = open_dataset(root)
    assert dataset.classes.names == ("background", "building")
    assert any("the property 'building'" in note for note in dataset.notes)
    assert dataset[0].labels.ids.tolist() == [
        [0, 1, 1, 0, 0, 0],
        [0, 1, 1, 0, 0, 0],
        [0, 0, 0, 0, 1, 1],
        [0, 0, 0, 0, 1, 1],
    ]
    _, faults = _read(root)
    outside = [one for one in faults if one.kind == "wholly-outside"]
    assert [one.how_bad for one in outside] == ["note"]


@pytest.mark.parametrize(
    ("more", "epsg", "message"),
    [
        ({"crs": UTM}, 32617, "is in EPSG:32616, but the picture is in EPSG:32617"),
        ({}, 32616, "is in EPSG:4326 .it names none, which means WGS 84., but"),
        ({"crs": {"type": "link"}}, 32616, "no EPSG code"),
        ({"crs": UTM}, 32767, "a coordinate system without EPSG code"),
    ],
)
def test_other_coordinate_systems_are_refused(
    tmp_path: Path, more: dict[str, Any], epsg: int, message: str
) -> None:
    root = _over_geotiff(
        tmp_path, _collection(_feature(_polygon(_square(0, 0, 2, 2))), **more), epsg
    )
    with pytest.raises(LabelError, match=message):
        open_dataset(root)[0]


def test_without_any_coordinate_system_they_are_pixels(tmp_path: Path) -> None:
    document = _collection(_feature(_polygon(_square(0, 0, 2, 2)), label="ant"))
    assert open_dataset(_write(tmp_path, document))[0].labels.ids.sum() == 4
    document["crs"] = UTM
    with pytest.raises(LabelError, match="the picture has no georeference"):
        open_dataset(_write(tmp_path, document))[0]


def test_qupath_counts_in_pixels_over_a_geotiff_too(tmp_path: Path) -> None:
    assert (open_dataset(_over_geotiff(tmp_path, QUPATH))[0].labels.ids > 0).sum() == 15


@pytest.mark.parametrize(
    ("properties", "names"),
    [
        (({"Class": "ant"}, {"Class": "cat"}), ("ant", "cat")),
        (({"category": 3}, {"category": 7}), ("3", "7")),
        (({"class": "ant"}, {"x": 1}), ("object",)),
        (({"a": "yes", "b": ""}, {"a": "yes", "b": "yes"}), ("a",)),
        (({"a": "yes", "b": True}, {"a": "yes", "b": True}), ("object",)),
        (({"x": 1}, {"x": 2}), ("object",)),
    ],
)
def test_what_names_the_class(
    tmp_path: Path, properties: tuple[dict[str, Any], ...], names: tuple[str, ...]
) -> None:
    square = _polygon(_square(0, 0, 2, 2))
    document = _collection(*(_feature(square, **one) for one in properties))
    assert open_dataset(_write(tmp_path, document)).classes.names[1:] == names


def test_dataset_yaml_names_the_property_or_the_class(tmp_path: Path) -> None:
    document = _collection(
        _feature(_polygon(_square(0, 0, 2, 2)), kind="ant", name="x"),
        _feature(_polygon(_square(3, 0, 5, 2)), name="y"),
    )
    root = _write(tmp_path, document)
    (root / "dataset.yaml").write_text("classes: [house]")
    assert open_dataset(root).classes.names == ("background", "house")
    (root / "dataset.yaml").write_text("class_property: kind")
    assert open_dataset(root).classes.names == ("background", "ant")
    with pytest.raises(LabelError, match="feature 1: has no 'kind'"):
        open_dataset(root)[0]
    (root / "dataset.yaml").write_text("class_property: knid")
    with pytest.raises(UnknownNameError, match="'kind'"):
        open_dataset(root)


def test_pairs_splits_and_leftovers(tmp_path: Path) -> None:
    _write(tmp_path, QUPATH, "train/a.geojson", "train/a.png")
    _write(tmp_path, QUPATH, "labels/b.geojson", "val/b.png")
    _write(tmp_path, QUPATH, "test/c.geojson", "test/c.ome.png")
    dataset = open_dataset(tmp_path)
    assert [entry.split for entry in dataset.entries] == ["train", "val", "test"]
    (tmp_path / "train" / "a.png").unlink()
    Pillow.new("L", (6, 4)).save(tmp_path / "train" / "d.png")
    faults: list[Fault] = []
    assert len(open_dataset(tmp_path, report=faults.append).entries) == 2
    assert [one.kind for one in faults] == ["image-without-labels", "labels-without-image"]
    assert "train/a.geojson" in faults[1].problem
    with pytest.raises(DataError, match="1 of 3 pictures have no GeoJSON: train/d"):
        open_dataset(tmp_path)


def test_labels_of_a_test_split_stay_closed(tmp_path: Path) -> None:
    _write(tmp_path, QUPATH, "train/a.geojson", "train/a.png")
    _write(tmp_path, QUPATH, "test/b.geojson", "test/b.png")
    (tmp_path / "test" / "b.geojson").write_text("{")
    assert len(open_dataset(tmp_path).entries) == 2


def test_the_real_scene(shared_data: Path) -> None:
    dataset = open_dataset(shared_data / "geotiff")
    assert dataset.classes.names == ("background", "building")
    read, faults = _read(shared_data / "geotiff")
    assert len(read.objects) == 43
    assert not faults
    # The file itself says how many square metres each building has; a pixel has a quarter.
    drawn = np.array([region.area_px for region in read.regions])
    whole = [one.attributes["partialDec"] == 1 for one in read.objects]
    said = np.array([one.attributes["origarea"] for one in read.objects])
    assert np.abs(drawn / 4 - said)[whole].max() < 4
    # It is where its own coordinates say: the first vertex of the first building.
    assert isinstance(read.objects[0].shape, Polygons)
    x, y = read.objects[0].shape.rings[0][0]
    assert (x, y) == pytest.approx(
        ((733633.917563494 - 733601) * 2, (3725139 - 3724917.3270592587) * 2)
    )


@settings(max_examples=60)
@given(st.lists(scenes(), min_size=1, max_size=2))
def test_round_trip(drawn: list[Instances]) -> None:
    if not any(one.objects for one in drawn):
        return
    with written(GEOJSON, drawn, splits=["val"]) as (folder, losses):
        dataset = reopened(folder, "geojson")
        assert dataset.splits == ("val",)
        for number, scene in enumerate(drawn):
            again = dataset.entries[number].labels.read()
            assert isinstance(again, Instances)
            assert regions_of(again) == regions_of(scene)
            for one, two in zip(scene.objects, again.objects, strict=True):
                assert (one.class_id, one.is_crowd) == (two.class_id, two.is_crowd)
                assert (one.score, dict(one.attributes)) == (two.score, dict(two.attributes))
                if isinstance(one.shape, Polygons):
                    assert isinstance(two.shape, Polygons)
                    for mine, its in zip(one.shape.rings, two.shape.rings, strict=True):
                        np.testing.assert_array_equal(mine, its)
        every = [one.shape for scene in drawn for one in scene.objects]
        runs = sum(isinstance(one, RunLengths) for one in every)
        assert dict(losses) == ({"curves": runs} if runs else {})


def test_written_for_qupath() -> None:
    classes = Classes(("background", "ant"), ((0, 0, 0), (1, 2, 3)), 0)
    objects = (
        Instance(1, Box(0, 0, 2, 1), attributes={"classification": 4, "measurements": {"A": 1}}),
        Instance(255, RunLengths((2, 2), np.array([0, 1, 2, 1]))),
    )
    with written(GEOJSON, [Instances((2, 2), objects, classes)]) as (folder, losses):
        content = json.loads((folder / "deep" / "p0.geojson").read_text())
        assert (folder / "deep" / "p0.png").is_file()
    box, ignored = content["features"]
    assert box["geometry"] == _polygon([[0, 0], [2, 0], [2, 1], [0, 1], [0, 0]])
    assert box["properties"] == {
        "objectType": "annotation",
        "measurements": {"A": 1},
        "classification": {"name": "ant", "color": [1, 2, 3]},
    }
    assert ignored["properties"]["classification"]["name"] == "ignore"
    assert ignored["geometry"]["type"] == "MultiPolygon"
    assert dict(losses) == {"boxes": 1, "attributes": 1, "curves": 1}
