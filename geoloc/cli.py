"""The command line: words in, words or JSON out; no logic of its own.

Nothing heavy is imported before a command needs it: `geoloc --help` and `geoloc where` answer in
less time than geopandas takes to import.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from geoloc.errors import CaseError, GeolocError, InputError, OutputError

if TYPE_CHECKING:
    from geoloc.boundaries import Standing
    from geoloc.casebook import Book, Finding, Incident

# click's UsageError; typer carries its own private copy of click, and this name is public.
_UsageError: Any = typer.BadParameter.__mro__[1]

app = typer.Typer(
    help="Check where a claimed raid in Kabul can have happened.",
    epilog="Start with: geoloc demo",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
case_app = typer.Typer(
    help="List, show, check and start case files.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(case_app, name="case")

# A southern or western coordinate begins with a minus and is no option.
_MINUS = {"ignore_unknown_options": True}
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Cases = Annotated[
    Path | None,
    typer.Option("--cases", help="Folder of case files; default ./cases, or the shipped six."),
]


def main() -> None:
    """Run the command line: exit 0 done, 1 a check asked for failed, 2 the input was wrong."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    try:
        raise SystemExit(app(standalone_mode=False) or 0)
    except _UsageError as error:
        _fail(f"{error.format_message()} See geoloc --help.")
    except CaseError as error:
        _fail(*error.lines)
    except GeolocError as error:
        _fail(str(error))
    except (KeyboardInterrupt, typer.Abort):
        _fail("stopped; nothing half-written was left.", status=130)
    except BrokenPipeError:  # the reader, e.g. `head`, has seen enough
        sys.stdout = None
        raise SystemExit(0) from None


def _fail(*lines: str, status: int = 2) -> NoReturn:
    _complain(lines)
    raise SystemExit(status)


# --- where is it? ------------------------------------------------------------------------------


@app.command(context_settings=_MINUS)
def where(
    coords: Annotated[
        list[str],
        typer.Argument(help="Decimal, DMS, MGRS, UTM, plus code or map link; latitude first."),
    ],
    as_json: AsJson = False,
) -> None:
    """Say which province, district and police district hold a point.

    Example: geoloc where 34.4938 69.2743
    """
    from geoloc import boundaries, geo

    lon, lat = geo.parse_coordinates(" ".join(coords))
    found = boundaries.locate(lon, lat)
    districts = found.police_districts
    if as_json:
        _print_json(
            {
                "lon": lon,
                "lat": lat,
                "province": _unit_json(found.provinces),
                "district": _unit_json(found.districts),
                "police_districts": [_standing_json(standing) for standing in districts],
                "none_membership": round(found.no_police_district, 4),
                "distance_to_line_m": round(found.distance_to_line_m, 1),
            }
        )
        return
    typer.echo(f"{lat:.5f}, {lon:.5f}   {geo.format_dms(lon, lat)}   {geo.format_mgrs(lon, lat)}\n")
    rows = [
        *_rows("Province", found.provinces[:2]),
        *_rows("District", found.districts[:3]),
        *_rows("Police district", districts),
    ]
    if found.no_police_district >= 0.01:
        rows.append(("Police district", "in none", _percent(found.no_police_district), "", ""))
    _print_table(rows)
    _print_notes(districts)
    best = districts[0].unit.name if districts else found.districts[0].unit.code
    typer.echo(f'\nNext: geoloc check "{lat:g}, {lon:g}" {best}')


def _unit_json(standings: Sequence[Standing]) -> dict[str, Any]:
    first = standings[0]
    return _standing_json(first) | {
        "others": [_standing_json(standing) for standing in standings[1:]]
    }


def _standing_json(standing: Standing) -> dict[str, Any]:
    unit, edition = standing.unit, standing.edition
    return {
        "code": unit.code,
        "name": unit.name,
        "name_fa": unit.name_fa,
        "membership": _rounded(standing.membership, 4),
        "distance_to_line_m": _rounded(standing.distance_to_line_m, 1),
        "edition": edition.id,
        "approximate": edition.approximate,
        **({"system": unit.system} if unit.system else {}),
    }


def _rows(layer: str, standings: Sequence[Standing]) -> list[tuple[str, ...]]:
    return [
        (
            layer,
            f"{standing.unit.name} ({standing.unit.code})",
            _percent(standing.membership or 0),
            _side(standing),
            f"{standing.edition.id}{', approximate' if standing.edition.approximate else ''}",
        )
        for standing in standings
    ]


