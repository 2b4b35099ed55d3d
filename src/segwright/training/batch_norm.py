"""Batch normalisation over a batch that is spread over processes.

Mean and variance are those of the whole batch, as if it lay in one process: with each process's
own, a network would learn from noisier statistics the more processes there are, and remember
others in each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.distributed as dist
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from segwright.training.distributed import World


def whole_batch_norm(world: World) -> AbstractContextManager:
    """Inside, every batch normalisation that is training looks at the batch of all processes."""
    return nullcontext() if world.size == 1 else _WholeBatchNorm()


class _WholeBatchNorm(TorchFunctionMode):
    """Catches the function that all batch normalisation layers call, timm's own ones too."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is functional.batch_norm:
            return _batch_norm(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def _batch_norm(
    input: torch.Tensor,
    running_mean: torch.Tensor | None,
    running_var: torch.Tensor | None,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> torch.Tensor:
    """As `torch.nn.functional.batch_norm`, and called like it."""
    if not training:
        return functional.batch_norm(
            input, running_mean, running_var, weight, bias, False, momentum, eps
        )
    mean, variance, count = _statistics(input.detach())
    if running_mean is not None and running_var is not None:
        running_mean.lerp_(mean.to(running_mean), momentum)
        running_var.lerp_((variance * (count / (count - 1))).to(running_var), momentum)
    if weight is None or bias is None:
        weight, bias = torch.ones_like(mean), torch.zeros_like(mean)
    return _Normalised.apply(input, weight, bias, mean, variance, count, eps)


def _statistics(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mean and variance of each channel over all processes, and of how many values.

    Args:
        values: (B, C, …) those of this process.

    Returns:
        (C,) and (C,) in float32 at least, and a scalar of the same dtype.
    """
    wide = values if values.dtype == torch.float64 else values.float()
    # Over channels-last memory on a CPU torch.var_mean takes a hundred times as long.
    mean, variance = torch.batch_norm_update_stats(wide, None, None, 0.0)
    here = mean.new_full((1,), values.numel() / values.shape[1])
    every = torch.zeros(dist.get_world_size(), 2 * len(mean) + 1).to(mean)
    every[dist.get_rank()] = torch.cat((mean, variance, here))
    dist.all_reduce(every)
    means, variances, counts = every.split([len(mean), len(mean), 1], dim=1)  # (W, C) (W, C) (W, 1)
    count = counts.sum()
    mean = (counts * means).sum(0) / count
    # The spread of each process about its own mean, and of these means about the whole one.
    variance = (counts * (variances + (means - mean).square())).sum(0) / count
    return mean, variance, count


class _Normalised(torch.autograd.Function):
    """(x - mean) / std · weight + bias, where mean and variance depend on every process's x."""

    @staticmethod
    def forward(
        ctx: Any,
        values: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        mean: torch.Tensor,
        variance: torch.Tensor,
        count: torch.Tensor,
        eps: float,
    ) -> torch.Tensor:
        ctx.save_for_backward(values, weight, mean, variance, count)
        ctx.eps = eps
        return functional.batch_norm(values, mean, variance, weight, bias, False, 0.0, eps)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        values, weight, mean, variance, count = ctx.saved_tensors
        (gradient,) = gradients
        # As if the statistics were constants …
        given, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            gradient, values, weight, mean, variance, None, None, False, ctx.eps, [True] * 3
        )
        # … less what moves them (Ioffe and Szegedy 2015, section 3), which is linear in x.
        whole = torch.stack((of_weight, of_bias))
        dist.all_reduce(whole)
        inverse = (variance + ctx.eps).rsqrt()
        slope = weight * inverse * inverse * whole[0] / count
        offset = weight * inverse * whole[1] / count - slope * mean
        shape = [1, -1] + [1] * (values.ndim - 2)
        given = given.to(mean.dtype)
        given.addcmul_(values.to(mean.dtype), slope.view(shape), value=-1).sub_(offset.view(shape))
        return given.to(values.dtype), of_weight, of_bias, None, None, None, None
