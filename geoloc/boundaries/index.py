"""Two indexes for many points: which unit holds each, and how far the nearest line is.

Both answer exactly. They only save work: `UnitIndex` looks up the cells that no line touches and
walks to the next line in the others, and `LineIndex` keeps, for every cell of a quadtree, the
segments of which one must be the nearest. The loops are compiled by numba at first use and kept on
disk; they run without Python's lock, so slices of a table share the processor's cores.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba
import numpy as np

from geoloc import geo

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Labels = NDArray[np.int16]
    Numbers = NDArray[np.int32]
    Grid = tuple[float, float, float, float]  # west, south, cells per degree east and north

_Function = TypeVar("_Function", bound=Callable[..., Any])

NONE = -1  # no unit holds the point
UNSURE = -2  # on a line, or too near to one: exact arithmetic must say
_TOUCHED = -3  # a cell's value is _TOUCHED - k where the k-th list of segments touches it
_SIDE = 2048  # cells along each axis
_LEAST_SLICE = 8_192  # points: for fewer a second core is not worth waking


def _compiled(function: _Function) -> _Function:
    """Compile a loop to machine code at first use, cached on disk, free of Python's lock."""
    return cast(_Function, numba.njit(nogil=True, cache=True, error_model="numpy")(function))


def in_slices(work: Callable[[slice], None], count: int) -> None:
    """Do `work` on slices of `count` points, on all cores that this process may use."""
    size = max(_LEAST_SLICE, count // 16 + 1)
    slices = [slice(at, min(at + size, count)) for at in range(0, count, size)]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if len(slices) <= 1 or cores == 1:
        for each in slices:
            work(each)
        return
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(work, slices))


# Nearer than this to a line, floating point is not trusted: 0.1 mm, where the error of a crossing
# is below 1e-12°. Registration in cells is wider by as much again, so nothing falls between cells.
_DOUBT_DEG = 1e-9


class UnitIndex:
    """Which unit of a layer holds a point: a raster of cells and the segments that touch them.

    A cell that no line touches lies in one unit, and its points are answered by one look-up. In a
    touched cell the answer is the unit on the near side of the first line to the west, cell by
    cell, or the unit of the first untouched cell on the way. Points within `_DOUBT_DEG` of a line,
    and rays that pass where lines meet, are left to the caller as `UNSURE`.

    Parameters
    ----------
    segments : float array, shape (n, 2, 2)
        Both ends of every segment, WGS 84 lon and lat; n is at least 1.
    left, right : int array, shape (n,)
        The unit on each side when walking from the first end to the second; `NONE` for no unit.
        The units must form a coverage: no overlaps, and a shared line is one segment.
    """

    def __init__(self, segments: Floats, left: Labels, right: Labels) -> None:
        rising = segments[:, 1, 1] >= segments[:, 0, 1]
        low = np.where(rising[:, None], segments[:, 0], segments[:, 1])
        high = np.where(rising[:, None], segments[:, 1], segments[:, 0])
        self._segments = np.ascontiguousarray(np.hstack([low, high]))
        self._east = np.where(rising, right, left).astype(np.int16)
        side = min(_SIDE, 2 ** math.ceil(math.log2(8 * math.sqrt(len(segments)) + 8)))
        margin = 1e-6
        west, south = (segments.min(axis=(0, 1)) - margin).tolist()
        east, north = (segments.max(axis=(0, 1)) + margin).tolist()
        self._grid: Grid = (west, south, side / (east - west), side / (north - south))
        self._cells, self._starts, self._items = _register(self._segments, self._grid, side)
        _label_cells(self._grid, self._cells, self._starts, self._items, self._segments, self._east)

    def labels(self, lon: Floats, lat: Floats) -> Labels:
        """Return the number of the unit that holds each point, `NONE` or `UNSURE`; shape (n,)."""
        found = np.empty(len(lon), np.int16)

        def look_up(part: slice) -> None:
            _labels(
                lon[part], lat[part], self._grid, self._cells, self._starts, self._items,
                self._segments, self._east, found[part],
            )  # fmt: skip

        in_slices(look_up, len(lon))
        return found


@_compiled
def _span(low: float, high: float, start: float, per_unit: float, side: int) -> tuple[int, int]:
    """Return the first and last cell along one axis that [low, high] touches."""
    first = max(0, math.floor((low - start) * per_unit))
    last = min(side - 1, math.floor((high - start) * per_unit))
    return first, last


