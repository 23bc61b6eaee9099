"""Verbs of saying: where each clause of theirs is, and which times are those of the saying."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import NamedTuple

from geoloc.claims.numbers import value_at
from geoloc.claims.roles import is_event
from geoloc.claims.vocabulary import vocabulary, words_of
from geoloc.gazetteer.text import Phrases, Span, Text, phrase, plain

_FARTHEST = 16  # words of `wrote in a statement on Telegram on 9 June that`


class Saying(NamedTuple):
    """A verb of saying in a sentence, by indices of its tokens."""

    opens: int  # where words begin that can tell when it was said
    first: int  # of the subject
    verb: int
    behind: int  # the first token of what is said, or `that`


class Sentence:
    """The tokens of a sentence, with those that tell a time."""

    def __init__(self, text: Text, span: Span, times: list[Span]) -> None:
        self.text, self.span, self.times = text, span, times
        self.tokens = text.tokens_in(span)
        timed = {at for time in times for at in range(time.start, time.end)}
        self._timed = [token.span.start in timed for token in self.tokens]

    def within(self, part: Span) -> Sentence:
        """Return a part of it."""
        return Sentence(self.text, part, [time for time in self.times if part.holds(time)])

    def is_time(self, place: int) -> bool:
        """Return whether a token is part of a date."""
        return 0 <= place < len(self.tokens) and self._timed[place]

    def is_of_an_event(self, place: int) -> bool:
        """Return whether a time begins `Wednesday's bombing`, whatever stands before it."""
        end = place
        while self.word(end + 1).removesuffix("'s") in _PARTS_OF_DAYS:
            end += 1
        named = (token.text for token in self.tokens[end + 1 : end + 4])
        return self.word(end).endswith("'s") and any(map(is_event, named))

    def word(self, place: int) -> str:
        """Return a token, or nothing behind the end."""
        return self.tokens[place].text if 0 <= place < len(self.tokens) else ""

    def is_capital(self, place: int) -> bool:
        """Return whether a token is a word written large."""
        start, _ = self.text.original_span(self.tokens[place].span)
        return self.text.original[start].isupper()

    def tells_an_event(self, first: int, last: int) -> bool:
        """Return whether words of some tokens speak of an event."""
        return any(is_event(token.text) for token in self.tokens[first:last])

    @cached_property
    def sayings(self) -> list[Saying]:
        """Return its clauses of saying, in order."""
        return [*_english(self), *_dari_and_pashto(self)]


_PARTS_OF_DAYS = frozenset({"morning", "afternoon", "evening", "night"})


def _english(sentence: Sentence) -> Iterator[Saying]:
    verbs, quoted = words_of("speech", "en"), False
    for place, token in enumerate(sentence.tokens):
        quoted ^= token.text == '"'
        if token.text not in verbs or quoted or not place:
            continue
        if (end := _inverted(sentence, place)) is not None:
            yield Saying(place, place, place, end)
            continue
        behind, complete = _phrase_end(sentence, place)
        first = _trailing(sentence, place, behind, complete=complete)
        if not _speaks(sentence, place, trails=first is not None):
            continue
        if first is not None:
            yield Saying(first, first, place, behind)
        elif (clause := _clause(sentence, place)) is not None:
            yield Saying(*clause, place, behind)


def _inverted(sentence: Sentence, verb: int) -> int | None:
    """Return the end of a sentence that closes with `…, said Mujahid on 9 June`."""
    end = len(sentence.tokens)
    stops = sentence.word(verb - 1) in (",", '"')
    if not stops or end - verb > _FARTHEST or sentence.word(verb) not in _TOLD_AFTER:
        return None
    named = verb + 1 < end and (sentence.is_capital(verb + 1) or sentence.word(verb + 1) in _NAMED)
    told = sentence.tells_an_event(0, verb) and not sentence.tells_an_event(verb, end)
    return end if named and told and not sentence.is_time(verb + 1) else None


_TOLD_AFTER = frozenset(
    {"said", "says", "wrote", "tweeted", "announced", "reported", "added", "claimed"}
)
_NAMED = frozenset(
    {"a", "the", "police", "officials", "residents", "sources", "witnesses", "local"}
)


def _phrase_end(sentence: Sentence, verb: int) -> tuple[int, bool]:
    """Return where what is said begins, behind `told reporters on Monday`, and whether it does."""
    told = sentence.word(verb) == "told"
    end, place, named = verb + 1, verb + 1, told
    while place < len(sentence.tokens) and place - verb <= _FARTHEST:
        word = sentence.word(place)
        if sentence.is_of_an_event(place):
            return end, False
        if sentence.is_time(place):
            end, named = place + 1, False
        elif word in ("that", ":", '"'):
            return place, True
        elif word == "." and place + 1 == len(sentence.tokens):
            break
        elif word in _BEFORE_A_NAME:
            named = True
        elif not (
            word in _of_media()
            or (word == "," and (sentence.is_time(place + 1) or sentence.is_time(place - 1)))
            or (named and (sentence.is_capital(place) or word == "-"))
            or (told and _is_addressee(sentence, place))
        ):
            return end, False
        place += 1
    return place, True


_BEFORE_A_NAME = frozenset({"on", "in", "at", "to", "via", "through", "during", "from", "with"})


@lru_cache(maxsize=1)
def _of_media() -> frozenset[str]:
    weekdays = (plain(word) for words in vocabulary()["weekdays"].values() for word in words)
    return words_of("speech", "media") | frozenset(weekdays)


def _is_addressee(sentence: Sentence, place: int) -> bool:
    """Return whether a word can belong to whom it was told."""
    token = sentence.tokens[place]
    return (
        token.is_word
        and not is_event(token.text)
        and token.text not in _NO_ADDRESSEE
        and value_at(sentence.tokens, place) is None
    )


_NO_ADDRESSEE = frozenset(
    {"was", "were", "is", "are", "had", "has", "have", "would", "will", "there", "no", "of", "how"}
)


def _trailing(sentence: Sentence, verb: int, behind: int, *, complete: bool) -> int | None:
    """Return where the subject begins in `…, a resident said`: at the end of a sentence."""
    tokens = sentence.tokens
    comma = next((k for k in range(verb - 1, max(verb - 8, 0), -1) if tokens[k].text == ","), None)
    rest = sum(token.is_word for token in tokens[behind:])
    if comma is None or comma + 1 == verb or rest > 3:
        return None
    if (complete and rest) or sentence.word(verb + 1) in ("that", "the", "a", "an"):
        return None
    # `Zaher, a resident, said` is no such end: the words before the comma are too few.
    before = [token.text for token in tokens[:comma] if token.is_word]
    return comma + 1 if len(before) > 6 or any(map(is_event, before)) else None


_NOUNS_TOO = frozenset(
    {"claim", "posts", "reports", "claims", "saying", "claiming", "reporting", "posted", "found"}
    | {"alleged", "suggested"}
)


def _speaks(sentence: Sentence, verb: int, *, trails: bool) -> bool:
    """Return whether a verb of saying is one here, and no `alleged member` or `reported killed`."""
    before, word, after = sentence.word(verb - 1), sentence.word(verb), sentence.word(verb + 1)
    if before in words_of("speech", "no_subject") or (
        word not in ("told", "noted") and after in ("by", "as")
    ):
        return False
    if word in ("said", "reported") and after == "to":  # "men said to be fighters"
        return sentence.word(verb + 2) in words_of("speech", "media")
    if word == "reported" and before in _AT_FIRST and not _counts(sentence, verb + 1):
        return False  # "as first reported"
    if word == "released":
        things = {token.text for token in sentence.tokens[verb + 1 : verb + 5]}
        return bool(things & words_of("speech", "published"))
    if word == "report":  # "families report", and no "Human Rights report said"
        lead = {token.text for token in sentence.tokens[max(0, verb - 4) : verb]}
        many = any(w in ("they", "media", "people", "police") or w.endswith("s") for w in lead)
        noun = lead & {"a", "an", "this", "in"} or not after[:1].isalnum()
        return many and not noun and after not in _BEHIND_A_NOUN | words_of("speech", "en")
    if word in words_of("speech", "with_reports"):
        return bool({after, sentence.word(verb + 2)} & words_of("speech", "reports"))
    if word in ("claims", "reports") and trails:
        return not {token.text for token in sentence.tokens[verb - 2 : verb]} & _PREPOSED
    if word in _NOUNS_TOO:
        return (
            word not in ("posts", "alleged")
            and (
                after in ("that", "the", "a", "it", "an", "two", "to") or sentence.is_time(verb + 2)
            )
            and before != ","
        )
    return not (
        word in ("reported", "claimed", "recorded", "alleged")
        and after in ("killed", "dead", "killing", "responsibility")
    )


_BEHIND_A_NOUN = _NO_ADDRESSEE | {"from", "on", "about", "to", "in", "by", "for", "into", "which"}
_AT_FIRST = frozenset(
    {"initially", "originally", "previously", "earlier", "wrongly", "mistakenly", "falsely"}
    | {"incorrectly", "erroneously", "widely"}
)


def _counts(sentence: Sentence, place: int) -> bool:
    after = sentence.word(place)
    return after in ("that", "a", "the") or (
        bool(after) and value_at(sentence.tokens, place) is not None
    )


_PREPOSED = frozenset({"despite", "amid", "to", "by", "of", "from", "in", "and", "or", "with"})


def _clause(sentence: Sentence, verb: int) -> tuple[int, int] | None:
    """Return where a clause begins, and the verb's subject behind what introduces it."""
    tokens, first, aside = sentence.tokens, 0, False
    for place in range(verb - 1, -1, -1):
        aside = (aside or tokens[place].text == "]") and tokens[place].text != "["
        if tokens[place].text in (";", ":", ".", '"') and place < verb - 1 and not aside:
            first = place + 1
            break
    opens = first
    if tokens[first].text in words_of("speech", "subordinate"):
        comma = _comma(sentence, first, verb)
        if comma is None:
            return None
        first = comma + 1
    while True:
        comma = _comma(sentence, first, verb)
        if comma is None or comma + 1 >= verb or not _introduces(sentence, first, comma):
            return (opens, first) if first < verb else None
        first = comma + 1


