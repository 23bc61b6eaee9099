"""The shipped casebook says what its two sources say, and nothing more."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from geoloc import casebook
from geoloc.casebook import Aggregate, Book, Incident

CASES = Path(__file__).parent.parent / "cases"
FILES = casebook.case_files(CASES)
ACCOUNTS = ("Ahmadshah Baba Meena", "Abdul Wadud Omar")
BAGRAMI, SHAKARDARA = "AF0104", "AF0106"
PD8, PD11, PD15, PD22 = (f"AF-KBL-PD{number}" for number in (8, 11, 15, 22))

Bounds = tuple[int, int | None]  # at least, at most


@dataclass(frozen=True)
class Facts:
    """What the two articles say about one incident, as read by hand."""

    date: dt.date
    status: str
    reason: str  # a word that the geolocation's reason must hold
    places: frozenset[tuple[str, tuple[str, ...]]]  # every claimant and codes of a claimed place
    claimants: frozenset[str]
    killed: frozenset[tuple[str, Bounds]] = frozenset()
    captured: frozenset[tuple[str, Bounds]] = frozenset()
    rivals: frozenset[str] = frozenset()


FACTS = {
    "2022-07-06-khairkhana-315": Facts(
        date=dt.date(2022, 7, 6),
        status="not-stated",
        reason="no geolocation",
        places=frozenset({("Zabihullah Mujahid", (PD11,))}),
        claimants=frozenset({"Zabihullah Mujahid", "Article of Afghan Witness"}),
        killed=frozenset({("Article of Afghan Witness", (3, None))}),
    ),
    "2022-10-21-kabul-pd8": Facts(
        date=dt.date(2022, 10, 21),
        status="not-stated",
        reason="no geolocation",
        places=frozenset({("Zabihullah Mujahid", (PD8,))}),
        claimants=frozenset({"Zabihullah Mujahid"}),
    ),
    "2022-11-12-khairkhana-pd15": Facts(
        date=dt.date(2022, 11, 12),
        status="not-possible",
        reason="night",
        places=frozenset(
            {
                ("Zabihullah Mujahid", (PD15,)),
                ("Social media posts of the evening", ()),
                ("Social media users", ()),
                ("Natiq Malikzada", ()),
                ("Independent Persian", ()),
            }
        ),
        claimants=frozenset(
            {
                "Zabihullah Mujahid",
                "Abdul Nafee Takour",
                "General Directorate of Intelligence (GDI)",
                "Social media posts of the evening",
                "Residents",
                "Social media users",
                "Natiq Malikzada",
                "Independent Persian",
                "Amu",
                "RFI Farsi",
            }
        ),
        killed=frozenset({("Zabihullah Mujahid", (5, 5))}),
        rivals=frozenset(
            {"Social media users", "Natiq Malikzada", "Independent Persian", "Amu", "RFI Farsi"}
        ),
    ),
    "2023-05-05-bagrami-pd22": Facts(
        date=dt.date(2023, 5, 5),
        status="not-stated",
        reason="no geolocation",
        places=frozenset({("Pro-Taliban Twitter accounts", (BAGRAMI, PD22))}),
        claimants=frozenset({"Pro-Taliban Twitter accounts", "Hurriyat Radio", "Al-Mersaad"}),
        killed=frozenset({("Al-Mersaad", (2, 2))}),
    ),
    "2023-05-08-bagrami-pd22": Facts(
        date=dt.date(2023, 5, 8),
        status="approximate",
        reason="exact residence was not geolocated",
        places=frozenset({("Al-Mersaad", (BAGRAMI,)), ("Abdul Wadud Omar", (BAGRAMI,))}),
        claimants=frozenset(
            {
                "Al-Mersaad",
                "Abdul Wadud Omar",
                "Pro-Taliban news agencies and users",
                "Ahmadshah Baba Meena",
            }
        ),
        killed=frozenset({("Abdul Wadud Omar", (5, 5))}),
        captured=frozenset({("Abdul Wadud Omar", (3, 3))}),
    ),
    "2023-05-08-shakardara": Facts(
        date=dt.date(2023, 5, 8),
        status="not-possible",
        reason="indoors",
        places=frozenset(
            {
                ("Pro-Taliban Twitter users", (SHAKARDARA,)),
                ("Pro-Taliban news agencies", (SHAKARDARA,)),
                ("Al-Mersaad", ()),
            }
        ),
        claimants=frozenset(
            {
                "Pro-Taliban Twitter users",
                "Pro-Taliban news agencies",
                "Al-Mersaad",
                "Pro-Taliban news agencies and users",
            }
        ),
        killed=frozenset({("Pro-Taliban Twitter users", (1, 1))}),
        captured=frozenset({("Pro-Taliban Twitter users", (2, 2))}),
    ),
}

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.stem))
each_incident = pytest.mark.parametrize("case_id", FACTS)


def read(case_id: str) -> Incident:
    """Return a shipped incident by its id."""
    return casebook.read_case(CASES / f"{case_id}.yaml")


@pytest.fixture
def book() -> Book:
    """Return the shipped casebook.yaml."""
    found = casebook.read_book(CASES)
    assert found is not None
    return found


def the(book: Book, word: str) -> Aggregate:
    """Return the one aggregate whose fact holds a word."""
    (found,) = (aggregate for aggregate in book.aggregates if word in aggregate.fact)
    return found


def test_the_casebook_holds_the_six_incidents() -> None:
    """There is one file for each of the six incidents, and no other."""
    assert {path.stem for path in FILES} == set(FACTS)


@each_file
def test_case_validates_and_is_named_by_its_id(path: Path) -> None:
    """Every case file is valid, and its id is the name of the file."""
    assert casebook.read_case(path).id == path.stem


@each_file
def test_editors_find_the_schema(path: Path) -> None:
    """The first line of a case file tells an editor which schema completes and checks it."""
    first = path.read_text(encoding="utf-8").splitlines()[0]

    assert first == "# yaml-language-server: $schema=incident.schema.json"


@each_file
def test_id_is_plain_ascii(path: Path) -> None:
    """An id holds ASCII letters, digits and hyphens only, so that it can be typed and linked."""
    assert re.fullmatch(r"[a-z0-9-]+", path.stem, re.ASCII)


@pytest.mark.parametrize("path", [*FILES, CASES / casebook.BOOK_FILE], ids=lambda path: path.stem)
def test_lines_fit_the_page(path: Path) -> None:
    """No line of the casebook is longer than 100 characters."""
    lines = path.read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if len(line) > 100] == []


@each_incident
def test_date_is_the_one_published(case_id: str) -> None:
    """An incident has the date that the article gives."""
    assert read(case_id).date == FACTS[case_id].date


@each_incident
def test_geolocation_has_its_status_and_reason(case_id: str) -> None:
    """Geolocation is only as certain as published, and its reason is the article's."""
    geolocation = read(case_id).geolocation

    assert geolocation.status == FACTS[case_id].status
    assert FACTS[case_id].reason in geolocation.reason


