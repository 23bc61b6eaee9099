"""The sheet that a figure is drawn on: millimetres, one font, measured text, the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ContextDecorator, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.backends import backend_pdf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font, LoadFlags

from geoloc import __version__
from geoloc.boundaries import editions
from geoloc.errors import EditionError, InputError

if TYPE_CHECKING:
    from geoloc.boundaries import Layer

SUFFIXES = (".png", ".svg", ".pdf")
FONT = "DejaVu Sans"  # comes with matplotlib, and holds the Persian letters
DPI = 300
SMALL_PT = 6.0  # nothing is set smaller
_MM_PER_INCH = 25.4

INK: str = "#1a1a1a"
GREY: str = "#5c5c5c"
BLUE: str = "#2a5783"
VERMILLION: str = "#c2410c"  # the colour-blind tell it from the blue; marks differ in shape too

_ISOLATES = "\u2066\u2067\u2068\u2069"
_APART_PT = 0.05  # of letters that follow each other, at most
# Whatever the user's matplotlibrc says, which may lie in the folder of a stranger's casebook: every
# door of this package builds or saves under this. Ids in SVG are random unless they are salted.
as_printed: ContextDecorator = matplotlib.style.context(
    ["default", {"svg.hashsalt": "geoloc", "svg.fonttype": "none", "pdf.fonttype": 42}]
)


class Sheet:
    """A page whose unit is the millimetre, from its lower left corner."""

    def __init__(self, width_mm: float, height_mm: float) -> None:
        self.width_mm, self.height_mm = width_mm, height_mm
        inches = (width_mm / _MM_PER_INCH, height_mm / _MM_PER_INCH)
        self.figure = Figure(figsize=inches, dpi=DPI, facecolor="white")
        self._canvas = FigureCanvasAgg(self.figure)
        self.page = self.axes(0, 0, width_mm, height_mm)
        self.page.set(xlim=(0, width_mm), ylim=(0, height_mm))
        self.page.set_axis_off()

    def axes(self, left: float, bottom: float, width: float, height: float) -> Axes:
        """Return new axes at a place in millimetres."""
        box = (
            left / self.width_mm, bottom / self.height_mm,
            width / self.width_mm, height / self.height_mm,
        )  # fmt: skip
        return self.figure.add_axes(box)

    @property
    def renderer(self) -> Any:
        """What measures text as PNG draws it."""
        return self._canvas.get_renderer()  # type: ignore[no-untyped-call]

    def text_mm(self, text: str, size: float, weight: str = "normal") -> float:
        """Return how wide a line of text is, in millimetres."""
        return text_mm(text, size, weight)

    def write(self, text: str, at: tuple[float, float], size: float, **style: Any) -> None:
        """Write one line, its left end and its baseline at a place in millimetres."""
        style = {"color": INK, "family": FONT, "parse_math": False, **style}
        self.page.text(*at, text, size=size, **style)

    def paragraph(
        self, text: str, at: tuple[float, float], width_mm: float, size: float, **style: Any
    ) -> float:
        """Write lines that fit a width, downwards; return the baseline of the next line, mm."""
        left, baseline = at
        for line in self.wrapped(text, width_mm, size, style.get("weight", "normal")):
            self.write(line, (left, baseline), size, **style)
            baseline -= leading_mm(size)
        return baseline

    def wrapped(
        self, text: str, width_mm: float, size: float, weight: str = "normal"
    ) -> Sequence[str]:
        """Return a text as lines that fit a width."""
        return wrapped(text, width_mm, size, weight)


def wrapped(
    text: str,
    width_mm: float,
    size: float,
    weight: str = "normal",
    family: str | Sequence[str] = FONT,
) -> list[str]:
    """Return a text as lines that fit a width; a word that is wider than a line is broken."""
    family = family if isinstance(family, str) else tuple(family)
    space = text_mm(" ", size, weight, family)
    lines: list[str] = []
    used = width_mm
    for word in filter(None, text.replace(" %", "\u00a0%").split(" ")):  # a number keeps its unit
        for part in _broken(word, width_mm, size, weight, family):
            wide = text_mm(part, size, weight, family)
            if used + space + wide <= width_mm:
                lines[-1] += f" {part}"
                used += space + wide
            else:
                lines.append(part)
                used = wide
    return lines or [""]


def _broken(
    word: str, width_mm: float, size: float, weight: str, family: str | tuple[str, ...]
) -> list[str]:
    """Return a word in pieces that each fit a width."""
    if len(word) < 12 or text_mm(word, size, weight, family) <= width_mm:
        return [word]
    half = len(word) // 2
    return [
        *_broken(word[:half], width_mm, size, weight, family),
        *_broken(word[half:], width_mm, size, weight, family),
    ]


@cache
def text_mm(
    text: str, size: float, weight: str = "normal", family: str | tuple[str, ...] = FONT
) -> float:
    """Return how wide a line of text is, in millimetres."""
    font = FontProperties(family=family, size=size, weight=weight)
    wide, _, _ = _ruler().get_text_width_height_descent(text, font, False)
    return float(wide) / DPI * _MM_PER_INCH


@cache
def _ruler() -> Any:
    return FigureCanvasAgg(Figure(figsize=(1, 1), dpi=DPI)).get_renderer()  # type: ignore[no-untyped-call]


def leading_mm(size: float) -> float:
    """Return the distance between two baselines."""
    return 1.3 * size / 72 * _MM_PER_INCH


@as_printed
def picture(figure: Figure, suffix: str) -> bytes:
    """Return a figure as a file's bytes; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
        From any function of `figures`.
    suffix : str
        `.png` (300 dots an inch), `.svg` or `.pdf`, whose text can be selected.

    Raises
    ------
    InputError
        If the suffix is none of these.
    """
    kind = require_suffix(suffix).removeprefix(".")
    out = io.BytesIO()
    # PDF and SVG carry the time, unless told otherwise.
    ours = f"geoloc {__version__}"
    undated: Any = {
        "svg": {"Date": None, "Creator": ours},
        "pdf": {"CreationDate": None, "Creator": ours, "Producer": None},
        "png": {"Software": ours},
    }[kind]
    # Three in nine is half as slow as the default, for a tenth more bytes.
    how: Any = {"pil_kwargs": {"compress_level": 3}} if kind == "png" else {}
    with _letters_in_place():
        figure.savefig(out, format=kind, dpi=DPI, metadata=undated, **how)
    return out.getvalue()


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """Letters of one font that follow each other; another run, of whatever font, is placed anew."""

    fname: str
    face_index: int


class _Letter(NamedTuple):
    """A letter as matplotlib's PDF writer asks for it."""

    ft_object: _Run
    char: str
    glyph_index: int
    x: float  # points from the line's left end, as is y above its baseline
    y: float
    prev_kern: float = 0.0  # points to the letter before; where there are some, a run begins


