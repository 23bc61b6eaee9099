"""Every error that geoloc raises on purpose.

::

    GeolocError
    ├── InputError (also ValueError)      what was given cannot be used
    │   ├── CoordinateError               a coordinate text, or a point, that makes no sense
    │   ├── CRSError                      a geometry without a CRS, or in the wrong one
    │   ├── PlaceError                    a name or code of a place
    │   │   ├── PlaceNotFoundError        .name, .nearest
    │   │   └── AmbiguousPlaceError       .name, .candidates
    │   ├── ClueError                     .field: a clue that cannot be drawn on the ground
    │   ├── FenceError                    a file from outside that is not let in
    │   └── CaseError                     .path, .problems: a case file that is not valid
    │       └── StaleCaseError            .current_text, .diff: changed since it was read
    ├── EditionError                      an edition that is not there, or has no such layer
    ├── FetchError                        a download that failed or is not what was asked for
    ├── IntegrityError                    .path, .expected, .found: a recorded file was changed
    ├── SignatureError                    a casebook's signature that does not hold, or a key
    ├── PageError                         a page that would not be safe to publish
    └── OutputError                       a file or folder that cannot be written

Missing evidence is not an error; it is the verdict `not-assessable`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


class GeolocError(Exception):
    """The root: catch this to catch everything that geoloc raises on purpose."""


class InputError(GeolocError, ValueError):
    """What was given cannot be used; the message says why and what to do."""


class CoordinateError(InputError):
    """A coordinate text, or a point, that makes no sense here."""


class CRSError(InputError):
    """A geometry without a coordinate reference system, or in the wrong one."""


class PlaceError(InputError):
    """A name or code of a place that cannot be used."""


class PlaceNotFoundError(PlaceError):
    """No place is close enough to the name."""

    def __init__(self, name: str, nearest: tuple[str, ...] = ()) -> None:
        self.name, self.nearest = name, nearest
        hint = f"did you mean {', '.join(nearest)}?" if nearest else "nothing is close to it."
        super().__init__(f"No place matches {name!r}; {hint}")


class AmbiguousPlaceError(PlaceError):
    """Several places fit the name equally well."""

    def __init__(self, name: str, candidates: tuple[str, ...]) -> None:
        self.name, self.candidates = name, candidates
        super().__init__(
            f"{name!r} can be {len(candidates)} places: {', '.join(candidates)}."
            " Give the code in brackets."
        )


class ClueError(InputError):
    """A clue that cannot be drawn on the ground; `field` names the setting to mend."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(f"{field}: {message}")


class FenceError(InputError):
    """A file from outside that is not let in, because it is broken, unsafe or of no known kind."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a case file."""

    field: str  # dotted path, e.g. claims[0].date
    line: int | None  # 1-based; None where the file has no such line
    message: str


class CaseError(InputError):
    """A case file that is not valid; every problem is kept with its field and line."""

    def __init__(self, path: Path | str, problems: tuple[Problem, ...]) -> None:
        self.path, self.problems = path, problems
        super().__init__("; ".join(self.lines))

    @property
    def lines(self) -> list[str]:
        """Return one line per problem: file, line, field, what is wrong."""
        return [
            f"{self.path}{f', line {problem.line}' if problem.line else ''}:"
            f" {f'{problem.field}: ' if problem.field else ''}{problem.message}"
            for problem in self.problems
        ]


class StaleCaseError(CaseError):
    """A case file is no longer the one that a change was made to; nothing was written.

    `current_text` is what the file holds now, None where it is gone. `diff` shows what the file and
    the refused text changed since the version that both began with.
    """

    def __init__(
        self, path: Path, message: str, current_text: str | None, diff: Callable[[], str]
    ) -> None:
        self.current_text, self._diff = current_text, diff
        super().__init__(path, (Problem("", None, message),))

    @property
    def diff(self) -> str:
        """Return the differences, a line each, as text for people."""
        return self._diff()


class EditionError(GeolocError):
    """A boundary edition that is not there, or that has no such layer."""


class FetchError(GeolocError):
    """A download that failed, or that is not what was asked for; nothing was kept of it."""


class IntegrityError(GeolocError):
    """A boundary file is not the one its record describes."""

    def __init__(self, path: Path, expected: str, found: str) -> None:
        self.path, self.expected, self.found = path, expected, found
        super().__init__(
            f"{path} was changed: sources.toml expects SHA-256 {expected}, found {found}."
            " Restore the file (git checkout, reinstall geoloc, or import it again)."
        )


class SignatureError(GeolocError):
    """A signature that does not hold, or a key that cannot be used."""


class PageError(GeolocError):
    """A page that would not be safe to publish as it stands."""


class OutputError(GeolocError):
    """A file or folder that cannot be written; what was there before is untouched."""
