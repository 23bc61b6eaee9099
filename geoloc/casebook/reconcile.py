"""What the claims of the case files say against each other, in numbers, places and dates.

Nothing here judges who is right. A statement that stands in several files, or that one claimant
makes twice, counts once.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations, islice
from typing import Any, Literal, NamedTuple

from geoloc import boundaries, claims, geo
from geoloc.casebook.findings import investigate
from geoloc.casebook.records import Aggregate, Book, Claim, Count, Incident
from geoloc.gazetteer import unit_name

Kind = Literal["number", "place", "date", "joint", "copies"]
Weight = Literal["contradiction", "difference", "note"]
WEIGHTS: tuple[Weight, ...] = ("contradiction", "difference", "note")
_MOST_WORDS = 60  # of what somebody wrote, where it is quoted to be found again
_EXACT_KM2 = 0.1  # an exact place is a few compounds at most; a judgement
_MOST_NAMED = 3  # claimants that one remark names
_ONE_TEXT = 90  # likeness of two claims' words from which on one is a copy of the other


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that the case files say against each other, or that they say only once."""

    kind: Kind
    weight: Weight  # contradiction: both cannot hold; difference: both can; note: to be known
    incidents: tuple[str, ...]  # ids; empty where it is about the casebook's own figures
    message: str
    facts: dict[str, Any] = field(default_factory=dict)  # the numbers behind it
    coarse: str = ""  # the message where nothing may be told finer than 1 km; empty: the same


class _Said(NamedTuple):
    """A number that somebody claims, and what it covers."""

    who: str
    covers: frozenset[str]
    outcome: str
    least: int
    most: int | None

    @property
    def range(self) -> str:
        """Return `7`, `at least 3` or `5 to 7`."""
        return Count.model_construct(min=self.least, max=self.most).words


def reconcile(incidents: Sequence[Incident], book: Book | None = None) -> tuple[Remark, ...]:
    """Return what claims say against each other, within an incident and across all of them.

    Parameters
    ----------
    incidents : sequence of Incident
        All cases of a folder: joint claims and sums need the others.
    book : Book, optional
        The facts about all of them together.

    Returns
    -------
    tuple of Remark
        Contradictions first, then differences, then notes.
    """
    aggregates = book.aggregates if book else ()
    found = [
        *_sums(incidents, aggregates),
        *_aggregates(aggregates),
        *_durations(incidents, aggregates),
        *_directions(incidents, aggregates),
        *_kinds(incidents),
        *_localities(incidents),
        *_joint(incidents),
    ]
    for incident in incidents:
        found += [
            *_numbers(incident), *_bodies(incident), *_units(incident), *_words(incident),
            *_days(incident, incidents), *_copies(incident), *_exact(incident),
        ]  # fmt: skip
    return tuple(sorted(found, key=lambda remark: WEIGHTS.index(remark.weight)))


def _figures(incident: Incident) -> Iterator[_Said]:
    """Yield the numbers that the claims of one incident give."""
    for claim in incident.claims:
        covers = frozenset(claim.covers or (incident.id,))
        for outcome in ("killed", "captured"):
            count: Count | None = getattr(claim, outcome)
            if count:
                yield _Said(_claimant(claim.claimant), covers, outcome, count.min, count.max)


def _named(who: Iterable[str]) -> str:
    """Return claimants in a row, each once; of many a few, and how many more there are."""
    names = list(dict.fromkeys(who))
    if len(names) > _MOST_NAMED + 1:
        names = [*names[:_MOST_NAMED], f"{len(names) - _MOST_NAMED} more"]
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _claim(who: Iterable[str]) -> str:
    """Return claimants with their verb: `A claims`, `A and B claim`."""
    names = dict.fromkeys(who)
    return f"{_named(names)} claim{'s' if len(names) == 1 else ''}"


def _claimant(name: str) -> str:
    """Return a claimant without what stands in brackets: the account it spoke through."""
    return re.sub(r"\s*\([^)]*\)", "", name).strip() or name


