"""The police districts of one edition as a page: how sure each is, and what it rests on."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import shapely

from geoloc import __version__, boundaries, geo
from geoloc.gazetteer import unit_name
from geoloc.maps.context import about_edition, context
from geoloc.maps.shapes import around, five, grown, middle, polygons

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shapely.geometry.base import BaseGeometry

    from geoloc.boundaries import Layer, LeftOut, Statement, Unit
    from geoloc.boundaries.evidence import Weighed
    from geoloc.geo import Box

_LAYER = "police-districts"
_AROUND = ("provinces", "districts")  # whose lines and names stand behind the police districts
_BEYOND = 0.5  # how far lines reach beyond the view, as a share of its longer side
# A number is about this wide at first sight, and needs a circle of this share of the view.
_NUMBER_DEG, _NUMBER_ROOM = 0.0075, 0.004
_FEW = 5
_ZONES = ("core", "likely", "extent")


def layer_island(edition: str | None) -> dict[str, Any]:
    """Return everything that the page of one edition needs, as JSON values."""
    layer = boundaries.load_layer(_LAYER, edition)
    said = [each for each in boundaries.statements() if each.vintage == layer.edition.id]
    drawn = [_drawn(layer, code) for code in layer.codes]
    view = around([shape for shape in drawn if not shape.is_empty])
    layers, editions = context(view, set(), shapely.union_all(drawn), shown=_AROUND, beyond=_BEYOND)
    return {
        "page": "layer",
        "title": layer.edition.title,
        "version": __version__,
        "view": five(view),
        "reach": five(grown(view, _BEYOND)),
        "layers": layers,
        "editions": [about_edition(layer.edition, _LAYER), *editions],
        "note": layer.edition.note,
        "units": [_unit(layer, code, said, view) for code in _in_order(layer.codes)],
        "left_out": _left_out(layer.left_out()),
        "statements": [_statement(each) for each in said],
    }


def _in_order(codes: Iterable[str]) -> list[str]:
    """Return codes by their number: PD2 before PD10."""
    return sorted(codes, key=lambda code: (len(code), code))


def _drawn(layer: Layer, code: str) -> BaseGeometry:
    """Return the part of a unit that is outlined at first sight."""
    zones = layer.zones(code)
    return zones.likely if zones else layer[code].geometry


def _unit(layer: Layer, code: str, said: list[Statement], view: Box) -> dict[str, Any]:
    unit, shapes = layer[code], _shapes(layer, code)
    seen = [shape for shape in shapes.values() if not shape.is_empty]
    return {
        "id": code.removeprefix("AF-KBL-"),
        "name": unit.name,
        "name_fa": unit.name_fa,
        "confidence": unit.confidence,
        "ambiguous": unit.ambiguous,
        "hawza": list(unit.hawza),
        "somewhere_in": unit.somewhere_in and unit_name(unit.somewhere_in),
        "note": unit.note,
        "sigma_m": unit.sigma_m,
        "shapes": {part: polygons(shape) for part, shape in shapes.items()},
        "areas_km2": {
            part: round(geo.area_km2(shape), 1) for part, shape in shapes.items() if shape.area
        },
        "at": _label_spot(layer, unit, said, view),
        "box": five(around(seen)) if seen else None,
        "left_out": _left_out(layer.left_out(code)),
        **_reasons(layer, code, said),
    }


def _shapes(layer: Layer, code: str) -> dict[str, BaseGeometry]:
    """Return what is drawn of a unit: zones, its most probable shape, or only its district."""
    unit, zones = layer[code], layer.zones(code)
    shapes: dict[str, BaseGeometry] = {"whole": unit.geometry}
    if zones:
        shapes |= {zone: getattr(zones, zone) for zone in _ZONES}
    if unit.somewhere_in and unit.geometry.is_empty:
        shapes["somewhere"] = boundaries.unit(unit.somewhere_in).geometry
    return shapes


def _label_spot(layer: Layer, unit: Unit, said: list[Statement], view: Box) -> list[float] | None:
    """Return where a unit's number is written: clear of its localities where they are few."""
    drawn = _drawn(layer, unit.code)
    if drawn.is_empty and unit.somewhere_in:
        drawn = boundaries.unit(unit.somewhere_in).geometry
    spots = [
        (each.lon, each.lat)
        for each in said
        if each.code == unit.code and each.lon is not None and each.lat is not None
    ]
    if len(spots) > _FEW:
        return middle(drawn, view)
    clear = shapely.difference(drawn, shapely.buffer(shapely.MultiPoint(spots), _NUMBER_DEG))
    return middle(clear, view, _NUMBER_ROOM) or middle(drawn, view)


def _left_out(found: LeftOut | None) -> dict[str, Any] | None:
    return None if found is None else asdict(found) | {"localities": int(found.localities)}


# What each list of an explanation is, in the order in which the panel writes them.
_REASONS = ("rests_on", "undrawn", "hawza", "against", "contradicted")


def _reasons(layer: Layer, code: str, said: list[Statement]) -> dict[str, Any]:
    """Return the statements for and against a unit, each by its number in `said`."""
    if not said:  # an official layer: its publisher's own drawing
        return {"reasons": {}, "shares": []}
    number = {each.id: at for at, each in enumerate(said)}
    found = boundaries.explain(code, layer.edition.id)
    reasons = {
        reason: [_weighed(each, number) for each in getattr(found, reason)] for reason in _REASONS
    }
    shares = [[_answer(other), round(share, 3)] for other, share in found.shares]
    return {"reasons": reasons, "shares": shares}


def _weighed(weighed: Weighed, number: dict[str, int]) -> list[Any]:
    """Return a statement's number, and what the edition gives to its place.

    The membership of the unit that is explained, the most probable answer there, and its own.
    """
    shares = (weighed.membership, weighed.top_membership)
    own, most = (None if share is None else round(share, 3) for share in shares)
    return [number[weighed.said.id], own, weighed.top and _answer(weighed.top), most]


def _statement(said: Statement) -> dict[str, Any]:
    known = said.lon is not None and said.lat is not None
    return {
        "name": said.locality,
        "name_fa": said.locality_fa,
        "label": _label(said),
        "at": [said.lon, said.lat] if known else None,
        "precision_m": said.precision_m,
        "confidence": said.confidence,
        "source": said.source,
        "date": said.date,
        "position_from": said.position_from,
        "doubt": said.doubt,
        "note": said.note,
        "left_out_p": said.left_out_p,
        "left_out_top": said.left_out_top and _answer(said.left_out_top),
        "left_out_top_p": said.left_out_top_p,
    }


def _label(said: Statement) -> str:
    """Return where a source puts a locality, in words: `PD21`, `rural Bagrami district`."""
    if said.code or not said.rural_district:
        return said.label
    return f"rural {unit_name(said.rural_district)}"


def _answer(code: str) -> str:
    return "no police district" if code == "none" else code.removeprefix("AF-KBL-")
