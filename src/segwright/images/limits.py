"""How much an image may ask for, checked on its header before a pixel is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from segwright.images.faults import Unreadable
from segwright.images.header import Header


@dataclass(frozen=True)
class ReadLimits:
    """Budgets for reading one file.

    Attributes:
        max_pixels: Height times width, in pixels.
        max_bytes: Size of the file, and, separately, of its decoded samples, in bytes.
    """

    max_pixels: int = 200_000_000
    max_bytes: int = 2 << 30

    def check_file(self, size: int) -> None:
        """Raises Unreadable if a file of `size` bytes is beyond the budget."""
        if size > self.max_bytes:
            raise Unreadable(
                f"the file has {size:,} bytes; accepted are up to {self.max_bytes:,}",
                "Cut it into smaller files, or read it with ReadLimits(max_bytes=…)",
            )

    def check(self, header: Header) -> None:
        """Raises Unreadable if what `header` announces is empty or beyond the budget."""
        height, width = header.size_hw
        if height < 1 or width < 1:
            raise Unreadable(
                f"its header says {width}×{height} pixels; each side must be 1 or more",
                "Save the image again",
            )
        if height * width > self.max_pixels:
            raise Unreadable(
                f"{width}×{height} are {height * width:,} pixels; "
                f"accepted are up to {self.max_pixels:,}",
                "Cut it into smaller files, or read it with ReadLimits(max_pixels=…)",
            )
        if header.decoded_bytes > self.max_bytes:
            raise Unreadable(
                f"decoded it would take {header.decoded_bytes:,} bytes; "
                f"accepted are up to {self.max_bytes:,}",
                "Cut it into smaller files, or read it with ReadLimits(max_bytes=…)",
            )
        if header.frames != 1:
            raise Unreadable(
                f"the {header.format} file holds {header.frames} frames; accepted is exactly 1",
                "Save each frame or page as a file of its own",
            )
