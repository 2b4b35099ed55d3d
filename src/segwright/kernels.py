"""Our own loops, compiled by numba.

A module of kernels decorates them with `kernel` and is imported by those who use it at the moment
they do, since importing it imports numba. A kernel is compiled when it is first called with given
types, and kept on disk for all later processes (beside its source file, in the user's cache folder
if that cannot be written, or nowhere if neither can). What is kept is made anew when the file of
the kernel changes, so kernels call no kernel of another file.

A kernel releases the lock of the interpreter, and works on a share (`begin`, `end`) of its rows;
`in_shares` calls it in as many threads as numba would use (NUMBA_NUM_THREADS, all cores otherwise).
Threads of our own outlive neither the call nor a fork, as those of numba's `parallel=True` do.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from threading import Thread
from typing import Any

from segwright.errors import MissingDependencyError

try:
    from numba import njit
    from numba.core import config
except ModuleNotFoundError as error:
    raise MissingDependencyError(
        "numba", extra="classical", purpose="a method with kernels of our own"
    ) from error

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles a function of arrays and numbers when it is first called.

    Products may be added without being rounded in between; nothing else differs from NumPy's
    arithmetic, and division by zero gives infinity.
    """
    try:
        return njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # no folder to keep it in
        return njit(**_OPTIONS)(function)


def in_shares(work: Callable[..., Any], rows: int, *arguments: Any, at_least: int = 1) -> None:
    """Calls `work(*arguments, begin, end)` for shares of all rows, each share in its own thread.

    Args:
        work: A kernel that writes to what no other share writes to.
        rows: Number of rows, which are cut into consecutive shares.
        arguments: What the kernel takes first.
        at_least: Rows that are worth a thread.
    """
    shares = max(1, min(threads(), rows // at_least))
    if shares == 1:
        work(*arguments, 0, rows)
        return
    ends = [rows * share // shares for share in range(shares + 1)]
    failures: list[BaseException] = []

    def work_on(begin: int, end: int) -> None:
        try:
            work(*arguments, begin, end)
        except BaseException as failure:
            failures.append(failure)

    # Bare threads, since to make a pool takes longer than some kernels do.
    others = [Thread(target=work_on, args=share, name="kernel") for share in pairwise(ends[1:])]
    for other in others:
        other.start()
    work_on(ends[0], ends[1])
    for other in others:
        other.join()
    if failures:
        raise failures[0]


def threads() -> int:
    """How many threads kernels work in."""
    return getattr(config, "NUMBA_NUM_THREADS")  # noqa: B009 - set when numba is imported
