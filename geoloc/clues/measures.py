"""Clues that measure: a distance, a bearing, a corridor, a road."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import shapely

from geoloc import geo
from geoloc.clues.ground import (
    REACH_SIGMAS,
    Feature,
    Landmark,
    apart,
    apart_m,
    blur_m,
    check_feature,
    check_shape,
    distance_m,
    feature_name,
    identity,
    landmark_distance_m,
    offsets_m,
    plane,
    scale,
    shape_of,
)
from geoloc.clues.statements import (
    RELIABILITY,
    check_above_zero,
    check_not_negative,
    check_source,
    length,
)
from geoloc.errors import ClueError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geoloc.geo import Grid

    Floats = NDArray[np.float64]

# Adults who judged distances along a road were 23 % short on average, single answers from 96 %
# short to 71 % long (Strauss, Police Journal 82, "Distance estimation error in a roadway setting").
DISTANCE_SIGMA_SHARE = 0.25
# People who judged outdoors which way two things lie were 5° off on average (Journal of Vision,
# article 2120852); compasses of phones 1.9° to 6.9°, at times 25° (science.lpnu.ua, node 42954).
BEARING_SIGMA_DEG = 5.0
# A summit 7 km above the observer's plain, with refraction: 3.86 km · √7000.
FARTHEST_SIGHT_M = 320_000.0
# GBIF's guide takes "between A and B" for a circle around the middle, its radius half the distance
# of the centres (Zermoglio et al. 2020, "Feature - between Two Features"); as 95 %, that is 2 σ.
CORRIDOR_SIGMA_SHARE = 0.25
# Judgement: the houses that face a main road, and how surely its line is drawn.
ROADSIDE_M, ROADSIDE_SIGMA_M = 100.0, 50.0

UNNAMED_LINE = "the line drawn"

_NEGLIGIBLE = -0.5 * 6**2  # of a clue whose best cell is 6 σ off, nothing is left


@dataclass(frozen=True, slots=True)
class Near:
    """The event happened at a distance from a feature, or at most so far from it.

    Give `distance_m` for "300 m from the bazaar", a ring: L falls off on both sides of the
    distance. Give `at_most_m` for "within 300 m of the bazaar", a disc: L is level inside and
    falls off at its edge. For a bare "near" there is no default, as "it is hard to defend any
    given value" (Zermoglio et al. 2020, GBIF): imagine what was meant, and give it as `at_most_m`.
    """

    kind: ClassVar[str] = "near"
    asserts: ClassVar[tuple[str, ...]] = ()

    feature: Feature  # a landmark, a unit, or a WGS 84 shape; within a unit or area it is 0 m away
    origin: str
    _: KW_ONLY
    distance_m: float | None = None  # metres, 0 or more
    at_most_m: float | None = None  # metres, above 0; one of the two
    sigma_m: float | None = None  # of the statement, above 0; None is a quarter of the distance
    name: str = ""  # of a shape, for reports
    reliability: float = RELIABILITY

    def __post_init__(self) -> None:
        check_source(self.origin, self.reliability)
        check_feature("feature", self.feature)
        if (self.distance_m is None) == (self.at_most_m is None):
            raise ClueError(
                "distance_m",
                "give either distance_m (so far from it) or at_most_m (within so far of it), got"
                f" distance_m={self.distance_m!r} and at_most_m={self.at_most_m!r}.",
            )
        if self.distance_m is not None:
            check_not_negative("distance_m", self.distance_m, "metres")
        if self.at_most_m is not None:
            check_above_zero("at_most_m", self.at_most_m, "metres")
        if self.sigma_m is not None:
            check_above_zero("sigma_m", self.sigma_m, "metres")

    @property
    def about(self) -> str:
        """Return which feature the distance is from: another one's is another observation."""
        return identity(self.feature, self.name)

    @property
    def says(self) -> str:
        """Return e.g. `within 300 m (± 75 m) of Bagrami bazaar`."""
        called = feature_name(self.feature, self.name)
        spread = f"(± {length(self._sigma_m)})"
        if self.at_most_m is not None:
            return f"within {length(self.at_most_m)} {spread} of {called}"
        return f"{length(self._stated_m)} {spread} from {called}"

    @property
    def _stated_m(self) -> float:
        return (self.distance_m or 0.0) + (self.at_most_m or 0.0)  # one of them is given

    @property
    def _sigma_m(self) -> float:
        return DISTANCE_SIGMA_SHARE * self._stated_m if self.sigma_m is None else self.sigma_m

    def log_likelihood(self, grid: Grid) -> Floats:
        """Return how well each cell fits the distance, measured from its centre.

        σ is that of the statement, of the feature's position and of a cell's ground, added in
        quadrature. A ring is -z²/2 of z = (distance - stated) / σ; a disc log Φ(-z).

        Raises
        ------
        ClueError
            If no cell is within 6 σ of fitting, or the feature is a unit without a line.
        """
        shape = shape_of("feature", self.feature, self.name)
        sigma_m = math.hypot(self._sigma_m, shape.sigma_m, blur_m(grid))
        reach_m = self._stated_m + REACH_SIGMAS * sigma_m
        found_m = distance_m(grid, shape.geometry, reach_m)
        nearest_m, farthest_m = float(found_m.min()), float(found_m.max())
        if nearest_m > self._stated_m + 6 * sigma_m:
            raise ClueError(
                "feature",
                f"{shape.name} lies {apart(grid, shape.geometry)} from the study area, so no cell"
                f" of it is {self.says}. Check its coordinates, or choose another study area.",
            )
        if self.at_most_m is None and farthest_m < self._stated_m - 6 * sigma_m:
            raise ClueError(
                "distance_m",
                f"no cell is {self.says}: the farthest one is {length(farthest_m)} away.",
            )
        z = (found_m - self._stated_m) / sigma_m
        return -(z**2) / 2 if self.at_most_m is None else _log_below(z)


