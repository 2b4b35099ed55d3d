"""Methods without a network are trained, used, scored and compared by the same verbs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

import segwright
from segwright.errors import BudgetError, UsageError
from segwright.verbs.method_plan import MethodPlan

pytest.importorskip("numba", reason="the extra 'classical' is not installed")


@pytest.fixture(scope="module")
def discs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bright discs on dark ground, with a test split."""
    root = tmp_path_factory.mktemp("data") / "discs"
    rng = np.random.default_rng(0)
    for split, number in (("train", 5), ("val", 3), ("test", 3)):
        for folder in ("images", "masks"):
            (root / split / folder).mkdir(parents=True)
        for index in range(number):
            y, x = np.mgrid[:40, :48]
            cy, cx, radius = rng.uniform(14, 26), rng.uniform(14, 34), rng.uniform(6, 11)
            inside = (y - cy) ** 2 + (x - cx) ** 2 < radius**2
            pixels = np.where(inside, 190, 60) + rng.normal(0, 8, inside.shape)
            grey = np.clip(pixels, 0, 255).astype(np.uint8)
            PillowImage.fromarray(grey).save(root / split / "images" / f"{index}.png")
            mask = inside.astype(np.uint8)
            PillowImage.fromarray(mask).save(root / split / "masks" / f"{index}.png")
    (root / "classes.txt").write_text("ground\ndisc\n", encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def run(discs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return segwright.train(discs, model="otsu", out=tmp_path_factory.mktemp("runs") / "otsu").run


def test_a_run_has_what_runs_have(run: Path):
    there = {path.name for path in run.iterdir()}
    expected = {"method.yaml", "run.json", "environment.json", "scores.json", "segmenter"}
    assert expected | {"report.html", "MODEL_CARD.md"} <= there
    plan = MethodPlan.read(run)
    assert (plan.method, plan.images, plan.tried) == ("otsu", 5, ())
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    assert scores["mean_iou"]["value"] > 0.95
    assert "Otsu 1979" in (run / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_what_it_learned_from_is_not_scored_by_accident(run: Path, discs: Path):
    evaluation = segwright.evaluate(run, discs)
    assert evaluation.num_images == 3  # val
    assert segwright.evaluate(run, discs, split="train").num_images == 5
    assert segwright.evaluate(run, discs, split="test").mean_iou.value > 0.95


def test_a_run_predicts_classes(run: Path, discs: Path, tmp_path: Path):
    segwright.predict(run, discs / "test" / "images", tmp_path / "masks")
    for file in (discs / "test" / "masks").iterdir():
        found = np.asarray(PillowImage.open(tmp_path / "masks" / file.name))
        assert (found == np.asarray(PillowImage.open(file))).mean() > 0.97


def test_a_budget_tries_parameters_and_says_so(discs: Path, tmp_path: Path):
    report = segwright.train(discs, model="otsu", budget_s=60, out=tmp_path / "run")
    plan = MethodPlan.read(report.run)
    assert len(plan.tried) > 1
    assert plan.tried[0].mean_iou == max(one.mean_iou for one in plan.tried)
    assert plan.params == plan.tried[0].params
    assert "tried" in plan.explain()


def test_a_budget_that_is_too_short_is_refused_before_anything_is_written(
    discs: Path, tmp_path: Path
):
    with pytest.raises(BudgetError, match="otsu"):
        segwright.train(discs, model="otsu", budget_s=0.5, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_parameters_are_set_and_kept(discs: Path, tmp_path: Path):
    out = tmp_path / "run"
    segwright.train(discs, model="otsu", budget_s=60, settings={"levels": 3}, out=out)
    assert all(one.params["levels"] == 3 for one in MethodPlan.read(out).tried)
    with pytest.raises(UsageError, match="level"):
        segwright.train(discs, model="otsu", settings={"level": 3}, out=tmp_path / "other")


def test_folds_pool_what_each_has_not_seen(discs: Path, tmp_path: Path):
    report = segwright.train(discs, model="otsu", folds=2, out=tmp_path / "folds")
    assert report.evaluation.num_images == 8  # train and val, not test
    assert (tmp_path / "folds" / "fold-2" / "segmenter").is_dir()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"device": "cuda"}, "CPU"),
        ({"plan": "p.yaml"}, "--set"),
        ({"from_run": "r"}, "weights"),
    ],
)
def test_what_only_networks_have_is_refused(discs: Path, wrong: dict, told: str):
    with pytest.raises(UsageError, match=told):
        segwright.train(discs, model="otsu", **wrong)


def test_there_is_nothing_to_resume_or_to_plan(discs: Path, run: Path):
    with pytest.raises(UsageError, match="nothing to resume"):
        segwright.train(resume=run)
    with pytest.raises(UsageError, match="nothing to plan"):
        segwright.make_plan(discs, model="otsu")


def test_a_method_is_used_by_its_name(discs: Path, tmp_path: Path):
    images = discs / "test" / "images"
    segwright.predict("otsu", images, tmp_path / "levels", settings={"levels": 3})
    assert set(np.unique(PillowImage.open(tmp_path / "levels" / "0.png"))) == {0, 1, 2}
    segwright.predict("felzenszwalb", images, tmp_path / "regions")
    regions = np.asarray(PillowImage.open(tmp_path / "regions" / "0.regions.png"))
    assert regions.min() == 1 and regions.max() > 1
    with pytest.raises(UsageError, match="learns from labels"):
        segwright.predict("forest", images, tmp_path / "forest")
    with pytest.raises(UsageError, match="no regions"):
        report = segwright.predict("otsu", images, tmp_path / "wrong", save={"regions"})
        raise UsageError(report.failed[0][1])


def test_methods_are_compared_with_settings_of_their_own(discs: Path, tmp_path: Path):
    report = segwright.compare(
        discs,
        ["otsu", "kmeans"],
        out=tmp_path / "page.html",
        budget_s=30,
        settings={"otsu.levels": 2, "kmeans.clusters": 2},
    )
    assert not report.failed, report.failed
    assert {rank.name for rank in report.ranking.ranks} == {"otsu", "kmeans"}
    assert MethodPlan.read(report.runs / "otsu-seed0").params["levels"] == 2
    assert "otsu" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_training_and_using_a_method_needs_no_torch(discs: Path, tmp_path: Path):
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "import segwright\n"
        f"run = segwright.train({str(discs)!r}, model='otsu', out={str(tmp_path / 'run')!r}).run\n"
        f"segwright.predict(run, {str(discs / 'test' / 'images')!r}, {str(tmp_path / 'out')!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out").glob("*.png"))) == 3
