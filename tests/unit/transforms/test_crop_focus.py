from __future__ import annotations

import numpy as np
import pytest

from segwright.errors import UsageError
from segwright.labels.classes import Classes
from segwright.transforms import CropFocus

CLASSES = Classes.named(["sky", "road", "pole"])


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def scene() -> np.ndarray:
    """90 % sky, 9 % road, 1 % pole."""
    ids = np.zeros((20, 50), np.uint8)
    ids[:, 40:45] = 1
    ids[10:20, 45] = 2
    ids[0:10, 40] = 0
    return ids


def shares(focus: CropFocus, ids: np.ndarray, draws: int = 3000) -> np.ndarray:
    picks = [focus.pick(0, rng(seed)) for seed in range(draws)]
    return np.bincount([ids[pick] for pick in picks if pick is not None], minlength=3) / draws


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_classes_are_drawn_by_rarity(power):
    ids = scene()
    focus = CropFocus(CLASSES, focus=0.6, power=power)
    focus.add(ids)
    weights = (np.bincount(ids.ravel()) / ids.size) ** -power
    assert np.allclose(shares(focus, ids), 0.6 * weights / weights.sum(), atol=0.03)


def test_rarity_is_that_of_all_images():
    """A class common elsewhere is not rare, however little of it this image has."""
    ids = scene()
    focus = CropFocus(CLASSES, focus=1.0, power=1.0)
    focus.add(ids)
    alone = shares(focus, ids)
    focus.add(np.full((100, 100), 2, np.uint8))
    assert shares(focus, ids)[2] < alone[2] / 3


def test_locations_spread_over_the_class():
    ids = np.zeros((200, 200), np.uint8)
    ids[50:150, 50:150] = 1
    focus = CropFocus(CLASSES, focus=1.0, power=4.0)
    focus.add(ids)
    picks = {focus.pick(0, rng(seed)) for seed in range(1000)}
    ys, xs = np.array([pick for pick in picks if pick is not None and ids[pick] == 1]).T
    assert 50 <= len(ys) <= 64
    assert ys.min() < 60 and ys.max() > 140 and np.ptp(xs) > 80


def test_nothing_to_show_means_anywhere():
    focus = CropFocus(CLASSES, focus=1.0)
    focus.add(np.full((5, 5), CLASSES.ignore_index, np.uint8))
    assert focus.pick(0, rng(0)) is None
    focus.add(scene())
    assert focus.pick(1, rng(0)) is not None
    assert len(focus) == 2


def test_focus_zero_never_chooses():
    focus = CropFocus(CLASSES, focus=0.0)
    focus.add(scene())
    assert all(focus.pick(0, rng(seed)) is None for seed in range(50))


def test_the_same_rng_gives_the_same_centre():
    first, second = CropFocus(CLASSES), CropFocus(CLASSES)
    for focus in (first, second):
        focus.add(scene())
    picks = [first.pick(0, rng(seed)) for seed in range(50)]
    assert picks == [second.pick(0, rng(seed)) for seed in reversed(range(50))][::-1]


@pytest.mark.parametrize("settings", [{"focus": 1.5}, {"power": -1.0}, {"samples": 0}])
def test_refuses(settings):
    with pytest.raises(UsageError, match=str(next(iter(settings.values())))):
        CropFocus(CLASSES, **settings)


def test_refuses_other_labels():
    with pytest.raises(UsageError, match="int64"):
        CropFocus(CLASSES).add(np.zeros((3, 3), np.int64))


def test_tuned_shares_what_was_and_will_be_added():
    focus = CropFocus(CLASSES, focus=0.0)
    focus.add(scene())
    other = focus.tuned(focus=1.0, power=0.0)
    focus.add(np.full((5, 5), 2, np.uint8))
    assert len(other) == 2 and focus.pick(0, rng(0)) is None
    fresh = CropFocus(CLASSES, focus=1.0, power=0.0)
    fresh.add(scene())
    assert [other.pick(0, rng(s)) for s in range(20)] == [fresh.pick(0, rng(s)) for s in range(20)]
    with pytest.raises(UsageError, match="focus"):
        focus.tuned(focus=2.0, power=0.0)
