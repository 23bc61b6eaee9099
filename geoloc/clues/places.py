"""Clues about units: inside one, or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from geoloc import boundaries
from geoloc.clues.ground import identity
from geoloc.clues.statements import check_source
from geoloc.errors import ClueError
from geoloc.gazetteer import Place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoloc.geo import Grid

# A published area by named investigators is taken to be wrong once in fifty. This is a judgement,
# not a measurement; a verdict's interval also tries one in ten and one in two hundred.
PUBLISHED_RELIABILITY = 0.98


@dataclass(frozen=True, slots=True)
class Within:
    """The event happened inside a place; its boundary counts with its uncertainty."""

    kind: ClassVar[str] = "within"

    place: Place
    origin: str
    reliability: float = PUBLISHED_RELIABILITY

    def __post_init__(self) -> None:
        check_source(self.origin, self.reliability)
        _check_codes(self.place)

    @property
    def asserts(self) -> tuple[str, ...]:
        """Return the codes of the place."""
        return self.place.codes

    @property
    def about(self) -> str:
        """Return the place's name: another is another observation."""
        return identity(self.place)

    @property
    def says(self) -> str:
        """Return e.g. `within Bagrami district`."""
        return f"within {self.place.name}"

    def log_likelihood(self, grid: Grid) -> NDArray[np.float64]:
        """Return the log membership of each cell's centre in the place.

        Raises
        ------
        ClueError
            If the place has no known line (PD20).
        """
        with np.errstate(divide="ignore"):
            logs: NDArray[np.float64] = np.log(_membership(self.place, grid, "be within"))
        return logs


@dataclass(frozen=True, slots=True)
class NotWithin:
    """The event did not happen inside a place; its boundary counts with its uncertainty."""

    kind: ClassVar[str] = "not-within"
    asserts: ClassVar[tuple[str, ...]] = ()

    place: Place
    origin: str
    reliability: float = PUBLISHED_RELIABILITY

    def __post_init__(self) -> None:
        check_source(self.origin, self.reliability)
        _check_codes(self.place)

    @property
    def about(self) -> str:
        """Return the place's name: another is another observation."""
        return identity(self.place)

    @property
    def says(self) -> str:
        """Return e.g. `outside Bagrami district`."""
        return f"outside {self.place.name}"

    def log_likelihood(self, grid: Grid) -> NDArray[np.float64]:
        """Return the log of one less the membership of each cell's centre in the place.

        Raises
        ------
        ClueError
            If the place has no known line, or holds the whole grid.
        """
        shares = _membership(self.place, grid, "be outside")
        if shares.min() >= 1:
            raise ClueError("codes", f"{self.place.name} holds the whole study area.")
        with np.errstate(divide="ignore"):
            logs: NDArray[np.float64] = np.log1p(-np.minimum(shares, 1))
        return logs


def _check_codes(place: Place) -> None:
    if not isinstance(place, Place):
        raise ClueError("place", f"must be a Place, e.g. Place('PD8', ('AF-KBL-PD8',)): {place!r}.")
    if not place.codes:
        raise ClueError("codes", f"{place.text!r} names no unit; give its codes.")


def _membership(place: Place, grid: Grid, purpose: str) -> NDArray[np.float64]:
    """Return the membership of each cell's centre: the product of the units', as of `Place`."""
    shares = np.ones(grid.shape)
    for code in place.codes:
        layer = boundaries.layers_with(code)[0]
        if layer[code].geometry.is_empty:
            raise ClueError("codes", f"{place.name} has no known line to {purpose}.")
        shares *= boundaries.unit_cells(layer, code, grid).share.reshape(grid.shape)
    return shares