def _comma(sentence: Sentence, first: int, last: int) -> int | None:
    """Return the first comma that is not part of a date."""
    found = (k for k in range(first, last) if sentence.word(k) == "," and not sentence.is_time(k))
    return next(found, None)


def _introduces(sentence: Sentence, first: int, comma: int) -> bool:
    """Return whether words before a comma only introduce: a date, `in an article`."""
    if sentence.word(first) in words_of("speech", "introducing"):
        return True
    return sentence.is_time(first) or sentence.is_time(comma - 1)


def _dari_and_pashto(sentence: Sentence) -> Iterator[Saying]:
    """Yield `X گفت که …`, `X وویل چې …` and `…، X گفت`: there the verb ends the clause."""
    for place, length, _ in eastern_verbs().all_in(sentence.tokens):
        if place and sentence.word(place + length) not in _PASSIVE:
            start = _eastern_start(sentence, place)
            yield Saying(start, start, place, place + length)


# `تایید شد`: confirmed it was, and nobody says by whom.
_PASSIVE = frozenset(phrase("شد شده شدند میشود شو شول شوی شوه شوله"))
TURNS = frozenset(phrase("اما ولی خو مگر لیکن"))
_AND = frozenset(phrase("و او"))
_FINITE = frozenset(
    phrase("شد شدند کرد کردند داد دادند است اند بود شو شول شوه شوله وشو وشول ده دی وه وو")
    + phrase("برد بردند کشت کشتند گرفتند گریختند رفتند ونیول یوړل بوتلل ووژل وشوه کړ کړل بیول")
)


