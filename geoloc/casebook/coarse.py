"""What a published page or file may show of a place: nothing finer than 1 km, unless asked for.

It is read by those who would harm the people in it. Random displacement can be undone from two
releases, so shapes give way to the cells of one fixed grid, and what would lead back to the spot
(landmarks, bearings, drawn areas, lengths to the metre) is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from pydantic import BaseModel

from geoloc import geo
from geoloc.area import regions as cut
from geoloc.clues.outlines import least_km2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

    from geoloc.casebook.findings import Finding

CELL_M = 1000.0  # of the grid, whose edges are at whole kilometres of UTM 42N
_LEAST_KM2 = 1.0


def pins(finding: Finding) -> bool:
    """Return whether a finding, or a clue of it alone, says where to better than 1 km²."""
    if finding.area is None:
        return False
    return (
        finding.status == "exact"
        or any(region.area_km2 < _LEAST_KM2 for region in finding.area.regions)
        or any(least_km2(clue) < _LEAST_KM2 for clue in finding.area.clues)
    )


class ToldRegion(NamedTuple):
    """A region of a likely area as it may be told."""

    mass: float  # the share of the probability that it was asked to hold, 0 to 1
    held: float | None  # the share that it holds; None in squares, which hold more than was asked
    area_km2: float
    geometry: BaseGeometry  # WGS 84


def regions(
    finding: Finding, *, exact: bool = False, masses: Sequence[float] | None = None
) -> tuple[ToldRegion, ...]:
    """Return a likely area's regions as every report, figure and file tells them.

    Parameters
    ----------
    finding : Finding
        Whose likely area is told; without one there is no region.
    exact : bool
        Tell them as they were found. Otherwise those that `pins` would not let out are told in
        the cells that they touch, and in those of every smaller one: each is inside the next.
    masses : sequence of float, optional
        Shares to cut the area at, ascending; otherwise those that the case asks for.
    """
    area = finding.area
    if area is None:
        return ()
    found = area.regions if masses is None else cut.regions(area.surface, area.grid, masses)
    if exact or not pins(finding):
        return tuple(
            ToldRegion(each.mass, each.held, each.area_km2, each.geometry) for each in found
        )
    touched = [cells(each.geometry) for each in found]
    # A narrow part counts as a cell wide, so that a small region can touch what a large one misses.
    shapes = [shapely.union_all(touched[: at + 1]) for at in range(len(touched))]
    return tuple(
        ToldRegion(each.mass, None, geo.area_km2(shape), shape)
        for each, shape in zip(found, shapes, strict=True)
    )


def cells(shape: BaseGeometry) -> BaseGeometry:
    """Return the cells of the grid that a WGS 84 area touches, as one area.

    A part that is narrower than a cell counts as if it were a cell wide. It then always touches
    two in a row: which ones tells where it is to 1 km and never more, while one that touched two
    by lying on their line would betray that line.
    """
    wanted: set[tuple[int, int]] = set()
    for part in shapely.get_parts(geo.geometry_to_metres(shape)):
        wanted |= _touched(part)
    squares = [
        shapely.box(x * CELL_M, y * CELL_M, (x + 1) * CELL_M, (y + 1) * CELL_M)
        for x, y in sorted(wanted)
    ]
    return geo.geometry_to_degrees(shapely.union_all(squares))


def _touched(part: BaseGeometry) -> set[tuple[int, int]]:
    """Return east and north numbers of the cells that an area on UTM 42N touches."""
    west, south, east, north = part.bounds
    wide, high = (max(0.0, CELL_M - size) / 2 for size in (east - west, north - south))
    if wide or high:
        part = shapely.box(west - wide, south - high, east + wide, north + high)
    # A region runs along whole metres; what touches by the rounding of degrees does not count.
    part = part.buffer(-0.01, join_style="mitre")
    west, south, east, north = (math.floor(edge / CELL_M) for edge in part.bounds)
    found = np.meshgrid(np.arange(west, east + 1), np.arange(south, north + 1))
    columns, rows = (numbers.ravel() for numbers in found)
    squares = shapely.box(
        columns * CELL_M, rows * CELL_M, (columns + 1) * CELL_M, (rows + 1) * CELL_M
    )
    shapely.prepare(part)
    met = shapely.intersects(part, squares)
    return set(zip(columns[met].tolist(), rows[met].tolist(), strict=True))


def coordinates_told(finding: Finding) -> tuple[str, ...]:
    """Return the fields of a case whose words hold coordinates, which `published` takes out."""
    told: list[str] = []

    def look(at: str, value: object) -> None:
        if isinstance(value, dict):
            for key, part in value.items():
                if key not in ("clues", "study"):
                    look(f"{at}.{key}" if at else key, part)
        elif isinstance(value, list):
            for number, part in enumerate(value):
                look(f"{at}[{number}]", part)
        elif isinstance(value, str) and geo.tells_position(value):
            told.append(at)

    look("", finding.incident.model_dump(mode="json"))
    return tuple(told)


def published(finding: Finding) -> Finding:
    """Return a finding with `[…]` for the coordinates in its words; judged as before.

    Where it would tell a place to better than 1 km², its words give no length below 1 km either.
    """
    told: Finding = wordless(finding, _without_short if pins(finding) else geo.without_positions)
    return told


def wordless(value: Any, told: Callable[[str], str] = geo.without_positions) -> Any:
    """Return a record, or any part of one, with `[…]` for the coordinates in its words.

    What has none is returned as it is. `told` says what is told of words.
    """
    if isinstance(value, str):
        return told(value)
    if isinstance(value, tuple):
        parts = tuple(wordless(each, told) for each in value)
        return value if all(new is old for new, old in zip(parts, value, strict=True)) else parts
    if isinstance(value, BaseModel):
        names = [name for name in type(value).model_fields if name != "file"]
        changed = _changed(value, names, told)
        return value.model_copy(update=changed) if changed else value
    if is_dataclass(value) and not isinstance(value, type):
        changed = _changed(value, [field.name for field in fields(value) if field.init], told)
        return replace(value, **changed) if changed else value
    return value


def _changed(record: object, names: list[str], told: Callable[[str], str]) -> dict[str, Any]:
    """Return the fields of a record whose words are not told as they are."""
    both = {name: (getattr(record, name), wordless(getattr(record, name), told)) for name in names}
    return {name: new for name, (old, new) in both.items() if new is not old}


_SHORT = re.compile(
    r"(?<![\d.,])(\d+(?:\.\d+)?)[ \u00a0-]?"
    r"(?:(km|kilomet(?:re|er)s?|کیلومتر)|(?:m|met(?:re|er)s?|متر))\b(?![²2])"
)


def _without_short(text: str) -> str:
    def told(found: re.Match[str]) -> str:
        length_km = float(found[1]) / (1 if found[2] else 1000)
        return "[< 1 km]" if length_km < 1 else found[0]

    return _SHORT.sub(told, geo.without_positions(text))


_LENGTH = re.compile(r"([\d,]+(?:\.\d+)?) (k?m)\b(?!²)")


def whole_km(text: str) -> str:
    """Return a sentence with its lengths in whole kilometres: `under 1 km`, `about 3 km`."""

    def told(found: re.Match[str]) -> str:
        length_km = float(found[1].replace(",", "")) / (1 if found[2] == "km" else 1000)
        return "under 1 km" if length_km < 1 else f"about {length_km:.0f} km"

    return _LENGTH.sub(told, text)
