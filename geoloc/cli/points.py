"""`where`, `check` and `find`: one point or one name."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from geoloc.cli.output import (
    AsJson,
    complain,
    metres,
    percent,
    print_json,
    print_json_line,
    print_table,
    print_wrapped,
    rounded,
    visible,
)
from geoloc.errors import InputError, PlaceError

if TYPE_CHECKING:
    from geoloc.boundaries import Location, Standing, Unit
    from geoloc.gazetteer import Candidate, Reading

_WORTH_A_NOTE = 0.1  # membership from which on a police district's note is printed


def where(
    coords: Annotated[
        list[str],
        typer.Argument(help="Decimal, DMS, MGRS, UTM, plus code or map link; latitude first."),
    ],
    as_json: AsJson = False,
) -> None:
    """Say which province, district and police district hold a point.

    Example: geoloc where 34.4938 69.2743
    """
    from geoloc import boundaries, geo

    lon, lat = geo.parse_coordinates(" ".join(coords))
    found = boundaries.locate(lon, lat)
    districts = found.police_districts
    if as_json:
        print_json(
            {
                "lon": lon,
                "lat": lat,
                "province": _unit_json(found.provinces),
                "district": _unit_json(found.districts),
                "police_districts": [_standing_json(standing) for standing in districts],
                "none_membership": round(found.no_police_district, 4),
                "distance_to_line_m": round(found.distance_to_line_m, 1),
            }
        )
        return
    typer.echo(f"{lat:.5f}, {lon:.5f}   {geo.format_dms(lon, lat)}   {geo.format_mgrs(lon, lat)}\n")
    rows = [
        *_rows("Province", found.provinces[:2]),
        *_rows("District", found.districts[:3]),
        *_rows("Police district", districts),
    ]
    possible: list[Unit] = []
    if not districts and found.provinces[0].unit.code != "AF01":
        rows.append(("Police district", "not covered: Kabul's only", "", "", ""))
    elif found.no_police_district >= 0.01:
        possible = _lineless_here(found)
        rows.append(_none_row(found, possible))
    print_table(rows)
    _print_notes(districts)
    for unit in possible:
        print_wrapped(f"{unit.name} may be here too: {unit.note}")
    best = districts[0].unit.name if districts else found.districts[0].unit.code
    typer.echo(f'\nNext: geoloc check "{lat:g}, {lon:g}" {best}')


def _lineless_here(found: Location) -> list[Unit]:
    """Return the police districts without a line that are known to be in the point's district."""
    from geoloc import boundaries

    here = found.districts[0].unit.code
    units = boundaries.load_layer("police-districts").values()
    return [unit for unit in units if unit.somewhere_in == here]


def _none_row(found: Location, lineless: Sequence[Unit]) -> tuple[str, ...]:
    """Return the row that says how surely no police district holds the point, if that is known."""
    from geoloc import boundaries

    edition = boundaries.edition_of("police-districts")
    source = f"{edition.id}{', approximate' if edition.approximate else ''}"
    known = found.police_districts_known
    # A computed edition covers the city; one that somebody imported may hold a few districts.
    if not edition.approximate and len(known) < len(boundaries.POLICE_DISTRICTS):
        names = ", ".join(code.removeprefix("AF-KBL-") for code in known[:4])
        more = f" and {len(known) - 4} more" if len(known) > 4 else ""
        words = f"cannot be said outside {names}{more}: no other line here"
        return "Police district", words, "", "", source
    share = found.no_police_district
    share = min(share, 0.998) if edition.approximate else share
    words = "in none that has a known line" if lineless else "in none"
    return "Police district", words, percent(share), "", source


def _unit_json(standings: Sequence[Standing]) -> dict[str, Any]:
    first = standings[0]
    return _standing_json(first) | {
        "others": [_standing_json(standing) for standing in standings[1:]]
    }


def _standing_json(standing: Standing) -> dict[str, Any]:
    unit, edition = standing.unit, standing.edition
    return {
        "code": unit.code,
        "name": unit.name,
        "name_fa": unit.name_fa,
        "membership": rounded(standing.membership, 4),
        "distance_to_line_m": rounded(standing.distance_to_line_m, 1),
        "edition": edition.id,
        "approximate": edition.approximate,
        **({"system": unit.system, "police_hawza": list(unit.hawza)} if unit.system else {}),
    }


