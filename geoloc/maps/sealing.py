"""One file that loads nothing and sends nothing, or an error that names what would."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Iterable
from html import escape
from html.parser import HTMLParser

import folium

from geoloc.errors import PageError
from geoloc.maps import added, vendored
from geoloc.maps.base import online
from geoloc.maps.page import PageMap, our_scripts


def seal(map: folium.Map, *, tiles: Collection[str] = ()) -> str:  # noqa: A002 - the public name
    """Return a folium map as one HTML file that loads nothing and sends nothing.

    What a folium map asks of other people's servers is put into the page, from copies that came
    with geoloc: Leaflet, jQuery, Bootstrap, Font Awesome and Glyphicons, and what these need:
    Marker with any icon, Popup, Tooltip, CircleMarker and the other vectors, GeoJson, Choropleth,
    ImageOverlay of a file or array, LayerControl, MarkerCluster, FastMarkerCluster, HeatMap,
    TimestampedGeoJson, Draw, Fullscreen, Search, GroupedLayerControl, FeatureGroupSubGroup,
    MiniMap without tiles, MousePosition.

    Parameters
    ----------
    map : folium.Map
        One of ours or any other, with any layers added to it. It is not changed.
    tiles : collection of str
        Who may be asked for pictures when the page is opened, by one of our names (`osm`) or by
        host: `tile.example.org`, `*.example.org` for `{s}.example.org`; https alone. The page then
        says that they learn which area is looked at. Default none.

    Returns
    -------
    str
        The page, under a Content-Security-Policy that allows exactly the scripts and styles in
        it. The same map gives the same text.

    Raises
    ------
    PageError
        If anything in the page would be fetched, or if text of an added layer would be compiled or
        run: the message names the address or the text, and what to do. No plugin but those above
        is known; MeasureControl can not be, for it compiles text as code.

    Notes
    -----
    A layer that *you* add is compiled by folium, and much of its text becomes HTML. Before that,
    `seal` refuses text with `{{`, `{%` or `{#`, with scripts, or with HTML that does more than
    format words; folium's own `save` and its display in a notebook do not. Options that are code
    by their nature (`JsCode`, style functions) are yours to keep clean.
    """
    hosts = [_host(name) for name in tiles]
    ours = map.online if isinstance(map, PageMap) else None
    if ours and _host(ours) not in hosts:
        raise PageError(
            f"The base map of {_host(ours)} tells that server which area is looked at; allow it by"
            f" name: seal(map, tiles=[{ours!r}])."
        )
    page, random = added.render(map, hosts)
    page = _steady(_answered(page, isinstance(map, PageMap)), random)
    if hosts and not ours:
        page = _with_warning(page, hosts)
    audit = _Audit(hosts)
    audit.feed(page)
    audit.close()
    allowed = policy(
        audit.inline["script"], audit.inline["style"], pictures=hosts, attributes=audit.styled
    )
    before, head, after = page.partition("<head>")
    if not head:
        raise PageError("The page has no <head> to put a Content-Security-Policy in.")
    meta = f'<meta http-equiv="Content-Security-Policy" content="{allowed}">'
    if len(meta) > _CHARSET_WITHIN:
        meta = f'<meta charset="utf-8">{meta}'
    return f"{before}{head}\n{meta}{after}"


def _host(name: str) -> str:
    """Return the host of a tile server that is called by one of our names, or by its own."""
    host = online.SOURCES[name].host if name in online.SOURCES else name
    if not _HOST.fullmatch(host):
        raise PageError(
            f"tiles must name {', '.join(online.SOURCES)} or hosts such as tile.example.org,"
            f" got {name!r}."
        )
    return host


_HOST = re.compile(r"(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?", re.IGNORECASE)
_CHARSET_WITHIN = 900  # browsers look for the charset in the first 1024 bytes
_SCRIPT_LINK = re.compile(r'<script src="([^"]*)"></script>')
_STYLE_LINK = re.compile(r'<link rel="stylesheet" href="([^"]*)"/>')


def _answered(page: str, is_ours: bool) -> str:
    """Put the libraries that a page links to into it; what is unknown stays, to be refused."""
    page = _STYLE_LINK.sub(lambda link: _inline("style", link), page)
    if not is_ours:
        return _SCRIPT_LINK.sub(lambda link: _inline("script", link), page)
    # On our pages Leaflet comes with the body, and what builds on it must follow.
    links = dict.fromkeys(link[0] for link in _SCRIPT_LINK.finditer(page))
    for link in links:
        page = page.replace(link, "")
    before, tag, last = page.rpartition("<script>")
    if last.partition("</script>")[0] in our_scripts():
        return page
    styles, scripts = vendored.for_ours(last)
    linked = "".join(_SCRIPT_LINK.sub(lambda link: _inline("script", link), link) for link in links)
    needed = "".join(f"<script>{text}</script>\n" for text in scripts)
    head = "".join(f"<style>{text}</style>\n" for text in styles)
    return f"{before.replace('<style>', f'{head}<style>', 1)}{needed}{linked}{tag}{last}"


def _inline(tag: str, link: re.Match[str]) -> str:
    text = vendored.answer(link[1])
    return link[0] if text is None else f"<{tag}>{text}</{tag}>"


_WARNING_STYLE = (
    "#geoloc-tiles{position:fixed;z-index:2000;top:10px;left:60px;right:60px;margin:0 auto;"
    "width:fit-content;padding:6px 12px;font:14px/1.4 sans-serif;color:#000;background:#ffe9a8;"
    "border:2px solid #8a5a00;border-radius:4px}"
)


def _with_warning(page: str, tiles: Collection[str]) -> str:
    """Say on the page who learns what is looked at."""
    words = (
        f"Online pictures: {', '.join(tiles)} learns which area you look at, and when, as soon as"
        " this page is opened."
    )
    page = page.replace("</head>", f"<style>{_WARNING_STYLE}</style>\n</head>", 1)
    warning = f'<p id="geoloc-tiles" role="note"><b>{escape(words)}</b></p>'
    return re.sub("<body[^>]*>", lambda body: f"{body[0]}\n{warning}", page, count=1)


def policy(
    scripts: Iterable[str],
    styles: Iterable[str],
    *,
    pictures: Iterable[str] = (),
    attributes: bool = False,
) -> str:
    """Return the policy under which exactly these inline scripts and styles work.

    Images may come from the hosts `pictures` besides the page itself. `attributes` allows style
    attributes, which have no hash of their own.
    """
    allowed = {
        kind: " ".join(dict.fromkeys(_hash_source(text) for text in texts)) or "'none'"
        for kind, texts in (("script", scripts), ("style", styles))
    }
    styled = " style-src-attr 'unsafe-inline';" if attributes else ""
    images = " ".join(("data:", *(f"https://{host}" for host in pictures)))
    return (
        f"default-src 'none'; script-src {allowed['script']}; style-src {allowed['style']};{styled}"
        f" img-src {images}; font-src data:; connect-src 'none'; base-uri 'none';"
        " form-action 'none'"
    )


def _hash_source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_RANDOM_ID = re.compile("_([0-9a-f]{32})")


def _steady(page: str, random: Iterable[str]) -> str:
    """Replace the random ids of elements by numbers: the same map gives the same page."""
    known, numbers = set(random), dict[str, int]()

    def number(found: re.Match[str]) -> str:
        name = found[1]
        return f"_{numbers.setdefault(name, len(numbers)):032x}" if name in known else found[0]

    return _RANDOM_ID.sub(number, page)


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
_STYLED = re.compile(r"""\bstyle\s*=\s*\\?["']|setAttribute\(["']style""")
_LOADING = {"applet", "base", "embed", "frame", "form", "iframe", "link", "object", "portal"}


class _Audit(HTMLParser):
    """Reads a page as a browser would, keeps its inline texts, and refuses whatever loads."""

    def __init__(self, tiles: Collection[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.styled = False
        self._tiles = tiles
        self.inline: dict[str, list[str]] = {"script": [], "style": []}
        self._open: str | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check a tag and its attributes."""
        given = {name: value or "" for name, value in attrs}
        for name, value in given.items():
            _check_attribute(tag, name, value)
        self.styled = self.styled or "style" in given
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
            self._check_inline(tag, text)
            self.inline[tag].append(text)

    def _check_inline(self, tag: str, text: str) -> None:
        if tag == "style" and (found := _STYLE_LOADS.search(text)):
            raise _would_load("<style>", found[0])
        if text in our_scripts():
            return
        self.styled = self.styled or (tag == "script" and _STYLED.search(text) is not None)
        if text in vendored.answers():
            return
        for found in _REMOTE.finditer(text):
            host = re.match(r"https:\\?/\\?/([^/\\?#]+)", found[0])
            if not (host and host[1].replace("{s}", "*") in self._tiles):
                raise _would_load(f"<{tag}>", found[0])


def _check_attribute(tag: str, name: str, value: str) -> None:
    where = f"<{tag} {name}>"
    if name.startswith("on"):
        raise PageError(f"{where} runs a script that the page's policy would stop: {value!r}.")
    if name in _ADDRESSES and not re.fullmatch(r"\s*(?:#\S*|data:\S*)?\s*", value):
        raise _would_load(where, value)
    if found := (_STYLE_LOADS if name == "style" else _REMOTE).search(value):
        raise _would_load(where, found[0])


def _would_load(where: str, address: str) -> PageError:
    known = (reason for name, reason in vendored.REASONS.items() if name in address)
    reason = next(known, "")
    return PageError(
        f"{where} would load {address[:300]} when the page is opened, which tells its host what is"
        f" looked at{f', and {reason}' if reason else ''}. Take that layer off the map, or give"
        " what it needs as a data: address."
    )
