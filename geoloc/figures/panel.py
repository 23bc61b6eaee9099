"""A map on a sheet: a frame of UTM 42N in true scale, what is drawn in it, and its furniture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from matplotlib.collections import LineCollection
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from geoloc import geo
from geoloc.figures.paper import Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Floats = NDArray[np.float64]

HATCH_MM = 1.1


@dataclass(frozen=True, slots=True)
class Panel:
    """One map on a page."""

    sheet: Sheet
    axes: Axes
    scale: float  # a millimetre on paper is so many on the ground
    frame: shapely.Polygon  # what it shows, UTM 42N

    def metres(self, length_mm: float) -> float:
        """Return the ground length, in metres, of a length on paper."""
        return length_mm * self.scale / 1000

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north, UTM 42N metres."""
        return self.frame.bounds

    def fill(self, shape: BaseGeometry, **style: Any) -> None:
        """Fill an area of UTM 42N."""
        path = outline_path(shape.intersection(self.frame.buffer(self.metres(2))))
        if path:
            whole = {"edgecolor": "none", "linewidth": 0, **style}
            self.axes.add_patch(PathPatch(path, **whole))

    def line(self, shape: BaseGeometry, **style: Any) -> None:
        """Draw the lines of a geometry of UTM 42N."""
        whole = {"linewidths": 0.6, "zorder": 4, **style}
        lines = lines_of(shape.intersection(self.frame))
        self.axes.add_collection(LineCollection(lines, **whole), autolim=False)

    def hatch(
        self, shape: BaseGeometry, *, step_mm: float = HATCH_MM, angle_deg: float = 45, **style: Any
    ) -> None:
        """Hatch an area with real lines: viewers draw PDF patterns at widths of their own."""
        within = shape.intersection(self.frame)
        if within.is_empty:
            return
        whole = {"linewidths": 0.3, "zorder": 2, **style}
        cut = hatching(self.bounds, self.metres(step_mm), angle_deg, within)
        self.axes.add_collection(LineCollection(lines_of(cut), **whole), autolim=False)


def hatching(
    bounds: tuple[float, float, float, float],
    step: float,
    angle_deg: float,
    within: BaseGeometry,
) -> BaseGeometry:
    """Return parallel lines within an area; each lies where it would in any other area."""
    west, south, east, north = bounds
    along = np.array([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))])
    across = np.array([-along[1], along[0]])
    corners = np.array([(x, y) for x in (west, east) for y in (south, north)])
    far, near = corners @ across, corners @ along
    offsets = np.arange(np.ceil(far.min() / step), np.floor(far.max() / step) + 1) * step
    ends = np.stack([near.min() * along + offsets[:, None] * across,
                     near.max() * along + offsets[:, None] * across], axis=1)  # fmt: skip
    shapely.prepare(within)
    lines = np.asarray(shapely.linestrings(ends))
    cut = shapely.intersection(lines[shapely.intersects(lines, within)], within)
    return shapely.MultiLineString(
        [part for part in shapely.get_parts(cut) if part.geom_type == "LineString"]
    )


def outline_path(shape: BaseGeometry) -> Path | None:
    """Return the rings of an area as one path; None where it has none."""
    rings = [
        Path(np.asarray(ring.coords), closed=True)
        for part in polygons(shape)
        for ring in (part.exterior, *part.interiors)
    ]
    return Path.make_compound_path(*rings) if rings else None


def lines_of(shape: BaseGeometry) -> list[Floats]:
    """Return the lines of a geometry, outlines of areas among them, as coordinates."""
    return [
        np.asarray(line.coords)
        for part in shapely.get_parts(shapely.get_parts(shape))
        for line in shapely.get_parts(part.boundary if part.geom_type == "Polygon" else part)
        if line.geom_type in ("LineString", "LinearRing")
    ]


def in_metres(shape: BaseGeometry) -> Any:
    """Return a WGS 84 geometry on UTM 42N."""
    return shapely.transform(shape, lambda at: np.column_stack(geo.to_metres(*at.T)))


def polygons(shape: BaseGeometry) -> list[shapely.Polygon]:
    """Return the parts of a shape that have an area, largest first."""
    parts = [p for p in shapely.get_parts(shape) if isinstance(p, shapely.Polygon) and p.area]
    return sorted(parts, key=lambda part: -part.area)


def pole(shape: BaseGeometry) -> tuple[tuple[float, float], float]:
    """Return the middle and the radius of the largest circle in a shape; nothing is at 0, 0."""
    parts = polygons(shape)
    if not parts:
        return (0.0, 0.0), 0.0
    circle = max((shapely.maximum_inscribed_circle(part, 20) for part in parts), key=shapely.length)
    (x, y), *_ = circle.coords
    return (x, y), float(circle.length)


def shared_lines(shapes: Iterable[BaseGeometry]) -> BaseGeometry:
    """Return the outlines of neighbours, each line once: dashes drawn twice fill their gaps."""
    return shapely.line_merge(shapely.union_all([shape.boundary for shape in shapes]))


def steps(first: float, last: float, step: float) -> Floats:
    """Return the whole multiples of a step between two numbers."""
    return np.arange(np.ceil(first / step), np.floor(last / step) + 1) * step


def round_number(at_most: float, digits: Sequence[int] = (1, 2, 5)) -> float:
    """Return the largest of some digits times a power of ten that is not above a number."""
    power = 10.0 ** np.floor(np.log10(at_most))
    return float(max(k * power for k in digits if k * power <= at_most * 1.000001))


def degrees_on_frame(panel: Panel, step_deg: float, *, top: bool) -> tuple[Floats, ...]:
    """Return degrees with their places: longitudes with eastings, latitudes with northings.

    Where a meridian meets the frame is asked at the latitude of the frame's top or bottom: the
    grid of UTM is turned against them by some tenths of a degree.
    """
    west, south, east, north = panel.frame.buffer(-panel.metres(4)).bounds  # corners stay free
    edge_m = north if top else south
    (lon_1, lon_2), _ = geo.to_degrees([west, east], [edge_m, edge_m])
    _, (lat_1, lat_2) = geo.to_degrees([west, west], [south, north])
    lons, lats = steps(lon_1, lon_2, step_deg), steps(lat_1, lat_2, step_deg)
    edge_lat = float(geo.to_degrees([(west + east) / 2], [edge_m])[1][0])
    return (
        lons, np.asarray(geo.to_metres(lons, np.full(len(lons), edge_lat))[0]),
        lats, np.asarray(geo.to_metres(np.full(len(lats), lon_1), lats)[1]),
    )  # fmt: skip
