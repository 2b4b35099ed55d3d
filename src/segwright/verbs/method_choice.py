"""Which parameters a method gets, and how many images it is fitted on, within the time there is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segwright.classical.catalog import build_method
from segwright.classical.tuning import Labelled, Trial, tuned
from segwright.dataset import Dataset, Sample
from segwright.errors import BudgetError
from segwright.events import Listener, Note, StageAdvanced, StageStarted

_TRIED_ON = 24  # images to learn from, and as many to judge by, in a trial: a look, not the score
_SEARCH_SHARE = 0.6  # of the time that fitting and scoring leave
_PAGE_S = 6.0  # for the report and the end of the process
_SLACK = 1.2  # images take different times


@dataclass(frozen=True)
class Choice:
    """Parameters, the number of images to fit on, why, and what was tried, the best first."""

    params: Mapping[str, Any]
    images: int
    reason: str
    trials: Sequence[Trial] = ()


def without_time(params: Mapping[str, Any], learn: Dataset) -> Choice:
    """What is taken where no budget says how long to search: parameters as given, all images."""
    return Choice(
        params,
        len(learn),
        "parameters are those given and the defaults: no budget to search in was given",
    )


def within_time(
    name: str,
    params: Mapping[str, Any],
    learn: Dataset,
    hold_out: Dataset,
    *,
    seed: int,
    left_s: Callable[[], float],
    on_event: Listener,
) -> Choice:
    """Tries parameters on some images, and keeps the time for fitting and for scoring all.

    Args:
        name: Of the method.
        params: Those that the user has fixed.
        learn: Images to learn from.
        hold_out: Images that are scored in the end.
        seed: Decides which images are tried on.
        left_s: Seconds that are left of the budget.
        on_event: Told of progress.

    Raises:
        BudgetError: There is no time to fit and score the method at all.
    """
    budget_s = left_s()
    first = _some(learn, 1, seed=seed), _some(hold_out, 1, seed=seed)
    fit_s, score_s = _timed(name, params, *first)
    kept_s = _PAGE_S + _SLACK * score_s * len(hold_out)
    spare_s = left_s() - kept_s - _SLACK * fit_s
    if spare_s < 0:
        raise BudgetError(
            f"{budget_s:.0f} s are left for {name}, which takes {score_s:.2g} s an image to "
            f"score, and {len(hold_out)} images are to be scored",
            where="--budget",
            remedy=f"Give {np.ceil(-spare_s):.0f} s more",
        )
    # As many images as leave time for a good number of trials.
    wanted = max(1, 1 + sum(len(values) - 1 for values in build_method(name).search.values()))
    affordable = int(_SEARCH_SHARE * spare_s / (wanted * (fit_s + score_s)))
    number = int(np.clip(affordable, 1, _TRIED_ON))
    stop_s = left_s() - _SEARCH_SHARE * spare_s
    on_event(StageStarted(f"trying parameters on {number} images", total=wanted))
    trials: list[Trial] = []

    def tell(trial: Trial) -> None:
        trials.append(trial)
        on_event(StageAdvanced(len(trials)))

    found = tuned(
        name,
        params,
        _some(learn, number, seed=seed),
        _some(hold_out, number, seed=seed),
        left_s=lambda: left_s() - stop_s,
        on_trial=tell,
    )
    spelled = ", ".join(f"{key}={value}" for key, value in found[0].params.items())
    on_event(Note(f"{name}: {spelled or 'its defaults'}, the best of {len(found)} tried"))
    images = int(np.clip((left_s() - kept_s) / (_SLACK * fit_s), 1, len(learn)))
    reason = (
        f"the best of {len(found)} by the mean IoU on {min(number, len(hold_out))} validation "
        f"images, each fitted on {min(number, len(learn))}"
    )
    return Choice(found[0].params, images, reason, found)


def chosen_indices(total: int, number: int, *, seed: int) -> list[int]:
    """`number` of the indices below `total`, in order; the same for the same seed."""
    return sorted(np.random.default_rng(seed).permutation(total)[:number].tolist())


def _some(dataset: Dataset, number: int, *, seed: int) -> Labelled:
    """Some of the images and labels, read into memory."""
    samples: list[Sample] = [
        dataset[index] for index in chosen_indices(len(dataset), number, seed=seed)
    ]
    return Labelled([one.image for one in samples], [one.labels for one in samples])


def _timed(
    name: str, params: Mapping[str, Any], learn: Labelled, judge: Labelled
) -> tuple[float, float]:
    """Seconds that it takes to fit on an image and to segment one, once all is loaded."""
    method = build_method(name, **params).fit(learn.images, learn.labels)
    method.segment(judge.images[0])
    begun = time.perf_counter()
    method = build_method(name, **params).fit(learn.images, learn.labels)
    fitted = time.perf_counter()
    method.segment(judge.images[0])
    return fitted - begun, time.perf_counter() - fitted
