"""What is done to a picture before a network sees it, in training and in use alike.

    Prepare   an ordered row of steps; `apply(image)` gives the picture that the network is shown
    STEPS     name → step: all there are

A step is a frozen pydantic model in a file of its own kind; it needs nothing but the picture, so
the same row gives the same pixels wherever it runs. OpenCV is looked up when a step first needs it.
"""

from segwright.prepare.prepare import STEPS, Prepare
from segwright.prepare.step import Step

__all__ = ["STEPS", "Prepare", "Step"]
