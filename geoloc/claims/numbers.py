"""Numbers in a sentence, with the words that bound them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from geoloc.claims.vocabulary import vocabulary, words_of
from geoloc.gazetteer.numerals import cardinals, multiples
from geoloc.gazetteer.text import Phrases, Span, Token, phrase

_MOST = 100_000  # a case file's own limit for a number of people


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a sentence: which tokens say it, and what."""

    first: int  # index of its first token, the words that bound it included
    start: int  # of the number itself
    end: int  # index behind its last token
    least: int | None  # None where no one number was said: `several`
    most: int | None  # None where there is no upper bound
    about: bool = False
    why: str = "no number"  # where `least` is None


def numbers(tokens: tuple[Token, ...], masked: list[Span]) -> Iterator[Number]:
    """Yield the numbers of a sentence, those in `masked` (dates, police districts) left out."""
    place = 0
    hidden = {at for span in masked for at in range(*span)}
    while place < len(tokens):
        place += _bound_at(tokens, place)
        if tokens[place].span.start in hidden:
            place += 1
            continue
        number = _unsaid_at(tokens, place) or _said_at(tokens, place)
        if number and number.most != _TOO_MANY:
            yield number
        place = number.end if number else place + 1


_TOO_MANY = -1


def _bound_at(tokens: tuple[Token, ...], place: int) -> int:
    """Return how many tokens from `place` on bound a number: `as many as 12` says no `many`."""
    bound = _bounds().at(tokens, place)
    end = place + bound[0] if bound else place
    return end - place if bound and end < len(tokens) and _spoken(tokens, end) else 0


def _unsaid_at(tokens: tuple[Token, ...], place: int) -> Number | None:
    """Return `several` or `several hundred`, which say no number."""
    if (unsaid := _unsaid().at(tokens, place)) is None:
        return None
    end = place + unsaid[0]
    while end < len(tokens) and (multiple := multiples().at(tokens, end)):
        end += multiple[0]
    if end == place + unsaid[0] < len(tokens) and _spoken(tokens, end):
        return None  # "all five"
    return Number(place, place, end, None, None)


def _said_at(tokens: tuple[Token, ...], place: int) -> Number | None:
    read = _spoken(tokens, place)
    if read is None or _negates(tokens, place) or _is_code(tokens, place):
        return None
    length, value = read
    end, first = place + length, place
    if value > _MOST:
        return Number(place, place, end, 0, _TOO_MANY)  # passed over as a whole
    kind = ""
    if bound := _bounds().before(tokens, place):
        first, kind = place - bound[0], bound[1]
    if _is_left_behind(tokens, place, end):
        return None
    least, most = value, value
    upper = _upper(tokens, end, between=tokens[place - 1].text if place else "")
    if upper := upper or _next_to(tokens, place, end, value):
        least *= _multiplied_with(tokens, end, end + upper[0])
        end, most = end + upper[0], upper[1]
        if most < least:
            return Number(first, place, end, None, None, why=UNCLEAR)
    if behind := _bound_behind(tokens, end):
        end, kind = end + behind[0], kind or behind[1]
    elif around := _around(tokens, place, end):
        first, kind = place - 1, around
    elif place and tokens[place - 1].text == "تر":
        return Number(first, place, end, None, None, why=UNCLEAR)  # `more`, `fewer` or `up to`
    return _bounded(Number(first, place, end, least, most), kind)


UNCLEAR = "which number, is not clear"


def _is_left_behind(tokens: tuple[Token, ...], place: int, end: int) -> bool:
    """Return whether it is where a number rose from: `risen from 10 to 21` says 21."""
    before = [token.text for token in tokens[max(0, place - 4) : place]]
    after = end < len(tokens) and tokens[end].text == "to"
    return after and "from" in before and bool(words_of("people", "rises") & set(before))


def _negates(tokens: tuple[Token, ...], place: int) -> bool:
    """Return whether a number word is none: in `no one`, and `نه` is nine and, in Pashto, not."""
    after = tokens[place + 1].text if place + 1 < len(tokens) else ""
    if tokens[place].text == "نه" and (after in _BEHIND_NOT or not after[:1].isalpha()):
        return True
    before = [token.text for token in tokens[max(0, place - 6) : place]]
    if tokens[place].text == "نه" and "هیڅوک" in before:
        return True
    if before[-3:] == ["not", "a", "single"] or before[-2:] == ["not", "even"]:
        return True
    return before[-1:] in (["no"], ["not"])


