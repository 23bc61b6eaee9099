"""Provinces in which operations were claimed, against those in which they were logged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoloc import boundaries
from geoloc.figures.ground import (
    LINES,
    Style,
    draw_lines,
    furnish,
    ground_for,
    line_swatch,
    name_units,
    panel_on,
    say_credit,
)
from geoloc.figures.labels import Labels
from geoloc.figures.layout import Layout, Swatch, family_of, outside
from geoloc.figures.panel import in_metres, pole
from geoloc.figures.paper import SMALL_PT, VERMILLION
from geoloc.gazetteer import gazetteer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from geoloc.casebook import Aggregate, Book
    from geoloc.figures.words import Language

LOGGED = Style(face="#86aed2", zorder=1)
CLAIMED_TOO = Style(hatch="#a8380c", zorder=2, step_mm=1.5, hatch_pt=0.5)
_SURE = 90  # score of a name that is a province's
_ROOM_MM = {"column": 62.0, "page": 112.0, "wide": 0.0}


def provinces_figure(book: Book | None, *, size: str = "page", language: str = "en") -> Figure:
    """Return the map of the provinces that the casebook lists as claimed and as logged."""
    layout = Layout(size, language)
    fact = _latest(book.aggregates if book else ())
    claimed, recorded = _listed(fact, "claimed"), _listed(fact, "recorded")
    units = boundaries.load_layer("provinces")
    room_mm = _ROOM_MM[layout.size.name] or None
    ground = ground_for(layout, [unit.geometry for unit in units.values()], room_mm)
    _say(layout, book, fact, claimed, recorded)
    sheet, room = layout.sheet(room_mm)
    panel = panel_on(sheet, room, ground)
    shapes = {code: in_metres(unit.geometry) for code, unit in units.items()}
    for code in recorded.values():
        if code:
            LOGGED.draw(panel, shapes[code])
    for code in claimed.values():
        if code:
            CLAIMED_TOO.draw(panel, shapes[code])
    draw_lines(panel, ground)
    labels = Labels(sheet, panel.axes, np.zeros((0, 2)))
    furnish(panel, ground, layout, labels, shapely.union_all([*shapes.values()]), locator=False)
    named = dict.fromkeys(code for code in (*recorded.values(), *claimed.values()) if code)
    called = {code: name for name, code in (claimed | recorded).items()}
    for code in named:
        # As the casebook spells it, which the key does too.
        own = layout.language.leftwards
        name = layout.language.unit(units[code]) if own else outside(called[code], 40)
        x, y = pole(shapes[code])[0]
        for shift_mm in (0, 3, -3, 5, -5):
            at = x, y + panel.metres(shift_mm)
            style = {"weight": "bold", "family": family_of(name)}
            if labels.claim(at, layout.language.line(name), SMALL_PT + 0.5, **style):
                break
    name_units(panel, ground, layout, labels, without=named)
    return sheet.figure


def _latest(facts: Iterable[Aggregate]) -> Aggregate | None:
    """Return the last fact that lists provinces, as claimed, as logged or as both."""
    found = [fact for fact in facts if fact.counts == "provinces"]
    return max(found, key=lambda fact: str(fact.to_date or fact.from_date or ""), default=None)


def _listed(fact: Aggregate | None, field: str) -> dict[str, str | None]:
    """Return the names that a fact lists, with the code of each that is a province."""
    value = getattr(fact, field) if fact else None
    return {name: _province(name) for name in value} if isinstance(value, tuple) else {}


def _province(name: str) -> str | None:
    found = gazetteer().search(f"{name[:80]} province", limit=1)
    known = found and found[0].kind == "province" and found[0].score >= _SURE
    return found[0].code if known else None


def _say(
    layout: Layout,
    book: Book | None,
    fact: Aggregate | None,
    claimed: dict[str, str | None],
    recorded: dict[str, str | None],
) -> None:
    language, size = layout.language, layout.size
    t = language.t
    layout.head.say(
        t("Provinces claimed and provinces logged"), size.title_pt, weight="bold", most=2
    )
    layout.head.gap(0.6)
    if book:
        layout.head.say(outside(book.title), size.text_pt + 0.5, most=3)
    if fact and fact.from_date and fact.to_date:
        told = t(
            "{first} to {last}", first=language.day(fact.from_date), last=language.day(fact.to_date)
        )
        layout.head.say(told, most=2)
    layout.head.gap(0.8)
    layout.head.say(t("Claimed is not verified."), weight="bold", color=VERMILLION, most=2)
    if fact is None:
        layout.keys.say(
            t("The casebook lists no provinces as claimed or logged."), weight="bold", most=4
        )
    else:
        _key(layout, fact, claimed, recorded)
    layout.keys.key(line_swatch(**LINES["provinces"]), t("Province lines"))
    lost = [outside(name, 40) for name, code in (claimed | recorded).items() if code is None]
    if lost:
        layout.notes.say(t("No line is known for {names}.", names=language.listed(lost)), most=4)
        layout.notes.gap(0.8)
    if fact:
        layout.notes.say(outside(fact.fact, 400), most=6)
    say_credit(layout, ("provinces",))


def _key(
    layout: Layout,
    fact: Aggregate,
    claimed: dict[str, str | None],
    recorded: dict[str, str | None],
) -> None:
    language = layout.language
    t = language.t
    by = outside(fact.claimed_by or "", 60) or t("not stated")
    told = t("Claimed by {name}: {count}", name=by, count=len(claimed))
    layout.keys.key(_sample(CLAIMED_TOO), told, more=_names(language, claimed), most=3)
    by = outside(fact.recorded_by or "", 60) or t("not stated")
    told = t("Logged by {name}: {count}", name=by, count=len(recorded))
    layout.keys.key(_sample(LOGGED), told, more=_names(language, recorded), most=3)
    only = {name: code for name, code in recorded.items() if name not in claimed}
    if only:
        told = t("Logged, but not claimed: {names}", names=_names(language, only))
        layout.keys.say(told, weight="bold", most=3)
        layout.keys.gap(0.8)
    only = {name: code for name, code in claimed.items() if name not in recorded}
    if only:
        told = t("Claimed, but not logged: {names}", names=_names(language, only))
        layout.keys.say(told, weight="bold", most=3)
        layout.keys.gap(0.8)


def _sample(style: Style) -> Swatch:
    return Style(face=style.face, hatch=style.hatch, step_mm=style.step_mm, edge="#3a3a3a",
                 hatch_pt=style.hatch_pt, linewidth=0.5).swatch()  # fmt: skip


def _names(language: Language, listed: dict[str, str | None]) -> str:
    """Return names as the language writes them; those of no known province as they are."""
    units = boundaries.load_layer("provinces")
    told: Sequence[str] = [
        language.unit(units[code]) if code and language.leftwards else outside(name, 40)
        for name, code in listed.items()
    ]
    return language.listed(told[:34])
