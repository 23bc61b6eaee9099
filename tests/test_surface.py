"""The stored surface of membership, and the nested shapes that come from it."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.warp import transform
from scipy.interpolate import RegularGridInterpolator
from scipy.stats import norm

from geoloc import EditionError, InputError, IntegrityError, boundaries, geo
from geoloc.boundaries.layers import Points
from geoloc.boundaries.surface import Surface, read_surface

VINTAGES = ["nahia-2019", "iec-2014"]
FOLDER = Path(__file__).parent.parent / "boundaries"
AROUND_KABUL = (st.floats(68.6, 69.9), st.floats(34.1, 35.0))


def raster_of(vintage: str) -> Path:
    """Return the raster of a vintage."""
    return FOLDER / f"membership-{vintage}.tif"


def by_gdal(vintage: str, lon: np.ndarray, lat: np.ndarray) -> dict[str, np.ndarray]:
    """Read the raster with GDAL, project with PROJ and interpolate with scipy."""
    with rasterio.open(raster_of(vintage)) as raster:
        shares = raster.read() / 250
        x, y = (np.array(axis) for axis in transform("EPSG:4326", raster.crs, lon, lat))
        rows, columns = np.arange(raster.height) + 0.5, np.arange(raster.width) + 0.5
        right, down = ~raster.transform @ (x, y)
        at = np.column_stack([np.clip(down, 0.5, rows[-1]), np.clip(right, 0.5, columns[-1])])
        outside = (right < 0) | (right > raster.width) | (down < 0) | (down > raster.height)
        found = {}
        for code, share in zip(raster.descriptions, shares, strict=True):
            value = RegularGridInterpolator((rows, columns), share)(at)
            found[code] = np.where(outside, float(code == "none"), value)
    return found


@pytest.mark.parametrize("vintage", VINTAGES)
def test_the_raster_is_what_gis_programs_expect(vintage: str) -> None:
    """A COG in UTM 42N, a described band per unit and one for none, every cell summing to 250."""
    layer = boundaries.load_layer("police-districts", vintage)
    with rasterio.open(raster_of(vintage)) as raster:
        steps = raster.read()
        assert raster.crs == "EPSG:32642"
        assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert raster.tags()["status"].startswith("approximate")
        assert {*raster.descriptions} == {*layer, "none"} - {"AF-KBL-PD20"}
        assert raster.scales == (0.004,) * raster.count
    assert (steps.sum(axis=0, dtype=int) == 250).all()
    edge = np.concatenate([steps[-1][[0, -1]].ravel(), steps[-1][:, [0, -1]].ravel()])
    assert edge.min() >= 0.96 * 250  # so that 1 outside the raster is no cliff


@pytest.mark.parametrize("vintage", VINTAGES)
@pytest.mark.parametrize("many", [True, False])
def test_shares_are_those_that_gdal_and_scipy_find(vintage: str, many: bool) -> None:
    """Bilinear between centres of cells, by other people's code, also beyond the raster."""
    rng = np.random.default_rng(11)
    lon, lat = rng.uniform(68.7, 69.8, 3000), rng.uniform(34.2, 34.9, 3000)
    ours = read_surface(*edition_surface(vintage)).shares(Points.at(lon, lat, many=many))
    for code, share in by_gdal(vintage, lon, lat).items():
        np.testing.assert_allclose(ours.get(code, np.zeros(3000)), share, atol=2e-7)


def edition_surface(vintage: str) -> tuple[Path, str]:
    """Return the path and the hash of an edition's surface."""
    surface = boundaries.edition_of("police-districts", vintage).membership
    assert surface
    return surface


@settings(deadline=None, max_examples=60)
@given(*AROUND_KABUL)
def test_shares_sum_to_one_wherever_the_point_is(lon: float, lat: float) -> None:
    """Over all units plus none; one alone is the same as among all."""
    for vintage in VINTAGES:
        layer = boundaries.load_layer("police-districts", vintage)
        shares = layer.membership([lon], [lat])
        assert sum(float(share[0]) for share in shares.values()) == pytest.approx(1, abs=1e-12)
        alone = layer.membership([lon], [lat], only=("AF-KBL-PD8",))["AF-KBL-PD8"]
        assert alone[0] == pytest.approx(float(shares.get("AF-KBL-PD8", [0.0])[0]), abs=1e-12)


def test_a_fresh_surface_answers_one_point_like_a_warm_one() -> None:
    """Tiles are decoded as points ask for them, which changes no answer."""
    path, _ = edition_surface("nahia-2019")
    lon, lat = np.random.default_rng(5).uniform((69.0, 34.4), (69.4, 34.65), (40, 2)).T
    warm = read_surface(*edition_surface("nahia-2019")).shares(Points.at(lon, lat))
    for i in range(40):
        fresh = Surface(path.read_bytes()).shares(Points.at(lon[i : i + 1], lat[i : i + 1]))
        assert {code: share[0] for code, share in fresh.items() if share[0]} == {
            code: share[i] for code, share in warm.items() if share[i]
        }


