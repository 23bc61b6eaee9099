"""What each strand of evidence brought, and which of them contradict each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geoloc import boundaries
from geoloc.area.fusion import relative_entropy_bits
from geoloc.area.regions import regions

if TYPE_CHECKING:
    from geoloc.area.likely import LikelyArea, Strand

_MASS = 0.95
_AT_ODDS = 0.1  # where one puts the event, the other is this much less likely than by chance


@dataclass(frozen=True, slots=True)
class Entry:
    """One strand's part in the likely area."""

    strand: Strand
    bits: float  # relative entropy of the posterior to the one without it, at or above 0
    area_km2: float  # of the 95 % region
    area_without_km2: float
    wrong: float  # posterior probability that it is about something else, 0 to 1
    against: tuple[str, ...]  # what the strands that it contradicts say, and in which origin

    @property
    def sentence(self) -> str:
        """Return the entry in plain words."""
        told = f"It brought {self.bits:.1f} bits"
        if self.area_without_km2 > self.area_km2 * 1.005:
            told += (
                f": without it the 95 % area would be {_km2(self.area_without_km2)} instead of"
                f" {_km2(self.area_km2)}"
            )
        elif self.area_without_km2 < self.area_km2 * 0.995:
            told += (
                f" and made the 95 % area larger: {_km2(self.area_km2)} instead of"
                f" {_km2(self.area_without_km2)}"
            )
        if self.against:
            told += f". It contradicts: {'; '.join(self.against)}"
        if self.wrong > 0.5:
            told += (
                f". By the rest, and by how far each is trusted, it is more likely wrong than right"
                f" ({self.wrong:.0%})"
            )
        return told + "."


def ledger(area: LikelyArea) -> tuple[Entry, ...]:
    """Return what each strand brought, in the order of the clues.

    `bits` is the relative entropy (Kullback and Leibler 1951) of the posterior to the one without
    the strand. `wrong` is Bayes' rule on the strand's own reliability r: (1 − r) / (r·E + 1 − r),
    with E the mean of its likelihood under the others. Two strands contradict each other if either
    is at most a tenth as likely where the other puts the event as it is by chance.
    """
    (found,) = regions(area.surface, area.grid, (_MASS,))
    return tuple(_entry(area, strand, found.area_km2) for strand in area.strands)


def _entry(area: LikelyArea, strand: Strand, area_km2: float) -> Entry:
    before = area.without(strand)
    expected = float((before * np.exp(strand.logs)).sum())
    doubt = 1 - strand.reliability
    (without_it,) = regions(before, area.grid, (_MASS,))
    return Entry(
        strand=strand,
        bits=relative_entropy_bits(area.surface, before),
        area_km2=area_km2,
        area_without_km2=without_it.area_km2,
        wrong=doubt / (strand.reliability * expected + doubt) if doubt else 0.0,
        against=tuple(
            f"{other.says} ({other.origin})"
            for other in area.strands
            if other is not strand and _at_odds(area, strand, other)
        ),
    )


def _at_odds(area: LikelyArea, one: Strand, other: Strand) -> bool:
    """Return whether each is unlikely where the other alone puts the event; it is mutual."""
    together = area.prior.mass * np.exp(one.logs) * np.exp(other.logs)
    return float(together.sum()) <= _AT_ODDS


def _km2(area: float) -> str:
    return f"{boundaries.km2(area)} km²"
