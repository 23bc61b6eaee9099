"""One layer of one edition: its units, and how surely each holds a point."""

from __future__ import annotations

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
from geoloc.boundaries.surface import Surface, read_surface
from geoloc.boundaries.topology import Topology, arcs_of, read_topology, sides_of
from geoloc.errors import EditionError, InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from geoloc.boundaries.index import LineIndex, UnitIndex

    Floats = NDArray[np.float64]

_Geometry = TypeVar("_Geometry", bound=shapely.Geometry)

LEAST_MEMBERSHIP = 0.01  # below this a unit is not mentioned
_REACH_SIGMAS = 6  # Φ(-6) is 1e-9: beyond this a unit cannot hold the point
_INDEX_MARGIN_M = 200_000.0  # how far around a line its index reaches
MANY = 20_000  # points from which on the compiled indexes pay for loading and building them


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
    hawza: tuple[int, ...] = ()  # numbers of the police hawzas known in a nahia; none if unknown
    confidence: str | None = None  # high, medium or low, where the edition says so
    ambiguous: bool = False  # its name means another place too, which the note names
    somewhere_in: str | None = None  # code of the district that holds it, where no line is known
    note: str = ""


@dataclass(frozen=True, slots=True)
class Zones:
    """A vague unit as nested shapes, WGS 84, each within the next; empty where there is none."""

    core: Polygon | MultiPolygon  # membership of at least 0.9
    likely: Polygon | MultiPolygon  # at least 0.5
    extent: Polygon | MultiPolygon  # at least 0.1


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How well a unit's localities are told by a model that has not seen them."""

    localities: int
    right: float  # share for which it is the most probable answer
    first_two: float  # share for which it is one of the two most probable
    log_loss: float  # mean of -ln p(label); 0 is perfect
    calibration_error: float  # expected, of the most probable answer, 0 to 1


@dataclass(frozen=True, slots=True)
class Standing:
    """How one point stands to one unit."""

    unit: Unit
    edition: Edition
    membership: float | None  # 0 to 1; None where the unit has no known line
    distance_to_line_m: float | None  # positive inside, negative outside; None if not measured
    sigma_m: float | None = None  # σ of the nearest line, metres

    @property
    def inside(self) -> bool | None:
        """Return whether the point is more likely in than out; None where nobody can say."""
        return None if self.membership is None else self.membership >= 0.5

    @property
    def stated(self) -> float:
        """Return the membership to print: one that was computed is never certain."""
        share = self.membership or 0.0
        return min(max(share, 0.002), 0.998) if self.edition.approximate else share


@dataclass(frozen=True)
class Points:
    """Points that are asked about together, projected once."""

    lon: Floats  # WGS 84 degrees, shape (n,)
    lat: Floats
    many: bool  # whether the compiled indexes answer; they answer the same

    @classmethod
    def at(cls, lon: ArrayLike, lat: ArrayLike, *, many: bool | None = None) -> Points:
        """Return WGS 84 points; by default their count says whether they are many."""
        lon, lat = columns(lon, lat)
        return cls(lon, lat, lon.size >= MANY if many is None else many)

    @cached_property
    def plane(self) -> tuple[Floats, Floats]:
        """Return UTM 42N eastings and northings, metres."""
        if self.many:
            from geoloc.boundaries.index import to_metres

            return to_metres(self.lon, self.lat)
        return geo.to_metres(self.lon, self.lat)

    def __len__(self) -> int:
        return self.lon.size

    def __getitem__(self, chosen: NDArray[Any] | slice) -> Points:
        part = Points(self.lon[chosen], self.lat[chosen], self.many)
        if "plane" in self.__dict__:
            part.__dict__["plane"] = tuple(axis[chosen] for axis in self.plane)
        return part


