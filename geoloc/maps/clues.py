"""Clues as pages draw and tell them: each strand of a likely area, with its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import shapely

from geoloc import geo
from geoloc.area.ledger import ledger
from geoloc.clues import Bearing
from geoloc.clues.outlines import Mark, marks
from geoloc.maps.shapes import as_geojson, grown

if TYPE_CHECKING:
    from geoloc.area import Entry, LikelyArea
    from geoloc.clues import Clue
    from geoloc.geo import Box

_STEPS = 3000  # shapes are simplified to this fraction of the view: under a pixel
MOST_BITS = 5  # that are told of a place that must not be found: more would tell how small it is


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
