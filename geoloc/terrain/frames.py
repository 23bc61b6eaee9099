"""Rows and columns of Web Mercator, on which a page shows a picture without bending it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geoloc import geo
from geoloc.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rasterio.transform import Affine

    from geoloc.geo import Box

MERCATOR = "EPSG:3857"
_RADIUS_M = 6_378_137.0
_SQUARED_E = 2 / 298.257223563 - 1 / 298.257223563**2

_MOST_PIXELS, _MOST_ACROSS = 9_000_000, 4096  # of a picture: what a phone still shows
_FINEST_M = 1.2  # Mercator metres in a pixel of the closest zoom, 16, on a fine screen
_LEAST_PIXELS = 3  # of a file, along each of its sides
_MOST_SOURCE = 4_000_000_000  # pixels of a file behind one picture: about a minute's reading


@dataclass(frozen=True, slots=True)
class Frame:
    """Square pixels on Web Mercator (EPSG:3857); row 0 is the northernmost."""

    west_m: float  # Mercator metres, which are no metres on the ground
    north_m: float
    pixel_m: float  # side of a pixel in Mercator metres, above 0
    rows: int
    cols: int

    @property
    def transform(self) -> Affine:
        """Return columns and rows, counted from the north-west corner, to Mercator metres."""
        from rasterio.transform import Affine

        return Affine(self.pixel_m, 0, self.west_m, 0, -self.pixel_m, self.north_m)

    @property
    def box(self) -> Box:
        """Return west, south, east, north of the outer edges, WGS 84 degrees."""
        east_m = self.west_m + self.cols * self.pixel_m
        south_m = self.north_m - self.rows * self.pixel_m
        return (*_degrees(self.west_m, south_m), *_degrees(east_m, self.north_m))

    def sides_m(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how wide and how high a pixel is on the ground, in metres; each (rows, 1)."""
        north_m = self.north_m - (np.arange(self.rows) + 0.5) * self.pixel_m
        lat = np.arctan(np.sinh(north_m / _RADIUS_M))[:, None]
        # What a Mercator metre is on the ellipsoid: along the parallel, and along the meridian.
        bent = 1 - _SQUARED_E * np.sin(lat) ** 2
        across = np.cos(lat) / np.sqrt(bent)
        return self.pixel_m * across, self.pixel_m * across * (1 - _SQUARED_E) / bent

    def coarser(self, factor: float) -> Frame:
        """Return the same ground in pixels this many times as wide, to a pixel more."""
        pixel_m = self.pixel_m * factor
        rows, cols = (math.ceil(count / factor - 1e-6) for count in (self.rows, self.cols))
        return Frame(self.west_m, self.north_m, pixel_m, rows, cols)

    def wider(self) -> Frame:
        """Return the frame with one more pixel on each side."""
        west_m, north_m = self.west_m - self.pixel_m, self.north_m + self.pixel_m
        return Frame(west_m, north_m, self.pixel_m, self.rows + 2, self.cols + 2)


def _degrees(x_m: float, y_m: float) -> tuple[float, float]:
    return math.degrees(x_m / _RADIUS_M), math.degrees(math.atan(math.sinh(y_m / _RADIUS_M)))


def mercator_m(lon: float, lat: float) -> tuple[float, float]:
    """Return Mercator metres of a WGS 84 point."""
    return math.radians(lon) * _RADIUS_M, math.asinh(math.tan(math.radians(lat))) * _RADIUS_M


def frame_over(path: Path | str, reach: Box) -> Frame:
    """Return where a raster file and a box overlap, in pixels as fine as the file's.

    Parameters
    ----------
    path : Path or str
        A GeoTIFF on this machine, of any size and any CRS.
    reach : (west, south, east, north), degrees
        As far as the page goes; nothing of the file beyond it is read.

    Returns
    -------
    Frame
        At most 9 million pixels, and none finer than a page can show.

    Raises
    ------
    InputError
        If the file cannot be read, is too small or too large to make a picture of, or lies
        elsewhere: the message says how far.
    """
    with geo.opened_raster(path) as raster:
        if min(raster.shape) < _LEAST_PIXELS:
            raise InputError(
                f"{path} is {raster.width} × {raster.height} pixels large, too small for a picture."
            )
        if raster.transform.is_identity or not raster.transform.determinant:
            raise InputError(
                f"{path} has a CRS but does not say where in it it lies; set its corners with"
                " `gdal_edit.py -a_ullr`."
            )
        return _overlap(path, raster, reach)


