"""Tables of points in and out: any header, notation and encoding; swapped axes; Darwin Core."""

from __future__ import annotations

import csv
import os
import random
from pathlib import Path
from typing import Any

import exchange_cases
import mgrs
import pytest
import shapely
from pyproj import Geod, Transformer
from python_calamine import load_workbook

from geoloc import casebook, exchange, fence, tables
from geoloc.casebook import precision
from geoloc.errors import CRSError, FenceError, InputError
from geoloc.exchange import shown
from geoloc.exchange.darwin import TERMS, write_darwin
from geoloc.exchange.points import read_points, write_points
from geoloc.fence import sheets

RAID = Path(__file__).parent.parent / "cases/2023-05-08-bagrami-pd22.yaml"
KABUL = (69.1776, 34.5260)


def table(path: Path, text: str | bytes) -> Path:
    """Write a text table."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def points(path: Path, **options: Any) -> list[tuple[float, float] | None]:
    """Return the points of the only layer, rounded to a metre."""
    (layer,) = read_points(path, **options).layers
    shapes = [each.geometry for each in layer.features]
    return [None if shape is None else _rounded(shape) for shape in shapes]


def _rounded(point: Any) -> tuple[float, float]:
    return round(point.x, 5), round(point.y, 5)


HEADERS = [
    ("lat", "lon"), ("Latitude", "Longitude"), ("y", "x"), ("Y_COORD", "X_COORD"),
    ("POINT_Y", "POINT_X"), ("decimalLatitude", "decimalLongitude"), ("GPS Lat.", "GPS Long."),
    ("geo_lat", "geo_lng"), ("عرض جغرافیایی", "طول جغرافیایی"), ("عرض", "طول"),
    ("عرض البلد", "طول البلد"), ("د عرض البلد درجه", "د طول البلد درجه"),
    ("عرض جغرافيايي", "طول جغرافيايي"),
]  # fmt: skip


@pytest.mark.parametrize(("lat", "lon"), HEADERS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_sensible_header_is_found(tmp_path: Path, lat: str, lon: str, delimiter: str) -> None:
    """English, Dari, Pashto and Esri's names, in three delimiters, with a name column."""
    lines = [("name", lon, lat), ("a", 69.1776, 34.526), ("b", 69.2, 34.5)]
    text = "\n".join(delimiter.join(map(str, line)) for line in lines)
    assert points(table(tmp_path / "a.csv", text)) == [KABUL, (69.2, 34.5)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_are_told(tmp_path: Path, encoding: str) -> None:
    """With a mark or without, eight bits or sixteen; Persian digits and decimal commas."""
    text = "نام;عرض;طول\nکابل;۳۴٫۵۲۶;۶۹٫۱۷۷۶\nب;34,5;69,2\n"
    (layer,) = read_points(table(tmp_path / "a.csv", text.encode(encoding))).layers
    assert [each.name for each in layer.features] == ["کابل", "ب"]
    assert points(tmp_path / "a.csv") == [KABUL, (69.2, 34.5)]


def test_an_old_encoding_is_guessed_and_said(tmp_path: Path) -> None:
    """Windows-1256 is read, and a note asks to check the names."""
    taken = read_points(
        table(tmp_path / "a.csv", "نام,lat,lon\nکابل,34.526,69.1776".encode("cp1256"))
    )
    assert taken.layers[0].features[0].name == "کابل"
    assert any("Windows-1256" in note for note in taken.notes)


@pytest.mark.parametrize(
    "cell",
    [
        "34.5260, 69.1776", "34.5260 N 69.1776 E", "34°31'33.6\"N 69°10'39.4\"E",
        mgrs.MGRS().toMGRS(34.5260, 69.1776), "POINT (69.1776 34.5260)",
        "SRID=4326;POINT(69.1776 34.5260)", "geo:34.5260,69.1776",
        "https://www.google.com/maps/@34.5260,69.1776,15z", "۳۴٫۵۲۶۰، ۶۹٫۱۷۷۶",
    ],
)  # fmt: skip
def test_one_column_of_any_notation_is_read(tmp_path: Path, cell: str) -> None:
    """Whatever the column is called, as long as its cells are points."""
    with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["id", "where"], ["1", cell], ["2", cell]])
    for point in points(tmp_path / "a.csv"):
        assert point == pytest.approx(KABUL, abs=2e-5)


