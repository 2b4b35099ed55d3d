"""Fixtures that every test may use."""

from __future__ import annotations

import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
from PIL import Image as PillowImage

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("segwright", deadline=None)
hypothesis.settings.load_profile("segwright")

_SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets beside the checkout; the test is skipped where it is absent."""
    if not _SHARED_DATA.is_dir():
        pytest.skip(f"real data sets are not here: {_SHARED_DATA.parent.name}/data is absent")
    return _SHARED_DATA


@pytest.fixture(scope="session")
def draw_scenes() -> Callable[..., Path]:
    """Draws a small data set into a folder: bright boxes on dark noise, classes back and box.

    Names are words, not numbers, so that they look like no sequence.
    """

    def draw(root: Path, count: int = 8, *, size_hw: tuple[int, int] = (48, 64)) -> Path:
        rng = np.random.default_rng(3)
        (root / "images").mkdir(parents=True)
        (root / "masks").mkdir()
        for name in string.ascii_lowercase[:count]:
            ids = np.zeros(size_hw, np.uint8)
            y, x = rng.integers(2, min(size_hw) - 18, 2)
            ids[y : y + 16, x : x + 16] = 1
            pixels = rng.integers(0, 60, (*size_hw, 3)).astype(np.uint8) + ids[..., None] * 120
            PillowImage.fromarray(pixels.astype(np.uint8)).save(root / "images" / f"{name * 3}.png")
            PillowImage.fromarray(ids).save(root / "masks" / f"{name * 3}.png")
        (root / "classes.txt").write_text("back\nbox\n", encoding="utf-8")
        return root

    return draw


@pytest.fixture(scope="session")
def tiny_settings() -> dict[str, Any]:
    """Settings of a plan that trains in a second."""
    return {
        "model.config": {"widths": [8, 8, 8], "depths": [1, 1, 1]},
        "input.crop_hw": [32, 32],
        "input.precision": "float32",
        "batch_size": 2,
        "steps": 12,
        "checkpoints": 4,
        "validation.times": 3,
        "inference.flips": [],
        "workers": 0,
    }
