"""Every kind of finding, on data drawn to have it, and none on data that have nothing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from tests.unit.dataset.scenes import draw_dataset, save, scene

from segwright.dataset.checks import Verdict, examine
from segwright.dataset.checks.look import seen_from
from segwright.formats.faults import Fault


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGWRIGHT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Twelve pictures with words for names, in train and val."""
    words = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay", "kite", "lark"]
    names = {f"{'val' if i > 7 else 'train'}/{word}": i for i, word in enumerate(words)}
    return draw_dataset(tmp_path / "data", names)


def _check(root: Path) -> Verdict:
    return examine(root).verdict


def _kinds(verdict: Verdict) -> dict[str, int]:
    return {group.kind: len(group.findings) for group in verdict.groups()}


def test_nothing_is_found_where_nothing_is_wrong(root: Path) -> None:
    verdict = _check(root)
    assert (verdict.line, verdict.findings) == ("usable", ())
    assert verdict.summary is not None
    assert (verdict.summary.pictures, verdict.summary.splits) == (12, {"train": 8, "val": 4})
    blobs = [scene(seed)[1] for seed in range(12)]
    share = sum(int(one.sum()) for one in blobs) / sum(one.size for one in blobs)
    assert verdict.summary.classes[1].share == pytest.approx(share)
    assert verdict.summary.classes[1].pictures == sum(bool(one.any()) for one in blobs)


def test_a_cut_off_picture(root: Path) -> None:
    path = root / "train/images/bee.png"
    path.write_bytes(path.read_bytes()[:3000])
    verdict = _check(root)
    assert _kinds(verdict) == {"unreadable-image": 1}
    (finding,) = verdict.findings
    assert (finding.where, finding.key) == ("train/images/bee.png", "bee")
    assert not verdict.usable


def test_a_mask_that_is_one_row_short(root: Path) -> None:
    path = root / "train/masks/cat.png"
    Pillow.fromarray(np.array(Pillow.open(path))[:-1]).save(path)
    verdict = _check(root)
    assert _kinds(verdict) == {"size-differs": 1}
    assert "95×128" in verdict.findings[0].problem
    assert "One pixel" in verdict.findings[0].remedy


def test_a_picture_without_a_mask_and_a_mask_without_a_picture(root: Path) -> None:
    (root / "train/masks/cat.png").unlink()
    (root / "train/images/dog.png").unlink()
    found = _kinds(_check(root))
    assert found.keys() & {"image-without-labels", "labels-without-image"}
    assert not _check(root).usable


def test_a_turned_picture_whose_mask_is_not(root: Path) -> None:
    pixels, _ = scene(2)
    for name, orientation in (("cat", 6), ("dog", 3)):
        exif = Pillow.Exif()
        exif[0x0112] = orientation
        Pillow.fromarray(pixels).save(root / f"train/images/{name}.jpg", exif=exif, quality=95)
        (root / f"train/images/{name}.png").unlink()
    verdict = _check(root)
    turned = {one.kind: one for one in verdict.findings if one.key in ("cat", "dog")}
    assert "EXIF" in turned["size-differs"].remedy
    assert turned["exif-turned"].key == "dog"


def test_pictures_that_show_nothing(root: Path) -> None:
    blobs = scene(0)[1] * 255
    save(root, "train/ant", np.full((96, 128, 3), 7, np.uint8), blobs)
    speck = np.full((96, 128, 3), 7, np.uint8)
    speck[5, 5:9] = 200
    save(root, "train/bee", speck, blobs[::-1].copy())
    found = [one for one in _check(root).findings if one.kind == "blank-picture"]
    assert [one.problem for one in found] == [
        "the picture is constant",
        "the picture is nearly empty",
    ]


def test_values_that_are_no_numbers(tmp_path: Path) -> None:
    for index, name in enumerate(("ant", "bee", "cat", "dog", "eel")):
        pixels, blobs = scene(index)
        values = pixels[..., 0].astype(np.float32)
        if name == "bee":
            values[3, 4] = np.nan
        for folder, content in (("images", values), ("masks", blobs * 255)):
            (tmp_path / "data" / folder).mkdir(parents=True, exist_ok=True)
            suffix = "tif" if folder == "images" else "png"
            Pillow.fromarray(content).save(tmp_path / "data" / folder / f"{name}.{suffix}")
    verdict = _check(tmp_path / "data")
    assert [(one.kind, one.key) for one in verdict.findings] == [("non-finite", "bee")]


def test_mixtures(root: Path) -> None:
    pixels, blobs = scene(1)
    save(root, "train/bee", pixels[..., 0].copy(), blobs * 255)  # grey among RGB
    deep = pixels.astype(np.uint16)[..., 0] * 256
    save(root, "train/cat", deep, blobs[::-1] * 255)
    larger, more = scene(30, (100, 140))
    save(root, "train/dog", larger, more * 255)
    verdict = _check(root)
    found = _kinds(verdict)
    assert (found["mixed-channels"], found["mixed-dtypes"], found["mixed-sizes"]) == (2, 1, 1)
    assert verdict.usable


