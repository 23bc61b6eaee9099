"""What a page holds of clues, and of a place that must not be told: geometry, words, digits."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer
from shapely.geometry import shape
from shell import Shell
from test_maps import finding, island_of

from geoloc import boundaries, clues, geo, maps
from geoloc.area import ledger, likely_area, uniform_prior
from geoloc.casebook import Finding, Incident
from geoloc.casebook.coarse import cells, pins, whole_km
from geoloc.clues import Clue, Landmark
from geoloc.clues.outlines import marks
from geoloc.gazetteer import Place
from geoloc.maps.clues import clue_entries
from geoloc.verdict import verify

GEOD = Geod(ellps="WGS84")
TO_UTM = Transformer.from_crs("EPSG:4326", "EPSG:32642", always_xy=True)
PRIOR = uniform_prior(shapely.box(69.0, 34.35, 69.4, 34.7), cell_m=250)
VIEW = (69.0, 34.35, 69.4, 34.7)
TOWER = Landmark("the water tower", 69.2290, 34.5080, sigma_m=30)
HILL = Landmark("the hill", 69.10, 34.60, sigma_m=300)
YARD = shapely.box(69.2101, 34.4901, 69.2119, 34.4917)  # 165 m by 180 m
QUARTER = shapely.box(69.15, 34.45, 69.25, 34.55)
LANE = shapely.LineString([(69.2, 34.5), (69.204, 34.504)])
ROAD = shapely.LineString([(69.1, 34.45), (69.2, 34.5), (69.3, 34.51)])


def clued(*given: Clue, status: str = "approximate", claimed: tuple[str, ...] = ()) -> Finding:
    """Return the finding of an invented incident from these clues."""
    incident = Incident.model_validate(
        {
            "id": "2026-01-01-invented",
            "title": "Invented",
            "date": "2026-01-01",
            "summary": "Nothing happened.",
            "claims": [
                {"claimant": f"account {code}", "says": "Words.", "place": code, "codes": [code]}
                for code in claimed
            ],
            "evidence": [
                {
                    "finding": "A roof matches.",
                    "by": "X",
                    "status": "likely",
                    "origin": "photo",
                    "clues": [
                        {
                            "kind": "drawn",
                            "polygon": [[69.2101, 34.4901], [69.2119, 34.4901], [69.2119, 34.4917]],
                        }
                    ],
                }
            ],
            "geolocation": {"status": status, "reason": "The reason."},
        }
    )
    area = likely_area(given, PRIOR)
    places = tuple(Place(code, (code,)) for code in claimed)
    return Finding(incident, places, area, tuple(verify(place, area) for place in places))


def island(found: Finding, *, exact: bool = False) -> Any:
    """Return the data of a finding's page."""
    page = maps.finding_map(found, exact=exact).get_root().render()
    return island_of(page)


def corners_of(value: Any) -> Iterator[tuple[float, float]]:
    """Yield every pair of numbers in JSON values that may be a position."""
    if isinstance(value, dict):
        for each in value.values():
            yield from corners_of(each)
    elif isinstance(value, list):
        if len(value) == 2 and all(isinstance(number, float) for number in value):
            yield value[0], value[1]
        for each in value:
            yield from corners_of(each)


def part(clue: Clue, name: str, sight_m: float = 1.0) -> Any:
    """Return one part of a clue's drawing."""
    (found,) = [mark.geometry for mark in marks(clue, sight_m) if mark.part == name]
    return found


def test_a_ring_lies_so_far_from_its_landmark_everywhere() -> None:
    """Every corner of "2 km from the tower" is 2 km away on the ellipsoid, to 1 m."""
    ring = part(clues.Near(TOWER, "video", distance_m=2000), "ring")
    lon, lat = shapely.get_coordinates(ring).T
    away = GEOD.inv(np.full(len(lon), TOWER.lon), np.full(len(lat), TOWER.lat), lon, lat)[2]

    assert len(lon) > 100
    assert np.abs(away - 2000).max() < 1


def test_a_band_is_one_sigma_to_either_side() -> None:
    """The statement's σ and the landmark's position, added in quadrature: 300 and 400 make 500."""
    placed = Landmark("the mill", 69.2, 34.5, sigma_m=300)
    band = part(clues.Near(placed, "video", distance_m=2000, sigma_m=400), "band")
    rims = [band.exterior, *band.interiors]
    away = [GEOD.inv(placed.lon, placed.lat, *rim.coords[0])[2] for rim in rims]

    assert away == pytest.approx([2500, 1500], abs=1)


