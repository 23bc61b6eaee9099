"""Clues that are areas: drawn, shared with another incident, or searched in vain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from geoloc.clues.ground import (
    REACH_SIGMAS,
    apart,
    at_steps,
    blur_m,
    check_shape,
    covered,
    depth_m,
    identity,
)
from geoloc.clues.statements import RELIABILITY, check_not_negative, check_share, check_source
from geoloc.errors import ClueError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from shapely.geometry.base import BaseGeometry

    from geoloc.geo import Grid

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The event happened in an area that somebody drew, and is so sure of.

    L is 1 inside and 0 outside, in a cell on the line the share that is inside. The confidence is
    the clue's reliability r, so that it enters as r·L + (1 - r)·L̄: with r the event is inside, and
    with 1 - r the drawing says nothing, and the event may still be inside. Therefore P(inside) is
    at least the confidence, and just above it where the area is small.
    """

    kind: ClassVar[str] = "drawn"
    asserts: ClassVar[tuple[str, ...]] = ()

    polygon: BaseGeometry  # Polygon or MultiPolygon, WGS 84
    origin: str
    _: KW_ONLY
    confidence: float = RELIABILITY  # 0 to 1
    edge_sigma_m: float = 0.0  # σ of the line, metres; 0 for one that is meant as it is drawn
    name: str = "the area drawn"

    def __post_init__(self) -> None:
        check_source(self.origin, 1.0)
        check_share("confidence", self.confidence)
        check_not_negative("edge_sigma_m", self.edge_sigma_m, "metres")
        check_shape("polygon", self.polygon, ("Polygon",))

    @property
    def reliability(self) -> float:
        """Return the confidence."""
        return self.confidence

    @property
    def says(self) -> str:
        """Return e.g. `inside the area drawn`."""
        return f"inside {self.name}"

    def log_likelihood(self, grid: Grid) -> Floats:
        """Return the log of the share of each cell inside, or of Φ(depth / σ) with a soft edge.

        Raises
        ------
        ClueError
            If the area lies outside the grid.
        """
        if self.edge_sigma_m:
            from scipy.special import ndtr

            sigma_m = math.hypot(self.edge_sigma_m, blur_m(grid))
            shares = ndtr(depth_m(grid, self.polygon, REACH_SIGMAS * sigma_m) / sigma_m)
        else:
            shares = covered(grid, self.polygon)
        if shares.max() < 1e-9:
            raise ClueError(
                "polygon",
                f"{self.name} lies {apart(grid, self.polygon)} from the study area. Check its"
                " coordinates, or choose another study area.",
            )
        return _log(shares)


@dataclass(frozen=True, slots=True)
class Searched:
    """Ground was searched and the event was not found there.

    The detection probability is that of finding it, had it been there. There is no default: it
    depends on who searched, with what, and on what would be seen. Satellite imagery that shows
    every house, searched for a burnt one, may find it with 0.8; a village asked by telephone with
    less.
    """

    kind: ClassVar[str] = "searched"
    asserts: ClassVar[tuple[str, ...]] = ()

    polygon: BaseGeometry  # Polygon or MultiPolygon, WGS 84
    detection_probability: float  # 0 to 1
    origin: str
    _: KW_ONLY
    name: str = "the ground searched"
    reliability: float = RELIABILITY

    def __post_init__(self) -> None:
        check_source(self.origin, self.reliability)
        check_share("detection_probability", self.detection_probability)
        check_shape("polygon", self.polygon, ("Polygon",))

    @classmethod
    def cells(
        cls,
        grid: Grid,
        searched: NDArray[np.bool_],
        detection_probability: float,
        origin: str,
        *,
        name: str = "the ground searched",
        reliability: float = RELIABILITY,
    ) -> Searched:
        """Return the clue of a search that is marked on the cells of a grid, shape (rows, cols).

        Raises
        ------
        ClueError
            If no cell is marked, or the marks have another shape than the grid.
        """
        marked = np.asarray(searched, bool)
        if marked.shape != grid.shape:
            raise ClueError(
                "cells", f"are {marked.shape}, but the grid is {grid.shape} rows and columns."
            )
        if not marked.any():
            raise ClueError("cells", "none is marked; a search covers at least one.")
        outline = grid.outline(marked)
        return cls(outline, detection_probability, origin, name=name, reliability=reliability)

    @property
    def about(self) -> str:
        """Return which ground was searched: a search elsewhere is another observation."""
        return identity(self.polygon)

    @property
    def says(self) -> str:
        """Return e.g. `outside the ground searched, or missed there (found with 80 %)`."""
        found = f"{100 * self.detection_probability:.3g} %"
        return f"outside {self.name}, or missed there (found with {found})"

    def log_likelihood(self, grid: Grid) -> Floats:
        """Return the log of 1 less the detection probability in each cell that was searched.

        In a cell that was searched in part, the part counts.

        Raises
        ------
        ClueError
            If the searched ground lies outside the grid, or it is all of it and nothing could have
            been missed.
        """
        shares = covered(grid, self.polygon)
        if not shares.any():
            raise ClueError(
                "polygon",
                f"{self.name} lies {apart(grid, self.polygon)} from the study area. Check its"
                " coordinates.",
            )
        missed = 1 - self.detection_probability * shares
        if not missed.any():
            raise ClueError(
                "detection_probability", "is 1 over the whole study area: no place is left."
            )
        return _log(missed)


