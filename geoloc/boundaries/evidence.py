"""What a police district's shape rests on, and what speaks against it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import shapely

from geoloc import geo
from geoloc.boundaries.editions import Edition, shipped_table
from geoloc.boundaries.layers import LEAST_MEMBERSHIP, Layer, LeftOut, Unit, Zones, load_layer
from geoloc.errors import EditionError

_EXTENT = 0.1  # from this membership on a place may lie in the unit
_CELL_M = 100.0  # of the stored surfaces


@dataclass(frozen=True, slots=True)
class Statement:
    """One source's word that a locality lies in a police district, or in none."""

    id: str  # year of the vintage, number of the police district (0: rural), place in the list
    locality: str
    locality_fa: str
    code: str  # of the police district; empty where the source puts it in a rural district
    rural_district: str  # P-code, where it does
    vintage: str  # the edition that it counts for
    system: str  # nahia (municipal) or hawza (police)
    lon: float | None  # WGS 84, on a grid of 0.002° or 0.01°; None where it is unknown
    lat: float | None
    precision_m: float | None
    confidence: str  # high, medium or low
    source: str
    date: str
    position_from: str  # where the coordinate comes from; empty where there is none
    doubt: str  # why it draws no line; empty where it does
    note: str
    left_out_p: float | None  # what the model gives to its label without having seen it, 0 to 1
    left_out_rank: int | None  # 1 where no other label is more probable
    left_out_top: str  # the most probable label then
    left_out_top_p: float | None  # and its probability

    @property
    def label(self) -> str:
        """Return where the source puts the locality: `PD21`, `police hawza 18`, `rural AF0104`."""
        number = self.code.removeprefix("AF-KBL-PD")
        if self.system == "hawza":
            return f"police hawza {number}"
        return f"PD{number}" if self.code else f"rural {self.rural_district}"

    @property
    def elsewhere(self) -> bool:
        """Return whether it tells of a police hawza that is not the nahia of its number."""
        return self.system == "hawza" and self.doubt.startswith(self.label)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A statement, and what an edition gives to its place; None where nothing can be said."""

    said: Statement
    membership: float | None = None  # of the unit that is explained, 0 to 1
    top: str | None = None  # the most probable unit there, or `none`
    top_membership: float | None = None
    apart_m: float | None = None  # from the unit's nearest locality of the same name


@dataclass(frozen=True, slots=True)
class Explanation:
    """The statements for and against one police district."""

    unit: Unit
    edition: Edition
    zones: Zones | None
    left_out: LeftOut | None  # how well its localities are told by a model that has not seen them
    rests_on: tuple[Weighed, ...]  # that draw it
    undrawn: tuple[Weighed, ...]  # that name it, but draw no line
    astray: tuple[Weighed, ...]  # of both, at places where another answer is likelier
    against: tuple[Weighed, ...]  # labelled otherwise within its extent, deepest first
    contradicted: tuple[Weighed, ...]  # that give a locality of its name another label
    hawza: tuple[Weighed, ...]  # of a police hawza of its number, which lies elsewhere
    shares: tuple[tuple[str, float], ...]  # mean membership over its extent, by code or `none`

    @property
    def areas_km2(self) -> dict[str, float]:
        """Return the areas of core, likely part and extent; empty where there is no line."""
        if self.zones is None or self.zones.extent.is_empty:
            return {}
        named = ("core", "likely", "extent")
        return {zone: geo.area_km2(getattr(self.zones, zone)) for zone in named}


@cache
def statements() -> tuple[Statement, ...]:
    """Return every statement of the shipped evidence, contradictions kept.

    Not the rows that only stand for a point of an area between two positions (Bagrami centre):
    they help to draw, and nobody said them; the unit's note tells of them.
    """
    rows = csv.DictReader(shipped_table("localities").splitlines())
    return tuple(Statement(**_numbers(row)) for row in rows if not row["note"].startswith(_OF_AREA))


_OF_AREA = "a point of the area"


def _numbers(row: dict[str, str]) -> dict[str, Any]:
    """Return a row with its numbers as such, None where they are empty."""
    numbers = {name: kind(row[name]) if row[name] else None for name, kind in _NUMBERS.items()}
    return {**row, **numbers}


_NUMBERS = {
    "lon": float, "lat": float, "precision_m": float,
    "left_out_p": float, "left_out_rank": int, "left_out_top_p": float,
}  # fmt: skip


def explain(code: str, edition: str | None = None) -> Explanation:
    """Return what a police district's shape rests on and what speaks against it.

    Parameters
    ----------
    code : str
        `AF-KBL-PD1` to `AF-KBL-PD22`.
    edition : str, optional
        An edition that is computed from the evidence, by default the default one.

    Raises
    ------
    EditionError
        If the edition is not computed from the evidence, or has no such unit.
    """
    layer = load_layer("police-districts", edition)
    known = _known(layer.edition)
    if code not in layer:
        name = code.removeprefix("AF-KBL-")
        holders = [each for each in _vintages() if code in load_layer("police-districts", each)]
        hint = f"try --edition {holders[0]}" if holders else "there are PD1 to PD22"
        raise EditionError(f"Edition {layer.edition.id} has no police district {name}; {hint}.")
    weighed = _weighed(code, layer, known)
    own = [each for each in weighed if each.said.code == code and not each.said.elsewhere]
    others = [each for each in weighed if each.said.code != code]
    inside = [each for each in others if (each.membership or 0) >= _EXTENT]
    return Explanation(
        unit=layer[code],
        edition=layer.edition,
        zones=layer.zones(code),
        left_out=layer.left_out(code),
        rests_on=tuple(each for each in own if not each.said.doubt),
        undrawn=tuple(each for each in own if each.said.doubt),
        astray=tuple(each for each in own if each.top not in (None, code)),
        against=tuple(sorted(inside, key=lambda each: -(each.membership or 0))),
        contradicted=tuple(_namesakes(own, others)),
        hawza=tuple(w for w in weighed if w.said.code == code and w.said.elsewhere),
        shares=_shares(code, layer),
    )


def _vintages() -> list[str]:
    """Return the editions that rest on statements, newest first."""
    return sorted({said.vintage for said in statements()}, reverse=True)


def _known(edition: Edition) -> list[Statement]:
    """Return the statements that count for an edition."""
    known = [said for said in statements() if said.vintage == edition.id]
    if not known:
        raise EditionError(
            f"Edition {edition.id} is {edition.publisher}'s own drawing, so geoloc has no"
            f" statements to show for it; --edition {' or '.join(_vintages())} rests on some."
        )
    return known


def _weighed(code: str, layer: Layer, known: Iterable[Statement]) -> list[Weighed]:
    """Return statements with the membership at their places, where both are known."""
    weighed = [Weighed(said) for said in known]
    placed = [k for k, each in enumerate(weighed) if each.said.lon is not None]
    if shapely.is_empty(layer[code].geometry) or not placed:
        return weighed
    lon, lat = ([getattr(weighed[k].said, axis) for k in placed] for axis in ("lon", "lat"))
    shares = layer.membership(lon, lat)
    for row, k in enumerate(placed):
        here = {unit: float(share[row]) for unit, share in shares.items()}
        top = max(here, key=lambda unit: here[unit])
        weighed[k] = replace(
            weighed[k], membership=here.get(code, 0.0), top=top, top_membership=here[top]
        )
    return weighed


def _namesakes(own: list[Weighed], others: list[Weighed]) -> list[Weighed]:
    """Return the others that have the name of one's own, nearest first, unknown places last."""
    found = []
    for other in others:
        same = [each for each in own if _key(each.said.locality) == _key(other.said.locality)]
        if same:
            gaps = [gap for each in same if (gap := _apart_m(each.said, other.said)) is not None]
            found.append(replace(other, apart_m=min(gaps, default=None)))
    return sorted(found, key=lambda each: float("inf") if each.apart_m is None else each.apart_m)


def _key(name: str) -> str:
    """Return a form in which "Kart-E-Parwan" and "Kart e Parwan" are one name."""
    return re.sub(r"\be\b|[^a-z0-9]", "", name.lower().replace("-", " "))


def _apart_m(one: Statement, other: Statement) -> float | None:
    if one.lon is None or one.lat is None or other.lon is None or other.lat is None:
        return None
    return geo.distance_m(one.lon, one.lat, other.lon, other.lat)


def _shares(code: str, layer: Layer) -> tuple[tuple[str, float], ...]:
    """Return the mean membership of each unit and of `none` over a unit's extent, most first."""
    zones = layer.zones(code)
    if zones is None or zones.extent.is_empty:
        return ()
    cells = geo.Grid.covering(zones.extent.bounds, _CELL_M).centres_m()
    lon, lat = geo.to_degrees(*(axis.ravel() for axis in cells))
    within = shapely.contains_xy(zones.extent, lon, lat)
    found = layer.membership(lon[within], lat[within]).items()
    means = sorted(((each, float(share.mean())) for each, share in found), key=lambda m: -m[1])
    return tuple((each, mean) for each, mean in means if mean >= LEAST_MEMBERSHIP)
