"""Where to cut: crop centres that bring up rare classes."""

from __future__ import annotations

import numpy as np

from segwright.errors import UsageError
from segwright.labels.classes import Classes


class CropFocus:
    """Chooses crop centres so that rare classes are seen more often than their area says.

    With probability `focus` a class that the image contains is drawn with a weight of
    frequency ** -power, where frequency is its share of all labelled pixels added, and one of
    its pixels is returned. Otherwise the crop may lie anywhere.

    Only up to `samples` pixels per class and image are kept, spread evenly over the class in
    reading order, so that the whole takes about 4 * samples bytes per class and image.

    Args:
        classes: The classes of the label maps.
        focus: Probability of choosing a centre, 0 … 1.
        power: 0 for all classes of an image alike, 1 for the inverse of their frequency.
        samples: Most pixels kept per class and image, at least 1.

    Raises:
        UsageError: A value is out of range.

    Example:
        >>> focus = CropFocus(Classes.named(["sky", "bird"]), focus=1.0, power=1.0)
        >>> ids = np.zeros((100, 100), np.uint8)
        >>> ids[40, 60] = 1
        >>> focus.add(ids)
        >>> picks = [focus.pick(0, np.random.default_rng(seed)) for seed in range(100)]
        >>> picks.count((40, 60)) > 90
        True
    """

    def __init__(
        self, classes: Classes, *, focus: float = 0.5, power: float = 0.5, samples: int = 64
    ) -> None:
        for name, value, accepted, fits in (
            ("focus", focus, "0 … 1", 0 <= focus <= 1),
            ("power", power, "0 … 4", 0 <= power <= 4),
            ("samples", samples, "1 or more", samples >= 1),
        ):
            if not fits:
                raise UsageError(f"{name} is {value!r}; accepted is {accepted}", where=name)
        self.classes = classes
        self.focus = focus
        self.power = power
        self.samples = samples
        self._area_px = np.zeros(len(classes), np.int64)
        self._widths: list[int] = []
        # Per image: class id → positions in the flattened label map.
        self._positions: list[dict[int, np.ndarray]] = []

    def __len__(self) -> int:
        return len(self._positions)

    def tuned(self, *, focus: float, power: float) -> CropFocus:
        """The same pixels with other settings; what was added is shared, not copied."""
        other = CropFocus(self.classes, focus=focus, power=power, samples=self.samples)
        other._area_px, other._widths = self._area_px, self._widths
        other._positions = self._positions
        return other

    def add(self, ids: np.ndarray) -> None:
        """Takes in the label map of the next image, (Y, X) of `classes.dtype`."""
        if ids.ndim != 2 or ids.dtype != self.classes.dtype:
            raise UsageError(
                f"ids are {ids.dtype.name} of shape {ids.shape}; accepted is "
                f"{self.classes.dtype.name} of shape (Y, X)"
            )
        flat = ids.ravel()
        area_px = np.bincount(flat, minlength=len(self.classes))[: len(self.classes)]
        dtype = np.uint32 if flat.size < 2**32 else np.uint64
        positions = {}
        for class_id in np.flatnonzero(area_px):
            found = np.flatnonzero(flat == class_id)
            kept = min(self.samples, len(found))
            # The middle of each of `kept` equal stretches.
            chosen = (2 * np.arange(kept) + 1) * len(found) // (2 * kept)
            positions[int(class_id)] = found[chosen].astype(dtype)
        self._area_px += area_px
        self._widths.append(ids.shape[1])
        self._positions.append(positions)

    def pick(self, index: int, rng: np.random.Generator) -> tuple[int, int] | None:
        """Chooses a centre in the `index`-th image added.

        Returns:
            Row and column of a pixel to show, or None for a crop anywhere (always so where the
            image has no labelled pixel).
        """
        positions = self._positions[index]
        if not positions or rng.random() >= self.focus:
            return None
        present = list(positions)
        frequency = self._area_px[present] / self._area_px.sum()
        weights = frequency**-self.power
        class_id = present[rng.choice(len(present), p=weights / weights.sum())]
        position = int(rng.choice(positions[class_id]))
        y, x = divmod(position, self._widths[index])
        return y, x
