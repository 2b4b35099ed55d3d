"""`segwright compare`: what is trained, what is taken as it is, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from segwright.errors import TrainingError, UnknownNameError, UsageError
from segwright.verbs.compare import compare
from segwright.verbs.contender import peak_memory_mb


@pytest.fixture
def data(draw_scenes: Callable[..., Path], tmp_path: Path) -> Path:
    root = draw_scenes(tmp_path / "data", 12)
    (root / "dataset.yaml").write_text(
        "splits:\n  train: [aaa, bbb, ccc]\n  val: [ddd]\n"
        "  test: [eee, fff, ggg, hhh, iii, jjj, kkk, lll]\n",
        encoding="utf-8",
    )
    return root


def masks_of(data: Path, name: str, *, wrong: int = 0) -> Path:
    """The truth as predictions, with the boxes of some images left out."""
    folder = Path(shutil.copytree(data / "masks", data.parent / name))
    for path in sorted(folder.glob("*.png"), reverse=True)[:wrong]:
        PillowImage.fromarray(np.zeros((48, 64), np.uint8)).save(path)
    return folder


def test_a_network_is_trained_apart_and_ranked_beside_masks(
    data: Path, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    good = masks_of(data, "good")
    settings = {**tiny_settings, "steps": 2, "checkpoints": 1, "validation.times": 1}
    report = compare(
        data, ["fast", good], out=tmp_path / "page.html", settings=settings, device="cpu"
    )
    assert [rank.name for rank in report.ranking.ranks] == ["good", "fast"]
    assert report.ranking.ranks[0].score.value == 1
    assert report.ranking.num_images == 8  # those of the test split
    pair = report.ranking.pairs[0]
    assert pair.outcome == "better" and not pair.about_methods
    assert "good is better here than fast" in report.text()
    outcome = json.loads((report.runs / "fast-seed0-scoring.outcome.json").read_text())
    assert outcome["seconds_per_image"] > 0 and outcome["peak_mb"] > 50
    assert (report.runs / "fast-seed0" / "report.html").is_file()
    assert (report.runs / "fast-seed0-masks" / "eee.png").is_file()
    page = report.report.read_text(encoding="utf-8")
    for part in ("Ranking", "Every two of them", "Where they differ most", "by fast", "MB"):
        assert part in page
    with pytest.raises(UsageError, match="nothing is ever overwritten"):
        compare(data, [good], out=tmp_path / "page.html")


def test_masks_alone_need_no_budget_and_failures_are_told(data: Path, tmp_path: Path) -> None:
    good, bad, broken = (
        masks_of(data, "good"),
        masks_of(data, "bad", wrong=8),
        masks_of(data, "broken"),
    )
    (broken / "kkk.png").unlink()
    report = compare(data, [bad, good, broken], out=tmp_path / "page.html")
    assert [rank.name for rank in report.ranking.ranks] == ["good", "bad"]
    ((name, why),) = report.failed
    assert name == "broken" and "1 of 8 images have no mask here" in why
    assert report.ranking.pairs[0].p == pytest.approx(2 / 2**8)
    assert "What failed" in report.report.read_text(encoding="utf-8")
    with pytest.raises(TrainingError, match=r"every method failed; broken: .*no mask"):
        compare(data, [broken], out=tmp_path / "other.html")


def test_what_is_refused_before_anything_is_done(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    with pytest.raises(UnknownNameError, match=r"unknown method or folder 'uent'.*'unet'"):
        compare(data, ["uent"], out=out)
    with pytest.raises(UsageError, match=r"no time for them.*--budget 10m"):
        compare(data, ["fast"], out=out)
    with pytest.raises(UsageError, match="named twice: fast"):
        compare(data, ["fast", "fast"], out=out, budget_s=60)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="neither a segmenter nor a mask"):
        compare(data, [tmp_path / "empty"], out=out)
    (data / "dataset.yaml").unlink()
    with pytest.raises(UsageError, match="every seed would hold out other images"):
        compare(data, ["fast"], out=out, budget_s=60, seeds=3)
    assert not out.exists() and not (tmp_path / "page-runs").exists()


def test_memory_grows_with_what_is_held() -> None:
    before = peak_memory_mb()
    held = np.ones(30_000_000)  # 240 MB
    after = peak_memory_mb()
    assert before is not None and after is not None
    assert after >= held.nbytes / 1e6