def _totals(incidents: Sequence[Incident], aggregates: Iterable[Aggregate]) -> list[_Said]:
    """Return each figure for several incidents once, in however many files it stands."""
    found = [said for each in incidents for said in _figures(each) if len(said.covers) > 1]
    for aggregate in aggregates:
        outcome = _outcome(aggregate.fact)
        if outcome and isinstance(aggregate.claimed, int) and len(aggregate.covers) > 1:
            who = _claimant(aggregate.claimed_by or "somebody")
            count = aggregate.claimed
            found.append(_Said(who, frozenset(aggregate.covers), outcome, count, count))
    return list(dict.fromkeys(found))


def _outcome(fact: str) -> str | None:
    """Return what a fact counts by its first word for it; None for raids, which are no people."""
    first = re.search(
        r"(?P<killed>kill|dead|death|died)|(?P<captured>captur|arrest|detain)|raid|operation|attack"
        r"|blast|explosion|clash|strike|incident",
        fact.casefold(),
    )
    return first.lastgroup if first else None


def _sums(incidents: Sequence[Incident], aggregates: Iterable[Aggregate]) -> Iterator[Remark]:
    """Compare a figure for several incidents with the sum of those for each."""
    single = [said for each in incidents for said in _figures(each) if len(said.covers) == 1]
    for total in _totals(incidents, aggregates):
        parts = {
            one: [s for s in single if s.covers == {one} and s.outcome == total.outcome]
            for one in sorted(total.covers)
        }
        where = tuple(parts)
        missing = [one for one, said in parts.items() if not said]
        if missing:
            yield Remark(
                "number", "note", where,
                f"{total.who} claims {total.range} {total.outcome} in {' and '.join(where)}"
                " together;"
                f" nobody gives a figure for {' and '.join(missing)} alone.",
                {"claimed": total.least},
            )  # fmt: skip
            continue
        least = sum(min(said.least for said in each) for each in parts.values())
        tops = [said.most for each in parts.values() for said in each]
        most = (
            None
            if None in tops
            else sum(max(said.most or 0 for said in each) for each in parts.values())
        )
        above = most is not None and total.least > most
        below = total.most is not None and total.most < least
        if above or below:
            told = " + ".join(
                f"{said[0].range} ({one}, {_named(s.who for s in said)})"
                for one, said in parts.items()
            )
            summed = _Said("", total.covers, total.outcome, least, most).range
            yield Remark(
                "number", "contradiction", where,
                f"{total.who} claims {total.range} {total.outcome} in {' and '.join(where)}"
                " together,"
                f" but the claims for each make {summed}: {told}.",
                {"claimed": total.least, "sum_min": least, "sum_max": most},
            )  # fmt: skip


def _numbers(incident: Incident) -> Iterator[Remark]:
    """Compare the figures that different claimants give for one incident."""
    for outcome in ("killed", "captured"):
        said = sorted(_single(incident, outcome), key=lambda each: (each.least, each.most or 0))
        if not any(_apart(a, b) for a, b in combinations(said, 2)):
            continue
        told = {each.range: [s.who for s in said if s.range == each.range] for each in said}
        yield Remark(
            "number", "contradiction", (incident.id,),
            "; ".join(f"{_claim(who)} {figure} {outcome}" for figure, who in told.items()) + ".",
            {"claimed": list(dict.fromkeys(each.least for each in said))},
        )  # fmt: skip


def _single(incident: Incident, outcome: str) -> list[_Said]:
    """Return the figures for one incident alone, each once."""
    said = dict.fromkeys(_figures(incident))
    return [each for each in said if len(each.covers) == 1 and each.outcome == outcome]


def _apart(a: _Said, b: _Said) -> bool:
    """Return whether two figures cannot both hold."""
    low, high = sorted((a, b), key=lambda each: each.least)
    return low.most is not None and low.most < high.least


