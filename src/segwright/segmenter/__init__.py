"""What users hold: image → prepare → run → decode → a result on the original pixel grid."""

from segwright.segmenter.net import NetSegmenter
from segwright.segmenter.preparation import Preparation
from segwright.segmenter.protocol import Segmenter
from segwright.segmenter.settings import RunSettings
from segwright.segmenter.store import load

__all__ = ["NetSegmenter", "Preparation", "RunSettings", "Segmenter", "load"]
