"""From a name in any spelling to ranked places."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from math import floor, hypot, inf, log2
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoloc import boundaries, geo
from geoloc.errors import AmbiguousPlaceError, PlaceError, PlaceNotFoundError
from geoloc.gazetteer import folding
from geoloc.gazetteer.columns import Columns
from geoloc.gazetteer.entries import Entry, Names, standings_at
from geoloc.gazetteer.notation import written_code
from geoloc.gazetteer.phrases import Phrase, read_phrase
from geoloc.gazetteer.places import Area, Place
from geoloc.gazetteer.units import KIND_OF_LAYER, split_kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_LEAST_SCORE = 60  # below this a likeness is noise: "xyz" has no nearest place
_SURE_SCORE = 75  # a name that is less like any place names none
_PART_SCORES = 80.0, 85.0  # of a name that is a part of another, the longer the better
_LEAST_PART, _LEAST_FIGURES = 5, 3  # sounds that such a part has at least
_STEP = 3.0
_SAME_SOUND = 100  # within one step
_RIVAL = 3  # points within which another place may be meant as well
_OUTSKIRTS_COST = 20.0  # points for a word of which only a part is understood
_OUTSKIRTS = re.compile(r"\b(?:outskirts|suburbs?|edge)\b|حومه", re.IGNORECASE)
_ONE_PLACE_M = 2500.0
_OUTSIDE_COST = 12.0  # points for lying wholly outside the parent that was named
_PER_DOUBLING = 4.0  # points per doubling of the distance from the point that was named
_SIZE_ORDER = {"police district": 0, "district": 1, "province": 2, "city": 3, "neighbourhood": 4}
_KABUL = (69.18, 34.53)  # what the reports are about
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


@dataclass(frozen=True, slots=True)
class _Match:
    """How well a place's spellings fit a name."""

    score: float
    why: str
    exact: bool
    own: float  # the score of its own names alone


_NO_MATCH = _Match(0.0, "", False, 0.0)


