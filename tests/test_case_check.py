"""`case check`, and case files begun from a text."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import pytest
from shell import Outcome, Shell

from geoloc import InputError, casebook, claims, files, read_case
from geoloc.casebook import Book, Incident, Remark, draft_from_text, reconcile

SIX = files.shipped("cases")


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Shell:
    """Run geoloc in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Shell(monkeypatch, capsys)


@pytest.fixture(scope="module")
def remarks() -> tuple[Remark, ...]:
    """Reconcile the six cases and the casebook, without being told what to look for."""
    incidents = [casebook.read_case(path) for path in casebook.case_files(SIX)]
    return reconcile(incidents, casebook.read_book(SIX))


def incident(day: str, name: str, *claims: dict[str, Any], **fields: Any) -> Incident:
    """Return an incident with just these claims."""
    filled = [
        {"claimant": f"Claimant {k}", "says": f"Words {k}."} | c for k, c in enumerate(claims)
    ]
    return Incident.model_validate(
        {
            "id": f"{day}-{name}", "title": name, "date": day, "summary": name, "claims": filled,
            "geolocation": {"status": "not-stated", "reason": "Not looked for."},
        }
        | fields
    )  # fmt: skip


def of_kind(found: tuple[Remark, ...], kind: str, weight: str) -> list[Remark]:
    """Return the remarks of a kind and a weight."""
    return [remark for remark in found if (remark.kind, remark.weight) == (kind, weight)]


def test_seven_is_not_five_and_one(remarks: tuple[Remark, ...]) -> None:
    """The seven dead of 8 May are claimed in two files and the casebook, and count once."""
    (found,) = of_kind(remarks, "number", "contradiction")
    assert found.facts == {"claimed": 7, "sum_min": 6, "sum_max": 6}
    assert found.incidents == ("2023-05-08-bagrami-pd22", "2023-05-08-shakardara")


def test_east_is_not_south_east(remarks: tuple[Remark, ...]) -> None:
    """Both wordings stand with what the boundaries say."""
    (found,) = (remark for remark in remarks if "said_deg" in remark.facts)
    assert found.facts["said_deg"] == [90, 135]
    assert "east of Kabul city" in found.message
    assert "south-east of the capital" in found.message
    assert 60 < found.facts["measured_deg"]["AF-KBL-PD22"] < 150


def test_one_area_in_two_police_districts(remarks: tuple[Remark, ...]) -> None:
    """Khairkhane in PD11 and in PD15 is no contradiction: places of that name are in both."""
    (found,) = (remark for remark in remarks if "localities" in remark.facts)
    assert found.weight == "difference"
    assert set(found.facts["said"]) == {"AF-KBL-PD11", "AF-KBL-PD15"}
    assert found.facts["localities"]["AF-KBL-PD11"] > 0
    assert found.facts["localities"]["AF-KBL-PD15"] > 0
    assert "Both can hold" in found.message


def test_three_days_are_four(remarks: tuple[Remark, ...]) -> None:
    """From 5 to 8 May are four calendar days and three from first to last: no contradiction."""
    (found,) = of_kind(remarks, "date", "difference")
    assert found.facts == {"said_days": 3, "calendar_days": 4}
    assert "2023-05-08-shakardara" in found.incidents


def test_an_area_is_not_a_district(remarks: tuple[Remark, ...]) -> None:
    """Shakardara is called both."""
    (found,) = (remark for remark in remarks if "kinds" in remark.facts)
    assert found.facts["kinds"] == ["area", "district"]
    assert found.incidents == ("2023-05-08-shakardara",)


def test_provinces_and_figures_that_differ(remarks: tuple[Remark, ...]) -> None:
    """What was claimed of all incidents beside what was recorded or confirmed."""
    facts = [remark.facts for remark in remarks if remark.kind == "number"]
    assert {"only_recorded": ["Jawzjan", "Parwan"], "only_claimed": []} in facts
    assert {"claimed": 14, "confirmed": 7} in facts


def test_a_joint_claim_says_what_it_adds(remarks: tuple[Remark, ...]) -> None:
    """PD22 is claimed for the raid of 8 May only through that of 5 May."""
    (found,) = (remark for remark in remarks if remark.kind == "joint")
    assert found.facts == {"only_by_the_other": ["AF-KBL-PD22"]}


