"""Sealing any folium map: what is put into the page, what is refused, and that it works."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import folium.plugins
import numpy as np
import pandas as pd
import pytest
from folium.utilities import JsCode
from test_maps_browser import visit, without_policy

from geoloc import maps
from geoloc.errors import PageError
from geoloc.maps import added, vendored

if TYPE_CHECKING:
    from conftest import Oracle
    from playwright.sync_api import Browser
    from test_maps_browser import Visit

KABUL = [34.53, 69.17]
plugins: Any = folium.plugins  # most of them have no types
NO_TILE = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


def plain() -> folium.Map:
    """Return a folium map that is none of ours, without tiles."""
    return folium.Map(KABUL, zoom_start=12, tiles=None)


def page_of(of: folium.Map) -> folium.Figure:
    """Return the page that a map stands in."""
    figure = of.get_root()
    assert isinstance(figure, folium.Figure)
    return figure


def units(**properties: str) -> dict[str, Any]:
    """Return four squares as GeoJSON."""
    corners = [(0, 0), (0.02, 0), (0.02, 0.02), (0, 0.02), (0, 0)]
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": str(number),
                "properties": {"name": f"unit {number}", "n": number} | properties,
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[69.1 + 0.03 * number + x, 34.5 + y] for x, y in corners]],
                },
            }
            for number in range(4)
        ],
    }


def days() -> dict[str, Any]:
    """Return five points, one a day."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [69.16, 34.5 + 0.01 * day]},
                "properties": {"time": f"2023-05-0{day + 1}", "icon": "circle", "popup": "a day"},
            }
            for day in range(5)
        ],
    }


def choropleth() -> folium.Choropleth:
    """Return a choropleth with its scale."""
    table = pd.DataFrame({"id": [str(number) for number in range(4)], "v": [1.0, 2.0, 3.0, 4.0]})
    return folium.Choropleth(
        units(), data=table, columns=["id", "v"], key_on="feature.id", legend_name="raids"
    )


def add_groups(to: folium.Map) -> None:
    """Add two groups of layers, a part of one, and the control that switches them."""
    one, other = (folium.FeatureGroup(name).add_to(to) for name in ("one", "other"))
    plugins.FeatureGroupSubGroup(one, "a part").add_to(to)
    plugins.GroupedLayerControl({"both": [one, other]}).add_to(to)


def add_cluster(to: folium.Map) -> None:
    """Add thirty markers that stand for each other."""
    cluster = plugins.MarkerCluster(name="cluster").add_to(to)
    for number in range(30):
        folium.Marker([34.5 + 0.0005 * number, 69.25]).add_to(cluster)


def add_search(to: folium.Map) -> None:
    """Add units and a field that finds them."""
    layer = folium.GeoJson(units(), name="units").add_to(to)
    plugins.Search(layer, search_label="name", geom_type="Polygon").add_to(to)


def each(*layers: Callable[[], Any]) -> Callable[[folium.Map], None]:
    """Return what adds these to a map, each made anew."""

    def add(to: folium.Map) -> None:
        for layer in layers:
            layer().add_to(to)

    return add


