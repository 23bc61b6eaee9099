"""What a place is named for: where it happened, where the source is, or only in passing."""

from __future__ import annotations

from collections.abc import Iterator, Set
from functools import lru_cache
from typing import Literal, NamedTuple

from geoloc.claims.numbers import value_at
from geoloc.claims.vocabulary import vocabulary, words_of
from geoloc.gazetteer.text import Span, Text, Token, phrase, plain

Role = Literal["event", "source", "mention"]
NOTHING_SAYS = "nothing says that it happened there"
OFFICE = "it tells whose office or home"
SAID_THERE = "where it was said"
ELSEWHERE = "somebody lived, fled or was brought there"
PLANNED = "where something was planned, which is not where it happened"
_BUSINESS = "a business is named so"
_FARTHEST_CUE = 9  # words between `buried` or `planned` and the place


class Words(NamedTuple):
    """The words of a place in its sentence."""

    text: Text
    tokens: tuple[Token, ...]
    left: int  # index of its first token, the word for its kind included
    right: int  # index behind its last one
    kind: str
    many: bool  # its name has several words or is a quarter's: no person's name alone

    @property
    def before(self) -> list[str]:
        """Return the three words before it."""
        return [token.text for token in self.tokens[max(0, self.left - 3) : self.left]]

    @property
    def following(self) -> list[str]:
        """Return the words just behind it."""
        return [token.text for token in self.tokens[self.right : self.right + 4]]

    @property
    def after(self) -> str:
        """Return the word behind it."""
        return self.tokens[self.right].text if self.right < len(self.tokens) else ""


class Speaks(NamedTuple):
    """Where in the plain text somebody is said to speak."""

    who: Span | None = None
    said: tuple[Span, ...] = ()  # behind the verbs of saying: `told reporters in Kabul`


def role(
    words: Words, span: Span, says: Speaks, *, seen_from: bool, happens: bool
) -> tuple[Role, str]:
    """Return what a name is named for, and why.

    Parameters
    ----------
    words : Words
    span : Span
        Of the name, in the plain text.
    says : Speaks
    seen_from : bool
        Whether a direction is told from it.
    happens : bool
        Whether the sentence speaks of an event.
    """
    if _names_somebody(words):
        return "mention", "it names an account or a person"
    if words.tokens[words.right - 1].text.endswith("-based"):
        return "source", "where the source is"
    if says.who and says.who.meets(span):
        return "source", "part of who says it"
    if seen_from:
        return "mention", "a direction is told from it"
    if any(each.holds(span) for each in says.said):
        return "mention", SAID_THERE
    if _is_taken_from(words):
        return "event", ""
    if not happens:
        return "mention", "no event is told of it"
    last = _lead(words)
    if last in words_of("places", "not_there"):
        return "mention", stands_before(last)
    if _of_an_office(words):
        return "mention", OFFICE
    if why := _elsewhere(words) or _business(words):
        return "mention", why
    if last in words_of("places", "within") or last in ("of", "د", ",", "("):
        return "event", ""
    if not last and words.after == ":":
        return "mention", "before a colon it can be who says it"
    # "Kabul, two killed" is told of Kabul, "Kabul University" is not.
    headed = not last and words.after in (",", "-")
    if headed or words.kind or is_event(words.after) or _suffers(words):
        return "event", ""
    return "mention", NOTHING_SAYS


def stands_before(word: str) -> str:
    """Return the reason that a word like `from` is."""
    return f"{word!r} stands before it"


def district_role(words: Words, span: Span, says: Speaks, *, happens: bool) -> tuple[Role, str]:
    """Return what a police district is named for, and why if it is not the event's place."""
    if says.who and says.who.meets(span):
        return "source", ""
    if any(each.holds(span) for each in says.said):
        return "mention", SAID_THERE
    lead = [word for word in words.before if word not in words_of("places", "by_origin")][-2:]
    offices = words_of("places", "offices")
    if len(lead) == 2 and lead[0] in offices and lead[1] in ("of", "from"):
        return "mention", OFFICE
    if words.after in offices and not words.after.isascii():
        return "mention", OFFICE
    last = lead[-1] if lead else ""
    if last in words_of("places", "not_there"):
        return ("event", "") if _is_taken_from(words) else ("mention", stands_before(last))
    if why := _elsewhere(words):
        return "mention", why
    return ("event" if happens else "mention"), ""


def _is_taken_from(words: Words) -> bool:
    """Return whether somebody was arrested or found there: who only is from it need not be."""
    before = [token.text for token in words.tokens[max(0, words.left - 8) : words.left]]
    if before[-1:] == ["from"]:
        passed = (word for word in reversed(before[:-1]) if word not in _BY_AND_WHEN)
        return next(passed, "") in words_of("places", "taken")
    if before[-1:] not in (["از"], ["له"]) or before[-2:-1] in (["اصلا"], ["اصالتا"], ["اصل"]):
        return False
    following = [token.text for token in words.tokens[words.right : words.right + 9]]
    return any(word in words_of("places", "taken_behind") for word in _until(following, _APART))


_BY_AND_WHEN = frozenset(
    {"yesterday", "last", "night", "today", "alive", "reportedly", "by", "the", "taliban"}
    | {"police", "gunmen", "fighters", "forces", "armed", "men", "on", "late", "early"}
)
_APART = frozenset({",", ";", ".", *phrase("در په به ته از له که چی او و")})


