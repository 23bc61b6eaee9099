"""A case file begun, from a text or a few words, for the investigator to correct."""

from __future__ import annotations

import datetime as dt
import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

from geoloc import claims
from geoloc.casebook.folder import SCHEMA_FILE
from geoloc.errors import InputError, PlaceError
from geoloc.gazetteer import police_district, resolve_unit, unit_name

_MOST_CLAIMS = 60  # a draft is corrected by hand; a book is not
_MOST_COMPARED = 8
_DATES = range(1970, 2101)


def draft_from_text(
    text: str,
    *,
    published: dt.date | None = None,
    date: dt.date | None = None,
    title: str | None = None,
    source: str = "The text",
) -> tuple[str, str]:
    """Return the id and the YAML of a case whose claims are read from a text.

    Only claims of one day are filled in; what was read of other days, what is doubtful, and every
    other sentence that somebody says stands in comments. There is no evidence in a text of claims,
    so `evidence` is empty.

    Parameters
    ----------
    text : str
        English, Dari or Pashto.
    published : date, optional
        The day of publication, by which `yesterday` is read.
    date : date, optional
        The incident's day; by default the one that most of the claims tell of.
    title : str, optional
        By default the day and the first place.
    source : str
        What the text is called among the sources.

    Raises
    ------
    InputError
        If no claim has a day and none is given, or the text is too long, or the date that is given
        is of the Solar Hijri calendar.
    """
    if date:
        _check(date)
    read = claims.parse(text, published)
    found = [claim for claim in read if _tells(claim)]
    day = date or _main_day(found)
    if day is None or day.year not in _DATES:
        raise InputError(
            "No claim in the text has a day that can be read, so the case has no date; give it with"
            " --date YYYY-MM-DD (and --published, by which `yesterday` is read)."
        )
    own = [
        c
        for c in found
        if c.event_date == day or (c.event_date is None and not c.date_from and not c.period)
    ]
    others = [claim for claim in found if claim not in own]
    told = _told_once(own)
    named = [place for claim in own for place in claim.event_places]
    first = _latin(named)
    title = title or (f"Claimed event in {first}" if first else "Claimed event")
    case_id = _id(day, title, " ".join(place.text for place in named))
    lines = [
        f"# yaml-language-server: $schema={SCHEMA_FILE}",
        "# Read from a text by rules: check every line against it, then take the comments out.",
        f"id: {case_id}",
        f"title: {_quoted(title)}",
        f"date: {day.isoformat()}",
        *_time(own),
        'summary: "What was claimed, and what could be shown, in your words."',
        "",
        "claims:" if own else "claims: []",
        *(line for claim, *again in told[:_MOST_CLAIMS] for line in _claim(claim, again)),
    ]
    if len(told) > _MOST_CLAIMS:
        lines.append(f"  # and {len(told) - _MOST_CLAIMS} more, which are left out")
    lines += [_comment(each, "") for each in _apart(told)]
    if others:
        lines += ["", "# Of other days, or of several:"]
        lines += [_comment(f"{_day(c)}: {c.text}", "") for c in others[:_MOST_CLAIMS]]
    unfilled = [claim for claim in read if claim not in found]
    if unfilled:
        lines += ["", "# Read too, but no claim of a place, of dead or of captured people:"]
        lines += [_comment(_said_there(claim), "") for claim in unfilled[:_MOST_CLAIMS]]
    lines += [
        "",
        "# What can be shown, from material that does not come from the claims.",
        "evidence: []",
        "",
        "geolocation:",
        "  status: not-stated",
        '  reason: "Not yet looked for."',
        "",
        "sources:",
        "  - id: text",
        f"    title: {_quoted(source)}",
        '    publisher: "Not yet filled in"',
        *([f"    published: {published.isoformat()}"] if published else []),
        "",
    ]
    return case_id, "\n".join(lines)


