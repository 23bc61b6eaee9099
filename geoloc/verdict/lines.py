"""A claimed unit as an edition draws it, seen from every cell of a grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from geoloc import boundaries, geo

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_NEAR_SIGMAS = 8.0  # farther from its line a membership is 0 or 1, whatever the line does
_KEPT, _SMALL = 64, 250_000  # lines that stay in memory, and cells up to which one does (8 MB)


@dataclass(frozen=True, slots=True)
class Line:
    """One claimed unit as an edition draws it, seen from every cell of the grid."""

    code: str
    edition: str
    share: Floats  # the unit's membership, as `geoloc check` tells it, (cells,)
    margin_m: Floats  # how far inside its line the cell's centre lies, (cells,)
    sigma_m: Floats  # of the nearest stretch of its line, (cells,)
    ratio: Floats  # of the share to Φ(margin / σ): neighbours' claims count where lines meet

    def membership(self, sigma_factor: float = 1.0, shift_m: float = 0.0) -> Floats:
        """Return memberships were σ scaled and the line moved outwards."""
        if sigma_factor == 1 and not shift_m:
            return self.share
        moved = boundaries.normal_cdf((self.margin_m + shift_m) / (self.sigma_m * sigma_factor))
        return np.clip(moved * self.ratio, 0.0, 1.0)


Drawing = tuple[Line, ...]  # of each claimed unit, in one combination of editions


def drawings(codes: tuple[str, ...], grid: geo.Grid) -> Iterator[Drawing]:
    """Yield the claimed lines in each combination of editions that have them, default first."""
    editions = [[layer.edition.id for layer in boundaries.layers_with(code)] for code in codes]
    # The verdicts of a casebook share their lines; of a large grid a few would fill the memory.
    line = _kept_line if grid.rows * grid.cols <= _SMALL else _line
    for chosen in product(*editions):
        yield tuple(line(code, edition, grid) for code, edition in zip(codes, chosen, strict=True))


@lru_cache(maxsize=_KEPT)
def _kept_line(code: str, edition: str, grid: geo.Grid) -> Line:
    return _line(code, edition, grid)


def _line(code: str, edition: str, grid: geo.Grid) -> Line:
    """Measure cells near the line exactly, and count the rest in cells."""
    from scipy.ndimage import distance_transform_edt

    layer = next(each for each in boundaries.layers_with(code) if each.edition.id == edition)
    inside = grid.cells_in(layer[code].geometry)
    to_line = np.where(inside, distance_transform_edt(inside), distance_transform_edt(~inside))
    margin_m = np.where(inside, 1.0, -1.0).ravel() * (to_line.ravel() - 0.5) * grid.cell_m
    share = inside.ravel().astype(float)
    sigma_m = np.full(share.size, layer[code].sigma_m)
    reach_m = _NEAR_SIGMAS * max(layer[code].sigma_m, 1000.0) + 2 * grid.cell_m
    # A stored surface knows no reach.
    everywhere = layer.edition.membership is not None
    near = np.flatnonzero(everywhere | (np.abs(margin_m) < reach_m))
    lon, lat = (axis.ravel()[near] for axis in geo.to_degrees(*grid.centres_m()))
    share[near] = layer.membership(lon, lat, only=(code,))[code]
    margin_m[near], sigma_m[near] = layer.margin_m(code, lon, lat)
    plain = boundaries.normal_cdf(margin_m / sigma_m)
    ratio = np.divide(share, plain, out=np.ones_like(plain), where=plain > 1e-9)
    return Line(code, edition, share, margin_m, sigma_m, ratio)
