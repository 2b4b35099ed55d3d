"""Thousands of mutants of every format: each gives a value or a SegwrightError, nothing else."""

from __future__ import annotations

import os

import pytest
from tests.robust import planted
from tests.robust.hunt import hunt, hunt_in_parallel, mutant
from tests.robust.image_kinds import IMAGE_FORMATS, ImageReader, made_seeds
from tests.robust.label_kinds import LABEL_FORMATS, DatasetReader, Mutant, seed

pytest.importorskip("resource", reason="limits of a child process are set as on Unix")

COUNT = 5_000
STORED_COUNT = 1_000


def nothing_is_found(kind: str, count: int) -> None:
    outcome = hunt_in_parallel(kind, 0, count, processes=os.cpu_count() or 1)
    assert not outcome.findings, "\n".join(map(str, outcome.findings[:10]))
    assert outcome.values + outcome.refused == count
    # Mutants that are all alike would try little.
    assert outcome.refused > count // 20
    assert outcome.values > count // 100 or kind.startswith("odd-")


@pytest.mark.parametrize("name", IMAGE_FORMATS)
def test_mutated_images(name):
    nothing_is_found(name, COUNT)


@pytest.mark.parametrize("name", IMAGE_FORMATS)
def test_mutants_of_stored_images(name, shared_data):
    nothing_is_found(f"odd-{name}", STORED_COUNT)


@pytest.mark.parametrize("name", LABEL_FORMATS)
def test_mutated_labels(name):
    nothing_is_found(f"{name}-labels", COUNT)


def test_mutated_settings():
    nothing_is_found("dataset.yaml", COUNT)


@pytest.mark.parametrize("name", IMAGE_FORMATS)
def test_every_made_image_can_be_read(name):
    reader = ImageReader()
    for data in made_seeds(name):
        if name != "gif" or data != made_seeds(name)[-1]:  # the last has two frames
            reader(data)


@pytest.mark.parametrize("name", LABEL_FORMATS)
def test_every_made_dataset_can_be_read(name):
    path, content = next(iter(seed(name).items()))
    DatasetReader(name)(Mutant(path, content, collects=False))


def test_the_hunt_finds_every_planted_fault():
    # Everything that may be done, everything that may not, and where it was done.
    count = 40
    planned = {number: mutant("planted", number) for number in range(count)}
    assert set(planned.values()) == set(planted.FAULTS)
    outcome = hunt("planted", 0, count, patience_s=1)
    harmless = [number for number, fault in planned.items() if fault in ("none", "refusal")]
    found = {finding.number: finding.what for finding in outcome.findings}
    assert outcome.values + outcome.refused == len(harmless)
    assert sorted([*found, *harmless]) == list(range(count))
    said = {
        "other exception": "KeyError: 'a key'",
        "exit": "SystemExit",
        "warning": "a warning: UserWarning('a word')",
        "warning and refusal": "a warning: UserWarning('a word')",
        "crash": "ended the process (SIGSEGV)",
        "hang": "took more than 1 s",
        "hang in C": "took more than 1 s",
        "huge allocation": "MemoryError",
        "huge allocation, caught": "asked for more than",
        "much memory": "took",
    }
    for number, what in found.items():
        assert said[planned[number]] in what
    crash = next(what for number, what in found.items() if planned[number] == "crash")
    assert "planted.py" in crash  # where it was
