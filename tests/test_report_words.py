"""A report says no more than was said: what its sentences and figures rest on, and how exactly."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
import shapely
from matplotlib.text import Text
from test_report import PNG, all_words, incident, pinned, section, unzipped, written

from geoloc import casebook, geo, report
from geoloc.area import ledger
from geoloc.casebook import Book, Finding, coarse, draft, draft_from_text, investigate, read_case
from geoloc.casebook.precision import precision_of
from geoloc.exchange.shown import items as exchange_items
from geoloc.figures.area import area_figure
from geoloc.figures.words import Language
from geoloc.maps.content import island
from geoloc.report import case, words
from geoloc.report.blocks import Document, Facts, Items, Table

CASES = Path(__file__).parent.parent / "cases"
LANGUAGES = ("en", "fa", "ps")


@pytest.fixture(scope="module")
def bagrami() -> Finding:
    """Investigate the shipped case whose place is likely, and not confirmed."""
    return investigate(read_case(CASES / "2023-05-08-bagrami-pd22.yaml"))


def shown(*evidence: dict[str, Any], **given: Any) -> Finding:
    """Return an invented finding, approximate, of this evidence."""
    base = {"finding": "F", "by": "X", "status": "confirmed", "origin": "photo 1"}
    return investigate(
        incident(
            evidence=[base | each for each in evidence],
            **{"geolocation": {"status": "approximate", "reason": "By a photo."}} | given,
        )
    )


def near(at_most_m: float, **evidence: Any) -> dict[str, Any]:
    """Return evidence that puts the event near a bazaar."""
    landmark = {"name": "the bazaar", "lon": 69.211, "lat": 34.491, "sigma_m": 10}
    return {"clues": [{"kind": "near", "at_most_m": at_most_m, "landmark": landmark}], **evidence}


def sentences(document: Document) -> list[str]:
    """Return the sentences that may be quoted, without marks of direction, with plain spaces."""
    summary = document.sections[0]
    (found,) = [b for b in summary.blocks if isinstance(b, Items) and b.kind == "quotable"]
    return [re.sub("[\u2068\u2069]", "", item.text).replace("\u00a0", " ") for item in found.items]


def fact(document: Document, key: str, name: str) -> str:
    """Return the value beside a name in one section."""
    (part,) = [each for each in document.sections if each.key == key]
    (cell,) = [
        cell
        for block in part.blocks
        if isinstance(block, Facts)
        for row, cell in block.rows
        if row.text == name
    ]
    return "\n".join(line.text for line in cell).replace("\u00a0", " ")


def table(document: Document, key: str, caption: str) -> list[list[str]]:
    """Return the cells of one table of a section, lines joined."""
    (part,) = [each for each in document.sections if each.key == key]
    (found,) = [b for b in part.blocks if isinstance(b, Table) and b.caption.text == caption]
    return [
        ["\n".join(line.text for line in cell).replace("\u00a0", " ") for cell in row]
        for row in found.rows
    ]


# What a sentence rests on


def test_a_quotable_number_says_what_it_rests_on(bagrami: Finding) -> None:
    """One origin, whose finding, that it is likely only, and whose the 98 % are: in one sentence.

    The figures are those of the verdict, computed here anew.
    """
    verdict = bagrami.verdicts[0]
    assert verdict is not None
    assert verdict.probability is not None
    assert verdict.prior is not None
    claimed, judged, area = sentences(report.document([bagrami]))
    rests = (
        "If the findings of one independent origin (Afghan Witness: likely, not confirmed) are"
        " taken to be right with 98 %, which is geoloc’s default and nobody’s judgement, then"
    )
    assert judged.startswith(rests)
    assert area.startswith(rests)
    assert f"probability {verdict.probability:.0%} (".replace("%", " %") in judged
    assert f"against {verdict.prior:.0%} before any evidence".replace("%", " %") in judged
    assert round(verdict.prior, 2) != round(verdict.probability, 2)
    assert claimed == (
        "Al-Mersaad and Abdul Wadud Omar claimed that the incident of 8 May 2023 (“Evening raid"
        " claimed in Bagrami district”) happened in Bagrami district; this is a claim, not a"
        " verified fact."
    )


def test_only_a_claim_is_quoted_as_claiming_where_it_happened() -> None:
    """Who spoke of an area's people did not say that it happened there; the place is named."""
    found = investigate(read_case(CASES / "2022-11-12-khairkhana-pd15.yaml"))
    told = sentences(report.document([found]))
    claimed = [each for each in told if "claimed that" in each]
    assert [each.split(" claimed that")[0] for each in claimed] == ["Zabihullah Mujahid"]
    (named,) = [each for each in told if "Malikzada" in each]
    assert named == (
        "In what Natiq Malikzada and Independent Persian said about the incident of 12 November"
        " 2022 (“Night operation reported in Khairkhane, Kabul”), Panjsad area in Khairkhane is"
        " named; it is not verified that it happened there."
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_condition_stands_in_every_language(language: str, bagrami: Finding) -> None:
    """Default, status and source of the finding are in the sentence and beside the verdict."""
    document = report.document([bagrami], language=language)
    say = words.Words(language).say
    for text in (sentences(document)[1], sentences(document)[2]):
        assert "Afghan Witness" in text
        assert say("likely, not confirmed") in text
        assert say("which is geoloc’s default and nobody’s judgement") in text
    rests = fact(document, "verdict", say("It rests on"))
    assert fact(document, "summary", say("It rests on")) == rests
    assert say("likely, not confirmed") in rests
    assert "shared photo or photos of the damaged property" in rests


@pytest.mark.parametrize(
    ("reliabilities", "whose", "trust"),
    [
        ((0.7, 0.8), "as this case judges it,", "70 % to 80 %"),
        ((0.7, None), "which is in part this case’s judgement, in part geoloc’s default,",
         "70 % to 98 %"),
        ((None, None), "which is geoloc’s default and nobody’s judgement,", "98 %"),
    ],
)  # fmt: skip
def test_whose_judgement_the_trust_is(
    reliabilities: tuple[float | None, ...], whose: str, trust: str
) -> None:
    """The case's own, geoloc's default, or some of each; origins are counted."""
    told = [
        {"within": ["AF-KBL-PD8"], "origin": f"photo {n}", "reliability": each}
        for n, each in enumerate(reliabilities)
    ]
    judged = sentences(report.document([shown(*told)]))[1]
    assert "the findings of 2 independent origins (X: confirmed)" in judged
    assert f"are taken to be right with {trust}, {whose}" in judged


def test_a_drawing_has_no_status() -> None:
    """What was drawn is named by its author, and never called confirmed."""
    assert (
        "(author not recorded: drawn, no status recorded)"
        in sentences(report.document([pinned()]))[1]
    )


def test_many_claimants_are_a_few_and_a_number() -> None:
    """Of 40 claimants a quotable sentence names three."""
    many = [
        {"claimant": f"Channel {n}", "says": "A raid.", "place": "PD8", "codes": ["AF-KBL-PD8"]}
        for n in range(40)
    ]
    told = sentences(report.document([investigate(incident(claims=many))]))[0]
    assert told.startswith("Channel 0, Channel 1, Channel 2 and 37 more claimed that the incident")


# How far the place was found


def test_what_could_not_be_narrowed_is_not_given_as_an_area() -> None:
    """A finding that is hardly trusted leaves the whole province: the sentence says that."""
    told = {"within": ["AF-KBL-PD8"], "reliability": 0.02}
    document = report.document([shown(told)])
    assert "could still not be narrowed" in sentences(document)[-1]
    assert "happened within an area" not in sentences(document)[-1]
    assert "does not narrow the place down" in section(document, "Where it happened")
    narrowed = report.document([shown(told | {"reliability": 0.98})])
    assert "happened within an area" in sentences(narrowed)[-1]
    assert "does not narrow" not in section(narrowed, "Where it happened")


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("status", ["exact", "approximate"])
def test_an_exact_place_is_not_called_approximate(status: str, *, exact: bool) -> None:
    """By status and `exact`: the sentence, the caption and the warning say what holds."""
    base = pinned()
    geolocation = {"status": status, "reason": "R."}
    known = casebook.Incident.model_validate(
        base.incident.model_dump(exclude_unset=True) | {"geolocation": geolocation}
    )
    found = investigate(known)
    document = report.document([found], exact=exact, pictures={f"{found.incident.id}/area": PNG})
    told, where = sentences(document)[-1], section(document, "Where it happened")
    assert "no house or street is identified" not in told
    assert "known only approximately" not in where
    assert ("No house may be read out of it" in where) == (not exact)
    assert ("It can lead to the people there" in where) == exact
    assert ("It is approximate" in where) == (status == "approximate")
    assert ("no place is told to better than 1 km² here" in told) == (not exact)
    assert ("the place was found exactly" in told) == (exact and status == "exact")
    assert ("which is approximate" in told) == (exact and status == "approximate")
    places = "so is every place that is not said to be found exactly"
    assert (places in document.notices[0].text.text) == (status == "exact")


def test_a_share_is_never_certainty() -> None:
    """An area asked to hold all is told as `over 99 %`; others hold at least what was asked."""
    told = {"within": ["AF-KBL-PD8"]}
    document = report.document([shown(told, study={"masses": [0.5, 1.0]})])
    where = section(document, "Where it happened").replace("\u00a0", " ")
    assert "at least 50 % of the probability" in where
    assert "over 99 % of the probability" in where
    assert "100 %" not in where + " ".join(sentences(document))


# Nothing finer than a kilometre


def test_hidden_figures_are_rounded_away_from_the_place() -> None:
    """Bits are capped, lengths rounded up, the Bayes factor to one digit, areas those of squares.

    Each expectation is computed from the finding; of the same finding, `exact` tells the figures.
    """
    found = pinned()
    assert found.area is not None
    verdict = found.verdicts[0]
    assert verdict is not None
    assert verdict.bayes_factor is not None
    hidden, plain = (report.document([found], exact=exact) for exact in (False, True))

    (entry,) = ledger(found.area)
    assert entry.bits > 6
    assert table(hidden, "ledger", "Clue ledger")[0][3] == "5 bits or more"
    assert table(plain, "ledger", "Clue ledger")[0][3].startswith(f"{entry.bits:.1f} bits")

    region = found.area.regions[-1]
    squares_km2 = coarse.regions(found)[-1].area_km2
    assert squares_km2 > 2 > region.area_km2
    share = f"at least {region.mass:.0%} of the probability".replace("%", "\u00a0%")
    assert fact(hidden, "area", share) == f"within {squares_km2:.2g} km²"
    assert fact(plain, "area", share) == f"within {region.area_km2:.2g} km²"

    name = "Change of the odds (Bayes factor)"
    one_digit = float(f"{verdict.bayes_factor:.0e}")
    assert one_digit != round(verdict.bayes_factor)
    assert fact(hidden, "verdict", name).startswith(f"{one_digit:,.0f}\n")
    assert fact(plain, "verdict", name).startswith(f"{verdict.bayes_factor:,.0f}\n")


def test_squares_have_one_size_in_report_figure_page_and_files() -> None:
    """Regions whose squares are 4, 2 and 2 km² are nested: 4 km² in each, wherever it is told.

    A yard of 1,000 by 250 m touches two squares in all, but four where its middle half lies.
    """
    corners = ((0, 0), (1000, 0), (1000, 250), (0, 250), (0, 0))
    ring = shapely.Polygon([(519_000 + x, 3_817_500 + y) for x, y in corners])
    shape = shapely.set_precision(geo.geometry_to_degrees(ring), 1e-6, mode="pointwise")
    drawn = {"name": "a yard", "means": "area", "origin": "photo 7", "confidence": 0.98,
             "geometry": shapely.geometry.mapping(shape)}  # fmt: skip
    found = shown(drawings=[drawn], study={"code": "AF-KBL-PD8"})
    assert found.area is not None
    squares = [round(geo.area_km2(coarse.cells(each.geometry))) for each in found.area.regions]
    assert squares == [4, 2, 2]

    document = report.document([found])
    for share in (50, 80, 95):
        told = fact(document, "area", f"at least {share}\u00a0% of the probability")
        assert told == "within 4 km²"
    assert "within an area of about 4 km²" in sentences(document)[-1]
    figure = area_figure(found)
    words_of_it = " ".join(each.get_text() for each in figure.findobj(Text))
    assert re.findall(r"at least (\d+)\s%\D+(\S+)\skm²", words_of_it) == [("95", "4")]
    regions = island("finding", "T", [found], None)["areas"][0]["regions"]
    assert [round(each["area_km2"]) for each in regions] == [4, 4, 4]
    items, _ = exchange_items([found], exact=False)
    sizes = [round(geo.area_km2(each.geometry)) for each in items if each.layer == "likely area"]
    assert sizes == [4, 4, 4]
    precise = precision_of(found)
    assert precise is not None
    assert round(geo.area_km2(precise.footprint)) == 4


@pytest.mark.parametrize("area_km2", [0.0625, 0.25, 4.0, 9.97, 23.9, 1234.0])
def test_an_area_has_the_same_digits_in_figure_and_report(area_km2: float) -> None:
    """0.25 km² is not 0.2 km² in the figure beside it; in all languages."""
    for language in LANGUAGES:
        told = words.Words(language).area(area_km2)
        drawn = Language(language).km2(area_km2)
        assert re.sub("[\u2066-\u2069]", "", told) == re.sub("[\u2066-\u2069]", "", drawn)


@pytest.mark.parametrize(
    ("length_m", "told"), [(10.0, 1), (990.0, 1), (1000.0, 1), (1010.0, 2), (1999.0, 2)]
)
def test_a_hidden_length_is_rounded_up(length_m: float, told: int) -> None:
    """`at most 2 km` is true of 1,010 m; `at most 1 km` would not be."""
    to = case.Telling(words.Words("en"), False, False, {}, (), {})
    assert case._length(length_m, to, False, "over 20 km") == f"at most {told} km"


def test_a_remark_tells_no_size_unless_asked_for() -> None:
    """That a place called exact leaves more ground than that is said without how much."""
    found = shown(
        near(300, reliability=0.99), geolocation={"status": "exact", "reason": "Seen."},
        study={"code": "AF-KBL-PD8", "cell_m": 25},
    )  # fmt: skip
    assert found.area is not None
    size = f"{found.area.regions[-1].area_km2:.1f} km²"
    hidden, plain = (
        section(report.document([found], exact=exact), "Discrepancies") for exact in (False, True)
    )
    assert "called exact" in hidden
    assert size in plain
    assert not re.search(r"\d km²", hidden)


def test_lengths_in_the_ledger_are_whole_kilometres() -> None:
    """`800 m from the bazaar` is told to one's own eyes only."""
    found = shown(near(1800))
    assert not coarse.pins(found)
    hidden, plain = (
        table(report.document([found], exact=exact), "ledger", "Clue ledger")[0][0]
        for exact in (False, True)
    )
    assert re.search(r"1\.8 km|1,800 m", plain)
    assert not re.search(r"1\.8 km|1,800 m|\b\d+ m\b", hidden)
    assert "bazaar" in hidden


# Verified, likely, neither


def test_an_approximate_place_is_among_what_could_not_be_verified(bagrami: Finding) -> None:
    """The section is always there, and names what is claimed and has no finding, and why."""
    rows = table(report.document([bagrami]), "unverified", "Claimed, and not recorded as confirmed")
    no_figure = "No finding is recorded as a figure; what was confirmed stands above, in words."
    assert rows == [
        ["Bagrami district", "Al-Mersaad\nAbdul Wadud Omar",
         "What says where it happened is not confirmed (Afghan Witness: likely, not confirmed)."],
        ["Killed: 7\nin 2 incidents together", "Al-Mersaad", no_figure],
        ["Killed: 5", "Abdul Wadud Omar", no_figure],
        ["Captured: 3", "Abdul Wadud Omar", no_figure],
    ]  # fmt: skip
    told = section(report.document([bagrami]), "What could not be verified, and why")
    assert bagrami.incident.geolocation.reason in told


def test_what_is_confirmed_is_not_among_what_could_not_be_verified() -> None:
    """A claimed place that a confirmed finding agrees with is left out of it."""
    claim = {"claimant": "A", "says": "A raid.", "place": "PD8", "codes": ["AF-KBL-PD8"]}
    claimed = "No figure is claimed, and no place that nothing confirms."
    for status, proven in (("confirmed", True), ("likely", False)):
        found = shown({"within": ["AF-KBL-PD8"], "status": status}, claims=[claim])
        told = section(report.document([found]), "What could not be verified, and why")
        assert (claimed in told) == proven
        assert "stands under “What was claimed”, and is not verified by standing there" in told


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("confirmed",
         "No finding is recorded as a figure; what was confirmed stands above, in words."),
        ("not-verified", "No finding is recorded as a figure, and none is confirmed."),
    ],
)  # fmt: skip
def test_a_figure_is_never_weighed_against_the_words_of_a_finding(status: str, why: str) -> None:
    """Whether `Five different bodies` confirms five killed is for the reader to say."""
    claim = {"claimant": "A", "says": "A raid.", "killed": {"min": 5, "max": 5}}
    dead = {"finding": "Five different bodies can be told apart.", "status": status}
    rows = table(
        report.document([shown(dead, claims=[claim], geolocation={"status": "not-stated",
                                                                  "reason": "None."})]),
        "unverified", "Claimed, and not recorded as confirmed",
    )  # fmt: skip
    assert rows == [["Killed: 5", "A", why]]


