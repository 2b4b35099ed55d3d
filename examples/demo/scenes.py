"""Composes scenes from pictures: the ground, a path, things that lie on it, and the light.

Labels are exact by construction: whatever decides which picture a pixel shows decides its label.
Colours of different surfaces overlap on purpose, because the pictures are grey and a scene that
colour alone could solve would show nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from examples.demo.pictures import CLASS_NAMES, PAPERS, SURFACES, Cutout, Material

SIZE = 256
_COIN = CLASS_NAMES.index("coin")

# Two ends of each surface's colour, as red, green, blue of a mid-grey pixel.
_TINTS = {
    "brick": ((1.20, 0.88, 0.76), (1.02, 0.98, 0.94)),
    "grass": ((0.88, 1.10, 0.62), (1.18, 1.06, 0.72)),
    "gravel": ((1.08, 1.00, 0.88), (0.92, 0.98, 1.06)),
    "coin": ((1.22, 1.00, 0.62), (0.98, 1.00, 1.04)),
    "print": ((1.00, 1.00, 0.98), (1.04, 0.98, 0.84)),
    "handwriting": ((1.00, 1.00, 0.98), (1.04, 0.98, 0.84)),
}


@dataclass(frozen=True)
class Scene:
    """A picture and what is where on it.

    Attributes:
        pixels: (Y, X, 3) uint8 RGB.
        ids: (Y, X) uint8, positions in `CLASS_NAMES`.
    """

    pixels: np.ndarray
    ids: np.ndarray


def compose(material: Material, rng: np.random.Generator) -> Scene:
    """One scene of `SIZE` × `SIZE` pixels; the same `rng` state gives the same scene."""
    canvas = np.zeros((SIZE, SIZE, 3), np.float32)
    ids = np.zeros((SIZE, SIZE), np.uint8)
    _lay_ground(canvas, ids, material, rng)
    for _ in range(rng.integers(0, 3)):
        name = PAPERS[rng.integers(len(PAPERS))]
        _lay_thing(canvas, ids, _scrap(material.papers[name], rng), name, rng, zoom=(0.8, 1.3))
    for _ in range(rng.integers(1, 6)):
        coin = material.coins[rng.integers(len(material.coins))]
        _lay_thing(canvas, ids, coin, "coin", rng, zoom=(0.6, 1.1))
    return Scene(_photograph(canvas, rng), ids)


def _lay_ground(
    canvas: np.ndarray, ids: np.ndarray, material: Material, rng: np.random.Generator
) -> None:
    """Two or three surfaces in soft-edged patches, in half the scenes crossed by a path."""
    names = [SURFACES[i] for i in rng.permutation(len(SURFACES))[: rng.integers(2, 4)]]
    heights = [_smooth_noise(rng, sigma=rng.uniform(30, 55)) for _ in names]
    highest = np.argmax(heights, axis=0)
    for number, name in enumerate(names):
        _fill(canvas, ids, highest == number, material, name, rng)
    if rng.random() < 0.5:
        _fill(canvas, ids, _path(rng), material, SURFACES[rng.integers(len(SURFACES))], rng)


def _fill(
    canvas: np.ndarray,
    ids: np.ndarray,
    here: np.ndarray,
    material: Material,
    name: str,
    rng: np.random.Generator,
) -> None:
    """Shows the surface `name` where `here` is true, with a darker seam along its edge."""
    grey = _photo_of(material.surfaces[name], rng)
    inside = cv2.GaussianBlur(here.astype(np.float32), (0, 0), 0.7)[..., None]
    canvas[:] = canvas * (1 - inside) + _tinted(grey, name, rng) * inside
    canvas *= 1 - 0.8 * (inside * (1 - inside))
    ids[here] = CLASS_NAMES.index(name)


def _photo_of(surface: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A view of a surface: any angle, a little nearer or further, from a random place."""
    zoom = rng.uniform(1.0, 1.5)
    angle = rng.uniform(0, 360)
    matrix = cv2.getRotationMatrix2D((0, 0), angle, zoom)
    height, width = surface.shape
    margin = SIZE / zoom / 2
    centre = [rng.uniform(min(margin, n / 2), max(n - margin, n / 2)) for n in (width, height)]
    matrix[:, 2] = SIZE / 2 - matrix[:, :2] @ centre
    view = cv2.warpAffine(
        surface, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return view if rng.random() < 0.5 else view[:, ::-1]


def _path(rng: np.random.Generator) -> np.ndarray:
    """A winding band across the scene, (Y, X) bool."""
    along = np.linspace(0, SIZE - 1, SIZE)
    middle = SIZE * rng.uniform(0.25, 0.75) + rng.uniform(10, 35) * np.sin(
        along / SIZE * rng.uniform(2, 6) + rng.uniform(0, 6)
    )
    band = np.abs(np.arange(SIZE)[:, None] - middle[None]) < rng.uniform(18, 36)
    return band if rng.random() < 0.5 else band.T


def _scrap(paper: np.ndarray, rng: np.random.Generator) -> Cutout:
    """A torn-off piece of paper: a rectangle with one ragged side."""
    height, width = (min(n, int(rng.integers(55, 100))) for n in paper.shape)
    top, left = (
        rng.integers(0, n - m + 1) for n, m in zip(paper.shape, (height, width), strict=True)
    )
    inside = np.ones((height, width), np.float32)
    ragged = cv2.GaussianBlur(rng.normal(0, 1, (height, 1)).astype(np.float32), (0, 0), 3)[:, 0]
    torn = width - 4 - np.abs(ragged / np.abs(ragged).max()) * 9
    inside[np.arange(width)[None] > torn[:, None]] = 0
    return Cutout(np.pad(paper[top : top + height, left : left + width], 2), np.pad(inside, 2))


def _lay_thing(
    canvas: np.ndarray,
    ids: np.ndarray,
    thing: Cutout,
    name: str,
    rng: np.random.Generator,
    *,
    zoom: tuple[float, float],
) -> None:
    """Puts a thing anywhere, turned and scaled, with its shadow; it may reach over the border."""
    height, width = thing.grey.shape
    matrix = cv2.getRotationMatrix2D(
        (width / 2, height / 2), rng.uniform(0, 360), rng.uniform(*zoom)
    )
    matrix[:, 2] += rng.uniform(0, SIZE, 2) - (width / 2, height / 2)
    grey, inside = (
        cv2.warpAffine(plane, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR)
        for plane in (thing.grey, thing.inside)
    )
    shift = np.array([[1, 0, 2.5], [0, 1, 3.5]])
    shadow = cv2.GaussianBlur(cv2.warpAffine(inside, shift, (SIZE, SIZE)), (0, 0), 2.5)
    canvas *= (1 - 0.55 * shadow * (1 - inside))[..., None]
    canvas[:] = canvas * (1 - inside[..., None]) + _tinted(grey, name, rng) * inside[..., None]
    ids[inside > 0.5] = CLASS_NAMES.index(name)


def _tinted(grey: np.ndarray, name: str, rng: np.random.Generator) -> np.ndarray:
    """Grey as RGB somewhere between the two colours of its class, at a random exposure."""
    one, other = np.array(_TINTS[name], np.float32)
    where = np.float32(rng.random())
    return grey[..., None] * (one * where + other * (1 - where)) * np.float32(rng.uniform(0.8, 1.2))


def _photograph(canvas: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light from one side, in a third of the scenes a soft shadow, then lens and sensor."""
    slope = rng.normal(0, 0.12, 2)
    grid = np.linspace(-1, 1, SIZE, dtype=np.float32)
    light = 1 + slope[0] * grid[:, None] + slope[1] * grid[None]
    if rng.random() < 0.35:
        shade = cv2.GaussianBlur((_smooth_noise(rng, sigma=45) > 0.4).astype(np.float32), (0, 0), 6)
        light = light * (1 - rng.uniform(0.3, 0.5) * shade)
    white = 1 + rng.normal(0, 0.04, 3)
    seen = cv2.GaussianBlur(canvas * light[..., None] * white, (0, 0), rng.uniform(0.3, 1.0))
    seen = seen + rng.normal(0, rng.uniform(0.005, 0.03), seen.shape)
    return np.round(255 * np.clip(seen, 0, 1)).astype(np.uint8)


def _smooth_noise(rng: np.random.Generator, *, sigma: float) -> np.ndarray:
    """A random (Y, X) field of mean 0 and spread 1, smooth over `sigma` pixels."""
    coarse = 8  # pixels of the scene per pixel of the noise, which is smooth enough to be enlarged
    small = rng.normal(size=(SIZE // coarse, SIZE // coarse)).astype(np.float32)
    small = cv2.GaussianBlur(small, (0, 0), sigma / coarse)
    field = cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    return (field - field.mean()) / field.std()
