"""What each kind of clue says of each cell."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer
from rasterio.transform import Affine
from scipy.stats import norm
from shapely import LineString, MultiPoint, Point, Polygon

from geoloc import (
    Along,
    Bearing,
    Between,
    ClueError,
    Drawn,
    ElevationBetween,
    Grid,
    Landmark,
    Near,
    NotWithin,
    Place,
    Prior,
    Ramp,
    Raster,
    SameAs,
    Searched,
    Within,
    likely_area,
)
from geoloc.boundaries import unit
from geoloc.clues import IMAGERY_SIGMA_M, KINDS, Clue
from geoloc.errors import CRSError, InputError
from geoloc.geo import read_raster

GEOD = Geod(ellps="WGS84")
TO_DEGREES = Transformer.from_crs(32642, 4326, always_xy=True)
BAGRAMI = Place("Bagrami district", ("AF0104",))
PD22 = Place("PD22", ("AF-KBL-PD22",))
PD20 = Place("PD20", ("AF-KBL-PD20",))
KABUL = Grid(500_000, 3_840_000, 500.0, 80, 80)  # 40 km square around the city
slowly = settings(deadline=None, max_examples=25)  # thousands of cells each
EXACT = 0.001  # metres: a landmark or statement that is as good as certain


def from_origin(west: float, north: float, width: float, height: float) -> Affine:
    """Return where a raster lies whose north-west corner and cells are these."""
    return Affine(width, 0, west, 0, -height, north)


def grid_of(rows: int, cols: int, cell_m: float = 100.0) -> Grid:
    """Return a small grid whose south-west corner is 520,000 east, 3,820,000 north."""
    return Grid(520_000, 3_820_000 + rows * cell_m, cell_m, rows, cols)


def at(grid: Grid, col: float, row: float) -> tuple[float, float]:
    """Return lon, lat of a spot in cells from the north-west corner."""
    lon, lat = TO_DEGREES.transform(
        grid.west_m + col * grid.cell_m, grid.north_m - row * grid.cell_m
    )
    return lon, lat


def landmark(grid: Grid, col: float, row: float, sigma_m: float = EXACT) -> Landmark:
    """Return a landmark at a spot in cells from the north-west corner."""
    return Landmark("the tower", *at(grid, col, row), sigma_m)


def polygon(grid: Grid, *corners: tuple[float, float]) -> Polygon:
    """Return a polygon whose corners are spots in cells from the north-west corner."""
    return Polygon([at(grid, *corner) for corner in corners])


def box(grid: Grid, west: float, north: float, east: float, south: float) -> Polygon:
    """Return a rectangle in cells from the north-west corner."""
    return polygon(grid, (west, north), (east, north), (east, south), (west, south))


def picture(marks: np.ndarray) -> list[str]:
    """Return a picture of marked cells."""
    return ["".join(".#"[int(mark)] for mark in row) for row in marks]


def tenths(shares: np.ndarray) -> list[str]:
    """Return a picture of shares: `.` for none, 1 to 9 for tenths, `#` for all."""
    return ["".join(".123456789#"[round(10 * share)] for share in row) for row in shares]


def centres(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Return lon and lat of the cells' centres, by PROJ."""
    lon, lat = TO_DEGREES.transform(*grid.centres_m())
    return np.asarray(lon), np.asarray(lat)


def write(path: Path, values: Any, **settings: Any) -> Path:
    """Write a small GeoTIFF; by default on the cells of `grid_of` with 100 m."""
    values = np.atleast_3d(np.asarray(values).T).T  # bands, rows, columns
    bands, rows, cols = values.shape
    profile = {
        "driver": "GTiff", "count": bands, "height": rows, "width": cols, "dtype": values.dtype,
        "crs": "EPSG:32642", "transform": from_origin(520_000, 3_820_000 + rows * 100, 100, 100),
    }  # fmt: skip
    with rasterio.open(path, "w", **(profile | settings)) as raster:
        raster.write(values)
    return path


def anything(grid: Grid, tmp_path: Path) -> list[Clue]:
    """Return one clue of every kind that fits a grid of 100 m cells."""
    tower = landmark(grid, 3.2, 4.1, 50)
    land = box(grid, 1, 1, 4, 4)
    heights = np.linspace(1800, 1900, grid.rows * grid.cols).reshape(grid.shape).astype("float32")
    dem = write(tmp_path / "dem.tif", heights)
    surface = np.arange(grid.rows * grid.cols, dtype=float).reshape(grid.shape)
    return [
        Within(BAGRAMI, "a"),
        NotWithin(BAGRAMI, "b"),
        Near(tower, "c", distance_m=200),
        Near(land, "d", at_most_m=200),
        Bearing(tower, 45, "e"),
        Between(tower, landmark(grid, 1, 1), "f"),
        Along(LineString([at(grid, 0, 0), at(grid, 5, 5)]), "g"),
        ElevationBetween(1800, 1850, dem, "h"),
        Raster(dem, Ramp(1800, 1900), "high ground", "i"),
        Drawn(land, "j"),
        SameAs("2023-05-08-bagrami-pd22", grid, surface, "k"),
        Searched(land, 0.8, "l"),
    ]


# What all of them promise


def test_every_kind_obeys_the_protocol(tmp_path: Path) -> None:
    """Each has a name, words, an origin, a reliability, and a surface without a nan."""
    grid = Grid(528_000, 3_818_000, 100.0, 8, 9)  # in Bagrami
    shifted = anything(grid_of(8, 9), tmp_path)
    for clue in shifted:
        here = grid if clue.origin in "ab" else grid_of(8, 9)
        logs = clue.log_likelihood(here)
        assert logs.shape == (8, 9)
        assert logs.dtype == np.float64
        assert not np.isnan(logs).any()
        assert logs.max() <= 1e-9 or isinstance(clue, SameAs)
        assert 0 <= clue.reliability <= 1
        assert clue.says
        assert clue.asserts == (("AF0104",) if isinstance(clue, Within) else ())
    assert {type(clue) for clue in shifted} == set(KINDS.values())
    assert list(KINDS) == [
        "within", "not-within", "near", "bearing", "between", "along", "elevation-between",
        "raster", "drawn", "same-as", "searched",
    ]  # fmt: skip


def test_every_kind_says_what_a_report_can_print(tmp_path: Path) -> None:
    """The words go after "the event happened"."""
    assert [clue.says for clue in anything(grid_of(8, 9), tmp_path)] == [
        "within Bagrami district",
        "outside Bagrami district",
        "200 m (± 50 m) from the tower",
        "within 200 m (± 50 m) of the area drawn",
        "where the tower is seen in azimuth 45° (± 5°, north-east)",
        "between the tower and the tower",
        "within 100 m (± 50 m) of the line drawn",
        "at a height between 1,800 m and 1,850 m (± 7.5 m)",
        "on high ground (dem.tif)",
        "inside the area drawn",
        "in the same place as 2023-05-08-bagrami-pd22",
        "outside the ground searched, or missed there (found with 80 %)",
    ]


