"""Phrases that name an area by places: near one, beside one, between two, along a road.

The rules follow the Georeferencing Quick Reference Guide (Zermoglio et al. 2020, GBIF,
https://doi.org/10.35035/e09p-h128). Where that leaves a length to judgement it is stated here, and
every area says its rule in words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, radians, sin
from typing import TYPE_CHECKING

import shapely

from geoloc import geo
from geoloc.gazetteer.folding import LONGEST
from geoloc.gazetteer.places import Area, Place

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

NEAR_M = 2000.0  # how far "near" reaches beyond a place's edge: a judgement
LEAST_REACH_M = 5000.0  # how far "east of" reaches beyond it at least; else half its width
ROAD_SHARE = 0.15  # how far a road strays from the straight line, of its length: a judgement
LEAST_STRAY_M = 1000.0
BORDER_M = 1000.0  # how far "on the border" reaches into either side: a judgement
CENTRE_SHARE = 0.25  # how much of a place its centre is, as a disc: a judgement
_ANY_M = 1e6  # farther than any place reaches
LEAST_SIGMA_M = 500.0  # words are not sharper than this

_AZIMUTHS = {
    word: azimuth
    for azimuth, words in {
        0: "north northern شمال شمالی",
        45: "northeast northeastern شمالشرق شمالشرقی",
        90: "east eastern شرق شرقی ختیځ",
        135: "southeast southeastern جنوبشرق جنوبشرقی",
        180: "south southern جنوب جنوبی سوېل",
        225: "southwest southwestern جنوبغرب جنوبغربی",
        270: "west western غرب غربی لویدیځ",
        315: "northwest northwestern شمالغرب شمالغربی",
    }.items()
    for word in words.split()
}
_COMPASS = {
    0: "north", 45: "north-east", 90: "east", 135: "south-east", 180: "south", 225: "south-west",
    270: "west", 315: "north-west",
}  # fmt: skip
_DIRECTION = (
    r"(?P<way>(?:north|south)[\s-]?(?:east|west)(?:ern)?|(?:north|south|east|west)(?:ern)?"
    r"|(?:شمال|جنوب)\s?(?:شرق|غرب)ی?|شمالی?|جنوبی?|شرقی?|غربی?)"
)
_METRES = {"k": 1000.0, "m": 1.0, "mi": 1609.344, "ک": 1000.0}
_FORMS: tuple[tuple[str, str, bool], ...] = (
    # form, pattern, whether nothing else can be meant
    ("outside", r"(?:just\s+|somewhere\s+|anywhere\s+)?(?:outside(?:\s+of)?|not\s+in(?:side)?"
     r"|beyond|other\s+than|except)\s+(?P<a>.+)", True),
    ("outside", r"(?:در\s+)?(?:خارج|بیرون)\s+(?:از\s+)?(?P<a>.+)", True),
    ("outside", r"(?:له|د)\s+(?P<a>.+?)\s+(?:څخه\s+)?(?:بهر|دباندې|د\s+باندې)", True),
    ("border", r"(?:on\s+|at\s+|along\s+)?(?:the\s+)?(?:border|boundary|line|edge)\s+"
     r"(?:of|between)\s+(?P<a>.+?)\s+and\s+(?P<b>.+)", True),
    ("border", r"(?:در\s+)?(?:سرحد|مرز|سرحدات)\s+(?:بین\s+)?(?P<a>.+?)\s+و\s+(?P<b>.+)", True),
    ("centre", r"(?:in\s+)?(?:the\s+)?(?:cent(?:re|er)|middle|heart)\s+of\s+(?P<a>.+)", True),
    ("centre", r"(?:central|downtown)\s+(?P<a>.+)", False),
    ("centre", r"(?:در\s+)?مرکز\s+(?P<a>.+)", False),
    ("road", r"(?:on |along |off )?(?:the )?(?:main )?(?:road|highway|route)\s+(?:that runs\s+)?"
     r"(?:from|between)\s+(?P<a>.+?)\s+(?:to|and)\s+(?P<b>.+)", True),
    ("road", r"(?:on |along |off )?(?:the )?(?P<a>.+?)\s*(?:\s+to\s+|[–—]|-(?=[A-Z]))\s*"
     r"(?P<b>.+?)\s+(?:road|highway)", False),
    ("road", r"(?:سرک|شاهراه)\s+(?P<a>.+?)\s*(?:-|–|الی|تا)\s*(?P<b>.+)", True),
    ("road", r"(?:سرک|شاهراه)\s+(?P<a>\S+)\s+(?P<b>\S+)", False),
    ("between", r"(?:(?:somewhere|the area|an area)\s+)?(?:in\s+)?between\s+(?P<a>.+?)\s+and\s+"
     r"(?P<b>.+)", True),
    ("between", r"(?:بین|میان|مابین)\s+(?P<a>.+?)\s+و\s+(?P<b>.+)", True),
    ("between", r"د\s+(?P<a>.+?)\s+(?:او|و)\s+(?P<b>.+?)\s+(?:تر منځ|ترمنځ)", True),
    ("beside", r"(?:(?P<far>\d+(?:[.,]\d+)?)\s*(?P<unit>km|kilomet(?:re|er)s?|m|met(?:re|er)s?"
     r"|mi|miles?)\s+)?(?:to\s+|in\s+)?(?:the\s+)?" + _DIRECTION +
     r"(?:\s+(?:part|parts|side|outskirts|suburbs?|edge|areas?))?\s+of\s+(?P<a>.+)", True),
    ("beside", r"(?:the\s+)?(?P<way>(?:north|south)[\s-]?(?:east|west)ern|(?:north|south|east|west)"
     r"ern)\s+(?P<a>.+)", False),
    ("beside", r"(?:در\s+|به\s+)?(?:(?P<far>\d+)\s*(?P<unit>کیلومتر)ی?\s+)?" + _DIRECTION +
     r"\s+(?P<a>.+)", False),
    ("beside", r"د\s+(?P<a>.+?)\s+(?P<way>ختیځ|لویدیځ|شمال|سوېل|جنوب)(?:\s+ته|\s+کې)?", True),
    ("near", r"(?:(?:somewhere|the area)\s+)?(?:near(?:by)?|close)(?:\s+to)?\s+(?P<a>.+)", True),
    ("near", r"(?:next\s+to|adjacent\s+to|not\s+far\s+from|around|on\s+the\s+outskirts\s+of"
     r"|(?:the\s+)?outskirts\s+of|in\s+the\s+vicinity\s+of|(?:the\s+)?vicinity\s+of)\s+"
     r"(?P<a>.+)", True),
    ("near", r"(?:نزدیک|نزدیکی|اطراف|حوالی|نواحی)\s+(?:به\s+)?(?P<a>.+)", False),
    ("near", r"(?:د\s+)?(?P<a>.+?)\s+ته\s+(?:نږدې|نژدې)", True),
    ("area", r"(?:in\s+)?(?:the\s+)?(?P<a>.+?)\s+(?:area|neighbou?rhood|locality|quarter)", False),
    ("area", r"(?:in|inside|within|at)\s+(?P<a>.+)", False),
    ("area", r"(?:منطقه|منطقهٔ|ساحه)\s+(?P<a>.+)", False),
    ("area", r"(?:د\s+)?(?P<a>.+?)\s+سیمه", False),
)  # fmt: skip
_READ = [
    (form, re.compile(rf"\s*{pattern}\s*", re.IGNORECASE | re.DOTALL), sure)
    for form, pattern, sure in _FORMS
]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A form of words, and the names of places in it."""

    form: str  # near, beside, between, road, border, centre, outside or area
    parts: tuple[str, ...]
    sure: bool  # whether the words cannot be the name of a place instead
    azimuth_deg: int = 0  # of `beside`, clockwise from north
    far_m: float | None = None  # of `beside`, where a distance is given
    precise_m: float = 0.0  # half of the last place that the distance is given to

    @property
    def measured(self) -> bool:
        """Return whether a length is measured from middles, so that a town is meant, not a unit."""
        return self.form in {"between", "road"} or self.far_m is not None

    def area(self, places: Sequence[Place]) -> Area | None:
        """Return the area that the phrase describes; None where there is no such ground."""
        shapes = [each.geometry for each in places]
        if any(shape is None or shape.is_empty for shape in shapes):
            return None
        flat = [geo.geometry_to_metres(shape) for shape in shapes if shape is not None]
        sigma_m = max([LEAST_SIGMA_M, *(each.area.sigma_m for each in places if each.area)])
        shape, rule = _SHAPES[self.form](self, flat)
        if shape.is_empty:
            return None
        return Area(geo.geometry_to_degrees(shape), sigma_m, rule)


