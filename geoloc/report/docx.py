"""A report as a DOCX, to be edited: headings, real tables, alternative texts, right to left."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

from geoloc.errors import OutputError
from geoloc.report.blocks import (
    Block,
    Cell,
    Document,
    Facts,
    Items,
    Paragraph,
    Picture,
    Section,
    Table,
    Text,
    right_to_left,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_EXTRA = "A DOCX needs python-docx: pip install 'geoloc[report]'; or write .html instead."
_WIDE_MM = 176  # A4 without its margins
_DEEPEST = 9  # Word has no smaller heading
_UNDATED = (1980, 1, 1, 0, 0, 0)  # the first day that a ZIP knows
_MARKED = {"warning": "Intense Quote", "note": "Quote", "placeholder": "Intense Quote"}
_FONT = "Arial"  # on every Word, with the Persian and Pashto letters


def as_docx(document: Document) -> bytes:
    """Return a report as a DOCX, A4; the same document gives the same bytes.

    Raises
    ------
    OutputError
        If python-docx is not there.
    """
    try:
        import docx
    except ImportError as error:
        raise OutputError(_EXTRA) from error
    writer = _Writer(docx.Document(), document)
    writer.write()
    _forget_template(writer.file.part.package)
    out = io.BytesIO()
    writer.file.save(out)
    return _undated(out.getvalue())


def _forget_template(package: Any) -> None:
    """Take out what python-docx's template tells of another document: its picture, its program."""
    from docx.opc.constants import RELATIONSHIP_TYPE

    for key, relation in list(package.rels.items()):
        if relation.reltype in (RELATIONSHIP_TYPE.THUMBNAIL, RELATIONSHIP_TYPE.EXTENDED_PROPERTIES):
            del package.rels[key]


