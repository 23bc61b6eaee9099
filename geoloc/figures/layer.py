"""The police districts of one edition on an A4 page: core, likely part, possible extent."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from matplotlib.collections import LineCollection
from matplotlib_scalebar.scalebar import ScaleBar  # type: ignore[import-untyped]

from geoloc import geo
from geoloc.boundaries import Layer, Statement, Unit, Zones, load_layer, statements
from geoloc.errors import InputError
from geoloc.figures.labels import Labels
from geoloc.figures.names import NAMES
from geoloc.figures.panel import (
    Panel,
    degrees_on_frame,
    in_metres,
    pole,
    polygons,
    shared_lines,
)
from geoloc.figures.paper import (
    BLUE,
    FONT,
    GREY,
    INK,
    SMALL_PT,
    VERMILLION,
    Sheet,
    as_printed,
    leading_mm,
    require_computed,
    signature,
)
from geoloc.gazetteer import POLICE_DISTRICTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from shapely.geometry.base import BaseGeometry

_CORE, _LIKELY, _HATCH, _DISTRICT = "#9fbfdd", "#e3edf6", "#8296a8", "#7c4a16"
_NUMBER = "#12304f"
_DASHES = (0, (7, 2, 1, 2))
_BAR_MM = np.array([38.0, 12.0])  # what the scale bar takes of a map's lower left corner
_COARSE_M = 700.0  # from here on a position says little more than which square kilometre


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where a map lies on the page and what it shows."""

    corner_mm: tuple[float, float]  # lower left
    size_mm: tuple[float, float]
    middle: tuple[float, float]  # WGS 84 lon, lat
    scale: int  # a millimetre on paper is so many on the ground
    numbers_pt: float
    bar_km: int
    bar_at: str  # corner of the scale bar
    step_deg: float  # of the degrees on the frame
    degrees_at: str  # top or bottom


_UPPER = _Plan(
    (16, 161.5), (184, 107), (69.1725, 34.5597), 300_000, 8.5, 10, "upper left", 0.1, "top"
)
_LOWER = _Plan(
    (16, 39), (124, 115), (69.170, 34.5345), 100_000, 12, 2, "lower left", 0.02, "bottom"
)


