"""Figures as they are printed: letters in their places, alike everywhere, photos as taken."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from PIL import Image, ImageCms
from test_figures_findings import GOLDEN, _case, _claim, _drawn, _finding, _found, _read
from test_photos import PLACED, drawn, feature, found, kept, picture, three, words

from geoloc import casebook, figures
from geoloc.casebook import Book
from geoloc.errors import FenceError
from geoloc.fence.pictures import Picture, picture_of
from geoloc.figures import area, ground
from geoloc.figures.panel import Panel, in_metres, pole
from geoloc.figures.words import Language

CASE = Path(__file__).parent.parent / "cases/2023-05-08-bagrami-pd22.yaml"
BAGRAMI = "2023-05-08-bagrami-pd22"
_ESCAPED = {b"n": b"\n", b"r": b"\r"}


# Letters of a PDF


def pdf_objects(content: bytes) -> dict[str, bytes]:
    """Return the numbered parts of a PDF."""
    parts = re.finditer(rb"(\d+) 0 obj\n(.*?)\nendobj", content, re.DOTALL)
    return {found[1].decode(): found[2] for found in parts}


def widths(parts: dict[str, bytes]) -> dict[str, dict[int, float]]:
    """Return, of each font, how wide its letters are, in thousandths of its size."""
    found: dict[str, dict[int, float]] = {}
    fonts = next(part for part in parts.values() if re.match(rb"<< /F\d", part))
    for name, number in re.findall(r"/(F\d+) (\d+) 0 R", fonts.decode()):
        below = re.search(rb"/DescendantFonts \[ (\d+)", parts[number])
        table = below and re.search(rb"/W (\d+)", parts[below[1].decode()])
        assert table
        runs = re.findall(rb"(\d+)\s\[([^]]*)\]", parts[table[1].decode()][1:-1])
        found[name] = {
            int(first) + k: float(wide) for first, row in runs for k, wide in enumerate(row.split())
        }
    return found


def gaps(content: bytes) -> Iterator[float]:
    """Yield what is left free between each two letters of a line, as a share of their size."""
    parts = pdf_objects(content)
    wide = widths(parts)
    page = next(part for part in parts.values() if b"/Page " in part)
    drawn = parts[re.search(rb"/Contents (\d+)", page)[1].decode()]  # type: ignore[index]
    stream = zlib.decompress(drawn[drawn.index(b"stream\n") + 7 :])
    for line in re.findall(rb"\nBT\n(.*?)\nET\n", stream, re.DOTALL):
        tokens = re.findall(rb"\((?:\\.|[^\\()])*\)|\[|\]|/?[-\w.]+", line, re.DOTALL)
        font, size, start, pen, end = "", 0.0, 0.0, 0.0, None
        for at, token in enumerate(tokens):
            if token == b"Tf":
                font, size = tokens[at - 2][1:].decode(), float(tokens[at - 1])
            elif token == b"Td":
                start = pen = start + float(tokens[at - 2])
            elif token[:1] == b"(":
                raw = re.sub(
                    rb"\\(.)", lambda m: _ESCAPED.get(m[1], m[1]), token[1:-1], flags=re.DOTALL
                )
                for k in range(0, len(raw), 2):
                    if end is not None:
                        yield (pen - end) / size
                    end = pen = pen + wide[font][int.from_bytes(raw[k : k + 2])] / 1000 * size
            elif re.fullmatch(rb"-?[\d.]+", token) and in_array(tokens, at):
                pen -= float(token) / 1000 * size


def in_array(tokens: list[bytes], at: int) -> bool:
    """Return whether a number moves letters of an array, and is no operand of its own."""
    before = tokens[:at]
    return before.count(b"[") > before.count(b"]")


@pytest.mark.parametrize("language", figures.LANGUAGES)
@pytest.mark.parametrize("kind", ["claimed", "area"])
def test_letters_of_a_pdf_follow_each_other(kind: str, language: str) -> None:
    """Where font or direction changes, a line of a PDF has no gap and no overlap of letters."""
    figure = figures.finding_figure(
        _case(BAGRAMI), kind=kind, size="column", language=language  # type: ignore[arg-type]
    )  # fmt: skip
    found = list(gaps(figures.picture(figure, ".pdf")))
    assert len(found) > 500
    assert max(found) < 0.02
    assert min(found) > -0.3  # a joiner, which is not seen, lies under the letter after it


# The same on every machine

RC = """
font.size: 17
font.family: serif
axes.linewidth: 3
axes.facecolor: yellow
lines.linewidth: 4
lines.markersize: 12
patch.edgecolor: red
patch.force_edgecolor: True
path.simplify: False
savefig.bbox: tight
savefig.facecolor: green
savefig.transparent: True
figure.facecolor: red
text.hinting: none
text.color: purple
image.interpolation: bicubic
image.origin: lower
xtick.direction: in
pdf.compression: 0
svg.image_inline: False
axes.spines.right: False
text.parse_math: False
"""
DRAWN = """
import hashlib
from geoloc import casebook, figures
import sys
finding = casebook.investigate(casebook.read_case(sys.argv[1]))
for kind in ("claimed", "ledger"):
    figure = figures.finding_figure(finding, kind=kind, size="column", language="fa")
    for suffix in figures.SUFFIXES:
        print(kind, suffix, hashlib.sha256(figures.picture(figure, suffix)).hexdigest())