@pytest.mark.parametrize("at", [TOWER, Landmark("Herat", 62.2, 34.34, sigma_m=30)])
def test_a_shape_is_widened_by_ground_metres(at: Landmark) -> None:
    """Beside a line, too, and as far west as Herat, where UTM 42N is half a percent too long."""
    road = shapely.LineString([(at.lon, at.lat - 0.2), (at.lon, at.lat + 0.2)])
    limit = part(clues.Along(road, "call", at_most_m=5000), "limit")
    west = shapely.intersection(limit, shapely.LineString([(at.lon - 1, at.lat), (at.lon, at.lat)]))
    away = GEOD.inv(at.lon, at.lat, west.coords[0][0], at.lat)[2]

    assert away == pytest.approx(5000, rel=0.001)


def test_from_the_event_the_landmark_is_seen_in_the_azimuth() -> None:
    """Wherever on the line one stands, the tower lies in azimuth 42°, not just opposite 222°."""
    ray = part(clues.Bearing(TOWER, 42, "photo"), "ray", 50_000)
    lon, lat = shapely.get_coordinates(ray)[1:].T
    azimuth, _, away = GEOD.inv(
        lon, lat, np.full(len(lon), TOWER.lon), np.full(len(lat), TOWER.lat)
    )

    assert away.max() == pytest.approx(50_000, abs=1)
    assert np.abs(azimuth - 42).max() < 1e-4


def test_from_the_landmark_the_event_lies_in_the_azimuth() -> None:
    """Seen from the tower, 3° of declination added, the line leaves it in azimuth 45°."""
    seen = clues.Bearing(TOWER, 42, "photo", seen_from="landmark", declination_deg=3)
    lon, lat = shapely.get_coordinates(part(seen, "ray", 50_000))[1:].T
    azimuth = GEOD.inv(np.full(len(lon), TOWER.lon), np.full(len(lat), TOWER.lat), lon, lat)[0]

    assert np.abs(azimuth - 45).max() < 1e-4


def test_a_wedge_is_as_wide_as_the_model_says() -> None:
    """Far off ± 5°, near the landmark as wide as its position is unsure."""
    at = Landmark("the mill", 69.2, 34.5, sigma_m=500)
    wedge = part(clues.Bearing(at, 0, "photo", seen_from="landmark", sigma_deg=5), "wedge", 60_000)
    reach = {}
    for away_m in (1000, 59_000):
        lat = GEOD.fwd(at.lon, at.lat, 0, away_m)[1]
        across = shapely.intersection(wedge, shapely.LineString([(68, lat), (71, lat)]))
        (west, _), (east, _) = across.coords
        reach[away_m] = GEOD.inv(west, lat, east, lat)[2] / 2

    assert reach[1000] == pytest.approx(1000 * math.hypot(math.radians(5), 0.5), rel=0.1)
    assert reach[59_000] == pytest.approx(59_000 * math.tan(math.radians(5)), rel=0.02)


def test_the_model_agrees_with_the_drawing() -> None:
    """Along a drawn line the clue's own likelihood is at its best, to a hundredth."""
    for clue, name in (
        (clues.Bearing(TOWER, 250, "photo", seen_from="landmark"), "ray"),
        (clues.Bearing(TOWER, 42, "photo"), "ray"),
        (clues.Near(TOWER, "video", distance_m=3000, sigma_m=600), "ring"),
        (clues.Between(TOWER, HILL, "call"), "axis"),
    ):
        logs = clue.log_likelihood(PRIOR.grid)
        line = shapely.segmentize(part(clue, name, 12_000), 0.001)
        east, north = TO_UTM.transform(*shapely.get_coordinates(line).T)
        column = ((np.asarray(east) - PRIOR.grid.west_m) / PRIOR.grid.cell_m).astype(int)
        row = ((PRIOR.grid.north_m - np.asarray(north)) / PRIOR.grid.cell_m).astype(int)
        inside = (row >= 0) & (row < PRIOR.grid.rows) & (column >= 0) & (column < PRIOR.grid.cols)
        on_line = logs[row[inside], column[inside]]

        assert inside.sum() > 20
        assert np.median(on_line) > logs.max() - 0.2, clue.says


