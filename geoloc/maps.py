"""A finding, or a casebook, as one interactive page that asks nothing of the network.

folium and branca compile what they render as Jinja2 a second time, so no word from outside ever
reaches a template of theirs: all of it travels in one JSON island, in which every character that
HTML, JavaScript or Jinja2 could act on is escaped, and constant scripts (`browser/finding.js`)
turn it into text nodes. The maps are real `folium.Map`s; `seal` makes the file to publish.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import cache
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import folium
import shapely
from branca.element import Element, Figure

from geoloc import __version__, boundaries
from geoloc.errors import PageError
from geoloc.gazetteer import unit_name
from geoloc.verdict import percent

if TYPE_CHECKING:
    from shapely import MultiPolygon
    from shapely.geometry.base import BaseGeometry

    from geoloc.boundaries import Unit
    from geoloc.casebook import Book, Finding
    from geoloc.geo import Box

_BROWSER = Path(__file__).parent / "browser"
# strftime follows the machine's locale, and a page must be the same everywhere.
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NO_BOOK = "Incidents"  # the title of a casebook that has no casebook.yaml
_LEAST_VIEW_DEG = 0.16  # about 15 km: closer in, lines of σ 400 m would look exact
_KABUL_CITY: Box = (69.0, 34.42, 69.36, 34.63)  # where to look when no claim names a place
_LINE_STEPS = 3000  # context lines are simplified to this fraction of the view: under a pixel


# --- the outputs -------------------------------------------------------------------------------


def finding_map(finding: Finding) -> folium.Map:
    """Return the map of one finding: claimed places, likely area, verdicts, sources.

    Parameters
    ----------
    finding : Finding
        What `investigate` returned.

    Returns
    -------
    folium.Map
        Shows itself in a notebook, offline too, and takes further folium layers; `seal` makes it
        one file to publish. The same finding gives the same bytes.
    """
    island = _island("finding", finding.incident.title, [finding], None)
    return _Map(island, finding.incident.id)


def casebook_map(findings: Sequence[Finding], book: Book | None = None) -> folium.Map:
    """Return one map of many incidents, numbered in the order given.

    Parameters
    ----------
    findings : sequence of Finding
        May be empty. One whose claims name no unit is listed, with no place to draw.
    book : Book, optional
        What is known about all of them together.
    """
    title = book.title if book else _NO_BOOK
    return _Map(_island("casebook", title, findings, book), "casebook")


def index_page(
    findings: Sequence[Finding], book: Book | None = None, *, overview: str = "overview.html"
) -> str:
    """Return the page that lists every incident and links to its map, `<incident id>.html`.

    Parameters
    ----------
    findings : sequence of Finding
        In the order of the list.
    book : Book, optional
        Gives the title, and what is known about all of them together.
    overview : str
        File name of the casebook's map, in the same folder.
    """
    from jinja2 import Environment
    from markupsafe import Markup

    content = {
        "title": book.title if book else _NO_BOOK,
        "rows": [row for finding in findings for row in _rows(finding)],
    }
    style = _asset("index.css") + _font_for(json.dumps(content))
    shown = dict.fromkeys(boundaries.load_layer(name).edition for name in boundaries.LAYERS)
    template = Environment(autoescape=True).from_string(_asset("index.html"))
    return template.render(
        content,
        policy=_policy((), (style,)),
        style=Markup(style),  # noqa: S704 - our own style sheet, without outside words
        count=len(findings),
        overview=overview,
        editions=list(shown),
        version=__version__,
    )


def _rows(finding: Finding) -> Iterator[dict[str, Any]]:
    """Yield a row for each claimed place that can be drawn, or one that says there is none."""
    incident = finding.incident
    judged = zip(finding.places, finding.verdicts, strict=True)
    drawn = {place.codes: (place.name, v) for place, v in judged if place and place.codes}
    also = dict.fromkeys(place.text for place in finding.places if place and not place.codes)
    for name, verdict in drawn.values() or [("none on the map", None)]:
        share = verdict.probability if verdict else None
        yield {
            "page": f"{incident.id}.html",
            "date": incident.date.isoformat(),
            "day": f"{_WEEKDAYS[incident.date.weekday()]} {incident.date.isoformat()}",
            "title": incident.title,
            "place": name,
            "also": list(also),
            "status": finding.status.replace("-", " "),
            "grade": (verdict.grade if verdict else "not-assessable").replace("-", " "),
            "probability": "–" if share is None else percent(share),
            "reason": verdict.reason if verdict else incident.geolocation.reason,
        }


# --- what a page knows -------------------------------------------------------------------------


def _island(
    page: str, title: str, findings: Sequence[Finding], book: Book | None
) -> dict[str, Any]:
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


# --- shapes and boxes --------------------------------------------------------------------------


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


# --- the page ----------------------------------------------------------------------------------

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_ACTIVE = re.compile("[<>&{}$`%#]")
_ARABIC = re.compile(r"\\u0(?:6|7[5-7]|8[a-f])|\\uf(?:b[5-f]|[cd]|e[7-f])")


def escape_json(value: Any) -> str:
    """Return JSON that neither HTML, JavaScript templates nor Jinja2 can take for their own."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    # Only inside strings: the braces of JSON itself always stand beside a quote or a comma.
    return _STRING.sub(
        lambda token: _ACTIVE.sub(lambda found: f"\\u{ord(found[0]):04x}", token[0]), text
    )


