"""Images as rows of photo, truth, prediction and errors."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from segwright.evaluation.report.content import Panel, Report
from segwright.evaluation.report.markup import section, swatch
from segwright.evaluation.report.pictures import (
    CONFUSED,
    INVENTED,
    MISSED,
    data_uri,
    panel_pictures,
)
from segwright.labels.classes import Classes

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
    items = "".join(f"<span>{swatch(colour)}{escape(name)}</span>" for colour, name in keys)
    return f'<p class="legend">{items}</p>'


def _figure(panel: Panel, classes: Classes) -> str:
    pictures = panel_pictures(
        panel.photo, panel.truth.ids, panel.predicted.ids, classes, max_side=_PICTURE_SIDE
    )
    height, width = pictures[0].shape[:2]
    cells = "".join(
        f'<div class="picture"><img tabindex="0" loading="lazy" decoding="async" width="{width}" '
        f'height="{height}" alt="{name}: {escape(panel.caption)}" src="{data_uri(picture)}">'
        f"<span>{name}</span></div>"
        for name, picture in zip(("photo", "truth", "prediction", "errors"), pictures, strict=True)
    )
    return (
        f'<figure><div class="pictures">{cells}</div>'
        f"<figcaption>{escape(panel.caption)}</figcaption></figure>"
    )
