"""Which unit holds a point, and how surely."""

from __future__ import annotations

import copy
import dataclasses
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import geoloc
from geoloc import (
    CoordinateError,
    EditionError,
    InputError,
    IntegrityError,
    PlaceError,
    boundaries,
    geo,
)

BAGRAMI = (69.2743, 34.4938)


@pytest.mark.parametrize(
    ("name", "edition", "count"),
    [
        ("provinces", None, 34),
        ("districts", None, 399),
        ("districts", "geoboundaries-2014", 398),
        ("police-districts", None, 22),
        ("police-districts", "iec-2014", 19),
    ],
)
def test_every_layer_loads_whole(name: str, edition: str | None, count: int) -> None:
    """All units are there with unique codes, valid shapes and the promised columns."""
    table = geoloc.load_boundaries(name, edition)
    assert len(table) == count
    assert list(table.columns) == ["code", "name", "name_fa", "geometry"]
    assert table.code.is_unique
    assert table.crs == "EPSG:4326"
    assert table.is_valid.all()


@pytest.mark.parametrize("name", ["districts", "police-districts"])
def test_our_reader_agrees_with_gdal(name: str) -> None:
    """GDAL's TopoJSON driver, which shares no code with ours, reads the same shapes."""
    layer = boundaries.load_layer(name)
    theirs: gpd.GeoDataFrame = pyogrio.read_dataframe(layer.edition.path, layer=name)
    for code, shape in zip(theirs["id"], theirs.geometry, strict=True):
        ours = layer[code].geometry
        assert shapely.equals_exact(ours.normalize(), shape.normalize(), tolerance=1e-9), code


def test_a_changed_byte_is_refused(tmp_path: Path) -> None:
    """One changed byte stops the load with the file, the expected hash and the found one."""
    edition = boundaries.load_layer("districts").edition
    changed = tmp_path / edition.path.name
    shutil.copy(edition.path, changed)
    content = bytearray(changed.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(bytes(content))
    with pytest.raises(IntegrityError, match=edition.sha256) as got:
        boundaries.read_recorded(changed, edition.sha256)
    assert changed.name in str(got.value)
    assert got.value.found != got.value.expected


@pytest.mark.parametrize("call", [("counties", None), ("districts", "ocha-1999")])
def test_an_unknown_layer_or_edition_lists_what_there_is(call: tuple[str, str | None]) -> None:
    """The message offers the choices."""
    with pytest.raises(EditionError, match=r"provinces|ocha-2018"):
        boundaries.load_layer(*call)


def test_the_owners_two_examples() -> None:
    """Bagrami's centre is most likely in PD22, and 34.5855, 69.1525 in PD15."""
    first, *_ = boundaries.locate(*BAGRAMI).police_districts
    assert first.unit.code == "AF-KBL-PD22"
    assert first.edition.approximate
    standing, *others = boundaries.check(69.1525, 34.5855, "AF-KBL-PD15")
    assert standing.inside
    assert [other.edition.id for other in others] == ["iec-2014"]


@settings(deadline=None, max_examples=40)
@given(st.floats(68.9, 69.6), st.floats(34.3, 34.8))
def test_memberships_sum_to_one(lon: float, lat: float) -> None:
    """Over all units plus none, wherever the point is."""
    for name in boundaries.LAYERS:
        shares = boundaries.load_layer(name).membership([lon], [lat])
        total = sum(float(share[0]) for share in shares.values())
        assert total == pytest.approx(1, abs=1e-9)
        assert all(0 <= float(share[0]) <= 1 for share in shares.values())


def test_asking_for_one_unit_gives_what_asking_for_all_gives() -> None:
    """The quick path for one unit agrees with the full table, near and far."""
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(69.0, 69.45, 200), rng.uniform(34.4, 34.7, 200)
    table = geoloc.membership(lon, lat, "police-districts")
    layer = boundaries.load_layer("police-districts")
    for code in ("AF-KBL-PD1", "AF-KBL-PD22"):
        assert np.allclose(layer.membership(lon, lat, only=(code,))[code], table[code], atol=1e-6)
    assert np.allclose(table.sum(axis=1), 1)


def test_a_sure_line_gives_the_polygon_back() -> None:
    """As σ goes to 0 the membership becomes plain containment."""
    layer = boundaries.load_layer("districts")
    topology = dataclasses.replace(copy.deepcopy(layer._topology), metadata={})
    for member in topology.objects["districts"]["geometries"]:
        member["properties"]["sigma_m"] = 1e-6
    sharp = boundaries.Layer("districts", layer.edition, topology)
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(69.0, 69.6, 300), rng.uniform(34.3, 34.7, 300)
    inside = shapely.intersects_xy(layer["AF0104"].geometry, lon, lat)
    assert (sharp.membership(lon, lat, only=("AF0104",))["AF0104"] == inside).all()


def test_membership_is_half_on_the_line() -> None:
    """On a line shared by two districts each has one half, and none has nothing."""
    layer = boundaries.load_layer("districts")
    line = shapely.intersection(layer["AF0104"].geometry, layer["AF0109"].geometry)
    point = shapely.line_merge(line).interpolate(0.5, normalized=True)
    shares = layer.membership([point.x], [point.y])
    assert float(shares["AF0104"][0]) == pytest.approx(0.5, abs=0.01)
    assert float(shares["AF0109"][0]) == pytest.approx(0.5, abs=0.01)
    assert float(shares["none"][0]) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("lon", "lat"), [BAGRAMI, (62.2, 34.35), (71.5, 36.7)])
