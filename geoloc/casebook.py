"""Case files, and the straight line from an incident to its finding.

A casebook is a folder of YAML files: one per incident, and `casebook.yaml` for what is known about
all of them together. What was *claimed* (`claims`) and what can be *shown* (`evidence`,
`geolocation`) are kept apart in the file as they are in the product.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from geoloc import boundaries, files
from geoloc.area import LikelyArea, likely_area
from geoloc.clues import PUBLISHED_RELIABILITY, Within
from geoloc.errors import (
    AmbiguousPlaceError,
    CaseError,
    PlaceError,
    PlaceNotFoundError,
    Problem,
)
from geoloc.gazetteer import Place, police_district, resolve_unit
from geoloc.verdict import Verdict, verify

LONGEST_FILE = 1_000_000  # bytes; a case file of a hundred claims has 50,000
BOOK_FILE = "casebook.yaml"
SCHEMA_FILE = "incident.schema.json"
_ID = r"^\d{4}-\d{2}-\d{2}-[a-z0-9]+(?:-[a-z0-9]+)*$"

Text = Annotated[str, Field(min_length=1, max_length=5000)]
CaseId = Annotated[str, Field(pattern=_ID)]
Code = Annotated[str, Field(pattern=r"^(AF\d{2}|AF\d{4}|AF-KBL-PD\d{1,2})$")]


class _Record(BaseModel):
    """A part of a case file: unknown fields are refused, since most are misspelt ones."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Count(_Record):
    """A number of people as claimed or shown: at least `min`, at most `max`."""

    min: int = Field(ge=0, le=100_000)
    max: int | None = Field(None, ge=0, le=100_000, description="null: no upper figure was given")

    @model_validator(mode="after")
    def _ordered(self) -> Count:
        if self.max is not None and self.max < self.min:
            raise ValueError(f"max {self.max} is below min {self.min}")
        return self


class Source(_Record):
    """Where a fact was taken from."""

    id: Text
    title: Text
    publisher: Text
    published: dt.date | None = None
    url: str | None = Field(None, pattern=r"^https?://", max_length=2000)
    note: Text | None = None


class Claim(_Record):
    """What somebody said about the incident; never evidence for itself."""

    claimant: Text
    role: Literal["claim", "rival", "report"] = Field(
        "claim",
        description="claim: by the raiding side; rival: another account of who or what the target"
        " was; report: witnesses and media",
    )
    affiliation: Text | None = Field(None, description="who the claimant speaks for")
    published: dt.date | None = None
    place: Text | None = Field(None, description="the place in the claimant's words")
    codes: tuple[Code, ...] = Field(
        (), description="units that the words name, all of which must hold; geoloc find shows them"
    )
    same_place_as: CaseId | None = Field(
        None, description="id of another incident that the claim puts in the same place"
    )
    covers: tuple[CaseId, ...] = Field(
        (), description="ids of all incidents that a figure covers together, this one included"
    )
    killed: Count | None = None
    captured: Count | None = None
    says: Text = Field(description="the rest of the claim in our words")
    source: Text | None = Field(None, description="id of an entry in sources")


class Evidence(_Record):
    """What investigators could show, or looked for and could not."""

    finding: Text
    by: Text = Field(description="who established it")
    status: Literal["confirmed", "likely", "not-verified", "not-found"]
    origin: Text = Field(description="the material it was seen in; one origin counts once")
    within: tuple[Code, ...] = Field(
        (), description="units that all hold the event, if the finding says where it happened"
    )
    reliability: float = Field(
        PUBLISHED_RELIABILITY,
        ge=0,
        le=1,
        description="how surely the location is not plain wrong: your judgement, 0 to 1. Verdicts"
        " rest on it and say so",
    )
    source: Text | None = None

    @model_validator(mode="after")
    def _shows_what_it_says(self) -> Evidence:
        if self.within and self.status not in ("confirmed", "likely"):
            raise ValueError(
                f"within {list(self.within)} is given, but the status is {self.status}: only what"
                " is confirmed or likely can say where it happened"
            )
        return self


class Geolocation(_Record):
    """Whether the place of the event could be found, and why or why not."""

    status: Literal["exact", "approximate", "not-possible", "not-stated"]
    reason: Text


