"""What speaks about where an event happened, as a likelihood for every cell of a grid.

A clue is a small frozen value: `log_likelihood(grid) -> (rows, cols)`, a `reliability` (how surely
it is not plain wrong, 0 to 1), an `origin` (clues of one origin are one clue), and the units that
it `asserts`. Every kind of clue obeys this protocol, so the fusion in `area` never changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from geoloc import geo
from geoloc.errors import ClueError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoloc.gazetteer import Place
    from geoloc.geo import Grid

# A published area by named investigators is taken to be wrong once in fifty. This is a judgement,
# not a measurement; a verdict's interval also tries one in ten and one in two hundred.
PUBLISHED_RELIABILITY = 0.98


class Clue(Protocol):
    """Anything that says how likely its observation is, were the event in each cell."""

    @property
    def reliability(self) -> float:
        """Return how surely the clue is about this event at all, 0 to 1."""

    @property
    def origin(self) -> str:
        """Return what the clue was seen in; clues of one origin count once."""

    @property
    def asserts(self) -> tuple[str, ...]:
        """Return the codes of units that the clue itself says hold the event; mostly none."""

    def log_likelihood(self, grid: Grid) -> NDArray[np.float64]:
        """Return natural-log likelihoods, shape (rows, cols); -inf where it cannot be."""


@dataclass(frozen=True, slots=True)
class Within:
    """The event happened inside a place; its boundary counts with its uncertainty."""

    place: Place
    origin: str
    reliability: float = PUBLISHED_RELIABILITY

    def __post_init__(self) -> None:
        if not 0 <= self.reliability <= 1:
            raise ClueError("reliability", f"must be from 0 to 1, got {self.reliability!r}.")
        if not self.place.codes:
            raise ClueError("codes", f"{self.place.text!r} names no unit; give its codes.")

    @property
    def asserts(self) -> tuple[str, ...]:
        """Return the codes of the place."""
        return self.place.codes

    def log_likelihood(self, grid: Grid) -> NDArray[np.float64]:
        """Return the log membership of each cell's centre in the place.

        Raises
        ------
        ClueError
            If the place has no known line (PD20).
        """
        lon, lat = geo.to_degrees(*grid.centres_m())
        shares = self.place.membership(lon.ravel(), lat.ravel())
        if shares is None:
            raise ClueError("codes", f"{self.place.name} has no known line to be within.")
        with np.errstate(divide="ignore"):
            logs: NDArray[np.float64] = np.log(shares).reshape(grid.shape)
        return logs
