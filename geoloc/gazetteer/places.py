"""Places that a claim can name: units, areas without a line of their own, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoloc import boundaries, geo
from geoloc.gazetteer.units import unit_name

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Area:
    """A piece of ground without a surveyed line: a shape, how surely it is known, and why so."""

    geometry: BaseGeometry = field(repr=False)  # polygons, WGS 84
    sigma_m: float  # σ of its edge, metres, above zero
    rule: str  # how the shape was come by, in words

    def membership(self, lon: Floats, lat: Floats) -> Floats:
        """Return how surely each WGS 84 point lies in it, 0 to 1, shape (n,).

        Φ(signed distance to the edge / σ), measured on UTM 42N.
        """
        shares: Floats = boundaries.normal_cdf(self.margin_m(lon, lat) / self.sigma_m)
        return shares

    def margin_m(self, lon: Floats, lat: Floats) -> Floats:
        """Return how far inside its edge each WGS 84 point lies, metres; below zero outside."""
        shape = geo.geometry_to_metres(self.geometry)
        shapely.prepare(shape)
        points = shapely.points(*geo.to_metres(lon, lat))
        to_edge_m = shapely.distance(shape.boundary, points)
        margin_m: Floats = np.where(shapely.intersects(shape, points), to_edge_m, -to_edge_m)
        return margin_m


@dataclass(frozen=True, slots=True)
class Place:
    """A claimed place: the words, and the units and the area that must all hold the event."""

    text: str  # as written in the claim
    codes: tuple[str, ...]  # unit codes; empty where the words name no unit we have
    senses: tuple[tuple[str, ...], ...] = ()  # other units that the words may mean
    area: Area | None = None  # where the words name something that has no line

    @property
    def name(self) -> str:
        """Return the units' names, e.g. `Bagrami district, PD22`; of several senses all."""
        if not self.codes and self.area:
            return self.text
        senses = (self.codes, *self.senses)
        return " or ".join(", ".join(unit_name(code) for code in codes) for codes in senses)

    @property
    def geometry(self) -> BaseGeometry | None:
        """Return what units and area have in common, WGS 84; None where a line is unknown.

        Empty where they have nothing in common.
        """
        shapes: list[BaseGeometry] = [boundaries.unit(code).geometry for code in self.codes]
        shapes += [self.area.geometry] if self.area else []
        if not shapes or any(shape.is_empty for shape in shapes):
            return None
        common: BaseGeometry = shapely.intersection_all(shapes)
        return common

    def membership(self, lon: Floats, lat: Floats) -> Floats | None:
        """Return how surely each WGS 84 point lies in units and area alike, 0 to 1, shape (n,).

        None where one of the units has no known line, or there is neither unit nor area. Lines of
        different layers come from different surveys, so their memberships are multiplied.
        """
        if not self.codes and self.area is None:
            return None
        shares = np.ones(np.shape(lon))
        for code in self.codes:
            layer = boundaries.layers_with(code)[0]
            if layer[code].geometry.is_empty:
                return None
            shares = shares * layer.membership(lon, lat, only=(code,))[code]
        if self.area:
            shares = shares * self.area.membership(lon, lat)
        return shares


def around(points: Sequence[tuple[float, float]], radius_m: float) -> BaseGeometry:
    """Return the convex hull of WGS 84 points, widened by a radius in metres."""
    east, north = geo.to_metres(*np.array(points, float).T)
    hull: BaseGeometry = shapely.MultiPoint(np.column_stack([east, north])).convex_hull
    return geo.geometry_to_degrees(hull.buffer(radius_m, quad_segs=8))


@lru_cache(maxsize=8)
def union(codes: tuple[str, ...], _edition: str) -> BaseGeometry:
    """Return the ground of several units of the edition in use together, WGS 84."""
    ground: BaseGeometry = shapely.union_all([boundaries.unit(code).geometry for code in codes])
    return ground
