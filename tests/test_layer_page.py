"""The map of the police districts: what it says of each, and how it behaves in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import geopandas as gpd
import pytest
import shapely
from shell import Shell
from test_maps import digest, island_of, policy_of
from test_maps_browser import DESKTOP, OVERLAPS, PHONE, Words, text_of, visit, without_policy

from geoloc import boundaries, maps
from geoloc.boundaries import Statement, evidence, official
from geoloc.boundaries.editions import user_folder
from geoloc.boundaries.incoming import Request

if TYPE_CHECKING:
    from conftest import Oracle
    from playwright.sync_api import Browser, Page

LARGEST_PAGE = 800_000  # bytes
CAVEAT = "Police-district lines are approximate, computed from labelled localities"
PD20, PD22 = 19, 21  # where they stand among the units


@pytest.fixture(scope="module")
def sealed() -> str:
    """Seal the page of the default edition once."""
    return maps.seal(maps.layer_map("nahia-2019"))


@pytest.fixture
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder with an empty data folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEOLOC_DATA", str(tmp_path / "data"))
    return tmp_path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return a function that runs geoloc."""
    return Shell(monkeypatch, capsys)


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, oracle: Oracle) -> Iterator[Words]:
    """Let every statement about PD22 speak in hostile words."""
    words = Words(oracle.address)

    def spoilt(said: Statement) -> Statement:
        fields = ("locality", "locality_fa", "source", "date", "doubt", "note")
        changed: dict[str, Any] = {name: words() for name in fields}
        return replace(said, **changed)

    chosen = [each for each in boundaries.statements() if each.vintage == "nahia-2019"]
    spoilt_ones = [spoilt(each) if each.code == "AF-KBL-PD22" else each for each in chosen]
    monkeypatch.setattr(boundaries, "statements", lambda: tuple(spoilt_ones))
    monkeypatch.setattr(evidence, "statements", lambda: tuple(spoilt_ones))
    yield words
    assert oracle.calls == []


def imported() -> boundaries.Edition:
    """Import two squares as PD1 and PD2 of an official layer that has no stored surface."""
    squares = [shapely.box(69.10, 34.50, 69.12, 34.52), shapely.box(69.12, 34.50, 69.14, 34.52)]
    gpd.GeoDataFrame({"NO": [1, 2]}, geometry=squares, crs="EPSG:4326").to_file("units.geojson")
    asked = Request(
        layer="police-districts",
        code_field="NO",
        publisher="Kabul Municipality",
        valid_on="2024",
        accuracy_m=50.0,
    )
    return official.keep(official.propose(Path("units.geojson"), asked), user_folder())


def test_every_police_district_is_there_with_its_names(sealed: str) -> None:
    """22 of them, in the order of their numbers, in Latin and in Dari."""
    units = island_of(sealed)["units"]

    assert [unit["id"] for unit in units] == [f"PD{number}" for number in range(1, 23)]
    assert units[PD22]["name_fa"] == "ناحیه ۲۲"
    assert {unit["confidence"] for unit in units} == {"high", "medium", "low"}


def test_zones_lie_within_each_other(sealed: str) -> None:
    """What is drawn as core is within what is likely, and that within what is possible."""
    for unit in island_of(sealed)["units"]:
        areas = [unit["areas_km2"].get(zone, 0) for zone in ("core", "likely", "extent")]
        assert areas == sorted(areas)
        shapes = [unit["shapes"].get(zone) for zone in ("core", "likely", "extent")]
        drawn = [shapely.geometry.shape(shape) for shape in shapes if shape]
        for inner, outer in pairwise(drawn):
            assert inner.difference(outer).area < 1e-8


def test_each_statement_of_the_edition_is_in_the_data(sealed: str) -> None:
    """None is left out, drawn or not, and each one's position is as recorded."""
    told = island_of(sealed)["statements"]
    known = [each for each in boundaries.statements() if each.vintage == "nahia-2019"]

    assert [each["name"] for each in told] == [each.locality for each in known]
    positions = [each["at"] for each in told]
    assert positions == [None if each.lon is None else [each.lon, each.lat] for each in known]
    assert {each["doubt"] for each in told} == {each.doubt for each in known}


