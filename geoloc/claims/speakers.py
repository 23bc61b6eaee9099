"""Who says it: the claimant of a sentence, where the sentence states one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from geoloc.claims.dates import When
from geoloc.claims.places import is_event, is_unit
from geoloc.claims.vocabulary import vocabulary, words_of
from geoloc.gazetteer.text import Phrases, Span, Text, Token, phrase, plain

_MOST_WORDS = 9  # of a claimant's name


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says what a sentence says."""

    text: str
    span: Span  # in the original text
    plain: Span  # with what is said of the speaker: `X, a radio network`
    before: int  # up to here, in the plain text, a date is that of the saying
    same: bool = False  # `he`, `the post`: whoever spoke before


def speaker(text: Text, sentence: Span, whens: list[When]) -> Speaker | None:
    """Return who says a sentence, or None where it does not state one.

    Parameters
    ----------
    text : Text
    sentence : Span
        In the plain text.
    whens : list of When
        Its dates, which are nobody's name.
    """
    tokens = text.tokens_in(sentence)
    readings = [r for find in _RULES for r in find(tokens, whens)]
    if (colon := _heading(text, tokens, whens)) is not None:
        readings.insert(0, (0, colon, colon, colon))
    for first, last, whole, before in sorted(readings, key=lambda reading: reading[0]):
        if found := _named(text, tokens, first, last, whole, before):
            return found
    return None


_MOST_IN_A_HEADING = 6
_SMALL = frozenset({"of", "the", "e", "al", "for", "and", "&", "-", "@", "_"})


def _heading(text: Text, tokens: tuple[Token, ...], whens: list[When]) -> int | None:
    """Return where the colon of `Name: …` stands at the beginning of a sentence."""
    colon = next((k for k, token in enumerate(tokens[:9]) if token.text == ":"), 0)
    name = tokens[:colon]
    words = [token.text for token in name if token.is_word]
    if not 0 < len(words) <= _MOST_IN_A_HEADING or colon + 1 == len(tokens):
        return None
    if words[0] in _LEADING or any(is_event(w) or w in _no_heading() for w in words):
        return None
    if any(when.plain.meets(token.span) for when in whens for token in name):
        return None
    if not all(_in_a_name(text, token) for token in name) or is_unit(" ".join(words)):
        return None
    return colon if next(_eastern().all_in(name), None) is None else None


def _in_a_name(text: Text, token: Token) -> bool:
    if token.text in _SMALL:
        return True
    return token.is_word and not text.words(token.span)[0].islower()


@lru_cache(maxsize=1)
def _no_heading() -> frozenset[str]:
    return words_of("speech", "no_heading") | words_of("speech", "en") | words_of("speech", "same")


# By tokens: where the name begins and ends, where all that is said of it ends, and the verb.
_Reading = tuple[int, int, int, int]


def _named(
    text: Text, tokens: tuple[Token, ...], first: int, last: int, whole: int, before: int
) -> Speaker | None:
    """Return a speaker without the words around the name, or None if no name is left."""
    fringe = words_of("speech", "fringe")
    whole_name = " ".join(token.text for token in tokens[first:last])
    if whole_name in _same() or (
        last > first and tokens[first].text in words_of("speech", "their")
    ):
        span = Span(tokens[first].span.start, tokens[last - 1].span.end)
        at = tokens[min(before, len(tokens) - 1)].span.start
        return Speaker(text.words(span), text.original_span(span), span, at, same=True)
    while first < last and (
        tokens[first].text in fringe
        or (not tokens[first].text[0].isalnum() and tokens[first].text != "@")
    ):
        first += 1
    while first < last and (
        tokens[last - 1].text in fringe or not tokens[last - 1].text[0].isalnum()
    ):
        last -= 1
    if not 0 < last - first <= _MOST_WORDS or not any(t.is_word for t in tokens[first:last]):
        return None
    if any(token.text in words_of("speech", "in_no_name") for token in tokens[first:last]):
        return None
    name = " ".join(token.text for token in tokens[first:last])
    span = Span(tokens[first].span.start, tokens[last - 1].span.end)
    plain_span = Span(span.start, max(span.end, tokens[max(first, whole - 1)].span.end))
    at = tokens[min(before, len(tokens) - 1)].span.start
    return Speaker(text.words(span), text.original_span(span), plain_span, at, same=name in _same())


