"""Which columns of a table hold the coordinates, and what they say."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geoloc import geo
from geoloc.errors import CoordinateError, InputError
from geoloc.tables.reading import Batch

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_LOOKED_AT = 5_000  # first rows by which whole columns are judged
_EARTH: geo.Box = (-180.0, -90.0, 180.0, 90.0)
# Words that name an axis, the clearest first.
_LAT_WORDS = (("latitude", "lat", "عرض", "العرض"), ("y", "ycoord"))
_LON_WORDS = (("longitude", "lon", "lng", "long", "طول", "الطول"), ("x", "xcoord"))
_BOTH_WORDS = (
    ("coordinates", "coordinate", "coords", "coord", "latlon", "latlong", "latlng", "lonlat"),
    ("mgrs", "utm", "gps", "point", "pluscode", "مختصات", "کواردینات", "کوردینات"),
    ("location", "position", "place", "geo", "link", "url", "map", "موقعیت"),
)


@dataclass(frozen=True, slots=True)
class Axes:
    """Where a table holds its coordinates: two columns, one column twice, or its geometry."""

    lon: str | None
    lat: str | None

    @property
    def words(self) -> str:
        """Return where the coordinates are, for a person."""
        if self.lon is None:
            return "the geometry"
        if self.lon == self.lat:
            return f"the column {self.lon!r}"
        return f"the columns {self.lat!r} (latitude) and {self.lon!r} (longitude)"


@dataclass(frozen=True, slots=True)
class Located:
    """The points of one batch."""

    lon: Floats  # WGS 84; NaN where a row has no point
    lat: Floats
    empty: NDArray[np.bool_]  # nothing stands there
    unreadable: NDArray[np.bool_]  # something stands there, but it is no point on Earth
    swapped: NDArray[np.bool_]  # lies in Afghanistan only if the axes change places; no point

    @property
    def mostly_swapped(self) -> bool:
        """Return whether the columns as a whole are swapped: most of their filled rows are."""
        return bool(2 * self.swapped.sum() > (~self.empty).sum())


def find_axes(first: Batch, lon_field: str | None = None, lat_field: str | None = None) -> Axes:
    """Return which columns hold the coordinates, by their names and by the first rows.

    Parameters
    ----------
    first : Batch
        The first rows of the table.
    lon_field, lat_field : str, optional
        Columns that the user names; the same one twice if it holds both.

    Raises
    ------
    InputError
        If no column, or more than one, could be meant; or if the columns hold metres, or
        latitude and longitude swapped.
    """
    axes = named_axes(first, lon_field, lat_field)
    _require_degrees(first, axes)
    return axes


_OPTIONS = "name them with --lat-field and --lon-field (twice the same if one column holds both)"


def named_axes(
    first: Batch,
    lon_field: str | None = None,
    lat_field: str | None = None,
    *,
    remedy: str = _OPTIONS,
) -> Axes:
    """Return which columns hold the coordinates, whatever stands in them; see `find_axes`.

    Where that cannot be told, the error ends with the `remedy`.
    """
    names = [str(name) for name in first.rows.columns]
    if (lon_field is None) != (lat_field is None):
        raise InputError(
            "Give --lon-field and --lat-field together (twice the same for one column)."
        )
    if lon_field is not None and lat_field is not None:
        return Axes(_named(names, lon_field), _named(names, lat_field))
    if first.geometry is not None:
        return Axes(None, None)
    return _guess(names, first.rows, remedy)


def _named(names: list[str], wanted: str) -> str:
    found = [name for name in names if name == wanted] or [
        name for name in names if name.strip().casefold() == wanted.strip().casefold()
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"Several columns are called {wanted!r}; rename all but one.")
    near = difflib.get_close_matches(wanted, names, n=3) or names[:8]
    raise InputError(f"No column is called {wanted!r}; there are {_listed(near)}.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name[:40]) for name in names) or "none"


def _guess(names: list[str], rows: pd.DataFrame, remedy: str) -> Axes:
    lat, lon = _best(names, _LAT_WORDS), _best(names, _LON_WORDS)
    for found, what in ((lat, "latitude"), (lon, "longitude")):
        if len(found) > 1:
            raise InputError(f"Several columns could hold the {what}: {_listed(found)}; {remedy}.")
    if lat and lon:
        return Axes(lon[0], lat[0])
    for name in _ranked(names, _BOTH_WORDS):
        if names.count(name) == 1 and _holds_both(rows[name]):
            return Axes(name, name)
    raise InputError(
        f"No columns are called latitude and longitude; there are {_listed(names[:8])}: {remedy}."
    )


def _best(names: Sequence[str], words: Sequence[Sequence[str]]) -> list[str]:
    """Return the columns that fit best: the whole name before a part of it, clear words first."""
    for group in words:
        for fits in (lambda parts, w: parts == [w], lambda parts, w: w in parts):
            if found := [n for n in names if any(fits(_parts(n), word) for word in group)]:
                return found
    return []


def _ranked(names: Sequence[str], words: Sequence[Sequence[str]]) -> list[str]:
    ranked = [n for group in words for n in names if any(word in _parts(n) for word in group)]
    return list(dict.fromkeys([*ranked, *names]))


def _parts(name: str) -> list[str]:
    """Return the words of a column's name: `Geo.Lat_dd` is geo, lat, dd."""
    plain = unicodedata.normalize("NFKC", name).replace("\u200c", " ").translate(_ONE_FORM)
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain)
    parts = re.findall(r"[^\W\d_]+", spaced.casefold())
    whole = "".join(parts)
    return [whole] if whole in {"latlon", "latlong", "latlng", "lonlat", "pluscode"} else parts