def test_reasons_are_those_of_explain(sealed: str) -> None:
    """The page and `boundaries explain` say the same of PD22."""
    island = island_of(sealed)
    names = {
        reason: [island["statements"][each[0]]["name"] for each in listed]
        for reason, listed in island["units"][PD22]["reasons"].items()
    }
    found = boundaries.explain("AF-KBL-PD22", "nahia-2019")

    assert names["rests_on"] == [each.said.locality for each in found.rests_on]
    assert names["against"] == [each.said.locality for each in found.against]
    assert len(names["rests_on"]) == 3


def test_pd20_has_no_line_and_says_where_it_may_be(sealed: str) -> None:
    """Nothing is drawn for it but the district that holds it."""
    unit = island_of(sealed)["units"][PD20]

    assert unit["somewhere_in"] == "Chahar Asyab district"
    assert [name for name, shape in unit["shapes"].items() if shape] == ["somewhere"]
    assert unit["left_out"] is None


def test_pd18_says_that_it_means_two_places(sealed: str) -> None:
    """Nahia 18 and police hawza 18 are not one place."""
    (unit,) = [each for each in island_of(sealed)["units"] if each["ambiguous"]]

    assert unit["id"] == "PD18"
    assert "hawza 18" in unit["note"]


def test_lines_never_come_without_their_caveat(sealed: str) -> None:
    """The edition carries the words, and its licence and attribution."""
    edition = island_of(sealed)["editions"][0]

    assert edition["id"] == "nahia-2019"
    assert edition["caveat"] == "approximate, computed from labelled localities"
    assert edition["attribution"]
    assert edition["licence"]


def test_the_same_edition_gives_the_same_bytes(sealed: str) -> None:
    """Drawn twice it is the same page, and a small one."""
    assert maps.seal(maps.layer_map("nahia-2019")) == sealed
    assert len(sealed.encode()) <= LARGEST_PAGE


def test_the_page_is_a_folium_map_under_a_policy_of_hashes(sealed: str) -> None:
    """Every script in it is allowed by its hash, and by nothing else."""
    scripts = re.findall(r"<script>(.*?)</script>", sealed, re.DOTALL)

    assert isinstance(maps.layer_map("iec-2014"), folium.Map)
    assert all(f"'{digest(script)}'" in policy_of(sealed) for script in scripts)
    assert "unsafe" not in policy_of(sealed)
    assert "layer.js" not in sealed  # nothing is loaded by name


def test_hostile_statements_are_data_only(hostile: Words) -> None:
    """Nothing that a statement says opens a tag or a template in the page."""
    page = maps.seal(maps.layer_map("nahia-2019"))

    assert "{{ 7*7 }}" not in page
    assert "<script>window.__pwned" not in page
    assert hostile.given[0] in [each["name"] for each in island_of(page)["statements"]]


def test_an_official_edition_shows_its_own_lines(own_data: Path) -> None:
    """Without a stored surface there are lines with their σ, and no statements."""
    edition = imported()
    island = island_of(maps.seal(maps.layer_map(edition.id)))

    assert own_data.exists()
    assert [list(unit["shapes"]) for unit in island["units"]] == [["whole"], ["whole"]]
    assert {unit["sigma_m"] for unit in island["units"]} == {50}
    assert island["statements"] == []
    assert island["units"][0]["areas_km2"]["whole"] == pytest.approx(1.835 * 2.219, rel=0.01)


def test_the_command_writes_the_page_and_says_what_next(run: Shell, own_data: Path) -> None:
    """A file with the edition's id by default, written whole."""
    done = run("boundaries", "map", "--edition", "iec-2014")

    assert done.status == 0
    assert f"Wrote {own_data / 'iec-2014.html'}" in done.out
    assert "Next: geoloc boundaries explain PD1 --edition iec-2014" in done.out
    assert CAVEAT.split(", ")[1] in (own_data / "iec-2014.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--edition", "ocha-2018"], "there are iec-2014, nahia-2019"),
        (["-o", "map.pdf"], "does not end in .html"),
    ],
)
@pytest.mark.usefixtures("own_data")
def test_a_wrong_request_is_told_in_one_line(run: Shell, arguments: list[str], words: str) -> None:
    """The user's error ends with 2, and nothing is written."""
    done = run("boundaries", "map", *arguments)

    assert done.status == 2
    assert words in done.err
    assert done.err.count("\n") == 1
    assert list(Path().glob("*.*")) == []


