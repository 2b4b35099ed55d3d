"""How a broken file becomes one clear ImageError, wherever in the reading it shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segwright.errors import ImageError


class Unreadable(Exception):
    """What a parser found wrong; it does not know which file it reads.

    Args:
        problem: What is wrong, with the offending value, without a full stop.
        remedy: What to do, as an imperative without a full stop.
    """

    def __init__(self, problem: str, remedy: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def truncated(what: str) -> Unreadable:
    """The fault of a file that ends too early; `what` is the part that is cut off."""
    return Unreadable(
        f"the file is cut off: {what} is incomplete", "Copy or download the file again"
    )


@contextmanager
def image_errors(source: Path | None) -> Iterator[None]:
    """Turns everything that reading untrusted bytes can raise into an ImageError."""
    try:
        yield
    except ImageError:
        raise
    except Unreadable as fault:
        raise ImageError(fault.problem, where=source, remedy=fault.remedy) from fault
    except FileNotFoundError as error:
        raise ImageError(
            "there is no such file", where=source, remedy="Check the path and its spelling"
        ) from error
    # A decoder may raise anything on hostile bytes (struct.error, SyntaxError, MemoryError …), so
    # nothing narrower than Exception keeps the promise of this function.
    except Exception as error:
        detail = str(error) or type(error).__name__
        raise ImageError(
            f"the image data are damaged or cut off ({detail})",
            where=source,
            remedy="Copy or download the file again, or open it in a viewer and save it as PNG",
        ) from error
