"""Provinces, districts and police districts: which unit holds a point, and how surely.

A boundary belongs to an edition (publisher, date, accuracy, licence), and a unit answers with a
membership from 0 to 1, never with a bare yes. With a line known to a standard deviation σ, the
membership is Φ(signed distance / σ): 0.5 on the line, 0.98 two σ inside it. Memberships over all
units of a layer plus "none" sum to 1.

Files are TopoJSON: each line is stored once and shared by the units on both sides of it, so units
of one edition cannot overlap, and the outer line is the one with a unit on a single side.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from math import erfc, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from geoloc import files, geo
from geoloc.errors import CoordinateError, EditionError, InputError, IntegrityError, PlaceError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

_Geometry = TypeVar("_Geometry", bound=shapely.Geometry)

LAYERS = ("provinces", "districts", "police-districts")
# What is asked when nobody names an edition: the newest that is shipped.
DEFAULT_EDITION = {
    "provinces": "ocha-2018",
    "districts": "ocha-2018",
    "police-districts": "nahia-2019",
}
LEAST_MEMBERSHIP = 0.01  # below this a unit is not mentioned
_REACH_SIGMAS = 5  # Φ(-5) is 3e-7: beyond this a unit cannot hold the point


@dataclass(frozen=True, slots=True)
class Edition:
    """One publisher's boundaries at one date, as its record in `sources.toml` describes them."""

    id: str
    title: str
    publisher: str
    url: str
    licence: str
    attribution: str  # the words that the licence asks for
    valid_on: str  # ISO date, or a year
    retrieved_on: str  # ISO date
    accuracy_m: float  # σ of the lines, metres, above zero
    approximate: bool  # computed, not surveyed: must be said wherever it is shown
    note: str
    layers: tuple[str, ...]
    path: Path
    sha256: str

    @property
    def caveat(self) -> str:
        """Return the words that must stand wherever an approximate edition is shown."""
        return "approximate, computed from labelled localities" if self.approximate else ""


@dataclass(frozen=True, slots=True)
class Unit:
    """One province, district or police district of one edition."""

    code: str  # AF01, AF0104, AF-KBL-PD22
    name: str
    name_fa: str
    parent: str  # code of the unit that holds it
    sigma_m: float  # σ of its line, metres
    geometry: Polygon | MultiPolygon = field(repr=False)  # WGS 84; empty where no line is known
    system: str | None = None  # nahia (municipal) or hawza (police); None for other layers
    confidence: str | None = None  # high, medium or low, where the edition says so
    note: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one point stands to one unit."""

    unit: Unit
    edition: Edition
    membership: float | None  # 0 to 1; None where the unit has no known line
    distance_to_line_m: float | None  # positive inside, negative outside; None if not measured

    @property
    def inside(self) -> bool | None:
        """Return whether the point is more likely in than out; None where nobody can say."""
        return None if self.membership is None else self.membership >= 0.5


@dataclass(frozen=True, slots=True)
class Location:
    """Where a point lies, layer by layer; most likely unit first."""

    lon: float
    lat: float
    provinces: tuple[Standing, ...]
    districts: tuple[Standing, ...]
    police_districts: tuple[Standing, ...]  # every one with membership of at least 0.01
    no_police_district: float  # membership of "in no police district", 0 to 1
    distance_to_line_m: float  # to the nearest line of any of these layers, above or at zero


# --- the questions people ask ------------------------------------------------------------------


def locate(lon: float, lat: float) -> Location:
    """Return the province, district and police districts that may hold a WGS 84 point.

    Raises
    ------
    CoordinateError
        If the point is no place on Earth, swapped, or outside Afghanistan (the message gives the
        distance and direction).
    """
    _require_afghanistan(lon, lat)
    districts, _ = load_layer("districts").standings(lon, lat)
    police_districts, none = load_layer("police-districts").standings(lon, lat)
    nearest_m = min(abs(s.distance_to_line_m or 0.0) for s in (*districts, *police_districts))
    return Location(
        lon, lat, _provinces_of(districts), districts, police_districts, none, nearest_m
    )


def _provinces_of(districts: tuple[Standing, ...]) -> tuple[Standing, ...]:
    """Return the districts' provinces: a point is in a province as surely as in its districts."""
    layer = load_layer("provinces")
    shares: dict[str, float] = {}
    for standing in districts:
        province = standing.unit.parent
        shares[province] = shares.get(province, 0.0) + (standing.membership or 0.0)
    return tuple(
        Standing(layer[code], layer.edition, share, None)
        for code, share in sorted(shares.items(), key=lambda item: -item[1])
    )


