"""Patients, scenes and videos that lie in several splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.dataset.scenes import draw_dataset, save, scene

from segwright.dataset.checks import Verdict, examine


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGWRIGHT_CACHE", str(tmp_path / "cache"))


def _torn(verdict: Verdict) -> list[str]:
    return [one.problem for one in verdict.findings if "group-across" in one.kind]


def _film(root: Path, name: str, seed: int, splits: str) -> None:
    """Frames of a camera that moves over a large scene, too fast for near duplicates."""
    pixels, blobs = scene(seed, (96, 1000))
    for number, split in enumerate(splits):
        window = slice(40 * number, 40 * number + 128)
        where = {"t": "train", "v": "val"}[split]
        frame, mask = pixels[:, window].copy(), blobs[:, window] * 255
        save(root, f"{where}/{name}_{30 * number:05d}", frame, mask)


def test_declared_groups(tmp_path: Path) -> None:
    names = {"train/p1_a": 0, "train/p2_a": 1, "val/p1_b": 2, "val/p3_a": 3}
    root = draw_dataset(tmp_path / "data", names)
    assert _torn(examine(root).verdict) == []  # nothing says that p1 is a patient
    (root / "dataset.yaml").write_text("groups: '^(p[0-9]+)'\n")
    verdict = examine(root).verdict
    assert _torn(verdict) == ["group 'p1' has pictures in train (1) and val (1)"]
    assert verdict.usable


def test_sequences_are_guessed_from_names_and_believed_if_neighbours_are_alike(
    tmp_path: Path,
) -> None:
    root = tmp_path / "data"
    for number, (name, splits) in enumerate(
        {"north": "tttttttttvvvvv", "south": "tttttttttttttt", "west": "vvvvvvvvvvvvvv"}.items()
    ):
        _film(root, name, 50 + number, splits)
    examined = examine(root)
    (problem,) = _torn(examined.verdict)
    assert problem.startswith("sequence 'north_' has pictures in train (9) and val (5)")
    assert examined.groups is not None
    assert set(examined.groups.members) == {"north_", "south_", "west_"}


def test_numbered_pictures_of_different_things_are_no_sequence(tmp_path: Path) -> None:
    names = {f"{'val' if i % 5 == 4 else 'train'}/image_{i:03d}": i for i in range(30)}
    examined = examine(draw_dataset(tmp_path / "data", names))
    assert examined.groups is None
    assert _torn(examined.verdict) == []


def test_names_that_say_what_they_are_need_no_pictures(tmp_path: Path) -> None:
    names = {f"train/patient{i}_slice{k}": 10 * i + k for i in range(3) for k in range(3)}
    names |= {"val/patient1_slice7": 77, "val/patient5_slice1": 78}
    verdict = examine(draw_dataset(tmp_path / "data", names)).verdict
    assert len(_torn(verdict)) == 1
    assert "patient1_slice" in _torn(verdict)[0] and "the names say so" in _torn(verdict)[0]


def test_a_blank_picture_is_no_evidence(tmp_path: Path) -> None:
    root = tmp_path / "data"
    for i in range(24):
        mask = np.zeros((96, 128), np.uint8)
        mask[i : i + 9, 4:20] = 255
        split = "val" if i > 15 else "train"
        save(root, f"{split}/shot_{i:03d}", np.full((96, 128), 9 + i, np.uint8), mask)
    assert examine(root).groups is None
