"""Masks that lie in a folder: found by name, checked, never left out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage
from typer.testing import CliRunner

from segwright.cli.app import app
from segwright.dataset import Dataset, open_dataset
from segwright.errors import DataError, LabelError, MissingDependencyError, UsageError
from segwright.evaluation.written import WrittenMasks
from segwright.verbs.evaluate import evaluate


@pytest.fixture
def data(draw_scenes: Callable[..., Path], tmp_path: Path) -> Path:
    return draw_scenes(tmp_path / "data", 4)


@pytest.fixture
def masks(data: Path, tmp_path: Path) -> Path:
    """The truth itself, written elsewhere."""
    return Path(shutil.copytree(data / "masks", tmp_path / "masks"))


def found(folder: Path, dataset: Dataset) -> WrittenMasks:
    return WrittenMasks.found(folder, [entry.image for entry in dataset.entries], dataset.classes)


def test_the_truth_scores_perfectly_and_a_changed_mask_as_it_is(data: Path, masks: Path) -> None:
    perfect = evaluate(masks, data)
    assert perfect.mean_iou.value == 1 and perfect.num_images == 4
    assert (masks / "evaluations" / "data-all" / "report.html").is_file()
    ids = np.array(PillowImage.open(masks / "aaa.png"))
    PillowImage.fromarray(ids * 0).save(masks / "aaa.png")
    boxes = 16 * 16
    again = evaluate(masks, data, metrics=["boundary_iou"])  # its own report is no mask
    assert again.classes[1].iou.value == pytest.approx(3 * boxes / (4 * boxes))
    assert again.classes[1].num_missed == 1
    assert again.metrics[0].classes[1].estimate.value == pytest.approx(3 / 4)


def test_a_missing_mask_is_refused_and_named(data: Path, masks: Path) -> None:
    (masks / "bbb.png").unlink()
    with pytest.raises(DataError, match=r"1 of 4 images have no mask here: .*bbb\.png.*flatter"):
        evaluate(masks, data)


def test_names_are_matched_within_their_folders(data: Path, masks: Path) -> None:
    dataset = open_dataset(data)
    for place in ("x/images", "y/other"):
        shutil.copytree(data / "masks", masks.parent / "nested" / place)
    chosen = found(masks.parent / "nested", dataset)
    assert {mask.parent.name for mask in chosen.masks.values()} == {"images"}
    with pytest.raises(DataError, match="several masks may be meant"):
        shutil.copytree(data / "masks", masks.parent / "nested" / "z/images")
        found(masks.parent / "nested", dataset)


def test_one_mask_for_two_images_is_refused(data: Path, masks: Path) -> None:
    images = [data / "train" / "aaa.png", data / "val" / "aaa.png"]
    with pytest.raises(DataError, match="2 images claim this mask"):
        WrittenMasks.found(masks, images, open_dataset(data).classes)


def test_masks_that_cannot_be_scored(data: Path, masks: Path) -> None:
    dataset = open_dataset(data)
    chosen = found(masks, dataset)
    image = dataset[0].image
    for pixels, complaint in (
        (np.full((48, 64), 255, np.uint8), r"has the value 255; accepted .* 0 … 1"),
        (np.zeros((20, 64), np.uint8), "is 20×64, but its picture"),
        (np.zeros((48, 64, 3), np.uint8), "in colour"),
    ):
        PillowImage.fromarray(pixels).save(masks / "aaa.png")
        with pytest.raises(LabelError, match=complaint):
            chosen.segment(image)


def test_other_classes_and_a_device_are_refused(data: Path, masks: Path) -> None:
    (masks / "classes.txt").write_text("box\nback\n", encoding="utf-8")
    with pytest.raises(DataError, match="masks are of box, back; the data are of back, box"):
        evaluate(masks, data)
    (masks / "classes.txt").write_text("back\nbox\n", encoding="utf-8")
    assert evaluate(masks, data).mean_iou.value == 1
    with pytest.raises(UsageError, match="no device"):
        evaluate(masks, data, device="cpu")


def test_a_metric_without_its_package_is_refused_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch, masks: Path
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"boundary_iou needs .*scipy.*\[metrics\]"):
        evaluate(masks, masks / "nowhere", metrics=["boundary_iou"])
    with pytest.raises(DataError, match="nowhere"):  # what needs no package goes on
        evaluate(masks, masks / "nowhere", metrics=["area_error"])


def test_the_command_prints_what_was_asked_for(data: Path, masks: Path) -> None:
    arguments = ["evaluate", str(masks), str(data), "--metrics", "hd95, count_error"]
    told = CliRunner().invoke(app, [*arguments, "--tolerance", "2"])
    assert told.exit_code == 0, told.output
    assert "HD95 px, lower is better" in told.output and "Count error" in told.output
    assert "Boundary" not in told.output
    odd = CliRunner().invoke(app, ["evaluate", str(masks), str(data), "--metrics", "hd59"])
    assert odd.exit_code == 2