def _rows(layer: str, standings: Sequence[Standing]) -> list[tuple[str, ...]]:
    return [
        (
            layer,
            f"{standing.unit.name} ({standing.unit.code})",
            percent(standing.stated),
            _side(standing),
            f"{standing.edition.id}{', approximate' if standing.edition.approximate else ''}",
        )
        for standing in standings
    ]


def _side(standing: Standing) -> str:
    depth_m = standing.distance_to_line_m
    if depth_m is None:
        return ""
    return f"{metres(abs(depth_m))} {'inside' if depth_m >= 0 else 'outside'} its line"


def _print_notes(standings: Sequence[Standing], *, always: bool = False) -> None:
    caveats = dict.fromkeys(s.edition.caveat for s in standings if s.edition.caveat)
    for caveat in caveats:
        typer.echo(f"\nPolice-district lines are {caveat}.")
    for standing in standings:
        if always or (standing.membership or 0) >= _WORTH_A_NOTE:
            told = " ".join(filter(None, (standing.unit.note, _track_record(standing))))
            if told:
                print_wrapped(f"{standing.unit.name}: {told}")


def _track_record(standing: Standing) -> str:
    """Return a warning where the unit's own localities, when hidden, were not told."""
    from geoloc import boundaries

    if standing.unit.confidence != "low":
        return ""
    layer = boundaries.load_layer(boundaries.layer_of(standing.unit.code), standing.edition.id)
    found = layer.left_out(standing.unit.code)
    if not found:
        return ""
    right = round(found.right * found.localities)
    return (
        f"Low confidence: of its {found.localities} localities, hidden in turn, {right} were told"
        " right, so take the percentage as an indication."
    )


