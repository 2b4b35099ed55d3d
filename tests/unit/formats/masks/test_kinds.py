"""What masks are taken to mean: palettes, colours, single objects, numbered regions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from segwright.dataset import open_dataset
from segwright.errors import DataError, LabelError
from segwright.formats.entry import Entry
from segwright.formats.faults import Fault
from segwright.labels.instances import Instances


def _save(path: Path, array: np.ndarray, palette: list[int] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Pillow.fromarray(array)
    if palette is not None:
        picture.putpalette(palette)
    picture.save(path)


def _dataset(root: Path, masks: dict[str, np.ndarray], declared: str = "") -> Path:
    """A 2×3 picture for every name that stands before the first "_" or "/" of a mask's."""
    for name, mask in masks.items():
        image = name.split("/")[0].split("_")[0]
        _save(root / "images" / f"{image}.png", np.full((2, 3), 9, np.uint8))
        _save(root / "masks" / f"{name}.png", mask)
    if declared:
        (root / "dataset.yaml").write_text(declared)
    return root


def _at(*places: tuple[int, int], value: int = 255) -> np.ndarray:
    mask = np.zeros((2, 3), np.uint8)
    for place in places:
        mask[place] = value
    return mask


def _objects(entry: Entry) -> list[tuple[int, list[list[int]]]]:
    labels = entry.labels.read()
    assert isinstance(labels, Instances)
    return [
        (one.class_id, region.mask().astype(int).tolist())
        for one, region in zip(labels.objects, labels.regions, strict=True)
    ]


def _shown(path: Path) -> np.ndarray:
    with Pillow.open(path) as picture:
        return np.array(picture.convert("RGB"))


def test_palette_colours_become_those_of_the_classes(tmp_path: Path) -> None:
    root = _dataset(tmp_path, {"a": np.array([[0, 1, 2]] * 2, np.uint8)})
    mask = root / "masks/a.png"
    _save(mask, np.array([[0, 1, 2]] * 2, np.uint8), [5, 6, 7, 200, 0, 0, 0, 0, 200])
    dataset = open_dataset(root)
    ids = dataset[0].labels.ids
    np.testing.assert_array_equal(dataset.classes.palette()[ids], _shown(mask))
    (root / "dataset.yaml").write_text("classes: [a, {name: b, colour: '#010203'}, c]")
    assert open_dataset(root).classes.colours == ((5, 6, 7), (1, 2, 3), (0, 0, 200))


def test_palette_of_two_values(tmp_path: Path) -> None:
    root = _dataset(tmp_path, {"a": np.array([[0, 1, 1]] * 2, np.uint8)})
    _save(root / "masks/a.png", np.array([[0, 1, 1]] * 2, np.uint8), [0, 0, 0, 128, 0, 0])
    assert open_dataset(root).classes.colours == ((0, 0, 0), (128, 0, 0))


def test_palettes_that_were_made_anew_for_every_file_are_read_by_colour(tmp_path: Path) -> None:
    root = _dataset(
        tmp_path,
        {},
        "classes: [{name: nil, colour: '#000000'}, "
        "{name: b, colour: '#c80000'}, {name: c, colour: '#0000c8'}]",
    )
    red, blue = [200, 0, 0], [0, 0, 200]
    for name, palette in (("a", [0, 0, 0, *red, *blue]), ("b", [0, 0, 0, *blue, *red])):
        _save(root / f"images/{name}.png", np.zeros((1, 3), np.uint8))
        _save(root / f"masks/{name}.png", np.array([[0, 1, 2]], np.uint8), palette)
    dataset = open_dataset(root)
    assert [sample.labels.ids.tolist() for sample in dataset] == [[[0, 1, 2]], [[0, 2, 1]]]
    for sample, entry in zip(dataset, dataset.entries, strict=True):
        np.testing.assert_array_equal(
            dataset.classes.palette()[sample.labels.ids], _shown(entry.labels.paths[0])
        )


