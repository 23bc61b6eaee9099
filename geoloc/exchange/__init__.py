"""Files in and out: what other programs draw and read, and what each format loses.

Out goes a finding (`export`), by the end of the file's name; in comes a file from anybody
(`read_shapes`, `read_points`) through the fence, and becomes drawings of a case (`drawings`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geoloc import files
from geoloc.casebook import coarse
from geoloc.errors import InputError
from geoloc.exchange import geojson, gpx, kml, layers, points, shown, xml
from geoloc.exchange.book import BookReport, import_book, keep_book, write_book
from geoloc.exchange.darwin import write_darwin
from geoloc.exchange.drawn import drawings_of as drawings
from geoloc.exchange.drawn import is_ours, of_other_cases
from geoloc.exchange.geojson import write_taken
from geoloc.exchange.incoming import read_shapes
from geoloc.exchange.keeping import add_to_case
from geoloc.exchange.points import read_points, write_points
from geoloc.exchange.taken import Repair, Taken, TakenFeature, TakenLayer

if TYPE_CHECKING:
    from geoloc.casebook import Finding

__all__ = [
    "SUFFIXES",
    "BookReport",
    "Repair",
    "Taken",
    "TakenFeature",
    "TakenLayer",
    "add_to_case",
    "drawings",
    "export",
    "import_book",
    "is_ours",
    "keep_book",
    "of_other_cases",
    "read",
    "read_points",
    "read_shapes",
    "write_book",
    "write_darwin",
    "write_points",
    "write_taken",
]

_Writer = Callable[[Sequence[shown.Item], Path, str], None]
_WRITERS: dict[str, _Writer] = {
    ".geojson": geojson.write,
    ".kml": kml.write,
    ".kmz": kml.write_zipped,
    ".gpkg": layers.write_geopackage,
    ".parquet": layers.write_geoparquet,
    ".fgb": layers.write_flatgeobuf,
    ".gpx": gpx.write,
    ".csv": points.write,
    ".xlsx": points.write,
}
_TABLES = (".csv", ".tsv", ".txt", ".xlsx")
SUFFIXES = tuple(_WRITERS)


def export(findings: Sequence[Finding], path: Path, *, exact: bool = False) -> tuple[str, ...]:
    """Write findings to a file for other programs, whole or not at all.

    Parameters
    ----------
    findings : sequence of Finding
        What `investigate` returned.
    path : Path
        The end of its name says the format: .geojson, .kml, .kmz, .gpkg, .parquet, .fgb, .gpx, or
        a table of points: .csv, .xlsx, and .dwc.csv for Darwin Core.
    exact : bool
        Whether to write places as exactly as they were found. By default nothing in the file tells
        one to better than 1 km, by the rule of published pages.

    Returns
    -------
    tuple of str
        What the file does not hold as the case does, as sentences; `EXCHANGE.md` lists them all.

    Raises
    ------
    InputError
        If the end of the name is of no known kind, or a library for it is not installed.
    OutputError
        If it cannot be written; what was there before is untouched.
    """
    if path.name.lower().endswith(".dwc.csv"):
        return write_darwin(findings, path, exact=exact)
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise InputError(
            f"geoloc writes {', '.join(SUFFIXES)} files, and {path.name!r} ends in none of them."
        )
    items, losses = shown.items(findings, exact=exact)
    with files.writing_whole(path) as temporary:
        title = _title(findings)
        write(items, temporary, title if exact else coarse.wordless(title))
    return (*losses, *_losses(path.suffix.lower(), items))


def read(path: Path, *, crs: str | None = None, repair: bool = False, swap: bool = False) -> Taken:
    """Read a file of shapes, or a table of points, from outside; see `read_shapes`.

    Raises
    ------
    InputError
        If it is not let in, or its coordinates cannot be understood.
    """
    if path.suffix.lower() in _TABLES:
        if repair:
            raise InputError(
                f"--repair mends shapes of map files, and {path.name!r} is a table; mend areas that"
                " it holds as WKT in QGIS."
            )
        return read_points(path, crs=crs, swap=swap)
    return read_shapes(path, crs=crs, repair=repair, swap=swap)


def _title(findings: Sequence[Finding]) -> str:
    if len(findings) == 1:
        incident = findings[0].incident
        return f"{incident.date} {incident.title}"
    return f"{len(findings)} incidents"


def _losses(suffix: str, items: Sequence[shown.Item]) -> Iterator[str]:
    """Say what this format changes of these items."""
    changed = {
        ".kml": lambda item: any(xml.holdable(text) != text for text in _texts(item)),
        ".kmz": lambda item: any(xml.holdable(text) != text for text in _texts(item)),
        ".gpx": lambda item: xml.holdable(str(item.columns["name"])) != item.columns["name"],
        ".gpkg": lambda item: any("\0" in text for text in _texts(item)),
        ".fgb": lambda item: any("\0" in text for text in _texts(item)),
    }.get(suffix)
    if suffix in (".csv", ".xlsx"):
        yield from points.losses_of(suffix, items)
    count = sum(map(changed, items)) if changed else 0
    if count:
        yield f"{count} feature(s) hold control characters that {suffix} cannot; they read \ufffd."
    areas = sum("Polygon" in item.geometry.geom_type for item in items)
    if suffix == ".gpx" and areas:
        yield f"{areas} area(s) go out as tracks around them: GPX knows no areas."


def _texts(item: shown.Item) -> Iterator[str]:
    return (value for value in item.columns.values() if isinstance(value, str))
