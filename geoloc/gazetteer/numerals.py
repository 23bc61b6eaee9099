"""Numbers as English, Dari and Pashto words."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from geoloc.gazetteer.text import Phrases, plain


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("numerals.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=8)
def listed(name: str) -> frozenset[str]:
    """Return words that tell whether a number goes on a list of districts, in plain form."""
    return frozenset(map(plain, _words()["lists"][name]))


@lru_cache(maxsize=1)
def cardinals() -> Phrases:
    """Return the words for 1 to 99, and for whole hundreds."""
    return Phrases(_cardinals())


@lru_cache(maxsize=1)
def multiples() -> Phrases:
    """Return the words that a number before them is multiplied by: `dozen`, `صد`, `زره`."""
    named = _words()["numbers"]["multiples"].items()
    return Phrases((word, int(value)) for value, words in named for word in words)


@lru_cache(maxsize=1)
def ordinals() -> Phrases:
    """Return the words for first to thirty-ninth, the endings of Pashto and Dari included."""
    return Phrases(_ordinals())


def _cardinals() -> Iterator[tuple[str, int]]:
    words = _words()["numbers"]
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
    words = _words()["numbers"]
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