# Identity, not equality: two large arrays are not compared by accident.
@dataclass(frozen=True, slots=True, eq=False)
class SameAs:
    """The event happened where another incident did.

    L is that incident's own likelihood: its posterior surface where its prior was uniform, which
    is `geoloc`'s default; else give posterior / prior. Cells of another size are filled by area.
    """

    kind: ClassVar[str] = "same-as"

    incident: str  # its id, for reports
    grid: Grid
    surface: Floats = field(repr=False)  # probability per cell, (rows, cols), 0 or more
    origin: str
    _: KW_ONLY
    asserted: Mapping[str, Floats] = field(default_factory=dict, repr=False)  # see `vouches`
    reliability: float = RELIABILITY

    def __post_init__(self) -> None:
        check_source(self.origin, self.reliability)
        if not self.incident.strip():
            raise ClueError("incident", "is empty; give the id of the other incident.")
        object.__setattr__(self, "surface", _frozen(self.surface))
        if self.surface.shape != self.grid.shape:
            raise ClueError(
                "surface",
                f"of {self.incident} is {self.surface.shape}, but its grid is {self.grid.shape}.",
            )
        if not (np.isfinite(self.surface).all() and self.surface.min() >= 0):
            raise ClueError(
                "surface", f"of {self.incident} must be finite and 0 or more in every cell."
            )
        if not self.surface.any():
            raise ClueError("surface", f"of {self.incident} is 0 everywhere.")

    @property
    def asserts(self) -> tuple[str, ...]:
        """Return the units that the other incident's evidence says hold it."""
        return tuple(self.asserted)

    @property
    def about(self) -> str:
        """Return the other incident."""
        return self.incident

    @property
    def says(self) -> str:
        """Return e.g. `in the same place as 2023-05-08-bagrami-pd22`."""
        return f"in the same place as {self.incident}"

    def vouches(self, code: str, grid: Grid) -> Floats:
        """Return how surely, in each cell, the other incident's evidence names a unit and is right.

        Taken from `asserted`, a surface of 0 to 1 on its own grid for each unit; 0 beyond it.
        """
        own, at = self.grid, grid.centres_m()
        row = np.floor((own.north_m - at[1]) / own.cell_m).astype(np.intp)
        col = np.floor((at[0] - own.west_m) / own.cell_m).astype(np.intp)
        there = (row >= 0) & (row < own.rows) & (col >= 0) & (col < own.cols)
        found = self.asserted[code][row.clip(0, own.rows - 1), col.clip(0, own.cols - 1)]
        return np.where(there, found, 0.0)

    def log_likelihood(self, grid: Grid) -> Floats:
        """Return the log of the other incident's mean density over each cell.

        Raises
        ------
        ClueError
            If the other surface is 0 on all of the grid.
        """
        here = self.surface if grid == self.grid else self._moved_to(grid)
        if not here.max() > 0:
            raise ClueError(
                "incident", f"{self.incident} has no place in this study area; it lies elsewhere."
            )
        return _log(here)

    def _moved_to(self, grid: Grid) -> Floats:
        """Return the sum over each cell: sums up to every edge, between them linear, differ."""
        own = self.grid
        step = grid.cell_m / own.cell_m
        below = (own.north_m - grid.north_m) / own.cell_m + np.arange(grid.rows + 1) * step
        beside = (grid.west_m - own.west_m) / own.cell_m + np.arange(grid.cols + 1) * step
        down = np.diff(_sums_up_to(self.surface, below), axis=0)
        sums = np.diff(_sums_up_to(down.T, beside), axis=0).T
        # What cancels leaves digits of no meaning.
        return np.where(sums > 1e-15 * self.surface.sum(), sums, 0.0)


def _sums_up_to(values: Floats, edges: NDArray[np.floating[Any]]) -> Floats:
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    return at_steps(sums, np.clip(edges, 0, len(values)))


def _frozen(values: ArrayLike) -> Floats:
    copied = np.array(values, np.float64)
    copied.setflags(write=False)
    return copied


def _log(shares: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        logs: Floats = np.log(shares)
    return logs
