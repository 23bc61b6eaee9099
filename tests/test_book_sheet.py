"""The casebook as a spreadsheet, and back: what comes home, what is refused, what is never lost."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import exchange_cases
import pytest
from python_calamine import load_workbook
from shell import Shell

from geoloc import casebook, tables
from geoloc.casebook import Incident
from geoloc.errors import CaseError, InputError, OutputError
from geoloc.exchange import book, columns

SIX = casebook.case_files(Path(__file__).parent.parent / "cases")
RAID = "2023-05-08-bagrami-pd22"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return geoloc's command line."""
    return Shell(monkeypatch, capsys)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the six cases."""
    made = tmp_path / "cases"
    made.mkdir()
    for path in SIX:
        shutil.copy(path, made)
    return made


def exported(folder: Path) -> Path:
    """Write all cases of a folder as a sheet beside it."""
    incidents = [casebook.read_case(path) for path in casebook.case_files(folder)]
    return book.write_book(incidents, folder.parent / "book.xlsx", folder=folder)


Rows = dict[str, list[list[Any]]]


def edited(path: Path, edit: Callable[[Rows], None]) -> Path:
    """Change a sheet's cells as a user would; the headers stand in each sheet's first row."""
    workbook = load_workbook(str(path))
    rows = {name: workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names}
    edit(rows)
    with tables.new_workbook(path) as made:
        for name, lines in rows.items():
            sheet = made.add_worksheet(name)
            for number, line in enumerate(lines):
                sheet.write_row(number, 0, ["" if cell is None else cell for cell in line])
    return path


def set_cell(rows: Rows, sheet: str, row: int, column: str, value: Any) -> None:
    """Set a cell by its row, as the spreadsheet numbers it, and its column's name."""
    rows[sheet][row - 1][rows[sheet][0].index(column)] = value


def first_row(rows: Rows, sheet: str, case: str) -> int:
    """Return the first row, as the spreadsheet numbers it, of a case."""
    return next(n for n, line in enumerate(rows[sheet], start=1) if line[0] == case)


def test_the_six_cases_come_back_equal(folder: Path, tmp_path: Path) -> None:
    """What was written as a sheet makes the same incidents in an empty folder."""
    report = book.import_book(exported(folder), tmp_path / "new")
    assert report.count("taken") == len(report.rows) > 50
    book.keep_book(report, author="a", why="b")
    for path in SIX:
        assert casebook.read_case(tmp_path / "new" / path.name) == casebook.read_case(path)


def test_a_sheet_that_was_not_edited_changes_nothing(folder: Path) -> None:
    """Every row is unchanged, and no file would be written."""
    report = book.import_book(exported(folder), folder)
    assert {row.status for row in report.rows} == {"unchanged"}
    assert report.cases == ()


def made_incident(rng: random.Random, number: int) -> Incident:
    """Return a case made by chance with everything that a sheet has to carry."""
    base = exchange_cases.finding(rng, str(number)).incident
    record = json.loads(base.model_dump_json(exclude_defaults=True))
    ids = [source["id"] for source in record.get("sources", [])]
    text = exchange_cases.text
    record["notes"] = [text(rng) for _ in range(rng.randint(0, 3))]
    record["time"] = rng.choice((None, "23:00", "evening", text(rng)))
    record["claims"] = [
        {
            "claimant": text(rng),
            "role": rng.choice(("claim", "rival", "report")),
            "published": rng.choice((None, "1399-01-01", "2023-05-09")),
            "codes": rng.choice(([], ["AF0104"], ["AF0101", "AF-KBL-PD8"])),
            "covers": rng.choice(([], ["2023-05-08-x", "2023-05-09-y"])),
            "killed": rng.choice((None, {"min": 0}, {"min": 3, "max": 5})),
            "says": text(rng),
            "source": rng.choice((None, *ids)),
        }
        for _ in range(rng.randint(0, 3))
    ]
    ridge = 1500 if rng.random() < 0.03 else rng.choice((0, 5))  # 1,500 fit into no cell
    record["photos"] = [
        {
            "file": f"photos/{n}.jpg",
            "sha256": f"{n:064x}",
            "origin": text(rng),
            "graphic": rng.random() < 0.5,
            "features": [{"number": 1, "x": rng.random(), "y": 1, "lon": 69.2, "lat": 34.5}],
            "ridge": [[rng.random(), rng.random()] for _ in range(ridge)],
        }
        for n in range(rng.randint(0, 2))
    ]
    near = {"kind": "near", "landmark": {"name": text(rng), "lon": 69.2 + rng.random() / 9,
            "lat": 34.5}, "distance_m": 1000 * rng.random() + 1}  # fmt: skip
    claimants = {claim["claimant"] for claim in record["claims"]}
    record["evidence"] = [
        {
            "finding": text(rng),
            "by": "Afghan Witness",
            "status": "likely",
            "origin": f"photo {number}",
            "within": rng.choice(([], ["AF0104"])),
            "clues": [near] * rng.randint(0, 2),
            "reliability": rng.choice((None, rng.random())),
        }
        for _ in range(rng.randint(0, 2))
    ]
    located = any(each["within"] or each["clues"] for each in record["evidence"])
    located = located or any(drawing.locates for drawing in base.drawings)
    record["geolocation"]["status"] = "approximate" if located else "not-stated"
    for drawing in record.get("drawings", []):
        if drawing.get("origin") in claimants:
            drawing["origin"] += " (seen)"
    for source in record.get("sources", []):
        source["captured"] = rng.choice((None, "2023-05-09T10:00:00+04:30", "2023-05-09T10:00:00Z"))
        source["graphic"] = rng.random() < 0.5
    return Incident.model_validate(_without_none(record))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(each) for name, each in value.items() if each is not None}
    return [_without_none(each) for each in value] if isinstance(value, list) else value


