"""Which picture a name in an annotation file means, and where a dataset's pictures lie.

Names in files are not trusted and never become paths: they are compared with the pictures that
are below the dataset's root.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from segwright.formats.entry import SPLIT_ORDER, Entry, listed, split_of_name
from segwright.formats.faults import Fault, Report
from segwright.images import IMAGE_SUFFIXES

_IMAGE_FOLDERS = frozenset({"images", "image", "imgs", "img", "data"})


@dataclass(frozen=True)
class Pictures:
    """The pictures below a dataset's root.

    Attributes:
        root: The dataset's folder.
        by_name: File name → places below the root, each as the parts of a path.
    """

    root: Path
    by_name: Mapping[str, Sequence[tuple[str, ...]]]

    @cached_property
    def by_stem(self) -> Mapping[str, Sequence[tuple[str, ...]]]:
        """File name without suffix → places."""
        by_stem: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
        for name, places in self.by_name.items():
            by_stem[PurePosixPath(name).stem] += places
        return by_stem

    @classmethod
    def below(cls, root: Path) -> Pictures:
        """Lists all pictures that are not hidden."""
        by_name: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
        for path in files_below(root):
            if path.suffix.lower() in IMAGE_SUFFIXES:
                by_name[path.name].append(path.relative_to(root).parts)
        return cls(root, dict(by_name))

    def at(self, parts: tuple[str, ...]) -> Path | None:
        """The picture at that very place below the root."""
        known = bool(parts) and parts in self.by_name.get(parts[-1], ())
        return self.root.joinpath(*parts) if known else None

    def ending_in(self, parts: Sequence[str]) -> list[Path]:
        """All pictures whose place ends with these folders and this name."""
        parts = tuple(parts)
        places = self.by_name.get(parts[-1], ()) if parts else ()
        return [self.root.joinpath(*p) for p in places if p[-len(parts) :] == parts]

    def nearest(self, parts: Sequence[str]) -> list[Path]:
        """The pictures of this name that agree in most of the folders before it."""
        for first in range(len(parts)):
            if found := self.ending_in(parts[first:]):
                return found
        return []

    def unmentioned(self, used: Iterable[Path]) -> list[str]:
        """The places of all pictures that are not among `used`."""
        known = set(used)
        places = [
            p for ps in self.by_name.values() for p in ps if self.root.joinpath(*p) not in known
        ]
        return sorted("/".join(place) for place in places)

    def report_unmentioned(self, used: Iterable[Path], report: Report, *, what: str) -> None:
        """Reports pictures that no annotation file mentions.

        Args:
            used: The pictures that are mentioned.
            report: Is told of the others.
            what: What they are not in, such as "CVAT file".
        """
        used = list(used)
        if bare := self.unmentioned(used):
            report(
                Fault(
                    "image-without-labels",
                    f"{len(bare)} of {len(bare) + len(used)} pictures are in no {what}: "
                    f"{listed(bare)}",
                    str(self.root),
                    "Annotate them (without objects if nothing is on them), or move them away",
                )
            )


def files_below(root: Path) -> list[Path]:
    """All files below a folder that are not hidden, in the order of their paths."""
    return [
        path
        for path in sorted(root.rglob("*"))
        if not any(part.startswith(".") for part in path.relative_to(root).parts) and path.is_file()
    ]


def parts_of(name: str) -> tuple[str, ...]:
    r"""The folders and the name of a path as files of any system write it.

    Example:
        >>> parts_of(r"..\images\a.jpg")
        ('..', 'images', 'a.jpg')
    """
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def split_of_parts(parts: Iterable[str]) -> str | None:
    """The split that one of the folders is named after; the first that is."""
    return next((split for part in parts if (split := split_of_name(part))), None)


def key_of(place: PurePosixPath | Path) -> str:
    """The key of the picture at a place below the root.

    Leading folders that say only that there are pictures, or of which split, are left out.

    Example:
        >>> key_of(PurePosixPath("images/train/street/7.png"))
        'street/7'
    """
    parts = list(place.with_suffix("").parts)
    while len(parts) > 1 and (parts[0].lower() in _IMAGE_FOLDERS or split_of_name(parts[0])):
        parts.pop(0)
    return "/".join(parts)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Entries by split, then by key."""
    return sorted(entries, key=lambda entry: (SPLIT_ORDER[entry.split], entry.key))
