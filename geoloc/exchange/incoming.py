"""Shapes from outside, through the fence and then checked: CRS, axes, numbers, validity, size.

Nothing is mended, swapped or left out in silence: each feature says what is wrong with it, and what
can be done, and everything that was read is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geoloc import fence, geo
from geoloc.boundaries.coverage import mended, polygons_of
from geoloc.errors import CRSError, InputError
from geoloc.exchange import gpx
from geoloc.exchange.drawn import derived
from geoloc.exchange.taken import Repair, Taken, TakenFeature, TakenLayer

LARGEST_KM2 = 10_000.0  # Kabul province has 4,500
_NAMES = ("name", "title", "label", "placemark_name", "نام", "اسم")


def read_shapes(
    path: Path, *, crs: str | None = None, repair: bool = False, swap: bool = False
) -> Taken:
    """Read every layer of a vector file from outside, and check every feature.

    Parameters
    ----------
    path : Path
        GeoJSON, KML, KMZ, GeoPackage, zipped Shapefile, FlatGeobuf, GeoParquet or GPX, told by
        its content.
    crs : str, optional
        `EPSG:n` of the coordinates, where the file does not say or says it wrongly.
    repair : bool
        Whether to mend shapes that are not valid; `repaired` says what that changed.
    swap : bool
        Whether latitude comes first in the file.

    Returns
    -------
    Taken
        Geometry in WGS 84, (lon, lat). A feature with a `problem` says what is wrong and what to
        do; it is `usable` if that is only a warning.

    Raises
    ------
    FenceError
        If the file is not let in.
    CRSError
        If it does not say its CRS and `crs` is not given, or there is no such CRS.
    """
    layers = fence.read_outside(path)
    kind = _kind(Path(path), layers)
    taken = [_layer(layer, crs, repair=repair, swap=swap) for layer in layers]
    if kind == "gpx":  # GDAL has a layer of each kind, empty or not
        taken = [layer for layer in taken if layer.features]
    return Taken(fence.whole_text(Path(path).name), kind, tuple(taken), tuple(_notes(taken)))


def _kind(path: Path, layers: tuple[fence.OutsideLayer, ...]) -> str:
    """Return a file's kind in words: the fence tells XML and archives apart only inside."""
    kind = fence.sniff(path)
    if kind == "xml":
        return "gpx" if {layer.name for layer in layers} >= {"waypoints", "tracks"} else "kml"
    return "kmz" if kind == "zip" and path.suffix.lower() == ".kmz" else kind


def _layer(layer: fence.OutsideLayer, crs: str | None, *, repair: bool, swap: bool) -> TakenLayer:
    notes = list(layer.notes)
    shapes = shapely.force_2d(layer.geometries(skip_broken=True))
    if swap:
        shapes = shapely.transform(shapes, lambda points: points[:, ::-1])
        notes.append("Latitude stood first; the axes are swapped, as asked for.")
    shapes = _in_degrees(shapes, layer, crs, notes)
    features = tuple(
        _feature(layer, number, properties, shape, repair=repair)
        for number, (properties, shape) in enumerate(
            zip(layer.properties, shapes, strict=True), start=1
        )
    )
    notes += _counts(features)
    return TakenLayer(layer.name, features, tuple(notes))


def _in_degrees(shapes: Any, layer: fence.OutsideLayer, crs: str | None, notes: list[str]) -> Any:
    """Return the shapes in WGS 84; what the file says of its CRS is honoured and told."""
    stated = crs or layer.crs
    if not len(shapes):
        return shapes
    if stated is None:
        raise CRSError(
            f"Layer {layer.name[:60]!r} does not say its coordinate reference system; name it with"
            " --crs, e.g. --crs EPSG:32642, after asking whoever made the file."
        )
    if crs and layer.crs and crs.upper() != layer.crs.upper():
        notes.append(f"The file says its CRS is {_short(layer.crs)}; {crs}, as asked for, is used.")
    if stated.upper() in ("EPSG:4326", "OGC:CRS84"):
        return shapes
    notes.append(f"Reprojected from {_short(stated)} to WGS 84.")
    return shapely.transform(
        shapes, lambda at: np.column_stack(geo.from_crs(at[:, 0], at[:, 1], stated))
    )


def _short(crs: str) -> str:
    """Return a CRS's code, or the name in its WKT."""
    return crs if "[" not in crs else crs.split('"')[1] if '"' in crs else crs[:40]


def _feature(
    layer: fence.OutsideLayer,
    number: int,
    properties: dict[str, Any],
    shape: Any,
    *,
    repair: bool,
) -> TakenFeature:
    if gpx.RECORD in properties and shape is not None:
        properties, shape = gpx.read_back(properties, shape)
    if shape is not None and shape.is_empty:
        shape = None
    taken = TakenFeature(shape, _name(properties) or f"{layer.name} {number}", properties)
    if broken := layer.broken.get(number - 1):
        return replace(taken, problem=broken, usable=False)
    if shape is None:
        return taken
    if proposed := _swapped(shape):
        return replace(taken, problem=_said(proposed), proposed=proposed, usable=False)
    if problem := _misplaced(shape):
        return replace(taken, problem=problem, usable=False)
    if not shape.is_valid:
        return _with_repair(taken, repair=repair)
    size_km2 = geo.area_km2(polygons_of(shape))
    if size_km2 > LARGEST_KM2 and not derived(taken):
        return replace(taken, problem=f"covers {size_km2:,.0f} km², more than two Kabul provinces")
    return taken


