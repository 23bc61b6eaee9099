"""A finding, a casebook or a layer as one interactive page that asks nothing of the network.

folium and branca compile what they render as Jinja2 a second time, so no word from outside ever
reaches a template of theirs: all of it travels in one JSON island, in which every character that
HTML, JavaScript or Jinja2 could act on is escaped, and constant scripts (`browser/sheet.js` and
the page's own) turn it into text nodes. The maps are real `folium.Map`s; `seal` makes the file to
publish.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import folium

from geoloc import __version__, boundaries
from geoloc.casebook.coarse import coordinates_told, published
from geoloc.maps.base import Base, base_island
from geoloc.maps.content import island, reason_shown
from geoloc.maps.features import features_island
from geoloc.maps.layer import layer_island
from geoloc.maps.page import PageMap, asset, escape_json, font, index_scripts
from geoloc.maps.sealing import policy, seal

if TYPE_CHECKING:
    import geopandas as gpd

    from geoloc.casebook import Book, Finding

__all__ = [
    "Base", "casebook_map", "coordinates_told", "escape_json", "features_map", "finding_map",
    "index_page", "layer_map", "seal",
]  # fmt: skip

# strftime follows the machine's locale, and a page must be the same everywhere.
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NO_BOOK = "Incidents"  # the title of a casebook that has no casebook.yaml


def finding_map(
    finding: Finding, *, exact: bool = False, base: Base | str | None = None
) -> folium.Map:
    """Return the map of one finding: claimed places, likely area, clues, verdicts, sources.

    Parameters
    ----------
    finding : Finding
        What `investigate` returned.
    exact : bool
        Whether to show the event's place as finely as it was found. By default no page tells it
        to better than 1 km: where the status is `exact`, or a region or a clue by itself is
        smaller than 1 km², regions are shown as the cells of a fixed 1 km grid that they touch,
        clues are not drawn, and the page says so. With True the page carries a standing warning.
    base : Base or str, optional
        What lies behind the lines: `relief:FILE`, `FILE.tif`, `FILE.pmtiles`, `tiles:NAME`, or a
        `Base` with more to say of it. All but the last are read now and put into the page.

    Returns
    -------
    folium.Map
        Shows itself in a notebook, offline too, and takes further folium layers; `seal` makes it
        one file to publish. The same finding gives the same bytes.
    """
    content = island("finding", finding.incident.title, [finding], None, exact=exact)
    return PageMap(_over(base, content), finding.incident.id)


def casebook_map(
    findings: Sequence[Finding],
    book: Book | None = None,
    *,
    exact: bool = False,
    base: Base | str | None = None,
) -> folium.Map:
    """Return one map of many incidents, numbered in the order given.

    Parameters
    ----------
    findings : sequence of Finding
        May be empty. One whose claims name no unit is listed, with no place to draw.
    book : Book, optional
        What is known about all of them together.
    exact, base
        As for `finding_map`.
    """
    title = book.title if book else _NO_BOOK
    content = island("casebook", title, findings, book, exact=exact)
    return PageMap(_over(base, content), "casebook")


def layer_map(edition: str | None = None, *, base: Base | str | None = None) -> folium.Map:
    """Return the map of Kabul's police districts in one edition, and what each rests on.

    Parameters
    ----------
    edition : str, optional
        An edition's id, by default the one in use. One with a stored surface shows core, likely
        part and extent of each police district; any other its lines, with their σ.
    base : Base or str, optional
        As for `finding_map`.

    Raises
    ------
    EditionError
        If no edition of police districts has this id.
    """
    content = layer_island(edition)
    return PageMap(_over(base, content), content["editions"][0]["id"], "layer")


def features_map(
    features: gpd.GeoDataFrame,
    *,
    title: str,
    name: str | None = "name",
    credit: str = "",
    lines: Collection[str] = (),
    base: Base | str | None = None,
) -> folium.Map:
    """Return the map of a table of shapes: thousands of incidents, or every district.

    All are drawn on one canvas, and a click or the search shows what the row of one says.

    Parameters
    ----------
    features : GeoDataFrame, EPSG:4326
        Points, lines or polygons, lon/lat. Its columns are shown as text. A shape may be missing.
    title : str
        What the table is about.
    name : str, optional
        The column that names each row, default `name`; with None rows go by their number.
    credit : str
        Who owns the shapes, and under which licence.
    lines : collection of str
        Boundaries drawn around: any of `provinces`, `districts`, `police-districts`.
    base : Base or str, optional
        As for `finding_map`.

    Raises
    ------
    InputError
        If the CRS is another, there is no such column, or a shape is a collection.

    Notes
    -----
    Corners keep 0.00001 degrees, about a metre. Where all is wider than about 0.55 degrees, they
    keep a pixel of the closest zoom that the page allows: 20 m for a map of the whole country.
    """
    content = features_island(features, title, name, credit, lines)
    return PageMap(_over(base, content), "features", "features")


def _over(base: Base | str | None, content: dict[str, Any]) -> dict[str, Any]:
    """Return a page's content with its base map."""
    return content | {"base": base_island(base, content["reach"])}


def index_page(
    findings: Sequence[Finding],
    book: Book | None = None,
    *,
    overview: str = "overview.html",
    districts: str = "police-districts.html",
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
    districts : str
        File name of the police districts' map, in the same folder.
    """
    from jinja2 import Environment
    from markupsafe import Markup

    content = {
        "title": book.title if book else _NO_BOOK,
        "rows": [row for finding in map(published, findings) for row in _rows(finding)],
    }
    style, scripts = asset("index.css") + font(), index_scripts()
    shown = dict.fromkeys(boundaries.load_layer(name).edition for name in boundaries.LAYERS)
    template = Environment(autoescape=True).from_string(asset("index.html"))
    return template.render(
        content,
        policy=policy(scripts, (style,)),
        style=Markup(style),  # noqa: S704 - our own style sheet, without outside words
        scripts=[Markup(each) for each in scripts],  # noqa: S704 - our own, the same for all
        count=len(findings),
        overview=overview,
        districts=districts,
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
            "probability": "–" if share is None else boundaries.percent(share),
            "reason": reason_shown(finding, verdict) if verdict else incident.geolocation.reason,
        }
