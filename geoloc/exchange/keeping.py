"""Drawings that came in, added to a case."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from geoloc import casebook, files
from geoloc.casebook import Drawing, Incident
from geoloc.casebook.reading import load_yaml, validated


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
    return drawing.model_dump(mode="json", exclude_defaults=True)


def _save(
    path: Path,
    records: list[dict[str, Any]],
    *,
    author: str,  # noqa: ARG001 - the journal's to be
    why: str,  # noqa: ARG001 - the same
) -> None:
    from ruamel.yaml import YAML

    document = load_yaml(path)
    document.setdefault("drawings", []).extend(records)
    # A drawing that cannot be reckoned with, e.g. far outside the study area, must not get in.
    casebook.investigate(validated(path, document, Incident))
    writer, text = YAML(typ="rt", pure=True), io.StringIO()
    writer.width, writer.preserve_quotes = 100, True
    writer.dump(document, text)
    files.write_whole(path, text.getvalue())
