"""Material and plans that are trained in a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from segwright.dataset import ensure_split, open_dataset
from segwright.plan import Machine, Plan, draft
from segwright.training.material import Material

MakePlan = Callable[..., Plan]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def material(draw_scenes: Callable[..., Path], tmp_path_factory: Any) -> Material:
    dataset = open_dataset(draw_scenes(tmp_path_factory.mktemp("scenes") / "data"))
    divided, _ = ensure_split(dataset, seed=0)
    return Material.read(divided.split("train"), divided.split("val"), emit=lambda event: None)


@pytest.fixture(scope="session")
def make_plan(material: Material, tiny_settings: dict[str, Any]) -> MakePlan:
    """A tiny plan with other settings, given with "__" for the dot."""

    def made(**changes: Any) -> Plan:
        settings = {key.replace("__", "."): value for key, value in changes.items()}
        return draft(
            material.facts,
            Machine("cpu", cores=1, bfloat16=False),
            fingerprint=material.fingerprint,
            settings={**tiny_settings, **settings},
        )

    return made