def _bodies(incident: Incident) -> Iterator[Remark]:
    """Compare the dead that are claimed with the bodies that were seen."""
    killed: dict[str, list[_Said]] = {}
    for said in _single(incident, "killed"):
        killed.setdefault(said.range, []).append(said)
    for evidence in incident.evidence:
        if evidence.status != "confirmed":
            continue
        for toll in claims.tolls_in(evidence.finding):
            for figure, alike in killed.items() if toll.outcome == "bodies" else ():
                least, most = alike[0].least, alike[0].most
                if toll.min == least:
                    continue
                more = most is not None and toll.min > most
                if toll.min < least or more:
                    yield Remark(
                        "number", "contradiction" if more else "difference", (incident.id,),
                        f"{_claim(said.who for said in alike)} {figure} killed; {toll.min} bodies"
                        f" were seen ({evidence.by}: {evidence.origin}).",
                        {"claimed": least, "bodies": toll.min},
                    )  # fmt: skip


def _aggregates(aggregates: Iterable[Aggregate]) -> Iterator[Remark]:
    """Compare what was claimed about all incidents with what was recorded or confirmed."""
    for each in aggregates:
        for verb, found, by in (
            ("recorded", each.recorded, each.recorded_by),
            ("confirmed", each.confirmed, each.confirmed_by),
        ):
            if each.claimed is None or found is None or each.claimed == found:
                continue
            if isinstance(each.claimed, int) and isinstance(found, int):
                words = f"{each.claimed} claimed by {each.claimed_by}, {found} {verb} by {by}"
                facts: dict[str, Any] = {"claimed": each.claimed, verb: found}
            elif isinstance(each.claimed, tuple) and isinstance(found, tuple):
                only_claimed = [name for name in each.claimed if name not in found]
                only_found = [name for name in found if name not in each.claimed]
                if not (only_claimed or only_found):
                    continue
                words = (
                    f"{len(each.claimed)} claimed by {each.claimed_by}, {len(found)} {verb} by {by}"
                )
                words += f"; only {verb}: {', '.join(only_found)}" if only_found else ""
                words += f"; only claimed: {', '.join(only_claimed)}" if only_claimed else ""
                facts = {f"only_{verb}": only_found, "only_claimed": only_claimed}
            else:
                continue
            yield Remark(
                "number", "difference", each.covers, f"{words}. ({_start(each.fact)})", facts
            )


def _start(text: str) -> str:
    words = text.split()
    return " ".join(words[:_MOST_WORDS]) + (" …" if len(words) > _MOST_WORDS else "")


def _durations(incidents: Sequence[Incident], aggregates: Iterable[Aggregate]) -> Iterator[Remark]:
    """Compare `three days` with the days that a period spans.

    Both counts are in use: from 5 to 8 May are four calendar days, and three days from first to
    last. Only what fits neither cannot hold.
    """
    for each in aggregates:
        if not (each.from_date and each.to_date):
            continue
        apart = (each.to_date - each.from_date).days
        for days, words in claims.days_said(each.fact):
            if days == apart + 1:
                continue
            inside = [i.id for i in incidents if each.from_date <= i.date <= each.to_date]
            told = f"which are {apart + 1} calendar days ({apart} apart)"
            yield Remark(
                "date", "difference" if days == apart else "contradiction", tuple(inside),
                f'"{words}" is said of {each.from_date} to {each.to_date}, {told}'
                + (", counted from the first day to the last" if days == apart else "")
                + f". ({_start(each.fact)})",
                {"said_days": days, "calendar_days": apart + 1},
            )  # fmt: skip


class _Seen(NamedTuple):
    """A direction that a text gives for a place."""

    incident: str
    words: str
    azimuth_deg: int
    codes: frozenset[str]


@lru_cache(maxsize=512)
def _read(text: str) -> tuple[tuple[claims.Place, ...], tuple[claims.Direction, ...]]:
    return claims.read_places(text)


def _texts_about_place(incident: Incident) -> Iterator[tuple[str, Claim | None]]:
    yield from ((claim.place, claim) for claim in incident.claims if claim.place)
    yield from ((note, None) for note in incident.notes)


