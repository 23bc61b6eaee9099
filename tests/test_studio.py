"""One session of the drawing page: opened, drawn in, saved, interrupted, and left."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

import httpx
import mgrs
import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import Affine
from studio_server import CASE, Running, copied, running, studio

from geoloc import casebook
from geoloc.errors import CaseError, InputError
from geoloc.studio.session import Session

__all__ = ["studio"]  # a fixture

AREA = {
    "name": "roofs",
    "means": "area",
    "geometry": {
        "type": "Polygon",
        "coordinates": [
            [[69.27, 34.48], [69.29, 34.48], [69.29, 34.5], [69.27, 34.5], [69.27, 34.48]]
        ],
    },
    "origin": "photo 7",
    "confidence": 0.8,
    "rationale": "the roof line",
}


def _document(session: Session, *drawings: dict[str, Any], **fields: Any) -> dict[str, Any]:
    document: dict[str, Any] = session.answer("open", {})["document"]
    return document | {"drawings": [*document["drawings"], *drawings]} | fields


def _saved(session: Session, document: dict[str, Any], version: str | None = None) -> Any:
    version = version or session.answer("open", {})["case"]["version"]
    payload = {"document": document, "version": version, "author": "Zahra", "why": "roofs matched"}
    return session.answer("save", payload)


def _photo(kind: str = "JPEG", size: tuple[int, int] = (640, 400), **more: Any) -> bytes:
    out = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(out, kind, **more)
    return out.getvalue()


def _sent(content: bytes, name: str = "x") -> dict[str, str]:
    return {"name": name, "content": base64.b64encode(content).decode()}


def _shown(answer: dict[str, Any]) -> bytes:
    return base64.b64decode(answer["picture"].removeprefix("data:image/webp;base64,"))


def test_a_case_opens_with_everything_that_the_page_shows(tmp_path: Path) -> None:
    """Its claims, evidence, sources, lines with their editions, and no draft."""
    told = Session(copied(tmp_path), language="ps").answer("open", {})
    assert told["ok"] is True
    assert told["language"] == "ps"
    assert told["case"]["id"] == CASE
    assert told["claims"][0]["codes"] == ["AF0104"]
    assert {each["status"] for each in told["evidence"]} >= {"likely", "confirmed"}
    assert told["sources"][0]["id"] == "aw-2023-06"
    counts = {name: len(layer["features"]) for name, layer in told["lines"].items()}
    assert counts["provinces"] == 34
    assert counts["police-districts"] >= 21
    assert 15 <= counts["districts"] < 60
    police = told["lines"]["police-districts"]["features"][0]["properties"]
    assert police["approximate"] is True
    assert told["draft"] is None
    json.dumps(told, allow_nan=False)


def test_a_drawing_is_saved_and_the_rest_of_the_file_stays(tmp_path: Path) -> None:
    """Comments, claims and evidence are as they were; the drawing is there; the version is new."""
    path = copied(tmp_path)
    before = path.read_text("utf-8")
    session = Session(path)
    opened = session.answer("open", {})["case"]["version"]
    answer = _saved(session, _document(session, AREA))
    assert answer["ok"] is True
    assert answer["version"] != opened
    after = path.read_text("utf-8")
    assert [line for line in before.splitlines() if line.strip().startswith("#")] == [
        line for line in after.splitlines() if line.strip().startswith("#")
    ]
    incident = casebook.read_case(path)
    assert incident.drawings[0].model_dump(mode="json", exclude_none=True) == {
        **AREA, "sources": [],
    }  # fmt: skip
    assert incident.claims == casebook.read_case(CASE).claims
    assert session.answer("open", {})["document"]["drawings"][0]["rationale"] == "the roof line"


def test_saving_over_what_somebody_else_saved_is_a_conflict(tmp_path: Path) -> None:
    """The second of two pages is refused with a diff, loses nothing, and can save after that."""
    path = copied(tmp_path)
    one, other = Session(path), Session(path)
    opened = other.answer("open", {})["case"]["version"]
    assert _saved(one, _document(one, AREA))["ok"] is True
    written = path.read_bytes()
    mine = {**AREA, "name": "walls", "origin": "photo 8"}
    refused = _saved(other, {**_document(other), "drawings": [mine]}, opened)
    assert refused["ok"] is False
    assert "roofs" in refused["conflict"]["diff"]
    assert path.read_bytes() == written
    again = _saved(other, _document(other, mine), refused["conflict"]["version"])
    assert again["ok"] is True
    assert [each.name for each in casebook.read_case(path).drawings] == ["roofs", "walls"]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"drawings": [{**AREA, "confidence": 2}]}, "drawings[0].confidence"),
        ({"drawings": [AREA, {**AREA, "origin": None}]}, "drawings[1]"),
        ({"drawings": [{**AREA, "sources": ["nobody"]}]}, None),
        ({"drawings": [{**AREA, "origin": "Al-Mersaad"}]}, None),
        ({"geolocation": {"status": "certain", "reason": "x"}}, "status"),
        ({"geolocation": {"status": "not-possible", "reason": "x"}}, None),
        ({"photos": [{"file": "../x.jpg", "sha256": "0" * 64, "origin": "a"}]}, "photos[0].file"),
        ({"claims": []}, None),
    ],
)
def test_what_is_not_valid_is_not_saved(
    tmp_path: Path, document: dict[str, Any], field: str | None
) -> None:
    """The first wrong field is named as the page knows it, and the file is as it was."""
    path = copied(tmp_path)
    before = path.read_bytes()
    session = Session(path)
    answer = _saved(session, {**_document(session), **document})
    if "claims" in document:  # a field that the page does not draw is not touched
        assert casebook.read_case(path).claims
        return
    assert answer["ok"] is False
    assert str(tmp_path) not in answer["error"]
    if field is not None:
        assert answer["field"] == field
    assert path.read_bytes() == before


def test_a_draft_outlives_the_page_and_is_offered_again(tmp_path: Path) -> None:
    """What was kept before a crash is offered on the next opening, until saved or forgotten."""
    path = copied(tmp_path)
    session = Session(path)
    half = {**AREA, "geometry": {"type": "Polygon", "coordinates": [[[69.2, 34.5]]]}}
    assert session.answer("keep", {"document": _document(session, half)})["kept_at"]
    again = Session(path)
    draft = again.answer("open", {})["draft"]
    assert draft["document"]["drawings"] == [half]
    assert re.match(r"\d{4}-\d\d-\d\dT.*\+00:00", draft["kept_at"])
    assert _saved(again, _document(again, AREA))["ok"] is True
    assert again.answer("open", {})["draft"] is None
    again.answer("keep", {"document": _document(again)})
    assert again.answer("forget", {})["ok"] is True
    assert Session(path).answer("open", {})["draft"] is None


def test_a_draft_of_another_program_is_no_obstacle(tmp_path: Path) -> None:
    """A draft that is no JSON of ours is left alone, and the case opens."""
    path = copied(tmp_path)
    casebook.keep_draft(path, "claims: [")
    assert Session(path).answer("open", {})["draft"] is None


def test_without_a_case_one_draws_keeps_and_exports_but_does_not_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to save into or to keep a photo in, and both are said."""
    monkeypatch.setenv("GEOLOC_DATA", str(tmp_path))
    session = Session()
    assert session.answer("open", {})["case"] is None
    document = _document(session, AREA, geolocation={"status": "approximate", "reason": "drawn"})
    assert session.answer("keep", {"document": document})["ok"] is True
    assert Session().answer("open", {})["draft"]["document"] == document
    assert "no case" in _saved(session, document, "x")["error"].lower()
    assert "case" in session.answer("photo", _sent(_photo()))["error"]
    out = session.answer("export", {"format": "geojson", "document": document})
    assert json.loads(base64.b64decode(out["content"]))["features"]
    session.answer("forget", {})


