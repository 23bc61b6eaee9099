"""Many points: labels, memberships and distances, and the tables that they come in."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tracemalloc
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyproj
import pytest
import shapely
import xlsxwriter
from hypothesis import example, given, settings
from hypothesis import strategies as st
from python_calamine import load_workbook

import geoloc
from geoloc import InputError, boundaries, cli, geo, tables
from geoloc.boundaries.index import UNSURE, LineIndex, UnitIndex, to_metres
from geoloc.boundaries.layers import Points
from geoloc.cli import tables as cli_tables
from geoloc.tables.writing import _harmless

KABUL_BOX = (68.83, 34.14, 69.96, 34.94)
BAGRAMI = (69.2743, 34.4938)
PD15 = (69.1525, 34.5855)
LAYERS = ("districts", "police-districts")


def uniform(count: int, box: geo.Box = KABUL_BOX, seed: int = 1) -> tuple[Any, Any]:
    """Return points spread evenly over a box."""
    west, south, east, north = box
    rng = np.random.default_rng(seed)
    return rng.uniform(west, east, count), rng.uniform(south, north, count)


def adversarial(name: str) -> tuple[Any, Any]:
    """Return every corner and edge midpoint of a layer, as they are and an ulp aside."""
    rings = shapely.get_rings([unit.geometry for unit in boundaries.load_layer(name).values()])
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    middles = ((corners[:-1] + corners[1:]) / 2)[np.diff(ring) == 0]
    exact = np.unique(np.vstack([corners, middles]), axis=0)
    moved = [exact]
    for axis in (0, 1):
        for toward in (-np.inf, np.inf):
            aside = exact.copy()
            aside[:, axis] = np.nextafter(aside[:, axis], toward)
            moved.append(aside)
    lon, lat = np.vstack(moved).T.copy()
    return lon, lat


def by_shapely(name: str, lon: Any, lat: Any) -> Any:
    """Return the code that sorts first among the units that shapely says hold a point."""
    layer = boundaries.load_layer(name)
    found = np.full(len(lon), "", dtype=object)
    for code in sorted(layer, reverse=True):
        shape = layer[code].geometry
        if not shape.is_empty:
            west, south, east, north = shape.bounds
            near = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
            shapely.prepare(shape)
            found[near[shapely.intersects_xy(shape, lon[near], lat[near])]] = code
    return found


@pytest.mark.parametrize("name", LAYERS)
def test_labels_are_those_of_shapely(name: str) -> None:
    """For 200,000 even points, and on and beside every corner and edge, down to the last ulp."""
    for lon, lat in (uniform(200_000), uniform(100_000, geo.AFGHANISTAN), adversarial(name)):
        found = boundaries.units_at(lon, lat, name)
        assert (np.asarray(found, dtype=object) == by_shapely(name, lon, lat)).all()


@pytest.mark.long
def test_ten_million_labels_are_those_of_shapely() -> None:
    """Every district label of 10 million points over Kabul province."""
    lon, lat = uniform(10_000_000)
    found = np.asarray(boundaries.units_at(lon, lat, "districts"), dtype=object)
    assert (found == by_shapely("districts", lon, lat)).all()


@pytest.mark.parametrize("name", LAYERS)
def test_points_on_the_edges_of_cells_get_the_same_label(name: str) -> None:
    """The raster behind the look-up does not show, not even an ulp beside its own lines."""
    index = boundaries.load_layer(name)._index
    west, south, per_x, per_y = index._grid
    side = len(index._cells)
    rng = np.random.default_rng(2)
    on_grid = np.column_stack(
        [
            west + rng.integers(0, side + 1, 40_000) / per_x,
            south + rng.integers(0, side + 1, 40_000) / per_y,
        ]
    )
    aside = [np.nextafter(on_grid, np.inf), np.nextafter(on_grid, -np.inf)]
    lon, lat = np.vstack([on_grid, *aside]).T.copy()
    found = np.asarray(boundaries.units_at(lon, lat, name), dtype=object)
    assert (found == by_shapely(name, lon, lat)).all()


@pytest.mark.parametrize("layer", [layer for e in boundaries.editions() for layer in e.layers])
def test_shipped_layers_are_coverages(layer: str) -> None:
    """The index takes for granted that units do not overlap and share their corners."""
    for edition in boundaries.editions():
        if layer in edition.layers:
            shapes = [unit.geometry for unit in boundaries.load_layer(layer, edition.id).values()]
            drawn = np.array([shape for shape in shapes if not shape.is_empty])
            assert shapely.coverage_is_valid(drawn)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=14),
    st.sets(st.integers(0, 40), max_size=6),
)
@example(corners=[(0, 0), (4, 0), (0, 4), (4, 4)], gaps=set())
def test_the_unit_index_agrees_with_shapely_on_any_coverage(
    corners: list[tuple[int, int]], gaps: set[int]
) -> None:
    """Triangles with some left out, asked at every half step: on corners, lines and between."""
    every = shapely.get_parts(shapely.delaunay_triangles(shapely.MultiPoint(corners)))
    triangles = [each for number, each in enumerate(every) if number not in gaps]
    if not triangles:
        return
    sides: dict[tuple[Any, Any], list[int]] = {}
    for number, each in enumerate(triangles):
        ring = [tuple(xy) for xy in shapely.get_coordinates(shapely.orient_polygons(each))]
        for start, end in pairwise(ring):
            key = (min(start, end), max(start, end))
            sides.setdefault(key, [-1, -1])[0 if start == key[0] else 1] = number
    left, right = np.array(list(sides.values()), np.int16).T
    index = UnitIndex(np.array(list(sides), float), left, right)
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(-1, 13, 0.5), np.arange(-1, 13, 0.5)))
    found = index.labels(x, y)
    for number, px, py in zip(found, x, y, strict=True):
        holding = [i for i, each in enumerate(triangles) if each.intersects(shapely.Point(px, py))]
        if number != UNSURE:
            assert holding == ([] if number < 0 else [number])
    lost = [shapely.Point(px, py) for n, px, py in zip(found, x, y, strict=True) if n == UNSURE]
    inside = [sum(each.contains_properly(at) for each in triangles) for at in lost]
    assert sum(inside) <= 0.5 * len(x)  # most points are answered without asking


def test_on_a_shared_line_the_first_code_holds_the_point() -> None:
    """The rule for ties, on a corner that Kabul city and Bagrami share."""
    layer = boundaries.load_layer("districts")
    shared = shapely.intersection(layer["AF0101"].geometry, layer["AF0104"].geometry)
    lon, lat = shapely.get_coordinates(shared)[3]
    assert geoloc.assign(lon, lat).district_code[0] == "AF0101"
    assert layer["AF0104"].geometry.intersects(shapely.Point(lon, lat))


def test_the_answer_has_the_promised_columns_in_the_order_of_the_input() -> None:
    """Seven columns, a row a point, the same row for the same point wherever it stands."""
    lon, lat = uniform(500)
    found = geoloc.assign(lon, lat)
    assert list(found.columns) == list(boundaries.ASSIGNED)
    assert found.attrs["editions"] == {
        "districts": "ocha-2018",
        "police-districts": "nahia-2019",
    }
    order = np.random.default_rng(3).permutation(500)
    shuffled = geoloc.assign(lon[order], lat[order])
    pd.testing.assert_frame_equal(
        shuffled, found.iloc[order].reset_index(drop=True), check_categorical=False
    )


def test_the_owners_two_examples_are_labelled() -> None:
    """Bagrami's centre lies in PD22's polygon, and 34.5855, 69.1525 in PD15's."""
    found = geoloc.assign([BAGRAMI[0], PD15[0]], [BAGRAMI[1], PD15[1]])
    assert list(found.province_code) == ["AF01", "AF01"]
    assert list(found.district_code) == ["AF0104", "AF0101"]
    assert list(found.pd_code) == ["AF-KBL-PD22", "AF-KBL-PD15"]
    assert (found.pd_membership > 0.5).all()


