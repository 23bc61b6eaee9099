"""The journal of a casebook: who changed which geographic judgement, when and why.

One line of JSON per change, in the order of saving. Each line holds the SHA-256 of the line before
it, so that a line which was altered, taken out or put in later breaks the chain from there on.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from geoloc import files
from geoloc.casebook.editing import aligned, same

NOTHING_BEFORE = "0" * 64
LONGEST = 1_000_000_000  # bytes of a journal

Kind = Literal["saved", "outside", "first-seen", "restored"]

# What of an entry is a geographic judgement, and by what the entry is known.
_JUDGED = {
    "claims": ("claimant", ("place", "codes", "same_place_as")),
    "evidence": ("finding", ("status", "origin", "within", "clues", "reliability")),
    "drawings": ("name", ()),  # all of it
    "photos": ("file", ("sha256", "origin", "features", "ridge")),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One geographic judgement that was changed; None stands for: was not there."""

    what: str  # e.g. claims[0].codes, by the place in the newer text (or where it was, if removed)
    of: str | None  # whose claim, which finding, drawing or photo
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal."""

    seq: int  # from 1
    when: str  # ISO 8601, UTC
    who: str | None  # None where it was done outside geoloc
    why: str
    kind: Kind
    file: str  # name of the file in the folder
    before: str | None  # SHA-256 of the file; None where it was not there
    after: str
    changes: tuple[Change, ...]
    previous: str  # SHA-256 of the line before, without its line end

    @property
    def line(self) -> bytes:
        """Return the entry as it stands in the journal, with its line end."""
        # Escaped, so that no sign within a text can end the line.
        return json.dumps(asdict(self), ensure_ascii=True).encode("ascii") + b"\n"


@dataclass(frozen=True, slots=True)
class Tail:
    """Where a journal ends."""

    end: int  # bytes up to the end of the last whole line
    size: int  # bytes in all; more than `end` where the last line was cut off
    seq: int  # of the last whole line; 0 in an empty journal
    head: str  # its SHA-256


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the journal does not hold together."""

    line: int  # from 1
    message: str


def digest(line: bytes) -> str:
    """Return the SHA-256 of a line without its line end, as the next line quotes it."""
    return hashlib.sha256(line.rstrip(b"\n")).hexdigest()


def tail(path: Path) -> Tail:
    """Return where a journal ends, without reading all of it.

    Raises
    ------
    OSError
        If it is there, but cannot be read.
    """
    if not path.exists():
        return Tail(0, 0, 0, NOTHING_BEFORE)
    with files.opened(path, longest=LONGEST) as stream:
        size = stream.seek(0, 2)
        held, start = b"", size
        while start and held.count(b"\n") < 2 + (not held.endswith(b"\n")):
            start = max(0, start - max(65_536, len(held)))
            stream.seek(start)
            held = stream.read(size - start)
    end = held.rfind(b"\n") + 1
    line = held[:end].rstrip(b"\n").rpartition(b"\n")[2]
    if not line:
        return Tail(start + end, size, 0, NOTHING_BEFORE)
    entry = entry_of(line)
    return Tail(start + end, size, entry.seq if entry else 0, digest(line))


def read(path: Path) -> tuple[tuple[Entry, ...], tuple[Break, ...]]:
    """Return every entry that can be read, and every place where the chain does not hold.

    A last line without its end is no break: it was being written when the writer stopped.

    Raises
    ------
    OSError
        If the journal is there, but cannot be read.
    """
    if not path.exists():
        return (), ()
    with files.opened(path, longest=LONGEST) as stream:
        return chain(stream)


def chain(lines: Iterable[bytes]) -> tuple[tuple[Entry, ...], tuple[Break, ...]]:
    """Return the entries of a journal's lines, and where they do not follow from each other."""
    entries: list[Entry] = []
    breaks: list[Break] = []
    head, seq = NOTHING_BEFORE, 0
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            break
        entry = entry_of(line)
        if entry is None:
            breaks.append(Break(number, "is no entry of a journal."))
        elif entry.previous != head:
            breaks.append(Break(number, "does not follow from the line before it."))
        elif entry.seq != seq + 1:
            breaks.append(Break(number, f"has the number {entry.seq}, out of order."))
        if entry is not None:
            entries.append(entry)
        head, seq = digest(line), entry.seq if entry else seq + 1
    return tuple(entries), tuple(breaks)


def holds(path: Path, lines: int, head: str) -> bool:
    """Return whether the first lines of a journal are those that end with a line of this SHA-256.

    Raises
    ------
    OSError
        If the journal is there, but cannot be read.
    """
    if not path.exists():
        return not lines
    with files.opened(path, longest=LONGEST) as stream:
        first = list(itertools.islice(stream, lines))
    _, breaks = chain(first)
    last = digest(first[-1]) if first else NOTHING_BEFORE
    return not breaks and len(first) == lines and last == head


def entry_of(line: bytes) -> Entry | None:
    """Return a line as an entry; None if it is none."""
    try:
        fields = json.loads(line)
        changes = tuple(Change(**change) for change in fields.pop("changes"))
        entry = Entry(**fields, changes=changes)
        texts = (entry.when, entry.why, entry.kind, entry.file, entry.after, entry.previous)
        maybe = (entry.who, entry.before, *(change.of for change in changes))
        fits = (
            isinstance(entry.seq, int)
            and all(isinstance(text, str) for text in texts)
            and all(text is None or isinstance(text, str) for text in maybe)
            and all(isinstance(change.what, str) for change in changes)
        )
        dt.datetime.fromisoformat(entry.when)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return None
    return entry if fits else None


def judgements_changed(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return which geographic judgements differ between two plain documents of a case.

    Judgements are the claims' places and codes, what evidence says about the place, drawings,
    features and ridges marked in photos, the geolocation and the study area.
    """
    return tuple(_changed(old or {}, new))


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for field, (name, judged) in _JUDGED.items():
        yield from _entries_changed(field, name, judged, _entries(old, field), _entries(new, field))
    for name in ("status", "reason"):
        pair = [_mapping(document.get("geolocation")).get(name) for document in (old, new)]
        if not same(*pair):
            yield Change(f"geolocation.{name}", None, *pair)
    if not same(old.get("study"), new.get("study")):
        yield Change("study", None, old.get("study"), new.get("study"))


def _entries_changed(
    field: str, name: str, judged: Sequence[str], old: list[Any], new: list[Any]
) -> Iterator[Change]:
    places = aligned(old, new)
    for index, (place, after) in enumerate(zip(places, new, strict=True)):
        of = _label(after, name)
        if place is None:
            if says := _part(after, judged):
                yield Change(f"{field}[{index}]", of, None, says)
            continue
        before = old[place]
        for each in judged or tuple(dict.fromkeys((*before, *after))):
            if not same(before.get(each), after.get(each)):
                yield Change(f"{field}[{index}].{each}", of, before.get(each), after.get(each))
    for index, before in enumerate(old):
        if index not in places and (said := _part(before, judged)):
            yield Change(f"{field}[{index}]", _label(before, name), said, None)


def _entries(document: Mapping[str, Any], field: str) -> list[Any]:
    """Return the records of a list; a file edited by hand may hold anything."""
    found = document.get(field)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _part(entry: Mapping[str, Any], judged: Sequence[str]) -> dict[str, Any]:
    return {name: entry[name] for name in judged or entry if name in entry}


def _label(entry: Mapping[str, Any], name: str) -> str | None:
    value = entry.get(name)
    return None if value is None else str(value)
