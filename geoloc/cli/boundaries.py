"""`boundaries …`: which editions there are, which is used, how two differ, and new ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from geoloc.cli.output import (
    AsJson,
    metres,
    print_heading,
    print_json,
    print_table,
    print_wrapped,
    visible,
)
from geoloc.errors import EditionError, InputError

if TYPE_CHECKING:
    from geoloc.boundaries import Explanation, Statement
    from geoloc.boundaries.comparison import Comparison
    from geoloc.boundaries.editions import Edition

app = typer.Typer(
    help="List, compare, choose and import editions of boundaries.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

LayerName = Literal["provinces", "districts", "police-districts"]


@app.command("list")
def boundaries_list(as_json: AsJson = False) -> None:
    """List every edition, and which one answers for which layer.

    Example: geoloc boundaries list
    """
    from geoloc.boundaries.editions import editions

    found = editions()
    if as_json:
        print_json([_about(edition) for edition in found])
        return
    rows = [
        (
            f"{'*' if layer in _in_use(edition) else ' '} {layer}",
            edition.id,
            edition.valid_on,
            f"±{metres(edition.accuracy_m)}{', approx.' if edition.approximate else ''}",
            _where(edition),
            _shortened(edition.publisher, 20),
        )
        for edition in found
        for layer in edition.layers
    ]
    rows.sort(key=lambda row: (row[0][2:], row[0][0] != "*", row[1]))
    print_table(rows, ("  Layer", "Edition", "Valid on", "1 σ", "Where", "Publisher"))
    typer.echo("\n* answers when no edition is named.  Next: geoloc boundaries info EDITION")


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _about(edition: Edition) -> dict[str, Any]:
    return {
        "id": edition.id,
        "layers": list(edition.layers),
        "in_use": _in_use(edition),
        "title": edition.title,
        "publisher": edition.publisher,
        "url": edition.url,
        "licence": edition.licence,
        "attribution": edition.attribution,
        "valid_on": edition.valid_on,
        "retrieved_on": edition.retrieved_on,
        "accuracy_m": edition.accuracy_m,
        "approximate": edition.approximate,
        "note": edition.note,
        "where": _where(edition),
        "path": str(edition.path),
        "sha256": edition.sha256,
    }


def _in_use(edition: Edition) -> list[str]:
    """Return the layers for which an edition answers when none is named."""
    from geoloc.boundaries.editions import default_edition

    return [layer for layer in edition.layers if default_edition(layer) == edition.id]


def _where(edition: Edition) -> str:
    from geoloc.boundaries.editions import project_folder, user_folder

    folders = {user_folder(): "yours", project_folder(): "project"}
    return "shipped" if _is_shipped(edition) else folders.get(edition.path.parent, "shipped")


def _is_shipped(edition: Edition) -> bool:
    from geoloc import files

    return edition.path.parent == files.shipped("boundaries")


@app.command("info")
def boundaries_info(
    edition: Annotated[str, typer.Argument(help="An edition's id.")], as_json: AsJson = False
) -> None:
    """Show an edition's record and units, after checking its file.

    Example: geoloc boundaries info nahia-2019
    """
    from geoloc.boundaries.layers import load_layer

    found = _editions_called(edition)
    counted = {layer: len(load_layer(layer, each.id)) for each in found for layer in each.layers}
    if as_json:
        print_json(
            [
                {**_about(each), "units": {layer: counted[layer] for layer in each.layers}}
                for each in found
            ]
        )
        return
    for each in found:
        about = _about(each)
        typer.echo(visible(f"{each.id}: {each.title}"))
        units = ", ".join(f"{counted[layer]} {layer}" for layer in each.layers)
        used = ", ".join(_in_use(each)) or "nothing unless named"
        rows = [("units", units), ("answers for", used), ("accuracy", _accuracy(each))]
        words = ("publisher", "url", "licence", "attribution", "valid_on", "retrieved_on", "where")
        rows += [(word.replace("_", " "), str(about[word])) for word in words if about[word]]
        for word, value in rows:
            print_wrapped(visible(f"{word:<13} {value}"), indent=2)
        typer.echo(f"  {'file':<13} {visible(str(each.path))}")
        typer.echo(f"  {'SHA-256':<13} {each.sha256}, as recorded")
        print_wrapped(visible(each.note), indent=2)
    typer.echo(f"\nNext: geoloc boundaries use {edition}")


def _accuracy(edition: Edition) -> str:
    caveat = f"; {edition.caveat}" if edition.caveat else ""
    return f"lines known to ±{metres(edition.accuracy_m)} (1 σ){caveat}"


def _editions_called(edition_id: str) -> list[Edition]:
    from geoloc.boundaries.editions import editions

    found = [edition for edition in editions() if edition.id == edition_id]
    if not found:
        known = ", ".join(sorted({edition.id for edition in editions()}))
        raise EditionError(f"No edition is called {edition_id!r}; there are {known}.")
    return found


@app.command("use")
def boundaries_use(
    edition: Annotated[str, typer.Argument(help="An edition's id.")],
    layer: Annotated[
        LayerName | None, typer.Option(help="Only for this layer; default: all it holds.")
    ] = None,
    project: Annotated[
        bool, typer.Option("--project", help="For the project here, not for you everywhere.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Choose the edition that answers from now on.

    Example: geoloc boundaries use iec-2014 --layer police-districts
    """
    from geoloc.boundaries.editions import choose, edition_of, project_folder, user_folder

    held = [name for each in _editions_called(edition) for name in each.layers]
    chosen = [str(layer)] if layer else held
    for name in chosen:
        edition_of(name, edition)
    folder = project_folder() if project else user_folder()
    for name in chosen:
        choose(name, edition, folder)
    if as_json:
        print_json({"edition": edition, "layers": chosen, "folder": str(folder)})
        return
    typer.echo(f"{edition} now answers for {', '.join(chosen)}.")
    for name in chosen:
        warn_if_overruled(name, edition)
    typer.echo("\nNext: geoloc boundaries list")


