"""What a drawn shape measures, and which units it touches, how much and how surely."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geoloc import boundaries, geo
from geoloc.boundaries import Layer

Touched = dict[str, Any]
_WITH_GAPS = "police-districts"  # the layer that does not cover the country
_ROUNDING = 1e-4  # of a share; lines are kept to 1e-5°
_SAMPLES_ACROSS = 20  # points at which a membership is asked, along the longer side


def touched(shape: BaseGeometry) -> Touched:
    """Return a WGS 84 shape's size, and the units at all levels that it touches.

    Returns
    -------
    dict
        `area_km2`, `length_m` and `perimeter_m` (metres on the
        ellipsoid; None where the shape has no such), and
        `units`: of each its code, names and level, `share` (of the shape's area, length or points
        within its line, 0 to 1) and `membership` (the unit's mean over the shape, 0 to 1). What no
        police district covers is told last as one more, whose code is None.
    """
    plane = geo.geometry_to_metres(shape)
    length_m = float(geo.geod().geometry_length(shape))
    areal, linear = shape.area > 0, shape.geom_type.endswith("LineString")
    at = _samples(shape)
    return {
        "area_km2": geo.area_km2(shape) if areal else None,
        "length_m": length_m if linear else None,
        "perimeter_m": length_m if areal else None,
        "units": [
            unit
            for name in boundaries.LAYERS
            for unit in _units(boundaries.load_layer(name), shape, plane, at)
        ],
    }


def _units(layer: Layer, shape: BaseGeometry, plane: BaseGeometry, at: Any) -> list[dict[str, Any]]:
    """Return the units of a layer that a shape touches or may touch, largest share first."""
    members = layer.membership(at[:, 0], at[:, 1])
    outside = float(members.pop("none").mean())
    found: list[dict[str, Any]] = []
    for code, inside in members.items():
        unit, membership = layer[code], float(inside.mean())
        share = _share(unit.geometry, shape, plane)
        if share > 0 or membership >= 0.01:
            found.append(
                {
                    "code": code,
                    "name": unit.name,
                    "name_fa": unit.name_fa,
                    "level": layer.name,
                    "share": share,
                    "membership": membership,
                }
            )
    found.sort(key=lambda unit: (-unit["share"], -unit["membership"], unit["code"]))
    if layer.name == _WITH_GAPS:
        left = max(0.0, 1 - sum(unit["share"] for unit in found))
        left = 0.0 if left < _ROUNDING else left
        if left > 0 or outside >= 0.01:
            nowhere = {"code": None, "name": "in no police district", "name_fa": None}
            found.append({**nowhere, "level": layer.name, "share": left, "membership": outside})
    return found


def _share(unit: BaseGeometry, shape: BaseGeometry, plane: BaseGeometry) -> float:
    shapely.prepare(unit)
    if not shapely.intersects(unit, shape):
        return 0.0
    if shapely.contains(unit, shape):
        return 1.0
    common = geo.geometry_to_metres(shapely.intersection(unit, shape))
    if plane.area:
        return float(common.area / plane.area)
    return float(common.length / plane.length) if plane.length else 1.0


def _samples(shape: BaseGeometry) -> Any:
    """Return points spread evenly over a shape, lon and lat, shape (n, 2)."""
    if shape.geom_type.endswith("Point"):
        return shapely.get_coordinates(shape)
    if not shape.area:
        return shapely.get_coordinates(shapely.segmentize(shape, shape.length / 100))
    west, south, east, north = shape.bounds
    step = max((east - west) * 0.824, north - south) / _SAMPLES_ACROSS
    lon = np.arange(west + step / 2, east + step, step / 0.824)
    lat = np.arange(south + step / 2, north + step, step)
    grid = np.stack(np.meshgrid(lon, lat), axis=-1).reshape(-1, 2)
    shapely.prepare(shape)
    inside = grid[shapely.intersects_xy(shape, grid[:, 0], grid[:, 1])]
    return inside if len(inside) else shapely.get_coordinates(shape.representative_point())
