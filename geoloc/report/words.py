"""A report's fixed words in English, Dari and Pashto, and how each writes numbers and days."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from functools import lru_cache
from pathlib import Path

from geoloc import boundaries
from geoloc.claims import calendars
from geoloc.errors import InputError
from geoloc.gazetteer import unit_name
from geoloc.report.blocks import Text, plain

LANGUAGES = {"en": "en", "fa": "fa-AF", "ps": "ps"}  # to BCP 47
_FILE = Path(__file__).with_name("words.toml")
_ALMOST = 0.999  # told as `over 99 %`
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_SOLAR_MONTHS = (
    "Hamal", "Sawr", "Jawza", "Saratan", "Asad", "Sunbula", "Mizan", "Aqrab", "Qaws", "Jadi",
    "Dalw", "Hut",
)  # fmt: skip


@lru_cache(maxsize=1)
def dictionary() -> dict[str, tuple[str, str]]:
    """Return each English text with its Dari and its Pashto."""
    read = tomllib.loads(_FILE.read_text(encoding="utf-8"))["words"]
    return {english: (dari, pashto) for english, (dari, pashto) in read.items()}


class Words:
    """One language's words, numbers and days."""

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise InputError(f"A report is in {known}; {language!r} is none of them.")
        self.language = language

    @property
    def turned(self) -> bool:
        """Return whether it is written from right to left."""
        return self.language != "en"

    def say(self, text: str, **values: str | int) -> str:
        """Return a fixed text in the language, `{name}` in it replaced by its value.

        Values keep their direction to themselves; numbers get the language's digits.
        """
        found = text if not self.turned else dictionary()[text][self.language == "ps"]
        return re.sub(r"\{(\w+)\}", lambda name: self._value(values[name[1]]), found)

    def _value(self, value: str | int) -> str:
        if isinstance(value, int):
            return self.digits(str(value))
        return f"\u2068{value}\u2069" if self.turned else value

    def text(self, text: str, *, strong: bool = False, **values: str | int) -> Text:
        """Return a fixed text as a line of the report."""
        return Text(self.say(text, **values), strong=strong)

    def digits(self, text: str) -> str:
        """Return a number's digits and signs as the language writes them; a hash's never."""
        if not self.turned:
            return text
        text = re.sub(r"(\d),(?=\d{3})", r"\1٬", text)
        text = re.sub(r"(\d)\.(?=\d)", r"\1٫", text)
        return text.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))

    def percent(self, share: float) -> str:
        """Return a share from 0 to 1 as whole percent, never rounded to certainty."""
        written = boundaries.percent(share)
        sign, number = written[:2] if written[0] in "<>" else "", written.strip("<> %")
        number = self.digits(number) + ("٪" if self.turned else "\u00a0%")
        if not sign:
            return number
        return self.say("over {number}" if sign[0] == ">" else "under {number}", number=number)

    def probability(self, share: float) -> str:
        """Return a share that was computed: never certainty, whatever was asked for."""
        return self.percent(min(share, _ALMOST))

    def at_least(self, share: float) -> str:
        """Return the share that an area was drawn to hold; it holds a little more."""
        told = self.probability(share)
        return told if share >= _ALMOST else self.say("at least {least}", least=told)

    def factor(self, factor: float) -> str:
        """Return a Bayes factor in two digits, or as `over 1,000,000`."""
        if factor > 1e6:
            return self.say("over {number}", number=self.digits("1,000,000"))
        if factor < 1e-6:
            return self.say("under {number}", number=self.digits("0.000001"))
        return self.digits(f"{factor:,.0f}" if factor >= 10 else f"{factor:.2g}")

    def length(self, length_m: float) -> str:
        """Return a length, in km from 1 km on."""
        if length_m < 1000:
            return self.say("{number} m", number=self.digits(f"{length_m:,.0f}"))
        return self.say("{number} km", number=self.digits(f"{length_m / 1000:,.1f}"))

    def area(self, area_km2: float) -> str:
        """Return an area with two digits or in whole km²."""
        return self.say("{number} km²", number=self.digits(boundaries.km2(area_km2)))

    def count(self, least: int, most: int | None) -> str:
        """Return a number of people as claimed."""
        if most is None:
            return self.say("at least {least}", least=least)
        if least == most:
            return self.digits(str(least))
        return self.say("{least} to {most}", least=least, most=most)

    def day(self, day: dt.date, *, weekday: bool = False) -> str:
        """Return a day; in Dari and Pashto in the Solar Hijri calendar first."""
        name = f"{self.say(_WEEKDAYS[day.weekday()])} " if weekday else ""
        common = f"{day.day} {self.say(_MONTHS[day.month - 1])} {day.year}"
        if not self.turned:
            return f"{name}{common}"
        year = calendars.solar_year(day)
        month, of_month = _solar_day(day, year)
        solar = f"{of_month} {self.say(_SOLAR_MONTHS[month - 1])} {year}"
        return self.digits(f"{name}{solar} ({common})")

    def moment(self, moment: dt.datetime) -> str:
        """Return when a copy was taken, with its zone, in ISO 8601."""
        return moment.isoformat(" ", "seconds" if moment.second else "minutes")

    def unit(self, code: str) -> str:
        """Return a unit's name, in Dari and Pashto with the Latin one beside it."""
        latin, local = unit_name(code), plain(boundaries.unit(code).name_fa)
        if not self.turned or not local:
            return latin
        if "-KBL-" in code:
            return f"{local} (\u2068{latin}\u2069)"
        kind = self.say("Province" if len(code) == 4 else "District")
        return f"{kind} {local} (\u2068{latin}\u2069)"

    def units(self, codes: tuple[str, ...]) -> str:
        """Return the names of units that must all hold."""
        return self.say(", ").join(self.unit(code) for code in codes)


def _solar_day(day: dt.date, year: int) -> tuple[int, int]:
    """Return month and day of a date in its Solar Hijri year."""
    passed = (day - calendars.gregorian(year, 1, 1)).days
    for month in range(1, 13):
        length = calendars.month_days(year, month)
        if passed < length:
            return month, passed + 1
        passed -= length
    raise AssertionError(f"{day} is not in {year}")
