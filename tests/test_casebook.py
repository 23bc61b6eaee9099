"""Case files: reading them, and saying what is wrong with one."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from geoloc import CaseError, casebook, files, investigate, read_case

CASES = files.shipped("cases")
GOOD = """\
id: 2024-01-31-kart-e-naw
title: Raid in Kart-e Naw
date: 2024-01-31
summary: A raid was claimed.
claims:
  - claimant: Somebody
    place: PD8
    codes: [AF-KBL-PD8]
    says: There was a raid.
geolocation:
  status: not-stated
  reason: Not yet looked for.
"""


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """Write a good case to be spoiled."""
    path = tmp_path / "case.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def spoil(path: Path, old: str, new: str) -> CaseError:
    """Replace a part of the file and return the error of reading it."""
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(CaseError) as got:
        read_case(path)
    return got.value


def test_the_good_case_is_good(case: Path) -> None:
    """What the other tests spoil can be read."""
    assert read_case(case).claims[0].codes == ("AF-KBL-PD8",)


@pytest.mark.parametrize(
    ("old", "new", "field", "line", "words"),
    [
        ("claimant: Somebody", "claiment: Somebody", "claims[0].claimant", 6, "is missing"),
        ("place: PD8", "plase: PD8", "claims[0].plase", 7, "did you mean place?"),
        ("title: Raid in Kart-e Naw\n", "", "title", 1, "is missing"),
        ("date: 2024-01-31", "date: 31.1.2024", "date", 3, "31.1.2024"),
        ("not-stated", "unknown", "geolocation.status", 11, "unknown"),
        ("[AF-KBL-PD8]", "[PD8]", "claims[0].codes[0]", 8, "did you mean AF-KBL-PD8?"),
        ("[AF-KBL-PD8]", "AF-KBL-PD8", "claims[0].codes", 8, "must be a list"),
        ("says: T", "killed: 5\n    says: T", "claims[0].killed", 9, "{min: 5, max: 5}"),
        ("date: 2024-01-31", "date: 1402-11-11", "", 1, "Solar"),
        ("date: 2024-01-31", "date: 31.01.2024", "date", 3, "2024-01-31"),
        ("not-stated", "approximate", "", 1, "no evidence says within"),
        ("[AF-KBL-PD8]", "[AF-KBL-PD23]", "claims[0].codes", 8, "AF-KBL-PD23"),
        (
            "says: There",
            "killed: {min: 5, max: 2}\n    says: There",
            "claims[0].killed",
            9,
            "max 2",
        ),
        ("says: There", "killed: {min: -1}\n    says: There", "claims[0].killed.min", 9, "-1"),
        ("says: There", "source: nowhere\n    says: There", "", 1, "'nowhere'"),
        ("id: 2024-01-31-kart", "id: 2024-02-01-kart", "", 1, "does not begin with the date"),
    ],
)
def test_an_error_names_file_field_and_line(
    case: Path, old: str, new: str, field: str, line: int | None, words: str
) -> None:
    """Every problem says where it is and what was found there."""
    error = spoil(case, old, new)
    problem = error.problems[0]
    assert problem.field == field
    assert problem.line == line
    assert words in problem.message
    assert str(case) in error.lines[0]


EVIDENCE = """\
evidence:
  - finding: A ridge matches.
    by: Somebody else
    status: likely
    origin: photo 3
    within: [AF-KBL-PD8]
geolocation:
  status: approximate
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("status: likely", "status: not-found", "only what is confirmed or likely"),
        ("status: likely", "status: not-verified", "only what is confirmed or likely"),
        ("status: approximate", "status: not-possible", "geolocation.status is not-possible"),
        ("origin: photo 3", "origin: somebody", "never evidence for itself"),
        ("[AF-KBL-PD8]", "[AF-KBL-PD20]", "AF-KBL-PD20 has no known line"),
    ],
)
def test_what_was_not_found_is_never_evidence(case: Path, old: str, new: str, words: str) -> None:
    """Only what was shown, by something else than the claim, can say where it happened."""
    located = GOOD.replace("geolocation:\n  status: not-stated\n", EVIDENCE)
    case.write_text(located, encoding="utf-8")
    assert investigate(read_case(case)).area is not None
    head, tail = located.split("evidence:")
    case.write_text(f"{head}evidence:{tail.replace(old, new)}", encoding="utf-8")
    with pytest.raises(CaseError, match=words):
        read_case(case)


