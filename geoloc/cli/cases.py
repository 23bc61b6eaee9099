"""`case …`: list, show, check and start case files."""

from __future__ import annotations

import datetime as dt
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from geoloc.cli.casebooks import Author, author_of, print_history
from geoloc.cli.claims import Published, text_of
from geoloc.cli.output import (
    AsJson,
    Cases,
    complain,
    print_heading,
    print_json,
    print_table,
    print_wrapped,
    visible,
)
from geoloc.errors import CaseError, InputError, OutputError, Problem

if TYPE_CHECKING:
    from geoloc.casebook import Claim, Finding, Incident, Remark

app = typer.Typer(
    help="List, show, check and start case files.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("list")
def case_list(cases: Cases = None, as_json: AsJson = False) -> None:
    """List the cases of a folder.

    Example: geoloc case list
    """
    incidents, damaged = _readable(cases)
    if as_json:
        print_json(
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
    else:
        rows = [(i.id, f"{i.date:%a %Y-%m-%d}", i.geolocation.status, i.title) for i in incidents]
        print_table(rows, ("Case", "Date", "Geolocation", "Title"))
    if damaged:
        for error in damaged:
            complain(str(error).splitlines())
        typer.echo("\nNext: geoloc casebook check", err=True)
        raise SystemExit(2)
    if incidents and not as_json:
        typer.echo(f"\nNext: geoloc case show {incidents[0].id}")


def _readable(cases: Path | None) -> tuple[list[Incident], list[CaseError]]:
    """Return the cases of a folder that can be read, and what is wrong with the others."""
    from geoloc import casebook

    found: list[Incident] = []
    damaged: list[CaseError] = []
    for path in casebook.case_files(folder_of(cases)):
        try:
            found.append(casebook.read_case(path))
        except CaseError as error:
            damaged.append(error)
    return found, damaged


@app.command("show")
def case_show(
    case: Annotated[str, typer.Argument(help="A case's id, or its file.")],
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Show what was claimed, what could be shown, and how the two agree.

    Example: geoloc case show 2023-05-08-bagrami-pd22
    """
    from geoloc import casebook

    incident = read_one(case, cases)
    finding = casebook.investigate(incident)
    if as_json:
        print_json(casebook.as_json(finding))
        return
    _print_finding(finding)
    typer.echo(f"\nNext: geoloc map {incident.id}")


def _print_finding(finding: Finding) -> None:
    incident = finding.incident
    typer.echo(f"{incident.date:%A %Y-%m-%d}  {visible(incident.title)}")
    print_wrapped(visible(incident.summary))
    print_heading("Claimed (not verified)")
    for claim, place in zip(incident.claims, finding.places, strict=True):
        named = f" [{', '.join(place.codes)}]" if place and place.codes else ""
        named = " [approximate area]" if place and place.area else named
        typer.echo(visible(f"- {claim.claimant}: {claim.place or 'no place named'}{named}"))
        if counts := _counts(claim):
            print_wrapped(counts, indent=2)
        print_wrapped(visible(claim.says), indent=2)
    print_heading("Shown")
    for evidence in incident.evidence:
        print_wrapped(visible(f"- {evidence.status}: {evidence.finding} ({evidence.by})"))
    print_heading(f"Geolocation: {finding.status}")
    print_wrapped(visible(incident.geolocation.reason))
    if finding.area:
        for region in finding.area.regions:
            typer.echo(f"- {region.mass:.0%} likely area: {region.area_km2:.1f} km²")
    print_heading("Verdicts")
    for claim, verdict in zip(incident.claims, finding.verdicts, strict=True):
        if verdict:
            print_wrapped(visible(f"- {claim.claimant}: {verdict.grade}. {verdict.reason}"))


def _counts(claim: Claim) -> str:
    """Return `killed: 5, captured: at least 2`."""
    told = ((outcome, getattr(claim, outcome)) for outcome in ("killed", "captured"))
    counts = ", ".join(f"{outcome}: {count.words}" for outcome, count in told if count)
    together = f" (of {', '.join(claim.covers)} together)" if len(claim.covers) > 1 else ""
    return counts and counts + together


@app.command("validate")
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

    chosen = paths or [*casebook.case_files(folder_of(cases))]
    problems = {path: _problems_of(path) for path in chosen}
    if not paths:
        problems |= _problems_of_book(folder_of(cases))
    valid = not any(problems.values())
    if as_json:
        print_json(
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
                complain(CaseError(path, found).lines)
            else:
                typer.echo(f"ok  {visible(str(path))}")
        if valid and chosen:
            _print_next("check", cases)
    if not valid:
        raise SystemExit(2)


def _print_next(command: str, cases: Path | None) -> None:
    where = f" --cases {shlex.quote(str(cases))}" if cases else ""
    typer.echo(f"\nNext: geoloc case {visible(command + where)}")


def _problems_of_book(folder: Path) -> dict[Path, tuple[Any, ...]]:
    from geoloc import casebook

    try:
        casebook.read_book(folder)
    except CaseError as error:
        return {folder / casebook.BOOK_FILE: error.problems}
    return {}


def _problems_of(path: Path) -> tuple[Any, ...]:
    from geoloc import casebook

    try:
        casebook.read_case(path)
    except CaseError as error:
        return error.problems
    return ()


@app.command("check")
def case_check(
    case: Annotated[
        str | None, typer.Argument(help="A case's id; default: all cases of the folder.")
    ] = None,
    cases: Cases = None,
    fail_on: Annotated[
        Literal["contradiction", "difference"] | None,
        typer.Option(help="Exit 1 if there is one, or something worse."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what claims say against each other: numbers, places, dates, joint claims, copies.

    Example: geoloc case check 2023-05-08-bagrami-pd22
    """
    from geoloc import casebook

    folder = folder_of(cases)
    asked = read_one(case, cases) if case else None
    known = {incident.id: incident for _, incident in read_cases(cases)}
    if asked:
        known[asked.id] = asked  # a file may lie elsewhere than the folder
    found = casebook.reconcile(tuple(known.values()), casebook.read_book(folder))
    if asked:
        found = tuple(remark for remark in found if asked.id in remark.incidents)
    if as_json:
        print_json(
            {
                "cases": [asked.id] if asked else list(known),
                "remarks": [casebook.remark_as_json(remark) for remark in found],
            }
        )
    else:
        _print_remarks(found)
        if shown := case or next((i for remark in found for i in remark.incidents), None):
            _print_next(f"show {shlex.quote(shown)}", cases)
    worse = casebook.WEIGHTS[: casebook.WEIGHTS.index(fail_on) + 1] if fail_on else ()
    if any(remark.weight in worse for remark in found):
        raise SystemExit(1)


def _print_remarks(found: tuple[Remark, ...]) -> None:
    from geoloc import casebook

    headings = ("Contradictions: both cannot hold", "Differences: both can hold", "To be known")
    for weight, heading in zip(casebook.WEIGHTS, headings, strict=True):
        remarks = [remark for remark in found if remark.weight == weight]
        if remarks:
            typer.echo(heading)
            for remark in remarks:
                print_wrapped(visible(f"- {remark.kind}: {remark.message}"))
                if remark.incidents:
                    print_wrapped(f"in {', '.join(remark.incidents)}", indent=4)
            typer.echo()
    if not found:
        typer.echo("Nothing in the claims speaks against anything else in them.")
    typer.echo("Claims are compared with each other here, not with what happened.")


@app.command("new")
def case_new(
    title: Annotated[str | None, typer.Option(help="A short title.")] = None,
    date: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="YYYY-MM-DD, Kabul.")
    ] = None,
    place: Annotated[
        str | None, typer.Option(help="The claimed place, in the claimant's words.")
    ] = None,
    claimant: Annotated[str | None, typer.Option(help="Who claims it.")] = None,
    text_file: Annotated[
        str | None, typer.Option("--from", help="A text to read the claims from, or -.")
    ] = None,
    published: Published = None,
    author: Author = None,
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Start a case file, with comments that say what to fill in.

    Example: geoloc case new --title "Raid in Kart-e Naw" --date 2024-01-31 --place PD8 --claimant X

    Or from a text: geoloc case new --from report.txt --published 2024-02-01
    """
    from geoloc import casebook, files

    if text_file is not None:
        if place is not None or claimant is not None:
            raise InputError("--from reads place and claimant from the text; leave those two out.")
        case_id, text = casebook.draft_from_text(
            text_of(text_file),
            published=published.date() if published else None,
            date=date.date() if date else None,
            title=title,
            source="Standard input" if text_file == "-" else Path(text_file).name,
        )
    elif title is None or date is None or place is None or claimant is None:
        raise InputError("Give --title, --date, --place and --claimant, or a text with --from.")
    else:
        case_id, text = casebook.draft(title, date.date(), place, claimant)
    folder = cases or Path(os.environ.get("GEOLOC_CASES") or "cases")
    for option in (title, place):
        if option is not None and not 0 < len(option.strip()) <= 5000:
            raise InputError("--title and --place must be words, of at most 5,000 characters.")
    if folder.exists() and folder.samefile(files.shipped("cases")):
        raise InputError(
            f"{folder} is geoloc's own folder of examples; go to a folder of your own, or name one"
            " with --cases."
        )
    path = folder / f"{case_id}.yaml"
    if path.exists():
        raise OutputError(f"{path} is there already; choose another title, or edit it.")
    casebook.save_case(path, text, version=None, author=author_of(author), why="Case started.")
    path = path.absolute()
    files.write_whole(folder / casebook.SCHEMA_FILE, casebook.schema())
    if as_json:
        print_json({"id": case_id, "path": str(path)})
    else:
        typer.echo(
            f"Wrote {path}\n\nNext: edit it, then geoloc case validate {shlex.quote(str(path))}"
        )


@app.command("history")
def case_history(
    case: Annotated[str, typer.Argument(help="A case's id, or its file.")],
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Show who changed which geographic judgement of a case, when and why.

    Example: geoloc case history 2023-05-08-bagrami-pd22
    """
    from geoloc import casebook

    path = casebook.find_case(case, cases and folder_of(cases))
    print_history(path, *casebook.history(path), as_json=as_json)


@app.command("schema")
def case_schema() -> None:
    """Print the JSON Schema by which editors complete and check case files.

    Example: geoloc case schema > cases/incident.schema.json
    """
    from geoloc import casebook

    typer.echo(casebook.schema(), nl=False)


def folder_of(cases: Path | None) -> Path:
    """Return the folder of cases that is asked for, or the default one."""
    from geoloc import casebook

    folder = cases or casebook.default_folder()
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder of case files; name one with --cases.")
    return folder


def read_one(case: str, cases: Path | None) -> Incident:
    """Return a case by its id or its file."""
    from geoloc import casebook

    return casebook.read_case(casebook.find_case(case, cases and folder_of(cases)))


def read_cases(cases: Path | None) -> list[tuple[Path, Incident]]:
    """Return every case of a folder with its file, oldest first.

    Raises
    ------
    CaseError
        If a case cannot be read, or two have one id: their pages would overwrite each other.
    """
    from geoloc import casebook

    found = [(path, casebook.read_case(path)) for path in casebook.case_files(folder_of(cases))]
    known: dict[str, Path] = {}
    for path, incident in found:
        first = known.setdefault(incident.id, path)
        if first != path:
            raise CaseError(path, (Problem("id", None, f"{incident.id} is also in {first}."),))
    return found
