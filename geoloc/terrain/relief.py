"""Heights, and how the ground would look in the light of a low sun from the north-west."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geoloc import geo
from geoloc.errors import InputError
from geoloc.terrain.frames import Frame, smooth, warped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

# Light from the north-west: from the south, where the sun stands, most people see valleys as hills.
AZIMUTH_DEG, ALTITUDE_DEG = 315.0, 45.0
_FOOT_M = 0.3048
_LOWEST_M, _HIGHEST_M = -500, 9000


def read_dem(path: Path | str, frame: Frame) -> Floats:
    """Return heights on a frame.

    Parameters
    ----------
    path : Path or str
        A GeoTIFF of one band on this machine, of any CRS. Heights are in metres, or in feet if
        the file says so.
    frame : Frame
        The pixels to fill.

    Returns
    -------
    float32 array, (rows, cols), metres
        NaN where the file has no height.

    Raises
    ------
    InputError
        If the file cannot be read, has several bands or no height here, or heights that are none
        on Earth in metres.
    """
    with geo.opened_raster(path) as raster:
        if raster.count != 1:
            raise InputError(
                f"{path} has {raster.count} bands; a relief needs a file with one band of heights."
            )
        unit_m = _unit_m(path, raster)
        stored = warped(raster, 1, frame, smooth(raster, frame))
        heights = stored * np.float32(raster.scales[0] * unit_m)
        heights += np.float32(raster.offsets[0] * unit_m)
    heights[np.isinf(heights)] = np.nan
    if np.isnan(heights).all():
        raise InputError(f"{path} has no height within this map: it is empty here.")
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    if low < _LOWEST_M or high > _HIGHEST_M:
        raise InputError(
            f"{path} has heights from {low:,.0f} to {high:,.0f} here, which are no metres on"
            " Earth. If they are feet, say so with `gdal_edit.py -units ft`; if one of them stands"
            " for `no value`, with `gdal_edit.py -a_nodata`."
        )
    return heights


def _unit_m(path: Path | str, raster: Any) -> float:
    """Return the length of the unit of an open raster's heights, in metres."""
    unit = (raster.units[0] or "").strip().lower()
    if re.fullmatch(r"|m|met(er|re)s?", unit):
        return 1.0
    if re.fullmatch(r"ft|foot|feet|(us[ -]survey|international|us)[ -](ft|foot|feet)|us-ft", unit):
        return _FOOT_M  # a survey foot is 2 millionths longer
    raise InputError(
        f"{path} says that its values are in {unit[:30]!r}; heights are in metres or feet."
    )


def shade(heights: Floats, frame: Frame) -> Floats:
    """Return how much light falls on the ground, by Horn's slopes.

    Parameters
    ----------
    heights : float32 array, (rows + 2, cols + 2), metres
        One pixel more on each side than the frame: `read_dem(path, frame.wider())`.
    frame : Frame
        Where they lie.

    Returns
    -------
    float32 array, (rows, cols), 0 to 1
        The cosine of the angle between the ground's normal and the light, 0 where that is more
        than 90°: level ground has 0.71. NaN beside pixels without a height.

    Notes
    -----
    Slopes are weighted differences over the eight neighbours (Horn 1981,
    doi:10.1109/PROC.1981.11918), in metres on the ground: a Mercator metre is 0.82 m at Kabul.
    """
    wide_m, high_m = (side.astype(np.float32) for side in frame.sides_m())
    rows = heights[:-2] + 2 * heights[1:-1] + heights[2:]
    east = (rows[:, 2:] - rows[:, :-2]) / (8 * wide_m)
    cols = heights[:, :-2] + 2 * heights[:, 1:-1] + heights[:, 2:]
    north = (cols[:-2] - cols[2:]) / (8 * high_m)
    azimuth, altitude = math.radians(AZIMUTH_DEG), math.radians(ALTITUDE_DEG)
    level = math.cos(altitude)
    toward = math.sin(altitude) - level * (math.sin(azimuth) * east + math.cos(azimuth) * north)
    light: Floats = np.maximum(toward / np.sqrt(1 + east**2 + north**2), 0)
    return light