def test_no_points_get_no_answer() -> None:
    """An empty question has an empty answer, and an unknown unit holds nothing."""
    surface = read_surface(*edition_surface("nahia-2019"))
    assert {code: len(share) for code, share in surface.shares(Points.at([], [])).items()} == {
        "none": 0
    }
    assert surface.shares(Points.at([69.2], [34.5]), "AF-KBL-PD20")["AF-KBL-PD20"] == [0.0]


def test_a_changed_byte_in_the_raster_is_refused(tmp_path: Path) -> None:
    """The file's name, the expected and the found hash are told."""
    path, sha256 = edition_surface("nahia-2019")
    changed = Path(shutil.copy(path, tmp_path))
    content = bytearray(changed.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(bytes(content))
    with pytest.raises(IntegrityError, match=sha256) as refused:
        read_surface(changed, sha256)
    assert changed.name in str(refused.value)


def zones_by_gdal(vintage: str) -> dict[str, gpd.GeoSeries]:
    """Return core, likely and extent of a vintage as GDAL reads them, by code."""
    path = FOLDER / f"police-districts-{vintage}.topojson"
    read = {name: pyogrio.read_dataframe(path, layer=name) for name in ("core", "likely", "extent")}
    return {name: table.set_index("id").geometry for name, table in read.items()}


@pytest.mark.parametrize("vintage", VINTAGES)
def test_core_lies_in_likely_and_likely_in_extent(vintage: str) -> None:
    """Read by GDAL, each zone is valid and covers the one inside it."""
    zones = zones_by_gdal(vintage)
    for inner, outer in (("core", "likely"), ("likely", "extent")):
        for code, shape in zones[inner].items():
            if shape is not None and not shape.is_empty:
                assert shape.is_valid
                assert zones[outer][code].covers(shape), (inner, code)


@pytest.mark.parametrize("vintage", VINTAGES)
@pytest.mark.parametrize(("zone", "least"), [("core", 0.9), ("likely", 0.5), ("extent", 0.1)])
def test_a_zone_is_where_the_surface_says_so(vintage: str, zone: str, least: float) -> None:
    """Of points within 3 km of a zone, membership and zone agree but for 25 m of drawing."""
    layer = boundaries.load_layer("police-districts", vintage)
    rng = np.random.default_rng(3)
    for code in ("AF-KBL-PD5", "AF-KBL-PD8", "AF-KBL-PD21"):
        zones = layer.zones(code)
        assert zones
        shape = getattr(zones, zone)
        west, south, east, north = shape.buffer(0.03).bounds
        lon, lat = rng.uniform((west, south), (east, north), (4000, 2)).T
        inside = shapely.contains_xy(shape, lon, lat)
        share = layer.membership(lon, lat, only=(code,))[code]
        off = inside != (share >= least)
        away_deg = shapely.distance(shapely.points(lon, lat), shape.boundary)
        assert (away_deg[off] < 60 / 92_000).all()


def test_an_edition_without_a_surface_has_no_zones() -> None:
    """Districts are lines with σ, not vague areas; PD20 has zones, and they are empty."""
    assert boundaries.load_layer("districts").zones("AF0104") is None
    empty = boundaries.load_layer("police-districts").zones("AF-KBL-PD20")
    assert empty
    assert empty.core.is_empty
    assert empty.extent.is_empty


def test_margin_and_sigma_give_the_membership_back() -> None:
    """Φ(margin / σ) is the stored share; as σ goes to 0 the likely part is left."""
    layer = boundaries.load_layer("police-districts")
    lon, lat = np.random.default_rng(9).uniform((69.2, 34.4), (69.4, 34.6), (2000, 2)).T
    share = layer.membership(lon, lat, only=("AF-KBL-PD22",))["AF-KBL-PD22"]
    margin_m, sigma_m = layer.margin_m("AF-KBL-PD22", lon, lat)
    np.testing.assert_allclose(norm.cdf(margin_m / sigma_m), share, atol=2e-3)
    assert ((margin_m > 0) == (share > 0.5)).all()


def test_a_margin_where_the_surface_is_sure_is_at_least_three_sigma() -> None:
    """Deep in PD13 and far from it the share is 1 and 0; the margin keeps its sign and size."""
    layer = boundaries.load_layer("police-districts")
    (deep, far), sigma_m = layer.margin_m("AF-KBL-PD13", [69.062, 69.40], [34.496, 34.60])
    assert deep >= 3 * sigma_m[0] > 0
    assert far <= -3 * sigma_m[1] < 0
    assert abs(far) > 10_000  # the distance, since that is more


def synthetic(folder: Path, **change: Any) -> Path:
    """Write a surface of two units whose edge cells hold a unit, not `none`."""
    path = folder / "small.tif"
    steps = np.zeros((2, 32, 48), np.uint8)
    steps[0] = 250
    profile = {
        "driver": "GTiff", "dtype": "uint8", "count": 2, "height": 32, "width": 48, "tiled": True,
        "blockxsize": 16, "blockysize": 16, "crs": "EPSG:32642", "compress": "DEFLATE",
        "transform": rasterio.Affine(100, 0, 520_000, 0, -100, 3_820_000), "interleave": "pixel",
    }  # fmt: skip
    units = change.pop("units", "AF-KBL-PD1 none")
    with rasterio.open(path, "w", **(profile | change)) as raster:
        raster.write(steps[: raster.count].astype(raster.dtypes[0]))
        raster.update_tags(units=units)
    return path


def test_outside_a_raster_nothing_holds_a_point(tmp_path: Path) -> None:
    """Half a cell beyond the last centre the unit still counts; beyond the edge only none does."""
    surface = Surface(synthetic(tmp_path).read_bytes())
    east = np.array([520_001.0, 524_799.0, 519_999.0, 524_801.0, 522_000.0, 522_000.0])
    north = np.array([3_819_999.0, 3_816_801.0, 3_818_000.0, 3_818_000.0, 3_820_001.0, 3_816_799.0])
    shares = surface.shares(Points.at(*geo.to_degrees(east, north)))
    assert shares["AF-KBL-PD1"].tolist() == [1, 1, 0, 0, 0, 0]
    assert shares["none"].tolist() == [0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    "change",
    [
        {"units": ""},
        {"units": "AF-KBL-PD1 AF-KBL-PD1"},
        {"units": "none AF-KBL-PD1"},
        {"units": "AF-KBL-PD1 AF-KBL-PD2 none"},
        {"crs": "EPSG:4326"},
        {"dtype": "float32"},
        {"tiled": False, "blockxsize": None, "blockysize": None},
        {"count": 1},
    ],
)
def test_a_raster_of_another_kind_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    """One line with the file's name, not a traceback."""
    path = synthetic(tmp_path, **change)
    with pytest.raises(EditionError, match=r"small\.tif is no surface"):
        Surface(path.read_bytes(), path.name)


@pytest.mark.parametrize("length", [0, 3, 150, 3000, 150_000])
def test_a_raster_that_is_cut_off_is_refused(length: int) -> None:
    """At opening or at the tile that is missing."""
    path, _ = edition_surface("nahia-2019")
    with pytest.raises(EditionError, match="no surface"):
        Surface(path.read_bytes()[:length]).shares(Points.at([69.2, 69.45], [34.4, 34.7]))


def test_a_surface_of_many_points_is_read_in_parts() -> None:
    """What is answered for all at once is what is answered for each part."""
    surface = read_surface(*edition_surface("nahia-2019"))
    lon, lat = np.random.default_rng(2).uniform((68.9, 34.3), (69.5, 34.7), (150_000, 2)).T
    whole = surface.shares(Points.at(lon, lat, many=False))
    part = surface.shares(Points.at(lon[140_000:], lat[140_000:], many=False))
    for code, share in part.items():
        assert (whole[code][140_000:] == share).all()


def test_bad_questions_are_refused() -> None:
    """An unknown unit, and points whose lon and lat do not match."""
    for name in ("police-districts", "districts"):
        layer = boundaries.load_layer(name)
        with pytest.raises(EditionError, match="nope"):
            layer.membership([69.2], [34.5], only=("nope",))
        with pytest.raises(InputError, match="one shape"):
            layer.membership([69.2, 69.3], [34.5])
        with pytest.raises(EditionError, match="nope"):
            layer.zones("nope")


def test_the_core_of_pd22_is_bagrami_centre() -> None:
    """From the western position to 69.290 E; the eastern one is likely, and no surer."""
    zones = boundaries.load_layer("police-districts").zones("AF-KBL-PD22")
    assert zones
    for lon in (69.274, 69.280, 69.285):
        assert zones.core.covers(shapely.Point(lon, 34.494))
    assert zones.likely.covers(shapely.Point(69.296, 34.494))


@pytest.mark.parametrize(
    "pair", ["AF-KBL-PD13 AF-KBL-PD5", "AF-KBL-PD11 AF-KBL-PD15", "AF-KBL-PD5 AF-KBL-PD6"]
)
def test_sigma_of_a_line_is_how_far_apart_its_quantiles_lie(pair: str) -> None:
    """Walking across a line, membership falls from 0.69 to 0.31 over about one σ."""
    layer = boundaries.load_layer("police-districts")
    code, other = pair.split()
    line = shapely.line_merge(layer[code].geometry.boundary & layer[other].geometry.boundary)
    stated_m = layer._topology.line_sigma_m[pair]
    widths_m = []
    for along in np.linspace(0.15, 0.85, 15):
        at, ahead = (line.interpolate(along + step, normalized=True) for step in (0, 0.01))
        x, y = geo.to_metres(np.array([at.x, ahead.x]), np.array([at.y, ahead.y]))
        way = np.array([y[0] - y[1], x[1] - x[0]]) / np.hypot(x[1] - x[0], y[1] - y[0])
        steps = np.arange(-2500.0, 2500.0, 10.0)
        lon, lat = geo.to_degrees(x[0] + steps * way[0], y[0] + steps * way[1])
        share = layer.membership(lon, lat, only=(code,))[code]
        widths_m.append(10.0 * ((share > norm.cdf(-0.5)) & (share < norm.cdf(0.5))).sum())
    assert stated_m == pytest.approx(np.median(widths_m), rel=0.35)


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        (69.2740, 34.4940, "AF-KBL-PD22"),  # Bagrami centre, west end
        (69.2850, 34.4945, "AF-KBL-PD22"),
        (69.2960, 34.4940, "AF-KBL-PD22"),  # and east end
        (69.2450, 34.5000, "AF-KBL-PD8"),  # Nasaji camps
        (69.2560, 34.5110, "AF-KBL-PD16"),  # west of Qala-e Ahmad Khan
        (69.3070, 34.5020, "AF-KBL-PD12"),  # Zan Abad
        (69.3540, 34.5045, "AF-KBL-PD21"),  # Butkhak
        (69.3800, 34.5650, "AF-KBL-PD19"),  # Pul-e Charkhi corridor
    ],
)
def test_the_outer_districts_lie_where_the_facts_put_them(
    lon: float, lat: float, code: str
) -> None:
    """The published notes on PD22, its neighbours and PD19: the unit told is the likeliest."""
    first, *_ = boundaries.locate(lon, lat).police_districts
    assert first.unit.code == code