@dataclass(frozen=True, slots=True)
class _Panel(Panel):
    """One map on the page."""

    plan: _Plan

    def bar_box(self) -> tuple[np.ndarray, np.ndarray]:
        """Return two corners of what the scale bar takes."""
        west, south, _, north = self.frame.bounds
        corner = np.array([west, south if self.plan.bar_at == "lower left" else north])
        sign = 1 if self.plan.bar_at == "lower left" else -1
        ends = np.array([corner, corner + self.metres(1) * _BAR_MM * [1, sign]])
        return ends.min(axis=0), ends.max(axis=0)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of evidence point and how it is marked."""

    words: str
    marker: str
    size: float
    face: str
    edge: str


_KINDS = {
    "placed": _Kind("locality of the district it lies in", "o", 1.7, INK, INK),
    "coarse": _Kind("the same, known to about 1 km only", "o", 2.4, "white", INK),
    "astray": _Kind("labelled as another district than it lies in", "D", 2.4, VERMILLION, "white"),
    "rural": _Kind("labelled rural, in no police district", "s", 2.0, "white", GREY),
    "doubted": _Kind("doubted: draws no line", "x", 2.6, INK, INK),
}


@as_printed
def layer_figure(edition: str | None = None, *, names: int = 3) -> Figure:
    """Return the police districts of an edition as one A4 page for a report.

    The upper map shows all of them, the lower one the centre at three times the scale. Solid is
    the core (membership of at least 0.9), light the likely part (0.5), hatched where another
    district is possible too (0.1).

    Parameters
    ----------
    edition : str, optional
        An edition that is computed from localities, `nahia-2019` or `iec-2014`; by default the
        one in use.
    names : int
        How many neighbourhoods to name at most in each district, 0 or more; those that find no
        room are left out.

    Returns
    -------
    Figure
        210 × 297 mm, not known to pyplot; save it with `savefig`, or with `figures.picture` for
        the same bytes each time. Drawn in UTM 42N (EPSG:32642).

    Raises
    ------
    EditionError
        If there is no such edition, or it has no surface of membership.
    InputError
        If `names` is below 0.
    """
    if names < 0:
        raise InputError(f"names must be 0 or more, got {names!r}.")
    layer = load_layer("police-districts", edition)
    require_computed(layer)
    drawing = _Drawing(layer)
    sheet = Sheet(210, 297)
    _head(sheet, layer)
    upper, lower = _panel(sheet, _UPPER), _panel(sheet, _LOWER)
    for panel in (upper, lower):
        drawing.draw(panel)
        _scale_bar(panel)
        _graticule(panel)
    _outline(upper.axes, lower.frame)
    drawing.name(upper, names, without=lower.frame)
    drawing.name(lower, names)
    _key(sheet, drawing)
    _foot(sheet, drawing)
    return sheet.figure


class _Drawing:
    """What one edition puts on a map, in metres."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.zones = {
            code: Zones(*(in_metres(getattr(zones, part)) for part in Zones.__slots__))
            for code in layer
            if (zones := layer.zones(code))
        }
        self.said = [said for said in statements() if said.vintage == layer.edition.id]
        self.placed = [said for said in self.said if said.lon is not None]
        self.kinds = {said.id: _kind(said, self.layer) for said in self.placed}
        self.districts = {
            code: (unit.name, in_metres(unit.geometry))
            for code, unit in load_layer("districts").items()
            if unit.parent == "AF01"
        }

    def draw(self, panel: _Panel) -> None:
        """Draw everything but the words."""
        for part, colour in (("likely", _LIKELY), ("core", _CORE)):
            for zones in self.zones.values():
                panel.fill(getattr(zones, part), facecolor=colour, zorder=1)
        possible = shapely.union_all(
            [zones.extent.difference(zones.likely) for zones in self.zones.values()]
        )
        panel.hatch(possible, colors=_HATCH)
        for zones in self.zones.values():
            outline = {"facecolor": "none", "edgecolor": BLUE, "linewidth": 0.7, "zorder": 3}
            panel.fill(zones.likely, **outline)
        shared = shared_lines(shape for _, shape in self.districts.values())
        panel.line(shared, colors=_DISTRICT, linestyles=[_DASHES])
        self._mark(panel)

    def _mark(self, panel: _Panel) -> None:
        for name, kind in _KINDS.items():
            listed = [_at(said) for said in self.placed if self.kinds[said.id] == name]
            if listed:
                _plot(panel.axes, kind, np.array(listed))

    def name(self, panel: _Panel, names: int, without: BaseGeometry | None = None) -> None:
        """Write every word on a map; no neighbourhoods where another map shows them."""
        labels = Labels(panel.sheet, panel.axes, np.array([_at(said) for said in self.placed]))
        labels.reserve(*panel.bar_box())
        for code in self.layer.codes:
            self._number(panel, labels, code)
        if without:  # the numbers stand there already
            west, south, east, north = without.bounds
            labels.reserve((west, south), (east, north))
        self._namesakes(labels)
        free = shapely.union_all([zones.extent for zones in self.zones.values()])
        for code, (name, shape) in self.districts.items():
            here = shape.intersection(panel.frame).difference(free)
            self._district(panel, labels, code, name, here)
        self._neighbourhoods(panel, labels, names, without)

    def _number(self, panel: _Panel, labels: Labels, code: str) -> None:
        """Write a district's number into each part that has room, and once in any case."""
        unit = self.layer[code]
        likely = shapely.intersection(self.zones[code].likely, panel.frame)
        for k, part in enumerate(polygons(likely)):
            middle, radius_m = pole(part)
            if k == 0 or radius_m > panel.metres(2.5):
                labels.claim(middle, unit.name, panel.plan.numbers_pt, **_number_style(unit))

    def _namesakes(self, labels: Labels) -> None:
        """Write where a police hawza has the number of a municipal district elsewhere."""
        for said in self.placed:
            if said.system == "hawza" and self.layer[said.code].ambiguous:
                words = f"{said.label}, also\ncalled {self.layer[said.code].name}"
                nowhere = shapely.Polygon()
                labels.beside(_at(said), words, SMALL_PT, off=nowhere, color=VERMILLION)

    def _district(
        self, panel: _Panel, labels: Labels, code: str, name: str, here: BaseGeometry
    ) -> None:
        middle, radius_m = pole(here)
        if radius_m < panel.metres(3):
            return
        lost = [unit.name for unit in self.layer.values() if unit.somewhere_in == code]
        told = f"{name.upper()}\n{' and '.join(lost)} somewhere here" if lost else name.upper()
        labels.claim(middle, told, SMALL_PT, color=_DISTRICT, style="italic")

    def _neighbourhoods(
        self, panel: _Panel, labels: Labels, names: int, without: BaseGeometry | None
    ) -> None:
        wishes = {
            code: [
                (name, at)
                for name, at in self._named(code)
                if panel.frame.contains(shapely.Point(at))
                and not (without and without.contains(shapely.Point(at)))
            ]
            for code in self.zones
        }
        for _ in range(names):  # every district its first name before any its second
            for code in sorted(wishes, key=lambda code: len(wishes[code])):
                while wishes[code]:
                    name, at = wishes[code].pop(0)
                    if labels.beside(at, name, SMALL_PT, off=self._others(code)):
                        break

    def _others(self, code: str) -> BaseGeometry:
        """Return where a district's names would be taken for another's."""
        listed = [zones.likely for other, zones in self.zones.items() if other != code]
        return shapely.union_all(listed)

    def _named(self, code: str) -> Iterator[tuple[str, tuple[float, float]]]:
        """Yield a district's neighbourhoods, Latin above Dari, best known first."""
        own = [
            said
            for said in self.placed
            if said.code == code and self.kinds[said.id] in ("placed", "coarse")
        ]
        for latin, dari in NAMES.get(int(code.removeprefix("AF-KBL-PD")), ()):
            called = [said for said in own if said.locality == latin]
            if called:
                finest = min(said.precision_m or 0 for said in called)
                called = [said for said in called if said.precision_m == finest]
                yield f"{latin}\n{dari}", _middle(called)


