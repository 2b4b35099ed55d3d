"""How far a run is, at every step, and what that means for the learning rate.

Everything here depends on the step and on recorded decisions alone, never on the clock, so that a
resumed run replays exactly what an unbroken one does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from segwright.plan import ScheduleSettings


@dataclass(frozen=True)
class Decision:
    """Something decided while running, kept in the checkpoint and replayed on resume.

    Attributes:
        step: Steps done when it was decided.
        kind: "steps" sets the total number of steps; "extend" does so too, and counts what was
            done as that share of the new total, so that learning resumes in earnest;
            "accumulate" sets the parts a batch is worked through in; "reduce_lr" lowers the
            rate of a plateau schedule, until the run is extended; "stop" ends the run.
        value: The new number ("reduce_lr" and "stop": 0).
        reason: Why, for the reader of the log.
    """

    step: int
    kind: Literal["steps", "extend", "accumulate", "reduce_lr", "stop"]
    value: int
    reason: str


@dataclass
class Timeline:
    """The planned run and every decision since.

    Attributes:
        steps: Steps that were planned at the start.
        accumulate: Parts a batch was planned to be worked through in.
        decisions: What was decided since, in order of their steps.
    """

    steps: int
    accumulate: int = 1
    decisions: list[Decision] = field(default_factory=list)

    @property
    def last_step(self) -> int:
        """The number of steps after which the run ends."""
        for decision in reversed(self.decisions):
            if decision.kind == "stop":
                return decision.step
            if decision.kind in ("steps", "extend"):
                return decision.value
        return self.steps

    @property
    def parts(self) -> int:
        """Parts a batch is worked through in, now."""
        changes = (d.value for d in reversed(self.decisions) if d.kind == "accumulate")
        return next(changes, self.accumulate)

    def progress(self, step: int) -> float:
        """Share of the run that is done after `step` steps, 0 … 1.

        It is linear in the step, and bends where the total changed: what was done keeps its
        share, what is left is spread over the new number of steps.
        """
        start, done, total = 0, 0.0, self.steps
        for decision in self.decisions:
            if decision.kind not in ("steps", "extend") or decision.step > step:
                continue
            if decision.kind == "extend":
                done = decision.step / decision.value
            else:
                done += (1.0 - done) * (decision.step - start) / max(1, total - start)
            start, total = decision.step, decision.value
        return min(1.0, done + (1.0 - done) * (step - start) / max(1, total - start))

    def lr_scale(self, step: int, schedule: ScheduleSettings) -> float:
        """Learning rate of the step after `step` steps, as a share of its peak."""
        # The middle of the step: neither the first nor the last step is wasted on rate zero.
        at = (self.progress(step) + self.progress(step + 1)) / 2
        if at < schedule.warmup:
            return at / schedule.warmup
        if schedule.name == "plateau":
            return schedule.plateau_factor ** self._reductions(step)
        return _decay(schedule.name, (at - schedule.warmup) / (1.0 - schedule.warmup))

    def _reductions(self, step: int) -> int:
        """How often the rate was lowered up to `step`; a run that is extended starts anew."""
        count = 0
        for decision in self.decisions:
            if decision.step > step:
                break
            if decision.kind == "extend":
                count = 0
            count += decision.kind == "reduce_lr"
        return count

    def next_due(self, step: int, times: int) -> int:
        """The first of `times` evenly spread moments after step `step`."""
        later = range(step + 1, self.last_step)
        return next((at for at in later if self.due(at, times)), self.last_step)

    def yet_due(self, step: int, times: int) -> int:
        """How many of `times` evenly spread moments are still to come after step `step`."""
        return 0 if step >= self.last_step else times - math.floor(self.progress(step) * times)

    def due(self, step: int, times: int) -> bool:
        """Whether step `step` is one of `times` evenly spread over the progress of the run."""
        if step >= self.last_step:
            return True
        return math.floor(self.progress(step) * times) > math.floor(self.progress(step - 1) * times)


def _decay(name: str, at: float) -> float:
    """Decay from 1 at 0 to (nearly) 0 at 1."""
    match name:
        case "cosine" | "one_cycle":
            return 0.5 * (1.0 + math.cos(math.pi * at))
        case "poly":  # DeepLab (Chen et al. 2017): power 0.9
            return (1.0 - at) ** 0.9
        case _:
            return 1.0