@lru_cache(maxsize=1)
def _same() -> frozenset[str]:
    return frozenset(" ".join(phrase(words)) for words in vocabulary()["speech"]["same"])


_ACCORDING = tuple(
    phrase(words)
    for words in ("according to", "به گفته", "به نقل از", "به قول", "بر اساس گزارش", "به گزارش")
)
_ENDS = frozenset({",", ";", ":", "(", ".", '"', "که", "چی"})


def _according_to(tokens: tuple[Token, ...], _whens: list[When]) -> Iterator[_Reading]:
    """Find `according to X`, `به گفتهٔ X`, `د X په وینا`, `reports surfaced on X`."""
    for place in range(len(tokens)):
        for words in _ACCORDING:
            if tuple(token.text for token in tokens[place : place + len(words)]) != words:
                continue
            first = place + len(words)
            first += first < len(tokens) and tokens[first].text == "ی"
            last = first
            while (
                last < len(tokens) and last - first < _MOST_WORDS + 3 and not _closes(tokens, last)
            ):
                last += 1
            reports = " ".join(token.text for token in tokens[first : first + 2])
            if not reports.startswith(("reports from", "reports by", "the reports")):
                yield first, last, last, last
    for place, token in enumerate(tokens):
        if token.text in ("وینا", "خبره", "قول") and place and tokens[place - 1].text == "په":
            first = place - 1
            while first and tokens[first].text != "د" and place - first < _MOST_WORDS:
                first -= 1
            if tokens[first].text == "د":
                yield first + 1, place - 1, place + 1, place + 1
    match = tuple(token.text for token in tokens)
    for place in range(len(match) - 3):
        if (
            match[place] in _POSTS
            and match[place + 1] in _SURFACED
            and match[place + 2] in ("on", "in")
        ):
            last = place + 3
            while (
                last < len(match)
                and last - place < 6
                and match[last] not in ("of", "that", ",", ".", "about")
            ):
                last += 1
            yield place + 3, last, last, place


_POSTS = frozenset({"reports", "posts", "claims", "rumours", "rumors", "footage", "videos"})
_SURFACED = frozenset({"surfaced", "circulated", "emerged", "appeared", "spread"})


def _closes(tokens: tuple[Token, ...], place: int) -> bool:
    text = tokens[place].text
    return text in _ENDS or text in words_of("people", "stop") or text in ("در", "په", "کی")


def _subject(tokens: tuple[Token, ...], whens: list[When]) -> Iterator[_Reading]:
    """Find the subject of a verb of saying: the first words before it that can be one."""
    verbs, quoted = words_of("speech", "en"), False
    for place, token in enumerate(tokens):
        quoted ^= token.text == '"'
        if token.text not in verbs or quoted or not place or not _speaks(tokens, place):
            continue
        trailing = _trailing(tokens, place)
        if trailing is not None:
            yield trailing, place, place, 0
            continue
        first = _clause(tokens, place, whens)
        if first is None:
            continue
        comma = next((k for k in range(first, place) if tokens[k].text in (",", "(", "-")), place)
        if tokens[comma : comma + 2][-1].text != "with":  # "It was quiet, with no raid reported"
            yield first, comma, place, _that(tokens, place, whens)


_BETWEEN = frozenset({"on", "in", "a", "the", "late", "early", "statement", "post", "tweet", ","})


def _that(tokens: tuple[Token, ...], verb: int, whens: list[When]) -> int:
    """Return where `that` stands in `said on May 9 that`, or else the verb."""
    for place in range(verb + 1, len(tokens)):
        if tokens[place].text == "that":
            return place
        dated = any(when.plain.meets(tokens[place].span) for when in whens)
        if not dated and tokens[place].text not in _BETWEEN:
            break
    return verb


def _trailing(tokens: tuple[Token, ...], verb: int) -> int | None:
    """Return where the subject begins in `…, a resident said`: at the end of a sentence."""
    comma = next((k for k in range(verb - 1, max(verb - 7, 0), -1) if tokens[k].text == ","), None)
    words = sum(token.is_word for token in tokens[verb + 1 :])
    after = tokens[verb + 1].text if verb + 1 < len(tokens) else ""
    if comma is None or words > 3 or after in ("that", "the", "a", "an"):
        return None
    # `Zaher, a resident, said` is no such end: the words before the comma are too few.
    before = [token.text for token in tokens[:comma] if token.is_word]
    return comma + 1 if len(before) > 6 or any(map(is_event, before)) else None


