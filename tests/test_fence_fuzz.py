"""Broken files by the thousand, bombs, and what a reading child cannot do."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from conftest import Oracle
from fence_forks import mutated

from geoloc import fence, tables
from geoloc.errors import FenceError

TESTS = Path(__file__).parent
PLANTED = "planted-4d2f9a-row"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="confinement is Linux's own")


def seeds(folder: Path, address: str, secret: Path) -> Path:
    """Write a good file of every format, and hostile ones that name a server and a secret file."""
    folder.mkdir()
    url = f"http://{address}/x"
    places = [shapely.box(69 + k / 10, 34, 69.1 + k / 10, 34.1) for k in range(6)]
    table = gpd.GeoDataFrame(
        {"PD": range(6), "name": [url, str(secret), "ناحیه", "=1+1", None, "x"]},
        geometry=places, crs="EPSG:4326",
    )  # fmt: skip
    for ending, driver in {"geojson": "GeoJSON", "gpkg": "GPKG", "fgb": "FlatGeobuf",
                           "kml": "KML"}.items():  # fmt: skip
        table.to_file(folder / f"good.{ending}", driver=driver)
    table.to_parquet(folder / "good.parquet")
    table.assign(geometry=table.representative_point()).to_file(
        folder / "good.gpx", GPX_USE_EXTENSIONS="YES"
    )
    parts = folder.parent / "parts"
    parts.mkdir()
    table.to_file(parts / "a.shp", encoding="utf-8")
    _zip(folder / "shape.zip", {path.name: path.read_bytes() for path in parts.iterdir()})
    _zip(folder / "good.kmz", {"doc.kml": (folder / "good.kml").read_bytes()})
    with tables.new_workbook(folder / "good.xlsx") as book:
        for name in ("a", "b"):
            sheet = book.add_worksheet(name)
            for row in range(30):
                sheet.write_row(row, 0, [row, url, f"x{row % 3}", 34.5 + row / 100, row % 2 == 0])
        sheet.write_formula(0, 9, f'=WEBSERVICE("{url}")', value="v")
        sheet.write_url(1, 9, url)
    rows = "".join(f'{34.5 + n / 99},69.2,"n {n}",{url}\r\n' for n in range(40))
    (folder / "good.csv").write_text(f"lat,lon,name,link\r\n{rows}", encoding="utf-8")
    for name, text in _hostile(url, secret).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _hostile(url: str, secret: Path) -> dict[str, str]:
    vrt = (
        '<OGRVRTDataSource><OGRVRTLayer name="s"><SrcDataSource>{}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    )
    link = "<NetworkLink><Link><href>{}</href></Link></NetworkLink>"
    entity = '<!DOCTYPE {0} [<!ENTITY e SYSTEM "{1}">]><{0}><metadata><name>&e;</name></metadata>'
    return {
        "h1.kml": vrt.format(secret),
        "h2.geojson": vrt.format(f"/vsicurl/{url}"),
        "h3.kml": f'<kml xmlns="x">{link.format(url)}{link.format(secret)}</kml>',
        "h4.gpx": entity.format("gpx", f"file://{secret}") + "</gpx>",
        "h5.kml": entity.format("kml", url) + "</kml>",
        "h6.geojson": json.dumps({"type": "FeatureCollection", "features": [], "href": url}),
        "h7.csv": f"lat,lon,name\n34.5,69.2,\"=WEBSERVICE('{url}')\"\n34.6,69.3,{secret}\n",
    }


def _zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tree(folder: Path) -> dict[str, int]:
    """Return every file below a folder with its size."""
    return {str(path): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def fuzz(
    tmp_path: Path, oracle: Oracle, count: int, processes: int, first_seed: int = 0
) -> dict[str, Any]:
    """Read so many broken files in forks; return the counts, and what should not have been."""
    secret = tmp_path / "secret.csv"
    secret.write_text(f"lat,lon,name\n34.5,69.2,{PLANTED}\n", encoding="utf-8")
    made = seeds(tmp_path / "seeds", oracle.address, secret)
    scratches = [tmp_path / f"scratch{n}" for n in range(processes)]
    for scratch in scratches:
        scratch.mkdir()
    before = tree(tmp_path)
    running = []
    for number, scratch in enumerate(scratches):
        settings = {
            "seed": first_seed + number, "count": count // processes, "seeds": str(made),
            "scratch": str(scratch), "secret": PLANTED,
        }  # fmt: skip
        command = [sys.executable, str(TESTS / "fence_forks.py"), json.dumps(settings)]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    counts: dict[str, int] = {}
    trouble: list[str] = []
    for process in running:
        out, err = process.communicate()
        assert process.returncode == 0, err.decode()[-2000:]
        report = json.loads(out)
        trouble += report["trouble"]
        for name, number in report["counts"].items():
            counts[name] = counts.get(name, 0) + number
    after = {
        k: v for k, v in tree(tmp_path).items() if not k.startswith(tuple(map(str, scratches)))
    }
    trouble += [f"written outside: {name}" for name in after.keys() ^ before.keys()]
    return {"counts": counts, "trouble": trouble}


def check_fuzz(tmp_path: Path, oracle: Oracle, count: int, processes: int) -> None:
    """No trouble, nobody asked, every file accounted for, and the readers were really reached."""
    report = fuzz(tmp_path, oracle, count, processes)
    print(json.dumps(report, indent=1))
    assert report["trouble"] == []
    assert oracle.calls == []
    counts = report["counts"]
    assert sum(counts.values()) >= count // processes * processes
    assert counts["taken"] > count / 20
    assert counts["refused"] > count / 5


@LINUX
def test_broken_files_do_no_harm(tmp_path: Path, oracle: Oracle) -> None:
    """2,000 mutated files: no crash of the parent, no request, no foreign row, no write outside."""
    check_fuzz(tmp_path, oracle, 2_000, processes=1)


@LINUX
@pytest.mark.long
def test_100_000_broken_files_do_no_harm(tmp_path: Path, oracle: Oracle) -> None:
    """The full count."""
    check_fuzz(tmp_path, oracle, 100_000, processes=2)


def through_the_door(tmp_path: Path, oracle: Oracle, count: int) -> None:
    """Read broken files as users do, a fresh child for each."""
    secret = tmp_path / "secret.csv"
    secret.write_text(f"lat,lon,name\n34.5,69.2,{PLANTED}\n", encoding="utf-8")
    good = [
        (p, p.read_bytes()) for p in seeds(tmp_path / "seeds", oracle.address, secret).iterdir()
    ]
    rng = random.Random(7)  # noqa: S311 - the same files each time
    for number in range(count):
        origin, content = good[number % len(good)]
        path = tmp_path / f"broken{origin.suffix}"
        path.write_bytes(mutated(rng, content, [each for _, each in good]))
        read: Any = fence.read_sheets if path.suffix in (".csv", ".xlsx") else fence.read_outside
        try:
            told = repr(read(path))
        except FenceError as error:
            told = str(error)
            assert len(told.splitlines()) == 1, told
            assert "Traceback" not in told
        assert PLANTED not in told
    assert oracle.calls == []


def test_a_sample_goes_through_the_real_door(tmp_path: Path, oracle: Oracle) -> None:
    """40 of them, each in a child of its own."""
    through_the_door(tmp_path, oracle, 40)


@pytest.mark.long
def test_a_larger_sample_goes_through_the_real_door(tmp_path: Path, oracle: Oracle) -> None:
    """1,000 of them, each in a child of its own."""
    through_the_door(tmp_path, oracle, 1_000)


_ATTEMPTS = """
import os, socket, sys, tempfile
from pathlib import Path
from geoloc.fence import confinement
scratch, secret, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
confinement.confine(scratch, memory_bytes=3_000_000_000, seconds=60, file_bytes=10**8)
def call():
    socket.create_connection(("127.0.0.1", port), 2)
