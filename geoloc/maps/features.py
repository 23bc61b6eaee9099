"""A table of shapes as a page: thousands of incidents, or every district, with what is said."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely

from geoloc import __version__, boundaries
from geoloc.errors import InputError
from geoloc.maps import arcs
from geoloc.maps.context import context
from geoloc.maps.shapes import around, five, grown

if TYPE_CHECKING:
    import geopandas as gpd


def features_island(
    features: gpd.GeoDataFrame, title: str, name: str | None, credit: str, lines: Collection[str]
) -> dict[str, Any]:
    """Return everything that the page needs, as JSON values."""
    if features.crs is None or features.crs.to_epsg() != 4326:
        raise InputError(
            f"features must be in WGS 84 degrees (EPSG:4326), got {features.crs}; change it with"
            " GeoDataFrame.to_crs."
        )
    if unknown := set(lines) - set(boundaries.LAYERS):
        raise InputError(
            f"lines must be among {', '.join(boundaries.LAYERS)}, got {', '.join(sorted(unknown))}."
        )
    table = features.drop(columns=features.geometry.name)
    if name is not None and name not in table:
        raise InputError(f"features has no column {name!r}, only {', '.join(map(str, table))}.")
    shapes = [shape if shape is not None else shapely.Point() for shape in features.geometry]
    for shape in shapes:
        if shape.geom_type in ("GeometryCollection", "LinearRing"):
            raise InputError(f"features holds a {shape.geom_type}; give points, lines or polygons.")
    view = around([shape for shape in shapes if not shape.is_empty])
    wanted = [layer for layer in boundaries.LAYERS if layer in lines]
    layers, editions = context(view, set(), shapely.Point(), shown=wanted) if wanted else ([], [])
    return {
        "page": "features",
        "title": title,
        "credit": credit,
        "version": __version__,
        "view": five(view),
        "reach": five(grown(view, 1)),
        "layers": layers,
        "editions": editions,
        "columns": [str(column) for column in table],
        "name": None if name is None else list(table).index(name),
        "rows": _texts(table),
        **arcs.written(shapes),
    }


def _texts(table: pd.DataFrame) -> list[list[str | None]]:
    """Return the cells as texts, row by row; None where nothing is known."""
    columns = [
        [None if missing else _said(value) for value, missing in zip(own, own.isna(), strict=True)]
        for own in (table.iloc[:, at] for at in range(table.shape[1]))
    ]
    return [list(row) for row in zip(*columns, strict=True)] or [[]] * len(table)


def _said(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return f"{value:.10g}" if isinstance(value, float) else str(value)
