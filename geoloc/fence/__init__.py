"""The one door for files from outside: shapes and tables.

A file from a stranger is told by its content, not by its name; it is copied into a private folder
and read there by a child process that has little memory, little time and no network, and that
knows no more formats than the one expected (`confinement` says what holds where). GeoJSON and KML
are read by readers of our own, which keep every name and value and refuse what a reader could
misunderstand; Shapefile, GeoPackage, FlatGeobuf and GPX are read by GDAL with every other driver
taken out of it, because GDAL opens by content and some of its formats read other files or ask
servers; GeoParquet by Arrow, workbooks by calamine, after their archive was looked at whole.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoloc.errors import FenceError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BROKEN = b"?"  # begins a frame that says why there is no shape; WKB begins with 0 or 1
FORMATS = "GeoJSON, GeoPackage, zipped Shapefile, KML, KMZ, FlatGeobuf, GeoParquet or GPX"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost; each number is above zero."""

    file_bytes: int = 300_000_000  # of the file, and of what it unpacks to
    memory_bytes: int = 3_000_000_000  # address space of the child
    seconds: int = 120  # of clock, and of processor
    features: int = 200_000  # of all layers, or rows of all sheets
    entries: int = 2_000  # files in an archive
    ratio: int = 200  # unpacked to packed size of one file in an archive, from 1 MB on


@dataclass(frozen=True, slots=True)
class OutsideLayer:
    """One layer of a file from outside; nothing in it is trusted."""

    name: str
    crs: str | None  # EPSG:n or WKT as the file says; None where it says nothing
    properties: tuple[dict[str, Any], ...]  # one per feature: text, number, bool or None
    wkb: tuple[bytes | None, ...]  # one per feature; None where it has no geometry
    notes: tuple[str, ...] = ()  # what a person should know of how it was read
    broken: dict[int, str] = field(default_factory=dict)  # why that feature, from 0, has none

    def geometries(self, *, skip_broken: bool = False) -> NDArray[np.object_]:
        """Return shapely geometries, shape (features,), in the layer's CRS; None where none is.

        Parameters
        ----------
        skip_broken : bool
            Whether `broken` features are None too, because the caller says what is wrong with them.

        Raises
        ------
        FenceError
            If a geometry is not well-formed, e.g. a ring of two points.
        """
        import numpy as np
        import shapely

        if self.broken and not skip_broken:
            number, why = next(iter(self.broken.items()))
            raise FenceError(f"Feature {number + 1} of the layer {self.name!r} {why}.")
        try:
            with np.errstate(invalid="ignore"):  # NaN is for the caller to refuse
                found: NDArray[np.object_] = shapely.from_wkb(np.array(self.wkb, dtype=object))
        except shapely.GEOSException as error:
            why = " ".join(str(error).split())
            raise FenceError(f"Layer {self.name!r} holds a broken geometry: {why}.") from error
        return found


def whole_text(text: str) -> str:
    """Return a text in which halves of characters (lone surrogates) read U+FFFD.

    JSON can hold them, and so does the name of a file that is no UTF-8; no file can be written
    with them.
    """
    return re.sub(r"[\ud800-\udfff]", "\ufffd", text)


Cell = str | int | float | bool | dt.date | dt.time | None


@dataclass(frozen=True, slots=True)
class OutsideSheet:
    """One sheet of a workbook, or a whole text table; nothing in it is trusted."""

    name: str
    rows: tuple[tuple[Cell, ...], ...]  # from the file's first row on, blank ones too; any width
    notes: tuple[str, ...] = ()  # what a person should know of how it was read


def read_outside(path: Path | str, limits: Limits | None = None) -> tuple[OutsideLayer, ...]:
    """Read every layer of a vector file, or refuse it.

    Parameters
    ----------
    path : Path or str
        A file on this machine: GeoJSON, GeoPackage, Shapefile (zipped, or .shp with its
        companions beside it), KML, KMZ, FlatGeobuf, GeoParquet, GPX. No address and no /vsi path.
    limits : Limits, optional
        What reading may cost.

    Returns
    -------
    tuple of OutsideLayer
        Every layer, in the file's order. All folders of a KML file make one layer, in which the
        property `folder` says where a placemark lay.

    Raises
    ------
    FenceError
        If the file is missing, too large, of no known kind, broken or unsafe; one line says why.
    """
    limits = limits or Limits()
    source = _local(path, limits)
    kind = sniff(source)
    with tempfile.TemporaryDirectory(prefix="geoloc-fence-") as scratch:
        _copy_in(source, kind, Path(scratch), limits)
        answer = _read_in_child(source.name, kind, "shapes", Path(scratch), limits)
        return tuple(_layers(answer, source.name))