def udp():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port))
def unix():
    socket.socketpair()
def program():
    if os.spawnv(os.P_WAIT, "/bin/true", ["true"]) == 0: return
    raise OSError
attempts = {
    "read": secret.read_text, "list": lambda: os.listdir(secret.parent),
    "write": lambda: secret.write_text("x"), "make": lambda: secret.with_name("new").touch(),
    "remove": secret.unlink, "call": call, "udp": udp, "unix": unix,
    "fork": os.fork, "program": program, "kill": lambda: os.kill(os.getppid(), 0),
    "scratch": lambda: (scratch / "mine").write_text("x"),
}
for name, attempt in attempts.items():
    try: attempt()
    except OSError: print(name, "refused")
    else: print(name, "done")
    if os.getpid() != int(os.environ.setdefault("FIRST", str(os.getpid()))): os._exit(0)
"""


@LINUX
def test_the_child_can_write_its_folder_and_nothing_else(tmp_path: Path, oracle: Oracle) -> None:
    """Files, sockets of every kind, programs, other processes: refused by the kernel."""
    version = os.uname().release.split(".")[:2]
    if tuple(map(int, version)) < (5, 13) or os.uname().machine not in ("x86_64", "aarch64"):
        pytest.skip("this kernel has no Landlock, or the filter does not know this processor")
    scratch, secret = tmp_path / "scratch", tmp_path / "other" / "secret"
    scratch.mkdir()
    secret.parent.mkdir()
    secret.write_text(PLANTED)
    port = oracle.address.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-c", _ATTEMPTS, str(scratch), str(secret), port],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = dict(line.split() for line in done.stdout.splitlines())
    assert told.pop("scratch") == "done"
    assert set(told.values()) == {"refused"}, told
    assert len(told) == 11
    assert secret.read_text() == PLANTED


# Bombs: each is refused within a second and 200 MB.
def _spaces(archive: zipfile.ZipFile, name: str, megabytes: int) -> None:
    with archive.open(name, "w", force_zip64=True) as stream:
        for _ in range(megabytes):
            stream.write(b" " * 1_000_000)


def _workbook(parts: dict[str, str]) -> bytes:
    """Return a workbook of one sheet with some parts replaced or added."""
    made = io.BytesIO()
    import xlsxwriter

    with xlsxwriter.Workbook(made) as book:
        book.add_worksheet("a").write_row(0, 0, ["lat", "lon", 1])
    packed = io.BytesIO()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in dict.fromkeys((*old.namelist(), *parts)):
            new.writestr(name, parts.get(name) or old.read(name))
    return packed.getvalue()


_SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}'
    "</sheetData></worksheet>"
)
_LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><{0}>&j;</{0}>"
)


def _overlapping(files: int) -> bytes:
    """Return an archive whose many entries are the same packed bytes (after Fifield, 2019)."""
    single = io.BytesIO()
    with zipfile.ZipFile(single, "w", zipfile.ZIP_DEFLATED) as archive:
        _spaces(archive, "a.kml", 1)
    content = single.getvalue()
    start = content.index(b"PK\x01\x02")
    entry = content[start : content.index(b"PK\x05\x06")]
    list_ = b"".join(entry.replace(b"a.kml", b"%05d" % n) for n in range(files))
    count = files.to_bytes(2, "little")
    end = b"PK\x05\x06\0\0\0\0" + count * 2 + len(list_).to_bytes(4, "little")
    return content[:start] + list_ + end + start.to_bytes(4, "little") + b"\0\0"


def _quine() -> bytes:
    """Return an archive with a copy of itself in it, as deep as it goes in practice."""
    content = b"<kml/>"
    for _ in range(20):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("r/r.zip", content)
            archive.writestr("doc.kml", b"<kml/>")
        content = packed.getvalue()
    return content


def bombs() -> Iterator[tuple[str, bytes]]:
    """Yield 50 bombs with their names."""
    for suffix, inner in (("kmz", "doc.kml"), ("zip", "a.shp"), ("zip", "a.geojson"),
                          ("xlsx", "xl/worksheets/sheet1.xml"), ("zip", "a.dbf")):  # fmt: skip
        for megabytes in (50, 250, 400):
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                if suffix == "xlsx":
                    archive.writestr("xl/workbook.xml", "<workbook/>")
                if inner == "a.dbf":
                    archive.writestr("a.shp", b"\0\0\x27\x0a" + b"\0" * 96)
                _spaces(archive, inner, megabytes)
            yield f"spaces-{megabytes}-{inner.replace('/', '_')}.{suffix}", packed.getvalue()
    for files in (2, 100, 1999, 30_000):
        yield f"overlap-{files}.kmz", _overlapping(files)
    for files in (2_001, 20_000, 65_000):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for n in range(files):
                archive.writestr(f"{n}.kml", b"")
        yield f"many-{files}.kmz", packed.getvalue()
        lying = packed.getvalue()
        end = lying.rindex(b"PK\x05\x06")
        yield f"many-{files}-lying.kmz", lying[: end + 8] + b"\1\0\1\0" + lying[end + 12 :]
    for depth, name in ((1, "zip"), (2, "kmz"), (5, "xlsx"), (3, "7z")):
        content = b"<kml/>"
        for _ in range(depth):
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                archive.writestr(f"inner.{'zip' if name == 'xlsx' else name}", content)
            content = packed.getvalue()
        yield f"nested-{depth}-{name}.zip", content
    yield "quine.zip", _quine()
    yield "quine.kmz", _quine()
    for root in ("kml", "gpx", "rss"):
        yield f"laughs.{root}", _LAUGHS.format(root).encode()
        big = f'<!DOCTYPE x [<!ENTITY a "{"A" * 5_000_000}">]><{root}>{"&a;" * 9_000}</{root}>'
        yield f"quadratic.{root}", big.encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", _LAUGHS.format("kml"))
    yield "laughs.kmz", packed.getvalue()
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    wide = '<row r="200000"><c r="CV200000"><v>1</v></c></row>'
    strings = "xl/sharedStrings.xml"
    long = "<sst><si><t>{}</t></si></sst>".format("A" * 900_000)
    cells = '<c r="{}1" t="s"><v>0</v></c>'
    references = "".join(cells.format(letter) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ") * 10
    for name, parts in {
        "far": {"xl/worksheets/sheet1.xml": _SHEET.format(far)},
        "wide": {"xl/worksheets/sheet1.xml": _SHEET.format(wide)},
        "rows": {"xl/worksheets/sheet1.xml": _SHEET.format('<row r="1048576" spans="1:99"/><row>'
                 + '<c r="ZZ9"/>' + "</row>")},
        "references": {strings: long, "xl/worksheets/sheet1.xml":
                       _SHEET.format(f"<row>{references}</row>")},
        "laughs": {strings: _LAUGHS.format("sst")},
        "laughs-book": {"xl/workbook.xml": _LAUGHS.format("workbook")},
        "laughs-rels": {"xl/_rels/workbook.xml.rels": _LAUGHS.format("Relationships")},
        "laughs-utf16": {strings: _LAUGHS.format("sst")},
    }.items():  # fmt: skip
        content = _workbook(parts)
        yield f"{name}.xlsx", content
    lie = _workbook({strings: "<sst>" + " " * 3_000_000 + "</sst>"})
    size = len("<sst></sst>") + 3_000_000
    yield "lying.xlsx", lie.replace(size.to_bytes(4, "little"), (99).to_bytes(4, "little"))
    deep = b'{"type":' + b"[" * 5_000_000
    yield "deep.geojson", deep
    yield "deep.kml", b"<kml>" + b"<a>" * 3_000_000
    member = zlib.compress(b" " * 100_000_000)
    yield "not-a-zip.kmz", b"PK\x03\x04" + member


_MEASURE = """
import json, resource, sys, time
from geoloc import fence
path = sys.argv[1]
start = time.monotonic()
try:
    (fence.read_sheets if path.endswith(".xlsx") else fence.read_outside)(path)
    told = ""
