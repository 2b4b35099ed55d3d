"""Outlines against MONAI, a plain re-reading of the definitions, and by hand."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import torch
from monai.metrics import compute_hausdorff_distance, compute_surface_dice

from segwright.errors import LabelError, UsageError
from segwright.evaluation.metrics.outlines import Outlines


def blobs(seed: int, size_hw: tuple[int, int] = (40, 50)) -> np.ndarray:
    noise = np.random.default_rng(seed).random(size_hw).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 3) > 0.5


def as_batch(mask: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(mask[None, None].astype(np.float32))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.7, 2.5)])
def test_distances_are_those_of_monai(seed: int, spacing: tuple[float, float]) -> None:
    truth, predicted = blobs(seed), blobs(seed + 100)
    ours = Outlines(truth, predicted, spacing=spacing)
    for percentile in (95, 100):
        theirs = compute_hausdorff_distance(
            as_batch(predicted),
            as_batch(truth),
            include_background=True,
            percentile=percentile,
            spacing=spacing,
        )
        assert ours.hausdorff(percentile) == pytest.approx(theirs.item(), rel=1e-5)
    for tolerance in (0.0, 1.5, 4.0):
        theirs = compute_surface_dice(
            as_batch(predicted),
            as_batch(truth),
            class_thresholds=[tolerance],
            include_background=True,
            spacing=spacing,
        )
        assert ours.surface_distance(tolerance) == pytest.approx(theirs.item(), rel=1e-5)


def test_missed_and_invented_objects_are_the_worst_case() -> None:
    nothing, something = np.zeros((30, 40), bool), np.zeros((30, 40), bool)
    something[10:20, 10:20] = True
    for pair in ((something, nothing), (nothing, something)):
        outlines = Outlines(*pair)
        assert outlines.hausdorff() == math.hypot(30, 40)
        assert (outlines.surface_distance(2), outlines.boundary_f(2)) == (0, 0)
        assert outlines.boundary_iou(2) == 0
        # MONAI has no number here, and so its mean over images gets better.
        lost = compute_hausdorff_distance(*map(as_batch, pair[::-1]), include_background=True)
        assert not torch.isfinite(lost).any()
    neither = Outlines(nothing, nothing)
    assert neither.hausdorff() is neither.surface_distance(2) is neither.boundary_f(2) is None
    assert neither.boundary_iou(2) is None


def test_a_shifted_square_by_hand() -> None:
    truth, predicted = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    truth[5:10, 5:10] = True
    predicted[5:10, 8:13] = True
    outlines = Outlines(truth, predicted)
    assert outlines.hausdorff(100) == 3
    assert outlines.surface_distance(3) == outlines.boundary_f(3) == 1
    # 16 surface pixels each. Within 0: on the common pixels, rows 5 and 9 of columns 8 and 9, and
    # rows 6 … 8 where the right side of one lies in column 9 and the left side of the other in 8.
    assert outlines.surface_distance(0) == pytest.approx(4 / 16)
    # A band of 1 is the surface itself, so the intersection is these 4 and the union 28.
    assert outlines.boundary_counts(1) == (4, 28)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("width_px", [1, 3])
def test_boundary_iou_is_that_of_its_paper(seed: int, width_px: int) -> None:
    truth, predicted = blobs(seed), blobs(seed + 50)

    def band(mask: np.ndarray) -> np.ndarray:
        padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        kept = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=width_px)
        return mask & (kept[1:-1, 1:-1] == 0)

    both = band(truth) & band(predicted)
    either = band(truth) | band(predicted)
    assert Outlines(truth, predicted).boundary_iou(width_px) == both.sum() / either.sum()


@pytest.mark.parametrize("seed", range(4))
def test_boundary_f_against_all_pairs(seed: int) -> None:
    truth, predicted = blobs(seed), blobs(seed + 50)

    def surface(mask: np.ndarray) -> np.ndarray:
        wide = np.pad(mask, 1)
        inner = wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
        return np.argwhere(mask & ~inner)

    a, b = surface(truth), surface(predicted)
    apart = np.linalg.norm(a[:, None] - b[None], axis=-1)
    recall, precision = (apart.min(1) <= 1.5).mean(), (apart.min(0) <= 1.5).mean()
    expected = 2 * precision * recall / (precision + recall)
    assert Outlines(truth, predicted).boundary_f(1.5) == pytest.approx(expected)


def test_ignored_pixels_have_no_outline() -> None:
    truth = np.zeros((20, 30), bool)
    truth[:, :15] = True
    ignored = np.zeros((20, 30), bool)
    ignored[:, 12:18] = True
    predicted = truth.copy()
    predicted[:, 12:17] = True  # differs only where nothing is judged
    outlines = Outlines(truth, predicted, ignored)
    assert outlines.hausdorff(100) == 0
    assert outlines.boundary_iou(2) == 1
    # With its right side ignored, the class has a surface at the border of the image alone.
    assert not outlines._surfaces[0][1:-1, 1:].any()


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(LabelError, match="the same"):
        Outlines(np.zeros((2, 3), bool), np.zeros((3, 2), bool))
    square = Outlines(np.ones((4, 4), bool), np.ones((4, 4), bool))
    with pytest.raises(UsageError, match="tolerance is -1"):
        square.boundary_f(-1)
    with pytest.raises(UsageError, match="width_px is 0"):
        square.boundary_iou(0)