def columns(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return lon and lat as float columns of one shape (n,); a single point is a column of one.

    Raises
    ------
    InputError
        If they differ in shape or are no numbers.
    """
    try:
        east, north = (np.atleast_1d(np.asarray(each, np.float64)) for each in (lon, lat))
    except (TypeError, ValueError) as error:
        raise InputError(f"lon and lat must be numbers: {error}.") from error
    if east.shape != north.shape or east.ndim != 1:
        raise InputError(
            f"lon and lat must have one shape (n,), got {east.shape} and {north.shape}."
        )
    return east, north


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

    # Not compared unit by unit, as mappings are: each read of a file is a layer of its own.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

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
        share = self.membership([lon], [lat], only=(code,))[code][0]
        return self._standing(code, float(share), lon, lat)

    def standings(self, lon: float, lat: float) -> tuple[tuple[Standing, ...], float]:
        """Return the units that may hold a point, likeliest first, and the membership of none."""
        shares = self.membership([lon], [lat])
        none = float(shares.pop("none")[0])
        found = [
            self._standing(code, float(share[0]), lon, lat)
            for code, share in shares.items()
            if share[0] >= LEAST_MEMBERSHIP
        ]
        found.sort(key=lambda standing: (-(standing.membership or 0), standing.unit.code))
        return tuple(found), none

    def _standing(self, code: str, share: float, lon: float, lat: float) -> Standing:
        depth_m, sigma_m = self.depth_m(code, [lon], [lat])
        return Standing(self[code], self.edition, share, float(depth_m[0]), float(sigma_m[0]))

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
            (6 σ) are left out, except those named in `only`.

        Raises
        ------
        InputError
            If `lon` and `lat` differ in shape.
        EditionError
            If `only` names a unit that the edition lacks.

        Notes
        -----
        An edition with a stored surface answers from it. Otherwise raw memberships are
        Φ(signed distance / σ) of each unit's nearest line, with σ of that very line, and of the
        outer line for `none`; they are then scaled to sum to 1, which changes them only where
        three or more lines meet.
        """
        points = Points.at(lon, lat)
        if only is None:
            return self.shares(points)
        if unknown := [code for code in only if code not in self._members]:
            raise EditionError(f"Edition {self.edition.id} has no {unknown[0]!r}.")
        return {code: self._membership_of(code, points) for code in only}

    def _membership_of(self, code: str, points: Points) -> Floats:
        """Return one unit's membership, asking its neighbours only where it can hold a point."""
        if self._surface:
            return self._surface.shares(points, code)[code]
        shares = np.zeros(len(points))
        number = self.codes.index(code)
        near = _in_box(points, self._reach_boxes[number])
        if near.size:
            shares[near] = self._holds(code, points[near])
            # Out of reach of its line a unit holds a point, or not; only the rest need neighbours.
            to_line_m, _ = self._line(code).nearest(points[near], self._reaches_m[number])
            near = near[np.isfinite(to_line_m)]
            shares[near] = self.shares(points[near]).get(code, np.zeros(near.size))
        return shares

    def shares(self, points: Points) -> dict[str, Floats]:
        """Return what `membership` returns; a unit is asked about the points in its reach only.

        Outer lines of units out of reach are left out: they are over 6 σ away, where Φ is 0 or 1
        whatever the distance.
        """
        if self._surface:
            return self._surface.shares(points)
        raw: dict[str, Floats] = {}
        _ = points.plane  # once for all units, not once for each
        holders = self.holders(points) if points.many else None
        held = np.zeros(len(points), bool)
        beyond_m, sigma_m = np.full(len(points), np.inf), np.ones(len(points))
        for number in _boxes_meeting(points, self._reach_boxes):
            near = _in_box(points, self._reach_boxes[number])
            if not near.size:
                continue
            code, here, reach_m = self.codes[number], points[near], self._reaches_m[number]
            inside = self._holds(code, here) if holders is None else holders[near] == number
            distance_m, here_sigma_m = self._line(code).nearest(here, reach_m)
            raw[code] = np.zeros(len(points))
            raw[code][near] = normal_cdf(np.where(inside, 1.0, -1.0) * distance_m / here_sigma_m)
            held[near] |= inside
            outer_m, here_sigma_m = self._outer_line(code).nearest(here, reach_m)
            nearer = outer_m < beyond_m[near]
            beyond_m[near[nearer]], sigma_m[near[nearer]] = outer_m[nearer], here_sigma_m[nearer]
        raw["none"] = normal_cdf(np.where(held, -1.0, 1.0) * beyond_m / sigma_m)
        total = np.sum(list(raw.values()), axis=0)
        return {code: value / total for code, value in raw.items()}

    def holders(self, points: Points) -> NDArray[np.int16]:
        """Return the number, in `codes`, of the unit whose polygon holds each point; -1 if none.

        A polygon holds its line too. On a line that units share, the unit whose code sorts first
        holds the point.
        """
        if not points.many:
            return self._ask_polygons(points)
        from geoloc.boundaries.index import UNSURE

        found = self._index.labels(points.lon, points.lat)
        unsure = np.flatnonzero(found == UNSURE)
        found[unsure] = self._ask_polygons(points[unsure])
        return found

    def _ask_polygons(self, points: Points) -> NDArray[np.int16]:
        found = np.full(len(points), -1, np.int16)
        for number in _boxes_meeting(points, self._boxes)[::-1]:  # the first code is written last
            near = _in_box(points, self._boxes[number])
            found[near[self._holds(self.codes[number], points[near])]] = number
        return found

    def _holds(self, code: str, points: Points) -> NDArray[np.bool_]:
        held: NDArray[np.bool_] = shapely.intersects_xy(
            _prepared(self[code].geometry), points.lon, points.lat
        )
        return held

    @cached_property
    def _surface(self) -> Surface | None:
        """The stored surface of membership, where the edition has one."""
        return read_surface(*self.edition.membership) if self.edition.membership else None

    def zones(self, code: str) -> Zones | None:
        """Return a unit's core, likely part and extent; None where the edition has no such.

        Raises
        ------
        EditionError
            If the edition has no such unit.
        """
        if code not in self._members:
            raise EditionError(f"Edition {self.edition.id} has no {code!r}.")
        drawn = [self._topology.objects.get(zone) for zone in ("core", "likely", "extent")]
        members = [
            member
            for zone in drawn
            if zone
            for member in zone["geometries"]
            if member["id"] == code
        ]
        if len(members) < len(drawn):
            return None
        return Zones(*(self._topology.shape(member) for member in members))

    def left_out(self, code: str | None = None) -> LeftOut | None:
        """Return how well left-out localities are told, of one unit or of all; None if unknown."""
        if code is None:
            figures = self._topology.metadata.get("left_out") or {}
        else:
            stated = self._members[code]["properties"].items()
            named = ((name.removeprefix("left_out_"), value) for name, value in stated)
            figures = {name: value for name, value in named if name in LeftOut.__slots__}
        return LeftOut(**figures) if figures else None

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Return the units' codes, sorted."""
        return tuple(sorted(self))

    def has_line(self, code: str) -> bool:
        """Return whether a unit's line is known, without decoding its shape."""
        return self._members[code]["type"] is not None

    def parent(self, code: str) -> str:
        """Return the code of the unit that holds a unit, without decoding its shape."""
        return str(self._members[code]["properties"]["parent"])

    @cached_property
    def line(self) -> Line:
        """Return every line of the layer as one."""
        return self._line_of(self._owners)

    @cached_property
    def _index(self) -> UnitIndex:
        """Which unit holds a point, for many points."""
        from geoloc.boundaries.index import UnitIndex

        lines = {arc: self._topology.arc(arc) for arc in self._owners}
        sides = sides_of([self._members[code] for code in self.codes], lines)
        left, right = (
            np.repeat(
                np.array([sides[arc][side] for arc in lines], np.int16),
                [len(line) - 1 for line in lines.values()],
            )
            for side in (0, 1)
        )
        segments = [np.stack([line[:-1], line[1:]], axis=1) for line in lines.values()]
        return UnitIndex(np.concatenate(segments), left, right)

    def depth_m(self, code: str, lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
        """Return how deep WGS 84 points lie in a unit, and σ of the line that is nearest.

        Returns
        -------
        depth_m, sigma_m : float arrays, shape (n,)
            Ground metres to the unit's line, positive inside; σ of the nearest stretch of it.
        """
        points = Points.at(lon, lat)
        distance_m, sigma_m = self._line(code).nearest(points)
        return np.where(self._holds(code, points), 1.0, -1.0) * distance_m, sigma_m

    def margin_m(self, code: str, lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
        """Return how deep WGS 84 points lie in a unit as far as its membership says, and σ.

        Returns
        -------
        margin_m, sigma_m : float arrays, shape (n,)
            Ground metres to the unit's line, positive inside, and σ of its nearest stretch. Where
            the edition has a stored surface, the metres for which Φ(margin / σ) is its membership;
            where that is 0 or 1 to the last digit, the distance to the line and at least 3 σ.
        """
        depth_m, sigma_m = self.depth_m(code, lon, lat)
        if not self._surface:
            return depth_m, sigma_m
        from scipy.special import ndtri

        share = self._surface.shares(Points.at(lon, lat), code)[code]
        margin_m = ndtri(share) * sigma_m
        far_m = np.where(share > 0.5, 1, -1) * np.maximum(np.abs(depth_m), 3 * sigma_m)
        return np.where(np.isfinite(margin_m), margin_m, far_m), sigma_m

    def nearest_outside(self, lon: float, lat: float) -> tuple[float, float]:
        """Return how far, in metres, and in which azimuth a point lies from the outer line."""
        at = self._line_of(arc for arc, codes in self._owners.items() if len(codes) == 1).corners
        back, _, length = geo.geod().inv(
            at[:, 0], at[:, 1], np.full(len(at), lon), np.full(len(at), lat)
        )
        nearest = int(np.argmin(length))
        return float(length[nearest]), float(back[nearest]) % 360

    @cached_property
    def _boxes(self) -> Floats:
        """West, south, east and north of each of `codes`; NaN where a unit has no line."""
        members = (self._members[code] for code in self.codes)
        return np.array([m["bbox"] if m["type"] else [np.nan] * 4 for m in members]) + _WIDER

    def reach_m(self, code: str) -> float:
        """Return how far from a unit's line Φ can still tell a difference, metres."""
        return float(self._reaches_m[self.codes.index(code)])

    @cached_property
    def _reaches_m(self) -> Floats:
        """How far from the line of each of `codes` Φ can still tell a difference, metres."""
        return np.array(
            [
                _REACH_SIGMAS
                * max(map(self._line_sigma_m, arcs_of(self._members[code])), default=0)
                for code in self.codes
            ]
        )

    @cached_property
    def _reach_boxes(self) -> Floats:
        """The boxes widened by the reach."""
        return self._boxes + np.outer(self._reaches_m / 90_000, _OUTWARDS)  # 1° is over 90 km

    def _line_sigma_m(self, arc: int) -> float:
        """Return σ of one line: its own where it was measured, else from its units'."""
        codes = sorted(self._owners[arc])
        measured = self._topology.line_sigma_m.get(" ".join(codes))
        sigmas = [self._sigma_m(self._members[code]) for code in codes]
        return float(measured or np.sqrt(np.mean(np.square(sigmas))))

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
            hawza=tuple(about.get("hawza") or ()),
            confidence=about.get("confidence"),
            ambiguous=bool(about.get("ambiguous")),
            somewhere_in=about.get("somewhere_in"),
            note=about.get("note") or "",
        )

    def _line(self, code: str) -> Line:
        if code not in self._lines:
            self._lines[code] = self._line_of(arcs_of(self._members[code]))
        return self._lines[code]

    def _outer_line(self, code: str) -> Line:
        """Return the part of a unit's line that has no unit on its other side."""
        key = f"{code} outer"
        if key not in self._lines:
            arcs = arcs_of(self._members[code])
            self._lines[key] = self._line_of(arc for arc in arcs if len(self._owners[arc]) == 1)
        return self._lines[key]

    def _line_of(self, arcs: Iterable[int]) -> Line:
        chosen = list(arcs)
        shapes = [shapely.linestrings(self._topology.arc(arc)) for arc in chosen]
        return Line(np.array(shapes), np.array([self._line_sigma_m(arc) for arc in chosen]))

    @cached_property
    def _owners(self) -> dict[int, list[str]]:
        """The one or two units that each arc borders."""
        owners: dict[int, list[str]] = {}
        for code, member in self._members.items():
            for arc in arcs_of(member):
                owners.setdefault(arc, []).append(code)
        return owners


_OUTWARDS = np.array([-1.0, -1.0, 1.0, 1.0])
_WIDER = 1e-9 * _OUTWARDS  # a box is rounded in the file


def _boxes_meeting(points: Points, boxes: Floats) -> NDArray[np.intp]:
    """Return the numbers of the boxes that the points' own box meets."""
    if not len(points):
        return np.empty(0, np.intp)
    west, south, east, north = boxes.T
    return np.flatnonzero(
        (west <= points.lon.max())
        & (east >= points.lon.min())
        & (south <= points.lat.max())
        & (north >= points.lat.min())
    )


def _in_box(points: Points, box: Floats) -> NDArray[np.intp]:
    """Return the numbers of the points that lie in a box."""
    west, south, east, north = box
    return np.flatnonzero(
        (points.lon >= west) & (points.lon <= east) & (points.lat >= south) & (points.lat <= north)
    )


def _prepared(geometry: _Geometry) -> _Geometry:
    shapely.prepare(geometry)
    return geometry


class Line:
    """A boundary line that answers many distance questions."""

    def __init__(self, parts: NDArray[Any], sigmas_m: Floats) -> None:
        self.corners = shapely.get_coordinates(parts)  # (n, 2) lon, lat
        east, north = geo.to_metres(self.corners[:, 0], self.corners[:, 1])
        ends = np.column_stack([east, north])
        part = np.repeat(np.arange(len(parts)), shapely.get_num_points(parts))
        within = np.flatnonzero(np.diff(part) == 0)
        sigmas_m = np.asarray(sigmas_m, float)[part[within]]
        # The least sure first: where lines of several σ end in one corner, that one counts.
        order = np.argsort(-sigmas_m, kind="stable")
        self._sigmas_m = sigmas_m[order]
        self._segments = np.stack([ends[within], ends[within + 1]], axis=1)[order]

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(np.asarray(shapely.linestrings(self._segments)))

    @cached_property
    def _index(self) -> LineIndex:
        from geoloc.boundaries.index import LineIndex

        return LineIndex(self._segments, _INDEX_MARGIN_M)

    def nearest(self, points: Points, reach_m: float = np.inf) -> tuple[Floats, Floats]:
        """Return ground metres from points to the line, and σ of its nearest stretch.

        Infinite, with σ 1, where the line is empty or farther than `reach_m`: the search is saved.
        """
        if not (len(self._segments) and len(points)):
            return np.full(len(points), np.inf), np.ones(len(points))
        if points.many:
            plane_m, segment = self._index.nearest(*points.plane)
            beyond = np.flatnonzero(segment < 0)
            if beyond.size and not reach_m <= _INDEX_MARGIN_M:
                plane_m[beyond], segment[beyond] = self._search(points[beyond], reach_m)
        else:
            plane_m, segment = self._search(points, reach_m)
        found = (segment >= 0) & (plane_m <= reach_m)
        # A UTM length is the ground length times the point scale, which is 0.9996 on the central
        # meridian (69° E, Kabul) and 1.005 at Herat.
        offset = (points.plane[0] - 500_000) / (0.9996 * 6_371_000)
        ground_m = plane_m / (0.9996 * (1 + offset**2 / 2))
        return np.where(found, ground_m, np.inf), np.where(found, self._sigmas_m[segment], 1.0)

    def _search(self, points: Points, reach_m: float) -> tuple[Floats, NDArray[np.int32]]:
        """Return plane metres to the nearest segment and its number, -1 where none is in reach."""
        plane_m, segment = np.full(len(points), np.inf), np.full(len(points), -1, np.int32)
        (asked, found), distance = self._tree.query_nearest(
            shapely.points(*points.plane),
            max_distance=reach_m if np.isfinite(reach_m) else None,
            return_distance=True,
        )
        order = np.lexsort((-found, asked))  # the first of equally near segments is written last
        plane_m[asked[order]], segment[asked[order]] = distance[order], found[order]
        return plane_m, segment


def normal_cdf(z: Floats) -> Floats:
    """Return Φ(z), the standard normal distribution, same shape."""
    if z.size > 1000:
        from scipy.special import ndtr

        shares: Floats = ndtr(z)
        return shares
    # For a few points the C library will do: importing scipy would double the time of `where`.
    return np.reshape([erfc(-value / sqrt(2)) / 2 for value in np.ravel(z)], np.shape(z))


def km2(area: float) -> str:
    """Return an area in km² in two digits, from 10 km² on in whole ones."""
    return f"{area:,.0f}" if area >= 10 else f"{area:.2g}"


def percent(share: float) -> str:
    """Return a share from 0 to 1 as whole percent, never rounded to certainty."""
    if 0.995 <= share < 1 - 1e-9:
        return "> 99 %"
    if 1e-9 < share < 0.005:
        return "< 1 %"
    return f"{100 * share:.0f} %"
