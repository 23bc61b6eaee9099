"""`import` and `export`: shapes from other programs, and for them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from geoloc.cli.casebooks import Author, author_of
from geoloc.cli.cases import folder_of, read_cases, read_one
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
from geoloc.cli.pages import warn_of_words
from geoloc.errors import InputError

if TYPE_CHECKING:
    from geoloc.exchange import Taken, TakenFeature

_MOST_SHOWN = 12  # problems in a listing


def import_command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="KML, KMZ, GeoJSON, GeoPackage, Shapefile zip, FlatGeobuf, GeoParquet, GPX, CSV"
            " or XLSX.",
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="GeoJSON file to write what came in.")
    ] = None,
    case: Annotated[
        str | None, typer.Option("--case", help="Case to add the shapes to, as drawings.")
    ] = None,
    means: Annotated[
        Literal["mark", "area", "searched"],
        typer.Option(help="What areas mean for the place, where the file does not say it itself."),
    ] = "mark",
    origin: Annotated[
        str | None, typer.Option(help="The material they were seen in; one origin counts once.")
    ] = None,
    detection: Annotated[
        float | None,
        typer.Option(help="searched: of finding it, had it been there, 0 to 1.", min=0, max=1),
    ] = None,
    crs: Annotated[str | None, typer.Option(help="EPSG:…, where the file does not say.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend shapes that are invalid.")] = False,
    swap: Annotated[bool, typer.Option("--swap", help="Read latitude before longitude.")] = False,
    skip: Annotated[bool, typer.Option("--skip", help="Leave out what cannot be used.")] = False,
    author: Author = None,
    why: Annotated[str, typer.Option(help="Why, for the history; default: from which file.")] = "",
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Check a file from outside, and keep its shapes as GeoJSON or as drawings of a case.

    Without -o and --case it is only checked and reported. Nothing is repaired, swapped or left out
    unless you say so.

    Example: geoloc import ridge.kmz --case 2023-05-08-bagrami-pd22 --means area --origin "photo 3"
    """
    from geoloc import exchange

    if output and output.suffix.lower() not in (".geojson", ".json"):
        raise InputError(f"What came in is written as .geojson; {output.name!r} ends otherwise.")
    if means != "mark" and not origin:
        raise InputError(
            f"--means {means} says where it happened, so name the material with --origin."
        )
    taken = exchange.read(file, crs=crs, repair=repair, swap=swap)
    if not as_json:
        _print_taken(taken)
    if output or case:
        taken = _settled(file, taken, crs=crs, repair=repair, swap=swap, skip=skip, quiet=as_json)
    report = _taken_json(taken)
    if output:
        report["output"] = str(exchange.write_taken(taken, output))
    if case:
        said = {"means": means, "origin": origin, "detection_probability": detection}
        saved = {"author": author_of(author), "why": why or f"Imported from {file.name}"}
        report |= _into_case(case, cases, taken, said, saved)
    if as_json:
        print_json(report)
        return
    _print_done(report, file, cases, _options(taken, crs=crs, repair=repair, swap=swap))


def _settled(
    file: Path,
    taken: Taken,
    *,
    crs: str | None,
    repair: bool,
    swap: bool,
    skip: bool,
    quiet: bool,
) -> Taken:
    """Return what was taken once the user has said what to do with what cannot be used."""
    from geoloc import exchange

    asking = sys.stdin.isatty() and not quiet
    swapped, offered = _swapped(taken), _offered(taken)
    if asking and swapped and not swap:
        swap = typer.confirm(f"{len(swapped)} shape(s) have latitude first. Swap the axes?")
    if asking and offered and not repair:
        change_m2 = sum(each.offered.change_m2 for each in offered if each.offered)
        repair = typer.confirm(f"Mend {len(offered)} shape(s), {change_m2:+,.0f} m² in all?")
    if asking and (repair or swap):
        taken = exchange.read(file, crs=crs, repair=repair, swap=swap)
    left = [each for each in _features(taken) if not each.usable]
    if left and asking and not skip:
        skip = typer.confirm(f"Go on without the {len(left)} shape(s) that cannot be used?")
    if left and not skip:
        first = left[0]
        raise InputError(
            f"{len(left)} shape(s) cannot be used as they stand, the first {first.name[:40]!r}:"
            f" it {first.problem}. Nothing was written; --skip leaves them out."
        )
    return taken


def _options(taken: Taken, *, crs: str | None, repair: bool, swap: bool) -> str:
    """Return the options that a file is read with next: as now, swapped if all of it looks so."""
    shapes = [each for each in _features(taken) if each.geometry is not None]
    swapped = bool(shapes) and all(each.proposed for each in shapes)
    said = {"--repair": repair, "--swap": swap or swapped}
    words = [f" --crs {shlex.quote(crs)}"] if crs else []
    return "".join([*words, *(f" {option}" for option, asked in said.items() if asked)])


def _features(taken: Taken) -> Iterator[TakenFeature]:
    return (feature for layer in taken.layers for feature in layer.features)


def _swapped(taken: Taken) -> list[TakenFeature]:
    return [each for each in _features(taken) if each.proposed]


def _offered(taken: Taken) -> list[TakenFeature]:
    return [each for each in _features(taken) if each.offered]


