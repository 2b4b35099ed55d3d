"""What became of a dataset, counted by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from segwright.dataset import Dataset
from segwright.dataset.comparing import compare
from segwright.errors import DataError
from segwright.formats.entry import Entry
from segwright.formats.faults import Report, refuse
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances, Labels
from segwright.labels.label_map import LabelMap
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box

AB = Classes(("none", "a", "b"), ((0, 0, 0), (1, 1, 1), (2, 2, 2)), background=0)
BA = Classes(("b", "none", "a"), ((2, 2, 2), (0, 0, 0), (9, 9, 9)), background=1)


@dataclass(frozen=True)
class Given:
    """Labels that are in memory."""

    labels: Labels
    paths: tuple[Path, ...] = ()

    def read(self, report: Report = refuse) -> Labels:
        return self.labels


def _dataset(*labels: Labels, keys: str = "xyz") -> Dataset:
    entries = [
        Entry(key, Path(key), Given(one), "train", group=f"group of {key}")
        for key, one in zip(keys, labels, strict=False)
    ]
    return Dataset(Path("data"), labels[0].classes, tuple(entries))


def _map(rows: list[list[int]], classes: Classes) -> LabelMap:
    return LabelMap(np.array(rows, np.uint8), classes)


def test_pixels_are_compared_by_the_names_of_their_classes() -> None:
    before = _dataset(_map([[0, 1, 2], [1, 1, 255]], AB), _map([[2]], AB))
    after = _dataset(_map([[1, 2, 0], [0, 255, 2]], BA), _map([[0]], BA))
    found = compare(before, after)
    counted = {name: (one.pixels, one.changed) for name, one in found.classes.items()}
    assert counted == {"none": (1, 0), "a": (3, 2), "b": (2, 0), "(ignored)": (1, 1)}
    assert +found.differences == {"pixels": 3, "colours": 1}
    assert found.total().objects == 0


def _objects(*objects: Instance, classes: Classes = AB) -> Instances:
    return Instances((2, 4), objects, classes)


def test_objects_are_equal_if_class_and_pixels_are() -> None:
    one = Instance(1, Box(0, 0, 2, 2), score=0.5, attributes={"k": 1})
    crowd = Instance(2, Box(2, 0, 4, 2), is_crowd=True)
    left = np.zeros((2, 4), bool)
    left[:, :2] = True
    same = Instance(2, RunLengths.from_mask(left), score=0.5, attributes={"k": 1, "more": 2})
    not_crowd = Instance(0, Box(2, 0, 4, 2))
    found = compare(
        _dataset(_objects(one, crowd)),
        _dataset(_objects(replace(same, class_id=0), not_crowd, classes=BA)),
    )
    assert found.classes["a"].objects == 1 and found.classes["a"].lost == 1  # is now a b
    assert found.classes["b"].objects == 1 and found.classes["b"].lost == 0
    assert found.differences["crowds"] == 1 and found.differences["identity"] == 1
    equal = compare(_dataset(_objects(one)), _dataset(_objects(same, classes=BA)))
    assert +equal.differences == {"colours": 1}


def test_equal_objects_count_as_often_as_they_are_there() -> None:
    one = Instance(1, Box(0, 0, 2, 2))
    marked = replace(one, score=1.0)
    before = _dataset(_objects(one, marked, one))
    assert +compare(before, _dataset(_objects(marked, one, one))).differences == {}
    found = compare(before, _dataset(_objects(one, one)))
    assert found.classes["a"].lost == 1
    merged = compare(before, _dataset(_objects(one, one).label_map()))
    assert merged.classes["a"].lost == 2 and merged.total().changed == 0


def test_runs_that_touch_are_the_pixels_that_they_are() -> None:
    cut = Instance(1, RunLengths((2, 4), np.array([0, 2, 0, 2, 4])))
    plain = Instance(1, RunLengths((2, 4), np.array([0, 4, 4])))
    assert +compare(_dataset(_objects(cut)), _dataset(_objects(plain))).differences == {}


def test_pictures_must_be_the_same() -> None:
    maps = [_map([[0]], AB)] * 3
    with pytest.raises(DataError, match="without z"):
        compare(_dataset(*maps), _dataset(*maps[:2]))
    with pytest.raises(DataError, match="with z besides"):
        compare(_dataset(*maps[:2]), _dataset(*maps))
    with pytest.raises(DataError, match=r"\(1, 1\) are read back as \(2, 4\)"):
        compare(_dataset(maps[0]), _dataset(_objects()))


def test_names_may_be_flattened_or_get_their_split() -> None:
    maps = [_map([[0]], AB)] * 2
    before = _dataset(*maps)
    entries = tuple(
        replace(entry, key=key) for entry, key in zip(before.entries, ("p/q", "s"), strict=True)
    )
    before = replace(before, entries=entries)
    after = _dataset(*maps)
    renamed = (replace(e, key=k) for e, k in zip(after.entries, ("p__q", "train/s"), strict=True))
    assert +compare(before, replace(after, entries=tuple(renamed))).differences == {}


def test_groups_are_the_same_if_the_same_pictures_are_together() -> None:
    maps = [_map([[0]], AB)] * 3

    def grouped(*groups: str | None) -> Dataset:
        data = _dataset(*maps)
        entries = (replace(e, group=g) for e, g in zip(data.entries, groups, strict=True))
        return replace(data, entries=tuple(entries))

    def lost(before: Dataset, after: Dataset) -> int:
        return compare(before, after).differences["groups"]

    assert lost(grouped("1", "1", "2"), grouped("b", "b", "a")) == 0
    assert lost(grouped("1", "1", "2"), grouped("b", "c", "a")) == 2
    assert lost(grouped("1", "1", "2"), grouped("b", "b", "b")) == 3
    assert lost(grouped("1", None, "2"), grouped(None, None, "2")) == 1
    assert lost(grouped(None, None, None), grouped("1", "2", "2")) == 0
