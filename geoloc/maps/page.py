"""The document around a map: ours, and free of templates that could compile outside words."""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, cast

import folium
from branca.element import Element, Figure

_BROWSER = Path(__file__).parent.parent / "browser"

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
_ACTIVE = re.compile("[<>&{}$`%#]")


def escape_json(value: Any) -> str:
    """Return JSON that neither HTML, JavaScript templates nor Jinja2 can take for their own."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    # Only inside strings: the braces of JSON itself always stand beside a quote or a comma.
    return _STRING.sub(
        lambda token: _ACTIVE.sub(lambda found: f"\\u{ord(found[0]):04x}", token[0]), text
    )


class Verbatim(Element):
    """Text that no template compiles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def render(self, **_: Any) -> str:
        """Return the text as it is."""
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


class PageMap(folium.Map):
    """A folium map whose page is ours: no link to anywhere, no template around outside words."""

    def __init__(self, island: dict[str, Any], name: str, kind: str = "finding") -> None:
        west, south, east, north = island["view"]
        super().__init__(location=[(south + north) / 2, (west + east) / 2], tiles=None)
        # folium's lists belong to the class, and are shared by every map of the process.
        self.default_js, self.default_css = [], []
        self._kind = kind
        self.online = (island.get("base") or {}).get("host") and island["base"]["name"]
        self._view = [[south, west], [north, east]]
        self._id = re.sub(r"\W", "_", name)  # folium's own is random
        self._island = escape_json(island | {"map": self.get_name()})
        _Sheet(height="700px", title=f"geoloc {name}").add_child(self)

    def _get_self_bounds(self) -> list[list[float | None]]:
        return [list(corner) for corner in self._view]

    def render(self, **kwargs: Any) -> str:
        """Put the page into the figure, let added layers put in theirs, and return nothing."""
        figure = cast(Figure, self.get_root())
        style = "".join(asset(name) for name in _STYLES[self._kind]) + font()
        viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">'
        body = (
            asset("sheet.html"),
            f'<script type="application/json" id="geoloc-island">{self._island}</script>',
            *(f"<script>{script}</script>" for script in _scripts(self._kind)),
        )
        figure.header.add_child(Verbatim(f"{viewport}\n<style>{style}</style>"), name="geoloc")
        figure.html.add_child(Verbatim("\n".join(body)), name=self.get_name())
        for child in self._children.values():
            child.render(**kwargs)
        return ""


@cache
def asset(name: str) -> str:
    """Return one of the page's own files, without what it would load from elsewhere."""
    vendored = name.startswith("leaflet.")
    text = (_BROWSER / ("vendor" if vendored else "") / name).read_text(encoding="utf-8")
    if name.endswith(".css"):
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        return re.sub(r"[^;{}]*url\([^)]*\)[^;{}]*;?", "", text)
    return re.sub(r"//# sourceMappingURL=\S+", "", text)


_STYLES = {
    "finding": ("leaflet.css", "sheet.css", "finding.css", "base.css"),
    "layer": ("leaflet.css", "sheet.css", "layer.css", "base.css"),
    "features": ("leaflet.css", "sheet.css", "base.css"),
}


_WORDS = ("dictionary.js", "words.js")


def index_scripts() -> tuple[str, ...]:
    """Return the scripts of the list of incidents, in the order they run."""
    return tuple(asset(name) for name in (*_WORDS, "index.js"))


def _scripts(kind: str) -> tuple[str, ...]:
    """Return the scripts of one kind of page, in the order they run."""
    own = ("clues.js", "compare.js", "casebook.js") if kind == "finding" else ()
    first = ("leaflet.js", *_WORDS, "sheet.js", "earth.js", "saving.js", "tools.js")
    return tuple(asset(name) for name in (*first, *own, f"{kind}.js", "base.js"))


def our_scripts() -> set[str]:
    """Return every script of ours, which has been read and needs no search for addresses."""
    return {script for kind in _STYLES for script in _scripts(kind)}


@cache
def font() -> str:
    """Return the style that brings Vazirmatn, in which every page can turn to Dari and Pashto."""
    content = (_BROWSER / "vendor/vazirmatn-arabic-400.woff2").read_bytes()
    return (
        "@font-face{font-family:Vazirmatn;src:url(data:font/woff2;base64,"
        f"{base64.b64encode(content).decode()}) format('woff2')}}"
    )
