"""Curves as polygons against their equations."""

from __future__ import annotations

import math

import numpy as np
import pytest

from segwright.labels.curves import box_ring, ellipse_ring, turned
from segwright.labels.polygon import rasterise


@pytest.mark.parametrize("radius", [0.01, 0.5, 3.0, 40.0, 2500.0])
def test_circle_stays_near(radius: float) -> None:
    ring = ellipse_ring((7.0, -3.0), (radius, radius)) - (7.0, -3.0)
    middles = (ring + np.roll(ring, -1, axis=0)) / 2
    for points in (ring, middles):  # the furthest from the curve, outside and inside
        assert np.abs(np.hypot(*points.T) - radius).max() < 0.1
    assert len(ring) < 400


@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, -200.0])
def test_ellipse_holds_the_pixels_of_its_equation(degrees: float) -> None:
    across, down = 31.0, 12.0
    region = rasterise([ellipse_ring((40.3, 42.7), (across, down), degrees=degrees)], (90, 80))
    y, x = np.mgrid[:90, :80] + 0.5
    turn = math.radians(degrees)
    u = (x - 40.3) * math.cos(turn) + (y - 42.7) * math.sin(turn)
    v = -(x - 40.3) * math.sin(turn) + (y - 42.7) * math.cos(turn)
    inside = np.hypot(u / across, v / down)
    clear = np.abs(inside - 1) * down > 0.1
    np.testing.assert_array_equal(region.mask()[clear], (inside < 1)[clear])
    assert clear.mean() > 0.98


def test_huge_and_endless_radii_end() -> None:
    assert len(ellipse_ring((0, 0), (1e12, 1.0))) == 16_384
    assert len(ellipse_ring((0, 0), (math.inf, math.nan))) == 8


def test_turned_clockwise_on_the_screen() -> None:
    ring = box_ring(0, 0, 4, 2)
    assert turned(ring, about_xy=(0, 0), degrees=90).tolist() == [[0, 0], [0, 4], [-2, 4], [-2, 0]]
    assert turned(ring, about_xy=(2, 1), degrees=-180).tolist() == [[4, 2], [0, 2], [0, 0], [4, 0]]
    corner = turned(ring, about_xy=(0, 0), degrees=30)[1]
    np.testing.assert_allclose(corner, (4 * math.cos(math.pi / 6), 2.0))
