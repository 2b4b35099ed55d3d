"""Networks with shapes and no values, to look at before memory is given to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_DRAWS = frozenset({torch.Tensor.normal_, torch.Tensor.uniform_})


@contextmanager
def without_values() -> Iterator[None]:
    """Networks that are built inside have shapes, and neither memory nor first weights."""
    with torch.device("meta"), _NothingDrawn():
        yield


class _NothingDrawn(TorchFunctionMode):
    """Leaves out the drawing of first weights.

    On a tensor without memory nothing would be drawn anyway, but torch loads its compiler to find
    that out, which takes seconds.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func in _DRAWS:
            return args[0]
        return func(*args, **(kwargs or {}))
