"""A claimed place against the likely area: one graded verdict, in one place, by one rule.

A claim is never evidence for itself, and `consistent` is never `verified`: it says that the area
found from other evidence agrees with what was claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np

from geoloc import boundaries, geo
from geoloc.gazetteer import Place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoloc.area import LikelyArea

Grade = Literal[
    "consistent",
    "leans-consistent",
    "undetermined",
    "leans-inconsistent",
    "inconsistent",
    "not-assessable",
]

# What a verdict's interval tries besides the stated settings.
_RELIABILITIES = (0.9, 0.995)  # of every clue, in place of its own
_SIGMA_FACTORS = (0.5, 1.0, 2.0)  # of the claimed lines' σ
_FARTHEST_FLIP_M = 20_000.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """How well the likely area agrees with a claimed place."""

    grade: Grade
    reason: str  # one plain sentence
    probability: float | None = None  # posterior mass in the claimed place, 0 to 1
    interval: tuple[float, float] | None = None  # over editions, σ and clue reliability
    prior: float | None = None  # the same mass before any clue, 0 to 1
    bayes_factor: float | None = None  # posterior odds over prior odds, above 0
    flip_distance_m: float | None = None  # least shift of the claimed line that changes the grade
    editions: tuple[str, ...] = ()  # editions of the claimed lines

    @property
    def words(self) -> str:
        """Return the probability in the words of ICD 203, e.g. `very likely`."""
        return "not assessable" if self.probability is None else likelihood_words(self.probability)


def verify(claim: Place, found: LikelyArea | None, *, reason: str = "") -> Verdict:
    """Judge one claimed place against the likely area.

    Parameters
    ----------
    claim : Place
        The claimed place; all of its units must hold the event.
    found : LikelyArea or None
        Found from evidence that does not derive from the claim; None if nothing was geolocated.
    reason : str
        Why there is no likely area, in the words of the case; used only with None.

    Returns
    -------
    Verdict
        `not-assessable` with its reason, and no numbers, where there is nothing to judge by.
    """
    if found is None:
        return _not_assessable(reason or "There is no independent evidence of where it happened.")
    if not claim.codes:
        return _not_assessable(f"{claim.text!r} names no place with a known line.")
    lon, lat = (axis.ravel() for axis in geo.to_degrees(*found.grid.centres_m()))
    share = claim.membership(lon, lat)
    if share is None:
        return _not_assessable(f"No line is known for {claim.name}.")
    drawn = tuple(_lines_by_edition(claim, lon, lat))
    p = float(share @ found.surface.ravel())
    before = float(share @ found.prior.mass.ravel())
    interval = _interval(p, found, drawn)
    factor = _bayes_factor(p, before)
    grade = grade_of(p, interval, factor)
    return Verdict(
        grade=grade,
        reason=_sentence(claim, p, interval, before, factor),
        probability=p,
        interval=interval,
        prior=before,
        bayes_factor=factor,
        flip_distance_m=_flip_distance_m(p, interval, grade, found, drawn[0]),
        editions=claim_editions(claim),
    )


def grade_of(p: float, interval: tuple[float, float], bayes_factor: float) -> Grade:
    """Return the grade: the one rule by which every verdict is graded.

    Parameters
    ----------
    p : float
        Posterior mass in the claimed place, 0 to 1.
    interval : (float, float)
        Its lowest and highest value over the settings that were tried.
    bayes_factor : float
        Posterior odds over prior odds, above 0. The evidence must speak, not only the prior:
        with no clue at all each of 22 police districts starts near 1/22, and that is no
        contradiction.
    """
    low, high = interval
    if p >= 0.90 and low >= 0.75 and bayes_factor >= 10:
        return "consistent"
    if p >= 0.60 and low >= 0.40 and bayes_factor >= 3:
        return "leans-consistent"
    if p <= 0.05 and high <= 0.15 and bayes_factor <= 1 / 10:
        return "inconsistent"
    if p <= 0.30 and high <= 0.50 and bayes_factor <= 1 / 3:
        return "leans-inconsistent"
    return "undetermined"


def likelihood_words(p: float) -> str:
    """Return ICD 203's words for a probability from 0 to 1 (ICD 203, 2015, p. 3)."""
    steps = (
        (0.05, "almost no chance"),
        (0.20, "very unlikely"),
        (0.45, "unlikely"),
        (0.55, "roughly even chance"),
        (0.80, "likely"),
        (0.95, "very likely"),
    )
    return next((words for limit, words in steps if p < limit), "almost certain")


