"""Downloads, proven against a server on this machine that answers in the shapes of the real APIs.

The shapes follow the documentation of CKAN's `package_show`, of the geoBoundaries API and of
Overpass; no test asks the network.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import shapely
from shell import Shell

from geoloc import boundaries
from geoloc.boundaries import fetched
from geoloc.boundaries.editions import default_edition, user_folder

DATASET = "/api/3/action/package_show?id=cod-ab-afg"
ADM2 = "/api/current/gbOpen/AFG/ADM2/"
OVERPASS = "/api/interpreter"


@dataclass
class Answer:
    """What the server says to one path."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/json"
    length: int | None = None  # announced; by default the true one
    location: str = ""
    wait_s: float = 0.0


@dataclass
class Host:
    """A host on this machine."""

    address: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Host]:
    """Answer for all three sources, in an empty folder with an empty data folder."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            known.asked.append(f"{self.path} {self.rfile.read(size).decode()}".strip())
            answer = known.answers.get(self.path, Answer(status=404))
            time.sleep(answer.wait_s)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.kind)
            if answer.location:
                self.send_header("Location", answer.location)
            length = len(answer.body) if answer.length is None else answer.length
            self.send_header("Content-Length", str(length))
            self.end_headers()
            try:
                self.wfile.write(answer.body)
            except OSError:
                self.close_connection = True

        do_POST = do_GET  # noqa: N815 - a name that http.server looks for

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEOLOC_DATA", str(tmp_path / "data"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        known = Host(f"http://127.0.0.1:{server.server_port}")
        for source in fetched.BASES:
            monkeypatch.setitem(fetched.BASES, source, known.address)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield known
        server.shutdown()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return a function that runs geoloc."""
    return Shell(monkeypatch, capsys)


def features(layer: str, names: tuple[str, ...], start: str = "AF0101") -> bytes:
    """Return some shipped units as GeoJSON: fields for code and name as given."""
    units = [unit for unit in boundaries.load_layer(layer).values() if unit.code >= start][:6]
    code, name = names
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {code: unit.code, name: unit.name, "valid_on": "2025-06-01"},
                    "geometry": json.loads(shapely.to_geojson(unit.geometry)),
                }
                for unit in units
            ],
        }
    ).encode()


