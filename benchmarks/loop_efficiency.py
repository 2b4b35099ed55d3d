"""What the training loop costs: steps per second beside a bare PyTorch loop.

Both train the same network with the same loss, optimiser and batches on the same machine, in
turns. The bare loop has its batches ready in memory and does nothing but forward, backward and
step. Ours makes its batches from images (crop, warp, light), averages weights, checks for
non-finite values, logs every step and writes checkpoints.

    python benchmarks/loop_efficiency.py DATA [--rounds 3] [--steps 40]
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # as the command line does

import torch

from segwright.dataset import open_dataset
from segwright.models import resize_logits
from segwright.plan import Plan, draft
from segwright.training.batches import Batch
from segwright.training.checkpoint import Checkpoints, TrainState
from segwright.training.clock import Clock
from segwright.training.log import RunLog
from segwright.training.loop import Score, run_loop
from segwright.training.material import Material
from segwright.training.planning import examine_machine, make_learner
from segwright.verbs.plan import learn_and_hold_out


def bare(plan: Plan, material: Material, batches: list[Batch], steps: int) -> float:
    """Steps per second of a plain loop over ready batches."""
    learner = make_learner(plan, material)
    network, optimiser = learner.network.train(), learner.optimiser
    begun = time.perf_counter()
    for batch in islice(cycle(batches), steps):
        optimiser.clear()
        with learner.precision():
            logits = network(batch.images).logits
        logits = resize_logits(logits, tuple(batch.targets.shape[-2:])).float()
        learner.loss(logits, batch.targets).backward()
        optimiser.step(1.0)
    return steps / (time.perf_counter() - begun)


def ours(plan: Plan, material: Material, steps: int) -> float:
    """Steps per second of `run_loop`, with all that it does."""
    learner = make_learner(plan, material)
    with tempfile.TemporaryDirectory() as folder, closing(_log(Path(folder))) as log:
        begun = time.perf_counter()
        run_loop(
            learner,
            material.batches(plan),
            plan=plan,
            state=TrainState(),
            keep=Checkpoints(Path(folder) / "checkpoints").write,
            clock=Clock(None, 0.0, time.time()),
            validate=lambda: Score(0.0, 0.0, 0),
            emit=log,
        )
        return steps / (time.perf_counter() - begun)


def _log(folder: Path) -> RunLog:
    return RunLog(folder, lambda event: None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=120)
    arguments = parser.parse_args()

    def silent(event: object) -> None: ...

    learn, hold_out = learn_and_hold_out(open_dataset(arguments.data), seed=0, on_event=silent)
    material = Material.read(learn, hold_out, emit=silent)
    machine = examine_machine(None)
    precision = "bfloat16" if machine.bfloat16 else "float32"
    settings = {
        "steps": arguments.steps,
        "input.precision": precision,
        # One every 120 steps is what a ten-minute run writes on two cores.
        "checkpoints": max(1, arguments.steps // 120),
        "validation.times": 1,
    }
    plan = draft(material.facts, machine, fingerprint=material.fingerprint, settings=settings)
    with closing(material.batches(plan).starting_at(0)) as stream:
        ready = list(islice(stream, 8))
    bare(plan, material, ready, 5)  # warm-up

    print(
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}, {plan.model.name}, batch {plan.batch_size} of "
        f"{plan.input.crop_hw}, {precision}"
    )
    print(f"{'round':>5}  {'bare steps/s':>12}  {'ours steps/s':>12}  {'ratio':>6}")
    ratios = []
    for number in range(arguments.rounds):
        plain = bare(plan, material, ready, arguments.steps)
        full = ours(plan, material, arguments.steps)
        ratios.append(full / plain)
        print(f"{number + 1:5}  {plain:12.2f}  {full:12.2f}  {full / plain:6.3f}")
    print(f"median ratio {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
