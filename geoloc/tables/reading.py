"""Reading a table of points, a batch of rows at a time, every column as it was."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

import numpy as np

from geoloc import geo
from geoloc.errors import InputError
from geoloc.fence.sheets import delimiter_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

BATCH_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive rows of a table."""

    rows: pd.DataFrame  # the input's columns; text where the format knows only text
    geometry: NDArray[np.object_] | None = None  # shapely, WGS 84; None where the format has none
    geometry_column: str | None = None  # the column of `rows` that holds the same, if one does


class Table(Protocol):
    """A file that holds a row per point."""

    columns: list[str]
    notes: list[str]  # what a person should know of how it was read

    def batches(self) -> Iterator[Batch]:
        """Yield the rows in order, at least one batch even if there is no row."""
        ...

    def share_read(self) -> float:
        """Return how much of the file was read so far, 0 to 1."""
        ...


def open_table(path: Path, layer: str | None = None) -> Table:
    """Return a table of points, told by the end of its name and then by its content.

    Parameters
    ----------
    path : Path
        A .csv, .tsv, .txt, .xlsx, .geojson, .json, .gpkg or .parquet file.
    layer : str, optional
        The sheet of a workbook, or the layer of a GeoPackage; by default the first sheet, or the
        only layer.

    Raises
    ------
    InputError
        If the file is missing, of no known kind, or not what its name says; one line says why.
    """
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    if suffix in {".csv", ".tsv", ".txt"}:
        return _Text(path)
    if suffix == ".xlsx":
        return _Workbook(path, head, layer)
    if suffix in {".geojson", ".json", ".gpkg"}:
        return _Features(path, layer)
    if suffix in {".parquet", ".geoparquet"}:
        return _Parquet(path, head)
    raise InputError(
        f"geoloc reads tables of points from .csv, .xlsx, .geojson, .gpkg and .parquet files, not"
        f" from {path.suffix or 'a file without an ending'!r} ({path.name})."
    )


_HEAD_BYTES = 65_536


class _Text:
    """A text table; its delimiter and encoding are found out from its beginning."""

    def __init__(self, path: Path) -> None:
        self._path, self._read, self._overlong = path, 0.0, 0
        self.notes: list[str] = []
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
        self.marked = head.startswith(codecs.BOM_UTF8)  # Excel marks its UTF-8 so
        wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        self._encoding = "utf-16" if wide else "utf-8-sig"
        # Of a longer file, the last character and line are cut in two.
        text = codecs.getincrementaldecoder(self._encoding)(errors="replace").decode(head)
        whole = text.splitlines(keepends=True)[: -1 if len(head) == _HEAD_BYTES else None] or [text]
        lines = [line for line in whole if line.strip()][:40]
        if not lines:
            raise InputError(f"{path} is empty; its first line must name the columns.")
        self.delimiter = delimiter_of(lines)
        with self._open() as stream:
            self.columns = [
                cell.strip() for cell in self._header(csv.reader(stream, delimiter=self.delimiter))
            ]

    def _open(self) -> IO[str]:
        return self._path.open(encoding=self._encoding, newline="")

    def _header(self, lines: Iterator[list[str]]) -> list[str]:
        try:
            return next(cells for cells in lines if any(cells))
        except (UnicodeDecodeError, csv.Error, StopIteration) as error:
            raise self._unreadable(1, error) from error

    def _unreadable(self, line: int, error: Exception) -> InputError:
        if isinstance(error, UnicodeDecodeError):
            return InputError(
                f"{self._path} is not UTF-8 after line {line}; save it as UTF-8 (in Excel:"
                " CSV UTF-8) and try again."
            )
        return InputError(f"{self._path}, line {line}: {error}.")

    def batches(self) -> Iterator[Batch]:
        size = max(1, self._path.stat().st_size)
        with self._open() as stream:
            lines = csv.reader(stream, delimiter=self.delimiter)
            self._header(lines)
            while True:
                try:
                    rows = [self._fitted(row) for row in islice(filter(None, lines), BATCH_ROWS)]
                except (UnicodeDecodeError, csv.Error, OSError) as error:
                    raise self._unreadable(lines.line_num, error) from error
                last = len(rows) < BATCH_ROWS
                self._read = 1.0 if last else stream.buffer.tell() / size  # type: ignore[attr-defined]
                yield Batch(as_frame(rows, self.columns))
                if last:
                    break
        if self._overlong:
            self.notes.append(
                f"{self._overlong:,} row(s) have more cells than the header; what is left over"
                " stands in the last cell."
            )

    def _fitted(self, row: list[str]) -> list[str | None]:
        """Return a row as wide as the header, nothing lost; an empty cell is None."""
        width = len(self.columns)
        if len(row) > width:
            self._overlong += 1
            row = [*row[: width - 1], self.delimiter.join(row[width - 1 :])]
        return [cell or None for cell in row] + [None] * (width - len(row))

    def share_read(self) -> float:
        return min(1.0, self._read)