def chosen(page: Page) -> str:
    """Return the text about the chosen police district."""
    return str(page.locator("#chosen").text_content())


@pytest.mark.browser
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_is_silent_and_fits(
    chromium: Browser, oracle: Oracle, tmp_path: Path, sealed: str, size: tuple[int, int]
) -> None:
    """Choosing each district in turn asks nobody, breaks nothing, and nothing sticks out."""
    with visit(chromium, tmp_path, sealed, size=size) as seen:
        page = seen.page
        assert CAVEAT in str(page.locator("#credit").text_content())
        assert page.evaluate(OVERLAPS) == []
        for number in range(1, 23):
            page.get_by_label(f"PD{number}", exact=True).check(force=True)
            assert f"PD{number}" in chosen(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert page.evaluate(OVERLAPS) == []
        seen.check()
    assert oracle.calls == []


@pytest.mark.browser
@pytest.mark.parametrize("policy", [True, False], ids=["policy", "no policy"])
def test_hostile_statements_are_shown_and_run_nowhere(
    chromium: Browser, tmp_path: Path, hostile: Words, policy: bool
) -> None:
    """In the panel, in a popup and on the map they are letters."""
    page = maps.seal(maps.layer_map("nahia-2019"))

    with visit(chromium, tmp_path, page if policy else without_policy(page)) as seen:
        seen.page.get_by_label("PD22", exact=True).check(force=True)
        shown = text_of(seen.page)
        assert [text[:8] for text in hostile.given if text not in shown] == []
        seen.page.locator("#chosen .statements button").first.click()
        assert hostile.given[0] in str(seen.page.locator(".leaflet-popup").text_content())
        seen.page.wait_for_timeout(100)
        seen.check()


@pytest.mark.browser
def test_pd22_is_chosen_by_key(chromium: Browser, tmp_path: Path, sealed: str) -> None:
    """One Tab stop, and an arrow from "All" backwards: the panel shows PD22."""
    with visit(chromium, tmp_path, sealed) as seen:
        page = seen.page
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.name") == "unit":
                break
        outline = "getComputedStyle(document.activeElement.nextElementSibling).outlineStyle"
        assert page.evaluate(outline) == "solid"
        page.keyboard.press("ArrowLeft")

        assert page.locator("h2.unit").text_content() == "PD22ناحیه ۲۲"
        persian = page.locator("h2.unit [lang=fa]")
        assert persian.get_attribute("dir") == "rtl"
        words = chosen(page)
        for said in ("Confidence low", "drawn from 3 statements", "Possible", "Bagrami", "بگرام"):
            assert said in words
        assert "0 of 3 guessed right, 2 of 3 with the first or second guess" in words
        assert page.locator("#panel [role=status]").text_content() == (
            "PD22: Confidence low, drawn from 3 statements"
        )
        assert page.locator(".leaflet-extent-pane path:visible").count() == 1
        seen.check()


@pytest.mark.browser
def test_a_click_on_the_map_chooses(chromium: Browser, tmp_path: Path, sealed: str) -> None:
    """Where PD21 is the most probable answer, a click shows PD21."""
    with visit(chromium, tmp_path, sealed) as seen:
        spot = seen.page.evaluate(
            "(() => { const { x, y } = map_nahia_2019.latLngToContainerPoint([34.50, 69.42]);"
            " return [x, y]; })()"
        )
        seen.page.mouse.click(*spot)

        assert seen.page.locator("h2.unit").text_content() == "PD21ناحیه ۲۱"
        assert seen.page.get_by_label("PD21", exact=True).is_checked()
        seen.check()


@pytest.mark.browser
def test_the_three_zones_differ_by_more_than_colour(
    chromium: Browser, tmp_path: Path, sealed: str
) -> None:
    """Core: a deep tint. Likely: a light one in a heavy line. Possible: a hatch, dashed."""
    with visit(chromium, tmp_path, sealed) as seen:
        seen.page.get_by_label("PD8", exact=True).check(force=True)

        def look(zone: str) -> Any:
            return seen.page.locator(f".leaflet-{zone}-pane path.is-chosen").evaluate(
                "(path) => { const it = getComputedStyle(path);"
                " return [it.fill.startsWith('url'), it.strokeDasharray !== 'none',"
                " Number(it.fillOpacity)]; }"
            )

        assert look("extent") == [True, True, 1]
        assert look("likely") == [False, False, 0.2]
        assert look("core") == [False, False, 0.5]


@pytest.mark.browser
def test_pd20_and_pd18_are_explained(chromium: Browser, tmp_path: Path, sealed: str) -> None:
    """No line is pretended, and the two places of one number are told apart."""
    with visit(chromium, tmp_path, sealed) as seen:
        seen.page.get_by_label("PD20", exact=True).check(force=True)
        assert "somewhere in Chahar Asyab district" in chosen(seen.page)
        assert seen.page.locator(".leaflet-somewhere-pane path.is-chosen").count() == 1
        seen.page.get_by_label("PD18", exact=True).check(force=True)
        assert "“PD18” means two places." in chosen(seen.page)
        assert "Police hawza of the same number, elsewhere" in chosen(seen.page)


@pytest.mark.browser
def test_neighbourhoods_have_names_when_near(
    chromium: Browser, tmp_path: Path, sealed: str
) -> None:
    """From afar none, near ones in Latin and Dari, and no two touch."""
    names = ".of-locality:not(.crowded):visible"

    with visit(chromium, tmp_path, sealed) as seen:
        assert seen.page.locator(names).count() == 0
        seen.page.evaluate("map_nahia_2019.setView([34.525, 69.165], 14, { animate: false })")
        seen.page.wait_for_timeout(200)
        assert seen.page.locator(names).count() > 20
        assert seen.page.locator(f"{names} [lang=fa][dir=rtl]").count() > 20
        assert seen.page.evaluate(OVERLAPS) == []


@pytest.mark.browser
def test_the_page_can_be_read_by_a_screen_reader(
    chromium: Browser, tmp_path: Path, sealed: str
) -> None:
    """It has a language, a title, one main part, and a name for every control."""
    with visit(chromium, tmp_path, sealed) as seen:
        page = seen.page
        page.get_by_label("PD22", exact=True).check(force=True)
        assert page.locator("html").get_attribute("lang") == "en"
        assert "police districts" in page.title()
        assert page.locator("main").count() == page.locator("h1").count() == 1
        nameless = page.evaluate(
            "[...document.querySelectorAll('button, input, a, summary, [role=region]')]"
            ".filter((it) => !(it.ariaLabel || it.title || it.closest('label')?.textContent"
            " || it.textContent).trim()).length"
        )
        assert nameless == 0
        assert page.locator(".picker legend").count() == 1


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_follows_light_and_dark(
    chromium: Browser, tmp_path: Path, sealed: str, dark: bool
) -> None:
    """By night neither the paper nor the ink of the zones is that of the day."""
    with visit(chromium, tmp_path, sealed, dark=dark) as seen:
        paper, zone = seen.page.evaluate(
            "[getComputedStyle(document.body).backgroundColor,"
            " getComputedStyle(document.querySelector('.zone-core')).fill]"
        )
        light = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (paper, zone)]
        assert (light[0] < 200, light[1] > 300) == (dark, dark)


@pytest.mark.browser
@pytest.mark.usefixtures("own_data")
def test_an_official_edition_can_be_read(chromium: Browser, tmp_path: Path) -> None:
    """Two squares, each with its area and the σ of its line, and no word of localities."""
    sealed = maps.seal(maps.layer_map(imported().id))

    with visit(chromium, tmp_path, sealed) as seen:
        seen.page.get_by_label("PD2", exact=True).check(force=True)
        assert "known to ±50 m (1 σ)" in chosen(seen.page)
        assert "4.1 km²" in chosen(seen.page)
        assert seen.page.locator(".leaflet-whole-pane path.is-chosen").count() == 1
        assert "Labelled localities" not in text_of(seen.page)
        seen.check()
