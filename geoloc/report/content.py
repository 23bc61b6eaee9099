"""From findings to a report: its front, one chapter a case, and the back that all share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from geoloc.casebook import BOOK_FILE, coarse, reconcile
from geoloc.errors import InputError
from geoloc.report.appendix import appendices
from geoloc.report.blocks import (
    Block,
    Cell,
    Document,
    Items,
    Paragraph,
    Section,
    Table,
    Text,
    code,
    plain,
    told,
)
from geoloc.report.case import GRADES, State, Telling, discrepancies, sections
from geoloc.report.established import STATUSES
from geoloc.report.quotable import judged, place_name, quotable, sources_of
from geoloc.report.words import LANGUAGES, Words

if TYPE_CHECKING:
    import datetime as dt

    from geoloc.casebook import Aggregate, Book, Finding, Incident, Source

_CARE = {
    True: "Told as exactly as it was found: this report can lead to the people there. Do not"
    " publish it.",
    False: "No place is told here to better than 1 km².",
}


def document(
    findings: Sequence[Finding],
    book: Book | None = None,
    *,
    language: str = "en",
    exact: bool = False,
    graphic: bool = False,
    pictures: Mapping[str, bytes] | None = None,
    others: Sequence[Incident] = (),
    kept: Mapping[str, State] | None = None,
) -> Document:
    """Return the report of one case, or of a casebook.

    Parameters
    ----------
    findings : sequence of Finding
        One gives a case's report; more give a casebook's, with a chapter each, in this order.
    book : Book, optional
        What is known about all of them together.
    language : str
        Of the fixed words: `en`, `fa` (Dari) or `ps` (Pashto). What somebody wrote stays as
        written, and so do the sentences that geoloc writes about clues and discrepancies.
    exact : bool
        Tell places as exactly as they were found. Otherwise none is told to better than 1 km².
    graphic : bool
        Show what is marked as graphic. Otherwise a placeholder stands for it.
    pictures : mapping of str to bytes, optional
        PNG by `case id/kind` (`area`, `claimed`, `ledger`, `photos`) and `casebook/kind`
        (`activity`, `provinces`). One that is not there is left out.
    others : sequence of Incident, optional
        Further cases of the casebook: their claims are compared with those of `findings`.
    kept : mapping, optional
        Of photos by `case id/file`: `unchanged`, `changed` or `missing`, as was found by their
        hash values.

    Returns
    -------
    Document

    Raises
    ------
    InputError
        If there is no finding, or the language is another.
    """
    if not findings:
        raise InputError("There is no case to report; geoloc case list shows what there is.")
    words = Words(language)
    if not exact:
        findings, others = [*map(coarse.published, findings)], coarse.wordless(tuple(others))
    shown = [finding.incident for finding in findings]
    known = {incident.id: incident for incident in (*others, *shown)}
    remarks = reconcile(tuple(known.values()), book)
    titles = {key: _known_as(incident, words) for key, incident in known.items()}
    to = Telling(words, exact, graphic, pictures or {}, remarks, kept or {}, titles)
    single = len(findings) == 1
    body = _case(findings[0], to) if single else _casebook(findings, book, to)
    for each in shown:
        for source in each.sources:
            to.listed(source, each.id)
    for source in book.sources if book and not single else ():
        to.listed(source, BOOK_FILE)
    incident = shown[0]
    author = words.say(", ").join(authors_of(shown)) or words.say("not recorded in the case")
    return Document(
        language=LANGUAGES[words.language],
        author=author,
        title=told(incident.title) if single else _title(book, to),
        subtitle=Text(words.day(incident.date)) if single else _period(shown, to),
        contents=words.text("Contents"),
        footer=words.text("Claimed is not verified."),
        page=words.text("Page"),
        notices=(*_notices(findings, to), _made_from(shown, author, to)),
        sections=(*body, *appendices(findings, to)),
    )


def _title(book: Book | None, to: Telling) -> Text:
    return told(book.title) if book else to.words.text("Claimed raids, and what could be shown")


def _period(incidents: Sequence[Incident], to: Telling) -> Text:
    days = sorted(incident.date for incident in incidents)
    first, last = to.words.day(days[0]), to.words.day(days[-1])
    return to.words.text("{first} to {last}", first=first, last=last)


def _known_as(incident: Incident, words: Words) -> str:
    return f"{plain(incident.title)}, {words.day(incident.date)}"


def authors_of(incidents: Sequence[Incident]) -> list[str]:
    """Return who is recorded as having worked on cases: the authors of what was drawn."""
    drawn = (drawing.author for incident in incidents for drawing in incident.drawings)
    return list(dict.fromkeys(plain(author) for author in drawn if author))


def _made_from(incidents: Sequence[Incident], author: str, to: Telling) -> Paragraph:
    """Say who is recorded as an author, and how new the newest of what is told is.

    The day of making would make other bytes of the same inputs.
    """
    words = to.words
    days = sorted(day for incident in incidents for day in _days(incident))
    newest = (
        words.say("newest record: {day}", day=words.day(days[-1]))
        if days
        else words.say("no record has a date")
    )
    return Paragraph(words.text("Author: {author}; {newest}.", author=author, newest=newest))


def _days(incident: Incident) -> Iterator[dt.date]:
    """Yield the days of what a case records: claims, sources, copies of them, drawings."""
    for source in incident.sources:
        yield from filter(None, (source.published, source.captured and source.captured.date()))
    yield from (claim.published for claim in incident.claims if claim.published)
    yield from (drawing.drawn_on for drawing in incident.drawings if drawing.drawn_on)


def _notices(findings: Sequence[Finding], to: Telling) -> Iterator[Paragraph]:
    words = to.words
    found_exactly = any(finding.status == "exact" for finding in findings)
    yield Paragraph(
        words.text(
            "Claimed is not verified. “Consistent” says only that an area found from other evidence"
            " agrees with the claimed place. Lines are approximate, and so is every place that is"
            " not said to be found exactly."
            if found_exactly
            else "Claimed is not verified. “Consistent” says only that an area found from other"
            " evidence agrees with the claimed place. Places and lines are approximate."
        ),
        "warning",
    )
    yield Paragraph(words.text(_CARE[to.exact]), "warning" if to.exact else "note")
    if to.words.turned:
        yield Paragraph(
            words.text(
                "What somebody wrote stands as it was written; sentences of the program about"
                " clues, rules and discrepancies are in English."
            ),
            "note",
        )


def _case(finding: Finding, to: Telling) -> tuple[Section, ...]:
    return sections(finding, to)


def _casebook(findings: Sequence[Finding], book: Book | None, to: Telling) -> tuple[Section, ...]:
    words = to.words
    fronts = [Section("summary", words.text("Summary"), tuple(_overview(findings, to)))]
    if book and book.aggregates:
        blocks = tuple(_aggregates(book, to))
        fronts.append(Section("together", words.text("About all of them"), blocks))
    chapters = (
        Section(
            finding.incident.id,
            told(finding.incident.title),
            sections(finding, to, f"{finding.incident.id}-"),
        )
        for finding in findings
    )
    across = [remark for remark in to.remarks if len(remark.incidents) != 1]
    title = words.text("Discrepancies across incidents")
    return (
        *fronts,
        *chapters,
        Section("across", title, tuple(discrepancies(across, to))),
    )


def _overview(findings: Sequence[Finding], to: Telling) -> Iterator[Block]:
    words = to.words
    header = ("Day", "Incident", "Place claimed", "Geolocation", "Verdict")
    rows = tuple(row for finding in findings for row in _overview_rows(finding, to))
    yield Table(
        words.text("The incidents"), tuple(map(words.text, header)), rows, (18, 30, 22, 14, 16)
    )
    for kind in ("activity", "provinces"):
        yield from to.picture("casebook", kind, words.say("The incidents"))
    yield Paragraph(words.text("Sentences that may be quoted:"))
    for finding in findings:
        yield Paragraph(told(finding.incident.title, strong=True))
        yield Items(tuple(quotable(finding, to)), "quotable")


def _overview_rows(finding: Finding, to: Telling) -> Iterator[tuple[Cell, ...]]:
    words, incident = to.words, finding.incident
    day = Text(words.day(incident.date))
    status = words.text(STATUSES[finding.status])
    name = (told(incident.title), code(incident.id))
    if not judged(finding):
        none = words.text("none named")
        yield (day,), name, (none,), (status,), (words.text(GRADES["not-assessable"]),)
    for place, verdict, _ in judged(finding):
        grade = [words.text(GRADES[verdict.grade])]
        if verdict.probability is not None:
            grade.append(Text(words.probability(verdict.probability)))
            grade.append(Text(sources_of(finding, to)))
        yield (day,), name, (Text(place_name(place, to)),), (status,), tuple(grade)


def _aggregates(book: Book, to: Telling) -> Iterator[Block]:
    words = to.words
    sources = {source.id: source for source in book.sources}
    header = ("What it is about", "When", "Claimed", "Recorded", "Confirmed", "Source")
    rows = tuple(_aggregate(each, sources, to) for each in book.aggregates)
    widths = (33, 16, 14, 14, 14, 9)
    caption = words.text("Facts about many incidents together")
    yield Table(caption, tuple(map(words.text, header)), rows, widths)


def _aggregate(each: Aggregate, sources: Mapping[str, Source], to: Telling) -> tuple[Cell, ...]:
    words = to.words
    days = [words.day(day) for day in (each.from_date, each.to_date) if day]
    if len(days) == 2 and days[0] != days[1]:
        when = words.text("{first} to {last}", first=days[0], last=days[1])
    elif each.from_date or not days:
        when = Text(days[0]) if days else words.text("not stated")
    else:
        when = words.text("until {last}", last=days[0])
    source = sources.get(each.source or "")
    number = Text(words.digits(str(to.number(source)))) if source else words.text("not stated")
    return (
        (told(each.fact),),
        (when,),
        _figure(each.claimed, each.claimed_by, to),
        _figure(each.recorded, each.recorded_by, to),
        _figure(each.confirmed, each.confirmed_by, to),
        (number,),
    )


def _figure(value: int | tuple[str, ...] | None, by: str | None, to: Telling) -> Cell:
    lines: list[Text] = []
    if isinstance(value, int):
        lines.append(Text(to.words.digits(str(value)), strong=True))
    elif value:
        lines.append(Text(to.words.digits(str(len(value))), strong=True))
        lines.append(told(", ".join(map(plain, value))))
    return (*lines, *([told(by)] if by else []))