def _directions(incidents: Sequence[Incident], aggregates: Iterable[Aggregate]) -> Iterator[Remark]:
    """Find places that are told to lie in two directions from the same anchor."""
    seen: list[_Seen] = []
    for incident in incidents:
        for text, claim in _texts_about_place(incident):
            seen += _seen_in(text, incident.id, claim.codes if claim else ())
    for aggregate in aggregates:
        seen += _seen_in(aggregate.fact, "", ())
    known: dict[str, dict[int, list[_Seen]]] = {}
    for each in seen:
        for code in each.codes:
            known.setdefault(code, {}).setdefault(each.azimuth_deg, []).append(each)
    told: set[tuple[int, ...]] = set()
    # The larger unit first: what is said of Bagrami district is said of PD22 in it too.
    for code in sorted(known, key=lambda code: ("-KBL-" in code, code)):
        azimuths = tuple(sorted(known[code]))
        if len(azimuths) < 2 or azimuths in told:
            continue
        told.add(azimuths)
        sayings = [known[code][azimuth][0] for azimuth in azimuths]
        units = sorted(frozenset.union(*(s.codes for s in sayings)))
        measured = {unit: bearing for unit in units if (bearing := _bearing_deg(unit)) is not None}
        apart = max(min(abs(a - b), 360 - abs(a - b)) for a, b in combinations(azimuths, 2))
        yield Remark(
            "place", "contradiction" if apart > 90 else "difference",
            _incidents_of(each for azimuth in azimuths for each in known[code][azimuth]),
            f"{unit_name(code)} is said to lie "
            + " and ".join(f'"{saying.words}"' for saying in sayings)
            + ". From the middle of Kabul district, "
            + ", ".join(
                f"the middle of {unit_name(unit)} lies {geo.compass(bearing)} ({bearing:.0f}°)"
                for unit, bearing in measured.items()
            )
            + ".",
            {
                "said_deg": list(azimuths),
                "measured_deg": {unit: round(bearing) for unit, bearing in measured.items()},
            },
        )  # fmt: skip


def _incidents_of(seen: Iterable[_Seen]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.incident for each in seen if each.incident))


def _seen_in(text: str, incident: str, codes: tuple[str, ...]) -> Iterator[_Seen]:
    places, directions = _read(text)
    for direction in directions:
        # The unit that is told of stands nearest before its direction.
        before = [p for p in places if p.plain.end <= direction.plain.start and p.code]
        group = [p for p in before if p.group == before[-1].group] if before else []
        named = {p.code for p in group if p.code and len(p.code) > 4}
        if named or codes:
            units = frozenset(named | {code for code in codes if len(code) > 4})
            yield _Seen(incident, direction.text, direction.azimuth_deg, units)


def _bearing_deg(code: str) -> float | None:
    """Return the azimuth of a unit's middle from that of Kabul district, degrees."""
    shape, centre = boundaries.unit(code).geometry, boundaries.unit("AF0101").geometry.centroid
    if shape.is_empty or code in ("AF01", "AF0101"):
        return None
    return geo.bearing_deg(centre.x, centre.y, shape.centroid.x, shape.centroid.y)


def _kinds(incidents: Sequence[Incident]) -> Iterator[Remark]:
    """Find a name that is told as an area here and as a district there."""
    told: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for incident in incidents:
        for claim in incident.claims:
            for place in _read(claim.place)[0] if claim.place else ():
                if place.kind in ("area", "district", "province", "village", "neighbourhood"):
                    kinds = told.setdefault(claims.skeleton(place.name), {})
                    kinds.setdefault(place.kind, []).append((incident.id, place.text))
    for kinds in told.values():
        if len(kinds) > 1:
            first = {kind: said[0] for kind, said in kinds.items()}
            yield Remark(
                "place", "difference",
                tuple(dict.fromkeys(i for said in kinds.values() for i, _ in said)),
                f"{' and '.join(f'“{words}”' for _, words in first.values())} are not the same:"
                + (
                    " an area has no line of its own and need not end where the district does."
                    if "area" in kinds
                    else f" one is a {' and one a '.join(kinds)}."
                ),
                {"kinds": sorted(kinds)},
            )  # fmt: skip