def test_a_drawing_beside_a_confirmed_finding_confirms_in_part() -> None:
    """`Not confirmed (Me: confirmed; …)` would speak against itself."""
    drawn = pinned().incident.model_dump(mode="json", exclude_unset=True)["drawings"]
    both, alone = (
        section(report.document([each]), "What could not be verified, and why")
        for each in (shown({"within": ["AF-KBL-PD8"]}, drawings=drawn), pinned())
    )
    assert "is only partly confirmed (X: confirmed; author not recorded: drawn" in both
    assert "is not confirmed (author not recorded: drawn" in alone


def test_how_a_place_was_found_is_told() -> None:
    """A finding names the kinds of its clues; a drawing its author, day and method."""
    told = section(report.document([shown(near(1800))]), "What was verified, and how")
    assert "The place by a distance from a landmark" in told
    base = pinned().incident.model_dump(mode="json", exclude_unset=True)
    base["drawings"][0] |= {"author": "Ali", "drawn_on": "2024-02-03", "method": "roof lines"}
    found = investigate(casebook.Incident.model_validate(base))
    rows = [
        table(report.document([found], exact=exact), "area", "What was drawn on the map")[0]
        for exact in (True, False)
    ]
    assert rows[0][0].startswith("1. the yard of the baker")
    assert rows[0][1] == "Ali\n3 February 2024"
    assert rows[0][2] == "roof lines\nphoto 7"
    assert rows[1][0].startswith("drawing 1")
    assert rows[1][2] == "left out here: it would lead to the place\nphoto 7"


