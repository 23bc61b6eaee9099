"""What lies behind the lines of a page: relief, a picture or tiles of the user's, inside the file.

Everything that a page shows as far as it can be moved is read here, made small enough and put
into the page, so that opening it asks nobody. Of the user's file only pixels are kept: no name, no
date, no other ground. Tiles of a server are drawn only where somebody named it.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geoloc import terrain
from geoloc.errors import InputError
from geoloc.maps.base import pmtiles
from geoloc.maps.base.online import SOURCES, Source, source, warning

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoloc.geo import Box
    from geoloc.maps.base.pmtiles import Archive
    from geoloc.terrain import Frame

__all__ = ["BUDGET_KB", "SOURCES", "Base", "Source", "base_island", "warning"]

BUDGET_KB = 1000  # of the page, by default
_LEAST_BUDGET_KB, _MOST_BUDGET_KB = 20, 50_000
_QUALITY = 75  # of WebP, where a doubled size begins to buy little
_PROBED_PIXELS = 500_000  # of a first try, which tells how well the ground compresses
_MOST_TRIES = 6
_FULL, _AIMED = 0.75, 0.9  # shares of the budget: good enough, and what a try aims at
_MOST_TILES = 1024  # of one zoom
_FEWEST_ACROSS = 3  # tiles over the reach one zoom closer than the widest taken: for a phone
_PREFIXES = {"relief": "relief", "tiles": "online"}
_ENDINGS = {".tif": "picture", ".tiff": "picture", ".pmtiles": "tiles"}
_HOW = (
    "write none, relief:FILE for the relief of a height model (GeoTIFF), FILE.tif for a picture,"
    " FILE.pmtiles for an archive of tiles, or tiles:NAME for a server's"
)


@dataclass(frozen=True, slots=True)
class Base:
    """What to draw behind the lines of a page, and what to say of it."""

    source: str = "none"  # none, relief:FILE, FILE.tif, FILE.pmtiles or tiles:NAME
    title: str = ""  # in place of `Shaded relief` or the like; a file's name is never shown
    credit: str = ""  # owner and licence, shown on the map
    budget_kb: int = BUDGET_KB  # how much larger the page may become, in 1000 bytes, 20 to 50,000

    def __post_init__(self) -> None:
        if not _LEAST_BUDGET_KB <= self.budget_kb <= _MOST_BUDGET_KB:
            raise InputError(
                f"A base map may take {_LEAST_BUDGET_KB} to {_MOST_BUDGET_KB:,} kB of a page, got"
                f" {self.budget_kb!r}."
            )
        self.online  # noqa: B018 - raises unless the source is one

    @property
    def kind(self) -> str:
        """Return `none`, `relief`, `picture`, `tiles` or `online`."""
        word, _, rest = self.source.partition(":")
        if self.source == "none":
            return "none"
        if word in _PREFIXES and rest:
            return _PREFIXES[word]
        ending = Path(self.source).suffix.lower()
        if ending not in _ENDINGS:
            raise InputError(f"{self.source[:100]!r} is no base map; {_HOW}.")
        return _ENDINGS[ending]

    @property
    def online(self) -> Source | None:
        """Return the server whose tiles are drawn; None where none is asked for anything."""
        return source(self.source.partition(":")[2]) if self.kind == "online" else None

    @property
    def file(self) -> str:
        """Return the path of the user's file."""
        return self.source.removeprefix("relief:")


def base_island(base: Base | str | None, reach: Box) -> dict[str, Any] | None:
    """Return what a page needs to draw its base map, as JSON values; None where it has none.

    Parameters
    ----------
    base : Base, str or None
        Text is a `Base.source`.
    reach : (west, south, east, north), degrees
        As far as the page can be moved. All of it is taken, so that the picture tells no more of
        what is looked at than the page itself.

    Raises
    ------
    InputError
        If the file cannot be drawn here, within the budget.
    """
    base = Base(base) if isinstance(base, str) else base or Base()
    if base.kind == "none":
        return None
    told = {"kind": base.kind, "title": base.title, "credit": base.credit}
    if base.online:
        return told | {"title": base.title or base.online.title} | _online(base.online)
    draw = {"relief": _relief, "picture": _picture, "tiles": _tiles}
    return told | draw[base.kind](base, reach)


def _relief(base: Base, reach: Box) -> dict[str, Any]:
    def light(frame: Frame) -> NDArray[np.uint8]:
        shades = terrain.shade(terrain.read_dem(base.file, frame.wider()), frame)
        grey = np.nan_to_num(255 * shades).round().astype(np.uint8)
        known = np.where(np.isnan(shades), 0, 255).astype(np.uint8)
        return np.stack([grey, grey, grey, known])

    return _fitted(base, reach, light)


def _picture(base: Base, reach: Box) -> dict[str, Any]:
    stretched = False

    def colours(frame: Frame) -> NDArray[np.uint8]:
        nonlocal stretched
        found, stretched = terrain.read_picture(base.file, frame)
        return found

    return _fitted(base, reach, colours) | {"stretched": stretched}


