"""Mask folders: layouts, pairing, and what mask values are taken to mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from segwright.dataset import open_dataset
from segwright.errors import DataError, LabelError, UnknownNameError
from segwright.formats.faults import Fault
from segwright.labels.instances import as_label_map

BINARY = np.array([[0, 255], [255, 255]], dtype=np.uint8)


def _save(path: Path, array: np.ndarray, *, palette: list[int] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Pillow.fromarray(array)
    if palette is not None:
        picture.putpalette(palette)
    picture.save(path)


def _dataset(
    root: Path, masks: list[np.ndarray], *, names: str | None = None, settings: str | None = None
) -> Path:
    """`root` with one grey picture for each mask, a.png, b.png …"""
    for letter, mask in zip("abcdef", masks, strict=False):
        _save(root / "images" / f"{letter}.png", np.full(mask.shape[:2], 7, dtype=np.uint8))
        _save(root / "masks" / f"{letter}.png", mask)
    if names is not None:
        (root / "classes.txt").write_text(names)
    if settings is not None:
        (root / "dataset.yaml").write_text(settings)
    return root


def _index(*rows: list[int]) -> np.ndarray:
    return np.array(rows, dtype=np.uint8)


@pytest.mark.parametrize("outside", [True, False])
def test_both_split_layouts(tmp_path: Path, outside: bool) -> None:
    for split in ("train", "validation", "test"):
        for kind, value in (("images", 9), ("masks", 255)):
            place = Path(split, kind) if outside else Path(kind, split)
            array = np.array([[0, value]], dtype=np.uint8)
            _save(tmp_path / place / f"{split}1.png", array)
    dataset = open_dataset(tmp_path)
    assert dataset.splits == ("train", "val", "test")
    assert dataset.split("val").keys == ("validation1",)
    assert dataset.split("val")[0].labels.ids.tolist() == [[0, 1]]


def test_any_suffix_on_either_side_and_folders_within(tmp_path: Path) -> None:
    _save(tmp_path / "images" / "city" / "a.BMP", BINARY)
    _save(tmp_path / "masks" / "city" / "a.gif", BINARY)
    dataset = open_dataset(tmp_path)
    assert dataset.keys == ("city/a",)
    assert dataset[0].labels.ids.tolist() == [[0, 1], [1, 1]]


def test_same_name_in_two_splits_gets_the_split_before_it(tmp_path: Path) -> None:
    for split in ("train", "val"):
        _save(tmp_path / split / "images" / "0.png", BINARY)
        _save(tmp_path / split / "masks" / "0.png", BINARY)
    assert open_dataset(tmp_path).keys == ("train/0", "val/0")


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("{}_training", "{}_manual1"),
        ("{}", "{}_mask"),
        ("img_{}", "seg_{}"),
        ("scan-{}", "scan-{}-labels"),
    ],
)
@pytest.mark.parametrize("numbers", [["21"], ["21", "22", "30"]])
def test_names_with_a_shared_part(
    tmp_path: Path, image: str, mask: str, numbers: list[str]
) -> None:
    for number in numbers:
        _save(tmp_path / "images" / f"{image.format(number)}.tif", BINARY)
        _save(tmp_path / "masks" / f"{mask.format(number)}.gif", BINARY)
    dataset = open_dataset(tmp_path)
    assert dataset.keys == tuple(image.format(number) for number in numbers)
    assert [entry.labels.paths[0].stem for entry in dataset.entries] == [
        mask.format(number) for number in numbers
    ]
    assert "matched by the part" in dataset.describe()


def test_pictures_and_masks_without_a_partner_are_listed(tmp_path: Path) -> None:
    _dataset(tmp_path, [BINARY] * 3)
    (tmp_path / "masks" / "b.png").rename(tmp_path / "masks" / "x.png")
    with pytest.raises(
        DataError, match=r"1 of 3 pictures have no mask: b; 1 of 3 masks have no picture: x"
    ):
        open_dataset(tmp_path)


def test_a_shared_part_does_not_hide_a_missing_mask(tmp_path: Path) -> None:
    for name in ("1_training", "2_training", "3_training"):
        _save(tmp_path / "images" / f"{name}.png", BINARY)
    for name in ("1_manual", "3_manual"):
        _save(tmp_path / "masks" / f"{name}.png", BINARY)
    with pytest.raises(DataError, match="1 of 3 pictures have no mask: 2_training"):
        open_dataset(tmp_path)


def test_two_suffixes_of_one_name(tmp_path: Path) -> None:
    _dataset(tmp_path, [BINARY])
    _save(tmp_path / "images" / "a.bmp", BINARY)
    with pytest.raises(DataError, match=r"a\.bmp and a\.png differ in the suffix alone"):
        open_dataset(tmp_path)


def test_unlabelled_split_and_stray_files(tmp_path: Path) -> None:
    _dataset(tmp_path / "train", [BINARY])
    (tmp_path / "train" / "images" / "notes.txt").write_text("x")
    assert "notes.txt" in open_dataset(tmp_path).describe()
    _save(tmp_path / "test" / "images" / "z.png", BINARY)
    with pytest.raises(DataError, match="test has 'images' but no 'masks'"):
        open_dataset(tmp_path)


def test_label_of_another_size_names_both_files(tmp_path: Path) -> None:
    _dataset(tmp_path, [BINARY])
    _save(tmp_path / "images" / "a.png", np.zeros((2, 3), dtype=np.uint8))
    with pytest.raises(LabelError, match=r"masks/a\.png: is 2×2, but .*images/a\.png is 2×3"):
        open_dataset(tmp_path)[0]


def test_numbers_with_names_and_a_last_void(tmp_path: Path) -> None:
    dataset = open_dataset(_dataset(tmp_path, [_index([0, 1, 2])], names="road\ncar\nVoid\n"))
    assert dataset.classes.names == ("road", "car")
    assert dataset.classes.background is None
    assert dataset[0].labels.ids.tolist() == [[0, 1, 255]]
    assert "Ignored: class 'Void'" in dataset.describe()


def test_a_number_beyond_the_names(tmp_path: Path) -> None:
    root = _dataset(tmp_path, [_index([0, 1]), _index([7, 7])], names="road\ncar\nsky")
    with pytest.raises(LabelError, match=r"b\.png: .*7 \(2 px\).*'ignore: \[7\]'"):
        open_dataset(root)
    (root / "dataset.yaml").write_text("ignore: [7]")
    assert open_dataset(root)[1].labels.ids.tolist() == [[255, 255]]


def test_ignored_name_in_the_middle_moves_the_ids_after_it(tmp_path: Path) -> None:
    root = _dataset(tmp_path, [_index([0, 1, 2])], names="road\negg\nsky", settings="ignore: egg")
    dataset = open_dataset(root)
    assert dataset.classes.names == ("road", "sky")
    assert dataset[0].labels.ids.tolist() == [[0, 255, 1]]


def test_palette_pictures_are_read_by_index(tmp_path: Path) -> None:
    root = _dataset(tmp_path, [_index([0, 1, 2])], names="background\ncat\ndog")
    _save(root / "masks" / "a.png", _index([0, 1, 2]), palette=[0, 0, 0, 200, 9, 9, 9, 9, 200])
    dataset = open_dataset(root)
    assert dataset[0].labels.ids.tolist() == [[0, 1, 2]]
    assert dataset.classes.background == 0


@pytest.mark.parametrize("high", [1, 255])
def test_two_values_are_background_and_one_class(tmp_path: Path, high: int) -> None:
    dataset = open_dataset(_dataset(tmp_path, [_index([0, high])], names="vessel"))
    assert dataset.classes.names == ("background", "vessel")
    assert dataset.classes.background == 0
    assert dataset[0].labels.ids.tolist() == [[0, 1]]
    assert f"0 = background and {high} = vessel" in dataset.describe()


def test_bilevel_and_sixteen_bit_masks(tmp_path: Path) -> None:
    _dataset(tmp_path, [np.array([[False, True]])])
    assert open_dataset(tmp_path)[0].labels.ids.tolist() == [[0, 1]]
    wide = _dataset(
        tmp_path / "wide",
        [np.array([[1000, 40000]], dtype=np.uint16)],
        settings="values: {1000: land, 40000: water}",
    )
    dataset = open_dataset(wide)
    assert dataset.classes.names == ("land", "water")
    assert dataset[0].labels.ids.tolist() == [[0, 1]]


def test_anti_aliased_masks_need_a_threshold(tmp_path: Path) -> None:
    root = _dataset(tmp_path, [_index([0, 0, 30, 127, 128, 255])])
    with pytest.raises(
        LabelError, match=r"a\.png: .*0 \(2 px\), 255 \(1 px\) and 3 px between.*'threshold: 128'"
    ):
        open_dataset(root)
    (root / "dataset.yaml").write_text("threshold: 128\nclasses: [crack]")
    dataset = open_dataset(root)
    assert dataset[0].labels.ids.tolist() == [[0, 0, 0, 0, 1, 1]]
    assert dataset.classes.names == ("background", "crack")


def test_numbers_without_names_must_be_without_gaps(tmp_path: Path) -> None:
    dataset = open_dataset(_dataset(tmp_path / "whole", [_index([0, 1, 2])]))
    assert dataset.classes.names == ("class 0", "class 1", "class 2")
    with pytest.raises(LabelError, match=r"20 \(1 px\).*no class is named"):
        open_dataset(_dataset(tmp_path / "gaps", [_index([0, 20, 70])]))


def test_nothing_labelled(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="nothing is labelled"):
        open_dataset(_dataset(tmp_path, [_index([0, 0])]))


def test_a_value_that_the_survey_did_not_see(tmp_path: Path) -> None:
    root = _dataset(tmp_path, [BINARY])
    dataset = open_dataset(root)
    _save(root / "masks" / "a.png", _index([0, 255], [9, 9]))
    with pytest.raises(LabelError, match=r"value 9 at row 1, column 0 \(2 pixels like it"):
        dataset[0]


def test_colours(tmp_path: Path) -> None:
    mask = np.array([[[128, 64, 128], [0, 0, 0], [255, 0, 0]]], dtype=np.uint8)
    root = _dataset(tmp_path, [mask])
    with pytest.raises(LabelError, match="colour pictures with 3 colours"):
        open_dataset(root)
    (root / "dataset.yaml").write_text(
        "classes:\n- {name: road, colour: '#804080'}\n- {name: car, colour: [255, 0, 0]}\n"
        "- {name: void, colour: [0, 0, 0]}\n"
    )
    dataset = open_dataset(root)
    assert dataset.classes.colours == ((128, 64, 128), (255, 0, 0))
    assert dataset[0].labels.ids.tolist() == [[0, 255, 1]]


def test_field_of_view(tmp_path: Path) -> None:
    _dataset(tmp_path, [BINARY])
    _save(tmp_path / "field_of_view" / "a_fov.png", _index([255, 255], [255, 0]))
    assert open_dataset(tmp_path)[0].labels.ids.tolist() == [[0, 1], [1, 255]]
    _save(tmp_path / "field_of_view" / "a_fov.png", _index([255, 255], [3, 0]))
    with pytest.raises(LabelError, match="field of view with the values 0, 3, 255"):
        open_dataset(tmp_path)[0]


@pytest.mark.parametrize("grey_is_seen", [True, False])
def test_16_bit_grey_among_colours_is_an_error_that_names_it(
    tmp_path: Path, grey_is_seen: bool
) -> None:
    colours = np.array([[[128, 64, 128], [0, 0, 64]]], dtype=np.uint8)
    settings = "classes: [{name: a, colour: '#804080'}, {name: b, colour: '#000040'}]"
    root = _dataset(tmp_path, [colours, colours], settings=settings)
    dataset = None if grey_is_seen else open_dataset(root)
    _save(root / "masks" / "b.png", np.array([[0, 300]], dtype=np.uint16))
    with pytest.raises(LabelError, match=r"b\.png.*grey value 300"):
        (dataset or open_dataset(root))[1]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ("clases: [a]", UnknownNameError, "'clases'.*Did you mean 'classes'"),
        ("- a", DataError, "holds a list"),
        ("classes: [a, b", DataError, "not readable as YAML"),
        ("threshold: 1\nthreshold: 2", DataError, "threshold stands twice"),
        ("ignore: &a [1]\nspacing: *a", DataError, r"alias \*a.*line 2"),
        ("threshold: half", DataError, "threshold"),
        ("threshold: 128\nvalues: {0: a}", DataError, "keep one"),
        ("groups: '('", DataError, "no regular expression"),
        ("spacing: -1", DataError, "no spacing"),
        ("spacing: .nan", DataError, "no spacing"),
        ("splits: {dev: a}", DataError, "dev is no split"),
        ("classes: [{name: a, colour: [0, 0, 256]}]", DataError, "no colour"),
        ("ignore: [vid]\nclasses: [a, void]", UnknownNameError, "'vid'.*'void'"),
        ("background: sky\nclasses: [a]", UnknownNameError, "'sky'"),
        ("values: {0: a, 255: c}\nclasses: [a, b]", UnknownNameError, "'c'"),
        ("ignore: [-1]", DataError, "-1 is no mask value"),
        ("a: !!python/object/apply:os.getcwd []", DataError, "not readable as YAML"),
    ],
)
def test_refuses_settings(
    tmp_path: Path, settings: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        open_dataset(_dataset(tmp_path, [BINARY], settings=settings))


def test_different_names_in_both_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="name different classes"):
        open_dataset(_dataset(tmp_path, [BINARY], names="a", settings="classes: [b]"))


def test_ignored_numbers_are_mask_values_where_values_are_declared(tmp_path: Path) -> None:
    """Not places in the list of names."""
    root = _dataset(
        tmp_path,
        [_index([10, 20, 0])],
        settings="values: {10: road, 20: car}\nignore: [0]",
    )
    dataset = open_dataset(root)
    assert dataset.classes.names == ("road", "car")
    assert dataset[0].labels.ids.tolist() == [[0, 1, 255]]


def test_a_pixel_in_colour_among_grey_masks_is_found_in_its_file(tmp_path: Path) -> None:
    """The other masks are numbers of classes, not pictures in colours that nobody declared."""
    grey = np.repeat(np.arange(60 * 60).reshape(60, 60, 1) % 3, 3, axis=-1).astype(np.uint8)
    root = _dataset(tmp_path, [grey] * 5, names="road\ncar\nsky")
    spotted = grey.copy()
    spotted[7, 9] = 10, 200, 30
    _save(root / "masks" / "c.png", spotted)
    dataset = open_dataset(root)
    assert dataset.classes.names == ("road", "car", "sky")
    with pytest.raises(LabelError, match=r"c\.png: colour #0ac81e at row 7, column 9 \(1 px"):
        dataset[2]
    told: list[Fault] = []
    ids = dataset.entries[2].labels.read(told.append)
    assert [one.kind for one in told] == ["stray-colour"]
    expected = grey[..., 0].copy()
    expected[7, 9] = 255
    np.testing.assert_array_equal(as_label_map(ids).ids, expected)


def test_few_red_pixels_among_empty_masks_are_a_class(tmp_path: Path) -> None:
    black = np.zeros((60, 60, 3), np.uint8)
    red = black.copy()
    red[5, 5] = 255, 0, 0
    dataset = open_dataset(_dataset(tmp_path, [red, black, black, black, black, black]))
    assert len(dataset.classes) == 2
    assert dataset[0].labels.ids.sum() == 1


def test_few_pixels_of_a_value_look_like_a_slip_and_may_be_ignored(tmp_path: Path) -> None:
    mask = (np.arange(60 * 60).reshape(60, 60) % 3).astype(np.uint8)
    mask[10, 11] = 77
    root = _dataset(tmp_path, [mask, mask], names="road\ncar\nsky")
    with pytest.raises(LabelError, match=r"77 \(2 px\).*like a slip.*'ignore: \[77\]'"):
        open_dataset(root)


def test_masks_stored_with_loss_lead_with_that(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 3, (64, 64)).astype(np.uint8) * 80
    root = _dataset(tmp_path, [], names="road\ncar\nsky")
    _save(root / "images" / "a.png", np.zeros((64, 64), np.uint8))
    _save(root / "masks" / "a.jpg", noise)
    with pytest.raises(LabelError, match=r"a\.jpg: is stored as JPEG, with loss.*as PNG") as told:
        open_dataset(root)
    assert "classes.txt" not in str(told.value)


def test_a_stray_pixel_among_undeclared_colours_is_not_proposed_as_a_class(tmp_path: Path) -> None:
    mask = np.zeros((120, 120, 3), np.uint8)
    mask[:, 40:80], mask[:, 80:] = (128, 64, 128), (255, 0, 0)
    spotted = mask.copy()
    spotted[3, 5] = 10, 200, 30
    root = _dataset(tmp_path, [mask, spotted, mask])
    with pytest.raises(LabelError, match=r"slip: #0ac81e \(1 px, in .*b\.png\)") as told:
        open_dataset(root)
    assert "colour: '#804080'" in str(told.value)
    assert "colour: '#0ac81e'" not in str(told.value)