for figure in (figures.casebook_figure([finding], None), figures.reliability_figure()):
    print(hashlib.sha256(figures.picture(figure, ".svg")).hexdigest())
"""


def test_a_matplotlibrc_changes_nothing(tmp_path: Path) -> None:
    """A user's settings, or those in a stranger's folder, do not change a byte of a figure."""
    told = []
    for name in ("bare", "set"):
        folder = tmp_path / name
        folder.mkdir()
        if name == "set":
            (folder / "matplotlibrc").write_text(RC)
        done = subprocess.run(
            [sys.executable, "-c", DRAWN, str(CASE)],
            cwd=folder, check=True, capture_output=True, text=True,
        )  # fmt: skip
        told.append(done.stdout.splitlines())
    assert len(told[0]) == 8
    assert told[0] == told[1]


# Photos of every depth and colour

RAMP = np.tile(np.linspace(0, 1, 256), (32, 1))  # black on the left, white on the right


def written(shades: Any, kind: str = "TIFF", **more: Any) -> bytes:
    """Return a picture as a file."""
    image = shades if isinstance(shades, Image.Image) else Image.fromarray(shades)
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def copied(content: bytes) -> tuple[Picture, np.ndarray]:
    """Return the copy of a picture, and its colours."""
    copy = picture_of(content)
    with Image.open(io.BytesIO(copy.content)) as opened:
        return copy, np.asarray(opened.convert("RGB"), int)


SIXTEEN = np.rint(65_535 * RAMP).astype(np.uint16)


@pytest.mark.parametrize(
    ("shades", "kind"),
    [
        (SIXTEEN, "PNG"), (SIXTEEN, "TIFF"), (SIXTEEN.astype(">u2"), "TIFF"),
        (SIXTEEN.astype(np.int32) * 1000 - 7, "TIFF"), ((RAMP * 3 - 1).astype(np.float32), "TIFF"),
    ],
)  # fmt: skip
def test_deep_greys_keep_their_ramp(shades: np.ndarray, kind: str) -> None:
    """A ramp of 16 bits, of 32 bits or of fractions is shown from black to white, not blank."""
    _, seen = copied(written(shades, kind))
    assert np.abs(seen[16].mean(axis=1) - 255 * RAMP[16]).max() < 4


def test_16_bits_keep_their_scale() -> None:
    """A dark photo of 16 bits stays dark: it is not stretched to white."""
    _, seen = copied(written(SIXTEEN // 4, "PNG"))
    assert 60 < seen.max() < 68


def test_a_picture_without_numbers_is_refused() -> None:
    """Nothing but not-a-number is no picture, and one line says so."""
    with pytest.raises(FenceError, match="holds no number that can be shown"):
        picture_of(written(np.full((9, 9), np.nan, np.float32)))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
@pytest.mark.parametrize("shades", [(255 * RAMP).astype(np.uint8), SIXTEEN])
def test_a_lying_picture_is_set_upright_once(kind: str, shades: np.ndarray) -> None:
    """Orientation 6 turns it by a quarter: its width is its rows, and the ramp runs downwards."""
    if shades is SIXTEEN and kind in ("JPEG", "WEBP"):
        return
    turned = Image.Exif()
    turned[0x0112] = 6
    copy, seen = copied(written(shades, kind, exif=turned))
    assert (copy.width, copy.height) == (32, 256)
    assert np.abs(seen[:, 16, 0] - 255 * RAMP[0]).max() < 6


def colourful() -> Image.Image:
    """Return red of which the green grows."""
    shades = np.full((32, 256, 3), (200, 0, 60), np.uint8)
    shades[..., 1] = np.arange(256)
    return Image.fromarray(shades)


def test_lab_is_shown_in_its_colours() -> None:
    """A LAB TIFF is converted: lightness and colours are those that were written."""
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(colourful(), *profiles, outputMode="LAB")
    _, seen = copied(written(lab))
    assert np.abs(seen[16, 20:] - np.asarray(colourful(), int)[16, 20:]).max() < 12


def swapped_profile() -> bytes:
    """Return a profile whose red is green, and whose green is red."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_an_embedded_profile_is_followed(kind: str) -> None:
    """Of a profile that swaps red and green, the copy swaps them; its own bytes are dropped."""
    green = Image.new("RGB", (40, 40), (20, 220, 30))
    copy, seen = copied(written(green, kind, icc_profile=swapped_profile()))
    red, other, _ = seen[20, 20]
    assert red > 200 > 60 > other
    assert b"gXYZ" not in copy.content