def _side(standing: Standing) -> str:
    depth_m = standing.distance_to_line_m
    if depth_m is None:
        return ""
    return f"{metres(abs(depth_m))} {'inside' if depth_m >= 0 else 'outside'} its line"


def _print_notes(standings: Sequence[Standing]) -> None:
    caveats = dict.fromkeys(s.edition.caveat for s in standings if s.edition.caveat)
    for caveat in caveats:
        typer.echo(f"\nPolice-district lines are {caveat}.")
    for standing in standings:
        if standing.unit.note and standing.inside is not False:
            _print_wrapped(f"{standing.unit.name}: {standing.unit.note}")


# --- does it fall in this place? ---------------------------------------------------------------


@app.command(context_settings=_MINUS)
def check(
    coords_and_place: Annotated[
        list[str],
        typer.Argument(metavar="COORDS PLACE", help="A point, then a district or province."),
    ],
    fail_on: Annotated[
        Literal["outside"] | None, typer.Option(help="Exit 1 if the point is outside.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a point falls in a place, how surely, and what other editions say.

    Example: geoloc check "34.5855, 69.1525" PD15
    """
    from geoloc import boundaries, gazetteer, geo

    coords, place = _coords_and_place(coords_and_place)
    lon, lat = geo.parse_coordinates(coords)
    first, *others = boundaries.check(lon, lat, gazetteer.resolve_unit(place))
    if as_json:
        _print_json(
            {
                "place": place,
                "code": first.unit.code,
                "membership": _rounded(first.membership, 4),
                "inside": first.inside,
                "distance_to_line_m": _rounded(first.distance_to_line_m, 1),
                "edition": first.edition.id,
                "approximate": first.edition.approximate,
                "other_editions": [
                    {"edition": other.edition.id, "membership": _rounded(other.membership, 4)}
                    for other in others
                ],
                "note": first.unit.note,
            }
        )
    else:
        _print_check(gazetteer.unit_name(first.unit.code), first, others)
    if fail_on == "outside" and first.inside is False:
        raise SystemExit(1)


def _coords_and_place(words: list[str]) -> tuple[str, str]:
    """Split `34.5 69.1 PD15` or `"34.5, 69.1" PD15`."""
    plain = [word.strip(",").replace(".", "", 1).lstrip("-").isdigit() for word in words]
    take = 2 if all(plain[:2]) else 1
    if len(words) <= take:
        raise InputError(
            'Give a point and then a place, e.g. geoloc check "34.5855, 69.1525" PD15.'
        )
    return " ".join(words[:take]), " ".join(words[take:])


def _print_check(name: str, first: Standing, others: Sequence[Standing]) -> None:
    if first.membership is None:
        typer.echo(f"{name}: cannot be said, because no line is known for it.")
        _print_notes([first])
        return
    answer = "more likely inside than outside" if first.inside else "more likely outside"
    typer.echo(f"{name}: {answer}, membership {_percent(first.membership)}, {_side(first)}.")
    typer.echo(f"Edition {first.edition.id}, lines known to ±{metres(first.unit.sigma_m)} (1 σ).")
    for other in others:
        turn = "" if other.inside == first.inside else ": THIS EDITION SAYS OTHERWISE"
        typer.echo(f"Edition {other.edition.id}: {_percent(other.membership or 0)}{turn}")
    if not others:
        typer.echo("No other edition has this unit.")
    _print_notes([first])


# --- what is this place? -----------------------------------------------------------------------


@app.command()
def find(
    name: Annotated[list[str], typer.Argument(help="A place name, a code, or PD22.")],
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many to show.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Find places by name, in Latin, Dari or Pashto spelling.

    Example: geoloc find Shakardara
    """
    from geoloc import gazetteer

    query = " ".join(name)
    found = gazetteer.gazetteer().search(query, limit=limit)
    if as_json:
        candidates = [
            {
                "name": each.name,
                "kind": each.kind,
                "lon": each.lon,
                "lat": each.lat,
                "score": each.score,
                "why": each.why,
                "parents": list(each.parents),
                "code": each.code,
            }
            for each in found
        ]
        _print_json({"query": query, "candidates": candidates})
        return
    if not found:
        typer.echo(f"Nothing is called {visible(query)!r}; try another spelling.")
        return
    _print_table(
        [
            (
                f"{each.score:.0f}",
                each.name,
                each.kind,
                each.code or ", ".join(each.parents),
                "" if each.lat is None else f"{each.lat:.4f}, {each.lon:.4f}",
                each.why,
            )
            for each in found
        ],
        ("Score", "Name", "Kind", "Code or where", "Lat, lon", "Why"),
    )


# --- cases -------------------------------------------------------------------------------------


@case_app.command("list")
def case_list(cases: Cases = None, as_json: AsJson = False) -> None:
    """List the cases of a folder.

    Example: geoloc case list
    """
    incidents = [incident for _, incident in _read_cases(cases)]
    if as_json:
        _print_json(
            [
                {
                    "id": incident.id,
                    "date": incident.date.isoformat(),
                    "title": incident.title,
                    "status": incident.geolocation.status,
                }
                for incident in incidents
            ]
        )
        return
    rows = [(i.id, f"{i.date:%a %Y-%m-%d}", i.geolocation.status, i.title) for i in incidents]
    _print_table(rows, ("Case", "Date", "Geolocation", "Title"))
    if incidents:
        typer.echo(f"\nNext: geoloc case show {incidents[0].id}")


@case_app.command("show")
def case_show(
    case: Annotated[str, typer.Argument(help="A case's id, or its file.")],
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Show what was claimed, what could be shown, and how the two agree.

    Example: geoloc case show 2023-05-08-bagrami-pd22
    """
    from geoloc import casebook

    incident = _read_case(case, cases)
    finding = casebook.investigate(incident)
    if as_json:
        _print_json(casebook.as_json(finding))
        return
    _print_finding(finding)
    typer.echo(f"\nNext: geoloc map {incident.id}")


def _print_finding(finding: Finding) -> None:
    incident = finding.incident
    typer.echo(f"{incident.date:%A %Y-%m-%d}  {visible(incident.title)}")
    _print_wrapped(visible(incident.summary))
    _print_heading("Claimed (not verified)")
    for claim, place in zip(incident.claims, finding.places, strict=True):
        named = f" [{', '.join(place.codes)}]" if place and place.codes else ""
        typer.echo(visible(f"- {claim.claimant}: {claim.place or 'no place named'}{named}"))
        _print_wrapped(visible(claim.says), indent=2)
    _print_heading("Shown")
    for evidence in incident.evidence:
        _print_wrapped(visible(f"- {evidence.status}: {evidence.finding} ({evidence.by})"))
    _print_heading(f"Geolocation: {finding.status}")
    _print_wrapped(visible(incident.geolocation.reason))
    if finding.area:
        for region in finding.area.regions:
            typer.echo(f"- {region.mass:.0%} likely area: {region.area_km2:.1f} km²")
    _print_heading("Verdicts")
    for claim, verdict in zip(incident.claims, finding.verdicts, strict=True):
        if verdict:
            _print_wrapped(visible(f"- {claim.claimant}: {verdict.grade}. {verdict.reason}"))


@case_app.command("validate")
def case_validate(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files to check; default: the whole folder.")
    ] = None,
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Check case files; every problem is named with its field and line.

    Example: geoloc case validate cases/2023-05-08-bagrami-pd22.yaml
    """
    from geoloc import casebook

    chosen = paths or [*casebook.case_files(_folder(cases))]
    problems = {path: _problems_of(path) for path in chosen}
    valid = not any(problems.values())
    if as_json:
        _print_json(
            {
                "valid": valid,
                "files": [
                    {
                        "path": str(path),
                        "problems": [
                            {"field": p.field, "line": p.line, "message": p.message} for p in found
                        ],
                    }
                    for path, found in problems.items()
                ],
            }
        )
    else:
        for path, found in problems.items():
            if found:
                _complain(CaseError(path, found).lines)
            else:
                typer.echo(f"ok  {visible(str(path))}")
    if not valid:
        raise SystemExit(2)


def _problems_of(path: Path) -> tuple[Any, ...]:
    from geoloc import casebook

    try:
        casebook.read_case(path)
    except CaseError as error:
        return error.problems
    return ()


@case_app.command("new")
def case_new(
    title: Annotated[str, typer.Option(help="A short title.")],
    date: Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="YYYY-MM-DD, Kabul.")],
    place: Annotated[str, typer.Option(help="The claimed place, in the claimant's words.")],
    claimant: Annotated[str, typer.Option(help="Who claims it.")] = "Who claims it",
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Start a case file, with comments that say what to fill in.

    Example: geoloc case new --title "Raid in Kart-e Naw" --date 2024-01-31 --place PD8
    """
    from geoloc import casebook, files

    case_id, text = casebook.draft(title, date.date(), place, claimant)
    folder = cases or Path("cases")
    path = folder / f"{case_id}.yaml"
    if path.exists():
        raise OutputError(f"{path} is there already; choose another title, or edit it.")
    path = files.write_whole(path, text)
    files.write_whole(folder / casebook.SCHEMA_FILE, casebook.schema())
    if as_json:
        _print_json({"id": case_id, "path": str(path)})
    else:
        typer.echo(f"Wrote {path}\n\nNext: edit it, then geoloc case validate {path}")


@case_app.command("schema")
def case_schema() -> None:
    """Print the JSON Schema by which editors complete and check case files.

    Example: geoloc case schema > cases/incident.schema.json
    """
    from geoloc import casebook

    typer.echo(casebook.schema(), nl=False)


def _folder(cases: Path | None) -> Path:
    from geoloc import casebook

    folder = cases or casebook.default_folder()
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder of case files; name one with --cases.")
    return folder


def _read_case(case: str, cases: Path | None) -> Incident:
    from geoloc import casebook

    return casebook.read_case(casebook.find_case(case, cases and _folder(cases)))


def _read_cases(cases: Path | None) -> list[tuple[Path, Incident]]:
    from geoloc import casebook

    return [(path, casebook.read_case(path)) for path in casebook.case_files(_folder(cases))]


# --- maps --------------------------------------------------------------------------------------


@app.command("map")
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

    finding = casebook.investigate(_read_case(case, cases))
    page = maps.seal(maps.finding_map(finding))
    path = files.write_whole(output or Path(f"{finding.incident.id}.html"), page)
    if as_json:
        _print_json({"id": finding.incident.id, "path": str(path), "bytes": len(page.encode())})
    else:
        typer.echo(f"Wrote {path} ({len(page.encode()) / 1000:,.0f} kB). Open it in a browser.")


@app.command()
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

    folder = _folder(cases)
    _require_writable(output)
    findings, pages = _render(_read_cases(cases), casebook.read_book(folder))
    for name, page in pages.items():
        files.write_whole(output / name, page)
    index = (output / "index.html").absolute()
    if as_json:
        _print_json(
            {
                "index": str(index),
                "pages": sorted(pages),
                "cases": [casebook.as_json(finding) for finding in findings],
            }
        )
        return
    _print_summary(findings)
    typer.echo(f"\nWrote {len(pages)} pages. Open this one in a browser:\n{index}")


def _require_writable(folder: Path) -> None:
    """Find out before the work, not after it."""
    from geoloc import files

    probe = folder / ".geoloc-probe"
    files.write_whole(probe, "")
    probe.unlink()


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
    typer.echo("[overview and index]", err=True)
    pages["overview.html"] = maps.seal(maps.casebook_map(findings, book))
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
    probability = "" if verdict.probability is None else _percent(verdict.probability)
    place = incident.claims[leading].place or ""
    return day, place, finding.status, verdict.grade, probability, verdict.reason


# --- printing ----------------------------------------------------------------------------------


def visible(text: str) -> str:
    """Return text that cannot steer a terminal: control and direction marks shown as <U+…>."""
    return "".join(
        f"<U+{ord(c):04X}>" if unicodedata.category(c) in _STEERING and c not in _KEPT else c
        for c in text
    )


_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_KEPT = "\n\u200c\u200d"  # joiners are part of how Persian is spelt


def _percent(share: float) -> str:
    """Return whole percent; the words of `verdict`, without importing what `where` needs not."""
    from geoloc.verdict import percent

    return percent(share)


def metres(length_m: float) -> str:
    """Return a length with its unit, in km from 10 km on."""
    return f"{length_m:,.0f} m" if length_m < 10_000 else f"{length_m / 1000:,.0f} km"


def _rounded(value: float | None, places: int) -> float | None:
    return None if value is None else round(value, places)


def _print_json(document: Any) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _print_table(rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
    """Print columns as wide as their widest cell; the last one runs free."""
    table = [[visible(cell) for cell in row] for row in ([header] if header else []) + [*rows]]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def _print_heading(text: str) -> None:
    typer.echo(f"\n{text}")


def _print_wrapped(text: str, indent: int = 0) -> None:
    import textwrap

    margin = " " * indent
    typer.echo(textwrap.fill(text, 98, initial_indent=margin, subsequent_indent=margin + "  "))


def _complain(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(f"geoloc: {visible(line)}", err=True)


if __name__ == "__main__":
    main()
