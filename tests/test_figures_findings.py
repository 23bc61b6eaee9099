"""Figures of findings and casebooks: nothing overlaps or is cut, nothing says more than it may."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.text import Text
from PIL import Image
from shell import Shell

from geoloc import boundaries, casebook, figures, geo
from geoloc.casebook import Book, Finding, Incident, investigate
from geoloc.errors import InputError
from geoloc.figures import activity, area, ground, layout, ledger, photos, provinces, words
from geoloc.figures.dictionary import DICTIONARY

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden"
BAGRAMI = "2023-05-08-bagrami-pd22"
KINDS = ("area", "claimed", "ledger")
HOSTILE = "{{7*7}} $x^2$ <script>alert(1)</script> \u202e]]> & \"'\u0007 漢字 " + "W" * 90
TOWER = {"name": "Water tower", "lon": 69.28, "lat": 34.49, "sigma_m": 30}
MINARET = {"name": "Minaret", "lon": 69.25, "lat": 34.45, "sigma_m": 30}


def _found(number: int, **more: Any) -> dict[str, Any]:
    origin = f"photo {number} of a set with a long description of what it shows"
    return {"finding": "It fits.", "by": "X", "status": "likely", "origin": origin, **more}


def _claim(name: str, codes: tuple[str, ...] = (), place: str | None = "there") -> dict[str, Any]:
    said = {"claimant": name, "says": "Words.", "codes": list(codes)}
    return said | ({"place": place} if place else {})


def _finding(
    claims: list[dict[str, Any]], evidence: list[dict[str, Any]], *, words: str = "A test"
) -> Finding:
    status = "approximate" if evidence else "not-possible"
    case = {
        "id": "2023-05-08-test", "title": words, "date": "2023-05-08", "summary": "A summary.",
        "claims": claims, "evidence": evidence,
        "geolocation": {"status": status, "reason": f"It was filmed at night. {words}"},
    }  # fmt: skip
    return investigate(Incident.model_validate(case))


@cache
def _case(name: str) -> Finding:
    """Return one of the findings that figures must stand."""
    within = _found(1, within=["AF0104"])
    long = "Claimant {} of the long-named Organisation for the Observation of Things"
    hostile = "".join(c for c in HOSTILE if c.isprintable())
    if name == "no claims":
        return _finding([], [])
    if name == "no place":
        return _finding([_claim("Somebody", place=None)], [])
    if name == "forty":
        claims = [_claim(long.format(n), (f"AF-KBL-PD{n % 22 + 1}",)) for n in range(39)]
        return _finding([*claims, _claim("Last", ("AF0104", "AF-KBL-PD22"))], [within])
    if name == "hostile":
        claims = [_claim(hostile, ("AF0104",), hostile), _claim("B", (), hostile)]
        return _finding(claims, [], words=hostile)
    if name == "many clues":
        near = {"kind": "near", "landmark": TOWER, "distance_m": 6000, "sigma_m": 3000}
        more = [_found(n, clues=[near]) for n in range(2, 20)]
        return _finding([_claim("A", ("AF0104",))], [within, *more])
    if name == "pinned":
        near = {"kind": "near", "landmark": TOWER, "distance_m": 300, "sigma_m": 60}
        seen = {"kind": "bearing", "landmark": MINARET, "azimuth_deg": 210, "sigma_deg": 2}
        clues = [_found(2, clues=[near]), _found(3, clues=[seen])]
        return _finding([_claim("A", ("AF-KBL-PD22",))], [within, *clues])
    return investigate(casebook.read_case(name))


@cache
def _book() -> tuple[tuple[Finding, ...], Book]:
    folder = ROOT / "cases"
    book = casebook.read_book(folder)
    assert book
    return tuple(investigate(casebook.read_case(p)) for p in casebook.case_files(folder)), book


@cache
def _drawn(case: str, kind: str, size: str, language: str, *, exact: bool = False) -> Figure:
    given: dict[str, Any] = {"kind": kind, "size": size, "language": language}
    if case == "casebook":
        return figures.casebook_figure(*_book(), **given)
    return figures.finding_figure(_case(case), exact=exact, **given)


def _texts(figure: Figure) -> list[Text]:
    found = [each for each in figure.findobj(Text) if isinstance(each, Text) and each.get_visible()]
    return [each for each in found if each.get_text().strip() and each.get_gid() != "halo"]


def _read(figure: Figure) -> str:
    """Return all that is written, without marks of direction."""
    joined = " ".join(each.get_text() for each in _texts(figure))
    return re.sub(r"[\u2066-\u2069]", "", re.sub(r"\s+", " ", joined))


def _boxes(figure: Figure) -> list[tuple[str, Any]]:
    renderer: Any = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    figure.draw(renderer)
    return [(each.get_text(), shapely.box(*each.get_window_extent(renderer).extents))
            for each in _texts(figure)]  # fmt: skip


CASES = (BAGRAMI, "no claims", "no place", "forty", "hostile", "many clues", "pinned")
ALL = [
    *((case, kind) for case in CASES for kind in KINDS),
    ("casebook", "activity"), ("casebook", "provinces"),
]  # fmt: skip
EVERY = [
    (*each, size, language)
    for each in ALL
    for size in figures.SIZES
    for language in figures.LANGUAGES
]
# Each kind in each size and in each language at least once; the rest when there is time.
SOME = [
    *EVERY[::40],
    (BAGRAMI, "area", "column", "ps"), (BAGRAMI, "claimed", "wide", "fa"),
    ("casebook", "activity", "column", "fa"), ("casebook", "provinces", "column", "ps"),
]  # fmt: skip


def is_sound(figure: Figure, size: str) -> None:
    """Assert that all words are apart and inside the page, and of the page that it has its size."""
    boxes = _boxes(figure)
    page = shapely.box(*figure.bbox.extents).buffer(-1.5 / 25.4 * figure.dpi)
    for told, box in boxes:
        assert page.covers(box), f"{told!r} is cut"
    for (one, first), (other, second) in combinations(boxes, 2):
        shared = first.intersection(second)
        # Lines of a paragraph stand as close as their tails allow.
        lies_on = shared.area and shared.bounds[3] - shared.bounds[1] > 0.35 * min(
            first.bounds[3] - first.bounds[1], second.bounds[3] - second.bounds[1]
        )
        assert not lies_on, f"{one!r} on {other!r}"
    assert min(float(each.get_fontsize()) for each in _texts(figure)) >= 6
    assert not any(each.get_parse_math() for each in _texts(figure))
    width_mm, height_mm = figure.get_size_inches() * 25.4
    assert round(float(width_mm), 1) == {"column": 85, "page": 170, "wide": 254}[size]
    assert height_mm <= {"column": 225, "page": 250, "wide": 142.9}[size] + 0.1
    assert figure.dpi == 300


@pytest.mark.parametrize(("case", "kind", "size", "language"), SOME)
def test_no_words_overlap_or_are_cut(case: str, kind: str, size: str, language: str) -> None:
    """Measured boxes of all words are apart, inside the page, and none is below 6 pt."""
    is_sound(_drawn(case, kind, size, language), size)


@pytest.mark.long
@pytest.mark.parametrize(("case", "kind", "size", "language"), EVERY)
def test_no_words_overlap_or_are_cut_anywhere(
    case: str, kind: str, size: str, language: str
) -> None:
    """The same for every case, kind, size and language."""
    is_sound(_drawn(case, kind, size, language), size)
    _drawn.cache_clear()


def test_the_same_bytes_each_time() -> None:
    """No date, no random id, in all three formats; and no metadata but geoloc's name."""
    for suffix in figures.SUFFIXES:
        drawn = [
            figures.picture(figures.finding_figure(_case(BAGRAMI), size="column"), suffix)
            for _ in range(2)
        ]
        assert drawn[0] == drawn[1]
        assert b"atplotlib v" not in drawn[0]
        assert b"CreationDate" not in drawn[0]


