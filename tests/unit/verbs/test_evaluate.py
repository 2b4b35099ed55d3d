"""Which images `evaluate` scores, and what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from segwright.errors import DataError, UsageError
from segwright.events import Note
from segwright.verbs.evaluate import evaluate
from segwright.verbs.train import train


@pytest.fixture(scope="module")
def data(draw_scenes: Callable[..., Path], tmp_path_factory: Any) -> Path:
    """Six images to learn from, two of a test split, no validation split."""
    root = draw_scenes(tmp_path_factory.mktemp("scenes") / "data")
    (root / "dataset.yaml").write_text(
        "splits:\n  train: [aaa, bbb, ccc, ddd, eee, fff]\n  test: [ggg, hhh]\n", encoding="utf-8"
    )
    return root


@pytest.fixture(scope="module")
def run(data: Path, tiny_settings: dict[str, Any], tmp_path_factory: Any) -> Path:
    settings = {**tiny_settings, "steps": 4}
    return train(data, out=tmp_path_factory.mktemp("runs") / "run", settings=settings).run


def scored(evaluation: Any) -> set[str]:
    return {image.key for image in evaluation.images}


def test_by_default_what_the_run_held_out(run: Path, data: Path) -> None:
    evaluation = evaluate(run, data)
    assert scored(evaluation) and not scored(evaluation) & {"ggg", "hhh"}
    folder = run / "evaluations" / "data-val"
    saved = json.loads((folder / "scores.json").read_text())
    assert (saved["run"], saved["data"], saved["split"]) == (str(run), str(data), "val")
    assert saved.items() >= json.loads(evaluation.to_json()).items()
    assert (folder / "report.html").exists()


def test_training_and_validation_images_are_disjoint(run: Path, data: Path) -> None:
    learned, held_out = (scored(evaluate(run, data, split=name)) for name in ("train", "val"))
    assert not learned & held_out
    assert learned | held_out == {"aaa", "bbb", "ccc", "ddd", "eee", "fff"}


def test_the_test_split_is_scored_where_asked_for(run: Path, data: Path) -> None:
    assert scored(evaluate(run, data, split="test")) == {"ggg", "hhh"}


def test_other_data_without_splits_are_scored_as_a_whole(
    run: Path, draw_scenes: Callable[..., Path], tmp_path: Path
) -> None:
    other = draw_scenes(tmp_path / "other", 3, size_hw=(40, 64))
    assert scored(evaluate(run, other)) == {"aaa", "bbb", "ccc"}
    assert (run / "evaluations" / "other-all" / "report.html").exists()
    with pytest.raises(DataError, match="there is no split 'val'; there are: none"):
        evaluate(run, other, split="val")


def test_a_device_that_is_not_here_is_refused(run: Path, data: Path) -> None:
    with pytest.raises(UsageError, match="'tpu'"):
        evaluate(run, data, device="tpu")


def test_a_missing_split_is_named(run: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no split 'tset'; there are: train, test.*--split"):
        evaluate(run, data, split="tset")
    without = Path(shutil.copytree(data, tmp_path / "without"))
    (without / "dataset.yaml").unlink()
    with pytest.raises(DataError, match="no split 'test'"):
        evaluate(run, without, split="test")


def test_other_classes_are_refused(run: Path, data: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(data, tmp_path / "other"))
    (other / "classes.txt").write_text("ground\nbox\n", encoding="utf-8")
    with pytest.raises(DataError, match="the classes are ground, box; this segmenter knows back"):
        evaluate(run, other, split="test")


def notes_of(run: Path, data: Path, **arguments: Any) -> tuple[set[str], str]:
    """The images that are scored, and all that is said about it."""
    said: list[str] = []
    evaluation = evaluate(
        run,
        data,
        on_event=lambda event: said.append(event.text) if isinstance(event, Note) else None,
        **arguments,
    )
    return scored(evaluation), "\n".join(said)


@pytest.mark.parametrize("edit", ["declaration", "addition", "renaming", "relabelling"])
def test_what_was_learned_is_known_again_in_edited_data(
    run: Path, data: Path, tmp_path: Path, edit: str
) -> None:
    held_out = scored(evaluate(run, data))
    edited = Path(shutil.copytree(data, tmp_path / "edited"))
    match edit:
        case "declaration":
            (edited / "dataset.yaml").unlink()
            held_out |= {"ggg", "hhh"}
        case "addition":
            for kind in ("images", "masks"):
                shutil.copy(edited / kind / "aaa.png", edited / kind / "zzz.png")
            with (edited / "dataset.yaml").open("a") as file:
                file.write("  val: [zzz]\n")
            with pytest.raises(DataError, match="it learned from all 1 images of 'val'"):
                evaluate(run, edited)
            (edited / "dataset.yaml").unlink()
            held_out |= {"ggg", "hhh"}
        case "renaming":
            (edited / "dataset.yaml").unlink()
            held_out = {f"new_{key}" for key in held_out} | {"new_ggg", "new_hhh"}
            for path in [*edited.glob("*/*.png")]:
                path.rename(path.with_name(f"new_{path.name}"))
        case _:
            shutil.copy(edited / "masks/aaa.png", edited / "masks/bbb.png")
    keys, said = notes_of(run, edited)
    assert keys == held_out
    assert "images that it learned from are left out" in said


def test_a_split_of_learned_images_is_not_scored_as_something_else(
    run: Path, data: Path, tmp_path: Path
) -> None:
    learned = scored(evaluate(run, data, split="train"))
    edited = Path(shutil.copytree(data, tmp_path / "edited"))
    names = [name * 3 for name in "abcdefh" if name * 3 != min(learned)]
    (edited / "dataset.yaml").write_text(
        f"splits:\n  test: [{min(learned)}, ggg]\n  train: [{', '.join(names)}]\n"
    )
    keys, said = notes_of(run, edited, split="test")
    assert keys == {"ggg"} and "1 images that it learned from are left out" in said


def test_torn_groups_are_warned_of(run: Path, data: Path, tmp_path: Path) -> None:
    torn = Path(shutil.copytree(data, tmp_path / "torn"))
    with (torn / "dataset.yaml").open("a") as file:
        file.write("groups: '^'\n")  # all are one group
    _, said = notes_of(run, torn, split="test")
    assert "WARNING: 1 of 1 groups lie in several" in said


def test_names_that_differ_behind_a_dot_are_kept_apart(
    run: Path, data: Path, tmp_path: Path
) -> None:
    for name in ("scenes.v1", "scenes.v2"):
        evaluate(run, Path(shutil.copytree(data, tmp_path / name)), split="test")
        assert (run / "evaluations" / f"{name}-test" / "report.html").exists()


def test_a_segmenter_without_a_run_says_that_nothing_is_known(run: Path, data: Path) -> None:
    assert (
        "no record of what this learned from" in notes_of(run / "segmenter", data, split="test")[1]
    )
