"""What a police district's shape rests on, and what speaks against it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from typing import Any

import shapely

from geoloc.boundaries.editions import shipped_table
from geoloc.boundaries.layers import Unit, load_layer
from geoloc.errors import EditionError

_NEARBY_M = 500.0  # a differing label so near the line is told too


@dataclass(frozen=True, slots=True)
class Statement:
    """One source's word that a locality lies in a police district, or in none."""

    id: str  # year of the vintage, number of the police district (0: rural), place in the list
    locality: str
    locality_fa: str
    code: str  # of the police district; empty where the source puts it in a rural district
    rural_district: str  # P-code, where it does
    vintage: str  # the edition that it counts for
    system: str  # nahia (municipal) or hawza (police)
    lon: float | None  # WGS 84, on a grid of 0.002° or 0.01°; None where it is unknown
    lat: float | None
    precision_m: float | None
    confidence: str  # high, medium or low
    source: str
    date: str
    position_from: str  # where the coordinate comes from; empty where there is none
    doubt: str  # why it draws no line; empty where it does
    note: str
    left_out_p: float | None  # what the model gives to its label without having seen it, 0 to 1
    left_out_rank: int | None  # 1 where no other label is more probable
    left_out_top: str  # the most probable label then
    left_out_top_p: float | None  # and its probability

    @property
    def label(self) -> str:
        """Return where the source puts the locality: `PD21`, `police hawza 18`, `rural AF0104`."""
        number = self.code.removeprefix("AF-KBL-PD")
        if self.system == "hawza":
            return f"police hawza {number}"
        return f"PD{number}" if self.code else f"rural {self.rural_district}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """The statements for and against one police district."""

    unit: Unit
    edition: str
    rests_on: tuple[Statement, ...]  # that put a locality in it
    astray: tuple[Statement, ...]  # of those, outside its shape
    against: tuple[Statement, ...]  # that put a locality within or beside its shape elsewhere
    contradicted: tuple[Statement, ...]  # that give a locality of its own another label


@cache
def statements() -> tuple[Statement, ...]:
    """Return every statement of the shipped evidence, contradictions kept."""
    return tuple(
        Statement(**_numbers(row))
        for row in csv.DictReader(shipped_table("localities").splitlines())
    )


def _numbers(row: dict[str, str]) -> dict[str, Any]:
    """Return a row with its numbers as such, None where they are empty."""
    numbers = {name: kind(row[name]) if row[name] else None for name, kind in _NUMBERS.items()}
    return {**row, **numbers}


_NUMBERS = {
    "lon": float, "lat": float, "precision_m": float,
    "left_out_p": float, "left_out_rank": int, "left_out_top_p": float,
}  # fmt: skip


def explain(code: str, edition: str | None = None) -> Explanation:
    """Return what a police district's shape rests on and what speaks against it.

    Parameters
    ----------
    code : str
        `AF-KBL-PD1` to `AF-KBL-PD22`.
    edition : str, optional
        An edition that is computed from the evidence, by default the default one.

    Raises
    ------
    EditionError
        If the edition is not computed from the evidence, or has no such unit.
    """
    layer = load_layer("police-districts", edition)
    known = [said for said in statements() if said.vintage == layer.edition.id]
    if not known:
        raise EditionError(
            f"Edition {layer.edition.id} is {layer.edition.publisher}'s own drawing; only the"
            " editions nahia-2019 and iec-2014 rest on localities that geoloc can show."
        )
    if code not in layer:
        raise EditionError(f"Edition {layer.edition.id} has no {code}.")
    unit = layer[code]
    own = [said for said in known if said.code == code and said.system == "nahia"]
    others = [said for said in known if said.code != code or said.system == "hawza"]
    names = {said.locality.casefold() for said in own}
    return Explanation(
        unit=unit,
        edition=layer.edition.id,
        rests_on=tuple(own),
        astray=tuple(said for said in own if _depth_m(code, said, layer.edition.id) < 0),
        against=tuple(
            said for said in others if _depth_m(code, said, layer.edition.id) > -_NEARBY_M
        ),
        contradicted=tuple(
            said
            for said in others
            if said.locality.casefold() in names or said.code == code  # a hawza of its number
        ),
    )


def _depth_m(code: str, said: Statement, edition: str) -> float:
    """Return how deep a statement's locality lies in a unit; nan where either has no place."""
    layer = load_layer("police-districts", edition)
    if said.lon is None or said.lat is None or shapely.is_empty(layer[code].geometry):
        return float("nan")
    return float(layer.depth_m(code, [said.lon], [said.lat])[0][0])
