"""What is learned from: crops keep what is in the images, whatever range their values use."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from segwright.dataset import ensure_split, open_dataset
from segwright.images import write_png
from segwright.plan import Machine, draft
from segwright.training.material import Material


def _write_cells(root: Path, *, darkest: float, brightest: float, as_float: bool) -> Path:
    """Bright discs on a dim, noisy background, with values from `darkest` to `brightest`."""
    from tifffile import imwrite

    rng = np.random.default_rng(0)
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    y, x = np.mgrid[:64, :64]
    for name in "abcdefgh":
        ids = np.hypot(y - rng.integers(16, 48), x - rng.integers(16, 48)) < 10
        unit = 0.2 * rng.random(ids.shape) + 0.8 * ids * rng.uniform(0.7, 1)
        pixels = darkest + (brightest - darkest) * unit
        imwrite(root / f"images/{name}.tif", pixels.astype(np.float32 if as_float else np.uint16))
        write_png(root / f"masks/{name}.png", ids.astype(np.uint8))
    (root / "classes.txt").write_text("back\ncell\n", encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("darkest", "brightest", "as_float"),
    [(100, 1500, False), (100, 1500, True), (-1000, 2000, True), (1e-7, 2e-6, True)],
)
def test_crops_keep_their_contrast_in_any_range(
    darkest: float, brightest: float, as_float: bool, tmp_path: Path, tiny_settings: dict[str, Any]
) -> None:
    root = _write_cells(tmp_path / "cells", darkest=darkest, brightest=brightest, as_float=as_float)
    divided, _ = ensure_split(open_dataset(root), seed=0)
    material = Material.read(divided.split("train"), divided.split("val"), emit=lambda event: None)
    plan = draft(
        material.facts,
        Machine("cpu", cores=1, bfloat16=False),
        fingerprint=material.fingerprint,
        settings={
            **tiny_settings,
            "augment.brightness": 0.2,
            "augment.contrast": 0.3,
            "augment.gamma": 0.2,
        },
    )
    with closing(material.batches(plan).starting_at(0)) as stream:
        crops = torch.cat([batch.images for batch in islice(stream, 30)])
    spread = crops.flatten(1).std(1)
    assert spread.min() > 0.05 and spread.median() > 0.4  # of the data set's own deviation
    assert crops.abs().max() < 8

    # What is predicted on lies in the same range as what was learned from.
    seen = material.preparation.apply(material.val[0].image)
    assert abs(seen.mean()) < 1 and 0.5 < seen.std() < 2
