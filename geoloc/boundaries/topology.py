"""Boundary files: TopoJSON in which neighbours share their line.

Every line is stored once, as an arc, so units of one file cannot overlap, and the outer line is
the arcs that one unit alone uses. Coordinates are whole steps of 1e-5 degree (about 1 m), so two
neighbours can neither overlap nor leave a gap.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from shapely import MultiPolygon, Polygon

from geoloc.boundaries.editions import read_recorded

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STEP_DEG = 1e-5


@dataclass(frozen=True, slots=True)
class Topology:
    """A TopoJSON file as our build writes it: one arc a line, decoded when it is asked for."""

    objects: dict[str, Any]
    arcs: tuple[str, ...]
    metadata: dict[str, Any]  # what the file says about itself

    @property
    def line_sigma_m(self) -> dict[str, float]:
        """Return σ by line: "CODE CODE" where two units share it, "CODE" where it is outer."""
        return self.metadata.get("line_sigma_m") or {}

    def arc(self, index: int) -> Floats:
        """Return the corners of an arc, shape (n, 2), WGS 84 lon and lat."""
        # Files are quantized to 1e-5°. Division, not multiplication by 1e-5, gives the double
        # nearest to the written decimal.
        steps = np.asarray(json.loads(self.arcs[index].rstrip(",")), dtype=np.int64)
        return np.cumsum(steps, axis=0) / 1e5

    def shape(self, member: dict[str, Any]) -> Polygon | MultiPolygon:
        """Return a member's shape, WGS 84; empty where its type is null."""
        if member["type"] is None:
            return Polygon()
        if member["type"] == "Polygon":
            return self._polygon(member["arcs"])
        return MultiPolygon([self._polygon(rings) for rings in member["arcs"]])

    def _polygon(self, rings: list[list[int]]) -> Polygon:
        shell, *holes = (self._ring(arcs) for arcs in rings)
        return Polygon(shell, holes)

    def _ring(self, arcs: list[int]) -> Floats:
        """Join arcs end to end; ~i means arc i walked backwards (TopoJSON 2.1.4)."""
        pieces = [self.arc(i) if i >= 0 else self.arc(~i)[::-1] for i in arcs]
        return np.vstack([pieces[0], *(piece[1:] for piece in pieces[1:])])


@cache
def read_topology(path: Path, sha256: str) -> Topology:
    """Return a boundary file's units and arcs, or raise `IntegrityError` if it was changed."""
    text = read_recorded(path, sha256).decode("utf-8")
    head, _, arcs = text.partition(',"arcs":[\n')
    document = json.loads(head + "}")
    about = document.get("metadata") or {}
    return Topology(document["objects"], tuple(arcs.split("\n")[:-2]), about)


def arcs_of(member: dict[str, Any]) -> list[int]:
    """Return the numbers of the arcs that a unit's rings walk, in either direction."""
    if member["type"] is None:
        return []
    parts = [member["arcs"]] if member["type"] == "Polygon" else member["arcs"]
    return [arc if arc >= 0 else ~arc for rings in parts for ring in rings for arc in ring]


def sides_of(members: list[dict[str, Any]], lines: dict[int, Floats]) -> dict[int, list[int]]:
    """Return, for each arc, the numbers of the members left and right of it; -1 for none.

    Parameters
    ----------
    members : list of dict
        A layer's units; their place in the list is their number.
    lines : dict of int to float array, shape (n, 2)
        The corners of every arc that they use.
    """
    # The area under an arc, about a corner of its own layer so that no digits are lost; a ring's
    # area is the sum over its arcs, and its sign says which way the ring runs.
    origin = next(iter(lines.values()))[0] if lines else 0.0
    area = {}
    for arc, corners in lines.items():
        x, y = (corners - origin).T
        area[arc] = float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
    sides = {arc: [-1, -1] for arc in lines}
    for number, member in enumerate(members):
        if member["type"] is None:
            continue
        parts = [member["arcs"]] if member["type"] == "Polygon" else member["arcs"]
        for rings in parts:
            for place, ring in enumerate(rings):
                turn = sum(area[arc] if arc >= 0 else -area[~arc] for arc in ring)
                # Inside is left of a shell that runs counter-clockwise; in a hole it is outside.
                left = (turn > 0) == (place == 0)
                for arc in ring:
                    forward = arc >= 0
                    sides[arc if forward else ~arc][0 if forward == left else 1] = number
    return sides


def topology_text(layers: dict[str, gpd.GeoDataFrame], metadata: dict[str, Any]) -> str:
    """Return layers as the text of one TopoJSON file, each line stored once.

    Parameters
    ----------
    layers : dict of GeoDataFrame in WGS 84
        One object each, every coordinate on a whole step and every corner of one unit a corner of
        its neighbour too. The index is the unit's code, every column but the geometry becomes a
        property unless it is empty. A missing geometry is written as type null.
    metadata : dict
        Foreign member "metadata" of the file; left out when empty.
    """
    from topojson.core.topology import Topology as Shared

    drawn = [layer[layer.geometry.notna()] for layer in layers.values()]
    shapes = [part[["geometry"]].reset_index(drop=True) for part in drawn]
    topology = Shared(shapes, object_name=list(layers), prequantize=False, shared_coords=True)
    found = json.loads(str(topology.to_json()))
    arcs = [np.rint(np.asarray(arc) / STEP_DEG).astype(int) for arc in found["arcs"]]
    document = {
        "type": "Topology",
        **({"metadata": metadata} if metadata else {}),
        "transform": {"scale": [STEP_DEG, STEP_DEG], "translate": [0, 0]},
        "objects": {
            name: _collection(layer, found["objects"][name]["geometries"])
            for name, layer in layers.items()
        },
    }
    head = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    # One arc a line: git shows which line of the map moved, and geoloc decodes only the arcs that
    # it needs.
    lines = ",\n".join(_compact(np.vstack([arc[:1], np.diff(arc, axis=0)])) for arc in arcs)
    return f'{head[:-1]},"arcs":[\n{lines}\n]}}\n'


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
        units.append(
            {
                "type": arc["type"],
                "id": code,
                "bbox": np.round(shape.bounds, 5).tolist(),
                "arcs": arc["arcs"],
                "properties": properties,
            }
        )
    return {"type": "GeometryCollection", "geometries": units}


def _is_stated(value: object) -> bool:
    """Return whether a property says anything: not None, NaN, empty text or empty list."""
    return value == value and value is not None and value not in ("", [])
