"""What a report says about one incident, section by section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from geoloc.area import ledger
from geoloc.casebook import coarse
from geoloc.casebook.precision import precision_of
from geoloc.report.blocks import (
    Block,
    Cell,
    Facts,
    Items,
    Paragraph,
    Picture,
    Section,
    Table,
    Text,
    code,
    plain,
    told,
)
from geoloc.report.established import (
    MEANINGS,
    STATUSES,
    drawings,
    likely,
    unverified,
    verified,
)
from geoloc.report.quotable import (
    judged,
    place_name,
    quotable,
    rests_on,
    sentence,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoloc.area import Entry
    from geoloc.casebook import Claim, Finding, Photo, Remark, Source
    from geoloc.gazetteer import Place
    from geoloc.report.words import Words
    from geoloc.verdict import Verdict

GRADES = {
    "consistent": "Consistent",
    "leans-consistent": "Leans consistent",
    "undetermined": "Undetermined",
    "leans-inconsistent": "Leans inconsistent",
    "inconsistent": "Inconsistent",
    "not-assessable": "Not assessable",
}
_SHOWN = {
    "confirmed": "Confirmed",
    "likely": "Likely",
    "not-verified": "Not verified",
    "not-found": "Looked for, not found",
}
_ROLES = {"claim": "Claim", "rival": "Rival claim", "report": "Report"}
WEIGHTS = {
    "contradiction": "Contradiction: both cannot hold",
    "difference": "Difference: both can hold",
    "note": "To be known",
}
_CAPTIONS = {
    "area": "The likely area, known only approximately. No house may be read out of it.",
    "area in squares": "The likely area, in squares of 1 km. No house may be read out of it.",
    "area as found": "The likely area, as it was found. It can lead to the people there.",
    "claimed": "What is claimed (hatched, not verified), beside what was found from evidence.",
    "ledger": "What each clue says of the place, and all of them together.",
    "photos": "Photos with the features that were compared.",
    "activity": "Claimed attacks and raids, month by month.",
    "provinces": "Provinces claimed, and provinces recorded.",
}
State = Literal["unchanged", "changed", "missing"]
_STATES: dict[State, str] = {
    "unchanged": "Checked: the file has this hash value.",
    "changed": "Checked: the file has another hash value; it was changed since.",
    "missing": "The file could not be found to be checked.",
}
# What a draft says where the investigator is to write.
PLACEHOLDERS = {
    "What exactly was claimed, in our words.",
    "What was claimed, and what could be shown, in your words.",
}
_MOST_BITS = 5  # that are told of a place that must not be found: more would tell how small it is


@dataclass(eq=False)
class Listed:
    """A source in the list at the back: whether it is cited, and which cases note what of it."""

    source: Source
    is_cited: bool = False
    notes: dict[str, list[str]] = field(default_factory=dict)  # note to ids of cases


@dataclass
class Telling:
    """What a whole report is told with: its words, what it may show, and its list of sources."""

    words: Words
    exact: bool
    graphic: bool
    pictures: Mapping[str, bytes]
    remarks: tuple[Remark, ...]
    kept: Mapping[str, State]
    titles: Mapping[str, str] = field(default_factory=dict)  # of all incidents, by id
    sources: dict[str, Listed] = field(default_factory=dict)

    def number(self, source: Source) -> int:
        """Return a source's number; the same wherever the same source is cited."""
        listed = self.listed(source)
        listed.is_cited = True
        return list(self.sources.values()).index(listed) + 1

    def listed(self, source: Source, noted_in: str = "") -> Listed:
        """Return a source's place in the list, its note added as that of one case."""
        key = source.model_dump_json(exclude={"note"})
        listed = self.sources.setdefault(key, Listed(source))
        if source.note and noted_in:
            listed.notes.setdefault(source.note, []).append(noted_in)
        return listed

    def regions(self, finding: Finding) -> list[tuple[float, float]]:
        """Return each region's share and its size as it may be told, km², smallest first."""
        regions = coarse.regions(finding, exact=self.exact)
        return [(region.mass, region.area_km2) for region in regions]

    def remark(self, remark: Remark) -> Text:
        """Return what was noticed, with titles for ids, and no finer than may be told."""
        message = remark.message if self.exact else remark.coarse or remark.message
        for key in sorted(self.titles, key=len, reverse=True):
            message = message.replace(key, f"“{self.titles[key]}”")
        return told(message)

    def filled(self, text: str) -> Text:
        """Return what somebody wrote, or that nobody has yet."""
        if text in PLACEHOLDERS:
            return self.words.text("not filled in", strong=True)
        return told(text)

    def cited(self, finding: Finding, source: str | None) -> Text:
        """Return `source 3` for the id of one of a case's sources."""
        known = {each.id: each for each in finding.incident.sources}
        if source is None or source not in known:
            return self.words.text("no source given")
        return self.words.text("source {number}", number=self.number(known[source]))

    def plainly(self, finding: Finding) -> bool:
        """Return whether a finding may be told as exactly as it was found."""
        return self.exact or not coarse.pins(finding)

    def picture(self, name: str, kind: str, about: str, captioned: str = "") -> Iterator[Picture]:
        """Yield a picture that the caller gave under `name/kind`, if any."""
        png = self.pictures.get(f"{name}/{kind}")
        if png:
            caption = self.words.say(_CAPTIONS[captioned or kind])
            yield Picture(png, Text(f"{about}. {caption}"), Text(caption))


