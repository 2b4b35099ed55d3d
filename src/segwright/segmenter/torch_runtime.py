"""Runs a torch network on prepared pixels. The one module of this room that imports torch."""

from __future__ import annotations

import contextlib

import numpy as np

from segwright.errors import MissingDependencyError, NonFiniteError, UsageError

try:
    import torch
    from torch.nn import Module, functional
except ModuleNotFoundError as error:
    raise MissingDependencyError("torch", extra="train", purpose="running a network") from error

from segwright.models.outline import without_values as without_values  # for the store
from segwright.models.output import resize_logits


class TorchRuntime:
    """A network on a device: prepared pixels of any size in, class probabilities out.

    Args:
        model: Maps (B, C, Y, X) float32 to a `SemanticOutput`, or to (B, K, y, x) logits. It is
            moved to the device, in channels-last layout, and switched to evaluation when run.
        num_classes: K.
        device: "cpu", "cuda", "cuda:1", "mps" …
        precision: "float32", or "bfloat16" for automatic mixed precision.
        size_multiple: Input is extended to a multiple of this by mirroring.

    Raises:
        UsageError: The device is not here.
    """

    def __init__(
        self, model: Module, *, num_classes: int, device: str, precision: str, size_multiple: int
    ) -> None:
        self.device = _available(device)
        self.model = model.to(self.device).to(memory_format=torch.channels_last)
        self._num_classes = num_classes
        self._precision = precision
        self._size_multiple = size_multiple

    @torch.inference_mode()
    def probabilities(self, pixels: np.ndarray, *, scale: float) -> np.ndarray:
        """Class probabilities of a batch.

        Args:
            pixels: (B, C, Y, X) float32, prepared.
            scale: Size of what the network sees over the size of `pixels`.

        Returns:
            (B, K, Y, X) float32, sum 1 over K, whatever the scale and the network's stride.

        Raises:
            NonFiniteError: The network's output is not finite.
            UsageError: The network's output does not have K channels.
        """
        size_hw = pixels.shape[-2], pixels.shape[-1]
        if min(pixels.strides) < 0:  # a mirrored axis of one pixel, which counts as contiguous
            pixels = pixels.copy()
        # Resized before it is moved, so that every device sees the same pixels.
        seen = _resized(torch.from_numpy(pixels), scale)
        seen_hw = seen.shape[-2], seen.shape[-1]
        seen = mirrored(seen, self._size_multiple)
        logits = self._logits(seen.to(self.device, memory_format=torch.channels_last))
        logits = resize_logits(logits, (seen.shape[-2], seen.shape[-1]))
        logits = resize_logits(logits[..., : seen_hw[0], : seen_hw[1]], size_hw)
        return logits.softmax(1).cpu().numpy()

    def _logits(self, seen: torch.Tensor) -> torch.Tensor:
        """Runs the network; (B, K, y, x) float32 at its output stride."""
        if self.model.training:
            self.model.eval()
        mixed = (
            torch.autocast(self.device.type, dtype=torch.bfloat16)
            if self._precision == "bfloat16"
            else contextlib.nullcontext()
        )
        with mixed:
            output = self.model(seen)
        logits = (output if isinstance(output, torch.Tensor) else output.logits).float()
        if logits.ndim != 4 or logits.shape[1] != self._num_classes:
            raise UsageError(
                f"the network returned logits of shape {tuple(logits.shape)}; "
                f"accepted is (B, {self._num_classes}, y, x)",
                remedy="Build it with num_classes equal to the number of classes",
            )
        if not torch.isfinite(logits).all():
            raise NonFiniteError(
                f"the network's output is not finite in {self._precision}",
                remedy="Use precision='float32', or weights from an earlier checkpoint",
            )
        return logits


def mirrored(pixels: torch.Tensor, multiple: int) -> torch.Tensor:
    """Extends (…, Y, X) at the bottom and the right to multiples, repeating it back and forth."""
    for axis in (-2, -1):
        length = pixels.shape[axis]
        if length % multiple:
            # 0 1 2 | 2 1 0 | 0 1 2 …: defined for any length, 1 included.
            steps = torch.arange(-(-length // multiple) * multiple) % (2 * length)
            pixels = pixels.index_select(axis, torch.minimum(steps, 2 * length - 1 - steps))
    return pixels


def _resized(pixels: torch.Tensor, scale: float) -> torch.Tensor:
    """Bilinear resize by `scale`, averaging over what falls into a pixel when shrinking."""
    if scale == 1:
        return pixels
    size_hw = [max(1, round(length * scale)) for length in pixels.shape[-2:]]
    return functional.interpolate(
        pixels, size=size_hw, mode="bilinear", align_corners=False, antialias=True
    )


def device_kinds() -> tuple[str, ...]:
    """The kinds of device that this machine has, the fastest first; "cpu" is always the last."""
    here = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    return tuple(kind for kind, present in here.items() if present)


def _available(name: str) -> torch.device:
    """The device, once it is sure that this machine has it."""
    kinds = device_kinds()
    try:
        device = torch.device(name)
        if device.type in kinds and (device.index or 0) < _count(device.type):
            return device
    except RuntimeError:
        pass
    raise UsageError(
        f"device {name!r} is not available; here are: {', '.join(kinds)}",
        where="device",
        remedy=f"Use device={kinds[0]!r}",
    ) from None


def _count(kind: str) -> int:
    return torch.cuda.device_count() if kind == "cuda" else 1
