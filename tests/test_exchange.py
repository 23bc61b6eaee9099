"""What goes out comes back, other programs read it, and nothing is mended or told in silence."""

from __future__ import annotations

import json
import os
import random
import re
import sqlite3
import struct
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from exchange_cases import casebook as made_casebook
from exchange_cases import nested_kml
from shell import Shell
from test_drawings import AREA, NEAR, SQUARE, incident

from geoloc import casebook, exchange, fence, files
from geoloc.casebook import Drawing, Finding
from geoloc.errors import CRSError, InputError, OutputError
from geoloc.exchange import incoming, qgis
from geoloc.fence.kml import read as read_kml

SUFFIXES = (".geojson", ".kml", ".kmz", ".gpkg", ".parquet", ".fgb", ".gpx", ".csv", ".xlsx")
SHAPES = SUFFIXES[:7]
KML = "{http://www.opengis.net/kml/2.2}"
SCRIPT = "<script>alert(1)</script> & ]]> <img src=x onerror=y>"
LINE = {"type": "LineString", "coordinates": [[69.1, 34.5], [69.2, 34.6]]}
YARD = [[[69.21, 34.49], [69.212, 34.49], [69.212, 34.492], [69.21, 34.492], [69.21, 34.49]]]
PHOTO = {
    "file": "photos/a.jpg", "sha256": "ab" * 32, "origin": "photo 3",
    "features": [{"number": 1, "x": 0.5, "y": 0.25, "lon": 69.2712345, "lat": 34.4912345}],
}  # fmt: skip


@pytest.fixture(scope="module")
def found() -> Finding:
    """Return a finding with an area, a claim, drawings of three meanings and a photo."""
    return casebook.investigate(
        incident(
            {**AREA, "confidence": 0.9, "rationale": SCRIPT, "drawn_on": "2026-01-02"},
            {**NEAR, "origin": "photo 3"},
            {"name": SCRIPT, "means": "mark", "geometry": LINE, "author": "=1+1"},
            photos=[PHOTO],
        )
    )


@pytest.fixture(scope="module", params=SHAPES)
def taken(
    request: pytest.FixtureRequest, found: Finding, tmp_path_factory: pytest.TempPathFactory
) -> exchange.Taken:
    """Return what comes back of the finding, from each format."""
    return exchange.read_shapes(written(found, tmp_path_factory.mktemp("out"), request.param))


def written(found: Finding, folder: Path, suffix: str, *, exact: bool = True) -> Path:
    """Return the file that one finding was written to."""
    path = folder / f"out{suffix}"
    exchange.export([found], path, exact=exact)
    return path


def parsed(text: str) -> ET.Element:
    """Return XML that a test itself made."""
    return ET.fromstring(text)  # noqa: S314 - nobody else's


# --- Round trips


def as_told(text: str | None, suffix: str, field: str) -> str | None:
    """Return what a format keeps of a text, by its specification and not by our code."""
    if text is None:
        return None
    if suffix in (".kml", ".kmz") or (suffix == ".gpx" and field == "name"):  # XML 1.0, Char
        text = "".join(
            c
            if ord(c) in (9, 10, 13) or 0x20 <= ord(c) <= 0xD7FF or 0xE000 <= ord(c) <= 0xFFFD
            or ord(c) >= 0x10000
            else "\ufffd"
            for c in text
        )  # fmt: skip
    if suffix in (".csv", ".xlsx"):  # XLSX is XML, and escapes all that Unicode calls characters
        text = text.replace("\x00", "\ufffd").replace("\ufffe", "\ufffd")
    if suffix in (".gpkg", ".fgb"):  # strings of C
        text = text.replace("\x00", "\ufffd")
    return text


def expected(drawing: Drawing, suffix: str) -> tuple[Any, ...]:
    """Return a drawing as a format is documented to give it back."""
    fields = drawing.model_dump(mode="json", exclude={"geometry"})
    kept: dict[str, Any] = {
        name: as_told(value, suffix, name) if isinstance(value, str) else value
        for name, value in fields.items()
    }
    if suffix in (".kml", ".kmz", ".gpkg", ".fgb", ".csv", ".xlsx"):
        # Lists of ids stand in these as JSON, which escapes most of such characters.
        listed = json.dumps(drawing.sources, ensure_ascii=False)
        kept["sources"] = json.loads(as_told(listed, suffix, "") or "")
    shape = drawing.geometry.geometry()
    cut = shapely.transform(shape, lambda at: at.round(7))
    return _key(kept, cut if cut.is_valid else shape)


def came_back(drawing: Drawing) -> tuple[Any, ...]:
    """Return a drawing that came back, to be compared."""
    fields = drawing.model_dump(mode="json", exclude={"geometry"})
    return _key(fields, drawing.geometry.geometry())


def _key(fields: dict[str, Any], shape: Any) -> tuple[Any, ...]:
    return json.dumps(fields, sort_keys=True), shape.geom_type, shapely.normalize(shape).wkb