def test_hostile_words_are_only_words() -> None:
    """What a stranger wrote is text in an SVG: no element, no address, no formula, no control."""
    figure = figures.finding_figure(_case("hostile"), kind="claimed", size="column")
    text = figures.picture(figure, ".svg").decode()
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "$x^2$" in text
    assert not re.search(r'href="(?!#|data:image/png)', text)
    assert "\u202e" not in text
    assert "漢" not in text  # neither font has it; it is shown as an unknown letter


def test_claimed_words_of_control_are_dropped() -> None:
    """`plain` keeps the joiners of Persian and nothing else that is not seen."""
    assert words.plain("a\u202eb\u200cc\nd\ud800\ufffe") == "ab\u200cc d\ufffd\ufffd"


def _lightness(colour: str) -> float:
    """Return CIE L* of a colour as grey: sRGB luminance, by the standard's own formula."""
    linear = []
    for k in (1, 3, 5):
        share = int(colour[k : k + 2], 16) / 255
        linear.append(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)
    y = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    return 116 * float(np.cbrt(y)) - 16


def _as_seen(colour: str) -> Any:
    """Return linear RGB as somebody without green cones sees it (Viénot et al. 1999)."""
    linear = [(int(colour[k : k + 2], 16) / 255) ** 2.2 for k in (1, 3, 5)]
    matrix = [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]
    return np.array(matrix) @ linear


