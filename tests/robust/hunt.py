"""Reads mutants by the thousand in a child process, and says which of them did what none may do.

A mutant must give a value or a SegwrightError. Findings are: any other exception, a warning, an
allocation beyond `MEMORY_BYTES`, a mutant that takes longer than `PATIENCE_S` (the process is ended
by an alarm, wherever it is), and the end of the process. After the last two a new process goes on
behind the mutant that did it. Each mutant follows from its kind and number alone:

    python -m tests.robust.hunt png 1234        reads mutant 1234 of kind png, aloud
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.robust.kinds import KINDS, PLANTED

from segwright.errors import SegwrightError

ROOT = Path(__file__).resolve().parents[2]
# Generous: a mutant takes a millisecond. What takes this long would take for ever.
PATIENCE_S = 20
MEMORY_BYTES = 1 << 30
RESIDENT_BYTES = 256 << 20
# Exit code of a child that leaves the rest to another.
_AFRESH = 77
_ALL = {**KINDS, **PLANTED}


@dataclass(frozen=True)
class Finding:
    """One mutant that did what none may do.

    Attributes:
        kind: Its kind, a key of `KINDS`.
        number: Its number; with the kind it gives the same mutant again.
        what: What it did.
    """

    kind: str
    number: int
    what: str

    def __str__(self) -> str:
        again = f"python -m tests.robust.hunt {self.kind} {self.number}"
        return f"{self.kind} {self.number}: {self.what}\n    again: {again}"


@dataclass(frozen=True)
class Outcome:
    """What became of a run of mutants.

    Attributes:
        values: How many gave a value.
        refused: How many gave a SegwrightError.
        findings: Those that gave neither.
    """

    values: int
    refused: int
    findings: tuple[Finding, ...]


def hunt(kind: str, first: int, count: int, *, patience_s: int = PATIENCE_S) -> Outcome:
    """Reads the mutants `first` … `first + count - 1` of one kind in a child process."""
    values = refused = 0
    findings: list[Finding] = []
    end = first + count
    while first < end:
        with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complaints:
            code = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "tests.robust.hunt",
                    kind,
                    *map(str, (first, end - first, patience_s)),
                ],
                cwd=ROOT,
                stdout=said,
                stderr=complaints,
                check=False,
            ).returncode
            lines = _lines(said)
            last_words = "".join(_lines(complaints)[-25:])
        # "at" is written before a mutant is read, so that the last one is known after a crash.
        reports = [json.loads(line) for line in lines if line.endswith("\n")]
        values += sum("value" in report for report in reports)
        refused += sum("refused" in report for report in reports)
        findings += [Finding(kind, one["at"], one["found"]) for one in reports if "found" in one]
        if code == 0:
            break
        if code == _AFRESH:
            first = reports[-1]["at"] + 1
            continue
        at = reports[-1]["at"] if reports else first
        findings.append(Finding(kind, at, f"{_ending(code, patience_s)}\n{last_words}"))
        if not reports:  # nothing can be read at all
            break
        first = at + 1
    return Outcome(values, refused, tuple(findings))


def hunt_in_parallel(kind: str, first: int, count: int, *, processes: int) -> Outcome:
    """Does what `hunt` does, in several processes at once."""
    share = -(-count // processes)
    with ThreadPoolExecutor(processes) as pool:
        parts = [
            pool.submit(hunt, kind, start, min(share, first + count - start))
            for start in range(first, first + count, share)
        ]
        outcomes = [part.result() for part in parts]
    return Outcome(
        sum(one.values for one in outcomes),
        sum(one.refused for one in outcomes),
        tuple(finding for one in outcomes for finding in one.findings),
    )


def _lines(file) -> list[str]:
    file.seek(0)
    return file.readlines()


def _ending(code: int, patience_s: int) -> str:
    if code == -signal.SIGALRM:
        return f"took more than {patience_s} s"
    return f"ended the process ({signal.Signals(-code).name if code < 0 else f'exit code {code}'})"


def mutant(kind: str, number: int) -> object:
    """The mutant of that number."""
    return _ALL[kind].mutate(random.Random(f"{kind} {number}"))


def _read_all(kind: str, first: int, count: int, patience_s: int) -> None:
    """The child: reads mutants and reports each in a line."""
    reader = _ALL[kind].reader()
    _limit_memory()
    faulthandler.enable()
    # The traceback is written by a C function and the alarm then ends the process, even within C.
    faulthandler.register(signal.SIGALRM, chain=True)
    resident = peak_bytes()
    for number in range(first, first + count):
        print(json.dumps({"at": number}), flush=True)
        one = mutant(kind, number)
        signal.setitimer(signal.ITIMER_REAL, patience_s)
        report = _outcome(reader, one)
        signal.setitimer(signal.ITIMER_REAL, 0)
        grown = peak_bytes() - resident
        if grown > RESIDENT_BYTES:
            report = {"found": f"took {grown >> 20} MiB of memory"}
        print(json.dumps({"at": number, **report}), flush=True)
        if grown > RESIDENT_BYTES:  # the peak would hide all that follow
            sys.exit(_AFRESH)
        resident += grown  # what one mutant takes counts, not what thousands leave to be collected


def _outcome(reader, one: object) -> dict[str, object]:
    with _warnings_kept() as kept:
        try:
            reader(one)
        except SegwrightError as error:
            report: dict[str, object] = {"refused": type(error).__name__}
            if any(isinstance(cause, MemoryError) for cause in _causes(error)):
                report = {"found": f"asked for more than {MEMORY_BYTES:,} bytes: {error}"}
        except BaseException as error:
            where = "".join(traceback.format_tb(error.__traceback__)[-3:])
            report = {"found": f"{type(error).__name__}: {str(error)[:300]}\n{where}"}
        else:
            report = {"value": True}
    if kept:
        report = {"found": f"a warning: {kept[0]}"}
    return report


@contextlib.contextmanager
def _warnings_kept() -> Iterator[list[str]]:
    kept: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_: kept.append(repr(message))
        yield kept


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _limit_memory() -> None:
    """Lets larger allocations fail, where the system tells how much address space is in use."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        used = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, resource.RLIM_INFINITY))


def peak_bytes() -> int:
    """The most memory that this process ever had, in bytes.

    `getrusage` counts what the process that started this one had as well, where there is a choice.
    """
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _aloud(kind: str, number: int) -> None:
    one = mutant(kind, number)
    print(f"mutant {number} of kind {kind}:\n{one!r:.3000}")
    print(_ALL[kind].reader()(one))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _aloud(sys.argv[1], int(sys.argv[2]))
    else:
        _read_all(sys.argv[1], *map(int, sys.argv[2:]))
