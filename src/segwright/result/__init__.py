"""What segmenting an image gives: labels, scores and where they come from; shown and saved."""

from segwright.result.coco_file import CocoFile
from segwright.result.measure import RegionMeasure
from segwright.result.result import Result
from segwright.result.save import SAVED_AS, Saved

__all__ = ["SAVED_AS", "CocoFile", "RegionMeasure", "Result", "Saved"]
