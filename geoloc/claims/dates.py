"""Dates in a text: Gregorian and Solar Hijri, weekdays and days told from another."""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache

from geoloc.claims.calendars import gregorian, solar_year
from geoloc.claims.numbers import value_at
from geoloc.claims.vocabulary import vocabulary
from geoloc.errors import InputError
from geoloc.gazetteer.numerals import ordinals
from geoloc.gazetteer.text import Phrases, Span, Text, Token, Unresolved, phrase

_GREGORIAN_YEARS, _SOLAR_YEARS = range(1970, 2101), range(1300, 1480)
_OPEN_DAYS = 300  # a day without a year lies at most so far after what dates it


@dataclass(frozen=True, slots=True)
class When:
    """A day, or a time from one day to another, that the text names."""

    text: str
    span: Span  # in the original text
    plain: Span
    first: dt.date
    last: dt.date  # the same day, unless it is a period
    from_published: bool = False  # read from the day of publication: `yesterday`, `on Saturday`
    year_assumed: bool = False  # the text gives none beside it
    time: str = ""  # evening, 23:00
    noted: str = ""  # what does not fit in it

    @property
    def is_day(self) -> bool:
        """Return whether it is one day."""
        return self.first == self.last


@dataclass(frozen=True, slots=True)
class _Day:
    """A date as read, before its year is known."""

    start: int  # tokens
    end: int
    day: int | None
    month: int
    year: int | None
    calendar: str  # gregorian, solar or lunar
    unsure: bool = False  # which of two figures is the month


def dates(text: Text, published: dt.date | None) -> tuple[tuple[When, ...], tuple[Unresolved, ...]]:
    """Return the dates of a text in its order, and what could not be dated.

    Parameters
    ----------
    text : Text
    published : date or None
        The day of publication. Without it `on Saturday` cannot be dated, and a day without a year
        takes the year of the nearest date that has one.
    """
    reader = _Reader(text, published)
    return tuple(reader.found()), tuple(reader.unresolved)


