"""Maps: what a page holds, that it is the same every time, and what `seal` refuses."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import folium
import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

import geoloc
from geoloc import boundaries, maps
from geoloc.casebook import Book, Finding, Incident, investigate
from geoloc.errors import PageError

BAGRAMI_AND_PD22 = ["AF0104", "AF-KBL-PD22"]
HERAT_DISTRICT = "AF3201"
VENDOR = Path(geoloc.__file__).parent / "browser/vendor"


def finding(*claimed: list[str], within: tuple[str, ...] = ()) -> Finding:
    """Investigate an invented incident that is claimed in these places and found in `within`."""
    found = {"finding": "A ridge matches.", "by": "X", "status": "likely", "origin": "photo 1"}
    return investigate(
        Incident.model_validate(
            {
                "id": "2023-05-08-test",
                "title": "A test",
                "date": "2023-05-08",
                "summary": "A summary.",
                "claims": [
                    {"claimant": "A claimant", "says": "Words.", "place": "there", "codes": codes}
                    for codes in claimed
                ],
                "evidence": [found | {"within": within}] if within else [],
                "geolocation": {
                    "status": "approximate" if within else "not-possible",
                    "reason": "The reason.",
                },
            }
        )
    )


def island_of(page: str) -> Any:
    """Read a page's data as its script does."""
    found = re.search(r'<script type="application/json" id="geoloc-island">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


def policy_of(page: str) -> str:
    """Read the Content-Security-Policy, which must come first in the head."""
    start = r'<!DOCTYPE html>\n<html lang="en">\n<head>\n(?:<meta charset="utf-8">)?'
    found = re.match(start + r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', page)
    assert found
    return html.unescape(found[1])


def digest(text: str) -> str:
    """Return a CSP hash source, computed apart from the code under test."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text() | st.sampled_from(["{{ 7*7 }}", "{% raw %}", "{#", "</script><!--", "${x}`", "\\"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)  # fmt: skip


@given(anything)
def test_island_says_exactly_what_was_put_in(value: Any) -> None:
    """Escaping changes how the data is written and nothing of what it says."""
    assert json.loads(maps.escape_json(value)) == value


@given(anything)
def test_island_means_nothing_to_jinja2_or_html(value: Any) -> None:
    """Compiled as a template it is itself, and no character in it opens a tag or an entity."""
    island = maps.escape_json(value)

    assert jinja2.Template(island).render() == island
    assert not set(island) & set("<>&`%#$")
    assert island.isascii()


def test_island_escapes_keys_too() -> None:
    """A hostile key is as dangerous as a hostile value."""
    assert maps.escape_json({"{{x}}": 1}) == r'{"\u007b\u007bx\u007d\u007d":1}'


def test_island_refuses_what_is_not_json() -> None:
    """NaN is not JSON, and a page must not hold a number that no browser can read."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        maps.escape_json(float("nan"))


def test_map_is_a_folium_map_that_leaves_folium_alone() -> None:
    """It is a real `folium.Map`, and what it does without stays in folium for other maps."""
    before = (list(folium.Map.default_js), list(folium.Map.default_css))

    made = maps.finding_map(finding(["AF0104"]))
    made.add_js_link("mine", "https://example.org/mine.js")

    assert isinstance(made, folium.Map)
    assert (folium.Map.default_js, folium.Map.default_css) == before
    assert maps.finding_map(finding(["AF0104"])).default_js == []


def test_scripts_reach_the_page_byte_for_byte() -> None:
    """No template has eaten anything of Leaflet or of our own script."""
    page = maps.seal(maps.finding_map(finding(["AF0104"])))
    leaflet = (VENDOR / "leaflet.js").read_text(encoding="utf-8")
    ours = [
        (VENDOR.parent / name).read_text(encoding="utf-8")
        for name in ("words.js", "sheet.js", "finding.js")
    ]

    assert f"<script>{leaflet.removesuffix('//# sourceMappingURL=leaflet.js.map')}</script>" in page
    assert all(f"<script>{script}</script>" in page for script in ours)


def test_policy_allows_exactly_what_is_inline() -> None:
    """Every script and the one style by hash, and nothing by keyword."""
    page = maps.seal(maps.finding_map(finding(["AF0104"])))
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    policy = dict(part.strip().split(" ", 1) for part in policy_of(page).split(";"))

    assert policy["script-src"].split() == [f"'{digest(script)}'" for script in scripts]
    assert policy["style-src"].split() == [f"'{digest(style)}'" for style in styles]
    assert policy["default-src"] == policy["connect-src"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in policy_of(page)
    assert (len(scripts), len(styles)) == (12, 1)
    assert page.index("charset=UTF-8") < 1024  # where browsers look for it


def test_same_finding_gives_the_same_bytes() -> None:
    """Twice from one map, and from two maps."""
    one = finding(BAGRAMI_AND_PD22, within=("AF0104",))
    made = maps.finding_map(one)

    assert maps.seal(made) == maps.seal(made) == maps.seal(maps.finding_map(one))


def test_another_process_gives_the_same_bytes() -> None:
    """Neither hash seeds nor folium's random ids show, even with folium layers added."""
    script = (
        "import hashlib, folium, geoloc, sys\n"
        "made = geoloc.finding_map(geoloc.investigate(geoloc.read_case('2022-10-21-kabul-pd8')))\n"
        "folium.CircleMarker([34.5, 69.2], radius=4).add_to(made)\n"
        "print(hashlib.sha256(geoloc.seal(made).encode()).hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Kabul"))
    }

    assert len(digests) == 1


def test_police_district_lines_never_come_without_their_caveat() -> None:
    """The lines and the word "approximate" are one thing."""
    island = island_of(maps.seal(maps.finding_map(finding(["AF0104"]))))
    layer = next(layer for layer in island["layers"] if layer["id"] == "police-districts")
    edition = next(edition for edition in island["editions"] if edition["id"] == layer["edition"])

    assert layer["lines"]["coordinates"]
    assert layer["caveat"] == "approximate, computed from labelled localities"
    assert edition["caveat"] == layer["caveat"]


def test_far_from_kabul_no_police_district_is_drawn() -> None:
    """Herat has its own lines and licence, and no caveat about Kabul's."""
    island = island_of(maps.seal(maps.finding_map(finding([HERAT_DISTRICT]))))

    assert [layer["id"] for layer in island["layers"]] == ["provinces", "districts"]
    assert [edition["id"] for edition in island["editions"]] == ["ocha-2018"]


def test_not_assessable_has_a_reason_and_no_number() -> None:
    """Without evidence nothing that looks like a probability is on the page."""
    (incident,) = island_of(maps.seal(maps.finding_map(finding(["AF0104"]))))["incidents"]
    verdict = incident["claims"][0]["verdict"]

    assert verdict["grade"] == "not-assessable"
    assert verdict["reason"] == "The reason."
    numbers = ("probability", "interval", "prior", "bayes_factor", "flip_distance_m")
    assert [verdict[name] for name in numbers] == [None] * 5


def test_claim_of_several_units_shows_where_all_of_them_hold() -> None:
    """Bagrami and PD22 are both outlined; their common part is what counts."""
    (place,) = island_of(maps.seal(maps.finding_map(finding(BAGRAMI_AND_PD22))))["places"]

    assert [unit["name"] for unit in place["units"]] == ["Bagrami district", "PD22"]
    assert place["shared"]["type"] == "MultiPolygon"


def test_words_of_two_senses_are_drawn_in_both() -> None:
    """Kabul is a district and a province; the page does not choose for the claimant."""
    told = finding(["AF0104"], within=("AF0104",)).incident.model_dump(mode="json")
    told["claims"][0] |= {"place": "Kabul", "codes": []}
    island = island_of(maps.seal(maps.finding_map(investigate(Incident.model_validate(told)))))
    assert [place["name"] for place in island["places"]] == ["Kabul district", "Kabul province"]
    assert "can mean several places" in island["incidents"][0]["claims"][0]["verdict"]["reason"]


def test_unit_without_a_line_is_named_and_not_drawn() -> None:
    """PD20 has no known line: there is nothing to hatch, and the page can say so."""
    island = island_of(maps.seal(maps.finding_map(finding(["AF-KBL-PD20"]))))

    (unit,) = island["places"][0]["units"]
    assert (unit["name"], unit["geometry"], unit["zones"]) == ("PD20", None, None)
    assert island["places"][0]["at"] is None


def test_claim_without_a_unit_shows_kabul_city() -> None:
    """Words that name no unit are listed; the map shows the city, with no place to draw."""
    island = island_of(maps.seal(maps.finding_map(finding([]))))
    west, south, east, north = island["view"]

    assert island["places"] == []
    assert island["incidents"][0]["box"] is None
    assert west < 69.18 < east
    assert south < 34.53 < north


def test_coordinates_have_at_most_five_decimals() -> None:
    """About a metre: more would only pretend."""
    page = maps.seal(maps.finding_map(finding(["AF0104"], within=("AF0104",))))

    island = json.dumps(island_of(page)["layers"]) + json.dumps(island_of(page)["places"])
    assert not re.search(r"\.\d{6}", island)


def test_context_ends_near_the_view() -> None:
    """A page about Kabul does not carry the lines of Herat."""
    island = island_of(maps.seal(maps.finding_map(finding(["AF-KBL-PD8"]))))
    west, south, east, north = island["reach"]
    corners = [
        corner
        for layer in island["layers"]
        for line in layer["lines"]["coordinates"]
        for corner in line
    ]

    step = 1.5e-5  # corners and reach are rounded on their own
    assert all(west - step <= lon <= east + step for lon, _ in corners)
    assert all(south - step <= lat <= north + step for _, lat in corners)
    assert "Herat" not in json.dumps(island["layers"])


def test_empty_casebook_is_a_page() -> None:
    """No incident is not an error."""
    island = island_of(maps.seal(maps.casebook_map([], None)))

    assert (island["incidents"], island["places"]) == ([], [])


def test_the_font_of_dari_and_pashto_is_in_every_page() -> None:
    """Any page can turn to them, and then has letters to write with."""
    font = "Vazirmatn;src:url(data:font/woff2"

    assert font in maps.index_page([], Book(title="Kabul"))
    assert font in maps.seal(maps.casebook_map([], None))


def test_notebook_display_needs_no_network() -> None:
    """What Jupyter shows has no address in it that would be loaded."""
    shown = html.unescape(maps.finding_map(finding(["AF0104"]))._repr_html_())

    assert not re.search(r'<(?:script|link|img)[^>]+(?:src|href)="', shown)


def test_index_escapes_and_links() -> None:
    """Hostile titles are text, and each row leads to its page."""
    one = finding(["AF0104"], [])
    hostile = one.incident.model_copy(update={"title": '"><script>{{ 7*7 }}</script>'})
    page = maps.index_page([Finding(hostile, one.places, one.area, one.verdicts)])

    assert "<script>{{" not in page
    assert html.unescape(page).count('"><script>{{ 7*7 }}</script>') == 1
    assert 'href="2023-05-08-test.html"' in page
    assert "Mon 2023-05-08" in page
    assert "not assessable" in page
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    allowed = " ".join(f"'{digest(script)}'" for script in scripts)
    assert f"script-src {allowed};" in policy_of(page)


def test_index_policy_has_the_hash_of_its_style() -> None:
    """The one style sheet is allowed by what it is."""
    page = maps.index_page([])
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)

    assert f"style-src '{digest(style)}'" in policy_of(page)


