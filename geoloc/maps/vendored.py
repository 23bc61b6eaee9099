"""What folium's maps ask of other people's servers, as files that came with geoloc.

Each address that folium 0.20 writes into a page is answered by the same library, gathered from
npm by the lock when geoloc was built. An address that is not listed has no answer.
"""

from __future__ import annotations

import base64
import json
import mimetypes
import re
from functools import cache
from pathlib import Path

from geoloc.maps.page import asset

_FOLDER = Path(__file__).parent.parent / "browser/vendor/folium"
_NPM, _CDNJS = "https://cdn.jsdelivr.net/npm/", "https://cdnjs.cloudflare.com/ajax/libs/"
_GITHUB = "https://cdn.jsdelivr.net/gh/"

# Asked for by folium, and used by nothing that it writes.
_NOTHING = ""
_ROTATIONS = "folium: the classes that turn an icon"
_LEAFLET = "leaflet.js"

ANSWERS = {
    # folium.Map, with Marker, Popup, Tooltip, CircleMarker, GeoJson, LayerControl, Icon, DivIcon
    f"{_NPM}leaflet@1.9.3/dist/leaflet.js": _LEAFLET,
    f"{_NPM}leaflet@1.9.3/dist/leaflet.css": "leaflet/dist/leaflet.css",
    "https://code.jquery.com/jquery-3.7.1.min.js": "jquery/dist/jquery.min.js",
    f"{_NPM}bootstrap@5.2.2/dist/js/bootstrap.bundle.min.js": (
        "bootstrap/dist/js/bootstrap.bundle.min.js"
    ),
    f"{_NPM}bootstrap@5.2.2/dist/css/bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
    "https://netdna.bootstrapcdn.com/bootstrap/3.0.0/css/bootstrap-glyphicons.css": (
        "bootstrap-3/dist/css/bootstrap.css"
    ),
    f"{_NPM}@fortawesome/fontawesome-free@6.2.0/css/all.min.css": (
        "fontawesome-free/css/all.min.css"
    ),
    f"{_CDNJS}Leaflet.awesome-markers/2.0.2/leaflet.awesome-markers.js": (
        "leaflet.awesome-markers/dist/leaflet.awesome-markers.js"
    ),
    f"{_CDNJS}Leaflet.awesome-markers/2.0.2/leaflet.awesome-markers.css": (
        "leaflet.awesome-markers/dist/leaflet.awesome-markers.css"
    ),
    f"{_GITHUB}python-visualization/folium/folium/templates/leaflet.awesome.rotate.min.css": (
        _ROTATIONS
    ),
    # Choropleth and the colour maps of branca
    f"{_CDNJS}d3/3.5.5/d3.min.js": "d3/d3.min.js",
    # MarkerCluster, FastMarkerCluster
    f"{_CDNJS}leaflet.markercluster/1.1.0/leaflet.markercluster.js": (
        "leaflet.markercluster/dist/leaflet.markercluster.js"
    ),
    f"{_CDNJS}leaflet.markercluster/1.1.0/MarkerCluster.css": (
        "leaflet.markercluster/dist/MarkerCluster.css"
    ),
    f"{_CDNJS}leaflet.markercluster/1.1.0/MarkerCluster.Default.css": (
        "leaflet.markercluster/dist/MarkerCluster.Default.css"
    ),
    # HeatMap
    f"{_GITHUB}python-visualization/folium@main/folium/templates/leaflet_heat.min.js": (
        "leaflet.heat/dist/leaflet-heat.js"
    ),
    # TimestampedGeoJson
    f"{_CDNJS}jquery/3.7.1/jquery.min.js": "jquery/dist/jquery.min.js",
    f"{_CDNJS}jqueryui/1.10.2/jquery-ui.min.js": _NOTHING,
    f"{_CDNJS}highlight.js/8.4/styles/default.min.css": _NOTHING,
    f"{_CDNJS}moment.js/2.18.1/moment.min.js": "moment/min/moment.min.js",
    f"{_NPM}iso8601-js-period@0.2.1/iso8601.min.js": "iso8601-js-period/iso8601.js",
    f"{_NPM}leaflet-timedimension@1.1.1/dist/leaflet.timedimension.min.js": (
        "leaflet-timedimension/dist/leaflet.timedimension.min.js"
    ),
    f"{_NPM}leaflet-timedimension@1.1.1/dist/leaflet.timedimension.control.css": (
        "leaflet-timedimension/dist/leaflet.timedimension.control.css"
    ),
    # Draw
    f"{_CDNJS}leaflet.draw/1.0.2/leaflet.draw.js": "leaflet-draw/dist/leaflet.draw.js",
    f"{_CDNJS}leaflet.draw/1.0.2/leaflet.draw.css": "leaflet-draw/dist/leaflet.draw.css",
    # Fullscreen
    f"{_NPM}leaflet.fullscreen@3.0.0/Control.FullScreen.min.js": (
        "leaflet.fullscreen/Control.FullScreen.js"
    ),
    f"{_NPM}leaflet.fullscreen@3.0.0/Control.FullScreen.css": (
        "leaflet.fullscreen/Control.FullScreen.css"
    ),
    # Search
    f"{_NPM}leaflet-search@2.9.7/dist/leaflet-search.min.js": (
        "leaflet-search/dist/leaflet-search.min.js"
    ),
    f"{_NPM}leaflet-search@2.9.7/dist/leaflet-search.min.css": (
        "leaflet-search/dist/leaflet-search.min.css"
    ),
    # GroupedLayerControl, FeatureGroupSubGroup
    f"{_CDNJS}leaflet-groupedlayercontrol/0.6.1/leaflet.groupedlayercontrol.min.js": (
        "leaflet-groupedlayercontrol/dist/leaflet.groupedlayercontrol.min.js"
    ),
    f"{_CDNJS}leaflet-groupedlayercontrol/0.6.1/leaflet.groupedlayercontrol.min.css": (
        "leaflet-groupedlayercontrol/dist/leaflet.groupedlayercontrol.min.css"
    ),
    "https://unpkg.com/leaflet.featuregroup.subgroup@1.0.2/dist/leaflet.featuregroup.subgroup.js": (
        "leaflet.featuregroup.subgroup/dist/leaflet.featuregroup.subgroup.js"
    ),
    # MiniMap, MousePosition
    f"{_CDNJS}leaflet-minimap/3.6.1/Control.MiniMap.js": (
        "leaflet-minimap/dist/Control.MiniMap.min.js"
    ),
    f"{_CDNJS}leaflet-minimap/3.6.1/Control.MiniMap.css": (
        "leaflet-minimap/dist/Control.MiniMap.min.css"
    ),
    f"{_GITHUB}ardhi/Leaflet.MousePosition/src/L.Control.MousePosition.min.js": (
        "leaflet-mouse-position/src/L.Control.MousePosition.js"
    ),
    f"{_GITHUB}ardhi/Leaflet.MousePosition/src/L.Control.MousePosition.min.css": (
        "leaflet-mouse-position/src/L.Control.MousePosition.css"
    ),
}
# Why a library is not among the answers, where there is more to say than "unknown".
REASONS = {
    "leaflet-measure": "it compiles text as code, which a sealed page forbids; geoloc's own maps"
    " measure distances without it",
}


