"""Charts as inline SVG; colours come from the page's style sheet, so they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from segwright.evaluation.evaluation import Estimate
from segwright.evaluation.tables import estimate_text, percent

_WIDTH, _HEIGHT = 520, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 14, 40
_MAX_POINTS = 160


def interval_bar(estimate: Estimate) -> str:
    """A score as a bar from 0 to 100 % with its interval as whiskers; any width, 18 px high."""
    value = _share(estimate.value)
    parts = [f'<rect class="bar" y="3" width="{value}" height="12" rx="2"/>']
    if estimate.low is not None and estimate.high is not None:
        low, high = _share(estimate.low), _share(estimate.high)
        parts.append(f'<line class="whisker" x1="{low}" x2="{high}" y1="9" y2="9"/>')
        parts += [
            f'<line class="whisker" x1="{end}" x2="{end}" y1="5" y2="13"/>' for end in (low, high)
        ]
    label = f"{estimate_text(estimate)} %"
    return (
        f'<svg class="interval" width="100%" height="18" role="img" aria-label="{escape(label)}">'
        f'<rect class="track" y="3" width="100%" height="12" rx="2"/>{"".join(parts)}</svg>'
    )


def _share(value: float) -> str:
    return f"{100 * value:.2f}%"


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes:
        name: For the legend.
        points: (x, y) by rising x, finite; more than a chart can show are averaged in runs, and
            their spread is shown as a band.
        style: Class of the style sheet: "first" or "second".
        dots: Whether each point gets a dot.
    """

    name: str
    points: Sequence[tuple[float, float]]
    style: str = "first"
    dots: bool = False


def line_chart(
    lines: Sequence[Line],
    *,
    label: str,
    x_label: str,
    y_text: Callable[[float], str],
    mark: tuple[float, float, str] | None = None,
) -> str:
    """Lines over a common x axis.

    Args:
        lines: What to draw; those without points are left out.
        label: What the chart shows, for readers who cannot see it.
        x_label: Name of the x axis.
        y_text: Writes a value of the y axis.
        mark: A point to point out (x, y, text).
    """
    reduced = [(line, *_reduced(line.points)) for line in lines if line.points]
    x_values = [x for line, *_ in reduced for x, _ in line.points]
    y_values = [y for _, means, _ in reduced for _, y in means]
    x_ticks, y_ticks = nice_ticks(min(x_values), max(x_values)), nice_ticks(0, max(y_values))
    if min(y_values) < 0:
        y_ticks = nice_ticks(min(y_values), max(y_values))
    scale = _Scale(min(x_values), max(x_values), y_ticks[0], y_ticks[-1])
    body = [_grid(scale, x_ticks, y_ticks, x_label, y_text)]
    for line, means, band in reduced:
        if band:
            body.append(f'<path class="band {line.style}" d="{scale.path(band)}Z"/>')
        body.append(f'<path class="line {line.style}" d="{scale.path(means)}"/>')
        if line.dots or len(means) == 1:
            body += [
                f'<circle class="dot {line.style}" cx="{scale.x(x)}" cy="{scale.y(y)}" r="2.4"/>'
                for x, y in means
            ]
    if mark is not None:
        body.append(_mark(scale, *mark))
    legend = "".join(
        f'<span class="key {line.style}">{escape(line.name)}</span>' for line, *_ in reduced
    )
    return (
        f'<div class="chart"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">{"".join(body)}</svg>'
        f'<p class="legend">{legend}</p></div>'
    )


def nice_ticks(low: float, high: float, *, about: int = 5) -> list[float]:
    """Round values, evenly spaced, the first at or below `low` and the last at or above `high`."""
    span = high - low
    if not span > 0:
        span = abs(high) or 1.0
        high = low + span
    raw = span / about
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