def kabul() -> folium.Map:
    """Return a map of ours to add things to."""
    return maps.finding_map(finding(["AF-KBL-PD8"]))


def test_seal_refuses_tiles_by_name() -> None:
    """A tile layer would tell its host which streets are looked at."""
    made = kabul()
    folium.TileLayer("OpenStreetMap").add_to(made)

    with pytest.raises(PageError, match=r"https://tile\.openstreetmap\.org/"):
        maps.seal(made)


@pytest.mark.parametrize(
    ("markup", "named"),
    [
        ('<img src="https://a.example/x.png">', "https://a.example/x.png"),
        ("<img src=//a.example/x.png>", "//a.example/x.png"),
        ("<IMG SRC='x.png'>", "x.png"),
        ('<img srcset="data:,x 1x, https://a.example/y 2x">', "https://a.example/y"),
        ('<a href="https://a.example">source</a>', "https://a.example"),
        ('<a href="javascript:alert(1)">source</a>', "javascript:alert"),
        ('<link rel="stylesheet" href="https://a.example/s.css">', "https://a.example/s.css"),
        ('<link rel="dns-prefetch" href="#">', "<link"),
        ('<script src="https://a.example/s.js"></script>', "https://a.example/s.js"),
        ("<script>fetch('https://a.example/f')</script>", "https://a.example/f"),
        ("<script>fetch(`//a.example/f`)</script>", "//a.example/f"),
        (r"<script>fetch('https:\/\/a.example')</script>", "https:"),
        ("<script>new WebSocket('wss://a.example')</script>", "wss://a.example"),
        ("<style>p { background: url(//a.example/p) }</style>", "//a.example/p"),
        ("<style>@import 'https://a.example/s'</style>", "https://a.example/s"),
        ("<style>p { background: URL( 'x.png' ) }</style>", "x.png"),
        ("<p style=\"background: url('https://a.example/p')\">", "https://a.example/p"),
        ('<meta http-equiv="Refresh" content="0; url=x.html">', "x.html"),
        ('<iframe srcdoc="&lt;p&gt;"></iframe>', "<iframe"),
        ('<form action="https://a.example"></form>', "https://a.example"),
        ('<base href="https://a.example">', "https://a.example"),
        ('<object data="x.svg"></object>', "x.svg"),
        ('<video poster="https://a.example/v"></video>', "https://a.example/v"),
        ('<svg><image xlink:href="https://a.example/i"/></svg>', "https://a.example/i"),
        ('<body background="https://a.example/b">', "https://a.example/b"),
        ('<a ping="https://a.example/p">x</a>', "https://a.example/p"),
        ('<p onclick="x()">', "onclick"),
    ],
)
def test_seal_refuses_whatever_loads(markup: str, named: str) -> None:
    """The address, or the tag, is in the message."""
    made = kabul()
    figure = made.get_root()
    assert isinstance(figure, folium.Figure)
    figure.html.add_child(folium.Element(markup))

    with pytest.raises(PageError, match=re.escape(named)):
        maps.seal(made)