def _number_style(unit: Unit) -> dict[str, Any]:
    """Return how a district's number is written: in italics where little supports it."""
    weak = unit.confidence == "low"
    return {
        "color": _NUMBER,
        "weight": "normal" if weak else "bold",
        "style": "italic" if weak else "normal",
    }


def _kind(said: Statement, layer: Layer) -> str:
    """Return how a statement's point is marked."""
    if said.doubt:
        return "doubted"
    if not said.code:
        return "rural"
    if not shapely.intersects_xy(layer[said.code].geometry, *_lon_lat(said)):
        return "astray"
    return "coarse" if (said.precision_m or 0) >= _COARSE_M else "placed"


@cache
def _at(said: Statement) -> tuple[float, float]:
    east, north = geo.to_metres(*_lon_lat(said))
    return float(east), float(north)


def _lon_lat(said: Statement) -> np.ndarray:
    return np.array([said.lon, said.lat], float)


def _middle(called: list[Statement]) -> tuple[float, float]:
    """Return the place among several of one name that is nearest to their middle."""
    places = np.array([_at(said) for said in called])
    return tuple(places[np.hypot(*(places - places.mean(axis=0)).T).argmin()])


def _panel(sheet: Sheet, plan: _Plan) -> _Panel:
    """Return an empty map."""
    axes = sheet.axes(*plan.corner_mm, *plan.size_mm)
    east, north = geo.to_metres(*plan.middle)
    half_m = np.array(plan.size_mm) * plan.scale / 1000 / 2
    (west, south), (east, north) = np.array([east, north]) + np.outer([-1, 1], half_m)
    axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(linewidth=0.5, edgecolor=INK)
    return _Panel(sheet, axes, plan.scale, shapely.box(west, south, east, north), plan)


def _plot(axes: Axes, kind: _Kind, at: np.ndarray) -> None:
    axes.plot(
        *at.T, linestyle="none", marker=kind.marker, markersize=kind.size, zorder=8.5,
        markerfacecolor=kind.face, markeredgecolor=kind.edge, markeredgewidth=0.45,
    )  # fmt: skip


