"""Maps of one finding: where it probably happened, and what was claimed against that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geoloc import boundaries
from geoloc.casebook import coarse
from geoloc.clues import NotWithin, Within
from geoloc.figures.ground import (
    CLAIMED,
    LIKELY,
    Ground,
    Style,
    base_words,
    draw_base,
    draw_lines,
    furnish,
    ground_for,
    key_of_lines,
    mark_places,
    name_units,
    panel_on,
    place_tables,
    say_credit,
)
from geoloc.figures.labels import Labels
from geoloc.figures.layout import Layout, family_of, outside
from geoloc.figures.panel import Panel, in_metres, pole
from geoloc.figures.paper import SMALL_PT, VERMILLION
from geoloc.figures.words import Language, Written

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from shapely.geometry.base import BaseGeometry

    from geoloc.area import Strand
    from geoloc.casebook import Finding, Incident
    from geoloc.verdict import Verdict

    Codes = tuple[str, ...]

EDGE = "#173f63"  # of the likely area
_ANGLES = (45.0, 135.0, 90.0, 0.0)  # of claimed places, in turn
_DASHES = ((0, (4, 2)), (0, (1.5, 1.2)), (0, (6, 1.5, 1, 1.5)), (0, (3, 1)))
UNNUMBERED = Style(edge=CLAIMED, linewidth=0.5, zorder=4.95)
_MOST_CLAIMED = {"column": 4, "page": 6, "wide": 5}  # places that are told one by one
_MOST_CLAIMANTS = 3
_MEANING = {
    "consistent": "Consistent",
    "leans-consistent": "Leans consistent",
    "undetermined": "Undetermined",
    "leans-inconsistent": "Leans inconsistent",
    "inconsistent": "Inconsistent",
    "not-assessable": "Not assessable",
}
_STATUS = {
    "exact": "Found exactly",
    "approximate": "Found approximately",
    "not-possible": "Could not be found",
    "not-stated": "Not stated",
}


class DrawnRegion(NamedTuple):
    """A region as a figure may show it."""

    share: float  # of the probability, as it was asked for; 0 to 1
    at_least: bool  # it holds more than that
    area_km2: float
    geometry: BaseGeometry  # WGS 84


@dataclass
class Shown:
    """A finding as it may be shown."""

    finding: Finding
    exact: bool

    @cached_property
    def plainly(self) -> bool:
        """Return whether its area may be shown as it is."""
        return self.exact or not coarse.pins(self.finding)

    @cached_property
    def regions(self) -> list[DrawnRegion]:
        """Return the regions as they are drawn, smallest first, those that look alike once."""
        told = coarse.regions(self.finding, exact=self.exact)
        return [
            DrawnRegion(
                each.mass,
                each.held is None or round(each.held, 2) > each.mass,
                each.area_km2,
                each.geometry,
            )
            for each, wider in zip_longest(told, told[1:])
            if wider is None or not each.geometry.equals(wider.geometry)
        ]

    @cached_property
    def widest(self) -> BaseGeometry:
        """Return the largest region, WGS 84; empty where there is none."""
        return self.regions[-1].geometry if self.regions else shapely.Polygon()


@dataclass
class Claimed:
    """One place that was claimed, by one or several."""

    codes: Codes
    claimants: list[str]
    verdict: Verdict | None

    @cached_property
    def outlines(self) -> list[BaseGeometry]:
        """Return what is drawn of its units, WGS 84."""
        return [shape for code in self.codes if not (shape := _outline(code)).is_empty]

    @cached_property
    def shared(self) -> BaseGeometry:
        """Return where all of its units hold."""
        return shapely.intersection_all(self.outlines) if self.outlines else shapely.Polygon()


def _outline(code: str) -> BaseGeometry:
    """Return the part of a unit that is outlined: of a vague one, where it is likely."""
    zones = boundaries.layers_with(code)[0].zones(code)
    if zones and not zones.likely.is_empty:
        return zones.likely
    return boundaries.unit(code).geometry


def claimed_places(finding: Finding) -> list[Claimed]:
    """Return the places that claims name, in every sense of their words, each once."""
    found: dict[Codes, Claimed] = {}
    judged = zip(finding.incident.claims, finding.places, finding.verdicts, strict=True)
    for claim, place, verdict in judged:
        for codes in (place.codes, *place.senses) if place and place.codes else ():
            known = found.setdefault(codes, Claimed(codes, [], verdict))
            if (name := outside(claim.claimant, 45)) not in known.claimants:
                known.claimants.append(name)
    return list(found.values())


def area_figure(
    finding: Finding,
    *,
    size: str = "page",
    language: str = "en",
    exact: bool = False,
    base: str | None = None,
    base_credit: str = "",
) -> Figure:
    """Return the map of where an event probably happened."""
    shown, layout = Shown(finding, exact), Layout(size, language)
    ground = ground_for(layout, [shown.widest] if shown.regions else [])
    title = "Likely area" if shown.regions else "No likely area"
    say_head(layout, shown, title)
    key_of_regions(layout, shown)
    key_of_lines(layout, ground)
    say_reason(layout, shown)
    return _drawn(layout, shown, ground, [], base, base_credit)


def claimed_figure(
    finding: Finding,
    *,
    size: str = "page",
    language: str = "en",
    exact: bool = False,
    base: str | None = None,
    base_credit: str = "",
) -> Figure:
    """Return the map of the claimed places, with verdicts, against where it probably happened."""
    shown, layout = Shown(finding, exact), Layout(size, language)
    claimed = claimed_places(finding)
    drawn = [place for place in claimed if place.outlines]
    shapes = [shape for place in drawn for shape in place.outlines]
    ground = ground_for(layout, [*shapes, *([shown.widest] if shown.regions else [])])
    say_head(layout, shown, "Claimed and found", claimed=True)
    key_of_regions(layout, shown)
    _key_of_claimed(layout, claimed)
    key_of_lines(layout, ground)
    _say_unplaced(layout, finding)
    say_reason(layout, shown)
    return _drawn(layout, shown, ground, drawn, base, base_credit)


def _drawn(
    layout: Layout,
    shown: Shown,
    ground: Ground,
    claimed: Sequence[Claimed],
    base: str | None,
    base_credit: str,
) -> Figure:
    """Return the page with its map, whose words are said already."""
    places = place_tables(ground, layout)
    say_credit(layout, ground.layers, places=places, behind=base_words(layout, base, base_credit))
    sheet, room = layout.sheet()
    panel = panel_on(sheet, room, ground)
    if base:
        draw_base(panel, ground, base)
    regions = [in_metres(each.geometry) for each in shown.regions]
    for style, shape in reversed(
        list(zip(region_styles(len(regions), base), regions, strict=True))
    ):
        style.draw(panel, shape)
    most = _MOST_CLAIMED[layout.size.name]
    for number, place in enumerate(claimed):
        if number < most:
            _draw_claimed(panel, place, number, lone=len(claimed) == 1)
        else:
            for shape in place.outlines:
                UNNUMBERED.draw(panel, in_metres(shape))
    draw_lines(panel, ground)
    if regions:
        panel.line(regions[-1].boundary, colors="white", linewidths=2.2, zorder=4.8)
        panel.line(regions[-1].boundary, colors=EDGE, linewidths=1.2, zorder=4.9)
    subject = shapely.union_all([*regions, *(in_metres(p.shared) for p in claimed)])
    labels = Labels(sheet, panel.axes, np.zeros((0, 2)))
    furnish(panel, ground, layout, labels, subject)
    if not shown.regions and not claimed:
        _say_on_map(panel, layout, labels)
    if len(claimed) > 1:
        for number, place in enumerate(claimed[:most]):
            off = regions[0] if regions else shapely.Polygon()
            _number_claimed(panel, labels, layout.language, place, number, off)
    name_units(panel, ground, layout, labels, off=regions[-1] if regions else None)
    if places:
        mark_places(panel, ground, layout, labels, regions[-1] if regions else shapely.Polygon())
    return sheet.figure


def region_styles(count: int, base: str | None = None) -> list[Style]:
    """Return a tint for each region, densest first."""
    alpha = 0.72 if base else 1.0
    if count <= 1:
        tints = [LIKELY[1]] * count
    else:
        at = np.linspace(0, len(LIKELY) - 1, count)
        ends = np.array([[int(tint[k : k + 2], 16) for k in (1, 3, 5)] for tint in LIKELY])
        mixed = [
            np.interp(at, range(len(LIKELY)), ends[:, k]).round().astype(int) for k in range(3)
        ]
        tints = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in zip(*mixed, strict=True)]
    return [Style(face=tint, zorder=1 - k / 100, alpha=alpha) for k, tint in enumerate(tints)]


def claimed_style(number: int) -> Style:
    """Return how the claimed place of this number is drawn."""
    at = number % len(_ANGLES)
    return Style(
        edge=CLAIMED, linewidth=1.1, dashes=_DASHES[at], hatch=CLAIMED, angle_deg=_ANGLES[at],
        zorder=5.0,
    )  # fmt: skip


def _draw_claimed(panel: Panel, place: Claimed, number: int, *, lone: bool) -> None:
    style = claimed_style(number)
    for shape in place.outlines:
        if len(place.outlines) == 1 and lone:
            style.draw(panel, in_metres(shape))
        else:
            Style(edge=style.edge, linewidth=style.linewidth, dashes=style.dashes,
                  zorder=style.zorder).draw(panel, in_metres(shape))  # fmt: skip
    hatched = place.shared if place.shared.area else shapely.union_all(place.outlines)
    if len(place.outlines) > 1 or not lone:
        Style(hatch=style.hatch, angle_deg=style.angle_deg, zorder=style.zorder).draw(
            panel, in_metres(hatched)
        )


def _number_claimed(
    panel: Panel,
    labels: Labels,
    language: Language,
    place: Claimed,
    number: int,
    off: BaseGeometry,
) -> None:
    """Write a place's number in it, off an area where there is room beside that."""
    shape = in_metres(place.shared if place.shared.area else place.outlines[0])
    seen = shape.intersection(panel.frame)
    middle, radius_m = pole(seen.difference(off))
    if radius_m < panel.metres(2):
        middle, _ = pole(seen)
    told = language.figures(str(number + 1))
    style = {"color": CLAIMED, "weight": "bold", "family": family_of(told)}
    west, south, east, north = panel.bounds
    wide, high = (east - west) / 12, (north - south) / 12
    for dx, dy in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, -1), (1, -1), (-1, 1)):
        at = middle[0] + dx * wide, middle[1] + dy * high
        if labels.claim(at, told, 9, **style):
            return