@dataclass(frozen=True, slots=True)
class Bearing:
    """A landmark was seen in an azimuth from the event, or the event in one from a landmark.

    The azimuth counts clockwise from TRUE north. A compass shows magnetic north, which around
    Kabul lay about 3° east of true north in the early 2020s: give `declination_deg=3` for an
    azimuth read off one (a phone may have corrected it already; look), and ask a table of the
    World Magnetic Model for the date. For a compass word take the σ of its sector, 26 for "north",
    13 for "north-east", 6.5 for "north-north-east" (sectors of ±45°, ±22.5° and ±11.25° by Chapman
    & Wieczorek 2020, GBIF; σ is the half width over √3).
    """

    kind: ClassVar[str] = "bearing"
    asserts: ClassVar[tuple[str, ...]] = ()

    landmark: Landmark
    azimuth_deg: float  # 0 to below 360, clockwise from true north, seen from `seen_from`
    origin: str
    _: KW_ONLY
    seen_from: Literal["event", "landmark"] = "event"
    sigma_deg: float = BEARING_SIGMA_DEG  # above 0, at most 90
    declination_deg: float = 0.0  # east positive; added to the azimuth
    reliability: float = RELIABILITY

    def __post_init__(self) -> None:
        check_source(self.origin, self.reliability)
        if not isinstance(self.landmark, Landmark):
            raise ClueError("landmark", f"must be a Landmark, a point, got {self.landmark!r}.")
        if not (isinstance(self.azimuth_deg, Real) and 0 <= self.azimuth_deg < 360):
            raise ClueError(
                "azimuth_deg",
                "must be from 0 to below 360 degrees, clockwise from true north, got"
                f" {self.azimuth_deg!r}.",
            )
        if self.seen_from not in ("event", "landmark"):
            raise ClueError("seen_from", f'must be "event" or "landmark", got {self.seen_from!r}.')
        check_above_zero("sigma_deg", self.sigma_deg, "degrees")
        if self.sigma_deg > 90:
            raise ClueError("sigma_deg", f"of {self.sigma_deg:g}° says nothing; at most 90.")
        if not abs(self.declination_deg) <= 30:
            raise ClueError(
                "declination_deg",
                f"must be from -30 to 30 degrees, got {self.declination_deg!r}; around Kabul it is"
                " about 3, to the east.",
            )

    @property
    def about(self) -> str:
        """Return which landmark was seen: another one's azimuth is another observation."""
        return identity(self.landmark)

    @property
    def true_deg(self) -> float:
        """Return the azimuth from true north, 0 to below 360."""
        return (self.azimuth_deg + self.declination_deg) % 360

    @property
    def says(self) -> str:
        """Return e.g. `where Bala Hissar is seen in azimuth 310° (± 5°, north-west)`."""
        azimuth = (
            f"azimuth {self.true_deg:.4g}° (± {self.sigma_deg:.3g}°, {geo.compass(self.true_deg)})"
        )
        if self.seen_from == "event":
            return f"where {self.landmark.name} is seen in {azimuth}"
        return f"in {azimuth} from {self.landmark.name}"

    def log_likelihood(self, grid: Grid) -> Floats:
        """Return how well the azimuth between each cell's centre and the landmark fits.

        σ² = σ_statement² + (σ_position / d)², with σ_position of the landmark and of a cell's
        ground, and d their distance: next to the landmark an azimuth says nothing. L is a normal
        density wrapped around the circle, so a wider one is also lower.

        Raises
        ------
        ClueError
            If no cell is within 6 σ of fitting, or the landmark is too far to be seen.
        """
        at = self.landmark
        point = shapely.Point(at.lon, at.lat)
        if apart_m(grid, point) > FARTHEST_SIGHT_M:
            raise ClueError(
                "landmark",
                f"{at.name} lies {apart(grid, point)} from the study area, and nothing is seen from"
                f" more than {length(FARTHEST_SIGHT_M)}. Check its coordinates.",
            )
        true = self._true_azimuth(grid)
        off = np.abs((true - math.radians(self.true_deg) + math.pi) % (2 * math.pi) - math.pi)
        sigma = math.radians(self.sigma_deg)
        away_m = np.maximum(landmark_distance_m(grid, at.lon, at.lat), 1e-3 * grid.cell_m)
        # From 180° on a wrapped normal is level to 1 %.
        spread = np.sqrt(sigma**2 + (math.hypot(at.sigma_m, blur_m(grid)) / away_m) ** 2)
        spread = np.minimum(spread, math.pi)
        logs: Floats = np.log(sigma / spread) - (off / spread) ** 2 / 2
        # The density's tails come round the circle; below 0.5 rad they are under e-18.
        wide = spread > 0.5
        for turn in (-2 * math.pi, 2 * math.pi):
            tail = np.log(sigma / spread[wide]) - ((off[wide] + turn) / spread[wide]) ** 2 / 2
            logs[wide] = np.logaddexp(logs[wide], tail)
        if float(logs.max()) < _NEGLIGIBLE:
            raise ClueError(
                "azimuth_deg",
                f"no cell is {self.says}: the nearest azimuth of a cell is"
                f" {math.degrees(float(off.min())):.0f}° off. Check `seen_from`, which is"
                f" {self.seen_from!r}.",
            )
        return logs

    def _true_azimuth(self, grid: Grid) -> Floats:
        """Return azimuths in radians: that on the plane, turned by the meridian's convergence."""
        east, north = offsets_m(grid, self.landmark.lon, self.landmark.lat)
        if self.seen_from == "landmark":
            here = _convergence(math.radians(self.landmark.lon), math.radians(self.landmark.lat))
            from_landmark: Floats = np.arctan2(east, north) + here
            return from_landmark
        (there,) = grid.smooth(
            lambda e, n: (_convergence(*(np.radians(angle) for angle in geo.to_degrees(e, n))),),
        )
        to_landmark: Floats = np.arctan2(-east, -north) + there
        return to_landmark


