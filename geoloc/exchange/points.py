"""Tables of points: CSV and XLSX in, with coordinates in any column and notation, and out.

In: two columns of degrees, one of any notation that `geo.parse_coordinates` reads (MGRS, degrees,
minutes and seconds, links), or one of WKT. A row that cannot be read stays a row, with the reason.

Axes are taken for swapped where a point lies in Afghanistan's box (60.4 to 75.0 E, 29.3 to 38.6 N)
only if latitude and longitude change places: as it stands it is in Finland, the north of Russia or
the Barents Sea. Such a row is flagged and never turned around, unless `swap` asks for it.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoloc import fence, files, geo, tables
from geoloc.errors import CRSError, InputError
from geoloc.exchange import shown
from geoloc.exchange.taken import Taken, TakenFeature, TakenLayer

if TYPE_CHECKING:
    from geoloc.casebook import Finding

_NAMES = ("name", "title", "label", "site", "place", "id", "نام", "اسم", "نوم", "عنوان", "محل")
_WKT = re.compile(
    r"\s*(?:SRID\s*=\s*(\d+)\s*;)?\s*"
    r"((?:MULTI)?(?:POINT|LINESTRING|POLYGON)|GEOMETRYCOLLECTION)\s*[ZM]{0,2}\s*(?:\(|EMPTY)",
    re.IGNORECASE,
)
_DEEPEST = 6  # brackets in brackets of a WKT text; a multi-polygon in a collection has 4


def read_points(path: Path, *, crs: str | None = None, swap: bool = False) -> Taken:
    """Read a CSV or XLSX table from outside, a feature a row.

    Parameters
    ----------
    path : Path
        Any delimiter, and any encoding that can be told; of a workbook every sheet.
    crs : str, optional
        `EPSG:n` of the coordinates: columns called easting and northing, E and N or x and y, or
        WKT. Without it they are degrees of WGS 84.
    swap : bool
        Whether to read latitude where longitude stands and the other way round.

    Returns
    -------
    Taken
        Geometry in WGS 84, (lon, lat), as the table says it, also where its axes look swapped; the
        `problem` of such a feature proposes the other reading, and it is not usable.

    Raises
    ------
    FenceError
        If the file is not let in.
    InputError
        If no column of any sheet holds coordinates, or several could.
    CRSError
        If there is no such CRS.
    """
    name = fence.whole_text(Path(path).name)
    sheets = fence.read_sheets(path)
    layers: list[TakenLayer] = []
    notes: list[str] = []
    for sheet in sheets:
        notes += sheet.notes
        try:
            layers.append(_layer(sheet, crs, swap=swap))
        except CRSError:
            raise
        except InputError as error:
            if len(sheets) == 1:
                raise
            notes.append(f"Sheet {sheet.name!r} was not read: {error}")
    if not layers:
        raise InputError(f"{name!r} has no sheet with coordinates. " + " ".join(notes))
    count = sum(len(layer.features) for layer in layers)
    notes.insert(0, f"{len(layers)} sheet(s), {count:,} row(s).")
    kind = "xlsx" if Path(path).suffix.lower() == ".xlsx" else "csv"
    return Taken(name, kind, tuple(layers), tuple(notes))


_HEADERS = (
    "call them latitude and longitude, lat and lon, y and x, or عرض and طول; or have one column of"
    " both, of MGRS or of WKT. Metres need easting and northing, E and N or x and y, and --crs"
)


def _layer(sheet: fence.OutsideSheet, crs: str | None, *, swap: bool) -> TakenLayer:
    filled = [(number, row) for number, row in enumerate(sheet.rows, start=1) if any_cell(row)]
    if not filled:
        raise InputError(f"Sheet {sheet.name!r} is empty; its first row must name the columns.")
    names = _columns(filled[0][1])
    numbers = [number for number, _ in filled[1:]]
    rows = [[_unquoted(cell) for cell in _fitted(row, len(names))] for _, row in filled[1:]]
    batch = tables.Batch(tables.as_frame(rows, names))
    records = [dict(zip(names, map(_sayable, row), strict=True)) for row in rows]
    column = _wkt_column(records)
    if column is not None:
        where = f"the column {column!r} (WKT){f', read in {crs}' if crs else ''}"
        read = [_of_wkt(record[column], crs, swap=swap) for record in records]
    elif crs is not None and crs.upper() not in _DEGREES:
        axes = _planar_axes(batch)
        where = f"the columns {axes.lon!r} (east) and {axes.lat!r} (north), read in {crs}"
        read = _of_plane(batch, axes, crs, swap=swap)
    else:
        axes = tables.named_axes(batch, remedy=_HEADERS)
        where = axes.words
        read = _of_axes(batch, axes, swap=swap)
    features = [
        TakenFeature(
            shape,
            _name(record) or f"row {number}",
            record,
            problem and f"stands in row {number} and {problem}",
            usable=problem is None,
            proposed=_turned(shape, problem),
        )
        for number, record, (shape, problem) in zip(numbers, records, read, strict=True)
    ]
    return TakenLayer(sheet.name, tuple(features), tuple(_notes(features, where, swap=swap)))


def any_cell(row: Iterable[Any]) -> bool:
    """Return whether anything stands in a row."""
    return any(cell is not None for cell in row)


def _columns(header: Sequence[Any]) -> list[str]:
    """Return the columns' names, of which none is empty or there twice."""
    found: list[str] = []
    for number, cell in enumerate(header, start=1):
        name = base = str(_unquoted(cell)).strip() if cell is not None else f"column {number}"
        count = 1
        while name in found:
            count += 1
            name = f"{base} {count}"
        found.append(name)
    return found


