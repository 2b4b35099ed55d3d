"""Values in masks that nobody meant: a few stray pixels, and what a format with loss makes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segwright.formats.faults import Fault

MOST_IN_A_SLIP = 1e-3
"""Pixels of no class that are a smaller share than this were hardly meant."""

_MOST_LISTED = 8
_MOST_IN_A_SLIP_OF_VALUES = 16

STORED_WITH_LOSS = "is stored as JPEG, with loss, which made values that nobody drew"
STORE_ANEW = "Store the mask anew as PNG, from where it was drawn"


def is_lossy(path: Path, num_strange: int) -> bool:
    """Whether strange values of a mask come from a format with loss.

    Args:
        path: The mask's file.
        num_strange: How many different values it holds that belong to no class.
    """
    return path.suffix.lower() in (".jpg", ".jpeg") and num_strange > _MOST_IN_A_SLIP_OF_VALUES


def what_to_ignore(values: Sequence[int]) -> str:
    """The remedy for numbers that belong to no class, with the line for dataset.yaml."""
    if len(values) > _MOST_LISTED:
        return "Name their classes in classes.txt, or list them under 'ignore' in dataset.yaml"
    ignored = ", ".join(str(value) for value in values)
    return (
        "Repaint these pixels, name their classes in classes.txt, one a line in the order of their "
        f"numbers, or leave them out by 'ignore: [{ignored}]' in dataset.yaml"
    )


def stray_colours(stored: np.ndarray) -> np.ndarray | None:
    """The few pixels in colour, (Y, X) bool, of a mask that is grey otherwise; None if it is not.

    Args:
        stored: A mask as it is stored, (Y, X) or (Y, X, C).
    """
    if stored.ndim != 3 or stored.shape[-1] != 3:
        return None
    coloured = (stored != stored[..., :1]).any(axis=-1)
    number = int(coloured.sum())
    return coloured if 0 < number < MOST_IN_A_SLIP * coloured.size else None


def stray(stored: np.ndarray, coloured: np.ndarray, *, where: Path, key: str | None) -> Fault:
    """What to say of pixels in colour.

    Args:
        stored: The mask as it is stored, (Y, X, 3).
        coloured: Where they are, (Y, X) bool.
        where: The mask's file.
        key: The picture's key.
    """
    y, x = np.argwhere(coloured)[0]
    number = int(coloured.sum())
    colour = bytes(stored[y, x].astype(np.uint8)).hex()
    problem = (
        f"colour #{colour} at row {y}, column {x} ({number} px in colour in this mask, which is "
        "grey otherwise) belongs to no class; so few look like a slip"
    )
    remedy = "Repaint these pixels with the number of their class"
    return Fault("stray-colour", problem, str(where), remedy, key)
