"""What a comparison of methods comes to, in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from segwright.evaluation.comparing import Pair, Ranking
from segwright.evaluation.paired import MIN_SEEDS
from segwright.evaluation.tables import percent

_WORTH_SAYING = 1.2  # times as fast
_MOST_LISTED = 4  # of the methods that are worse


@dataclass(frozen=True)
class Cost:
    """What a method takes; None where unknown or nothing is taken.

    Attributes:
        train_seconds: To train once.
        seconds_per_image: To segment one image.
        train_mb: Peak memory of the training process.
        run_mb: Peak memory of the process that segments.
    """

    train_seconds: float | None = None
    seconds_per_image: float | None = None
    train_mb: float | None = None
    run_mb: float | None = None


def verdict(ranking: Ranking, costs: Mapping[str, Cost]) -> str:
    """One or two sentences for the top of the page.

    Args:
        ranking: The methods.
        costs: Name → what each takes.
    """
    best, *others = [rank.name for rank in ranking.ranks]
    if not others:
        return f"{best} is alone: there is nothing to compare it with."
    to_best = {name: ranking.pair(best, name) for name in others}
    alike = [name for name in others if to_best[name].outcome == "as good"]
    unclear = [name for name in others if to_best[name].outcome == "open"]
    beaten = [name for name in others if name not in (*alike, *unclear)]
    if alike:
        said = _as_good(best, alike, to_best, costs)
    elif unclear:
        said = _open(best, unclear, to_best, ranking)
    else:
        worse = _counted(others, "the {} others")
        said = f"{best} is better here than {worse}: by {_apart(to_best[others[0]])}"
        said += "." if len(others) == 1 else f" than {others[0]}, the next best."
    if beaten and (alike or unclear):
        worse = _counted(beaten, "{} of the others")
        said += f" {best} is better than {worse}."
    return " ".join([said, *_about(to_best.values()), *untested(ranking)])


def untested(ranking: Ranking) -> list[str]:
    """The sentence that says so where there is too little to test so many pairs."""
    if not ranking.pairs or not ranking.untestable:
        return []
    unit = f"{ranking.num_units} {ranking.unit}{'s' * (ranking.num_units != 1)}"
    what = "a difference" if len(ranking.pairs) == 1 else f"{len(ranking.pairs)} pairs at once"
    return [f"{unit} are too few to test {what}: look at the intervals, and score more images."]


def seconds_ratio(slow: float | None, fast: float | None) -> str:
    """ "3.1×", or nothing where it is not worth saying or not known."""
    if slow is None or fast is None or fast <= 0 or slow / fast < _WORTH_SAYING:
        return ""
    ratio = slow / fast
    return f"{ratio:.0f}×" if ratio >= 10 else f"{ratio:.1f}×"


def _as_good(
    best: str, alike: Sequence[str], to_best: Mapping[str, Pair], costs: Mapping[str, Cost]
) -> str:
    """The cheapest of those that are alike is what a reader wants to hear of."""
    quick = min(alike, key=lambda name: _total(costs[name]))
    if _total(costs[quick]) < _total(costs[best]):
        one, other = quick, best
    else:
        one, other = best, quick
    gains = _gains(costs[one], costs[other])
    pair = to_best[quick]
    said = f"{one} is as good as {other} here (they differ by {_apart(pair)})"
    said += f" and {gains}." if gains else "."
    rest = [name for name in alike if name != quick]
    return said + (f" So {_are(rest)} {_listed(rest)}." if rest else "")


def _open(best: str, unclear: Sequence[str], to_best: Mapping[str, Pair], ranking: Ranking) -> str:
    number = f"{ranking.num_images} image{'s' * (ranking.num_images != 1)}"
    if ranking.unit == "group":
        number += f" of {ranking.num_units} group{'s' * (ranking.num_units != 1)}"
    behind = [name for name in unclear if _is_ahead(to_best[name])]
    level = [name for name in unclear if name not in behind]
    lead = f"{best} is ahead of {unclear[0]} by {_apart(to_best[unclear[0]])}"
    if not level:
        others = _counted(behind, "{} others")
        return f"{best} is ahead of {others}, but not for certain with {number}: {lead}."
    said = f"{_listed([best, *level])} cannot be told apart with {number}: {lead}."
    if behind:
        others = _counted(behind, "{} of the others")
        said += f" {best} is ahead of {others} too, but not for certain."
    return said


def _is_ahead(pair: Pair) -> bool:
    """Whether the interval lies on one side of 0."""
    found = pair.difference
    return found.low is not None and found.high is not None and not found.low <= 0 <= found.high


def _about(pairs: Iterable[Pair]) -> list[str]:
    if all(pair.about_methods for pair in pairs):
        return []
    return [
        f"With fewer than {MIN_SEEDS} runs of a method, this is said of its very segmenter; what "
        "training it once more would give is not known."
    ]


def _apart(pair: Pair) -> str:
    found = pair.difference
    value = f"{100 * found.value:.1f} points of mean IoU"
    if found.low is None or found.high is None:
        return f"{value}, without an interval"
    return f"{value}, 95 % interval {100 * found.low:.1f} – {100 * found.high:.1f}"


def _gains(quick: Cost, slow: Cost) -> str:
    gains = []
    if ratio := seconds_ratio(slow.train_seconds, quick.train_seconds):
        gains.append(f"trains {ratio} faster")
    if ratio := seconds_ratio(slow.seconds_per_image, quick.seconds_per_image):
        gains.append(f"segments {ratio} faster")
    return " and ".join(gains)


def _total(cost: Cost) -> tuple[float, float]:
    """Training first, in steps of a fifth so that a budget spent to the end counts as equal."""
    train = cost.train_seconds or 0.0
    return round(5 * math.log(max(train, 1e-3))), cost.seconds_per_image or 0.0


def _are(names: Sequence[str]) -> str:
    return "are" if len(names) > 1 else "is"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _counted(names: Sequence[str], many: str) -> str:
    """Their names, or how many they are in the words of `many`."""
    return _listed(names) if len(names) <= _MOST_LISTED else many.format(len(names))


def difference_text(pair: Pair) -> tuple[str, str, str]:
    """Difference, interval and p of a pair as table cells, in points."""
    found = pair.difference
    interval = "–"
    if found.low is not None and found.high is not None:
        interval = f"{100 * found.low:+.1f} … {100 * found.high:+.1f}"
    p = "–" if pair.p is None else "<0.001" if pair.p < 0.001 else f"{pair.p:.3f}"
    return f"{100 * found.value:+.1f}", interval, p


def outcome_text(pair: Pair) -> str:
    """What may be said of a pair, as a few words."""
    ahead = pair.first if pair.difference.value > 0 else pair.second
    unsure = f"{ahead} is ahead, not for certain" if _is_ahead(pair) else "cannot be told apart"
    return {
        "better": f"{pair.first} is better",
        "worse": f"{pair.second} is better",
        "as good": f"as good as one another (within {percent(pair.margin)} points)",
        "open": unsure,
    }[pair.outcome]