def test_tints_are_told_apart_in_grey_and_by_the_colour_blind() -> None:
    """Neighbouring tints differ by 15 L* or more, and to a deuteranope as clearly."""
    for tints in (ground.LIKELY, ledger._TINTS):
        for one, other in combinations([*tints, "#ffffff"], 2):
            if {one, other} <= {tints[-1], "#ffffff"}:
                continue  # the palest has an outline
            assert abs(_lightness(one) - _lightness(other)) >= 15, (one, other)
            assert np.abs(_as_seen(one) - _as_seen(other)).max() > 0.1, (one, other)


def test_classes_differ_in_more_than_colour() -> None:
    """Lines differ in dashes, claimed is hatched and dashed while found is filled."""
    dashes = {str(style["linestyle"]) for style in ground.LINES.values()}
    assert len(dashes) == len(ground.LINES)
    claimed = [area.claimed_style(number) for number in range(4)]
    assert len({(each.angle_deg, str(each.dashes)) for each in claimed}) == 4
    assert all(each.hatch and each.face == "none" for each in claimed)
    assert all(each.face != "none" and not each.hatch for each in area.region_styles(3))
    assert activity.CLAIMED_ONLY.hatch
    assert activity.INACTIVE.angle_deg != activity.CLAIMED_ONLY.angle_deg
    assert provinces.CLAIMED_TOO.hatch
    assert not provinces.LOGGED.hatch


def _outermost(figure: Figure) -> np.ndarray:
    """Return the corners of the likely area's edge as drawn, UTM 42N metres."""
    lines = [
        np.concatenate([np.asarray(path.vertices) for path in each.get_paths()])
        for each in figure.axes[1].collections
        if isinstance(each, LineCollection) and each.get_zorder() == 4.9
    ]
    return np.concatenate(lines)


def test_nothing_is_finer_than_1_km_unless_asked_for() -> None:
    """A pinned place is drawn along whole kilometres, without its clues; exactly, as found."""
    coarse = _drawn("pinned", "area", "column", "en")
    assert np.abs(_outermost(coarse) / 1000 - (_outermost(coarse) / 1000).round()).max() < 1e-4
    for kind in KINDS:
        told = _read(_drawn("pinned", kind, "column", "en"))
        assert "Shown no finer than 1 km" in told
        assert "Water tower" not in told
        assert "Minaret" not in told
    exact = _drawn("pinned", "area", "column", "en", exact=True)
    assert "Shown exactly: not to be published" in _read(exact)
    off = _outermost(exact) / 1000
    assert np.abs(off - off.round()).max() > 0.01


