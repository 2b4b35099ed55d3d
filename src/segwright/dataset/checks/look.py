"""One picture and its labels, looked at once: all that the check needs to know about them."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from segwright.dataset.checks import thumbnails
from segwright.dataset.checks.edge_fit import edge_fit
from segwright.dataset.class_map import Reclassed
from segwright.errors import ImageError, SegwrightError
from segwright.formats.entry import Entry, LabelSource
from segwright.formats.faults import Fault, fault_of
from segwright.images import Image, decode_image
from segwright.images.faults import Unreadable
from segwright.images.header import Header, read_header
from segwright.labels.instances import Instances, Labels, as_label_map

_BLANK_SHARE = 0.999
_BLANK_STEPS = 2  # grey values of 8 bits that compression may add to an empty picture


@dataclass(frozen=True)
class Look:
    """What was seen. Fields about a part that could not be read are None.

    Attributes:
        faults: What is wrong with the picture or the labels; places are seen from the root.
        size_hw: Height and width of the picture in pixels.
        channels: Its channels, without alpha.
        dtype: Its pixels' dtype.
        orientation: Its EXIF orientation; 1 is upright.
        pixels_hash: A hash of its decoded pixels.
        thumbnail: As `thumbnails.packed`.
        blank: "constant" or "nearly empty" if it shows nothing.
        labels_orientation: EXIF orientation of its mask; 1 where labels are no picture.
        labels_hash: A hash of its class ids.
        class_px: Pixels of every class.
        ignored_px: Pixels that are ignored.
        num_objects: Objects that were drawn; None for masks.
        fit: As `edge_fit`.
        lossy_labels: Whether the mask is stored as JPEG.
        labels_have_size: Whether the labels say, by pixels, how large the picture is that they were
            drawn on; not so where they are shares of its sides.
    """

    faults: tuple[Fault, ...] = ()
    size_hw: tuple[int, int] | None = None
    channels: int | None = None
    dtype: str | None = None
    orientation: int = 1
    pixels_hash: str | None = None
    thumbnail: bytes | None = None
    blank: str | None = None
    labels_orientation: int = 1
    labels_hash: str | None = None
    class_px: tuple[int, ...] | None = None
    ignored_px: int = 0
    num_objects: int | None = None
    fit: float | None = None
    lossy_labels: bool = False
    labels_have_size: bool = True

    def to_plain(self) -> dict[str, Any]:
        """The look as JSON values."""
        plain = asdict(self)
        if self.thumbnail is not None:
            plain["thumbnail"] = base64.b64encode(self.thumbnail).decode("ascii")
        return plain

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Look:
        """The look that `to_plain` gave.

        Raises:
            KeyError, TypeError, ValueError: It is none.
        """
        values = {field.name: plain[field.name] for field in fields(cls)}
        values["faults"] = tuple(Fault(**fault) for fault in values["faults"])
        for name in ("size_hw", "class_px"):
            values[name] = None if values[name] is None else tuple(values[name])
        if values["thumbnail"] is not None:
            values["thumbnail"] = base64.b64decode(values["thumbnail"])
        return cls(**values)


def look_at(entry: Entry, data: bytes, *, root: Path) -> Look:
    """Looks at one picture and its labels.

    Args:
        entry: Where they are.
        data: The bytes of the picture's file.
        root: The dataset's folder, from which places in faults are seen.
    """
    faults: list[Fault] = []
    image, header = _read_picture(entry, data, faults)
    seen: dict[str, Any] = {}
    if image is not None and header is not None:
        seen |= _seen_in_picture(image, header)
        seen |= _seen_in_labels(entry, image, header, faults)
    return Look(faults=tuple(seen_from(one, root, key=entry.key) for one in faults), **seen)


def _read_picture(
    entry: Entry, data: bytes, faults: list[Fault]
) -> tuple[Image | None, Header | None]:
    try:
        image = decode_image(data, source=entry.image)
        header = read_header(io.BytesIO(data))
    except ImageError as error:
        kind = "non-finite" if "NaN" in error.problem else "unreadable-image"
        faults.append(fault_of(error, kind, where=entry.image))
        return None, None
    if image.axes != "YX":
        problem = f"is a volume of shape {image.pixels.shape}; accepted are single pictures"
        remedy = "Store its slices as single files"
        faults.append(Fault("unreadable-image", problem, str(entry.image), remedy))
        return None, None
    return image, header


def _seen_in_picture(image: Image, header: Header) -> dict[str, Any]:
    return {
        "size_hw": image.size_hw,
        "channels": image.num_channels,
        "dtype": image.pixels.dtype.name,
        "orientation": header.orientation,
        "pixels_hash": hash_of(image.pixels),
        "thumbnail": thumbnails.packed(thumbnails.thumbnail(image)),
        "blank": _blank(image.pixels),
    }


def _blank(pixels: np.ndarray) -> str | None:
    """ "constant", "nearly empty", or None for a picture that shows something."""
    middle = np.median(pixels[:: max(1, len(pixels) // 64)], axis=(0, 1)).astype(pixels.dtype)
    tolerance = _BLANK_STEPS if pixels.dtype == np.uint8 else 0
    # A few rows are enough to see that a picture is not blank.
    if _share_away(pixels[:: max(1, len(pixels) // 16)], middle, tolerance) > 0.1:
        return None
    if (pixels == pixels[:1, :1]).all():
        return "constant"
    nearly = _share_away(pixels, middle, tolerance) <= 1 - _BLANK_SHARE
    return "nearly empty" if nearly else None


def _share_away(pixels: np.ndarray, middle: np.ndarray, tolerance: int) -> float:
    """Share of the pixels that differ from a value by more than the tolerance, 0 … 1."""
    away = np.zeros(pixels.shape[:2], dtype=bool)
    for channel, value in enumerate(middle.astype(np.float32)):
        away |= np.abs(pixels[..., channel].astype(np.float32) - value) > tolerance
    return float(away.mean())


def _seen_in_labels(
    entry: Entry, image: Image, header: Header, faults: list[Fault]
) -> dict[str, Any]:
    try:
        labels = entry.labels.read(faults.append)
        label_map = as_label_map(labels)
    except SegwrightError as error:
        if error.problem not in {
            fault.problem for fault in faults
        }:  # reported before it was given up
            faults.append(fault_of(error, "unreadable-labels", where=entry.labels.paths[0]))
        return {}
    orientation, lossy = _of_mask_file(entry, labels)
    if label_map.size_hw != image.size_hw:
        if not any(fault.kind == "size-differs" for fault in faults):
            faults.append(_other_size(entry, label_map.size_hw, image.size_hw, header))
        return {"labels_orientation": orientation}
    class_px = label_map.area_px()
    return {
        "labels_orientation": orientation,
        "labels_hash": hash_of(label_map.ids),
        "class_px": tuple(class_px.tolist()),
        "ignored_px": int(label_map.ids.size - class_px.sum()),
        "num_objects": len(labels.objects) if isinstance(labels, Instances) else None,
        "fit": edge_fit(image, label_map),
        "lossy_labels": lossy,
        "labels_have_size": _say_size(entry.labels),
    }


def _of_mask_file(entry: Entry, labels: Labels) -> tuple[int, bool]:
    """EXIF orientation of a mask, and whether it is a JPEG; (1, False) if labels are no mask."""
    if isinstance(labels, Instances):
        return 1, False
    try:
        with entry.labels.paths[0].open("rb") as file:
            header = read_header(file)
    except (OSError, Unreadable):
        return 1, False
    return header.orientation, header.format == "JPEG"


def _say_size(labels: LabelSource) -> bool:
    while isinstance(labels, Reclassed):
        labels = labels.source
    return getattr(labels, "says_size", True)


def _other_size(
    entry: Entry, labels_hw: tuple[int, int], image_hw: tuple[int, int], header: Header
) -> Fault:
    """The fault of labels that have another size than their picture."""
    remedy = "Give the labels the size of the picture; they are never resized"
    off = [abs(a - b) for a, b in zip(labels_hw, image_hw, strict=True)]
    if header.orientation >= 5 and labels_hw == header.size_hw:
        remedy = (
            "The picture is turned by its EXIF orientation and the labels are not: turn the "
            "labels, or save the picture without the mark"
        )
    elif labels_hw == image_hw[::-1]:
        remedy = "Height and width are exchanged: turn the labels or the picture by 90°"
    elif max(off) == 1:
        remedy = f"One pixel too many or too few: {remedy[0].lower()}{remedy[1:]}"
    return Fault(
        "size-differs",
        f"is {labels_hw[0]}×{labels_hw[1]}, but its picture {entry.image} is "
        f"{image_hw[0]}×{image_hw[1]} (height × width)",
        str(entry.labels.paths[0]),
        remedy,
    )


def seen_from(fault: Fault, root: Path, *, key: str | None) -> Fault:
    """The fault with all places seen from the dataset's root.

    Args:
        fault: A fault.
        root: The dataset's folder.
        key: The picture that it is about; None if it is about several.
    """
    texts = (fault.problem, fault.where, fault.remedy)
    if root != Path():  # else paths are seen from there already
        # Where a path begins; elsewhere the same letters are a part of another one.
        leading = re.compile(rf"(?<![^\s'\"(\[,:;=]){re.escape(f'{root}/')}")
        texts = tuple(leading.sub("", text) for text in texts)
    problem, where, remedy = texts
    return Fault(fault.kind, problem, where, remedy, key, fault.severity)


def hash_of(values: np.ndarray) -> str:
    """A hash of an array's shape, dtype and content."""
    digest = hashlib.blake2b(repr((values.shape, values.dtype.str)).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()
