"""Clues that a raster file answers: height, land cover, density, slope."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from geoloc import geo
from geoloc.clues.statements import RELIABILITY, check_above_zero, check_not_negative, check_source
from geoloc.errors import ClueError, InputError
from geoloc.geo import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Heights of SRTM were 7.5 m off (RMSE, Apeh et al. 2019), of ALOS W3D30 5.4 m, of Copernicus's
# DEM less. A person's or a map's own error comes on top: give a larger σ for it.
DEM_SIGMA_M = 7.5

_MOST_SAMPLES = 16_000_000  # of a raster of classes: 64 MB
_SAMPLES_ACROSS = 8  # in a cell, at most
_CLASSES = 65536  # of 16 bits


@dataclass(frozen=True, slots=True)
class ElevationBetween:
    """The event happened at a height between two limits, by a digital elevation model.

    Cells of which the model knows no height get the mean likelihood of the others: of them, the
    clue says nothing.
    """

    kind: ClassVar[str] = "elevation-between"
    asserts: ClassVar[tuple[str, ...]] = ()

    low_m: float  # above the sea, as the model counts it
    high_m: float  # above `low_m`
    dem: Path | str  # a GeoTIFF of heights in metres
    origin: str
    _: KW_ONLY
    sigma_m: float = DEM_SIGMA_M  # of a height, above 0
    reliability: float = RELIABILITY

    def __post_init__(self) -> None:
        check_source(self.origin, self.reliability)
        for field in ("low_m", "high_m"):
            value = getattr(self, field)
            if not -500 <= value <= 9000:
                raise ClueError(
                    field, f"must be a height on Earth, -500 to 9000 metres, got {value!r}."
                )
        if not self.low_m < self.high_m:
            raise ClueError(
                "high_m", f"must be above low_m, got {self.low_m:g} to {self.high_m:g} metres."
            )
        check_above_zero("sigma_m", self.sigma_m, "metres")

    @property
    def says(self) -> str:
        """Return e.g. `at a height between 1,800 m and 1,850 m (± 7.5 m)`."""
        limits = f"between {self.low_m:,.0f} m and {self.high_m:,.0f} m"
        return f"at a height {limits} (± {self.sigma_m:g} m)"

    def log_likelihood(self, grid: Grid) -> Floats:
        """Return the log of how surely a height in each cell is between the limits.

        σ is that of the model and the relief within the cell, slope · side / √12, added in
        quadrature: a cell on a slope holds ground above and below its mean height.

        Raises
        ------
        ClueError
            If the file cannot be read, lies elsewhere, or knows no such height on the grid.
        """
        from scipy.special import ndtr

        height_m = _read("dem", self.dem, grid).astype(np.float64)
        known = np.isfinite(height_m)
        sigma_m = np.sqrt(self.sigma_m**2 + _relief_m(height_m, grid) ** 2)
        low, high = (self.low_m - height_m) / sigma_m, (self.high_m - height_m) / sigma_m
        # Φ(high) - Φ(low), on the side where both are small and keep their digits.
        flipped = low > 0
        shares = ndtr(np.where(flipped, -low, high)) - ndtr(np.where(flipped, -high, low))
        if float(shares[known].max()) < math.exp(-18):
            raise ClueError(
                "low_m",
                f"no cell is {self.says}: those that {Path(self.dem).name} knows lie from"
                f" {np.nanmin(height_m):,.0f} to {np.nanmax(height_m):,.0f} m.",
            )
        return _log_with_unknown(shares, known)


def _relief_m(height_m: Floats, grid: Grid) -> Floats:
    """Return σ of the heights within each cell, as of a plane; 0 beside cells without a height."""
    down, across = (
        np.gradient(height_m, axis=axis) if height_m.shape[axis] > 1 else np.zeros(grid.shape)
        for axis in (0, 1)
    )
    rise = np.sqrt((down**2 + across**2) / 12)  # from one cell to the next, in metres
    return np.nan_to_num(rise, nan=0.0)


@dataclass(frozen=True, slots=True)
class Ramp:
    """Weights that change evenly from one value to another, and stay level beyond both."""

    start: float  # value
    end: float  # value, above `start`
    start_weight: float = 0.0  # 0 or more
    end_weight: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start) and math.isfinite(self.end) and self.start < self.end):
            raise ClueError(
                "weights",
                f"a ramp runs from a value to a larger one, got {self.start!r} to {self.end!r}.",
            )
        for weight in (self.start_weight, self.end_weight):
            check_not_negative("weights", weight, "weight")
        if not (self.start_weight or self.end_weight):
            raise ClueError("weights", "both ends of the ramp are 0, which leaves no place.")

    def of(self, values: Floats) -> Floats:
        """Return the weight of each value, same shape."""
        share = np.clip((values - self.start) / (self.end - self.start), 0, 1)
        return self.start_weight + share * (self.end_weight - self.start_weight)


@dataclass(frozen=True, slots=True)
class Raster:
    """The event happened on ground of a kind, as a raster file tells it.

    A weight is P(what was observed | ground of this value), up to a factor: 1 for `built-up` and
    0.1 for all else says that the observation, say a walled lane, is ten times likelier there. It
    also says how far the file is trusted: WorldCover 2021 is right for 77 % of points, so an
    `other` of 0 would exclude too much. In a cell that holds several classes their weights are
    averaged. Cells of which the file knows nothing get the mean likelihood of the others.
    """

    kind: ClassVar[str] = "raster"
    asserts: ClassVar[tuple[str, ...]] = ()

    path: Path | str  # a GeoTIFF with one band
    weights: Mapping[int, float] | Ramp  # of classes, or by value
    what: str  # words for the ground, e.g. "built-up land"
    origin: str
    _: KW_ONLY
    other: float = 0.1  # weight of classes not listed, 0 or more: a judgement
    reliability: float = RELIABILITY

    def __post_init__(self) -> None:
        check_source(self.origin, self.reliability)
        if not self.what.strip():
            raise ClueError("what", 'is empty; name the ground, e.g. "built-up land".')
        check_not_negative("other", self.other, "weight")
        if isinstance(self.weights, Ramp):
            return
        if not self.weights:
            raise ClueError("weights", "are empty; give a weight for at least one class.")
        for value, weight in self.weights.items():
            if not (0 <= value < _CLASSES and float(value).is_integer()):
                raise ClueError(
                    "weights", f"classes are whole numbers from 0 to 65,535, got {value!r}."
                )
            check_not_negative("weights", weight, f"weight (class {value})")
        object.__setattr__(self, "weights", MappingProxyType(dict(self.weights)))

    @property
    def about(self) -> str:
        """Return which raster answers: another is another observation."""
        return str(self.path)

    @property
    def says(self) -> str:
        """Return e.g. `on built-up land (landcover.tif)`."""
        return f"on {self.what} ({Path(self.path).name})"

    def log_likelihood(self, grid: Grid) -> Floats:
        """Return the log of each cell's mean weight.

        Raises
        ------
        ClueError
            If the file cannot be read or lies elsewhere, if no cell has a class that is listed, or
            if all weights on the grid are 0.
        """
        if isinstance(self.weights, Ramp):
            values = _read("path", self.path, grid).astype(np.float64)
            weights, known = self.weights.of(values), np.isfinite(values)
        else:
            weights, known = self._class_weights(grid, self.weights)
        if not float(weights[known].max()) > 0:
            raise ClueError(
                "weights", f"are 0 in every cell of {Path(self.path).name}; no place is left."
            )
        return _log_with_unknown(np.where(known, weights, 0.0), known)

    def _class_weights(
        self, grid: Grid, table: Mapping[int, float]
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the mean weight of each cell, from samples across it, and where there is one."""
        across = math.isqrt(_MOST_SAMPLES // (grid.rows * grid.cols) or 1)
        across = max(1, min(_SAMPLES_ACROSS, across))
        fine = Grid(
            grid.west_m, grid.north_m, grid.cell_m / across, grid.rows * across, grid.cols * across
        )
        values = _read("path", self.path, fine, categories=True)
        # A place in the table for every class, one for other values, and one for none.
        place = np.where(np.isfinite(values), np.clip(values, -1, _CLASSES), _CLASSES + 1)
        place = np.where(place < 0, _CLASSES, place).astype(np.int32)
        counts = np.bincount(place.ravel(), minlength=_CLASSES + 2)
        if not any(counts[int(value)] for value in table):
            here = [
                value for value in np.argsort(-counts, kind="stable")[:8].tolist() if counts[value]
            ]
            raise ClueError(
                "weights",
                f"no cell has class {', '.join(str(value) for value in table)};"
                f" {Path(self.path).name} has"
                f" {', '.join(str(value) for value in here if value < _CLASSES)} here.",
            )
        weight_of = np.full(_CLASSES + 2, float(self.other))
        for value, weight in table.items():
            weight_of[int(value)] = weight
        weight_of[_CLASSES + 1] = 0.0  # adds nothing to a sum
        weights = _block_sums(weight_of[place], across)
        samples = _block_sums((place <= _CLASSES).astype(np.float64), across)
        known = samples > 0
        return np.divide(weights, samples, out=np.zeros(grid.shape), where=known), known


def _block_sums(values: Floats, across: int) -> Floats:
    """Return sums over blocks of `across` by `across` values."""
    if across == 1:
        return values
    rows, cols = (count // across for count in values.shape)
    sums: Floats = values.reshape(rows, across, cols, across).sum(axis=(1, 3))
    return sums


def _read(
    field: str, path: Path | str, grid: Grid, *, categories: bool = False
) -> NDArray[np.float32]:
    try:
        return geo.read_raster(path, grid, categories=categories)
    except InputError as error:
        raise ClueError(field, str(error)) from error


def _log_with_unknown(shares: Floats, known: NDArray[np.bool_]) -> Floats:
    """Return logs; where nothing is known, the log of the mean."""
    filled = np.where(known, shares, float(shares[known].mean()))
    with np.errstate(divide="ignore"):
        logs: Floats = np.log(filled)
    return logs