def differences(books: list[list[Finding]], path: Path) -> list[str]:
    """Write casebooks to one file, read it through the fence, and say what is not the same."""
    findings = [finding for book in books for finding in book]
    exchange.export(findings, path, exact=True)
    taken = exchange.read(path)
    told = []
    for finding in findings:
        drawn = finding.incident.drawings
        back = exchange.drawings(only(taken, finding.incident.id))
        wanted = Counter(expected(each, path.suffix) for each in drawn)
        got = Counter(map(came_back, back))
        told += [f"{finding.incident.id}: {each!r}" for each in (wanted - got) + (got - wanted)]
    return told


def only(taken: exchange.Taken, case: str) -> exchange.Taken:
    """Return what was taken of one case."""
    layers = tuple(
        exchange.TakenLayer(
            layer.name, tuple(f for f in layer.features if f.properties.get("case") == case)
        )
        for layer in taken.layers
    )
    return exchange.Taken(taken.name, taken.kind, layers)


def _round_trips(suffix: str, folder: Path, count: int, in_one: int) -> None:
    """Compare casebooks made by chance, many in one file: a fresh reader a file takes 0.5 s."""
    rng = random.Random(f"geoloc {suffix}")  # noqa: S311 - the same cases every time
    for start in range(0, count, in_one):
        books = [made_casebook(rng, start + number) for number in range(in_one)]
        assert differences(books, folder / f"made{suffix}") == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_made_casebooks_come_back_equal(suffix: str, tmp_path: Path) -> None:
    """Every field of every drawing of 40 casebooks, up to the losses that EXCHANGE.md lists."""
    _round_trips(suffix, tmp_path, 40, 40)


@pytest.mark.long
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_5000_made_casebooks_come_back_equal(suffix: str, tmp_path: Path) -> None:
    """The same for 5,000 casebooks a format, 50 in a file."""
    _round_trips(suffix, tmp_path, 5000, 50)


def test_a_real_finding_comes_back_without_what_follows_from_it(
    taken: exchange.Taken, found: Finding
) -> None:
    """Drawings return; likely areas, claimed units, landmarks and photos' features do not."""
    suffix = Path(taken.name).suffix

    assert sorted(map(came_back, exchange.drawings(taken))) == sorted(
        expected(drawing, suffix) for drawing in found.incident.drawings
    )
    layers = Counter(
        feature.properties["layer"] for layer in taken.layers for feature in layer.features
    )
    assert layers == {"likely area": 3, "claimed": 1, "drawing": 3, "photo feature": 1}


def test_the_landmark_of_a_clue_goes_out_once(tmp_path: Path) -> None:
    """What a finding measures from is a point with its name and with what is said of it."""
    tower = {"name": "the water tower", "lon": 69.2743, "lat": 34.4938, "sigma_m": 50}
    near = {"kind": "near", "landmark": tower, "at_most_m": 3000}
    clue = {
        "finding": "seen", "by": "us", "status": "confirmed", "origin": "video 2", "clues": [near],
    }  # fmt: skip
    path = written(casebook.investigate(incident(evidence=[clue])), tmp_path, ".kml", exact=False)
    (landmark,) = [
        feature
        for layer in exchange.read_shapes(path).layers
        for feature in layer.features
        if feature.properties["layer"] == "landmark"
    ]

    assert landmark.name == "the water tower"
    assert "the water tower" in landmark.properties["note"]
    assert landmark.geometry is not None
    assert landmark.geometry.equals(shapely.Point(69.2743, 34.4938))


@pytest.mark.parametrize("suffix", SHAPES)
def test_a_casebook_without_shapes_is_a_file_without_features(suffix: str, tmp_path: Path) -> None:
    """Nothing to draw is no error, and the file can be read."""
    empty = casebook.investigate(incident(status="not-possible", claims=[]))
    taken = exchange.read_shapes(written(empty, tmp_path, suffix))

    assert sum(len(layer.features) for layer in taken.layers) == 0


def test_the_losses_are_told(tmp_path: Path) -> None:
    """What a format changes is said in sentences, and what it does not change is not."""
    bell = {**AREA, "name": "bell\x07", "rationale": "nul\x00", "geometry": {
        "type": "Polygon", "coordinates": [[[69.251234567891, 34.47], *SQUARE[0][1:4],
                                            [69.251234567891, 34.47]]]}}  # fmt: skip
    finding = casebook.investigate(incident(bell))
    told = {
        suffix: " ".join(exchange.export([finding], tmp_path / f"o{suffix}", exact=True))
        for suffix in SHAPES
    }

    assert all("7 decimals" in losses for losses in told.values())
    assert {s for s, losses in told.items() if "control characters" in losses} == {
        ".kml", ".kmz", ".gpkg", ".fgb", ".gpx",
    }  # fmt: skip
    assert {s for s, losses in told.items() if "GPX knows no areas" in losses} == {".gpx"}


# --- What other programs read


def layers_by_gdal(path: Path) -> dict[str, gpd.GeoDataFrame]:
    """Return every layer with shapes that GDAL finds in a file."""
    names = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    if path.suffix == ".gpx":
        names = ["waypoints", "tracks"]
    return {name: pyogrio.read_dataframe(path, layer=name) for name in names}


