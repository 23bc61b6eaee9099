"""Writing a table of points as it grows; the file takes its name when all of it is written."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from geoloc import files
from geoloc.errors import InputError, OutputError
from geoloc.tables.reading import Batch, Table, pyarrow_parquet

if TYPE_CHECKING:
    import pandas as pd

    from geoloc.tables.columns import Located

SUFFIXES = (".csv", ".tsv", ".xlsx", ".geojson", ".gpkg", ".parquet")


class Sink(contextlib.AbstractContextManager["Sink"]):
    """A file that grows by batches; what it opens on entry it closes on exit."""

    def __init__(self, temporary: Path, path: Path, table: Table) -> None:
        self._temporary, self._path, self._table = temporary, path, table

    def write(self, batch: Batch, located: Located, added: pd.DataFrame) -> None:
        """Write the rows of a batch, with the added columns at their end."""
        raise NotImplementedError

    def __exit__(self, kind: object, *_: object) -> None:
        """Finish the file, unless `kind` says that it failed."""


@contextlib.contextmanager
def open_sink(path: Path, table: Table) -> Iterator[Sink]:
    """Give a file to write, by the end of its name; without an error it is there afterwards.

    Raises
    ------
    InputError
        If the end of the name is of no known kind, or the rows do not fit the format.
    OutputError
        If it cannot be written; what was there before is untouched.
    """
    kinds: dict[str, type[Sink]] = {
        ".csv": _Text, ".tsv": _Text, ".xlsx": _Workbook, ".geojson": _GeoJson,
        ".gpkg": _GeoPackage, ".parquet": _Parquet,
    }  # fmt: skip
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise InputError(
            f"geoloc writes {', '.join(SUFFIXES)} files, not {path.suffix or 'a name without'!r}."
        )
    if kind is _Parquet:
        pyarrow_parquet()
    with files.writing_whole(path) as temporary, kind(temporary, path, table) as sink:
        yield sink


def _plain_columns(batch: Batch, located: Located, added: pd.DataFrame) -> pd.DataFrame:
    """Return all columns for a format without geometry, which becomes longitude and latitude."""
    import pandas as pd

    rows = batch.rows
    if batch.geometry_column is not None:
        rows = rows.drop(columns=batch.geometry_column)
    parts = [rows]
    if batch.geometry is not None:
        taken = {str(name).casefold() for name in rows.columns}
        points = {"longitude": located.lon.round(9), "latitude": located.lat.round(9)}
        parts.append(pd.DataFrame({k: v for k, v in points.items() if k not in taken}))
    return pd.concat([*parts, added], axis=1)


def _shapes(batch: Batch, located: Located) -> np.ndarray[Any, Any]:
    """Return the geometry of each row: its own, or the point that was read; None for neither."""
    import shapely

    if batch.geometry is not None:
        return batch.geometry
    shapes = np.full(len(located.lon), None, dtype=object)
    found = np.flatnonzero(np.isfinite(located.lon))
    shapes[found] = shapely.points(located.lon[found], located.lat[found])
    return shapes


def _distinct(names: Iterable[Any], reserved: Iterable[str] = ()) -> list[str]:
    """Return column names of which none is empty, reserved, or another one in capitals."""
    taken = set(reserved)
    found = []
    for number, name in enumerate(map(str, names), start=1):
        base = plain = name or f"column_{number}"
        count = 1
        while plain.casefold() in taken:
            count += 1
            plain = f"{base}_{count}"
        taken.add(plain.casefold())
        found.append(plain)
    return found


def _missing(cell: Any) -> bool:
    import pandas as pd

    return cell is None or cell is pd.NA or cell is pd.NaT or (cell != cell) is True


def plain_text(cell: str) -> str:
    """Return a text cell of a CSV file without the quote that `harmless_text` put before it."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


# A spreadsheet takes such a cell for a formula. A quote before it makes it text; to undo that,
# take one quote away from every cell that begins with quotes and then one of these.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")


def _harmless(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; numbers stay as they are."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def harmless_text(cell: Any) -> str:
    """Return a cell as CSV holds it; a text that a spreadsheet would run has a quote before it."""
    if _missing(cell):
        return ""
    if isinstance(cell, str):
        return _harmless(cell)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))  # a workbook holds every number as a float
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return _harmless(str(cell))


