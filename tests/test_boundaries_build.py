"""The shipped boundary files, read as a stranger would: with GDAL, csv and a hash."""

import csv
import hashlib
import itertools
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely

BOUNDARIES = Path(__file__).parent.parent / "boundaries"
LAYERS = {
    ("districts-ocha-2018.topojson", "districts"): 399,
    ("districts-ocha-2018.topojson", "provinces"): 34,
    ("districts-geoboundaries-2014.topojson", "districts"): 398,
    # GDAL leaves out a unit without a geometry: PD20 of 2019 is known to no line.
    ("police-districts-nahia-2019.topojson", "police-districts"): 21,
    ("police-districts-iec-2014.topojson", "police-districts"): 19,
}
PD_FILES = [name for name, layer in LAYERS if layer == "police-districts"]
CSV_FILES = ["localities.csv", "gazetteer.csv"]
# Words for buildings in the spellings of the sources, scanning errors included. Not Zindan
# ("prison"), which is also the name of a village.
BUILDINGS = re.compile(
    r"school|lycee|lecyee|lesay|madras|mosque|masjid|hospital|clinic|cinema|cinama|prison|office"
    r"|universit|polytech|poly tech|kindergarten|factory|palace|stadium|pump station|ziarat"
    r"|مسجد|لیسه|ليسه|لبسه|مکتب|مكتب|مدرسه|شفاخانه|کلینیک|سینما|سينما|محبس|پوهنتون|يوهنتون"
    r"|زیارت|زيارت|کودکستان|كودكستان|دفتر",
    re.IGNORECASE,
)


def units_of(file: str, layer: str) -> gpd.GeoDataFrame:
    """Return a layer as GDAL reads it."""
    return pyogrio.read_dataframe(BOUNDARIES / file, layer=layer)


def document(file: str) -> dict[str, Any]:
    """Return a TopoJSON file as plain JSON."""
    return dict(json.loads((BOUNDARIES / file).read_text(encoding="utf-8")))