@pytest.mark.parametrize("suffix", [".geojson", ".kml", ".gpkg", ".fgb", ".gpx"])
def test_gdal_reads_every_feature(suffix: str, found: Finding, tmp_path: Path) -> None:
    """GDAL finds the eight features, valid, where they are."""
    frames = layers_by_gdal(written(found, tmp_path, suffix)).values()

    assert sum(map(len, frames)) == 8
    for frame in frames:
        assert frame.crs is None or frame.crs.to_epsg() == 4326
        assert frame.geometry.is_valid.all()
        assert frame.empty or frame.total_bounds[0] > 68
    area = shapely.Polygon(SQUARE[0])
    assert any(
        shapely.normalize(shapely.build_area(shape)).equals(shapely.normalize(area))
        for frame in frames
        for shape in frame.geometry
        if shape.geom_type != "Point"
    )


def test_geopandas_reads_the_geoparquet(found: Finding, tmp_path: Path) -> None:
    """Its metadata say version 1.1, WKB and WGS 84, and its numbers are numbers."""
    path = written(found, tmp_path, ".parquet")
    frame = gpd.read_parquet(path)
    import pyarrow.parquet

    stated = json.loads(pyarrow.parquet.read_schema(path).metadata[b"geo"])
    assert stated["version"] == "1.1.0"
    assert stated["columns"]["geometry"]["bbox"] == pytest.approx(frame.total_bounds.tolist())
    assert frame.crs.equals("OGC:CRS84")
    assert len(frame) == 8
    assert frame["confidence"].dropna().tolist() == [0.9, 0.9, 0.9]
    assert frame.loc[frame["layer"] == "likely area", "probability"].tolist() == [0.95, 0.8, 0.5]


