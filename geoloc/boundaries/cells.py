"""A unit as an edition draws it, seen from every cell of a grid."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from geoloc import geo
from geoloc.boundaries.layers import Layer, normal_cdf

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_KEPT, _SMALL = 64, 250_000  # units that stay in memory, and cells up to which one does (8 MB)
_CERTAIN_SIGMAS = 9.0  # Φ(9) is 1 to the last digit, and Φ(-9) is 1e-19


class UnitCells:
    """One unit's membership in every cell, and what it were by another line."""

    def __init__(self, layer: Layer, code: str, grid: geo.Grid) -> None:
        self.code = code
        self.edition = layer.edition.id
        self._layer, self._grid = layer, grid
        self._among: SomeCells | None = None

    @cached_property
    def share(self) -> Floats:
        """Return the unit's membership at each cell's centre, 0 to 1, shape (rows · cols,)."""
        if self._layer.edition.membership is not None:  # a stored surface knows no reach
            return self._layer.membership(*self._centres_deg, only=(self.code,))[self.code]
        share = self._inside.astype(float)
        lon, lat = (axis[self._near] for axis in self._centres_deg)
        share[self._near] = self._layer.membership(lon, lat, only=(self.code,))[self.code]
        return share

    def membership(self, sigma_factor: float = 1.0, shift_m: float = 0.0) -> Floats:
        """Return memberships were σ so many times itself and the line moved outwards, metres."""
        if sigma_factor == 1 and not shift_m:
            return self.share
        return moved(*self.line, sigma_factor, shift_m)

    def among(self, cells: NDArray[np.intp]) -> SomeCells:
        """Return the unit as only some cells see it; what was asked last is kept."""
        some = self._among
        if some is None or some.cells is not cells:
            some = self._among = SomeCells(self, cells)
        return some

    @cached_property
    def line(self) -> tuple[Floats, Floats, Floats]:
        """Return how far inside its line each cell lies, and σ there, both in metres.

        The third is the ratio of the membership to Φ of both: what neighbours claim where lines
        meet stays with it.
        """
        margin_m = self._about_m.copy()
        sigma_m = np.full(margin_m.size, self._layer[self.code].sigma_m)
        near = self._near
        if self._layer.edition.membership is not None:
            near = np.union1d(near, np.flatnonzero((self.share > 0) & (self.share < 1)))
        lon, lat = (axis[near] for axis in self._centres_deg)
        margin_m[near], sigma_m[near] = self._layer.margin_m(self.code, lon, lat)
        plain = normal_cdf(margin_m / sigma_m)
        ratio = np.divide(self.share, plain, out=np.ones_like(plain), where=plain > 1e-9)
        return margin_m, sigma_m, ratio

    @cached_property
    def _inside(self) -> NDArray[np.bool_]:
        return self._grid.cells_in(self._layer[self.code].geometry).ravel()

    @cached_property
    def _about_m(self) -> Floats:
        """Return how far inside the line each cell lies, metres, counted in cells."""
        from scipy.ndimage import distance_transform_edt

        inside = self._inside.reshape(self._grid.shape)
        cells = np.where(inside, distance_transform_edt(inside), distance_transform_edt(~inside))
        signed: Floats = np.where(inside, 1.0, -1.0) * (cells - 0.5) * self._grid.cell_m
        return signed.ravel()

    @cached_property
    def _near(self) -> NDArray[np.intp]:
        """Return the cells whose distance is measured; that of the others is counted in cells."""
        reach_m = self._layer.reach_m(self.code) + 2 * self._grid.cell_m
        return np.flatnonzero(np.abs(self._about_m) < reach_m)

    @cached_property
    def _centres_deg(self) -> tuple[Floats, Floats]:
        lon, lat = self._grid.centres_deg()
        return lon.ravel(), lat.ravel()


class SomeCells:
    """One unit's membership in some of a grid's cells, for many lines: the last is kept."""

    def __init__(self, unit: UnitCells, cells: NDArray[np.intp]) -> None:
        self.code, self.edition, self.cells = unit.code, unit.edition, cells
        self._unit = unit
        self._by_sigma = {1.0: unit.share[cells]}
        self._shifted: tuple[tuple[float, float], Floats] | None = None

    def membership(self, sigma_factor: float = 1.0, shift_m: float = 0.0) -> Floats:
        """Return what `UnitCells.membership` does, shape (cells,)."""
        if shift_m:
            asked, last = (sigma_factor, shift_m), self._shifted
            if last is None or last[0] != asked:
                last = self._shifted = asked, moved(*self._line, sigma_factor, shift_m)
            return last[1]
        if sigma_factor not in self._by_sigma:
            self._by_sigma[sigma_factor] = moved(*self._line, sigma_factor, 0.0)
        return self._by_sigma[sigma_factor]

    @cached_property
    def _line(self) -> tuple[Floats, Floats, Floats]:
        margin_m, sigma_m, ratio = self._unit.line
        return margin_m[self.cells], sigma_m[self.cells], ratio[self.cells]


def moved(
    margin_m: Floats,
    sigma_m: Floats | float,
    ratio: Floats | float,
    sigma_factor: float,
    shift_m: float,
) -> Floats:
    """Return memberships by another line: Φ of the margin over σ, times the ratio, 0 to 1."""
    z = (margin_m + shift_m) / (sigma_m * sigma_factor)
    share: Floats = (z > 0).astype(float)
    near = np.flatnonzero(np.abs(z) < _CERTAIN_SIGMAS)  # of most cells it is certain
    share[near] = normal_cdf(z[near])
    share *= ratio
    np.minimum(share, 1, out=share)
    return share


def unit_cells(layer: Layer, code: str, grid: geo.Grid) -> UnitCells:
    """Return a unit of a layer as the cells of a grid see it.

    A casebook's clues and verdicts share what was computed once; of a large grid a few units would
    fill the memory, so that nothing is kept.
    """
    return (_kept if grid.rows * grid.cols <= _SMALL else UnitCells)(layer, code, grid)


@lru_cache(maxsize=_KEPT)
def _kept(layer: Layer, code: str, grid: geo.Grid) -> UnitCells:
    return UnitCells(layer, code, grid)
