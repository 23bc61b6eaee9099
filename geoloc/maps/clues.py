"""Clues as they lie on the ground: what each strand of a likely area says, drawn and in numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import shapely

from geoloc import geo
from geoloc.area.ledger import ledger
from geoloc.clues import Along, Bearing, Between, Drawn, Landmark, Near, NotWithin, Searched, Within
from geoloc.clues.ground import Shape, shape_of
from geoloc.clues.measures import CORRIDOR_SIGMA_SHARE, centre
from geoloc.maps.shapes import as_geojson, grown

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geoloc.area import Entry, LikelyArea
    from geoloc.clues import Clue
    from geoloc.geo import Box

    Floats = NDArray[np.float64]

_STEPS = 3000  # shapes are simplified to this fraction of the view: under a pixel
_AROUND = np.linspace(0, 360, 145)  # azimuths of a circle's corners, degrees
MOST_BITS = 5  # that are told of a place that must not be found: more would tell how small it is
_HOLDING = {"limit", "band", "drawn"}  # parts that say where the event was


class Mark(NamedTuple):
    """One part of a clue on the ground."""

    part: str  # landmark, from, limit, ring, band, ray, axis, line, drawn, searched, (not-)within
    geometry: BaseGeometry  # WGS 84
    name: str = ""  # of a landmark


def clue_entries(area: LikelyArea, view: Box) -> list[dict[str, Any]]:
    """Return each strand's drawing and its line of the ledger, as JSON values.

    Parameters
    ----------
    area : LikelyArea
        Whose clues to draw.
    view : tuple of float
        West, south, east, north in degrees. What lies farther off than the view is wide is left
        out.
    """
    entries = ledger(area)
    number = {f"{one.strand.says} ({one.strand.origin})": at for at, one in enumerate(entries, 1)}
    return [_entry(one, number, view) for one in entries]


def coarse_entries(area: LikelyArea) -> list[dict[str, Any]]:
    """Return the ledger without drawings, and without words and digits that lead to the spot."""
    entries = ledger(area)
    number = {f"{one.strand.says} ({one.strand.origin})": at for at, one in enumerate(entries, 1)}
    told = [_told(one, number) for one in entries]
    for each in told:
        each["bits"] = min(MOST_BITS, round(each["bits"]))
        for size in ("area_km2", "area_without_km2"):
            each[size] = max(1, round(each[size]))
    return told


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


def _entry(entry: Entry, number: dict[str, int], view: Box) -> dict[str, Any]:
    reach = grown(view, 1)
    drawn = [
        feature
        for clue in entry.strand.clues
        for mark in marks(clue, _sight_m(clue, reach))
        if (feature := _feature(mark, reach, (view[2] - view[0]) / _STEPS))
    ]
    return _told(entry, number) | {"says": entry.strand.says, "features": drawn}


def _told(entry: Entry, number: dict[str, int]) -> dict[str, Any]:
    return {
        "number": number[f"{entry.strand.says} ({entry.strand.origin})"],
        "origin": entry.strand.origin,
        "kinds": sorted({type(clue).__name__ for clue in entry.strand.clues}),
        "reliability": entry.strand.reliability,
        "bits": round(entry.bits, 1),
        "area_km2": _two_digits(entry.area_km2),
        "area_without_km2": _two_digits(entry.area_without_km2),
        "wrong": round(entry.wrong, 2),
        "against": [number[other] for other in entry.against],
        "says": None,
        "features": [],
    }


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}") if value < 10 else round(value)


def _feature(mark: Mark, reach: Box, step: float) -> dict[str, Any] | None:
    """Return a part as JSON values, cut off where no reader can go; None if nothing is left."""
    seen = shapely.intersection(mark.geometry, shapely.box(*reach))
    if seen.is_empty:
        return None
    simple = shapely.simplify(seen, step)
    return {"part": mark.part, "name": mark.name, "geometry": as_geojson(simple)}


def _sight_m(clue: Clue, reach: Box) -> float:
    """Return how far a bearing has to be drawn to leave the reach."""
    if not isinstance(clue, Bearing):
        return 1.0
    west, south, east, north = reach
    at = clue.landmark
    corners = [(lon, lat) for lon in (west, east) for lat in (south, north)]
    return max(geo.distance_m(at.lon, at.lat, *corner) for corner in corners)


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
