"""Mean-field inference in a fully connected conditional random field.

Every pair of pixels is joined. The energy of a labelling is the sum of -log p of each pixel's class
and, for each pair of pixels, of a penalty for their two classes times a kernel of the two pixels.
The distribution that is nearest to that of the field among those in which pixels are independent is
found by iterating

    q(i, k) ∝ p(i, k) · exp(- sum over l of penalty(k, l) · message(i, l))
    message(i, l) = sum over j ≠ i of kernel(i, j) · q(j, l) / sqrt(norm(i) · norm(j))

with norm(i) the sum of kernel(i, j) over all j, for each of two kernels: nearness alone, and
nearness in place and colour.

Source: P. Krähenbühl, V. Koltun, "Efficient inference in fully connected CRFs with Gaussian edge
potentials", NeurIPS 2011, arXiv 1210.5644; the symmetric normalisation as in their "Parameter
learning and convergent inference for dense random fields", ICML 2013.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.kernels import in_shares
from segwright.refine import mean_field_kernels as kernels
from segwright.refine.bilateral_grid import BilateralGrid
from segwright.refine.lanes import aligned

_SMALLEST = 1e-6  # a probability of 0 could never change
_NEVER = np.float32(-1e9)  # energy of lanes that are no class
_TAIL = 3.5  # standard deviations after which the smoothness kernel ends: exp(-6)
_WIDTHS = (4, 8, 16)  # a row of as many is a machine vector, and in one cache line


class Messages:
    """What every pixel hears from all others through one kernel.

    Args:
        weight: Factor of the messages.
        judged: (Y, X) bool; other pixels neither say nor hear anything.

    Attributes:
        given: (Y, X) float32 factor of what a pixel says.
        heard: (Y, X) float32 factor of the sums that it hears.
        own: (Y, X) float32 factor of what it so hears of itself, which is no message.
    """

    def __init__(self, weight: float, judged: np.ndarray) -> None:
        ones = np.zeros((*judged.shape, _WIDTHS[0]), np.float32)
        ones[..., 0] = 1
        norm = self.sums(ones, judged.astype(np.float32))[..., 0]
        self.given = np.where(judged, 1 / np.sqrt(np.maximum(norm, 1e-6)), 0).astype(np.float32)
        self.heard = np.float32(weight) * self.given
        self.own = (self.heard * self.given * self.of_itself).astype(np.float32)

    of_itself: np.ndarray | float
    """(Y, X) value of the kernel for a pixel and itself."""

    def sums(self, values: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """(Y, X, L) sums of kernel · scale · values over all pixels, each itself included."""
        raise NotImplementedError


class Appearance(Messages):
    """The kernel of place and colour; see `BilateralGrid`."""

    def __init__(
        self, weight: float, judged: np.ndarray, colours: np.ndarray, *, sigma_px: float
    ) -> None:
        self._grid = BilateralGrid(colours, sigma_px)
        self.of_itself = self._grid.own
        super().__init__(weight, judged)

    def sums(self, values: np.ndarray, scale: np.ndarray) -> np.ndarray:
        return self._grid.sums(values, scale)


class Smoothness(Messages):
    """The kernel of place alone: a Gaussian, summed along rows and then along columns."""

    def __init__(self, weight: float, judged: np.ndarray, *, sigma_px: float) -> None:
        reach = int(np.ceil(_TAIL * sigma_px))
        steps = np.arange(-reach, reach + 1)
        self._weights = np.exp(-(steps**2) / (2 * sigma_px**2)).astype(np.float32)
        self.of_itself = 1.0
        super().__init__(weight, judged)

    def sums(self, values: np.ndarray, scale: np.ndarray) -> np.ndarray:
        lanes, height = tuple(range(values.shape[-1])), len(values)
        between, smoothed = (aligned(values.size).reshape(values.shape) for _ in range(2))
        in_shares(kernels.smooth_along_x, height, lanes, values, scale, self._weights, between)
        in_shares(kernels.smooth_along_y, height, lanes, between, self._weights, smoothed)
        return smoothed


@dataclass(frozen=True, eq=False)
class Field:
    """A fully connected conditional random field over one image.

    Attributes:
        messages: Its kernels.
        penalties: (K, K) float32 penalty for class k beside class l; None is the Potts model: 1
            for different classes.
    """

    messages: list[Messages]
    penalties: np.ndarray | None = None

    def beliefs(self, probabilities: np.ndarray, iterations: int) -> np.ndarray:
        """Mean-field inference.

        Args:
            probabilities: (K, Y, X) float32 of the method.
            iterations: How often messages are sent.

        Returns:
            (K, Y, X) float32, sum 1 over K.
        """
        number = len(probabilities)
        logs = in_lanes(np.log(np.maximum(probabilities, np.float32(_SMALLEST))), fill=_NEVER)
        energy, beliefs = np.zeros_like(logs), np.empty_like(logs)
        rows, lanes = logs.shape[1], tuple(range(logs.shape[-1]))
        own = sum((one.own for one in self.messages), np.float32(0))
        in_shares(kernels.believe, rows, lanes, logs, energy, beliefs)
        for _ in range(iterations):
            for group, into in zip(beliefs, energy, strict=True):
                heard = tuple((one.sums(group, one.given), one.heard) for one in self.messages)
                if heard:
                    in_shares(kernels.add_up, rows, lanes, own, group, heard, into)
            # Under the Potts model penalties add up to a constant less what favours the own class.
            sent = energy if self.penalties is None else self._penalised(energy)
            in_shares(kernels.believe, rows, lanes, logs, sent, beliefs)
        return out_of_lanes(beliefs, number)

    def _penalised(self, messages: np.ndarray) -> np.ndarray:
        assert self.penalties is not None
        number = len(self.penalties)
        heard = out_of_lanes(messages, number)
        return in_lanes(-np.tensordot(self.penalties, heard, axes=1), fill=np.float32(0))


def in_lanes(planes: np.ndarray, *, fill: np.float32) -> np.ndarray:
    """(K, Y, X) as (N, Y, X, L) float32 with N · L ≥ K, the classes of a pixel side by side."""
    number, *size_hw = planes.shape
    length = next((width for width in _WIDTHS if number <= width), _WIDTHS[-1])
    groups = -(-number // length)
    lanes = np.full((groups, *size_hw, length), fill, np.float32)
    for k in range(number):
        lanes[k // length, ..., k % length] = planes[k]
    return lanes


def out_of_lanes(lanes: np.ndarray, number: int) -> np.ndarray:
    """(N, Y, X, L) as (K, Y, X) float32."""
    length = lanes.shape[-1]
    return np.stack([lanes[k // length, ..., k % length] for k in range(number)])