def test_geoparquet_without_pyarrow_says_how_to_get_it(
    found: Finding, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line names the extra, and the old file stays."""
    (tmp_path / "out.parquet").write_text("old")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    with pytest.raises(InputError, match=r"geoloc\[parquet\]"):
        written(found, tmp_path, ".parquet")
    assert (tmp_path / "out.parquet").read_text() == "old"


def test_geojson_is_as_rfc_7946_has_it(found: Finding, tmp_path: Path) -> None:
    """No crs, a true bbox, at most 7 decimals, and outer rings anticlockwise."""
    text = written(found, tmp_path, ".geojson").read_text("utf-8")
    document = json.loads(text)

    assert "crs" not in document
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in document["features"]]
    assert document["bbox"] == shapely.total_bounds(shapes).tolist()
    numbers = re.findall(r"-?\d+\.(\d+)", json.dumps([f["geometry"] for f in document["features"]]))
    assert max(map(len, numbers)) <= 7
    for shape in shapes:
        for part in shapely.get_parts(shape):
            if part.geom_type == "Polygon":
                assert part.exterior.is_ccw
                assert not any(ring.is_ccw for ring in part.interiors)


def test_every_feature_says_that_it_is_approximate(taken: exchange.Taken, found: Finding) -> None:
    """Case, date, layer, name, status and caveat are in each; a claim says it is not verified."""
    features = [feature for layer in taken.layers for feature in layer.features]

    for feature in features:
        stated = feature.properties
        assert stated["case"] == "2023-05-08-drawn"
        assert stated["date"] == "2023-05-08"
        assert stated["status"] == "approximate"
        assert stated["caveat"].startswith("Approximate.")
    (claimed,) = [f for f in features if f.properties["layer"] == "claimed"]
    assert claimed.name == "PD22 (claimed, not verified)"
    assert "not verified" in claimed.properties["note"]
    assert "approximate" in claimed.properties["edition"]
    assert claimed.properties["licence"]
    assert found.verdicts[0] is not None
    assert float(claimed.properties["probability"]) == pytest.approx(
        found.verdicts[0].probability or 0, abs=1e-4
    )
    assert float(claimed.properties["probability_low"]) <= float(claimed.properties["probability"])


class Tags(HTMLParser):
    """Gathers what a viewer that takes a text for HTML would run or draw."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002 - HTMLParser's own
        """Take down a tag."""
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        """Take down what is read."""
        self.words += data


def test_a_description_in_google_earth_is_plain_text(found: Finding, tmp_path: Path) -> None:
    """Read as HTML, hostile words make no tag but line breaks, and can be read as they are."""
    root = parsed(written(found, tmp_path, ".kml").read_text("utf-8"))
    tags, words = set(), ""
    for description in root.iter(f"{KML}description"):
        seen = Tags()
        seen.feed(description.text or "")
        tags |= seen.tags
        words += seen.words

    assert tags == {"br"}
    assert SCRIPT in words


def test_geojson_holds_no_tag(found: Finding, tmp_path: Path) -> None:
    """Pasted into a page, no word of it can open an element; read as JSON, all are there."""
    text = written(found, tmp_path, ".geojson").read_text("utf-8")

    assert not set("<>&") & set(text)
    names = [feature["properties"]["name"] for feature in json.loads(text)["features"]]
    assert SCRIPT in names


def test_kml_has_folders_shared_styles_types_and_times(found: Finding, tmp_path: Path) -> None:
    """A folder for the case and in it one a layer; every style, field and date is declared."""
    root = parsed(written(found, tmp_path, ".kml").read_text("utf-8"))
    document = root.find(f"{KML}Document")
    assert document is not None
    styles = {f"#{style.get('id')}" for style in document.findall(f"{KML}Style")}
    fields = {f.get("name"): f.get("type") for f in document.iter(f"{KML}SimpleField")}
    folders = [f.findtext(f"{KML}name") for f in document.iter(f"{KML}Folder")]
    placemarks = list(document.iter(f"{KML}Placemark"))

    assert folders == ["2023-05-08-drawn", "claimed", "likely area", "drawing", "photo feature"]
    assert {p.findtext(f"{KML}styleUrl") for p in placemarks} <= styles
    assert {p.findtext(f"{KML}TimeStamp/{KML}when") for p in placemarks} == {"2023-05-08"}
    for cell in document.iter(f"{KML}SimpleData"):
        kind = fields[cell.get("name")]
        assert kind in ("string", "double")
        if kind == "double":
            assert np.isfinite(float(cell.text or ""))
    # Claimed and likely are told apart without colour: an empty outline, and a filling.
    claimed = document.find(f"{KML}Style[@id='claimed']/{KML}PolyStyle/{KML}fill")
    likely = document.find(f"{KML}Style[@id='likely-area']/{KML}PolyStyle/{KML}fill")
    assert claimed is not None
    assert claimed.text == "0"
    assert likely is None


def test_a_geopackage_opens_styled(found: Finding, tmp_path: Path) -> None:
    """Each layer has its default QGIS style; claimed and likely differ in line and filling."""
    path = written(found, tmp_path, ".gpkg")
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = database.execute(
            "SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles"
        ).fetchall()
        columns = dict(
            database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
        )
        kinds = dict(database.execute("SELECT table_name, data_type FROM gpkg_contents").fetchall())
    database.close()

    assert {name: column for name, column, *_ in rows} == columns
    assert set(columns) == {
        "likely_area", "claimed", "drawing_areas", "drawing_lines", "drawing_points",
        "photo_features",
    }  # fmt: skip
    assert all(default == 1 for *_, default in rows)
    assert kinds["layer_styles"] == "attributes"
    settings = {}
    for name, _, style, _ in rows:
        options = parsed(style).iter("Option")
        settings[name] = {each.get("name"): each.get("value") for each in options}
        assert f'class="{qgis._SYMBOLS[name][1]}"' in style
    assert settings["claimed"]["outline_style"] == "dash"
    assert settings["claimed"]["style"] == "no"
    assert settings["likely_area"]["outline_style"] == "solid"
    assert settings["likely_area"]["style"] == "solid"


@pytest.mark.parametrize("suffix", SHAPES)
def test_the_same_finding_makes_the_same_bytes(suffix: str, found: Finding, tmp_path: Path) -> None:
    """No clock and no chance stands in a file."""
    first = written(found, tmp_path, suffix).read_bytes()

    assert written(found, tmp_path, suffix).read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == [f"out{suffix}"]  # nor a journal beside it


@pytest.mark.parametrize("suffix", SHAPES)
def test_a_failed_export_leaves_the_good_file(
    suffix: str, found: Finding, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up at the last moment costs the new file and never the old one."""
    good = written(found, tmp_path, suffix).read_bytes()

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(files, "_force_to_disk", full)
    with pytest.raises(OutputError, match="untouched"):
        written(found, tmp_path, suffix)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [good]


# --- Nothing exact without being asked


@pytest.mark.parametrize("suffix", SHAPES)
def test_no_export_tells_an_exact_place_by_itself(suffix: str, tmp_path: Path) -> None:
    """A yard of 200 m leaves as squares of 1 km: no corner, no landmark, no photo's feature."""
    yard = {**AREA, "geometry": {"type": "Polygon", "coordinates": YARD}}
    pinned = casebook.investigate(
        incident(yard, {"name": "a shop", "means": "mark", "geometry": LINE}, photos=[PHOTO])
    )
    path = tmp_path / f"out{suffix}"
    losses = exchange.export([pinned], path)
    taken = exchange.read_shapes(path)
    features = [feature for layer in taken.layers for feature in layer.features]

    assert {f.properties["layer"] for f in features} == {"claimed", "likely area"}
    for feature in features:
        if feature.properties["layer"] == "likely area":
            corners = shapely.get_coordinates(feature.geometry)
            assert off_the_grid_m(corners) < 1.2  # 5 decimals of a degree
    assert "2 drawing(s) stay at home" in " ".join(losses)
    assert "1 feature(s) of photos stay at home" in " ".join(losses)


def off_the_grid_m(corners: Any) -> float:
    """Return how far corners lie from whole kilometres of UTM 42N, by pyproj."""
    from pyproj import Transformer

    metres = Transformer.from_crs("EPSG:4326", "EPSG:32642", always_xy=True).transform(*corners.T)
    return float(np.abs((np.asarray(metres) + 500) % 1000 - 500).max())


def test_a_wide_drawing_goes_out_as_pages_show_it(found: Finding, tmp_path: Path) -> None:
    """Where a page would draw the clues the file has them, and marks stay at home all the same."""
    path = tmp_path / "out.geojson"
    exchange.export([found], path)
    names = {drawing.means for drawing in exchange.drawings(exchange.read_shapes(path))}

    assert names == {"area", "near"}


# --- What comes in


def kml(tmp_path: Path, *placemarks: str) -> Path:
    """Write a KML file of placemarks."""
    path = tmp_path / "in.kml"
    inner = "".join(placemarks)
    path.write_text(
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{inner}</Document></kml>'
    )
    return path


def polygon(name: str, corners: Iterable[Iterable[float]]) -> str:
    """Return a placemark of one polygon."""
    text = " ".join(f"{lon},{lat}" for lon, lat in corners)
    return (
        f"<Placemark><name>{name}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>{text}"
        "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )


BOW = [(69.25, 34.47), (69.29, 34.51), (69.29, 34.47), (69.25, 34.51), (69.25, 34.47)]


def one(taken: exchange.Taken) -> exchange.TakenFeature:
    """Return the only feature."""
    ((feature,),) = (layer.features for layer in taken.layers)
    return feature


def test_swapped_axes_are_flagged_with_the_other_reading(tmp_path: Path) -> None:
    """Latitude first near Kabul is told and proposed the right way round, and not changed."""
    path = kml(tmp_path, polygon("yard", [(lat, lon) for lon, lat in YARD[0]]))
    flagged = one(exchange.read_shapes(path))

    assert not flagged.usable
    assert flagged.proposed == (69.21, 34.49)
    assert "--swap" in (flagged.problem or "")
    assert flagged.geometry is not None
    assert flagged.geometry.bounds[:2] == (34.49, 69.21)
    read = one(exchange.read_shapes(path, swap=True))
    assert read.problem is None
    assert read.geometry is not None
    assert read.geometry.bounds[:2] == (69.21, 34.49)
    assert exchange.drawings(exchange.read_shapes(path)) == ()


def test_no_good_place_is_taken_for_swapped() -> None:
    """1,000 shapes in Afghanistan are not flagged; each with its axes swapped is."""
    rng = np.random.default_rng(6)
    lon, lat = rng.uniform(60.5, 74.8, 1000), rng.uniform(29.4, 38.4, 1000)

    pairs = list(zip(lon.tolist(), lat.tolist(), strict=True))
    assert not any(incoming._swapped(shapely.Point(x, y)) for x, y in pairs)
    assert all(incoming._swapped(shapely.Point(y, x)) for x, y in pairs)


def test_a_repair_is_shown_and_asked_for(tmp_path: Path) -> None:
    """An invalid shape stays as it is, with what a repair would change; asked for, it is mended."""
    path = kml(tmp_path, polygon("bow", BOW))
    shown = one(exchange.read_shapes(path))

    assert not shown.usable
    assert shown.repaired is None
    assert shown.offered is not None
    assert shown.geometry is not None
    assert not shown.geometry.is_valid
    assert f"{shown.offered.change_m2:+,.0f} m²" in (shown.problem or "")
    mended = one(exchange.read_shapes(path, repair=True))
    assert mended.problem is None
    assert mended.repaired == shown.offered
    assert mended.geometry is not None
    assert mended.geometry.is_valid
    from pyproj import Geod

    size, _ = Geod(ellps="WGS84").geometry_area_perimeter(shapely.orient_polygons(mended.geometry))
    assert mended.repaired is not None
    assert mended.repaired.area_km2 == pytest.approx(abs(size) / 1e6)


def test_a_repair_keeps_what_stands_beside_the_area(tmp_path: Path) -> None:
    """Of a collection only the invalid part is mended; its point stays."""
    path = tmp_path / "in.geojson"
    parts = [
        {"type": "Point", "coordinates": [69.1, 34.5]},
        {"type": "Polygon", "coordinates": [BOW]},
    ]
    path.write_text(json.dumps({"type": "GeometryCollection", "geometries": parts}))
    drawn = exchange.drawings(exchange.read_shapes(path, repair=True))

    assert [each.geometry.type for each in drawn] == ["Point", "MultiPolygon"]


def test_an_area_as_large_as_two_provinces_is_pointed_out(tmp_path: Path) -> None:
    """It is taken, with a word about its size."""
    large = one(
        exchange.read_shapes(
            kml(tmp_path, polygon("all", shapely.box(66, 33, 68, 35).exterior.coords))
        )
    )

    assert large.usable
    assert "km²" in (large.problem or "")


def test_a_crs_of_another_kind_is_honoured_and_told(tmp_path: Path) -> None:
    """A Shapefile on UTM 42N and a GeoJSON of 2008 land where pyproj puts them."""
    place = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.box(69, 34.4, 69.1, 34.5)], crs=4326)
    metres = place.to_crs(32642)
    folder = tmp_path / "shp"
    folder.mkdir()
    metres.to_file(folder / "a.shp")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for part in folder.iterdir():
            archive.write(part, part.name)
    metres.to_file(tmp_path / "old.geojson", RFC7946="NO")

    for name in ("a.zip", "old.geojson"):
        taken = exchange.read_shapes(tmp_path / name)
        shape = one(taken).geometry
        assert shape is not None
        assert shape.bounds == pytest.approx((69, 34.4, 69.1, 34.5), abs=2e-3)
        assert any("Reprojected from" in note for note in taken.layers[0].notes)


def test_a_file_without_a_crs_is_asked_about(tmp_path: Path) -> None:
    """A Shapefile without its .prj is refused until --crs says what its numbers are."""
    folder = tmp_path / "shp"
    folder.mkdir()
    box = shapely.box(5e5, 3.8e6, 5.01e5, 3.81e6)
    gpd.GeoDataFrame({"a": [1]}, geometry=[box], crs=32642).to_file(folder / "a.shp")
    (folder / "a.prj").unlink()

    with pytest.raises(CRSError, match="--crs"):
        exchange.read_shapes(folder / "a.shp")
    shape = one(exchange.read_shapes(folder / "a.shp", crs="EPSG:32642")).geometry
    assert shape is not None
    assert shape.bounds[0] == pytest.approx(69.0, abs=0.01)


def test_coordinates_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    """GDAL gives NaN on; here the feature says so and is not used."""
    path = tmp_path / "nan.gpkg"
    line = struct.pack("<BIIdddd", 1, 2, 2, 69.0, float("nan"), 69.1, 34.1)
    pyogrio.raw.write(
        path, np.array([line], dtype=object), [], [], driver="GPKG", geometry_type="LineString",
        crs="EPSG:4326", layer="a",
    )  # fmt: skip
    feature = one(exchange.read_shapes(path))

    assert feature.problem == "has a coordinate that is no finite number"
    assert not feature.usable


def test_heights_are_left_out_and_collections_come_apart(tmp_path: Path) -> None:
    """A line with heights is a drawing; a collection becomes a drawing for each of its parts."""
    path = tmp_path / "in.geojson"
    high = {"type": "LineString", "coordinates": [[69.1, 34.5, 1800], [69.2, 34.6, 1801]]}
    parts = {
        "type": "GeometryCollection",
        "geometries": [
            {"type": "Point", "coordinates": [69.1, 34.5]},
            {"type": "Polygon", "coordinates": SQUARE},
            {"type": "MultiPoint", "coordinates": [[69.2, 34.5], [69.3, 34.5]]},
        ],
    }
    features = [
        {"type": "Feature", "properties": {"Name": name}, "geometry": shape}
        for name, shape in (("high", high), ("parts", parts))
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    drawn = exchange.drawings(exchange.read_shapes(path))

    assert [(each.name, each.geometry.type) for each in drawn] == [
        ("high", "LineString"),
        ("parts (1 of 4)", "Point"),
        ("parts (2 of 4)", "Polygon"),
        ("parts (3 of 4)", "Point"),
        ("parts (4 of 4)", "Point"),
    ]


@pytest.mark.parametrize(
    "record",
    [
        "[" * 20_000, "[1]", "{", '{"rings": "x"}', '{"rings": [-1, 3]}', '{"rings": [1e9]}',
        '{"rings": [99999999999999999999]}', '{"layer": [], "means": {}}', '{"rings": {"a": 1}}',
    ],
)  # fmt: skip
def test_a_hostile_record_in_a_gpx_is_only_a_strangers_track(
    record: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever stands where geoloc's own record would, the track comes in as a mark."""
    path = tmp_path / "in.gpx"
    path.write_text("<gpx>")
    line = shapely.to_wkb(shapely.MultiLineString([[(69.1, 34.5), (69.2, 34.6)]]))
    said = {"name": "t", "geoloc_record": record}
    layer = fence.OutsideLayer("tracks", "EPSG:4326", (said,), (line,))
    monkeypatch.setattr(fence, "read_outside", lambda _: (layer,))

    (drawn,) = exchange.drawings(exchange.read_shapes(path))
    assert (drawn.means, drawn.geometry.type, drawn.name) == ("mark", "LineString", "t")


def test_newer_google_earth_styles_come_in(tmp_path: Path) -> None:
    """A style inside a CascadingStyle belongs to that one's id."""
    path = tmp_path / "in.kml"
    path.write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"'
        ' xmlns:kml="http://www.opengis.net/kml/2.2"><Document>'
        '<gx:CascadingStyle kml:id="c1"><Style><PolyStyle><color>40ff0000</color></PolyStyle>'
        '</Style></gx:CascadingStyle><StyleMap id="m"><Pair><key>normal</key>'
        "<styleUrl>#c1</styleUrl></Pair></StyleMap><Placemark><styleUrl>#m</styleUrl>"
        "<Point><coordinates>69.1,34.5</coordinates></Point></Placemark></Document></kml>"
    )
    stated = one(exchange.read_shapes(path)).properties

    assert stated["fill"] == "#0000ff"
    assert stated["fill-opacity"] == "0.25"


def test_times_styles_tracks_and_overlays_of_kml_come_in(tmp_path: Path) -> None:
    """The time stamp, the shared style in its map, the track's line and the picture's name."""
    path = tmp_path / "in.kml"
    path.write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2">'
        "<Document><GroundOverlay><name>old plan</name></GroundOverlay><Placemark><name>a</name>"
        "<TimeSpan><begin>2023-05-08</begin><end>2023-05-09</end></TimeSpan><styleUrl>#m</styleUrl>"
        "<gx:Track><when>2023-05-08T10:00:00Z</when><gx:coord>69.1 34.5 1800</gx:coord>"
        "<when>2023-05-08T10:00:09Z</when><gx:coord>69.2 34.6 1801</gx:coord></gx:Track>"
        '</Placemark><StyleMap id="m"><Pair><key>normal</key><styleUrl>#s</styleUrl></Pair>'
        "<Pair><key>highlight</key><styleUrl>#h</styleUrl></Pair></StyleMap>"
        '<Style id="s"><LineStyle><color>7f0000ff</color><width>3</width></LineStyle></Style>'
        "</Document></kml>"
    )
    taken = exchange.read_shapes(path)
    feature = one(taken)

    assert feature.geometry is not None
    assert feature.geometry.wkt == "LINESTRING (69.1 34.5, 69.2 34.6)"
    assert feature.properties == {
        "name": "a", "folder": "", "begin": "2023-05-08", "end": "2023-05-09",
        "stroke": "#ff0000", "stroke-opacity": "0.50", "stroke-width": "3",
    }  # fmt: skip
    assert taken.layers[0].notes == (
        "1 picture overlay(s) hold no shapes: GroundOverlay 'old plan'.",
    )


def _placemarks(text: str) -> int:
    """Count the placemarks of a KML text by another parser, whatever lies around them."""
    return sum(element.tag.endswith("}Placemark") for element in parsed(text).iter())


def _nested(count: int, folder: Path, read: Callable[[str, Path], list[Any]]) -> tuple[int, int]:
    rng = random.Random(200)  # noqa: S311 - the same files every time
    there = taken = 0
    for number in range(count):
        text = nested_kml(rng)
        there += _placemarks(text)
        path = folder / f"nested{number}.{'kmz' if number % 2 else 'kml'}"
        if number % 2:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("doc.kml", text)
        else:
            path.write_text(text, "utf-8")
        taken += len(read(text, path))
    return there, taken


def test_no_placemark_of_a_nested_file_is_lost(tmp_path: Path) -> None:
    """Of 60 files of folders within folders, each has as many features as it has placemarks."""
    there, taken = _nested(
        60, tmp_path, lambda text, _: list(read_kml(text.encode(), "x").features)
    )

    assert there > 1000
    assert taken == there


@pytest.mark.long
def test_no_placemark_of_200_nested_files_is_lost(tmp_path: Path) -> None:
    """The same for 200 KML and KMZ files, through the fence."""

    def read(_: str, path: Path) -> list[Any]:
        return [f for layer in exchange.read_shapes(path).layers for f in layer.features]

    there, taken = _nested(200, tmp_path, read)
    assert there > 3000
    assert taken == there


# --- Into a case


def test_a_strangers_shapes_become_what_the_user_says(tmp_path: Path) -> None:
    """Areas take the meaning and origin that are given; points and lines are marks."""
    point = "<Placemark><name>tower</name><description>&lt;b&gt;high&lt;/b&gt;</description><Point>"
    path = kml(
        tmp_path,
        polygon("foot of the ridge", YARD[0]),
        f"{point}<coordinates>69.2,34.5</coordinates></Point></Placemark>",
    )
    area, tower = exchange.drawings(exchange.read_shapes(path), means="area", origin="photo 3")

    assert (area.means, area.origin, area.name) == ("area", "photo 3", "foot of the ridge")
    assert (tower.means, tower.origin, tower.rationale) == ("mark", None, "high")
    assert area.method == "imported from in.kml, in"


def test_what_else_a_strangers_file_says_of_a_shape_is_kept(tmp_path: Path) -> None:
    """Its values and times stand in the rationale, without markup; how it was drawn does not."""
    values = (
        "<description>by A</description><TimeStamp><when>2023-05-08</when></TimeStamp>"
        "<Style><LineStyle><color>ff0000ff</color></LineStyle></Style><ExtendedData>"
        '<Data name="sure"><value>&lt;b&gt;high&lt;/b&gt;</value></Data>'
        '<Data name="empty"><value></value></Data></ExtendedData>'
    )
    shape = f"<Placemark>{values}<Point><coordinates>69.2,34.5</coordinates></Point></Placemark>"
    (mark,) = exchange.drawings(exchange.read_shapes(kml(tmp_path, shape)))
    assert mark.rationale == "by A\nThe file also says: sure: high; timestamp: 2023-05-08."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a private copy of one shipped case."""
    name = "2023-05-08-bagrami-pd22.yaml"
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / name).write_bytes((files.shipped("cases") / name).read_bytes())
    return folder


CASE = "2023-05-08-bagrami-pd22"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return a command line with nobody to be asked."""
    return Shell(monkeypatch, capsys)


def test_drawings_are_added_once(folder: Path, tmp_path: Path) -> None:
    """Export, import into a case, export again: equal drawings; a second import adds nothing."""
    finding = casebook.investigate(
        incident({**AREA, "origin": "photo 3"}, {"name": "a", "means": "mark", "geometry": LINE})
    )
    path = tmp_path / "drawn.kml"
    exchange.export([finding], path, exact=True)
    drawn = exchange.drawings(exchange.read_shapes(path))
    case = folder / f"{CASE}.yaml"
    before = casebook.read_case(case)

    assert exchange.add_to_case(case, drawn, author="a", why="b") == drawn
    assert exchange.add_to_case(case, drawn, author="a", why="b") == ()
    after = casebook.read_case(case)
    assert after.drawings == drawn
    assert after.model_copy(update={"drawings": ()}) == before
    assert "# No date is given for this post" in case.read_text("utf-8")
    again = tmp_path / "again.kml"
    exchange.export([casebook.investigate(after)], again, exact=True)
    assert Counter(exchange.drawings(exchange.read_shapes(again))) == Counter(drawn)


def test_of_a_casebook_only_this_cases_drawings_are_taken(tmp_path: Path) -> None:
    """A file of two cases gives each its own; for a third it is somebody's file, and gives all."""
    mark = {"means": "mark", "geometry": LINE}
    findings = [
        casebook.investigate(
            incident({**mark, "name": name}, status="not-possible", id=f"2023-05-08-{name}")
        )
        for name in ("one", "two")
    ]
    path = tmp_path / "both.fgb"
    exchange.export(findings, path, exact=True)
    taken = exchange.read_shapes(path)

    for name in ("one", "two"):
        (drawing,) = exchange.drawings(taken, case=f"2023-05-08-{name}")
        assert drawing.name == name
    assert len(exchange.drawings(taken, case="2023-05-08-three")) == 2


def test_a_drawing_that_spoils_the_case_is_not_added(
    folder: Path, tmp_path: Path, shell: Shell
) -> None:
    """An area far outside the study area is refused, and the file stays byte for byte."""
    case = folder / f"{CASE}.yaml"
    before = case.read_bytes()
    path = kml(tmp_path, polygon("far", shapely.box(62, 32, 62.1, 32.1).exterior.coords))
    done = shell(
        "import", path, "--case", CASE, "--cases", folder, "--means", "area", "--origin", "p"
    )

    assert done.status == 2
    assert "study area" in done.err
    assert case.read_bytes() == before


def test_import_refuses_what_nobody_decided(tmp_path: Path, shell: Shell) -> None:
    """Without somebody to ask, an invalid shape stops the import; --repair lets it in."""
    path, out = kml(tmp_path, polygon("bow", BOW)), tmp_path / "out.geojson"
    refused = shell("import", path, "-o", out)

    assert refused.status == 2
    assert "--repair" in refused.err
    assert len(refused.err.strip().splitlines()) == 1
    assert not out.exists()
    done = shell("import", path, "-o", out, "--repair", "--json")
    assert done.status == 0, done.err
    assert done.json["layers"][0]["repairs"][0]["name"] == "bow"
    (feature,) = json.loads(out.read_text("utf-8"))["features"]
    assert feature["properties"]["repair_m2"] > 1e6


def test_the_next_command_swaps_what_is_all_swapped(tmp_path: Path, shell: Shell) -> None:
    """A table whose every row looks swapped is to be read with --swap next."""
    path = tmp_path / "a.csv"
    path.write_text("lat,lon\n69.2,34.5\n69.1,34.6\n")
    assert shell("import", path).out.rstrip().endswith(" --swap -o checked.geojson")
    path.write_text("lat,lon\n69.2,34.5\n34.6,69.1\n")
    assert "--swap -o" not in shell("import", path).out


def test_what_cannot_be_repaired_says_why(tmp_path: Path) -> None:
    """A bow-tie beside a line without length has no repair that leaves both."""
    bow = {"type": "Polygon", "coordinates": [[[69, 34], [69.1, 34.1], [69.1, 34], [69, 34.1],
                                               [69, 34]]]}  # fmt: skip
    dot = {"type": "LineString", "coordinates": [[69, 34], [69, 34]]}
    path = tmp_path / "in.geojson"
    path.write_text(json.dumps({"type": "GeometryCollection", "geometries": [bow, dot]}))
    feature = one(exchange.read_shapes(path, repair=True))
    assert feature.repaired is None
    assert "it was not repaired: no repair leaves all its parts" in (feature.problem or "")


def test_import_signs_with_the_name_in_the_environment(
    folder: Path, tmp_path: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """$GEOLOC_AUTHOR is who did it, also for what is imported."""
    monkeypatch.setenv("GEOLOC_AUTHOR", "Field desk 7")
    path = kml(tmp_path, polygon("yard", SQUARE[0]))
    done = shell("import", path, "--case", CASE, "--cases", folder)
    assert done.status == 0, done.err
    (case_path,) = folder.glob(f"{CASE}*")
    assert casebook.history(case_path)[0][-1].who == "Field desk 7"


def test_a_person_is_asked_before_a_repair(tmp_path: Path) -> None:
    """On a terminal the change is shown with a question; yes mends, no leaves all as it was."""
    path, out = kml(tmp_path, polygon("bow", BOW)), tmp_path / "out.geojson"
    command = [sys.executable, "-m", "geoloc.cli", "import", str(path), "-o", str(out)]
    for answers, there in (("n\nn\n", False), ("y\n", True)):
        ours, theirs = os.openpty()
        os.write(ours, answers.encode())
        done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, check=False)
        os.close(ours)
        os.close(theirs)
        assert "Mend 1 shape(s)" in done.stdout
        assert out.exists() == there


def test_export_says_what_stays_at_home(folder: Path, tmp_path: Path, shell: Shell) -> None:
    """One command writes the file, names its losses and the next command."""
    out = tmp_path / "b.kmz"
    done = shell("export", CASE, "--cases", folder, "-o", out)

    assert done.status == 0, done.err
    assert out.exists()
    assert "Next: geoloc import" in done.out
    refused = shell("export", CASE, "--cases", folder, "-o", tmp_path / "b.dwg")
    assert refused.status == 2
    assert ".gpkg" in refused.err
