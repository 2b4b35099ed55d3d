from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import segwright
from segwright.errors import UnknownNameError, UsageError
from segwright.models import CATALOG, architecture, build_model, describe_model

_SOURCE = Path(segwright.__file__).parents[1]


def test_the_facts_need_no_torch() -> None:
    code = (
        "import sys; from segwright.models import CATALOG, describe_model, architecture;"
        "[(describe_model(n), architecture(n)) for n in CATALOG];"
        "print([m for m in ('torch', 'timm', 'torchvision') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(_SOURCE)},
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", CATALOG)
def test_the_description_tells_every_setting(name: str) -> None:
    text = describe_model(name)
    entry = CATALOG[name]
    assert entry.summary in text and entry.use_when in text and entry.paper in text
    for setting, field in entry.config.model_fields.items():
        assert f"  {setting} (" in text
        assert field.description and field.description in text


def test_an_unknown_model_names_the_nearest() -> None:
    for call in (lambda: build_model("unett", num_classes=2), lambda: describe_model("unett")):
        with pytest.raises(UnknownNameError, match="Did you mean 'unet'"):
            call()


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"model 'unet'.*'base_widht'.*'base_width'"):
        build_model("unet", num_classes=2, base_widht=8)


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("unet", {"base_width": 0}, "base_width cannot be 0"),
        ("unet", {"depth": "deep"}, "depth cannot be 'deep'"),
        ("unet", {"up": "nearest"}, "'transposed' or 'bilinear'"),
        ("unet", {"dropout": 1.0}, "dropout cannot be 1.0"),
        ("unet", {"pretrained": True}, "set encoder to the name of a timm encoder"),
        ("fcn", {"variant": "4s"}, "variant cannot be '4s'"),
        ("fcn", {"output_stride": 4, "variant": "dilated"}, "output_stride cannot be 4"),
        ("fcn", {"auxiliary": True}, "belong to variant 'dilated', not to '8s'"),
        ("fcn", {"variant": "16s", "output_stride": 8}, "not to '16s'"),
        ("fast", {"widths": (8, 8)}, "widths"),
    ],
)
def test_values_that_cannot_be(name: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        build_model(name, num_classes=2, **settings)


@pytest.mark.parametrize("counts", [{"num_classes": 0}, {"num_classes": 2, "in_channels": 0}])
def test_there_is_at_least_one_class_and_channel(counts: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="cannot be 0"):
        build_model("unet", **counts)


def test_the_architecture_survives_json_and_forgets_where_weights_came_from() -> None:
    settings = architecture("unet", encoder="resnet34", pretrained=True, depth=3)
    assert settings["encoder"] == "resnet34" and settings["depth"] == 3
    assert not any(key.startswith("pretrained") for key in settings)
    again = json.loads(json.dumps(settings))
    assert architecture("unet", **again) == settings


@pytest.mark.parametrize("name", CATALOG)
def test_settings_are_frozen(name: str) -> None:
    config = CATALOG[name].config()
    with pytest.raises(ValueError, match="frozen"):
        setattr(config, next(iter(type(config).model_fields)), None)