_LONGEST_CLAUSE = 80  # words


def _eastern_start(sentence: Sentence, verb: int) -> int:
    """Return where the verb's own clause begins, behind what was told before it."""
    start = part = max(0, verb - _LONGEST_CLAUSE)
    for place in range(start, verb - 1):
        word = sentence.word(place)
        joined = word in _AND and sentence.word(place - 1) in _FINITE
        if word in TURNS:
            start = place + 1
        elif joined or word in (",", ";"):
            told = word == ";" or sentence.word(place - 1) in _FINITE
            if told or sentence.tells_an_event(part, place):
                start = place + 1
            part = place + 1
    return start


@lru_cache(maxsize=1)
def eastern_verbs() -> Phrases:
    """Return the Dari and Pashto verbs of saying."""
    speech = vocabulary()["speech"]
    return Phrases((plain(words), True) for words in (*speech["fa"], *speech["ps"]))


class SaidTimes(NamedTuple):
    """The times of a sentence that are those of a saying or a release, and of no event."""

    before: frozenset[Span]  # before the verb: `On 9 June Mujahid said`
    behind: frozenset[
        Span
    ]  # next to the verb or the noun: `said on 9 June`, `a tweet dated 9 June`
    freed: frozenset[Span]  # when somebody was set free, which is not when they were arrested