@pytest.mark.parametrize(
    ("text", "lon", "lat"),
    [
        ("34.4938, 69.2743", 69.2743, 34.4938),
        (mgrs.MGRS().toMGRS(34.4938, 69.2743), 69.2743, 34.4938),
        ("34°29'37.7\"N 69°16'27.5\"E", 69.2743, 34.4938),
        ("https://www.google.com/maps/@34.4938,69.2743,17z", 69.2743, 34.4938),
    ],
)  # fmt: skip
def test_coordinates_are_read_in_any_notation(
    tmp_path: Path, text: str, lon: float, lat: float
) -> None:
    """Decimal, MGRS, DMS and links give the same point, told back in degrees and minutes."""
    told = Session(copied(tmp_path)).answer("read", {"text": text})
    assert told["lon"] == pytest.approx(lon, abs=2e-5)
    assert told["lat"] == pytest.approx(lat, abs=2e-5)
    assert "34°29" in told["as"]


def test_swapped_coordinates_are_told(tmp_path: Path) -> None:
    """Longitude first is refused, with what was probably meant."""
    told = Session(copied(tmp_path)).answer("read", {"text": "69.2743, 34.4938"})
    assert told["ok"] is False
    assert "swapped" in told["error"]


def test_a_name_is_found_in_any_spelling(tmp_path: Path) -> None:
    """Latin and Dari give the district."""
    session = Session(copied(tmp_path))
    for text in ("Bagrami", "بگرامی"):
        assert session.answer("find", {"text": text})["candidates"][0]["name"] == "Bagrami"