_ONE_FORM = str.maketrans({"ي": "ی", "ك": "ک"})


def _holds_both(column: pd.Series[Any]) -> bool:
    """Return whether most of a column's first filled cells are points."""
    cells = [cell for cell in column.head(200) if isinstance(cell, str) and cell.strip()][:20]
    return len(cells) > 0 and 2 * sum(_parsed(cell) is not None for cell in cells) > len(cells)


def _require_degrees(first: Batch, axes: Axes) -> None:
    """Raise if whole columns are swapped or hold no degrees."""
    some = slice(_LOOKED_AT)
    geometry = None if first.geometry is None else first.geometry[some]
    first = Batch(first.rows.iloc[some], geometry)
    found = locate(first, axes)
    count = int((~found.empty).sum())
    straight = int(np.isfinite(found.lon).sum())
    if found.mostly_swapped:
        hint = (
            f"; did you mean --lat-field {axes.lon!r} --lon-field {axes.lat!r}?"
            if axes.lon != axes.lat
            else ": latitude comes first in text, longitude first in a geometry."
        )
        raise InputError(
            f"Latitude and longitude look swapped in {axes.words}: {found.swapped.sum():,} of"
            f" {count:,} points lie in Afghanistan only if they change places{hint}"
        )
    if count and not straight and axes.lon is not None and axes.lon != axes.lat:
        lon, lat = (numbers(first.rows[name]) for name in (axes.lon, axes.lat))
        if np.nanmax(np.abs(np.concatenate([lon, lat, [0.0]]))) > 360:
            raise InputError(
                f"There is no point on Earth in {axes.words}: they look like metres, not degrees."
                " Reproject the table to WGS 84 first."
            )


def locate(batch: Batch, axes: Axes, *, as_said: bool = False) -> Located:
    """Return the points of a batch; a row that cannot be read has NaN.

    So has one whose axes look swapped, unless it is wanted as the table says it.
    """
    if axes.lon is None or axes.lat is None:
        lon, lat, empty = _of_geometry(batch)
    elif axes.lon == axes.lat:
        lon, lat, empty = _of_one_column(batch.rows[axes.lon])
    else:
        lon, lat, empty = _of_two_columns(batch.rows[axes.lon], batch.rows[axes.lat])
    swapped = ~_within(geo.AFGHANISTAN, lon, lat) & _within(geo.AFGHANISTAN, lat, lon)
    unreadable = ~_within(_EARTH, lon, lat) & ~empty & ~swapped
    nowhere = empty | unreadable | (swapped & (not as_said))
    lon[nowhere] = lat[nowhere] = np.nan
    return Located(lon, lat, empty, unreadable, swapped)


def _within(box: geo.Box, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    west, south, east, north = box
    inside: NDArray[np.bool_] = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return inside


def _of_geometry(batch: Batch) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    import shapely

    if batch.geometry is None:
        raise InputError("The table has no geometry; name its columns.")
    empty = shapely.is_missing(batch.geometry) | shapely.is_empty(batch.geometry)
    # x and y of what is no point are NaN.
    return shapely.get_x(batch.geometry), shapely.get_y(batch.geometry), empty


def _of_one_column(column: pd.Series[Any]) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    cells = [_text(cell) for cell in column]
    points = [_parsed(cell) or (np.nan, np.nan) if cell else (np.nan, np.nan) for cell in cells]
    lon, lat = np.array(points, float).reshape(-1, 2).T.copy()
    return lon, lat, np.array([not cell for cell in cells], bool)


def _of_two_columns(
    lon_column: pd.Series[Any], lat_column: pd.Series[Any]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    lon, lat = numbers(lon_column), numbers(lat_column)
    empty = np.zeros(len(lon), bool)
    for row in np.flatnonzero(np.isnan(lon) | np.isnan(lat)).tolist():
        east, north = _text(lon_column.iat[row]), _text(lat_column.iat[row])
        empty[row] = not (east or north)
        # Degrees, minutes and seconds, hemispheres: what one text would hold, in two cells.
        if east and north and (point := _parsed(f"{north}; {east}")):
            lon[row], lat[row] = point
    return lon, lat, empty


def _parsed(text: str) -> tuple[float, float] | None:
    try:
        # Swapped points are looked for in whole columns, not here.
        return geo.parse_coordinates(text, study_box=_EARTH)
    except CoordinateError:
        return None


def _text(cell: Any) -> str:
    """Return a cell as text, empty where nothing stands in it."""
    import pandas as pd

    if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    return str(cell).strip()


def numbers(column: pd.Series[Any]) -> Floats:
    """Return a column's numbers, NaN where a cell holds none."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    return np.fromiter((_number(cell) for cell in column), np.float64, len(column))


def _number(cell: Any) -> float:
    if isinstance(cell, bool) or cell is None:
        return np.nan
    try:
        return float(cell)  # Persian and Arabic digits too
    except (TypeError, ValueError):
        pass
    try:  # a decimal comma, or the Persian one
        return float(str(cell).replace("٫", ".").replace(",", "."))
    except ValueError:
        return np.nan
