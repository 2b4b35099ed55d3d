"""Clusters of an image and of many images: what is shared, stored and refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra 'classical' is not installed")
mixture = pytest.importorskip("sklearn.mixture")

from segwright import load  # noqa: E402
from segwright.classical.clustering.clusters import Clusters  # noqa: E402
from segwright.classical.clustering.densities import likeliest  # noqa: E402
from segwright.classical.clustering.gaussian_mixture import GaussianMixture  # noqa: E402
from segwright.classical.clustering.kmeans import KMeans  # noqa: E402
from segwright.classical.clustering.points import PixelPoints  # noqa: E402
from segwright.errors import DataError, ImageError  # noqa: E402
from segwright.images.image import Image  # noqa: E402
from segwright.labels.classes import Classes  # noqa: E402
from segwright.labels.label_map import LabelMap  # noqa: E402

both = pytest.mark.parametrize("method", [KMeans, GaussianMixture])


def stripes(*greys: int, size: int = 12) -> Image:
    """Stripes from left to right, each in a grey of its own, with a little noise."""
    rng = np.random.default_rng(0)
    row = np.repeat(np.array(greys), size)
    pixels = row[None, :, None] + rng.integers(-3, 4, (30, len(row), 3))
    return Image(np.clip(pixels, 0, 255).astype(np.uint8))


@both
def test_clusters_are_numbered_from_dark_to_bright(method: type[Clusters]):
    found = method(clusters=3).parts(stripes(200, 20, 110))
    assert np.array_equal(found, np.repeat([[2] * 12 + [0] * 12 + [1] * 12], 30, axis=0))


@both
def test_a_fitted_method_has_one_set_of_clusters_for_all_images(method: type[Clusters]):
    dark, bright = stripes(20, 60), stripes(160, 220)
    alone = method(clusters=4)
    assert set(np.unique(alone.parts(dark))) == {0, 1, 2, 3}
    fitted = method(clusters=4).fit([dark, bright])
    assert set(np.unique(fitted.parts(dark))) == {0, 1}
    assert set(np.unique(fitted.parts(bright))) == {2, 3}


@both
def test_parameters_of_a_fitted_method_count_when_it_is_fitted_again(
    method: type[Clusters], tmp_path: Path
):
    image = stripes(20, 110, 200)
    labels = LabelMap(np.zeros(image.size_hw, np.uint8), Classes.named(("one", "other")))
    fitted = method(clusters=3).fit([image], [labels])
    before = fitted.parts(image)
    fitted.set_params(clusters=7, texture=1.0)
    assert len(fitted.part_names) == 3 and np.array_equal(fitted.parts(image), before)
    fitted.set_params(clusters=3, texture=0.0)
    again = load(fitted.save(tmp_path / "it"))
    assert isinstance(again, method) and np.array_equal(again.parts(image), before)
    assert len(method(clusters=7).fit([image]).part_names) == 7


@both
def test_images_of_another_kind_are_refused(method: type[Clusters]):
    colour, grey = stripes(20, 200), Image(stripes(20, 200).pixels[..., :1].copy())
    with pytest.raises(ImageError, match="1 channels"):
        method().fit([colour]).segment(grey)
    with pytest.raises(ImageError, match="those before it 3"):
        method().fit([colour, grey])


@both
def test_stored_clusters_that_cannot_be_are_refused(method: type[Clusters]):
    fitted = method(clusters=3).fit([stripes(20, 110, 200)])
    stored = dict(fitted._arrays())
    for name, value in {
        "space": np.array([3.0, -1.0, 0.0]),
        next(key for key in stored if key != "space"): np.full((3, 3), np.nan, np.float32),
    }.items():
        with pytest.raises(DataError, match="cannot be read back"):
            method()._restore(stored | {name: value})
    with pytest.raises(DataError):
        method()._restore({"space": stored["space"]})


def test_texture_tells_rough_from_smooth_and_position_left_from_right():
    rng = np.random.default_rng(0)
    pixels = np.full((40, 80, 1), 128, np.uint8)
    pixels[:, 40:] += rng.integers(-60, 61, (40, 40, 1)).astype(np.int8).view(np.uint8)
    rough = KMeans(clusters=2, texture=20).parts(Image(pixels))
    assert (rough[:, :34] == rough[0, 0]).all() and (rough[:, 46:] != rough[0, 0]).mean() > 0.95
    image = stripes(20, 200, 20)
    anywhere = KMeans(clusters=2).parts(image)
    placed = KMeans(clusters=3, position=0.5).parts(image)
    assert anywhere[5, 5] == anywhere[5, 30] and placed[5, 5] != placed[5, 30]


def test_points_of_bands_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch):
    image = Image(np.random.default_rng(0).integers(0, 256, (70, 31, 3), np.uint8))
    points = PixelPoints(texture=2.0, position=0.5)
    whole = points.whole(image)
    draw = points.sample(image, 500, np.random.default_rng(1))
    monkeypatch.setattr("segwright.features.stack._BAND_BYTES", 1)
    assert len(list(points.bands(image))) > 3
    np.testing.assert_allclose(points.whole(image), whole, atol=1e-6)
    np.testing.assert_allclose(points.sample(image, 500, np.random.default_rng(1)), draw, atol=1e-6)
    assert whole.shape == (7, 70, 31) and points.size(3) == 7
    assert np.array_equal(
        points.sample(image, 10**6, np.random.default_rng(0)), whole.reshape(7, -1)
    )


@pytest.mark.parametrize("count", [40, 10_000])
@pytest.mark.parametrize("position", [0.0, 1.0])
@pytest.mark.parametrize("kind", ["rgb", "floats beyond 1", "four channels"])
def test_a_sample_is_taken_of_the_points(kind: str, position: float, count: int):
    channels = 4 if kind == "four channels" else 3
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, channels)).astype(np.uint8)
    if kind == "floats beyond 1":
        pixels = pixels.astype(np.float32)
    space = PixelPoints(position=position)
    sample = space.sample(Image(pixels), count, np.random.default_rng(1))
    whole = space.whole(Image(pixels)).reshape(len(sample), -1)
    assert sample.dtype == np.float32 and sample.shape[1] == min(count, 600)
    apart = np.abs(sample[:, :, None] - whole[:, None]).max(0)
    nearest = apart.argmin(1)
    assert apart.min(1).max() < 1e-6 and (np.diff(nearest) > 0).all()


def test_a_point_belongs_to_the_gaussian_that_scikit_learn_says():
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(0, 0.1, (400, 4)), rng.normal(0.5, 0.3, (700, 4))])
    theirs = mixture.GaussianMixture(5, random_state=0).fit(rows)
    whitening = np.tril(np.swapaxes(theirs.precisions_cholesky_, 1, 2))
    logs = np.log(theirs.weights_) + np.log(np.diagonal(whitening, axis1=1, axis2=2)).sum(1)
    arrays = (np.ascontiguousarray(a, np.float32) for a in (theirs.means_, whitening, logs))
    got = likeliest(np.ascontiguousarray(rows.T, np.float32), *arrays)
    assert (got == theirs.predict(rows)).mean() > 0.999


def test_a_mixture_keeps_a_long_cluster_in_one_piece():
    # A ramp from 0 to 0.6 beside a narrow peak at 0.8: k-means cuts the ramp, a mixture does not.
    rng = np.random.default_rng(0)
    ramp = rng.random((40, 60)) * 0.6
    peak = 0.8 + rng.normal(0, 0.005, (40, 60))
    image = Image.from_array(np.concatenate([ramp, peak], axis=1))
    long = GaussianMixture(clusters=2).parts(image)
    assert (long[:, :60] == 0).mean() > 0.99 and (long[:, 60:] == 1).mean() > 0.99