DRAWN_KINDS: dict[str, tuple[Clue, set[str]]] = {
    "within": (clues.Within(Place("", ("AF-KBL-PD8",)), "x"), {"within"}),
    "not-within": (clues.NotWithin(Place("", ("AF-KBL-PD8",)), "x"), {"not-within"}),
    "near": (clues.Near(TOWER, "x", at_most_m=3000), {"landmark", "limit", "band"}),
    "bearing": (clues.Bearing(TOWER, 42, "x"), {"landmark", "ray", "wedge"}),
    "between": (clues.Between(TOWER, HILL, "x"), {"landmark", "axis", "band"}),
    "along": (clues.Along(ROAD, "x", at_most_m=500), {"line", "limit", "band"}),
    "drawn": (clues.Drawn(QUARTER, "x", edge_sigma_m=300), {"drawn", "band"}),
    "searched": (clues.Searched(QUARTER, 0.8, "x"), {"searched"}),
    "same-as": (clues.SameAs("2022-01-01-y", PRIOR.grid, PRIOR.mass, "x"), set()),
    "elevation-between": (clues.ElevationBetween(1800, 1850, "dem.tif", "x"), set()),
    "raster": (clues.Raster("cover.tif", {50: 1.0}, "built-up land", "x"), set()),
}


def test_every_kind_of_clue_is_drawn_or_has_no_outline() -> None:
    """No kind is forgotten: a new one has to say here what it looks like."""
    assert set(DRAWN_KINDS) == set(clues.KINDS)
    for kind, (clue, expected) in DRAWN_KINDS.items():
        assert {mark.part for mark in marks(clue, 5000)} == expected, kind
        assert all(mark.geometry.is_valid for mark in marks(clue, 5000)), kind


def test_the_ledger_is_on_the_page_with_its_contradictions() -> None:
    """Each strand has the numbers of `ledger`, and contradictions are numbers of other strands."""
    found = clued(
        clues.Near(TOWER, "video", distance_m=3000, sigma_m=900),
        clues.Near(HILL, "call", at_most_m=2000, reliability=0.5),
        clues.Searched(QUARTER, 0.8, "imagery"),
    )
    told = island(found)["clues"]
    assert found.area is not None

    assert [one["origin"] for one in told] == ["video", "call", "imagery"]
    assert [one["against"] for one in told] == [[2], [1], []]
    assert [one["says"] for one in told] == [entry.strand.says for entry in ledger(found.area)]
    assert [one["bits"] for one in told] == [round(entry.bits, 1) for entry in ledger(found.area)]
    assert all(one["features"] for one in told)


def test_clues_that_reach_far_end_with_the_map() -> None:
    """A page of Kabul does not carry a bearing's line across the country."""
    (told,) = clue_entries(likely_area([clues.Bearing(TOWER, 200, "photo")], PRIOR), VIEW)
    west, south, east, north = shapely.total_bounds(
        [shape(f["geometry"]) for f in told["features"]]
    )

    assert (west, south, east, north) >= (68.6, 33.95, 0, 0)
    assert max(east, north) <= 69.8


def test_a_wide_area_is_shown_with_its_clues() -> None:
    """Nothing in 10 km² leads to a door, so nothing is kept back, and no warning cries wolf."""
    found = clued(clues.Drawn(QUARTER, "witness", edge_sigma_m=500))
    shown = island(found)

    assert not pins(found)
    assert shown["care"] is None
    assert {feature["part"] for feature in shown["clues"][0]["features"]} == {"drawn", "band"}


@pytest.mark.parametrize(
    "given",
    [
        (clues.Drawn(YARD, "photo"),),
        (clues.Drawn(YARD, "photo", confidence=0.05),),  # the area is all Kabul, the clue a yard
        (clues.Near(TOWER, "call", at_most_m=100, sigma_m=30, reliability=0.2),),
        (clues.Along(LANE, "call", at_most_m=50),),
    ],
)
def test_what_could_lead_to_a_door_is_not_in_the_page(given: tuple[Clue, ...]) -> None:
    """Regions are cells of 1 km, clues neither drawn nor worded, and the page says so."""
    found = clued(*given, claimed=("AF-KBL-PD8",))
    shown = island(found)

    assert pins(found)
    assert shown["care"] == "coarse"
    assert [(one["features"], one["says"]) for one in shown["clues"]] == [([], None)]
    assert TOWER.name not in json.dumps(shown)
    for region in shown["areas"][0]["regions"]:
        metres = TO_UTM.transform(*shapely.get_coordinates(shape(region["geometry"])).T)
        off = np.abs((np.asarray(metres) + 500) % 1000 - 500)
        assert off.max() < 1  # 5 decimals of a degree


