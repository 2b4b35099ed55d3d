"""The list of methods and the page of one."""

from __future__ import annotations

import pytest

from segwright.errors import UnknownNameError
from segwright.models.catalog import CATALOG
from segwright.verbs.methods import describe_method, list_methods


def test_every_network_has_its_line_and_its_page() -> None:
    lines = list_methods().splitlines()
    for name, entry in CATALOG.items():
        assert any(line.startswith(f"  {name} ") and entry.summary in line for line in lines)
        page = describe_method(name)
        assert entry.paper in page
        assert f"--model {name}" in page
        assert all(f"  {setting} (" in page for setting in entry.config.model_fields)


def test_a_misspelt_name_is_told_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="'unet'"):
        describe_method("u-net")
