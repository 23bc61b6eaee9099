"""The reader behind the fence: runs alone in a child process, with limits, and writes an answer.

It says what is wrong in one line on standard error and ends with status 3. The answer is a file of
frames, each its length in eight bytes and then that many bytes: per layer one of JSON that says its
name, CRS, count and notes; per feature one of JSON with its properties and one of WKB, or of why it
has none after a question mark. Where sheets are asked for: per sheet one of JSON with its name,
count and notes; per row one of JSON.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
import re
import stat
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from geoloc.fence import BROKEN, confinement, whole_text

if TYPE_CHECKING:
    from geoloc.fence.sheets import FoundSheet


class RefusedError(Exception):
    """Why a file is not let in; a phrase that follows the file's name."""


@dataclass(slots=True)
class Found:
    """One layer as a reader found it."""

    name: str
    crs: str | None
    features: Sequence[tuple[dict[str, Any], bytes | str | None]]  # a str: why it makes no shape
    notes: list[str] = field(default_factory=list)


def main(settings: dict[str, Any]) -> int:
    """Give up what reading does not need, and answer."""
    confinement.confine(
        Path(settings["scratch"]),
        memory_bytes=settings["memory_bytes"],
        seconds=settings["seconds"],
        file_bytes=2 * settings["file_bytes"],
    )
    return answer(settings)


def answer(settings: dict[str, Any]) -> int:
    """Read the file that the settings name, and write the answer beside it."""
    scratch = Path(settings["scratch"])
    try:
        if settings["wants"] == "sheets":
            frames = _sheet_frames(_read_sheets(scratch, settings), settings["features"])
        else:
            frames = _layer_frames(list(_read(scratch, settings)), settings["features"])
        with (scratch / "answer").open("wb") as stream:
            for frame in frames:
                stream.write(len(frame).to_bytes(8, "big") + frame)
    except RefusedError as error:
        print(error, file=sys.stderr)
        return 3
    except RecursionError:
        print("is nested too deeply", file=sys.stderr)
        return 3
    return 0


def _read(scratch: Path, settings: dict[str, Any]) -> Iterator[Found]:
    kind, stem = settings["kind"], Path(settings["name"]).stem
    path = scratch / f"outside.{kind}"
    if kind == "geojson":
        yield _geojson(path.read_bytes(), stem)
    elif kind == "xml":
        yield from _xml(path, stem)
    elif kind == "zip":
        yield from _archive(path, scratch, settings)
    elif kind == "parquet":
        from geoloc.fence import parquet

        yield parquet.read(path, stem)
    else:
        yield from _gdal(path, kind, stem)


def _geojson(content: bytes, name: str) -> Found:
    from geoloc.fence import geojson

    return geojson.read(content, name)


def _xml(path: Path, stem: str) -> Iterator[Found]:
    from geoloc.fence import plain_xml

    content = path.read_bytes()
    root = plain_xml.root_of(content)
    if root == "kml":
        from geoloc.fence import kml

        yield kml.read(content, stem)
    elif root == "gpx":
        plain_xml.require_plain(content)
        yield from _gdal(path, "gpx", stem)
    else:
        raise RefusedError(f"is XML of the kind <{root[:40]}>, and only KML and GPX are let in")


def _read_sheets(scratch: Path, settings: dict[str, Any]) -> list[FoundSheet]:
    from geoloc.fence import sheets

    path = scratch / f"outside.{settings['kind']}"
    if settings["kind"] != "zip":
        return [sheets.read_text(path.read_bytes(), Path(settings["name"]).stem)]
    with _opened(path, settings) as (archive, entries):
        if not sheets.is_workbook(entries):
            raise RefusedError("is an archive, but no XLSX workbook")
        return sheets.read_workbook(archive, entries)


