"""Drawings that came in, added to a case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from geoloc import casebook
from geoloc.casebook import Drawing
from geoloc.casebook.reading import load_yaml


def add_to_case(
    path: Path, drawings: Sequence[Drawing], *, author: str, why: str
) -> tuple[Drawing, ...]:
    """Add drawings to a case file; those that it has already are not added again.

    Parameters
    ----------
    path : Path
        The case's YAML file.
    drawings : sequence of Drawing
        What `exchange.drawings` returned.
    author, why : str
        Who adds them, and for what reason; not empty.

    Returns
    -------
    tuple of Drawing
        What was added.

    Raises
    ------
    CaseError
        If the case would not be valid with them; nothing is written.
    OutputError
        If the file cannot be written; it is as it was before.
    """
    there = casebook.read_case(path).drawings
    added = tuple(one for one in dict.fromkeys(drawings) if one not in there)
    if added:
        _save(path, [_record(drawing) for drawing in added], author=author, why=why)
    return added


def _record(drawing: Drawing) -> dict[str, Any]:
    """Return the fields of a drawing as a person would write them: no defaults."""
    return drawing.model_dump(mode="json", exclude_defaults=True, exclude_none=True)


def _save(path: Path, records: list[dict[str, Any]], *, author: str, why: str) -> None:
    text, version = casebook.read_version(path)
    there = [*(load_yaml(path).get("drawings") or ()), *records]
    changed = casebook.with_changes(text, {"drawings": there})
    casebook.require_investigable(path, changed)
    casebook.save_case(path, changed, version=version, author=author, why=why)
