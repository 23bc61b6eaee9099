"""What comes in from outside, and what does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from conftest import Oracle

from geoloc import fence
from geoloc.errors import FenceError
from geoloc.fence.child import RefusedError
from geoloc.fence.geojson import read as read_geojson
from geoloc.fence.kml import read as read_kml

SQUARE = "69,34 69.1,34 69.1,34.1 69,34.1 69,34"
POINT = "<coordinates>%s</coordinates>"
TABLE = gpd.GeoDataFrame(
    {"PD": [1, 2], "name": ["Deh Afghanan", "ناحیه ۲"]},
    geometry=[shapely.box(69, 34, 69.1, 34.1), shapely.box(69.1, 34, 69.2, 34.1)],
    crs="EPSG:4326",
)


def geojson(path: Path, **members: Any) -> Path:
    """Write a GeoJSON file with one square, and other members as given."""
    feature = {
        "type": "Feature",
        "properties": {"PD": 1},
        "geometry": {"type": "Polygon", "coordinates": [pairs(SQUARE)]},
    }
    document = {"type": "FeatureCollection", "features": [feature], **members}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def pairs(text: str) -> list[list[float]]:
    """Return KML coordinates as GeoJSON positions."""
    return [[float(x) for x in point.split(",")] for point in text.split()]


def kml(path: Path, inner: str, head: str = "") -> Path:
    """Write a KML file around some elements."""
    body = f'<kml xmlns="x"><Document>{inner}</Document></kml>'
    text = f'<?xml version="1.0" encoding="UTF-8"?>{head}{body}'
    path.write_text(text, encoding="utf-8")
    return path


def placemark(name: str, ring: str = SQUARE, extra: str = "") -> str:
    """Return a placemark with one polygon."""
    return (
        f"<Placemark><name>{name}</name>{extra}<Polygon><outerBoundaryIs><LinearRing><coordinates>"
        f"{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )


def zipped(path: Path, members: dict[str, bytes | str]) -> Path:
    """Write a zip archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def shapefile(tmp_path: Path) -> dict[str, bytes]:
    """Return the parts of a Shapefile by ending."""
    folder = tmp_path / "parts"
    folder.mkdir()
    TABLE.to_file(folder / "units.shp", encoding="utf-8")
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "fgb", "kml", "shp", "zip"])
def test_every_kind_reads_the_same(
    tmp_path: Path, ending: str, shapefile: dict[str, bytes]
) -> None:
    """Two squares with a number and a Dari name come through any format, under a wrong name too."""
    path = tmp_path / f"units.{ending}"
    if ending == "zip":
        zipped(path, {f"folder/units{end}": content for end, content in shapefile.items()})
    elif ending == "shp":
        for end, content in shapefile.items():
            path.with_suffix(end).write_bytes(content)
    else:
        TABLE.to_file(path, driver={"kml": "KML"}.get(ending))
    (layer,) = fence.read_outside(path)
    assert layer.crs == "EPSG:4326"
    found = {
        str(row["PD"]): shape
        for row, shape in zip(layer.properties, layer.geometries(), strict=True)
    }
    assert found["1"].equals(TABLE.geometry[0])
    assert found["2"].equals(TABLE.geometry[1])
    if ending != "kml":  # GDAL's writer moves the name elsewhere
        assert {row["name"] for row in layer.properties} == set(TABLE.name)


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    """A GeoPackage called .geojson is a GeoPackage."""
    TABLE.to_file(tmp_path / "units.gpkg")
    path = (tmp_path / "units.gpkg").rename(tmp_path / "units.geojson")
    assert fence.sniff(path) == "gpkg"
    assert len(fence.read_outside(path)[0].wkb) == 2


def test_every_layer_is_read_and_counted(tmp_path: Path) -> None:
    """Two layers of one GeoPackage are two layers, none of them the first by chance."""
    TABLE.to_file(tmp_path / "two.gpkg", layer="nahia")
    TABLE[:1].to_file(tmp_path / "two.gpkg", layer="hawza")
    found = fence.read_outside(tmp_path / "two.gpkg")
    assert {layer.name: len(layer.wkb) for layer in found} == {"nahia": 2, "hawza": 1}