# What is added, and what a browser must then find on the page.
LAYERS: dict[str, tuple[Callable[[folium.Map], None], str]] = {
    "marker": (
        each(lambda: folium.Marker(KABUL, popup="<b>words</b> کابل", tooltip="tip")),
        "img.leaflet-marker-icon",
    ),
    "open popup": (
        each(
            lambda: folium.Marker(KABUL, popup=folium.Popup("A & B", parse_html=True, show=True))
        ),
        ".leaflet-popup-content:has-text('A & B')",
    ),
    "icon": (
        each(
            lambda: folium.Marker(KABUL, icon=folium.Icon(color="red", icon="info-sign")),
            lambda: folium.Marker(KABUL, icon=folium.Icon(icon="camera", prefix="fa", angle=45)),
        ),
        ".awesome-marker-icon-red .glyphicon-info-sign",
    ),
    "div icon": (
        each(lambda: folium.Marker(KABUL, icon=folium.DivIcon('<p style="color:red">x</p>'))),
        ".leaflet-marker-icon p",
    ),
    "circle": (
        each(lambda: folium.CircleMarker(KABUL, popup="circle")),
        "path.leaflet-interactive",
    ),
    "geojson": (
        each(
            lambda: folium.GeoJson(
                units(),
                tooltip=folium.GeoJsonTooltip(["name"]),
                popup=folium.GeoJsonPopup(["name"]),
                style_function=lambda _: {"color": "#123456"},
            )
        ),
        "path[stroke='#123456']",
    ),
    "choropleth": (each(choropleth), ".legend text:has-text('raids')"),
    "cluster": (add_cluster, ".marker-cluster:has-text('30')"),
    "heat": (
        each(lambda: plugins.HeatMap([[34.53, 69.17, 1.0]])),
        "canvas.leaflet-heatmap-layer",
    ),
    "time": (
        each(lambda: plugins.TimestampedGeoJson(days(), auto_play=False)),
        ".timecontrol-date:has-text('2023-05-01')",
    ),
    "draw": (each(lambda: plugins.Draw(export=True)), ".leaflet-draw-draw-polygon"),
    "fullscreen": (each(plugins.Fullscreen), "a.leaflet-control-zoom-fullscreen"),
    "search": (add_search, "input[placeholder='Search']"),
    "groups": (add_groups, ".leaflet-control-layers-group"),
    "minimap": (
        each(lambda: plugins.MiniMap(tile_layer=folium.TileLayer(NO_TILE, attr=" "))),
        ".leaflet-control-minimap path",
    ),
    "pointer": (each(plugins.MousePosition), ".leaflet-control-mouseposition"),
    "picture": (
        each(
            lambda: folium.raster_layers.ImageOverlay(
                np.arange(16).reshape(4, 4) / 16, [[34.5, 69.1], [34.55, 69.2]]
            )
        ),
        "img.leaflet-image-layer",
    ),
    "layer control": (
        each(lambda: folium.FeatureGroup("mine"), folium.LayerControl),
        ".leaflet-control-layers-toggle",
    ),
}  # fmt: skip


def every_layer(to: folium.Map) -> folium.Map:
    """Add one of each."""
    for add, _ in LAYERS.values():
        add(to)
    return to


def test_two_builds_of_one_map_are_the_same_bytes() -> None:
    """Twice from one map, and from two maps with all layers: folium's random ids do not show."""
    made = every_layer(plain())

    assert maps.seal(made) == maps.seal(made) == maps.seal(every_layer(plain()))


def test_sealing_leaves_the_map_as_it_was() -> None:
    """No element of it has got or lost a child, and it can be sealed or saved again."""
    made = every_layer(plain())
    before = [[*element._children] for element in (made, page_of(made).script)]

    maps.seal(made)

    assert [[*element._children] for element in (made, page_of(made).script)] == before