def test_clues_of_every_kind_make_one_area(tmp_path: Path) -> None:
    """All kinds fuse to a surface that sums to 1."""
    grid = grid_of(8, 9)
    prior = Prior(grid, np.full(grid.shape, 1 / 72), "flat")
    area = likely_area(anything(grid, tmp_path)[2:], prior)
    assert area.surface.sum() == pytest.approx(1)


# Within and not


def test_within_is_the_membership_of_the_place() -> None:
    """The likelihood is what `Place.membership` says at each centre, by PROJ's coordinates."""
    lon, lat = centres(KABUL)
    for place in (BAGRAMI, PD22):
        shares = place.membership(lon.ravel(), lat.ravel())
        assert shares is not None
        found = np.exp(Within(place, "a").log_likelihood(KABUL))
        assert found.ravel() == pytest.approx(shares, abs=1e-7)


def test_within_and_not_within_share_the_certainty() -> None:
    """In every cell the two likelihoods sum to 1, also on the soft line."""
    inside = np.exp(Within(BAGRAMI, "a").log_likelihood(KABUL))
    outside = np.exp(NotWithin(BAGRAMI, "a").log_likelihood(KABUL))
    assert inside + outside == pytest.approx(np.ones(KABUL.shape), abs=1e-12)
    assert 0.01 < inside.min() + 0.5 < inside.max()


@pytest.mark.parametrize("kind", [Within, NotWithin])
def test_a_place_without_a_line_or_unit_is_refused(kind: type[Within | NotWithin]) -> None:
    """PD20 has no known line, and words name no unit."""
    with pytest.raises(ClueError, match="codes: PD20 has no known line"):
        kind(PD20, "a").log_likelihood(KABUL)
    with pytest.raises(ClueError, match="codes: 'somewhere' names no unit"):
        kind(Place("somewhere", ()), "a")


def test_a_place_that_holds_everything_leaves_no_outside() -> None:
    """Not within Kabul province, asked in the middle of it, leaves no cell."""
    grid = Grid(515_000, 3_820_000, 10.0, 3, 3)
    with pytest.raises(ClueError, match=r"codes: Kabul .*holds the whole study area"):
        NotWithin(Place("Kabul", ("AF01",)), "a").log_likelihood(grid)


# Near


def test_a_stated_distance_is_a_ring() -> None:
    """Three cells from the tower, give or take 0.36 (10 m, and a cell's ground): L > 0.5."""
    grid = grid_of(9, 9)
    clue = Near(landmark(grid, 4.5, 4.5), "a", distance_m=300, sigma_m=10)
    assert picture(clue.log_likelihood(grid) > math.log(0.5)) == [
        ".........",
        "...###...",
        "..#...#..",
        ".#.....#.",
        ".#.....#.",
        ".#.....#.",
        "..#...#..",
        "...###...",
        ".........",
    ]


def test_at_most_a_distance_is_a_disc() -> None:
    """Within 2.5 cells of the tower: a disc without its corners."""
    grid = grid_of(9, 9)
    clue = Near(landmark(grid, 4.5, 4.5), "a", at_most_m=250, sigma_m=10)
    assert picture(clue.log_likelihood(grid) > math.log(0.5)) == [
        ".........",
        ".........",
        "...###...",
        "..#####..",
        "..#####..",
        "..#####..",
        "...###...",
        ".........",
        ".........",
    ]


def test_the_ring_is_measured_on_the_ellipsoid() -> None:
    """L is the Gaussian of geodesic distances, σ added in quadrature with a cell's own."""
    tower = Landmark("the tower", 69.2, 34.5, 40)
    lon, lat = centres(KABUL)
    _, _, geodesic = GEOD.inv(lon, lat, np.full_like(lon, 69.2), np.full_like(lat, 34.5))
    sigma = math.sqrt(1000**2 + 40**2 + 500**2 / 12)
    found = Near(tower, "a", distance_m=5000, sigma_m=1000).log_likelihood(KABUL)
    expected = norm.logpdf(geodesic, 5000, sigma) - norm.logpdf(0, 0, sigma)
    assert found == pytest.approx(expected, abs=0.01, rel=0.002)
    disc = Near(tower, "a", at_most_m=5000, sigma_m=1000).log_likelihood(KABUL)
    assert np.exp(disc) == pytest.approx(norm.cdf(5000, geodesic, sigma), abs=0.002)


def test_a_quarter_of_the_distance_is_the_default_spread() -> None:
    """People misjudge a distance by about a quarter of it."""
    tower = Landmark("the tower", 69.2, 34.5)
    silent = Near(tower, "a", distance_m=4000).log_likelihood(KABUL)
    assert (silent == Near(tower, "a", distance_m=4000, sigma_m=1000).log_likelihood(KABUL)).all()


shapes = st.sampled_from(
    [
        Point(69.2, 34.5),
        MultiPoint([(69.1, 34.45), (69.3, 34.55)]),
        LineString([(69.05, 34.4), (69.2, 34.52), (69.21, 34.45), (69.4, 34.6)]),
        LineString([(68.9, 34.5), (69.9, 34.51)]),
        Polygon(
            [(69.1, 34.4), (69.3, 34.42), (69.2, 34.6)],
            [[(69.18, 34.45), (69.22, 34.45), (69.2, 34.5)]],
        ),
    ]
)


@slowly
@given(shapes, st.floats(500, 8000))
def test_a_disc_around_a_shape_is_measured_as_shapely_does(shape: Any, at_most_m: float) -> None:
    """The distance to points, lines and areas is right to a part of a cell; inside it is 0."""
    found = Near(shape, "a", at_most_m=at_most_m, sigma_m=2000).log_likelihood(KABUL)
    forward = Transformer.from_crs(4326, 32642, always_xy=True)
    dense = shapely.segmentize(shape, 0.005)
    plane = shapely.transform(dense, lambda c: np.column_stack(forward.transform(*c.T)))
    distance = shapely.distance(plane, shapely.points(*KABUL.centres_m())) / 0.9996
    sigma = math.sqrt(2000**2 + IMAGERY_SIGMA_M**2 + 500**2 / 12)
    expected = norm.cdf(at_most_m, distance, sigma)
    if shape.geom_type == "Point":
        assert np.exp(found) == pytest.approx(expected, abs=0.001)
    # A whole cell in 2 km of σ is 0.1 of a likelihood, and the distance is never too small.
    assert (expected - np.exp(found)).max() < 0.1
    assert (np.exp(found) - expected).max() < 0.002
    assert np.abs(np.exp(found) - expected).mean() < 0.005


