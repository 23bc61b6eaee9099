"""How many people were killed, captured or wounded, or lay dead, as a sentence says."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise, takewhile

from geoloc.claims.asides import is_capital, outcome_words, without_asides
from geoloc.claims.dates import dates
from geoloc.claims.names import begins_a_name, known_by
from geoloc.claims.numbers import UNCLEAR, Number, numbers, value_at
from geoloc.claims.vocabulary import vocabulary, words_of
from geoloc.gazetteer.notation import mentions
from geoloc.gazetteer.text import Phrases, Span, Text, Token, Unresolved, phrase

_FARTHEST = 9  # words between a number and what befell the people
_ADDRESS = re.compile(r"(?:https?://|www\.|\bt\.me/)\S+")  # the number of a post
OUTCOMES = ("killed", "captured", "wounded", "bodies")


@dataclass(frozen=True, slots=True)
class Toll:
    """A number of people and what befell them."""

    outcome: str  # killed, captured, wounded or bodies
    min: int
    max: int | None  # None where no upper figure was given
    text: str
    span: Span  # in the original text
    plain: Span
    about: bool = False


def tolls(
    text: Text, sentence: Span, masked: list[Span]
) -> tuple[tuple[Toll, ...], tuple[Unresolved, ...]]:
    """Return the numbers of people in a sentence, and those that are said without a number.

    Parameters
    ----------
    text : Text
    sentence : Span
        In the plain text.
    masked : list of Span
        Dates and police districts, whose numbers are none of people.
    """
    tokens = without_asides(text, text.tokens_in(sentence))
    counted, things = _sorted_numbers(text, sentence, tokens, masked)
    found: list[Toll] = []
    unsaid: list[Unresolved] = []
    used: set[Number] = set()
    for place, length, outcome in outcome_words().all_in(tokens):
        end = place + length
        if (nobody := _nobody(tokens, place, end)) is not None:
            found.append(_toll(text, tokens, outcome, nobody, Number(*nobody, nobody[1], 0, 0)))
            continue
        chosen = [n for n in _told(tokens, counted, things, place, end, outcome) if n not in used]
        either, shared = _either(tokens, counted, place, end, outcome)
        chosen += [n for n in shared if n not in chosen]
        if not chosen:
            continue
        used.update(chosen)
        whole = min(place, *(n.first for n in chosen)), max(end, *(n.end for n in chosen))
        said = [n for n in chosen if n.least is not None and not either]
        if said:
            apart = any(t.text == "," for t in tokens[max(n.end for n in said) : place])
            number = _with_others(tokens, _sum(tokens, said, apart=apart), said, place, end)
            found.append(_toll(text, tokens, outcome, whole, number))
        for number in chosen:
            which = "how many of each" if " and " in either else "which"
            why = f"{which}, is not said" if either else number.why
            if either or number.least is None:
                unsaid.append(_left_open(text, tokens, whole, f"{either or outcome}: {why}"))
    return tuple(found), tuple(unsaid)


def _sorted_numbers(
    text: Text, sentence: Span, tokens: tuple[Token, ...], masked: list[Span]
) -> tuple[list[Number], list[Number]]:
    """Return the numbers that can count people, and those that count things."""
    counted: list[Number] = []
    things: list[Number] = []
    addresses = [Span(*match.span()) for match in _ADDRESS.finditer(text.plain, *sentence)]
    for number in numbers(tokens, [*masked, *addresses]):
        if _of_things(tokens, number):
            things.append(number)
        elif not _in_a_name(text, tokens, number, masked):
            counted.append(number)
    return counted, things


def _toll(
    text: Text, tokens: tuple[Token, ...], outcome: str, whole: tuple[int, int], number: Number
) -> Toll:
    span = Span(tokens[whole[0]].span.start, tokens[whole[1] - 1].span.end)
    words, where = text.words(span), text.original_span(span)
    return Toll(outcome, number.least or 0, number.most, words, where, span, number.about)


def _left_open(
    text: Text, tokens: tuple[Token, ...], whole: tuple[int, int], why: str
) -> Unresolved:
    span = Span(tokens[whole[0]].span.start, tokens[whole[1] - 1].span.end)
    return Unresolved(text.words(span), text.original_span(span), why)


def tolls_in(text: str) -> tuple[Toll, ...]:
    """Return the numbers of people killed, captured, wounded or seen dead, in a short text."""
    read = Text(text)
    dated, undated = dates(read, None)
    masked = [*(when.plain for when in dated), *read.plain_spans(undated)]
    masked += [each.plain for each in mentions(read)]
    return tuple(toll for each in read.sentences for toll in tolls(read, each, masked)[0])


def _nobody(tokens: tuple[Token, ...], start: int, end: int) -> tuple[int, int] | None:
    """Return the tokens that say an outcome of nobody: none, which is 0."""
    place = start - 1
    while place >= 0 and start - place < 8 and _is_passed_over(tokens, place):
        place -= 1
    if place >= 0 and (first := _names_nobody(tokens, place)) is not None:
        return first, end
    after = [token.text for token in tokens[end : end + 2]]
    if place >= 0 and tokens[place].text == "کسی" and after[:1] in (["نشد"], ["نشده"]):
        return place, end
    # The participle adds it to an event that is told: "a raid hit PD5, killing nobody".
    verb = not tokens[end - 1].text.endswith("ing")
    if verb and (after[:1] in (["nobody"], ["none"]) or after == ["no", "one"]):
        return start, end + (2 if after[0] == "no" else 1)
    return _not_one(tokens, start, end)


def _not_one(tokens: tuple[Token, ...], start: int, end: int) -> tuple[int, int] | None:
    """Return the tokens of `not a single man was killed` or `هیچ یک از آنان کشته نشد`."""
    people = words_of("people", "one") | words_of("people", "counters") | _PEOPLE | {"of"}
    for behind in range(start, max(start - _FARTHEST, 0), -1):
        if found := _not_one_words().before(tokens, behind):
            who = {token.text for token in tokens[behind : behind + 3]}
            english = tokens[behind - 1].text.isascii()
            sure = bool(people & who) if english else _is_negated(tokens, start, end)
            return (behind - found[0], end) if sure and _is_open(tokens, behind, start) else None
        if (
            value_at(tokens, behind - 1)
            and not {t.text for t in tokens[behind - 2 : behind]} & _NONE
        ):
            return None
    return None


_NONE = frozenset(("of", "the", "not", "even", "single", *phrase("هیچ هیڅ حتی ان نه")))


@lru_cache(maxsize=1)
def _not_one_words() -> Phrases:
    return Phrases((words, True) for words in vocabulary()["people"]["not_one"])


def _is_negated(tokens: tuple[Token, ...], start: int, end: int) -> bool:
    """Return whether the verb of a Dari or Pashto outcome is: `کشته نشد`, `نه دي وژل شوي`."""
    around = [token.text for token in (*tokens[max(0, start - 2) : start], *tokens[end : end + 3])]
    return any(text in _NEGATIONS for text in around)


_NEGATIONS = frozenset(phrase("نشد نشدند نشده نمی نه ونه"))


def _names_nobody(tokens: tuple[Token, ...], place: int) -> int | None:
    """Return where `nobody`, `no one` or `هیچ کس` begins that ends at a token."""
    text, before = tokens[place].text, tokens[place - 1].text if place else ""
    if text in ("nobody", "none"):
        return place
    if (before == "no" and text in _PEOPLE) or (before == "هیچ" and text in ("کس", "کسی")):
        return place - 1
    return None


# Not `civilians`: where none of them was killed, others may have been.
_PEOPLE = frozenset({"one", "people", "person", "persons"})


def _is_passed_over(tokens: tuple[Token, ...], place: int) -> bool:
    text = tokens[place].text
    return (
        text in words_of("people", "auxiliary")
        or text in ("or", "یا")
        or outcome_words().at(tokens, place) is not None
    )


def _either(
    tokens: tuple[Token, ...],
    counted: list[Number],
    start: int,
    place: int,
    outcome: str,
) -> tuple[str, list[Number]]:
    """Return `killed or captured` where it is left open which, and the number behind the two.

    Of twenty `killed and wounded` nobody says how many were killed; who was captured and killed
    suffered both.
    """
    passive = start > 0 and tokens[start - 1].text in _PASSIVE
    while place < len(tokens) and tokens[place].text in _BECAME:
        place += 1
    joint = place
    while place < len(tokens) and tokens[place].text in _OR | _BOTH:
        place += 1
    if place in (joint, len(tokens)) or (other := outcome_words().at(tokens, place)) is None:
        return "", []
    either = any(token.text in _OR for token in tokens[joint:place])
    mixed = outcome == "killed" or {outcome, other[1]} == {"killed", "wounded"}
    if other[1] == outcome or not (either or (mixed and other[1] != "bodies")):
        return "", []
    own = _behind(tokens, counted, place + other[0])
    if own and passive:
        return "", []  # "ten were killed and wounded five"
    return f"{outcome} {'or' if either else 'and'} {other[1]}", [own] if own else []


_BECAME = frozenset(phrase("شوی شول شو شوه دی ده شده اند شدند شد است"))
_OR = frozenset({"or", "یا", "/"})
_BOTH = frozenset({"and", ",", "و", "او", "were"})


def _sum(tokens: tuple[Token, ...], numbers: list[Number], *, apart: bool) -> Number:
    """Return the sum of numbers, or the first where the rest only says who they were.

    `apart` says that a comma stands before the outcome: `two men, a cook and a guard, were killed`.
    """
    first, *rest = sorted(numbers, key=lambda number: number.start)
    most = [number.most for number in numbers]
    whole = replace(
        first,
        least=sum(number.least or 0 for number in numbers),
        most=None if None in most else sum(value or 0 for value in most),
        about=any(number.about for number in numbers),
    )
    told_again = len(rest) > 1 and first.least == sum(number.least or 0 for number in rest)
    if not told_again or not (apart or any((number.least or 0) > 1 for number in rest)):
        return whole
    if apart or _counts_anybody(tokens, first):
        return replace(first, about=whole.about)  # "eight civilians, five women and three children"
    return replace(whole, least=first.least)  # "3 Taliban, 2 civilians and a child": three or six


def _with_others(
    tokens: tuple[Token, ...], whole: Number, said: list[Number], start: int, end: int
) -> Number:
    """Return a number without its upper end where somebody uncounted is added to it.

    `A boy and his falconer were killed`: a word that is not known can name a person, and the verb
    of one who was killed would be `was`.
    """
    last = max(number.end for number in said)
    behind = last > start
    words = [token.text for token in tokens[last : last + 4 if behind else start]]
    joints = [k for k, word in enumerate(words[:-1]) if word in ("and", "و", "او")]
    if behind:
        joints = [k for k in joints if k < 2]
    joints = [k for k in joints if not _begins_with_things(words[k + 1 :])]
    single = any(tokens[number.first].text in _ARTICLES for number in said)
    more = _WHOSE | (words_of("people", "counters") if single else frozenset())
    whose = any(words[k + 1] in more for k in joints)
    verb = [token.text for token in (*tokens[max(0, start - 2) : start], *tokens[end : end + 2])]
    several = not behind and bool(joints) and whole.most == 1 and bool(_PLURAL & set(verb))
    if not (whose or several):
        return whole
    return replace(whole, least=max(whole.least or 0, 2) if several else whole.least, most=None)


def _begins_with_things(words: list[str]) -> bool:
    """Return whether words begin with a thing, as `his pet dog in Kabul` do."""
    noun = list(takewhile(lambda word: word not in _SMALL, words[:3]))
    return bool((words_of("people", "things") | {"body", "corpse"}) & set(noun))


_WHOSE = frozenset({"his", "her", "their"})
_PLURAL = frozenset(("were", "are", *phrase("شدند اند شول")))


def _counts_anybody(tokens: tuple[Token, ...], number: Number) -> bool:
    """Return whether the word for those counted fits everybody: `people`, `civilians`."""
    noun = [token.text for token in tokens[number.end : number.end + 2]]
    return any(word in words_of("people", "counters") for word in noun)


def _of_things(tokens: tuple[Token, ...], number: Number) -> bool:
    """Return whether a number counts things, or is a year: the noun stands behind its words."""
    figures = tokens[number.start].text.isdecimal()
    if figures and number.least in _YEARS and number.end == number.start + 1:
        return True
    if _is_compound(tokens, number):
        return True
    for place in range(number.end, min(number.end + 5, len(tokens))):
        text = tokens[place].text
        if text in words_of("people", "counters"):
            return False
        if text in words_of("people", "things") or (text in ("%", "$") and place == number.end):
            return True
        if not tokens[place].is_word or text in words_of("people", "auxiliary") or text in _SMALL:
            return False
        if outcome_words().at(tokens, place):
            return False
    return False


def _is_compound(tokens: tuple[Token, ...], number: Number) -> bool:
    """Return whether a hyphen makes a number part of a word: `a 12-man squad`, `four- to`."""
    behind = tokens[number.end - 1 : number.end + 2]
    glued = len(behind) == 3 and behind[0].span.end == behind[1].span.start
    return glued and behind[1].text == "-" and behind[2].is_word


_YEARS = (*range(1300, 1480), *range(1900, 2101))
_SMALL = frozenset(
    {
        "of",
        "in",
        "and",
        "at",
        "on",
        "by",
        "from",
        *phrase("و در په از که را به با او چې کې له ته د"),
    }
)


def _in_a_name(text: Text, tokens: tuple[Token, ...], number: Number, masked: list[Span]) -> bool:
    """Return whether a number is a name's: `Battalion 313`, `Abu Omar 313`, `ده سبز`."""
    if _begins_a_place(text, tokens, number):
        return True
    if number.first != number.start or not number.start:
        return False
    if _numbers_what_follows(text, tokens, number):
        return True
    before = tokens[number.start - 1]
    if before.text == "." and number.start > 1:
        return tokens[number.start - 2].text in ("no", "nr")
    if before.text in words_of("people", "numbered"):
        return _is_numbered(tokens, number)
    if not (before.is_word and tokens[number.start].text.isdecimal() and is_capital(text, before)):
        return False
    if any(span.meets(before.span) for span in masked) or _is_common(tokens, number.start - 1):
        return False
    if (number.least or 0) >= _A_NAMES:
        return True
    after = tokens[number.end : number.end + 1]
    headline = bool(after) and after[0].is_word and is_capital(text, after[0])
    return number.start > 1 and not headline and not _is_placed(tokens, number.start - 1)


