"""When a batch does not fit into memory: the same batch in more and smaller parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

from segwright.errors import TrainingError
from segwright.training.batches import Batch
from segwright.training.learner import Learner

Stepped = TypeVar("Stepped")

_SIGNS = ("out of memory", "not enough memory", "can't allocate memory")


def within_memory(
    step: Callable[[int], Stepped],
    learner: Learner,
    batch: Batch,
    *,
    parts: int,
    on_more: Callable[[int], None],
) -> Stepped:
    """Takes a step; where memory runs out, again in twice as many parts.

    Args:
        step: Works a batch through in a number of parts; a step that fails leaves no trace.
        learner: What takes the step; its gradients are dropped before another attempt.
        batch: What is stepped on.
        parts: For the first attempt.
        on_more: Told of every larger number of parts, before it is tried.

    Raises:
        TrainingError: Not even a single sample fits.
    """
    while True:
        try:
            return step(parts)
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
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


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(sign in str(error) for sign in _SIGNS)
