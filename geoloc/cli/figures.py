"""`figure` and `boundaries figure`: what is printed of a case, and of the police districts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from geoloc.cli.boundaries import app
from geoloc.cli.cases import folder_of
from geoloc.cli.output import AsJson, Cases, complain, print_json, visible
from geoloc.cli.reports import (
    KEPT,
    CaseFiles,
    Graphic,
    Made,
    kept_photos,
    kinds_of,
    require_place,
    unreadable,
)
from geoloc.errors import InputError, OutputError

if TYPE_CHECKING:
    from geoloc.casebook import Finding

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
    files = _files(case, cases)
    # A manifest names no folder of this machine.
    word, _, raster = (base or "").rpartition(":")
    named = f"{word}:{Path(raster).name}" if word else Path(raster).name
    require_place(output, files, *([Path(raster)] if base else []))
    if exact:
        complain(["warning: the figure shows the place as it was found; keep it to you."])
    settings: dict[str, Any] = {
        "command": "figure", "case": files.name, "kind": kind or _first_kind(case),
        "suffix": suffix,
        "size": size, "language": lang, "exact": exact, "base": base, "base_credit": base_credit,
        "photo": photo or [], "graphic": graphic,
    }  # fmt: skip
    typer.echo("Drawing ...", err=True)
    made = _made(settings, files)
    complain(f"warning: {told}" for told in made.warnings)
    manifest = provenance.manifest(
        made.findings,
        settings=settings | {"base": base and named},
        inputs=made.inputs,
        output=made.content,
        name=output.name,
        folder=files.folder,
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
    typer.echo(f"\nNext: {_next_of(settings, made.findings, files)}")


def _first_kind(case: str) -> str:
    return "activity" if case == "casebook" else "area"


def _next_of(settings: Mapping[str, Any], findings: Sequence[Finding], files: CaseFiles) -> str:
    """Return the command that draws another side of the same or, if there is none, tells it all."""
    kind, suffix, of_book = settings["kind"], settings["suffix"], files.name == "casebook"
    # Facts about all cases are what provinces are drawn of.
    of_all = ["activity", *(["provinces"] if files.book else [])]
    kinds: list[str] = of_all if of_book else [*kinds_of(findings[0])]
    at = kinds.index(kind) if kind in kinds else -1
    for other in (*kinds[at + 1 :], *kinds[: max(at, 0)]):
        return f"geoloc figure {files.name}{files.option} --kind {other} -o {other}{suffix}"
    return f"geoloc report {files.name}{files.option} -o {files.name}.html"


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
        return _made(settings, _files(settings["case"], cases)).content
    from geoloc.casebook import provenance

    found = provenance.located(raster, (folder_of(cases), *places))
    if found is None:
        raise InputError(f"{raster}, on which the figure is drawn, is not here; put it beside it.")
    based = {**settings, "base": f"{word}{colon}{found}"}
    return _made(based, _files(settings["case"], cases)).content


def _files(case: str, cases: Path | None) -> CaseFiles:
    return (CaseFiles.of if case == "casebook" else CaseFiles.alone)(case, cases)


def _made(settings: Mapping[str, Any], files: CaseFiles) -> Made:
    """Return the figure that settings ask for, and what it was made from."""
    from geoloc import casebook, figures

    kind, exact, base = (settings[name] for name in ("kind", "exact", "base"))
    printed: Any = {"size": settings["size"], "language": settings["language"], "kind": kind}
    of_book = files.name == "casebook"
    if of_book and (exact or base):
        raise InputError("--exact and --base are for the maps of one case.")
    if kind != "photos" and (settings["photo"] or settings["graphic"]):
        raise InputError("--photo and --graphic are for --kind photos.")
    findings = tuple(casebook.investigate(incident) for incident in files.chosen)
    if of_book:
        figure = figures.casebook_figure(findings, files.book, **printed)
    else:
        figure = figures.finding_figure(
            findings[0], exact=exact, base=base, base_credit=settings["base_credit"],
            photos=files.folder, graphic=settings["graphic"], chosen=settings["photo"], **printed,
        )  # fmt: skip
    of_photos = kind == "photos"
    photos = dict(kept_photos(files)) if of_photos else {}
    warnings = [f"{name} {KEPT[state]}" for name, (state, _) in photos.items() if state in KEPT]
    if of_photos:
        warnings += unreadable(files, settings["photo"], graphic=settings["graphic"])
    return Made(
        content=figures.picture(figure, settings["suffix"]),
        findings=findings,
        inputs=files.inputs(
            (path for _, path in photos.values()), [Path(base.rpartition(":")[2])] if base else []
        ),
        warnings=(*files.warnings, *warnings),
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
