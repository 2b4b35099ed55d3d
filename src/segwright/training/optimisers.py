"""How weights move: three rules, and the optimiser that applies them as the settings say.

The rules are ours because `torch.optim` compiles its steps on demand: its first use imports the
compiler, 3.5 s on two cores, which every budget would pay. They are checked against torch's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from segwright.plan import OptimiserSettings

# Coefficients of the quintic a·x + b·x³ + c·x⁵ that pushes singular values towards 1 (see Muon).
_QUINTIC = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5


class Rule(Protocol):
    """One way to move a weight by its gradient."""

    def start(self, weight: torch.Tensor) -> dict[str, torch.Tensor]:
        """What the rule remembers of a weight, before its first step."""
        ...

    def move(
        self,
        weight: torch.Tensor,
        gradient: torch.Tensor,
        memory: dict[str, torch.Tensor],
        *,
        lr: float,
        weight_decay: float,
    ) -> None:
        """Changes `weight` and `memory` in place."""
        ...


@dataclass(frozen=True)
class Muon:
    """Nesterov momentum, orthogonalised, with decoupled weight decay.

    Every direction of a weight matrix moves equally far, so that a short run also learns those
    that AdamW hardly touches (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural
    networks"). All axes of a weight but the first are taken as one.

    Attributes:
        momentum: Share of the past gradient that is kept.
    """

    momentum: float

    def start(self, weight: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"velocity": torch.zeros_like(weight)}

    def move(
        self,
        weight: torch.Tensor,
        gradient: torch.Tensor,
        memory: dict[str, torch.Tensor],
        *,
        lr: float,
        weight_decay: float,
    ) -> None:
        velocity = memory["velocity"].mul_(self.momentum).add_(gradient)
        ahead = gradient.add(velocity, alpha=self.momentum)
        matrix = ahead.reshape(len(ahead), -1)
        # Tall matrices move further, so that every output sees a step of the same size.
        stretch = max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5
        weight.mul_(1.0 - lr * weight_decay)
        weight.add_(orthogonalise(matrix).view_as(weight), alpha=-lr * stretch)


@dataclass(frozen=True)
class AdamW:
    """Loshchilov and Hutter 2019 (ICLR), "Decoupled weight decay regularization".

    Attributes:
        betas: Shares of the past mean and of the past mean square that are kept.
        epsilon: Added to the root of the mean square.
    """

    betas: tuple[float, float]
    epsilon: float = 1e-8

    def start(self, weight: torch.Tensor) -> dict[str, torch.Tensor]:
        return {
            "mean": torch.zeros_like(weight),
            "square": torch.zeros_like(weight),
            "steps": torch.zeros(()),
        }

    def move(
        self,
        weight: torch.Tensor,
        gradient: torch.Tensor,
        memory: dict[str, torch.Tensor],
        *,
        lr: float,
        weight_decay: float,
    ) -> None:
        first, second = self.betas
        steps = memory["steps"].add_(1).item()
        mean = memory["mean"].lerp_(gradient, 1 - first)
        square = memory["square"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
        root = (square / (1 - second**steps)).sqrt_().add_(self.epsilon)
        weight.mul_(1 - lr * weight_decay)
        weight.addcdiv_(mean, root, value=-lr / (1 - first**steps))


@dataclass(frozen=True)
class Sgd:
    """Gradient descent with Nesterov momentum; decay is coupled, as in the papers that use it.

    Attributes:
        momentum: Share of the past gradient that is kept.
    """

    momentum: float

    def start(self, weight: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"velocity": torch.zeros_like(weight)}

    def move(
        self,
        weight: torch.Tensor,
        gradient: torch.Tensor,
        memory: dict[str, torch.Tensor],
        *,
        lr: float,
        weight_decay: float,
    ) -> None:
        gradient = gradient.add(weight, alpha=weight_decay)
        velocity = memory["velocity"].mul_(self.momentum).add_(gradient)
        weight.add_(gradient.add(velocity, alpha=self.momentum), alpha=-lr)


def orthogonalise(matrix: torch.Tensor) -> torch.Tensor:
    """The nearest semi-orthogonal matrix, roughly: singular values end between about 0.7 and 1.2.

    Newton–Schulz iteration. Every iterate is a polynomial of the Gram matrix times the input, so
    the iteration runs on the small square Gram matrix alone and touches the input twice.

    Args:
        matrix: (rows, columns), floating point.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.mT
    unit = wide.to(torch.promote_types(wide.dtype, torch.float32))
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


@dataclass(frozen=True)
class _Moved:
    """A parameter with the rule that moves it and what the rule remembers."""

    name: str
    weight: nn.Parameter
    rule: Rule
    peak_lr: float
    weight_decay: float
    memory: dict[str, torch.Tensor]


class Optimiser:
    """Moves a network's parameters by the settings' rule, at a rate that scales, with L1.

    Weight decay and L1 act on tensors with two or more axes only; biases and normalisation scales
    have nothing to be shrunk for. With Muon, what is no inner weight (the first and last layer,
    vectors) is AdamW's. All memory is taken at the start.
    """

    def __init__(self, network: nn.Module, settings: OptimiserSettings) -> None:
        self._l1 = settings.l1 * settings.lr
        self._moved = _assigned(network, settings)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The parameters that are moved."""
        return [moved.weight for moved in self._moved]

    @torch.no_grad()
    def step(self, lr_scale: float) -> None:
        """Moves the weights by their gradients, at `lr_scale` times the peak rates."""
        for moved in self._moved:
            weight = moved.weight
            if weight.grad is None:
                continue
            lr, decay = moved.peak_lr * lr_scale, moved.weight_decay
            moved.rule.move(weight, weight.grad, moved.memory, lr=lr, weight_decay=decay)
            if self._l1 and weight.ndim > 1:
                weight.copy_(nn.functional.softshrink(weight, self._l1 * lr_scale))

    def clear(self) -> None:
        """Forgets the gradients."""
        for moved in self._moved:
            moved.weight.grad = None

    def tensors(self) -> dict[str, torch.Tensor]:
        """All that is remembered, as named tensors for a checkpoint."""
        return {
            f"{moved.name}/{name}": tensor
            for moved in self._moved
            for name, tensor in moved.memory.items()
        }

    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        """Takes over what `tensors` gave."""
        for name, tensor in self.tensors().items():
            tensor.copy_(tensors[name])


def _assigned(network: nn.Module, settings: OptimiserSettings) -> list[_Moved]:
    """Gives every parameter its rule and rates."""
    named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    weights = [weight for _, weight in named if weight.ndim > 1]
    # The first and the last layer meet pixels and classes, not hidden features.
    outer = {id(weight) for weight in (*weights[:1], *weights[-1:])}
    moved = []
    for name, weight in named:
        lr, rule = settings.lr, _rule(settings)
        if isinstance(rule, Muon) and (weight.ndim <= 1 or id(weight) in outer):
            lr, rule = settings.vector_lr, AdamW((0.9, 0.99))
        decay = settings.weight_decay if weight.ndim > 1 else 0.0
        moved.append(_Moved(name, weight, rule, lr, decay, rule.start(weight.detach())))
    return moved


def _rule(settings: OptimiserSettings) -> Rule:
    match settings.name:
        case "muon":
            return Muon(settings.momentum)
        case "adamw":
            return AdamW((settings.momentum, 0.99))
        case _:
            return Sgd(settings.momentum)