def _undated(content: bytes) -> bytes:
    """Return a ZIP whose entries carry no time of writing."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as made, zipfile.ZipFile(out, "w") as kept:
        for name in made.namelist():
            entry = zipfile.ZipInfo(name, _UNDATED)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            kept.writestr(entry, made.read(name))
    return out.getvalue()


class _Writer:
    """Writes one report into one Word file."""

    def __init__(self, file: Any, document: Document) -> None:
        self.file, self.document = file, document
        self.turned = right_to_left(document.language)

    def write(self) -> None:
        """Write everything, in order."""
        self._set_up()
        document = self.document
        self._heading(document.title, 0)
        self._paragraph(document.subtitle)
        for notice in document.notices:
            self._block(notice, 1)
        for section in document.sections:
            self._block(section, 0)

    def _set_up(self) -> None:
        from docx.oxml.ns import qn
        from docx.shared import Mm, Pt, RGBColor

        section = self.file.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(17)
        section.top_margin = section.bottom_margin = Mm(18)
        for style in self.file.styles:
            if style.type is not None and hasattr(style, "font"):
                style.font.name = _FONT
                fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
                for name in ("w:cs", "w:eastAsia", "w:hAnsi"):
                    fonts.set(qn(name), _FONT)
                for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:cstheme", "w:eastAsiaTheme"):
                    fonts.attrib.pop(qn(theme), None)
                if style.name.startswith(("Heading", "Title", "Intense", "Caption")):
                    style.font.color.rgb = RGBColor(0x1A, 0x1A, 0x1A)
        self.file.styles["Normal"].font.size = Pt(10)
        language = self._child(self.file.styles["Normal"].element.get_or_add_rPr(), "w:lang")
        language.set(qn("w:val"), "en-GB" if self.turned else self.document.language)
        language.set(qn("w:bidi"), self.document.language if self.turned else "fa-AF")
        about = self.file.core_properties
        about.title, about.language = self.document.title.text[:255], self.document.language
        about.author = self.document.author[:255]
        about.comments = about.last_modified_by = about.keywords = ""
        for element in list(about._element):
            if element.tag.endswith(("}created", "}modified", "}revision")):
                about._element.remove(element)
        footer = section.footer.paragraphs[0]
        self._run(footer, self.document.footer)
        self._direct(footer, turned=self.turned)

    def _block(self, block: Block, level: int) -> None:
        match block:
            case Section():
                self._heading(block.title, min(level + 1, _DEEPEST))
                for each in block.blocks:
                    self._block(each, level + 1)
            case Paragraph():
                self._paragraph(block.text, _MARKED.get(block.kind))
            case Items():
                for item in block.items:
                    self._paragraph(item, "List Bullet")
            case Table():
                self._caption(block.caption)
                self._table(block.header, block.rows, block.widths)
            case Facts():
                self._caption(block.caption)
                rows = tuple(((name,), cell) for name, cell in block.rows)
                self._table((), rows, (30, 70))
            case Picture():
                self._picture(block)

    def _heading(self, text: Text, level: int) -> None:
        self._fill(self.file.add_heading("", level), text)

    def _paragraph(self, text: Text, style: str | None = None) -> None:
        self._fill(self.file.add_paragraph(style=style), text)

    def _caption(self, text: Text) -> None:
        paragraph = self.file.add_paragraph(style="Caption")
        paragraph.paragraph_format.keep_with_next = True
        self._fill(paragraph, text)

    def _picture(self, picture: Picture) -> None:
        from docx.shared import Mm

        paragraph = self.file.add_paragraph()
        shape = paragraph.add_run().add_picture(io.BytesIO(picture.png))
        if shape.width > Mm(_WIDE_MM):
            shape.height = int(shape.height * Mm(_WIDE_MM) / shape.width)
            shape.width = Mm(_WIDE_MM)
        about = shape._inline.docPr
        about.set("descr", picture.alternative.text)
        about.set("title", picture.caption.text[:255])
        self._caption(picture.caption)

    def _table(
        self, header: Sequence[Text], rows: Sequence[Sequence[Cell]], widths: Sequence[int]
    ) -> None:
        from docx.shared import Mm

        columns = len(header) or len(rows[0])
        table = self.file.add_table(0, columns)
        table.style, table.autofit = "Table Grid", False
        if self.turned:
            _first_after(table._tbl.tblPr, "w:tblStyle", "w:bidiVisual")
        if header:
            row = table.add_row()
            self._child(row._tr.get_or_add_trPr(), "w:tblHeader")
            for cell, name in zip(row.cells, header, strict=True):
                self._cell(cell, (name,), bold=True)
        for each in rows:
            row = table.add_row()
            self._child(row._tr.get_or_add_trPr(), "w:cantSplit")
            for at, (cell, lines) in enumerate(zip(row.cells, each, strict=True)):
                self._cell(cell, lines, bold=not header and at == 0)
        shares = widths or (100 // columns,) * columns
        for column, share in zip(table.columns, shares, strict=True):
            column.width = Mm(_WIDE_MM * share // 100)
            for cell in column.cells:
                cell.width = Mm(_WIDE_MM * share // 100)
        self.file.add_paragraph()

    def _cell(self, cell: Any, lines: Iterable[Text], *, bold: bool) -> None:
        paragraphs = iter(cell.paragraphs)
        for line in lines:
            paragraph = next(paragraphs, None) or cell.add_paragraph()
            self._fill(paragraph, line, bold=bold)

    def _fill(self, paragraph: Any, text: Text, *, bold: bool = False) -> None:
        self._run(paragraph, text, bold=bold)
        self._direct(paragraph, turned=self._is_turned(text))

    def _is_turned(self, text: Text) -> bool:
        if text.code:
            return False
        return right_to_left(text.language) if text.language else self.turned

    def _direct(self, paragraph: Any, *, turned: bool) -> None:
        """Let a paragraph run in its direction, from the side where the report begins."""
        about = paragraph._p.get_or_add_pPr()
        if turned:
            self._child(about, "w:bidi")
        # In Word `left` of a paragraph from right to left is its right.
        if turned != self.turned:
            self._child(about, "w:jc").set(_name("w:val"), "right")

    def _run(self, paragraph: Any, text: Text, *, bold: bool = False) -> None:
        from docx.shared import Pt

        run = paragraph.add_run(text.text)
        if text.strong or bold:
            run.font.bold = run.font.cs_bold = True
        if text.code:
            run.font.name, run.font.size = "Courier New", Pt(8)
        if self._is_turned(text):
            self._child(run._r.get_or_add_rPr(), "w:rtl")
        if text.link:
            self._link(paragraph, run, text.link)

    def _link(self, paragraph: Any, run: Any, address: str) -> None:
        from docx.opc.constants import RELATIONSHIP_TYPE
        from docx.oxml import OxmlElement

        key = paragraph.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        link = OxmlElement("w:hyperlink")
        link.set(_name("r:id"), key)
        run.font.underline = True
        link.append(run._r)
        paragraph._p.append(link)

    @staticmethod
    def _child(parent: Any, name: str) -> Any:
        """Return a child of an element, made if it is not there."""
        from docx.oxml import OxmlElement

        found = parent.find(_name(name))
        if found is None:
            found = OxmlElement(name)
            parent.append(found)
        return found


def _first_after(parent: Any, sibling: str, name: str) -> None:
    """Put a new child behind another: Word wants them in the order of its schema."""
    from docx.oxml import OxmlElement

    parent.find(_name(sibling)).addnext(OxmlElement(name))


def _name(name: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(name))
