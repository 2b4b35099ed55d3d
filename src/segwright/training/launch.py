"""What torchrun says of this process in its environment. Needs no torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from segwright.errors import UsageError

_REMEDY = (
    "Start with torchrun --nproc-per-node N -m segwright train …, which sets all of them, or "
    "clear WORLD_SIZE to train in one process"
)


@dataclass(frozen=True)
class Launch:
    """Which of how many processes this one is.

    Attributes:
        rank: Number of this process, from 0.
        world_size: How many there are.
        local_rank: Its number among those on this machine.
        local_world_size: How many are on this machine.
        address: Where the processes meet: host of rank 0; empty for one process.
    """

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0
    local_world_size: int = 1
    address: str = ""

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Launch:
        """Reads the variables that torchrun sets; a single process without WORLD_SIZE.

        Raises:
            UsageError: One of them is missing or no such number.
        """
        world_size = (
            _number(environment, "WORLD_SIZE", least=1) if "WORLD_SIZE" in environment else 1
        )
        if world_size == 1:
            return cls()
        rank = _number(environment, "RANK", below=world_size)
        _number(environment, "MASTER_PORT", least=1, below=65536)
        return cls(
            rank,
            world_size,
            local_rank=_number(environment, "LOCAL_RANK", default=rank),
            local_world_size=_number(environment, "LOCAL_WORLD_SIZE", default=world_size),
            address=_given(environment, "MASTER_ADDR"),
        )

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes and decides: rank 0."""
        return self.rank == 0


def require_alone(what: str) -> None:
    """Refuses work that several processes would do over and over.

    Args:
        what: Name of the work.

    Raises:
        UsageError: This is one of several processes.
    """
    if (launch := Launch.read()).world_size > 1:
        raise UsageError(
            f"{what} runs in one process, but torchrun has started {launch.world_size}; only the "
            "training of a network, without folds, is shared by several",
            where="WORLD_SIZE",
            remedy="Start it without torchrun",
        )


def _number(
    environment: Mapping[str, str],
    name: str,
    *,
    least: int = 0,
    below: int | None = None,
    default: int | None = None,
) -> int:
    if default is not None and name not in environment:
        return default
    given = _given(environment, name)
    if not given.isascii() or not given.isdigit() or int(given) < least:
        accepted = f"a whole number of at least {least}"
    elif below is not None and int(given) >= below:
        accepted = f"a number below {below}"
    else:
        return int(given)
    raise UsageError(f"{given!r}; accepted is {accepted}", where=name, remedy=_REMEDY)


def _given(environment: Mapping[str, str], name: str) -> str:
    if not environment.get(name):
        raise UsageError(
            f"WORLD_SIZE is {environment['WORLD_SIZE']}, but {name} is not set",
            where="environment",
            remedy=_REMEDY,
        )
    return environment[name]