def _say_on_map(panel: Panel, layout: Layout, labels: Labels) -> None:
    """Say in the middle of an empty map that nothing is drawn on purpose."""
    language = layout.language
    west, south, east, north = panel.bounds
    told = language.t("No place is drawn: none was found.")
    words = {"color": VERMILLION, "weight": "bold", "family": family_of(told)}
    labels.claim(((west + east) / 2, (south + north) / 2), language.line(told), 8, **words)


def say_head(layout: Layout, shown: Shown, title: str, *, claimed: bool = False) -> None:
    """Write what is shown, of which incident, and what must never be cropped off."""
    language, incident = layout.language, shown.finding.incident
    told = language.t(title)
    if title == "Likely area" and shown.finding.status != "exact":
        told = f"{told} ({language.t('approximate')})"
    say_title(layout, incident, told, _cautions(layout, shown, claimed=claimed))


def say_title(layout: Layout, incident: Incident, title: str, cautions: Iterable[str]) -> None:
    """Write a title, of which incident it is, and cautions."""
    size = layout.size
    layout.head.say(title, size.title_pt, weight="bold", most=2)
    layout.head.gap(0.6)
    layout.head.say(outside(incident.title), size.text_pt + 0.5, most=3)
    layout.head.say(layout.language.day(incident.date), most=1)
    layout.head.gap(0.8)
    for caution in cautions:
        layout.head.say(caution, weight="bold", color=VERMILLION, most=3)


