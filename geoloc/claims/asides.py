"""What a sentence says beside its count: parts of it, ages, brackets and what was corrected.

`Eight civilians, including two children, were killed` counts eight. Without its asides a sentence
has only numbers that count, and the rules for them need not know of any other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from geoloc.claims.numbers import value_at
from geoloc.claims.vocabulary import vocabulary, words_of
from geoloc.gazetteer.text import Phrases, Text, Token, phrase

_LONGEST = 30  # tokens of an aside
_OLDEST = 110  # years
_MOST_AGES = 4  # in a row
AND = frozenset(("and", *phrase("و او")))


@lru_cache(maxsize=1)
def outcome_words() -> Phrases:
    """Return the words that say what befell people, each with its outcome."""
    outcomes = vocabulary()["outcomes"].items()
    return Phrases((word, outcome) for outcome, table in outcomes for word in table["words"])


def without_asides(text: Text, tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Return the tokens of a sentence without those that only add to a count.

    An aside that tells an outcome of its own stays: `12 casualties, including three killed`.
    """
    return _without(_of_sentence, text, _without(_bracketed, text, tokens))


def _without(aside: _Aside, text: Text, tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    kept: list[Token] = []
    place = 0
    while place < len(tokens):
        end = aside(text, tokens, place)
        if end is None:
            kept.append(tokens[place])
        place = place + 1 if end is None else end
    return tuple(kept)


# Returns where the aside ends that begins at a token, or None if none does.
_Aside = Callable[[Text, tuple[Token, ...], int], int | None]


def _of_sentence(text: Text, tokens: tuple[Token, ...], place: int) -> int | None:
    comma = tokens[place].text == "," and place + 2 < len(tokens)
    if (age := _age(tokens, place + comma)) is not None:
        return age + (comma and age < len(tokens) and tokens[age].text == ",")
    if comma and (end := _age_in_commas(text, tokens, place) or _corrected(tokens, place)):
        return end
    return _part(tokens, place)


_BRACKETS = {"(": ")", "[": "]", "-": "-"}


def _bracketed(_: Text, tokens: tuple[Token, ...], place: int) -> int | None:
    """Return the end of `(three women)`, or of the same between two dashes."""
    sign = tokens[place].text
    if sign not in _BRACKETS or (sign == "-" and not _is_dash(tokens, place)):
        return None
    for end in range(place + 1, min(place + _LONGEST, len(tokens))):
        if tokens[end].text == _BRACKETS[sign] and (sign != "-" or _is_dash(tokens, end)):
            return end + 1
        if outcome_words().at(tokens, end):
            return None
    return None


def _is_dash(tokens: tuple[Token, ...], place: int) -> bool:
    """Return whether blanks stand around a dash; a hyphen joins what it stands between."""
    if not 0 < place < len(tokens) - 1:
        return False
    before, sign, after = (token.span for token in tokens[place - 1 : place + 2])
    return before.end < sign.start and sign.end < after.start


def _age(tokens: tuple[Token, ...], place: int) -> int | None:
    """Return the end of `aged 17 and 19`, `25-year-old`, `۲۵ ساله` or `under 10`."""
    after = place + 1
    if tokens[place].text in ("aged", "age", "ages"):
        while after < len(tokens) and tokens[after].text in _BEFORE_AGE:
            after += 1
        return _end_of_ages(tokens, after)
    if tokens[place].text == "of" and place:
        one = tokens[place - 1].text in words_of("people", "one")
        return _end_of_ages(tokens, after) if one else None  # "a man of 25", "the mother of 5"
    if tokens[place].text in ("under", "over", "above", "below") and place:
        ranged = tokens[place - 1].text in words_of("people", "of_an_age")
        return _end_of_ages(tokens, after) if ranged else None
    if (end := _end_of_ages(tokens, place)) is None or end >= len(tokens):
        return None
    if tokens[end].text == "-" and end + 1 < len(tokens):
        end += 1
    unit = _ages().at(tokens, end)
    return end + unit[0] if unit else None


_BEFORE_AGE = frozenset({"between", "from", "about", "around", "of", "under", "over", "group", ":"})


def _end_of_ages(tokens: tuple[Token, ...], place: int) -> int | None:
    """Return where a row of numbers ends that begins at `place`: `17, 18 and 19`."""
    end = None
    for _ in range(_MOST_AGES):
        read = value_at(tokens, place) if place < len(tokens) else None
        if read is None or read[1] > _OLDEST:
            break
        if end is not None and _has_noun(tokens, place + read[0]):
            break  # "aged 22, and 4 others"
        end = place = place + read[0]
        while place < min(end + 2, len(tokens)) and tokens[place].text in _ROW:
            place += 1
        if place == end:
            break
    return end


def _has_noun(tokens: tuple[Token, ...], place: int) -> bool:
    """Return whether a number that ends at `place` counts what a noun behind it says."""
    if place >= len(tokens) or not tokens[place].is_word or _ages().at(tokens, place):
        return False
    text = tokens[place].text
    if text in ("other", "others", "more"):
        return True
    return not (text in _ROW or _closes(text) or outcome_words().at(tokens, place))


_ROW = frozenset(("and", "or", "to", "-", ",", *phrase("و او یا تا الی")))


@lru_cache(maxsize=1)
def _ages() -> Phrases:
    return Phrases((words, True) for words in vocabulary()["people"]["ages"])


def _age_in_commas(text: Text, tokens: tuple[Token, ...], comma: int) -> int | None:
    """Return the end of the `, 25,` behind a person: `Ahmad, 25, was killed`."""
    if not (comma and tokens[comma + 1].text.isdecimal()):
        return None
    end = _end_of_ages(tokens, comma + 1)
    if end is None or end >= len(tokens) or tokens[end].text != ",":
        return None
    before = tokens[comma - 1]
    lead = tokens[comma - 2].text if comma > 1 else ""
    if lead in words_of("places", "within") or not before.is_word:
        return None
    person = before.text in words_of("people", "one") | words_of("people", "of_an_age")
    plural = before.text.removesuffix("s") in words_of("people", "one")
    named = not before.text.isascii() or is_capital(text, before)
    return end + 1 if person or plural or named else None


def is_capital(text: Text, token: Token) -> bool:
    """Return whether a word is written with a capital letter."""
    return text.original[text.original_span(token.span).start].isupper()


def _corrected(tokens: tuple[Token, ...], comma: int) -> int | None:
    """Return the end of `, not nine,`, which says what the number is not."""
    place = comma + 1
    if tokens[place].text in AND:
        place += 1
    lead = _INSTEAD.at(tokens, place) if place < len(tokens) else None
    if lead is None or place + lead[0] >= len(tokens):
        return None
    read = value_at(tokens, place + lead[0])
    if read is None:
        return None
    end = place + lead[0] + read[0]
    return next(
        (k + 1 for k in range(end, min(end + 3, len(tokens))) if tokens[k].text == ","), None
    )


_INSTEAD = Phrases((words, True) for words in ("not", "rather than", "instead of", "نه"))


def _part(tokens: tuple[Token, ...], place: int) -> int | None:
    """Return the end of what names a part of the people: `, including two children,`."""
    comma = tokens[place].text == ","
    start = place + comma
    if start >= len(tokens):
        return None
    if (lead := _leads().at(tokens, start)) and start + lead[0] < len(tokens):
        return _end_of_part(tokens, start + lead[0], comma=comma)
    if tokens[start].text in ("که", "چی"):
        return _relative(tokens, start)
    if (end := _postposed(tokens, start)) is not None:
        return end
    return _share(tokens, start, comma=comma)


@lru_cache(maxsize=1)
def _leads() -> Phrases:
    return Phrases((words, True) for words in vocabulary()["people"]["part"])


def _end_of_part(tokens: tuple[Token, ...], start: int, *, comma: bool) -> int | None:
    """Return where a list of a part ends, its comma included; None if it tells its own outcome."""
    listed = False
    for place in range(start, min(start + _LONGEST, len(tokens))):
        text = tokens[place].text
        if text == ",":
            following = place + 1
            joined = following < len(tokens) and tokens[following].text in AND
            counts = following + joined < len(tokens) and _counts(tokens, following + joined)
            if not counts or (joined and not listed):
                return place + 1 if comma else place
            listed = True
        elif outcome_words().at(tokens, place):
            own = place > start and value_at(tokens, place - 1) is not None
            return None if own or place == start else place
        elif _closes(text):
            return place + 1 if text in _COPULA else place
    return None


def _counts(tokens: tuple[Token, ...], place: int) -> bool:
    return tokens[place].text in ("a", "an", "several") or value_at(tokens, place) is not None


def _closes(text: str) -> bool:
    """Return whether the words for a part end here."""
    return (
        text in words_of("people", "auxiliary")
        or text in words_of("people", "stop")
        or text in _COPULA
        or text in _PREPOSITIONS
        or text in _MARKS
    )


_MARKS = frozenset((";", ":", ".", "!", "?", ")", "\n"))
_COPULA = frozenset(phrase("بودند بود است هستند استند اند دی ده وو وه وی شامل شامله دی شاملی بوده"))
_PREPOSITIONS = frozenset(("in", "at", "near", "on", "by", "from", *phrase("در په به توسط بر")))


def _relative(tokens: tuple[Token, ...], start: int) -> int | None:
    """Return the end of `که دو تن آنها زن بودند` or `چې دوه یې ښځې دي`, behind a count."""
    if not any(value_at(tokens, place) for place in range(max(0, start - 4), start)):
        return None
    of_whole = False
    for place in range(start + 1, min(start + 12, len(tokens))):
        text = tokens[place].text
        if text == "," or _closes(text):
            ends = place + 1 if text in _COPULA or text == "," else place
            if ends < len(tokens) and tokens[ends].text == ",":
                ends += 1
            return ends if of_whole else None
        if outcome_words().at(tokens, place):
            return None
        if text in words_of("people", "whole"):
            of_whole = any(value_at(tokens, k) for k in range(start + 1, place))
    return None


def _postposed(tokens: tuple[Token, ...], start: int) -> int | None:
    """Return the end of Pashto's `د دوو ښځو په ګډون`."""
    place = start + (tokens[start].text == "د")
    if place >= len(tokens) or (read := value_at(tokens, place)) is None:
        return None
    for end in range(place + read[0], min(place + read[0] + 6, len(tokens))):
        if behind := _behind_part().at(tokens, end):
            end += behind[0]
            return end + (end < len(tokens) and tokens[end].text == ",")
        if not tokens[end].is_word or outcome_words().at(tokens, end):
            return None
    return None


@lru_cache(maxsize=1)
def _behind_part() -> Phrases:
    return Phrases((words, True) for words in vocabulary()["people"]["part_behind"])


def _share(tokens: tuple[Token, ...], start: int, *, comma: bool) -> int | None:
    """Return the end of `, three of them children,` or `, سه تن آنها زن،`."""
    vague = comma and tokens[start].text in _VAGUELY
    read = (1, 0) if vague else value_at(tokens, start)
    if read is None:
        return None
    place = start + read[0]
    for k in range(place, min(place + 4, len(tokens))):
        if tokens[k].text in words_of("people", "whole"):
            return _end_of_share(tokens, k + 1, comma=comma)
        if not tokens[k].is_word or outcome_words().at(tokens, k):
            return None
    return None


_VAGUELY = frozenset({"none", "all", "most", "some", "many", "half", "several"})


def _end_of_share(tokens: tuple[Token, ...], start: int, *, comma: bool) -> int | None:
    """Return where a share ends: at its comma, or before the verb; None if it has an outcome.

    Behind a comma it can also be the last that a sentence says.
    """
    for place in range(start, min(start + _LONGEST, len(tokens))):
        text = tokens[place].text
        if text == ",":
            return place + 1 if comma else place
        if comma and text in _MARKS:
            return place
        if outcome_words().at(tokens, place):
            return None
        if text in words_of("people", "auxiliary") and place > start and not comma:
            return place
    return len(tokens) if comma and len(tokens) - start < _LONGEST else None