def test_nothing_else_is_a_contradiction(remarks: tuple[Remark, ...]) -> None:
    """One contradiction among the claims of the six: seven dead are not five and one."""
    assert [remark.kind for remark in remarks if remark.weight == "contradiction"] == ["number"]


@pytest.mark.parametrize(
    ("said", "weight"),
    [("two", "contradiction"), ("three", "difference"), ("four", None), ("five", "contradiction")],
)
def test_days_contradict_only_if_neither_count_fits(said: str, weight: str | None) -> None:
    """From 5 to 8 May: three days from first to last, four by the calendar; the quotation is whole.

    A count that fits one of the two agrees with it; two days and five fit none.
    """
    fact = (
        f'There were raids, it is said, "over the course of {said} days", in both districts there.'
    )
    told = {"fact": fact, "from_date": "2023-05-05", "to_date": "2023-05-08"}
    book = Book.model_validate({"title": "T", "aggregates": [told]})
    found = [r for r in reconcile([], book) if r.kind == "date"]
    assert [remark.weight for remark in found] == [weight] * bool(weight)
    assert all(fact in remark.message for remark in found)


def test_figures_that_agree_are_not_remarked() -> None:
    """Six is five and one, and `at least three` holds five."""
    both = ["2024-01-01-a", "2024-01-01-b"]
    a = incident(
        "2024-01-01", "a", {"killed": {"min": 5, "max": 5}}, {"killed": {"min": 3}},
        {"killed": {"min": 6, "max": 6}, "covers": both},
    )  # fmt: skip
    b = incident("2024-01-01", "b", {"killed": {"min": 1, "max": 1}})
    assert not [remark for remark in reconcile([a, b]) if remark.weight != "note"]


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        ({"killed": {"min": 5, "max": 5}}, {"killed": {"min": 2, "max": 3}}, "number"),
        ({"captured": {"min": 5}}, {"captured": {"min": 2, "max": 3}}, "number"),
        ({"codes": ["AF-KBL-PD1"]}, {"codes": ["AF-KBL-PD11"]}, "place"),
        ({"codes": ["AF0104"]}, {"codes": ["AF-KBL-PD13"]}, "place"),
        ({"codes": ["AF0104", "AF-KBL-PD13"]}, {}, "place"),
        ({"published": "2023-12-31"}, {}, "date"),
        ({"place": "PD8, on 3 January 2024"}, {}, "date"),
        ({"says": "It happened on Sunday, 1 January 2024."}, {}, "date"),
    ],
)
def test_claims_that_exclude_each_other(
    first: dict[str, Any], second: dict[str, Any], kind: str
) -> None:
    """Numbers apart, places apart, a claim before its event, a date that is none."""
    found = reconcile([incident("2024-01-01", "a", first, second)])
    assert [remark.kind for remark in found if remark.weight == "contradiction"] == [kind]


def test_more_bodies_than_dead() -> None:
    """Bodies that were seen beyond the claimed figure contradict it; fewer only differ."""
    cases = {"Three bodies": ["contradiction"], "Two bodies": [], "One body": ["difference"]}
    for seen, weights in cases.items():
        evidence = [
            {"finding": f"{seen} seen.", "by": "X", "status": "confirmed", "origin": "photo"}
        ]
        one = incident("2024-01-01", "a", {"killed": {"min": 2, "max": 2}}, evidence=evidence)
        found = [r.weight for r in reconcile([one]) if "bodies" in r.facts]
        assert found == weights


def test_a_joint_claim_that_cannot_hold() -> None:
    """The same place as an incident in another district."""
    a = incident("2024-01-01", "a", {"codes": ["AF0104"]})
    b = incident("2024-01-02", "b", {"codes": ["AF0106"], "same_place_as": "2024-01-01-a"})
    (found,) = of_kind(reconcile([a, b]), "joint", "contradiction")
    assert found.facts == {"a": "AF0106", "b": "AF0104"}
    (missing,) = of_kind(reconcile([b]), "joint", "note")
    assert "no case file" in missing.message


