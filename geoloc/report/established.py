"""What a report says was confirmed, what is only likely, and what nothing shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from geoloc.report.blocks import Block, Cell, Facts, Paragraph, Table, Text, told
from geoloc.report.quotable import (
    is_confirmed,
    is_confirmed_in_part,
    judged,
    place_name,
    sources_of,
)

if TYPE_CHECKING:
    from geoloc.casebook import Claim, Count, Drawing, Evidence, Finding
    from geoloc.report.case import Telling

STATUSES = {
    "exact": "Found exactly",
    "approximate": "Found approximately",
    "not-possible": "Could not be found",
    "not-stated": "Not stated",
}
MEANINGS = {
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
_BY_CLUE = {
    "near": "a distance from a landmark",
    "bearing": "a direction to or from a landmark",
    "between": "a place between two landmarks",
    "along": "a place along a line",
    "elevation-between": "a height of the ground",
    "raster": "a raster of likelihoods",
    "drawn": "a drawn area",
    "searched": "ground searched in vain",
    "same-as": "the place of another incident",
    "within": "units that hold it",
    "not-within": "units that do not hold it",
}
_MEANT = {
    "area": "It happened inside",
    "searched": "Searched, and not found there",
    "along": "It happened along it",
    "near": "It happened near it",
    "bearing": "It was seen in a direction",
    "mark": "A mark, which says nothing about the place",
}
_ONLY_IN_WORDS = (
    "What is told only in words, such as who the people were, weapons, or roads closed, stands"
    " under “What was claimed”, and is not verified by standing there."
)


def verified(finding: Finding, to: Telling) -> Iterator[Block]:
    """Yield what investigators confirmed."""
    rows = _of_status("confirmed", finding)
    if not rows:
        yield Paragraph(to.words.text("Nothing about this incident was verified."))
        return
    yield _evidence(rows, "Confirmed by investigators", finding, to)
    yield _no_method(to)


def likely(finding: Finding, to: Telling) -> Iterator[Block]:
    """Yield what investigators hold for likely: it never stands under the word verified."""
    rows = _of_status("likely", finding)
    if rows:
        caption = "Likely, in the investigators’ judgement; not confirmed"
        yield _evidence(rows, caption, finding, to)
        yield _no_method(to)


def unverified(finding: Finding, to: Telling) -> Iterator[Block]:
    """Yield what nothing confirms, and why; there is always something to say."""
    words = to.words
    result = words.text("Result"), (words.text(STATUSES[finding.status]),)
    reason = words.text("Reason"), (told(finding.incident.geolocation.reason),)
    yield Facts(words.text("Where it happened"), (result, reason))
    rows = (*_places(finding, to), *_figures(finding, to))
    if rows:
        header = ("What was claimed", "Claimed by", "Why it is not verified")
        caption = words.text("Claimed, and not recorded as confirmed")
        yield Table(caption, tuple(map(words.text, header)), rows, (26, 28, 46))
    else:
        yield Paragraph(words.text("No figure is claimed, and no place that nothing confirms."))
    if finding.incident.claims:
        yield Paragraph(words.text(_ONLY_IN_WORDS), "note")
    for status, caption_of in (
        ("not-verified", "Seen or said, but not verified"),
        ("not-found", "Looked for, and not found"),
    ):
        if found := _of_status(status, finding):
            yield _evidence(found, caption_of, finding, to)


def _of_status(status: str, finding: Finding) -> list[Evidence]:
    return [each for each in finding.incident.evidence if each.status == status]


def _no_method(to: Telling) -> Paragraph:
    return Paragraph(
        to.words.text(
            "How a finding was reached is told by the material that it was seen in; a case records"
            " no further method of it."
        ),
        "note",
    )


def _evidence(found: Sequence[Evidence], caption: str, finding: Finding, to: Telling) -> Table:
    words = to.words
    header = ("Finding", "Established by, and how", "Seen in", "Source")
    rows = tuple(
        (
            (told(each.finding),),
            (told(each.by), *_ways(each, to)),
            (told(each.origin),),
            (to.cited(finding, each.source),),
        )
        for each in found
    )
    return Table(words.text(caption), tuple(map(words.text, header)), rows, (40, 22, 26, 12))


def _ways(evidence: Evidence, to: Telling) -> Iterator[Text]:
    """Yield by what a finding says where it happened."""
    kinds = [clue.kind for clue in evidence.clues]
    for kind in dict.fromkeys(("within", *kinds) if evidence.within else kinds):
        yield to.words.text("The place by {way}", way=to.words.say(_BY_CLUE[kind]))


def _places(finding: Finding, to: Telling) -> Iterator[tuple[Cell, ...]]:
    """Yield the claimed places that no confirmed finding agrees with."""
    words = to.words
    for place, verdict, told_by in judged(finding):
        why = [words.text(MEANINGS[verdict.grade])] if verdict.grade != "consistent" else []
        if finding.area is not None and not is_confirmed(finding):
            who = sources_of(finding, to)
            says = (
                "What says where it happened is only partly confirmed ({who})."
                if is_confirmed_in_part(finding)
                else "What says where it happened is not confirmed ({who})."
            )
            why.append(words.text(says, who=who))
        if not any(claim.role == "claim" for claim in told_by):
            named = "Named in a rival claim or a report, which need not say that it happened there."
            why.append(words.text(named))
        if why:
            yield (Text(place_name(place, to)),), _claimants(told_by), tuple(why)


def _figures(finding: Finding, to: Telling) -> Iterator[tuple[Cell, ...]]:
    """Yield the numbers of people that are claimed: a finding is words, and gives no figure."""
    words = to.words
    why = words.text(
        "No finding is recorded as a figure; what was confirmed stands above, in words."
        if _of_status("confirmed", finding)
        else "No finding is recorded as a figure, and none is confirmed."
    )
    for outcome, name in (("killed", "Killed: {count}"), ("captured", "Captured: {count}")):
        told_by: dict[tuple[Count, int], list[Claim]] = {}
        for claim in finding.incident.claims:
            if count := getattr(claim, outcome):
                told_by.setdefault((count, len(claim.covers)), []).append(claim)
        for (count, covered), alike in told_by.items():
            says = [words.text(name, count=words.count(count.min, count.max))]
            if covered > 1:
                says.append(words.text("in {count} incidents together", count=covered))
            yield tuple(says), _claimants(alike), (why,)


def _claimants(told_by: Sequence[Claim]) -> Cell:
    return tuple(told(name) for name in dict.fromkeys(claim.claimant for claim in told_by))


def drawings(finding: Finding, to: Telling) -> Iterator[Block]:
    """Yield what was drawn, by whom, when and how; what would lead to the place is left out."""
    drawn, words = finding.incident.drawings, to.words
    if drawn:
        header = ("Drawing", "Drawn by", "How, and from what", "Source")
        rows = tuple(_drawing(at, each, finding, to) for at, each in enumerate(drawn, 1))
        caption = words.text("What was drawn on the map")
        yield Table(caption, tuple(map(words.text, header)), rows, (26, 20, 42, 12))


def _drawing(at: int, drawing: Drawing, finding: Finding, to: Telling) -> tuple[Cell, ...]:
    words, plainly = to.words, to.plainly(finding)
    what = [told(f"{at}. {drawing.name}") if plainly else words.text("drawing {number}", number=at)]
    what.append(words.text(_MEANT[drawing.means]))
    who = [told(drawing.author) if drawing.author else words.text("author not recorded")]
    who += [Text(words.day(drawing.drawn_on))] if drawing.drawn_on else []
    how = [told(each) for each in (drawing.method, drawing.rationale) if each]
    if not how:
        how = [words.text("method not recorded")]
    elif not plainly:
        how = [words.text("left out here: it would lead to the place")]
    how += [told(drawing.origin)] if drawing.origin else []
    cited = dict.fromkeys(to.cited(finding, source) for source in drawing.sources or (None,))
    return tuple(what), tuple(who), tuple(how), tuple(cited)
