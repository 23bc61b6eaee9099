"""Sentences of a report that stay true when they are quoted alone, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from geoloc.casebook import coarse
from geoloc.report.blocks import Text, plain

if TYPE_CHECKING:
    from geoloc.casebook import Claim, Finding
    from geoloc.gazetteer import Place
    from geoloc.report.case import Telling
    from geoloc.verdict import Verdict

KNOWN_AS = {
    "confirmed": "confirmed",
    "likely": "likely, not confirmed",
    "not-verified": "not verified",
    "not-found": "looked for, not found",
}
_MOST_NAMED = 3  # claimants that one sentence names


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


def quotable(finding: Finding, to: Telling) -> Iterator[Text]:
    """Yield sentences that stay true when they are quoted alone."""
    words, event = to.words, event_of(finding, to)
    for place, verdict, claims in judged(finding):
        name = place_name(place, to)
        saying = [claim.claimant for claim in claims if claim.role == "claim"]
        naming = [claim.claimant for claim in claims if claim.role != "claim"]
        if saying:
            yield words.text(
                "{who} claimed that {event} happened in {place}; this is a claim, not a verified"
                " fact.",
                who=_named(saying, to),
                event=event,
                place=name,
            )
        if naming:  # a rival may speak of a place without saying that it happened there
            yield words.text(
                "In what {who} said about {event}, {place} is named; it is not verified that it"
                " happened there.",
                who=_named(naming, to),
                event=event,
                place=name,
            )
        yield Text(sentence(place, verdict, finding, to))
    if not judged(finding):
        yield words.text(
            "No claim about {event} names a place, so no claimed place can be checked.", event=event
        )
    yield _found(finding, to)


def event_of(finding: Finding, to: Telling) -> str:
    """Return the incident with its day and its title, for a sentence that stands alone."""
    incident = finding.incident
    return to.words.say(
        "the incident of {day} (“{title}”)",
        day=to.words.day(incident.date),
        title=plain(incident.title),
    )


def _named(claimants: Iterable[str], to: Telling) -> str:
    """Return claimants in a row; of many a few, and how many more there are."""
    words, names = to.words, [plain(name) for name in dict.fromkeys(claimants)]
    if len(names) > _MOST_NAMED + 1:
        more = words.say("{count} more", count=len(names) - _MOST_NAMED)
        names = [*names[:_MOST_NAMED], more]
    *others, last = names
    return words.say(", ").join(others) + words.say(" and ") + last if others else last


def sentence(place: Place, verdict: Verdict, finding: Finding, to: Telling) -> str:
    """Return a verdict with its numbers in words, and with what they rest on."""
    words, name, event = to.words, place_name(place, to), event_of(finding, to)
    if verdict.probability is None or verdict.interval is None or verdict.prior is None:
        return words.say("Whether {event} happened in {place} cannot be assessed.",
                         event=event, place=name)  # fmt: skip
    low, high = verdict.interval
    return words.say(
        "{condition} then it is {words} that {event} happened in {place}: probability {share}"
        " ({low} to {high}), against {prior} before any evidence. This does not verify what is"
        " claimed to have happened.",
        condition=condition(finding, to),
        words=words.say(verdict.words),
        event=event,
        place=name,
        share=words.probability(verdict.probability),
        low=words.probability(low),
        high=words.probability(high),
        prior=words.probability(verdict.prior),
    )


def condition(finding: Finding, to: Telling) -> str:
    """Return what must be granted for a likely area: whose findings, and how far trusted."""
    words, who = to.words, sources_of(finding, to)
    strands = finding.area.strands if finding.area else ()
    basis = (
        words.say("the findings of one independent origin ({who})", who=who)
        if len(strands) == 1
        else words.say("the findings of {count} independent origins ({who})",
                       count=len(strands), who=who)
    )  # fmt: skip
    trusts = sorted(strand.reliability for strand in strands)
    least, most = words.percent(trusts[0]), words.percent(trusts[-1])
    return words.say(
        "If {basis} are taken to be right with {trust}, {whose},",
        basis=basis,
        trust=least if least == most else words.say("{least} to {most}", least=least, most=most),
        whose=_whose(finding, to),
    )


def _whose(finding: Finding, to: Telling) -> str:
    """Return whose judgement the trust in the findings is."""
    judgements = {each.is_judged for each in rests_on(finding, to)}
    if judgements == {True}:
        return to.words.say("as this case judges it")
    if judgements == {False}:
        return to.words.say("which is geoloc’s default and nobody’s judgement")
    return to.words.say("which is in part this case’s judgement, in part geoloc’s default")


class Basis(NamedTuple):
    """One thing that says where it happened, as a report may name it."""

    who: str
    status: str
    origin: str
    trust: float  # how surely it is taken to be right, 0 to 1
    is_judged: bool  # by the case; else it is the default


def rests_on(finding: Finding, to: Telling) -> Iterator[Basis]:
    """Yield all that says where it happened: evidence, and drawings, which have no status."""
    words = to.words
    for evidence in finding.incident.evidence:
        if evidence.locates:
            status, is_judged = KNOWN_AS[evidence.status], evidence.reliability is not None
            yield Basis(
                plain(evidence.by), words.say(status), plain(evidence.origin), evidence.trust,
                is_judged,
            )  # fmt: skip
    for drawing in finding.incident.drawings:
        if drawing.locates:
            author = plain(drawing.author) if drawing.author else words.say("author not recorded")
            yield Basis(
                author, words.say("drawn, no status recorded"), plain(drawing.origin or ""),
                drawing.confidence, "confidence" in drawing.model_fields_set,
            )  # fmt: skip


def sources_of(finding: Finding, to: Telling) -> str:
    """Return who says where it happened, each with the status of what they say."""
    words = to.words
    named = (
        words.say("{who}: {status}", who=each.who, status=each.status)
        for each in rests_on(finding, to)
    )
    return words.say("; ").join(dict.fromkeys(named))


def is_confirmed(finding: Finding) -> bool:
    """Return whether all that says where it happened is confirmed; a drawing has no status."""
    incident = finding.incident
    statuses = {evidence.status for evidence in incident.evidence if evidence.locates}
    drawn = any(drawing.locates for drawing in incident.drawings)
    return "confirmed" in statuses and not drawn and not statuses - {"confirmed", "not-found"}


def is_confirmed_in_part(finding: Finding) -> bool:
    """Return whether some of what says where it happened is confirmed."""
    return any(each.locates and each.status == "confirmed" for each in finding.incident.evidence)


def _found(finding: Finding, to: Telling) -> Text:
    """Say how far the place could be found."""
    words, event = to.words, event_of(finding, to)
    if finding.area is None:
        not_stated = finding.status == "not-stated"
        return (
            words.text("No independent evidence states where {event} happened.", event=event)
            if not_stated
            else words.text(
                "Where {event} happened could not be found from independent evidence.", event=event
            )
        )
    share, area_km2 = to.regions(finding)[-1]
    if finding.area and not finding.area.narrows:
        told = (
            "{condition} it could still not be narrowed where {event} happened: what holds {share}"
            " of the probability, {area}, is nearly the whole study area."
        )
    elif not coarse.pins(finding):
        told = (
            "{condition} then with {share} probability {event} happened within an area of about"
            " {area}, which is approximate; no house or street is identified."
        )
    elif not to.exact:
        told = (
            "{condition} then with {share} probability {event} happened within an area of about"
            " {area}; no place is told to better than 1 km² here."
        )
    elif finding.status == "exact":
        told = (
            "{condition} then with {share} probability {event} happened within {area}; by the case,"
            " the place was found exactly."
        )
    else:
        told = (
            "{condition} then with {share} probability {event} happened within an area of about"
            " {area}, which is approximate."
        )
    return words.text(
        told,
        condition=condition(finding, to),
        event=event,
        share=words.at_least(share),
        area=words.area(area_km2),
    )
