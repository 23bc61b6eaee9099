"""Numbered marks: a circle beside a spot, with an arrow to it, so that no mark hides what it marks.

The same number stands for the same thing in every photo and on the map.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.patheffects import Normal, withStroke

from geoloc.figures.layout import SWATCH_MM, Box, Swatch, family_of
from geoloc.figures.paper import INK, SMALL_PT, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Spot = NDArray[np.float64]

RADIUS_MM = 1.9
_CLEAR_MM = 0.4
_FAR_MM = (4.2, 5.5, 7.5, 10.0, 13.0, 17.0, 22.0, 28.0)  # from spot to circle, nearest first
_TURN = np.radians(np.arange(45, 405, 22.5))
_ABOVE = 30.0  # zorder: over maps and photos


class Mark(NamedTuple):
    """A number, and where on the sheet what it stands for is."""

    told: str
    x_mm: float
    y_mm: float


def draw_marks(sheet: Sheet, box: Box, marks: Sequence[Mark], keep_off: Iterable[Box] = ()) -> None:
    """Draw marks within a box of a sheet, off each other, off every spot and off other boxes."""
    left, bottom, wide, high = box
    frame = shapely.box(left, bottom, left + wide, bottom + high).buffer(-RADIUS_MM - 0.3)
    taken = shapely.union_all([shapely.box(x, y, x + w, y + h) for x, y, w, h in keep_off])
    room = frame.difference(taken.buffer(RADIUS_MM)) if not taken.is_empty else frame
    over = _overlay(sheet)
    spots = np.array([(mark.x_mm, mark.y_mm) for mark in marks]).reshape(-1, 2)
    circles: list[Spot] = []
    for mark, spot in zip(marks, spots, strict=True):
        at = next(_places(spot, spots, circles, room), spot)
        circles.append(at)
        _draw(over, mark.told, at, spot)


def mark_swatch(told: str) -> Swatch:
    """Return a mark's circle for the key."""

    def draw(sheet: Sheet, left: float, baseline: float) -> None:
        _circle(sheet.page, told, np.array([left + SWATCH_MM / 2, baseline + 0.9]))

    return draw


def _overlay(sheet: Sheet) -> Axes:
    over = sheet.axes(0, 0, sheet.width_mm, sheet.height_mm)
    over.set(xlim=(0, sheet.width_mm), ylim=(0, sheet.height_mm))
    over.set_axis_off()
    over.set_zorder(_ABOVE)
    return over


def _places(
    spot: Spot, spots: Spot, circles: Sequence[Spot], room: shapely.Geometry
) -> Iterator[Spot]:
    """Yield free places for a circle, the nearest first; of equally near ones the emptiest."""
    shapely.prepare(room)
    held = np.array(circles).reshape(-1, 2)
    for far_mm in _FAR_MM:
        around = spot + far_mm * np.column_stack([np.cos(_TURN), np.sin(_TURN)])
        around = around[shapely.contains_xy(room, around)]
        empty = np.array([_nearest(at, spots) for at in around])
        for k in np.argsort(-empty.clip(max=2 * RADIUS_MM + 2), kind="stable"):
            off_circles = _nearest(around[k], held) > 2 * RADIUS_MM + _CLEAR_MM
            arrow_off = _off_line(spot, around[k], held) > RADIUS_MM + 0.2
            if empty[k] > RADIUS_MM + _CLEAR_MM and off_circles and arrow_off:
                yield around[k]
    # Where spots crowd, an arrow may cross another: the nearest place with no circle on it.
    west, south, east, north = shapely.bounds(room)
    step_mm = RADIUS_MM
    grid = np.stack(
        np.meshgrid(np.arange(west, east, step_mm), np.arange(south, north, step_mm)), axis=-1
    ).reshape(-1, 2)
    grid = grid[shapely.contains_xy(room, grid)]
    for k in np.argsort(np.hypot(*(grid - spot).T), kind="stable"):
        if _nearest(grid[k], held) > 2 * RADIUS_MM + _CLEAR_MM:
            yield grid[k]


def _nearest(at: Spot, others: Spot) -> float:
    return float(np.hypot(*(others - at).T).min()) if len(others) else np.inf


def _off_line(start: Spot, end: Spot, others: Spot) -> float:
    """Return how far the nearest of some points is from a line, mm."""
    if not len(others):
        return float("inf")
    return float(shapely.distance(shapely.LineString([start, end]), shapely.points(others)).min())


def _draw(over: Axes, told: str, at: Spot, spot: Spot) -> None:
    """Draw an arrow from a circle to its spot, and the circle."""
    gap = float(np.hypot(*(spot - at)))
    if gap > RADIUS_MM:
        start = at + (spot - at) * (RADIUS_MM / gap)
        arrow = FancyArrowPatch(
            tuple(start), tuple(spot), arrowstyle="-|>,head_length=0.32,head_width=0.14",
            mutation_scale=10, shrinkA=0, shrinkB=0, linewidth=0.7, color=INK, zorder=2,
        )  # fmt: skip
        arrow.set_path_effects([withStroke(linewidth=2.2, foreground="white"), Normal()])
        over.add_patch(arrow)
    _circle(over, told, at)


def _circle(axes: Axes, told: str, at: Spot) -> None:
    axes.add_patch(
        Circle((at[0], at[1]), RADIUS_MM, facecolor="white", edgecolor=INK, linewidth=0.8, zorder=3)
    )
    axes.text(
        at[0], at[1], told, size=SMALL_PT + 0.5, weight="bold", color=INK, family=family_of(told),
        ha="center", va="center_baseline", zorder=4, parse_math=False,
    )  # fmt: skip