@contextlib.contextmanager
def _opened(
    path: Path, settings: dict[str, Any]
) -> Iterator[tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]]:
    """Give a zip archive and its entries, after looking at all of them."""
    try:
        _require_short_list(path, settings["entries"])
        with zipfile.ZipFile(path) as archive:
            yield archive, _entries(archive, settings)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, zlib.error) as error:
        raise RefusedError(f"is a broken archive ({error})") from error
    except (struct.error, ValueError, LookupError, RuntimeError) as error:
        raise RefusedError(f"is a broken archive ({str(error)[:100]})") from error


def _require_short_list(path: Path, most: int) -> None:
    """Refuse an archive with a long list of entries before any of it is read into memory."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 70_000))
        tail = stream.read()
    ends = [found.start() for found in re.finditer(b"PK\x05\x06|PK\x06\x06", tail)]
    for end in ends:
        long = tail[end + 2 : end + 4] == b"\x06\x06"
        start, width = (24, 8) if long else (8, 2)
        count = int.from_bytes(tail[end + start : end + start + width], "little")
        start, width = (40, 8) if long else (12, 4)
        size = int.from_bytes(tail[end + start : end + start + width], "little")
        unsaid = not long and (count == 0xFFFF or size == 0xFFFFFFFF)
        if not unsaid and count > most:
            raise RefusedError(f"is an archive of {count:,} files, and {most:,} is the most")
        if not unsaid and size > 500 * most:  # the count may lie, and the list is read by its size
            raise RefusedError(f"is an archive that lists more than {most:,} files")


def _archive(path: Path, scratch: Path, settings: dict[str, Any]) -> Iterator[Found]:
    """Read every KML, GeoJSON and Shapefile of a zip archive, after looking at all of it."""
    with _opened(path, settings) as (archive, entries):
        chosen = [name for name in entries if PurePosixPath(name).suffix in _INSIDE]
        if not chosen:
            kinds = sorted({PurePosixPath(name).suffix or name for name in entries})
            raise RefusedError(
                "is an archive without a Shapefile, KML or GeoJSON; it holds"
                f" {', '.join(kinds[:8]) or 'nothing'}"
            )
        for number, name in enumerate(chosen):
            yield from _member(archive, entries, name, scratch / f"member{number}", settings)


_INSIDE = {".kml", ".geojson", ".json", ".shp"}


def _entries(archive: zipfile.ZipFile, settings: dict[str, Any]) -> dict[str, zipfile.ZipInfo]:
    """Return the archive's files by name in small letters; refuse it if one is out of order."""
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > settings["entries"]:
        raise RefusedError(
            f"is an archive of {len(infos):,} files, and {settings['entries']:,} is the most"
        )
    in_order = sorted(infos, key=lambda info: info.header_offset)
    for one, after in pairwise(in_order):
        if one.header_offset + 30 + one.compress_size > after.header_offset:
            raise RefusedError("is an archive whose files overlap: that is a bomb, not a map")
    if sum(info.file_size for info in infos) > settings["file_bytes"]:
        size = sum(info.file_size for info in infos) / 1e6
        raise RefusedError(f"unpacks to {size:,.0f} MB, more than is let in")
    found: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name, parts = info.filename, PurePosixPath(info.filename).parts
        if ".." in parts or "\\" in name or ":" in name or name.startswith("/"):
            raise RefusedError(f"is an archive with a name that leaves it: {name[:80]!r}")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise RefusedError(f"is an archive with a link in it: {name[:80]!r}")
        if info.flag_bits & 1:
            raise RefusedError("is an archive with a password; unpack it first")
        if info.file_size > 1e6 and info.file_size > settings["ratio"] * info.compress_size:
            raise RefusedError(
                f"holds {name[:80]!r}, which unpacks to {info.file_size / 1e6:,.0f} MB from"
                f" {info.compress_size / 1e6:.1f} MB: that is a bomb, not a map"
            )
        if name.lower().endswith((".zip", ".kmz", ".gz", ".7z", ".rar", ".tar")):
            raise RefusedError(f"is an archive in which another lies: {name[:80]!r}; unpack it")
        hidden = "__MACOSX" in parts or parts[-1].startswith(".")
        if not hidden or name == "_rels/.rels":
            if name.lower() in found:
                raise RefusedError(f"is an archive that holds {name[:80]!r} twice")
            found[name.lower()] = info
    return found


