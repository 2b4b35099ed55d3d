"""Reads every bomb in a process of its own and tells, line by line, what that took."""

from __future__ import annotations

import json
import resource
import time
import tracemalloc
from pathlib import Path

from tests.robust.bombs import bombs, duds
from tests.robust.hunt import peak_bytes
from tests.robust.image_kinds import IMAGE_FORMATS, made_seeds

from segwright.errors import ImageError
from segwright.images import decode_image

ADDRESS_SPACE = 256 << 20


def measure(data: bytes) -> dict[str, object]:
    """What it takes to read one file: time alone first, then what Python and NumPy allocate.

    Returns:
        `refused`: the message of the ImageError, or None. `asked`: whether memory beyond
        `ADDRESS_SPACE` was asked for. `seconds`: the fastest of three. `allocated`: the peak, in
        bytes. `resident`: growth of the most memory that the process ever had, in bytes.
    """
    before = peak_bytes()
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        _refusal(data)
        seconds.append(time.perf_counter() - start)
    tracemalloc.start()
    error = _refusal(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {
        "refused": error and error[0],
        "asked": bool(error and error[1]),
        "seconds": min(seconds),
        "allocated": peak,
        "resident": peak_bytes() - before,
    }


def _refusal(data: bytes) -> tuple[str, bool] | None:
    try:
        decode_image(data)
    except ImageError as error:
        return str(error), isinstance(error.__cause__, MemoryError)
    return None


def main() -> None:
    """Prints a line of JSON for every bomb."""
    everything = {**bombs(), **duds()}
    for name in IMAGE_FORMATS:  # whatever is imported late is imported now
        for data in made_seeds(name):
            _refusal(data)
    statm = Path("/proc/self/statm")
    if statm.exists():
        used = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + ADDRESS_SPACE, resource.RLIM_INFINITY))
    for name, data in everything.items():
        print(json.dumps({"bomb": name, "bytes": len(data), **measure(data)}), flush=True)


if __name__ == "__main__":
    main()
