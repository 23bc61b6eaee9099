"""From a name in any spelling to ranked places."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import islice, product
from math import log2
from typing import TYPE_CHECKING

import numpy as np

from geoloc import boundaries
from geoloc.errors import AmbiguousPlaceError, PlaceError, PlaceNotFoundError
from geoloc.gazetteer import folding
from geoloc.gazetteer.candidates import (
    SAME_SOUND,
    Candidate,
    apart,
    apart_m,
    candidate,
    full_name,
    in_order,
    loose,
    told_apart,
)
from geoloc.gazetteer.columns import Columns
from geoloc.gazetteer.doubts import numbers_in
from geoloc.gazetteer.entries import Entry, Names, standings_at
from geoloc.gazetteer.matches import (
    NO_MATCH,
    STEP,
    Asked,
    Match,
    compared,
    is_part,
    plain_sound,
    rank,
)
from geoloc.gazetteer.notation import written_code
from geoloc.gazetteer.phrases import Phrase, read_phrase
from geoloc.gazetteer.places import Place
from geoloc.gazetteer.readings import LIKELY_SCORE, SURE_LIKENESS, Reading, judged
from geoloc.gazetteer.units import KIND_OF_LAYER, in_common, split_kind, unit_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_FAR_IN_SCRIPT = "it is like it only as the other script has it, without vowels"
_LEAST_SCORE = 60  # below this a likeness is noise: "xyz" has no nearest place
_PART_SCORES = 80.0, 85.0  # of a name that is a part of another, the longer the better
_OUTSKIRTS_COST = 20.0  # points for a word of which only a part is understood
_OUTSKIRTS = re.compile(r"\b(?:outskirts|suburbs?|edge)\b|حومه", re.IGNORECASE)
_OUTSIDE_COST = 12.0  # points for lying wholly outside the parent that was named
_PER_DOUBLING = 4.0  # points per doubling of the distance from the point that was named
_HARDLY_IN = 0.1  # share of a place below which a unit does not hold it


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
        self._hidden = hidden
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
        text = _OF_AFGHANISTAN.sub("", text)
        if code := self._known_code(text):
            return (candidate(self._entry(code), 100.0, f"{text.strip()} is {code}"),)
        if phrase := read_phrase(text):
            if phrase.form == "area":  # `Khair Khana area` is Khair Khana
                return loose(self.search(phrase.parts[0], limit, parent=parent, near=near))
            if phrase.form == "outside":
                raise PlaceError(_told_outside(text, phrase))
            found = self._of_phrase(text, phrase, limit, within, near)
            if phrase.sure or (found and not self._is_name(text, found[0].score)):
                return found
        ranked = self._ranked(text, limit, within, near)
        alike = bool(ranked) and ranked[0].score >= SAME_SOUND
        head, holders = ("", ()) if within or alike else self._split_parent(text)
        inside = [self._ranked(head, limit, each, near) for each in holders]
        if best := max(filter(None, inside), key=lambda found: found[0].score, default=()):
            ranked = loose(best) if not ranked or best[0].score >= ranked[0].score else ranked
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
        reading = self.read(text, parent=parent, near=near)
        if reading.error is not None:
            raise reading.error
        return reading.senses[0].place(text)

    def read(
        self,
        text: str,
        limit: int = 8,
        *,
        parent: str | None = None,
        near: tuple[float, float] | None = None,
    ) -> Reading:
        """Return what a name or phrase was taken for, and whether that is sure.

        Raises
        ------
        PlaceError
            As for `search`.
        """
        found = self.search(text, max(limit, 8), parent=parent, near=near)
        phrase = read_phrase(text)
        if phrase and phrase.form != "area" and (found[0].area if found else phrase.sure):
            error = self._doubt_of(phrase, found, self._unit(parent) if parent else None, near)
            return Reading(text, found, found, error)
        return judged(text, found)

    def _is_name(self, text: str, score: float) -> bool:
        """Return whether a text that may be a phrase is more like the name of a place."""
        ranked = self._ranked(text, 1)
        return bool(ranked) and ranked[0].score >= max(score, LIKELY_SCORE)

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
            if each.code and each.score >= SAME_SOUND:
                return each.code
        raise PlaceError(f"{name[:60]!r} is no unit; give a code, e.g. AF0104 or PD8.")

    def _split_parent(self, text: str) -> tuple[str, tuple[str, ...]]:
        """Split `Qala-e Wahid, PD13` or `Kamari (Bagrami district)`; the end must be a unit.

        Or several: `Surobi, Kabul` may lie in the district of Kabul or in the province.
        """
        if not (found := _WITH_PARENT.fullmatch(text)):
            return "", ()
        head, tail = found[1], found[2]
        try:
            if code := self._known_code(tail):
                return head, (code,)
        except PlaceError:
            return "", ()
        units = (each.code for each in self._ranked(tail, 3) if each.exact and each.code)
        return head, tuple(filter(None, units))

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
        best = self._matches(wanted, spoken, kind)
        if (
            not kind
            and max((match.score for match in best.values()), default=0.0) < _PART_SCORES[1]
        ):
            best |= self._by_part("".join(spoken))
        told = [self._in_context(number, match, within, near) for number, match in best.items()]
        told = in_order([each for each in told if each.score >= _LEAST_SCORE])
        return tuple(apart(told, limit))

    def _matches(self, wanted: str, spoken: list[str], kind: str | None) -> dict[int, Match]:
        """Return the best match of each place (of a kind), by its number."""
        asked = Asked(
            wanted,
            folding.fold(wanted[: folding.LONGEST]),
            folding.is_arabic(wanted),
            numbers_in(wanted),
        )
        best: dict[int, Match] = {}
        in_script: dict[int, float] = {}  # the best score of a spelling in the script of the name
        for likeness, column, order in self._columns.nearest(spoken, asked.arabic):
            for number, spelling in self._meant[column]:
                entry = self._names[number]
                if kind and entry.kind != kind:
                    continue
                written = entry.spellings[spelling]
                match = compared(asked, written, likeness, order)
                if folding.is_arabic(written) == asked.arabic:
                    in_script[number] = max(in_script.get(number, 0.0), match.score)
                known = best.get(number, NO_MATCH)
                own = max(match.score if spelling < entry.own_names else 0.0, known.own)
                best[number] = replace(max(known, match, key=rank), own=own)
        spelt_so = any(self._names[number].code for number, match in best.items() if match.exact)
        for number, match in best.items():
            here = in_script.get(number, 0.0)
            if match.score >= SURE_LIKENESS and here < SAME_SOUND and not match.doubt:
                best[number] = self._by_script(
                    number, match, here, arabic=asked.arabic, spelt_so=spelt_so
                )
        return best

    def _by_script(
        self, number: int, match: Match, here: float, arabic: bool, spelt_so: bool
    ) -> Match:
        """Return a match by its spellings in the other script, which may write no vowels.

        A place that is spelt in the script of the name too, and is less like it there, is not quite
        of the same sound where a unit is spelt so: Bagram is بگرام, and Bagrami, of which `Bagrame`
        sounds so, is بگرامی.
        """
        known = enumerate(self._names[number].spellings)
        spelt = (each for k, each in known if (number, k) not in self._hidden)
        if all(folding.is_arabic(each) != arabic for each in spelt):
            return match
        doubt = _FAR_IN_SCRIPT if here < SURE_LIKENESS else ""
        return replace(match, score=min(match.score, SAME_SOUND - STEP * spelt_so), doubt=doubt)

    def _by_part(self, spoken: str) -> dict[int, Match]:
        """Return the neighbourhoods of whose name the text is a part, or the other way round.

        `Panjsad` and `315` are parts of `Panjsad Family` and `Proja-e 315`, and `Khair Khana` of
        `Khairkhana Mina`.
        """
        asked, found = plain_sound(spoken), dict[int, Match]()
        least, most = _PART_SCORES
        for heard, number, spelling in self._neighbourhoods:
            short, long = sorted((asked, heard), key=len)
            share = len(short) / len(long)
            if not is_part(short, long) or (short == heard and share < 0.5):
                continue
            score = least + (most - least) * share
            if score > found.get(number, NO_MATCH).score:
                why = f"one is part of the other: {self._names[number].spellings[spelling]}"
                found[number] = Match(score, why, False, 0.0)
        return found

    @cached_property
    def _neighbourhoods(self) -> list[tuple[str, int, int]]:
        """Return how each spelling of a neighbourhood is heard, its place and its number."""
        return [
            (plain_sound(heard), number, spelling)
            for number, spelling, heard in self._names.heard("neighbourhood")
        ]

    def _in_context(
        self,
        number: int,
        match: Match,
        within: str | None,
        near: tuple[float, float] | None,
    ) -> Candidate:
        """Return a candidate whose score and reason count where it should lie."""
        entry, score, why, doubt = self._names[number], match.score, match.why, match.doubt
        if within:
            share = entry.share_in(within)
            if share < _HARDLY_IN and score >= LIKELY_SCORE:
                doubt = (
                    in_common(entry.code or "", within)
                    or f"hardly any of it is in {unit_name(within)}"
                )
            score -= _OUTSIDE_COST * (1 - share)
            why += f"; in {within}" if share >= 0.5 else f"; hardly in {within}" if share else ""
        if near and entry.lon is not None and entry.lat is not None:
            away_m = apart_m((entry.lon, entry.lat), near)
            score -= _PER_DOUBLING * max(0.0, log2(max(away_m, 1.0) / 2000))
            why += f"; {away_m / 1000:.1f} km from the point"
        score = float(round(max(score, 0.0)))
        return candidate(
            entry, score, why, exact=match.exact, own=match.own, likeness=match.score, doubt=doubt
        )

    def _of_phrase(
        self,
        text: str,
        phrase: Phrase,
        limit: int,
        within: str | None,
        near: tuple[float, float] | None,
    ) -> tuple[Candidate, ...]:
        """Return the areas that a phrase may describe, one per reading of its places."""
        parts = [self._part(part, within, near, phrase.measured) for part in phrase.parts]
        meant = islice(product(*(part.senses for part in parts)), limit)
        areas = [self._area(text, phrase, places) for places in meant]
        return tuple(sorted(filter(None, areas), key=lambda area: -area.score))

    def _area(self, text: str, phrase: Phrase, places: tuple[Candidate, ...]) -> Candidate | None:
        """Return the area that a phrase describes by one reading of each of its places."""
        one_place = len(places) > 1 and places[0].id == places[1].id
        area = None if one_place else phrase.area([place.place() for place in places])
        if area is None:
            return None
        middle = area.geometry.representative_point()
        standings = standings_at(middle.x, middle.y)
        named = " and ".join(full_name(place) for place in places)
        score, why = min(place.score for place in places), f"{area.rule}; of {named}"
        doubt = ""
        if _OUTSKIRTS.search(text):
            score -= _OUTSKIRTS_COST
            doubt = "“outskirts” is not understood, only that it is near"
            why += f"; {doubt}"
        return Candidate(
            " ".join(text.split()), "area", round(middle.x, 4), round(middle.y, 4),
            score, why,
            tuple(code for code, _ in standings), shares=tuple(s for _, s in standings),
            likeness=min(place.likeness for place in places), doubt=doubt, area=area,
        )  # fmt: skip

    def _part(
        self,
        text: str,
        within: str | None = None,
        near: tuple[float, float] | None = None,
        measured: bool = False,
    ) -> Reading:
        """Return what one name of a phrase may mean; where lengths are told, a unit's town."""
        if read_phrase(text):  # "near east of X" is beyond us
            return judged(text, ())
        found = self.search(text, 8, parent=within, near=near)
        if measured and found and found[0].code:
            best = found[0]
            found = tuple(
                sorted(
                    found,
                    key=lambda c: c.score < best.score or c.code is not None
                    or best.code not in c.parents,
                )
            )  # fmt: skip
        return judged(text, found, around=True)

    def _doubt_of(
        self,
        phrase: Phrase,
        found: tuple[Candidate, ...],
        within: str | None,
        near: tuple[float, float] | None,
    ) -> PlaceError | None:
        """Return why a phrase is not sure: a place of it, or nobody knows where that lies."""
        for part in phrase.parts:
            if error := self._part(part, within, near, phrase.measured).error:
                return error
        if not found and len(set(phrase.parts)) < len(phrase.parts):
            return PlaceError(f"{phrase.parts[0]} is named twice; say between which two places.")
        if not found and phrase.form == "border":
            return PlaceError(f"{' and '.join(phrase.parts)} do not meet by any line known here.")
        if not found:
            return PlaceError(f"Nobody gives a position for {' or '.join(phrase.parts)}.")
        if found[0].doubt:
            return PlaceError(f"{found[0].name!r} is not sure: {found[0].doubt}.")
        return None


def _told_outside(text: str, phrase: Phrase) -> str:
    (place,) = phrase.parts
    return (
        f"{text.strip()!r} says only where it was not, in {place}; name a place, or a side of it:"
        f" 'near {place}', 'north of {place}'."
    )


_OF_AFGHANISTAN = re.compile(r"(?<=\w)\s*[,،]\s*(?:afghanistan|افغانستان)$", re.IGNORECASE)
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
        named = {each.code: told_apart(each) for each in ranked}
        raise AmbiguousPlaceError(text, tuple(named[code] for code in senses))
    if lineless := [found for found in ranked if found.exact]:
        where = ", ".join(dict.fromkeys(code for found in lineless for code in _told_in(found)))
        raise PlaceError(
            f"{text.strip()!r} is a {lineless[0].kind} without a line of its own (in {where}), so"
            " nothing can be said to fall in it; ask about a police district, district or province."
        )
    raise PlaceNotFoundError(
        text, tuple(dict.fromkeys(full_name(candidate) for candidate in ranked))[:4]
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
