"""A data set's samples, in memory as far as it suffices."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from segwright.dataset import Dataset, Sample
from segwright.prepare import Prepare
from segwright.training.launch import Launch

_SHARE = 0.5  # of the free memory; the rest is for the network
_READERS = 2


class SampleStore(Sequence[Sample]):
    """Samples of a data set by index; what fits into memory is read once.

    Reading is safe from several threads.

    Args:
        dataset: Where the samples come from.
        room_bytes: Memory that may be filled; None for half of what is free now, which the
            processes of a training on this machine share.
        prepare: What is done to each picture, and to its labels with it, when it is read. Nothing
            for samples that are given to a segmenter, which prepares by itself.
    """

    def __init__(
        self, dataset: Dataset, room_bytes: int | None = None, *, prepare: Prepare | None = None
    ) -> None:
        self.dataset = dataset
        self.prepare = prepare or Prepare()
        if room_bytes is None:
            room_bytes = int(_free_bytes() * _SHARE / Launch.read().local_world_size)
        self._room_bytes = room_bytes
        self._kept: dict[int, Sample] = {}
        self._pixels_read = 0

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Sample:  # pyright: ignore[reportIncompatibleMethodOverride]
        kept = self._kept.get(index)
        return self._read(index) if kept is None else kept

    @property
    def mean_px(self) -> float:
        """Pixels of an image, on average; known once `read_all` is through."""
        return self._pixels_read / len(self)

    def read_all(self) -> Iterator[Sample]:
        """Reads every sample once, in order, and keeps those that there is room for.

        Raises:
            DataError: An image or its labels cannot be used.
        """
        with ThreadPoolExecutor(_READERS, thread_name_prefix="read") as pool:
            waiting: deque[Future[Sample]] = deque()
            try:
                self._pixels_read = 0
                for index in range(len(self) + 2 * _READERS):
                    if index < len(self):
                        waiting.append(pool.submit(self._read, index))
                    if index >= 2 * _READERS and waiting:
                        sample = waiting.popleft().result()
                        self._keep(index - 2 * _READERS, sample)
                        self._pixels_read += sample.labels.ids.size
                        yield sample
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _read(self, index: int) -> Sample:
        sample = self.dataset[index]
        image = self.prepare.apply(sample.image)
        labels = self.prepare.apply_to_labels(sample.labels, image)
        return replace(sample, image=image, labels=labels)

    def _keep(self, index: int, sample: Sample) -> None:
        size = sample.image.pixels.nbytes + sample.labels.ids.nbytes
        if size <= self._room_bytes:
            self._room_bytes -= size
            self._kept[index] = sample


def _free_bytes() -> int:
    """Memory that can be had now, as far as the system tells; else a cautious guess."""
    known = [found for found in (_available_bytes(), _left_to_container_bytes()) if found]
    return min(known, default=2 * 2**30)


def _available_bytes() -> int | None:
    """What Linux could give: free memory and the file cache; None elsewhere."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
    return None if found is None else int(found[1]) * 2**10


def _left_to_container_bytes() -> int | None:
    """What the container's limit (control group, version 2) leaves; None without a limit."""
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = ((group / f"memory.{name}").read_text() for name in ("max", "current"))
        return max(1, int(limit) - int(used))
    except (OSError, ValueError):  # "max" is no limit
        return None
