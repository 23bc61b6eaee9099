"""`figure` and `boundaries figure`: what is printed of a case, and of the police districts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from geoloc.cli.boundaries import app
from geoloc.cli.cases import folder_of, read_cases, read_one
from geoloc.cli.output import AsJson, Cases, complain, print_json, visible
from geoloc.errors import InputError, OutputError

Kind = Literal["layer", "reliability"]
Of = Annotated[
    str, typer.Argument(metavar="CASE|casebook", help="A case's id, its file, or `casebook`.")
]
KindOf = Annotated[
    str | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help="Of a case: area, claimed, photos, ledger or annex. Of the casebook: activity or"
        " provinces. Default: the first.",
    ),
]
Printed = Annotated[
    Literal["column", "page", "wide"],
    typer.Option("--size", help="85 mm wide, 170 mm wide, or 16:9."),
]
Spoken = Annotated[
    Literal["en", "fa", "ps"], typer.Option("--lang", help="English, Dari or Pashto.")
]
Exactly = Annotated[
    bool,
    typer.Option("--exact", help="Show the place as it was found, not at 1 km: for you only."),
]
Behind = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="relief:FILE|FILE.tif",
        help="What lies behind the lines of a map: the relief of your height model, or your"
        " picture (GeoTIFF).",
    ),
]
Owner = Annotated[str, typer.Option("--base-credit", help="Owner and licence of that file.")]


def figure_command(
    case: Of,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file: .png, .svg or .pdf.")],
    kind: KindOf = None,
    size: Printed = "page",
    lang: Spoken = "en",
    exact: Exactly = False,
    base: Behind = None,
    base_credit: Owner = "",
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Draw a case for a report: where it happened, what was claimed, what each clue brought.

    `casebook` instead of a case draws all of them: activity over time, or provinces.

    Example: geoloc figure 2023-05-08-bagrami-pd22 --kind claimed -o claimed.png
    """
    from geoloc import figures

    _require_place(output)
    suffix = figures.require_suffix(output.suffix)
    if exact:
        complain(["warning: the figure shows the place as it was found; keep it to you."])
    settings: dict[str, Any] = {
        "command": "figure", "case": case, "kind": kind or _first_kind(case), "suffix": suffix,
        "size": size, "language": lang, "exact": exact, "base": base, "base_credit": base_credit,
    }  # fmt: skip
    typer.echo("Drawing ...", err=True)
    content = figures.picture(_drawn(settings, cases), suffix)
    path = _write(output, content)
    if as_json:
        told = {name: settings[name] for name in ("case", "kind", "size", "language", "exact")}
        print_json(told | {"path": str(path), "bytes": len(content)})
        return
    typer.echo(f"Wrote {visible(str(path))} ({len(content) / 1000:,.0f} kB), {settings['kind']}.")
    typer.echo(f"\nNext: {_other_kind(settings, suffix)}")


def _first_kind(case: str) -> str:
    return "activity" if case == "casebook" else "area"


def _other_kind(settings: dict[str, Any], suffix: str) -> str:
    """Return the command that draws another side of the same."""
    pairs = {"area": "claimed", "claimed": "ledger", "activity": "provinces"}
    kind = pairs.get(settings["kind"], _first_kind(settings["case"]))
    return f"geoloc figure {visible(settings['case'])} --kind {kind} -o {kind}{suffix}"


def _drawn(settings: dict[str, Any], cases: Path | None) -> Any:
    """Return the figure that settings ask for."""
    from geoloc import casebook, figures

    printed = {"size": settings["size"], "language": settings["language"]}
    if settings["case"] == "casebook":
        if settings["exact"] or settings["base"]:
            raise InputError("--exact and --base are for the maps of one case.")
        book = casebook.read_book(folder_of(cases))
        findings = [casebook.investigate(incident) for _, incident in read_cases(cases)]
        return figures.casebook_figure(findings, book, kind=settings["kind"], **printed)
    finding = casebook.investigate(read_one(settings["case"], cases))
    return figures.finding_figure(
        finding, kind=settings["kind"], exact=settings["exact"], base=settings["base"],
        base_credit=settings["base_credit"], **printed,
    )  # fmt: skip


def _write(output: Path, content: bytes) -> Path:
    from geoloc import files

    return files.write_whole(output, content)


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
