"""The straight line from an incident to its finding."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import shapely

from geoloc.area import LikelyArea, Prior, likely_area, same_as
from geoloc.casebook.clues import SameAsRecord
from geoloc.casebook.drawings import Drawing
from geoloc.casebook.folder import check_case, read_case
from geoloc.casebook.precision import precision_as_json, precision_of
from geoloc.casebook.reading import parse_yaml
from geoloc.casebook.records import Claim, Evidence, Incident
from geoloc.clues import Clue, Within
from geoloc.errors import CaseError, ClueError, InputError, PlaceError, Problem
from geoloc.gazetteer import Place, gazetteer, unit_senses
from geoloc.verdict import Part, Verdict, verify

_SURE_NAME = 94.0  # score of a name that a verdict may rest on: all but the same sound


@dataclass(frozen=True, slots=True)
class Finding:
    """Everything that an output needs: claims with their places, the likely area, the verdicts."""

    incident: Incident
    places: tuple[Place | None, ...]  # one per claim; None where the claim names no place
    area: LikelyArea | None  # None where nothing was geolocated
    verdicts: tuple[Verdict | None, ...]  # one per claim; None where it names no place

    @property
    def status(self) -> str:
        """Return the geolocation's status, e.g. `approximate`."""
        return self.incident.geolocation.status

    @property
    def leading(self) -> int | None:
        """Return the index of the claim to show first: one that names a unit, else a place."""
        named = [index for index, place in enumerate(self.places) if place is not None]
        drawn = [index for index in named if self.claims_unit(index)]
        return next(iter(drawn + named), None)

    def claims_unit(self, index: int) -> bool:
        """Return whether a claim's place has units that can be drawn and judged by."""
        place = self.places[index]
        return place is not None and bool(place.codes)


def investigate(incident: Incident, *, earlier: Finding | None = None) -> Finding:
    """Resolve the claimed places, find the likely area, and judge each claim.

    Parameters
    ----------
    incident : Incident
        What was claimed and shown.
    earlier : Finding, optional
        Of the same incident before a change: what did not change is taken over from it, which
        saves time and changes nothing. Rasters that its clues read are not read again.

    Raises
    ------
    PlaceError
        If a claimed place or a finding names a unit that does not exist.
    CaseError
        If a clue cannot be drawn in the study area, or clues beyond all doubt exclude each other:
        with the case and the field.
    """
    places = tuple(_claimed_place(claim) for claim in incident.claims)
    found = _area_of(incident, _Asked(), earlier.area if earlier else None)
    reason = incident.geolocation.reason
    # Two wordings of one place have one verdict.
    wordings = {_meant(place): place for place in places if place}
    judged = {key: verify(place, found, reason=reason) for key, place in wordings.items()}
    verdicts = tuple(judged[_meant(place)] if place else None for place in places)
    return Finding(incident, places, found, verdicts)


def require_investigable(path: Path, text: str) -> None:
    """Find out before a case is saved whether it could be investigated.

    A drawing far outside the study area, or two that exclude each other, would lock everybody out.

    Raises
    ------
    CaseError
        If the text is no valid case, or a clue of it cannot be reckoned with.
    """
    investigate(check_case(parse_yaml(text, path), path))


def _meant(place: Place) -> Hashable:
    """Return the same for two wordings of one place."""
    return (place.codes, place.senses) if place.codes else place.text


def _claimed_place(claim: Claim) -> Place | None:
    if claim.codes:
        return Place(claim.place or "", tuple(dict.fromkeys(claim.codes)))
    return _named(claim.place) if claim.place else None


@lru_cache(maxsize=256)
def _named(words: str) -> Place:
    try:
        first, *others = ((code,) for code in unit_senses(words))
    except (PlaceError, ValueError):
        return _claimed_area(words)
    return Place(words, first, tuple(others))


