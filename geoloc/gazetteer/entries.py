"""Every place that has a name: the compiled list, and the units of editions that a user brought.

`boundaries/places.csv` holds a row per place with all of its spellings and how each is heard, where
it lies, what it is part of and who says so; `boundaries/build_places.py` makes it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from geoloc import boundaries
from geoloc.errors import CoordinateError
from geoloc.gazetteer.folding import sound
from geoloc.gazetteer.places import Area, Place, around, union
from geoloc.gazetteer.units import KIND_OF_LAYER

# How far a place reaches around its points, where nobody has drawn it; all judged by measurement.
RADIUS_M = {
    # Half way to the next settlement, as GBIF's guide has it: the median gap is 0.79 km.
    "settlement": 400.0,
    # Two labelled points of one name lie 0.58 km apart (median), so that a name reaches that far.
    "neighbourhood": 600.0,
}
# Points of the gazetteer are right to 1 to 2.5 km; read as a radius that holds 95 % of errors.
SETTLEMENT_SIGMA_M = 1000.0
LEAST_SIGMA_M = 300.0  # a neighbourhood's edge is vague however well its points are known
CITY = "city"  # a place that is all police districts together
CITY_SIGMA_M = 500.0  # about the σ of their lines (boundaries/sources.toml)
SETTLEMENTS = ("locality", "campus", "settlement")


@dataclass(frozen=True, slots=True)
class Entry:
    """One place with everything that is known of its name and ground."""

    id: str  # a unit's code, wof-… of the gazetteer, or kbl-… of our own
    kind: str  # province, district, police district, city, neighbourhood, locality, campus
    name: str
    spellings: tuple[str, ...]
    code: str | None = None  # for a unit
    lon: float | None = None  # WGS 84; None where nobody gives a position
    lat: float | None = None
    points: tuple[tuple[float, float], ...] = ()  # lon, lat of each labelled point
    sigma_m: float = SETTLEMENT_SIGMA_M  # of its edge, where it is drawn around points
    parents: tuple[tuple[str, float | None], ...] = ()  # unit and share of the place in it
    told: str = ""  # in which unit a source puts it, and which source
    source: str = ""
    own_names: int = 1  # how many of the spellings, from the first, are its own names

    def share_in(self, code: str) -> float:
        """Return how much of the place lies in a unit, 0 to 1; all of it where a source says so."""
        label = code.removeprefix("AF-KBL-")
        if code == self.code or re.search(rf"\b{label} by ", self.told):
            return 1.0
        held = dict(self.parents)
        share = held.get(code, 0.0)
        return 1.0 if share is None else share

    def place(self, text: str) -> Place:
        """Return the place as it can be claimed, called by the words that named it."""
        if self.code:
            return Place(text, (self.code,))
        if self.kind == CITY:
            in_use = boundaries.default_edition("police-districts")
            ground = union(boundaries.POLICE_DISTRICTS, in_use)
            rule = "all police districts together, approximate"
            return Place(text, (), area=Area(ground, CITY_SIGMA_M, rule))
        if not self.points:
            return Place(text, ())
        radius_m = RADIUS_M["settlement" if self.kind in SETTLEMENTS else "neighbourhood"]
        several = (
            f"the hull of {len(self.points)} labelled points" if self.points[1:] else "a point"
        )
        rule = f"{several}, widened by {radius_m:.0f} m, known to ±{self.sigma_m:.0f} m (1 σ)"
        return Place(text, (), area=Area(around(self.points, radius_m), self.sigma_m, rule))


class Names:
    """The compiled rows, and the units of the editions in use where those are not shipped ones."""

    def __init__(self) -> None:
        lines = csv.reader(boundaries.shipped_table("places").splitlines())
        self._columns = {name: number for number, name in enumerate(next(lines))}
        rows = list(lines)
        kind, source = self._columns["kind"], self._columns["source"]
        compiled = {row[kind]: row[source] for row in rows}
        self._brought = {
            KIND_OF_LAYER[layer]: layer
            for layer in boundaries.LAYERS
            if boundaries.default_edition(layer) != compiled[KIND_OF_LAYER[layer]]
        }
        self._rows = [row for row in rows if row[kind] not in self._brought]
        self._rows += [row for layer in self._brought.values() for row in self._units_of(layer)]
        self._entries: dict[int, Entry] = {}
        self.number = {row[0]: number for number, row in enumerate(self._rows)}

    def __len__(self) -> int:
        return len(self._rows)

    def heard(self, kind: str = "") -> Iterator[tuple[int, int, str]]:
        """Yield the number of a place (of a kind) and of its spelling, and how that is heard."""
        column, kinds = self._columns["sounds"], self._columns["kind"]
        for number, row in enumerate(self._rows):
            if kind and row[kinds] != kind:
                continue
            for spelling, heard in enumerate(row[column].split("|")):
                if heard:
                    yield number, spelling, heard

    def __getitem__(self, number: int) -> Entry:
        if number not in self._entries:
            self._entries[number] = self._read(self._rows[number])
        return self._entries[number]

    def _read(self, row: list[str]) -> Entry:
        cells = {name: row[number] for name, number in self._columns.items()}
        return Entry(
            id=cells["id"],
            kind=cells["kind"],
            name=cells["name"],
            spellings=tuple(cells["spellings"].split("|")),
            code=cells["code"] or None,
            lon=float(cells["lon"]) if cells["lon"] else None,
            lat=float(cells["lat"]) if cells["lat"] else None,
            points=tuple(_pair(each) for each in cells["points"].split("|") if each),
            sigma_m=float(cells["sigma_m"] or SETTLEMENT_SIGMA_M),
            parents=self._parents(cells),
            told=cells["told"],
            source=cells["source"],
            own_names=int(cells["own_names"] or 1),
        )

    def _parents(self, cells: dict[str, str]) -> tuple[tuple[str, float | None], ...]:
        if not self._brought or cells["code"] or not cells["lon"]:
            return tuple(_share(each) for each in cells["parents"].split("|") if each)
        # Compiled with the shipped lines; another edition in use may answer otherwise.
        return standings_at(float(cells["lon"]), float(cells["lat"]))

    def _units_of(self, layer: str) -> Iterator[list[str]]:
        """Yield a row per unit of an edition that geoloc does not ship."""
        units = boundaries.load_layer(layer)
        for code, names in units.names():
            unit = units[code]
            known = {
                "id": code,
                "code": code,
                "kind": KIND_OF_LAYER[layer],
                "name": names[0],
                "spellings": "|".join(each.replace("|", " ") for each in names),
                "sounds": "|".join(sound(each.replace("|", " ")) for each in names),
                "parents": unit.parent if unit.parent.startswith("AF") else "",
                "source": units.edition.publisher,
            }
            if not unit.geometry.is_empty:
                middle = unit.geometry.representative_point()
                known |= {"lon": f"{middle.x:.4f}", "lat": f"{middle.y:.4f}"}
            yield [known.get(name, "") for name in self._columns]


def standings_at(lon: float, lat: float) -> tuple[tuple[str, float | None], ...]:
    """Return the units that hold a point, police district first and province last, with shares."""
    try:
        found = boundaries.locate(lon, lat)
    except CoordinateError:  # abroad
        return ()
    standings = (*found.police_districts, *found.districts, *found.provinces)
    return tuple((each.unit.code, each.membership) for each in standings if each.inside)


def _pair(text: str) -> tuple[float, float]:
    lon, lat = text.split()
    return float(lon), float(lat)


def _share(text: str) -> tuple[str, float | None]:
    code, _, share = text.partition(" ")
    return code, float(share) if share else None


def row_of(**known: Any) -> dict[str, str]:
    """Return a row of the compiled list; what is not known is empty."""
    return {name: str(known.get(name, "")) for name in COLUMNS}


COLUMNS = (
    "id", "kind", "code", "name", "lon", "lat", "sigma_m", "points", "parents", "told",
    "own_names", "spellings", "sounds", "source",
)  # fmt: skip
