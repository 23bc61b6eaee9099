"""What a user adds to a map: refused before folium compiles or runs words of it.

folium writes the text of a layer into a script and then compiles that script as a Jinja2 template;
much of the text later becomes HTML in the page. So text may hold no template, no script, and of
HTML only what formats words.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import folium
import folium.plugins
import jinja2
from branca.element import Element, Figure, Html
from folium.utilities import JsCode

from geoloc.errors import PageError
from geoloc.maps.page import PageMap, Verbatim

_TEMPLATE = re.compile(r"\{[{%#]")
_SCRIPT = re.compile(r"<(?:/?script|!--)", re.IGNORECASE)
_EXCERPT = 100

# HTML that formats words, and can neither run nor load anything however a browser reads it.
_TAGS = {
    "a", "abbr", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center", "cite", "code",
    "col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption",
    "figure", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "label",
    "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong", "sub",
    "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u",
    "ul", "var", "wbr",
}  # fmt: skip
_ATTRIBUTES = {
    "align", "alt", "bgcolor", "border", "cellpadding", "cellspacing", "class", "color", "colspan",
    "dir", "face", "height", "href", "id", "lang", "role", "rowspan", "scope", "size", "src",
    "style", "title", "translate", "valign", "width",
}  # fmt: skip
_TAG = re.compile(
    r"""</?([a-z][a-z0-9]*)((?:\s+[a-z][a-z-]*(?:\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=`]+))?)*)"""
    r"""\s*/?>""",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"""([a-z][a-z-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>=`]+)))?""", re.IGNORECASE
)
_HARMLESS_VALUE = {
    "href": re.compile(r"\s*#[^\s]*\s*"),
    "src": re.compile(r"\s*data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*"),
    "style": re.compile(r"(?:(?!url|image|import|expression)[^\\@&])*", re.IGNORECASE),
}

# What a user may put into the head of a page; what these load is looked for elsewhere.
_HEAD = re.compile(r"</?style[^<>]*>|<meta[^<>]*>", re.IGNORECASE)

# Text that folium writes into JavaScript as it is: what would end the string that it stands in.
# A backtick that has its backslash is one that folium has seen to.
_LITERAL = re.compile(r"\\(?!`)|(?<!\\)`|\$\{")
_RAW = {
    (Html, "data"): _LITERAL,
    (folium.Tooltip, "text"): re.compile(r"[\\`]|\$\{"),
    (folium.plugins.Search, "placeholder"): re.compile(r"['\\\n]"),
    (folium.plugins.Search, "search_label"): re.compile(r"['\\\n]"),
    (folium.plugins.TimestampedGeoJson, "date_options"): re.compile(r'["\\\n]'),
}


def render(map: folium.Map, tiles: Collection[str]) -> tuple[str, list[str]]:  # noqa: A002
    """Return the page of a map, and the random ids in it; leave the map as it was.

    Raises
    ------
    PageError
        If text of an added element would be compiled or run, or a tile layer is not of a host
        among `tiles`; the text or host is named.
    """
    root = map.get_root()
    if not isinstance(root, Figure):
        raise PageError(f"The map is inside a {type(root).__name__}, which is no page.")
    elements = list(_tree(root))
    changed = [(element, "_children", element._children.copy()) for element in elements]
    try:
        before = {child for part in _parts(root) for child in part._children.values()}
        for element in elements:
            if isinstance(element, folium.TileLayer):
                _check_tiles(element, tiles)
            changed += _tidied(element, elements)
            _check(element)
            if element._template_str and element not in before:
                _check_text("element", element._template_str)
                _check_raw("element", element._template_str, _LITERAL)
        # Two steps, for what folium has written can be read before it is compiled and run.
        for child in root._children.values():
            child.render()
        _check_written(root, before)
        random = [element._id for element in _tree(root)]
        root._children = type(root._children)()
        return root.render(), random
    except jinja2.TemplateError as error:
        raise PageError(
            f"folium takes text of an added element for a template: {error}. Write {{ as &#123;."
        ) from error
    finally:
        for element, name, value in changed:
            setattr(element, name, value)


def _tidied(element: Element, elements: list[Element]) -> list[tuple[Element, str, Any]]:
    """Take out of an element what leads elsewhere or is in no order; return what it had."""
    if isinstance(element, folium.TileLayer):
        credit = _TAG.sub("", str(element.options.get("attribution", "")))
        return [_swapped(element, "options", element.options | {"attribution": credit})]
    if isinstance(element, folium.plugins.GroupedLayerControl):
        hidden = [name for each in elements if (name := each.get_name()) in element.layers_untoggle]
        return [_swapped(element, "layers_untoggle", hidden)]
    return []


def _swapped(element: Element, name: str, value: Any) -> tuple[Element, str, Any]:
    before = getattr(element, name)
    setattr(element, name, value)
    return element, name, before


def _parts(root: Figure) -> tuple[Element, ...]:
    """Return the parts of a page that folium writes into."""
    return root.header, root.html, root.script


def _check_tiles(layer: folium.TileLayer, allowed: Collection[str]) -> None:
    """Refuse pictures from a host that nobody asked for by name."""
    address = str(layer.tiles)
    found = re.match(r"https://([^/?#]+)", address)
    host = found[1].replace("{s}", "*") if found else ""
    if host not in allowed and not address.startswith("data:"):
        raise PageError(
            f"The tile layer {address[:300]} tells its host which streets are looked at. Take it"
            f" off the map, or allow the host by name: seal(map, tiles=[{host or address!r}])."
        )


def _tree(root: Element) -> Iterator[Element]:
    """Yield an element and all that it holds, however deep."""
    waiting, seen = [root], set[int]()
    while waiting:
        element = waiting.pop()
        if id(element) not in seen:
            seen.add(id(element))
            yield element
            waiting += [part for part in _held(vars(element)) if isinstance(part, Element)]


def _held(value: Any) -> Iterator[Any]:
    """Yield the texts and the elements in a value; what an element holds is the element's."""
    waiting, seen = [value], set[int]()
    while waiting:
        part = waiting.pop()
        if part is None or isinstance(part, (bool, int, float)):
            continue
        if isinstance(part, (str, Element)):
            yield part
        elif isinstance(part, Mapping):
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, (list, tuple, set, frozenset)):
            waiting += part
        elif callable(getattr(part, "tolist", None)):  # an array of numpy or pandas
            waiting.append(part.tolist())
        elif id(part) not in seen and not isinstance(part, (JsCode, jinja2.Template, type)):
            seen.add(id(part))
            waiting += getattr(part, "__dict__", {}).values()
            if not callable(part):
                yield str(part)


