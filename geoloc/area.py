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
    clues: tuple[Clue, ...]  # that count: one of each origin
    prior: Prior
    likelihoods: tuple[Surface, ...]  # of each clue, (rows, cols), mean 1 under the prior

    def surface_if(self, reliability: float) -> Surface:
        """Return the surface as it would be, were every clue of this reliability, 0 to 1."""
        return _posterior(self.prior, self.likelihoods, [reliability] * len(self.clues))

    def vouched(self, code: str, reliability: float | None = None) -> Surface:
        """Return how surely, were the event in a cell, a clue that asserts a unit is right.

        A finding that says "within PD22" holds wherever PD22's line really runs. In as far as it
        is right, the uncertainty of that line is no doubt about PD22; counting it again would
        be counting it twice.

        Parameters
        ----------
        code : str
            The unit.
        reliability : float, optional
            Instead of each clue's own, 0 to 1.

        Returns
        -------
        array, (rows, cols)
            0 to 1; 0 everywhere if no clue asserts the unit.
        """
        doubt = np.ones(self.grid.shape)
        for clue, likelihood in zip(self.clues, self.likelihoods, strict=True):
            if code in clue.asserts:
                trust = clue.reliability if reliability is None else reliability
                mixed = _tempered(likelihood, trust)
                # Only a clue beyond all doubt leaves cells that cannot be: nothing to vouch for.
                doubt = doubt * np.divide(
                    1 - trust, mixed, out=np.zeros_like(mixed), where=mixed > 0
                )
        return 1 - doubt

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
    likelihoods = tuple(_scaled(clue.log_likelihood(prior.grid), prior) for clue in counted)
    surface = _posterior(prior, likelihoods, [clue.reliability for clue in counted])
    regions = tuple(_region(surface, prior.grid, share) for share in sorted(mass))
    return LikelyArea(surface, regions, counted, prior, likelihoods)


def _posterior(
    prior: Prior, likelihoods: Sequence[Surface], reliabilities: Sequence[float]
) -> Surface:
    """Multiply the prior by tempered likelihoods, in log space."""
    with np.errstate(divide="ignore"):
        total = np.log(prior.mass)
        for likelihood, reliability in zip(likelihoods, reliabilities, strict=True):
            total = total + np.log(_tempered(likelihood, reliability))
    if not np.isfinite(total).any():
        raise ClueError("reliability", "clues of reliability 1 exclude each other; one is wrong.")
    weights = np.exp(total - total.max())
    surface: Surface = weights / weights.sum()
    return surface


def _scaled(logs: Surface, prior: Prior) -> Surface:
    """Return likelihoods whose mean under the prior is 1; their scale means nothing."""
    within = logs[prior.mass > 0]
    if not np.isfinite(within).any():
        raise ClueError(
            "within",
            "has no ground in the study area (Kabul province): it lies elsewhere, or its units have"
            " nothing in common.",
        )
    likelihood = np.exp(logs - within.max())
    scaled: Surface = likelihood / (likelihood * prior.mass).sum()
    return scaled


def _tempered(likelihood: Surface, reliability: float) -> Surface:
    """Mix a likelihood with its mean under the prior, which is 1."""
    return reliability * likelihood + (1 - reliability)


def _region(surface: Surface, grid: geo.Grid, mass: float) -> Region:
    """Take the densest cells until they hold the mass; cells as dense as the last come along."""
    densest_first = np.sort(surface, axis=None)[::-1]
    enough = int(np.searchsorted(np.cumsum(densest_first), mass * (1 - 1e-12)))
    least = densest_first[min(enough, densest_first.size - 1)]
    cells = (surface >= least) & (surface > 0)
    return Region(
        mass, float(surface[cells].sum()), float(cells.sum() * grid.cell_km2), grid.outline(cells)
    )