def claim_editions(claim: Place) -> tuple[str, ...]:
    """Return the editions whose lines a claimed place is judged by."""
    layers = dict.fromkeys(boundaries.layer_of(code) for code in claim.codes)
    return tuple(boundaries.load_layer(layer).edition.id for layer in layers)


def _not_assessable(reason: str) -> Verdict:
    return Verdict("not-assessable", reason)


def _bayes_factor(p: float, before: float) -> float:
    least = 1e-12  # a probability of exactly 0 or 1 would make the odds infinite
    p, before = (min(max(value, least), 1 - least) for value in (p, before))
    return (p / (1 - p)) / (before / (1 - before))


@dataclass(frozen=True, slots=True)
class _Lines:
    """Signed distances of the grid's cells to a claimed place's lines, as one edition has them."""

    depths_m: tuple[NDArray[np.float64], ...]  # positive inside, (cells,) per unit
    sigmas_m: tuple[float, ...]

    def share(self, sigma_factor: float = 1.0, shift_m: float = 0.0) -> NDArray[np.float64]:
        """Return memberships were the lines' σ scaled and the lines moved outwards."""
        shares = np.ones(self.depths_m[0].shape)
        for depth_m, sigma_m in zip(self.depths_m, self.sigmas_m, strict=True):
            shares = shares * boundaries.normal_cdf((depth_m + shift_m) / (sigma_m * sigma_factor))
        return shares


def _lines_by_edition(
    claim: Place, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> Iterator[_Lines]:
    """Yield the claimed lines in each combination of editions that draw them, default first."""
    editions = [boundaries.layers_with(code) for code in claim.codes]
    for layers in product(*editions):
        chosen = tuple(zip(layers, claim.codes, strict=True))
        yield _Lines(
            tuple(layer.signed_distance_m(code, lon, lat) for layer, code in chosen),
            tuple(layer[code].sigma_m for layer, code in chosen),
        )


def _interval(p: float, found: LikelyArea, drawn: tuple[_Lines, ...]) -> tuple[float, float]:
    """Return the lowest and highest probability over editions, σ and clue reliability."""
    surfaces = [
        found.surface.ravel(),
        *(found.surface_if(trust).ravel() for trust in _RELIABILITIES),
    ]
    tried = [
        float(lines.share(factor) @ surface)
        for lines in drawn
        for factor in _SIGMA_FACTORS
        for surface in surfaces
    ]
    return min(p, *tried), max(p, *tried)


def _flip_distance_m(
    p: float, interval: tuple[float, float], grade: Grade, found: LikelyArea, lines: _Lines
) -> float | None:
    """Return the least shift of the claimed lines, in or out, that changes the grade.

    The interval keeps its width around the shifted probability. The search is to 10 m and ends at
    20 km, beyond which nobody would call it the same line.
    """
    below, above = p - interval[0], interval[1] - p

    def same_grade(shift_m: float) -> bool:
        share = lines.share(shift_m=shift_m)
        moved = float(share @ found.surface.ravel())
        factor = _bayes_factor(moved, float(share @ found.prior.mass.ravel()))
        return grade_of(moved, (moved - below, moved + above), factor) == grade

    flips = [_first_flip(same_grade, outwards) for outwards in (1.0, -1.0)]
    return min((flip for flip in flips if flip is not None), default=None)


def _first_flip(same_grade: Callable[[float], bool], outwards: float) -> float | None:
    """Return the smallest shift in one direction at which the grade is another, to 10 m."""
    near, far = 0.0, 100.0
    while same_grade(outwards * far):
        near, far = far, far * 2
        if far > _FARTHEST_FLIP_M:
            return None
    while far - near > 10:
        middle = (near + far) / 2
        near, far = (middle, far) if same_grade(outwards * middle) else (near, middle)
    return round(far, -1)


def _sentence(
    claim: Place, p: float, interval: tuple[float, float], before: float, factor: float
) -> str:
    low, high = interval
    words = likelihood_words(p).capitalize()
    return (
        f"{words} in {claim.name}: {p:.0%} ({low:.0%} to {high:.0%}) of the likely area's"
        f" probability lies there, against {before:.1%} before any evidence (Bayes factor"
        f" {_round_factor(factor)})."
    )


def _round_factor(factor: float) -> str:
    return f"{factor:,.0f}" if factor >= 10 else f"{factor:.2g}"
