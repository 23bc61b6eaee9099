"""What a report says about one incident, section by section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from geoloc import geo
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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoloc.area import Entry
    from geoloc.casebook import Claim, Evidence, Finding, Photo, Remark, Source
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
_MEANINGS = {
    "consistent": "The area found from other evidence agrees with the claimed place. This does not"
    " verify the claim.",
    "leans-consistent": "The area found from other evidence rather agrees with the claimed place."
    " This does not verify the claim.",
    "undetermined": "The evidence neither supports nor contradicts the claimed place.",
    "leans-inconsistent": "The area found from other evidence rather disagrees with the claimed"
    " place.",
    "inconsistent": "The area found from other evidence disagrees with the claimed place.",
    "not-assessable": "There is nothing independent to judge the claimed place by.",
}
STATUSES = {
    "exact": "Found exactly",
    "approximate": "Found approximately",
    "not-possible": "Could not be found",
    "not-stated": "Not stated",
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
_MOST_BITS = 5  # that are told of a place that must not be found: more would tell how small it is


@dataclass
class Telling:
    """What a whole report is told with: its words, what it may show, and its list of sources."""

    words: Words
    exact: bool
    graphic: bool
    pictures: Mapping[str, bytes]
    remarks: tuple[Remark, ...]
    kept: Mapping[str, State]
    sources: dict[str, Source] = field(default_factory=dict)

    def number(self, source: Source) -> int:
        """Return a source's number; the same wherever the same source is cited."""
        key = source.model_dump_json(exclude={"note"})
        self.sources.setdefault(key, source)
        return list(self.sources).index(key) + 1

    def cited(self, finding: Finding, source: str | None) -> Text:
        """Return `source 3` for the id of one of a case's sources."""
        known = {each.id: each for each in finding.incident.sources}
        if source is None or source not in known:
            return self.words.text("no source given")
        return self.words.text("source {number}", number=self.number(known[source]))

    def plainly(self, finding: Finding) -> bool:
        """Return whether a finding may be told as exactly as it was found."""
        return self.exact or not coarse.pins(finding)

    def picture(self, name: str, kind: str, about: str) -> Iterator[Picture]:
        """Yield a picture that the caller gave under `name/kind`, if any."""
        png = self.pictures.get(f"{name}/{kind}")
        if png:
            caption = self.words.say(_CAPTIONS[kind])
            yield Picture(png, Text(f"{about}. {caption}"), Text(caption))