def _fitted(row: Sequence[Any], width: int) -> list[Any]:
    """Return a row as wide as the header; what stands beyond it is joined to the last cell."""
    if len(row) > width:
        rest = [str(cell) for cell in row[width - 1 :] if cell is not None]
        return [*row[: width - 1], ",".join(rest) or None]
    return [*row, *[None] * (width - len(row))]


def _unquoted(cell: Any) -> Any:
    return tables.plain_text(cell) if isinstance(cell, str) else cell


def _sayable(cell: Any) -> Any:
    return cell.isoformat() if isinstance(cell, dt.date | dt.time) else cell


def _name(record: dict[str, Any]) -> str:
    plain = {key.strip().casefold(): value for key, value in reversed(record.items())}
    found = (str(plain[key]).strip() for key in _NAMES if plain.get(key) is not None)
    return next(found, "")


_Read = tuple[Any, str | None]  # a shape or None, and what is wrong with the row or None
_DEGREES = ("EPSG:4326", "OGC:CRS84")
_PLANAR = (("easting", "northing"), ("east", "north"), ("e", "n"), ("x", "y"))


def _planar_axes(batch: tables.Batch) -> tables.Axes:
    """Return the columns of easting and northing, or of degrees of another CRS."""
    plain = {str(name).strip().casefold(): str(name) for name in batch.rows.columns}
    for east, north in _PLANAR:
        if east in plain and north in plain:
            return tables.Axes(plain[east], plain[north])
    axes = tables.named_axes(batch, remedy=_HEADERS)
    if axes.lon == axes.lat:
        raise InputError(f"--crs is for two columns of numbers, not for {axes.words}.")
    return axes


def _of_plane(batch: tables.Batch, axes: tables.Axes, crs: str, *, swap: bool) -> list[_Read]:
    if swap:
        axes = tables.Axes(axes.lat, axes.lon)
    x, y = (tables.numbers(batch.rows[name]) for name in (axes.lon, axes.lat))
    lons, lats = geo.from_crs(x, y, crs)
    cells = zip(lons.tolist(), lats.tolist(), _words(batch, axes), strict=True)
    return [_on_earth(lon, lat, words, crs) for lon, lat, words in cells]


def _on_earth(lon: float, lat: float, words: str, crs: str) -> _Read:
    if not words.strip("; "):
        return None, "has no coordinates"
    if not np.isfinite([lon, lat]).all():
        return None, f"holds no point of {crs}: {words!r} (latitude or north first)"
    shape = shapely.Point(lon, lat)
    return shape, _misplaced(shape, np.array([[lon, lat]]))


def _of_axes(batch: tables.Batch, axes: tables.Axes, *, swap: bool) -> list[_Read]:
    if swap and axes.lon != axes.lat:
        axes = tables.Axes(axes.lat, axes.lon)
    # What looks swapped is read as it stands: a table may be of Finland.
    found = straight = tables.locate(batch, axes, as_said=True)
    if swap and axes.lon == axes.lat:  # other rows may be in a notation that cannot be swapped
        turned = found.swapped
        straight = replace(
            found,
            lon=np.where(turned, found.lat, found.lon),
            lat=np.where(turned, found.lon, found.lat),
        )
        found = replace(found, swapped=np.zeros_like(turned))
    cells = _words(batch, axes)
    return [
        _of_row(lon, lat, words, empty=bool(empty), swapped=bool(swapped))
        for lon, lat, words, empty, swapped in zip(
            straight.lon, straight.lat, cells, found.empty, found.swapped, strict=True
        )
    ]


