"""Parameters of a method chosen on labelled images, one at a time, while there is time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segwright.classical.catalog import build_method, method_class
from segwright.classical.method import Method
from segwright.classical.reading import mean_iou
from segwright.images.image import Image
from segwright.labels.label_map import LabelMap


@dataclass(frozen=True)
class Labelled:
    """Images with their labels, in memory or read when asked for."""

    images: Sequence[Image]
    labels: Sequence[LabelMap]


@dataclass(frozen=True)
class Trial:
    """Parameters that were tried, and the mean IoU that came of them."""

    params: Mapping[str, Any]
    score: float


def tuned(
    name: str,
    fixed: Mapping[str, Any],
    learn: Labelled,
    judge: Labelled,
    *,
    left_s: Callable[[], float],
    on_trial: Callable[[Trial], None] = lambda trial: None,
) -> list[Trial]:
    """Tries the values of `Method.search`: each parameter in turn, the others at their best so far.

    Starts with the defaults. Parameters that the user has fixed are left alone. A trial begins only
    if the longest so far would end in time.

    Args:
        name: Of the method.
        fixed: Parameters that are given.
        learn: What each trial is fitted on.
        judge: What it is scored on.
        left_s: Seconds that are left for trials.
        on_trial: Told of each trial.

    Returns:
        The trials, the best first; at least the one with the defaults.
    """
    trials: list[Trial] = []
    longest_s = 0.0

    def attempt(params: dict[str, Any]) -> None:
        nonlocal longest_s
        begun = time.monotonic()
        trials.append(Trial(params, _score(build_method(name, **params), learn, judge)))
        longest_s = max(longest_s, time.monotonic() - begun)
        on_trial(trials[-1])

    attempt(dict(fixed))
    for changes in _changes(method_class(name), fixed):
        best = max(trials, key=lambda trial: trial.score)
        params = {**best.params, **changes}
        if any(_same(name, trial.params, params) for trial in trials):
            continue
        if longest_s > left_s():
            break
        attempt(params)
    return sorted(trials, key=lambda trial: -trial.score)  # stable: the first of equals stays so


def _changes(method: type[Method], fixed: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for parameter, values in method.search.items():
        if parameter not in fixed:
            for value in values:
                yield {parameter: value}


def _same(name: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return build_method(name, **one).get_params() == build_method(name, **other).get_params()


def _score(method: Method, learn: Labelled, judge: Labelled) -> float:
    method.fit(learn.images, learn.labels)
    num_classes = len(method.classes)
    confusion = np.zeros((num_classes, num_classes), np.int64)
    for image, labels in zip(judge.images, judge.labels, strict=True):
        known = labels.ids < num_classes
        found = method.segment(image).labels.ids[known].astype(np.int64)
        pairs = found * num_classes + labels.ids[known]
        confusion += np.bincount(pairs, minlength=confusion.size).reshape(confusion.shape)
    return mean_iou(confusion)