class _Reader:
    def __init__(self, text: Text, published: dt.date | None) -> None:
        self._text, self._published = text, published
        self.unresolved: list[Unresolved] = []

    def found(self) -> list[When]:
        days = list(_days(self._text.tokens))
        anchors = [(self._plain(d), w) for d in days if d.year and (w := self._dated(d, d.year))]
        whens = [when for d in days if (when := self._settled(d, anchors))]
        taken = {place for day in days for place in range(day.start, day.end)}
        tokens = self._text.tokens
        written = sorted(whens, key=lambda when: when.plain.start)
        for start, end, back in _told_back(tokens):
            span = Span(tokens[start].span.start, _owned(tokens[end - 1 : end])[0].span.end)
            if taken.isdisjoint(range(start, end)):
                taken.update(range(start, end))
                if beside := _written_beside(self._text, span, written):
                    self._compare(span, back, beside)
                    continue
                whens += self._from_published(span, lambda day, back=back: day - dt.timedelta(back))
        whens.sort(key=lambda when: when.plain.start)
        whens += self._weekdays(whens)
        whens.sort(key=lambda when: when.plain.start)
        whens += self._from_another(whens, taken)
        whens.sort(key=lambda when: when.plain.start)
        return [self._with_time(when) for when in _periods(self._text, whens)]

    def _compare(self, span: Span, back: int, written: When) -> None:
        """Leave open a day told from publication that disagrees with the date written beside it."""
        days = (self._published - written.first).days if self._published else back
        if days != back:
            self._leave(span, f"does not agree with {written.first}, written beside it")

    def _plain(self, day: _Day) -> Span:
        tokens = self._text.tokens
        return Span(tokens[day.start].span.start, tokens[day.end - 1].span.end)

    def _leave(self, span: Span, why: str) -> None:
        words = self._text.words(span)
        self.unresolved.append(Unresolved(words, self._text.original_span(span), why))

    def _dated(self, day: _Day, year: int) -> dt.date | None:
        if day.day is None or day.calendar == "lunar":
            return None
        try:
            if day.calendar == "solar":
                return gregorian(year, day.month, day.day)
            return dt.date(year, day.month, day.day)
        except ValueError:
            return None

    def _settled(self, day: _Day, anchors: list[tuple[Span, dt.date]]) -> When | None:
        span = self._plain(day)
        if day.calendar == "lunar":
            self._leave(span, "a date of the lunar calendar begins by the moon; give the day")
            return None
        if day.day is None:
            self._leave(span, "a month is no day")
            return None
        if day.year:
            date = self._dated(day, day.year)
            if date is None:
                self._leave(span, "there is no such day")
                return None
            if day.unsure and (
                other := self._dated(replace(day, day=day.month, month=day.day), day.year)
            ):
                self._leave(span, f"can be {date} or {other}")
                return None
            return self._when(span, date)
        anchor = self._published or _nearest_anchor(anchors, span)
        if anchor is None:
            self._leave(span, "no year is given, nor the day of publication")
            return None
        date = self._nearest(day, anchor, ahead=0 if self._published else _OPEN_DAYS // 2)
        if date is None:
            self._leave(span, "there is no such day")
            return None
        return replace(self._when(span, date), year_assumed=True)

    def _nearest(self, day: _Day, anchor: dt.date, ahead: int) -> dt.date | None:
        """Return the last such day that is at most `ahead` days after `anchor`."""
        year = solar_year(anchor) if day.calendar == "solar" else anchor.year
        for tried in (year + 1, year, year - 1, year - 4):
            date = self._dated(day, tried)
            if date and date <= anchor + dt.timedelta(ahead):
                return date
        return None

    def _when(self, span: Span, date: dt.date) -> When:
        return When(self._text.words(span), self._text.original_span(span), span, date, date)

    def _from_published(self, span: Span, day_of: object) -> Iterator[When]:
        if self._published is None:
            self._leave(span, "it is told from the day of publication, which is not given")
            return
        assert callable(day_of)  # noqa: S101 - for the type checker
        try:
            date = day_of(self._published)
        except OverflowError:
            self._leave(span, "there is no such day")
            return
        yield replace(self._when(span, date), from_published=True)

    def _from_another(self, known: list[When], taken: set[int]) -> Iterator[When]:
        """Yield the days that are told from one named before in the same sentence."""
        tokens, starts = self._text.tokens, [when.plain.start for when in known]
        sentences = [sentence.start for sentence in self._text.sentences]
        for first, end, back in _told_from_another(tokens):
            if not taken.isdisjoint(range(first, end)):
                continue
            span = Span(tokens[first].span.start, tokens[end - 1].span.end)
            place = bisect_left(starts, span.start)
            named = known[place - 1] if place else None
            apart = named is None or bisect_right(sentences, named.plain.start) != bisect_right(
                sentences, span.start
            )
            if named is None or apart or back is None or not named.is_day:
                self._leave(span, "it is told from another day, which the sentence does not give")
                continue
            with suppress(OverflowError):
                yield self._when(span, named.first - dt.timedelta(back))

    def _weekdays(self, known: list[When]) -> Iterator[When]:
        tokens, starts = _owned(self._text.tokens), [when.plain.start for when in known]
        for start, length, weekday in _table("weekdays").all_in(tokens):
            span = Span(tokens[start].span.start, tokens[start + length - 1].span.end)
            beside = _beside(self._text, span, known, bisect_left(starts, span.start))
            if beside:
                place, when = beside
                if when.first.weekday() != weekday:
                    noted = f"{when.first} was a {when.first:%A}, not what the text says"
                    known[place] = replace(when, noted=noted)
                    self._leave(span, noted)
                continue
            before = tokens[start - 1].text if start else ""
            after = tokens[start + length].text if start + length < len(tokens) else ""
            strictly = 1 if before in _LAST or (after in _LAST and not after.isascii()) else 0

            def last(
                published: dt.date, weekday: int = weekday, strictly: int = strictly
            ) -> dt.date:
                back = (published.weekday() - weekday - strictly) % 7 + strictly
                return published - dt.timedelta(back)

            if before in _NEXT:
                self._leave(span, "a day to come is no event yet")
                continue
            yield from self._from_published(span, last)

    def _with_time(self, when: When) -> When:
        """Return a date with the time of day that stands around it."""
        around = self._text.plain[max(0, when.plain.start - 30) : when.plain.end + 30]
        clock = re.search(r"(?<![\d:.])([01]?\d|2[0-3]):([0-5]\d)(?![\d:])", around)
        if clock:
            return replace(when, time=f"{int(clock[1]):02d}:{clock[2]}")
        inside = Span(max(0, when.plain.start - 18), when.plain.end + 12)
        named = next(iter(_table("times").all_in(self._text.tokens_in(inside))), None)
        return replace(when, time=named[2]) if named else when


def _owned(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Return the tokens without the `'s` of `Wednesday's bombing`."""
    return tuple(
        Token(Span(token.span.start, token.span.end - 2), token.text[:-2])
        if token.text.endswith("'s")
        else token
        for token in tokens
    )


_LAST = frozenset({"last", "previous", "past", "گذشته", "تیر", "تیره"})
_NEXT = frozenset({"next", "coming", "every", "each", "هر"})


@lru_cache(maxsize=8)
def _table(name: str) -> Phrases:
    """Return a table of the vocabulary, its keys as numbers where they are."""
    table = vocabulary()[name].items()
    return Phrases(
        (w, int(k) if k.lstrip("-").isdecimal() else k) for k, words in table for w in words
    )


@lru_cache(maxsize=1)
def _months() -> Phrases:
    months = vocabulary()["months"]
    return Phrases(
        (word, (calendar, int(number)))
        for calendar in ("lunar", "solar", "gregorian")  # of two meanings the last one counts
        for number, words in months[calendar].items()
        for word in words
    )


def _nearest_anchor(anchors: list[tuple[Span, dt.date]], span: Span) -> dt.date | None:
    """Return the full date that stands nearest; `anchors` are in the order of the text."""
    place = bisect_left(anchors, (span,))
    near = anchors[max(0, place - 1) : place + 1]
    return min(near, key=lambda a: abs(a[0].start - span.start))[1] if near else None


def _beside(text: Text, span: Span, known: list[When], place: int) -> tuple[int, When] | None:
    """Return the date that a weekday only qualifies: `Monday, 8 May`."""
    for near in range(max(0, place - 1), min(place + 1, len(known))):
        when = known[near]
        gap = (
            text.plain[span.end : when.plain.start]
            if span.end <= when.plain.start
            else text.plain[when.plain.end : span.start]
        )
        close = 0 <= when.plain.start - span.end < 8 or 0 <= span.start - when.plain.end < 8
        if (
            close
            and not when.from_published
            and re.fullmatch(r"[\s,(]*(?:the|of|مورخ)?[\s,(]*", gap)
        ):
            return near, when
    return None


def _written_beside(text: Text, span: Span, written: list[When]) -> When | None:
    """Return the written date that a relative day only repeats: `yesterday, Thursday 9 Feb`."""
    place = bisect_left(written, span.start, key=lambda when: when.plain.start)
    for when in written[max(0, place - 1) : place + 1]:
        first, last = sorted((span, when.plain))
        gap = Span(first.end, max(first.end, last.start))
        if gap.end - gap.start <= 40 and all(
            token.text in _beside_dates() for token in text.tokens_in(gap)
        ):
            return when
    return None


@lru_cache(maxsize=1)
def _beside_dates() -> frozenset[str]:
    days = (word for words in vocabulary()["weekdays"].values() for word in words)
    joints = phrase(", ( ) - on the of night evening مورخ روز به تاریخ شب د په")
    return frozenset((*joints, *(token for day in days for token in phrase(day))))


def _told_back(tokens: tuple[Token, ...]) -> Iterator[tuple[int, int, int]]:
    """Yield the tokens that tell a day from another, and how many days back it is."""
    for start, length, back in _table("days_back").all_in(_owned(tokens)):
        yield start, start + length, back
    for place in range(len(tokens)):
        read = value_at(tokens, place) if _may_count(tokens, place) else None
        if read is None:
            continue
        after = place + read[0]
        for words, unit in _AGO:
            end = after + len(words)
            if tuple(token.text for token in tokens[after:end]) != words:
                continue
            if end == len(tokens) or tokens[end].text not in _THAN:
                yield place, end, read[1] * unit


def _told_from_another(tokens: tuple[Token, ...]) -> Iterator[tuple[int, int, int | None]]:
    """Yield the tokens that tell a day from one named before, and how many days back it is.

    `a week earlier`, `two days later`; None for `two days before the raid`, whose day is not told.
    """
    for start, length, back in _table("days_apart").all_in(tokens):
        yield start, start + length, back
    for place in range(len(tokens)):
        read = value_at(tokens, place) if _may_count(tokens, place) else None
        if read is None or place + read[0] + 1 >= len(tokens):
            continue
        unit, end = tokens[place + read[0]].text, place + read[0] + 2
        sign = _SIGNS.get(tokens[end - 1].text)
        if unit not in _UNITS_OF_TIME or sign is None:
            continue
        after = tokens[end].text if end < len(tokens) else ""
        if tokens[end - 1].text in _AGO_WORDS and after not in _THAN:
            continue
        days = 7 if unit in _WEEKS else 1
        told = after in _THAN or (after == "the" and tokens[end - 1].text in ("before", "after"))
        thereof = tuple(token.text for token in tokens[end : end + 2]) in _THEREOF
        yield place, end, None if told and not thereof else sign * read[1] * days


_THAN = frozenset({"than", *phrase("از له")})
_THEREOF = frozenset({("از", "آن"), ("از", "ان"), ("له", "هغی"), ("له", "دی")})
_WEEKS = frozenset({"week", "weeks", *phrase("هفته اونی")})
_SIGNS = {"earlier": 1, "before": 1, "prior": 1, "later": -1, "after": -1} | {
    word: sign
    for words, sign in (("پیش قبل وړاندی مخکی", 1), ("بعد وروسته", -1))
    for word in phrase(words)
}
_AGO_WORDS = frozenset(phrase("پیش قبل وړاندی مخکی"))


def _may_count(tokens: tuple[Token, ...], place: int) -> bool:
    return any(token.text in _UNITS_OF_TIME for token in tokens[place + 1 : place + 3])


_UNITS_OF_TIME = frozenset({"day", "days", "week", "weeks", *phrase("روز ورځی ورځ هفته شپی اونی")})
_AGO = tuple(
    (phrase(words), unit)
    for words, unit in [
        ("days ago", 1), ("day ago", 1), ("weeks ago", 7), ("week ago", 7),
        ("روز پیش", 1), ("روز قبل", 1), ("هفته پیش", 7), ("هفته قبل", 7), ("ورځې وړاندې", 1),
        ("ورځې مخکې", 1), ("ورځ وړاندې", 1), ("ورځ مخکې", 1), ("شپې وړاندې", 1), ("اونۍ وړاندې", 7),
    ]
)  # fmt: skip

_OF = frozenset({"of", "the", ",", *phrase("د ماه سال میاشتی کال ماهٔ ی")})
_SUFFIXES = frozenset({"st", "nd", "rd", "th", "مه", "م", "ام"})


def _days(tokens: tuple[Token, ...]) -> Iterator[_Day]:
    """Yield every date that names a month, or is written in figures alone."""
    place = 0
    while place < len(tokens):
        found = _in_figures(tokens, place) or _with_month(tokens, place)
        if found:
            yield from found
            place = found[-1].end
        else:
            place += 1


def _with_month(tokens: tuple[Token, ...], place: int) -> list[_Day]:
    """Read `8 May 2023`, `May 8, 2023`, `May 5 and 8`, `۱۸ ثور ۱۴۰۲`, `د ثور ۱۸مه`."""
    if (read := _day_number(tokens, place)) and (month := _month_at(tokens, read[0])):
        end, (calendar, number) = month
        if _is_may_at_all(tokens, place, read[0], end, number):
            year = _year_at(tokens, end, calendar)
            if year is None and _is_of_a_verb(tokens, read[0], end):
                return []
            stop = year[0] if year else end
            last = _Day(place, stop, read[1], number, year and year[1], calendar)
            return [*_days_before(tokens, last), last]
    if (month := _month_at(tokens, place)) and _names_a_month(tokens, place):
        end, (calendar, number) = month
        found = _days_after(tokens, place, end, calendar, number)
        if found:
            before = None if found[0].year else _year_before(tokens, place, calendar)
            if before:
                found = [replace(day, year=before[1]) for day in found]
                found[0] = replace(found[0], start=before[0])
            return found
        year = _year_at(tokens, end, calendar)
        if year:
            return [_Day(place, year[0], None, number, year[1], calendar)]
    return []


def _is_of_a_verb(tokens: tuple[Token, ...], month: int, end: int) -> bool:
    """Return whether `می` or `دی` belongs to a verb: `ناحیه ۴ می‌گویند`, `شمېر یې ۵ دی`."""
    after = tokens[end].text if end < len(tokens) else ""
    if tokens[month].text == "دی":
        return True
    return tokens[month].text == "می" and after.endswith(_VERB_ENDINGS)


_VERB_ENDINGS = tuple(phrase("ند یم ید گوید شود کند دهد رود باشد آید خواهد"))


def _days_before(tokens: tuple[Token, ...], last: _Day) -> list[_Day]:
    """Return the days before the last of `5-8 May` and `3, 4 and 5 May`."""
    found: list[_Day] = []
    first, joint = last, _LAST_JOINTS
    while first.start >= 2 and tokens[first.start - 1].text in joint and first.day:
        start = first.start - 2
        start -= bool(start) and tokens[start].text in _SUFFIXES
        read = _day_number(tokens, start)
        if not read or read[0] != first.start - 1 or read[1] >= first.day:
            break
        first = replace(last, start=start, end=first.start - 1, day=read[1])
        found.append(first)
        joint = _LAST_JOINTS | {","}
    if found and first.start and tokens[first.start - 1].text in _BEFORE_DISTRICTS:
        return []  # "in PDs 3 and 4 on", "in PD 3 and 5 May"
    return found[::-1]


_LAST_JOINTS = frozenset({"-", "to", "and", "&", "تا", "و", "او", "تر"})
_BEFORE_DISTRICTS = frozenset(
    {
        "pd",
        "pds",
        "district",
        "districts",
        "nahia",
        "nahias",
        "hawza",
        *phrase("ناحیه نواحی حوزه های"),
    }
)


def _days_after(
    tokens: tuple[Token, ...], start: int, end: int, calendar: str, month: int
) -> list[_Day]:
    """Read the days that follow a month: `May 8`, `May 5 and 8, 2023`."""
    found: list[_Day] = []
    behind = end
    while end < len(tokens) and tokens[end].text in _MONTH_S and end < behind + 4:
        end += 1  # "د ثور د میاشتې په ۵مه"
    while (read := _day_number(tokens, end)) is not None:
        stop, day = read
        year = _year_at(tokens, stop, calendar)
        found.append(_Day(start, year[0] if year else stop, day, month, year and year[1], calendar))
        if year or stop + 1 >= len(tokens):
            break
        if tokens[stop].text not in {"and", "-", "و", "&", "او"} and not _lists(tokens, stop):
            break
        if _month_at(tokens, stop + 2):  # "May 8 and 9 June"
            break
        start, end = stop + 1, stop + 1
    if found and found[-1].year:
        return [replace(day, year=found[-1].year) for day in found]
    return found


_MONTH_S = frozenset(phrase("په د میاشت میاشتی ماه نیټه ی"))


def _lists(tokens: tuple[Token, ...], comma: int) -> bool:
    """Return whether a comma goes on with days, as in `March 3, 4 and 5, 2022`; `3, 12 men` not."""
    place = comma
    while place < len(tokens) and tokens[place].text == ",":
        read = _day_number(tokens, place + 1)
        if read is None:
            return False
        place = read[0]
    if place == comma or place + 1 >= len(tokens) or tokens[place].text not in ("and", "و", "او"):
        return False
    read = _day_number(tokens, place + 1)
    after = tokens[read[0]].text if read and read[0] < len(tokens) else "."
    return read is not None and not (after[0].isalpha() and after not in _BEHIND_DAYS)


_BEHIND_DAYS = frozenset({"in", "at", "near", "of", "around", *phrase("در په کال سال")})


def _day_number(tokens: tuple[Token, ...], place: int) -> tuple[int, int] | None:
    """Return the index behind a day of the month, 1 to 31, and the day."""
    if place >= len(tokens):
        return None
    if not tokens[place].text[0].isdigit():
        found = ordinals().at(tokens, place)
        value = int(found[1]) if found else 0
        stop = place + found[0] if found else place
    elif len(tokens[place].text) <= 2 and tokens[place].text.isdecimal():
        value, stop = int(tokens[place].text), place + 1
        if stop < len(tokens) and tokens[stop].text in _SUFFIXES:
            # `۸ مه` is 8 May, `۸مه` the eighth.
            touching = tokens[stop].span.start == tokens[place].span.end
            stop += 1 if touching or tokens[stop].text != "مه" else 0
    else:
        return None
    if not 1 <= value <= 31:
        return None
    while stop < len(tokens) and tokens[stop].text in ("of", "د", "ماه") and stop < place + 4:
        stop += 1
    return stop, value


def _month_at(tokens: tuple[Token, ...], place: int) -> tuple[int, tuple[str, int]] | None:
    if place >= len(tokens):
        return None
    found = _months().at(tokens, place)
    if not found:
        return None
    end = place + found[0]
    if end < len(tokens) and tokens[end].text == "." and len(tokens[place].text) <= 4:
        end += 1  # "Sept. 8"
    return end, found[1]


def _names_a_month(tokens: tuple[Token, ...], place: int) -> bool:
    """Return whether a month that comes before its day is one: `may` is a verb as well."""
    return tokens[place].text not in _VERBS or (
        place + 1 < len(tokens) and tokens[place + 1].text[0].isdigit()
    )


_VERBS = frozenset({"may", "mar", "march", *phrase("می مه دی تیر مهر")})


def _is_may_at_all(
    tokens: tuple[Token, ...], place: int, month: int, end: int, number: int
) -> bool:
    """Return whether `مه` behind a number is May: not in `۱۵ مه ناحیه`, the 15th nahia."""
    if number != 5 or tokens[month].text != "مه":
        return True
    following = tokens[end].text if end < len(tokens) else ""
    return following not in _COUNTED and not (place and tokens[place - 1].text == "د")


_COUNTED = frozenset(phrase("ناحیه ناحیی ناحیو حوزه حوزی امنیتی پولیس ولسوالی نیټه نیټی"))


def _year_at(tokens: tuple[Token, ...], place: int, calendar: str) -> tuple[int, int] | None:
    """Return the index behind a year, and the year."""
    skipped = 0
    while place < len(tokens) and tokens[place].text in _OF and skipped < 2:
        place, skipped = place + 1, skipped + 1
    if place >= len(tokens):
        return None
    text = tokens[place].text
    if not (len(text) == 4 and text.isdecimal()):
        return None
    year = int(text)
    known = {"gregorian": _GREGORIAN_YEARS, "solar": _SOLAR_YEARS, "lunar": range(1380, 1520)}
    return (place + 1, year) if year in known[calendar] else None


def _year_before(tokens: tuple[Token, ...], place: int, calendar: str) -> tuple[int, int] | None:
    """Return where the year begins that Pashto says first, `د ۱۴۰۲ کال د ثور په ۱۸مه`, and it."""
    for back in range(1, 5):
        if place >= back and (year := _year_at(tokens, place - back, calendar)):
            first = place - back
            if year[0] != first + 1:
                return None
            return first - (first > 0 and tokens[first - 1].text == "د"), year[1]
    return None


_FIGURES = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})")


def _in_figures(tokens: tuple[Token, ...], place: int) -> list[_Day]:
    """Read `2023-05-08`, `۱۴۰۲/۲/۱۸` and `8.5.2023`, with the day before the month."""
    if not tokens[place].text[0].isdigit() or len(tokens[place].text) > 10:
        return []
    piece, end = "", place
    while end < len(tokens) and end < place + 5 and (not piece or _touches(tokens, end)):
        piece, end = piece + tokens[end].text, end + 1
    match = _FIGURES.match(piece)
    if not match or (len(match[0]) < len(piece) and piece[len(match[0])].isdigit()):
        return []
    while len("".join(token.text for token in tokens[place:end])) > len(match[0]):
        end -= 1
    first, month, last = int(match[1]), int(match[3]), int(match[4])
    year, day = (first, last) if len(match[1]) == 4 else (last, first)
    if year in _GREGORIAN_YEARS or year in _SOLAR_YEARS:
        calendar = "solar" if year in _SOLAR_YEARS else "gregorian"
        if 1 <= month <= 12 or 1 <= day <= 12:
            # American order can be told only where no month has that number.
            day, month = (month, day) if month > 12 else (day, month)
            unsure = (
                len(match[1]) < 4 and match[2] == "/" and max(day, month) <= 12 and day != month
            )
            return [_Day(place, end, day, month, year, calendar, unsure)]
    return []


def _touches(tokens: tuple[Token, ...], place: int) -> bool:
    return tokens[place].span.start == tokens[place - 1].span.end


_TO = re.compile(
    r"(?:,?\s(?:and|to|until|till|through|تا|الی|و|تر|او)\s(?:[^\W\d_]{1,3}\s)?|\s?-\s?)"
)
_BETWEEN = re.compile(
    r"(?:\b(?:between|from|period|days?)|(?<!\w)(?:بین|میان|از|له|د|ترمنځ))\s(?:the\s)?(?:\w{1,12}\s)?$"
)


def _periods(text: Text, whens: list[When]) -> list[When]:
    """Join two dates that are the ends of a period: `between May 5 and May 8`."""
    found: list[When] = []
    for when in whens:
        before = found[-1] if found else None
        if before and before.is_day and when.is_day and before.first < when.first:
            gap = text.plain[before.plain.end : when.plain.start]
            lead = text.plain[max(0, before.plain.start - 24) : before.plain.start]
            joined = _TO.fullmatch(gap)
            apart = gap.strip(" ,") in ("and", "و", "او") and not _BETWEEN.search(lead)
            if joined and not apart:
                span = Span(before.plain.start, when.plain.end)
                found[-1] = replace(text_of(text, span, before), last=when.last)
                continue
        if before and when.is_day and _is_next_of_list(text, before, when):
            span = Span(before.plain.start, when.plain.end)
            found[-1] = replace(text_of(text, span, before), last=when.last)
            continue
        found.append(when)
    return found


def _is_next_of_list(text: Text, before: When, when: When) -> bool:
    """Return whether a day follows the one before it in a list: `3, 4 and 5 May`."""
    return (when.first - before.last).days == 1 and are_listed(text, before, when)


def are_listed(text: Text, first: When, second: When) -> bool:
    """Return whether two dates stand side by side in a list: `on 3, 5 and 9 May`."""
    gap = text.plain[first.plain.end : second.plain.start].strip()
    # "on 8 May, 9 May" is no list yet, "on 8, 9" and "on 8 May and 9 May" are.
    short = 1 in (len(first.text.split()), len(second.text.split()))
    return gap.strip(", ") in ("and", "و", "او", "&") or (gap == "," and short)


def text_of(text: Text, span: Span, when: When) -> When:
    """Return a date that stands on other characters."""
    return replace(when, text=text.words(span), span=text.original_span(span), plain=span)


def read_dates(text: str, published: dt.date | None = None) -> tuple[When, ...]:
    """Return the dates of a short text; `published` as for `parse`."""
    return dates(Text(text), published)[0]


def days_said(text: str) -> tuple[tuple[int, str], ...]:
    """Return every number of days that a text says something lasted, with its words.

    `over the course of three days`, `طی سه روز`; not `three days later`, which is no duration.
    """
    tokens, found = Text(text).tokens, []
    for place, token in enumerate(tokens):
        if token.text not in _LASTING:
            continue
        for number in range(place + 1, min(place + 5, len(tokens))):
            read = value_at(tokens, number)
            if read and number + read[0] < len(tokens) and tokens[number + read[0]].text in _DAYS:
                words = (each.text for each in tokens[number : number + read[0] + 1])
                found.append((read[1], " ".join(words)))
                break
    return tuple(dict.fromkeys(found))


_LASTING = frozenset({"over", "within", "in", "for", "during", "of", *phrase("طی ظرف مدت در په")})
_DAYS = frozenset({"day", "days", *phrase("روز ورځی ورځو")})


def check_published(published: object) -> dt.date | None:
    """Return the day of publication.

    Raises
    ------
    InputError
        If it is neither a date nor None.
    """
    if published is None:
        return None
    if isinstance(published, dt.datetime):
        return published.date()
    if isinstance(published, dt.date):
        return published
    raise InputError(f"published must be a date, e.g. date(2023, 5, 9), got {published!r}.")
