"""The clue ledger as small multiples: how likely each clue makes each place, then all together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from matplotlib.patches import Rectangle

from geoloc import boundaries, geo
from geoloc.area import ledger
from geoloc.figures.area import (
    EDGE,
    Shown,
    key_of_regions,
    region_styles,
    say_head,
    say_reason,
    says_of,
)
from geoloc.figures.ground import LIKELY, LINES, Style, draw_bar, round_scale, say_credit
from geoloc.figures.labels import Labels
from geoloc.figures.layout import Box, Flow, Layout, family_of, outside
from geoloc.figures.panel import Panel, in_metres, pole, shared_lines
from geoloc.figures.paper import GREY, INK, SMALL_PT, Sheet
from geoloc.figures.words import Written

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geoloc.area import Entry, LikelyArea
    from geoloc.boundaries import Unit
    from geoloc.casebook import Finding

# Relative to the best place: at least a half, a tenth, a hundredth.
_STEPS = (0.5, 0.1, 0.01)
_TINTS = ("#4d3b6e", "#9b8fb5", "#dcd7e6")
_ACROSS = {"column": 2, "page": 4, "wide": 3}
_MOST = {"column": 4, "page": 12, "wide": 6}  # panels, the posterior's included
_NAMES = 4  # districts named in the panel of all together
_MOST_BITS = 5  # that are told of a place that must not be found
_HIGH = 0.78  # of a panel, as a share of its width
_GAP_MM, _WIDEST_MM = 3.0, 76.0
_KINDS = {
    "Within": "in a named area",
    "NotWithin": "not in a named area",
    "Near": "a distance",
    "Bearing": "a direction",
    "Between": "between two places",
    "Along": "beside a line",
    "ElevationBetween": "a height",
    "Raster": "a kind of ground",
    "Drawn": "an area drawn",
    "SameAs": "where another incident happened",
    "Searched": "a search that found nothing",
}


def ledger_figure(
    finding: Finding, *, size: str = "page", language: str = "en", exact: bool = False
) -> Figure:
    """Return each clue's likelihood, with what it brought, and then the posterior."""
    shown, layout = Shown(finding, exact), Layout(size, language)
    entries = ledger(finding.area) if finding.area else ()
    say_head(layout, shown, "Clues, and what each brought")
    if finding.area is None:
        return _empty(layout, shown)
    most = _MOST[layout.size.name] - 1
    told = sorted(entries, key=lambda entry: -entry.bits)[:most]
    told = [entry for entry in entries if entry in told]  # in the order of the clues
    key_of_regions(layout, shown)
    if shown.plainly:
        _key_of_likelihood(layout)
    say_reason(layout, shown)
    layout.notes.gap(0.8)
    t = layout.language.t
    layout.notes.say(t("One bit halves the ground. Clues of one origin count once."), most=3)
    if unshown := len(entries) - len(told):
        layout.notes.gap(0.8)
        layout.notes.say(
            t("{count} more clues brought less and are not shown.", count=unshown), most=3
        )
    across = min(_ACROSS[layout.size.name], len(told) + 1)
    wide = min((layout.room_width_mm - _GAP_MM * (across - 1)) / across, _WIDEST_MM)
    rows = math.ceil((len(told) + 1) / across)
    scene = _Scene(layout, shown, finding.area, told, (wide, wide * _HIGH))
    _say_corners(layout, scene)
    say_credit(layout, ("districts",))
    flows = [scene.clue_words(number, entry) for number, entry in enumerate(told, start=1)]
    flows.append(scene.posterior_words())
    if layout.size.height_mm:
        rows_mm = (layout.size.height_mm - 2 * layout.size.margin_mm) / rows
        for flow in flows:
            flow.cut(rows_mm - wide * _HIGH - 4.5)
    row_mm = wide * _HIGH + max(flow.height_mm for flow in flows) + 4.5
    sheet, room = layout.sheet(rows * row_mm)
    shift_mm = 0.0
    if layout.language.leftwards:
        shift_mm = room[2] - across * (wide + _GAP_MM) + _GAP_MM
    for number, flow in enumerate(flows):
        column, row = number % across, number // across
        if layout.language.leftwards:
            column = across - 1 - column
        left = shift_mm + room[0] + column * (wide + _GAP_MM)
        top = room[1] + room[3] - row * row_mm
        if number < len(told):
            scene.clue(sheet, left, top, told[number])
        else:
            scene.posterior(sheet, left, top)
        flow.draw(sheet, left, top - scene.size_mm[1] - 2.6)
    return sheet.figure


