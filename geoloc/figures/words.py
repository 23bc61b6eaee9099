"""What figures say in English, Dari and Pashto, and how each writes numbers, dates and names.

Where the pages say the same (`geoloc/browser/dictionary.js`), the words are the same.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geoloc import boundaries
from geoloc.claims.calendars import gregorian, solar_year
from geoloc.errors import InputError
from geoloc.figures.dictionary import DICTIONARY

if TYPE_CHECKING:
    from geoloc.boundaries import Unit

LANGUAGES = ("en", "fa", "ps")
_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_ISOLATED, _END = "\u2068", "\u2069"  # first strong isolate: its direction stays inside
_RIGHT_TO_LEFT, _LEFT_TO_RIGHT = "\u2067", "\u2066"
# Control, format, surrogate and unassigned characters steer a viewer or break a file; joiners are
# how Persian is spelt.
_STEERING, _KEPT = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}, "\u200c\u200d"


def plain(text: str) -> str:
    """Return words from outside on one line, without what could steer a viewer or break a file."""
    shown = "".join(
        " " if c.isspace() else "\ufffd" if unicodedata.category(c) in _STEERING else c
        for c in text
        if unicodedata.category(c) != "Cf" or c in _KEPT
    )
    return " ".join(shown.split())


@dataclass(frozen=True, slots=True)
class Language:
    """One of the three languages."""

    code: str  # en, fa (Dari) or ps (Pashto)

    def __post_init__(self) -> None:
        if self.code not in LANGUAGES:
            raise InputError(
                f"language must be one of {', '.join(LANGUAGES)} (English, Dari, Pashto), got"
                f" {self.code!r}."
            )

    @property
    def leftwards(self) -> bool:
        """Return whether it is written from right to left."""
        return self.code != "en"

    def t(self, text: str, **values: Any) -> str:
        """Return a text in this language, `{name}` in it replaced by a value.

        A number becomes a number in the digits of the language; words keep their own direction.
        """
        words = text if self.code == "en" else DICTIONARY[text][LANGUAGES.index(self.code) - 1]
        return re.sub(r"\{(\w+)\}", lambda found: self._value(values[found[1]]), words)

    def says(self, text: str) -> bool:
        """Return whether a text is one of those that figures say in every language."""
        return text in DICTIONARY

    def _value(self, value: Any) -> str:
        if isinstance(value, Written):
            return str(value)
        if isinstance(value, int):
            return self.figures(f"{value:,}" if abs(value) >= 10_000 else str(value))
        return f"{_ISOLATED}{value}{_END}" if self.leftwards else str(value)

    def figures(self, text: str) -> str:
        """Return a text with its digits and signs as the language writes them."""
        if not self.leftwards:
            return text
        text = re.sub(r"(?<=\d),(?=\d{3})", "٬", text)
        return re.sub(r"(?<=\d)\.(?=\d)", "٫", text).translate(_DIGITS)

    def line(self, text: str, whole: str | None = None) -> str:
        """Return a line that is laid out in its own direction, whoever draws it.

        Of a text in several lines, `whole` says the direction.
        """
        leftwards = _leftwards(whole or text, self.leftwards)
        if not self.leftwards and not leftwards:
            return text
        return f"{_RIGHT_TO_LEFT if leftwards else _LEFT_TO_RIGHT}{text}{_END}"

    def is_latin(self, text: str) -> bool:
        """Return whether a text is written from left to right."""
        return not _leftwards(text, self.leftwards)

    def percent(self, share: float) -> str:
        """Return whole percent, as verdicts write it: never rounded to certainty."""
        told = boundaries.percent(share)
        if not self.leftwards:
            return told.replace(" ", "\u00a0")
        sign, number = ("", told) if told[0].isdigit() else (told[0], told[2:])
        number = self.figures(number.replace(" %", "٪"))
        return self.t(f"{sign} {{share}}", share=Written(number)) if sign else number

    def km2(self, area: float) -> str:
        """Return an area with its unit."""
        return self.t("{area} km²", area=Written(self.figures(boundaries.km2(area))))

    def km(self, length_km: float) -> str:
        """Return a length with its unit."""
        return self.t("{km} km", km=Written(self.figures(f"{length_km:g}")))

    def position(self, lon: float, lat: float, places: int) -> str:
        """Return latitude and longitude, degrees with so many places, kept on one line."""
        north, east = (self.figures(f"{value:.{places}f}°") for value in (lat, lon))
        if self.leftwards:  # else the sign of degrees leaves its number
            north, east = (f"{_LEFT_TO_RIGHT}{each}{_END}" for each in (north, east))
        return f"{north} {self.t('N')} {east} {self.t('E')}".replace(" ", "\u00a0")

    def month(self, day: dt.date) -> str:
        """Return the name of a Gregorian month."""
        return self.t(_MONTHS[day.month - 1])

    def day(self, day: dt.date) -> str:
        """Return a date: in Dari and Pashto in the solar calendar too, which people live by."""
        common = f"{day.day} {self.month(day)} {day.year}"
        if not self.leftwards:
            return common
        year, month, number = _solar(day)
        return self.figures(f"{number} {self.t(_SOLAR_MONTHS[month - 1])} {year} ({common})")

    def unit(self, unit: Unit, *, kind: bool = False) -> str:
        """Return a unit's name, with its kind if asked for."""
        name = (unit.name_fa or unit.name) if self.leftwards else unit.name
        layer = boundaries.layer_of(unit.code)
        if not kind or layer == "police-districts":
            return name
        sample = "{name} district" if layer == "districts" else "{name} province"
        return self.t(sample, name=name)

    def listed(self, parts: Iterable[str]) -> str:
        """Return several things with commas."""
        return ("، " if self.leftwards else ", ").join(parts)


class Written(str):
    """A number that is written already: it needs no isolation."""

    __slots__ = ()


def _leftwards(text: str, otherwise: bool) -> bool:
    """Return whether a text's first letter outside of isolated words is written leftwards."""
    for character in re.sub(f"{_ISOLATED}[^{_END}]*{_END}", "", text):
        strong = unicodedata.bidirectional(character)
        if strong in ("R", "AL", "L"):
            return strong != "L"
    return otherwise


def balanced(lines: Iterable[str]) -> list[str]:
    """Return lines of one text, each with the isolates that are open in it, opened and closed."""
    whole, depth = [], 0
    for line in lines:
        opened = _ISOLATED * depth + line
        depth = opened.count(_ISOLATED) - opened.count(_END)
        whole.append(opened + _END * depth)
    return whole


def _solar(day: dt.date) -> tuple[int, int, int]:
    year = solar_year(day)
    month = next(m for m in range(12, 0, -1) if gregorian(year, m, 1) <= day)
    return year, month, (day - gregorian(year, month, 1)).days + 1


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_SOLAR_MONTHS = (
    "Hamal", "Sawr", "Jawza", "Saratan", "Asad", "Sunbula", "Mizan", "Aqrab", "Qaws", "Jadi",
    "Dalw", "Hut",
)  # fmt: skip
