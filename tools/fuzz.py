"""The nightly hunt: a million mutated files, and what each of the bombs costs.

    python -m tools.fuzz                                 a million mutants, shared among all kinds
    python -m tools.fuzz --count 50000 --kind png --kind tiff
    python -m tools.fuzz --seed 12000000                 other mutants; or go on where a run ended
    python -m tools.fuzz --bombs                         time and memory that every bomb takes

Mutants are numbered; `--seed` is the number of the first. Without it every day has its own million.
The table tells how many files gave a value, how many were refused with a typed error, and how many
did neither; those are listed with the command that reads the same mutant again. The exit code is 1
if there are any. An interrupted run tells what it found and where to go on.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from tests.robust.hunt import ROOT, Finding, Outcome, hunt
from tests.robust.kinds import KINDS, SHARED_DATA

_BATCH = 2_000
_DAY_S = 86_400


def main() -> int:
    """Runs what the arguments say; gives the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1_000_000, help="mutants in all")
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="may stand repeatedly")
    parser.add_argument("--seed", type=int, help="number of the first mutant of every kind")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--bombs", action="store_true", help="measure the bombs instead")
    arguments = parser.parse_args()
    if arguments.bombs:
        return _bombs()
    seed = arguments.seed
    if seed is None:
        seed = int(time.time() // _DAY_S) * 1_000_000
    kinds = arguments.kind or [name for name in KINDS if _has_seeds(name)]
    return _hunt(kinds, seed, arguments.count, arguments.processes)


def _has_seeds(kind: str) -> bool:
    return not kind.startswith("odd-") or (SHARED_DATA / "odd_images").is_dir()


def _hunt(kinds: Sequence[str], seed: int, count: int, processes: int) -> int:
    values: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    findings: list[Finding] = []
    first, done = seed, 0
    try:
        # All kinds advance together, so that one number says where to go on.
        for first, size in _rounds(seed, -(-count // len(kinds))):
            for kind, outcome in _round(kinds, first, size, processes):
                values[kind] += outcome.values
                refused[kind] += outcome.refused
                findings += outcome.findings
                for finding in outcome.findings:
                    print(f"\nFOUND {finding}", file=sys.stderr, flush=True)
            done += size * len(kinds)
            print(f"\r{done:,} of {count:,} mutants", end="", file=sys.stderr, flush=True)
            first += size
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
    print(file=sys.stderr)
    print(f"{'kind':<24}{'values':>10}{'refused':>10}{'findings':>10}")
    found = Counter(finding.kind for finding in findings)
    for kind in kinds:
        print(f"{kind:<24}{values[kind]:>10,}{refused[kind]:>10,}{found[kind]:>10,}")
    total = values.total() + refused.total() + len(findings)
    print(f"{total:,} mutants from {seed} on; go on with --seed {first}")
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def _rounds(first: int, count: int) -> Iterator[tuple[int, int]]:
    """First number and size of every batch."""
    for start in range(first, first + count, _BATCH):
        yield start, min(_BATCH, first + count - start)


def _round(
    kinds: Sequence[str], first: int, size: int, processes: int
) -> Iterator[tuple[str, Outcome]]:
    """One batch of every kind, as they finish."""
    with ThreadPoolExecutor(processes) as pool:
        running: dict[Future[Outcome], str] = {
            pool.submit(hunt, kind, first, size): kind for kind in kinds
        }
        for future in as_completed(running):
            yield running[future], future.result()


def _bombs() -> int:
    """A table of what every bomb takes; exit code 1 if one is read where it should be refused."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.robust.bomb_victim"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    told.sort(key=lambda one: -one["seconds"])
    print(f"{'bomb':<52}{'bytes':>10}{'ms':>8}{'allocated':>12}{'resident':>12}  outcome")
    for one in told:
        outcome = "read" if one["refused"] is None else "refused"
        print(
            f"{one['bomb']:<52}{one['bytes']:>10,}{one['seconds'] * 1000:>8.2f}"
            f"{one['allocated']:>12,}{one['resident']:>12,}  {outcome}"
        )
    refused = [one for one in told if one["refused"] is not None]
    slow = sum(one["seconds"] >= 0.05 for one in refused)
    print(
        f"{len(refused)} refused, {slow} of them in 50 ms or more; {len(told) - len(refused)} read"
    )
    return 0 if not slow else 1


if __name__ == "__main__":
    sys.exit(main())
