"""How well one spelling fits a name that is asked for, and what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from geoloc.gazetteer import folding
from geoloc.gazetteer.candidates import REORDERED, SAME_SOUND
from geoloc.gazetteer.doubts import ends_otherwise, number_left_out
from geoloc.gazetteer.readings import SURE_LIKENESS

STEP = 3.0
_NUMBER_COST = 9.0  # points for a number that is asked for and left out
_LEAST_PART, _LEAST_FIGURES = 5, 3  # sounds that such a part has at least


@dataclass(frozen=True, slots=True)
class Match:
    """How well a place's spellings fit a name."""

    score: float
    why: str
    exact: bool
    own: float  # the score of its own names alone
    doubt: str = ""  # why it is not sure, however alike


@dataclass(frozen=True, slots=True)
class Asked:
    """A name that is looked for."""

    name: str
    folded: str
    arabic: bool
    numbers: frozenset[str]  # in figures


NO_MATCH = Match(0.0, "", False, 0.0)


def plain_sound(heard: str) -> str:
    """Return a sound without the brackets around words that tell its kind."""
    return heard.replace("(", "").replace(")", "")


def is_part(part: str, whole: str) -> bool:
    """Return whether a name begins or ends another, and cuts no number in two."""
    if len(part) < (_LEAST_FIGURES if part.isdecimal() else _LEAST_PART) or part == whole:
        return False
    if whole.startswith(part):
        return not (part[-1].isdecimal() and whole[len(part)].isdecimal())
    return whole.endswith(part) and not (part[0].isdecimal() and whole[-len(part) - 1].isdecimal())


def rank(match: Match) -> tuple[float, bool, bool]:
    """Return by what one match of a place is better than another."""
    return match.score, match.exact, not match.doubt


def compared(asked: Asked, written: str, likeness: float, reordered: bool) -> Match:
    """Return how well a spelling fits a name, and what speaks against it."""
    exact = folding.fold(written) == asked.folded
    score, how = _score(likeness, reordered, exact)
    doubt = REORDERED if reordered and not exact else ""
    if asked.numbers and (missing := number_left_out(asked.numbers, written)):
        score, doubt = score - _NUMBER_COST, f"it lacks the number {missing}"
    elif SURE_LIKENESS <= score < SAME_SOUND and ends_otherwise(asked.name, written):
        doubt = doubt or "one ends in -i and the other does not"
    return Match(score, f"{how}: {written}", exact, 0.0, doubt)


def _score(likeness: float, reordered: bool, same: bool) -> tuple[float, str]:
    """Return a likeness in steps of three points: what differs by less is heard alike."""
    if same:
        return 100.0, "same spelling"
    score = 100.0 - STEP * floor(max(0.0, 1 - likeness) * 100 / STEP)  # above 1 by rounding
    if reordered:
        return score, "other order of the words"
    return score, "same sound" if score >= SAME_SOUND else "similar spelling"
