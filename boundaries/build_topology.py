"""Write polygons that share their lines as one TopoJSON file.

Every line is stored once, in whole steps of 1e-5 degree (about 1 m), so two neighbours can
neither overlap nor leave a gap.
"""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from topojson.core.topology import Topology

STEP_DEG = 1e-5


def on_grid(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return the geometry with every coordinate on the nearest whole step."""
    return geometry.apply(lambda shape: shapely.transform(shape, lambda xy: np.round(xy, 5)))


def write_topology(
    path: Path, layers: dict[str, gpd.GeoDataFrame], metadata: dict[str, Any]
) -> None:
    """Write the layers as one topology, each line stored once.

    Parameters
    ----------
    path : Path
        File to write.
    layers : dict of GeoDataFrame in WGS 84
        One object each. The index is the unit's code, every column but the geometry becomes a
        property unless it is empty. A missing geometry is written as type null.
    metadata : dict
        Foreign member "metadata" of the file; left out when empty.
    """
    drawn = [layer[layer.geometry.notna()] for layer in layers.values()]
    shapes = [part[["geometry"]].reset_index(drop=True) for part in drawn]
    topology = Topology(shapes, object_name=list(layers), prequantize=False, shared_coords=True)
    found = json.loads(str(topology.to_json()))
    arcs = [np.rint(np.asarray(arc) / STEP_DEG).astype(int) for arc in found["arcs"]]
    objects = {
        name: _collection(layer, found["objects"][name]["geometries"])
        for name, layer in layers.items()
    }
    document = {
        "type": "Topology",
        **({"metadata": metadata} if metadata else {}),
        "transform": {"scale": [STEP_DEG, STEP_DEG], "translate": [0, 0]},
        "objects": objects,
    }
    head = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    # One arc a line: git shows which line of the map moved, and geoloc decodes only the arcs that
    # it needs.
    lines = ",\n".join(_compact(np.vstack([arc[:1], np.diff(arc, axis=0)])) for arc in arcs)
    path.write_text(f'{head[:-1]},"arcs":[\n{lines}\n]}}\n', encoding="utf-8")


def _compact(steps: NDArray[np.int64]) -> str:
    return json.dumps(steps.tolist(), separators=(",", ":"))


def _collection(layer: gpd.GeoDataFrame, drawn: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a TopoJSON object with the units in the order of the layer."""
    arcs = iter(drawn)
    columns = [name for name in layer.columns if name != "geometry"]
    units = []
    for code, row in zip(layer.index, layer.to_dict("records"), strict=True):
        shape = row["geometry"]
        properties = {name: row[name] for name in columns if _is_stated(row[name])}
        if shape is None:
            units.append({"type": None, "id": code, "properties": properties})
            continue
        arc = next(arcs)
        box = np.round(shape.bounds, 5).tolist()
        units.append(
            {
                "type": arc["type"],
                "id": code,
                "bbox": box,
                "arcs": arc["arcs"],
                "properties": properties,
            }
        )
    return {"type": "GeometryCollection", "geometries": units}


def _is_stated(value: object) -> bool:
    """Return whether a property says anything: not None, NaN, empty text or empty list."""
    return value == value and value is not None and value not in ("", [])
