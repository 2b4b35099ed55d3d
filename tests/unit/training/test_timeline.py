"""How far a run is, and its learning rate, whatever was decided on the way."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segwright.plan import ScheduleSettings
from segwright.training.timeline import Decision, Timeline


def steps(step: int, value: int) -> Decision:
    return Decision(step, "steps", value, "")


def extend(step: int, value: int) -> Decision:
    return Decision(step, "extend", value, "")


@st.composite
def replanned(draw: st.DrawFn) -> Timeline:
    """A run whose number of steps changed up to five times, each time before its end."""
    timeline = Timeline(draw(st.integers(2, 200)))
    at = 0
    for _ in range(draw(st.integers(0, 5))):
        left = timeline.last_step - at
        if left < 2:
            break
        at += draw(st.integers(1, left - 1))
        timeline.decisions.append(steps(at, at + draw(st.integers(1, 200))))
    return timeline


@given(replanned())
def test_progress_rises_from_0_to_1_without_a_jump(timeline: Timeline) -> None:
    values = [timeline.progress(step) for step in range(timeline.last_step + 1)]
    assert values[0] == 0
    assert values[-1] == pytest.approx(1)
    assert all(a < b for a, b in pairwise(values))
    for count, decision in enumerate(timeline.decisions):
        before = Timeline(timeline.steps, decisions=timeline.decisions[:count])
        assert timeline.progress(decision.step) == pytest.approx(before.progress(decision.step))


@given(replanned(), st.integers(1, 20))
def test_due_comes_as_often_as_asked_and_at_the_end(timeline: Timeline, times: int) -> None:
    due = [step for step in range(1, timeline.last_step + 1) if timeline.due(step, times)]
    assert due[-1] == timeline.last_step
    assert len(due) <= times + 1e-9
    if not timeline.decisions and times <= timeline.steps:
        assert len(due) == times


@given(replanned(), st.integers(1, 20))
def test_what_is_yet_due_is_what_comes(timeline: Timeline, times: int) -> None:
    to_come = 0
    for step in range(timeline.last_step, -1, -1):
        assert timeline.yet_due(step, times) >= to_come
        to_come += timeline.due(step, times)


@given(replanned(), st.integers(1, 20), st.data())
def test_the_next_moment_is_the_first_that_comes(
    timeline: Timeline, times: int, data: st.DataObject
) -> None:
    step = data.draw(st.integers(0, timeline.last_step - 1))
    following = timeline.next_due(step, times)
    assert timeline.due(following, times)
    assert not any(timeline.due(at, times) for at in range(step + 1, following))


def test_replanning_by_hand() -> None:
    # Half of 10 steps done, then 15 more are to come instead of 5.
    timeline = Timeline(10, decisions=[steps(5, 20)])
    assert timeline.last_step == 20
    assert timeline.progress(5) == 0.5
    assert timeline.progress(11) == pytest.approx(0.5 + 0.5 * 6 / 15)


def test_an_extended_run_counts_what_was_done_as_its_share() -> None:
    timeline = Timeline(10, decisions=[extend(10, 40)])
    assert timeline.last_step == 40
    assert timeline.progress(9) == 0.9
    assert timeline.progress(10) == 0.25
    assert timeline.progress(25) == pytest.approx(0.25 + 0.75 * 15 / 30)
    assert timeline.progress(40) == 1


def test_a_stop_ends_the_run_until_it_is_extended() -> None:
    stop = Decision(6, "stop", 0, "")
    assert Timeline(10, decisions=[stop]).last_step == 6
    assert Timeline(10, decisions=[stop]).due(6, 3)
    assert Timeline(10, decisions=[stop, extend(6, 12)]).last_step == 12


def test_parts_follow_the_latest_decision() -> None:
    more = [Decision(3, "accumulate", 2, ""), Decision(4, "accumulate", 4, "")]
    assert Timeline(10, accumulate=1).parts == 1
    assert Timeline(10, accumulate=1, decisions=more).parts == 4


def rates(name: str, timeline: Timeline, warmup: float = 0.2) -> list[float]:
    schedule = ScheduleSettings(name=name, warmup=warmup)  # pyright: ignore[reportArgumentType]
    return [timeline.lr_scale(step, schedule) for step in range(timeline.last_step)]


@pytest.mark.parametrize("name", ["cosine", "poly", "one_cycle", "plateau", "constant"])
def test_every_schedule_rises_to_its_peak_and_stays_above_zero(name: str) -> None:
    found = rates(name, Timeline(100))
    assert found[:20] == pytest.approx([(step + 0.5) / 20 for step in range(20)])
    assert max(found) == pytest.approx(1, abs=0.01)
    assert min(found) > 0
    assert all(a >= b for a, b in pairwise(found[20:]))


def test_schedules_by_hand() -> None:
    # Without warm-up, the step after 49 of 100 is at progress 0.495.
    at = 0.495
    assert rates("cosine", Timeline(100), 0)[49] == pytest.approx((1 + math.cos(math.pi * at)) / 2)
    assert rates("poly", Timeline(100), 0)[49] == pytest.approx((1 - at) ** 0.9)
    assert set(rates("constant", Timeline(100), 0)) == {1.0}


def test_a_plateau_halves_the_rate_from_its_step_on() -> None:
    halved = [Decision(30, "reduce_lr", 0, ""), Decision(60, "reduce_lr", 0, "")]
    found = rates("plateau", Timeline(100, decisions=halved), 0.0)
    assert (found[29], found[30], found[59], found[60]) == (1, 0.5, 0.5, 0.25)


def test_an_extended_run_is_at_its_full_rate_again() -> None:
    plateau = ScheduleSettings(name="plateau", warmup=0, plateau_factor=0.1)
    lowered = Decision(30, "reduce_lr", 0, "")
    timeline = Timeline(40, decisions=[lowered, extend(40, 90), Decision(60, "reduce_lr", 0, "")])
    found = [timeline.lr_scale(step, plateau) for step in (29, 30, 39, 40, 59, 60)]
    assert found == [1, 0.1, 0.1, 1, 1, 0.1]


@given(replanned(), st.sampled_from(["cosine", "poly", "constant"]), st.floats(0, 0.9))
def test_rates_stay_within_bounds(timeline: Timeline, name: str, warmup: float) -> None:
    assert all(0 <= rate <= 1 for rate in rates(name, timeline, warmup))