def _is_numbered(tokens: tuple[Token, ...], number: Number) -> bool:
    """Return whether a number is of what stands before it: not `at a checkpoint two men died`."""
    before = tokens[number.start - 1].text
    if before.isascii() and not tokens[number.start].text.isdecimal():
        return False
    if number.start > 1 and tokens[number.start - 2].text.isdecimal():
        return False  # "په ۵ نېټه"
    after = tokens[number.end : number.end + 1]
    people = bool(after) and after[0].text in words_of("people", "counters")
    return not people or (number.least or 0) >= _A_NAMES


def _numbers_what_follows(text: Text, tokens: tuple[Token, ...], number: Number) -> bool:
    """Return whether figures stand before what they are the number of: `the 209 Corps`."""
    after = tokens[number.end : number.end + 1]
    if not after or not tokens[number.start].text.isdecimal():
        return False
    named = (number.least or 0) >= _A_NAMES or is_capital(text, after[0])
    return named and after[0].text in words_of("people", "numbered")


_A_NAMES = 100  # "In Herat 12 people", but "in Proja-e 315"


def _begins_a_place(text: Text, tokens: tuple[Token, ...], number: Number) -> bool:
    """Return whether a place is called by a number's words and what follows: `ده سبز`."""
    start = number.start
    if number.end == len(tokens) or tokens[number.end].text in words_of("people", "counters"):
        return False
    if not (tokens[start].is_word and begins_a_name(tokens[start].text)):
        return False
    last = min(number.end + 3, len(tokens))
    ends = (tokens[k].span.end for k in range(number.end, last) if tokens[k].is_word)
    begin = tokens[start].span.start
    return any(known_by(text.plain[begin:end]) is not None for end in ends)