def test_a_pinned_ledger_draws_no_clue() -> None:
    """Likelihoods would lead to the place; the posterior's squares are all that is drawn."""
    pinned = _drawn("pinned", "ledger", "page", "en")
    assert sum(len(axes.images) for axes in pinned.axes) == 0
    assert _read(pinned).count("Not drawn: it would lead to the place.") == 3
    plain = _drawn("many clues", "ledger", "page", "en")
    assert sum(len(axes.images) for axes in plain.axes) == 11
    assert "8 more clues brought less" in _read(plain)


def test_a_map_is_in_true_scale() -> None:
    """Metres of UTM 42N over millimetres of paper are the scale that is written on it."""
    figure = _drawn(BAGRAMI, "area", "page", "en")
    axes = figure.axes[1]
    width_mm = axes.get_position().width * figure.get_size_inches()[0] * 25.4
    west, east = axes.get_xlim()
    written = re.search(r"1 : ([\d\u2009 ]+)", _read(figure))
    assert written
    scale = int(re.sub(r"\D", "", written[1].split("  ")[0][:8]))
    assert (east - west) * 1000 / width_mm == pytest.approx(scale, rel=1e-6)


def test_claimed_is_never_said_to_be_verified() -> None:
    """Beside each claimed place stands that it is not verified, and its verdict with interval."""
    told = _read(_drawn(BAGRAMI, "claimed", "page", "en"))
    assert "Claimed is not verified." in told
    assert "Claimed, not verified: Bagrami district" in told
    assert re.search(r"Consistent: probability 9\d\s%", told)
    assert "approximate" in told.lower()


@pytest.mark.parametrize("kind", KINDS)
def test_without_an_area_the_reason_stands(kind: str) -> None:
    """A case that could not be geolocated has a figure that says so and why."""
    told = _read(_drawn("no claims", kind, "page", "en"))
    assert "Could not be found" in told
    assert "It was filmed at night." in told


def test_five_provinces_are_claimed_and_seven_logged() -> None:
    """The map hatches five and tints seven; two are logged alone."""
    figure = _drawn("casebook", "provinces", "page", "en")
    told = _read(figure)
    assert "Claimed by Al-Mersaad: 5" in told
    assert "Logged by Afghan Witness: 7" in told
    assert "Logged, but not claimed: Jawzjan, Parwan" in told
    tinted = [p for p in figure.axes[1].patches if isinstance(p, PathPatch)]
    assert len(tinted) == 7
    hatched = [c for c in figure.axes[1].collections if c.get_zorder() == 2.1]
    assert len(hatched) == 5


def test_months_hold_as_many_raids_as_the_casebook() -> None:
    """One in July, October and November 2022, three in May 2023; and 20, 3 and 2 over periods."""
    told = [each.get_text() for each in _texts(_drawn("casebook", "activity", "page", "en"))]
    assert sorted(each for each in told if each.isdigit() and len(each) < 4) == [
        "0", "0", "0", "1", "1", "1", "2", "20", "3", "3",
    ]  # fmt: skip
    assert "number not stated" in told


