"""Maps in a real browser: silent, safe with hostile words, usable by hand and by key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
import pytest

from geoloc import casebook, maps
from geoloc.casebook import Book, Finding, Incident, investigate

if TYPE_CHECKING:
    from conftest import Oracle
    from playwright.sync_api import Browser, Dialog, Page, Request

pytestmark = pytest.mark.browser

DESKTOP, PHONE = (1400, 900), (390, 844)
LARGEST_PAGE = 750_000  # bytes
CASES = [path.stem for path in casebook.case_files(Path(__file__).parent.parent / "cases")]

# Everything that a template, a script, a tag, an attribute or a text direction could act on.
# ADDRESS is the oracle's: whatever fetches gives itself away.
HOSTILE = (
    "{{ 7*7 }} {{ this.get_root() }} {% x %} {% raw %} {# x"
    " ${window.__pwned=1} `${window.__pwned=1}`"
    " <script>window.__pwned=1</script> </script><img src=http://ADDRESS/img"
    ' onerror="window.__pwned=1"> "><svg onload="window.__pwned=1;fetch(\'http://ADDRESS/svg\')">'
    " '><iframe src=javascript:parent.__pwned=1></iframe> <!-- --> ]]> &lt;b&gt; &amp; \\u003c \\"
    " </style><style>@import '//ADDRESS/css'</style>"
    " <meta http-equiv=refresh content='0;//ADDRESS'>"
    " javascript:window.__pwned=1 url(http://ADDRESS/url) ;alert(1)// '-alert(1)-'"
    " \u202eright to left\u202c \u2066\u2069\u200f\u061c\u2028\u2029 \x01\x0b\x1b\x7f \ufeff\ufffe"
    " کابل ناحیه ۲۲ \U0001f3d4 " + "long " * 200 + "unbroken" * 100
)

# Watches for what a script in the page may do, from before the page's own scripts run.
WATCH = """
window.__violations = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""
OVERLAPS = """() => {
  const boxes = [...document.querySelectorAll('.label:not(.crowded)')]
    .filter((label) => label.getClientRects().length)
    .map((label) => [label.textContent, label.getBoundingClientRect()]);
  return boxes.flatMap(([name, a], at) => boxes.slice(at + 1)
    .filter(([, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
    .map(([other]) => `${name} / ${other}`));
}"""


@dataclass
class Visit:
    """One open page, and everything it did that a page of ours must not do."""

    page: Page
    trouble: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()  # how what may be said begins

    def dismiss(self, dialog: Dialog) -> None:
        """Note a dialog, and close it so that the test goes on."""
        self.trouble.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def note_request(self, request: Request) -> None:
        """Note whatever is asked for besides the file itself, even if the policy stops it."""
        if not request.url.startswith(("file:", "data:", "about:")):
            self.trouble.append(f"request: {request.url}")

    def check(self) -> None:
        """Assert that nothing ran, nothing was refused and nothing complained."""
        self.trouble += self.page.evaluate("window.__violations")
        assert [one for one in self.trouble if not one.startswith(self.expected)] == []
        assert self.page.evaluate("typeof window.__pwned") == "undefined"


@contextmanager
def visit(
    chromium: Browser,
    folder: Path,
    text: str,
    *,
    size: tuple[int, int] = DESKTOP,
    dark: bool = False,
) -> Iterator[Visit]:
    """Open a page from disk with the network on, so that a request would really leave."""
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light"
    )
    page = context.new_page()
    seen = Visit(page)
    page.on("console", lambda message: seen.trouble.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.trouble.append(f"error: {error}"))
    page.on("dialog", seen.dismiss)
    page.on("request", seen.note_request)
    page.on("popup", lambda _: seen.trouble.append("popup"))
    page.add_init_script(WATCH)
    page.goto(file.as_uri())
    page.wait_for_timeout(150)  # time for fonts and for anything that should not happen
    yield seen
    context.close()


def without_policy(page: str) -> str:
    """Take the Content-Security-Policy off, so that nothing but escaping protects."""
    bare, count = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    assert count == 1
    return bare


