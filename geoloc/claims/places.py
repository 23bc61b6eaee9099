"""Places that a text names: where each stands, what it can be, and what it is named for."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from geoloc import boundaries
from geoloc.claims.names import LEAST_LETTERS, Known, begins_a_name, known_by, never
from geoloc.claims.roles import (
    NOTHING_SAYS,
    Role,
    Speaks,
    Words,
    district_role,
    role,
    stands_before,
)
from geoloc.claims.vocabulary import vocabulary, words_of
from geoloc.errors import PlaceError
from geoloc.gazetteer import Candidate, gazetteer
from geoloc.gazetteer.notation import Mention
from geoloc.gazetteer.text import Phrases, Span, Text, Token, Unresolved, plain

_LONGEST_NAME = 5  # words
_ENOUGH_SCORE = 80  # of a likeness, for a name that nothing is called by


@dataclass(frozen=True, slots=True)
class Place:
    """A place as a sentence names it."""

    text: str
    name: str  # without the word for its kind
    span: Span  # in the original text
    plain: Span
    role: Role
    kind: str = ""  # the word beside it: district, province, city, area, neighbourhood, village
    code: str | None = None  # of the one unit that it can be
    senses: tuple[str, ...] = ()  # codes of all units that it can be
    candidates: tuple[Candidate, ...] = ()
    group: int = 0  # places of one group tell one place together
    why: str = ""  # of its role, or what is doubtful


@dataclass(frozen=True, slots=True)
class Direction:
    """`east of Kabul city`: one place as seen from another."""

    text: str
    span: Span
    plain: Span
    azimuth_deg: int  # of the middle of the direction: 0 north, 90 east
    anchor: str  # as written
    within: bool = False  # "in the south-east of": a part of the anchor


@dataclass(frozen=True, slots=True)
class _Found:
    """A name at its place in the sentence, before its role is known."""

    first: int  # tokens of the name
    end: int
    left: int  # tokens of the name with the word for its kind
    right: int
    kind: str
    known: Known


_KINDS = ("district", "province", "city", "area", "neighbourhood", "village")


@lru_cache(maxsize=1)
def _kinds() -> dict[str, str]:
    places = vocabulary()["places"]
    return {plain(word): kind for kind in _KINDS for word in places[kind]}


class Places:
    """Finds the places of a text; looks no more names up than its length allows."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._lookups = 4 + len(text.plain) // 250

    def within(
        self,
        sentence: Span,
        masked: list[Span],
        districts: tuple[Mention, ...],
        says: Speaks,
        *,
        happens: bool,
    ) -> tuple[tuple[Place, ...], tuple[Direction, ...], tuple[Unresolved, ...]]:
        """Return the places and directions of a sentence, and the names nothing is called by.

        Parameters
        ----------
        sentence : Span
            In the plain text, as are all spans here.
        masked : list of Span
            Dates, which name no place.
        districts : tuple of Mention
            The police districts that it names.
        says : Speaks
            The words for who says it, and where and to whom.
        happens : bool
            Whether it speaks of an event.
        """
        tokens = self._text.tokens_in(sentence)
        pd = [each for each in districts if sentence.holds(each.plain)]
        taken = [*masked, *(each.plain for each in pd)]
        names = [n for n in _names(self._text, tokens) if not _meets(tokens, n, taken)]
        directions = tuple(_directions(self._text, tokens, names))
        places: list[Place] = []
        unresolved: list[Unresolved] = []
        for name in names:
            span = Span(tokens[name.left].span.start, tokens[name.right - 1].span.end)
            words = Words(self._text, tokens, name.left, name.right, name.kind, _is_long(name))
            seen_from = any(each.plain.meets(span) for each in directions)
            told = role(words, span, says, seen_from=seen_from, happens=happens)
            place = self._resolved(tokens, name, span, *told)
            places.append(place)
        places += (_of_district(self._text, tokens, each, says, happens=happens) for each in pd)
        places.sort(key=lambda place: place.plain.start)
        places = list(_as_what_they_hold(self._text, places))
        unresolved += [
            Unresolved(place.text, place.span, "nothing is called so")
            for place in places
            if place.role == "event" and not (place.senses or place.candidates)
        ]
        places = [self._beside(place, sentence) for place in places]
        unresolved += [Unresolved(p.text, p.span, p.why) for p in places if p.why == _BESIDE]
        if _LISTED.search(self._text.plain, sentence.start, sentence.end):
            places = [_as_province(place) for place in places]
        grouped = _grouped(self._text, _in_one_list(self._text, places), directions)
        return tuple(_narrowed(grouped)), directions, tuple(unresolved)

    def _resolved(
        self, tokens: tuple[Token, ...], name: _Found, span: Span, role: Role, why: str
    ) -> Place:
        inner = Span(tokens[name.first].span.start, tokens[name.end - 1].span.end)
        words = self._text.words(inner)
        senses = _senses(name)
        candidates = self._candidates(f"{words} {name.kind}" if name.kind in _LAYERS else words)
        if not (name.known.units or name.known.quarter or name.known.village):
            candidates = tuple(each for each in candidates if each.score >= _ENOUGH_SCORE)
        if len(senses) == 1 and name.kind == "area" and not why:
            why = "an area need not end where the unit of that name does"
        code = senses[0] if len(senses) == 1 else None
        return Place(
            self._text.words(span), words, self._text.original_span(span), span, role, name.kind,
            code, senses, candidates, why=why,
        )  # fmt: skip

    def _beside(self, place: Place, sentence: Span) -> Place:
        """Return the area around a place for `300 metres from PD10`, which need not be in it."""
        lead = _OFF.search(
            self._text.plain, max(sentence.start, place.plain.start - 60), place.plain.start
        )
        told = place.role == "event" or place.why == stands_before("from")
        if lead is None or not told:
            return place
        span = Span(lead.start(), place.plain.end)
        return Place(
            self._text.words(span), place.name, self._text.original_span(span), span, "event",
            "area", candidates=self._candidates(f"near {place.name}"), why=_BESIDE,
        )  # fmt: skip

    def _candidates(self, words: str) -> tuple[Candidate, ...]:
        if self._lookups <= 0:
            return ()
        before = _looked_up.cache_info().misses
        found = _looked_up(words[:80])
        self._lookups -= _looked_up.cache_info().misses - before
        return found


