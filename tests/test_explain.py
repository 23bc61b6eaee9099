"""What a police district's shape rests on, told row by row of `localities.csv`."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import rasterio
import shapely
from rasterio.warp import transform
from shell import Shell

from geoloc import EditionError, boundaries

FOLDER = Path(__file__).parent.parent / "boundaries"
EDITIONS = ["nahia-2019", "iec-2014"]
PD = "AF-KBL-PD"


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder with an empty data folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEOLOC_DATA", str(tmp_path / "data"))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return a function that runs geoloc."""
    return Shell(monkeypatch, capsys)


def rows(edition: str) -> list[dict[str, str]]:
    """Return the table's rows for an edition."""
    with (FOLDER / "localities.csv").open(encoding="utf-8", newline="") as stream:
        said = [row for row in csv.DictReader(stream) if row["vintage"] == edition]
    # Three rows stand for points of Bagrami centre; nobody said them.
    return [row for row in said if not row["note"].startswith("a point of the area")]


def ids(listed: Any) -> set[str]:
    """Return the ids of weighed statements."""
    return {each.said.id for each in listed}


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_row_of_a_label_is_told_once(edition: str) -> None:
    """It draws, or names without drawing, or is of another system; none is dropped."""
    table = rows(edition)
    for code in boundaries.load_layer("police-districts", edition):
        found = boundaries.explain(code, edition)
        own = [row for row in table if row["code"] == code]
        told = [*found.rests_on, *found.undrawn, *found.hawza]
        assert len(told) == len(own)
        assert ids(told) == {row["id"] for row in own}
        assert ids(found.rests_on) == {row["id"] for row in own if not row["doubt"]}
        assert ids(found.astray) <= ids(told)
        assert not ids(found.against) & ids(told)


def nearest_cells(code: str, edition: str) -> dict[str, float]:
    """Return the raster's cell at each row's place, read with GDAL, for rows of other labels."""
    placed = [row for row in rows(edition) if row["lon"] and row["code"] != code]
    with rasterio.open(FOLDER / f"membership-{edition}.tif") as raster:
        band = raster.descriptions.index(code) + 1
        lon, lat = ([float(row[axis]) for row in placed] for axis in ("lon", "lat"))
        x, y = transform("EPSG:4326", raster.crs, lon, lat)
        cells = raster.sample(zip(x, y, strict=True), indexes=band, masked=True)
        return {row["id"]: float(cell[0]) / 250 for row, cell in zip(placed, cells, strict=True)}


@pytest.mark.parametrize("code", [f"{PD}22", f"{PD}15", f"{PD}2"])
def test_against_are_the_other_labels_in_the_extent(code: str) -> None:
    """Those where the raster holds a tenth and more, deepest first; .08 is interpolation's room."""
    found = boundaries.explain(code)
    cells = nearest_cells(code, "nahia-2019")
    told = ids(found.against)
    assert told >= {each for each, share in cells.items() if share >= 0.18}
    assert told <= {each for each, share in cells.items() if share >= 0.02}
    depths = [each.membership or 0 for each in found.against]
    assert depths == sorted(depths, reverse=True)
    for each in found.against:
        assert each.membership == pytest.approx(cells[each.said.id], abs=0.08)


def test_astray_is_where_another_answer_is_likelier() -> None:
    """PD4's Shahr-e-Now lies among the Shahr-e-Naw of PD10."""
    found = boundaries.explain(f"{PD}4")
    (shahr,) = [each for each in found.astray if each.said.locality == "Shahr-e-Now"]
    assert shahr.top == f"{PD}10"
    for each in found.rests_on:
        lon, lat = float(each.said.lon or 0), float(each.said.lat or 0)
        shares = boundaries.membership([lon], [lat], "police-districts")
        assert (each in found.astray) == (shares.iloc[0].idxmax() != found.unit.code)