# Sources, author, drafts, discrepancies


def test_every_source_is_listed_with_each_cases_note() -> None:
    """What nothing cites stands there and says so; two cases' notes of one source both do."""
    source = {"id": "x", "title": "Article", "publisher": "P"}
    unused = {"id": "y", "title": "Never cited", "publisher": "P"}
    claim = {"claimant": "A", "says": "A raid.", "source": "x"}
    found = [
        investigate(
            incident(
                id=f"2024-01-31-{name}", claims=[claim],
                sources=[source | {"note": f"Note of {name}."}, unused],
            )
        )
        for name in ("a", "b")
    ]  # fmt: skip
    book = Book.model_validate(
        {"title": "T", "sources": [{"id": "z", "title": "Of the book", "publisher": "P"}]}
    )
    rows = table(report.document(found, book), "sources", "Evidence table")
    assert [row[1].splitlines()[0] for row in rows] == ["Article", "Never cited", "Of the book"]
    assert [("not cited in this report" in row[1]) for row in rows] == [False, True, True]
    assert rows[0][1].splitlines()[3:] == [
        "Note of a.", "2024-01-31-a", "Note of b.", "2024-01-31-b",
    ]  # fmt: skip
    alone = table(report.document(found[:1]), "sources", "Evidence table")
    assert alone[0][1].splitlines()[3:] == ["Note of a."]


