"""A refinement is found where it helps and becomes part of the segmenter, or is left out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage
from scipy import ndimage

import segwright
from segwright.classical.method import Method
from segwright.errors import DataError, UnknownNameError, UsageError
from segwright.evaluation import refining
from segwright.evaluation.refining import STARTS, Trial
from segwright.events import Note
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.refine import Labelling, Refine
from segwright.verbs import refine_trials
from segwright.verbs.refine import RefineReport, refine, starting_steps
from segwright.verbs.refined import RefinedRun

pytest.importorskip("cv2", reason="the extra 'classical' is not installed")
pytest.importorskip("numba", reason="the extra 'classical' is not installed")

SMOOTHING: tuple[object, ...] = ("majority", {"remove_small": 8})


def draw(root: Path, *, noise: float, val: int = 12) -> Path:
    """Bright discs on dark ground; the pictures to validate and test on have salt and pepper."""
    rng = np.random.default_rng(0)
    for split, number in (("train", 3), ("val", val), ("test", 4)):
        for folder in ("images", "masks"):
            (root / split / folder).mkdir(parents=True)
        for index in range(number):
            y, x = np.mgrid[:48, :56]
            cy, cx, radius = rng.uniform(16, 30), rng.uniform(16, 40), rng.uniform(8, 14)
            inside = (y - cy) ** 2 + (x - cx) ** 2 < radius**2
            pixels = np.where(inside, 190, 60) + rng.normal(0, 6, inside.shape)
            if split != "train":
                hit = rng.random(inside.shape) < noise
                pixels = np.where(hit, rng.choice([10, 240], inside.shape), pixels)
            grey = np.clip(pixels, 0, 255).astype(np.uint8)
            PillowImage.fromarray(grey).save(root / split / "images" / f"{index}.png")
            mask = inside.astype(np.uint8)
            PillowImage.fromarray(mask).save(root / split / "masks" / f"{index}.png")
    (root / "classes.txt").write_text("ground\ndisc\n", encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("data") / "noisy", noise=0.15)


@pytest.fixture(scope="module")
def run(noisy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "otsu"
    return segwright.train(noisy, model="otsu", out=out).run


@pytest.fixture(scope="module")
def tuned(run: Path, noisy: Path, tmp_path_factory: pytest.TempPathFactory) -> RefineReport:
    return refine(run, noisy, out=tmp_path_factory.mktemp("tuned") / "tuned", steps=SMOOTHING)


def loaded(path: Path) -> Method:
    segmenter = segwright.load(path)
    assert isinstance(segmenter, Method)
    return segmenter


def iou_of(masks: list[np.ndarray], truths: list[np.ndarray]) -> float:
    """Mean IoU of both classes, word for word."""
    found, true = np.stack(masks), np.stack(truths)
    shares = [
        ((found == k) & (true == k)).sum() / ((found == k) | (true == k)).sum() for k in (0, 1)
    ]
    return float(np.mean(shares))


def test_noise_is_smoothed_and_the_gain_is_that_of_images_kept_apart(
    tuned: RefineReport, run: Path, noisy: Path
) -> None:
    found = tuned.refining
    assert found.apart and found.asked == 6 and found.complete
    assert {step.name for step in found.refine.steps} & {"majority", "remove_small"}
    # Every other validation image, by the name: 0, 1, 10, 11, 2, 3, … were in this order.
    names = sorted(f"{index}" for index in range(12))[1::2]
    images = [segwright.read_image(noisy / "val/images" / f"{name}.png") for name in names]
    truths = [np.array(PillowImage.open(noisy / "val/masks" / f"{name}.png")) for name in names]
    assert tuned.run is not None
    scores = [
        iou_of([segwright.load(path).segment(image).labels.ids for image in images], truths)
        for path in (run, tuned.run)
    ]
    assert found.before == pytest.approx(scores[0])
    assert found.before + found.gain.value == pytest.approx(scores[1])
    assert found.gain.low is not None and found.gain.low > 0.05


def test_what_is_written_predicts_and_is_scored_refined(
    tuned: RefineReport, run: Path, noisy: Path, tmp_path: Path
) -> None:
    assert tuned.run is not None
    assert (
        loaded(tuned.run).refine == tuned.refine == tuned.refining.refine
        and not loaded(run).refine.steps
    )
    segwright.predict(tuned.run, noisy / "test/images", tmp_path / "masks")
    image = segwright.read_image(noisy / "test/images/0.png")
    written = np.array(PillowImage.open(tmp_path / "masks/0.png"))
    plain = loaded(run).segment(image)
    by_hand = plain.refined(tuned.refining.refine).labels.ids
    assert (written == by_hand).all() and (written != plain.labels.ids).any()
    before, after = (segwright.evaluate(path, noisy, split="test") for path in (run, tuned.run))
    assert after.mean_iou.value > before.mean_iou.value + 0.05


def test_it_is_a_run_as_it_was(tuned: RefineReport, run: Path, noisy: Path) -> None:
    assert tuned.run is not None
    there = {path.name for path in tuned.run.iterdir()}
    assert {"segmenter", "refined.yaml", "run.json", "MODEL_CARD.md"} <= there
    assert (tuned.run / "run.json").read_text() == (run / "run.json").read_text()
    about = RefinedRun.read(tuned.run)
    assert (about.run, about.data, about.split) == (run, noisy, "val")
    assert (about.refine, about.images, about.seed) == (tuned.refining.refine, 12, 0)
    assert [one.refine for one in about.tried] == [one.refine for one in tuned.refining.tried]
    assert "mean IoU goes from" in about.reason
    # What it learned from is known still.
    evaluation = segwright.evaluate(tuned.run, noisy, split="train")
    assert evaluation.num_images == 3


def test_a_class_map_is_remembered(noisy: Path, tmp_path: Path) -> None:
    changes = tmp_path / "map.yaml"
    changes.write_text("thing: [disc]\nnothing: [ground]\n")
    run = segwright.train(noisy, model="otsu", out=tmp_path / "run", classes=changes).run
    out = tmp_path / "tuned"
    assert refine(run, noisy, out=out, steps=SMOOTHING).run == out
    assert segwright.evaluate(out, noisy).classes[0].name in ("thing", "nothing")


def test_a_segmenter_without_a_run_can_be_refined(run: Path, noisy: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copytree(run / "segmenter", tmp_path / "alone"))
    said: list[str] = []
    report = refine(
        alone,
        noisy,
        out=tmp_path / "tuned",
        steps=SMOOTHING,
        on_event=lambda event: said.append(event.text) if isinstance(event, Note) else None,
    )
    assert report.run is not None and not (report.run / "run.json").exists()
    assert any("no record of what this learned from" in note for note in said)
    assert segwright.evaluate(report.run, noisy).num_images == 12


def test_where_nothing_helps_nothing_is_written(tmp_path: Path) -> None:
    clean = draw(tmp_path / "clean", noise=0.0)
    run = segwright.train(clean, model="otsu", out=tmp_path / "run").run
    report = refine(run, clean, out=tmp_path / "tuned", steps=SMOOTHING)
    assert report.run is None and not (tmp_path / "tuned").exists()
    assert report.refining.refine == Refine()
    assert "the segmenter stays as it is (refine: none), and nothing is written" in report.text()
    assert json.loads(report.to_json())["run"] is None


def test_the_steps_that_are_there_are_to_be_beaten(
    tuned: RefineReport, noisy: Path, tmp_path: Path
) -> None:
    assert tuned.run is not None
    again = refine(tuned.run, noisy, out=tmp_path / "again", steps=SMOOTHING)
    assert again.run is None and again.present == tuned.refine == again.refine
    # Rows are tried on what the segmenter says without its steps: the same ones score the same.
    assert again.refining.tried == tuned.refining.tried


def test_harmful_steps_are_taken_out(run: Path, tmp_path: Path) -> None:
    clean = draw(tmp_path / "clean", noise=0.0)
    harmful = loaded(run)
    harmful.set_params(refine=Refine.of({"majority": 20}))
    harmful.save(tmp_path / "harmful")
    report = refine(tmp_path / "harmful", clean, out=tmp_path / "tuned", steps=SMOOTHING)
    assert report.run is not None and report.refining.gain.value > 0
    assert loaded(report.run).refine != Refine.of({"majority": 20})


def test_a_network_keeps_its_weights_and_temperature(
    draw_scenes: Callable[..., Path],
    tiny_settings: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(refining, "LARGE_GAIN", -1.0)  # what is found is taken, gain or not
    data = draw_scenes(tmp_path / "data")
    run = segwright.train(data, out=tmp_path / "run", settings={**tiny_settings, "steps": 4}).run
    segwright.load(run, refine=["majority"]).save(tmp_path / "there")
    report = refine(tmp_path / "there", data, out=tmp_path / "tuned", seconds=5, steps=["opening"])
    assert report.run is not None
    before, after = segwright.load(run), segwright.load(report.run)
    image = segwright.read_image(next((data / "images").iterdir()))
    plain, refined = (one.segment(image, probabilities=True) for one in (before, after))
    expected = plain.refined(report.refine)
    assert np.array_equal(refined.labels.ids, expected.labels.ids)
    assert refined.probabilities is not None and expected.probabilities is not None
    assert np.array_equal(refined.probabilities, expected.probabilities)


def test_how_sure_it_is_stays_that_of_its_labels(
    tuned: RefineReport, run: Path, noisy: Path
) -> None:
    assert tuned.run is not None
    image = segwright.read_image(noisy / "val/images/0.png")
    for wanted in (True, False):
        result = segwright.load(tuned.run).segment(image, probabilities=wanted)
        before = segwright.load(run).segment(image, probabilities=True)
        assert result.confidence is not None and before.confidence is not None
        changed = result.labels.ids != before.labels.ids
        assert changed.any()
        # The steps here smooth labels, they learn nothing: a pixel is as sure as it was.
        assert np.allclose(result.confidence, before.confidence)
        abstaining = result.abstaining(0.999).labels.ids
        unsure = result.confidence < 0.999
        assert (abstaining[unsure] == 255).all()
        assert (abstaining[~unsure] == result.labels.ids[~unsure]).all()


def test_a_random_field_is_made_as_sure_as_it_is_right() -> None:
    def trial(seed: int) -> Trial:
        """A method that says to be right at 7 of 10 pixels, and is."""
        rng = np.random.default_rng(seed)
        truth = (ndimage.gaussian_filter(rng.normal(size=(40, 50)), 4) > 0).astype(np.uint8)
        ids = np.where(rng.random(truth.shape) < 0.3, 1 - truth, truth).astype(np.uint8)
        probabilities = np.where(ids == np.arange(2)[:, None, None], 0.7, 0.3).astype(np.float32)
        classes = Classes.named(("a", "b"))
        labelling = Labelling(LabelMap(ids, classes), probabilities)
        picture = segwright.Image(np.zeros((40, 50, 1), np.uint8))
        return Trial(labelling, picture, LabelMap(truth, classes))

    def surer(row: Refine) -> float:
        """By how much it is surer than right, on images that chose nothing."""
        said, right = [], []
        for one in map(trial, range(8, 16)):
            after = row.apply(one.labelling, one.image)
            assert after.probabilities is not None
            said.append(after.probabilities.max(0))
            right.append(after.ids == one.truth.ids)
        return float(np.mean(said) - np.mean(right))

    field = Refine.of({"crf": {"edge_px": 8, "edge_weight": 3}})
    row = refine_trials.calibrated(field, [trial(seed) for seed in range(8)])
    assert row.steps[:-1] == field.steps and row.steps[-1].name == "temper"
    assert abs(surer(row)) < 0.02 < 0.05 < surer(field)
    assert refine_trials.calibrated(Refine(), [trial(0)]) == Refine()
    assert refine_trials.calibrated(row, [trial(seed) for seed in range(8)]) == row


def test_test_images_are_not_there_to_choose_by(run: Path, noisy: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Choose on train and validation data"):
        refine(run, noisy, out=tmp_path / "tuned", split="test")


def test_by_default_test_images_are_left_out_of_undivided_data(
    draw_scenes: Callable[..., Path], tmp_path: Path
) -> None:
    data = draw_scenes(tmp_path / "data")
    (data / "dataset.yaml").write_text(
        "splits:\n  train: [aaa, bbb, ccc, ddd, eee, fff]\n  test: [ggg, hhh]\n", encoding="utf-8"
    )
    run = segwright.train(data, model="otsu", out=tmp_path / "run").run
    report = refine(run, data, out=tmp_path / "tuned", steps=["majority"])
    held_out = segwright.evaluate(run, data).num_images
    assert 0 < held_out < 6 and report.refining.asked == held_out


def test_training_images_are_warned_of(run: Path, noisy: Path, tmp_path: Path) -> None:
    said: list[str] = []
    refine(
        run,
        noisy,
        out=tmp_path / "tuned",
        split="train",
        steps=["majority"],
        on_event=lambda event: said.append(event.text) if isinstance(event, Note) else None,
    )
    assert any("WARNING: on images that it learned from" in note for note in said)


@pytest.mark.parametrize("method", ["otsu", "unet"])
def test_a_name_is_no_segmenter(method: str, noisy: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"--model {method} --out RUN, and refine the run"):
        refine(method, noisy, out=tmp_path / "tuned")


def test_a_method_that_has_not_learned_is_refused(noisy: Path, tmp_path: Path) -> None:
    from segwright.classical.catalog import build_method

    build_method("otsu").save(tmp_path / "unfitted")
    with pytest.raises(UsageError, match="has not learned the classes of the data"):
        refine(tmp_path / "unfitted", noisy, out=tmp_path / "tuned")


def test_what_cannot_be_is_refused_at_once(run: Path, noisy: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing is ever overwritten"):
        refine(run, noisy, out=run)
    with pytest.raises(UnknownNameError, match="majority"):
        refine(run, noisy, out=tmp_path / "tuned", steps=["majorty"])
    with pytest.raises(DataError, match="no split 'vla'"):
        refine(run, noisy, out=tmp_path / "tuned", split="vla")
    with pytest.raises(UsageError, match="accepted is more than 0"):
        refine(run, noisy, out=tmp_path / "tuned", seconds=0)


def test_bare_names_start_as_the_usual_search_does() -> None:
    assert starting_steps([]) == STARTS
    assert starting_steps(["remove_small", {"majority": 4}]) == (
        *Refine.of({"remove_small": 30}).steps,
        *Refine.of({"majority": 4}).steps,
    )
    assert starting_steps(["opening"]) == Refine.of({"opening": 2}).steps


def test_images_are_drawn_where_not_all_fit(
    run: Path, noisy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A pixel takes a byte in the image, one in the truth and two in labels; Otsu has no more.
    monkeypatch.setattr(refine_trials, "MEMORY_BYTES", 7 * 48 * 56 * 4)
    reports = [
        refine(run, noisy, out=tmp_path / f"tuned-{seed}", steps=["majority"], seed=seed)
        for seed in (0, 0, 1)
        if not shutil.rmtree(tmp_path / f"tuned-{seed}", ignore_errors=True)
    ]
    assert all(one.tried_on.startswith("7 of 12 images of 'val', drawn") for one in reports)
    assert reports[0].refining == reports[1].refining != reports[2].refining


def test_large_images_are_tried_on_a_window(
    run: Path, noisy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    segmenter = segwright.load(run)
    dataset = segwright.open_dataset(noisy).split("val")
    monkeypatch.setattr(refine_trials, "WINDOW_PX", 20)
    gathered = refine_trials.gathered(
        segmenter, dataset, starts=STARTS[2:3], seconds=60, seed=0, on_event=lambda event: None
    )
    assert len(gathered.trials) == 12 and gathered.size_px == 48 * 56
    for trial, sample in zip(gathered.trials, dataset, strict=True):
        assert trial.image.size_hw == trial.truth.size_hw == (20, 20)
        windows = np.lib.stride_tricks.sliding_window_view(sample.image.pixels[..., 0], (20, 20))
        places = np.argwhere((windows == trial.image.pixels[..., 0]).all((2, 3)))
        (y, x), *others = places.tolist()
        assert not others
        assert (sample.labels.ids[y : y + 20, x : x + 20] == trial.truth.ids).all()
        ids = segmenter.segment(sample.image).labels.ids
        assert (ids[y : y + 20, x : x + 20] == trial.labelling.ids).all()


def test_a_forest_on_real_slices(shared_data: Path, tmp_path: Path) -> None:
    data = tmp_path / "membranes"
    for folder in ("images", "masks"):
        (data / folder).mkdir(parents=True)
        for path in sorted((shared_data / "membranes" / folder).iterdir())[:12]:
            PillowImage.open(path).crop((0, 0, 160, 160)).save(data / folder / path.name)
    settings = {"trees": 8, "samples": 4000}
    run = segwright.train(data, model="forest", out=tmp_path / "run", settings=settings).run
    report = refine(run, data, out=tmp_path / "tuned", steps=["majority"], seconds=10)
    # Few slices are held out: what is written must have gained a point, and else nothing is.
    gained = report.refining.gain.value >= refining.LARGE_GAIN
    assert len(report.refining.tried) > 1 and not report.refining.apart
    assert (report.run is not None) == (tmp_path / "tuned").exists() == gained
