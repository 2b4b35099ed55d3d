"""Pictures of the report: sizes, colours of errors, data URIs."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from segwright.evaluation.report.pictures import (
    CONFUSED,
    INVENTED,
    MISSED,
    error_map,
    panel_pictures,
)
from segwright.labels.classes import Classes
from segwright.pages.pictures import data_uri, shrunk_ids, shrunk_photo, shrunk_size_hw

CLASSES = Classes.named(["nothing", "cell", "rim"], background=0)


def test_sizes():
    assert shrunk_size_hw((1000, 500), 100) == (100, 50)
    assert shrunk_size_hw((50, 40), 100) == (50, 40)
    assert shrunk_size_hw((1, 5000), 100) == (1, 100)


def test_photo_and_ids_shrink_onto_the_same_grid():
    ids = np.zeros((300, 200), np.uint8)
    ids[120:, 80:] = 1
    photo = np.repeat(ids[..., None] * np.uint8(255), 3, axis=-1)
    small_photo, small_ids = shrunk_photo(photo, 30), shrunk_ids(ids, 30)
    assert small_photo.shape == (30, 20, 3) and small_ids.shape == (30, 20)
    assert ((small_photo[..., 0] > 127) == (small_ids == 1)).all()


def test_what_is_small_enough_is_kept():
    photo = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    assert shrunk_photo(photo, 10) is photo
    assert (shrunk_ids(photo[..., 0], 10) == photo[..., 0]).all()


def test_kinds_of_error():
    truth = np.array([[0, 1, 1, 0, 1, 255]], np.uint8)
    predicted = np.array([[0, 1, 0, 2, 2, 1]], np.uint8)
    picture = error_map(np.zeros((1, 6, 3), np.uint8), truth, predicted, CLASSES)[0]
    assert [tuple(p) for p in picture[2:5].tolist()] == [MISSED, INVENTED, CONFUSED]
    for right in picture[[0, 1, 5]].tolist():
        assert len(set(right)) == 1  # grey


def test_without_background_every_error_is_a_confusion():
    classes = Classes.named(["road", "car"])
    truth, predicted = np.array([[0, 1]], np.uint8), np.array([[1, 0]], np.uint8)
    picture = error_map(np.zeros((1, 2, 3), np.uint8), truth, predicted, classes)
    assert (picture == CONFUSED).all()


def test_panel_pictures_have_one_size():
    photo = np.zeros((90, 60, 3), np.uint8)
    ids = np.ones((90, 60), np.uint8)
    pictures = panel_pictures(photo, ids, ids, CLASSES, max_side=30)
    assert [picture.shape for picture in pictures] == [(30, 20, 3)] * 4


def test_data_uri_holds_the_picture():
    picture = np.full((8, 9, 3), (200, 30, 60), np.uint8)
    head, body = data_uri(picture).split(",")
    assert head == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(body))) as read:
        assert read.size == (9, 8)
        assert np.abs(np.asarray(read).astype(int) - picture).max() <= 4
