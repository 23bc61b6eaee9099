"""`figure` and `boundaries figure`: what is printed of a case, and of the police districts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from geoloc.cli.boundaries import app
from geoloc.cli.cases import folder_of
from geoloc.cli.output import AsJson, Cases, complain, print_json, visible
from geoloc.cli.reports import KEPT, CaseFiles, Graphic, Made, kept_photos
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
Which = Annotated[
    list[int] | None,
    typer.Option("--photo", help="Of --kind photos: which one, from 1; up to three times."),
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
    photo: Which = None,
    graphic: Graphic = False,
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Draw a case for a report: where it happened, what was claimed, what each clue brought.

    `casebook` instead of a case draws all of them: activity over time, or provinces.

    Example: geoloc figure 2023-05-08-bagrami-pd22 --kind claimed -o claimed.png
    """
    from geoloc import figures
    from geoloc.casebook import provenance

    _require_place(output)
    suffix = figures.require_suffix(output.suffix)
    if exact:
        complain(["warning: the figure shows the place as it was found; keep it to you."])
    settings: dict[str, Any] = {
        "command": "figure", "case": case, "kind": kind or _first_kind(case), "suffix": suffix,
        "size": size, "language": lang, "exact": exact, "base": base, "base_credit": base_credit,
        "photo": photo or [], "graphic": graphic,
    }  # fmt: skip
    typer.echo("Drawing ...", err=True)
    made = _made(settings, cases)
    complain(f"warning: {told}" for told in made.warnings)
    # A manifest names no folder of this machine.
    word, _, raster = (base or "").rpartition(":")
    named = f"{word}:{Path(raster).name}" if word else Path(raster).name
    manifest = provenance.manifest(
        made.findings,
        settings=settings | {"case": made.name, "base": base and named},
        inputs=made.inputs,
        output=made.content,
        name=output.name,
        folder=made.folder,
    )
    path = provenance.write_with_manifest(output, made.content, manifest)
    if as_json:
        told = {name: settings[name] for name in ("case", "kind", "size", "language", "exact")}
        beside = {"path": str(path), "manifest": str(provenance.manifest_path(path))}
        sha256 = manifest["output"]["sha256"]
        print_json(told | beside | {"bytes": len(made.content), "sha256": sha256})
        return
    size_kb = f"{len(made.content) / 1000:,.0f} kB"
    typer.echo(f"Wrote {visible(str(path))} ({size_kb}), {settings['kind']}, and its manifest.")
    typer.echo(f"\nNext: {_other_kind(settings, suffix)}")


def _first_kind(case: str) -> str:
    return "activity" if case == "casebook" else "area"


def _other_kind(settings: dict[str, Any], suffix: str) -> str:
    """Return the command that draws another side of the same."""
    pairs = {"area": "claimed", "claimed": "ledger", "activity": "provinces"}
    kind = pairs.get(settings["kind"], _first_kind(settings["case"]))
    return f"geoloc figure {visible(settings['case'])} --kind {kind} -o {kind}{suffix}"


def render(settings: Mapping[str, Any], cases: Path | None, places: Iterable[Path] = ()) -> bytes:
    """Return a figure by the settings of its manifest.

    Parameters
    ----------
    settings : mapping
        `case`, `kind`, `suffix`, `size`, `language`, `exact`, `base`, `base_credit`, `photo` and
        `graphic`.
    cases : Path, optional
        The folder of case files; default the usual one.
    places : iterable of Path
        Folders in which the raster behind the lines is looked for, beside that of the cases.
    """
    word, colon, raster = (settings["base"] or "").rpartition(":")
    if not raster:
        return _made(settings, cases).content
    from geoloc.casebook import provenance

    found = provenance.located(raster, (folder_of(cases), *places))
    if found is None:
        raise InputError(f"{raster}, on which the figure is drawn, is not here; put it beside it.")
    return _made({**settings, "base": f"{word}{colon}{found}"}, cases).content


def _made(settings: Mapping[str, Any], cases: Path | None) -> Made:
    """Return the figure that settings ask for, and what it was made from."""
    from geoloc import casebook, figures
    from geoloc.casebook import provenance

    case, kind, exact, base = (settings[name] for name in ("case", "kind", "exact", "base"))
    printed: Any = {"size": settings["size"], "language": settings["language"], "kind": kind}
    of_book = case == "casebook"
    if of_book and (exact or base):
        raise InputError("--exact and --base are for the maps of one case.")
    if kind != "photos" and (settings["photo"] or settings["graphic"]):
        raise InputError("--photo and --graphic are for --kind photos.")
    files = (CaseFiles.of if of_book else CaseFiles.alone)(case, cases)
    findings = tuple(casebook.investigate(incident) for incident in files.chosen)
    if of_book:
        figure = figures.casebook_figure(findings, files.book, **printed)
    else:
        figure = figures.finding_figure(
            findings[0], exact=exact, base=base, base_credit=settings["base_credit"],
            photos=files.folder, graphic=settings["graphic"], chosen=settings["photo"], **printed,
        )  # fmt: skip
    photos = dict(kept_photos(files)) if kind == "photos" else {}
    rasters = [Path(base.rpartition(":")[2])] if base else []
    return Made(
        name="casebook" if of_book else files.chosen[0].id,
        content=figures.picture(figure, settings["suffix"]),
        findings=findings,
        inputs=(
            *files.paths,
            *provenance.rasters_used(findings),
            *rasters,
            *(path for _, path in photos.values() if path.is_file()),
        ),
        folder=files.folder,
        warnings=tuple(f"{name} {KEPT[s]}" for name, (s, _) in photos.items() if s in KEPT),
    )


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
