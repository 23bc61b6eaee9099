"""Numbers in a sentence, with the words that bound them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from geoloc.claims.vocabulary import vocabulary
from geoloc.gazetteer.numerals import cardinals
from geoloc.gazetteer.text import Phrases, Span, Token, phrase

_MOST = 100_000  # a case file's own limit for a number of people


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a sentence: which tokens say it, and what."""

    first: int  # index of its first token, the words that bound it included
    start: int  # of the number itself
    end: int  # index behind its last token
    least: int | None  # None where no number was said: `several`
    most: int | None  # None where there is no upper bound
    about: bool = False


def numbers(tokens: tuple[Token, ...], masked: list[Span]) -> Iterator[Number]:
    """Yield the numbers of a sentence, those in `masked` (dates, police districts) left out."""
    bounds, place = _bounds(), 0
    hidden = {at for span in masked for at in range(*span)}
    while place < len(tokens):
        if tokens[place].span.start in hidden:
            place += 1
            continue
        if unsaid := _unsaid().at(tokens, place):
            yield Number(place, place, place + unsaid[0], None, None)
            place += unsaid[0]
            continue
        read = value_at(tokens, place)
        if read is None or _negates(tokens, place):
            place += 1
            continue
        length, value = read
        first, kind = place, ""
        if bound := bounds.before(tokens, place):
            first, kind = place - bound[0], bound[1]
        end, least, most = place + length, value, value
        upper = _upper(tokens, end, kind, between=tokens[place - 1].text if place else "")
        if upper and upper[1] > value and kind in ("", "about"):
            end, most = end + upper[0], upper[1]
        yield _bounded(Number(first, place, end, least, most), kind)
        place = end


def _negates(tokens: tuple[Token, ...], place: int) -> bool:
    """Return whether a number word is none: in `no one`, and `نه` is nine and, in Pashto, not."""
    after = tokens[place + 1].text if place + 1 < len(tokens) else ""
    if tokens[place].text == "نه" and (after in _BEHIND_NOT or not after[:1].isalpha()):
        return True
    return bool(place) and tokens[place - 1].text == "no"


_BEHIND_NOT = frozenset(phrase("دی ده و وو وه شو شوی شوه شول یی وژل نیول کیږی بلکی بلکه در په به"))


def _bounded(number: Number, kind: str) -> Number:
    least, most = number.least, number.most
    assert least is not None  # noqa: S101 - for the type checker: it was read from a value
    if kind == "at_least":
        most = None
    elif kind == "more_than":
        least, most = least + 1, None
    elif kind == "at_most":
        least = 0
    return Number(number.first, number.start, number.end, least, most, kind == "about")


def value_at(tokens: tuple[Token, ...], place: int) -> tuple[int, int] | None:
    """Return how many tokens from `place` on are a whole number, and the number."""
    text = tokens[place].text
    if text[0].isdigit():
        digits = text.replace(",", "") if _is_grouped(text) else text
        short = digits.isdecimal() and len(digits) < 10
        return (1, int(digits)) if short and int(digits) <= _MOST else None
    found = cardinals().at(tokens, place)
    if found is None:
        return None
    length, value = found
    after = place + length
    if value < 10 and after < len(tokens) and cardinals().at(tokens, after) == (1, 100):
        length, value, after = length + 1, value * 100, after + 1
    if value % 100 == 0 and after + 1 < len(tokens) and tokens[after].text in ("and", "و"):
        rest = cardinals().at(tokens, after + 1)
        if rest and rest[1] < 100:
            return length + 1 + rest[0], value + int(rest[1])
    return length, int(value)


def _is_grouped(text: str) -> bool:
    head, *groups = text.split(",")
    return len(text) < 12 and len(head) <= 3 and all(len(g) == 3 and g.isdecimal() for g in groups)


def _upper(
    tokens: tuple[Token, ...], place: int, kind: str, *, between: str
) -> tuple[int, int] | None:
    """Return the upper end of a range that goes on at `place`: `five to seven`."""
    if place + 1 >= len(tokens) or kind not in ("", "about"):
        return None
    joints = {"to", "-", "or", "تا", "یا", "تر"} | ({"and", "و"} if between == "between" else set())
    if tokens[place].text not in joints:
        return None
    read = value_at(tokens, place + 1)
    return (1 + read[0], read[1]) if read else None


@lru_cache(maxsize=1)
def _bounds() -> Phrases:
    named = vocabulary()["bounds"].items()
    return Phrases((word, kind) for kind, words in named if kind != "unsaid" for word in words)


@lru_cache(maxsize=1)
def _unsaid() -> Phrases:
    # "Some five men" says five: where a number follows, it is a bound.
    words = vocabulary()["bounds"]["unsaid"]
    return Phrases((word, None) for word in words if word != "some")
