"""Words on a map that never lie on each other: the first that asks for room gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from matplotlib.patheffects import withStroke

from geoloc.figures.paper import DPI, FONT, INK, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Floats = NDArray[np.float64]

_PIXELS_PER_PT = DPI / 72
# Where a name may stand to its point, best first: right, left, above, below, then in between.
_SIDES = np.array(
    [(1, 0), (-1, 0), (0, 1), (0, -1)]
    + [(x, y) for y in (0.5, -0.5, 1, -1) for x in (1, -1)]
    + [(x, y) for y in (1, -1) for x in (0.5, -0.5)]
)
_GAP_PT = 2.0
_DOT_PX = 5.0
_CLEAR_PT = 0.6  # the least distance between two words
_FRAME_PT = 1.5  # and between a word and the frame


class Labels:
    """The words of one map; boxes are in pixels, west, south, east, north."""

    def __init__(self, sheet: Sheet, axes: Axes, points_m: Floats) -> None:
        self._sheet, self._axes = sheet, axes
        self._marks = axes.transData.transform(points_m.reshape(-1, 2))  # better not covered
        inwards = np.array([1, 1, -1, -1]) * _FRAME_PT * _PIXELS_PER_PT
        self._frame = np.array(axes.get_window_extent().extents) + inwards
        self._taken: list[Floats] = []

    def reserve(self, south_west_m: Any, north_east_m: Any) -> None:
        """Keep words off what is drawn between two corners, such as a scale bar."""
        corners = self._axes.transData.transform([south_west_m, north_east_m])
        self._taken.append(corners.ravel())

    def reserve_box(self, box: Any) -> None:
        """Keep words off a box in pixels."""
        self._taken.append(np.asarray(box, float))

    @property
    def taken_mm(self) -> list[tuple[float, float, float, float]]:
        """Return what is taken: left, bottom, width and height on the sheet, millimetres."""
        mm = 25.4 / DPI
        return [
            (mm * west, mm * south, mm * (east - west), mm * (north - south))
            for west, south, east, north in self._taken
        ]

    def is_free(self, at_m: tuple[float, float]) -> bool:
        """Return whether no word stands on a point."""
        x, y = self._axes.transData.transform(at_m)
        point = np.array([x, y])
        return not any(_meet(_box(point, np.full(2, _DOT_PX)), other) for other in self._taken)

    def claim(self, at_m: tuple[float, float], text: str, size: float, **style: Any) -> bool:
        """Write words in the middle of a place; return False, and write nothing, if taken."""
        middle = self._axes.transData.transform(at_m)
        half = self._half_size(text, size, style)
        return self._write(middle, half, text, size, style)

    def beside(
        self, at_m: tuple[float, float], text: str, size: float, *, off: BaseGeometry, **style: Any
    ) -> bool:
        """Write words beside a point, where they hide least and their middle is off an area.

        Returns False, and writes nothing, where no side has room.
        """
        at = self._axes.transData.transform(at_m)
        half = self._half_size(text, size, style)
        middles = at + _SIDES * (half + _GAP_PT * _PIXELS_PER_PT)
        middles = middles[
            ~shapely.contains_xy(off, self._axes.transData.inverted().transform(middles))
        ]
        hidden = [self._hidden(_box(middle, half)) for middle in middles]
        for k in np.argsort(hidden, kind="stable"):  # of equally free sides the earlier one
            if self._write(middles[k], half, text, size, style):
                self._taken.append(_box(at, np.full(2, _DOT_PX)))
                return True
        return False

    def _half_size(self, text: str, size: float, style: dict[str, Any]) -> Floats:
        whole = {"family": FONT, "linespacing": 1.0, "parse_math": False, **style}
        probe = self._axes.text(0, 0, text, size=size, **whole)
        extent = probe.get_window_extent(self._sheet.renderer)
        probe.remove()
        return np.array([extent.width, extent.height]) / 2

    def _hidden(self, box: Floats) -> int:
        x, y = self._marks.T
        return int(((x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])).sum())

    def _write(
        self, middle: Floats, half: Floats, text: str, size: float, style: dict[str, Any]
    ) -> bool:
        box = _box(middle, half + _CLEAR_PT * _PIXELS_PER_PT / 2)
        inside = (box[:2] >= self._frame[:2]).all() and (box[2:] <= self._frame[2:]).all()
        if not inside or any(_meet(box, other) for other in self._taken):
            return False
        self._taken.append(box)
        x, y = self._axes.transData.inverted().transform(middle)
        whole: dict[str, Any] = {
            "size": size, "family": FONT, "linespacing": 1.0, "ha": "center", "va": "center",
            "color": INK, "zorder": 9, "parse_math": False, **style,
        }  # fmt: skip
        # The halo is a copy drawn as shapes, so that the words above it can still be selected.
        halo = self._axes.text(x, y, text, **{**whole, "zorder": 8, "color": "white"})
        halo.set_path_effects([withStroke(linewidth=1.8, foreground="white")])
        halo.set_gid("halo")
        self._axes.text(x, y, text, **whole)
        return True


def _box(middle: Floats, half: Floats) -> Floats:
    return np.concatenate([middle - half, middle + half])


def _meet(one: Floats, other: Floats) -> bool:
    return bool((one[:2] < other[2:]).all() and (other[:2] < one[2:]).all())
