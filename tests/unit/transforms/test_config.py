from __future__ import annotations

import pytest
from pydantic import ValidationError

from segwright.transforms import AugmentConfig


def test_off_by_default():
    assert AugmentConfig() == AugmentConfig.none()
    off = AugmentConfig()
    assert off.scale == (1, 1) and off.aspect == 1 and off.jpeg_quality is None


def test_every_field_is_documented():
    assert all(field.description for field in AugmentConfig.model_fields.values())


def test_round_trip():
    config = AugmentConfig.orientation_free(num_channels=1)
    assert AugmentConfig.model_validate_json(config.model_dump_json()) == config
    assert config.saturation == 0 and AugmentConfig.orientation_free().saturation > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"flip": 0.5}, "flip"),
        ({"scale": (2.0, 0.5)}, "smallest <= largest"),
        ({"scale": (0.0, 1.0)}, "0.01"),
        ({"elastic_px": 20, "elastic_spacing_px": 40}, "quarter"),
        ({"turn": 1.5}, "turn"),
        ({"noise": float("nan")}, "noise"),
    ],
)
def test_refuses(settings, message):
    with pytest.raises(ValidationError, match=message):
        AugmentConfig(**settings)


def test_frozen():
    with pytest.raises(ValidationError):
        AugmentConfig().turn = 0.5  # type: ignore[misc]
