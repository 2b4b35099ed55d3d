"""Hand-crafted features of pixels and regions: arrays in, arrays out.

    FeatureStack   an ordered row of features; `describe(pixels)` gives (F, Y, X), `in_tiles` bands
    FEATURES       name → feature, what it tells, its source, its cost

A feature is a frozen object of settings in a file of its own kind. OpenCV and numba are looked up
when a feature first needs them.
"""

from segwright.features.catalog import FEATURES, FeatureEntry
from segwright.features.feature import Feature
from segwright.features.stack import FeatureStack
from segwright.features.view import View

__all__ = ["FEATURES", "Feature", "FeatureEntry", "FeatureStack", "View"]
