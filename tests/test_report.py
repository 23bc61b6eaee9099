"""A report says what a finding says, in every format and language, and nothing more."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from test_map_tools import AXE, axe  # noqa: F401 - a fixture
from test_maps_browser import HOSTILE, visit

from geoloc import casebook, clues, report
from geoloc.area import likely_area
from geoloc.casebook import Finding, Incident, investigate
from geoloc.errors import InputError, OutputError
from geoloc.report import blocks, pdf, words
from geoloc.report.blocks import Document, Facts, Items, Paragraph, Picture, Section, Table, Text

if TYPE_CHECKING:
    from conftest import Oracle
    from playwright.sync_api import Browser

ROOT = Path(__file__).parent.parent
CASES = ROOT / "cases"
IDS = [path.stem for path in casebook.case_files(CASES)]
BAGRAMI = "2023-05-08-bagrami-pd22"
LANGUAGES = ("en", "fa", "ps")
SUFFIXES = (".html", ".pdf", ".docx")
# The smallest PNG: one grey pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c63680000008200817754f8360000000049454e44ae426082"
)


def require_pango() -> None:
    """Skip where the system's Pango, which pip cannot install, is not there."""
    try:
        pdf._weasyprint()
    except OutputError as error:
        pytest.skip(str(error))


def has_pango() -> bool:
    """Return whether a PDF can be made here."""
    try:
        pdf._weasyprint()
    except OutputError:
        return False
    return True


def written(document: Document, suffix: str) -> bytes:
    """Return a document in a format; skip a PDF where there is no Pango."""
    if suffix == ".pdf":
        require_pango()
    return report.SUFFIXES[suffix](document)


@pytest.fixture(scope="module")
def findings() -> dict[str, Finding]:
    """Investigate the shipped cases once."""
    return {name: investigate(casebook.read_case(CASES / f"{name}.yaml")) for name in IDS}


@pytest.fixture(scope="module")
def documents(findings: dict[str, Finding]) -> dict[str, Document]:
    """Return the casebook's report in each language, and Bagrami's."""
    book = casebook.read_book(CASES)
    made = {
        language: report.document(list(findings.values()), book, language=language)
        for language in LANGUAGES
    }
    return made | {BAGRAMI: report.document([findings[BAGRAMI]], book)}


def texts(part: Any) -> Iterator[str]:
    """Yield every text of a document, in order."""
    if isinstance(part, Text):
        yield part.text
    elif isinstance(part, tuple | list):
        for each in part:
            yield from texts(each)
    elif isinstance(part, Document | Section | Paragraph | Items | Table | Facts | Picture):
        for name in part.__dataclass_fields__:
            if name not in ("key", "kind", "png", "language", "widths"):
                yield from texts(getattr(part, name))


def all_words(document: Document) -> str:
    """Return a document's texts as one, without the marks that keep directions apart."""
    return re.sub("[\u2068\u2069]", "", "\n".join(texts(document)))


def section(document: Document, title: str) -> str:
    """Return the words of one section of a case's report."""
    (found,) = [each for each in document.sections if each.title.text == title]
    return "\n".join(texts(found))


def incident(**given: Any) -> Incident:
    """Return an invented incident."""
    base = {
        "id": "2024-01-31-invented", "title": "Invented", "date": "2024-01-31",
        "summary": "Nothing of this happened.",
        "claims": [{"claimant": "A", "says": "A raid.", "place": "PD8", "codes": ["AF-KBL-PD8"]}],
        "geolocation": {"status": "not-stated", "reason": "Invented."},
    }  # fmt: skip
    return Incident.model_validate(base | given)


def pinned() -> Finding:
    """Return an invented finding whose place is known to a yard: 69.2110, 34.4909."""
    drawn = {
        "type": "Polygon",
        "coordinates": [[[69.2101, 34.4901], [69.2119, 34.4901], [69.2119, 34.4917],
                         [69.2101, 34.4917], [69.2101, 34.4901]]],
    }  # fmt: skip
    return investigate(
        incident(
            drawings=[{"name": "the yard of the baker", "means": "area", "geometry": drawn,
                       "origin": "photo 7", "confidence": 0.95}],
            geolocation={"status": "exact", "reason": "The yard was recognized."},
        )
    )  # fmt: skip


