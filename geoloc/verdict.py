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

    Floats = NDArray[np.float64]

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
    if any(boundaries.unit(code).geometry.is_empty for code in claim.codes):
        return _not_assessable(f"No line is known for {claim.name}.")
    alone = boundaries.unit(claim.codes[0]) if len(claim.codes) == 1 else None
    if alone and alone.ambiguous:
        return _not_assessable(f"{alone.name} can mean two places. {alone.note}")
    lon, lat = (axis.ravel() for axis in geo.to_degrees(*found.grid.centres_m()))
    drawings = tuple(_drawings(claim, lon, lat))
    lines = drawings[0]
    p, before = _probability(found, lines, _Setting(lines)), _prior_mass(found, lines)
    interval = _interval(p, found, drawings)
    factor = _bayes_factor(p, before)
    grade = grade_of(p, interval, factor)
    return Verdict(
        grade=grade,
        reason=_sentence(claim, p, interval, before, factor) + _assumption(found),
        probability=p,
        interval=interval,
        prior=before,
        bayes_factor=factor,
        flip_distance_m=_flip_distance_m(p, interval, grade, found, lines),
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
    held = (boundaries.layers_with(code)[0].edition.id for code in claim.codes)
    return tuple(dict.fromkeys(held))


def _not_assessable(reason: str) -> Verdict:
    return Verdict("not-assessable", reason)


def _bayes_factor(p: float, before: float) -> float:
    if before <= 0:  # the claim lies outside the study area, so no evidence could speak for it
        return 0.0
    least = 1e-12  # a probability of exactly 0 or 1 would make the odds infinite
    p, before = (min(max(value, least), 1 - least) for value in (p, before))
    return (p / (1 - p)) / (before / (1 - before))


@dataclass(frozen=True, slots=True)
class _Line:
    """One claimed unit as an edition draws it, seen from every cell of the grid."""

    code: str
    share: Floats  # the unit's membership, as `geoloc check` tells it, (cells,)
    margin_m: Floats  # how far inside its line the cell's centre lies, (cells,)
    sigma_m: Floats  # of the nearest stretch of its line, (cells,)

    def membership(self, sigma_factor: float = 1.0, shift_m: float = 0.0) -> Floats:
        """Return memberships were σ scaled and the line moved outwards."""
        if sigma_factor == 1 and not shift_m:
            return self.share
        # Neighbours' claims make the share differ from Φ where lines meet; that ratio is kept.
        plain = boundaries.normal_cdf(self.margin_m / self.sigma_m)
        moved = boundaries.normal_cdf((self.margin_m + shift_m) / (self.sigma_m * sigma_factor))
        ratio = np.divide(self.share, plain, out=np.ones_like(plain), where=plain > 1e-9)
        return np.clip(moved * ratio, 0.0, 1.0)


def _drawings(claim: Place, lon: Floats, lat: Floats) -> Iterator[tuple[_Line, ...]]:
    """Yield the claimed lines in each combination of editions that have them, default first."""
    editions = [boundaries.layers_with(code) for code in claim.codes]
    for layers in product(*editions):
        yield tuple(
            _Line(
                code,
                layer.membership(lon, lat, only=(code,))[code],
                *layer.margin_m(code, lon, lat),
            )
            for layer, code in zip(layers, claim.codes, strict=True)
        )


@dataclass(frozen=True, slots=True)
class _Setting:
    """What a probability is computed under; the interval tries many, the verdict states one."""

    lines: tuple[_Line, ...]
    sigma_factor: float = 1.0
    shift_m: float = 0.0
    reliability: float | None = None  # None: each clue's own


def _probability(found: LikelyArea, stated: tuple[_Line, ...], setting: _Setting) -> float:
    """Return the posterior mass in the claimed place under one setting.

    In as far as a clue itself asserts a claimed unit, a cell's membership counts as given, and
    only a difference between the line that the clue meant (`stated`) and the setting's can take
    from it: P(in the moved unit | in the stated one), their errors being one and the same.
    """
    surface = found.surface
    if setting.reliability is not None:
        surface = found.surface_if(setting.reliability)
    shares = surface.ravel()
    for line, meant in zip(setting.lines, stated, strict=True):
        inside = line.membership(setting.sigma_factor, setting.shift_m)
        given = np.minimum(1, inside / np.maximum(meant.membership(setting.sigma_factor), 1e-300))
        vouched = found.vouched(line.code, setting.reliability).ravel()
        shares = shares * (vouched * given + (1 - vouched) * inside)
    return float(shares.sum())


def _prior_mass(found: LikelyArea, lines: tuple[_Line, ...], shift_m: float = 0.0) -> float:
    shares = found.prior.mass.ravel()
    for line in lines:
        shares = shares * line.membership(shift_m=shift_m)
    return float(shares.sum())


def _interval(
    p: float, found: LikelyArea, drawings: tuple[tuple[_Line, ...], ...]
) -> tuple[float, float]:
    """Return the lowest and highest probability over editions, σ and clue reliability."""
    tried = [
        _probability(found, drawings[0], _Setting(lines, factor, 0.0, reliability))
        for lines in drawings
        for factor in _SIGMA_FACTORS
        for reliability in (None, *_RELIABILITIES)
    ]
    return min(p, *tried), max(p, *tried)


def _flip_distance_m(
    p: float,
    interval: tuple[float, float],
    grade: Grade,
    found: LikelyArea,
    lines: tuple[_Line, ...],
) -> float | None:
    """Return the least shift of the claimed lines, in or out, that changes the grade.

    The interval keeps its width around the shifted probability. The search is to 10 m and ends at
    20 km, beyond which nobody would call it the same line.
    """
    below, above = p - interval[0], interval[1] - p

    def same_grade(shift_m: float) -> bool:
        moved = _probability(found, lines, _Setting(lines, shift_m=shift_m))
        factor = _bayes_factor(moved, _prior_mass(found, lines, shift_m))
        return grade_of(moved, (moved - below, moved + above), factor) == grade

    flips = [_first_flip(same_grade, outwards) for outwards in (1.0, -1.0)]
    return min((flip for flip in flips if flip is not None), default=None)


def _first_flip(same_grade: Callable[[float], bool], outwards: float) -> float | None:
    """Return the smallest shift in one direction at which the grade is another, to 10 m."""
    near, far = 0.0, 100.0
    while same_grade(outwards * far):
        if far >= _FARTHEST_FLIP_M:
            return None
        near, far = far, min(far * 2, _FARTHEST_FLIP_M)
    while far - near > 10:
        middle = (near + far) / 2
        near, far = (middle, far) if same_grade(outwards * middle) else (near, middle)
    return round(far, -1)


def _sentence(
    claim: Place, p: float, interval: tuple[float, float], before: float, factor: float
) -> str:
    low, high = interval
    words, share = likelihood_words(p).capitalize(), boundaries.percent
    return (
        f"{words} in {claim.name}: {share(p)} ({share(low)} to {share(high)}) of the likely"
        f" area's probability lies there, against {share(before)} before any evidence"
        f" (Bayes factor {_round_factor(factor)})."
    )


def _assumption(found: LikelyArea) -> str:
    trusts = sorted({clue.reliability for clue in found.clues})
    stated = " to ".join(
        dict.fromkeys(boundaries.percent(trust) for trust in (trusts[0], trusts[-1]))
    )
    return f" This rests on the assumption that the evidence is right with {stated}."


def _round_factor(factor: float) -> str:
    return f"{factor:,.0f}" if factor >= 10 else f"{factor:.2g}"
