"""The doors to every figure of a finding and of a casebook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from geoloc.casebook import coarse
from geoloc.errors import InputError
from geoloc.figures.activity import activity_figure
from geoloc.figures.area import area_figure, claimed_figure
from geoloc.figures.layer import layer_figure
from geoloc.figures.layout import size_of
from geoloc.figures.ledger import ledger_figure
from geoloc.figures.paper import as_printed
from geoloc.figures.photos import photos_figure
from geoloc.figures.provinces import provinces_figure
from geoloc.figures.words import Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from geoloc.casebook import Book, Finding
    from geoloc.figures.layout import SizeName

FindingKind = Literal["area", "claimed", "photos", "ledger", "annex"]
BookKind = Literal["activity", "provinces"]
FINDING_KINDS: tuple[FindingKind, ...] = ("area", "claimed", "photos", "ledger", "annex")
BOOK_KINDS: tuple[BookKind, ...] = ("activity", "provinces")
_MAPS = {"area": area_figure, "claimed": claimed_figure}


@as_printed
def finding_figure(
    finding: Finding,
    *,
    kind: FindingKind = "area",
    size: SizeName = "page",
    language: Literal["en", "fa", "ps"] = "en",
    exact: bool = False,
    base: str | None = None,
    base_credit: str = "",
    photos: Path | str | None = None,
    graphic: bool = False,
    chosen: Sequence[int] = (),
) -> Figure:
    """Return a figure of one finding for a report.

    Parameters
    ----------
    finding : Finding
        From `investigate`.
    kind : str
        `area` (where it probably happened), `claimed` (what was claimed against that, with the
        verdicts), `ledger` (each clue's likelihood, then the posterior), `photos` (up to three,
        with numbered features), or `annex` (the police districts: always A4, in English).
    size : str
        `column` (85 mm wide), `page` (170 mm) or `wide` (254 × 143 mm, 16:9).
    language : str
        `en`, `fa` (Dari) or `ps` (Pashto). What comes from the case file stays as it is written.
    exact : bool
        Show the place as exactly as it was found. Otherwise nothing tells a place to better than
        1 km: shapes give way to the squares of one fixed grid, clues are not drawn, and the
        features of photos have no map.
    base : str, optional
        What lies behind the lines of a map: `relief:FILE` for the relief of a height model, or
        `FILE.tif` for a picture; a GeoTIFF on this machine, any CRS. Photos have a map
        only with `exact`.
    base_credit : str
        Owner and licence of that file, for the credit.
    photos : Path or str, optional
        For the kind `photos`, the folder of the case file. Of each photo a bare copy of its pixels
        is drawn, the boxes of its `blur` blurred; one that is missing, broken, or not the file
        that the case records leaves a frame that says so.
    graphic : bool
        Show photos that are marked as graphic; otherwise a frame stands for them.
    chosen : sequence of int
        Which photos, by their number in the case from 1, at most three; default the first three.

    Returns
    -------
    Figure
        300 dots an inch, not known to pyplot; `figures.picture` gives the same bytes each time.
        Maps are in UTM 42N (EPSG:32642), true to the scale that they state.

    Raises
    ------
    InputError
        If kind, size or language is none of these, the base cannot be drawn here, or there are no
        such photos.
    """
    _require(kind, FINDING_KINDS)
    finding = finding if exact else coarse.published(finding)
    if base is not None and kind not in (*_MAPS, "photos"):
        raise InputError(f"A base lies behind maps: area, claimed and photos; {kind} has none.")
    if kind in _MAPS:
        draw = _MAPS[kind]
        return draw(finding, size=size, language=language, exact=exact, base=base,
                    base_credit=base_credit)  # fmt: skip
    if kind == "ledger":
        return ledger_figure(finding, size=size, language=language, exact=exact)
    if kind == "photos":
        return photos_figure(finding, photos, size=size, language=language, exact=exact, base=base,
                             base_credit=base_credit, graphic=graphic, chosen=chosen)  # fmt: skip
    size_of(size), Language(language)
    return layer_figure()


@as_printed
def casebook_figure(
    findings: Sequence[Finding],
    book: Book | None,
    *,
    kind: BookKind = "activity",
    size: SizeName = "page",
    language: Literal["en", "fa", "ps"] = "en",
) -> Figure:
    """Return a figure of all findings together for a report.

    Parameters
    ----------
    findings : sequence of Finding
        One per incident.
    book : Book, optional
        What is known of all of them together; facts whose `counts` says what they count are drawn.
    kind : str
        `activity` (raids by month and over counted periods, and periods without a claimed attack)
        or `provinces` (claimed against logged).
    size, language : str
        As in `finding_figure`.

    Raises
    ------
    InputError
        If kind, size or language is none of these.
    """
    _require(kind, BOOK_KINDS)
    if kind == "activity":
        return activity_figure(findings, book, size=size, language=language)
    return provinces_figure(book, size=size, language=language)


def _require(kind: str, kinds: Sequence[str]) -> None:
    if kind not in kinds:
        raise InputError(f"kind must be one of {', '.join(kinds)}, got {kind!r}.")
