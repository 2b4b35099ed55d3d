"""K-means: a given number of colours that the pixels lie closest to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from segwright.classical.clustering.clusters import Clusters, Model, checked
from segwright.classical.method import Arrays


@dataclass(frozen=True)
class Centres:
    """Clusters that are given by their centres.

    Attributes:
        centres: (k, F) float32.
    """

    centres: np.ndarray

    def __len__(self) -> int:
        return len(self.centres)

    def assign(self, points: np.ndarray) -> np.ndarray:
        from segwright.classical.clustering.lloyd import nearest

        return nearest(points, self.centres)

    def arrays(self) -> dict[str, np.ndarray]:
        return {"centres": self.centres}


class KMeans(Clusters):
    """Gathers pixels around the centres that make the squared distances to them smallest.

    Distances are of colour in CIE L*a*b*, and by weight of texture and place. Centres are learned
    from a sample by Lloyd's algorithm, started by k-means++; then every pixel takes the nearest.

    Source: Lloyd 1982; Arthur & Vassilvitskii 2007.

    Example:
        >>> KMeans(clusters=6).segment(read_image("street.jpg")).overlay()
    """

    name: ClassVar[str] = "kmeans"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "clusters": (2, 4, 8, 16, 32, 64),
        "position": (0.0, 0.3, 1.0),
        "texture": (0.0, 1.0, 3.0),
    }

    def _model_of(self, points: np.ndarray, rng: np.random.Generator) -> Model:
        from segwright.classical.clustering.lloyd import centres_of

        return Centres(centres_of(points, self.clusters, rng))

    def _stored(self, arrays: Arrays, size: int) -> Model:
        return Centres(checked(arrays["centres"], (None, size)).astype(np.float32))