_BEHIND_NOT = frozenset(phrase("دی ده و وو وه شو شوی شوه شول یی وژل نیول کیږی بلکی بلکه در په به"))


def _is_code(tokens: tuple[Token, ...], place: int) -> bool:
    """Return whether figures are part of a name or of code: `Mi-17`, `31m`, `{{7*7}}`."""
    if not tokens[place].text.isdecimal():
        return False
    before, after = _glued(tokens, place, -1), _glued(tokens, place, 1)
    if _is_latin(before) or _is_latin(after) or after in _ORDINAL:
        return True
    if before in _CODE or after in _CODE:
        return True
    if before in _SIGNS and (beyond := _glued(tokens, place - 1, -1)):
        return beyond.isalpha() if before == "-" else beyond.isdecimal()
    return after in _SIGNS - {"-"} and _glued(tokens, place + 1, 1).isdecimal()


def _glued(tokens: tuple[Token, ...], place: int, step: int) -> str:
    """Return the token beside one without a blank between, or nothing."""
    if not 0 <= place + step < len(tokens):
        return ""
    first, last = sorted((tokens[place], tokens[place + step]))
    return tokens[place + step].text if first.span.end == last.span.start else ""


def _is_latin(text: str) -> bool:
    return text.isascii() and text[:1].isalpha()


_CODE = frozenset("[]{}<>\\=_@#^~|&$%")
_SIGNS = frozenset("-*/+")
_ORDINAL = frozenset(phrase("مه م ام می"))


def _bounded(number: Number, kind: str) -> Number:
    least, most = number.least, number.most
    assert least is not None  # noqa: S101 - for the type checker: it was read from a value
    if kind == "at_least":
        most = None
    elif kind == "more_than":
        least, most = least + 1, None
    elif kind == "at_most":
        least = 0
    elif kind == "less_than":
        least, most = 0, max(0, (most or 0) - 1)
    return Number(number.first, number.start, number.end, least, most, kind == "about")


def value_at(tokens: tuple[Token, ...], place: int) -> tuple[int, int] | None:
    """Return how many tokens from `place` on are a whole number, and the number."""
    read = _spoken(tokens, place)
    return read if read and read[1] <= _MOST else None


def _spoken(tokens: tuple[Token, ...], place: int) -> tuple[int, int] | None:
    """Return a number however large: `۵ هزار`, `two dozen`, `صد و بیست و پنج`."""
    read = _figures(tokens[place].text) or _below_hundred(tokens, place) or _one_of(tokens, place)
    if read is None:
        return None
    length, value = read
    end = place + length
    while end < len(tokens) and (multiple := multiples().at(tokens, end)):
        end, value = end + multiple[0], value * int(multiple[1])
    by_words = end > place + 1 or not tokens[place].text.isdecimal()
    if by_words and value % 100 == 0 and (rest := _rest(tokens, end, value)):
        end, value = end + rest[0], value + rest[1]
    return end - place, value


def _figures(text: str) -> tuple[int, int] | None:
    if not text[0].isdigit():
        return None
    digits = text.replace(",", "") if _is_grouped(text) else text
    return (1, int(digits)) if digits.isdecimal() and len(digits) < 10 else None


def _below_hundred(tokens: tuple[Token, ...], place: int) -> tuple[int, int] | None:
    found = cardinals().at(tokens, place)
    return (found[0], int(found[1])) if found else None


def _one_of(tokens: tuple[Token, ...], place: int) -> tuple[int, int] | None:
    """Return the one of `a dozen`, or of a bare `dozen`, with no token or that of its article."""
    article = tokens[place].text in ("a", "یک", "یو") and place + 1 < len(tokens)
    return (int(article), 1) if multiples().at(tokens, place + article) else None


def _rest(tokens: tuple[Token, ...], place: int, value: int) -> tuple[int, int] | None:
    """Return what is added to whole hundreds or thousands: `و بیست و پنج`."""
    joint = place < len(tokens) and tokens[place].text in ("and", "و", "او")
    if place + joint >= len(tokens):
        return None
    read = _below_hundred(tokens, place + joint)
    if value % 1000 == 0 and read and read[1] < 1000:
        whole = _spoken(tokens, place + joint)
        read = whole if whole and whole[1] < 1000 else read
    fits = read and read[1] < (1000 if value % 1000 == 0 else 100)
    return (read[0] + joint, read[1]) if read and fits else None


