"""Boundary files: TopoJSON in which neighbours share their line.

Every line is stored once, as an arc, so units of one file cannot overlap, and the outer line is
the arcs that one unit alone uses.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from shapely import MultiPolygon, Polygon

from geoloc.boundaries.editions import read_recorded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Topology:
    """A TopoJSON file as our build writes it: one arc a line, decoded when it is asked for."""

    objects: dict[str, Any]
    arcs: tuple[str, ...]

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
    return Topology(json.loads(head + "}")["objects"], tuple(arcs.split("\n")[:-2]))


def arcs_of(member: dict[str, Any]) -> list[int]:
    """Return the numbers of the arcs that a unit's rings walk, in either direction."""
    if member["type"] is None:
        return []
    parts = [member["arcs"]] if member["type"] == "Polygon" else member["arcs"]
    return [arc if arc >= 0 else ~arc for rings in parts for ring in rings for arc in ring]


def uses(members: list[dict[str, Any]]) -> Counter[int]:
    """Return how many units each arc borders."""
    return Counter(arc for member in members for arc in arcs_of(member))