def _name(properties: dict[str, Any]) -> str:
    named = {str(key).casefold(): value for key, value in reversed(properties.items())}
    found = (str(named[key]).strip() for key in _NAMES if named.get(key) is not None)
    return next(filter(None, found), "")


def _swapped(shape: Any) -> tuple[float, float] | None:
    """Return lon, lat of the first corner if the shape is in Afghanistan only with axes swapped."""
    points = shapely.get_coordinates(shape)
    west, south, east, north = shape.bounds
    there = _in_afghanistan(west, south, east, north)
    if there or not _in_afghanistan(south, west, north, east):
        return None
    return float(points[0][1]), float(points[0][0])


def _said(proposed: tuple[float, float]) -> str:
    lon, lat = proposed
    return (
        f"has its axes swapped: it would lie at {lon:.6g} N, {lat:.6g} E, far away; read as"
        f" {lat:.6g} N, {lon:.6g} E it is in Afghanistan, and --swap reads it so"
    )


def _misplaced(shape: Any) -> str | None:
    """Say why a shape cannot lie where its numbers put it; None if it can."""
    points = shapely.get_coordinates(shape)
    if not np.isfinite(points).all():
        return "has a coordinate that is no finite number"
    if (np.abs(points) > (180, 90)).any():
        first = points[(np.abs(points) > (180, 90)).any(axis=1)][0]
        return f"has a corner at {first[0]:,.0f}, {first[1]:,.0f}, which are no degrees; see --crs"
    return None


def _in_afghanistan(west: float, south: float, east: float, north: float) -> bool:
    box = geo.AFGHANISTAN
    return box[0] <= west <= east <= box[2] and box[1] <= south <= north <= box[3]


def _with_repair(taken: TakenFeature, *, repair: bool) -> TakenFeature:
    """Return a feature that is not valid with what a repair would change, or has changed."""
    shape = taken.geometry
    reason = str(shapely.is_valid_reason(shape)).split("[")[0]
    whole = _mended(shape)
    if whole is None:
        problem = f"is not valid ({reason}); it was not repaired: no repair leaves all its parts"
        return replace(taken, problem=problem, usable=False)
    change = _repair(reason, shape, whole)
    if repair:
        return replace(taken, geometry=whole, repaired=change)
    other = ""
    if abs(change.otherwise_km2 - change.area_km2) > 0.01 * change.area_km2:
        other = f" ({change.otherwise_km2:,.2f} km² if its crossings count otherwise)"
    problem = (
        f"is not valid ({reason}); --repair would change its area by {change.change_m2:+,.0f} m²,"
        f" to {change.area_km2:,.2f} km²{other}"
    )
    return replace(taken, problem=problem, offered=change, usable=False)


def _repair(reason: str, drawn: Any, whole: Any) -> Repair:
    """Return what a repair changes; the two ways to mend often disagree on the area."""
    area_km2 = geo.area_km2(polygons_of(whole))
    change_m2 = (area_km2 - _drawn_km2(drawn)) * 1e6
    return Repair(reason, change_m2, area_km2, geo.area_km2(polygons_of(shapely.make_valid(drawn))))


def _mended(shape: Any) -> Any | None:
    """Return a valid shape of the same kind, or None; points and lines beside an area stay."""
    if shape.geom_type == "GeometryCollection":
        parts = [part if part.is_valid else _mended(part) for part in shape.geoms]
        return None if None in parts else shapely.GeometryCollection(parts)
    if polygons_of(shape).is_empty:
        whole = shapely.make_valid(shape)
        same = shapely.get_dimensions(whole) == shapely.get_dimensions(shape)
        return whole if whole.is_valid and same and not whole.is_empty else None
    try:
        return mended(polygons_of(shape))
    except InputError:
        return None


def _drawn_km2(shape: Any) -> float:
    """Return the area inside a shape's rings as they are drawn, valid or not."""
    return abs(float(geo.geod().geometry_area_perimeter(polygons_of(shape))[0])) / 1e6


def _counts(features: tuple[TakenFeature, ...]) -> Iterator[str]:
    """Say how many features there are of what has to be known."""
    told = {
        "have no shape": sum(each.geometry is None for each in features),
        "were repaired": sum(each.repaired is not None for each in features),
        "are not usable as they stand": sum(not each.usable for each in features),
        "lie outside Afghanistan": sum(each.abroad for each in features),
    }
    for words, count in told.items():
        if count:
            yield f"{count:,} of {len(features):,} feature(s) {words}."


def _notes(layers: list[TakenLayer]) -> Iterator[str]:
    features = sum(len(layer.features) for layer in layers)
    yield f"{len(layers)} layer(s), {features:,} feature(s)."
    if any(derived(each) for layer in layers for each in layer.features):
        yield "Claimed places and likely areas in it follow from a case, and are no drawings."
