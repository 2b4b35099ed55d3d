"""Finds out which folders hold pictures and which hold their masks.

Folders are told by their names (`mask_roles`); files beside each other by the words at the ends of
their names. What fits two ways is a fault of kind "layout" that says what to write into
`dataset.yaml`; nothing is chosen by chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from segwright.formats.entry import SPLIT_ORDER, listed
from segwright.formats.faults import Fault
from segwright.formats.masks.beside import ambiguous, parts_beside, parts_of_roles
from segwright.formats.masks.roles import Role, read_name
from segwright.formats.masks.side_by_side import chosen_by_pattern
from segwright.formats.masks.sources import (
    Folders,
    Layout,
    Part,
    PictureFolders,
    SideBySide,
    Source,
    folders_in,
    has_pictures,
    pictures_below,
)

_MOST_FOLDERS_DEEP = 6


def find_layout(root: Path, declared: Mapping[Role, str] | None = None) -> Layout:
    """Finds all parts of a dataset by the names of its folders and files.

    Args:
        root: The dataset's folder.
        declared: Role → a folder, by its place below the dataset's folder or its name alone, or a
            pattern of file names; roles that are not declared are found by name.
    """
    found = _declared(root, declared) if declared else _below(root, depth=0)
    if not found.parts:
        return found if found.faults else _masks_alone(root)
    faults = list(found.faults)
    if found.bare:
        faults.append(_unlabelled(root, found))
    parts = [
        part if part.is_undivided else replace(part, split=part.split or _split_above(root, part))
        for part in found.parts
    ]
    undivided = [part for part in parts if not part.split and not part.is_undivided]
    if undivided and len({part.split for part in parts}) > 1:
        faults.append(_strangers(root, undivided))
        parts = [part for part in parts if part not in undivided]
    return Layout(tuple(_ordered(_prefixed(root, parts))), tuple(faults))


def _declared(root: Path, declared: Mapping[Role, str]) -> Layout:
    """The parts of a dataset whose folders or files are declared."""
    for role, place in declared.items():
        if PurePosixPath(place).is_absolute() or ".." in PurePosixPath(place).parts:
            problem = f"{role!r} is {place!r}, which is no folder in the dataset"
            return Layout((), (Fault("layout", problem, str(root), "Name a folder in it"),))
    if any(mark in place for place in declared.values() for mark in "*?"):
        return _by_pattern(root, declared)
    layouts = [
        parts_of_roles(
            base,
            {role: base / place for role, place in declared.items() if (base / place).is_dir()},
        )
        for base in (root, *_folders_below(root, depth=0))
        if any((base / place).is_dir() for place in declared.values())
    ]
    if not layouts:
        places = " or ".join(repr(place) for place in declared.values())
        names = listed(folder.name for folder in folders_in(root))
        problem = f"has no folder {places}; its folders are {names or 'none'}"
        return Layout((), (Fault("layout", problem, str(root), "Correct dataset.yaml"),))
    return _joined(layouts)


def _by_pattern(root: Path, declared: Mapping[Role, str]) -> Layout:
    patterns: dict[Role, str] = {"images": "*", **declared}
    for role, place in declared.items():
        if (root / place).is_dir():
            patterns[role] = f"{place}/*"
    source = chosen_by_pattern(root, patterns)
    empty: list[Role] = [role for role, files in source.files.items() if not files]
    if empty:
        problem = f"{empty[0]!r} is {patterns[empty[0]]!r}, which no picture matches"
        return Layout((), (Fault("layout", problem, str(root), "Correct dataset.yaml"),))
    return Layout((Part(root, source),))


def _folders_below(folder: Path, *, depth: int) -> Iterator[Path]:
    if depth <= _MOST_FOLDERS_DEEP:
        for child in folders_in(folder):
            yield child
            yield from _folders_below(child, depth=depth + 1)


def _joined(layouts: Sequence[Layout]) -> Layout:
    return Layout(
        tuple(part for layout in layouts for part in layout.parts),
        tuple(fault for layout in layouts for fault in layout.faults),
        tuple(path for layout in layouts for path in layout.bare),
    )


def _below(folder: Path, *, depth: int) -> Layout:
    """The parts in a folder and, if it has none itself, in the folders within it."""
    if depth > _MOST_FOLDERS_DEEP:
        return Layout()
    children = folders_in(folder)
    here = parts_beside(folder, children)
    if here:
        used = {path for part in here.parts for path in _folders_of(part.source)}
        free = [child for child in children if not used & {child, *child.parents}]
        inner = [child for child in free if parts_beside(child, folders_in(child)).parts]
        if (
            inner
            and here.parts
            and not any(child in path.parents for child in inner for path in used)
        ):
            return replace(here, faults=(*here.faults, _both(folder, here.parts[0], inner)))
        return here
    inner_layouts = [_below(child, depth=depth + 1) for child in children]
    merged = _picture_folders(folder, inner_layouts)
    if merged is not None:
        return merged
    joined = _joined(inner_layouts)
    for child, layout in zip(children, inner_layouts, strict=True):
        if read_name(child.name).role == "images" and not layout and has_pictures(child):
            return replace(joined, bare=(*joined.bare, folder))
    return joined


def _picture_folders(folder: Path, layouts: Sequence[Layout]) -> Layout | None:
    """One part instead of many that hold a single picture each, in a folder of its own."""
    parts = [part for layout in layouts for part in layout.parts]
    units: dict[str, Folders | SideBySide] = {}
    stems = set()
    for part in parts:
        stem = _only_picture(part.source)
        own_folder = part.where.parent == folder and not part.split and not part.prefix
        if stem is None or not own_folder or isinstance(part.source, PictureFolders):
            return None
        if read_name(part.where.name).is_split:
            return None
        units[part.where.name] = part.source
        stems.add("" if stem == part.where.name else stem)
    if len(units) < 2 or len(stems) > 1:
        return None
    bare = tuple(path for layout in layouts for path in layout.bare)
    return Layout((Part(folder, PictureFolders(folder, units)),), (), bare)


def _only_picture(source: Source) -> str | None:
    """The name of the one picture of a part; None if there are several."""
    if isinstance(source, SideBySide):
        names = [Path(name).name for name in source.files["images"]]
    elif isinstance(source, Folders):
        found = pictures_below(source.folders["images"])
        names = [path.stem for path, _ in zip(found, range(2), strict=False)]
    else:
        return None
    return names[0] if len(names) == 1 else None


def _split_above(root: Path, part: Part) -> str | None:
    """The split that the nearest folder above a part is named after."""
    for name in reversed(part.where.relative_to(root).parts):
        if (found := read_name(name)).is_split:
            return found.split
    return None


def _prefixed(root: Path, parts: Sequence[Part]) -> list[Part]:
    """The parts with the names of the folders in which they differ, splits left out, as prefix."""
    places = []
    for part in parts:
        names = part.where.relative_to(root).parts
        places.append([n for n in names if not read_name(n).is_split])
    shared = 0
    while all(shared < len(place) and place[shared] == places[0][shared] for place in places):
        shared += 1
    return [
        replace(part, prefix="".join(f"{name}/" for name in place[shared:]) + part.prefix)
        for part, place in zip(parts, places, strict=True)
    ]


def _ordered(parts: Sequence[Part]) -> list[Part]:
    return sorted(
        parts, key=lambda part: (SPLIT_ORDER[part.split], part.where.as_posix(), part.prefix)
    )


def _unlabelled(root: Path, found: Layout) -> Fault:
    places = found.parts[0].source.places()
    masks = Path(places.get("masks") or places.get("instances", "masks")).name
    bare = [path.relative_to(root).as_posix() for path in found.bare]
    within = [c.name for c in folders_in(found.bare[0]) if read_name(c.name).role == "images"]
    return Fault(
        "layout",
        f"{listed(bare)} has {within[0]!r} but no {masks!r}",
        str(root),
        "Give every part of the dataset both pictures and masks, and move others away",
    )


def _strangers(root: Path, parts: Sequence[Part]) -> Fault:
    names = [part.where.relative_to(root).as_posix() for part in parts]
    return Fault(
        "layout",
        f"{listed(dict.fromkeys(names))} lies beside the splits and is none",
        str(root),
        "Name every folder of a split train, val or test, give it both pictures and masks, and "
        "move others away",
    )


def _masks_alone(root: Path) -> Layout:
    """A fault if there are masks, and pictures in a folder whose name does not say so."""
    children = [child for child in folders_in(root) if has_pictures(child)]
    masks = [child for child in children if read_name(child.name).role in ("masks", "instances")]
    others = [child for child in children if read_name(child.name).role is None]
    return Layout((), (ambiguous(root, others, masks),)) if masks and others else Layout()


def _both(folder: Path, part: Part, inner: Sequence[Path]) -> Fault:
    places = part.source.places()
    names = " and ".join(repr(Path(place).name) for place in places.values())
    return Fault(
        "layout",
        f"has {names} both itself and in {listed(child.name for child in inner)}",
        str(folder),
        "Keep one of the two layouts",
    )


def unused_folders(root: Path, parts: Sequence[Part]) -> list[Path]:
    """Folders beside those of the parts that hold pictures too."""
    used = {folder for part in parts for folder in _folders_of(part.source)}
    beside = {child for folder in used if folder != root for child in folders_in(folder.parent)}
    known = used | {parent for folder in used for parent in folder.parents}
    return sorted(
        one
        for one in beside
        if one not in known and not used & {*one.parents} and has_pictures(one)
    )


def _folders_of(source: Source) -> list[Path]:
    if isinstance(source, Folders):
        return list(source.folders.values())
    return [source.folder]
