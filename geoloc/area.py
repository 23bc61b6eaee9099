"""Clues and a prior to a posterior surface, and from it the likely area.

Each clue enters as r·L + (1 − r)·L̄, where r is its reliability and L̄ the mean of L under the
prior: a clue that turns out to be about something else then says nothing, and no clue can empty
the map. Sums are taken in log space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geoloc import boundaries, geo
from geoloc.errors import ClueError, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geoloc.clues import Clue

    Surface = NDArray[np.float64]

MASSES = (0.5, 0.8, 0.95)
STUDY_AREA = "AF01"  # Kabul province: where an event is looked for when nothing else is said
CELL_M = 250.0


@dataclass(frozen=True, slots=True)
class Prior:
    """Where the event is expected before any clue: a probability per cell, summing to 1."""

    grid: geo.Grid
    mass: Surface  # (rows, cols)
    name: str  # how it reads in a report, e.g. "uniform over Kabul province"


@dataclass(frozen=True, slots=True)
class Region:
    """The smallest set of cells that holds a share of the posterior."""

    mass: float  # asked for, 0 to 1
    held: float  # what it really holds, at or above `mass`
    area_km2: float
    geometry: BaseGeometry  # WGS 84, along cell edges


@dataclass(frozen=True, slots=True)
class LikelyArea:
    """Where the event probably happened."""

    surface: Surface  # posterior per cell, (rows, cols), sums to 1
    regions: tuple[Region, ...]  # one per mass, smallest first, each inside the next
    clues: tuple[Clue, ...]
    prior: Prior
    log_likelihoods: tuple[Surface, ...]  # of each clue that counts, (rows, cols)

    def surface_if(self, reliability: float) -> Surface:
        """Return the surface as it would be, were every clue of this reliability, 0 to 1."""
        return _posterior(self.prior, [(logs, reliability) for logs in self.log_likelihoods])

    @property
    def grid(self) -> geo.Grid:
        """Return the grid of the surface."""
        return self.prior.grid

    def region(self, mass: float) -> Region:
        """Return the region of one of the masses asked for."""
        return next(region for region in self.regions if region.mass == mass)


def uniform_prior(code: str = STUDY_AREA, cell_m: float = CELL_M) -> Prior:
    """Return equal probability for every cell whose centre lies in a unit.

    Parameters
    ----------
    code : str
        The unit that bounds the study area, by default Kabul province.
    cell_m : float
        Side of a cell in metres, above zero.
    """
    import shapely

    shape = boundaries.unit(code).geometry
    if shape.is_empty:
        raise InputError(f"{code} has no known line and cannot bound a study area.")
    grid = geo.Grid.covering(shape.bounds, cell_m)
    lon, lat = geo.to_degrees(*grid.centres_m())
    shapely.prepare(shape)
    inside = shapely.intersects_xy(shape, lon, lat).astype(float)
    return Prior(grid, inside / inside.sum(), f"uniform over {boundaries.unit(code).name} province")


def likely_area(
    clues: Sequence[Clue], prior: Prior | None = None, mass: Sequence[float] = MASSES
) -> LikelyArea:
    """Return the posterior surface of the clues and its highest-density regions.

    Parameters
    ----------
    clues : sequence of Clue
        At least one. Two posts of one photo are one clue: of each origin only the first counts.
    prior : Prior, optional
        By default uniform over Kabul province, 250 m cells.
    mass : sequence of float
        Shares of the posterior, each above 0 and at most 1.

    Returns
    -------
    LikelyArea

    Raises
    ------
    ClueError
        If a clue cannot be drawn, or no clue is given.
    InputError
        If a mass is out of range.
    """
    if not clues:
        raise ClueError("clues", "there is none; without evidence there is no likely area.")
    if any(not 0 < share <= 1 for share in mass):
        raise InputError(f"mass must be above 0 and at most 1, got {tuple(mass)}.")
    prior = prior or uniform_prior()
    counted = tuple({clue.origin: clue for clue in reversed(clues)}.values())
    logs = tuple(clue.log_likelihood(prior.grid) for clue in counted)
    trusts = [clue.reliability for clue in counted]
    surface = _posterior(prior, list(zip(logs, trusts, strict=True)))
    regions = tuple(_region(surface, prior.grid, share) for share in sorted(mass))
    return LikelyArea(surface, regions, tuple(clues), prior, logs)


def _posterior(prior: Prior, evidence: Sequence[tuple[Surface, float]]) -> Surface:
    """Multiply a prior by tempered likelihoods, each given with its reliability."""
    with np.errstate(divide="ignore"):
        total = np.log(prior.mass)
    for logs, reliability in evidence:
        total = total + _tempered(logs, reliability, prior)
    weights = np.exp(total - total.max())
    surface: Surface = weights / weights.sum()
    return surface


def _tempered(logs: Surface, reliability: float, prior: Prior) -> Surface:
    """Mix a likelihood with its own mean under the prior: log(r·L + (1 − r)·L̄)."""
    if not np.isfinite(logs[prior.mass > 0]).any():
        raise ClueError("codes", "lies wholly outside the study area; widen the study area.")
    likelihood = np.exp(logs - logs.max())  # the scale cancels when the surface is normalised
    mean = float((likelihood * prior.mass).sum())
    with np.errstate(divide="ignore"):
        mixed: Surface = np.log(reliability * likelihood + (1 - reliability) * mean)
    return mixed


def _region(surface: Surface, grid: geo.Grid, mass: float) -> Region:
    """Take the densest cells until they hold the mass; cells as dense as the last come along."""
    densest_first = np.sort(surface, axis=None)[::-1]
    enough = int(np.searchsorted(np.cumsum(densest_first), mass * (1 - 1e-12)))
    least = densest_first[min(enough, densest_first.size - 1)]
    cells = (surface >= least) & (surface > 0)
    return Region(
        mass, float(surface[cells].sum()), float(cells.sum() * grid.cell_km2), grid.outline(cells)
    )
