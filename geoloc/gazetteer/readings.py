"""What a name was taken for, and how surely: one place, several, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from geoloc.errors import AmbiguousPlaceError, PlaceError, PlaceNotFoundError
from geoloc.gazetteer.candidates import SAME_SOUND, Candidate, full_name, lies_in, told_apart

LIKELY_SCORE = 75  # a name that is less like any place names none
# Of 260 places that the list does not know, 22 are taken for one that is alike, and 74 were at 82;
# of 260 hidden spellings 206 are surely and rightly found, and 213 were.
SURE_LIKENESS = 90
_RIVAL = 3  # points within which another place may be meant as well

Status = Literal["sure", "ambiguous", "unsure"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text was taken for."""

    text: str
    found: tuple[Candidate, ...]  # all that was found, best first
    senses: tuple[Candidate, ...] = ()  # those that may be meant alike, best first
    error: PlaceError | None = None  # why none of them is sure; None where one is
    refused: bool = False  # whether it could not even be searched for, such as PD99

    @property
    def best(self) -> Candidate | None:
        """Return the one place that is surely meant, or None."""
        return self.senses[0] if self.status == "sure" else None

    @property
    def status(self) -> Status:
        """Return whether one place is surely meant, several may be, or none is like enough."""
        if self.error is None:
            return "sure"
        return "ambiguous" if isinstance(self.error, AmbiguousPlaceError) else "unsure"

    @property
    def reason(self) -> str:
        """Return why the place is sure, or why none is."""
        return self.senses[0].why if self.error is None else str(self.error)


def judged(text: str, found: Sequence[Candidate], *, around: bool = False) -> Reading:
    """Return what a text means by its candidates, best first.

    Of several that are called the same, the larger unit stands for what lies in it: `Bagrami` is
    the district, whose centre is called so too.

    Parameters
    ----------
    text : str
        As it was asked.
    found : sequence of Candidate
        Best first.
    around : bool
        Whether it is asked for what lies around it: then the smaller unit stands for what holds it,
        as the district of Kabul does for the province in `north of Kabul`.
    """
    likely = [each for each in found if each.score >= LIKELY_SCORE]
    if not likely:
        return Reading(text, tuple(found), (), _not_found(text, found))
    best, *others = likely
    close = [each for each in others if each.score > best.score - _RIVAL]
    if best.own >= SAME_SOUND:  # "Bagrami" is also a spelling of Bagram, but not its name
        village = best.id.startswith("wof-")  # of these every spelling is as good a name
        close = [each for each in close if each.own >= SAME_SOUND or (village and each.exact)]
    place = best.place(text)
    rivals = [
        each
        for each in close
        if not lies_in(each, best, place) and not (around and each.code in best.parents)
    ]
    error: PlaceError | None = None
    if best.likeness < SURE_LIKENESS or best.doubt:
        return Reading(text, tuple(found), (best,), _doubted(text, best, likely))
    if rivals:
        error = AmbiguousPlaceError(text, tuple(map(told_apart, (best, *rivals))))
    return Reading(text, tuple(found), (best, *rivals), error)


def _not_found(text: str, found: Sequence[Candidate]) -> PlaceNotFoundError:
    return PlaceNotFoundError(text, tuple(dict.fromkeys(map(full_name, found)))[:4])


def _doubted(text: str, best: Candidate, likely: Sequence[Candidate]) -> PlaceError:
    """Return the error for a name that is like a place's and yet may mean none."""
    if not best.doubt:
        return _not_found(text, likely)
    return PlaceError(
        f"{text!r} may not mean {told_apart(best) if best.id else best.name}: {best.doubt}."
    )
