"""The clock, on a time that the test sets."""

from __future__ import annotations

import pytest

from segwright.training.clock import Clock
from segwright.training.timeline import Timeline


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The present time, changed by setting its only element."""
    moment = [1000.0]
    monkeypatch.setattr("segwright.training.clock.time.time", lambda: moment[0])
    return moment


def test_time_of_earlier_processes_counts(now: list[float]) -> None:
    clock = Clock(100, 10, started_at=1000.0, before_s=30)
    now[0] = 1005.0
    assert clock.elapsed_s() == 35


def test_the_pace_leaves_validations_out(now: list[float]) -> None:
    clock = Clock(None, 0, started_at=1000.0)
    clock.begin(0)
    now[0] += 10
    with clock.glancing():
        now[0] += 7
    clock.measure(20)
    assert (clock.pace_s, clock.glance_s) == (0.5, 7)
    now[0] += 10
    clock.measure(30)  # a second each lately; the past counts 0.7
    assert clock.pace_s == pytest.approx(0.7 * 0.5 + 0.3 * 1.0)


def test_no_steps_no_measurement(now: list[float]) -> None:
    clock = Clock(None, 0, started_at=1000.0)
    clock.begin(5)
    now[0] += 10
    clock.measure(5)
    assert clock.pace_s == 0


def test_without_budget_or_pace_nothing_is_decided(now: list[float]) -> None:
    timeline = Timeline(100)
    assert Clock(None, 0, started_at=1000.0, pace_s=1).decide(10, timeline, 0) is None
    assert Clock(100, 0, started_at=1000.0).decide(10, timeline, 0) is None


def test_steps_that_no_longer_fit_are_given_up(now: list[float]) -> None:
    # 200 s, 20 kept for the end and 2 × 5 for validations, 50 gone: 120 s at 2 s a step
    clock = Clock(200, 20, started_at=950.0, pace_s=2.0, glance_s=5.0)
    decision = clock.decide(10, Timeline(100), 2)
    assert decision is not None
    assert (decision.step, decision.kind, decision.value) == (10, "steps", 70)
    assert "90 were left and 60 fit" in decision.reason


def test_time_that_would_be_left_idle_is_used(now: list[float]) -> None:
    clock = Clock(200, 20, started_at=1000.0, pace_s=0.5)
    decision = clock.decide(10, Timeline(100), 0)
    assert decision is not None and decision.value == 10 + 360


def test_small_differences_and_finished_runs_are_left_alone(now: list[float]) -> None:
    clock = Clock(100, 0, started_at=1000.0, pace_s=1.0)
    assert clock.decide(0, Timeline(101), 0) is None
    assert clock.decide(101, Timeline(101), 0) is None


def test_an_overdrawn_budget_leaves_a_single_step(now: list[float]) -> None:
    clock = Clock(100, 20, started_at=880.0, pace_s=1.0)
    decision = clock.decide(50, Timeline(100), 1)
    assert decision is not None and decision.value == 51


def test_time_left_counts_steps_and_validations(now: list[float]) -> None:
    clock = Clock(None, 0, started_at=1000.0, pace_s=2.0, glance_s=3.0)
    assert clock.left_s(90, Timeline(100), 2) == 26
