"""`assign`: label every row of a table of points."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, Self

import typer

from geoloc.cli.output import AsJson, complain, print_json, visible
from geoloc.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from geoloc.tables import Located

_PATIENCE_S = 2.0  # how long nothing need be said
LonField = Annotated[str | None, typer.Option(help="Column of longitudes; default: by its name.")]
LatField = Annotated[str | None, typer.Option(help="Column of latitudes; default: by its name.")]


def assign(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Table of points: a row a point.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="Table to write.")],
    lon_field: LonField = None,
    lat_field: LatField = None,
    layer: Annotated[str | None, typer.Option(help="Sheet or layer, if IN has several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add province, district, police district and distance to the line to every row of a table.

    IN and OUT are .csv, .xlsx, .geojson, .gpkg or .parquet files; columns and order are kept.

    Example: geoloc assign points.csv -o labelled.xlsx
    """
    from geoloc import boundaries, tables

    if source.exists() and output.exists() and source.samefile(output):
        raise InputError(f"{output} is the input itself; write to another file.")
    table = tables.open_table(source, layer)
    if taken := [
        name
        for name in (*boundaries.ASSIGNED, "editions")
        if name in map(str.casefold, table.columns)
    ]:
        raise InputError(
            f"{source} has a column {taken[0]!r} already; rename it, or take the table that it"
            " came from."
        )
    tally, axes = _Tally(), None
    with tables.open_sink(output, table) as sink, Progress(table) as progress:
        for batch in table.batches():
            axes = axes or tables.find_axes(batch, lon_field, lat_field)
            located = tables.locate(batch, axes)
            answer = boundaries.assign(located.lon, located.lat)
            tally.count(located, answer)
            sink.write(batch, located, _readable(answer))
            progress.show(tally.rows)
    editions = [boundaries.edition_of(name) for name in ("districts", "police-districts")]
    notes = [*table.notes, *tally.complaints()]
    complain(notes)
    if as_json:
        print_json(
            {
                "output": str(output.absolute()),
                **tally.counts(),
                "coordinates": {"lon": axes and axes.lon, "lat": axes and axes.lat},
                "editions": {
                    name: edition.id
                    for name, edition in zip(
                        ("districts", "police-districts"), editions, strict=True
                    )
                },
                "approximate": any(edition.approximate for edition in editions),
                "notes": notes,
            }
        )
        return
    typer.echo(
        f"Wrote {visible(str(output))}: {tally.rows:,} rows, {tally.in_district:,} in a district"
        f" and {tally.in_police_district:,} in a police district, {tally.outside:,} in none."
    )
    typer.echo(f"Coordinates from {visible(axes.words) if axes else 'nowhere'}.")
    typer.echo(f"Editions: {', '.join(edition.id for edition in editions)}.")
    for caveat in dict.fromkeys(edition.caveat for edition in editions if edition.caveat):
        typer.echo(f"Police-district lines are {caveat}.")


def _readable(answer: pd.DataFrame) -> pd.DataFrame:
    """Return the answer for a file, fit to be read far from here.

    Missing instead of empty codes and of a membership in no unit, no digits that say nothing, and
    the editions with their caveat in every row.
    """
    import numpy as np
    import pandas as pd

    columns: dict[str, Any] = {}
    for name, column in answer.items():
        if isinstance(column.dtype, pd.CategoricalDtype):
            words = np.array([code or None for code in column.cat.categories], dtype=object)
            columns[str(name)] = words[column.cat.codes]
        else:
            columns[str(name)] = column.astype(float).round(1 if str(name).endswith("_m") else 4)
    table = pd.DataFrame(columns)
    for kind in ("district", "pd"):
        table[f"{kind}_membership"] = table[f"{kind}_membership"].where(
            answer[f"{kind}_code"].astype(str) != ""
        )
    answered = answer["district_membership"].notna()
    table["editions"] = pd.Series(_editions_in_words(), table.index).where(answered, None)
    return table


def _editions_in_words() -> str:
    from geoloc import boundaries

    used = (boundaries.edition_of(name) for name in ("districts", "police-districts"))
    return "; ".join(e.id + (f" ({e.caveat})" if e.caveat else "") for e in used)


@dataclass
class _Tally:
    """How many rows there were, of each kind."""

    rows: int = 0
    in_district: int = 0
    in_police_district: int = 0
    outside: int = 0  # a point on Earth, but in no district
    empty: int = 0  # nothing stands where the coordinates should
    unreadable: int = 0
    swapped: int = 0
    first_bad_row: int | None = None  # of the unreadable and swapped ones, from 1

    def count(self, located: Located, answer: pd.DataFrame) -> None:
        """Add a batch."""
        bad = (located.unreadable | located.swapped).nonzero()[0]
        if bad.size and self.first_bad_row is None:
            self.first_bad_row = self.rows + int(bad[0]) + 1
        in_district = int((answer["district_code"] != "").sum())
        self.rows += len(answer)
        self.in_district += in_district
        self.in_police_district += int((answer["pd_code"] != "").sum())
        self.outside += int((located.lon == located.lon).sum()) - in_district
        self.empty += int(located.empty.sum())
        self.unreadable += int(located.unreadable.sum())
        self.swapped += int(located.swapped.sum())

    def counts(self) -> dict[str, int | None]:
        """Return the counts for a script."""
        return asdict(self)

    def complaints(self) -> list[str]:
        """Return what a person should know of rows that have no result."""
        told = []
        if self.empty:
            told.append(f"{self.empty:,} row(s) have no coordinates; their results are empty.")
        if self.unreadable:
            told.append(
                f"{self.unreadable:,} row(s) hold no point on Earth; their results are empty."
            )
        if self.swapped:
            told.append(
                f"{self.swapped:,} row(s) have latitude and longitude swapped; their results are"
                " empty."
            )
        if self.first_bad_row is not None:
            told.append(f"The first of these is row {self.first_bad_row:,} after the header.")
        return told


class Readable(Protocol):
    """What knows how much of it was read."""

    def share_read(self) -> float:
        """Return it, 0 to 1."""
        ...


class Progress:
    """Says on standard error how far a long run is; silent for the first two seconds."""

    def __init__(self, table: Readable) -> None:
        self._table = table
        self._live = sys.stderr.isatty()
        self._next, self._shown = time.monotonic() + _PATIENCE_S, False
        # The first batch can take long: a workbook is read whole, and loops are compiled once.
        self._waiting = threading.Timer(_PATIENCE_S, self._say, ["working ..."])
        self._waiting.daemon = True

    def __enter__(self) -> Self:
        self._waiting.start()
        return self

    def show(self, rows: int) -> None:
        """Say how many rows are done, if the last word was long enough ago."""
        self._waiting.cancel()
        now = time.monotonic()
        if now >= self._next:
            share = self._table.share_read()
            part = f" ({share:.0%})" if share < 1 else ""
            self._say(f"{rows:,} rows{part} ...")
            self._next = now + (0.5 if self._live else 10)

    def _say(self, words: str) -> None:
        text = f"geoloc: {words}"
        typer.echo(f"\r{text}" if self._live else text, err=True, nl=not self._live)
        self._shown = True

    def __exit__(self, *_: object) -> None:
        self._waiting.cancel()
        if self._shown and self._live:
            typer.echo("\r\x1b[K", err=True, nl=False)
