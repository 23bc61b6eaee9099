"""The formats of layers and columns: GeoPackage with QGIS styles, FlatGeobuf, GeoParquet."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geoloc.errors import OutputError
from geoloc.exchange import qgis
from geoloc.exchange.shown import CAVEAT, COLUMNS, Item
from geoloc.tables.reading import pyarrow_parquet

# Layers of a GeoPackage have one type of geometry each; QGIS draws the first ones below the others.
TABLES = {
    ("likely area", 2): "likely_area",
    ("claimed", 2): "claimed",
    ("drawing", 2): "drawing_areas",
    ("drawing", 1): "drawing_lines",
    ("drawing", 0): "drawing_points",
    ("landmark", 0): "landmarks",
    ("photo feature", 0): "photo_features",
}
_TYPE = {0: "Point", 1: "LineString", 2: "MultiPolygon"}


def write_geopackage(items: Sequence[Item], path: Path, title: str) -> None:
    """Write a GeoPackage whose layers open styled in QGIS; the same items make the same bytes."""
    latest = max((str(item.columns["date"]) for item in items), default="1970-01-01")
    with tempfile.TemporaryDirectory(prefix="geoloc-out-") as folder:
        # Beside the target SQLite would leave its journal if it were stopped.
        draft = Path(folder) / "out.gpkg"
        written: list[str] = []
        for (layer, dimension), table in TABLES.items():
            chosen = [
                item
                for item in items
                if item.layer == layer and shapely.get_dimensions(item.geometry) == dimension
            ]
            if chosen or (not items and table == "claimed"):
                _write_by_gdal(chosen, draft, "GPKG", table, _TYPE[dimension], append=bool(written))
                written.append(table)
        try:
            _finish(draft, written, f"{latest}T00:00:00.000Z", f"{title}. {CAVEAT}")
        except sqlite3.Error as error:
            raise OutputError(f"Cannot write {path}: {error}.") from error
        shutil.copyfile(draft, path)


def _finish(draft: Path, tables: Sequence[str], moment: str, about: str) -> None:
    """Add styles and words to a GeoPackage, and set its clock to a moment of the case."""
    with contextlib.closing(sqlite3.connect(draft)) as database:
        qgis.add_styles(database, tables, moment)
        said = "UPDATE gpkg_contents SET last_change = ?, description = ?"
        database.execute(said, (moment, about.replace("\0", "\ufffd")))
        database.commit()
        database.execute("VACUUM")


def write_flatgeobuf(items: Sequence[Item], path: Path, title: str) -> None:
    """Write a FlatGeobuf file of one layer, in the order of the items."""
    options = {"SPATIAL_INDEX": "NO", "TITLE": title, "DESCRIPTION": CAVEAT}
    with tempfile.TemporaryDirectory(prefix="geoloc-out-") as folder:
        draft = Path(folder) / "out.fgb"
        _write_by_gdal(items, draft, "FlatGeobuf", "geoloc", "Unknown", layer_options=options)
        shutil.copyfile(draft, path)


def _write_by_gdal(
    items: Sequence[Item], path: Path, driver: str, layer: str, kind: str, **settings: Any
) -> None:
    from pyogrio import raw
    from pyogrio.errors import DataSourceError, FeatureError, FieldError, GeometryError

    used = [name for name in COLUMNS if not items or any(name in item.columns for item in items)]
    shapes = [item.geometry for item in items]
    if kind == "MultiPolygon":
        parts = [shapely.get_parts(shape).tolist() for shape in shapes]
        shapes = [shapely.MultiPolygon(polygons) for polygons in parts]
    try:
        raw.write(
            path,
            np.array(shapely.to_wkb(shapes), dtype=object),
            [_column(items, name) for name in used],
            used,
            layer=layer,
            driver=driver,
            geometry_type=kind,
            crs="EPSG:4326",
            **settings,
        )
    except (DataSourceError, FeatureError, FieldError, GeometryError) as error:
        raise OutputError(f"Cannot write a {driver}: {error}.") from error


def _column(items: Sequence[Item], name: str) -> Any:
    """Return a column as GDAL takes it: text cannot hold U+0000, which ends it."""
    if COLUMNS[name] is float:
        return np.array([item.columns.get(name, np.nan) for item in items], dtype=float)
    cells = [item.columns.get(name) for item in items]
    return np.array([c and str(c).replace("\0", "\ufffd") for c in cells], dtype=object)


def write_geoparquet(items: Sequence[Item], path: Path, title: str) -> None:
    """Write a GeoParquet 1.1 file; needs the extra `geoloc[parquet]`."""
    parquet = pyarrow_parquet()
    import pyarrow

    types = {str: pyarrow.string(), float: pyarrow.float64()}
    columns: dict[str, Any] = {
        name: pyarrow.array([item.columns.get(name) for item in items], types[kind])
        for name, kind in COLUMNS.items()
    }
    shapes = [item.geometry for item in items]
    columns["geometry"] = pyarrow.array(list(shapely.to_wkb(shapes)), pyarrow.binary())
    about: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted({shape.geom_type for shape in shapes}),
        "orientation": "counterclockwise",
    }
    if shapes:
        about["bbox"] = shapely.total_bounds(shapes).tolist()
    # No crs: that is longitude and latitude on WGS 84 (OGC:CRS84) by the standard.
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": about}}
    stated = {"geo": json.dumps(geo), "title": title, "caveat": CAVEAT}
    parquet.write_table(pyarrow.table(columns, metadata=stated), path, compression="zstd")
