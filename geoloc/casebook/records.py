"""What a case file holds: claims, evidence, geolocation, sources."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from geoloc.area import MASSES, STUDY_AREA, Prior, raster_prior, uniform_prior
from geoloc.casebook.clues import AnyClue, Corners, Number, RasterFile, polygon_of
from geoloc.casebook.drawings import SHA256, Drawing, Photo
from geoloc.casebook.fields import ID, CaseId, Code, Record, Text
from geoloc.clues import PUBLISHED_RELIABILITY, RELIABILITY
from geoloc.errors import InputError


class Count(Record):
    """A number of people as claimed or shown: at least `min`, at most `max`."""

    min: int = Field(ge=0, le=100_000)
    max: int | None = Field(None, ge=0, le=100_000, description="null: no upper figure was given")

    @model_validator(mode="after")
    def _ordered(self) -> Count:
        if self.max is not None and self.max < self.min:
            raise ValueError(f"max {self.max} is below min {self.min}")
        return self

    @property
    def words(self) -> str:
        """Return `7`, `at least 3` or `5 to 7`."""
        if self.max is None:
            return f"at least {self.min}"
        return str(self.min) if self.min == self.max else f"{self.min} to {self.max}"


class Source(Record):
    """Where a fact was taken from."""

    id: Text
    title: Text
    publisher: Text
    published: dt.date | None = None
    url: str | None = Field(None, pattern=r"^https?://", max_length=2000)
    archived: str | None = Field(
        None, pattern=r"^https?://", max_length=2000, description="address of an archived copy"
    )
    captured: dt.datetime | None = Field(None, description="when the copy was taken, with its zone")
    sha256: str | None = Field(None, pattern=SHA256, description="of the file that was kept")
    graphic: bool = Field(False, description="shows violence or the dead; reports leave it out")
    note: Text | None = None


class Claim(Record):
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


class Evidence(Record):
    """What investigators could show, or looked for and could not."""

    finding: Text
    by: Text = Field(description="who established it")
    status: Literal["confirmed", "likely", "not-verified", "not-found"]
    origin: Text = Field(description="the material it was seen in; one origin counts once")
    within: tuple[Code, ...] = Field(
        (), description="units that all hold the event, if the finding says where it happened"
    )
    clues: tuple[AnyClue, ...] = Field(
        (),
        description="what the finding says about the place otherwise: distances, bearings, drawn"
        " areas. All of one origin count together as one clue",
        max_length=100,
    )
    reliability: float | None = Field(
        None,
        ge=0,
        le=1,
        description="how surely the location is not plain wrong: your judgement, 0 to 1. Verdicts"
        f" rest on it and say so. Default {PUBLISHED_RELIABILITY} where the finding itself says"
        f" within which units, {RELIABILITY} where it only has clues",
    )
    source: Text | None = None

    @property
    def locates(self) -> bool:
        """Return whether it says anything about where the event happened."""
        return bool(self.within or self.clues)

    @property
    def trust(self) -> float:
        """Return the reliability, 0 to 1, or the default for what the finding says."""
        if self.reliability is not None:
            return self.reliability
        return PUBLISHED_RELIABILITY if self.within else RELIABILITY

    @model_validator(mode="after")
    def _shows_what_it_says(self) -> Evidence:
        # Ground searched in vain is itself a finding.
        searched = self.status == "not-found" and not self.within
        if searched and all(clue.kind == "searched" for clue in self.clues):
            return self
        if self.locates and self.status not in ("confirmed", "likely"):
            given = f"within {list(self.within)} is" if self.within else "clues are"
            raise ValueError(
                f"{given} given, but the status is {self.status}: only what"
                " is confirmed or likely can say where it happened (or, if not-found, the ground"
                " that was searched)"
            )
        return self


class Study(Record):
    """Where the event is looked for, and where it is expected before any clue."""

    code: Code | None = Field(None, description="the unit that holds it; default AF01, Kabul")
    polygon: Corners | None = Field(None, description="or an area drawn: [lon, lat] of its corners")
    cell_m: Number | None = Field(
        None, description="side of a cell, metres; default by size, 250 for a province"
    )
    prior: RasterFile | None = Field(
        None, description="a GeoTIFF of densities, e.g. built-up land; default the same everywhere"
    )
    masses: tuple[Annotated[Number, Field(gt=0, le=1)], ...] = Field(
        MASSES, description="shares of the probability to draw areas of", min_length=1, max_length=9
    )

    def expected(self) -> Prior:
        """Return the prior.

        Raises
        ------
        InputError
            If the study area has no known line, or the raster or the cells do not fit it.
        """
        if self.code and self.polygon is not None:
            raise InputError("give either code or polygon, not both.")
        where = polygon_of(self.polygon) if self.polygon is not None else self.code or STUDY_AREA
        if self.prior is None:
            return uniform_prior(where, self.cell_m)
        return raster_prior(self.prior, where, self.cell_m)


class Geolocation(Record):
    """Whether the place of the event could be found, and why or why not."""

    status: Literal["exact", "approximate", "not-possible", "not-stated"]
    reason: Text


class Incident(Record):
    """One incident: what was claimed, what could be shown, and where it was found to be."""

    id: str = Field(
        pattern=ID, max_length=120, description="YYYY-MM-DD-words; also the file's name"
    )
    title: Text
    date: dt.date = Field(description="Kabul time")
    time: Text | None = Field(None, description="time of day in words or hh:mm, Kabul time")
    date_note: Text | None = None
    summary: Text
    claims: tuple[Claim, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    drawings: tuple[Drawing, ...] = Field((), max_length=1000)
    photos: tuple[Photo, ...] = Field((), max_length=200)
    study: Study = Study()
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
        cited += [source for drawing in self.drawings for source in drawing.sources]
        cited += [photo.source for photo in self.photos]
        for source in filter(None, cited):
            if source not in known:
                raise ValueError(f"source {source!r} is not in sources")
        return self

    def claims_of(self, origin: str) -> tuple[Claim, ...]:
        """Return the claims that a piece of evidence of this origin would only repeat."""
        words = _naming_words(origin)
        unnumbered = {word for word in words if not word.isdigit()}  # "tweet 3" is a tweet

        def says_it(claim: Claim) -> bool:
            names = filter(None, (claim.claimant, claim.affiliation))
            return any(_naming_words(name) in (words, unnumbered) for name in names)

        return tuple(filter(says_it, self.claims))

    def _keep_claims_and_evidence_apart(self) -> None:
        shown = [evidence for evidence in self.evidence if evidence.locates]
        drawn = [drawing for drawing in self.drawings if drawing.locates]
        located = bool(shown or drawn)
        status = self.geolocation.status
        if located != (status in ("exact", "approximate")):
            raise ValueError(
                f"geolocation.status is {status}, but "
                + ("evidence" if shown else "a drawing" if drawn else "no evidence")
                + " says within which units it happened, or has clues to it"
                + ("; make it approximate and say why, or let it say nothing" if located else "")
            )
        origins = [each.origin for each in shown] + [each.origin or "" for each in drawn]
        for origin in origins:
            if self.claims_of(origin):
                raise ValueError(
                    f"evidence of origin {origin!r} comes from a claimant; a claim is"
                    " never evidence for itself, so name the material it was seen in"
                )


# What may stand around a claimant's name without making it another origin.
_SAYING = {
    "a", "an", "and", "by", "claim", "claimed", "claims", "from", "in", "made", "of", "on", "post",
    "posted", "posts", "report", "reported", "reports", "said", "says", "statement", "statements",
    "the", "tweet", "tweets",
}  # fmt: skip


def _naming_words(text: str) -> set[str]:
    words = set(re.findall(r"\w+", text.casefold().replace("'s", ""))) - _SAYING
    return words or {text.casefold()}  # a name of signs only


class Aggregate(Record):
    """A fact about many incidents together."""

    fact: Text
    counts: Literal["raids", "attacks", "people", "provinces"] | None = Field(
        None, description="what the figures count, for drawings; null: none of these"
    )
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


class Book(Record):
    """What `casebook.yaml` holds: facts about all incidents, and their sources."""

    title: Text
    aggregates: tuple[Aggregate, ...] = ()
    sources: tuple[Source, ...] = ()
