"""Decision trees as plain arrays: taken from scikit-learn, stored without pickle, walked fast.

Trees      the nodes of many trees
Forest     trees that vote: random forests, extra trees
Boosting   trees whose answers are summed: gradient boosting
"""

from segwright.classical.trees.arrays import Trees
from segwright.classical.trees.boosting import Boosting
from segwright.classical.trees.forest import Forest

__all__ = ["Boosting", "Forest", "Trees"]
