"""A KML reader that reads every folder, keeps every named value, and follows no reference.

GDAL's readers open a KML file of 22 folders as 22 layers, of which many programs read the first,
and drop or rename values of `ExtendedData`. Here all placemarks make one layer, with their folder
as a property. XML that declares a document type or an entity is refused before anything of it is
expanded, so that expat (Python's own) cannot be made to read a file or to grow.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import shapely

from geoloc.fence import plain_xml
from geoloc.fence.child import Found, RefusedError
from geoloc.fence.kml_styles import Styles

_MOST_DEPTH, _MOST_ELEMENTS = 100, 1_000_000
_GEOMETRIES = {
    "Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack",
}  # fmt: skip
_TIMES = {
    ("when", "TimeStamp"): "timestamp",
    ("begin", "TimeSpan"): "begin",
    ("end", "TimeSpan"): "end",
}
_OVERLAYS = {"GroundOverlay", "ScreenOverlay", "PhotoOverlay"}
_SEPARATOR = re.compile(r"\s+")


class _BrokenError(Exception):
    """Why one placemark makes no shape; a phrase that follows its name."""


def read(content: bytes, name: str) -> Found:
    """Return all placemarks of a KML text as one layer, WGS 84, their geometry as WKB."""
    placemarks = _Placemarks()
    parser = plain_xml.parser()
    parser.buffer_text = True
    parser.StartElementHandler = placemarks.start
    parser.EndElementHandler = placemarks.end
    parser.CharacterDataHandler = placemarks.text
    plain_xml.parse(parser, content)
    return Found(name, "EPSG:4326", placemarks.styled(), placemarks.notes())


class _Placemarks:
    """What the parser meets, gathered placemark by placemark."""

    def __init__(self) -> None:
        self.features: list[tuple[dict[str, Any], bytes | str | None]] = []
        self._path: list[str] = []
        self._words: list[str] = []
        self._elements = self._links = self._closed = self._models = 0
        self._overlays: list[str] = []  # kinds and names of pictures laid on the ground
        self._styles, self._asked = Styles(), dict[int, str]()
        self._around: dict[str, str] = {}  # time and style, which an ExtendedData may also name
        self._folders: list[str] = []
        self._properties: dict[str, Any] | None = None  # None outside a placemark
        self._key: str | None = None
        self._stack: list[tuple[str, list[Any]]] = []  # open geometries and what they hold
        self._shapes: list[shapely.Geometry] = []
        self._broken = ""  # why the placemark makes no shape

    def notes(self) -> list[str]:
        """Return what a person should know."""
        said = {
            "{} ring(s) were not closed; their first point was added at the end.": self._closed,
            "{} link(s) to other files were not followed.": self._links,
            "{} tour(s) or model(s) were left out.": self._models,
        }
        notes = [text.format(count) for text, count in said.items() if count]
        if self._overlays:
            named = ", ".join(self._overlays[:5]) + (" …" if len(self._overlays) > 5 else "")
            notes.append(f"{len(self._overlays)} picture overlay(s) hold no shapes: {named}.")
        return notes

    def styled(self) -> list[tuple[dict[str, Any], bytes | str | None]]:
        """Return the features; shared styles may stand after the placemarks that ask for them."""
        for number, address in self._asked.items():
            found = self.features[number][0]
            for name, value in self._styles.named(address).items():
                found.setdefault(name, value)
        return self.features

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = plain_xml.local(name)
        self._path.append(tag)
        self._words = []
        self._elements += 1
        if len(self._path) > _MOST_DEPTH or self._elements > _MOST_ELEMENTS:
            raise RefusedError("is nested too deeply or holds too many elements")
        if tag in {"Folder", "Document"}:
            self._folders.append("")
        elif tag == "NetworkLink":
            self._links += 1
        elif tag == "Placemark":
            if self._properties is not None:
                raise RefusedError("has a placemark inside a placemark")
            self._properties, self._shapes, self._around = {}, [], {}
            self._stack, self._broken = [], ""
        elif tag in {"Data", "SimpleData"}:
            self._key = attributes.get("name")
        elif tag in {"Tour", "Model"}:
            self._models += 1
        elif tag in _OVERLAYS:
            self._overlays.append(tag)
        self._styles.start(tag, attributes, shared=self._properties is None)
        if self._properties is not None and (tag in _GEOMETRIES or tag.endswith("BoundaryIs")):
            self._stack.append((tag, []))

    def text(self, words: str) -> None:
        self._words.append(words)

    def end(self, name: str) -> None:
        tag, words = plain_xml.local(name), "".join(self._words).strip()
        self._path.pop()
        self._words = []
        parent = self._path[-1] if self._path else ""
        self._styles.end(tag, parent, words)
        if tag in {"Folder", "Document"}:
            self._folders.pop()
        elif tag == "name" and parent in {"Folder", "Document"}:
            self._folders[-1] = words
        elif tag == "name" and parent in _OVERLAYS:
            self._overlays[-1] += f" {words[:60]!r}"
        elif self._properties is not None:
            self._end_in_placemark(tag, parent, words)

    def _end_in_placemark(self, tag: str, parent: str, words: str) -> None:
        if tag == "Placemark":
            self._finish()
        elif tag in {"name", "description"} and parent == "Placemark":
            self._keep(tag, words)
        elif (tag, parent) in _TIMES:
            self._around[_TIMES[tag, parent]] = words
        elif tag == "styleUrl" and parent == "Placemark":
            self._asked[len(self.features)] = words
        elif (tag == "value" and parent == "Data") or tag == "SimpleData":
            self._keep(self._key, words)
        elif not self._broken:
            try:
                self._end_in_shape(tag, parent, words)
            except _BrokenError as error:
                self._broken = str(error)

    def _end_in_shape(self, tag: str, parent: str, words: str) -> None:
        if tag == "coordinates" and self._stack:
            self._stack[-1][1].append(self._points(words))
        elif tag == "coord" and parent == "Track":
            self._stack[-1][1].append(self._points(",".join(words.split())))
        elif self._stack and tag == self._stack[-1][0]:
            kind, parts = self._stack.pop()
            built = self._built(kind, parts)
            if not (self._stack and self._stack[-1][0].endswith("BoundaryIs")):
                built = _shape(built)
            held = self._stack[-1][1] if self._stack else self._shapes
            held.append(built)

    def _keep(self, key: str | None, words: str) -> None:
        """Keep a value under its own name; two values of one name cannot both be meant."""
        found = self._properties
        if not key or found is None:
            return
        if found.setdefault(key, words) != words:
            if {"name", "description"} & {key} and f"placemark_{key}" not in found:
                found[f"placemark_{key}"], found[key] = found[key], words
                return
            raise RefusedError(
                f"has a placemark with two values of {key[:60]!r}:"
                f" {found[key][:40]!r} and {words[:40]!r}"
            )

    def _finish(self) -> None:
        found, shapes = self._properties or {}, self._shapes
        folder = " / ".join(name for name in self._folders if name)
        for name, value in {"folder": folder, **self._around, **self._styles.own()}.items():
            found.setdefault(name, value)
        shape = shapes[0] if len(shapes) == 1 else shapely.GeometryCollection(shapes)
        drawn = bytes(shapely.to_wkb(shape)) if shapes else None
        self.features.append((found, self._broken or drawn))
        self._properties = None

    @property
    def _where(self) -> str:
        named = (self._properties or {}).get("name")
        return f"placemark {named[:60]!r}" if named else f"placemark {len(self.features) + 1}"

    def _points(self, words: str) -> np.ndarray[Any, Any]:
        """Return `lon,lat[,height]` tuples as lon and lat, shape (n, 2)."""
        tuples = _SEPARATOR.split(words) if words else []
        try:
            points = np.array([[float(x) for x in each.split(",")[:2]] for each in tuples])
        except ValueError as error:
            said = f"has coordinates that are no numbers: {words[:40]!r}"
            blank = "; KML has lon,lat without a blank" if re.search(r",\s|\s,", words) else ""
            raise _BrokenError(said + blank) from error
        if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
            raise _BrokenError(f"has coordinates that are no finite lon,lat: {words[:40]!r}")
        return points

    def _ring(self, points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        if not (points[0] == points[-1]).all():
            self._closed += 1
            points = np.vstack([points, points[:1]])
        if len(points) < 4:
            raise _BrokenError(f"has a ring of {len(points) - 1} points")
        return points

    def _built(self, kind: str, parts: list[Any]) -> Any:
        """Return a geometry from what its element held."""
        if kind in ("MultiGeometry", "MultiTrack"):
            return _multi(parts)
        if kind == "Track":
            return _line(parts)
        if kind == "Polygon":
            rings = [ring for _, ring in sorted(parts, key=lambda part: part[0])]
            outer = sum(1 for order, _ in parts if order == 0)
            if outer != 1:
                raise RefusedError(f"has a polygon with {outer} outer rings in {self._where}")
            return shapely.Polygon(rings[0], rings[1:])
        if len(parts) != 1 and not kind.endswith("BoundaryIs"):
            raise RefusedError(f"has a {kind} without coordinates in {self._where}")
        if kind == "outerBoundaryIs":
            return (0, self._only(parts))
        if kind == "innerBoundaryIs":
            return (1, self._only(parts))
        if kind == "LinearRing":
            return self._ring(parts[0])
        if kind == "Point":
            return shapely.Point(parts[0][0])
        if len(parts[0]) < 2:
            raise _BrokenError("has a line of one point")
        return shapely.LineString(parts[0])

    def _only(self, parts: list[Any]) -> Any:
        if len(parts) != 1:
            raise RefusedError(f"has a boundary with {len(parts)} rings in {self._where}")
        return parts[0]


def _shape(built: Any) -> shapely.Geometry:
    """Return a ring that is no polygon's as the line that it is."""
    return shapely.LineString(built) if isinstance(built, np.ndarray) else built


def _line(points: list[Any]) -> shapely.Geometry:
    """Return the positions of a track as a line; a track of one is a point."""
    corners = np.vstack(points) if points else np.empty((0, 2))
    return shapely.Point(corners[0]) if len(corners) == 1 else shapely.LineString(corners)


def _multi(parts: list[Any]) -> shapely.Geometry:
    polygons = [part for part in parts if isinstance(part, shapely.Polygon)]
    if polygons and len(polygons) == len(parts):
        return shapely.MultiPolygon(polygons)
    return shapely.GeometryCollection([p for p in parts if isinstance(p, shapely.Geometry)])
