"""Where an event is expected before any clue."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoloc import boundaries, geo
from geoloc.clues.ground import check_shape
from geoloc.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Surface = NDArray[np.float64]

STUDY_AREA = "AF01"  # Kabul province: where an event is looked for when nothing else is said
_ROUND_CELLS_M = (10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0)
_ORDINARY_CELLS = 200_000  # a case of four clues then takes well under a second


# Identity, not equality: two large arrays are not compared by accident.
@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """Where the event is expected before any clue: a probability per cell, summing to 1.

    Raises
    ------
    InputError
        If `mass` has another shape than the grid, or is no such probability.
    """

    grid: geo.Grid
    mass: Surface  # (rows, cols)
    name: str  # how it reads in a report, e.g. "uniform over Kabul province"

    def __post_init__(self) -> None:
        if self.mass.shape != self.grid.shape:
            raise InputError(f"mass is {self.mass.shape}, but the grid is {self.grid.shape}.")
        total = float(self.mass.sum())
        if not (self.mass.min() >= 0 and abs(total - 1) < 1e-6):
            raise InputError(f"mass must be 0 or more in each cell and sum to 1, not to {total:g}.")


def uniform_prior(study: str | BaseGeometry = STUDY_AREA, cell_m: float | None = None) -> Prior:
    """Return equal probability for every cell whose centre lies in the study area.

    Parameters
    ----------
    study : str or polygon in WGS 84
        The unit, or the drawn area, outside which the event is taken to be impossible; by default
        Kabul province.
    cell_m : float, optional
        Side of a cell in metres, above zero; by default the least round length that needs at most
        200,000 cells (250 m for Kabul province).

    Raises
    ------
    InputError
        If the study area has no known line, is no polygon that can be drawn, holds no cell, or
        needs more than 4 million cells.
    """
    return _uniform(*_study(study), cell_m)


@lru_cache(maxsize=4)  # most cases of a casebook share one
def _uniform(shape: BaseGeometry, name: str, cell_m: float | None) -> Prior:
    grid = geo.Grid.covering(shape.bounds, _ordinary_cell_m(shape) if cell_m is None else cell_m)
    inside = _cells_in(shape, grid).astype(float)
    if not inside.any():
        raise InputError(f"No cell of {grid.cell_m:g} m has its centre in {name}; choose smaller.")
    inside /= inside.sum()
    inside.setflags(write=False)
    return Prior(grid, inside, f"uniform over {name}")


def raster_prior(
    file: Path | str,
    study: str | BaseGeometry = STUDY_AREA,
    cell_m: float | None = None,
    *,
    floor: float = 0.05,
) -> Prior:
    """Return probability in proportion to a raster, e.g. built-up land or population.

    Parameters
    ----------
    file : path, or a name without suffix
        A GeoTIFF of densities at or above 0 in any CRS. A name, e.g. `built-up`, means that file
        among the user's own rasters.
    study, cell_m
        As for `uniform_prior`.
    floor : float
        Share of the probability that is spread evenly all the same, 0 to 1: a raster may be old,
        or blind to what is hidden. The default is a judgement.

    Raises
    ------
    InputError
        If the raster cannot be read, lies elsewhere or holds nothing above 0 in the study area.
    """
    if not 0 <= floor <= 1:
        raise InputError(f"floor must be from 0 to 1, got {floor!r}.")
    even = uniform_prior(study, cell_m)
    path = raster_file(file)
    values = geo.read_raster(path, even.grid, categories=False)
    known = (even.mass > 0) & np.isfinite(values)
    density = np.where(known, values, 0.0).clip(min=0).astype(float)
    if not density.sum() > 0:
        raise InputError(f"{path.name} has no value above 0 in the study area.")
    mass = (1 - floor) * density / density.sum() + floor * even.mass
    name = f"{path.stem} over {_study(study)[1]}"
    knows = float(even.mass[known].sum())
    if knows < 0.995:
        name += f", of which it knows {boundaries.percent(knows)}"
    return Prior(even.grid, mass, name)


def raster_file(file: Path | str) -> Path:
    """Return the raster that a path means, or a name without suffix among the user's own."""
    path = Path(file)
    with contextlib.suppress(OSError):  # a name too long to be one
        if path.suffix or path.exists():
            return path
    return boundaries.user_folder().parent / "rasters" / f"{path.name}.tif"


def _study(study: str | BaseGeometry) -> tuple[BaseGeometry, str]:
    """Return the shape of a study area and how it reads."""
    if not isinstance(study, str):
        check_shape("study", study, ("Polygon",))
        return study, "the drawn study area"
    unit = boundaries.unit(study)
    if unit.geometry.is_empty:
        raise InputError(f"{study} has no known line and cannot bound a study area.")
    kind = {"AF": " province"}.get(unit.parent, " district" if unit.code[:3] == "AF0" else "")
    return unit.geometry, f"{unit.name}{kind}"


def _ordinary_cell_m(shape: BaseGeometry) -> float:
    box_m2 = shapely.box(*geo.geometry_to_metres(shape).bounds).area
    enough = (cell for cell in _ROUND_CELLS_M if box_m2 / cell**2 <= _ORDINARY_CELLS)
    return next(enough, _ROUND_CELLS_M[-1])


def _cells_in(shape: BaseGeometry, grid: geo.Grid) -> NDArray[np.bool_]:
    lon, lat = geo.to_degrees(*grid.centres_m())
    shapely.prepare(shape)
    inside: NDArray[np.bool_] = shapely.intersects_xy(shape, lon, lat)
    return inside
