"""Folds: every image is scored once, by a net that has not seen it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segwright.errors import DataError, UsageError
from segwright.images import read_index
from segwright.segmenter import load
from segwright.training.run_folder import RunFolder
from segwright.verbs import cross_validate
from segwright.verbs.evaluate import evaluate
from segwright.verbs.train import train


@pytest.fixture(scope="module")
def data(draw_scenes: Callable[..., Path], tmp_path_factory: Any) -> Path:
    root = draw_scenes(tmp_path_factory.mktemp("scenes") / "data")
    (root / "dataset.yaml").write_text(
        "splits:\n  train: [aaa, bbb, ccc, ddd]\n  val: [eee, fff]\n  test: [ggg, hhh]\n",
        encoding="utf-8",
    )
    return root


@pytest.fixture(scope="module")
def settings(tiny_settings: dict[str, Any]) -> dict[str, Any]:
    return {**tiny_settings, "steps": 6}


@pytest.fixture(scope="module")
def finished(data: Path, settings: dict[str, Any], tmp_path_factory: Any) -> Path:
    return train(data, folds=2, out=tmp_path_factory.mktemp("cv") / "cv", settings=settings).run


def test_every_image_but_the_test_split_is_scored_once(finished: Path) -> None:
    scores = json.loads((finished / "scores.json").read_text())
    assert sorted(image["key"] for image in scores["images"]) == [
        "aaa",
        "bbb",
        "ccc",
        "ddd",
        "eee",
        "fff",
    ]
    assert (finished / "report.html").exists()


def test_masks_are_those_of_the_net_that_had_not_seen_the_image(finished: Path, data: Path) -> None:
    from segwright.dataset import open_dataset
    from segwright.verbs.one_run import divided_as_in

    dataset = open_dataset(data)
    seen = []
    for number in (1, 2):
        fold = RunFolder.open(finished / f"fold-{number}")
        learned, held_out = divided_as_in(fold, dataset, on_event=lambda event: None)
        assert not set(learned.keys) & set(held_out.keys)
        segmenter = load(fold.path)
        for sample in held_out:
            mask = read_index(finished / "predictions" / f"{sample.key}.png")
            assert (mask == segmenter.segment(sample.image).labels.ids).all()
            seen.append(sample.key)
    assert sorted(seen) == sorted(path.stem for path in (finished / "predictions").iterdir())


def test_a_fold_is_evaluated_on_what_it_held_out(finished: Path, data: Path) -> None:
    evaluation = evaluate(finished / "fold-1", data)
    fold = json.loads((finished / "fold-1" / "scores.json").read_text())
    assert json.loads(evaluation.to_json())["images"] == fold["images"]


def test_a_broken_cross_validation_goes_on_with_moved_data(
    finished: Path, data: Path, tmp_path: Path
) -> None:
    """The second fold is lost after its first checkpoint; with a test split beside the folds."""
    broken = Path(shutil.copytree(finished, tmp_path / "broken"))
    moved = Path(shutil.copytree(data, tmp_path / "data"))
    for path in (broken / "report.html", broken / "scores.json", broken / "fold-2/report.html"):
        path.unlink()
    shutil.rmtree(broken / "fold-2/segmenter")
    kept = (broken / "fold-1/segmenter/weights.safetensors").stat().st_mtime_ns
    report = train(moved, resume=broken)
    assert RunFolder.open(broken / "fold-2").record.data == moved
    assert (broken / "fold-1/segmenter/weights.safetensors").stat().st_mtime_ns == kept
    before = json.loads((finished / "scores.json").read_text())
    assert json.loads(report.evaluation.to_json()) == before


def test_what_follows_the_folds_runs_no_net_again(finished: Path, tmp_path: Path) -> None:
    """Its time is kept before any net was timed: masks are read, for scores and for pictures."""
    broken = Path(shutil.copytree(finished, tmp_path / "broken"))
    (broken / "report.html").unlink()
    for fold in (1, 2):
        shutil.rmtree(broken / f"fold-{fold}/segmenter")
    report = train(resume=broken)
    assert report.report.exists()
    assert report.evaluation.num_images == 6


def test_a_fold_that_was_not_begun_is_trained_as_it_would_have_been(
    finished: Path, tmp_path: Path
) -> None:
    broken = Path(shutil.copytree(finished, tmp_path / "broken"))
    shutil.rmtree(broken / "fold-2")
    train(resume=broken)
    weights = "fold-2/segmenter/weights.safetensors"
    assert (broken / weights).read_bytes() == (finished / weights).read_bytes()


def test_added_time_and_changed_data_are_refused(
    finished: Path, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="time cannot be added to a cross-validation"):
        train(resume=finished, budget_s=60)
    run = Path(shutil.copytree(finished, tmp_path / "run"))
    changed = Path(shutil.copytree(data, tmp_path / "data"))
    shutil.copy(changed / "masks/aaa.png", changed / "masks/bbb.png")
    with pytest.raises(UsageError, match="images or labels have changed"):
        train(changed, resume=run)


def test_more_folds_than_images_leave_no_folder(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="9 folds of only 6"):
        train(data, folds=9, out=tmp_path / "cv")
    assert not (tmp_path / "cv").exists()


def test_the_budget_is_shared_alike(
    data: Path, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def stop(*_: Any, budget_s: float, **__: Any) -> None:
        given.append(budget_s)
        raise KeyboardInterrupt

    monkeypatch.setattr(cross_validate, "trainer_of", lambda model: stop)
    with pytest.raises(KeyboardInterrupt):
        train(data, folds=3, out=tmp_path / "cv", settings=settings, budget_s=300)
    with pytest.raises(KeyboardInterrupt):
        train(resume=tmp_path / "cv")
    assert given[0] == given[1]
    assert 3 * given[0] < 300
    assert given[0] > 90
