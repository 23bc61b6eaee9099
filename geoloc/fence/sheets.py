"""Tables from outside as rows of cells: text with its encoding and delimiter found out, and XLSX.

A workbook is a zip archive of XML. It is looked at whole before a reader sees it: every part is
parsed once for what may not be there (a document type, a cell at the far corner, text that is
referred to until it fills the memory), and only the parts that hold cells are packed anew for it.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from geoloc.fence import plain_xml
from geoloc.fence.child import RefusedError

_DELIMITERS = (",", ";", "\t", "|")
_LONGEST_CELL = 20_000_000  # characters; a province's line has a tenth
_MOST_CELLS = 10_000_000  # of one sheet, the empty ones between them included
_MOST_EMPTY = 2_000_000  # from which on a sheet may not be almost empty
_MOST_TEXT = 100_000_000  # characters that the cells of a sheet may refer to


@dataclass(slots=True)
class FoundSheet:
    """One sheet as it was found; a cell is text, number, truth, date, time or None."""

    name: str
    rows: list[list[Any]]
    notes: list[str] = field(default_factory=list)


def delimiter_of(lines: list[str]) -> str:
    """Return what divides the header into the most cells while most other rows have as many."""
    best, most = ",", 1
    for delimiter in _DELIMITERS:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        same = sum(width == widths[0] for width in widths[1:])
        if widths[0] > most and 2 * same >= len(widths) - 1:
            best, most = delimiter, widths[0]
    if most == 1:  # one column: whatever stands in no line, so that no cell is cut
        return next((each for each in _DELIMITERS if not any(each in ln for ln in lines)), "\t")
    return best


def read_text(content: bytes, name: str) -> FoundSheet:
    """Return a text table's rows, blank ones as empty lists; an empty cell is None."""
    text, notes = _decoded(content)
    said = re.match(r'"?sep=(.)"?\r?\n', text)  # Excel's own first line
    body = text[said.end() :] if said else text
    # Not by splitlines, for which more signs end a line than for a table.
    lines = [f"{line}\n" for line in re.split("\r\n|\r|\n", body[:200_000]) if line.strip()][:40]
    if not lines:
        raise RefusedError("is empty; its first line must name the columns")
    csv.field_size_limit(_LONGEST_CELL)
    delimiter = said[1] if said else delimiter_of(lines)
    try:
        reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
        rows = [[cell if cell.strip() else None for cell in row] for row in reader]
    except csv.Error as error:
        raise RefusedError(f"is no table: {error}") from error
    return FoundSheet(name, [[], *rows] if said else rows, notes)


