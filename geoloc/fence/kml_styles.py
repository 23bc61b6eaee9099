"""How a KML file wants its placemarks drawn, in the names of simplestyle: stroke, fill, marker."""

from __future__ import annotations

import re

# The property that an element of a style becomes, by the element around it.
_COLOURS = {"LineStyle": "stroke", "PolyStyle": "fill", "IconStyle": "marker-color"}
_COLOUR = re.compile(r"[0-9a-fA-F]{8}")
_MOST_STEPS = 5  # from a StyleMap to a Style; a circle ends here


class Styles:
    """The shared styles of a file, gathered as the parser meets them, and a placemark's own."""

    def __init__(self) -> None:
        self._shared: dict[str, dict[str, str]] = {}
        self._normal: dict[str, str] = {}  # of each StyleMap, the style of what is not pointed at
        self._open: str | None = None  # id of the Style or StyleMap that is open
        self._key = ""
        self._cascade = ""  # id of the CascadingStyle of newer Google Earth around a Style

    def start(self, tag: str, attributes: dict[str, str], *, shared: bool) -> None:
        """Take the start of an element, which is shared unless it stands in a placemark."""
        if tag == "CascadingStyle":
            self._cascade = attributes.get("kml:id") or attributes.get("id", "")
        elif tag in ("Style", "StyleMap"):
            self._open = (attributes.get("id") or self._cascade) if shared else ""
            if tag == "Style":
                self._shared[self._open] = {}

    def end(self, tag: str, parent: str, words: str) -> None:
        """Take the end of an element within a Style or a StyleMap."""
        if tag == "CascadingStyle":
            self._cascade = ""
        if self._open is None:
            return
        if tag in ("Style", "StyleMap"):
            self._open = None
        elif parent == "Pair":
            self._key = words if tag == "key" else self._key
            if tag == "styleUrl" and self._key == "normal":
                self._normal[self._open] = words
        elif name := _COLOURS.get(parent):
            self._keep(name, tag, words)

    def _keep(self, name: str, tag: str, words: str) -> None:
        style = self._shared.setdefault(self._open or "", {})
        if tag == "color" and _COLOUR.fullmatch(words):
            opacity, blue, green, red = (words[at : at + 2] for at in (0, 2, 4, 6))
            style[name] = f"#{red}{green}{blue}".lower()
            if name != "marker-color":
                style[f"{name}-opacity"] = f"{int(opacity, 16) / 255:.2f}"
        elif tag == "width" and name == "stroke":
            style["stroke-width"] = words
        elif tag == "fill" and words == "0":
            style["fill-opacity"] = "0"

    def own(self) -> dict[str, str]:
        """Return the style inside the placemark that ends, and forget it."""
        return self._shared.pop("", {})

    def named(self, address: str) -> dict[str, str]:
        """Return the shared style of an address in this file; empty for one elsewhere."""
        for _ in range(_MOST_STEPS):
            name = address.removeprefix("#")
            if name in self._shared:
                return self._shared[name]
            address = self._normal.get(name, "")
        return {}