def test_author_and_newest_record_are_in_every_format(bagrami: Finding) -> None:
    """Who drew stands on the page, in its head and in the DOCX; where nobody does, that is said."""
    import docx

    base = pinned().incident.model_dump(mode="json", exclude_unset=True)
    base["drawings"][0] |= {"author": "Ali <x>", "drawn_on": "2024-02-03"}
    document = report.document([investigate(casebook.Incident.model_validate(base))])
    assert "Author: Ali <x>; newest record: 3 February 2024." in all_words(document)
    assert '<meta name="author" content="Ali &lt;x&gt;">' in report.as_html(document).decode()
    file = docx.Document(io.BytesIO(written(document, ".docx")))
    assert file.core_properties.author == "Ali <x>"
    none = report.document([bagrami])
    assert "Author: not recorded in the case; newest record: 9 May 2023." in all_words(none)
    assert none.author == "not recorded in the case"


def test_a_draft_s_own_words_are_no_claim(tmp_path: Path) -> None:
    """What `case new` writes where the investigator is to write is never told as theirs."""
    import datetime as dt

    drafts = (
        draft("T", dt.date(2023, 2, 9), "PD8", "X"),
        draft_from_text("On 3 September 2023, X said that two men were killed in PD7."),
    )
    for name, text in drafts:
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    assert {p for p in case.PLACEHOLDERS if any(p in text for _, text in drafts)} == (
        case.PLACEHOLDERS
    )
    for name, _ in drafts:
        told = all_words(report.document([investigate(read_case(tmp_path / f"{name}.yaml"))]))
        assert "not filled in" in told
        assert not any(placeholder in told for placeholder in case.PLACEHOLDERS)