def said_times(sentence: Sentence) -> SaidTimes:
    """Return the times that tell when something was said."""
    before: set[Span] = set()
    behind: set[Span] = set()
    starts = {time: _index(sentence, time) for time in sentence.times}
    starts = {t: place for t, place in starts.items() if not sentence.is_of_an_event(place)}
    for saying in sentence.sayings:
        for time, place in starts.items():
            if saying.opens <= place < saying.verb:
                part = _part(sentence, saying.opens, place)
                if not sentence.tells_an_event(part, place):
                    before.add(time)
            elif saying.verb < place < saying.behind:
                behind.add(time)
    behind |= {time for time, place in starts.items() if _is_next_to_a_report(sentence, place)}
    freed = {time for time, place in starts.items() if _is_of_a_release(sentence, place)}
    return SaidTimes(frozenset(before), frozenset(behind), frozenset(freed))


def _is_of_a_release(sentence: Sentence, place: int) -> bool:
    """Return whether a time is that of `released on 10 May`, and of no arrest before it."""
    tokens = sentence.tokens
    acts = [k for k in range(len(tokens)) if is_event(tokens[k].text) or _frees(sentence, k)]
    behind = next((k for k in acts if k > place), None)
    before = next((k for k in reversed(acts) if k < place), None)
    near = before is not None and not any(
        sentence.word(k) in (",", ";", ":") for k in range(before, place)
    )
    if not (near and tokens[place].text.isascii()):
        return behind is not None and _frees(sentence, behind)
    # "Four of the nine released who were arrested on Monday" leaves open which it is.
    first = _part(sentence, 0, place)
    return any(_frees(sentence, k) for k in acts if first <= k < place)


def _frees(sentence: Sentence, place: int) -> bool:
    """Return whether a word says that somebody was set free, and not that a video was released."""
    word, after = sentence.word(place), sentence.word(place + 1)
    if word not in words_of("events", "freed"):
        return False
    if not word.isascii():
        return after.startswith(_MADE_FREE)
    return all(place != saying.verb for saying in sentence.sayings)


_MADE_FREE = tuple(phrase("شد شو کرد کړ می گرد"))


def _index(sentence: Sentence, time: Span) -> int:
    """Return the index of a time's first token."""
    found = (k for k, token in enumerate(sentence.tokens) if token.span.start >= time.start)
    return next(found, len(sentence.tokens))


def _part(sentence: Sentence, first: int, place: int) -> int:
    """Return where the words between two commas begin that a token is part of."""
    for k in range(place - 1, first - 1, -1):
        if sentence.word(k) == "," and not sentence.is_time(k):
            return k + 1
    return first


