"""A text in the form that rules compare, with the way back to its characters."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from geoloc.errors import InputError

LONGEST_TEXT = 1_000_000  # characters; an article has 10,000
_LONGEST_SENTENCE = 1500  # characters: what goes on for longer is cut, wherever a word ends


class Span(NamedTuple):
    """Characters of the text: from `start` up to, not including, `end`."""

    start: int
    end: int

    def holds(self, other: Span) -> bool:
        """Return whether another span lies in this one."""
        return self.start <= other.start and other.end <= self.end

    def meets(self, other: Span) -> bool:
        """Return whether the two share a character."""
        return self.start < other.end and other.start < self.end


class Token(NamedTuple):
    """A word, a number or a sign, in plain form."""

    span: Span  # in the plain text
    text: str

    @property
    def is_word(self) -> bool:
        """Return whether it begins with a letter."""
        return self.text[0].isalpha()


# Straight forms of quotes, dashes and the Arabic script's own stops; and one letter for variants.
_SIGNS = str.maketrans(
    {
        "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "`": "'",
        "\u201a": "'", "\u2010": "-", "\u2011": "-", "\u2012": "-", "–": "-", "—": "-", "−": "-",
        "،": ",", "؛": ";", "؟": "?",
        "\u06d4": ".", "٫": ".", "٬": ",", "\u200c": " ", "\u200d": "", "ـ": "", "ʻ": "", "ʼ": "",
        "\r": " ", "\t": " ", "\u2028": "\n", "\u2029": "\n", "\x0b": "\n", "\x0c": "\n",
        "\x85": "\n",
        "ي": "ی", "ى": "ی", "ې": "ی", "ۍ": "ی", "ێ": "ی", "ے": "ی", "ك": "ک", "ګ": "گ", "ة": "ه",
        "\u06d5": "ه", "\u06c1": "ه", "\u06be": "ه", "ٱ": "ا", "ء": "",
    }
)  # fmt: skip


@lru_cache(maxsize=20_000)
def _plain_character(character: str) -> str:
    """Return what a character is compared as: nothing, one character, or what it stands for."""
    known = character.translate(_SIGNS)
    if known != character:
        return known
    if unicodedata.category(character) == "No":
        return character  # `PD2²` is PD2 with a footnote, and not PD22
    decomposed = unicodedata.normalize("NFKD", character).casefold().translate(_SIGNS)
    kept = (str(unicodedata.decimal(c, c)) for c in decomposed)
    return "".join(c for c in kept if unicodedata.category(c) not in _DROPPED or c == "\n")


_DROPPED = {"Mn", "Cf", "Cc", "Cs", "Co"}


def plain(text: str) -> str:
    """Return a text without marks and case, digits as ASCII, one letter for its variants."""
    return "".join(map(_plain_character, text))


class Text:
    """What is read: the original characters, their plain form, and its tokens and sentences.

    Raises
    ------
    InputError
        If the text is longer than `LONGEST_TEXT`.
    """

    def __init__(self, original: str) -> None:
        if len(original) > LONGEST_TEXT:
            raise InputError(
                f"The text has {len(original):,} characters, more than {LONGEST_TEXT:,}; give one"
                " article or report at a time."
            )
        self.original = original
        pieces = [_plain_character(c) for c in original]
        self.plain = "".join(pieces)
        self._at = [place for place, piece in enumerate(pieces) for _ in piece]

    def original_span(self, span: Span) -> Span:
        """Return where plain characters stand in the original."""
        if span.start >= span.end:
            return Span(0, 0)
        return Span(self._at[span.start], self._at[span.end - 1] + 1)

    def words(self, span: Span) -> str:
        """Return the original characters of a plain span."""
        start, end = self.original_span(span)
        return self.original[start:end]

    def plain_spans(self, left: Iterable[Unresolved]) -> list[Span]:
        """Return where things that stand in the original stand in the plain text."""
        return [
            Span(bisect_left(self._at, each.span.start), bisect_left(self._at, each.span.end))
            for each in left
        ]

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """Return every word, number and sign, in order."""
        return tuple(Token(Span(*m.span()), m[0]) for m in _TOKEN.finditer(self.plain))

    @cached_property
    def _starts(self) -> list[int]:
        return [token.span.start for token in self.tokens]

    def tokens_in(self, span: Span) -> tuple[Token, ...]:
        """Return the tokens that begin in a span."""
        first = bisect_right(self._starts, span.start - 1)
        return self.tokens[first : bisect_right(self._starts, span.end - 1)]

    @cached_property
    def sentences(self) -> tuple[Span, ...]:
        """Return the plain spans of the sentences, without the blanks around them."""
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[Span]:
        start = 0
        for stop in _STOP.finditer(self.plain):
            if self._goes_on(stop):
                continue
            yield from self._cut(start, stop.end())
            start = stop.end()
        yield from self._cut(start, len(self.plain))

    def _goes_on(self, stop: re.Match[str]) -> bool:
        """Return whether a sentence goes on after a stop: `P.D. 22`, or a wrapped line."""
        before = self.plain[max(0, stop.start() - 8) : stop.start()]
        after = self.plain[stop.end() : stop.end() + 2].lstrip(" ")
        if "\n" in stop[0]:
            following = self.original[self._at[stop.end()]] if stop.end() < len(self._at) else ""
            return stop[0].count("\n") == 1 and following.islower()
        if stop[0] != ".":
            return False
        if after[:1].isdigit() and ("p.d" in before or _MONTH.search(before)):
            return True
        return bool(_ABBREVIATED.search(before))

    def _cut(self, start: int, end: int) -> Iterator[Span]:
        while end - start > _LONGEST_SENTENCE:
            space = self.plain.rfind(" ", start, start + _LONGEST_SENTENCE)
            cut = space + 1 if space > start else start + _LONGEST_SENTENCE
            yield from self._trimmed(start, cut)
            start = cut
        yield from self._trimmed(start, end)

    def _trimmed(self, start: int, end: int) -> Iterator[Span]:
        piece = self.plain[start:end]
        left = len(piece) - len(piece.lstrip())
        if piece.strip():
            yield Span(start + left, start + len(piece.rstrip()))


_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['-][^\W\d_]+)*|[^\s\w]|_")
_STOP = re.compile(r"""[.!?]{1,9}["')\]]{0,3}(?=\s|$)|[ ]{0,9}\n\s{0,99}""")
_MONTH = re.compile(r"\b(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)$")
_ABBREVIATED = re.compile(r"(?:\bp\.d|\bp\.\s?d|\bno|\bmr|\bmrs|\bdr|\bst|\bgen|\bcol|\b[a-z])$")


