"""GeoJSON: the areas of one picture, in its pixels (QuPath) or in map coordinates (GeoTIFF).

A file is in pixels if it bears QuPath's marks (`objectType`, `classification`), or if it names no
coordinate system and the picture has none. Otherwise its coordinate system must be the picture's:
nothing is reprojected, and nothing is guessed. A file that names none is in WGS 84 by RFC 7946.

Sources: RFC 7946; the `crs` member of GeoJSON 2008; https://qupath.readthedocs.io/en/stable/docs/
advanced/exporting_annotations.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segwright.errors import LabelError
from segwright.formats.drawing import Drawing
from segwright.formats.drawn import DrawnLabels
from segwright.formats.faults import Fault
from segwright.formats.geojson.classes import ClassRule, classification
from segwright.formats.strict_json import read_json
from segwright.images.georeference import Georeference, read_georeference
from segwright.labels.clipping import clipped
from segwright.labels.instances import Instance
from segwright.labels.shapes import Polygon, Polygons

_WGS84 = 4326
_CRS_NAME = re.compile(r"(?:urn:ogc:def:crs:)?EPSG:[\d.]*:?(\d+)", re.IGNORECASE)
_CRS84 = re.compile(r"(?:urn:ogc:def:crs:)?OGC:[\d.]*:?CRS84", re.IGNORECASE)
# What is written from `Instance` itself, and a type that says nothing.
_OWN_KEYS = frozenset(("classification", "isCrowd", "score"))
_PLAIN = ("objectType", "annotation")

Record = dict[str, Any]


class _Unusable(Exception):
    """What is wrong with a feature: kind of fault, problem, remedy."""


@dataclass(frozen=True)
class GeoJsonFile:
    """What one GeoJSON file says.

    Attributes:
        path: The file.
        features: Its features, of which nothing is known yet.
        crs: What it says about its coordinate system; None if nothing.
    """

    path: Path
    features: Sequence[object]
    crs: object = None

    @property
    def records(self) -> list[Record]:
        """The features that are records."""
        return [one for one in self.features if isinstance(one, dict)]

    @property
    def is_in_pixels(self) -> bool:
        """Whether it bears the marks of QuPath, which counts in pixels."""
        return any(
            "objectType" in (found := properties_of(one)) or classification(found) is not None
            for one in self.records
        )

    @property
    def epsg(self) -> int | None:
        """The EPSG code of its coordinate system; WGS 84 if it names none, None if unknown."""
        if self.crs is None:
            return _WGS84
        properties = self.crs.get("properties") if isinstance(self.crs, dict) else None
        name = properties.get("name") if isinstance(properties, dict) else None
        if not isinstance(name, str) or len(name) > 100:
            return None
        match = _CRS_NAME.fullmatch(name)
        return int(match[1]) if match else _WGS84 if _CRS84.fullmatch(name) else None


def read_geojson(path: Path) -> GeoJsonFile:
    """Reads a file: a FeatureCollection, one Feature, or a list of features (older QuPath).

    Raises:
        LabelError: It is no JSON, or none of these.
    """
    content = read_json(path)
    if isinstance(content, list):
        return GeoJsonFile(path, content)
    if isinstance(content, dict):
        features = [content] if content.get("type") == "Feature" else content.get("features")
        if isinstance(features, list):
            return GeoJsonFile(path, features, content.get("crs"))
    raise LabelError(
        "is no GeoJSON with features",
        where=path,
        remedy="Give a FeatureCollection with 'features'",
    )


def properties_of(feature: Record) -> Record:
    """The properties of a feature; empty if it has none."""
    properties = feature.get("properties")
    return properties if isinstance(properties, dict) else {}


@dataclass(frozen=True)
class GeoJsonLabels(DrawnLabels):
    """The labels of one picture, in pixels.

    Attributes:
        rule: How a feature's class is found.
    """

    rule: ClassRule

    def draw(self, drawing: Drawing) -> None:
        file = read_geojson(self.path)
        georeference = None
        if file.features and not file.is_in_pixels:
            georeference = read_georeference(self.image)
            if problem := _mismatch(file, georeference):
                remedy = (
                    "Export the labels in the coordinate system of the picture and name it in "
                    "'crs', or give them in pixels with QuPath's 'objectType'"
                )
                drawing.give_up("wrong-crs", problem, remedy)
        for number, feature in enumerate(file.features):
            self._add(feature, f"feature {number}", georeference, drawing)

    def _add(
        self, feature: object, name: str, georeference: Georeference | None, drawing: Drawing
    ) -> None:
        try:
            if not isinstance(feature, dict):
                raise _Unusable("bad-record", f"is {feature!r:.60}", "Give a Feature {…}")
            name = f"{name} ({feature['id']})" if _is_name(feature.get("id")) else name
            properties = properties_of(feature)
            class_id = self._class_of(properties)
            shape = _read_geometry(feature.get("geometry"))
            if georeference is not None:
                shape = _on_picture(shape, georeference, drawing.size_hw)
            score = _score(properties)
        except _Unusable as fault:
            drawing.fault(*fault.args, name=name)
            return
        if not shape.parts:
            problem = "lies outside the picture"
            drawing.report(
                Fault(
                    "wholly-outside",
                    problem,
                    f"{drawing.where}, {name}",
                    "Nothing, if the file is about more than this picture",
                    self.key,
                    severity="note",
                )
            )
            return
        attributes = {
            key: value
            for key, value in properties.items()
            if key not in _OWN_KEYS and (key, value) != _PLAIN
        }
        if "nucleusGeometry" in feature:
            attributes["nucleusGeometry"] = feature["nucleusGeometry"]
        is_crowd = properties.get("isCrowd") is True
        drawing.add(Instance(class_id, shape, is_crowd, score, name, attributes))

    def _class_of(self, properties: Record) -> int:
        name = self.rule.name_of(properties)
        if name is None:
            problem = f"has no {self.rule.property_name!r}, which names the class of others"
            raise _Unusable("bad-record", problem, "Name its class")
        if name not in self.id_of:
            problem = f"is of the class {name!r:.60}, which the dataset does not have"
            raise _Unusable("unknown-class", problem, "Name it in dataset.yaml, or correct it")
        return self.id_of[name]


def _is_name(value: object) -> bool:
    return isinstance(value, str | int) and 0 < len(str(value)) <= 40


def _score(properties: Record) -> float | None:
    score = properties.get("score")
    if isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1:
        return float(score)
    if score is None:
        return None
    problem = f"has the score {score!r:.40}"
    raise _Unusable("bad-record", problem, "Give a number between 0 and 1")


def _mismatch(file: GeoJsonFile, georeference: Georeference | None) -> str | None:
    """Why a file and its picture do not have the same coordinate system; None if they have."""
    if georeference is None and file.crs is None:
        return None
    if georeference is None:
        return f"is in map coordinates ({file.crs!r:.100}), but the picture has no georeference"
    if file.epsg is None:
        return f"has the coordinate system {file.crs!r:.100}, which has no EPSG code"
    if file.epsg == georeference.epsg:
        return None
    its = georeference.epsg
    picture = "a coordinate system without EPSG code" if its is None else f"EPSG:{its}"
    implied = " (it names none, which means WGS 84)" if file.crs is None else ""
    return f"is in EPSG:{file.epsg}{implied}, but the picture is in {picture}"


def _read_geometry(geometry: object) -> Polygons:
    """The areas of a geometry; raises `_Unusable`."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if geometry is None:
        raise _Unusable("not-an-area", "has no geometry", "Draw it, or remove it")
    if not isinstance(geometry, dict) or not isinstance(kind, str):
        raise _Unusable("bad-record", f"has the geometry {geometry!r:.60}", "Give its 'type'")
    if kind in ("Point", "MultiPoint", "LineString", "MultiLineString"):
        raise _Unusable("not-an-area", f"is a {kind}", "Draw its outline, or leave it out")
    content = geometry.get("geometries" if kind == "GeometryCollection" else "coordinates")
    if kind not in ("Polygon", "MultiPolygon", "GeometryCollection"):
        problem = f"has a geometry of the type {kind!r:.40}"
        raise _Unusable("bad-record", problem, "Give a Polygon or MultiPolygon")
    if not isinstance(content, list):
        problem = f"is a {kind} of {content!r:.60}"
        raise _Unusable("bad-record", problem, "Give lists of [x, y]")
    if kind == "GeometryCollection":
        return Polygons(tuple(part for one in content for part in _read_geometry(one).parts))
    return Polygons(tuple(map(_read_polygon, [content] if kind == "Polygon" else content)))


