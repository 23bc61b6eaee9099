"""`boundaries map`: the police districts of one edition as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geoloc.cli.boundaries import app
from geoloc.cli.output import AsJson, print_json, visible
from geoloc.errors import InputError


@app.command("map")
def boundaries_map(
    edition: Annotated[
        str | None, typer.Option(help="An edition; default: the one in use.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="HTML file; default EDITION.html here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a map of the police districts: how sure each is, and what it rests on.

    One HTML file that opens offline and asks no server for anything.

    Example: geoloc boundaries map -o police-districts.html
    """
    from geoloc import boundaries, files, maps

    if output and output.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"A map is an HTML file; {str(output)!r} does not end in .html.")
    shown = boundaries.edition_of("police-districts", edition).id
    typer.echo("Drawing ...", err=True)
    page = maps.seal(maps.layer_map(shown))
    path = files.write_whole(output or Path(f"{shown}.html"), page)
    if as_json:
        print_json({"edition": shown, "path": str(path), "bytes": len(page.encode())})
        return
    size = f"{len(page.encode()) / 1000:,.0f} kB"
    typer.echo(visible(f"Wrote {path} ({size}), edition {shown}. Open it in a browser."))
    computed = any(said.vintage == shown for said in boundaries.statements())
    further = "explain PD1 --edition" if computed else "info"
    typer.echo(f"\nNext: geoloc boundaries {further} {shown}")