def check(lon: float, lat: float, code: str) -> tuple[Standing, ...]:
    """Return how a WGS 84 point stands to a unit: first in the default edition, then in others.

    Raises
    ------
    CoordinateError
        As for `locate`.
    PlaceError
        If no unit has that code.
    """
    _require_afghanistan(lon, lat)
    return tuple(layer.standing(code, lon, lat) for layer in layers_with(code))


def layers_with(code: str) -> tuple[Layer, ...]:
    """Return the layer that holds a unit in each edition that has it, the default edition first."""
    name = layer_of(code)
    default = DEFAULT_EDITION[name]
    others = (edition.id for edition in editions() if name in edition.layers)
    ordered = [default, *(other for other in others if other != default)]
    return tuple(layer for layer in (load_layer(name, each) for each in ordered) if code in layer)


def unit(code: str, edition: str | None = None) -> Unit:
    """Return the unit with that code, e.g. `AF0104` or `AF-KBL-PD22`."""
    return load_layer(layer_of(code), edition)[code]


def layer_of(code: str) -> str:
    """Return the layer that a unit's code belongs to.

    Raises
    ------
    PlaceError
        If no unit of the default edition has that code.
    """
    for name in LAYERS:
        if code in load_layer(name):
            return name
    raise PlaceError(
        f"No province, district or police district has the code {code!r};"
        " codes look like AF01, AF0104 or AF-KBL-PD22 (geoloc find NAME shows them)."
    )


def load_boundaries(name: str, edition: str | None = None) -> gpd.GeoDataFrame:
    """Return one layer as a table for maps and joins.

    Parameters
    ----------
    name : str
        `provinces`, `districts` or `police-districts`.
    edition : str, optional
        An edition's id; by default the newest shipped.

    Returns
    -------
    GeoDataFrame
        Columns `code, name, name_fa, geometry` (EPSG:4326), sorted by code as shipped; a unit
        without a known line (PD20) has an empty polygon. `.attrs` holds the edition's id and,
        where it is approximate, the caveat that must be shown with it.

    Raises
    ------
    EditionError, IntegrityError
        As for `load_layer`.
    """
    import geopandas as gpd

    layer = load_layer(name, edition)
    units = list(layer.values())
    table = gpd.GeoDataFrame(
        {
            "code": [unit.code for unit in units],
            "name": [unit.name for unit in units],
            "name_fa": [unit.name_fa for unit in units],
        },
        geometry=[unit.geometry for unit in units],
        crs=geo.WGS84,
    )
    table.attrs = {"edition": layer.edition.id, "caveat": layer.edition.caveat}
    return table