def _outline(axes: Axes, frame: shapely.Polygon) -> None:
    """Draw where the other map lies."""
    axes.plot(*frame.exterior.xy, color=INK, linewidth=0.9, zorder=5)


def _graticule(panel: _Panel) -> None:
    """Mark degrees on the frame: longitudes above or below, latitudes on the left."""
    step_deg, side = panel.plan.step_deg, panel.plan.degrees_at
    lons, eastings, lats, northings = degrees_on_frame(panel, step_deg, top=side == "top")
    axes = panel.axes
    axes.set_xticks(eastings, _degrees(lons, step_deg, "E"))
    axes.set_yticks(northings, _degrees(lats, step_deg, "N"))
    axes.tick_params(
        length=2, width=0.4, pad=1.5, labelsize=SMALL_PT, labelcolor=GREY, labelfontfamily=FONT,
        top=side == "top", labeltop=side == "top", bottom=side != "top", labelbottom=side != "top",
    )  # fmt: skip
    for label in axes.get_yticklabels():
        label.set(rotation=90, verticalalignment="center")


def _degrees(values: np.ndarray, step: float, letter: str) -> list[str]:
    places = 1 if step >= 0.1 else 2
    return [f"{value:.{places}f}° {letter}" for value in values]


def _scale_bar(panel: _Panel) -> None:
    """Draw a scale bar and say the scale; a UTM metre is 0.9996 to 1.0001 ground metres here."""
    bar = ScaleBar(
        1, "m", fixed_value=panel.plan.bar_km, fixed_units="km", location=panel.plan.bar_at,
        label=f"1 : {panel.plan.scale:_} on A4; north is up".replace("_", "\u2009"),
        box_alpha=0.85, label_loc="top", width_fraction=0.006, pad=0.3, border_pad=0.5, sep=1.5,
        font_properties={"family": FONT, "size": SMALL_PT}, rotation="horizontal-only",
    )  # fmt: skip
    bar.set_zorder(10)
    panel.axes.add_artist(bar)


def _head(sheet: Sheet, layer: Layer) -> None:
    edition = layer.edition
    sheet.write(edition.title, (16, 287.5), 12, weight="bold")
    sheet.write(f"Edition {edition.id}, valid {edition.valid_on}", (16, 282), 8)
    sheet.write("ناحیه‌های شهر کابل", (200, 282), 10, ha="right")
    words = f"{edition.caveat.capitalize()}. No open source holds the official lines."
    sheet.write(words, (16, 277.6), 8, weight="bold", color=VERMILLION)
    typical_m = round(statistics.median(_sigmas_m(layer)), -1)
    sheet.write(
        "Each area fades into its neighbours. A line is where an answer becomes more likely than"
        f" not, and is known to about ±{typical_m:,.0f} m (1 σ, median of the districts).",
        (16, 273.8), 6.5,
    )  # fmt: skip


def _sigmas_m(layer: Layer) -> list[float]:
    return [unit.sigma_m for unit in layer.values() if not unit.geometry.is_empty]


def _key(sheet: Sheet, drawing: _Drawing) -> None:
    """Say what every tint, line and mark means, beside the lower map."""
    left, words_left, width = 144.5, 153.5, 46.5
    sheet.write("How to read the maps", (left, 151), 8.5, weight="bold")
    baseline = 145.5
    for draw, words in _key_rows(drawing):
        draw(sheet, left, baseline)
        baseline = sheet.paragraph(words, (words_left, baseline), width, 6.5) - 1.3
    drawn = [unit for unit in drawing.layer.values() if not unit.geometry.is_empty]
    weak = [unit.name for unit in drawn if unit.confidence == "low"]
    notes = [f"Weakly supported, number in italics: {', '.join(weak)}."] if weak else []
    notes += [f"{unit.name}: {unit.note}" for unit in drawing.layer.values() if _must_be_told(unit)]
    codes = [f"AF-KBL-PD{number}" for number in POLICE_DISTRICTS]
    absent = [code.removeprefix("AF-KBL-") for code in codes if code not in drawing.layer]
    if absent:
        notes.append(f"Not in the lists of this edition: {', '.join(absent)}.")
    counted = sum(said.lon is None for said in drawing.said)
    if counted:
        notes.append(f"{counted} more statements name a place whose position is unknown.")
    baseline -= 1
    for note in notes:
        baseline = sheet.paragraph(note, (left, baseline), 55.5, 6.5) - 1.3