@pytest.fixture(scope="module")
def shipped() -> dict[str, Finding]:
    """Investigate the shipped cases once."""
    folder = Path(__file__).parent.parent / "cases"
    return {name: investigate(casebook.read_case(folder / f"{name}.yaml")) for name in CASES}


class Words:
    """Hostile texts, each with a number of its own, so that none can stand in for another."""

    def __init__(self, address: str) -> None:
        self.address, self.given = address, list[str]()

    def __call__(self, limit: int = 5000) -> str:
        """Return the next one."""
        text = f"[{len(self.given)}] {HOSTILE.replace('ADDRESS', self.address)}"[:limit].strip()
        self.given.append(text)
        return text

    def url(self) -> str:
        """Return the next one as an address, as far as the schema lets anything be one."""
        text = f"http://{self.address}/{len(self.given)}{HOSTILE[:1500]}".strip()
        self.given.append(text)
        return text


def hostile_finding(words: Words) -> Finding:
    """Return a finding in which every text that a page shows is hostile."""
    claim = {"claimant": words(), "affiliation": words(), "place": words(), "says": words()}
    loose = {"claimant": words(), "affiliation": words(), "place": words(), "says": words()}
    found = {"finding": words(), "by": words(), "origin": words(), "status": "likely"}
    source = {"title": words(), "publisher": words(), "url": words.url(), "note": words()}
    return investigate(
        Incident.model_validate(
            {
                "id": "2023-05-08-hostile",
                "title": words(),
                "date": "2023-05-08",
                "time": words(),
                "date_note": words(),
                "summary": words(),
                "claims": [
                    claim | {"codes": ["AF0104"], "killed": {"min": 2}, "source": "{{ 7*7 }}"},
                    loose | {"role": "rival", "captured": {"min": 0, "max": 3}},
                ],
                "evidence": [found | {"within": ["AF0104"]}],
                "geolocation": {"status": "approximate", "reason": words()},
                "sources": [source | {"id": "{{ 7*7 }}", "published": "2023-06-01"}],
                "notes": [words(), words()],
            }
        )
    )


def hostile_book(words: Words) -> Book:
    """Return a casebook's facts, every text of them hostile."""
    fact: dict[str, Any] = {"fact": words(), "claimed_by": words(), "confirmed_by": words()}
    fact |= {"recorded": 0, "recorded_by": words(), "from_date": "2023-03-16"}
    return Book.model_validate(
        {
            "title": words(),
            "aggregates": [fact | {"claimed": 5, "confirmed": [words(), words()]}],
            "sources": [{"id": "x", "title": words(), "publisher": words(), "url": words.url()}],
        }
    )


def text_of(page: Page) -> str:
    """Return the text of a page, as its elements hold it."""
    return str(page.evaluate("document.querySelector('main').textContent"))


@pytest.mark.parametrize("policy", [True, False], ids=["policy", "no policy"])
def test_hostile_finding_is_shown_letter_for_letter_and_runs_nowhere(
    chromium: Browser, oracle: Oracle, tmp_path: Path, policy: bool
) -> None:
    """Every word of every field stands in the page as it was written, and nothing of it acts."""
    words = Words(oracle.address)
    one = hostile_finding(words)
    sealed = maps.seal(maps.finding_map(one))

    with visit(chromium, tmp_path, sealed if policy else without_policy(sealed)) as seen:
        shown = text_of(seen.page)
        assert [text[:8] for text in words.given if text not in shown] == []
        assert seen.page.locator("title").text_content() == one.incident.title
        seen.check()
    assert oracle.calls == []


@pytest.mark.parametrize("policy", [True, False], ids=["policy", "no policy"])
def test_hostile_casebook_is_shown_letter_for_letter_and_runs_nowhere(
    chromium: Browser, oracle: Oracle, tmp_path: Path, policy: bool
) -> None:
    """The overview's own words come from a file as well."""
    incident = hostile_finding(Words(oracle.address))
    words = Words(oracle.address)
    sealed = maps.seal(maps.casebook_map([incident], hostile_book(words)))

    with visit(chromium, tmp_path, sealed if policy else without_policy(sealed)) as seen:
        shown = text_of(seen.page)
        assert [text[:8] for text in words.given if text not in shown] == []
        assert incident.incident.title in shown
        seen.check()
    assert oracle.calls == []


