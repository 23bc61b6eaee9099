"""Two editions of a layer side by side: what moved, what was split or renamed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoloc import geo
from geoloc.boundaries.layers import Layer

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely import MultiPolygon, Polygon

    Shapes = Mapping[str, Polygon | MultiPolygon]

_SAME_IOU = 0.5  # two units of different codes are one place from this overlap on
_PART = 0.8  # a unit is a part of another if so much of it lies there, and
_SPLIT = 0.1  # ... a part counts if it is so much of the other
_OTHER_NAME = 0.6  # below this two names are not spellings of one, and
_SAME_NAME = 0.8  # ... from this on they are; compared without spaces, signs and case


@dataclass(frozen=True, slots=True)
class UnitChange:
    """How one unit differs between two editions; areas in km², None where it is not there."""

    code: str
    before_km2: float | None
    after_km2: float | None
    kept_km2: float  # in the unit before and after


@dataclass(frozen=True, slots=True)
class Move:
    """Land that changed sides; a code is None where it belongs to no unit."""

    before: str | None
    after: str | None
    area_km2: float


@dataclass(frozen=True, slots=True)
class Makeup:
    """The units of the other edition that a unit's land lies in."""

    code: str
    parts: tuple[tuple[str, float], ...]  # code and share of the unit's land, 0.1 and more


@dataclass(frozen=True, slots=True)
class Match:
    """A unit before and one after that share their land or their name."""

    before: str  # code
    after: str
    name_before: str
    name_after: str
    also_called: str  # a further name of the unit after that is like the name before; or empty
    alike: float  # share of letters that the two names have in common, 0 to 1
    iou: float  # land in both over land in either, 0 to 1

    @property
    def respelt(self) -> bool:
        """Return whether the names are but two spellings."""
        return self.alike >= _OTHER_NAME


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one edition to another."""

    units: tuple[UnitChange, ...]  # sorted by code
    moves: tuple[Move, ...]  # largest first, 0.005 km² and more
    moved_km2: float  # all land that changed sides
    union_km2: float  # all land in either edition
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]  # (code before, code after) of one place
    splits: tuple[tuple[str, tuple[str, ...]], ...]  # (code before, codes of its parts after)
    merges: tuple[tuple[tuple[str, ...], str], ...]  # (codes of parts before, code after)
    went: tuple[Makeup, ...]  # units before whose land is now in several, or under another code
    came: tuple[Makeup, ...]  # units after whose land was in several, or under another code

    @property
    def share(self) -> float:
        """Return the share of all land that changed sides, 0 to 1."""
        return self.moved_km2 / self.union_km2 if self.union_km2 else 0.0


def shapes_of(layer: Layer) -> dict[str, Polygon | MultiPolygon]:
    """Return a layer's shapes by code, without the units that have no line."""
    return {code: unit.geometry for code, unit in layer.items() if not unit.geometry.is_empty}


def compare(before: Shapes, after: Shapes) -> Comparison:
    """Return what changed; areas on the ellipsoid.

    Parameters
    ----------
    before, after : mapping of code to Polygon or MultiPolygon
        WGS 84; within each, no two overlap.
    """
    old_km2 = {code: geo.area_km2(shape) for code, shape in before.items()}
    new_km2 = {code: geo.area_km2(shape) for code, shape in after.items()}
    shared = _shared_km2(before, after)
    reverse = {(new, old): area for (old, new), area in shared.items()}
    moves = _moves(old_km2, new_km2, shared)
    only_before = tuple(sorted(before.keys() - after.keys()))
    only_after = tuple(sorted(after.keys() - before.keys()))
    return Comparison(
        units=tuple(
            UnitChange(code, old_km2.get(code), new_km2.get(code), shared.get((code, code), 0.0))
            for code in sorted(before.keys() | after.keys())
        ),
        moves=tuple(move for move in moves if move.area_km2 >= 0.005),
        moved_km2=sum(move.area_km2 for move in moves),
        union_km2=sum(old_km2.values()) + sum(new_km2.values()) - sum(shared.values()),
        only_before=only_before,
        only_after=only_after,
        renamed=tuple(
            (one, other)
            for (one, other), area in sorted(shared.items())
            if one in only_before
            and other in only_after
            and area >= _SAME_IOU * (old_km2[one] + new_km2[other] - area)
        ),
        splits=_parts(old_km2, new_km2, shared),
        merges=tuple((parts, whole) for whole, parts in _parts(new_km2, old_km2, reverse)),
        went=_makeups(old_km2, shared),
        came=_makeups(new_km2, reverse),
    )


def _shared_km2(before: Shapes, after: Shapes) -> dict[tuple[str, str], float]:
    """Return the area of each pair of units that share some."""
    # Within an edition nothing overlaps, so a unit that did not change shares land with none else.
    same = {code for code in before.keys() & after.keys() if before[code].equals(after[code])}
    found = {(code, code): geo.area_km2(before[code]) for code in same}
    old = [code for code in before if code not in same]
    new = [code for code in after if code not in same]
    tree = shapely.STRtree([after[code] for code in new])
    for i, j in tree.query([before[code] for code in old], predicate="intersects").T:
        part = shapely.intersection(before[old[i]], after[new[j]])
        area = geo.area_km2(part) if part.area else 0.0
        if area > 0:
            found[old[i], new[j]] = area
    return found


