"""What is lost when objects become masks in which a pixel belongs to one object."""

from __future__ import annotations

import numpy as np

from segwright.formats.lost import Losses
from segwright.labels.instances import Instances
from segwright.labels.shapes import Box, Polygons


def count_painted(labels: Instances, losses: Losses) -> np.ndarray:
    """Counts shapes that become pixels, scores, and pixels and objects that others hide.

    Returns:
        (N,) bool: which objects have a pixel left.
    """
    height, width = labels.size_hw
    times = np.zeros(height * width, np.uint32)
    for one, region in zip(labels.objects, labels.regions, strict=True):
        times[region.positions()] += 1
        losses.add("vertices", isinstance(one.shape, Polygons))
        losses.add("boxes", isinstance(one.shape, Box))
        losses.add("scores", one.score is not None)
    losses.add("overlap", int(np.count_nonzero(times > 1)))
    numbers = labels.numbers().ravel()
    present = np.bincount(numbers, minlength=len(labels.objects) + 1)[1:] > 0
    losses.add("hidden", int(np.count_nonzero(~present)))
    return present
