"""How precisely a likely area places an event, in the codes that other data sets use.

Everything here is derived from the likely area, and never from a claim: a claimed place has no
precision, because nothing shows that the event was there. The codes are ours, by the rules below,
and not those that ACLED or UCDP would give; they say how our location compares with theirs.

**Point and radius** (Darwin Core; Chapman and Wieczorek 2020, *Georeferencing Best Practices*,
GBIF). The radius reaches from the centre to the farthest point of the 95 % region as it may be
shown. The centre is that of the smallest circle around the region, or, where that lies outside the
region, the nearest point of it (the guide's corrected centre).

**UCDP** `where_prec` (Högbladh, *UCDP GED Codebook*): 1 exact location; 2 within about 25 km of a
known point; 3 second-order division (district); 4 first-order division (province); 5 an estimate
for what is no division; 6 the country only; 7 at sea or in the air. Our rule, first that holds:

1. it was found exactly, or the radius is at most 1 km: 1
2. the region is a district, a province or the country (they share at least 3/4 of their union):
   3, 4 or 6
3. the radius is at most 25 km: 2
4. at least 95 % of the region lies in one district, or one province: 3 or 4
5. anything else: 5. Code 7 is never given.

**ACLED** `geo_precision` (*ACLED Codebook*): 1 a particular town; 2 a small part of a region, or
near a town; 3 a larger region. Our rule: 1 for UCDP's 1, or if the radius is at most 2.5 km, the
size of a small town; 2 if it is at most 25 km or at least 95 % of the region lies in one district;
else 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely

from geoloc import boundaries, geo
from geoloc.casebook import coarse

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from geoloc.casebook.findings import Finding

MASS = 0.95  # of the region that precision is stated of
PROTOCOL = (
    "Point-radius of the 95 % highest-density region of the likely area (Chapman and Wieczorek"
    " 2020, Georeferencing Best Practices, GBIF): the radius reaches from the centre of the"
    " smallest circle around the region, or the point of the region nearest to it, to the"
    " region's farthest point."
)
ACLED_RULE = (
    "ACLED geo_precision, derived from the area: 1 if found exactly or within a radius of 2.5 km;"
    " 2 if within 25 km or in one district; else 3."
)
UCDP_RULE = (
    "UCDP where_prec, derived from the area: 1 if found exactly or within a radius of 1 km; 3, 4"
    " or 6 if the area is a district, a province or the country; 2 if within 25 km; 3 or 4 if it"
    " lies in one district or province; else 5."
)
_EXACT_M, _TOWN_M, _NEAR_M = 1_000.0, 2_500.0, 25_000.0
_SAME = 0.75  # of two areas' union that they share, from which on they are one
_INSIDE = 0.95  # of an area that lies in a unit, from which on it lies there

Acled = Literal[1, 2, 3]
Ucdp = Literal[1, 2, 3, 4, 5, 6]


@dataclass(frozen=True, slots=True)
class Precision:
    """How precisely an event is placed."""

    lon: float  # of the centre, WGS 84 degrees
    lat: float
    radius_m: float  # from the centre to the farthest point of the footprint, metres
    footprint: BaseGeometry  # the 95 % region as it may be shown, WGS 84
    acled: Acled  # geo_precision
    ucdp: Ucdp  # where_prec
    coarse: bool  # in squares of 1 km, so as to lead to nobody's home


def precision_of(finding: Finding, *, exact: bool = False) -> Precision | None:
    """Return how precisely a finding places its event; None where nothing was geolocated.

    Parameters
    ----------
    finding : Finding
        Whose likely area to measure.
    exact : bool
        Measure the region as it was found. Otherwise one that could lead to a home is measured
        in squares of 1 km, as it is shown; see `coarse`.
    """
    if finding.area is None:
        return None
    smaller = (each.mass for each in finding.area.regions if each.mass < MASS)
    *_, region = coarse.regions(finding, exact=exact, masses=(*smaller, MASS))
    hidden = not exact and coarse.pins(finding)
    footprint = region.geometry
    lon, lat = _centre(footprint)
    radius_m = _farthest_m(footprint, lon, lat)
    ucdp = _ucdp(finding, footprint, radius_m)
    return Precision(lon, lat, radius_m, footprint, _acled(ucdp, footprint, radius_m), ucdp, hidden)


def precision_as_json(precision: Precision | None) -> dict[str, Any] | None:
    """Return the codes with their rules, for scripts."""
    if precision is None:
        return None
    return {
        "lon": round(precision.lon, 5),
        "lat": round(precision.lat, 5),
        "radius_m": precision.radius_m,
        "protocol": PROTOCOL,
        "acled_geo_precision": precision.acled,
        "acled_rule": ACLED_RULE,
        "ucdp_where_prec": precision.ucdp,
        "ucdp_rule": UCDP_RULE,
    }


def _centre(shape: BaseGeometry) -> tuple[float, float]:
    """Return lon, lat of the middle of the smallest circle, moved into the shape if outside."""
    plane = geo.geometry_to_metres(shape)
    middle = shapely.minimum_bounding_circle(plane).centroid
    if not shapely.intersects(plane, middle):
        middle = shapely.get_point(shapely.shortest_line(plane, middle), 0)
    lon, lat = geo.to_degrees(middle.x, middle.y)
    return round(float(lon), 5), round(float(lat), 5)


def _farthest_m(shape: BaseGeometry, lon: float, lat: float) -> float:
    """Return the distance to the farthest corner, in whole metres, rounded up."""
    corners = shapely.get_coordinates(shape)
    here = np.full(len(corners), lon), np.full(len(corners), lat)
    lengths = geo.geod().inv(*here, corners[:, 0], corners[:, 1])[2]
    return float(math.ceil(np.max(lengths)))


def _ucdp(finding: Finding, shape: BaseGeometry, radius_m: float) -> Ucdp:
    if finding.status == "exact" or radius_m <= _EXACT_M:
        return 1
    districts, provinces = _shares(shape, "districts"), _shares(shape, "provinces")
    if any(same >= _SAME for _, same in districts):
        return 3
    if any(same >= _SAME for _, same in provinces):
        return 4
    if len(provinces) > 1 and _share(shape, _country())[1] >= _SAME:
        return 6
    if radius_m <= _NEAR_M:
        return 2
    if any(inside >= _INSIDE for inside, _ in districts):
        return 3
    return 4 if any(inside >= _INSIDE for inside, _ in provinces) else 5


def _acled(ucdp: Ucdp, shape: BaseGeometry, radius_m: float) -> Acled:
    if ucdp == 1 or radius_m <= _TOWN_M:
        return 1
    in_one = any(inside >= _INSIDE for inside, _ in _shares(shape, "districts"))
    return 2 if radius_m <= _NEAR_M or in_one else 3


def _shares(shape: BaseGeometry, layer: str) -> list[tuple[float, float]]:
    """Return, of each unit that meets a shape, what share lies there and how alike the two are."""
    near = (unit.geometry for unit in boundaries.load_layer(layer).values())
    return [_share(shape, unit) for unit in near if shapely.intersects(unit, shape)]


def _country() -> BaseGeometry:
    return shapely.union_all(
        [unit.geometry for unit in boundaries.load_layer("provinces").values()]
    )


def _share(shape: BaseGeometry, unit: BaseGeometry) -> tuple[float, float]:
    """Return the share of a shape in a unit, and of their union in both, measured in degrees."""
    both = shapely.intersection(shape, unit).area
    return both / shape.area, both / (shape.area + unit.area - both)
