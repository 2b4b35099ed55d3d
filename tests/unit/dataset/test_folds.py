from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from segwright.dataset import Dataset, ensure_split, make_folds
from segwright.dataset.units import sequences
from segwright.errors import DataError, UsageError
from segwright.formats.entry import Entry
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap


@dataclass(frozen=True)
class _Nothing:
    paths: tuple[Path, ...] = ()

    def read(self) -> LabelMap:
        raise NotImplementedError


WORDS = [
    "apple beech cedar dahlia elder fern grass hazel iris jasmine kale lily maple nettle oak",
    "pine quince rose sage tulip",
]


def _dataset(
    keys: list[str], groups: list[str] | None = None, splits: list[str] | None = None
) -> Dataset:
    entries = tuple(
        Entry(
            key,
            Path(f"{key}.png"),
            _Nothing(),
            split=splits[i] if splits else None,
            group=groups[i] if groups else None,
        )
        for i, key in enumerate(keys)
    )
    return Dataset(Path("here"), Classes.named(["a"]), entries)


def _words() -> list[str]:
    return " ".join(WORDS).split()


@pytest.mark.parametrize("keys", [_words(), [f"slice_{i:03}" for i in range(20)]])
@pytest.mark.parametrize("k", [2, 3, 20])
def test_folds_validate_everything_once(keys: list[str], k: int) -> None:
    folds = make_folds(_dataset(keys), k)
    assert len(folds) == k
    assert sorted(i for _, held_out in folds for i in held_out) == list(range(20))
    for training, held_out in folds:
        assert sorted(training + held_out) == list(range(20))
        assert 20 // k <= len(held_out) <= -(-20 // k)


def test_folds_of_slices_are_contiguous_in_the_order_of_the_numbers() -> None:
    keys = [f"slice_{i}" for i in range(12)][::-1]  # not zero-padded, and given backwards
    for _, held_out in make_folds(_dataset(keys), 4):
        assert held_out == list(range(held_out[0], held_out[0] + 3))


def test_folds_of_unrelated_pictures_are_mixed() -> None:
    assert any(
        held_out != list(range(held_out[0], held_out[0] + len(held_out)))
        for _, held_out in make_folds(_dataset(sorted(_words())), 4)
    )


def test_groups_are_never_split() -> None:
    groups = [f"patient {i % 7}" for i in range(20)]
    dataset = _dataset([f"slice_{i}" for i in range(20)], groups)
    for training, held_out in make_folds(dataset, 5):
        assert not {groups[i] for i in training} & {groups[i] for i in held_out}
        assert held_out
    divided, text = ensure_split(dataset, seed=3)
    parts = [{entry.group for entry in divided.split(s).entries} for s in ("train", "val")]
    assert not parts[0] & parts[1]
    assert "whole groups" in text
    with pytest.raises(DataError, match="8 folds of only 7 groups"):
        make_folds(dataset, 8)


def test_refuses() -> None:
    with pytest.raises(UsageError, match="1 folds"):
        make_folds(_dataset(_words()), 1)
    with pytest.raises(DataError, match="only one picture"):
        ensure_split(_dataset(["a"]), seed=0)
    with pytest.raises(DataError, match="only one group"):
        ensure_split(_dataset(["a", "b"], ["g", "g"]), seed=0)
    with pytest.raises(DataError, match="no split 'train'; it has test"):
        ensure_split(_dataset(["a", "b"], splits=["test", "test"]), seed=0)


def test_given_splits_are_left_alone() -> None:
    dataset = _dataset(["a", "b", "c"], splits=["train", "val", "test"])
    same, text = ensure_split(dataset, seed=0)
    assert same is dataset
    assert text == "Splits as given: train 1, val 1."


def test_test_split_is_never_touched() -> None:
    words = _words()
    dataset = _dataset(words, splits=["test"] * 5 + ["train"] * 15)
    divided, _ = ensure_split(dataset, seed=0)
    assert divided.split("test").keys == tuple(words[:5])
    assert len(divided.split("val")) + len(divided.split("train")) == 15


