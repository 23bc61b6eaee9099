"""Every spelling as a column of small numbers, compared with a name all at once.

The likeness of two names is the least cost of turning one sequence of sounds into the other (a
weighted edit distance), worked out a sound of the name at a time for all columns together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from geoloc.gazetteer import folding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_LOOKED_AT = 300  # columns that are compared sound by sound
_LISTED = 80  # of these, the nearest
_REORDERED_BELOW = 0.9  # a likeness below which other orders of the words are tried
_REORDERED_COST = 0.03
_NEVER = 10_000  # consonants apart: other figures


class Columns:
    """How every spelling is heard, ready to be compared."""

    def __init__(self, heard: list[str], least: float) -> None:
        """Take how each spelling is heard, and the likeness, 0 to 1, below which all is noise."""
        self._least = least
        mark = "\u00ff"
        codes = folding.encode(mark.join(heard)).split(mark.encode("latin-1"))
        longest = max(map(len, codes))
        rows = np.frombuffer(b"".join(code.ljust(longest, b"\0") for code in codes), np.uint8)
        rows = rows.reshape(len(codes), longest)
        self._sounds = np.ascontiguousarray(rows.T)  # (longest, columns); 0 beyond the end
        self._lengths = np.array([len(code) for code in codes])
        self._arabic = np.array([folding.ONLY_LATIN.isdisjoint(each) for each in heard])
        self._counts = _counts(rows)
        self._figures = np.array([_figures(each) for each in heard])

    def nearest(self, spoken: list[str], arabic: bool) -> Iterable[tuple[float, int, bool]]:
        """Yield likeness, column, and whether the words had to change places; the best first."""
        straight = "".join(spoken)
        columns = self._shortlist(straight)
        if not columns.size:
            return []
        likeness = self._likeness(straight, arabic, columns)
        reordered = np.zeros(len(columns), bool)
        if 1 < len(spoken) <= 4 and likeness.max() < _REORDERED_BELOW:
            for order in _other_orders(tuple(spoken)):
                other = self._likeness("".join(order), arabic, columns) - _REORDERED_COST
                reordered |= other > likeness
                likeness = np.maximum(likeness, other)
        chosen = np.argsort(-likeness, kind="stable")[:_LISTED]
        return [
            (float(likeness[k]), int(columns[k]), bool(reordered[k]))
            for k in chosen
            if likeness[k] >= self._least
        ]

    def _shortlist(self, spoken: str) -> NDArray[np.intp]:
        """Return the columns with the most alike consonants, numbers being the same."""
        code = np.frombuffer(folding.encode(spoken), np.uint8)[None, :]
        apart = np.abs(self._counts - _counts(code)).sum(1, dtype=np.int32)
        if figures := _figures(spoken):
            apart[(self._figures != 0) & (self._figures != figures)] = _NEVER
        if len(apart) > _LOOKED_AT:
            columns = np.argpartition(apart, _LOOKED_AT)[:_LOOKED_AT]
        else:
            columns = np.arange(len(apart))
        chosen: NDArray[np.intp] = np.sort(columns[apart[columns] < _NEVER])
        return chosen

    def _likeness(self, spoken: str, arabic: bool, columns: NDArray[np.intp]) -> Floats:
        """Return 1 less the cost of turning each column into the name, over their mean weight."""
        code = folding.encode(spoken)
        found = np.zeros(len(columns), np.float32)
        for script in (True, False):
            here = np.flatnonzero(self._arabic[columns] == script)
            if not here.size:
                continue
            costs = folding.SAME_SCRIPT if script == arabic else folding.ACROSS_SCRIPTS
            chosen = columns[here]
            sounds = self._sounds[: self._lengths[chosen].max(), chosen]
            left_out = costs.leave[sounds]
            # Kept as the cost so far less what it costs to leave out the column up to here: so
            # leaving out more of a column is a running minimum.
            row = np.zeros((len(sounds) + 1, len(chosen)), np.float32)
            for letter in code:
                below = row + costs.leave[letter]
                swapped = row[:-1] + (costs.swap[letter][sounds] - left_out)
                np.minimum(below[1:], swapped, out=below[1:])
                np.minimum.accumulate(below, axis=0, out=row)
            weight = left_out.sum(0)
            own = float(costs.leave[list(code)].sum())
            found[here] = 1 - (row[-1] + weight) / np.maximum((weight + own) / 2, 1e-6)
        return found


def _counts(rows: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Return how often each class of consonants is heard in each row of sounds."""
    classes = folding.CLASS_OF[rows]
    counts = [(classes == number).sum(1, dtype=np.int8) for number in range(folding.CLASSES)]
    return np.stack(counts, axis=1)


def _figures(heard: str) -> int:
    """Return a number for the figures in a name, which must be the same ones; 0 without any."""
    found = _FIGURE.findall(heard)
    return hash(" ".join(sorted(found))) if found else 0


_FIGURE = re.compile(r"\d+")


def _other_orders(spoken: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """Return the other orders of two or three words; of four, each end moved to the other."""
    if len(spoken) <= 3:
        return list(permutations(spoken))[1:]
    return [(spoken[-1], *spoken[:-1]), (*spoken[1:], spoken[0])]
