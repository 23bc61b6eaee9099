"""Numbers as digits and as English, Dari and Pashto words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from geoloc.claims.text import Phrases, Span, Token, vocabulary

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


@lru_cache(maxsize=1)
def cardinals() -> Phrases:
    """Return the words for 1 to 99 and 100."""
    return Phrases(_cardinals())


@lru_cache(maxsize=1)
def ordinals() -> Phrases:
    """Return the words for first to thirty-ninth, the endings of Pashto and Dari included."""
    return Phrases(_ordinals())


def _cardinals() -> Iterator[tuple[str, int]]:
    words = vocabulary()["numbers"]
    for language in ("en", "fa", "ps"):
        ones, tens = words[language]["ones"].split(), words[language]["tens"].split()
        yield from ((word, value) for value, word in enumerate(ones, 1))
        yield words[language]["hundred"], 100
        for ten, word in zip(range(20, 100, 10), tens, strict=True):
            yield word, ten
            for one, unit in enumerate(ones[:9], 1):
                for joined in (f"{word} {unit}", f"{word}-{unit}", *_with_and(word, unit)):
                    yield joined, ten + one
    for value, others in words["cardinals"].items():
        yield from ((other, int(value)) for other in others)


def _ordinals() -> Iterator[tuple[str, int]]:
    words = vocabulary()["numbers"]
    for language in ("en", "fa", "ps"):
        table = words[language]
        named = list(enumerate(table["ordinals"].split(), 1))
        tens = table["tens"].split()
        for ten, word in zip((20, 30), table["ordinal_tens"].split(), strict=False):
            named.append((ten, word))
            for one, unit in enumerate(table["ordinals"].split()[:9], 1):
                whole = tens[ten // 10 - 2]
                english = (f"{whole}-{unit}", f"{whole} {unit}")
                forms = english if language == "en" else _with_and(whole, unit)
                named += [(ten + one, form) for form in forms]
        if language == "fa":
            named += [(21, form) for form in _with_and("بیست", "یکم")]
            named += [(31, form) for form in _with_and("سی", "یکم")]
        yield from _inflected(named)
    yield from _inflected([(int(n), w) for n, all_ in words["ordinal_forms"].items() for w in all_])


def _with_and(tens: str, unit: str) -> tuple[str, ...]:
    """Return `بیست و دو` and how it is written in one or two words."""
    return f"{tens} و {unit}", f"{tens} و{unit}", f"{tens}و{unit}", f"{tens}و {unit}"


def _inflected(named: list[tuple[int, str]]) -> Iterator[tuple[str, int]]:
    for value, word in named:
        # The feminine and oblique of Pashto, and Dari's -ī and -īn.
        yield from ((word + ending, value) for ending in ("", "ه", "ې", "ی", "ین", "و"))


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
        if read is None or (place and tokens[place - 1].text == "no"):  # "no one"
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
