"""What a casebook knows over time: raids by month, counted periods, and periods without attacks."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import shapely
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from geoloc.figures.ground import Style, say_credit
from geoloc.figures.layout import Box, Layout, family_of, outside
from geoloc.figures.panel import hatching, lines_of
from geoloc.figures.paper import GREY, INK, SMALL_PT, VERMILLION, Sheet, text_mm
from geoloc.figures.words import Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from geoloc.casebook import Aggregate, Book, Finding

LOCATED = Style(face="#2f6496", edge=INK, linewidth=0.5)
CLAIMED_ONLY = Style(hatch="#a8380c", edge=INK, linewidth=0.5, step_mm=1.0, hatch_pt=0.6)
COUNTED = Style(face="#c9d3dc", edge=INK, linewidth=0.5)
ATTACKS = Style(face="#e8b84a", edge=INK, linewidth=0.5)
INACTIVE = Style(hatch=INK, edge=INK, linewidth=0.9, angle_deg=135, step_mm=1.3, hatch_pt=0.4)
_BAR_MM = 4.2  # height of a period
_ROW_MM = 5.0
_BARS_MM = 30.0  # height of the months' bars
_LANE_MM = 5.2  # what the words above a lane take
_AXIS_MM = {True: 7.2, False: 12.6}  # months beside each other, or upright
_MOST_ROWS = 6  # periods above each other in a lane


@dataclass(frozen=True, slots=True)
class Period:
    """Days that a fact of the casebook speaks of."""

    first: dt.date | None  # None: the fact does not say since when
    last: dt.date
    fact: Aggregate


@dataclass(frozen=True, slots=True)
class Axis:
    """Months along a page, from left to right."""

    left: float  # mm
    width: float
    first: int  # months since year 0
    count: int

    def at(self, day: dt.date, *, end: bool = False) -> float:
        """Return where a day begins, or ends, in millimetres."""
        days = calendar.monthrange(day.year, day.month)[1]
        month = day.year * 12 + day.month - 1 + (day.day - 1 + end) / days
        return self.left + (month - self.first) * self.month_mm

    @property
    def month_mm(self) -> float:
        """Return how wide a month is."""
        return self.width / self.count


def activity_figure(
    findings: Sequence[Finding], book: Book | None, *, size: str = "page", language: str = "en"
) -> Figure:
    """Return raids by month, periods with a count, and periods without a claimed attack."""
    layout = Layout(size, language)
    facts = book.aggregates if book else ()
    raids = [each for each in _periods(facts, "raids") if each.first]
    attacks = _periods(facts, "attacks")
    days = [finding.incident.date for finding in findings]
    days += [day for each in (*raids, *attacks) for day in (each.first, each.last) if day]
    _say(layout, book, attacks, raids, days)
    if not days:
        sheet, room = layout.sheet(20.0)
        _nothing(sheet, room, layout)
        return sheet.figure
    chart = _Chart(layout, days, findings, (raids, attacks))
    sheet, room = layout.sheet(chart.height_mm(_BARS_MM))
    chart.draw(sheet, room)
    return sheet.figure


def _periods(facts: Sequence[Aggregate], counts: str) -> list[Period]:
    """Return the facts that count something and have an end, oldest first."""
    found = [
        Period(fact.from_date, fact.to_date, fact)
        for fact in facts
        if fact.counts == counts and fact.to_date and not isinstance(fact.recorded, tuple)
    ]
    # Two facts that say the same of the same days are drawn once.
    once = {(each.first, each.last, each.fact.recorded): each for each in found}
    return sorted(once.values(), key=lambda each: (each.first or each.last, each.last))


def _say(
    layout: Layout,
    book: Book | None,
    attacks: Sequence[Period],
    raids: Sequence[Period],
    days: Sequence[dt.date],
) -> None:
    language, size = layout.language, layout.size
    t = language.t
    layout.head.say(t("Claimed attacks and raids over time"), size.title_pt, weight="bold", most=2)
    layout.head.gap(0.6)
    if book:
        layout.head.say(outside(book.title), size.text_pt + 0.5, most=3)
    if days:
        first, last = language.day(min(days)), language.day(max(days))
        layout.head.say(t("{first} to {last}", first=first, last=last), most=2)
    layout.head.say(t("Claimed is not verified."), weight="bold", color=VERMILLION, most=2)
    layout.keys.key(LOCATED.swatch(), t("Raid of this casebook, a likely area was found"))
    layout.keys.key(CLAIMED_ONLY.swatch(), t("Raid of this casebook, claimed or reported only"))
    if raids:
        layout.keys.key(COUNTED.swatch(), t("Raids counted over a period, not by month"))
    if any(each.fact.recorded for each in attacks) or any(
        each.fact.recorded is None for each in attacks
    ):
        layout.keys.key(ATTACKS.swatch(), t("Attacks in a period; no number where none is stated"))
    if any(each.fact.recorded == 0 for each in attacks):
        layout.keys.key(INACTIVE.swatch(), t("Inactive: no claimed attack was recorded"))
    layout.notes.say(
        t("Only what the casebook holds. An empty month is not a month without raids or attacks."),
        most=4,
    )
    if any(each.first is None for each in attacks):
        layout.notes.gap(0.8)
        layout.notes.say(t("An arrow: the casebook does not say exactly since when."), most=3)
    who = dict.fromkeys(
        outside(each.fact.recorded_by, 60) for each in (*raids, *attacks) if each.fact.recorded_by
    )
    if who:
        layout.notes.gap(0.8)
        layout.notes.say(t("Counted by {names}.", names=language.listed(who)), most=3)
    _say_sources(layout, book, (*raids, *attacks))
    undrawn = sum(f.counts not in ("raids", "attacks") for f in book.aggregates) if book else 0
    if undrawn:
        layout.notes.gap(0.8)
        told = "Facts of the casebook that count neither raids nor attacks, not drawn: {count}."
        layout.notes.say(t(told, count=undrawn), most=3)
    say_credit(layout, ())


def _say_sources(layout: Layout, book: Book | None, drawn: Sequence[Period]) -> None:
    """Say where the counts that are drawn were published, and when."""
    language = layout.language
    cited = {each.fact.source for each in drawn}
    told = [each for each in (book.sources if book else ()) if each.id in cited]
    if told:
        layout.notes.gap(0.8)
        layout.notes.say(language.t("Source of the counts:"), most=1)
    for source in told:
        name = outside(f"{source.publisher}: {source.title}", 90)
        layout.notes.say(f"{name}, {source.published}" if source.published else name, most=3)


def _nothing(sheet: Sheet, room: Box, layout: Layout) -> None:
    language = layout.language
    told = language.t("No incident is recorded.")
    sheet.write(language.line(told), (room[0] + room[2] / 2, room[1] + room[3] / 2), 8,
                ha="center", family=family_of(told))  # fmt: skip


class _Chart:
    """Three lanes above one axis of months."""

    def __init__(
        self,
        layout: Layout,
        days: Sequence[dt.date],
        findings: Sequence[Finding],
        periods: Sequence[Sequence[Period]],
    ) -> None:
        self.language, self.findings = layout.language, findings
        first, last = min(days), max(days)
        start = first.year * 12 + first.month - 1
        count = max(last.year * 12 + last.month - start, 6)
        self.axis = Axis(0.0, layout.room_width_mm - 2, start, count)
        self.lanes = [self._rows(each) for each in periods]
        self.step = _month_step(self.axis.month_mm)
        names = [_month(self.language, month) for month in range(12)]
        widest = max(text_mm(name, SMALL_PT, "normal", family_of(name)) for name in names)
        self.upright = widest < self.axis.month_mm * self.step - 0.6
        self.axis_mm = _AXIS_MM[self.upright or self.step == 12]

    def height_mm(self, bars_mm: float) -> float:
        """Return how high the chart is with bars of a height."""
        periods = (_LANE_MM + max(len(rows), 1) * _ROW_MM + 1 for rows in self.lanes)
        return self.axis_mm + bars_mm + _LANE_MM + sum(periods) + 0.6

    def _rows(self, periods: Sequence[Period]) -> list[list[Period]]:
        """Return periods in as few rows as they and their numbers need."""
        rows: list[list[Period]] = []
        ends: list[float] = []
        for each in periods:
            left, right = self._extent(each)
            row = next((at for at, end in enumerate(ends) if end + 1 < left), len(rows))
            if row == len(rows):
                rows.append([])
                ends.append(0.0)
            rows[row].append(each)
            ends[row] = right
        return rows[:_MOST_ROWS]

    def _extent(self, each: Period) -> tuple[float, float]:
        """Return where a period and its number begin and end, in millimetres."""
        left, right = self._ends(each)
        at, wide = self._place(each)
        return min(left, at - wide / 2), max(right, at + wide / 2)

    def _ends(self, each: Period) -> tuple[float, float]:
        right = self.axis.at(each.last, end=True)
        if each.first:
            return self.axis.at(each.first), max(right, self.axis.at(each.first) + 0.6)
        return max(right - max(0.7 * self.axis.month_mm, 4.0), self.axis.left), right

    def _place(self, each: Period) -> tuple[float, float]:
        """Return the middle of a period's number, inside where it has room, and its width."""
        left, right = self._ends(each)
        told = self._told(each)
        wide = text_mm(told, SMALL_PT, "bold", family_of(told)) + 1.2
        if each.first is not None and wide < right - left:
            return (left + right) / 2, wide
        if left - wide - 0.6 > self.axis.left:
            return left - 0.6 - wide / 2, wide
        return right + 0.6 + wide / 2, wide

    def draw(self, sheet: Sheet, room: Box) -> None:
        """Draw the bars by month, the two lanes of periods, and the axis below."""
        t = self.language.t
        self.sheet, top = sheet, room[1] + room[3]
        self.axis = replace(self.axis, left=room[0] + 1)
        bars_mm = min(_BARS_MM + room[3] - self.height_mm(_BARS_MM), 62.0)
        low = self._bars(self._lane(top, t("Raids of this casebook, by month")), bars_mm)
        for rows, words in zip(
            self.lanes, (t("Raids counted over a period"), t("Claimed attacks")), strict=True
        ):
            low = self._periods(self._lane(low - 1, words), rows)
        self._months(low, top - _LANE_MM)

    def _lane(self, top: float, words: str) -> float:
        """Write what a lane holds; return where it begins."""
        leftwards = self.language.leftwards
        at = self.axis.left + (self.axis.width if leftwards else 0.0)
        self.sheet.write(self.language.line(words), (at, top - 3.4), SMALL_PT + 0.5, weight="bold",
                         family=family_of(words), ha="right" if leftwards else "left")  # fmt: skip
        return top - _LANE_MM

    def _bars(self, top: float, high_mm: float) -> float:
        counts: dict[int, list[int]] = {}
        for finding in self.findings:
            day = finding.incident.date
            counted = counts.setdefault(day.year * 12 + day.month - 1, [0, 0])
            counted[finding.area is None] += 1
        most = max((sum(each) for each in counts.values()), default=1)
        unit = (high_mm - 4) / most
        low = top - high_mm
        inset = min(0.18 * self.axis.month_mm, 1.0)
        for month, (located, claimed) in sorted(counts.items()):
            x = self.axis.left + (month - self.axis.first) * self.axis.month_mm + inset
            wide = self.axis.month_mm - 2 * inset
            self._box(LOCATED, x, low, wide, located * unit)
            self._box(CLAIMED_ONLY, x, low + located * unit, wide, claimed * unit)
            if self.axis.month_mm > 2.2:
                told = self.language.figures(str(located + claimed))
                self.sheet.write(told, (x + wide / 2, low + (located + claimed) * unit + 0.7),
                                 SMALL_PT + 0.5, ha="center", family=family_of(told))  # fmt: skip
        self._rule(low)
        return low

    def _periods(self, top: float, rows: Sequence[Sequence[Period]]) -> float:
        for row in rows:
            for each in row:
                self._period(each, top - _BAR_MM)
            top -= _ROW_MM
        if not rows:
            told = self.language.t("none in this casebook")
            self.sheet.write(
                self.language.line(told), (self.axis.left + self.axis.width / 2, top - 3), SMALL_PT,
                ha="center", color=GREY, family=family_of(told),
            )  # fmt: skip
            top -= _ROW_MM
        self._rule(top)
        return top

    def _period(self, each: Period, low: float) -> None:
        left, right = self._ends(each)
        if each.first is None:
            self._arrow(left, right, low)
        else:
            self._box(_style_of(each), left, low, right - left, _BAR_MM)
        told, (at, wide) = self._told(each), self._place(each)
        # Neither hatching nor the months' lines run through it.
        white: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "zorder": 4}
        self.sheet.page.add_patch(
            Rectangle((at - wide / 2, low + 0.7), wide, _BAR_MM - 1.4, **white)
        )
        style = {"weight": "bold", "family": family_of(told), "zorder": 5}
        middle = at, low + _BAR_MM / 2
        self.sheet.write(
            self.language.line(told), middle, SMALL_PT, ha="center", va="center", **style
        )

    def _arrow(self, left: float, right: float, low: float) -> None:
        """Draw that something held until a day, but not since when."""
        shape = {
            "arrowstyle": "-|>", "color": INK, "linewidth": 1.1, "linestyle": (0, (2, 1)),
            "mutation_scale": 6, "shrinkA": 0, "shrinkB": 0,
        }  # fmt: skip
        middle = low + _BAR_MM / 2
        self.sheet.page.annotate("", (left, middle), (right, middle), arrowprops=shape)
        ends = [low + 0.5, low + _BAR_MM - 0.5]
        self.sheet.page.plot([right, right], ends, color=INK, linewidth=1.1)

    def _told(self, each: Period) -> str:
        recorded = each.fact.recorded
        if isinstance(recorded, int):
            return self.language.figures(f"{recorded:,}")
        return self.language.t("number not stated")

    def _box(self, style: Style, left: float, low: float, wide: float, high: float) -> None:
        if high <= 0:
            return
        page = self.sheet.page
        box = shapely.box(left, low, left + wide, low + high)
        if style.face != "none":
            page.add_patch(Rectangle((left, low), wide, high, facecolor=style.face))
        if style.hatch:
            cut = lines_of(hatching(box.bounds, style.step_mm, style.angle_deg, box))
            hatch: Any = {"colors": style.hatch, "linewidths": style.hatch_pt}
            page.add_collection(LineCollection(cut, **hatch), autolim=False)
        page.add_patch(Rectangle((left, low), wide, high, facecolor="none", edgecolor=style.edge,
                                 linewidth=style.linewidth, zorder=3))  # fmt: skip

    def _rule(self, low: float) -> None:
        ends = [self.axis.left, self.axis.left + self.axis.width]
        self.sheet.page.plot(ends, [low, low], color=INK, linewidth=0.5, zorder=3.5)

    def _months(self, low: float, top: float) -> None:
        """Write months, or years alone where months would be too narrow, and draw their limits."""
        axis, language = self.axis, self.language
        for number in range(axis.count + 1):
            month = (axis.first + number) % 12
            x = axis.left + number * axis.month_mm
            if axis.month_mm > 1.2 or month == 0:
                shade, wide = (GREY, 0.6) if month == 0 else ("#d9d9d9", 0.3)
                self.sheet.page.plot([x, x], [low, top], color=shade, linewidth=wide, zorder=-1)
            if number < axis.count and self.step < 12 and month % self.step == 0:
                told = _month(language, month)
                at = x + axis.month_mm / 2, low - (2.8 if self.upright else 0.8)
                turned: dict[str, Any] = {} if self.upright else {"rotation": 90, "va": "top"}
                family = family_of(told)
                self.sheet.write(
                    language.line(told), at, SMALL_PT, ha="center", family=family, **turned
                )
        for year in range(axis.first // 12, (axis.first + axis.count - 1) // 12 + 1):
            start = max(year * 12, axis.first)
            wide = (min(year * 12 + 12, axis.first + axis.count) - start) * axis.month_mm
            told = language.figures(str(year))
            if text_mm(told, SMALL_PT + 0.5, "bold", family_of(told)) < wide:
                at = (
                    axis.left + (start - axis.first) * axis.month_mm + wide / 2,
                    low - self.axis_mm + 1,
                )
                style = {"weight": "bold", "family": family_of(told)}
                self.sheet.write(told, at, SMALL_PT + 0.5, ha="center", **style)


def _style_of(each: Period) -> Style:
    if each.fact.counts == "raids":
        return COUNTED
    return INACTIVE if each.fact.recorded == 0 else ATTACKS


def _month_step(month_mm: float) -> int:
    """Return of how many months one is named; 12 where only years are."""
    return next((step for step in (1, 2, 3, 6) if month_mm * step > 3.0), 12)


def _month(language: Language, month: int) -> str:
    """Return a month's name, in English its first three letters."""
    name = language.month(dt.date(2000, month + 1, 1))
    return name if language.leftwards else name[:3]
