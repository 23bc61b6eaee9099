"""YAML that remembers its lines, and errors that name file, field and line."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from geoloc.casebook.fields import ID
from geoloc.errors import CaseError, ClueError, PlaceError, Problem
from geoloc.gazetteer import police_district

DEEPEST = 30  # collections within collections; a case file has 4
MOST_PROBLEMS = 20  # told at once
LONGEST_FILE = 1_000_000  # bytes; a case file of a hundred claims has 50,000

_Model = TypeVar("_Model", bound=BaseModel)


def validated(path: Path, document: Any, model: type[_Model]) -> _Model:
    """Return a document as a record, or raise `CaseError` with every problem in it."""
    try:
        # Files that a case names lie beside it.
        return model.model_validate(document, context={"folder": path.parent})
    except ValidationError as error:
        details = error.errors()
        problems = [_problem(detail, document, model) for detail in details[:MOST_PROBLEMS]]
        if len(details) > MOST_PROBLEMS:
            more = f"and {len(details) - MOST_PROBLEMS} more problems."
            problems.append(Problem("", None, more))
        raise CaseError(path, tuple(problems)) from error


def load_yaml(path: Path) -> Any:
    """Return the YAML mapping of a file, which remembers its line numbers; refuse anything else."""
    return parse_yaml(_text_of(path), path)


def parse_yaml(text: str, path: Path) -> Any:
    """Return a YAML mapping that remembers its line numbers; errors name it by `path`."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    try:
        reader = YAML(typ="rt", pure=True)
        depth = 0
        for event in reader.parse(text):
            depth += isinstance(event, CollectionStartEvent)
            depth -= isinstance(event, CollectionEndEvent)
            if depth > DEEPEST:
                line = event.start_mark.line + 1
                raise CaseError(path, (Problem("", line, "is nested deeper than any case file."),))
            if isinstance(event, AliasEvent):
                # A dozen aliases of aliases can stand for billions of values.
                line = event.start_mark.line + 1
                raise CaseError(path, (Problem("", line, "aliases (*name) are not read here."),))
        document = reader.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"not valid YAML: {_plain_yaml(str(error.problem or error.context))}."
        raise CaseError(path, (Problem("", mark.line + 1 if mark else None, what),)) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise CaseError(path, (Problem("", None, f"not valid YAML: {error}."),)) from error
    if not isinstance(document, dict):
        what = "is empty." if document is None else "must be fields and values (name: value)."
        raise CaseError(path, (Problem("", None, what),))
    return document


def _plain_yaml(problem: str) -> str:
    """Say a YAML parser's commonest complaints in an investigator's words."""
    if "\\t" in problem:
        return "there is a tab; indent with spaces only"
    if "<block end>" in problem or "block collection" in problem or "mapping values" in problem:
        return f"the indentation or a colon is off around here ({problem})"
    return problem


def _text_of(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            what = "cannot be read: it is not a file."
            raise CaseError(path, (Problem("", None, what),))
        with path.open("rb") as stream:
            content = stream.read(LONGEST_FILE + 1)
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}."
        raise CaseError(path, (Problem("", None, what),)) from error
    if len(content) > LONGEST_FILE:
        what = f"is larger than {LONGEST_FILE:,} bytes, which no case file is."
        raise CaseError(path, (Problem("", None, what),))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 text (byte {error.start:,}); save it as UTF-8."
        raise CaseError(path, (Problem("", None, what),)) from error


def _problem(detail: Any, document: Any, model: type[BaseModel]) -> Problem:
    """Say one pydantic error in words, with the field's path and line."""
    where = _steps(detail["loc"], document)
    error = detail.get("ctx", {}).get("error")
    if isinstance(error, ClueError):
        where.append(error.field)
    elif str(detail["type"]).startswith("union_tag"):
        where.append("kind")
    line = line_of(document, where) if hasattr(document, "lc") else None  # JSON knows no lines
    return Problem(dotted(where), line, _words(detail, where, model))


def _steps(location: tuple[Any, ...], document: Any) -> list[Any]:
    """Return the steps to a field as the file has them; pydantic adds kinds and types."""
    steps: list[Any] = []
    node = document
    for step in location:
        is_kind = isinstance(node, dict) and step == node.get("kind")
        if is_kind or not (isinstance(step, int) or step.isidentifier()):
            continue
        steps.append(step)
        node = _inside(node, step)
    return steps


def _inside(node: Any, step: int | str) -> Any:
    if isinstance(node, list):
        return node[step] if isinstance(step, int) and step < len(node) else None
    return node.get(step) if isinstance(node, dict) else None