def _member(
    archive: zipfile.ZipFile,
    entries: dict[str, zipfile.ZipInfo],
    name: str,
    folder: Path,
    settings: dict[str, Any],
) -> Iterator[Found]:
    stem, suffix = name.rpartition(".")[0], PurePosixPath(name).suffix
    label = PurePosixPath(entries[name].filename).stem
    content = _unpacked(archive, entries[name], settings["file_bytes"])
    if suffix == ".shp":
        if not content.startswith(b"\x00\x00\x27\x0a"):
            raise RefusedError(f"holds {name[:80]!r}, which is no Shapefile")
        folder.mkdir()
        (folder / "outside.shp").write_bytes(content)
        for end in (".shx", ".dbf", ".prj", ".cpg"):
            if stem + end in entries:
                part = _unpacked(archive, entries[stem + end], settings["file_bytes"])
                (folder / f"outside{end}").write_bytes(part)
        yield from _gdal(folder / "outside.shp", "shp", label)
    elif suffix == ".kml":
        from geoloc.fence import plain_xml

        if (root := plain_xml.root_of(content)) != "kml":
            raise RefusedError(f"holds {name[:80]!r}, which is XML of the kind <{root[:40]}>")
        from geoloc.fence import kml

        yield kml.read(content, label)
    else:
        yield _geojson(content, label)


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """Return one file's bytes, whatever size the archive claims for it."""
    with archive.open(info) as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise RefusedError(f"unpacks to more than {most / 1e6:,.0f} MB")
    return content


_DRIVER = {"shp": "ESRI Shapefile", "gpkg": "GPKG", "fgb": "FlatGeobuf", "gpx": "GPX"}


def _gdal(path: Path, kind: str, stem: str) -> Iterator[Found]:
    """Read every layer with the one GDAL driver that is left."""
    for unneeded in ("geopandas", "pandas", "pyarrow"):  # pyogrio would load what it finds
        sys.modules.setdefault(unneeded, None)  # type: ignore[arg-type] # Python's own way to say no
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError

    drivers = _only_driver(_DRIVER[kind])
    if drivers != {_DRIVER[kind]}:
        raise RefusedError(f"cannot be read safely: GDAL kept {', '.join(sorted(drivers)[:5])}")
    if kind == "shp":
        _require_whole_shapes(path)
    try:
        found = pyogrio.list_layers(path)
        names = [str(name) for name, kind_of in found if kind_of is not None]
        if kind == "gpx":  # each corner of a line again as a point
            names = [name for name in names if name not in ("route_points", "track_points")]
        for name in names:
            layer = _gdal_layer(path, name, stem if kind == "shp" else name)
            if kind == "gpx":
                layer.features = [(about, _whole(shape)) for about, shape in layer.features]
            yield layer
    except (DataLayerError, DataSourceError, FeatureError, GeometryError, ValueError) as error:
        reason = str(error).splitlines()[0].replace(str(path), "the file").rstrip(". ")[:200]
        raise RefusedError(f"cannot be read as {_DRIVER[kind]}: {reason}") from error


def _only_driver(wanted: str) -> set[str]:
    """Take every other driver out of GDAL, which opens by content; return what is left."""
    import pyogrio

    others = sorted(set(pyogrio.list_drivers()) - {wanted})
    pyogrio.set_gdal_config_options({"GDAL_SKIP": ",".join(others)})
    pyogrio.core._register_drivers()  # drivers are skipped when all of them are registered anew
    return set(pyogrio.list_drivers()) - {"MEM"}


