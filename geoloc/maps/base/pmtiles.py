"""Reading a PMTiles archive (version 3): a file of map tiles, found by one number each.

Ours, because what is needed of the format is small and every number in a file from outside must
be bounded: how large a directory unpacks to, how deep directories lie, how long a tile is.
"""

from __future__ import annotations

import json
import math
import re
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from geoloc.errors import InputError

if TYPE_CHECKING:
    from geoloc.geo import Box

_HEADER, _ROOM_OF_ROOT = 127, 16_384  # bytes
_KINDS = {2: "PNG", 3: "JPEG", 4: "WEBP"}
_OTHER_KINDS = {1: "vector tiles", 5: "AVIF pictures"}
_PACKINGS = {1: "none", 2: "gzip"}
_MOST_DIRECTORY = 8_000_000  # bytes of one, unpacked: a million entries
_MOST_DIRECTORIES = 64_000_000  # bytes of all that are read
_MOST_METADATA = 2_000_000
_MOST_TILE = 2_000_000
_DEEPEST = 4  # directories within directories; writers make two
_CLOSEST = 26  # zoom
_MOST_CREDIT = 300  # characters


class Entry(NamedTuple):
    """A tile, or with `run` 0 a further directory, from this number on."""

    id: int
    offset: int  # bytes from the start of its section
    length: int  # bytes, above 0
    run: int  # how many tiles in a row are this one


@dataclass(slots=True)
class Archive:
    """An open archive of raster tiles."""

    path: Path
    kind: str  # PNG, JPEG or WEBP
    zooms: tuple[int, int]  # widest and closest
    box: Box  # as it says of itself
    credit: str  # whom it says to thank, as plain text; may be empty
    _stream: BinaryIO
    _root: list[Entry]
    _leaves: tuple[int, int]  # where the section starts, and how long it is
    _tiles: tuple[int, int]
    _packings: tuple[str, str]  # of directories, of tiles
    _read: dict[int, list[Entry]] = field(default_factory=dict)
    _unpacked: int = 0  # bytes of directories so far

    def entry(self, zoom: int, column: int, row: int) -> Entry | None:
        """Return where a tile lies; None where the archive has none.

        Raises
        ------
        InputError
            If a directory on the way is damaged or larger or deeper than any honest one.
        """
        number = tile_number(zoom, column, row)
        entries = self._root
        for _ in range(_DEEPEST):
            at = bisect_right(entries, number, key=lambda entry: entry.id) - 1
            if at < 0:
                return None
            found = entries[at]
            if found.run:
                return found if number < found.id + found.run else None
            entries = self._leaf(found)
        raise InputError(f"{self.path} has directories more than {_DEEPEST} deep; it is no map.")

    def tile(self, entry: Entry) -> bytes:
        """Return the picture of a tile, as it is stored.

        Raises
        ------
        InputError
            If it lies outside the file or is larger than 2 MB.
        """
        content = self._section(self._tiles, entry, "tile", _MOST_TILE)
        return _unpack(self.path, content, self._packings[1], _MOST_TILE)

    def _leaf(self, entry: Entry) -> list[Entry]:
        if entry.offset not in self._read:
            content = self._section(self._leaves, entry, "directory", _MOST_DIRECTORY)
            plain = _unpack(self.path, content, self._packings[0], _MOST_DIRECTORY)
            self._unpacked += len(plain)
            if self._unpacked > _MOST_DIRECTORIES:
                raise InputError(f"{self.path} has too many directories to be an honest archive.")
            self._read[entry.offset] = _entries(self.path, plain)
        return self._read[entry.offset]

    def _section(self, section: tuple[int, int], entry: Entry, what: str, most: int) -> bytes:
        start, size = section
        if entry.offset + entry.length > size:
            raise InputError(f"{self.path} is damaged: a {what} lies outside its section.")
        return _bytes_at(self.path, self._stream, start + entry.offset, entry.length, most, what)


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Give an open archive.

    Raises
    ------
    InputError
        If the file is missing, damaged, no PMTiles archive of version 3, or holds anything but
        PNG, JPEG or WebP tiles.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist, or is no file.")
    try:
        with path.open("rb") as stream:
            yield _archive(path, stream)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error


def _archive(path: Path, stream: BinaryIO) -> Archive:
    header = stream.read(_HEADER)
    if len(header) < _HEADER or not header.startswith(b"PMTiles"):
        raise InputError(f"{path} is no PMTiles archive.")
    if header[7] != 3:
        raise InputError(
            f"{path} is PMTiles version {header[7]}; geoloc reads version 3: convert it with"
            " `pmtiles convert`."
        )
    numbers = [int.from_bytes(header[at : at + 8], "little") for at in range(8, 72, 8)]
    root, metadata, leaves, tiles = zip(numbers[::2], numbers[1::2], strict=True)
    kind, zooms = header[99], (header[100], header[101])
    if kind not in _KINDS:
        raise InputError(
            f"{path} holds {_OTHER_KINDS.get(kind, 'tiles of an unknown kind')}; geoloc draws"
            " archives of PNG, JPEG or WebP pictures. Render it to pictures first, for example"
            " with QGIS (Generate XYZ tiles, MBTiles) and `pmtiles convert`."
        )
    if not zooms[0] <= zooms[1] <= _CLOSEST:
        raise InputError(f"{path} is damaged: it has zooms {zooms[0]} to {zooms[1]}.")
    packings = (_packing(path, header[97]), _packing(path, header[98]))
    if root[0] + root[1] > _ROOM_OF_ROOT:
        raise InputError(f"{path} is damaged: its root directory ends beyond 16,384 bytes.")
    content = _bytes_at(path, stream, *root, _ROOM_OF_ROOT, "root directory")
    directory = _unpack(path, content, packings[0], _MOST_DIRECTORY)
    about = _bytes_at(path, stream, *metadata, _MOST_METADATA, "metadata") if metadata[1] else b""
    credit = _credit(_unpack(path, about, packings[0], _MOST_METADATA)) if about else ""
    return Archive(
        path, _KINDS[kind], zooms, _box(header), credit, stream, _entries(path, directory),
        leaves, tiles, packings,
    )  # fmt: skip


