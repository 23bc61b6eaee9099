"""The reader behind the fence: runs alone in a child process, with limits, and writes an answer.

It says what is wrong in one line on standard error and ends with status 3. The answer is a file of
frames, each its length in eight bytes and then that many bytes: per layer one of JSON that says its
name, CRS, count and notes; per feature one of JSON with its properties and one of WKB.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import stat
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any


class RefusedError(Exception):
    """Why a file is not let in; a phrase that follows the file's name."""


@dataclass(slots=True)
class Found:
    """One layer as a reader found it."""

    name: str
    crs: str | None
    features: list[tuple[dict[str, Any], bytes | None]]
    notes: list[str] = field(default_factory=list)


def main(settings: dict[str, Any]) -> int:
    """Read the file that the settings name, and write the answer beside it."""
    _confine(settings)
    scratch = Path(settings["scratch"])
    try:
        layers = list(_read(scratch, settings))
        _write(scratch / "answer", layers, settings["features"])
    except RefusedError as error:
        print(error, file=sys.stderr)
        return 3
    except RecursionError:
        print("is nested too deeply", file=sys.stderr)
        return 3
    return 0


def _confine(settings: dict[str, Any]) -> None:
    """Take away the network, and all memory and time beyond the limits, where the system can."""
    with contextlib.suppress(OSError, AttributeError):
        # A network namespace of its own, without any device: new user + new net (Linux).
        ctypes.CDLL(None).unshare(0x10000000 | 0x40000000)
    try:
        import resource
    except ImportError:  # Windows; the parent's clock still counts
        return
    wanted = {
        resource.RLIMIT_AS: settings["memory_bytes"],
        resource.RLIMIT_CPU: settings["seconds"],
        resource.RLIMIT_FSIZE: 2 * settings["file_bytes"],
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in wanted.items():
        with contextlib.suppress(OSError, ValueError):  # macOS refuses RLIMIT_AS
            resource.setrlimit(limit, (value, value))


def _read(scratch: Path, settings: dict[str, Any]) -> Iterator[Found]:
    kind, stem = settings["kind"], Path(settings["name"]).stem
    path = scratch / f"outside.{kind}"
    if kind == "geojson":
        yield _geojson(path.read_bytes(), stem)
    elif kind == "xml":
        yield from _xml(path, stem)
    elif kind == "zip":
        yield from _archive(path, scratch, settings)
    else:
        yield from _gdal(path, kind, stem)


def _geojson(content: bytes, name: str) -> Found:
    from geoloc.fence import geojson

    return geojson.read(content, name)


def _xml(path: Path, stem: str) -> Iterator[Found]:
    from geoloc.fence import kml

    content = path.read_bytes()
    root = kml.root_of(content)
    if root == "kml":
        yield kml.read(content, stem)
    elif root == "gpx":
        kml.require_plain(content)
        yield from _gdal(path, "gpx", stem)
    else:
        raise RefusedError(f"is XML of the kind <{root[:40]}>, and only KML and GPX are let in")


def _archive(path: Path, scratch: Path, settings: dict[str, Any]) -> Iterator[Found]:
    """Read every KML, GeoJSON and Shapefile of a zip archive, after looking at all of it."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = _entries(archive, settings)
            chosen = [name for name in entries if PurePosixPath(name).suffix in _INSIDE]
            if not chosen:
                kinds = sorted({PurePosixPath(name).suffix or name for name in entries})
                raise RefusedError(
                    "is an archive without a Shapefile, KML or GeoJSON; it holds"
                    f" {', '.join(kinds[:8]) or 'nothing'}"
                )
            for number, name in enumerate(chosen):
                yield from _member(archive, entries, name, scratch / f"member{number}", settings)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, zlib.error) as error:
        raise RefusedError(f"is a broken archive ({error})") from error


_INSIDE = {".kml", ".geojson", ".json", ".shp"}


def _entries(archive: zipfile.ZipFile, settings: dict[str, Any]) -> dict[str, zipfile.ZipInfo]:
    """Return the archive's files by name in small letters; refuse it if one is out of order."""
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > settings["entries"]:
        raise RefusedError(f"is an archive of {len(infos):,} files, and 2,000 is the most")
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
        if "__MACOSX" not in parts and not parts[-1].startswith("."):
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
        from geoloc.fence import kml

        if (root := kml.root_of(content)) != "kml":
            raise RefusedError(f"holds {name[:80]!r}, which is XML of the kind <{root[:40]}>")
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
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError

    drivers = {name for name in pyogrio.list_drivers() if name != "MEM"}
    if drivers != {_DRIVER[kind]}:
        raise RefusedError(f"cannot be read safely: GDAL kept {', '.join(sorted(drivers)[:5])}")
    if kind == "shp":
        _require_whole_shapes(path)
    try:
        names = [str(name) for name, kind_of in pyogrio.list_layers(path) if kind_of is not None]
        for name in names:
            yield _gdal_layer(path, name, stem if kind == "shp" else name)
    except (DataLayerError, DataSourceError, FeatureError, GeometryError, ValueError) as error:
        reason = str(error).splitlines()[0].replace(str(path), "the file").rstrip(". ")[:200]
        raise RefusedError(f"cannot be read as {_DRIVER[kind]}: {reason}") from error


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


def _plain(value: Any) -> Any:
    """Return a value that JSON holds: text, a number, a truth or None."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _write(answer: Path, layers: list[Found], most: int) -> None:
    if sum(len(layer.features) for layer in layers) > most:
        raise RefusedError(f"holds more than {most:,} features")
    with answer.open("wb") as stream:
        for layer in layers:
            head = {
                "name": layer.name,
                "crs": layer.crs,
                "count": len(layer.features),
                "notes": layer.notes[:20],
            }
            frames = [json.dumps(head).encode()]
            for properties, shape in layer.features:
                frames += [json.dumps(properties).encode(), bytes(shape or b"")]
            for frame in frames:
                stream.write(len(frame).to_bytes(8, "big") + frame)


if __name__ == "__main__":
    # The readers raise this module's own errors, so it must be one module, not two.
    from geoloc.fence import child

    raise SystemExit(child.main(json.loads(sys.argv[1])))
