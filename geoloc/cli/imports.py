"""`boundaries import` and `boundaries fetch`: new editions, checked before they are taken in."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from geoloc.cli.boundaries import LayerName, app, comparison_json, warn_if_overruled
from geoloc.cli.output import (
    AsJson,
    print_heading,
    print_json,
    print_table,
    print_wrapped,
    visible,
)
from geoloc.errors import InputError

if TYPE_CHECKING:
    from geoloc.boundaries.coverage import Disputed
    from geoloc.boundaries.incoming import Request
    from geoloc.boundaries.official import Proposal

Into = Annotated[
    Path | None,
    typer.Option("--into", help="Project folder, for its boundaries/; default: your own data."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace an edition of the same id.")]
Repair = Annotated[bool, typer.Option("--repair", help="Mend shapes and settle overlaps.")]


@app.command("import")
def boundaries_import(
    file: Annotated[
        Path, typer.Argument(help="GeoJSON, GeoPackage, Shapefile zip, KML/KMZ or FlatGeobuf.")
    ],
    layer: Annotated[LayerName, typer.Option("--as", help="What its polygons are.")],
    code_field: Annotated[str, typer.Option(help="Field with PD numbers or P-codes.")],
    publisher: Annotated[str, typer.Option(help="Who published it.")],
    valid_on: Annotated[str, typer.Option(help="YYYY, YYYY-MM or YYYY-MM-DD.")],
    accuracy: Annotated[float, typer.Option(help="How far lines may be off, metres (1 σ).")],
    name_field: Annotated[str | None, typer.Option(help="Field with Latin names.")] = None,
    name_fa_field: Annotated[str | None, typer.Option(help="Field with Dari names.")] = None,
    licence: Annotated[str | None, typer.Option(help="Under which terms it was given.")] = None,
    edition_id: Annotated[
        str | None, typer.Option("--id", help="Its id; default from publisher and year.")
    ] = None,
    source_layer: Annotated[
        str | None, typer.Option("--layer", help="Which layer of a file that has several.")
    ] = None,
    crs: Annotated[str | None, typer.Option(help="EPSG:…, where the file does not say.")] = None,
    system: Annotated[
        Literal["nahia", "hawza"], typer.Option(help="Municipal or police numbering.")
    ] = "nahia",
    into: Into = None,
    repair: Repair = False,
    replace: Replace = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Check a polygon file and make it the edition used from now on.

    Example: geoloc boundaries import nahia.gpkg --as police-districts --code-field NO
    --publisher "Kabul Municipality" --valid-on 2024 --accuracy 50
    """
    from geoloc.boundaries.incoming import Request

    said = {} if licence is None else {"licence": licence}
    request = Request(
        layer=layer,
        code_field=code_field,
        publisher=publisher,
        valid_on=valid_on,
        accuracy_m=accuracy,
        name_field=name_field,
        name_fa_field=name_fa_field,
        edition_id=edition_id or "",
        system=system,
        source_layer=source_layer,
        crs=crs,
        repair=repair,
        **said,
    )
    if not request.code_field:
        raise InputError("--code-field must name the field with PD numbers or P-codes.")
    _require_consent(yes, as_json)
    _take_in(file, request, _folder(into), replace=replace, yes=yes, as_json=as_json)


def _folder(into: Path | None) -> Path:
    """Return the folder of editions that `--into` means: a project's boundaries/, or the user's."""
    from geoloc.boundaries.editions import user_folder

    if into is None:
        return user_folder()
    into = into.absolute()
    return into if into.name == "boundaries" else into / "boundaries"


def _require_consent(yes: bool, as_json: bool) -> None:
    """Find out before the work whether anybody can be asked."""
    if not yes and (as_json or not sys.stdin.isatty()):
        raise InputError("Nobody can be asked here; add --yes to go on without a question.")


def _take_in(
    file: Path, request: Request, folder: Path, *, replace: bool, yes: bool, as_json: bool
) -> None:
    """Check a file, show what was found, ask, and keep it."""
    from geoloc.boundaries.editions import require_own
    from geoloc.boundaries.incoming import check_request
    from geoloc.boundaries.official import keep, propose, require_free

    require_own(folder)
    require_free(check_request(request), request.layer, folder, replace=replace)
    typer.echo(f"Reading and checking {visible(file.name)} …", err=True)
    proposal = propose(file, request)
    if not as_json:
        _print_proposal(proposal)
        if not (yes or typer.confirm(f"\nKeep it as {proposal.edition_id} and use it?")):
            typer.echo("Nothing was kept.")
            return
    edition = keep(proposal, folder, replace=replace)
    if as_json:
        print_json({**_proposal_json(proposal), "path": str(edition.path)})
        return
    typer.echo(f"\nKept as {edition.id} in {visible(str(folder))}.")
    warn_if_overruled(request.layer, edition.id)
    typer.echo(f"\nNext: geoloc boundaries diff {proposal.current} {edition.id}")