# What it says


def test_summary_comes_first_and_every_part_is_there(documents: dict[str, Document]) -> None:
    """Summary, claims, verified, unverified, place, verdict, and the rest, in this order."""
    titles = [each.title.text for each in documents[BAGRAMI].sections]
    assert titles == [
        "Summary", "What was claimed", "What was verified, and how",
        "What is likely, but not confirmed",
        "What could not be verified, and why", "Where it happened", "Verdict on the claimed place",
        "The clues, and what each brought", "Discrepancies", "Notes",
        "Sources, and how they were preserved", "Boundaries and their licences", "Method",
        "Glossary", "How to check this report",
    ]  # fmt: skip


@pytest.mark.parametrize("name", IDS)
def test_every_word_of_a_case_is_in_its_report(name: str, findings: dict[str, Finding]) -> None:
    """No claim, finding, note or source of the case file is lost."""
    found = findings[name]
    told = all_words(report.document([found]))
    facts = found.incident
    for claim in facts.claims:
        for text in (claim.claimant, claim.says, claim.place, claim.affiliation):
            assert text is None or blocks.plain(text) in told
    for evidence in facts.evidence:
        assert blocks.plain(evidence.finding) in told
        assert blocks.plain(evidence.origin) in told
    for text in (facts.summary, facts.geolocation.reason, *facts.notes):
        assert blocks.plain(text) in told
    for source in facts.sources:
        assert blocks.plain(source.title) in told


@pytest.mark.parametrize("name", IDS)
def test_what_is_claimed_is_never_among_what_was_verified(
    name: str, findings: dict[str, Finding]
) -> None:
    """A claim stands under `claimed`, a finding under the heading of its status and no other."""
    document = report.document([findings[name]])
    told = {each.key: "\n".join(texts(each)) for each in document.sections}
    headings = {
        "confirmed": "verified", "likely": "likely", "not-verified": "unverified",
        "not-found": "unverified",
    }  # fmt: skip
    facts = findings[name].incident
    for claim in facts.claims:
        assert blocks.plain(claim.says) not in told["verified"]
    for evidence in facts.evidence:
        where = {key for key in headings.values()
                 if blocks.plain(evidence.finding) in told.get(key, "")}  # fmt: skip
        assert where == {headings[evidence.status]}
    assert "Claimed is not verified." in section(document, "What was claimed")


def test_verdict_is_told_with_its_numbers(
    documents: dict[str, Document], findings: dict[str, Finding]
) -> None:
    """Probability, interval, prior, Bayes factor, flip distance, edition, and what it is not."""
    verdict = findings[BAGRAMI].verdicts[0]
    assert verdict is not None
    assert verdict.bayes_factor is not None
    told = section(documents[BAGRAMI], "Verdict on the claimed place").replace("\u00a0", " ")
    for words_of in (
        "Consistent", "almost certain", "98 %", "90 %", "over 99 %", "6 %",
        f"{verdict.bayes_factor:,.0f}", "1.5 km", "ocha-2018", "geoboundaries-2014",
        "This does not verify the claim.", "What this does not mean",
    ):  # fmt: skip
        assert words_of in told, words_of


@pytest.mark.parametrize("name", [name for name in IDS if name != BAGRAMI])
def test_what_cannot_be_assessed_says_why(name: str, findings: dict[str, Finding]) -> None:
    """Without evidence of the place there is no number, and the case's own reason stands."""
    document = report.document([findings[name]])
    told = section(document, "Verdict on the claimed place")
    assert "Not assessable" in told
    assert blocks.plain(findings[name].incident.geolocation.reason) in told
    assert "%" not in told
    assert "cannot be assessed" in section(document, "Summary")