def _is_next_to_a_report(sentence: Sentence, place: int) -> bool:
    """Return whether a time follows `reported on` or `a statement of`."""
    back = place - 1
    while back >= 0 and (sentence.word(back) in _BETWEEN or sentence.word(back) in _of_days()):
        back -= 1
    if back >= 0 and sentence.word(back) in words_of("speech", "dated"):
        return True
    while back >= 0 and place - back <= _LONGEST_SUBJECT:  # "shared by two users on 9 May"
        word = sentence.word(back)
        if word in (",", ";", ".", ":", '"') or is_event(word):
            return False
        if word == "by":
            return sentence.word(back - 1) in words_of("speech", "en")
        back -= 1
    return False


_BETWEEN = frozenset({"on", "of", "from", "in", "late", "early", "the", ",", "at", "(", "for"})


@lru_cache(maxsize=1)
def _of_days() -> frozenset[str]:
    return frozenset(plain(word) for words in vocabulary()["weekdays"].values() for word in words)


def said_words(sentence: Sentence) -> tuple[Span, ...]:
    """Return the words behind each verb that tell where and to whom: `told AFP in Kabul`."""
    tokens = sentence.tokens
    return tuple(
        Span(tokens[each.verb].span.start, tokens[each.behind - 1].span.end)
        for each in sentence.sayings
        if each.behind > each.verb + 1
    )


_TURN_TO = frozenset({"while", "whereas", "but", "although", "though", "yet", "however"})
_LONGEST_SUBJECT = 9  # words


def told_apart(sentence: Sentence) -> Iterator[Sentence]:
    """Yield the parts of a sentence that different people say: `X says …, while Y says …`."""
    tokens, start, first = sentence.tokens, sentence.span.start, 0
    for turn, saying in sorted(_turns(sentence)):
        if turn <= first or not sentence.tells_an_event(first, turn):
            continue
        said = any(first < other.verb < turn for other in sentence.sayings)
        own = any(token.is_word for token in sentence.tokens[saying + 2 :])
        if sentence.word(turn) == ";" and not (said or own):
            continue  # "…; Mujahid confirmed this": of what stands before it
        end = (
            tokens[turn - 1].span.end
            if sentence.word(turn - 1) != ","
            else tokens[turn - 1].span.start
        )
        yield sentence.within(Span(start, end))
        start, first = tokens[turn + 1].span.start, turn + 1
    yield sentence.within(Span(start, sentence.span.end)) if first else sentence


def _turns(sentence: Sentence) -> Iterator[tuple[int, int]]:
    """Yield where somebody else begins to speak, and where what they say begins."""
    for saying in sentence.sayings:
        if (turn := _turn_before(sentence, saying)) is not None:
            yield turn, saying.behind
    for place in range(len(sentence.tokens)):
        if sentence.word(place) == ";":  # "NRF: two killed; Taliban: none killed"
            colons = (k for k in range(place + 2, place + 6) if sentence.word(k) == ":")
            colon = next(colons, None)
            if colon and not sentence.tells_an_event(place, colon):
                yield place, colon


def _turn_before(sentence: Sentence, saying: Saying) -> int | None:
    """Return where a word like `while` stands before the subject of a verb of saying."""
    said = [other.behind for other in sentence.sayings if other.behind < saying.verb]
    for place in range(saying.verb - 2, said[-1] if said else saying.verb, -1):
        # "ولی خانواده‌ها از بازداشت هفت نفر خبر می‌دهند": an event can stand before the verb.
        word, after_a_stop = sentence.word(place), sentence.word(place - 1) == ","
        if word in TURNS or (said and word in _TURN_TO and after_a_stop):
            return place
    for place in range(saying.verb - 2, max(0, saying.verb - _LONGEST_SUBJECT), -1):
        word = sentence.word(place)
        after_a_stop = sentence.word(place - 1) == ","
        if (word in _TURN_TO and after_a_stop) or word in TURNS or word == ";":
            return place
        if is_event(word):
            return None
    return None
