"""Pictures of one pixel, one row or one column are checked, trained with and predicted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segwright.images import read_image, write_png
from segwright.verbs.check import check
from segwright.verbs.predict import predict
from segwright.verbs.train import train


def test_one_pixel_and_one_row(
    tmp_path: Path,
    draw_scenes: Callable[..., Path],
    tiny_settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SEGWRIGHT_CACHE", str(tmp_path / "cache"))
    root = draw_scenes(tmp_path / "data", 3)
    sizes = {"pixel": (1, 1), "row": (1, 7), "column": (7, 1), "dot": (1, 1)}
    for name, size_hw in sizes.items():
        write_png(root / f"images/{name}.png", np.full((*size_hw, 3), 90, np.uint8))
        write_png(root / f"masks/{name}.png", np.zeros(size_hw, np.uint8))
    splits = "{train: [aaa, bbb, pixel, row], val: [ccc, column, dot]}"
    (root / "dataset.yaml").write_text(f"splits: {splits}\n")
    assert check(root).usable
    settings = tiny_settings | {"steps": 4, "inference.flips": ["x", "y"]}
    train(root, out=tmp_path / "run", settings=settings, device="cpu")
    report = predict(
        tmp_path / "run", [root / f"images/{name}.png" for name in sizes], tmp_path / "out"
    )
    assert not report.failed
    found = {path.stem: read_image(path).size_hw for path in (tmp_path / "out").rglob("*.png")}
    assert found == sizes