def test_claims_of_one_source_stand_together() -> None:
    """One table for each source, its count in the caption, copies of one text beneath."""
    words_of = "An operation took place in the evening, and three were killed."
    found = investigate(
        incident(
            sources=[{"id": "x", "title": "X", "publisher": "X"},
                     {"id": "y", "title": "Y", "publisher": "Y"}],
            claims=[
                {"claimant": "A", "says": words_of, "source": "x"},
                {"claimant": "B", "says": "Something else was seen there.", "source": "y"},
                {"claimant": "C", "says": words_of, "source": "x"},
            ],
        )
    )  # fmt: skip
    (claimed,) = [s for s in report.document([found]).sections if s.key == "claimed"]
    captions = [each.caption.text for each in claimed.blocks if isinstance(each, Table)]
    assert captions == [
        "2 claims, known through source 1",
        "One claim, known through source 2",
    ]
    assert "C repeats the words of A: one voice, counted once." in "\n".join(texts(claimed))


def test_evidence_table_gives_hash_archive_and_capture_time() -> None:
    """A source's fields stand in the table, its addresses as text and as links."""
    sha = "ab" * 32
    found = investigate(
        incident(
            sources=[{
                "id": "x", "title": "A post", "publisher": "P", "url": "https://example.org/a?b=1",
                "archived": "https://archive.example/1", "captured": "2024-02-01T10:30:00+04:30",
                "sha256": sha,
            }],
            claims=[{"claimant": "A", "says": "A raid.", "source": "x"}],
        )
    )  # fmt: skip
    document = report.document([found])
    told = section(document, "Sources, and how they were preserved")
    for fact in (sha, "https://archive.example/1", "2024-02-01 10:30+04:30", "A post"):
        assert fact in told
    page = report.as_html(document).decode()
    assert '<a href="https://example.org/a?b=1" rel="noreferrer noopener">' in page


def test_graphic_material_is_a_placeholder_unless_asked_for() -> None:
    """A graphic photo is not shown and said to be left out; a graphic source is no link."""
    given = {
        "photos": [{"file": "a.jpg", "sha256": "0" * 64, "origin": "photo 1", "graphic": True}],
        "sources": [{"id": "x", "title": "T", "publisher": "P", "graphic": True,
                     "url": "https://example.org/dead"}],
        "claims": [{"claimant": "A", "says": "A raid.", "source": "x"}],
    }  # fmt: skip
    found = investigate(incident(**given))
    name = found.incident.id
    shut, shown = (
        report.document(
            [found], graphic=graphic, pictures={f"{name}/photos": PNG} if graphic else {}
        )
        for graphic in (False, True)
    )
    assert "Photo 1 is left out" in all_words(shut)
    assert "Photo 1 is left out" not in all_words(shown)
    for document, linked in ((shut, False), (shown, True)):
        page = report.as_html(document).decode()
        assert ('href="https://example.org/dead"' in page) == linked
        assert ("<img" in page) == linked
        assert page.count("Graphic: shows violence or the dead") == 2


def test_photos_say_whether_they_are_the_ones_recorded() -> None:
    """Each photo's file stands with its hash value and how the comparison came out."""
    photos = [
        {"file": f"{n}.jpg", "sha256": str(n) * 64, "origin": f"photo {n}"} for n in (1, 2, 3)
    ]
    found = investigate(incident(photos=photos))
    states: Any = dict(zip((f"{found.incident.id}/{n}.jpg" for n in (1, 2, 3)),
                           ("unchanged", "changed", "missing"), strict=True))  # fmt: skip
    told = section(report.document([found], kept=states), "Photos")
    assert "has this hash value" in told
    assert "was changed since" in told
    assert "could not be found" in told


# Do no harm


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_finer_than_a_kilometre_is_told(suffix: str) -> None:
    """A yard that was found is told in whole kilometres, its clue's words and place left out."""
    found = pinned()
    document = report.document([found])
    told = all_words(document)
    assert "Told no finer than 1 km" in told
    assert "the yard of the baker" not in told
    assert "69.21" not in told
    assert "34.49" not in told
    assert not re.search(r"\b\d+ m\b", told)
    assert "Clue ledger" in told
    if suffix != ".pdf":
        content = written(document, suffix)
        inside = content if suffix == ".html" else b"".join(unzipped(content).values())
        assert b"the yard of the baker" not in inside


