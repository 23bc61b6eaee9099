"""How many people were killed, captured or wounded, or lay dead, as a sentence says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from geoloc.claims.dates import dates
from geoloc.claims.numbers import Number, numbers
from geoloc.claims.vocabulary import vocabulary
from geoloc.gazetteer.notation import mentions
from geoloc.gazetteer.text import Phrases, Span, Text, Token, Unresolved, phrase, plain

_FARTHEST = 9  # words between a number and what befell the people
OUTCOMES = ("killed", "captured", "wounded", "bodies")


@dataclass(frozen=True, slots=True)
class Toll:
    """A number of people and what befell them."""

    outcome: str  # killed, captured, wounded or bodies
    min: int
    max: int | None  # None where no upper figure was given
    text: str
    span: Span  # in the original text
    plain: Span
    about: bool = False


def tolls(
    text: Text, sentence: Span, masked: list[Span]
) -> tuple[tuple[Toll, ...], tuple[Unresolved, ...]]:
    """Return the numbers of people in a sentence, and those that are said without a number.

    Parameters
    ----------
    text : Text
    sentence : Span
        In the plain text.
    masked : list of Span
        Dates and police districts, whose numbers are none of people.
    """
    tokens = text.tokens_in(sentence)
    counted: list[Number] = []
    things: list[Number] = []
    for number in numbers(tokens, masked):
        (things if _of_things(tokens, number) else counted).append(number)
    found, unsaid, used = [], [], set()
    for place, length, outcome in _triggers().all_in(tokens):
        if _either(tokens, place + length):
            outcome = "killed or captured"
        if (first := _nobody(tokens, place, place + length)) is not None:
            span = Span(tokens[first].span.start, tokens[place + length - 1].span.end)
            words, where = text.words(span), text.original_span(span)
            found += [Toll(each, 0, 0, words, where, span) for each in outcome.split(" or ")[:1]]
            continue
        told = _told(tokens, counted, things, place, place + length, outcome)
        chosen = [number for number in told if number not in used]
        if not chosen:
            continue
        used.update(chosen)
        first = min(place, *(number.first for number in chosen))
        last = max(place + length, *(number.end for number in chosen))
        span = Span(tokens[first].span.start, tokens[last - 1].span.end)
        shared = outcome not in OUTCOMES
        said = [number for number in chosen if number.least is not None and not shared]
        if said:
            behind = tokens[max(number.end for number in said) : place]
            apart = any(token.text == "," for token in behind)
            found.append(_sum(text, outcome, span, said, apart=apart))
        for number in chosen:
            if number.least is None or shared:
                unsaid.append(
                    Unresolved(
                        text.words(span),
                        text.original_span(span),
                        f"{outcome}: {'which, is not said' if shared else 'no number'}",
                    )
                )
    return tuple(found), tuple(unsaid)


def tolls_in(text: str) -> tuple[Toll, ...]:
    """Return the numbers of people killed, captured, wounded or seen dead, in a short text."""
    read = Text(text)
    dated, undated = dates(read, None)
    masked = [*(when.plain for when in dated), *read.plain_spans(undated)]
    masked += [each.plain for each in mentions(read)]
    return tuple(toll for each in read.sentences for toll in tolls(read, each, masked)[0])


def _nobody(tokens: tuple[Token, ...], start: int, end: int) -> int | None:
    """Return where `nobody` or `no one` begins that an outcome is said of: none, which is 0."""
    place = start - 1
    while place >= 0 and start - place < 8 and _is_passed_over(tokens, place):
        place -= 1
    if place < 0:
        return None
    text, before = tokens[place].text, tokens[place - 1].text if place else ""
    after = tokens[end].text if end < len(tokens) else ""
    if text in ("nobody", "none") or (before == "no" and text in _PEOPLE):
        return place if before != "no" else place - 1
    if before == "هیچ" and text in ("کس", "کسی"):
        return place - 1
    return place if text == "کسی" and after in ("نشد", "نشده") else None


_PEOPLE = frozenset({"one", "people", "person", "persons", "civilian", "civilians"})


def _is_passed_over(tokens: tuple[Token, ...], place: int) -> bool:
    text = tokens[place].text
    return text in _auxiliary() or text in ("or", "یا") or _triggers().at(tokens, place) is not None


def _either(tokens: tuple[Token, ...], place: int) -> bool:
    """Return whether `killed or captured` leaves open which."""
    return (
        place + 1 < len(tokens)
        and tokens[place].text in ("or", "یا")
        and _triggers().at(tokens, place + 1) is not None
    )


def _sum(text: Text, outcome: str, span: Span, numbers: list[Number], *, apart: bool) -> Toll:
    """Return the sum of numbers, or the first where the rest only says who they were.

    `apart` says that a comma stands before the outcome: `two men, a cook and a guard, were killed`.
    """
    least = sum(number.least or 0 for number in numbers)
    most = [number.most for number in numbers]
    total = None if None in most else sum(value or 0 for value in most)
    first, *rest = sorted(numbers, key=lambda number: number.start)
    told_again = len(rest) > 1 and first.least == sum(number.least or 0 for number in rest)
    if told_again and (apart or any((number.least or 0) > 1 for number in rest)):
        least, total = (
            first.least or 0,
            first.most,
        )  # "eight civilians, five women and three children"
    about = any(number.about for number in numbers)
    return Toll(outcome, least, total, text.words(span), text.original_span(span), span, about)


@lru_cache(maxsize=1)
def _triggers() -> Phrases:
    outcomes = vocabulary()["outcomes"].items()
    return Phrases((word, outcome) for outcome, table in outcomes for word in table["words"])


@lru_cache(maxsize=1)
def _things() -> frozenset[str]:
    return frozenset(map(plain, vocabulary()["people"]["things"]))


@lru_cache(maxsize=1)
def _one() -> frozenset[str]:
    return frozenset(map(plain, vocabulary()["people"]["one"]))


@lru_cache(maxsize=1)
def _stops() -> frozenset[str]:
    return frozenset(map(plain, vocabulary()["people"]["stop"]))


@lru_cache(maxsize=1)
def _auxiliary() -> frozenset[str]:
    return frozenset(map(plain, vocabulary()["people"]["auxiliary"]))


def _of_things(tokens: tuple[Token, ...], number: Number) -> bool:
    """Return whether a number counts things, or is a year: the noun stands behind its words."""
    if tokens[number.start].text.isdecimal() and number.least in _YEARS:
        return True
    for place in range(number.end, min(number.end + 5, len(tokens))):
        text = tokens[place].text
        if text in _things() or (text in ("%", "$") and place == number.end):
            return True
        if not tokens[place].is_word or text in _auxiliary() or text in _SMALL:
            return False
        if _triggers().at(tokens, place):
            return False
    after = tokens[number.end : number.end + 2]
    return len(after) == 2 and after[0].text == "-" and after[1].text in ("year", "years")


_YEARS = (*range(1300, 1480), *range(1900, 2101))
_SMALL = frozenset(
    {
        "of",
        "in",
        "and",
        "at",
        "on",
        "by",
        "from",
        *phrase("و در په از که را به با او چې کې له ته د"),
    }
)


def _told(
    tokens: tuple[Token, ...],
    counted: list[Number],
    things: list[Number],
    start: int,
    end: int,
    outcome: str,
) -> list[Number]:
    """Return the numbers that a word for an outcome goes with: before it, or just behind it."""
    behind = _behind(tokens, counted, _past(tokens, things, end))
    passive = start > 0 and tokens[start - 1].text in _PASSIVE
    if behind and not passive:
        return _with_more(tokens, counted, behind)
    before = _before(tokens, counted, start)
    if before:
        return before
    if outcome == "bodies" and (one := _one_body(tokens, start, end)):
        return one
    single = _single(tokens, start, end)
    return [single] if single else []


_PASSIVE = frozenset({"was", "were", "been", "be", "being", "is", "are"})


def _past(tokens: tuple[Token, ...], things: list[Number], place: int) -> int:
    """Return where the words for things end that were hit too: `killed 20 sheep and two men`."""
    for number in things:
        joint = next((k for k in range(number.end, len(tokens)) if tokens[k].text in _AND), place)
        if number.first == place and joint - number.end <= 3:
            place = joint + 1
    return place


def _behind(tokens: tuple[Token, ...], counted: list[Number], end: int) -> Number | None:
    """Return the number right behind `killed`, `killing of`, `death of` or `کشته شدن`."""
    place = end
    while place < min(end + 3, len(tokens)) and tokens[place].text in _TO_NUMBER:
        place += 1
    return next((number for number in counted if number.first == place), None)


_TO_NUMBER = frozenset({"of", "the", "another", ":", *phrase("شدن کیدل کیدو")})


def _with_more(tokens: tuple[Token, ...], counted: list[Number], first: Number) -> list[Number]:
    """Return a number and those that are added to it: `killed two men and a woman`."""
    chosen, last = [first], first
    for number in _with_singles(tokens, counted, range(first.end, len(tokens))):
        between = [token.text for token in tokens[last.end : number.first]]
        joined = between and between[-1] in _AND and len(between) <= 4
        plain_list = joined and all(t.isalpha() or t == "," for t in between)
        behind = [t.text for t in tokens[number.end : number.end + 4]]
        followed = any(
            _triggers().at(tokens, k) for k in range(number.end, min(number.end + 4, len(tokens)))
        )
        if number.start >= last.end and plain_list and behind and not followed:
            chosen.append(number)
            last = number
    return chosen


def _with_singles(tokens: tuple[Token, ...], counted: list[Number], places: range) -> list[Number]:
    """Return the numbers in their order, with every `and a woman` that begins in `places`."""
    singles = [one for place in places if (one := _one_more(tokens, place))]
    return sorted((*counted, *singles), key=lambda number: number.first)


def _one_more(tokens: tuple[Token, ...], place: int) -> Number | None:
    """Return the one of `two men and a woman`, at its article."""
    words = [token.text for token in tokens[place - 1 : place + 4]]
    article = place and words[0] in ("and", ",") and words[1:2] in (["a"], ["an"])
    one = article and any(word in _one() for word in words[2:])
    return Number(place, place, place + 2, 1, 1) if one else None


_AND = frozenset({"and", "و", "او", ","})


def _before(tokens: tuple[Token, ...], counted: list[Number], start: int) -> list[Number]:
    """Return the number before an outcome, and the ones that it is added to."""
    chosen: list[Number] = []
    reach = start
    near = range(max(1, start - _FARTHEST), start)
    for number in reversed(_with_singles(tokens, counted, near)):
        if number.end > start:
            continue
        between = tokens[number.end : reach]
        if sum(token.is_word for token in between) > _FARTHEST or not _is_open(
            tokens, number.end, reach
        ):
            break
        if chosen and not (between and between[-1].text in _AND and len(between) <= 4):
            break
        chosen.append(number)
        reach = number.first
        if tokens[number.first - 1].text == "of" and number.first:
            break  # "one of two members": two
    if chosen and tokens[reach - 1].text in _AND and (one := _article(tokens, reach - 1)):
        chosen.append(one)
    return chosen


def _is_open(tokens: tuple[Token, ...], start: int, end: int) -> bool:
    """Return whether nothing between a number and an outcome parts the two."""
    for place in range(start, end):
        text = tokens[place].text
        if text in _stops() or text in (";", ":", ".", "!", "?", "\n"):
            return False
        if text == "," and place != end - 1 and not _continues(tokens, place):
            return False
        if _triggers().at(tokens, place) and not _shared(tokens, place, end):
            return False
    return True


def _continues(tokens: tuple[Token, ...], comma: int) -> bool:
    """Return whether a comma only sets words apart: `five men, all fighters, were killed`."""
    following = tokens[comma + 1].text if comma + 1 < len(tokens) else ""
    return (
        following in _auxiliary()
        or following in ("all", "including", "among", "mostly", "both")
        or following in _PASSIVE
    )


def _shared(tokens: tuple[Token, ...], place: int, end: int) -> bool:
    """Return whether an outcome shares its number with the next: `killed or captured`."""
    return place + 2 == end and tokens[place + 1].text in ("or", "and", "یا")


def _article(tokens: tuple[Token, ...], joint: int) -> Number | None:
    """Return the one of `a man and two women`, before the joint."""
    for place in range(joint - 1, max(joint - 5, -1), -1):
        if tokens[place].text in ("a", "an") and tokens[joint - 1].text in _one():
            return Number(place, place, joint, 1, 1)
    return None


def _single(tokens: tuple[Token, ...], start: int, end: int) -> Number | None:
    """Return the one of `a man was killed`, `the only member killed`, `kills a woman`."""
    for place in range(start - 1, max(start - 9, -1), -1):
        text = tokens[place].text
        if text == "only" and place and tokens[place - 1].text == "the":
            return Number(place - 1, place, place + 1, 1, 1)
        if text in _stops() or text in (",", ";", ":", ".") or _triggers().at(tokens, place):
            break
        if text in ("a", "an") and any(t.text in _one() for t in tokens[place:start]):
            return Number(place, place, place + 1, 1, 1)
    following = tokens[end : end + 5]
    if following and following[0].text in ("a", "an"):
        person = next((k for k, t in enumerate(following[1:], 1) if t.text in _one()), None)
        if person:
            return Number(end, end, end + person + 1, 1, 1)
    return None


def _one_body(tokens: tuple[Token, ...], start: int, end: int) -> list[Number]:
    """Return the one of `a body of an adult man`."""
    if (
        start
        and tokens[start].text in ("body", "corpse")
        and tokens[start - 1].text in ("a", "the")
    ):
        return [Number(start - 1, start - 1, end, 1, 1)]
    return []