@cache
def answer(address: str) -> str | None:
    """Return the text that folium wants from an address; None if geoloc has none for it."""
    name = ANSWERS.get(address)
    if name is None or name == _NOTHING:
        return name
    if name == _LEAFLET:
        return f"{asset(_LEAFLET)}\n{_settings()}"
    if name == _ROTATIONS:
        return "".join(f".fa-rotate-{turn}{{transform:rotate({turn}deg)}}" for turn in range(360))
    text = (_FOLDER / name).read_text(encoding="utf-8")
    if name.startswith("bootstrap-3/"):
        # Of that library folium wants the icons alone.
        text = "".join(re.findall(r"@font-face\s*{[^}]*}|\.glyphicon[^{}]*{[^}]*}", text))
    if name.endswith(".css"):
        return _filled((_FOLDER / name).parent, text)
    return re.sub(r"(?m)^//[#@] sourceMappingURL=.*$", "", text)


@cache
def answers() -> frozenset[str]:
    """Return every text that an address can be answered with."""
    return frozenset(filter(None, map(answer, ANSWERS)))


def for_ours(script: str) -> tuple[list[str], list[str]]:
    """Return the styles and scripts that layers added to a page of ours need besides Leaflet."""
    scripts, styles = [_settings()], list[str]()
    if "L.control.layers" in script:
        styles.append(_known("leaflet.css"))
    if "$(" in script:
        scripts.append(_known("jquery-3.7.1.min.js"))
    if "AwesomeMarkers" in script:
        scripts.append(_known("leaflet.awesome-markers.js"))
        names = ("glyphicons.css", "all.min.css", "leaflet.awesome-markers.css", "rotate.min.css")
        styles += map(_known, names)
    return styles, scripts