def test_all_22_folders_of_a_kml_are_read(tmp_path: Path) -> None:
    """GDAL gives 1 row of 22 here, with only a warning."""
    folders = "".join(
        f"<Folder><name>PD{n}</name>{placemark(f'unit {n}')}</Folder>" for n in range(1, 23)
    )
    (layer,) = fence.read_outside(kml(tmp_path / "a.kml", folders))
    assert [row["folder"] for row in layer.properties] == [f"PD{n}" for n in range(1, 23)]


def test_extended_data_keep_their_names(tmp_path: Path) -> None:
    """Data and SimpleData, in any order, with gaps: each value stays under its own name."""
    extra = [
        '<ExtendedData><Data name="PD"><value>5</value></Data>'
        '<Data name="b"><value/></Data></ExtendedData>',
        '<ExtendedData><SchemaData schemaUrl="#s"><SimpleData name="b">x</SimpleData>'
        '<SimpleData name="PD">6</SimpleData></SchemaData></ExtendedData>',
        '<ExtendedData><Data name="name"><value>ناحیه ۲</value></Data></ExtendedData>',
    ]
    inner = "".join(placemark(f"p{k}", extra=text) for k, text in enumerate(extra))
    (layer,) = fence.read_outside(kml(tmp_path / "a.kml", inner))
    assert [row.get("PD") for row in layer.properties] == ["5", "6", None]
    assert [row.get("b") for row in layer.properties] == ["", "x", None]
    assert layer.properties[2]["name"] == "ناحیه ۲"
    assert layer.properties[2]["placemark_name"] == "p2"


def test_a_kml_ring_that_is_not_closed_is_closed_and_said(tmp_path: Path) -> None:
    """Four corners without the first again make the square, with a note."""
    path = kml(tmp_path / "a.kml", placemark("a", SQUARE.rpartition(" ")[0]))
    (layer,) = fence.read_outside(path)
    assert layer.geometries()[0].equals(TABLE.geometry[0])
    assert "not closed" in layer.notes[0]


def test_a_kmz_and_a_zip_of_geojson_files_are_read(tmp_path: Path) -> None:
    """Every map inside an archive is a layer; what is no map is left alone."""
    text = kml(tmp_path / "a.kml", placemark("a")).read_text("utf-8")
    assert len(fence.read_outside(zipped(tmp_path / "a.kmz", {"doc.kml": text}))[0].wkb) == 1
    one = geojson(tmp_path / "one.geojson").read_text("utf-8")
    members: dict[str, bytes | str] = {"adm1.geojson": one, "adm2.geojson": one, "read.me": "hi"}
    found = fence.read_outside(zipped(tmp_path / "b.zip", members))
    assert [layer.name for layer in found] == ["adm1", "adm2"]


@pytest.mark.parametrize(
    "name", ["EPSG:32642", "urn:ogc:def:crs:EPSG::32642", "urn:ogc:def:crs:EPSG:6.9:32642"]
)
def test_a_stated_crs_in_geojson_is_honoured_and_said(tmp_path: Path, name: str) -> None:
    """GeoJSON of 2008 with its own CRS is read in it, and a note says so."""
    stated = {"type": "name", "properties": {"name": name}}
    (layer,) = fence.read_outside(geojson(tmp_path / "a.geojson", crs=stated))
    assert layer.crs == "EPSG:32642"
    assert "EPSG:32642" in layer.notes[0]


def test_large_whole_numbers_stay_exact(tmp_path: Path) -> None:
    """An id beyond 2^53 is not rounded."""
    path = tmp_path / "a.geojson"
    text = geojson(path).read_text("utf-8").replace('"PD": 1', '"PD": 9007199254740993')
    path.write_text(text, encoding="utf-8")
    assert fence.read_outside(path)[0].properties[0]["PD"] == 9007199254740993


