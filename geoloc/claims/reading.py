"""From a text to its claims, sentence by sentence."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from geoloc.claims.agreement import Overlap, agreement
from geoloc.claims.dates import When, are_listed, check_published, dates
from geoloc.claims.denials import is_denied_day, without_denied
from geoloc.claims.places import Direction, Place, Places
from geoloc.claims.roles import Speaks, is_event
from geoloc.claims.sayings import SaidTimes, Sentence, said_times, said_words, told_apart
from geoloc.claims.speakers import Speaker, speaker
from geoloc.claims.tolls import OUTCOMES, Toll, tolls
from geoloc.claims.vocabulary import vocabulary
from geoloc.errors import InputError
from geoloc.gazetteer.notation import Mention, mentions
from geoloc.gazetteer.text import Phrases, Span, Text, Token, Unresolved

_SAME_EVENT_DAYS = 3  # a report without a date of its own tells of an event at most so long before
_SAME_EVENT_SENTENCES = 12  # and of one named at most so many sentences before

DateFrom = Literal["stated", "published", "report", "earlier", "unclear"]


@dataclass(frozen=True, slots=True)
class SamePlace:
    """`the same house as the attack of 3 June`."""

    text: str
    span: Span  # in the original text
    date: dt.date | None  # of the other event; None where it is named otherwise


@dataclass(frozen=True, slots=True)
class ParsedClaim:
    """What one sentence claims. Every span counts characters of the text that was given."""

    text: str
    span: Span
    claimant: str | None  # None where the sentence states none
    claimant_span: Span | None
    event_date: dt.date | None
    # stated; told from the day of publication; of the report; of an event told before; or unclear:
    # something is said of the time, but no day
    date_from: DateFrom | None
    period: tuple[dt.date, dt.date] | None  # where it tells of many events
    dates: tuple[When, ...]
    places: tuple[Place, ...]
    directions: tuple[Direction, ...]
    tolls: tuple[Toll, ...]
    hedges: tuple[tuple[str, Span], ...]
    same_place_as: SamePlace | None
    unresolved: tuple[Unresolved, ...]

    @property
    def hedged(self) -> bool:
        """Return whether the sentence itself says that it is not sure."""
        return bool(self.hedges)

    @property
    def agreement(self) -> tuple[Overlap, ...]:
        """Return how far the units of each group of event places lie in each other."""
        groups = _event_groups(self.places)
        return tuple(each for codes in groups for each in agreement(_telling(codes)))

    @property
    def event_places(self) -> tuple[Place, ...]:
        """Return the places where it says that something happened."""
        return tuple(filter(_is_event, self.places))

    def toll(self, outcome: str) -> Toll | None:
        """Return the first number of people killed, captured, wounded or seen dead."""
        return next((toll for toll in self.tolls if toll.outcome == outcome), None)


def _is_event(place: Place) -> bool:
    return place.role == "event"


def parse(text: str, published: dt.date | None = None) -> tuple[ParsedClaim, ...]:
    """Return what a text claims, sentence by sentence.

    Parameters
    ----------
    text : str
        English, Dari or Pashto, at most 1,000,000 characters.
    published : date, optional
        The day of publication. `on Saturday` and `yesterday` are read from it, and a day without a
        year lies before it. Without it the year comes from the nearest full date of the text.

    Returns
    -------
    tuple of ParsedClaim
        One for each sentence that tells of an event or of what somebody said about a place. Where
        a sentence names no date of its own, that of an event named shortly before is taken, and
        `date_from` is `earlier`.

    Raises
    ------
    InputError
        If the text is too long or no text, or `published` is no date.
    """
    if not isinstance(text, str):
        raise InputError(f"text must be a str, got {type(text).__name__}; decode bytes first.")
    return tuple(_Reading(Text(text), check_published(published)).claims())


@dataclass
class _Event:
    """The event that the text tells of at the moment."""

    date: dt.date
    sentence: int


class _Reading:
    def __init__(self, text: Text, published: dt.date | None) -> None:
        self._text = text
        self._dates, self._undated = dates(text, published)
        self._districts = mentions(text)
        self._places = Places(text)
        self._event: _Event | None = None
        self._last_speaker: Speaker | None = None
        self._open: list[Unresolved] = []  # dates of the sentence that could not be read
        self._full_names: dict[str, str] = {}  # by the last word, in small letters

    def claims(self) -> Iterator[ParsedClaim]:
        """Yield the claims in the order of the text."""
        dates, districts = _Queue(self._dates), _Queue(self._districts)
        undated = _Queue(tuple(sorted(self._undated, key=lambda each: each.span)))
        for number, whole in enumerate(self._text.sentences):
            whens, pds = dates.within(whole), districts.within(whole)
            self._open = undated.within(self._text.original_span(whole))
            times = [*(when.plain for when in whens), *self._text.plain_spans(self._open)]
            for part in told_apart(Sentence(self._text, whole, times)):
                yield from self._part(part, number, whens, pds)

    def _part(
        self, sentence: Sentence, number: int, whens: list[When], districts: list[Mention]
    ) -> Iterator[ParsedClaim]:
        """Yield the claims of a sentence, or of the part of it that one person says."""
        says = speaker(sentence)
        if says:
            says = self._remembered(says)
        for clause in list(_clauses(self._text, sentence.span)):
            own = [when for when in whens if clause.holds(when.plain)]
            mentioned = tuple(each for each in districts if clause.holds(each.plain))
            claim = self._claim(clause, sentence, number, own, mentioned, says)
            if claim:
                yield claim

    def _remembered(self, says: Speaker) -> Speaker:
        """Take `he` and `the post` for whoever spoke last."""
        if says.same:
            if self._last_speaker:
                return replace(says, text=self._last_speaker.text)
            return says
        # "Rasooli" is the Wahid Rasooli of before.
        full = self._full_names.get(says.text.casefold(), says.text)
        if " " in says.text:
            self._full_names[says.text.split()[-1].casefold()] = says.text
        self._last_speaker = replace(says, text=full)
        return self._last_speaker

    def _claim(
        self,
        clause: Span,
        sentence: Sentence,
        number: int,
        whens: list[When],
        districts: tuple[Mention, ...],
        says: Speaker | None,
    ) -> ParsedClaim | None:
        tokens = self._text.tokens_in(clause)
        span = self._text.original_span(clause)
        undated = [each for each in self._open if span.holds(each.span)]
        masked = [*(when.plain for when in whens), *(each.plain for each in districts)]
        masked += self._text.plain_spans(undated)
        counted, unsaid = tolls(self._text, clause, masked)
        words = (token.text for token in sentence.tokens)
        happens = bool(counted or unsaid) or any(map(is_event, words))
        places, directions, unnamed = self._places.within(
            clause,
            [when.plain for when in whens],
            districts,
            Speaks(says.plain if says else None, said_words(sentence)),
            happens=happens,
        )
        happens = happens or any(map(_is_event, places))  # "was taken from Paghman"
        same = _same_place(self._text, clause, whens)
        places, counted, denied = without_denied(self._text, clause, places, counted)
        told = places or counted or unsaid or same or ((says or whens) and happens)
        bare = bool(whens and districts) and not (happens or denied)
        if not (told and (happens or says or denied or bare)):
            return None
        if bare and not says:
            denied = tuple(Unresolved(p.text, p.span, "no event is told of it") for p in places)
        vague = bool(undated or _VAGUE.search(self._text.plain, clause.start, clause.end))
        # What did not happen dates nothing that is told after it.
        told_of = happens and not (denied and not counted and not any(map(_is_event, places)))
        said = said_times(sentence)
        not_its = {when: _FREED for when in whens if when.plain in said.freed} | {
            when: "denied" for when in whens if is_denied_day(self._text, clause, when.plain)
        }
        date, date_from, period = self._dated(
            [when for when in whens if when not in not_its],
            same, said, number, happens=told_of, vague=vague or bool(not_its),
        )  # fmt: skip
        other_days = [Unresolved(when.text, when.span, why) for when, why in not_its.items()]
        doubtful = [
            Unresolved(p.text, p.span, p.why or f"can be {' or '.join(p.senses)}")
            for p in places
            if p.role == "event" and (p.why if p.kind.startswith("police") else len(p.senses) > 1)
        ]
        return ParsedClaim(
            text=self._text.original[span.start : span.end],
            span=span,
            claimant=says.text if says else None,
            claimant_span=says.span if says else None,
            event_date=date,
            date_from=date_from,
            period=period,
            dates=tuple(whens),
            places=places,
            directions=directions,
            tolls=counted,
            hedges=tuple(_hedges(self._text, tokens)),
            same_place_as=same,
            unresolved=(*undated, *unnamed, *unsaid, *doubtful, *denied, *other_days),
        )

    def _dated(
        self,
        whens: list[When],
        same: SamePlace | None,
        said: SaidTimes,
        number: int,
        *,
        happens: bool,
        vague: bool,
    ) -> tuple[dt.date | None, DateFrom | None, tuple[dt.date, dt.date] | None]:
        """Return the day of the event, how it is known, and the period where it is many."""
        own = [w for w in whens if not (same and same.span.meets(w.span))]
        periods = [when for when in own if not when.is_day]
        days = [when for when in own if when.is_day]
        # "On the night of 8 May, police said": a time of day is that of the event.
        reports = [
            w for w in days if w.plain in said.behind or (w.plain in said.before and not w.time)
        ]
        reports += [w for w in days if w not in reports and _as_of(self._text, w)]
        events = [when for when in days if when not in reports]
        if listed := _one_list(self._text, events):
            self._event = None
            return None, None, (listed[0].first, listed[-1].first)
        if events:
            return *self._happened(events[0], number, happens=happens), None
        if periods:
            self._event = None
            return None, None, (periods[0].first, periods[0].last)
        earlier = self._event
        near = earlier and number - earlier.sentence <= _SAME_EVENT_SENTENCES
        if reports:
            report = reports[0].first
            if earlier and near and 0 <= (report - earlier.date).days <= _SAME_EVENT_DAYS:
                earlier.sentence = number
                return earlier.date, "earlier", None
            if happens:
                self._event = _Event(report, number)
            return report, "report", None
        if earlier and near and happens and not vague:
            return earlier.date, "earlier", None
        return None, "unclear" if vague else None, None

    def _happened(self, when: When, number: int, *, happens: bool) -> tuple[dt.date, DateFrom]:
        if happens:
            self._event = _Event(when.first, number)
        return when.first, "published" if when.from_published else "stated"


_FREED = "told of a release; the arrest was before it"
# Of many events, or of none in particular.
_VAGUE = re.compile(
    r"\b(?:last|past|recent|previous|coming)\s(?:[^\W_]{1,9}\s)?(?:days|weeks|months|years|raids"
    r"|operations|attacks)|(?:اخیر|گذشته|پیشین|پخوانی)\s"
    r"|\b(?:in|since|during|late|early|mid)[ -](?:january|february|march|april|may|june|july|august"
    r"|september|october|november|december)\b(?!\s\d)"
)


def read_places(text: str) -> tuple[tuple[Place, ...], tuple[Direction, ...]]:
    """Return the places and directions in words that are known to be about a place.

    A case file's `place`, for instance: no event need be told of it, so that all that is not said
    to be elsewhere has the role `event`.

    Raises
    ------
    InputError
        If the text is too long.
    """
    read = Text(text)
    finder, districts = Places(read), mentions(read)
    masked = [when.plain for when in dates(read, None)[0]]
    found = [
        finder.within(sentence, masked, districts, Speaks(), happens=True)
        for sentence in read.sentences
    ]
    return (
        tuple(place for places, _, _ in found for place in places),
        tuple(direction for _, directions, _ in found for direction in directions),
    )


class _Queue:
    """Things in the order of the text, handed out sentence by sentence."""

    def __init__(self, things: tuple[Any, ...]) -> None:
        self._things, self._next = things, 0

    def within(self, sentence: Span) -> list[Any]:
        """Return the things that begin in a sentence, which comes after the one asked before."""
        found = []
        while self._next < len(self._things):
            thing = self._things[self._next]
            start = getattr(thing, "plain", thing.span).start
            if start >= sentence.end:
                break
            if start >= sentence.start:
                found.append(thing)
            self._next += 1
        return found


# `…, and another in Paghman`: another event in the same sentence.
_ANOTHER = re.compile(
    r"[,;]?\s(?:and|while|whereas)\s(?:a|an|one|the|two|three|another)\s(?:(?:second|third|fourth"
    r"|other|others|more|separate|similar|further|one|raids?|operations?|attacks?|explosions?|blasts?"
    r"|incidents?|was|were|took|place|occurred|happened)\s){0,4}"
    r"(?=(?:in|at|near)\s)|;\s|\s(?:و|او)\s(?:حمله|عملیات|رویداد|دیگری|دومی|دویم|بل)\s"
)


def _clauses(text: Text, sentence: Span) -> Iterator[Span]:
    """Yield the parts of a sentence that tell of one event each."""
    start = sentence.start
    for match in _ANOTHER.finditer(text.plain, sentence.start, sentence.end):
        if match.start() - start < 15 or sentence.end - match.end() < 8:
            continue
        yield Span(start, match.start())
        start = match.start() + 1
    yield Span(start, sentence.end)


def _event_groups(places: tuple[Place, ...]) -> list[tuple[str, ...]]:
    """Return the codes of each group of event places."""
    groups: dict[int, list[str]] = {}
    for place in places:
        if place.role == "event" and place.code:
            groups.setdefault(place.group, []).append(place.code)
    return [tuple(dict.fromkeys(codes)) for codes in groups.values()]


def _telling(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out the province that holds another of the units: nobody doubts that."""
    held = {"AF01" if "-KBL-" in code else code[:4] for code in codes if len(code) > 4}
    return tuple(code for code in codes if code not in held)


