"""Precision is derived from the likely area, by the rule that is stated."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Geod

from geoloc import boundaries, clues, geo
from geoloc.area import likely_area, uniform_prior
from geoloc.casebook import Finding, Incident, investigate, read_case
from geoloc.casebook.precision import precision_as_json, precision_of

CASES = Path(__file__).parent.parent / "cases"
KABUL = (69.2, 34.5)


def finding(shape: Any, *, status: str = "approximate", where: Any = None) -> Finding:
    """Return a finding whose event is somewhere in a shape, all but surely."""
    incident = Incident.model_validate(
        {
            "id": "2024-01-31-invented", "title": "Invented", "date": "2024-01-31",
            "summary": "Nothing of this happened.",
            "geolocation": {"status": "not-stated", "reason": "Invented."},
        }
    )  # fmt: skip
    geolocation = incident.geolocation.model_copy(update={"status": status})
    drawn = clues.Drawn(shape, "photo", confidence=0.999, edge_sigma_m=50)
    area = likely_area([drawn], uniform_prior(where or "AF01"))
    return Finding(incident.model_copy(update={"geolocation": geolocation}), (), area, ())


def disc(radius_m: float, at: tuple[float, float] = KABUL) -> Any:
    """Return a disc by pyproj's own geodesics."""
    azimuths = np.linspace(0, 360, 73)
    lon, lat = np.full(73, at[0]), np.full(73, at[1])
    return shapely.Polygon(
        np.column_stack(Geod(ellps="WGS84").fwd(lon, lat, azimuths, np.full(73, radius_m))[:2])
    )


@pytest.mark.parametrize(
    ("radius_m", "acled", "ucdp"), [(2_200, 1, 2), (6_000, 2, 2), (20_000, 2, 2)]
)
def test_discs_get_the_codes_of_their_size(radius_m: float, acled: int, ucdp: int) -> None:
    """The radius is the disc's, to a cell or two, and decides both codes."""
    box = shapely.box(68.7, 34.1, 69.7, 34.9)
    found = precision_of(finding(disc(radius_m), where=box))
    assert found is not None
    assert found.radius_m == pytest.approx(radius_m, rel=0.12, abs=500)
    assert geo.distance_m(found.lon, found.lat, *KABUL) < 0.1 * radius_m + 300
    assert (found.acled, found.ucdp) == (acled, ucdp)


def test_exact_is_code_one() -> None:
    """What was found exactly has the first code of both, however it may be shown."""
    found = precision_of(finding(disc(400), status="exact"))
    assert found is not None
    assert (found.acled, found.ucdp, found.coarse) == (1, 1, True)


@pytest.mark.parametrize(("code", "ucdp"), [("AF0104", 3), ("AF01", 4)])
def test_an_area_that_is_a_unit_has_the_units_code(code: str, ucdp: int) -> None:
    """A whole district is 3 and a whole province 4, as UCDP codes what names only those."""
    shape = boundaries.unit(code).geometry
    where = shapely.box(*shape.buffer(0.2).bounds)
    found = precision_of(finding(shape, where=where))
    assert found is not None
    assert found.ucdp == ucdp


def km2(shape: Any) -> float:
    """Return an area by pyproj's own geodesics."""
    return abs(Geod(ellps="WGS84").geometry_area_perimeter(shape)[0]) / 1e6


@pytest.mark.parametrize(
    ("radius_m", "least", "most", "acled", "ucdp"),
    [(24_000, 22_500, 24_999, 2, 2), (27_000, 25_001, 27_500, 3, 5)],
)
def test_near_ends_at_25_km(
    radius_m: float, least: float, most: float, acled: int, ucdp: int
) -> None:
    """A little less is near a known point; a little more is not, and lies in no one province."""
    found = precision_of(finding(disc(radius_m), where=shapely.box(68.6, 34.0, 69.8, 35.0)))
    assert found is not None
    assert least < found.radius_m < most
    inside = km2(shapely.intersection(found.footprint, boundaries.unit("AF01").geometry))
    assert 0.85 < inside / km2(found.footprint) < (0.97 if radius_m < 25_000 else 0.94)
    assert (found.acled, found.ucdp) == (acled, ucdp)


