"""What classical_speed.py compares: our methods, and how users of other libraries do the same.

A row is a function of a `Scene`; it gives one `Pair` for each library that has the method.
"""

from classical_peers import clusters, edges, features, learned, regions, thresholds
from classical_peers.pair import Pair, Scene

__all__ = ["ROWS", "Pair", "Scene"]

ROWS = {
    **thresholds.ROWS,
    **edges.ROWS,
    **regions.ROWS,
    **clusters.ROWS,
    **learned.ROWS,
    **features.ROWS,
}
