"""A plain PyTorch loop that ends with its budget, for the peers that are libraries of networks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from peers.task import NOTHING_LEARNED, Training

_WORKERS = 2


class Endless(Sampler[int]):
    """Fresh permutations one after the other, so that workers never pause between epochs."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __iter__(self) -> Iterator[int]:
        while True:
            yield from torch.randperm(self._count).tolist()


def batches(dataset: Dataset, size: int) -> DataLoader:
    """Shuffled batches without end, made by two processes."""
    sampler = Endless(len(dataset))  # pyright: ignore[reportArgumentType]
    return DataLoader(dataset, size, sampler=sampler, num_workers=_WORKERS)


def train_within(
    task: Training,
    loader: DataLoader,
    *,
    model: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    rate: Callable[[float], float],
) -> int:
    """Steps until the next one would not be over in time; returns how many were done.

    Args:
        task: When to end; `model.pt` in its run folder gets the weights.
        loader: Endless batches of images and targets.
        model: What is trained, in its usual precision.
        optimiser: With the peak learning rates.
        loss: (images, targets) → scalar; calls the model.
        rate: Share of the time since here that is over (0 … 1) → share of the peak rate.
    """
    peaks = [group["lr"] for group in optimiser.param_groups]
    begun, steps, slowest_s = time.time(), 0, 0.0
    model.train()
    for images, targets in loader:
        now = time.time()
        if now + slowest_s > task.ends_at:
            break
        share = (now - begun) / (task.ends_at - begun)
        for group, peak in zip(optimiser.param_groups, peaks, strict=True):
            group["lr"] = peak * rate(share)
        optimiser.zero_grad()
        loss(images, targets).backward()
        optimiser.step()
        if time.time() > task.ends_at:
            break  # the first step took longer than there was: it does not count
        steps += 1
        # A step beside busy workers may take longer than the one before.
        slowest_s = max(0.9 * slowest_s, time.time() - now)
    if not steps:
        print("no step was finished within the budget")
        raise SystemExit(NOTHING_LEARNED)
    torch.save(model.state_dict(), task.run / "model.pt")
    print(f"{steps} steps")
    return steps