def _into_case(
    case: str, cases: Path | None, taken: Taken, said: dict[str, Any], saved: dict[str, str]
) -> dict[str, Any]:
    """Add what was taken to a case, and return what was added and what was not."""
    from geoloc import casebook, exchange, files

    path = casebook.find_case(case, cases and folder_of(cases))
    if Path(files.__file__).parent in path.resolve().parents:
        raise InputError(
            f"{path} is one of geoloc's own examples; copy it and name it with --case."
        )
    name = casebook.read_case(path).id
    drawn = exchange.drawings(taken, case=name, **said)
    added = exchange.add_to_case(path, drawn, **saved)
    return {
        "case": name,
        "path": str(path),
        "added": [{"name": drawing.name, "means": drawing.means} for drawing in added],
        "already_there": len(drawn) - len(added),
        "of_other_cases": len(exchange.of_other_cases(taken, name)),
    }


def _taken_json(taken: Taken) -> dict[str, Any]:
    return {
        "file": taken.name,
        "kind": taken.kind,
        "notes": list(taken.notes),
        "layers": [
            {
                "name": layer.name,
                "features": len(layer.features),
                "shapes": _kinds(layer.features),
                "notes": list(layer.notes),
                "problems": [
                    {
                        "name": each.name,
                        "problem": each.problem,
                        "usable": each.usable,
                        "proposed": each.proposed,
                    }
                    for each in layer.features
                    if each.problem
                ],
                "repairs": [
                    {
                        "name": each.name,
                        "reason": each.repaired.reason,
                        "change_m2": round(each.repaired.change_m2, 1),
                    }
                    for each in layer.features
                    if each.repaired
                ],
            }
            for layer in taken.layers
        ],
    }


def _kinds(features: tuple[TakenFeature, ...]) -> dict[str, int]:
    """Return how many features have each type of geometry."""
    kinds = ["none" if each.geometry is None else each.geometry.geom_type for each in features]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def _print_taken(taken: Taken) -> None:
    print_wrapped(visible(f"{taken.name}: {taken.kind}. {' '.join(taken.notes)}"))
    rows = [
        (
            layer.name,
            f"{len(layer.features):,}",
            ", ".join(f"{count:,} {kind}" for kind, count in _kinds(layer.features).items()),
        )
        for layer in taken.layers
    ]
    if rows:
        print_table(rows, ("Layer", "Features", "Shapes"))
    for layer in taken.layers:
        for note in layer.notes:
            print_wrapped(visible(f"- {layer.name}: {note}"))
    odd = [each for each in _features(taken) if each.problem]
    if odd:
        print_heading("What is wrong")
    for each in odd[:_MOST_SHOWN]:
        print_wrapped(visible(f"- {each.name[:60]} {each.problem}."))
    if len(odd) > _MOST_SHOWN:
        typer.echo(f"and {len(odd) - _MOST_SHOWN:,} more")
    mended = [each for each in _features(taken) if each.repaired]
    if mended:
        print_heading("Repaired")
    for each in mended[:_MOST_SHOWN]:
        if each.repaired:
            why = f"({each.repaired.reason}): {each.repaired.change_m2:+,.0f} m²"
            print_wrapped(visible(f"- {each.name[:60]} {why}"))


def _print_done(report: dict[str, Any], file: Path, cases: Path | None, options: str) -> None:
    in_folder = f" --cases {shlex.quote(str(cases))}" if cases else ""
    typer.echo("")
    if "output" in report:
        typer.echo(visible(f"Wrote {report['output']}"))
    if "case" in report:
        there = report["already_there"]
        known = f"; {there} were there already" if there else ""
        meant = [each["means"] for each in report["added"]]
        kinds = ", ".join(f"{meant.count(kind)} {kind}" for kind in sorted(set(meant)))
        told = f" ({kinds})" if kinds else ""
        typer.echo(visible(f"Added {len(meant)} drawing(s) to {report['case']}{told}{known}."))
        if report["of_other_cases"]:
            typer.echo(f"{report['of_other_cases']} drawing(s) of other cases were left out.")
        typer.echo("\n" + visible(f"Next: geoloc area {shlex.quote(report['case'])}{in_folder}"))
    elif "output" in report:
        said = f"{shlex.quote(report['output'])} --case CASE"
        typer.echo("\n" + visible(f"Next: geoloc import {said}"))
    else:
        said = f"{shlex.quote(str(file))}{options} -o checked.geojson"
        typer.echo(visible(f"Next: geoloc import {said}"))


def export_command(
    case: Annotated[
        str, typer.Argument(metavar="CASE|casebook", help="A case's id, its file, or `casebook`.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help=".geojson, .kml, .kmz, .gpkg, .parquet, .fgb, .gpx, .csv, .xlsx or .dwc.csv",
        ),
    ],
    exact: Annotated[
        bool,
        typer.Option(
            "--exact",
            help="Write places as exactly as they were found, with every drawing and the features"
            " of photos, not at 1 km: only for your own eyes.",
        ),
    ] = False,
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Write a case for Google Earth, QGIS or a spreadsheet; `casebook` writes all of them.

    Example: geoloc export 2023-05-08-bagrami-pd22 -o bagrami.kmz
    """
    from geoloc import casebook, exchange

    chosen = [i for _, i in read_cases(cases)] if case == "casebook" else [read_one(case, cases)]
    findings = [casebook.investigate(incident) for incident in chosen]
    if exact:
        complain(["warning: the file shows places as exactly as they were found; keep it to you."])
    warn_of_words([] if exact else findings, "file")
    losses = exchange.export(findings, output, exact=exact)
    path = output.absolute()
    if as_json:
        print_json(
            {
                "path": str(path),
                "cases": [finding.incident.id for finding in findings],
                "exact": exact,
                "losses": list(losses),
            }
        )
        return
    typer.echo(visible(f"Wrote {path} ({path.stat().st_size / 1000:,.0f} kB)."))
    for loss in losses:
        print_wrapped(visible(f"- {loss}"))
    typer.echo("\n" + visible(f"Next: geoloc import {shlex.quote(str(output))}"))
