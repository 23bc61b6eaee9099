"""Pictures from above: a raster's colours on a frame, and as bytes without anything else."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geoloc import geo
from geoloc.errors import InputError
from geoloc.terrain.frames import Frame, has_alpha, smooth, warped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

STRETCH = (2, 98)  # percent of the values seen that become black and white
_MOST_TILE_PX = 1024


def read_picture(path: Path | str, frame: Frame) -> tuple[Bytes, bool]:
    """Return a raster file's colours on a frame.

    Parameters
    ----------
    path : Path or str
        A GeoTIFF on this machine of any CRS: grey, RGB, either with alpha, or with a palette.
    frame : Frame
        The pixels to fill.

    Returns
    -------
    colours : uint8 array, (4, rows, cols)
        Red, green, blue and alpha; alpha is 0 where the file has no value.
    stretched : bool
        Whether values other than bytes were stretched between the 2nd and the 98th percent of
        those seen. All bands are stretched alike, which keeps the colours as they are.

    Raises
    ------
    InputError
        If the file cannot be read, has bands of which nobody knows which are red, green and blue,
        or has no value here.
    """
    with geo.opened_raster(path) as raster:
        meant = [colour.name for colour in raster.colorinterp]
        palette = raster.colormap(1) if meant[0] == "palette" else None
        bands = _bands(path, raster, meant)
        how = smooth(raster, frame)
        if palette:
            how = "mode" if how == "average" else "nearest"
        values = np.stack([warped(raster, band, frame, how) for band in bands])
        alpha = warped(raster, raster.count, frame, how) if has_alpha(raster) else None
        stretched = not palette and raster.dtypes[0] != "uint8"
    known = np.asarray(np.isfinite(values).all(axis=0))
    if alpha is not None:
        known &= alpha > 0
    if not known.any():
        raise InputError(f"{path} has no value within this map: it is empty here.")
    values[:, ~known] = 0
    if palette:
        colours = _looked_up(values[0], palette)
    else:
        plain = _stretch(values, known) if stretched else values.round().astype(np.uint8)
        colours = np.empty((4, *known.shape), np.uint8)
        colours[:3] = plain
        colours[3] = 255 if alpha is None or stretched else np.nan_to_num(alpha).round()
    colours[3, ~known] = 0
    return colours, stretched


def _looked_up(values: NDArray[Any], palette: dict[int, tuple[int, int, int, int]]) -> Bytes:
    """Return the colours that a palette has for values; none for those that it lacks."""
    table = np.zeros((65536, 4), np.uint8)
    table[list(palette)] = list(palette.values())
    colours: Bytes = table[np.clip(values, 0, 65535).astype(int)]
    return np.moveaxis(colours, -1, 0).copy()


def _bands(path: Path | str, raster: Any, meant: list[str]) -> list[int]:
    """Return which bands of an open raster are grey, or red, green and blue, counted from 1."""
    if {"red", "green", "blue"} <= {*meant}:
        return [meant.index(colour) + 1 for colour in ("red", "green", "blue")]
    if raster.count == 1 or (raster.count == 2 and meant[1] == "alpha"):
        return [1]
    if raster.count in (3, 4) and meant[0] in ("gray", "undefined"):
        return [1, 2, 3]
    raise InputError(
        f"{path} has {raster.count} bands and does not say which are red, green and blue; choose"
        " three of them with `gdal_translate -b 4 -b 3 -b 2 -colorinterp red,green,blue`."
    )


def _stretch(values: NDArray[Any], known: NDArray[np.bool_]) -> Bytes:
    """Return values as bytes, black and white near the ends of what is seen."""
    low, high = np.percentile(values[:, known].astype(np.float64), STRETCH)
    if not high > low:
        return np.full(values.shape, 128, np.uint8)
    shares = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    stretched: Bytes = (shares * 255).round().astype(np.uint8)
    return stretched


def as_webp(colours: Bytes, quality: int) -> bytes:
    """Return colours as a WebP picture that holds nothing else, no place and no date.

    Parameters
    ----------
    colours : uint8 array, (4, rows, cols)
        Red, green, blue and alpha.
    quality : int
        1 to 100.
    """
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    opaque = bool((colours[3] == 255).all())
    bands = np.ascontiguousarray(colours[:3] if opaque else colours)
    # What nobody sees need not be stored; one colour takes no room.
    if not opaque:
        bands[:3, colours[3] == 0] = 128
    count, rows, cols = bands.shape
    with warnings.catch_warnings(), MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # on purpose
        with memory.open(
            driver="WEBP", width=cols, height=rows, count=count, dtype="uint8", QUALITY=quality
        ) as picture:
            picture.write(bands)
        return bytes(memory.getbuffer())


def recoded(content: bytes, kind: str, quality: int) -> bytes:
    """Return one tile, a picture from outside, as a WebP that holds nothing but its pixels.

    Parameters
    ----------
    content : bytes
        The picture as it was stored.
    kind : str
        `PNG`, `JPEG` or `WEBP`: nothing else is tried.
    quality : int
        1 to 100.

    Raises
    ------
    InputError
        If it is no such picture, or none of 1 to 1024 pixels and 8 bits.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError
    from rasterio.io import MemoryFile

    try:
        with warnings.catch_warnings(), rasterio.Env(GDAL_PAM_ENABLED="NO"):
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a tile has no place
            with MemoryFile(content) as memory, memory.open(driver=kind) as picture:
                if max(picture.shape) > _MOST_TILE_PX or picture.dtypes[0] != "uint8":
                    raise InputError(
                        f"a tile is {picture.width} × {picture.height} pixels of"
                        f" {picture.dtypes[0]}; up to {_MOST_TILE_PX} × {_MOST_TILE_PX} of 8 bits"
                        " are read."
                    )
                return as_webp(_rgba(picture), quality)
    except RasterioError as error:
        reason = str(error.__cause__ or error).partition("\n")[0][:100]
        raise InputError(f"a tile is no {kind} picture: {reason}") from error


def _rgba(picture: Any) -> Bytes:
    """Return the colours of an open picture."""
    values = picture.read()
    if picture.colorinterp[0].name == "palette":
        return _looked_up(values[0], picture.colormap(1))
    grey = values.shape[0] < 3
    colours = np.repeat(values[:1], 3, axis=0) if grey else values[:3]
    alpha = values[-1:] if values.shape[0] in (2, 4) else np.full_like(values[:1], 255)
    return np.concatenate([colours, alpha])