def _box(header: bytes) -> Box:
    west, south, east, north = struct.unpack_from("<4i", header, 102)
    return west / 1e7, south / 1e7, east / 1e7, north / 1e7


def _packing(path: Path, number: int) -> str:
    if number not in _PACKINGS:
        raise InputError(
            f"{path} is packed in a way that geoloc does not read ({number}: brotli, zstd or"
            " unknown); write it anew with gzip, as `pmtiles convert` does."
        )
    return _PACKINGS[number]


def _bytes_at(path: Path, stream: BinaryIO, at: int, length: int, most: int, what: str) -> bytes:
    if length > most:
        raise InputError(f"{path} has a {what} of {length:,} bytes; at most {most:,} are read.")
    if at >= 1 << 63:
        raise InputError(f"{path} is damaged: its {what} lies beyond the end of any file.")
    stream.seek(at)
    content = stream.read(length)
    if len(content) < length:
        raise InputError(f"{path} is cut off: its {what} ends beyond the file.")
    return content


def _unpack(path: Path, content: bytes, packing: str, most: int) -> bytes:
    """Return bytes unpacked, but never more than `most`."""
    if packing == "none":
        return content
    try:
        unpacker = zlib.decompressobj(wbits=31)
        plain = unpacker.decompress(content, most)
    except zlib.error as error:
        raise InputError(f"{path} is damaged: {error}.") from error
    if unpacker.unconsumed_tail:
        raise InputError(f"{path} has a part that unpacks to more than {most:,} bytes.")
    if not unpacker.eof:
        raise InputError(f"{path} is damaged: a packed part has no end.")
    return plain


def _entries(path: Path, plain: bytes) -> list[Entry]:
    """Return the entries of an unpacked directory, in the order of their numbers."""
    numbers = _varints(path, plain)
    count = next(numbers, 0)
    # Every entry takes four bytes or more: a larger count is a lie.
    if not 0 < count <= len(plain) // 4:
        raise InputError(f"{path} is damaged: a directory says that it has {count:,} entries.")
    columns = [[next(numbers, -1) for _ in range(count)] for _ in range(4)]
    if columns[3][-1] < 0:
        raise InputError(f"{path} is damaged: a directory is cut off.")
    entries: list[Entry] = []
    number = end = 0
    for step, run, length, place in zip(*columns, strict=True):
        if not length or (entries and not step):
            raise InputError(f"{path} is damaged: a directory has an empty or repeated entry.")
        number += step
        offset = place - 1 if place else end
        end = offset + length
        entries.append(Entry(number, offset, length, run))
    return entries


def _varints(path: Path, plain: bytes) -> Iterator[int]:
    """Yield numbers of seven bits a byte, the lowest first."""
    value = shift = 0
    for byte in plain:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield value
            value = shift = 0
        elif shift > 63:
            raise InputError(f"{path} is damaged: a number in a directory has no end.")


def tile_number(zoom: int, column: int, row: int) -> int:
    """Return a tile's place along the Hilbert curves of all zooms, one after the other."""
    along = 0
    for bit in range(zoom - 1, -1, -1):
        right, low = column >> bit & 1, row >> bit & 1
        along = along * 4 + (3 * right ^ low)
        if not low:
            # The curve within a quarter of the upper row is turned, and mirrored on the right.
            if right:
                column, row = ~column, ~row
            column, row = row, column
    return int((4**zoom - 1) // 3 + along)


def tile_of(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    """Return column and row of the tile that holds a WGS 84 point."""
    across = (lon + 180) / 360
    down = 0.5 - math.asinh(math.tan(math.radians(lat))) / math.tau
    last = 2**zoom - 1
    column, row = (min(max(int(share * (last + 1)), 0), last) for share in (across, down))
    return column, row


def _credit(content: bytes) -> str:
    """Return whom an archive's metadata say to thank, without markup."""
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return ""  # nothing that is needed to draw it
    words = said.get("attribution") if isinstance(said, dict) else None
    if not isinstance(words, str):
        return ""
    reader = _Plain()
    reader.feed(words[: 10 * _MOST_CREDIT])
    reader.close()
    return re.sub(r"\s+", " ", "".join(reader.parts)).strip()[:_MOST_CREDIT]


class _Plain(HTMLParser):
    """Keeps the text of what is usually a link."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        """Keep the words between tags."""
        self.parts.append(data)
