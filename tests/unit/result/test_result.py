"""Result: measures, pictures, files."""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image as PillowImage
from pycocotools import mask as coco_mask

from segwright.errors import LabelError, StorageError, UnknownNameError, UsageError
from segwright.images import read_index
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.labels.paint import overlay, paint
from segwright.result import RegionMeasure, Result

CLASSES = Classes(("nothing", "<b>cell</b>", "rim"), ((0, 0, 0), (250, 10, 20), (0, 90, 0)), 0)
IDS = np.array(
    [
        [0, 0, 1, 1, 0],
        [0, 0, 1, 1, 0],
        [0, 255, 255, 0, 0],
        [1, 0, 0, 0, 0],
    ],
    np.uint8,
)


def make(**fields) -> Result:
    return Result(LabelMap(IDS, CLASSES), **fields)


def probabilities(dtype: str = "float32") -> np.ndarray:
    raw = np.random.default_rng(0).random((3, *IDS.shape))
    return (raw / raw.sum(0)).astype(dtype)


def test_measures_are_hand_counted_and_leave_absent_classes_and_ignored_pixels_out():
    assert make().measure() == [
        RegionMeasure(0, "nothing", 13, 13 / 18, None, (0, 0, 5, 4)),
        RegionMeasure(1, "<b>cell</b>", 5, 5 / 18, None, (0, 0, 4, 4)),
    ]


def test_connected_regions_are_measured_one_by_one():
    assert [(one.class_id, one.area_px, one.box_xyxy) for one in make().measure("region")] == [
        (0, 13, (0, 0, 5, 4)),
        (1, 4, (2, 0, 4, 2)),
        (1, 1, (0, 3, 1, 4)),
    ]
    with pytest.raises(UnknownNameError, match="'region'"):
        make().measure("regions")


def test_areas_in_square_millimetres_come_from_the_spacing_of_the_image():
    image = Image(np.zeros((4, 5, 1), np.uint8), spacing=(0.5, 0.2))
    assert [one.area_mm2 for one in make(image=image).measure()] == pytest.approx([1.3, 0.5])


def test_a_result_of_ignored_pixels_only_measures_nothing_and_can_be_shown():
    result = Result(LabelMap(np.full((3, 3), 255, np.uint8), CLASSES))
    assert result.measure() == []
    assert "<img" in result._repr_html_()


def test_the_overlay_uses_the_given_image_or_its_own_or_none():
    image = Image(np.full((4, 5, 3), 100, np.uint8))
    by_hand = overlay(image.pixels, IDS, CLASSES, alpha=0.25)
    np.testing.assert_array_equal(make().overlay(image, alpha=0.25), by_hand)
    np.testing.assert_array_equal(make(image=image).overlay(alpha=0.25), by_hand)
    np.testing.assert_array_equal(make().overlay(), paint(IDS, CLASSES))


def test_sizes_that_do_not_agree_are_refused():
    with pytest.raises(LabelError, match=r"\(3, 4, 5\)"):
        make(probabilities=np.zeros((3, 5, 4), np.float32))
    with pytest.raises(LabelError, match="labels"):
        make(image=Image(np.zeros((5, 4, 1), np.uint8)))


def test_a_saved_mask_holds_the_ids_and_shows_the_colours(tmp_path):
    (path,) = make().save(tmp_path, "day/one", {"mask"})
    assert path == tmp_path / "day/one.png"
    np.testing.assert_array_equal(read_index(path), IDS)
    with PillowImage.open(path) as file:
        assert file.mode == "P"
        np.testing.assert_array_equal(np.asarray(file.convert("RGB")), paint(IDS, CLASSES))


def test_a_mask_of_more_than_255_classes_is_kept_in_16_bits(tmp_path):
    classes = Classes.named([f"c{i}" for i in range(300)])
    ids = np.arange(300, dtype=np.uint16).reshape(20, 15)
    (path,) = Result(LabelMap(ids, classes)).save(tmp_path, "many")
    np.testing.assert_array_equal(read_index(path), ids)


def test_saved_probabilities_are_arrays_without_objects(tmp_path):
    (path,) = make(probabilities=probabilities()).save(tmp_path, "p", ["probabilities"])
    with np.load(path, allow_pickle=False) as arrays:
        assert arrays["probabilities"].dtype == np.float16
        np.testing.assert_allclose(arrays["probabilities"], probabilities(), atol=1e-3)
        assert arrays["classes"].tolist() == list(CLASSES.names)


def test_saved_overlays_and_coco_files_hold_what_was_shown(tmp_path):
    image = Image(np.full((4, 5, 3), 100, np.uint8))
    drawn, described = make(image=image).save(tmp_path, "x", ["overlay", "coco"])
    with PillowImage.open(drawn) as file:
        np.testing.assert_array_equal(np.asarray(file), make(image=image).overlay())
    document = json.loads(described.read_text("utf-8"))
    (annotation,) = document["annotations"]
    np.testing.assert_array_equal(coco_mask.decode(annotation["segmentation"]), IDS == 1)
    assert annotation["category_id"] == 1
    assert [image["file_name"] for image in document["images"]] == ["x"]


def test_nothing_is_left_beside_the_files(tmp_path):
    everything = ["mask", "overlay", "probabilities", "coco"]
    written = make(probabilities=probabilities("float16")).save(tmp_path, "x", everything)
    assert sorted(tmp_path.iterdir()) == sorted(written)


def test_saving_refuses_the_unknown_and_what_is_not_there(tmp_path):
    with pytest.raises(UnknownNameError, match="'mask'"):
        make().save(tmp_path, "x", {"masks"})
    with pytest.raises(UsageError, match="probabilities=True"):
        make().save(tmp_path, "x", ["mask", "probabilities"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("what", ["mask", "overlay", "probabilities", "coco"])
def test_a_place_that_cannot_be_written_to_is_a_storage_error(tmp_path, what):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="file"):
        make(probabilities=probabilities()).save(tmp_path / "file", "x", [what])


def test_a_notebook_shows_the_overlay_with_a_legend():
    shown = make()._repr_html_()
    assert "&lt;b&gt;cell&lt;/b&gt; 27.8 %" in shown
    assert "nothing 72.2 %" in shown
    assert "rim" not in shown
    assert "rgb(250,10,20)" in shown
    encoded = re.search(r"base64,([^\"]+)", shown)
    assert encoded is not None
    picture = np.asarray(PillowImage.open(io.BytesIO(base64.b64decode(encoded[1]))))
    np.testing.assert_array_equal(picture, paint(IDS, CLASSES))
    assert make()._repr_png_().startswith(b"\x89PNG")


def test_large_pictures_are_shrunk_for_the_notebook():
    result = Result(LabelMap(np.zeros((1000, 4000), np.uint8), CLASSES))
    assert PillowImage.open(io.BytesIO(result._repr_png_())).size == (960, 240)
