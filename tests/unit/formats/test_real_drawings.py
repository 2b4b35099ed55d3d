"""Real objects through the formats of drawing programs: no pixel changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from segwright.dataset import open_dataset
from segwright.formats.cvat.folders import CVAT
from segwright.formats.format import Format
from segwright.formats.label_studio.folders import LABEL_STUDIO
from segwright.formats.labelme.folders import LABELME
from segwright.formats.writing import Export, Labelled
from segwright.images import image_size_hw
from segwright.labels.instances import Instances, as_instances


@pytest.mark.parametrize("one", [LABELME, CVAT, LABEL_STUDIO], ids=lambda one: one.title)
@pytest.mark.parametrize(("name", "step"), [("fruits", 5), ("nuclei", 90), ("camvid", 233)])
def test_every_pixel_is_kept(
    tmp_path: Path, shared_data: Path, one: Format, name: str, step: int
) -> None:
    dataset = open_dataset(shared_data / name)
    pictures = [
        Labelled(e.key, e.image, image_size_hw(e.image), e.labels.read(), e.split)
        for e in dataset.entries[::step]
    ]
    assert one.write is not None
    export = Export(tmp_path, dataset.classes, pictures)
    one.write(export)
    assert set(export.losses) <= {"rounding", "colours", "vertices"}
    # Of polygons with vertices next to pixel centres, percentages may not tell the side.
    num_objects = sum(len(as_instances(picture.labels).objects) for picture in pictures)
    allowed = 0.03 * num_objects if one is LABEL_STUDIO else 0
    assert export.losses["vertices"] <= allowed
    names = ", ".join(dataset.classes.names)
    background = "" if dataset.classes.background == 0 else "background: false\n"
    (tmp_path / "dataset.yaml").write_text(f"classes: [{names}]\n{background}")
    again = open_dataset(tmp_path)
    assert again.notes[0] == f"Read as {one.title}."
    assert again.classes.names == dataset.classes.names
    by_key = {(entry.split, entry.key): entry for entry in again.entries}
    assert len(by_key) == len(pictures)
    for picture in pictures:
        entry = by_key[picture.split, picture.key]
        assert entry.image.read_bytes() == picture.image.read_bytes()
        read = entry.labels.read()
        assert isinstance(read, Instances)
        drawn = picture.labels
        if isinstance(drawn, Instances):
            assert len(read.objects) == len(drawn.objects)
            mine, theirs = (
                sorted((o.class_id, r.text()) for o, r in zip(i.objects, i.regions, strict=True))
                for i in (drawn, read)
            )
            assert mine == theirs
            drawn = drawn.label_map()
        assert (read.label_map().ids == drawn.ids).all()
