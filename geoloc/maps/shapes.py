"""Shapes as pages take them: where to look, where to write a name, and GeoJSON of few digits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import shapely

if TYPE_CHECKING:
    from shapely import MultiPolygon
    from shapely.geometry.base import BaseGeometry

    from geoloc.geo import Box

_LEAST_VIEW_DEG = 0.16  # about 15 km: closer in, lines of σ 400 m would look exact
_KABUL_CITY: Box = (69.0, 34.42, 69.36, 34.63)  # where to look when there is no shape


def around(shapes: Sequence[BaseGeometry]) -> Box:
    """Return the box that holds all of these, at least 15 km wide; of none, Kabul city's."""
    if not shapes:
        return _KABUL_CITY
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    wide, high = (max(0, _LEAST_VIEW_DEG - size) / 2 for size in (east - west, north - south))
    return west - wide, south - high, east + wide, north + high


def grown(view: Box, share: float) -> Box:
    """Return a box with a share of its longer side added all around: screens are of any shape."""
    west, south, east, north = view
    more = share * max(east - west, north - south)
    return west - more, south - more, east + more, north + more


def middle(shape: BaseGeometry, view: Box, room: float = 0.0) -> list[float] | None:
    """Return the middle of the widest circle in a shape; None if that is narrower than `room`.

    `room` is a radius as a share of the view's width.
    """
    areas, wide = _areas(shape), view[2] - view[0]
    if areas.is_empty:
        return None
    radius = shapely.maximum_inscribed_circle(areas, tolerance=wide / 200)
    return five(radius.coords[0]) if radius.length >= room * wide else None


def five(degrees: Iterable[float]) -> list[float]:
    """Return degrees rounded to about a metre: more digits would only pretend."""
    return [round(value, 5) for value in degrees]


def polygons(geometry: BaseGeometry) -> dict[str, Any] | None:
    """Return the polygons of a geometry as GeoJSON; None where it has none."""
    areas = _areas(geometry)
    return None if areas.is_empty else as_geojson(areas)


def _areas(geometry: BaseGeometry) -> MultiPolygon:
    """Return a geometry without the points and lines that an intersection can leave."""
    return shapely.MultiPolygon([part for part in shapely.get_parts(geometry) if part.area])


def as_geojson(geometry: BaseGeometry) -> dict[str, Any]:
    """Return a geometry as GeoJSON, rounded as `five` does."""
    rounded = shapely.transform(geometry, lambda points: points.round(5))
    described: dict[str, Any] = json.loads(shapely.to_geojson(rounded))
    return described
