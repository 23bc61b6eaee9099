"""The casebook's columns: which field of which record stands where, and how a cell says it.

A cell can say a value in more than one way (a date as a date or as text, a list with commas or as
JSON, a shape as WKT or GeoJSON); what `told` writes, `meant` reads back to an equal value.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import shapely
from pydantic import BaseModel

from geoloc.casebook import Claim, Drawing, Evidence, Geolocation, Incident, Photo, Source

Kind = Literal[
    "text", "choice", "number", "whole", "truth", "day", "moment", "list", "json", "shape"
]
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("date", "published", "drawn_on"), "day"),
    **dict.fromkeys(("codes", "covers", "within", "sources", "notes"), "list"),
    **dict.fromkeys(("blur", "clues", "study", "features", "ridge"), "json"),
    **dict.fromkeys(("confidence", "reliability", "detection_probability"), "number"),
    "captured": "moment", "graphic": "truth", "geometry": "shape",
}  # fmt: skip
_COUNTS = ("killed", "captured")  # of a claim; a source's `captured` is a moment
_DEEPEST = 6  # brackets in a shape's text


class CellError(ValueError):
    """A cell that does not say a value of its column; the message says what it should hold."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet."""

    name: str  # as its header has it
    path: tuple[str, ...]  # of the field in the record, e.g. (killed, min)
    kind: Kind
    note: str  # what belongs into it
    choices: tuple[str, ...] = ()


NUMBER = Column(
    "number", (), "whole", "which entry of the case's file this is; empty for a new one"
)
CASE = Column("incident", (), "text", "id of the incident, as in the sheet incidents")
VERSION = Column(
    "version", (), "text", "of the case's file when this sheet was written; leave it as it is"
)


def _columns_of(model: type[BaseModel], left_out: Sequence[str] = ()) -> tuple[Column, ...]:
    found: list[Column] = []
    for name, field in model.model_fields.items():
        note = field.description or ""
        if name in left_out:
            continue
        if model is Claim and name in _COUNTS:
            found += [
                Column(f"{name}_{end}", (name, end), "whole", f"people {name}: at {words}")
                for end, words in (("min", "least"), ("max", "most; empty: no upper figure"))
            ]
            continue
        choices = _choices(field.annotation)
        kind = _KINDS.get(name, "choice" if choices else "text")
        if name.endswith(("_m", "_deg")):
            kind = "number"
        found.append(Column(name, (name,), kind, note, choices))
    return tuple(found)


def _choices(annotation: Any) -> tuple[str, ...]:
    """Return the words of a Literal, also of one that may be None."""
    if get_origin(annotation) in (typing.Union, types.UnionType):
        return next(filter(None, map(_choices, get_args(annotation))), ())
    return get_args(annotation) if get_origin(annotation) is Literal else ()


_JUDGED = tuple(
    Column(f"geolocation_{c.name}", ("geolocation", c.name), c.kind, c.note, c.choices)
    for c in _columns_of(Geolocation)
)
# The field of an incident that each sheet holds entries of, and their records.
ENTRIES: dict[str, type[BaseModel]] = {
    "claims": Claim, "evidence": Evidence, "drawings": Drawing, "photos": Photo, "sources": Source,
}  # fmt: skip
OF_INCIDENTS = (*_columns_of(Incident, (*ENTRIES, "geolocation")), *_JUDGED)
SHEETS: dict[str, tuple[Column, ...]] = {
    "incidents": (*OF_INCIDENTS, VERSION),
    **{name: (CASE, NUMBER, *_columns_of(model)) for name, model in ENTRIES.items()},
}


def told(column: Column, record: dict[str, Any]) -> Any:
    """Return what a cell says of a record (`model_dump` in JSON): text, number, truth or date."""
    value: Any = record
    for step in column.path:
        value = None if value is None else value.get(step)
    if value is None or value in ([], {}):
        return None
    if column.kind == "list":
        return _joined(value)
    if column.kind == "json":
        return json.dumps(value, ensure_ascii=False)
    if column.kind == "shape":
        return _shape_text(value)
    if column.kind == "day":
        day = dt.date.fromisoformat(value)
        return day if day.year >= 1900 else value  # a spreadsheet has no earlier days
    return value


def _joined(words: list[str]) -> str:
    """Return short words with commas between them; what a comma could not divide, as JSON."""
    plain = all(re.fullmatch(r"[\w.:/#()+ -]+", word) and word[0].isalnum() for word in words)
    return ", ".join(words) if plain else json.dumps(words, ensure_ascii=False)