def test_a_copy_is_one_voice() -> None:
    """The same words by two claimants count once, and so does one claimant twice."""
    words = {"says": "Five fighters were killed in the operation of last night in Kabul."}
    one = incident("2024-01-01", "a", words, words, {"claimant": "Claimant 0"})
    (copied, counted) = of_kind(reconcile([one]), "copies", "note")
    assert "repeats the words" in copied.message
    assert counted.facts["claims"] == 3
    assert counted.facts["voices"] == 1


def test_raids_are_no_people() -> None:
    """A figure of raids over two cases is not compared with the dead in them; one of dead is."""
    both = ["2024-01-01-a", "2024-01-02-b"]
    a = incident("2024-01-01", "a", {"killed": {"min": 2, "max": 2}})
    b = incident("2024-01-02", "b", {"killed": {"min": 3, "max": 3}})
    for fact, found in (("Raids that killed members", 0), ("Members killed in raids", 1)):
        told = {"fact": fact, "claimed": 14, "claimed_by": "X", "covers": both}
        book = Book.model_validate({"title": "T", "aggregates": [told]})
        assert len(of_kind(reconcile([a, b], book), "number", "contradiction")) == found


@pytest.mark.parametrize(("radius_m", "remarked"), [(2000, True), (20, False)])
def test_an_exact_place_is_a_small_one(radius_m: int, remarked: bool) -> None:
    """A geolocation that is called exact, while its evidence leaves square kilometres."""
    near = {
        "kind": "near", "at_most_m": radius_m,
        "landmark": {"name": "Mosque", "lon": 69.2, "lat": 34.5, "sigma_m": 10},
    }  # fmt: skip
    one = incident(
        "2024-01-01", "a", geolocation={"status": "exact", "reason": "Seen."},
        study={"code": "AF-KBL-PD8", "cell_m": 25},
        evidence=[{"finding": "F", "by": "X", "status": "confirmed", "origin": "photo",
                   "reliability": 0.99, "clues": [near]}],
    )  # fmt: skip
    found = [r for r in of_kind(reconcile([one]), "place", "difference") if "exact" in r.message]
    assert bool(found) == remarked
    assert all(remark.facts["area_km2"] > 1 for remark in found)


def test_each_command_names_the_next(run: Shell, tmp_path: Path) -> None:
    """`validate` leads to `check`, and `check` to `show`, in the same folder; figures are shown."""
    path = Path(draft(run, tmp_path, REPORT).json["path"])
    validated = run("case", "validate", "--cases", path.parent).out
    assert f"Next: geoloc case check --cases {path.parent}" in validated
    checked = run("case", "check", path.stem, "--cases", path.parent).out
    assert checked.endswith(f"Next: geoloc case show {path.stem} --cases {path.parent}\n")
    shown = run("case", "show", path.stem, "--cases", path.parent).out
    assert "killed: at least 4" in shown
    assert "captured: 2" in shown


def test_a_wrong_field_gets_an_example_of_its_own(run: Shell, tmp_path: Path) -> None:
    """A compass word for an azimuth, and a code for a study area, say what to write instead."""
    (tmp_path / "bad.yaml").write_text(
        """\
id: 2024-01-01-bad
title: T
date: 2024-01-01
summary: S
study: AF-KBL-PD8
evidence:
  - finding: F
    by: X
    status: likely
    origin: photo
    clues:
      - kind: bearing
        landmark: {name: Mosque, lon: 69.2, lat: 34.5, sigma_m: 10}
        azimuth_deg: NW
        sigma_deg: some
geolocation: {status: approximate, reason: R}
""",
        encoding="utf-8",
    )
    told = run("case", "validate", "bad.yaml").err
    assert "study: must hold fields, e.g. {code: AF-KBL-PD8}" in told
    assert "azimuth_deg: must be degrees clockwise from north, e.g. 315 for NW; got 'NW'" in told
    assert "sigma_deg: must be a valid number of degrees, e.g. 5; got 'some'" in told


@pytest.mark.parametrize(
    ("first", "second", "weight"),
    [
        ("east", "west", "contradiction"),
        ("east", "south-west", "contradiction"),
        ("north-west", "south-west", "difference"),
        ("north", "north-east", "difference"),
        ("north", "north-west", "difference"),
    ],
)
def test_directions_more_than_a_right_angle_apart(first: str, second: str, weight: str) -> None:
    """They exclude each other; up to 90 degrees, counted across north too, they differ."""
    both = [
        incident(f"2024-01-0{k}", "a", {"place": f"Bagrami district, {way} of Kabul city"})
        for k, way in ((1, first), (2, second))
    ]
    (found,) = (r for r in reconcile(both) if "said_deg" in r.facts)
    assert found.weight == weight