def sections(finding: Finding, to: Telling, key: str = "") -> tuple[Section, ...]:
    """Return the sections about one incident, their keys begun with `key`."""
    made = (
        ("summary", "Summary", _summary),
        ("claimed", "What was claimed", _claimed),
        ("verified", "What was verified, and how", _verified),
        ("unverified", "What could not be verified, and why", _unverified),
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
    yield Paragraph(told(incident.summary), "lead")
    yield Facts(
        words.text("In short"),
        (
            (words.text("Date"), _when(finding, to)),
            (words.text("Case"), (code(incident.id),)),
            (words.text("Claims"), (_voices(finding, to),)),
            (words.text("Findings of investigators"), _counted(finding, to)),
            (words.text("Geolocation"), (words.text(STATUSES[finding.status]),)),
            (words.text("Verdict"), _in_short(finding, to)),
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


def judged(finding: Finding) -> list[tuple[Place, Verdict, list[Claim]]]:
    """Return each claimed place with its verdict, and the claims that name it."""
    found: dict[object, tuple[Place, Verdict, list[Claim]]] = {}
    for claim, place, verdict in zip(
        finding.incident.claims, finding.places, finding.verdicts, strict=True
    ):
        if place and verdict:
            key = (place.codes, place.senses) if place.codes else place.text
            found.setdefault(key, (place, verdict, []))[2].append(claim)
    return list(found.values())


def place_name(place: Place, to: Telling) -> str:
    """Return a claimed place's units, of several senses all, or the words if it has none."""
    if not place.codes:
        return plain(place.text)
    joined = (to.words.units(codes) for codes in (place.codes, *place.senses))
    return to.words.say(" or ").join(joined)


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


def quotable(finding: Finding, to: Telling) -> Iterator[Text]:
    """Yield sentences that stay true when they are quoted alone."""
    words = to.words
    for place, verdict, claims in judged(finding):
        who = words.say(", ").join(dict.fromkeys(plain(claim.claimant) for claim in claims))
        yield words.text(
            "{who} claimed that it happened in {place}; this is a claim, not a verified fact.",
            who=who,
            place=place_name(place, to),
        )
        yield Text(_sentence(place, verdict, to))
    if not judged(finding):
        yield words.text("No claim names a place, so no claimed place can be checked.")
    yield from _found(finding, to)


def _found(finding: Finding, to: Telling) -> Iterator[Text]:
    if finding.area is None:
        not_stated = finding.status == "not-stated"
        yield to.words.text(
            "No independent evidence states where it happened."
            if not_stated
            else "Where it happened could not be found from independent evidence."
        )
        return
    largest, area_km2 = _regions(finding, to)[-1]
    yield to.words.text(
        "With {share} probability it happened within an area of about {area}, which is"
        " approximate; no house or street is identified.",
        share=to.words.percent(largest),
        area=to.words.area(area_km2),
    )


def _sentence(place: Place, verdict: Verdict, to: Telling) -> str:
    """Return a verdict with its numbers in words."""
    words, name = to.words, place_name(place, to)
    if verdict.probability is None or verdict.interval is None or verdict.prior is None:
        return words.say("Whether it happened in {place} cannot be assessed.", place=name)
    low, high = verdict.interval
    return words.say(
        "By the evidence it is {words} that it happened in {place}: probability {share} ({low} to"
        " {high}), against {prior} before any evidence. This does not verify what is claimed to"
        " have happened.",
        words=words.say(verdict.words),
        place=name,
        share=words.percent(verdict.probability),
        low=words.percent(low),
        high=words.percent(high),
        prior=words.percent(verdict.prior),
    )


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
        yield Items(tuple(told(remark.message) for remark in copies))


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
    return tuple(who), tuple(where), tuple(_tolls(claim, to)), (told(claim.says),)


def _tolls(claim: Claim, to: Telling) -> Iterator[Text]:
    for name, count in (("Killed: {count}", claim.killed), ("Captured: {count}", claim.captured)):
        if count:
            yield to.words.text(name, count=to.words.count(count.min, count.max))
    if not (claim.killed or claim.captured):
        yield to.words.text("none given")
    elif len(claim.covers) > 1:
        yield to.words.text("in {count} incidents together", count=len(claim.covers))


def _verified(finding: Finding, to: Telling) -> Iterator[Block]:
    words = to.words
    found = [e for e in finding.incident.evidence if e.status in ("confirmed", "likely")]
    if not found:
        yield Paragraph(words.text("Nothing about this incident was verified."))
        return
    for status, caption in (
        ("confirmed", "Confirmed by investigators"),
        ("likely", "Likely, in the investigators’ judgement; not confirmed"),
    ):
        rows = [e for e in found if e.status == status]
        if rows:
            yield _evidence(rows, caption, finding, to)


def _unverified(finding: Finding, to: Telling) -> Iterator[Block]:
    words = to.words
    if finding.area is None:
        yield Facts(
            words.text("Where it happened"),
            (
                (words.text("Result"), (words.text(STATUSES[finding.status]),)),
                (words.text("Reason"), (told(finding.incident.geolocation.reason),)),
            ),
        )
    for status, caption in (
        ("not-verified", "Seen or said, but not verified"),
        ("not-found", "Looked for, and not found"),
    ):
        rows = [e for e in finding.incident.evidence if e.status == status]
        if rows:
            yield _evidence(rows, caption, finding, to)


def _evidence(found: Sequence[Evidence], caption: str, finding: Finding, to: Telling) -> Table:
    words = to.words
    header = ("Finding", "Established by", "Seen in", "Source")
    rows = tuple(
        (
            (told(each.finding),),
            (told(each.by),),
            (told(each.origin),),
            (to.cited(finding, each.source),),
        )
        for each in found
    )
    return Table(words.text(caption), tuple(map(words.text, header)), rows, (42, 18, 28, 12))


def _regions(finding: Finding, to: Telling) -> list[tuple[float, float]]:
    """Return each region's share and its size as it may be told, km², smallest first."""
    regions = finding.area.regions if finding.area else ()
    if to.plainly(finding):
        return [(region.mass, region.area_km2) for region in regions]
    return [(region.mass, geo.area_km2(coarse.cells(region.geometry))) for region in regions]


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
            " place, and from no claim. It is approximate."
        ),
        "warning",
    )
    if not to.plainly(finding):
        yield Paragraph(
            words.text("Told no finer than 1 km, so that this report leads to nobody’s home."),
            "note",
        )
    yield from to.picture(name, "area", about)
    yield from to.picture(name, "claimed", about)
    sizes = tuple(
        (
            words.text("{share} of the probability", share=words.percent(share)),
            (words.text("within {area}", area=words.area(area_km2)),),
        )
        for share, area_km2 in _regions(finding, to)
    )
    reason = words.text("Reason"), (told(finding.incident.geolocation.reason),)
    status = words.text("Result"), (words.text(STATUSES[finding.status]),)
    yield Facts(words.text("The likely area"), (status, reason, *sizes))
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
    meaning = words.text(_MEANINGS[verdict.grade])
    yield words.text("Verdict"), (words.text(GRADES[verdict.grade], strong=True), meaning)
    if verdict.probability is None or verdict.interval is None:
        yield words.text("Reason"), (told(verdict.reason),)
        return
    yield words.text("In words"), (Text(_sentence(place, verdict, to)),)
    low, high = map(words.percent, verdict.interval)
    share = words.percent(verdict.probability)
    yield (
        words.text("Probability"),
        (
            words.text("{share}, interval {low} to {high}", share=share, low=low, high=high),
            words.text("lowest and highest, with other lines and other trust in the evidence"),
        ),
    )
    if verdict.prior is not None:
        yield words.text("Before any evidence"), (Text(words.percent(verdict.prior)),)
    if verdict.bayes_factor is not None:
        factor = verdict.bayes_factor if plainly else float(f"{verdict.bayes_factor:.1g}")
        yield (
            words.text("Bayes factor"),
            (
                Text(words.factor(factor)),
                words.text("by how much the evidence changed the odds: 1 says nothing"),
            ),
        )
    yield (
        words.text("Flip distance"),
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
                        share=words.percent(part.probability),
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
    says = told(f"{at}. {strand.says}") if plainly else words.text("clue {number}", number=at)
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
    rows = tuple(
        ((words.text(WEIGHTS[remark.weight]),), (told(remark.message),)) for remark in found
    )
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
    kept = [code(photo.file), code(photo.sha256)]
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