def test_a_mask_stored_as_jpeg(root: Path) -> None:
    mask = root / "train/masks/bee.png"
    stored = io.BytesIO()
    Pillow.open(mask).save(stored, "JPEG", quality=70)
    (root / "train/masks/bee.jpg").write_bytes(stored.getvalue())
    mask.unlink()
    verdict = _check(root)
    assert not verdict.usable
    assert {one.how_bad for one in verdict.findings if "bee" in one.where} == {"error", "warning"}
    (root / "dataset.yaml").write_text("threshold: 128\n")
    verdict = _check(root)
    assert verdict.usable
    assert _kinds(verdict) == {"lossy-mask": 1}


def test_classes_that_are_empty_rare_or_missing_in_a_split(root: Path) -> None:
    for path in sorted(root.rglob("masks/*.png")):
        mask = np.array(Pillow.open(path)) // 255
        if path.stem in ("ant", "bee"):
            mask[:9, :9] = 2
        Pillow.fromarray(mask).save(path)
    (root / "classes.txt").write_text("ground\nblob\nspot\nnever\n")
    found = {one.kind: one.problem for one in _check(root).findings}
    assert "'never'" in found["empty-class"]
    assert "'spot'" in found["class-in-one-split"] and "val" in found["class-in-one-split"]
    assert "2 training pictures" in found["rare-class"]


def test_labels_of_a_single_class(tmp_path: Path) -> None:
    root = tmp_path / "data"
    for index in range(4):
        pixels, blobs = scene(index)
        save(root, f"{'val' if index > 2 else 'train'}/{'abcd'[index] * 3}", pixels, blobs * 0)
    (root / "classes.txt").write_text("background\nblob\n")
    verdict = _check(root)
    assert "nothing-labelled" in _kinds(verdict)
    assert not verdict.usable


def test_a_class_that_is_nearly_everything(root: Path) -> None:
    for path in root.rglob("masks/*.png"):
        mask = np.zeros((96, 128), np.uint8)
        mask[40:44, 40:44] = 255  # 0.13 %
        Pillow.fromarray(mask).save(path)
    found = {one.kind: one.problem for one in _check(root).findings}
    assert "99.87 %" in found["class-dominates"]
    assert "same-labels" in found  # and all are the same to the last pixel


def test_copies_within_and_across_splits_and_contradictions(root: Path) -> None:
    pixels, blobs = scene(0)  # train/ant
    save(root, "train/zebra", pixels, blobs * 255)
    save(root, "val/yak", pixels, blobs[::-1] * 255)
    verdict = _check(root)
    found = {one.kind: one for one in verdict.findings}
    assert found.keys() == {"duplicate-across-splits", "contradiction"}
    assert "3 pictures" in found["duplicate-across-splits"].problem
    assert "2 different labels" in found["contradiction"].problem
    assert verdict.usable
    (root / "val/images/yak.png").unlink()
    (root / "val/masks/yak.png").unlink()
    assert _kinds(_check(root)) == {"duplicate": 1}


def test_nearly_the_same_picture_in_two_splits(root: Path) -> None:
    pixels, blobs = scene(0)
    save(root, "val/yak", (pixels * 0.7 + 20).astype(np.uint8)[2:-2, 3:-3], blobs[2:-2, 3:-3] * 255)
    found = {one.kind: one for one in _check(root).findings}
    near = found["near-duplicate-across-splits"]
    assert near.how_bad == "warning"
    assert near.where == "train/images/ant.png, val/images/yak.png"


def test_nearly_the_same_picture_of_which_one_has_no_object(root: Path) -> None:
    pixels, blobs = scene(0)
    save(root, "train/yak", (pixels * 0.7 + 20).astype(np.uint8), blobs * 0)
    found = [one for one in _check(root).findings if one.kind == "contradiction"]
    assert [one.where for one in found] == ["train/masks/yak.png"]


def test_what_holding_out_would_tear(tmp_path: Path) -> None:
    root = tmp_path / "data"
    for seed in range(8):
        pixels, blobs = scene(seed)
        for copy in range(3):
            darker = (pixels * (1 - 0.2 * copy)).astype(np.uint8)
            save(root, f"{'abcdefgh'[seed]}{'xyz'[copy]}", darker, blobs * 255)
    verdict = _check(root)
    found = {one.kind: one.problem for one in verdict.findings}
    assert found.keys() == {"near-duplicate", "same-held-out"}
    (root / "dataset.yaml").write_text("groups: '^(.)'\n")
    assert _kinds(_check(root)) == {"near-duplicate": 8}


