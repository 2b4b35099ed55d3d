"""Where a YOLO dataset keeps its pictures and labels: `data.yaml` and the folders.

What data.yaml says about places is not trusted: nothing outside the dataset's folder is looked at.
Places from another computer ("/home/ann/sets/fruit/images/train", "../train/images") are common;
of those the longest ending that exists in the folder is meant.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from segwright.errors import DataError
from segwright.formats.entry import listed, split_of_name
from segwright.formats.faults import Fault, Report
from segwright.formats.strict_yaml import parse_yaml
from segwright.formats.text import read_lines, read_text
from segwright.images import IMAGE_SUFFIXES

_MAX_YAML_BYTES = 4 * 1024 * 1024
_LONGEST_PLACE = 4096
_MOST_NAMES = 10_000
_SPLIT_KEYS = ("train", "val", "valid", "test")
_DECLARES_NAMES = re.compile(rb"^names\s*:", re.MULTILINE)


def declaration_in(root: Path) -> Path | None:
    """The file that names the classes: data.yaml, or the only other YAML file with `names`."""
    for name in ("data.yaml", "data.yml"):
        if (root / name).is_file():
            return root / name
    others = [path for path in sorted(root.glob("*.y*ml")) if path.name != "dataset.yaml"]
    naming = [path for path in others if path.is_file() and _DECLARES_NAMES.search(_begin(path))]
    return naming[0] if len(naming) == 1 else None


def _begin(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1 << 16)
    except OSError:
        return b""


@dataclass(frozen=True)
class Declaration:
    """What data.yaml says.

    Attributes:
        path: The file.
        names: Number → class name; None if it says nothing.
        base: The folder that places are meant from.
        places: Split → the folders and lists of its pictures, as they stand there.
    """

    path: Path
    names: Mapping[int, str] | None
    base: Path
    places: Mapping[str, Sequence[str]]


@dataclass
class Places:
    """Finds the pictures of a dataset.

    Attributes:
        root: The dataset's folder.
        report: Is told of what is missing.
        notes: What was guessed, one sentence each.
    """

    root: Path
    report: Report
    notes: list[str] = field(default_factory=list)

    def read(self, path: Path) -> Declaration:
        """Reads data.yaml; keys that say nothing about places and names are left out.

        Raises:
            DataError: It cannot be read, or names and places have another form.
        """
        content = _read_yaml(path)
        names = _names(content, path, self.report)
        base = self.root
        if isinstance(where := content.get("path"), str):
            found, exact = self._below((self.root,), where)
            base = found if found is not None and found.is_dir() else self.root
            if not exact or base != found:
                self.notes.append(
                    f"{path.name} places the data in {where!r:.200}; it was looked for in "
                    f"{base.relative_to(self.root).as_posix()!r} of this folder."
                )
        places: dict[str, list[str]] = {}
        for key in _SPLIT_KEYS:
            value = content.get(key)
            texts = value if isinstance(value, list) else [value] if value else []
            if not all(isinstance(text, str) for text in texts):
                raise DataError(
                    f"{key!r} is {value!r:.100}; accepted are a folder, a list of folders, or a "
                    "text file that lists pictures",
                    where=path,
                    remedy="Correct it",
                )
            split = split_of_name(key)
            if texts and split is not None:
                places.setdefault(split, []).extend(texts)
        return Declaration(path, names, base, places)

    def listed_pictures(self, declared: Declaration) -> list[tuple[str | None, Path]]:
        """Split and file of all pictures that data.yaml leads to."""
        bases = (declared.base, self.root)
        pictures: list[tuple[str | None, Path]] = []
        for split, texts in declared.places.items():
            for text in texts:
                place, exact = self._below(bases, text)
                if place is None:
                    self._missing(split, text, declared.path)
                    continue
                if not exact:
                    shown = place.relative_to(self.root).as_posix()
                    self.notes.append(
                        f"{declared.path.name} says {split}: {text!r:.200}; {shown} was read."
                    )
                found = pictures_below(place) if place.is_dir() else self._of_list(place, bases)
                pictures += [(split, path) for path in found]
        return pictures

    def undeclared_pictures(self) -> list[tuple[str | None, Path]]:
        """All pictures in folders called `images`, or, without such, those with a text beside."""
        found = pictures_below(self.root)
        inside = [path for path in found if "images" in path.relative_to(self.root).parts[:-1]]
        chosen = inside or [path for path in found if path.with_suffix(".txt").is_file()]
        return [(self._split_of_folder(path), path) for path in chosen]

    def key(self, image: Path) -> str:
        """A picture's place without suffix, `images` and the folder of its split."""
        parts = list(image.relative_to(self.root).with_suffix("").parts)
        if "images" in parts[:-1]:
            parts.pop(len(parts) - 2 - parts[-2::-1].index("images"))
        if len(parts) > 1 and (_split_of(parts[0]) or parts[0] == "unsplit"):
            parts.pop(0)
        return "/".join(parts)

    def label_of(self, image: Path) -> Path | None:
        """The text file of a picture, if it has one."""
        beside = image.with_suffix(".txt")
        mirrored = mirror(self.root, image.parent) / beside.name
        return next((path for path in (mirrored, beside) if path.is_file()), None)

    def _split_of_folder(self, image: Path) -> str | None:
        folders = image.relative_to(self.root).parts[:-1]
        return next((split for name in folders if (split := _split_of(name))), None)

    def _of_list(self, path: Path, bases: tuple[Path, ...]) -> list[Path]:
        """The pictures that a text file lists, one a line."""
        lines = _list_of(path)
        found, missing = [], []
        for line in lines:
            picture, _ = self._below((path.parent, *bases), line)
            if picture is not None and picture.suffix.lower() in IMAGE_SUFFIXES:
                found.append(picture)
            else:
                missing.append(line[:200])
        if missing:
            self.report(
                Fault(
                    "listed-missing",
                    f"{len(missing)} of {len(missing) + len(found)} pictures that it lists are "
                    f"not in the folder: {listed(missing)}",
                    str(path),
                    "Add the pictures, or take them off the list",
                )
            )
        return found

    def _below(self, bases: Iterable[Path], text: str) -> tuple[Path | None, bool]:
        """What a place means inside the folder, and whether it stands there just as it is said."""
        text = text.strip().replace("\\", "/")
        bases = tuple(dict.fromkeys(bases))
        if len(text) > _LONGEST_PLACE:
            return None, False
        parts = PurePosixPath(posixpath.normpath(text)).parts
        inner = [part for part in parts if part not in ("/", "//", "..") and part[-1] != ":"]
        if not inner:
            return bases[0], parts in ((), (".",))
        for skipped in range(len(inner)):
            for base in bases:
                candidate = base.joinpath(*inner[skipped:])
                if os.path.exists(candidate):  # takes names that no file can have
                    as_said = len(inner) == len(parts) and base == bases[0]
                    return candidate, as_said and not skipped
        return None, False

    def _missing(self, split: str, text: str, path: Path) -> None:
        """A test split is often declared and kept back; without the others nothing can be done."""
        self.report(
            Fault(
                "listed-missing",
                f"{split} is {text!r:.200}, which is not in this folder",
                str(path),
                "Give a place seen from the folder of this file, or remove it",
                severity="warning" if split == "test" else "error",
            )
        )


