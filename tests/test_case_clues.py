"""Clues in case files: what they become, and what is said of bad ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from geoloc import CaseError, casebook, clues, geo, investigate, read_case

HEAD = """\
id: 2024-01-31-synthetic
title: Synthetic raid
date: 2024-01-31
summary: Made up for a test.
claims:
  - claimant: Somebody
    place: PD8
    codes: [AF-KBL-PD8]
    says: There was a raid.
geolocation:
  status: approximate
  reason: Made up.
evidence:
"""
FINDING = """\
  - finding: Something was seen.
    by: Somebody else
    status: likely
    origin: photo {number}
    reliability: 0.9
    clues:
      - {clue}
"""
TRUTH = 69.2400, 34.4900
HILL = "{name: the hill, lon: 69.2400, lat: 34.5400, sigma_m: 50}"
SQUARE = "[[69.2, 34.45], [69.3, 34.45], [69.3, 34.55], [69.2, 34.55]]"
EVERY_KIND = [
    ("{kind: within, codes: [AF0104]}", clues.Within, "within Bagrami"),
    ("{kind: not-within, codes: [AF-KBL-PD1]}", clues.NotWithin, "outside PD1"),
    (f"{{kind: near, landmark: {HILL}, at_most_m: 6000}}", clues.Near, "within 6 km"),
    ("{kind: near, codes: [AF-KBL-PD8], distance_m: 2000}", clues.Near, "2 km (± 500 m) from PD8"),
    (
        f"{{kind: bearing, landmark: {HILL}, azimuth_deg: 357, declination_deg: 3}}",
        clues.Bearing,
        "azimuth 0°",
    ),
    (
        f"{{kind: between, a: {HILL}, b: {{name: B, lon: 69.24, lat: 34.45}}}}",
        clues.Between,
        "between the hill and B",
    ),
    ("{kind: along, line: [[69.2, 34.5], [69.3, 34.5]], name: the road}", clues.Along, "the road"),
    (
        "{kind: elevation-between, low_m: 1700, high_m: 1900, dem: dem.tif}",
        clues.ElevationBetween,
        "1,700 m and 1,900 m",
    ),
    (f"{{kind: drawn, polygon: {SQUARE}, confidence: 0.7}}", clues.Drawn, "the area drawn"),
    (
        f"{{kind: searched, polygon: {SQUARE}, detection_probability: 0.8}}",
        clues.Searched,
        "found with 80 %",
    ),
    (
        "{kind: raster, path: dem.tif, what: low ground, ramp: {start: 1700, end: 1900}}",
        clues.Raster,
        "on low ground (dem.tif)",
    ),
    (
        "{kind: raster, path: dem.tif, what: class 1800, weights: {1800: 1}}",
        clues.Raster,
        "class 1800",
    ),
]


def case_of(folder: Path, *stated: str) -> Path:
    """Write a case with one finding per clue, and a height model of 1,800 m beside it."""
    path = folder / "case.yaml"
    findings = "".join(
        FINDING.format(number=number, clue=clue) for number, clue in enumerate(stated, start=1)
    )
    path.write_text(HEAD + findings, encoding="utf-8")
    with rasterio.open(
        folder / "dem.tif", "w", driver="GTiff", dtype="float32", count=1, width=200, height=200,
        crs="EPSG:4326", transform=rasterio.Affine(0.009, 0, 68.5, 0, -0.006, 35.1),
    ) as dem:  # fmt: skip
        dem.write(np.full((1, 200, 200), 1800, np.float32))
    return path


@pytest.mark.parametrize(("text", "kind", "says"), EVERY_KIND)
def test_each_kind_becomes_its_clue(tmp_path: Path, text: str, kind: type, says: str) -> None:
    """A clue has its evidence's origin and reliability, and enters the likely area."""
    area = investigate(read_case(case_of(tmp_path, text))).area

    assert area is not None
    (clue,) = area.clues
    assert isinstance(clue, kind)
    assert says in clue.says
    assert clue.origin == "photo 1"
    assert clue.reliability == (0.7 if kind is clues.Drawn else 0.9)
    assert area.surface.sum() == pytest.approx(1)


def test_a_drawing_without_confidence_has_its_evidences_reliability(tmp_path: Path) -> None:
    """The confidence is that kind's reliability, so one of the two is enough."""
    path = case_of(tmp_path, f"{{kind: drawn, polygon: {SQUARE}}}")

    area = investigate(read_case(path)).area

    assert area is not None
    assert area.clues[0].reliability == 0.9


def test_three_clues_find_the_truth(tmp_path: Path) -> None:
    """A point 5,547 m south of a hill lies in the 95 % area of what was seen from it."""
    away_m = geo.distance_m(*TRUTH, 69.2400, 34.5400)
    path = case_of(
        tmp_path,
        f"{{kind: near, landmark: {HILL}, distance_m: {away_m:.0f}, sigma_m: 500}}",
        f"{{kind: bearing, landmark: {HILL}, azimuth_deg: 0}}",
        f"{{kind: drawn, polygon: {SQUARE}}}",
    )

    area = investigate(read_case(path)).area

    assert area is not None
    assert area.region(0.95).geometry.contains(shapely.Point(TRUTH))
    assert area.region(0.95).area_km2 < 10


