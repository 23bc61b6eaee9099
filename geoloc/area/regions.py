"""The smallest sets of cells that hold a share of the posterior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoloc import geo
from geoloc.area.fusion import densest

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Surface = NDArray[np.float64]
    Cells = NDArray[np.bool_]

_TIE = 1e-9  # densities that differ by less, relatively, are alike


@dataclass(frozen=True, slots=True)
class Region:
    """The smallest set of cells that holds a share of the posterior."""

    mass: float  # asked for, 0 to 1
    held: float  # what it really holds; at or above `mass` unless it was cleaned
    area_km2: float
    geometry: BaseGeometry  # WGS 84, along cell edges

    @property
    def diameter_km(self) -> float:
        """Return the distance between its two farthest corners, on UTM 42N."""
        hull = shapely.convex_hull(geo.geometry_to_metres(self.geometry))
        x, y = shapely.get_coordinates(hull).T
        return float(np.hypot(x[:, None] - x, y[:, None] - y).max(initial=0.0) / 1000)


def regions(surface: Surface, grid: geo.Grid, masses: Sequence[float]) -> tuple[Region, ...]:
    """Return the highest-density region of each mass, smallest first.

    The densest cells are taken until they hold the mass; cells that are as dense as the last one
    come along, so that on a flat surface every region is the whole of it.
    """
    ordered = sorted(masses)
    found = []
    for mass, least in zip(ordered, densest(surface, ordered), strict=True):
        found.append(region_of(surface >= max(least * (1 - _TIE), 5e-324), surface, grid, mass))
    return tuple(found)


def region_of(cells: Cells, surface: Surface, grid: geo.Grid, mass: float) -> Region:
    """Return marked cells as a region that states what it holds."""
    box = bounds_of(cells)
    held, count = float(surface[box][cells[box]].sum()), int(cells[box].sum())
    return Region(mass, min(held, 1.0), count * grid.cell_km2, grid.outline(cells))


def bounds_of(cells: Cells) -> tuple[slice, slice]:
    """Return the rows and columns of the box around the marked cells; empty if none is."""
    rows, columns = (np.flatnonzero(cells.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return slice(0), slice(0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def cleaned(region: Region, surface: Surface, grid: geo.Grid, least_km2: float) -> Region:
    """Return a region without its parts and holes below a size, its mass and area stated anew."""
    from scipy import ndimage

    # A rim around the grid: what is open to it is no hole.
    cells = np.pad(grid.cells_in(region.geometry), 1)
    for inside in (True, False):
        parts: Any
        # Parts hang together by edges only; what surrounds a hole may touch at a corner.
        parts, count = ndimage.label(cells == inside)
        size_km2 = np.bincount(parts.ravel(), minlength=count + 1) * grid.cell_km2
        small = size_km2 < least_km2
        small[[0, parts[0, 0]]] = False
        cells = np.where(small[parts], not inside, cells)
    return region_of(cells[1:-1, 1:-1], surface, grid, region.mass)
