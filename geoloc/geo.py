"""Points, distances and grids: the two CRSs, and every way to write a coordinate.

Order is always lon, lat in code; text follows its own convention (people write latitude first).
Storage and exchange are WGS 84 (EPSG:4326); measuring around Kabul is UTM 42N (EPSG:32642), whose
area error over Kabul province is at most 0.08 %. Elsewhere lengths come from `pyproj.Geod`.
"""

from __future__ import annotations

import math
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, unquote_plus

import numpy as np
import shapely

from geoloc import files
from geoloc.errors import CoordinateError, CRSError, InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from pyproj import Geod
    from rasterio.transform import Affine
    from shapely.geometry.base import BaseGeometry

WGS84 = "EPSG:4326"
UTM42N = "EPSG:32642"

Box = tuple[float, float, float, float]  # west, south, east, north in degrees
AFGHANISTAN: Box = (60.4, 29.3, 75.0, 38.6)
KABUL = (69.1776, 34.5260)  # lon, lat of the city's centre: short plus codes are read near it

_Geometry = TypeVar("_Geometry", bound="BaseGeometry")


# Krüger's series for the transverse Mercator, to the fourth power of the third flattening n
# (Karney 2011, doi:10.1007/s00190-011-0445-3, eqs. 35 and 36; the last row from the rectifying
# series of the conformal latitude). Within Afghanistan they agree with PROJ to a micrometre.
# They are here because importing pyproj takes a third of the time that `geoloc where` may take.
_A_M, _F = 6_378_137.0, 1 / 298.257223563
_E = math.sqrt(_F * (2 - _F))
_N = _F / (2 - _F)
_SCALED_RADIUS_M = 0.9996 * _A_M / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_POWERS = (_N, _N**2, _N**3, _N**4)
_FORWARD = (
    (1 / 2, -2 / 3, 5 / 16, 41 / 180),
    (0, 13 / 48, -3 / 5, 557 / 1440),
    (0, 0, 61 / 240, -103 / 140),
    (0, 0, 0, 49561 / 161280),
)
_INVERSE = (
    (1 / 2, -2 / 3, 37 / 96, -1 / 360),
    (0, 1 / 48, 1 / 15, -437 / 1440),
    (0, 0, 17 / 480, -37 / 840),
    (0, 0, 0, 4397 / 161280),
)
_LATITUDE = (
    (2, -2 / 3, -2, 116 / 45),
    (0, 7 / 3, -8 / 5, -227 / 45),
    (0, 0, 56 / 15, -136 / 35),
    (0, 0, 0, 4279 / 630),
)
_MERIDIAN_DEG, _FALSE_EAST_M = 69.0, 500_000.0  # UTM 42N
# The same for compiled loops: meridian, false easting, radius, e, then a factor for each sine.
FORWARD_SERIES: tuple[float, ...] = (
    _MERIDIAN_DEG,
    _FALSE_EAST_M,
    _SCALED_RADIUS_M,
    _E,
    *(sum(factor * power for factor, power in zip(row, _POWERS, strict=True)) for row in _FORWARD),
)


def _sines(angle: NDArray[Any], series: tuple[tuple[float, ...], ...]) -> NDArray[Any]:
    """Return Σ c_j sin(2j·angle), with each c_j a polynomial in n."""
    total: NDArray[Any] = np.zeros_like(angle)
    for j, row in enumerate(series, start=1):
        weight = sum(factor * power for factor, power in zip(row, _POWERS, strict=True))
        total = total + weight * np.sin(2 * j * angle)
    return total