@_compiled
def _register(segments: Floats, grid: Grid, side: int) -> tuple[Numbers, Numbers, Numbers]:
    """Return the cells, and where the list of segments of each touched cell starts, and the lists.

    The first pass counts, the second fills.
    """
    west, south, per_x, per_y = grid
    cells = np.full((side, side), UNSURE, np.int32)
    count = np.zeros(1, np.int32)
    starts = np.zeros(1, np.int32)
    items = np.zeros(1, np.int32)
    slack = 3 * _DOUBT_DEG
    for filling in (False, True):
        touched = 0
        for s in range(len(segments)):
            x1, y1 = segments[s, 0], segments[s, 1]
            x2, y2 = segments[s, 2], segments[s, 3]
            row, last_row = _span(y1 - slack, y2 + slack, south, per_y, side)
            while row <= last_row:
                # The part of the segment in this row, generously.
                low = max(0.0, min(1.0, (south + row / per_y - slack - y1) / (y2 - y1)))
                high = max(0.0, min(1.0, (south + (row + 1) / per_y + slack - y1) / (y2 - y1)))
                if not y2 > y1:
                    low, high = 0.0, 1.0
                xa, xb = x1 + low * (x2 - x1), x1 + high * (x2 - x1)
                col, last = _span(min(xa, xb) - slack, max(xa, xb) + slack, west, per_x, side)
                while col <= last:
                    if filling:
                        k = _TOUCHED - cells[row, col]
                        items[starts[k] + count[k]] = s
                        count[k] += 1
                    else:
                        if cells[row, col] == UNSURE:
                            cells[row, col] = _TOUCHED - touched
                            touched += 1
                            if touched > len(count):
                                more = np.zeros(2 * len(count), np.int32)
                                more[: len(count)] = count
                                count = more
                        count[_TOUCHED - cells[row, col]] += 1
                    col += 1
                row += 1
        if not filling:
            starts = np.zeros(touched + 1, np.int32)
            starts[1:] = np.cumsum(count[:touched])
            items = np.zeros(starts[touched], np.int32)
            count[:] = 0
    return cells, starts, items


@_compiled
def _walk_west(
    x: float, y: float, row: int, col: int, grid: Grid,
    cells: Numbers, starts: Numbers, items: Numbers,
    segments: Floats, east: Labels,
) -> int:  # fmt: skip
    """Return the unit east of the first line that a ray from (x, y) to the west meets.

    A segment counts from its lower end up to, not with, its upper one: the ray then meets what a
    ray a hair higher would meet, and a corner is never met twice.
    """
    while col >= 0:
        cell = cells[row, col]
        if cell > _TOUCHED:
            return int(cell)
        edge = grid[0] + col / grid[2] - 2 * _DOUBT_DEG
        nearest, unit, doubt = -np.inf, NONE, False
        k = _TOUCHED - cell
        for at in range(starts[k], starts[k + 1]):
            s = items[at]
            x1, y1 = segments[s, 0], segments[s, 1]
            x2, y2 = segments[s, 2], segments[s, 3]
            if not y1 <= y < y2:
                continue
            crossing = x1 + (y - y1) / (y2 - y1) * (x2 - x1)
            if not edge <= crossing < x or crossing < nearest - _DOUBT_DEG:
                continue
            if crossing > nearest + _DOUBT_DEG:
                unit, doubt = east[s], False
            elif east[s] != unit:
                doubt = True
            nearest = max(nearest, crossing)
        if doubt:
            return UNSURE
        if nearest > -np.inf:
            return int(unit)
        col -= 1
    return NONE


@_compiled
def _label_cells(
    grid: Grid, cells: Numbers,
    starts: Numbers, items: Numbers, segments: Floats, east: Labels,
) -> None:  # fmt: skip
    """Label the untouched cells of each row from west to east, by walking once after each line."""
    rows, cols = cells.shape
    for row in range(rows):
        known = NONE
        for col in range(cols):
            if cells[row, col] <= _TOUCHED:
                known = UNSURE
                continue
            # A ray through a corner can be in doubt; another height of the same cell is not.
            for height in (0.5, 0.381966, 0.618034, 0.236068, 0.763932):
                if known != UNSURE:
                    break
                x, y = grid[0] + (col + 0.5) / grid[2], grid[1] + (row + height) / grid[3]
                known = _walk_west(x, y, row, col - 1, grid, cells, starts, items, segments, east)
            cells[row, col] = known


