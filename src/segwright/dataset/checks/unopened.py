"""What lies in a folder that is no dataset, so that one sees what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from segwright.errors import SegwrightError
from segwright.formats.entry import listed
from segwright.images import IMAGE_SUFFIXES, image_size_hw

_MOST_FILES = 200_000
_MOST_READ = 200
_MOST_FOLDERS = 12

_NOT_READ = {
    ".nii": "NIfTI volumes",
    ".nii.gz": "NIfTI volumes",
    ".dcm": "DICOM files",
    ".mha": "MetaImage volumes",
    ".mhd": "MetaImage volumes",
    ".nrrd": "NRRD volumes",
    ".npy": "NumPy arrays",
    ".npz": "NumPy arrays",
    ".mat": "MATLAB files",
    ".h5": "HDF5 files",
    ".hdf5": "HDF5 files",
    ".mp4": "videos",
    ".avi": "videos",
    ".mov": "videos",
    ".zip": "archives",
    ".gz": "archives",
    ".tar": "archives",
    ".svs": "whole-slide images",
    ".jp2": "JPEG 2000 images",
    ".heic": "HEIC images",
}


def inventory(root: Path) -> list[str]:
    """What a folder holds: kinds of files in each folder, which can be read, and which cannot.

    Args:
        root: A folder.

    Returns:
        One sentence each.
    """
    by_folder: dict[str, Counter[str]] = {}
    images: list[Path] = []
    others: list[Path] = []
    suffixes: Counter[str] = Counter()
    for number, path in enumerate(_files(root)):
        if number == _MOST_FILES:
            break
        suffix = _suffix(path)
        suffixes[suffix] += 1
        folder = path.parent.relative_to(root).as_posix()
        by_folder.setdefault(folder, Counter())[suffix] += 1
        if suffix in IMAGE_SUFFIXES:
            images.append(path)
        elif suffix not in _NOT_READ:
            others.append(path)
    if not suffixes:
        return ["The folder holds no file."]
    lines = [
        f"{folder + '/' if folder != '.' else 'The folder itself'} holds {_counted(counts)}."
        for folder, counts in list(by_folder.items())[:_MOST_FOLDERS]
    ]
    if len(by_folder) > _MOST_FOLDERS:
        lines.append(f"There are {len(by_folder):,} folders with files in all.")
    if images:
        lines.append(_readable(images, root))
    if hidden := [path for path in others[:_MOST_READ] if _is_image(path)]:
        lines.append(
            f"Of {len(others[:_MOST_READ]):,} other files, {len(hidden):,} are images by their "
            f"content: {listed(path.relative_to(root).as_posix() for path in hidden[:3])}. Give "
            "them the suffix of their format."
        )
    for what in dict.fromkeys(_NOT_READ[s] for s in suffixes if s in _NOT_READ):
        count = sum(number for s, number in suffixes.items() if _NOT_READ.get(s) == what)
        lines.append(f"{count:,} {what} are of a kind that this version does not read.")
    return lines


def _readable(images: list[Path], root: Path) -> str:
    """How many of the pictures have a header that can be read, and what is wrong with others."""
    chosen = [
        images[i * len(images) // min(len(images), _MOST_READ)]
        for i in range(min(len(images), _MOST_READ))
    ]
    bad: list[str] = []
    for path in chosen:
        try:
            image_size_hw(path)
        except SegwrightError as error:
            bad.append(f"{path.relative_to(root).as_posix()} ({error.problem})")
    looked = (
        f"Of {len(chosen):,} pictures that were looked at"
        if len(chosen) < len(images)
        else (f"Of {len(images):,} pictures")
    )
    text = f"{looked}, {len(chosen) - len(bad):,} begin as readable images"
    return f"{text}; not readable are {listed(bad, limit=3)}." if bad else f"{text}."


def _is_image(path: Path) -> bool:
    try:
        image_size_hw(path)
    except SegwrightError:
        return False
    return True


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if not hidden and path.is_file():
            yield path


def _suffix(path: Path) -> str:
    name = path.name.lower()
    return ".nii.gz" if name.endswith(".nii.gz") else path.suffix.lower()


def _counted(counts: Counter[str]) -> str:
    """5 .png, 2 files without suffix"""
    shown = [
        f"{number:,} {suffix}" if suffix else f"{number:,} without suffix"
        for suffix, number in counts.most_common(6)
    ]
    return ", ".join(shown)
