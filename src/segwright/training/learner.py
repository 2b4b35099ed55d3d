"""One optimiser step: batch in, moved weights out, and nothing non-finite gets through."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from segwright.errors import NonFiniteError
from segwright.models.output import SemanticOutput, resize_logits
from segwright.plan import Plan
from segwright.training.average import WeightAverage
from segwright.training.batch_norm import whole_batch_norm
from segwright.training.batches import Batch
from segwright.training.distributed import ALONE, World
from segwright.training.optimisers import Optimiser


@dataclass(frozen=True)
class StepResult:
    """What one step measured: the loss before it, and the gradient's norm before clipping."""

    loss: float
    grad_norm: float


class Learner:
    """A network with what moves it.

    Args:
        network: Returns `SemanticOutput`; moved to the plan's device and layout.
        loss: (logits, targets) → scalar.
        plan: Optimiser, averaging, precision, device.
        world: The processes that share each batch. All of them hold the same weights, and `loss`
            has to look at the batch of all (see `losses.Spread`).
    """

    def __init__(
        self, network: nn.Module, loss: nn.Module, plan: Plan, world: World = ALONE
    ) -> None:
        self.device = world.device(plan.device)
        self.network = network.to(self.device).to(memory_format=torch.channels_last)
        self.loss = loss.to(self.device)
        self.optimiser = Optimiser(self.network, plan.optimiser)
        self.average = WeightAverage(self.network, plan.ema_decay)
        self._plan = plan
        self.world = world

    def step(self, batch: Batch, *, number: int, lr_scale: float, parts: int = 1) -> StepResult:
        """Moves the weights by one batch: `examine`, then `move`."""
        result = self.examine(batch, number=number, parts=parts)
        self.move(number=number, lr_scale=lr_scale)
        return result

    def examine(self, batch: Batch, *, number: int, parts: int = 1) -> StepResult:
        """Finds the gradient of a batch. Where it fails, no weight or statistic has moved.

        Args:
            batch: On the CPU; of several processes, the share of this one.
            number: Steps done before this one; with the plan's seed and the rank it keys torch's
                randomness.
            parts: Pieces the batch is worked through in, their gradients accumulated.

        Raises:
            NonFiniteError: The loss or the gradient is not finite.
        """
        torch.manual_seed(self._plan.seed * 1_000_003 + number + (self.world.rank << 53))
        self.network.train()
        self.optimiser.clear()
        total = 0.0
        with self._statistics_kept_on_failure():
            for part, share in self._parts(batch, parts):
                loss = self._loss(part) * share
                value = loss.item()
                self._require_finite(value, "loss", part, number)
                loss.backward()
                total += value
            self.world.add_up([w.grad for w in self.optimiser.parameters if w.grad is not None])
            norm = self._clipped_norm()
            self._require_finite(norm, "gradient norm", batch, number)
        return StepResult(total, norm)

    def move(self, *, number: int, lr_scale: float) -> None:
        """Moves the weights by the gradient found; it cannot be repeated.

        Args:
            number: Steps done before this one.
            lr_scale: Share of the peak learning rate.
        """
        self.optimiser.step(lr_scale)
        self.average.update(number + 1)

    def tensors(self) -> dict[str, dict[str, torch.Tensor]]:
        """Everything a checkpoint needs, by part."""
        return {
            "network": dict(self.network.state_dict()),
            "average": self.average.mean,
            "optimiser": self.optimiser.tensors(),
        }

    def align(self) -> None:
        """Takes over the tensors of rank 0.

        They are the same already, unless processes run on different machines, whose arithmetic
        may differ in the last bit.
        """
        self.world.align([t for part in self.tensors().values() for t in part.values()])

    def restore(self, parts: dict[str, dict[str, torch.Tensor]]) -> None:
        """Takes over what `tensors` gave."""
        self.network.load_state_dict(parts["network"])
        self.average.restore(parts["average"])
        self.optimiser.restore(parts["optimiser"])

    def precision(self) -> contextlib.AbstractContextManager:
        """The context the network runs in."""
        if self._plan.input.precision == "bfloat16":
            return torch.autocast(self.device.type, torch.bfloat16)
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def _statistics_kept_on_failure(self) -> Iterator[None]:
        """Normalisation statistics move in the forward pass; a step that fails leaves no trace."""
        before = [buffer.clone() for buffer in self.network.buffers()]
        try:
            yield
        except BaseException:
            for buffer, kept in zip(self.network.buffers(), before, strict=True):
                buffer.copy_(kept)
            raise

    def _parts(self, batch: Batch, count: int) -> Iterator[tuple[Batch, float]]:
        """Pieces of a batch, as many in every process, with their shares of the whole batch."""
        if self.world.size > 1:  # also where shares of a batch differ by a sample
            count = min(count, self._plan.batch_size // self.world.size)
        pieces = list(batch.parts(count))
        sizes = torch.tensor([len(piece.keys) for piece in pieces], dtype=torch.float64)
        if count > 1:
            self.world.add_up([sizes])
        yield from zip(pieces, (sizes / sizes.sum()).tolist(), strict=True)

    def _loss(self, part: Batch) -> torch.Tensor:
        images = part.images.to(self.device, non_blocking=True)
        targets = part.targets.to(self.device, non_blocking=True)
        with self.precision(), whole_batch_norm(self.world):
            output: SemanticOutput = self.network(images)
        loss = self._compared(output.logits, targets)
        for logits in output.auxiliary:
            loss = loss + self._plan.loss.auxiliary * self._compared(logits, targets)
        return loss

    def _compared(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        size_hw = targets.shape[-2], targets.shape[-1]
        return self.loss(resize_logits(logits, size_hw), targets)

    def _clipped_norm(self) -> float:
        """The gradient's norm; gradients beyond the limit are scaled down to it."""
        limit = self._plan.optimiser.clip_norm
        weights = self.optimiser.parameters
        norm = nn.utils.get_total_norm([w.grad for w in weights if w.grad is not None])
        if limit and norm > limit:
            nn.utils.clip_grads_with_norm_(weights, limit, norm)
        return float(norm)

    def _require_finite(self, value: float, what: str, part: Batch, number: int) -> None:
        """Refuses a value that is the same in all processes, so that all of them end here."""
        if not math.isfinite(value):
            keys = ", ".join(self.world.names(part.keys))
            raise NonFiniteError(
                f"the {what} is {value} at step {number + 1}, on the samples {keys}; "
                "no weight was moved and no checkpoint written",
                remedy="Look at these images and masks; if they are sound, continue from the last "
                "checkpoint with a lower rate (--set optimiser.lr=…) or input.precision=float32",
            )