def _kml(*names: str) -> bytes:
    marks = "".join(
        f"<Placemark><name>{name}</name><Point><coordinates>69.2{at},34.5</coordinates></Point>"
        "</Placemark>"
        for at, name in enumerate(names)
    )
    return (
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>'.encode()
    )


def test_a_dropped_file_comes_in_whole(tmp_path: Path) -> None:
    """Every placemark of a KML is there with its name, whatever the file is called."""
    session = Session(copied(tmp_path))
    for name in ("walls.kml", "walls", "../../walls.exe"):
        told = session.answer("take", _sent(_kml("a", "<![CDATA[<b>]]>"), name))
        assert told["ok"] is True, told
        features = [each for layer in told["layers"] for each in layer["features"]]
        assert [each["name"] for each in features] == ["a", "<b>"]
        assert features[0]["geometry"]["coordinates"][:2] == [69.2, 34.5]


@pytest.mark.parametrize(
    "content",
    [b"", b"MZ\x90\x00", b"<OGRVRTDataset/>", b"\x00" * 100, b"PK\x03\x04broken", b"II*\x00broken"],
)
def test_a_file_that_cannot_be_taken_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    """Unknown, empty and broken files are refused without a path in the words."""
    told = Session(copied(tmp_path)).answer("take", _sent(content, "x.kml"))
    assert told["ok"] is False
    assert tempfile.gettempdir() not in told["error"]
    assert str(tmp_path) not in told["error"]


def test_a_drawing_that_went_out_comes_back_as_it_was(tmp_path: Path) -> None:
    """Exported as GeoJSON and KML and dropped again, it is the same drawing."""
    session = Session(copied(tmp_path))
    document = _document(session, AREA)
    for form in ("geojson", "kml"):
        out = session.answer("export", {"format": form, "document": document})
        assert out["ok"] is True, out
        told = session.answer("take", {"name": out["name"], "content": out["content"]})
        features = [each for layer in told["layers"] for each in layer["features"]]
        back = [each["drawing"] for each in features if each["drawing"]]
        assert [each["name"] for each in back] == ["roofs"]
        assert casebook.Drawing.model_validate(back[0]) == casebook.Drawing.model_validate(AREA)


