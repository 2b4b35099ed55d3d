"""Thousands of mutants of every format: each gives a value or a SegwrightError, nothing else."""

from __future__ import annotations

import os

import pytest
from tests.robust.hunt import PATIENCE_S, hunt, hunt_in_parallel, mutant
from tests.robust.image_kinds import IMAGE_FORMATS, ImageReader, made_seeds
from tests.robust.label_kinds import LABEL_FORMATS, DatasetReader, Mutant, seed

pytest.importorskip("resource", reason="limits of a child process are set as on Unix")

COUNT = 5_000
STORED_COUNT = 1_000


# Tests that run beside each other share the processors.
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
PROCESSES = max(1, (os.cpu_count() or 1) // WORKERS)


def nothing_is_found(kind: str, count: int) -> None:
    outcome = hunt_in_parallel(kind, 0, count, processes=PROCESSES)
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


def numbers_of_faults() -> dict[str, int]:
    """The first planted mutant with each fault."""
    first: dict[str, int] = {}
    for number in range(200):
        first.setdefault(str(mutant("planted", number)), number)
    return first


@pytest.mark.parametrize(
    ("fault", "said"),
    {
        "other exception": "KeyError: 'a key'",
        "exit": "SystemExit",
        "warning": "a warning: UserWarning('a word')",
        "warning and refusal": "a warning: UserWarning('a word')",
        "crash": "ended the process (SIGSEGV)",
        "hang": "took more than 1 s",
        "hang in C": "took more than 1 s",
        "huge allocation": "MemoryError",
        "huge allocation, caught": "asked for more than",
        "much memory": "MiB of memory",
    }.items(),
)
def test_the_hunt_finds_a_planted_fault_and_goes_on(fault, said):
    number = numbers_of_faults()[fault]
    # What does not hang may take its time on a busy machine.
    outcome = hunt("planted", number, 1, patience_s=1 if "hang" in fault else PATIENCE_S)
    (finding,) = outcome.findings
    assert (finding.kind, finding.number) == ("planted", number)
    assert said in finding.what
    if "caught" not in fault and "warning" not in fault and "memory" not in fault:
        assert "planted.py" in finding.what  # where it was


def test_the_hunt_goes_on_behind_a_crash():
    number = numbers_of_faults()["crash"]
    following = [str(mutant("planted", number + more)) for more in range(1, 4)]
    outcome = hunt("planted", number, 4, patience_s=1)
    harmless = sum(fault in ("none", "refusal") for fault in following)
    assert outcome.values + outcome.refused == harmless
    assert len(outcome.findings) == 4 - harmless


def test_what_is_harmless_is_no_finding():
    for fault in ("none", "refusal"):
        outcome = hunt("planted", numbers_of_faults()[fault], 1)
        assert not outcome.findings
        assert (outcome.values, outcome.refused) == ((1, 0) if fault == "none" else (0, 1))