def test_alpha_is_left_out_only_if_it_says_nothing(tmp_path: Path) -> None:
    mask = np.zeros((2, 3, 4), np.uint8)
    mask[..., 3] = 255
    mask[0, 0, :3] = mask[0, 1, :3] = 255
    root = _dataset(tmp_path, {"a": mask})
    assert open_dataset(root)[0].labels.ids.tolist() == [[1, 1, 0], [0, 0, 0]]
    mask[1, 2, 3] = 0
    _save(root / "masks/a.png", mask)
    with pytest.raises(LabelError, match=r"1 of 6 pixels are transparent.*row 1, column 2"):
        open_dataset(root)[0]


def test_undeclared_colours_propose_classes(tmp_path: Path) -> None:
    mask = np.array([[[0, 0, 0], [200, 0, 0], [0, 0, 200]]] * 2, np.uint8)
    root = _dataset(tmp_path, {"a": mask})
    with pytest.raises(LabelError) as error:
        open_dataset(root)
    proposal = str(error.value).split("better names: ")[1].rstrip(".")
    (root / "dataset.yaml").write_text(proposal)
    dataset = open_dataset(root)
    np.testing.assert_array_equal(dataset.classes.palette()[dataset[0].labels.ids], mask)


def test_black_and_one_colour_need_no_declaration(tmp_path: Path) -> None:
    mask = np.array([[[0, 0, 0], [200, 0, 0], [0, 0, 0]]] * 2, np.uint8)
    dataset = open_dataset(_dataset(tmp_path, {"a": mask}))
    assert dataset[0].labels.ids.tolist() == [[0, 1, 0]] * 2
    assert "#c80000 = foreground" in dataset.describe()


def test_stray_colours_are_counted_and_placed(tmp_path: Path) -> None:
    mask = np.array([[[0, 0, 0], [200, 0, 0], [1, 2, 3]]] * 2, np.uint8)
    declared = "classes: [{name: a, colour: '#000000'}, {name: b, colour: '#c80000'}]"
    root = _dataset(tmp_path, {"a": mask}, declared)
    faults: list[Fault] = []
    dataset = open_dataset(root, report=faults.append)
    labels = dataset.entries[0].labels.read(faults.append)
    assert [fault.kind for fault in faults] == ["stray-colour"] * 2
    assert "#010203 at row 0, column 2 (2 pixels" in faults[1].problem
    assert (
        labels.label_map().ids.tolist()
        if isinstance(labels, Instances)
        else labels.ids.tolist() == ([[0, 1, 255]] * 2)
    )


def test_one_mask_per_object(tmp_path: Path) -> None:
    root = _dataset(tmp_path, {"a_1": _at((0, 0)), "a_2": _at((0, 0), (1, 1)), "b_1": _at((1, 2))})
    dataset = open_dataset(root)
    assert dataset.classes.names == ("background", "object")
    assert _objects(dataset.entries[0]) == [
        (1, [[1, 0, 0], [0, 0, 0]]),
        (1, [[1, 0, 0], [0, 1, 0]]),
    ]
    assert "all are taken as 'object'" in dataset.describe()
    faults: list[Fault] = []
    dataset.entries[0].labels.read(faults.append)
    assert [fault.kind for fault in faults] == ["mask-overlap"]


@pytest.mark.parametrize("pattern", ["{}_{}", "{}/{}", "{}_{}_mask"])
def test_the_names_of_object_masks_say_classes(tmp_path: Path, pattern: str) -> None:
    masks = {
        pattern.format("a", "car_1"): _at((0, 0)),
        pattern.format("a", "tree"): _at((1, 1), (1, 2)),
        pattern.format("b", "car_2"): _at((0, 2)),
    }
    dataset = open_dataset(_dataset(tmp_path, masks))
    assert dataset.classes.names == ("background", "car", "tree")
    assert dataset[0].labels.ids.tolist() == [[1, 0, 0], [0, 2, 2]]
    assert dataset[1].labels.ids.tolist() == [[0, 0, 1], [0, 0, 0]]