def sections(finding: Finding, to: Telling, key: str = "") -> tuple[Section, ...]:
    """Return the sections about one incident, their keys begun with `key`."""
    made = (
        ("summary", "Summary", _summary),
        ("claimed", "What was claimed", _claimed),
        ("verified", "What was verified, and how", verified),
        ("likely", "What is likely, but not confirmed", likely),
        ("unverified", "What could not be verified, and why", unverified),
        ("area", "Where it happened", _area),
        ("verdict", "Verdict on the claimed place", _verdicts),
        ("ledger", "The clues, and what each brought", _ledger),
        ("discrepancies", "Discrepancies", _discrepancies),
        ("photos", "Photos", _photos),
        ("notes", "Notes", _notes),
    )
    return tuple(
        Section(f"{key}{name}", to.words.text(title), blocks)
        for name, title, blocks_of in made
        if (blocks := tuple(blocks_of(finding, to)))
    )


def _summary(finding: Finding, to: Telling) -> Iterator[Block]:
    incident, words = finding.incident, to.words
    yield Paragraph(to.filled(incident.summary), "lead")
    yield Facts(
        words.text("In short"),
        (
            (words.text("Date"), _when(finding, to)),
            (words.text("Case"), (code(incident.id),)),
            (words.text("Claims"), (_voices(finding, to),)),
            (words.text("Findings of investigators"), _counted(finding, to)),
            (words.text("Geolocation"), (words.text(STATUSES[finding.status]),)),
            (words.text("Verdict"), _in_short(finding, to)),
            (words.text("It rests on"), tuple(_basis(finding, to))),
        ),
    )
    yield Paragraph(words.text("Sentences that may be quoted:"))
    yield Items(tuple(quotable(finding, to)), "quotable")


def _when(finding: Finding, to: Telling) -> Cell:
    incident, words = finding.incident, to.words
    day = Text(f"{words.day(incident.date, weekday=True)} ({words.say('Kabul time')})")
    also = (told(text) for text in (incident.time, incident.date_note) if text)
    return (day, *also)


def _voices(finding: Finding, to: Telling) -> Text:
    claims = finding.incident.claims
    if not claims:
        return to.words.text("No claim is recorded.")
    told_by = len({claim.claimant for claim in claims})
    known = len({claim.source for claim in claims if claim.source})
    return to.words.text(
        "claims: {claims}; claimants: {claimants}; sources: {sources}",
        claims=len(claims),
        claimants=told_by,
        sources=known,
    )


def _counted(finding: Finding, to: Telling) -> Cell:
    statuses = [evidence.status for evidence in finding.incident.evidence]
    if not statuses:
        return (to.words.text("Nothing independent is recorded."),)
    return tuple(
        to.words.text("{status}: {count}", status=to.words.say(name), count=statuses.count(status))
        for status, name in _SHOWN.items()
        if status in statuses
    )


def _in_short(finding: Finding, to: Telling) -> Cell:
    lines = [
        to.words.text(
            "{place}: {grade}",
            place=place_name(place, to),
            grade=to.words.say(GRADES[verdict.grade]),
        )
        for place, verdict, _ in judged(finding)
    ]
    return tuple(lines) or (to.words.text("No claim names a place."),)


def _basis(finding: Finding, to: Telling) -> Iterator[Text]:
    """Yield what a verdict rests on, finding by finding."""
    if finding.area is None:
        yield to.words.text("no independent evidence of the place")
        return
    for each in rests_on(finding, to):
        trusted = (
            "taken to be right with {share}, as this case judges it"
            if each.is_judged
            else "taken to be right with {share}, which is geoloc’s default and nobody’s judgement"
        )
        yield to.words.text(
            "{who}: {status} ({origin})", who=each.who, status=each.status, origin=each.origin
        )
        yield to.words.text(trusted, share=to.words.percent(each.trust))


