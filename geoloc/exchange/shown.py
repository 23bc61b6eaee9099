"""What leaves of a finding: shapes with their names, dates, shares and caveats, one rule for all.

Every format gets the same items with the same columns. Coordinates are WGS 84, longitude first:
of what was drawn or marked with 7 decimals (1 cm), of likely areas and units with 5 (1 m). Rings
run anticlockwise around their area, as RFC 7946 asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import shapely

from geoloc import boundaries
from geoloc.casebook import Drawing, coarse
from geoloc.clues.outlines import marks
from geoloc.gazetteer import unit_name

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from geoloc.casebook import Finding, Incident
    from geoloc.verdict import Verdict

LayerName = Literal["claimed", "likely area", "drawing", "landmark", "photo feature"]

CAVEAT = (
    "Approximate. A claimed place is what somebody said, and is not verified; a likely area is"
    " where the event probably happened, by the clues. No house may be read out of either."
)
# What a drawing has beside its name and its geometry; every other column is of any item.
OF_DRAWINGS = tuple(name for name in Drawing.model_fields if name not in ("name", "geometry"))
NUMBERS = frozenset(
    name
    for name in OF_DRAWINGS
    if name.endswith(("_m", "_deg")) or name in ("confidence", "detection_probability")
)
# Every column, and whether it holds text or numbers.
COLUMNS: dict[str, type[str] | type[float]] = {
    "case": str, "date": str, "layer": str, "name": str, "status": str, "note": str,
    "edition": str, "licence": str,
    "probability": float, "probability_low": float, "probability_high": float,
    **{name: float if name in NUMBERS else str for name in OF_DRAWINGS},
    "shape": str,
    "caveat": str,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One shape that leaves, with what is said of it."""

    layer: LayerName
    geometry: BaseGeometry  # WGS 84
    columns: dict[str, str | float]  # by names of COLUMNS; what is not known is left out


def items(findings: Sequence[Finding], *, exact: bool) -> tuple[list[Item], list[str]]:
    """Return what leaves of these findings, and what does not, as sentences.

    Unless `exact`, nothing of it tells a place to better than 1 km, by the rule of published pages
    (`casebook.coarse`): a likely area that would is told in squares of 1 km and its drawings stay
    at home, and so do marks and the features of photos in any case.
    """
    told = findings if exact else [*map(coarse.published, findings)]
    found = [item for finding in told for item in _of(finding, exact=exact)]
    return found, list(_kept_back(findings, exact=exact)) + list(_not_carried(findings, found))


def _of(finding: Finding, *, exact: bool) -> Iterator[Item]:
    plainly = exact or not coarse.pins(finding)
    yield from _claimed(finding, plainly=plainly)
    yield from _likely(finding, plainly=plainly)
    for drawing in finding.incident.drawings:
        if _goes_out(drawing, exact=exact, plainly=plainly):
            told = drawing if exact else drawing.model_copy(update={"author": None})
            yield of_drawing(told, finding.incident)
    if plainly:
        yield from _landmarks(finding)
    if exact:
        yield from _photo_features(finding.incident)


def _goes_out(drawing: Drawing, *, exact: bool, plainly: bool) -> bool:
    return exact or (plainly and drawing.locates)


def _item(
    layer: LayerName, incident: Incident, geometry: BaseGeometry, digits: int, **said: Any
) -> Item:
    about = {
        "case": incident.id,
        "date": incident.date.isoformat(),
        "layer": layer,
        "status": "approximate",
        "caveat": CAVEAT,
        **said,
    }
    columns = {name: about[name] for name in COLUMNS if about.get(name) is not None}
    return Item(layer, written(geometry, digits), columns)


def written(shape: BaseGeometry, digits: int) -> BaseGeometry:
    """Return a shape as it is written, its decimals cut unless that would break it."""
    cut = shapely.transform(shape, lambda points: points.round(digits))
    return shapely.orient_polygons(cut if cut.is_valid else shape)


def of_drawing(drawing: Drawing, incident: Incident) -> Item:
    """Return a drawing with every field of its record."""
    record = drawing.model_dump(mode="json", exclude={"geometry", "sources"})
    sources = json.dumps(drawing.sources, ensure_ascii=False) if drawing.sources else None
    return _item(
        "drawing",
        incident,
        drawing.geometry.geometry(),
        7,
        **record,
        sources=sources,
        shape=drawing.geometry.type,
    )


