"""`map` and `demo`: what is drawn of a finding."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoloc.cli.cases import folder_of, read_cases, read_one
from geoloc.cli.output import AsJson, Cases, percent, print_json, visible
from geoloc.errors import InputError

if TYPE_CHECKING:
    from geoloc.casebook import Book, Finding, Incident


def map_command(
    case: Annotated[str, typer.Argument(help="A case's id, or its file.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="HTML file; default CASE.html here.")
    ] = None,
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Write a case's map: one HTML file that opens offline and asks no server for anything.

    Example: geoloc map 2023-05-08-bagrami-pd22 -o bagrami.html
    """
    from geoloc import casebook, files, maps

    if output and output.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"A map is an HTML file; {str(output)!r} does not end in .html.")
    finding = casebook.investigate(read_one(case, cases))
    page = maps.seal(maps.finding_map(finding))
    path = files.write_whole(output or Path(f"{finding.incident.id}.html"), page)
    if as_json:
        print_json({"id": finding.incident.id, "path": str(path), "bytes": len(page.encode())})
    else:
        typer.echo(f"Wrote {path} ({len(page.encode()) / 1000:,.0f} kB). Open it in a browser.")


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the pages.")] = Path(
        "geoloc-demo"
    ),
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Investigate every case of a casebook and write its maps and an index page.

    Example: geoloc demo -o maps
    """
    from geoloc import casebook, files

    folder = folder_of(cases)
    incidents, book = read_cases(cases), casebook.read_book(folder)
    files.require_writable(output)
    findings, pages = _render(incidents, book)
    for name, page in pages.items():
        files.write_whole(output / name, page)
    index = (output / "index.html").absolute()
    if as_json:
        print_json(
            {
                "index": str(index),
                "pages": sorted(pages),
                "cases": [casebook.as_json(finding) for finding in findings],
            }
        )
        return
    _print_summary(findings)
    typer.echo(f"\nWrote {len(pages)} pages. Open this one in a browser:\n{index}")


def _render(
    cases: Sequence[tuple[Path, Incident]], book: Book | None
) -> tuple[list[Finding], dict[str, str]]:
    """Investigate every case and draw every page, with progress on standard error."""
    from geoloc import casebook, maps

    findings: list[Finding] = []
    pages: dict[str, str] = {}
    for number, (_, incident) in enumerate(cases, start=1):
        typer.echo(f"[{number}/{len(cases)}] {incident.id}", err=True)
        findings.append(casebook.investigate(incident))
        pages[f"{incident.id}.html"] = maps.seal(maps.finding_map(findings[-1]))
    typer.echo("[overview, police districts and index]", err=True)
    pages["overview.html"] = maps.seal(maps.casebook_map(findings, book))
    pages["police-districts.html"] = maps.seal(maps.layer_map())
    pages["index.html"] = maps.index_page(findings, book)
    return findings, pages


def _print_summary(findings: Iterable[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    table.add_column("Date", no_wrap=True)
    table.add_column("Claimed place", overflow="fold", ratio=3)
    table.add_column("Status", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Prob.", justify="right", no_wrap=True)
    table.add_column("Reason", overflow="fold", ratio=5)
    for finding in findings:
        table.add_row(*(Text(visible(cell)) for cell in _summary_row(finding)))
    console = Console(width=min(100, Console().width) if sys.stdout.isatty() else 100)
    console.print(table)


def _summary_row(finding: Finding) -> tuple[str, ...]:
    incident, leading = finding.incident, finding.leading
    day = f"{incident.date:%a %Y-%m-%d}"
    verdict = None if leading is None else finding.verdicts[leading]
    if leading is None or verdict is None:
        return day, "none named", finding.status, "not-assessable", "", "No claim names a place."
    probability = "" if verdict.probability is None else percent(verdict.probability)
    place = incident.claims[leading].place or ""
    return day, place, finding.status, verdict.grade, probability, verdict.reason
