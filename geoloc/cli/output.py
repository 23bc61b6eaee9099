"""How the command line prints: text made visible, tables, JSON, lengths and shares."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Cases = Annotated[
    Path | None,
    typer.Option("--cases", help="Folder of case files; default ./cases, or the shipped six."),
]


def visible(text: str) -> str:
    """Return text that cannot steer a terminal: control and direction marks shown as <U+…>."""
    return "".join(
        f"<U+{ord(c):04X}>" if unicodedata.category(c) in _STEERING and c not in _KEPT else c
        for c in text
    )


_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_KEPT = "\u200c\u200d"  # joiners are part of how Persian is spelt


def percent(share: float) -> str:
    """Return whole percent, as verdicts write it."""
    from geoloc import boundaries

    return boundaries.percent(share)


def metres(length_m: float) -> str:
    """Return a length with its unit, in km from 10 km on."""
    return f"{length_m:,.0f} m" if length_m < 10_000 else f"{length_m / 1000:,.0f} km"


def rounded(value: float | None, places: int) -> float | None:
    """Round for a script to read; None stays None."""
    return None if value is None else round(value, places)


def print_json(document: Any) -> None:
    """Print the one document of a command that was asked for JSON."""
    _print_escaped(json.dumps(document, ensure_ascii=False, indent=2))


def print_json_line(document: Any) -> None:
    """Print one of many documents, on a line of its own (JSON Lines)."""
    _print_escaped(json.dumps(document, ensure_ascii=False))


def _print_escaped(text: str) -> None:
    typer.echo("".join(c if c == "\n" or c in _KEPT else _escaped(c) for c in text))


def _escaped(character: str) -> str:
    """Return a character that could steer a terminal as JSON escapes it; others as they are."""
    steers = unicodedata.category(character) in _STEERING
    return json.dumps(character)[1:-1] if steers else character


def print_table(rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
    """Print columns as wide as their widest cell, cut at 100 columns."""
    table = [[visible(cell) for cell in row] for row in ([header] if header else []) + [*rows]]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        line = "  ".join(cells).rstrip()
        typer.echo(line if len(line) <= 100 else line[:99] + "…")


def print_heading(text: str) -> None:
    """Print a heading with an empty line above it."""
    typer.echo(f"\n{text}")


def print_wrapped(text: str, indent: int = 0) -> None:
    """Print a paragraph that fits 100 columns."""
    import textwrap

    margin = " " * indent
    typer.echo(textwrap.fill(text, 98, initial_indent=margin, subsequent_indent=margin + "  "))


def complain(lines: Iterable[str]) -> None:
    """Print each line of an error on standard error."""
    for line in lines:
        typer.echo(f"geoloc: {visible(line)}", err=True)
