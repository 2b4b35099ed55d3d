"""The processes that train one network together, and what they tell each other.

Each works on its share of every batch. What a step needs of the whole batch is added up over the
processes (`sum` in losses, `add_up` for gradients), what depends on the clock or on files is
decided by rank 0 and told to the others (`agree`). So all hold the same weights at every step.
gloo carries what lies in main memory, nccl what lies on GPUs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from pydantic import TypeAdapter
from torch._C._distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from segwright.errors import SegwrightError, TrainingError, UsageError
from segwright.losses import Spread
from segwright.training.launch import Launch
from segwright.training.lifeline import Lifeline

_MEETING = timedelta(minutes=5)  # for all processes to be there
_PATIENCE = timedelta(days=1)  # with a process that lives; one that ends is noticed at once
_meetings = count()

T = TypeVar("T")


class World(Spread):
    """One process on its own, which is all there is.

    Attributes:
        rank: Number of this process, from 0.
        size: How many processes there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process decides, and writes files: rank 0."""
        return self.rank == 0

    def share(self, samples: int) -> slice:
        """Which samples of a batch are worked on here; shares differ by one at most.

        Raises:
            UsageError: There are more processes than samples.
        """
        if samples < self.size:
            raise UsageError(
                f"a batch of {samples} crops cannot be shared by {self.size} processes",
                where="batch_size",
                remedy=f"Start {samples} processes or fewer, or set --set batch_size={self.size}",
            )
        return slice(samples * self.rank // self.size, samples * (self.rank + 1) // self.size)

    def device(self, kind: str) -> torch.device:
        """The device of this process.

        Args:
            kind: "cpu", "cuda" or "mps".
        """
        return torch.device(kind)

    def agree(self, say: Callable[[], T], kind: Any) -> T:
        """What rank 0 says; the others do not ask themselves.

        Args:
            say: Called by rank 0.
            kind: Type of what it returns, one that pydantic can write as JSON.
        """
        return say()

    @contextmanager
    def others_wait(self) -> Iterator[None]:
        """Inside, this process takes the cores of the others on its machine, which wait for it."""
        yield

    def add_up(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replaces tensors of one dtype by their sums over the processes, the same bits in each."""

    def align(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replaces tensors by those of rank 0."""

    def most(self, number: int) -> int:
        """The largest of the numbers that the processes have."""
        return number

    def names(self, names: Sequence[str]) -> list[str]:
        """The names that all processes have, in order of rank."""
        return list(names)


ALONE = World()


class ProcessGroup(World):
    """One process of several; every method is called by all of them in the same order."""

    def __init__(self, launch: Launch) -> None:
        self.rank, self.size = launch.rank, launch.world_size
        self._local_rank, self._local_size = launch.local_rank, launch.local_world_size

    def device(self, kind: str) -> torch.device:
        """The device of this process: each has a GPU of its own.

        Raises:
            UsageError: There are fewer GPUs than processes.
        """
        if kind == "cpu":
            return torch.device(kind)
        gpus = torch.cuda.device_count() if kind == "cuda" else 0
        if self._local_rank >= gpus:
            raise UsageError(
                f"rank {self.rank} is number {self._local_rank} on its machine, where {gpus} "
                f"devices of the kind {kind!r} can be shared out",
                where="--nproc-per-node",
                remedy=f"Start {gpus} processes on each machine" if gpus else "Use --device cpu",
            )
        torch.cuda.set_device(self._local_rank)
        return torch.device(kind, self._local_rank)

    def sum(self, *shares: torch.Tensor) -> tuple[torch.Tensor, ...]:
        whole = _Sum.apply(torch.cat([share.reshape(-1) for share in shares]))
        pieces = whole.split([share.numel() for share in shares])
        return tuple(piece.view_as(share) for piece, share in zip(pieces, shares, strict=True))

    def gather(self, share: torch.Tensor) -> tuple[torch.Tensor, slice]:
        lengths = torch.zeros(self.size, dtype=torch.int64, device=share.device)
        lengths[self.rank] = share.shape[-1]
        dist.all_reduce(lengths)
        ends = lengths.cumsum(0).tolist()
        here = slice(ends[self.rank] - share.shape[-1], ends[self.rank])
        # Sums with zeros are exact, and unlike torch's own gathering take shares of any length.
        whole = share.new_zeros(*share.shape[:-1], ends[-1])
        whole[..., here] = share.detach()
        dist.all_reduce(whole)
        return whole, here

    def agree(self, say: Callable[[], T], kind: Any) -> T:
        if self.leads:
            said = say()
            _broadcast(_adapter(kind).dump_json(said))
            return said
        return _adapter(kind).validate_json(_broadcast())

    @contextmanager
    def others_wait(self) -> Iterator[None]:
        own = torch.get_num_threads()
        torch.set_num_threads(max(own, min(own * self._local_size, os.cpu_count() or 1)))
        try:
            yield
        finally:
            torch.set_num_threads(own)

    @torch.no_grad()
    def add_up(self, tensors: Sequence[torch.Tensor]) -> None:
        if tensors:
            flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
            dist.all_reduce(flat)
            _fill(tensors, flat)

    @torch.no_grad()
    def align(self, tensors: Sequence[torch.Tensor]) -> None:
        kinds = [(tensor.dtype, tensor.device) for tensor in tensors]
        for kind in dict.fromkeys(kinds):
            alike = [tensor for tensor, its in zip(tensors, kinds, strict=True) if its == kind]
            flat = torch.cat([tensor.reshape(-1) for tensor in alike])
            dist.broadcast(flat, 0)
            _fill(alike, flat)

    def most(self, number: int) -> int:
        return int(self.gather(torch.tensor([number]))[0].max())

    def names(self, names: Sequence[str]) -> list[str]:
        text = "".join(f"{name}\n" for name in names).encode()
        every, _ = self.gather(torch.frombuffer(bytearray(text), dtype=torch.uint8))
        return every.numpy().tobytes().decode().splitlines()


@contextmanager
def joined(launch: Launch) -> Iterator[World]:
    """Meets the other processes and stays with them until the block ends.

    Args:
        launch: Which process this is.

    Yields:
        The world of this process; `ALONE` if it is the only one.

    Raises:
        TrainingError: Not all processes came, or one of them has ended since.
        UsageError: The caller uses torch.distributed already.
    """
    if launch.world_size == 1:
        yield ALONE
        return
    if dist.is_initialized():
        raise UsageError(
            "torch.distributed is in use in this process already",
            remedy="Leave it to segwright: call it before init_process_group",
        )
    lifeline = _met(launch)
    try:
        world = ProcessGroup(launch)
        yield world
        world.add_up([torch.zeros(1)])  # nobody leaves while another still listens to him
    except BaseException as error:
        raise lifeline.explained(error) from error
    finally:
        with suppress(RuntimeError):
            dist.destroy_process_group()
        lifeline.close()


def _met(launch: Launch) -> Lifeline:
    """Waits for all processes, and ties them together."""
    os.environ.setdefault("TORCH_NCCL_ASYNC_ERROR_HANDLING", "1")
    try:
        store, rank, size = next(rendezvous("env://", timeout=_MEETING))
        store = PrefixStore(f"segwright/{next(_meetings)}", store)
        lifeline = Lifeline.tied(launch, store, _MEETING.total_seconds())
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
            store=store,
            rank=rank,
            world_size=size,
            timeout=_PATIENCE,
        )
    except SegwrightError:
        raise
    except (RuntimeError, OSError, ValueError) as error:
        raise TrainingError(
            f"rank {launch.rank} of {launch.world_size} could not meet the others ({error})",
            where=f"MASTER_ADDR {launch.address}",
            remedy="Start all of them together with torchrun, on machines that reach each other",
        ) from error
    return lifeline


class _Sum(torch.autograd.Function):
    """Sum over the processes; each keeps the gradient of its own share."""

    @staticmethod
    def forward(ctx: Any, share: torch.Tensor) -> torch.Tensor:
        whole = share.clone()
        dist.all_reduce(whole)
        return whole

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        return gradients[0]


def _broadcast(content: bytes | None = None) -> bytes:
    """The bytes of rank 0, which is the one that gives some."""
    length = torch.tensor([len(content or b"")])
    dist.broadcast(length, 0)
    held = bytearray(content or bytes(int(length)))
    if held:
        dist.broadcast(torch.frombuffer(held, dtype=torch.uint8), 0)
    return bytes(held)


def _fill(tensors: Sequence[torch.Tensor], flat: torch.Tensor) -> None:
    """Writes a row of values into tensors, each in its own shape and layout."""
    pieces = flat.split([tensor.numel() for tensor in tensors])
    for tensor, piece in zip(tensors, pieces, strict=True):
        tensor.copy_(piece.view(tensor.shape))


@cache
def _adapter(kind: Any) -> TypeAdapter:
    return TypeAdapter(kind)