def test_seal_takes_layers_that_need_nothing() -> None:
    """A user's own shapes stay in the page, and their script is allowed by its hash."""
    made = kabul()
    square = {
        "type": "Polygon",
        "coordinates": [[[69.1, 34.5], [69.2, 34.5], [69.2, 34.6], [69.1, 34.6], [69.1, 34.5]]],
    }
    folium.GeoJson(square, name="mine").add_to(made)
    folium.CircleMarker([34.5, 69.2]).add_to(made)
    page = maps.seal(made)

    added = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[-1]
    assert "L.circleMarker" in added
    assert f"'{digest(added)}'" in policy_of(page)


def test_public_names_are_these_functions() -> None:
    """The package's door leads here."""
    assert (geoloc.finding_map, geoloc.casebook_map, geoloc.seal) == (
        maps.finding_map, maps.casebook_map, maps.seal,
    )  # fmt: skip


def test_every_drawn_edition_is_credited() -> None:
    """Each layer's edition is among those whose licence and attribution the page shows."""
    island = island_of(maps.seal(maps.casebook_map([finding(BAGRAMI_AND_PD22)])))
    known = {edition.id: edition.attribution for edition in boundaries.editions()}

    assert {layer["edition"] for layer in island["layers"]} == {"ocha-2018", "nahia-2019"}
    assert all(one["attribution"] == known[one["id"]] for one in island["editions"])
