"""What to predict: files, folders and patterns, walked one name at a time."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from segwright.errors import DataError, UsageError
from segwright.images import IMAGE_SUFFIXES


@dataclass(frozen=True)
class Input:
    """One image to predict.

    Attributes:
        path: The file.
        stem: Where its results go inside the output folder: its place below the folder that was
            given, with "/" between parts, without the suffix.
    """

    path: Path
    stem: str

    @property
    def name(self) -> str:
        """The stem with the suffix: the file's place below the folder that was given."""
        return self.stem + self.path.suffix


class Inputs:
    """The images below the given files, folders and patterns; every iteration walks anew.

    Folders are walked with all below them in the order of the names. Hidden files, files without
    the suffix of an image and the output folder are left out; a file that is named is taken
    whatever its suffix.

    Args:
        given: Files, folders, or patterns such as "photos/**/*.jpg".
        out: The output folder, which is not searched when it lies inside a given one.

    Raises:
        UsageError: One of `given` does not exist or matches no image.
    """

    def __init__(self, given: Sequence[str | Path], out: Path) -> None:
        self._given = list(given)
        self._out = os.path.realpath(out)
        for one in self._given:
            if next(self._below(one), None) is None:
                raise UsageError(
                    "no image is there"
                    if os.path.exists(one)
                    else "there is no such file or folder, and nothing matches it as a pattern",
                    where=one,
                    remedy=f"Name image files or folders of {', '.join(sorted(IMAGE_SUFFIXES))}",
                )

    def __iter__(self) -> Iterator[Input]:
        for one in self._given:
            yield from self._below(one)

    def _below(self, one: str | Path) -> Iterator[Input]:
        if os.path.isdir(one):
            yield from _walked(str(one), prefix="", apart=self._out)
        elif os.path.exists(one):
            yield _input(str(one), os.path.basename(one))
        else:
            yield from _matching(str(one))


def _matching(pattern: str) -> Iterator[Input]:
    """Image files that match; their place is seen from the part before the first wildcard."""
    fixed = pattern[: glob.escape(pattern).find("[")] if glob.has_magic(pattern) else pattern
    root = os.path.dirname(fixed) or "."
    for path in sorted(glob.iglob(pattern, recursive=True)):
        if _is_image(path) and os.path.isfile(path):
            yield _input(path, os.path.relpath(path, root))


def _walked(
    folder: str, *, prefix: str, apart: str, above: frozenset[str] = frozenset()
) -> Iterator[Input]:
    """Images in a folder, then in the folders below it.

    Args:
        folder: The folder.
        prefix: Its place below the folder that was given, ending in "/" unless empty.
        apart: Real path of a folder below it to leave out.
        above: Real paths of the folders it lies in, so that a link cannot lead round in circles.
    """
    here = os.path.realpath(folder)
    if here in above or (prefix and here == apart):
        return
    files, folders = _listed(folder)
    for name in files:
        yield _input(os.path.join(folder, name), prefix + name)
    for name in folders:
        yield from _walked(
            os.path.join(folder, name),
            prefix=f"{prefix}{name}/",
            apart=apart,
            above=above | {here},
        )


def _listed(folder: str) -> tuple[list[str], list[str]]:
    """Names of the images and of the folders in a folder, each sorted."""
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    folders.append(entry.name)
                elif _is_image(entry.name):
                    files.append(entry.name)
    except OSError as error:
        raise DataError(
            f"the folder cannot be listed ({error.strerror})",
            where=folder,
            remedy="Make it readable or name the files in another way",
        ) from error
    return sorted(files), sorted(folders)


def _is_image(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def _input(path: str, place: str) -> Input:
    return Input(Path(path), os.path.splitext(place)[0].replace(os.sep, "/"))
