"""A claimed place against the likely area: one graded verdict, in one place, by one rule.

A claim is never evidence for itself, and `consistent` is never `verified`: it says that the area
found from other evidence agrees with what was claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoloc import boundaries, geo
from geoloc.area.regions import regions
from geoloc.boundaries.cells import moved
from geoloc.errors import CoordinateError
from geoloc.gazetteer import Area, Place
from geoloc.verdict.grades import Grade, grade_of, likelihood_words

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geoloc.area import LikelyArea, Prior

    Floats = NDArray[np.float64]
    Cells = NDArray[np.intp]

__all__ = ["Grade", "Part", "Verdict", "claim_editions", "grade_of", "likelihood_words", "verify"]

# What a verdict's interval tries besides the stated settings.
_ODDS = (9 / 49, 199 / 49)  # of every clue, so many times: 0.98 is then 0.9, or 0.995
_WIDTHS = (2 / 3, 3 / 2)  # of every measurement's σ
_ASSUMED = 0.9  # a place that holds more of the study area than this is taken for granted by it
_SIGMA_FACTORS = (0.5, 1.0, 2.0)  # of the claimed lines' σ
_FARTHEST_FLIP_M = 20_000.0
_TOLD_FACTOR = 1000
_LEAST_PRIOR = 1e-9  # below this a claimed place is outside the study area
_FOUND_BITS = 3.3  # evidence that leaves about a tenth of the study area
_NEAR_MISS_M = 5_000.0  # to here a claim outside the area may be a matter of a line or a name
_MASS = 0.95  # of the area that a miss is measured from


@dataclass(frozen=True, slots=True)
class Part:
    """One unit of a claim judged alone, or one edition's lines."""

    name: str  # e.g. `PD22`, or `iec-2014`
    probability: float  # 0 to 1
    grade: Grade


@dataclass(frozen=True, slots=True)
class Verdict:
    """How well the likely area agrees with a claimed place."""

    grade: Grade
    reason: str  # plain sentences
    probability: float | None = None  # posterior mass in the claimed place, 0 to 1
    interval: tuple[float, float] | None = None  # over editions, σ, senses and clue settings
    prior: float | None = None  # the same mass before any clue, 0 to 1
    bayes_factor: float | None = None  # posterior odds over prior odds, above 0
    flip_distance_m: float | None = None  # least shift of the claimed line that changes the grade
    editions: tuple[str, ...] = ()  # editions of the claimed lines
    other_editions: tuple[Part, ...] = ()  # that draw the claimed lines too
    alone: tuple[Part, ...] = ()  # each unit of a claim of several
    distance_m: float | None = None  # from the claimed place to the 95 % area; 0 where they meet

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
    if obstacle := _obstacle(claim):
        return _not_assessable(obstacle)
    claim = replace(claim, senses=tuple(filter(_has_lines, claim.senses)))
    study = _study(found.prior)
    drawn = [tuple(_drawings(sense, found.prior)) for sense in _senses(claim)]
    named = {line.code for of_sense in drawn for line in of_sense[0]}
    tried = [found, *(found.varied(odds=odds) for odds in _ODDS)]
    if any(not strand.asserts for strand in found.strands):
        tried += [found.varied(width=width) for width in _WIDTHS]
    before_any = found.prior.mass.ravel()[study]
    seen = _Seen(before_any, tuple(_view(each, named, study) for each in tried))
    lines, *others = drawn[0]
    p, before = seen.probability(lines, lines), seen.prior(lines)
    # The prior alone excludes it: only evidence that has found its place elsewhere may say so too.
    if before < _LEAST_PRIOR and found.bits < _FOUND_BITS:
        return _not_assessable(
            f"{claim.name} lies outside the study area ({found.prior.name}), and the evidence does"
            " not say where in it the event was."
        )
    if before > _ASSUMED:
        return _not_assessable(
            f"{claim.name} holds nearly all of the study area ({found.prior.name}), so that no"
            " evidence within it can speak for the claim. Choose a larger study area."
        )
    interval = _interval(p, seen, drawn)
    factor = _bayes_factor(p, before)
    grade = grade_of(p, interval, factor)
    by_edition = tuple(_by_edition(p, interval, seen, lines, other) for other in others)
    alone = tuple(_alone(code, seen, found.prior) for code in claim.codes if len(claim.codes) > 1)
    distance_m = _distance_m(claim, found)
    sentences = (
        _sentence(replace(claim, senses=()), p, interval, before, factor),
        _miss(claim, found, distance_m) if p < 0.5 else "",
        _each_alone(alone),
        _each_sense(claim, seen, drawn),
        _other_editions(grade, by_edition),
        f"The claimed area is approximate: {claim.area.rule}." if claim.area else "",
        _assumption(found),
    )
    return Verdict(
        grade=grade,
        reason=" ".join(filter(None, sentences)),
        probability=p,
        interval=interval,
        prior=before,
        bayes_factor=factor,
        flip_distance_m=_flip_distance_m(p, interval, grade, seen, lines),
        editions=claim_editions(claim),
        other_editions=by_edition,
        alone=alone,
        distance_m=distance_m,
    )


