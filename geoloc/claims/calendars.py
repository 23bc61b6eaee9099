"""The Solar Hijri calendar of Afghanistan."""

from __future__ import annotations

import datetime as dt

from geoloc.errors import InputError

# Years of the 33-year cycle that have 366 days. The rule gives the same first days of the year as
# the equinox in Tehran does for 1178 to 1633 SH; Kabul's civil calendar follows it.
_LEAP = frozenset({1, 5, 9, 13, 17, 22, 26, 30})
_YEARS = range(1178, 1634)
_CYCLE_DAYS = 33 * 365 + len(_LEAP)
_FIRST_DAY_1400 = dt.date(2021, 3, 21)


def is_leap(year: int) -> bool:
    """Return whether a Solar Hijri year has 366 days: 1399, 1403 and 1408 have."""
    return year % 33 in _LEAP


def month_days(year: int, month: int) -> int:
    """Return the length of a Solar Hijri month: six of 31 days, five of 30, and Hut."""
    if month == 12:
        return 30 if is_leap(year) else 29
    return 31 if month <= 6 else 30


def gregorian(year: int, month: int, day: int) -> dt.date:
    """Return the Gregorian date of a Solar Hijri one.

    Raises
    ------
    InputError
        If there is no such day, or the year is not in 1178 to 1633.
    """
    if year not in _YEARS or not 1 <= month <= 12 or not 1 <= day <= month_days(year, month):
        raise InputError(f"The Solar Hijri calendar has no day {year}-{month:02d}-{day:02d}.")
    before = sum(month_days(year, each) for each in range(1, month))
    return _new_year(year) + dt.timedelta(days=before + day - 1)


def _new_year(year: int) -> dt.date:
    """Return Nawruz, the first day of a Solar Hijri year."""
    cycles, rest = divmod(year - 1400, 33)
    days = sum(366 if is_leap(1400 + passed) else 365 for passed in range(rest))
    return _FIRST_DAY_1400 + dt.timedelta(days=cycles * _CYCLE_DAYS + days)


def solar_year(day: dt.date) -> int:
    """Return the Solar Hijri year that holds a Gregorian date, 1178 to 1633."""
    year = day.year - 621
    return year if day >= _new_year(year) else year - 1
