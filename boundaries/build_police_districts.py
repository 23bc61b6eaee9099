"""Turn the membership model into files: a raster of probabilities and the shapes that it implies.

No open source holds the lines of Kabul's police districts. So the raster is the answer, and a line
is only where the most probable district changes; how far it may be wrong is read from how slowly
the probability changes across it.
"""

from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import contourpy
import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from build_evidence import OF_AREA, locality_key
from build_membership import NONE, Evidence, Membership, Settings, distances_m, fit, left_out
from build_topology import on_grid
from rasterio.features import shapes as polygonized
from rasterio.transform import Affine, from_origin
from scipy.ndimage import map_coordinates
from scipy.special import ndtri

from geoloc import geo

UTM42N = "EPSG:32642"
CONFIDENCE_WEIGHT = {"high": 1.0, "medium": 0.5}
ZONES = {"core": 0.9, "likely": 0.5, "extent": 0.1}  # least membership, each within the next
STEPS = 250  # a share is stored as a whole number of 1/250
CELL_M = 100.0
MARGIN_M = 12_000.0  # around the outermost city locality
FINER = 4  # lines are drawn on cells of a quarter
LINE_TOLERANCE_M, ZONE_TOLERANCE_M = 80.0, 25.0
LEAST_PART_M2, LEAST_HOLE_M2 = 2e4, 3e5
SAMPLE_STEP_M = 100.0
# Rows that a left-out locality may not see: of its label and this near, or of its name too and
# this near. A polling list names one place several times.
SAME_PLACE_M, SAME_NAME_M = 300.0, 600.0


@dataclass(frozen=True, slots=True)
class Surface:
    """P(unit) at the centres of a grid's cells, in steps of 1/250."""

    units: tuple[str, ...]  # codes by number, "none" last
    steps: np.ndarray  # (units, rows, columns) uint8, north first; over units they sum to 250
    west_m: float  # UTM 42N, outer corner
    north_m: float

    @property
    def shares(self) -> np.ndarray:
        """Return the probabilities, 0 to 1, same shape as `steps`."""
        return self.steps / STEPS

    @property
    def transform(self) -> Affine:
        """Return pixel corner to UTM 42N."""
        return from_origin(self.west_m, self.north_m, CELL_M, CELL_M)

    def at(self, field: np.ndarray, xy_m: np.ndarray) -> np.ndarray:
        """Return a (rows, columns) field at UTM 42N points, bilinear between cell centres."""
        column = (xy_m[:, 0] - self.west_m) / CELL_M - 0.5
        row = (self.north_m - xy_m[:, 1]) / CELL_M - 0.5
        return np.asarray(map_coordinates(field, [row, column], order=1, mode="nearest"))


def drawing_evidence(table: pd.DataFrame, vintage: str) -> tuple[pd.DataFrame, Evidence]:
    """Return the rows of a vintage that nobody doubts, and what the model sees of them.

    The two systems agree in every number but 18, so police statements count too; those on hawza
    18, which lay in west Kabul, are doubted.
    """
    rows = table[(table.vintage == vintage) & (table.doubt == "")].reset_index(drop=True)
    return rows, Evidence(
        xy_m=np.column_stack(geo.to_metres(rows.lon.to_numpy(), rows.lat.to_numpy())),
        labels=np.array(rows.code.where(rows.code != "", NONE), dtype=object),
        weights=np.array(rows.confidence.map(CONFIDENCE_WEIGHT), np.float64),
        precision_m=np.array(rows.precision_m, np.float64),
    )