def test_wkt_of_all_kinds_is_read_and_broken_wkt_is_told(tmp_path: Path) -> None:
    """Areas and lines; a deep nest never reaches the geometry library, another CRS is refused."""
    rows = [
        "POLYGON ((69 34, 69.1 34, 69.1 34.1, 69 34))", "MULTIPOINT ((69 34), (69.1 34))",
        "LINESTRING Z (69 34 1800, 69.1 34 1800)", "GEOMETRYCOLLECTION(" * 100_000,
        "SRID=32642;POINT (500000 3800000)", "POINT (34.5 69.2)", "POLYGON ((69 34, 69.1", "",
        "POLYGON ((69 34, 69.1 34.1, 69.1 34, 69 34.1, 69 34))",
    ]  # fmt: skip
    with (tmp_path / "a.tsv").open("w", newline="") as stream:
        csv.writer(stream, delimiter="\t").writerows([["n", "the_geom"], *enumerate(rows)])
    (layer,) = read_points(tmp_path / "a.tsv").layers
    kinds = [each.geometry and each.geometry.geom_type for each in layer.features]
    assert kinds == ["Polygon", "MultiPoint", "LineString", None, None, "Point", None, None,
                     "Polygon"]  # fmt: skip
    told = [each.problem or "" for each in layer.features]
    assert told[:3] == ["", "", ""]
    for problem, words in zip(
        told[3:],
        ("no WKT", "EPSG:32642", "looks swapped", "broken WKT", "no coordinates", "not valid"),
        strict=True,
    ):
        assert words in problem
    assert not any(each.usable for each in layer.features[3:])


def test_every_sheet_of_a_workbook_is_read_with_its_row_numbers(tmp_path: Path) -> None:
    """Blank rows above the header count, numbers and text mix, a sheet without points is told."""
    with tables.new_workbook(tmp_path / "a.xlsx") as book:
        first, second, third = (book.add_worksheet(name) for name in ("a", "b", "notes"))
        first.write_row(2, 0, ["name", "lat", "lon"])
        first.write_row(4, 0, ["x", 34.526, 69.1776])
        first.write_row(6, 0, ["bad", "north", 69.2])
        second.write_row(0, 0, ["MGRS"])
        second.write_row(1, 0, ["42SWD1629719944"])
        third.write_row(0, 0, ["text"])
        third.write_row(1, 0, ["only words"])
    taken = read_points(tmp_path / "a.xlsx")
    assert [layer.name for layer in taken.layers] == ["a", "b"]
    assert any("'notes' was not read" in note for note in taken.notes)
    good, bad = taken.layers[0].features
    assert (good.problem, good.geometry) == (None, shapely.Point(KABUL))
    assert bad.problem is not None
    assert bad.problem.startswith("stands in row 7 ")


# Of places in and around Afghanistan: none of them is in the box of Finland and Russia that a
# swapped table would lie in.
NEAR = (58.0, 24.0, 80.0, 43.0)
AFGHAN = (60.6, 29.5, 74.8, 38.4)


