"""Losses of semantic networks, one per file, all under the same rules.

Shapes: logits (B, K, Y, X), target (B, Y, X) int64 with ids 0 … K-1 or `ignore_index`; the result
is a scalar. One channel of logits (K = 1) means two classes: the logit is the log-odds of class 1
against class 0, as if class 0 had the constant logit 0.

Ignored pixels take no part: neither in sums nor in counts. Where every pixel is ignored the loss
is 0 and its gradient is 0, never NaN.

Empty targets: the overlap losses (Dice, Jaccard, Tversky, Lovász) are means over the classes that
occur in the target of the batch. The score of an absent class would be 0 / 0 for a perfect
prediction and 0 for a single wrong pixel, so it says nothing; false alarms of that class still
cost, as they take probability from the classes that do occur.

Class weights multiply each pixel's term by the weight of its class (cross-entropy, focal) or each
class's term (the others), and the sum is divided by the sum of the weights that entered it.

Computation is in float32 at least, also under autocast.
"""

from segwright.losses.build import LOSSES, build_loss
from segwright.losses.cross_entropy import CrossEntropyLoss
from segwright.losses.dice import DiceLoss
from segwright.losses.focal import FocalLoss
from segwright.losses.jaccard import JaccardLoss
from segwright.losses.lovasz import LovaszLoss
from segwright.losses.pixel_loss import PixelLoss
from segwright.losses.sigmoid_cross_entropy import SigmoidCrossEntropyLoss
from segwright.losses.spread import Spread
from segwright.losses.tversky import TverskyLoss
from segwright.losses.weighted_sum import WeightedSum

__all__ = [
    "LOSSES",
    "CrossEntropyLoss",
    "DiceLoss",
    "FocalLoss",
    "JaccardLoss",
    "LovaszLoss",
    "PixelLoss",
    "SigmoidCrossEntropyLoss",
    "Spread",
    "TverskyLoss",
    "WeightedSum",
    "build_loss",
]
