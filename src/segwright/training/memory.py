"""When a batch does not fit into memory: the same batch in more and smaller parts."""

from __future__ import annotations

from collections.abc import Callable

import torch

from segwright.errors import TrainingError
from segwright.training.batches import Batch
from segwright.training.learner import Learner, StepResult

_SIGNS = ("out of memory", "not enough memory", "can't allocate memory")


def step_within_memory(
    learner: Learner,
    batch: Batch,
    *,
    number: int,
    lr_scale: float,
    parts: int,
    on_more: Callable[[int], None],
) -> StepResult:
    """Takes a step; where memory runs out on the way to the gradient, in twice as many parts.

    Moving the weights is not tried again: some of them would move twice.

    Args:
        learner: What takes the step; its gradients are dropped before another attempt.
        batch: What is stepped on.
        number: See `Learner.step`; so are `lr_scale` and `parts`, which is for the first attempt.
        on_more: Told of every larger number of parts, before it is tried.

    Raises:
        TrainingError: Not even a single sample fits; or one of several processes runs out of
            memory, while the others are at work on the step that it would have to begin anew.
    """
    while True:
        try:
            result = learner.examine(batch, number=number, parts=parts)
            break
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            if learner.world.size > 1:
                raise TrainingError(
                    f"rank {learner.world.rank} ran out of memory at step {number + 1}, with its "
                    f"{len(batch.keys)} crops worked through in {parts} parts",
                    remedy="Start anew from its weights with more: --from RUN --set "
                    f"accumulate={2 * parts}, or with smaller crops",
                ) from error
            if parts >= len(batch.keys):
                raise TrainingError(
                    f"one crop of {tuple(batch.images.shape[-2:])} pixels does not fit into memory",
                    remedy="Use smaller crops (--set input.crop_hw=[…]) or a smaller model",
                ) from error
        # Not inside the handler: the error would keep the tensors of its frames alive.
        learner.optimiser.clear()
        if learner.device.type == "cuda":
            torch.cuda.empty_cache()
        parts = min(len(batch.keys), 2 * parts)
        on_more(parts)
    learner.move(number=number, lr_scale=lr_scale)
    return result


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(sign in str(error) for sign in _SIGNS)
