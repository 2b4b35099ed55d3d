"""What a peer is asked to do, as its command line: train within a budget, or write masks."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

NOTHING_LEARNED = 5
"""Exit code of a training that could not finish one step in time."""

_SAVING_S = 2.0  # weights to disk, end of the process


@dataclass(frozen=True)
class Training:
    """Train on the train split, and be gone when the budget is.

    Attributes:
        data: A folder as `peers.plain` writes it.
        setting: A name the peer knows.
        started_at: When the process was started, in seconds since the epoch.
        budget_s: Wall clock from then to its exit.
        seed: Of what the peer lets be seeded.
        run: An empty folder for what is learned.
    """

    data: Path
    setting: str
    started_at: float
    budget_s: float
    seed: int
    run: Path

    @property
    def ends_at(self) -> float:
        """When the last step must be over, in seconds since the epoch."""
        return self.started_at + self.budget_s - _SAVING_S - 0.01 * self.budget_s

    def left_s(self) -> float:
        """Seconds until then."""
        return self.ends_at - time.time()


@dataclass(frozen=True)
class Prediction:
    """Write a mask of class ids for every image of a split, on its own pixels.

    Attributes:
        data: A folder as `peers.plain` writes it.
        setting: That of the training.
        run: What the training left.
        split: "val" or "test".
        masks: An empty folder for NAME.png.
    """

    data: Path
    setting: str
    run: Path
    split: str
    masks: Path


def perform(
    train: Callable[[Training], None],
    predict: Callable[[Prediction], None],
    prepare: Callable[[Path, str], None] = lambda data, setting: None,
) -> None:
    """Does what the command line asks for.

    Args:
        train: Within the budget.
        predict: Outside of it.
        prepare: Takes the plain data and a setting before any clock runs, and writes what the
            peer reads instead into a folder beside it.
    """
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("prepare", "train", "predict"):
        options = verbs.add_parser(verb)
        options.add_argument("--data", type=Path, required=True)
        options.add_argument("--setting", required=True)
        if verb != "prepare":
            options.add_argument("--run", type=Path, required=True)
        if verb == "train":
            options.add_argument("--started-at", type=float, required=True)
            options.add_argument("--budget-s", type=float, required=True)
            options.add_argument("--seed", type=int, required=True)
        if verb == "predict":
            options.add_argument("--split", required=True)
            options.add_argument("--masks", type=Path, required=True)
    asked = vars(parser.parse_args())
    match asked.pop("verb"):
        case "prepare":
            prepare(**asked)
        case "train":
            train(Training(**asked))
        case _:
            predict(Prediction(**asked))