def test_within_and_clues_of_one_finding_are_one_strand(tmp_path: Path) -> None:
    """What one finding says, it says once; `within` stays what it was."""
    path = case_of(tmp_path, f"{{kind: near, landmark: {HILL}, at_most_m: 9000}}")
    path.write_text(
        path.read_text("utf-8").replace("    clues:", "    within: [AF0104]\n    clues:"), "utf-8"
    )

    area = investigate(read_case(path)).area

    assert area is not None
    assert len(area.clues) == 2
    assert len(area.strands) == 1
    assert area.strands[0].says.startswith("within Bagrami district and within 9 km")


NEAR = f"{{kind: near, landmark: {HILL}, at_most_m: 6000}}"
BEARING = f"{{kind: bearing, landmark: {HILL}, azimuth_deg: 0}}"


@pytest.mark.parametrize(
    ("clue", "field", "words"),
    [
        (NEAR.replace("6000", "-5"), "at_most_m", "must be a finite number of metres above 0"),
        (NEAR.replace("at_most_m: 6000", "distance_m: -5"), "distance_m", "0 or more, got -5"),
        (NEAR.replace("6000", ".inf"), "at_most_m", "finite number"),
        (NEAR.replace("6000", "'300'"), "at_most_m", "valid number"),
        (NEAR.replace("6000", "true"), "at_most_m", "valid number"),
        (NEAR.replace(", at_most_m: 6000", ""), "distance_m", "give either distance_m"),
        (NEAR.replace("6000", "600, sigma_m: 0"), "sigma_m", "above 0, got 0"),
        (NEAR.replace("sigma_m: 50", "sigma_m: 0"), "landmark.sigma_m", "above 0, got 0"),
        (NEAR.replace("6000", "6000, codes: [AF0104]"), "landmark", "either a landmark or codes"),
        ("{kind: near, landmark: Bala Hissar, at_most_m: 5}", "landmark", "{name: Bala Hissar,"),
        (NEAR.replace("at_most_m", "at_most"), "at_most", "did you mean at_most_m?"),
        (BEARING.replace("deg: 0", "deg: 400"), "azimuth_deg", "0 to below 360 degrees"),
        (BEARING.replace("deg: 0", "deg: 0, sigma_deg: 0"), "sigma_deg", "above 0, got 0"),
        (BEARING.replace("deg: 0", "deg: 0, seen_from: here"), "seen_from", "'event'"),
        (
            BEARING.replace("lon: 69.2400, lat: 34.5400", "lon: 34.54, lat: 69.24"),
            "landmark",
            "look swapped",
        ),
        ("{kind: drawn, polygon: [[69.2, 34.5], [69.3, 34.5]]}", "polygon", "3 different corners"),
        ("{kind: drawn, polygon: [[69.2, 34.5], [69.3]]}", "polygon[1][1]", "is missing"),
        ("{kind: drawn, polygon: [[69.2, 34.5, 1], [69.3, 34.5]]}", "polygon[0]", "at most 2"),
        (
            "{kind: drawn, polygon: [[34.5, 69.2], [34.6, 69.2], [34.6, 69.3]]}",
            "polygon",
            "look swapped",
        ),
        (
            "{kind: drawn, polygon: [[69.2, 34.5], [69.3, 34.6], [69.3, 34.5], [69.2, 34.6]]}",
            "polygon",
            "without crossing its own line",
        ),
        (f"{{kind: drawn, polygon: {SQUARE}, confidence: 2}}", "confidence", "from 0 to 1, got 2"),
        (
            f"{{kind: searched, polygon: {SQUARE}, detection_probability: 80}}",
            "detection_probability",
            "from 0 to 1, got 80",
        ),
        ("{kind: along, line: [[69.2, 34.5]]}", "line", "2 different points"),
        ("{kind: within, codes: []}", "codes", "names no unit"),
        ("{kind: within, codes: [PD8]}", "codes[0]", "did you mean AF-KBL-PD8?"),
        ("{kind: not-within, codes: [AF-KBL-PD99]}", "codes[0]", "PD99"),
        ("{kind: not-within, codes: [AF-KBL-PD20]}", "codes[0]", "no known line"),
        (
            "{kind: elevation-between, low_m: 1900, high_m: 1800, dem: dem.tif}",
            "high_m",
            "must be above low_m",
        ),
        ("{kind: raster, path: dem.tif, what: x}", "weights", "either weights of classes or a"),
        ("{kind: raster, path: dem.tif, what: x, weights: {5: -1}}", "weights", "0 or more"),
        ("{kind: raster, path: dem.tif, what: x, weights: {a: 1}}", "weights.a", "valid integer"),
        (
            "{kind: raster, path: dem.tif, what: x, ramp: {start: 2, end: 1}}",
            "weights",
            "from a value to a larger one",
        ),
        ("{kind: skyline}", "kind", "'skyline' is no kind of clue in a case file; kinds are"),
        ("{kind: same-as, incident: next door}", "incident", "must look like"),
        ("{codes: [AF0104]}", "kind", "is missing"),
        ("near", "", "must hold fields"),
    ],
)
def test_a_bad_clue_is_named(tmp_path: Path, clue: str, field: str, words: str) -> None:
    """Every error says the file, the line, the field and what was wrong with it."""
    path = case_of(tmp_path, clue)

    with pytest.raises(CaseError) as got:
        read_case(path)

    problem = got.value.problems[0]
    assert problem.field == f"evidence[0].clues[0].{field}".rstrip(".")
    assert problem.line == 20
    assert words in problem.message
    assert not problem.message.endswith("..")
    assert got.value.lines[0].startswith(f"{path}, line 20: evidence[0].clues[0]")