def as_frame(rows: Sequence[Sequence[Any]], names: list[str]) -> pd.DataFrame:
    """Return rows of Python values as a frame; names may be empty, or the same."""
    import pandas as pd

    cells = np.empty((len(rows), len(names)), dtype=object)
    if names and rows:
        cells[:] = rows
    return pd.DataFrame(cells, columns=pd.Index(names, dtype=object), copy=False)


class _Workbook:
    """One sheet of an XLSX file."""

    def __init__(self, path: Path, head: bytes, sheet: str | None) -> None:
        from geoloc import fence

        self.notes: list[str] = []
        if head != b"PK\x03\x04":
            raise InputError(f"{path} is no XLSX workbook, whatever its name says.")
        limits = fence.Limits(file_bytes=1_000_000_000, seconds=600, features=5_000_000)
        sheets = {each.name: each for each in fence.read_sheets(path, limits)}
        name = _one_of(list(sheets), sheet, path, "sheet", or_first=True)
        self.notes += sheets[name].notes
        if len(sheets) > 1 and sheet is None:
            self.notes.append(f"Read the sheet {name!r}; --layer names another.")
        rows = sheets[name].rows
        filled = [row for row in rows if any(cell is not None for cell in row)]
        if not filled:
            raise InputError(f"{path} is empty; its first row must name the columns.")
        between = _without_ends(rows)
        if len(between) > len(filled):
            self.notes.append(
                f"{len(between) - len(filled):,} row(s) in between hold nothing and were left out;"
                " a formula whose value the workbook does not store reads so."
            )
        self.columns = ["" if cell is None else str(cell).strip() for cell in filled[0]]
        self._rows = filled[1:]

    def batches(self) -> Iterator[Batch]:
        yield Batch(as_frame(self._rows, self.columns))

    def share_read(self) -> float:
        return 1.0


