"""Regions described all at once, against scikit-image and SciPy one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import ConvexHull
from skimage import measure

from segwright.errors import UsageError
from segwright.features.adjacency import Adjacency
from segwright.features.region_sums import quantiles
from segwright.features.regions import RegionFeatures
from segwright.features.shapes import Shapes


def cells(height: int = 60, width: int = 80, number: int = 25, seed: int = 0) -> np.ndarray:
    """A Voronoi diagram: every region compact, some at the border."""
    rng = np.random.default_rng(seed)
    seeds = rng.random((number, 2)) * (height, width)
    places = np.stack(np.mgrid[:height, :width], -1)[..., None, :]
    nearest = ((places - seeds) ** 2).sum(-1).argmin(-1)
    return np.unique(nearest, return_inverse=True)[1].reshape(height, width).astype(np.int32)


def ragged(seed: int = 0) -> np.ndarray:
    """Regions in scattered pieces with holes."""
    return np.random.default_rng(seed).integers(0, 12, (14, 17)).astype(np.int32)


@pytest.fixture(params=["cells", "ragged", "one", "lines"])
def regions(request: pytest.FixtureRequest) -> np.ndarray:
    match request.param:
        case "cells":
            return cells()
        case "ragged":
            return ragged()
        case "one":
            return np.zeros((5, 7), np.int32)
        case _:
            return np.repeat(np.arange(4, dtype=np.int32)[None], 9, axis=0)


def test_shapes_are_those_of_regionprops(regions: np.ndarray) -> None:
    shapes = Shapes.of(regions)
    props = measure.regionprops(regions + 1)
    for i, one in enumerate(props):
        assert shapes.area_px[i] == one.area
        assert tuple(shapes.box_yxyx[i]) == one.bbox
        np.testing.assert_allclose(shapes.centre_yx[i], one.centroid)
        np.testing.assert_allclose(shapes.extent[i], one.extent)
        np.testing.assert_allclose(shapes.moments[i], one.moments_central * _upper(), atol=1e-6)
        np.testing.assert_allclose(shapes.hu[i], one.moments_hu, atol=1e-9)
        np.testing.assert_allclose(
            shapes.perimeter_px[i], measure.perimeter_crofton(regions == i, directions=4)
        )
        np.testing.assert_allclose(
            shapes.axes_px[i], [one.axis_major_length, one.axis_minor_length], atol=1e-5
        )
        if one.axis_major_length > 0:
            np.testing.assert_allclose(shapes.eccentricity[i], one.eccentricity, atol=1e-6)


def _upper() -> np.ndarray:
    """Orders up to 3: the others are not measured."""
    return (np.add.outer(np.arange(4), np.arange(4)) <= 3).astype(float)


def test_hulls_are_those_of_scipy(regions: np.ndarray) -> None:
    shapes = Shapes.of(regions)
    for i in range(len(shapes.area_px)):
        pixels = np.argwhere(regions == i)
        corners = np.concatenate([pixels + step for step in ([0, 0], [0, 1], [1, 0], [1, 1])])
        np.testing.assert_allclose(shapes.hull_area_px[i], ConvexHull(corners).volume)
    assert (shapes.solidity <= 1 + 1e-12).all()


def test_the_orientation_of_a_bar() -> None:
    y, x = np.mgrid[:60, :60] - 30
    for degrees in (0, 30, 90, -45):
        angle = np.deg2rad(degrees)
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        bar = ((np.abs(along) < 22.3) & (np.abs(across) < 4.3)).astype(np.int32)
        found = np.rad2deg(Shapes.of(bar).orientation[1])
        assert abs((found - degrees + 90) % 180 - 90) < 1.5


def test_a_disk_is_round_and_a_line_is_not() -> None:
    y, x = np.mgrid[:101, :101] - 50
    disk = Shapes.of((y * y + x * x <= 45**2).astype(np.int32))
    assert disk.roundness[1] == pytest.approx(1, abs=0.03)
    assert disk.solidity[1] > 0.97 and disk.eccentricity[1] < 0.01
    line = np.zeros((9, 60), np.int32)
    line[4, 5:55] = 1
    shapes = Shapes.of(line)
    assert shapes.roundness[1] < 0.12 and shapes.eccentricity[1] == 1 and shapes.solidity[1] == 1


def test_numbers_without_pixels_are_zeros() -> None:
    shapes = Shapes.of(np.array([[0, 3]], np.int32), num_regions=6)
    assert shapes.area_px.tolist() == [1, 0, 0, 1, 0, 0]
    for values in (shapes.hu, shapes.solidity, shapes.axes_px, shapes.eccentricity, shapes.extent):
        assert np.isfinite(values).all()
        assert (values[[1, 2, 4, 5]] == 0).all()


# --- neighbours


def test_the_graph_of_four_quarters_by_hand() -> None:
    regions = np.zeros((4, 6), np.int32)
    regions[:2, 3:], regions[2:, :3], regions[2:, 3:] = 1, 2, 3
    strength = np.zeros((4, 6), np.float32)
    strength[:, 3] = 1  # half of what lies between the left and the right column
    graph = Adjacency.of(regions, strength)
    assert graph.edges.tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]  # 0 and 3 touch at a corner
    assert graph.length_px.tolist() == [2, 3, 3, 2]
    np.testing.assert_allclose(graph.strength, [0.5, 0, 1 / 3, 0.5])
    assert graph.degrees.tolist() == [2, 2, 2, 2]
    values = np.array([[0.0], [10.0], [20.0], [40.0]])
    around = graph.mean_of_neighbours(values)[:, 0]
    np.testing.assert_allclose(around, [(2 * 10 + 3 * 20) / 5, 3 * 40 / 5, 2 * 40 / 5, 14])
    np.testing.assert_allclose(graph.contrast(values)[0], (2 * 10 + 3 * 20) / 5)
    np.testing.assert_allclose(graph.boundary_strength()[0], 2 * 0.5 / 5)


def test_every_side_between_two_regions_is_counted_once() -> None:
    regions = ragged(3)
    graph = Adjacency.of(regions)
    sides = (regions[1:] != regions[:-1]).sum() + (regions[:, 1:] != regions[:, :-1]).sum()
    assert graph.length_px.sum() == sides
    assert (graph.edges[:, 0] < graph.edges[:, 1]).all()
    assert len(np.unique(graph.edges, axis=0)) == len(graph.edges)


def test_a_region_alone_has_no_neighbours() -> None:
    graph = Adjacency.of(np.zeros((3, 4), np.int32), np.ones((3, 4), np.float32))
    assert len(graph.edges) == 0 and graph.degrees.tolist() == [0]
    assert graph.mean_of_neighbours(np.array([[7.0]])).tolist() == [[7.0]]
    assert graph.boundary_strength().tolist() == [0]


# --- the whole description


def test_means_and_deviations_are_those_of_the_pixels() -> None:
    regions = cells()
    pixels = np.random.default_rng(2).integers(0, 256, (*regions.shape, 3), np.uint8)
    features = RegionFeatures()
    table = features.describe(regions, pixels)
    names = features.names(3)
    assert table.shape == (regions.max() + 1, len(names)) and len(set(names)) == len(names)
    planes = features.texture.describe(pixels)
    half = len(planes)
    for i in (0, 7, 19):
        inside = planes[:, regions == i].astype(float)
        np.testing.assert_allclose(table[i, :half], inside.mean(1), atol=1e-5)
        np.testing.assert_allclose(table[i, half : 2 * half], inside.std(1), atol=1e-4)


def test_quantiles_histograms_and_the_border_are_told() -> None:
    regions = cells()
    plane = np.random.default_rng(5).random((*regions.shape, 1)).astype(np.float32)
    features = RegionFeatures()
    table = dict(zip(features.names(1), features.describe(regions, plane).T, strict=True))
    for i in (3, 11):
        inside = plane[regions == i, 0]
        for share in (0.1, 0.5, 0.9):
            found = table[f"quantile {share:g} grey"][i]
            assert abs(found - np.quantile(inside, share)) < 0.05
        bins = np.histogram(inside, 8, (0, 1))[0] / inside.size
        np.testing.assert_allclose([table[f"bin {b} grey"][i] for b in range(8)], bins, atol=1e-6)
    edge = np.unique(np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]]))
    assert np.flatnonzero(table["at the border"]).tolist() == edge.tolist()
    directions = [table[f"gradient direction {n}"] for n in range(8)]
    np.testing.assert_allclose(np.sum(directions, 0), 1, atol=1e-5)


def test_quantiles_of_a_histogram_by_hand() -> None:
    histograms = np.array([[0, 4, 0, 4], [2, 0, 0, 0], [0, 0, 0, 0]], float)
    found = quantiles(histograms, (0.25, 0.5, 0.75))
    np.testing.assert_allclose(found, [[0.375, 0.5, 0.875], [0.0625, 0.125, 0.1875], [0, 0, 0]])


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
@pytest.mark.parametrize("size_hw", [(1, 1), (1, 9), (12, 1), (17, 19)])
def test_any_picture_is_described(channels: int, size_hw: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    regions = rng.integers(0, 4, size_hw)
    for pixels in (
        rng.integers(0, 65536, (*size_hw, channels), np.uint16),
        np.zeros((*size_hw, channels), np.uint8),
        np.ones((*size_hw, channels), np.float32),
    ):
        table = RegionFeatures().describe(regions, pixels)
        assert table.shape == (regions.max() + 1, len(RegionFeatures().names(channels)))
        assert np.isfinite(table).all()


def test_settings_leave_parts_out() -> None:
    small = RegionFeatures.of(
        {"texture": "colour", "shape": False, "colour_bins": 0, "orientations": 0,
         "neighbours": False}
    )  # fmt: skip
    assert len(small.names(1)) == 2 + 3
    assert small.describe(cells(), np.zeros((60, 80, 1), np.uint8)).shape[1] == 5
    assert RegionFeatures.of(small.model_dump(mode="json")) == small
    with pytest.raises(UsageError, match="must divide 64"):
        RegionFeatures.of({"colour_bins": 7})
    with pytest.raises(UsageError, match="the picture"):
        small.describe(cells(), np.zeros((3, 80, 1), np.uint8))