def read_sheets(path: Path | str, limits: Limits | None = None) -> tuple[OutsideSheet, ...]:
    """Read every sheet of an XLSX workbook, or a text table (CSV, TSV) as one sheet.

    Parameters
    ----------
    path : Path or str
        A file on this machine. What is no archive is read as text: UTF-8, UTF-16, or Windows-1256
        or -1252 with a note; cells divided by comma, semicolon, tab or bar.
    limits : Limits, optional
        What reading may cost.

    Raises
    ------
    FenceError
        If the file is missing, too large, no table, broken or unsafe; one line says why.
    """
    limits = limits or Limits()
    source = _local(path, limits)
    with source.open("rb") as stream:
        kind = "zip" if stream.read(4) == b"PK\x03\x04" else "text"
    with tempfile.TemporaryDirectory(prefix="geoloc-fence-") as scratch:
        _copy_in(source, kind, Path(scratch), limits)
        answer = _read_in_child(source.name, kind, "sheets", Path(scratch), limits)
        return tuple(_sheets(answer, source.name))


def _local(path: Path | str, limits: Limits) -> Path:
    """Return the path of a plain file on this machine."""
    text = str(path)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/|/vsi", text.replace("\\", "/"), re.IGNORECASE):
        raise FenceError(f"{text!r} is an address, and geoloc reads files only; save it first.")
    source = Path(path)
    try:
        about = source.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FenceError(f"{text!r} cannot be read: {reason}.") from error
    if not stat.S_ISREG(about.st_mode):
        raise FenceError(f"{text!r} is not a file.")
    if about.st_size > limits.file_bytes:
        raise FenceError(
            f"{source.name!r} has {about.st_size / 1e6:,.0f} MB, more than the"
            f" {limits.file_bytes / 1e6:,.0f} MB that geoloc takes in."
        )
    return source


_COMPANIONS = (".shx", ".dbf", ".prj", ".cpg")


def sniff(path: Path) -> str:
    """Return a file's kind by its content: geojson, xml, zip, shp, gpkg, fgb or parquet.

    Raises
    ------
    FenceError
        If it is none of these, whatever its name says.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError as error:
        raise FenceError(f"{path.name!r} cannot be read: {error.strerror or error}.") from error
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    if head.startswith(b"SQLite format 3\x00") and head[68:71] in (b"GPK", b"GP1"):
        return "gpkg"
    if head.startswith(b"fgb\x03fgb"):
        return "fgb"
    if head.startswith(b"\x00\x00\x27\x0a"):
        return "shp"
    if head.startswith(b"PAR1"):
        return "parquet"
    if text.startswith(b"{"):
        return "geojson"
    if text.startswith(b"<") or head.startswith((b"\xff\xfe<\x00", b"\xfe\xff\x00<")):
        return "xml"
    raise FenceError(f"{path.name!r} is no {FORMATS}, whatever its name says.")


def _copy_in(source: Path, kind: str, scratch: Path, limits: Limits) -> None:
    """Copy the file, so that nobody's companion file or later change is read with it."""
    pairs = [(source, f"outside.{kind}")]
    if kind == "shp":
        names = {path.name.lower(): path for path in source.parent.glob(f"{_plain(source.stem)}.*")}
        beside = ((names.get(f"{source.stem}{end}".lower()), end) for end in _COMPANIONS)
        pairs += [(path, f"outside{end}") for path, end in beside if path and path.is_file()]
    for path, name in pairs:
        _local(path, limits)
        try:
            with path.open("rb") as inward, (scratch / name).open("wb") as outward:
                shutil.copyfileobj(inward, outward)
        except OSError as error:
            raise FenceError(f"{path.name!r} cannot be read: {error.strerror}.") from error


