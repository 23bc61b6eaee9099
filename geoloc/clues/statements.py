"""What every clue needs said of it: numbers that make sense, and lengths in words."""

from __future__ import annotations

import math
from numbers import Real

from geoloc.errors import ClueError

# One clue in ten is taken to be about something else: a judgement, as in the draft of a case.
RELIABILITY = 0.9


def check_source(origin: str, reliability: float) -> None:
    """Raise `ClueError` unless a clue says what it was seen in and how reliable it is."""
    if not isinstance(origin, str) or not origin.strip():
        raise ClueError("origin", 'is empty; say what the clue was seen in, e.g. "photo 3".')
    check_share("reliability", reliability)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def check_share(field: str, value: float) -> None:
    """Raise `ClueError` unless a value is a probability."""
    if not _is_number(value) or not 0 <= value <= 1:
        raise ClueError(field, f"must be from 0 to 1, got {value!r}.")


def check_above_zero(field: str, value: float, unit: str) -> None:
    """Raise `ClueError` unless a value is a finite number above zero."""
    if not (_is_number(value) and math.isfinite(value) and value > 0):
        raise ClueError(field, f"must be a finite number of {unit} above 0, got {value!r}.")


def check_not_negative(field: str, value: float, unit: str) -> None:
    """Raise `ClueError` unless a value is a finite number of at least zero."""
    if not (_is_number(value) and math.isfinite(value) and value >= 0):
        raise ClueError(field, f"must be a finite number of {unit}, 0 or more, got {value!r}.")


def length(metres: float) -> str:
    """Return a length for a reader: `300 m`, `2.5 km`."""
    return f"{metres:.3g} m" if metres < 999.5 else f"{float(f'{metres / 1000:.3g}'):,g} km"
