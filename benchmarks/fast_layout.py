"""Where a CPU's arithmetic goes: training speed of convolutions by kind and resolution.

The layout of the network `fast` rests on this table: dense 3×3 convolutions at 1/8 and 1/16 of the
resolution run near the speed of the machine, depthwise ones and those at full resolution do not.

    python benchmarks/fast_layout.py [--batch 6] [--size 288x384]
"""

from __future__ import annotations

import argparse
import platform
import time
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Case:
    """One convolution: channels in and out, stride of its input to the picture, kernel, groups."""

    inputs: int
    outputs: int
    at: int
    kernel: int = 3
    groups: int = 1
    dilation: int = 1

    @property
    def name(self) -> str:
        kind = "depthwise" if self.groups > 1 else "dense"
        dilated = f" dilated {self.dilation}" if self.dilation > 1 else ""
        size = f"{self.kernel}×{self.kernel}"
        return f"{kind} {size}{dilated}, {self.inputs}→{self.outputs} at 1/{self.at}"


CASES = (
    Case(3, 32, 1),
    Case(32, 32, 2),
    Case(64, 64, 4),
    Case(128, 128, 8),
    Case(128, 128, 8, dilation=2),
    Case(128, 128, 16),
    Case(128, 128, 16, dilation=4),
    Case(128, 128, 8, kernel=1),
    Case(128, 128, 8, groups=128),
    Case(128, 128, 16, groups=128),
)


def gflops(case: Case, batch: int, size_hw: tuple[int, int], dtype: torch.dtype) -> float:
    """Arithmetic speed of forward and backward together, best of several, in GFLOP/s."""
    height, width = (side // case.at for side in size_hw)
    layer = nn.Conv2d(
        case.inputs,
        case.outputs,
        case.kernel,
        padding=case.dilation * (case.kernel // 2),
        dilation=case.dilation,
        groups=case.groups,
        bias=False,
    )
    layer = layer.to(dtype).to(memory_format=torch.channels_last)
    images = torch.randn(batch, case.inputs, height, width).to(dtype)
    images = images.to(memory_format=torch.channels_last).requires_grad_()
    gradient = torch.ones_like(layer(images))

    def step() -> float:
        begun = time.perf_counter()
        torch.autograd.grad(layer(images), [images, layer.weight], gradient)
        return time.perf_counter() - begun

    best = min(step() for _ in range(6))
    work = 3 * 2 * gradient.numel() * case.kernel**2 * case.inputs // case.groups
    return work / best / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=6)
    parser.add_argument("--size", default="288x384")
    options = parser.parse_args()
    height, width = (int(side) for side in options.size.split("x"))
    print(
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}, {options.batch} pictures of {height}×{width}"
    )
    print(f"{'GFLOP/s, forward and backward':40}  {'float32':>8}  {'bfloat16':>8}")
    for case in CASES:
        single = gflops(case, options.batch, (height, width), torch.float32)
        half = gflops(case, options.batch, (height, width), torch.bfloat16)
        print(f"{case.name:40}  {single:8.0f}  {half:8.0f}")


if __name__ == "__main__":
    main()
