"""Scores with intervals, and the report that shows them."""

from segwright.evaluation.confusion import confusion_matrix
from segwright.evaluation.evaluation import ClassScore, Estimate, Evaluation, ImageScore
from segwright.evaluation.metrics.case import Tolerances
from segwright.evaluation.metrics.catalog import METRICS, chosen_metrics
from segwright.evaluation.report import Comparison, Panel, Report, write_report
from segwright.evaluation.scoring import ScoredPair, evaluate_pairs
from segwright.evaluation.segmenters import Method, evaluate_parts, picture_panels
from segwright.evaluation.written import WrittenMasks

__all__ = [
    "METRICS",
    "ClassScore",
    "Comparison",
    "Estimate",
    "Evaluation",
    "ImageScore",
    "Method",
    "Panel",
    "Report",
    "ScoredPair",
    "Tolerances",
    "WrittenMasks",
    "chosen_metrics",
    "confusion_matrix",
    "evaluate_pairs",
    "evaluate_parts",
    "picture_panels",
    "write_report",
]