def _shape_text(geometry: dict[str, Any]) -> str:
    """Return WKT, unless that would come back as other coordinates (a ring left open)."""
    try:
        wkt = str(shapely.to_wkt(shapely.geometry.shape(geometry), rounding_precision=-1))
        if json.dumps(_geometry(wkt)["coordinates"]) == json.dumps(geometry["coordinates"]):
            return wkt
    except (shapely.GEOSException, ValueError):
        pass
    return json.dumps(geometry)


def meant(column: Column, cell: Any) -> Any:
    """Return the value that a cell means, as a case file would have it; never None.

    Raises
    ------
    CellError
        If it cannot be read as what belongs into the column.
    """
    readers = {
        "number": _number, "whole": _whole, "truth": _truth, "day": _day, "moment": _moment,
        "list": _list, "json": _json, "shape": _geometry,
    }  # fmt: skip
    text = _text(cell)
    if column.kind == "choice":
        return text.strip().lower()
    if column.kind == "text":
        return text
    return readers[column.kind](cell if isinstance(cell, bool | int | float) else text)


def _text(cell: Any) -> str:
    if isinstance(cell, dt.datetime):
        midnight = cell.time() == dt.time() and cell.tzinfo is None
        return cell.date().isoformat() if midnight else cell.isoformat()
    if isinstance(cell, dt.time):
        return cell.isoformat("minutes" if not cell.second else "seconds")
    if isinstance(cell, dt.date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


_THOUSANDS = re.compile(r"[+-]?[^\D0\u06f0\u0660]\d{0,2},\d{3}")


def _number(cell: Any) -> float | int:
    if _THOUSANDS.fullmatch(str(cell).strip()):
        raise CellError(
            "may mean thousands or decimals: write it without the comma, or with a point"
        )
    try:
        found = float(str(cell).replace("٫", ".").replace(",", "."))  # Persian digits too
    except ValueError:
        raise CellError("must be a number") from None
    return int(found) if found.is_integer() and abs(found) < 1e15 else found


def _whole(cell: Any) -> int:
    with contextlib.suppress(CellError):
        found = _number(cell)
        if isinstance(found, int) and not isinstance(cell, bool):
            return found
    raise CellError("must be a whole number")


_TRUTHS = {
    "true": True, "yes": True, "1": True, "بله": True, "بلی": True, "هو": True,
    "false": False, "no": False, "0": False, "نه": False, "نخیر": False,
}  # fmt: skip


def _truth(cell: Any) -> bool:
    found = _TRUTHS.get(_text(cell).strip().casefold())
    if found is None:
        raise CellError("must be yes or no")
    return found


_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")


def _day(cell: Any) -> dt.date:
    text = _text(cell).translate(_DIGITS).strip()
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise CellError("must be a date like 2024-01-31 (Gregorian)") from None


def _moment(cell: Any) -> str:
    text = _text(cell).translate(_DIGITS).strip()
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        raise CellError("must be a moment like 2024-01-31T14:30:00+04:30") from None
    return text


def _list(cell: Any) -> list[str]:
    text = _text(cell)
    if text.lstrip().startswith("["):
        found = _json(text)
        if isinstance(found, list) and all(isinstance(each, str) for each in found):
            return found
        raise CellError('must be words with commas between them, or a list like ["a", "b, c"]')
    return [word.strip() for word in re.split(r"[,،;؛\n]", text) if word.strip()]


def _json(cell: Any) -> Any:
    try:
        return json.loads(_text(cell), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise CellError("must be JSON, as the sheet was written with it") from None


def _no_constant(word: str) -> float:
    raise ValueError(word)


def _geometry(cell: Any) -> Any:
    """Return GeoJSON from WKT or GeoJSON."""
    text = _text(cell).strip()
    if text.startswith("{"):
        return _json(text)
    deepest = depth = 0
    for bracket in re.findall(r"[()]", text):
        depth += 1 if bracket == "(" else -1
        deepest = max(deepest, depth)
    try:
        if not text or deepest > _DEEPEST:  # GEOS calls itself once for each bracket
            raise CellError("must be WKT, e.g. POINT (69.27 34.49), or GeoJSON")
        shape = shapely.geometry.mapping(shapely.force_2d(shapely.from_wkt(text)))
    except (shapely.GEOSException, ValueError):
        raise CellError("must be WKT, e.g. POINT (69.27 34.49), or GeoJSON") from None
    return json.loads(json.dumps(shape, allow_nan=True))