VRT = (
    "<OGRVRTDataSource><OGRVRTLayer name='secret'><SrcDataSource>{}</SrcDataSource>"
    "</OGRVRTLayer></OGRVRTDataSource>"
)
DOCTYPE = '<!DOCTYPE kml [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("name", ["units.geojson", "units.kml"])
def test_a_vrt_under_another_name_reads_and_asks_nothing(
    tmp_path: Path, name: str, oracle: Oracle
) -> None:
    """GDAL would open the file and the address that it names; nobody is called here."""
    path = tmp_path / name
    path.write_text(VRT.format(f"/vsicurl/http://{oracle.address}/x.geojson"), encoding="utf-8")
    with pytest.raises(FenceError, match="OGRVRTDataSource"):
        fence.read_outside(path)
    assert oracle.calls == []


@pytest.mark.parametrize(
    "address",
    ["https://example.org/a.geojson", "/vsicurl/http://127.0.0.1/a", "/vsizip/a.zip", "s3://b/a",
     "file:///etc/passwd", "PG:dbname=x", "/dev/zero", "missing.kml", "."],
)  # fmt: skip
def test_an_address_or_a_device_is_not_opened(address: str) -> None:
    """Only plain files on this machine are read."""
    with pytest.raises(FenceError):
        fence.read_outside(address)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[1, 2]", "not GeoJSON"),
        ('{"type": "Topology"}', "'Topology', not GeoJSON"),
        ('{"type": "FeatureCollection", "features": [', "no JSON"),
        ('{"type": "FeatureCollection", "features": {"a": 1}}', "no list"),
        ('{"type": "Point", "type": "Point", "coordinates": [69, 34]}', "twice"),
        ('{"type": "Point", "coordinates": [69, NaN]}', "NaN"),
        ('{"type": "Point", "coordinates": [69, 1e999]}', "finite"),
        ('{"type": "Point", "coordinates": ["69", "34"]}', "no number"),
        ('{"type": "Point", "coordinates": [69]}', "finite"),
        ('{"type": "Polygon", "coordinates": [[[1, 1], [2, 2], [3, 1]]]}', "not closed"),
        ('{"type": "Polygon", "coordinates": 5}', "make no Polygon"),
        ('{"type": "Point", "coordinates": [1, 2], "crs": {"type": "link"}}', "CRS of its own"),
    ],
)
def test_geojson_that_could_be_misread_is_refused(content: str, words: str) -> None:
    """Not a number, two of one key, open rings: a phrase says which."""
    with pytest.raises(RefusedError, match=words):
        read_geojson(content.encode(), "a")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("hello", "whatever its name says"),
        ("", "whatever its name says"),
        ('{"type": "Point", "coordinates": [69, NaN]}', "'a.geojson' holds the number NaN"),
        ('{"type": "Feature", "geometry": ' * 90_000, "nested too deeply"),
    ],
)
def test_a_refusal_names_the_file_and_the_reason(tmp_path: Path, content: str, words: str) -> None:
    """What the reader says in the child becomes the error here."""
    path = tmp_path / "a.geojson"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FenceError, match=words):
        fence.read_outside(path)


@pytest.mark.parametrize(
    ("inner", "head", "words"),
    [
        (placemark("a"), DOCTYPE, "DOCTYPE"),
        (placemark("a"), '<!DOCTYPE kml SYSTEM "http://127.0.0.1/x.dtd">', "DOCTYPE"),
        ("<Placemark>", "", "broken XML"),
        ("<Folder>" * 200 + "</Folder>" * 200, "", "nested too deeply"),
        (
            placemark("a", extra='<ExtendedData><Data name="PD"><value>1</value></Data>'
                      '<Data name="PD"><value>2</value></Data></ExtendedData>'),
            "", "two values of 'PD'",
        ),
    ],
)  # fmt: skip
def test_kml_that_is_unsafe_or_broken_is_refused(
    tmp_path: Path, inner: str, head: str, words: str
) -> None:
    """No document type is declared, and no raw geometry error gets out."""
    with pytest.raises(RefusedError, match=words):
        read_kml(kml(tmp_path / "a.kml", inner, head).read_bytes(), "a")


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (placemark("b", "69,34 70,35"), "ring of 2 points"),
        (placemark("b", "69,34 69.1,NaN 69.1,34.1 69,34"), "finite"),
        (placemark("b", "69,34 x,34 69.1,34.1 69,34"), "no numbers"),
        (placemark("b", ""), "finite"),
        (f"<Placemark><Point>{POINT % '69.2, 34.5'}</Point></Placemark>", "without a blank"),
        (f"<Placemark><LineString>{POINT % '69,34'}</LineString></Placemark>", "line of one point"),
    ],
)
def test_a_broken_shape_in_kml_stops_no_other(tmp_path: Path, broken: str, words: str) -> None:
    """The feature has no shape and says why; who cannot say it is not given the layer's shapes."""
    path = kml(tmp_path / "a.kml", placemark("a") + broken + placemark("c"))
    (layer,) = fence.read_outside(path)
    shapes = layer.geometries(skip_broken=True)
    assert [shape is None for shape in shapes] == [False, True, False]
    assert list(layer.broken) == [1]
    assert words in layer.broken[1]
    with pytest.raises(FenceError, match="Feature 2 of the layer 'a' has"):
        layer.geometries()