def to_metres(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return UTM 42N eastings and northings in metres of WGS 84 points, same shape."""
    sine = np.sin(np.radians(np.asarray(lat, float)))
    east_of = np.radians(np.asarray(lon, float) - _MERIDIAN_DEG)
    conformal = np.sinh(np.arctanh(sine) - _E * np.arctanh(_E * sine))
    sphere = np.arctan2(conformal, np.cos(east_of)) + 1j * np.arctanh(
        np.sin(east_of) / np.hypot(1, conformal)
    )
    plane = _SCALED_RADIUS_M * (sphere + _sines(sphere, _FORWARD))
    return plane.imag + _FALSE_EAST_M, plane.real


def to_degrees(east_m: ArrayLike, north_m: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return WGS 84 lon and lat in degrees of UTM 42N points, same shape."""
    east, north = np.asarray(east_m, float) - _FALSE_EAST_M, np.asarray(north_m, float)
    plane = (north + 1j * east) / _SCALED_RADIUS_M
    sphere = plane - _sines(plane, _INVERSE)
    conformal = np.arcsin(np.sin(sphere.real) / np.cosh(sphere.imag))
    lat = conformal + _sines(conformal, _LATITUDE)
    lon = np.arctan2(np.sinh(sphere.imag), np.cos(sphere.real))
    return np.degrees(lon) + _MERIDIAN_DEG, np.degrees(lat)


def from_crs(x: ArrayLike, y: ArrayLike, crs: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return WGS 84 lon and lat in degrees of points in another CRS, same shape.

    Parameters
    ----------
    x, y : array-like of float
        East or longitude first, whatever axis order the CRS's authority states.
    crs : str
        `EPSG:n`, or WKT as a file holds it.

    Raises
    ------
    CRSError
        If there is no such CRS.
    """
    from pyproj import CRS, Transformer
    from pyproj.exceptions import CRSError as ProjError

    # PROJ would also take a path, or a pipeline that reads grids; a file may name neither.
    if not re.match(r"(?i)(epsg|ogc):\w+$|(geog|proj|geod|bound|comp)[a-z_]*\[", crs):
        raise CRSError(f"{_shown(crs)} is no coordinate reference system that geoloc reads.")
    try:
        transformer = Transformer.from_crs(CRS.from_user_input(crs), WGS84, always_xy=True)
    except ProjError as error:
        raise CRSError(f"There is no coordinate reference system {_shown(crs)}.") from error
    lon, lat = transformer.transform(np.asarray(x, float), np.asarray(y, float))
    return np.asarray(lon), np.asarray(lat)


def geometry_to_metres(geometry: _Geometry) -> _Geometry:
    """Return a WGS 84 geometry in UTM 42N metres."""
    return _reproject(geometry, to_metres)


def geometry_to_degrees(geometry: _Geometry) -> _Geometry:
    """Return a UTM 42N geometry in WGS 84 degrees."""
    return _reproject(geometry, to_degrees)


def _reproject(geometry: _Geometry, transform: Callable[..., Any]) -> _Geometry:
    projected: _Geometry = shapely.transform(
        geometry, lambda points: np.column_stack(transform(points[:, 0], points[:, 1]))
    )
    return projected


@cache
def geod() -> Geod:
    """Return the WGS 84 ellipsoid, for lengths, azimuths and areas anywhere."""
    from pyproj import Geod

    return Geod(ellps="WGS84")


def distance_m(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Return the geodesic distance between two WGS 84 points, in metres."""
    return float(geod().inv(lon_a, lat_a, lon_b, lat_b)[2])


def bearing_deg(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Return the azimuth from a to b, 0 to 360 degrees clockwise from true north."""
    return float(geod().inv(lon_a, lat_a, lon_b, lat_b)[0]) % 360


def compass(azimuth_deg: float) -> str:
    """Return the nearest of eight compass words, e.g. `north-east` for 40."""
    words = [
        "north",
        "north-east",
        "east",
        "south-east",
        "south",
        "south-west",
        "west",
        "north-west",
    ]
    return words[round(azimuth_deg / 45) % 8]


def area_km2(geometry: BaseGeometry) -> float:
    """Return the area of a WGS 84 polygon on the ellipsoid, in square kilometres."""
    return abs(geod().geometry_area_perimeter(shapely.orient_polygons(geometry))[0]) / 1e6


@dataclass(frozen=True, slots=True)
class Grid:
    """Square cells on UTM 42N; row 0 is the northernmost."""

    west_m: float  # easting of the western edge
    north_m: float  # northing of the northern edge
    cell_m: float  # side of a cell, above zero
    rows: int
    cols: int

    @classmethod
    def covering(cls, box: Box, cell_m: float) -> Grid:
        """Return the grid that covers a WGS 84 box, its edges on whole multiples of the cell.

        Raises
        ------
        InputError
            If `cell_m` is not above zero, or the box would need more than 4 million cells.
        """
        if not (math.isfinite(cell_m) and cell_m > 0):
            raise InputError(f"cell_m must be a finite number above 0, got {cell_m!r}.")
        outline = shapely.segmentize(shapely.box(*box), 0.05)  # a parallel is curved on UTM
        west, south, east, north = geometry_to_metres(outline).bounds
        west, south = math.floor(west / cell_m) * cell_m, math.floor(south / cell_m) * cell_m
        cols, rows = math.ceil((east - west) / cell_m), math.ceil((north - south) / cell_m)
        if rows * cols > 4_000_000:
            raise InputError(
                f"{cell_m:g} m cells over this area make {rows * cols:,} of them, more than"
                " 4,000,000; choose a larger cell_m or a smaller area."
            )
        return cls(west, south + rows * cell_m, cell_m, rows, cols)

    @property
    def shape(self) -> tuple[int, int]:
        """Return (rows, cols)."""
        return self.rows, self.cols

    @property
    def cell_km2(self) -> float:
        """Return the area of one cell in square kilometres."""
        return self.cell_m**2 / 1e6

    def centres_m(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return eastings and northings of the cell centres, each of shape (rows, cols)."""
        east = self.west_m + (np.arange(self.cols) + 0.5) * self.cell_m
        north = self.north_m - (np.arange(self.rows) + 0.5) * self.cell_m
        grid_east, grid_north = np.meshgrid(east, north)
        return grid_east, grid_north

    def centres_deg(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return lon and lat of the cell centres, WGS 84 degrees, each of shape (rows, cols)."""
        lon, lat = self.smooth(to_degrees)
        return lon, lat

    def smooth(self, function: Callable[..., Any]) -> list[NDArray[np.float64]]:
        """Return smooth functions of easting and northing at the cell centres.

        They are computed at 16 x 16 Chebyshev nodes and interpolated by the polynomial through
        them: over all Afghanistan lon and lat are then right to 1e-12 degrees, and 4 million cells
        take hundredths of a second where the projection itself takes two seconds.

        Parameters
        ----------
        function : callable
            Takes eastings and northings, metres, and returns a tuple of arrays of their shape.

        Returns
        -------
        list of float arrays, each (rows, cols)
        """
        nodes = np.cos((np.arange(16) + 0.5) * np.pi / 16)

        def weights(count: int) -> NDArray[np.float64]:
            vander = np.polynomial.chebyshev.chebvander
            centres = (np.arange(count) + 0.5) * 2 / count - 1
            return np.asarray(vander(centres, 15) @ np.linalg.inv(vander(nodes, 15)))

        half_width, half_height = self.cols * self.cell_m / 2, self.rows * self.cell_m / 2
        found = function(
            *np.meshgrid(
                self.west_m + half_width * (1 + nodes), self.north_m - half_height * (1 + nodes)
            )
        )
        down, across = weights(self.rows), weights(self.cols)
        return [down @ values @ across.T for values in found]

    def outline(self, cells: NDArray[np.bool_]) -> BaseGeometry:
        """Return the marked cells as a WGS 84 polygon along cell edges; empty if none is."""
        from rasterio.features import shapes
        from rasterio.transform import Affine

        rows, cols = (np.flatnonzero(cells.any(axis=axis)) for axis in (1, 0))
        if not rows.size:
            return shapely.Polygon()
        # Only the box around the marked cells: a likely area is a small part of a large grid.
        box = cells[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
        west_m = self.west_m + int(cols[0]) * self.cell_m
        north_m = self.north_m - int(rows[0]) * self.cell_m
        corner = Affine(self.cell_m, 0, west_m, 0, -self.cell_m, north_m)
        found = shapes(box.astype("uint8"), mask=box, transform=corner)
        parts = [shapely.geometry.shape(part) for part, _ in found]
        return geometry_to_degrees(shapely.union_all(parts))

    def cells_in(self, geometry: BaseGeometry) -> NDArray[np.bool_]:
        """Return which cells have their centre in a WGS 84 polygon, shape (rows, cols)."""
        from rasterio.features import geometry_mask

        if geometry.is_empty:
            return np.zeros(self.shape, bool)
        inside: NDArray[np.bool_] = geometry_mask(
            [geometry_to_metres(geometry)], self.shape, self.transform, invert=True
        )
        return inside

    @property
    def transform(self) -> Affine:
        """Return columns and rows, counted from the north-west corner, to UTM 42N metres."""
        from rasterio.transform import Affine

        return Affine(self.cell_m, 0, self.west_m, 0, -self.cell_m, self.north_m)


def write_raster(
    path: Path, grid: Grid, values: NDArray[np.floating[Any]], tags: Mapping[str, str]
) -> None:
    """Write values on a grid as a cloud-optimized GeoTIFF of 32-bit numbers, UTM 42N.

    Raises
    ------
    OutputError
        If it cannot be written; what was there is as it was.
    """
    import rasterio

    rows, cols = values.shape
    with (
        files.writing_whole(path) as unfinished,
        rasterio.open(
            unfinished, "w", driver="COG", dtype="float32", count=1, height=rows, width=cols,
            crs=UTM42N, transform=grid.transform, compress="DEFLATE", predictor=3,
        ) as raster,
    ):  # fmt: skip
        raster.write(values.astype(np.float32), 1)
        raster.update_tags(**tags)


_MOST_BLOCK_BYTES = 256_000_000  # of one strip or tile of a raster, unpacked
_NO_SIDE_DOORS = {
    # A GeoTIFF can name a file or an address to read in its stead (a tag OVERVIEW_FILE), and so
    # can files beside it: GDAL may open nothing but the file itself.
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "none",
    "GDAL_CACHEMAX": 64,  # MB
}


def read_raster(path: Path | str, grid: Grid, *, categories: bool) -> NDArray[np.float32]:
    """Return the values of a raster file on the cells of a grid.

    Parameters
    ----------
    path : Path or str
        A GeoTIFF on this machine with one band and a CRS, of any size and any CRS.
    grid : Grid
        The cells to fill.
    categories : bool
        Whether values are classes, of which each cell takes the one at its centre. Otherwise they
        are quantities: a cell takes their mean where it is larger than the raster's, else it is
        interpolated.

    Returns
    -------
    float32 array, (rows, cols)
        NaN where the raster has no value. Classes are exact up to 16,777,216. Heights and other
        quantities are scaled as the file says.

    Raises
    ------
    InputError
        If the file is missing, no GeoTIFF, damaged, has several bands, or has no value on the
        grid; the message names it.
    CRSError
        If it has no CRS.

    Notes
    -----
    The file is read in pieces; about 200 MB are enough however large it is.
    """
    with opened_raster(path) as raster:
        if raster.count != 1:
            raise InputError(
                f"{path} has {raster.count} bands; give a file with one band of values."
            )
        values = _warp(raster, grid, categories=categories)
    if not np.isfinite(values).any():
        raise InputError(
            f"{path} has no value on this ground: it lies in another place, or is empty here."
        )
    return values


@contextmanager
def opened_raster(path: Path | str) -> Iterator[Any]:
    """Give an open raster file of numbers and a CRS; nothing but the file itself is read.

    Parameters
    ----------
    path : Path or str
        A GeoTIFF on this machine, of any size and any CRS.

    Yields
    ------
    rasterio.DatasetReader
        Whatever goes wrong in reading it is raised as an `InputError` too.

    Raises
    ------
    InputError
        If the file is missing, no GeoTIFF or damaged; the message names it.
    CRSError
        If it has no CRS.
    """
    import rasterio
    from rasterio._err import CPLE_BaseError  # rasterio.warp lets them pass
    from rasterio.errors import CRSError as RasterCRSError
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    file = Path(path)
    if re.match(r"/+vsi|.*://|\s*<|[A-Za-z_]{3,}:", str(path)):
        raise InputError(f"{_shown(str(path))} is no file on this machine; download it first.")
    if not file.is_file():
        raise InputError(f"{file} does not exist, or is no file.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # told below, as an error
            with (
                rasterio.Env(**_NO_SIDE_DOORS),
                rasterio.open(file.absolute(), driver="GTiff", OVERVIEW_LEVEL="NONE") as raster,
            ):
                _check_raster(file, raster)
                yield raster
    except (RasterioError, CPLE_BaseError, RasterCRSError) as error:
        # The first line: of a CRS that cannot be transformed, GDAL adds a page of JSON.
        reason = str(error.__cause__ or error).partition("\n")[0][:150]
        raise InputError(f"{file} cannot be read as a GeoTIFF of this ground: {reason}") from error


def _check_raster(file: Path, raster: Any) -> None:
    """Raise unless an open raster has numbers, a CRS, and pieces that fit memory."""
    kind = np.dtype(raster.dtypes[0]) if not raster.dtypes[0].startswith("complex") else None
    if kind is None:
        raise InputError(f"{file} holds complex numbers, which are no classes or quantities.")
    if raster.crs is None:
        raise CRSError(
            f"{file} has no CRS, so nobody knows where it lies; set one with"
            " `gdal_edit.py -a_srs EPSG:n`."
        )
    if math.prod(raster.block_shapes[0]) * kind.itemsize > _MOST_BLOCK_BYTES:
        raise InputError(
            f"{file} is stored in pieces of {raster.block_shapes[0]} cells, too large to read;"
            " rewrite it with `gdal_translate -co TILED=YES`."
        )


def _warp(raster: Any, grid: Grid, *, categories: bool) -> NDArray[np.float32]:
    """Return an open raster's values on a grid; NaN where it has none."""
    import rasterio
    from rasterio.warp import Resampling, reproject, transform

    values = np.full(grid.shape, np.nan, np.float32)
    how = Resampling.nearest
    if not categories:
        # How many of the raster's cells one cell of the grid spans, along each of its sides.
        east = grid.west_m + grid.cell_m * (grid.cols / 2 + np.array([0, 1, 0]))
        north = grid.north_m - grid.cell_m * (grid.rows / 2 + np.array([0, 0, 1]))
        x, y = (np.array(axis) for axis in transform(UTM42N, raster.crs, east, north))
        back = ~raster.transform
        across, down = back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f
        spans = np.hypot(across[1:] - across[0], down[1:] - down[0])
        how = Resampling.average if spans.min() > 1 else Resampling.bilinear
    reproject(
        rasterio.band(raster, 1),
        values,
        dst_transform=grid.transform,
        dst_crs=UTM42N,
        dst_nodata=np.nan,
        resampling=how,
        num_threads=1,
        warp_mem_limit=64,
    )
    if not categories:
        values = (values * raster.scales[0] + raster.offsets[0]).astype(np.float32)
    return values


def format_dms(lon: float, lat: float) -> str:
    """Return degrees, minutes and seconds, latitude first, to 0.1″ (about 3 m)."""
    return f"{_dms(lat, 'NS')} {_dms(lon, 'EW')}"


def _dms(angle: float, hemispheres: str) -> str:
    tenths = round(abs(angle) * 36_000)
    degrees, rest = divmod(tenths, 36_000)
    minutes, tenths = divmod(rest, 600)
    return f"{degrees}°{minutes:02d}′{tenths / 10:04.1f}″{hemispheres[angle < 0]}"


def format_mgrs(lon: float, lat: float) -> str:
    """Return the MGRS reference of the 1 m square that holds the point."""
    import mgrs

    return str(mgrs.MGRS().toMGRS(lat, lon))


HOW_TO_WRITE = (
    "write latitude then longitude as 34.4938, 69.2743, or DMS (34°29′38″N 69°16′27″E), MGRS"
    " (42SWD2518316943), UTM (42S 525183 3816943), a plus code, or a map link"
)


def parse_coordinates(text: str, *, study_box: Box = AFGHANISTAN) -> tuple[float, float]:
    """Read one point from text in any common notation.

    Parameters
    ----------
    text : str
        Decimal degrees (latitude first unless N/S/E/W or lat/lon say otherwise; decimal commas and
        Persian or Arabic digits are understood), degrees-minutes-seconds, MGRS, UTM with its zone
        and band, a full plus code or one short for Kabul, a `geo:` address, or a long link of
        Google, OpenStreetMap, Apple, Bing, Yandex or Wikimapia. No link is opened.
    study_box : (west, south, east, north), degrees
        Where points are expected: a pair that lies there only when swapped is refused.

    Returns
    -------
    (lon, lat) : tuple of float
        WGS 84 degrees.

    Raises
    ------
    CoordinateError
        If the text cannot be read, is out of range, or is swapped.
    """
    if not isinstance(text, str):
        raise CoordinateError(f"Coordinates must be text, got {type(text).__name__}.")
    folded = _fold(text)
    if not folded or len(folded) > 2000:
        raise CoordinateError(f"Cannot read {_shown(text)} as coordinates; {HOW_TO_WRITE}.")
    readers = (
        _read_link, _read_plus_code, _read_grid_reference, _read_utm, _read_wkt, _read_degrees,
    )  # fmt: skip
    for read in readers:
        if found := read(folded):
            return check_point(*found, study_box=study_box)
    raise CoordinateError(f"Cannot read {_shown(text)} as coordinates; {HOW_TO_WRITE}.")


def check_point(lon: float, lat: float, *, study_box: Box = AFGHANISTAN) -> tuple[float, float]:
    """Return the point unchanged, or raise if it is no place on Earth or its axes are swapped.

    Raises
    ------
    CoordinateError
        If a coordinate is not finite or out of range, or if the point lies in `study_box` only
        when lon and lat change places.
    """
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise CoordinateError(
            f"A coordinate must be a finite number, got latitude {lat!r}, longitude {lon!r}."
        )
    if not _within(study_box, lon, lat) and _within(study_box, lat, lon):
        raise CoordinateError(
            f"Latitude {lat:g} and longitude {lon:g} look swapped; did you mean {lon:g}, {lat:g}?"
        )
    if abs(lat) > 90 or abs(lon) > 180:
        raise CoordinateError(
            f"Latitude {lat:g}, longitude {lon:g} is no place on Earth: latitude goes from -90"
            " to 90 and longitude from -180 to 180."
        )
    return lon, lat


def _within(box: Box, lon: float, lat: float) -> bool:
    west, south, east, north = box
    return west <= lon <= east and south <= lat <= north


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


_SAME = str.maketrans(
    {
        "٫": ".", "،": ",", "−": "-", "–": "-", "º": "°", "˚": "°",
        "′": "'", "’": "'", "‘": "'", "ʹ": "'", "`": "'", "´": "'",
        "″": '"', "”": '"', "“": '"', "ʺ": '"', "«": '"', "»": '"',
    }
)  # fmt: skip
_WORDS = {
    r"شمالی?": "N", r"جنوبی?": "S", r"شرقی?": "E", r"غربی?": "W",
    r"عرض(?: البلد)?": "lat", r"طول(?: البلد)?": "lon",
}  # fmt: skip


def _fold(text: str) -> str:
    """Bring digits, primes, signs and Persian words to one form; drop marks nobody sees."""
    spaced = re.sub(r"\s+", " ", text.translate(_SAME))
    visible = (c for c in spaced if unicodedata.category(c) not in {"Cf", "Cc"})
    folded = "".join(str(unicodedata.decimal(c, c)) for c in "".join(visible).replace("''", '"'))
    for word, letter in _WORDS.items():
        folded = re.sub(word, letter, folded)
    return folded.strip(" \t()[]{}")


_NUMBER = r"[-+]?\d{1,3}(?:\.\d+)?"
_PAIR = rf"({_NUMBER})(?:,|%2C|~|\s|/|\+)+({_NUMBER})"
_SHORT_LINK = re.compile(
    r"//(?:[\w-]+\.)*(?:goo\.gl|bit\.ly|t\.co|tinyurl\.com|osm\.org/go|apple\.co)(?:/|$)",
    re.IGNORECASE,
)
_LINK_PATTERNS = (  # the marked place before the mere middle of the view
    rf"!3d({_NUMBER})!4d({_NUMBER})",
    rf"mlat=({_NUMBER})&mlon=({_NUMBER})",
    rf"[?&](?:q|query|destination|daddr|center|ll|sll|cp|coordinate)=(?:loc:)?{_PAIR}",
    rf"/(?:place|search|dir)/{_PAIR}",
    rf"@{_PAIR}",
    rf"#map=[\d.]+/({_NUMBER})/({_NUMBER})",
    rf"\blat=({_NUMBER})&(?:lon|lng)=({_NUMBER})",
)


# Notations that say where to 100 m or better, as `_fold` writes them: degrees of Afghanistan with
# three decimals (four after a comma: 35,000 is a number), minutes, MGRS, UTM, codes.
_FINE = re.compile(
    r"""(?:(?<![\d.])(?:2[89]|3\d|6\d|7[0-5])(?:\.\d{3}|,\d{4})
    | (?<!\d)\d{2}\s?(?:°|deg(?:rees?)?|d)\s?\d{1,2}(?:\.\d+)?\s?(?:'|m|[NSEW]\b)
    | (?<!\d)\d{2}[\s:]\d{1,2}(?:[\s:]\d{1,2}(?:\.\d+)?|\.\d+)['"\s]{0,2}[NSEW]\b
    | (?<!\d)\d{2}[\s:]\d{1,2}[\s:]\d{1,2}\.\d
    | \b[NSEW]\s?\d{2}[\s:°]\s?\d{1,2}(?:[\s:']\s?\d{1,2}|\.\d)
    | \b4[1-3]\s?[RST]\s?[A-Z]{2}\s?\d{3,5}\s?\d{3,5}(?!\d)
    | (?<!\d)[2-8]\d{5}(?:\.\d+)?\s?m?\s?E?[\s,;/]{1,3}(?:3[2-9]|4[0-2])\d{5}(?!\d)
    | ///[^\W\d]+\.[^\W\d]+\.[^\W\d]+
    | \b[2-9CFGHJMPQRVWX]{4,8}\+[2-9CFGHJMPQRVWX]{2,3}\b)
    (?:[\d.]*\d)?[°'"]*(?:\s?[NSEW]\b(?!\s?\d))?""",
    re.IGNORECASE | re.VERBOSE,
)
WITHHELD = "[…]"


def tells_position(text: str) -> bool:
    """Return whether words hold coordinates, in any notation, that say where to 100 m or better.

    It looks for how coordinates are written, also in Persian figures, and not whether they are
    any place.
    """
    return _FINE.search(_fold(unquote(text))) is not None


def without_positions(text: str) -> str:
    """Return words with `[…]` for each coordinate in them; for all of them where that fails."""
    if not tells_position(text):
        return text
    # Sign for sign, so that the spans are those of the text.
    plain = "".join(str(unicodedata.decimal(c, c)) for c in text.translate(_SAME))
    kept, last = [], 0
    for found in _FINE.finditer(plain):
        kept += [text[last : found.start()], WITHHELD]
        last = found.end()
    told = "".join([*kept, text[last:]])
    return WITHHELD if tells_position(told) else told


def _read_link(text: str) -> tuple[float, float] | None:
    if geo := re.match(rf"geo:({_NUMBER}),({_NUMBER})", text, re.IGNORECASE):
        if re.search(r";crs=(?!wgs84)", text, re.IGNORECASE):
            raise CoordinateError(f"{_shown(text)} names another CRS than WGS 84.")
        return float(geo[2]), float(geo[1])
    if not re.match(r"https?://|www\.|maps\.", text, re.IGNORECASE):
        return None
    if _SHORT_LINK.search(text):
        raise CoordinateError(
            f"{_shown(text)} is a short link, which hides its coordinates, and geoloc opens no"
            " links; open it in a browser and copy the long address."
        )
    named = re.search(r"/(?:place|search)/([^/@?]*%C2%B0[^/@?]*)", text, re.IGNORECASE)
    if named and (marked := _read_degrees(_fold(unquote_plus(named[1])))):
        return marked
    for pattern in _LINK_PATTERNS:
        if found := re.search(pattern, text):
            first, second = float(found[1]), float(found[2])
            # Yandex alone writes longitude first.
            return (first, second) if "yandex" in text.lower() else (second, first)
    raise CoordinateError(f"{_shown(text)} holds no coordinates that geoloc can find.")


_PLUS_CODE = re.compile(
    r"([23456789CFGHJMPQRVWX]{2,8}0{0,6}\+[23456789CFGHJMPQRVWX]{0,7})(.*)", re.IGNORECASE
)


def _read_plus_code(text: str) -> tuple[float, float] | None:
    found = _PLUS_CODE.fullmatch(text)
    if not found:
        return None
    from openlocationcode import openlocationcode as olc

    code, place = found[1].upper(), found[2].strip(" ,").lower()
    if olc.isShort(code):
        if place and not re.match(r"kabul|کابل", place):
            raise CoordinateError(
                f"{code} is a short plus code near {found[2].strip(' ,')!r}; geoloc reads short"
                " codes near Kabul only, so give the full code."
            )
        code = olc.recoverNearest(code, KABUL[1], KABUL[0])
    if "0" in code:
        raise CoordinateError(f"{code} names a square of 5 km or more, which is no point.")
    if not olc.isFull(code):
        raise CoordinateError(f"{_shown(text)} is not a valid plus code.")
    square = olc.decode(code)
    return square.longitudeCenter, square.latitudeCenter


_MGRS = re.compile(
    r"(\d{1,2})\s*([C-HJ-NP-X])\s*([A-HJ-NP-Z])\s*([A-HJ-NP-V])\s*(\d{1,5}\s+\d{1,5}|\d*)",
    re.IGNORECASE,
)


def _read_grid_reference(text: str) -> tuple[float, float] | None:
    found = _MGRS.fullmatch(text)
    if not found:
        return None
    import mgrs

    halves = found[5].split()
    digits = "".join(halves)
    if len(digits) < 4:
        raise CoordinateError(
            f"{_shown(text)} names a square of 10 km or more, which is no point; give at least two"
            " digits each of easting and northing."
        )
    if len(digits) % 2 or (halves and len(halves) == 2 and len(halves[0]) != len(halves[1])):
        raise CoordinateError(
            f"{_shown(text)} has an uneven MGRS number; easting and northing need the same"
            " count of digits."
        )
    reference = f"{found[1]}{found[2]}{found[3]}{found[4]}{digits}".upper()
    try:
        zone, hemisphere, east, north = mgrs.MGRS().MGRSToUTM(reference)
    except (mgrs.core.MGRSError, RuntimeError) as error:
        raise CoordinateError(f"{_shown(text)} is not a valid MGRS reference.") from error
    half = 10 ** (5 - len(digits) // 2) / 2  # a reference names a square; take its middle
    return _from_utm(int(zone), hemisphere == "N", east + half, north + half)


_UTM = re.compile(
    r"(?:zone\s*)?(\d{1,2})\s*([C-HJ-NP-X])[\s,]+(?:E\s*)?(\d{6}(?:\.\d+)?)\s*m?\s*E?[\s,]+"
    r"(?:N\s*)?(\d{1,8}(?:\.\d+)?)\s*m?\s*N?",
    re.IGNORECASE,
)


def _read_utm(text: str) -> tuple[float, float] | None:
    found = _UTM.fullmatch(text)
    if not found:
        return None
    zone, letter = int(found[1]), found[2].upper()
    # The letter is the latitude band, as in MGRS: bands N to X are north of the equator, so that
    # "42S" (band S, 32° to 40° N) is Kabul's, and "42N" reads as north either way.
    if not 1 <= zone <= 60:
        raise CoordinateError(f"UTM zone {zone} does not exist; Kabul is in 42S.")
    return _from_utm(zone, letter >= "N", float(found[3]), float(found[4]))


def _from_utm(zone: int, north: bool, east_m: float, north_m: float) -> tuple[float, float]:
    from pyproj import Transformer

    crs = f"EPSG:{(32600 if north else 32700) + zone}"
    lon, lat = Transformer.from_crs(crs, WGS84, always_xy=True).transform(east_m, north_m)
    return float(lon), float(lat)


_WKT_POINT = re.compile(
    rf"POINT\s*Z?\s*\(\s*({_NUMBER})\s+({_NUMBER})(?:\s+[-\d.]+)?", re.IGNORECASE
)


def _read_wkt(text: str) -> tuple[float, float] | None:
    found = _WKT_POINT.fullmatch(text)  # its closing bracket was stripped
    return (float(found[1]), float(found[2])) if found else None


_TOKEN = re.compile(
    r"(?P<label>lat(?:itude)?|lo?ng?(?:itude)?|lng)\s*[:=]?"
    r"|(?P<mark>°|'|\"|deg\b|(?<=\d)[dm](?=[\d\s])|(?<=\d)s(?=\s*[NSEW]))"
    r"|(?P<letter>[NSEW])(?![A-Za-z])"
    r"|(?P<number>[-+]?\d+(?:\.\d+)?|nan|[-+]?inf(?:inity)?)"
    r"|(?P<gap>[\s,;/|]+)",
    re.IGNORECASE,
)
_DECIMAL_COMMAS = re.compile(r"([-+]?\d{1,3}),(\d+)\s*[;,/\s]\s*([-+]?\d{1,3}),(\d+)")


def _read_degrees(text: str) -> tuple[float, float] | None:
    """Read two angles of one to three numbers each, with or without letters or labels."""
    if commas := _DECIMAL_COMMAS.fullmatch(text):
        text = f"{commas[1]}.{commas[2]} {commas[3]}.{commas[4]}"
    axes: list[str] = []
    numbers: list[float] = []
    position = 0
    signs = {"N": 1.0, "E": 1.0, "S": -1.0, "W": -1.0}
    while position < len(text):
        token = _TOKEN.match(text, position)
        if not token:
            return None
        position = token.end()
        if token["label"]:
            axes.append("N" if token["label"].lower().startswith("la") else "E")
        elif token["letter"]:
            axes.append(token["letter"].upper())
        elif token["number"]:
            numbers.append(float(token["number"]))
    if len(numbers) == 3 and not axes:
        raise CoordinateError(
            f"{_shown(text)} is three numbers. Google Earth writes longitude, latitude, height;"
            " give latitude, longitude and leave the height out."
        )
    if len(numbers) not in (2, 4, 6) or len(axes) not in (0, 2):
        return None
    if not axes and len(numbers) == 2 and min(numbers) > 100_000:
        raise CoordinateError(
            f"{_shown(text)} looks like UTM without its zone; for Kabul write 42S before it."
        )
    half = len(numbers) // 2
    first, second = _angle(numbers[:half], text), _angle(numbers[half:], text)
    if not axes:
        return second, first
    northing = [axis in "NS" for axis in axes]
    if northing[0] == northing[1]:
        raise CoordinateError(f"{_shown(text)} names the same axis twice ({' and '.join(axes)}).")
    first, second = first * signs[axes[0]], second * signs[axes[1]]
    return (second, first) if northing[0] else (first, second)


def _angle(parts: list[float], text: str) -> float:
    degrees, *rest = parts
    if any(not part.is_integer() for part in parts[:-1]):
        raise CoordinateError(f"{_shown(text)} has a fraction before the last part of an angle.")
    if any(not 0 <= part < 60 for part in rest):
        raise CoordinateError(f"{_shown(text)} has minutes or seconds outside 0 to 60.")
    size = abs(degrees) + sum(part / 60**power for power, part in enumerate(rest, start=1))
    return math.copysign(size, degrees)
