"""What a name may mean: places with a score, in order, each once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import hypot, inf

import numpy as np
import shapely

from geoloc import geo
from geoloc.gazetteer import folding
from geoloc.gazetteer.entries import Entry
from geoloc.gazetteer.places import Area, Place

SAME_SOUND = 100  # within one step
REORDERED = "the words stand in another order"
NO_POSITION = "known, but no source gives a position"
_ONE_PLACE_M = 2500.0
_SIZE_ORDER = {"police district": 0, "district": 1, "province": 2, "city": 3, "neighbourhood": 4}
_KABUL = (69.18, 34.53)  # what the reports are about
_OF_THE_CITY_M = 10_000.0  # as far as that is a neighbourhood whose position nobody gives
_METRES_PER_DEG = (91_700.0, 110_900.0)  # at 34.5° N; only to rank


@dataclass(frozen=True, slots=True)
class Candidate:
    """One place that a name may mean."""

    name: str
    kind: str  # province, district, police district, city, neighbourhood, locality, area, …
    lon: float | None  # WGS 84 degrees; None where nobody gives a position
    lat: float | None
    score: float  # 0 to 100
    why: str  # which spelling matched, and how
    parents: tuple[str, ...]  # codes of the units that hold it, province last
    code: str | None = None  # for a unit
    exact: bool = False  # whether it is spelt so, marks, spaces and case apart
    id: str = ""  # that finds it again: a unit's code, wof-… or kbl-…; empty for an area
    shares: tuple[float | None, ...] = ()  # of it in each of `parents`; None where nobody can say
    source: str = ""
    own: float = 0.0  # score of its own names alone, without other spellings
    likeness: float = 0.0  # score of the name alone, wherever it is said to lie
    doubt: str = ""  # why it is not sure, however alike
    entry: Entry | None = field(default=None, repr=False, compare=False)
    area: Area | None = field(default=None, repr=False, compare=False)  # of a phrase

    @property
    def across_m(self) -> float | None:
        """Return the widest extent of the area of a phrase, metres; None for all else."""
        if self.area is None:
            return None
        shape = geo.geometry_to_metres(self.area.geometry)
        return 2 * float(shapely.minimum_bounding_radius(shape))

    def place(self, text: str = "") -> Place:
        """Return it as a place that can be claimed, with geometry and membership."""
        if self.entry is not None:
            return self.entry.place(text or self.name)
        return Place(text or self.name, (), area=self.area)


def in_order(found: list[Candidate]) -> list[Candidate]:
    """Return candidates by score; among equals what is nearer to the middle of Kabul comes first.

    A unit counts as near as what it holds of them, and before it: `Bagrami` means the district
    before the village in it, but a village near Kabul before a district elsewhere. What is alike
    only in another order of its words comes after all of these.
    """
    nearest_m: dict[tuple[float, str], float] = {}
    for each in found:
        for holder in (each.id, *each.parents):
            known = nearest_m.get((each.score, holder), inf)
            nearest_m[each.score, holder] = min(known, _from_kabul_m(each))

    def rank(each: Candidate) -> tuple[float, bool, float, int, str]:
        far_m = nearest_m[each.score, each.id]
        size = _SIZE_ORDER.get(each.kind, 9)
        return -each.score, each.doubt == REORDERED, far_m, size, each.name

    return sorted(found, key=rank)


def _from_kabul_m(found: Candidate) -> float:
    if found.lon is None or found.lat is None:
        return _OF_THE_CITY_M if found.kind == "neighbourhood" else inf
    return apart_m((found.lon, found.lat), _KABUL)


def loose(found: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Return candidates of which none is spelt as the text is, which has other words too."""
    return tuple(replace(each, exact=False) for each in found)


def apart(ranked: list[Candidate], limit: int) -> list[Candidate]:
    """Return the first few that are not the same place twice: one name, hardly any way apart."""
    kept: list[Candidate] = []
    for each in ranked:
        if not any(_one_place(each, other) for other in kept):
            kept.append(each)
        if len(kept) == limit:
            break
    return kept


def _one_place(one: Candidate, other: Candidate) -> bool:
    if one.code or other.code:
        return False
    return _one_spot(one, other) and folding.sound(one.name) == folding.sound(other.name)


def _one_spot(one: Candidate, other: Candidate) -> bool:
    if one.lon is None or one.lat is None or other.lon is None or other.lat is None:
        return False
    return apart_m((one.lon, one.lat), (other.lon, other.lat)) <= _ONE_PLACE_M


def lies_in(other: Candidate, best: Candidate, place: Place) -> bool:
    """Return whether a second reading is no rival: in the first, or the same ground."""
    if best.code and best.code in other.parents:
        return True
    if other.lon is None or other.lat is None:
        return False
    if not best.code and not other.code and _one_spot(best, other):
        return True
    shares = None
    if not other.code:
        shares = place.membership(np.array([other.lon]), np.array([other.lat]))
    return shares is not None and bool(shares[0] >= 0.5)


def apart_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return about how far two points are apart, metres."""
    east, north = ((a - b) * scale for a, b, scale in zip(one, other, _METRES_PER_DEG, strict=True))
    return hypot(east, north)


def candidate(
    entry: Entry,
    score: float,
    why: str,
    *,
    exact: bool = True,
    own: float = 100.0,
    likeness: float = 100.0,
    doubt: str = "",
) -> Candidate:
    """Return a place of the list as a candidate."""
    told = entry.told or ("" if entry.lon is not None or entry.code else NO_POSITION)
    return Candidate(
        entry.name, entry.kind, entry.lon, entry.lat, score,
        f"{told}; {why}" if told else why,
        tuple(code for code, _ in entry.parents), entry.code, exact, entry.id,
        tuple(share for _, share in entry.parents), entry.source, own, likeness, doubt, entry,
    )  # fmt: skip


def full_name(found: Candidate) -> str:
    """Return its name with its kind: `Bagrami district`."""
    plain = found.kind in {"police district", "area", "city"}
    return found.name if plain else f"{found.name} {found.kind}"


def told_apart(found: Candidate) -> str:
    """Return its name, kind, unit, and the id that finds it again."""
    where = "" if found.code or not found.parents else f", {found.parents[0]}"
    return f"{full_name(found)}{where} ({found.id})"