class Incident(_Record):
    """One incident: what was claimed, what could be shown, and where it was found to be."""

    id: str = Field(pattern=_ID, description="YYYY-MM-DD-words; also the file's name")
    title: Text
    date: dt.date = Field(description="Kabul time")
    time: Text | None = Field(None, description="time of day in words or hh:mm, Kabul time")
    date_note: Text | None = None
    summary: Text
    claims: tuple[Claim, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    geolocation: Geolocation
    sources: tuple[Source, ...] = ()
    notes: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Incident:
        if not 1970 <= self.date.year <= 2100:
            raise ValueError(
                f"date {self.date} is not in 1970 to 2100; dates are Gregorian, so convert a Solar"
                " Hijri one first"
            )
        if not self.id.startswith(self.date.isoformat()):
            raise ValueError(f"id {self.id} does not begin with the date {self.date}")
        self._keep_claims_and_evidence_apart()
        known = {source.id for source in self.sources}
        cited = [claim.source for claim in self.claims]
        cited += [evidence.source for evidence in self.evidence]
        for source in filter(None, cited):
            if source not in known:
                raise ValueError(f"source {source!r} is not in sources")
        return self

    def _keep_claims_and_evidence_apart(self) -> None:
        located = any(evidence.within for evidence in self.evidence)
        status = self.geolocation.status
        if located != (status in ("exact", "approximate")):
            raise ValueError(
                f"geolocation.status is {status}, but "
                + ("evidence says within which units it happened" if located else "no evidence")
                + ("" if located else " says within which units it happened")
            )
        claimants = {claim.claimant.casefold() for claim in self.claims}
        for evidence in self.evidence:
            if evidence.within and evidence.origin.casefold() in claimants:
                raise ValueError(
                    f"evidence of origin {evidence.origin!r} comes from a claimant; a claim is"
                    " never evidence for itself, so name the material it was seen in"
                )


class Aggregate(_Record):
    """A fact about many incidents together."""

    fact: Text
    from_date: dt.date | None = None
    to_date: dt.date | None = None
    claimed: int | tuple[Text, ...] | None = None
    claimed_by: Text | None = None
    recorded: int | tuple[Text, ...] | None = Field(None, description="logged by investigators")
    recorded_by: Text | None = None
    confirmed: int | tuple[Text, ...] | None = None
    confirmed_by: Text | None = None
    covers: tuple[CaseId, ...] = ()
    source: Text | None = None


class Book(_Record):
    """What `casebook.yaml` holds: facts about all incidents, and their sources."""

    title: Text
    aggregates: tuple[Aggregate, ...] = ()
    sources: tuple[Source, ...] = ()


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


# --- the straight line -------------------------------------------------------------------------


def investigate(incident: Incident) -> Finding:
    """Resolve the claimed places, find the likely area, and judge each claim.

    Raises
    ------
    PlaceError, ClueError
        If a claimed place or a clue names a unit that does not exist or has no line.
    """
    places = tuple(_claimed_place(claim) for claim in incident.claims)
    clues = [_clue(evidence) for evidence in incident.evidence if evidence.within]
    found = likely_area(clues) if clues else None
    reason = incident.geolocation.reason
    judged = {place: verify(place, found, reason=reason) for place in places if place}
    verdicts = tuple(judged[place] if place else None for place in places)
    return Finding(incident, places, found, verdicts)


def _claimed_place(claim: Claim) -> Place | None:
    if claim.codes:
        return Place(claim.place or "", claim.codes)
    if not claim.place:
        return None
    try:
        return Place(claim.place, (resolve_unit(claim.place),))
    except PlaceError:
        # The words stay on every output; without a unit there is nothing to draw or judge by.
        return Place(claim.place, ())


def _clue(evidence: Evidence) -> Within:
    place = Place(evidence.finding, evidence.within)
    return Within(place, evidence.origin, evidence.reliability)


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
                "killed": claim.killed.model_dump() if claim.killed else None,
                "captured": claim.captured.model_dump() if claim.captured else None,
            }
            for claim, place in zip(incident.claims, finding.places, strict=True)
        ],
        "likely_area": _area_as_json(finding),
        "verdicts": [
            _verdict_as_json(index, verdict)
            for index, verdict in enumerate(finding.verdicts)
            if verdict is not None
        ],
    }


def _area_as_json(finding: Finding) -> dict[str, Any] | None:
    import shapely

    if finding.area is None:
        return None
    return {
        "status": finding.status,
        "area_km2": round(finding.area.regions[-1].area_km2, 1),
        "regions": [
            {
                "mass": region.mass,
                "held": round(region.held, 4),
                "area_km2": round(region.area_km2, 1),
                "geometry": shapely.geometry.mapping(_five_decimals(region.geometry)),
            }
            for region in finding.area.regions
        ],
    }


def _five_decimals(geometry: Any) -> Any:
    import shapely

    return shapely.transform(geometry, lambda points: points.round(5))


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
        "reason": verdict.reason,
    }


