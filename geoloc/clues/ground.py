"""Where cells lie to points and shapes on the ground: positions, distances, shares covered."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geoloc import boundaries, geo
from geoloc.clues.statements import check_above_zero, length
from geoloc.errors import ClueError, CoordinateError
from geoloc.gazetteer import Place, fold
from geoloc.geo import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Points of our gazetteer are "right to about 1 to 2.5 km" (boundaries/sources.toml). Read as the
# radius that holds 95 % of errors, 2.5 km is 2.45 σ of each axis.
GAZETTEER_SIGMA_M = 1000.0
# Google Earth's imagery of 2012 and 2018 was 10.6 m off (RMSE, Nwilo et al. 2022, preprint); in
# rural Mexico 95 % was within 8 m (Paredes-Hernández et al. 2013, which GBIF's guide recommends).
IMAGERY_SIGMA_M = 10.0

REACH_SIGMAS = 8  # Φ(-8) is 6e-16: what is farther away changes no likelihood


@dataclass(frozen=True, slots=True)
class Landmark:
    """A point on the ground, and how surely it is placed.

    By default as surely as our gazetteer places a settlement; a point that was read off imagery
    is surer (`IMAGERY_SIGMA_M`).
    """

    name: str
    lon: float  # WGS 84 degrees
    lat: float
    sigma_m: float = GAZETTEER_SIGMA_M  # σ of its position along each axis, metres, above 0

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ClueError("name", "is empty; say what the landmark is.")
        try:
            geo.check_point(self.lon, self.lat)
        except CoordinateError as error:
            raise ClueError("landmark", f"{self.name}: {error}") from error
        check_above_zero("sigma_m", self.sigma_m, "metres")


Feature: TypeAlias = Landmark | Place | BaseGeometry  # geometries in WGS 84


@dataclass(frozen=True, slots=True)
class Shape:
    """A feature as a shape, how surely it is placed, and its name."""

    geometry: BaseGeometry  # WGS 84, not empty
    sigma_m: float  # σ of its outline, metres
    name: str


def check_shape(field: str, geometry: BaseGeometry, kinds: tuple[str, ...]) -> None:
    """Raise `ClueError` unless a WGS 84 geometry can be drawn as it is: nothing is repaired.

    Parameters
    ----------
    field : str
        The setting to name in the error.
    geometry : BaseGeometry
        What was given.
    kinds : tuple of str
        Kinds that will do: `Point`, `LineString`, `Polygon`; of each also the `Multi` one.
    """
    if not isinstance(geometry, BaseGeometry):
        raise ClueError(field, f"must be a shape, got {type(geometry).__name__}.")
    wanted = " or ".join(kinds)
    if geometry.geom_type.removeprefix("Multi") not in kinds:
        raise ClueError(field, f"is a {geometry.geom_type}; draw a {wanted}.")
    if geometry.is_empty:
        raise ClueError(field, f"is an empty {geometry.geom_type}; draw a {wanted}.")
    corners = shapely.get_coordinates(geometry)
    if not np.isfinite(corners).all():
        raise ClueError(field, "has a corner that is not a finite number; draw it again.")
    west, south, east, north = geometry.bounds
    try:
        geo.check_point((west + east) / 2, (south + north) / 2)
        for lon, lat in ((west, south), (east, north)):
            geo.check_point(lon, lat)
    except CoordinateError as error:
        raise ClueError(
            field, f"{error} A shape is given as longitude, latitude in degrees."
        ) from error
    if not geometry.is_valid:
        raise ClueError(
            field,
            f"is not a valid {geometry.geom_type}: {shapely.is_valid_reason(geometry)} (longitude"
            " latitude). Draw it again without crossing its own line; geoloc does not guess what"
            " was meant.",
        )


def check_feature(field: str, feature: Feature) -> None:
    """Raise `ClueError` unless a feature is a landmark, a unit or a shape that can be drawn."""
    if not isinstance(feature, Place | Landmark | BaseGeometry):
        raise ClueError(field, f"must be a Landmark, a Place or a shape, got {feature!r}.")
    if isinstance(feature, Place):
        if not feature.codes:
            raise ClueError(field, f"{feature.text!r} names no unit; give its codes.")
    elif not isinstance(feature, Landmark):
        check_shape(field, feature, ("Point", "LineString", "Polygon"))


def feature_name(feature: Feature, name: str) -> str:
    """Return what to call a feature: `name` if it is given, else its own."""
    if name:
        return name
    if isinstance(feature, Landmark | Place):
        return feature.name
    of = {"Point": "point", "LineString": "line", "Polygon": "area"}
    return f"the {of[feature.geom_type.removeprefix('Multi')]} drawn"


def identity(feature: Feature, name: str = "") -> str:
    """Return what tells a feature from others: its name, folded; of an unnamed one its box."""
    if name or isinstance(feature, Landmark | Place):
        return fold(feature_name(feature, name))
    return " ".join(f"{value:.4f}" for value in feature.bounds)


def shape_of(field: str, feature: Feature, name: str = "") -> Shape:
    """Return a feature's shape; of a place, what its units have in common.

    Raises
    ------
    ClueError
        If a unit of a place has no known line, or its units have nothing in common.
    """
    called = feature_name(feature, name)
    if isinstance(feature, Landmark):
        return Shape(shapely.Point(feature.lon, feature.lat), feature.sigma_m, called)
    if not isinstance(feature, Place):
        return Shape(shapely.force_2d(feature), IMAGERY_SIGMA_M, called)
    units = [boundaries.layers_with(code)[0][code] for code in feature.codes]
    if any(unit.geometry.is_empty for unit in units):
        raise ClueError(field, f"{called} has no known line to measure from.")
    common = shapely.intersection_all([unit.geometry for unit in units])
    if common.is_empty:
        raise ClueError(field, f"the units of {called} have nothing in common.")
    return Shape(common, max(unit.sigma_m for unit in units), called)


def blur_m(grid: Grid) -> float:
    """Return σ of a cell's ground around its centre along any direction, metres.

    A square's second moment is side² / 12 whichever way it is looked at; a likelihood at the
    centre, widened by it, is that of the cell as a whole.
    """
    return grid.cell_m / math.sqrt(12)


def offsets_m(grid: Grid, lon: float, lat: float) -> tuple[Floats, Floats]:
    """Return plane metres east of a point, shape (1, cols), and north of it, shape (rows, 1)."""
    east, north = geo.to_metres(lon, lat)
    columns = grid.west_m + (np.arange(grid.cols) + 0.5) * grid.cell_m
    rows = grid.north_m - (np.arange(grid.rows) + 0.5) * grid.cell_m
    return np.asarray(columns - float(east))[None, :], np.asarray(rows - float(north))[:, None]


def scale(grid: Grid) -> Floats:
    """Return plane metres per ground metre for each column, shape (1, cols): about 0.9996."""
    offset = grid.west_m + (np.arange(grid.cols) + 0.5) * grid.cell_m - 500_000
    return np.asarray(0.9996 * (1 + (offset / 6_371_000) ** 2 / 2))[None, :]


def apart_m(grid: Grid, geometry: BaseGeometry) -> float:
    """Return how far a WGS 84 geometry lies from the grid, in metres; 0 where they meet."""
    return float(shapely.distance(_box(grid, 0), plane(geometry)))


def apart(grid: Grid, geometry: BaseGeometry) -> str:
    """Return in words how far a geometry lies from the grid."""
    distance_m = apart_m(grid, geometry)
    # Far outside zone 42 a distance on its plane is only roughly that on the ground.
    return length(distance_m) if distance_m < 1e6 else "more than 1,000 km"


def plane(geometry: BaseGeometry) -> BaseGeometry:
    """Return a WGS 84 geometry on UTM 42N; its edges stay straight in degrees to 0.1 m."""
    return geo.geometry_to_metres(shapely.segmentize(shapely.force_2d(geometry), 0.02))


def _box(grid: Grid, margin_m: float) -> BaseGeometry:
    return shapely.box(
        grid.west_m - margin_m,
        grid.north_m - grid.rows * grid.cell_m - margin_m,
        grid.west_m + grid.cols * grid.cell_m + margin_m,
        grid.north_m + margin_m,
    )


def landmark_distance_m(grid: Grid, lon: float, lat: float) -> Floats:
    """Return ground metres from each cell's centre to a point, shape (rows, cols)."""
    east, north = offsets_m(grid, lon, lat)
    distance: Floats = np.sqrt(east**2 + north**2) / scale(grid)
    return distance


