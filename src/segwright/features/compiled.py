"""Our own loops, compiled by numba on first use and run over bands of rows by all cores."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeVar, cast

from segwright.errors import MissingDependencyError

try:
    from numba import njit
except ModuleNotFoundError as error:
    raise MissingDependencyError(
        "numba", extra="classical", purpose="describing pixels by features"
    ) from error

Loop = TypeVar("Loop", bound=Callable[..., object])

_LEAST_ROWS = 16


def compiled(loop: Loop) -> Loop:
    """Compiles a loop; the machine code is kept beside the source for the next process.

    The loop lets go of the interpreter's lock, so that `over_rows` can run it in threads: these
    need no threading layer, whose kinds differ in what they allow, and no spinning workers.
    """
    return cast(Any, njit(cache=True, nogil=True)(loop))


def over_rows(loop: Callable[[int, int], object], num_rows: int) -> None:
    """Calls `loop(start, stop)` so that all rows are covered once, by as many threads as cores."""
    threads = min(len(os.sched_getaffinity(0)), max(1, num_rows // _LEAST_ROWS))
    if threads == 1:
        loop(0, num_rows)
        return
    # More parts than threads: rows differ in how long they take.
    parts = 4 * threads
    edges = [num_rows * part // parts for part in range(parts + 1)]
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(loop, *rows) for rows in pairwise(edges) if rows[0] < rows[1]]:
            done.result()