@pytest.mark.parametrize(
    "point", [(np.nan, 34.5), (69.2, np.nan), (np.inf, 34.5), (200.0, 34.5), (69.2, -91.0)]
)
def test_a_row_without_a_point_stays_a_row(point: tuple[float, float]) -> None:
    """Codes are empty text and numbers NaN; the rows around it are as they were."""
    found = geoloc.assign([69.2, point[0], 69.2], [34.5, point[1], 34.5])
    assert list(found.loc[1, ["province_code", "district_code", "pd_code"]]) == ["", "", ""]
    assert found.select_dtypes("number").loc[1].isna().all()
    assert found.iloc[[0]].reset_index(drop=True).equals(found.iloc[[2]].reset_index(drop=True))
    assert found.iloc[0].notna().all()


def test_a_point_elsewhere_is_in_none() -> None:
    """Paris is in no unit and surely in no police district; its distance is not measured."""
    found = geoloc.assign(2.35, 48.85).loc[0]
    assert list(found[["province_code", "district_code", "pd_code"]]) == ["", "", ""]
    assert list(found[["district_membership", "pd_membership", "pd_none_membership"]]) == [0, 0, 1]
    assert np.isnan(found.distance_to_line_m)


def test_no_points_give_no_rows() -> None:
    """An empty table keeps its columns."""
    assert list(geoloc.assign([], []).columns) == list(boundaries.ASSIGNED)
    assert len(geoloc.assign([], [])) == 0


