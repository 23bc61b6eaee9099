"""What a page knows of findings: claims, places, verdicts, clues and sources, as JSON values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import shapely

from geoloc import __version__, boundaries
from geoloc.casebook import coarse
from geoloc.gazetteer import unit_name
from geoloc.maps.clues import clue_entries, coarse_entries
from geoloc.maps.context import context
from geoloc.maps.shapes import around, five, grown, middle, polygons

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from geoloc.boundaries import Unit
    from geoloc.casebook import Book, Finding
    from geoloc.geo import Box
    from geoloc.verdict import Verdict

    Codes = tuple[str, ...]

_CROWD = 150  # areas from which on none can be told from the others
_CROWD_STEPS = 400  # their lines are simplified to this fraction of the view: some pixels
_ZONES = ("core", "likely", "extent")


def island(
    page: str,
    title: str,
    findings: Sequence[Finding],
    book: Book | None,
    *,
    exact: bool = False,
) -> dict[str, Any]:
    """Return everything that the page's script needs, as JSON values.

    Unless `exact`, nothing in it tells a place to better than 1 km; see `coarse`.
    """
    if not exact:
        findings, title = [*map(coarse.published, findings)], coarse.wordless(title)
    parts = _Parts([_Shown(finding, exact or not coarse.pins(finding)) for finding in findings])
    view = around(parts.shapes)
    layers, editions = context(view, _meant(findings), shapely.union_all(parts.shapes))
    return {
        "page": page,
        "title": title,
        "version": __version__,
        "view": five(view),
        "reach": five(grown(view, 1)),
        "care": "exact" if exact else "coarse" if parts.any_coarse else None,
        "layers": layers,
        "editions": editions,
        "places": [_place(codes, view) for codes in parts.sets],
        "areas": [_area(shown, view, crowded=parts.crowded) for shown in parts.areas],
        "crowded": parts.crowded,
        "incidents": [_incident(shown, parts) for shown in parts.shown],
        "clues": _clues(parts.shown[0], view) if page == "finding" else [],
        "book": book and book.model_dump(mode="json"),
    }


def reason_shown(finding: Finding, verdict: Verdict) -> str:
    """Return a verdict's reason as a page may say it."""
    return coarse.whole_km(verdict.reason) if coarse.pins(finding) else verdict.reason


@dataclass
class _Shown:
    """A finding, and whether its area may be shown as it is."""

    finding: Finding
    plainly: bool

    @cached_property
    def regions(self) -> tuple[coarse.ToldRegion, ...]:
        """The regions as they may be shown, smallest first."""
        return coarse.regions(self.finding, exact=self.plainly)

    @cached_property
    def key(self) -> tuple[bytes, ...]:
        """What tells its area from others'; many incidents of a casebook share one."""
        return tuple(shapely.to_wkb(each.geometry) for each in self.regions)


class _Parts:
    """What several findings draw, each shape once."""

    def __init__(self, shown: list[_Shown]) -> None:
        self.shown = shown
        sets = (codes for one in shown for codes in _claimed(one.finding))
        self.sets = list(dict.fromkeys(sets))
        self.number_of_set = {codes: at for at, codes in enumerate(self.sets)}
        located = {one.key: one for one in reversed(shown) if one.key}
        self.areas = list(located.values())[::-1]
        self.number_of_area = {one.key: at for at, one in enumerate(self.areas)}
        self.crowded = len(self.areas) > _CROWD
        self.any_coarse = any(not one.plainly for one in shown)
        self._boxes: dict[Any, list[float] | None] = {}

    @cached_property
    def shapes(self) -> list[BaseGeometry]:
        """All that is claimed and likely."""
        codes = dict.fromkeys(code for codes in self.sets for code in codes)
        claimed = (boundaries.unit(code).geometry for code in codes)
        likely = (each.geometry for one in self.areas for each in one.regions[-1:])
        return [shape for shape in (*claimed, *likely) if not shape.is_empty]

    def box(self, one: _Shown) -> list[float] | None:
        """Return the box around what one incident draws; None where it draws nothing."""
        sets = tuple(dict.fromkeys(_claimed(one.finding)))
        key = sets, one.key
        if key not in self._boxes:
            units = (boundaries.unit(code).geometry for codes in sets for code in codes)
            likely = (each.geometry for each in one.regions)
            drawn = [shape for shape in (*units, *likely) if not shape.is_empty]
            self._boxes[key] = five(around(drawn)) if drawn else None
        return self._boxes[key]


def _claimed(finding: Finding) -> Iterator[Codes]:
    """Yield the units of each claim that names any, in every sense of its words."""
    for place in finding.places:
        if place and place.codes:
            yield from (place.codes, *place.senses)


def _meant(findings: Sequence[Finding]) -> set[str]:
    """Return the units that a claim or a piece of evidence names."""
    claimed = {code for finding in findings for codes in _claimed(finding) for code in codes}
    parts = (part for finding in findings for part in finding.incident.evidence)
    return claimed.union(*(part.within for part in parts))