@each_incident
def test_every_claimant_is_recorded(case_id: str) -> None:
    """Everyone whom the article quotes on an incident is a claimant in its file."""
    assert {claim.claimant for claim in read(case_id).claims} == FACTS[case_id].claimants


@each_incident
def test_claimed_places_have_the_units_their_words_name(case_id: str) -> None:
    """A claimed place has the units that its words name: a vague area has none."""
    placed = {(claim.claimant, claim.codes) for claim in read(case_id).claims if claim.place}

    assert placed == FACTS[case_id].places


@each_incident
def test_first_claim_names_a_unit(case_id: str) -> None:
    """The claim that leads a case can be drawn on a map."""
    assert read(case_id).claims[0].codes


@each_incident
def test_codes_never_stand_without_words(case_id: str) -> None:
    """A claim that states no place has no units either."""
    assert all(claim.place for claim in read(case_id).claims if claim.codes)


@each_incident
def test_claimed_dead_are_counted_as_claimed(case_id: str) -> None:
    """The number killed is the claimant's own, and "at least three" has no upper figure."""
    killed = {
        (claim.claimant, (claim.killed.min, claim.killed.max))
        for claim in read(case_id).claims
        if claim.killed and not claim.covers
    }

    assert killed == FACTS[case_id].killed


@each_incident
def test_claimed_captures_are_counted_as_claimed(case_id: str) -> None:
    """The number captured is the claimant's own."""
    captured = {
        (claim.claimant, (claim.captured.min, claim.captured.max))
        for claim in read(case_id).claims
        if claim.captured
    }

    assert captured == FACTS[case_id].captured


@each_incident
def test_rival_accounts_are_marked(case_id: str) -> None:
    """Those who say that somebody else was the target stand as rivals of the claim."""
    rivals = {claim.claimant for claim in read(case_id).claims if claim.role == "rival"}

    assert rivals == FACTS[case_id].rivals


@each_incident
def test_every_fact_has_its_source(case_id: str) -> None:
    """Each claim and each finding names the published article that it comes from."""
    incident = read(case_id)

    assert all(claim.source for claim in incident.claims)
    assert all(evidence.source for evidence in incident.evidence)
    assert {source.publisher for source in incident.sources} == {"Afghan Witness"}


@each_incident
def test_findings_are_the_investigators(case_id: str) -> None:
    """What could be shown was shown by Afghan Witness; no claimant's word is evidence."""
    assert {evidence.by for evidence in read(case_id).evidence} == {"Afghan Witness"}