def _lead(words: Words) -> str:
    """Return the word before a place that says what it is named for: `from the`, `part of`."""
    before = words.before
    while before and before[-1] in words_of("places", "by_origin"):
        before.pop()  # "باشنده اصلی ولایت کاپیسا"
    if before[-1:] == ["the"] and words.after in words_of("places", "landmarks"):
        before.pop()  # "near the Wazir Akbar Khan mosque"
    behind_the = words_of("places", "not_there") | {"of", "in", "part"}
    while len(before) > 1 and before[-1] in ("the", "of") and before[-2] in behind_the:
        before.pop()
    return before[-1] if before else ""


def _names_somebody(words: Words) -> bool:
    """Return whether a name is an account's, a person's or an outlet's."""
    somebody = words_of("speech", "names_somebody")
    before = words.before[-1] if words.left else ""
    after = [token.text for token in words.tokens[words.right : words.right + 9]]
    if before in ("@", "#") or (before in somebody and before.isascii()) or before in _THEIRS:
        return not words.kind
    if not after or words.kind:
        return False
    if after[0] in _speaking():
        return True
    if after[0] in (",", "(") and after[1:2] and after[1] in ("a", "an", "the", "یک", "یو"):
        return any(word in somebody for word in _until(after[1:], {",", ")", "in"}))
    return before in ("by", "user", "توسط") and not is_event(words.after)


_THEIRS = frozenset(map(plain, ("کاربر", "حساب", "صفحه", "خبرنگار", "ژورنالیست", "خبریال")))


def _until(words: list[str], ends: Set[str]) -> Iterator[str]:
    for word in words:
        if word in ends:
            return
        yield word


@lru_cache(maxsize=1)
def _speaking() -> frozenset[str]:
    return words_of("speech", "en") - {"found", "recorded", "identified", "logged", "reported"}


def _of_an_office(words: Words) -> bool:
    """Return whether it is `the governor of Kabul` or `people from Panjshir`."""
    before, offices = words.before, words_of("places", "offices")
    if (
        before
        and before[-1] in ("of", "the", "in")
        and any(word in offices for word in before[:-1])
    ):
        return before[-1] != "in" or before[-2:-1] != ["people"]
    if words.after.isascii():
        return not words.kind and words.after.removesuffix("'s") in offices
    # "د لوګر ولایت درې اصلي اوسېدونکي"
    behind = words.right
    while behind < len(words.tokens) and not words.after.isascii():
        counted = value_at(words.tokens, behind)
        if counted is None and words.tokens[behind].text not in words_of("places", "by_origin"):
            return words.tokens[behind].text in offices
        behind += counted[0] if counted else 1
    return False


def _elsewhere(words: Words) -> str:
    """Return why the words around a place say that the event was not there, or nothing.

    `buried in`, `taken to a hospital in`, `for planning an attack in`.
    """
    tokens, to, acts, within = words.tokens, False, False, 0
    for place in range(words.left - 1, max(-1, words.left - 1 - _FARTHEST_CUE), -1):
        word = tokens[place].text
        if word in words_of("places", "planning"):
            return PLANNED
        within += word in ("in", "at", "در", "په")
        origin = to and word == "from"  # "taken from PD 5 to a hospital in Wazir Akbar Khan"
        if (word in _BREAKS and not origin) or within > 1:  # another place stands between
            break
        if not acts and (
            word in words_of("places", "elsewhere")
            or (to and word in words_of("places", "brought"))
        ):
            return ELSEWHERE
        to |= word in ("to", "به")
        acts |= is_event(word)
    for token in tokens[words.right : words.right + _FARTHEST_CUE]:
        # In Dari and Pashto the verb comes last.
        if token.text in words_of("places", "planned_behind"):
            return PLANNED
        if token.text in words_of("places", "elsewhere_behind"):
            return ELSEWHERE
        if token.text in words_of("places", "brought_behind") and (to or "ته" in words.following):
            return ELSEWHERE
        if token.text in _BREAKS or (is_event(token.text) and not token.text.startswith("برید")):
            break
    return ""


_BREAKS = frozenset(
    {",", ";", ":", ".", "(", ")", '"', "from", "and", "but", "after", *phrase("و او له از که چی")}
)


def _business(words: Words) -> str:
    """Return why `Herat Restaurant` is not in Herat, or nothing."""
    named = words_of("places", "businesses")
    before = words.before[-1] if words.left else ""
    if words.kind or not (words.after in named or before in named):
        return ""
    if before in named:
        return "" if before.isascii() else _BUSINESS
    start, _ = words.text.original_span(words.tokens[words.right].span)
    return _BUSINESS if words.text.original[start].isupper() else ""


def _suffers(words: Words) -> bool:
    """Return whether it is told what befell a place: `Kart-e Seh was raided`."""
    following, behind = words.following, 0
    while behind < len(following) and following[behind] in _AUXILIARY:
        behind += 1
    if not behind or behind == len(following):
        return False
    # Of a single word it can be a person: "Zadran was attacked".
    return following[behind] in (_OF_PLACES | _OF_BOTH if words.many else _OF_PLACES)


_AUXILIARY = frozenset(
    {"was", "were", "is", "has", "had", "have", "been", "being", "also", "again"}
)
_OF_PLACES = frozenset({"raided", "bombed", "shelled", "stormed", "besieged", "rocked", "shaken"})
_OF_BOTH = frozenset({"attacked", "targeted", "hit", "struck", "searched"})


def is_event(word: str) -> bool:
    """Return whether a word, in plain form, speaks of an event."""
    return word.startswith(_event_beginnings())


@lru_cache(maxsize=1)
def _event_beginnings() -> tuple[str, ...]:
    events = vocabulary()["events"]
    return tuple(plain(word) for word in (*events["en"], *events["other"]))