def test_exact_is_never_shown_by_default_however_large() -> None:
    """Somebody who calls a place exact has its house, whatever the surface says."""
    found = clued(clues.Drawn(QUARTER, "photo"), status="exact")

    assert island(found)["care"] == "coarse"
    assert island(found)["clues"][0]["features"] == []


def test_the_page_is_the_same_wherever_in_its_square_the_place_is() -> None:
    """Moved by 250 m within one square of 1 km, not a byte tells: nothing finer is in the page."""
    east, north = 519_625.0, 3_816_625.0  # the squares' middles are at whole kilometres
    pages = set()
    for right, up in ((0, 0), (250, 0), (0, 250), (250, 250), (500, 500)):
        yard = shapely.box(east + right, north + up, east + right + 125, north + up + 125)
        found = clued(clues.Drawn(geo.geometry_to_degrees(yard), "photo"), status="exact")
        pages.add(maps.finding_map(found).get_root().render())

    assert len(pages) == 1


def test_no_position_of_the_case_file_is_in_the_page() -> None:
    """The record of a clue stays out of the data, exact or not: it is drawn or it is not there."""
    found = clued(clues.Drawn(YARD, "photo"))

    for exact in (False, True):
        shown = island(found, exact=exact)
        assert "study" not in shown["incidents"][0]
        assert all("clues" not in evidence for evidence in shown["incidents"][0]["evidence"])
    near = [at for at in corners_of(island(found)) if GEOD.inv(*at, 69.211, 34.491)[2] < 200]
    assert near == []


def test_asked_for_by_name_everything_is_shown_with_a_warning() -> None:
    """`exact=True` draws the yard as it is, and the page carries the warning."""
    shown = island(clued(clues.Drawn(YARD, "photo"), status="exact"), exact=True)
    (drawn,) = [f for f in shown["clues"][0]["features"] if f["part"] == "drawn"]

    assert shown["care"] == "exact"
    assert shape(drawn["geometry"]).symmetric_difference(YARD).area < 1e-8
    assert shown["areas"][0]["regions"][0]["area_km2"] <= 0.2


def test_cells_cover_what_they_stand_for_and_stand_on_the_grid() -> None:
    """Wherever a small place lies, its cells hold it, and number two by two."""
    random = np.random.default_rng(5)
    for east, north in random.uniform((500_000, 3_800_000), (540_000, 3_840_000), (200, 2)):
        place = geo.geometry_to_degrees(shapely.box(east, north, east + 30, north + 20))
        found = cells(place)
        corners = np.round(geo.geometry_to_metres(found).bounds, 3)

        assert found.buffer(1e-7).contains(place)
        assert (np.abs(corners % 1000) % 1000 < 0.01).all()
        assert corners[2] - corners[0] == corners[3] - corners[1] == 2000


def test_cells_of_a_wide_area_are_those_it_touches() -> None:
    """Along whole kilometres no neighbour is added by the rounding of degrees."""
    place = geo.geometry_to_degrees(shapely.box(520_000, 3_816_000, 523_000, 3_818_000))

    assert geo.geometry_to_metres(cells(place)).area == pytest.approx(6e6, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lies 240 m outside the 95 % area.", "lies under 1 km outside the 95 % area."),
        ("lies 1.4 km from it", "lies about 1 km from it"),
        ("lies 12,345.6 km from it", "lies about 12346 km from it"),
        ("an area of 3 km² stays, 12 men too", "an area of 3 km² stays, 12 men too"),
    ],
)
def test_lengths_are_told_in_whole_kilometres(text: str, told: str) -> None:
    """A length to the metre from a public line is a line of position."""
    assert whole_km(text) == told


