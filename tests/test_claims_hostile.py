"""`geoloc parse`, and what a text may hold without doing harm."""

from __future__ import annotations

import codecs
import gc
import io
import random
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shell import Shell

from geoloc import InputError, claims, parse_claims

_MOST_MS_PER_KB = 50
_WORDS = [
    "PD", "22", "،", "ناحیه", "و", "killed", "five", "in", "Kabul", "May", "8", "Bagrami",
    "district", "of", "the", "۱۵مه", "که", "چې", "said", ",", ".", "\n", "according", "to",
    "area", "two", "captured", "-", "same", "location", "as", "raid", "شنبه", "ثور", "۱۴۰۲",
    "at", "least", "PDs", "and", "from", "north", "(", ")", '"', "Xyz", "a", "only", "who",
    "در", "حوزه", "دوه", "ویشتمه", "\u0660", "²", "½", "ﷺ", "İ", "\u200c", "\u0301",
    "Kabul-based", "2023-05-08", "not", "no", "denied", "false", "نه", "هیچ", "metres",
]  # fmt: skip


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Shell:
    """Run geoloc in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Shell(monkeypatch, capsys)


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """Load the tables and the gazetteer, which is done once and is not what is timed here."""
    parse_claims(
        "Five men were killed in the Khair Khana area of Kabul, PD11, and in Zzgrumpf area."
    )


def random_text(chance: random.Random) -> str:
    """Return a text of any characters, or of words that rules look for in any order."""
    length = chance.randint(0, 120)
    if chance.random() < 0.5:
        ranges = [(0, 0x7F), (0x600, 0x6FF), (0, 0x2FFF), (0, 0x10FFFF)]
        return "".join(chr(chance.randint(*chance.choice(ranges))) for _ in range(length))
    return chance.choice(["", " "]).join(chance.choice(_WORDS) for _ in range(length))


def _spent_ms(text: str) -> tuple[float, tuple[claims.ParsedClaim, ...]]:
    gc.disable()  # a collection takes longer than a text, and is not the parser's
    began = time.process_time()
    found = parse_claims(text)
    spent_ms = (time.process_time() - began) * 1000
    gc.enable()
    return spent_ms, found


def check_random_texts(count: int) -> float:
    """Parse random texts, check every span, and return the worst processor time, ms per kB."""
    chance, worst = random.Random(22), 0.0  # noqa: S311 - no secret
    for _ in range(count):
        text = random_text(chance)
        spent_ms, found = _spent_ms(text)
        if spent_ms > _MOST_MS_PER_KB:  # it may have been the first to need words or lines
            spent_ms = min(spent_ms, _spent_ms(text)[0])
        worst = max(worst, spent_ms / max(1.0, len(text.encode("utf-8", "surrogatepass")) / 1000))
        for claim in found:
            pieces: list[Any] = [
                claim,
                *claim.places,
                *claim.tolls,
                *claim.dates,
                *claim.unresolved,
            ]
            assert all(text[p.span.start : p.span.end] == p.text for p in pieces)
    return worst


def test_random_texts_are_read_or_not_but_never_break() -> None:
    """Two thousand of them; the long run asks for 50 ms for a kilobyte, a busy machine for less."""
    assert check_random_texts(2_000) <= 10 * _MOST_MS_PER_KB


@pytest.mark.long
def test_fifty_thousand_random_texts() -> None:
    """The same for fifty thousand."""
    assert check_random_texts(50_000) <= _MOST_MS_PER_KB


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_claims(text: str) -> None:
    """Hypothesis finds no text that raises, and JSON can be written of every claim."""
    for claim in parse_claims(text):
        assert claims.as_json(claim)["text"] == claim.text


@pytest.mark.parametrize(
    "piece",
    [
        "PD 11, ", "PD11-PD13 ", "May 5 and ", "8 May 2023 ", "8 May ", "on Saturday, 8 May 2023 ",
        "(", "a-",
        "according to ", "1", "1,", "in Kabul, ", "Abc area, ", "ناحیه ۱۱ و ", "five and ",
        "killed five and ", "a man and ", "\n", " \n ", "said ", "X, a account, said ",
        "and one in ", "; ", "the same location as the raid ", "two days ago ",
        "بیست و ", "د د په وینا ", "22nd ",
        "east of Kabul ", "\u0301", "ﷺ", "12:", "2023-", "killed or ", "«", "bodies of a man and ",
        "no raid in ", "not ", "denied that ", "in PD5, not in ", "هیچ حمله ", "نه په ",
    ],
)  # fmt: skip
def test_no_text_takes_for_ever(piece: str) -> None:
    """Five times as much of one thing takes about five times as long, and not its square."""

    def spent_s(length: int) -> float:
        began = time.process_time()
        parse_claims((piece * length)[:length])
        return time.process_time() - began

    spent_s(600)  # what is read once is read now
    assert spent_s(30_000) <= max(0.2, 15 * spent_s(6_000))


def test_a_text_too_long_or_no_text_is_refused() -> None:
    """The error says how long a text may be."""
    with pytest.raises(InputError, match="1,000,000"):
        parse_claims("a " * 500_001)
    with pytest.raises(InputError, match="decode bytes"):
        parse_claims(b"text")  # type: ignore[arg-type] # what a caller may do
    with pytest.raises(InputError, match="must be a date"):
        parse_claims("text", published="2023-05-08")  # type: ignore[arg-type] # the same


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no words"),
        (b" \n\t ", "no words"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "a picture"),
        (b"PK\x03\x04\x00\x00", "an archive"),
        (b"{\\rtf1\\ansi Five men were killed in PD5.}", "RTF document; open it, and save"),
        (b"%PDF-1.7 Raid in PD5", "PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Word document"),
        (b"\n<!doctype HTML><p>Raid in PD5</p>", "web page"),
        (b"Raid in PD5\x00", "NUL"),
        (codecs.BOM_UTF16_LE + b"R", "not UTF-8"),
        ("حمله".encode("cp1256"), "not UTF-8"),
        (b"Raid in PD5. " * 800_000, "larger than"),
        (b"Raid in PD5. " * 100_000, "1,000,000"),
    ],
)
def test_a_file_that_is_no_text_gets_one_line(
    run: Shell, tmp_path: Path, content: bytes, words: str
) -> None:
    """Exit 2, nothing on standard output, one line that says why."""
    (tmp_path / "in.txt").write_bytes(content)
    done = run("parse", "in.txt")
    assert (done.status, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    assert words in done.err


def word_file(path: Path, body: str) -> None:
    """Write a Word file with these paragraphs."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{space}">{body}</w:document>')