@each_incident
def test_account_names_are_never_places(case_id: str) -> None:
    """An account called after a neighbourhood puts no incident there."""
    places = [claim.place or "" for claim in read(case_id).claims]

    assert not [place for place in places for name in ACCOUNTS if name in place]
    assert not [place for place in places if "Meena" in place]


@each_incident
def test_only_published_geolocation_locates(case_id: str) -> None:
    """Evidence has a place only where Afghan Witness geolocated the event."""
    located = [evidence for evidence in read(case_id).evidence if evidence.within]

    assert bool(located) == (FACTS[case_id].status == "approximate")


def test_the_likely_area_of_8_may_comes_from_the_photos() -> None:
    """The one geolocation rests on photos, and says no more than "likely located"."""
    incident = read("2023-05-08-bagrami-pd22")

    (located,) = (evidence for evidence in incident.evidence if evidence.within)

    assert located.within == (BAGRAMI, PD22)
    assert located.status == "likely"
    assert "photo" in located.origin
    assert "likely located" in located.finding


def test_8_may_is_claimed_at_the_place_of_5_may() -> None:
    """Al-Mersaad puts the Bagrami raid of 8 May where that of 5 May was."""
    claim = read("2023-05-08-bagrami-pd22").claims[0]

    assert (claim.claimant, claim.place) == ("Al-Mersaad", "Bagrami district")
    assert claim.same_place_as == "2023-05-05-bagrami-pd22"


@pytest.mark.parametrize("case_id", ["2023-05-08-bagrami-pd22", "2023-05-08-shakardara"])
def test_seven_dead_belong_to_both_raids(case_id: str) -> None:
    """Al-Mersaad's seven dead of 8 May cover both raids, and say so in both cases."""
    (claim,) = (claim for claim in read(case_id).claims if claim.covers)

    assert claim.claimant == "Al-Mersaad"
    assert claim.killed is not None
    assert (claim.killed.min, claim.killed.max) == (7, 7)
    assert claim.covers == ("2023-05-08-bagrami-pd22", "2023-05-08-shakardara")
    assert claim.place is None


def test_an_identity_claim_states_no_place() -> None:
    """The naming of Engineer Omar says who died, not where."""
    (claim,) = (c for c in read("2023-05-05-bagrami-pd22").claims if "Engineer Omar" in c.says)

    assert claim.claimant == "Al-Mersaad"
    assert claim.published == dt.date(2023, 5, 8)
    assert claim.place is None


def test_the_date_of_a_report_is_not_sold_as_that_of_the_event() -> None:
    """The operation in PD8 has the date of its report, and the file says so."""
    assert "date of the report" in (read("2022-10-21-kabul-pd8").date_note or "")


@pytest.mark.parametrize(
    ("case_id", "status", "words"),
    [
        ("2022-07-06-khairkhana-315", "likely", "unknown forces"),
        ("2022-07-06-khairkhana-315", "not-found", "connection to an ISKP cell"),
        ("2022-10-21-kabul-pd8", "confirmed", "Four male bodies"),
        ("2022-10-21-kabul-pd8", "confirmed", "tactical vests"),
        ("2022-10-21-kabul-pd8", "not-verified", "belonged to ISKP"),
        ("2022-11-12-khairkhana-pd15", "confirmed", "gunfire and explosions"),
        ("2022-11-12-khairkhana-pd15", "not-found", "filmed at night"),
        ("2022-11-12-khairkhana-pd15", "confirmed", "Five different bodies"),
        ("2022-11-12-khairkhana-pd15", "not-found", "protective clothing"),
        ("2023-05-05-bagrami-pd22", "not-verified", "Engineer Omar"),
        ("2023-05-05-bagrami-pd22", "not-found", "independent source"),
        ("2023-05-05-bagrami-pd22", "likely", "two different people"),
        ("2023-05-08-bagrami-pd22", "not-found", "exact residence"),
        ("2023-05-08-bagrami-pd22", "confirmed", "Three bodies"),
        ("2023-05-08-bagrami-pd22", "confirmed", "same place"),
        ("2023-05-08-bagrami-pd22", "confirmed", "no glass left whole"),
        ("2023-05-08-bagrami-pd22", "likely", "Explosives"),
        ("2023-05-08-bagrami-pd22", "not-verified", "bullets"),
        ("2023-05-08-bagrami-pd22", "not-found", "arsenal"),
        ("2023-05-08-shakardara", "confirmed", "one adult male"),
        ("2023-05-08-shakardara", "not-verified", "no landmark"),
        ("2023-05-08-shakardara", "not-found", "arsenal"),
    ],
)
def test_finding_is_recorded_as_sure_as_it_was(case_id: str, status: str, words: str) -> None:
    """What was confirmed, likely, not verified or not found stands as just that."""
    (finding,) = (entry for entry in read(case_id).evidence if words in entry.finding)

    assert finding.status == status


