"""Tables of points from outside: CSV, XLSX, GeoJSON, GeoPackage and Parquet, in and out.

A table is read in batches, in order, every column as it was; `columns` finds which of them hold the
coordinates and reads those, and a row that cannot be read stays a row.
"""

from geoloc.tables.columns import Axes, Located, find_axes, locate, named_axes, numbers
from geoloc.tables.reading import Batch, Table, as_frame, open_table
from geoloc.tables.writing import (
    LONGEST_CELL,
    SUFFIXES,
    Sink,
    harmless_text,
    new_workbook,
    open_sink,
    plain_text,
)

__all__ = [
    "LONGEST_CELL",
    "SUFFIXES",
    "Axes",
    "Batch",
    "Located",
    "Sink",
    "Table",
    "as_frame",
    "find_axes",
    "harmless_text",
    "locate",
    "named_axes",
    "new_workbook",
    "numbers",
    "open_sink",
    "open_table",
    "plain_text",
]