def _proposal_json(proposal: Proposal) -> dict[str, Any]:
    def disputed(found: Iterable[Disputed]) -> list[dict[str, Any]]:
        return [{"codes": list(d.codes), "area_km2": round(d.area_km2, 6)} for d in found]

    return {
        "edition": proposal.edition_id,
        "layer": proposal.request.layer,
        "units": len(proposal.units),
        "area_km2": round(sum(proposal.areas_km2.values()), 4),
        "missing": list(proposal.missing),
        "added": list(proposal.added),
        "repairs": [
            {"code": code, "change_m2": round(change, 1)}
            for code, change in proposal.repairs_m2.items()
        ],
        "overlaps": disputed(proposal.overlaps),
        "gaps": disputed(proposal.gaps),
        "notes": list(proposal.notes),
        "compared_with": proposal.current,
        "comparison": comparison_json(proposal.comparison),
    }


def _print_proposal(proposal: Proposal) -> None:
    from geoloc.cli.picture import braille

    shapes = dict(zip(proposal.units.index, proposal.units.geometry, strict=True))
    for line in braille({code.rpartition("PD")[2]: shape for code, shape in shapes.items()}):
        typer.echo(line)
    typer.echo("")
    _print_units(proposal)
    print_heading("What the checks found")
    area = sum(proposal.areas_km2.values())
    print_wrapped(f"- {len(proposal.units)} units, {area:,.1f} km²")
    for note in proposal.notes:
        print_wrapped(visible(f"- {note}"))
    for words, listed in (
        ("Not in this file, so it will answer nothing about them", proposal.missing),
        ("Codes that are new", proposal.added),
    ):
        if listed:
            print_wrapped(visible(f"- {words}: {_few(listed)}"))
    repaired = [f"{code} ({m2:+,.0f} m²)" for code, m2 in proposal.repairs_m2.items()]
    print_wrapped(f"- Repaired: {_few(repaired) if repaired else 'none'}")
    print_wrapped(f"- Overlaps, given to the smaller unit: {_disputes(proposal.overlaps)}")
    print_wrapped(f"- Gaps between neighbours, left as they are: {_disputes(proposal.gaps)}")
    changed = proposal.comparison
    print_wrapped(
        f"- Against {proposal.current}, now in use: {changed.share:.1%} of the land changes its"
        f" unit ({changed.moved_km2:,.1f} of {changed.union_km2:,.1f} km²)"
    )


def _print_units(proposal: Proposal) -> None:
    units = {unit.code: unit for unit in proposal.comparison.units}
    rows = [
        (
            code,
            visible(str(name)),
            f"{proposal.areas_km2[code]:,.2f} km²",
            f"{units[code].kept_km2 / proposal.areas_km2[code]:.0%}",
        )
        for code, name in zip(proposal.units.index, proposal.units["name"], strict=True)
    ]
    rows.sort(key=lambda row: (len(row[0]), row[0]))
    header = ("Code", "Name", "Area", f"Same in {proposal.current}")
    print_table(rows[:40], header)
    if len(rows) > 40:
        typer.echo(f"and {len(rows) - 40} more units")


def _few(listed: Iterable[str]) -> str:
    words = list(listed)
    return ", ".join(words[:12]) + (f" and {len(words) - 12} more" if len(words) > 12 else "")


def _disputes(found: Iterable[Disputed]) -> str:
    disputes = list(found)
    if not disputes:
        return "none"
    total = sum(each.area_km2 for each in disputes)
    pairs = [f"{'/'.join(each.codes) or 'nobody'} {each.area_km2:.3f} km²" for each in disputes]
    return f"{len(disputes)}, {total:.3f} km² in all: {_few(pairs)}"


@app.command("fetch")
def boundaries_fetch(
    source: Annotated[Literal["ocha", "geoboundaries", "osm"], typer.Argument(help="Whom to ask.")],
    accuracy: Annotated[
        float | None, typer.Option(help="How far lines may be off, metres (1 σ).")
    ] = None,
    into: Into = None,
    repair: Repair = False,
    replace: Replace = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Download an open layer and import it; asks first, and names the host.

    Example: geoloc boundaries fetch ocha
    """
    import tempfile

    from geoloc.boundaries import fetched
    from geoloc.boundaries.editions import require_own

    _require_consent(yes, as_json)
    folder = _folder(into)
    require_own(folder)
    asked = fetched.SOURCES[source]
    print_on = sys.stderr if as_json else sys.stdout
    typer.echo(asked.warning(), file=print_on)
    if not yes and not typer.confirm("Ask it now?"):
        typer.echo("Nobody was asked.")
        return
    with tempfile.TemporaryDirectory(prefix="geoloc-fetch-") as scratch:
        file, request = asked.fetch(Path(scratch), accuracy_m=accuracy, repair=repair)
        _take_in(file, request, folder, replace=replace, yes=yes, as_json=as_json)
