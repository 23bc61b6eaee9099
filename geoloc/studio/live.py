"""The verdict while a line is drawn: the same straight line as `investigate`, over and over.

Nothing is judged by other rules here, and nothing is approximated: what did not change since the
last call is taken over (`investigate(..., earlier=...)`).
"""

from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from geoloc import boundaries
from geoloc.casebook import Drawing, Finding, Geolocation, Incident, area_as_json, investigate
from geoloc.casebook.drawings import Shape
from geoloc.casebook.reading import validated
from geoloc.errors import CaseError, InputError
from geoloc.studio.touched import Touched, touched

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from geoloc.area import LikelyArea
    from geoloc.geo import Box

Problem = dict[str, Any]
_STUDY_AREA = "AF01"
_REMEMBERED = 2000  # drawings as they were last read; a page has at most 1000
_LOCATED = ("exact", "approximate")


class Live:
    """One case while it is drawn in; without a case there are shapes but no verdicts."""

    def __init__(self, incident: Incident | None) -> None:
        self.incident = incident or blank()
        self._finding: Finding | None = None
        self._read: OrderedDict[str, Drawing | tuple[Problem, ...]] = OrderedDict()
        self._touched: OrderedDict[str, Touched | None] = OrderedDict()

    @property
    def area(self) -> LikelyArea | None:
        """Return the likely area as it was last judged; None where nothing locates."""
        return self.finding.area

    @property
    def finding(self) -> Finding:
        """Return the finding as it was last judged."""
        if self._finding is None:
            self._finding = investigate(self.incident)
        return self._finding

    @property
    def claims(self) -> list[dict[str, Any]]:
        """Return each claim with the place that it names, as the page lists them."""
        pairs = zip(self.incident.claims, self.finding.places, strict=True)
        return [
            {
                "index": number,
                "claimant": claim.claimant,
                "role": claim.role,
                "place": claim.place,
                "codes": list(place.codes) if place else [],
                "name": place.name if place else None,
            }
            for number, (claim, place) in enumerate(pairs)
        ]

    @property
    def shapes(self) -> list[BaseGeometry]:
        """Return what the page must have in view when it opens."""
        codes = {code for place in self.finding.places if place for code in place.codes}
        units = [boundaries.unit(code).geometry for code in sorted(codes)]
        drawn = [each.geometry.geometry() for each in self.incident.drawings]
        area = [region.geometry for region in self.area.regions[-1:]] if self.area else []
        return [shape for shape in (*units, *drawn, *area) if not shape.is_empty]

    @property
    def study_box(self) -> Box:
        """Return the box around the study area, WGS 84."""
        study = self.incident.study
        if study.polygon is not None:
            west, south, east, north = shapely.Polygon(study.polygon).bounds
        else:
            west, south, east, north = boundaries.unit(study.code or _STUDY_AREA).geometry.bounds
        return west, south, east, north

    def judge(self, drawings: list[Any], status: str | None = None) -> dict[str, Any]:
        """Return the likely area, each claim's verdict and what each shape touches.

        Parameters
        ----------
        drawings : list
            As JSON gives them. One that is half drawn or crosses itself is no error: it gives a
            problem and counts for nothing until it is mended.
        status : str, optional
            The geolocation's status to state with the area.
        """
        problems: list[Problem] = []
        sound: dict[int, Drawing] = {}
        for number, raw in enumerate(drawings):
            found = self._drawing(raw)
            if isinstance(found, Drawing):
                sound[number] = found
            else:
                problems += [{"index": number, **problem} for problem in found]
        problems += self._refused(sound)
        finding = self._investigated(sound, status, problems)
        return {
            "area": area_as_json(finding),
            "verdicts": [
                {
                    "claim": number,
                    "grade": verdict.grade,
                    "words": verdict.words,
                    "probability": verdict.probability,
                    "interval": verdict.interval and list(verdict.interval),
                    "prior": verdict.prior,
                    "bayes_factor": verdict.bayes_factor,
                    "flip_distance_m": verdict.flip_distance_m,
                    "reason": verdict.reason,
                }
                for number, verdict in enumerate(finding.verdicts)
                if verdict is not None
            ],
            "shapes": [
                {"index": number, **shape}
                for number, raw in enumerate(drawings)
                if (shape := self._shape(raw)) is not None
            ],
            "problems": problems,
        }

    def _investigated(
        self, sound: dict[int, Drawing], status: str | None, problems: list[Problem]
    ) -> Finding:
        """Return the finding of what can be used; whatever cannot becomes a problem."""
        while True:
            used = list(sound)
            try:
                incident = self._with(list(sound.values()), status)
                self._finding = investigate(incident, earlier=self._finding)
            except CaseError as error:
                first = error.problems[0]
                at, _, field = first.field.partition(".")
                number = at.removeprefix("drawings[").removesuffix("]")
                problem: Problem = {"index": None, "field": first.field, "message": first.message}
                if at.startswith("drawings[") and number.isdigit():
                    problem = {**problem, "index": used[int(number)], "field": field or None}
                    del sound[used[int(number)]]
                    problems.append(problem)
                    continue
                # Clues that exclude each other: nobody can say which one is wrong.
                problems.append(problem)
                if not sound:
                    raise
                sound.clear()
            else:
                return self._finding

    def _with(self, drawings: list[Drawing], status: str | None) -> Incident:
        """Return the case with these drawings in place of its own."""
        before = self.incident.geolocation
        located = any(drawing.locates for drawing in drawings) or any(
            evidence.locates for evidence in self.incident.evidence
        )
        if located:
            stated: Any = status if status in _LOCATED else None
            kept = before.status if before.status in _LOCATED else "approximate"
            before = before.model_copy(update={"status": stated or kept})
        return self.incident.model_copy(update={"drawings": tuple(drawings), "geolocation": before})

    def _drawing(self, raw: Any) -> Drawing | tuple[Problem, ...]:
        """Return a drawing, or what is wrong with it."""
        key = json.dumps(raw, sort_keys=True)
        if key not in self._read:
            try:
                self._read[key] = validated(Path("drawing"), raw, Drawing)
            except CaseError as error:
                self._read[key] = tuple(
                    {"field": each.field or None, "message": each.message}
                    for each in error.problems
                )
            while len(self._read) > _REMEMBERED:
                self._read.popitem(last=False)
        return self._read[key]

    def _refused(self, sound: dict[int, Drawing]) -> list[Problem]:
        """Say what the case has against single drawings, and take out those of a claimant."""
        problems: list[Problem] = []
        known = {source.id for source in self.incident.sources}
        for number, drawing in list(sound.items()):
            unknown = [source for source in drawing.sources if source not in known]
            if unknown:
                message = f"source {unknown[0][:60]!r} is not in the case's sources."
                problems.append({"index": number, "field": "sources", "message": message})
            if drawing.locates and self.incident.claims_of(drawing.origin or ""):
                message = (
                    f"origin {(drawing.origin or '')[:60]!r} is a claimant; a claim is never"
                    " evidence for itself, so name the material it was seen in."
                )
                problems.append({"index": number, "field": "origin", "message": message})
                del sound[number]
        return problems

    def _shape(self, raw: Any) -> Touched | None:
        """Return what a drawing's shape measures and touches; None where it is no shape yet."""
        geometry = raw.get("geometry") if isinstance(raw, dict) else None
        key = json.dumps(geometry, sort_keys=True)
        if key not in self._touched:
            try:
                shape = validated(Path("geometry"), geometry, Shape).geometry()
                self._touched[key] = touched(shape)
            except (CaseError, InputError):
                self._touched[key] = None
            while len(self._touched) > _REMEMBERED:
                self._touched.popitem(last=False)
        return self._touched[key]


def blank() -> Incident:
    """Return an incident of which nothing is claimed or known, to draw without a case."""
    import datetime as dt

    day = dt.datetime.now(dt.UTC).date()
    return Incident(
        id=f"{day}-drawing",
        title="drawing",
        date=day,
        summary="Drawn without a case.",
        geolocation=Geolocation(status="not-stated", reason="No case was opened."),
    )