@pytest.mark.parametrize(
    ("lon", "lat"), [([69.0], [34.0, 35.0]), ([[69.0]], [[34.0]]), (["a"], ["b"]), ([None], [{}])]
)
def test_columns_that_do_not_fit_are_refused(lon: Any, lat: Any) -> None:
    """Shapes must agree, and values be numbers."""
    with pytest.raises(InputError, match="lon and lat"):
        geoloc.assign(lon, lat)


@settings(deadline=None, max_examples=60)
@given(st.floats(68.85, 69.9), st.floats(34.2, 34.9))
@example(*BAGRAMI)
@example(*PD15)
def test_the_answer_agrees_with_locate(lon: float, lat: float) -> None:
    """One point of a table gets what `where` says about it."""
    row: Any = geoloc.assign(lon, lat).loc[0]
    found = boundaries.locate(lon, lat)
    held = {standing.unit.code: standing for standing in found.districts}
    assert row.district_membership == pytest.approx(held[row.district_code].membership, abs=1e-6)
    assert row.province_code == held[row.district_code].unit.parent
    assert row.pd_none_membership == pytest.approx(found.no_police_district, abs=1e-6)
    assert row.distance_to_line_m == pytest.approx(found.distance_to_line_m, abs=1e-6)
    if row.pd_code:
        police = {standing.unit.code: standing for standing in found.police_districts}
        assert row.pd_membership == pytest.approx(police[row.pd_code].membership, abs=1e-6)


def test_many_points_get_the_answer_of_few() -> None:
    """From 20,000 on indexes answer; nobody can tell."""
    lon, lat = uniform(20_000)
    many = geoloc.assign(lon, lat).iloc[:4000]
    few = geoloc.assign(lon[:4000], lat[:4000])
    pd.testing.assert_frame_equal(many, few, rtol=0, atol=1e-6, check_categorical=False)


@pytest.mark.parametrize("name", LAYERS)
def test_memberships_of_many_are_those_of_few(name: str) -> None:
    """Unit by unit, over all of Afghanistan."""
    lon, lat = uniform(1000, geo.AFGHANISTAN)
    layer = boundaries.load_layer(name)
    few = layer.shares(Points.at(lon, lat, many=False))
    many = layer.shares(Points.at(lon, lat, many=True))
    assert few.keys() == many.keys()
    for code, share in few.items():
        assert np.allclose(share, many[code], rtol=0, atol=1e-9)
    assert np.allclose(sum(many.values()), 1)


def test_the_answer_is_small() -> None:
    """Labels need at most as much memory again as the coordinates, the whole answer twice it."""
    lon, lat = uniform(1_000_000)
    geoloc.assign(lon[:20_000], lat[:20_000])  # the indexes are there already
    for answer, most in (
        (lambda: boundaries.units_at(lon, lat, "districts"), 1.0),
        (lambda: boundaries.units_at(lon, lat, "police-districts"), 1.0),
    ):
        assert _traced_peak(answer) <= most * (lon.nbytes + lat.nbytes)


@pytest.mark.long
def test_the_whole_answer_is_small() -> None:
    """For 4 million points, memberships and distances included: twice the coordinates."""
    lon, lat = uniform(4_000_000)
    geoloc.assign(lon[:200_000], lat[:200_000])
    assert _traced_peak(lambda: geoloc.assign(lon, lat)) <= 2 * (lon.nbytes + lat.nbytes)


def _traced_peak(work: Any) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", LAYERS)
def test_distances_are_those_of_shapely(name: str) -> None:
    """In UTM 42N to a millionth of a metre, near, far and on the line itself."""
    line = boundaries.load_layer(name).line
    index = line._index
    corners = line._segments[::37, 0]
    middles = line._segments[::37].mean(axis=1)
    east, north = geo.to_metres(*uniform(1500, (60.4, 29.3, 75.0, 38.6)))
    near, near_north = geo.to_metres(*uniform(1500))
    even, far = np.column_stack([near, near_north]), np.column_stack([east, north])
    points = np.vstack([corners[:300], middles[:300], even, far])
    distance, number = index.nearest(points[:, 0].copy(), points[:, 1].copy())
    within = number >= 0  # an index answers no farther than 200 km around its line
    assert within[: -len(far)].all()
    drawn: Any = shapely.linestrings(line._segments)
    whole = shapely.MultiLineString(list(drawn))
    shapely.prepare(whole)
    off = distance - shapely.distance(whole, shapely.points(points))
    assert np.abs(off[within]).max() <= 1e-6
    off = distance - shapely.distance(drawn[number], shapely.points(points))
    assert np.abs(off[within]).max() <= 1e-6


