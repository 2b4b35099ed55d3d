"""Which parameters a method gets, and how many images it is fitted on, within the time there is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from segwright.classical.catalog import build_method
from segwright.classical.method import Method
from segwright.classical.tuning import Labelled, Trial, tuned
from segwright.dataset import Dataset, Sample
from segwright.errors import BudgetError
from segwright.events import Listener, Note, StageAdvanced, StageStarted

_TRIED_ON = 24  # images to learn from, and as many to judge by, in a trial: a look, not the score
_FEWEST_TRIED_ON = 8  # what is best on fewer is chance
_FEWEST_TRIALS = 2  # the defaults alone are no choice
_ENOUGH_FITTED = 64  # images that are fitted on in any case, before time is spent on trials
_SEARCH_SHARE = 0.6  # of the time that fitting and scoring leave
_PAGE_S = 6.0  # for the report and the end of the process
_SLACK = 1.2  # images take different times
_LONG_S = 8.0  # of a fit, beside which loading is little
_SOME = 4  # images that are fitted to see what each adds


@dataclass(frozen=True)
class Costs:
    """Seconds that a method takes, measured once everything is loaded.

    Attributes:
        start_s: To fit, however few images there are: growing trees, for instance.
        fit_s: For each image fitted on.
        score_s: To segment an image.
    """

    start_s: float
    fit_s: float
    score_s: float

    def trial_s(self, images: int) -> float:
        """Of fitting on images and segmenting as many."""
        return self.start_s + images * (self.fit_s + self.score_s)

    def images_for(self, trials: int, seconds: float) -> int:
        """Images that trials in so many seconds can use, within what is worth looking at."""
        affordable = (seconds / trials - self.start_s) / (self.fit_s + self.score_s)
        return int(np.clip(affordable, _FEWEST_TRIED_ON, _TRIED_ON))


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
    costs = _measured(name, params, learn, hold_out, seed=seed)
    kept_s = _PAGE_S + _SLACK * costs.score_s * len(hold_out)
    least_s = kept_s + _SLACK * (costs.start_s + costs.fit_s)
    if (missing_s := least_s - left_s()) > 0:
        raise BudgetError(
            f"{budget_s:.0f} s are left for {name}, which takes {costs.score_s:.2g} s an image to "
            f"score, and {len(hold_out)} images are to be scored",
            where="--budget",
            remedy=f"Give {np.ceil(missing_s):.0f} s more",
        )
    enough = min(len(learn), _ENOUGH_FITTED)
    fitted_s = kept_s + _SLACK * (costs.start_s + enough * costs.fit_s)
    trials, tried_on = _tried(
        name, params, learn, hold_out, costs=costs, fitted_s=fitted_s, seed=seed, left_s=left_s,
        on_event=on_event,
    )  # fmt: skip
    images = int((left_s() - kept_s - _SLACK * costs.start_s) / (_SLACK * costs.fit_s))
    images = int(np.clip(images, 1, len(learn)))
    if not trials:
        why = "there is no time to try others" if tried_on else "there are no others to try"
        return Choice(params, images, f"parameters are those given and the defaults: {why}")
    best = trials[0].params
    spelled = ", ".join(f"{key}={value}" for key, value in best.items())
    on_event(Note(f"{name}: {spelled or 'its defaults'}, the best of {len(trials)} tried"))
    reason = (
        f"the best of {len(trials)} by the mean IoU on {min(tried_on, len(hold_out))} validation "
        f"images, each fitted on {min(tried_on, len(learn))}"
    )
    return Choice(best, images, reason, trials)


def _tried(
    name: str,
    params: Mapping[str, Any],
    learn: Dataset,
    hold_out: Dataset,
    *,
    costs: Costs,
    fitted_s: float,
    seed: int,
    left_s: Callable[[], float],
    on_event: Listener,
) -> tuple[list[Trial], int]:
    """Tries parameters in a share of the time that `fitted_s` for the rest leaves.

    Returns:
        The trials, the best first, none where there is no time for two; and the number of images of
        each, 0 where there is nothing to try.
    """
    wanted = 1 + sum(
        len(values) - 1
        for parameter, values in build_method(name).search.items()
        if parameter not in params
    )
    if wanted == 1:
        return [], 0
    search_s = _SEARCH_SHARE * (left_s() - fitted_s)
    number = costs.images_for(wanted, search_s)
    if search_s <= _FEWEST_TRIALS * costs.trial_s(number):
        return [], number
    stop_s = left_s() - search_s
    done = count(1)
    on_event(StageStarted(f"trying parameters on {number} images", total=wanted))
    trials = tuned(
        name,
        params,
        _some(learn, number, seed=seed),
        _some(hold_out, number, seed=seed),
        left_s=lambda: left_s() - stop_s,
        on_trial=lambda trial: on_event(StageAdvanced(next(done))),
    )
    return trials, number


def chosen_indices(total: int, number: int, *, seed: int) -> list[int]:
    """`number` of the indices below `total`, in order; the same for the same seed."""
    return sorted(np.random.default_rng(seed).permutation(total)[:number].tolist())


def _some(dataset: Dataset, number: int, *, seed: int) -> Labelled:
    """Some of the images and labels, read into memory."""
    samples: list[Sample] = [
        dataset[index] for index in chosen_indices(len(dataset), number, seed=seed)
    ]
    return Labelled([one.image for one in samples], [one.labels for one in samples])


def _measured(
    name: str, params: Mapping[str, Any], learn: Dataset, hold_out: Dataset, *, seed: int
) -> Costs:
    """What a method takes with these images.

    The first fit loads and compiles as well; one that takes so long that this does not matter is
    not repeated.
    """
    few, judge = _some(learn, _SOME, seed=seed), _some(hold_out, 1, seed=seed).images[0]
    one = Labelled(few.images[:1], few.labels[:1])

    def fitted(part: Labelled) -> tuple[Method, float]:
        begun = time.perf_counter()
        method = build_method(name, **params).fit(part.images, part.labels)
        return method, time.perf_counter() - begun

    _, of_one = fitted(one)
    if of_one < _LONG_S:
        _, of_one = fitted(one)
    method, of_few = fitted(few)
    method.segment(judge)
    begun = time.perf_counter()
    method.segment(judge)
    score_s = time.perf_counter() - begun
    more = len(few.images) - 1
    fit_s = (of_few - of_one) / more if more else of_one
    fit_s = max(fit_s, of_one / 100, 1e-4)  # clocks are not exact
    return Costs(max(0.0, of_one - fit_s), fit_s, score_s)
