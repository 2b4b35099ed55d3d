"""Segmenters on disk: the same afterwards, the same bytes, and nothing damaged is accepted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from segwright.errors import DataError, StorageError, UnknownNameError, UsageError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.models import build_model
from segwright.segmenter import NetSegmenter, Preparation, load

CLASSES = Classes(("sky", "straße"), ((1, 2, 3), (200, 100, 0)), background=0)
PREPARATION = Preparation(channels=3, mean=(0.1, 0.2, 0.3), std=(0.3, 0.2, 1 / 3))


def build(name: str, *, num_classes: int, in_channels: int, width: int = 4) -> nn.Module:
    assert name == "tiny"
    return nn.Sequential(
        nn.Conv2d(in_channels, width, 3, padding=1),
        nn.BatchNorm2d(width),
        nn.Conv2d(width, num_classes, 1),
    )


def make(seed: int = 0, **settings) -> NetSegmenter:
    torch.manual_seed(seed)
    model = build("tiny", num_classes=2, in_channels=3, width=6)
    return NetSegmenter(
        model,
        CLASSES,
        PREPARATION,
        model_name="tiny",
        model_config={"width": 6},
        provenance={"data": "f00", "plan": {"steps": 3}},
        **settings,
    )


def picture() -> Image:
    return Image(np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8))


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_segmenter_read_back_gives_the_same_probabilities(tmp_path):
    made = make(scale=0.75, tile=64, overlap=32, flips=("x",), scales=(0.5, 1.0))
    made.save(tmp_path / "segmenter")
    read = load(tmp_path / "segmenter", build=build)
    assert isinstance(read, NetSegmenter)
    assert (read.classes, read.preparation, read.settings) == (CLASSES, PREPARATION, made.settings)
    assert (read.model_name, read.model_config) == ("tiny", {"width": 6})
    assert read.provenance == made.provenance
    one, other = (s.segment(picture(), probabilities=True).probabilities for s in (made, read))
    np.testing.assert_array_equal(one, other)


def test_a_run_folder_and_text_paths_are_accepted_and_settings_can_be_replaced(tmp_path):
    make(scale=0.5).save(tmp_path / "segmenter")
    read = load(str(tmp_path), build=build, tile=512, flips=("y",))
    assert isinstance(read, NetSegmenter)
    assert (read.settings.tile, read.settings.flips, read.settings.scale) == (512, ("y",), 0.5)
    with pytest.raises(UnknownNameError, match="tile"):
        load(tmp_path, build=build, tiles=3)


def test_the_same_segmenter_gives_the_same_bytes(tmp_path):
    make().save(tmp_path / "a")
    load(tmp_path / "a", build=build).save(tmp_path / "b")
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert set(content(tmp_path / "a")) == {"segmenter.json", "weights.safetensors"}


def test_saving_again_replaces_the_old_one_and_leaves_nothing_beside_it(tmp_path):
    make(seed=0).save(tmp_path / "s")
    make(seed=1).save(tmp_path / "s")
    make(seed=1).save(tmp_path / "expected")
    assert content(tmp_path / "s") == content(tmp_path / "expected")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["expected", "s"]


def test_a_folder_with_something_else_is_not_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="something other"):
        make().save(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_failed_write_leaves_the_old_segmenter(tmp_path, monkeypatch):
    make(seed=0).save(tmp_path / "s")
    before = content(tmp_path / "s")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("segwright.artefact.os.fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        make(seed=1).save(tmp_path / "s")
    assert content(tmp_path / "s") == before
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_tied_weights_are_kept(tmp_path):
    def tied(name: str, **_) -> nn.Module:
        model = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1), nn.Conv2d(3, 2, 1))
        model[1].weight = model[0].weight
        return model

    made = NetSegmenter(tied("t"), CLASSES, PREPARATION, model_name="t")
    made.save(tmp_path)
    read = load(tmp_path, build=tied)
    np.testing.assert_array_equal(
        *(s.segment(picture(), probabilities=True).probabilities for s in (made, read))
    )


def test_a_network_without_a_name_or_with_objects_in_its_provenance_is_not_saved(tmp_path):
    model = build("tiny", num_classes=2, in_channels=3)
    with pytest.raises(UsageError, match="model_name"):
        NetSegmenter(model, CLASSES, PREPARATION).save(tmp_path / "s")
    odd = NetSegmenter(
        model, CLASSES, PREPARATION, model_name="tiny", provenance={"when": object()}
    )
    with pytest.raises(UsageError, match="provenance"):
        odd.save(tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_a_path_without_a_segmenter_is_named(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        load(tmp_path / "absent")
    with pytest.raises(UsageError, match=r"not a segmenter.*segmenter\.json"):
        load(tmp_path)


def test_a_folder_of_folds_names_one_of_its_runs(tmp_path):
    for fold in ("fold-1", "fold-2"):
        make().save(tmp_path / fold / "segmenter")
    with pytest.raises(UsageError, match=r"cross-validation: it has 2 .* such as .*fold-1\.$"):
        load(tmp_path)


def edited(folder: Path, **changes) -> None:
    file = folder / "segmenter.json"
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **changes}))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format_version": 2}, "format_version is 2"),
        ({"kind": "forest"}, "kind"),
        ({"surprise": 1}, "surprise"),
        ({"classes": [], "background": None}, "at least one class"),
        ({"classes": [{"name": "a", "colour": [0, 0, 256]}]}, "classes.0.colour.2"),
        ({"background": 2}, "background is 2 of 2"),
        ({"settings": {"tile": 3}}, "settings"),
        ({"preparation": {"channels": 3, "mean": [0], "std": [1]}}, "preparation"),
        ({"weights": {"file": "../x", "sha256": "0" * 64}}, "weights.file"),
    ],
)
def test_a_manifest_that_was_not_written_by_us_is_refused(tmp_path, changes, said):
    make().save(tmp_path)
    edited(tmp_path, **changes)
    with pytest.raises(DataError, match=said):
        load(tmp_path, build=build)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 100_000, '"\\ud800"', "\x00"])
def test_a_manifest_that_is_no_json_object_is_refused(tmp_path, text):
    make().save(tmp_path)
    (tmp_path / "segmenter.json").write_text(text)
    with pytest.raises(DataError, match=r"segmenter\.json"):
        load(tmp_path, build=build)


def test_damaged_missing_and_foreign_weights_are_refused(tmp_path):
    make().save(tmp_path)
    weights = tmp_path / "weights.safetensors"
    whole = weights.read_bytes()
    for damaged in (whole[:-1], whole[:-1] + b"?", b""):
        weights.write_bytes(damaged)
        with pytest.raises(DataError, match="SHA-256"):
            load(tmp_path, build=build)
    weights.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path, build=build)
    weights.write_bytes(whole)
    edited(tmp_path, model={"name": "tiny", "config": {"width": 5}})
    with pytest.raises(DataError, match="do not fit the network 'tiny'"):
        load(tmp_path, build=build)


def test_a_network_far_larger_than_its_weights_is_refused_before_it_takes_memory(
    tmp_path, monkeypatch
):
    config = {"widths": [8, 8, 8], "depths": [1, 1, 1]}
    model = build_model("fast", num_classes=2, **config)
    segmenter = NetSegmenter(
        model, CLASSES, PREPARATION, model_name="fast", model_config=config, tile=64, overlap=0
    )
    segmenter.save(tmp_path)
    again = load(tmp_path).segment(picture()).labels.ids
    np.testing.assert_array_equal(again, segmenter.segment(picture()).labels.ids)
    built_on = []

    def watched(name, **config):
        built_on.append(torch.empty(0).device.type)
        return build_model(name, **config)

    monkeypatch.setattr("segwright.models.catalog.build_model", watched)
    edited(tmp_path, model={"name": "fast", "config": {"widths": [8, 8, 16]}})
    with pytest.raises(DataError, match="do not fit the network 'fast'"):
        load(tmp_path)
    assert built_on == ["meta"]
