"""Who says it: the claimant of a sentence, where the sentence states one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from geoloc.claims.names import known_by
from geoloc.claims.numbers import value_at
from geoloc.claims.places import is_unit
from geoloc.claims.roles import is_event
from geoloc.claims.sayings import TURNS, Sentence, eastern_verbs
from geoloc.claims.vocabulary import vocabulary, words_of
from geoloc.gazetteer.text import Span, Text, Token, phrase

_MOST_WORDS = 9  # of a claimant's name


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says what a sentence says."""

    text: str
    span: Span  # in the original text
    plain: Span  # with what is said of the speaker: `X, a radio network`
    same: bool = False  # `he`, `the post`: whoever spoke before


def speaker(sentence: Sentence) -> Speaker | None:
    """Return who says a sentence, or None where it does not state one."""
    readings = [reading for find in _RULES for reading in find(sentence)]
    if (colon := _heading(sentence)) is not None:
        readings.insert(0, (0, colon, colon))
    for first, last, whole in sorted(readings, key=lambda reading: reading[0]):
        if found := _named(sentence, first, last, whole):
            return found
    return None


_MOST_IN_A_HEADING = 6
_SMALL = frozenset({"of", "the", "e", "al", "for", "and", "&", "-", "@", "_"})


def _heading(sentence: Sentence) -> int | None:
    """Return where the colon of `Name: …` stands at the beginning of a sentence."""
    tokens, text = sentence.tokens, sentence.text
    colon = next((k for k, token in enumerate(tokens[:9]) if token.text == ":"), 0)
    name = tokens[:colon]
    words = [token.text for token in name if token.is_word]
    if not 0 < len(words) <= _MOST_IN_A_HEADING or colon + 1 == len(tokens):
        return None
    if words[0] in _LEADING or any(is_event(w) or w in _no_heading() for w in words):
        return None
    if any(sentence.is_time(place) for place in range(colon)):
        return None
    if not all(_in_a_name(text, token) for token in name) or is_unit(" ".join(words)):
        return None
    return colon if next(eastern_verbs().all_in(name), None) is None else None


def _in_a_name(text: Text, token: Token) -> bool:
    if token.text in _SMALL:
        return True
    return token.is_word and not text.words(token.span)[0].islower()


@lru_cache(maxsize=1)
def _no_heading() -> frozenset[str]:
    return words_of("speech", "no_heading") | words_of("speech", "en") | words_of("speech", "same")


# By tokens: where the name begins and ends, and where all that is said of it ends.
_Reading = tuple[int, int, int]


def _named(sentence: Sentence, first: int, last: int, whole: int) -> Speaker | None:
    """Return a speaker without the words around the name, or None if no name is left."""
    text, tokens = sentence.text, sentence.tokens
    first, last = _without_times(sentence, first, last)
    whole_name = " ".join(token.text for token in tokens[first:last])
    if whole_name in _same() or (
        last > first and tokens[first].text in words_of("speech", "their")
    ):
        span = Span(tokens[first].span.start, tokens[last - 1].span.end)
        return Speaker(text.words(span), text.original_span(span), span, same=True)
    first, last = _without_fringe(tokens, first, last)
    if not 0 < last - first <= _MOST_WORDS or not any(t.is_word for t in tokens[first:last]):
        return None
    if any(token.text in words_of("speech", "in_no_name") for token in tokens[first:last]):
        return None
    if _is_an_event(sentence, first, last):
        return None
    name = " ".join(token.text for token in tokens[first:last])
    span = Span(tokens[first].span.start, tokens[last - 1].span.end)
    plain_span = Span(span.start, max(span.end, tokens[max(first, whole - 1)].span.end))
    return Speaker(text.words(span), text.original_span(span), plain_span, same=name in _same())


def _is_an_event(sentence: Sentence, first: int, last: int) -> bool:
    """Return whether it is `the raid in PD4`, of which something is reported, and nobody."""
    event = sentence.word(first).removesuffix("s") in words_of("speech", "happenings")
    return event and (last == first + 1 or sentence.word(first + 1) in ("in", "on", "at", "of"))


def _without_times(sentence: Sentence, first: int, last: int) -> tuple[int, int]:
    """Leave out a date before the name, as in `On 8 June a spokesman`, and what follows one."""
    begin = first
    for place in range(first, last):
        if sentence.is_time(place):
            begin = place + 1
        elif sentence.word(place) not in _BESIDE_TIMES:
            break
    while begin > first and begin < last and sentence.word(begin) in _BESIDE_TIMES - {"the"}:
        begin += 1
    words = range(begin + 1, last)
    end = next((k for k in words if sentence.is_time(k) or sentence.word(k) in _CUTS), last)
    return begin, end