def _say_corners(layout: Layout, scene: _Scene) -> None:
    """Say what ground the panels show, to a hundredth of a degree (about 1 km)."""
    west, south, east, north = scene.bounds
    lon, lat = geo.to_degrees([west, east], [south, north])
    corners = [layout.language.position(x, y, 2) for x, y in zip(lon, lat, strict=True)]
    layout.notes.gap(0.8)
    told = "Every panel shows the same ground, from {first} to {last}; north is up."
    layout.notes.say(layout.language.t(told, first=corners[0], last=corners[1]), most=3)


def _empty(layout: Layout, shown: Shown) -> Figure:
    """Return a page that says why there is no ledger."""
    t = layout.language.t
    layout.keys.say(t("No clue says anything about the place."), weight="bold", most=3)
    say_reason(layout, shown)
    say_credit(layout, ())
    sheet, room = layout.sheet(3.0)
    if layout.size.side_mm:
        _frame(sheet, room)
    return sheet.figure


def _frame(sheet: Sheet, room: Box) -> None:
    sheet.page.add_patch(
        Rectangle(room[:2], room[2], room[3], facecolor="#f4f4f2", edgecolor=GREY, linewidth=0.4)
    )


def _key_of_likelihood(layout: Layout) -> None:
    language = layout.language
    for least, tint in zip(_STEPS, _TINTS, strict=True):
        share = language.figures(f"1/{round(1 / least)}")
        words = language.t("A clue alone: at least {share} as likely as its best place",
                           share=Written(share))  # fmt: skip
        layout.keys.key(Style(face=tint, edge=GREY, linewidth=0.4).swatch(), words)


