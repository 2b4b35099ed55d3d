"""What makes labels better after any segmenter.

    Refine     an ordered row of steps; `apply(labelling, image)` gives better labels
    Labelling  the classes of an image's pixels, with probabilities where a method gives them
    STEPS      name → step: all there are

A step is a frozen pydantic model in a file of its own. Ignored pixels stay ignored. OpenCV and
numba are looked up when a step first needs them.
"""

from segwright.refine.labelling import Labelling
from segwright.refine.refine import STEPS, Refine
from segwright.refine.step import Step

__all__ = ["STEPS", "Labelling", "Refine", "Step"]