class Gazetteer:
    """Every name geoloc knows: units of the editions in use, settlements, neighbourhoods."""

    def __init__(self, *, without: Collection[tuple[str, str]] = ()) -> None:
        """Load every name.

        Parameters
        ----------
        without : collection of (id, spelling)
            Spellings that are not to be known, to measure how well they are found by the others.
        """
        self._names = Names()
        numbers: dict[str, int] = {}
        meant: list[list[tuple[int, int]]] = []
        hidden = {
            (place, self._names[place].spellings.index(spelling))
            for name, spelling in without
            for place in [self._names.number[name]]
        }
        for place, spelling, heard in self._names.heard():
            if hidden and (place, spelling) in hidden:
                continue
            number = numbers.setdefault(heard, len(numbers))
            if number == len(meant):
                meant.append([])
            meant[number].append((place, spelling))
        self._meant = meant  # per column, the places and which of their spellings
        self._columns = Columns(list(numbers), _LEAST_SCORE / 100)

    def search(
        self,
        text: str,
        limit: int = 5,
        *,
        parent: str | None = None,
        near: tuple[float, float] | None = None,
    ) -> tuple[Candidate, ...]:
        """Return the places that a name may mean, best first.

        Parameters
        ----------
        text : str
            A name in Latin, Dari or Pashto spelling, a unit's code, a police district in any
            common notation (`PD22`, `nahia 22`, `ناحیه ۲۲`), or a phrase of places (`near
            Butkhak`, `between X and Y`, `east of Bagrami`), which is one candidate of kind `area`.
        limit : int
            How many to return at most, at least 1.
        parent : str, optional
            Code or name of a unit that the place is said to lie in; others lose up to 12 points.
        near : (lon, lat), optional
            WGS 84 point near which it is said to lie; 4 points per doubling of the distance, from
            2 km on.

        Returns
        -------
        tuple of Candidate
            Empty if nothing is near.

        Raises
        ------
        PlaceError
            If the text is a police district with an impossible number, or `parent` no unit.
        """
        text = " ".join(text[: 4 * folding.LONGEST].split())  # no run of spaces slows a pattern
        within = self._unit(parent) if parent else None
        if code := self._known_code(text):
            return (_candidate(self._entry(code), 100.0, f"{text.strip()} is {code}"),)
        if phrase := read_phrase(text):
            if phrase.form == "area":  # `Khair Khana area` is Khair Khana
                return _loose(self.search(phrase.parts[0], limit, parent=parent, near=near))
            found = self._of_phrase(text, phrase, within, near)
            if found or phrase.sure:
                return found
        ranked = self._ranked(text, limit, within, near)
        head, within_too = ("", None) if within or _exact(ranked) else self._split_parent(text)
        if within_too:
            named = self._ranked(head, limit, within_too, near)
            if named and (not ranked or named[0].score >= ranked[0].score):
                ranked = _loose(named)
        return ranked

    def resolve(
        self,
        text: str,
        *,
        parent: str | None = None,
        near: tuple[float, float] | None = None,
    ) -> Place:
        """Return the one place that a name or phrase means.

        Of several that are called the same, the larger unit stands for what lies in it: `Bagrami`
        is the district, whose centre is called so too.

        Raises
        ------
        PlaceNotFoundError
            If nothing is called so; `.nearest` names the closest.
        AmbiguousPlaceError
            If several places are; `.candidates` tells them apart, with the id that finds each.
        PlaceError
            If a phrase rests on a place of which nobody knows where it lies, or as for `search`.
        """
        found = self.search(text, 8, parent=parent, near=near)
        phrase = read_phrase(text)
        if phrase and phrase.sure and not found:
            self._explain(phrase)
        sure = [each for each in found if each.score >= _SURE_SCORE]
        if not sure:
            raise PlaceNotFoundError(text, tuple(dict.fromkeys(map(_full_name, found)))[:4])
        best, *others = sure
        place = best.place(text)
        close = [each for each in others if each.score > best.score - _RIVAL]
        if best.own >= _SAME_SOUND:  # "Bagrami" is also a spelling of Bagram, but not its name
            close = [each for each in close if each.own >= _SAME_SOUND]
        rivals = [each for each in close if not _lies_in(each, best, place)]
        if rivals:
            raise AmbiguousPlaceError(text, tuple(map(_told_apart, (best, *rivals))))
        return place

    def _known_code(self, text: str) -> str | None:
        """Return the id that a text is: a unit's code, a number of a police district, an id."""
        code = written_code(text)
        if code is None:
            plain = text.strip().casefold()
            return plain if plain in self._names.number else None
        return code if code in self._names.number or boundaries.layer_of(code) else None

    def _entry(self, code: str) -> Entry:
        if code in self._names.number:
            return self._names[self._names.number[code]]
        unit = boundaries.unit(code)  # the edition in use may lack a unit that another has
        kind = KIND_OF_LAYER[boundaries.layer_of(code)]
        return Entry(unit.code, kind, unit.name, (unit.name,), unit.code)

    def _unit(self, name: str) -> str:
        """Return the code of the unit that a parent's name means."""
        if code := self._known_code(name):
            return code
        for each in self._ranked(name, 8):
            if each.code and each.score >= _SAME_SOUND:
                return each.code
        raise PlaceError(f"{name[:60]!r} is no unit; give a code, e.g. AF0104 or PD8.")

    def _split_parent(self, text: str) -> tuple[str, str | None]:
        """Split `Qala-e Wahid, PD13` or `Kamari (Bagrami district)`; the end must be a unit."""
        if not (found := _WITH_PARENT.fullmatch(text)):
            return "", None
        head, tail = found[1], found[2]
        try:
            code = self._known_code(tail) or next(
                (each.code for each in self._ranked(tail, 3) if each.exact and each.code),
                None,
            )
        except PlaceError:
            return "", None
        return head, code

    def _ranked(
        self,
        text: str,
        limit: int,
        within: str | None = None,
        near: tuple[float, float] | None = None,
    ) -> tuple[Candidate, ...]:
        wanted, kind = split_kind(text)
        spoken = folding.sounds(wanted)
        if not spoken:
            return ()
        folded = folding.fold(wanted[: folding.LONGEST])
        best: dict[int, _Match] = {}
        for likeness, column, order in self._columns.nearest(spoken, folding.is_arabic(wanted)):
            for number, spelling in self._meant[column]:
                entry = self._names[number]
                if kind and entry.kind != kind:
                    continue
                written = entry.spellings[spelling]
                exact = folding.fold(written) == folded
                score, how = _score(likeness, order, exact)
                known = best.get(number, _NO_MATCH)
                own = max(score if spelling < entry.own_names else 0.0, known.own)
                if (score, exact) > (known.score, known.exact):
                    best[number] = _Match(score, f"{how}: {written}", exact, own)
                else:
                    best[number] = replace(known, own=own)
        if (
            not kind
            and max((match.score for match in best.values()), default=0.0) < _PART_SCORES[1]
        ):
            best |= self._by_part("".join(spoken))
        told = [self._in_context(number, match, within, near) for number, match in best.items()]
        told = _in_order([each for each in told if each.score >= _LEAST_SCORE])
        return tuple(_apart(told, limit))

    def _by_part(self, spoken: str) -> dict[int, _Match]:
        """Return the neighbourhoods of whose name the text is a part, or the other way round.

        `Panjsad` and `315` are parts of `Panjsad Family` and `Proja-e 315`, and `Khair Khana` of
        `Khairkhana Mina`.
        """
        asked, found = _plain_sound(spoken), dict[int, _Match]()
        least, most = _PART_SCORES
        for heard, number, spelling in self._neighbourhoods:
            short, long = sorted((asked, heard), key=len)
            share = len(short) / len(long)
            if not _is_part(short, long) or (short == heard and share < 0.5):
                continue
            score = least + (most - least) * share
            if score > found.get(number, _NO_MATCH).score:
                why = f"one is part of the other: {self._names[number].spellings[spelling]}"
                found[number] = _Match(score, why, False, 0.0)
        return found

    @cached_property
    def _neighbourhoods(self) -> list[tuple[str, int, int]]:
        """Return how each spelling of a neighbourhood is heard, its place and its number."""
        return [
            (_plain_sound(heard), number, spelling)
            for number, spelling, heard in self._names.heard("neighbourhood")
        ]

    def _in_context(
        self,
        number: int,
        match: _Match,
        within: str | None,
        near: tuple[float, float] | None,
    ) -> Candidate:
        """Return a candidate whose score and reason count where it should lie."""
        entry, score, why = self._names[number], match.score, match.why
        if within:
            share = entry.share_in(within)
            score -= _OUTSIDE_COST * (1 - share)
            why += f"; in {within}" if share >= 0.5 else f"; hardly in {within}" if share else ""
        if near and entry.lon is not None and entry.lat is not None:
            apart_m = _apart_m((entry.lon, entry.lat), near)
            score -= _PER_DOUBLING * max(0.0, log2(max(apart_m, 1.0) / 2000))
            why += f"; {apart_m / 1000:.1f} km from the point"
        score = float(round(max(score, 0.0)))
        return _candidate(entry, score, why, exact=match.exact, own=match.own)

    def _of_phrase(
        self,
        text: str,
        phrase: Phrase,
        within: str | None,
        near: tuple[float, float] | None,
    ) -> tuple[Candidate, ...]:
        """Return the area that a phrase describes, by the best reading of each of its places."""
        parts = [self._part(part, within, near, phrase.measured) for part in phrase.parts]
        known = [found[0] for found in parts if found and found[0].score >= _SURE_SCORE]
        if len(known) < len(parts):
            return ()
        area = phrase.area([part.place() for part in known])
        if area is None:
            return ()
        middle = area.geometry.representative_point()
        standings = standings_at(middle.x, middle.y)
        named = " and ".join(_full_name(part) for part in known)
        score, why = min(part.score for part in known), f"{area.rule}; of {named}"
        if _OUTSKIRTS.search(text):
            score -= _OUTSKIRTS_COST
            why += "; “outskirts” is not understood, only that it is near"
        return (
            Candidate(
                " ".join(text.split()), "area", round(middle.x, 4), round(middle.y, 4),
                score, why,
                tuple(code for code, _ in standings), shares=tuple(s for _, s in standings),
                area=area,
            ),
        )  # fmt: skip

    def _part(
        self,
        text: str,
        within: str | None = None,
        near: tuple[float, float] | None = None,
        measured: bool = False,
    ) -> tuple[Candidate, ...]:
        """Return what one name of a phrase may mean; where lengths are told, settlements first."""
        if read_phrase(text):  # "near east of X" is beyond us
            return ()
        found = self.search(text, 8, parent=within, near=near)
        if measured:
            best = found[0].score if found else 0.0
            found = tuple(sorted(found, key=lambda c: c.score < best or c.code is not None))
        return found

    def _explain(self, phrase: Phrase) -> None:
        """Say which place of a phrase is not known, or lies nobody knows where."""
        for part in phrase.parts:
            found = self._part(part)
            if not found or found[0].score < _SURE_SCORE:
                raise PlaceNotFoundError(part, tuple(map(_full_name, found))[:4])
        raise PlaceError(f"Nobody gives a position for {' or '.join(phrase.parts)}.")


