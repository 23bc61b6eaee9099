"""Names to places: units by code, number or name, and settlements by any known spelling.

A number is never matched by likeness: `PD1` is police district 1 and nothing else.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from geoloc import boundaries
from geoloc.errors import AmbiguousPlaceError, PlaceError, PlaceNotFoundError

if TYPE_CHECKING:
    from numpy.typing import NDArray

POLICE_DISTRICTS = range(1, 23)
_KIND_OF_LAYER = {
    "provinces": "province",
    "districts": "district",
    "police-districts": "police district",
}
_LEAST_PART = 5  # letters from which a name within a longer name counts
_LEAST_SCORE = 60  # below this a likeness is noise: "xyz" has no nearest place


@dataclass(frozen=True, slots=True)
class Place:
    """A claimed place: the words, and the units that must all hold the event."""

    text: str  # as written in the claim
    codes: tuple[str, ...]  # unit codes; empty where the words name no unit we have
    senses: tuple[tuple[str, ...], ...] = ()  # other units that the words may mean

    @property
    def name(self) -> str:
        """Return the units' names, e.g. `Bagrami district, PD22`; of several senses all."""
        senses = (self.codes, *self.senses)
        return " or ".join(", ".join(unit_name(code) for code in codes) for codes in senses)

    def membership(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> NDArray[np.float64] | None:
        """Return how surely each WGS 84 point lies in all of the units, 0 to 1, shape (n,).

        None where one of the units has no known line. Lines of different layers come from
        different surveys, so their memberships are multiplied.
        """
        shares = np.ones(lon.shape)
        for code in self.codes:
            layer = boundaries.layers_with(code)[0]
            if layer[code].geometry.is_empty:
                return None
            shares = shares * layer.membership(lon, lat, only=(code,))[code]
        return shares


@dataclass(frozen=True, slots=True)
class Candidate:
    """One place that a name may mean."""

    name: str
    kind: str  # province, district, police district, locality, neighbourhood, …
    lon: float | None  # WGS 84 degrees; None where the unit has no known line
    lat: float | None
    score: float  # 0 to 100
    why: str  # which spelling matched, and how
    parents: tuple[str, ...]  # codes of the units that hold it, province last
    code: str | None = None  # for a unit


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    kind: str
    spellings: tuple[str, ...]
    code: str | None = None
    lon: float | None = None
    lat: float | None = None
    label: str = ""  # code of the police district that a source puts it in
    said: str = ""  # by which source


class Gazetteer:
    """Every name geoloc knows: units of the default editions, settlements, neighbourhoods."""

    def __init__(self) -> None:
        self._entries = (*_unit_entries(), *_locality_entries(), *_settlement_entries())
        self._spellings = [
            (fold(spelling), spelling, entry)
            for entry in self._entries
            for spelling in entry.spellings
        ]

    def search(self, text: str, limit: int = 5) -> tuple[Candidate, ...]:
        """Return the places that a name may mean, best first.

        Parameters
        ----------
        text : str
            A name in Latin, Dari or Pashto spelling, a unit's code, or a police district in any
            common notation (`PD22`, `nahia 22`, `ناحیه ۲۲`).
        limit : int
            How many to return at most, at least 1.

        Returns
        -------
        tuple of Candidate
            Empty if nothing is near.

        Raises
        ------
        PlaceError
            If the text is a police district with an impossible number.
        """
        if unit_code := _exact_unit(text):
            known = (entry for entry in self._entries if entry.code == unit_code)
            # The edition in use may lack a unit that another has.
            entry = next(known, None) or _entry_of(boundaries.unit(unit_code))
            return (_candidate(entry, 100.0, f"{text.strip()} is {unit_code}"),)
        return tuple(
            _candidate(entry, score, why) for score, why, entry in self._ranked(text, limit)
        )

    def _ranked(self, text: str, limit: int) -> list[tuple[float, str, _Entry]]:
        from rapidfuzz import fuzz, process

        wanted, kind = _split_kind(text)
        wanted = fold(wanted)
        if not wanted:
            return []
        found = process.extract(
            wanted,
            [folded for folded, _, _ in self._spellings],
            scorer=fuzz.WRatio,
            limit=20 * limit,
            score_cutoff=_LEAST_SCORE,
        )
        best: dict[_Entry, tuple[float, str]] = {}
        for _, score, index in found:
            _, spelling, entry = self._spellings[index]
            if len(fold(spelling)) < _LEAST_PART and score < 100:
                continue  # part of a longer name, and of many others: "Dara" in "Shakardara"
            if (kind is None or entry.kind == kind) and score > best.get(entry, (0.0, ""))[0]:
                how = "same spelling" if score == 100 else "similar spelling"
                best[entry] = (score, f"{how}: {spelling}")
        ranked = [(score, why, entry) for entry, (score, why) in best.items()]
        # Among equals the larger unit first: "Bagrami" means the district before the village.
        ranked.sort(key=lambda row: (-row[0], _SIZE_ORDER.get(row[2].kind, 9), row[2].name))
        return ranked[:limit]


_SIZE_ORDER = {"police district": 0, "district": 1, "province": 2, "neighbourhood": 3}


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
    if senses:
        raise AmbiguousPlaceError(text, tuple(f"{unit_name(code)} ({code})" for code in senses))
    ranked = gazetteer().search(text, limit=8)
    if lineless := [found for found in ranked if found.score == 100]:
        where = ", ".join(dict.fromkeys(code for found in lineless for code in found.parents[:1]))
        raise PlaceError(
            f"{text.strip()!r} is a {lineless[0].kind} without a line of its own (in {where}), so"
            " nothing can be said to fall in it; ask about a police district, district or province."
        )
    raise PlaceNotFoundError(
        text, tuple(dict.fromkeys(_full_name(candidate) for candidate in ranked))[:4]
    )


def unit_senses(text: str) -> tuple[str, ...]:
    """Return the codes of all units that a text may name, the smaller units first; none is empty.

    Raises
    ------
    PlaceError
        If the text is a police district with an impossible number.
    """
    if code := _exact_unit(text):
        return (code,)
    exact = (found for found in gazetteer().search(text, limit=8) if found.score == 100)
    return tuple(found.code for found in exact if found.code)


def _full_name(found: Candidate) -> str:
    return found.name if found.kind == "police district" else f"{found.name} {found.kind}"


def unit_name(code: str) -> str:
    """Return a unit's name with its kind: `PD22`, `Bagrami district`, `Kabul province`."""
    layer = boundaries.layer_of(code)
    name = boundaries.unit(code).name
    return name if layer == "police-districts" else f"{name} {_KIND_OF_LAYER[layer]}"


_POLICE_DISTRICT = re.compile(
    r"(?:p\.?\s*d\.?|police\s+district|nahia|nahiya|ناحیه|ناحيه)\s*[-#:]?\s*"
    r"(?:no\.?\s*)?([-+]?[\d.,]{1,12})",
    re.IGNORECASE,
)
# Whatever else begins so and holds a number is meant for one, and is never matched by likeness.
_MEANT_FOR_ONE = re.compile(
    r"(?:p\.?\s?d\.?s?|police\s+districts?|nahias?|nahiyas?|ناحیه|ناحيه)\W{0,5}(?:no\.?\s?)?\d",
    re.IGNORECASE,
)


_HAWZA = re.compile(
    r"(?:police\s+|security\s+)?(?:hawza|hauza|hawzah|حوزه|حوزهٔ|حوزۀ)\s*(?:no\.?\s*|#)?(\d{1,3})",
    re.IGNORECASE,
)


def police_district(text: str) -> str | None:
    """Return the code of a police district written as a number, or None if it is not one.

    A police hawza is another system; where the sources give it its nahia's number, that is meant.

    Raises
    ------
    PlaceError
        If the number is none of 1 to 22.
    """
    digits = "".join(str(unicodedata.decimal(c, c)) for c in text.strip()[:200])
    if hawza := _HAWZA.fullmatch(digits):
        return _nahia_of_hawza(int(hawza[1]))
    found = _POLICE_DISTRICT.fullmatch(digits.replace("٫", "."))
    if not found and not _MEANT_FOR_ONE.match(digits):
        return None
    number = found[1] if found else ""
    if not (number.isdigit() and int(number) in POLICE_DISTRICTS):
        raise PlaceError(
            f"{text.strip()[:60]!r} is no police district: Kabul has PD1 to PD22, whole numbers,"
            " and one is asked for at a time."
        )
    return f"AF-KBL-PD{int(number)}"


def _nahia_of_hawza(number: int) -> str:
    """Return the nahia whose police hawza has a number, where the sources give both the same.

    Raises
    ------
    PlaceError
        If they differ (18), or no source tells of such a hawza.
    """
    code = f"AF-KBL-PD{number}"
    homes = [unit.name for unit in _nahias() if number in unit.hawza]
    if homes == [f"PD{number}"]:
        return code
    if homes:
        raise PlaceError(
            f"Police hawza {number} is not municipal nahia {number}: the sources put it in"
            f" {', '.join(homes)}. Ask about that, or about a place by name."
        )
    raise PlaceError(
        f"No source that geoloc has says where police hawza {number} lies. Ask about a municipal"
        " police district (PD1 to PD22) or a place by name."
    )


def _nahias() -> Iterable[boundaries.Unit]:
    # The shipped edition alone tells the two systems apart.
    return boundaries.load_layer("police-districts", "nahia-2019").values()


def _exact_unit(text: str) -> str | None:
    if code := police_district(text):
        return code
    code = text.strip().upper()
    known = re.fullmatch(r"AF\d{2}(?:\d{2})?|AF-KBL-PD\d{1,2}", code)
    return code if known and boundaries.layer_of(code) else None


_KIND_WORDS = {
    "province": r"\b(?:province|wilayat|welayat)\b|ولایت|ولايت",
    "district": r"\b(?:district|wuleswali|woleswali)\b|ولسوالی|ولسوالي",
}


def _split_kind(text: str) -> tuple[str, str | None]:
    """Take `district` or `province` off a name: it says which kind is meant."""
    for kind, words in _KIND_WORDS.items():
        rest, count = re.subn(words, " ", text, flags=re.IGNORECASE)
        if count and rest.strip():
            return rest, kind
    return text, None


_ONE_LETTER = str.maketrans(
    {
        "ي": "ی", "ى": "ی", "ې": "ی", "ۍ": "ی", "ئ": "ی", "ك": "ک", "ګ": "گ", "ة": "ه",
        "ۀ": "ه", "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ؤ": "و", "ځ": "ز", "څ": "س",
        "ښ": "ش", "ړ": "ر", "ډ": "د", "ټ": "ت", "ڼ": "ن", "ء": "", "ʻ": "", "ʼ": "",
    }
)  # fmt: skip


def fold(text: str) -> str:
    """Bring a spelling to the form that is compared: no marks, spaces, hyphens or case."""
    plain = unicodedata.normalize("NFKD", text.translate(_ONE_LETTER).casefold())
    kept = (str(unicodedata.decimal(c, c)) for c in plain if c.isalnum())
    return "".join(kept)


def _unit_entries() -> Iterable[_Entry]:
    for name, kind in _KIND_OF_LAYER.items():
        for code, names in boundaries.load_layer(name).names():
            yield _Entry(names[0], kind, names, code)


def _entry_of(unit: boundaries.Unit) -> _Entry:
    kind = _KIND_OF_LAYER[boundaries.layer_of(unit.code)]
    return _Entry(unit.name, kind, (unit.name, unit.name_fa), unit.code)


def _locality_entries() -> Iterable[_Entry]:
    """Yield each locality of the evidence once per police district that a source puts it in."""
    told: dict[tuple[str, str], boundaries.Statement] = {}
    for said in boundaries.statements():
        if said.code and said.system == "nahia" and said.locality:
            known = told.setdefault((said.locality.casefold(), said.code), said)
            if known.lon is None and said.lon is not None:
                told[said.locality.casefold(), said.code] = said
    for said in told.values():
        spellings = tuple(spelling for spelling in (said.locality, said.locality_fa) if spelling)
        yield _Entry(
            said.locality,
            "neighbourhood",
            spellings,
            lon=said.lon,
            lat=said.lat,
            label=said.code,
            said=f"{said.label} by {said.source}",
        )


def _settlement_entries() -> Iterable[_Entry]:
    for row in csv.DictReader(boundaries.shipped_table("gazetteer").splitlines()):
        spellings = (row["name"], row["name_fa"], row["name_ps"], *row["variants"].split("|"))
        yield _Entry(
            row["name"],
            row["kind"],
            tuple(dict.fromkeys(spelling for spelling in spellings if spelling)),
            lon=float(row["lon"]),
            lat=float(row["lat"]),
        )


def _candidate(entry: _Entry, score: float, why: str) -> Candidate:
    lon, lat, parents = entry.lon, entry.lat, _parents(entry)
    if entry.code:
        shape = boundaries.unit(entry.code).geometry
        if not shape.is_empty:
            middle = shape.representative_point()
            lon, lat = round(middle.x, 4), round(middle.y, 4)
    why = f"{entry.said}; {why}" if entry.said else why
    return Candidate(entry.name, entry.kind, lon, lat, round(score, 1), why, parents, entry.code)


def _parents(entry: _Entry) -> tuple[str, ...]:
    if entry.label:
        return entry.label, "AF01"
    if entry.code:
        above = boundaries.unit(entry.code).parent
        return (above,) if above in boundaries.load_layer("provinces") else ()
    if entry.lon is None or entry.lat is None:
        return ()
    found = boundaries.locate(entry.lon, entry.lat)
    standings = (*found.police_districts, *found.districts, *found.provinces)
    return tuple(standing.unit.code for standing in standings if standing.inside)