def _incident(shown: _Shown, parts: _Parts) -> dict[str, Any]:
    finding = shown.finding
    # Clues are drawn and told by themselves, and where they would say too much, not at all.
    # Nor is it told where exactly somebody looked, or what a photo shows where.
    unsaid: Any = dict.fromkeys(("study", "drawings", "photos"), True)
    unsaid["evidence"] = {"__all__": {"clues"}}
    facts = finding.incident.model_dump(mode="json", exclude=unsaid)
    judged = zip(facts["claims"], finding.places, finding.verdicts, strict=True)
    for claim, place, verdict in judged:
        claim["drawn"] = parts.number_of_set[place.codes] if place and place.codes else None
        claim["verdict"] = verdict and _verdict(verdict, shown.plainly)
    for evidence in facts["evidence"]:
        evidence["within_names"] = [unit_name(code) for code in evidence["within"]]
    names = dict.fromkeys(place.name for place in finding.places if place and place.codes)
    return facts | {
        "place_names": list(names),
        "area": parts.number_of_area.get(shown.key),
        "coarse": not shown.plainly,
        "box": parts.box(shown),
    }


def _verdict(verdict: Verdict, plainly: bool) -> dict[str, Any]:
    """Return a verdict with no more digits than are said: they would tell one spot from another."""
    digits = 4 if plainly else 2
    told = asdict(verdict) | {
        "words": verdict.words,
        "probability": _share(verdict.probability, digits),
        "interval": verdict.interval and [_share(end, digits) for end in verdict.interval],
        "prior": _share(verdict.prior, 4),
        "bayes_factor": _digits(verdict.bayes_factor, 3 if plainly else 1),
        "distance_m": None if verdict.distance_m is None else round(verdict.distance_m),
    }
    for part in (*told["alone"], *told["other_editions"]):
        part["probability"] = _share(part["probability"], digits)
    if not plainly:
        told["reason"] = coarse.whole_km(verdict.reason)
        for length in ("flip_distance_m", "distance_m"):
            told[length] = told[length] and 1000 * math.ceil(told[length] / 1000)
    return told


def _share(share: float | None, digits: int) -> float | None:
    """Return a share rounded, but never to certainty."""
    if share is None or not 1e-9 < share < 1 - 1e-9:
        return share
    return min(max(round(share, digits), 1e-4), 1 - 1e-4)


def _digits(value: float | None, digits: int) -> float | None:
    return None if value is None else float(f"{value:.{digits}g}")


def _area(shown: _Shown, view: Box, *, crowded: bool) -> dict[str, Any]:
    """Return an area's regions; in a crowd of areas only the widest, with few corners."""
    step = (view[2] - view[0]) / _CROWD_STEPS
    return {
        "regions": [
            {
                "mass": region.mass,
                "held": region.mass if region.held is None else round(region.held, 4),
                "area_km2": round(region.area_km2, 4),
                "geometry": polygons(
                    shapely.simplify(region.geometry, step) if crowded else region.geometry
                ),
            }
            for region in (shown.regions[-1:] if crowded else shown.regions)
        ],
        "at": middle(shown.regions[-1].geometry, view),
    }


def _clues(shown: _Shown, view: Box) -> list[dict[str, Any]]:
    area = shown.finding.area
    if area is None:
        return []
    return clue_entries(area, view) if shown.plainly else coarse_entries(area)


def _place(codes: Codes, view: Box) -> dict[str, Any]:
    """Return the units of one claimed place, and the part where all of them hold."""
    units = [boundaries.unit(code) for code in codes]
    drawn = [_outline(unit) for unit in units]
    shared = shapely.intersection_all(drawn)
    return {
        "name": ", ".join(unit_name(code) for code in codes),
        "units": [_unit(unit) for unit in units],
        "shared": polygons(shared) if len(units) > 1 else None,
        "at": middle(shared if shared.area else drawn[0], view),
    }


def _unit(unit: Unit) -> dict[str, Any]:
    """Return what is drawn of a unit: its shape, or where it is vague, core, likely and extent."""
    layer = boundaries.layers_with(unit.code)[0]
    told = {"name": unit_name(unit.code), "edition": layer.edition.id}
    zones = layer.zones(unit.code)
    if zones and not zones.extent.is_empty:
        shapes = {zone: polygons(getattr(zones, zone)) for zone in _ZONES}
        return told | {"geometry": polygons(_outline(unit)), "zones": shapes}
    return told | {"geometry": polygons(unit.geometry), "zones": None}


def _outline(unit: Unit) -> BaseGeometry:
    """Return the part of a unit that is outlined: of a vague one, where it is likely."""
    zones = boundaries.layers_with(unit.code)[0].zones(unit.code)
    return zones.likely if zones and not zones.likely.is_empty else unit.geometry
