"""The fully connected conditional random field ("dense CRF") as a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from segwright.errors import UsageError
from segwright.images.image import Image
from segwright.images.tones import tones
from segwright.refine.colour_cells import TooManyColours, principal
from segwright.refine.labelling import Labelling
from segwright.refine.step import Certainty, Step

_MARGIN = 3.0  # kernels beyond 3 standard deviations are below 0.011
_TILE = 12.0
_SMALLEST_TILE_PX = 64
_MOST_COLOURS = 3

_Tile = tuple[slice, slice]


class Crf(Step):
    """Lets pixels that are near each other and alike agree on a class.

    Every pixel hears from every other, the more the nearer it is and the more alike its colour
    (`edge_…`), and from those around it whatever their colour (`smooth_…`). See
    `segwright.refine.mean_field` for the model and its source. Settings that are tuned on
    validation images are better than any default.

    The sums over all pixels are approximated; `BilateralGrid` says how well. Of more than 3
    channels, the 3 principal components count. Images larger than 12 `edge_px` are worked on in
    tiles that overlap by 3 `edge_px` on each side; tiles with very many colours are halved.

    Attributes:
        edge_weight: Weight of what pixels of like colour say, 0 … 100.
        edge_px: How near is near among them: standard deviation in pixels, 2 … 500.
        edge_tone: How like is like: standard deviation of each channel in units of full scale,
            0.01 … 1.
        smooth_weight: Weight of what the pixels around say, 0 … 100.
        smooth_px: How near is near among them: standard deviation in pixels, 0.3 … 50.
        iterations: How often pixels hear from each other, 1 … 100.
        certainty: Probability of a pixel's class where the method gives none.
        penalties: For each class, what it costs beside each class, 0 … 100; None is 1 for different
            classes.
    """

    bare: ClassVar[tuple[str, ...]] = ("edge_weight", "edge_px", "edge_tone")
    search: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "edge_weight": (1.5, 3.0, 5.0, 10.0),
        "edge_tone": (0.02, 0.05, 0.1),
        "edge_px": (15.0, 30.0, 60.0, 120.0),
        "smooth_weight": (1.0, 3.0, 6.0),
        "smooth_px": (1.0, 3.0),
    }
    step: Literal["crf"] = "crf"
    edge_weight: float = Field(default=5.0, ge=0, le=100)
    edge_px: float = Field(default=60.0, ge=2, le=500)
    edge_tone: float = Field(default=0.05, ge=0.01, le=1)
    smooth_weight: float = Field(default=3.0, ge=0, le=100)
    smooth_px: float = Field(default=3.0, ge=0.3, le=50)
    iterations: int = Field(default=10, ge=1, le=100)
    certainty: Certainty = 0.9
    penalties: tuple[tuple[float, ...], ...] | None = None

    @model_validator(mode="after")
    def _square(self) -> Self:
        if self.penalties is not None:
            number = len(self.penalties)
            if any(len(row) != number for row in self.penalties):
                raise ValueError("penalties must have as many columns as rows, one for each class")
            if not all(0 <= one <= 100 for row in self.penalties for one in row):
                raise ValueError("each penalty must be 0 … 100")
        return self

    def apply(self, labelling: Labelling, image: Image) -> Labelling:
        """Raises UsageError where `penalties` is for another number of classes."""
        number = len(labelling.labels.classes)
        if self.penalties is not None and len(self.penalties) != number:
            raise UsageError(
                f"penalties are given for {len(self.penalties)} classes; there are {number}",
                where="refine: crf",
            )
        before = labelling.believed(self.certainty)
        colours = _colours(tones(image)) / np.float32(self.edge_tone)
        judged = ~labelling.ignored
        after = before.copy()
        if number > 1:
            tiles = list(self._tiles(image.size_hw))
            while tiles:
                tiles += self._worked_on(tiles.pop(), before, colours, judged, after)
        return labelling.with_probabilities(np.where(judged, after, before))

    def _worked_on(
        self,
        core: _Tile,
        before: np.ndarray,
        colours: np.ndarray,
        judged: np.ndarray,
        after: np.ndarray,
    ) -> list[_Tile]:
        """Writes a tile of `after`; returns its halves where it has too many colours for that."""
        if not judged[core].any():
            return []
        margin = int(np.ceil(_MARGIN * self._reach))
        seen = tuple(
            slice(max(0, side.start - margin), min(length, side.stop + margin))
            for side, length in zip(core, judged.shape, strict=True)
        )
        try:
            found = self._inferred(before[:, *seen], colours[seen], judged[seen])
        except TooManyColours:
            if halves := _halved(core, least=int(self._reach)):
                return halves
            raise
        inside = tuple(
            slice(c.start - s.start, c.stop - s.start) for c, s in zip(core, seen, strict=True)
        )
        after[:, *core] = found[:, *inside]
        return []

    @property
    def _reach(self) -> float:
        return max(self.edge_px, self.smooth_px)

    def _inferred(
        self, probabilities: np.ndarray, colours: np.ndarray, judged: np.ndarray
    ) -> np.ndarray:
        from segwright.refine.mean_field import Appearance, Field, Messages, Smoothness

        messages: list[Messages] = []
        if self.edge_weight:
            messages.append(Appearance(self.edge_weight, judged, colours, sigma_px=self.edge_px))
        if self.smooth_weight:
            messages.append(Smoothness(self.smooth_weight, judged, sigma_px=self.smooth_px))
        penalties = None if self.penalties is None else np.array(self.penalties, np.float32)
        return Field(messages, penalties).beliefs(probabilities, self.iterations)

    def _tiles(self, size_hw: tuple[int, int]) -> Iterator[_Tile]:
        """The tiles that an image is worked on in; of each, more is seen around it."""
        most = max(_SMALLEST_TILE_PX, int(_TILE * self._reach))
        cuts = [_cut(length, most) for length in size_hw]
        return (
            (slice(top, bottom), slice(left, right))
            for top, bottom in cuts[0]
            for left, right in cuts[1]
        )


def _cut(length: int, most: int) -> list[tuple[int, int]]:
    pieces = -(-length // most)
    ends = [length * piece // pieces for piece in range(pieces + 1)]
    return list(pairwise(ends))


def _halved(tile: _Tile, *, least: int) -> list[_Tile]:
    """The halves of a tile across its longer side; none where they would be too small."""
    longer = int(np.argmax([side.stop - side.start for side in tile]))
    side = tile[longer]
    middle = (side.start + side.stop) // 2
    if middle - side.start < max(1, least):
        return []
    first, second = slice(side.start, middle), slice(middle, side.stop)
    if longer == 0:
        return [(first, tile[1]), (second, tile[1])]
    return [(tile[0], first), (tile[0], second)]


def _colours(pixels: np.ndarray) -> np.ndarray:
    """(Y, X, C) as (Y, X, 1 … 3): the channels, or their principal components."""
    if pixels.shape[-1] <= _MOST_COLOURS:
        return pixels
    return principal(pixels)[..., -_MOST_COLOURS:]