_BESIDE_TIMES = frozenset(
    {"on", "in", "at", "of", "the", "late", "early", "since", ",", "morning", "evening", "night"}
    | {"afternoon", "(", ")", *phrase("در به روز تاریخ مورخ شام شب صبح د په نیټه ورځ")}
)
_CUTS = frozenset({"who", "dated"})


def _without_fringe(tokens: tuple[Token, ...], first: int, last: int) -> tuple[int, int]:
    """Leave out articles and signs around a name, and `a tweet by` before it."""
    fringe = words_of("speech", "fringe")
    by = next((k for k in range(first, last - 1) if tokens[k].text == "by"), None)
    if by is not None and any(
        t.text in words_of("speech", "media") - fringe for t in tokens[first:by]
    ):
        first = by + 1
    while first < last and (
        tokens[first].text in fringe
        or (not tokens[first].text[0].isalnum() and tokens[first].text != "@")
    ):
        first += 1
    while first < last and (
        tokens[last - 1].text in (*fringe, "د") or not tokens[last - 1].text[0].isalnum()
    ):
        last -= 1
    return first, last


@lru_cache(maxsize=1)
def _same() -> frozenset[str]:
    return frozenset(" ".join(phrase(words)) for words in vocabulary()["speech"]["same"])


_ACCORDING = tuple(
    phrase(words)
    for words in ("according to", "به گفته", "به نقل از", "به قول", "بر اساس گزارش", "به گزارش")
)
_ENDS = frozenset({",", ";", ":", "(", ".", '"', "که", "چی"})


def _according_to(sentence: Sentence) -> Iterator[_Reading]:
    """Find `according to X`, `به گفتهٔ X`, `د X په وینا`, `reports surfaced on X`."""
    tokens = sentence.tokens
    for place in range(len(tokens)):
        for words in _ACCORDING:
            if tuple(token.text for token in tokens[place : place + len(words)]) != words:
                continue
            first = place + len(words)
            first += first < len(tokens) and tokens[first].text == "ی"
            last = first
            while (
                last < len(tokens)
                and last - first < _MOST_WORDS + 3
                and not _closes(sentence, last)
            ):
                last += 1
            reports = " ".join(token.text for token in tokens[first : first + 2])
            if not reports.startswith(("reports from", "reports by", "the reports")):
                yield first, last, last
    for place, token in enumerate(tokens):
        if token.text in ("وینا", "خبره", "قول") and place and tokens[place - 1].text == "په":
            first = place - 1
            while first and tokens[first].text != "د" and place - first < _MOST_WORDS:
                first -= 1
            if tokens[first].text == "د":
                yield first + 1, place - 1, place + 1
    yield from _surfaced(tuple(token.text for token in tokens))


def _surfaced(words: tuple[str, ...]) -> Iterator[_Reading]:
    for place in range(len(words) - 3):
        if (
            words[place] in _POSTS
            and words[place + 1] in _SURFACED
            and words[place + 2] in ("on", "in")
        ):
            last = place + 3
            while (
                last < len(words)
                and last - place < 6
                and words[last] not in ("of", "that", ",", ".", "about")
            ):
                last += 1
            yield place + 3, last, last


_POSTS = frozenset({"reports", "posts", "claims", "rumours", "rumors", "footage", "videos"})
_SURFACED = frozenset({"surfaced", "circulated", "emerged", "appeared", "spread"})


def _closes(sentence: Sentence, place: int) -> bool:
    text = sentence.word(place)
    if sentence.is_time(place):
        return False
    return text in _ENDS or text in words_of("people", "stop") or text in ("در", "په", "کی")


def _subject(sentence: Sentence) -> Iterator[_Reading]:
    """Find the subject of a verb of saying: the first words before it that can be one."""
    for saying in sentence.sayings:
        if not sentence.tokens[saying.verb].text.isascii():
            continue
        if saying.first == saying.verb:
            yield saying.first + 1, _end_of_inverted(sentence, saying.first + 1), saying.behind
            continue
        signs = (k for k in range(saying.first, saying.verb) if sentence.word(k) in (",", "(", "-"))
        comma = next((k for k in signs if not sentence.is_time(k)), saying.verb)
        following = sentence.word(comma + 1) if comma + 1 < saying.verb else sentence.word(comma)
        if following == "with":  # "It was quiet, with no raid reported"
            continue
        if (event := _event_of_witnesses(sentence, saying.first, comma)) is None:
            yield saying.first, comma, saying.verb
        else:
            yield saying.first, event, event


