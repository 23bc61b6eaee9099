"""How far a stated probability can be trusted: localities left out, and then asked about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log, nan, sqrt
from typing import TYPE_CHECKING, Any

from geoloc.boundaries import Layer, Statement, load_layer, percent, statements
from geoloc.errors import EditionError
from geoloc.figures.paper import (
    BLUE,
    FONT,
    GREY,
    INK,
    SMALL_PT,
    VERMILLION,
    Sheet,
    as_printed,
    require_computed,
    signature,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = 10
# Doubts that speak against a row only because the model tells it badly: to leave such rows out
# of the score would flatter the model. `boundaries/build.py` scores the same rows.
_STILL_ASKED = (
    "",
    "its position disagrees with every label around it",
    "label of 2014 among localities that the list of 2018/19 gives to nahias 19 and 21",
)
_95_PERCENT = 1.959964  # two-sided normal quantile


@dataclass(frozen=True, slots=True)
class Bin:
    """The localities for which the model stated a probability within one tenth."""

    low: float  # of the tenth, 0 to 0.9
    localities: int
    stated: float  # mean probability of the most probable district; nan where there is none
    right: float  # share for which it was the label; nan where there is none
    interval: tuple[float, float]  # Wilson's for `right`, 95 %

    @property
    def fits(self) -> bool:
        """Return whether chance alone can explain the gap between stated and right."""
        return not self.localities or self.interval[0] <= self.stated <= self.interval[1]


@dataclass(frozen=True, slots=True)
class Told:
    """How well the localities of one label, or of all, were told without having been seen."""

    name: str
    localities: int
    right: float  # share for which the label was the most probable, 0 to 1
    first_two: float  # or one of the two most probable
    log_loss: float  # mean of -ln p(label); 0 is perfect
    calibration_error: float  # expected, over ten bins, 0 to 1
    bins: tuple[Bin, ...]


def told(edition: str | None = None) -> tuple[Told, ...]:
    """Return how well left-out localities of an edition were told: of all, then by label.

    Parameters
    ----------
    edition : str, optional
        An edition that is computed from localities; by default the one in use.

    Returns
    -------
    tuple of Told
        First `all`, then each police district by number, then `no PD`, of the rural localities.

    Raises
    ------
    EditionError
        If there is no such edition, or it is not computed from localities.
    """
    layer = load_layer("police-districts", edition)
    require_computed(layer)
    asked = [said for said in statements() if _is_asked(said, layer)]
    if not asked:
        raise EditionError(
            f"No locality was left out for edition {layer.edition.id}; the shipped ones"
            " (nahia-2019, iec-2014) have such a test."
        )
    groups = {"all": asked}
    for code in sorted(layer, key=lambda code: int(code.removeprefix("AF-KBL-PD"))):
        groups[layer[code].name] = [said for said in asked if said.code == code]
    groups["no PD"] = [said for said in asked if not said.code]
    return tuple(_told(name, group) for name, group in groups.items() if group)


def _is_asked(said: Statement, layer: Layer) -> bool:
    known = said.vintage == layer.edition.id and said.left_out_p is not None
    return known and said.doubt in _STILL_ASKED


def _told(name: str, group: Sequence[Statement]) -> Told:
    bins = tuple(_bin(number, group) for number in range(BINS))
    gaps = (each.localities * abs(each.stated - each.right) for each in bins if each.localities)
    return Told(
        name=name,
        localities=len(group),
        right=_share(said.left_out_rank == 1 for said in group),
        first_two=_share((said.left_out_rank or 0) <= 2 for said in group),
        log_loss=_share(-log(said.left_out_p or nan) for said in group),
        calibration_error=sum(gaps) / len(group),
        bins=bins,
    )


def _bin(number: int, group: Sequence[Statement]) -> Bin:
    held = [
        said for said in group if min(int((said.left_out_top_p or 0) * BINS), BINS - 1) == number
    ]
    right = [said.left_out_rank == 1 for said in held]
    return Bin(
        low=number / BINS,
        localities=len(held),
        stated=_share(said.left_out_top_p or 0 for said in held),
        right=_share(right),
        interval=wilson(sum(right), len(right)),
    )


def _share(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else nan


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927); 0 to 1 where nothing was tried."""
    if not trials:
        return 0.0, 1.0
    share, z2 = successes / trials, _95_PERCENT**2
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _95_PERCENT * sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    half /= 1 + z2 / trials
    return max(0.0, middle - half), min(1.0, middle + half)


