"""How sure the method was: whether that can be believed, and what follows from it."""

from __future__ import annotations

from html import escape

from segwright.evaluation.evaluation import Calibration, Evaluation
from segwright.evaluation.report.charts import Line, line_chart
from segwright.evaluation.tables import estimate_text, percent
from segwright.pages.markup import cells, head, section

_LISTED = 10
_ERRORS = (0.1, 0.05, 0.02, 0.01)
_WORTH_ANSWERING = 0.01  # of the pixels


def sureness_section(evaluation: Evaluation) -> str:
    """Reliability, what abstaining gives, and where to look first; empty without confidence."""
    if evaluation.calibration is None:
        return ""
    calibration = evaluation.calibration
    body = (
        f'<div class="charts">{_reliability(calibration)}{_coverage(calibration)}</div>'
        f'<div class="prose">{_abstaining(calibration)}</div>{_look_first(evaluation)}'
    )
    lead = (
        f"Calibration error {estimate_text(calibration.error)} %: how far what it says and how "
        "often it is right are apart, on average over pixels."
    )
    return section("How sure it is", body, lead=lead)


def _reliability(calibration: Calibration) -> str:
    steps = calibration.steps
    first, last = steps[0].confidence, steps[-1].confidence
    lines = [
        Line("as often right as it says", [(first, first), (last, last)], style="second"),
        Line("how often it is right, in %", [(s.confidence, s.accuracy) for s in steps], dots=True),
    ]
    return line_chart(
        [line for line in lines if len(line.points) > 1 or line.dots],
        label="Reliability: accuracy over confidence",
        x_label="how sure it says it is, 0 … 1",
        y_text=_in_percent,
    )


def _coverage(calibration: Calibration) -> str:
    points = [(100 * point.coverage, point.error) for point in reversed(calibration.coverage)]
    return line_chart(
        [Line("wrong among the answered pixels, in %", points)],
        label="Risk over coverage",
        x_label="share of pixels that are answered, the surest first, in %",
        y_text=_in_percent,
    )


def _abstaining(calibration: Calibration) -> str:
    """What thresholds give, as sentences."""
    everything = calibration.coverage[0]
    said = [f"{percent(everything.error)} % of all pixels are wrong."]
    for error in _ERRORS:
        point = calibration.reaching(error)
        if everything.error <= error:
            continue
        if point is None or point.coverage < _WORTH_ANSWERING:
            said.append(f"No confidence can be asked for that leaves {percent(error)} % wrong.")
            break
        said.append(
            f"At most {percent(error)} % are wrong where it is at least "
            f"{percent(point.confidence)} % sure, which are {percent(point.coverage)} % of "
            f"the pixels (predict --abstain {_cautious(point.confidence)})."
        )
    return f"<p>{escape(' '.join(said))}</p>"


def _cautious(confidence: float) -> str:
    """A threshold to type, never below the one that was measured."""
    return f"{min(1.0, -(-confidence * 10_000 // 1) / 10_000):.4g}"


def _look_first(evaluation: Evaluation) -> str:
    """The images of the lowest confidence; those are known without any label."""
    rows = "".join(
        f'<tr><th scope="row">{escape(image.key)}</th>'
        + cells(
            (
                percent(image.confidence or 0.0),
                "–" if image.mean_iou is None else percent(image.mean_iou),
            )
        )
        + "</tr>"
        for image in evaluation.least_sure()[:_LISTED]
    )
    columns = head("image to look at first", "sure on average %", "mean IoU %")
    return f'<div class="scroll"><table>{columns}<tbody>{rows}</tbody></table></div>'


def _in_percent(share: float) -> str:
    return f"{100 * share:.6g}"