def made_table(rng: random.Random, path: Path, *, swapped: bool) -> Path:
    """Write a table made by chance, whose latitudes stand under longitude if it is swapped."""
    box = AFGHAN if swapped or rng.random() < 0.5 else NEAR
    lat, lon = rng.choice(HEADERS)
    digits, delimiter = rng.randint(2, 7), rng.choice(",;\t")
    comma = delimiter == ";" and rng.random() < 0.5
    lines = [["name", lat, lon] if rng.random() < 0.5 else [lon, lat, "name"]]
    for number in range(rng.randint(1, 30)):
        east, north = rng.uniform(box[0], box[2]), rng.uniform(box[1], box[3])
        if rng.random() < 0.1:
            east = north = float("nan")  # an empty row
        if swapped:
            east, north = north, east
        cells = {
            axis: ""
            if value != value
            else f"{value:.{digits}f}".replace(".", "," if comma else ".")
            for axis, value in ((lat, north), (lon, east))
        }
        if comma:
            cells = {axis: cell.replace(".", ",") for axis, cell in cells.items()}
        lines.append([f"n{number}" if name == "name" else cells[name] for name in lines[0]])
    lines.append([{lat: "69.2", lon: "34.5"}.get(n, "k") if swapped else
                  {lat: "34.5", lon: "69.2"}.get(n, "k") for n in lines[0]])  # fmt: skip
    return table(path, "\n".join(delimiter.join(line) for line in lines))


def check_swaps(tmp_path: Path, count: int) -> None:
    """Flag every swapped table and no good one; change neither; propose the other reading."""
    rng = random.Random(3)  # noqa: S311 - the same tables each time
    for number in range(count):
        swapped = number % 2 == 0
        path = made_table(rng, tmp_path / "a.csv", swapped=swapped)
        (layer,) = read_points(path).layers
        flagged = any("look swapped" in note for note in layer.notes)
        assert flagged == swapped, path.read_text("utf-8")
        filled = [each for each in layer.features if each.geometry is not None]
        assert all((each.proposed is not None) == swapped for each in filled)
        if swapped:
            assert not any(each.usable for each in filled)
            (turned,) = read_points(path, swap=True).layers
            proposed = [each.proposed for each in filled]
            found = [each for each in turned.features if each.geometry is not None]
            corners = [shapely.get_coordinates(each.geometry)[0] for each in found]
            assert [tuple(corner) for corner in corners] == proposed
            assert all(each.usable for each in found)


def test_swapped_tables_are_flagged_and_good_ones_are_not(tmp_path: Path) -> None:
    """10 swapped tables and 10 good ones, of Afghanistan and around it."""
    check_swaps(tmp_path, 20)


@pytest.mark.long
def test_1000_swapped_tables_and_1000_good_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The full count, by the child's own reader in this process: 3,000 children take long."""

    def read_here(path: Path) -> tuple[fence.OutsideSheet, ...]:
        found = sheets.read_text(path.read_bytes(), path.stem)
        return (fence.OutsideSheet(found.name, tuple(map(tuple, found.rows)), tuple(found.notes)),)

    monkeypatch.setattr(fence, "read_sheets", read_here)
    check_swaps(tmp_path, 2_000)


def test_a_single_swapped_row_is_flagged_by_itself(tmp_path: Path) -> None:
    """The others are taken as they stand."""
    path = table(tmp_path / "a.csv", "lat,lon\n34.5,69.2\n69.3,34.4\n34.6,69.1\n")
    (layer,) = read_points(path).layers
    assert [each.usable for each in layer.features] == [True, False, True]
    assert layer.features[1].proposed == (69.3, 34.4)


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        ("a,b\n1,x\n", InputError, "latitude and longitude"),
        ("lat,lat2,latitude,latitude,lon\n1,2,3,4,5\n", InputError, "Several columns"),
        ("", FenceError, "empty"),
        (b"\x00\x01\x02\x03", FenceError, "no text"),
        (b"PK\x03\x04" + b"x" * 99, FenceError, "broken archive"),
    ],
)
def test_what_cannot_be_a_table_of_points_is_one_line(
    tmp_path: Path, content: str | bytes, error: type[Exception], words: str
) -> None:
    """The message names what is wrong."""
    with pytest.raises(error, match=words):
        read_points(table(tmp_path / "a.csv", content))


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_made_drawings_come_back_equal(tmp_path: Path, ending: str) -> None:
    """Formulas, quotes, joiners and line ends survive; what a table cannot hold is said."""
    rng = random.Random(11)  # noqa: S311 - the same cases each time
    compared = 0
    for number in range(25):
        findings = exchange_cases.casebook(rng, number)
        path = tmp_path / f"{number}.{ending}"
        losses = write_points(findings, path, exact=True)
        back = exchange.drawings(read_points(path))
        sent = [each for finding in findings for each in finding.incident.drawings]
        assert len(back) == len(sent)
        for one, other in zip(sent, back, strict=True):
            assert one.geometry.geometry().equals_exact(other.geometry.geometry(), 1e-7) or losses
            for name in set(type(one).model_fields) - {"geometry"}:
                before, after = getattr(one, name), getattr(other, name)
                if any(sign in repr(before) for sign in ("\\x00", "\\ufffe", "\\uffff")):
                    assert losses or "\\x00" not in repr(before)
                    continue  # no characters of any text, and XML cannot hold them
                assert (name, after) == (name, before)
                compared += 1
    assert compared > 500