class _Scene:
    """The one piece of ground that all panels show."""

    def __init__(
        self,
        layout: Layout,
        shown: Shown,
        area: LikelyArea,
        entries: Sequence[Entry],
        size_mm: tuple[float, float],
    ) -> None:
        self.layout, self.shown, self.area, self.size_mm = layout, shown, area, size_mm
        self.regions = [in_metres(each.geometry) for each in shown.regions]
        west, south, east, north = self.regions[-1].bounds
        wide, high = size_mm
        least = max(1.5 * (east - west) / wide, 1.5 * (north - south) / high, 12_000 / wide)
        scale = round_scale(1000 * least)
        x, y = (west + east) / 2, (south + north) / 2
        half = np.array([wide, high]) * scale / 2000
        self.scale = scale
        self.bounds = x - half[0], y - half[1], x + half[0], y + half[1]
        bits = [area.bits, *(entry.bits for entry in entries)]
        self.most_bits = max(max(self._told_bits(each) for each in bits), 0.1)
        self._districts = _districts(self.bounds)
        shapes = [shape for _, shape in self._districts]
        self._lines = shared_lines(shapes).difference(shapely.box(*self.bounds).boundary.buffer(1))

    def clue(self, sheet: Sheet, left: float, top: float, entry: Entry) -> None:
        """Draw one strand's likelihood and its bits."""
        if self.shown.plainly:
            panel = self._panel(sheet, left, top)
            self._likelihood(panel, entry.strand.logs)
            self._context(panel)
        else:
            self._kept(sheet, left, top)
        self._bar(sheet, left, top, self._told_bits(entry.bits), _TINTS[0])

    def clue_words(self, number: int, entry: Entry) -> Flow:
        """Return what one strand says, and how far it is trusted."""
        language, flow = self.layout.language, self._flow()
        kinds = sorted({type(clue).__name__ for clue in entry.strand.clues})
        kind = language.listed(language.t(_KINDS[each]) for each in kinds)
        head = f"{language.figures(str(number))}\u2002{kind}"
        flow.say(head, SMALL_PT + 0.5, weight="bold", most=2)
        share = Written(language.percent(entry.strand.reliability))
        trust = language.t("taken to be right with {share}", share=share)
        flow.say(f"{self._bits(entry.bits)}; {trust}", most=2)
        if self.shown.plainly:
            flow.say(says_of(language, entry.strand, 110), most=2, color=GREY)
        origin = outside(entry.strand.origin, 90)
        flow.say(language.t("from {origin}", origin=origin), most=2, color=GREY)
        return flow

    def posterior(self, sheet: Sheet, left: float, top: float) -> None:
        """Draw what all clues say together."""
        panel = self._panel(sheet, left, top)
        styles = region_styles(len(self.regions))
        for style, shape in reversed(list(zip(styles, self.regions, strict=True))):
            style.draw(panel, shape)
        panel.line(self.regions[-1].boundary, colors=EDGE, linewidths=0.9, zorder=4.9)
        self._context(panel)
        labels = Labels(sheet, panel.axes, np.zeros((0, 2)))
        bar = draw_bar(panel, self.layout, shapely.union_all(self.regions))
        if bar is not None:
            labels.reserve_box(bar)
        self._names(labels)
        self._bar(sheet, left, top, self._told_bits(self.area.bits), LIKELY[0])

    def _names(self, labels: Labels) -> None:
        """Name the districts with most ground beside the area: degrees tell few people where."""
        language, style = self.layout.language, LINES["districts"]
        free = [(shape.difference(self.regions[-1]), unit) for unit, shape in self._districts]
        poles = [(pole(shape), unit) for shape, unit in free]
        for (middle, _), unit in sorted(poles, key=lambda each: -each[0][1])[:_NAMES]:
            name = language.unit(unit)
            how = {"color": style["color"], "style": "italic", "family": family_of(name)}
            labels.claim(middle, language.line(name), SMALL_PT, **how)

    def posterior_words(self) -> Flow:
        """Return what all clues brought together."""
        language, flow = self.layout.language, self._flow()
        flow.say(language.t("All together (posterior)"), SMALL_PT + 0.5, weight="bold", most=2)
        flow.say(self._bits(self.area.bits), most=1)
        widest = self.shown.regions[-1]
        share = Written(language.percent(widest.share))
        area = Written(language.km2(widest.area_km2))
        told = "{share} of the probability within {area}"
        if widest.at_least:
            told = "at least {share} of the probability within {area}"
        flow.say(language.t(told, share=share, area=area), most=3)
        return flow

    def _panel(self, sheet: Sheet, left: float, top: float) -> Panel:
        wide, high = self.size_mm
        axes = sheet.axes(left, top - high, wide, high)
        west, south, east, north = self.bounds
        axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[])
        axes.set_facecolor("white")
        for spine in axes.spines.values():
            spine.set(linewidth=0.4, edgecolor=INK, zorder=12)
        return Panel(sheet, axes, self.scale, shapely.box(*self.bounds))

    def _kept(self, sheet: Sheet, left: float, top: float) -> None:
        """Draw an empty frame where a clue would lead to the place."""
        wide, high = self.size_mm
        _frame(sheet, (left, top - high, wide, high))
        flow = Flow(self.layout.language, wide - 4, SMALL_PT)
        flow.say(
            self.layout.language.t("Not drawn: it would lead to the place."), color=GREY, most=4
        )
        flow.draw(sheet, left + 2, top - high / 2 + flow.height_mm / 2)

    def _context(self, panel: Panel) -> None:
        style = LINES["districts"]
        panel.line(self._lines, colors=style["color"], linewidths=0.5,
                   linestyles=[style["linestyle"]], zorder=4)  # fmt: skip

    def _likelihood(self, panel: Panel, logs: NDArray[Any]) -> None:
        """Draw a likelihood in three steps, cell by cell."""
        grid = self.area.grid
        possible = self.area.prior.mass > 0
        best = float(logs[possible].max())
        shares = np.exp(np.where(possible, logs, -np.inf) - best)
        image = np.zeros((*grid.shape, 4), np.uint8)
        for least, tint in reversed(list(zip(_STEPS, _TINTS, strict=True))):
            image[shares >= least] = (*(int(tint[k : k + 2], 16) for k in (1, 3, 5)), 255)
        rows, cols = self._seen()
        west_m = grid.west_m + cols.start * grid.cell_m
        north_m = grid.north_m - rows.start * grid.cell_m
        extent = (
            west_m, west_m + (cols.stop - cols.start) * grid.cell_m,
            north_m - (rows.stop - rows.start) * grid.cell_m, north_m,
        )  # fmt: skip
        if rows.stop > rows.start and cols.stop > cols.start:
            panel.axes.imshow(image[rows, cols], extent=extent, interpolation="nearest",
                              aspect="auto", zorder=1)  # fmt: skip
        west, south, east, north = self.bounds
        panel.axes.set(xlim=(west, east), ylim=(south, north))

    def _seen(self) -> tuple[slice, slice]:
        """Return the rows and columns of the grid that the panels show."""
        grid = self.area.grid
        west, south, east, north = self.bounds
        first = math.floor((grid.north_m - north) / grid.cell_m)
        last = math.ceil((grid.north_m - south) / grid.cell_m)
        left = math.floor((west - grid.west_m) / grid.cell_m)
        right = math.ceil((east - grid.west_m) / grid.cell_m)
        rows = slice(min(max(first, 0), grid.rows), max(min(last, grid.rows), 0))
        return rows, slice(min(max(left, 0), grid.cols), max(min(right, grid.cols), 0))

    def _flow(self) -> Flow:
        return Flow(self.layout.language, self.size_mm[0], SMALL_PT)

    def _bar(self, sheet: Sheet, left: float, top: float, bits: float, tint: str) -> None:
        """Draw how many bits, as a share of the most."""
        wide, low = self.size_mm[0], top - self.size_mm[1] - 2.0
        length = max(wide * min(bits / self.most_bits, 1.0), 0.3)
        at = left + wide - length if self.layout.language.leftwards else left
        frame: dict[str, Any] = {"facecolor": "none", "edgecolor": GREY, "linewidth": 0.3}
        sheet.page.add_patch(Rectangle((left, low), wide, 1.2, **frame))
        sheet.page.add_patch(Rectangle((at, low), length, 1.2, facecolor=tint))

    def _told_bits(self, bits: float) -> float:
        """Return bits as they may be told: of a place that must not be found, few."""
        return bits if self.shown.plainly else min(round(bits), _MOST_BITS)

    def _bits(self, bits: float) -> str:
        language, told = self.layout.language, self._told_bits(bits)
        number = f"{told:.1f}" if self.shown.plainly else f"{told:.0f}"
        words = "{bits} bits"
        if not self.shown.plainly and told >= _MOST_BITS:
            words = "{bits} bits or more"
        return language.t(words, bits=Written(language.figures(number)))


def _districts(bounds: tuple[float, float, float, float]) -> list[tuple[Unit, BaseGeometry]]:
    """Return the districts that a box of UTM 42N shows, each cut to it."""
    lon, lat = geo.to_degrees([bounds[0], bounds[2]], [bounds[1], bounds[3]])
    near = shapely.box(lon[0], lat[0], lon[1], lat[1]).buffer(0.05)
    units = boundaries.load_layer("districts").values()
    cut = shapely.box(*bounds)
    shown = (
        (unit, in_metres(unit.geometry).intersection(cut))
        for unit in units
        if shapely.intersects(unit.geometry, near)
    )
    return [(unit, shape) for unit, shape in shown if shape.area]
