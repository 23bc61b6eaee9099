"""Editions of boundaries: their records, and their files checked against them."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from geoloc import files
from geoloc.errors import EditionError, IntegrityError

LAYERS = ("provinces", "districts", "police-districts")
# What is asked when nobody names an edition: the newest that is shipped.
DEFAULT_EDITION = {
    "provinces": "ocha-2018",
    "districts": "ocha-2018",
    "police-districts": "nahia-2019",
}


@dataclass(frozen=True, slots=True)
class Edition:
    """One publisher's boundaries at one date, as its record in `sources.toml` describes them."""

    id: str
    title: str
    publisher: str
    url: str
    licence: str
    attribution: str  # the words that the licence asks for
    valid_on: str  # ISO date, or a year
    retrieved_on: str  # ISO date
    accuracy_m: float  # σ of the lines, metres, above zero
    approximate: bool  # computed, not surveyed: must be said wherever it is shown
    note: str
    layers: tuple[str, ...]
    path: Path
    sha256: str

    @property
    def caveat(self) -> str:
        """Return the words that must stand wherever an approximate edition is shown."""
        return "approximate, computed from labelled localities" if self.approximate else ""


@cache
def editions() -> tuple[Edition, ...]:
    """Return every shipped edition that holds boundaries."""
    folder = files.shipped("boundaries")
    records = tomllib.loads((folder / "sources.toml").read_text(encoding="utf-8"))
    return tuple(
        Edition(
            id=record["edition"],
            layers=tuple(record["layers"]),
            path=folder / record["file"],
            **{
                name: record[name]
                for name in (
                    "title", "publisher", "url", "licence", "attribution", "valid_on",
                    "retrieved_on", "accuracy_m", "approximate", "note", "sha256",
                )
            },
        )
        for record in records.values()
        if record.get("layers")
    )  # fmt: skip


def edition_of(layer: str, edition_id: str | None = None) -> Edition:
    """Return an edition that holds a layer; by default the newest shipped.

    Raises
    ------
    EditionError
        If there is no such layer or edition.
    """
    if layer not in LAYERS:
        raise EditionError(f"No boundary layer is called {layer!r}; choose {', '.join(LAYERS)}.")
    wanted = edition_id or DEFAULT_EDITION[layer]
    holding = {edition.id: edition for edition in editions() if layer in edition.layers}
    if wanted not in holding:
        raise EditionError(
            f"No edition {wanted!r} of {layer}; there are {', '.join(sorted(holding))}."
        )
    return holding[wanted]


def read_recorded(path: Path, sha256: str) -> bytes:
    """Return a shipped file's bytes, or raise `IntegrityError` if one of them was changed."""
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise IntegrityError(path, sha256, found)
    return content