def phrase(words: str) -> tuple[str, ...]:
    """Return the tokens of a phrase in plain form."""
    return tuple(_TOKEN.findall(plain(words)))


class Phrases:
    """Phrases of one to five tokens, each standing for something; the longest one that fits."""

    def __init__(self, known: Iterable[tuple[str, Any]]) -> None:
        self._known = {phrase(words): value for words, value in known}
        self._known.pop((), None)
        self._first: dict[str, list[int]] = {}
        for words in self._known:
            lengths = self._first.setdefault(words[0], [])
            if len(words) not in lengths:
                lengths.append(len(words))
        for lengths in self._first.values():
            lengths.sort(reverse=True)

    def at(self, tokens: tuple[Token, ...], place: int) -> tuple[int, Any] | None:
        """Return how many tokens from `place` on are a phrase, and what it stands for."""
        for length in self._first.get(tokens[place].text, ()):
            words = tuple(token.text for token in tokens[place : place + length])
            if words in self._known:
                return len(words), self._known[words]  # fewer where the tokens end
        return None

    def before(self, tokens: tuple[Token, ...], place: int) -> tuple[int, Any] | None:
        """Return how many tokens just before `place` are a phrase, and what it stands for."""
        for length in range(min(5, place), 0, -1):
            words = tuple(token.text for token in tokens[place - length : place])
            if words in self._known:
                return length, self._known[words]
        return None

    def all_in(self, tokens: tuple[Token, ...]) -> Iterator[tuple[int, int, Any]]:
        """Yield where each phrase begins, its length and its value; none overlaps another."""
        place = 0
        while place < len(tokens):
            found = self.at(tokens, place)
            if found:
                yield place, *found
            place += found[0] if found else 1


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Something that was read but could not be settled, and why."""

    text: str
    span: Span  # in the original text
    why: str
