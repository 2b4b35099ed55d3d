"""What is found wrong with one object, on a picture of 10 × 20 (height × width)."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.errors import LabelError
from segwright.formats import drawing as drawing_module
from segwright.formats.drawing import Drawing
from segwright.formats.faults import Fault
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygon, Polygons, Shape, region_of

SIZE_HW = (10, 20)
CLASSES = Classes.named(["background", "cell"], background=0)
Ring = list[tuple[float, float]]

NAN, INFINITE = float("nan"), float("inf")
SQUARE: Ring = [(2, 2), (8, 2), (8, 8), (2, 8)]


def _ring(vertices: Ring) -> np.ndarray:
    return np.array(vertices, dtype=np.float64).reshape(-1, 2)


def _polygon(*exteriors: Ring, holes: tuple[Ring, ...] = ()) -> Polygons:
    parts = [Polygon(_ring(one)) for one in exteriors]
    return Polygons((Polygon(parts[0].exterior, tuple(map(_ring, holes))), *parts[1:]))


def _read(shape: Shape) -> tuple[list[Fault], Drawing]:
    faults: list[Fault] = []
    drawing = Drawing(SIZE_HW, CLASSES, "all.json, a.png", faults.append, key="a")
    drawing.add(Instance(1, shape, name="annotation 7"))
    return faults, drawing


@pytest.mark.parametrize(
    ("shape", "kind", "text"),
    [
        (_polygon([(0, 0), (NAN, 0), (5, 5)]), "bad-coordinates", "vertex 1 is at x=nan, y=0"),
        (_polygon([(0, 0), (5, INFINITE), (5, 5)]), "bad-coordinates", "y=inf"),
        (_polygon([(0, 0), (5, 0), (5, 1e9)]), "bad-coordinates", "vertex 2 is at x=5, y=1e.09"),
        (_polygon([(0, 0), (41, 0), (5, 5)]), "bad-coordinates", "far outside"),
        (_polygon([(20, 0), (30, 0), (30, 5)]), "wholly-outside", "x 20 … 30, y 0 … 5"),
        (_polygon([(0, -5), (5, -5), (5, 0)]), "wholly-outside", "10×20"),
        (_polygon([]), "too-few-vertices", "0 vertices"),
        (_polygon([(1, 1), (5, 5)]), "too-few-vertices", "2 vertices, 2 of them distinct"),
        (_polygon([(1, 1), (5, 5), (1, 1), (5, 5)]), "too-few-vertices", "4 vertices, 2 of them"),
        (_polygon([(1, 1)] * 5), "too-few-vertices", "5 vertices, 1 of them"),
        (_polygon(SQUARE, holes=([(3, 3), (4, 4)],)), "too-few-vertices", "2 vertices"),
        (Polygons(()), "empty-shape", "without any vertex"),
        (RunLengths((10, 20), np.array([200])), "empty-shape", "no pixel"),
        (_polygon(SQUARE, holes=(SQUARE,)), "empty-shape", "no pixel"),
        (RunLengths((20, 10), np.array([0, 200])), "bad-rle", "20×10, but the picture has 10×20"),
        (Box(5, 2, 5, 8), "bad-box", "width 0 and height 6"),
        (Box(5, 8, 9, 2), "bad-box", "height -6"),
        (Box(5, 2, NAN, 8), "bad-coordinates", "nan"),
        (Box(25, 2, 28, 8), "wholly-outside", "x 25 … 28"),
    ],
)
def test_unusable(shape: Shape, kind: str, text: str) -> None:
    faults, drawing = _read(shape)
    assert [one.kind for one in faults] == [kind]
    assert text.replace("1e.09", "1e+09") in faults[0].problem
    assert (faults[0].where, faults[0].key) == ("all.json, a.png, annotation 7", "a")
    assert faults[0].how_bad == "error"
    assert drawing.instances().objects == ()
    with pytest.raises(LabelError, match=r"all\.json, a\.png, annotation 7: "):
        Drawing(SIZE_HW, CLASSES, "all.json, a.png").add(Instance(1, shape, name="annotation 7"))


@pytest.mark.parametrize(
    ("shape", "kind", "text"),
    [
        (_polygon([(-3, 2), (4, 2), (4, 6)]), "outside-image", "reaches 3 pixels outside"),
        (_polygon([(15, 2), (24.5, 2), (15, 6)]), "outside-image", "reaches 4.5 pixels"),
        (_polygon(SQUARE, [(22, 2), (24, 2), (24, 4)]), "outside-image", "x 2 … 24"),
        (Box(-2, 0, 5, 5), "outside-image", "reaches 2 pixels"),
        (_polygon([(2, 2), (8, 8), (8, 2), (2, 8)]), "self-crossing", "at x=5, y=5"),
        (_polygon([(2.1, 2.1), (2.3, 2.1), (2.3, 2.4)]), "tiny-shape", "near x=2.2"),
        (_polygon([(2, 2), (5, 5), (8, 8)]), "tiny-shape", "no pixel's centre"),
        (_polygon(SQUARE, holes=([(7, 3), (11, 3), (11, 5)],)), "hole-outside", "pixels of a hole"),
    ],
)
def test_doubtful(shape: Shape, kind: str, text: str) -> None:
    faults, drawing = _read(shape)
    assert [one.kind for one in faults] == [kind]
    assert text in faults[0].problem
    assert faults[0].how_bad == "warning"
    assert drawing.instances().objects[0].shape is shape
    silent = Drawing(SIZE_HW, CLASSES, "all.json")  # training reads on
    silent.add(Instance(1, shape))
    assert len(silent.instances().objects) == 1


@pytest.mark.parametrize(
    "shape",
    [
        _polygon(SQUARE),
        _polygon([*SQUARE, SQUARE[0]]),
        _polygon([(0, 0), (20, 0), (20, 10), (0, 10)]),
        _polygon([(-0.5, -0.5), (19.5, -0.5), (19.5, 9.5)]),  # counted from pixel centres
        _polygon(SQUARE, holes=([(3, 3), (5, 3), (5, 5)],)),
        _polygon(SQUARE, holes=(SQUARE[:3],)),  # touches the exterior
        Box(0, 0, 20, 10),
        RunLengths((10, 20), np.array([5, 10, 185])),
    ],
)
def test_sound(shape: Shape) -> None:
    faults, drawing = _read(shape)
    assert faults == []
    (region,) = drawing.instances().regions
    assert region.counts.tolist() == region_of(shape, SIZE_HW).counts.tolist()


def test_thin_holes_take_no_pixel_away() -> None:
    _, drawing = _read(_polygon(SQUARE, holes=([(4.1, 4.1), (4.3, 4.1), (4.3, 4.3)],)))
    assert drawing.instances().regions[0].area_px == 36


def test_a_hole_outside_the_picture_is_none() -> None:
    exterior: Ring = [(10, 0), (30, 0), (30, 10), (10, 10)]
    faults, drawing = _read(_polygon(exterior, holes=([(22, 2), (24, 2), (24, 4)],)))
    assert [one.kind for one in faults] == ["outside-image"]
    assert drawing.instances().regions[0].area_px == 100


def test_pixels_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Shape] = []

    def counted(shape: Shape, size_hw: tuple[int, int]) -> RunLengths:
        made.append(shape)
        return region_of(shape, size_hw)

    monkeypatch.setattr(drawing_module, "region_of", counted)
    monkeypatch.setattr("segwright.labels.instances.region_of", counted)
    _, drawing = _read(_polygon(SQUARE))
    assert drawing.instances().label_map().ids.sum() == 36
    assert len(made) == 1
