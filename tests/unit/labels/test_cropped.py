"""Small masks and row runs against whole masks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.formats.drawn import masks

from segwright.errors import LabelError
from segwright.labels.cropped import Cropped
from segwright.labels.rle import RunLengths


@given(st.data())
def test_there_and_back(data: st.DataObject) -> None:
    height, width = size_hw = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    mask = data.draw(masks(size_hw))
    region = RunLengths.from_mask(mask)
    cropped = Cropped.of(region)
    rows, columns = np.nonzero(mask)
    assert (cropped.top, cropped.left) == (rows.min(), columns.min())
    assert cropped.mask.shape == (np.ptp(rows) + 1, np.ptp(columns) + 1)
    assert cropped.placed(size_hw).counts.tolist() == region.counts.tolist()
    runs = cropped.row_runs(width)
    flat = np.zeros(height * width, dtype=bool)
    for start, end in runs.tolist():
        assert not flat[max(start - 1, 0) : end + 1].any()  # apart
        flat[start:end] = True
    np.testing.assert_array_equal(flat.reshape(size_hw), mask)
    again = Cropped.of_row_runs(runs, width).placed(size_hw)
    assert again.counts.tolist() == region.counts.tolist()


def test_nothing_is_one_empty_pixel() -> None:
    cropped = Cropped.of(RunLengths((3, 4), np.array([12])))
    assert cropped.mask.tolist() == [[False]]
    assert cropped.placed((3, 4)).area_px == 0


@pytest.mark.parametrize(("left", "top"), [(-1, 0), (0, -1), (3, 0), (0, 2)])
def test_outside(left: int, top: int) -> None:
    with pytest.raises(LabelError, match="reaches outside the picture of 3×4"):
        Cropped(np.ones((2, 2), dtype=bool), left, top).placed((3, 4))