@pytest.mark.parametrize(
    "line",
    ["<trk><name>b</name><trkseg>%s</trkseg></trk>", "<rte><name>b</name>%s</rte>"],
)
def test_a_line_of_one_point_in_gpx_stops_no_other(tmp_path: Path, line: str) -> None:
    """GDAL gives WKB that GEOS refuses; only that track or route is broken."""
    tag = "trkpt" if "trk" in line else "rtept"
    ends = "".join(f'<{tag} lat="{lat}" lon="69.2"/>' for lat in (34.5, 34.6))
    one = line % f'<{tag} lat="34.5" lon="69.2"/>'
    path = tmp_path / "a.gpx"
    path.write_text(
        f'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">{one}{line % ends}</gpx>'
    )
    (layer,) = (each for each in fence.read_outside(path) if each.properties)
    assert layer.broken == {0: "has a line of one point"}
    broken, good = layer.geometries(skip_broken=True)
    assert broken is None
    assert good.length == pytest.approx(0.1)


def test_halves_of_characters_do_not_come_in(tmp_path: Path) -> None:
    """JSON can say a lone surrogate in a name, a key or a list: it reads U+FFFD, with a note."""
    path = geojson(tmp_path / "a.geojson", name="x\udc00")
    text = path.read_text("utf-8")
    path.write_text(
        text.replace('"PD": 1', r'"k\ud800": "v\udfff", "l": ["\ud801", "\ud83c\udfda"]')
    )
    (layer,) = fence.read_outside(path)
    assert layer.name == "x\ufffd"
    assert layer.properties == ({"k\ufffd": "v\ufffd", "l": '["\ufffd", "🏚"]'},)
    assert "1 feature(s) held halves of characters" in layer.notes[0]


def test_a_doctype_in_another_encoding_is_seen(tmp_path: Path) -> None:
    """UTF-16 hides the word from a search of bytes, not from the parser."""
    path = tmp_path / "a.kml"
    path.write_bytes(f'<?xml version="1.0" encoding="UTF-16"?>{DOCTYPE}<kml/>'.encode("utf-16"))
    with pytest.raises(FenceError, match="DOCTYPE"):
        fence.read_outside(path)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"../a.kml": "x"}, "leaves it"),
        ({"/etc/a.kml": "x"}, "leaves it"),
        ({"a.zip": "x"}, "another lies"),
        ({"a.txt": "x", "b.gpkg": "y"}, "it holds .gpkg, .txt"),
        ({}, "whatever its name says"),
        ({"a.kml": "x", "A.KML": "y"}, "twice"),
        ({"a.shp": "not one"}, "no Shapefile"),
        ({"a.kml": VRT}, "OGRVRTDataSource"),
        ({f"{n}.kml": "" for n in range(2100)}, "2,100 files"),
    ],
)
def test_an_archive_out_of_order_is_refused(
    tmp_path: Path, members: dict[str, bytes | str], words: str
) -> None:
    """Names that leave it, archives in archives, too many files, nothing to read."""
    with pytest.raises(FenceError, match=words):
        fence.read_outside(zipped(tmp_path / "a.zip", members))


