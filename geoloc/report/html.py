"""A report as one HTML file that loads nothing, runs nothing and sends nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path

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

_HERE = Path(__file__).parent
_VENDOR = _HERE.parent / "browser/vendor"
# Family, weight and file; a browser or weasyprint takes each letter from the first that has it.
_FONTS = (
    ("Vazirmatn Latin", 400, "vazirmatn-latin-400.woff2"),
    ("Vazirmatn Latin", 700, "vazirmatn-latin-700.woff2"),
    ("Vazirmatn", 400, "vazirmatn-arabic-400.woff2"),
    ("Vazirmatn", 700, "vazirmatn-arabic-700.woff2"),
)
_DEEPEST = 6  # HTML has no smaller heading


def as_html(document: Document) -> bytes:
    """Return a report as one HTML file, UTF-8.

    Its policy allows one style sheet, the one in it, and no script at all; pictures and fonts are
    in the file. Links lead on only when somebody follows them, and say nothing of where from.
    """
    return page(document, fonts() + style("report.css")).encode("utf-8")


def page(document: Document, sheet: str) -> str:
    """Return the page with one style sheet."""
    seal = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{seal}'; img-src data:; font-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    turned = "rtl" if right_to_left(document.language) else "ltr"
    own = document.language
    notices = "".join(_paragraph(notice, own) for notice in document.notices)
    contents = "".join(_entry(section, own) for section in document.sections)
    sections = "".join(_section(section, own, 2) for section in document.sections)
    return (
        f'<!DOCTYPE html>\n<html lang="{own}" dir="{turned}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="author" content="{escape(document.author)}">\n'
        f"<title>{escape(document.title.text)}</title>\n<style>{sheet}</style>\n</head>\n<body>\n"
        f"<header>\n<h1>{_line(document.title, own)}</h1>\n"
        f"<p>{_line(document.subtitle, own)}</p>\n</header>\n"
        f'<nav aria-labelledby="contents">\n'
        f'<h2 id="contents">{_line(document.contents, own)}</h2>\n'
        f"<ul>{contents}</ul>\n</nav>\n<main>\n{notices}\n{sections}</main>\n"
        f"<footer><p>{_line(document.footer, own)}</p></footer>\n</body>\n</html>\n"
    )


def _entry(section: Section, own: str) -> str:
    return f'<li><a href="#{escape(section.key)}">{_line(section.title, own)}</a></li>'


def _section(section: Section, own: str, level: int) -> str:
    key, tag = escape(section.key), f"h{min(level, _DEEPEST)}"
    inside = "\n".join(_block(block, own, level) for block in section.blocks)
    return (
        f'<section aria-labelledby="{key}">\n<{tag} id="{key}">'
        f"{_line(section.title, own)}</{tag}>\n{inside}\n</section>\n"
    )


def _block(block: Block, own: str, level: int) -> str:
    match block:
        case Section():
            return _section(block, own, level + 1)
        case Paragraph():
            return _paragraph(block, own)
        case Items():
            lines = "".join(
                f"<li{_about(item, own)}>{_line(item, own, inside=True)}</li>"
                for item in block.items
            )
            return f'<ul class="{block.kind}">{lines}</ul>'
        case Table():
            return _table(block, own)
        case Facts():
            rows = "".join(
                f'<tr><th scope="row">{_line(name, own)}</th><td>{_cell(cell, own)}</td></tr>'
                for name, cell in block.rows
            )
            return (
                f'<table class="facts">{_caption(block.caption, own)}<tbody>{rows}</tbody></table>'
            )
        case Picture():
            data = base64.b64encode(block.png).decode()
            alternative = escape(block.alternative.text)
            return (
                f'<figure><img src="data:image/png;base64,{data}" alt="{alternative}">'
                f"<figcaption>{_line(block.caption, own)}</figcaption></figure>"
            )


def _paragraph(paragraph: Paragraph, own: str) -> str:
    text = paragraph.text
    return f'<p class="{paragraph.kind}"{_about(text, own)}>{_line(text, own, inside=True)}</p>'


def _table(table: Table, own: str) -> str:
    columns = "".join(f'<col class="w{width}">' for width in table.widths)
    header = "".join(f'<th scope="col">{_line(name, own)}</th>' for name in table.header)
    rows = "".join(f"<tr>{''.join(_cells(row, own))}</tr>" for row in table.rows)
    return (
        f"<table>{_caption(table.caption, own)}<colgroup>{columns}</colgroup>"
        f"<thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _cells(row: tuple[Cell, ...], own: str) -> Iterator[str]:
    first, *others = row
    yield f'<th scope="row">{_cell(first, own)}</th>'
    yield from (f"<td>{_cell(cell, own)}</td>" for cell in others)


def _caption(text: Text, own: str) -> str:
    return f"<caption>{_line(text, own)}</caption>"


def _cell(cell: Cell, own: str) -> str:
    """Return lines of a cell; words in another direction begin at their own side if all are so."""
    apart = all(_about(line, own) for line in cell)
    return "".join(
        f"<div{_about(line, own) if apart else ''}>{_line(line, own, inside=apart)}</div>"
        for line in cell
    )


def _line(text: Text, own: str, *, inside: bool = False) -> str:
    """Return words as an element that keeps their language and direction to themselves.

    `inside` one that does so already, they need not say it again.
    """
    words = escape(text.text)
    if text.link:
        words = f'<a href="{escape(text.link)}" rel="noreferrer noopener">{words}</a>'
    tag = "code" if text.code else "strong" if text.strong else "span"
    about = "" if inside else _about(text, own)
    return words if tag == "span" and not about else f"<{tag}{about}>{words}</{tag}>"


def _about(text: Text, own: str) -> str:
    """Return the attributes of words that are not in the report's own language."""
    if text.code:
        return ' dir="ltr"' if right_to_left(own) else ""
    if not text.language or text.language[:2] == own[:2]:
        return ""
    direction = "rtl" if right_to_left(text.language) else "ltr"
    return f' lang="{text.language}" dir="{direction}"'


@cache
def style(name: str) -> str:
    """Return one of the style sheets; report.css with a class for each width of a column."""
    widths = "".join(f".w{share}{{width:{share}%}}" for share in range(1, 100))
    return (_HERE / name).read_text(encoding="utf-8") + widths * (name == "report.css")


@cache
def fonts() -> str:
    """Return the style that brings the fonts."""
    return "".join(_face(family, weight, name) for family, weight, name in _FONTS)


def _face(family: str, weight: int, name: str) -> str:
    content = base64.b64encode((_VENDOR / name).read_bytes()).decode()
    return (
        f"@font-face{{font-family:'{family}';font-weight:{weight};"
        f"src:url(data:font/woff2;base64,{content}) format('woff2')}}"
    )
