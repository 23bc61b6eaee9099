"""Label any number of points: unit, membership and distance to the nearest line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoloc import geo
from geoloc.boundaries.layers import MANY, Layer, Points, columns, load_layer

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Labels = NDArray[np.int16]

ASSIGNED = (
    "province_code", "district_code", "district_membership", "pd_code", "pd_membership",
    "pd_none_membership", "distance_to_line_m",
)  # fmt: skip
_CHUNK = 65_536  # points whose working arrays exist at one time
_BLOCK = 16_384  # points whose memberships in all units within reach exist at one time


def units_at(
    lon: ArrayLike, lat: ArrayLike, name: str, edition: str | None = None
) -> pd.Categorical[str]:
    """Return the code of the unit whose polygon holds each point, and nothing else of it.

    Parameters
    ----------
    lon, lat : float or array-like, shape (n,)
        WGS 84 degrees.
    name : str
        `provinces`, `districts` or `police-districts`.
    edition : str, optional
        An edition's id; by default the one in use.

    Returns
    -------
    Categorical of str, n values
        "" where no unit holds the point, or a coordinate is NaN. A polygon holds its line too; on
        a line that units share, the unit whose code sorts first (as text) holds the point.

    Raises
    ------
    InputError
        If `lon` and `lat` differ in shape or are no numbers.
    EditionError, IntegrityError
        As for `load_layer`.
    """
    lon, lat = columns(lon, lat)
    layer = load_layer(name, edition)
    return _codes(layer, layer.holders(Points.at(lon, lat, many=len(lon) >= MANY)))


def assign(lon: ArrayLike, lat: ArrayLike) -> pd.DataFrame:
    """Return the province, district and police district of each point, and how sure they are.

    Parameters
    ----------
    lon, lat : float or array-like, shape (n,)
        WGS 84 degrees. A row with NaN, infinity or no place on Earth is answered with an empty row.

    Returns
    -------
    DataFrame, n rows in the order of the input
        `province_code, district_code, pd_code`
            Categories of str: the unit whose polygon holds the point, "" where none does. A
            polygon holds its line too; on a line that units share, the unit whose code sorts first
            (as text) holds the point. The province is the district's.
        `district_membership, pd_membership`
            0 to 1, float32: how surely that unit holds the point; 0 where there is none.
        `pd_none_membership`
            0 to 1, float32: how surely no police district holds the point.
        `distance_to_line_m`
            Metres on the ground to the nearest line of the districts or the police districts, at
            or above 0; NaN outside the box of Afghanistan (60.4 to 75° E, 29.3 to 38.6° N).

        In an empty row the codes are "" and the numbers NaN. `.attrs["editions"]` names the
        edition of each layer.

    Raises
    ------
    InputError
        If `lon` and `lat` differ in shape or are no numbers.

    Notes
    -----
    The answer takes 26 bytes a point, and little is held beside it. From 20,000 points on the
    answers come from indexes (`geoloc.boundaries.index`), which are the same to a nanometre.
    """
    import pandas as pd

    lon, lat = columns(lon, lat)
    districts, police_districts = load_layer("districts"), load_layer("police-districts")
    district, police = (np.full(len(lon), -1, np.int16) for _ in range(2))
    # Outside the box of Afghanistan nothing holds a point, and the plane does not measure.
    in_district, in_police = (np.zeros(len(lon), np.float32) for _ in range(2))
    in_none, to_line_m = np.ones(len(lon), np.float32), np.full(len(lon), np.nan)
    for start in range(0, len(lon), _CHUNK):
        x, y = lon[start : start + _CHUNK], lat[start : start + _CHUNK]
        nowhere = start + np.flatnonzero(~((np.abs(x) <= 180) & (np.abs(y) <= 90)))
        in_district[nowhere] = in_police[nowhere] = in_none[nowhere] = np.nan
        rows = start + np.flatnonzero(_in_afghanistan(x, y))
        points = Points.at(lon[rows], lat[rows], many=len(lon) >= MANY)
        _ = points.plane  # once for both layers
        district[rows] = here = districts.holders(points)
        in_district[rows], _ = _memberships(districts, points, here)
        police[rows] = here = police_districts.holders(points)
        in_police[rows], in_none[rows] = _memberships(police_districts, points, here)
        to_line_m[rows] = np.minimum(
            districts.line.nearest(points)[0], police_districts.line.nearest(points)[0]
        )
    frame = pd.DataFrame(
        {
            "province_code": _provinces(districts, district),
            "district_code": _codes(districts, district),
            "district_membership": in_district,
            "pd_code": _codes(police_districts, police),
            "pd_membership": in_police,
            "pd_none_membership": in_none,
            "distance_to_line_m": to_line_m,
        },
        copy=False,
    )
    frame.attrs["editions"] = {
        layer.name: layer.edition.id for layer in (districts, police_districts)
    }
    return frame


def _in_afghanistan(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    west, south, east, north = geo.AFGHANISTAN
    inside: NDArray[np.bool_] = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return inside


def _memberships(layer: Layer, points: Points, holders: Labels) -> tuple[Floats, Floats]:
    """Return each point's membership in the unit that holds it, 0 if none does, and in none."""
    held, none = np.zeros(len(points)), np.ones(len(points))
    # Points of one unit stand together, so that few units are within reach of a block.
    order = np.argsort(holders, kind="stable")
    for start in range(0, len(order), _BLOCK):
        rows = order[start : start + _BLOCK]
        shares = layer.shares(points[rows])
        none[rows] = shares["none"]
        for number in np.unique(holders[rows][holders[rows] >= 0]):
            mine = np.flatnonzero(holders[rows] == number)
            share = shares.get(layer.codes[number])  # none in a unit that can hold no point
            held[rows[mine]] = 0.0 if share is None else share[mine]
    return held, none


def _codes(layer: Layer, labels: Labels) -> pd.Categorical[str]:
    """Return labels as codes of units."""
    return _category(labels + np.int16(1), ["", *layer.codes])


def _provinces(districts: Layer, labels: Labels) -> pd.Categorical[str]:
    """Return the codes of the provinces that hold the labelled districts."""
    parents = ["", *(districts.parent(code) for code in districts.codes)]
    names = sorted(set(parents))
    number_of = np.array([names.index(parent) for parent in parents], np.int16)
    return _category(number_of[labels + np.int16(1)], names)


def _category(numbers: Labels, names: list[str]) -> pd.Categorical[str]:
    import pandas as pd

    return pd.Categorical.from_codes(numbers, pd.Index(names))