# --- the folder of cases -----------------------------------------------------------------------


def default_folder() -> Path:
    """Return `$GEOLOC_CASES`, or `cases/` here if it holds any, or the shipped six."""
    if chosen := os.environ.get("GEOLOC_CASES"):
        return Path(chosen)
    here = Path("cases")
    return here if any(here.glob("*.yaml")) else files.shipped("cases")


def case_files(folder: Path) -> tuple[Path, ...]:
    """Return the incident files of a folder, oldest incident first."""
    return tuple(sorted(path for path in folder.glob("*.yaml") if path.name != BOOK_FILE))


def find_case(name: str, folder: Path | None = None) -> Path:
    """Return the file of a case named by id or by path.

    Raises
    ------
    CaseError
        If there is none; the nearest ids are in the message.
    """
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    folder = folder or default_folder()
    known = {path.stem: path for path in case_files(folder)}
    if name in known:
        return known[name]
    from rapidfuzz import process

    near = [match for match, *_ in process.extract(name, list(known), limit=3, score_cutoff=50)]
    hint = f"did you mean {', '.join(near)}?" if near else "geoloc case list shows what there is."
    raise CaseError(folder, (Problem("", None, f"no case is called {name!r}; {hint}"),))


def read_case(name: Path | str) -> Incident:
    """Read and check one incident.

    Parameters
    ----------
    name : Path or str
        A YAML file, or the id of a case in the default folder.

    Raises
    ------
    CaseError
        If there is no such case, or its file cannot be read or is not valid: every problem with
        its field and line.
    """
    path = find_case(str(name))
    document = _load_yaml(path)
    incident = _validated(path, document, Incident)
    problems = tuple(_unknown_codes(incident, document))
    if problems:
        raise CaseError(path, problems)
    return incident


def read_book(folder: Path) -> Book | None:
    """Read and check `casebook.yaml` of a folder; None if it has none."""
    path = folder / BOOK_FILE
    return _validated(path, _load_yaml(path), Book) if path.exists() else None


def _unknown_codes(incident: Incident, document: Any) -> Iterator[Problem]:
    used = [("claims", n, "codes", claim.codes) for n, claim in enumerate(incident.claims)]
    used += [("evidence", n, "within", each.within) for n, each in enumerate(incident.evidence)]
    for *where, codes in used:
        for code in codes:
            try:
                lineless = boundaries.unit(code).geometry.is_empty and where[0] == "evidence"
                message = f"{code} has no known line to be within." if lineless else ""
            except PlaceError as error:
                message = str(error)
            if message:
                yield Problem(_dotted(where), _line_of(document, where), message)


def schema() -> str:
    """Return the JSON Schema of an incident file, for editors to complete and check by."""
    return json.dumps(Incident.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


# --- reading YAML ------------------------------------------------------------------------------

_Model = TypeVar("_Model", bound=BaseModel)


def _validated(path: Path, document: Any, model: type[_Model]) -> _Model:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        problems = tuple(_problem(detail, document, model) for detail in error.errors())
        raise CaseError(path, problems) from error


def _load_yaml(path: Path) -> Any:
    """Return a YAML mapping that remembers its line numbers; refuse anything else."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.events import AliasEvent

    text = _text_of(path)
    try:
        reader = YAML(typ="rt", pure=True)
        for event in reader.parse(text):
            if isinstance(event, AliasEvent):
                # A dozen aliases of aliases can stand for billions of values.
                line = event.start_mark.line + 1
                raise CaseError(path, (Problem("", line, "aliases (*name) are not read here."),))
        document = reader.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"not valid YAML: {_plain_yaml(str(error.problem or error.context))}."
        raise CaseError(path, (Problem("", mark.line + 1 if mark else None, what),)) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise CaseError(path, (Problem("", None, f"not valid YAML: {error}."),)) from error
    if not isinstance(document, dict):
        what = "is empty." if document is None else "must be fields and values (name: value)."
        raise CaseError(path, (Problem("", None, what),))
    return document


def _plain_yaml(problem: str) -> str:
    """Say a YAML parser's commonest complaints in an investigator's words."""
    if "\\t" in problem:
        return "there is a tab; indent with spaces only"
    if "<block end>" in problem or "block collection" in problem or "mapping values" in problem:
        return f"the indentation or a colon is off around here ({problem})"
    return problem


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(LONGEST_FILE + 1)
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}."
        raise CaseError(path, (Problem("", None, what),)) from error
    if len(content) > LONGEST_FILE:
        what = f"is larger than {LONGEST_FILE:,} bytes, which no case file is."
        raise CaseError(path, (Problem("", None, what),))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 text (byte {error.start:,}); save it as UTF-8."
        raise CaseError(path, (Problem("", None, what),)) from error


def _problem(detail: Any, document: Any, model: type[BaseModel]) -> Problem:
    """Say one pydantic error in words, with the field's path and line."""
    where = [step for step in detail["loc"] if isinstance(step, int) or step.isidentifier()]
    return Problem(_dotted(where), _line_of(document, where), _words(detail, where, model))


def _words(detail: Any, where: list[Any], model: type[BaseModel]) -> str:
    """Say what is wrong with a field, and what it should look like."""
    value = str(detail["input"])
    shown = repr(value if len(value) <= 40 else value[:37] + "...")
    kind = str(detail["type"])
    if kind == "missing":
        return "is missing."
    if kind == "extra_forbidden":
        return f"there is no such field here{_nearest_field(str(detail['loc'][-1]), model)}."
    if kind == "value_error":
        return f"{detail['ctx']['error']}."
    if kind.startswith("date"):
        return f"must be a date like 2024-01-31, got {shown}."
    if kind in ("tuple_type", "list_type"):
        return f"must be a list, e.g. [{value if value.isascii() else 'AF0104'}], got {shown}."
    if kind in ("model_type", "model_attributes_type"):
        return f"must hold fields, e.g. {{min: 5, max: 5}} for a number of people, got {shown}."
    if kind == "string_pattern_mismatch" and {"codes", "within"} & set(where):
        return f"{shown} is no code of a unit; {_code_hint(value)}."
    return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}, got {shown}."


