"""A forest that draws contours: what it sees, learns, stores and finds."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.classical.contours import detector
from segwright.classical.contours.channels import MARGIN_CELLS, Channels
from segwright.classical.contours.contour_forest import LearnedContours
from segwright.classical.contours.detector import ContourDetector, gathered
from segwright.classical.contours.forest import ContourForest, contours_in
from segwright.classical.contours.ridges import ridges
from segwright.errors import DataError, LabelError, UsageError
from segwright.images.image import Image

_SIZE = (64, 80)


def _drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A disc on a ground of another colour, both with stripes that are no contours."""
    rng = np.random.default_rng(seed)
    y, x = np.indices(_SIZE)
    middle, radius = rng.uniform(24, 40, 2), rng.uniform(12, 20)
    inside = (y - middle[0]) ** 2 + (x - middle[1] - 8) ** 2 < radius**2
    colours = np.where(inside[..., None], (0.8, 0.6, 0.3), (0.3, 0.4, 0.5))
    colours = colours + 0.1 * np.sin(x[..., None] * 1.5) + rng.normal(0, 0.02, (*_SIZE, 3))
    return np.clip(colours, 0, 1).astype(np.float32), inside.astype(np.int64)


@pytest.fixture(scope="module")
def forest() -> ContourForest:
    images = ((colours, [regions, regions]) for colours, regions in map(_drawn, range(8)))
    return ContourDetector.learned(images, each=1500, trees=3, threads=1).forest


def test_an_even_picture_has_no_gradients():
    channels = Channels.of(np.full((10, 13, 3), 0.5, np.float32))
    assert channels.near.shape == (5 + 2 * MARGIN_CELLS, 7 + 2 * MARGIN_CELLS, 13)
    assert not channels.near[..., 3:].any()
    assert (channels.near[..., :3] == channels.near[0, 0, :3]).all()
    assert (channels.near == channels.far).all()


def test_a_step_is_seen_where_it_is_and_in_its_orientation():
    step = np.zeros((40, 40, 3), np.float32)
    step[:, 20:] = 1
    near = Channels.of(step).near
    assert set(np.flatnonzero(near[20, :, 3] == near[20, :, 3].max())) == {17, 18}
    across, others = near[20, 18, 4], near[20, 18, 5:8]
    assert across > 80 and not others.any()
    turned = Channels.of(step.transpose(1, 0, 2)).near
    assert turned[18, 20, 6] == across  # orientation 2 of 4


def test_channels_of_a_mirrored_picture_are_mirrored():
    colours = _drawn(3)[0]
    plain, mirrored = Channels.of(colours), Channels.of(np.ascontiguousarray(colours[::-1]))
    kept = [0, 1, 2, 3, 4, 6, 8, 9, 11]  # diagonals (5, 7, 10, 12) change places
    difference = plain.near[::-1][..., kept].astype(int) - mirrored.near[..., kept]
    assert np.abs(difference).max() <= 1
    difference = plain.near[::-1][..., [5, 7]].astype(int) - mirrored.near[..., [7, 5]]
    assert np.abs(difference).max() <= 1


def test_contours_in_patches_are_on_both_sides():
    patch = np.zeros((16, 16), np.uint8)
    patch[:, 5:] = 1
    found = contours_in(patch.reshape(1, -1)).reshape(16, 16)
    assert found[:, 4:6].all() and found.sum() == 32


def test_half_of_the_samples_are_near_contours():
    colours, regions = _drawn(0)
    samples = gathered([(colours, [regions])], each=1000, seed=0)
    assert len(samples.patches) == 1000
    divided = np.array([len(np.unique(patch)) > 1 for patch in samples.patches])
    assert 0.45 <= divided.mean() <= 0.65
    # A patch is the 16×16 pixels around the cell's corner.
    n = int(np.flatnonzero((samples.cell_yx > 6).all(1) & (samples.cell_yx < 24).all(1))[0])
    y, x = 2 * samples.cell_yx[n]
    np.testing.assert_array_equal(
        samples.patches[n].reshape(16, 16), regions[y - 8 : y + 8, x - 8 : x + 8]
    )