@lru_cache(maxsize=2048)
def _looked_up(words: str) -> tuple[Candidate, ...]:
    try:
        return gazetteer().search(words, limit=5)
    except PlaceError:
        return ()


_LAYERS = {"district": "districts", "province": "provinces"}


def _layer(code: str) -> str:
    """Return the layer of a unit by the form of its code."""
    if "-KBL-" in code:
        return "police-districts"
    return "provinces" if len(code) == 4 else "districts"


def _senses(name: _Found) -> tuple[str, ...]:
    """Return the units that a name can be, by the word beside it."""
    if name.kind in ("neighbourhood", "village") or (name.kind == "city" and name.known.units):
        return () if name.kind != "city" else name.known.units[:0]
    if layer := _LAYERS.get(name.kind):
        return tuple(c for c in name.known.units if _layer(c) == layer)
    return name.known.units


def is_unit(name: str) -> bool:
    """Return whether a province or district is called so, with or without the word for it."""
    words = [word for word in name.split() if plain(word) not in _kinds()]
    return bool((known_by(" ".join(words)) or Known()).units)


def _names(text: Text, tokens: tuple[Token, ...]) -> Iterator[_Found]:
    """Yield the names in a sentence, none overlapping another."""
    place = told = 0
    while place < len(tokens):
        found = _name_at(text, tokens, place, told) or _named_by_kind(text, tokens, place, told)
        if found:
            yield found
            told = found.right
        place = max(found.right, place + 1) if found else place + 1


def _name_at(text: Text, tokens: tuple[Token, ...], place: int, told: int) -> _Found | None:
    """Return the longest known name that begins at a token, if what stands around it allows."""
    if not tokens[place].is_word or not begins_a_name(tokens[place].text):
        return None
    for length in range(min(_LONGEST_NAME, len(tokens) - place), 0, -1):
        words = tokens[place : place + length]
        if not all(word.is_word or word.text.isdecimal() for word in words):
            continue
        raw = text.plain[words[0].span.start : words[-1].span.end]
        based = length == 1 and raw.endswith("-based")
        known = known_by(raw.removesuffix("-based") if based else raw)
        if known is None:
            continue
        if _is_cut_off(text, tokens, place + length):
            continue
        found = _with_kind(tokens, place, place + length, known, told)
        if _allowed(text, tokens, found):
            return found
    return None


def _is_cut_off(text: Text, tokens: tuple[Token, ...], end: int) -> bool:
    """Return whether a name goes on behind its ezafe: `Qala-e` in `Qala-e Musa` is no name."""
    if not tokens[end - 1].text.endswith(("-e", "-i", "-ye", "-yi")) or end == len(tokens):
        return False
    start, _ = text.original_span(tokens[end].span)
    return text.original[start].isupper()