def _check(element: Element) -> None:
    """Refuse text that folium would compile, or that a browser would run."""
    if isinstance(element, (PageMap, Verbatim)):
        return  # ours: the words in it are already written so that they can do nothing
    name = type(element).__name__
    given = {key: value for key, value in vars(element).items() if key not in _UNSEEN}
    if isinstance(element, folium.plugins.TimestampedGeoJson):
        with contextlib.suppress(ValueError):
            given["data"] = json.loads(given["data"])
    for text in _held(given):
        if isinstance(text, str):
            _check_text(name, text)
    for (kind, field), ending in _RAW.items():
        if isinstance(element, kind):
            _check_raw(name, str(getattr(element, field)), ending)


# What was rendered into the page before is rendered anew, and checked when it is written.
_UNSEEN = {"_template_str", "_template", "_parent", "_id"}


def _check_template(name: str, text: str) -> None:
    if found := _TEMPLATE.search(text):
        raise _refused(name, text, found, "is a Jinja2 template, which folium runs")


def _check_raw(name: str, text: str, ending: re.Pattern[str]) -> None:
    if found := ending.search(text):
        raise _refused(name, text, found, "ends a JavaScript string")


def _check_text(name: str, text: str) -> None:
    """Refuse a template, and HTML that does more than format words."""
    _check_template(name, text)
    if "<" not in text:
        return
    for start in re.finditer(r"<(?=[a-zA-Z/!?])", text):
        tag = _TAG.match(text, start.start())
        if not tag or not _formats(tag[1], tag[2]):
            raise _refused(name, text, start, "is HTML that may run or load something")


def _formats(tag: str, attributes: str) -> bool:
    """Return whether a tag only formats words."""
    if tag.lower() not in _TAGS:
        return False
    for found in _ATTRIBUTE.finditer(attributes):
        attribute, value = found[1].lower(), found[2] or found[3] or found[4] or ""
        harmless = _HARMLESS_VALUE.get(attribute)
        if attribute not in _ATTRIBUTES or (harmless and not harmless.fullmatch(value)):
            return False
    return True


def _check_written(root: Figure, before: set[Element]) -> None:
    """Refuse what stands in the page and would now be compiled, or ends the page's script.

    What was there `before` folium wrote its layers is a user's own HTML. The text in those layers
    has been checked, and a script beside it is folium's.
    """
    for part in _parts(root):
        for child in part._children.values():
            text = child._template_str or ""
            _check_template("element", text)
            if part is root.script and (found := _SCRIPT.search(text)):
                raise _refused("element", text, found, "ends the page's script")
            if child in before and part is not root.script:
                _check_text("element", text if part is root.html else _HEAD.sub("", text))


def _refused(name: str, text: str, found: re.Match[str], why: str) -> PageError:
    start = max(0, found.start() - _EXCERPT // 3)
    said = text[start : start + _EXCERPT]
    return PageError(
        f"In the text {said!r} of an added {name}, {found[0]!r} {why}. Take it out, or write that"
        " character as an HTML entity: < as &lt;, { as &#123;, $ as &#36;, ` as &#96;, \\ as &#92;."
    )
