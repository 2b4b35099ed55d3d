"""A data set's samples, in memory as far as it suffices."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from segwright.dataset import Dataset, Sample

_SHARE = 0.5  # of the free memory; the rest is for the network
_READERS = 2


class SampleStore(Sequence[Sample]):
    """Samples of a data set by index; what fits into memory is read once.

    Reading is safe from several threads.

    Args:
        dataset: Where the samples come from.
        room_bytes: Memory that may be filled; None for half of what is free now.
    """

    def __init__(self, dataset: Dataset, room_bytes: int | None = None) -> None:
        self.dataset = dataset
        self._room_bytes = _free_bytes() * _SHARE if room_bytes is None else room_bytes
        self._kept: dict[int, Sample] = {}

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Sample:  # pyright: ignore[reportIncompatibleMethodOverride]
        kept = self._kept.get(index)
        return self.dataset[index] if kept is None else kept

    def read_all(self) -> Iterator[Sample]:
        """Reads every sample once, in order, and keeps those that there is room for.

        Raises:
            DataError: An image or its labels cannot be used.
        """
        with ThreadPoolExecutor(_READERS, thread_name_prefix="read") as pool:
            waiting: deque[Future[Sample]] = deque()
            try:
                for index in range(len(self) + 2 * _READERS):
                    if index < len(self):
                        waiting.append(pool.submit(self.dataset.__getitem__, index))
                    if index >= 2 * _READERS and waiting:
                        sample = waiting.popleft().result()
                        self._keep(index - 2 * _READERS, sample)
                        yield sample
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _keep(self, index: int, sample: Sample) -> None:
        size = sample.image.pixels.nbytes + sample.labels.ids.nbytes
        if size <= self._room_bytes:
            self._room_bytes -= size
            self._kept[index] = sample


def _free_bytes() -> int:
    """Memory that is free now, as far as the system tells; else a cautious guess."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 2 * 2**30