_step = st.integers(-30, 30)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(_step, _step, _step, _step), min_size=1, max_size=60),
    st.lists(st.tuples(_step, _step), min_size=1, max_size=30),
)
def test_the_line_index_agrees_with_shapely_on_any_segments(
    segments: list[tuple[int, int, int, int]], asked: list[tuple[int, int]]
) -> None:
    """Crossing, doubled and of no length; of equally near ones the first is named."""
    ends = np.array(segments, float).reshape(-1, 2, 2)
    points = np.array(asked, float)
    distance, number = LineIndex(ends, 100.0).nearest(points[:, 0].copy(), points[:, 1].copy())
    at: Any = shapely.points(points)
    each = shapely.distance(shapely.linestrings(ends), at[:, None])
    assert np.abs(distance - each.min(axis=1)).max() <= 1e-9
    assert (each[np.arange(len(points)), number] <= each.min(axis=1) + 1e-9).all()


def test_beyond_the_index_the_tree_answers() -> None:
    """A point farther away than an index reaches still gets its distance; NaN gets none."""
    line = boundaries.load_layer("police-districts").line
    far = ([69.2, 62.0], [34.5, 31.0])
    few = line.nearest(Points.at(*far, many=False))[0]
    many = line.nearest(Points.at(*far, many=True))[0]
    assert few[1] > 600_000
    assert np.allclose(few, many, rtol=0, atol=1e-6)
    assert line.nearest(Points.at(*far, many=True), reach_m=1000.0)[0][1] == np.inf
    assert line._index.nearest(np.array([np.nan]), np.array([np.nan]))[1][0] == -1


def test_the_compiled_projection_is_projs() -> None:
    """Within Afghanistan to a micrometre."""
    lon, lat = uniform(2000, geo.AFGHANISTAN)
    theirs = pyproj.Transformer.from_crs(4326, 32642, always_xy=True).transform(lon, lat)
    assert np.abs(np.array(to_metres(lon, lat)) - np.array(theirs)).max() < 1e-6


ROWS: list[tuple[Any, ...]] = [
    ("007", "Bagrami", BAGRAMI[1], BAGRAMI[0], 1.5),
    ("008", 'بگرامی; "x"', PD15[1], PD15[0], None),
    ("009", "nowhere", None, None, -2.0),
    ("010", "Paris", 48.85, 2.35, 3.0),
]
NAMES = ("id", "name", "lat", "lon", "score")
CODES = ["AF-KBL-PD22", "AF-KBL-PD15", None, None]


def write_input(path: Path) -> Path:
    """Write the rows by somebody else's writer."""
    frame = pd.DataFrame(ROWS, columns=list(NAMES))
    points = gpd.points_from_xy(frame.lon, frame.lat)
    points = [point if np.isfinite(x) else None for point, x in zip(points, frame.lon, strict=True)]
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([NAMES, *ROWS])
    elif path.suffix == ".xlsx":
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate([NAMES, *ROWS]):
                sheet.write_row(number, 0, row)
    elif path.suffix == ".parquet":
        pq.write_table(pa.table({n: frame[n].tolist() for n in NAMES}), path)
    elif path.suffix == ".geojson":
        features = [
            {
                "type": "Feature",
                "properties": dict(zip(NAMES, row, strict=True)),
                "geometry": row[3] and {"type": "Point", "coordinates": [row[3], row[2]]},
            }
            for row in ROWS
        ]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    else:
        gpd.GeoDataFrame(frame, geometry=points, crs=4326).to_file(path, driver="GPKG")
    return path


def read_output(path: Path) -> pd.DataFrame:
    """Read a result by somebody else's reader: missing is None, the rest as it stands."""
    if path.suffix in {".csv", ".tsv"}:
        frame = pd.read_csv(path, sep=None, engine="python", dtype={"id": str})
    elif path.suffix == ".xlsx":
        head, *rows = load_workbook(str(path)).get_sheet_by_index(0).to_python()
        frame = pd.DataFrame(rows, columns=head).replace("", None)
    elif path.suffix == ".parquet":
        frame = pq.read_table(path).to_pandas()
    else:
        frame = pyogrio.read_dataframe(path)
    cells = frame.to_numpy(dtype=object)
    cells[frame.isna().to_numpy()] = None
    return pd.DataFrame(cells, columns=frame.columns, dtype=object)


class Outcome:
    """What a command printed and how it ended."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


@pytest.fixture
def assign(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Any:
    """Return a function that runs `geoloc assign` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["geoloc", "assign", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), printed.out, printed.err)

    return call