def test_all_problems_are_told_at_once(case: Path) -> None:
    """Two mistakes give two lines."""
    case.write_text(GOOD.replace("Somebody", "''").replace("not-stated", "maybe"), "utf-8")
    with pytest.raises(CaseError) as got:
        read_case(case)
    assert [problem.field for problem in got.value.problems] == [
        "claims[0].claimant",
        "geolocation.status",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"- a\n- b\n", "fields and values"),
        (b"just words", "fields and values"),
        (b"id: [", "not valid YAML"),
        (b"id: a\nid: b\n", "not valid YAML"),
        (b"\tid: a", "not valid YAML"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"a: &x [1]\nb: [*x, *x]\n", "aliases"),
        (b"x: " + b"[" * 5000, "not valid YAML"),
        (b"x: " + b"y" * 1_100_000, "larger than"),
        (b"id: !!python/object/apply:os.system [echo]\n", "id"),
    ],
)
def test_a_file_that_is_no_case_is_refused(case: Path, content: bytes, words: str) -> None:
    """Whatever is in the file, the answer is a CaseError that names the reason."""
    case.write_bytes(content)
    with pytest.raises(CaseError, match=words):
        read_case(case)


def test_an_unreadable_case_is_refused(tmp_path: Path) -> None:
    """No file and a folder in its place."""
    with pytest.raises(CaseError, match="cannot be read"):
        read_case(tmp_path / "none.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(CaseError, match="cannot be read"):
        read_case(tmp_path / "folder.yaml")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_a_case_or_a_case_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """No text in a case file raises anything else."""
    path = tmp_path_factory.mktemp("fuzz") / "case.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    with pytest.raises(CaseError):
        read_case(path)


def test_an_unknown_case_offers_the_nearest() -> None:
    """A misspelt id leads to the right one."""
    with pytest.raises(CaseError, match="did you mean 2023-05-08-bagrami-pd22"):
        casebook.find_case("2023-05-08-bagrami", CASES)


def test_the_committed_schema_is_the_models() -> None:
    """Editors complete and check by the same rules as geoloc."""
    assert (CASES.parent / "cases" / casebook.SCHEMA_FILE).read_text("utf-8") == casebook.schema()


@pytest.mark.parametrize("path", casebook.case_files(CASES), ids=lambda path: path.stem)
def test_the_six_cases_fit_the_json_schema(path: Path) -> None:
    """A validator that shares no code with pydantic agrees."""
    schema = json.loads(casebook.schema())
    document = json.loads(
        json.dumps(YAML(typ="safe", pure=True).load(path.read_text("utf-8")), default=str)
    )
    jsonschema.validate(document, schema)


def test_a_draft_is_a_valid_case(tmp_path: Path) -> None:
    """A new case can be read back, whatever is in its title."""
    title = 'Raid: "PD8" {{ 7*7 }} # no comment\nسرک'
    case_id, text = casebook.draft(title, dt.date(2024, 1, 31), "PD8", "Some: body")
    path = tmp_path / f"{case_id}.yaml"
    path.write_text(text, encoding="utf-8")
    incident = read_case(path)
    assert incident.title == title
    assert incident.claims[0].codes == ("AF-KBL-PD8",)


def test_a_claim_is_never_its_own_evidence() -> None:
    """A claim that names a unit, with no evidence, leaves the place unassessed."""
    incident = read_case("2022-11-12-khairkhana-pd15")
    finding = investigate(incident)
    assert finding.area is None
    assert {v.grade for v in finding.verdicts if v} == {"not-assessable"}


@pytest.mark.parametrize("path", casebook.case_files(CASES), ids=lambda path: path.stem)
def test_a_finding_keeps_the_promise_to_scripts(path: Path) -> None:
    """The JSON has the keys of interface.md, and nulls where nothing can be assessed."""
    found = casebook.as_json(investigate(read_case(path)))
    json.dumps(found)
    assert {"id", "date", "claims", "likely_area", "verdicts"} <= found.keys()
    for verdict in found["verdicts"]:
        numbers = [verdict[key] for key in ("probability", "interval", "prior", "bayes_factor")]
        if verdict["grade"] == "not-assessable":
            assert numbers == [None] * 4
            assert verdict["reason"]
        else:
            assert None not in numbers
    assert (found["likely_area"] is None) == (found["status"] != "approximate")
