"""What a report is made of: a plain value of sections and blocks, the same for every file format.

Words of the report's own are in its language; what somebody told stays as written, with its own
language and direction, in an element of its own. Nothing here knows HTML, PDF or DOCX.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

Kind = Literal["plain", "lead", "note", "warning", "quote", "placeholder"]


@dataclass(frozen=True, slots=True)
class Text:
    """A line of words, clean of what could steer a page or a reader's eye."""

    text: str
    language: str = ""  # BCP 47, where it is not the report's own
    link: str = ""  # http or https, or empty
    code: bool = False  # a hash, an id or a file's name: left to right in any language
    strong: bool = False


Cell = tuple[Text, ...]  # one under the other


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words on their own."""

    text: Text
    kind: Kind = "plain"


@dataclass(frozen=True, slots=True)
class Items:
    """A list without an order."""

    items: tuple[Text, ...]
    kind: Literal["plain", "quotable"] = "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption, a header row, and the first cell of each row as its header."""

    caption: Text
    header: tuple[Text, ...]
    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[int, ...] = ()  # shares of the width, for as many columns


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and their values: a table of two columns without a header row."""

    caption: Text
    rows: tuple[tuple[Text, Cell], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG with what it shows in words, for those who do not see it."""

    png: bytes
    alternative: Text
    caption: Text


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and what stands under it."""

    key: str  # an address inside the file: letters, digits, hyphens
    title: Text
    blocks: tuple[Block, ...]


Block = Paragraph | Items | Table | Facts | Picture | Section


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    language: str  # en, fa or ps
    author: str  # for the file's properties
    title: Text
    subtitle: Text
    contents: Text  # the heading of the table of contents
    footer: Text  # at the foot of every page
    page: Text  # the word for a page
    notices: tuple[Paragraph, ...]
    sections: tuple[Section, ...]


_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # part of how Persian is spelt


def plain(text: str) -> str:
    """Return outside text as one line that steers nothing: control and bidi marks made visible.

    What is left is valid in XML 1.0.
    """
    joined = " ".join(re.split(r"[ \t\r\n]+", text)).strip()
    return "".join(f"<U+{ord(c):04X}>" if _steers(c) else c for c in joined)


def _steers(character: str) -> bool:
    if character in _JOINERS:
        return False
    not_a_character = ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF
    return not_a_character or unicodedata.category(character) in _STEERING


_PASHTO = set("ټډړږښڼېګۍځڅ")


def told(text: str, *, strong: bool = False) -> Text:
    """Return words as somebody wrote them, with the language that their script shows."""
    clean = plain(text)
    return Text(clean, script_of(clean), strong=strong)


def script_of(text: str) -> str:
    """Return `fa` or `ps` for words in Arabic letters, else `en`; empty for none of either."""
    arabic = sum("\u0600" <= c <= "\u06ff" and c.isalpha() for c in text)
    latin = sum(c.isascii() and c.isalpha() for c in text)
    if arabic > latin:
        return "ps" if _PASHTO & set(text) else "fa"
    return "en" if latin else ""


def code(text: str) -> Text:
    """Return a hash, an id or a file's name, which reads left to right in any language."""
    return Text(plain(text), code=True)


def address(url: str) -> Text:
    """Return a web address as text, and as a link if it is plain http or https."""
    shown = plain(url)
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    safe = shown == url and parts.scheme in ("http", "https") and bool(parts.hostname)
    return Text(
        shown, link=url if safe and not re.search(r"""[\s"'<>`\\]""", url) else "", code=True
    )


def right_to_left(language: str) -> bool:
    """Return whether a language is written from right to left."""
    return language[:2] in ("fa", "ps")