def made(rng: random.Random, number: int) -> Incident:
    """Return a case made by chance that may be saved; chance also makes what nobody may save."""
    while True:
        try:
            incident = made_incident(rng, number)
            casebook.investigate(incident)
        except (ValueError, CaseError) as error:
            if "never evidence for itself" not in str(error) and "no ground in" not in str(error):
                raise
        else:
            return incident


def check_round_trip(tmp_path: Path, count: int, seed: int) -> None:
    """Write many made cases as one sheet, import it into an empty folder, and compare."""
    rng = random.Random(seed)  # noqa: S311 - the same cases each time
    incidents = [made(rng, number) for number in range(count)]
    sheet = book.write_book(incidents, tmp_path / f"{seed}.xlsx")
    into = tmp_path / f"new{seed}"
    report = book.import_book(sheet, into)
    assert [row for row in report.rows if row.status != "taken"] == []
    book.keep_book(report, author="a", why="b")
    for incident in incidents:
        assert casebook.read_case(into / f"{incident.id}.yaml") == incident
    again = book.import_book(sheet, into)
    assert {row.status for row in again.rows} == {"unchanged"}


def test_made_cases_come_back_equal(tmp_path: Path) -> None:
    """Control characters, formulas, long geometry, lists with commas, all meanings: 60 cases."""
    check_round_trip(tmp_path, 60, seed=1)


@pytest.mark.long
def test_5000_made_cases_come_back_equal(tmp_path: Path) -> None:
    """The full count of the round trip."""
    for seed in range(20):
        check_round_trip(tmp_path, 250, seed=100 + seed)


def test_every_field_of_a_case_has_a_column() -> None:
    """A field that is new in the schema is not silently left out of the sheet."""
    for name, model in columns.ENTRIES.items():
        fields = {column.path[0] for column in columns.SHEETS[name] if column.path}
        assert fields == set(model.model_fields)
    own = {column.path[0] for column in columns.OF_INCIDENTS}
    assert own | columns.ENTRIES.keys() == set(Incident.model_fields)


def test_an_edit_changes_that_row_only_and_comments_stay(folder: Path) -> None:
    """One cell is edited: one row is changed, one file is written, its comments are in it."""
    path = folder / f"{RAID}.yaml"
    path.write_text(path.read_text("utf-8").replace("claims:", "# by rules\nclaims:", 1), "utf-8")
    sheet = exported(folder)

    def edit(rows: Rows) -> None:
        set_cell(rows, "incidents", first_row(rows, "incidents", RAID), "title", "A better title")

    report = book.import_book(edited(sheet, edit), folder)
    changed = [(row.sheet, row.case, row.why) for row in report.rows if row.status != "unchanged"]
    assert changed == [("incidents", RAID, "title")]
    before = casebook.read_case(path)
    book.keep_book(report, author="a", why="b")
    assert casebook.read_case(path) == before.model_copy(update={"title": "A better title"})
    assert "# by rules" in path.read_text("utf-8")


