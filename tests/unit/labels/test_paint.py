"""Colours, overlays and what a screen can show."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.errors import ImageError, LabelError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.paint import IGNORED_COLOUR, overlay, paint, rim, to_display

RED, GREEN, BLACK = (200, 0, 0), (0, 100, 0), (0, 0, 0)
CLASSES = Classes(("none", "red", "green"), (BLACK, RED, GREEN), background=0)


def test_paint_uses_the_class_colours_and_grey_for_ignored():
    ids = np.array([[0, 1], [2, 255]], np.uint8)
    assert paint(ids, CLASSES).tolist() == [[[*BLACK], [*RED]], [[*GREEN], [*IGNORED_COLOUR]]]


def test_paint_with_more_than_255_classes():
    classes = Classes.named([str(i) for i in range(300)])
    ids = np.array([[299, 65535]], np.uint16)
    assert paint(ids, classes).tolist() == [[[*classes.colours[299]], [*IGNORED_COLOUR]]]


def test_overlay_blends_inside_outlines_rims_and_leaves_the_rest():
    pixels = np.full((5, 6, 3), 100, np.uint8)
    ids = np.zeros((5, 6), np.uint8)
    ids[1:4, 1:4] = 1
    ids[:, 5] = 255
    result = overlay(pixels, ids, CLASSES, alpha=0.25)
    assert result[2, 2].tolist() == [125, 75, 75]  # inside: 100 + 0.25 * (colour - 100)
    assert result[1, 1].tolist() == [*RED]  # rim
    assert (result[0] == 100).all() and (result[:, 5] == 100).all()
    plain = overlay(pixels, ids, CLASSES, alpha=0.25, outline=False)
    assert plain[1, 1].tolist() == [125, 75, 75]


def test_overlay_paints_class_zero_where_there_is_no_background():
    classes = Classes(("road",), (RED,))
    result = overlay(np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2), np.uint8), classes, alpha=1)
    assert (result == RED).all()


def test_overlay_refuses_other_sizes():
    with pytest.raises(LabelError, match=r"\(4, 4, 3\).*\(4, 5\)"):
        overlay(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5), np.uint8), CLASSES)


def test_rim_against_scikit_image():
    find_boundaries = pytest.importorskip("skimage.segmentation").find_boundaries
    ids = np.random.default_rng(0).integers(0, 3, (17, 23)).astype(np.uint8)
    # Boundaries of labels, 4-connected and thick: pixels on either side of every change.
    assert (rim(ids) == find_boundaries(ids, connectivity=1, mode="thick")).all()
    assert not rim(np.zeros((1, 1), np.uint8)).any()


def test_eight_bit_images_are_shown_as_they_are():
    pixels = np.random.default_rng(1).integers(0, 256, (4, 5, 5), dtype=np.uint8)
    assert (to_display(Image(pixels)) == pixels[..., :3]).all()
    grey = to_display(Image(pixels[..., :2]))
    assert grey.shape == (4, 5, 3) and (grey == pixels[..., :1]).all()


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_other_ranges_are_stretched_keeping_order(dtype):
    ramp = np.linspace(1000, 3000, 101).astype(dtype).reshape(1, -1, 1)
    shown = to_display(Image(ramp))[0, :, 0].astype(int)
    assert shown[0] == 0 and shown[-1] == 255 and shown[50] in (127, 128)
    assert (np.diff(shown) >= 0).all()


def test_values_without_a_range():
    constant = to_display(Image(np.full((2, 2, 1), 7, np.float32)))
    assert (constant == 128).all()
    odd = np.array([[np.nan, 0.0, 1.0, np.inf]], np.float32)[..., None]
    assert to_display(Image(odd))[0, :, 0].tolist() == [0, 0, 255, 0]


def test_volumes_are_refused():
    with pytest.raises(ImageError, match="ZYX"):
        to_display(Image(np.zeros((2, 3, 4, 1), np.uint8), axes="ZYX"))