def _is_common(tokens: tuple[Token, ...], place: int) -> bool:
    """Return whether a word with a capital letter is no name: `The 5 men`, `Killed 5`."""
    text = tokens[place].text
    common = words_of("people", "auxiliary") | words_of("people", "stop") | _SMALL | _TO_NUMBER
    return text in common or outcome_words().at(tokens, place) is not None


def _is_placed(tokens: tuple[Token, ...], place: int) -> bool:
    """Return whether a preposition stands before a name: `In Herat 12 people were killed`."""
    lead = tokens[max(0, place - 3) : place]
    return any(token.text in words_of("places", "within") for token in lead)


def _told(
    tokens: tuple[Token, ...],
    counted: list[Number],
    things: list[Number],
    start: int,
    end: int,
    outcome: str,
) -> list[Number]:
    """Return the numbers that a word for an outcome goes with: before it, or just behind it."""
    if tally := _tally(tokens, counted, start, end):
        return [tally]
    behind = _behind(tokens, counted, _past(tokens, things, end))
    passive = start > 0 and tokens[start - 1].text in _PASSIVE
    if behind and not passive:
        return _with_more(tokens, counted, behind)
    before = _before(tokens, counted, start)
    if before:
        return before
    if outcome == "bodies" and (one := _one_body(tokens, start, end)):
        return one
    single = _single(tokens, start, end)
    if single and single.start >= end:
        return _with_more(tokens, counted, single)
    return [single] if single else []


