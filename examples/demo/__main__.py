"""The demo, top to bottom: data, training, two simple methods, one report."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import segwright
from examples.demo.baselines import LinearDiscriminant, Majority
from examples.demo.dataset import write_dataset
from segwright.cli.duration import format_duration, parse_duration
from segwright.cli.process import wait_politely
from segwright.cli.progress import open_progress
from segwright.evaluation import (
    Comparison,
    Method,
    Report,
    evaluate_parts,
    picture_panels,
    write_report,
)
from segwright.training.log import read_metrics
from segwright.training.run_folder import unused_path

ABOUT_THE_DATA = """Scenes of 256 × 256 pixels composed from real pictures: brick, grass, gravel as
ground, coins and two kinds of paper lying on it, under changing light. The labels are exact by
construction. No pixel of a picture is in two splits, and no coin is in two splits: the test scenes
show parts of the ground, coins and writing that were never seen in training."""

ABOUT_THE_METHODS = """The most frequent class needs no image at all: its score is where counting
starts. The linear discriminant sees colour and roughness around each pixel and is fitted in closed
form. The network learns from the same training images. All are scored on the same test images."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder to write")
    parser.add_argument("--budget", default="2m", help="time for training, all included")
    options = parser.parse_args()
    wait_politely()
    report = run_demo(options.out, budget_s=parse_duration(options.budget))
    print(f"\nOpen this in a browser:\n{report.resolve()}")


def run_demo(out: Path, *, budget_s: float) -> Path:
    """Runs the demo and returns the path of its report."""
    print("Composing scenes from the pictures inside scikit-image …", flush=True)
    dataset = segwright.open_dataset(write_dataset(out / "data"))
    train, test = dataset.split("train"), dataset.split("test")

    print(f"Training the network `fast` within {format_duration(budget_s)} …", flush=True)
    started = time.time()
    with open_progress() as progress:
        run = segwright.train(
            dataset.root,
            out=unused_path(out, "run"),
            model="fast",
            budget_s=budget_s,
            started_at=started,
            on_event=progress,
        ).run
    trained_s = time.time() - started
    network = segwright.load(run)

    print("Scoring it and two simple methods on the test scenes …", flush=True)
    rows = [compared("network fast", network, test, train_seconds=trained_s)]
    rows += [fitted_and_compared(method, train, test) for method in (Majority, LinearDiscriminant)]
    print(f"\nMean IoU on {len(test)} unseen scenes, with 95 % intervals:")
    for row in rows:
        print(f"  {row.name:22}{shown(row)}")
    print(f"\nThe network, class by class:\n{rows[0].evaluation.table()}")

    content = Report(
        title="Surfaces and found things",
        subtitle=f"The network fast, trained within {format_duration(budget_s)}, on {len(test)} "
        "unseen scenes",
        evaluation=rows[0].evaluation,
        classes=test.classes,
        panels=picture_panels([(network, test)], rows[0].evaluation),
        curves=read_metrics(run),
        comparisons=rows,
        notes=[("The data", ABOUT_THE_DATA), ("The methods", ABOUT_THE_METHODS)],
    )
    return write_report(out / "report.html", content)


def fitted_and_compared(
    method: type[Majority] | type[LinearDiscriminant],
    train: segwright.Dataset,
    test: segwright.Dataset,
) -> Comparison:
    """Fits a simple method to the training scenes and scores it on the test scenes."""
    started = time.time()
    fitted = method(pictures(train), train.classes)
    return compared(fitted.name, fitted, test, train_seconds=time.time() - started)


def compared(
    name: str, method: Method, test: segwright.Dataset, *, train_seconds: float
) -> Comparison:
    """Scores a method on the test images and takes its time."""
    timed = Timed(method)
    evaluation = evaluate_parts([(timed, test)])
    return Comparison(name, evaluation, train_seconds, timed.spent_s / len(test))


class Timed:
    """A method, and the seconds it has spent segmenting."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self.classes = method.classes
        self.spent_s = 0.0

    def segment(self, image: segwright.Image) -> segwright.Result:
        before = time.perf_counter()
        result = self._method.segment(image)
        self.spent_s += time.perf_counter() - before
        return result


def pictures(
    dataset: segwright.Dataset,
) -> Iterator[tuple[segwright.Image, segwright.LabelMap]]:
    for index in range(len(dataset)):
        sample = dataset[index]
        yield sample.image, sample.labels


def shown(row: Comparison) -> str:
    score = row.evaluation.mean_iou
    if score.low is None or score.high is None:
        return f"{100 * score.value:5.1f}"
    return f"{100 * score.value:5.1f}  ({100 * score.low:.1f} … {100 * score.high:.1f})"


if __name__ == "__main__":
    main()
