"""Many shapes in few letters: shared lines once, corners as steps from the one before.

Corners are whole numbers of steps: 0.00001 degrees, about a metre. Where all is wide, a step is one
pixel of the closest zoom that the page then allows, at which all is 100,000 pixels wide at most.

A line that two shapes share is an arc that both name; where shapes meet, arcs end. The steps along
all arcs, signs folded into the lowest bit, are written as digits of base 41, the lowest first, each
by one of 82 letters that no page, script or template acts on; the second 41 letters say "more
follows". `browser/features.js` reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Ints = NDArray[np.int64]

_FINEST_PER_DEG = 100_000
_CLOSEST_ZOOM = 16
_PIXELS_ACROSS = 100_000
_BASE = 41
# Those of ASCII that `escape_json` lets be.
LETTERS = "".join(chr(code) for code in range(33, 127) if chr(code) not in '"\\<>&{}$`%#')[:82]
_LETTERS = np.frombuffer(LETTERS.encode("ascii"), dtype=np.uint8)


def written(shapes: Sequence[BaseGeometry]) -> dict[str, Any]:
    """Return shapes as JSON values.

    Parameters
    ----------
    shapes : sequence of geometries, WGS 84 degrees
        Points, lines and polygons, and collections of one of these kinds. May be empty shapes.

    Returns
    -------
    dict
        `per_deg`: steps in a degree. `closest`: the zoom at which one is at most a pixel. `steps`:
        text, the corners of all arcs. `corners`: how many each arc has. `shapes`: for each shape
        its parts. A part is a path, a list of arcs, where ~n is arc n from its end; of a polygon,
        a list of such rings, the outer one first.
    """
    parts, of_shape = shapely.get_parts(np.asarray(shapes, dtype=object), return_index=True)
    kept = ~shapely.is_empty(parts)
    parts, of_shape = parts[kept], of_shape[kept]
    areas = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings, of_area = shapely.get_rings(parts[areas], return_index=True)
    per_deg, zoom = _fineness(shapes)
    corners, arcs, paths = _arcs(np.concatenate([rings, parts[~areas]]), per_deg)
    ringed: list[list[Any]] = [[] for _ in range(areas.sum())]
    for path, area in zip(paths, of_area.tolist(), strict=False):
        ringed[area].append(path)
    lone, found = iter(paths[len(rings) :]), list[list[Any]]([] for _ in shapes)
    for shape, is_area in zip(of_shape.tolist(), areas.tolist(), strict=True):
        found[shape].append(ringed.pop(0) if is_area else next(lone))
    return {
        "per_deg": per_deg,
        "closest": zoom,
        "letters": LETTERS,
        "steps": _text(_steps(corners[np.concatenate([*arcs, np.empty(0, np.int64)])])),
        "corners": [len(arc) for arc in arcs],
        "shapes": found,
    }


def _fineness(shapes: Sequence[BaseGeometry]) -> tuple[int, int]:
    """Return how many steps a degree has, and the closest zoom at which that is enough."""
    width = 0.0
    if not shapely.is_empty(shapes).all():
        west, south, east, north = shapely.total_bounds(shapes).tolist()
        width = max(east - west, north - south)
    if not width > _PIXELS_ACROSS / (256 * 2**_CLOSEST_ZOOM / 360):
        return _FINEST_PER_DEG, _CLOSEST_ZOOM
    zoom = int(np.log2(360 / 256 * _PIXELS_ACROSS / width))
    return int(np.ceil(256 * 2**zoom / 360)), zoom


def _arcs(lines: NDArray[np.object_], per_deg: int) -> tuple[Ints, list[Ints], list[list[int]]]:
    """Return the corners of all lines, arcs as numbers of corners, and the arcs of each line."""
    if not len(lines):
        return np.empty((0, 2), np.int64), [], []
    points, of_line = shapely.get_coordinates(lines, return_index=True)
    whole = np.rint(points * per_deg).astype(np.int64)
    keys = (whole[:, 0] << 32) + whole[:, 1]
    repeated = (keys[1:] == keys[:-1]) & (of_line[1:] == of_line[:-1])
    once = np.append(True, ~repeated)
    number, keys = pd.factorize(keys[once])
    east = (keys + 2**31) >> 32
    corners = np.column_stack([east, keys - (east << 32)])
    starts = np.flatnonzero(np.diff(of_line[once], prepend=-1))
    meets = _meetings(number, starts, len(corners))
    arcs: list[Ints] = []
    known: dict[tuple[int, int], int] = {}
    named = [
        [_name(piece, arcs, known) for piece in _pieces(line, meets)]
        for line in np.split(number, starts)[1:]
    ]
    return corners, arcs, named


def _meetings(number: Ints, starts: Ints, count: int) -> NDArray[np.bool_]:
    """Return which corners have other neighbours in another place, or end a line."""
    ends = np.append(starts[1:], len(number)) - 1
    before, after = np.roll(number, 1), np.roll(number, -1)
    before[starts], after[ends] = number[ends - 1], number[starts + (ends > starts)]
    least, most = np.minimum(before, after), np.maximum(before, after)
    usual = np.empty((2, count), number.dtype)
    usual[:, number] = least, most
    meets = np.zeros(count, dtype=bool)
    meets[number[(least != usual[0, number]) | (most != usual[1, number])]] = True
    is_open = number[starts] != number[ends]
    meets[number[starts[is_open]]] = meets[number[ends[is_open]]] = True
    return meets


def _pieces(path: Ints, meets: NDArray[np.bool_]) -> list[Ints]:
    """Cut a path where others meet it; a ring that nobody meets begins at its least corner."""
    if len(path) > 1 and path[0] == path[-1] and not meets[path[0]]:
        at = np.flatnonzero(meets[path])
        start = int(at[0] if at.size else path.argmin())
        path = np.concatenate([path[start:], path[1 : start + 1]])
    cuts = [0, *(np.flatnonzero(meets[path[1:-1]]) + 1).tolist(), len(path) - 1]
    return [path[start : end + 1] for start, end in pairwise(cuts)]


def _name(piece: Ints, arcs: list[Ints], known: dict[tuple[int, int], int]) -> int:
    """Return the number of an arc; ~n if the piece runs along arc n from its end."""
    # Between meetings there is one way on, so the first step tells an arc from all others.
    forth = (int(piece[0]), int(piece[min(1, len(piece) - 1)]))
    back = (int(piece[-1]), int(piece[max(-2, -len(piece))]))
    least = min(forth, back)
    if least not in known:
        known[least] = len(arcs)
        arcs.append(piece if least == forth else piece[::-1])
    return known[least] if least == forth else ~known[least]


def _steps(corners: Ints) -> Ints:
    """Return the differences between corners, east and north in turn."""
    return np.diff(corners, axis=0, prepend=np.zeros((1, 2), np.int64)).ravel()


def _text(numbers: Ints) -> str:
    """Return whole numbers as text."""
    left = ((np.abs(numbers) << 1) | (numbers < 0)).astype(np.int32)  # 180 degrees are 3.6e7
    length = np.ones(len(left), np.int64)
    for limit in (_BASE, _BASE**2, _BASE**3, _BASE**4):
        length += left >= limit
    text = np.empty(length.sum(), np.uint8)
    at = np.cumsum(length) - length
    while len(left):
        more = left >= _BASE
        text[at] = _LETTERS[left % _BASE + _BASE * more]
        left, at = left[more] // _BASE, at[more] + 1
    return text.tobytes().decode("ascii")