@_compiled
def _labels(
    lon: Floats, lat: Floats, grid: Grid,
    cells: Numbers, starts: Numbers, items: Numbers,
    segments: Floats, east: Labels, found: Labels,
) -> None:  # fmt: skip
    west, south, per_x, per_y = grid
    side = len(cells)
    for i in range(len(lon)):
        x, y = lon[i], lat[i]
        across, up = (x - west) * per_x, (y - south) * per_y
        found[i] = NONE
        if not (0 <= across < side and 0 <= up < side):  # also where a coordinate is NaN
            continue
        row, col = int(up), int(across)
        cell = cells[row, col]
        if cell > _TOUCHED:
            found[i] = cell
            continue
        k = _TOUCHED - cell
        doubt = False
        for at in range(starts[k], starts[k + 1]):
            s = items[at]
            x1, y1 = segments[s, 0], segments[s, 1]
            x2, y2 = segments[s, 2], segments[s, 3]
            if (
                y1 - _DOUBT_DEG <= y <= y2 + _DOUBT_DEG
                and min(x1, x2) - _DOUBT_DEG <= x <= max(x1, x2) + _DOUBT_DEG
            ):
                dx, dy = x2 - x1, y2 - y1
                off = (x - x1) * dy - (y - y1) * dx
                doubt |= off * off <= _DOUBT_DEG * _DOUBT_DEG * (dx * dx + dy * dy)
        if doubt:
            found[i] = UNSURE
        else:
            found[i] = _walk_west(x, y, row, col, grid, cells, starts, items, segments, east)


_LEAF = 32  # segments that a cell may keep before it is divided
_DEEPEST = 20


class LineIndex:
    """The nearest of many segments on a plane.

    A quadtree. If D is the distance from a cell's centre to the nearest segment and h half its
    diagonal, then whatever is nearest to a point of the cell is within D + 2h of the centre. Each
    cell keeps those segments only, picked from its parent's, until they are few or the cell is
    small for its distance from the line.

    Parameters
    ----------
    segments : float array, shape (n, 2, 2)
        Both ends of every segment, UTM 42N metres; n is at least 1. Of several that are equally
        near, the first is the nearest.
    margin_m : float
        How far around the segments the index reaches; farther points are not answered.
    """

    def __init__(self, segments: Floats, margin_m: float) -> None:
        lowest, highest = segments.min(axis=(0, 1)), segments.max(axis=(0, 1))
        east, north = ((lowest + highest) / 2).tolist()
        self._root = (east, north, float((highest - lowest).max() / 2 + margin_m))
        self._segments = np.ascontiguousarray(segments.reshape(-1, 4))
        self._tree = _grow(self._segments, self._root)

    def nearest(self, east_m: Floats, north_m: Floats) -> tuple[Floats, Numbers]:
        """Return plane metres to the nearest segment, and its number; shapes (n,).

        Beyond the index, and for NaN, the distance is infinite and the number -1.
        """
        distance, number = np.empty(len(east_m)), np.empty(len(east_m), np.int32)

        def measure(part: slice) -> None:
            _measure(
                east_m[part], north_m[part], self._segments, self._root, *self._tree,
                distance[part], number[part],
            )  # fmt: skip

        in_slices(measure, len(east_m))
        return distance, number


@_compiled
def _square_to(x: float, y: float, segments: Floats, s: int) -> float:
    """Return the squared distance from (x, y) to one segment; equal at an end that two share."""
    ax, ay = x - segments[s, 0], y - segments[s, 1]
    dx, dy = segments[s, 2] - segments[s, 0], segments[s, 3] - segments[s, 1]
    along, length2 = ax * dx + ay * dy, dx * dx + dy * dy
    if along >= length2:
        ax, ay = x - segments[s, 2], y - segments[s, 3]
    elif along > 0:
        across = ax * dy - ay * dx
        return float(across * across / length2)
    return float(ax * ax + ay * ay)


@_compiled
def _longer(numbers: Numbers, used: int, needed: int) -> Numbers:
    """Return an array that holds `needed` numbers, the `used` first ones kept."""
    if needed <= len(numbers):
        return numbers
    longer = np.zeros(max(needed, 2 * len(numbers)), np.int32)
    longer[:used] = numbers[:used]
    return longer


