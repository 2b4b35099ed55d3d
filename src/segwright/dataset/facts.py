"""What can be measured about a dataset before anything is decided."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence, Sized

import numpy as np
from pydantic import BaseModel, ConfigDict

from segwright.dataset.sample import Sample
from segwright.errors import DataError, ImageError
from segwright.images.image import Image
from segwright.labels.label_map import LabelMap

_SAMPLED_PX = 16384
_WHITE_PERCENTILE = 99.9  # a few dead or saturated pixels do not count


class DatasetFacts(BaseModel):
    """What was measured.

    Attributes:
        num_images: Number of samples.
        size_hw_min: Smallest height and smallest width in pixels (of possibly different pictures).
        size_hw_median: Median height and median width, rounded down.
        size_hw_max: Largest height and largest width.
        channels: Channels of a picture; 3 where grey pictures stand among RGB ones.
        dtype: The widest dtype of the pixels.
        mean: Mean of every channel, in units of full scale (0 … 1 for integers).
        std: Standard deviation of every channel, in the same units.
        white: What the brightest parts of a picture reach, in the same units. 1 for 8 bits; the
            values of 16-bit and float pictures may use a small part of what their dtype holds, or
            have units of their own, so for these it is the median over the pictures of each
            one's 99.9th percentile of magnitudes (above 0).
        class_names: The classes, in the order of the three fields below.
        class_fraction: Share of every class among all pixels that are not ignored.
        images_with_class: Number of samples in which a class occurs.
        ignored_fraction: Share of ignored pixels among all.
        vertical_asymmetry: How differently classes lie in the upper and the lower halves of the
            pictures: total variation distance of their shares, 0 (alike) … 1. Upright scenes
            have a large one, pictures without an up nearly none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_images: int
    size_hw_min: tuple[int, int]
    size_hw_median: tuple[int, int]
    size_hw_max: tuple[int, int]
    channels: int
    dtype: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    white: float
    class_names: tuple[str, ...]
    class_fraction: tuple[float, ...]
    images_with_class: tuple[int, ...]
    ignored_fraction: float
    vertical_asymmetry: float


def measure_facts(
    dataset: Iterable[Sample], *, progress: Callable[[int, int], None] | None = None
) -> DatasetFacts:
    """Measures in one pass over the samples.

    Mean, deviation and white are taken over a regular grid of at most 16,384 pixels of every
    picture, so the result is the same every time; classes are counted over every pixel.

    Args:
        dataset: A Dataset, or samples that are in memory already.
        progress: Called with samples done and samples in all (0 if unknown) after each.

    Raises:
        DataError: No sample, or pictures whose channels do not go together.
        ImageError: Pixels that are not finite.
    """
    total = len(dataset) if isinstance(dataset, Sized) else 0
    tally: _Tally | None = None
    for done, sample in enumerate(dataset, start=1):
        tally = tally or _Tally(sample)
        tally.add(sample)
        if progress is not None:
            progress(done, total)
    if tally is None:
        raise DataError("no sample to measure", remedy="Give a dataset with at least one picture")
    return tally.facts()


def nothing_to_learn(class_names: Sequence[str], amounts: Sequence[float]) -> DataError | None:
    """Why nothing can be learned from labels, for whoever asks: a check, or training itself.

    Args:
        class_names: The classes.
        amounts: How much the training labels hold of each, in any unit; 0 for nothing.

    Returns:
        What to raise or tell; None if at least two classes are there.
    """
    held = [name for name, amount in zip(class_names, amounts, strict=True) if amount]
    if len(held) > 1:
        return None
    if held:
        problem = f"the training labels hold the class {held[0]!r} and no other"
        remedy = "Check that these are the right labels; with one class there is nothing to learn"
    else:
        problem = "every pixel of the training labels is ignored"
        remedy = "Label something, and check what is declared as ignored"
    return DataError(problem, where="all training labels", remedy=remedy)


