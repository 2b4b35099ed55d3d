"""Optimisers, made from settings.

`Muon` is ours: momentum whose matrices are orthogonalised, so that every direction of a weight
matrix moves equally far (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural
networks"). Short runs gain most: many directions that AdamW hardly touches are learned at once.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from segwright.plan import OptimiserSettings

# Coefficients of the quintic a·x + b·x³ + c·x⁵ that pushes singular values towards 1 (ibid.).
_QUINTIC = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5


def orthogonalise(matrix: torch.Tensor) -> torch.Tensor:
    """The nearest semi-orthogonal matrix, roughly: singular values end between about 0.7 and 1.2.

    Newton–Schulz iteration. Every iterate is a polynomial of the Gram matrix times the input, so
    the iteration runs on the small square Gram matrix alone and touches the input twice.

    Args:
        matrix: (rows, columns), floating point.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.mT
    unit = wide.float()
    unit = unit / (unit.norm() + 1e-7)
    gram = unit @ unit.mT
    factor = total = _quintic_factor(gram)
    for _ in range(_ITERATIONS - 1):
        gram = factor @ gram @ factor
        factor = _quintic_factor(gram)
        total = factor @ total
    result = total @ unit
    return (result if wide is matrix else result.mT).to(matrix.dtype)


def _quintic_factor(gram: torch.Tensor) -> torch.Tensor:
    """a·1 + b·G + c·G², which times the iterate is the quintic of the iterate."""
    a, b, c = _QUINTIC
    factor = torch.addmm(gram, gram, gram, beta=b, alpha=c)
    factor.diagonal().add_(a)
    return factor


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, with decoupled weight decay.

    Args:
        params: Weight tensors with two or more axes; all but the first are taken as one.
        lr: Learning rate; an update has root mean square of about `lr / sqrt(columns)`.
        momentum: Share of the past gradient that is kept.
        weight_decay: Decoupled, times `lr`.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter] | list[dict],
        *,
        lr: float,
        momentum: float,
        weight_decay: float,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] closures are for line search
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, weight.grad, group)

    def _move(self, weight: nn.Parameter, gradient: torch.Tensor, group: dict) -> None:
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        velocity = state["momentum"].mul_(group["momentum"]).add_(gradient)
        ahead = gradient.add(velocity, alpha=group["momentum"])
        matrix = ahead.reshape(len(ahead), -1)
        # Tall matrices move further, so that every output sees a step of the same size.
        stretch = max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5
        weight.mul_(1.0 - group["lr"] * group["weight_decay"])
        weight.add_(orthogonalise(matrix).view_as(weight), alpha=-group["lr"] * stretch)


class Optimiser:
    """One or two torch optimisers behind one face, with the settings' L1 and a rate that scales.

    Weight decay and L1 act on tensors with two or more axes only; biases and normalisation scales
    have nothing to be shrunk for. With Muon, what is no inner weight (the first and last layer,
    vectors) is AdamW's.
    """

    def __init__(self, network: nn.Module, settings: OptimiserSettings) -> None:
        self._l1 = settings.l1
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self._shrunk = [p for p in self.parameters if p.ndim > 1]
        self._parts = _parts(network, settings)
        self._peaks = [[group["lr"] for group in part.param_groups] for part in self._parts]

    def step(self, lr_scale: float) -> None:
        """Moves the weights by their gradients, at `lr_scale` times the peak rates."""
        for part, peaks in zip(self._parts, self._peaks, strict=True):
            for group, peak in zip(part.param_groups, peaks, strict=True):
                group["lr"] = peak * lr_scale
            part.step()
        if self._l1:
            self._soften(self._peaks[0][0] * lr_scale * self._l1)

    def clear(self) -> None:
        """Forgets the gradients."""
        for part in self._parts:
            part.zero_grad(set_to_none=True)

    def tensors(self) -> dict[str, torch.Tensor]:
        """The whole state as named tensors, for a checkpoint."""
        return {
            f"{which}.{index}.{name}": torch.as_tensor(value)
            for which, part in enumerate(self._parts)
            for index, entry in part.state_dict()["state"].items()
            for name, value in entry.items()
        }

    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        """Takes over what `tensors` gave."""
        for which, part in enumerate(self._parts):
            content = part.state_dict()
            content["state"] = {}
            for key, value in tensors.items():
                owner, index, name = key.split(".", 2)
                if int(owner) == which:
                    content["state"].setdefault(int(index), {})[name] = value
            part.load_state_dict(content)

    @torch.no_grad()
    def _soften(self, threshold: float) -> None:
        for weight in self._shrunk:
            weight.copy_(nn.functional.softshrink(weight, threshold))


def _parts(network: nn.Module, settings: OptimiserSettings) -> list[torch.optim.Optimizer]:
    """The torch optimisers that the settings ask for."""
    trained = [p for p in network.parameters() if p.requires_grad]
    weights = [p for p in trained if p.ndim > 1]
    vectors = [p for p in trained if p.ndim <= 1]
    decay = settings.weight_decay
    groups = [{"params": weights}, {"params": vectors, "weight_decay": 0.0}]
    match settings.name:
        case "muon":
            # The first and the last layer meet pixels and classes, not hidden features.
            outer = {id(weights[0]), id(weights[-1])} if weights else set()
            inner = [p for p in weights if id(p) not in outer]
            groups[0] = {"params": [p for p in weights if id(p) in outer]}
            vector_part = torch.optim.AdamW(
                groups, lr=settings.vector_lr, betas=(0.9, 0.99), weight_decay=decay
            )
            if not inner:
                return [vector_part]
            momentum = settings.momentum
            return [
                Muon(inner, lr=settings.lr, momentum=momentum, weight_decay=decay),
                vector_part,
            ]
        case "adamw":
            betas = (settings.momentum, 0.99)
            return [torch.optim.AdamW(groups, lr=settings.lr, betas=betas, weight_decay=decay)]
        case _:
            # torch's SGD couples decay and gradient, as the papers that use it do.
            return [
                torch.optim.SGD(
                    groups,
                    lr=settings.lr,
                    momentum=settings.momentum,
                    nesterov=settings.momentum > 0,
                    weight_decay=decay,
                )
            ]
