"""Names that places are called by, in the form in which their spellings are one."""

from __future__ import annotations

import csv
import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

from geoloc import boundaries
from geoloc.claims.vocabulary import vocabulary
from geoloc.gazetteer.text import plain

LEAST_LETTERS = 4  # of a name that is no province's or district's


@dataclass(frozen=True, slots=True)
class Known:
    """What carries a spelling."""

    units: tuple[str, ...] = ()  # codes
    quarter: bool = False  # a neighbourhood or a locality of the city is called so
    village: bool = False


@lru_cache(maxsize=50_000)
def skeleton(name: str) -> str:
    """Return what the spellings of a name share: no ezafe, one letter for those that change."""
    words = re.split(r"[\s\-']+", plain(name))
    kept = [word for k, word in enumerate(words) if k == 0 or word not in _EZAFE]
    joined = "".join(c for c in "".join(kept) if c.isalnum())
    if not joined.isascii():
        return joined
    for old, new in _ONE_SOUND:
        joined = joined.replace(old, new)
    ending = re.sub(r"(?:eh|ah|e|a)$", "A", joined)
    return re.sub(r"(.)\1", r"\1", ending.translate(_VOWELS))


_EZAFE = frozenset({"e", "i", "ye", "yi", "y", "o"})
_ONE_SOUND = (("ee", "i"), ("oo", "u"), ("ou", "u"), ("ai", "ay"), ("ei", "ay"), ("ey", "ay"))
_VOWELS = str.maketrans({"e": "i", "y": "i", "o": "u", "w": "u", "v": "u", "q": "k"})


@lru_cache(maxsize=1)
def _spellings() -> dict[str, Known]:
    """Return what is called by each spelling, in the form of `skeleton`."""
    known: dict[str, Known] = {}

    def add(name: str, least: int, what: Known) -> None:
        key = skeleton(name)
        if len(key) >= least and key not in never():
            old = known.get(key, Known())
            units = tuple(dict.fromkeys((*old.units, *what.units)))
            known[key] = Known(units, old.quarter or what.quarter, old.village or what.village)

    for row in csv.DictReader(boundaries.shipped_table("places").splitlines()):
        if row["kind"] == "police district":
            continue  # their numbers are read by `notation`
        is_unit = row["kind"] in ("province", "district")
        is_quarter = row["kind"] == "neighbourhood"
        what = Known((row["code"],) if is_unit else (), is_quarter, not is_unit and not is_quarter)
        for name in row["spellings"].split("|"):
            add(name, 3 if is_unit else LEAST_LETTERS, what)
    return known


def known_by(name: str) -> Known | None:
    """Return what is called so, in Pashto's oblique case too: `بګرامیو`, `شکردرې`, `ده سبزو`."""
    key, known = skeleton(name), _spellings()
    if key in known or key.isascii() or len(key) <= LEAST_LETTERS:
        return known.get(key)
    direct = {"و": (key[:-1], f"{key[:-1]}ه"), "ی": (f"{key[:-1]}ه",), "ه": (key[:-1],)}
    return next((known[each] for each in direct.get(key[-1], ()) if each in known), None)


@lru_cache(maxsize=1)
def _in_order() -> list[str]:
    return sorted(_spellings())


@lru_cache(maxsize=50_000)
def begins_a_name(word: str) -> bool:
    """Return whether a known spelling can begin with a word; others need no look-up."""
    beginning = skeleton(word.removesuffix("-based")).rstrip("Aaiuh")
    if not beginning.isascii():
        beginning = beginning[: max(3, len(beginning) - 1)]  # the ending of a case aside
    keys = _in_order()
    place = bisect_left(keys, beginning)
    return place < len(keys) and keys[place].startswith(beginning)


@lru_cache(maxsize=1)
def never() -> frozenset[str]:
    """Return what is part of a group's or an institution's name and of no place's."""
    return frozenset(map(skeleton, vocabulary()["places"]["never"]))
