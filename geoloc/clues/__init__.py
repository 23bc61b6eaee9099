"""What speaks about where an event happened, as a likelihood for every cell of a grid.

A clue is a small frozen value: `log_likelihood(grid) -> (rows, cols)`, a `reliability` (how surely
it is not plain wrong, 0 to 1), an `origin` (clues of one origin are one clue), the units that it
`asserts`, and what it `says` in words. Every kind of clue obeys this protocol, so the fusion in
`area` never changes. A kind's class also has the name that a case file gives it (`KINDS`).

A likelihood L is P(what was observed | the event in this cell), up to a factor that is the same
for all cells. Where a clue has nothing to say, L is one value; where it cannot be, L is 0.

=================  ==========================================================================
Within, NotWithin  in a unit, or not; its line counts with its uncertainty
Near               so far, or at most so far, from a point, a shape or a unit
Bearing            a landmark in an azimuth from the event, or the event in one from a landmark
Between            in the corridor from one landmark to another
Along              beside a road or river
ElevationBetween   at a height, by a digital elevation model
Raster             on ground of a class or value, by a raster file
Drawn              in an area drawn by hand
SameAs             where another incident happened
Searched           not found in ground that was searched
=================  ==========================================================================
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from geoloc.clues.areas import Drawn, SameAs, Searched
from geoloc.clues.ground import GAZETTEER_SIGMA_M, IMAGERY_SIGMA_M, Feature, Landmark
from geoloc.clues.measures import Along, Bearing, Between, Near
from geoloc.clues.places import PUBLISHED_RELIABILITY, NotWithin, Within
from geoloc.clues.rasters import ElevationBetween, Ramp, Raster
from geoloc.clues.statements import RELIABILITY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from geoloc.geo import Grid


class Clue(Protocol):
    """Anything that says how likely its observation is, were the event in each cell.

    A kind of clue that can observe several things in one origin also has `about: str`, which tells
    them apart: two landmarks' bearings in one photo are two observations, two analysts' bearings of
    one landmark in it are one.
    """

    @property
    def reliability(self) -> float:
        """Return how surely the clue is about this event at all, 0 to 1."""

    @property
    def origin(self) -> str:
        """Return what the clue was seen in; clues of one origin count once."""

    @property
    def asserts(self) -> tuple[str, ...]:
        """Return the codes of units that the clue itself says hold the event; mostly none."""

    @property
    def says(self) -> str:
        """Return words that go after "the event happened", e.g. `within 300 m of the bazaar`."""

    def log_likelihood(self, grid: Grid) -> NDArray[np.floating[Any]]:
        """Return natural-log likelihoods, shape (rows, cols); -inf where it cannot be."""


# By the name that a case file gives them.
KINDS = MappingProxyType(
    {
        clue.kind: clue
        for clue in (
            Within, NotWithin, Near, Bearing, Between, Along, ElevationBetween, Raster, Drawn,
            SameAs, Searched,
        )
    }
)  # fmt: skip

__all__ = [
    "GAZETTEER_SIGMA_M",
    "IMAGERY_SIGMA_M",
    "KINDS",
    "PUBLISHED_RELIABILITY",
    "RELIABILITY",
    "Along",
    "Bearing",
    "Between",
    "Clue",
    "Drawn",
    "ElevationBetween",
    "Feature",
    "Landmark",
    "Near",
    "NotWithin",
    "Ramp",
    "Raster",
    "SameAs",
    "Searched",
    "Within",
]