def test_exact_tells_all_and_warns() -> None:
    """For one's own eyes the clue's words are there, under a warning not to publish."""
    document = report.document([pinned()], exact=True)
    told = all_words(document)
    assert "the yard of the baker" in told
    assert "Do not publish it." in document.notices[1].text.text


def test_numbers_of_two_yards_in_one_square_are_the_same() -> None:
    """Two spots that the squares do not tell apart are not told apart by any number."""

    def moved(east: float) -> str:
        yard = shapely.box(69.2101 + east, 34.4901, 69.2119 + east, 34.4917)
        base = pinned()
        area = likely_area([clues.Drawn(yard, "photo 7", confidence=0.95)])
        return all_words(
            report.document([Finding(base.incident, base.places, area, base.verdicts)])
        )

    assert moved(0.0) == moved(0.0003)


# Languages


def fixed_texts() -> set[str]:
    """Return every fixed English text that the package says, read from its source."""
    found: set[str] = set()
    for path in (ROOT / "geoloc/report").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("say", "text")
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(str(node.args[0].value))
    return found


def test_every_fixed_text_is_translated() -> None:
    """Each text that is said has a Dari and a Pashto with the same places to fill."""
    known = words.dictionary()
    assert fixed_texts() - known.keys() == set()
    for english, others in known.items():
        places = sorted(re.findall(r"\{\w+\}", english))
        for other in others:
            assert sorted(re.findall(r"\{\w+\}", other)) == places, english
            assert re.search("[\u0600-\u06ff]", other) or english.isascii(), english


def test_no_translation_is_left_over() -> None:
    """Every entry of the dictionary is said somewhere in the package."""
    source = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "geoloc/report").glob("*.py"))
    joined = re.sub(r'"\s*\n\s*"', "", source)
    icd = {"almost no chance", "very unlikely", "unlikely", "roughly even chance", "likely",
           "very likely", "almost certain"}  # fmt: skip
    left = [english for english in words.dictionary() if english not in joined]
    assert set(left) <= icd


def test_pages_and_reports_say_the_same() -> None:
    """Where the maps' dictionary has a text too, both translate it alike."""
    script = (ROOT / "geoloc/browser/dictionary.js").read_text(encoding="utf-8")
    pairs = re.findall(r"^  '((?:[^'\\]|\\.)*)': (\[.*\]),$", script, re.MULTILINE)
    shared = {english: ast.literal_eval(both) for english, both in pairs}
    both = shared.keys() & words.dictionary().keys()
    assert len(both) > 50
    for english in both:
        assert tuple(shared[english]) == words.dictionary()[english], english


@pytest.mark.parametrize("language", ["fa", "ps"])
def test_fixed_words_are_in_the_language_and_told_ones_as_written(
    language: str, documents: dict[str, Document]
) -> None:
    """Titles are Persian or Pashto; the claims' English stands untouched and marked as such."""
    document = documents[language]
    english = all_words(documents["en"])
    for fixed in ("Claimed is not verified.", "What was claimed", "Not assessable"):
        assert fixed in english
        assert fixed not in all_words(document)
    told = "Zabihullah Mujahid"
    assert told in all_words(document)
    page = report.as_html(document).decode()
    tag = {"fa": "fa-AF", "ps": "ps"}[language]
    assert f'<html lang="{tag}" dir="rtl">' in page
    assert f'<strong lang="en" dir="ltr">{told}</strong>' in page


@pytest.mark.parametrize(
    ("day", "dari"),
    [("2023-05-08", "۱۸ ثور ۱۴۰۲ (۸ می ۲۰۲۳)"), ("2024-03-19", "۲۹ حوت ۱۴۰۲ (۱۹ مارچ ۲۰۲۴)"),
     ("2024-03-20", "۱ حمل ۱۴۰۳ (۲۰ مارچ ۲۰۲۴)"), ("2022-07-06", "۱۵ سرطان ۱۴۰۱ (۶ جولای ۲۰۲۲)")],
)  # fmt: skip
def test_days_stand_in_the_solar_calendar_first(day: str, dari: str) -> None:
    """Known days of the two calendars, as Afghan calendars print them."""
    import datetime as dt

    assert words.Words("fa").day(dt.date.fromisoformat(day)) == dari


