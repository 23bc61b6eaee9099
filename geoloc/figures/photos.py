"""Photos of a case beside each other, with what was recognized in them under the same numbers.

Only a copy of the pixels is drawn, with the boxes that the case names blurred on it. Where the
features lie is told on request only: it is as exact as a photo can be.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Normal, withStroke
from PIL import Image

from geoloc import geo
from geoloc.casebook import coarse
from geoloc.casebook.folder import file_inside
from geoloc.errors import FenceError, InputError
from geoloc.fence.pictures import picture_of
from geoloc.figures.area import Shown, say_title
from geoloc.figures.ground import (
    Ground,
    base_words,
    draw_base,
    draw_lines,
    furnish,
    ground_for,
    key_of_lines,
    line_swatch,
    name_units,
    panel_on,
    say_credit,
)
from geoloc.figures.labels import Labels
from geoloc.figures.layout import Box, Flow, Layout, outside
from geoloc.figures.marks import Mark, draw_marks, mark_swatch
from geoloc.figures.panel import in_metres
from geoloc.figures.paper import GREY, INK, SMALL_PT, VERMILLION, Sheet
from geoloc.figures.words import Written

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from geoloc.casebook import Finding, Incident, Photo

MOST = 3  # photos of one figure
_MOST_BYTES = 300_000_000
_MOST_KEYS = {"column": 8, "page": 16, "wide": 10}
_GAP_MM = 4.0
_HIGHEST_MM = {"column": 62.0, "page": 80.0, "wide": 125.0}  # of a photo
_MAP_MM = {"column": 55.0, "page": 62.0, "wide": 62.0}
_TALLEST = 1.05  # of photos beside others, height to width
_LEAST_MAP_M = 1_500.0
_LINES_FROM_KM = 12.0  # closer in, the lines would look exact
_RIDGE: dict[str, Any] = {"color": VERMILLION, "linewidth": 0.8}
_GRAPHIC = "Graphic: shows violence or the dead"
_STATES = {
    "checked": "checked, as recorded",
    "broken": "as recorded, but it cannot be shown",
    "changed": "changed since it was recorded",
    "missing": "missing",
}


@dataclass(frozen=True, slots=True)
class Plate:
    """One photo as it may be shown, or why it is not."""

    number: int  # in the case, from 1
    photo: Photo
    state: str  # checked, changed or missing
    pixels: NDArray[np.uint8] | None  # rows, columns, RGB; None where it is not shown
    reason: str = ""  # why not, in English; a key of the dictionary, or the reader's own words
    frames: int = 1  # pictures in the file, of which the first is shown

    @property
    def told_state(self) -> str:
        """Return what the caption says of its file, in English; a key of the dictionary."""
        withheld = self.reason in ("", _GRAPHIC)
        return _STATES[self.state if withheld or self.state != "checked" else "broken"]

    @property
    def shape(self) -> float:
        """Return its height as a share of its width."""
        return self.pixels.shape[0] / self.pixels.shape[1] if self.pixels is not None else 2 / 3


def photos_figure(
    finding: Finding,
    folder: Path | str | None,
    *,
    size: str = "page",
    language: str = "en",
    exact: bool = False,
    base: str | None = None,
    base_credit: str = "",
    graphic: bool = False,
    chosen: Sequence[int] = (),
) -> Figure:
    """Return up to three photos of a case with numbered features, and the map of these."""
    shown, layout = Shown(finding, exact), Layout(size, language)
    plates = [
        plate_of(number, photo, Path(folder or "."), graphic=graphic)
        for number, photo in _chosen(finding, folder, chosen)
    ]
    spots = _spots(plates) if exact else {}
    if base and not spots:
        raise InputError("A base lies behind the map of the photos, which needs --exact.")
    _say(layout, shown, plates, spots)
    page = _Page(layout, finding, plates, with_map=bool(spots))
    ground = _ground(layout, page, spots) if spots else None
    if ground:
        key_of_lines(layout, ground)
        _say_corners(layout, ground)
    say_credit(layout, ground.layers if ground else (), mapped=bool(ground),
               behind=base_words(layout, base, base_credit))  # fmt: skip
    sheet, room = layout.sheet(page.height_mm)
    for plate, flow, box in page.placed(room):
        _draw_plate(sheet, layout, plate, box)
        flow.draw(sheet, page.left_of(room, box), box[1] - 1.2)
    if ground:
        _draw_map(sheet, layout, page.map_box(room), ground, spots, base)
    return sheet.figure


def _chosen(
    finding: Finding, folder: Path | str | None, chosen: Sequence[int]
) -> list[tuple[int, Photo]]:
    """Return the photos to show with their numbers: those asked for, else the first ones."""
    photos = dict(enumerate(finding.incident.photos, start=1))
    if not photos:
        raise InputError(
            f"{finding.incident.id} records no photo; geoloc draw {finding.incident.id} adds one."
        )
    if folder is None:
        raise InputError("kind photos needs the folder of the case file: photos=FOLDER.")
    wanted = [*dict.fromkeys(chosen)] or [*photos][:MOST]
    if len(wanted) > MOST or not photos.keys() >= {*wanted}:
        raise InputError(
            f"{finding.incident.id} has the photos 1 to {len(photos)}, of which up to {MOST} can be"
            f" shown at once; got {', '.join(map(str, wanted))}."
        )
    return [(number, photos[number]) for number in wanted]


def plate_of(number: int, photo: Photo, folder: Path, *, graphic: bool) -> Plate:
    """Return a photo's pixels, bare and blurred; or the reason why they are not shown.

    What is no longer the file that was recorded is not shown: nobody knows whether what its boxes
    blur is still where it was.
    """
    path = file_inside(folder, photo.file)
    if path is None:
        return Plate(number, photo, "missing", None, "The file is not in the case's folder.")
    try:
        if path.stat().st_size > _MOST_BYTES:
            return Plate(number, photo, "missing", None, "The file is larger than 300 MB.")
        content = path.read_bytes()
    except OSError:
        return Plate(number, photo, "missing", None, "The file cannot be read.")
    if hashlib.sha256(content).hexdigest() != photo.sha256:
        return Plate(
            number, photo, "changed", None, "The file is not the one that the case records."
        )
    if photo.graphic and not graphic:
        return Plate(number, photo, "checked", None, _GRAPHIC)
    try:
        copy = picture_of(content, blur=photo.blur)
    except FenceError as error:
        return Plate(number, photo, "checked", None, str(error))
    with Image.open(io.BytesIO(copy.content)) as picture:
        whole = picture.convert("RGBA")
        flat = Image.new("RGBA", whole.size, "white")
        flat.alpha_composite(whole)
        return Plate(number, photo, "checked", np.asarray(flat.convert("RGB")), frames=copy.frames)


def _spots(plates: Sequence[Plate]) -> dict[int, tuple[float, float]]:
    """Return where numbered features were found on the map, lon and lat, WGS 84."""
    found: dict[int, tuple[float, float]] = {}
    for plate in plates:
        for feature in plate.photo.features:
            if feature.lon is not None and feature.lat is not None:
                found.setdefault(feature.number, (feature.lon, feature.lat))
    return dict(sorted(found.items()))


def _places(incident: Incident) -> bool:
    """Return whether a case says of any feature of a photo where it is."""
    return any(each.lon is not None for photo in incident.photos for each in photo.features)


def _say(
    layout: Layout, shown: Shown, plates: Sequence[Plate], spots: dict[int, tuple[float, float]]
) -> None:
    """Say what is shown, what the numbers are, and what is withheld."""
    language = layout.language
    t, photos = language.t, [plate.photo for plate in plates]
    withheld = bool(_spots(plates)) and not spots
    caution = "Shown exactly: not to be published" if spots else ""
    caution = "Places on the map are withheld." if withheld else caution
    say_title(layout, shown.finding.incident, t("Photos compared"), [t(caution)] if caution else [])
    _key_of_features(layout, shown, plates, spots)
    if any(photo.ridge for photo in photos):
        layout.keys.key(line_swatch(**_RIDGE), t("The skyline as it was traced"))
    notes = [t("One number is one thing, in every photo and on the map.")]
    if withheld:
        notes.append(t("Where the features are would lead to the place; it is not drawn."))
    if any(plate.photo.blur and plate.pixels is not None for plate in plates):
        notes.append(t("Faces and bodies were blurred in a copy; it cannot be undone."))
    if any(plate.pixels is not None for plate in plates):
        notes.append(t("Of each file only the pixels are shown."))
    if rest := len(shown.finding.incident.photos) - len(plates):
        notes.append(t("{count} more photos are not shown.", count=rest))
    for note in notes:
        layout.notes.say(note, most=3)
        layout.notes.gap(0.8)


def _key_of_features(
    layout: Layout,
    shown: Shown,
    plates: Sequence[Plate],
    spots: dict[int, tuple[float, float]],
) -> None:
    """Explain each number: its name, unless that would lead to the place, and where it is seen."""
    language = layout.language
    named = shown.exact or not (coarse.pins(shown.finding) or _places(shown.finding.incident))
    names: dict[int, str] = {}
    seen: dict[int, list[str]] = {}
    for plate in plates:
        for feature in plate.photo.features:
            told = language.figures(str(plate.number))
            seen.setdefault(feature.number, []).append(told)
            if feature.name and named:
                names.setdefault(feature.number, outside(feature.name, 90))
    most = _MOST_KEYS[layout.size.name]
    for number in sorted(seen)[:most]:
        where = language.t("in photo {numbers}", numbers=Written(language.listed(seen[number])))
        if number in spots:
            where = language.listed([where, language.t("on the map")])
        name = names.get(number, "")
        swatch = mark_swatch(language.figures(str(number)))
        layout.keys.key(swatch, name or where, more=where if name else "", most=2)
    if len(seen) > most:
        layout.keys.say(language.t("{count} more numbers.", count=len(seen) - most), most=1)


class _Page:
    """Where each photo, its caption and the map lie in the room of a page."""

    def __init__(
        self, layout: Layout, finding: Finding, plates: Sequence[Plate], *, with_map: bool
    ) -> None:
        self.layout, self.plates, self.with_map = layout, plates, with_map
        self.sources = {each.id: each for each in finding.incident.sources}
        name, count = layout.size.name, len(plates)
        narrow = name == "column"
        self.across = 1 if count + with_map <= (2 if narrow else 1) else 2
        if name == "page" and count == MOST and not with_map:
            self.across = MOST
        self.wide = (layout.room_width_mm - _GAP_MM * (self.across - 1)) / self.across
        self.flows = [self._caption(plate) for plate in plates]
        self.rows = [range(at, min(at + self.across, count)) for at in range(0, count, self.across)]
        # The map takes what the last row leaves, or a row of its own.
        self.map_beside = with_map and not narrow and bool(count % self.across)
        self.captions = [max(self.flows[k].height_mm for k in row) + 3.5 for row in self.rows]
        self.highs = self._highs()

    def _highs(self) -> list[float]:
        """Return how high the photos of each row are, mm."""
        size, own = self.layout.size, self.with_map and not self.map_beside
        most = [_HIGHEST_MM[size.name]] * len(self.rows)
        room = (size.height_mm or size.tallest_mm) - 2 * size.margin_mm
        if not size.height_mm:
            words = self.layout.head.height_mm + max(
                self.layout.keys.height_mm, self.layout.notes.height_mm
            )
            room -= min(words + 22, room / 2.4)
        left = room - sum(self.captions) - (self.map_mm if own else 0)
        most = [max(18.0, min(each, left / len(self.rows))) for each in most]
        tallest = _TALLEST if self.across > 1 else 9.0
        natural = [
            self.wide * min(max(self.plates[k].shape for k in row), tallest) for row in self.rows
        ]
        highs = [min(pair) for pair in zip(most, natural, strict=True)]
        if self.map_beside:
            highs[-1] = max(highs[-1], min(self.map_mm, most[-1]))
        return highs

    @property
    def map_mm(self) -> float:
        """Return how high a map in a row of its own is."""
        return _MAP_MM[self.layout.size.name]

    @property
    def height_mm(self) -> float:
        """Return the height of all rows."""
        own = self.map_mm if self.with_map and not self.map_beside else 0
        return sum(self.highs) + sum(self.captions) + own

    def _caption(self, plate: Plate) -> Flow:
        """Return what stands below a photo: what it is, where from, and whether it is the one."""
        language, photo = self.layout.language, plate.photo
        flow = Flow(language, self.wide, SMALL_PT)
        number = language.t("Photo {number}", number=plate.number)
        flow.say(number, SMALL_PT + 0.5, weight="bold", most=1)
        if photo.caption:
            flow.say(outside(photo.caption, 220), most=3)
        flow.say(language.t("from {origin}", origin=outside(photo.origin, 110)), most=2, color=GREY)
        if source := self.sources.get(photo.source or ""):
            credit = outside(f"{source.publisher}: {source.title}", 110)
            flow.say(credit, most=2, color=GREY)
        if plate.frames > 1:
            told = language.t("The first of {count} pictures in the file.", count=plate.frames)
            flow.say(told, most=2)
        told = language.t("File: {state}.", state=language.t(plate.told_state))
        flow.say(told, most=2, color=GREY if plate.told_state == _STATES["checked"] else VERMILLION)
        flow.say(f"SHA-256 {photo.sha256[:16]}…", most=1, color=GREY)
        return flow

    def placed(self, room: Box) -> Iterator[tuple[Plate, Flow, Box]]:
        """Yield each photo with its caption and its box, mm, the picture as wide as it can be."""
        left, bottom, _, height = room
        top = bottom + height
        for row, high, caption in zip(self.rows, self.highs, self.captions, strict=True):
            for k in row:
                shape = self.plates[k].shape
                wide = min(self.wide, high / shape)
                spare = self.wide - wide if self.layout.language.leftwards else 0.0
                at = left + self._column(k % self.across) + spare
                yield self.plates[k], self.flows[k], (at, top - high, wide, wide * shape)
            top -= high + caption

    def left_of(self, room: Box, box: Box) -> float:
        """Return where the caption of a photo begins."""
        step = self.wide + _GAP_MM
        return room[0] + math.floor((box[0] - room[0]) / step + 1e-6) * step

    def _column(self, column: int) -> float:
        at = self.across - 1 - column if self.layout.language.leftwards else column
        return at * (self.wide + _GAP_MM)

    def map_size(self) -> tuple[float, float]:
        """Return width and height of the map with its degrees, mm."""
        if not self.map_beside:
            return self.layout.room_width_mm, self.map_mm
        free = self.across - len(self.plates) % self.across
        return free * self.wide + (free - 1) * _GAP_MM, self.highs[-1]

    def map_box(self, room: Box) -> Box:
        """Return the box of the map with its degrees, mm."""
        left, bottom, wide, _ = room
        size = self.map_size()
        if not self.map_beside:
            return left, bottom, *size
        at = left if self.layout.language.leftwards else left + wide - size[0]
        return at, bottom + self.captions[-1], *size


def _draw_plate(sheet: Sheet, layout: Layout, plate: Plate, box: Box) -> None:
    """Draw a photo with its ridge and its marks, or a frame that says why it is not there."""
    if plate.pixels is None:
        _draw_reason(sheet, layout, plate, box)
        return
    left, bottom, wide, high = box
    axes = sheet.axes(*box)
    axes.imshow(plate.pixels, extent=(0, 1, 1, 0), aspect="auto", interpolation="antialiased")
    axes.set(xlim=(0, 1), ylim=(1, 0), xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(linewidth=0.4, edgecolor=INK)
    if plate.photo.ridge:
        (line,) = axes.plot(*np.array(plate.photo.ridge).T, **_RIDGE)
        line.set_path_effects([withStroke(linewidth=1.9, foreground="white"), Normal()])
    figures = layout.language.figures
    marks = [
        Mark(figures(str(each.number)), left + each.x * wide, bottom + (1 - each.y) * high)
        for each in plate.photo.features
    ]
    draw_marks(sheet, box, marks)


def _draw_reason(sheet: Sheet, layout: Layout, plate: Plate, box: Box) -> None:
    left, bottom, wide, high = box
    frame: Any = {"facecolor": "#f4f4f2", "edgecolor": GREY, "linewidth": 0.5}
    sheet.page.add_patch(Rectangle((left, bottom), wide, high, **frame))
    language = layout.language
    flow = Flow(language, wide - 6, layout.size.text_pt)
    flow.say(language.t("Not shown"), weight="bold", most=1)
    told = language.t(plate.reason) if language.says(plate.reason) else plate.reason
    flow.say(told, most=4)
    flow.draw(sheet, left + 3, bottom + high / 2 + flow.height_mm / 2)


def _ground(layout: Layout, page: _Page, spots: dict[int, tuple[float, float]]) -> Ground:
    """Return the map that shows every spot; so close that lines would mislead, it has none."""
    wide, high = page.map_size()
    shape = shapely.MultiPoint([*spots.values()])
    ground = ground_for(layout, [shape], high, width_mm=wide, least_m=_LEAST_MAP_M, margin=1.6)
    return ground if ground.width_km >= _LINES_FROM_KM else replace(ground, layers=())


def _draw_map(
    sheet: Sheet,
    layout: Layout,
    box: Box,
    ground: Ground,
    spots: dict[int, tuple[float, float]],
    base: str | None,
) -> None:
    panel = panel_on(sheet, box, ground)
    if base:
        draw_base(panel, ground, base)
    if ground.layers:
        draw_lines(panel, ground)
    points = {number: in_metres(shapely.Point(at)) for number, at in spots.items()}
    labels = Labels(sheet, panel.axes, np.zeros((0, 2)))
    near = shapely.union_all([point.buffer(panel.metres(6)) for point in points.values()])
    furnish(panel, ground, layout, labels, near)
    held = labels.taken_mm
    if ground.layers:
        name_units(panel, ground, layout, labels)
    left, bottom = panel.axes.get_position().p0 * (sheet.width_mm, sheet.height_mm)
    west, south, *_ = ground.bounds
    marks = [
        Mark(
            layout.language.figures(str(number)),
            left + (point.x - west) / panel.metres(1),
            bottom + (point.y - south) / panel.metres(1),
        )
        for number, point in points.items()
    ]
    draw_marks(sheet, (left, bottom, *ground.size_mm), marks, held)


def _say_corners(layout: Layout, ground: Ground) -> None:
    """Say what ground the map shows: round degrees may be none in it."""
    west, south, east, north = ground.bounds
    lon, lat = geo.to_degrees([west, east], [south, north])
    corners = [layout.language.position(x, y, 4) for x, y in zip(lon, lat, strict=True)]
    told = "The map reaches from {first} to {last}."
    layout.notes.say(layout.language.t(told, first=corners[0], last=corners[1]), most=3)