def _known(ending: str) -> str:
    (text,) = {answer(address) for address in ANSWERS if address.endswith(ending)}
    return text or ""


def _settings() -> str:
    """Return the script that gives Leaflet its icons, and its credit no link to click.

    Leaflet finds its icons by the address of its style sheet, which here has none. Clusters ask
    how far one can zoom in, which on a map without tiles nothing else says.
    """
    images = _FOLDER / "leaflet/dist/images"
    icons = {
        "iconUrl": _data(images / "marker-icon.png"),
        "iconRetinaUrl": _data(images / "marker-icon-2x.png"),
        "shadowUrl": _data(images / "marker-shadow.png"),
    }
    return (
        f"L.Icon.Default.imagePath='';L.Icon.Default.mergeOptions({json.dumps(icons)});"
        "L.Control.Attribution.mergeOptions({prefix:false});L.Map.mergeOptions({maxZoom:19});"
    )


_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_FACE = re.compile(r"@font-face\s*{[^}]*}")
_URL = re.compile(r"""url\(\s*["']?(?!["']?(?:data:|\#))([^"')?\#]+)[^)]*\)""")
_DECLARATION = re.compile(r"[^;{}]*url\(\s*[\"']?(?!data:|\#)[^;{}]*;?")
_FONTS = {
    name: f"{folder}/{name}.woff2"
    for folder, names in (
        ("fontawesome-free/webfonts", ("fa-brands-400", "fa-regular-400", "fa-solid-900")),
        ("bootstrap-3/fonts", ("glyphicons-halflings-regular",)),
    )
    for name in names
}


def _filled(folder: Path, style: str) -> str:
    """Put the images and fonts of a style sheet into it, and leave out those that we lack."""
    embedded: set[str] = set()
    style = _FACE.sub(lambda face: _font_face(face[0], embedded), _COMMENT.sub("", style))
    style = _URL.sub(lambda found: _image(folder / found[1]) or found[0], style)
    # Quoted data: addresses hold semicolons, so what is left must be looked for without them.
    parts = re.split(r"""(url\(["']?data:[^)]*\))""", style)
    parts[::2] = [_DECLARATION.sub("", part) for part in parts[::2]]
    return "".join(parts)


def _font_face(face: str, embedded: set[str]) -> str:
    """Return a font face of one file, unless it is under another name `embedded` already."""
    stems = {Path(found[1]).stem for found in _URL.finditer(face)} & _FONTS.keys() - embedded
    if not stems:
        return ""
    stem = min(stems)
    embedded.add(stem)
    named = ";".join(re.findall(r"font-(?:family|weight):[^;}]*", face))
    return f"@font-face{{{named};src:url({_data(_FOLDER / _FONTS[stem])}) format('woff2')}}"


def _image(path: Path) -> str:
    return f"url({_data(path)})" if path.is_file() else ""


def _data(path: Path) -> str:
    kind = mimetypes.guess_type(path.name)[0] or f"font/{path.suffix[1:]}"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
