"""Pages of data and of runs: what is on them, and what they do with faults."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from segwright.cli.app import app
from segwright.errors import DataError, UsageError
from segwright.events import Event, Note
from segwright.images import write_png
from segwright.verbs.show import show
from segwright.verbs.show_training import shown_range
from segwright.verbs.train import train


@pytest.fixture(scope="module")
def data(draw_scenes: Callable[..., Path], tmp_path_factory: Any) -> Path:
    return draw_scenes(tmp_path_factory.mktemp("scenes") / "data")


def pictures_of(page: str) -> list[tuple[str, np.ndarray]]:
    """(text for who cannot see it, pixels) of every picture in a page."""
    found = re.findall(r'alt="([^"]*)" src="data:image/jpeg;base64,([^"]+)"', page)
    return [
        (alt, np.asarray(Image.open(io.BytesIO(base64.b64decode(code))))) for alt, code in found
    ]


def test_data_are_shown_beside_their_labels(data: Path, tmp_path: Path) -> None:
    page = show(data, out=tmp_path / "page.html", number=3).page.read_text()
    shown = pictures_of(page)
    assert [alt.split(":")[0] for alt, _ in shown] == ["picture", "labels"] * 3
    stored = np.asarray(Image.open(next((data / "images").iterdir())).convert("RGB"))
    assert shown[0][1].shape == stored.shape
    assert "http" not in page.replace("http-equiv", "")  # no other file is needed


def test_the_number_is_of_each_split_and_evenly_spread(tmp_path: Path) -> None:
    root = tmp_path / "data"
    for split, count in (("train", 10), ("val", 1)):
        for folder in ("images", "masks"):
            (root / split / folder).mkdir(parents=True)
        for index in range(count):
            pixels = np.full((4, 4), 10 * index, np.uint8)
            write_png(root / split / "images" / f"{split}{index}.png", pixels)
            write_png(root / split / "masks" / f"{split}{index}.png", np.eye(4, dtype=np.uint8))
    page = show(root, out=tmp_path / "page.html", number=5).page.read_text()
    keys = re.findall(r'alt="picture: (\w+)', page)
    assert keys == ["train0", "train2", "train4", "train6", "train8", "val0"]
    page = show(root, out=tmp_path / "page.html", split="val").page.read_text()
    assert re.findall(r'alt="picture: (\w+)', page) == ["val0"]


def test_samples_are_those_of_training(data: Path, tmp_path: Path) -> None:
    page = show(data, out=tmp_path / "page.html", number=3, augmented=True).page.read_text()
    samples = [picture for alt, picture in pictures_of(page) if alt.startswith("sample")]
    assert len(samples) == 3
    assert len({picture.shape for picture in samples}) == 1
    assert f"Crops of {samples[0].shape[0]}×{samples[0].shape[1]} pixels" in page


def test_a_run_is_shown_on_what_it_held_out(
    data: Path, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    run = train(data, out=tmp_path / "run", settings={**tiny_settings, "steps": 2}).run
    page = show(run, out=tmp_path / "page.html", augmented=True, number=2).page.read_text()
    first = re.findall(r'alt="(\w[\w ]*): ', page)[:4]
    assert first == ["picture", "drawn", "said", "where they differ"]
    assert "It has not learned from these." in page and "Training samples" in page
    with pytest.raises(UsageError, match="classes that it was trained with"):
        show(run, classes=tmp_path / "map.yaml")


def test_faults_stand_beside_the_picture_and_the_page_goes_on(tmp_path: Path) -> None:
    root = tmp_path / "data"
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    for index, name in enumerate(["good", "other_size", "torn"]):
        write_png(root / "images" / f"{name}.png", np.full((5, 6), 40 * index, np.uint8))
        write_png(root / "masks" / f"{name}.png", np.eye(5, 6, dtype=np.uint8))
    write_png(root / "masks" / "other_size.png", np.eye(5, 7, dtype=np.uint8))
    torn = root / "images" / "torn.png"
    torn.write_bytes(torn.read_bytes()[:-20])
    told: list[Event] = []
    report = show(root, out=tmp_path / "page.html", on_event=told.append)
    page = report.page.read_text()
    assert [one.split(":")[0] for one in report.failed] == ["other_size", "torn"]
    assert sum(isinstance(one, Note) for one in told) == 2
    ended = CliRunner().invoke(app, ["show", str(root), "--out", str(tmp_path / "page.html")])
    assert ended.exit_code == 3 and "2 pictures not shown whole" in ended.stderr
    assert [alt[:14] for alt, _ in pictures_of(page)] == [
        "picture: good ",
        "labels: good ·",
        "picture: other",
    ]
    assert "torn.png" in page and "cut off" in page


def test_a_page_is_worth_having_without_training_samples(tmp_path: Path) -> None:
    root = tmp_path / "data"
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    for name in ("aaa", "bbb", "ccc", "ddd"):
        write_png(root / "images" / f"{name}.png", np.zeros((8, 8), np.uint8))
        write_png(root / "masks" / f"{name}.png", np.eye(8, dtype=np.uint8))
    for name in ("aaa", "bbb"):
        torn = root / "images" / f"{name}.png"
        torn.write_bytes(torn.read_bytes()[:-20])
    shown = show(root, out=tmp_path / "page.html", augmented=True)
    assert len(shown.failed) == 3  # two pictures, and what cannot be learned from with them
    assert "No training samples" in shown.page.read_text()


def test_pictures_without_labels_are_shown_alone(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    write_png(tmp_path / "photos" / "a.png", np.zeros((5, 6), np.uint8))
    page = show(tmp_path / "photos", out=tmp_path / "page.html").page.read_text()
    assert [alt for alt, _ in pictures_of(page)] == ["picture: a"]
    assert "No labels are shown" in page
    ended = CliRunner().invoke(
        app, ["show", str(tmp_path / "photos"), "--out", str(tmp_path / "page.html")]
    )
    assert ended.exit_code == 0 and "No labels are shown" in ended.stderr
    with pytest.raises(UsageError, match="--augmented: needs data with labels"):
        show(tmp_path / "photos", augmented=True)
    with pytest.raises(UsageError, match="--split: needs data with labels"):
        show(tmp_path / "photos", split="val")


def test_prepared_values_below_zero_are_not_drawn_black() -> None:
    z_scores = np.random.default_rng(0).normal(size=(50, 50, 1))
    low, high = shown_range([z_scores], 255.0)
    assert low < -2 and high > 2
    assert shown_range([128 + 40 * z_scores], 255.0) == (0.0, 255.0)


def test_what_cannot_be_shown_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        show(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no pictures with labels"):
        show(tmp_path / "empty")
    with pytest.raises(UsageError, match="accepted are 1 or more"):
        show(data, number=0)