def ocha(host: Host, **resource: Any) -> None:
    """Let HDX hold a zip of three GeoJSON files, as it has done since 2025."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        for level in (0, 1, 2):
            content = features("districts", ("adm2_pcode", "adm2_name"))
            members.writestr(f"afg_admin{level}.geojson", content)
    body = archive.getvalue()
    file = "/dataset/x/resource/y/download/afg_admin_boundaries.geojson.zip"
    entry = {
        "name": "afg_admin_boundaries.geojson.zip",
        "format": "GeoJSON",
        "url": host.address + file,
        "hash": hashlib.md5(body, usedforsecurity=False).hexdigest(),
        **resource,
    }
    result = {
        "name": "cod-ab-afg",
        "license_title": "Creative Commons Attribution for Intergovernmental Organisations",
        "dataset_source": "AGCHO, NSIA",
        "dataset_date": "[2025-06-01T00:00:00 TO *]",
        "resources": [{"format": "XLSX", "url": "x"}, entry],
    }
    host.answers[DATASET] = Answer(json.dumps({"success": True, "result": result}).encode())
    host.answers[file] = Answer(status=302, location=f"{host.address}/store/a.zip")
    host.answers["/store/a.zip"] = Answer(body, kind="application/zip")


def geoboundaries(host: Host, **about: Any) -> None:
    """Let geoBoundaries name a GeoJSON file without P-codes."""
    body = features("districts", ("shapeID", "shapeName"))
    description = {
        "boundaryID": "AFG-ADM2-1",
        "boundaryYearRepresented": "2017",
        "boundarySource": "AIMS, Esri",
        "boundaryLicense": "Public Domain",
        "admUnitCount": "6",
        "gjDownloadURL": f"{host.address}/raw/geoBoundaries-AFG-ADM2.geojson",
        **about,
    }
    host.answers[ADM2] = Answer(json.dumps(description).encode())
    host.answers["/raw/geoBoundaries-AFG-ADM2.geojson"] = Answer(body, kind="text/plain")


def way(role: str, *points: tuple[float, float]) -> dict[str, Any]:
    """Return a member of a relation as `out geom` gives it."""
    shape = [{"lat": lat, "lon": lon} for lon, lat in points]
    return {"type": "way", "ref": 1, "role": role, "geometry": shape}


A, B, C, D = (69.10, 34.50), (69.12, 34.50), (69.12, 34.52), (69.10, 34.52)
HOLE = ((69.105, 34.505), (69.11, 34.505), (69.11, 34.51), (69.105, 34.505))


def overpass(host: Host, *elements: dict[str, Any], **more: Any) -> None:
    """Let Overpass answer with these elements."""
    document = {
        "version": 0.6,
        "osm3s": {"timestamp_osm_base": "2026-11-20T08:00:00Z"},
        "elements": list(elements),
        **more,
    }
    host.answers[OVERPASS] = Answer(json.dumps(document).encode())


def relation(name: str, *members: dict[str, Any]) -> dict[str, Any]:
    """Return a relation with a name."""
    tags = {"type": "boundary", "boundary": "administrative", "name": name}
    return {"type": "relation", "id": 7, "tags": tags, "members": list(members)}


def test_ocha_is_found_followed_checked_and_imported(run: Shell, host: Host) -> None:
    """The districts of the three layers, through a redirect, with licence, source and date."""
    ocha(host)
    done = run("boundaries", "fetch", "ocha", "--yes", "--json")
    assert done.status == 0, done.err
    assert done.json["edition"] == "cod-ab-2025-06-01"
    assert done.json["units"] == 6
    assert "They learn your network address" in done.err
    edition = boundaries.editions()[-1]
    assert edition.attribution == "OCHA / AGCHO, NSIA"
    assert edition.licence.startswith("Creative Commons Attribution for Intergov")
    assert default_edition("districts") == edition.id
    assert boundaries.unit("AF0104").name == "Bagrami"


def test_geoboundaries_gets_codes_by_overlap(run: Shell, host: Host) -> None:
    """Its file has no P-codes; each unit gets that of the same place."""
    geoboundaries(host)
    done = run("boundaries", "fetch", "geoboundaries", "--yes", "--json")
    assert done.status == 0, done.err
    assert done.json["edition"] == "gbopen-2017"
    assert sorted(boundaries.load_layer("districts")) == [f"AF010{n}" for n in range(1, 7)]


def test_openstreetmap_relations_become_units(run: Shell, host: Host) -> None:
    """Rings from lines in any order and direction, with a hole; other areas are left out."""
    overpass(
        host,
        relation("ناحیه ۱", way("outer", C, D, A), way("outer", C, B, A), way("inner", *HOLE)),
        {**way("outer", B, (69.14, 34.5), C, B), "id": 8, "tags": {"name:en": "District 6"}},
        relation("Kabul City", way("outer", A, B, C, D, A)),
        relation("PD9", way("outer", A, B)),
    )
    done = run("boundaries", "fetch", "osm", "--yes", "--json", "--accuracy", "30")
    assert done.status == 0, done.err
    layer = boundaries.load_layer("police-districts")
    assert sorted(layer) == ["AF-KBL-PD1", "AF-KBL-PD6"]
    assert layer["AF-KBL-PD1"].geometry.equals(shapely.Polygon([A, B, C, D], [HOLE]))
    assert layer.edition.licence == "ODbL 1.0"
    assert layer.edition.valid_on == "2026-11-20"
    assert "relation 7 (AF-KBL-PD9)" in layer.edition.note
    assert layer["AF-KBL-PD1"].sigma_m == 30


def test_nobody_is_asked_before_the_user_agrees(run: Shell, host: Host) -> None:
    """Without a terminal and without --yes nothing leaves this machine."""
    ocha(host)
    done = run("boundaries", "fetch", "ocha")
    assert done.status == 2
    assert "add --yes" in done.err
    assert host.asked == []


def test_a_no_asks_nobody(run: Shell, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host is named first; after a no it has not been asked."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda _: False)
    done = run("boundaries", "fetch", "osm")
    assert done.status == 0
    assert "127.0.0.1" in done.out
    assert "Nobody was asked" in done.out
    assert host.asked == []


@pytest.mark.parametrize("source", list(fetched.SOURCES))
def test_the_real_hosts_are_asked_over_tls_and_named(source: str) -> None:
    """The constants are https, and the warning names every host of the source."""
    assert fetched.BASES[source].startswith("https://")
    words = fetched.SOURCES[source].warning()
    assert fetched.BASES[source].removeprefix("https://") in words
    assert all(name in words for name in fetched._ONWARD[source])
    assert max(map(len, words.splitlines())) <= 130


HTML = Answer(b"<!DOCTYPE html><html>please log in</html>", kind="text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(status=404), "answered 404"),
        (Answer(status=500, body=b"oops"), "answered 500"),
        (Answer(status=429), "answered 429"),
        (HTML, "a web page instead of data"),
        (Answer(b"  <html>", kind="application/json"), "a web page instead of data"),
        (Answer(b'{"success": tr'), "no JSON"),
        (Answer(b"[]"), "unknown shape"),
        (Answer(b'{"success": true', length=500), "cut off|broke off"),
        (Answer(b'{"success": false}'), "did not find its dataset"),
        (Answer(b'{"success": true, "result": {"resources": []}}'), "no GeoJSON or Shapefile"),
        (Answer(status=302, location="https://evil.example/x"), "not one of its known places"),
        (Answer(status=302, location="http://data.humdata.org/x"), "not one of its known places"),
        (Answer(status=302, location="file:///etc/passwd"), "answered 302.*not allowed"),
        (Answer(status=302, location=DATASET), "answered 302"),
        (Answer(b"{}", wait_s=2.0), "within 0.5 s"),
        (Answer(b" " * 3_000_000), "more than 1 MB"),
    ],
)
def test_a_failure_is_one_line_and_leaves_nothing(
    run: Shell, host: Host, answer: Answer, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the host does: exit 2, one line that says what, and nothing is written."""
    monkeypatch.setattr(fetched, "SILENCE_S", 0.5)
    monkeypatch.setattr(fetched, "MOST_BYTES", 1_000_000)
    host.answers[DATASET] = answer
    _fails(run, "ocha", words)


