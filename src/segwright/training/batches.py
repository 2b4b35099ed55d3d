"""Batches as a pure function of the step.

Sample number n of a run is fixed by (seed, n): which image, where it is cropped and how it is
changed. Threads and processes only decide when and where a sample is made, so their numbers do
not change it, and a resumed run continues with the very next sample.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import torch

from segwright.dataset import Sample
from segwright.plan import Plan
from segwright.segmenter import Preparation
from segwright.training.distributed import ALONE, World
from segwright.transforms import Augmentation, CropFocus


@dataclass(frozen=True)
class Batch:
    """What one optimiser step learns from.

    Attributes:
        images: (B, C, Y, X) float32, normalised, channels-last in memory.
        targets: (B, Y/s, X/s) int64 class ids for a loss stride s.
        keys: Names of the samples.
    """

    images: torch.Tensor
    targets: torch.Tensor
    keys: tuple[str, ...]

    def parts(self, count: int) -> Iterator[Batch]:
        """The batch in `count` pieces whose sizes differ by one at most, if it has the samples."""
        size = len(self.keys)
        count = min(count, size)
        ends = [-(-size * number // count) for number in range(count + 1)]
        for start, end in pairwise(ends):
            piece = slice(start, end)
            yield Batch(self.images[piece], self.targets[piece], self.keys[piece])


class BatchStream:
    """The endless row of training batches of a plan.

    Args:
        samples: The training images.
        plan: Seed, batch size, loss stride, number of threads.
        preparation: Turns augmented pixels into what the network sees.
        augmentation: Makes, for a full scale (255, 65535 or 1), what cuts and changes crops.
        focus: Where crops are centred.
        world: The processes that share each batch; this one makes its share only.

    Raises:
        UsageError: There are more processes than samples in a batch.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        *,
        plan: Plan,
        preparation: Preparation,
        augmentation: Callable[[float], Augmentation],
        focus: CropFocus,
        world: World = ALONE,
    ) -> None:
        self._share = world.share(plan.batch_size)
        self._samples = samples
        self._plan = plan
        self._preparation = preparation
        self._augmentation = cache(augmentation)
        self._focus = focus
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    def starting_at(self, step: int) -> Generator[Batch]:
        """Yields the batches of step `step`, `step` + 1 … without end.

        Close the generator (or let it go) to stop its threads.
        """
        workers = self._plan.workers
        if not workers:
            while True:
                yield self._batch(self._places(step))
                step += 1
        with ThreadPoolExecutor(workers, thread_name_prefix="batch") as pool:
            waiting: deque[Future[Batch]] = deque()
            try:
                while True:
                    while len(waiting) <= workers:  # one each, and one that is ready
                        places = self._places(step + len(waiting))
                        waiting.append(pool.submit(self._batch, places))
                    yield waiting.popleft().result()
                    step += 1
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _batch(self, places: list[tuple[int, int]]) -> Batch:
        # Samples are made where they stay: new memory and a copy would cost as much as a warp.
        stride, (height, width) = self._plan.input.loss_stride, self._plan.input.crop_hw
        pixels = np.empty((len(places), height, width, self._preparation.channels), np.float32)
        ids = np.empty((len(places), height // stride, width // stride), np.int64)
        keys = tuple(
            self._sample(*place, pixels=one, ids=its)
            for place, one, its in zip(places, pixels, ids, strict=True)
        )
        # (B, Y, X, C) in memory seen as (B, C, Y, X) is torch's channels-last, without a copy.
        return Batch(torch.from_numpy(pixels).permute(0, 3, 1, 2), torch.from_numpy(ids), keys)

    def _places(self, step: int) -> list[tuple[int, int]]:
        """(sample number, image index) of each sample of a step that is made here."""
        first = step * self._plan.batch_size
        numbers = range(first, first + self._plan.batch_size)[self._share]
        return [(n, self._index(n)) for n in numbers]

    def _index(self, number: int) -> int:
        """The image of sample `number`: each epoch is a fresh permutation of all images."""
        epoch, place = divmod(number, len(self._samples))
        if self._order[0] != epoch:
            shuffled = _rng(self._plan.seed, 1, epoch).permutation(len(self._samples))
            self._order = epoch, shuffled
        return int(self._order[1][place])

    def _sample(self, number: int, index: int, *, pixels: np.ndarray, ids: np.ndarray) -> str:
        """Makes sample `number` in its place of the batch and tells its name."""
        sample = self._samples[index]
        rng = _rng(self._plan.seed, 2, number)
        full_scale = sample.image.full_scale
        _, crop_ids = self._augmentation(full_scale).augment(
            self._preparation.channels_of(sample.image),
            sample.labels.ids,
            rng=rng,
            centre_yx=self._focus.pick(index, rng),
            out=pixels,
        )
        self._preparation.normalise(pixels, full_scale=full_scale)
        ids[...] = _thinned(crop_ids, self._plan.input.loss_stride, rng)
        return sample.key


def _thinned(ids: np.ndarray, stride: int, rng: np.random.Generator) -> np.ndarray:
    """Every `stride`-th label along each axis, from a corner that is drawn.

    The label compared with a cell of stride × stride pixels is a random one of them: every pixel
    counts alike, and on average it lies in the middle of the cell, where the logit does.
    """
    top, left = rng.integers(stride, size=2)
    height, width = (side - side % stride for side in ids.shape)
    return ids[top : top + height : stride, left : left + width : stride]


def _rng(seed: int, purpose: int, number: int) -> np.random.Generator:
    """A generator that depends on its keys alone (counter-based: no stream is shared)."""
    return np.random.Generator(np.random.Philox(key=[seed, purpose << 56 | number]))
