"""The wall clock of a run against its budget."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from segwright.training.timeline import Decision, Timeline

_TOLERANCE = 0.02  # a new number of steps is decided only for a difference that matters
_MEMORY = 0.7  # share of the old pace kept at each measurement


@dataclass
class Clock:
    """Measures the pace of a run and says how many steps still fit.

    Attributes:
        budget_s: Wall clock from process start to exit; None for as long as the steps take.
        reserve_s: Kept for what comes after the last step (final scoring, report, exit).
        started_at: `time.time()` of the process start.
        before_s: Spent by earlier processes of the same run.
        pace_s: Seconds a step takes, everything between steps but validations included; 0 before
            the first measurement.
        glance_s: Seconds the last validation took; before the first, what was expected of one.
    """

    budget_s: float | None
    reserve_s: float
    started_at: float
    before_s: float = 0.0
    pace_s: float = 0.0
    glance_s: float = 0.0
    _mark: tuple[int, float] = field(default=(0, 0.0), init=False)
    _apart_s: float = field(default=0.0, init=False)  # validations since the mark

    def elapsed_s(self) -> float:
        """Wall clock of the whole run so far, earlier processes included."""
        return self.before_s + time.time() - self.started_at

    def begin(self, step: int) -> None:
        """Starts measuring at `step`."""
        self._mark, self._apart_s = (step, self.elapsed_s()), 0.0

    @contextmanager
    def glancing(self) -> Iterator[None]:
        """Times a validation, and keeps it out of the pace."""
        begun = self.elapsed_s()
        yield
        self.glance_s = self.elapsed_s() - begun
        self._apart_s += self.glance_s

    def measure(self, step: int) -> None:
        """Takes the pace since the last mark into account and sets a new one."""
        since, then = self._mark
        if step <= since:
            return
        latest = (self.elapsed_s() - then - self._apart_s) / (step - since)
        self.pace_s = _MEMORY * self.pace_s + (1 - _MEMORY) * latest if self.pace_s else latest
        self.begin(step)

    def left_s(self, step: int, timeline: Timeline, glances: int) -> float | None:
        """Seconds until the last step, with `glances` validations to come.

        They are what the budget leaves, or follow from the pace; None before it was measured.
        """
        if self.budget_s is not None:
            return max(0.0, self.budget_s - self.reserve_s - self.elapsed_s())
        if not self.pace_s:
            return None
        return max(0, timeline.last_step - step) * self.pace_s + glances * self.glance_s

    def fitting(self, budget_s: float, glances: int) -> int:
        """How many steps fit from now on, beside `glances` validations and the reserve."""
        room_s = budget_s - self.reserve_s - self.elapsed_s() - glances * self.glance_s
        return int(room_s / self.pace_s)

    def decide(self, step: int, timeline: Timeline, glances: int) -> Decision | None:
        """A new number of steps, if the planned one no longer fits the budget or leaves it idle."""
        if self.budget_s is None or not self.pace_s:
            return None
        left = timeline.last_step - step
        fits = self.fitting(self.budget_s, glances)
        if left <= 0 or abs(fits - left) <= max(2, _TOLERANCE * left):
            return None
        reason = f"a step takes {self.pace_s:.3f} s now; {left} were left and {max(0, fits)} fit"
        return Decision(step, "steps", step + max(1, fits), reason)