@pytest.mark.parametrize("policy", [True, False], ids=["policy", "no policy"])
def test_hostile_index_is_shown_letter_for_letter_and_runs_nowhere(
    chromium: Browser, oracle: Oracle, tmp_path: Path, policy: bool
) -> None:
    """Jinja2's autoescape holds where our own template is used."""
    one = hostile_finding(Words(oracle.address))
    page = maps.index_page([one], hostile_book(Words(oracle.address)))

    with visit(chromium, tmp_path, page if policy else without_policy(page)) as seen:
        shown = text_of(seen.page)
        assert one.incident.title in shown
        assert str(one.incident.claims[1].place) in shown
        seen.check()
    assert oracle.calls == []


def test_notebook_display_is_safe_and_silent(
    chromium: Browser, oracle: Oracle, tmp_path: Path
) -> None:
    """The frame that Jupyter shows has no policy, and draws the same map all the same."""
    one = hostile_finding(Words(oracle.address))
    shown = maps.finding_map(one)._repr_html_()

    with visit(chromium, tmp_path, f'<!DOCTYPE html><meta charset="utf-8">{shown}') as seen:
        frame = seen.page.frames[1]
        assert frame.locator("h1").text_content() == one.incident.title
        assert frame.locator("path.claimed").count() > 0
        assert frame.evaluate("typeof window.__pwned") == "undefined"
        seen.check()
    assert oracle.calls == []