def test_places_around_which_something_is_unknown_are_left_out():
    colours, regions = _drawn(0)
    unknown = regions.copy()
    unknown[:, :40] = -1
    samples = gathered([(colours, [unknown])], each=400, seed=0)
    assert 0 < len(samples.patches) < 400
    assert (samples.cell_yx[:, 1] >= (40 + 8) // 2).all()


def test_an_image_of_which_nothing_is_known_adds_nothing():
    colours, regions = _drawn(0)
    samples = gathered(
        [(colours, [np.full_like(regions, -1)]), (colours, [regions + 1000])], each=100, seed=0
    )
    assert (samples.image == 1).all() and len(samples.patches) == 100
    assert samples.patches.max() == 1  # numbered anew


def test_the_contour_is_found_and_the_stripes_are_not(forest):
    colours, regions = _drawn(100)
    found = ContourDetector(forest, scales=(1.0,)).contours(colours)
    assert found.shape == _SIZE and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 1
    edge = np.zeros(_SIZE, bool)
    edge[:, 1:] |= regions[:, 1:] != regions[:, :-1]
    edge[1:] |= regions[1:] != regions[:-1]
    far = np.ones(_SIZE, bool)
    for y, x in np.argwhere(edge):
        far[max(0, y - 9) : y + 10, max(0, x - 9) : x + 10] = False
    assert found[edge].mean() > 10 * found[far].mean()


def test_large_images_are_looked_at_in_tiles(forest, monkeypatch):
    colours = np.tile(_drawn(7)[0], (4, 4, 1))
    whole = ContourDetector(forest).contours(colours)
    monkeypatch.setattr(detector, "_TILE_PX", 128)
    np.testing.assert_allclose(ContourDetector(forest).contours(colours), whole, atol=1e-6)


def test_the_same_seed_grows_the_same_forest():
    samples = gathered([(*_drawn(1)[:1], [_drawn(1)[1]])], each=600, seed=0)
    one, two = (ContourForest.grown(samples, trees=2, threads=t, seed=5) for t in (1, 2))
    other = ContourForest.grown(samples, trees=2, seed=6)
    for name, array in one.arrays().items():
        np.testing.assert_array_equal(array, two.arrays()[name])
    assert any(a.shape != b.shape or (a != b).any() for a, b in zip(
        one.arrays().values(), other.arrays().values(), strict=True
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("nodes", lambda a: np.where(a == a.max(), a.max() + 10**6, a)),
        ("nodes", lambda a: a[:, :2]),
        ("roots", lambda a: a - 1),
        ("starts", lambda a: a[::-1]),
        ("pixels", lambda a: a[:-1]),
        ("pixels", lambda a: a.astype(np.int32)),
    ],
)
def test_a_damaged_forest_is_refused(forest, name, change):
    arrays = forest.arrays()
    ContourForest.of_arrays(arrays)
    with pytest.raises(DataError, match="contour forest"):
        ContourForest.of_arrays({**arrays, name: np.ascontiguousarray(change(arrays[name]))})
    with pytest.raises(DataError, match=name):
        ContourForest.of_arrays({key: a for key, a in arrays.items() if key != name})


def test_a_child_before_its_parent_is_refused(forest):
    arrays = forest.arrays()
    nodes = arrays["nodes"].copy()
    inner = np.flatnonzero(nodes[:, 0] >= 0)
    nodes[inner[-1], 2] = 0  # walks would never end
    with pytest.raises(DataError, match="contradict"):
        ContourForest.of_arrays({**arrays, "nodes": nodes})


def test_ridges_are_one_pixel_wide_and_keep_their_strength():
    y, x = np.indices((40, 50))
    crest = np.exp(-((x - 24.0) ** 2) / 8).astype(np.float32)
    found = ridges(crest)
    assert np.flatnonzero(found[20] > 1e-3).tolist() == [24] and found[20, 24] == 1
    slanted = np.exp(-((x - y - 3.0) ** 2) / 16).astype(np.float32)
    np.testing.assert_array_equal(np.flatnonzero(ridges(slanted)[20] > 1e-3), [23])


def test_the_method_learns_what_people_divided():
    drawn = [_drawn(seed) for seed in range(6)]
    images = [Image((colours * 255).astype(np.uint8)) for colours, _ in drawn]
    method = LearnedContours(samples=6000, trees=2, level=0.3)
    method.learn_contours(images, [[regions, regions] for _, regions in drawn])
    colours, regions = _drawn(50)
    found = method.parts(Image((colours * 255).astype(np.uint8)))
    disc = np.bincount(found[regions == 1]).argmax()
    iou = ((found == disc) & (regions == 1)).sum() / ((found == disc) | (regions == 1)).sum()
    assert iou > 0.8


def test_what_cannot_be_learned_from_is_refused():
    colours, regions = _drawn(0)
    image = Image((colours * 255).astype(np.uint8))
    with pytest.raises(LabelError, match=r"\(10, 10\)"):
        LearnedContours().learn_contours([image], [[regions[:10, :10]]])
    with pytest.raises(UsageError, match="no images"):
        LearnedContours().learn_contours([], [])