def test_distance_to_the_line_agrees_with_a_geodesic(lon: float, lat: float) -> None:
    """From Herat to Badakhshan, by pyproj's ruler over a line densified to a few metres."""
    found = boundaries.locate(lon, lat).districts[0]
    corners = shapely.get_coordinates(shapely.segmentize(found.unit.geometry.boundary, 5e-5))
    here = np.full(len(corners), lon), np.full(len(corners), lat)
    nearest = geo.geod().inv(*here, corners[:, 0], corners[:, 1])[2].min()
    assert found.distance_to_line_m == pytest.approx(nearest, rel=2e-4, abs=1)


@pytest.mark.parametrize(
    ("lon", "lat", "words"),
    [
        (2.35, 48.85, "km north-west of its border"),
        (77.2, 28.6, "km south-east of its border"),
        (34.5, 69.1, "did you mean"),
        (float("nan"), 34.5, "finite"),
    ],
)
def test_a_point_elsewhere_is_refused_with_its_direction(
    lon: float, lat: float, words: str
) -> None:
    """Outside Afghanistan the message says how far and which way."""
    with pytest.raises(CoordinateError, match=words):
        boundaries.locate(lon, lat)


def test_a_line_is_as_sure_as_the_editions_agree_on_it() -> None:
    """Kabul's line with Bagrami moved by hundreds of metres, Bagrami's with Musahi did not."""
    layer = boundaries.load_layer("districts")
    sigmas = {}
    for neighbour in ("AF0101", "AF0107"):
        line = shapely.intersection(layer["AF0104"].geometry, layer[neighbour].geometry)
        point = shapely.line_merge(line).interpolate(0.5, normalized=True)
        standing = layer.standing("AF0104", point.x, point.y)
        assert standing.membership == pytest.approx(0.5, abs=0.02)
        sigmas[neighbour] = standing.sigma_m or 0
    assert sigmas["AF0101"] > 5 * sigmas["AF0107"]


@pytest.mark.parametrize(("sigmas", "share"), [(1, 0.8413), (2, 0.9772), (-1, 0.1587)])
def test_membership_follows_the_normal_table(sigmas: float, share: float) -> None:
    """One σ inside a straight line is 84 %, two are 98 %, one outside is 16 %."""
    layer = boundaries.load_layer("districts")
    line = shapely.line_merge(
        shapely.intersection(layer["AF0104"].geometry, layer["AF0101"].geometry)
    )
    found: list[float] = []
    for part in np.linspace(0.2, 0.8, 25):
        foot = line.interpolate(part, normalized=True)
        for azimuth in range(0, 360, 10):
            lon, lat, _ = geo.geod().fwd(foot.x, foot.y, azimuth, abs(sigmas) * 636)
            standing = layer.standing("AF0104", lon, lat)
            depth, sigma = standing.distance_to_line_m or 0, standing.sigma_m or 1
            near = [s for s in layer.standings(lon, lat)[0] if s.unit.code != "AF0104"]
            alone = len(near) == 1 and near[0].unit.code == "AF0101"
            if alone and sigma == 636 and depth / sigma == pytest.approx(sigmas, abs=0.03):
                found.append(standing.membership or 0)
    assert found
    assert np.median(found) == pytest.approx(share, abs=0.03)


def test_pd20_cannot_be_said() -> None:
    """A unit without a line has no membership rather than a made-up one."""
    standing, *_ = boundaries.check(69.15, 34.4, "AF-KBL-PD20")
    assert standing.membership is None
    assert standing.inside is None
    assert "Chahar Asyab" in standing.unit.note


def test_pd18_says_that_it_is_two_things() -> None:
    """Nahia 18 lies in Deh Sabz; its note warns of the police hawza of that number."""
    unit = boundaries.unit("AF-KBL-PD18")
    assert unit.system == "nahia"
    assert "hawza 18" in unit.note
    centre = unit.geometry.representative_point()
    assert boundaries.locate(centre.x, centre.y).districts[0].unit.name == "Deh Sabz"


def test_provinces_are_their_districts() -> None:
    """A point's province has the summed membership of its districts there."""
    found = boundaries.locate(69.35, 34.35)
    assert found.provinces[0].membership == pytest.approx(
        sum(s.membership or 0 for s in found.districts if s.unit.parent == "AF01"), abs=1e-9
    )


@pytest.mark.parametrize("code", ["AF99", "PD22", "AF-KBL-PD23", ""])
def test_an_unknown_code_shows_what_codes_look_like(code: str) -> None:
    """The message gives examples and the command that finds codes."""
    with pytest.raises(PlaceError, match="geoloc find"):
        boundaries.check(*BAGRAMI, code)


@pytest.mark.parametrize(
    ("lon", "lat"), [([69.0], [34.0, 35.0]), ([69.0, np.nan], [34.0, 34.0]), ([[69.0]], [[34.0]])]
)
def test_membership_refuses_columns_that_do_not_fit(lon: list[float], lat: list[float]) -> None:
    """Shapes must agree and numbers be finite."""
    with pytest.raises(InputError, match="lon and lat"):
        geoloc.membership(lon, lat, "districts")
