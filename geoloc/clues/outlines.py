"""Clues as they lie on the ground: the landmark, the ring, the ray, the area of each one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import shapely

from geoloc import geo
from geoloc.clues import Along, Bearing, Between, Drawn, Landmark, Near, NotWithin, Searched, Within
from geoloc.clues.ground import Shape, shape_of
from geoloc.clues.measures import CORRIDOR_SIGMA_SHARE, centre

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geoloc.clues import Clue

    Floats = NDArray[np.float64]

_AROUND = np.linspace(0, 360, 145)  # azimuths of a circle's corners, degrees
_HOLDING = {"limit", "band", "drawn"}  # parts that say where the event was


class Mark(NamedTuple):
    """One part of a clue on the ground."""

    part: str  # landmark, from, limit, ring, band, ray, axis, line, drawn, searched, (not-)within
    geometry: BaseGeometry  # WGS 84
    name: str = ""  # of a landmark


def least_km2(clue: Clue) -> float:
    """Return the size of the ground that a clue by itself puts the event in; inf if it draws none.

    A unit is no drawing: its line is public.
    """
    if not isinstance(clue, Near | Between | Along | Drawn):
        return math.inf
    held = [mark.geometry for mark in marks(clue) if mark.part in _HOLDING]
    return float(geo.geometry_to_metres(shapely.union_all(held)).area) / 1e6


def marks(clue: Clue, sight_m: float = 1.0) -> Iterator[Mark]:
    """Yield a clue's parts as they lie on the ground; nothing for one without an outline.

    Parameters
    ----------
    clue : Clue
        Of any kind.
    sight_m : float
        How far a bearing is drawn from its landmark, metres.
    """
    match clue:
        case Near():
            yield from _near(clue)
        case Bearing():
            yield from _bearing(clue, sight_m)
        case Between():
            yield from _between(clue)
        case Along():
            yield Mark("line", clue.line)
            sigma_m = math.hypot(clue.sigma_m, shape_of("line", clue.line).sigma_m)
            yield Mark("limit", _widened(clue.line, clue.at_most_m))
            yield Mark("band", _ring(clue.line, clue.at_most_m, sigma_m))
        case Drawn():
            if clue.edge_sigma_m:
                yield Mark("band", _ring(clue.polygon, 0.0, clue.edge_sigma_m))
            yield Mark("drawn", clue.polygon)
        case Searched():
            yield Mark("searched", clue.polygon)
        case Within():
            yield Mark("within", shape_of("codes", clue.place).geometry)
        case NotWithin():
            yield Mark("not-within", shape_of("codes", clue.place).geometry)


def _near(clue: Near) -> Iterator[Mark]:
    shape = shape_of("feature", clue.feature, clue.name)
    yield _start(clue.feature, shape)
    sigma_m = math.hypot(clue.spread_m, shape.sigma_m)
    limit = _widened(shape.geometry, clue.stated_m)
    if clue.at_most_m is not None:
        yield Mark("limit", limit)
    elif clue.stated_m:
        yield Mark("ring", limit.boundary)
    yield Mark("band", _ring(shape.geometry, clue.stated_m, sigma_m))


def _start(feature: object, shape: Shape) -> Mark:
    """Return what is measured from: a landmark, or the outline of a shape."""
    point = isinstance(feature, Landmark) or shape.geometry.geom_type == "Point"
    return Mark("landmark" if point else "from", shape.geometry, shape.name)


def _bearing(clue: Bearing, sight_m: float) -> Iterator[Mark]:
    """Yield a line and the ground of ± σ around it, which by the landmark is as wide as its own."""
    at = clue.landmark
    yield Mark("landmark", shapely.Point(at.lon, at.lat), at.name)
    away_m = np.geomspace(min(max(at.sigma_m, 1.0), sight_m / 2), sight_m, 48)
    spread = np.hypot(clue.sigma_deg, np.degrees(at.sigma_m / away_m)).clip(max=90)
    middle, left, right = (
        _seen_at(clue, turned, away_m) for turned in (0 * spread, -spread, spread)
    )
    start = [[at.lon, at.lat]]
    yield Mark("ray", shapely.LineString(np.concatenate([start, middle])))
    wedge = shapely.Polygon(np.concatenate([left, right[::-1]]))
    yield Mark("wedge", wedge if wedge.is_valid else shapely.make_valid(wedge))


def _seen_at(clue: Bearing, turned_deg: Floats, away_m: Floats) -> Floats:
    """Return lon, lat, shape (n, 2), of the points so far away from which the azimuth is as stated.

    From the event, the landmark's azimuth is not the opposite of the event's from the landmark:
    meridians converge, by 0.3° over 50 km here. Three corrections leave less than 1e-6°.
    """
    count, at, stated = len(away_m), clue.landmark, clue.true_deg + turned_deg
    lon, lat = np.full(count, at.lon), np.full(count, at.lat)
    if clue.seen_from == "landmark":
        there = geo.geod().fwd(lon, lat, stated, away_m)
        return np.column_stack(there[:2])
    azimuth = stated + 180
    for _ in range(3):
        back = np.asarray(geo.geod().fwd(lon, lat, azimuth, away_m)[2])
        azimuth = azimuth + (stated - back + 180) % 360 - 180
    return np.column_stack(geo.geod().fwd(lon, lat, azimuth, away_m)[:2])


def _between(clue: Between) -> Iterator[Mark]:
    ends = [shape_of("a", clue.a, clue.name_a), shape_of("b", clue.b, clue.name_b)]
    for feature, shape in zip((clue.a, clue.b), ends, strict=True):
        yield _start(feature, shape)
    axis = shapely.LineString([centre(end.geometry) for end in ends])
    yield Mark("axis", axis)
    sigma_m = clue.sigma_m
    if sigma_m is None:
        sigma_m = CORRIDOR_SIGMA_SHARE * geo.distance_m(*axis.coords[0], *axis.coords[1])
    across_m = math.hypot(sigma_m, *(end.sigma_m for end in ends[:1]))
    across_m = max(across_m, math.hypot(sigma_m, ends[1].sigma_m))
    yield Mark("band", _widened(axis, across_m, cap="flat"))


def _ring(shape: BaseGeometry, distance_m: float, sigma_m: float) -> BaseGeometry:
    """Return the ground from σ short of a distance to σ beyond it."""
    outer, inner = _widened(shape, distance_m + sigma_m), _widened(shape, distance_m - sigma_m)
    return shapely.difference(outer, inner)


def _widened(
    shape: BaseGeometry, by_m: float, cap: Literal["round", "flat"] = "round"
) -> BaseGeometry:
    """Return the ground within so many metres of a shape; less than none cuts into an area."""
    if isinstance(shape, shapely.Point):
        if by_m <= 0:
            return shapely.Polygon()
        lon, lat = np.full(len(_AROUND), shape.x), np.full(len(_AROUND), shape.y)
        round_it = geo.geod().fwd(lon, lat, _AROUND, np.full(len(_AROUND), by_m))
        return shapely.Polygon(np.column_stack(round_it[:2]))
    plane = geo.geometry_to_metres(shapely.segmentize(shapely.force_2d(shape), 0.02))
    # A length on UTM 42N is longer than on the ground, by 0.5 % at Herat.
    off_m = plane.centroid.x - 500_000
    scale = 0.9996 * (1 + (off_m / 6_371_000) ** 2 / 2)
    return geo.geometry_to_degrees(shapely.buffer(plane, by_m * scale, cap_style=cap))
