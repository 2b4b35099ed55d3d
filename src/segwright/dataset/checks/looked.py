"""Every picture with what was seen of it: what the findings are made from."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from segwright.dataset.checks import thumbnails
from segwright.dataset.checks.look import Look
from segwright.dataset.dataset import Dataset
from segwright.dataset.folds import ensure_split
from segwright.errors import SegwrightError
from segwright.formats.entry import Entry
from segwright.labels.classes import Classes


@dataclass(frozen=True, eq=False)
class Looked:
    """A dataset that was looked at.

    Attributes:
        dataset: The dataset.
        looks: What was seen of every picture, in its order.
    """

    dataset: Dataset
    looks: tuple[Look, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.dataset.entries

    @property
    def classes(self) -> Classes:
        return self.dataset.classes

    def place(self, index: int) -> str:
        """Where a picture lies, seen from the dataset's root."""
        image = self.entries[index].image
        root = self.dataset.root
        return image.relative_to(root).as_posix() if image.is_relative_to(root) else str(image)

    def labels_place(self, index: int) -> str:
        """Where the labels of a picture lie, seen from the dataset's root.

        A file that holds the labels of several pictures is told with the picture's key.
        """
        entry, root = self.entries[index], self.dataset.root
        path = entry.labels.paths[0]
        place = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
        return place if self._pictures_of[path] == 1 else f"{place}, {entry.key}"

    def placed(self, index: int) -> str:
        """A picture's place, with its split if the place does not say it."""
        place, split = self.place(index), self.entries[index].split
        told = split is None or any(split == part for part in place.split("/"))
        return place if told else f"{place} ({split})"

    def split(self, index: int) -> str | None:
        return self.entries[index].split

    @cached_property
    def _pictures_of(self) -> Counter[Path]:
        """How many pictures a label file is the first one of."""
        return Counter(entry.labels.paths[0] for entry in self.entries)

    @cached_property
    def used(self) -> np.ndarray:
        """(N,) bool: training reads the picture, to learn from it or to score itself by it."""
        splits = np.array([entry.split or "" for entry in self.entries])
        return (splits != "test") | (splits == "test").all()

    @cached_property
    def training(self) -> np.ndarray:
        """(N,) bool: training learns from the picture; as it divides them where nothing does."""
        divided = self.dataset
        with suppress(SegwrightError):  # which is a finding of its own
            divided, _ = ensure_split(self.dataset, seed=0)
        return np.array([entry.split in ("train", None) for entry in divided.entries], dtype=bool)

    @cached_property
    def unread(self) -> frozenset[str]:
        """Keys of the pictures that training does not read."""
        pairs = zip(self.entries, self.used.tolist(), strict=True)
        return frozenset(entry.key for entry, used in pairs if not used)

    @cached_property
    def thumbs(self) -> np.ndarray:
        """(N, 48, 48) float32 thumbnails; all 0 where there is none."""
        empty = np.zeros((thumbnails.SIDE, thumbnails.SIDE), dtype=np.float32)
        found = [
            empty if one.thumbnail is None or one.blank else thumbnails.unpacked(one.thumbnail)
            for one in self.looks
        ]
        return np.stack(found) if found else np.zeros((0, *empty.shape), dtype=np.float32)

    @cached_property
    def class_px(self) -> np.ndarray:
        """(N, K) int64 pixels of every class in every picture; 0 where labels are not readable."""
        nothing = (0,) * len(self.classes)
        counts = [nothing if one.class_px is None else one.class_px for one in self.looks]
        return np.array(counts, dtype=np.int64).reshape(len(counts), len(self.classes))

    @cached_property
    def labelled(self) -> np.ndarray:
        """(N,) bool: labels could be read and fit their picture."""
        return np.array([one.class_px is not None for one in self.looks], dtype=bool)
