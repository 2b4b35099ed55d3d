"""Several processes learn what one learns from the same batches."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from segwright.errors import UsageError
from segwright.plan import Plan
from segwright.training.distributed import ALONE, ProcessGroup, World
from segwright.training.launch import Launch, require_alone

MakePlan = Callable[..., Plan]
SIZE = 3
_CALL = """
import os, runpy, sys
given = {}
os.environ.update(given["environment"])
sys.argv = given["arguments"]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
SCRIPT = Path(__file__).with_name("steps_together.py")


def _steps() -> ModuleType:
    spec = importlib.util.spec_from_file_location("steps_together", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


steps = _steps()


def environment(rank: int, size: int, port: int) -> dict[str, str]:
    """What torchrun would set."""
    return {
        **os.environ,
        "RANK": str(rank),
        "WORLD_SIZE": str(size),
        "LOCAL_RANK": str(rank),
        "LOCAL_WORLD_SIZE": str(size),
        "MASTER_ADDR": "localhost",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
    }


def free_port() -> int:
    with socket.create_server(("localhost", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture(scope="module")
def plan(make_plan: MakePlan) -> Plan:
    """Gradients are clipped in some steps, so that the norm of the whole gradient matters."""
    return make_plan(optimiser__clip_norm=1.0, ema_decay=0.9, loss__auxiliary=0.4)


@pytest.fixture(scope="module")
def together(plan: Plan, tmp_path_factory: Any) -> Path:
    """The folder of what some processes found that have learned together in every way."""
    port, out = free_port(), tmp_path_factory.mktemp("together")
    (out / "plan.yaml").write_text(plan.to_yaml(), encoding="utf-8")
    context = multiprocessing.get_context("forkserver")  # which imports torch once for all
    context.set_forkserver_preload(["segwright.training.learner"])
    processes = [
        context.Process(target=exec, args=(_CALL.format(arguments),))
        for arguments in (
            {
                "environment": environment(rank, SIZE, port),
                "arguments": [str(SCRIPT), str(out / "plan.yaml"), str(out)],
            }
            for rank in range(SIZE)
        )
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(300)
    assert [process.exitcode for process in processes] == [0] * SIZE  # tracebacks are on stderr
    return out


@pytest.mark.parametrize("name", steps.CASES)
def test_steps_in_several_processes_are_those_of_one(together: Path, plan: Plan, name: str) -> None:
    """Weights, average, optimiser, losses and gradient norms, with shares of different sizes."""
    case = steps.CASES[name]
    expected = steps.learned(case, plan, ALONE)
    found = [load_file(together / f"{name}-{rank}.safetensors") for rank in range(SIZE)]
    bound = 1e-6 if case.dtype == torch.float64 else 1e-4
    if case.parts > 1:  # parts hold other samples together, so that only the ranks must agree
        expected = found[0]
    for tensors in found:
        assert tensors.keys() == expected.keys()
        for key, tensor in expected.items():
            torch.testing.assert_close(tensors[key], tensor, rtol=bound, atol=bound, msg=key)
            assert torch.equal(tensors[key], found[0][key]), key
    start = steps.make_learner(case, plan, ALONE).network.state_dict()
    moved = (expected["network.head.weight"] - start["head.weight"]).abs().max()
    assert moved > 1e-3  # or nothing was learned, and the comparison says nothing


def test_a_mean_of_means_would_be_another_loss(plan: Plan) -> None:
    """Samples with few labelled pixels would weigh as much as those with many."""
    case = steps.Case(norm="none")
    learner, whole = steps.make_learner(case, plan, ALONE), steps.batch(0, torch.float64)
    right = learner.examine(whole, number=0).loss
    halves = learner.examine(whole, number=0, parts=2).loss
    assert abs(right - halves) > 1e-4 * right  # and 1e-6 is what the tests above allow


def test_a_loss_that_is_not_finite_ends_all_and_names_every_sample(together: Path) -> None:
    said = {(together / f"refusal-{rank}").read_text() for rank in range(SIZE)}
    assert len(said) == 1
    assert all(f"sample-{number}" in min(said) for number in range(steps.SAMPLES))
    assert "loss is nan at step 1" in min(said)


def test_what_is_agreed_is_what_rank_0_says(together: Path) -> None:
    names = [f"of {rank}" for rank in range(SIZE)]
    expected = (
        "Decision(step=0, kind='steps', value=7, reason='0.1 s') None "
        f"[[[0.5, 0.5], [0.5, 0.5]], 0] 10 {names}"
    )
    assert [(together / f"agreed-{rank}").read_text() for rank in range(SIZE)] == [expected] * SIZE


def world(rank: int, size: int) -> World:
    made = World()
    made.rank, made.size = rank, size
    return made


@pytest.mark.parametrize(("samples", "size"), [(4, 2), (5, 2), (7, 3), (3, 3), (8, 5)])
def test_shares_cover_the_batch_and_differ_by_one_at_most(samples: int, size: int) -> None:
    shares = [list(range(samples))[world(rank, size).share(samples)] for rank in range(size)]
    assert [sample for share in shares for sample in share] == list(range(samples))
    assert {len(share) for share in shares} <= {samples // size, samples // size + 1}


def test_a_process_that_others_wait_for_takes_their_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    for processes, threads in ((4, 4), (8, 6)):
        group = ProcessGroup(Launch(0, processes, 0, processes, "localhost"))
        with group.others_wait():
            assert torch.get_num_threads() == threads
        assert torch.get_num_threads() == 1


def test_more_processes_than_samples_are_refused() -> None:
    with pytest.raises(UsageError, match=r"batch of 4 crops .* 8 processes.*Start 4 .*=8"):
        world(0, 8).share(4)


def test_the_environment_of_torchrun_is_read() -> None:
    assert Launch.read({}) == Launch.read({"WORLD_SIZE": "1"}) == Launch()
    given = environment(3, 4, 29500) | {"LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
    launch = Launch.read(given)
    assert launch == Launch(3, 4, 1, 2, "localhost")
    assert not launch.leads


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"MASTER_ADDR": None}, "WORLD_SIZE is 2, but MASTER_ADDR is not set.*torchrun"),
        ({"MASTER_PORT": None}, "MASTER_PORT is not set"),
        ({"RANK": None}, "RANK is not set"),
        ({"RANK": "2"}, "RANK: '2'; accepted is a number below 2"),
        ({"WORLD_SIZE": "many"}, "WORLD_SIZE: 'many'; accepted is a whole number of at least 1"),
        ({"WORLD_SIZE": "0"}, "WORLD_SIZE: '0'"),
        ({"LOCAL_RANK": "-1"}, "LOCAL_RANK: '-1'"),
    ],
)
def test_half_an_environment_is_refused(changed: dict[str, str | None], match: str) -> None:
    given: dict[str, str | None] = {**environment(1, 2, 29500), **changed}
    with pytest.raises(UsageError, match=match):
        Launch.read({key: value for key, value in given.items() if value is not None})


def test_work_for_one_process_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    require_alone("a comparison")
    for key, value in environment(1, 2, 29500).items():
        monkeypatch.setenv(key, value)
    with pytest.raises(UsageError, match="a comparison runs in one process, but torchrun has"):
        require_alone("a comparison")
