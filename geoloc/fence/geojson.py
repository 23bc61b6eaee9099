"""A GeoJSON reader that refuses what another reader could understand differently.

GDAL's reader takes NaN and Infinity as coordinates, the last of two equal keys, and large whole
numbers as floats. Here the first two are refused and the third is kept exactly. RFC 7946.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import numpy as np
import shapely

from geoloc.fence.child import Found, RefusedError

_DEPTH = {
    "Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2,
    "MultiPolygon": 3,
}  # fmt: skip
_CRS_NAME = re.compile(r"(?:urn:ogc:def:crs:)?(?:(EPSG):(?:[\d.]*:)?(\d{4,6})|OGC:[\d.]*:?(CRS84))")


def read(content: bytes, name: str) -> Found:
    """Return the features of a GeoJSON text, their geometry as WKB."""
    try:
        document = json.loads(
            content.decode("utf-8-sig"),
            object_pairs_hook=_distinct,
            parse_constant=_no_constant,
        )
    except ValueError as error:  # not JSON, or not UTF-8
        raise RefusedError(f"is no JSON: {str(error)[:120]}") from error
    if not isinstance(document, dict):
        raise RefusedError("is JSON, but not GeoJSON")
    crs, notes = _crs(document)
    features = [
        (_properties(feature), _geometry(feature.get("geometry"), f"feature {number}"))
        for number, feature in enumerate(_features(document), start=1)
    ]
    return Found(str(document.get("name") or name), crs, features, notes)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RefusedError(f"says {twice[:60]!r} twice in one place, and only one can be meant")
    return found


def _no_constant(word: str) -> NoReturn:
    raise RefusedError(f"holds the number {word}, which is none")


def _features(document: dict[str, Any]) -> list[dict[str, Any]]:
    kind = document.get("type")
    if kind == "FeatureCollection":
        features = document.get("features")
    elif kind == "Feature":
        features = [document]
    elif kind in _DEPTH or kind == "GeometryCollection":
        features = [{"type": "Feature", "properties": {}, "geometry": document}]
    else:
        raise RefusedError(f"is JSON of the type {str(kind)[:40]!r}, not GeoJSON")
    if not isinstance(features, list) or not all(isinstance(each, dict) for each in features):
        raise RefusedError("is GeoJSON whose features are no list of objects")
    return features


def _crs(document: dict[str, Any]) -> tuple[str, list[str]]:
    """Return the CRS: WGS 84, unless the file has the `crs` member of GeoJSON 2008."""
    stated = document.get("crs")
    if stated is None:
        return "EPSG:4326", []
    about = stated.get("properties") if isinstance(stated, dict) else None
    word = str(about.get("name")) if isinstance(about, dict) else json.dumps(stated)
    found = _CRS_NAME.fullmatch(word)
    if not found:
        raise RefusedError(f"has a CRS of its own that cannot be read: {word[:80]!r}")
    crs = "EPSG:4326" if found[3] else f"EPSG:{found[2]}"
    if crs == "EPSG:4326":
        return crs, []
    note = f"GeoJSON is WGS 84, but this file says {crs} (the crs member of 2008); that is taken."
    return crs, [note]


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    found = feature.get("properties") or {}
    if not isinstance(found, dict):
        raise RefusedError("has a feature whose properties are no object")
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
        for name, value in found.items()
    }


def _geometry(geometry: Any, where: str) -> bytes | None:
    return None if geometry is None else bytes(shapely.to_wkb(_shape(geometry, where)))


def _shape(geometry: Any, where: str) -> shapely.Geometry:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind == "GeometryCollection":
        parts = geometry.get("geometries")
        if not isinstance(parts, list):
            raise RefusedError(f"has a collection without geometries in {where}")
        return shapely.GeometryCollection([_shape(part, where) for part in parts])
    if kind not in _DEPTH:
        raise RefusedError(f"has a geometry of the type {str(kind)[:40]!r} in {where}")
    try:
        return _build(kind, geometry.get("coordinates"), where)
    except (TypeError, ValueError, OverflowError, shapely.GEOSException) as error:
        raise RefusedError(f"has coordinates that make no {kind} in {where}") from error


def _build(kind: str, coordinates: Any, where: str) -> shapely.Geometry:
    if kind == "Point":
        return shapely.Point(_points([coordinates], where)[0])
    if kind == "LineString":
        return shapely.LineString(_points(coordinates, where))
    if kind == "Polygon":
        return _polygon(coordinates, where)
    if kind == "MultiPoint":
        return shapely.MultiPoint(_points(coordinates, where))
    if kind == "MultiLineString":
        return shapely.MultiLineString([_points(part, where) for part in coordinates])
    return shapely.MultiPolygon([_polygon(part, where) for part in coordinates])


def _polygon(rings: Any, where: str) -> shapely.Polygon:
    shell, *holes = (_ring(ring, where) for ring in rings)
    return shapely.Polygon(shell, holes)


def _ring(ring: Any, where: str) -> np.ndarray[Any, Any]:
    points = _points(ring, where)
    if len(points) < 4 or not (points[0] == points[-1]).all():
        raise RefusedError(f"has a ring of {len(points)} points that is not closed in {where}")
    return points


def _points(positions: Any, where: str) -> np.ndarray[Any, Any]:
    """Return positions as lon and lat, shape (n, 2); heights are left out."""
    if not all(type(number) in (int, float) for point in positions for number in point[:2]):
        raise RefusedError(f"has a coordinate that is no number in {where}")
    points = np.array([point[:2] for point in positions], dtype=float)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise RefusedError(f"has a coordinate that is no finite number in {where}")
    return points