_MOST_CELLS = 8_000_000  # that a search for the nearest line may take: 0.8 s, 300 MB


def distance_m(grid: Grid, geometry: BaseGeometry, reach_m: float) -> Floats:
    """Return ground metres from each cell's centre to a shape.

    Parameters
    ----------
    grid : Grid
        The cells.
    geometry : BaseGeometry
        WGS 84; of an area, the distance is 0 where at least half of a cell is covered.
    reach_m : float
        Farther away nobody looks: the distance may then be infinite.

    Returns
    -------
    float array, (rows, cols)
        For a single point exact to 0.01 %. For other shapes never too small, and too large by
        less than a cell, on average by less than a tenth: measured is the distance to a segment
        of the nearest cell that the line touches, which is mostly the nearest segment.
    """
    if isinstance(geometry, shapely.Point):
        return landmark_distance_m(grid, geometry.x, geometry.y)
    on_plane = plane(geometry)
    areal = geometry.geom_type.endswith("Polygon")
    line = shapely.boundary(on_plane) if areal else on_plane
    found = _line_distance_m(grid, line, reach_m)
    if areal:
        found = np.where(_covered(grid, on_plane) >= 0.5, 0.0, found)
    return found


def depth_m(grid: Grid, polygon: BaseGeometry, reach_m: float) -> Floats:
    """Return ground metres from each cell's centre to an area's line, positive inside."""
    on_plane = plane(polygon)
    found = _line_distance_m(grid, shapely.boundary(on_plane), reach_m)
    return np.where(_covered(grid, on_plane) >= 0.5, found, -found)


