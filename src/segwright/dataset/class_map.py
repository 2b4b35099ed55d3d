"""Classes renamed, merged and ignored: `--classes map.yaml`.

    vehicle: [car, bus]     # a new class of two old ones
    strasse: road           # another name
    ignore: [void, sky]     # nobody learns from these or is judged on them
    others: background      # what the map does not name: keep, ignore or background

Every class must be named, or `others` must say what becomes of the rest, so that a class that was
forgotten is not lost unnoticed. The background alone need not be named: it stays what it is. Ids
follow the order of the map, after the background unless the map names it; classes kept by
`others: keep` come last. A class may be of no old ones (`train: []`), so that data without it can
be compared with data that have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np

from segwright.errors import LabelError, UnknownNameError, UsageError
from segwright.formats.entry import LabelSource, listed
from segwright.formats.faults import Report, refuse
from segwright.formats.naming import means_ignored
from segwright.formats.strict_yaml import parse_yaml
from segwright.labels.classes import Classes
from segwright.labels.instances import Labels
from segwright.labels.label_map import LabelMap

Others = Literal["keep", "ignore", "background"]

_IGNORE, _OTHERS, _BACKGROUND = "ignore", "others", "background"
_MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class ClassMap:
    """Which classes become which.

    Attributes:
        groups: New name and the old names that it stands for, in the order of the new ids.
        ignore: Old names that become ignored.
        others: What becomes of classes that are not named; None if all must be.
    """

    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ignore: tuple[str, ...] = ()
    others: Others | None = None

    def __post_init__(self) -> None:
        named = [*self.ignore, *(old for _, olds in self.groups for old in olds)]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise UsageError(
                f"the class {twice[0]!r} stands in the map twice",
                where="--classes",
                remedy="Let every class become one thing",
            )

    @classmethod
    def read(cls, path: Path) -> ClassMap:
        """Reads a map file.

        Raises:
            UsageError: It cannot be read, is no YAML, or holds what a map cannot hold.
        """
        try:
            if path.stat().st_size > _MAX_BYTES:
                raise UsageError(
                    f"is larger than {_MAX_BYTES} bytes", where=path, remedy="Is this a class map?"
                )
            content = parse_yaml(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            raise UsageError(
                f"cannot be read as a class map: {error}",
                where=path,
                remedy="Give a YAML file such as: {vehicle: [car, bus], ignore: [sky]}",
            ) from None
        return cls.from_content(content, where=path)

    @classmethod
    def from_content(cls, content: object, *, where: object = "--classes") -> ClassMap:
        """A map from what YAML or JSON holds: new name → an old name, or several.

        Raises:
            UsageError: It holds what a map cannot hold.
        """
        if not isinstance(content, dict) or not content:
            raise UsageError(
                f"a class map holds {content!r:.60}; accepted are names with names",
                where=where,
                remedy="Write it like {vehicle: [car, bus], road: road, ignore: [void, sky]}",
            )
        content = dict(content)
        others = content.get(_OTHERS)
        if isinstance(others, str):
            if others not in get_args(Others):
                raise UnknownNameError("fate of others", others, get_args(Others), where=where)
            del content[_OTHERS]
        else:
            others = None
        ignore = _names(content.pop(_IGNORE, []), _IGNORE, where=where)
        groups = tuple(
            (_name(new, where=where), _names(olds, new, where=where))
            for new, olds in content.items()
        )
        return cls(groups, ignore, cast("Others | None", others))

    def to_content(self) -> dict[str, list[str] | str]:
        """What `from_content` reads back, as plain values."""
        content: dict[str, list[str] | str] = {new: list(olds) for new, olds in self.groups}
        if self.ignore:
            content[_IGNORE] = list(self.ignore)
        return content if self.others is None else {**content, _OTHERS: self.others}

    def complete(self, classes: Classes, *, where: object = "--classes") -> ClassMap:
        """The map with the fate of every class written out.

        Raises:
            UnknownNameError: It names a class that there is not.
            UsageError: It does not say what becomes of a class.
            LabelError: No class would remain.
        """
        named = [*self.ignore, *(old for _, olds in self.groups for old in olds)]
        for name in named:
            ignored_already = name in self.ignore and means_ignored(name)
            if name not in classes.names and not ignored_already:
                raise UnknownNameError("class", name, classes.names, where=where)
        groups = dict(self.groups)
        ignore = [name for name in self.ignore if name in classes.names]
        left = [name for name in classes.names if name not in named]
        background = None if classes.background is None else classes.names[classes.background]
        if background in left:
            left.remove(background)
            groups = _with_first(groups, background, [background, *groups.get(background, ())])
        if left and self.others is None:
            raise UsageError(
                f"the map does not say what becomes of {listed(left)}",
                where=where,
                remedy="Name them, or add 'others: keep', 'others: ignore' or 'others: background'",
            )
        if self.others == "ignore":
            ignore += left
        elif self.others == "background" and left:
            new = next((new for new, olds in groups.items() if background in olds), _BACKGROUND)
            groups = _with_first(groups, new, [*groups.get(new, ()), *left])
        else:
            for name in left:
                if name in groups:
                    raise UsageError(
                        f"{name!r} is the name of a new class and of one that is kept",
                        where=where,
                        remedy=f"Name {name!r} among the old classes of one of the new ones",
                    )
                groups[name] = (name,)
        if not groups:
            raise LabelError("no class remains", where=where, remedy="Keep one at least")
        return ClassMap(tuple(groups.items()), tuple(ignore))

    def limited_to(self, classes: Classes) -> ClassMap | None:
        """The map without the names that there are not; None if it does not name every class.

        So a map that was recorded with one dataset is applied to another: data that have the new
        names already are left as they are.
        """
        known = set(classes.names)
        named = {*self.ignore, *(old for _, olds in self.groups for old in olds)}
        if not known <= named:
            return None
        groups = ((new, tuple(old for old in olds if old in known)) for new, olds in self.groups)
        return ClassMap(tuple(groups), tuple(name for name in self.ignore if name in known))

    def applied_to(self, classes: Classes, *, where: object = "--classes") -> Reclassing:
        """The new classes, and which old id becomes which.

        Raises:
            UsageError, UnknownNameError, LabelError: As `complete`.
        """
        whole = self.complete(classes, where=where)
        names = [new for new, _ in whole.groups]
        new_id = {old: index for index, (_, olds) in enumerate(whole.groups) for old in olds}
        background = None
        if classes.background is not None:
            background = new_id.get(classes.names[classes.background])
        if background is None:  # a class that is called so is one, as in files
            background = next((i for i, n in enumerate(names) if n.lower() == _BACKGROUND), None)
        fresh = Classes.named(names, background=background)
        colours = tuple(
            classes.colours[classes.names.index(olds[0])] if olds else fresh.colours[index]
            for index, (_, olds) in enumerate(whole.groups)
        )
        new = Classes(fresh.names, colours, background)
        ids = tuple(new_id.get(name, new.ignore_index) for name in classes.names)
        return Reclassing(classes, new, ids)

    def __str__(self) -> str:
        """What becomes of what, in one line."""
        parts = [
            new if olds == (new,) else f"{new} = {' + '.join(olds) or 'nothing'}"
            for new, olds in self.groups
        ]
        parts += [f"ignored: {', '.join(self.ignore)}"] if self.ignore else []
        parts += [f"others: {self.others}"] if self.others else []
        return "; ".join(parts)


@dataclass(frozen=True)
class Reclassing:
    """A class map that met the classes of a dataset.

    Attributes:
        old: The classes of the labels as they are read.
        new: The classes that they get.
        ids: New id, or the new ignore index, of every old class.
    """

    old: Classes
    new: Classes
    ids: tuple[int, ...]

    def __call__(self, labels: Labels) -> Labels:
        """The labels with the new classes; no pixel and no shape is changed otherwise.

        Objects that become background stay, because they hide what lies under them.
        """
        if isinstance(labels, LabelMap):
            return LabelMap(self._table[labels.ids], self.new)
        objects = (replace(one, class_id=int(self._table[one.class_id])) for one in labels.objects)
        return labels.with_objects(objects, classes=self.new)

    @cached_property
    def _table(self) -> np.ndarray:
        """New id of every id that a label map can hold."""
        table = np.full(self.old.ignore_index + 1, self.new.ignore_index, dtype=self.new.dtype)
        table[: len(self.ids)] = self.ids
        return table


@dataclass(frozen=True)
class Reclassed:
    """Labels with other classes than their file gives them."""

    source: LabelSource
    change: Reclassing

    @property
    def paths(self) -> tuple[Path, ...]:
        return self.source.paths

    def read(self, report: Report = refuse) -> Labels:
        return self.change(self.source.read(report))


def _with_first(
    groups: Mapping[str, Sequence[str]], name: str, olds: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """The groups with one replaced where it stands, or else put before all others."""
    if name in groups:
        return {new: tuple(olds if new == name else had) for new, had in groups.items()}
    return {name: tuple(olds), **{new: tuple(had) for new, had in groups.items()}}


def _names(value: object, new: object, *, where: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(_name(one, where=f"{where}, {new}") for one in values)


def _name(value: object, *, where: object) -> str:
    """A class name; a whole number is one too."""
    if isinstance(value, str) or type(value) is int:
        return str(value)
    raise UsageError(
        f"{value!r:.60} is no class name", where=where, remedy='Put names in quotes: "no", "1.5"'
    )
