"""The moment a process began, against the moment its parent started it."""

from __future__ import annotations

import subprocess
import sys
import time


def test_the_start_lies_between_spawning_and_the_first_statement() -> None:
    before = time.time()
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import time; now = time.time(); time.sleep(0.2)\n"
            "from segwright.cli.process import process_started_at\n"
            "print(process_started_at(), now)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    started, first_statement = map(float, told.stdout.split())
    tick = 0.02
    if sys.platform == "linux":
        assert before - tick <= started <= first_statement + tick
    assert before - tick <= started <= time.time()