def _cautions(layout: Layout, shown: Shown, *, claimed: bool) -> Iterable[str]:
    t = layout.language.t
    if claimed:
        yield t("Claimed is not verified.")
    if shown.finding.area and not shown.finding.area.narrows:
        yield t("The evidence does not narrow the place down.")
    if shown.regions and shown.exact:
        yield t("Shown exactly: not to be published")
    elif shown.regions and not shown.plainly:
        yield t("Shown no finer than 1 km")
    elif shown.regions:
        yield t("Approximate: no house can be read out of it.")
    else:
        yield t(_STATUS[shown.finding.status])


def key_of_regions(layout: Layout, shown: Shown) -> None:
    """Explain the tints of the likely area."""
    language = layout.language
    styles = region_styles(len(shown.regions))
    for style, region in zip(styles, shown.regions, strict=True):
        words = "Likely area: {share} of the probability, {area}"
        if region.at_least:
            words = "Likely area: at least {share} of the probability, {area}"
        edge = EDGE if region is shown.regions[-1] else "none"
        sample = Style(face=style.face, edge=edge, linewidth=1.2).swatch()
        share = Written(language.percent(region.share))
        area = Written(language.km2(region.area_km2))
        layout.keys.key(sample, language.t(words, share=share, area=area))


def _key_of_claimed(layout: Layout, claimed: Sequence[Claimed]) -> None:
    language = layout.language
    most = _MOST_CLAIMED[layout.size.name]
    drawn = [place for place in claimed if place.outlines]
    for number, place in enumerate(drawn[:most]):
        name = language.listed(
            language.unit(boundaries.unit(code), kind=True) for code in place.codes
        )
        head = f"{language.figures(str(number + 1))}  " if len(drawn) > 1 else ""
        words = language.t("Claimed, not verified: {name}", name=name)
        layout.keys.key(
            claimed_style(number).swatch(),
            head + words,
            more=_more_of(layout, place),
            most=5,
        )
    if len(drawn) > most:
        words = language.t("{count} more claimed places, outlined without a number",
                           count=len(drawn) - most)  # fmt: skip
        layout.keys.key(UNNUMBERED.swatch(), words)
    if any(len(place.outlines) > 1 for place in drawn):
        layout.keys.say(language.t("Hatched where all units of a claim hold."), SMALL_PT)
        layout.keys.gap(0.8)


