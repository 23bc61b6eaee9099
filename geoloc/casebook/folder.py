"""A casebook on disk: a folder of YAML files, read and checked."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from geoloc import boundaries, files
from geoloc.casebook.reading import dotted, line_of, load_yaml, validated
from geoloc.casebook.records import Book, Incident
from geoloc.errors import CaseError, PlaceError, Problem

BOOK_FILE = "casebook.yaml"
SCHEMA_FILE = "incident.schema.json"


def default_folder() -> Path:
    """Return `$GEOLOC_CASES`, or `cases/` here if it holds any, or the shipped six."""
    if chosen := os.environ.get("GEOLOC_CASES"):
        return Path(chosen)
    here = Path("cases")
    return here if any(here.glob("*.yaml")) else files.shipped("cases")


def case_files(folder: Path) -> tuple[Path, ...]:
    """Return the incident files of a folder, oldest incident first."""
    found = (path for path in folder.glob("*.yaml") if not path.name.startswith("."))
    return tuple(sorted(path for path in found if path.name != BOOK_FILE))


def file_inside(folder: Path, name: str) -> Path | None:
    """Return a file by its path from the folder; None if none is there, or a link leads out of it.

    What lies elsewhere is no evidence of this casebook, whatever it is called in it.
    """
    try:
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (OSError, ValueError, RuntimeError):  # too long, of a NUL in it, of links in a circle
        return None


def find_case(name: str, folder: Path | None = None) -> Path:
    """Return the file of a case named by id or by path.

    Raises
    ------
    CaseError
        If there is none; the nearest ids are in the message.
    """
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    folder = folder or default_folder()
    known = {path.stem: path for path in case_files(folder)}
    if name in known:
        return known[name]
    from rapidfuzz import process

    if Path(name).is_dir():
        what = (
            "is a folder, not a case; give the folder with --cases, and the id of a case in it (or"
            " `casebook` for all, where a command takes that)."
        )
        raise CaseError(Path(name), (Problem("", None, what),))
    near = [match for match, *_ in process.extract(name, list(known), limit=3, score_cutoff=50)]
    hint = f"did you mean {', '.join(near)}?" if near else "geoloc case list shows what there is."
    raise CaseError(folder, (Problem("", None, f"no case is called {name!r}; {hint}"),))


def read_case(name: Path | str) -> Incident:
    """Read and check one incident.

    Parameters
    ----------
    name : Path or str
        A YAML file, or the id of a case in the default folder.

    Raises
    ------
    CaseError
        If there is no such case, or its file cannot be read or is not valid: every problem with
        its field and line.
    """
    path = find_case(str(name))
    return check_case(load_yaml(path), path)


def check_case(document: Any, path: Path) -> Incident:
    """Return an incident from the YAML of its file; files that it names lie beside `path`.

    Raises
    ------
    CaseError
        If it is not valid: every problem with its field and line.
    """
    incident = validated(path, document, Incident)
    problems = tuple(_unknown_codes(incident, document))
    if problems:
        raise CaseError(path, problems)
    return incident


def read_book(folder: Path) -> Book | None:
    """Read and check `casebook.yaml` of a folder; None if it has none."""
    path = folder / BOOK_FILE
    return check_book(load_yaml(path), path) if path.exists() else None


def check_book(document: Any, path: Path) -> Book:
    """Return what the YAML of a `casebook.yaml` says of all cases; `CaseError` if not valid."""
    return validated(path, document, Book)


def _unknown_codes(incident: Incident, document: Any) -> Iterator[Problem]:
    used = [("claims", n, "codes", claim.codes) for n, claim in enumerate(incident.claims)]
    used += [("evidence", n, "within", each.within) for n, each in enumerate(incident.evidence)]
    for *where, codes in used:
        for code in codes:
            try:
                lineless = boundaries.unit(code).geometry.is_empty and where[0] == "evidence"
                message = f"{code} has no known line to be within." if lineless else ""
            except PlaceError as error:
                message = str(error)
            if message:
                yield Problem(dotted(where), line_of(document, where), message)


def schema() -> str:
    """Return the JSON Schema of an incident file, for editors to complete and check by."""
    return json.dumps(Incident.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
