"""The check on real data: what is known to be wrong is found, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from segwright.dataset.checks import Verdict, examine


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGWRIGHT_CACHE", str(tmp_path / "cache"))


def _kinds(verdict: Verdict) -> dict[str, list[str]]:
    return {group.kind: [one.where for one in group.findings] for group in verdict.groups()}


def test_camvid_shares_sequences_and_has_one_mask_of_another_frame(
    shared_data: Path, tmp_path: Path
) -> None:
    # Some frames of each sequence on either side of the given split, and the one bad mask.
    wanted = {
        "train": [f"0016E5_{n:05d}" for n in range(7650, 7921, 30)]
        + [f"0006R0_f{n:05d}" for n in range(1740, 2011, 30)],
        "val": [f"0016E5_{n:05d}" for n in range(7959, 7978, 2)],
        "test": [f"Seq05VD_f{n:05d}" for n in range(2520, 2731, 30)],
    }
    for split, stems in wanted.items():
        for folder, suffix in (("images", ".jpg"), ("masks", ".png")):
            (tmp_path / "camvid" / split / folder).mkdir(parents=True)
            for stem in stems:
                place = Path(split, folder, stem + suffix)
                shutil.copyfile(shared_data / "camvid" / place, tmp_path / "camvid" / place)
    shutil.copyfile(shared_data / "camvid/classes.txt", tmp_path / "camvid/classes.txt")
    examined = examine(tmp_path / "camvid")
    found = _kinds(examined.verdict)
    assert found["foreign-labels"] == ["test/masks/Seq05VD_f02610.png"]
    assert found["guessed-group-across-splits"] == [
        "train/images/0016E5_07920.jpg, val/images/0016E5_07959.jpg"
    ]
    assert examined.verdict.usable
    assert examined.groups is not None
    assert set(examined.groups.members) == {"0016E5_", "0006R0_f", "Seq05VD_f"}


def test_magnetic_tiles_have_blurred_masks_repeated_exposures_and_a_forgotten_mask(
    shared_data: Path, tmp_path: Path
) -> None:
    root = tmp_path / "tiles"
    source = shared_data / "magnetic_tile/uneven"
    stems = [path.stem for path in sorted(source.glob("images/exp5*.jpg"))[:8]]
    stems += ["exp1_num_45007", "exp2_num_45028", "exp3_num_45042", "exp4_num_45057"]
    for stem in stems:
        for place in (f"images/{stem}.jpg", f"masks/{stem}.png"):
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / place, root / place)
    verdict = examine(root).verdict
    assert not verdict.usable
    assert {one.kind for one in verdict.findings if one.how_bad == "error"} == {"blurred-mask"}
    (root / "dataset.yaml").write_text("threshold: 128\n")
    verdict = examine(root).verdict
    assert verdict.usable
    found = _kinds(verdict)
    assert "exp1_num_45007" in found["near-duplicate"][0]
    # Two of four exposures of one tile have an empty mask.
    assert {Path(where).stem for where in found["contradiction"]} <= {
        "exp3_num_45042",
        "exp4_num_45057",
    }
    assert found["contradiction"]


@pytest.mark.parametrize("name", ["membranes", "retina", "fruits"])
def test_sound_data_are_usable_without_a_warning(shared_data: Path, name: str) -> None:
    verdict = examine(shared_data / name).verdict
    assert verdict.line == "usable", [str(one) for one in verdict.findings]


@pytest.mark.parametrize("name", ["hippocampus", "brain_mri_dicom", "sentinel2", "odd_images"])
def test_what_cannot_be_opened_is_described(shared_data: Path, name: str) -> None:
    verdict = examine(shared_data / name).verdict
    assert not verdict.usable
    kinds = {"hippocampus": "NIfTI", "brain_mri_dicom": "DICOM", "sentinel2": "NumPy"}
    assert kinds.get(name, "are images by their content") in verdict.text()