def _convergence(lon: Any, lat: Any) -> Any:
    """Return how far UTM 42N's north lies west of true north, radians, right to 0.001°."""
    return np.arctan(np.tan(lon - math.radians(69)) * np.sin(lat))


@dataclass(frozen=True, slots=True)
class Between:
    """The event happened between two features: in a soft corridor from one to the other.

    Along the straight line that joins their centres L is level, and its ends are as sharp as the
    features are surely placed; across, L falls off as a normal density.
    """

    kind: ClassVar[str] = "between"
    asserts: ClassVar[tuple[str, ...]] = ()

    a: Feature
    b: Feature
    origin: str
    _: KW_ONLY
    sigma_m: float | None = None  # across, above 0; None is a quarter of the distance of a and b
    name_a: str = ""  # of a shape, for reports
    name_b: str = ""
    reliability: float = RELIABILITY

    def __post_init__(self) -> None:
        check_source(self.origin, self.reliability)
        check_feature("a", self.a)
        check_feature("b", self.b)
        if self.sigma_m is not None:
            check_above_zero("sigma_m", self.sigma_m, "metres")

    @property
    def about(self) -> str:
        """Return which two features it is between: of others it is another observation."""
        return " | ".join((identity(self.a, self.name_a), identity(self.b, self.name_b)))

    @property
    def says(self) -> str:
        """Return e.g. `between Bala Hissar and Bagrami bazaar`."""
        names = feature_name(self.a, self.name_a), feature_name(self.b, self.name_b)
        return f"between {names[0]} and {names[1]}"

    def log_likelihood(self, grid: Grid) -> Floats:
        """Return how well each cell's centre lies in the corridor.

        Raises
        ------
        ClueError
            If the corridor misses the grid by more than 6 σ, if both ends are one point, or if one
            is a unit without a line.
        """
        ends = [
            shape_of(*each) for each in (("a", self.a, self.name_a), ("b", self.b, self.name_b))
        ]
        first, last = (_centre(end.geometry) for end in ends)
        east, north = offsets_m(grid, first.x, first.y)
        run_east, run_north = (
            float(b) - float(a)
            for a, b in zip(
                geo.to_metres(first.x, first.y), geo.to_metres(last.x, last.y), strict=True
            )
        )
        run_m = math.hypot(run_east, run_north)
        if run_m < 1:
            raise ClueError("b", f"{ends[1].name} lies where {ends[0].name} does; name two places.")
        stated_m = CORRIDOR_SIGMA_SHARE * run_m if self.sigma_m is None else self.sigma_m
        blunt_m = [math.hypot(end.sigma_m, blur_m(grid)) for end in ends]
        across_sigma_m = math.hypot(stated_m, max(blunt_m))
        k = scale(grid)
        along = (east * run_east + north * run_north) / run_m / k
        across = (east * run_north - north * run_east) / run_m / k
        logs = -((across / across_sigma_m) ** 2) / 2
        logs = logs + _log_below(-along / blunt_m[0]) + _log_below((along - run_m / k) / blunt_m[1])
        if float(logs.max()) < _NEGLIGIBLE:
            line = shapely.LineString([first, last])
            raise ClueError(
                "a",
                f"the line {self.says} runs {apart(grid, line)} from the study area. Check the"
                " coordinates of both.",
            )
        return logs


