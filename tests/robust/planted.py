"""A reader that does everything that no reader may do: what the hunt is tested on."""

from __future__ import annotations

import ctypes
import random
import time
import warnings

import numpy as np

from segwright.errors import LabelError

FAULTS = (
    "none",
    "refusal",
    "other exception",
    "exit",
    "warning",
    "warning and refusal",
    "crash",
    "hang",
    "hang in C",
    "huge allocation",
    "huge allocation, caught",
    "much memory",
)


def mutate(rng: random.Random) -> str:
    """Any of the faults."""
    return rng.choice(FAULTS)


def read(fault: str) -> object:
    """Commits the fault."""
    match fault:
        case "refusal":
            raise LabelError("refused")
        case "other exception":
            raise KeyError("a key")
        case "exit":
            raise SystemExit(0)
        case "warning":
            warnings.warn("a word", stacklevel=1)
        case "warning and refusal":
            warnings.warn("a word", stacklevel=1)
            raise LabelError("refused")
        case "crash":
            ctypes.string_at(0)
        case "hang":
            while True:
                pass
        case "hang in C":
            ctypes.CDLL(None).sleep(1000)
        case "huge allocation":
            np.empty(1 << 42, np.uint8)
        case "huge allocation, caught":
            try:
                np.empty(1 << 33, np.uint8)
            except MemoryError as error:
                raise LabelError("damaged") from error
        case "much memory":
            np.ones(400 << 20, np.uint8)
    return time.monotonic()