def _overlap(path: Path | str, raster: Any, reach: Box) -> Frame:
    """Return the overlap of an open raster and a box, in pixels as fine as the raster's."""
    x, y = _edge(raster)
    west, south, east, north = (*mercator_m(*reach[:2]), *mercator_m(*reach[2:]))
    left, right = max(west, x.min()), min(east, x.max())
    low, high = max(south, y.min()), min(north, y.max())
    if left >= right or low >= high:
        raise _elsewhere(path, (x, y), reach)
    per_m = _pixels_per_m(raster, (left + right) / 2, (low + high) / 2)
    count = per_m.prod() * (right - left) * (high - low)
    if count > _MOST_SOURCE:
        raise InputError(
            f"{path} has {count:,.0f} pixels within this map, more than {_MOST_SOURCE:,} that are"
            " read; make it coarser with `gdalwarp -tr`."
        )
    pixel_m = max(
        1 / per_m.max(),
        _FINEST_M,
        (right - left) / _MOST_ACROSS,
        (high - low) / _MOST_ACROSS,
        math.sqrt((right - left) * (high - low) / _MOST_PIXELS),
    )
    rows, cols = (max(1, math.floor(size / pixel_m)) for size in (high - low, right - left))
    return Frame(left, high, pixel_m, rows, cols)


def _edge(raster: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points along the edge of an open raster, in Mercator metres."""
    from rasterio.warp import transform

    along = np.linspace(0, 1, 21)
    far = np.ones_like(along)
    across = np.concatenate([along, far, along, 0 * far]) * raster.width
    down = np.concatenate([0 * far, along, far, along]) * raster.height
    x, y = _moved(raster.transform, across, down)
    lon, lat = (np.array(axis) for axis in transform(raster.crs, geo.WGS84, x, y))
    known = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) < 85)
    if not known.any():
        raise InputError(
            f"{raster.name} lies nowhere that a map like this shows, by its own CRS and corners;"
            " check them with `gdalinfo`."
        )
    points = [mercator_m(*point) for point in zip(lon[known], lat[known], strict=True)]
    return np.array(points)[:, 0], np.array(points)[:, 1]


def _pixels_per_m(raster: Any, x_m: float, y_m: float) -> NDArray[np.float64]:
    """Return how many pixels of an open raster one Mercator metre spans, east and north."""
    from rasterio.warp import transform

    step = 10.0
    x, y = transform(MERCATOR, raster.crs, [x_m, x_m + step, x_m], [y_m, y_m, y_m + step])
    across, down = _moved(~raster.transform, np.array(x), np.array(y))
    spans: NDArray[np.float64] = np.hypot(across[1:] - across[0], down[1:] - down[0]) / step
    if not (np.isfinite(spans).all() and spans.min() > 0):
        raise InputError(f"{raster.name} cannot be placed on this map by its CRS and corners.")
    return spans


def _moved(by: Affine, x: Any, y: Any) -> tuple[Any, Any]:
    return by.a * x + by.b * y + by.c, by.d * x + by.e * y + by.f


def _elsewhere(path: Path | str, edge: tuple[Any, Any], reach: Box) -> InputError:
    """Return the error that says where a raster lies, and how far from the page."""
    lon, lat = _degrees((edge[0].min() + edge[0].max()) / 2, (edge[1].min() + edge[1].max()) / 2)
    away_m = geo.distance_m(lon, lat, (reach[0] + reach[2]) / 2, (reach[1] + reach[3]) / 2)
    return InputError(
        f"{path} lies elsewhere: its middle is {lat:.2f}, {lon:.2f} (latitude, longitude),"
        f" {away_m / 1000:,.0f} km from the middle of this map."
    )


def warped(raster: Any, band: int, frame: Frame, resampling: str) -> NDArray[np.float32]:
    """Return a band of an open raster on a frame, NaN where it has no value."""
    import rasterio
    from rasterio.warp import Resampling, reproject

    values = np.full((frame.rows, frame.cols), np.nan, np.float32)
    bare = raster.nodata
    if bare is None and np.dtype(raster.dtypes[0]).kind == "f":
        bare = math.nan
    settings: dict[str, Any] = {}
    if has_alpha(raster) and band != raster.count:
        settings["src_alpha"] = raster.count
    if resampling == "bilinear":
        # Over a little more than four pixels GDAL's weights draw ripples into an even slope.
        settings |= {"XSCALE": 1, "YSCALE": 1}
    reproject(
        rasterio.band(raster, band), values, src_nodata=bare, dst_nodata=np.nan,
        dst_transform=frame.transform, dst_crs=MERCATOR, resampling=Resampling[resampling],
        num_threads=1, warp_mem_limit=64, **settings,
    )  # fmt: skip
    return values


def has_alpha(raster: Any) -> bool:
    """Return whether the last band of an open raster says where the others are seen."""
    return bool(raster.colorinterp[-1].name == "alpha")


def smooth(raster: Any, frame: Frame) -> str:
    """Return how to resample quantities of an open raster onto a frame."""
    middle = _moved(frame.transform, frame.cols / 2, frame.rows / 2)
    per_pixel = _pixels_per_m(raster, *middle) * frame.pixel_m
    return "average" if per_pixel.min() > 2 else "bilinear"
