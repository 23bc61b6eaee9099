"""GeoJSON as RFC 7946 has it: right-hand rings, a bounding box, no CRS of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from geoloc import files
from geoloc.exchange import shown
from geoloc.exchange.shown import CAVEAT, Item

if TYPE_CHECKING:
    from geoloc.exchange.taken import Taken, TakenFeature, TakenLayer

# A page into which the file is pasted, or a viewer that takes text for HTML, finds no tag in it.
_AS_ESCAPES = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029\x7f"})


def write(items: Sequence[Item], path: Path, title: str) -> None:
    """Write items to a GeoJSON file, a feature a line."""
    head: dict[str, Any] = {"type": "FeatureCollection", "name": title, "caveat": CAVEAT}
    if items:
        head["bbox"] = shapely.total_bounds([item.geometry for item in items]).tolist()
    features = ",\n".join(_json(_feature(item)) for item in items)
    text = f'{_json(head)[:-1]}, "features": [\n{features}\n]}}\n'
    path.write_bytes(text.encode())


def write_taken(taken: Taken, path: Path) -> Path:
    """Write what came in, whole or not at all: every usable feature with its values.

    A feature without a shape stays, with none; a repaired one says what its repair changed.
    """
    features = [
        {
            "type": "Feature",
            "properties": _values(taken, layer, feature),
            "geometry": feature.geometry
            and shapely.geometry.mapping(shown.written(feature.geometry, 7)),
        }
        for layer in taken.layers
        for feature in layer.features
        if feature.usable
    ]
    head = {"type": "FeatureCollection", "name": taken.name}
    lines = ",\n".join(map(_json, features))
    text = f'{_json(head)[:-1]}, "features": [\n{lines}\n]}}\n'
    return files.write_whole(path, text)


def _values(taken: Taken, layer: TakenLayer, feature: TakenFeature) -> dict[str, Any]:
    """Return a feature's values, its name, and the layer where the file has several."""
    found: dict[str, Any] = {"name": feature.name, **feature.properties}
    if len(taken.layers) > 1:
        found.setdefault("folder", layer.name)
    if feature.repaired:
        found["repair_m2"] = round(feature.repaired.change_m2, 1)
    return found


def _feature(item: Item) -> dict[str, Any]:
    return {
        "type": "Feature",
        "bbox": list(item.geometry.bounds),
        "properties": item.columns,
        "geometry": shapely.geometry.mapping(item.geometry),
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).translate(_AS_ESCAPES)