_PASSIVE = frozenset({"was", "were", "been", "be", "being", "is", "are"})


def _tally(tokens: tuple[Token, ...], counted: list[Number], start: int, end: int) -> Number | None:
    """Return the number of `the death toll has risen to 21` or `the number of dead is 21`."""
    lead = [token.text for token in tokens[max(0, start - 4) : start]]
    toll = tokens[end : end + 1] != () and tokens[end].text == "toll"
    if not (toll or ("number" in lead and lead[lead.index("number") - 1] != "a")):
        return None
    found = None
    for number in counted:
        if not end < number.first <= end + 2 * _FARTHEST:
            continue
        between = tokens[end : number.first]
        words = [token.text for token in between]
        if {".", ";"} & set(words) or any(outcome_words().all_in(between)):
            break
        rises = words[-1:] in (["to"], ["at"]) and words_of("people", "rises") & set(words[-7:])
        said = rises or words == ["toll", "of"] or _IS & set(words[-1:])
        if said and not _is_feared(words):
            found = number  # "earlier put at 10, has risen to 21"
    if found and start and tokens[start - 1].text in _OR | _BOTH:
        return replace(found, least=None, why="how many of each, is not said")
    return found


def _is_feared(words: list[str]) -> bool:
    """Return whether a toll is only feared: `could rise to 30`, but not `of 8 May`."""
    feared = words_of("people", "feared")
    day = any(a.isdecimal() or b.isdecimal() for a, b in pairwise(words) if "may" in (a, b))
    return bool((feared - {"may"} if day else feared) & set(words))


