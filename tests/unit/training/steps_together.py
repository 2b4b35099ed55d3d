"""A few steps on made-up batches, in one process or shared by several: same code, same batches.

As a script it is one of the processes: `steps_together.py PLAN OUT`, with torchrun's variables.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from segwright.errors import NonFiniteError
from segwright.losses import build_loss
from segwright.models.output import SemanticOutput
from segwright.plan import Plan
from segwright.training.batches import Batch
from segwright.training.distributed import World, joined
from segwright.training.launch import Launch
from segwright.training.learner import Learner
from segwright.training.timeline import Decision

SAMPLES = 7  # shared by three processes as 2, 2 and 3
STEPS = 4
CLASSES = 3
IGNORED = 255


@dataclass(frozen=True)
class Case:
    """One way to learn."""

    norm: str = "group"
    loss: str = "cross_entropy"
    optimiser: str = "sgd"
    dtype: torch.dtype = torch.float64
    parts: int = 1


CASES = {
    **{f"{norm} norm": Case(norm=norm) for norm in ("group", "layer", "none", "batch")},
    **{
        loss: Case(loss=loss)
        for loss in ("sigmoid_cross_entropy", "dice", "jaccard", "focal", "tversky", "lovasz")
    },
    "a sum of losses": Case(loss="cross_entropy+dice"),
    "muon": Case(optimiser="muon"),
    "adamw": Case(optimiser="adamw"),
    "float32": Case(dtype=torch.float32),
    "batch norm in float32": Case(norm="batch", dtype=torch.float32),
    "in parts": Case(parts=2, norm="none"),
}


class Net(nn.Module):
    """Two convolutions with a normalisation, and a side head."""

    def __init__(self, norm: str) -> None:
        super().__init__()
        norms = {
            "group": lambda: nn.GroupNorm(2, 8),
            "layer": lambda: nn.GroupNorm(1, 8),  # over channels and pixels of each sample
            "none": nn.Identity,
            "batch": lambda: nn.BatchNorm2d(8),
        }
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), norms[norm](), nn.ReLU())
        self.middle = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Conv2d(8, CLASSES, 1)
        self.side = nn.Conv2d(8, CLASSES, 1)

    def forward(self, images: torch.Tensor) -> SemanticOutput:
        features = self.body(images)
        deeper = torch.relu(self.middle(features))
        return SemanticOutput(self.head(deeper), (self.side(features),))


def batch(step: int, dtype: torch.dtype) -> Batch:
    """A batch whose samples have very different numbers of labelled pixels, one of them none."""
    generator = torch.Generator().manual_seed(step)
    images = torch.randn(SAMPLES, 3, 8, 8, generator=generator, dtype=torch.float64)
    targets = torch.randint(0, CLASSES, (SAMPLES, 8, 8), generator=generator)
    for sample, rows in enumerate((8, 1, 0, 5, 2, 8, 1)):
        targets[sample, rows:] = IGNORED
    keys = tuple(f"sample-{number}" for number in range(SAMPLES))
    return Batch(images.to(dtype), targets, keys)


def shared(whole: Batch, world: World) -> Batch:
    """The part of a batch that this process works on."""
    part = world.share(len(whole.keys))
    return Batch(whole.images[part], whole.targets[part], whole.keys[part])


def make_learner(case: Case, plan: Plan, world: World) -> Learner:
    torch.manual_seed(0)
    loss = build_loss(
        case.loss,
        num_classes=CLASSES,
        ignore_index=IGNORED,
        class_weights=torch.tensor([0.2, 1.0, 3.0]),
        spread=world,
    )
    plan = plan.updated({"optimiser.name": case.optimiser, "batch_size": SAMPLES})
    return Learner(Net(case.norm).to(case.dtype), loss, plan, world)


def learned(case: Case, plan: Plan, world: World) -> dict[str, torch.Tensor]:
    """Everything a checkpoint would hold after some steps, and what each step measured."""
    learner = make_learner(case, plan, world)
    told = []
    for step in range(STEPS):
        part = shared(batch(step, case.dtype), world)
        result = learner.step(part, number=step, lr_scale=1.0, parts=case.parts)
        told.append((result.loss, result.grad_norm))
    found = {
        f"{part}.{name}": tensor
        for part, tensors in learner.tensors().items()
        for name, tensor in tensors.items()
    }
    return {**found, "told": torch.tensor(told, dtype=torch.float64)}


def refusal(plan: Plan, world: World) -> str:
    """What is said where the last sample, which one process alone holds, is not finite."""
    learner = make_learner(Case(norm="batch"), plan, world)
    whole = batch(0, torch.float64)
    whole.images[-1, 0, 0, 0] = torch.nan
    try:
        learner.step(shared(whole, world), number=0, lr_scale=1.0)
    except NonFiniteError as error:
        return str(error)
    return "nothing"


def agreed(world: World) -> str:
    """What the processes tell each other, which each would answer differently."""
    decision = world.agree(lambda: Decision(world.rank, "steps", 7, "0.1 s"), Decision | None)
    nothing = world.agree(lambda: None if world.leads else "never", str | None)
    tensors = [torch.full((2, 2), world.rank + 0.5), torch.tensor(world.rank)]
    world.align(tensors)
    most, names = world.most(10 - world.rank), world.names([f"of {world.rank}"])
    return f"{decision} {nothing} {[t.tolist() for t in tensors]} {most} {names}"


def main(plan_file: Path, out: Path) -> None:
    plan = Plan.read(plan_file)
    with joined(Launch.read()) as world:
        for name, case in CASES.items():
            found = {key: t.contiguous() for key, t in learned(case, plan, world).items()}
            save_file(found, out / f"{name}-{world.rank}.safetensors")
        (out / f"refusal-{world.rank}").write_text(refusal(plan, world))
        (out / f"agreed-{world.rank}").write_text(agreed(world))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