def _read_polygon(rings: object) -> Polygon:
    read = list(map(_read_ring, rings)) if isinstance(rings, list) else []
    if not read:
        raise _Unusable("too-few-vertices", f"has a polygon {rings!r:.60}", "Give its outer ring")
    return Polygon(read[0], tuple(read[1:]))


def _read_ring(ring: object) -> np.ndarray:
    """The vertices of one ring, (P, 2) float64, without the repeated first one."""
    remedy = "Give a list of [x, y] pairs of numbers"
    if not isinstance(ring, list):
        raise _Unusable("bad-record", f"has a ring {ring!r:.60}", remedy)
    for place in ring:
        if not isinstance(place, list) or len(place) < 2 or not set(map(type, place)) <= _NUMBERS:
            raise _Unusable("bad-record", f"has the vertex {place!r:.60}", remedy)
    if ring and ring[0][:2] == ring[-1][:2]:
        ring = ring[:-1]
    if len(ring) < 3:
        problem = f"has a ring of {len(ring)} vertices"
        raise _Unusable("too-few-vertices", problem, "Draw at least 3")
    return np.array([place[:2] for place in ring], dtype=np.float64)


_NUMBERS = frozenset((int, float))


def _on_picture(shape: Polygons, georeference: Georeference, size_hw: tuple[int, int]) -> Polygons:
    """Map to pixels; what lies far outside the picture is cut off, for a map has no border."""

    def parts() -> Iterator[Polygon]:
        for part in shape.parts:
            rings = [georeference.to_pixels(ring) for ring in (part.exterior, *part.holes)]
            exterior, *holes = (clipped(ring, size_hw) for ring in rings)
            if len(exterior):
                yield Polygon(exterior, tuple(hole for hole in holes if len(hole)))

    return Polygons(tuple(parts()))
