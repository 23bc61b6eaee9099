"""A stored surface of membership: one raster band per unit, and one for "in none of them"."""

from __future__ import annotations

import re
import struct
import zlib
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geoloc.boundaries.editions import read_recorded
from geoloc.errors import EditionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoloc.boundaries.layers import Points

    Floats = NDArray[np.float64]

_STEPS = 250.0  # a share is stored as a whole number of 1/250; over all bands they sum to 250
_PIXEL_SCALE, _TIE_POINT, _GEO_KEYS = 33550, 33922, 34735  # tags of GeoTIFF 1.1, 7.1
_UTM42N = 32642  # as the geo keys name it
_MOST_VALUES = 200_000_000  # cells times bands: what ours have is a thirtieth of it
_AT_ONCE = 65_536  # points whose working arrays exist at one time


class Surface:
    """P(unit) on a grid in UTM 42N, asked between the cells' centres."""

    def __init__(self, content: bytes, name: str = "the surface") -> None:
        """Open a surface.

        Parameters
        ----------
        content : bytes
            A tiled GeoTIFF of whole numbers 0 to 250 in UTM 42N, its bands named by the tag
            `units`: a code each, and `none` last.
        name : str
            What errors call it.

        Raises
        ------
        EditionError
            If it is no such file.
        """
        # Not rasterio: loading GDAL would take longer than all the rest of `geoloc where`.
        from tifffile import TiffFile

        self._name, self._content = name, content
        try:
            with TiffFile(BytesIO(content)) as raster:
                self._page: Any = raster.pages.first  # its types know no tiles
                named = re.search(r'name="units">([^<]*)<', str(raster.gdal_metadata))
                self.units: tuple[str, ...] = tuple(named[1].split()) if named else ()
                self._cell_m = float(self._page.tags[_PIXEL_SCALE].value[0])
                corner = self._page.tags[_TIE_POINT].value[3:5]
                self._west_m, self._north_m = (float(value) for value in corner)
                self._require_layout()
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, struct.error) as error:
            raise self._unreadable(error) from error
        # Filled tile by tile as points ask: one point needs a few of them.
        self._steps: NDArray[np.uint8] = np.zeros(self._page.shape, np.uint8)
        self._missing = set(range(len(self._page.dataoffsets)))

    def _require_layout(self) -> None:
        shape, tags = self._page.shape, self._page.tags
        if not (self._page.is_tiled and self._page.dtype == np.uint8 and len(shape) == 3):
            raise ValueError("it holds no tiles of 8-bit bands side by side")
        if shape[0] * shape[1] * shape[2] > _MOST_VALUES or min(shape[:2]) < 2:
            raise ValueError(f"{shape[1]} by {shape[0]} cells of {shape[2]} bands is not its size")
        if _UTM42N not in tags[_GEO_KEYS].value or self._cell_m <= 0:
            raise ValueError("it is not in UTM 42N")
        if len({*self.units}) != shape[2] or self.units[-1] != "none":
            raise ValueError("its tag `units` does not name each band, `none` last")

    def _unreadable(self, error: Exception) -> EditionError:
        return EditionError(
            f"{self._name} is no surface of membership that geoloc can read: {error}. Choose"
            " another edition with geoloc boundaries use."
        )

    def shares(self, points: Points, only: str | None = None) -> dict[str, Floats]:
        """Return P(unit) at points, bilinear between the centres of cells.

        Parameters
        ----------
        points : Points
            WGS 84 points.
        only : str, optional
            The one unit to answer for; one that the surface does not know holds nothing.

        Returns
        -------
        dict of code to float array, shape (n,)
            0 to 1; with `none` they sum to 1. Units that can hold none of the points are left
            out, unless named in `only`. Outside the raster, and at NaN, `none` is 1.

        Raises
        ------
        EditionError
            If a part of the raster cannot be decoded.
        """
        if only and only not in self.units:
            return {only: np.zeros(len(points))}
        found: dict[str, Floats] = {"none" if only is None else only: np.zeros(len(points))}
        # In parts, so that what exists at one time does not grow with the points.
        for start in range(0, len(points), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            for code, share in self._shares(points[part], only).items():
                found.setdefault(code, np.zeros(len(points)))[part] = share
        return found

    def _shares(self, points: Points, only: str | None) -> dict[str, Floats]:
        row, lower, above = self._between((self._north_m - points.plane[1]) / self._cell_m, 0)
        column, right, beside = self._between((points.plane[0] - self._west_m) / self._cell_m, 1)
        box = slice(row.min(), row.max() + 2), slice(column.min(), column.max() + 2)
        self._read(*box)
        possible: NDArray[np.bool_] = np.atleast_1d(self._steps[box].any(axis=(0, 1)))
        bands = [
            band
            for band, code in enumerate(self.units)
            if (code == only if only else possible[band] or code == "none")
        ]
        corners = self._steps[box][..., bands]
        row, column = row - box[0].start, column - box[1].start
        upper = _mix(corners[row, column], corners[row, column + 1], right)
        under = _mix(corners[row + 1, column], corners[row + 1, column + 1], right)
        shares = _mix(upper, under, lower) / _STEPS
        shares[~(above & beside)] = [self.units[band] == "none" for band in bands]
        return {self.units[band]: shares[:, place] for place, band in enumerate(bands)}

    def _read(self, rows: slice, columns: slice) -> None:
        """Decode the tiles of a box of cells that nobody has asked for yet."""
        size = self._page.tilelength
        across = -(-self._page.imagewidth // size)
        wanted = {
            down * across + right
            for down in range(rows.start // size, (rows.stop - 1) // size + 1)
            for right in range(columns.start // size, (columns.stop - 1) // size + 1)
        }
        for tile in wanted & self._missing:
            start = self._page.dataoffsets[tile]
            packed = self._content[start : start + self._page.databytecounts[tile]]
            try:
                steps = self._page.decode(packed, tile)[0][0]
            except (ValueError, TypeError, IndexError, zlib.error) as error:
                raise self._unreadable(error) from error
            top, left = (tile // across) * size, (tile % across) * size
            room = self._steps[top : top + size, left : left + size]
            room[:] = steps[: room.shape[0], : room.shape[1]]
        self._missing -= wanted

    def _between(
        self, cells: Floats, axis: int
    ) -> tuple[NDArray[np.intp], Floats, NDArray[np.bool_]]:
        """Return the cell whose centre is at or before a position, and how far it is to the next.

        A position in cells from the raster's edge; also returned is whether the raster holds it.
        """
        count = self._steps.shape[axis]
        inside = (cells >= 0) & (cells <= count)
        centred = np.clip(np.where(inside, cells, 0.0) - 0.5, 0.0, count - 1.0)
        first = np.minimum(centred.astype(np.intp), count - 2)
        return first, centred - first, inside


def _mix(first: NDArray[Any], second: NDArray[Any], share: Floats) -> Floats:
    """Return `share` of the second and the rest of the first, row by row."""
    mixed: Floats = first + (second.astype(np.float64) - first) * share[:, None]
    return mixed


@cache
def read_surface(path: Path, sha256: str) -> Surface:
    """Return a stored surface.

    Raises
    ------
    IntegrityError
        If its file was changed.
    EditionError
        If it cannot be read.
    """
    return Surface(read_recorded(path, sha256), str(path))