def _localities(incidents: Sequence[Incident]) -> Iterator[Remark]:
    """Find a locality that is put in different police districts."""
    told: dict[str, dict[str, list[str]]] = {}
    names: dict[str, str] = {}
    for incident in incidents:
        placed = {c for claim in incident.claims for c in claim.codes if "-KBL-" in c}
        for claim in incident.claims:
            for place in _read(claim.place)[0] if claim.place else ():
                own = {code for code in claim.codes if "-KBL-" in code} or placed
                if not place.senses and place.candidates and place.kind != "city":
                    key = claims.skeleton(place.name)
                    names.setdefault(key, place.name)
                    for code in own:
                        incidents_of = told.setdefault(key, {}).setdefault(code, [])
                        if incident.id not in incidents_of:
                            incidents_of.append(incident.id)
    for key, by_code in told.items():
        if len(by_code) < 2:
            continue
        known = _labels(names[key])
        can = all(known.get(code) for code in by_code)
        said = " and ".join(f"{unit_name(c)} ({', '.join(ids)})" for c, ids in by_code.items())
        sources = ", ".join(f"{unit_name(code)} {count}" for code, count in known.items())
        yield Remark(
            "place", "difference" if can else "contradiction",
            tuple(dict.fromkeys(i for ids in by_code.values() for i in ids)),
            f"{names[key]} is put in {said}. "
            + (
                f"Both can hold: the area spans them, by the localities of that name ({sources})."
                if can
                else f"The localities of that name are in {sources or 'no police district known'}."
            ),
            {"said": by_code, "localities": known},
        )  # fmt: skip


def _labels(name: str) -> dict[str, int]:
    """Return how many localities with a name in theirs each police district has, by the sources."""
    wanted = claims.skeleton(name).rstrip("A")
    found: dict[str, set[tuple[str, float | None, float | None]]] = {}
    for said in boundaries.statements():
        if said.code and said.system == "nahia" and wanted in claims.skeleton(said.locality):
            found.setdefault(said.code, set()).add((said.locality, said.lon, said.lat))
    return {code: len(places) for code, places in sorted(found.items(), key=lambda e: -len(e[1]))}


def _units(incident: Incident) -> Iterator[Remark]:
    """Say how far the units of a claim overlap, and find claims whose units exclude each other."""
    told: set[tuple[str, ...]] = set()
    for claim in incident.claims:
        for found in (
            claims.agreement(claim.codes) if tuple(sorted(claim.codes)) not in told else ()
        ):
            words = _overlap_in_words(found)
            yield Remark(
                "place", "contradiction" if found.disjoint else "note", (incident.id,),
                f"{claim.claimant} names both: {words}",
                {"a": found.a, "b": found.b, "a_in_b": found.a_in_b, "b_in_a": found.b_in_a},
            )  # fmt: skip
        told.add(tuple(sorted(claim.codes)))
    yield from _places_apart(incident)


def _places_apart(incident: Incident) -> Iterator[Remark]:
    """Find claims whose units exclude each other: all of an incident in one remark."""
    single = [claim for claim in incident.claims if not claim.covers]
    by_codes: dict[tuple[str, ...], list[str]] = {}
    for claim in single:
        by_codes.setdefault(claim.codes, []).append(claim.claimant)
    told: dict[str, list[str]] = {}
    for a, b in combinations(by_codes, 2):
        for one, other in islice(_disjoint(a, b), 1):
            told.setdefault(one, []).extend(by_codes[a])
            told.setdefault(other, []).extend(by_codes[b])
    if told:
        first, second, *_ = told
        yield Remark(
            "place", "contradiction", (incident.id,),
            "; ".join(f"{_claim(who)} {unit_name(code)}" for code, who in told.items())
            + ("; the two do not overlap." if len(told) == 2 else "; not all of them overlap."),
            {"a": first, "b": second, "units": list(told)},
        )  # fmt: skip