def mirror(root: Path, folder: Path) -> Path:
    """The folder of labels of a folder of pictures: the last `images` becomes `labels`."""
    parts = list(folder.relative_to(root).parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    return root.joinpath(*parts)


def pictures_below(folder: Path) -> list[Path]:
    """All pictures below a folder in the order of their names; hidden ones are left out."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in IMAGE_SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    ]


def _split_of(folder: str) -> str | None:
    return split_of_name(re.sub(r"\d+$", "", folder))  # train2017


def _names(content: Mapping[str, Any], path: Path, report: Report) -> dict[int, str] | None:
    """Number → name, each name once."""
    given, count = content.get("names"), content.get("nc")
    if given is None:
        return None
    numbered = dict(enumerate(given)) if isinstance(given, list) else given
    if not isinstance(numbered, dict) or not numbered:
        raise DataError(
            f"'names' is {given!r:.100}; accepted are a list of names, or numbers with names",
            where=path,
            remedy="Write 'names: [apple, pear]' or 'names: {0: apple, 1: pear}'",
        )
    if len(numbered) > _MOST_NAMES:
        raise DataError(
            f"'names' holds {len(numbered):,} names; accepted are {_MOST_NAMES:,}",
            where=path,
            remedy="Is this the right file?",
        )
    names: dict[int, str] = {}
    taken: set[str] = set()
    for number, name in sorted(numbered.items(), key=lambda item: str(item[0]).zfill(20)):
        if type(number) is not int or number < 0 or type(name) not in (str, int) or name == "":
            raise DataError(
                f"'names' holds {number!r:.40}: {name!r:.40}; accepted are a number from 0 on and "
                "a text",
                where=path,
                remedy="Put the name into quotation marks if it means something else in YAML",
            )
        names[number] = _once(str(name), number, taken, path, report)
        taken.add(names[number])
    if count is not None and count != len(names):
        report(
            Fault(
                "bad-record",
                f"'nc' is {count!r:.40}, but {len(names)} classes are named",
                str(path),
                "Name all classes, or correct 'nc'",
            )
        )
    if sorted(names) != list(range(len(names))):
        text = f"class numbers with gaps: {listed(sorted(names))}"
        report(Fault("gaps-in-ids", text, str(path), "Check that none was forgotten"))
    return names


def _once(name: str, number: int, taken: set[str], path: Path, report: Report) -> str:
    if name not in taken:
        return name
    text = f"the class name {name!r:.40} stands twice"
    report(Fault("name-twice", text, str(path), "Give every class a name of its own"))
    return f"{name} ({number})"


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = parse_yaml(read_text(path, max_bytes=_MAX_YAML_BYTES))
    except ValueError as error:
        raise DataError(f"not readable as YAML: {error}", where=path) from None
    if not isinstance(content, dict):
        raise DataError(
            f"holds a {type(content).__name__}, not keys with values",
            where=path,
            remedy="Write 'names' and the folders of 'train' and 'val'",
        )
    return content


def _list_of(path: Path) -> list[str]:
    if path.suffix.lower() != ".txt":
        raise DataError(
            "is neither a folder nor a text file that lists pictures",
            where=path,
            remedy="Name the folder of the pictures in data.yaml",
        )
    return read_lines(path)
