"""GeoParquet, read by Arrow: the geometry column that its metadata names, and every other one."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from geoloc.fence.child import Found, RefusedError


def read(path: Path, name: str) -> Found:
    """Return all rows as one layer, their geometry as WKB."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise RefusedError("needs pyarrow to be read: pip install 'geoloc[parquet]'") from error
    try:
        file = pyarrow.parquet.ParquetFile(path, thrift_string_size_limit=100_000_000)
        column, crs, notes = _geometry_of(file.schema_arrow)
        features: list[tuple[dict[str, Any], bytes | None]] = []
        for batch in file.iter_batches(batch_size=10_000, use_threads=False):
            for row in batch.to_pylist():
                shape = row.pop(column)
                features.append(({k: _plain(v) for k, v in row.items()}, shape or None))
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise RefusedError(f"cannot be read as GeoParquet: {reason}") from error
    return Found(name, crs, features, notes)


def _geometry_of(schema: Any) -> tuple[str, str | None, list[str]]:
    """Return the geometry column and its CRS, as the metadata of GeoParquet 1.x say them."""
    try:
        about = json.loads((schema.metadata or {})[b"geo"])
        name = str(about["primary_column"])
        column = about["columns"][name]
        # Without the member crs it is WGS 84; null means that nobody knows.
        crs = column.get("crs", {"id": {"authority": "EPSG", "code": 4326}})
        code = crs and f"{crs['id']['authority']}:{crs['id']['code']}"
        encoding = column["encoding"]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise RefusedError("is Parquet without GeoParquet metadata that can be read") from error
    if encoding != "WKB" or name not in schema.names or str(schema.field(name).type) not in _BINARY:
        raise RefusedError("holds its geometry otherwise than as WKB")
    others = [str(other) for other in about["columns"] if other != name]
    notes = [f"Only the geometry {name!r} was read, not {', '.join(others[:5])}."] if others else []
    return name, "EPSG:4326" if code == "OGC:CRS84" else code, notes


_BINARY = {"binary", "large_binary", "binary_view"}


def _plain(value: Any) -> Any:
    """Return a value that JSON holds."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        return value[:100].hex()
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
