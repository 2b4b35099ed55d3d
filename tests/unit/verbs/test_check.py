"""`segwright check`: the verdict, its JSON, the draft, and how the command ends."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from tests.unit.dataset.scenes import draw_dataset, save, scene
from typer.testing import CliRunner

import segwright
from segwright.cli.app import app
from segwright.dataset import open_dataset
from segwright.errors import DataError, StorageError, UsageError
from segwright.events import Event, StageAdvanced, StageStarted
from segwright.formats.faults import KINDS
from segwright.images import write_png
from segwright.verbs import check as verb


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGWRIGHT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return draw_dataset(tmp_path / "data", {word * 3: i for i, word in enumerate("abcdef")})


def _run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["check", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_exit_codes_and_the_first_line(data: Path) -> None:
    code, out, err = _run(data)
    assert (code, out.splitlines()[0]) == (0, f"{data}: usable")
    assert "looking at pictures" in err
    save(data, "copy", scene(0)[0], scene(0)[1] * 255)
    code, out, _ = _run(data)
    assert (code, out.splitlines()[0]) == (0, f"{data}: usable, with 2 warnings")
    assert "WARNING  the same picture more than once (1)" in out
    (data / "images/bbb.png").write_bytes(b"no picture")
    code, out, _ = _run(data)
    assert (code, out.splitlines()[0]) == (4, f"{data}: not usable: 1 error, 2 warnings")
    assert out.index("ERROR") < out.index("WARNING")


def test_training_refuses_what_check_calls_an_error(data: Path) -> None:
    assert segwright.check(data).usable
    open_dataset(data)[1]
    (data / "images/bbb.png").write_bytes(b"no picture")
    assert not segwright.check(data).usable
    with pytest.raises(DataError):
        open_dataset(data)[1]


def test_json_holds_everything(data: Path) -> None:
    for index in range(8):
        name = f"images/{'ghijklmn'[index]}.png"
        Pillow.new("RGB", (40, 40), (index, 0, 0)).save(data / name)
        Pillow.new("L", (41, 40)).save(data / name.replace("images", "masks"))
    code, out, _ = _run(data, "--json")
    found = json.loads(out)
    assert code == 4
    assert (found["schema"], found["usable"], found["errors"]) == ("segwright-check/1", False, 8)
    keys = {"kind", "title", "severity", "file", "problem", "remedy", "picture"}
    assert all(one.keys() == keys for one in found["findings"])
    assert {one["kind"] for one in found["findings"]} <= KINDS.keys()
    sizes = [one for one in found["findings"] if one["kind"] == "size-differs"]
    assert [one["picture"] for one in sizes] == list("ghijklmn")
    assert found["summary"]["pictures"] == 14
    assert [one["name"] for one in found["summary"]["classes"]] == ["background", "foreground"]
    text = segwright.check(data).text()
    assert "(8)" in text and "… and 3 more" in text  # the text shows five of a kind


def test_progress_is_told(data: Path) -> None:
    events: list[Event] = []
    segwright.check(data, on_event=events.append)
    stages = [event for event in events if isinstance(event, StageStarted)]
    assert [stage.stage for stage in stages] == [
        "opening the dataset",
        "looking at pictures",
        "comparing pictures",
    ]
    done = [event.done for event in events if isinstance(event, StageAdvanced)]
    assert done == [1, 2, 3, 4, 5, 6, 6]


def test_a_folder_that_is_no_dataset(tmp_path: Path) -> None:
    root = tmp_path / "scans"
    (root / "a").mkdir(parents=True)
    (root / "a/one.nii.gz").write_bytes(b"x")
    (root / "a/two.png").write_bytes(b"no picture")
    Pillow.new("L", (9, 9)).save(root / "a/three.png")
    code, out, _ = _run(root)
    assert code == 4
    assert "2 .png" in out and "1 .nii.gz" in out
    assert "1 begin as readable images" in out and "a/two.png" in out
    assert "1 NIfTI volumes are of a kind that this version does not read" in out
    assert "images/ + masks/" in out
    assert _run(tmp_path / "nowhere")[0] == 4


def test_the_draft_opens_as_the_data_do(data: Path) -> None:
    before = open_dataset(data).classes
    verdict = segwright.check(data, write=True)
    assert verdict.draft_path == data / "dataset.yaml"
    assert verdict.draft_path.read_text() == verdict.draft
    assert open_dataset(data).classes == before
    assert segwright.check(data).findings == ()
    with pytest.raises(UsageError, match="never overwrites"):
        segwright.check(data, write=True)


def test_the_draft_says_what_the_data_lack(tmp_path: Path) -> None:
    names = {f"patient{i}_{k}": 10 * i + k for i in range(3) for k in range(4)}
    root = draw_dataset(tmp_path / "data", names)
    for path in root.glob("masks/*.png"):
        mask = Pillow.open(path)
        small = mask.resize((64, 48), Pillow.Resampling.BILINEAR)
        small.resize(mask.size, Pillow.Resampling.BILINEAR).save(path)
    assert not segwright.check(root).usable
    code, out, _ = _run(root, "--write")
    assert code == 4  # the verdict is about the data as they were
    draft = (root / "dataset.yaml").read_text()
    assert "threshold: 128" in draft and "groups: " in draft
    assert f"Drafted {root / 'dataset.yaml'}" in out
    assert segwright.check(root).usable
    assert {entry.group for entry in open_dataset(root).entries} == {
        "patient0_",
        "patient1_",
        "patient2_",
    }


def test_a_single_sequence_is_no_group(tmp_path: Path) -> None:
    root = tmp_path / "data"
    pixels, blobs = scene(3, (96, 1000))
    for number in range(20):
        window = slice(40 * number, 40 * number + 128)
        save(root, f"slice_{number:02d}", pixels[:, window].copy(), blobs[:, window] * 255)
    verdict = segwright.check(root, write=True)
    assert "\ngroups:" not in (verdict.draft or "")  # one group could not be divided
    assert segwright.check(root).usable


def test_the_drafted_pattern_knows_keys_with_splits(tmp_path: Path) -> None:
    names = {
        f"{split}/patient{i}_{k}": 10 * i + k + shift
        for split, shift, patients in (("train", 0, (1, 2, 3)), ("val", 50, (3, 4)))
        for i in patients
        for k in range(3)
    }
    root = draw_dataset(tmp_path / "data", names)
    segwright.check(root, write=True)
    groups = {entry.key: entry.group for entry in open_dataset(root).entries}
    assert groups["train/patient3_0"] == groups["val/patient3_1"] == "patient3_"
    found = segwright.check(root).findings
    assert [one.problem for one in found if one.kind == "group-across-splits"] == [
        "group 'patient3_' has pictures in train (3) and val (3)"
    ]


def test_a_draft_that_cannot_be_written_is_shown(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, content: str) -> None:
        raise StorageError("cannot be written (Read-only file system)", where=path)

    monkeypatch.setattr(verb, "write_whole", refuse)
    code, out, err = _run(data, "--write")
    assert code == 1
    assert "Read-only file system" in err
    assert "background: " in out
    assert not (data / "dataset.yaml").exists()


def test_repair_says_what_it_did(data: Path, tmp_path: Path) -> None:
    (data / "images/bbb.png").write_bytes(b"no picture")
    code, out, _ = _run(data, "--repair", tmp_path / "repaired")
    assert code == 4
    assert f"Repaired copy in {tmp_path / 'repaired'}:" in out
    assert "Left out 1 pictures that cannot be read" in out
    assert "Checked again, the copy is usable" in out
    assert _run(tmp_path / "repaired")[0] == 0
    assert _run(data, "--repair", tmp_path / "repaired")[0] == 2


def test_a_copy_that_is_still_unusable_says_so(data: Path, tmp_path: Path) -> None:
    for path in data.glob("masks/*.png"):
        mask = np.zeros_like(np.array(Pillow.open(path)))
        Pillow.fromarray(mask).save(path)
    (data / "classes.txt").write_text("ground\nblob\n")
    (data / "images/bbb.png").write_bytes(b"no picture")
    verdict = segwright.check(data, repair_to=tmp_path / "repaired")
    assert verdict.after is not None and not verdict.after.usable
    text = verdict.text()
    assert "Checked again, the copy is not usable: 1 error" in text
    assert "'ground' and no other" in text[text.index("Checked again") :]
    assert verdict.to_plain()["repair"]["after"]["usable"] is False


def test_data_are_judged_with_the_classes_of_a_map(tmp_path: Path) -> None:
    root = tmp_path / "data"
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    (root / "classes.txt").write_text("field\nwheat\nbarley\nrare\n")
    for index in range(6):
        pixels = np.random.default_rng(index).integers(0, 256, (32, 40, 3), np.uint8)
        write_png(root / "images" / f"{index}x{index * index}.png", pixels)
        ids = np.repeat(np.arange(3, dtype=np.uint8), [12, 10, 10])[:, None].repeat(40, axis=1)
        write_png(root / "masks" / f"{index}x{index * index}.png", ids)
    kinds = {one.kind for one in segwright.check(root).findings}
    assert "empty-class" in kinds
    class_map = tmp_path / "map.yaml"
    class_map.write_text("field: field\ncereal: [wheat, barley]\nignore: rare\n")
    verdict = segwright.check(root, classes=class_map)
    assert "empty-class" not in {one.kind for one in verdict.findings}
    assert "cereal" in {row.name for row in verdict.summary.classes}
    with pytest.raises(UsageError, match="classes of the files"):
        segwright.check(root, classes=class_map, write=True)
