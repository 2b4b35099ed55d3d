"""predict: what is found, where it is written, what is refused, and what survives a fault."""

from __future__ import annotations

import errno
import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from segwright.errors import StorageError, UnknownNameError, UsageError
from segwright.events import Note, StageAdvanced, StageStarted
from segwright.images import read_image, read_index, write_png
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.result import Result
from segwright.verbs.predict import predict

CLASSES = Classes.named(["dark", "mid", "bright"], background=0)


class Thresholds:
    """Bright, mid or dark: a segmenter whose results are known; it dislikes images 13 wide."""

    classes = CLASSES

    def segment(self, image: Image, *, probabilities: bool = False) -> Result:
        if image.size_hw[1] == 13:
            raise ValueError("13 brings bad luck")
        ids = expected(image)
        chances = np.eye(3, dtype=np.float32)[ids].transpose(2, 0, 1) if probabilities else None
        return Result(LabelMap(ids, CLASSES), chances, source=image.source, image=image)


def expected(image: Image) -> np.ndarray:
    return (image.pixels[..., 0] // 86).astype(np.uint8)


def put(path: Path, seed: int = 0, size_hw: tuple[int, int] = (6, 9)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_png(path, np.random.default_rng(seed).integers(0, 256, size_hw, np.uint8))
    return path


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def run(inputs, out, **options):
    return predict(Thresholds(), inputs, out, **options)


def test_a_folder_keeps_its_shape_and_masks_hold_the_ids(tmp_path):
    photos = tmp_path / "photos"
    sources = [
        put(photos / name, seed)
        for seed, name in enumerate(["a.png", "day1/a.png", "day1/deep/b.c.PNG", "day2/a.png"])
    ]
    (photos / "notes.txt").write_text("no image")
    put(photos / ".hidden.png")
    report = run(photos, tmp_path / "out")
    assert (report.done, report.failed) == (4, ())
    assert files(tmp_path / "out") == ["a.png", "day1/a.png", "day1/deep/b.c.png", "day2/a.png"]
    for source in sources:
        mask = tmp_path / "out" / source.relative_to(photos).with_suffix(".png")
        np.testing.assert_array_equal(read_index(mask), expected(read_image(source)))


def test_files_folders_and_patterns_can_be_mixed(tmp_path):
    put(tmp_path / "one.png")
    put(tmp_path / "folder/two.png")
    put(tmp_path / "wide/x/three.png")
    put(tmp_path / "wide/y/z/four.png")
    put(tmp_path / "wide/y/z/other.jpg")
    given = [tmp_path / "one.png", str(tmp_path / "folder"), str(tmp_path / "wide/**/*r*.png")]
    assert run(given, tmp_path / "out").done == 4
    assert files(tmp_path / "out") == ["one.png", "two.png", "x/three.png", "y/z/four.png"]


def test_a_file_whose_name_looks_like_a_pattern_or_has_no_suffix_is_taken(tmp_path):
    put(tmp_path / "scan[1].png")
    put(tmp_path / "plain.png").rename(tmp_path / "plain")
    assert run([tmp_path / "scan[1].png", tmp_path / "plain"], tmp_path / "out").done == 2
    assert files(tmp_path / "out") == ["plain.png", "scan[1].png"]


def test_failing_images_are_listed_and_the_others_go_on(tmp_path):
    photos = tmp_path / "photos"
    put(photos / "a.png")
    (photos / "b.png").write_bytes(b"not an image")
    put(photos / "c.png", size_hw=(4, 13))
    whole = put(photos / "d.png").read_bytes()
    (photos / "d.png").write_bytes(whole[: len(whole) // 2])
    put(photos / "e.png")
    events = []
    report = run(photos, tmp_path / "out", on_event=events.append)
    assert report.done == 2
    assert [path.name for path, _ in report.failed] == ["b.png", "c.png", "d.png"]
    reasons = [reason for _, reason in report.failed]
    assert reasons[1] == "ValueError: 13 brings bad luck"
    assert all(str(photos) not in reason for reason in reasons)
    assert files(tmp_path / "out") == ["a.png", "e.png"]
    assert events[0] == StageStarted("predicting", 5)
    assert [event.done for event in events if isinstance(event, StageAdvanced)] == [1, 2, 3, 4, 5]
    assert sum(isinstance(event, Note) for event in events) == 3


def test_everything_can_be_saved_at_once(tmp_path):
    photo = put(tmp_path / "photos/sub/a.png")
    everything = ("mask", "overlay", "probabilities", "coco")
    run(tmp_path / "photos", tmp_path / "out", save=everything)
    assert files(tmp_path / "out") == [
        "predictions.coco.json",
        "sub/a.overlay.png",
        "sub/a.png",
        "sub/a.probabilities.npz",
    ]
    with np.load(tmp_path / "out/sub/a.probabilities.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(
            arrays["probabilities"].argmax(0), expected(read_image(photo))
        )


def test_one_coco_file_holds_all_images(tmp_path):
    photos = tmp_path / "photos"
    sources = [put(photos / name, seed) for seed, name in enumerate(["a.png", "b/a.png", "c.png"])]
    run(photos, tmp_path / "out", save={"coco"})
    assert files(tmp_path / "out") == ["predictions.coco.json"]
    document = json.loads((tmp_path / "out/predictions.coco.json").read_text("utf-8"))
    names = {image["id"]: image["file_name"] for image in document["images"]}
    assert sorted(names.values()) == ["a.png", "b/a.png", "c.png"]
    ids = [annotation["id"] for annotation in document["annotations"]]
    assert ids == list(range(1, 1 + 2 * len(sources)))
    painted = {name: np.zeros((6, 9), np.uint8) for name in names.values()}
    for annotation in document["annotations"]:
        region = coco_mask.decode(annotation["segmentation"]).astype(bool)
        painted[names[annotation["image_id"]]][region] = annotation["category_id"]
    for source in sources:
        name = source.relative_to(photos).as_posix()
        np.testing.assert_array_equal(painted[name], expected(read_image(source)))


def test_a_coco_file_of_images_without_regions_is_valid(tmp_path):
    write_png(tmp_path / "black.png", np.zeros((3, 4), np.uint8))
    run(tmp_path / "black.png", tmp_path / "out", save=["coco"])
    document = json.loads((tmp_path / "out/predictions.coco.json").read_text("utf-8"))
    assert document["annotations"] == []
    assert [category["name"] for category in document["categories"]] == ["mid", "bright"]


@pytest.mark.parametrize("names", [("a.png", "a.tif"), ("one/a.png", "two/a.png")])
def test_two_images_for_one_result_are_refused_before_anything_is_written(tmp_path, names):
    sources = [put(tmp_path / "photos" / name) for name in names]
    given = [tmp_path / "photos"] if "/" not in names[0] else [path.parent for path in sources]
    with pytest.raises(UsageError) as caught:
        run(given, tmp_path / "out")
    assert all(str(source) in str(caught.value) for source in sources)
    assert not (tmp_path / "out").exists()


def test_an_image_named_like_a_result_of_another_is_refused(tmp_path):
    put(tmp_path / "photos/a.png")
    put(tmp_path / "photos/a.overlay.png")
    with pytest.raises(UsageError, match=r"a\.overlay\.png"):
        run(tmp_path / "photos", tmp_path / "out", save=("mask", "overlay"))
    assert run(tmp_path / "photos", tmp_path / "out", save=("mask",)).done == 2


@pytest.mark.parametrize("where", ["photos", "photos/../photos", "link"])
def test_images_are_never_replaced_by_results(tmp_path, where):
    source = put(tmp_path / "photos/sub/a.png")
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    before = source.read_bytes()
    with pytest.raises(UsageError, match="would be replaced"):
        run(tmp_path / "photos", tmp_path / where)
    assert source.read_bytes() == before


def test_results_can_lie_beside_images_of_other_names(tmp_path):
    put(tmp_path / "a.png").rename(tmp_path / "a.tif")
    assert run(tmp_path, tmp_path).done == 1
    assert files(tmp_path) == ["a.png", "a.tif"]


def test_results_of_an_earlier_run_inside_the_folder_are_no_images(tmp_path):
    put(tmp_path / "a.png")
    for _ in range(2):
        assert run(tmp_path, tmp_path / "out").done == 1
    assert files(tmp_path / "out") == ["a.png"]


def test_links_that_lead_in_circles_end(tmp_path):
    put(tmp_path / "photos/sub/a.png")
    (tmp_path / "photos/sub/up").symlink_to(tmp_path / "photos")
    assert run(tmp_path / "photos", tmp_path / "out").done == 1


@pytest.mark.parametrize("given", ["absent.png", "absent/*.png", "empty", "[", "**/x"])
def test_inputs_without_an_image_are_refused(tmp_path, given):
    put(tmp_path / "photos/a.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"no image is there|nothing matches"):
        run([tmp_path / "photos", tmp_path / given], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_to_save_must_be_known_and_something(tmp_path):
    put(tmp_path / "a.png")
    with pytest.raises(UnknownNameError, match="'overlay'"):
        run(tmp_path, tmp_path / "out", save=("overly",))
    with pytest.raises(UsageError, match="nothing is to be saved"):
        run(tmp_path, tmp_path / "out", save=())


def test_a_full_disk_ends_the_run_and_leaves_whole_files(tmp_path, monkeypatch):
    for name in "abc":
        put(tmp_path / f"photos/{name}.png")
    replace, calls = os.replace, []

    def full_at_the_second(aside, path) -> None:
        calls.append(path)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(aside, path)

    monkeypatch.setattr("os.replace", full_at_the_second)
    with pytest.raises(StorageError, match="No space left"):
        run(tmp_path / "photos", tmp_path / "out", save=("mask", "coco"))
    assert len(calls) == 2
    assert files(tmp_path / "out") == ["a.png"]  # no half mask, no half COCO file


def test_an_output_folder_that_is_a_file_is_refused(tmp_path):
    put(tmp_path / "photos/a.png")
    (tmp_path / "out").write_text("a file")
    with pytest.raises(StorageError, match="out"):
        run(tmp_path / "photos", tmp_path / "out")


def test_the_next_image_is_read_while_one_is_segmented(tmp_path, monkeypatch):
    for name in "ab":
        put(tmp_path / f"photos/{name}.png")
    second_read = threading.Event()

    def watched(path: Path) -> Image:
        image = read_image(path)
        if path.name == "b.png":
            second_read.set()
        return image

    monkeypatch.setattr("segwright.verbs.predict.read_image", watched)

    class Waiting(Thresholds):
        def segment(self, image: Image, *, probabilities: bool = False) -> Result:
            assert second_read.wait(timeout=30)
            return super().segment(image, probabilities=probabilities)

    assert predict(Waiting(), tmp_path / "photos", tmp_path / "out").failed == ()


def test_a_segmenter_is_loaded_from_its_folder(tmp_path):
    pytest.importorskip("torch")
    from segwright.models import build_model
    from segwright.segmenter import NetSegmenter, Preparation

    made = NetSegmenter(
        build_model("unet", num_classes=3, in_channels=1, base_width=2),
        CLASSES,
        Preparation(channels=1, mean=(0.5,), std=(0.25,)),
        model_name="unet",
        model_config={"base_width": 2},
    )
    made.save(tmp_path / "run/segmenter")
    photo = put(tmp_path / "a.png", size_hw=(21, 30))
    assert predict(tmp_path / "run", photo, tmp_path / "out").done == 1
    np.testing.assert_array_equal(
        read_index(tmp_path / "out/a.png"), made.segment(read_image(photo)).labels.ids
    )


class Surer(Thresholds):
    """Surer the brighter a pixel is; says so only with all probabilities."""

    def segment(self, image: Image, *, probabilities: bool = False) -> Result:
        found = super().segment(image)
        sure = image.pixels[..., 0].astype(np.float32) / 255
        return Result(found.labels, confidence=sure if probabilities else None)


class Silent(Thresholds):
    """Never says how sure it is."""

    def segment(self, image: Image, *, probabilities: bool = False) -> Result:
        return super().segment(image)


def test_without_confidence_there_is_no_answer_where_it_abstains(tmp_path):
    source = put(tmp_path / "photos" / "a.png")
    report = predict(Surer(), tmp_path / "photos", tmp_path / "out", abstain=0.5)
    assert report.done == 1
    image = read_image(source)
    wanted = np.where(image.pixels[..., 0] < 127.5, 255, expected(image))
    np.testing.assert_array_equal(read_index(tmp_path / "out/a.png"), wanted)
    report = predict(Silent(), tmp_path / "photos", tmp_path / "other", abstain=0.5)
    assert [reason.split(",")[0] for _, reason in report.failed] == [
        "abstain: this method does not say how sure it is"
    ]
    with pytest.raises(UsageError, match=r"confidence of 1\.5"):
        run(tmp_path / "photos", tmp_path / "third", abstain=1.5)


def test_the_ten_least_sure_images_are_named(tmp_path):
    for level in range(14):
        write = tmp_path / "photos" / f"{level:02d}.png"
        write.parent.mkdir(exist_ok=True)
        write_png(write, np.full((4, 5), 250 - 10 * level, np.uint8))
    assert run(tmp_path / "photos", tmp_path / "silent").least_sure == ()
    report = predict(Sure(), tmp_path / "photos", tmp_path / "out")
    assert [path.stem for path, _ in report.least_sure] == [f"{n:02d}" for n in range(13, 3, -1)]
    assert report.least_sure[0][1] == pytest.approx(120 / 255)


class Sure(Surer):
    """The same, and says it always."""

    def segment(self, image: Image, *, probabilities: bool = False) -> Result:
        return super().segment(image, probabilities=True)