def test_units_that_share_a_hundredth_overlap() -> None:
    """Below one hundredth of either unit two of them exclude each other; None is not known."""
    for a_in_b, b_in_a, disjoint in (
        (0.0099, 0.0, True), (0.01, 0.0, False), (0.0, 0.01, False), (None, None, False),
    ):  # fmt: skip
        assert claims.Overlap("AF0104", "AF-KBL-PD1", a_in_b, b_in_a).disjoint is disjoint
    told = {"codes": ["AF-KBL-PD1", "AF0104"]}, {"codes": ["AF-KBL-PD10", "AF0105"]}
    shared, apart = (reconcile([incident("2024-01-01", "a", each)])[0] for each in told)
    assert (shared.weight, apart.weight) == ("note", "contradiction")


def test_the_book_may_be_missing() -> None:
    """Cases without a casebook are compared all the same."""
    assert reconcile([], None) == ()
    assert reconcile([], Book(title="None")) == ()


def test_the_command_tells_and_counts(run: Shell) -> None:
    """In words, as JSON, for one case, and with an exit code where that is asked for."""
    done = run("case", "check", "--cases", SIX)
    assert done.status == 0
    assert "7 killed" in done.out
    assert max(map(len, done.out.splitlines())) <= 100
    found = run("case", "check", "2023-05-08-shakardara", "--json").json
    assert found["cases"] == ["2023-05-08-shakardara"]
    assert {"kind", "weight", "incidents", "message", "facts"} == found["remarks"][0].keys()
    assert all("2023-05-08-shakardara" in remark["incidents"] for remark in found["remarks"])
    assert run("case", "check", "--fail-on", "contradiction").status == 1
    assert run("case", "check", "2022-10-21-kabul-pd8", "--fail-on", "difference").status == 0
    assert run("case", "check", "nothing-like-it").status == 2


REPORT = """\
Raid in the south of the city

On 3 September 2023, the Badloon agency reported that forces had raided a house in PD7 of Kabul.
At least four men were killed, according to residents. Two women were allegedly captured.
"""


def draft(run: Shell, tmp_path: Path, text: str, *options: str) -> Outcome:
    """Begin a case from a text in a file."""
    (tmp_path / "text.txt").write_text(text, encoding="utf-8")
    return run("case", "new", "--from", "text.txt", "--json", *options)


def test_a_case_begins_from_a_text(run: Shell, tmp_path: Path) -> None:
    """Claims are filled in, evidence is empty, doubts are comments, and the file is valid."""
    path = Path(draft(run, tmp_path, REPORT).json["path"])
    read = read_case(path)
    assert read.date == dt.date(2023, 9, 3)
    assert read.evidence == ()
    assert read.claims[0].claimant == "Badloon agency"
    assert read.claims[0].codes == ("AF-KBL-PD7",)
    killed = [claim.killed for claim in read.claims if claim.killed]
    assert [(count.min, count.max) for count in killed] == [(4, None)]
    assert [c.captured.min for c in read.claims if c.captured] == [2]
    assert "# hedged: allegedly" in path.read_text("utf-8")
    assert run("case", "validate", path).status == 0


def test_a_drafted_place_keeps_both_its_brackets(run: Shell, tmp_path: Path) -> None:
    """The place is cut from the text, and the bracket that it opens is closed in it."""
    text = "A blast hit Kart-e Naw (PD-8) on 9 June 2023, killing two people."
    read = read_case(Path(draft(run, tmp_path, text).json["path"]))
    assert read.claims[0].place == "Kart-e Naw (PD-8)"


@pytest.mark.parametrize(
    ("options", "text", "words"),
    [
        ([], "A raid hit PD7.", "--date"),
        (["--place", "PD8"], REPORT, "leave those two out"),
        ([], "   \n", "no words"),
        ([], "a\x00b", "NUL"),
    ],
)
def test_a_text_that_makes_no_case(
    run: Shell, tmp_path: Path, options: list[str], text: str, words: str
) -> None:
    """One line says what is missing."""
    done = draft(run, tmp_path, text, *options)
    assert done.status == 2
    assert words in done.err
    assert len(done.err.splitlines()) == 1
    assert not (tmp_path / "cases").exists()