def test_text_never_runs_in_a_spreadsheet(tmp_path: Path) -> None:
    """CSV cells that a spreadsheet would run have a quote before them, XLSX cells no formula."""
    rng = random.Random(5)  # noqa: S311 - the same cases each time
    findings = [each for n in range(20) for each in exchange_cases.casebook(rng, n)]
    write_points(findings, tmp_path / "a.csv", exact=True)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    begun = {cell[0] for cell in cells if cell and not _is_number(cell)}
    assert begun & set("=+-@\t\r") == set()
    assert any(cell.startswith("'=") for cell in cells)
    write_points(findings, tmp_path / "a.xlsx", exact=True)
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    head, *rows = load_workbook(str(tmp_path / "a.xlsx")).get_sheet_by_index(0).to_python()
    assert all(isinstance(row[head.index("longitude")], float) for row in rows)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_nothing_finer_than_1_km_goes_out_unless_asked_for(tmp_path: Path) -> None:
    """An exact point of a case is in no table of it by default, and in every one with exact."""
    raid = casebook.read_case(RAID).model_dump(mode="json")
    spot = {"type": "Point", "coordinates": [69.2743217, 34.4938765]}
    raid["drawings"] = [{"name": "the house", "means": "near", "geometry": spot, "at_most_m": 50,
                         "origin": "photo 9"}]  # fmt: skip
    finding = casebook.investigate(casebook.Incident.model_validate(raid))
    for write in (write_points, write_darwin):
        write([finding], tmp_path / "a.csv")
        coarse = (tmp_path / "a.csv").read_text("utf-8-sig")
        assert "69.27432" not in coarse
        assert "the house" not in coarse
    write_points([finding], tmp_path / "a.csv", exact=True)
    assert "69.2743217" in (tmp_path / "a.csv").read_text("utf-8-sig")


def test_a_coarse_area_is_approximate_and_its_drawings_origins_stay(tmp_path: Path) -> None:
    """What says `exact` of a case is no word for squares of 1 km; the origin stays at home."""
    raid = casebook.read_case(RAID).model_dump(mode="json")
    raid["geolocation"]["status"] = "exact"
    spot = {"type": "Point", "coordinates": [69.2743217, 34.4938765]}
    raid["drawings"] = [{"name": "the house", "means": "near", "geometry": spot, "at_most_m": 50,
                         "origin": "photo 9"}]  # fmt: skip
    finding = casebook.investigate(casebook.Incident.model_validate(raid))
    for exact, status in ((False, "approximate"), (True, "exact")):
        items, _ = shown.items([finding], exact=exact)
        assert {i.columns["status"] for i in items if i.layer == "likely area"} == {status}
        write_darwin([finding], tmp_path / "a.dwc.csv", exact=exact)
        assert ("photo 9" in (tmp_path / "a.dwc.csv").read_text("utf-8-sig")) == exact