def _words(incident: Incident) -> Iterator[Remark]:
    """Find claims whose words for the place name another unit than their codes."""
    found: dict[tuple[str, str, str, bool], list[Claim]] = {}
    for claim in incident.claims:
        places = _read(claim.place)[0] if claim.place and claim.codes else ()
        named = [p for p in places if p.code and p.role == "event" and p.kind in _TOLD_KINDS]
        agreed = any(place.code in claim.codes for place in named)
        for place in named:
            code = place.code or ""
            clash = next(_disjoint((code,), claim.codes), None) if code not in claim.codes else None
            if clash:
                found.setdefault((place.text, code, clash[1], agreed), []).append(claim)
    for (words, code, other, agreed), alike in found.items():
        yield Remark(
            "place", "difference" if agreed else "contradiction", (incident.id,),
            f"{_named(claim.claimant for claim in alike)}: the words “{words}” name"
            f" {unit_name(code)}, the codes {unit_name(other)}; the two do not overlap.",
            {"words": code, "codes": list(alike[0].codes)},
        )  # fmt: skip


_TOLD_KINDS = frozenset({"police district", "police hawza", "district", "province"})


def _disjoint(a: Iterable[str], b: Iterable[str]) -> Iterator[tuple[str, str]]:
    second = tuple(b)
    for one in a:
        for other in second:
            if claims.overlap(one, other).disjoint:
                yield one, other


def _overlap_in_words(found: claims.Overlap) -> str:
    a, b = unit_name(found.a), unit_name(found.b)
    if found.a_in_b is None or found.b_in_a is None:
        return f"{a} and {b}, of which one has no known line."
    if found.disjoint:
        return f"{a} and {b}, which do not overlap."
    return (
        f"{a} and {b}. {boundaries.percent(found.b_in_a)} of {b} lies in {a},"
        f" {boundaries.percent(found.a_in_b)} of {a} in {b}."
    )


def _joint(incidents: Sequence[Incident]) -> Iterator[Remark]:
    """Follow `the same location as`: what it adds, and whether it can hold."""
    known = {incident.id: incident for incident in incidents}
    for incident in incidents:
        for claim in incident.claims:
            if not claim.same_place_as:
                continue
            both = (incident.id, claim.same_place_as)
            other = known.get(claim.same_place_as)
            if other is None:
                yield Remark(
                    "joint", "note", (incident.id,),
                    f"{claim.claimant} puts it in the same place as {claim.same_place_as}, of which"
                    " there is no case file here.",
                )  # fmt: skip
                continue
            there, own = _named_by(claim.claimant, other), _named_by(claim.claimant, incident)
            clash = next(_disjoint(own, there), None)
            if clash:
                yield Remark(
                    "joint", "contradiction", both,
                    f"{claim.claimant} puts {incident.id} in the same place as {other.id}, but"
                    f" {unit_name(clash[0])} and {unit_name(clash[1])} do not overlap.",
                    {"a": clash[0], "b": clash[1]},
                )  # fmt: skip
                continue
            added = [code for code in there if code not in _codes(incident.claims)]
            yield Remark(
                "joint", "note", both,
                f"{claim.claimant} puts {incident.id} in the same place as {other.id}; the units"
                " named agree."
                + (
                    f" {', '.join(map(unit_name, added))} is claimed for it by that alone."
                    if added
                    else ""
                ),
                {"only_by_the_other": added},
            )  # fmt: skip


def _named_by(claimant: str, incident: Incident) -> tuple[str, ...]:
    """Return the units that a claimant names for an incident, or if none, those that all name."""
    who = _claimant(claimant)
    return _codes(c for c in incident.claims if _claimant(c.claimant) == who) or _codes(
        incident.claims
    )


def _codes(told: Iterable[Claim]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for claim in told for code in claim.codes))


