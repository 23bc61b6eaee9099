"""`geoloc area`: what it prints, and what other programs read of what it writes."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import jsonschema
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from shell import Shell

from geoloc import area, files, geo
from geoloc.area import exports
from geoloc.clues import Clue, Drawn, NotWithin
from geoloc.gazetteer import Place

BAGRAMI = "2023-05-08-bagrami-pd22"
HOSTILE = '</name><script>alert(1)</script> ]]> & "quoted" \x1b[31m ناحیه'
CASE = """\
id: 2024-01-31-synthetic
title: "<script>alert(1)</script> & ]]> \\e[31m\\u202E raid"
date: 2024-01-31
summary: Made up for a test.
geolocation: {status: approximate, reason: "Made up \\e[2J."}
evidence:
  - finding: Seen from the hill.
    by: A
    status: likely
    origin: "photo \\e[31m1"
    reliability: 0.9
    clues:
      - kind: near
        landmark: {name: "the\\e[31m hill", lon: 69.24, lat: 34.54, sigma_m: 50}
        at_most_m: 4000
  - finding: The hill in the north.
    by: A
    status: likely
    origin: photo 2
    reliability: 0.9
    clues:
      - kind: bearing
        landmark: {name: the hill, lon: 69.24, lat: 34.54, sigma_m: 50}
        azimuth_deg: 0
  - finding: Far in the west.
    by: B
    status: likely
    origin: a post
    reliability: 0.9
    clues:
      - kind: drawn
        polygon: [[69.0, 34.4], [69.05, 34.4], [69.05, 34.45], [69.0, 34.45]]
"""
LEDGER = {
    "says": "string",
    "origin": "string",
    "reliability": "number",
    "bits": "number",
    "area_km2": "number",
    "area_without_km2": "number",
    "wrong": "number",
    "against": "array",
    "sentence": "string",
}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return a command line inside this process, which finds the shipped cases."""
    monkeypatch.setenv("GEOLOC_CASES", str(files.shipped("cases")))
    return Shell(monkeypatch, capsys)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """Write a case of three findings, of which the last contradicts the others."""
    path = tmp_path / "2024-01-31-synthetic.yaml"
    path.write_text(CASE, encoding="utf-8")
    return path


def test_a_person_reads_area_and_ledger(run: Shell) -> None:
    """Title, status, prior, regions, each clue's part, and what to type next."""
    done = run("area", BAGRAMI)

    assert done.status == 0
    for words in (
        "Monday 2023-05-08  Evening raid",
        "Geolocation: approximate. ",
        "Prior: uniform over Kabul province",
        "95 % area",
        "It happened within Bagrami district, PD22.",
        "Seen in: shared photo or photos of the damaged property",
        "It brought",
    ):
        assert words in done.out
    assert done.out.rstrip().endswith(f"Next: geoloc map {BAGRAMI}")


def test_contradictions_are_named_and_no_text_steers_the_terminal(run: Shell, case: Path) -> None:
    """The third clue is named against both others; 100 columns are enough for all of it."""
    done = run("area", case)

    assert done.status == 0
    assert "Clues 1 and 3 can hardly both be right" in done.out
    assert "Clues 1 and 2" not in done.out
    assert "It contradicts: inside the area drawn" in " ".join(done.out.split())
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    # A command to type is never broken into lines, and this one holds pytest's long path.
    assert max(map(len, done.out.partition("Next:")[0].splitlines())) <= 100
    for mass in ("50%", "80%", "95%"):
        assert mass in done.out


def test_json_has_the_promised_shape(run: Shell, case: Path) -> None:
    """A script finds every field, with its type, by a validator of its own."""
    region = {name: {"type": "number"} for name in ("mass", "held", "area_km2", "diameter_km")}
    region["geometry"] = {"type": "object"}
    entry = {name: {"type": kind} for name, kind in LEDGER.items()}
    schema = {
        "type": "object",
        "required": ["id", "status", "prior", "regions", "ledger"],
        "properties": {
            "regions": {"items": {"properties": region, "required": [*region]}},
            "ledger": {"items": {"properties": entry, "required": [*entry]}},
        },
    }

    found = run("area", case, "--json").json

    jsonschema.validate(found, schema)
    assert [each["mass"] for each in found["regions"]] == [0.5, 0.8, 0.95]
    assert [each["origin"] for each in found["ledger"]] == ["photo \x1b[31m1", "photo 2", "a post"]
    assert found["ledger"][2]["against"]


