"""The wall clock of a run against its budget."""

from __future__ import annotations

import time
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
        pace_s: Seconds a step takes, everything between steps included; 0 before the first
            measurement.
    """

    budget_s: float | None
    reserve_s: float
    started_at: float
    before_s: float = 0.0
    pace_s: float = 0.0
    _mark: tuple[int, float] = field(default=(0, 0.0), init=False)

    def elapsed_s(self) -> float:
        """Wall clock of the whole run so far, earlier processes included."""
        return self.before_s + time.time() - self.started_at

    def begin(self, step: int) -> None:
        """Starts measuring at `step`."""
        self._mark = step, self.elapsed_s()

    def measure(self, step: int) -> None:
        """Takes the pace since the last mark into account and sets a new one."""
        since, then = self._mark
        if step <= since:
            return
        now = self.elapsed_s()
        latest = (now - then) / (step - since)
        self.pace_s = _MEMORY * self.pace_s + (1 - _MEMORY) * latest if self.pace_s else latest
        self._mark = step, now

    def left_s(self, step: int, timeline: Timeline) -> float:
        """Seconds until the last step at the present pace."""
        return max(0, timeline.last_step - step) * self.pace_s

    def decide(self, step: int, timeline: Timeline) -> Decision | None:
        """A new number of steps, if the planned one no longer fits the budget or leaves it idle."""
        if self.budget_s is None or not self.pace_s:
            return None
        left = timeline.last_step - step
        fits = int((self.budget_s - self.reserve_s - self.elapsed_s()) / self.pace_s)
        if left <= 0 or abs(fits - left) <= max(2, _TOLERANCE * left):
            return None
        reason = f"a step takes {self.pace_s:.3f} s now; {left} were left and {max(0, fits)} fit"
        return Decision(step, "steps", step + max(1, fits), reason)