def _words(batch: tables.Batch, axes: tables.Axes) -> list[str]:
    """Return what stands where the coordinates should, row by row."""
    columns = [batch.rows[name] for name in dict.fromkeys((axes.lat, axes.lon))]
    joined = ["; ".join(str(cell) for cell in row) for row in zip(*columns, strict=True)]
    return [words if len(words) <= 60 else words[:57] + "..." for words in joined]


def _of_row(lon: float, lat: float, words: str, *, empty: bool, swapped: bool) -> _Read:
    if empty:
        return None, "has no coordinates"
    if not np.isfinite(lon):
        return None, f"holds no point on Earth: {words!r}; {geo.HOW_TO_WRITE}"
    point = shapely.Point(lon, lat)
    return point, _swapped(lon, lat) if swapped else None


def _swapped(lon: float, lat: float) -> str:
    return (
        f"{_LOOKS_SWAPPED}: latitude {lat:.6g}, longitude {lon:.6g} is far away, and latitude"
        f" {lon:.6g}, longitude {lat:.6g} is in Afghanistan; --swap reads it so"
    )


def _turned(shape: Any, problem: str | None) -> tuple[float, float] | None:
    """Return the first corner of a shape that looks swapped as the other reading has it."""
    if problem is None or not problem.startswith(_LOOKS_SWAPPED):
        return None
    lat, lon = shapely.get_coordinates(shape)[0].tolist()
    return lon, lat


_LOOKS_SWAPPED = "looks swapped"


def _wkt_column(records: Sequence[dict[str, Any]]) -> str | None:
    """Return the first column most of whose filled cells are WKT."""
    for name in records[0] if records else ():
        cells = [record[name] for record in records[:200] if record[name] is not None][:20]
        told = sum(isinstance(cell, str) and bool(_WKT.match(cell)) for cell in cells)
        if 2 * told > len(cells):
            return name
    return None


def _of_wkt(cell: Any, crs: str | None, *, swap: bool) -> _Read:
    if cell is None:
        return None, "has no coordinates"
    text = str(cell)
    if not (found := _WKT.match(text)) or _depth(text) > _DEEPEST:
        return None, f"holds no WKT: {text[:60]!r}"
    stated = f"EPSG:{found[1]}" if found[1] else crs or "EPSG:4326"
    if found[1] not in (None, "4326") and stated != (crs or "").upper():
        return None, f"is in {stated}; --crs {stated} reads it"
    try:
        shape = shapely.from_wkt(text[text.index(found[2]) :])
    except shapely.GEOSException:
        return None, f"holds broken WKT: {text[:60]!r}"
    shape = shapely.force_2d(shape)
    points = shapely.get_coordinates(shape)
    if shape.is_empty or not np.isfinite(points).all():
        return (
            None,
            "has no coordinates" if shape.is_empty else "has a coordinate that is no number",
        )
    if swap:
        shape = shapely.transform(shape, lambda xy: xy[:, ::-1])
    if stated.upper() not in _DEGREES:
        shape = shapely.transform(
            shape, lambda xy: np.column_stack(geo.from_crs(xy[:, 0], xy[:, 1], stated))
        )
    return shape, _misplaced(shape, shapely.get_coordinates(shape))


def _misplaced(shape: Any, points: Any) -> str | None:
    if _inside(geo.AFGHANISTAN, points[:, ::-1]) and not _inside(geo.AFGHANISTAN, points):
        return _swapped(float(points[0][0]), float(points[0][1]))
    if not _inside((-180.0, -90.0, 180.0, 90.0), points):
        return "lies nowhere on Earth: WKT is longitude first, in degrees"
    if not shape.is_valid:
        return f"is not valid ({shapely.is_valid_reason(shape).split('[')[0]}); mend it in QGIS"
    return None


def _inside(box: geo.Box, points: Any) -> bool:
    west, south, east, north = box
    x, y = points[:, 0], points[:, 1]
    return bool(((x >= west) & (x <= east) & (y >= south) & (y <= north)).all())


def _depth(text: str) -> int:
    """Return how many brackets lie within each other: GEOS calls itself once for each."""
    depth = deepest = 0
    for bracket in re.findall(r"[()]", text):
        depth += 1 if bracket == "(" else -1
        deepest = max(deepest, depth)
    return deepest