def test_json_agrees_with_case_show(run: Shell) -> None:
    """Two commands say one thing about the same regions."""
    here = run("area", BAGRAMI, "--json").json["regions"]
    there = run("case", "show", BAGRAMI, "--json").json["likely_area"]["regions"]

    for one, other in zip(here, there, strict=True):
        assert one["held"] == other["held"]
        assert one["area_km2"] == pytest.approx(other["area_km2"], abs=0.06)
        assert shapely.geometry.shape(one["geometry"]).equals(
            shapely.geometry.shape(other["geometry"])
        )


def test_a_case_without_geolocation_says_why(run: Shell, tmp_path: Path) -> None:
    """No likely area is an answer; only a file of it cannot be written."""
    done = run("area", "2022-11-12-khairkhana-pd15")
    assert done.status == 0
    assert "No likely area" in done.out
    assert "filmed at night" in done.out

    found = run("area", "2022-11-12-khairkhana-pd15", "--json").json
    assert (found["regions"], found["prior"], found["ledger"]) == (None, None, [])

    refused = run("area", "2022-11-12-khairkhana-pd15", "-o", tmp_path / "a.kml")
    assert refused.status == 2
    assert "filmed at night" in refused.err
    assert not (tmp_path / "a.kml").exists()


@pytest.mark.parametrize("name", ["area.shp", "area", "area.kmz"])
def test_an_unknown_format_is_refused_at_once(run: Shell, tmp_path: Path, name: str) -> None:
    """The error names the formats that there are."""
    done = run("area", BAGRAMI, "-o", tmp_path / name)

    assert done.status == 2
    assert ".geojson, .kml, .tif" in done.err
    assert done.err.count("\n") == 1


def test_a_file_that_cannot_be_written_is_one_line(run: Shell, tmp_path: Path) -> None:
    """A folder in the way is an error without a traceback."""
    for suffix in (".geojson", ".kml", ".tif"):
        (tmp_path / f"a{suffix}").mkdir()
        done = run("area", BAGRAMI, "-o", tmp_path / f"a{suffix}")
        assert done.status == 2
        assert "it is a folder" in done.err
        assert done.err.count("\n") == 1


def test_a_bad_clue_is_one_line_with_file_and_field(run: Shell, case: Path) -> None:
    """What was wrong can be found in the file at once."""
    case.write_text(CASE.replace("azimuth_deg: 0", "azimuth_deg: 400"), encoding="utf-8")

    done = run("area", case)

    assert done.status == 2
    assert f"{case}, line 24: evidence[1].clues[0].azimuth_deg: must be from 0" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("suffix", [".geojson", ".kml"])
def test_gdal_reads_the_regions_back(run: Shell, case: Path, suffix: str) -> None:
    """Three polygons, largest first, whose areas on UTM 42N are those stated; no point."""
    path = case.with_suffix(suffix)
    assert run("area", case, "-o", path).status == 0

    read = pyogrio.read_dataframe(path)

    assert list(read["mass"].astype(float)) == [0.95, 0.8, 0.5]
    assert set(read["status"]) == {"approximate"}
    assert set(read["prior"]) == {"uniform over Kabul province"}
    assert set(read.geometry.geom_type) <= {"Polygon", "MultiPolygon", "GeometryCollection"}
    assert read.geometry.is_valid.all()
    assert read.crs.to_epsg() == 4326
    for row in read.to_crs("EPSG:32642").itertuples():
        assert float(row.held) >= float(row.mass)
        assert row.geometry.area / 1e6 == pytest.approx(float(row.area_km2), rel=0.005)


