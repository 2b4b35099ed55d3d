"""Runs with preparation: what is learned from, scored, shipped and resumed sees the same."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from segwright.dataset import measure_facts, open_dataset
from segwright.errors import ImageError, UnknownNameError, UsageError
from segwright.images import read_image, read_index
from segwright.plan import Plan
from segwright.prepare import Prepare
from segwright.segmenter import NetSegmenter, load
from segwright.training.material import Material
from segwright.training.planning import make_learner
from segwright.training.run_folder import RunFolder
from segwright.training.validation import Validation
from segwright.verbs.evaluate import evaluate
from segwright.verbs.plan import plan as make_plan
from segwright.verbs.predict import predict
from segwright.verbs.train import train

STEPS = [{"spacing": 0.8}, {"channels": "grey"}, "clahe", {"percentile": [1, 99]}]
PREPARE = Prepare.of(STEPS)
MANIFEST = "segmenter/segmenter.json"
WEIGHTS = "segmenter/weights.safetensors"


@pytest.fixture(scope="module")
def data(draw_scenes: Callable[..., Path], tmp_path_factory: Any) -> Path:
    """Scenes of 48×64 pixels of half a millimetre."""
    root = draw_scenes(tmp_path_factory.mktemp("scenes") / "data")
    (root / "dataset.yaml").write_text("spacing: 0.5\n", encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def settings(tiny_settings: dict[str, Any]) -> dict[str, Any]:
    return {**tiny_settings, "prepare": STEPS}


@pytest.fixture(scope="module")
def finished(data: Path, settings: dict[str, Any], tmp_path_factory: Any) -> Path:
    return train(data, out=tmp_path_factory.mktemp("runs") / "run", settings=settings).run


def material_of(run: Path, data: Path) -> Material:
    from segwright.verbs.one_run import divided_as_in

    folder = RunFolder.open(run)
    learn, hold_out = divided_as_in(folder, open_dataset(data), on_event=lambda event: None)
    return Material.read(learn, hold_out, prepare=folder.plan.prepare, emit=lambda event: None)


def test_the_plan_holds_the_steps_and_says_why(finished: Path, data: Path) -> None:
    plan = RunFolder.open(finished).plan
    assert plan.prepare == PREPARE and plan.reasons["prepare"] == "set by you"
    (line,) = [line for line in plan.explain().splitlines() if line.startswith("prepare")]
    assert line.split(maxsplit=1)[1] == f"{PREPARE}  set by you"
    assert Plan.from_yaml(plan.to_yaml()) == plan
    card = (finished / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert str(PREPARE) in card and "30×40 pixels once prepared" in card


def test_facts_are_those_of_the_prepared_images(finished: Path, data: Path) -> None:
    material = material_of(finished, data)
    facts = material.facts
    assert (facts.channels, facts.dtype) == (1, "float32")
    assert facts.size_hw_median == (30, 40)  # 48×64 pixels of 0.5 mm at 0.8 mm
    assert 0 < facts.mean[0] < 1 and facts.white == pytest.approx(1, abs=1e-3)
    by_hand = measure_facts([material.train[i] for i in range(len(material.train))])
    assert by_hand == facts
    for index in range(len(material.train)):
        raw, seen = material.train.dataset[index], material.train[index]
        np.testing.assert_array_equal(seen.image.pixels, PREPARE.apply(raw.image).pixels)
        assert seen.labels.size_hw == seen.image.size_hw == (30, 40)
        # A box of 16 pixels is one of 10 pixels, but for its edges.
        assert abs(int(seen.labels.area_px()[1]) - 100) <= 25


def watched(segmenter: NetSegmenter) -> list[torch.Tensor]:
    """All that its network is fed from now on."""
    fed: list[torch.Tensor] = []
    segmenter.model.register_forward_pre_hook(lambda _, given: fed.append(given[0].clone()))
    return fed


def test_validation_feeds_what_the_loaded_segmenter_feeds(finished: Path, data: Path) -> None:
    material, plan = material_of(finished, data), RunFolder.open(finished).plan
    validation = Validation(make_learner(plan, material), material, plan)
    while_training = watched(validation._segmenter)
    validation()
    shipped = load(finished)
    assert isinstance(shipped, NetSegmenter)
    shipped_sees = watched(shipped)
    for index in range(len(material.val)):
        shipped.segment(material.val[index].image)
    assert len(while_training) == len(shipped_sees) == len(material.val)
    for one, other in zip(while_training, shipped_sees, strict=True):
        assert one.shape == (1, 1, 32, 48) and torch.equal(one, other)  # 30×40, extended


def test_crops_are_cut_from_what_the_segmenter_sees(finished: Path, data: Path) -> None:
    material = material_of(finished, data)
    plan = RunFolder.open(finished).plan.updated(
        {"augment": {}, "input.crop_hw": [32, 32], "crops.focus": 0.0, "input.loss_stride": 1}
    )
    known = {}
    for index in range(len(material.train)):
        sample = material.train.dataset[index]
        known[sample.key] = material.preparation.apply(PREPARE.apply(sample.image))[0]
    batch = next(iter(material.batches(plan).starting_at(0)))
    for crop, key in zip(batch.images, batch.keys, strict=True):
        # Nothing was augmented, so the crop is, number by number, a part of the whole; beyond it
        # there is the mean, which is 0 here.
        padded = np.pad(known[key], 32)
        places = np.lib.stride_tricks.sliding_window_view(padded, (32, 32))
        apart = np.abs(places - crop[0].numpy()).max((-2, -1))
        assert apart.min() < 1e-5


def test_results_lie_on_the_pixels_of_the_image(finished: Path, data: Path, tmp_path: Path) -> None:
    report = predict(finished, data / "images", tmp_path, save=("mask",), spacing=(0.5, 0.5))
    assert report.done == 8 and not report.failed
    dataset, segmenter = open_dataset(data), load(finished)
    for key, sample in zip(dataset.keys, dataset, strict=True):
        ids = read_index(tmp_path / f"{key}.png")
        assert ids.shape == (48, 64)
        np.testing.assert_array_equal(ids, segmenter.segment(sample.image).labels.ids)


def test_without_a_spacing_images_fail_with_the_remedy(
    finished: Path, data: Path, tmp_path: Path
) -> None:
    report = predict(finished, data / "images", tmp_path)
    assert report.done == 0 and len(report.failed) == 8
    assert "size of its pixels is unknown" in report.failed[0][1]
    assert "--spacing" in report.failed[0][1]
    with pytest.raises(UsageError, match="accepted are finite sizes above 0"):
        predict(finished, data / "images", tmp_path, spacing=(0.0, 1.0))


def test_the_score_is_taken_on_the_labels_as_drawn(finished: Path, data: Path) -> None:
    scores = json.loads((finished / "scores.json").read_text(encoding="utf-8"))
    evaluation = evaluate(finished, data)
    assert evaluation.mean_iou.value == pytest.approx(scores["mean_iou"]["value"])
    drawn = sum(sample.labels.ids.size for sample in open_dataset(data)) / 8 * 2
    judged = sum(sum(row) for row in scores["confusion"])
    assert judged == drawn


def test_a_resumed_run_is_prepared_alike(
    data: Path, settings: dict[str, Any], finished: Path, tmp_path: Path
) -> None:
    class Stopped(Exception):
        pass

    def stop_late(event: Any) -> None:
        if type(event).__name__ == "TrainStep" and event.step == 8:
            raise Stopped

    run = tmp_path / "run"
    with pytest.raises(Stopped):
        train(data, out=run, settings=settings, on_event=stop_late)
    train(resume=run)
    assert (run / WEIGHTS).read_bytes() == (finished / WEIGHTS).read_bytes()
    assert (run / MANIFEST).read_bytes() == (finished / MANIFEST).read_bytes()


def test_a_plan_file_says_how_images_are_prepared(
    data: Path, finished: Path, settings: dict[str, Any], tmp_path: Path
) -> None:
    run = train(data, out=tmp_path / "run", plan=finished / "plan.yaml").run
    assert (run / WEIGHTS).read_bytes() == (finished / WEIGHTS).read_bytes()
    other = {"prepare": ["zscore"]}
    run = train(data, out=tmp_path / "other", plan=finished / "plan.yaml", settings=other).run
    segmenter = load(run)
    assert isinstance(segmenter, NetSegmenter)
    assert segmenter.prepare == Prepare.of("zscore") and segmenter.preparation.channels == 3


def test_weights_of_a_run_come_with_its_steps_unless_others_are_set(
    data: Path, finished: Path, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    few = {key: value for key, value in tiny_settings.items() if key != "model.config"}
    plan = RunFolder.open(
        train(data, out=tmp_path / "same", from_run=finished, settings={**few, "steps": 2}).run
    ).plan
    assert plan.prepare == PREPARE and "whose weights it starts from" in plan.reasons["prepare"]
    other = {**few, "steps": 2, "prepare": [{"channels": "grey"}]}
    run = train(data, out=tmp_path / "other", from_run=finished, settings=other).run
    assert RunFolder.open(run).plan.prepare == Prepare.of([{"channels": "grey"}])


def test_every_fold_is_prepared(data: Path, settings: dict[str, Any], tmp_path: Path) -> None:
    given = {**settings, "steps": 4, "prepare": PREPARE}
    run = train(data, folds=2, out=tmp_path / "cv", settings=given).run
    for fold in ("fold-1", "fold-2"):
        segmenter = load(run / fold)
        assert isinstance(segmenter, NetSegmenter) and segmenter.prepare == PREPARE
    shutil.rmtree(run / "fold-2")
    train(resume=run)
    assert (run / "fold-2" / MANIFEST).exists()


def test_what_cannot_be_prepared_is_refused_before_training(
    data: Path, draw_scenes: Callable[..., Path], tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'clahe'"):
        train(data, out=tmp_path / "run", settings={"prepare": ["clahee"]})
    with pytest.raises(ImageError, match=r"\.png: channel 7 is asked for"):
        train(data, out=tmp_path / "run", settings={**tiny_settings, "prepare": {"channels": 7}})
    without = draw_scenes(tmp_path / "without")
    with pytest.raises(ImageError, match="size of its pixels is unknown"):
        train(without, out=tmp_path / "run", settings={**tiny_settings, "prepare": STEPS})
    assert not (tmp_path / "run").exists()


def test_without_steps_the_plan_says_so(data: Path, tiny_settings: dict[str, Any]) -> None:
    plan = make_plan(data, settings=tiny_settings)
    assert plan.prepare == Prepare()
    assert any(line.split()[:2] == ["prepare", "none"] for line in plan.explain().splitlines())
    old = plan.model_dump(mode="json")
    del old["prepare"]  # a plan file from before there were steps
    assert Plan.model_validate(old) == plan


def test_python_takes_a_prepare_too(data: Path, tiny_settings: dict[str, Any]) -> None:
    assert make_plan(data, settings={**tiny_settings, "prepare": PREPARE}).prepare == PREPARE
    image = read_image(next((data / "images").iterdir()))
    assert PREPARE.steps[0].name == "spacing" and image.spacing is None