@pytest.mark.parametrize(("share", "low", "high", "ucdp"), [(0.72, 0.65, 0.72, 2),
                                                          (0.83, 0.76, 0.82, 3)])  # fmt: skip
def test_three_quarters_of_a_district_are_the_district(
    share: float, low: float, high: float, ucdp: int
) -> None:
    """What shares a little less with it is only near; a little more is the unit itself."""
    unit = boundaries.unit("AF0104").geometry
    west, south, east, north = unit.bounds
    edges = np.linspace(west, east, 400)
    parts = [shapely.intersection(unit, shapely.box(west, south, to, north)) for to in edges[1:]]
    part = min(parts, key=lambda each: abs(km2(each) / km2(unit) - share))
    found = precision_of(finding(part, where=shapely.box(*unit.buffer(0.1).bounds)))
    assert found is not None
    both = km2(shapely.intersection(found.footprint, unit))
    assert low < both / (km2(found.footprint) + km2(unit) - both) < high
    assert found.ucdp == ucdp


def test_radius_reaches_the_farthest_point_and_no_farther() -> None:
    """By pyproj's own geodesics, the farthest corner lies within the radius, to a metre."""
    found = precision_of(investigate(read_case(CASES / "2023-05-08-bagrami-pd22.yaml")))
    assert found is not None
    corners = shapely.get_coordinates(found.footprint)
    here = np.full(len(corners), found.lon), np.full(len(corners), found.lat)
    lengths = Geod(ellps="WGS84").inv(*here, corners[:, 0], corners[:, 1])[2]
    assert found.radius_m - 1 <= lengths.max() <= found.radius_m
    assert shapely.intersects(found.footprint, shapely.Point(found.lon, found.lat))


def test_centre_lies_in_a_crescent() -> None:
    """Where the middle of the circle is outside the area, the nearest point of it is the centre."""
    crescent = shapely.difference(disc(8_000), disc(6_500, (69.22, 34.5)))
    found = precision_of(finding(crescent))
    assert found is not None
    gap_m = shapely.distance(
        geo.geometry_to_metres(found.footprint),
        geo.geometry_to_metres(shapely.Point(found.lon, found.lat)),
    )
    assert gap_m < 2  # the centre's own five decimals


def test_a_small_area_is_measured_in_squares_unless_exact() -> None:
    """Two spots in one square have one precision; for one's own eyes they have two."""
    spots = [finding(disc(80, (69.2051 + east, 34.5006))) for east in (0.0, 0.0004)]
    coarse = [precision_as_json(precision_of(each)) for each in spots]
    exact = [precision_as_json(precision_of(each, exact=True)) for each in spots]
    assert coarse[0] == coarse[1]
    assert exact[0] != exact[1]


def test_nothing_geolocated_has_no_precision() -> None:
    """A claim alone gets no code, in Python as on the command line."""
    found = investigate(read_case(CASES / "2022-10-21-kabul-pd8.yaml"))
    assert precision_of(found) is None
    shown = subprocess.run(
        [sys.executable, "-m", "geoloc.cli", "case", "show", "2022-10-21-kabul-pd8", "--json"],
        capture_output=True, text=True, check=True, cwd=CASES.parent,
    )  # fmt: skip
    assert json.loads(shown.stdout)["precision"] is None


def test_case_show_gives_the_codes_with_their_rules() -> None:
    """`case show --json` has both codes, the radius, and the rule of each in words."""
    found = investigate(read_case(CASES / "2023-05-08-bagrami-pd22.yaml"))
    told = precision_as_json(precision_of(found, exact=True))
    assert told is not None
    assert (told["acled_geo_precision"], told["ucdp_where_prec"]) == (2, 2)
    assert "25 km" in told["acled_rule"]
    assert "25 km" in told["ucdp_rule"]
    assert "GBIF" in told["protocol"]
