"""Images as rows of photo, truth, prediction and errors."""

from __future__ import annotations

from collections.abc import Iterable

from segwright.evaluation.report.content import Panel, Report
from segwright.evaluation.report.pictures import (
    CONFUSED,
    INVENTED,
    MISSED,
    panel_pictures,
)
from segwright.labels.classes import Classes
from segwright.pages.markup import figure, legend, section

_PICTURE_SIDE = 560
_KINDS = {
    "worst": ("The worst images", "Where the method fails, worst first."),
    "median": ("The middle", "What to expect of an ordinary image."),
    "best": ("The best images", "What the method can do when all goes well."),
    "": ("Examples", ""),
}


def panel_sections(report: Report) -> str:
    """One section for each kind of panel there is."""
    parts = []
    for kind, (title, lead) in _KINDS.items():
        chosen = [panel for panel in report.panels if panel.kind == kind]
        if chosen:
            figures = "".join(_figure(panel, report.classes) for panel in chosen)
            parts.append(section(title, _legend(chosen, report.classes) + figures, lead=lead))
    return "\n".join(parts)


def _legend(panels: Iterable[Panel], classes: Classes) -> str:
    """The classes that can be seen in the panels, and the colours of errors."""
    seen = set[int]()
    for panel in panels:
        seen.update(panel.truth.area_px().nonzero()[0].tolist())
        seen.update(panel.predicted.area_px().nonzero()[0].tolist())
    seen.discard(-1 if classes.background is None else classes.background)
    keys = [(classes.colours[k], classes.names[k]) for k in sorted(seen)]
    if classes.background is None:
        keys.append((CONFUSED, "error"))
    else:
        keys += [(MISSED, "error: missed"), (INVENTED, "error: invented")]
        if len(classes) > 2:
            keys.append((CONFUSED, "error: other class"))
    return legend(keys)


def _figure(panel: Panel, classes: Classes) -> str:
    pictures = panel_pictures(
        panel.photo, panel.truth.ids, panel.predicted.ids, classes, max_side=_PICTURE_SIDE
    )
    names = ("photo", "truth", "prediction", "errors")
    return figure(dict(zip(names, pictures, strict=True)), panel.caption)