_IS = frozenset({"is", "was", "now", "reached", "reaches", "hit", ":"})


def _past(tokens: tuple[Token, ...], things: list[Number], place: int) -> int:
    """Return where the words for things end that were hit too: `killed 20 sheep and two men`."""
    for number in things:
        joint = next((k for k in range(number.end, len(tokens)) if tokens[k].text in _AND), place)
        if number.first == place and joint - number.end <= 3:
            place = joint + 1
    return place


def _behind(tokens: tuple[Token, ...], counted: list[Number], end: int) -> Number | None:
    """Return the number right behind `killed`, `killing of`, `death of` or `کشته شدن`."""
    for place in range(end, min(end + 4, len(tokens))):
        if found := next((number for number in counted if number.first == place), None):
            return found
        if tokens[place].text not in _TO_NUMBER:
            break
    return None


_TO_NUMBER = frozenset({"of", "the", "all", "another", ":", *phrase("شدن کیدل کیدو")})


def _with_more(tokens: tuple[Token, ...], counted: list[Number], first: Number) -> list[Number]:
    """Return a number and those that are added to it: `killed two men and a woman`."""
    chosen, last = [first], first
    for number in _with_singles(tokens, counted, range(first.end, len(tokens))):
        if number.start < last.end:
            continue
        between = [token.text for token in tokens[last.end : number.first]]
        if len(between) > 1 and between[-1] in _ITS:
            between.pop()  # "a man and his two sons"
        joined = between and between[-1] in _AND and len(between) <= 4
        plain_list = joined and all(t.isalpha() or t == "," for t in between)
        behind = [t.text for t in tokens[number.end : number.end + 4]]
        followed = any(
            outcome_words().at(tokens, k)
            for k in range(number.end, min(number.end + 4, len(tokens)))
        )
        if not (plain_list and behind) or followed or _is_share(tokens, number):
            break
        if behind[0].endswith("ly") or _DID & set(behind[:2]):
            break  # "seven, two critically", "two men and their commander fled"
        chosen.append(number)
        last = number
    if len(chosen) == 2 and [t.text for t in tokens[first.end : last.first]][-1] == ",":
        # "five people, three children" are five; "5 Taliban, 3 soldiers" can be eight
        return [first] if _counts_anybody(tokens, first) else [first, replace(last, least=0)]
    return chosen


