"""Tile servers by name. Whoever opens a page with their tiles tells them what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from geoloc.errors import InputError


@dataclass(frozen=True, slots=True)
class Source:
    """Tiles that somebody else serves to everybody, and hears who looks where."""

    name: str
    title: str
    url: str  # with {z}, {x} and {y}
    attribution: str  # with the licence
    max_zoom: int  # the closest that is served

    @property
    def host(self) -> str:
        """Return the server that learns the area, e.g. `tile.openstreetmap.org`."""
        return urlsplit(self.url).netloc


_SOURCES = (
    Source(
        "osm", "OpenStreetMap", "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
        "© OpenStreetMap contributors, ODbL 1.0", 19,
    ),
    Source(
        "opentopomap", "OpenTopoMap", "https://tile.opentopomap.org/{z}/{x}/{y}.png",
        "© OpenStreetMap contributors, SRTM; map: © OpenTopoMap, CC BY-SA 3.0", 17,
    ),
    Source(
        "sentinel2", "Sentinel-2 cloudless 2016",
        "https://tiles.maps.eox.at/wmts/1.0.0/s2cloudless_3857/default/g/{z}/{y}/{x}.jpg",
        "Sentinel-2 cloudless by EOX IT Services GmbH (contains modified Copernicus Sentinel data"
        " 2016 and 2017), CC BY 4.0", 14,
    ),
)  # fmt: skip
SOURCES = {source.name: source for source in _SOURCES}


def source(name: str) -> Source:
    """Return the source of this name.

    Raises
    ------
    InputError
        If there is none; the message lists the names.
    """
    if name not in SOURCES:
        raise InputError(
            f"There are no online tiles named {name[:60]!r}; choose one of {', '.join(SOURCES)}."
        )
    return SOURCES[name]


def warning(online: Source) -> str:
    """Return what must be said before a page with these tiles is given to anybody."""
    return (
        f"whoever opens this page asks {online.host} for pictures of the area that it shows: that"
        " server learns which area is looked at, when, and from which internet address."
    )
