"""Build the two editions of the districts and measure how far their lines lie apart."""

from difflib import SequenceMatcher
from itertools import chain
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from build_topology import on_grid

# Lambert cone fitted to Afghanistan: scale within 0.3 % from the Oxus to Registan, so that
# "nearest" means nearest; the distances themselves are geodesic.
AFGHANISTAN = "+proj=lcc +lat_1=31 +lat_2=37 +lat_0=34 +lon_0=66.5 +datum=WGS84 +units=m"
EQUAL_AREA = "+proj=laea +lat_0=34 +lon_0=66.5 +datum=WGS84 +units=m"
LEAST_OVERLAP = 0.5  # intersection over union from which two units are the same district
SAMPLE_STEP_M = 500.0
LEAST_SIGMA_M = 35.0  # lines simplified to 60 m are off by up to that, evenly: 60 / √3


def districts_2018(reference: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the 399 districts and the 34 provinces of OCHA 2018, indexed by P-code."""
    source = gpd.read_file(reference / "afghanistan_adm2_ocha_2018.geojson")
    source = source.sort_values("pcode").set_index("pcode")
    source.geometry = on_grid(source.geometry)
    districts = source[["geometry"]].assign(
        name=source.name_en,
        name_fa=source.name_fa,
        parent=source.adm1_pcode,
        aliases=[_aliases(*names) for names in zip(source.alt1_en, source.alt2_en, strict=True)],
    )
    # A dissolve along the districts' own lines: province and district share them exactly.
    provinces = source.dissolve("adm1_pcode", method="coverage").sort_index()
    provinces = provinces.assign(name=provinces.adm1_en, name_fa=provinces.adm1_fa, parent="AF")
    return districts, provinces[["geometry", "name", "name_fa", "parent"]]


def _aliases(*names: str | float) -> list[str]:
    """Return the stated names, without "Centre", which 34 districts share."""
    return [name for name in names if isinstance(name, str) and name != "Centre"]


def districts_2014(reference: Path, districts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the 398 districts of geoBoundaries 2014, coded by the 2018 unit that each matches.

    A unit takes a P-code when it and the 2018 unit overlap each other most and by at least
    `LEAST_OVERLAP` of their union; otherwise its code is GB14- and eight digits of its own id.
    `name_fa` is the matched unit's.
    """
    source = gpd.read_file(reference / "afghanistan_adm2_geoboundaries_2014.geojson")
    source.geometry = _mended(on_grid(source.geometry))
    own_id = "GB14-" + source.shape_id.str.split("B").str[1].str[:8]
    match = _mutual_matches(source, districts)
    found = districts.reindex(match["code"].fillna(""))
    names = source.name_en
    units = source[["geometry"]].assign(
        code=match["code"].fillna(own_id),
        name=names,
        name_fa=found.name_fa.fillna("").to_numpy(),
        parent=districts.parent.loc[match["largest"]].to_numpy(),
        matched_iou=match["iou"].round(3),
        matched_name_similarity=[
            _similarity(ours, theirs) for ours, theirs in zip(names, found.name, strict=True)
        ],
    )
    return units.set_index("code").sort_index()


def _mended(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Cut each unit back to the neighbour's line wherever two units overlap.

    One pair does: a single edge of Reg (Khanshin) crosses a corner of Registan by about 100 m.
    Cutting follows Registan's own vertices, so no other unit changes and no new point appears.
    """
    shapes = shapes.copy()
    one, other = shapely.STRtree(shapes.array).query(shapes.array, predicate="overlaps")
    for i, j in zip(one, other, strict=True):
        if i < j:
            shapes[i] = shapely.remove_repeated_points(
                on_grid(shapes[[i]].difference(shapes[j]))[i]
            )
    return shapes


def _mutual_matches(source: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return per 2014 unit: the matched code (or NaN), its overlap, the largest partner's code."""
    ours, theirs = (frame.geometry.to_crs(EQUAL_AREA).array for frame in (source, districts))
    i, j = shapely.STRtree(theirs).query(ours, predicate="intersects")
    shared = shapely.area(shapely.intersection(ours[i], theirs[j]))
    pairs = pd.DataFrame({"i": i, "j": j, "shared": shared})
    pairs["iou"] = shared / (shapely.area(ours[i]) + shapely.area(theirs[j]) - shared)
    best_of_ours = pairs.loc[pairs.groupby("i").iou.idxmax()].set_index("i")
    best_of_theirs = pairs.loc[pairs.groupby("j").iou.idxmax()].set_index("j")
    largest = pairs.loc[pairs.groupby("i").shared.idxmax()].set_index("i")
    mutual = best_of_theirs.i.reindex(best_of_ours.j).to_numpy() == best_of_ours.index
    kept = best_of_ours[mutual & (best_of_ours.iou >= LEAST_OVERLAP)]
    match = pd.DataFrame(index=source.index)
    match["code"] = pd.Series(districts.index[kept.j], kept.index)
    match["iou"] = kept.iou
    match["largest"] = districts.index[largest.j.reindex(source.index)]
    return match


def _similarity(ours: str, theirs: str | float) -> float:
    """Return how alike two spellings are, 0 to 1; NaN where nothing matched."""
    if not isinstance(theirs, str):
        return float("nan")
    return round(SequenceMatcher(None, ours.lower(), theirs.lower()).ratio(), 2)


def line_distances_m(edition: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> np.ndarray:
    """Return geodesic metres from each sampled point of one edition's inner lines to the other's.

    Only lines between two units count: the national border comes from other sources.
    """
    lines = _inner_lines(edition).to_crs(AFGHANISTAN)
    targets = _inner_lines(other).to_crs(AFGHANISTAN)
    samples = np.concatenate(
        [
            shapely.line_interpolate_point(line, np.arange(0.0, line.length, SAMPLE_STEP_M))
            for line in lines
        ]
    )
    pieces = shapely.STRtree(_segments(targets))
    nearest = pieces.geometries[pieces.nearest(samples)]
    ends = shapely.get_point(shapely.shortest_line(samples, nearest), 1)
    to_degrees = pyproj.Transformer.from_crs(AFGHANISTAN, 4326, always_xy=True).transform
    start = to_degrees(shapely.get_x(samples), shapely.get_y(samples))
    end = to_degrees(shapely.get_x(ends), shapely.get_y(ends))
    return np.asarray(pyproj.Geod(ellps="WGS84").inv(*start, *end)[2])


def line_errors_m(units: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> pd.DataFrame:
    """Measure how far each unit's line lies from the line of its namesake in the other edition.

    Parameters
    ----------
    units, other : GeoDataFrame in WGS 84, indexed by code
        Two editions of one layer.

    Returns
    -------
    DataFrame indexed by the codes of `units`, whole metres
        `line_p50_m`, `line_p68_m`, `line_p90_m`, `line_p95_m`: the distances that so much of the
        line stays within; and `sigma_m`, of the normal error with the same 90 %, at least
        `LEAST_SIGMA_M`. The tail is heavier than a normal one: fitted to the middle of the
        distances instead, σ would promise far too much a few hundred metres from the line. A unit
        without a namesake has the median unit's sigma and no quantiles.
    """
    outline = shapely.boundary(units.union_all(method="coverage"))
    shared = gpd.GeoSeries(units.boundary, crs=units.crs).difference(outline).to_crs(AFGHANISTAN)
    namesakes = other.boundary.to_crs(AFGHANISTAN)
    quantiles = {
        code: _quantiles(shared[code], namesakes[code])
        for code in units.index
        if code in namesakes.index and not shared[code].is_empty
    }
    names = ["line_p50_m", "line_p68_m", "line_p90_m", "line_p95_m"]
    errors = pd.DataFrame.from_dict(quantiles, orient="index", columns=names).reindex(units.index)
    sigma = (errors.line_p90_m / 1.645).clip(lower=LEAST_SIGMA_M)
    return errors.assign(sigma_m=sigma.fillna(sigma.median()).round().astype(int))


def shared_line_sigmas_m(units: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> dict[str, int]:
    """Measure σ of each line that two units share, by where the other edition draws it.

    Returns
    -------
    dict of "CODE CODE" (sorted) to whole metres
        As `sigma_m` of `line_errors_m`, for one line. A pair that shares no line in the other
        edition is left out: its units' own σ must do.
    """
    here, there = units.boundary.to_crs(AFGHANISTAN), other.boundary.to_crs(AFGHANISTAN)
    one, two = shapely.STRtree(here.array).query(here.array, predicate="intersects")
    sigmas = {}
    for code, neighbour in zip(here.index[one], here.index[two], strict=True):
        if code < neighbour and code in there.index and neighbour in there.index:
            line = here[code].intersection(here[neighbour])
            # Within 1 m, since the other edition need not be a perfect coverage.
            counterpart = there[code].intersection(there[neighbour].buffer(1.0))
            if line.length > SAMPLE_STEP_M and counterpart.length > SAMPLE_STEP_M:
                nine_tenths = _quantiles(line, counterpart)[2]
                sigmas[f"{code} {neighbour}"] = round(max(nine_tenths / 1.645, LEAST_SIGMA_M))
    return sigmas


def _quantiles(line: shapely.Geometry, namesake: shapely.Geometry) -> list[float]:
    """Return the 50, 68, 90 and 95 % quantiles of the distance from one line to another."""
    parts = shapely.get_parts(shapely.line_merge(line))
    samples = np.concatenate(
        [
            shapely.line_interpolate_point(part, np.arange(0.0, part.length, SAMPLE_STEP_M / 2))
            for part in parts
        ]
    )
    found = np.quantile(shapely.distance(namesake, samples), [0.5, 0.68, 0.9, 0.95])
    return [float(value) for value in found.round()]


def robust_sigma_m(distances_m: np.ndarray) -> float:
    """Return the sigma of the normal error whose absolute value has the same median."""
    return float(np.median(distances_m) / 0.6745)


def _inner_lines(units: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Return the lines that have a unit on both sides."""
    edges = shapely.union_all(units.boundary.array)
    outline = shapely.boundary(units.union_all(method="coverage"))
    inner = shapely.line_merge(shapely.difference(edges, outline))
    return gpd.GeoSeries(shapely.get_parts(inner), crs=units.crs)


def _segments(lines: gpd.GeoSeries) -> np.ndarray:
    """Return every straight piece of the lines, so that an index can find the nearest one."""
    corners = [shapely.get_coordinates(line) for line in lines]
    pairs = chain.from_iterable(np.stack([c[:-1], c[1:]], axis=1) for c in corners)
    return np.asarray(shapely.linestrings(list(pairs)))
