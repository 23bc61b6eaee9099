"""Police districts, number words and dates as people write them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoloc import InputError
from geoloc.claims import mentions, read_dates
from geoloc.claims.calendars import gregorian, is_leap, solar_year
from geoloc.gazetteer.numerals import cardinals, ordinals
from geoloc.gazetteer.text import Text

PUBLISHED = dt.date(2023, 5, 9)  # a Tuesday
DARI_ORDINALS = [
    "اول", "دوم", "سوم", "چهارم", "پنجم", "ششم", "هفتم", "هشتم", "نهم", "دهم", "یازدهم",
    "دوازدهم", "سیزدهم", "چهاردهم", "پانزدهم", "شانزدهم", "هفدهم", "هجدهم", "نزدهم", "بیستم",
]  # fmt: skip
PASHTO_ORDINALS = [
    "لومړۍ", "دوهمه", "درېیمه", "څلورمه", "پنځمه", "شپږمه", "اوومه", "اتمه", "نهمه", "لسمه",
    "یوولسمه", "دولسمه", "دیارلسمه", "څوارلسمه", "پنځلسمه", "شپاړسمه", "اوولسمه", "اتلسمه",
    "نولسمه", "شلمه", "یوویشتمه",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("PD22", [22]), ("PD 22", [22]), ("pd22", [22]), ("P.D. 22", [22]), ("PD-22", [22]),
        ("Police District 22", [22]), ("Police District (PD) 22", [22]), ("nahia 22", [22]),
        ("22nd police district", [22]), ("22th nahia", [22]), ("nahiya No. 22", [22]),
        ("the twenty-second police district", [22]), ("district 22 of Kabul", [22]),
        ("Kabul's 8th district", [8]), ("District No. 9, Kabul", [9]), ("PD eleven", [11]),
        ("ناحیه ۲۲", [22]), ("ناحیۀ ٢٢", [22]), ("ناحيه 22", [22]), ("ناحیهٔ بیست و دوم", [22]),
        ("ناحیه بیست‌ودوم", [22]), ("ناحیه بیستودوم", [22]),
        ("۱۵مه ناحیه", [15]), ("په ۱۵ مه ناحیه کې", [15]),
        ("دوه ویشتمه ناحیه", [22]), ("دوه‌ویشتمه ناحیه", [22]), ("پنځلسمه ناحیه", [15]),
        ("PDs 11, 15 and 17", [11, 15, 17]), ("PD11–PD13", [11, 12, 13]),
        ("police districts 11-13", [11, 12, 13]), ("PD11 and PD 15", [11, 15]),
        ("11th and 15th police districts", [11, 15]), ("نواحی ۱۱، ۱۵ و ۱۲", [11, 15, 12]),
        ("ناحیه‌های ۱۱ و ۱۵", [11, 15]), ("PD 11, 15 people were killed", [11]),
        ("ناحیه ۱۱ و ۱۵ نفر کشته شدند", [11]), ("PD11 to PD13", [11, 13]),
        ("PD 5 and 9 were raided on Monday", [5, 9]), ("PD 5, 7 and 9 were hit", [5, 7, 9]),
        ("PD 5 and 9 were killed", [5]), ("PD 5 and 9 have been searched", [5, 9]),
        ("two died in PDs 3 and 4, and five in PD 9", [3, 4, 9]),
        ("two died in PDs 3 and 4, and 5 in PD 9", [3, 4, 9]),
        ("PDs three, four and five were searched", [3, 4, 5]), ("hidden in PD2² since", [2]),
        ("updates 3", []), ("22 police districts", []), ("کابل ۲۲ ناحیه دارد", []),
        ("rapid 5 response", []), ("Bagrami district 5 km on", []), ("district 5 of Herat", []),
    ],
)  # fmt: skip
def test_a_police_district_is_read_however_it_is_written(text: str, numbers: list[int]) -> None:
    """Words, digits of three scripts, ordinals, lists and ranges; a mere count is none."""
    found = mentions(text)
    assert [each.number for each in found] == numbers
    assert [each.code for each in found] == [f"AF-KBL-PD{number}" for number in numbers]
    assert all(text[each.span.start : each.span.end] == each.text for each in found)


@pytest.mark.parametrize("number", range(1, 23))
def test_every_number_in_words(number: int) -> None:
    """Dari and Pashto ordinals of all 22 nahias, and none is taken for another."""
    dari = [*DARI_ORDINALS, "بیست و یکم", "بیست و دوم"][number - 1]
    pashto = [*PASHTO_ORDINALS, "دوه ویشتمه"][number - 1]
    for text in (f"ناحیه {dari}", f"{pashto} ناحیه", f"PD{number}", f"{number}th nahia"):
        assert [each.number for each in mentions(text)] == [number], text


@pytest.mark.parametrize(
    ("text", "system", "code"),
    [
        ("حوزه ۱۵ امنیتی", "hawza", "AF-KBL-PD15"),
        ("حوزه پانزدهم پولیس", "hawza", "AF-KBL-PD15"),
        ("د پولیسو ۱۵مه حوزه", "hawza", "AF-KBL-PD15"),
        ("police hawza 18", "hawza", None),
        ("hawza 15", "hawza", "AF-KBL-PD15"),
        ("PD18", "nahia", "AF-KBL-PD18"),
        ("PD23", "nahia", None),
        ("PD 111", "nahia", None),
        ("ناحیه ۹۹", "nahia", None),
    ],
)
def test_hawza_and_nahia_are_two_systems(text: str, system: str, code: str | None) -> None:
    """Hawza 18 is not nahia 18, and a number that there is not has no code but a reason."""
    (found,) = mentions(text)
    assert (found.system, found.code) == (system, code)
    assert bool(found.why) == (code is None)


@given(st.integers(1, 22), st.integers(1, 22))
def test_numbers_are_exact(a: int, b: int) -> None:
    """Two districts side by side are these two."""
    found = {each.number for each in mentions(f"PD{a} and then, PD{b}.")}
    assert found == {a, b}


def test_number_words_do_not_collide() -> None:
    """No word stands for two numbers, in any of the three languages."""
    from geoloc.gazetteer.numerals import _cardinals, _ordinals
    from geoloc.gazetteer.text import phrase

    for pairs, table in ((_cardinals(), cardinals()), (_ordinals(), ordinals())):
        for words, value in pairs:
            tokens = Text(words).tokens
            assert table.at(tokens, 0) == (len(phrase(words)), value), words


# First days of the Solar Hijri year as the official calendars of Iran and Afghanistan had them.
NAWRUZ = {
    1354: "1975-03-21", 1357: "1978-03-21", 1371: "1992-03-21", 1375: "1996-03-20",
    1376: "1997-03-21", 1379: "2000-03-20", 1380: "2001-03-21", 1383: "2004-03-20",
    1384: "2005-03-21", 1387: "2008-03-20", 1388: "2009-03-21", 1391: "2012-03-20",
    1392: "2013-03-21", 1395: "2016-03-20", 1396: "2017-03-21", 1399: "2020-03-20",
    1400: "2021-03-21", 1401: "2022-03-21", 1402: "2023-03-21", 1403: "2024-03-20",
    1404: "2025-03-21",
}  # fmt: skip


@pytest.mark.parametrize(("year", "day"), NAWRUZ.items())
def test_nawruz_falls_on_its_day(year: int, day: str) -> None:
    """The first of Hamal, by a table; the year begins then and not a day before."""
    first = dt.date.fromisoformat(day)
    assert gregorian(year, 1, 1) == first
    assert solar_year(first) == year
    assert solar_year(first - dt.timedelta(1)) == year - 1


def test_leap_years() -> None:
    """366 days in 1370, 1375, 1379, … 1408; a 30th of Hut only then."""
    leap = [year for year in range(1370, 1410) if is_leap(year)]
    assert leap == [1370, 1375, 1379, 1383, 1387, 1391, 1395, 1399, 1403, 1408]
    assert gregorian(1399, 12, 30) == dt.date(2021, 3, 20)
    with pytest.raises(InputError, match="1400-12-30"):
        gregorian(1400, 12, 30)


@given(st.dates(dt.date(1850, 1, 1), dt.date(2200, 1, 1)))
def test_days_follow_each_other(day: dt.date) -> None:
    """Every day has exactly one Solar Hijri date."""
    year = solar_year(day)
    passed = (day - gregorian(year, 1, 1)).days
    month = passed // 31 + 1 if passed < 186 else (passed - 186) // 30 + 7
    first = gregorian(year, month, 1)
    assert gregorian(year, month, (day - first).days + 1) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("on the evening of May 8", "2023-05-08"), ("on Saturday", "2023-05-06"),
        ("on Tuesday", "2023-05-09"), ("last Tuesday", "2023-05-02"), ("yesterday", "2023-05-08"),
        ("last night", "2023-05-08"), ("two days ago", "2023-05-07"), ("2023-05-08", "2023-05-08"),
        ("8 May 2023", "2023-05-08"), ("the eighth of May", "2023-05-08"),
        ("May 8th, 2022", "2022-05-08"), ("8.5.2023", "2023-05-08"), ("05/13/2022", "2022-05-13"),
        ("20 December", "2022-12-20"), ("۱۸ ثور ۱۴۰۲", "2023-05-08"),
        ("18 Saur 1402", "2023-05-08"),
        ("18 Sawr", "2023-05-08"), ("۱۴۰۲/۲/۱۸", "2023-05-08"), ("د ثور په ۱۸مه", "2023-05-08"),
        ("د ۱۴۰۱ کال د ثور په ۱۸مه", "2022-05-08"), ("روز شنبه", "2023-05-06"),
        ("د شنبې په ورځ", "2023-05-06"), ("پنجشنبه", "2023-05-04"), ("سه‌شنبه", "2023-05-09"),
        ("دیروز", "2023-05-08"), ("پرون", "2023-05-08"), ("شب گذشته", "2023-05-08"),
        ("دو روز پیش", "2023-05-07"), ("درې ورځې وړاندې", "2023-05-06"), ("۸ می", "2023-05-08"),
        ("۸ مه ۲۰۲۳", "2023-05-08"), ("د مۍ ۸مه", "2023-05-08"), ("دوشنبه ۱۸ ثور", "2023-05-08"),
    ],
)  # fmt: skip
def test_a_date_is_read_however_it_is_told(text: str, day: str) -> None:
    """In figures and words, of both calendars, or from the day of publication."""
    (found,) = read_dates(text, PUBLISHED)
    assert found.first == found.last == dt.date.fromisoformat(day)
    assert text[found.span.start : found.span.end] == found.text


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("between May 5 and May 8", "2023-05-05", "2023-05-08"),
        ("from 13 February to 9 May 2023", "2023-02-13", "2023-05-09"),
        ("5-8 May 2023", "2023-05-05", "2023-05-08"),
        ("از ۱ تا ۵ ثور ۱۴۰۲", "2023-04-21", "2023-04-25"),
    ],
)
def test_a_period_has_two_ends(text: str, first: str, last: str) -> None:
    """Two days joined by between, from or a dash are one period."""
    (found,) = read_dates(text, PUBLISHED)
    assert (found.first.isoformat(), found.last.isoformat()) == (first, last)


@pytest.mark.parametrize(
    "text", ["په ۱۵مه ناحیه کې", "you may go", "PD 5", "at 23:00", "the march"]
)
def test_no_date_is_made_up(text: str) -> None:
    """Ordinals of districts, verbs and clocks are no dates."""
    assert read_dates(text, PUBLISHED) == ()


@pytest.mark.parametrize(
    ("published", "said", "day"),
    [
        ("2023-09-16", "on Saturday", "2023-09-16"),
        ("2023-09-16", "last Saturday", "2023-09-09"),
        ("2023-09-17", "on Saturday", "2023-09-16"),
        ("2023-09-17", "last Saturday", "2023-09-16"),
        ("2023-09-15", "on Saturday", "2023-09-09"),
        ("2023-09-15", "last Saturday", "2023-09-09"),
        ("2023-09-16", "شنبه گذشته", "2023-09-09"),
    ],
)
def test_a_weekday_is_the_one_before(published: str, said: str, day: str) -> None:
    """`On Saturday` can be the day of publication, `last Saturday` cannot."""
    (when,) = read_dates(f"A raid took place {said}.", dt.date.fromisoformat(published))
    assert str(when.first) == day