def _claimed(finding: Finding, to: Telling) -> Iterator[Block]:
    claims, words = finding.incident.claims, to.words
    yield Paragraph(words.text("Claimed is not verified."), "warning")
    if not claims:
        yield Paragraph(words.text("No claim is recorded."))
        return
    order = {id(claim): at for at, claim in enumerate(claims)}
    first = {source: at for at, source in reversed(list(enumerate(c.source for c in claims)))}
    together = sorted(claims, key=lambda claim: (first[claim.source], order[id(claim)]))
    for source, group in groupby(together, key=lambda claim: claim.source):
        of_source = list(group)
        cited = to.cited(finding, source).text
        count = len(of_source)
        caption = (
            words.text("One claim, known through {source}", source=cited)
            if count == 1
            else words.text("{count} claims, known through {source}", count=count, source=cited)
        )
        header = ("Who, and when", "Place claimed", "Figures claimed", "What is said")
        rows = tuple(_claim_row(claim, finding, to) for claim in of_source)
        yield Table(caption, tuple(map(words.text, header)), rows, (24, 22, 16, 38))
    copies = [r for r in _remarks(finding, to) if r.kind == "copies"]
    if copies:
        yield Items(tuple(map(to.remark, copies)))


def _claim_row(claim: Claim, finding: Finding, to: Telling) -> tuple[Cell, ...]:
    words = to.words
    at = next(n for n, each in enumerate(finding.incident.claims) if each is claim)
    place = finding.places[at]
    who = [told(claim.claimant, strong=True)]
    who += [told(claim.affiliation)] if claim.affiliation else []
    who.append(words.text(_ROLES[claim.role]))
    when = words.day(claim.published) if claim.published else words.say("day not stated")
    who.append(Text(when))
    where = [told(f"“{claim.place}”")] if claim.place else [words.text("none named")]
    if place and place.codes:
        where.append(Text(place_name(place, to)))
    if claim.same_place_as:
        where += [words.text("Same place as"), code(claim.same_place_as)]
    return tuple(who), tuple(where), tuple(_tolls(claim, to)), (to.filled(claim.says),)


def _tolls(claim: Claim, to: Telling) -> Iterator[Text]:
    for name, count in (("Killed: {count}", claim.killed), ("Captured: {count}", claim.captured)):
        if count:
            yield to.words.text(name, count=to.words.count(count.min, count.max))
    if not (claim.killed or claim.captured):
        yield to.words.text("none given")
    elif len(claim.covers) > 1:
        yield to.words.text("in {count} incidents together", count=len(claim.covers))


def _area(finding: Finding, to: Telling) -> Iterator[Block]:
    words, name = to.words, finding.incident.id
    about = plain(finding.incident.title)
    if finding.area is None:
        yield Paragraph(
            words.text("There is no likely area: nothing independent says where it happened."),
        )
        yield from to.picture(name, "claimed", about)
        return
    yield Paragraph(
        words.text(
            "The likely area is computed from the findings above that say something about the"
            " place, and from no claim."
            if finding.status == "exact"
            else "The likely area is computed from the findings above that say something about the"
            " place, and from no claim. It is approximate."
        ),
        "warning",
    )
    if not to.plainly(finding):
        yield Paragraph(
            words.text("Told no finer than 1 km, so that this report leads to nobody’s home."),
            "note",
        )
    captioned = "area"
    if coarse.pins(finding):
        captioned = "area as found" if to.exact else "area in squares"
    yield from to.picture(name, "area", about, captioned)
    yield from to.picture(name, "claimed", about)
    sizes = tuple(
        (
            words.text("{share} of the probability", share=words.at_least(share)),
            (words.text("within {area}", area=words.area(area_km2)),),
        )
        for share, area_km2 in to.regions(finding)
    )
    reason = words.text("Reason"), (told(finding.incident.geolocation.reason),)
    status = words.text("Result"), (words.text(STATUSES[finding.status]),)
    yield Facts(words.text("The likely area"), (status, reason, *sizes))
    if finding.area and not finding.area.narrows:
        yield Paragraph(
            words.text(
                "This is nearly the whole study area: the evidence does not narrow the place down."
            ),
            "warning",
        )
    yield from drawings(finding, to)
    yield from _precision(finding, to)


