"""Where the batch of a loss lies: all of it here, unless a subclass knows of other processes.

A loss is one number of the whole batch. What it adds up over pixels goes through `sum`, what it
sorts goes through `gather`; so it is the same number, with the same gradient, however the batch
is spread.
"""

from __future__ import annotations

from torch import Tensor


class Spread:
    """A batch that lies here as a whole."""

    def sum(self, *shares: Tensor) -> tuple[Tensor, ...]:
        """Sums over the batch of what was summed over the samples that are here.

        Each process keeps the gradient of its own share: added up over the processes they are
        the gradient of the whole.

        Args:
            shares: Of one dtype, any shapes; those are kept.
        """
        return shares

    def gather(self, share: Tensor) -> tuple[Tensor, slice]:
        """What all processes have, one after the other along the last axis, without a gradient.

        Args:
            share: (…, N) the values here; N may differ between processes.

        Returns:
            (…, total) values, and where on the last axis those given here are.
        """
        return share.detach(), slice(None)