def membership(
    lon: ArrayLike, lat: ArrayLike, name: str, edition: str | None = None
) -> pd.DataFrame:
    """Return how surely each unit of a layer holds each point.

    Parameters
    ----------
    lon, lat : float or array-like, shape (n,)
        WGS 84 degrees.
    name : str
        `provinces`, `districts` or `police-districts`.
    edition : str, optional
        An edition's id; by default the newest shipped.

    Returns
    -------
    DataFrame, n rows
        A column per unit code, plus `none`; 0 to 1, each row sums to 1.

    Raises
    ------
    InputError
        If `lon` and `lat` differ in shape, or hold a value that is not finite.
    """
    import pandas as pd

    lon, lat = np.atleast_1d(np.asarray(lon, float)), np.atleast_1d(np.asarray(lat, float))
    if lon.shape != lat.shape or lon.ndim != 1:
        raise InputError(f"lon and lat must have one shape (n,), got {lon.shape} and {lat.shape}.")
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise InputError("lon and lat must be finite numbers; drop or mend the empty rows first.")
    layer = load_layer(name, edition)
    shares = layer.membership(lon, lat)
    zeros = np.zeros(lon.shape)
    return pd.DataFrame({code: shares.get(code, zeros) for code in [*layer, "none"]})


def _require_afghanistan(lon: float, lat: float) -> None:
    geo.check_point(lon, lat)
    districts = load_layer("districts")
    if districts.membership([lon], [lat])["none"][0] <= 1 - LEAST_MEMBERSHIP:
        return
    distance_m, azimuth_deg = districts.nearest_outside(lon, lat)
    raise CoordinateError(
        f"{lat:g}, {lon:g} is outside Afghanistan: {distance_m / 1000:,.0f} km"
        f" {geo.compass(azimuth_deg)} of its border. geoloc holds Afghan boundaries only."
    )


# --- editions and layers -----------------------------------------------------------------------


@cache
def editions() -> tuple[Edition, ...]:
    """Return every shipped edition that holds boundaries."""
    folder = files.shipped("boundaries")
    records = tomllib.loads((folder / "sources.toml").read_text(encoding="utf-8"))
    return tuple(
        Edition(
            id=record["edition"],
            layers=tuple(record["layers"]),
            path=folder / record["file"],
            **{
                name: record[name]
                for name in (
                    "title", "publisher", "url", "licence", "attribution", "valid_on",
                    "retrieved_on", "accuracy_m", "approximate", "note", "sha256",
                )
            },
        )
        for record in records.values()
        if record.get("layers")
    )  # fmt: skip


def load_layer(name: str, edition: str | None = None) -> Layer:
    """Return one layer of one edition, its file checked against its recorded SHA-256.

    Parameters
    ----------
    name : str
        `provinces`, `districts` or `police-districts`.
    edition : str, optional
        An edition's id, e.g. `ocha-2018` or `nahia-2019`; by default the newest shipped.

    Raises
    ------
    EditionError
        If there is no such layer or edition.
    IntegrityError
        If the file is not the one that `sources.toml` records.
    """
    if name not in LAYERS:
        raise EditionError(f"No boundary layer is called {name!r}; choose {', '.join(LAYERS)}.")
    return _load_layer(name, edition or DEFAULT_EDITION[name])


@cache
def _load_layer(name: str, edition_id: str) -> Layer:
    holding = {edition.id: edition for edition in editions() if name in edition.layers}
    if edition_id not in holding:
        raise EditionError(
            f"No edition {edition_id!r} of {name}; there are {', '.join(sorted(holding))}."
        )
    edition = holding[edition_id]
    return Layer(name, edition, _read_topology(edition.path, edition.sha256))


@dataclass(frozen=True, slots=True)
class _Topology:
    """A TopoJSON file as our build writes it: one arc a line, decoded when it is asked for."""

    objects: dict[str, Any]
    arcs: tuple[str, ...]

    def arc(self, index: int) -> Floats:
        """Return the corners of an arc, shape (n, 2), WGS 84 lon and lat."""
        # Files are quantized to 1e-5°. Division, not multiplication by 1e-5, gives the double
        # nearest to the written decimal.
        steps = np.asarray(json.loads(self.arcs[index].rstrip(",")), dtype=np.int64)
        return np.cumsum(steps, axis=0) / 1e5


@cache
def _read_topology(path: Path, sha256: str) -> _Topology:
    text = read_recorded(path, sha256).decode("utf-8")
    head, _, arcs = text.partition(',"arcs":[\n')
    return _Topology(json.loads(head + "}")["objects"], tuple(arcs.split("\n")[:-2]))