@lru_cache(maxsize=1)
def _hedging() -> Phrases:
    return Phrases((words, True) for words in vocabulary()["hedges"]["words"])


def _hedges(text: Text, tokens: tuple[Token, ...]) -> Iterator[tuple[str, Span]]:
    for place, length, _ in _hedging().all_in(tokens):
        span = Span(tokens[place].span.start, tokens[place + length - 1].span.end)
        yield text.words(span), text.original_span(span)


@lru_cache(maxsize=1)
def _same_places() -> Phrases:
    return Phrases((words, True) for words in vocabulary()["places"]["same_place"])


def _same_place(text: Text, clause: Span, whens: list[When]) -> SamePlace | None:
    """Return that a clause puts its event where another was."""
    tokens = text.tokens_in(clause)
    for place, length, _ in _same_places().all_in(tokens):
        after = tokens[place + length : place + length + 14]
        words = [token.text for token in after]
        linked = words[:1] == ["as"] or words[:1] == ["where"] or not tokens[place].text.isascii()
        if not linked or not any(is_event(word) for word in words):
            continue
        last = after[-1].span.end
        dated = next((w for w in whens if tokens[place].span.end <= w.plain.start < last), None)
        first = place - 1 if place and tokens[place - 1].text == "the" else place
        event = next(k for k, word in enumerate(words) if is_event(word))
        end = max(after[event].span.end, dated.plain.end if dated else 0)
        span = Span(tokens[first].span.start, end)
        return SamePlace(text.words(span), text.original_span(span), dated.first if dated else None)
    return None


