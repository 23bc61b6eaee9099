"""How far the units that one claim names lie in each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from geoloc import boundaries, geo

_CELL_M = 500.0  # 250 m changes no share by more than 0.001
_REACH_DEG = 0.05  # about 5 km around a unit's drawn shape: a vague one reaches beyond it
_LEAST_SHARE = 0.01  # below this two units do not overlap


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much of each of two units lies in the other, by membership.

    `a_in_b` is the mean membership in `b` over the land of `a`, 0 to 1: 0.9 says that nine tenths
    of what `a` holds, `b` holds too. Both are None where one has no known line.
    """

    a: str  # code
    b: str
    a_in_b: float | None
    b_in_a: float | None

    @property
    def disjoint(self) -> bool:
        """Return whether nothing can be in both."""
        shares = (self.a_in_b, self.b_in_a)
        return None not in shares and max(share or 0 for share in shares) < _LEAST_SHARE


def agreement(codes: tuple[str, ...]) -> tuple[Overlap, ...]:
    """Return how far each two of the units overlap, in the editions in use.

    Raises
    ------
    PlaceError
        If a code is no unit's.
    """
    return tuple(overlap(a, b) for a, b in combinations(dict.fromkeys(codes), 2))


def overlap(a: str, b: str) -> Overlap:
    """Return how far two units overlap.

    Notes
    -----
    Units of one layer share no land, whatever their lines' σ: their overlap is 0, and 1 with
    themselves. Lines of different layers come from different surveys, so the membership in both is
    the product, summed over cells of 500 m.
    """
    return _overlap(a, b, tuple(boundaries.default_edition(name) for name in boundaries.LAYERS))


@lru_cache(maxsize=512)
def _overlap(a: str, b: str, _in_use: tuple[str, ...]) -> Overlap:
    if a == b:
        return Overlap(a, b, 1.0, 1.0)
    layers = [boundaries.layers_with(code)[0] for code in (a, b)]
    if layers[0].name == layers[1].name:
        return Overlap(a, b, 0.0, 0.0)
    shapes = [layer[code].geometry for layer, code in zip(layers, (a, b), strict=True)]
    if any(shape.is_empty for shape in shapes):
        return Overlap(a, b, None, None)
    own = [_land(layer, code) for layer, code in zip(layers, (a, b), strict=True)]
    shares = []
    for (lon, lat, share), layer, code in zip(own, reversed(layers), (b, a), strict=True):
        other = layer.membership(lon, lat, only=(code,))[code]
        shares.append(float((share * other).sum() / share.sum()))
    return Overlap(a, b, round(shares[0], 4), round(shares[1], 4))


def _land(layer: boundaries.Layer, code: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the cells that a unit can hold, and its membership in each, shape (n,)."""
    west, south, east, north = layer[code].geometry.bounds
    box = (west - _REACH_DEG, south - _REACH_DEG, east + _REACH_DEG, north + _REACH_DEG)
    cell_m = _CELL_M
    while (east - west) * (north - south) * 1e10 / cell_m**2 > 400_000:
        cell_m *= 2  # a province needs no finer cells
    lon, lat = (axis.ravel() for axis in geo.Grid.covering(box, cell_m).centres_deg())
    share = layer.membership(lon, lat, only=(code,))[code]
    held = share > 1e-4
    return lon[held], lat[held], share[held]