def _plain_sound(heard: str) -> str:
    return heard.replace("(", "").replace(")", "")


def _is_part(part: str, whole: str) -> bool:
    """Return whether a name begins or ends another, and cuts no number in two."""
    if len(part) < (_LEAST_FIGURES if part.isdecimal() else _LEAST_PART) or part == whole:
        return False
    if whole.startswith(part):
        return not (part[-1].isdecimal() and whole[len(part)].isdecimal())
    return whole.endswith(part) and not (part[0].isdecimal() and whole[-len(part) - 1].isdecimal())


def _score(likeness: float, reordered: bool, same: bool) -> tuple[float, str]:
    """Return a likeness in steps of three points: what differs by less is heard alike."""
    if same:
        return 100.0, "same spelling"
    score = 100.0 - _STEP * floor((1 - likeness) * 100 / _STEP)
    if reordered:
        return score, "other order of the words"
    return score, "same sound" if score >= _SAME_SOUND else "similar spelling"


def _in_order(found: list[Candidate]) -> list[Candidate]:
    """Return candidates by score; among equals what is nearer to the middle of Kabul comes first.

    A unit counts as near as what it holds of them, and before it: `Bagrami` means the district
    before the village in it, but a village near Kabul before a district elsewhere.
    """
    nearest_m: dict[tuple[float, str], float] = {}
    for each in found:
        for holder in (each.id, *each.parents):
            known = nearest_m.get((each.score, holder), inf)
            nearest_m[each.score, holder] = min(known, _from_kabul_m(each))

    def rank(each: Candidate) -> tuple[float, float, int, str]:
        far_m = nearest_m[each.score, each.id]
        return -each.score, far_m, _SIZE_ORDER.get(each.kind, 9), each.name

    return sorted(found, key=rank)