class _Text(Sink):
    """CSV in UTF-8, with the delimiter and the mark that a CSV input had."""

    def __enter__(self) -> Self:
        delimiter = getattr(self._table, "delimiter", ",")
        if self._path.suffix.lower() == ".tsv":
            delimiter = "\t"
        encoding = "utf-8-sig" if getattr(self._table, "marked", False) else "utf-8"
        self._stream = self._temporary.open("w", encoding=encoding, newline="")
        self._lines = csv.writer(self._stream, delimiter=delimiter, lineterminator="\n")
        self._begun = False
        return self

    def write(self, batch: Batch, located: Located, added: pd.DataFrame) -> None:
        rows = _plain_columns(batch, located, added)
        if not self._begun:
            self._lines.writerow(harmless_text(str(name)) for name in rows.columns)
            self._begun = True
        columns = [[harmless_text(cell) for cell in rows.iloc[:, i]] for i in range(rows.shape[1])]
        self._lines.writerows(zip(*columns, strict=True))

    def __exit__(self, *_: object) -> None:
        self._stream.close()


_MOST_ROWS = 1_048_576
LONGEST_CELL = 32_767


def new_workbook(path: Path, **options: Any) -> Any:
    """Return an xlsxwriter workbook in which text is text and never a formula or a link."""
    import xlsxwriter

    plainly = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd hh:mm:ss",
    }
    return xlsxwriter.Workbook(str(path), {**plainly, **options})


class _Workbook(Sink):
    """One sheet; text is text and never a formula or a link."""

    def __enter__(self) -> Self:
        self._book = new_workbook(self._temporary, constant_memory=True)
        self._sheet = self._book.add_worksheet("points")
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._row = 0
        return self

    def write(self, batch: Batch, located: Located, added: pd.DataFrame) -> None:
        rows = _plain_columns(batch, located, added)
        if self._row == 0:
            self._write_row([str(name) for name in rows.columns])
        columns = [rows.iloc[:, i].astype(object) for i in range(rows.shape[1])]
        for row in zip(*columns, strict=True):
            self._write_row(row)

    def _write_row(self, cells: Iterable[Any]) -> None:
        if self._row >= _MOST_ROWS:
            raise InputError(
                f"An XLSX sheet holds {_MOST_ROWS:,} rows and the table has more; write .csv,"
                " .gpkg or .parquet instead."
            )
        for number, cell in enumerate(cells):
            self._write_cell(number, cell)
        self._row += 1

    def _write_cell(self, column: int, cell: Any) -> None:
        place = (self._row, column)
        if _missing(cell) or cell == "":
            return
        if isinstance(cell, bool | np.bool_):
            self._sheet.write_boolean(*place, bool(cell))
        elif isinstance(cell, int | float | np.number) and abs(float(cell)) < 1e15:
            self._sheet.write_number(*place, float(cell))
        elif isinstance(cell, dt.datetime) and cell.tzinfo is None and cell.year >= 1900:
            self._sheet.write_datetime(*place, cell)
        elif isinstance(cell, dt.date) and not isinstance(cell, dt.datetime) and cell.year >= 1900:
            self._sheet.write_datetime(*place, cell, self._day)
        else:  # also numbers of more digits than a spreadsheet keeps
            text = cell.isoformat() if isinstance(cell, dt.date | dt.time) else str(cell)
            if len(text) > LONGEST_CELL:
                raise InputError(
                    f"A cell of row {self._row} has {len(text):,} characters, and XLSX holds"
                    f" {LONGEST_CELL:,}; write .csv or .parquet instead."
                )
            self._sheet.write_string(*place, text)

    def __exit__(self, *_: object) -> None:
        from xlsxwriter.exceptions import XlsxWriterException

        try:
            self._book.close()
        except XlsxWriterException as error:
            raise OutputError(f"Cannot write {self._path}: {error}.") from error


