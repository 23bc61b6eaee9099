"""What a sentence says did not happen: denied, called false, or negated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from geoloc.claims.places import Place
from geoloc.claims.tolls import Toll
from geoloc.gazetteer.text import Span, Text, Unresolved

_EVENT = (
    r"(?:\b(?:raid|operation|attack|explosion|blast|clash|bombing|airstrike|incident|shooting"
    r"|gunfight|firefight|assault|ambush)(?:es|s)?\b"
    r"|(?<!\w)(?:عملیات|حمل|انفجار|درگیری|رویداد|حادثه|یورش|برید|چاودن|نښت)\w*)"
)
_NOT = r"(?:\bnot|\bnever|n't)\s(?:(?:actually|really|even|ever|yet|been|being|be|have)\s){0,3}"
_HAPPENED = (
    r"\b(?:was|were|took|hit|struck|shook|rocked|occurred|happened|killed)\b"
    r"|(?<!\w)(?:شدند?|بودند?|وشو\w*|شول?)(?!\w)"
)
_HARMED = r"(?:kill|arrest|captur|detain|wound|injur|shot|shoot|martyr|die|dead)\w*"
_RAIDED = r"(?:raid|attack|target|hit|struck|strike|bomb|search|storm|blown)\w*"
_TOLD = r"(?:claims?|reports?|allegations?|rumou?rs?|accounts?|news|suggestions?)"
_UNTRUE = r"(?:false|untrue|fake|incorrect|baseless|unfounded|fabricated|a\slie|lies|propaganda)"
_WRONGLY = r"wrongly|mistakenly|erroneously|falsely|incorrectly"
_PLACED = r"(?:reported|said|put|placed|located|believed|thought)"

# `before` and `after` the words; `around` them, in the clause; `part`: up to the next comma behind
# them; `own`: the same as around, but without what was told before the last comma.
Reach = Literal["before", "after", "around", "part", "own"]
# Which side of the words is denied, and whether what they take for granted is spared: nobody was
# killed "in the raid in PD5", and still there was a raid.
_RULES: tuple[tuple[Reach, bool, str], ...] = (
    ("after", False, r"\b(?:den(?:y|ies|ied|ying)|refut(?:es?|ed|ing))\b(?!\s(?:any\s|all\s)?"
     r"(?:responsib|involve|role|part\b|knowledge|entry|access|bail|by\b|(?:it|this|them)\s?,))"),
    ("before", False, r"\bdenied\sby\b|\b(?:was|were|been|is|are)\s(?:\w+ly\s)?denied\b(?!\s\w)"),
    ("after", False, rf"\b(?:reject|dismiss)(?:s|es|ed|ing)?\s(?:the\s|all\s|such\s)?{_TOLD}\b"),
    ("after", False, rf"\b(?:false|untrue|fake)\s{_TOLD}\b|\bno\struth\b"),
    ("part", False, rf"\bcontrary\sto\s(?:\w+\s){{0,2}}?{_TOLD}\b"
     r"|(?<!\w)بر\s?خلاف\s(?:گزارش|خبر|ادعا)"),
    ("part", False, rf"\b(?:{_WRONGLY})\s{_PLACED}\b"
     rf"|\b(?:first|initially|originally|previously|earlier)\s{_PLACED}\b"
     r"(?=[^.;]*\b(?:but|actually|in\sfact|turned\sout|corrected)\b)"),
    ("after", False, r"\b(?:no|without)\s(?:\w+\s){0,2}?(?:evidence|sign|proof)s?\s(?:of|that)\b"),
    ("after", False, r"\bnot\s(?:true|correct|the\scase)\sthat\b"),
    ("around", False, rf"(?<!not\s)\b(?:is|are|was|were|be|been|as|proved)\s(?:\w+ly\s)?{_UNTRUE}\b"
     r"|\bnot\s(?:true|correct|the\scase)\b(?!\sthat)"),
    ("around", False, rf"{_NOT}(?:(?:take|taken|took)\splace|occur|happen)\w*"),
    ("own", False, rf"\b(?:was|were|is|are|been)(?:\s(?:not|never)|n't)\s(?:been\s)?(?:{_RAIDED}"
     r"|carried\sout|conducted|launched)\b"),
    ("around", True, rf"\bno\s(?:[\w-]+\s){{0,3}}?{_EVENT}"),
    ("after", False, rf"\bneither\s(?:the\s|a\s|any\s)?(?:\w+\s)?{_EVENT}"),
    ("after", True, rf"(?!not\sonly){_NOT}(?:{_RAIDED}|{_HARMED})"),
    ("after", True, rf"\b(?:nobody|no\sone|none)\s(?:\w+\s){{0,3}}?{_HARMED}"),
    ("part", True, rf"\bno\s(?:[\w-]+\s){{1,2}}?(?:was|were|has|have|had)\s(?:been\s)?{_HARMED}"),
    # The verb stands at the end of what it denies.
    ("around", False, r"تکذیب|(?<!\w)رد\s(?:کرد|کړ|می)|نادرست|بی\s(?:اساس|بنیاد)|بی\sبنسټه|دروغ"
     r"|(?:حقیقت|صحت|واقعیت)\s(?:ندار|نداشت|نه\sلری)|درست\sنیست|سم\sنه\sد[یه]"),
    ("around", False, r"(?<!\w)(?:رخ|روی)\sن(?:داد|می)\w*|(?<!\w)(?:انجام|صورت|اتفاق|عملی|اجرا)\s"
     r"ن(?:شد|گرفت|یفتاد|می)\w*|پیښ\w*\sنه|ترسره\sنه"),
    ("around", False, rf"(?<!\w)هی[چڅ]\s(?:گونه\s|ډول\s|نوع\s)?{_EVENT}"),
    ("own", False, rf"{_EVENT}\s(?:نه\sد[یه]\s(?:شو|رامنځته|پیښ|تر\sسره)\w*|(?:ونه|نه)\sشو\w*"
     r"|نه\sو[هو]?(?!\w)|ن(?:شد|شده|بود|بوده)(?!\w))"),
    ("around", True, r"(?:کشته|زخمی|بازداشت|دستگیر|گرفتار|اسیر|شهید)\sن(?:شد|می)\w*"
     r"|(?<!\w)نه\sد[یه]\s(?:وژل|نیول|شو)\w*|(?<!\w)ونه\s(?:شو|وژل|نیول)\w*"),
)  # fmt: skip
_READ = tuple((reach, spared, re.compile(pattern)) for reach, spared, pattern in _RULES)
_TURN = re.compile(
    r"[;:]|\b(?:but|while|whereas|although|however)\b|,\s(?:and|or)\b"
    r"|,?\s(?:saying|adding|insisting|stating|stressing|claiming)\b"
    r"|\band\s(?:instead\s)?(?:said|says|claimed|claims|added|adds|insisted|stated|told|put)\b"
    r"|(?<!\w)(?:بلکه|بلکی|اما|ولی|خو|مگر)(?!\w)"
    r"|(?<!\w)(?:و|او)\s(?:گفت|گفتند|گفته|افزود|افزودند|ویی|وویل|ویلی|زیاته)(?!\w)"
)
_THAT = re.compile(r"\b(?:that|said|says)\b|(?<!\w)(?:که|چی)(?!\w)")
_GRANTED = re.compile(
    rf"\b(?:in|during|after|following|from|of)\s(?:the|a|an|this|that|these|those|last)\s"
    rf"(?:[\w-]+\s){{0,3}}?{_EVENT}"
)
# Right before a place, and right behind it.
_NOT_THERE = re.compile(
    r"(?:(?:\bnot|n't|\b(?:nor|neither|never|rather\sthan|instead\sof|unlike|as\sopposed\sto))\s"
    r"(?:(?:in|at|near|inside|from|on)\s)?"
    r"|(?<!\w)(?:نه|بر\s?خلاف)\s(?:در\s|په\s|به\s)|(?<!\w)بر\s?خلاف\s)(?:the\s)?$"
)
_NOR = re.compile(r"\s(?:or|nor|یا)\s(?:(?:in|at|near|در|په)\s)?(?:the\s)?$")
_NO_BEHIND = re.compile(
    r"\s(?:کی\s)?نه\s?(?:,|بلکی|بلکه)|\s(?:کی\s)?نه\s(?:و|وه|وو|دی|ده)\s?(?:,|;|بلکی|خو|$)"
    r"|\s(?:نبود|نیست|نبوده)(?!\w)|\s(?:was|is|were)(?:\snot|n't)(?:\s?(?:[,.;:]|$)"
    r"|\sthe\s(?:site|scene|place|location|target)\b)"
)


def without_denied(
    text: Text, clause: Span, places: tuple[Place, ...], tolls: tuple[Toll, ...]
) -> tuple[tuple[Place, ...], tuple[Toll, ...], tuple[Unresolved, ...]]:
    """Return places and tolls without those that a clause denies, and these as unresolved.

    A denied place becomes a mere mention; a toll of nobody says that there was none, and stays.
    """
    spans = tuple(_denied(text.plain, clause))
    left: list[Unresolved] = []
    kept_places: list[Place] = []
    for place in places:
        before = kept_places[-1] if kept_places else None
        if place.role != "source" and (
            any(span.holds(place.plain) for span in spans)
            or _not_there(text.plain, clause, place, before)
        ):
            left.append(Unresolved(place.text, place.span, "denied"))
            place = replace(place, role="mention", why="denied")
        kept_places.append(place)
    kept_tolls = []
    for toll in tolls:
        if toll.max != 0 and any(span.meets(toll.plain) for span in spans):
            left.append(Unresolved(toll.text, toll.span, f"{toll.outcome}: denied"))
        else:
            kept_tolls.append(toll)
    return tuple(kept_places), tuple(kept_tolls), tuple(left)


def is_denied_day(text: Text, clause: Span, day: Span) -> bool:
    """Return whether `not on` stands before a day."""
    return bool(_NOT_THERE.search(text.plain[max(clause.start, day.start - 24) : day.start]))


def _denied(plain: str, clause: Span) -> Iterator[Span]:
    """Yield the parts of a clause that are denied."""
    for reach, spared, pattern in _READ:
        for match in pattern.finditer(plain, clause.start, clause.end):
            start, end = match.start(), match.end()
            if reach != "before":
                end = _first(_TURN, plain, end, clause.end)
            if reach in ("around", "own"):  # "denied that … and that …" denies both
                end = _first(_AND_THAT, plain, match.end(), end)
            if reach == "part":
                end = _first(_COMMA, plain, match.end(), end)
            if reach in ("before", "around", "own"):
                start = _last(plain, clause.start, start)
            if reach == "own":
                start = _behind_told(plain, start, match.start())
            if spared and (granted := _GRANTED.search(plain, match.end(), end)):
                end = granted.start()
            if spared and re.search(_EVENT, plain[start : match.start()]):
                start = match.start()
            yield Span(start, end)


_COMMA = re.compile(r",")
_AND_THAT = re.compile(r"\band\sthat\b")
_JOINT = re.compile(r",|\s(?:and|و|او)\s")


def _behind_told(plain: str, start: int, end: int) -> int:
    """Return where words begin behind the last `and` or comma before which an event is told."""
    for comma in _JOINT.finditer(plain, start, end):
        if re.search(_HAPPENED, plain[start : comma.start()]):
            start = comma.end()
    return start


def _first(pattern: re.Pattern[str], plain: str, start: int, end: int) -> int:
    found = pattern.search(plain, start, end)
    return found.start() if found else end


def _last(plain: str, start: int, end: int) -> int:
    """Return where the words begin that a denial at `end` is about."""
    for pattern in (_TURN, _THAT):
        for found in pattern.finditer(plain, start, end):
            start = found.end()
    return start


def _not_there(plain: str, clause: Span, place: Place, before: Place | None) -> bool:
    """Return whether `not in`, or in Pashto a `نه` behind it, says that it was elsewhere."""
    lead = plain[max(clause.start, place.plain.start - 24) : place.plain.start]
    if _NOT_THERE.search(lead) or _NO_BEHIND.match(plain, place.plain.end):
        return True
    linked = (
        before is not None
        and before.why == "denied"
        and _NOR.fullmatch(plain[before.plain.end : place.plain.start])
    )
    return bool(linked)
