"""The verdict while a line is drawn is the verdict of `investigate`, and comes at once."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoloc import boundaries, casebook, geo
from geoloc.casebook import Drawing, Incident, investigate
from geoloc.studio.live import Live
from geoloc.studio.touched import touched

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
from studio import fixed, moved

CASES = [path.stem for path in casebook.case_files(casebook.default_folder())]


def _with(incident: Incident, drawings: list[dict[str, Any]]) -> Incident:
    """Return the case as it would be read from its file with these drawings."""
    document = incident.model_dump(mode="json", exclude_none=True)
    document["drawings"] = drawings
    document["geolocation"]["status"] = "approximate"
    return Incident.model_validate(document)


def _area(ring: list[list[float]], **fields: Any) -> dict[str, Any]:
    geometry = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    return {"name": "drawn", "means": "area", "geometry": geometry, "origin": "photo 1", **fields}


SQUARE = [[69.25, 34.47], [69.30, 34.47], [69.30, 34.51], [69.25, 34.51]]


@pytest.mark.parametrize("case", CASES)
def test_a_moving_polygon_is_judged_as_investigate_judges_it(case: str) -> None:
    """Probability, interval, prior, factor, flip and grade agree to 1e-9 along its way."""
    incident = casebook.read_case(case)
    live = Live(incident)
    for step in range(12):
        drawings = [moved(incident, step / 11), *(fixed(incident) if step % 2 else ())]
        told = live.judge(drawings)
        assert not told["problems"]
        if step % 3:
            continue
        expected = investigate(_with(incident, drawings))
        judged = {each["claim"]: each for each in told["verdicts"]}
        assert judged.keys() == {n for n, each in enumerate(expected.verdicts) if each}
        for number, verdict in enumerate(expected.verdicts):
            if verdict is None:
                continue
            found = judged[number]
            assert found["grade"] == verdict.grade
            assert found["words"] == verdict.words
            assert found["reason"] == verdict.reason
            assert found["flip_distance_m"] == verdict.flip_distance_m
            for name in ("probability", "prior"):
                assert found[name] == pytest.approx(getattr(verdict, name), abs=1e-9)
            if verdict.interval is not None:
                assert found["bayes_factor"] == pytest.approx(verdict.bayes_factor, rel=1e-6)
                assert found["interval"] == pytest.approx(verdict.interval, abs=1e-9)
        assert expected.area is not None
        assert told["area"] == casebook.as_json(expected)["likely_area"] | {
            "status": told["area"]["status"]
        }


@settings(max_examples=15)
@given(
    lon=st.floats(69.05, 69.4), lat=st.floats(34.4, 34.65), size=st.floats(0.002, 0.1),
    order=st.permutations(range(3)), confidence=st.floats(0.05, 0.99),
)  # fmt: skip
def test_what_was_judged_before_changes_nothing(
    lon: float, lat: float, size: float, order: list[int], confidence: float
) -> None:
    """Whatever was drawn before, and in whatever order, the next verdict is that of a new start."""
    incident = casebook.read_case("2023-05-05-bagrami-pd22")
    ring = [[lon, lat], [lon + size, lat], [lon + size, lat + size], [lon, lat + size]]
    drawings = [*fixed(incident), _area(ring, confidence=confidence)]
    used = Live(incident)
    used.judge([moved(incident, 0.3), *fixed(incident)])
    used.judge([drawings[number] for number in order])
    after, anew = used.judge(drawings), Live(incident).judge(drawings)
    assert after["verdicts"] == anew["verdicts"]
    assert after["area"] == anew["area"]


@pytest.mark.parametrize(
    ("spoil", "field", "words"),
    [
        ({"geometry": {"type": "Polygon", "coordinates": [[[69.2, 34.5]]]}}, "geometry", "Polygon"),
        (
            {
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [
                        [[69.2, 34.5], [69.3, 34.6], [69.3, 34.5], [69.2, 34.6], [69.2, 34.5]]
                    ],
                }
            },
            "geometry",
            "crossing",
        ),
        ({"confidence": 1.5}, "confidence", "1"),
        ({"confidence": "high"}, "confidence", "number"),
        ({"origin": None}, None, "origin"),
        ({"origin": "Al-Mersaad"}, "origin", "never evidence"),
        ({"means": "guess"}, "means", "area"),
        ({"geometry": {"type": "Polygon", "coordinates": [[*SQUARE, [1e9, 3], SQUARE[0]]]}},
         None, ""),
        ({"colour": "red"}, "colour", "no such field"),
    ],
)  # fmt: skip
def test_a_shape_that_cannot_be_used_is_a_problem_and_no_error(
    spoil: dict[str, Any], field: str | None, words: str
) -> None:
    """Half drawn, crossing itself or wrongly told: a problem names it, the others still count."""
    live = Live(casebook.read_case("2023-05-08-bagrami-pd22"))
    good = _area(SQUARE)
    told = live.judge([_area(SQUARE, **spoil), good])
    assert [each["index"] for each in told["problems"]] == [0] * len(told["problems"])
    assert told["problems"]
    if field is not None:
        assert told["problems"][0]["field"].partition(".")[0] == field
    assert any(words in each["message"] for each in told["problems"])
    alone = Live(casebook.read_case("2023-05-08-bagrami-pd22")).judge([good])
    assert told["verdicts"] == alone["verdicts"]


def test_a_drawing_outside_the_study_area_is_a_problem() -> None:
    """What lies in Herat says nothing about Kabul: it is told, and the rest is judged."""
    live = Live(casebook.read_case("2023-05-08-bagrami-pd22"))
    herat = _area([[62.1, 34.3], [62.3, 34.3], [62.3, 34.4]], origin="photo 2")
    told = live.judge([_area(SQUARE), herat])
    assert [each["index"] for each in told["problems"]] == [1]
    assert "study area" in told["problems"][0]["message"]
    assert told["verdicts"][0]["grade"] == "consistent"
    assert [each["index"] for each in told["shapes"]] == [0, 1]


def test_crossing_the_line_of_pd15_changes_the_verdict() -> None:
    """An area deep in PD15 speaks for the claim of PD15, one far outside against it."""
    incident = casebook.read_case("2022-11-12-khairkhana-pd15")
    live = Live(incident)
    unit = boundaries.unit("AF-KBL-PD15").geometry
    inside = shapely.buffer(shapely.centroid(unit), 0.004)
    grades = []
    for east in (0.0, 0.03, 0.06, 0.12):
        ring = [[x + east, y] for x, y in inside.exterior.coords[:-1]]
        told = live.judge([_area(ring, confidence=0.98)])
        grades.append((told["verdicts"][0]["grade"], told["verdicts"][0]["probability"]))
    assert grades[0][0] in ("consistent", "leans-consistent")
    assert grades[-1][0] in ("inconsistent", "leans-inconsistent")
    assert [p for _, p in grades] == sorted((p for _, p in grades), reverse=True)


def test_without_a_case_shapes_are_measured_and_nothing_is_judged() -> None:
    """With no claim there is no verdict, but an area, its size and its units."""
    told = Live(None).judge([_area(SQUARE)])
    assert told["verdicts"] == []
    assert told["area"]["area_km2"] > 0
    assert told["shapes"][0]["units"]


def _square(side_m: float) -> shapely.Polygon:
    east, north = (float(each) for each in geo.to_metres(69.2, 34.52))
    return geo.geometry_to_degrees(shapely.box(east, north, east + side_m, north + side_m))


def test_a_square_kilometre_measures_one() -> None:
    """A square of 1 km on UTM 42N, whose scale here is 0.9996, is a little more on the ground."""
    found = touched(_square(1000))
    assert found["area_km2"] == pytest.approx(0.9996**-2, abs=1e-4)
    assert found["perimeter_m"] == pytest.approx(4000 / 0.9996, abs=0.4)
    assert found["length_m"] is None


@settings(max_examples=25)
@given(
    lon=st.floats(68.95, 69.45), lat=st.floats(34.35, 34.75), side_m=st.floats(5, 20_000)
)  # fmt: skip
def test_shares_and_memberships_of_a_layer_make_one(lon: float, lat: float, side_m: float) -> None:
    """Deep in Afghanistan every metre is in some unit or in none: shares sum to 1."""
    east, north = (float(each) for each in geo.to_metres(lon, lat))
    shape = geo.geometry_to_degrees(shapely.box(east, north, east + side_m, north + side_m))
    found = touched(shape)
    for level in ("provinces", "districts"):
        units = [unit for unit in found["units"] if unit["level"] == level]
        assert sum(unit["share"] for unit in units) == pytest.approx(1, abs=1e-3)
        # A unit below 0.01 is not mentioned.
        assert sum(unit["membership"] for unit in units) == pytest.approx(1, abs=0.05)
    police = [unit for unit in found["units"] if unit["level"] == "police-districts"]
    # Land in no police district is told as one more, without a code; lines are kept to 1e-5°.
    assert sum(unit["share"] for unit in police) == pytest.approx(1, abs=1e-3)
    assert [unit for unit in police if unit["code"] is None] in ([], police[-1:])


def test_a_share_is_what_a_fine_grid_counts() -> None:
    """Shares of a circle across three police districts agree with 40,000 points in it."""
    centre = boundaries.unit("AF-KBL-PD8").geometry.boundary.interpolate(0.3, normalized=True)
    circle = shapely.buffer(centre, 0.02)
    west, south, east, north = circle.bounds
    lon, lat = (
        axis.ravel()
        for axis in np.meshgrid(np.linspace(west, east, 200), np.linspace(south, north, 200))
    )
    held = shapely.intersects_xy(circle, lon, lat)
    for unit in touched(circle)["units"]:
        if unit["code"] is None:
            continue
        geometry = boundaries.unit(unit["code"]).geometry
        counted = shapely.intersects_xy(geometry, lon[held], lat[held]).mean()
        assert unit["share"] == pytest.approx(counted, abs=0.01)


def test_a_point_and_a_line_touch_units_too() -> None:
    """A point is in its district; a line has a length and shares of it."""
    at = touched(shapely.Point(69.2743, 34.4938))
    assert {unit["code"] for unit in at["units"]} >= {"AF01", "AF0104", "AF-KBL-PD22"}
    assert at["area_km2"] is None
    line = touched(shapely.LineString([[69.18, 34.5], [69.2743, 34.4938]]))
    expected_m = geo.distance_m(69.18, 34.5, 69.2743, 34.4938)
    assert line["length_m"] == pytest.approx(expected_m, rel=5e-4)
    districts = [unit for unit in line["units"] if unit["level"] == "districts"]
    assert sum(unit["share"] for unit in districts) == pytest.approx(1, abs=1e-6)


def test_a_verdict_comes_while_the_pointer_rests() -> None:
    """Of 40 moves with four strands the median takes under 0.3 s here; benchmarks have the rest.

    The bound is three times what is promised for a quiet machine, since tests run on busy ones; an
    investigation from the beginning takes 0.4 s.
    """
    incident = casebook.read_case("2023-05-05-bagrami-pd22")
    live = Live(incident)
    took = []
    for step in range(40):
        begun = time.perf_counter()
        live.judge([moved(incident, step / 40), *fixed(incident)])
        took.append(time.perf_counter() - begun)
    assert np.median(took[5:]) < 0.3


def test_drawings_of_a_case_are_drawings_of_the_page() -> None:
    """The fixed drawings of the benchmark are valid drawings of a case file."""
    incident = casebook.read_case("2022-10-21-kabul-pd8")
    for raw in (moved(incident, 0.4), *fixed(incident)):
        assert Drawing.model_validate(raw).clue()
