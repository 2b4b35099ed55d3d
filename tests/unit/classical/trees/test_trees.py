"""Trees as arrays say what scikit-learn says, and arrays that are no trees are refused."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)

from segwright.classical.trees import Boosting, Forest, Trees, walk
from segwright.errors import DataError, UsageError

GROWERS = {
    "random": lambda: RandomForestClassifier(7, min_samples_leaf=2, random_state=0),
    "extra": lambda: ExtraTreesClassifier(7, max_depth=9, random_state=0),
    "boosting": lambda: HistGradientBoostingClassifier(max_iter=6, random_state=0),
}


def points(number: int, num_classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(number, 6)).astype(np.float32)
    ids = (np.abs(values[:, 0] + values[:, 1] * values[:, 2]) * 1.5).astype(int) % num_classes
    return values, ids


def taken_over(model, num_classes: int) -> Forest | Boosting:
    kind = Boosting if isinstance(model, HistGradientBoostingClassifier) else Forest
    return kind.from_sklearn(model, num_classes=num_classes)


@pytest.mark.parametrize("kind", GROWERS)
@pytest.mark.parametrize("num_classes", [2, 3, 7])
def test_probabilities_are_those_of_scikit_learn(kind: str, num_classes: int) -> None:
    values, ids = points(900, num_classes)
    model = GROWERS[kind]().fit(values, ids)
    ours = taken_over(model, num_classes)
    for number in (1, 7, 191, 192, 193, 2500):
        others, _ = points(number, num_classes, seed=1)
        expected = model.predict_proba(others).T
        found = ours.predict(others.T)
        assert found.shape == (num_classes, number) and found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=2e-6)
        sure = np.sort(expected, 0)[-1] - np.sort(expected, 0)[-2] > 1e-5
        assert (found.argmax(0) == expected.argmax(0))[sure].all()


@pytest.mark.parametrize("kind", GROWERS)
def test_how_many_pixels_walk_at_once_changes_nothing(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values, ids = points(1501, 3)
    ours = taken_over(GROWERS[kind]().fit(values, ids), 3)
    whole = ours.predict(values.T)
    for seen in (1, 6 * 8, 6 * 100):  # numbers of 6 features: 8, 8 and 96 pixels
        monkeypatch.setattr(walk, "_SEEN", seen)
        np.testing.assert_array_equal(ours.predict(values.T), whole)


@pytest.mark.parametrize("kind", GROWERS)
@pytest.mark.parametrize("present", [(1, 4), (0, 2, 4)])
def test_classes_that_did_not_occur_have_no_share(kind: str, present: tuple[int, ...]) -> None:
    values, ids = points(400, len(present))
    model = GROWERS[kind]().fit(values, np.array(present)[ids])
    found = taken_over(model, 6).predict(values.T)
    expected = np.zeros((6, 400))
    expected[list(present)] = model.predict_proba(values).T
    np.testing.assert_allclose(found, expected, atol=2e-6)


@pytest.mark.parametrize("kind", GROWERS)
def test_values_on_a_threshold_go_where_they_go_in_scikit_learn(kind: str) -> None:
    """Features of few values: every threshold is met, on both sides, and so are both zeros."""
    rng = np.random.default_rng(0)
    values = (rng.integers(-3, 4, (500, 4)) / 3).astype(np.float32)
    values[values == 0] = np.where(rng.random((values == 0).sum()) < 0.5, 0.0, -0.0)
    model = GROWERS[kind]().fit(values, (values.sum(1) > 0.2) + (values[:, 0] > 0).astype(int))
    ours = taken_over(model, 3)
    limits = np.unique(ours.trees.threshold)
    near = np.concatenate([limits, np.nextafter(limits, -9), np.nextafter(limits, 9), [0, -0.0]])
    met = rng.choice(near.astype(np.float32), (3000, 4))
    np.testing.assert_allclose(ours.predict(met.T), model.predict_proba(met).T, atol=2e-6)


def test_one_class_is_all_there_is() -> None:
    values, _ = points(50, 2)
    forest = GROWERS["random"]().fit(values, np.full(50, 2))
    np.testing.assert_array_equal(taken_over(forest, 4).predict(values.T), np.eye(4)[[2] * 50].T)
    np.testing.assert_array_equal(
        Boosting.of_one_class(2, num_classes=4).predict(values.T), np.eye(4)[[2] * 50].T
    )


@pytest.mark.parametrize("kind", GROWERS)
def test_what_is_stored_is_what_is_read(kind: str) -> None:
    from safetensors.numpy import load, save

    values, ids = points(300, 3)
    ours = taken_over(GROWERS[kind]().fit(values, ids), 4)
    again = type(ours).of_arrays(load(save(ours.arrays())))
    assert again.num_classes == ours.num_classes == 4
    np.testing.assert_array_equal(again.predict(values.T), ours.predict(values.T))


def test_too_few_features_are_refused() -> None:
    values, ids = points(300, 3)
    forest = taken_over(GROWERS["random"]().fit(values, ids), 3)
    assert forest.num_features == 6
    with pytest.raises(UsageError, match="at least 6"):
        forest.predict(values[:, :5].T)


# --- files are not trusted


def small() -> dict[str, np.ndarray]:
    """Two trees: a split with two leaves, and a leaf."""
    return {
        "roots": np.array([0, 3], np.int32),
        "feature": np.array([1, -1, -1, -1], np.int32),
        "threshold": np.array([0.5, 0, 0, 0], np.float32),
        "child": np.array([1, 0, 1, 2], np.int32),
        "value": np.array([[1, 0], [0, 1], [0.25, 0.75]], np.float32),
        "column": np.zeros(2, np.int32),
    }


def test_a_forest_by_hand() -> None:
    forest = Forest.of_arrays(small())
    found = forest.predict(np.array([[9, 9, 9], [0.4, 0.5, 0.6]], np.float32))
    np.testing.assert_allclose(found.T, [[0.625, 0.375], [0.625, 0.375], [0.125, 0.875]])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("child", [0, 0, 1, 2], "before its parent"),
        ("child", [2, 0, 1, 2], "outside its tree"),
        ("child", [2**31 - 1, 0, 1, 2], "outside its tree"),
        ("child", [1, 0, 3, 2], "none of the 3 values"),
        ("child", [1, -1, 1, 2], "none of the 3 values"),
        ("feature", [1, -1, -1, 0], "outside its tree"),
        ("feature", [-2, -1, -1, -1], "compares feature -2"),
        ("threshold", [np.nan, 0, 0, 0], "not finite"),
        ("value", [[1, 0], [0, 1], [np.inf, 0]], "not finite"),
        ("value", [[1, 0], [0, 1], [0.5, 0.75]], "shares"),
        ("roots", [1, 3], "do not rise from 0"),
        ("roots", [0, 4], "do not rise from 0"),
        ("roots", [3, 0], "do not rise from 0"),
        ("roots", [0, -1], "do not rise from 0"),
        ("column", [0, -1], "column"),
        ("column", [0, 1], "shares"),
    ],
)
def test_arrays_that_are_no_forest_are_refused(name: str, value: list, message: str) -> None:
    arrays = small()
    arrays[name] = np.array(value).astype(arrays[name].dtype)
    with pytest.raises(DataError, match=message):
        Forest.of_arrays(arrays)


@pytest.mark.parametrize("name", [one.name for one in fields(Trees)])
def test_arrays_of_another_kind_are_refused(name: str) -> None:
    arrays = small()
    for wrong in (
        arrays[name].astype(np.float64),
        arrays[name][None],
        arrays[name][:0],
    ):
        with pytest.raises(DataError):
            Forest.of_arrays({**arrays, name: wrong})
    with pytest.raises(DataError, match=f"no array '{name}'"):
        Forest.of_arrays({key: one for key, one in arrays.items() if key != name})


@settings(max_examples=300)
@given(
    st.sampled_from(["roots", "feature", "child", "column"]),
    st.lists(st.integers(-(2**31), 2**31 - 1) | st.integers(-2, 5), min_size=1, max_size=6),
)
def test_whatever_the_numbers_are_a_forest_answers_or_is_refused(name: str, numbers) -> None:
    """No walk leaves the arrays or goes on for ever."""
    arrays = {**small(), name: np.array(numbers, np.int32)}
    try:
        forest = Forest.of_arrays(arrays)
    except DataError:
        return
    if forest.num_features <= 64:
        found = forest.predict(np.zeros((64, 3), np.float32))
        np.testing.assert_allclose(found.sum(0), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("baseline", np.zeros(2, np.float32)),
        ("baseline", np.array([np.nan], np.float32)),
        ("baseline", np.zeros(1, np.float64)),
        ("known", np.zeros(3, np.uint8)),
        ("known", np.ones((3, 1), np.uint8)),
    ],
)
def test_arrays_that_are_no_booster_are_refused(name: str, value: np.ndarray) -> None:
    arrays = Boosting.of_one_class(1, num_classes=3).arrays()
    Boosting.of_arrays(arrays)
    with pytest.raises(DataError):
        Boosting.of_arrays({**arrays, name: value})