def covered(grid: Grid, polygon: BaseGeometry) -> Floats:
    """Return the share of each cell that a WGS 84 area covers, 0 to 1, shape (rows, cols)."""
    return _covered(grid, plane(polygon))


def _line_distance_m(grid: Grid, line: BaseGeometry, reach_m: float) -> Floats:
    from scipy.ndimage import distance_transform_edt

    around = _box(grid, reach_m)
    if not shapely.box(*line.bounds).within(around):
        line = shapely.intersection(line, around)
    if line.is_empty:
        return np.full(grid.shape, np.inf)
    # The line may lie beside the grid: search on cells that reach as far as it does.
    west, south, east, north = line.bounds
    cell = grid.cell_m
    left = max(0, math.ceil((grid.west_m - west) / cell) + 1)
    top = max(0, math.ceil((north - grid.north_m) / cell) + 1)
    right = max(0, math.ceil((east - grid.west_m) / cell) + 1 - grid.cols)
    bottom = max(0, math.ceil((grid.north_m - south) / cell) + 1 - grid.rows)
    rows, cols = grid.rows + top + bottom, grid.cols + left + right
    # Far beside it the search takes larger cells; interpolated, the error stays within one.
    step = max(1, math.ceil(math.sqrt(rows * cols / max(_MOST_CELLS, 2 * grid.rows * grid.cols))))
    wide = Grid(
        grid.west_m - left * cell,
        grid.north_m + top * cell,
        cell * step,
        math.ceil(rows / step) + 1,
        math.ceil(cols / step) + 1,
    )
    segments = _segments(line, wide)
    holder = _segment_in_cells(segments, wide)
    nearest_row, nearest_col = distance_transform_edt(
        holder < 0, return_distances=False, return_indices=True
    )
    nearest = holder[nearest_row, nearest_col]
    found: Floats = wide.cell_m * _to_segment(
        (np.arange(wide.cols, dtype=np.float32) + np.float32(0.5))[None, :],
        (np.arange(wide.rows, dtype=np.float32) + np.float32(0.5))[:, None],
        segments,
        nearest,
    ).astype(np.float64)
    if step == 1:
        found = found[top : top + grid.rows, left : left + grid.cols]
    else:
        found = at_steps(found, (top + np.arange(grid.rows) + 0.5) / step - 0.5)
        found = at_steps(found.T, (left + np.arange(grid.cols) + 0.5) / step - 0.5).T
    ground: Floats = found / scale(grid)
    return ground


def at_steps(values: Floats, steps: Floats) -> Floats:
    """Return values between the rows of an array, linear; `steps` are row numbers, shape (n,)."""
    first = np.clip(np.floor(steps).astype(np.intp), 0, len(values) - 2)
    share = (steps - first)[:, None]
    between: Floats = values[first] * (1 - share) + values[first + 1] * share
    return between


def _segments(line: BaseGeometry, grid: Grid) -> Floats:
    """Return both ends of every segment in cells from the grid's corner, x right and y down.

    A point is a segment of no length. Shape (n, 2, 2).
    """
    parts = shapely.get_parts(line)
    ends = []
    for kind in (0, 1):  # points, lines
        corners, part = shapely.get_coordinates(
            parts[(shapely.get_type_id(parts) == 0) == (kind == 0)], return_index=True
        )
        first = np.arange(len(part)) if kind == 0 else np.flatnonzero(np.diff(part) == 0)
        ends.append(np.stack([corners[first], corners[first + kind]], axis=1))
    at = np.concatenate(ends)
    return np.stack(
        [(at[..., 0] - grid.west_m) / grid.cell_m, (grid.north_m - at[..., 1]) / grid.cell_m], -1
    )


