"""Datasets that are pictures and GeoJSON.

    DATA/…/X.tif + DATA/…/X.geojson      one file for each picture, beside it or in another folder
    DATA/ANY.tif + DATA/ANY.geojson      one picture and its labels

Files of QuPath and files over GeoTIFFs look the same from outside; see `formats.geojson.file`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from segwright.errors import DataError, LabelError
from segwright.formats.entry import (
    Collection,
    Entry,
    Undecided,
    listed,
    split_of_name,
    with_unique_keys,
)
from segwright.formats.faults import Fault, fault_of
from segwright.formats.format import Format, Opening
from segwright.formats.geojson.classes import classification, colour_of, find_rule
from segwright.formats.geojson.file import GeoJsonLabels, properties_of, read_geojson
from segwright.formats.geojson.writing import GEOJSON_LOSSES, write_geojson
from segwright.formats.json_head import first_keys
from segwright.formats.masks.pairing import pictures_in
from segwright.formats.objects import name_objects
from segwright.formats.references import in_order


def has_geojson(root: Path) -> bool:
    """Whether a folder holds GeoJSON: a file called so, or a FeatureCollection called .json."""
    if any(_visible(root.rglob("*.geojson"), root)):
        return True
    folders = [root, *(path for path in sorted(root.iterdir()) if path.is_dir())]
    # Of each folder one file is looked at: where there are thousands, all are of one kind.
    samples = (next(_visible(folder.glob("*.json"), root), None) for folder in folders)
    return any(_is_collection(path) for path in samples if path)


def _is_collection(path: Path) -> bool:
    return first_keys(path).get("type") in ("FeatureCollection", "Feature")


def _visible(paths: Iterator[Path], root: Path) -> Iterator[Path]:
    return (
        path for path in paths if not any(p.startswith(".") for p in path.relative_to(root).parts)
    )


def open_geojson_folders(opening: Opening) -> Collection:
    """Pairs pictures with their files, and finds the classes in those that are not of a test split.

    Raises:
        DataError: No picture has labels.
        LabelError: What `opening.report` raises.
        UnknownNameError: As `find_rule` and `name_objects`.
    """
    root = opening.root
    entries = opening.assign(with_unique_keys(_entries(opening)))
    looked_at = [entry for entry in entries if entry.split != "test"] or list(entries)
    features, unreadable = _properties(looked_at, opening)
    rule = find_rule(features, opening.settings, where=root)
    names = dict.fromkeys(filter(None, map(rule.name_of, features)))
    if not names and opening.settings.classes is None:
        raise DataError("no file holds a feature", where=root, remedy="Draw at least one object")
    colours = {}
    for one in features:
        if (name := classification(one)) and (colour := colour_of(one)):
            colours.setdefault(name, colour)
    naming = name_objects(list(names), opening.settings, where=root, colours=colours)
    decided = []
    for entry in entries:
        path = entry.labels.paths[0]
        labels = GeoJsonLabels(path, entry.image, naming.classes, naming.id_of, entry.key, rule)
        if path not in unreadable:
            decided.append(replace(entry, labels=labels))
    notes = [f"{len(features)} features in GeoJSON. {rule.note}"]
    if naming.ignored:
        notes.append(f"Ignored: {listed(naming.ignored)}.")
    return Collection(naming.classes, tuple(decided), tuple(notes))


def _properties(
    entries: Sequence[Entry], opening: Opening
) -> tuple[list[Mapping[str, Any]], set[Path]]:
    """The properties of all features, and the files that cannot be read."""
    features: list[Mapping[str, Any]] = []
    unreadable: set[Path] = set()
    for entry in entries:
        path = entry.labels.paths[0]
        try:
            features += map(properties_of, read_geojson(path).records)
        except LabelError as error:
            unreadable.add(path)
            opening.report(fault_of(error, "unreadable-labels", where=path, key=entry.key))
    return features, unreadable


def _entries(opening: Opening) -> list[Entry]:
    """Every picture with its file; reports those without a partner."""
    root = opening.root
    pictures, _ = pictures_in(root)
    files = sorted(_visible(root.rglob("*.geojson"), root))
    files += [path for path in sorted(_visible(root.rglob("*.json"), root)) if _is_collection(path)]
    partner_of = _pairs(pictures, files, root)
    entries = [
        Entry(
            key,
            image,
            Undecided((partner_of[key],)),
            _split_of(image.relative_to(root)),
            image.parent.relative_to(root).as_posix(),
        )
        for key, image in pictures.items()
        if key in partner_of
    ]
    bare = [key for key in pictures if key not in partner_of]
    orphans = sorted(set(files) - set(partner_of.values()))
    if not entries:
        raise DataError(
            f"none of {len(pictures)} pictures has one of the {len(files)} GeoJSON files: "
            f"{listed([*bare, *(path.name for path in orphans)])}",
            where=root,
            remedy="Give picture and labels the same name, as in a.tif and a.geojson",
        )
    remedy = "Give picture and labels the same name (a file without features if nothing is on it)"
    if bare:
        problem = f"{len(bare)} of {len(pictures)} pictures have no GeoJSON: {listed(bare)}"
        opening.report(Fault("image-without-labels", problem, str(root), remedy))
    if orphans:
        problem = f"{len(orphans)} of {len(files)} GeoJSON files have no picture: "
        problem += listed(path.relative_to(root) for path in orphans)
        opening.report(Fault("labels-without-image", problem, str(root), remedy))
    return in_order(entries)


def _pairs(pictures: Mapping[str, Path], files: Sequence[Path], root: Path) -> Mapping[str, Path]:
    """Picture key → its file: the one beside it, or the only one of its name anywhere."""
    if len(pictures) == len(files) == 1:
        return {next(iter(pictures)): files[0]}
    beside = {path.relative_to(root).with_suffix("").as_posix(): path for path in files}
    pairs = {key: beside[name] for key in pictures for name in _names(key) if name in beside}
    free = [path for path in files if path not in pairs.values()]
    by_stem: dict[str, list[Path]] = {}
    for path in free:
        by_stem.setdefault(path.stem, []).append(path)
    stems = [Path(key).name for key in pictures if key not in pairs]
    for key in pictures:
        stem = Path(key).name
        if key not in pairs and len(by_stem.get(stem, ())) == 1 and stems.count(stem) == 1:
            pairs[key] = by_stem[stem][0]
    return pairs


def _names(key: str) -> tuple[str, ...]:
    """What the file of a picture may be called; that of a.ome.tif also a.geojson."""
    return (key.removesuffix(".ome"), key)


def _split_of(place: Path) -> str | None:
    """The split that one of the folders above a file is named after."""
    return next(filter(None, map(split_of_name, place.parts[:-1])), None)


GEOJSON = Format(
    title="GeoJSON",
    layout="X.tif + X.geojson, of QuPath in pixels or of a GeoTIFF in map coordinates",
    found_in=has_geojson,
    open=open_geojson_folders,
    write=write_geojson,
    loses=GEOJSON_LOSSES,
    source="RFC 7946; https://qupath.readthedocs.io/en/stable/docs/advanced/"
    "exporting_annotations.html",
)