def _code_hint(value: str) -> str:
    try:
        code = police_district(value)
    except PlaceError as error:
        return str(error).rstrip(".")
    example = "codes look like AF0104 or AF-KBL-PD22 (geoloc find NAME shows them)"
    return f"did you mean {code}?" if code else example


def _dotted(where: list[Any]) -> str:
    """Return a path as people write it: claims[0].codes."""
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in where).lstrip(".")


def _nearest_field(name: str, model: type[BaseModel]) -> str:
    from rapidfuzz import process

    parts = json.dumps(model.model_json_schema())
    fields = sorted(set(re.findall(r'"([a-z_]+)": \{', parts)))
    near = process.extractOne(name, fields, score_cutoff=70)
    return f"; did you mean {near[0]}?" if near else ""


def _line_of(document: Any, where: list[Any]) -> int:
    """Return the 1-based line of a field, or of the nearest thing around it that exists."""
    node, line = document, int(document.lc.line) + 1
    for step in where:
        if isinstance(node, dict) and step in node:
            line = node.lc.key(step)[0] + 1  # type: ignore[attr-defined] # ruamel's CommentedMap
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            line = node.lc.item(step)[0] + 1  # type: ignore[attr-defined] # ruamel's CommentedSeq
        else:
            break
        node = node[step]
    return int(line)


# --- drafting ----------------------------------------------------------------------------------


def draft(title: str, date: dt.date, place: str, claimant: str) -> tuple[str, str]:
    """Return the id and the YAML of a new case, for the investigator to fill in.

    Raises
    ------
    PlaceError
        If the place is a police district that does not exist.
    """
    words = re.findall(r"[a-z0-9]+", title.lower())[:6] or ["case"]
    case_id = f"{date.isoformat()}-{'-'.join(words)}"
    parts = [part for part in re.split(r"[,،;]", place) if part.strip()]
    try:
        codes = f"[{', '.join(resolve_unit(part) for part in parts)}]"
    except (PlaceNotFoundError, AmbiguousPlaceError):
        codes = "[]  # no unit, or several, are called so: geoloc find NAME shows codes"

    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)  # a JSON string is a YAML string

    return (
        case_id,
        f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
id: {case_id}
title: {quoted(title)}
date: {date.isoformat()}
summary: {quoted(title)}

claims:
  - claimant: {quoted(claimant)}
    place: {quoted(place)}
    codes: {codes}
    says: "What exactly was claimed, in our words."

# What can be shown, from material that does not come from the claim. To say where it happened:
# evidence:
#   - finding: "The skyline in photo 3 matches the ridge south of the river."
#     by: "Who established it"
#     status: likely
#     origin: "photo 3"
#     within: [AF0104]
#     reliability: 0.9   # your judgement: how surely this is not plain wrong
# and then geolocation.status is approximate.
evidence: []

geolocation:
  status: not-stated
  reason: "Not yet looked for."

sources: []
""",
    )
