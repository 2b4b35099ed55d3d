"""What a finished run says of itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from segwright.plan import Plan
from segwright.training import run
from segwright.training.finish import finish
from segwright.training.loop import Score
from segwright.training.material import Material
from segwright.training.run import continue_run
from segwright.training.run_folder import RunFolder, RunRecord

MakePlan = Callable[..., Plan]


def test_the_model_card_tells_the_steps_that_were_taken(
    material: Material, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run, "Validation", lambda *_: lambda: Score(0.1, 1.0, 1))
    plan = make_plan(steps=20, validation__times=5, validation__patience=1)
    folder = RunFolder.create(tmp_path / "run", plan, RunRecord(data=tmp_path / "scenes"))
    network = continue_run(
        folder, material, started_at=time.time(), extra_s=None, emit=lambda event: None
    )
    finish(folder, network, material, emit=lambda event: None)
    card = folder.model_card.read_text(encoding="utf-8")
    assert "8 steps of 2 crops, seed 0, planned without a budget" in card
    assert f"learned from {material.facts.num_images} images in scenes;" in card