def claim_editions(claim: Place) -> tuple[str, ...]:
    """Return the editions whose lines a claimed place is judged by."""
    held = (boundaries.layers_with(code)[0].edition.id for code in claim.codes)
    return tuple(dict.fromkeys(held))


def _obstacle(claim: Place) -> str:
    """Return why a claimed place cannot be judged; empty if it can."""
    if not claim.codes and claim.area is None:
        return f"{claim.text!r} names no place with a known line."
    if not _has_lines(claim.codes):
        return f"No line is known for {claim.name}."
    alone = boundaries.unit(claim.codes[0]) if len(claim.codes) == 1 else None
    if alone and alone.ambiguous:
        return f"{alone.name} can mean two places. {alone.note}"
    return ""


def _has_lines(codes: tuple[str, ...]) -> bool:
    return not any(boundaries.unit(code).geometry.is_empty for code in codes)


def _not_assessable(reason: str) -> Verdict:
    return Verdict("not-assessable", reason)


def _bayes_factor(p: float, before: float) -> float:
    if before < _LEAST_PRIOR:  # outside the study area no evidence could speak for a claim
        return 0.0
    least = 1e-12  # a probability of exactly 0 or 1 would make the odds infinite
    p, before = (min(max(value, least), 1 - least) for value in (p, before))
    return (p / (1 - p)) / (before / (1 - before))


class _AreaCells:
    """A claimed area without a line of its own, seen from some of a grid's cells as a unit is."""

    code = edition = ""  # it is no unit, and of no edition

    def __init__(self, area: Area, grid: geo.Grid, cells: Cells) -> None:
        lon, lat = (axis.ravel()[cells] for axis in grid.centres_deg())
        self._margin_m, self._sigma_m = area.margin_m(lon, lat), area.sigma_m
        self._by_sigma: dict[float, Floats] = {}

    def membership(self, sigma_factor: float = 1.0, shift_m: float = 0.0) -> Floats:
        """Return memberships were σ so many times itself and the edge moved outwards, metres."""
        if shift_m:
            return moved(self._margin_m, self._sigma_m, 1.0, sigma_factor, shift_m)
        if sigma_factor not in self._by_sigma:
            kept = moved(self._margin_m, self._sigma_m, 1.0, sigma_factor, 0.0)
            self._by_sigma[sigma_factor] = kept
        return self._by_sigma[sigma_factor]


# Of each claimed unit in one set of editions, and of the claimed area.
Drawing = tuple[boundaries.SomeCells | _AreaCells, ...]


@lru_cache(maxsize=4)
def _study(prior: Prior) -> Cells:
    """Return the cells where the event can be: about half of a province's grid."""
    return np.flatnonzero(prior.mass)


def _senses(claim: Place) -> tuple[Place, ...]:
    """Return the claimed place in each of its senses alone, its own first."""
    others = (replace(claim, codes=codes, senses=(), area=None) for codes in claim.senses)
    return replace(claim, senses=()), *others


@lru_cache(maxsize=8)
def _area_cells(area: Area, prior: Prior) -> _AreaCells:
    return _AreaCells(area, prior.grid, _study(prior))


def _drawings(place: Place, prior: Prior) -> Iterator[Drawing]:
    """Yield the claimed lines in each combination of editions that have them, default first."""
    grid, study = prior.grid, _study(prior)
    area = (_area_cells(place.area, prior),) if place.area else ()
    for layers in product(*(boundaries.layers_with(code) for code in place.codes)):
        drawn = zip(layers, place.codes, strict=True)
        units = (boundaries.unit_cells(layer, code, grid).among(study) for layer, code in drawn)
        yield *units, *area