def test_qala_e_ahmad_khan_contradicts_itself() -> None:
    """The boys' school is PD16's, the girls', 0.6 km south, rural Bagrami's; on a 200 m grid."""
    (other,) = [
        each
        for each in boundaries.explain(f"{PD}16").contradicted
        if each.said.locality == "Qala-e-Ahmad Khan"
    ]
    assert other.said.label == "rural AF0104"
    assert other.apart_m == pytest.approx(600, abs=150)


def test_a_name_is_the_same_in_other_letters_of_its_particle() -> None:
    """Kart-e-Parwan is of PD4 and of PD2, nearest first."""
    found = boundaries.explain(f"{PD}4").contradicted
    assert {each.said.code for each in found if "Parwan" in each.said.locality} == {f"{PD}2"}
    gaps = [each.apart_m for each in found if each.apart_m is not None]
    assert gaps == sorted(gaps)


def test_pd18_keeps_its_two_systems_apart() -> None:
    """Four statements tell of the police hawza in the west; none of them counts for the nahia."""
    found = boundaries.explain(f"{PD}18")
    assert len(found.hawza) == 4
    assert {each.said.label for each in found.hawza} == {"police hawza 18"}
    west = {each.said.locality for each in found.hawza if each.said.lon}
    assert west == {"Pul-e Khushk, Dasht-e Barchi"}
    assert not {each.said.system for each in (*found.rests_on, *found.undrawn)} - {"nahia"}
    barchi = boundaries.explain(f"{PD}13").contradicted
    assert "police hawza 18" in {each.said.label for each in barchi}


def test_pd20_rests_on_nothing() -> None:
    """One statement names it; it has no line, so nothing can lie within it."""
    found = boundaries.explain(f"{PD}20")
    assert (found.rests_on, found.astray, found.against, found.shares) == ((), (), (), ())
    assert [each.said.locality for each in found.undrawn] == ["Chahar Asyab"]
    assert found.areas_km2 == {}
    assert found.left_out is None


@pytest.mark.parametrize("number", [2, 15, 22])
def test_areas_and_shares_of_the_extent(number: int) -> None:
    """Areas as UTM measures them; the mean memberships over the extent sum to nearly 1."""
    found = boundaries.explain(f"{PD}{number}")
    zones = boundaries.load_layer("police-districts").zones(found.unit.code)
    assert zones is not None
    metric = gpd.GeoSeries([zones.core, zones.likely, zones.extent], crs=4326).to_crs(32642)
    assert list(found.areas_km2.values()) == pytest.approx(list(metric.area / 1e6), rel=1e-3)
    shares = dict(found.shares)
    assert 0.9 < sum(shares.values()) <= 1 + 1e-9
    assert shares[found.unit.code] > 0.3


def test_left_out_is_the_table_s_own_sum() -> None:
    """Count rank 1 and ranks 1 and 2 of PD15's rows; doubted ones were asked about too."""
    asked = [
        int(row["left_out_rank"])
        for row in rows("nahia-2019")
        if row["code"] == f"{PD}15" and row["left_out_rank"]
    ]
    told = boundaries.explain(f"{PD}15").left_out
    assert told is not None
    assert told.localities == len(asked)
    assert told.right == pytest.approx(asked.count(1) / len(asked), abs=0.001)
    assert told.first_two == pytest.approx(sum(r <= 2 for r in asked) / len(asked), abs=0.001)


@pytest.mark.parametrize(
    ("code", "edition", "words"),
    [
        (f"{PD}22", "iec-2014", "no police district PD22; try --edition nahia-2019"),
        ("Bagrami", None, "no police district Bagrami; there are PD1 to PD22"),
        (f"{PD}22", "ocha-2018", "No edition 'ocha-2018' of police-districts"),
    ],
)
def test_what_cannot_be_explained_says_why(code: str, edition: str | None, words: str) -> None:
    """A unit of another edition, no unit at all, another layer's edition."""
    with pytest.raises(EditionError, match=words):
        boundaries.explain(code, edition)