_DID = frozenset({"was", "were", "has", "had", "fled", "escaped", "survived", "surrendered"})


def _with_singles(tokens: tuple[Token, ...], counted: list[Number], places: range) -> list[Number]:
    """Return the numbers in their order, with every `and a woman` that begins in `places`."""
    singles = [one for place in places if (one := _one_more(tokens, place))]
    return sorted((*counted, *singles), key=lambda number: number.first)


def _one_more(tokens: tuple[Token, ...], place: int) -> Number | None:
    """Return the one of `two men and a woman`, at its article."""
    words = [token.text for token in tokens[place - 1 : place + 4]]
    article = place and words[0] in ("and", ",") and words[1:2] and words[1] in _ONE_MORE
    one = article and any(word in words_of("people", "one") for word in words[2:])
    if one:
        return Number(place, place, place + 2, 1, 1)
    couple = [token.text for token in tokens[max(0, place - 3) : place + 1]]  # his wife and son
    kin = len(couple) == 4 and couple[0] in _WHOSE and couple[2] == "and"
    known = kin and {couple[1], couple[3]} <= words_of("people", "one")
    return Number(place, place, place + 1, 1, 1) if known else None


_ONE_MORE = frozenset({"a", "an", "his", "her", "their"})
_AND = frozenset({"and", "و", "او", ","})


def _before(tokens: tuple[Token, ...], counted: list[Number], start: int) -> list[Number]:
    """Return the number before an outcome, and the ones that it is added to."""
    chosen: list[Number] = []
    reach = start
    if _is_said_of_people(tokens, start) or _has_object(tokens, start):
        return []
    near = range(max(1, start - _FARTHEST), start)
    for number in reversed(_with_singles(tokens, counted, near)):
        if number.end > reach:
            continue
        between = tokens[number.end : reach]
        if sum(token.is_word for token in between) > _FARTHEST or not _is_open(
            tokens, number.end, reach
        ):
            break
        if _is_doubtful(tokens, number, between, chosen):
            last = chosen[0].end if chosen else number.end
            return [Number(number.first, number.start, last, None, None, why=UNCLEAR)]
        if chosen and (not _is_added(between) or _is_of_all(tokens, number)):
            break
        chosen.append(_part_of(tokens, counted, number, start) or number)
        reach = chosen[-1].first
        if reach and tokens[reach - 1].text == "of":
            break  # "one of two members killed": two
        if _is_share(tokens, number):
            break  # "30 students, 12 of whom died": twelve
    return _with_uncounted(tokens, chosen) if chosen else []


def _is_doubtful(
    tokens: tuple[Token, ...], number: Number, between: tuple[Token, ...], chosen: list[Number]
) -> bool:
    """Return whether nobody says if a number counts, or is added to those chosen before."""
    if not chosen:
        return number.first > 0 and tokens[number.first - 1].text in _PERHAPS
    words = [token.text for token in between]
    sequence = words_of("people", "sequence")
    if words[-1:] == ["with"] or any(a in _AND and b in sequence for a, b in pairwise(words)):
        return True
    comma = words[-1:] == [","] and len(chosen) == 1
    return comma and _is_added(between) and not _is_of_all(tokens, number)


_PERHAPS = frozenset(("maybe", "perhaps", "possibly", *phrase("شاید ښایی")))


def _with_uncounted(tokens: tuple[Token, ...], chosen: list[Number]) -> list[Number]:
    """Return numbers with whoever is named before the first of them: `a mother and her two`."""
    first = chosen[-1]
    joint = first.first - 1 - (tokens[first.first - 1].text in _ITS)
    added: list[Number] = []
    while joint > 0 and tokens[joint].text in _AND and (one := _article(tokens, joint)):
        added.append(one)
        joint = one.first - 1
    if not added and _adds_to_somebody(tokens, first):
        return [*chosen[:-1], replace(first, most=None)]
    return [*chosen, *added]


