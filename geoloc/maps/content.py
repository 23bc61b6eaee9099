"""What a page knows: findings, places, lines and names, as JSON values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import shapely

from geoloc import __version__, boundaries
from geoloc.gazetteer import unit_name

if TYPE_CHECKING:
    from shapely import MultiPolygon
    from shapely.geometry.base import BaseGeometry

    from geoloc.boundaries import Unit
    from geoloc.casebook import Book, Finding
    from geoloc.geo import Box

_LEAST_VIEW_DEG = 0.16  # about 15 km: closer in, lines of σ 400 m would look exact
_KABUL_CITY: Box = (69.0, 34.42, 69.36, 34.63)  # where to look when no claim names a place
_LINE_STEPS = 3000  # context lines are simplified to this fraction of the view: under a pixel


def island(page: str, title: str, findings: Sequence[Finding], book: Book | None) -> dict[str, Any]:
    """Return everything that the page's script needs, as JSON values."""
    sets = list(dict.fromkeys(codes for finding in findings for codes in _claimed(finding)))
    drawn = [_drawn(finding) for finding in findings]
    everything = [shape for shapes in drawn for shape in shapes]
    view = _around(everything)
    layers, editions = _context(view, _meant(findings), shapely.union_all(everything))
    return {
        "page": page,
        "title": title,
        "version": __version__,
        "view": _five(view),
        "reach": _five(_grown(view, 1)),
        "layers": layers,
        "editions": editions,
        "places": [_place(codes, view) for codes in sets],
        "incidents": [
            _incident(finding, sets) | {"box": _five(_around(shapes)) if shapes else None}
            for finding, shapes in zip(findings, drawn, strict=True)
        ],
        "book": book and book.model_dump(mode="json"),
    }


def _claimed(finding: Finding) -> Iterator[tuple[str, ...]]:
    """Yield the units of each claim that names any."""
    yield from (place.codes for place in finding.places if place and place.codes)


def _meant(findings: Sequence[Finding]) -> set[str]:
    """Return the units that a claim or a piece of evidence names."""
    claimed = {code for finding in findings for codes in _claimed(finding) for code in codes}
    parts = (part for finding in findings for part in finding.incident.evidence)
    return claimed.union(*(part.within for part in parts))


def _drawn(finding: Finding) -> list[BaseGeometry]:
    """Return the shapes of what is claimed and what is likely."""
    claimed = (boundaries.unit(code).geometry for codes in _claimed(finding) for code in codes)
    likely = (region.geometry for region in (finding.area.regions if finding.area else ()))
    return [shape for shape in (*claimed, *likely) if not shape.is_empty]


def _incident(finding: Finding, sets: list[tuple[str, ...]]) -> dict[str, Any]:
    facts = finding.incident.model_dump(mode="json")
    judged = zip(facts["claims"], finding.places, finding.verdicts, strict=True)
    for claim, place, verdict in judged:
        claim["drawn"] = sets.index(place.codes) if place and place.codes else None
        claim["verdict"] = verdict and asdict(verdict) | {"words": verdict.words}
    for evidence in facts["evidence"]:
        evidence["within_names"] = [unit_name(code) for code in evidence["within"]]
    names = dict.fromkeys(place.name for place in finding.places if place and place.codes)
    regions = [
        {
            "mass": region.mass,
            "held": round(region.held, 4),
            "area_km2": round(region.area_km2, 1),
            "geometry": _shape(region.geometry),
        }
        for region in (finding.area.regions if finding.area else ())
    ]
    return facts | {"place_names": list(names), "area": {"regions": regions} if regions else None}


def _place(codes: tuple[str, ...], view: Box) -> dict[str, Any]:
    """Return the units of one claimed place, and the part where all of them hold."""
    units = [boundaries.unit(code) for code in codes]
    shared = shapely.intersection_all([unit.geometry for unit in units])
    drawn = shared if shared.area else units[0].geometry
    return {
        "name": ", ".join(unit_name(code) for code in codes),
        "units": [
            {"name": unit_name(unit.code), "geometry": _shape(unit.geometry)} for unit in units
        ],
        "shared": _shape(shared) if len(units) > 1 else None,
        "at": _middle(drawn, view),
    }