def test_every_phrase_is_translated_as_on_the_pages() -> None:
    """Each text that the code writes has Dari and Pashto; what the pages say too is the same."""
    said = set()
    for path in (ROOT / "geoloc/figures").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "t":
                said |= {a.value for a in node.args if isinstance(a, ast.Constant)}
    said |= {*ground.LINE_WORDS.values(), *photos._STATES.values(), *ledger._KINDS.values(),
             *area._STATUS.values(), *area._MEANING.values(), *words._MONTHS,
             *words._SOLAR_MONTHS}  # fmt: skip
    assert said <= DICTIONARY.keys()
    pages = (ROOT / "geoloc/browser/dictionary.js").read_text(encoding="utf-8")
    shared = re.findall(r"^  '([^'\\]+)': \['([^'\\]*)', '([^'\\]*)'\],$", pages, re.M)
    same = [(english, DICTIONARY[english]) for english, *_ in shared if english in DICTIONARY]
    assert len(same) > 50
    assert same == [(e, (fa, ps)) for e, fa, ps in shared if e in DICTIONARY]
    for english, translated in DICTIONARY.items():
        asked = sorted(re.findall(r"\{\w+\}", english))
        assert all(sorted(re.findall(r"\{\w+\}", each)) == asked for each in translated), english


def test_every_letter_of_the_dictionary_is_in_the_fonts() -> None:
    """Pashto's ۍ too, which the font of matplotlib lacks."""
    written = {ord(c) for pair in DICTIONARY.values() for text in pair for c in text}
    assert written <= layout._letters()
    assert ord("ۍ") in written


@pytest.mark.parametrize(
    ("day", "told"),
    [("2023-03-21", "۱ حمل ۱۴۰۲"), ("2023-05-08", "۱۸ ثور ۱۴۰۲"), ("2024-03-19", "۲۹ حوت ۱۴۰۲")],
)
def test_dates_are_solar_first(day: str, told: str) -> None:
    """Nawruz 1402 was 21 March 2023; the last day of that year, 19 March 2024."""
    import datetime as dt

    assert words.Language("fa").day(dt.date.fromisoformat(day)).startswith(told)


