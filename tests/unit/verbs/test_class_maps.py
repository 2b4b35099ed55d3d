"""`--classes` in training: recorded in the plan, and done again by whatever follows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from segwright.errors import DataError, UnknownNameError, UsageError
from segwright.evaluation import Evaluation
from segwright.plan import Plan
from segwright.segmenter import load
from segwright.verbs.evaluate import evaluate
from segwright.verbs.plan import plan as make_plan
from segwright.verbs.train import train

MAP = "{thing: [box, corner], others: keep}\n"


@pytest.fixture(scope="module")
def data(draw_scenes: Callable[..., Path], tmp_path_factory: Any) -> Path:
    """Eight scenes of back and box, in each a third class in the upper left corner."""
    root = draw_scenes(tmp_path_factory.mktemp("scenes") / "data")
    for mask in (root / "masks").iterdir():
        ids = np.array(PillowImage.open(mask))
        ids[:8, :8] = 2
        PillowImage.fromarray(ids).save(mask)
    (root / "classes.txt").write_text("back\nbox\ncorner\n", encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def map_file(tmp_path_factory: Any) -> Path:
    path = tmp_path_factory.mktemp("maps") / "map.yaml"
    path.write_text(MAP, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(data: Path, map_file: Path, tiny_settings: dict[str, Any], tmp_path_factory: Any) -> Path:
    settings = {**tiny_settings, "steps": 4}
    out = tmp_path_factory.mktemp("runs") / "run"
    return train(data, out=out, settings=settings, classes=map_file).run


def _names(evaluation: Evaluation) -> list[str]:
    return [one.name for one in evaluation.classes]


def test_the_run_knows_the_map_and_says_it(run: Path) -> None:
    plan = Plan.read(run / "plan.yaml")
    assert plan.classes == {"thing": ["box", "corner"], "back": ["back"]}
    assert "thing = box + corner; back" in plan.explain()
    assert load(run).classes.names == ("thing", "back")
    card = (run / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "\n- classes of the data: thing = box + corner; back\n- " in card


def test_evaluation_maps_data_with_the_original_classes(
    run: Path, data: Path, map_file: Path
) -> None:
    notes: list[str] = []
    evaluation = evaluate(run, data, on_event=lambda event: notes.append(str(event)))
    assert any("Classes by the map: thing = box + corner" in note for note in notes)
    assert _names(evaluation) == ["thing", "back"]
    with_file = evaluate(run, data, classes=map_file)
    assert with_file.to_json() == evaluation.to_json()


def test_evaluation_leaves_data_that_have_the_new_classes(
    run: Path, draw_scenes: Callable[..., Path], tmp_path: Path
) -> None:
    merged = draw_scenes(tmp_path / "merged", 3, size_hw=(40, 64))
    (merged / "classes.txt").write_text("thing\nback\n", encoding="utf-8")
    assert len(evaluate(run, merged).images) == 3
    (merged / "classes.txt").write_text("thing\nfront\n", encoding="utf-8")
    with pytest.raises(DataError, match="thing, front"):
        evaluate(run, merged)


def test_a_run_goes_on_with_its_map(run: Path, data: Path, map_file: Path) -> None:
    assert train(resume=run).run == run
    with pytest.raises(UsageError, match="--classes cannot be changed"):
        train(resume=run, classes=map_file)


def test_weights_and_plans_are_taken_over_with_their_map(
    run: Path, data: Path, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    settings = {**tiny_settings, "steps": 4}
    for number, source in enumerate(({"from_run": run}, {"plan": run / "plan.yaml"})):
        more = {} if "plan" in source else {"settings": settings}
        other = train(data, out=tmp_path / str(number), **source, **more).run
        assert load(other).classes.names == ("thing", "back")


def test_folds_share_the_map(
    data: Path, map_file: Path, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    settings = {**tiny_settings, "steps": 2}
    out = tmp_path / "folds"
    first = train(data, out=out, folds=2, settings=settings, classes=map_file).evaluation
    assert _names(first) == ["thing", "back"]
    (out / "fold-2" / "report.html").unlink()
    assert train(resume=out).evaluation.to_json() == first.to_json()


def test_a_plan_is_made_with_the_map(
    data: Path, map_file: Path, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    assert make_plan(data, settings=tiny_settings, classes=map_file).class_map is not None
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("{thing: bux, others: keep}", encoding="utf-8")
    with pytest.raises(UnknownNameError, match=r"wrong.yaml: unknown class 'bux'"):
        make_plan(data, classes=wrong)
    with pytest.raises(UsageError, match="--set classes"):
        make_plan(data, settings={"classes": {}})
