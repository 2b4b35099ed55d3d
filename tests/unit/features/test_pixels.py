"""Each feature of pixels against an oracle of its own: another library, a formula, or by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import ndimage
from skimage import color, feature, filters
from skimage.feature import graycomatrix, graycoprops

from segwright.features import FeatureStack, View
from segwright.features.colour import in_space
from segwright.features.hog import cell_histograms
from segwright.features.patterns import patterns
from segwright.features.windows import as_levels

RNG = np.random.default_rng(4)
SMOOTH = ndimage.gaussian_filter(RNG.normal(size=(60, 72)), 2).astype(np.float32)
SMOOTH = (SMOOTH - SMOOTH.min()) / np.ptp(SMOOTH)
NOISE = RNG.random((40, 46)).astype(np.float32)


def described(spec: object, plane: np.ndarray) -> dict[str, np.ndarray]:
    """The values of a grey picture by name."""
    stack = FeatureStack.of(spec)
    pixels = plane if plane.ndim == 3 else plane[..., None]
    return dict(zip(stack.names(pixels.shape[2]), stack.describe(pixels), strict=True))


# --- colour


@pytest.mark.parametrize(
    ("space", "oracle", "scale"),
    [
        ("hsv", color.rgb2hsv, (1, 1, 1)),
        ("lab", color.rgb2lab, (100, 100, 100)),
        ("luv", color.rgb2luv, (100, 100, 100)),
    ],
)
def test_colour_spaces_are_those_of_scikit_image(space, oracle, scale) -> None:
    rgb = RNG.random((20, 30, 3)).astype(np.float32)
    found = in_space(rgb, space)
    expected = np.moveaxis(oracle(rgb), -1, 0) / np.array(scale)[:, None, None]
    np.testing.assert_allclose(found, expected, atol=0.006)


def test_ycbcr_and_opponent_axes_by_hand() -> None:
    rgb = np.array([[[1, 0, 0], [0, 0, 1], [0.5, 0.5, 0.5]]], np.float32)
    y, cb, cr = in_space(rgb, "ycbcr")[:, 0]
    np.testing.assert_allclose(y, [0.299, 0.114, 0.5], atol=1e-3)
    np.testing.assert_allclose(cb, [0.5 - 0.299 * 0.564, 1.0, 0.5], atol=2e-3)
    np.testing.assert_allclose(cr, [1.0, 0.5 - 0.114 * 0.713, 0.5], atol=2e-3)
    red_green, yellow_blue, intensity = in_space(rgb, "opponent")[:, 0]
    np.testing.assert_allclose(red_green, [2**-0.5, 0, 0], atol=1e-6)
    np.testing.assert_allclose(yellow_blue, [6**-0.5, -2 * 6**-0.5, 0], atol=1e-6)
    np.testing.assert_allclose(intensity, [3**-0.5, 3**-0.5, 1.5 * 3**-0.5], atol=1e-6)


def test_other_numbers_of_channels_are_themselves() -> None:
    pixels = RNG.random((5, 6, 4)).astype(np.float32)
    stack = FeatureStack.of("colour")
    assert stack.names(4) == ("channel 0", "channel 1", "channel 2", "channel 3")
    np.testing.assert_array_equal(stack.describe(pixels), np.moveaxis(pixels, -1, 0))


# --- scales, gradients, lines


def test_gaussians_are_those_of_scipy() -> None:
    for sigma in (0.7, 1.4, 5.6):
        found = described({"gaussian": sigma}, NOISE)[f"gaussian {sigma:g} grey"]
        np.testing.assert_allclose(found, ndimage.gaussian_filter(NOISE, sigma), atol=2e-6)


def test_differences_and_the_laplacian_of_a_gaussian() -> None:
    blurred = [ndimage.gaussian_filter(SMOOTH, sigma) for sigma in (1, 2)]
    found = described({"difference": [1, 2]}, SMOOTH)["difference 1-2 grey"]
    np.testing.assert_allclose(found, blurred[0] - blurred[1], atol=3e-6)
    found = described({"laplacian": 3}, SMOOTH)["laplacian 3 grey"]
    expected = 9 * ndimage.gaussian_laplace(SMOOTH, 3)
    inner = np.s_[12:-12, 12:-12]
    np.testing.assert_allclose(found[inner], expected[inner], atol=0.04 * np.abs(expected).max())


def test_gradients_of_a_plane_are_its_slope() -> None:
    y, x = np.mgrid[:40, :50].astype(np.float32)
    plane = 0.003 * y + 0.004 * x  # steepness 0.005, direction atan2(3, 4)
    for operator in ("sobel", "scharr"):
        spec = {"gradient": {"operator": operator, "outputs": ["magnitude", "orientation"]}}
        magnitude, cos, sin = (one[20, 25] for one in described(spec, plane).values())
        np.testing.assert_allclose(magnitude, 0.005, rtol=1e-4)
        np.testing.assert_allclose([cos, sin], [7 / 25, 24 / 25], atol=1e-3)
    found = described({"gradient": 2}, plane)["gaussian gradient 2 magnitude grey"]
    np.testing.assert_allclose(found[20, 25], 2 * 0.005, rtol=1e-3)


@pytest.mark.parametrize("operator", ["sobel", "scharr"])
def test_operators_are_those_of_scikit_image(operator: str) -> None:
    spec = {"gradient": {"operator": operator}}
    (found,) = described(spec, NOISE).values()
    # scikit-image gives the difference of pixels two apart, and the length over the root of 2.
    expected = getattr(filters, operator)(NOISE) * 2**0.5 / 2
    inner = np.s_[1:-1, 1:-1]
    np.testing.assert_allclose(found[inner], expected[inner], rtol=1e-4, atol=1e-6)


def test_hessian_eigenvalues_are_those_of_scikit_image() -> None:
    found = described({"hessian": 3}, SMOOTH)
    matrix = feature.hessian_matrix(SMOOTH, sigma=3, use_gaussian_derivatives=True, order="rc")
    larger, smaller = 9 * feature.hessian_matrix_eigvals(matrix)
    inner = np.s_[14:-14, 14:-14]
    for name, expected in (("larger", larger), ("smaller", smaller)):
        values = found[f"hessian 3 {name} grey"]
        np.testing.assert_allclose(
            values[inner], expected[inner], atol=0.04 * np.abs(expected[inner]).max()
        )
    np.testing.assert_allclose(
        found["hessian 3 ridgeness grey"],
        np.abs(np.abs(found["hessian 3 larger grey"]) - np.abs(found["hessian 3 smaller grey"])),
        atol=1e-6,
    )


def test_a_line_is_a_ridge_and_a_blob_is_none() -> None:
    line = np.zeros((41, 41), np.float32)
    line[:, 20] = 1
    blob = np.zeros((41, 41), np.float32)
    blob[20, 20] = 1
    of_line, of_blob = described({"hessian": 2}, line), described({"hessian": 2}, blob)
    assert of_line["hessian 2 smaller grey"][20, 20] < -0.1
    assert abs(of_line["hessian 2 larger grey"][20, 20]) < 1e-5
    assert of_line["hessian 2 ridgeness grey"][20, 20] > 0.1
    assert abs(of_blob["hessian 2 ridgeness grey"][20, 20]) < 1e-6


def test_the_structure_tensor_is_that_of_scikit_image() -> None:
    """Their gradient is Sobel's; ours is of a blur: the same tensor built of that gradient."""
    found = described({"structure": {"sigmas_px": [1.5], "spread": 2}}, SMOOTH)
    blurred = ndimage.gaussian_filter(SMOOTH, 1.5)
    dy, dx = (1.5 * one for one in np.gradient(blurred))
    tensor = [ndimage.gaussian_filter(one, 3) for one in (dy * dy, dy * dx, dx * dx)]
    larger, smaller = feature.structure_tensor_eigenvalues(tensor)
    inner = np.s_[16:-16, 16:-16]
    for name, expected in (("larger", larger**0.5), ("smaller", smaller**0.5)):
        np.testing.assert_allclose(
            found[f"structure 1.5 {name} grey"][inner], expected[inner], atol=2e-5
        )
    coherence = ((larger - smaller) / (larger + smaller)) ** 2
    np.testing.assert_allclose(
        found["structure 1.5 coherence grey"][inner], coherence[inner], atol=1e-3
    )