@slowly
@given(st.floats(300, 20_000), st.booleans())
def test_farther_is_never_likelier(at_most_m: float, line: bool) -> None:
    """With growing distance, a disc's likelihood never rises."""
    feature = (
        LineString([(69.2, 34.4), (69.2, 34.6)]) if line else Landmark("the tower", 69.2, 34.5)
    )
    logs = Near(feature, "a", at_most_m=at_most_m).log_likelihood(KABUL)
    lon, lat = centres(KABUL)
    away = GEOD.inv(lon, lat, np.full_like(lon, 69.2), np.full_like(lat, 34.5))[2]
    row = 40
    order = np.argsort(away[row])
    assert (np.diff(logs[row][order]) <= 1e-6).all()


def test_near_a_unit_is_level_inside_and_falls_off_outside() -> None:
    """Of a place, the unit's own polygon counts, with σ of its line."""
    logs = Near(BAGRAMI, "a", at_most_m=1000).log_likelihood(KABUL)
    lon, lat = centres(KABUL)
    inside = shapely.contains_xy(unit("AF0104").geometry, lon, lat)
    assert (~inside).any()
    assert logs[inside].min() > logs[~inside].mean()
    ring = Near(BAGRAMI, "a", distance_m=0, sigma_m=100).log_likelihood(KABUL)
    assert ring[inside].max() == pytest.approx(0)


def test_a_feature_beside_the_grid_still_counts() -> None:
    """A line 5 cells north of the grid is near its northern row."""
    grid = grid_of(6, 6)
    road = LineString([at(grid, -3, -5), at(grid, 9, -5)])
    logs = Near(road, "a", at_most_m=800, sigma_m=10).log_likelihood(grid)
    assert picture(logs > math.log(0.5)) == ["######"] * 3 + ["......"] * 3


def test_a_far_feature_is_measured_on_larger_cells() -> None:
    """A line 60 km off a grid of 20 m cells would need 30 million cells; the answer is the same."""
    grid = Grid(520_000, 3_820_000, 20.0, 40, 40)
    lon, lat = TO_DEGREES.transform([580_400, 590_400], [3_790_000, 3_850_000])
    road = LineString(list(zip(lon, lat, strict=True)))
    found = Near(road, "a", distance_m=65_000, sigma_m=1000).log_likelihood(grid)
    plane = LineString([(580_400, 3_790_000), (590_400, 3_850_000)])
    away = shapely.distance(plane, shapely.points(*grid.centres_m())) / 0.9996
    sigma = math.sqrt(1000**2 + IMAGERY_SIGMA_M**2 + 20**2 / 12)
    assert found == pytest.approx(-(((away - 65_000) / sigma) ** 2) / 2, abs=0.1)


@slowly
@given(st.floats(-20_000, 20_000), st.floats(-20_000, 20_000))
def test_moving_clue_and_grid_moves_the_surface(east_m: float, north_m: float) -> None:
    """The ground is the same everywhere, up to the plane's change of scale and of north."""
    tower = (521_000.0, 3_821_500.0)

    def surfaces(east: float, north: float) -> list[np.ndarray]:
        grid = Grid(520_000 + east, 3_823_000 + north, 100.0, 30, 30)
        lon, lat = TO_DEGREES.transform(tower[0] + east, tower[1] + north)
        other = TO_DEGREES.transform(tower[0] + east + 1500, tower[1] + north + 700)
        there = Landmark("the tower", lon, lat, 30)
        return [
            Near(there, "a", distance_m=900).log_likelihood(grid),
            Between(there, Landmark("the mast", *other, 30), "a").log_likelihood(grid),
            Along(LineString([(lon, lat), other]), "a").log_likelihood(grid),
            np.log(np.exp(Drawn(Point(lon, lat).buffer(0.008), "a").log_likelihood(grid)) + 0.1),
        ]

    for here, there in zip(surfaces(0, 0), surfaces(east_m, north_m), strict=True):
        assert np.abs(np.exp(here) - np.exp(there)).max() < 0.05


# Bearing


def test_a_bearing_from_the_event_is_a_cone_behind_the_landmark() -> None:
    """The tower is seen in the north-west, so the event lies to its south-east."""
    grid = grid_of(8, 8)
    clue = Bearing(landmark(grid, 1.5, 1.5), 315, "a", sigma_deg=5)
    assert picture(clue.log_likelihood(grid) > math.log(0.25)) == [
        "........",
        "........",
        "..#.....",
        "...#....",
        "....##..",
        "....###.",
        ".....###",
        "......##",
    ]


def test_an_azimuth_from_the_landmark_points_at_the_event() -> None:
    """Seen from the tower, azimuth 90° is to its east; the cone opens with distance."""
    grid = grid_of(7, 10)
    clue = Bearing(landmark(grid, 0.5, 3.5), 90, "a", seen_from="landmark", sigma_deg=12)
    assert picture(clue.log_likelihood(grid) > math.log(0.25)) == [
        ".........#",
        "......####",
        "...#######",
        ".#########",
        "...#######",
        "......####",
        ".........#",
    ]


@slowly
@given(
    st.floats(69.0, 69.4),
    st.floats(34.4, 34.7),
    st.floats(0, 359.9),
    st.sampled_from(["event", "landmark"]),
)
def test_an_azimuth_is_geodesic(lon: float, lat: float, azimuth: float, seen_from: Any) -> None:
    """The best cells lie where pyproj's geodesic azimuth, not the grid's, is the stated one."""
    tower = Landmark("the tower", lon, lat, EXACT)
    cells_lon, cells_lat = centres(KABUL)
    there = np.full_like(cells_lon, lon), np.full_like(cells_lat, lat)
    if seen_from == "event":
        geodesic, _, away = GEOD.inv(cells_lon, cells_lat, *there)
    else:
        geodesic, _, away = GEOD.inv(*there, cells_lon, cells_lat)
    off = np.radians((geodesic - azimuth + 180) % 360 - 180)
    sigma = np.sqrt(math.radians(5) ** 2 + (500 / math.sqrt(12) / away) ** 2)
    far = away > 3000  # nearer, the tails come round the circle
    expected = norm.logpdf(off, 0, sigma) - norm.logpdf(0, 0, math.radians(5))
    found = Bearing(tower, azimuth, "a", seen_from=seen_from).log_likelihood(KABUL)
    # 0.01° of 5° is 0.002 σ, which 36 σ off is worth 0.07.
    assert found[far] == pytest.approx(expected[far], abs=0.02, rel=1e-3)