def read_phrase(text: str) -> Phrase | None:
    """Return the phrase that a text is, or None if it is in none of the known forms."""
    text = " ".join(text[: 4 * LONGEST].replace("\u200c", " ").split())
    for form, pattern, sure in _READ:
        if found := pattern.fullmatch(text):
            named = found.groupdict()
            parts = tuple(_name(named[key]) for key in ("a", "b") if named.get(key))
            if not all(parts):
                return None
            if form != "beside":
                return Phrase(form, parts, sure)
            azimuth = _AZIMUTHS[re.sub(r"[\s-]", "", named["way"]).casefold()]
            return Phrase(form, parts, sure, azimuth, *_distance(named))
    return None


def _name(text: str) -> str:
    return re.sub(r"^\s*the\s+|[\s,.;:،]+$", "", text, flags=re.IGNORECASE).strip()


def _distance(named: dict[str, str | None]) -> tuple[float | None, float]:
    """Return a stated distance and half of the last place it is given to, metres."""
    figure, unit = named.get("far"), (named.get("unit") or "").casefold()
    if not figure:
        return None, 0.0
    scale = _METRES["mi" if unit.startswith("mi") else unit[0]]
    figure = figure.replace(",", ".")
    whole, _, decimals = figure.partition(".")
    zeros = len(whole) - len(whole.rstrip("0"))
    place = 10.0 ** (-len(decimals) if decimals else min(zeros, len(whole) - 1))
    return float(figure) * scale, place * scale / 2