@pytest.mark.parametrize("head", ["x,y", "Easting,Northing", "E,N"])
def test_metres_are_read_in_the_crs_that_is_named(tmp_path: Path, head: str) -> None:
    """UTM as pyproj gives it comes back as the place; without --crs no point is made of it."""
    to_utm = Transformer.from_crs(4326, 32642, always_xy=True)
    east, north = to_utm.transform(*KABUL)
    path = table(tmp_path / "a.csv", f"name,{head}\na,{east},{north}\nb,,\nc,x,1\n")
    taken = exchange.read(path, crs="EPSG:32642")
    first, *others = taken.layers[0].features
    assert _rounded(first.geometry) == KABUL
    assert [each.usable for each in others] == [False, False]
    with pytest.raises(CRSError):
        exchange.read(path, crs="EPSG:999999")
    with pytest.raises(InputError, match="--repair mends shapes of map files"):
        exchange.read(path, repair=True)
    line = table(tmp_path / "w.csv", f"name,wkt\na,POINT ({east} {north})\n")
    assert points(line, crs="EPSG:32642") == [KABUL]


@pytest.mark.parametrize("content", ["Breite,Hohe\n34.5,69.2\n", "lat,lat2,lat 3,lon\n1,2,3,4\n"])
def test_no_option_is_advised_that_import_has_not(tmp_path: Path, content: str) -> None:
    """The remedy is the headers that are understood."""
    path = table(tmp_path / "a.csv", content.replace("lat,lat2", "lat 1,lat2"))
    with pytest.raises(InputError, match="call them latitude and longitude") as raised:
        read_points(path)
    assert "--lat-field" not in str(raised.value)


def test_rows_abroad_are_counted(tmp_path: Path) -> None:
    """Paris, and a longitude that lost its sign, in the words of shapes."""
    path = table(tmp_path / "a.csv", "lat,lon\n48.8,2.3\n34.5,-69.2\n34.5,69.2\n")
    (layer,) = read_points(path).layers
    assert "2 of 3 row(s) lie outside Afghanistan." in layer.notes


def test_a_file_name_that_is_no_text_is_shown_whole(tmp_path: Path) -> None:
    """A name in an old encoding reads U+FFFD, so that a report can be written."""
    path = table(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe9.csv")), "lat,lon\n34.5,69.2\n")
    taken = read_points(path)
    assert (taken.name, taken.layers[0].name) == ("\ufffd.csv", "\ufffd")


def test_darwin_core_holds_the_area_with_its_uncertainty(tmp_path: Path) -> None:
    """The circle of point and radius holds the footprint, measured by pyproj."""
    finding = casebook.investigate(casebook.read_case(RAID))
    write_darwin([finding], tmp_path / "a.dwc.csv")
    with (tmp_path / "a.dwc.csv").open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert tuple(row) == TERMS
    assert (row["eventDate"], row["geodeticDatum"]) == ("2023-05-08", "EPSG:4326")
    assert row["georeferenceVerificationStatus"] == "requires verification"
    assert "Approximate" in row["georeferenceRemarks"]
    area = shapely.from_wkt(row["footprintWKT"])
    lon, lat = float(row["decimalLongitude"]), float(row["decimalLatitude"])
    far = max(Geod(ellps="WGS84").inv(lon, lat, x, y)[2] for x, y in shapely.get_coordinates(area))
    assert far <= int(row["coordinateUncertaintyInMeters"]) <= far + 1
    found = precision.precision_of(finding)
    assert found
    assert row["georeferenceProtocol"] == precision.PROTOCOL
    assert (lon, lat, int(row["coordinateUncertaintyInMeters"])) == (
        found.lon, found.lat, found.radius_m,
    )  # fmt: skip


def test_a_case_without_a_place_says_so_in_darwin_core(tmp_path: Path) -> None:
    """No coordinates are made up: the status and the reason stand instead."""
    path = RAID.with_name("2022-11-12-khairkhana-pd15.yaml")
    write_darwin([casebook.investigate(casebook.read_case(path))], tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["decimalLatitude"] == row["coordinateUncertaintyInMeters"] == ""
    assert row["georeferenceVerificationStatus"] == "unable to georeference"
    assert "filmed at night" in row["georeferenceRemarks"]
    assert "Police District 15" in row["verbatimLocality"]