def test_one_map_does_not_change_another() -> None:
    """`add_js_link` writes into a list of the class; what was linked by name is refused by name."""
    script = (
        "import folium\nfrom geoloc import maps\n"
        "folium.Map(tiles=None).add_js_link('mine', 'https://a.example/mine.js')\n"
        "print(maps.seal(folium.Map(tiles=None)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert "https://a.example/mine.js" in run.stderr.splitlines()[-1]


def check(seen: Visit) -> None:
    """Assert that nothing acted; folium's own time slider writes every date into the console."""
    seen.page.wait_for_timeout(200)
    seen.expected = ("log: ",)  # at any time, also between a question to the page and its answer
    seen.check()


@pytest.mark.browser
@pytest.mark.parametrize("name", [*LAYERS, "all of them"])
def test_sealed_layer_works_without_asking_anybody(
    chromium: Browser, tmp_path: Path, name: str
) -> None:
    """It is drawn, and nothing is asked for, refused or complained of."""
    made = plain()
    add, found = LAYERS.get(name, (every_layer, ".awesome-marker-icon-red"))
    add(made)

    with visit(chromium, tmp_path, maps.seal(made)) as seen:
        seen.page.locator(found).first.wait_for(state="attached", timeout=5000)
        check(seen)


@pytest.mark.browser
@pytest.mark.parametrize("name", ["open popup", "icon", "circle", "cluster", "layer control"])
def test_layer_added_to_a_map_of_ours_works(chromium: Browser, tmp_path: Path, name: str) -> None:
    """Our pages bring no jQuery and no icons of their own; `seal` adds them where they are used."""
    made = maps.casebook_map([])
    add, found = LAYERS[name]
    add(made)

    with visit(chromium, tmp_path, maps.seal(made)) as seen:
        seen.page.locator(found).first.wait_for(state="attached", timeout=5000)
        seen.check()


@pytest.mark.browser
def test_icons_and_fonts_are_really_there(chromium: Browser, tmp_path: Path) -> None:
    """The default icon is a picture with a size, and both icon fonts can be set."""
    made = plain()
    for name in ("marker", "icon"):
        LAYERS[name][0](made)

    with visit(chromium, tmp_path, maps.seal(made)) as seen:
        width = "document.querySelector('img.leaflet-marker-icon').naturalWidth"
        assert seen.page.evaluate(width) in (25, 50)
        for font in ("900 16px 'Font Awesome 6 Free'", "16px 'Glyphicons Halflings'"):
            loaded = seen.page.evaluate("font => document.fonts.load(font, '\\ue086')", font)
            assert len(loaded) == 1, font
        turned = seen.page.locator(".fa-camera").evaluate("i => getComputedStyle(i).transform")
        assert turned.startswith("matrix(0.70")
        seen.check()


@pytest.mark.parametrize("address", sorted(vendored.ANSWERS))
def test_every_answer_is_whole(address: str) -> None:
    """Each style has its pictures inside, and no text ends the element that it is put into."""
    text = vendored.answer(address)

    assert text is not None
    assert not re.search(r"</(?:script|style)", text, re.IGNORECASE)
    if address.endswith(".css"):
        assert not re.search(r"""url\(\s*["']?(?!["']?(?:data:|\#))|@import""", text)


def test_style_attributes_are_allowed_only_where_they_are() -> None:
    """Our own pages have none; folium's popups do. Nothing ever allows eval or inline scripts."""
    with_popup = plain()
    LAYERS["marker"][0](with_popup)
    ours = maps.seal(maps.casebook_map([])).partition("</head>")[0]
    theirs = maps.seal(with_popup).partition("</head>")[0]

    assert "unsafe" not in ours.partition("form-action")[0]
    assert theirs.count("unsafe") == 1
    assert "style-src-attr 'unsafe-inline'" in theirs
    assert theirs.index("charset") < 1024


UNKNOWN: dict[str, tuple[Callable[[], Any], str]] = {
    "measure": (plugins.MeasureControl, "leaflet-measure"),
    "geocoder": (plugins.Geocoder, "leaflet-control-geocoder"),
    "heat with time": (lambda: plugins.HeatMapWithTime([[KABUL]]), "pa7"),
    "ant path": (lambda: plugins.AntPath([KABUL, [34.6, 69.2]]), "leaflet-ant-path"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_plugin_that_is_not_known_is_refused_by_name(name: str) -> None:
    """The address is in the message."""
    make, named = UNKNOWN[name]
    made = plain()
    make().add_to(made)

    with pytest.raises(PageError, match=rf"https://\S*{named}"):
        maps.seal(made)


def test_measure_control_is_refused_with_the_reason() -> None:
    """It turns text into code, which no sealed page allows."""
    made = plain()
    plugins.MeasureControl().add_to(made)

    with pytest.raises(PageError, match=r"compiles text as code.*geoloc's own maps measure"):
        maps.seal(made)


def test_tiles_need_their_host_by_name() -> None:
    """By our name or by host; another host does not do, and neither does one without https."""
    made = folium.Map(KABUL, tiles="OpenStreetMap")
    for tiles in ((), ("tile.example.org",), ("openstreetmap.org",)):
        with pytest.raises(PageError, match=r"https://tile\.openstreetmap\.org/"):
            maps.seal(made, tiles=tiles)
    insecure = folium.Map(KABUL, tiles="http://t.example.org/{z}/{x}/{y}.png", attr="x")
    with pytest.raises(PageError, match=r"http://t\.example\.org"):
        maps.seal(insecure, tiles=["t.example.org"])
    with pytest.raises(PageError, match="must name"):
        maps.seal(made, tiles=["https://tile.openstreetmap.org; script-src *"])

    assert maps.seal(made, tiles=["osm"]) == maps.seal(made, tiles=["tile.openstreetmap.org"])


@pytest.mark.browser
def test_named_tiles_come_with_a_warning_and_nothing_else(
    chromium: Browser, tmp_path: Path
) -> None:
    """The policy lets pictures of that host through, and the page says who learns what."""
    made = folium.Map(
        KABUL,
        tiles="https://{s}.example.invalid/{z}/{x}/{y}.png",
        attr="<a href='https://b.example'>B</a>",
    )
    page = maps.seal(made, tiles=["*.example.invalid"])

    assert "img-src data: https://*.example.invalid;" in page
    assert "b.example" not in page
    with visit(chromium, tmp_path, page) as seen:
        assert seen.page.locator("#geoloc-tiles").is_visible()
        assert "*.example.invalid learns" in str(seen.page.locator("#geoloc-tiles").text_content())
        asked = [one for one in seen.trouble if one.startswith("request")]
        assert asked
        assert all(re.match(r"request: https://[abc]\.example\.invalid/", one) for one in asked)


# Text that folium would compile, or that would run in a browser, by where it would do so.
TEMPLATES = ("{{ 7*7 }}", "{% raid", "{# a note", "x {{ this.get_root() }}", "{{", "{%- x -%}")
BREAKOUTS = (
    "</script><script>window.__pwned=1</script>",
    "<!--<script>",
    "<img src=x onerror=window.__pwned=1>",
    '<img src="https://ADDRESS/i">',
    "<svg onload=window.__pwned=1>",
    "<svg><style><img src=x onerror=window.__pwned=1></style></svg>",
    "<iframe srcdoc='x'></iframe>",
    "<math><mtext></mtext></math>",
    '<p style="background:url(https://ADDRESS/s)">',
    "<p onclick=window.__pwned=1>",
    "<a href=javascript:window.__pwned=1>x</a>",
    "<a href='https://ADDRESS'>x</a>",
    "<meta http-equiv=refresh content='0;//ADDRESS'>",
    "<b title='",
    "<b ",
    "<object data=x>",
    "<details ontoggle=window.__pwned=1 open>",
    "<form><button formaction=javascript:window.__pwned=1>",
    "<base href=//ADDRESS>",
    "<link rel=stylesheet href=//ADDRESS>",
    "<style>@import '//ADDRESS'</style>",
    "<xmp><img src=x onerror=window.__pwned=1>",
    "<noscript><p title=\"</noscript><img src=x onerror=window.__pwned=1>\">",
    "<?xml version='1'?>",
    "<![CDATA[<img src=x onerror=window.__pwned=1>]]>",
)  # fmt: skip
LITERALS = (
    "${window.__pwned=1}",
    "\\`${window.__pwned=1}",
    "\\\\`;window.__pwned=1;`",
    "\\u",
    "\\x",
)

SINKS: dict[str, Callable[[str], Any]] = {
    "popup": lambda text: folium.Marker(KABUL, popup=text),
    "parsed popup": lambda text: folium.Marker(KABUL, popup=folium.Popup(text, parse_html=True)),
    "tooltip": lambda text: folium.Marker(KABUL, tooltip=text),
    "html in a popup": lambda text: folium.Marker(
        KABUL, popup=folium.Popup(folium.Html(text, script=True))
    ),
    "element in a popup": lambda text: folium.Marker(
        KABUL, popup=folium.Popup(folium.Element(text))
    ),
    "layer name": lambda text: folium.FeatureGroup(name=text),
    "geojson value": lambda text: folium.GeoJson(units(name=text)),
    "geojson key": lambda text: folium.GeoJson(units(**{text: "x"})),
    "tooltip alias": lambda text: folium.GeoJson(
        units(), tooltip=folium.GeoJsonTooltip(["name"], aliases=[text])
    ),
    "geojson tooltip": lambda text: folium.GeoJson(
        units(name=text), tooltip=folium.GeoJsonTooltip(["name"])
    ),
    "geojson style": lambda text: folium.GeoJson(
        units(), style_function=lambda _: {"color": text}
    ),
    "div icon": lambda text: folium.Marker(KABUL, icon=folium.DivIcon(html=text)),
    "time": lambda text: plugins.TimestampedGeoJson(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [69.1, 34.5]},
                    "properties": {"time": "2023-05-01", "popup": text},
                }
            ],
        }
    ),
    "option": lambda text: folium.CircleMarker(KABUL, class_name=text),
    "option key": lambda text: folium.Marker(KABUL, **{text: 1}),  # type: ignore[arg-type]
    "page": lambda text: folium.Element(text),
}  # fmt: skip