def test_numbers_in_dari() -> None:
    """Digits, separators and the percent sign are Persian; certainty is never claimed."""
    dari = words.Words("fa")
    assert dari.percent(0.98) == "۹۸٪"
    assert "۹۹٪" in dari.percent(0.9999)
    assert dari.percent(1.0) == "۱۰۰٪"
    assert dari.length(1480) == "\u2068۱٫۵\u2069 کیلومتر"
    assert dari.factor(4_655.6) == "۴٬۶۵۶"
    assert words.Words("en").percent(0.001) == "under 1\u00a0%"


def test_another_language_is_refused() -> None:
    """Only three languages are known, and the message names them."""
    with pytest.raises(InputError, match="en, fa, ps"):
        words.Words("de")


# Hostile words


@given(st.text(max_size=200))
def test_plain_text_is_valid_xml_and_steers_nothing(text: str) -> None:
    """Whatever comes in, no control or direction mark comes out, and XML can hold it."""
    clean = blocks.plain(text)
    whole = f"<a>{clean.replace('&', '&amp;').replace('<', '&lt;')}</a>"
    assert (ET.fromstring(whole).text or "") == clean  # noqa: S314 - our own text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\x00-\x1f\x7f-\x9f]", clean)


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "http://", "https://a b", "file:///etc/passwd",
     'https://x/"onclick=', "HTTPS://\u202eexample.org", "ftp://example.org", "//example.org"],
)  # fmt: skip
def test_only_plain_web_addresses_are_links(address: str) -> None:
    """Anything but clean http and https stands as text."""
    assert blocks.address(address).link == ""


def hostile(text: str) -> Finding:
    """Return a finding whose every text is hostile."""
    source = {"id": text[:100], "title": text, "publisher": text, "note": text,
              "url": "https://example.org/x'\"><script>", "sha256": "0" * 64}  # fmt: skip
    return investigate(
        incident(
            title=text, summary=text, time=text, date_note=text, notes=[text],
            claims=[{"claimant": text, "affiliation": text, "place": text, "says": text,
                     "source": text[:100], "killed": {"min": 3, "max": None}}],
            evidence=[{"finding": text, "by": text, "status": "confirmed", "origin": "o " + text,
                       "source": text[:100]}],
            photos=[{"file": "a.jpg", "sha256": "1" * 64, "origin": text, "caption": text}],
            sources=[source],
            geolocation={"status": "not-possible", "reason": text},
        )
    )  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "fa"])
def test_hostile_words_are_inert_in_a_browser(
    chromium: Browser, tmp_path: Path, oracle: Oracle, language: str
) -> None:
    """They stand there as text, and run, load and send nothing, even without the policy."""
    text = HOSTILE.replace("ADDRESS", oracle.address)
    page = report.as_html(report.document([hostile(text)], language=language)).decode()
    bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    for number, each in enumerate((page, bare)):
        (tmp_path / str(number)).mkdir()
        with visit(chromium, tmp_path / str(number), each) as seen:
            seen.check()
            assert "{{ 7*7 }}" in str(seen.page.locator("h1").text_content())
            assert seen.page.evaluate("document.querySelectorAll('script,img,iframe').length") == 0
    assert oracle.calls == []


def test_hostile_words_are_inert_in_a_pdf_and_a_docx(oracle: Oracle) -> None:
    """Nothing is fetched while they are made, and every part of the DOCX is whole XML."""
    text = HOSTILE.replace("ADDRESS", oracle.address).replace("long " * 200, "long ")
    document = report.document([hostile(text)])
    parts = unzipped(written(document, ".docx"))
    for name, content in parts.items():
        if name.endswith((".xml", ".rels")):
            ET.fromstring(content)  # noqa: S314 - our own file
    assert b"<U+202E>" in parts["word/document.xml"].replace(b"&lt;", b"<").replace(b"&gt;", b">")
    assert written(document, ".pdf")[:5] == b"%PDF-"
    assert oracle.calls == []