def test_stripes_are_coherent_and_have_their_orientation() -> None:
    y, x = np.mgrid[:64, :64]
    stripes = (0.5 + 0.5 * np.sin((x + y) * 0.7)).astype(np.float32)  # across: 45 degrees
    spec = {"structure": {"sigmas_px": [1], "outputs": ["coherence", "orientation"]}}
    coherence, cos, sin = (one[32, 32] for one in described(spec, stripes).values())
    assert coherence > 0.95
    np.testing.assert_allclose([cos, sin], [0, 1], atol=0.02)


# --- texture


def test_gabor_filters_are_those_of_scikit_image() -> None:
    feature_of = FeatureStack.of({"gabor": {"wavelengths_px": [6], "orientations": 3}})
    found = feature_of.describe(SMOOTH[..., None])
    sigma = feature_of.steps[0].sigma_px(6)  # pyright: ignore[reportAttributeAccessIssue]
    for turn, values in enumerate(found):
        kernel = filters.gabor_kernel(
            1 / 6, theta=np.pi * turn / 3, sigma_x=sigma, sigma_y=sigma, n_stds=4
        )
        bell = np.abs(kernel)
        real = kernel.real - bell * (kernel.real.sum() / bell.sum())  # deaf to what is flat
        answer = np.hypot(
            ndimage.convolve(SMOOTH, real, mode="reflect"),
            ndimage.convolve(SMOOTH, kernel.imag, mode="reflect"),
        )
        inner = np.s_[14:-14, 14:-14]
        np.testing.assert_allclose(values[inner], answer[inner], atol=1e-4)


