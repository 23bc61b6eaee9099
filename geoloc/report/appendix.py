"""The back of a report: sources, boundaries, method, glossary, and how to check it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from geoloc import __version__, boundaries
from geoloc.casebook.precision import ACLED_RULE, PROTOCOL, UCDP_RULE
from geoloc.casebook.provenance import MANIFEST, editions_used
from geoloc.report.blocks import (
    Block,
    Cell,
    Facts,
    Items,
    Paragraph,
    Section,
    Table,
    Text,
    address,
    code,
    told,
)

if TYPE_CHECKING:
    from geoloc.casebook import Finding
    from geoloc.report.case import Listed, Telling

_METHOD = (
    "A claimed place is an area and not a point. How surely a spot lies in it is a membership from"
    " 0 to 1: 0.5 on its line, more inside. Where nobody has published the line, the area has a"
    " core, a likely part and an extent (the egg-yolk model, Cohn and Gotts 1996).",
    "Each clue is a likelihood for every cell of a grid. Bayes’ rule joins a prior, which is even"
    " over the study area unless the case says otherwise, with the clues to a posterior"
    " probability. Each clue may be about something else with the probability stated as its"
    " trust, and clues of one origin count once.",
    "The likely area is the highest-density region: the smallest ground that holds the stated"
    " share of the probability (Hyndman 1996).",
    "The probability of a claimed place is the share of the posterior that lies in it. Its interval"
    " is the lowest and highest value under other editions of the lines, half and twice their"
    " uncertainty, other senses of the words, and more and less trust in the clues. The Bayes"
    " factor says by how much the evidence changed the odds; the flip distance, how far the line"
    " would have to move to change the verdict.",
    "A verdict needs all three: consistent is a probability of at least 90 %, no lower than 75 % in"
    " its interval, with a Bayes factor of at least 10; inconsistent is at most 5 %, no higher than"
    " 15 %, with at most 1/10. Words for probabilities are those of ICD 203 (2015).",
    "A claim is never evidence for itself, and evidence that comes from a claimant is refused."
    " Without independent evidence of the place the verdict is not assessable.",
    "The work is told in the phases of the Berkeley Protocol (OHCHR and Human Rights Center, UC"
    " Berkeley, 2022): what was collected and preserved, with hash values; what was verified, and"
    " by whom; and, apart from both, the analysis.",
)
_GLOSSARY = (
    ("Claim", "What somebody said about the incident. It is not evidence for itself."),
    ("Verified", "Established by investigators from material that does not come from the claim."),
    ("Likely area", "Where the event probably happened, by the evidence. It is approximate."),
    ("Police district (PD, nahia)", "A district of Kabul municipality, numbered 1 to 22. Its lines"
     " are not published; those used here are computed and approximate."),
    ("Edition", "One publisher’s boundaries at one date."),
    ("Prior", "The probability of a place before any evidence: its share of the study area."),
    ("Posterior", "The probability of a place after the evidence."),
    ("Bayes factor", "By how much the evidence changed the odds. 1 says nothing."),
    ("Flip distance", "How far the claimed line would have to move to change the verdict."),
    ("Bit", "A measure of what a clue brought: one bit halves the ground."),
    ("Consistent", "The area found from other evidence agrees with the claimed place. It does not"
     " mean that the claim is true."),
    ("Not assessable", "There is no independent evidence to judge the claimed place by."),
    ("Open source information", "What anybody can see, ask for or buy (Berkeley Protocol)."),
    ("Preservation", "Keeping a copy of online material as it was found, with its hash value."),
    ("Hash value (SHA-256)", "A fingerprint of a file: if one byte changes, it is another."),
    ("Archived copy", "A copy that a third party keeps, and the day on which it was captured."),
)  # fmt: skip


def appendices(findings: Sequence[Finding], to: Telling) -> tuple[Section, ...]:
    """Return the sections that close a report, after everything that cites a source."""
    words = to.words
    made = (
        ("sources", "Sources, and how they were preserved", tuple(_sources(to))),
        ("editions", "Boundaries and their licences", tuple(_editions(findings, to))),
        ("method", "Method", tuple(_method(to))),
        ("glossary", "Glossary", tuple(_glossary(to))),
        ("checking", "How to check this report", tuple(_checking(to))),
    )
    return tuple(Section(key, words.text(title), blocks) for key, title, blocks in made)


def _sources(to: Telling) -> Iterator[Block]:
    words = to.words
    if not to.sources:
        yield Paragraph(words.text("No source is recorded."))
        return
    yield Paragraph(
        words.text(
            "What was collected, where a copy is preserved, when it was captured, and the hash"
            " value of the file that was kept. What is not recorded could not be checked again."
        )
    )
    header = ("Source", "Title and publisher", "Address and archived copy", "Captured, hash value")
    rows = tuple(
        _source_row(number, listed, to) for number, listed in enumerate(to.sources.values(), 1)
    )
    widths = (9, 31, 32, 28)
    caption = words.text("Evidence table")
    yield Table(caption, tuple(map(words.text, header)), rows, widths)


def _source_row(number: int, listed: Listed, to: Telling) -> tuple[Cell, ...]:
    words, source = to.words, listed.source
    published = words.day(source.published) if source.published else words.say("day not stated")
    what = [told(source.title, strong=True), told(source.publisher), Text(published)]
    what += _notes(listed)
    what += [] if listed.is_cited else [words.text("not cited in this report", strong=True)]
    if source.graphic:
        what.append(words.text("Graphic: shows violence or the dead", strong=True))
    where: list[Text] = []
    for name, url in (("Address:", source.url), ("Archived copy:", source.archived)):
        # What a click would open is not to be met unprepared.
        led = code if source.graphic and not to.graphic else address
        where += [words.text(name), led(url)] if url else []
    kept = [code(words.moment(source.captured))] if source.captured else []
    kept += [code(source.sha256)] if source.sha256 else []
    none = words.text("not recorded")
    numbered = Text(words.digits(str(number)), strong=True)
    return (numbered,), tuple(what), tuple(where) or (none,), tuple(kept) or (none,)


def _notes(listed: Listed) -> Iterator[Text]:
    """Yield what the cases note of a source; where they differ, each with the case it is from."""
    for note, cases in listed.notes.items():
        yield told(note)
        if len(listed.notes) > 1:
            yield from (code(each) for each in cases)


def _editions(findings: Sequence[Finding], to: Telling) -> Iterator[Block]:
    words = to.words
    yield Paragraph(
        words.text("Lines of police districts are approximate. No line here is exact."), "warning"
    )
    rows = []
    for edition in editions_used(findings):
        about = [told(edition.title, strong=True), told(edition.publisher)]
        about += [words.text("approximate, computed from labelled localities")] * bool(
            edition.approximate
        )
        terms = [told(edition.licence), told(edition.attribution), address(edition.url)]
        dates = [
            words.text("valid on {day}", day=edition.valid_on),
            words.text("retrieved on {day}", day=edition.retrieved_on),
        ]
        kept = (*dates, code(edition.sha256))
        rows.append(((code(edition.id),), tuple(about), tuple(terms), kept))
    header = ("Edition", "Title and publisher", "Licence and attribution", "Dates, hash value")
    caption = words.text("Boundaries used")
    yield Table(caption, tuple(map(words.text, header)), tuple(rows), (20, 26, 27, 27))


def _method(to: Telling) -> Iterator[Block]:
    yield Items(tuple(map(to.words.text, _METHOD)))
    rules = (told(PROTOCOL), told(ACLED_RULE), told(UCDP_RULE))
    yield Paragraph(to.words.text("Codes of precision are derived by these rules:"))
    yield Items(rules)


def _glossary(to: Telling) -> Iterator[Block]:
    words = to.words
    rows = tuple((words.text(term), (words.text(meaning),)) for term, meaning in _GLOSSARY)
    yield Facts(words.text("Words of this report"), rows)


def _checking(to: Telling) -> Iterator[Block]:
    words = to.words
    yield Paragraph(
        words.text(
            "Made with geoloc {version}. The same inputs give the same file, byte for byte. Beside"
            " it lies a list of every input with its hash value; this command compares them and"
            " says what differs:",
            version=__version__,
        )
    )
    yield Paragraph(Text(f"geoloc verify-report FILE   (FILE{MANIFEST})", code=True))
    yield Paragraph(words.text("This one makes the report anew as well, and compares every byte:"))
    yield Paragraph(Text("geoloc verify-report FILE --again", code=True))
    layers = (boundaries.default_edition(layer) for layer in boundaries.LAYERS)
    yield Facts(
        words.text("Boundaries in use"),
        tuple(
            (words.text(name), (code(edition),))
            for name, edition in zip(
                ("Province lines", "District lines", "Police-district lines"), layers, strict=True
            )
        ),
    )
