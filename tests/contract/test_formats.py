"""What every format of the catalogue keeps: what it writes it reads back, but for counted losses.

Each is given the same awkward data sets, in each of which one picture loses something in most
formats. Whatever differs when they are read back must be a loss that was counted while that very
picture was written and that the format declares.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from segwright.dataset import Dataset, open_dataset
from segwright.dataset.account import Account
from segwright.dataset.comparing import Comparison, compare
from segwright.dataset.declaring import declare
from segwright.errors import SegwrightError, UsageError
from segwright.formats.catalog import FORMATS, formats_in
from segwright.formats.entry import Entry
from segwright.formats.faults import Report, refuse
from segwright.formats.lost import Losses
from segwright.formats.writing import Export, Labelled
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances, Labels
from segwright.labels.label_map import LabelMap
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygon, Polygons, Shape

WRITTEN = [name for name, one in FORMATS.items() if one.write is not None]


@dataclass(frozen=True)
class Given:
    """Labels that are in memory."""

    labels: Labels
    paths: tuple[Path, ...] = ()

    def read(self, report: Report = refuse) -> Labels:
        return self.labels


class Scene:
    """Collects pictures of a small data set; their pixels are noise.

    Args:
        folder: Where the pictures' files are made.
        classes: Of all pictures.
    """

    def __init__(self, folder: Path, classes: Classes) -> None:
        self.folder = folder
        self.classes = classes
        self.pictures: list[Labelled] = []

    def add(
        self,
        key: str,
        labels: Sequence[Instance] | np.ndarray,
        size_hw: tuple[int, int] = (24, 32),
        *,
        suffix: str = ".png",
        split: str | None = None,
        group: str | None = None,
    ) -> None:
        if isinstance(labels, np.ndarray):
            size_hw = (labels.shape[0], labels.shape[1])
            drawn: Labels = LabelMap(labels.astype(self.classes.dtype), self.classes)
        else:
            drawn = Instances(size_hw, tuple(labels), self.classes)
        path = self.folder / f"{key}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(len(self.pictures))
        PillowImage.fromarray(rng.integers(0, 256, (*size_hw, 3), np.uint8)).save(path)
        self.pictures.append(Labelled(key, path, size_hw, drawn, split, group))

    def add_awkward(self, key: str, *, split: str | None = None, group: str | None = None) -> None:
        """A picture in which objects lie on objects, so that most formats lose something."""
        wide = _polygons(Polygon(_ring((1, 1), (31, 1), (31, 22), (1, 22))))
        pieces = _polygons(Polygon(SQUARE, (HOLE,)), Polygon(FAR))
        crowd = Instance(len(self.classes) - 1, _noise(3), is_crowd=True)
        last = len(self.classes) - 1
        pile = [Instance(last, wide), crowd, Instance(last, pieces, layer=-1)]
        self.add(key, pile, split=split, group=group)

    def dataset(self) -> Dataset:
        entries = (
            Entry(one.key, one.image, Given(one.labels), one.split, group=one.group)
            for one in self.pictures
        )
        return Dataset(self.folder, self.classes, tuple(entries))


def _ring(*corners: tuple[float, float]) -> np.ndarray:
    return np.array(corners, dtype=np.float64)


SQUARE = _ring((2, 2), (12, 2), (12, 12), (2, 12))
HOLE = _ring((4, 4), (8, 4), (8, 8), (4, 8))
SLANTED = _ring((14.25, 3.5), (28.75, 8.125), (20.333333, 19.9))
FAR = _ring((20, 18), (30, 18), (30, 23), (20, 23))


def _noise(seed: int, share: float = 0.3, size_hw: tuple[int, int] = (24, 32)) -> RunLengths:
    """Scattered pixels, many pieces and holes."""
    return RunLengths.from_mask(np.random.default_rng(seed).random(size_hw) < share)


def _polygons(*parts: Polygon) -> Polygons:
    return Polygons(parts)


PLAIN = Classes.named(["background", "cell", "nucleus", "débris, old"], background=0)


def objects(folder: Path) -> Scene:
    """Shapes of every kind, one a picture, and all of them in one."""
    scene = Scene(folder, PLAIN)
    shapes: dict[str, Shape] = {
        "plain": _polygons(Polygon(SQUARE)),
        "slanted": _polygons(Polygon(SLANTED)),
        "hole": _polygons(Polygon(SQUARE, (HOLE,))),
        "pieces": _polygons(Polygon(SQUARE, (HOLE,)), Polygon(FAR)),
        "noise": _noise(1),
        "full": RunLengths.from_mask(np.ones((24, 32), bool)),
        "dot": RunLengths.from_mask(np.eye(24, 32, 31, dtype=bool)),
        "box": Box(3, 4, 10, 11.5),
    }
    for name, shape in shapes.items():
        scene.add(name, [Instance(1, shape)])
    scene.add("all", [Instance(1 + i % 3, shape) for i, shape in enumerate(shapes.values())])
    scene.add("none", [])
    scene.add_awkward("awkward")
    return scene


def marks(folder: Path) -> Scene:
    """Overlaps, crowds, scores, attributes, ignored regions, and what is said to be background."""
    scene = Scene(folder, PLAIN)
    square, slanted = _polygons(Polygon(SQUARE)), _polygons(Polygon(SLANTED))
    wide = _polygons(Polygon(_ring((1, 1), (31, 1), (31, 22), (1, 22))))
    scene.add("overlap", [Instance(1, wide), Instance(2, square), Instance(1, slanted)])
    scene.add("twice", [Instance(1, square), Instance(1, square)])
    scene.add("touching", [Instance(1, square), Instance(1, _polygons(Polygon(SQUARE + 10.0)))])
    scene.add("crowd", [Instance(1, _noise(2), is_crowd=True), Instance(1, square)])
    scene.add("score", [Instance(2, slanted, score=0.123456789), Instance(1, square, score=1.0)])
    scene.add(
        "attributes",
        [Instance(1, square, attributes={"schön": 'a,b "c"', "n": 3}), Instance(2, slanted)],
    )
    ignored = PLAIN.ignore_index
    scene.add("ignored", [Instance(1, wide), Instance(ignored, square)])
    scene.add("background", [Instance(1, wide), Instance(0, square)])
    scene.add("layers", [Instance(1, wide, layer=1), Instance(2, square), Instance(1, slanted)])
    scene.add("named", [Instance(1, square, name="17"), Instance(2, slanted, name="x y")])
    return scene


def maps(folder: Path) -> Scene:
    """Label maps with ignored pixels, of classes that are all of interest."""
    scene = Scene(folder, Classes.named(["road", "sky", "car"]))
    rng = np.random.default_rng(5)
    scene.add("mixed", rng.choice([0, 1, 2, 255], (20, 30)))
    scene.add("plain", np.zeros((9, 7), np.uint8), suffix=".jpg")
    scene.add("nothing", np.full((6, 5), 255))
    scene.add("stripes", np.tile(np.arange(3), (8, 4)))
    scene.add_awkward("objects")
    return scene


def maps_with_background(folder: Path) -> Scene:
    """Label maps whose background is neither called so nor the first class."""
    classes = Classes(("a", "rest", "b"), ((9, 8, 7), (0, 0, 1), (255, 0, 128)), background=1)
    scene = Scene(folder, classes)
    rng = np.random.default_rng(6)
    for name in ("one", "two"):
        scene.add(name, rng.choice([0, 1, 2, 255], (12, 13)))
    scene.add_awkward("objects")
    return scene


def names(folder: Path) -> Scene:
    """Class names that need quotes, and classes that no picture has."""
    awkward = ["a b", "ä/ö", 'say "x"', "it's", "x,y;z", "<tag> & co", "#4", "1", "no", "train"]
    scene = Scene(folder, Classes.named(["background", *awkward, "unused"], background=0))
    rng = np.random.default_rng(7)
    scene.add("map", rng.integers(0, len(awkward) + 1, (16, 16)))
    shape = _polygons(Polygon(SQUARE))
    scene.add("objects", [Instance(1 + i, shape) for i in range(len(awkward))])
    scene.add_awkward("awkward")
    return scene


def keys(folder: Path) -> Scene:
    """Picture names with folders, dots, spaces, and some that look like others."""
    scene = Scene(folder, PLAIN)
    square = [Instance(1, _polygons(Polygon(SQUARE)))]
    every = ("a/b", "a__b", "a/c.d e", "007", "7", "Ünï", "x.png", "x", "train", "deep/er/s", "a-b")
    for number, key in enumerate(every):
        scene.add(key, square if number % 2 else [], suffix=".jpg" if number % 3 else ".png")
    scene.add_awkward("a/awkward")
    return scene


def numbers(folder: Path) -> Scene:
    """Pictures called by numbers, and one with as many objects as there are pictures."""
    scene = Scene(folder, PLAIN)
    for name in range(1, 13):
        corners = [(2.0 * i, 2.0 * i) for i in range(11 if name == 1 else 2)]
        boxes = [Box(x, y, x + 2, y + 2) for x, y in corners]
        scene.add(str(name), [Instance(1, box) for box in boxes])
    scene.add_awkward("13")
    return scene


def splits(folder: Path) -> Scene:
    """Three splits, groups, and a name in two folders."""
    scene = Scene(folder, PLAIN)
    square = [Instance(1, _polygons(Polygon(SQUARE)))]
    for number, key in enumerate(("p1/a", "p1/b", "p2/a", "p3/a", "p3/b", "p4/a")):
        split = ("train", "train", "val", "test", "test", "train")[number]
        scene.add(key, square, split=split, group=key[:2])
    scene.add_awkward("p2/awkward", split="val", group="p2")
    return scene


def one_split(folder: Path) -> Scene:
    """Pictures of a training split alone."""
    scene = Scene(folder, PLAIN)
    for key in ("a", "b"):
        scene.add(key, [Instance(1, _polygons(Polygon(SQUARE)))], split="train")
    scene.add_awkward("c", split="train")
    return scene


def partly_divided(folder: Path) -> Scene:
    """Pictures of a training and a validation split, and some of none."""
    scene = Scene(folder, PLAIN)
    for number, key in enumerate(("a", "b", "c/d", "e")):
        split = ("train", "val", None, None)[number]
        scene.add(key, [Instance(1, _polygons(Polygon(SQUARE)))], split=split)
    scene.add_awkward("f")
    return scene


def small(folder: Path) -> Scene:
    """Pictures of one pixel, one row, one column."""
    scene = Scene(folder, Classes.named(["background", "it"], background=0))
    for size_hw in ((1, 1), (1, 40), (40, 1), (2, 2)):
        name = "x".join(map(str, size_hw))
        whole = RunLengths.from_mask(np.ones(size_hw, bool))
        scene.add(f"objects-{name}", [Instance(1, whole)], size_hw)
        ids = np.zeros(size_hw, np.uint8)
        ids.flat[::3] = 1
        scene.add(f"map-{name}", ids)
    scene.add_awkward("awkward")
    return scene


def nothing(folder: Path) -> Scene:
    """Pictures without a single object."""
    scene = Scene(folder, PLAIN)
    for key in ("a", "b", "c"):
        scene.add(key, [])
    return scene


def many(folder: Path) -> Scene:
    """More classes than fit into 8 bits."""
    classes = Classes.named(["background", *(f"c{i:03}" for i in range(1, 300))], background=0)
    scene = Scene(folder, classes)
    ids = np.arange(300).reshape(15, 20)
    ids[0, :5] = classes.ignore_index
    scene.add("map", ids)
    scene.add("objects", [Instance(299, Box(0, 0, 4, 4)), Instance(256, _noise(8))])
    scene.add_awkward("awkward")
    return scene


CASES: dict[str, Callable[[Path], Scene]] = {
    one.__name__: one
    for one in (
        objects,
        marks,
        maps,
        maps_with_background,
        names,
        keys,
        numbers,
        splits,
        one_split,
        partly_divided,
        small,
        nothing,
        many,
    )
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Scene]:
    @cache
    def made(case: str) -> Scene:
        return CASES[case](tmp_path_factory.mktemp(case))

    return made


def _write(name: str, scene: Scene, folder: Path) -> Account:
    write = FORMATS[name].write
    assert write is not None
    account = Account()
    folder.mkdir()
    write(Export(folder, scene.classes, account.follow(scene.pictures), account.whole))
    return account


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", WRITTEN)
def test_what_differs_is_a_loss_that_was_counted_and_is_declared(
    name: str, case: str, scene: Callable[[str], Scene], tmp_path: Path
) -> None:
    given = scene(case)
    try:
        account = _write(name, given, tmp_path / "out")
    except UsageError as error:
        assert case == "many" and "Choose another format" in str(error)
        return
    assert len(account.pictures) == len(given.pictures), "losses cannot be told apart by picture"
    assert set(account.whole) <= set(FORMATS[name].loses), "a loss is counted, not declared"
    dataset = given.dataset()
    declare(tmp_path / "out", dataset, name=name)
    found = compare(dataset, open_dataset(tmp_path / "out"), account=account)
    assert not found.unexplained, f"in {found.suspects}; by class: {_told(found)}"


def _told(found: Comparison) -> list[str]:
    return [
        f"{name}: {one.changed} of {one.pixels} px, {one.lost} of {one.objects} objects"
        for name, one in found.classes.items()
        if one.changed or one.lost
    ]


@pytest.mark.parametrize("name", WRITTEN)
def test_writing_twice_gives_the_same_bytes(
    name: str, scene: Callable[[str], Scene], tmp_path: Path
) -> None:
    for case in ("marks", "maps", "splits"):
        written = []
        for number in (1, 2):
            folder = tmp_path / f"{case}-{number}"
            _write(name, scene(case), folder)
            written.append({p.relative_to(folder): p.read_bytes() for p in _files(folder)})
        assert written[0] == written[1]


@pytest.mark.parametrize("case", ["objects", "maps", "splits", "one_split"])
@pytest.mark.parametrize("name", WRITTEN)
def test_a_written_folder_is_found_by_its_own_format(
    name: str, case: str, scene: Callable[[str], Scene], tmp_path: Path
) -> None:
    _write(name, scene(case), tmp_path / "out")
    found = formats_in(tmp_path / "out")
    assert FORMATS[found[0]].open is FORMATS[name].open, f"found as {found}"


@pytest.mark.parametrize("case", ["objects", "maps", "splits"])
@pytest.mark.parametrize("name", WRITTEN)
def test_opening_decodes_no_picture(
    name: str, case: str, scene: Callable[[str], Scene], tmp_path: Path
) -> None:
    given = scene(case)
    _write(name, given, tmp_path / "out")
    declare(tmp_path / "out", given.dataset(), name=name)
    opened = open_dataset(tmp_path / "out")
    for entry in opened.entries:
        os.truncate(entry.image, entry.image.stat().st_size // 2)
    assert open_dataset(tmp_path / "out").keys == opened.keys


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("out", ["../", "../../", "/", "..\\\\", "C:\\\\"])
def test_no_file_outside_the_folder_is_opened(
    name: str, out: str, scene: Callable[[str], Scene], tmp_path: Path
) -> None:
    root = tmp_path / "a" / "b" / "out"
    root.parent.mkdir(parents=True)
    given = scene("objects")
    _write(name, given, root)
    declare(root, given.dataset(), name=name)
    opened = open_dataset(root)
    images = {entry.image.name: entry.image for entry in opened.entries}
    for place in (root.parent, root.parent.parent):
        for name_, image in images.items():
            shutil.copy(image, place / name_)
    for path in _files(root):
        if path.suffix in {".json", ".xml", ".txt", ".yaml", ".csv", ".geojson"}:
            _point_outside(path, images, out)
    try:
        entries = open_dataset(root).entries
        places = [path for one in entries for path in (one.image, *one.labels.paths)]
        [one.labels.read() for one in entries]
    except SegwrightError:
        return
    assert all(path.resolve().is_relative_to(root.resolve()) for path in places)


def _point_outside(path: Path, images: Iterable[str], out: str) -> None:
    text = path.read_text(encoding="utf-8")
    for image in images:
        for mark in ('"', "/", ">", "\n", " "):
            text = text.replace(f"{mark}{image}", f"{mark}{out}{image}")
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", WRITTEN)
def test_pictures_are_copied_byte_by_byte_unless_a_loss_says_so(
    name: str, scene: Callable[[str], Scene], tmp_path: Path
) -> None:
    given = scene("keys")
    losses = _write(name, given, tmp_path / "out").whole
    declare(tmp_path / "out", given.dataset(), name=name)
    opened = open_dataset(tmp_path / "out")
    if not losses["image"]:
        before = sorted(one.image.read_bytes() for one in given.pictures)
        assert sorted(entry.image.read_bytes() for entry in opened.entries) == before


@pytest.mark.parametrize("name", FORMATS)
def test_every_entry_says_what_it_is(name: str) -> None:
    one = FORMATS[name]
    assert one.title and one.layout and one.source
    for kind in one.loses:
        Losses().add(kind)  # raises for a kind that is not known


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