class _Verbatim(Element):
    """Text that no template compiles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def render(self, **_: Any) -> str:
        return self._text


class _Sheet(Figure):
    """The document around a map, with the language and title that branca's lacks."""

    def render(self, **kwargs: Any) -> str:
        for child in self._children.values():
            child.render(**kwargs)
        added = self.script.render(**kwargs).strip()
        return (
            f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{self.header.render(**kwargs).strip()}\n'
            f"<title>{escape(self.title or '')}</title>\n</head>\n<body>\n"
            f"{self.html.render(**kwargs).strip()}\n"
            f"{f'<script>{added}</script>' if added else ''}\n</body>\n</html>\n"
        )


class _Map(folium.Map):
    """A folium map whose page is ours: no link to anywhere, no template around outside words."""

    def __init__(self, island: dict[str, Any], name: str) -> None:
        west, south, east, north = island["view"]
        super().__init__(location=[(south + north) / 2, (west + east) / 2], tiles=None)
        # folium's lists belong to the class, and are shared by every map of the process.
        self.default_js, self.default_css = [], []
        self._view = [[south, west], [north, east]]
        self._id = re.sub(r"\W", "_", name)  # folium's own is random
        self._island = escape_json(island | {"map": self.get_name()})
        _Sheet(height="700px", title=f"geoloc {name}").add_child(self)

    def _get_self_bounds(self) -> list[list[float | None]]:
        return [list(corner) for corner in self._view]

    def render(self, **kwargs: Any) -> str:
        """Put the page into the figure, let added layers put in theirs, and return nothing."""
        figure = cast(Figure, self.get_root())
        style = _asset("leaflet.css") + _asset("finding.css") + _font_for(self._island)
        viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">'
        body = (
            _asset("finding.html"),
            f'<script type="application/json" id="geoloc-island">{self._island}</script>',
            *(f"<script>{script}</script>" for script in _our_scripts()),
        )
        figure.header.add_child(_Verbatim(f"{viewport}\n<style>{style}</style>"), name="geoloc")
        figure.html.add_child(_Verbatim("\n".join(body)), name=self.get_name())
        for child in self._children.values():
            child.render(**kwargs)
        return ""


@cache
def _asset(name: str) -> str:
    """Return one of the page's own files, without what it would load from elsewhere."""
    vendored = name.startswith("leaflet.")
    text = (_BROWSER / ("vendor" if vendored else "") / name).read_text(encoding="utf-8")
    if name.endswith(".css"):
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        return re.sub(r"[^;{}]*url\([^)]*\)[^;{}]*;?", "", text)
    return re.sub(r"//# sourceMappingURL=\S+", "", text)


def _our_scripts() -> tuple[str, ...]:
    return tuple(_asset(name) for name in ("leaflet.js", "words.js", "finding.js"))


@cache
def _font() -> str:
    font = (_BROWSER / "vendor/vazirmatn-arabic-400.woff2").read_bytes()
    return (
        "@font-face{font-family:Vazirmatn;src:url(data:font/woff2;base64,"
        f"{base64.b64encode(font).decode()}) format('woff2')}}"
    )


def _font_for(ascii_json: str) -> str:
    """Return the style that brings Vazirmatn, if there is Arabic script to set in it."""
    return _font() if _ARABIC.search(ascii_json) else ""


# --- sealing -----------------------------------------------------------------------------------


def seal(map: folium.Map) -> str:  # noqa: A002 - the public name
    """Return a folium map as one HTML file that loads nothing and sends nothing.

    Parameters
    ----------
    map : folium.Map
        One of ours, with any folium layers added to it that need nothing from elsewhere.

    Returns
    -------
    str
        The page, under a Content-Security-Policy that allows exactly the scripts and styles in
        it. The same map gives the same text.

    Raises
    ------
    PageError
        If anything in the page would be fetched: the message names the address.

    Notes
    -----
    A layer that *you* add is compiled by folium: give it no text from strangers.
    """
    root = map.get_root()
    page = _steady(root.render(), root)
    audit = _Audit()
    audit.feed(page)
    audit.close()
    policy = _policy(audit.inline["script"], audit.inline["style"])
    before, head, after = page.partition("<head>")
    if not head:
        raise PageError("The page has no <head> to put a Content-Security-Policy in.")
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return f"{before}{head}\n{meta}{after}"