def check(
    coords_and_place: Annotated[
        list[str],
        typer.Argument(
            metavar="COORDS PLACE", help="A point, then a police district, district or province."
        ),
    ],
    fail_on: Annotated[
        Literal["outside"] | None, typer.Option(help="Exit 1 if the point is outside.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a point falls in a place, how surely, and what other editions say.

    Example: geoloc check "34.5855, 69.1525" PD15
    """
    from geoloc import boundaries, gazetteer, geo

    coords, place = _coords_and_place(coords_and_place)
    lon, lat = geo.parse_coordinates(coords)
    first, *others = boundaries.check(lon, lat, gazetteer.resolve_unit(place))
    if as_json:
        print_json(
            {
                "place": place,
                "code": first.unit.code,
                "membership": rounded(first.membership, 4),
                "inside": first.inside,
                "distance_to_line_m": rounded(first.distance_to_line_m, 1),
                "edition": first.edition.id,
                "approximate": first.edition.approximate,
                "other_editions": [
                    {"edition": other.edition.id, "membership": rounded(other.membership, 4)}
                    for other in others
                ],
                "note": first.unit.note,
            }
        )
    else:
        _print_check(gazetteer.unit_name(first.unit.code), first, others)
    if fail_on == "outside" and first.inside is not True:  # nor where nobody can say
        raise SystemExit(1)


def _coords_and_place(words: list[str]) -> tuple[str, str]:
    """Split `34.5 69.1 PD15` or `"34.5, 69.1" PD15`."""
    plain = [word.strip(",").replace(".", "", 1).lstrip("-").isdigit() for word in words]
    take = 2 if all(plain[:2]) else 1
    if len(words) <= take:
        raise InputError(
            'Give a point and then a place, e.g. geoloc check "34.5855, 69.1525" PD15.'
        )
    return " ".join(words[:take]), " ".join(words[take:])


def _print_check(name: str, first: Standing, others: Sequence[Standing]) -> None:
    if first.membership is None:
        typer.echo(f"{name}: cannot be said, because no line is known for it.")
        _print_notes([first], always=True)
        return
    from geoloc.verdict import likelihood_words

    words = likelihood_words(first.membership)
    if first.unit.ambiguous:
        name = f"{name}, the municipal nahia (the number means another place too, see below)"
    typer.echo(f"{name}: {words} (membership {percent(first.stated)}), {_side(first)}.")
    typer.echo(
        f"Edition {first.edition.id}, this line known to ±{metres(first.sigma_m or 0)} (1 σ)."
    )
    for other in others:
        turn = "" if other.inside == first.inside else ": THIS EDITION SAYS OTHERWISE"
        typer.echo(f"Edition {other.edition.id}: {percent(other.stated)}{turn}")
    if not others:
        typer.echo("No other edition has this unit.")
    _print_notes([first], always=True)


def find(
    name: Annotated[
        list[str] | None, typer.Argument(help="A place name, a code, PD22, or `near Butkhak`.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            help="Find every name of a file: a line each, or a column of a table; - reads."
        ),
    ] = None,
    field: Annotated[
        str | None, typer.Option(help="Column of the names in a table; default: by its name.")
    ] = None,
    layer: Annotated[
        str | None, typer.Option(help="Sheet of a workbook, or layer of a GeoPackage.")
    ] = None,
    within: Annotated[
        str | None, typer.Option(help="Unit that it is said to lie in, e.g. PD8 or Bagrami.")
    ] = None,
    near: Annotated[str | None, typer.Option(help="Point that it is said to lie near.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many to show.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Find places by name, in Latin, Dari or Pashto spelling, or by a phrase of places.

    Example: geoloc find Shakardara
    """
    from geoloc import gazetteer, geo

    if bool(name) == (file is not None):
        raise InputError("Give a name, or --file FILE with many; not both.")
    if file is None and (field is not None or layer is not None):
        option = "--field" if field is not None else "--layer"
        raise InputError(f"{option} names a part of the table that --file names.")
    point = geo.parse_coordinates(near) if near else None
    read = partial(gazetteer.gazetteer().read, limit=limit, parent=within, near=point)
    if file is not None:
        _find_all(file, field, layer, read, limit, as_json=as_json)
        return
    query = " ".join(name or ())
    reading = read(query)
    found = reading.found[:limit]
    if as_json:
        print_json(_found_json(query, reading, limit))
        return
    if not found:
        nothing = f"Nothing is called {visible(query)!r}; try another spelling."
        typer.echo(nothing if "nothing is close" in reading.reason else visible(reading.reason))
        return
    print_table(
        [(f"{each.score:.0f}", *_found_cells(each)) for each in found],
        ("Score", "Name", "Kind", "Code or where", "Lat, lon"),
    )
    typer.echo("\nWhy")
    for each in found:
        print_wrapped(visible(f"{each.name}: {each.why}"), indent=2)
    if reading.best is None:
        typer.echo(f"\n{reading.status.capitalize()}")
        print_wrapped(visible(reading.reason), indent=2)
    elif found[0].lat is not None:
        typer.echo(f"\nNext: geoloc where {found[0].lat:.4f} {found[0].lon:.4f}")


def _found_cells(found: Candidate) -> tuple[str, str, str, str]:
    where = "" if found.lat is None else f"{found.lat:.4f}, {found.lon:.4f}"
    units = found.code or ", ".join(found.parents[: 1 if found.area else 2])
    if found.across_m is not None:
        units = f"{max(found.across_m / 1000, 1):.0f} km across, at {units}"
    return found.name, found.kind, units, where


def _found_json(query: str, reading: Reading, limit: int) -> dict[str, Any]:
    candidates = [
        {
            "name": each.name,
            "kind": each.kind,
            "lon": each.lon,
            "lat": each.lat,
            "score": each.score,
            "why": each.why,
            "parents": list(each.parents),
            "shares": list(each.shares),
            "code": each.code,
            "id": each.id,
            "source": each.source,
        }
        for each in reading.found[:limit]
    ]
    told = {"query": query, "status": reading.status, "reason": reading.reason}
    return {**told, "candidates": candidates}


_SHEET_HEADER = (
    "Asked", "Status", "Name", "Kind", "Code or where", "Lat, lon", "Score", "Reason",
)  # fmt: skip


def _find_all(
    file: Path,
    field: str | None,
    layer: str | None,
    read: Callable[[str], Reading],
    limit: int,
    *,
    as_json: bool,
) -> None:
    """Find every name of a file in order; what is no place does not stop the others."""
    from geoloc.cli.tables import Progress

    if file.suffix.lower() in {"", ".txt"}:
        _refuse_layer(file, layer)
        names: _Lines | _Column = _Lines(file)
    else:
        names = _Column(file, field, layer, read)
    known: dict[str, Reading] = {}
    if not as_json:
        typer.echo("\t".join(_SHEET_HEADER))
    with Progress(names) as progress:
        for count, query in enumerate(names, start=1):
            if query not in known:
                known[query] = _read_or_refused(query, read)
            progress.show(count)
            if as_json:
                line = _found_json(query, known[query], limit)
                if known[query].refused:
                    line["error"] = known[query].reason
                print_json_line(line)
            else:
                typer.echo("\t".join(map(visible, _sheet_row(query, known[query]))))
    complain(names.notes)


def _refuse_layer(file: Path, layer: str | None) -> None:
    if layer is not None:
        raise InputError(f"{file} is plain text, which has no layers; leave --layer out.")


def _sheet_row(query: str, reading: Reading) -> tuple[str, ...]:
    """Return what a name was taken for; where that is not sure, the reason names what it may be."""
    if not query:
        return ("", "empty", "", "", "", "", "", "nothing stands here")
    likely = reading.senses[:1] or reading.found[:1]
    score = f"{likely[0].score:.0f}" if likely else ""
    place = ("", "", "", "") if reading.best is None else _found_cells(reading.best)
    return (query, reading.status, *place, score, reading.reason)


def _read_or_refused(query: str, read: Callable[[str], Reading]) -> Reading:
    from geoloc.gazetteer import Reading

    try:
        return read(query)
    except PlaceError as error:  # PD99
        return Reading(query, (), (), error, refused=True)


class _Lines:
    """The lines of a plain text file, or of the standard input."""

    def __init__(self, path: Path) -> None:
        try:
            content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
            wide = content[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
            self._lines = content.decode("utf-16" if wide else "utf-8-sig").splitlines()
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise InputError(f"{path} cannot be read: {reason}.") from error
        if not any(line.strip() for line in self._lines):
            raise InputError(f"{path} is empty; write a name on each line.")
        self._done = 0
        self.notes: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self._done += 1
            yield line.strip()

    def share_read(self) -> float:
        """Return how much was read, 0 to 1."""
        return self._done / max(1, len(self._lines))


_NAME_FIELDS = (
    "place",
    "name",
    "place name",
    "place_name",
    "locality",
    "location",
    "village",
    "نام",
)


class _Column:
    """One column of a table, as text."""

    def __init__(
        self, path: Path, field: str | None, layer: str | None, read: Callable[[str], Reading]
    ) -> None:
        from geoloc import tables

        self._table = tables.open_table(path, layer)
        self._field = self._chosen(path, field)
        self.notes = self._table.notes
        self._first = () if field else self._header_that_is_a_name(read)

    def _header_that_is_a_name(self, read: Callable[[str], Reading]) -> tuple[str, ...]:
        """Return the only column's header where it is a place, so that no name is lost."""
        header = self._field.strip()
        if len(self._table.columns) > 1 or header.casefold() in _NAME_FIELDS:
            return ()
        best = _read_or_refused(header, read).best
        if best is None or not best.exact:
            self.notes.append(
                f"The first row, {header[:40]!r}, was taken for the column's header; if it is a"
                " name too, put a row above it that says: place."
            )
            return ()
        self.notes.append(f"The first row, {header[:40]!r}, is a place and was read as a name.")
        return (header,)

    def _chosen(self, path: Path, field: str | None) -> str:
        columns = self._table.columns
        wanted = [field.casefold()] if field else _NAME_FIELDS
        found = next((c for w in wanted for c in columns if c.strip().casefold() == w), None)
        if found is None and not field and len(columns) == 1:
            return columns[0]
        if found is None:
            listed = ", ".join(repr(each[:40]) for each in columns[:10])
            raise InputError(
                f"{path} has the columns {listed}; name that of the places by --field. If that is"
                " a row of names, put a header above it."
            )
        return found

    def __iter__(self) -> Iterator[str]:
        yield from self._first
        for batch in self._table.batches():
            column = self._table.columns.index(self._field)  # two may be called alike
            for cell in batch.rows.iloc[:, column]:
                yield _words_of(cell)

    def share_read(self) -> float:
        """Return how much was read, 0 to 1."""
        return self._table.share_read()


def _words_of(cell: Any) -> str:
    """Return a cell as it was typed: the 22 of a workbook is `22`, not `22.0`."""
    if cell is None or cell != cell:
        return ""
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole else cell).strip()
