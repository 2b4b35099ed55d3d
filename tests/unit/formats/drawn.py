"""Random objects, and a round trip through a format, for the tests of formats of drawn objects."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image as Pillow

from segwright.dataset import open_dataset
from segwright.dataset.dataset import Dataset
from segwright.formats.format import Format
from segwright.formats.lost import Losses
from segwright.formats.writing import Export, Labelled
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances, Labels
from segwright.labels.outline import outline
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Polygon, Polygons, Shape, region_of

CLASSES = Classes.named(["background", "ant", "cat", "dog"], background=0)


@st.composite
def masks(draw: st.DrawFn, size_hw: tuple[int, int]) -> np.ndarray:
    """(Y, X) bool with at least one pixel."""
    seed, share = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([0.05, 0.4, 0.7, 1.0]))
    rng = np.random.default_rng(seed)
    mask = rng.random(size_hw) < share
    mask[rng.integers(size_hw[0]), rng.integers(size_hw[1])] = True
    return mask


@st.composite
def polygons(draw: st.DrawFn, size_hw: tuple[int, int]) -> Polygons:
    """One to three rings on quarters of pixels, which may cross, touch and reach outside."""
    height, width = size_hw
    vertex = st.tuples(st.integers(-4, 4 * width + 4), st.integers(-4, 4 * height + 4))
    ring = st.lists(vertex, min_size=3, max_size=7, unique=True).map(
        lambda vertices: np.array(vertices, dtype=np.float64) / 4
    )
    inside = ring.filter(
        lambda one: bool((one.max(axis=0) > 0).all() and (one.min(axis=0) < (width, height)).all())
    )
    return Polygons(tuple(map(Polygon, draw(st.lists(inside, min_size=1, max_size=3)))))


def shapes(size_hw: tuple[int, int]) -> st.SearchStrategy[Shape]:
    """Run lengths, polygons, and outlines with holes; each covers a pixel."""
    runs = masks(size_hw).map(RunLengths.from_mask)
    return st.one_of(runs, polygons(size_hw), runs.map(outline))


@st.composite
def objects(draw: st.DrawFn, size_hw: tuple[int, int]) -> Instance:
    attributes = st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=5),
        st.one_of(st.integers(-9, 9), st.booleans(), st.floats(-1, 1), st.text("aé ", max_size=3)),
        max_size=2,
    )
    return Instance(
        draw(st.sampled_from([1, 2, 3, CLASSES.ignore_index])),
        draw(shapes(size_hw)),
        draw(st.booleans()),
        draw(st.one_of(st.none(), st.floats(0, 1))),
        attributes=draw(attributes),
    )


@st.composite
def scenes(draw: st.DrawFn) -> Instances:
    """A few objects on a small picture."""
    size_hw = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    drawn = draw(st.lists(objects(size_hw), max_size=4))
    return Instances(size_hw, tuple(drawn), CLASSES)


@contextmanager
def written(one: Format, scenes: Sequence[Labels], *, splits: Sequence[str | None] = (None,)):
    """Writes scenes in a format.

    Yields:
        The dataset's folder, and what was lost.
    """
    assert one.write is not None
    with tempfile.TemporaryDirectory() as temporary:
        pictures = []
        for number, scene in enumerate(scenes):
            image = Path(temporary, f"{number}.PNG")
            Pillow.new("L", scene.size_hw[::-1], number).save(image)
            split = splits[number % len(splits)]
            pictures.append(Labelled(f"deep/p{number}", image, scene.size_hw, scene, split))
        folder = Path(temporary, "written")
        folder.mkdir()
        losses = Losses()
        one.write(Export(folder, scenes[0].classes, pictures, losses))
        assert losses.keys() <= one.loses.keys()
        yield folder, losses


def reopened(folder: Path, name: str) -> Dataset:
    """Opens a written dataset in one format, with the classes in their old order."""
    names = ", ".join(CLASSES.names)
    (folder / "dataset.yaml").write_text(f"format: {name}\nclasses: [{names}]\n")
    return open_dataset(folder)


def regions_of(scene: Instances) -> list[list[int]]:
    return [region_of(one.shape, scene.size_hw).counts.tolist() for one in scene.objects]