def _claimed(finding: Finding, *, plainly: bool) -> Iterator[Item]:
    """Yield every unit that a claim names, in every sense of its words."""
    judged = zip(finding.incident.claims, finding.places, finding.verdicts, strict=True)
    for claim, place, verdict in judged:
        if place is None:
            continue
        said = f"Claimed by {claim.claimant}, not verified."
        if claim.place:
            said += f" In the claimant's words: {claim.place}."
        if place.senses:
            said += " The words can mean several units."
        about = {"note": said} | _judged(said, verdict, plainly=plainly)
        for code in dict.fromkeys(code for codes in (place.codes, *place.senses) for code in codes):
            layer = boundaries.layers_with(code)[0]
            zones = layer.zones(code)
            vague = zones is not None and not zones.likely.is_empty
            shape = zones.likely if zones and vague else boundaries.unit(code).geometry
            if shape.is_empty:
                continue
            edition = layer.edition
            yield _item(
                "claimed",
                finding.incident,
                shape,
                5,
                name=f"{unit_name(code)} (claimed, not verified)",
                edition=": ".join(filter(None, (edition.id, edition.caveat))),
                licence="; ".join(filter(None, (edition.attribution, edition.licence))),
                **about,
            )


def _judged(said: str, verdict: Verdict | None, *, plainly: bool) -> dict[str, Any]:
    """Return a verdict's share with its interval, in no more digits than a page tells."""
    if verdict is None:
        return {}
    reason = verdict.reason if plainly else coarse.whole_km(verdict.reason)
    digits = 4 if plainly else 2
    low, high = verdict.interval or (None, None)
    shares = {
        "probability": verdict.probability,
        "probability_low": low,
        "probability_high": high,
    }
    return {
        "note": f"{said} Verdict: {verdict.grade}. {reason}",
        **{name: None if p is None else round(p, digits) for name, p in shares.items()},
    }


def _likely(finding: Finding, *, plainly: bool) -> Iterator[Item]:
    """Yield the regions, largest first: the small ones lie on top."""
    if finding.area is None:
        return
    for region in reversed(coarse.regions(finding, exact=plainly)):
        how = "" if plainly else " In squares of 1 km."
        size = f"{boundaries.km2(region.area_km2)} km²"
        yield _item(
            "likely area",
            finding.incident,
            region.geometry,
            5,
            name=f"{region.mass:.0%} likely area",
            status=finding.status if plainly else "approximate",
            note=f"{finding.incident.geolocation.reason} {size}.{how}",
            probability=region.mass,
        )


def _landmarks(finding: Finding) -> Iterator[Item]:
    """Yield each point that a clue is measured from, unless a drawing is that point."""
    seen = {
        (drawing.name, drawing.geometry.geometry().wkt)
        for drawing in finding.incident.drawings
        if drawing.means in ("near", "bearing")
    }
    for clue in finding.area.clues if finding.area else ():
        for mark in marks(clue):
            key = mark.name, mark.geometry.wkt
            if mark.part == "landmark" and key not in seen:
                seen.add(key)
                note = f"A clue is measured from here: {clue.says}."
                yield _item(
                    "landmark", finding.incident, mark.geometry, 7, name=mark.name, note=note
                )


def _photo_features(incident: Incident) -> Iterator[Item]:
    for photo in incident.photos:
        for feature in photo.features:
            if feature.lon is None or feature.lat is None:
                continue
            yield _item(
                "photo feature",
                incident,
                shapely.Point(feature.lon, feature.lat),
                7,
                name=feature.name or f"Feature {feature.number}",
                note=f"Number {feature.number} in {photo.file}. {photo.caption or ''}".rstrip(),
                origin=photo.origin,
            )


def _kept_back(findings: Sequence[Finding], *, exact: bool) -> Iterator[str]:
    """Say what stays at home because it would tell a place to better than 1 km."""
    if exact:
        return
    pinned = [coarse.pins(finding) for finding in findings]
    if any(pinned):
        yield (
            f"{sum(pinned)} likely area(s) are told in squares of 1 km, without landmarks, because"
            " they or a clue of theirs would tell a place to better than that."
        )
    drawings = sum(
        not _goes_out(drawing, exact=False, plainly=not pins)
        for finding, pins in zip(findings, pinned, strict=True)
        for drawing in finding.incident.drawings
    )
    points = sum(
        feature.lon is not None
        for finding in findings
        for photo in finding.incident.photos
        for feature in photo.features
    )
    leaving = sum(len(finding.incident.drawings) for finding in findings) - drawings
    if leaving:
        yield (
            f"{leaving} drawing(s) leave as drawn, without their authors' names: they tell the"
            " event's place to no better than 1 km, but their landmarks exactly."
        )
    for count, what in ((drawings, "drawing(s)"), (points, "feature(s) of photos")):
        if count:
            yield f"{count} {what} stay at home; --exact writes them, for your own eyes only."


def _not_carried(findings: Sequence[Finding], found: Sequence[Item]) -> Iterator[str]:
    """Say what no map file holds."""
    drawn = {
        shapely.to_wkb(written(drawing.geometry.geometry(), 15))
        for finding in findings
        for drawing in finding.incident.drawings
    }
    if any(
        item.layer == "drawing" and shapely.to_wkb(item.geometry) not in drawn for item in found
    ):
        yield "Corners of drawings are rounded to 7 decimals of a degree (1 cm)."
    if any(finding.incident.photos for finding in findings):
        yield "Photos, their pixels and their ridge lines stay in the case's folder."
