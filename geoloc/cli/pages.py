"""`map` and `demo`: what is drawn of a finding."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoloc.cli.cases import folder_of, read_cases, read_one
from geoloc.cli.output import AsJson, Cases, complain, percent, print_json, visible
from geoloc.errors import InputError

if TYPE_CHECKING:
    from geoloc.casebook import Book, Finding, Incident
    from geoloc.maps import Base

Exact = Annotated[
    bool,
    typer.Option(
        "--exact",
        help="Show the place as exactly as it was found, not at 1 km: only for your own eyes.",
    ),
]
Behind = Annotated[
    str,
    typer.Option(
        "--base",
        metavar="none|relief:FILE|FILE.tif|FILE.pmtiles",
        help="What lies behind the lines, put into the page: the relief of your height model"
        " (GeoTIFF), your picture (GeoTIFF), or your archive of picture tiles.",
    ),
]
Tiles = Annotated[
    str | None,
    typer.Option(
        help="Online tiles behind the lines: osm, opentopomap or sentinel2. Their server learns"
        " which area is looked at whenever somebody opens the page."
    ),
]
BaseTitle = Annotated[
    str, typer.Option(help="What to call the base map; its file's name is never shown.")
]
BaseCredit = Annotated[str, typer.Option(help="Owner and licence of the base map, for the page.")]
BaseBudget = Annotated[
    int | None, typer.Option(metavar="KB", help="How much the base map may add to a page [1000].")
]


def map_command(
    case: Annotated[
        str, typer.Argument(metavar="CASE|casebook", help="A case's id, its file, or `casebook`.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="HTML file; default CASE.html here.")
    ] = None,
    cases: Cases = None,
    exact: Exact = False,
    base: Behind = "none",
    tiles: Tiles = None,
    base_title: BaseTitle = "",
    base_credit: BaseCredit = "",
    base_budget: BaseBudget = None,
    as_json: AsJson = False,
) -> None:
    """Write a case's map: one HTML file that opens offline and asks no server for anything.

    `casebook` instead of a case writes one map of all of them.

    Example: geoloc map 2023-05-08-bagrami-pd22 -o bagrami.html
    """
    from geoloc import files

    if output and output.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"A map is an HTML file; {str(output)!r} does not end in .html.")
    behind = _behind(base, tiles, base_title, base_credit, base_budget)
    if exact:
        complain(["warning: the page shows the place as exactly as it was found; keep it to you."])
    name, page = _page_of(case, cases, exact=exact, base=behind, tiles=_named(tiles))
    path = files.write_whole(output or Path(f"{name}.html"), page)
    if as_json:
        print_json({"id": name, "path": str(path), "bytes": len(page.encode())})
    else:
        typer.echo(f"Wrote {path} ({len(page.encode()) / 1000:,.0f} kB). Open it in a browser.")


def _page_of(
    case: str, cases: Path | None, *, exact: bool, base: Base, tiles: tuple[str, ...]
) -> tuple[str, str]:
    """Return the name and the sealed map of one case, or of all."""
    from geoloc import casebook, maps

    if case != "casebook":
        finding = casebook.investigate(read_one(case, cases))
        warn_of_words([] if exact else [finding])
        drawn = maps.finding_map(finding, exact=exact, base=base)
        return finding.incident.id, maps.seal(drawn, tiles=tiles)
    book = casebook.read_book(folder_of(cases))
    findings = [casebook.investigate(incident) for _, incident in read_cases(cases)]
    warn_of_words([] if exact else findings)
    return case, maps.seal(maps.casebook_map(findings, book, exact=exact, base=base), tiles=tiles)


def warn_of_words(findings: Iterable[Finding], where: str = "page") -> None:
    """Say where a case's own words tell a place, which no page or file shows unless `exact`."""
    from geoloc import geo, maps

    complain(
        f"warning: {finding.incident.id}: {field} holds what looks like a coordinate; the {where}"
        f" shows {geo.WITHHELD} for it, without --exact."
        for finding in findings
        for field in maps.coordinates_told(finding)
    )


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the pages.")] = Path(
        "geoloc-demo"
    ),
    cases: Cases = None,
    base: Behind = "none",
    tiles: Tiles = None,
    base_title: BaseTitle = "",
    base_credit: BaseCredit = "",
    base_budget: BaseBudget = None,
    as_json: AsJson = False,
) -> None:
    """Investigate every case of a casebook and write its maps and an index page.

    Example: geoloc demo -o maps
    """
    from geoloc import casebook, files

    behind = _behind(base, tiles, base_title, base_credit, base_budget)
    folder = folder_of(cases)
    incidents, book = read_cases(cases), casebook.read_book(folder)
    files.require_writable(output)
    findings, pages = _render(incidents, book, behind, _named(tiles))
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


def _behind(source: str, tiles: str | None, title: str, credit: str, budget_kb: int | None) -> Base:
    """Return the base map that was asked for, and warn of a server that would learn the area."""
    from geoloc.maps.base import BUDGET_KB, Base, warning

    if tiles is not None and source != "none":
        raise InputError(f"Choose one background: --base {source} or --tiles {tiles}.")
    chosen = Base(
        f"tiles:{tiles}" if tiles is not None else source,
        title,
        credit,
        BUDGET_KB if budget_kb is None else budget_kb,
    )
    if chosen.online:
        complain([f"warning: {warning(chosen.online)}"])
    return chosen


def _named(tiles: str | None) -> tuple[str, ...]:
    return () if tiles is None else (tiles,)


def _render(
    cases: Sequence[tuple[Path, Incident]], book: Book | None, base: Base, tiles: tuple[str, ...]
) -> tuple[list[Finding], dict[str, str]]:
    """Investigate every case and draw every page, with progress on standard error."""
    from geoloc import casebook, maps

    findings: list[Finding] = []
    pages: dict[str, str] = {}
    for number, (_, incident) in enumerate(cases, start=1):
        typer.echo(f"[{number}/{len(cases)}] {incident.id}", err=True)
        findings.append(casebook.investigate(incident))
        pages[f"{incident.id}.html"] = maps.seal(
            maps.finding_map(findings[-1], base=base), tiles=tiles
        )
    warn_of_words(findings)
    typer.echo("[overview, police districts and index]", err=True)
    pages["overview.html"] = maps.seal(maps.casebook_map(findings, book, base=base), tiles=tiles)
    pages["police-districts.html"] = maps.seal(maps.layer_map(base=base), tiles=tiles)
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