def test_a_hostile_text_makes_a_valid_case(tmp_path: Path) -> None:
    """Whatever stands in the text, the draft can be read back and holds only data."""
    chance = random.Random(8)  # noqa: S311 - no secret
    pieces = [
        "- x: [", "{{ 7*7 }}", "\u202e", "\x85", "\x7f", "# no comment", '"', "'", "\\", ": ",
        "\t", "\n", "&a *a", "!!python/object:x", "five men were killed in PD7 on 3 May 2023.",
        "ناحیه ۲۲",
        "Bagrami district,", "said", "\ufeff", "\u2028", "|", "> ", "%TAG",
        "Evil: Corp claimed that",
    ]  # fmt: skip
    for number in range(120):
        text = " ".join(chance.choice(pieces) for _ in range(chance.randint(5, 40)))
        case_id, drafted = draft_from_text(text, date=dt.date(2023, 5, 3), title="T " + text[:50])
        path = tmp_path / f"{number}.yaml"
        path.write_text(drafted, encoding="utf-8")
        read = read_case(path)
        assert read.id == case_id
        assert read.evidence == ()


def test_words_and_codes_that_disagree() -> None:
    """Words that name PD11 beside the code of PD15 are a contradiction; PD15's own are none."""
    case = {"place": "PD11 of Kabul city", "codes": ["AF-KBL-PD15"]}
    found = of_kind(reconcile([incident("2023-02-09", "a", case)]), "place", "contradiction")
    assert [remark.facts["words"] for remark in found] == ["AF-KBL-PD11"]
    case["place"] = "PD15 of Kabul city"
    assert not of_kind(reconcile([incident("2023-02-09", "a", case)]), "place", "contradiction")


@pytest.mark.parametrize(
    ("place", "codes"),
    [
        ("Taimani", ()),
        ("Khair Khana, PD11", ("AF-KBL-PD11",)),
        ("third part of Khair Khana, PD11 of Kabul city", ("AF-KBL-PD11",)),
        ("ناحیه یازدهم", ("AF-KBL-PD11",)),
    ],
)
def test_a_draft_is_always_written(tmp_path: Path, place: str, codes: tuple[str, ...]) -> None:
    """What can be read of a place becomes codes, the rest a comment."""
    case_id, text = casebook.draft("T", dt.date(2023, 2, 9), place, "X")
    path = tmp_path / f"{case_id}.yaml"
    path.write_text(text, encoding="utf-8")
    assert read_case(path).claims[0].codes == codes


def test_a_solar_date_is_refused_with_its_gregorian() -> None:
    """A Solar Hijri date makes no case; the message gives the day."""
    with pytest.raises(InputError, match="2023-02-09; give that"):
        casebook.draft("T", dt.date(1401, 11, 20), "PD8", "X")


def test_a_draft_of_a_dari_text_has_a_latin_name() -> None:
    """Title and id name the police district."""
    case_id, text = draft_from_text("۲۰ دلو ۱۴۰۱ در ناحیه یازدهم سه تن کشته شدند.")
    assert case_id == "2023-02-09-claimed-event-in-pd11"
    assert 'title: "Claimed event in PD11"' in text


BOTH = """\
Forces raided a house in Bagrami district, PD22, on 8 May 2023. Five men were killed, a guard said.
Two men were killed in Shakardara district on 8 May 2023.

شام ۱۸ ثور ۱۴۰۲ نیروها به خانه‌ای در ولسوالی بگرامی، ناحیه بیست و دوم، حمله کردند. پنج تن کشته شدند.
۱۸ ثور ۱۴۰۲ در ولسوالی شکردره سه تن کشته شدند.
۱۸ ثور ۱۴۰۲ در منطقه خیرخانه عملیات شد.
"""