@pytest.mark.parametrize("end", ["csv", "tsv", "xlsx", "geojson", "gpkg", "parquet"])
@pytest.mark.parametrize("start", ["csv", "xlsx", "geojson", "gpkg", "parquet"])
def test_every_format_goes_in_and_out(assign: Any, tmp_path: Path, start: str, end: str) -> None:
    """Columns and order are kept, the promised columns follow, and missing stays missing."""
    source = write_input(tmp_path / f"in.{start}")
    done = assign(source, "-o", f"out.{end}")
    assert done.status == 0, done.err
    assert "1 row(s) have no coordinates" in done.err
    assert "approximate" in done.out
    found = read_output(tmp_path / f"out.{end}")
    names = [name for name in found.columns if name not in {"geometry", "longitude", "latitude"}]
    assert names == [*NAMES, *boundaries.ASSIGNED, "editions"]
    assert "approximate" in found["editions"][0]
    assert list(found["id"]) == [row[0] for row in ROWS]
    assert list(found["name"]) == [row[1] for row in ROWS]
    assert [None if s is None else float(s) for s in found["score"]] == [r[4] for r in ROWS]
    assert list(found["pd_code"]) == CODES
    assert found["pd_none_membership"][3] == 1
    assert found["distance_to_line_m"][0] > 0
    if end in {"geojson", "gpkg"}:
        assert [shape and (shape.x, shape.y) for shape in found["geometry"]] == [
            BAGRAMI, PD15, None, (2.35, 48.85),
        ]  # fmt: skip
    elif start in {"geojson", "gpkg"}:
        assert [None if x is None else float(x) for x in found["longitude"]] == [
            row[3] for row in ROWS
        ]


def test_parquet_keeps_types_and_geoparquet_its_geometry(assign: Any, tmp_path: Path) -> None:
    """Nested columns, dates and big whole numbers come out as they went in; UTM points are read."""
    points = geo.geometry_to_metres(shapely.MultiPoint([BAGRAMI, PD15])).geoms
    frame = gpd.GeoDataFrame(
        {"big": pd.array([2**60, None], dtype="Int64"), "day": pd.to_datetime(["2023-05-08"] * 2)},
        geometry=list(points),
        crs=32642,
    )
    frame.to_parquet(tmp_path / "in.parquet")
    assert assign("in.parquet", "-o", "out.parquet").status == 0
    before, after = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("in", "out"))
    kept = after.select(before.column_names)
    assert kept.schema.types == before.schema.types
    assert kept.equals(before)
    assert gpd.read_parquet(tmp_path / "out.parquet").crs == 32642
    assert after["pd_code"].to_pylist() == CODES[:2]


HEADERS = {
    "comma": "name,lat,lon\na,34.4938,69.2743\n",
    "semicolon and decimal commas": "name;Latitude;Longitude\na;34,4938;69,2743\n",
    "tab": "name\tY\tX\na\t34.4938\t69.2743\n",
    "bar": "name|gps_lat|gps_lon\na|34.4938|69.2743\n",
    "mark of Excel": "\ufeffname,lat,lon\na,34.4938,69.2743\n",
    "Persian names and digits": "نام,عرض جغرافیایی,طول جغرافیایی\nالف,۳۴٫۴۹۳۸,۶۹٫۲۷۴۳\n",
    "Persian semicolon": "نام؛;عرض;طول\na;34.4938;69.2743\n",
    "camel case": "siteName,siteLat,siteLon\na,34.4938,69.2743\n",
    "degrees, minutes, seconds": "name,lat,lon\na,34°29′37.7″N,69°16′27.5″E\n",
    "one column": 'name,coordinates\na,"34.4938, 69.2743"\n',
    "one column alone": "coordinates\n34.4938 69.2743\n34.4938 69.2743\n",
    "one column without a word for it": 'name,where\na,"34.4938, 69.2743"\n',
    "MGRS": "name,ref\na,42SWD2518316943\n",
    "map link": 'name,link\na,"https://www.google.com/maps/@34.4938,69.2743,15z"\n',
    "line break in a cell": 'name,lat,lon\n"a\nb",34.4938,69.2743\n',
    "clear word before x and y": "x,y,lat,lon\n1,2,34.4938,69.2743\n",
    "short row": "lat,lon,name\n34.4938,69.2743\n",
    "empty lines": "\nlat,lon\n\n34.4938,69.2743\n\n",
}