def _with_kind(tokens: tuple[Token, ...], first: int, end: int, known: Known, told: int) -> _Found:
    """Return a name with the word for its kind, behind it or before it.

    Before it, and not in English, if that word belongs to no name that ends at `told`.
    """
    kinds = _kinds()
    if first > told and not tokens[first].text.isascii() and tokens[first - 1].text in kinds:
        return _Found(first, end, first - 1, end, kinds[tokens[first - 1].text], known)
    if (
        end < len(tokens)
        and (kind := kinds.get(tokens[end].text))
        and not _is_number_next(tokens, end)
    ):
        return _Found(first, end, first, end + 1, kind, known)
    words = [token.text for token in tokens[end : end + 2]]
    if words[:1] == ["په"] and (kind := kinds.get(words[-1])):  # د پغمان په ولسوالۍ کې
        return _Found(first, end, first, end + 2, kind, known)
    return _Found(first, end, first, end, "", known)


def _is_number_next(tokens: tuple[Token, ...], kind: int) -> bool:
    """Return whether the word for a kind belongs to a number: `Kabul district 8`."""
    return kind + 1 < len(tokens) and tokens[kind + 1].text.isdecimal()


def _allowed(text: Text, tokens: tuple[Token, ...], found: _Found) -> bool:
    """Return whether a known spelling is a name here, and no common word."""
    before = tokens[found.left - 1].text if found.left else ""
    after = tokens[found.right].text if found.right < len(tokens) else ""
    prepared = before in words_of("places", "within") or after == "کی"
    if not tokens[found.first].text.isascii():
        if found.kind:
            return True
        if found.known.units or found.known.quarter:
            letters = sum(len(token.text) for token in tokens[found.first : found.end])
            return letters >= LEAST_LETTERS and (
                prepared or _anchored(tokens, found) or before in _OF
            )
        return False
    start = text.original_span(tokens[found.first].span).start
    capital = text.original[start].isupper()
    if found.known.units:
        return (
            capital
            or bool(found.kind and found.kind != "area")
            or (prepared and len(tokens[found.first].text) > 5)
        )
    cued = prepared or bool(found.kind) or before in (*_OF, "from") or _anchored(tokens, found)
    return capital and (cued or found.end - found.first > 1)


_OF = frozenset({"of", "the", "د"})


def _anchored(tokens: tuple[Token, ...], found: _Found) -> bool:
    """Return whether a direction or `from` stands before a name."""
    before = tokens[max(0, found.left - 2) : found.left]
    return any(token.text in _direction_words() or token.text in ("از", "له") for token in before)


@lru_cache(maxsize=1)
def _direction_words() -> frozenset[str]:
    words = vocabulary()["directions"].values()
    return frozenset(plain(word).split()[-1] for listed in words for word in listed)


def _named_by_kind(text: Text, tokens: tuple[Token, ...], place: int, told: int) -> _Found | None:
    """Return an unknown name that a word like `area` or `منطقه` makes one."""
    if _is_cut_off(text, tokens, place + 1) and _is_in(tokens, place):
        return _Found(place, place + 2, place, place + 2, "", Known())
    kind = _kinds().get(tokens[place].text)
    if kind is None or kind == "city":
        return None
    if tokens[place].text.isascii():
        first = place
        while first and place - first < 4 and _capital_or_number(text, tokens[first - 1]):
            first -= 1
        if first == place or (place + 1 < len(tokens) and tokens[place + 1].text.isdecimal()):
            return None
        if first and tokens[first - 1].text in never():  # "Islamic State Khorasan Province"
            return None
        return _Found(first, place, first, place + 1, kind, Known())
    following = tokens[place + 1 : place + 2]
    if (
        not following
        or not following[0].is_word
        or following[0].text in words_of("places", "no_name")
    ):
        return None
    if place + 1 < len(tokens) and (known := _name_at(text, tokens, place + 1, told)):
        return known
    if kind in ("district", "province"):  # all of them are known
        return None
    return _Found(place + 1, place + 2, place, place + 2, kind, Known())


def _is_in(tokens: tuple[Token, ...], place: int) -> bool:
    return bool(place) and tokens[place - 1].text in words_of("places", "within")


def _capital_or_number(text: Text, token: Token) -> bool:
    start, _ = text.original_span(token.span)
    first = text.original[start]
    if token.text in never() or token.text in words_of("speech", "fringe"):
        return False
    return token.text.isdecimal() or (first.isupper() and len(token.text) > 2)