def _claimed_area(words: str) -> Place:
    """Return a neighbourhood or village with its area; without one nothing can be judged by."""
    try:
        place = gazetteer().resolve(words)
    except PlaceError:
        return Place(words, ())
    (best, *_) = gazetteer().search(words)
    sure = best.score >= _SURE_NAME and not place.codes  # "Bagrami area" need not be Bagrami
    return place if sure else Place(words, ())


class _Stated(NamedTuple):
    """A clue, and where the case file states it."""

    field: str  # e.g. evidence[0].clues[1]
    settings: frozenset[str]  # names of the fields in it
    clue: Clue


@dataclass
class _Asked:
    """The incidents for whose sake one is investigated, and what counts for them already."""

    incidents: tuple[Incident, ...] = ()
    origins: set[str] = field(default_factory=set)  # grows: what one clue brought counts once


def _area_of(
    incident: Incident, asked: _Asked, earlier: LikelyArea | None = None
) -> LikelyArea | None:
    """Return the likely area of all that was shown and is not counted yet; never of a claim."""
    told: list[tuple[str, Evidence | Drawing, str]] = [
        (at, said, said.origin)
        for at, said in _said(incident)
        if said.locates and said.origin and _folded(said.origin) not in asked.origins
    ]
    for at, _, origin in told:
        _refuse_claims(at, origin, (*asked.incidents, incident))
    asked.origins.update(_folded(origin) for *_, origin in told)
    here = _Asked((*asked.incidents, incident), asked.origins)
    stated = [each for at, said, _ in told for each in _stated(at, said, here)]
    if not stated:
        return None
    try:
        prior = incident.study.expected()
    except InputError as error:
        problem = Problem("study", None, str(error).removeprefix("study: "))
        raise CaseError(incident.id, (problem,)) from error
    try:
        found = [each.clue for each in stated]
        return likely_area(found, prior, incident.study.masses, earlier=earlier)
    except ClueError as error:
        raise CaseError(incident.id, (_problem(stated, prior, error),)) from error


def _said(incident: Incident) -> Iterator[tuple[str, Evidence | Drawing]]:
    """Yield what was shown or drawn, and where the case file states it."""
    for number, evidence in enumerate(incident.evidence):
        yield f"evidence[{number}]", evidence
    for number, drawing in enumerate(incident.drawings):
        yield f"drawings[{number}]", drawing


def _refuse_claims(field: str, origin: str, incidents: tuple[Incident, ...]) -> None:
    """Raise `CaseError` if a claim about one incident would be evidence by way of another."""
    for incident in incidents:
        if incident.claims_of(origin):
            why = (
                f"of origin {origin!r} comes from a claimant of {incident.id}; a claim is"
                " never evidence for itself."
            )
            raise CaseError(incidents[-1].id, (Problem(field, None, why),))


def _stated(field: str, evidence: Evidence | Drawing, asked: _Asked) -> list[_Stated]:
    """Return the clues of one finding: where it says it was, and what else it says of the place."""
    if isinstance(evidence, Drawing):
        return [_Stated(field, frozenset(Drawing.model_fields), evidence.clue())]
    origin, reliability = evidence.origin, evidence.trust
    found = []
    if evidence.within:
        place = Place(evidence.finding, tuple(dict.fromkeys(evidence.within)))
        within = Within(place, origin, reliability)
        found.append(_Stated(f"{field}.within", frozenset(), within))
    for number, record in enumerate(evidence.clues):
        settings = frozenset(type(record).model_fields)
        at = f"{field}.clues[{number}]"
        if isinstance(record, SameAsRecord):
            area = _area_of_other(record, at, asked)
            if area is None:
                continue
            clue: Clue = same_as(record.incident, area, origin, reliability)
        else:
            clue = record.clue(origin, reliability)
        found.append(_Stated(at, settings, clue))
    return found