def _decoded(content: bytes) -> tuple[str, list[str]]:
    """Return the text, and a note where its encoding had to be guessed."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return _strictly(content, encoding), []
    nul = {at % 2 for at, byte in enumerate(content[:4096]) if not byte}
    if len(nul) == 1:  # of every comma and digit in 16 bits, one byte is 0
        text = _strictly(content, "utf-16-be" if 0 in nul else "utf-16-le")
        if re.search(r"[\x01-\x08\x0e-\x1f]", text):
            raise RefusedError("is no table: it holds bytes that no text has")
        return text, []
    try:
        return _strictly(content, "utf-8"), []
    except RefusedError:
        if b"\0" in content:
            raise
    # Of the two old encodings here, only the Arabic one has letters where Persian would need them.
    arabic = content.decode("cp1256", "replace")
    persian = len(re.findall(r"[\u0621-\u06cc]{2}", arabic)) > 0
    encoding = "cp1256" if persian else "cp1252"
    words = "Windows-1256 (Arabic, Persian)" if persian else "Windows-1252 (western)"
    note = f"The text is not UTF-8 and was read as {words}; check the names."
    return (arabic if persian else content.decode(encoding, "replace")), [note]


def _strictly(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise RefusedError(f"is no text in {encoding.upper()} (byte {error.start:,})") from error
    if "\0" in text:
        raise RefusedError("is no table: it holds bytes that no text has")
    return text


def is_workbook(names: Iterable[str]) -> bool:
    """Return whether an archive with these names, in small letters, is an XLSX workbook."""
    return "xl/workbook.xml" in names


def read_workbook(
    archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]
) -> list[FoundSheet]:
    """Return every sheet of an XLSX workbook whose entries have been checked."""
    safe, notes = _packed_anew(archive, entries)
    from python_calamine import CalamineError, SheetTypeEnum, load_workbook

    found = []
    try:
        with load_workbook(safe) as workbook:
            for about in workbook.sheets_metadata:
                if about.typ == SheetTypeEnum.WorkSheet:
                    sheet = workbook.get_sheet_by_name(about.name)
                    rows = sheet.to_python(skip_empty_area=False)
                    cells = [[_plain(cell) for cell in row] for row in rows]
                    found.append(FoundSheet(about.name, cells))
    except (CalamineError, ValueError, KeyError, IndexError) as error:
        raise RefusedError(f"cannot be read as a workbook: {str(error)[:200]}") from error
    if not found:
        raise RefusedError("is a workbook without a sheet of cells")
    found[0].notes += notes
    return found


def _plain(cell: Any) -> Any:
    if isinstance(cell, str):
        return cell if cell.strip() else None
    return cell.total_seconds() / 3600 if isinstance(cell, dt.timedelta) else cell


def _packed_anew(
    archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]
) -> tuple[io.BytesIO, list[str]]:
    """Return a workbook of the parts that hold cells, each of which is plain XML."""
    parts = {
        name: info
        for name, info in entries.items()
        if name.endswith((".xml", ".rels"))
        and not name.startswith(("xl/externallinks/", "xl/drawings/", "docprops/", "customxml/"))
    }
    links = sum(name.startswith("xl/externallinks/") for name in entries)
    macros = "xl/vbaproject.bin" in entries
    notes = [f"{links} link(s) to other workbooks were not followed."] if links else []
    notes += ["Its macros were not looked at."] if macros else []
    strings = _Strings()
    safe = io.BytesIO()
    with zipfile.ZipFile(safe, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        # Shared strings first: only with their lengths can it be told how much text a sheet holds.
        for name in sorted(parts, key=lambda name: not name.endswith("sharedstrings.xml")):
            seen = (
                strings if name.endswith("sharedstrings.xml")
                else _Cells(strings.lengths) if name.startswith("xl/worksheets/")
                else _Nothing()
            )  # fmt: skip
            parser = plain_xml.parser()
            parser.StartElementHandler = seen.start
            parser.CharacterDataHandler = seen.text
            parser.EndElementHandler = seen.end
            with archive.open(parts[name]) as source, packed.open(parts[name].filename, "w") as out:
                for piece in _pieces(source):
                    plain_xml.parse(parser, piece, final=False)
                    out.write(piece)
            plain_xml.parse(parser, b"")
    safe.seek(0)
    return safe, notes


def _pieces(source: Any) -> Iterator[bytes]:
    while piece := source.read(1 << 20):
        yield piece


class _Nothing:
    """Looks at no element."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """See an element begin."""

    def text(self, words: str) -> None:
        """See text."""

    def end(self, name: str) -> None:
        """See an element end."""


class _Strings(_Nothing):
    """Measures every shared string."""

    def __init__(self) -> None:
        self.lengths: list[int] = []
        self._length = 0

    def text(self, words: str) -> None:
        self._length += len(words)

    def end(self, name: str) -> None:
        if plain_xml.local(name) == "si":
            self.lengths.append(self._length)
            self._length = 0


class _Cells(_Nothing):
    """Measures a sheet: how far it reaches, and how much text its cells refer to."""

    def __init__(self, lengths: list[int]) -> None:
        self._lengths = lengths
        self._width = self._height = self._cells = self._characters = 0
        self._shared = False
        self._words: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = plain_xml.local(name)
        if tag == "c":
            self._shared = attributes.get("t") == "s"
            self._cells += 1
            place = re.fullmatch(r"([A-Za-z]{1,3})(\d{1,7})", attributes.get("r", ""))
            if place:
                self._reach(_column(place[1]), int(place[2]))
        elif tag == "row" and attributes.get("r", "").isdecimal():
            self._reach(1, int(attributes["r"][:9]))
        self._words = []

    def _reach(self, column: int, row: int) -> None:
        self._width, self._height = max(self._width, column), max(self._height, row)
        if max(self._width * self._height, self._cells) > _MOST_CELLS:
            raise self._too_far()

    def _too_far(self) -> RefusedError:
        return RefusedError(
            f"has a sheet that reaches to row {self._height:,} and column {self._width:,} with"
            f" {self._cells:,} cells up to there; delete what stands far out, or save it as CSV"
        )

    def text(self, words: str) -> None:
        self._words.append(words)

    def end(self, name: str) -> None:
        tag = plain_xml.local(name)
        if tag == "sheetData" and self._width * self._height > max(_MOST_EMPTY, 50 * self._cells):
            raise self._too_far()
        if self._shared and tag == "v":
            word = "".join(self._words)
            number = int(word) if word.isdecimal() and len(word) < 9 else -1
            if 0 <= number < len(self._lengths):
                self._characters += self._lengths[number]
        if self._characters > _MOST_TEXT:
            raise RefusedError(f"has cells that hold more than {_MOST_TEXT / 1e6:,.0f} MB of text")


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number