def _notes(features: Sequence[TakenFeature], where: str, *, swap: bool) -> Iterator[str]:
    yield f"Coordinates from {where}."
    if swap:
        yield "Latitude and longitude were read the other way round, as asked for."
    swapped = sum(feature.proposed is not None for feature in features)
    filled = sum(" has no coordinates" not in (feature.problem or "") for feature in features)
    if 2 * swapped > filled:
        yield (
            f"Latitude and longitude look swapped in {where}: {swapped:,} of {filled:,} rows lie in"
            " Afghanistan only if they change places. Nothing was changed; --swap reads them so."
        )
    elif swapped:
        yield f"{swapped:,} row(s) look swapped; nothing was changed."
    abroad = sum(feature.abroad for feature in features)
    if abroad:
        yield f"{abroad:,} of {len(features):,} row(s) lie outside Afghanistan."
    missing = sum(feature.geometry is None for feature in features)
    if missing:
        first = next(f.problem for f in features if f.geometry is None)
        yield f"{missing:,} row(s) have no place on the map; the first: {first}."


# Out: what `shown` lets out, a row a shape.
_PLACE = ("longitude", "latitude", "footprint_wkt")
COLUMNS = (*(name for name in shown.COLUMNS if name != "caveat"), *_PLACE, "caveat")


def write_points(
    findings: Sequence[Finding], path: Path, *, exact: bool = False
) -> tuple[str, ...]:
    """Write findings as a table, a row a shape: its centre, and all of it as WKT.

    Parameters
    ----------
    findings : sequence of Finding
        What `investigate` returned.
    path : Path
        A .csv or .xlsx file. Text that a spreadsheet would run is made harmless: in XLSX it is
        text by its type, in CSV a quote stands before it, which `read_points` takes away again.
    exact : bool
        Whether to write places as exactly as they were found; else nothing finer than 1 km.

    Returns
    -------
    tuple of str
        What the file does not hold as the case does, as sentences.

    Raises
    ------
    OutputError
        If it cannot be written; what was there before is untouched.
    """
    items, losses = shown.items(findings, exact=exact)
    with files.writing_whole(path) as temporary:
        write(items, temporary, "")
    return (*losses, *losses_of(path.suffix.lower(), items))


def write(items: Sequence[shown.Item], path: Path, _title: str) -> None:
    """Write items as rows to a .csv or .xlsx file."""
    rows = [_row(item) for item in items]
    if path.suffix.lower() == ".xlsx":
        _write_workbook(rows, path)
    else:
        write_csv([COLUMNS, *([row.get(name) for name in COLUMNS] for row in rows)], path)


def _row(item: shown.Item) -> dict[str, Any]:
    centre = centre_of(item.geometry)
    wkt = shapely.to_wkt(item.geometry, rounding_precision=-1)
    return {**item.columns, **dict(zip(_PLACE, (*centre, wkt), strict=True))}


def centre_of(shape: Any) -> tuple[float, float]:
    """Return a point that stands for a shape, (lon, lat): a point itself, else inside or on it."""
    point = shape if shape.geom_type == "Point" else shapely.point_on_surface(shape)
    return round(point.x, 7), round(point.y, 7)


def write_csv(rows: Iterable[Iterable[Any]], path: Path) -> None:
    """Write rows in UTF-8 with the mark by which Excel knows it; text never runs there."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        lines = csv.writer(stream, lineterminator="\r\n")
        lines.writerows([_holdable(tables.harmless_text(cell)) for cell in row] for row in rows)


_IMPOSSIBLE = dict.fromkeys(map(ord, "\0\ufffe\uffff"), "\ufffd")


def _holdable(text: str) -> str:
    """Return text with the characters that no table can hold as U+FFFD."""
    return text.translate(_IMPOSSIBLE)


def _write_workbook(rows: Sequence[dict[str, Any]], path: Path) -> None:
    with tables.new_workbook(path) as book:
        sheet = book.add_worksheet("shapes")
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(COLUMNS):
            sheet.write_string(0, column, name)
            for number, row in enumerate(rows, start=1):
                value = row.get(name)
                if isinstance(value, str) and len(value) <= tables.LONGEST_CELL:
                    sheet.write_string(number, column, _holdable(value))
                elif isinstance(value, float) and float(f"{value:.16G}") != value:
                    sheet.write_string(number, column, repr(value))  # a number has 16 digits there
                elif value is not None and not isinstance(value, str):
                    sheet.write_number(number, column, value)


def losses_of(suffix: str, items: Sequence[shown.Item]) -> Iterator[str]:
    """Say what a table does not hold of these items."""
    if suffix == ".xlsx":
        long = sum(len(_row(item)["footprint_wkt"]) > tables.LONGEST_CELL for item in items)
        if long:
            yield (
                f"{long} shape(s) have more corners than a cell of a workbook holds, and only their"
                " centre is in it; .csv holds them."
            )
    texts = [str(value) for item in items for value in item.columns.values()]
    changed = sum(_holdable(text) != text for text in texts)
    if changed:
        yield f"{changed} text(s) hold characters that no table can, e.g. U+0000: they read \ufffd."
