"""The figures of the police districts: what they say, what they show, and that they are stable."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from itertools import combinations
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib_scalebar.scalebar import ScaleBar  # type: ignore[import-untyped]
from shell import Shell

from geoloc import boundaries, figures
from geoloc.errors import EditionError, InputError
from geoloc.figures.names import NAMES

ROOT = Path(__file__).parent.parent
COMPUTED = ("nahia-2019", "iec-2014")
CAVEAT = "approximate, computed from labelled localities"
MM_PER_INCH = 25.4


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Shell:
    """Return a function that runs geoloc in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Shell(monkeypatch, capsys)


@cache
def _drawn(kind: str, edition: str) -> Figure:
    """Return a figure that nobody changes, drawn once."""
    draw = figures.layer_figure if kind == "layer" else figures.reliability_figure
    return draw(edition)


@pytest.fixture(params=COMPUTED)
def layer_figure(request: pytest.FixtureRequest) -> tuple[str, Figure]:
    """Return an edition and its figure, drawn once."""
    return request.param, _drawn("layer", request.param)


@pytest.fixture(params=COMPUTED)
def reliability_figure(request: pytest.FixtureRequest) -> tuple[str, Figure]:
    """Return an edition and its figure, drawn once."""
    return request.param, _drawn("reliability", request.param)


def _texts(figure: Figure) -> list[Text]:
    """Return every text that has words, without the halos that are drawn under some."""
    found = [each for each in figure.findobj(Text) if isinstance(each, Text) and each.get_visible()]
    return [each for each in found if each.get_text().strip() and each.get_gid() != "halo"]


def _words(figure: Figure) -> str:
    """Return all that is written, lines joined as a reader joins them."""
    joined = " ".join(each.get_text() for each in figure.findobj(Text) if isinstance(each, Text))
    return re.sub(r"\s+", " ", joined)


def _localities(edition: str) -> list[dict[str, str]]:
    """Return the shipped table as it is in the file, without geoloc."""
    with (ROOT / "boundaries/localities.csv").open(encoding="utf-8", newline="") as stream:
        said = [row for row in csv.DictReader(stream) if row["vintage"] == edition]
    # Three rows stand for points of Bagrami centre; nobody said them.
    return [row for row in said if not row["note"].startswith("a point of the area")]


def _size_mm(figure: Figure) -> tuple[float, float]:
    wide, high = figure.get_size_inches() * MM_PER_INCH
    return round(float(wide), 3), round(float(high), 3)


def test_the_layer_is_an_a4_page(layer_figure: tuple[str, Figure]) -> None:
    """A report's annex takes it at full size."""
    assert _size_mm(layer_figure[1]) == (210, 297)


def test_every_district_with_a_line_has_its_number(layer_figure: tuple[str, Figure]) -> None:
    """PD1 to PD22 in 2019, of which PD20 has no line; PD1 to PD18 and PD21 in 2014."""
    edition, figure = layer_figure
    expected = {
        "nahia-2019": {f"PD{n}" for n in range(1, 23)} - {"PD20"},
        "iec-2014": {*(f"PD{n}" for n in range(1, 19)), "PD21"},
    }[edition]
    numbers = {
        each.get_text() for each in _texts(figure) if re.fullmatch(r"PD\d+", each.get_text())
    }
    assert numbers == expected


def test_the_layer_says_what_must_be_said(layer_figure: tuple[str, Figure]) -> None:
    """Caveat, edition, sources, licences and scales are words of the figure."""
    edition, figure = layer_figure
    words = _words(figure)
    assert CAVEAT in words.lower()
    assert f"Edition {edition}" in words
    for promised in (
        "IEC Afghanistan 2014, 2018/19, as republished by NDI and C. Cookman",
        "Licence: facts; the compilation is MIT like the code",
        "OCHA / AGCHO, CC BY-IGO", "EPSG:32642", "no building shows",
    ):  # fmt: skip
        assert promised in words
    bars = [each for each in figure.findobj(ScaleBar) if isinstance(each, ScaleBar)]
    assert [bar.label.replace("\u2009", " ") for bar in bars] == [
        "1 : 300 000 on A4; north is up",
        "1 : 100 000 on A4; north is up",
    ]


