"""A map for a figure: what lies around, what is behind, and scale, north and place of the frame."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from matplotlib.collections import LineCollection
from matplotlib.patches import PathPatch, Rectangle

from geoloc import boundaries, geo, terrain
from geoloc.errors import InputError
from geoloc.figures.labels import Labels
from geoloc.figures.layout import SWATCH_MM, Box, Layout, Swatch, family_of, outside
from geoloc.figures.names import NAMES
from geoloc.figures.panel import (
    Panel,
    degrees_on_frame,
    hatching,
    in_metres,
    lines_of,
    outline_path,
    pole,
    polygons,
    round_number,
    shared_lines,
)
from geoloc.figures.paper import GREY, INK, SMALL_PT, Sheet

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geoloc.boundaries import Edition, Unit

    Bounds = tuple[float, float, float, float]
    _Named = tuple[float, float, float, float, str, str]  # lon, lat, x, y, Latin, Dari

# Classes differ in lightness, dashes and hatching, not in hue alone.
LIKELY = ("#2f6496", "#86aed2", "#cfe0ee")  # densest first
CLAIMED = "#a8380c"
LINES: dict[str, dict[str, Any]] = {
    "provinces": {"color": "#3a3a3a", "linewidth": 1.3, "linestyle": "solid"},
    "districts": {"color": "#7c4a16", "linewidth": 0.7, "linestyle": (0, (7, 2, 1, 2))},
    "police-districts": {"color": "#5b6c7d", "linewidth": 0.7, "linestyle": (0, (1, 1.3))},
}
LINE_WORDS = {
    "provinces": "Province lines",
    "districts": "District lines",
    "police-districts": "Police-district lines",
}
_KABUL_CITY = (69.0, 34.42, 69.36, 34.63)  # where to look when there is no shape
_LEAST_VIEW_M = 15_000.0  # closer in, lines of σ 400 m would look exact
_MARGIN = 1.16  # of the view around what is drawn
_LEFT_MM, _BELOW_MM = 3.6, 3.4  # what degrees take beside and below a map
_BAR_MM = (30.0, 10.5)  # what scale bar and arrow take
_MOST_PLACES, _FEW_PLACES = 16, 6
_PROVINCE_KM = 80  # maps up to this width are located in their province
_COUNTRY_KM = 400  # wider ones show provinces only
_CITY_KM = 60  # views wider than this name no neighbourhoods
_BEHIND = 0.55  # how strongly what is behind the lines is drawn


@dataclass(frozen=True, slots=True)
class Style:
    """How a class of areas is drawn, on the map and in its key."""

    face: str = "none"
    edge: str = "none"
    linewidth: float = 0.0
    dashes: Any = "solid"
    hatch: str | None = None
    angle_deg: float = 45.0
    step_mm: float = 1.6
    hatch_pt: float = 0.45
    zorder: float = 2.0
    alpha: float = 1.0

    def draw(self, panel: Panel, shape: BaseGeometry) -> None:
        """Draw an area of UTM 42N."""
        if self.face != "none":
            panel.fill(shape, facecolor=self.face, zorder=self.zorder, alpha=self.alpha)
        if self.hatch:
            panel.hatch(
                shape, step_mm=self.step_mm, angle_deg=self.angle_deg, colors=self.hatch,
                linewidths=self.hatch_pt, zorder=self.zorder + 0.1,
            )  # fmt: skip
        if self.edge != "none":
            panel.line(
                shape.boundary, colors=self.edge, linewidths=self.linewidth,
                linestyles=[self.dashes], zorder=self.zorder + 0.2,
            )  # fmt: skip

    def swatch(self) -> Swatch:
        """Return the same as a sample for the key."""

        def draw(sheet: Sheet, left: float, baseline: float) -> None:
            box = shapely.box(left, baseline - 0.7, left + SWATCH_MM, baseline + 2.5)
            path = outline_path(box)
            if path and self.face != "none":
                face = {"facecolor": self.face, "edgecolor": "none", "alpha": self.alpha}
                sheet.page.add_patch(PathPatch(path, **face))
            if self.hatch:
                cut = lines_of(hatching(box.bounds, self.step_mm, self.angle_deg, box))
                style: dict[str, Any] = {"colors": self.hatch, "linewidths": self.hatch_pt}
                sheet.page.add_collection(LineCollection(cut, **style), autolim=False)
            if path and self.edge != "none":
                edge: Any = {"edgecolor": self.edge, "linewidth": self.linewidth}
                sheet.page.add_patch(
                    PathPatch(path, facecolor="none", linestyle=self.dashes, **edge)
                )

        return draw


def line_swatch(**style: Any) -> Swatch:
    """Return a sample of a line for the key."""

    def draw(sheet: Sheet, left: float, baseline: float) -> None:
        sheet.page.plot([left, left + SWATCH_MM], [baseline + 0.9] * 2, **style)

    return draw


@dataclass(frozen=True, slots=True)
class Ground:
    """What a map shows beside its subject; decided before the page is made."""

    bounds: Bounds  # west, south, east, north, UTM 42N metres
    scale: float
    size_mm: tuple[float, float]
    layers: tuple[str, ...]  # whose lines are seen
    reach: geo.Box  # the frame in degrees, WGS 84

    @property
    def width_km(self) -> float:
        """Return how much ground the map shows from west to east."""
        return (self.bounds[2] - self.bounds[0]) / 1000

    def units(self, layer: str) -> list[Unit]:
        """Return the units of a layer that are seen."""
        frame = shapely.box(*self.reach)
        return [
            unit
            for unit in boundaries.load_layer(layer).values()
            if shapely.intersects(unit.geometry, frame)
        ]


def ground_for(
    layout: Layout,
    shapes: Sequence[BaseGeometry],
    room_mm: float | None = None,
    *,
    width_mm: float | None = None,
    least_m: float = _LEAST_VIEW_M,
    margin: float = _MARGIN,
) -> Ground:
    """Return the map that shows some WGS 84 shapes; of none, Kabul city."""
    size = layout.size
    high = room_mm or (size.height_mm - 2 * size.margin_mm if size.height_mm else size.room_mm)
    wide_mm, high_mm = (width_mm or layout.room_width_mm) - _LEFT_MM, high - _BELOW_MM
    west, south, east, north = in_metres(
        shapely.union_all([*shapes]) if shapes else shapely.box(*_KABUL_CITY)
    ).bounds
    margin = margin if east - west < 1000 * _COUNTRY_KM else 1.03
    wide_m, high_m = (max(margin * each, least_m) for each in (east - west, north - south))
    scale = round_scale(1000 * max(wide_m / wide_mm, high_m / high_mm))
    x, y = (west + east) / 2, (south + north) / 2
    half_x, half_y = wide_mm * scale / 2000, high_mm * scale / 2000
    bounds = x - half_x, y - half_y, x + half_x, y + half_y
    lon, lat = geo.to_degrees(
        [bounds[0], bounds[0], bounds[2], bounds[2]], [bounds[1], bounds[3], bounds[1], bounds[3]]
    )
    reach = float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())
    empty = Ground(bounds, scale, (wide_mm, high_mm), (), reach)
    wanted: tuple[str, ...] = (
        boundaries.LAYERS if empty.width_km < _CITY_KM * 2 else ("provinces", "districts")
    )
    if empty.width_km > _COUNTRY_KM:
        wanted = ("provinces",)
    seen = tuple(layer for layer in wanted if _crosses(empty, layer))
    return Ground(bounds, scale, (wide_mm, high_mm), seen, reach)


def _crosses(ground: Ground, layer: str) -> bool:
    """Return whether a line of a layer is seen."""
    frame = shapely.box(*ground.reach)
    return any(shapely.intersects(unit.geometry.boundary, frame) for unit in ground.units(layer))


def round_scale(least: float) -> float:
    """Return the next round scale, a number of two or three digits and zeros."""
    power = 10.0 ** math.floor(math.log10(least))
    for step in (1, 1.1, 1.25, 1.4, 1.5, 1.6, 1.8, 2, 2.25, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9):
        if step * power >= least:
            return float(step * power)
    return 10 * power


def panel_on(sheet: Sheet, room: Box, ground: Ground) -> Panel:
    """Return the empty map in its room."""
    left, bottom, _, _ = room
    axes = sheet.axes(left + _LEFT_MM, bottom + _BELOW_MM, *ground.size_mm)
    west, south, east, north = ground.bounds
    axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[])
    axes.set_facecolor("#fbfaf7")
    for spine in axes.spines.values():
        spine.set(linewidth=0.5, edgecolor=INK, zorder=12)
    return Panel(sheet, axes, ground.scale, shapely.box(west, south, east, north))


def draw_lines(panel: Panel, ground: Ground) -> None:
    """Draw the lines of every layer that is seen, each line once."""
    for order, layer in enumerate(reversed(ground.layers)):
        frame = shapely.box(*ground.reach).buffer(0.02)
        near = [shapely.intersection(unit.geometry, frame) for unit in ground.units(layer)]
        edges = shared_lines(near).difference(frame.boundary.buffer(1e-9))
        style = LINES[layer]
        thin = 0.5 if ground.width_km > _COUNTRY_KM else 1.0
        panel.line(
            in_metres(edges), colors=style["color"], linewidths=thin * style["linewidth"],
            linestyles=[style["linestyle"]], zorder=4 + order / 10,
        )  # fmt: skip


def furnish(
    panel: Panel,
    ground: Ground,
    layout: Layout,
    labels: Labels,
    subject: BaseGeometry,
    *,
    locator: bool = True,
) -> None:
    """Draw scale bar, north arrow, degrees and locator where they hide least of the subject."""
    corners = _corners_by_cover(panel, subject, (24.0, 21.0), ("tr", "tl", "br", "bl"))
    locator_at = corners[0] if locator else ""
    bar_at = next(
        corner
        for corner in _corners_by_cover(panel, subject, _BAR_MM, ("bl", "br", "tl", "tr"))
        if corner != locator_at
    )
    labels.reserve_box(_bar(panel, layout, bar_at))
    if locator:
        labels.reserve_box(_locator(panel, ground, layout, locator_at))
    _degrees(panel, ground, layout)


def draw_bar(panel: Panel, layout: Layout, subject: BaseGeometry) -> Any:
    """Draw scale bar and north arrow where a small map has room; return their box in pixels."""
    west, _, east, _ = panel.bounds
    if (east - west) / panel.metres(1) > 1.5 * _BAR_MM[0]:
        return _bar(
            panel, layout, _corners_by_cover(panel, subject, _BAR_MM, ("bl", "br", "tl", "tr"))[0]
        )
    return None


def _corner_box(panel: Panel, size_mm: tuple[float, float], corner: str, gap_mm: float) -> Any:
    """Return west, south, east, north in metres of a box in a corner of the map."""
    west, south, east, north = panel.bounds
    wide, high, gap = (panel.metres(each) for each in (*size_mm, gap_mm))
    x = west + gap if corner[1] == "l" else east - gap - wide
    y = south + gap if corner[0] == "b" else north - gap - high
    return x, y, x + wide, y + high


def _corners_by_cover(
    panel: Panel, subject: BaseGeometry, size_mm: tuple[float, float], corners: Iterable[str]
) -> list[str]:
    """Return corners, first that in which a box hides least of the subject."""
    return sorted(
        corners,
        key=lambda corner: round(
            shapely.box(*_corner_box(panel, size_mm, corner, 1)).intersection(subject).area
            / panel.metres(1) ** 2
        ),
    )


def _bar(panel: Panel, layout: Layout, corner: str) -> Any:
    """Draw scale bar, scale and north arrow; return the box that they take, in pixels."""
    language = layout.language
    box = _corner_box(panel, _BAR_MM, corner, 1)
    (west, south, east, _), mm = box, panel.metres(1)
    white: dict[str, Any] = {"facecolor": "white", "alpha": 0.85, "zorder": 10}
    panel.axes.add_patch(
        Rectangle((west, south), *(panel.metres(each) for each in _BAR_MM), **white)
    )
    length_m = round_number(20.5 * mm, (1, 2, 3, 4, 5))
    start, low = west + 1.5 * mm, south + 1.6 * mm
    for part, face in ((0, INK), (1, "white")):
        panel.axes.add_patch(
            Rectangle(
                (start + part * length_m / 2, low), length_m / 2, 0.9 * mm, facecolor=face,
                edgecolor=INK, linewidth=0.4, zorder=11,
            )
        )  # fmt: skip
    style: dict[str, Any] = {"size": SMALL_PT, "color": INK, "zorder": 11, "parse_math": False}
    told = language.km(length_m / 1000)
    panel.axes.text(start, low + 1.7 * mm, language.line(told), family=family_of(told), **style)
    ratio = language.figures(f"1 : {panel.scale:,.0f}".replace(",", "\u2009"))
    panel.axes.text(start, low + 4.9 * mm, f"\u2066{ratio}\u2069" if language.leftwards else ratio,
                    family=family_of(ratio), **style)  # fmt: skip
    _arrow(panel, (east - 4.2 * mm, south + 1.2 * mm), language.t("N"))
    return panel.axes.transData.transform([box[:2], box[2:]]).ravel()


def _arrow(panel: Panel, foot: tuple[float, float], letter: str) -> None:
    """Draw an arrow to true north, which is turned against the grid by the convergence."""
    x, y = foot
    mm = panel.metres(1)
    lon, lat = (float(each[0]) for each in geo.to_degrees([x], [y]))
    north = (
        np.array(geo.to_metres([lon], [lat + 0.01]))[:, 0]
        - np.array(geo.to_metres([lon], [lat]))[:, 0]
    )
    up = north / np.hypot(*north)
    right = np.array([up[1], -up[0]])
    at = np.array([x, y])
    tip, left, notch, other = (
        at + up * 5.2 * mm, at - right * 1.35 * mm, at + up * 1.1 * mm, at + right * 1.35 * mm,
    )  # fmt: skip
    for points, face in (((tip, left, notch), INK), ((tip, notch, other), "white")):
        panel.axes.fill(
            *np.array(points).T, facecolor=face, edgecolor=INK, linewidth=0.4, zorder=11
        )
    x, y = at + up * 5.5 * mm
    panel.axes.text(
        x, y, letter, size=SMALL_PT + 0.5, family=family_of(letter), color=INK,
        ha="center", va="bottom", weight="bold", zorder=11, parse_math=False,
    )  # fmt: skip


def _degrees(panel: Panel, ground: Ground, layout: Layout) -> None:
    """Mark round degrees on the frame; never closer than a hundredth (about 1 km)."""
    wide_deg = ground.reach[2] - ground.reach[0]
    step = max(round_number(wide_deg / 2.6), 0.01)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    lons, eastings, lats, northings = degrees_on_frame(panel, step, top=False)
    axes, language = panel.axes, layout.language

    def told(value: float, side: str) -> str:
        return language.figures(f"{value:.{places}f}° ") + language.t(side)

    east, north = [told(v, "E") for v in lons], [told(v, "N") for v in lats]
    axes.set_xticks(eastings, [language.line(each) for each in east])
    axes.set_yticks(northings, [language.line(each) for each in north])
    axes.tick_params(length=1.4, width=0.4, pad=1.2, labelsize=SMALL_PT, labelcolor=GREY)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set(family=family_of(label.get_text()), parse_math=False)
    for label in axes.get_yticklabels():
        label.set(rotation=90, verticalalignment="center")
    cross = [(x, y) for x in eastings for y in northings]
    if cross:
        axes.plot(*np.array(cross).T, "+", color=GREY, markersize=3, markeredgewidth=0.3, zorder=3)


def _locator(panel: Panel, ground: Ground, layout: Layout, corner: str) -> Any:
    """Draw where the map lies: in its province, or else in Afghanistan; return the box, pixels."""
    west, south, east, north = panel.bounds
    whole = boundaries.load_layer("provinces")
    lon, lat = geo.to_degrees([(west + east) / 2], [(south + north) / 2])
    home = next(
        (u for u in whole.values() if shapely.intersects_xy(u.geometry, lon[0], lat[0])), None
    )
    small = home is not None and ground.width_km < _PROVINCE_KM
    around = _in_metres_of(home.code) if home and small else _country()
    x1, y1, x2, y2 = around.bounds
    ratio = (y2 - y1) / (x2 - x1)
    wide_mm = min(20.0, 16.0 / ratio)
    name = (
        layout.language.unit(home, kind=True)
        if home and small
        else layout.language.t("Afghanistan")
    )
    size_mm = (max(wide_mm, 14.0) + 2.0, wide_mm * ratio + 5.0)
    box = _corner_box(panel, size_mm, corner, 1)
    axes, mm = panel.axes, panel.metres(1)
    axes.add_patch(
        Rectangle(box[:2], box[2] - box[0], box[3] - box[1], facecolor="white", edgecolor=GREY,
                  linewidth=0.4, alpha=0.95, zorder=10)
    )  # fmt: skip
    factor = wide_mm * mm / (x2 - x1)
    at = np.array([(box[0] + box[2]) / 2 - wide_mm * mm / 2, box[1] + 3.7 * mm])

    def placed(shape: BaseGeometry) -> Any:
        return shapely.transform(shape, lambda p: (p - (x1, y1)) * factor + at)

    parts = shapely.simplify(placed(around), 0.08 * mm)
    path = outline_path(parts)
    if path:
        axes.add_patch(
            PathPatch(path, facecolor="#ececec", edgecolor=GREY, linewidth=0.5, zorder=10.1)
        )
    frame = placed(panel.frame.intersection(shapely.box(x1, y1, x2, y2)))
    tiny = (
        max(frame.bounds[2] - frame.bounds[0], 1.6 * mm) / 2,
        max(frame.bounds[3] - frame.bounds[1], 1.6 * mm) / 2,
    )
    cx, cy = frame.centroid.x, frame.centroid.y
    axes.add_patch(
        Rectangle((cx - tiny[0], cy - tiny[1]), 2 * tiny[0], 2 * tiny[1], facecolor="none",
                  edgecolor=INK, linewidth=1.0, zorder=10.3)
    )  # fmt: skip
    axes.text(
        (box[0] + box[2]) / 2, box[1] + 0.9 * mm, layout.language.line(name), size=SMALL_PT,
        family=family_of(name), color=INK, ha="center", va="bottom", zorder=10.4, parse_math=False,
    )  # fmt: skip
    return axes.transData.transform([box[:2], box[2:]]).ravel()


@cache
def _in_metres_of(code: str) -> Any:
    return in_metres(boundaries.unit(code).geometry)


@cache
def _country() -> Any:
    whole = shapely.union_all([_in_metres_of(code) for code in boundaries.load_layer("provinces")])
    # Lines of neighbours are not always the same to the metre; slivers between them are no lakes.
    return shapely.union_all([shapely.Polygon(part.exterior) for part in polygons(whole)]).simplify(
        1500
    )


def name_units(
    panel: Panel,
    ground: Ground,
    layout: Layout,
    labels: Labels,
    *,
    off: BaseGeometry | None = None,
    without: Iterable[str] = (),
) -> None:
    """Write the names of the units that are seen, beside a subject where there is room for it."""
    language, told = layout.language, {*without}
    for layer in reversed(ground.layers):
        least_m = panel.metres(2.0 if layer == "police-districts" else 3.5)
        for unit in ground.units(layer):
            if unit.code in told or unit.geometry.is_empty:
                continue
            # The locator names the province of a map that lies in one.
            if layer == "provinces" and ground.width_km < _PROVINCE_KM:
                continue
            here = _in_metres_of(unit.code).intersection(panel.frame)
            middle, radius_m = pole(here.difference(off) if off else here)
            if radius_m < 2 * least_m:
                middle, radius_m = pole(here)
            if radius_m > least_m:
                name = language.unit(unit)
                labels.claim(middle, language.line(name), SMALL_PT, **_name_style(layer, name))


def _name_style(layer: str, name: str) -> dict[str, Any]:
    style = {"color": LINES[layer]["color"], "family": family_of(name)}
    return style | ({"weight": "bold"} if layer == "police-districts" else {"style": "italic"})


def mark_places(
    panel: Panel, ground: Ground, layout: Layout, labels: Labels, off: BaseGeometry
) -> None:
    """Mark some neighbourhoods and settlements by name, spread over the map, off a subject."""
    language, marked = layout.language, 0
    inside = panel.frame.buffer(-panel.metres(3))
    most = _MOST_PLACES if panel.sheet.width_mm > 100 else _FEW_PLACES
    for name, at in _places(ground, leftwards=language.leftwards):
        if marked == most:
            break
        if not (inside.contains(shapely.Point(at)) and labels.is_free(at)):
            continue
        style = {"color": INK, "family": family_of(name)}
        if labels.beside(at, language.line(name), SMALL_PT, off=off, **style):
            panel.axes.plot(*at, "o", color=INK, markersize=1.5, zorder=8.5)
            marked += 1


def place_tables(ground: Ground, layout: Layout) -> tuple[str, ...]:
    """Return the shipped tables that the names of places that are seen come from."""
    known, others = _places_by_table(ground, leftwards=layout.language.leftwards)
    return (*(["localities"] if known else []), *(["gazetteer"] if others else []))


def _places(ground: Ground, *, leftwards: bool) -> list[tuple[str, tuple[float, float]]]:
    """Return the places that may be named: well-known neighbourhoods, and some settlements."""
    known, others = _places_by_table(ground, leftwards=leftwards)
    return known + others


def _places_by_table(
    ground: Ground, *, leftwards: bool
) -> tuple[list[tuple[str, tuple[float, float]]], ...]:
    if ground.width_km > _CITY_KM * 2:
        return [], []
    west, south, east, north = ground.reach
    known, others = (
        [
            (persian if leftwards else latin, (x, y))
            for lon, lat, x, y, latin, persian in listed
            if west < lon < east and south < lat < north and (persian or not leftwards)
        ]
        for listed in (_neighbourhoods(), _settlements())
    )
    return _spread(known)[:_MOST_PLACES], _spread(others)[: max(0, _FEW_PLACES - len(known))]


@cache
def _neighbourhoods() -> tuple[_Named, ...]:
    """Return the neighbourhoods that the map of the police districts names, each once."""
    found: dict[str, _Named] = {}
    placed = [said for said in boundaries.statements() if said.lon is not None and not said.doubt]
    for number, names in NAMES.items():
        for latin, persian in names:
            for said in placed:
                if said.locality == latin and said.code == f"AF-KBL-PD{number}":
                    found.setdefault(latin, _named(said.lon or 0, said.lat or 0, latin, persian))
    return tuple(found.values())


@cache
def _settlements() -> tuple[_Named, ...]:
    rows = csv.DictReader(boundaries.shipped_table("gazetteer").splitlines())
    return tuple(
        _named(float(row["lon"]), float(row["lat"]), row["name"], row["name_fa"])
        for row in rows
        if row["name_fa"]
    )


def _named(lon: float, lat: float, latin: str, persian: str) -> _Named:
    x, y = geo.to_metres([lon], [lat])
    return lon, lat, float(x[0]), float(y[0]), latin, persian


def _spread(places: list[tuple[str, tuple[float, float]]]) -> list[tuple[str, tuple[float, float]]]:
    """Return places, each as far from those before it as can be; the south-western one first."""
    left = sorted(places, key=lambda place: (sum(place[1]), place[0]))
    if not left:
        return []
    at = np.array([place[1] for place in left])
    gaps, chosen = np.full(len(left), np.inf), [0]
    for _ in range(len(left) - 1):
        gaps = np.minimum(gaps, np.hypot(*(at - at[chosen[-1]]).T))
        chosen.append(int(gaps.argmax()))
    return [left[number] for number in chosen]


def draw_base(panel: Panel, ground: Ground, base: str) -> None:
    """Draw a user's raster behind the lines: its relief, or its colours.

    Raises
    ------
    InputError
        If `base` is neither `relief:FILE` nor a GeoTIFF, or the file cannot be drawn here.
    """
    word, _, path = base.partition(":")
    relief = word == "relief" and bool(path)
    if not relief and not base.lower().endswith((".tif", ".tiff")):
        raise InputError(
            f"{base[:100]!r} is no base of a figure; write relief:FILE for the relief of a height"
            " model (GeoTIFF), or FILE.tif for a picture."
        )
    file = path if relief else base
    finest = terrain.frame_over(file, ground.reach)
    frame = finest.coarser(max(1.0, math.sqrt(finest.rows * finest.cols / 1_500_000)))
    if relief:
        shades = terrain.shade(terrain.read_dem(file, frame.wider()), frame)
        grey = np.nan_to_num(255 * np.clip(shades * 1.3, 0, 1)).round().astype(np.uint8)
        known = np.where(np.isnan(shades), 0, 255).astype(np.uint8)
        colours = np.stack([grey, grey, grey, known])
    else:
        colours, _ = terrain.read_picture(file, frame)
    west, south, east, north = ground.bounds
    shown = _on_utm(colours, frame, ground)
    panel.axes.imshow(
        shown, extent=(west, east, south, north), zorder=0, alpha=_BEHIND, aspect="auto",
        interpolation="nearest",
    )  # fmt: skip
    panel.axes.set(xlim=(west, east), ylim=(south, north))


def _on_utm(colours: NDArray[Any], frame: terrain.Frame, ground: Ground) -> NDArray[np.uint8]:
    """Return a Web Mercator picture on the map's own rows and columns, 8 to the millimetre."""
    west, south, east, north = ground.bounds
    cols, rows = (round(8 * size) for size in ground.size_mm)
    x = west + (np.arange(cols) + 0.5) * (east - west) / cols
    y = north - (np.arange(rows) + 0.5) * (north - south) / rows
    lon, lat = geo.to_degrees(*np.meshgrid(x, y))
    radius_m = 6_378_137.0
    column = np.floor((np.radians(lon) * radius_m - frame.west_m) / frame.pixel_m).astype(int)
    up_m = np.arcsinh(np.tan(np.radians(lat))) * radius_m
    row = np.floor((frame.north_m - up_m) / frame.pixel_m).astype(int)
    there = (column >= 0) & (column < frame.cols) & (row >= 0) & (row < frame.rows)
    shown = np.zeros((rows, cols, 4), np.uint8)
    shown[there] = np.moveaxis(colours, 0, -1)[row[there], column[there]]
    return shown


