"""The questions that people ask of boundaries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from geoloc import geo
from geoloc.boundaries.editions import LAYERS, default_edition, editions
from geoloc.boundaries.layers import (
    LEAST_MEMBERSHIP,
    Layer,
    Points,
    Standing,
    Unit,
    columns,
    load_layer,
)
from geoloc.errors import CoordinateError, InputError, PlaceError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Location:
    """Where a point lies, layer by layer; most likely unit first."""

    lon: float
    lat: float
    provinces: tuple[Standing, ...]
    districts: tuple[Standing, ...]
    police_districts: tuple[Standing, ...]  # every one with membership of at least 0.01
    no_police_district: float  # membership of "in no police district", 0 to 1
    distance_to_line_m: float  # to the nearest line of any of these layers, above or at zero
    police_districts_known: tuple[str, ...]  # codes that the edition has a line for


def locate(lon: float, lat: float) -> Location:
    """Return the province, district and police districts that may hold a WGS 84 point.

    Raises
    ------
    CoordinateError
        If the point is no place on Earth, swapped, or outside Afghanistan (the message gives the
        distance and direction).
    """
    _require_afghanistan(lon, lat)
    districts, _ = load_layer("districts").standings(lon, lat)
    police_districts, none = load_layer("police-districts").standings(lon, lat)
    # The nearest district line is one of the district that holds the point; the nearest line of the
    # police districts can be one that is out of reach.
    to_police_m, _ = load_layer("police-districts").line.nearest(Points.at([lon], [lat]))
    nearest_m = min(float(to_police_m[0]), *(abs(s.distance_to_line_m or 0.0) for s in districts))
    layer = load_layer("police-districts")
    return Location(
        lon, lat, _provinces_of(districts), districts, police_districts, none, nearest_m,
        tuple(code for code in layer if layer.has_line(code)),
    )  # fmt: skip


def _provinces_of(districts: tuple[Standing, ...]) -> tuple[Standing, ...]:
    """Return the districts' provinces: a point is in a province as surely as in its districts."""
    layer = load_layer("provinces")
    shares: dict[str, float] = {}
    for standing in districts:
        province = standing.unit.parent
        shares[province] = shares.get(province, 0.0) + (standing.membership or 0.0)
    return tuple(
        Standing(layer[code], layer.edition, share, None)
        for code, share in sorted(shares.items(), key=lambda item: -item[1])
    )


def check(lon: float, lat: float, code: str) -> tuple[Standing, ...]:
    """Return how a WGS 84 point stands to a unit: first in the default edition, then in others.

    Raises
    ------
    CoordinateError
        As for `locate`.
    PlaceError
        If no unit has that code.
    """
    _require_afghanistan(lon, lat)
    return tuple(layer.standing(code, lon, lat) for layer in layers_with(code))


def layers_with(code: str) -> tuple[Layer, ...]:
    """Return the layer that holds a unit in each edition that has it, the default edition first.

    Raises
    ------
    PlaceError
        If no unit of any edition has that code.
    """
    return _layers_with(code, _editions_in_order())


@lru_cache(maxsize=1024)
def _layers_with(code: str, ordered: tuple[tuple[str, str], ...]) -> tuple[Layer, ...]:
    holding: list[Layer] = []
    for name, edition in ordered:
        if not holding or holding[0].name == name:
            layer = load_layer(name, edition)
            holding += [layer] if code in layer else []
    if not holding:
        raise PlaceError(
            f"No province, district or police district has the code {code!r};"
            " codes look like AF01, AF0104 or AF-KBL-PD22 (geoloc find NAME shows them)."
        )
    return tuple(holding)


def _editions_in_order() -> tuple[tuple[str, str], ...]:
    """Return every layer of every edition: those in use first, in the order of the layers."""
    used = [(name, default_edition(name)) for name in LAYERS]
    every = [(name, edition.id) for edition in editions() for name in edition.layers]
    return tuple(dict.fromkeys([*used, *every]))


def unit(code: str, edition: str | None = None) -> Unit:
    """Return the unit with that code, e.g. `AF0104` or `AF-KBL-PD22`.

    In the edition that is named, else in the one in use, else in any that has it: a police
    district that an official layer leaves out is still a police district.
    """
    if edition is None:
        return layers_with(code)[0][code]
    return load_layer(layer_of(code), edition)[code]


def layer_of(code: str) -> str:
    """Return the layer that a unit's code belongs to.

    Raises
    ------
    PlaceError
        If no unit of any edition has that code.
    """
    return layers_with(code)[0].name


def load_boundaries(name: str, edition: str | None = None) -> gpd.GeoDataFrame:
    """Return one layer as a table for maps and joins.

    Parameters
    ----------
    name : str
        `provinces`, `districts` or `police-districts`.
    edition : str, optional
        An edition's id; by default the newest shipped.

    Returns
    -------
    GeoDataFrame
        Columns `code, name, name_fa, geometry` (EPSG:4326), sorted by code as shipped; a unit
        without a known line (PD20) has an empty polygon. `.attrs` holds the edition's id and,
        where it is approximate, the caveat that must be shown with it.

    Raises
    ------
    EditionError, IntegrityError
        As for `load_layer`.
    """
    import geopandas as gpd

    layer = load_layer(name, edition)
    units = list(layer.values())
    table = gpd.GeoDataFrame(
        {
            "code": [unit.code for unit in units],
            "name": [unit.name for unit in units],
            "name_fa": [unit.name_fa for unit in units],
        },
        geometry=[unit.geometry for unit in units],
        crs=geo.WGS84,
    )
    table.attrs = {"edition": layer.edition.id, "caveat": layer.edition.caveat}
    return table


def membership(
    lon: ArrayLike, lat: ArrayLike, name: str, edition: str | None = None
) -> pd.DataFrame:
    """Return how surely each unit of a layer holds each point.

    Parameters
    ----------
    lon, lat : float or array-like, shape (n,)
        WGS 84 degrees.
    name : str
        `provinces`, `districts` or `police-districts`.
    edition : str, optional
        An edition's id; by default the newest shipped.

    Returns
    -------
    DataFrame, n rows
        A column per unit code, plus `none`; 0 to 1, each row sums to 1.

    Raises
    ------
    InputError
        If `lon` and `lat` differ in shape, or hold a value that is not finite.
    """
    import pandas as pd

    lon, lat = columns(lon, lat)
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise InputError("lon and lat must be finite numbers; drop or mend the empty rows first.")
    layer = load_layer(name, edition)
    shares = layer.membership(lon, lat)
    zeros = np.zeros(lon.shape)
    return pd.DataFrame({code: shares.get(code, zeros) for code in [*layer, "none"]})


def _require_afghanistan(lon: float, lat: float) -> None:
    geo.check_point(lon, lat)
    districts = load_layer("districts")
    if districts.membership([lon], [lat])["none"][0] <= 1 - LEAST_MEMBERSHIP:
        return
    distance_m, azimuth_deg = districts.nearest_outside(lon, lat)
    raise CoordinateError(
        f"{lat:g}, {lon:g} is outside Afghanistan: {distance_m / 1000:,.0f} km"
        f" {geo.compass(azimuth_deg)} of its border. geoloc holds Afghan boundaries only."
    )