def test_pd18_and_pd20_are_explained() -> None:
    """Two places are called PD18, and PD20 is somewhere in Chahar Asyab."""
    words = _words(_drawn("layer", "nahia-2019"))
    assert 'a report of "PD18" alone may mean either place' in words
    assert "police hawza 18, also called PD18" in words
    assert "Known only as somewhere in Chahar Asyab district" in words
    assert "CHAHAR ASYAB PD20 somewhere here" in words


def test_2014_says_which_districts_it_does_not_know() -> None:
    """A reader of the older figure does not look for PD22 in vain."""
    words = _words(_drawn("layer", "iec-2014"))
    assert "Not in the lists of this edition: PD19, PD20, PD22." in words


def test_no_two_words_overlap(layer_figure: tuple[str, Figure]) -> None:
    """The boxes of all words, on the maps and around them, are apart."""
    figure = layer_figure[1]
    renderer: Any = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    figure.draw(renderer)
    boxes = [
        (each.get_text(), shapely.box(*each.get_window_extent(renderer).extents))
        for each in _texts(figure)
    ]
    assert len(boxes) > 100
    for (one, first), (other, second) in combinations(boxes, 2):
        # Lines of a paragraph stand as close as their tails allow: less than a pixel of overlap.
        shared = first.intersection(second)
        assert shared.is_empty or shared.bounds[3] - shared.bounds[1] < 2, f"{one} on {other}"


def test_no_words_leave_the_page(layer_figure: tuple[str, Figure]) -> None:
    """A line that is too long would be cut off in print; 5 mm stay free all around."""
    figure = layer_figure[1]
    renderer: Any = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    margin = 5 / MM_PER_INCH * figure.dpi
    page = shapely.box(*figure.bbox.extents).buffer(-margin)
    for each in _texts(figure):
        assert page.covers(shapely.box(*each.get_window_extent(renderer).extents)), each.get_text()


@pytest.mark.parametrize("kind", ["layer", "reliability"])
def test_nothing_is_set_smaller_than_6_pt(kind: str) -> None:
    """It can be read on paper."""
    figure = _drawn(kind, "nahia-2019")
    assert min(float(each.get_fontsize()) for each in _texts(figure)) >= 6


def test_every_district_has_a_neighbourhood_by_name() -> None:
    """A reader finds known places in each; the names are those of the evidence."""
    written = {each.get_text() for each in _texts(_drawn("layer", "nahia-2019"))}
    labelled = {(row["locality"], row["code"]) for row in _localities("nahia-2019")}
    for number, listed in NAMES.items():
        shown = [name for name, dari in listed if f"{name}\n{dari}" in written]
        assert shown, f"PD{number}"
        assert all((name, f"AF-KBL-PD{number}") in labelled for name in shown)


def test_every_name_of_ours_is_a_locality_with_its_district() -> None:
    """No name was typed that the evidence does not hold."""
    known = {(row["locality"], row["code"]) for e in COMPUTED for row in _localities(e)}
    asked = {(name, f"AF-KBL-PD{n}") for n, listed in NAMES.items() for name, _ in listed}
    assert asked <= known


def test_names_can_be_fewer_or_none() -> None:
    """`names=0` leaves the districts' numbers alone."""
    written = "".join(each.get_text() for each in _texts(figures.layer_figure(names=0)))
    assert "شور بازار" not in written
    assert "PD22" in written
    with pytest.raises(InputError, match="names must be 0 or more, got -1"):
        figures.layer_figure(names=-1)


def test_every_placed_statement_is_marked_once_on_each_map(
    layer_figure: tuple[str, Figure],
) -> None:
    """As many marks as rows of the table that have a position, and the key counts the same."""
    edition, figure = layer_figure
    rows = [row for row in _localities(edition) if row["lon"]]
    for axes in figure.axes[1:]:
        assert sum(len(np.atleast_1d(line.get_xdata())) for line in axes.lines
                   if line.get_linestyle() == "None") == len(rows)  # fmt: skip
    kinds = Counter("doubted" if row["doubt"] else "rural" for row in rows
                    if row["doubt"] or not row["code"])  # fmt: skip
    words = _words(figure)
    assert f"Doubted: draws no line ({kinds['doubted']})" in words
    assert f"Labelled rural, in no police district ({kinds['rural']})" in words