_EDITION_FIELDS = (
    "id", "title", "publisher", "valid_on", "attribution", "licence", "url", "caveat",
)  # fmt: skip
# How much room a name needs: half its width, as a share of the view's.
_LABEL_ROOM = {"provinces": 0.08, "districts": 0.055, "police-districts": 0.005}


def _context(
    view: Box, meant: set[str], drawn: BaseGeometry
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the lines and names near the view, layer by layer, and the editions they are of."""
    reach = shapely.box(*_grown(view, 1))
    layers: list[dict[str, Any]] = []
    editions: dict[str, dict[str, Any]] = {}
    for name in boundaries.LAYERS:
        layer = boundaries.load_layer(name)
        near = [unit for unit in layer.values() if shapely.intersects(unit.geometry, reach)]
        if not near:
            continue
        about = {field: getattr(layer.edition, field) for field in _EDITION_FIELDS}
        editions.setdefault(layer.edition.id, about | {"layer": name})
        labels = [
            {"name": unit.name, "name_fa": unit.name_fa, "meant": unit.code in meant, "at": at}
            for unit in near
            if (at := _label_spot(unit, view, meant, drawn, _LABEL_ROOM[name]))
        ]
        lines = _lines([unit.geometry.boundary for unit in near], reach, view)
        layers.append(
            {"id": name, "edition": layer.edition.id, "caveat": layer.edition.caveat}
            | {"lines": lines, "labels": labels}
        )
    return layers, list(editions.values())


def _lines(edges: list[BaseGeometry], reach: BaseGeometry, view: Box) -> dict[str, Any]:
    """Return edges within reach, each shared one once: twice, a dotted line would look solid."""
    once = shapely.line_merge(shapely.union_all(shapely.intersection(edges, reach)))
    return _json(shapely.simplify(once, (view[2] - view[0]) / _LINE_STEPS))


def _around(shapes: Sequence[BaseGeometry]) -> Box:
    """Return the box that holds all of these, at least 15 km wide; of none, Kabul city's."""
    if not shapes:
        return _KABUL_CITY
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    wide, high = (max(0, _LEAST_VIEW_DEG - size) / 2 for size in (east - west, north - south))
    return west - wide, south - high, east + wide, north + high


def _grown(view: Box, share: float) -> Box:
    """Return a box with a share of its longer side added all around: screens are of any shape."""
    west, south, east, north = view
    more = share * max(east - west, north - south)
    return west - more, south - more, east + more, north + more


def _label_spot(
    unit: Unit, view: Box, meant: set[str], drawn: BaseGeometry, room: float
) -> list[float] | None:
    """Return where to write a unit's name: free of what is drawn, unless it is meant by it."""
    if unit.code in meant:
        return _middle(unit.geometry, view)
    seen = shapely.intersection(unit.geometry, shapely.box(*_grown(view, 0.3)))
    free = shapely.difference(seen, drawn)
    return _middle(free if free.area > seen.area / 5 else seen, view, room)


def _middle(shape: BaseGeometry, view: Box, room: float = 0.0) -> list[float] | None:
    """Return the middle of the widest circle in a shape; None if that is narrower than `room`.

    `room` is a radius as a share of the view's width.
    """
    areas, wide = _areas(shape), view[2] - view[0]
    if areas.is_empty:
        return None
    radius = shapely.maximum_inscribed_circle(areas, tolerance=wide / 200)
    return _five(radius.coords[0]) if radius.length >= room * wide else None


def _five(degrees: Iterable[float]) -> list[float]:
    return [round(value, 5) for value in degrees]


def _shape(geometry: BaseGeometry) -> dict[str, Any] | None:
    """Return the polygons of a geometry as GeoJSON; None where it has none."""
    areas = _areas(geometry)
    return None if areas.is_empty else _json(areas)


def _areas(geometry: BaseGeometry) -> MultiPolygon:
    """Return a geometry without the points and lines that an intersection can leave."""
    return shapely.MultiPolygon([part for part in shapely.get_parts(geometry) if part.area])


def _json(geometry: BaseGeometry) -> dict[str, Any]:
    rounded = shapely.transform(geometry, lambda points: points.round(5))
    described: dict[str, Any] = json.loads(shapely.to_geojson(rounded))
    return described
