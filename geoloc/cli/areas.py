"""`area`: where the event probably happened, and what each clue brought."""

from __future__ import annotations

import itertools
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geoloc.cli.cases import read_one
from geoloc.cli.output import (
    AsJson,
    Cases,
    percent,
    print_heading,
    print_json,
    print_table,
    print_wrapped,
    visible,
)
from geoloc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geoloc.area import Entry, Region
    from geoloc.casebook import Finding

_SUFFIXES = (".geojson", ".kml", ".tif")


def area_command(
    case: Annotated[str, typer.Argument(help="A case's id, or its file.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Also write it: .geojson, .kml, or .tif (surface)."),
    ] = None,
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Show where a case's event probably happened, and what each clue brought.

    Example: geoloc area 2023-05-08-bagrami-pd22 -o likely-area.geojson
    """
    from geoloc import casebook
    from geoloc.area import ledger

    if output and output.suffix.lower() not in _SUFFIXES:
        raise InputError(
            f"A likely area is written as {', '.join(_SUFFIXES)}; {str(output)!r} ends in none."
        )
    finding = casebook.investigate(read_one(case, cases))
    if output and finding.area is None:
        raise InputError(
            f"{finding.incident.id} has no likely area to write:"
            f" {finding.incident.geolocation.reason}"
        )
    entries = ledger(finding.area) if finding.area else ()
    if output:
        _write(finding, output)
        typer.echo(visible(f"Wrote {output.absolute()}"), err=True)
    if as_json:
        print_json(_as_json(finding, entries))
        return
    _print(finding, entries)
    in_folder = f" --cases {shlex.quote(str(cases))}" if cases else ""
    typer.echo("\n" + visible(f"Next: geoloc map {shlex.quote(case)}{in_folder}"))


def _write(finding: Finding, path: Path) -> None:
    import json

    from geoloc import files
    from geoloc.area import exports

    area = finding.area
    if area is None:
        return
    kind = path.suffix.lower()
    if kind == ".tif":
        area.write_surface(path)
    elif kind == ".kml":
        title = f"{finding.incident.date} {finding.incident.title}"
        files.write_whole(path, exports.as_kml(area, title=title, status=finding.status))
    else:
        document = exports.as_geojson(area, status=finding.status)
        files.write_whole(path, json.dumps(document, ensure_ascii=False) + "\n")


def _as_json(finding: Finding, entries: Sequence[Entry]) -> dict[str, Any]:
    from geoloc.area import exports

    area = finding.area
    return {
        "id": finding.incident.id,
        "status": finding.status,
        "status_reason": finding.incident.geolocation.reason,
        "prior": area.prior.name if area else None,
        "regions": [
            {**exports.region_numbers(region), "geometry": exports.region_geometry(region)}
            for region in area.regions
        ]
        if area
        else None,
        "ledger": [_entry_json(entry) for entry in entries],
    }


def _entry_json(entry: Entry) -> dict[str, Any]:
    return {
        "says": entry.strand.says,
        "origin": entry.strand.origin,
        "reliability": entry.strand.reliability,
        "bits": round(entry.bits, 4),
        "area_km2": round(entry.area_km2, 4),
        "area_without_km2": round(entry.area_without_km2, 4),
        "wrong": round(entry.wrong, 4),
        "against": list(entry.against),
        "sentence": entry.sentence,
    }


def _print(finding: Finding, entries: Sequence[Entry]) -> None:
    incident, area = finding.incident, finding.area
    print_wrapped(visible(f"{incident.date:%A %Y-%m-%d}  {incident.title}"))
    print_wrapped(visible(f"Geolocation: {finding.status}. {incident.geolocation.reason}"))
    if area is None:
        print_heading("No likely area: no evidence says where it happened.")
        return
    print_wrapped(visible(f"Prior: {area.prior.name}"))
    typer.echo("")
    for line in _picture(area.regions):
        typer.echo(line)
    typer.echo("North is up; each line is the edge of the area that its share is written in.\n")
    rows = [
        (f"{r.mass:.0%}", f"{r.held:.1%}", _km2(r.area_km2), f"{r.diameter_km:,.1f} km")
        for r in area.regions
    ]
    print_table(rows, ("Likely area", "Holds", "Size", "Across"))
    if area.regions[-1].mass > 1 - area.doubt:
        print_wrapped(
            f"With {percent(area.doubt)} no clue is about this event, and it could be anywhere in"
            " the study area: the largest area has to reach that far."
        )
    _print_ledger(entries)
    _print_contradictions(entries)


def _picture(regions: Sequence[Region]) -> list[str]:
    """Return a small map of the regions, each labelled where it lies outside the one before."""
    from geoloc.cli.picture import braille

    shapes: dict[str, Any] = {f"{regions[0].mass:.0%}": regions[0].geometry}
    for inner, outer in itertools.pairwise(regions):
        ring = outer.geometry.difference(inner.geometry)
        if not ring.is_empty:
            shapes[f"{outer.mass:.0%}"] = ring
    return braille(shapes, columns=60, rows=18)


def _print_ledger(entries: Sequence[Entry]) -> None:
    print_heading("What each clue brought (clues of one origin count as one)")
    rows = [
        (
            str(number),
            f"{entry.strand.reliability:g}",
            f"{entry.bits:4.1f} {_bar(entry.bits)}",
            _km2(entry.area_km2),
            _km2(entry.area_without_km2),
            f"{entry.wrong:.1%}",
        )
        for number, entry in enumerate(entries, start=1)
    ]
    header = ("Clue", "Reliability", "Bits", "95 % area", "Without it", "Wrong")
    print_table(rows, header)
    print_wrapped(
        "One bit halves what is left to search. Wrong: how likely the clue is about something else,"
        " by the rest and by how far each is trusted."
    )
    for number, entry in enumerate(entries, start=1):
        typer.echo("")
        print_wrapped(visible(f"{number}. It happened {entry.strand.says}."))
        print_wrapped(visible(f"Seen in: {entry.strand.origin}"), indent=3)
        print_wrapped(visible(entry.sentence), indent=3)


def _bar(bits: float) -> str:
    """Return a bar of a character a bit, in eighths, of up to 12."""
    eighths = round(8 * min(bits, 12.0))
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _print_contradictions(entries: Sequence[Entry]) -> None:
    pairs = {
        (min(one, other), max(one, other))
        for one, entry in enumerate(entries, start=1)
        for other, opposed in enumerate(entries, start=1)
        if f"{opposed.strand.says} ({opposed.strand.origin})" in entry.against
    }
    if pairs:
        print_heading("Contradictions")
    for one, other in sorted(pairs):
        print_wrapped(
            f"- Clues {one} and {other} can hardly both be right; check them before the area is"
            " used."
        )


def _km2(area: float) -> str:
    return f"{area:,.0f} km²" if area >= 10 else f"{area:.2g} km²"
