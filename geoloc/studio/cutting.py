"""Cutting a shape that was drawn: in parts along a line, or a hole into an area."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import split

from geoloc.casebook.drawings import Shape
from geoloc.casebook.reading import validated
from geoloc.errors import InputError


def cut(geometry: Any, *, line: Any = None, hole: Any = None) -> list[dict[str, Any]]:
    """Return what is left of a shape as GeoJSON geometries, WGS 84, [lon, lat].

    Parameters
    ----------
    geometry : dict
        The GeoJSON LineString, Polygon or MultiPolygon to cut.
    line : dict, optional
        A GeoJSON LineString to split it along; each part becomes a geometry.
    hole : dict, optional
        A GeoJSON Polygon to take out of an area, which stays one geometry.

    Raises
    ------
    CaseError
        If one of them is no geometry; `problems` say why.
    InputError
        If nothing would be cut, or nothing would be left.
    """
    shape = _read("geometry", geometry)
    parts = _split(shape, _read("line", line)) if line is not None else _pierced(shape, hole)
    # To a centimetre, as the page draws.
    neat = (shapely.transform(part, lambda points: points.round(7)) for part in parts)
    return [json.loads(shapely.to_geojson(part)) for part in neat]


def _read(field: str, value: Any) -> BaseGeometry:
    drawn: BaseGeometry = validated(Path(field), value, Shape).geometry()
    return drawn


def _split(shape: BaseGeometry, line: BaseGeometry) -> list[BaseGeometry]:
    if shape.geom_type == "Point" or line.geom_type != "LineString":
        raise InputError("Only an area or a line can be split, and only along a line.")
    try:
        parts = list(split(shape, line).geoms)
    except ValueError as error:  # the two lines lie on each other
        raise InputError("The line runs along the shape; draw it across.") from error
    before = len(shapely.get_parts(shape))
    if len(parts) <= before:
        raise InputError("The line does not cross the shape; draw it from side to side.")
    return parts


def _pierced(shape: BaseGeometry, hole: Any) -> list[BaseGeometry]:
    if shapely.get_dimensions(shape) != 2:
        raise InputError("Only an area can have a hole.")
    left = shapely.difference(shape, _read("hole", hole))
    if left.is_empty:
        raise InputError("Nothing would be left of the area; delete it instead.")
    if shapely.equals(left, shape):
        raise InputError("The hole lies outside the area; draw it inside.")
    return [left]