def _pieces(segments: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Cut segments where they cross the edges of cells; each piece then lies in one cell.

    Returns
    -------
    pieces, shape (m, 2, 2), and the number of the segment of each, shape (m,)
        The pieces of one segment follow each other as it runs.
    """
    start, run = segments[:, 0], segments[:, 1] - segments[:, 0]
    whole = np.arange(len(segments))
    owners, places = [whole], [np.zeros(len(segments))]
    for axis in (0, 1):
        first = np.floor(segments[:, :, axis].min(axis=1)).astype(np.int64) + 1
        count = np.ceil(segments[:, :, axis].max(axis=1)).astype(np.int64) - first
        count = np.maximum(count, 0)
        owner = np.repeat(whole, count)
        nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
        owners.append(owner)
        places.append((first[owner] + nth - start[owner, axis]) / run[owner, axis])
    owner, place = np.concatenate(owners), np.concatenate(places)
    order = np.lexsort((place, owner))
    owner, place = owner[order], place[order]
    last = np.append(np.diff(owner) > 0, [True])
    until = np.where(last, 1.0, np.append(place[1:], 1.0))
    ends = [start[owner] + at[:, None] * run[owner] for at in (place, until)]
    return np.stack(ends, axis=1), owner


def _segment_in_cells(segments: Floats, grid: Grid) -> NDArray[np.int32]:
    """Return the segment in each cell that is nearest to its centre; -1 where there is none."""
    pieces, owner = _pieces(segments)
    cell = np.floor(pieces.mean(axis=1)).astype(np.int64)
    away = _to_segment(cell[:, 0] + 0.5, cell[:, 1] + 0.5, segments, owner)
    order = np.argsort(-away, kind="stable")  # the nearest is written last
    holder = np.full(grid.shape, -1, np.int32)
    holder[cell[order, 1], cell[order, 0]] = owner[order]
    return holder


def _to_segment(x: Any, y: Any, segments: Floats, number: NDArray[Any]) -> NDArray[np.float32]:
    """Return the distance from each point to the segment of its number; 32 bits are 1e-3 cells."""
    start, run = segments[:, 0], segments[:, 1] - segments[:, 0]
    square = (run**2).sum(axis=1)
    share = np.divide(run, square[:, None], out=np.zeros_like(run), where=square[:, None] > 0)
    table = np.hstack([start, run, share]).astype(np.float32).T
    right, down = x - table[0].take(number), y - table[1].take(number)
    along = right * table[4].take(number)
    along += down * table[5].take(number)
    np.clip(along, 0, 1, out=along)
    right -= along * table[2].take(number)
    down -= along * table[3].take(number)
    right *= right
    down *= down
    right += down
    return np.asarray(np.sqrt(right, out=right))


def _covered(grid: Grid, area: BaseGeometry) -> Floats:
    """Return the share of each cell that an area on the plane covers.

    Exact: every piece of the outline adds, with its sign, the ground to its right.
    """
    area = shapely.intersection(area, _box(grid, 0))
    polygons = [part for part in shapely.get_parts(area) if part.geom_type == "Polygon"]
    if not polygons:
        return np.zeros(grid.shape)
    # Counter-clockwise outside, clockwise in holes: the ground is on the right of falling edges.
    outline = shapely.boundary(shapely.orient_polygons(shapely.MultiPolygon(polygons)))
    pieces, _ = _pieces(_segments(outline, grid))
    middle = pieces.mean(axis=1)
    col = np.clip(np.floor(middle[:, 0]).astype(np.int64), 0, grid.cols)
    row = np.clip(np.floor(middle[:, 1]).astype(np.int64), 0, grid.rows - 1)
    fall = pieces[:, 1, 1] - pieces[:, 0, 1]
    left_out = middle[:, 0] - col
    width = grid.cols + 2
    changes = np.bincount(
        np.concatenate([row * width + col, row * width + col + 1]),
        weights=np.concatenate([fall * (1 - left_out), fall * left_out]),
        minlength=grid.rows * width,
    ).reshape(grid.rows, width)
    shares = np.asarray(np.cumsum(changes, axis=1)[:, : grid.cols], np.float64)
    # Sums of a thousand pieces are off in the last digits; certainty stays certainty.
    shares[shares < 1e-9] = 0.0
    shares[shares > 1 - 1e-9] = 1.0
    return shares