def _adds_to_somebody(tokens: tuple[Token, ...], number: Number) -> bool:
    """Return whether a number is added to who is not counted: `Ahmad and his two sons`."""
    lead = [token.text for token in tokens[max(0, number.first - 2) : number.first]]
    if len(lead) == 2 and lead[0] in ("and", "و", "او") and lead[1] in _ITS:
        return True
    if tokens[number.first].text in _WHOSE and lead[-1:] == ["and"]:  # "Ahmad and his son were"
        return any(t.text in _PLURAL for t in tokens[number.end : number.end + 2])
    # The same word is `he` in Dari and `and` in Pashto.
    behind = [token.text for token in tokens[number.end : number.end + 3]]
    return lead[-1:] == ["و"] and bool({"او", "وی"} & set(behind))


def _is_of_all(tokens: tuple[Token, ...], number: Number) -> bool:
    """Return whether a number is that of all, of whom others are told: `of 20 people, five`."""
    before = tokens[number.first - 1].text if number.first else ""
    followed = tokens[number.end : number.end + 1]
    bare = bool(followed) and followed[0].text == ","  # "at gate 12, two men"
    return before in ("of", "to", "از", "مجموع", "جمله", "له") or bare


def _is_added(between: tuple[Token, ...]) -> bool:
    """Return whether what stands between two numbers adds them up: no verb of the first's own."""
    words = [token.text for token in between]
    if not words or words[-1] not in _AND or len(words) > 7:
        return False
    if len(words) > 4 and not ("of" in words[:2] and _only_names(between, 0, len(words) - 1)):
        return False
    return len(words) == 1 or not words[-2].endswith(_OF_VERBS)


_OF_VERBS = ("ed", "fled", *phrase("دند تند شول شوی وکړ"))  # "3,000 escaped and 20 were killed"


def _is_share(tokens: tuple[Token, ...], number: Number) -> bool:
    """Return whether a number is part of the one before it: `12 of whom`, `سه تن آنها`."""
    behind = [token.text for token in tokens[number.end : number.end + 3]]
    return any(text in words_of("people", "whole") for text in behind)


def _has_object(tokens: tuple[Token, ...], start: int) -> bool:
    """Return whether whoever stands before a verb did it: `two gunmen killed the guards`."""
    if tokens[start].text not in _PARTICIPLES or start + 2 >= len(tokens):
        return False
    passive = any(token.text in _PASSIVE for token in tokens[max(0, start - 3) : start])
    following, then = tokens[start + 1].text, tokens[start + 2].text
    people = words_of("people", "counters") | _THEMSELVES
    return not passive and (
        following in people or (following in _ARTICLES and then not in words_of("people", "things"))
    )


_THEMSELVES = frozenset({"himself", "herself", "themselves"})


def _is_said_of_people(tokens: tuple[Token, ...], start: int) -> bool:
    """Return whether an outcome names people told of before: `5 of the wounded`."""
    noun = tokens[start].text in _PARTICIPLES
    return noun and start > 0 and tokens[start - 1].text in ("the", "those")


_PARTICIPLES = frozenset(
    {"killed", "dead", "wounded", "injured", "captured", "arrested", "detained", "abducted"}
)


def _part_of(
    tokens: tuple[Token, ...], counted: list[Number], whole: Number, start: int
) -> Number | None:
    """Return the number of `three of 20 prisoners were killed` that says how many it befell.

    A participle right behind the whole is said of all: `one of two members killed was a cook`.
    """
    joint = whole.first - 1
    while joint > 0 and tokens[joint].text in _ITS:
        joint -= 1
    if joint <= 0 or tokens[joint].text not in ("of", "از", "in"):
        return None
    before = tokens[joint - 1].text
    if tokens[joint].text == "in":  # "one in five"
        ratio = any(part.end == joint for part in counted)
        return replace(whole, first=joint - 1, least=None, why=UNCLEAR) if ratio else None
    if before in words_of("people", "some_of"):
        return replace(whole, first=joint - 1, least=None)
    not_one = before == "one" and joint > 1 and tokens[joint - 2].text in ("no", "not")
    if before in ("none", "neither") or not_one:
        return replace(whole, first=joint - 1, least=0, most=0)
    said = any(token.text in words_of("people", "auxiliary") for token in tokens[whole.end : start])
    if tokens[start].text in _PARTICIPLES and not said:
        return None
    part = next((part for part in reversed(counted) if part.end <= joint), None)
    return part if part and _only_names(tokens, part.end, joint) else None


