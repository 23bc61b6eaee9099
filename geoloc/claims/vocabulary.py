"""The words that the rules look for, from `words.toml`."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from geoloc.gazetteer.text import plain


@lru_cache(maxsize=1)
def vocabulary() -> dict[str, Any]:
    """Return the tables of `words.toml`."""
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=64)
def words_of(table: str, name: str) -> frozenset[str]:
    """Return a list of single words of the vocabulary, in plain form."""
    return frozenset(map(plain, vocabulary()[table][name]))