def test_one_raid_in_two_languages_is_one_claim(run: Shell, tmp_path: Path) -> None:
    """What the other language only repeats is a comment; another figure or place is a claim."""
    path = Path(draft(run, tmp_path, BOTH).json["path"])
    claimed = [
        (c.codes, c.killed and c.killed.min, c.says[:12].isascii()) for c in read_case(path).claims
    ]
    assert claimed == [
        (("AF0104", "AF-KBL-PD22"), None, True),
        ((), 5, True),
        (("AF0106",), 2, True),
        (("AF0106",), 3, False),
        ((), None, False),
    ]
    assert path.read_text("utf-8").count("# told again in another language") == 2


def test_a_claim_is_filed_under_its_unit() -> None:
    """Of two places of a sentence the police district is the claim's, in whichever script."""
    _, text = draft_from_text("A raid in Khair Khana on 9 May 2023: two killed in PD11 (ناحیه ۱۱).")
    assert "codes: [AF-KBL-PD11]" in text
    assert text.count("it also names") == 1


def test_a_copy_through_two_accounts_leaves_one_voice() -> None:
    """Who repeats the words on Twitter and on Telegram is one echo, whoever's turn it is."""
    words = "Five fighters were killed in the operation of last night in Kabul."
    for names in (("A", "X (Twitter)", "X (Telegram)"), ("A", "X", "A (Twitter)")):
        one = incident("2024-01-01", "a", *({"claimant": who, "says": words} for who in names))
        counted = of_kind(reconcile([one]), "copies", "note")[-1]
        assert counted.message.startswith("3 claims are 1 voice")


def test_a_joint_claim_is_held_against_its_own_claimant() -> None:
    """Another's place in the other case makes nobody contradict themselves."""
    mine, theirs = (
        {"claimant": who, "codes": [f"AF-KBL-PD{n}"]} for who, n in (("B", 11), ("C", 12))
    )
    c = incident("2024-01-01", "c", mine, theirs)
    b = incident("2024-01-02", "b", mine | {"same_place_as": c.id})
    assert not of_kind(reconcile([b, c]), "joint", "contradiction")
    other = incident("2024-01-02", "b", theirs | {"claimant": "B", "same_place_as": c.id})
    (found,) = of_kind(reconcile([other, c]), "joint", "contradiction")
    assert found.facts == {"a": "AF-KBL-PD12", "b": "AF-KBL-PD11"}


def test_what_a_text_says_beside_claims_of_a_place_is_kept_as_comments(tmp_path: Path) -> None:
    """A denial, the wounded and two places that lie apart are not dropped without a word."""
    _, text = draft_from_text(
        "On 9 May 2023, Mujahid said three men were killed in PD 4. On 9 May 2023, Mujahid said six"
        " men were arrested in PD 6. ISKP denied that any of its members were killed in PD22. Ali"
        " said seven people were wounded."
    )
    assert "# AF-KBL-PD4 and AF-KBL-PD6 lie apart: two events are two cases." in text
    assert "# ISKP: ISKP denied that any of its members were killed in PD22." in text
    assert "# Ali: Ali said seven people were wounded. [wounded: 7]" in text
    assert "AF-KBL-PD22" not in text
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    assert len(read_case(path).claims) == 2


def test_many_claims_that_disagree_are_one_remark() -> None:
    """Of 40 claims with two figures, two places and one text, each disagreement is told once.

    It names a few of those who say so, and how many more there are.
    """
    words = "An operation took place there in the evening, and men were killed."
    many = [
        {"claimant": f"Channel {n:02}", "killed": {"min": 3 + n % 2, "max": 3 + n % 2},
         "codes": [("AF0104", "AF-KBL-PD13")[n % 2]], "says": words}
        for n in range(40)
    ]  # fmt: skip
    found = reconcile([incident("2024-01-01", "a", *many)])
    assert [(remark.kind, remark.weight) for remark in found] == [
        ("number", "contradiction"), ("place", "contradiction"), ("copies", "note"),
        ("copies", "note"),
    ]  # fmt: skip
    first = "Channel 00, Channel 02, Channel 04 and 17 more claim 3 killed"
    second = "Channel 01, Channel 03, Channel 05 and 17 more claim 4 killed"
    assert found[0].message == f"{first}; {second}."
    assert "and 17 more claim Bagrami district" in found[1].message
    assert "Channel 01, Channel 02, Channel 03 and 36 more repeat the words of Channel 00" in (
        found[2].message
    )