@pytest.mark.parametrize(
    ("case_id", "words"),
    [
        ("2023-05-05-bagrami-pd22", "south-east of the capital"),
        ("2023-05-05-bagrami-pd22", "east of Kabul city"),
        ("2023-05-08-bagrami-pd22", "east of Kabul city"),
        ("2023-05-08-shakardara", "Shakardara area"),
        ("2023-05-08-shakardara", "Shakardara district"),
        ("2022-07-06-khairkhana-315", "Khairkhane area, Police District 11"),
        ("2022-11-12-khairkhana-pd15", "Police District 15"),
    ],
)
def test_wording_that_matters_is_kept(case_id: str, words: str) -> None:
    """The words by which a place was described are kept, so that they can be compared later."""
    incident = read(case_id)
    kept = (*(claim.place or "" for claim in incident.claims), *incident.notes)

    assert any(words in text for text in kept)


def test_provinces_claimed_and_logged(book: Book) -> None:
    """Al-Mersaad claims five provinces; Afghan Witness logged those and two more."""
    provinces = the(book, "Provinces")

    assert provinces.claimed == ("Balkh", "Kabul", "Herat", "Faryab", "Nimruz")
    assert provinces.recorded == (*provinces.claimed, "Jawzjan", "Parwan")
    assert provinces.claimed_by == "Al-Mersaad"
    assert provinces.recorded_by is not None
    assert provinces.recorded_by.startswith("Afghan Witness")


def test_important_figures_claimed_and_confirmed(book: Book) -> None:
    """Al-Mersaad claims 14 important figures killed; Taliban officials confirmed seven."""
    figures = the(book, "Important figures")

    assert (figures.claimed, figures.claimed_by) == (14, "Al-Mersaad")
    assert (figures.confirmed, figures.confirmed_by) == (7, "Taliban officials")


@pytest.mark.parametrize("word", ["Provinces", "Important figures", "infographic"])
def test_infographic_covers_its_period(book: Book, word: str) -> None:
    """What Al-Mersaad's infographic says covers 13 February to 9 May 2023."""
    aggregate = the(book, word)

    assert aggregate.from_date == dt.date(2023, 2, 13)
    assert aggregate.to_date == dt.date(2023, 5, 9)


def test_twenty_operations(book: Book) -> None:
    """Afghan Witness recorded 20 operations from 16 March to 16 May 2023."""
    (operations,) = (entry for entry in book.aggregates if entry.recorded == 20)

    assert operations.from_date == dt.date(2023, 3, 16)
    assert operations.to_date == dt.date(2023, 5, 16)


def test_seven_killed_on_8_may(book: Book) -> None:
    """Al-Mersaad's seven dead of 8 May are claimed for both raids, and confirmed by nobody."""
    (seven,) = (entry for entry in book.aggregates if entry.claimed == 7)

    assert (seven.from_date, seven.to_date) == (dt.date(2023, 5, 8), dt.date(2023, 5, 8))
    assert seven.confirmed is None
    assert "Bagrami" in seven.fact
    assert "Shakardara" in seven.fact


def test_three_raids_keep_their_wording(book: Book) -> None:
    """The three raids keep both the published "three days" and their first and last date."""
    raids = the(book, "three raids")

    assert "three days" in raids.fact
    assert (raids.from_date, raids.to_date) == (dt.date(2023, 5, 5), dt.date(2023, 5, 8))


@pytest.mark.parametrize(
    "period",
    [
        (dt.date(2023, 1, 16), dt.date(2023, 2, 16)),
        (dt.date(2023, 4, 16), dt.date(2023, 5, 16)),
    ],
)
def test_periods_without_claimed_attacks(book: Book, period: tuple[dt.date, dt.date]) -> None:
    """In two periods of 2023 no attack claimed by ISKP was recorded."""
    (quiet,) = (entry for entry in book.aggregates if (entry.from_date, entry.to_date) == period)

    assert quiet.recorded == 0


@pytest.mark.parametrize("word", ["late March 2023", "inactive"])
def test_no_attack_up_to_1_june(book: Book, word: str) -> None:
    """As of 1 June 2023 there was no new claimed attack, and no major one since late March."""
    aggregate = the(book, word)

    assert aggregate.to_date == dt.date(2023, 6, 1)
    assert aggregate.recorded == 0


def test_every_aggregate_has_its_source(book: Book) -> None:
    """Each aggregate names a source that the casebook lists."""
    assert {entry.source for entry in book.aggregates} == {source.id for source in book.sources}


def test_both_articles_are_described_alike_everywhere(book: Book) -> None:
    """A source has the same title, publisher and date in every file that names it."""
    listed = (book.sources, *(casebook.read_case(path).sources for path in FILES))
    described = {
        (source.id, source.title, source.publisher, source.published)
        for sources in listed
        for source in sources
    }

    assert len(described) == 2
