from __future__ import annotations

import numpy as np
import pytest

from segwright.errors import LabelError
from segwright.labels.rle import RunLengths


def test_runs_go_down_the_columns() -> None:
    mask = np.array([[0, 1], [0, 1], [1, 0]])
    assert RunLengths.from_mask(mask).counts.tolist() == [2, 3, 1]


def test_first_run_is_background_even_if_empty() -> None:
    assert RunLengths.from_mask(np.ones((2, 2))).counts.tolist() == [0, 4]
    assert RunLengths.from_mask(np.zeros((2, 2))).counts.tolist() == [4]


def test_text_by_hand() -> None:
    # 2 → '2', 3 → '3', 1 → '1'; the fourth is 40 - 3 = 37 = 5 + 32·1 → chr(48+5+32), chr(48+1)
    runs = RunLengths((46, 1), np.array([2, 3, 1, 40]))
    assert runs.text() == "231U1"
    assert RunLengths.from_text("231U1", (46, 1)).counts.tolist() == [2, 3, 1, 40]


def test_box_and_area_of_nothing() -> None:
    runs = RunLengths.from_mask(np.zeros((3, 5)))
    assert (runs.area_px, runs.box_xywh(), runs.positions().size) == (0, (0, 0, 0, 0), 0)


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ({"size": [2, 2], "counts": [4, 1]}, "cover 5 pixels"),
        ({"size": [2, 2], "counts": [-1, 5]}, "length -1"),
        ({"size": [2, 2], "counts": [2**70]}, "run of length"),
        ({"size": [2, 2], "counts": [1.5, 2.5]}, "'counts'"),
        ({"size": [2, 2], "counts": [True, 3]}, "'counts'"),
        ({"size": [2, 2]}, "'counts'"),
        ({"size": [2], "counts": [2]}, "'size'"),
        ({"size": [2.0, 2], "counts": [4]}, "'size'"),
        ({"size": [0, 2], "counts": []}, "0×2"),
        ({"size": [10**9, 10**9], "counts": [10**18]}, "run of length"),
        ({"size": [2, 2], "counts": "4\n"}, "character '\\\\n' at position 1"),
        ({"size": [2, 2], "counts": "é"}, "character 'é'"),
        ({"size": [2, 2], "counts": "P"}, "ends within a number"),
        ({"size": [2, 2], "counts": "PPPPPPPP0"}, "9 characters"),
        ({"size": [2, 2], "counts": ""}, "cover 0 pixels"),
        ({"size": [2, 2], "counts": "O5"}, "negative length -1"),
    ],
)
def test_refuses(segmentation: dict[str, object], message: str) -> None:
    with pytest.raises(LabelError, match=message):
        RunLengths.from_coco(segmentation)


def test_every_cut_of_a_text_is_refused() -> None:
    text = RunLengths.from_mask(np.random.default_rng(0).random((30, 30)) < 0.3).text()
    for end in range(len(text)):
        with pytest.raises(LabelError):
            RunLengths.from_text(text[:end], (30, 30))