@slowly
@given(st.floats(0, 359.9))
def test_there_and_back_are_reciprocal(azimuth: float) -> None:
    """Seen from the event in A is seen from the landmark in A + 180°, but for the meridians."""
    tower = Landmark("the tower", 69.2, 34.5)
    back = (azimuth + 180) % 360
    there = Bearing(tower, azimuth, "a").log_likelihood(KABUL)
    here = Bearing(tower, back, "a", seen_from="landmark").log_likelihood(KABUL)
    assert np.abs(np.exp(there) - np.exp(here)).max() < 0.03


def test_next_to_the_landmark_an_azimuth_says_nothing() -> None:
    """Around a landmark that is placed to a kilometre, all directions fit about equally."""
    grid = grid_of(5, 5)
    logs = Bearing(landmark(grid, 2.5, 2.5, 3000), 30, "a").log_likelihood(grid)
    assert np.ptp(logs) < 0.05
    assert logs.max() == pytest.approx(math.log(math.radians(5) / math.sqrt(2 * math.pi)), abs=0.05)


def test_a_compass_reading_is_turned_to_true_north() -> None:
    """Magnetic 357° with 3° east is true 0°: the same as due north."""
    tower = Landmark("the tower", 69.2, 34.5)
    magnetic = Bearing(tower, 357, "a", declination_deg=3)
    assert magnetic.true_deg == 0
    assert (magnetic.log_likelihood(KABUL) == Bearing(tower, 0, "a").log_likelihood(KABUL)).all()
    assert magnetic.says == "where the tower is seen in azimuth 0° (± 5°, north)"


# Between and along


def test_between_is_a_corridor_with_two_ends() -> None:
    """From one tower to the other, a quarter of their distance wide, and not behind them."""
    grid = grid_of(7, 12)
    clue = Between(landmark(grid, 2, 3.5), landmark(grid, 10, 3.5), "a")
    assert picture(clue.log_likelihood(grid) > math.log(0.5)) == [
        "............",
        "..########..",
        "..########..",
        "..########..",
        "..########..",
        "..########..",
        "............",
    ]


def test_between_two_areas_joins_their_centres() -> None:
    """Of areas the centroids count, or where that is outside, the nearest point of the area."""
    grid = grid_of(7, 12)
    hook = polygon(grid, (1, 1), (3, 1), (3, 6), (1, 6), (1, 5.9), (2.9, 5.9), (2.9, 1.1), (1, 1.1))
    hooked = Between(hook, landmark(grid, 10, 3.5), "a", sigma_m=50).log_likelihood(grid)
    straight = Between(
        landmark(grid, 2.9, 3.5, IMAGERY_SIGMA_M), landmark(grid, 10, 3.5), "a", sigma_m=50
    ).log_likelihood(grid)
    assert np.abs(np.exp(hooked) - np.exp(straight)).max() < 0.05


def test_along_is_a_ribbon() -> None:
    """A bent road, a cell to either side."""
    grid = grid_of(7, 9)
    road = LineString([at(grid, -5, 2.5), at(grid, 6.5, 2.5), at(grid, 6.5, 20)])
    logs = Along(road, "a", at_most_m=110, sigma_m=5).log_likelihood(grid)
    assert picture(logs > math.log(0.5)) == [
        ".........",
        "#######..",
        "########.",
        "########.",
        ".....###.",
        ".....###.",
        ".....###.",
    ]


# Areas


def test_an_area_counts_by_the_share_of_each_cell() -> None:
    """Edges inside cells give tenths; a hole counts too."""
    grid = grid_of(6, 8)
    land = Polygon(
        box(grid, 1.5, 1, 7, 4.7).exterior.coords, [box(grid, 4, 2, 6, 3.5).exterior.coords]
    )
    logs = Drawn(land, "a").log_likelihood(grid)
    assert tenths(np.exp(logs)) == [
        "........",
        ".5#####.",
        ".5##..#.",
        ".5##55#.",
        ".477777.",
        "........",
    ] or tenths(np.exp(logs))[4] in (".477777.", ".3777777")


corner = st.tuples(st.floats(-3, 13), st.floats(-3, 13))


@slowly
@given(st.lists(corner, min_size=3, max_size=8))
def test_covered_shares_are_those_of_shapely(corners: list[tuple[float, float]]) -> None:
    """For any hull, each cell's share is the area that shapely cuts out of it."""
    grid = grid_of(10, 10)
    flat = shapely.MultiPoint(corners).convex_hull
    if flat.geom_type != "Polygon" or flat.area < 0.1:
        return
    west, north = np.meshgrid(np.arange(10), np.arange(10))
    cells = shapely.box(west, north, west + 1, north + 1)
    shares = shapely.area(shapely.intersection(cells, flat))
    if shares.max() < 1e-6:
        return
    ring = [(float(x), float(y)) for x, y in shapely.get_coordinates(flat)]
    clue = Drawn(polygon(grid, *ring), "a")
    assert np.exp(clue.log_likelihood(grid)) == pytest.approx(shares, abs=1e-4)


def test_an_area_smaller_than_a_cell_is_not_lost() -> None:
    """A compound of 20 m between the centres of 100 m cells still marks its cell."""
    grid = grid_of(4, 4)
    logs = Drawn(box(grid, 1.1, 2.7, 1.3, 2.9), "a").log_likelihood(grid)
    assert picture(np.isfinite(logs)) == ["....", "....", ".#..", "...."]


def test_a_soft_edge_is_the_normal_integral_of_the_depth() -> None:
    """Half on the line, and 0.98 two σ inside it."""
    grid = grid_of(40, 40)
    land = box(grid, 20, -60, 100, 100)
    shares = np.exp(Drawn(land, "a", edge_sigma_m=300).log_likelihood(grid))
    sigma = math.hypot(300, 100 / math.sqrt(12))
    depth = (np.arange(40) + 0.5 - 20) * 100
    assert shares[20] == pytest.approx(norm.cdf(depth / sigma), abs=0.01)


@slowly
@given(st.floats(0.01, 0.99))
def test_the_confidence_is_at_least_kept(confidence: float) -> None:
    """P(inside) is the confidence, or a little more for what a wrong drawing leaves inside."""
    grid = grid_of(10, 10)
    prior = Prior(grid, np.full(grid.shape, 0.01), "flat")
    clue = Drawn(box(grid, 2, 2, 5, 6), "a", confidence=confidence)
    assert clue.reliability == confidence
    inside = likely_area([clue], prior).surface[2:6, 2:5].sum()
    assert inside == pytest.approx(confidence + (1 - confidence) * 0.12, abs=1e-4)


