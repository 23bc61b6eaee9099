"""Approximate the police districts of Kabul from localities whose district is published.

No open source holds the lines themselves. A place is given to the district that its nearest
localities name; where the lists put a locality in a rural district, or nothing is near, it is
given to none. How far a line may be wrong is measured from the gap between the localities on
its two sides.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from build_evidence import WRONG_PLACE_M, locality_key
from build_topology import on_grid
from scipy import ndimage
from scipy.special import ndtr

UTM42N = "EPSG:32642"
NONE = "none"
CONFIDENCE_WEIGHT = {"high": 1.0, "medium": 0.5, "low": 0.0}
NEIGHBOURS = 12
# Chosen by `choose_kernel` on the log-loss of left-out localities, both vintages together.
KERNEL_M = (200.0, 300.0, 400.0, 500.0, 600.0, 800.0)
# In sparse outskirts the kernel widens to this share of the distance to the third locality. At
# 0.7 the log-loss is the same to 0.01, but a lone locality of PD18 drowns in rural neighbours.
WIDENING = (0.0, 0.3, 0.5)
# Land is "none" with probability 1/2 at this distance from any locality: a judgement, since
# no locality can be left out of empty land.
REACH_M = 2000.0
REACH_SPREAD_M = 500.0
# A label may be plainly wrong; without this floor one misplaced row would decide the log-loss.
LABEL_ERROR = 0.01
CELL_M = 100.0
MARGIN_M = 5000.0
SMALLEST_ISLAND_M2 = 1.0e6
LARGEST_HOLE_M2 = 3.0e6
SIMPLIFY_M = 250.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """The localities of one vintage that may draw lines."""

    table: pd.DataFrame  # rows of localities.csv
    xy_m: np.ndarray  # (n, 2) UTM 42N
    labels: np.ndarray  # (n,) unit code, or "none" for rural
    weights: np.ndarray  # (n,) 0 to 1
    precision_m: np.ndarray  # (n,)

    @property
    def units(self) -> list[str]:
        """Every label that occurs, sorted."""
        return sorted(set(self.labels))


@dataclass(frozen=True, slots=True)
class Kernel:
    """Width of the Gaussian around a locality."""

    least_m: float
    widening: float  # share of the distance to the third nearest locality


@dataclass(frozen=True, slots=True)
class Score:
    """How well left-out localities are told."""

    accuracy: float  # share whose label is the most probable one
    top2: float  # share whose label is one of the two most probable
    log_loss: float  # mean of -ln p(label)
    localities: int


def usable_evidence(table: pd.DataFrame, vintage: str) -> Evidence:
    """Return the rows of a vintage that have a position and are not doubted.

    The two systems agree in every number but 18, so police statements count too, except those
    on hawza 18, which lay in west Kabul.
    """
    hawza18 = (table.system == "hawza") & (table.code == "AF-KBL-PD18")
    placed = table.lon.notna() & (table.precision_m < WRONG_PLACE_M)
    rows = table[(table.vintage == vintage) & placed & (table.confidence != "low") & ~hawza18]
    points = gpd.GeoSeries.from_xy(rows.lon, rows.lat, crs=4326).to_crs(UTM42N)
    return Evidence(
        table=rows.reset_index(drop=True),
        xy_m=np.column_stack([points.x, points.y]),
        labels=np.array(rows.code.where(rows.code != "", NONE), dtype=object),
        weights=rows.confidence.map(CONFIDENCE_WEIGHT).to_numpy(float),
        precision_m=rows.precision_m.to_numpy(float),
    )


def probabilities(
    xy_m: np.ndarray, evidence: Evidence, kernel: Kernel, *, left_out: np.ndarray | None = None
) -> np.ndarray:
    """Return P(unit) at each point, one column per `evidence.units`, each row summing to 1.

    Parameters
    ----------
    xy_m : (n, 2) float, UTM 42N
        Points asked about.
    evidence : Evidence
        Labelled localities.
    kernel : Kernel
        Width of the Gaussian; a locality's own precision widens it and lowers its weight, as the
        density of a blurred point is lower.
    left_out : (n, localities) bool, optional
        Localities that each point may not see.
    """
    distance_m = np.hypot(*(xy_m[:, None] - evidence.xy_m[None]).transpose(2, 0, 1))
    if left_out is not None:
        distance_m = np.where(left_out, np.inf, distance_m)
    ranked = np.sort(distance_m, axis=1)[:, :NEIGHBOURS]
    width_m = np.maximum(kernel.least_m, kernel.widening * ranked[:, 2:3])
    blurred = width_m**2 + np.minimum(evidence.precision_m, 1500.0) ** 2
    density = width_m**2 / blurred * np.exp(-(distance_m**2) / (2 * blurred))
    votes = evidence.weights * density * (distance_m <= ranked[:, -1:])
    units = evidence.units
    per_unit = np.stack([votes[:, evidence.labels == u].sum(axis=1) for u in units], axis=1)
    share = (per_unit + 1e-12) / (per_unit + 1e-12).sum(axis=1, keepdims=True)
    empty = ndtr((ranked[:, :1] - REACH_M) / REACH_SPREAD_M)
    share = share * (1 - empty) + empty * (np.array(units) == NONE)
    floored: np.ndarray = (1 - LABEL_ERROR) * share + LABEL_ERROR / len(units)
    return floored


def leave_one_locality_out(evidence: Evidence, kernel: Kernel) -> Score:
    """Return how well each locality is told when all rows of its name and label are hidden.

    Rows at the same position with the same label are hidden too: they are the same polling
    centre under another spelling. Labels with a single locality cannot be told and are skipped.
    """
    names = np.array(evidence.table.locality.map(locality_key), dtype=object)
    same_label = evidence.labels[:, None] == evidence.labels
    same_place = (evidence.xy_m[:, None] == evidence.xy_m).all(axis=2)
    hidden = same_label & (same_place | (names[:, None] == names))
    p = probabilities(evidence.xy_m, evidence, kernel, left_out=hidden)
    own = p[np.arange(len(p)), np.searchsorted(evidence.units, evidence.labels)]
    rank = (p > own[:, None]).sum(axis=1)
    tellable = ((same_label & ~hidden).any(axis=1)) & (evidence.precision_m <= 1500.0)
    return Score(
        accuracy=round(float((rank == 0)[tellable].mean()), 3),
        top2=round(float((rank < 2)[tellable].mean()), 3),
        log_loss=round(float(-np.log(own[tellable]).mean()), 3),
        localities=int(tellable.sum()),
    )


def choose_kernel(vintages: list[Evidence]) -> Kernel:
    """Return the kernel with the smallest log-loss summed over the vintages."""
    kernels = [Kernel(least_m, widening) for least_m in KERNEL_M for widening in WIDENING]
    losses = [sum(leave_one_locality_out(v, k).log_loss for v in vintages) for k in kernels]
    return kernels[int(np.argmin(losses))]


def police_districts(evidence: Evidence, kernel: Kernel) -> gpd.GeoDataFrame:
    """Return the approximate units of a vintage with their measured uncertainty, by number."""
    labels, origin = _label_grid(evidence, kernel)
    labels = _without_specks(labels, origin, evidence)
    shapes = _smooth(_polygons(labels, origin, evidence.units))
    units = gpd.GeoDataFrame(geometry=shapes, crs=UTM42N)
    units["sigma_m"] = [_sigma_m(shape, code, evidence) for code, shape in shapes.items()]
    places = [_places(evidence, str(code)) for code in shapes.index]
    units["evidence"] = [len(own) for own in places]
    units["evidence_inside"] = [
        int(shapely.intersects(shape, own).sum()) for shape, own in zip(shapes, places, strict=True)
    ]
    units["confidence"] = [_confidence(*row) for row in units.drop(columns="geometry").to_numpy()]
    units.geometry = on_grid(units.to_crs(4326).geometry)
    return units.loc[sorted(units.index, key=number)]


def _confidence(sigma_m: int, places: int, inside: int) -> str:
    """Return how far a unit's shape may be relied on."""
    if places < 4 or inside < places / 2:
        return "low"
    return "high" if places >= 10 and sigma_m <= 500 else "medium"


