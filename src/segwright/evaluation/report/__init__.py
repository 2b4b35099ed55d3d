"""One evaluation as one HTML page that needs no other file."""

from segwright.evaluation.report.content import Comparison, Panel, Report
from segwright.evaluation.report.write import write_report

__all__ = ["Comparison", "Panel", "Report", "write_report"]