def with_sink(name: str, text: str) -> folium.Map:
    """Return a plain map with a text in one place."""
    made = plain()
    try:
        layer = SINKS[name](text)
    except Exception:  # noqa: BLE001 - folium itself refuses some templates at once
        raise PageError("folium refused") from None
    (page_of(made).html if name == "page" else made).add_child(layer)
    return made


@pytest.mark.parametrize("sink", SINKS)
def test_text_that_is_a_template_is_refused_and_not_run(sink: str) -> None:
    """Folium would compile it, and Python would run what it says."""
    for text in TEMPLATES:
        with pytest.raises(PageError):
            maps.seal(with_sink(sink, text))


def test_template_that_folium_would_put_together_is_not_run_either() -> None:
    """An option's name loses its underscores on the way: `{_{` arrives as `{{`."""
    with pytest.raises(PageError, match="Jinja2 template"):
        maps.seal(with_sink("option key", "{_{ 7*7 }}"))


@pytest.mark.parametrize("sink", sorted(SINKS.keys() - {"parsed popup", "geojson style"}))
def test_text_that_would_run_as_html_is_refused(sink: str) -> None:
    """Whatever a browser could make of it; the message names it."""
    for text in BREAKOUTS:
        with pytest.raises(PageError, match="that character as an HTML entity"):
            maps.seal(with_sink(sink, text))