def _only_names(tokens: tuple[Token, ...], start: int, end: int) -> bool:
    """Return whether only a noun stands there: `five [members of a family] of nine`."""
    words = [token.text for token in tokens[start:end]]
    closing = (
        words_of("people", "auxiliary") | words_of("people", "stop") | words_of("speech", "en")
    )
    closing |= (_SMALL - {"of", "د", "از"}) | _AND
    return len(words) <= 5 and all(word.isalpha() and word not in closing for word in words)


_ITS = frozenset({"the", "those", "these", "their", "its", "his", "her", "some"})


def _is_open(tokens: tuple[Token, ...], start: int, end: int) -> bool:
    """Return whether nothing between a number and an outcome parts the two."""
    for place in range(start, end):
        text = tokens[place].text
        if text in words_of("people", "stop") or text in (";", ":", ".", "!", "?", "\n"):
            return False
        if text == "," and place != end - 1 and not _continues(tokens, place):
            return False
        parts = outcome_words().at(tokens, place) and not _is_said_of_people(tokens, place)
        if parts and not _shared(tokens, place, end):
            return False
    return True


def _continues(tokens: tuple[Token, ...], comma: int) -> bool:
    """Return whether a comma only sets words apart: `five men, all fighters, were killed`."""
    following = tokens[comma + 1].text if comma + 1 < len(tokens) else ""
    return (
        following in words_of("people", "auxiliary")
        or following in ("all", "including", "among", "mostly", "both")
        or following in _PASSIVE
    )


def _shared(tokens: tuple[Token, ...], place: int, end: int) -> bool:
    """Return whether an outcome shares its number with the next: `killed or captured`."""
    return place + 2 == end and tokens[place + 1].text in ("or", "and", "یا")


def _article(tokens: tuple[Token, ...], joint: int) -> Number | None:
    """Return the one of `a man and two women` or `زن و دو کودک`, before the joint."""
    if joint and tokens[joint - 1].text in words_of("people", "one_bare"):
        return Number(joint - 1, joint - 1, joint, 1, 1)
    for place in range(joint - 1, max(joint - 5, -1), -1):
        if tokens[place].text in _ARTICLES and tokens[joint - 1].text in words_of("people", "one"):
            return Number(place, place, joint, 1, 1)
    return None


_ARTICLES = frozenset({"a", "an", "the", "his", "her", "their"})


def _single(tokens: tuple[Token, ...], start: int, end: int) -> Number | None:
    """Return the one of `a man was killed`, `the only member killed`, `kills a woman`."""
    first = start if _has_object(tokens, start) else max(start - 9, -1) + 1
    for place in range(start - 1, first - 1, -1):
        text = tokens[place].text
        if text == "only" and place and tokens[place - 1].text == "the":
            return Number(place - 1, place, place + 1, 1, 1)
        if (
            text in words_of("people", "stop")
            or text in (",", ";", ":", ".")
            or outcome_words().at(tokens, place)
        ):
            break
        if _says(tokens, place):
            break  # "a resident said that fighters were killed"
        if text == "not":
            break
        if text in ("a", "an") and any(
            t.text in words_of("people", "one") for t in tokens[place:start]
        ):
            return Number(place, place, place + 1, 1, 1)
    following = tokens[end : end + 5]
    if following and following[0].text in ("a", "an"):
        person = next(
            (k for k, t in enumerate(following[1:], 1) if t.text in words_of("people", "one")), None
        )
        if person:
            return Number(end, end, end + person + 1, 1, 1)
    return None


def _says(tokens: tuple[Token, ...], place: int) -> bool:
    """Return whether a word tells who says it: `a resident said`, but not `a man was said to`."""
    if tokens[place].text not in words_of("speech", "en") - _SAID_OF:
        return False
    passive = place > 0 and tokens[place - 1].text in _PASSIVE
    return not passive and tokens[place + 1 : place + 2] != () and tokens[place + 1].text != "to"


_SAID_OF = frozenset({"alleged", "reported", "found", "identified", "recorded", "described"})


def _one_body(tokens: tuple[Token, ...], start: int, end: int) -> list[Number]:
    """Return the one of `a body of an adult man`."""
    if (
        start
        and tokens[start].text in ("body", "corpse")
        and tokens[start - 1].text in ("a", "the")
    ):
        return [Number(start - 1, start - 1, end, 1, 1)]
    return []