@as_printed
def reliability_figure(edition: str | None = None) -> Figure:
    """Return how often the model was right about localities that it had not seen.

    On the left the probability that it stated for its most probable district against the share
    for which that was the label, in ten bins with 95 % intervals; on the right each district.

    Parameters
    ----------
    edition : str, optional
        An edition that is computed from localities, `nahia-2019` or `iec-2014`; by default the
        one in use.

    Returns
    -------
    Figure
        210 × 148 mm (A5 landscape), not known to pyplot.

    Raises
    ------
    EditionError
        If there is no such edition, or it is not computed from localities.
    """
    layer = load_layer("police-districts", edition)
    everything, *by_label = told(layer.edition.id)
    sheet = Sheet(210, 148)
    _head(sheet, layer, everything)
    _draw_bins(sheet.axes(24, 47, 76, 70), everything.bins)
    _draw_labels(sheet.axes(118, 47, 52, 70), by_label)
    _foot(sheet, layer, everything)
    return sheet.figure


def _head(sheet: Sheet, layer: Layer, everything: Told) -> None:
    sheet.write("How far to trust a stated probability", (12, 138.5), 12, weight="bold")
    words = f"Police districts of Kabul, edition {layer.edition.id}: {layer.edition.caveat}."
    sheet.write(words, (12, 133), 8, weight="bold", color=VERMILLION)
    sheet.write(
        f"Each of {everything.localities} localities was left out and then asked about: the most"
        f" probable answer was right for {_tenths(everything.right)}, one of the first two"
        f" for {_tenths(everything.first_two)}.",
        (12, 128), 7,
    )  # fmt: skip


def _draw_bins(axes: Axes, bins: Sequence[Bin]) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.6, zorder=1)
    style: dict[str, Any] = {"size": SMALL_PT, "family": FONT, "color": GREY, "style": "italic"}
    axes.text(0.04, 0.90, "too cautious", **style)
    axes.text(0.72, 0.06, "too sure", **style)
    for each in bins:
        if each.localities:
            _draw_bin(axes, each)
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=_TENTHS, yticks=_TENTHS[::2])
    _label(axes, "stated for the most probable answer", "share of localities where it was right")
    percents = [f"{10 * k} %" for k in range(BINS + 1)]
    axes.set_xticklabels([label if k % 2 == 0 else "" for k, label in enumerate(percents)])
    axes.set_yticklabels(percents[::2])
    axes.grid(axis="x", color="#e3e3e3", linewidth=0.4)
    axes.set_title("Ten bins; number of localities above each", **_TITLE)


_TENTHS = [k / BINS for k in range(BINS + 1)]
_TITLE: dict[str, Any] = {
    "size": 7.5, "family": FONT, "weight": "bold", "loc": "left", "color": INK, "pad": 11,
}  # fmt: skip


def _draw_bin(axes: Axes, each: Bin) -> None:
    """Draw a bin's share with its interval: filled where it fits what was stated."""
    low, high = each.interval
    colour, face = (BLUE, BLUE) if each.fits else (VERMILLION, "white")
    axes.plot([each.stated] * 2, [low, high], color=colour, linewidth=1.0, zorder=2)
    axes.plot(
        each.stated, each.right, "o", markersize=5, markerfacecolor=face, markeredgecolor=colour,
        markeredgewidth=1.1, zorder=3, clip_on=False,
    )  # fmt: skip
    above = min(high, 1) + 0.015
    style: dict[str, Any] = {"size": SMALL_PT, "family": FONT, "ha": "center"}
    box: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 0.4}
    axes.text(
        each.stated, above, str(each.localities), va="bottom", color=colour, bbox=box, **style
    )


