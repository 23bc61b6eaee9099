"""`boundaries figure`: the police districts, or how far to trust them, for a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from geoloc.cli.boundaries import app
from geoloc.cli.output import AsJson, print_json, visible
from geoloc.errors import OutputError

Kind = Literal["layer", "reliability"]


@app.command("figure")
def boundaries_figure(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file: .png, .svg or .pdf.")],
    edition: Annotated[
        str | None, typer.Option(help="A computed edition; default: the one in use.")
    ] = None,
    kind: Annotated[
        Kind, typer.Option(help="The areas, or how often the model was right.")
    ] = "layer",
    as_json: AsJson = False,
) -> None:
    """Draw the police districts on an A4 page, or how far a stated probability can be trusted.

    Example: geoloc boundaries figure -o police-districts.pdf
    """
    from geoloc import figures, files
    from geoloc.boundaries import edition_of, load_layer

    _require_place(output)
    suffix = figures.require_suffix(output.suffix)
    drawn = edition_of("police-districts", edition).id
    figures.require_computed(load_layer("police-districts", drawn))
    typer.echo("Drawing ...", err=True)
    draw = figures.layer_figure if kind == "layer" else figures.reliability_figure
    content = figures.picture(draw(drawn), suffix)
    path = files.write_whole(output, content)
    if as_json:
        print_json({"path": str(path), "edition": drawn, "kind": kind, "bytes": len(content)})
        return
    typer.echo(f"Wrote {visible(str(path))} ({len(content) / 1000:,.0f} kB), edition {drawn}.")
    typer.echo(f"\nNext: {_next(kind, drawn, suffix)}")


def _require_place(output: Path) -> None:
    """Refuse, before the drawing, a place where no file can be or where none was meant to be."""
    if output.exists() and not output.is_file():
        what = "a folder" if output.is_dir() else "no ordinary file"
        raise OutputError(f"Cannot write {output}: it is {what}; name a file with -o.")
    if not output.absolute().parent.is_dir():
        raise OutputError(
            f"There is no folder {output.absolute().parent}; make it, or choose another with -o."
        )


def _next(kind: str, edition: str, suffix: str) -> str:
    """Return the command that shows the other side of the same edition."""
    if kind == "layer":
        options = f"--edition {edition} --kind reliability -o reliability-{edition}{suffix}"
        return f"geoloc boundaries figure {options}"
    return f"geoloc boundaries info {edition}"