def number(code: str) -> int:
    """Return 22 for AF-KBL-PD22."""
    return int(code.removeprefix("AF-KBL-PD"))


def _label_grid(evidence: Evidence, kernel: Kernel) -> tuple[np.ndarray, np.ndarray]:
    """Return the most probable unit's column per cell, and the grid's south-west corner."""
    inside = evidence.xy_m[evidence.labels != NONE]
    origin = np.floor((inside.min(axis=0) - MARGIN_M) / CELL_M) * CELL_M
    columns, rows = np.ceil((inside.max(axis=0) + MARGIN_M - origin) / CELL_M).astype(int)
    x_m = origin[0] + (np.arange(columns) + 0.5) * CELL_M
    y_m = origin[1] + (np.arange(rows) + 0.5) * CELL_M
    # Row by row: the whole grid against every locality would need a gigabyte.
    grid = [
        probabilities(np.column_stack([x_m, np.full(columns, y)]), evidence, kernel).argmax(axis=1)
        for y in y_m
    ]
    return np.array(grid), origin


def _without_specks(labels: np.ndarray, origin: np.ndarray, evidence: Evidence) -> np.ndarray:
    """Give small islands and small holes to what surrounds them.

    An island is kept when it is its unit's only part, large, or holds two of its localities: a
    single locality inside another unit is more often a misplaced coordinate than an exclave.
    """
    columns, rows = ((evidence.xy_m - origin) // CELL_M).astype(int).T
    specks = np.zeros(labels.shape, dtype=bool)
    for column, unit in enumerate(evidence.units):
        parts, count = ndimage.label(labels == column)
        own = evidence.labels == unit
        inside = (
            (columns >= 0) & (rows >= 0) & (columns < labels.shape[1]) & (rows < labels.shape[0])
        )
        held = parts[rows[own & inside], columns[own & inside]]
        for part in range(1, count + 1):
            area_m2 = (parts == part).sum() * CELL_M**2
            holds = (held == part).sum()
            only = unit != NONE and holds == (held > 0).sum()
            baseless = holds == 0 and (unit != NONE or area_m2 < LARGEST_HOLE_M2)
            if baseless or (area_m2 < SMALLEST_ISLAND_M2 and holds < 2 and not only):
                specks |= parts == part
    nearest = ndimage.distance_transform_edt(specks, return_distances=False, return_indices=True)
    return np.asarray(labels[tuple(nearest)])


def _polygons(labels: np.ndarray, origin: np.ndarray, units: list[str]) -> gpd.GeoSeries:
    """Return the cells of each unit as one shape on the shared grid of corners."""
    shapes = {}
    for column, unit in enumerate(units):
        rows, columns = np.nonzero(labels == column)
        if unit == NONE or not len(rows):
            continue
        west, south = origin[0] + columns * CELL_M, origin[1] + rows * CELL_M
        cells = shapely.box(west, south, west + CELL_M, south + CELL_M)
        shapes[unit] = shapely.coverage_union_all(cells)
    return gpd.GeoSeries(shapes, crs=UTM42N)


def _smooth(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Replace the stairs of the grid by straight pieces, the same on both sides of a line."""
    simpler = shapely.coverage_simplify(shapes.array, SIMPLIFY_M)
    return gpd.GeoSeries(simpler, index=shapes.index, crs=shapes.crs)


def _sigma_m(shape: shapely.Geometry, code: str, evidence: Evidence) -> int:
    """Return how far the unit's line may be off, as a standard deviation in metres.

    Between the nearest locality of the unit and the nearest one of another label the line may
    lie anywhere: a uniform error of half the gap h, so sigma = median(h) / sqrt(3) along the
    line, plus half the localities' precision in quadrature (a precision is a radius that nearly
    always holds the place, so about two sigma). Where nothing lies on the other side within
    twice the reach, h is the distance to the unit's own nearest locality.
    """
    line = shapely.segmentize(shapely.boundary(shape), CELL_M)
    at = shapely.get_coordinates(line)
    own = evidence.labels == code
    to_own_m, near = _nearest(at, evidence.xy_m[own])
    to_other_m, far = _nearest(at, evidence.xy_m[~own])
    gap_m = np.hypot(*(evidence.xy_m[own][near] - evidence.xy_m[~own][far]).T)
    half_gap_m = np.where(to_other_m > 2 * REACH_M, to_own_m, gap_m / 2)
    precision_m = np.median(evidence.precision_m[own])
    return round(float(np.hypot(np.median(half_gap_m) / np.sqrt(3), precision_m / 2)))


def _nearest(at: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance to, and the position in `places` of, the nearest place."""
    distance_m = np.hypot(*(at[:, None] - places[None]).transpose(2, 0, 1))
    return distance_m.min(axis=1), distance_m.argmin(axis=1)


def _places(evidence: Evidence, code: str) -> np.ndarray:
    """Return the different places on which a unit rests, as points."""
    return np.asarray(shapely.points(np.unique(evidence.xy_m[evidence.labels == code], axis=0)))