def _more_of(layout: Layout, place: Claimed) -> str:
    """Return who claimed a place, and the verdict on it."""
    language = layout.language
    named = place.claimants[:_MOST_CLAIMANTS]
    who = language.t("by {names}", names=language.listed(named))
    if rest := len(place.claimants) - len(named):
        who = language.t("by {names} and {count} more", names=language.listed(named), count=rest)
    verdict = place.verdict
    if verdict is None:
        return who
    grade = language.t(_MEANING[verdict.grade])
    if verdict.probability is None or verdict.interval is None:
        return f"{who}. {grade}."
    low, high = (language.percent(end) for end in verdict.interval)
    told = language.t(
        "{grade}: probability {share} ({low} to {high}).",
        grade=Written(grade),
        share=Written(language.percent(verdict.probability)),
        low=Written(low),
        high=Written(high),
    )
    return f"{who}. {told}"


def _say_unplaced(layout: Layout, finding: Finding) -> None:
    """Say which claims have no place on the map."""
    language, incident = layout.language, finding.incident
    worded, silent = [], 0
    for claim, place in zip(incident.claims, finding.places, strict=True):
        drawn = place and any(not _outline(code).is_empty for code in place.codes)
        if drawn:
            continue
        if claim.place:
            worded.append(f"“{outside(claim.place, 70)}”")
        else:
            silent += 1
    worded = list(dict.fromkeys(worded))
    if worded:
        names = language.listed(worded[:4])
        told = "No line is known for {names}."
        if len(worded) > 4:
            told = "No line is known for {names} and {count} more."
        layout.notes.say(language.t(told, names=names, count=len(worded) - 4), most=5)
        layout.notes.gap(0.8)
    if silent:
        layout.notes.say(language.t("Claims that name no place: {count}.", count=silent), most=2)
        layout.notes.gap(0.8)
    if not incident.claims:
        layout.notes.say(language.t("No claim is recorded."), most=2)
        layout.notes.gap(0.8)


def says_of(language: Language, strand: Strand, most: int) -> str:
    """Return what clues of one origin say; areas by their names in the language."""
    told = []
    for clue in strand.clues:
        if language.leftwards and isinstance(clue, Within | NotWithin):
            units = (boundaries.unit(code) for code in clue.place.codes)
            name = language.listed(language.unit(unit, kind=True) for unit in units)
            words = "within {name}" if isinstance(clue, Within) else "outside {name}"
            told.append(language.t(words, name=name))
        else:
            told.append(outside(clue.says, most))
    return language.t(" and ").join(dict.fromkeys(told))


def say_reason(layout: Layout, shown: Shown) -> None:
    """Say what the area rests on, or why there is none."""
    language, finding = layout.language, shown.finding
    reason = outside(finding.incident.geolocation.reason, 400)
    if finding.area is None:
        layout.notes.say(
            language.t("There is no area found from other evidence to hold a claim against."),
            most=4,
        )
        layout.notes.gap(0.8)
        layout.notes.say(language.t("Reason:"), weight="bold", most=1)
        layout.notes.say(reason, most=8)
        return
    layout.notes.say(
        language.t("The shaded area is computed by geoloc from evidence; nobody drew it."), most=4
    )
    layout.notes.gap(0.8)
    if shown.plainly:
        says = "; ".join(says_of(language, strand, 90) for strand in finding.area.strands[:3])
        if rest := len(finding.area.strands) - 3:
            says += f"; + {rest}" if rest > 0 else ""
        layout.notes.say(language.t("It rests on: {clues}.", clues=says), most=6)
    else:
        layout.notes.say(language.t("Clues are not drawn: they would lead to the place."), most=3)
        layout.notes.gap(0.8)
        layout.notes.say(language.t("Squares of 1 km: no finer is shown."), most=3)
