"""What concerns this process as a whole: when it began, and how its threads wait."""

from __future__ import annotations

import os
import time
from pathlib import Path

_IMPORTED_AT = time.time()


def process_started_at() -> float:
    """Start of this process in seconds since the epoch, as `time.time()` counts.

    Of a process of torchrun it is the start of torchrun itself, which is what its user waits for.
    Exact to a clock tick (10 ms) on Linux; elsewhere the moment this module was imported, which
    the start of Python itself precedes by some hundredths of a second.
    """
    launched = "TORCHELASTIC_RUN_ID" in os.environ
    process = Path("/proc") / str(os.getppid() if launched else os.getpid())
    try:
        # The command name in brackets may hold spaces; the fields proper follow its last bracket.
        fields = (process / "stat").read_text(encoding="ascii", errors="replace")
        ticks = int(fields.rpartition(")")[2].split()[19])
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return _IMPORTED_AT
    return min(time.time() - age_s, _IMPORTED_AT)


def wait_politely() -> None:
    """Lets idle OpenMP threads sleep soon instead of spinning; call before torch is loaded.

    Threads of GNU's OpenMP, which torch uses on Linux, spin while they wait for each other. Where
    another program needs a core too, each then burns the time the other waits for: beside one
    busy process a training step on two cores took 1.4 times as long, and nothing was lost on an
    idle machine (benchmarks/thread_waiting.py). A value set by the user is kept.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