@dataclass(frozen=True, slots=True)
class _View:
    """The likely area, were the clues as they say, or surer, or vaguer."""

    surface: Floats  # posterior in the cells of the study area, (cells,)
    doubt: float  # probability that no clue is about this event, 0 to 1
    vouched: dict[str, Floats]  # per unit that a clue asserts: how surely such a clue is right


def _view(found: LikelyArea, codes: set[str], study: Cells) -> _View:
    asserted = {code for strand in found.strands for code in strand.asserts}
    vouched = {code: found.vouched(code).ravel()[study] for code in codes & asserted}
    return _View(found.surface.ravel()[study], found.doubt, vouched)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The prior, and the likely area under each setting that is tried, the clues' own first."""

    before: Floats  # (cells,)
    views: tuple[_View, ...]

    def probability(
        self,
        lines: Drawing,
        stated: Drawing,
        *,
        sigma_factor: float = 1.0,
        shift_m: float = 0.0,
        view: _View | None = None,
    ) -> float:
        """Return the posterior mass in the claimed place under one setting.

        In as far as a clue itself asserts a claimed unit, a cell's membership counts as given,
        and only a difference between the line that the clue meant (`stated`) and the setting's
        can take from it: P(in the moved unit | in the stated one), their errors being the same.
        """
        view = view or self.views[0]
        shares = view.surface.copy()
        for line, meant in zip(lines, stated, strict=True):
            inside = line.membership(sigma_factor, shift_m)
            vouched = view.vouched.get(line.code)
            if vouched is not None:
                # vouched · min(1, inside / meant) + (1 - vouched) · inside, in one array.
                given = inside / np.maximum(meant.membership(sigma_factor), 1e-300)
                np.minimum(given, 1, out=given)
                given -= inside
                given *= vouched
                given += inside
                inside = given
            shares *= inside
        return float(shares.sum())

    def prior(self, lines: Drawing, shift_m: float = 0.0) -> float:
        """Return the prior mass in the claimed place."""
        shares = self.before.copy()
        for line in lines:
            shares *= line.membership(shift_m=shift_m)
        return float(shares.sum())


def _interval(p: float, seen: _Seen, senses: list[tuple[Drawing, ...]]) -> tuple[float, float]:
    """Return the lowest and highest probability over senses, editions, σ and reliability.

    Were no clue about this event, the claim might be as true as any: so in each view the
    highest is at least what that leaves open.
    """
    tried = [
        (seen.probability(lines, of_sense[0], sigma_factor=factor, view=view), view.doubt)
        for of_sense in senses
        for lines in of_sense
        for factor in _SIGMA_FACTORS
        for view in seen.views
    ]
    lowest = min(share for share, _ in tried)
    return min(p, lowest), max(p, *(share + (1 - share) * doubt for share, doubt in tried))


def _by_edition(
    p: float, interval: tuple[float, float], seen: _Seen, lines: Drawing, other: Drawing
) -> Part:
    """Judge by another edition's lines, with the interval's width around its probability."""
    moved = seen.probability(other, lines)
    names = dict.fromkeys(line.edition for line in other)
    return Part(" and ".join(names), moved, _moved_grade(moved, p, interval, seen.prior(other)))


def _alone(code: str, seen: _Seen, prior: Prior) -> Part:
    """Judge one unit of a claim without the others."""
    drawn = [tuple(_drawings(Place("", (code,)), prior))]
    lines = drawn[0][0]
    p = seen.probability(lines, lines)
    factor = _bayes_factor(p, seen.prior(lines))
    return Part(Place("", (code,)).name, p, grade_of(p, _interval(p, seen, drawn), factor))


def _moved_grade(moved: float, p: float, interval: tuple[float, float], before: float) -> Grade:
    """Grade another probability as if its interval were as wide."""
    around = moved - (p - interval[0]), moved + (interval[1] - p)
    return grade_of(moved, around, _bayes_factor(moved, before))


def _flip_distance_m(
    p: float, interval: tuple[float, float], grade: Grade, seen: _Seen, lines: Drawing
) -> float | None:
    """Return the least shift of the claimed lines, in or out, that changes the grade.

    The interval keeps its width around the shifted probability. The search is to 10 m and ends at
    20 km, beyond which nobody would call it the same line.
    """

    def same_grade(shift_m: float) -> bool:
        moved = seen.probability(lines, lines, shift_m=shift_m)
        return _moved_grade(moved, p, interval, seen.prior(lines, shift_m)) == grade

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


