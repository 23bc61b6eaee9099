"""One file that loads nothing and sends nothing, or an error that names what would."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

import folium
from branca.element import Element

from geoloc.errors import PageError
from geoloc.maps.page import our_scripts


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
    allowed = policy(audit.inline["script"], audit.inline["style"])
    before, head, after = page.partition("<head>")
    if not head:
        raise PageError("The page has no <head> to put a Content-Security-Policy in.")
    meta = f'<meta http-equiv="Content-Security-Policy" content="{allowed}">'
    return f"{before}{head}\n{meta}{after}"


def policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
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
    if text in our_scripts():
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
