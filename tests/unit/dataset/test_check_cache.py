"""What was seen is kept by content: nothing that decides a look can change unseen."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from tests.unit.dataset.scenes import draw_dataset

from segwright.dataset import open_dataset
from segwright.dataset.checks import cache, survey
from segwright.dataset.checks.look import Look, look_at


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEGWRIGHT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys of the pictures that were really looked at."""
    keys: list[str] = []

    def noted(entry, data, *, root):  # type: ignore[no-untyped-def]
        keys.append(entry.key)
        return look_at(entry, data, root=root)

    monkeypatch.setattr(survey, "look_at", noted)
    return keys


def _looks(root: Path) -> list[Look]:
    dataset = open_dataset(root)
    return survey.survey(dataset.entries, root=root)


def test_the_second_time_nothing_is_decoded(tmp_path: Path, kept: Path, decoded: list[str]) -> None:
    root = draw_dataset(tmp_path / "data", {"a": 0, "b": 1})
    first = _looks(root)
    assert sorted(decoded) == ["a", "b"]
    assert _looks(root) == first
    moved = shutil.copytree(root, tmp_path / "elsewhere")
    assert _looks(moved) == first
    assert len(decoded) == 2


@pytest.mark.parametrize("folder", ["images", "masks"])
def test_one_pixel_is_enough_whatever_the_times_say(
    tmp_path: Path, kept: Path, decoded: list[str], folder: str
) -> None:
    root = draw_dataset(tmp_path / "data", {"a": 0, "b": 1})
    before = _looks(root)
    path = root / folder / "a.png"
    times = path.stat().st_mtime
    pixels = np.array(Pillow.open(path))
    pixels[0, 0] = 255 - pixels[0, 0]
    Pillow.fromarray(pixels).save(path)
    os.utime(path, (times, times))
    after = _looks(root)
    assert after[0] != before[0]
    assert after[1] == before[1]
    assert sorted(decoded) == ["a", "a", "b"]


def test_other_classes_are_another_look(tmp_path: Path, kept: Path, decoded: list[str]) -> None:
    root = draw_dataset(tmp_path / "data", {"a": 0, "b": 1}, values=1)
    before = _looks(root)
    (root / "dataset.yaml").write_text("values: {0: ground, 1: blob, 2: other}\n")
    after = _looks(root)
    assert len(decoded) == 4
    assert before[0].class_px is not None and after[0].class_px == (*before[0].class_px, 0)


def test_other_code_is_another_look(
    tmp_path: Path, kept: Path, decoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = draw_dataset(tmp_path / "data", {"a": 0})
    _looks(root)
    monkeypatch.setattr(cache, "code_version", lambda: "another")
    _looks(root)
    assert decoded == ["a", "a"]


def test_what_other_code_left_is_removed_after_a_week(tmp_path: Path, kept: Path) -> None:
    root = draw_dataset(tmp_path / "data", {"a": 0})
    for name, days in (("old", 8), ("recent", 6)):
        (kept / "check" / name / "ab").mkdir(parents=True)
        (kept / "check" / name / "ab/look").write_text("seen")
        used = time.time() - days * 24 * 3600
        os.utime(kept / "check" / name, (used, used))
    _looks(root)
    assert {one.name for one in (kept / "check").iterdir()} == {"recent", cache.code_version()}


@pytest.mark.parametrize("damage", [b"", b"rubbish", None])
def test_what_is_damaged_is_as_good_as_not_there(
    tmp_path: Path, kept: Path, decoded: list[str], damage: bytes | None
) -> None:
    root = draw_dataset(tmp_path / "data", {"a": 0})
    first = _looks(root)
    (path,) = [one for one in kept.rglob("*") if one.is_file()]
    content = path.read_bytes()
    path.write_bytes(content.replace(b"96", b"97", 1) if damage is None else damage)
    assert _looks(root) == first
    assert decoded == ["a", "a"]
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SEGWRIGHT_CACHE", str(tmp_path / "file"))
    root = draw_dataset(tmp_path / "data", {"a": 0})
    assert _looks(root)[0].size_hw == (96, 128)


def test_a_look_survives_being_kept(tmp_path: Path, kept: Path) -> None:
    root = draw_dataset(tmp_path / "data", {"a": 0})
    (look,) = _looks(root)
    assert Look.from_plain(look.to_plain()) == look


def test_the_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SEGWRIGHT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / "segwright"
    monkeypatch.setenv("SEGWRIGHT_CACHE", str(tmp_path / "mine"))
    assert cache.cache_folder() == tmp_path / "mine"


def test_two_at_once(tmp_path: Path, kept: Path) -> None:
    root = draw_dataset(tmp_path / "data", {word: i for i, word in enumerate("abcdefgh")})
    expected = [
        look_at(one, one.image.read_bytes(), root=root) for one in open_dataset(root).entries
    ]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: _looks(root), range(4)))
    assert all(result == expected for result in results)
    assert sum(one.is_file() for one in kept.rglob("*")) == 8