class _GeoJson(Sink):
    """A feature a line."""

    def __enter__(self) -> Self:
        self._stream = self._temporary.open("w", encoding="utf-8", newline="\n")
        self._stream.write('{"type": "FeatureCollection", "features": [')
        self._gap = "\n"
        return self

    def write(self, batch: Batch, located: Located, added: pd.DataFrame) -> None:
        import pandas as pd
        import shapely

        rows = pd.concat([_without_geometry(batch), added], axis=1)
        names = _distinct(rows.columns)
        columns = [rows.iloc[:, i].astype(object) for i in range(rows.shape[1])]
        shapes = shapely.to_geojson(_shapes(batch, located))
        for shape, *cells in zip(shapes, *columns, strict=True):
            properties = dict(zip(names, map(_json_value, cells), strict=True))
            self._stream.write(
                f'{self._gap}{{"type": "Feature", "geometry": {shape or "null"}, "properties": '
                f"{json.dumps(properties, ensure_ascii=False, allow_nan=False)}}}"
            )
            self._gap = ",\n"

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._stream.write("\n]}\n")
        self._stream.close()


def _without_geometry(batch: Batch) -> pd.DataFrame:
    if batch.geometry_column is None:
        return batch.rows
    return batch.rows.drop(columns=batch.geometry_column)


def _json_value(cell: Any) -> Any:
    if _missing(cell):
        return None
    cell = cell.item() if isinstance(cell, np.generic) else cell
    if isinstance(cell, float) and not np.isfinite(cell):
        return None
    return cell if isinstance(cell, str | bool | int | float) else harmless_text(cell)


class _GeoPackage(Sink):
    """One layer, written by GDAL a batch at a time."""

    _begun = False

    def write(self, batch: Batch, located: Located, added: pd.DataFrame) -> None:
        import geopandas as gpd
        import pandas as pd
        import pyogrio
        from pyogrio.errors import DataSourceError, FeatureError, FieldError, GeometryError

        rows = pd.concat([_without_geometry(batch), added], axis=1)
        rows.columns = pd.Index(_distinct(rows.columns, reserved=("fid", "geom", "geometry")))
        for name in rows.columns:
            if not pd.api.types.is_numeric_dtype(rows[name].dtype):
                rows[name] = _texts(rows[name])
        frame = gpd.GeoDataFrame(rows, geometry=_shapes(batch, located), crs="EPSG:4326")
        try:
            pyogrio.write_dataframe(
                frame,
                self._temporary,
                driver="GPKG",
                layer=self._path.stem,
                append=self._begun,
                geometry_type="Point" if batch.geometry is None else "Unknown",
            )
        except (DataSourceError, FeatureError, FieldError, GeometryError) as error:
            raise OutputError(f"Cannot write {self._path}: {error}.") from error
        self._begun = True


def _texts(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of mixed values as numbers or truths if all of them are, else as text."""
    import pandas as pd

    cells = [None if _missing(cell) else cell for cell in column]
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds and kinds <= {int, float}:
        return pd.Series(cells, dtype=float if float in kinds or None in cells else "int64")
    if kinds == {bool} and None not in cells:
        return pd.Series(cells, dtype=bool)
    texts = [
        cell if cell is None or isinstance(cell, str) else
        cell.isoformat() if isinstance(cell, dt.date | dt.time) else str(cell)
        for cell in cells
    ]  # fmt: skip
    return pd.Series(texts, dtype=object)


class _Parquet(Sink):
    """Columns of a Parquet input keep their types and metadata; the others become plain ones."""

    _writer: Any = None

    def write(self, batch: Batch, located: Located, added: pd.DataFrame) -> None:
        import pandas as pd
        import pyarrow

        if batch.geometry_column is None:
            rows = _plain_columns(batch, located, added)
        else:
            rows = pd.concat([batch.rows, added], axis=1)
        rows.columns = pd.Index(_distinct(rows.columns))
        for name in rows.columns:
            if rows[name].dtype == object:
                rows[name] = _texts(rows[name])
        try:
            if self._writer is None:
                part = pyarrow.Table.from_pandas(rows, preserve_index=False)
                fields = [
                    pyarrow.field(f.name, pyarrow.string()) if pyarrow.types.is_null(f.type) else f
                    for f in part.schema
                ]
                self._schema = pyarrow.schema(fields, metadata=self._stated())
                self._writer = pyarrow_parquet().ParquetWriter(self._temporary, self._schema)
            part = pyarrow.Table.from_pandas(rows, schema=self._schema, preserve_index=False)
            self._writer.write_table(part)
        except pyarrow.ArrowException as error:
            raise OutputError(f"Cannot write {self._path}: {error}.") from error

    def _stated(self) -> Any:
        """Return what a Parquet input says of itself, e.g. of its geometry."""
        return getattr(getattr(self._table, "schema", None), "metadata", None)

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