def test_a_search_in_vain_leaves_what_it_may_have_missed() -> None:
    """Found with 0.8, the searched ground keeps two tenths."""
    grid = grid_of(4, 6)
    logs = Searched(box(grid, 1, 1, 4, 3), 0.8, "a").log_likelihood(grid)
    assert tenths(np.exp(logs)) == ["######", "#222##", "#222##", "######"]
    marked = np.zeros(grid.shape, bool)
    marked[1:3, 1:4] = True
    by_cells = Searched.cells(grid, marked, 0.8, "a", name="the streets asked")
    assert np.exp(by_cells.log_likelihood(grid)) == pytest.approx(np.exp(logs), abs=1e-4)
    assert by_cells.says == "outside the streets asked, or missed there (found with 80 %)"


def test_a_search_is_bayes_rule() -> None:
    """Half the ground searched with 0.6: P(there) = 0.5·0.4 / (0.5·0.4 + 0.5) = 2/7."""
    grid = grid_of(4, 4)
    prior = Prior(grid, np.full(grid.shape, 1 / 16), "flat")
    clue = Searched(box(grid, 0, 0, 2, 4), 0.6, "a", reliability=1)
    assert likely_area([clue], prior).surface[:, :2].sum() == pytest.approx(2 / 7, abs=1e-4)


def test_the_place_of_another_incident_is_carried_over() -> None:
    """On the same grid unchanged; on larger cells summed; on smaller ones spread."""
    grid = grid_of(4, 4)
    surface = np.zeros((4, 4))
    surface[1, 1], surface[1, 2], surface[3, 3] = 0.2, 0.5, 0.3
    clue = SameAs("another", grid, surface, "a")
    assert np.exp(clue.log_likelihood(grid)) == pytest.approx(surface)
    coarse = Grid(grid.west_m, grid.north_m, 200.0, 2, 2)
    assert np.exp(clue.log_likelihood(coarse)) == pytest.approx(np.array([[0.2, 0.5], [0, 0.3]]))
    fine = Grid(grid.west_m + 100, grid.north_m - 100, 50.0, 2, 4)
    assert np.exp(clue.log_likelihood(fine)) == pytest.approx(
        np.array([[0.05, 0.05, 0.125, 0.125]] * 2)
    )
    beyond = Grid(grid.west_m + 300, grid.north_m - 300, 100.0, 2, 2)
    assert np.exp(clue.log_likelihood(beyond)) == pytest.approx(np.array([[0.3, 0], [0, 0]]))


def test_the_other_surface_is_kept_apart() -> None:
    """Changing the array that was given changes nothing, and the clue's own cannot be changed."""
    surface = np.ones((2, 2))
    clue = SameAs("another", grid_of(2, 2), surface, "a")
    surface[:] = 0
    assert clue.surface.sum() == 4
    with pytest.raises(ValueError, match="read-only"):
        clue.surface[0, 0] = 5


# Rasters


def test_heights_within_limits(tmp_path: Path) -> None:
    """On a plane that rises 20 m a cell, the cells of 1,840 to 1,900 m are drawn."""
    grid = grid_of(3, 9)
    heights = np.tile(1800 + 20 * np.arange(9, dtype="int16"), (3, 1))
    clue = ElevationBetween(1835, 1905, write(tmp_path / "dem.tif", heights), "a", sigma_m=1)
    logs = clue.log_likelihood(grid)
    assert picture(logs > math.log(0.5)) == ["..####..."] * 3
    # Relief of 20 m within a cell is σ = 20/√12, with 1 m of the model.
    sigma = math.hypot(1, 20 / math.sqrt(12))
    expected = norm.cdf(1905, heights, sigma) - norm.cdf(1835, heights, sigma)
    assert np.exp(logs) == pytest.approx(expected, abs=1e-6)


def test_ground_of_a_class_is_weighted_by_its_share(tmp_path: Path) -> None:
    """Built-up pixels of 25 m fill a quarter, half and all of 100 m cells; `other` is 0.1."""
    cover = np.full((8, 12), 10, "uint8")
    cover[0:2, 0:2] = 50  # a quarter of cell 0, 0
    cover[4:8, 4:6] = 50  # half of cell 1, 1
    cover[0:4, 8:12] = 50  # all of cell 0, 2
    path = write(
        tmp_path / "cover.tif", cover, transform=from_origin(520_000, 3_820_200, 25, 25), nodata=0
    )
    logs = Raster(path, {50: 1.0}, "built-up land", "a").log_likelihood(grid_of(2, 3))
    expected = [[0.25 + 0.075, 0.1, 1], [0.1, 0.5 + 0.05, 0.1]]
    assert np.exp(logs) == pytest.approx(np.array(expected))


def test_a_ramp_runs_between_its_ends(tmp_path: Path) -> None:
    """Density of 0 weighs 0.2, of 100 and more 1."""
    path = write(tmp_path / "density.tif", np.array([[0, 50, 100, 300]], "float32"))
    ramp = Ramp(0, 100, 0.2, 1.0)
    logs = Raster(path, ramp, "dense ground", "a").log_likelihood(grid_of(1, 4))
    assert np.exp(logs) == pytest.approx(np.array([[0.2, 0.6, 1, 1]]), abs=1e-6)


def test_of_ground_without_a_value_nothing_is_said(tmp_path: Path) -> None:
    """Cells that the file does not know get the mean of the others, and so keep their share."""
    path = write(tmp_path / "cover.tif", np.array([[1, 2, 0]], "uint8"), nodata=0)
    logs = Raster(path, {1: 1.0}, "fields", "a", other=0.5).log_likelihood(grid_of(1, 4))
    assert np.exp(logs) == pytest.approx(np.array([[1, 0.5, 0.75, 0.75]]))
    dem = write(tmp_path / "dem.tif", np.array([[1800, 1900, -9999]], "int16"), nodata=-9999)
    found = np.exp(ElevationBetween(1700, 1850, dem, "a").log_likelihood(grid_of(1, 4)))
    assert found[0, 2] == found[0, 3] == pytest.approx(found[0, :2].mean())


def test_a_raster_in_degrees_is_warped(tmp_path: Path) -> None:
    """A file in WGS 84 whose value is the longitude gives PROJ's longitude of every cell."""
    step = 0.001
    lon = 69.19 + (np.arange(120) + 0.5) * step
    values = np.tile(lon, (90, 1)).astype("float64")
    corner = from_origin(69.19, 34.55, step, step)
    path = write(tmp_path / "lon.tif", values, crs="EPSG:4326", transform=corner)
    grid = grid_of(30, 40)
    off = step / 8  # GDAL finds a cell's place in the file to an eighth of a pixel
    assert read_raster(path, grid, categories=False) == pytest.approx(centres(grid)[0], abs=off)
    nearest = read_raster(path, grid, categories=True)
    assert nearest == pytest.approx(centres(grid)[0], abs=step / 2 + off)


