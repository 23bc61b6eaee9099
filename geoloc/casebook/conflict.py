"""What two people changed in one case since the version that both began with."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from geoloc.casebook.editing import aligned, named, plain, same
from geoloc.casebook.reading import parse_yaml
from geoloc.errors import CaseError

_SHOWN = 60  # characters of a value
_MOST_LINES = 400  # of the text's own differences, for each side
_ABSENT = object()


def three_way(path: Path, base: str | None, yours: str, found: str | None) -> str:
    """Return the differences between a refused text and the file, by field and then by line.

    Parameters
    ----------
    path : Path
        The file, for its name.
    base : str or None
        What both began with; None where that version is not kept, so that only two are compared.
    yours, found : str
        The text that was refused, and what the file holds; `found` is None where it is gone.
    """
    if found is None:
        return f"{path.name} is gone; what was refused is all there is.\n"
    parts = []
    if found == yours:
        parts.append("The file holds exactly the text that was to be saved.")
    elif base is None:
        parts.append("The version that you began with is not kept; yours and the file's differ in:")
        parts += _two_sides(_fields(found), _fields(yours))
        parts += ["", *_lines("from the file to yours", found, yours)]
    else:
        parts += _three_sides(_fields(base), _fields(yours), _fields(found))
        parts += ["", *_lines("what the file changed", base, found)]
        parts += ["", *_lines("what you changed", base, yours)]
    return "\n".join(parts) + "\n"


def _three_sides(base: Any, yours: Any, found: Any) -> Iterator[str]:
    mine, theirs = dict(_differences(base, yours)), dict(_differences(base, found))
    both = [field for field in mine if field in theirs and not _agree(mine[field], theirs[field])]
    agreed = [field for field in mine if field in theirs and field not in both]
    sections = (
        ("Changed on both sides, differently:", both),
        ("Changed on both sides, alike:", agreed),
        ("Changed by you:", [field for field in mine if field not in theirs]),
        ("Changed in the file:", [field for field in theirs if field not in mine]),
    )
    for heading, fields in sections:
        if fields:
            yield heading
        for field in fields:
            yield f"  {field}"
            was = (mine.get(field) or theirs[field])[0]
            yield f"    began as: {_shown(was)}"
            if field in mine:
                yield f"    yours:    {_shown(mine[field][1])}"
            if field in theirs:
                yield f"    the file: {_shown(theirs[field][1])}"


def _two_sides(found: Any, yours: Any) -> Iterator[str]:
    for field, (theirs, mine) in _differences(found, yours):
        yield f"  {field}"
        yield f"    yours:    {_shown(mine)}"
        yield f"    the file: {_shown(theirs)}"


def _differences(old: Any, new: Any, at: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield each smallest field that differs; entries of lists by their place in the old text."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys((*old, *new)):
            pair = old.get(name, _ABSENT), new.get(name, _ABSENT)
            yield from _differences(*pair, f"{at}.{name}".lstrip("."))
    elif _records(old) and _records(new):
        places = aligned(old, new)
        for place, entry in zip(places, new, strict=True):
            if place is not None:
                yield from _differences(old[place], entry, f"{at}[{place}]")
            else:
                yield f"{at}[new: {named(entry)}]", (_ABSENT, entry)
        for place, entry in enumerate(old):
            if place not in places:
                yield f"{at}[{place}]", (entry, _ABSENT)
        kept = [place for place in places if place is not None]
        if kept != sorted(kept):
            yield f"{at} (order)", (sorted(kept), kept)
    elif old is _ABSENT or new is _ABSENT or not same(old, new):
        yield at, (old, new)


def _records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(e, dict) for e in value)


def _agree(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    after, also = one[1], other[1]
    return after is also or (_ABSENT not in (after, also) and same(after, also))


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "(nothing)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _fields(text: str) -> Any:
    """Return a text as fields; a text that is no YAML has none."""
    try:
        return plain(parse_yaml(text, Path("case")))
    except CaseError:
        return {}


def _lines(heading: str, old: str, new: str) -> Iterator[str]:
    yield f"Line by line, {heading}:"
    found = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=2)
    for number, line in enumerate(list(found)[2:]):
        if number == _MOST_LINES:
            yield "…"
            return
        yield line