def _words(detail: Any, where: list[Any], model: type[BaseModel]) -> str:
    """Say what is wrong with a field, and what it should look like."""
    value = str(detail["input"])
    shown = repr(value if len(value) <= 40 else value[:37] + "...")
    kind = str(detail["type"])
    if kind == "missing":
        return "is missing."
    if kind == "extra_forbidden":
        return f"there is no such field here{_nearest_field(str(detail['loc'][-1]), model)}."
    if kind == "value_error":
        error = detail["ctx"]["error"]
        field = f"{error.field}: " if isinstance(error, ClueError) else ""
        return f"{str(error).removeprefix(field).rstrip('.')}."
    if kind == "union_tag_invalid":
        kinds = detail["ctx"]["expected_tags"].replace("'", "")
        return (
            f"{detail['ctx']['tag'][:40]!r} is no kind of clue in a case file; kinds are {kinds}."
        )
    if kind == "union_tag_not_found":
        return "is missing; it says what kind of clue this is, e.g. near."
    if kind in ("too_short", "too_long"):
        ctx = detail["ctx"]
        most = ctx.get("max_length", ctx.get("min_length"))
        limit = "at most" if kind == "too_long" else "at least"
        return f"has {ctx['actual_length']} entries; {limit} {most} are possible."
    if kind.startswith("date"):
        return f"must be a date like 2024-01-31, got {shown}."
    if kind in ("tuple_type", "list_type"):
        return f"must be a list, e.g. [{value if value.isascii() else 'AF0104'}], got {shown}."
    if kind in ("model_type", "model_attributes_type"):
        example = next((_EXAMPLES[step] for step in where[::-1] if step in _EXAMPLES), "")
        return f"must hold fields{f', e.g. {example}' if example else ''}; got {shown}."
    if kind.startswith(("float", "int")) and str(where[-1]).endswith(("_deg", "_m")):
        if where[-1] == "azimuth_deg":
            return f"must be degrees clockwise from north, e.g. 315 for NW; got {shown}."
        unit = "degrees, e.g. 5" if str(where[-1]).endswith("_deg") else "metres, e.g. 250"
        return f"must be a valid number of {unit}; got {shown}."
    if kind == "string_pattern_mismatch" and detail["ctx"]["pattern"] == ID:
        return f"must look like 2024-02-10-some-name, got {shown}."
    if kind == "string_pattern_mismatch" and {"codes", "within"} & set(where):
        return f"{shown} is no code of a unit; {_code_hint(value)}."
    return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}, got {shown}."


_LANDMARK = "{name: Bala Hissar, lon: 69.189, lat: 34.507, sigma_m: 50} for a landmark"
# What a field that holds fields looks like.
_EXAMPLES = {
    "landmark": _LANDMARK,
    "a": _LANDMARK,
    "b": _LANDMARK,
    "killed": "{min: 5, max: 5} for a number of people",
    "captured": "{min: 5, max: 5} for a number of people",
    "study": "{code: AF-KBL-PD8} for where it is looked for",
    "geolocation": "{status: not-stated, reason: Not yet looked for.}",
}


def _code_hint(value: str) -> str:
    try:
        code = police_district(value)
    except PlaceError as error:
        return str(error).rstrip(".")
    example = "codes look like AF0104 or AF-KBL-PD22 (geoloc find NAME shows them)"
    return f"did you mean {code}?" if code else example


def dotted(where: list[Any]) -> str:
    """Return a path as people write it: claims[0].codes."""
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in where).lstrip(".")


def _nearest_field(name: str, model: type[BaseModel]) -> str:
    from rapidfuzz import fuzz, process

    near = process.extractOne(name, _fields_of(model), scorer=fuzz.ratio, score_cutoff=70)
    return f"; did you mean {near[0]}?" if near else ""


@cache
def _fields_of(model: type[BaseModel]) -> tuple[str, ...]:
    schema = json.dumps(model.model_json_schema())
    return tuple(sorted(set(re.findall(r'"([a-z_]+)": \{', schema))))


def line_of(document: Any, where: list[Any]) -> int:
    """Return the 1-based line of a field, or of the nearest thing around it that exists."""
    node, line = document, int(document.lc.line) + 1
    for step in where:
        if isinstance(node, dict) and step in node:
            line = node.lc.key(step)[0] + 1  # type: ignore[attr-defined] # ruamel's CommentedMap
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            line = node.lc.item(step)[0] + 1  # type: ignore[attr-defined] # ruamel's CommentedSeq
        else:
            break
        node = node[step]
    return int(line)