# HTML


class Outline(HTMLParser):
    """The headings, landmarks and addresses of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))


def test_page_is_sealed(documents: dict[str, Document]) -> None:
    """No script, no style attribute, no address to load; the policy allows its one style sheet."""
    page = report.as_html(documents["en"]).decode()
    seen = Outline(page)
    assert not {tag for tag, _ in seen.tags} & {"script", "link", "iframe", "object", "form"}
    assert all("style" not in about for _, about in seen.tags)
    assert all(str(about["src"]).startswith("data:") for tag, about in seen.tags if tag == "img")
    (sheet,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert not re.search(r"@import|url\((?!data:)", sheet)
    digest = hashlib.sha256(sheet.encode()).digest()
    import base64

    seal = base64.b64encode(digest).decode()
    assert f"style-src &#x27;sha256-{seal}&#x27;" in page or f"style-src 'sha256-{seal}'" in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_has_a_sound_outline(language: str, documents: dict[str, Document]) -> None:
    """One h1, no level is jumped over, landmarks are there, every link inside finds its end."""
    seen = Outline(report.as_html(documents[language]).decode())
    assert seen.levels[0] == 1
    assert seen.levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(seen.levels, seen.levels[1:], strict=False))
    tags = [tag for tag, _ in seen.tags]
    assert all(tags.count(mark) == 1 for mark in ("main", "nav", "header", "footer", "title"))
    ids = [about["id"] for _, about in seen.tags if "id" in about]
    assert len(ids) == len(set(ids))
    inside = [str(about["href"])[1:] for tag, about in seen.tags
              if tag == "a" and str(about.get("href")).startswith("#")]  # fmt: skip
    assert set(inside) <= set(ids)
    tables = tags.count("table")
    assert tags.count("caption") == tables > 20


@pytest.mark.browser
@pytest.mark.parametrize(("language", "width"), [("en", 1200), ("fa", 390), ("ps", 1200)])
def test_page_is_accessible_silent_and_fits(
    chromium: Browser,
    tmp_path: Path,
    documents: dict[str, Document],
    axe: str,  # noqa: F811 - the fixture
    language: str,
    width: int,
) -> None:
    """Nothing serious is found by axe; nothing is asked for; nothing sticks out on a phone."""
    page = report.as_html(documents[language]).decode()
    with visit(chromium, tmp_path, page, size=(width, 900)) as seen:
        seen.check()
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        load = "document.fonts.load('16px Vazirmatn', 'ب').then(faces => faces.length)"
        assert seen.page.evaluate(load) == 1, "the page carries the letters itself"
        seen.page.evaluate(axe)
        assert seen.page.evaluate(AXE) == []


# PDF


def inflated(content: bytes) -> bytes:
    """Return a PDF's objects and streams, unpacked."""
    found = [content]
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            found.append(zlib.decompress(packed))
        except zlib.error:
            continue
    return b"\n".join(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pdf_is_tagged_with_bookmarks_and_fonts(
    language: str, findings: dict[str, Finding]
) -> None:
    """PDF/UA-1, a language, headings, tables, an outline, and fonts with their letters."""
    document = report.document([findings["2022-10-21-kabul-pd8"]], language=language)
    inside = inflated(written(document, ".pdf"))
    assert b"pdfuaid" in inside
    assert b"<pdfuaid:part>1</pdfuaid:part>" in inside or b'pdfuaid:part="1"' in inside
    assert re.search(rb"/Lang \((?:en|fa-AF|ps)\)", inside)
    for mark in (b"/MarkInfo", b"/H1", b"/H2", b"/TH", b"/Caption", b"/Outlines"):
        assert mark in inside, mark
    names = {name.split(b"+")[1] for name in re.findall(rb"/BaseFont /([A-Z]{6}\+[\w-]+)", inside)}
    assert {b"Vazirmatn-Latin", b"Vazirmatn-Latin-Bold"} <= names
    assert all(name.startswith((b"Vazirmatn", b"DejaVu")) for name in names)
    fonts = len(re.findall(rb"/Subtype /Type0", inside))
    assert fonts == len(re.findall(rb"/ToUnicode", inside)) > 0
    for title in (document.title.text, document.sections[0].title.text):
        utf16 = b"\xfe\xff" + title.encode("utf-16-be")
        assert title.encode("ascii", "ignore") in inside or utf16.hex().encode() in inside.lower()


def test_pdf_shows_pictures_with_their_words() -> None:
    """A figure is tagged and has an alternative text."""
    found = pinned()
    document = report.document([found], pictures={f"{found.incident.id}/area": PNG})
    inside = inflated(written(document, ".pdf"))
    assert b"/Figure" in inside
    assert b"/Alt" in inside


def test_without_pango_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system's library is missing there is one line, and no traceback."""

    class NoPango:
        def find_spec(self, name: str, *_: Any) -> None:
            if name.split(".")[0] == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    for name in [name for name in sys.modules if name.split(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])
    with pytest.raises(OutputError, match="libpango") as caught:
        report.as_pdf(report.document([pinned()]))
    assert "\n" not in str(caught.value)


def test_a_pdf_fetches_nothing_from_elsewhere() -> None:
    """An address in the page that is not ours stops the work."""
    require_pango()
    import weasyprint

    html = weasyprint.HTML(
        string='<img src="http://127.0.0.1:9/x.png" alt="">', url_fetcher=pdf._fetcher()
    )
    with pytest.raises(weasyprint.urls.FatalURLFetchingError, match=r"127\.0\.0\.1"):
        html.write_pdf()


# DOCX


def unzipped(content: bytes) -> dict[str, bytes]:
    """Return the files of a ZIP."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_docx_has_headings_header_rows_and_direction(
    language: str, documents: dict[str, Document]
) -> None:
    """Word finds headings, tables whose header repeats, and paragraphs from right to left."""
    import docx

    document = documents[language]
    file = docx.Document(io.BytesIO(written(document, ".docx")))
    headings = [p for p in file.paragraphs if p.style and p.style.name == "Heading 1"]
    assert [p.text for p in headings] == [each.title.text for each in document.sections]
    assert file.core_properties.title == document.title.text
    headed = [t for t in file.tables if "w:tblHeader" in t.rows[0]._tr.xml]
    assert len(headed) > 10
    xml = file.element.xml
    assert ("<w:bidi/>" in xml) == ("<w:rtl/>" in xml) == ("<w:bidiVisual/>" in xml)
    assert ("<w:bidi/>" in xml) == (language != "en")


def test_docx_names_its_pictures() -> None:
    """A picture carries its alternative text."""
    import docx

    found = pinned()
    pictures = {f"{found.incident.id}/area": PNG}
    content = written(report.document([found], pictures=pictures), ".docx")
    (shape,) = docx.Document(io.BytesIO(content)).inline_shapes
    assert "likely area" in shape._inline.docPr.get("descr")


# The same bytes


SCRIPT = """
import hashlib, sys
from pathlib import Path
from geoloc import casebook, report
folder = Path(sys.argv[1])
findings = [casebook.investigate(casebook.read_case(casebook.case_files(folder)[-1]))]
document = report.document(findings, casebook.read_book(folder), language=sys.argv[2])
for suffix, write in report.SUFFIXES.items():
    if suffix in sys.argv[3:]:
        print(suffix, hashlib.sha256(write(document)).hexdigest())
"""


def test_the_same_inputs_give_the_same_bytes() -> None:
    """Two processes with other hash seeds, time zones, locales and folders write one file."""
    suffixes = [suffix for suffix in SUFFIXES if suffix != ".pdf" or has_pango()]
    told = set()
    for seed, zone, locale in (
        ("1", "Asia/Kabul", "C.UTF-8"),
        ("2", "America/Lima", "fa_IR.UTF-8"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(CASES), "fa", *suffixes],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        told.add(done.stdout)
    assert len(told) == 1
    assert told.pop().count("\n") == len(suffixes)


# Bad days


def test_no_claim_and_no_evidence_still_make_a_report() -> None:
    """An empty case says so, part by part."""
    document = report.document([investigate(incident(claims=[]))])
    told = all_words(document)
    for sentence in (
        "No claim is recorded.", "Nothing about this incident was verified.",
        "No claim names a place, so no claimed place can be checked.", "No source is recorded.",
    ):  # fmt: skip
        assert sentence in told


@pytest.mark.parametrize("suffix", [".html", ".docx", pytest.param(".pdf", marks=pytest.mark.long)])
def test_forty_long_persian_claims_make_a_report(suffix: str) -> None:
    """Forty claims of 5,000 letters each come through, and each is there."""
    long = "در شامگاه روز دوشنبه نیروهای امنیتی در ولسوالی بگرامی عملیاتی انجام دادند. " * 66
    claims = [
        {"claimant": f"حساب {number}", "says": f"{number} {long}"[:5000], "place": "بگرامی",
         "codes": ["AF0104"]}
        for number in range(40)
    ]  # fmt: skip
    document = report.document([investigate(incident(claims=claims))], language="fa")
    told = all_words(document)
    assert all(f"حساب {number}" in told for number in range(40))
    assert len(written(document, suffix)) > 20_000


def test_no_case_is_refused() -> None:
    """A report of nothing says how to find a case."""
    with pytest.raises(InputError, match="case list"):
        report.document([])


# The command line


def run(*arguments: str, cwd: Path, status: int = 0) -> str:
    """Run geoloc as a user would, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "geoloc.cli", *arguments],
        capture_output=True, text=True, cwd=cwd, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def test_report_command_writes_the_file_and_its_manifest(tmp_path: Path) -> None:
    """HTML, and beside it what it was made from; the next command is named."""
    told = run("report", BAGRAMI, "-o", "b.html", "--lang", "ps", cwd=tmp_path)
    assert "Next: geoloc verify-report b.html" in told
    assert '<html lang="ps" dir="rtl">' in (tmp_path / "b.html").read_text("utf-8")
    manifest = json.loads((tmp_path / "b.html.manifest.json").read_text("utf-8"))
    assert manifest["settings"]["language"] == "ps"
    assert (
        manifest["output"]["sha256"]
        == hashlib.sha256((tmp_path / "b.html").read_bytes()).hexdigest()
    )