def _near(_phrase: Phrase, shapes: list[BaseGeometry]) -> tuple[BaseGeometry, str]:
    rule = f"near: the place and {NEAR_M / 1000:g} km beyond its edge"
    return shapes[0].buffer(NEAR_M, quad_segs=8), rule


def _between(_phrase: Phrase, shapes: list[BaseGeometry]) -> tuple[BaseGeometry, str]:
    """Return the circle that has the two middles at its ends, as the guide draws it."""
    line = shapely.LineString([shape.centroid for shape in shapes])
    radius_m = max(line.length / 2, LEAST_SIGMA_M)
    rule = f"between: the circle with both middles on it, {2 * radius_m / 1000:.1f} km across"
    return line.interpolate(0.5, normalized=True).buffer(radius_m, quad_segs=16), rule


def _road(_phrase: Phrase, shapes: list[BaseGeometry]) -> tuple[BaseGeometry, str]:
    line = shapely.LineString([shape.centroid for shape in shapes])
    stray_m = max(LEAST_STRAY_M, ROAD_SHARE * line.length)
    rule = (
        f"road: {stray_m / 1000:.1f} km to either side of the straight line of"
        f" {line.length / 1000:.1f} km; the road itself is not known"
    )
    return line.buffer(stray_m, quad_segs=8), rule


def _border(_phrase: Phrase, shapes: list[BaseGeometry]) -> tuple[BaseGeometry, str]:
    one, other = (shape.buffer(BORDER_M, quad_segs=8) for shape in shapes)
    rule = f"border: what lies within {BORDER_M / 1000:g} km of both"
    return one.intersection(other), rule


def _centre(_phrase: Phrase, shapes: list[BaseGeometry]) -> tuple[BaseGeometry, str]:
    """Return what of the place lies in a disc about its middle, a quarter as large as it."""
    (shape,) = shapes
    radius_m = (CENTRE_SHARE * shape.area / pi) ** 0.5
    rule = f"centre: what of the place lies within {radius_m / 1000:.1f} km of its middle"
    return shape.centroid.buffer(radius_m, quad_segs=16).intersection(shape), rule


def _beside(phrase: Phrase, shapes: list[BaseGeometry]) -> tuple[BaseGeometry, str]:
    """Return the place and a cone from its middle, or of a stated distance a piece of a ring."""
    (shape,) = shapes
    middle = shape.centroid
    half_deg = 22.5 if phrase.azimuth_deg % 90 else 45.0  # half of what the word covers
    there = _sector(middle, phrase.azimuth_deg, half_deg, 0.0, _ANY_M).intersection(shape)
    edge_m = float(shapely.hausdorff_distance(middle, there)) if not there.is_empty else 0.0
    way = _COMPASS[phrase.azimuth_deg]
    if phrase.far_m is None:
        reach_m = edge_m + max(LEAST_REACH_M, (shape.area / pi) ** 0.5)
        rule = (
            f"{way} of: the place, and from its middle {half_deg:g}° to either side of {way} for"
            f" {reach_m / 1000:.1f} km"
        )
        return shape.union(_sector(middle, phrase.azimuth_deg, half_deg, 0.0, reach_m)), rule
    nearest_m = max(0.0, phrase.far_m - phrase.precise_m)
    farthest_m = phrase.far_m + phrase.precise_m + edge_m  # from its middle or from its edge
    rule = (
        f"{phrase.far_m / 1000:g} km {way} of: {nearest_m / 1000:.1f} to {farthest_m / 1000:.1f} km"
        f" from its middle, {half_deg:g}° to either side"
    )
    return _sector(middle, phrase.azimuth_deg, half_deg, nearest_m, farthest_m), rule


def _sector(
    middle: shapely.Point, azimuth_deg: float, half_deg: float, from_m: float, to_m: float
) -> BaseGeometry:
    """Return the part of a ring about a point that lies within an angle of an azimuth."""
    steps = [azimuth_deg - half_deg + half_deg / 8 * step for step in range(17)]
    outer = [_step(middle, angle, to_m) for angle in steps]
    inner = [_step(middle, angle, from_m) for angle in reversed(steps)] if from_m else [middle]
    return shapely.Polygon([(p.x, p.y) for p in (*outer, *inner)])


def _step(start: shapely.Point, azimuth_deg: float, length_m: float) -> shapely.Point:
    east, north = sin(radians(azimuth_deg)), cos(radians(azimuth_deg))
    return shapely.Point(start.x + length_m * east, start.y + length_m * north)


_SHAPES = {
    "near": _near, "between": _between, "road": _road, "beside": _beside, "border": _border,
    "centre": _centre,
}  # fmt: skip
