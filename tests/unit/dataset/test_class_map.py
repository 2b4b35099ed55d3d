"""Classes renamed, merged and ignored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segwright.dataset import open_dataset
from segwright.dataset.class_map import ClassMap
from segwright.errors import LabelError, UnknownNameError, UsageError
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances
from segwright.labels.label_map import LabelMap
from segwright.labels.shapes import Box

ROAD = Classes(
    ("nothing", "car", "bus", "road", "sky"),
    ((0, 0, 0), (1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4)),
    background=0,
)


def _made(content: dict[str, object]) -> ClassMap:
    return ClassMap.from_content(content)


def test_classes_are_merged_renamed_and_ignored_with_their_colours() -> None:
    change = _made({"vehicle": ["car", "bus"], "strasse": "road", "ignore": ["void", "sky"]})
    change = change.applied_to(ROAD)
    assert change.new == Classes(
        ("nothing", "vehicle", "strasse"), ((0, 0, 0), (1, 1, 1), (3, 3, 3)), background=0
    )
    changed = change(LabelMap(np.array([[0, 1, 2, 3, 4, 255]], np.uint8), ROAD))
    assert isinstance(changed, LabelMap)
    assert changed.ids.tolist() == [[0, 1, 1, 2, 255, 255]]


def test_ids_follow_the_map_and_a_class_may_be_of_nothing() -> None:
    change = _made({"sky": "sky", "train": [], "nothing": "nothing", "others": "ignore"})
    change = change.applied_to(ROAD)
    assert change.new.names == ("sky", "train", "nothing")
    assert change.new.background == 2
    assert change.ids == (2, 255, 255, 255, 0)


@pytest.mark.parametrize(
    ("others", "names", "ids"),
    [
        ("keep", ("nothing", "auto", "bus", "road", "sky"), (0, 1, 2, 3, 4)),
        ("ignore", ("nothing", "auto"), (0, 1, 255, 255, 255)),
        ("background", ("nothing", "auto"), (0, 1, 0, 0, 0)),
    ],
)
def test_others_are_kept_ignored_or_background(
    others: str, names: tuple[str, ...], ids: tuple[int, ...]
) -> None:
    change = _made({"auto": "car", "others": others}).applied_to(ROAD)
    assert (change.new.names, change.ids) == (names, ids)


def test_without_a_background_others_make_one() -> None:
    bare = Classes.named(["a", "b"])
    change = _made({"x": "a", "others": "background"}).applied_to(bare)
    assert change.new.names == ("background", "x")
    assert change.new.background == 0
    assert change.ids == (1, 0)


def test_an_ignored_background_is_none() -> None:
    change = _made({"ignore": "nothing", "others": "keep"}).applied_to(ROAD)
    assert change.new.background is None
    nobody = Instances((1, 2), (Instance(1, Box(0, 0, 1, 1)),), ROAD)
    drawn = change(nobody)
    assert isinstance(drawn, Instances)
    assert drawn.label_map().ids.tolist() == [[0, 255]]


def test_classes_merged_into_the_background_become_background() -> None:
    change = _made({"nothing": ["sky", "road"], "auto": ["car", "bus"]}).applied_to(ROAD)
    assert (change.new.names, change.ids) == (("nothing", "auto"), (0, 1, 1, 0, 0))
    assert change.new.background == 0


@given(
    fates=st.lists(
        st.sampled_from(["nothing", "x", "y", "background", "ignore", "-"]), min_size=5, max_size=5
    ),
    others=st.sampled_from(["keep", "ignore", "background", None]),
    background=st.sampled_from([0, 3, None]),
)
def test_every_class_has_a_fate_and_those_that_are_named_the_one_that_is_said(
    fates: list[str], others: str | None, background: int | None
) -> None:
    classes = Classes(ROAD.names, ROAD.colours, background)
    content: dict[str, object] = {} if others is None else {"others": others}
    named = {}
    for name, fate in zip(classes.names, fates, strict=True):
        if fate != "-":
            named[name] = fate
            content[fate] = [*content.get(fate, []), name]  # type: ignore[misc]
    try:
        class_map = ClassMap.from_content(content)
        change = class_map.applied_to(classes)
    except (UsageError, LabelError):
        return  # it says nothing of a class, or nothing remains
    whole = class_map.complete(classes)
    told = [*whole.ignore, *(old for _, olds in whole.groups for old in olds)]
    assert sorted(told) == sorted(classes.names)
    after = (*change.new.names, "ignore")
    for name, new_id in zip(classes.names, change.ids, strict=True):
        became = after[min(new_id, len(after) - 1)]
        is_background = background is not None and name == classes.names[background]
        rest = {"keep": name, "ignore": "ignore", "background": None, None: name}[others]
        expected = named.get(name, name if is_background else rest)
        if expected is None:  # whatever the background has become, or a class of its own
            assert new_id == change.new.background or became == named.get("nothing", "nothing")
        else:
            assert became == expected


def test_what_is_known_of_objects_stays_known() -> None:
    box = Instance(1, Box(0, 0, 2, 1), is_crowd=True)
    drawn = Instances((2, 3), (box,), ROAD, crowds_are_exact=True)
    regions = drawn.regions
    changed = _made({"auto": "car", "others": "ignore"}).applied_to(ROAD)(drawn)
    assert isinstance(changed, Instances)
    assert changed.regions[0] is regions[0]
    assert changed.label_map().ids.tolist() == [[1, 1, 0], [0, 0, 0]]  # crowds are exact still
    other = drawn.with_objects([Instance(2, Box(1, 1, 3, 2)), box])
    assert other.regions[1] is regions[0]
    assert other.label_map().ids.tolist() == [[1, 1, 0], [0, 2, 2]]


def test_the_ignore_index_follows_the_number_of_classes() -> None:
    many = Classes.named([f"c{i}" for i in range(300)])
    change = _made({"first": "c0", "ignore": "c1", "rest": [f"c{i}" for i in range(2, 300)]})
    changed = change.applied_to(many)(LabelMap(np.array([[0, 1, 299, 65535]], np.uint16), many))
    assert isinstance(changed, LabelMap)
    assert changed.ids.dtype == np.uint8
    assert changed.ids.tolist() == [[0, 255, 1, 255]]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"a": "car"}, r"becomes of bus, road, sky"),
        ({"a": "car", "b": "car", "others": "keep"}, "'car' stands in the map twice"),
        ({"road": "car", "others": "keep"}, "'road' is the name of a new class and of one"),
        ({"a": 1.5}, "1.5 is no class name"),
        ({}, "holds {}"),
        (["car"], "holds"),
    ],
)
def test_a_map_that_cannot_be_meant_is_refused(content: object, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        ClassMap.from_content(content).applied_to(ROAD)


def test_unknown_names_name_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"'raod'.*'road'"):
        _made({"x": "raod", "others": "keep"}).applied_to(ROAD)
    with pytest.raises(UnknownNameError, match=r"'ignored'.*'ignore'"):
        _made({"x": "road", "others": "ignored"})
    with pytest.raises(LabelError, match="no class remains"):
        _made({"ignore": "nothing", "others": "ignore"}).applied_to(ROAD)


def test_a_recorded_map_meets_data_again() -> None:
    recorded = _made({"vehicle": ["car", "bus"], "others": "keep"}).complete(ROAD)
    assert ClassMap.from_content(recorded.to_content()) == recorded
    fewer = Classes(ROAD.names[:4], ROAD.colours[:4], background=0)
    limited = recorded.limited_to(fewer)
    assert limited is not None
    assert limited.applied_to(fewer).new.names == ("nothing", "vehicle", "road", "sky")
    assert recorded.limited_to(recorded.applied_to(ROAD).new) is None  # they have them already


@given(
    values=st.lists(st.sampled_from([0, 1, 2, 3, 4, 255]), min_size=5, max_size=5),
    fates=st.lists(st.sampled_from("xyz-"), min_size=4, max_size=4),
    boxes=st.lists(
        st.tuples(*[st.integers(0, 5)] * 4, st.sampled_from([1, 2, 3, 4, 255])), max_size=6
    ),
)
def test_drawing_then_mapping_is_mapping_then_drawing(
    values: list[int], fates: list[str], boxes: list[tuple[int, int, int, int, int]]
) -> None:
    content: dict[str, list[str]] = {}
    for name, fate in zip(ROAD.names[1:], fates, strict=True):
        content.setdefault("ignore" if fate == "-" else fate, []).append(name)
    change = ClassMap.from_content(content).applied_to(ROAD)
    objects = [
        Instance(class_id, Box(min(a, c), min(b, d), max(a, c) + 1, max(b, d) + 1))
        for a, b, c, d, class_id in boxes
    ]
    drawn = Instances((6, 6), tuple(objects), ROAD)
    first, second = change(drawn), change(drawn.label_map())
    assert isinstance(first, Instances) and isinstance(second, LabelMap)
    assert np.array_equal(first.label_map().ids, second.ids)


def test_a_dataset_reads_with_the_new_classes(
    tmp_path: Path, draw_scenes: Callable[..., Path]
) -> None:
    data = open_dataset(draw_scenes(tmp_path, 2))
    mapped = data.with_classes(_made({"all": ["back", "box"]}))
    assert mapped.classes.names == ("all",)
    assert not mapped[0].labels.ids.any() and data[0].labels.ids.any()
    assert mapped.notes[-1] == "Classes by the map: all = back + box."
    swapped = data.with_classes(_made({"back": "box", "box": "back"}))
    again = data.with_classes(_made({"back": "back", "box": "box"}))
    assert len({d.fingerprint() for d in (data, mapped, swapped, again)}) == 4
