"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets beside the checkout; the test is skipped where it is absent."""
    if not _SHARED_DATA.is_dir():
        pytest.skip(f"real data sets are not here: {_SHARED_DATA.parent.name}/data is absent")
    return _SHARED_DATA