def warn_if_overruled(layer: str, edition_id: str) -> None:
    """Say so where another folder's choice counts before the one just made."""
    from geoloc.boundaries.editions import choice_of, default_edition

    if default_edition(layer) != edition_id:
        typer.echo(
            f"But here {choice_of(layer)} chooses {default_edition(layer)} for {layer};"
            " change that with geoloc boundaries use --project."
        )


@app.command("diff")
def boundaries_diff(
    before: Annotated[str, typer.Argument(help="An edition's id.")],
    after: Annotated[str, typer.Argument(help="Another edition's id.")],
    layer: Annotated[LayerName | None, typer.Option(help="Which layer of them.")] = None,
    points: Annotated[
        Path | None, typer.Option(help="CSV with columns lat and lon: which change sides?")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what moved between two editions: land, units, points.

    Example: geoloc boundaries diff iec-2014 nahia-2019
    """
    from geoloc.boundaries.comparison import compare, shapes_of
    from geoloc.boundaries.layers import load_layer

    name = layer or _shared_layer(before, after)
    one, other = shapes_of(load_layer(name, before)), shapes_of(load_layer(name, after))
    turned = None if points is None else _points_that_turn(points, one, other)
    found = compare(one, other)
    if as_json:
        document = {"before": before, "after": after, "layer": name, **comparison_json(found)}
        print_json(document if turned is None else {**document, "points": turned})
        return
    typer.echo(f"{name}: {before} → {after}")
    _print_comparison(found)
    if turned is not None:
        _print_points(turned)
    typer.echo(f"\nNext: geoloc boundaries use {after} --layer {name}")


def _shared_layer(before: str, after: str) -> str:
    held = [
        {layer for edition in _editions_called(each) for layer in edition.layers}
        for each in (before, after)
    ]
    shared = sorted(held[0] & held[1])
    if not shared:
        raise EditionError(f"{before} and {after} hold no layer in common, so nothing can differ.")
    if len(shared) > 1:
        raise EditionError(f"{before} and {after} share {' and '.join(shared)}; give --layer.")
    return shared[0]


def comparison_json(found: Comparison) -> dict[str, Any]:
    """Return how two editions differ, for a script."""
    return {
        "moved_km2": round(found.moved_km2, 4),
        "union_km2": round(found.union_km2, 4),
        "share": round(found.share, 6),
        "units": [
            {
                "code": unit.code,
                "before_km2": None if unit.before_km2 is None else round(unit.before_km2, 4),
                "after_km2": None if unit.after_km2 is None else round(unit.after_km2, 4),
                "kept_km2": round(unit.kept_km2, 4),
            }
            for unit in found.units
        ],
        "moves": [
            {"before": move.before, "after": move.after, "area_km2": round(move.area_km2, 4)}
            for move in found.moves
        ],
        "only_before": list(found.only_before),
        "only_after": list(found.only_after),
        "renamed": [{"before": one, "after": other} for one, other in found.renamed],
        "splits": [{"before": one, "after": list(parts)} for one, parts in found.splits],
        "merges": [{"before": list(parts), "after": one} for parts, one in found.merges],
    }


def _print_comparison(found: Comparison) -> None:
    typer.echo(
        f"{found.moved_km2:,.2f} km² of {found.union_km2:,.1f} km² change sides"
        f" ({found.share:.2%})."
    )
    for words, listed in (
        ("Only in the first", found.only_before),
        ("Only in the second", found.only_after),
        ("Renamed", [f"{one} → {other}" for one, other in found.renamed]),
        ("Split", [f"{one} → {' + '.join(parts)}" for one, parts in found.splits]),
        ("Merged", [f"{' + '.join(parts)} → {one}" for parts, one in found.merges]),
    ):
        if listed:
            print_wrapped(visible(f"{words}: {', '.join(listed)}"))
    changed = [u for u in found.units if max(u.before_km2 or 0, u.after_km2 or 0) > u.kept_km2]
    changed.sort(key=lambda u: u.kept_km2 - max(u.before_km2 or 0, u.after_km2 or 0))
    if changed:
        print_heading("Units that changed most")
        rows = [
            (u.code, _km2(u.before_km2), _km2(u.after_km2), _km2(u.kept_km2)) for u in changed[:25]
        ]
        print_table(rows, ("Code", "Before", "After", "In both"))
    if found.moves:
        print_heading("Largest pieces that changed sides")
        moves = found.moves[:10]
        rows_of_moves = [(m.before or "none", m.after or "none", _km2(m.area_km2)) for m in moves]
        print_table(rows_of_moves, ("From", "To", "Area"))


def _km2(area: float | None) -> str:
    return "-" if area is None else f"{area:,.2f} km²"


def _points_that_turn(path: Path, one: Any, other: Any) -> dict[str, Any]:
    """Return how many points of a CSV there are, and those whose unit differs."""
    import numpy as np

    from geoloc.boundaries.comparison import units_at

    lon, lat = np.array(_read_points(path)).reshape(-1, 2).T
    first, second = units_at(one, lon, lat), units_at(other, lon, lat)
    turned = np.flatnonzero(first != second)
    return {
        "count": len(lon),
        "changed": [
            {
                "row": int(k) + 1,
                "lat": float(lat[k]),
                "lon": float(lon[k]),
                "before": first[k],
                "after": second[k],
            }
            for k in turned
        ],
    }


def _read_points(path: Path) -> list[tuple[float, float]]:
    import csv

    from geoloc.geo import check_point

    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            table = csv.DictReader(stream)
            names = {name.strip().lower(): name for name in table.fieldnames or () if name}
            if not {"lat", "lon"} <= names.keys():
                raise InputError(f"{path} needs the columns lat and lon in its first line.")
            found = []
            for number, row in enumerate(table, start=1):
                try:
                    point = float(row[names["lon"]]), float(row[names["lat"]])
                except (TypeError, ValueError) as error:
                    raise InputError(f"{path}, row {number}: lat or lon is no number.") from error
                found.append(check_point(*point))
    except (OSError, UnicodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {reason}.") from error
    return found


def _print_points(turned: dict[str, Any]) -> None:
    changed = turned["changed"]
    print_heading(f"{len(changed)} of {turned['count']} points change sides")
    if changed:
        rows = [
            (
                str(each["row"]),
                f"{each['lat']:.5f}, {each['lon']:.5f}",
                each["before"] or "none",
                each["after"] or "none",
            )
            for each in changed[:20]
        ]
        print_table(rows, ("Row", "Lat, lon", "Before", "After"))
        if len(changed) > 20:
            typer.echo(f"and {len(changed) - 20} more; --json lists them all.")


@app.command("explain")
def boundaries_explain(
    unit: Annotated[str, typer.Argument(help="A police district, e.g. PD22.")],
    edition: Annotated[
        str | None, typer.Option(help="An edition; default: the one in use.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a police district's shape rests on and what speaks against it.

    Example: geoloc boundaries explain PD22
    """
    from dataclasses import asdict

    from geoloc.boundaries import explain
    from geoloc.gazetteer import police_district

    code = police_district(unit) or unit
    found = explain(code, edition)
    if as_json:
        parts = ("rests_on", "astray", "against", "contradicted")
        print_json(
            {
                "code": code,
                "edition": found.edition,
                "confidence": found.unit.confidence,
                "sigma_m": found.unit.sigma_m,
                "note": found.unit.note,
                **{part: [asdict(said) for said in getattr(found, part)] for part in parts},
            }
        )
        return
    _print_explanation(found)


def _print_explanation(found: Explanation) -> None:
    unit = found.unit
    line = f"line known to ±{metres(unit.sigma_m)} (1 σ)"
    known = "no line is known" if unit.geometry.is_empty else line
    typer.echo(f"{unit.name}, edition {found.edition}: {known}, confidence {unit.confidence}.")
    print_wrapped(unit.note or "Approximate, computed from labelled localities.")
    _print_statements(f"It rests on {len(found.rests_on)} statements", found.rests_on)
    _print_statements("Of these, outside its shape", found.astray)
    _print_statements("Against it: labelled otherwise, within or beside its shape", found.against)
    _print_statements("Contradictions: its localities or its number elsewhere", found.contradicted)
    typer.echo(f"\nNext: geoloc boundaries info {found.edition}")


def _print_statements(heading: str, listed: Iterable[Statement]) -> None:
    rows = [(said.locality, said.label, said.confidence, said.date, said.source) for said in listed]
    print_heading(heading if rows else f"{heading}: none.")
    if rows:
        print_table([[_shortened(cell, 40) for cell in row] for row in rows])
