"""A contour as what is inside it, moved until it stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_ROWS_EACH = 512  # rows that are worth a thread


class Contour:
    """What is inside, with a frame of zeros around it: the level set of morphological evolution.

    Source: Márquez-Neila, Baumela and Alvarez 2014.

    Attributes:
        inside: (Y + 2, X + 2) uint8, 0 or 1.
    """

    def __init__(self, inside: np.ndarray) -> None:
        self.inside = np.pad(inside.astype(np.uint8), 1)
        self._spare = np.zeros_like(self.inside)
        self._opens_first = False

    @property
    def mask(self) -> np.ndarray:
        """(Y, X) uint8, 1 inside."""
        return self.inside[1:-1, 1:-1]

    def move(self, step: Callable[..., Any], *arguments: Any) -> None:
        """Applies a kernel that writes the new contour: `step(inside, *arguments, new, …)`."""
        from segwright.kernels import in_shares

        rows = len(self.inside) - 2
        in_shares(step, rows, self.inside, *arguments, self._spare, at_least=_ROWS_EACH)
        self.inside, self._spare = self._spare, self.inside

    def smooth(self) -> None:
        """Takes away what sticks out and fills what bends in, in turns which of them first."""
        from segwright.classical.active_contours.evolution_kernels import close_lines, open_lines

        steps = (open_lines, close_lines) if self._opens_first else (close_lines, open_lines)
        for step in steps:
            self.move(step)
        self._opens_first = not self._opens_first

    def settle(self, step: Callable[[], None], *, max_rounds: int) -> int:
        """Repeats a step until the contour stays.

        It stays if it is where it was one or two rounds before (smoothing alternates, so a contour
        at rest may do so too), or if the area inside is no other, on average over ten rounds, than
        over the ten before: by fewer pixels than one in 10,000.

        Args:
            step: Moves this contour.
            max_rounds: It is repeated at most so often.

        Returns:
            How often it was repeated.
        """
        earlier, before = None, self.inside.tobytes()
        areas: list[int] = []
        for done in range(1, max_rounds + 1):
            step()
            now = self.inside.tobytes()
            areas.append(int(np.count_nonzero(self.inside)))
            drift = abs(sum(areas[-10:]) - sum(areas[-20:-10])) / 10
            if now in (before, earlier) or (done >= 20 and drift < self.mask.size * 1e-4):
                return done
            earlier, before = before, now
        return max_rounds