def _meets(tokens: tuple[Token, ...], name: _Found, taken: list[Span]) -> bool:
    span = Span(tokens[name.left].span.start, tokens[name.right - 1].span.end)
    return any(span.meets(other) for other in taken)


@lru_cache(maxsize=1)
def _compass() -> Phrases:
    table = vocabulary()["directions"].items()
    return Phrases((word, int(azimuth)) for azimuth, words in table for word in words)


def _directions(text: Text, tokens: tuple[Token, ...], names: list[_Found]) -> Iterator[Direction]:
    """Yield `east of Kabul city`, `شرق کابل`, `د کابل په ختیځ کې`."""
    begins = {name.left: name for name in names}
    ends = {name.right: name for name in names}
    capitals = Phrases((words, True) for words in vocabulary()["places"]["capital"])
    for start, length, azimuth in _compass().all_in(tokens):
        after = start + length
        while after < len(tokens) and tokens[after].text in ("of", "from", "side", "part"):
            after += 1
        capital = after < len(tokens) and capitals.at(tokens, after)
        if capital:
            last = after + capital[0]
            anchor = Span(tokens[after].span.start, tokens[last - 1].span.end)
        else:
            after += after < len(tokens) and tokens[after].text == "the"
            name = begins.get(after)
            back = start - 1 if start and tokens[start - 1].text == "په" else start
            if name is None and (name := ends.get(back)):
                start, last = name.left, after
            elif name:
                last = name.right
            else:
                continue
            anchor = Span(tokens[name.left].span.start, tokens[name.right - 1].span.end)
        lead = [token.text for token in tokens[max(0, start - 2) : start]]
        span = Span(tokens[start].span.start, tokens[last - 1].span.end)
        yield Direction(
            text.words(span), text.original_span(span), span, azimuth, text.words(anchor),
            within=lead[-1:] == ["in"] or lead == ["in", "the"] or lead[-1:] == ["در"],
        )  # fmt: skip


_BESIDE = "near it, and not said to be in it"
# Right before a place, how far from it something was.
_OFF = re.compile(
    r"(?:\b[\w.,-]+\s?(?:hundred\s)?(?:m|met(?:re|er)s?|km|kilomet(?:re|er)s?|miles?|yards?|minutes?"
    r"|blocks?)\s(?:(?:away|walk|drive|or|so|by|car)\s){0,3}(?:from|off|outside)"
    r"|\boutside(?:\sof)?|\bnot\sfar\sfrom)"
    r"\s(?:the\s)?$|(?<!\w)\S+\s(?:کیلو)?متری\s(?:از\s)?$"
)


def _is_long(name: _Found) -> bool:
    """Return whether a name is no single word that a person can be called by."""
    return name.known.quarter or name.end - name.first > 1


def _of_district(
    text: Text, tokens: tuple[Token, ...], each: Mention, says: Speaks, *, happens: bool
) -> Place:
    starts = [token.span.start for token in tokens]
    left = bisect_left(starts, each.plain.start)
    words = Words(text, tokens, left, bisect_left(starts, each.plain.end), "district", many=True)
    role, why = district_role(words, each.plain, says, happens=happens)
    code = each.code
    why = why or (_other_sense(code) if code else each.why)
    kind = "police district" if each.system == "nahia" else "police hawza"
    candidates = _looked_up(code.removeprefix("AF-KBL-")) if code else ()
    return Place(
        each.text, each.text, each.span, each.plain, role, kind, code, (code,) if code else (),
        candidates, why=why,
    )  # fmt: skip


@lru_cache(maxsize=64)
def _other_sense(code: str) -> str:
    """Return what else a police district's number means, where it means something else."""
    unit = boundaries.unit(code)
    return unit.note if unit.ambiguous else ""


_WITHIN = re.compile(r"(?:,?\s(?:in|of|at|within)(?:\sthe)?|,|'s|\s(?:د|مربوط|مربوطات)|(?=\s))\s?")


def _as_what_they_hold(text: Text, places: list[Place]) -> Iterator[Place]:
    """Give a unit the role of the place in it: `from Zaranj in Nimroz` is no event."""
    before: Place | None = None
    for place in places:
        if (
            before
            and place.role == "event"
            and before.role != "event"
            and before.why != NOTHING_SAYS
            and _WITHIN.fullmatch(text.plain[before.plain.end : place.plain.start])
            and _can_hold(place, before)
        ):
            place = replace(place, role=before.role, why=before.why)
        yield place
        before = place