def _require_whole_shapes(path: Path) -> None:
    """Refuse a .shp that is cut off: GDAL would read the rest as features without a shape."""
    stated = int.from_bytes(path.read_bytes()[24:28], "big") * 2  # length in 16-bit words
    if stated != path.stat().st_size:
        raise RefusedError(f"is cut off: {path.stat().st_size:,} of {stated:,} bytes of shapes")


def _gdal_layer(path: Path, name: str, label: str) -> Found:
    import warnings

    from pyogrio import raw, read_info

    expected = int(read_info(path, layer=name, force_feature_count=True)["features"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        about, _, shapes, columns = raw.read(path, layer=name, datetime_as_string=True)
    if len(shapes) != expected:  # a FlatGeobuf that is cut off within its index
        raise RefusedError(f"is cut off: {len(shapes):,} of {expected:,} features can be read")
    fields = [str(field) for field in about["fields"]]
    rows: Iterable[tuple[Any, ...]] = zip(*columns, strict=True) if fields else (() for _ in shapes)
    features = [
        (dict(zip(fields, map(_plain, row), strict=True)), shape)
        for row, shape in zip(rows, shapes, strict=True)
    ]
    return Found(label, about["crs"], features, [str(each.message) for each in caught])


def _whole(shape: bytes | str | None) -> bytes | str | None:
    """Return a track or route as it is, or say why it is none: GDAL gives lines of one point on."""
    import shapely

    try:
        shapely.from_wkb(shape)
    except shapely.GEOSException:
        return "has a line of one point"
    return shape


def _plain(value: Any) -> Any:
    """Return a value that JSON holds: text, a number, a truth or None."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _layer_frames(layers: list[Found], most: int) -> Iterator[bytes]:
    _require_few([len(layer.features) for layer in layers], most, "features")
    for layer in layers:
        rows = [_whole_texts(properties) for properties, _ in layer.features]
        changed = sum(
            row != properties for row, (properties, _) in zip(rows, layer.features, strict=True)
        )
        notes = layer.notes[:20]
        if changed:
            notes.append(f"{changed:,} feature(s) held halves of characters; they read \ufffd.")
        yield _json(
            {
                "name": whole_text(layer.name),
                "crs": layer.crs,
                "count": len(layer.features),
                "notes": notes,
            }
        )
        for row, (_, shape) in zip(rows, layer.features, strict=True):
            yield _json(row)
            yield BROKEN + whole_text(shape).encode() if isinstance(shape, str) else shape or b""


def _whole_texts(properties: dict[str, Any]) -> dict[str, Any]:
    """Return properties in whose names and values every character is whole."""
    found = {
        whole_text(name): whole_text(value) if isinstance(value, str) else value
        for name, value in properties.items()
    }
    if len(found) != len(properties):
        raise RefusedError("has a feature with two names that differ in halves of characters only")
    return found


def _sheet_frames(sheets: list[FoundSheet], most: int) -> Iterator[bytes]:
    _require_few([len(sheet.rows) for sheet in sheets], most, "rows")
    for sheet in sheets:
        name = whole_text(sheet.name)
        yield _json({"name": name, "count": len(sheet.rows), "notes": sheet.notes[:20]})
        yield from (_json([_sayable(cell) for cell in row]) for row in sheet.rows)


def _require_few(counts: list[int], most: int, what: str) -> None:
    if sum(counts) > most:
        raise RefusedError(f"holds more than {most:,} {what}")


def _sayable(cell: Any) -> Any:
    """Return a cell that JSON holds: a date or time as its kind and its text."""
    if isinstance(cell, dt.date | dt.time):
        return [type(cell).__name__, cell.isoformat()]
    return _plain(cell)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("ascii")


if __name__ == "__main__":
    # The readers raise this module's own errors, so it must be one module, not two.
    from geoloc.fence import child

    raise SystemExit(child.main(json.loads(sys.argv[1])))