def test_discrepancies_name_titles_and_no_ids() -> None:
    """A reader of a report knows an incident by its title and day."""
    found = [investigate(read_case(path)) for path in casebook.case_files(CASES)]
    (across,) = [
        each
        for each in report.document(found, casebook.read_book(CASES)).sections
        if each.key == "across"
    ]
    told = "\n".join(
        "\n".join(line.text for cell in row for line in cell)
        for block in across.blocks
        if isinstance(block, Table)
        for row in block.rows
    )
    assert "“Evening raid claimed in Shakardara, 8 May 2023”" in told
    assert not any(finding.incident.id in told for finding in found)


def test_each_figure_of_an_aggregate_stands_in_its_column() -> None:
    """Claimed 14, recorded 11, confirmed 7, each with who says so."""
    told = {
        "fact": "Raids in the period.", "claimed": 14, "claimed_by": "A", "recorded": 11,
        "recorded_by": "B", "confirmed": 7, "confirmed_by": "C",
    }  # fmt: skip
    book = Book.model_validate({"title": "T", "aggregates": [told]})
    found = [investigate(incident(id=f"2024-01-31-{name}")) for name in "ab"]
    document = report.document(found, book)
    (row,) = table(document, "together", "Facts about many incidents together")
    assert row[2:5] == ["14\nA", "11\nB", "7\nC"]


def test_the_report_says_how_it_is_made_again(bagrami: Finding) -> None:
    """Comparing the inputs is one command, making every byte anew the next."""
    told = section(report.document([bagrami]), "How to check this report")
    assert "geoloc verify-report FILE --again" in told


def test_docx_keeps_nothing_of_its_template(bagrami: Finding) -> None:
    """No picture of another page, and no program or page count that was never ours."""
    parts = unzipped(written(report.document([bagrami]), ".docx"))
    assert not [name for name in parts if "thumbnail" in name or name == "docProps/app.xml"]
    assert not any(b"Macintosh" in content or b"app.xml" in content for content in parts.values())


@pytest.mark.parametrize("language", ["fa", "ps"])
def test_an_english_title_begins_where_its_page_does(language: str, bagrami: Finding) -> None:
    """The heading follows the page's direction; the English words in it keep theirs."""
    html = report.as_html(report.document([bagrami], language=language)).decode()
    title = "Evening raid claimed in Bagrami district"
    assert f'<h1><span lang="en" dir="ltr">{title}</span></h1>' in html
