"""One shape of a CVAT XML file to what is drawn, and back.

Coordinates are in pixels from the picture's upper left corner, angles in degrees clockwise. A mask
is a picture of a box, as the lengths of its runs row by row, background first.

Source: https://docs.cvat.ai/docs/other/xml_format (version 1.1).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from segwright.errors import LabelError
from segwright.formats.drawing import Drawing
from segwright.formats.lost import Losses
from segwright.formats.plain import single_ring
from segwright.formats.xml_text import holds
from segwright.labels.cropped import Cropped
from segwright.labels.curves import box_ring, ellipse_ring, turned
from segwright.labels.instances import Instance
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygon, Polygons, Shape

_WITHOUT_AREA = frozenset({"polyline", "points", "cuboid", "skeleton", "tag"})
_NUMBER = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*")
_COUNT = re.compile(r"\s*\d{1,10}\s*")


def read_shape(element: Element, name: str, drawing: Drawing) -> Shape | None:
    """The shape of one element, or None after a report.

    Args:
        element: A box, polygon, mask or ellipse; anything else is reported.
        name: What it is called in messages.
        drawing: The picture that it is drawn on.
    """
    kind = element.tag
    if kind in _WITHOUT_AREA:
        drawing.fault("not-an-area", f"a {kind}", "Draw its outline if it is an area", name=name)
        return None
    try:
        if kind not in _READERS:
            raise LabelError(f"a {kind!r:.40}", remedy=f"Accepted are {', '.join(_READERS)}")
        shape = _READERS[kind](element, drawing.size_hw)
    except LabelError as error:
        drawing.fault("bad-record", error.problem, error.remedy or "Redraw it", name=name)
        return None
    if kind == "ellipse" and isinstance(shape, Polygons):
        drawing.fault(
            "approximated",
            f"an ellipse becomes a polygon of {shape.num_vertices} vertices",
            "Nothing needs to be done",
            name=name,
        )
    return shape


def whole_number(element: Element, name: str, *, default: int | None = None) -> int:
    """A whole number among an element's attributes.

    Raises:
        LabelError: It is missing and has no default, or is no whole number.
    """
    text = element.get(name)
    if text is None and default is not None:
        return default
    if text is None or not re.fullmatch(r"\s*-?\d{1,15}\s*", text):
        raise LabelError(f"{name} is {text!r:.40}", remedy="Give it as a whole number")
    return int(text)


def _numbers(element: Element, *names: str) -> list[float]:
    texts = [element.get(name, "") for name in names]
    for name, text in zip(names, texts, strict=True):
        if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
            raise LabelError(f"{name} is {text!r:.40}", remedy="Give it as a number")
    return [float(text) for text in texts]


def _angle(element: Element) -> float:
    return _numbers(element, "rotation")[0] if element.get("rotation") else 0.0


def _polygon(element: Element, size_hw: tuple[int, int]) -> Shape:
    pairs = [pair.split(",") for pair in element.get("points", "").split(";")]
    for number, pair in enumerate(pairs):
        if len(pair) != 2 or not all(map(_NUMBER.fullmatch, pair)):
            raise LabelError(
                f"vertex {number} is {','.join(pair)!r:.40}", remedy="Give points as 'x,y;x,y;x,y'"
            )
    return Polygons((Polygon(np.array(pairs, dtype=np.float64)),))


def _box(element: Element, size_hw: tuple[int, int]) -> Shape:
    left, top, right, bottom = _numbers(element, "xtl", "ytl", "xbr", "ybr")
    if not (angle := _angle(element)):
        return Box(left, top, right, bottom)
    ring = box_ring(left, top, right, bottom)
    middle = (left + right) / 2, (top + bottom) / 2
    return Polygons((Polygon(turned(ring, about_xy=middle, degrees=angle)),))


def _ellipse(element: Element, size_hw: tuple[int, int]) -> Shape:
    x, y, across, down = _numbers(element, "cx", "cy", "rx", "ry")
    return Polygons((Polygon(ellipse_ring((x, y), (across, down), degrees=_angle(element))),))


def _mask(element: Element, size_hw: tuple[int, int]) -> Shape:
    left, top, width, height = (
        whole_number(element, name) for name in ("left", "top", "width", "height")
    )
    if min(width, height) < 1 or height > size_hw[0] or width > size_hw[1]:
        raise LabelError(
            f"a mask of {height}×{width} on a picture of {size_hw[0]}×{size_hw[1]} (height × "
            "width)",
            remedy="Check that it belongs to this picture",
        )
    texts = element.get("rle", "").split(",")
    odd = next((text for text in texts if not _COUNT.fullmatch(text)), None)
    if odd is not None:
        raise LabelError(
            f"a mask with the run length {odd!r:.40}", remedy="Give whole numbers between commas"
        )
    lengths = np.array(texts, dtype=np.int64)
    if lengths.max() > width * height or lengths.sum() != width * height:
        raise LabelError(
            f"run lengths cover {sum(map(int, texts))} pixels, but the mask has {width * height}",
            remedy="Give the runs of the box row by row, background first",
        )
    mask = np.repeat(np.arange(lengths.size) % 2 == 1, lengths).reshape(height, width)
    return Cropped(mask, left, top).placed(size_hw)


_READERS: Mapping[str, Callable[[Element, tuple[int, int]], Shape]] = {
    "polygon": _polygon,
    "box": _box,
    "mask": _mask,
    "ellipse": _ellipse,
}

AREAS = frozenset(_READERS)
"""The elements that are areas."""


def read_attributes(element: Element) -> dict[str, Any]:
    """What a shape says beside its label, its place and its layer, as plain values."""
    found: dict[str, Any] = {
        child.get("name", ""): child.text or ""
        for child in element
        if child.tag == "attribute" and child.get("name")
    }
    if element.get("occluded", "0") == "1":
        found["occluded"] = True
    group = element.get("group_id", "0")
    if re.fullmatch(r"\d{1,15}", group) and int(group):
        found["group_id"] = int(group)
    return found


def shape_element(parent: Element, one: Instance, region: RunLengths, *, losses: Losses) -> Element:
    """Writes one object, without its label, as a box, a polygon, or a mask of its pixels.

    Args:
        parent: The picture's element, of which it becomes a part.
        one: The object.
        region: Its pixels.
        losses: Is told of polygons that become pixels, and of attributes that are no plain text.
    """
    shape, known = one.shape, dict(one.attributes)
    common = {"source": "manual", "occluded": "1" if known.pop("occluded", None) is True else "0"}
    if isinstance(shape, Box):
        sides = {"xtl": shape.left, "ytl": shape.top, "xbr": shape.right, "ybr": shape.bottom}
        element = SubElement(parent, "box", common | {k: repr(float(v)) for k, v in sides.items()})
    elif isinstance(shape, Polygons) and single_ring(one):
        points = ";".join(f"{x!r},{y!r}" for x, y in shape.parts[0].exterior.tolist())
        element = SubElement(parent, "polygon", common | {"points": points})
    else:
        losses.add("vertices", int(isinstance(shape, Polygons)))
        element = SubElement(parent, "mask", common | _of_mask(Cropped.of(region)))
    element.set("z_order", str(one.layer))
    if type(group := known.get("group_id")) is int and group > 0:
        element.set("group_id", str(known.pop("group_id")))
    texts = {k: _text(v) for k, v in known.items() if isinstance(v, str | int | float)}
    texts = {k: v for k, v in texts.items() if k and holds(k) and holds(v)}
    losses.add("attributes", int(len(texts) < len(known)))
    for key, text in texts.items():
        SubElement(element, "attribute", {"name": key}).text = text
    return element


def _text(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_mask(cropped: Cropped) -> dict[str, str]:
    flat = cropped.mask.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    lengths = np.diff(changes, prepend=0, append=flat.size).tolist()
    if flat[0]:
        lengths.insert(0, 0)
    height, width = cropped.mask.shape
    return {
        "rle": ", ".join(map(str, lengths)),
        "left": str(cropped.left),
        "top": str(cropped.top),
        "width": str(width),
        "height": str(height),
    }