def _one_list(text: Text, days: list[When]) -> list[When]:
    """Return the first days if they are a list, `on 3, 5 and 9 May`: none of them is the day."""
    listed = days[:1]
    for day in days[1:]:
        if not are_listed(text, listed[-1], day):
            break
        listed.append(day)
    return listed if len(listed) > 1 else []


_AS_OF = re.compile(r"(?:\bas of|\bsince|\bby|\buntil|تا|از)\s$")


def _as_of(text: Text, when: When) -> bool:
    """Return whether a date is that of a state of things: `as of June 1`."""
    return bool(_AS_OF.search(text.plain[max(0, when.plain.start - 8) : when.plain.start]))


def as_json(claim: ParsedClaim) -> dict[str, Any]:
    """Return a claim in the shape that `interface.md` promises to scripts."""
    return {
        "text_span": list(claim.span),
        "text": claim.text,
        "claimant": claim.claimant,
        "claimant_span": claim.claimant_span and list(claim.claimant_span),
        "event_date": claim.event_date and claim.event_date.isoformat(),
        "event_date_from": claim.date_from,
        "period": claim.period and [day.isoformat() for day in claim.period],
        "dates": [_when_as_json(when) for when in claim.dates],
        "places": [_place_as_json(place) for place in claim.places],
        "directions": [
            {
                "text": each.text, "text_span": list(each.span), "azimuth_deg": each.azimuth_deg,
                "anchor": each.anchor, "within": each.within,
            }
            for each in claim.directions
        ],
        **{outcome: _toll_as_json(claim.toll(outcome)) for outcome in OUTCOMES},
        "hedged": claim.hedged,
        "hedges": [{"text": text, "text_span": list(span)} for text, span in claim.hedges],
        "same_place_as": claim.same_place_as
        and {
            "text": claim.same_place_as.text,
            "text_span": list(claim.same_place_as.span),
            "date": claim.same_place_as.date and claim.same_place_as.date.isoformat(),
        },
        "agreement": [
            {"a": each.a, "b": each.b, "a_in_b": each.a_in_b, "b_in_a": each.b_in_a}
            for each in claim.agreement
        ],
        "unresolved": [
            {"text": each.text, "text_span": list(each.span), "why": each.why}
            for each in claim.unresolved
        ],
    }  # fmt: skip


def _when_as_json(when: When) -> dict[str, Any]:
    return {
        "text": when.text, "text_span": list(when.span), "first": when.first.isoformat(),
        "last": when.last.isoformat(), "time": when.time or None, "year_assumed": when.year_assumed,
    }  # fmt: skip


def _toll_as_json(toll: Toll | None) -> dict[str, Any] | None:
    if toll is None:
        return None
    return {
        "min": toll.min, "max": toll.max, "text": toll.text, "text_span": list(toll.span),
        "about": toll.about,
    }  # fmt: skip


def _place_as_json(place: Place) -> dict[str, Any]:
    return {
        "text": place.text,
        "text_span": list(place.span),
        "code": place.code,
        "codes": list(place.senses),
        "kind": place.kind or None,
        "role": place.role,
        "group": place.group,
        "why": place.why or None,
        "candidates": [
            {
                "name": each.name, "kind": each.kind, "code": each.code, "lon": each.lon,
                "lat": each.lat, "score": each.score, "parents": list(each.parents),
            }
            for each in place.candidates
        ],
    }  # fmt: skip