def test_a_link_and_a_cut_in_an_archive_are_refused(tmp_path: Path) -> None:
    """A symbolic link, and an archive whose end is missing."""
    entry = zipfile.ZipInfo("doc.kml")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(FenceError, match="a link"):
        fence.read_outside(tmp_path / "a.kmz")
    whole = zipped(tmp_path / "b.kmz", {"doc.kml": os.urandom(5000)}).read_bytes()
    (tmp_path / "b.kmz").write_bytes(whole[:3000])
    with pytest.raises(FenceError, match="broken archive"):
        fence.read_outside(tmp_path / "b.kmz")


def test_a_kmz_bomb_is_refused_quickly_in_little_memory(tmp_path: Path) -> None:
    """400 MB in 0.4 MB, and 100 MB under the size limit: refused before anything is unpacked."""
    for name, megabytes in (("a.kmz", 400), ("b.kmz", 100)):
        with (
            zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("doc.kml", "w", force_zip64=True) as stream,
        ):
            for _ in range(megabytes):
                stream.write(b" " * 1_000_000)
    script = (
        "import resource, sys, time; from geoloc import fence\n"
        "for name in sys.argv[1:]:\n"
        "    start = time.monotonic()\n"
        "    try: fence.read_outside(name)\n"
        "    except fence.FenceError as error: print(error)\n"
        "    print(time.monotonic() - start, file=sys.stderr)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a.kmz"), str(tmp_path / "b.kmz")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["unpacks", "holds"]
    *seconds, kilobytes = map(float, done.stderr.split())
    assert max(seconds) < 5
    assert kilobytes < 300_000


def test_an_archive_that_lies_about_its_size_is_stopped(tmp_path: Path) -> None:
    """The count that matters is of bytes that come out, not of those announced."""
    path = zipped(tmp_path / "a.kmz", {"doc.kml": b" " * 900_000})
    content = path.read_bytes().replace((900_000).to_bytes(4, "little"), b"\x10\0\0\0")
    path.write_bytes(content)
    with pytest.raises(FenceError):
        fence.read_outside(path)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (fence.Limits(file_bytes=10), "more than the"),
        (fence.Limits(features=0), "more than 0 features"),
        (fence.Limits(seconds=0), "longer than 0 s"),
    ],
)
def test_a_file_beyond_the_limits_is_given_up(
    tmp_path: Path, limits: fence.Limits, words: str
) -> None:
    """Size, number and time are bounded, and the message says which bound it was."""
    with pytest.raises(FenceError, match=words):
        fence.read_outside(geojson(tmp_path / "a.geojson"), limits)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps RLIMIT_AS")
def test_a_file_that_wants_much_memory_is_given_up(tmp_path: Path) -> None:
    """A million empty features are small on disk and large in memory."""
    path = tmp_path / "a.geojson"
    path.write_text('{"features": [' + "{}," * 8_000_000 + "{}]}", encoding="utf-8")
    with pytest.raises(FenceError, match=r"0\.4 GB of memory"):
        fence.read_outside(path, fence.Limits(memory_bytes=400_000_000))


@pytest.mark.parametrize("ending", ["gpkg", "fgb", "shp", "dbf", "shx"])
@pytest.mark.parametrize("share", [0.2, 0.6])
def test_a_file_that_is_cut_off_is_one_clear_line(
    tmp_path: Path, ending: str, share: float
) -> None:
    """GDAL reads a cut .shp as shapes that are missing, and a cut FlatGeobuf as empty: not here."""
    path = tmp_path / f"a.{'shp' if ending in ('dbf', 'shx') else ending}"
    boxes = [shapely.box(69 + k / 100, 34, 69.01 + k / 100, 34.1) for k in range(50)]
    gpd.GeoDataFrame({"PD": range(50)}, geometry=boxes, crs="EPSG:4326").to_file(path)
    part = path.with_suffix(f".{ending}")
    part.write_bytes(part.read_bytes()[: int(part.stat().st_size * share)])
    with pytest.raises(FenceError) as refused:
        fence.read_outside(path)
    assert path.name in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The private folder goes with the answer, also after a refusal."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    fence.read_outside(geojson(tmp_path / "a.geojson"))
    with pytest.raises(FenceError):
        fence.read_outside(kml(tmp_path / "a.kml", "<"))
    assert list((tmp_path / "t").iterdir()) == []