def test_verdict_of_a_coarse_page_has_no_more_digits_than_are_read() -> None:
    """A probability of many digits would tell the distance to the line."""
    found = clued(clues.Drawn(YARD, "photo"), claimed=("AF-KBL-PD8", "AF-KBL-PD15"))
    for claim in island(found)["incidents"][0]["claims"]:
        verdict = claim["verdict"]
        shares = [verdict["probability"], *verdict["interval"]]
        assert all(len(f"{share}") <= 6 for share in shares)
        assert verdict["flip_distance_m"] is None or verdict["flip_distance_m"] % 1000 == 0
        assert not re.search(r"\d m\b", verdict["reason"])


def test_index_tells_no_length_to_the_metre_either() -> None:
    """The list of incidents shows the same reasons as the maps."""
    found = clued(clues.Drawn(YARD, "photo", confidence=0.99), claimed=("AF-KBL-PD15",))
    page = maps.index_page([found])
    (verdict,) = found.verdicts
    assert verdict is not None

    assert re.search(r"lies [\d.,]+ k?m", verdict.reason)
    assert re.search(r"lies (under|about) \d+ km", page)
    assert not re.search(r"lies [\d.,]+ k?m", page)


def test_a_claimed_police_district_has_core_likely_part_and_extent() -> None:
    """They are the edition's own zones, to a metre, each within the next."""
    (place,) = island(finding(["AF-KBL-PD22"]))["places"]
    (unit,) = place["units"]
    zones = boundaries.layers_with("AF-KBL-PD22")[0].zones("AF-KBL-PD22")
    assert zones is not None

    assert unit["edition"] == "nahia-2019"
    for name in ("core", "likely", "extent"):
        drawn, known = shape(unit["zones"][name]), getattr(zones, name)
        assert drawn.symmetric_difference(known).area < 0.01 * known.area
    assert shape(unit["geometry"]).equals(shape(unit["zones"]["likely"]))


def test_incidents_with_one_area_share_it() -> None:
    """A casebook of thousands found in the same districts draws each area once."""
    found = [finding(["AF0104"], within=("AF0104",)) for _ in range(3)]
    page = maps.casebook_map([*found, finding(["AF0104"])]).get_root().render()
    shown = island_of(page)

    assert len(shown["areas"]) == 1
    assert [incident["area"] for incident in shown["incidents"]] == [0, 0, 0, None]


def test_a_verdict_tells_each_part_and_other_editions() -> None:
    """Bagrami alone, PD22 alone, and what the lines of 2014 give, with whole words of grades."""
    found = finding(["AF0104", "AF-KBL-PD22"], within=("AF0104",))
    verdict = island(found)["incidents"][0]["claims"][0]["verdict"]

    assert [each["name"] for each in verdict["alone"]] == ["Bagrami district", "PD22"]
    assert verdict["editions"] == ["ocha-2018", "nahia-2019"]
    assert all(0 <= each["probability"] <= 1 for each in verdict["other_editions"])


def test_the_command_writes_one_case_or_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`geoloc map casebook` writes the map of all cases, and `--exact` warns on standard error."""
    shell, both = Shell(monkeypatch, capsys), {}
    for case, option in (("casebook", ()), ("2023-05-08-bagrami-pd22", ("--exact",))):
        ended = shell("map", case, "-o", tmp_path / f"{case}.html", "--json", *option)
        assert ended.status == 0
        assert ended.json["id"] == case
        both[case] = ended.err, island_of((tmp_path / f"{case}.html").read_text(encoding="utf-8"))

    (quiet, all_of_them), (warned, one) = both.values()
    assert (all_of_them["page"], len(all_of_them["incidents"])) == ("casebook", 6)
    assert (all_of_them["care"], one["care"]) == (None, "exact")
    assert "exactly" in warned
    assert "exactly" not in quiet


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("at 34.49004, 69.24007, they say", True),
        ("34°29′ N", True),
        ("42SWD2518316943", True),
        ("۳۴٫۴۹۰", True),
        ("three men of 34, PD22, 12.5 km away on 2023-05-08", False),
    ],
)
def test_coordinates_in_words_are_warned_of(words: str, told: bool) -> None:
    """Whoever writes a page is told which words hold coordinates, which the page does not show."""
    found = finding(["AF0104"])
    said = found.incident.model_copy(update={"summary": words})
    assert maps.coordinates_told(dataclasses.replace(found, incident=said)) == (
        ("summary",) if told else ()
    )