@pytest.mark.parametrize("sink", ["popup", "parsed popup", "tooltip", "html in a popup"])
def test_text_that_would_run_in_a_template_literal_is_refused(sink: str) -> None:
    """Folium writes these between backticks, where `${` runs."""
    for text in LITERALS:
        with pytest.raises(PageError, match="ends a JavaScript string"):
            maps.seal(with_sink(sink, text))


# Where a backtick ends a string, where the text is no text, and what is no layer.
UNFIT = {"tooltip", "html in a popup", "element in a popup", "option", "option key", "page", "time"}
HONEST = (
    "Qal`a-e Wahid, Char Qal'a, \"Dasht-e Barchi\"", "کابل ناحیه ۲۲", "5 < 6 & 7 > 3", "50 % {x}",
    "<b>bold</b><br/>and <i class='x' style=\"color: red\">more</i>", "$100 # {", "a\nb",
    '<table border="1" class="dataframe"><tr style="text-align: right;"><th>a</th></tr></table>',
)  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize("policy", [True, False], ids=["policy", "no policy"])
def test_honest_text_is_taken_and_shown(
    chromium: Browser, oracle: Oracle, tmp_path: Path, policy: bool
) -> None:
    """Quotes, signs, other scripts and simple HTML are no hazard, in any place."""
    made = plain()
    for text in HONEST:
        for name in sorted(SINKS.keys() - UNFIT):
            SINKS[name](text).add_to(made)
    folium.LayerControl(collapsed=False).add_to(made)
    page = maps.seal(made)

    with visit(chromium, tmp_path, page if policy else without_policy(page)) as seen:
        labels = seen.page.locator(".leaflet-control-layers-overlays").inner_text()
        for text in ("Qal`a-e Wahid, Char Qal'a", "کابل ناحیه ۲۲", "5 < 6 & 7 > 3", "50 % {x}"):
            assert text in labels
        check(seen)
    assert oracle.calls == []


@pytest.mark.browser
def test_whatever_is_not_refused_does_not_run(
    chromium: Browser, oracle: Oracle, tmp_path: Path
) -> None:
    """All hostile text in all places: what gets through is on one page, and none of it acts."""
    made, through = plain(), 0
    for text in (*TEMPLATES, *BREAKOUTS, *LITERALS):
        hostile = text.replace("ADDRESS", oracle.address)
        for name in SINKS.keys() - {"option key"}:  # a name in Python is no text from outside
            try:
                maps.seal(with_sink(name, hostile)) if oracle.address in hostile else added.render(
                    with_sink(name, hostile), ()
                )
            except PageError:
                continue
            through += 1
            (page_of(made).html if name == "page" else made).add_child(SINKS[name](hostile))
    folium.LayerControl(collapsed=False).add_to(made)
    page = maps.seal(made)

    assert through > 10
    for sealed in (page, without_policy(page)):
        with visit(chromium, tmp_path, sealed) as seen:
            for marker in seen.page.locator(".leaflet-interactive").all()[:30]:
                marker.dispatch_event("click")
            check(seen)
    assert oracle.calls == []


def test_code_of_the_user_s_own_is_code() -> None:
    """`JsCode` says that it is one, and is kept."""
    made = plain()
    folium.GeoJson(units(), on_each_feature=JsCode("(f, l) => { l.x = `${f.id} <b>`; }")).add_to(
        made
    )

    assert "l.x = `${f.id} <b>`;" in maps.seal(made)