def _from_kabul_m(found: Candidate) -> float:
    if found.lon is None or found.lat is None:
        return inf
    return _apart_m((found.lon, found.lat), _KABUL)


def _loose(found: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Return candidates of which none is spelt as the text is, which has other words too."""
    return tuple(replace(each, exact=False) for each in found)


def _exact(ranked: tuple[Candidate, ...]) -> bool:
    return bool(ranked) and ranked[0].score >= _SAME_SOUND


def _apart(ranked: list[Candidate], limit: int) -> list[Candidate]:
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
    return _apart_m((one.lon, one.lat), (other.lon, other.lat)) <= _ONE_PLACE_M


def _lies_in(other: Candidate, best: Candidate, place: Place) -> bool:
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


def _apart_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    east, north = ((a - b) * scale for a, b, scale in zip(one, other, _METRES_PER_DEG, strict=True))
    return hypot(east, north)


def _candidate(
    entry: Entry, score: float, why: str, *, exact: bool = True, own: float = 100.0
) -> Candidate:
    return Candidate(
        entry.name, entry.kind, entry.lon, entry.lat, score,
        f"{entry.told}; {why}" if entry.told else why,
        tuple(code for code, _ in entry.parents), entry.code, exact, entry.id,
        tuple(share for _, share in entry.parents), entry.source, own, entry,
    )  # fmt: skip


def _full_name(found: Candidate) -> str:
    plain = found.kind in {"police district", "area", "city"}
    return found.name if plain else f"{found.name} {found.kind}"


def _told_apart(found: Candidate) -> str:
    where = "" if found.code or not found.parents else f", {found.parents[0]}"
    return f"{_full_name(found)}{where} ({found.id})"


_WITH_PARENT = re.compile(
    r"\s*(.{2,}?)\s*(?:[,،]\s*(?:in\s+)?|\s+in\s+|\s+(?=\())\(?([^()]{2,}?)\)?\s*",
    re.IGNORECASE | re.DOTALL,
)


def gazetteer() -> Gazetteer:
    """Return the gazetteer of the editions in use, loaded once for each choice of them."""
    return _gazetteer(tuple(boundaries.default_edition(name) for name in boundaries.LAYERS))


@lru_cache(maxsize=2)
def _gazetteer(_in_use: tuple[str, ...]) -> Gazetteer:
    return Gazetteer()


def resolve_unit(text: str) -> str:
    """Return the code of the one province, district or police district that a text names.

    Raises
    ------
    PlaceNotFoundError
        If no unit is called so; the nearest names are in the message.
    AmbiguousPlaceError
        If several are: `Kabul` is a province and a district.
    PlaceError
        If the text is a police district with an impossible number.
    """
    senses = unit_senses(text)
    if len(senses) == 1:
        return senses[0]
    ranked = gazetteer().search(text, limit=8)
    if senses:
        named = {each.code: _told_apart(each) for each in ranked}
        raise AmbiguousPlaceError(text, tuple(named[code] for code in senses))
    if lineless := [found for found in ranked if found.exact]:
        where = ", ".join(dict.fromkeys(code for found in lineless for code in _told_in(found)))
        raise PlaceError(
            f"{text.strip()!r} is a {lineless[0].kind} without a line of its own (in {where}), so"
            " nothing can be said to fall in it; ask about a police district, district or province."
        )
    raise PlaceNotFoundError(
        text, tuple(dict.fromkeys(_full_name(candidate) for candidate in ranked))[:4]
    )


def _told_in(found: Candidate) -> list[str]:
    police = [code for code in found.parents if code.startswith("AF-KBL")]
    return police or list(found.parents[:1])


def unit_senses(text: str) -> tuple[str, ...]:
    """Return the codes of all units that a text may name, the smaller units first; none is empty.

    Raises
    ------
    PlaceError
        If the text is a police district with an impossible number.
    """
    found = gazetteer().search(text, limit=8)
    return tuple(each.code for each in found if each.exact and each.code)
