"""Student's distribution against SciPy's."""

from __future__ import annotations

import pytest

from segwright.evaluation.student import student_cdf, student_quantile, two_sided

stats = pytest.importorskip("scipy.stats")


@pytest.mark.parametrize("degrees", [1, 2, 2.7, 4, 9, 30.5, 1000, 100_000])
def test_against_scipy(degrees: float) -> None:
    for probability in (0.01, 0.5, 0.9, 0.975, 0.9999):
        expected = stats.t.ppf(probability, degrees)
        assert student_quantile(probability, degrees) == pytest.approx(expected, rel=1e-8, abs=1e-9)
    for t in (-40.0, -3.0, -0.1, 0.0, 0.2, 2.5, 40.0):
        assert student_cdf(t, degrees) == pytest.approx(stats.t.cdf(t, degrees), rel=1e-8)
        expected = 2 * stats.t.sf(abs(t), degrees)
        assert two_sided(t, degrees) == pytest.approx(expected, rel=1e-8)