@pytest.mark.parametrize(
    ("clue", "field", "words"),
    [
        (NEAR.replace("69.2400", "62.2"), "", "the hill lies"),
        (BEARING.replace("69.2400", "62.2"), ".landmark", "nothing is seen from"),
        (
            "{kind: elevation-between, low_m: 3000, high_m: 3100, dem: dem.tif}",
            ".low_m",
            "from 1,800 to 1,800 m",
        ),
        (
            "{kind: elevation-between, low_m: 30, high_m: 31, dem: none.tif}",
            ".dem",
            "none.tif does not exist",
        ),
        (
            "{kind: raster, path: 'https://example.org/a.tif', what: x, weights: {1: 1}}",
            ".path",
            "no file on this machine",
        ),
    ],
)
def test_a_clue_that_cannot_be_drawn_is_named(
    tmp_path: Path, clue: str, field: str, words: str
) -> None:
    """What only the ground can tell is told with the case, and the clue among several."""
    incident = read_case(case_of(tmp_path, NEAR, clue))

    with pytest.raises(CaseError) as got:
        investigate(incident)

    assert got.value.lines[0].startswith(f"{incident.id}: evidence[1].clues[0]{field}: ")
    assert words in got.value.lines[0]


def test_clues_beyond_doubt_that_exclude_each_other_are_named(tmp_path: Path) -> None:
    """If each can be drawn alone, the error says what they cannot do together."""
    path = case_of(tmp_path, "{kind: within, codes: [AF0104]}", "{kind: within, codes: [AF0106]}")
    path.write_text(path.read_text("utf-8").replace("ity: 0.9", "ity: 1"), "utf-8")

    with pytest.raises(CaseError, match="evidence: "):
        investigate(read_case(path))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("status: likely", "status: not-found", "clues are given, but the status is not-found"),
        ("status: likely", "status: not-verified", "only what is confirmed or likely"),
        ("status: approximate", "status: not-possible", "geolocation.status is not-possible"),
        ("origin: photo 1", "origin: somebody", "never evidence for itself"),
    ],
)
def test_what_was_not_found_has_no_clues(tmp_path: Path, old: str, new: str, words: str) -> None:
    """The rules of `within` hold for clues as well."""
    path = case_of(tmp_path, NEAR)
    path.write_text(path.read_text("utf-8").replace(old, new), encoding="utf-8")

    with pytest.raises(CaseError, match=words):
        read_case(path)


def test_a_claim_is_no_clue(tmp_path: Path) -> None:
    """Another claimed place changes the verdict, never the likely area."""
    path = case_of(tmp_path, NEAR)
    first = investigate(read_case(path)).area
    path.write_text(path.read_text("utf-8").replace("PD8", "PD15"), encoding="utf-8")
    second = investigate(read_case(path)).area

    assert first is not None
    assert second is not None
    assert (first.surface == second.surface).all()


@pytest.mark.parametrize("text", [text for text, _, _ in EVERY_KIND])
def test_the_schema_knows_every_kind(tmp_path: Path, text: str) -> None:
    """A validator that shares no code with pydantic accepts what geoloc reads."""
    path = case_of(tmp_path, text)
    document: Any = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))

    jsonschema.validate(
        json.loads(json.dumps(document, default=str)), json.loads(casebook.schema())
    )


NUMBERS = st.one_of(st.integers(), st.floats(), st.just(69.2), st.just(34.5))
ANYTHING = st.recursive(
    st.one_of(NUMBERS, st.none(), st.booleans(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["name", "lon", "lat", "sigma_m", "kind"]), inner),
    ),
    max_leaves=8,
)
SETTINGS = st.sampled_from(
    ["landmark", "codes", "polygon", "line", "at_most_m", "azimuth_deg", "path", "weights", "what"]
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([*clues.KINDS, "skyline"]),
    st.dictionaries(SETTINGS, ANYTHING, max_size=5),
)
def test_whatever_a_clue_holds_is_a_case_or_a_case_error(
    tmp_path_factory: pytest.TempPathFactory, kind: str, settings: dict[str, Any]
) -> None:
    """No value of any field raises anything else, at reading."""
    path = case_of(tmp_path_factory.mktemp("fuzz"), json.dumps({"kind": kind, **settings}))
    try:
        read_case(path)
    except CaseError as error:
        assert all(problem.field for problem in error.problems)  # noqa: PT017 - it may be valid
