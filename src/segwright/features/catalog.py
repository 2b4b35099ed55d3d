"""The one table of features of pixels: what there is, what it tells, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from segwright.features.colour import Colour
from segwright.features.feature import Feature
from segwright.features.gabor import Gabor
from segwright.features.gaussians import DifferenceOfGaussians, Gaussians, Laplacian
from segwright.features.glcm import CoOccurrence
from segwright.features.gradient import Gradient
from segwright.features.hessian import Hessian
from segwright.features.hog import OrientedGradients
from segwright.features.lbp import LocalBinaryPatterns
from segwright.features.position import Position
from segwright.features.statistics import Statistics
from segwright.features.structure_tensor import StructureTensor


@dataclass(frozen=True)
class FeatureEntry:
    """One feature of the table.

    Attributes:
        feature: Its settings, and what computes it.
        meaning: What it tells of a pixel, in one line.
        paper: Where it is from.
        cost: Seconds a megapixel of RGB with default settings on one core, roughly: "low" is under
            0.1, "middle" under 0.5, "high" above.
    """

    feature: type[Feature]
    meaning: str
    paper: str
    cost: str


FEATURES: Mapping[str, FeatureEntry] = {
    "colour": FeatureEntry(
        Colour,
        "Colour in RGB, HSV, Lab, Luv, YCbCr or opponent axes",
        "CIE 15:2004 (Lab, Luv); ITU-R BT.601 (YCbCr); van de Sande, Gevers & Snoek 2010",
        "low",
    ),
    "gaussian": FeatureEntry(
        Gaussians,
        "Brightness and colour of the surroundings at several scales",
        "Koenderink 1984: The structure of images",
        "middle",
    ),
    "difference": FeatureEntry(
        DifferenceOfGaussians,
        "Blobs and lines of one size: differences of Gaussians",
        "Marr & Hildreth 1980: Theory of edge detection",
        "low",
    ),
    "laplacian": FeatureEntry(
        Laplacian,
        "Brighter or darker than the surroundings, at several scales",
        "Lindeberg 1998: Feature detection with automatic scale selection",
        "low",
    ),
    "gradient": FeatureEntry(
        Gradient,
        "Edges: how steep the picture is, and in which direction",
        "Sobel & Feldman 1968; Scharr 2000; Lindeberg 1998",
        "low",
    ),
    "hessian": FeatureEntry(
        Hessian,
        "Lines and blobs: curvature across and along, ridgeness",
        "Lindeberg 1998: Edge detection and ridge detection with automatic scale selection",
        "low",
    ),
    "structure": FeatureEntry(
        StructureTensor,
        "Strength, alignment and orientation of the texture",
        "Förstner & Gülch 1987: A fast operator for detection and precise location",
        "middle",
    ),
    "gabor": FeatureEntry(
        Gabor,
        "Stripes of a width and a direction",
        "Jain & Farrokhnia 1991: Unsupervised texture segmentation using Gabor filters",
        "high",
    ),
    "lbp": FeatureEntry(
        LocalBinaryPatterns,
        "Shares of micro-patterns, whatever the brightness and the rotation",
        "Ojala, Pietikäinen & Mäenpää 2002: Multiresolution gray-scale and rotation invariant"
        " texture classification with local binary patterns",
        "middle",
    ),
    "glcm": FeatureEntry(
        CoOccurrence,
        "Contrast, homogeneity, energy … of neighbouring levels",
        "Haralick, Shanmugam & Dinstein 1973: Textural features for image classification",
        "high",
    ),
    "hog": FeatureEntry(
        OrientedGradients,
        "Shares of edge directions, whatever the contrast",
        "Dalal & Triggs 2005: Histograms of oriented gradients for human detection",
        "middle",
    ),
    "statistics": FeatureEntry(
        Statistics,
        "Mean, spread, extremes, median and entropy of windows",
        "Gonzalez & Woods: Digital image processing, chapter 12 (statistical texture)",
        "middle",
    ),
    "position": FeatureEntry(
        Position,
        "Where in the picture the pixel is",
        "Shotton et al. 2009: TextonBoost (location potentials)",
        "low",
    ),
}