def _plain(stem: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", stem)


def _read_in_child(name: str, kind: str, wants: str, scratch: Path, limits: Limits) -> bytes:
    """Return the answer of a child process that reads the copy, or say why there is none."""
    settings = {
        "kind": kind, "wants": wants, "name": name, "scratch": str(scratch), **asdict(limits),
    }  # fmt: skip
    command = [sys.executable, "-P", "-m", "geoloc.fence.child", json.dumps(settings)]
    with (scratch / "complaints").open("wb") as complaints:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            command,
            cwd=scratch,
            env=_environment(scratch),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
        )
        try:
            status = child.wait(timeout=limits.seconds)
        except BaseException as error:
            child.kill()
            child.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise FenceError(
                    f"{name!r} took longer than {limits.seconds} s to read and was given up."
                ) from error
            raise
    if status != 0:
        raise FenceError(f"{name!r} {_why(status, scratch / 'complaints', limits)}.")
    try:
        return (scratch / "answer").read_bytes()
    except OSError as error:
        raise FenceError(f"{name!r} cannot be read: its reader gave no answer.") from error


def _environment(scratch: Path) -> dict[str, str]:
    """Return the child's environment: of ours only what Python needs."""
    kept = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)]),
        "PYTHONUTF8": "1",
        "TMPDIR": str(scratch),
        "OPENBLAS_NUM_THREADS": "1",  # each thread would take its share of the memory limit
        "OMP_NUM_THREADS": "1",
        "GDAL_PAM_ENABLED": "NO",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
        "PROJ_NETWORK": "OFF",
    }


def _why(status: int, complaints: Path, limits: Limits) -> str:
    """Return why the child ended without an answer, in the words that it left."""
    words = complaints.read_bytes()[-2000:].decode("utf-8", "replace").strip()
    if status == 3 and words:
        return words.splitlines()[-1]
    if re.search("MemoryError|bad_alloc|allocat|memory", words):
        return f"needs more than {limits.memory_bytes / 1e9:g} GB of memory to read"
    if status == -getattr(signal, "SIGXCPU", -1):
        return f"took longer than {limits.seconds} s to read and was given up"
    return f"cannot be read: its reader stopped with status {status}"


def _layers(answer: bytes, name: str) -> Iterator[OutsideLayer]:
    """Read what the child wrote: JSON and WKB by turns, each with its length; nothing runs."""
    with _proper(name):
        frames = _frames(answer)
        for head in frames:
            about = json.loads(head)
            properties, shapes, broken = [], [], {}
            for number in range(int(about["count"])):
                properties.append(dict(json.loads(next(frames))))
                shape = next(frames)
                if shape.startswith(BROKEN):
                    broken[number] = shape.removeprefix(BROKEN).decode()
                    shape = b""
                shapes.append(shape or None)
            yield OutsideLayer(
                name=str(about["name"]),
                crs=None if about["crs"] is None else str(about["crs"]),
                properties=tuple(properties),
                wkb=tuple(shapes),
                notes=tuple(map(str, about["notes"])),
                broken=broken,
            )


def _sheets(answer: bytes, name: str) -> Iterator[OutsideSheet]:
    with _proper(name):
        frames = _frames(answer)
        for head in frames:
            about = json.loads(head)
            rows = [tuple(map(_cell, json.loads(next(frames)))) for _ in range(int(about["count"]))]
            yield OutsideSheet(str(about["name"]), tuple(rows), tuple(map(str, about["notes"])))


_MOMENTS: dict[str, Callable[[str], dt.date | dt.time]] = {
    "date": dt.date.fromisoformat,
    "datetime": dt.datetime.fromisoformat,
    "time": dt.time.fromisoformat,
}


def _cell(told: Any) -> Cell:
    if isinstance(told, list):
        kind, text = told
        return _MOMENTS[kind](text)
    if told is None or isinstance(told, str | int | float | bool):
        return told
    raise TypeError(f"no cell is {type(told).__name__}")


@contextlib.contextmanager
def _proper(name: str) -> Iterator[None]:
    """Say in our words that an answer is not what a reader writes."""
    try:
        yield
    except (ValueError, KeyError, TypeError, RuntimeError, StopIteration) as error:
        raise FenceError(f"{name!r} cannot be read: its reader gave no proper answer.") from error


def _frames(content: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(content):
        start = position + 8
        position = start + int.from_bytes(content[position:start], "big")
        if position > len(content):
            raise ValueError("cut off")
        yield content[start:position]
