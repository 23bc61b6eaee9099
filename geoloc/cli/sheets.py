"""`case export` and `case import`: the casebook as a spreadsheet, and back."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geoloc.cli.casebooks import Author, author_of
from geoloc.cli.cases import app, folder_of, read_cases, read_one
from geoloc.cli.output import AsJson, Cases, print_heading, print_json, print_wrapped, visible
from geoloc.errors import InputError

if TYPE_CHECKING:
    from geoloc.exchange.book import BookReport

_MOST_SHOWN = 40  # rows in a listing; --json has all


@app.command("export")
def case_export(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE.xlsx", help="Workbook to write.")
    ],
    case: Annotated[
        list[str] | None, typer.Argument(metavar="[CASE]...", help="Cases; default: all of them.")
    ] = None,
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Write cases as a spreadsheet to work on; geoloc case import reads it back.

    It holds every coordinate of the cases: share it with those who work on them only.

    Example: geoloc case export -o book.xlsx
    """
    from geoloc.exchange import book

    chosen = [read_one(name, cases) for name in case] if case else [i for _, i in read_cases(cases)]
    path = book.write_book(chosen, output, folder=folder_of(cases))
    if as_json:
        print_json({"output": str(path), "cases": [incident.id for incident in chosen]})
        return
    typer.echo(f"Wrote {visible(str(path))}: {len(chosen)} case(s), with every coordinate in them.")
    typer.echo(f"\nNext: edit it, then geoloc case import {shlex.quote(str(output))}")


@app.command("import")
def case_import(
    sheet: Annotated[Path, typer.Argument(metavar="SHEET.xlsx", help="Workbook of cases.")],
    into: Annotated[
        Path | None, typer.Option("--into", help="Folder of case files; default ./cases.")
    ] = None,
    author: Author = None,
    why: Annotated[str, typer.Option(help="Why, for the history.")] = "Imported from a sheet",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare a spreadsheet with the case files, say what became of every row, and ask.

    Rows are taken, changed, unchanged or refused; what is refused stops none of the others. Without
    a yes nothing is written. What is not in the sheet stays in the case files.

    Example: geoloc case import book.xlsx --into cases
    """
    from geoloc import files
    from geoloc.exchange import book

    folder = into or Path(os.environ.get("GEOLOC_CASES") or "cases")
    if folder.exists() and folder.samefile(files.shipped("cases")):
        raise InputError(f"{folder} is geoloc's own folder of examples; name yours with --into.")
    report = book.import_book(sheet, folder)
    if as_json:
        written = book.keep_book(report, author=author_of(author), why=why) if yes else ()
        print_json(_as_json(report, written))
    else:
        _print_report(report)
        if report.cases and (yes or _agreed(report, folder)):
            written = book.keep_book(report, author=author_of(author), why=why)
            typer.echo(f"Wrote {len(written)} case file(s) into {visible(str(folder))}.")
            typer.echo(f"\nNext: geoloc case check --cases {shlex.quote(str(folder))}")
        elif report.cases:
            typer.echo("Nothing was written.")
    if report.count("refused") == len(report.rows) > 0:
        raise SystemExit(2)


def _agreed(report: BookReport, folder: Path) -> bool:
    if not sys.stdin.isatty():
        typer.echo("Nobody can be asked here; add --yes to write.")
        return False
    return typer.confirm(f"Write {len(report.cases)} case file(s) into {folder}?")


def _as_json(report: BookReport, written: tuple[Path, ...]) -> dict[str, Any]:
    return {
        "rows": [
            {
                "sheet": row.sheet,
                "row": row.row,
                "case": row.case,
                "status": row.status,
                "column": row.column or None,
                "value": row.value or None,
                "why": row.why or None,
                "todo": row.todo or None,
            }
            for row in report.rows
        ],
        "cases": [
            {
                "id": case.id,
                "path": str(case.path.absolute()),
                "new": case.version is None,
                "changes": list(case.changes),
            }
            for case in report.cases
        ],
        "notes": list(report.notes),
        "written": [str(path) for path in written],
    }


def _print_report(report: BookReport) -> None:
    typer.echo(
        f"{len(report.rows):,} row(s): {report.count('taken'):,} taken,"
        f" {report.count('changed'):,} changed, {report.count('unchanged'):,} unchanged,"
        f" {report.count('refused'):,} refused."
    )
    for note in report.notes:
        print_wrapped(visible(f"- {note}"))
    refused = [row for row in report.rows if row.status == "refused"]
    if refused:
        print_heading("Refused")
        for row in refused[:_MOST_SHOWN]:
            at = f"{row.sheet}, row {row.row}" + (f", {row.column}" if row.column else "")
            stands = f" {row.value!r}" if row.value else ""
            print_wrapped(visible(f"- {at}:{stands} {row.why.rstrip('.')}. {row.todo}"))
        if len(refused) > _MOST_SHOWN:
            typer.echo(f"and {len(refused) - _MOST_SHOWN} more; --json lists all")
    if report.cases:
        print_heading("Would be written")
        for case in report.cases[:_MOST_SHOWN]:
            what = "new" if case.version is None else f"changes {', '.join(case.changes)}"
            print_wrapped(visible(f"- {case.path.name}: {what}"))
        if len(report.cases) > _MOST_SHOWN:
            typer.echo(f"and {len(report.cases) - _MOST_SHOWN} more; --json lists all")
        typer.echo("")
    elif not refused:
        typer.echo("The case files say all of it already; there is nothing to write.")
