"""The casebook as a spreadsheet, and back: a row an incident, claim, finding, drawing or source.

`write_book` writes all that case files hold but their comments. `import_book` compares a sheet with
the case files row by row and proposes; `keep_book` writes what was proposed. What is not in the
sheet stays as it is in the file: a row that is deleted from a sheet deletes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from geoloc import boundaries, casebook, fence, files, tables
from geoloc.casebook import Incident
from geoloc.casebook.reading import load_yaml, validated
from geoloc.errors import CaseError, InputError, PlaceError, Problem
from geoloc.exchange.columns import (
    CASE,
    ENTRIES,
    NUMBER,
    OF_INCIDENTS,
    SHEETS,
    VERSION,
    CellError,
    Column,
    meant,
    told,
)

_LONG = "long texts"  # the sheet of what fits into no cell: key, part, text
_LONG_CELL = 32_000  # characters; XLSX holds 32,767
_AS_JSON = "@json:"  # before a text that would not come back as it is
_INCIDENTS = "incidents"


def write_book(incidents: Sequence[Incident], path: Path, *, folder: Path | None = None) -> Path:
    """Write cases as a workbook that `import_book` reads back to equal ones.

    Parameters
    ----------
    incidents : sequence of Incident
        As `read_case` returns them.
    path : Path
        An .xlsx file. It holds every coordinate of the cases: it is for those who work on them.
    folder : Path, optional
        Where the cases lie. The sheet then knows their versions, so that it cannot overwrite what
        somebody else changed meanwhile, and names of files in it are written from there.

    Raises
    ------
    InputError
        If the path does not end in .xlsx.
    OutputError
        If it cannot be written; what was there before is untouched.
    """
    if path.suffix.lower() != ".xlsx":
        raise InputError(f"A casebook is written as .xlsx, not as {path.name!r}.")
    rows: dict[str, list[list[Any]]] = {name: [] for name in SHEETS}
    for incident in incidents:
        for name, row in _rows_of(incident, folder):
            rows[name].append(row)
    with files.writing_whole(path) as temporary, tables.new_workbook(temporary) as book:
        _Writer(book).write(rows)
    return Path(path).absolute()


def _rows_of(incident: Incident, folder: Path | None) -> Iterator[tuple[str, list[Any]]]:
    record = incident.model_dump(mode="json", exclude_defaults=True)
    record = _from_folder(record, folder)
    version = None
    if folder is not None and (file := folder / f"{incident.id}.yaml").is_file():
        version = _version_of(file.read_bytes())
    yield _INCIDENTS, [*(told(column, record) for column in OF_INCIDENTS), version]
    for name in ENTRIES:
        for number, entry in enumerate(record.get(name, ()), start=1):
            cells = [told(column, entry) for column in SHEETS[name][2:]]
            yield name, [incident.id, number, *cells]


def _version_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _from_folder(value: Any, folder: Path | None) -> Any:
    """Return names of files as a case file in this folder says them, and not where they lie."""
    if isinstance(value, dict):
        return {name: _from_folder(each, folder) for name, each in value.items()}
    if isinstance(value, list):
        return [_from_folder(each, folder) for each in value]
    if folder is not None and isinstance(value, str) and value.startswith(f"{folder}/"):
        return value.removeprefix(f"{folder}/")
    return value


class _Writer:
    """Writes the sheets: headers that stay in sight, notes, lists to choose from."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._long: list[tuple[int, str]] = []

    def write(self, rows: dict[str, list[list[Any]]]) -> None:
        for name, columns in SHEETS.items():
            sheet = self._sheet(name, columns)
            for number, row in enumerate(rows[name], start=1):
                for place, cell in enumerate(row):
                    self._cell(sheet, number, place, cell)
            self._choices(sheet, columns, len(rows[name]))
        long = self._sheet(_LONG, [Column(n, (), "text", "") for n in ("key", "part", "text")])
        for number, (key, text) in enumerate(self._long, start=1):
            long.write_row(number, 0, [key, number])
            self._cell(long, number, 2, text)

    def _sheet(self, name: str, columns: Sequence[Column]) -> Any:
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 2 if columns[0] is CASE else 1)
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.name, self._head)
            if column.note:
                sheet.write_comment(0, place, column.note, {"x_scale": 2})
        sheet.set_column(0, len(columns) - 1, 18)
        return sheet

    def _cell(self, sheet: Any, row: int, place: int, cell: Any) -> None:
        if cell is None:
            return
        if isinstance(cell, bool):
            sheet.write_boolean(row, place, cell)
        elif isinstance(cell, int | float):
            if float(f"{cell:.16G}") == cell:
                sheet.write_number(row, place, cell)
            else:  # a workbook keeps 16 digits of a number, and a text all
                sheet.write_string(row, place, repr(cell))
        elif isinstance(cell, str):
            sheet.write_string(row, place, self._fitted(cell))
        else:
            sheet.write_datetime(row, place, cell, self._day)

    def _fitted(self, text: str) -> str:
        """Return a text, or the key under which its parts stand in the sheet of long texts."""
        if text.startswith((f"@{_LONG}:", _AS_JSON)) or re.search("[\ufffe\uffff]", text):
            text = _AS_JSON + json.dumps(text)
        if len(text) <= _LONG_CELL:
            return text
        key = 1 + max((key for key, _ in self._long), default=0)
        cuts = range(0, len(text), _LONG_CELL // 2)
        self._long += [(key, text[start : start + _LONG_CELL // 2]) for start in cuts]
        return f"@{_LONG}:{key}"

    def _choices(self, sheet: Any, columns: Sequence[Column], rows: int) -> None:
        last = rows + 1000
        for place, column in enumerate(columns):
            source: Any = list(column.choices)
            if column is CASE:
                source = f"={_INCIDENTS}!$A$2:$A$5000"
            if source:
                rule = {"validate": "list", "source": source, "error_type": "warning"}
                sheet.data_validation(1, place, last, place, rule)


Status = Literal["taken", "changed", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class BookRow:
    """What became of one row of a sheet."""

    sheet: str
    row: int  # as the spreadsheet numbers it, from 1
    case: str  # id of the incident; empty where the row names none
    status: Status
    column: str = ""  # which cell is to be mended
    value: str = ""  # what stands in it
    why: str = ""
    todo: str = ""


@dataclass(frozen=True, slots=True)
class BookCase:
    """A case file that would be written."""

    id: str
    path: Path
    text: str  # all of its YAML
    version: str | None  # of the file that it replaces; None: there is none
    changes: tuple[str, ...]  # fields that are not as they were


@dataclass(frozen=True, slots=True)
class BookReport:
    """What a sheet would do to a folder of cases; nothing is written yet."""

    rows: tuple[BookRow, ...]
    cases: tuple[BookCase, ...]
    notes: tuple[str, ...] = ()

    def count(self, status: Status) -> int:
        """Return how many rows were taken, changed, unchanged or refused."""
        return sum(row.status == status for row in self.rows)


def import_book(sheet: Path, folder: Path) -> BookReport:
    """Compare a spreadsheet with the cases of a folder, and say of every row what it would do.

    Parameters
    ----------
    sheet : Path
        A workbook as `write_book` writes it, or made by hand with the same headers.
    folder : Path
        Of case files; it need not be there.

    Raises
    ------
    FenceError
        If the file is not let in.
    InputError
        If it has no sheet called incidents, claims, evidence, drawings, photos or sources.
    """
    read = _Read(sheet)
    known = _known(folder, read.cases())
    rows: list[BookRow] = list(read.refused)
    cases: list[BookCase] = []
    for case_id in read.cases():
        path, document = known.get(case_id, (None, None))
        proposal = _Proposal(case_id, read, folder, path, document)
        found, case = proposal.settled()
        rows += found
        cases += [case] if case else []
        read.notes += proposal.notes
    order = list(SHEETS)
    rows.sort(key=lambda row: (order.index(row.sheet), row.row))
    return BookReport(tuple(rows), tuple(cases), tuple(read.notes))


def keep_book(report: BookReport, *, author: str, why: str) -> tuple[Path, ...]:
    """Write the case files that a report proposes, each whole or not at all.

    Raises
    ------
    CaseError
        If a file was changed since it was compared; those before it are written.
    OutputError
        If one cannot be written; it is as it was.
    """
    written = tuple(_save(case, author=author, why=why) for case in report.cases)
    for folder in {path.parent for path in written}:
        if not (folder / casebook.SCHEMA_FILE).exists():  # by which editors complete the files
            files.write_whole(folder / casebook.SCHEMA_FILE, casebook.schema())
    return written


def _save(case: BookCase, *, author: str, why: str) -> Path:
    casebook.require_investigable(case.path, case.text)
    casebook.save_case(case.path, case.text, version=case.version, author=author, why=why)
    return case.path


def _known(folder: Path, wanted: Sequence[str]) -> dict[str, tuple[Path, Any]]:
    """Return the files of a folder with what they hold, by the id of the case.

    One that cannot be read is known by its name, and holds None.
    """
    found: dict[str, tuple[Path, Any]] = {}
    for path in casebook.case_files(folder) if folder.is_dir() else ():
        if path.stem not in wanted and not _names(path, wanted):
            continue  # reading YAML takes long
        try:
            document = load_yaml(path)
            found[str(document.get("id", path.stem))] = path, document
        except CaseError:
            found[path.stem] = path, None
    return found


def _names(path: Path, wanted: Sequence[str]) -> bool:
    """Return whether a file holds an id that is wanted, though its own name is another."""
    with contextlib.suppress(OSError):
        text = path.read_text(encoding="utf-8", errors="replace")
        return any(case_id in text for case_id in wanted)
    return False


@dataclass(slots=True)
class _Row:
    """One row of a sheet as it was read."""

    sheet: str
    row: int
    case: str
    number: int | None
    record: dict[str, Any]  # as a case file would have it
    cells: dict[str, Any]  # by column
    version: str | None = None
    entry: Any = None  # the record, once it is valid

    def told(self, status: Status, column: str = "", why: str = "", todo: str = "") -> BookRow:
        """Return what became of it."""
        value = "" if self.cells.get(column) is None else str(self.cells[column])
        shown = value if len(value) <= 60 else value[:57] + "..."
        return BookRow(self.sheet, self.row, self.case, status, column, shown, why, todo)


@dataclass(slots=True)
class _Read:
    """A workbook's rows by sheet."""

    path: Path
    rows: dict[str, list[_Row]] = field(default_factory=dict)
    refused: list[BookRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    columns: dict[str, list[Column]] = field(default_factory=dict)  # that the sheet has
    _long: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = {_plain(each.name): each for each in fence.read_sheets(self.path)}
        if not SHEETS.keys() & found.keys():
            raise InputError(
                f"{self.path.name!r} has no sheet called {', '.join(SHEETS)};"
                " geoloc case export -o book.xlsx writes one to begin with."
            )
        self._long = _long_texts(found.get(_LONG.replace(" ", "_")))
        for name in [*found]:
            if name not in SHEETS and name != _LONG.replace(" ", "_"):
                self.notes.append(f"The sheet {found[name].name!r} was not read.")
        for name, columns in SHEETS.items():
            self.rows[name] = []
            if name in found:
                self._read(name, columns, found[name])

    def cases(self) -> list[str]:
        """Return every incident that a row names, in the sheets' order."""
        return list(dict.fromkeys(row.case for rows in self.rows.values() for row in rows))

    def of(self, name: str, case_id: str) -> list[_Row]:
        """Return the rows of one incident in one sheet."""
        return [row for row in self.rows[name] if row.case == case_id]

    def _read(self, name: str, columns: Sequence[Column], sheet: fence.OutsideSheet) -> None:
        filled = [n for n, row in enumerate(sheet.rows) if any(c is not None for c in row)]
        if not filled:
            return
        header = [_plain(str(cell)) if cell is not None else "" for cell in sheet.rows[filled[0]]]
        by_name = {column.name: column for column in columns}
        self._note_columns(name, header, by_name)
        self.columns[name] = [column for column in columns if column.name in header]
        for at in filled[1:]:
            cells = {
                title: cell
                for title, cell in zip(header, sheet.rows[at], strict=False)
                if title in by_name and cell is not None
            }
            if cells:
                self._take(_Row(name, at + 1, "", None, {}, cells), by_name)

    def _note_columns(self, name: str, header: list[str], known: dict[str, Column]) -> None:
        from rapidfuzz import process

        for title in dict.fromkeys(filter(None, header)):
            if title not in known:
                near = process.extractOne(title, list(known), score_cutoff=70)
                hint = f"; did you mean {near[0]}?" if near else "."
                self.notes.append(f"The column {title[:60]!r} of {name} was not read{hint}")
            elif header.count(title) > 1:
                self.notes.append(f"{name} has the column {title!r} twice; the last was read.")

    def _take(self, row: _Row, columns: dict[str, Column]) -> None:
        """Keep a row whose cells can be read; refuse another."""
        named = columns["id" if row.sheet == _INCIDENTS else CASE.name]
        if named.name not in row.cells:
            what = "names no incident" if row.sheet != _INCIDENTS else "has no id"
            todo = f"Put the id of the incident into {named.name}, e.g. 2024-01-31-kabul-pd8."
            self.refused.append(row.told("refused", named.name, what, todo))
            return
        row.case = str(meant(named, row.cells[named.name])).strip()
        try:
            for title, cell in row.cells.items():
                column, at = columns[title], title
                value = meant(column, self._whole_text(cell))
                if column is NUMBER:
                    row.number = value
                elif column is VERSION:
                    row.version = value
                elif column is not CASE:
                    _put(row.record, column.path, value)
        except CellError as error:
            todo = f"Correct the cell{_belongs(columns[at])}."
            self.refused.append(row.told("refused", at, f"{error}", todo))
            return
        self.rows[row.sheet].append(row)

    def _whole_text(self, cell: Any) -> Any:
        if isinstance(cell, str) and cell.startswith(f"@{_LONG}:"):
            if cell not in self._long:
                raise CellError(f"stands in the sheet {_LONG!r}, which has no such text")
            cell = self._long[cell]
        if isinstance(cell, str) and cell.startswith(_AS_JSON):
            try:
                return json.loads(cell.removeprefix(_AS_JSON))
            except (ValueError, RecursionError):
                raise CellError("begins with @json:, but no JSON follows") from None
        return cell


def _plain(name: str) -> str:
    return "_".join(name.strip().casefold().split())


def _belongs(column: Column) -> str:
    if column.choices:
        return f": one of {', '.join(column.choices)}"
    return f" ({column.note})" if column.note else ""


def _put(record: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for step in path[:-1]:
        record = record.setdefault(step, {})
    record[path[-1]] = value


def _long_texts(sheet: fence.OutsideSheet | None) -> dict[str, str]:
    """Return the texts that fit into no cell, by what stands in the cell instead."""
    found: dict[str, str] = {}
    for row in sheet.rows[1:] if sheet else ():
        if len(row) >= 3 and isinstance(row[0], int | float) and row[2] is not None:
            key = f"@{_LONG}:{int(row[0])}"
            found[key] = found.get(key, "") + str(row[2])
    return found


class _Proposal:
    """What the rows of one incident make of its case file."""

    def __init__(
        self, case_id: str, read: _Read, folder: Path, path: Path | None, document: Any
    ) -> None:
        self.notes: list[str] = []
        self._id, self._read, self._path = case_id, read, path
        self._where = path or folder / f"{case_id}.yaml"
        self._heads = read.of(_INCIDENTS, case_id)
        self._rows = {name: read.of(name, case_id) for name in ENTRIES}
        self._told: dict[int, BookRow] = {}  # by a row's identity
        self._document: Any = document or {}  # of the file as it is
        self._old: Incident | None = None
        self._new: Incident | None = None

    def settled(self) -> tuple[list[BookRow], BookCase | None]:
        """Return what became of each row, and the file to write, if it is to change."""
        try:
            case = self._case()
        except CaseError as error:
            self._refuse_rest(f"{error.problems[0].field} {error.problems[0].message}".strip())
            case = None
        return [self._told.get(id(row)) or row.told("unchanged") for row in self._all()], case

    def _all(self) -> list[_Row]:
        return [*self._heads, *(row for rows in self._rows.values() for row in rows)]

    def _refuse(self, row: _Row, column: str, why: str, todo: str = "") -> None:
        self._told[id(row)] = row.told("refused", column, why, todo or "Correct it.")

    def _refused(self, row: _Row) -> bool:
        return id(row) in self._told and self._told[id(row)].status == "refused"

    def _refuse_rest(self, why: str) -> None:
        for row in self._all():
            if not self._refused(row):
                self._refuse(row, "", why, "Mend what it names, and import again.")

    def _case(self) -> BookCase | None:
        if self._path is not None:
            document = self._document or load_yaml(self._path)  # raises: it cannot be read
            self._old = validated(self._path, document, Incident)
        head = self._head()
        if head is None and self._old is None:
            self._refuse_rest(f"no row of incidents has the id {self._id}, and no case file")
            return None
        valid = {name: list(self._valid(name, rows)) for name, rows in self._rows.items()}
        self._require_sources(valid)
        if not self._together(head, valid):
            return None
        changes = self._changes()
        self._tell(head, valid, changes)
        if not changes or self._stale(head):
            return None
        return self._written(changes)

    def _head(self) -> _Row | None:
        """Return the one row of the incident itself."""
        for row in self._heads[1:]:
            why = f"has the id of row {self._heads[0].row}, and an incident has one row"
            self._refuse(row, "id", why, "Delete one of them, or give it another id.")
        return self._heads[0] if self._heads else None

    def _valid(self, name: str, rows: list[_Row]) -> Iterator[_Row]:
        """Yield the rows that are valid records; each knows the entry that it is about."""
        taken: dict[int, int] = {}
        for row in rows:
            if row.number is not None and row.number in taken:
                why = f"has the number of row {taken[row.number]}"
                self._refuse(row, "number", why, "Leave number empty for a new entry.")
                continue
            try:
                row.record = {**self._unsaid(name, row), **row.record}
                row.entry = validated(self._where, _with_line(row.record, row.row), ENTRIES[name])
                _require_known(row.entry)
            except CaseError as error:
                self._refuse_by(row, name, error.problems[0])
                continue
            except PlaceError as error:
                column = "codes" if name == "claims" else "within"
                self._refuse(row, column, str(error), "geoloc find NAME shows the codes.")
                continue
            if row.number is None:  # a sheet that is imported twice adds nothing the second time
                row.number = self._equal(name, row.entry, taken)
            if row.number is not None:
                taken[row.number] = row.row
            yield row
        self._note_missing(name, rows)

    def _there(self, name: str) -> Sequence[Any]:
        return getattr(self._old, name) if self._old else ()

    def _unsaid(self, name: str, row: _Row) -> dict[str, Any]:
        """Return what the file says in fields for which the sheet has no column."""
        if row.number is None or not 1 <= row.number <= len(self._there(name)):
            return {}
        said = {column.path[0] for column in self._read.columns[name] if column.path}
        entry = self._document[name][row.number - 1]
        return {key: value for key, value in entry.items() if key not in said}

    def _equal(self, name: str, entry: Any, taken: dict[int, int]) -> int | None:
        numbers = enumerate(self._there(name), start=1)
        return next((n for n, there in numbers if there == entry and n not in taken), None)

    def _note_missing(self, name: str, rows: list[_Row]) -> None:
        numbers = {row.number for row in rows}
        count = sum(n not in numbers for n in range(1, len(self._there(name)) + 1))
        if count:
            self.notes.append(
                f"{self._id}: {count} of its {name} stand in no row; they stay as they are. To take"
                " one out, delete it in the case file."
            )

    def _refuse_by(self, row: _Row, name: str, problem: Problem) -> None:
        """Refuse a row by a problem of its record."""
        steps = problem.field.replace("[", ".").split(".")
        column = next(
            (c for c in SHEETS[name] if c.path and list(c.path) == steps[: len(c.path)]), None
        )
        if column is None:
            self._refuse(row, "", f"{problem.field} {problem.message}".strip())
            return
        inner = problem.field != ".".join(column.path)
        why = f"{problem.field}: {problem.message}" if inner else problem.message
        self._refuse(row, column.name, why, f"Correct {column.name}{_belongs(column)}.")

    def _require_sources(self, rows: dict[str, list[_Row]]) -> None:
        """Refuse rows that cite a source which is not there."""
        known = {each["id"] for each in self._lists(rows).get("sources", ())} | {
            source.id for source in self._there("sources")
        }
        for name in ("claims", "evidence", "drawings", "photos"):
            column = "sources" if name == "drawings" else "source"
            for row in rows[name]:
                cited = getattr(row.entry, column)
                cited = cited if isinstance(cited, tuple) else (cited,)
                if missing := [each for each in cited if each and each not in known]:
                    why = f"{missing[0]!r} is in no row of sources that was taken"
                    self._refuse(row, column, why, "Add the source, or correct its id.")
            rows[name] = [row for row in rows[name] if not self._refused(row)]

    def _together(self, head: _Row | None, rows: dict[str, list[_Row]]) -> bool:
        """Find what makes a valid case of the fields and rows, by leaving out one if need be."""
        why, column = self._problem(head, rows)
        if not why:
            return True
        for name in rows:
            for row in list(rows[name]):
                rows[name].remove(row)
                if self._differs(name, row) and not self._problem(head, rows)[0]:
                    self._refuse(row, "", why)
                    return True
                rows[name].append(row)
        if head:
            self._refuse(head, column, why)
        if head and self._old and not self._problem(None, rows)[0]:
            return True
        self._refuse_rest(f"the case would not be valid: {why}")
        return False

    def _problem(self, head: _Row | None, rows: dict[str, list[_Row]]) -> tuple[str, str]:
        """Return what is wrong with the case that these make, and in which column; or nothing."""
        document = {**self._document, **self._fields(head), **self._lists(rows)}
        document = {name: value for name, value in document.items() if value is not None}
        try:
            self._new = validated(self._where, _with_line(document, 1), Incident)
            self._wanted = document
        except CaseError as error:
            problem = error.problems[0]
            column = problem.field.replace("geolocation.", "geolocation_")
            if column in {each.name for each in OF_INCIDENTS}:
                return problem.message, column
            return f"{problem.field} {problem.message}".strip(), ""
        return "", ""

    def _fields(self, head: _Row | None) -> dict[str, Any]:
        """Return the incident's own fields for which the sheet has columns; None is empty."""
        if head is None or self._refused(head):
            return {}
        said = dict.fromkeys(c.path[0] for c in self._read.columns[_INCIDENTS] if c.path)
        return {name: head.record.get(name) for name in said}

    def _lists(self, rows: dict[str, list[_Row]]) -> dict[str, Any]:
        """Return the entries of each sheet: the file's, those of the sheet in their places."""
        found: dict[str, Any] = {}
        for name, mine in rows.items():
            there = list(self._document.get(name) or ())
            for row in sorted(mine, key=lambda row: (row.number is None, row.number, row.row)):
                if row.number is None or not 1 <= row.number <= len(self._there(name)):
                    there.append(row.record)
                elif self._differs(name, row):
                    there[row.number - 1] = row.record
            if there:
                found[name] = there
        return found

    def _differs(self, name: str, row: _Row) -> bool:
        """Return whether a row says something that the file does not."""
        there = self._there(name)
        known = row.number is not None and 1 <= row.number <= len(there)
        return not known or bool(there[(row.number or 1) - 1] != row.entry)

    def _changes(self) -> dict[str, Any]:
        """Return the fields that are not as they were; None for one that is taken out."""
        names = Incident.model_fields
        if self._old is None:
            return {name: self._wanted[name] for name in names if name in self._wanted}
        return {
            name: self._wanted.get(name)
            for name in names
            if getattr(self._old, name) != getattr(self._new, name)
        }

    def _tell(
        self, head: _Row | None, rows: dict[str, list[_Row]], changes: dict[str, Any]
    ) -> None:
        if head and not self._refused(head):
            own = [name for name in changes if name not in ENTRIES]
            status: Status = "taken" if self._old is None else "changed" if own else "unchanged"
            self._told[id(head)] = head.told(status, why=", ".join(own) if self._old else "")
        for name, mine in rows.items():
            for row in mine:
                known = row.number is not None and 1 <= row.number <= len(self._there(name))
                status = "unchanged" if known else "taken"
                if known and self._differs(name, row):
                    status = "changed"
                self._told[id(row)] = row.told(status)

    def _stale(self, head: _Row | None) -> bool:
        """Refuse what would change a file that was changed since the sheet was written."""
        stated = head.version if head else None
        if stated is None or self._path is None:
            return False
        if stated == _version_of(self._path.read_bytes()):
            return False
        for row in self._all():
            if not self._refused(row) and self._told[id(row)].status != "unchanged":
                why = "the case file was changed since the sheet was written"
                self._refuse(row, "", why, "Export the sheet anew, and make the change there.")
        return True

    def _written(self, changes: dict[str, Any]) -> BookCase | None:
        """Return the file's new text, after reading it as any case file is read."""
        old = self._path.read_bytes() if self._path else None
        begun = old.decode("utf-8-sig") if old else f"{_NEW_FILE}id: {self._id}\n"
        text = casebook.with_changes(begun, changes)
        with tempfile.TemporaryDirectory(prefix="geoloc-book-") as scratch:
            trial = Path(scratch) / self._where.name
            trial.write_text(text, encoding="utf-8", newline="")
            casebook.read_case(trial)
        version = None if old is None else _version_of(old)
        return BookCase(self._id, self._where, text, version, tuple(changes))


_NEW_FILE = f"# yaml-language-server: $schema={casebook.SCHEMA_FILE}\n"


def _with_line(value: Any, line: int) -> Any:
    """Return a record whose every part says that it stands in this line, as YAML's do."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(value, dict):
        fields = CommentedMap({name: _with_line(each, line) for name, each in value.items()})
        for name in fields:
            fields.lc.add_kv_line_col(name, [line - 1, 0, line - 1, 0])
        fields.lc.line, fields.lc.col = line - 1, 0
        return fields
    if isinstance(value, list):
        entries = CommentedSeq([_with_line(each, line) for each in value])
        for place in range(len(entries)):
            entries.lc.add_idx_line_col(place, [line - 1, 0])
        entries.lc.line, entries.lc.col = line - 1, 0
        return entries
    return value


def _require_known(entry: Any) -> None:
    """Refuse codes of units that there are not.

    Raises
    ------
    PlaceError
        If a code is unknown, or has no line to be within.
    """
    for code in (*getattr(entry, "codes", ()), *getattr(entry, "within", ())):
        lineless = boundaries.unit(code).geometry.is_empty
        if lineless and code in getattr(entry, "within", ()):
            raise PlaceError(f"{code} has no known line to be within.")
