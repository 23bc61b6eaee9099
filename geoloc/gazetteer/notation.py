"""Police districts as people write them: nahia and hawza, numbers and number words, lists.

A number is read exactly, one mention for each. A nahia is a municipal district, a hawza an area of
the police; they are numbered alike and are not the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from geoloc.errors import PlaceError
from geoloc.gazetteer.numerals import cardinals, listed, ordinals
from geoloc.gazetteer.text import Span, Text, Token
from geoloc.gazetteer.units import POLICE_DISTRICTS, no_police_district, numbered_unit

System = Literal["nahia", "hawza"]


@dataclass(frozen=True, slots=True)
class Mention:
    """One police district named by its number."""

    text: str
    span: Span  # in the original text
    plain: Span  # in the plain text
    number: int
    system: System
    code: str | None  # None where no such unit is known
    why: str = ""  # and then the reason


def mentions(text: Text | str) -> tuple[Mention, ...]:
    """Return every police district that a text names by number, in the order of the text.

    Parameters
    ----------
    text : Text or str
        English, Dari or Pashto: `PD22`, `P.D. 22`, `22nd police district`, `district 22 of Kabul`,
        `ناحیه بیست و دوم`, `دوه ویشتمه ناحیه`, `حوزه ۱۵ امنیتی`, `PDs 11, 15 and 17`, `PD11-PD13`.

    Returns
    -------
    tuple of Mention
        One for each number; those that a range implies have the span of the whole range. A number
        beside 1 to 22, or a hawza of which no source says where it lies, has no code.
    """
    text = Text(text) if isinstance(text, str) else text
    return tuple(_mentions(text))


def police_district(text: str) -> str | None:
    """Return the code of a police district written as a number, or None if it is not one.

    Any notation of `mentions`, alone or `of Kabul`. A police hawza is another system; where the
    sources give it its nahia's number, that is meant.

    Raises
    ------
    PlaceError
        If the text is meant for a police district and its number is none of 1 to 22, or it names
        several.
    """
    read = Text(text.strip()[:200])
    found = mentions(read)
    if found and _BEGINS.fullmatch(read.plain, 0, found[0].plain.start):
        if len(found) == 1 and _ENDS.fullmatch(read.plain, found[0].plain.end):
            return numbered_unit(found[0].number, found[0].system)
        raise no_police_district(text)
    if counted := _NUMBER_FIRST.fullmatch(read.plain):
        if _PLURAL.search(counted["nahia"] or counted["hawza"]):
            raise no_police_district(text)
        return numbered_unit(int(counted["number"]), _system(counted))
    if _MEANT_FOR_ONE.match(read.plain):
        raise no_police_district(text)
    return None


def written_code(text: str) -> str | None:
    """Return the code that a text is: a unit's own, or a police district's number; else None.

    Raises
    ------
    PlaceError
        If the text is a police district with an impossible number.
    """
    code = text.strip().upper()
    if re.fullmatch(r"AF\d{2}(?:\d{2})?|AF-KBL-PD\d{1,2}", code):
        return code
    return police_district(text)


_NAHIA = (
    r"p\.\s?d\.?s?|pds?|police[ -]districts?|municipal[ -]districts?"
    r"|nah(?:iy?ah?|iyeh)s?(?:[ -](?:ye|e|i)(?=\s))?"
    r"|نواحی|ناحیه(?:\s?های?)?(?:\s?ی)?|ناحیی|ناحیو"
)
_HAWZA = (
    r"(?:police[ -]|security[ -])?(?:hawzah?s?|hauzas?)|security[ -]districts?"
    r"|(?:امنیتی\s|پولیس\s)?(?:حوزه(?:\s?های?)?(?:\s?ی)?|حوزی|حوزو)(?:\s(?:امنیتی|پولیس))?"
)
_WORD = rf"(?:(?P<nahia>{_NAHIA})|(?P<hawza>{_HAWZA}))"
# `PD22` and `ناحیه ۲۲` join the word and the number; `rapid 2` and `updates 3` hold no such word.
_BEFORE = re.compile(
    rf"(?<![^\W\d_]){_WORD}(?=[\W\d])(?:\s?\(p\.?ds?\.?\))?[ .:#(-]{{0,3}}(?:no\.?|numbers?)?[ #]?"
)
_DISTRICT = re.compile(r"\b(?P<district>districts?)[ #-]{1,2}(?:no\.?\s?|number\s)?(?=\w)")
_OF_KABUL = re.compile(r"[, ]{1,2}(?:(?:of|in)\s(?:the\scity\sof\s)?)?kabul\b")
_KABUL_S = re.compile(r"\bkabul(?:\scity)?(?:'s)?\s$")
_AFTER = re.compile(
    rf"\s?(?:st|nd|rd|th|مه|می|م|ام)?\s?{_WORD}(?![^\W\d_])|\s(?P<district>districts?)\b"
)
_JOINT = re.compile(r"(?:\s?,\s?(?:and|or|و|او)?|\s?[/&]|\s(?:and|or|as well as|و|او|یا)(?=\s))\s?")
_RANGE = re.compile(r"\s?-\s?|\s(?:to|through|till|until|تا|تر|الی)\s")
_SUFFIX = re.compile(r"\s?(?:st|nd|rd|th|مه|می|م|ام)(?![^\W\d_])")
_DIGITS = re.compile(r"\d{1,6}(?![\d])(?![.,:]\d)")
_NEXT_WORDS = re.compile(r"\s?([^\W\d_]+)(?:\s(?:been\s|also\s|both\s|then\s)*([^\W\d_]+))?")
_PLURAL = re.compile(r"s$|نواحی|های|ناحیو|حوزو")
# Around the one police district that a text is.
_BEGINS = re.compile(
    r"(?:the\s|in\s|په\s|در\s|د\s(?:کابل\s)?(?:ښار\s)?(?:د\s|په\s)?|(?:شهر\s)?کابل(?:\s?,\s?|\s)"
    r"|kabul(?:\scity)?(?:'s)?(?:\s?,\s?|\s))*"
)
_ENDS = re.compile(
    r"(?:[, ]{1,2}(?:(?:of|in)\s)?(?:the\scity\sof\s)?kabul(?:\scity)?"
    r"|\s(?:شهر|کابل|کی|امنیتی|پولیس)(?!\w))*"
)
# In a sentence that would count districts.
_NUMBER_FIRST = re.compile(rf"(?P<number>\d{{1,2}})\s{_WORD}")
# Whatever else begins so and holds a number is meant for one, and is never matched by likeness.
_MEANT_FOR_ONE = re.compile(rf"{_WORD}\W{{0,5}}(?:no\.?\s?)?\d")


def _mentions(text: Text) -> Iterator[Mention]:
    told = 0  # up to here the text has been read
    for start, end, kind, plural, first in _openings(text):
        if start < told:
            continue
        for mention in _list(text, start, end, kind, plural, first):
            yield mention
            told = max(told, mention.plain.end)


def _openings(text: Text) -> list[tuple[int, int, System, bool, int]]:
    """Return where the first number of each mention begins and ends, and its system and value."""
    found = []
    for match in _BEFORE.finditer(text.plain):
        read = _number(text, match.end())
        if read:
            plural = bool(_PLURAL.search(match["nahia"] or match["hawza"]))
            found.append((match.start(), read[0], _system(match), plural, read[1]))
    for match in _DISTRICT.finditer(text.plain):
        read = _number(text, match.end())
        if read and _in_kabul(text, match.start(), read[0]):
            found.append(
                (match.start(), read[0], "nahia", match["district"] != "district", read[1])
            )
    systems: dict[int, System] = {}  # by where an ordinal of a list begins: "11th and 15th nahia"
    for start, end, value in sorted(_ordinals(text), reverse=True):
        after = _AFTER.match(text.plain, end)
        joint = _JOINT.match(text.plain, end)
        if after and not (after["district"] and not _in_kabul(text, start, after.end())):
            systems[start], stop = _system(after), after.end()
        elif joint and joint.end() in systems:
            systems[start], stop = systems[joint.end()], end
        else:
            continue
        found.append((start, stop, systems[start], False, value))
    return sorted(found, key=lambda each: (each[0], -each[1]))


def _system(match: re.Match[str]) -> System:
    return "hawza" if match.groupdict().get("hawza") else "nahia"


def _in_kabul(text: Text, start: int, end: int) -> bool:
    return bool(
        _OF_KABUL.match(text.plain, end) or _KABUL_S.search(text.plain[max(0, start - 16) : start])
    )


def _number(text: Text, at: int) -> tuple[int, int] | None:
    """Return where a number that begins at `at` ends, and its value; words are read too."""
    if digits := _DIGITS.match(text.plain, at):
        suffix = _SUFFIX.match(text.plain, digits.end())
        return (suffix or digits).end(), int(digits[0])
    tokens = text.tokens_in(Span(at, at + 40))
    if not tokens or tokens[0].span.start != at:
        return None
    for table in (ordinals(), cardinals()):
        if read := table.at(tokens, 0):
            return tokens[read[0] - 1].span.end, int(read[1])
    return None


_ORDINAL_DIGITS = re.compile(
    r"(?<![\d.,:])(\d{1,6})(?:\s?(?:st|nd|rd|th)\b|\s?(?:مه|می|م|ام)(?=\s))"
)


def _ordinals(text: Text) -> Iterator[tuple[int, int, int]]:
    """Yield each ordinal number; a bare one before `districts` only counts them."""
    for match in _ORDINAL_DIGITS.finditer(text.plain):
        yield match.start(), match.end(), int(match[1])
    for place, length, value in _ordinal_words(text.tokens):
        yield text.tokens[place].span.start, text.tokens[place + length - 1].span.end, value


def _ordinal_words(tokens: tuple[Token, ...]) -> Iterator[tuple[int, int, int]]:
    for place, length, value in ordinals().all_in(tokens):
        yield place, length, int(value)


def _list(
    text: Text, start: int, end: int, system: System, plural: bool, value: int
) -> Iterator[Mention]:
    """Yield a number and what follows it in its list or range."""
    yield _mention(text, Span(start, end), value, system)
    while True:
        ranged = _RANGE.match(text.plain, end)
        joint = None if ranged else _JOINT.match(text.plain, end)
        opening = ranged or joint
        if opening is None:
            return
        word = _BEFORE.match(text.plain, opening.end())
        read = _number(text, word.end() if word else opening.end())
        if read is None or not (word or _goes_on(text, opening, read, plural=plural)):
            return
        begin = (word or opening).start() if word else opening.end()
        if word:
            system = _system(word)
        is_range = ranged and (plural or ranged[0].strip() == "-" or ranged[0].strip() in _UNTIL)
        if is_range and value < read[1] <= POLICE_DISTRICTS[-1]:
            whole = Span(start, read[0])
            for between in range(value + 1, read[1]):
                yield _mention(text, whole, between, system)
        yield _mention(text, Span(begin, read[0]), read[1], system)
        start, end, value = begin, read[0], read[1]


_UNTIL = {"through", "تا", "الی", "تر"}


def _goes_on(text: Text, opening: re.Match[str], read: tuple[int, int], *, plural: bool) -> bool:
    """Return whether a bare number belongs to the list: not in "PD 11, 15 people were killed"."""
    if text.plain[opening.start() - 1].isdigit() and _counts(text, opening.end()):
        return False  # "PDs 3 and 4, and five in PD 9"
    following = _NEXT_WORDS.match(text.plain, read[0])
    if following is None or _OF_KABUL.match(text.plain, read[0]):
        return True
    if following[1] in _WERE:  # raided, as places are, or killed, as people are
        return following[2] in listed("befalls_places")
    if following[1] == "in" and _BEFORE.match(text.plain, following.start(2)):
        return False  # "PDs 3 and 4, and 5 in PD 9"
    if plural:
        return following[1] not in listed("counted")
    return following[1] in listed("may_follow") and opening[0].strip() != "to"


_WERE = frozenset({"was", "were", "are", "have", "had"})


def _counts(text: Text, at: int) -> bool:
    """Return whether a number is written as people are counted: `three`, not `3` or `سوم`."""
    if text.plain[at].isdigit() or not (tokens := text.tokens_in(Span(at, at + 40))):
        return False
    return tokens[0].text.isascii() or ordinals().at(tokens, 0) is None


def _mention(text: Text, span: Span, number: int, system: System) -> Mention:
    code, why = _code(number, system)
    return Mention(text.words(span), text.original_span(span), span, number, system, code, why)


@lru_cache(maxsize=256)
def _code(number: int, system: System) -> tuple[str | None, str]:
    try:
        return numbered_unit(number, system), ""
    except PlaceError as error:
        return None, str(error)
