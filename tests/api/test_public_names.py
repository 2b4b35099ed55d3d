"""The public surface: pinned here, so that changing it is a decision and not an accident."""

from __future__ import annotations

import ast
import inspect

import pytest

import segwright

PUBLIC = {
    "BudgetError",
    "Classes",
    "DataError",
    "Dataset",
    "Evaluation",
    "Image",
    "ImageError",
    "LabelError",
    "LabelMap",
    "MissingDependencyError",
    "Plan",
    "Result",
    "Sample",
    "Segmenter",
    "SegwrightError",
    "TrainReport",
    "TrainingError",
    "UnknownNameError",
    "UsageError",
    "__version__",
    "check",
    "compare",
    "convert",
    "evaluate",
    "load",
    "make_plan",
    "open_dataset",
    "predict",
    "read_image",
    "refine_run",
    "show",
    "split",
    "train",
}


def test_the_public_names_are_these() -> None:
    assert set(segwright.__all__) == PUBLIC
    assert len(segwright.__all__) == len(PUBLIC) <= 40


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_resolves_and_is_documented(name: str) -> None:
    found = getattr(segwright, name)
    assert name in dir(segwright)
    if name != "__version__":
        assert inspect.getdoc(found)


def test_type_checkers_are_told_the_same_names_from_the_same_modules() -> None:
    tree = ast.parse(inspect.getsource(segwright))
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    told = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told == segwright._SOURCES
    assert set(told) | {"__version__"} == PUBLIC


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'segment_everything'"):
        _ = segwright.segment_everything  # type: ignore[attr-defined]
