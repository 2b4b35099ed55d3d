"""Student's t distribution, exact for any number of degrees of freedom, whole or not.

Source: the incomplete beta function by its continued fraction, NIST Digital Library of
Mathematical Functions, 8.17.22, evaluated by Lentz's method as modified by Thompson and Barnett
(J. Comput. Phys. 64, 1986).
"""

from __future__ import annotations

import math

_TINY = 1e-300


def student_cdf(t: float, degrees: float) -> float:
    """Share of the distribution below t.

    Args:
        t: Any number.
        degrees: Degrees of freedom, above 0.
    """
    # The smaller of the two tails is computed, so that it keeps its digits.
    tail = _incomplete_beta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2
    return 1 - tail if t > 0 else tail


def student_quantile(probability: float, degrees: float) -> float:
    """The t below which a share of the distribution lies.

    Args:
        probability: Above 0 and below 1.
        degrees: Degrees of freedom, above 0.
    """
    if probability < 0.5:
        return -student_quantile(1 - probability, degrees)
    low, high = 0.0, 1.0
    while student_cdf(high, degrees) < probability:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if student_cdf(middle, degrees) < probability:
            low = middle
        else:
            high = middle
    return high


def two_sided(t: float, degrees: float) -> float:
    """How probable a value at least as far from 0 as t is."""
    return min(1.0, 2 * student_cdf(-abs(t), degrees))


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # where the fraction of the other side converges quickly
        return 1 - _incomplete_beta(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(log_front + a * math.log(x) + b * math.log1p(-x)) / a
    return front / _continued_fraction(x, a, b)


def _continued_fraction(x: float, a: float, b: float) -> float:
    value = upper = 1.0
    lower = 0.0
    for step in range(1, 10_000):
        m = step // 2
        if step % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        lower = 1 / _off_zero(1 + term * lower)
        upper = _off_zero(1 + term / upper)
        value *= upper * lower
        if abs(upper * lower - 1) < 1e-15:
            break
    return value


def _off_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