def _can_hold(place: Place, inner: Place) -> bool:
    """Return whether a place is a unit that another, smaller one can lie in."""
    if not place.senses:
        return not inner.senses
    parents = {code for each in inner.candidates for code in each.parents} | {
        code[:4] for code in inner.senses if not code.startswith("AF-KBL")
    }
    if any(code.startswith("AF-KBL") for code in inner.senses):
        parents.add("AF01")
    return not parents or bool(parents & set(place.senses))


# What may stand between two places that tell one place together.
_TOGETHER = re.compile(
    r"[\s,()'-]*(?:s\s)?(?:(?:of|in|at|the|located|which|is|part|area|په|کی|کی،|د|در|مربوط|مربوطات|واقع|within|to"
    r"|inside)[\s,()'-]+)*"
)


def _grouped(text: Text, places: list[Place], directions: tuple[Direction, ...]) -> list[Place]:
    """Give each place its group: `Bagrami district of Kabul, PD22` is one, `Balkh, Herat` two."""
    found: list[Place] = []
    group = 0
    for place in places:
        before = found[-1] if found else None
        if before and not _one_place(text, before, place, found, directions):
            group += 1
        found.append(replace(place, group=group))
    return found


def _one_place(
    text: Text, before: Place, place: Place, found: list[Place], directions: tuple[Direction, ...]
) -> bool:
    gap = Span(before.plain.end, max(before.plain.end, place.plain.start))
    words = text.plain[gap.start : gap.end]
    for direction in directions:
        if gap.holds(direction.plain) or gap.meets(direction.plain):
            start = max(direction.plain.start, gap.start) - gap.start
            end = min(direction.plain.end, gap.end) - gap.start
            words = words[:start] + " " * (end - start) + words[end:]
    mentioned = "mention" in (before.role, place.role) and before.role != place.role
    if len(words) > 60 or not _TOGETHER.fullmatch(words) or mentioned:
        return mentioned and len(words) <= 60 and bool(_TOGETHER.fullmatch(words))
    fellows = [other for other in found if other.group == found[-1].group]
    taken = {level for other in fellows for level in _levels(other)}
    return bool(_levels(place) - taken) or (_levels(place) == {"locality"} and "," not in words)


def _levels(place: Place) -> set[str]:
    """Return the layers that a place can be of."""
    if place.kind in ("police district", "police hawza"):
        return {"police-districts"}
    return {_layer(code) for code in place.senses} or {"locality"}


_LISTED = re.compile(r"\bprovinces\b|ولایات|ولایتونو")
_COORDINATED = re.compile(r"\s?(?:,|,?\s(?:and|or|و|او|یا))\s?")


def _as_province(place: Place) -> Place:
    """Return a name among `the provinces of …` as a province's, if one is called so."""
    senses = tuple(code for code in place.senses if _layer(code) == "provinces")
    if place.kind or len(senses) != 1:
        return place
    return replace(place, code=senses[0], senses=senses)


def _in_one_list(text: Text, places: list[Place]) -> list[Place]:
    """Give the names of a list one role: in "raids in Jawzjan and Parwan" both are places of it."""
    for order in (range(1, len(places)), range(len(places) - 2, -1, -1)):
        for k in order:
            other = places[k - 1] if order.step > 0 else places[k + 1]
            first, last = sorted((places[k], other), key=lambda place: place.plain.start)
            gap = text.plain[first.plain.end : last.plain.start]
            if (
                _COORDINATED.fullmatch(gap)
                and places[k].why == NOTHING_SAYS
                and other.role == "event"
            ):
                places[k] = replace(places[k], role="event", why="")
    return places


def _narrowed(places: list[Place]) -> Iterator[Place]:
    """Take from a name of several units those that its group excludes."""
    for place in places:
        if len(place.senses) > 1:
            fellows = [p for p in places if p.group == place.group and p.code and p is not place]
            senses = tuple(sense for sense in place.senses if _fits(sense, fellows))
            if len(senses) == 1:
                yield replace(place, code=senses[0], senses=senses)
                continue
        yield place


def _fits(sense: str, fellows: list[Place]) -> bool:
    """Return whether a sense can hold beside the other units of its group."""
    for fellow in fellows:
        code = fellow.code or ""
        if _layer(code) == _layer(sense) and code != sense:
            return False
    return True


def direction_of(azimuth_deg: float) -> int:
    """Return the nearest of the eight directions, degrees."""
    return round(azimuth_deg / 45) % 8 * 45