def _must_be_told(unit: Any) -> bool:
    """Return whether a reader who misses a unit's note will go wrong."""
    return bool(unit.ambiguous or unit.geometry.is_empty)


def _key_rows(drawing: _Drawing) -> Iterator[tuple[Any, str]]:
    yield _swatch(_CORE, BLUE), "Core: membership 0.9 or more"
    yield _swatch(_LIKELY, BLUE), "Likely part: 0.5 or more, more likely this district than not"
    yield (
        _swatch("white", GREY, hatched=True),
        "Possible: between 0.1 and 0.5 for a district nearby; over a light part, for another"
        " district than the one named",
    )
    counts = _counted(drawing.kinds.values())
    for name, kind in _KINDS.items():
        if counts.get(name):
            yield _sample(kind), f"{kind.words[0].upper()}{kind.words[1:]} ({counts[name]})"
    yield _dashes, "District line (OCHA 2018); names in brown capitals"
    yield _box_sample, "The lower map, at three times the scale of the upper"


def _counted(kinds: Iterable[str]) -> Mapping[str, int]:
    listed = list(kinds)
    return {name: listed.count(name) for name in _KINDS}


def _swatch(face: str, edge: str, *, hatched: bool = False) -> Any:
    def draw(sheet: Sheet, left: float, baseline: float) -> None:
        x, y = np.array([left, left + 7]), np.array([baseline - 0.7, baseline + 2.5])
        sheet.page.fill(x[[0, 1, 1, 0]], y[[0, 0, 1, 1]], facecolor=face, edgecolor="none")
        if hatched:
            cut = [[(x[0] + k, y[0]), (x[0] + k + 3.2, y[1])] for k in np.arange(0, 3.9, 1.55)]
            sheet.page.add_collection(LineCollection(cut, colors=_HATCH, linewidths=0.3))
        else:
            sheet.page.plot(x[[0, 1, 1, 0, 0]], y[[0, 0, 1, 1, 0]], color=edge, linewidth=0.7)

    return draw


def _sample(kind: _Kind) -> Any:
    def draw(sheet: Sheet, left: float, baseline: float) -> None:
        _plot(sheet.page, kind, np.array([[left + 3.5, baseline + 0.9]]))

    return draw


def _dashes(sheet: Sheet, left: float, baseline: float) -> None:
    style: Any = {"color": _DISTRICT, "linewidth": 0.6, "linestyle": _DASHES}
    sheet.page.plot([left, left + 7], [baseline + 0.9] * 2, **style)


def _box_sample(sheet: Sheet, left: float, baseline: float) -> None:
    x, y = [left, left + 7], [baseline - 0.7, baseline + 2.5]
    sheet.page.plot(
        [x[0], x[1], x[1], x[0], x[0]], [y[0], y[0], y[1], y[1], y[0]], color=INK, linewidth=0.9
    )


def _foot(sheet: Sheet, drawing: _Drawing) -> None:
    """Write what must go with the figure wherever it is shown."""
    district = load_layer("districts").edition
    baseline = sheet.paragraph(
        "Points are localities that a source puts in a district, moved to a grid of 0.002° (about"
        " 200 m), or of 0.01° where only a building named the place, so that no building shows."
        " Neighbourhood names are a selection; their Dari is spelt as commonly written. Membership"
        " is the model's probability that a place is counted to a district; the reliability figure"
        " (geoloc boundaries figure --kind reliability) shows how often it was right.",
        (16, 31), 184, SMALL_PT, color=INK,
    )  # fmt: skip
    baseline -= leading_mm(SMALL_PT) * 0.4
    baseline = sheet.paragraph(signature(drawing.layer), (16, baseline), 184, SMALL_PT, color=GREY)
    sheet.paragraph(
        f"Districts: {district.title}, {district.attribution}, {district.licence}. Projection UTM"
        " 42N (EPSG:32642), WGS 84.",
        (16, baseline), 184, SMALL_PT, color=GREY,
    )  # fmt: skip
