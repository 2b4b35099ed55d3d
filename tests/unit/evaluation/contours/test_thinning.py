"""Thinning, against scikit-image's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.morphology import thin

from segwright.evaluation.contours.thinning import thinned


@given(hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_small_masks_are_thinned_as_by_scikit_image(mask):
    np.testing.assert_array_equal(thinned(mask), thin(mask))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_blobs_are_thinned_as_by_scikit_image(share):
    noise = ndimage.gaussian_filter(np.random.default_rng(0).random((80, 90)), 3)
    mask = noise > np.quantile(noise, share)
    np.testing.assert_array_equal(thinned(mask), thin(mask))