except fence.FenceError as error: told = str(error)
took = time.monotonic() - start
both = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
used = [resource.getrusage(who) for who in both]
busy = sum(each.ru_utime + each.ru_stime for each in used)
print(json.dumps([told, took, busy, sum(each.ru_maxrss for each in used) / 1000]))
"""


def blast(tmp_path: Path, chosen: list[tuple[str, bytes]]) -> list[tuple[str, str, list[float]]]:
    """Read each bomb from a parent of its own; return its name, the refusal, and what it cost.

    That is seconds by the clock, seconds of processor with Python's own start, and MB at the peak,
    the last two of parent and child together.
    """
    measured = []
    for name, content in chosen:
        path = tmp_path / name
        path.write_bytes(content)
        # Between them a shell: a process starts with the peak of the one that it was forked from.
        shell = ["/bin/sh", "-c", '"$@"; exit $?', "sh"]
        done = subprocess.run(
            [*shell, sys.executable, "-c", _MEASURE, str(path)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        told, *cost = json.loads(done.stdout)
        measured.append((name, told, cost))
        path.unlink()
    return measured


def check_bombs(tmp_path: Path, chosen: list[tuple[str, bytes]]) -> None:
    """Refuse each within a second of processor time, on a busy machine too, and 200 MB."""
    for name, told, (by_clock, busy, megabytes) in blast(tmp_path, chosen):
        print(f"{by_clock:6.2f} s {busy:6.2f} s {megabytes:6.0f} MB  {name:40} {told[:80]}")
        assert told, name
        assert (busy < 1, megabytes < 200) == (True, True), (name, by_clock, busy, megabytes)


@LINUX
def test_bombs_of_every_kind_are_refused(tmp_path: Path) -> None:
    """Every eleventh of them."""
    check_bombs(tmp_path, list(bombs())[::11])


@LINUX
@pytest.mark.long
def test_50_bombs_are_refused_in_a_second_and_200_mb(tmp_path: Path) -> None:
    """The full count."""
    chosen = list(bombs())
    assert len(chosen) >= 50
    check_bombs(tmp_path, chosen)
