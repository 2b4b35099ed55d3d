"""Small files that ask for gigabytes are refused before anything is allocated."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage
from tests.robust.bombs import bombs, duds

from segwright.images import decode_image

pytest.importorskip("resource", reason="limits of a child process are set as on Unix")

ROOT = Path(__file__).resolve().parents[2]
# What reading a file of a few kilobytes takes anyway; a bomb asks for a hundred times as much.
ALLOCATED_BYTES = 2 << 20
RESIDENT_BYTES = 16 << 20


@pytest.fixture(scope="module")
def told():
    done = subprocess.run(
        [sys.executable, "-m", "tests.robust.bomb_victim"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {one["bomb"]: one for one in map(json.loads, done.stdout.splitlines())}


def takes_nothing(one: dict) -> bool:
    allowed = ALLOCATED_BYTES + 3 * one["bytes"]
    return not one["asked"] and one["allocated"] < allowed and one["resident"] < RESIDENT_BYTES


def test_there_are_many_bombs():
    assert len(bombs()) >= 80


@pytest.mark.parametrize("name", bombs())
def test_a_bomb_is_refused(name, told):
    assert told[name]["refused"]
    assert takes_nothing(told[name]), told[name]


@pytest.mark.parametrize("name", duds())
def test_bombs_in_what_nobody_asks_for_are_passed_over(name, told):
    assert told[name]["refused"] is None
    assert takes_nothing(told[name]), told[name]


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("png", "L", {"compress_level": 9}),
        ("png", "RGB", {"compress_level": 9}),
        ("png", "1", {"compress_level": 9}),
        ("jpeg", "L", {"quality": 1, "optimize": True}),
        ("jpeg", "RGB", {"quality": 1, "optimize": True, "progressive": True}),
        ("jpeg", "CMYK", {"quality": 1, "optimize": True, "subsampling": 2}),
        ("gif", "L", {}),
        ("gif", "1", {}),
        ("bmp", "1", {}),
        ("bmp", "RGB", {}),
        ("webp", "RGB", {"lossless": True}),
        ("tiff", "L", {"compression": "tiff_lzw"}),
        ("tiff", "L", {"compression": "tiff_adobe_deflate"}),
        ("tiff", "L", {"compression": "packbits"}),
        ("tiff", "L", {"compression": "zstd"}),
        ("tiff", "L", {"compression": "lzma"}),
        ("tiff", "RGB", {"compression": "jpeg", "quality": 1}),
        ("tiff", "1", {"compression": "group3"}),
        ("tiff", "1", {"compression": "group4"}),
    ],
)
@pytest.mark.parametrize("size", [(3_000, 2_000), (1, 3_000), (3_000, 1), (1, 1)])
def test_the_emptiest_pictures_are_not_taken_for_cut_off(name, mode, options, size):
    buffer = io.BytesIO()
    PillowImage.new(mode, size).save(buffer, format=name, **options)
    pixels = decode_image(buffer.getvalue()).pixels
    assert pixels.shape[:2] == size[::-1]
    assert len(np.unique(pixels)) == 1