def _speaks(tokens: tuple[Token, ...], verb: int) -> bool:
    """Return whether a verb of saying is one here, and no `alleged member` or `reported killed`."""
    before, word = tokens[verb - 1].text, tokens[verb].text
    after = tokens[verb + 1].text if verb + 1 < len(tokens) else ""
    if before in words_of("speech", "no_subject") or (
        word not in ("told", "noted") and after in ("by", "as")
    ):
        return False
    if word in (
        "claim",
        "posts",
        "reports",
        "claims",
        "saying",
        "claiming",
        "reporting",
        "posted",
        "found",
        "alleged",
        "suggested",
    ):
        return (
            word not in ("posts", "alleged")
            and after in ("that", "the", "a", "it", "an", "two", "to")
            and before != ","
        )
    return not (
        word in ("reported", "claimed", "recorded", "alleged")
        and after in ("killed", "dead", "killing", "responsibility")
    )


def _clause(tokens: tuple[Token, ...], verb: int, whens: list[When]) -> int | None:
    """Return where the subject of a verb begins, behind what introduces the clause."""
    first, aside = 0, False
    for place in range(verb - 1, -1, -1):
        aside = (aside or tokens[place].text == "]") and tokens[place].text != "["
        if tokens[place].text in (";", ":", ".", '"') and place < verb - 1 and not aside:
            first = place + 1
            break
    opener = tokens[first].text
    if opener in words_of("speech", "subordinate"):
        comma = next((k for k in range(first, verb) if tokens[k].text == ","), None)
        if comma is None:
            return None
        first = comma + 1
    while True:
        comma = next((k for k in range(first, verb) if tokens[k].text == ","), None)
        if comma is None or comma + 1 >= verb or not _introduces(tokens, first, comma, whens):
            return first if first < verb else None
        first = comma + 1


def _introduces(tokens: tuple[Token, ...], first: int, comma: int, whens: list[When]) -> bool:
    """Return whether words before a comma only introduce: a date, `in an article`."""
    if tokens[first].text in words_of("speech", "introducing"):
        return True
    return any(when.plain.meets(tokens[k].span) for when in whens for k in (first, comma - 1))


def _in_dari_or_pashto(tokens: tuple[Token, ...], whens: list[When]) -> Iterator[_Reading]:
    """Find `X گفت که …` and `X وویل چې …`: the words before the verb's clause begins."""
    verbs = _eastern()
    for place, length, _ in verbs.all_in(tokens):
        after = tokens[place + length].text if place + length < len(tokens) else ""
        if not place or after in _PASSIVE:
            continue
        first = 0
        while first < place and (
            any(when.plain.meets(tokens[first].span) for when in whens)
            or tokens[first].text in _LEADING
            or (tokens[first].text == "د" and _dated(tokens, first + 1, whens))
        ):
            first += 1
        last = first
        while last < place and not (tokens[last].text in _ENDS or tokens[last].text in _TAILING):
            last += 1
        if last > first:
            yield first, last, place, place


# `تایید شد`: confirmed it was, and nobody says by whom.
_PASSIVE = frozenset(phrase("شد شده شدند میشود شو شول شوی شوه شوله"))


def _dated(tokens: tuple[Token, ...], place: int, whens: list[When]) -> bool:
    return place < len(tokens) and any(w.plain.meets(tokens[place].span) for w in whens)


_LEADING = frozenset(
    phrase("در به روز تاریخ ، همچنین اما په نیټه ورځ کی باندی ماښام شام شب صبح , سه یک خو")
)
_TAILING = frozenset(
    phrase("در به روز از با امروز دیروز شنبه نن پرون په ته یی هم نیز این دی می را له")
)


@lru_cache(maxsize=1)
def _eastern() -> Phrases:
    speech = vocabulary()["speech"]
    return Phrases((plain(words), True) for words in (*speech["fa"], *speech["ps"]))


_RULES = (_according_to, _subject, _in_dari_or_pashto)
