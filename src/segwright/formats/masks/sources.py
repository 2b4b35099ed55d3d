"""Where the pictures and masks of one part of a dataset lie, and how they are listed.

Folders           images/a.png           masks/a.png        one folder for each kind
SideBySide        a.jpg                  a_mask.png         told apart by their names
PictureFolders    a/images/a.png         a/masks/*.png      a folder for each picture
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from segwright.formats.faults import Fault, Report
from segwright.formats.masks.pairing import pictures_in
from segwright.formats.masks.roles import Role
from segwright.images import IMAGE_SUFFIXES


@dataclass(frozen=True)
class Listing:
    """The files of a part.

    Attributes:
        files: For each role: name → file, in the order of the names; "images" is always there.
        others: Files that are no pictures.
        may_lack: Whether a picture without masks is one without objects (it has its own folder,
            so that none can be lost).
    """

    files: Mapping[Role, Mapping[str, Path]]
    others: tuple[str, ...] = ()
    may_lack: bool = False


@dataclass(frozen=True)
class Folders:
    """One folder for the pictures and one for each kind of mask.

    Attributes:
        folders: Role → folder.
        flat: Whether only pictures that lie directly in the folder of the images count, because
            the masks lie in a folder within it.
    """

    folders: Mapping[Role, Path]
    flat: bool = False

    def places(self) -> Mapping[Role, str]:
        """Role → the folder or files to name in the notes, from wherever they lie."""
        return {role: str(folder) for role, folder in self.folders.items()}

    def listed(self, report: Report) -> Listing:
        """Lists the files; names that stand twice are reported."""
        files: dict[Role, Mapping[str, Path]] = {}
        others: list[str] = []
        for role, folder in self.folders.items():
            deep = not (self.flat and role == "images")
            files[role], more = pictures_in(folder, report=report, deep=deep)
            if deep:
                others += more
        return Listing(files, tuple(others))


@dataclass(frozen=True)
class SideBySide:
    """Pictures and masks in one folder, told apart by their names.

    Attributes:
        folder: The folder.
        files: For each role: name → file.
    """

    folder: Path
    files: Mapping[Role, Mapping[str, Path]] = field(repr=False)

    def places(self) -> Mapping[Role, str]:
        return {
            role: f"{self.folder}/{_pattern([path.name for path in files.values()])}"
            for role, files in self.files.items()
        }

    def listed(self, report: Report) -> Listing:
        return Listing(self.files)


@dataclass(frozen=True)
class PictureFolders:
    """A folder for each picture.

    Attributes:
        folder: The folder of the folders.
        units: Name of a picture's folder → what lies in it.
    """

    folder: Path
    units: Mapping[str, Folders | SideBySide] = field(repr=False)

    def places(self) -> Mapping[Role, str]:
        first = next(iter(self.units.values()))
        unit = self.folder / next(iter(self.units))
        return {
            role: f"{self.folder}/*{place.removeprefix(str(unit))}"
            for role, place in first.places().items()
        }

    def listed(self, report: Report) -> Listing:
        files: dict[Role, dict[str, Path]] = {"images": {}}
        others: list[str] = []
        for name, unit in self.units.items():
            listing = unit.listed(report)
            files["images"] |= dict.fromkeys([name], next(iter(listing.files["images"].values())))
            for role, found in listing.files.items():
                if role != "images":
                    files.setdefault(role, {}).update(
                        {f"{name}/{inner}": path for inner, path in found.items()}
                    )
            others += [f"{name}/{other}" for other in listing.others]
        return Listing({**files}, tuple(others), may_lack=True)


Source = Folders | SideBySide | PictureFolders


@dataclass(frozen=True)
class Part:
    """Pictures with their masks in one place.

    Attributes:
        where: The folder to name in messages.
        source: Where the files lie.
        split: "train", "val", "test" or None.
        prefix: What stands before the names of its pictures, to keep those of several parts apart.
        is_undivided: Whether it lies beside splits in a folder that says that it is in none.
    """

    where: Path
    source: Source
    split: str | None = None
    prefix: str = ""
    is_undivided: bool = False


@dataclass(frozen=True)
class Layout:
    """What was found below a folder.

    Attributes:
        parts: In the order train, val, test, then by name.
        faults: What is ambiguous.
        bare: Folders with pictures beside which no masks lie.
    """

    parts: tuple[Part, ...] = ()
    faults: tuple[Fault, ...] = ()
    bare: tuple[Path, ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.parts or self.faults)


def _pattern(names: list[str]) -> str:
    """What all names share, with * for the rest: "*_mask.png"."""
    first, last = min(names), max(names)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), None)
    if same is None:
        return first if first == last else f"{first[: len(min(first, last, key=len))]}*"
    backwards = [name[::-1] for name in names]
    low, high = min(backwards), max(backwards)
    end = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))
    return f"{first[:same].rstrip('0123456789')}*{low[:end][::-1].lstrip('0123456789')}"


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder by name, hidden ones left out; none if it cannot be read."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")
    except OSError:
        return []


def may_hold_pictures(folder: Path) -> bool:
    """Whether a folder holds pictures or nothing; not only files of another format."""
    return has_pictures(folder) or not any(files_below(folder))


def has_pictures(folder: Path) -> bool:
    return any(pictures_below(folder))


def pictures_below(folder: Path) -> Iterator[Path]:
    return (path for path in files_below(folder) if path.suffix.lower() in IMAGE_SUFFIXES)


def pictures_directly_in(folder: Path) -> Iterator[Path]:
    return (p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and p.name[0] != ".")


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, hidden ones left out, without a list of them all."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] != ".")
        yield from (Path(place, name) for name in names if name[0] != ".")
