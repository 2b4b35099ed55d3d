"""Pictures that show the same are found, others are not."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image as Pillow
from tests.unit.dataset.scenes import scene

from segwright.dataset.checks.alike import clusters, same_pictures
from segwright.dataset.checks.thumbnails import packed, standardised, thumbnail, unpacked
from segwright.images import Image


def _jpeg(picture: Pillow.Image) -> Pillow.Image:
    stored = io.BytesIO()
    picture.save(stored, "JPEG", quality=30)
    return Pillow.open(stored)


_VARIANTS: dict[str, Callable[[Pillow.Image], Pillow.Image]] = {
    "stored with loss": _jpeg,
    "darker": lambda picture: picture.point(lambda value: int(0.6 * value + 20)),
    "half as large": lambda picture: picture.resize((64, 48), Pillow.Resampling.BILINEAR),
    "squeezed": lambda picture: picture.resize((100, 100), Pillow.Resampling.BICUBIC),
    "cropped by 3 %": lambda picture: picture.crop((4, 3, 124, 93)),
    "grey": lambda picture: picture.convert("L"),
}


def _thumb(picture: Pillow.Image) -> np.ndarray:
    pixels = np.asarray(picture)
    return thumbnail(Image.from_array(pixels))


def _pairs(thumbs: list[np.ndarray]) -> set[tuple[int, int]]:
    return {(pair.first, pair.second) for pair in same_pictures(np.stack(thumbs))}


@pytest.mark.parametrize("kind", _VARIANTS)
def test_a_changed_copy_is_found_and_nothing_else(kind: str) -> None:
    pictures = [Pillow.fromarray(scene(seed)[0]) for seed in range(20)]
    pictures += [_VARIANTS[kind](picture) for picture in pictures]
    found = _pairs([_thumb(picture) for picture in pictures])
    assert found == {(index, index + 20) for index in range(20)}


def test_no_pair_is_lost_between_blocks() -> None:
    rng = np.random.default_rng(0)
    thumbs = standardised(rng.normal(size=(2500, 48, 48)).astype(np.float32))
    thumbs[[1500, 2400, 2401]] = thumbs[[3, 1030, 2000]]
    assert _pairs(list(thumbs)) == {(3, 1500), (1030, 2400), (2000, 2401)}


def test_what_all_pictures_have_in_common_makes_none_the_same() -> None:
    y, x = np.mgrid[:96, :128]
    field = (y - 48) ** 2 + (x - 64) ** 2 < 40**2
    inside = [np.where(field[..., None], scene(seed)[0] // 3 + 150, 0) for seed in range(12)]
    thumbs = [_thumb(Pillow.fromarray(pixels.astype(np.uint8))) for pixels in inside]
    raw = np.stack([thumb.ravel() for thumb in thumbs])
    assert (raw @ raw.T).min() > 0.95  # by themselves they are nearly the same
    assert _pairs(thumbs) == set()
    assert _pairs([*thumbs, thumbs[4]]) == {(4, 12)}


def test_blank_pictures_are_like_nothing() -> None:
    blank = np.zeros((5, 48, 48), dtype=np.float32)
    assert same_pictures(blank) == []
    assert same_pictures(blank[:0]) == []


def test_pairs_join_into_clusters() -> None:
    thumbs = [_thumb(Pillow.fromarray(scene(seed)[0])) for seed in (0, 1, 2, 0, 1, 0)]
    assert clusters(same_pictures(np.stack(thumbs)), 6) == [[0, 3, 5], [1, 4]]


def test_a_thumbnail_survives_packing() -> None:
    thumb = _thumb(Pillow.fromarray(scene(5)[0]))
    assert float((unpacked(packed(thumb)) * thumb).sum()) > 0.999
    assert not unpacked(packed(np.zeros((48, 48), np.float32))).any()