def test_gabor_answers_to_its_own_stripes() -> None:
    y = np.mgrid[:64, :64][0]
    stripes = (0.5 + 0.5 * np.sin(2 * np.pi * y / 8)).astype(np.float32)  # changes along Y
    found = {name: one[32, 32] for name, one in described("gabor", stripes).items()}
    assert max(found, key=lambda name: found[name]) == "gabor 8 90° grey"


@pytest.mark.parametrize(("radius", "points"), [(1, 8), (2, 8), (2, 12), (3, 16)])
def test_local_binary_patterns_are_those_of_scikit_image(radius: int, points: int) -> None:
    found = patterns(NOISE, radius, points)
    expected = feature.local_binary_pattern(NOISE, points, radius, method="uniform")
    inner = np.s_[radius + 1 : -radius - 1, radius + 1 : -radius - 1]
    np.testing.assert_array_equal(found[inner], expected[inner])


def test_flat_pictures_have_one_pattern() -> None:
    """Every neighbour is as bright; interpolation must not make it otherwise."""
    for value in (0.1, 0.3, 0.7):
        assert (patterns(np.full((9, 9), value, np.float32), 2, 12) == 12).all()


def test_shares_of_patterns_are_counted_in_the_window() -> None:
    found = np.stack(list(described({"lbp": {"radii_px": [1], "window_px": 5}}, NOISE).values()))
    codes = patterns(NOISE, 1, 8)
    window = codes[10:15, 20:25]
    np.testing.assert_allclose(found[:, 12, 22], np.bincount(window.ravel(), minlength=10) / 25)
    np.testing.assert_allclose(found.sum(0), 1, atol=1e-5)


@pytest.mark.parametrize(("side", "distance"), [(7, 1), (9, 2), (5, 3)])
def test_co_occurrence_is_that_of_scikit_image(side: int, distance: int) -> None:
    spec = {"glcm": {"windows_px": [side], "distance_px": distance}}
    found = {name.split()[2]: one for name, one in described(spec, NOISE).items()}
    levels = as_levels(NOISE, 8)
    half = side // 2
    for y, x in ((12, 17), (20, 30), (25, 11)):
        patch = levels[y - half : y + half + 1, x - half : x + half + 1]
        angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
        # Their diagonals are as long along each axis here.
        counts = sum(
            graycomatrix(patch, [distance * (2**0.5 if n % 2 else 1)], [angle], 8, symmetric=True)
            for n, angle in enumerate(angles)
        ).astype(float)
        shares = counts / counts.sum()
        for name in ("contrast", "dissimilarity", "homogeneity", "energy", "correlation"):
            expected = graycoprops(shares, name)[0, 0]
            np.testing.assert_allclose(found[name][y, x], expected, rtol=1e-4, err_msg=name)
        there = shares[shares > 0]
        np.testing.assert_allclose(
            found["entropy"][y, x], -(there * np.log2(there)).sum(), rtol=1e-4
        )