def test_the_oracle_would_notice(chromium: Browser, oracle: Oracle, tmp_path: Path) -> None:
    """A page that does ask the network is heard: silence above means silence."""
    leak = f'<!DOCTYPE html><img src="http://{oracle.address}/leak"><script>__pwned = 1</script>'

    with visit(chromium, tmp_path, leak) as seen:
        assert seen.page.evaluate("window.__pwned") == 1
    assert oracle.calls == ["/leak"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_shipped_case_reads_well(
    chromium: Browser,
    tmp_path: Path,
    shipped: dict[str, Finding],
    name: str,
    size: tuple[int, int],
) -> None:
    """Title, verdict and caveat are there, no two names touch, nothing sticks out sideways."""
    one = shipped[name]
    sealed = maps.seal(maps.finding_map(one))

    assert len(sealed.encode()) <= LARGEST_PAGE
    with visit(chromium, tmp_path, sealed, size=size) as seen:
        page = seen.page
        assert page.locator("h1").text_content() == one.incident.title
        assert page.locator(".claimed").count() > 0
        assert one.incident.geolocation.reason in text_of(page)
        assert "Claimed is not verified." in text_of(page)
        caveat = "Police-district lines are approximate, computed from labelled localities"
        assert page.locator("#credit").is_visible()
        assert caveat in str(page.locator("#credit").text_content())
        assert page.evaluate(OVERLAPS) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        seen.check()


def test_only_a_found_area_is_shaded_and_only_it_has_numbers(
    chromium: Browser, tmp_path: Path, shipped: dict[str, Finding]
) -> None:
    """One of the six was geolocated; the other five show their reason and no probability."""
    gauges = {}
    for name, one in shipped.items():
        with visit(chromium, tmp_path, maps.seal(maps.finding_map(one))) as seen:
            panes = seen.page.locator(".leaflet-likely-pane path.likely").count()
            gauges[name] = (panes, seen.page.locator(".gauge").count())

    found = gauges.pop("2023-05-08-bagrami-pd22")
    assert found == (3, 1)
    assert set(gauges.values()) == {(0, 0)}


def test_claimed_and_likely_differ_by_more_than_colour(
    chromium: Browser, tmp_path: Path, shipped: dict[str, Finding]
) -> None:
    """Claimed: dashed outline and a hatch pattern. Likely: solid outline and plain shade."""
    sealed = maps.seal(maps.finding_map(shipped["2023-05-08-bagrami-pd22"]))

    with visit(chromium, tmp_path, sealed) as seen:

        def look(selector: str) -> Any:
            return seen.page.locator(selector).first.evaluate(
                "(path) => { const { fill, strokeDasharray } = getComputedStyle(path);"
                " return [fill.startsWith('url'), strokeDasharray !== 'none']; }"
            )

        assert look(".leaflet-claimed-pane path") == [True, True]
        assert look(".leaflet-likely-pane path.outermost") == [False, False]


def test_each_legend_entry_switches_its_layer(
    chromium: Browser, tmp_path: Path, shipped: dict[str, Finding]
) -> None:
    """Space on a ticked entry takes its layer off the map, and again brings it back."""
    sealed = maps.seal(maps.finding_map(shipped["2023-05-08-bagrami-pd22"]))
    parts = (
        ".leaflet-claimed-pane path, .leaflet-likely-pane path, .leaflet-lines-pane path, .label"
    )

    with visit(chromium, tmp_path, sealed) as seen:
        everything = seen.page.locator(parts).count()
        for tick in seen.page.locator("#legend input").all():
            tick.press("Space")
            assert seen.page.locator(parts).count() < everything
            tick.press("Space")
            assert seen.page.locator(parts).count() == everything
        seen.check()


def test_everything_can_be_reached_by_key(
    chromium: Browser, tmp_path: Path, shipped: dict[str, Finding]
) -> None:
    """Tab goes through the map, its controls, the legend and the panel, each with a name."""
    sealed = maps.seal(maps.finding_map(shipped["2023-05-08-bagrami-pd22"]))

    with visit(chromium, tmp_path, sealed) as seen:
        reached = []
        for _ in range(40):
            seen.page.keyboard.press("Tab")
            if seen.page.evaluate("document.activeElement === document.body"):
                break
            reached.append(
                seen.page.evaluate(
                    "(() => { const it = document.activeElement;"
                    " return it.ariaLabel || it.title || it.closest('label')?.textContent"
                    " || it.textContent; })()"
                )
            )
        words = " | ".join(reached)
        for name in ("Map: Evening raid", "Zoom in", "Legend", "Claimed: Bagrami", "What is known"):
            assert name in words
        assert "" not in reached


def test_choosing_an_incident_goes_to_it(
    chromium: Browser, tmp_path: Path, shipped: dict[str, Finding]
) -> None:
    """The overview lists all, and a chosen one fills the map; one without a unit says so."""
    placeless = investigate(
        Incident.model_validate(
            {
                "id": "2023-01-01-placeless",
                "title": "Nowhere",
                "date": "2023-01-01",
                "summary": "Words.",
                "geolocation": {"status": "not-stated", "reason": "Not looked for."},
            }
        )
    )
    sealed = maps.seal(maps.casebook_map([*shipped.values(), placeless]))

    assert len(sealed.encode()) <= LARGEST_PAGE
    with visit(chromium, tmp_path, sealed) as seen:
        page = seen.page
        assert page.evaluate(OVERLAPS) == []
        assert page.locator("button.entry").count() == len(shipped)
        assert "No place to draw" in str(page.locator("div.entry, li.entry").text_content())
        zoom = page.evaluate("casebook_zoom = () => map_casebook.getZoom(), casebook_zoom()")
        page.locator("button.entry", has_text="PD8").first.press("Enter")
        page.wait_for_timeout(400)
        assert page.evaluate("map_casebook.getZoom()") > zoom + 1
        seen.check()


def test_users_own_folium_layers_are_drawn(chromium: Browser, tmp_path: Path) -> None:
    """A marker, a shape and a layer control of folium's work on our map, under its policy."""
    made = maps.casebook_map([])
    square = [[34.5, 69.1], [34.5, 69.2], [34.6, 69.2]]
    folium.Polygon(square, color="green", tooltip=None).add_to(made)
    folium.Marker([34.55, 69.15]).add_to(made)
    folium.LayerControl().add_to(made)

    with visit(chromium, tmp_path, maps.seal(made)) as seen:
        assert seen.page.locator("path[stroke=green]").count() == 1
        assert seen.page.locator(".pin").count() == 1
        seen.check()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_page_follows_light_and_dark(chromium: Browser, tmp_path: Path, dark: bool) -> None:
    """Paper by day, and by night a page that does not blind."""
    with visit(chromium, tmp_path, maps.seal(maps.casebook_map([])), dark=dark) as seen:
        colour = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")

        assert (sum(map(int, re.findall(r"\d+", colour)[:3])) < 200) == dark
