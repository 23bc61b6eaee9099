"""Casebooks made by chance for the tests of exchange: hostile names, holes, all meanings."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely

from geoloc.casebook import Drawing, Finding, Incident

_WORDS = (
    "ناحیه ۲۲",
    "قلعهٔ نو\u200cآباد",
    "د کابل ولایت",
    "Bagrami",
    '=HYPERLINK("http://x")',
    "+1",
    "-2",
    "@SUM(A1)",
    "'quoted'",
    '"double"',
    "<script>alert(1)</script>",
    "<img src=x onerror=y>",
    "&amp;",
    "]]>",
    "<![CDATA[",
    "{{ 7*7 }}",
    "${x}",
    "$[name]",
    "a\tb",
    "line\nbreak",
    "carriage\r\nreturn",
    "bell\x07",
    "nul\x00in",
    "escape\x1b[31m",
    "\u202eright to left\u202c",
    "emoji 🏚",
    "\ufffe",
    "é\u0301",
    "null",
    "NaN",
    "1e5",
    "007",
    "true",
    "\\",
    "%s",
    "/* */",
    "a;b,c",
    '["x"]',
    "café",
    "\x85mid\x85",
)
_TEXTS = ("rationale", "method", "author")


def casebook(rng: random.Random, number: int) -> list[Finding]:
    """Return one to three findings with drawings of all kinds; now and then without any."""
    return [finding(rng, f"{number}-{case}") for case in range(rng.randint(1, 3))]


def finding(rng: random.Random, number: str) -> Finding:
    """Return a finding whose claims and area are left out: only drawings have to come back."""
    date = f"20{rng.randint(20, 26)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    sources = [{"id": text(rng), "title": "t", "publisher": "p"} for _ in range(rng.randint(0, 3))]
    known = sorted({source["id"] for source in sources})
    drawings = tuple(drawing(rng, known) for _ in range(rng.choice((0, 1, 1, 2, 3, 6))))
    located = any(each.locates for each in drawings)
    incident = Incident.model_validate(
        {
            "id": f"{date}-made-{number}",
            "title": text(rng),
            "date": date,
            "summary": "Made by chance.",
            "drawings": [each.model_dump() for each in drawings],
            "geolocation": {"status": "approximate" if located else "not-stated", "reason": "made"},
            "sources": [source for source in sources if source["id"] in known],
        }
    )
    return Finding(incident, (), None, ())


def text(rng: random.Random) -> str:
    """Return one to four words, most of which some format or program could stumble over."""
    return " ".join(rng.choices(_WORDS, k=rng.randint(1, 4))).strip() or "x"


def drawing(rng: random.Random, sources: list[str]) -> Drawing:
    """Return a drawing of any meaning with any of its fields."""
    means = rng.choice(("area", "searched", "along", "near", "bearing", "mark"))
    fields: dict[str, Any] = {"name": text(rng), "means": means, "confidence": rng.random()}
    if means != "mark" or rng.random() < 0.3:
        fields["origin"] = text(rng)
    fields |= {name: text(rng) for name in _TEXTS if rng.random() < 0.4}
    if rng.random() < 0.3:
        fields["drawn_on"] = f"20{rng.randint(10, 26)}-0{rng.randint(1, 9)}-{rng.randint(10, 28)}"
    if sources and rng.random() < 0.5:
        fields["sources"] = rng.sample(sources, rng.randint(1, len(sources)))
    fields["geometry"] = shapely.geometry.mapping(_shape(rng, means, fields))
    return Drawing.model_validate(fields)


def _shape(rng: random.Random, means: str, fields: dict[str, Any]) -> Any:
    """Return a shape that fits a meaning, and set what else the meaning needs."""
    point = shapely.Point(*_at(rng))
    if means == "near":
        fields[rng.choice(("distance_m", "at_most_m"))] = rng.uniform(50, 9000)
        if rng.random() < 0.5:
            fields["landmark_sigma_m"] = rng.uniform(1, 300)
        return point
    if means == "bearing":
        fields["azimuth_deg"] = rng.choice((0.0, rng.uniform(0, 359.99)))
        if rng.random() < 0.5:
            fields |= {
                "seen_from": rng.choice(("event", "landmark")),
                "sigma_deg": rng.random() + 1,
            }
        return point
    if means == "along":
        fields["at_most_m"] = rng.uniform(10, 2000)
        return _line(rng)
    if means == "searched":
        fields["detection_probability"] = rng.random()
    if means == "area" and rng.random() < 0.5:
        fields["sigma_m"] = rng.uniform(0, 500)
    if means == "mark" and rng.random() < 0.5:
        return rng.choice((point, _line(rng)))
    return _area(rng)


def _at(rng: random.Random) -> tuple[float, float]:
    return rng.uniform(68.9, 69.5), rng.uniform(34.3, 34.8)


def _line(rng: random.Random) -> shapely.LineString:
    return shapely.LineString([_at(rng) for _ in range(rng.randint(2, 9))])


def _area(rng: random.Random) -> shapely.Polygon | shapely.MultiPolygon:
    """Return a polygon, perhaps with holes or of several parts, its rings in either direction."""
    lon, lat = _at(rng)
    parts = [_blob(rng, lon + 0.3 * number, lat) for number in range(rng.choice((1, 1, 1, 2, 4)))]
    if len(parts) == 1 and rng.random() < 0.8:
        return parts[0]
    return shapely.MultiPolygon(parts)


def _blob(rng: random.Random, lon: float, lat: float) -> shapely.Polygon:
    count, size = rng.randint(3, 30), rng.uniform(1e-4, 0.1)
    around = np.linspace(0, 2 * math.pi, count, endpoint=False)
    if rng.random() < 0.5:
        around = around[::-1]
    far = np.array([size * rng.uniform(0.7, 1) for _ in around])
    ring = np.column_stack([lon + far * np.cos(around), lat + far * np.sin(around)])
    centre = shapely.Point(lon, lat)
    holes = [centre.buffer(size * 0.1, quad_segs=2)] if count > 5 and rng.random() < 0.4 else []
    return shapely.Polygon(ring, [list(hole.exterior.coords) for hole in holes])


def nested_kml(rng: random.Random) -> str:
    """Return a KML file of documents and folders within folders, with placemarks of every kind."""
    inner = "".join(_branch(rng, depth=0))
    prefix = rng.choice(("", "k:"))
    space = (
        'xmlns:k="http://www.opengis.net/kml/2.2"'
        if prefix
        else ('xmlns="http://www.opengis.net/kml/2.2"')
    )
    gx = 'xmlns:gx="http://www.google.com/kml/ext/2.2"'
    body = inner.replace("<K:", f"<{prefix}").replace("</K:", f"</{prefix}")
    return f'<?xml version="1.0"?><{prefix}kml {space} {gx}>{body}</{prefix}kml>'


def _branch(rng: random.Random, depth: int) -> Iterator[str]:
    kind = "Document" if depth == 0 or rng.random() < 0.15 else "Folder"
    yield f"<K:{kind}>"
    if rng.random() < 0.8:
        yield f"<K:name>{kind} {depth} &amp; ناحیه</K:name>"
    if rng.random() < 0.3:
        yield (
            '<K:Style id="s"><K:LineStyle><K:color>ff00ff00</K:color></K:LineStyle></K:Style>'
            "<K:GroundOverlay><K:name>picture</K:name></K:GroundOverlay>"
        )
    for _ in range(rng.randint(0, 4)):
        yield _placemark(rng)
    if depth < 12:
        for _ in range(rng.choice((0, 1, 1, 2)) if depth else 2):
            yield from _branch(rng, depth + 1)
    yield f"</K:{kind}>"


def _placemark(rng: random.Random) -> str:
    said = "<K:name>p</K:name>" if rng.random() < 0.8 else ""
    said += rng.choice(("", "<K:description><![CDATA[<b>x</b> & y]]></K:description>"))
    said += rng.choice(("", "<K:TimeStamp><K:when>2023-05-08</K:when></K:TimeStamp>"))
    said += rng.choice(("", "<K:styleUrl>#s</K:styleUrl>", "<K:Style id='own'></K:Style>"))
    said += rng.choice(
        (
            "",
            '<K:ExtendedData><K:Data name="PD"><K:value>22</K:value></K:Data></K:ExtendedData>',
            '<K:ExtendedData><K:SchemaData><K:SimpleData name="when">x</K:SimpleData>'
            "</K:SchemaData></K:ExtendedData>",
        )
    )
    return f"<K:Placemark>{said}{_kml_shape(rng, 0)}</K:Placemark>"


def _kml_shape(rng: random.Random, depth: int) -> str:
    def at() -> str:
        lon, lat = _at(rng)
        return f"{lon},{lat}{rng.choice(('', ',0', ',1800.5'))}"

    def ring(size: float) -> str:
        corners = shapely.box(69 - size, 34 - size, 69 + size, 34 + size).exterior.coords
        text = " ".join(f"{lon},{lat},0" for lon, lat in corners)
        return f"<K:LinearRing><K:coordinates>\n {text}\n</K:coordinates></K:LinearRing>"

    hole = f"<K:innerBoundaryIs>{ring(0.01)}</K:innerBoundaryIs>"
    outside = f"<K:outerBoundaryIs>{ring(0.1)}</K:outerBoundaryIs>"
    shapes = [
        "",
        f"<K:Point><K:coordinates>{at()}</K:coordinates></K:Point>",
        f"<K:LineString><K:coordinates>{at()} {at()}\n{at()}</K:coordinates></K:LineString>",
        ring(0.2),
        f"<K:Polygon>{outside}{rng.choice(('', hole))}</K:Polygon>",
        "<gx:Track><K:when>2023-05-08T10:00:00Z</K:when><gx:coord>69 34 1800</gx:coord>"
        "<gx:coord>69.1 34.1 1800</gx:coord></gx:Track>",
    ]
    if depth < 3 and rng.random() < 0.25:
        inner = "".join(_kml_shape(rng, depth + 1) for _ in range(rng.randint(1, 4)))
        return f"<K:MultiGeometry>{inner}</K:MultiGeometry>"
    return rng.choice(shapes)