def test_a_georeferenced_picture_is_shown_where_it_lies(tmp_path: Path) -> None:
    """A GeoTIFF becomes a picture and the box that it fills, to a pixel."""
    west, south, east, north = 69.25, 34.48, 69.30, 34.52
    path = tmp_path / "ground.tif"
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 3, "width": 120, "height": 110}
    steps = (east - west) / 120, (south - north) / 110
    profile |= {"crs": "EPSG:4326", "transform": Affine(steps[0], 0, west, 0, steps[1], north)}
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(np.random.default_rng(0).integers(0, 255, (3, 110, 120), np.uint8))
    told = Session(copied(tmp_path)).answer("take", _sent(path.read_bytes(), "ground.tif"))
    assert told["ok"] is True, told
    assert told["image"]["box"] == pytest.approx([west, south, east, north], abs=0.0005)
    assert Image.open(io.BytesIO(_shown(told["image"]))).size[0] >= 100


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_photo_is_kept_byte_for_byte_and_shown_as_pixels(tmp_path: Path, kind: str) -> None:
    """The file lies under its own hash, unaltered; the page gets WebP with no metadata."""
    session = Session(copied(tmp_path))
    exif = Image.Exif()
    exif[0x010E] = "SECRET-PLACE"
    if kind != "TIFF":  # whose tags are the file's own
        exif[0x8825] = {1: "N", 2: (34.0, 29.0, 37.0)}
    content = _photo(kind, exif=exif)
    told = session.answer("photo", _sent(content))
    assert told["ok"] is True, told
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert (tmp_path / told["file"]).read_bytes() == content
    assert (told["width"], told["height"]) == (640, 400)
    copy = _shown(told)
    assert b"SECRET-PLACE" not in copy
    with Image.open(io.BytesIO(copy)) as picture:
        assert picture.format == "WEBP"
        assert not picture.getexif()
        assert not {"exif", "xmp", "icc_profile"} & picture.info.keys()
    assert session.answer("picture", {"file": told["file"]})["picture"] == told["picture"]


def test_a_large_photo_is_shown_small_and_a_lying_one_upright(tmp_path: Path) -> None:
    """The copy has at most 2000 pixels a side; width and height are those of the upright photo."""
    session = Session(copied(tmp_path))
    exif = Image.Exif()
    exif[0x0112] = 6
    told = session.answer("photo", _sent(_photo("JPEG", (3000, 1000), exif=exif)))
    assert (told["width"], told["height"]) == (1000, 3000)
    assert Image.open(io.BytesIO(_shown(told))).size == (667, 2000)


def _bomb() -> bytes:
    """Return a PNG of 30,000 by 30,000 pixels in 110 kB."""

    def chunk(name: bytes, content: bytes) -> bytes:
        crc = zlib.crc32(name + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + name + content + crc

    side = (30_000).to_bytes(4, "big")
    rows = zlib.compress(b"\0" * 3_751 * 30_000, 9)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", side + side + b"\x01\x00\x00\x00\x00")
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "content",
    [
        b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\xff\xd8\xff broken",
        _photo()[:400], _bomb(), b"", b"%PDF-1.4",
    ],
    ids=["gif", "svg", "broken", "cut off", "bomb", "empty", "pdf"],
)  # fmt: skip
def test_what_is_no_photo_is_not_kept(tmp_path: Path, content: bytes) -> None:
    """Other kinds, broken files and bombs are refused in one line, and nothing is left behind."""
    session = Session(copied(tmp_path))
    told = session.answer("photo", _sent(content))
    assert told["ok"] is False
    assert str(tmp_path) not in told["error"]
    assert not (tmp_path / "photos").exists()


def test_photos_that_nobody_kept_go_when_the_page_ends(tmp_path: Path) -> None:
    """Of two photos the one that the saved case names stays; the other, and every copy, goes."""
    path = copied(tmp_path)
    session = Session(path)
    kept, left = (session.answer("photo", _sent(_photo(size=(300, n)))) for n in (200, 210))
    photo = {"file": kept["file"], "sha256": kept["sha256"], "origin": "photo 9"}
    photo["features"] = [{"number": 1, "x": 0.5, "y": 0.25, "lon": 69.27, "lat": 34.49}]
    assert _saved(session, _document(session, photos=[photo]))["ok"] is True
    session.clear()
    assert (tmp_path / kept["file"]).exists()
    assert not (tmp_path / left["file"]).exists()
    assert casebook.read_case(path).photos[0].features[0].lon == 69.27


def test_photos_of_a_draft_stay_for_the_next_time(tmp_path: Path) -> None:
    """What the draft names is there when the draft is opened again; forgotten, it goes."""
    path = copied(tmp_path)
    session = Session(path)
    told = session.answer("photo", _sent(_photo()))
    photo = {"file": told["file"], "sha256": told["sha256"], "origin": "photo 9"}
    session.answer("keep", {"document": _document(session, photos=[photo])})
    session.clear()
    assert Session(path).answer("picture", {"file": told["file"]})["ok"] is True


