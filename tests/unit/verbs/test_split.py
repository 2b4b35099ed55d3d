"""Data sets divided: what stays together, what is written, what is said."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage
from typer.testing import CliRunner

from segwright.cli.app import app
from segwright.dataset import open_dataset
from segwright.errors import DataError, UsageError
from segwright.verbs.split import split


def _draw(root: Path, names: list[str], *, same: dict[str, str] | None = None) -> Path:
    """Pictures of their own scenes, but for those that are the same as another, only darker."""
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    for name in names:
        scene = (same or {}).get(name, name)
        rng = np.random.default_rng(list(scene.encode()))
        pixels = np.kron(rng.integers(40, 250, (8, 8)), np.ones((6, 6))).astype(np.uint8)
        if scene != name:
            pixels = (pixels * 0.8).astype(np.uint8)
        ids = np.zeros((48, 48), np.uint8)
        ids[:12, : 4 + len(name)] = 1
        for folder, values in (("images", pixels), ("masks", ids)):
            path = root / folder / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            PillowImage.fromarray(values).save(path)
    (root / "classes.txt").write_text("back\nbox\n", encoding="utf-8")
    return root


def _files(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def _splits(root: Path) -> dict[str, str | None]:
    return {entry.key: entry.split for entry in open_dataset(root).entries}


WORDS = ["oak", "elm", "fir", "yew", "ash", "bay", "fig", "nut", "rye", "hop", "tea", "ivy"]


def test_files_are_copied_as_they_are_and_splits_declared(tmp_path: Path) -> None:
    data = _draw(tmp_path / "data", WORDS)
    (data / "dataset.yaml").write_text("spacing: 0.5\n", encoding="utf-8")
    (data / "notes.txt").write_text("mine", encoding="utf-8")
    report = split(data, tmp_path / "out", fractions=(0.5, 0.25, 0.25))
    before, after = _files(data), _files(tmp_path / "out")
    assert "spacing: 0.5\n" in (tmp_path / "out" / "dataset.yaml").read_text(encoding="utf-8")
    del before["dataset.yaml"], after["dataset.yaml"]
    assert before == after
    splits = list(_splits(tmp_path / "out").values())
    assert {name: splits.count(name) for name in ("train", "val", "test")} == report.counts
    assert sum(report.counts.values()) == 12 and 5 <= report.counts["train"] <= 7
    assert open_dataset(tmp_path / "out").spacing == (0.5, 0.5)
    assert "each goes by itself" in report.reason
    assert "asked for  50.0 %  25.0 %  25.0 %" in report.text()


def test_pictures_that_show_the_same_stay_together(tmp_path: Path) -> None:
    same = {"ash": "oak", "tea": "oak", "hop": "elm"}
    data = _draw(tmp_path / "data", WORDS, same=same)
    report = split(data, tmp_path / "out", fractions=(0.4, 0.3, 0.3))
    found = _splits(tmp_path / "out")
    assert found["oak"] == found["ash"] == found["tea"] and found["elm"] == found["hop"]
    assert "5 pictures show the same as others: 2 clusters stay whole" in report.reason


def test_frames_go_in_contiguous_blocks(tmp_path: Path) -> None:
    data = _draw(tmp_path / "data", [f"frame_{i:02}" for i in range(20)])
    report = split(data, tmp_path / "out")
    found = list(_splits(tmp_path / "out").items())
    in_order = [name for _, name in sorted(found)]
    assert sum(a != b for a, b in pairwise(in_order)) == 2
    assert "1 numbered sequence is cut into contiguous blocks" in report.reason
    assert report.counts == {"train": 14, "val": 3, "test": 3}


@pytest.mark.parametrize("declared", [False, True])
def test_groups_stay_whole(tmp_path: Path, declared: bool) -> None:
    names = [f"p{patient}/{i}" for patient in range(6) for i in range(patient + 1)]
    data = _draw(tmp_path / "data", names)
    if declared:
        (data / "dataset.yaml").write_text("groups: '^(p.)/'\n", encoding="utf-8")
    report = split(data, tmp_path / "out", by="auto" if declared else "^(p.)/")
    opened = open_dataset(tmp_path / "out")
    assert opened.leaks() is None
    assert {entry.group for entry in opened.entries} == {f"p{i}" for i in range(6)}
    assert "6 groups stay whole" in report.reason
    assert "groups: ^(p.)/" in (tmp_path / "out" / "dataset.yaml").read_text(encoding="utf-8")


def test_given_splits_are_replaced_aloud_and_the_seed_decides(tmp_path: Path) -> None:
    data = _draw(tmp_path / "data", WORDS)
    first = split(data, tmp_path / "a", seed=1)
    assert not first.notes
    again = split(tmp_path / "a", tmp_path / "b", seed=1)
    assert "are replaced: 0 pictures change." in again.notes[0]
    assert _splits(tmp_path / "a") == _splits(tmp_path / "b")
    split(data, tmp_path / "c", seed=2)
    assert _splits(tmp_path / "a") != _splits(tmp_path / "c")


def test_names_that_look_like_folders_files_or_patterns(tmp_path: Path) -> None:
    names = ["a", "a.png", "a*", "a[1]?", "b/a", "b/c", "c/b", "b", "x/y/z", "7", "yes", "b/d"]
    data = _draw(tmp_path / "data", names)
    split(data, tmp_path / "out", fractions=(0.4, 0.3, 0.3), seed=3)
    found = _splits(tmp_path / "out")
    assert set(found) == set(names) and set(found.values()) == {"train", "val", "test"}


def test_a_class_that_a_split_lacks_is_told(tmp_path: Path) -> None:
    data = _draw(tmp_path / "data", WORDS)
    mask = np.zeros((48, 48), np.uint8)
    for name in WORDS[1:]:
        PillowImage.fromarray(mask).save(data / "masks" / f"{name}.png")
    report = split(data, tmp_path / "out")
    assert report.shares["box"] == {"train": 1.0, "val": 0.0, "test": 0.0}
    told = [note for note in report.notes if note.startswith("WARNING: ")]
    assert [note.split()[1] for note in told] == ["val", "test"]
    assert all("no pixel of box" in note for note in told)


def test_what_cannot_be_divided_is_refused(tmp_path: Path) -> None:
    data = _draw(tmp_path / "data", ["oak", "elm"])
    with pytest.raises(DataError, match=r"2 pictures cannot fill 3 splits\. Add"):
        split(data, tmp_path / "out")
    with pytest.raises(DataError, match=r"--by: the pattern '\^p' is not found in 2 of 2"):
        split(data, tmp_path / "out", by="^p")
    with pytest.raises(UsageError, match=r"--by: '\(' is no regular expression"):
        split(data, tmp_path / "out", by="(")
    for fractions in ((0.5, 0.4), (1.2, -0.2), (1.0,), (0.5, 0.5, float("nan"))):
        with pytest.raises(UsageError, match="are no shares of train, val and test"):
            split(data, tmp_path / "out", fractions=fractions)
    with pytest.raises(UsageError, match="inside the data"):
        split(data, data / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
    ended = CliRunner().invoke(
        app, ["split", str(data), "--out", str(tmp_path / "o"), "--fractions", "0.5,half"]
    )
    assert ended.exit_code == 2 and "'0.5,half' is no list of numbers" in ended.stderr


def test_the_command_prints_what_was_decided(
    tmp_path: Path, draw_scenes: Callable[..., Path]
) -> None:
    data = draw_scenes(tmp_path / "data", 8)
    ended = CliRunner().invoke(
        app, ["split", str(data), "--out", str(tmp_path / "o"), "--fractions", "0.75,0.25"]
    )
    assert ended.exit_code == 0, ended.output
    assert "train 6, val 2 pictures" in ended.stdout
    assert "asked for" in ended.stdout and "box" in ended.stdout


@settings(max_examples=8)
@given(
    sizes=st.lists(st.integers(1, 4), min_size=3, max_size=8),
    seed=st.integers(0, 99),
    fractions=st.sampled_from([(0.7, 0.15, 0.15), (0.5, 0.5), (0.34, 0.33, 0.33)]),
)
def test_no_group_is_torn_and_every_picture_is_somewhere(
    tmp_path_factory: pytest.TempPathFactory,
    sizes: list[int],
    seed: int,
    fractions: tuple[float, ...],
) -> None:
    root = tmp_path_factory.mktemp("divided")
    names = [f"{WORDS[group]}-{i}" for group, size in enumerate(sizes) for i in range(size)]
    data = _draw(root / "data", names)
    report = split(data, root / "out", by="^([a-z]+)", fractions=fractions, seed=seed)
    opened = open_dataset(root / "out")
    assert opened.leaks() is None and sorted(opened.keys) == sorted(names)
    assert sum(report.counts.values()) == len(names)
    largest = max(sizes) / len(names)
    for name, share in report.fractions.items():
        assert abs(report.shares["pictures"][name] - share) <= 1.5 * largest + 0.1


@pytest.mark.parametrize("names", [[f"Image_{i:02}{s}" for i in range(1, 11) for s in "LR"]])
def test_both_eyes_of_a_patient_are_in_one_split(tmp_path: Path, names: list[str]) -> None:
    data = _draw(tmp_path / "data", names)
    report = split(data, tmp_path / "out", fractions=(0.6, 0.2, 0.2))
    found = _splits(tmp_path / "out")
    assert all(found[f"Image_{i:02}L"] == found[f"Image_{i:02}R"] for i in range(1, 11))
    assert report.counts == {"train": 12, "val": 4, "test": 4}