def test_the_hatching_lies_where_a_district_is_possible() -> None:
    """The middle of each hatch line has a membership of 0.1 to 0.5 in some district."""
    figure = _drawn("layer", "nahia-2019")
    upper = figure.axes[1]
    hatch = next(c for c in upper.collections if isinstance(c, LineCollection))
    middles = np.array([np.asarray(path.vertices).mean(axis=0) for path in hatch.get_paths()])
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(32642, 4326, always_xy=True).transform(*middles.T)
    shares = boundaries.load_layer("police-districts", "nahia-2019").membership(lon, lat)
    shares.pop("none")
    possible = np.any([(s > 0.07) & (s < 0.55) for s in shares.values()], axis=0)
    assert len(middles) > 500
    # The zones are simplified by a few metres, and a line over a hole has its middle outside.
    assert possible.mean() > 0.97


def test_maps_are_in_true_scale() -> None:
    """A millimetre of the upper map is 300 m of UTM 42N, of the lower 100 m, both ways."""
    figure = _drawn("layer", "nahia-2019")
    for axes, metres in zip(figure.axes[1:3], (300, 100), strict=True):
        box = axes.get_position()
        width_mm, height_mm = box.width * 210, box.height * 297
        (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
        assert (east - west) / width_mm == pytest.approx(metres, rel=1e-6)
        assert (north - south) / height_mm == pytest.approx(metres, rel=1e-6)


def test_persian_is_joined() -> None:
    """A shaped word is much narrower than its letters set one by one."""
    figure = _drawn("layer", "nahia-2019")
    renderer: Any = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    word = next(each for each in _texts(figure) if each.get_text().endswith("\nپل سوخته"))

    def width(text: str) -> float:
        return float(
            renderer.get_text_width_height_descent(text, word.get_fontproperties(), False)[0]
        )

    letters = "سوخته"
    assert width(letters) < 0.85 * sum(width(letter) for letter in letters)
    apart = "\u200c".join(letters)  # a non-joiner between each: what unshaped text looks like
    assert width(letters) < 0.85 * width(apart)


@pytest.mark.parametrize("suffix", figures.SUFFIXES)
@pytest.mark.parametrize("draw", [figures.layer_figure, figures.reliability_figure])
def test_the_same_bytes_each_time(draw: Any, suffix: str) -> None:
    """No date, no random id: a report's annex can be checked by its hash."""
    first = figures.picture(draw("nahia-2019"), suffix)
    assert first == figures.picture(draw("nahia-2019"), suffix)
    assert first.startswith({".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix])
    assert b"CreationDate" not in first


def test_a_png_has_300_dots_an_inch() -> None:
    """A4 at 300 dpi is 2480 by 3507 pixels, and stays below 2.5 MB."""
    content = figures.picture(_drawn("layer", "nahia-2019"), ".png")
    assert (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) == (2480, 3507)
    assert len(content) < 2_500_000


def test_words_of_an_svg_can_be_selected() -> None:
    """The caveat and a Persian name are text in the file, not shapes."""
    text = figures.picture(_drawn("layer", "nahia-2019"), ".svg").decode()
    assert "computed from labelled localities" in text
    assert ">شور بازار</text>" in text


def test_pyplot_is_not_touched() -> None:
    """Neither figure leaves anything behind in matplotlib's global state."""
    script = (
        "import sys, matplotlib\n"
        "def settings():  # to ask for the backend would choose one, and load pyplot\n"
        "    return {k: matplotlib.rcParams[k] for k in matplotlib.rcParams if k != 'backend'}\n"
        "before = settings()\n"
        "import geoloc\n"
        "from geoloc import figures\n"
        "for draw in (geoloc.layer_figure, geoloc.reliability_figure):\n"
        "    figures.picture(draw('nahia-2019'), '.svg')\n"
        "print('matplotlib.pyplot' in sys.modules, before == settings())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"], done.stderr


def _asked(edition: str) -> list[dict[str, str]]:
    """Return the rows that the file's own score counts, chosen anew from the table."""
    return [
        row
        for row in _localities(edition)
        if row["left_out_p"]
        and (
            not row["doubt"]
            or row["doubt"].startswith("its position disagrees")
            or row["doubt"].startswith("label of 2014 among")
        )
    ]


@pytest.mark.parametrize("edition", COMPUTED)
def test_the_figures_are_those_of_the_file(edition: str) -> None:
    """The whole layer's share, log-loss and calibration error equal what the file records."""
    everything, *_ = figures.told(edition)
    recorded = boundaries.load_layer("police-districts", edition).left_out()
    assert recorded is not None
    assert everything.localities == recorded.localities
    for name in ("right", "first_two", "log_loss", "calibration_error"):
        assert round(getattr(everything, name), 3) == getattr(recorded, name), name


@pytest.mark.parametrize("edition", COMPUTED)
def test_each_district_is_told_as_the_file_says(edition: str) -> None:
    """Every unit's own figures equal those that its file records.

    The table rounds small probabilities, so a log-loss of few localities is off by some hundredths.
    """
    layer = boundaries.load_layer("police-districts", edition)
    found = {each.name: each for each in figures.told(edition)}
    for code, unit in layer.items():
        recorded = layer.left_out(code)
        assert (unit.name in found) == (recorded is not None)
        if recorded:
            assert found[unit.name].localities == recorded.localities
            assert found[unit.name].right == pytest.approx(recorded.right, abs=6e-4)
            assert found[unit.name].log_loss == pytest.approx(recorded.log_loss, abs=0.005)


@pytest.mark.parametrize("edition", COMPUTED)
def test_bins_equal_an_independent_count(edition: str) -> None:
    """Counts and shares by histogram, intervals by scipy; all from the table itself."""
    from scipy.stats import binomtest

    rows = _asked(edition)
    stated = np.array([float(row["left_out_top_p"]) for row in rows])
    right = np.array([row["left_out_rank"] == "1" for row in rows])
    everything, *_ = figures.told(edition)
    counts, _ = np.histogram(stated, bins=np.linspace(0, 1, 11))
    hits, _ = np.histogram(stated[right], bins=np.linspace(0, 1, 11))
    assert [each.localities for each in everything.bins] == counts.tolist()
    for each, count, hit in zip(everything.bins, counts, hits, strict=True):
        if count:
            assert each.right == pytest.approx(hit / count)
            expected = binomtest(int(hit), int(count)).proportion_ci(method="wilson")
            assert each.interval == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert everything.log_loss == pytest.approx(
        np.mean([-log(float(row["left_out_p"])) for row in rows])
    )


def test_reliability_says_what_it_means(reliability_figure: tuple[str, Figure]) -> None:
    """Plain words, with numbers counted from the table; caveat, edition and licence."""
    edition, figure = reliability_figure
    assert _size_mm(figure) == (210, 148)
    words = _words(figure)
    rows = _asked(edition)
    sure = [row for row in rows if float(row["left_out_top_p"]) >= 0.9]
    right = sum(row["left_out_rank"] == "1" for row in sure)
    assert f"it was right for {right} of {len(sure)}" in words
    assert f"Each of {len(rows)} localities was left out" in words
    assert CAVEAT in words
    assert "Licence: facts; the compilation is MIT like the code" in words
    tenths = [min(int(float(row["left_out_top_p"]) * 10), 9) for row in rows]
    verdicts = {
        _verdict([row for row, held in zip(rows, tenths, strict=True) if held == tenth])
        for tenth in range(10)
    }
    for verdict in ("too sure", "too cautious"):
        assert (f"It was {verdict} where the mark is hollow" in words) == (verdict in verdicts)
    assert ("No bin is off by more than chance explains" in words) == (verdicts == {"fits"})


def _verdict(rows: list[dict[str, str]]) -> str:
    """Return whether scipy's interval for the share that was right holds what was stated."""
    from scipy.stats import binomtest

    if not rows:
        return "fits"
    stated = float(np.mean([float(row["left_out_top_p"]) for row in rows]))
    right = sum(row["left_out_rank"] == "1" for row in rows)
    interval = binomtest(right, len(rows)).proportion_ci(method="wilson")
    if interval.low <= stated <= interval.high:
        return "fits"
    return "too sure" if stated > interval.high else "too cautious"


def test_a_drawing_of_somebody_else_has_no_such_figure(tmp_path: Path, run: Shell) -> None:
    """An imported edition is told apart in one line, which says why."""
    square = shapely.box(69.1, 34.5, 69.2, 34.6)
    (tmp_path / "pd.geojson").write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties":'
        ' {"code": "AF-KBL-PD1", "name": "PD1"}, "geometry": ' + shapely.to_geojson(square) + "}]}"
    )
    done = run(
        "boundaries", "import", "pd.geojson", "--as", "police-districts", "--id", "drawn-2024",
        "--code-field", "code", "--publisher", "Somebody", "--valid-on", "2024",
        "--accuracy", "100", "--into", tmp_path, "--yes",
    )  # fmt: skip
    assert done.status == 0, done.err
    for kind in ("layer", "reliability"):
        done = run("boundaries", "figure", "--edition", "drawn-2024", "--kind", kind, "-o", "x.png")
        assert done.status == 2
        assert "drawn-2024 is Somebody's own drawing" in done.err
        assert len(done.err.splitlines()) == 1
    with pytest.raises(EditionError, match="No edition 'edition-1900'"):
        figures.layer_figure("edition-1900")


def test_the_command_writes_and_says_what_next(run: Shell, tmp_path: Path) -> None:
    """The file is the picture, and the next command can be typed as it is printed."""
    done = run("boundaries", "figure", "-o", "pd.svg")
    assert done.status == 0
    assert (tmp_path / "pd.svg").read_bytes() == figures.picture(figures.layer_figure(), ".svg")
    assert f"Wrote {tmp_path / 'pd.svg'}" in done.out
    assert "edition nahia-2019" in done.out
    following = done.out.split("Next: geoloc ")[1].split()
    assert run(*following).status == 0
    assert (tmp_path / following[-1]).read_bytes() == figures.picture(
        figures.reliability_figure(), ".svg"
    )


def test_the_command_speaks_json(run: Shell, tmp_path: Path) -> None:
    """A script learns where the file is and which edition it shows."""
    options = ("--edition", "iec-2014", "--kind", "reliability", "-o", "r.PNG", "--json")
    found = run("boundaries", "figure", *options).json
    written = tmp_path / "r.PNG"
    assert found == {
        "path": str(written), "edition": "iec-2014", "kind": "reliability",
        "bytes": written.stat().st_size,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("pd.jpg", "A figure is a .png, .svg, .pdf file, and got '.jpg'."),
        ("pd", "got no suffix"),
        ("folder.png", "it is a folder"),
        ("missing/pd.png", "There is no folder"),
        ("device.png", "no ordinary file"),
    ],
)
def test_a_bad_place_is_one_line(run: Shell, tmp_path: Path, output: str, told: str) -> None:
    """Exit 2, one line, nothing written, nothing overwritten."""
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "device.png").symlink_to("/dev/null")
    before = sorted(tmp_path.iterdir())
    done = run("boundaries", "figure", "-o", output)
    assert done.status == 2
    assert told in done.err
    assert len(done.err.splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before


def test_an_unknown_edition_is_one_line(run: Shell) -> None:
    """The editions that there are stand in the line."""
    done = run("boundaries", "figure", "--edition", "nahia-1900", "-o", "pd.png")
    assert done.status == 2
    assert "iec-2014, nahia-2019" in done.err


def test_other_commands_do_not_wait_for_matplotlib() -> None:
    """Only this command loads it."""
    script = (
        "import sys; from geoloc.cli import main; sys.argv = ['geoloc', 'boundaries', 'list']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('matplotlib' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr.split() == ["False"]
