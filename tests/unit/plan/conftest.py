"""Facts of an imagined data set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from segwright.dataset import DatasetFacts

Facts = Callable[..., DatasetFacts]


@pytest.fixture(scope="session")
def facts() -> Facts:
    """Makes facts: of 100 street scenes, but for what is given."""

    def made(**changes: Any) -> DatasetFacts:
        known: dict[str, Any] = {
            "num_images": 100,
            "size_hw_min": (360, 480),
            "size_hw_median": (360, 480),
            "size_hw_max": (360, 480),
            "channels": 3,
            "dtype": "uint8",
            "mean": (0.4, 0.4, 0.4),
            "std": (0.2, 0.2, 0.2),
            "white": 1.0,
            "class_names": ("a", "b"),
            "class_fraction": (0.9, 0.1),
            "images_with_class": (100, 50),
            "ignored_fraction": 0.0,
            "vertical_asymmetry": 0.5,
        }
        return DatasetFacts(**{**known, **changes})

    return made