def _centre(geometry: BaseGeometry) -> shapely.Point:
    """Return the centroid, or where it falls outside the shape the point of it that is nearest."""
    middle = geometry.centroid
    on_shape = shapely.shortest_line(plane(geometry), plane(middle))
    return geo.geometry_to_degrees(shapely.get_point(on_shape, 0))


@dataclass(frozen=True, slots=True)
class Along:
    """The event happened beside a road, river or other line."""

    kind: ClassVar[str] = "along"
    asserts: ClassVar[tuple[str, ...]] = ()

    line: BaseGeometry  # LineString or MultiLineString, WGS 84
    origin: str
    _: KW_ONLY
    at_most_m: float = ROADSIDE_M  # to either side, above 0
    sigma_m: float = ROADSIDE_SIGMA_M  # of that distance, above 0
    name: str = UNNAMED_LINE
    reliability: float = RELIABILITY

    def __post_init__(self) -> None:
        check_source(self.origin, self.reliability)
        check_shape("line", self.line, ("LineString",))
        check_above_zero("at_most_m", self.at_most_m, "metres")
        check_above_zero("sigma_m", self.sigma_m, "metres")

    @property
    def about(self) -> str:
        """Return which line it is beside: beside another one is another observation."""
        return identity(self.line, "" if self.name == UNNAMED_LINE else self.name)

    @property
    def says(self) -> str:
        """Return e.g. `within 100 m (± 50 m) of the Jalalabad road`."""
        return f"within {length(self.at_most_m)} (± {length(self.sigma_m)}) of {self.name}"

    def log_likelihood(self, grid: Grid) -> Floats:
        """Return how well each cell's centre lies within the distance; see `Near`.

        Raises
        ------
        ClueError
            If the line runs more than 6 σ outside the grid.
        """
        sigma_m = math.hypot(self.sigma_m, shape_of("line", self.line).sigma_m, blur_m(grid))
        found_m = distance_m(grid, self.line, self.at_most_m + REACH_SIGMAS * sigma_m)
        if float(found_m.min()) > self.at_most_m + 6 * sigma_m:
            raise ClueError(
                "line",
                f"{self.name} runs {apart(grid, self.line)} from the study area. Check its"
                " coordinates.",
            )
        return _log_below((found_m - self.at_most_m) / sigma_m)


def _log_below(z: Floats) -> Floats:
    """Return log Φ(-z): the log of how surely a limit that lies at z = 0 is not passed."""
    from scipy.special import log_ndtr

    # Deep inside and far outside nothing is to be computed.
    logs = np.where(z < -REACH_SIGMAS, 0.0, -np.inf)
    within = (z >= -REACH_SIGMAS) & np.isfinite(z)
    logs[within] = log_ndtr(-z[within])
    return logs