def test_the_mask_of_another_picture(tmp_path: Path) -> None:
    words = [f"{a}{b}" for a in "abcde" for b in "vwxyz"]
    root = draw_dataset(tmp_path / "data", {word: seed for seed, word in enumerate(words)})
    assert _kinds(_check(root)) == {}
    found = []
    for seed in range(90, 96):
        save(root, "bx", scene(words.index("bx"))[0], scene(seed)[1] * 255)
        verdict = _check(root)
        assert verdict.usable
        found += [(one.kind, one.key) for one in verdict.findings]
    assert set(found) == {("foreign-labels", "bx")}
    assert len(found) >= 4  # by chance a mask of something else may fit a little


def test_a_dataset_that_training_cannot_divide(tmp_path: Path) -> None:
    verdict = _check(draw_dataset(tmp_path / "data", {"alone": 0}))
    assert _kinds(verdict) == {"no-split": 1}
    assert not verdict.usable


def test_follow_up_findings_are_not_told(root: Path) -> None:
    for path in root.rglob("masks/*.png"):
        Pillow.open(path).crop((0, 0, 128, 90)).save(path)
    assert _kinds(_check(root)) == {"size-differs": 12}


def test_the_background_is_not_called_rare(root: Path) -> None:
    for path in root.rglob("masks/*.png"):
        mask = np.array(Pillow.open(path)) // 255
        mask = mask if path.stem == "ant" else np.where(mask > 0, 2, 1).astype(np.uint8)
        Pillow.fromarray(mask).save(path)
    (root / "classes.txt").write_text("background\nblob\nspot\n")
    (root / "dataset.yaml").write_text("background: background\n")
    assert "rare-class" not in _kinds(_check(root))


def test_labels_that_are_ignored_throughout(root: Path) -> None:
    for path in root.rglob("masks/*.png"):
        Pillow.fromarray(np.full((96, 128), 255, np.uint8)).save(path)
    (root / "dataset.yaml").write_text("classes: [a, b]\nignore: [255]\n")
    (finding,) = [one for one in _check(root).findings if one.how_bad == "error"]
    assert (finding.kind, finding.where) == ("nothing-labelled", "all training labels")
    assert "every pixel of the training labels is ignored" in finding.problem


def test_faults_of_a_test_split_alone_are_warnings(root: Path) -> None:
    for seed, word in enumerate(("yak", "zebu"), start=20):
        save(root, f"test/{word}", scene(seed)[0], scene(seed)[1] * 255)
    assert _check(root).line == "usable"
    path = root / "test/images/yak.png"
    path.write_bytes(path.read_bytes()[:3000])
    verdict = _check(root)
    assert verdict.usable
    (finding,) = verdict.findings
    assert (finding.kind, finding.how_bad) == ("unreadable-image", "warning")
    assert "test split cannot be scored" in finding.remedy
    path = root / "val/images/kite.png"
    path.write_bytes(path.read_bytes()[:3000])
    assert not _check(root).usable


def test_relative_coordinates_prove_nothing_about_turned_pictures(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    for folder in ("images", "labels"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    for index in range(4):
        path = tmp_path / f"data/images/{'abcd'[index]}.jpg"
        Pillow.fromarray(scene(index)[0]).save(path, exif=exif, quality=95)
        line = f"0 0.1 0.1 0.{index + 5} 0.1 0.5 0.5\n"
        (tmp_path / f"data/labels/{path.stem}.txt").write_text(line)
    (tmp_path / "data/data.yaml").write_text("path: .\ntrain: images\nnames: [a]\n")
    found = _kinds(_check(tmp_path / "data"))
    assert found["exif-turned"] == 4


@pytest.mark.parametrize(
    ("root", "text", "seen"),
    [
        ("data", "data/mydata/masks/data/x.png", "mydata/masks/data/x.png"),
        ("data", "its picture data/a.png is, in mydata/b", "its picture a.png is, in mydata/b"),
        (".", "../x and a./b", "../x and a./b"),
        (
            "/srv/d.ta",
            "('/srv/d.ta/a', /srv/d_ta/b, x/srv/d.ta/c)",
            "('a', /srv/d_ta/b, x/srv/d.ta/c)",
        ),
    ],
)
def test_places_are_seen_from_the_root(root: str, text: str, seen: str) -> None:
    fault = seen_from(Fault("layout", text, text, text), Path(root), key=None)
    assert (fault.problem, fault.where, fault.remedy) == (seen, seen, seen)


def test_a_stray_value_is_one_finding(root: Path) -> None:
    (root / "classes.txt").write_text("ground\nblob\nsky\n")
    for path in sorted(root.rglob("masks/*.png")):
        mask = (np.asarray(Pillow.open(path)) > 0).astype(np.uint8)
        mask[0, :3] = 2
        if path.stem == "bee":
            mask[10, 11] = 77
        Pillow.fromarray(mask).save(path)
    errors = [one for one in _check(root).findings if one.how_bad == "error"]
    assert [(one.kind, one.where, one.key) for one in errors] == [
        ("unknown-value", "train/masks/bee.png", "bee")
    ]
    assert "value 77 at row 10, column 11 (1 pixels" in errors[0].problem
    assert "'ignore: [77]'" in errors[0].remedy
