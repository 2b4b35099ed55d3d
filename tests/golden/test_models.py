"""Logits of fixed networks on a fixed picture, so that no release changes them unnoticed.

Weights and picture come from a formula, not from a random generator: the numbers hold for any
version of torch. After a change that is meant to alter them, write them anew by running this file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from segwright.models import build_model

_FILE = Path(__file__).with_name("models.json")
_NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "unet": ("unet", {"base_width": 3, "depth": 3}),
    "unet-bilinear": ("unet", {"base_width": 3, "depth": 2, "up": "bilinear"}),
    "unet-plain": ("unet", {"base_width": 3, "depth": 2, "batch_norm": False}),
    "unet-resnet": ("unet", {"base_width": 2, "encoder": "test_resnet"}),
    "fcn-32s": ("fcn", {"variant": "32s", "encoder": "test_resnet", "hidden_width": 4}),
    "fcn-8s": ("fcn", {"variant": "8s", "encoder": "test_resnet", "hidden_width": 4}),
    "fcn-dilated": ("fcn", {"variant": "dilated", "encoder": "test_resnet", "auxiliary": True}),
}
_PLACES = ((0, 0), (0, 36), (9, 20), (22, 0), (22, 36))  # corners and inside of 23 × 37 pixels


def _wave(shape: torch.Size | tuple[int, ...], phase: float) -> torch.Tensor:
    count = int(torch.Size(shape).numel())
    return torch.sin(torch.arange(count, dtype=torch.float64) * 0.7310 + phase).reshape(shape)


@torch.no_grad()
def _logits(name: str) -> list[list[list[float]]]:
    """Values at `_PLACES` of the main and the side logits, per class."""
    model, settings = _NETWORKS[name]
    net = build_model(model, num_classes=3, in_channels=2, **settings).double().eval()
    for number, (key, tensor) in enumerate(sorted(net.state_dict().items())):
        if key.endswith("num_batches_tracked"):
            continue
        wave = _wave(tensor.shape, float(number))
        if tensor.ndim > 1:  # unit gain, whatever the width
            tensor.copy_(wave * (2.0 / (tensor.numel() / tensor.shape[0])) ** 0.5)
        else:
            tensor.copy_(0.1 * wave + (1.0 if key.endswith(("weight", "var")) else 0.0))
    output = net(_wave((1, 2, 23, 37), 0.5))
    return [
        [[round(float(logits[0, k, y, x]), 9) for y, x in _PLACES] for k in range(3)]
        for logits in (output.logits, *output.auxiliary)
    ]


@pytest.mark.parametrize("name", _NETWORKS)
def test_logits_are_as_recorded(name: str) -> None:
    expected = json.loads(_FILE.read_text())[name]
    torch.testing.assert_close(
        torch.tensor(_logits(name)), torch.tensor(expected), rtol=1e-5, atol=1e-7
    )


if __name__ == "__main__":
    recorded = {name: _logits(name) for name in _NETWORKS}
    _FILE.write_text(json.dumps(recorded, indent=1) + "\n")