def _precision(finding: Finding, to: Telling) -> Iterator[Block]:
    precision = precision_of(finding, exact=to.exact)
    if precision is None:
        return
    words = to.words
    yield Facts(
        words.text("Precision of the place, for comparison with other data sets"),
        (
            (
                words.text("Radius (Darwin Core coordinateUncertaintyInMeters)"),
                (Text(words.length(precision.radius_m)),),
            ),
            (
                words.text("ACLED geo_precision"),
                (words.text("{code} of 1 to 3", code=precision.acled),),
            ),
            (
                words.text("UCDP where_prec"),
                (words.text("{code} of 1 to 7", code=precision.ucdp),),
            ),
        ),
    )


def _verdicts(finding: Finding, to: Telling) -> Iterator[Block]:
    words = to.words
    if not judged(finding):
        yield Paragraph(words.text("No claim names a place, so no claimed place can be checked."))
    for place, verdict, claims in judged(finding):
        yield Facts(
            Text(place_name(place, to)), tuple(_verdict(place, verdict, claims, finding, to))
        )
    if any(verdict.probability is not None for _, verdict, _ in judged(finding)):
        yield Paragraph(
            words.text(
                "What this does not mean: it does not show that a raid took place, who was there,"
                " or what was done. It says how well the claimed place and the evidence of the"
                " place agree."
            ),
            "warning",
        )


def _verdict(
    place: Place, verdict: Verdict, claims: Sequence[Claim], finding: Finding, to: Telling
) -> Iterator[tuple[Text, Cell]]:
    words, plainly = to.words, to.plainly(finding)
    who = dict.fromkeys(claim.claimant for claim in claims)
    yield words.text("Claimed by"), tuple(map(told, who))
    meaning = words.text(MEANINGS[verdict.grade])
    yield words.text("Verdict"), (words.text(GRADES[verdict.grade], strong=True), meaning)
    if verdict.probability is None or verdict.interval is None:
        yield words.text("Reason"), (told(verdict.reason),)
        return
    yield words.text("In words"), (Text(sentence(place, verdict, finding, to)),)
    yield words.text("It rests on"), tuple(_basis(finding, to))
    low, high = map(words.probability, verdict.interval)
    share = words.probability(verdict.probability)
    yield (
        words.text("Probability"),
        (
            words.text("{share}, interval {low} to {high}", share=share, low=low, high=high),
            words.text("lowest and highest, with other lines and other trust in the evidence"),
        ),
    )
    if verdict.prior is not None:
        yield words.text("Before any evidence"), (Text(words.probability(verdict.prior)),)
    if verdict.bayes_factor is not None:
        factor = verdict.bayes_factor if plainly else float(f"{verdict.bayes_factor:.1g}")
        yield (
            words.text("Change of the odds (Bayes factor)"),
            (
                Text(words.factor(factor)),
                words.text("by how much the evidence changed the odds: 1 says nothing"),
            ),
        )
    yield (
        words.text("Distance to another verdict (flip distance)"),
        (
            Text(_length(verdict.flip_distance_m, to, plainly, "over 20 km")),
            words.text("moving the claimed line so far changes the verdict"),
        ),
    )
    if verdict.distance_m:
        yield (
            words.text("From the 95 % area"),
            (Text(_length(verdict.distance_m, to, plainly, "")),),
        )
    yield words.text("Lines"), tuple(Text(edition, code=True) for edition in verdict.editions)
    for name, parts in (
        ("With the lines of other editions", verdict.other_editions),
        ("Each part of the claim alone", verdict.alone),
    ):
        if parts:
            yield (
                words.text(name),
                tuple(
                    words.text(
                        "{place}: {grade}, {share}",
                        place=part.name,
                        grade=words.say(GRADES[part.grade]),
                        share=words.probability(part.probability),
                    )
                    for part in parts
                ),
            )