@pytest.mark.parametrize(("cell", "block"), [(8, 1), (8, 3), (6, 1)])
def test_oriented_gradients_are_those_of_scikit_image(cell: int, block: int) -> None:
    plane = SMOOTH[:48, :72]
    found = cell_histograms(plane, cell, 9)
    if block == 3:
        (stack,) = FeatureStack.of({"hog": cell}).steps
        found = stack.describe(View(plane[..., None].copy()))
    expected = feature.hog(
        plane, 9, (cell, cell), (block, block), feature_vector=False,
        block_norm="L2-Hys" if block == 3 else "L1",
    )  # fmt: skip
    # A cell of theirs begins at a multiple of `cell`; ours is the one around its middle.
    ours = np.moveaxis(found[:, cell // 2 :: cell, cell // 2 :: cell], 0, -1)
    if block == 1:
        ours = ours / (ours.sum(-1, keepdims=True) + 1e-12)
        theirs = expected[:, :, 0, 0]
        inner = np.s_[1:-1, 1:-1]
        np.testing.assert_allclose(ours[inner], theirs[inner], atol=0.02)
    else:  # the middle cell of a block; they divide a block, we a cell, by its own length after
        middle = expected[:, :, 1, 1]
        middle = middle / np.linalg.norm(middle, axis=-1, keepdims=True)
        np.testing.assert_allclose(ours[2:-2, 2:-2], middle[1:-1, 1:-1], atol=0.05)


def test_statistics_of_windows_by_hand() -> None:
    found = described({"statistics": [5]}, NOISE)
    window = NOISE[10:15, 20:25].astype(float)
    at = {name.split()[0]: one[12, 22] for name, one in found.items()}
    np.testing.assert_allclose(at["mean"], window.mean(), rtol=1e-5)
    np.testing.assert_allclose(at["std"], window.std(), rtol=1e-4)
    np.testing.assert_allclose([at["minimum"], at["maximum"]], [window.min(), window.max()])
    np.testing.assert_allclose(at["median"], np.median(window), atol=1 / 256)
    shares = np.bincount((window * 16).astype(int).ravel(), minlength=16) / 25
    shares = shares[shares > 0]
    np.testing.assert_allclose(at["entropy"], -(shares * np.log2(shares)).sum(), rtol=1e-5)


def test_large_medians_are_those_of_scipy() -> None:
    (found,) = described({"statistics": {"windows_px": 21, "outputs": "median"}}, NOISE).values()
    expected = ndimage.median_filter(NOISE, 21, mode="reflect")
    np.testing.assert_allclose(found, expected, atol=1 / 256)


def test_a_flat_window_has_no_deviation_and_no_entropy() -> None:
    for value in (0.0, 0.2, 1.0):
        plane = np.full((30, 31), value, np.float32)
        found = described({"statistics": {"windows_px": 11, "outputs": ["std", "entropy"]}}, plane)
        assert all((one == 0).all() for one in found.values())


def test_places_are_shares_of_the_picture() -> None:
    y, x = FeatureStack.of("position").describe(np.zeros((4, 8, 1), np.uint8))
    np.testing.assert_allclose(y[:, 0], [0.125, 0.375, 0.625, 0.875])
    np.testing.assert_allclose(x[0], (np.arange(8) + 0.5) / 8)


def test_windows_see_every_pixel_of_themselves_once() -> None:
    """Against a histogram made anew for each pixel, on a picture smaller than the window."""
    plane = RNG.random((7, 6)).astype(np.float32)
    (found,) = described({"statistics": {"windows_px": 9, "outputs": "entropy"}}, plane).values()
    padded = np.pad(as_levels(plane, 16), 4, mode="symmetric")
    for y, x in itertools.product(range(7), range(6)):
        shares = np.bincount(padded[y : y + 9, x : x + 9].ravel(), minlength=16) / 81
        shares = shares[shares > 0]
        np.testing.assert_allclose(found[y, x], -(shares * np.log2(shares)).sum(), atol=1e-5)