@pytest.mark.parametrize("text", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_any_sensible_csv_is_read(assign: Any, tmp_path: Path, text: str, encoding: str) -> None:
    """Names in English or Persian, delimiters, decimal commas, one column or two."""
    (tmp_path / "in.csv").write_bytes(text.encode(encoding))
    done = assign("in.csv", "-o", "out.parquet")
    assert done.status == 0, done.err
    found = pq.read_table(tmp_path / "out.parquet").to_pandas()
    assert set(found["district_code"]) == {"AF0104"}
    assert set(found["pd_code"]) == {"AF-KBL-PD22"}


def test_csv_keeps_its_delimiter_its_mark_and_its_text(assign: Any, tmp_path: Path) -> None:
    """What a person's spreadsheet wrote, it can read again; no digit is lost."""
    (tmp_path / "in.csv").write_text(
        "\ufeffid;lat;lon;n\n007;34,4938;69,2743;1e5\n", encoding="utf-8"
    )
    assert assign("in.csv", "-o", "out.csv").status == 0
    text = (tmp_path / "out.csv").read_bytes().decode("utf-8")
    assert text.startswith("\ufeffid;lat;lon;n;province_code;")
    assert "\n007;34,4938;69,2743;1e5;AF01;AF0104;" in text


def test_rows_that_cannot_be_read_are_kept_and_counted(assign: Any, tmp_path: Path) -> None:
    """Exit 0, the counts on standard error and in the JSON, the first of them by its number."""
    rows = [
        "a,34.4938,69.2743", "b,,", "c,abc,69", "d,69.1,34.5", "e,95,69", 'f,34.5,69.2,"x,y"',
        "g,nan,inf", "h,34.5,",
    ]  # fmt: skip
    (tmp_path / "in.csv").write_text("name,lat,lon\n" + "\n".join(rows) + "\n", "utf-8")
    done = assign("in.csv", "-o", "out.csv", "--json")
    assert done.status == 0
    summary = json.loads(done.out)
    counts = {"rows": 8, "in_district": 1, "outside": 0, "empty": 1, "unreadable": 5, "swapped": 1}
    assert {name: summary[name] for name in counts} == counts
    assert summary["first_bad_row"] == 3
    assert summary["coordinates"] == {"lon": "lon", "lat": "lat"}
    assert summary["editions"]["police-districts"] == "nahia-2019"
    assert summary["approximate"] is True
    assert "5 row(s) hold no point on Earth" in done.err
    assert "1 row(s) have more cells than the header" in done.err
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        found = list(csv.reader(stream))
    assert [row[0] for row in found] == ["name", *"abcdefgh"]
    assert found[6][2] == "69.2,x,y"
    assert all(row[3:] == [""] * 8 for row in found[2:])


BAD: dict[str, tuple[str, str, list[str], str]] = {
    "swapped": ("in.csv", "lat,lon\n69.2,34.5\n69.1,34.6\n", [], "--lat-field 'lon'"),
    "swapped in one column": ("in.csv", 'where\n"69.2, 34.5"\n', [], "swapped"),
    "no coordinates": ("in.csv", "a,b\n1,2\n", [], "there are 'a', 'b'"),
    "several": ("in.csv", "from_lat,to_lat,lon\n1,2,3\n", [], "'from_lat', 'to_lat'"),
    "half an option": ("in.csv", "a,b\n1,2\n", ["--lat-field", "a"], "together"),
    "wrong name": (
        "in.csv", "latt,lonn\n1,2\n", ["--lat-field", "lat", "--lon-field", "lonn"], "'latt'"
    ),
    "same name": ("in.csv", "a,a\n1,2\n", ["--lat-field", "a", "--lon-field", "a"], "Several"),
    "metres": ("in.csv", "x,y\n525183,3816943\n", [], "metres"),
    "taken": ("in.csv", "lat,lon,PD_code\n34,69,x\n", [], "'pd_code' already"),
    "empty": ("in.csv", "", [], "is empty"),
    "only blank": ("in.csv", "\n\n", [], "is empty"),
    "not a table": ("in.doc", "x", [], ".csv, .xlsx"),
    "no workbook": ("in.xlsx", "lat,lon\n1,2\n", [], "no XLSX"),
    "no parquet": ("in.parquet", "lat,lon\n1,2\n", [], "no Parquet"),
    "no geojson": ("in.geojson", "lat,lon\n1,2\n", [], "in.geojson"),
    "not what it says": ("in.gpkg", "{}", [], "geojson"),
    "hostile header": ("in.csv", "\x1b[2Ja,\u202eb\n1,2\n", [], "\\x1b[2Ja"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_a_bad_table_gets_one_clear_line(
    assign: Any, tmp_path: Path, case: tuple[str, str, list[str], str]
) -> None:
    """Exit 2, nothing on standard output, nothing written, no control character shown."""
    name, text, options, words = case
    (tmp_path / name).write_text(text, encoding="utf-8")
    done = assign(name, "-o", "out.csv", *options)
    assert done.status == 2
    assert done.out == ""
    assert len(done.err.splitlines()) == 1
    assert words in done.err
    assert not {"\x1b", "\u202e"} & set(done.err)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none.csv", "-o", "out.csv"), "No such file"),
        (("in.csv", "-o", "in.csv"), "the input itself"),
        (("in.csv", "-o", "out.doc"), "geoloc writes"),
        (("in.csv", "-o", "in.csv/out.csv"), "Cannot write"),
        (("in.csv",), "output"),
    ],
)
def test_a_bad_call_leaves_everything(
    assign: Any, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    """One line, exit 2, and the input as it was."""
    source = write_input(tmp_path / "in.csv")
    before = source.read_bytes()
    done = assign(*arguments)
    assert done.status == 2
    assert words in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
    assert source.read_bytes() == before


@pytest.mark.parametrize("end", ["csv", "xlsx", "geojson", "gpkg", "parquet"])
def test_a_failure_half_way_leaves_the_old_output(assign: Any, tmp_path: Path, end: str) -> None:
    """A file that turns out not to be UTF-8 after 60,000 rows does not cost the last result."""
    rows = "lat,lon\n" + "34.5,69.2\n" * 60_000
    (tmp_path / "in.csv").write_bytes(rows.encode() + b"34.5,69.2\xff\n")
    (tmp_path / f"out.{end}").write_text("yesterday's", "utf-8")
    done = assign("in.csv", "-o", f"out.{end}")
    assert done.status == 2
    assert "is not UTF-8" in done.err
    assert (tmp_path / f"out.{end}").read_text("utf-8") == "yesterday's"
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", f"out.{end}"}


def test_parquet_without_pyarrow_is_told(
    assign: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line with what to install."""
    write_input(tmp_path / "in.csv")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    done = assign("in.csv", "-o", "out.parquet")
    assert done.status == 2
    assert "pip install 'geoloc[parquet]'" in done.err


def test_named_fields_overrule_the_guess(assign: Any, tmp_path: Path) -> None:
    """Swapped names can be put right, and a geometry can be passed over."""
    (tmp_path / "in.csv").write_text("lat,lon\n69.2743,34.4938\n", "utf-8")
    done = assign("in.csv", "-o", "out.csv", "--lat-field", "LON", "--lon-field", "lat", "--json")
    assert json.loads(done.out)["in_district"] == 1
    done = assign("in.csv", "-o", "out.geojson", "--lat-field", "lon", "--lon-field", "lat")
    assert done.status == 0
    assert pyogrio.read_dataframe(tmp_path / "out.geojson").geometry[0].coords[0] == BAGRAMI


def test_a_sheet_or_layer_is_chosen(assign: Any, tmp_path: Path) -> None:
    """The first sheet is read unless one is named; of several layers one must be named."""
    with xlsxwriter.Workbook(tmp_path / "in.xlsx") as book:
        book.add_worksheet("notes").write_row(0, 0, ["about"])
        sheet = book.add_worksheet("sites")
        sheet.write_row(0, 0, ["lat", "lon"])
        sheet.write_row(1, 0, [BAGRAMI[1], BAGRAMI[0]])
    assert "there are 'about'" in assign("in.xlsx", "-o", "out.csv").err
    assert "'notes', 'sites'" in assign("in.xlsx", "-o", "out.csv", "--layer", "x").err
    assert assign("in.xlsx", "-o", "out.csv", "--layer", "sites").status == 0

    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(BAGRAMI)], crs=4326)
    for layer in ("one", "two"):
        frame.to_file(tmp_path / "in.gpkg", layer=layer, driver="GPKG")
    assert "choose one with --layer" in assign("in.gpkg", "-o", "out.csv").err
    assert assign("in.gpkg", "-o", "out.csv", "--layer", "two").status == 0


def test_names_that_a_format_cannot_hold_are_made_distinct(assign: Any, tmp_path: Path) -> None:
    """Empty, doubled and reserved names cost no column."""
    (tmp_path / "in.csv").write_text("fid,,A,a,lat,lon\nx,y,1,2,34.5,69.2\n", "utf-8")
    assert assign("in.csv", "-o", "out.gpkg").status == 0
    found = pyogrio.read_dataframe(tmp_path / "out.gpkg")
    assert list(found.columns[:6]) == ["fid_2", "column_2", "A", "a_2", "lat", "lon"]
    assert list(found.iloc[0, :4]) == ["x", "y", "1", "2"]


def test_a_polygon_among_the_points_keeps_its_shape(assign: Any, tmp_path: Path) -> None:
    """It is no point, so its results are empty; what it was is not lost."""
    shapes = [shapely.Point(BAGRAMI), shapely.box(69.0, 34.4, 69.1, 34.5)]
    frame = gpd.GeoDataFrame({"a": [1, 2]}, geometry=shapes, crs=4326)
    frame.to_file(tmp_path / "in.geojson", driver="GeoJSON")
    done = assign("in.geojson", "-o", "out.geojson", "--json")
    assert json.loads(done.out)["unreadable"] == 1
    found = gpd.read_file(tmp_path / "out.geojson")
    assert found.geometry[1].equals(shapes[1])
    assert found["district_code"].isna().tolist() == [False, True]


@given(st.text(alphabet="=+-@'\t\r\n\"1,.eEx ", max_size=8) | st.text(max_size=12))
@example("=1+1")
@example("-12.5")
@example("+93 700 123 456")
@example("''=x")
def test_a_dangerous_cell_is_quoted_and_can_be_had_back(cell: str) -> None:
    """No cell begins as a formula does unless it is a number, and one rule undoes the quoting."""
    shown = _harmless(cell)
    if shown[:1] in tuple("=+-@\t\r"):
        float(shown.replace(",", "."))
    quotes = len(shown) - len(shown.lstrip("'"))
    undone = shown[1:] if quotes and shown[quotes : quotes + 1] in tuple("=+-@\t\r") else shown
    assert undone == cell


@pytest.mark.parametrize("number", ["-12.5", "+3", "-34,5", "-1e5", ".5"])
def test_a_number_stays_a_number(number: str) -> None:
    """A minus or a plus before digits is no formula."""
    assert _harmless(number) == number


def test_a_workbook_holds_no_formula_and_no_link(assign: Any, tmp_path: Path) -> None:
    """Every text cell is stored as text, whatever it begins with."""
    cells = ['=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "http://example.org", "{=1}"]
    lines = ["note,lat,lon"] + ['"' + c.replace('"', '""') + '",34.5,69.2' for c in cells]
    (tmp_path / "in.csv").write_text("\n".join(lines) + "\n", "utf-8")
    assert assign("in.csv", "-o", "out.xlsx").status == 0
    with zipfile.ZipFile(tmp_path / "out.xlsx") as archive:
        names = archive.namelist()
        sheet = archive.read("xl/worksheets/sheet1.xml").decode("utf-8")
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert not any("rels/sheet" in name for name in names)
    assert list(read_output(tmp_path / "out.xlsx")["note"]) == cells


def test_a_long_run_says_how_far_it_is(
    assign: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, so that standard output stays one document."""
    monkeypatch.setattr(cli_tables, "_PATIENCE_S", 0.0)
    rows = "lat,lon\n" + "34.5,69.2\n" * 51_000
    (tmp_path / "in.csv").write_text(rows, "utf-8")
    done = assign("in.csv", "-o", "out.csv", "--json")
    assert json.loads(done.out)["rows"] == 51_000
    assert "geoloc: 50,000 rows (" in done.err
    assert (tmp_path / "out.csv").read_text("utf-8").count("\n") == 51_001


def test_batches_join_without_a_seam(assign: Any, tmp_path: Path) -> None:
    """A table of several batches is labelled as one frame would be, in CSV and in Parquet."""
    lon, lat = uniform(110_000)
    frame = pd.DataFrame({"n": np.arange(len(lon)), "lat": lat, "lon": lon})
    frame.to_csv(tmp_path / "in.csv", index=False)
    frame.to_parquet(tmp_path / "in.parquet")
    expected = geoloc.assign(lon, lat)
    for start, end in (("csv", "parquet"), ("parquet", "csv")):
        assert assign(f"in.{start}", "-o", f"out.{end}").status == 0
        found = read_output(tmp_path / f"out.{end}")
        assert (found["n"].astype(int) == frame["n"]).all()
        for name in ("district_code", "pd_code"):
            assert (found[name].fillna("") == expected[name].astype(object)).all()
        assert np.allclose(
            found["distance_to_line_m"].astype(float), expected["distance_to_line_m"], atol=0.051
        )


_RUN = """
import resource, sys
sys.argv = ["geoloc", "assign", *sys.argv[1:]]
from geoloc.cli import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.long
@pytest.mark.parametrize(("start", "end"), [("csv", "csv"), ("csv", "parquet"), ("parquet", "csv")])
def test_two_million_rows_need_no_more_memory_than_a_quarter_of_them(
    tmp_path: Path, start: str, end: str
) -> None:
    """The table is streamed: its length does not show in the peak."""
    peaks = []
    for count in (500_000, 2_000_000):
        lon, lat = uniform(count)
        frame = pd.DataFrame({"name": "some text that takes room", "lat": lat, "lon": lon})
        source = tmp_path / f"in.{start}"
        frame.to_csv(source, index=False) if start == "csv" else frame.to_parquet(source)
        command = [sys.executable, "-c", _RUN, str(source), "-o", str(tmp_path / f"out.{end}")]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks.append(int(done.stdout.splitlines()[-1]))
    assert peaks[1] <= 1.15 * peaks[0]


def test_help_shows_an_example(assign: Any) -> None:
    """The help fits the screen and shows a line to copy."""
    done = assign("--help")
    assert "Example: geoloc assign points.csv -o labelled.xlsx" in " ".join(done.out.split())
    assert max(map(len, done.out.splitlines())) <= 100


def test_tables_can_be_read_without_the_command() -> None:
    """The reader gives text as it stands, and the finder says what it took."""
    batch = tables.Batch(pd.DataFrame({"Y": ["34.5"], "X": ["69.2"]}))
    axes = tables.find_axes(batch)
    assert axes == tables.Axes(lon="X", lat="Y")
    found = tables.locate(batch, axes)
    assert (found.lon[0], found.lat[0]) == (69.2, 34.5)
    assert io.StringIO(axes.words).read() == "the columns 'Y' (latitude) and 'X' (longitude)"
