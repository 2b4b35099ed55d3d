"""Run lengths: any mask survives, and every text is pycocotools' text."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as oracle

from segwright.errors import LabelError
from segwright.labels.rle import RunLengths

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40))


@given(masks)
def test_round_trips(mask: np.ndarray) -> None:
    runs = RunLengths.from_mask(mask)
    np.testing.assert_array_equal(runs.mask(), mask)
    for compressed in (True, False):
        again = RunLengths.from_coco(runs.to_coco(compressed=compressed))
        np.testing.assert_array_equal(again.counts, runs.counts)


@given(masks)
def test_agrees_with_pycocotools(mask: np.ndarray) -> None:
    expected = oracle.encode(np.asfortranarray(mask.astype(np.uint8)))
    runs = RunLengths.from_mask(mask)
    assert runs.text() == expected["counts"].decode()
    assert runs.area_px == int(oracle.area(expected))
    assert list(runs.box_xywh()) == oracle.toBbox(expected).tolist()


@given(st.lists(st.integers(0, 2**28), min_size=1, max_size=30))
def test_text_of_long_runs(counts: list[int]) -> None:
    """Lengths far beyond 16 bits, which no drawn mask reaches, in a picture of one column."""
    height = max(sum(counts), 1)
    counts[-1] += height - sum(counts)
    runs = RunLengths((height, 1), np.array(counts))
    np.testing.assert_array_equal(RunLengths.from_text(runs.text(), (height, 1)).counts, counts)


@given(masks)
def test_positions_paint_the_mask(mask: np.ndarray) -> None:
    height, width = mask.shape
    canvas = np.zeros((width, height), dtype=bool)
    canvas.reshape(-1)[RunLengths.from_mask(mask).positions()] = True
    np.testing.assert_array_equal(canvas.T, mask)


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=30), st.binary(max_size=30)))
def test_any_text_is_decoded_or_refused(text: str | bytes) -> None:
    try:
        runs = RunLengths.from_text(text, (3, 4))
    except LabelError:
        return
    assert runs.mask().shape == (3, 4)