def test_coarse_cells_take_the_mean_and_fine_ones_interpolate(tmp_path: Path) -> None:
    """Four pixels make their mean; a pixel cut in four leans to its neighbours."""
    path = write(tmp_path / "values.tif", np.array([[0, 40], [80, 120]], "uint8"))
    whole = Grid(520_000, 3_820_200, 200.0, 1, 1)
    assert read_raster(path, whole, categories=False)[0, 0] == 60
    fine = read_raster(path, Grid(520_000, 3_820_200, 50.0, 4, 4), categories=False)
    assert fine[1, 1:3].tolist() == [30, 50]
    assert read_raster(path, Grid(520_000, 3_820_200, 50.0, 4, 4), categories=True).tolist() == [
        [0, 0, 40, 40],
        [0, 0, 40, 40],
        [80, 80, 120, 120],
        [80, 80, 120, 120],
    ]


def test_scaled_heights_are_read_as_the_file_means(tmp_path: Path) -> None:
    """Stored 1800 with scale 0.5 and offset 100 is 1,000 m."""
    path = write(tmp_path / "dem.tif", np.array([[1800, 1900]], "int16"))
    with rasterio.open(path, "r+") as raster:
        raster.scales, raster.offsets = (0.5,), (100,)
    assert read_raster(path, grid_of(1, 2), categories=False).tolist() == [[1000, 1050]]


