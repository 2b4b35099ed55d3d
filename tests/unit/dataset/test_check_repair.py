"""A repaired copy has what can be put right without guessing, and passes the check for it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from tests.unit.dataset.scenes import draw_dataset, save, scene

from segwright.dataset import open_dataset
from segwright.dataset.checks import examine, repair
from segwright.errors import DataError, UsageError
from segwright.labels.instances import as_label_map


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGWRIGHT_CACHE", str(tmp_path / "cache"))


def _contents(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_masks(tmp_path: Path) -> None:
    names = {f"{'val' if i > 5 else 'train'}/{word}": i for i, word in enumerate("abcdefgh")}
    root = draw_dataset(tmp_path / "data", names)
    save(root, "train/copy", *_drawn(0))
    save(root, "val/copy", *_drawn(1))
    cut = root / "train/images/c.png"
    cut.write_bytes(cut.read_bytes()[:2000])
    (root / "train/masks/d.png").unlink()
    before = _contents(root)
    examined = examine(root)
    assert not examined.verdict.usable
    done = repair(examined, tmp_path / "repaired")
    assert _contents(root) == before
    again = examine(tmp_path / "repaired").verdict
    assert again.usable
    left = {one.kind for one in again.findings}
    assert left == {"duplicate-across-splits"}  # which split is right would be a guess
    repaired = open_dataset(tmp_path / "repaired")
    keys = {entry.key.rpartition("/")[2] for entry in repaired.entries}
    assert keys == set("abefgh") | {"copy"}
    assert len(repaired) == 7
    assert len(done) == 3
    for entry in repaired.entries:
        stem = entry.key.rpartition("/")[2]
        seed = 1 if stem == "copy" else "abcdefgh".index(stem)
        np.testing.assert_array_equal(as_label_map(entry.labels.read()).ids, scene(seed)[1])


def _drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    pixels, blobs = scene(seed)
    return pixels, blobs * 255


def test_blurred_masks_are_cut(tmp_path: Path) -> None:
    root = draw_dataset(tmp_path / "data", {word: i for i, word in enumerate("abcdef")})
    expected = {}
    for path in sorted(root.glob("masks/*.png")):
        mask = Pillow.open(path)
        blurred = mask.resize((61, 47), Pillow.Resampling.BILINEAR).resize(
            mask.size, Pillow.Resampling.BILINEAR
        )
        blurred.save(path)
        expected[path.stem] = np.array(blurred) >= 128
    examined = examine(root)
    assert {one.kind for one in examined.verdict.findings if one.how_bad == "error"} == {
        "blurred-mask"
    }
    done = repair(examined, tmp_path / "repaired")
    assert any("128" in sentence for sentence in done)
    assert examine(tmp_path / "repaired").verdict.findings == ()
    for entry in open_dataset(tmp_path / "repaired").entries:
        ids = as_label_map(entry.labels.read()).ids
        np.testing.assert_array_equal(ids == 1, expected[entry.key])


def test_objects_are_clipped_and_empty_ones_left_out(tmp_path: Path) -> None:
    root = tmp_path / "data"
    (root / "images").mkdir(parents=True)
    images, annotations = [], []
    for index in range(4):
        Pillow.fromarray(scene(index)[0]).save(root / f"images/{'abcd'[index]}.png")
        images.append({"id": index, "file_name": f"{'abcd'[index]}.png", "width": 128})
        images[-1]["height"] = 96
        square = [10 + index, 10, 50, 10, 50, 60, 10, 60]
        annotations.append({"id": index, "image_id": index, "segmentation": [square]})
    annotations.append({"id": 7, "image_id": 0, "segmentation": [[100, 70, 150, 70, 150, 120]]})
    annotations.append({"id": 8, "image_id": 1, "segmentation": [[1, 2, 3, 4]]})
    annotations.append(
        {"id": 9, "image_id": 2, "segmentation": {"size": [96, 128], "counts": [96 * 128]}}
    )
    for one in annotations:
        one |= {"category_id": 5, "iscrowd": 0, "area": 1, "bbox": [0, 0, 1, 1]}
    content = {"images": images, "annotations": annotations}
    content["categories"] = [{"id": 5, "name": "thing"}]
    (root / "all.json").write_text(json.dumps(content))
    examined = examine(root)
    assert {"outside-image"} <= {one.kind for one in examined.verdict.findings}
    assert not examined.verdict.usable
    done = repair(examined, tmp_path / "repaired")
    again = examine(tmp_path / "repaired").verdict
    assert [one for one in again.findings if one.how_bad != "note"] == []
    (stored,) = (tmp_path / "repaired").glob("*.json")
    kept = json.loads(stored.read_text())
    # Nobody knows what the two vertices on b were meant to be.
    assert [one["file_name"] for one in kept["images"]] == ["a.png", "c.png", "d.png"]
    assert any("1 pictures because of polygons of fewer than three" in line for line in done)
    assert len(kept["annotations"]) == 4
    rings = [one["segmentation"][0] for one in kept["annotations"]]
    corners = [set(zip(ring[::2], ring[1::2], strict=True)) for ring in rings]
    assert {(100, 70), (128, 70), (128, 96), (126, 96)} in corners
    for entry in open_dataset(tmp_path / "repaired").entries:
        old = next(e for e in examined.looked.entries if e.key == entry.key)  # type: ignore[union-attr]
        np.testing.assert_array_equal(
            as_label_map(entry.labels.read()).ids,
            as_label_map(old.labels.read(lambda fault: None)).ids,
        )


def _coco(root: Path, annotations: list[dict[str, object]], width: int = 128) -> Path:
    """Four pictures of 96×128, the last of which is said to have another width."""
    (root / "images").mkdir(parents=True)
    images = []
    for index, name in enumerate("abcd"):
        Pillow.fromarray(scene(index)[0]).save(root / f"images/{name}.png")
        said = width if name == "d" else 128
        images.append({"id": index, "file_name": f"{name}.png", "height": 96, "width": said})
        square = [10 + index, 10, 50, 10, 50, 60, 10, 60]
        annotations.append({"image_id": index, "segmentation": [square]})
    for number, one in enumerate(annotations):
        one |= {"id": number, "category_id": 5, "iscrowd": 0, "area": 1, "bbox": [0, 0, 1, 1]}
    content = {"images": images, "annotations": annotations}
    (root / "all.json").write_text(json.dumps(content | {"categories": [{"id": 5, "name": "x"}]}))
    return root


def test_pictures_whose_labels_are_not_known_do_not_become_background(tmp_path: Path) -> None:
    bad = {"image_id": 0, "segmentation": {"size": [96, 128], "counts": [1, 2, 3]}}
    examined = examine(_coco(tmp_path / "data", [bad], width=100))
    assert {"bad-rle", "size-differs"} <= {one.kind for one in examined.verdict.findings}
    done = repair(examined, tmp_path / "repaired")
    repaired = open_dataset(tmp_path / "repaired")
    assert {entry.image.stem for entry in repaired.entries} == {"b", "c"}
    assert all(as_label_map(entry.labels.read()).ids.any() for entry in repaired.entries)
    assert {line.partition(":")[0] for line in done} >= {
        "Left out 1 pictures because of run lengths that do not fit their picture",
        "Left out 1 pictures because of labels of another size than their picture",
    }


def test_a_mask_of_another_size_is_left_out(tmp_path: Path) -> None:
    root = draw_dataset(tmp_path / "data", {word: i for i, word in enumerate("abcdef")})
    Pillow.open(root / "masks/c.png").crop((0, 0, 127, 96)).save(root / "masks/c.png")
    repair(examine(root), tmp_path / "repaired")
    assert tuple(open_dataset(tmp_path / "repaired").keys) == ("a", "b", "d", "e", "f")
    assert examine(tmp_path / "repaired").verdict.usable


def test_what_the_copy_lacks_is_told(tmp_path: Path) -> None:
    root = tmp_path / "data"
    root.mkdir()
    for index, name in enumerate("abcd"):
        Pillow.fromarray(scene(index)[0]).save(root / f"{name}.png")
        square = {"label": "x", "points": [[9, 9], [50 + index, 9], [50, 50]]}
        line = {"label": "x", "points": [[60, 9], [90, 9]], "shape_type": "line"}
        shapes = [{"shape_type": "polygon"} | square, *([line] if name == "b" else [])]
        content = {"imagePath": f"{name}.png", "imageHeight": 96, "imageWidth": 128}
        content |= {"imageData": None, "shapes": shapes, "version": "5.0.0", "flags": {}}
        (root / f"{name}.json").write_text(json.dumps(content))
    done = repair(examine(root), tmp_path / "repaired")
    assert any(line == "Left out points and lines, which have no area (1)" for line in done)
    assert len(open_dataset(tmp_path / "repaired")) == 4


def test_what_is_refused(tmp_path: Path) -> None:
    root = draw_dataset(tmp_path / "data", {"a": 0, "b": 1})
    examined = examine(root)
    with pytest.raises(DataError, match="inside the dataset"):
        repair(examined, root / "repaired")
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "file").write_text("mine")
    with pytest.raises(UsageError, match="nothing is ever overwritten"):
        repair(examined, taken)
    with pytest.raises(DataError, match="cannot be opened"):
        repair(examine(taken), tmp_path / "new")