def base_words(layout: Layout, base: str | None, credit: str) -> str:
    """Return what must be said of the base."""
    if not base:
        return ""
    language = layout.language
    what = language.t("Shaded relief" if base.startswith("relief:") else "Picture from above")
    owner = outside(credit) or language.t("the user's own file, owner not stated")
    return language.t("Behind: {what}, {owner}.", what=what, owner=owner)


def editions_of(layers: Iterable[str]) -> list[Edition]:
    """Return the editions whose lines are drawn, each once."""
    found = {boundaries.load_layer(layer).edition.id: boundaries.load_layer(layer).edition
             for layer in layers}  # fmt: skip
    return list(found.values())


def say_credit(
    layout: Layout,
    layers: Iterable[str],
    *,
    places: Iterable[str] = (),
    behind: str = "",
    mapped: bool = False,
) -> None:
    """Write, in the credit, whose lines, places and background these are, on which terms."""
    from geoloc import __version__

    language = layout.language
    owners = "; ".join(
        f"{edition.attribution} ({edition.id}, {edition.licence})"
        for edition in editions_of(layers)
    )
    told = [language.t("Lines: {owners}.", owners=owners)] if owners else []
    if named := "; ".join(_owner(table) for table in places):
        told.append(language.t("Places: {owners}.", owners=named))
    told += [behind] if behind else []
    if owners or mapped:
        told.append(language.t("Projection: {name}.", name="UTM 42N (EPSG:32642), WGS 84"))
    told.append(language.t("Drawn by {name}.", name=f"geoloc {__version__}"))
    # Latin words in a Persian paragraph are hard to follow over several lines.
    for part in told if language.leftwards else [" ".join(told)]:
        layout.credit.say(part, color=GREY, most=7)


def _owner(table: str) -> str:
    """Return whose a shipped table is, without addresses, and its licence."""
    record = boundaries.shipped_record(table)
    return f"{re.sub(r' ?[(]https?:[^)]*[)]', '', record['attribution'])} ({record['licence']})"


def key_of_lines(layout: Layout, ground: Ground) -> None:
    """Explain the lines that are seen; where they are approximate, so."""
    language = layout.language
    for layer in ground.layers:
        edition = boundaries.load_layer(layer).edition
        told = language.t(LINE_WORDS[layer])
        if edition.approximate:
            told = f"{told} ({language.t('approximate')})"
        layout.keys.key(line_swatch(**LINES[layer]), told)