def test_a_case_that_cannot_be_read_is_told_at_once(tmp_path: Path) -> None:
    """A wrong language or a broken file is an error before any page opens."""
    with pytest.raises(InputError, match="lang"):
        Session(copied(tmp_path), language="de")
    (tmp_path / f"{CASE}.yaml").write_text("claims: [", "utf-8")
    with pytest.raises(CaseError):
        Session(tmp_path / f"{CASE}.yaml")


def test_the_page_is_served_and_closes_itself(tmp_path: Path) -> None:
    """The shell loads, a verb answers with JSON, and `close` ends the server."""
    with running(copied(tmp_path)) as served:
        headers = {"X-Geoloc-Token": served.token, "Origin": served.origin}
        with httpx.Client(base_url=served.origin, headers=headers) as client:
            assert "text/html" in client.get("/").headers["content-type"]
            assert client.post("/api/read", json={"text": "34.5 69.2"}).json()["ok"] is True
            assert client.post("/api/close", json={}).json() == {"ok": True}
        served.thread.join(10)
        assert not served.thread.is_alive()
        with pytest.raises(httpx.ConnectError):
            httpx.get(served.origin)


def test_a_failure_of_ours_is_told_without_its_inside(
    studio: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A defect answers with one line and status 500; what failed stands in the log."""

    def broken(_verb: str, _payload: object) -> None:
        raise ZeroDivisionError("/home/zahra/cases")

    monkeypatch.setattr(studio.session, "answer", broken)
    headers = {"X-Geoloc-Token": studio.token, "Origin": studio.origin}
    answer = httpx.post(f"{studio.origin}/api/open", json={}, headers=headers)
    assert answer.status_code == 500
    assert "zahra" not in answer.text
    assert answer.json()["ok"] is False
    studio.studio.stop()
    studio.thread.join(10)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to a process there")
def test_the_command_prints_its_address_and_stops_with_ctrl_c(tmp_path: Path) -> None:
    """`geoloc draw` names a loopback address with the token in the fragment, and ends cleanly."""
    path = copied(tmp_path)
    command = [shutil.which("geoloc") or "geoloc", "draw", str(path), "--no-open", "--lang", "fa"]
    with subprocess.Popen(
        [sys.executable, "-m", "geoloc.cli", *command[1:]],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        address = re.fullmatch(
            r"(http://127\.0\.0\.1:\d+)/#token=([\w-]{43})&lang=fa-AF\n", lines[2]
        )
        assert address, lines
        headers = {"X-Geoloc-Token": address[2], "Origin": address[1]}
        answer = httpx.post(f"{address[1]}/api/open", json={}, headers=headers, timeout=60)
        assert answer.json()["language"] == "fa-AF"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Stopped." in out
    assert "Next: geoloc case show" in out
    assert err == ""


def test_a_photo_that_another_case_names_is_kept(tmp_path: Path) -> None:
    """Two cases of one folder share a photo by its hash; closing one page leaves it."""
    digest = "ab" * 32
    (tmp_path / "2023-05-08-other.yaml").write_text(f"file: photos/{digest}.jpg\n", "utf-8")
    session = Session(copied(tmp_path))

    assert session._in_use(f"photos/{digest}.jpg")
    assert not session._in_use(f"photos/{'cd' * 32}.jpg")


def test_what_cannot_be_investigated_is_not_saved(tmp_path: Path) -> None:
    """A shape in another country would lock everybody out of the case."""
    case = copied(tmp_path)
    before, session = case.read_bytes(), Session(case)
    opened = session.answer("open", {})
    ring = [[2.3, 48.8], [2.4, 48.8], [2.4, 48.9], [2.3, 48.8]]
    far = {
        "name": "far", "means": "area", "origin": "photo 9",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }  # fmt: skip
    document = opened["document"] | {"drawings": [far]}
    asked = {"document": document, "version": opened["case"]["version"], "author": "A", "why": "x"}

    answer = session.answer("save", asked)

    assert not answer["ok"]
    assert "km from the study area" in answer["error"]
    assert case.read_bytes() == before