def test_report_command_refuses_another_suffix(tmp_path: Path) -> None:
    """One line names what a report can be."""
    told = run("report", BAGRAMI, "-o", "b.txt", cwd=tmp_path, status=2)
    assert ".html, .pdf, .docx" in told
    assert len(told.strip().splitlines()) == 1


def test_missing_and_changed_photos_are_said(tmp_path: Path) -> None:
    """A photo that is not there, or is another, is warned of and told in the report."""
    folder = tmp_path / "cases"
    (folder / "photos").mkdir(parents=True)
    (folder / "photos/b.jpg").write_bytes(b"not the one")
    photos = "".join(
        f"  - {{file: photos/{name}.jpg, sha256: {'a' * 64}, origin: photo {name}}}\n"
        for name in ("a", "b")
    )
    (folder / "2024-01-31-x.yaml").write_text(
        "id: 2024-01-31-x\ntitle: X\ndate: 2024-01-31\nsummary: S\n"
        f"geolocation: {{status: not-stated, reason: R}}\nphotos:\n{photos}",
        encoding="utf-8",
    )
    told = run("report", "casebook", "--cases", "cases", "-o", "x.html", cwd=tmp_path)
    assert "photos/a.jpg is not there" in told
    assert "photos/b.jpg is not the photo that the case records" in told
    page = (tmp_path / "x.html").read_text("utf-8")
    assert "could not be found to be checked" in page
    assert "it was changed since" in page
    inputs = json.loads((tmp_path / "x.html.manifest.json").read_text("utf-8"))["inputs"]
    assert [item["path"] for item in inputs] == ["2024-01-31-x.yaml", "photos/b.jpg"]
