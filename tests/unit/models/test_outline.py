"""Networks without values: the right shapes, no memory, and no compiler loaded to make them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from segwright.models import build_model
from segwright.models.outline import without_values

NETWORKS = {"fast": {}, "unet": {"encoder": "resnet18", "pretrained": False}}


@pytest.mark.parametrize("name", NETWORKS)
def test_shapes_are_those_of_the_real_network(name: str) -> None:
    sizes = {"num_classes": 3, "in_channels": 2}
    with without_values():
        outline = build_model(name, **sizes, **NETWORKS[name])
    assert all(tensor.is_meta for tensor in outline.parameters())
    real = build_model(name, **sizes, **NETWORKS[name])
    shapes = [{k: v.shape for k, v in net.state_dict().items()} for net in (outline, real)]
    assert shapes[0] == shapes[1]
    assert not any(tensor.is_meta for tensor in real.parameters())


def test_no_compiler_is_loaded() -> None:
    code = (
        "import sys\nfrom segwright.models import build_model\n"
        "from segwright.models.outline import without_values\n"
        "with without_values():\n    build_model('fast', num_classes=2, in_channels=1)\n"
        "print('torch._dynamo' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
