"""`boundaries …`: which editions there are, which is used, how two differ, and new ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from geoloc.cli.output import (
    AsJson,
    metres,
    percent,
    print_heading,
    print_json,
    print_table,
    print_wrapped,
    rounded,
    visible,
)
from geoloc.errors import EditionError, InputError

if TYPE_CHECKING:
    from geoloc.boundaries import Explanation, Statement
    from geoloc.boundaries.comparison import Comparison, Makeup, Match
    from geoloc.boundaries.editions import Edition
    from geoloc.boundaries.evidence import Weighed

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
    from geoloc.boundaries.surface import read_surface

    found = _editions_called(edition)
    for each in found:
        if each.membership:
            read_surface(*each.membership)
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
    from geoloc.boundaries.comparison import compare, name_changes, shapes_of
    from geoloc.boundaries.layers import load_layer

    name = layer or _shared_layer(before, after)
    layers = load_layer(name, before), load_layer(name, after)
    one, other = map(shapes_of, layers)
    turned = None if points is None else _points_that_turn(points, one, other)
    found = compare(one, other)
    names = name_changes(*layers, found)
    if as_json:
        document = {"before": before, "after": after, "layer": name, **comparison_json(found)}
        document |= {"named_otherwise": _rows(names[0]), "moved_names": _rows(names[1])}
        print_json(document if turned is None else {**document, "points": turned})
        return
    typer.echo(f"{name}: {before} → {after}")
    _print_comparison(found, *({code: each[code].name for code in each} for each in layers))
    _print_names(*names)
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
        **{word: [_makeup(each) for each in getattr(found, word)] for word in ("went", "came")},
    }


def _makeup(each: Makeup) -> dict[str, Any]:
    parts = [{"code": code, "share": round(share, 4)} for code, share in each.parts]
    return {"code": each.code, "parts": parts}


def _rows(matches: Iterable[Match]) -> list[dict[str, Any]]:
    from dataclasses import asdict

    return [
        {**asdict(each), "alike": round(each.alike, 3), "iou": round(each.iou, 4)}
        for each in matches
    ]


def _print_comparison(found: Comparison, before: dict[str, str], after: dict[str, str]) -> None:
    """Print what changed; names by code, before and after."""
    typer.echo(
        f"{found.moved_km2:,.2f} km² of {found.union_km2:,.1f} km² change sides"
        f" ({found.share:.2%})."
    )
    for words, listed in (
        ("Only in the first", [_called(code, before) for code in found.only_before]),
        ("Only in the second", [_called(code, after) for code in found.only_after]),
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
        rows_of_moves = [
            (_called(m.before, before), _called(m.after, after), _km2(m.area_km2)) for m in moves
        ]
        print_table(rows_of_moves, ("From", "To", "Area"))
    _print_makeups("Where land went: a tenth and more of a unit", found.went, before, after)
    _print_makeups("Where land came from: a tenth and more of a unit", found.came, after, before)


def _called(code: str | None, names: dict[str, str]) -> str:
    """Return `AF0104 Bagrami`, or only the code where the name says the same."""
    if code is None:
        return "none"
    return code if code.endswith(names[code]) else f"{code} {_shortened(names[code], 20)}"


def _print_makeups(
    heading: str, listed: tuple[Makeup, ...], names: dict[str, str], others: dict[str, str]
) -> None:
    if listed:
        print_heading(heading)
    for each in listed:
        parts = [f"{_called(code, others)} {percent(share)}" for code, share in each.parts]
        print_wrapped(visible(f"{_called(each.code, names)}: {', '.join(parts) or 'none'}"))


def _print_names(otherwise: tuple[Match, ...], moved: tuple[Match, ...]) -> None:
    """Print which units are named otherwise, and which names stand for other land."""
    other = [each for each in otherwise if not each.respelt]
    for heading, listed in (
        ("Named otherwise, on the same land", other),
        ("Names that stand for another unit now", moved),
    ):
        if listed:
            print_heading(heading)
            rows = [
                (
                    each.before,
                    _shortened(each.name_before, 20),
                    each.after,
                    _shortened(each.name_after, 20),
                    _shortened(each.also_called, 14),
                    f"{each.iou:.0%}",
                )
                for each in listed
            ]
            print_table(rows, ("Before", "", "After", "", "Also called", "Land in both"))
    if len(otherwise) > len(other):
        typer.echo(
            f"\n{len(otherwise) - len(other)} more names are spelt otherwise; --json lists all."
        )


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
    from geoloc.boundaries import explain
    from geoloc.gazetteer import police_district

    found = explain(police_district(unit) or unit, edition)
    if as_json:
        print_json(_explanation_json(found))
    else:
        _print_explanation(found)


def _explanation_json(found: Explanation) -> dict[str, Any]:
    from dataclasses import asdict

    parts = ("rests_on", "undrawn", "astray", "against", "contradicted", "hawza")
    return {
        "code": found.unit.code,
        "name": found.unit.name,
        "name_fa": found.unit.name_fa,
        "edition": found.edition.id,
        "caveat": found.edition.caveat,
        "confidence": found.unit.confidence,
        "sigma_m": None if found.unit.geometry.is_empty else found.unit.sigma_m,
        "area_km2": {zone: round(area, 3) for zone, area in found.areas_km2.items()} or None,
        "left_out": asdict(found.left_out) if found.left_out else None,
        "note": found.unit.note,
        "shares_of_extent": {code: round(share, 4) for code, share in found.shares},
        **{part: [_weighed_json(each) for each in getattr(found, part)] for part in parts},
    }


def _weighed_json(each: Weighed) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        **asdict(each.said),
        "label": each.said.label,
        "membership": rounded(each.membership, 4),
        "top": each.top,
        "top_membership": rounded(each.top_membership, 4),
        "apart_m": rounded(each.apart_m, 0),
    }


def _print_explanation(found: Explanation) -> None:
    unit, name = found.unit, found.unit.name
    typer.echo(f"{name} ({unit.system}), edition {found.edition.id}: confidence {unit.confidence}.")
    _print_zones(found)
    for words in filter(None, (unit.note, f"{found.edition.caveat.capitalize()}.")):
        print_wrapped(words)
    sources: dict[str, int] = {}
    for heading, listed, columns in _parts_of(found):
        _print_part(heading, listed, columns.split(), name, sources)
    print_heading("Sources")
    for source, number in sources.items():
        print_wrapped(visible(f"{f'[{number}]':<5}{source}"), indent=2)
    typer.echo("")
    print_wrapped(
        f"Unseen: what the model gives to {name} at that place without having seen the statement or"
        f" its like. In {name}: membership there. Ids are those of localities.csv; --json gives"
        " every row whole."
    )
    typer.echo(f"\nNext: geoloc boundaries info {found.edition.id}")


def _print_zones(found: Explanation) -> None:
    if not (areas := found.areas_km2):
        typer.echo("No line is known, so it has no core, no likely part and no extent.")
        return
    meanings = ("0.9 and more: the surest part", "0.5 and more", "0.1 and more: possible")
    rows = [
        (f"  {zone}", f"{area:,.1f} km²".rjust(10), f"membership {meaning}")
        for (zone, area), meaning in zip(areas.items(), meanings, strict=True)
    ]
    print_table(rows)
    shares = ", ".join(f"{_named(code)} {percent(share)}" for code, share in found.shares)
    print_wrapped(f"A place somewhere in its extent lies, on average, in {shares}.")
    if told := found.left_out:
        count = round(told.localities)
        print_wrapped(
            f"Of {count} localities, {round(told.right * count)} would have been told right and"
            f" {round(told.first_two * count)} among the first two, had they been unknown."
        )


def _named(code: str | None) -> str:
    """Return `PD22` for its code, and words for "in none of them"."""
    return "no PD" if code in (None, "none") else str(code).removeprefix("AF-KBL-")


def _parts_of(found: Explanation) -> list[tuple[str, tuple[Weighed, ...], str]]:
    """Return heading, statements and columns of each part."""
    name, against = found.unit.name, "Id Locality Label Here Confidence Precision Source"
    placed = "Id Locality Confidence Precision Here Unseen Source"
    parts = [
        (f"For: statements that draw {name}", found.rests_on, placed),
        (f"Naming {name}, but drawing no line", found.undrawn, "Id Locality Why Source"),
        (
            f"{name} is also the number of a police hawza, another system, which lies elsewhere",
            found.hawza,
            "Id Locality Why Source",
        ),
        ("Against: labelled otherwise, within its extent", found.against, against),
        (
            f"Astray: labelled {name}, where another answer is likelier",
            found.astray,
            "Id Locality Here Likelier Confidence Precision Source",
        ),
        (
            "Contradicted: the same name, another label",
            found.contradicted,
            against.replace("Label", "Label Apart"),
        ),
    ]
    return [part for part in parts if part[1] or not part[2].count("Why")]


def _print_part(
    heading: str,
    listed: tuple[Weighed, ...],
    columns: list[str],
    name: str,
    sources: dict[str, int],
) -> None:
    """Print statements as a table; `sources` numbers their sources as they are first cited."""
    rows = []
    for each in listed:
        cells = _cells(each)
        source = _source(each.said, doubted="Why" not in columns)
        cells["Source"] = f"[{sources.setdefault(source, len(sources) + 1)}]"
        rows.append([cells[column] for column in columns])
    print_heading(f"{heading}:" if rows else f"{heading}: none.")
    if rows:
        print_table(rows, [f"In {name}" if column == "Here" else column for column in columns])


def _cells(each: Weighed) -> dict[str, str]:
    """Return a statement's cells by column."""
    said = each.said
    unseen = "?" if said.left_out_p is None else f"{said.left_out_p:.2f}"
    if said.left_out_rank is not None and said.left_out_rank > 1:
        unseen += f", {_named(said.left_out_top)} {said.left_out_top_p:.2f} likelier"
    return {
        "Id": said.id,
        "Locality": _shortened(said.locality, 22),
        "Label": said.label,
        "Apart": "?" if each.apart_m is None else metres(each.apart_m),
        "Here": "?" if each.membership is None else f"{each.membership:.2f}",
        "Likelier": f"{_named(each.top)} {each.top_membership or 0:.2f}",
        "Confidence": said.confidence,
        "Precision": "?" if said.precision_m is None else f"±{metres(said.precision_m)}",
        "Unseen": unseen,
        "Why": said.doubt,
    }


def _source(said: Statement, *, doubted: bool) -> str:
    words = (
        f"{said.source}, {said.date}",
        f"position: {said.position_from or 'unknown'}",
        "of a police hawza" if said.system == "hawza" else "",
        said.note,
        f"draws no line: {said.doubt}" if said.doubt and doubted else "",
    )
    return "; ".join(filter(None, words))