def test_held_out_depends_on_seed_and_names_alone() -> None:
    words = _words()
    first = set(ensure_split(_dataset(words), seed=0)[0].split("val").keys)
    assert first == set(ensure_split(_dataset(words[::-1]), seed=0)[0].split("val").keys)
    assert first != set(ensure_split(_dataset(words), seed=1)[0].split("val").keys)


@pytest.mark.parametrize("grouped", [False, True])
def test_adding_a_picture_moves_no_other(grouped: bool) -> None:
    words = [f"{a} {b}" for a in _words() for b in _words()]

    def held_out(number: int) -> set[str]:
        dataset = _dataset(words[:number], words[:number] if grouped else None)
        return set(ensure_split(dataset, seed=0)[0].split("val").keys)

    all_of_them = held_out(400)
    assert 60 < len(all_of_them) < 100
    for number in (*range(30, 60), 399):
        assert held_out(number) == all_of_them & set(words[:number])


@pytest.mark.parametrize("seed", range(20))
def test_few_pictures_are_in_both_parts(seed: int) -> None:
    divided, _ = ensure_split(_dataset(["a", "b"]), seed=seed)
    assert len(divided.split("train")) == len(divided.split("val")) == 1


def test_groups_torn_by_given_splits_are_warned_of() -> None:
    groups = ["anna", "anna", "bert", "carl"]
    torn = _dataset(list("abcd"), groups, ["train", "val", "val", "test"])
    warning = torn.leaks()
    assert warning and warning.startswith("WARNING: 1 of 3 groups lie in several of the given")
    assert "'anna' in train and val" in warning
    assert warning in torn.describe()
    whole = _dataset(list("abcd"), groups, ["train", "train", "val", "test"])
    assert whole.leaks() is None and "3 groups, none in two splits" in whole.describe()


def test_the_end_of_every_sequence_is_held_out() -> None:
    keys = [f"{scene}_{i * 30:05}" for scene in ("north", "south") for i in range(10)]
    divided, text = ensure_split(_dataset(keys), seed=0)
    assert divided.split("val").keys == ("north_00240", "north_00270", "south_00240", "south_00270")
    assert "2 sequences" in text


def test_many_sequences_are_held_out_whole() -> None:
    keys = [f"clip{clip:02}_{i}" for clip in range(10) for i in range(5)]
    divided, text = ensure_split(_dataset(keys), seed=0)
    held_out = {key.split("_")[0] for key in divided.split("val").keys}
    assert 0 < len(held_out) < 10
    assert len(divided.split("val")) == 5 * len(held_out)
    assert "whole numbered sequences" in text


def test_what_is_a_sequence() -> None:
    assert sequences(["f10", "f9", "f11", "g"]) == [[[1], [0], [2]], [[3]]]
    assert sequences(["tile_109232", "tile_124236", "tile_129031", "tile_7"]) == []
    assert sequences(["00071198d059", "00ae65c1c663", "01d44a26f668"]) == []
    assert sequences([]) == []


def test_what_shares_a_number_stays_together() -> None:
    eyes = [f"Image_{i:02}{side}" for i in range(1, 15) for side in "LR"]  # one patient a number
    divided, _ = ensure_split(_dataset(eyes), seed=0)
    assert divided.split("val").keys == tuple(eyes[-6:])
    for k in (3, 14):
        for training, held_out in make_folds(_dataset(eyes), k):
            assert not {i // 2 for i in training} & {i // 2 for i in held_out}
    numbers = [3, 17, 18, 40, 77, 230, 231, 900]  # no sequence
    scans = [f"p{number}_{part}" for number in numbers for part in "abc"]
    for seed in range(5):
        divided, text = ensure_split(_dataset(scans), seed=seed)
        patients = [{key[:-2] for key in divided.split(name).keys} for name in ("train", "val")]
        assert all(patients) and not patients[0] & patients[1] and "whole groups" in text
    with pytest.raises(DataError, match="9 folds of only 8 groups"):
        make_folds(_dataset(scans), 9)


def test_a_year_in_all_names_is_no_patient() -> None:
    words = [f"field_2021_{word}" for word in _words()]
    divided, text = ensure_split(_dataset(words), seed=0)
    assert "hash of the name" in text and len(divided.split("val")) > 1
    assert sequences(["f1", "f2", "f3", "f7_old"]) == [[[0], [1], [2]], [[3]]]