def _days(incident: Incident, incidents: Sequence[Incident]) -> Iterator[Remark]:
    """Find claims published before the day, and texts that name another day or a wrong weekday."""
    days = {each.date for each in incidents}
    early: dict[dt.date, list[str]] = {}
    for claim in incident.claims:
        if claim.published and claim.published < incident.date:
            early.setdefault(claim.published, []).append(claim.claimant)
    for day, who in early.items():
        yield Remark(
            "date", "contradiction", (incident.id,),
            f"{_named(who)} published on {day}, before the incident ({incident.date}).",
            {"published": day.isoformat(), "date": incident.date.isoformat()},
        )  # fmt: skip
    texts = [incident.title, incident.summary, *incident.notes]
    texts += [text for claim in incident.claims for text in (claim.place, claim.says) if text]
    for text in dict.fromkeys(texts):
        for when in claims.read_dates(text, incident.date):
            if when.noted:
                yield Remark("date", "contradiction", (incident.id,), f"{when.text}: {when.noted}.")
    for text in (incident.title, *(claim.place for claim in incident.claims if claim.place)):
        named = [when.first for when in claims.read_dates(text, incident.date) if when.is_day]
        # A day of another case is told for comparison.
        if named and incident.date not in named and not set(named) <= days:
            yield Remark(
                "date", "contradiction", (incident.id,),
                f"“{_start(text)}” names {named[0]}, but the incident is of {incident.date}.",
                {"named": named[0].isoformat(), "date": incident.date.isoformat()},
            )  # fmt: skip


def _exact(incident: Incident) -> Iterator[Remark]:
    """Find a place that is called exact, while what was shown leaves more ground than that."""
    if incident.geolocation.status != "exact":
        return
    area = investigate(incident).area
    if area and (largest := area.regions[-1]).area_km2 > _EXACT_KM2:
        called, advice = (
            "The geolocation is called exact, but its evidence leaves",
            ("call it approximate, or add what makes it exact."),
        )
        yield Remark(
            "place", "difference", (incident.id,),
            f"{called} {largest.area_km2:.1f} km² ({largest.mass:.0%} likely area): {advice}",
            {"area_km2": round(largest.area_km2, 3)},
            coarse=f"{called} more ground than a few compounds: {advice}",
        )  # fmt: skip


def _copies(incident: Incident) -> Iterator[Remark]:
    """Say how many voices the claims are, and which repeat another's words."""
    from rapidfuzz import fuzz

    voices = list(dict.fromkeys(_claimant(claim.claimant) for claim in incident.claims))
    sources = {claim.source for claim in incident.claims if claim.source}
    copies = [
        (a, b)
        for a, b in combinations(incident.claims, 2)
        if _claimant(a.claimant) != _claimant(b.claimant)
        and len(a.says) > 20
        and fuzz.ratio(a.says, b.says) >= _ONE_TEXT
    ]
    echoed: set[str] = set()
    by_first: dict[str, list[str]] = {}
    for a, b in copies:
        if a.claimant not in echoed:
            by_first.setdefault(a.claimant, []).append(b.claimant)
            echoed.add(b.claimant)
    for first, again in by_first.items():
        verb = "repeats" if len(dict.fromkeys(again)) == 1 else "repeat"
        yield Remark(
            "copies", "note", (incident.id,),
            f"{_named(again)} {verb} the words of {first}: one voice, counted once.",
        )  # fmt: skip
    # Whoever spoke first is the voice, however often the words come back.
    echoes = {max(map(voices.index, map(_claimant, (a.claimant, b.claimant)))) for a, b in copies}
    count = len(voices) - len(echoes)
    through = f", all known through one source ({next(iter(sources))})" if len(sources) == 1 else ""
    if len(incident.claims) > count or (through and count > 1):
        yield Remark(
            "copies", "note", (incident.id,),
            f"{len(incident.claims)} claims are {count} voice{'s' if count > 1 else ''}{through}.",
            {"claims": len(incident.claims), "voices": count, "sources": len(sources)},
        )  # fmt: skip


def remark_as_json(remark: Remark) -> dict[str, Any]:
    """Return a remark for scripts."""
    return {
        "kind": remark.kind,
        "weight": remark.weight,
        "incidents": list(remark.incidents),
        "message": remark.message,
        "facts": remark.facts,
    }