def read_recorded(path: Path, sha256: str) -> bytes:
    """Return a shipped file's bytes, or raise `IntegrityError` if one of them was changed."""
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise IntegrityError(path, sha256, found)
    return content


class Layer(Mapping[str, Unit]):
    """The units of one layer of one edition, by code; shapes are decoded when first asked for."""

    def __init__(self, name: str, edition: Edition, topology: _Topology) -> None:
        self.name, self.edition = name, edition
        self._topology = topology
        self._members = {member["id"]: member for member in topology.objects[name]["geometries"]}
        self._units: dict[str, Unit] = {}
        self._lines: dict[str, Line] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __getitem__(self, code: str) -> Unit:
        if code not in self._units:
            self._units[code] = self._decode(self._members[code])
        return self._units[code]

    def names(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield each code with the unit's names, without decoding any shape."""
        for code, member in self._members.items():
            about = member["properties"]
            spellings = (about["name"], about.get("name_fa") or "", *about.get("aliases", ()))
            yield code, tuple(spelling for spelling in spellings if spelling)

    def standing(self, code: str, lon: float, lat: float) -> Standing:
        """Return how one point stands to one unit; membership is None where it has no line."""
        unit = self[code]
        if unit.geometry.is_empty:
            return Standing(unit, self.edition, None, None)
        signed_m = float(self.signed_distance_m(code, [lon], [lat])[0])
        share = self.membership([lon], [lat], only=(code,))[code][0]
        return Standing(unit, self.edition, float(share), signed_m)

    def standings(self, lon: float, lat: float) -> tuple[tuple[Standing, ...], float]:
        """Return the units that may hold a point, likeliest first, and the membership of none."""
        shares = self.membership([lon], [lat])
        none = float(shares.pop("none")[0])
        found = [
            Standing(
                self[code],
                self.edition,
                float(share[0]),
                float(self.signed_distance_m(code, [lon], [lat])[0]),
            )
            for code, share in shares.items()
            if share[0] >= LEAST_MEMBERSHIP
        ]
        found.sort(key=lambda standing: (-(standing.membership or 0), standing.unit.code))
        return tuple(found), none

    def membership(
        self, lon: ArrayLike, lat: ArrayLike, *, only: tuple[str, ...] | None = None
    ) -> dict[str, Floats]:
        """Return, for each unit within reach and for `none`, a membership per point.

        Parameters
        ----------
        lon, lat : array-like of float, shape (n,)
            WGS 84 degrees.
        only : tuple of str, optional
            Codes to return; the others still take their share of the sum.

        Returns
        -------
        dict of code to float array, shape (n,)
            0 to 1; over all units plus `none` they sum to 1. Units out of reach of every point
            (5 σ) are left out, except those named in `only`.

        Notes
        -----
        Raw memberships are Φ(signed distance / σ) of each unit's own line, and of the outer line
        for `none`; they are then scaled to sum to 1, which changes them only where three or more
        lines meet or two units state different σ.
        """
        lon, lat = np.asarray(lon, float), np.asarray(lat, float)
        if only is not None:
            return {code: self._membership_of(code, lon, lat) for code in only}
        raw = {
            code: normal_cdf(self._depth_m(code, lon, lat) / self[code].sigma_m)
            for code in self._within_reach(lon, lat)
        }
        raw["none"] = self._outside(lon, lat)
        total = np.sum(list(raw.values()), axis=0)
        return {code: value / total for code, value in raw.items()}

    def _membership_of(self, code: str, lon: Floats, lat: Floats) -> Floats:
        """Return one unit's membership, asking its neighbours only where it can hold a point."""
        shares = np.zeros(lon.shape)
        near = self._near(self._members[code], lon, lat)
        if near.any():
            shares[near] = self.membership(lon[near], lat[near]).get(code, 0.0)
        return shares

    def signed_distance_m(self, code: str, lon: ArrayLike, lat: ArrayLike) -> Floats:
        """Return metres from each WGS 84 point to a unit's line, positive inside; shape (n,)."""
        return self._signed_m(code, np.asarray(lon, float), np.asarray(lat, float))

    def _depth_m(self, code: str, lon: Floats, lat: Floats) -> Floats:
        """Return the signed distance, infinite beyond 6 σ, where Φ cannot tell the difference."""
        return self._signed_m(code, lon, lat, reach_m=6 * self[code].sigma_m)

    def _signed_m(self, code: str, lon: Floats, lat: Floats, reach_m: float = np.inf) -> Floats:
        inside = shapely.intersects_xy(_prepared(self[code].geometry), lon, lat)
        return np.where(inside, 1.0, -1.0) * self._line(code).distance_m(lon, lat, reach_m)

    def nearest_outside(self, lon: float, lat: float) -> tuple[float, float]:
        """Return how far, in metres, and in which azimuth a point lies from the outer line."""
        at = self._line_of(arc for arc, units in self._uses.items() if units == 1).corners
        back, _, length = geo.geod().inv(
            at[:, 0], at[:, 1], np.full(len(at), lon), np.full(len(at), lat)
        )
        nearest = int(np.argmin(length))
        return float(length[nearest]), float(back[nearest]) % 360

    def _outside(self, lon: Floats, lat: Floats) -> Floats:
        """Return the raw membership of `none`: Φ of the distance beyond the outer line.

        σ is that of the unit whose outer line is nearest. Outer lines of units out of reach are
        left out: they are over 5 σ away, where Φ is 0 or 1 whatever the distance.
        """
        inside = np.zeros(lon.shape, bool)
        nearest, sigma = np.full(lon.shape, np.inf), np.ones(lon.shape)
        for code in self._within_reach(lon, lat):
            inside |= shapely.intersects_xy(_prepared(self[code].geometry), lon, lat)
            reach_m = 6 * self[code].sigma_m
            distance = self._outer_line(code).distance_m(lon, lat, reach_m)
            sigma = np.where(distance < nearest, self[code].sigma_m, sigma)
            nearest = np.minimum(distance, nearest)
        return normal_cdf(np.where(inside, -1.0, 1.0) * nearest / sigma)

    def _within_reach(self, lon: Floats, lat: Floats) -> list[str]:
        """Return the units that can hold at least one of the points."""
        return [
            code
            for code, member in self._members.items()
            if member["type"] and self._near(member, lon, lat).any()
        ]

    def _near(self, member: dict[str, Any], lon: Floats, lat: Floats) -> NDArray[np.bool_]:
        """Return which points lie in a unit's box widened by 5 σ."""
        if not member["type"]:
            return np.zeros(lon.shape, bool)
        west, south, east, north = member["bbox"]
        margin = _REACH_SIGMAS * self._sigma_m(member) / 90_000  # 1° is over 90 km both ways
        near: NDArray[np.bool_] = (
            (lon >= west - margin)
            & (lon <= east + margin)
            & (lat >= south - margin)
            & (lat <= north + margin)
        )
        return near

    def _sigma_m(self, member: dict[str, Any]) -> float:
        return float(member["properties"].get("sigma_m") or self.edition.accuracy_m)

    def _decode(self, member: dict[str, Any]) -> Unit:
        about = member["properties"]
        return Unit(
            code=member["id"],
            name=about["name"],
            name_fa=about.get("name_fa") or "",
            parent=about["parent"],
            sigma_m=self._sigma_m(member),
            geometry=self._polygons(member),
            system=about.get("system"),
            confidence=about.get("confidence"),
            note=about.get("note") or "",
        )

    def _polygons(self, member: dict[str, Any]) -> Polygon | MultiPolygon:
        if member["type"] is None:
            return Polygon()
        if member["type"] == "Polygon":
            return self._polygon(member["arcs"])
        return MultiPolygon([self._polygon(rings) for rings in member["arcs"]])

    def _polygon(self, rings: list[list[int]]) -> Polygon:
        shell, *holes = (self._ring(arcs) for arcs in rings)
        return Polygon(shell, holes)

    def _ring(self, arcs: list[int]) -> Floats:
        """Join arcs end to end; ~i means arc i walked backwards (TopoJSON 2.1.4)."""
        pieces = [self._topology.arc(i) if i >= 0 else self._topology.arc(~i)[::-1] for i in arcs]
        return np.vstack([pieces[0], *(piece[1:] for piece in pieces[1:])])

    def _line(self, code: str) -> Line:
        if code not in self._lines:
            self._lines[code] = Line(shapely.get_rings(self[code].geometry))
        return self._lines[code]

    def _outer_line(self, code: str) -> Line:
        """Return the part of a unit's line that has no unit on its other side."""
        key = f"{code} outer"
        if key not in self._lines:
            arcs = _arcs_of(self._members[code])
            self._lines[key] = self._line_of(arc for arc in arcs if self._uses[arc] == 1)
        return self._lines[key]

    def _line_of(self, arcs: Iterable[int]) -> Line:
        return Line(np.array([shapely.linestrings(self._topology.arc(arc)) for arc in arcs]))

    @cached_property
    def _uses(self) -> Counter[int]:
        """How many units each arc borders."""
        return Counter(arc for member in self._members.values() for arc in _arcs_of(member))


def _arcs_of(member: dict[str, Any]) -> list[int]:
    """Return the numbers of the arcs that a unit's rings walk, in either direction."""
    if member["type"] is None:
        return []
    parts = [member["arcs"]] if member["type"] == "Polygon" else member["arcs"]
    return [arc if arc >= 0 else ~arc for rings in parts for ring in rings for arc in ring]


def _prepared(geometry: _Geometry) -> _Geometry:
    shapely.prepare(geometry)
    return geometry


class Line:
    """A boundary line that answers many distance questions."""

    def __init__(self, parts: NDArray[Any]) -> None:
        self.corners = shapely.get_coordinates(parts)  # (n, 2) lon, lat
        east, north = geo.to_metres(self.corners[:, 0], self.corners[:, 1])
        ends = np.column_stack([east, north])
        same_part = np.diff(np.repeat(np.arange(len(parts)), shapely.get_num_points(parts))) == 0
        segments = np.stack([ends[:-1], ends[1:]], axis=1)[same_part]
        self._tree = shapely.STRtree(shapely.linestrings(segments))

    def distance_m(self, lon: Floats, lat: Floats, reach_m: float = np.inf) -> Floats:
        """Return ground metres from WGS 84 points to the line, shape (n,).

        Infinite where the line is empty or farther than `reach_m`, which saves the search.
        """
        distance = np.full(lon.shape, np.inf)
        if len(self._tree) and lon.size:
            east, north = geo.to_metres(lon, lat)
            (asked, _), found = self._tree.query_nearest(
                shapely.points(east, north),
                max_distance=reach_m if np.isfinite(reach_m) else None,
                return_distance=True,
                all_matches=False,
            )
            # A UTM length is the ground length times the point scale, which is 0.9996 on the
            # central meridian (69° E, Kabul) and 1.005 at Herat.
            offset = (east[asked] - 500_000) / (0.9996 * 6_371_000)
            distance[asked] = found / (0.9996 * (1 + offset**2 / 2))
        return distance


def normal_cdf(z: Floats) -> Floats:
    """Return Φ(z), the standard normal distribution, same shape."""
    if z.size > 1000:
        from scipy.special import ndtr

        shares: Floats = ndtr(z)
        return shares
    # For a few points the C library will do: importing scipy would double the time of `where`.
    return np.reshape([erfc(-value / sqrt(2)) / 2 for value in np.ravel(z)], np.shape(z))
