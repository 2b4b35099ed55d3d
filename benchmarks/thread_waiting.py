"""What spinning threads cost: a training step with and without GOMP_SPINCOUNT, idle and beside
another busy process.

The command line sets GOMP_SPINCOUNT=1000 unless it is set already; this is why.

    python benchmarks/thread_waiting.py
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys

_STEP = """
import time, torch
from segwright.models import build_model
net = build_model("fast", num_classes=11).to(memory_format=torch.channels_last)
x = torch.randn(4, 3, 288, 384).to(memory_format=torch.channels_last)
def step():
    net(x).logits.square().mean().backward()
step()
taken = []
for _ in range(5):
    begun = time.perf_counter(); step(); taken.append(time.perf_counter() - begun)
print(sorted(taken)[2])
"""
_BUSY = "while True: pass"


def median_step_s(spin: str | None) -> float:
    """Median of five steps in a fresh process."""
    environment = {k: v for k, v in os.environ.items() if k not in ("GOMP_SPINCOUNT",)}
    if spin is not None:
        environment["GOMP_SPINCOUNT"] = spin
    done = subprocess.run(
        [sys.executable, "-c", _STEP], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    print(f"{platform.platform()}, {os.cpu_count()} cores")
    print(f"{'beside it':>14}  {'default s/step':>14}  {'GOMP_SPINCOUNT=1000':>19}  {'ratio':>6}")
    for name, busy in (("nothing", 0), ("one busy loop", 1)):
        others = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(busy)]
        try:
            default, polite = median_step_s(None), median_step_s("1000")
        finally:
            for other in others:
                other.kill()
        print(f"{name:>14}  {default:14.3f}  {polite:19.3f}  {default / polite:6.2f}")


if __name__ == "__main__":
    main()