def _letters(
    theirs: Callable[..., Iterable[Any]], text: str, font: FT2Font, **how: Any
) -> Iterator[_Letter]:
    """Yield the letters of a line, each with its place, from left to right.

    Where the font changes, the writer of matplotlib 3.11 moves to a letter's place, and then once
    more by its distance from the letter before; and our marks of direction, which take no room,
    it writes as spaces. Persian lines had gaps by that in front of stops and within names.
    """
    run, end = None, 0.0
    for item in theirs(text, font, **how):
        if item.char in _ISOLATES:
            continue
        file = item.ft_object.fname, item.ft_object.face_index
        if run is None or file != (run.fname, run.face_index) or abs(item.x - end) > _APART_PT:
            run, end = _Run(*file), item.x
        glyph = item.ft_object.load_glyph(item.glyph_index, flags=LoadFlags.NO_HINTING)
        end += glyph.linearHoriAdvance / 65536
        yield _Letter(run, item.char, item.glyph_index, item.x, item.y)


@contextmanager
def _letters_in_place() -> Iterator[None]:
    """Let matplotlib's PDF writer take the places of letters from here."""
    writer: Any = backend_pdf
    theirs = writer._text_helpers
    writer._text_helpers = SimpleNamespace(layout=partial(_letters, theirs.layout))
    try:
        yield
    finally:
        writer._text_helpers = theirs


def require_suffix(suffix: str) -> str:
    """Return a suffix in small letters, or raise `InputError` if no figure can have it."""
    if suffix.lower() not in SUFFIXES:
        named = repr(suffix) if suffix else "no suffix"
        raise InputError(f"A figure is a {', '.join(SUFFIXES)} file, and got {named}.")
    return suffix.lower()


def require_computed(layer: Layer) -> None:
    """Raise `EditionError` unless a layer's areas are vague and were tested."""
    if layer.edition.membership is None or layer.left_out() is None:
        known = ", ".join(sorted(each.id for each in editions() if each.membership))
        raise EditionError(
            f"Edition {layer.edition.id} is {layer.edition.publisher}'s own drawing, without a"
            f" surface of membership; only a computed edition has this figure: {known}."
        )


def signature(layer: Layer) -> str:
    """Return where a figure comes from and on which terms, as the edition's record says."""
    edition = layer.edition
    return (
        f"Edition {edition.id}, valid {edition.valid_on}. {edition.publisher}."
        f" Sources: {edition.attribution}; {edition.url}. Licence: {edition.licence}."
        f" Retrieved {edition.retrieved_on}; file SHA-256 {edition.sha256[:12]}…"
        f" Drawn by geoloc {__version__}."
    )