def _policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """Return the policy under which exactly these inline scripts and styles work."""
    allowed = {
        kind: " ".join(dict.fromkeys(_hash_source(text) for text in texts)) or "'none'"
        for kind, texts in (("script", scripts), ("style", styles))
    }
    return (
        f"default-src 'none'; script-src {allowed['script']}; style-src {allowed['style']};"
        " img-src data:; font-src data:; connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _hash_source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_RANDOM_ID = re.compile(r"[0-9a-f]{32}")


def _steady(page: str, root: Element) -> str:
    """Replace the random ids of added layers by numbers: the same map gives the same page."""
    random = {element._id for element in _tree(root)}
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        name = found[0]
        return f"{numbers.setdefault(name, len(numbers)):032x}" if name in random else name

    return _RANDOM_ID.sub(number, page)


def _tree(root: Element) -> Iterator[Element]:
    waiting, seen = [root], set()
    while waiting:
        element = waiting.pop()
        if id(element) not in seen:
            seen.add(id(element))
            yield element
            held = (*element._children.values(), *vars(element).values())
            waiting += [part for part in held if isinstance(part, Element)]


# An address in a script or style: with a scheme, or, after a quote or bracket, without one.
# The names of XML namespaces look like addresses, and nothing fetches them.
_REMOTE = re.compile(
    r"""(?:\b(?:https?|wss?|ftp|file):|(?<=["'`(]))\\?/\\?/(?!www\.w3\.org/(?:1999|2000)/)"""
    r"""[^\s"'`<>()\\]+""",
    re.IGNORECASE,
)
_STYLE_LOADS = re.compile(
    r"""@import[^;]*|url\(\s*["']?(?!["']?\s*(?:data:|\#))[^)]*""", re.IGNORECASE
)
_ADDRESSES = {
    "src", "href", "xlink:href", "srcset", "imagesrcset", "action", "formaction", "data", "poster",
    "background", "manifest", "ping", "longdesc", "cite", "codebase", "archive",
}  # fmt: skip
_LOADING = {"applet", "base", "embed", "frame", "form", "iframe", "link", "object", "portal"}


class _Audit(HTMLParser):
    """Reads a page as a browser would, keeps its inline texts, and refuses whatever loads."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.inline: dict[str, list[str]] = {"script": [], "style": []}
        self._open: str | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check a tag and its attributes."""
        given = {name: value or "" for name, value in attrs}
        for name, value in given.items():
            _check_attribute(tag, name, value)
        if tag in _LOADING or given.get("http-equiv", "").strip().lower() == "refresh":
            raise PageError(f"<{tag}> loads or leads elsewhere; take it off the map: {given}.")
        if tag == "style" or (tag == "script" and given.get("type") != "application/json"):
            self._open, self._text = tag, []

    def handle_data(self, data: str) -> None:
        """Keep the text of an open script or style."""
        if self._open:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Check the text of a script or style that ends."""
        if tag == self._open:
            text, self._open = "".join(self._text), None
            _check_inline(tag, text)
            self.inline[tag].append(text)


def _check_attribute(tag: str, name: str, value: str) -> None:
    where = f"<{tag} {name}>"
    if name.startswith("on"):
        raise PageError(f"{where} runs a script that the page's policy would stop: {value!r}.")
    if name in _ADDRESSES and not re.fullmatch(r"\s*(?:#\S*|data:\S*)?\s*", value):
        raise _would_load(where, value)
    if found := (_STYLE_LOADS if name == "style" else _REMOTE).search(value):
        raise _would_load(where, found[0])


def _check_inline(tag: str, text: str) -> None:
    if tag == "style" and (found := _STYLE_LOADS.search(text)):
        raise _would_load("<style>", found[0])
    if text in _our_scripts():
        return
    if found := _REMOTE.search(text):
        raise _would_load(f"<{tag}>", found[0])
    if tag == "script" and "$(" in text:
        raise PageError("An added layer needs jQuery (folium's popups do), which geoloc has not.")


def _would_load(where: str, address: str) -> PageError:
    return PageError(
        f"{where} would load {address[:300]} when the page is opened, which tells its host what is"
        " looked at. Take that layer off the map, or give what it needs as a data: address."
    )
