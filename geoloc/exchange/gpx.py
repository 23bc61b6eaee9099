"""GPX 1.1: points as waypoints, lines as tracks, and areas as the tracks of their outlines.

GPX knows no areas. An outline goes out as a segment of a track, and how many rings make each
polygon stands in the record beside it, so that geoloc reads the area back; other programs see the
line around it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geoloc.exchange.kml import told
from geoloc.exchange.shown import CAVEAT, COLUMNS, Item
from geoloc.exchange.xml import quoted

RECORD = "geoloc_record"  # as GDAL names the element geoloc:record


def write(items: Sequence[Item], path: Path, title: str) -> None:
    """Write items to a GPX file, waypoints before tracks as GPX wants them."""
    points = [item for item in items if item.geometry.geom_type == "Point"]
    lines = [item for item in items if item.geometry.geom_type != "Point"]
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="geoloc" xmlns="http://www.topografix.com/GPX/1/1"'
        ' xmlns:geoloc="urn:geoloc:exchange">\n'
        f"<metadata><name>{quoted(title)}</name><desc>{quoted(CAVEAT)}</desc></metadata>\n"
        f"{''.join(map(_waypoint, points))}{''.join(map(_track, lines))}</gpx>\n"
    )
    path.write_bytes(text.encode())


def _waypoint(item: Item) -> str:
    return f"<wpt {_position(item.geometry.coords[0])}>{_about(item, [])}</wpt>\n"


def _track(item: Item) -> str:
    polygons = [part for part in shapely.get_parts(item.geometry) if part.geom_type == "Polygon"]
    rings = [[part.exterior, *part.interiors] for part in polygons]
    lines = [ring for part in rings for ring in part] or [item.geometry]
    segments = "".join(
        f"<trkseg>{''.join(f'<trkpt {_position(at)}/>' for at in line.coords)}</trkseg>"
        for line in lines
    )
    return f"<trk>{_about(item, [len(part) for part in rings])}{segments}</trk>\n"


def _position(at: Sequence[float]) -> str:
    return f'lat="{at[1]!r}" lon="{at[0]!r}"'


def _about(item: Item, rings: list[int]) -> str:
    """Return name, description, kind and the whole record, which as JSON any text fits into."""
    record = {name: value for name, value in item.columns.items() if name != "name"}
    whole = json.dumps(record | ({"rings": rings} if rings else {}))
    return (
        f"<name>{quoted(str(item.columns['name']))}</name><desc>{quoted(told(item))}</desc>"
        f"<type>{item.layer}</type>"
        f"<extensions><geoloc:record>{quoted(whole)}</geoloc:record></extensions>"
    )


def read_back(
    properties: dict[str, Any], shape: shapely.Geometry
) -> tuple[dict[str, Any], shapely.Geometry]:
    """Return the columns and the shape of an item that `write` wrote; another's as they are."""
    try:
        whole = json.loads(properties.get(RECORD) or "")
        rings = whole.get("rings", [])
        record = {
            name: whole[name] for name in COLUMNS if isinstance(whole.get(name), str | float | int)
        }
        lines = [np.asarray(line.coords) for line in shapely.get_parts(shape)]
        if not rings:
            return {**record, "name": properties.get("name")}, _one(shape)
        if sum(rings) != len(lines):
            return properties, shape
        starts = np.cumsum([0, *rings])
        parts = [
            shapely.Polygon(lines[start], lines[start + 1 : start + count])
            for start, count in zip(starts, rings, strict=False)
        ]
    except (
        ValueError, TypeError, AttributeError, LookupError, OverflowError, RecursionError,
        shapely.GEOSException,
    ):  # fmt: skip
        return properties, shape  # somebody else's, or changed by hand
    area = parts[0] if record.get("shape") == "Polygon" else shapely.MultiPolygon(parts)
    return {**record, "name": properties.get("name")}, area


def _one(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a track of one segment as a line."""
    parts = shapely.get_parts(shape)
    return parts[0] if len(parts) == 1 else shape
