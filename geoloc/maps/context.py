"""What lies around: lines and names near the view, and the editions that they are of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import shapely

from geoloc import boundaries
from geoloc.maps.shapes import as_geojson, five, grown, middle

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from geoloc.boundaries import Edition, Unit
    from geoloc.geo import Box

_LINE_STEPS = 3000  # context lines are simplified to this fraction of the view: under a pixel
_EDITION_FIELDS = (
    "id", "title", "publisher", "valid_on", "attribution", "licence", "url", "caveat",
)  # fmt: skip
# How much room a name needs: half its width, as a share of the view's.
_LABEL_ROOM = {"provinces": 0.08, "districts": 0.055, "police-districts": 0.005}


def context(
    view: Box,
    meant: set[str],
    drawn: BaseGeometry,
    *,
    shown: Iterable[str] = boundaries.LAYERS,
    beyond: float = 1.0,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the lines and names near the view, layer by layer, and the editions they are of.

    Names stay clear of what is `drawn`, except those of the units that are `meant`. Lines reach
    `beyond` the view by this share of its longer side.
    """
    reach = shapely.box(*grown(view, beyond))
    layers: list[dict[str, Any]] = []
    editions: dict[str, dict[str, Any]] = {}
    for name in shown:
        layer = boundaries.load_layer(name)
        near = [unit for unit in layer.values() if shapely.intersects(unit.geometry, reach)]
        if not near:
            continue
        editions.setdefault(layer.edition.id, about_edition(layer.edition, name))
        labels = [
            {"name": unit.name, "name_fa": unit.name_fa, "meant": unit.code in meant, "at": at}
            for unit in near
            if (at := _label_spot(unit, view, meant, drawn, _LABEL_ROOM[name]))
        ]
        units = [
            {"name": unit.name, "name_fa": unit.name_fa, "box": five(within.bounds)}
            for unit in near
            if (within := shapely.intersection(unit.geometry, reach)).area
        ]
        lines = _lines([unit.geometry.boundary for unit in near], reach, view)
        layers.append(
            {"id": name, "edition": layer.edition.id, "caveat": layer.edition.caveat}
            | {"lines": lines, "labels": labels, "units": units}
        )
    return layers, list(editions.values())


def about_edition(edition: Edition, layer: str) -> dict[str, Any]:
    """Return what a page must say of an edition that it shows."""
    return {field: getattr(edition, field) for field in _EDITION_FIELDS} | {"layer": layer}


def _lines(edges: list[BaseGeometry], reach: BaseGeometry, view: Box) -> dict[str, Any]:
    """Return edges within reach, each shared one once: twice, a dotted line would look solid."""
    once = shapely.line_merge(shapely.union_all(shapely.intersection(edges, reach)))
    return as_geojson(shapely.simplify(once, (view[2] - view[0]) / _LINE_STEPS))


def _label_spot(
    unit: Unit, view: Box, meant: set[str], drawn: BaseGeometry, room: float
) -> list[float] | None:
    """Return where to write a unit's name: free of what is drawn, unless it is meant by it."""
    if unit.code in meant:
        return middle(unit.geometry, view)
    seen = shapely.intersection(unit.geometry, shapely.box(*grown(view, 0.3)))
    free = shapely.difference(seen, drawn)
    return middle(free if free.area > seen.area / 5 else seen, view, room)