def _fitted(base: Base, reach: Box, draw: Callable[[Frame], NDArray[np.uint8]]) -> dict[str, Any]:
    """Return a picture of the file's part of the reach, as fine as the budget allows."""
    finest = terrain.frame_over(base.file, reach)
    room = base.budget_kb * 1000
    factor = max(1.0, math.sqrt(finest.rows * finest.cols / _PROBED_PIXELS))
    best: tuple[float, Frame, str] | None = None
    # How a size grows with the pixels differs from ground to ground: it is found by trying.
    slope, last = -2.0, (math.nan, math.nan)
    for _ in range(_MOST_TRIES):
        frame = finest.coarser(factor)
        picture = base64.b64encode(terrain.as_webp(draw(frame), _QUALITY)).decode()
        if len(picture) <= room and (best is None or factor < best[0]):
            best = factor, frame, picture
        if best and best[0] == factor and (factor == 1 or len(picture) > _FULL * room):
            break
        now = math.log(factor), math.log(len(picture))
        if now[0] != last[0] and not math.isnan(last[0]):
            slope = min(max((now[1] - last[1]) / (now[0] - last[0]), -6.0), -1.0)
        last = now
        factor = max(1.0, math.exp(now[0] + (math.log(_AIMED * room) - now[1]) / slope))
    if best is None:
        raise InputError(
            f"{base.file} does not fit into {base.budget_kb} kB of the page; allow more with"
            " --base-budget."
        )
    _, frame, picture = best
    return {
        "box": [round(edge, 7) for edge in frame.box],
        "pixel_m": round(float(frame.sides_m()[1].mean()), 1),
        "picture": picture,
    }


def _tiles(base: Base, reach: Box) -> dict[str, Any]:
    with pmtiles.opened(Path(base.file)) as archive:
        taken = _Taken(base, archive)
        widest, closest = archive.zooms
        first = min(max(widest, _first_zoom(reach)), closest)
        for zoom in range(first, closest + 1):
            if not taken.add(zoom, reach):
                break
        if not taken.places:
            raise taken.refusal or _no_tiles(archive, reach)
        zooms = [int(place.partition("/")[0]) for place in taken.places]
        return {
            "credit": base.credit or archive.credit,
            "zooms": [min(zooms), max(zooms)],
            "pictures": taken.pictures,
            "places": taken.places,
        }


def _first_zoom(reach: Box) -> int:
    """Return the widest zoom worth taking: a tile or two span the reach."""
    return max(0, math.floor(math.log2(_FEWEST_ACROSS * 360 / (reach[2] - reach[0]))) - 1)


class _Taken:
    """The tiles that a page will hold, each picture once."""

    def __init__(self, base: Base, archive: Archive) -> None:
        self._archive, self._room = archive, base.budget_kb * 1000
        self._known: dict[int, int] = {}  # where a tile's bytes lie, and its number here
        self.pictures: list[str] = []
        self.places: dict[str, int] = {}
        self.refusal: InputError | None = None

    def add(self, zoom: int, reach: Box) -> bool:
        """Add every tile of a zoom within reach, or none and False where they do not fit."""
        west, north = pmtiles.tile_of(reach[0], reach[3], zoom)
        east, south = pmtiles.tile_of(reach[2], reach[1], zoom)
        count = (east - west + 1) * (south - north + 1)
        places: dict[str, int] = {}
        pictures: list[str] = []
        known, room = dict(self._known), self._room
        if count > _MOST_TILES:
            return self._refuse(zoom, f"{count:,} tiles")
        for column in range(west, east + 1):
            for row in range(north, south + 1):
                entry = self._archive.entry(zoom, column, row)
                if entry is None:
                    continue
                if entry.offset not in known:
                    known[entry.offset] = len(self.pictures) + len(pictures)
                    pictures.append(self._recoded(entry))
                    room -= len(pictures[-1])
                place = f"{zoom}/{column}/{row}"
                places[place] = known[entry.offset]
                room -= len(place) + 10
                if room < 0:
                    return self._refuse(zoom, "tiles")
        self._known, self._room = known, room
        self.pictures += pictures
        self.places |= places
        return True

    def _recoded(self, entry: pmtiles.Entry) -> str:
        content = self._archive.tile(entry)
        try:
            plain = terrain.recoded(content, self._archive.kind, _QUALITY)
        except InputError as error:
            raise InputError(f"{self._archive.path} is damaged: {error}") from error
        return base64.b64encode(plain).decode()

    def _refuse(self, zoom: int, what: str) -> bool:
        self.refusal = InputError(
            f"{self._archive.path} has more {what} of zoom {zoom} within this map than its budget"
            " holds; allow more with --base-budget, or cut an archive of wider zooms with"
            " `pmtiles extract`."
        )
        return False


def _no_tiles(archive: Archive, reach: Box) -> InputError:
    west, south, east, north = archive.box
    return InputError(
        f"{archive.path} has no tile within this map: it says that it spans {south:.2f} to"
        f" {north:.2f} north and {west:.2f} to {east:.2f} east, zooms {archive.zooms[0]} to"
        f" {archive.zooms[1]}; the map spans {reach[1]:.2f} to {reach[3]:.2f} and {reach[0]:.2f} to"
        f" {reach[2]:.2f}."
    )


def _online(online: Source) -> dict[str, Any]:
    return {
        "name": online.name,
        "host": online.host,
        "url": online.url,
        "closest": online.max_zoom,
        "credit": online.attribution,
    }
