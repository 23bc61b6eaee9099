"""One layer of one edition: its units, and how surely each holds a point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from math import erfc, sqrt
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from geoloc import geo
from geoloc.boundaries.editions import Edition, edition_of
from geoloc.boundaries.topology import Topology, arcs_of, read_topology, uses

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

_Geometry = TypeVar("_Geometry", bound=shapely.Geometry)

LEAST_MEMBERSHIP = 0.01  # below this a unit is not mentioned
_REACH_SIGMAS = 5  # Φ(-5) is 3e-7: beyond this a unit cannot hold the point


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
    return _load_layer(name, edition_of(name, edition))


@cache
def _load_layer(name: str, edition: Edition) -> Layer:
    return Layer(name, edition, read_topology(edition.path, edition.sha256))


class Layer(Mapping[str, Unit]):
    """The units of one layer of one edition, by code; shapes are decoded when first asked for."""

    def __init__(self, name: str, edition: Edition, topology: Topology) -> None:
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
            geometry=self._topology.shape(member),
            system=about.get("system"),
            confidence=about.get("confidence"),
            note=about.get("note") or "",
        )

    def _line(self, code: str) -> Line:
        if code not in self._lines:
            self._lines[code] = Line(shapely.get_rings(self[code].geometry))
        return self._lines[code]

    def _outer_line(self, code: str) -> Line:
        """Return the part of a unit's line that has no unit on its other side."""
        key = f"{code} outer"
        if key not in self._lines:
            arcs = arcs_of(self._members[code])
            self._lines[key] = self._line_of(arc for arc in arcs if self._uses[arc] == 1)
        return self._lines[key]

    def _line_of(self, arcs: Iterable[int]) -> Line:
        return Line(np.array([shapely.linestrings(self._topology.arc(arc)) for arc in arcs]))

    @cached_property
    def _uses(self) -> Counter[int]:
        """How many units each arc borders."""
        return uses(list(self._members.values()))


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
