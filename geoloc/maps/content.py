"""What a page knows of findings: claims, places, verdicts and sources, as JSON values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import shapely

from geoloc import __version__, boundaries
from geoloc.gazetteer import unit_name
from geoloc.maps.context import context
from geoloc.maps.shapes import around, five, grown, middle, polygons

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from geoloc.casebook import Book, Finding
    from geoloc.geo import Box


def island(page: str, title: str, findings: Sequence[Finding], book: Book | None) -> dict[str, Any]:
    """Return everything that the page's script needs, as JSON values."""
    sets = list(dict.fromkeys(codes for finding in findings for codes in _claimed(finding)))
    drawn = [_drawn(finding) for finding in findings]
    everything = [shape for shapes in drawn for shape in shapes]
    view = around(everything)
    layers, editions = context(view, _meant(findings), shapely.union_all(everything))
    return {
        "page": page,
        "title": title,
        "version": __version__,
        "view": five(view),
        "reach": five(grown(view, 1)),
        "layers": layers,
        "editions": editions,
        "places": [_place(codes, view) for codes in sets],
        "incidents": [
            _incident(finding, sets) | {"box": five(around(shapes)) if shapes else None}
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
            "geometry": polygons(region.geometry),
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
            {"name": unit_name(unit.code), "geometry": polygons(unit.geometry)} for unit in units
        ],
        "shared": polygons(shared) if len(units) > 1 else None,
        "at": middle(drawn, view),
    }