def test_a_word_file_is_read(run: Shell, tmp_path: Path) -> None:
    """As `python-docx` writes it, with the paragraphs apart; UTF-16 that says so is read too."""
    docx = pytest.importorskip("docx")
    document = docx.Document()
    document.add_paragraph("Nawid said that five men")
    document.add_paragraph("A raid hit PD5.").add_run(" Two were killed in PD6.")
    document.save(str(tmp_path / "in.docx"))
    found = run("parse", "in.docx", "--json").json["claims"]
    assert [claim["text"] for claim in found] == ["A raid hit PD5.", "Two were killed in PD6."]
    (tmp_path / "in.txt").write_bytes("A raid hit PD5.".encode("utf-16"))
    assert run("parse", "in.txt", "--json").json["claims"][0]["text"] == "A raid hit PD5."


def test_a_hostile_word_file_is_refused(run: Shell, tmp_path: Path) -> None:
    """Entities, a bomb and a torn file each give one line, and soon."""
    run_ = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
    word_file(tmp_path / "bomb.docx", run_.format("a" * 30_000_000))
    word_file(tmp_path / "torn.docx", "<w:p>")
    with zipfile.ZipFile(tmp_path / "entity.docx", "w") as archive:
        archive.writestr(
            "word/document.xml",
            '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>',
        )
    for name in ("bomb.docx", "torn.docx", "entity.docx"):
        done = run("parse", name)
        assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)


@pytest.mark.parametrize("name", ["missing.txt", ".", "\x1b[2J"])
def test_a_file_that_is_not_there_gets_one_line(run: Shell, name: str) -> None:
    """No traceback, and nothing that steers the terminal."""
    done = run("parse", name)
    assert done.status == 2
    assert len(done.err.splitlines()) == 1
    assert "\x1b" not in done.err


def test_parse_reads_a_file_and_standard_input(
    run: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both give the same JSON document."""
    text = "Nawid said yesterday that five men were killed in PD5."
    (tmp_path / "in.txt").write_text(f"\ufeff{text}", encoding="utf-8")
    from_file = run("parse", "in.txt", "--published", "2023-05-09", "--json").json
    stdin = io.TextIOWrapper(io.BytesIO(text.encode("utf-8")))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert run("parse", "-", "--published", "2023-05-09", "--json").json == from_file
    (claim,) = from_file["claims"]
    assert claim["claimant"] == "Nawid"
    assert claim["event_date"] == "2023-05-08"
    assert claim["killed"]["min"] == claim["killed"]["max"] == 5


def test_parse_tells_a_person_what_it_read(run: Shell, tmp_path: Path) -> None:
    """Lines fit the screen, and nothing in the text is obeyed by the terminal."""
    text = (
        "Nawid said \x1b[2J\u202e several men were allegedly killed in the Khair Khana area. " * 5
    )
    (tmp_path / "in.txt").write_text(text + "{{ 7*7 }}", encoding="utf-8")
    done = run("parse", "in.txt")
    assert done.status == 0
    assert not {"\x1b", "\u202e"} & set(done.out)
    assert max(map(len, done.out.splitlines())) <= 100
    assert "hedged: allegedly" in done.out
    assert "no number" in done.out


def test_a_text_without_claims_says_so(run: Shell, tmp_path: Path) -> None:
    """It is no error."""
    (tmp_path / "in.txt").write_text("The weather was fine.", encoding="utf-8")
    done = run("parse", "in.txt")
    assert done.status == 0
    assert "No event" in done.out


@pytest.mark.parametrize("command", [["parse"], ["case", "check"], ["case", "new"]], ids=" ".join)
def test_the_commands_have_help_with_an_example(run: Shell, command: list[str]) -> None:
    """Help fits the screen and shows a line to copy."""
    done = run(*command, "--help")
    assert f"Example: geoloc {' '.join(command)}" in " ".join(done.out.split())
    assert max(map(len, done.out.splitlines())) <= 100