def _is_grouped(text: str) -> bool:
    head, *groups = text.split(",")
    return len(text) < 12 and len(head) <= 3 and all(len(g) == 3 and g.isdecimal() for g in groups)


def _upper(tokens: tuple[Token, ...], place: int, *, between: str) -> tuple[int, int] | None:
    """Return the upper end of a range that goes on at `place`: `five to seven`."""
    joint = place
    if joint + 1 < len(tokens) and tokens[joint].text in _FROM and tokens[joint + 1].text == "تر":
        joint += 1  # five to seven, in Pashto
    if joint + 1 >= len(tokens):
        return None
    text = tokens[joint].text
    read = value_at(tokens, joint + 1) if text in _JOINTS or text in _BETWEEN_JOINTS else None
    if read is None:
        return None
    length = joint + 1 + read[0] - place
    if text in _BETWEEN_JOINTS and between not in _BETWEEN:
        behind = "".join(token.text for token in tokens[place + length : place + length + 2])
        return (length, read[1]) if behind.startswith("ترمنځ") else None
    return length, read[1]


def _next_to(tokens: tuple[Token, ...], place: int, end: int, value: int) -> tuple[int, int] | None:
    """Return the upper end of `سه چهار نفر`, three or four people."""
    words = end < len(tokens) and tokens[place].is_word and tokens[end].is_word
    read = _below_hundred(tokens, end) if words and value < 10 else None
    return read if read and value < read[1] <= value + 2 else None


def _multiplied_with(tokens: tuple[Token, ...], start: int, end: int) -> int:
    """Return what the lower end of a range is multiplied by as well: `two to three dozen`."""
    bare = not multiples().at(tokens, start - 1) and value_at(tokens, end - 2) is not None
    multiple = multiples().at(tokens, end - 1) if bare else None
    return int(multiple[1]) if multiple else 1


_FROM = frozenset(phrase("څخه نه"))
_JOINTS = frozenset(("to", "-", "or", *phrase("تا یا تر الی")))
_BETWEEN = frozenset(("between", *phrase("بین میان")))
_BETWEEN_JOINTS = frozenset(("and", *phrase("و او")))


def _bound_behind(tokens: tuple[Token, ...], end: int) -> tuple[int, str] | None:
    """Return how many tokens behind a number bound it, and how: `or more`, `نفر یا بیشتر`."""
    counter = end < len(tokens) and tokens[end].text in words_of("people", "counters")
    if end + counter >= len(tokens) or (found := _behind().at(tokens, end + counter)) is None:
        return None
    return found[0] + counter, found[1]


def _around(tokens: tuple[Token, ...], place: int, end: int) -> str:
    """Return the bound that words on either side make: `تر لسو تنو زیات`, `از ده نفر بیشتر`."""
    if not place or tokens[place - 1].text not in ("تر", "له", "از"):
        return ""
    for token in tokens[end : end + 3]:
        if kind := _words_around().get(token.text):
            return kind if tokens[place - 1].text == "تر" or kind != "at_most" else ""
        if token.text not in _FROM and token.text not in words_of("people", "counters"):
            return ""
    return ""


@lru_cache(maxsize=1)
def _words_around() -> dict[str, str]:
    named = vocabulary()["bounds_around"].items()
    return {phrase(word)[0]: kind for kind, words in named for word in words}


@lru_cache(maxsize=1)
def _behind() -> Phrases:
    named = vocabulary()["bounds_behind"].items()
    return Phrases((word, kind) for kind, words in named for word in words)


@lru_cache(maxsize=1)
def _bounds() -> Phrases:
    named = vocabulary()["bounds"].items()
    return Phrases((word, kind) for kind, words in named if kind != "unsaid" for word in words)


@lru_cache(maxsize=1)
def _unsaid() -> Phrases:
    # "Some five men" says five: where a number follows, it is a bound.
    words = vocabulary()["bounds"]["unsaid"]
    return Phrases((word, None) for word in words if word != "some")
