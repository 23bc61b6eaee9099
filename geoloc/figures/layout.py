"""A page of a report: a head, room for what is drawn, its key, notes and credit.

Sizes are those that reports are printed at. Words are measured before the page is made, so that
the page is as high as they need; of a page whose height is given, notes are cut before anything
else. What is read from right to left is laid out from right to left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from matplotlib.font_manager import FontProperties, findfont, fontManager
from matplotlib.ft2font import FT2Font

from geoloc.errors import InputError, OutputError
from geoloc.figures.paper import FONT, GREY, INK, SMALL_PT, Sheet, leading_mm, wrapped
from geoloc.figures.words import Language, balanced, plain

SizeName = Literal["column", "page", "wide"]
Box = tuple[float, float, float, float]  # left, bottom, width, height, mm
Swatch = Callable[[Sheet, float, float], None]  # draws 7 by 3.2 mm from its left and a baseline

SWATCH_MM = 7.0
_KEY_MM = SWATCH_MM + 2.0
_PERSIAN = ("Vazirmatn", FONT)
_FONTS = Path(__file__).parent.parent / "browser/vendor"
_FONT_FILES = ("vazirmatn-arabic-400.ttf", "vazirmatn-arabic-700.ttf")


@dataclass(frozen=True, slots=True)
class Size:
    """One size that figures are printed at."""

    name: SizeName
    width_mm: float
    height_mm: float | None  # None: as high as what is on it
    margin_mm: float
    room_mm: float  # how high the map or chart is, where the height is not given
    side_mm: float  # how wide the words are beside it; 0 where they stand above and below
    columns: int  # of the words below it
    title_pt: float
    text_pt: float
    tallest_mm: float  # that a page can become

    @property
    def inner_mm(self) -> float:
        """Return the width between the margins."""
        return self.width_mm - 2 * self.margin_mm


SIZES = {
    size.name: size
    for size in (
        Size("column", 85, None, 2.5, 74, 0, 1, 8.5, 6.5, 225),
        Size("page", 170, None, 4, 108, 0, 2, 10.5, 7, 250),
        Size("wide", 254, 142.875, 5, 132.875, 84, 1, 11, 7, 142.875),
    )
}


def size_of(name: str) -> Size:
    """Return a size by name, or raise `InputError`."""
    if name not in SIZES:
        told = ", ".join(f"{size.name} ({size.width_mm:g} mm)" for size in SIZES.values())
        raise InputError(f"size must be one of {told}, got {name!r}.")
    return SIZES[name]


def family_of(text: str) -> str | tuple[str, ...]:
    """Return the font for a text: one with every letter of Dari and Pashto, where it has any."""
    if any("\u0600" <= c <= "\u06ff" for c in text):
        _register()
        return _PERSIAN
    return FONT


@cache
def _register() -> None:
    for name in _FONT_FILES:
        path = _FONTS / name
        if not path.exists():
            raise OutputError(f"{path} is missing: install geoloc anew, which gathers its fonts.")
        fontManager.addfont(path)


@dataclass(slots=True)
class Flow:
    """Words and keys that follow each other downwards in one column."""

    language: Language
    width_mm: float
    text_pt: float
    height_mm: float = 0.0
    _items: list[tuple[float, float, Callable[[Sheet, float, float], None]]] = field(
        default_factory=list
    )

    def gap(self, height_mm: float) -> None:
        """Leave room."""
        if self._items:
            self.height_mm += height_mm

    def say(self, text: str, pt: float | None = None, *, most: int = 99, **style: Any) -> None:
        """Write a paragraph of at most so many lines."""
        self._lines(text, pt or self.text_pt, 0.0, most, style)

    def key(self, swatch: Swatch, text: str, *, more: str = "", most: int = 4) -> None:
        """Explain what a swatch means; `more` is set smaller below."""
        top = self.height_mm
        self._add(0.0, leading_mm(self.text_pt) * 0.78, self._swatch(swatch))
        self.height_mm = top
        self._lines(text, self.text_pt, _KEY_MM, most, {})
        if more:
            self._lines(more, SMALL_PT, _KEY_MM, most, {"color": GREY})
        self.height_mm = max(self.height_mm, top + 4.2) + 0.7

    def _swatch(self, swatch: Swatch) -> Callable[[Sheet, float, float], None]:
        def draw(sheet: Sheet, left: float, baseline: float) -> None:
            at = left + self.width_mm - SWATCH_MM if self.language.leftwards else left
            swatch(sheet, at, baseline)

        return draw

    def _lines(
        self, text: str, pt: float, indent_mm: float, most: int, style: dict[str, Any]
    ) -> None:
        family, weight = family_of(text), style.get("weight", "normal")
        lines = wrapped(text, self.width_mm - indent_mm, pt, weight, family)
        if len(lines) > most:
            lines = [*lines[: most - 1], lines[most - 1].rstrip(" ,;:.") + " …"]
        for line in balanced(lines):
            self._add(
                leading_mm(pt), leading_mm(pt) * 0.78, self._write(line, text, pt, indent_mm, style)
            )

    def _write(
        self, line: str, text: str, pt: float, indent_mm: float, style: dict[str, Any]
    ) -> Callable[[Sheet, float, float], None]:
        whole: dict[str, Any] = {"color": INK, "family": family_of(line), **style}

        # A Latin paragraph begins each of its lines on the left; one line alone keeps to its key.
        latin = line != text and self.language.is_latin(text)
        rightmost = self.language.leftwards and not latin
        inner_mm = 0.0 if self.language.leftwards else indent_mm
        words = self.language.line(line, text)

        def draw(sheet: Sheet, left: float, baseline: float) -> None:
            if rightmost:
                at = left + self.width_mm - indent_mm
                sheet.write(words, (at, baseline), pt, ha="right", **whole)
            else:
                sheet.write(words, (left + inner_mm, baseline), pt, **whole)

        return draw

    def _add(
        self, height_mm: float, drop_mm: float, draw: Callable[[Sheet, float, float], None]
    ) -> None:
        self._items.append((self.height_mm + drop_mm, self.height_mm + height_mm, draw))
        self.height_mm += height_mm

    def cut(self, room_mm: float) -> None:
        """Keep what fits a height."""
        if self.height_mm > room_mm:
            self._items = [item for item in self._items if item[1] <= room_mm]
            self.height_mm = max((item[1] for item in self._items), default=0.0)

    def draw(self, sheet: Sheet, left: float, top: float) -> None:
        """Write everything, downwards from a corner in millimetres."""
        for drop_mm, _, draw in self._items:
            draw(sheet, left, top - drop_mm)


class Layout:
    """The words of one page, and where what is drawn has its room."""

    def __init__(self, size: str, language: str) -> None:
        self.size, self.language = size_of(size), Language(language)
        wide = self.size.side_mm or self.size.inner_mm
        half = (wide - 4 * (self.size.columns - 1)) / self.size.columns
        self.head = Flow(self.language, wide, self.size.text_pt)
        self.keys = Flow(self.language, half, self.size.text_pt)
        self.notes = Flow(self.language, half, self.size.text_pt)
        self.credit = Flow(self.language, wide, SMALL_PT)

    @property
    def room_width_mm(self) -> float:
        """Return how wide what is drawn can be."""
        beside = self.size.side_mm + 4 if self.size.side_mm else 0
        return self.size.inner_mm - beside

    def sheet(self, room_mm: float | None = None) -> tuple[Sheet, Box]:
        """Return the page with its words, and the room for what is drawn.

        Parameters
        ----------
        room_mm : float, optional
            How high that is, where the page's height is not given; by default the size's.
        """
        if self.size.side_mm:
            return self._beside()
        return self._below(room_mm or self.size.room_mm)

    def _beside(self) -> tuple[Sheet, Box]:
        size, margin = self.size, self.size.margin_mm
        height = size.height_mm or 0.0
        inner = height - 2 * margin
        rest = inner - self.head.height_mm - self.credit.height_mm - 6
        self.keys.cut(rest)
        self.notes.cut(rest - self.keys.height_mm - 2)
        sheet = Sheet(size.width_mm, height)
        mirrored = self.language.leftwards
        left = margin if mirrored else size.width_mm - margin - size.side_mm
        top = height - margin
        for flow in (self.head, self.keys, self.notes):
            flow.draw(sheet, left, top)
            top -= flow.height_mm + 2
        self.credit.draw(sheet, left, margin + self.credit.height_mm)
        at = margin + size.side_mm + 4 if mirrored else margin
        return sheet, (at, margin, self.room_width_mm, inner)

    def _below(self, room_mm: float) -> tuple[Sheet, Box]:
        size, margin = self.size, self.size.margin_mm
        fixed = self.head.height_mm + self.credit.height_mm + room_mm + 2 * margin + 6
        rest = size.tallest_mm - fixed
        self.keys.cut(rest)
        self.notes.cut(rest if size.columns > 1 else rest - self.keys.height_mm - 1)
        both = self.keys.height_mm, self.notes.height_mm
        words_mm = max(both) if size.columns > 1 else sum(both) + 1
        sheet = Sheet(size.width_mm, fixed + words_mm)
        top = sheet.height_mm - margin
        self.head.draw(sheet, margin, top)
        top -= self.head.height_mm + 2
        room = margin, top - room_mm, size.inner_mm, room_mm
        top -= room_mm + 2.5
        starts = [margin, margin + self.keys.width_mm + 4]
        if size.columns == 1:
            self.keys.draw(sheet, margin, top)
            self.notes.draw(sheet, margin, top - self.keys.height_mm - 1)
        else:
            first, second = reversed(starts) if self.language.leftwards else starts
            self.keys.draw(sheet, first, top)
            self.notes.draw(sheet, second, top)
        self.credit.draw(sheet, margin, margin + self.credit.height_mm)
        return sheet, room


def outside(text: str, most: int = 200) -> str:
    """Return words from outside as a figure can hold them, cut to so many characters.

    A letter that neither font has is shown as one that is unknown.
    """
    known = _letters()
    shown = "".join(c if ord(c) in known else "\ufffd" for c in plain(text))
    return shown if len(shown) <= most else shown[: most - 1].rstrip() + "…"


@cache
def _letters() -> frozenset[int]:
    """Return the characters that can be drawn, plain and bold."""
    faces = [findfont(FontProperties(family=FONT, weight=weight)) for weight in (400, 700)]
    plainly, boldly = (set(FT2Font(face).get_charmap()) for face in faces)
    persian = (set(FT2Font(_FONTS / name).get_charmap()) for name in _FONT_FILES)
    return frozenset((plainly & boldly) | set.intersection(*persian))