def _length(length_m: float | None, to: Telling, plainly: bool, none: str) -> str:
    """Return a length; where the place must not be found, in whole kilometres."""
    if length_m is None:
        return to.words.say(none)
    if plainly:
        return to.words.length(length_m)
    whole = max(1, -(-int(length_m) // 1000))
    return to.words.say("at most {number} km", number=whole)


def _ledger(finding: Finding, to: Telling) -> Iterator[Block]:
    if finding.area is None:
        return
    words, plainly = to.words, to.plainly(finding)
    yield Paragraph(
        words.text(
            "One bit halves the ground. Clues of one origin are right or wrong together, and count"
            " once."
        )
    )
    yield from to.picture(finding.incident.id, "ledger", plain(finding.incident.title))
    if not plainly:
        yield Paragraph(
            words.text(
                "What the clues say and where is left out here: it would lead to the place."
            ),
            "placeholder",
        )
    entries = ledger(finding.area)
    number = {f"{one.strand.says} ({one.strand.origin})": at for at, one in enumerate(entries, 1)}
    rows = tuple(
        _entry(entry, at, number, to, plainly=plainly) for at, entry in enumerate(entries, 1)
    )
    header = ("Clue", "Seen in", "Taken to be right with", "Brought", "Contradicts")
    widths = (30, 30, 14, 14, 12)
    yield Table(words.text("Clue ledger"), tuple(map(words.text, header)), rows, widths)


def _entry(
    entry: Entry, at: int, number: Mapping[str, int], to: Telling, *, plainly: bool
) -> tuple[Cell, ...]:
    words, strand = to.words, entry.strand
    # A report that is to be published says of itself that nothing in it is finer than 1 km.
    said = strand.says if to.exact else coarse.whole_km(strand.says)
    says = told(f"{at}. {said}") if plainly else words.text("clue {number}", number=at)
    if plainly:
        bits = words.digits(f"{entry.bits:.1f}")
        brought = [words.text("{bits} bits", bits=bits)]
        brought.append(
            words.text(
                "95 % area {area}; without it {without}",
                area=words.area(entry.area_km2),
                without=words.area(entry.area_without_km2),
            )
        )
    elif round(entry.bits) >= _MOST_BITS:
        brought = [words.text("{bits} bits or more", bits=_MOST_BITS)]
    else:
        brought = [words.text("{bits} bits", bits=round(entry.bits))]
    against = tuple(
        words.text("clue {number}", number=number[other]) for other in entry.against
    ) or (words.text("none"),)
    return (
        (says,),
        (told(strand.origin),),
        (Text(words.percent(strand.reliability)),),
        tuple(brought),
        against,
    )


def _remarks(finding: Finding, to: Telling) -> list[Remark]:
    return [remark for remark in to.remarks if finding.incident.id in remark.incidents]


def _discrepancies(finding: Finding, to: Telling) -> Iterator[Block]:
    found = [remark for remark in _remarks(finding, to) if remark.kind != "copies"]
    yield from discrepancies(found, to)


def discrepancies(found: Sequence[Remark], to: Telling) -> Iterator[Block]:
    """Yield what claims say against each other, the worst first."""
    words = to.words
    yield Paragraph(
        words.text("Claims are compared with each other here, not with what happened."), "note"
    )
    if not found:
        yield Paragraph(words.text("Nothing in the claims speaks against anything else in them."))
        return
    rows = tuple(((words.text(WEIGHTS[remark.weight]),), (to.remark(remark),)) for remark in found)
    header = ("Weight", "What was noticed")
    yield Table(words.text("Discrepancies"), tuple(map(words.text, header)), rows, (25, 75))


def _photos(finding: Finding, to: Telling) -> Iterator[Block]:
    photos, words = finding.incident.photos, to.words
    if not photos:
        return
    yield from to.picture(finding.incident.id, "photos", plain(finding.incident.title))
    for number, photo in enumerate(photos, 1):
        if photo.graphic and not to.graphic:
            yield Paragraph(
                words.text(
                    "Photo {number} is left out: it shows violence or the dead. It can be asked for"
                    " with the hash value below.",
                    number=number,
                ),
                "placeholder",
            )
    header = ("Photo", "What it is", "Source", "File, and its hash value (SHA-256)")
    rows = tuple(_photo_row(number, photo, finding, to) for number, photo in enumerate(photos, 1))
    widths = (10, 36, 14, 40)
    yield Table(
        words.text("Photos as they were kept"), tuple(map(words.text, header)), rows, widths
    )


def _photo_row(number: int, photo: Photo, finding: Finding, to: Telling) -> tuple[Cell, ...]:
    words = to.words
    what = [told(photo.origin)] + ([told(photo.caption)] if photo.caption else [])
    if photo.graphic:
        what.append(words.text("Graphic: shows violence or the dead", strong=True))
    name = photo.file if to.exact else coarse.wordless(photo.file)
    kept = [code(name), code(photo.sha256)]
    state = to.kept.get(f"{finding.incident.id}/{photo.file}")
    if state:
        kept.append(words.text(_STATES[state], strong=state != "unchanged"))
    return (
        (Text(words.digits(str(number))),),
        tuple(what),
        (to.cited(finding, photo.source),),
        tuple(kept),
    )


def _notes(finding: Finding, _: Telling) -> Iterator[Block]:
    if finding.incident.notes:
        yield Items(tuple(told(note) for note in finding.incident.notes))
