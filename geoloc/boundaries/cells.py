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


class UnitCells:
    """One unit's membership in every cell, and what it were by another line."""

    def __init__(self, layer: Layer, code: str, grid: geo.Grid) -> None:
        self.code = code
        self.edition = layer.edition.id
        self._layer, self._grid = layer, grid

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
        margin_m, sigma_m, ratio = self._line
        return np.clip(normal_cdf((margin_m + shift_m) / (sigma_m * sigma_factor)) * ratio, 0, 1)

    @cached_property
    def _line(self) -> tuple[Floats, Floats, Floats]:
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


def unit_cells(layer: Layer, code: str, grid: geo.Grid) -> UnitCells:
    """Return a unit of a layer as the cells of a grid see it.

    A casebook's clues and verdicts share what was computed once; of a large grid a few units would
    fill the memory, so that nothing is kept.
    """
    return (_kept if grid.rows * grid.cols <= _SMALL else UnitCells)(layer, code, grid)


@lru_cache(maxsize=_KEPT)
def _kept(layer: Layer, code: str, grid: geo.Grid) -> UnitCells:
    return UnitCells(layer, code, grid)