def _distance_m(claim: Place, found: LikelyArea) -> float:
    """Return how far the claimed place lies from the 95 % area, 0 where they meet."""
    shapes: list[BaseGeometry] = [boundaries.unit(code).geometry for code in claim.codes]
    shapes += [claim.area.geometry] if claim.area else []
    units = [geo.geometry_to_metres(shape) for shape in shapes]
    claimed = shapely.intersection_all(units)
    # Other masses may have been asked for.
    asked = [region for region in found.regions if region.mass == _MASS]
    (largest, *_) = asked or regions(found.surface, found.grid, (_MASS,))
    to_area = shapely.distance(claimed, geo.geometry_to_metres(largest.geometry))
    # Units with nothing in common lie nowhere; then the farthest of them counts.
    if claimed.is_empty:
        to_area = max(shapely.distance(u, geo.geometry_to_metres(largest.geometry)) for u in units)
    return float(to_area)


def _sentence(
    claim: Place, p: float, interval: tuple[float, float], before: float, factor: float
) -> str:
    words, share = likelihood_words(p).capitalize(), boundaries.percent
    low, high = (share(end) for end in interval)
    spread = f"{low} to {high}" if interval[0] >= 0.005 else f"at most {high}"
    return (
        f"{words} in {claim.name}: {share(p)} ({spread}) of the likely"
        f" area's probability lies there, against {share(before)} before any evidence"
        f" (Bayes factor {_round_factor(factor)})."
    )


def _miss(claim: Place, found: LikelyArea, distance_m: float) -> str:
    """Return whether a claim that is probably wrong is a near miss or a gross error."""
    if distance_m <= 0:
        return "The 95 % area still reaches the claimed place."
    length = f"{distance_m / 1000:,.1f} km" if distance_m >= 1000 else f"{distance_m:,.0f} m"
    if distance_m <= _NEAR_MISS_M:
        return f"A near miss: the claimed line lies {length} outside the 95 % area."
    claimed = {code if len(code) == 4 else _province(code) for code in claim.codes}
    if claim.area:
        inside = claim.area.geometry.representative_point()
        claimed.add(_province_at((inside.x, inside.y)))
    elsewhere = "" if _province_at(found.mode) in {"", *claimed} else ", in another province"
    return f"No near miss: the claimed place lies {length} from the 95 % area{elsewhere}."


def _province_at(at: tuple[float, float]) -> str:
    """Return the code of the province that holds a point; empty abroad."""
    try:
        return boundaries.locate(*at).provinces[0].unit.code
    except CoordinateError:
        return ""


def _province(code: str) -> str:
    parent = boundaries.unit(code).parent
    return parent if len(parent) == 4 else "AF01"


def _each_alone(alone: tuple[Part, ...]) -> str:
    if not alone:
        return ""
    told = ", ".join(f"{p.name} {boundaries.percent(p.probability)} ({p.grade})" for p in alone)
    return f"Each alone: {told}."


def _each_sense(claim: Place, seen: _Seen, drawn: list[tuple[Drawing, ...]]) -> str:
    """Return what each place that the words can mean would be given."""
    if not claim.senses:
        return ""
    told = ", ".join(
        f"{Place('', codes).name} {boundaries.percent(seen.probability(lines[0], lines[0]))}"
        for codes, lines in zip((claim.codes, *claim.senses), drawn, strict=True)
    )
    return f"The words can mean several places, and the interval covers all: {told}."


def _other_editions(grade: Grade, others: tuple[Part, ...]) -> str:
    """Return which editions would change the grade."""
    turned = [other for other in others if other.grade != grade]
    if not turned:
        return ""
    told = ", ".join(
        f"{other.name} gives {other.grade} ({boundaries.percent(other.probability)})"
        for other in turned
    )
    return f"It depends on whose line is meant: {told}."


def _assumption(found: LikelyArea) -> str:
    trusts = sorted({strand.reliability for strand in found.strands})
    shown = dict.fromkeys(boundaries.percent(trust) for trust in (trusts[0], trusts[-1]))
    return f"This rests on the assumption that the evidence is right with {' to '.join(shown)}."


def _round_factor(factor: float) -> str:
    if factor > _TOLD_FACTOR:  # a larger one speaks of the model, not of the event
        return f"above {_TOLD_FACTOR:,}"
    return f"{factor:,.0f}" if factor >= 10 else f"{factor:.2g}"