def _moves(
    old_km2: dict[str, float], new_km2: dict[str, float], shared: dict[tuple[str, str], float]
) -> list[Move]:
    """Return every change of sides, also from and to "no unit"; largest first."""
    left, won = dict(old_km2), dict(new_km2)
    for (one, other), area in shared.items():
        left[one] -= area
        won[other] -= area
    moves = [Move(one, other, area) for (one, other), area in shared.items() if one != other]
    moves += [Move(code, None, area) for code, area in left.items() if area > 1e-6]
    moves += [Move(None, code, area) for code, area in won.items() if area > 1e-6]
    return sorted(moves, key=lambda each: (-each.area_km2, each.before or "", each.after or ""))


def _parts(
    whole_km2: dict[str, float], part_km2: dict[str, float], shared: dict[tuple[str, str], float]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the units that two or more others lie in, each with most of its area."""
    found: dict[str, list[str]] = defaultdict(list)
    for (whole, part), area in sorted(shared.items()):
        if area >= _PART * part_km2[part] and area >= _SPLIT * whole_km2[whole]:
            found[whole].append(part)
    return tuple((whole, tuple(parts)) for whole, parts in found.items() if len(parts) > 1)


def _makeups(
    whole_km2: dict[str, float], shared: dict[tuple[str, str], float]
) -> tuple[Makeup, ...]:
    """Return the units that are more, or other, than the unit of their code."""
    parts: dict[str, list[tuple[str, float]]] = {code: [] for code in whole_km2}
    for (whole, part), area in shared.items():
        if area >= _SPLIT * whole_km2[whole]:
            parts[whole].append((part, area / whole_km2[whole]))
    return tuple(
        Makeup(code, tuple(sorted(parts[code], key=lambda part: -part[1])))
        for code in sorted(parts)
        if [part for part, _ in parts[code]] != [code]
    )


def name_changes(
    before: Layer, after: Layer, found: Comparison
) -> tuple[tuple[Match, ...], tuple[Match, ...]]:
    """Return who is named otherwise, least alike first, and which names moved, by code before.

    Named otherwise is a unit of one code, or of one place, whose names differ by a letter or more.
    A name moved if it stood for one unit and stands for another now; it is looked for within a
    province, among units that have no counterpart, or one of another name.
    """
    iou = _ious(found)
    spellings = dict(after.names())

    def match(one: str, other: str) -> Match:
        old, new = before[one].name, after[other].name
        also = (each for each in spellings[other][1:] if _alike(old, each) >= _SAME_NAME)
        return Match(
            one, other, old, new, next(also, ""), _alike(old, new), iou.get((one, other), 0.0)
        )

    paired = [match(code, code) for code in before if code in after]
    paired += [match(*pair) for pair in found.renamed]
    settled = [each for each in paired if each.respelt]
    old = sorted(before.keys() - {each.before for each in settled})
    new = sorted(after.keys() - {each.after for each in settled})
    likely = [match(i, j) for i in old for j in new if before.parent(i) == after.parent(j)]
    likely.sort(key=lambda each: (-each.alike, each.before, each.after))
    moved: dict[str, Match] = {}
    for each in likely:
        taken = each.before in moved or each.after in {kept.after for kept in moved.values()}
        if each.alike >= _SAME_NAME and each.before != each.after and not taken:
            moved[each.before] = each
    otherwise = sorted(paired, key=lambda each: (each.alike, each.before))
    return (
        tuple(each for each in otherwise if each.alike < 1),
        tuple(moved[code] for code in sorted(moved)),
    )


def _alike(one: str, other: str) -> float:
    """Return the share of letters that two names have in common, whatever their signs and case."""
    from rapidfuzz import fuzz

    bare = (re.sub(r"\W|_", "", name.casefold()) for name in (one, other))
    return float(fuzz.ratio(*bare)) / 100


def _ious(found: Comparison) -> dict[tuple[str, str], float]:
    """Return, for each pair of units that share land, that land over the land in either."""
    units = {unit.code: unit for unit in found.units}
    shared = {(unit.code, unit.code): unit.kept_km2 for unit in found.units}
    shared |= {(m.before, m.after): m.area_km2 for m in found.moves if m.before and m.after}
    return {
        (one, other): area / ((units[one].before_km2 or 0) + (units[other].after_km2 or 0) - area)
        for (one, other), area in shared.items()
        if area
    }


def units_at(shapes: Shapes, lon: NDArray[Any], lat: NDArray[Any]) -> NDArray[np.object_]:
    """Return the code of the unit that holds each WGS 84 point, shape (n,); None where none does.

    On a shared line it is the lower code.
    """
    codes = sorted(shapes)
    found: NDArray[np.object_] = np.full(len(lon), None, dtype=object)
    tree = shapely.STRtree([shapes[code] for code in codes])
    points, units = tree.query(shapely.points(lon, lat), predicate="intersects")
    for point, unit in sorted(zip(points, units, strict=True), reverse=True):
        found[point] = codes[unit]
    return found


def match_codes(shapes: list[Any], reference: Shapes) -> list[str | None]:
    """Return for each shape the reference unit where each is the other's best overlap.

    None where there is none, or where they share less than half of their joint area.
    """
    ours = {str(number): shape for number, shape in enumerate(shapes)}
    shared = _shared_km2(ours, reference)
    best_of_ours: dict[str, tuple[float, str]] = {}
    best_of_theirs: dict[str, tuple[float, str]] = {}
    for (one, other), area in shared.items():
        best_of_ours[one] = max(best_of_ours.get(one, (0.0, "")), (area, other))
        best_of_theirs[other] = max(best_of_theirs.get(other, (0.0, "")), (area, one))
    found: list[str | None] = [None] * len(shapes)
    for one, (area, other) in best_of_ours.items():
        joint = geo.area_km2(ours[one]) + geo.area_km2(reference[other]) - area
        if best_of_theirs[other][1] == one and area >= _SAME_IOU * joint:
            found[int(one)] = other
    return found
