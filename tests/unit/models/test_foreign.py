from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from segwright.errors import UsageError
from segwright.models import SemanticOutput, adapt


class Returns(nn.Module):
    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value

    def forward(self, x: torch.Tensor) -> Any:
        return self.value


LOGITS, SIDE = torch.rand(1, 2, 4, 4), torch.rand(1, 2, 2, 2)


@pytest.mark.parametrize(
    ("returned", "auxiliary"),
    [
        (LOGITS, ()),
        (SemanticOutput(LOGITS, (SIDE,)), (SIDE,)),
        ({"out": LOGITS}, ()),
        ({"out": LOGITS, "aux": SIDE}, (SIDE,)),
    ],
)
def test_what_is_understood(returned: Any, auxiliary: tuple[torch.Tensor, ...]) -> None:
    output = adapt(Returns(returned))(torch.zeros(1, 3, 4, 4))
    assert isinstance(output, SemanticOutput)
    assert output.logits is LOGITS and output.auxiliary == auxiliary


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ([LOGITS], "list"),
        (LOGITS[0], "3 axes"),
        ({"logits": LOGITS}, "dict"),
        (None, "NoneType"),
    ],
)
def test_anything_else_is_named(returned: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        adapt(Returns(returned))(torch.zeros(1, 3, 4, 4))


def test_parameters_and_mode_are_the_wrapped_networks() -> None:
    inner = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Dropout(0.5))
    net = adapt(inner)
    assert list(map(id, net.parameters())) == list(map(id, inner.parameters()))
    net.eval()
    assert not inner[1].training