def left_out_answers(table: pd.DataFrame, vintage: str, evidence: Evidence) -> pd.DataFrame:
    """Return what the model says of each row of a vintage that has a place, without having seen it.

    Hidden are all rows of its label that may be the same place. Doubted rows are asked about too.

    Returns
    -------
    DataFrame, indexed as `table`
        `left_out_p`, the probability of the row's own label; `left_out_rank`, 1 if none is more
        probable; `left_out_top` and `left_out_top_p`, the most probable label. A label that no
        other row has cannot be told and is left out.
    """
    # A point that stands for an area is no statement of its own: it tests nothing, and helps no
    # row of its label to be told.
    own = (table.vintage == vintage) & table.lon.notna() & (table.note != OF_AREA)
    rows = table[own & (table.system == "nahia")]
    drawing = table[(table.vintage == vintage) & (table.doubt == "")]
    rows = rows[rows.code.where(rows.code != "", NONE).isin(evidence.units)]
    label, seen = (t.code.where(t.code != "", NONE).to_numpy() for t in (rows, drawing))
    name, named = (t.locality.map(locality_key).to_numpy() for t in (rows, drawing))
    at_m = np.column_stack(geo.to_metres(rows.lon.to_numpy(), rows.lat.to_numpy()))
    distance_m = distances_m(at_m, evidence.xy_m)
    namesake_m = np.maximum(SAME_NAME_M, evidence.precision_m)
    same_label = label[:, None] == seen
    same_name = name[:, None] == named
    of_area = (drawing.note == OF_AREA).to_numpy()
    hidden = same_label & (
        (distance_m <= SAME_PLACE_M) | (same_name & (distance_m <= namesake_m)) | of_area
    )
    told = left_out(at_m, hidden, evidence)
    tellable = (same_label & ~hidden).any(axis=1)
    units = np.array(evidence.units)
    own = told[np.arange(len(rows)), np.array([evidence.units.index(unit) for unit in label])]
    answers = pd.DataFrame(
        {
            "left_out_p": own,
            "left_out_rank": (told > own[:, None]).sum(axis=1) + 1,
            "left_out_top": units[told.argmax(axis=1)],
            "left_out_top_p": told.max(axis=1),
        },
        index=rows.index,
    )
    answerable: pd.DataFrame = answers.loc[tellable]
    return answerable


def score(answers: pd.DataFrame) -> dict[str, Any]:
    """Return how well left-out localities are told.

    `right` and `first_two`: share whose label is the most probable, or among the two most;
    `log_loss`: mean of -ln p(label); `calibration_error`: expected, of the most probable label,
    over ten equal bins.
    """
    right = (answers.left_out_rank == 1).astype(float)
    bins = np.minimum((answers.left_out_top_p * 10).astype(int), 9)
    gaps = (answers.left_out_top_p - right).groupby(bins).sum().abs()
    return {
        "localities": len(answers),
        "right": round(float(right.mean()), 3),
        "first_two": round(float((answers.left_out_rank <= 2).mean()), 3),
        "log_loss": round(float(-np.log(answers.left_out_p).mean()), 3),
        "calibration_error": round(float(gaps.sum() / len(answers)), 3),
    }


def surface(evidence: Evidence) -> Surface:
    """Return the fitted probabilities on a grid that holds every unit."""
    model = fit(evidence)
    inside = evidence.xy_m[evidence.labels != NONE]
    west, south = np.floor((inside.min(axis=0) - MARGIN_M) / CELL_M) * CELL_M
    columns, rows = np.ceil((inside.max(axis=0) + MARGIN_M - [west, south]) / CELL_M).astype(int)
    north = south + rows * CELL_M
    x_m = west + (np.arange(columns) + 0.5) * CELL_M
    y_m = north - (np.arange(rows) + 0.5) * CELL_M
    steps = np.stack([_steps(model, x_m, y) for y in y_m], axis=1)
    return Surface(evidence.units, steps, float(west), float(north))