def test_the_surface_is_a_valid_cog_that_sums_to_1(run: Shell, case: Path) -> None:
    """GDAL finds the layout of a COG; the regions hold the masses that the files state."""
    path = case.with_suffix(".tif")
    assert run("area", case, "-o", path).status == 0
    stated = run("area", case, "--json").json["regions"]

    with rasterio.open(path) as raster:
        assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert raster.crs.to_epsg() == 32642
        surface, transform = raster.read(1), raster.transform
    assert surface.sum(dtype=float) == pytest.approx(1, abs=1e-6)
    rows, cols = np.indices(surface.shape) + 0.5
    east, north = transform @ (cols.ravel(), rows.ravel())
    lon, lat = geo.from_crs(east, north, "EPSG:32642")
    for region in stated:
        inside = shapely.contains_xy(shapely.geometry.shape(region["geometry"]), lon, lat)
        held = surface.ravel()[inside].sum(dtype=float)
        assert held == pytest.approx(region["held"], abs=1e-3)


def _area() -> area.LikelyArea:
    """Return a likely area with a hole in it: a square around Kabul, without PD8."""
    box = shapely.box(69.0, 34.4, 69.4, 34.6)
    clues: list[Clue] = [
        Drawn(box, "a sketch", confidence=0.99, name=HOSTILE),
        NotWithin(Place("PD8", ("AF-KBL-PD8",)), "a post"),
    ]
    return area.likely_area(clues, area.uniform_prior(cell_m=500.0))


def test_geojson_keeps_rfc_7946() -> None:
    """Outer rings run anticlockwise, holes clockwise, with 5 decimals, and the caveat is there."""
    document = exports.as_geojson(_area(), status="exact")

    assert json.loads(json.dumps(document)) == json.loads(json.dumps(document, allow_nan=False))
    assert [f["properties"]["mass"] for f in document["features"]] == [0.95, 0.8, 0.5]
    for feature in document["features"]:
        assert feature["properties"]["status"] == "exact"
        assert "not where it was found" in feature["properties"]["caveat"]
        shape = shapely.geometry.shape(feature["geometry"])
        assert shape.is_valid
        for part in shapely.get_parts(shape):
            assert part.exterior.is_ccw
            assert not any(hole.is_ccw for hole in part.interiors)
        corners = shapely.get_coordinates(shape)
        assert (corners == corners.round(5)).all()


def test_kml_escapes_hostile_text_and_keeps_holes() -> None:
    """Any title is text of the one name; expat reads the whole, and no area is lost."""
    likely = _area()

    root = ElementTree.fromstring(exports.as_kml(likely, title=HOSTILE).encode())  # noqa: S314 - ours

    space = "{http://www.opengis.net/kml/2.2}"
    assert root.tag == f"{space}kml"
    assert root.findtext(f"{space}Document/{space}name") == HOSTILE.replace("\x1b", "\ufffd")
    assert not [each for each in root.iter() if each.tag.endswith("}script")]
    assert not list(root.iter(f"{space}Point"))
    styles = {f"#{style.get('id')}" for style in root.iter(f"{space}Style")}
    assert len(styles) == 3
    assert {used.text for used in root.iter(f"{space}styleUrl")} == styles
    holes = list(root.iter(f"{space}innerBoundaryIs"))
    shapes = [
        shapely.geometry.shape(feature["geometry"])
        for feature in exports.as_geojson(likely)["features"]
    ]
    assert len(holes) == sum(
        len(part.interiors) for shape in shapes for part in shapely.get_parts(shape)
    )
    assert holes


def test_the_densest_cell_is_in_no_export(run: Shell, case: Path) -> None:
    """No file and no output names the modal point."""
    likely = _area()
    lon, lat = (f"{value:.4f}" for value in likely.mode)

    for text in (json.dumps(exports.as_geojson(likely)), exports.as_kml(likely)):
        assert "mode" not in text
        assert f"{lon}, {lat}" not in text
        assert f"{lon},{lat}" not in text
    assert "mode" not in run("area", case, "--json").json


def test_help_shows_an_example(run: Shell) -> None:
    """The command's help begins with what to type."""
    done = run("area", "--help")

    assert "Example: geoloc area 2023-05-08-bagrami-pd22" in " ".join(done.out.split())


def test_a_case_by_id_in_another_folder(run: Shell, case: Path, tmp_path: Path) -> None:
    """`--cases` finds it, and the next command keeps it."""
    folder = tmp_path / "my cases"
    folder.mkdir()
    shutil.copy(case, folder)

    done = run("area", "2024-01-31-synthetic", "--cases", folder)

    assert f"Next: geoloc map 2024-01-31-synthetic --cases '{folder}'" in done.out
