"""Charts: what they draw lies where it should."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from segwright.evaluation.evaluation import Estimate
from segwright.evaluation.report.charts import Line, heat_map, interval_bar, line_chart, nice_ticks


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 0.46, [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (1, 1037, [0, 250, 500, 750, 1000, 1250]),
        (0, 0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (3, 3, [3, 4, 5, 6]),
        (-2, 2, [-2, -1, 0, 1, 2]),
    ],
)
def test_ticks_are_round_and_cover_the_range(low, high, ticks):
    assert nice_ticks(low, high) == ticks


def test_ticks_of_any_range_hold_it():
    rng = np.random.default_rng(0)
    for _ in range(300):
        low = rng.normal() * 10 ** rng.uniform(-6, 6)
        high = low + 10 ** rng.uniform(-6, 6)
        ticks = nice_ticks(low, high)
        assert ticks[0] <= low + 1e-6 * (high - low) and ticks[-1] >= high - 1e-6 * (high - low)
        assert 3 <= len(ticks) <= 9


def test_interval_bar_places_value_and_ends():
    svg = ElementTree.fromstring(interval_bar(Estimate(value=0.5, low=0.25, high=0.625)))
    bar = svg.find("rect[@class='bar']")
    whisker = svg.find("line[@class='whisker']")
    assert bar.get("width") == "50.00%"
    assert (whisker.get("x1"), whisker.get("x2")) == ("25.00%", "62.50%")
    assert svg.get("aria-label") == "50.0 (25.0 – 62.5) %"


def test_interval_bar_without_interval_has_no_whisker():
    svg = ElementTree.fromstring(interval_bar(Estimate(value=1e-5)))
    assert svg.find("line") is None and svg.get("aria-label") == "<0.1 %"


def _chart(points, **settings):
    html = line_chart([Line("a<b", points, **settings)], label="x", x_label="step", y_text=str)
    return ElementTree.fromstring(html)


def test_line_chart_maps_values_to_places():
    root = _chart([(0.0, 0.0), (5.0, 0.5), (10.0, 1.0)])
    path = root.find(".//path[@class='line first']").get("d")
    places = [tuple(map(float, pair.split())) for pair in re.split("[ML]", path)[1:]]
    (x0, y0), (x1, y1), (x2, y2) = places
    assert x1 == pytest.approx((x0 + x2) / 2) and y1 == pytest.approx((y0 + y2) / 2)
    assert x0 < x2 and y0 > y2  # up is less in SVG
    assert "a<b" in "".join(root.itertext())


def test_many_points_become_few_means_within_a_band():
    rng = np.random.default_rng(0)
    root = _chart([(float(i), float(v)) for i, v in enumerate(rng.random(5000))])
    assert root.find(".//path[@class='line first']").get("d").count("L") < 200
    assert root.find(".//path[@class='band first']") is not None


def test_one_point_is_a_dot():
    assert len(_chart([(3.0, 0.5)]).findall(".//circle")) == 1


def test_heat_map_has_a_cell_for_every_pair_and_says_what_it_is():
    shares = np.array([[0.75, 0.25], [np.nan, np.nan]])
    root = ElementTree.fromstring(heat_map(shares, np.array([[3, 1], [0, 0]]), ["cat", "<dog>"]))
    titles = [title.text for title in root.iter("title")]
    assert titles == [
        "cat found: 75.0 %, 3 px",
        "cat taken for <dog>: 25.0 %, 1 px",
        "<dog>: no pixels in the truth",
        "<dog>: no pixels in the truth",
    ]
