"""Run settings: views to average over, and what is refused."""

from __future__ import annotations

import pytest

from segwright.errors import UnknownNameError, UsageError
from segwright.segmenter.settings import RunSettings


def test_views_are_every_combination_of_flips_times_every_scale():
    settings = RunSettings(scale=0.5, flips=("x", "y"), scales=(1, 2))
    assert sorted(settings.views()) == [
        ((), 0.5),
        ((), 1.0),
        (("x",), 0.5),
        (("x",), 1.0),
        (("x", "y"), 0.5),
        (("x", "y"), 1.0),
        (("y",), 0.5),
        (("y",), 1.0),
    ]
    assert RunSettings().views() == [((), 1.0)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"overlap": 600}, "512"),
        ({"tile": 96, "overlap": 40}, "32 px"),
        ({"tile": 16}, "size_multiple"),
        ({"scale": 0}, "scale"),
        ({"scale": float("inf")}, "scale"),
        ({"scales": ()}, "scales"),
        ({"flips": ("x", "x")}, "once"),
        ({"flips": ("z",)}, "flips"),
        ({"precision": "float16"}, "float32"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_in_words(wrong, said):
    with pytest.raises(UsageError, match=said):
        RunSettings.checked(wrong)


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(UnknownNameError, match="'overlap'"):
        RunSettings.checked({"overlop": 3})