def _without_ends(rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """Return rows without the empty ones before the first and after the last that hold a cell."""
    held = [number for number, row in enumerate(rows) if any(cell is not None for cell in row)]
    return rows[held[0] : held[-1] + 1] if held else []


def _one_of(names: list[str], wanted: str | None, path: Path, kind: str, *, or_first: bool) -> str:
    if wanted in names:
        return str(wanted)
    if wanted is None and names and (or_first or len(names) == 1):
        return names[0]
    listed = ", ".join(repr(name[:60]) for name in names[:10])
    if wanted is None and names:
        raise InputError(f"{path} holds several {kind}s: {listed}; choose one with --layer.")
    raise InputError(f"{path} has no {kind} {wanted!r}; there are: {listed or 'none'}.")


class _Features:
    """One layer of a GeoJSON or GeoPackage file, let in through the fence."""

    def __init__(self, path: Path, wanted: str | None) -> None:
        from geoloc import fence

        limits = fence.Limits(file_bytes=1_000_000_000, seconds=600, features=5_000_000)
        kind = fence.sniff(path)
        if kind != ("gpkg" if path.suffix.lower() == ".gpkg" else "geojson"):
            raise InputError(f"{path} is not what the end of its name says, but {kind}.")
        layers = {layer.name: layer for layer in fence.read_outside(path, limits)}
        layer = layers[_one_of(list(layers), wanted, path, "layer", or_first=False)]
        self.notes = list(layer.notes)
        names = dict.fromkeys(name for row in layer.properties for name in row)
        self.columns = list(names)
        rows = [[row.get(name) for name in names] for row in layer.properties]
        shapes = _in_degrees(layer.geometries(), layer.crs, path)
        self._batch = Batch(as_frame(rows, self.columns), shapes)

    def batches(self) -> Iterator[Batch]:
        yield self._batch

    def share_read(self) -> float:
        return 1.0


def _in_degrees(shapes: NDArray[np.object_], crs: str | None, path: Path) -> NDArray[np.object_]:
    import shapely

    if crs is None:
        raise InputError(
            f"{path} does not say its coordinate reference system; set it (in QGIS: Assign"
            " projection) and try again."
        )
    if crs.upper() in {geo.WGS84, "OGC:CRS84"}:
        return shapes
    moved: NDArray[np.object_] = shapely.transform(
        shapes, lambda xy: np.column_stack(geo.from_crs(xy[:, 0], xy[:, 1], crs))
    )
    return moved


def pyarrow_parquet() -> Any:
    """Return pyarrow.parquet, or say how to get it."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise InputError(
            "Parquet files need pyarrow, which is not installed: pip install 'geoloc[parquet]'."
        ) from error
    return pyarrow.parquet


class _Parquet:
    """A Parquet file, read in batches; a GeoParquet file's points are taken from its geometry."""

    def __init__(self, path: Path, head: bytes) -> None:
        parquet = pyarrow_parquet()
        import pyarrow

        if head != b"PAR1":
            raise InputError(f"{path} is no Parquet file, whatever its name says.")
        self._path, self._read = path, 0.0
        self.notes: list[str] = []
        try:
            self._file = parquet.ParquetFile(path)
        except (pyarrow.ArrowException, OSError) as error:
            raise InputError(f"{path} cannot be read as Parquet: {error}.") from error
        self.schema = self._file.schema_arrow
        self.columns = list(self.schema.names)
        self._geometry_column, self._crs = self._about_geometry()

    def _about_geometry(self) -> tuple[str | None, str | None]:
        """Return the column and the CRS that a GeoParquet file's metadata name."""
        import json

        try:
            about = json.loads((self.schema.metadata or {}).get(b"geo", b"{}"))
            name = about.get("primary_column")
            column = about["columns"][name] if name else {"encoding": "WKB"}
            # Without the member crs it is WGS 84; null means that nobody knows.
            crs: Any = column.get("crs", {"id": {"authority": "OGC", "code": "CRS84"}})
            known = crs and crs["id"]
            stated = f"{known['authority']}:{known['code']}" if known else None
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise InputError(f"{self._path}: its GeoParquet metadata cannot be read.") from error
        if column.get("encoding") != "WKB" or (name and name not in self.columns):
            raise InputError(f"{self._path}: geoloc reads GeoParquet geometry as WKB only.")
        return name, stated

    def batches(self) -> Iterator[Batch]:
        import pandas as pd
        import pyarrow

        total, done = max(1, self._file.metadata.num_rows), 0
        try:
            for part in self._file.iter_batches(batch_size=BATCH_ROWS):
                done += part.num_rows
                self._read = done / total
                yield self._batch(part.to_pandas(types_mapper=pd.ArrowDtype))
            if not done:
                empty = self.schema.empty_table()
                yield self._batch(empty.to_pandas(types_mapper=pd.ArrowDtype))
        except (pyarrow.ArrowException, OSError) as error:
            raise InputError(f"{self._path} cannot be read as Parquet: {error}.") from error

    def _batch(self, rows: pd.DataFrame) -> Batch:
        if self._geometry_column is None:
            return Batch(rows)
        import shapely

        column: Any = rows[self._geometry_column]
        binary = column.to_numpy(dtype=object, na_value=None)
        try:
            shapes: NDArray[np.object_] = shapely.from_wkb(binary)
        except shapely.GEOSException as error:
            raise InputError(f"{self._path} holds a broken geometry: {error}.") from error
        return Batch(rows, _in_degrees(shapes, self._crs, self._path), self._geometry_column)

    def share_read(self) -> float:
        return self._read