def _end_of_inverted(sentence: Sentence, first: int) -> int:
    """Return where the name ends in `said Mujahid on 9 June`."""
    ends = (
        k
        for k in range(first, len(sentence.tokens))
        if sentence.is_time(k) or sentence.word(k) in (",", ".", "on", "in", "at", "to", "late")
    )
    return next(ends, len(sentence.tokens))


def _event_of_witnesses(sentence: Sentence, first: int, last: int) -> int | None:
    """Return where `to the raid in PD4` begins in `witnesses to the raid in PD4 said`."""
    for place in range(first + 1, last - 1):
        if sentence.word(place) in ("to", "of"):
            place += sentence.word(place + 1) in ("the", "an", "a")
            if is_event(sentence.word(place + 1)):
                return place - (sentence.word(place) in ("the", "an", "a"))
    return None


def _in_dari_or_pashto(sentence: Sentence) -> Iterator[_Reading]:
    """Find `X گفت که …` and `X وویل چې …`: the words before the verb's clause begins."""
    tokens = sentence.tokens
    for saying in sentence.sayings:
        if tokens[saying.verb].text.isascii():
            continue
        place, first = saying.verb, saying.first
        while first < place and (
            sentence.is_time(first)
            or tokens[first].text in _LEADING
            or (tokens[first].text == "د" and sentence.is_time(first + 1))
        ):
            first += 1
        if (counted := value_at(tokens, first)) and counted[1] > 1 and first < place:
            continue  # "دو نفر کشته شدند": those told of, not who tells
        last, farthest = first, min(place, first + _MOST_WORDS + 3)
        while last < farthest and not _ends_a_name(sentence, first, last):
            last += 1
        last = _before_genitive(sentence, first, _before_addressee(sentence, first, last))
        if last > first:
            # What is rejected or confirmed stands before the verb, and is no part of who it is.
            yield first, last, last if sentence.tells_an_event(last, place) else place


def _ends_a_name(sentence: Sentence, first: int, place: int) -> bool:
    word = sentence.word(place)
    if word in _ENDS or word in _TAILING or sentence.is_time(place):
        return True
    # "پولیس حمله در ناحیه ۴ را رد کرد": what is rejected or confirmed begins.
    return place > first and (is_event(word) or word.startswith(_REPORTS))


_REPORTS = tuple(phrase("گزارش خبر ادعا شایعه راپور مسئولیت مسوولیت"))


def _before_genitive(sentence: Sentence, first: int, last: int) -> int:
    """Return where the one who tells it ends: `داعش` in `داعش د ده افغانانو د برید …`.

    Whose first word is `د` goes on behind it, so that only a known place is none of theirs.
    """
    of = [k for k in range(first + 1, last) if sentence.word(k) == "د"]
    tellers = words_of("speech", "tellers")
    if of and sentence.word(first) != "د" and is_event(sentence.word(last)):
        return of[0]
    for k in reversed(of):
        named = [token.text for token in sentence.tokens[k + 1 : last]]
        if named and (known_by(" ".join(named)) is None or tellers & set(named)):
            break
        last = k
    return last


def _before_addressee(sentence: Sentence, first: int, last: int) -> int:
    """Return where whoever tells it ends, before `ازادي راډیو ته`."""
    if sentence.word(last) != "ته" or last == first:
        return last
    words = [sentence.word(k) for k in range(first, last)]
    tellers = [k for k, word in enumerate(words[:-1]) if word in words_of("speech", "tellers")]
    if tellers:
        return first + tellers[-1] + 1
    if words[-1] in words_of("speech", "addressees"):
        return max(first, last - 2) if len(words) > 2 else last - 1
    return last


_LEADING = frozenset(
    phrase("در به روز تاریخ ، همچنین اما په نیټه ورځ کی باندی ماښام شام شب صبح , سه یک خو ولی")
)
_TAILING = TURNS | frozenset(
    phrase("در به روز از با امروز دیروز شنبه نن پرون په ته یی هم نیز این دی می را له بیا")
)

_RULES = (_according_to, _subject, _in_dari_or_pashto)