@pytest.mark.parametrize("profile", [b"x" * 500, swapped_profile()[:300], b"\0" * 128])
def test_a_broken_profile_is_ignored(profile: bytes) -> None:
    """What cannot be followed changes nothing."""
    _, seen = copied(written(colourful(), "PNG", icc_profile=profile))
    assert np.abs(seen - np.asarray(colourful(), int))[4:-4, 4:-4].max() < 14


@pytest.mark.parametrize(("kind", "frames"), [("PNG", 3), ("TIFF", 3), ("WEBP", 3), ("JPEG", 1)])
def test_of_several_pictures_the_first_is_shown(kind: str, frames: int, tmp_path: Path) -> None:
    """Pages and animations are counted, and the caption says that only the first is seen."""
    more = [Image.new("RGB", (60, 40), shade) for shade in ("red", "green")]
    several = {"save_all": True, "append_images": more} if kind != "JPEG" else {}
    content = written(Image.new("RGB", (60, 40), "blue"), kind, **several)
    assert picture_of(content).frames == frames
    told = words(drawn(found([kept(tmp_path, "a.bin", content)]), tmp_path))
    assert ("The first of 3 pictures in the file." in told) is (frames == 3)


@pytest.mark.parametrize("language", figures.LANGUAGES)
def test_photos_look_as_they_were_looked_at(language: str, tmp_path: Path) -> None:
    """A third as large, the figure differs from the picture that a person saw by little."""
    with Image.open(GOLDEN / f"photos-column-{language}.png") as opened:
        seen = np.asarray(opened.convert("RGB"), float)
    now = np.asarray(small_photos(tmp_path, language), float)
    assert abs(now.shape[0] - seen.shape[0]) <= 2
    rows = min(len(now), len(seen))
    assert np.abs(now[:rows] - seen[:rows]).mean() < 4


def small_photos(folder: Path, language: str) -> Image.Image:
    """Return the figure of three photos as a golden picture holds it."""
    figure = drawn(three(folder), folder, size="column", language=language)
    with Image.open(io.BytesIO(figures.picture(figure, ".png"))) as whole:
        size = whole.width // 3, whole.height // 3
        return whole.convert("RGB").resize(size, Image.Resampling.BOX)


def test_nothing_is_said_of_a_photo_that_is_not_shown(tmp_path: Path) -> None:
    """Of a broken photo no blurring and no pixels are promised, and its file is not just right."""
    blur = [[0.4, 0.5, 0.2, 0.3]]
    broken = found([kept(tmp_path, "a.png", picture()[:60], blur=blur)])
    told = words(drawn(broken, tmp_path))
    assert "as recorded, but it cannot be shown" in told
    assert "checked, as recorded" not in told
    assert "blurred in a copy" not in told
    assert "only the pixels" not in told
    whole = found([kept(tmp_path, "b.png", picture(), blur=blur)])
    assert "blurred in a copy" in words(drawn(whole, tmp_path))


def test_names_of_placed_features_are_withheld(tmp_path: Path) -> None:
    """A landmark whose place the case knows is named exactly only, without any likely area too."""
    mark = feature(1, 0.2, 0.6, name="Blue Minaret", **PLACED)
    finding = found([kept(tmp_path, "a.png", picture(), features=[mark])])
    assert finding.area is None
    assert "Minaret" not in words(drawn(finding, tmp_path))
    assert "Minaret" in words(drawn(finding, tmp_path, exact=True))
    bare = found([kept(tmp_path, "a.png", picture(), features=[feature(1, 0.2, 0.6, name="Gate")])])
    assert "Gate" in words(drawn(bare, tmp_path))


# What maps and charts say