def test_pd22_is_explained_in_words(run: Shell) -> None:
    """Areas, the left-out figures in plain words, every row by its id, every source."""
    started = time.perf_counter()
    words = run("boundaries", "explain", "PD22").out
    assert time.perf_counter() - started < 1.5
    assert "Of 3 localities, 0 would have been told right and 2 among the first two" in words
    assert "Approximate, computed from labelled localities." in words
    for row in rows("nahia-2019"):
        if row["code"] == f"{PD}22":
            (line,) = [line for line in words.splitlines() if line.startswith(row["id"])]
            said = (
                f"{float(row['left_out_p']):.2f}, no PD {float(row['left_out_top_p']):.2f} likelier"
            )
            assert said in line
            assert row["confidence"] in line
    assert "Kabul Municipality (km.gov.af/13488), c. 2024-03; position: GeoNames" in words
    assert "the same list has Bagrami in nahia 22" in " ".join(words.split())


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_explanation_fits_100_columns(run: Shell, edition: str) -> None:
    """No line is longer, and none is cut off but names and publishers."""
    for code in boundaries.load_layer("police-districts", edition):
        done = run("boundaries", "explain", code.removeprefix("AF-KBL-"), "--edition", edition)
        lines = done.out.splitlines()
        assert max(map(len, lines)) <= 100
        assert not [line for line in lines if line.endswith("…")]
        assert lines.count("") < 12


def test_pd18_and_pd20_are_explained_in_words(run: Shell) -> None:
    """The other system is told of, and that there is no line."""
    assert "PD18 is also the number of a police hawza, another system" in (
        run("boundaries", "explain", "PD18").out
    )
    words = run("boundaries", "explain", "PD20").out
    assert "No line is known" in words
    assert "For: statements that draw PD20: none." in words
    assert "its position is known to 5 km only" in words


def test_json_is_complete(run: Shell) -> None:
    """Every column of the table and what the model says; nulls for a unit without a line."""
    found = run("boundaries", "explain", "PD22", "--json").json
    assert list(found) == [
        "code", "name", "name_fa", "edition", "caveat", "confidence", "sigma_m", "area_km2",
        "left_out", "note", "shares_of_extent",
        "rests_on", "undrawn", "astray", "against", "contradicted", "hawza",
    ]  # fmt: skip
    columns = set(rows("nahia-2019")[0])
    for each in found["rests_on"]:
        assert each.keys() == columns | {
            "label", "membership", "top", "top_membership", "apart_m"
        }  # fmt: skip
    assert found["left_out"]["localities"] == 3
    assert list(found["area_km2"]) == ["core", "likely", "extent"]
    nowhere = run("boundaries", "explain", "PD20", "--json").json
    assert nowhere["area_km2"] is nowhere["left_out"] is nowhere["sigma_m"] is None
    assert nowhere["undrawn"][0]["membership"] is None


def test_an_imported_edition_has_no_statements(run: Shell) -> None:
    """One line says so, and which edition has some; nothing is printed."""
    units = gpd.GeoDataFrame(
        {"NO": [22]}, geometry=[shapely.box(69.25, 34.48, 69.30, 34.51)], crs=4326
    )
    units.to_file("official.geojson")
    done = run(
        "boundaries", "import", "official.geojson", "--as", "police-districts", "--code-field",
        "NO", "--publisher", "Kabul Municipality", "--valid-on", "2024", "--accuracy", "50",
        "--yes",
    )  # fmt: skip
    assert done.status == 0
    refused = run("boundaries", "explain", "PD22")
    assert (refused.status, refused.out) == (2, "")
    assert "Kabul Municipality's own drawing" in refused.err
    assert "--edition nahia-2019" in refused.err
    assert run("boundaries", "explain", "PD22", "--edition", "nahia-2019").status == 0