def test_relief_lies_where_the_ground_is(tmp_path: Path) -> None:
    """A hill's north-western flank is lit at its own place on the map, and the owner is named."""
    import rasterio
    from rasterio.transform import Affine

    lon, lat = np.meshgrid(np.linspace(69.1, 69.5, 400), np.linspace(34.65, 34.35, 300))
    east, north = geo.to_metres(lon, lat)
    x, y = (float(each[0]) for each in geo.to_metres([69.28], [34.49]))
    hill = 1800 + 900 * np.exp(-((east - x) ** 2 + (north - y) ** 2) / (2 * 1500**2))
    path = tmp_path / "dem.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=400, height=300, count=1, dtype="float32",
        crs="EPSG:4326", transform=Affine(0.001, 0, 69.1, 0, -0.001, 34.65),
    ) as raster:  # fmt: skip
        raster.write(hill.astype("float32"), 1)
    figure = figures.finding_figure(
        _case("no claims"), base=f"relief:{path}", base_credit="Copernicus", size="column"
    )
    (picture,) = figure.axes[1].images
    shown = np.asarray(picture.get_array())
    west, right, south, top = picture.get_extent()

    def grey(dx_m: float, dy_m: float) -> int:
        column = int((x + dx_m - west) / (right - west) * shown.shape[1])
        row = int((top - y - dy_m) / (top - south) * shown.shape[0])
        assert shown[row, column, 3] == 255
        return int(shown[row, column, 0])

    assert grey(-1100, 1100) > grey(1100, -1100) + 50
    assert "Copernicus" in _read(figure)
    with pytest.raises(InputError, match=r"is no base of a figure; write relief:FILE"):
        figures.finding_figure(_case("no claims"), base="tiles:osm")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kind": "x"}, "kind must be one of area, claimed, photos, ledger, annex, got 'x'"),
        ({"size": "a4"}, r"size must be one of column \(85 mm\), page \(170 mm\), wide"),
        ({"language": "de"}, "language must be one of en, fa, ps"),
        ({"kind": "ledger", "base": "a.tif"}, "ledger has none"),
        ({"kind": "photos"}, "records no photo; geoloc draw"),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, str], told: str) -> None:
    """The message names what there is."""
    with pytest.raises(InputError, match=told):
        figures.finding_figure(_case("no claims"), **given)  # type: ignore[arg-type]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Shell:
    """Return a function that runs geoloc in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Shell(monkeypatch, capsys)


def test_the_command_writes_what_python_draws(run: Shell, tmp_path: Path) -> None:
    """The file is the picture; the summary and the next command stand on standard output."""
    done = run("figure", BAGRAMI, "--size", "column", "--lang", "fa", "-o", "a.svg")
    assert done.status == 0, done.err
    expected = figures.finding_figure(_case(BAGRAMI), size="column", language="fa")
    assert (tmp_path / "a.svg").read_bytes() == figures.picture(expected, ".svg")
    assert f"Next: geoloc figure {BAGRAMI} --kind claimed -o claimed.svg" in done.out
    assert max(map(len, done.out.splitlines())) <= 100 + len(str(tmp_path))
    done = run("figure", "casebook", "--kind", "provinces", "--size", "column", "-o", "p.png",
               "--json")  # fmt: skip
    assert done.json["kind"] == "provinces"
    assert done.json["bytes"] == (tmp_path / "p.png").stat().st_size


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((BAGRAMI, "-o", "a.gif"), "A figure is a .png, .svg, .pdf file"),
        (("casebook", "--kind", "area", "-o", "a.png"), "kind must be one of activity, provinces"),
        (("casebook", "--exact", "-o", "a.png"), "for the maps of one case"),
        (("no-such-case", "-o", "a.png"), "no case is called"),
        ((BAGRAMI, "--base", "relief:none.tif", "-o", "a.png"), "none.tif"),
    ],
)
def test_a_mistake_is_one_line(
    run: Shell, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    """Exit 2, nothing written."""
    done = run("figure", *arguments)
    assert done.status == 2
    assert told in done.err
    assert not list(tmp_path.iterdir())


def _goldens() -> Iterator[tuple[str, str, str, str]]:
    for language in figures.LANGUAGES:
        yield from ((BAGRAMI, kind, "column", language) for kind in KINDS)
        yield from (("casebook", kind, "column", language) for kind in figures.BOOK_KINDS)


def _looked_at() -> Iterator[Any]:
    """Yield each golden picture, one language of each kind for the ordinary run."""
    kinds = [*KINDS, *figures.BOOK_KINDS]
    for each in _goldens():
        ordinary = each[3] == figures.LANGUAGES[kinds.index(each[1]) % 3]
        yield pytest.param(*each, marks=[] if ordinary else pytest.mark.long)


@pytest.mark.parametrize(("case", "kind", "size", "language"), list(_looked_at()))
def test_figures_look_as_they_were_looked_at(
    case: str, kind: str, size: str, language: str
) -> None:
    """A third as large, each differs from the picture that a person saw by little."""
    found = small(case, kind, size, language)
    with Image.open(GOLDEN / f"{kind}-{size}-{language}.png") as kept:
        seen = np.asarray(kept.convert("RGB"), float)
    now = np.asarray(found, float)
    assert abs(now.shape[0] - seen.shape[0]) <= 2
    rows = min(len(now), len(seen))
    assert np.abs(now[:rows] - seen[:rows]).mean() < 4


def small(case: str, kind: str, size: str, language: str) -> Image.Image:
    """Return a figure as a golden picture holds it."""
    content = figures.picture(_drawn(case, kind, size, language), ".png")
    with Image.open(io.BytesIO(content)) as whole:
        return whole.convert("RGB").resize(
            (whole.width // 3, whole.height // 3), Image.Resampling.BOX
        )


def test_districts_of_the_view_have_an_edition_in_the_credit() -> None:
    """Whose lines these are, on which terms, stands on every map."""
    told = _read(_drawn(BAGRAMI, "area", "column", "en"))
    for layer in ("districts", "police-districts"):
        edition = boundaries.load_layer(layer).edition
        assert edition.id in told
        assert edition.licence in told
    assert "EPSG:32642" in told