def _steps(model: Membership, x_m: np.ndarray, y_m: float) -> np.ndarray:
    """Return one row of cells as whole steps of 1/250 that sum to 250, shape (units, columns)."""
    exact = model(np.column_stack([x_m, np.full(len(x_m), y_m)])) * STEPS
    steps = np.floor(exact)
    # The steps that are still missing go to the largest remainders.
    missing = np.rint(STEPS - steps.sum(axis=1)).astype(int)
    rank = np.argsort(np.argsort(steps - exact, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray((steps + (rank < missing[:, None])).astype(np.uint8).T)


def write_cog(path: Path, field: Surface, tags: dict[str, str]) -> None:
    """Write the surface as a cloud-optimized GeoTIFF, a band per unit and one for none."""
    count, height, width = field.steps.shape
    with rasterio.open(
        path, "w", driver="COG", dtype="uint8", count=count, height=height, width=width,
        crs=UTM42N, transform=field.transform, compress="DEFLATE", level=9, blocksize=128,
        overviews="NONE", interleave="BAND",
    ) as raster:  # fmt: skip
        raster.write(field.steps)
        raster.descriptions = field.units
        raster.scales = (1 / STEPS,) * count
        raster.update_tags(**tags, units=" ".join(field.units))


def police_districts(
    field: Surface, evidence: Evidence, answers: pd.DataFrame, labels: "pd.Series[str]"
) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    """Return where each unit is the most probable answer, and σ of each line.

    Parameters
    ----------
    field, evidence
        The surface, and the localities it was fitted to.
    answers : DataFrame
        Of `left_out_answers`.
    labels : Series of str
        The label of each answer.

    Returns
    -------
    GeoDataFrame in WGS 84, indexed by code, by number; and "CODE CODE" or "CODE" (outer) to metres
    """
    lines = gpd.GeoSeries(_most_probable(field), crs=UTM42N)
    crossings = {
        pair: _crossings_m(field, pair, line) for pair, line in _lines_between(lines).items()
    }
    sigmas_m = {pair: round(float(np.median(each))) for pair, each in crossings.items()}
    places = [shapely.points(evidence.xy_m[evidence.labels == code]) for code in lines.index]
    units = gpd.GeoDataFrame(
        {
            "sigma_m": [
                round(float(np.median(np.concatenate(of_unit))))
                for code in lines.index
                for of_unit in [[m for pair, m in crossings.items() if code in pair.split()]]
            ],
            "evidence": [len(own) for own in places],
            "evidence_inside": [
                int(shapely.intersects(shape, own).sum())
                for shape, own in zip(lines, places, strict=True)
            ],
        },
        index=lines.index,
        geometry=on_grid(lines.to_crs(4326)).array,
    )
    told = [score(answers[labels == code]) for code in units.index]
    for name in told[0]:
        units[f"left_out_{name}"] = [each[name] for each in told]
    units["confidence"] = [_confidence(unit) for unit in units.itertuples()]
    return units, sigmas_m


def _confidence(unit: Any) -> str:
    """Return how far a unit's shape may be relied on, by what leaving localities out showed."""
    if unit.left_out_localities < 4 or unit.left_out_right <= 0.5:
        return "low"
    return "high" if unit.left_out_localities >= 10 and unit.left_out_right >= 0.8 else "medium"


def number(code: str) -> int:
    """Return 22 for AF-KBL-PD22."""
    return int(code.removeprefix("AF-KBL-PD"))


def _most_probable(field: Surface) -> dict[str, shapely.Geometry]:
    """Return the region of each unit that is likelier there than any other, UTM 42N."""
    _, rows, columns = field.steps.shape
    at = (np.mgrid[0 : rows * FINER, 0 : columns * FINER] + 0.5) / FINER - 0.5
    best, holder = np.full(at.shape[1:], -1.0), np.zeros(at.shape[1:], np.uint8)
    for band, steps in enumerate(field.steps):
        share = map_coordinates(steps.astype(np.float32), at, order=1, mode="nearest")
        holder[share > best] = band
        np.maximum(best, share, out=best)
    finer = field.transform * Affine.scale(1 / FINER)
    parts: dict[int, list[shapely.Geometry]] = {}
    for outline, band in polygonized(holder, transform=finer):
        # With a corner at every cell, so that three units meet in a corner of each.
        stairs = shapely.segmentize(shapely.geometry.shape(outline), CELL_M / FINER)
        parts.setdefault(int(band), []).append(stairs)
    cells = [shapely.coverage_union_all(parts[band]) for band in range(len(field.units) - 1)]
    # The stairs become straight pieces, the same on both sides of a line.
    drawn = shapely.coverage_simplify(np.array(cells), LINE_TOLERANCE_M)
    return dict(zip(field.units[:-1], drawn, strict=True))


def _lines_between(units: gpd.GeoSeries) -> dict[str, shapely.Geometry]:
    """Return the line of each pair of units, "CODE CODE" sorted, and each outer line, "CODE"."""
    edges = shapely.boundary(units.array)
    found, outer = {}, dict(zip(units.index, edges, strict=True))
    one, other = shapely.STRtree(edges).query(edges, predicate="intersects")
    for i, j in zip(one, other, strict=True):
        line = shapely.intersection(edges[i], edges[j])
        if i != j and line.length > 0:
            a, b = sorted((units.index[i], units.index[j]))
            found[f"{a} {b}"] = line
            outer[units.index[i]] = shapely.difference(outer[units.index[i]], line)
    return found | {code: line for code, line in outer.items() if line.length > 0}


def _crossings_m(field: Surface, pair: str, line: shapely.Geometry) -> np.ndarray:
    """Return σ of a line at points along it, metres.

    Membership across a line of positional σ is Φ(distance / σ). So σ is the inverse of the slope
    of Φ⁻¹(membership), here the mean slope of the units on its sides.
    """
    at = shapely.get_coordinates(shapely.segmentize(line, SAMPLE_STEP_M))
    slopes = [_slope(field, code, at) for code in pair.split()]
    return np.asarray(1 / np.maximum(np.mean(slopes, axis=0), 1e-5))


def _slope(field: Surface, code: str, at: np.ndarray) -> np.ndarray:
    """Return how fast Φ⁻¹(membership) changes at UTM 42N points, per metre."""
    share = field.shares[field.units.index(code)]
    score_ = ndtri(np.clip(share, 1 / STEPS, 1 - 1 / STEPS))
    return field.at(np.hypot(*np.gradient(score_, CELL_M)), at)


def zones(field: Surface) -> dict[str, gpd.GeoDataFrame]:
    """Return core, likely and extent of each unit, WGS 84, each within the next."""
    drawn: dict[str, gpd.GeoSeries] = {}
    within = None
    for name, least in reversed(ZONES.items()):
        shapes = [_region(field, band, least) for band in range(len(field.units) - 1)]
        rounded = on_grid(gpd.GeoSeries(shapes, field.units[:-1], crs=UTM42N).to_crs(4326))
        rounded = gpd.GeoSeries(shapely.make_valid(rounded.array), rounded.index, crs=4326)
        astray = ~(rounded.covered_by(rounded if within is None else within) | rounded.is_empty)
        if astray.any():
            raise ValueError(f"{name} leaves the next zone in {list(rounded.index[astray])}")
        drawn[name] = within = rounded
    return {name: gpd.GeoDataFrame(geometry=drawn[name]) for name in ZONES}


def _region(field: Surface, band: int, least: float) -> shapely.Geometry:
    """Return where a unit's membership is at least so much, UTM 42N; empty if nowhere."""
    share = np.pad(field.shares[band], 1)  # so that a region at the edge is closed
    _, rows, columns = field.steps.shape
    x_m = field.west_m + (np.arange(-1, columns + 1) + 0.5) * CELL_M
    y_m = field.north_m - (np.arange(-1, rows + 1) + 0.5) * CELL_M
    lines = contourpy.contour_generator(x_m, y_m, share, fill_type=contourpy.FillType.OuterOffset)
    parts = [_part(*outline) for outline in zip(*lines.filled(least, 2.0), strict=True)]
    kept = [part for part in parts if part.area >= LEAST_PART_M2]
    return shapely.simplify(shapely.union_all(kept), ZONE_TOLERANCE_M)


def _part(corners: np.ndarray, offsets: np.ndarray) -> shapely.Polygon:
    shell, *holes = (corners[start:end] for start, end in pairwise(offsets))
    return shapely.Polygon(shell, [h for h in holes if shapely.Polygon(h).area >= LEAST_HOLE_M2])


def model_constants() -> dict[str, float | str]:
    """Return the model's name and constants, for the file's own record."""
    return {"name": "Gaussian process per label, softmax, Matérn 3/2", **asdict(Settings())}