def _draw_labels(axes: Axes, by_label: Sequence[Told]) -> None:
    aside: dict[str, Any] = {"size": SMALL_PT, "family": FONT, "ha": "right"}
    for row, each in enumerate(by_label):
        axes.plot([each.right, each.first_two], [row, row], color=BLUE, linewidth=0.6, zorder=1)
        for share, face in ((each.first_two, "white"), (each.right, BLUE)):
            axes.plot(
                share, row, "o", markersize=4, markerfacecolor=face, markeredgecolor=BLUE,
                markeredgewidth=0.9, clip_on=False, zorder=2,
            )  # fmt: skip
        for column, number in ((1.27, str(each.localities)), (1.58, f"{each.log_loss:.2f}")):
            at = axes.get_yaxis_transform()
            axes.text(column, row, number, transform=at, va="center", color=INK, **aside)
    axes.set(xlim=(0, 1), ylim=(len(by_label) - 0.5, -0.5), xticks=_TENTHS[::2])
    axes.set_yticks(range(len(by_label)), [each.name for each in by_label])
    axes.set_xticklabels([f"{100 * tenth:.0f} %" for tenth in _TENTHS[::2]])
    axes.grid(axis="both", color="#e9e9e9", linewidth=0.4)
    _label(axes, "share of localities", "")
    axes.set_title("Right (filled), or within the first two (open)", **_TITLE)
    for column, words in ((1.27, "number"), (1.58, "log-loss")):
        axes.text(column, 1.005, words, transform=axes.transAxes, va="bottom", color=GREY, **aside)


def _label(axes: Axes, below: str, beside: str) -> None:
    axes.set_axisbelow(True)
    axes.tick_params(
        length=2, width=0.4, pad=2, labelsize=SMALL_PT, labelcolor=INK, labelfontfamily=FONT
    )
    axes.set_xlabel(below, size=7, family=FONT, color=INK)
    axes.set_ylabel(beside, size=7, family=FONT, color=INK)
    for name, spine in axes.spines.items():
        spine.set(linewidth=0.5, edgecolor=GREY, visible=name in ("left", "bottom"))


def _foot(sheet: Sheet, layer: Layer, everything: Told) -> None:
    baseline = sheet.paragraph(in_words(everything), (12, 33), 186, 7.5, weight="bold")
    baseline = sheet.paragraph(
        f"Log-loss {everything.log_loss:.2f} (0 is perfect), expected calibration error"
        f" {_tenths(everything.calibration_error)}. With a locality all rows of its label that"
        " may be the same place were hidden. Intervals: 95 %, Wilson; neighbours resemble each"
        " other, so the truth is somewhat wider. Rows that the model tells badly are counted,"
        " places without a position are not. This tests the model against the lists, not the"
        " lists themselves.",
        (12, baseline - 1), 186, SMALL_PT,
    )  # fmt: skip
    sheet.paragraph(signature(layer), (12, baseline - 1), 186, SMALL_PT, color=GREY)


def _tenths(share: float) -> str:
    return f"{100 * share:.1f} %"


def in_words(everything: Told) -> str:
    """Return in plain words where a stated probability can be taken as it stands."""
    filled = [each for each in everything.bins if each.localities]
    sure = filled[-1]
    words = (
        f"Read so: where geoloc said about {percent(sure.stated)}, it was right for"
        f" {round(sure.right * sure.localities)} of {sure.localities} ({percent(sure.right)})."
    )
    for wrong, mended in (("too sure", False), ("too cautious", True)):
        off = [each for each in filled if not each.fits and (each.right > each.stated) == mended]
        if off:
            told_so = "; ".join(
                f"said {percent(each.stated)}, right {percent(each.right)} (of {each.localities})"
                for each in off
            )
            words += f" It was {wrong} where the mark is hollow: {told_so}."
    fits = all(each.fits for each in filled)
    return words + (" No bin is off by more than chance explains." if fits else "")