@_compiled
def _grow(segments: Floats, root: tuple[float, float, float]) -> tuple[Numbers, Numbers, Numbers]:
    """Return the tree: per node its first child or ~start of its items, their count, the items.

    Depth first. The lists of the nodes that wait lie one after another in `lists`, the list of the
    node that comes next on top.
    """
    child, count, items = np.zeros(1024, np.int32), np.zeros(1024, np.int32), np.zeros(1, np.int32)
    nodes, used = 1, 0
    lists = np.arange(len(segments)).astype(np.int32)
    squares = np.empty(len(segments))
    where = np.empty((4 * _DEEPEST + 4, 3))  # centre and half side of the nodes that wait
    waits = np.zeros((4 * _DEEPEST + 4, 4), np.int32)  # node, start and length of its list, done
    where[0, 0], where[0, 1], where[0, 2] = root
    waits[0, 2] = len(segments)
    waits[0, 3] = len(segments) <= _LEAF
    depth_left = np.full(4 * _DEEPEST + 4, _DEEPEST)
    waiting = 1
    while waiting:
        waiting -= 1
        cx, cy, half = where[waiting, 0], where[waiting, 1], where[waiting, 2] / 2
        node, start, length = waits[waiting, 0], waits[waiting, 1], waits[waiting, 2]
        left = depth_left[waiting] - 1
        if waits[waiting, 3] or left < 0:
            items = _longer(items, used, used + length)
            items[used : used + length] = lists[start : start + length]
            child[node], count[node] = ~used, length
            used += length
            continue
        child, count = _longer(child, nodes, nodes + 4), _longer(count, nodes, nodes + 4)
        child[node] = nodes
        top = start + length
        for quarter in range(4):
            x = cx + half if quarter & 1 else cx - half
            y = cy + half if quarter & 2 else cy - half
            nearest = np.inf
            for i in range(length):
                squares[i] = _square_to(x, y, segments, lists[start + i])
                nearest = min(nearest, squares[i])
            nearest = math.sqrt(nearest)
            # A millimetre more than needed, so that rounding drops nobody.
            limit = (nearest + 2 * math.sqrt(2) * half + 1e-3) ** 2
            lists = _longer(lists, top, top + length)
            first = top
            for i in range(length):
                if squares[i] <= limit:
                    lists[top] = lists[start + i]
                    top += 1
            where[waiting, 0], where[waiting, 1], where[waiting, 2] = x, y, half
            waits[waiting, 0], waits[waiting, 1], waits[waiting, 2] = nodes, first, top - first
            waits[waiting, 3] = top - first <= _LEAF or half < nearest / 16
            depth_left[waiting] = left
            waiting += 1
            nodes += 1
    return child[:nodes].copy(), count[:nodes].copy(), items[:used].copy()


@_compiled
def _nearest(
    x: float, y: float, segments: Floats, root: tuple[float, float, float],
    child: Numbers, count: Numbers, items: Numbers,
) -> tuple[float, int]:  # fmt: skip
    """Return the distance to the nearest segment, and its number."""
    cx, cy, half = root
    if not (abs(x - cx) <= half and abs(y - cy) <= half):
        return np.inf, -1
    node = 0
    while child[node] >= 0:
        half /= 2
        east, north = x >= cx, y >= cy
        cx = cx + half if east else cx - half
        cy = cy + half if north else cy - half
        node = child[node] + east + 2 * north
    nearest, number = np.inf, -1
    for at in range(~child[node], ~child[node] + count[node]):
        square = _square_to(x, y, segments, items[at])
        if square < nearest:  # lists keep the order of the segments: the first of equals stays
            nearest, number = square, items[at]
    return math.sqrt(nearest), number


@_compiled
def _measure(
    east_m: Floats, north_m: Floats, segments: Floats, root: tuple[float, float, float],
    child: Numbers, count: Numbers, items: Numbers, distance: Floats, number: Numbers,
) -> None:  # fmt: skip
    for i in range(len(east_m)):
        distance[i], number[i] = _nearest(
            east_m[i], north_m[i], segments, root, child, count, items
        )


def to_metres(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return what `geo.to_metres` returns, to a nanometre, for many points at once; shape (n,)."""
    east, north = np.empty(len(lon)), np.empty(len(lon))

    def project(part: slice) -> None:
        _project(lon[part], lat[part], geo.FORWARD_SERIES, east[part], north[part])

    in_slices(project, len(lon))
    return east, north


@_compiled
def _project(
    lon: Floats, lat: Floats, series: tuple[float, ...], east: Floats, north: Floats
) -> None:
    meridian, false_east, radius, e = series[:4]
    for i in range(len(lon)):
        sine, turn = math.sin(math.radians(lat[i])), math.radians(lon[i] - meridian)
        conformal = math.sinh(math.atanh(sine) - e * math.atanh(e * sine))
        xi = math.atan2(conformal, math.cos(turn))
        eta = math.atanh(math.sin(turn) / math.hypot(1.0, conformal))
        # sin(2z) and 2 cos(2z) of z = ξ + iη; sines of higher multiples by their recurrence.
        s, c, up = math.sin(2 * xi), math.cos(2 * xi), math.exp(2 * eta)
        cosh, sinh = (up + 1 / up) / 2, (up - 1 / up) / 2
        now, twice_cos = complex(s * cosh, c * sinh), 2 * complex(c * cosh, -s * sinh)
        before, total = complex(0.0, 0.0), complex(xi, eta)
        for factor in series[4:]:
            total += factor * now
            now, before = twice_cos * now - before, now
        east[i], north[i] = radius * total.imag + false_east, radius * total.real