def test_refused_rows_name_cell_and_remedy_and_stop_no_other(folder: Path) -> None:
    """Five kinds of bad cells are refused each by itself; a good edit beside them is taken."""
    sheet = exported(folder)
    at: dict[str, int] = {}

    def edit(rows: Rows) -> None:
        at["claim"] = first_row(rows, "claims", RAID)
        set_cell(rows, "claims", at["claim"], "codes", "AF9999")
        set_cell(rows, "claims", at["claim"] + 1, "killed_min", "many")
        set_cell(rows, "claims", at["claim"] + 2, "role", "rumour")
        at["evidence"] = first_row(rows, "evidence", RAID)
        set_cell(rows, "evidence", at["evidence"], "source", "nowhere")
        set_cell(rows, "sources", first_row(rows, "sources", RAID), "published", "1402/2/18")
        set_cell(rows, "incidents", first_row(rows, "incidents", RAID), "title", "Edited")

    report = book.import_book(edited(sheet, edit), folder)
    refused = {(row.sheet, row.column): row for row in report.rows if row.status == "refused"}
    assert {key: row.value for key, row in refused.items()} == {
        ("claims", "codes"): "AF9999",
        ("claims", "killed_min"): "many",
        ("claims", "role"): "rumour",
        ("evidence", "source"): "nowhere",
        ("sources", "published"): "1402/2/18",
    }
    assert refused["claims", "codes"].row == at["claim"]
    assert "geoloc find" in refused["claims", "codes"].todo
    assert "whole number" in refused["claims", "killed_min"].why
    assert "rival" in refused["claims", "role"].todo
    assert "Gregorian" in refused["sources", "published"].why
    before = casebook.read_case(folder / f"{RAID}.yaml")
    book.keep_book(report, author="a", why="b")
    after = casebook.read_case(folder / f"{RAID}.yaml")
    assert after == before.model_copy(update={"title": "Edited"})


def test_a_comma_that_may_mean_thousands_is_refused() -> None:
    """1,500 is 1500 to one and 1.5 to another; 0,500 and 1,5 have one meaning."""
    column = next(c for c in columns.SHEETS["drawings"] if c.kind == "number")
    for text in ("1,500", "-12,000", "۱,۵۰۰"):
        with pytest.raises(columns.CellError, match="thousands or decimals"):
            columns.meant(column, text)
    told = {text: columns.meant(column, text) for text in ("0,500", "1,5", "1500,250", "1.500")}
    assert told == {"0,500": 0.5, "1,5": 1.5, "1500,250": 1500.25, "1.500": 1.5}


def test_rows_that_are_gone_or_new(folder: Path) -> None:
    """A deleted row deletes nothing and is told; a row without a number is a new entry, once."""
    sheet = exported(folder)

    def edit(rows: Rows) -> None:
        first = first_row(rows, "claims", RAID)
        new = list(rows["claims"][first - 1])
        new[1], new[rows["claims"][0].index("claimant")] = "", "Somebody else"
        del rows["claims"][first - 1]
        rows["claims"].append(new)

    report = book.import_book(edited(sheet, edit), folder)
    assert any("stand in no row" in note for note in report.notes)
    before = casebook.read_case(folder / f"{RAID}.yaml").claims
    book.keep_book(report, author="a", why="b")
    after = casebook.read_case(folder / f"{RAID}.yaml").claims
    assert after[:-1] == before
    assert after[-1].claimant == "Somebody else"
    again = book.import_book(sheet, folder)
    assert [c.changes for c in again.cases] == []


def test_a_stale_sheet_overwrites_nothing(folder: Path) -> None:
    """A case that was changed since the sheet was written is not changed by it."""
    sheet = exported(folder)
    path = folder / f"{RAID}.yaml"
    path.write_text(path.read_text("utf-8") + "# a colleague's note\n", "utf-8")

    def edit(rows: Rows) -> None:
        set_cell(rows, "incidents", first_row(rows, "incidents", RAID), "title", "Late")

    report = book.import_book(edited(sheet, edit), folder)
    assert report.cases == ()
    assert [row.why for row in report.rows if row.status == "refused"] == [
        "the case file was changed since the sheet was written"
    ]


def test_a_file_that_changes_between_asking_and_writing_is_kept(folder: Path) -> None:
    """What was compared is what is replaced, or nothing is."""

    def edit(rows: Rows) -> None:
        set_cell(rows, "incidents", first_row(rows, "incidents", RAID), "title", "Late")

    report = book.import_book(edited(exported(folder), edit), folder)
    path = folder / f"{RAID}.yaml"
    path.write_text(path.read_text("utf-8") + "# meanwhile\n", "utf-8")
    with pytest.raises((InputError, OutputError), match="changed"):
        book.keep_book(report, author="a", why="b")
    assert path.read_text("utf-8").endswith("# meanwhile\n")