@dataclass(frozen=True)
class _Scale:
    """From values to places in the drawing; y values outside the axis are held at its ends."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float

    def x(self, value: float) -> float:
        span = (self.x_high - self.x_low) or 1.0
        return round(_LEFT + (value - self.x_low) / span * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        share = min(1.0, max(0.0, (value - self.y_low) / (self.y_high - self.y_low)))
        return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)

    def path(self, points: Sequence[tuple[float, float]]) -> str:
        return "M" + "L".join(f"{self.x(x)} {self.y(y)}" for x, y in points)


def _reduced(
    points: Sequence[tuple[float, float]],
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """At most `_MAX_POINTS` means of runs, and the outline of their spread (empty if all fit)."""
    if len(points) <= _MAX_POINTS:
        return list(points), []
    runs = np.array_split(np.asarray(points, float), _MAX_POINTS)
    means = [(float(run[:, 0].mean()), float(run[:, 1].mean())) for run in runs]
    spread = [np.quantile(run[:, 1], (0.1, 0.9)) for run in runs]
    upper = [(x, float(high)) for (x, _), (_, high) in zip(means, spread, strict=True)]
    lower = [(x, float(low)) for (x, _), (low, _) in zip(means, spread, strict=True)]
    return means, upper + lower[::-1]


def _grid(
    scale: _Scale,
    x_ticks: Sequence[float],
    y_ticks: Sequence[float],
    x_label: str,
    y_text: Callable[[float], str],
) -> str:
    left, right, bottom = _LEFT, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = []
    for tick in y_ticks:
        y = scale.y(tick)
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{y_text(tick)}</text>')
    for tick in x_ticks:
        if scale.x_low <= tick <= scale.x_high:
            x = scale.x(tick)
            text = f'<text x="{x}" y="{bottom + 17}" text-anchor="middle">{tick:,.10g}</text>'
            parts.append(text)
    middle = (left + right) / 2
    parts.append(
        f'<text class="axis" x="{middle}" y="{_HEIGHT - 5}" text-anchor="middle">'
        f"{escape(x_label)}</text>"
    )
    return "".join(parts)


def _mark(scale: _Scale, x: float, y: float, text: str) -> str:
    px, py = scale.x(x), scale.y(y)
    anchor = "end" if px > _WIDTH * 0.6 else "start"
    shift = -8 if anchor == "end" else 8
    text_y = py + 20 if py < _TOP + 16 else py - 9
    return (
        f'<circle class="mark" cx="{px}" cy="{py}" r="5"/>'
        f'<text class="mark" x="{px + shift}" y="{text_y}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def heat_map(shares: np.ndarray, pixels: np.ndarray, names: Sequence[str]) -> str:
    """A confusion matrix, every row as shares of its own truth.

    Args:
        shares: (K, K) float of 0 … 1, rows are the truth; NaN in rows without truth.
        pixels: (K, K) counts, told where the pointer rests.
        names: Of the K classes.
    """
    number = len(names)
    cell = 40 if number <= 12 else 28 if number <= 18 else 20
    longest = max(len(name) for name in names)
    margin = min(150, 24 + 7 * longest)
    top = margin * 0.72
    width, height = margin + number * cell + top * 0.75, top + number * cell + 6
    parts = []
    for row, name in enumerate(names):
        y = top + row * cell
        parts.append(
            f'<text x="{margin - 8}" y="{y + cell / 2 + 4}" text-anchor="end">'
            f"{escape(_short(name))}</text>"
        )
        x = margin + row * cell + cell / 2
        parts.append(
            f'<text transform="translate({x} {top - 7}) rotate(-45)">{escape(_short(name))}</text>'
        )
        parts += [
            _cell(shares, pixels, names, row, column, (margin + column * cell, y), cell)
            for column in range(number)
        ]
    return (
        f'<svg class="heat" viewBox="0 0 {width:.0f} {height:.0f}" style="max-width:{width:.0f}px;'
        f'min-width:{min(width, 30 * number + margin):.0f}px" role="img" '
        f'aria-label="Confusion matrix">{"".join(parts)}</svg>'
    )


def _cell(
    shares: np.ndarray,
    pixels: np.ndarray,
    names: Sequence[str],
    row: int,
    column: int,
    place: tuple[float, float],
    side: int,
) -> str:
    share, (x, y) = shares[row, column], place
    if np.isnan(share):
        kind, strength, told = "none", 0.0, f"{names[row]}: no pixels in the truth"
    else:
        kind = "right" if row == column else "wrong"
        strength = math.sqrt(share) if kind == "wrong" else share
        verb = "found" if row == column else f"taken for {names[column]}"
        told = f"{names[row]} {verb}: {percent(share)} %, {pixels[row, column]:,} px"
    text = ""
    if side >= 28 and not np.isnan(share) and share >= 0.005:
        tone = "on" if strength > 0.75 else "off"
        text = (
            f'<text class="{tone}" x="{x + side / 2 - 0.75}" y="{y + side / 2 + 4}" '
            f'text-anchor="middle">{100 * share:.0f}</text>'
        )
    rect = f'width="{side - 1.5}" height="{side - 1.5}" rx="3"'
    return (
        f'<g><title>{escape(told)}</title><rect class="empty" x="{x}" y="{y}" {rect}/>'
        f'<rect class="{kind}" x="{x}" y="{y}" {rect} fill-opacity="{strength:.3f}"/>{text}</g>'
    )


def _short(name: str) -> str:
    return name if len(name) <= 18 else name[:17] + "…"
