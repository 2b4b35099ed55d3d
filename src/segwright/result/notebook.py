"""A result as a notebook shows it."""

from __future__ import annotations

import base64
import html
import io

import numpy as np
from PIL import Image as PillowImage

from segwright.labels.label_map import LabelMap

_LONGEST_SIDE = 960


def as_png(picture: np.ndarray) -> bytes:
    """A (Y, X, 3) uint8 picture as PNG, shrunk to at most 960 pixels a side."""
    drawn = PillowImage.fromarray(picture)
    drawn.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), PillowImage.Resampling.BOX)
    file = io.BytesIO()
    drawn.save(file, "PNG")
    return file.getvalue()


def as_html(picture: np.ndarray, labels: LabelMap) -> str:
    """A picture with a legend: the classes that occur, largest first, with their share."""
    areas = labels.area_px()
    total = max(1, int(areas.sum()))
    entries = "".join(
        _entry(
            labels.classes.names[class_id],
            labels.classes.colours[class_id],
            int(areas[class_id]) / total,
        )
        for class_id in np.argsort(-areas, kind="stable")
        if areas[class_id]
    )
    encoded = base64.b64encode(as_png(picture)).decode("ascii")
    height, width = labels.size_hw
    return (
        f'<figure style="margin:0"><img alt="Segmentation, {width} × {height} pixels" '
        f'style="max-width:100%" src="data:image/png;base64,{encoded}">'
        f'<figcaption style="font:13px sans-serif">{entries}</figcaption></figure>'
    )


def _entry(name: str, colour: tuple[int, int, int], fraction: float) -> str:
    red, green, blue = colour
    return (
        '<span style="white-space:nowrap;margin-right:1em">'
        f'<span style="display:inline-block;width:.9em;height:.9em;border:1px solid #8888;'
        f'vertical-align:-.1em;background:rgb({red},{green},{blue})"></span> '
        f"{html.escape(name)} {100 * fraction:.1f} %</span>"
    )