def test_nahia_and_hawza_are_told_apart() -> None:
    """Police hawza 18 lay in west Kabul, in nahia 13; nobody says which hawza is in nahia 18."""
    layer = boundaries.load_layer("police-districts")
    first, *_ = boundaries.locate(69.062, 34.496).police_districts
    assert (first.unit.code, first.unit.system, first.unit.hawza) == (
        "AF-KBL-PD13",
        "nahia",
        (13, 18),
    )
    assert "hawza 18" in first.unit.note
    assert layer["AF-KBL-PD18"].hawza == ()
    assert layer["AF-KBL-PD5"].hawza == (5,)


def test_a_computed_membership_is_never_stated_as_certain() -> None:
    """Deep inside PD13 the raster says 250 of 250; what is printed is less than 1."""
    first, *_ = boundaries.locate(69.062, 34.496).police_districts
    assert first.membership == pytest.approx(1, abs=1e-6)
    assert boundaries.percent(first.stated) == "> 99 %"
    far, *_ = boundaries.check(69.062, 34.496, "AF-KBL-PD22")
    assert boundaries.percent(far.stated) == "< 1 %"


def test_south_of_bagrami_is_possible_and_unproven() -> None:
    """A kilometre and a half south of the centre PD22 is in its extent, not in its likely part."""
    share = boundaries.load_layer("police-districts").membership([69.28], [34.48])
    assert 0.1 < float(share["AF-KBL-PD22"][0]) < 0.5
    assert float(share["none"][0]) > 0.3


@pytest.mark.parametrize("vintage", VINTAGES)
def test_the_figures_of_left_out_localities_can_be_counted_again(vintage: str) -> None:
    """Share right, in the first two, and log-loss, from the shipped evidence alone."""
    with (FOLDER / "localities.csv").open(encoding="utf-8") as table:
        rows = [r for r in csv.DictReader(table) if r["vintage"] == vintage and r["left_out_p"]]
    fair = [r for r in rows if not r["doubt"] or r["doubt"].startswith(("its position dis", "lab"))]
    rank = np.array([int(r["left_out_rank"]) for r in fair])
    own = np.array([float(r["left_out_p"]) for r in fair])
    stated = boundaries.load_layer("police-districts", vintage).left_out()
    assert stated
    assert stated.localities == len(fair) > 350
    assert stated.right == pytest.approx((rank == 1).mean(), abs=6e-4)
    assert stated.first_two == pytest.approx((rank <= 2).mean(), abs=6e-4)
    assert stated.log_loss == pytest.approx(-np.log(own).mean(), abs=2e-3)