def test_a_large_raster_is_read_in_little_memory(tmp_path: Path) -> None:
    """A gigapixel behind a dozen cells takes less than 400 MB in all."""
    path = tmp_path / "large.tif"
    profile = {
        "driver": "GTiff", "count": 1, "height": 20_000, "width": 20_000, "dtype": "uint8",
        "crs": "EPSG:32642", "transform": from_origin(520_000, 3_840_000, 1, 1), "tiled": True,
        "sparse_ok": True,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(np.full((512, 512), 7, "uint8"), 1, window=((0, 512), (0, 512)))
    script = (
        "import resource, sys; from geoloc.geo import Grid, read_raster\n"
        "grid = Grid(520_000, 3_840_000, 5000.0, 4, 4)\n"
        "read_raster(sys.argv[1], Grid(520_000, 3_840_000, 10.0, 4, 4), categories=False)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "found = read_raster(sys.argv[1], grid, categories=False)\n"
        "print(found[0, 0], (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    mean, more_mb = done.stdout.split()
    assert float(mean) == pytest.approx(7 * 512**2 / 5000**2, rel=1e-4)
    assert int(more_mb) < 250


def test_a_raster_in_one_huge_piece_is_refused(tmp_path: Path) -> None:
    """A file whose one tile unpacks to 268 MB is not unpacked."""
    path = tmp_path / "tile.tif"
    profile = {
        "driver": "GTiff", "count": 1, "height": 20_000, "width": 20_000, "dtype": "uint8",
        "crs": "EPSG:32642", "transform": from_origin(520_000, 3_840_000, 1, 1),
        "tiled": True, "blockxsize": 16_384, "blockysize": 16_384, "sparse_ok": True,
    }  # fmt: skip
    rasterio.open(path, "w", **profile).close()
    with pytest.raises(InputError, match=r"tile\.tif is stored in pieces of \(16384, 16384\)"):
        read_raster(path, grid_of(2, 2), categories=True)


@pytest.mark.parametrize(
    "path",
    [
        "/vsicurl/http://127.0.0.1/x.tif",
        "https://example.org/x.tif",
        "/vsimem/x.tif",
        "GTIFF_RAW:x.tif",
        "<VRTDataset/>",
    ],
)
def test_a_raster_is_a_file_on_this_machine(path: str) -> None:
    """Addresses, virtual paths and inline XML are refused before GDAL sees them."""
    with pytest.raises(InputError, match="is no file on this machine"):
        read_raster(path, grid_of(2, 2), categories=True)


def test_only_a_geotiff_is_opened(tmp_path: Path) -> None:
    """A VRT, a text and a torn file are named with the reason; none is opened as what it is."""
    good = write(tmp_path / "good.tif", np.full((40, 40), 7, "uint8"), compress="deflate")
    disguised = tmp_path / "disguised.tif"
    disguised.write_text(
        '<VRTDataset rasterXSize="2" rasterYSize="2"><VRTRasterBand dataType="Byte" band="1">'
        f"<SimpleSource><SourceFilename>{good}</SourceFilename></SimpleSource></VRTRasterBand>"
        "</VRTDataset>"
    )
    torn = tmp_path / "torn.tif"
    torn.write_bytes(good.read_bytes()[:200])
    spoilt = tmp_path / "spoilt.tif"
    content = good.read_bytes()
    stream = content.index(b"\x78")  # zlib's first byte
    spoilt.write_bytes(content[: stream + 2] + b"\xff" * 20 + content[stream + 22 :])
    for path in (disguised, torn, spoilt):
        with pytest.raises(InputError, match=rf"{path.name} cannot be read as a GeoTIFF"):
            read_raster(path, grid_of(40, 40), categories=True)
    with pytest.raises(InputError, match=r"missing\.tif does not exist"):
        read_raster(tmp_path / "missing.tif", grid_of(2, 2), categories=True)


def test_a_geotiff_cannot_send_gdal_elsewhere(tmp_path: Path) -> None:
    """A tag that names another file as the overview is not followed, nor a file beside it heard."""
    other = write(tmp_path / "other.tif", np.full((10, 10), 9, "uint8"))
    path = write(tmp_path / "door.tif", np.full((40, 40), 7, "uint8"))
    with rasterio.open(path, "r+") as raster:
        raster.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=str(other))
    (tmp_path / "door.tif.aux.xml").write_text(
        "<PAMDataset><PAMRasterBand band='1'><NoDataValue>7</NoDataValue></PAMRasterBand>"
        "</PAMDataset>"
    )
    for categories in (True, False):
        coarse = read_raster(path, Grid(520_000, 3_824_000, 400.0, 10, 10), categories=categories)
        assert (coarse == 7).all()


def test_a_geotiff_calls_nobody(tmp_path: Path, oracle: Any) -> None:
    """An address in the same tag is not asked; a child reads, so that a call would be answered."""
    path = write(tmp_path / "door.tif", np.full((40, 40), 7, "uint8"))
    with rasterio.open(path, "r+") as raster:
        raster.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=f"/vsicurl/http://{oracle.address}/x.tif")
    script = (
        "import sys; from geoloc.geo import Grid, read_raster\n"
        "read_raster(sys.argv[1], Grid(520_000, 3_824_000, 400.0, 10, 10), categories=False)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, timeout=60)
    assert oracle.calls == []


def test_a_raster_that_cannot_be_placed_is_refused(tmp_path: Path) -> None:
    """No CRS, several bands, complex numbers, and ground elsewhere."""
    values = np.ones((3, 3), "float32")
    with pytest.raises(CRSError, match=r"bare\.tif has no CRS"):
        read_raster(write(tmp_path / "bare.tif", values, crs=None), grid_of(3, 3), categories=False)
    with pytest.raises(InputError, match=r"rgb\.tif has 3 bands"):
        read_raster(
            write(tmp_path / "rgb.tif", np.ones((3, 4, 4), "uint8")), grid_of(3, 3), categories=True
        )
    with pytest.raises(InputError, match="complex numbers"):
        read_raster(
            write(tmp_path / "c.tif", values.astype("complex64")), grid_of(3, 3), categories=False
        )
    unplaced = write(tmp_path / "local.tif", values, crs='LOCAL_CS["site",UNIT["metre",1]]')
    for categories in (True, False):
        with pytest.raises(InputError, match=r"local\.tif cannot be read as a GeoTIFF of this gr"):
            read_raster(unplaced, grid_of(3, 3), categories=categories)
    elsewhere = write(
        tmp_path / "herat.tif", values, crs="EPSG:4326", transform=from_origin(62, 34.4, 0.1, 0.1)
    )
    with pytest.raises(ClueError, match=r"path: .*herat.tif has no value on this ground"):
        Raster(elsewhere, Ramp(0, 1), "fields", "a").log_likelihood(grid_of(3, 3))


# What is refused

TOWER = Landmark("the tower", 69.2, 34.5)
LAND = Polygon([(69.1, 34.4), (69.3, 34.4), (69.2, 34.6)])
ROAD = LineString([(69.1, 34.4), (69.3, 34.6)])
BOW_TIE = Polygon([(69.1, 34.4), (69.3, 34.6), (69.3, 34.4), (69.1, 34.6)])
SWAPPED = Polygon([(34.4, 69.1), (34.4, 69.3), (34.6, 69.2)])
METRES = Polygon([(520_000, 3_820_000), (521_000, 3_820_000), (521_000, 3_821_000)])
nan = math.nan


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Landmark(" ", 69, 34), r"name: is empty"),
        (lambda: Landmark("x", 34.5, 69.1), r"landmark: x: .*swapped"),
        (lambda: Landmark("x", nan, 34), r"landmark: x: .*finite"),
        (lambda: Landmark("x", 69, 34, 0), r"sigma_m: must be a finite number .* above 0, got 0"),
        (lambda: Near(TOWER, "a"), r"distance_m: give either"),
        (lambda: Near(TOWER, "a", distance_m=1, at_most_m=2), r"distance_m: give either"),
        (lambda: Near(TOWER, "a", distance_m=-3), r"distance_m: .*0 or more, got -3"),
        (lambda: Near(TOWER, "a", distance_m=nan), r"distance_m: .*got nan"),
        (lambda: Near(TOWER, "a", at_most_m=0), r"at_most_m: .*above 0, got 0"),
        (lambda: Near(TOWER, "a", at_most_m=math.inf), r"at_most_m: .*got inf"),
        (lambda: Near(TOWER, "a", at_most_m=5, sigma_m=0), r"sigma_m: .*above 0, got 0"),
        (lambda: Near(TOWER, " ", at_most_m=5), r"origin: is empty"),
        (lambda: Near(TOWER, "a", at_most_m=5, reliability=2), r"reliability: .*got 2"),
        (lambda: Near(Place("there", ()), "a", at_most_m=5), r"feature: 'there' names no unit"),
        (lambda: Near(Point(), "a", at_most_m=5), r"feature: is an empty Point"),
        (lambda: Near("Kabul", "a", at_most_m=5), r"feature: must be a Landmark, a Place"),  # type: ignore[arg-type]
        (lambda: Near(Point(69, nan), "a", at_most_m=5), r"feature: .*(finite|empty)"),
        (lambda: Near(BOW_TIE, "a", at_most_m=5), r"feature: is not a valid Polygon: Self-inter"),
        (lambda: Bearing(TOWER, 400, "a"), r"azimuth_deg: must be from 0 to below 360 .*got 400"),
        (lambda: Bearing(TOWER, 360, "a"), r"azimuth_deg: .*got 360"),
        (lambda: Bearing(TOWER, -1, "a"), r"azimuth_deg: .*got -1"),
        (lambda: Bearing(TOWER, nan, "a"), r"azimuth_deg: .*got nan"),
        (lambda: Bearing(TOWER, 1, "a", sigma_deg=0), r"sigma_deg: .*above 0, got 0"),
        (lambda: Bearing(TOWER, 1, "a", sigma_deg=120), r"sigma_deg: of 120° says nothing"),
        (lambda: Bearing(TOWER, 1, "a", declination_deg=nan), r"declination_deg: .*got nan"),
        (lambda: Bearing(TOWER, 1, "a", seen_from="sky"), r"seen_from: .*got 'sky'"),  # type: ignore[arg-type]
        (lambda: Between(TOWER, Point(), "a"), r"b: is an empty Point"),
        (lambda: Between(TOWER, ROAD, "a", sigma_m=-1), r"sigma_m: .*got -1"),
        (lambda: Along(LAND, "a"), r"line: is a Polygon; draw a LineString"),
        (lambda: Along(ROAD, "a", at_most_m=-1), r"at_most_m: .*got -1"),
        (lambda: ElevationBetween(1900, 1800, "x", "a"), r"high_m: must be above low_m, got 1900"),
        (lambda: ElevationBetween(nan, 1800, "x", "a"), r"low_m: .*got nan"),
        (lambda: ElevationBetween(0, 18_000, "x", "a"), r"high_m: must be a height .*got 18000"),
        (lambda: ElevationBetween(0, 1, "x", "a", sigma_m=0), r"sigma_m: .*got 0"),
        (lambda: Ramp(5, 5), r"weights: a ramp runs from a value to a larger one, got 5 to 5"),
        (lambda: Ramp(0, 1, 0, 0), r"weights: both ends of the ramp are 0"),
        (lambda: Ramp(0, 1, -1, 0), r"weights: .*got -1"),
        (lambda: Raster("x", {}, "fields", "a"), r"weights: are empty"),
        (lambda: Raster("x", {1: -1}, "fields", "a"), r"weights: .*class 1.*got -1"),
        (lambda: Raster("x", {-1: 1}, "fields", "a"), r"weights: classes are .*got -1"),
        (lambda: Raster("x", {1: 1}, "", "a"), r"what: is empty"),
        (lambda: Raster("x", {1: 1}, "fields", "a", other=nan), r"other: .*got nan"),
        (lambda: Drawn(Polygon(), "a"), r"polygon: is an empty Polygon"),
        (lambda: Drawn(ROAD, "a"), r"polygon: is a LineString; draw a Polygon"),
        (lambda: Drawn(BOW_TIE, "a"), r"polygon: .*intersection\[69\.2 34\.5\].*does not guess"),
        (lambda: Drawn(SWAPPED, "a"), r"polygon: .*swapped"),
        (lambda: Drawn(METRES, "a"), r"polygon: .*no place on Earth.*degrees"),
        (lambda: Drawn(LAND, "a", confidence=1.2), r"confidence: must be from 0 to 1, got 1.2"),
        (lambda: Drawn(LAND, "a", edge_sigma_m=-1), r"edge_sigma_m: .*got -1"),
        (lambda: Searched(LAND, 80, "a"), r"detection_probability: .*got 80"),
        (lambda: Searched(BOW_TIE, 0.8, "a"), r"polygon: .*Self-intersection"),
        (lambda: SameAs("", KABUL, np.ones((80, 80)), "a"), r"incident: is empty"),
        (lambda: SameAs("x", KABUL, np.ones((8, 8)), "a"), r"surface: of x is \(8, 8\)"),
        (lambda: SameAs("x", KABUL, np.zeros((80, 80)), "a"), r"surface: of x is 0 everywhere"),
        (lambda: SameAs("x", KABUL, np.full((80, 80), nan), "a"), r"surface: of x must be finite"),
        (
            lambda: Searched.cells(KABUL, np.zeros((80, 80), bool), 0.5, "a"),
            r"cells: none is marked",
        ),
        (lambda: Searched.cells(KABUL, np.ones((8, 8), bool), 0.5, "a"), r"cells: are \(8, 8\)"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_its_field(make: Any, message: str) -> None:
    """The message names the field and the value, and says what to do."""
    with pytest.raises(ClueError, match=message):
        make()


HERAT = Landmark("Herat citadel", 62.19, 34.34)
FAR_LAND = Polygon([(62.1, 34.3), (62.3, 34.3), (62.2, 34.5)])
FAR_ROAD = LineString([(62.1, 34.3), (62.3, 34.3)])


@pytest.mark.parametrize(
    ("clue", "message"),
    [
        (Near(HERAT, "a", distance_m=300), r"feature: Herat citadel lies 6\d\d km from the study"),
        (Near(FAR_LAND, "a", at_most_m=300), r"feature: the area drawn lies 6\d\d km"),
        (Near(PD20, "a", at_most_m=300), r"feature: PD20 has no known line"),
        (
            Near(Place("x", ("AF0104", "AF3201")), "a", at_most_m=300),
            r"feature: the units of .* have nothing in common",
        ),
        (
            Near(Landmark("the tower", 69.2, 34.5), "a", distance_m=90_000, sigma_m=1000),
            r"distance_m: no cell is 90 km .* farthest one is [\d.]+ km",
        ),
        (Bearing(HERAT, 90, "a"), r"landmark: Herat citadel lies 6\d\d km.*more than 320 km"),
        (
            Bearing(Landmark("a peak", 68.0, 34.5, 10), 90, "a"),
            r"azimuth_deg: no cell is .* 1\d\d° off.*seen_from",
        ),
        (Between(HERAT, Point(62.5, 34.4), "a"), r"a: the line between Herat citadel and .* km"),
        (Between(TOWER, TOWER, "a"), r"b: the tower lies where the tower does"),
        (Along(FAR_ROAD, "a", name="the ring road"), r"line: the ring road runs 6\d\d km"),
        (Drawn(FAR_LAND, "a"), r"polygon: the area drawn lies 6\d\d km"),
        (Drawn(FAR_LAND, "a", edge_sigma_m=100), r"polygon: the area drawn lies 6\d\d km"),
        (Searched(FAR_LAND, 0.5, "a"), r"polygon: the ground searched lies 6\d\d km"),
        (
            Searched(shapely.box(68, 34, 70, 35), 1, "a"),
            r"detection_probability: is 1 over the whole study area",
        ),
        (
            SameAs("x", Grid(200_000, 3_800_000, 500, 2, 2), np.ones((2, 2)), "a"),
            r"incident: x has no place in this study area",
        ),
    ],
)  # fmt: skip
def test_a_clue_about_other_ground_is_refused(clue: Clue, message: str) -> None:
    """A clue that fits no cell is a mistake in it: the field and the distance are told."""
    with pytest.raises(ClueError, match=message):
        clue.log_likelihood(KABUL)


def test_a_raster_that_fits_no_cell_is_refused(tmp_path: Path) -> None:
    """No such class, no weight left, no such height: what the file has here is told."""
    grid = grid_of(2, 2)
    cover = write(tmp_path / "cover.tif", np.array([[10, 30], [30, 60]], "uint8"))
    with pytest.raises(ClueError, match=r"weights: no cell has class 50; cover.tif has 30, 10, 60"):
        Raster(cover, {50: 1}, "built-up land", "a").log_likelihood(grid)
    with pytest.raises(ClueError, match="weights: are 0 in every cell"):
        Raster(cover, {30: 0}, "fields", "a", other=0).log_likelihood(grid)
    with pytest.raises(ClueError, match="weights: are 0 in every cell"):
        Raster(cover, Ramp(100, 200), "fields", "a").log_likelihood(grid)
    with pytest.raises(ClueError, match=r"low_m: no cell is .* cover.tif knows lie from 10 to 60"):
        ElevationBetween(1000, 1100, cover, "a").log_likelihood(grid)
    with pytest.raises(ClueError, match=r"dem: .*missing.tif does not exist"):
        ElevationBetween(1000, 1100, tmp_path / "missing.tif", "a").log_likelihood(grid)


@pytest.mark.parametrize(
    ("kind", "given", "named", "field"),
    [
        (Bearing, (BAGRAMI, 90, "a"), {}, "landmark"),
        (Bearing, (Landmark("x", 69.2, 34.5), "90", "a"), {}, "azimuth_deg"),
        (Within, ("PD8", "a"), {}, "place"),
        (Within, (BAGRAMI, None), {}, "origin"),
        (Within, (BAGRAMI, "  "), {}, "origin"),
        (Within, (BAGRAMI, "a", "0.9"), {}, "reliability"),
        (Near, (Landmark("x", 69.2, 34.5), "a"), {"at_most_m": "5"}, "at_most_m"),
        (Near, (Landmark("x", 69.2, 34.5), "a"), {"at_most_m": True}, "at_most_m"),
    ],
)
def test_a_value_of_the_wrong_type_names_its_field(
    kind: Any, given: tuple[Any, ...], named: dict[str, Any], field: str
) -> None:
    """A text for a number, a place for a landmark: an error of ours, not of the arithmetic."""
    with pytest.raises(ClueError) as got:
        kind(*given, **named)
    assert got.value.field == field