def draft(title: str, date: dt.date, place: str, claimant: str) -> tuple[str, str]:
    """Return the id and the YAML of a new case, for the investigator to fill in.

    Raises
    ------
    InputError
        If the date is of the Solar Hijri calendar; its Gregorian date is in the message.
    PlaceError
        If the place is a police district that does not exist.
    """
    _check(date)
    for part in re.split(r"[,،;]", place):
        if re.fullmatch(r"\D+\d+\s*", part):
            police_district(part)  # PD23 is a slip that no draft should carry on
    case_id = _id(date, title, place)
    codes, open_ = _codes_of_words(place)
    doubts = "".join(f"\n{_comment(each)}" for each in open_)
    return (
        case_id,
        f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
id: {case_id}
title: {_quoted(title)}
date: {date.isoformat()}
summary: {_quoted(title)}

claims:
  - claimant: {_quoted(claimant)}
    place: {_quoted(place)}
    codes: [{", ".join(codes)}]{doubts}
    says: "What exactly was claimed, in our words."

# What can be shown, from material that does not come from the claim. To say where it happened:
# evidence:
#   - finding: "The skyline in photo 3 matches the ridge south of the river."
#     by: "Who established it"
#     status: likely
#     origin: "photo 3"
#     within: [AF0104]
#     reliability: 0.9   # your judgement: how surely this is not plain wrong
# and then geolocation.status is approximate.
evidence: []

geolocation:
  status: not-stated
  reason: "Not yet looked for."

sources: []
""",
    )


def _codes_of_words(place: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the codes of the units in words for a place, and what is to be known of the rest."""
    codes, doubts = [], []
    for part in filter(str.strip, re.split(r"[,،;]", place)):
        try:
            codes.append(resolve_unit(part))
            continue
        except PlaceError as error:
            refused = str(error)
        read = claims.read_places(part)[0]
        sure = _sure(read)
        codes += sure
        known = [doubt for each in read if each.code not in sure and (doubt := _doubt(each))]
        doubts += known if sure else [refused]
    return tuple(dict.fromkeys(codes)), tuple(dict.fromkeys(doubts))


def _check(day: dt.date) -> None:
    """Refuse a date that a case cannot have."""
    if day.year in _DATES:
        return
    try:
        told = f"{day} Solar Hijri is {claims.gregorian(day.year, day.month, day.day)}; give that."
    except InputError:
        told = f"{day} is no day of 1970 to 2100; give the incident's day, Gregorian."
    raise InputError(told)


def _id(day: dt.date, title: str, place: str) -> str:
    """Return an id by the title, or by the place where the title has no Latin letter."""
    words = re.findall(r"[a-z0-9]+", title.lower())
    if not any(word.isalpha() for word in words):
        named = _latin(claims.read_places(place[:2000])[0]) or place
        words += re.findall(r"[a-z0-9]+", named.lower())
    return f"{day.isoformat()}-{'-'.join(words[:6] or ['case'])}"[:110].rstrip("-")


def _latin(places: Sequence[claims.Place]) -> str:
    """Return what the first place that has one is called in Latin letters."""
    for place in sorted(places, key=lambda place: place.code is None):
        if re.search("[A-Za-z]", place.text):
            return " ".join(place.text.split())
        if place.code:
            return unit_name(place.code)
        if place.candidates:
            return place.candidates[0].name
    return ""


def _tells(claim: claims.ParsedClaim) -> bool:
    """Return whether a claim has something for a case file: a place, or people."""
    unsaid = any(" no number" in each.why for each in claim.unresolved)
    return bool(claim.event_places or claim.toll("killed") or claim.toll("captured") or unsaid)


def _apart(told: list[list[claims.ParsedClaim]]) -> Iterator[str]:
    """Yield a remark on each two claims of one day whose units have no ground in common."""
    named = dict.fromkeys(_sure(claim.event_places) for claim, *_ in told)
    for a, b in combinations([*filter(None, named)][:_MOST_COMPARED], 2):
        if all(claims.overlap(one, other).disjoint for one in a for other in b):
            yield f"{', '.join(a)} and {', '.join(b)} lie apart: two events are two cases."


def _said_there(claim: claims.ParsedClaim) -> str:
    """Return a sentence with who says it and the wounded that it tells of."""
    wounded = claim.toll("wounded")
    figures = f" [wounded: {_bounds(wounded)}]" if wounded else ""
    return f"{claim.claimant or 'not stated'}: {claim.text}{figures}"


def _bounds(toll: claims.Toll) -> str:
    most = "or more" if toll.max is None else f"to {toll.max}"
    return str(toll.min) if toll.min == toll.max else f"{toll.min} {most}"


def _main_day(found: list[claims.ParsedClaim]) -> dt.date | None:
    """Return the day of most claims; of equals the one that the text names first."""
    days = Counter(claim.event_date for claim in found if claim.event_date)
    return days.most_common(1)[0][0] if days else None


def _time(own: list[claims.ParsedClaim]) -> Iterator[str]:
    times = [when.time for claim in own for when in claim.dates if when.time]
    if times:
        yield f"time: {_quoted(times[0])}"


def _told_once(own: list[claims.ParsedClaim]) -> list[list[claims.ParsedClaim]]:
    """Return the claims, each with those that tell the same again in the other script.

    The same day, units and figures: one raid in English and in Dari is one claim.
    """
    told: list[list[claims.ParsedClaim]] = []
    for claim in own:
        script, said = _is_latin(claim), _said(claim)
        first = next(
            (each for each in told if _said(each[0]) == said and _is_latin(each[0]) != script), None
        )
        if first is not None and all(_is_latin(again) == script for again in first[1:]):
            first.append(claim)
        else:
            told.append([claim])
    return told


def _said(claim: claims.ParsedClaim) -> tuple[object, ...]:
    tolls = [claim.toll(outcome) for outcome in ("killed", "captured")]
    figures = tuple(toll and (toll.min, toll.max) for toll in tolls)
    named = (place.candidates[0].id for place in claim.event_places if place.candidates)
    units = frozenset(_sure(claim.event_places)) or frozenset(named)
    return claim.event_date, units, figures


def _is_latin(claim: claims.ParsedClaim) -> bool:
    letters = [character for character in claim.text if character.isalpha()]
    return 2 * sum(letter < "\u0370" for letter in letters) > len(letters)


def _claim(claim: claims.ParsedClaim, again: Sequence[claims.ParsedClaim]) -> Iterator[str]:
    """Yield the lines of one claim, what is doubtful as comments above its field."""
    who = _cut(claim.claimant or "Not stated")
    yield f"  - claimant: {_quoted(who)}" + (
        "" if claim.claimant else "  # the sentence names nobody"
    )
    if claim.hedges:
        hedges = ", ".join(text for text, _ in claim.hedges)
        yield _comment(f"hedged: {hedges}")
    if claim.date_from != "stated":
        yield _comment(f"the day is {_DATED[claim.date_from]}")
    yield from _place(claim)
    for outcome in ("killed", "captured"):
        toll = claim.toll(outcome)
        if toll:
            most = "" if toll.max is None else f", max: {toll.max}"
            doubt = "  # about" if toll.about else ""
            yield f"    {outcome}: {{min: {toll.min}{most}}}{doubt}"
    if wounded := claim.toll("wounded"):
        yield _comment(f"wounded: {_bounds(wounded)}, for the summary")
    for left in claim.unresolved:
        yield _comment(f"open: “{left.text}”: {left.why}")
    for each in again:
        who = f", by {each.claimant}" if each.claimant else ""
        yield _comment(f"told again in another language{who}: {each.text}")
    yield "    # In the text's words; put it into yours."
    yield f"    says: {_quoted(_cut(claim.text))}"
    yield "    source: text"


_DATED = {
    None: "not stated",
    "unclear": "not clear",
    "published": "told from the day of publication",
    "report": "that of the report",
    "earlier": "that of the event told before",
}


def _place(claim: claims.ParsedClaim) -> Iterator[str]:
    places = claim.event_places
    if not places:
        return
    # A unit can be judged by; a neighbourhood beside it stays as a comment.
    leading = next((place for place in places if _sure([place])), places[0])
    group = [place for place in places if place.group == leading.group]
    start, end = group[0].span.start, group[-1].span.end
    start, end = start - claim.span.start, end - claim.span.start
    words = claim.text[start:end]
    if words.count("(") > words.count(")") and claim.text[end : end + 1] == ")":
        words += ")"  # "Kart-e Naw (PD-8)"
    yield f"    place: {_quoted(_cut(words))}"
    yield f"    codes: [{', '.join(_sure(group))}]"
    yield from (_comment(doubt) for place in group if (doubt := _doubt(place)))
    for overlap in claim.agreement:
        if overlap.disjoint:
            yield _comment(f"{overlap.a} and {overlap.b} do not overlap")
    known = set(_sure(group))
    for place in places:
        if place.group != leading.group and place.code not in known:
            known |= {place.code} if place.code else set()
            yield _comment(f"it also names “{place.text}” ({place.code or 'no unit'})")
    if claim.same_place_as:
        yield _comment(f"same_place_as: the id of the case meant by “{claim.same_place_as.text}”")


def _sure(group: Sequence[claims.Place]) -> tuple[str, ...]:
    """Return the codes of the units that are meant, without the province that holds another."""
    sure = [place.code for place in group if place.code and place.kind != "area"]
    told = {code[:4] for code in sure if len(code) == 6} | (
        {"AF01"} if any("-KBL-" in code for code in sure) else set()
    )
    return tuple(code for code in dict.fromkeys(sure) if code not in told)


def _doubt(place: claims.Place) -> str:
    """Return what is to be known of a place that is no one unit; else nothing."""
    if place.kind == "area" and place.code:
        return f"“{place.text}”: perhaps {place.code}; an area has no line of its own"
    if len(place.senses) > 1:
        names = " or ".join(f"{unit_name(code)} ({code})" for code in place.senses)
        return f"“{place.text}” can be {names}"
    if not place.senses:
        known = ", ".join(dict.fromkeys(each.name for each in place.candidates[:3]))
        return f"“{place.text}” is no unit; perhaps {known or 'nothing known'}"
    return ""


def _day(claim: claims.ParsedClaim) -> str:
    if claim.period:
        return f"{claim.period[0]} to {claim.period[1]}"
    return claim.event_date.isoformat() if claim.event_date else "no day"


def _cut(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 2000 else words[:1999] + "…"


def _quoted(text: str) -> str:
    """Return a JSON string, which is a YAML string too, with nothing invisible in it."""
    raw = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in raw)


def _comment(text: str, indent: str = "    ") -> str:
    """Return a text as comment lines: nothing in it can end them."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return textwrap.fill(
        words, 98, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}#   ",
        break_long_words=True, break_on_hyphens=False,
    )  # fmt: skip
