"""The gazetteer that geoloc searches: one row per place, with everything that a search needs.

Units, settlements and labelled localities become places; `neighbourhoods.csv` says which of them
are one well-known neighbourhood and how else that is spelt. How each spelling is heard and which
units hold the place is worked out here, so that a search need not.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import hypot
from pathlib import Path
from statistics import median

import numpy as np

from geoloc import boundaries
from geoloc.gazetteer.entries import (
    CITY,
    COLUMNS,
    LEAST_SIGMA_M,
    RADIUS_M,
    SETTLEMENT_SIGMA_M,
    row_of,
)
from geoloc.gazetteer.folding import fold, sound
from geoloc.gazetteer.units import KIND_OF_LAYER

ONE_PLACE_M = 2500.0  # labelled points of one name that are farther apart are several places
WORTHLESS_M = 5000.0  # a position known no better says nothing of a neighbourhood
SHARE_FROM = 0.1  # from this share on a unit is listed as holding a place
UNNAMED = re.compile(r"PD\d+ locality \d+")


@dataclass
class Draft:
    """A place in the making."""

    id: str
    kind: str
    name: str
    spellings: list[str]
    points: list[tuple[float, float]] = field(default_factory=list)
    sigma_m: float = SETTLEMENT_SIGMA_M
    told: dict[str, list[str]] = field(default_factory=dict)  # unit: who puts the place there
    source: str = ""
    own_names: int = 1  # how many of the spellings, from the first, are its own names

    @property
    def middle(self) -> tuple[float, float] | None:
        """Return the labelled point that is nearest to all others; None without any."""
        if not self.points:
            return None
        return min(
            self.points, key=lambda here: sum(_apart_m(here, other) for other in self.points)
        )


def write_places(folder: Path) -> None:
    """Write `places.csv` from the tables of a folder and the boundaries in use."""
    settlements = {row["id"]: row for row in _rows(folder / "gazetteer.csv")}
    statements = [row for row in _rows(folder / "localities.csv") if _names_a_place(row)]
    drafts = list(_neighbourhoods(_rows(folder / "neighbourhoods.csv"), statements, settlements))
    drafts += _localities(statements)
    drafts += (_settlement(row) for row in settlements.values())
    shares = _shares(drafts)
    rows = [*_units(drafts), *(_row(draft, shares[draft.id]) for draft in drafts)]
    with (folder / "places.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _names_a_place(row: dict[str, str]) -> bool:
    return row["system"] == "nahia" and not UNNAMED.fullmatch(row["locality"])


def _neighbourhoods(
    curated: list[dict[str, str]],
    statements: list[dict[str, str]],
    settlements: dict[str, dict[str, str]],
) -> Iterator[Draft]:
    """Yield the curated neighbourhoods; what they are called in the tables is taken out of those.

    A locality whose own name is another one (a square, a block) only lends its point, and a source
    lends no spelling that is another district's name: GeoNames gives Bagrami that of Bagram too.
    """
    districts = _named_districts()
    for row in curated:
        names = _spellings(row["name"], row["name_fa"], row["name_ps"], row["variants"])
        kin = set(filter(None, row["localities"].split("|")))
        here = [each for each in statements if each["locality"] in kin]
        own = [settlements[each] for each in row["settlements"].split("|") if each]
        called = {_heard(name) for name in names}
        same = [
            each
            for each in here
            if _heard(each["locality"]) in called or each["locality"] == _only(kin)
        ]
        draft = _gathered(f"kbl-{_slug(row['name'])}", row["kind"], row["name"], here)
        draft.points = draft.points or [_point(each) for each in own]
        draft.sigma_m = draft.sigma_m if here else SETTLEMENT_SIGMA_M
        lent = [name for each in (*same, *own) for name in _own_names(each)]
        elsewhere = {name for name, codes in districts.items() if not _in_one(draft, codes)}
        elsewhere -= {fold(name) for name in names}
        draft.spellings = names + [name for name in lent if fold(name) not in elsewhere]
        draft.own_names = len(_spellings(row["name"], row["name_fa"], row["name_ps"]))
        if row["told_in"]:
            draft.told.setdefault(row["told_in"], []).append(row["told_by"])
        sources = [*(each["source"] for each in (*here, *own)), f"spellings: {row['source']}"]
        draft.source = "; ".join(dict.fromkeys(sources))
        yield draft
        for each in same:
            statements.remove(each)
        for each in own:
            del settlements[each["id"]]


def _named_districts() -> dict[str, set[str]]:
    """Return the codes of the districts that are called by each folded name."""
    called = defaultdict(set)
    for code, names in boundaries.load_layer("districts").names():
        for name in names:
            called[fold(name)].add(code)
    return called


def _in_one(draft: Draft, codes: set[str]) -> bool:
    """Return whether a place without a position, or its middle, may be in one of some districts."""
    middle, layer = draft.middle, boundaries.load_layer("districts")
    return middle is None or any(_holds(layer, code, middle) for code in codes)


def _heard(name: str) -> str:
    return sound(name).replace("(", "").replace(")", "")


def _only(names: set[str]) -> str:
    return next(iter(names)) if len(names) == 1 else ""


def _localities(statements: list[dict[str, str]]) -> Iterator[Draft]:
    """Yield the labelled localities: rows of one name that lie near each other are one."""
    by_name = defaultdict(list)
    for row in statements:
        by_name[_heard(row["locality"])].append(row)
    for named in by_name.values():
        placed = [row for row in named if row["lon"]]
        groups = _clusters(placed)
        for row in named:
            if not row["lon"]:
                home = [g for g in groups if any(_label(each) == _label(row) for each in g)]
                home = home or groups[:1] * (len(groups) == 1)  # elsewhere there is none
                home[0].append(row) if home else groups.append([row])
        for number, rows in enumerate(groups, start=1):
            suffix = f"-{number}" if len(groups) > 1 else ""
            city = any(row["code"] for row in rows)
            slug = _slug(rows[0]["locality"]) + suffix
            kind = "neighbourhood" if city else "locality"
            draft = _gathered(f"kbl-{slug}", kind, _readable(rows[0]["locality"]), rows)
            draft.spellings = [name for row in rows for name in _own_names(row)]
            draft.own_names = len(draft.spellings)
            draft.source = "; ".join(dict.fromkeys(row["source"] for row in rows))
            yield draft


def _gathered(name_id: str, kind: str, name: str, rows: list[dict[str, str]]) -> Draft:
    """Return a place with the points and labels of its rows."""
    good = [row for row in rows if row["lon"] and float(row["precision_m"]) < WORTHLESS_M]
    good = [row for row in good if not row["doubt"].startswith("its position")]
    points = sorted({_point(row) for row in good or [row for row in rows if row["lon"]]})
    precise_m = median(float(row["precision_m"]) for row in good) if good else WORTHLESS_M
    told: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: row["vintage"], reverse=True):  # the newest first
        told.setdefault(_label(row), []).append(row["source"])
    # The precision holds 95 % of errors: 2.45 σ of each axis.
    return Draft(
        name_id, kind, name, [], points, max(LEAST_SIGMA_M, precise_m / 2.45), told
    )  # fmt: skip


def _settlement(row: dict[str, str]) -> Draft:
    names = _own_names(row)
    own = len(_spellings(row["name"], row["name_fa"], row["name_ps"]))
    return Draft(
        row["id"], row["kind"], row["name"], names, [_point(row)], source=row["source"],
        own_names=own,
    )  # fmt: skip


def _own_names(row: dict[str, str]) -> list[str]:
    if "locality" in row:
        return [name for name in (_readable(row["locality"]), row["locality_fa"]) if name]
    return _spellings(row["name"], row["name_fa"], row["name_ps"], row["variants"])


def _readable(name: str) -> str:
    """Return a label of the lists as a name: `Deh Sabz_District_21` is `Deh Sabz, PD21`."""
    return re.sub(r"_District_(\d+)$", r", PD\1", name).replace("_", ", ")


def _spellings(*cells: str) -> list[str]:
    return [name for cell in cells for name in cell.split("|") if name]


def _label(row: dict[str, str]) -> str:
    return row["code"] or row["rural_district"]


def _point(row: dict[str, str]) -> tuple[float, float]:
    return float(row["lon"]), float(row["lat"])


def _apart_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    return hypot((one[0] - other[0]) * 91_700, (one[1] - other[1]) * 110_900)  # at 34.5° N


def _clusters(rows: list[dict[str, str]]) -> list[list[dict[str, str]]]:
    """Return rows in groups whose members have a neighbour in the group within `ONE_PLACE_M`."""
    groups: list[list[dict[str, str]]] = []
    for row in rows:
        near = [
            group
            for group in groups
            if any(_apart_m(_point(row), _point(each)) <= ONE_PLACE_M for each in group)
        ]
        groups = [group for group in groups if group not in near]
        groups.append([*(each for group in near for each in group), row])
    return groups


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")


def _shares(drafts: list[Draft]) -> dict[str, dict[str, float]]:
    """Return, per place, the share of it that each unit holds.

    The mean membership over nineteen points about each of its points: itself and two rings that
    stand for the spread of an error of the position and for the reach of the place together.
    """
    angles = np.concatenate([[0.0], np.arange(6) * 60, np.arange(12) * 30])
    radii = np.repeat([0.0, 0.8, 1.7], [1, 6, 12])
    east, north = radii * np.sin(np.radians(angles)), radii * np.cos(np.radians(angles))
    lon, lat, owner = [], [], []
    for number, draft in enumerate(drafts):
        radius_m = RADIUS_M["neighbourhood" if draft.kind == "neighbourhood" else "settlement"]
        spread_m = hypot(draft.sigma_m, radius_m / 2)
        for here in draft.points:
            lon.append(here[0] + east * spread_m / 91_700)
            lat.append(here[1] + north * spread_m / 110_900)
            owner.append(np.full(len(east), number))
    points = np.concatenate(lon), np.concatenate(lat)
    owners = np.concatenate(owner)
    counts = np.maximum(np.bincount(owners, minlength=len(drafts)), 1)
    found: dict[str, dict[str, float]] = {draft.id: {} for draft in drafts}
    for layer in ("police-districts", "districts"):
        for code, membership in boundaries.load_layer(layer).membership(*points).items():
            if code == "none":
                continue
            means = np.bincount(owners, membership, len(drafts)) / counts
            for number in np.flatnonzero(means >= 0.005).tolist():
                found[drafts[number].id][code] = float(means[number])
    return {name: {**held, **_provinces(held)} for name, held in found.items()}


def _provinces(held: dict[str, float]) -> dict[str, float]:
    shares: dict[str, float] = defaultdict(float)
    for code, share in held.items():
        if re.fullmatch(r"AF\d{4}", code):
            shares[boundaries.unit(code).parent] += share
    return shares


def _row(draft: Draft, shares: dict[str, float]) -> dict[str, str]:
    """Return a place as a row: told police districts first, the province last."""
    held: dict[str, float | None] = {
        code: share for code, share in shares.items() if share >= SHARE_FROM
    }
    told = {code: shares.get(code) for code in draft.told}
    parents = {**_ordered(told), **_ordered(held)}
    parents = {
        code: share
        for order in (0, 1, 2)
        for code, share in parents.items()
        if _rank(code) == order
    }
    if not any(_rank(code) == 2 for code in parents):
        parents["AF01"] = None  # every label of the lists is one of Kabul province
    if draft.kind == CITY:  # all police districts together
        parents = {code: share for code, share in parents.items() if _rank(code)}
    middle = draft.middle
    spellings = _distinct(draft.spellings)
    own = len(_distinct(draft.spellings[: draft.own_names]))
    return row_of(
        id=draft.id,
        kind=draft.kind,
        name=draft.name,
        lon="" if middle is None else f"{middle[0]:.4f}",
        lat="" if middle is None else f"{middle[1]:.4f}",
        sigma_m=f"{draft.sigma_m:.0f}",
        points="|".join(f"{lon:.4f} {lat:.4f}" for lon, lat in draft.points),
        parents="|".join(
            code if share is None else f"{code} {share:.2f}" for code, share in parents.items()
        ),
        told="; ".join(
            f"{_said(code)} by {', '.join(dict.fromkeys(who))}" for code, who in draft.told.items()
        ),
        own_names=own,
        spellings="|".join(spellings),
        sounds="|".join(sound(each) for each in spellings),
        source=draft.source,
    )


def _ordered(shares: dict[str, float | None]) -> dict[str, float | None]:
    return dict(sorted(shares.items(), key=lambda item: -(item[1] or 0)))


def _rank(code: str) -> int:
    return 0 if code.startswith("AF-KBL") else 1 if len(code) > 4 else 2


def _said(code: str) -> str:
    return code.removeprefix("AF-KBL-") if code.startswith("AF-KBL") else f"rural {code}"


def _distinct(spellings: Iterable[str]) -> list[str]:
    """Return spellings that have a sound here, each once."""
    return [each for each in dict.fromkeys(spellings) if sound(each)]


def _units(drafts: list[Draft]) -> Iterator[dict[str, str]]:
    """Yield a row per province, district and police district.

    Its point is the settlement of its name that lies in it, else a point of its inside.
    """
    by_name = defaultdict(list)
    for draft in drafts:
        for name in {fold(each) for each in draft.spellings}:
            by_name[name].append(draft.middle)
    for name in reversed(boundaries.LAYERS):
        layer = boundaries.load_layer(name)
        for code, names in layer.names():
            unit = layer[code]
            namesakes = [p for each in names for p in by_name[fold(each)] if p]
            centre = next((p for p in namesakes if _holds(layer, code, p)), None)
            if centre is None and not unit.geometry.is_empty:
                middle = unit.geometry.representative_point()
                centre = middle.x, middle.y
            kind = KIND_OF_LAYER[name]
            spellings = _distinct(names)
            yield row_of(
                id=code,
                code=code,
                kind=kind,
                name=names[0],
                lon="" if centre is None else f"{centre[0]:.4f}",
                lat="" if centre is None else f"{centre[1]:.4f}",
                parents=unit.parent if unit.parent.startswith("AF") else "",
                own_names=len(spellings),
                spellings="|".join(spellings),
                sounds="|".join(sound(each) for each in spellings),
                source=layer.edition.id,
            )


def _holds(layer: boundaries.Layer, code: str, point: tuple[float, float]) -> bool:
    if layer.name != "districts":
        return False
    share = layer.membership([point[0]], [point[1]], only=(code,))[code][0]
    return bool(share >= 0.5)


if __name__ == "__main__":
    write_places(Path(__file__).parent)