def test_folders_of_object_masks_say_classes(tmp_path: Path) -> None:
    for name in "ab":
        _save(tmp_path / f"images/{name}.jpg", np.zeros((2, 3), np.uint8))
        _save(tmp_path / f"masks/car/{name}.png", _at((0, 0)))
        _save(tmp_path / f"masks/tree/{name}.png", _at((1, 1)))
    dataset = open_dataset(tmp_path)
    assert dataset.classes.names == ("background", "car", "tree")
    assert dataset[1].labels.ids.tolist() == [[1, 0, 0], [0, 2, 0]]


def test_object_masks_of_unknown_classes_and_sizes(tmp_path: Path) -> None:
    masks = {"a_car_1": _at((0, 0)), "a_boat_1": _at((1, 1)), "a_car_2": np.array([[0, 255]])}
    masks["a_car_2"] = masks["a_car_2"].astype(np.uint8)
    root = _dataset(tmp_path, masks, "classes: [car, tree]")
    with pytest.raises(LabelError, match="'boat_1', which names none of"):
        open_dataset(root)
    faults: list[Fault] = []
    dataset = open_dataset(root, report=faults.append)
    labels = dataset.entries[0].labels.read(faults.append)
    assert [fault.kind for fault in faults] == ["unknown-class", "size-differs"]
    assert isinstance(labels, Instances)
    assert [one.class_id for one in labels.objects] == [1]


def test_masks_of_several_people_are_no_objects(tmp_path: Path) -> None:
    masks = {f"{p}_manual{i}": _at((0, 0), (0, 1), (1, 0), (1, i)) for p in "ab" for i in (1, 2)}
    root = _dataset(tmp_path, masks)
    with pytest.raises(DataError, match=r"cover nearly the same.*'masks: \"\*_manual1\.png\"'"):
        open_dataset(root)
    (root / "dataset.yaml").write_text("images: images\nmasks: '*_manual1.png'")
    assert open_dataset(root)[0].labels.ids.tolist() == [[1, 1, 0], [1, 1, 0]]


def test_object_masks_cut_at_a_threshold(tmp_path: Path) -> None:
    masks = {
        "a_1": _at((0, 0)) + _at((0, 1), value=90),
        "a_2": _at((1, 1)) + _at((1, 2), value=200),
    }
    root = _dataset(tmp_path, masks, "threshold: 128")
    assert _objects(open_dataset(root).entries[0]) == [
        (1, [[1, 0, 0], [0, 0, 0]]),
        (1, [[0, 0, 0], [0, 1, 1]]),
    ]


def test_numbers_of_regions_are_no_classes(tmp_path: Path) -> None:
    one, two = np.array([[1, 1, 2], [3, 3, 2]]), np.array([[1, 1, 1], [1, 2, 2]])
    masks = {"a_0": one, "a_1": two, "b_0": two}
    dataset = open_dataset(_dataset(tmp_path, {k: v.astype(np.uint8) for k, v in masks.items()}))
    assert dataset.classes.names == ("region",)
    assert "up to 2 masks, drawn by several people; the first" in dataset.describe()
    assert _objects(dataset.entries[0]) == [
        (0, (one == value).astype(int).tolist()) for value in (1, 2, 3)
    ]