def _fails(run: Shell, source: str, words: str) -> None:
    done = run("boundaries", "fetch", source, "--yes", "--json")
    assert done.status == 2
    assert done.out == ""
    (line,) = [each for each in done.err.splitlines() if each.startswith("geoloc: ")]
    assert re.search(words, line), line
    assert "Traceback" not in done.err
    assert not user_folder().exists()


def test_a_wrong_hash_is_refused_with_both(run: Shell, host: Host) -> None:
    """The file is not the one that HDX announced."""
    ocha(host, hash="sha256:" + "0" * 64)
    _fails(run, "ocha", f"expected {'0' * 64}, found [0-9a-f]{{64}}")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"PK\x03\x04 broken", "broken archive"),
        (b'{"type": "FeatureCollection", "features": []}', "no one layer of districts"),
        (b"", "whatever its name says"),
    ],
)
def test_a_file_that_is_no_layer_is_refused(
    run: Shell, host: Host, body: bytes, words: str
) -> None:
    """A download goes through the same fence as any file."""
    ocha(host, hash="")
    host.answers["/store/a.zip"] = Answer(body, kind="application/zip")
    _fails(run, "ocha", words)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"gjDownloadURL": "https://evil.example/a.geojson"}, "not one of its known places"),
        ({"gjDownloadURL": "ftp://github.com/a"}, "not one of its known places"),
        ({"gjDownloadURL": None}, "not one of its known places"),
        ({"admUnitCount": "398"}, "sent 6 districts, and 398 were announced"),
        ({"boundaryYearRepresented": ""}, "of which year"),
    ],
)
def test_geoboundaries_that_contradicts_itself_is_refused(
    run: Shell, host: Host, about: dict[str, Any], words: str
) -> None:
    """Count, year and address must be as announced."""
    geoboundaries(host, **about)
    _fails(run, "geoboundaries", words)


def test_a_pointer_of_git_lfs_is_no_file(run: Shell, host: Host) -> None:
    """GitHub sends such a pointer when the file itself is not to be had."""
    geoboundaries(host)
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    host.answers["/raw/geoBoundaries-AFG-ADM2.geojson"] = Answer(pointer, kind="text/plain")
    _fails(run, "geoboundaries", "a pointer instead of the file")


def test_openstreetmap_without_nahias_says_so(run: Shell, host: Host) -> None:
    """Nothing at all, other areas only, open rings only, or a query that gave up."""
    overpass(host)
    _fails(run, "osm", r"OpenStreetMap holds no nahia polygons in Kabul\.")
    overpass(host, relation("Kabul", way("outer", A, B, C, D, A)), relation("5"))
    _fails(run, "osm", "no nahia polygons in Kabul; it has 2 other areas")
    overpass(host, relation("PD5", way("outer", A, B, C)))
    _fails(run, "osm", "no nahia polygons")
    overpass(host, remark="runtime error: Query timed out in 'query' at line 3 after 121 seconds.")
    _fails(run, "osm", "gave up: runtime error: Query timed out")
    assert "relation%5B%22boundary%22" in host.asked[0]


def test_a_host_that_is_not_there_is_one_line(
    run: Shell, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connection refused, and a name that does not exist."""
    monkeypatch.setitem(fetched.BASES, "osm", "http://127.0.0.1:9")
    _fails(run, "osm", "127.0.0.1 cannot be reached: .*refused")
    assert host.asked == []