def test_a_sheet_made_by_hand_is_enough(tmp_path: Path) -> None:
    """Few columns, Persian digits and a comma in a list: two rows make a case."""
    path = tmp_path / "hand.xlsx"
    with tables.new_workbook(path) as made_book:
        for name, lines in {
            "Incidents": [
                ["ID", "Title", "Date", "Summary", "geolocation status", "geolocation reason"],
                ["2024-01-31-x", "A raid", "۲۰۲۴-۰۱-۳۱", "s", "not-stated", "Not looked for."],
            ],
            "claims": [
                ["incident", "claimant", "codes", "killed_min", "says"],
                ["2024-01-31-x", "X", "AF0104، AF-KBL-PD8", "۵", "five"],
            ],
        }.items():
            sheet = made_book.add_worksheet(name)
            for number, line in enumerate(lines):
                sheet.write_row(number, 0, line)
    report = book.import_book(path, tmp_path / "new")
    book.keep_book(report, author="a", why="b")
    case = casebook.read_case(tmp_path / "new/2024-01-31-x.yaml")
    assert case.claims[0].codes == ("AF0104", "AF-KBL-PD8")
    assert case.claims[0].killed == casebook.Count(min=5)
    assert (tmp_path / "new" / casebook.SCHEMA_FILE).exists()


@pytest.mark.parametrize("case_id", ["../../x", "2024-01-31-../x", "/etc/x", "2024-01-31-x\0y"])
def test_an_id_cannot_leave_the_folder(tmp_path: Path, case_id: str) -> None:
    """An id is a file's name, and one with a path in it is refused."""
    path = tmp_path / "hand.xlsx"
    with tables.new_workbook(path) as made_book:
        sheet = made_book.add_worksheet("incidents")
        sheet.write_row(0, 0, ["id", "title", "date", "summary"])
        sheet.write_row(1, 0, [case_id, "t", "2024-01-31", "s"])
    report = book.import_book(path, tmp_path / "a/b/cases")
    assert [row.status for row in report.rows] == ["refused"]
    assert report.cases == ()


def test_the_sheet_helps_to_fill_it_in(folder: Path) -> None:
    """Headers stay in sight and have notes, and words to choose from are offered."""
    import zipfile

    with zipfile.ZipFile(exported(folder)) as archive:
        claims = archive.read("xl/worksheets/sheet2.xml").decode()
        notes = archive.read("xl/comments2.xml").decode()
    assert 'state="frozen"' in claims
    assert '"claim,rival,report"' in claims
    assert "incidents!$A$2" in claims
    assert "geoloc find shows them" in notes


def test_import_asks_before_it_writes(shell: Shell, folder: Path, tmp_path: Path) -> None:
    """Without a yes nothing is there; with --yes it is, and the report is one JSON document."""
    sheet, into = exported(folder), tmp_path / "new"
    asked = shell("case", "import", sheet, "--into", into)
    assert (asked.status, "Nothing was written." in asked.out) == (0, True)
    assert not into.exists()
    dry = shell("case", "import", sheet, "--into", into, "--json").json
    assert (len(dry["cases"]), dry["written"]) == (6, [])
    done = shell("case", "import", sheet, "--into", into, "--yes", "--json").json
    assert {row["status"] for row in done["rows"]} == {"taken"}
    assert len(done["written"]) == 6
    assert shell("case", "import", sheet, "--into", into).out.endswith("nothing to write.\n")


def test_export_and_import_by_command(shell: Shell, folder: Path, tmp_path: Path) -> None:
    """One case goes out and comes in; the output says what to type next and fits 100 columns."""
    sheet = tmp_path / "one.xlsx"
    out = shell("case", "export", RAID, "-o", sheet, "--cases", folder)
    assert out.out.splitlines()[-1].startswith("Next: edit it, then geoloc case import ")

    def edit(rows: Rows) -> None:
        set_cell(rows, "claims", 2, "codes", "AF9999")
        set_cell(rows, "claims", 2, "says", "\x1b[31m")

    done = shell("case", "import", edited(sheet, edit), "--into", folder)
    assert "AF9999" in done.out
    assert "\x1b" not in done.out
    assert max(map(len, done.out.splitlines())) <= 100
    assert shell("case", "import", tmp_path / "none.xlsx").status == 2