def rows_of(file: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file as text."""
    with (BOUNDARIES / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def sources() -> dict[str, dict[str, Any]]:
    """Return the records of sources.toml."""
    return tomllib.loads((BOUNDARIES / "sources.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("file", "layer"), LAYERS)
def test_every_unit_is_there_once(file: str, layer: str) -> None:
    """Each layer holds the number of units that its source has, each with its own code."""
    codes = units_of(file, layer)["id"]

    assert len(codes) == LAYERS[file, layer]
    assert codes.is_unique
    assert codes.str.fullmatch(r"AF\d{2}(\d{2})?|GB14-\d{8}|AF-KBL-PD\d{1,2}").all()


@pytest.mark.parametrize(("file", "layer"), LAYERS)
def test_units_are_valid_and_do_not_overlap(file: str, layer: str) -> None:
    """No unit is broken and no point lies inside two units."""
    shapes = units_of(file, layer).geometry
    one, other = shapely.STRtree(shapes.array).query(shapes.array, predicate="intersects")
    pair = one < other
    shared = shapely.intersection(shapes.array[one[pair]], shapes.array[other[pair]])

    assert shapes.is_valid.all()
    assert shapely.area(shared).max(initial=0.0) == 0.0


@pytest.mark.parametrize(("file", "layer"), LAYERS)
def test_coordinates_are_whole_steps(file: str, layer: str) -> None:
    """Every coordinate is a whole number of 1e-5 degrees, about one metre."""
    steps = shapely.get_coordinates(units_of(file, layer).geometry.array) * 1e5

    assert np.abs(steps - np.rint(steps)).max() < 1e-6


@pytest.mark.parametrize(("file", "layer"), LAYERS)
def test_boxes_enclose_their_units(file: str, layer: str) -> None:
    """The bbox beside each unit is the unit's own west, south, east, north."""
    geometries = document(file)["objects"][layer]["geometries"]
    boxes = [unit["bbox"] for unit in geometries if unit["type"]]

    np.testing.assert_allclose(boxes, units_of(file, layer).bounds, rtol=0, atol=1e-9)


def test_provinces_are_their_districts() -> None:
    """Each province covers exactly the districts that name it as their parent."""
    districts = units_of("districts-ocha-2018.topojson", "districts")
    provinces = units_of("districts-ocha-2018.topojson", "provinces").set_index("id")
    ellipsoid = pyproj.Geod(ellps="WGS84")

    for code, members in districts.groupby("parent"):
        parts_m2 = sum(abs(ellipsoid.geometry_area_perimeter(s)[0]) for s in members.geometry)
        whole_m2 = abs(ellipsoid.geometry_area_perimeter(provinces.geometry[code])[0])
        assert whole_m2 == pytest.approx(parts_m2, rel=1e-9)


def test_districts_carry_names_in_two_scripts() -> None:
    """Bagrami is AF0104 in province AF01, in Latin and in Persian."""
    districts = units_of("districts-ocha-2018.topojson", "districts").set_index("id")

    assert districts.loc["AF0104", ["name", "name_fa", "parent"]].tolist() == [
        "Bagrami",
        "بگرامی",
        "AF01",
    ]


def test_editions_meet_in_the_same_codes() -> None:
    """The 2014 unit coded AF0104 is the Bagrami of 2018: they share nearly all their land."""
    newer = units_of("districts-ocha-2018.topojson", "districts").set_index("id")
    older = units_of("districts-geoboundaries-2014.topojson", "districts").set_index("id")
    a, b = newer.geometry["AF0104"], older.geometry["AF0104"]
    coded = older[~older.index.str.startswith("GB14-")]

    assert a.intersection(b).area / a.union(b).area > 0.95
    assert (coded.matched_iou >= 0.5).all()
    assert coded.index.isin(newer.index).all()


@pytest.mark.parametrize("file", PD_FILES)
def test_police_districts_say_they_are_approximate(file: str) -> None:
    """The file itself and every unit in it say that the lines are computed, not official."""
    content = document(file)
    units = content["objects"]["police-districts"]["geometries"]

    assert content["metadata"]["status"] == "approximate, computed from labelled localities"
    assert all(unit["properties"]["approximate"] is True for unit in units)
    assert all(unit["properties"]["sigma_m"] > 0 for unit in units if unit["type"])


def test_current_police_districts_are_numbered_1_to_22() -> None:
    """All 22 are listed; only PD20 has no line, and its note says where it is."""
    units = document("police-districts-nahia-2019.topojson")["objects"]["police-districts"]
    without_line = [u["properties"] for u in units["geometries"] if u["type"] is None]

    assert [u["id"] for u in units["geometries"]] == [f"AF-KBL-PD{n}" for n in range(1, 23)]
    assert [unit["name"] for unit in without_line] == ["PD20"]
    assert "Chahar Asyab" in without_line[0]["note"]
    assert units["geometries"][21]["properties"]["name_fa"] == "ناحیه ۲۲"


@pytest.mark.parametrize(("lon", "lat"), [(69.2743, 34.4938), (69.296, 34.4945)])
def test_pd22_holds_bagrami_centre(lon: float, lat: float) -> None:
    """Both published positions of Bagrami lie in PD22 and in Bagrami district."""
    police = units_of("police-districts-nahia-2019.topojson", "police-districts").set_index("id")
    districts = units_of("districts-ocha-2018.topojson", "districts").set_index("id")
    place = shapely.Point(lon, lat)

    assert police.geometry["AF-KBL-PD22"].contains(place)
    assert districts.geometry["AF0104"].contains(place)


@pytest.mark.parametrize(
    ("name", "lon", "lat"),
    [("Walayati", 69.2007, 34.4701), ("Kamari", 69.2813, 34.4728), ("Mamozai", 69.2579, 34.4550)],
)
def test_rural_bagrami_is_in_no_police_district(name: str, lon: float, lat: float) -> None:
    """A village that every list calls rural Bagrami lies in no police district."""
    police = units_of("police-districts-nahia-2019.topojson", "police-districts").set_index("id")

    holders = police.index[police.contains(shapely.Point(lon, lat))].tolist()
    assert (name, holders) == (name, [])


@pytest.mark.parametrize(
    ("code", "lon", "lat"),
    [
        ("AF-KBL-PD15", 69.1590, 34.5790),  # Khwaja Bughra
        ("AF-KBL-PD8", 69.2451, 34.5036),  # Nasaji Bagrami, the eastern limit of PD8
        ("AF-KBL-PD12", 69.3070, 34.5021),  # Zan Abad
        ("AF-KBL-PD16", 69.2694, 34.5300),  # Halo Khel
        ("AF-KBL-PD21", 69.3961, 34.4894),  # Janat Gul Mina
    ],
)
def test_known_localities_lie_in_their_district(code: str, lon: float, lat: float) -> None:
    """A locality far from contradictions lies in the police district that its source names."""
    police = units_of("police-districts-nahia-2019.topojson", "police-districts").set_index("id")

    assert police.index[police.contains(shapely.Point(lon, lat))].tolist() == [code]


@pytest.mark.parametrize("file", CSV_FILES)
def test_places_have_four_decimals(file: str) -> None:
    """A coordinate has four decimals, or none is given for lon and lat alike."""
    for row in rows_of(file):
        given = [bool(re.fullmatch(r"\d{2}\.\d{4}", row[axis])) for axis in ("lon", "lat")]
        assert given == [True, True] or (row["lon"], row["lat"]) == ("", ""), row


def test_localities_are_generalised() -> None:
    """Every locality lies on the 0.002 degree grid and claims no better than 150 m."""
    for row in rows_of("localities.csv"):
        if row["lon"]:
            steps = [float(row[axis]) / 0.002 for axis in ("lon", "lat")]
            np.testing.assert_allclose(steps, np.rint(steps), atol=1e-6)
            assert float(row["precision_m"]) >= 150


@pytest.mark.parametrize("file", CSV_FILES)
def test_no_building_is_named(file: str) -> None:
    """No spelling of any place, in any script, names a school, mosque or other building."""
    named = [
        value
        for row, column in itertools.product(
            rows_of(file), ("name", "name_fa", "name_ps", "locality", "locality_fa", "note")
        )
        if BUILDINGS.search(value := row.get(column, ""))
    ]

    assert named == []


def test_every_statement_has_source_date_and_vintage() -> None:
    """A row says who said it, when, for which vintage and system, and where it puts the place."""
    for row in rows_of("localities.csv"):
        assert row["source"]
        assert row["date"]
        assert row["vintage"] in {"iec-2014", "nahia-2019"}
        assert row["system"] in {"nahia", "hawza"}
        assert bool(row["code"]) != bool(row["rural_district"]), row


def test_contradictions_are_kept() -> None:
    """Qala-e Ahmad Khan is both in PD16 and in rural Bagrami, as the lists have it."""
    labels = {
        row["code"] or row["rural_district"]
        for row in rows_of("localities.csv")
        if row["locality"] == "Qala-e-Ahmad Khan" and row["vintage"] == "nahia-2019"
    }

    assert labels == {"AF-KBL-PD16", "AF0104"}


def test_gazetteer_keeps_its_spellings_and_order() -> None:
    """The ids are unique and sorted, and Bagrami still has its Persian name."""
    rows = rows_of("gazetteer.csv")
    numbers = [int(row["id"].removeprefix("wof-")) for row in rows]

    assert numbers == sorted(set(numbers))
    assert any(row["name"] == "Bagrami" and row["name_fa"] == "بگرامی" for row in rows)


def test_sources_name_exactly_the_files() -> None:
    """sources.toml has a record with the right hash for each data file, and for nothing else."""
    data_files = {p.name for p in BOUNDARIES.iterdir() if p.suffix in {".topojson", ".csv", ".tif"}}
    records = sources()

    assert {record["file"] for record in records.values()} == data_files
    for key, record in records.items():
        found = hashlib.sha256((BOUNDARIES / record["file"]).read_bytes()).hexdigest()
        assert (key, found) == (Path(record["file"]).stem, record["sha256"])


def test_sources_say_what_an_annex_needs() -> None:
    """Every record has publisher, licence, attribution, dates, accuracy and note."""
    wanted = {
        "file", "title", "publisher", "url", "licence", "attribution", "valid_on", "retrieved_on",
        "accuracy_m", "sha256", "note", "edition", "layers", "approximate",
    }  # fmt: skip

    for record in sources().values():
        assert set(record) - {"membership"} == wanted
        assert record["accuracy_m"] > 0
        assert record["licence"]
        assert record["attribution"]