def _area_of_other(record: SameAsRecord, at: str, asked: _Asked) -> LikelyArea | None:
    """Return another incident's likely area; None if all that it rests on counts already."""

    def refused(why: str) -> CaseError:
        return CaseError(asked.incidents[-1].id, (Problem(f"{at}.incident", None, why),))

    chain = [*(incident.id for incident in asked.incidents), record.incident]
    if record.incident in chain[:-1]:
        circle = " → ".join(chain)
        raise refused(f"goes in a circle ({circle}); say it in one of the case files only.")
    if not record.file.exists():
        raise refused(f"{record.incident} is not here: {record.file} does not exist.")
    other = read_case(record.file)
    if not any(said.locates for _, said in _said(other)):
        raise refused(f"{record.incident} has no likely area: {other.geolocation.reason}")
    return _area_of(other, asked)


def _folded(origin: str) -> str:
    return " ".join(origin.casefold().split())


def _problem(stated: list[_Stated], prior: Prior, together: ClueError) -> Problem:
    """Name the clue that cannot be drawn even alone; if each can, what they cannot together."""
    for each in stated:
        try:
            likely_area([each.clue], prior)
        except ClueError as error:
            field = f"{each.field}.{error.field}" if error.field in each.settings else each.field
            return Problem(field, None, str(error).removeprefix(f"{error.field}: "))
    return Problem("evidence", None, str(together))


def as_json(finding: Finding) -> dict[str, Any]:
    """Return a finding in the shape that `interface.md` promises to scripts."""
    incident = finding.incident
    return {
        "id": incident.id,
        "date": incident.date.isoformat(),
        "title": incident.title,
        "status": finding.status,
        "status_reason": incident.geolocation.reason,
        "claims": [
            {
                "claimant": claim.claimant,
                "role": claim.role,
                "place": claim.place,
                "codes": list(place.codes) if place else [],
                "area": place.area.rule if place and place.area else None,
                "senses": [list(codes) for codes in place.senses] if place else [],
                "killed": claim.killed.model_dump() if claim.killed else None,
                "covers": list(claim.covers),
                "captured": claim.captured.model_dump() if claim.captured else None,
            }
            for claim, place in zip(incident.claims, finding.places, strict=True)
        ],
        "likely_area": area_as_json(finding),
        "precision": precision_as_json(precision_of(finding, exact=True)),
        "verdicts": [
            _verdict_as_json(index, verdict)
            for index, verdict in enumerate(finding.verdicts)
            if verdict is not None
        ],
    }


def area_as_json(finding: Finding) -> dict[str, Any] | None:
    """Return a finding's likely area in the shape that `interface.md` promises; None without."""
    if finding.area is None:
        return None
    return {
        "status": finding.status,
        "area_km2": round(finding.area.regions[-1].area_km2, 4),
        "regions": [
            {
                "mass": region.mass,
                "held": round(region.held, 4),
                "area_km2": round(region.area_km2, 4),
                "geometry": shapely.geometry.mapping(_five_decimals(region.geometry)),
            }
            for region in finding.area.regions
        ],
    }


def _five_decimals(geometry: Any) -> Any:
    return shapely.transform(geometry, lambda points: points.round(5))


def _part_as_json(part: Part) -> dict[str, Any]:
    return {"name": part.name, "probability": round(part.probability, 4), "grade": part.grade}


def _verdict_as_json(claim: int, verdict: Verdict) -> dict[str, Any]:
    def rounded(value: float | None) -> float | None:
        return None if value is None else float(f"{value:.4g}")

    return {
        "claim": claim,
        "grade": verdict.grade,
        "probability": rounded(verdict.probability),
        "interval": None if verdict.interval is None else [rounded(v) for v in verdict.interval],
        "prior": rounded(verdict.prior),
        "bayes_factor": rounded(verdict.bayes_factor),
        "flip_distance_m": verdict.flip_distance_m,
        "editions": list(verdict.editions),
        "other_editions": [_part_as_json(part) for part in verdict.other_editions],
        "alone": [_part_as_json(part) for part in verdict.alone],
        "distance_m": rounded(verdict.distance_m),
        "reason": verdict.reason,
    }