class _Tally:
    """Running sums over samples."""

    def __init__(self, first: Sample) -> None:
        self.classes = first.labels.classes
        self.channels = first.image.num_channels
        self.first = first
        self.sizes_hw: list[tuple[int, int]] = []
        self.dtype = first.image.pixels.dtype
        self.sampled = 0
        self.sums = np.zeros(self.channels)
        self.squares = np.zeros(self.channels)
        self.whites: list[float] = []
        self.area_px = np.zeros(len(self.classes), dtype=np.int64)
        self.images_with_class = np.zeros(len(self.classes), dtype=np.int64)
        self.upper_px = np.zeros(len(self.classes), dtype=np.int64)

    def add(self, sample: Sample) -> None:
        image = sample.image
        self._widen(sample)
        self.sizes_hw.append(image.size_hw)
        self.dtype = np.result_type(self.dtype, image.pixels.dtype)
        values = _grid(image)  # (P, C) in units of full scale
        sums, squares = values.sum(axis=0), np.einsum("pc,pc->c", values, values)
        if not np.isfinite(squares).all():
            raise ImageError(
                "has pixels that are not finite numbers",
                where=image.source or sample.key,
                remedy="Replace NaN and infinity by a value",
            )
        self.sampled += len(values)
        self.sums += sums  # one channel of a grey picture adds to all three
        self.squares += squares
        if image.pixels.dtype != np.uint8:
            self.whites.append(float(np.percentile(np.abs(values), _WHITE_PERCENTILE)))
        area_px = sample.labels.area_px()
        self.area_px += area_px
        self.images_with_class += area_px > 0
        upper = LabelMap(sample.labels.ids[: image.size_hw[0] // 2], self.classes)
        self.upper_px += upper.area_px()

    def _widen(self, sample: Sample) -> None:
        """Takes grey pictures among RGB ones as RGB; refuses any other mixture."""
        channels = sample.image.num_channels
        if channels == self.channels or (channels == 1 and self.channels == 3):
            return
        if channels == 3 and self.channels == 1:
            self.channels = 3
            self.sums, self.squares = np.repeat(self.sums, 3), np.repeat(self.squares, 3)
            return
        raise DataError(
            f"{sample.key} has {channels} channels, {self.first.key} has {self.channels}",
            remedy="Give all pictures of a dataset the same channels",
        )

    def facts(self) -> DatasetFacts:
        sizes_hw = np.asarray(self.sizes_hw)
        mean = self.sums / self.sampled
        variance = (self.squares / self.sampled - mean**2).clip(min=0)
        labelled = int(self.area_px.sum())
        pixels = int(sizes_hw.prod(axis=1).sum())
        return DatasetFacts(
            num_images=len(sizes_hw),
            size_hw_min=_pair(sizes_hw.min(axis=0)),
            size_hw_median=_pair(np.median(sizes_hw, axis=0)),
            size_hw_max=_pair(sizes_hw.max(axis=0)),
            channels=self.channels,
            dtype=self.dtype.name,
            mean=tuple(mean.tolist()),
            std=tuple(np.sqrt(variance).tolist()),
            white=float(np.median([white for white in self.whites if white > 0] or [1.0])),
            class_names=self.classes.names,
            class_fraction=tuple((self.area_px / max(labelled, 1)).tolist()),
            images_with_class=tuple(self.images_with_class.tolist()),
            ignored_fraction=1 - labelled / pixels,
            vertical_asymmetry=_distance(self.upper_px, self.area_px - self.upper_px),
        )


def _grid(image: Image) -> np.ndarray:
    """Pixels on a regular grid over the picture, (P, C) float64 in units of full scale."""
    height, width = image.size_hw
    step = math.ceil(math.sqrt(height * width / _SAMPLED_PX))
    grid = image.pixels[step // 2 :: step, step // 2 :: step]
    return grid.reshape(-1, image.num_channels).astype(np.float64) / image.full_scale


def _distance(counts: np.ndarray, others: np.ndarray) -> float:
    """Total variation distance of two distributions given as counts; 0 where one is empty."""
    if not counts.any() or not others.any():
        return 0.0
    return float(np.abs(counts / counts.sum() - others / others.sum()).sum() / 2)


def _pair(values: np.ndarray) -> tuple[int, int]:
    return int(values[0]), int(values[1])
