"""Changing a case file as its author would: only the lines that a change is about.

YAML libraries write a document anew, and with it every quote, fold and space that a person chose.
Here the places of fields and entries are taken from the parser, and new text is put in between the
old; what did not change stays byte for byte, with its comments.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geoloc.casebook.reading import parse_yaml
from geoloc.errors import CaseError, Problem

_WIDTH = 100
_ALIKE = 0.5  # share of equal fields from which two entries of a list are one, edited
# What names an entry of a list; the first that both have decides.
_NAMES = ("id", "number", "file", "name", "finding", "fact", "claimant")

# A first line with a comment, and the value below: "key:  # why", "- # why", "key: >-  # why".
_OPENS = re.compile(r"(?:^-|:)(?:\s+[>|][-+0-9]*)?\s+(#.*)$")


def with_changes(text: str, changes: Mapping[str, Any]) -> str:
    """Return the YAML of a case with top-level fields set, and everything else left as it is.

    Entries of a list are matched with those that were there: one that is equal keeps its text and
    comments wherever it moves, and of one that is edited only the changed fields are written anew.
    An entry or field that is taken out takes with it the comment lines that stand directly above
    it; a comment inside a value that is replaced goes with the value.

    Parameters
    ----------
    text : str
        A YAML mapping.
    changes : mapping
        A field's new value: text, numbers, dates, lists and mappings of them; None takes it out.

    Raises
    ------
    CaseError
        If the text is not a YAML mapping, or a value cannot be written as YAML.
    """
    here = Path("case")
    document = plain(parse_yaml(text, here))
    wanted = {k: v for k, v in {**document, **plain(dict(changes))}.items() if v is not None}
    wanted = _in_order(wanted, tuple(document))
    if same(document, wanted):
        return text
    # The writer leaves some signs bare that its own reader trips over; in quotes they are safe.
    for attempt, quoted in ((_spliced, False), (_spliced, True), (_rewritten, True)):
        try:
            edited = attempt(text, document, wanted, quoted)
            if same(plain(parse_yaml(edited, here)), wanted):
                return edited
        except (CaseError, ValueError):  # an unusual layout; the plainer way is tried
            continue
    fields = ", ".join(changes)
    raise CaseError(here, (Problem(fields, None, "cannot be written as YAML; plain text can."),))


def plain(value: Any) -> Any:
    """Return a YAML or JSON value as dicts, lists, text and numbers; dates as ISO text.

    A whole float becomes an int: JSON's 800.0 and a file's 800 are one number.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Sequence):
        return [plain(each) for each in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else float(value)
    return int(value) if isinstance(value, int) else str(value)


def same(one: Any, other: Any) -> bool:
    """Return whether two plain values are one; true is not 1, and the order of fields is free."""
    return _key(one) == _key(other)


def aligned(old: Sequence[Any], new: Sequence[Any]) -> list[int | None]:
    """Return, for each entry of `new`, the place in `old` of the entry that it was, or None."""
    places: dict[str, list[int]] = {}
    for index, entry in enumerate(old):
        places.setdefault(_key(entry), []).append(index)
    found: list[int | None] = [
        places[key].pop(0) if places.get(key := _key(entry)) else None for entry in new
    ]
    left = sorted(index for rest in places.values() for index in rest)
    for place, entry in enumerate(new):
        if found[place] is None and left:
            best = max(left, key=lambda index: _likeness(old[index], entry))
            if _likeness(old[best], entry) >= _ALIKE:
                found[place] = best
                left.remove(best)
    return found


def named(entry: Mapping[str, Any]) -> str:
    """Return by what an entry of a list is known to people; empty if it has no such field."""
    return next((str(entry[name]) for name in _NAMES if name in entry), "")


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _likeness(one: Any, other: Any) -> float:
    """Return how surely two entries are one that was edited, 0 to 1; a shared name is enough."""
    from rapidfuzz import fuzz

    if isinstance(one, str) and isinstance(other, str):
        return fuzz.ratio(one, other) / 100
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return 0.0
    fields = one.keys() | other.keys()
    equal = sum(name in one and name in other and same(one[name], other[name]) for name in fields)
    share = equal / max(len(fields), 1)
    name = next((name for name in _NAMES if name in one and name in other), None)
    return share if name is None or one[name] != other[name] else (1 + share) / 2


def _in_order(wanted: dict[str, Any], known: Sequence[str]) -> dict[str, Any]:
    """Return fields so that each new one stands where the schema has it."""
    from geoloc.casebook.records import Incident

    order = list(Incident.model_fields)
    names = [name for name in known if name in wanted]
    for name in wanted:
        if name in names:
            continue
        before = order[: order.index(name)] if name in order else order
        names.insert(max((names.index(each) + 1 for each in before if each in names), default=0)
                     if name in order else len(names), name)  # fmt: skip
    return {name: wanted[name] for name in names}


@dataclass(frozen=True, slots=True)
class _Item:
    """A field or an entry in the text: the lines above it, and its own from its first sign on."""

    lead: str  # empty and comment lines, whole
    body: str  # to the end of its last line
    value: Any  # the parser's node
    start: int  # of body, in the text

    @property
    def loose_lead(self) -> str:
        """Return the lead without the comments that stand directly above the item."""
        lines = self.lead.splitlines(keepends=True)
        while lines and lines[-1].strip():
            lines.pop()
        return "".join(lines)


@dataclass(frozen=True, slots=True)
class _Block:
    """A mapping or a sequence over several lines."""

    items: tuple[_Item, ...]
    tail: str  # empty and comment lines after the last item
    column: int
    inline: bool  # the first item stands behind a dash


def _spliced(text: str, document: dict[str, Any], wanted: dict[str, Any], quoted: bool) -> str:
    from ruamel.yaml import YAML

    root = YAML(typ="rt", pure=True).compose(text)
    if root.flow_style or root.start_mark.column:
        raise ValueError("the document is not laid out in lines")
    end = root.end_mark.index
    bom = len(text) - len(text.removeprefix("\ufeff"))
    block = _block(text, root, bom, end)
    newline = "\r\n" if "\r\n" in text else "\n"
    edited = _Writer(text, newline, quoted).mapping(block, document, wanted)
    return text[:bom] + edited + text[end:]


def _block(text: str, node: Any, start: int, end: int) -> _Block:
    """Return the items of a block, which lies between two places of the text."""
    column = node.start_mark.column
    keyed = node.id == "mapping"
    values = [pair[1] for pair in node.value] if keyed else list(node.value)
    starts = [
        pair[0].start_mark.index if keyed else _dash(text, pair.start_mark.index, column)
        for pair in node.value
    ]
    inline = bool(text[_line_start(text, starts[0]) : starts[0]].strip())
    items: list[_Item] = []
    lead_start = starts[0] if inline else start
    for place, (at, value) in enumerate(zip(starts, values, strict=True)):
        own = at if inline and not place else _line_start(text, at)
        limit = _line_start(text, starts[place + 1]) if place + 1 < len(starts) else end
        body_end = _content_end(text, at, limit, column)
        items.append(_Item(text[lead_start:own], text[at:body_end], value, at))
        lead_start = body_end
    return _Block(tuple(items), text[lead_start:end], column, inline)


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _dash(text: str, index: int, column: int) -> int:
    """Return where the dash of an entry stands, whose value begins at `index`."""
    line = _line_start(text, index)
    while text[line + column : line + column + 1] != "-":
        if not line:
            raise ValueError("an entry without a dash")
        line = _line_start(text, line - 1)
    return line + column


def _content_end(text: str, start: int, end: int, column: int) -> int:
    """Return where an item ends: before the empty lines and outer comments that follow it."""
    while end > start:
        line = _line_start(text, end - 1)
        words = text[line:end]
        comment = words.lstrip().startswith("#")
        if line <= start or (words.strip() and not comment):
            break
        if comment and len(words) - len(words.lstrip()) > column:
            break
        end = line
    return end


class _Writer:
    """Puts new values between the old text."""

    def __init__(self, text: str, newline: str, quoted: bool) -> None:
        self._text, self._newline, self._quoted = text, newline, quoted

    def mapping(self, block: _Block, old: dict[str, Any], new: dict[str, Any]) -> str:
        """Return a block mapping with the fields of `new`; what is the same stays as it is."""
        items = dict(zip(old, block.items, strict=True))
        parts = {
            name: (item.lead, self._field(item, block.column, name, old[name], new[name]))
            for name, item in items.items()
            if name in new
        }
        names = list(parts)
        before: str | None = None
        for name, value in new.items():
            if name not in parts:
                roomy = not block.column and isinstance(value, dict | list) and bool(value)
                lead = self._newline if roomy and parts else ""
                parts[name] = (lead, self._emitted(block.column, name, value))
                names.insert(names.index(before) + 1 if before in names else 0, name)
            before = name
        gone = "".join(item.loose_lead for name, item in items.items() if name not in new)
        return self._joined(block, [parts[name] for name in names], gone)

    def sequence(self, block: _Block, old: list[Any], new: list[Any]) -> str:
        """Return a block sequence with the entries of `new`; what is the same stays as it is."""
        parts = []
        places = aligned(old, new)
        for place, value in zip(places, new, strict=True):
            if place is None:
                parts.append(("", self._emitted(block.column, None, value)))
            else:
                item = block.items[place]
                parts.append((item.lead, self._entry(item, block.column, old[place], value)))
        gone = [item for place, item in enumerate(block.items) if place not in places]
        return self._joined(block, parts, "".join(item.loose_lead for item in gone if item.start))

    def _joined(self, block: _Block, parts: list[tuple[str, str]], loose: str) -> str:
        written = ""
        for place, (lead, body) in enumerate(parts):
            if written and not written.endswith("\n"):
                written += self._newline
            if not place and block.inline:
                written += f"{self._newline}{lead}{' ' * block.column}" if lead else ""
            else:
                written += lead + " " * block.column
            written += body
        after = loose if loose.strip() else ""
        if (after or block.tail) and not written.endswith("\n"):
            written += self._newline
        return written + after + block.tail

    def _field(self, item: _Item, column: int, name: str, old: Any, new: Any) -> str:
        if same(old, new):
            return item.body
        inner = self._inner(item, old, new)
        return self._replaced(item, column, name, new) if inner is None else inner

    def _entry(self, item: _Item, column: int, old: Any, new: Any) -> str:
        if same(old, new):
            return item.body
        inner = self._inner(item, old, new)
        return self._replaced(item, column, None, new) if inner is None else inner

    def _inner(self, item: _Item, old: Any, new: Any) -> str | None:
        """Return the item with only its changed parts replaced; None where that cannot be."""
        node = item.value
        both_maps = isinstance(old, dict) and isinstance(new, dict)
        both_lists = isinstance(old, list) and isinstance(new, list)
        if not (both_maps or both_lists) or node.flow_style or not (old and new):
            return None
        end = item.start + len(item.body)
        first = _line_start(self._text, node.start_mark.index)
        start = node.start_mark.index if first <= item.start else self._after_line(item.start)
        block = _block(self._text, node, start, end)
        write = self.mapping if both_maps else self.sequence
        return self._text[item.start : start] + write(block, old, new)

    def _replaced(self, item: _Item, column: int, name: str | None, value: Any) -> str:
        """Return the item with a new value; a comment on its first line stays."""
        written = self._emitted(column, name, value)
        comment = self._comment(item)
        if not comment:
            return written
        if written.count("\n") == 1:
            return f"{written.rstrip()}  {comment}{self._newline}"
        return f"{comment}{self._newline}{' ' * column}{written}"

    def _comment(self, item: _Item) -> str:
        """Return the comment on an item's first line, behind the value or before it."""
        first = item.body.splitlines()[0]
        ends = item.value.end_mark.index - item.start
        if ends <= len(first):
            behind = first[ends:]
        elif found := _OPENS.search(first):
            behind = found[1]
        else:
            return ""
        return behind.strip() if behind.lstrip().startswith("#") else ""

    def _after_line(self, index: int) -> int:
        at = self._text.find("\n", index)
        return len(self._text) if at < 0 else at + 1

    def _emitted(self, column: int, name: str | None, value: Any) -> str:
        """Return a new field or entry, its first line without the indent."""
        from ruamel.yaml import YAML

        writer = YAML(typ="rt", pure=True)
        writer.indent(mapping=2, sequence=4, offset=2)
        writer.width = max(_WIDTH - column, 40)
        writer.allow_unicode = True
        stream = io.StringIO()
        styled = _styled(value, self._quoted)
        writer.dump([styled] if name is None else {name: styled}, stream)
        lines = stream.getvalue().rstrip("\n").split("\n")
        if name is None:  # the writer sets the dash two columns in
            lines = [line[2:] for line in lines]
        margin = " " * column
        indented = [lines[0], *(margin + line if line else line for line in lines[1:])]
        return self._newline.join(indented) + self._newline


def _styled(value: Any, quoted: bool) -> Any:
    """Return a value as case files write it: short lists and numbers in one line."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(value, dict):
        fields = CommentedMap({name: _styled(each, quoted) for name, each in value.items()})
        if value and all(each is None or isinstance(each, int | float) for each in value.values()):
            fields.fa.set_flow_style()
        return fields
    if isinstance(value, list):
        entries = CommentedSeq([_styled(each, quoted) for each in value])
        if _is_row(value):
            entries.fa.set_flow_style()
        return entries
    return DoubleQuotedScalarString(value) if quoted and isinstance(value, str) else value


def _is_row(value: Any) -> bool:
    """Return whether a list holds numbers and short words only, as codes and coordinates do."""
    if isinstance(value, list):
        return all(_is_row(each) for each in value)
    return not isinstance(value, dict) and len(str(value)) <= 40 and "\n" not in str(value)


def _rewritten(text: str, document: dict[str, Any], wanted: dict[str, Any], quoted: bool) -> str:
    """Return the document as the YAML library writes it: comments stay, its layout does not."""
    from ruamel.yaml import YAML

    writer = YAML(typ="rt", pure=True)
    writer.preserve_quotes = True
    writer.width = _WIDTH
    loaded = writer.load(text)
    for name in document.keys() - wanted.keys():
        del loaded[name]
    for name, value in wanted.items():
        if name not in document or not same(document[name], value):
            loaded[name] = _styled(value, quoted)
    stream = io.StringIO()
    writer.dump(loaded, stream)
    return stream.getvalue()
