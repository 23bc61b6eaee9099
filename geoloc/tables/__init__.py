"""Tables of points from outside: CSV, XLSX, GeoJSON, GeoPackage and Parquet, in and out.

A table is read in batches, in order, every column as it was; `columns` finds which of them hold the
coordinates and reads those, and a row that cannot be read stays a row.
"""

from geoloc.tables.columns import Axes, Located, find_axes, locate
from geoloc.tables.reading import Batch, Table, open_table
from geoloc.tables.writing import SUFFIXES, Sink, open_sink

__all__ = [
    "SUFFIXES",
    "Axes",
    "Batch",
    "Located",
    "Sink",
    "Table",
    "find_axes",
    "locate",
    "open_sink",
    "open_table",
]