def test_the_share_is_the_one_that_was_asked_for() -> None:
    """A region that holds more is said to hold at least that much; none is said to hold all."""
    wide = _finding([_claim("A", ("AF0104",))], [_found(1, within=["AF01"])])
    assert wide.area
    assert round(wide.area.regions[0].held, 2) == 0.75
    told = _read(figures.finding_figure(wide, size="column"))
    assert "at least 50 % of the probability" in told
    assert "Likely area: 95 % of the probability" in told
    assert "100" not in re.findall(r"(\d+)\s%", told)


def test_an_area_as_wide_as_the_search_narrows_nothing() -> None:
    """Where evidence leaves nearly all the ground, the head says so; elsewhere it does not."""
    wide = _finding([_claim("A", ("AF0104",))], [_found(1, within=["AF01"])])
    words_of = "The evidence does not narrow the place down."
    assert words_of in _read(figures.finding_figure(wide, size="column"))
    assert words_of not in _read(_drawn(BAGRAMI, "area", "column", "en"))


def test_the_country_is_one_piece_without_holes() -> None:
    """The locator draws one outline of some 643,000 km², no slivers between provinces."""
    country = ground._country()
    assert country.geom_type == "Polygon"
    assert not country.interiors
    assert 635e9 < country.area < 655e9


def test_places_without_a_number_are_not_hatched() -> None:
    """Of the fifth claimed place and all after it only a thin line is drawn, as the key says."""
    figure = _drawn("forty", "claimed", "column", "en")
    hatched = {each.get_zorder() for each in figure.axes[1].collections}
    count = sum(abs(each.get_zorder() - 5.1) < 1e-9 for each in figure.axes[1].collections)
    assert count == 4, hatched
    assert not area.UNNUMBERED.hatch
    assert area.UNNUMBERED.linewidth < area.claimed_style(0).linewidth


def test_a_number_stands_beside_a_small_area() -> None:
    """The number of a claimed place does not hide the 50 % area that lies in its middle."""
    place = area.Claimed(("AF0104",), [], None)
    shape = in_metres(place.shared)
    core = shapely.Point(pole(shape)[0]).buffer(1500)
    written_at: list[tuple[float, float]] = []

    class Recorder:
        def claim(self, at: tuple[float, float], *_: Any, **__: Any) -> bool:
            written_at.append(at)
            return True

    panel = Panel(None, None, 400_000, shapely.box(*shape.bounds))  # type: ignore[arg-type]
    area._number_claimed(panel, Recorder(), Language("en"), place, 0, core)  # type: ignore[arg-type]
    (at,) = written_at
    assert shape.contains(shapely.Point(at))
    assert not core.contains(shapely.Point(at))


def test_activity_says_where_its_counts_are_from() -> None:
    """Publisher, title and date of each source that is drawn from, and the days that are shown."""
    told = _read(_drawn("casebook", "activity", "column", "en"))
    assert "Source of the counts: Afghan Witness: Taliban claim raid on ISKP cell" in told
    assert "2022-11-14" in told
    assert "6 July 2022 to 1 June 2023" in told
    assert "count neither raids nor attacks, not drawn: 5." in told
    assert "Source of the counts" not in _read(
        figures.casebook_figure([_case(BAGRAMI)], Book(title="A book"))
    )


def test_a_ledger_names_its_ground() -> None:
    """The panel of all clues together names the districts around the area."""
    texts = [each.get_text() for each in _drawn(BAGRAMI, "ledger", "column", "en").axes[-1].texts]
    assert {"Bagrami", "Kabul"} <= {*texts}


@pytest.mark.parametrize("language", ["fa", "ps"])
def test_fixed_words_are_translated(language: str) -> None:
    """Units, and the letters of degrees, are in the figure's own language."""
    told = _read(_drawn(BAGRAMI, "ledger", "column", language))
    assert "within" not in told
    assert "PD22" not in told
    assert "° N" not in told
    place = Language(language).position(69.2, 34.5, 2)
    assert place.startswith("\u2066۳۴٫۵۰°\u2069\u00a0شمال")


def test_a_report_of_shakardara_keeps_words_off_the_frame() -> None:
    """No name on its map of claims touches the frame."""
    case = casebook.investigate(casebook.read_case(CASE.parent / "2023-05-08-shakardara.yaml"))
    figure = figures.finding_figure(case, kind="claimed", size="column")
    figures.picture(figure, ".png")
    frame = figure.axes[1].get_window_extent()
    inside = [each for each in figure.axes[1].texts if each.get_zorder() == 9]
    assert len(inside) > 5
    for each in inside:
        box = each.get_window_extent()
        assert min(box.x0 - frame.x0, frame.x1 - box.x1, box.y0 - frame.y0, frame.y1 - box.y1) > 6
