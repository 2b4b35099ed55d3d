"""Which mask is given to which picture: as it was written, or a fault; never another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segwright.errors import DataError
from segwright.formats.masks.pairing import pair, pair_many

# Names that hold each other, as numbers, words and parts of words.
NAMES = st.one_of(
    st.integers(0, 12).map(str),
    st.integers(0, 12).map(lambda number: f"{number:02d}"),
    st.integers(1, 12).map(lambda number: f"img_{number}"),
    st.integers(1, 12).map(lambda number: f"t{number:03d}"),
    st.lists(st.sampled_from(["1", "2", "10", "img", "car", "a"]), min_size=1, max_size=3).map(
        "_".join
    ),
    st.sampled_from(["seq/1", "seq/2", "seq/10", "other/1", "1/2", "a b", "a.b", "mask_1"]),
)
KINDS = {
    "numbers": lambda number: str(number),
    "numbers from 0": lambda number: str(number - 1),
    "class": lambda number: f"cell_{number}",
    "classes": lambda number: f"{('car', 'road', 'a')[number % 3]}_{number}",
    "mask": lambda number: f"mask_{number}",
    "number, mask": lambda number: f"{number}_mask",
    "long": lambda number: f"cell_{number:03d}",
}
LAYOUTS: dict[str, Callable[[str, str], str]] = {
    "folder": lambda name, rest: f"{name}/{rest}",
    "folder in a folder": lambda name, rest: f"left/{name}/{rest}",
    "folder of masks": lambda name, rest: f"{name}/masks/{rest}",
    "beginning": lambda name, rest: f"{name}_{rest}",
    "beginning, hyphen": lambda name, rest: f"{name}-{rest}",
    "end": lambda name, rest: f"{rest}_{name}",
    "folder of a class": lambda name, rest: f"{rest}/{name}",
    "folder of a class and number": lambda name, rest: f"road/{name}_{rest}",
}


def _files(names: Mapping[str, object] | list[str]) -> dict[str, Path]:
    return {name: Path(f"{name}.png") for name in sorted(names)}


def _agrees_or_is_refused(names: list[str], owner: Mapping[str, str]) -> bool:
    """Whether masks go to their owners; False if a fault was told instead."""
    try:
        found = pair_many(_files(names), _files(owner))
    except DataError:
        return False
    assert {mask: image for image, some in found.masks_of.items() for mask in some} == owner
    return True


@pytest.mark.parametrize("layout", LAYOUTS)
@given(
    counts=st.dictionaries(NAMES, st.integers(0, 12), min_size=1, max_size=12),
    kind=st.sampled_from(sorted(KINDS)),
)
@settings(max_examples=150)
def test_masks_go_back_to_their_picture_or_none(
    layout: str, counts: dict[str, int], kind: str
) -> None:
    owner = {
        LAYOUTS[layout](name, KINDS[kind](number)): name
        for name, count in counts.items()
        for number in range(1, count + 1)
    }
    _agrees_or_is_refused(list(counts), owner)


@given(counts=st.dictionaries(st.integers(0, 30), st.integers(1, 40), min_size=1, max_size=20))
@settings(max_examples=100)
@pytest.mark.parametrize("kind", ["class", "classes", "mask", "long"])
def test_a_folder_for_each_picture_is_always_read(kind: str, counts: dict[int, int]) -> None:
    """Whatever numbers the pictures and their objects have."""
    owner = {
        f"{name}/{KINDS[kind](number)}": str(name)
        for name, count in counts.items()
        for number in range(1, count + 1)
    }
    assert _agrees_or_is_refused([str(name) for name in counts], owner)


@given(names=st.sets(NAMES, min_size=1, max_size=12), data=st.data())
@settings(max_examples=150)
def test_one_mask_each_goes_back_to_its_picture_or_none(
    names: set[str], data: st.DataObject
) -> None:
    pattern = data.draw(st.sampled_from(["{}", "{}_mask", "{}_1", "mask_{}", "1_{}", "{}_a_2"]))
    prefix = data.draw(st.sampled_from(["", "img_", "img", "2024_"]))
    kept = data.draw(st.sets(st.sampled_from(sorted(names)), min_size=1))
    owner = {pattern.format(name): f"{prefix}{name}" for name in kept}
    images = [f"{prefix}{name}" for name in names]
    _agrees_or_is_refused(images, owner)
    try:
        found, _ = pair(_files(images), _files(owner), where=Path())
    except DataError:
        return
    assert {mask.as_posix().removesuffix(".png"): image for image, mask in found.items()} == owner


def test_a_picture_of_twelve_objects_among_twelve() -> None:
    counts = {str(name): 12 if name == 1 else 2 for name in range(1, 13)}
    for layout in (LAYOUTS["folder"], lambda name, rest: f"{name}/masks_{rest}"):
        owner = {
            layout(name, f"cell_{number}"): name
            for name, count in counts.items()
            for number in range(1, count + 1)
        }
        assert _agrees_or_is_refused(list(counts), owner)


@pytest.mark.parametrize(
    ("masks", "told"),
    [
        # Object 2 of picture 1, or picture 2 in a folder of class 1.
        (["1/1", "1/2", "2/1", "2/2"], "the name of the folder.*the whole name"),
        # Object 2 of picture 1, or picture 2 as the first person drew it.
        (["1_cell_1", "1_cell_2", "2_cell_1"], "the beginning of the name.*the end of the name"),
        # Picture 2 has no mask, or those of picture 1 are of both.
        (["1_cell_1", "1_cell_2"], "the end of the name.*the beginning of the name"),
    ],
)
def test_two_ways_are_told_and_not_chosen_between(masks: list[str], told: str) -> None:
    with pytest.raises(DataError, match=f"two ways: {told}"):
        pair_many(_files(["1", "2"]), _files(masks))


def test_names_within_each_other() -> None:
    owner = {"img_1_mask": "img_1", "img_1_2_mask": "img_1_2"}
    assert _agrees_or_is_refused(["img_1", "img_1_2"], owner)
    owner = {f"{name}_mask_{n}": name for name in ("img_1", "img_1_2") for n in (1, 2, 3)}
    assert _agrees_or_is_refused(["img_1", "img_1_2"], owner)
    masks = ["scan_road", "scan_car_left", "scan_car_road", "scan_car_sky"]
    with pytest.raises(DataError, match=r"may be a mask of scan_car\.png, or of a picture with a"):
        pair_many(_files(["scan", "scan_car"]), _files(masks))


def test_numbers_are_whole() -> None:
    for images, masks in (
        (["1", "2"], ["10", "20"]),
        (["1", "2"], ["01", "02"]),
        (["img_1", "img_2"], ["img_10_mask", "img_20_mask"]),
        (["1_1", "1_2"], ["3_1", "3_2"]),
        (["1_1", "1_2"], ["3_1_mask", "3_2_mask"]),
    ):
        with pytest.raises(DataError, match="have no"):
            pair_many(_files(images), _files(masks))