def test_sixteen_bit_numbers_of_objects(tmp_path: Path) -> None:
    wide = np.arange(40, dtype=np.uint16).reshape(2, 20)
    for name, mask in (("a", wide), ("b", wide // 2)):
        _save(tmp_path / f"images/{name}.tif", np.zeros((2, 20), np.uint8))
        _save(tmp_path / f"masks/{name}.tif", mask)
    dataset = open_dataset(tmp_path)
    assert dataset.classes.names == ("background", "object")
    assert len(_objects(dataset.entries[0])) == 39
    assert dataset[0].labels.ids.tolist() == (wide > 0).astype(int).tolist()


def test_declared_instances_with_gaps(tmp_path: Path) -> None:
    mask = np.array([[0, 20, 20], [70, 70, 120]], np.uint8)
    root = _dataset(tmp_path, {"a": mask})
    with pytest.raises(LabelError, match="'instances: FOLDER'"):
        open_dataset(root)
    (root / "dataset.yaml").write_text("instances: masks\nclasses: [lane]\nignore: [120]")
    dataset = open_dataset(root)
    assert dataset.classes.names == ("background", "lane")
    assert _objects(dataset.entries[0]) == [
        (1, (mask == 20).astype(int).tolist()),
        (1, (mask == 70).astype(int).tolist()),
        (255, (mask == 120).astype(int).tolist()),
    ]
    (root / "dataset.yaml").write_text("instances: masks\nclasses: [lane, kerb]")
    with pytest.raises(LabelError, match="number single objects, but 2 classes"):
        open_dataset(root)


def test_two_masks_of_a_picture_say_class_and_object(tmp_path: Path) -> None:
    root = _dataset(tmp_path, {"a": np.array([[0, 1, 1], [2, 2, 1]], np.uint8)})
    (root / "classes.txt").write_text("road\nline\nkerb")
    _save(root / "instances/a.png", np.array([[5, 7, 7], [9, 9, 8]], np.uint8))
    dataset = open_dataset(root)
    assert _objects(dataset.entries[0]) == [
        (0, [[1, 0, 0], [0, 0, 0]]),
        (1, [[0, 1, 1], [0, 0, 0]]),
        (1, [[0, 0, 0], [0, 0, 1]]),
        (2, [[0, 0, 0], [1, 1, 0]]),
    ]
    assert dataset[0].labels.ids.tolist() == [[0, 1, 1], [2, 2, 1]]


def test_lanes(shared_data: Path) -> None:
    dataset = open_dataset(shared_data / "lanes")
    for entry in dataset.entries:
        labels = entry.labels.read()
        assert isinstance(labels, Instances)
        with Pillow.open(shared_data / "lanes/gt_binary_image" / f"{entry.key}.png") as picture:
            np.testing.assert_array_equal(labels.label_map().ids, np.array(picture) // 255)
        with Pillow.open(shared_data / "lanes/gt_instance_image" / f"{entry.key}.png") as picture:
            numbers = np.array(picture)
        for one, region in zip(labels.objects, labels.regions, strict=True):
            if one.name:
                assert not (region.mask() & (numbers != int(one.name))).any()
        assert {int(one.name) for one in labels.objects if one.name} == set(np.unique(numbers)) - {
            0
        }


def test_bsds(shared_data: Path) -> None:
    dataset = open_dataset(shared_data / "bsds500")
    assert [len(dataset.split(name)) for name in dataset.splits] == [200, 100, 200]
    entry = next(entry for entry in dataset.entries if entry.key == "100075")
    labels = entry.labels.read()
    assert isinstance(labels, Instances)
    with Pillow.open(shared_data / "bsds500/train/segmentations/100075_0.png") as picture:
        np.testing.assert_array_equal(labels.numbers(), np.array(picture))
    text = dataset.describe()
    assert "up to 9 masks" in text
    assert "not used: test/boundaries, test/gpb_owt_ucm2" in text


def test_magnetic_tile_opens_with_the_threshold_that_the_message_names(
    shared_data: Path, tmp_path: Path
) -> None:
    for folder in (shared_data / "magnetic_tile").iterdir():
        (tmp_path / folder.name).symlink_to(folder)
    with pytest.raises(LabelError, match="'threshold: 128'"):
        open_dataset(tmp_path)
    (tmp_path / "dataset.yaml").write_text("threshold: 128")
    dataset = open_dataset(tmp_path)
    assert len(dataset) == len(list((shared_data / "magnetic_tile").glob("*/images/*.jpg")))
    assert {key.split("/")[0] for key in dataset.keys} == {
        *("blowhole", "break", "crack", "fray", "free", "uneven")
    }


@pytest.mark.parametrize("name", ["rgbd", "odd_images", "odd_images/png", "odd_images/gif"])
def test_pictures_without_masks_are_told_apart(shared_data: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"no pictures with labels.*'masks: FOLDER'"):
        open_dataset(shared_data / name)
