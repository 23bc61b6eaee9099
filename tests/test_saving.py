"""A save is whole, refused where it would overwrite somebody, and told in the journal."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shell import Shell

from geoloc import CaseError, InputError, OutputError, casebook, files
from geoloc.casebook import archive as archives
from geoloc.casebook.archive import Archive
from geoloc.casebook.editing import plain, with_changes
from geoloc.casebook.reading import parse_yaml
from geoloc.errors import StaleCaseError

BAGRAMI = "2023-05-08-bagrami-pd22"
SHIPPED = sorted(files.shipped("cases").glob("20*.yaml"))
POINT = {"type": "Point", "coordinates": [69.2743, 34.4938]}
RIDGE = {"name": "the ridge", "means": "mark", "geometry": POINT}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return the command line, used by Zahra."""
    monkeypatch.setenv("GEOLOC_AUTHOR", "Zahra")
    return Shell(monkeypatch, capsys)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """Return a copy of one shipped case, in a folder of its own."""
    path = tmp_path / f"{BAGRAMI}.yaml"
    path.write_bytes((files.shipped("cases") / path.name).read_bytes())
    return path


def save(path: Path, text: str, version: str | None, who: str = "Zahra", why: str = "seen") -> str:
    """Save as one of two people."""
    return casebook.save_case(path, text, version=version, author=who, why=why)


def journal(path: Path) -> list[dict[str, Any]]:
    """Return the journal's lines, read by json alone."""
    lines = (path.parent / ".geoloc/journal.jsonl").read_text("ascii").splitlines()
    return [json.loads(line) for line in lines]


def test_a_save_tells_who_changed_which_judgement_and_why(case: Path) -> None:
    """The journal has the codes from and to, the person, the reason, and both versions."""
    text, version = casebook.read_version(case)
    new = text.replace("within: [AF0104, AF-KBL-PD22]", "within: [AF0104]")
    after = save(case, new, version, "Zahra", "The river is the line.")

    assert case.read_text("utf-8") == new
    assert casebook.version_of(case) == after
    first, second = journal(case)
    assert (first["kind"], first["who"], first["after"]) == ("first-seen", None, version)
    assert (second["who"], second["why"]) == ("Zahra", "The river is the line.")
    assert (second["before"], second["after"]) == (version, after)
    [change] = second["changes"]
    assert change["what"] == "evidence[0].within"
    assert change["of"].startswith("The residence was")
    assert (change["before"], change["after"]) == (["AF0104", "AF-KBL-PD22"], ["AF0104"])


def test_what_is_no_judgement_about_the_place_is_saved_without_one(case: Path) -> None:
    """A new title is a line of the journal with no judgement in it."""
    text, version = casebook.read_version(case)
    save(case, with_changes(text, {"title": "Another"}), version)
    assert journal(case)[-1]["changes"] == []


def test_a_drawing_comes_moves_and_goes_in_the_journal(case: Path) -> None:
    """Each step tells the drawing by its name, what it was and what it became."""
    text, version = casebook.read_version(case)
    version = save(case, text := with_changes(text, {"drawings": [RIDGE]}), version)
    moved = RIDGE | {"geometry": {"type": "Point", "coordinates": [69.3, 34.5]}}
    version = save(case, text := with_changes(text, {"drawings": [moved]}), version)
    save(case, with_changes(text, {"drawings": None}), version)

    told = [change for entry in journal(case) for change in entry["changes"]]
    assert [(each["what"], each["of"]) for each in told] == [
        ("drawings[0]", "the ridge"),
        ("drawings[0].geometry", "the ridge"),
        ("drawings[0]", "the ridge"),
    ]
    assert [each["before"] is None for each in told] == [True, False, False]
    assert told[1]["before"]["coordinates"] == [69.2743, 34.4938]
    assert [each["after"] is None for each in told] == [False, False, True]


def test_a_stale_save_is_refused_and_shows_both_sides(case: Path) -> None:
    """What both changed, what each changed alone, and nothing is written."""
    text, version = casebook.read_version(case)
    save(case, text.replace("title: Evening", "title: Late").replace("time: e", "time: late e"),
         version)  # fmt: skip
    held = case.read_bytes()
    mine = text.replace("title: Evening", "title: Early").replace("PD22 is not", "PD22 isn't")
    mine = mine.replace("status: approximate", "status: exact")
    with pytest.raises(StaleCaseError, match="was changed since it was read") as refused:
        save(case, mine, version, "Ali")

    assert case.read_bytes() == held
    assert refused.value.current_text == held.decode()
    both, yours, theirs = (
        refused.value.diff.index(heading)
        for heading in ("on both sides, differently:", "Changed by you:", "Changed in the file:")
    )
    found = {name: refused.value.diff.index(f"\n  {name}\n") for name in (
        "title", "geolocation.status", "time")}  # fmt: skip
    assert both < found["title"] < yours < found["geolocation.status"] < theirs < found["time"]
    assert "-title: Evening raid claimed" in refused.value.diff
    assert "+title: Early raid claimed" in refused.value.diff


def test_a_new_case_never_replaces_one(case: Path, tmp_path: Path) -> None:
    """Saving as new over a file is refused, as is saving over one that is gone."""
    text, version = casebook.read_version(case)
    with pytest.raises(StaleCaseError, match="is there already"):
        save(case, text, None)
    case.unlink()
    with pytest.raises(StaleCaseError, match="is gone"):
        save(case, text, version)
    save(case, text, None)
    assert case.read_text("utf-8") == text
    assert tmp_path.joinpath(".geoloc/manifest.json").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("AF0104", "AF9999", "AF9999"), ("claims:", "claims: [", "not valid YAML"),
     ("title:", "titel:", "did you mean title")],
)  # fmt: skip
def test_an_invalid_case_is_not_written(case: Path, old: str, new: str, words: str) -> None:
    """The file and the journal are as they were, and the problem is named."""
    text, version = casebook.read_version(case)
    with pytest.raises(CaseError, match=words):
        save(case, text.replace(old, new), version)
    assert case.read_text("utf-8") == text
    assert not (case.parent / ".geoloc/journal.jsonl").exists()


@pytest.mark.parametrize(("who", "why"), [("", "x"), ("x", " "), ("x", "y" * 3000)])
def test_author_and_reason_are_asked_for(case: Path, who: str, why: str) -> None:
    """A journal without who or why would be none."""
    text, version = casebook.read_version(case)
    with pytest.raises(InputError, match="must be words"):
        save(case, text + "\n", version, who, why)


def test_a_change_made_in_an_editor_is_recorded_by_the_next_save(case: Path) -> None:
    """The journal says that it was done outside, what was changed, and keeps both versions."""
    text, version = casebook.read_version(case)
    first = save(case, text + "# one\n", version)
    by_hand = case.read_text("utf-8").replace("status: approximate", "status: exact")
    case.write_text(by_hand, encoding="utf-8")
    save(case, by_hand + "# two\n", casebook.version_of(case), "Ali")

    outside = journal(case)[-2]
    assert (outside["kind"], outside["who"], outside["before"]) == ("outside", None, first)
    [change] = outside["changes"]
    assert change["what"] == "geolocation.status"
    assert (change["before"], change["after"]) == ("approximate", "exact")
    kept = {each.version for each in Archive(case.parent).kept(case.name)}
    assert {first, outside["after"]} <= kept


def test_the_chain_is_plain_sha256(case: Path) -> None:
    """Each line quotes the SHA-256 of the line before it, as any other program computes it."""
    import hashlib

    text, version = casebook.read_version(case)
    for number in range(3):
        version = save(case, f"{text}# {number}\n", version)
    lines = (case.parent / ".geoloc/journal.jsonl").read_bytes().splitlines()
    quoted = [json.loads(line)["previous"] for line in lines]
    assert quoted == ["0" * 64, *(hashlib.sha256(line).hexdigest() for line in lines[:-1])]


def test_a_draft_is_kept_until_it_is_dropped(case: Path) -> None:
    """Unsaved work comes back, also if the file was changed since, and is gone after a drop."""
    assert casebook.draft_of(case) is None
    casebook.keep_draft(case, "half")
    casebook.keep_draft(case, "نیمه")
    assert casebook.draft_of(case) == "نیمه"
    os.utime(case, (dt.datetime.now().timestamp() + 5,) * 2)  # noqa: DTZ005
    assert casebook.draft_of(case) == "نیمه"
    casebook.drop_draft(case)
    casebook.drop_draft(case)
    assert casebook.draft_of(case) is None


def test_old_backups_are_thinned_out_by_count_and_day(
    case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest stay, and beyond them the last of each day for a year."""
    monkeypatch.setattr(archives, "NEWEST_KEPT", 3)
    shelf = Archive(case.parent)
    folder = case.parent / ".geoloc/backups" / case.name
    folder.mkdir(parents=True)
    now = dt.datetime.now(dt.UTC)
    for days, hour in [(400, 1), (9, 1), (9, 2), (5, 1), (1, 1), (1, 2), (1, 3)]:
        day = (now - dt.timedelta(days=days)).replace(hour=hour, minute=0)
        content = f"{days} {hour}".encode()
        name = f"{day.strftime('%Y%m%dT%H%M%S.%fZ')}-{archives.digest(content)}.yaml"
        (folder / name).write_bytes(content)
    shelf.thin_out(case.name)
    assert [each.content() for each in shelf.kept(case.name)] == [
        b"1 3", b"1 2", b"1 1", b"5 1", b"9 2"]  # fmt: skip


def test_another_saver_is_waited_for_and_then_told_of(case: Path) -> None:
    """Whoever holds the folder's lock is not run over, and the message says what to do."""
    lock = case.parent / "lock"
    with (
        files.locked(lock),
        pytest.raises(OutputError, match="Another program"),
        files.locked(lock, wait_s=0.1),
    ):
        pytest.fail("two hold one lock")
    with files.locked(lock, wait_s=0):
        assert lock.exists()


# Changing a text


def test_a_backup_of_an_impossible_date_stops_no_save(case: Path) -> None:
    """A name with the last moment of the calendar, planted by hand, is not followed."""
    text, version = casebook.read_version(case)
    version = save(case, text + "# 1\n", version)
    kept = case.parent / ".geoloc/backups" / case.name
    (kept / f"99991231T235959.999999Z-{'0' * 64}.yaml").write_text("x", encoding="utf-8")
    version = save(case, text + "# 2\n", version)
    assert casebook.version_of(case) == version
    assert [entry["after"] for entry in journal(case)][-1] == version
    assert Archive(case.parent).version(case.name, version) == case.read_bytes()


@pytest.mark.parametrize("value", ["Infinity", "-5", "1e999", "true"])
def test_a_tampered_count_of_lines_is_no_manifest(case: Path, value: str) -> None:
    """The manifest is made anew from the journal, and the save stands."""
    text, version = casebook.read_version(case)
    version = save(case, text + "# 1\n", version)
    manifest = case.parent / ".geoloc/manifest.json"
    tampered = manifest.read_text("utf-8").replace('"lines": 2', f'"lines": {value}')
    assert value in tampered
    manifest.write_text(tampered, encoding="utf-8")
    save(case, text + "# 2\n", version)
    assert json.loads(manifest.read_text("utf-8"))["lines"] == 3


def test_a_photo_with_half_a_sign_in_its_name_stops_no_save(case: Path) -> None:
    """YAML can write a lone surrogate, which UTF-8 cannot; manifest and intent hold it escaped."""
    text, version = casebook.read_version(case)
    archive = Archive(case.parent)
    recorded = archives.Recorded("0" * 64, {"\ud800.jpg": "1" * 64})
    made = archives.Manifest({case.name: recorded}, 0, "0" * 64)
    archive.write(archive.manifest, made.as_text())
    assert archive.read_manifest() == made
    save(case, text + "# 1\n", version)


def lines_kept(old: str, new: str) -> list[str]:
    """Return the lines that a change took out or put in."""
    return [line for line in difflib.ndiff(old.splitlines(), new.splitlines()) if line[0] in "+-"]


def test_a_changed_field_of_one_entry_is_one_changed_line(case: Path) -> None:
    """Comments, folds and quotes of everything else stay byte for byte."""
    text = case.read_text("utf-8")
    claims = plain(parse_yaml(text, case))["claims"]
    claims[1]["killed"] = {"min": 8, "max": None}
    assert lines_kept(text, with_changes(text, {"claims": claims})) == [
        "-     killed: {min: 7, max: 7}",
        "+     killed: {min: 8, max: null}",
    ]


def test_an_entry_keeps_its_comments_where_it_moves_and_takes_them_when_it_goes() -> None:
    """The comment above an entry belongs to it; one behind a value stays with the field."""
    text = "id: x\nnotes:\n  # on a\n  - a  # sure\n  # on b\n  - b\n\n# end\ntitle: 'T'  # why\n"
    assert with_changes(text, {"notes": ["b", "a"], "title": "U"}) == (
        "id: x\nnotes:\n  # on b\n  - b\n  # on a\n  - a  # sure\n\n# end\ntitle: U  # why\n"
    )
    assert with_changes(text, {"notes": ["a"]}) == (
        "id: x\nnotes:\n  # on a\n  - a  # sure\n\n# end\ntitle: 'T'  # why\n"
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "text", ["{id: x, title: a}", "id: x\ntitle: a", "---\nid: x\ntitle: |\n a\n...\n"]
)
def test_unusual_layouts_are_changed_too(text: str, newline: str) -> None:
    """One-line documents, a missing last line end, document marks, Windows line ends."""
    new = with_changes(text.replace("\n", newline), {"title": "b: [c", "notes": ["d"]})
    read = plain(parse_yaml(new, Path("x")))
    assert read == {"id": "x", "title": "b: [c", "notes": ["d"]}


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Co"]),
    min_size=1,
    max_size=30,
)
values = st.one_of(
    words,
    st.text(st.sampled_from("ab \n#:-'\"|>{}[]،"), max_size=40),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.booleans(),
)
entries = st.dictionaries(st.sampled_from(["name", "says", "codes", "n", "at"]),
                          st.one_of(values, st.lists(values, max_size=3)), min_size=1)  # fmt: skip
documents = st.fixed_dictionaries(
    {"id": st.just("x"), "claims": st.lists(entries, min_size=1, max_size=4)},
    optional={"title": values, "notes": st.lists(words, max_size=4), "study": entries},
)


def _commented(document: dict[str, Any]) -> str:
    """Return a document as a person writes it: a comment above and behind whatever can have one."""
    lines: list[str] = []
    for number, (name, value) in enumerate(document.items()):
        lines.append(f"# above {name}")
        if name == "claims":
            lines.append(f"{name}:  # on all")
            for place, entry in enumerate(value):
                lines.append(f"  # claim {place}")
                for at, (field, each) in enumerate(entry.items()):
                    mark = "  - " if not at else "    "
                    lines.append(f"{mark}{field}: {_flow(each)}  # {number}.{place}.{field}")
        else:
            lines.append(f"{name}: {_flow(value)}  # on {name}")
        lines.append("")
    return "\n".join(lines)


def exactly(value: Any) -> str:
    """Return a value so that 0 and false are two."""
    return json.dumps(value, sort_keys=True)


def _flow(value: Any) -> str:
    """Return a value in one line: JSON, as far as YAML reads it alike."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, float):
        return repr(value) if "e" not in repr(value) else f"{value:.12f}"
    if isinstance(value, str):
        signs = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in value)
        return '"' + "".join(signs) + '"'
    return json.dumps(value)


def test_signs_that_the_yaml_writer_leaves_bare_are_put_in_quotes() -> None:
    """A list with a text like ?0, which the library writes and cannot read, is written."""
    new = with_changes("id: x  # why\n", {"notes": ["?0"]})
    assert new == 'id: x  # why\n\nnotes: ["?0"]\n'


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
@given(documents, documents, st.data())
def test_a_change_keeps_every_line_that_it_is_not_about(
    old: dict[str, Any], new: dict[str, Any], data: st.DataObject
) -> None:
    """What was asked for is what is read; unchanged fields and entries keep their lines."""
    text = _commented(old)
    began = plain(parse_yaml(text, Path("x")))
    names = data.draw(st.sets(st.sampled_from(["claims", "title", "notes", "study"])))
    changes = {name: new.get(name) for name in names}
    if "claims" in changes and data.draw(st.booleans()):
        extra = data.draw(st.lists(entries, max_size=2))
        changes["claims"] = data.draw(st.permutations([*began["claims"], *extra]))
    edited = with_changes(text, changes)

    wanted = {k: v for k, v in {**began, **plain(changes)}.items() if v is not None}
    assert exactly(plain(parse_yaml(edited, Path("x")))) == exactly(wanted)
    kept = edited.split("\n")
    for name in began.keys() - changes.keys():
        own = _commented({name: old[name]}).split("\n") if name != "claims" else []
        assert all(line in kept for line in own)
    before, after = (list(map(exactly, each["claims"])) if "claims" in each else []
                     for each in (began, wanted))  # fmt: skip
    for place, entry in enumerate(before):
        if entry in after and before.count(entry) == 1:
            fields = [line for line in text.split("\n") if f"  # 1.{place}." in line]
            assert all(line in kept for line in [f"  # claim {place}", *fields])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_taking_a_field_away_and_back_changes_nothing_else(path: Path) -> None:
    """Of the shipped cases every other line survives each field's removal."""
    text = path.read_text("utf-8")
    document = plain(parse_yaml(text, path))
    for name in ("notes", "sources", "evidence", "time"):
        if name in document:
            gone = with_changes(text, {name: None})
            assert not [line for line in lines_kept(text, gone) if line.startswith("+")]
            back = with_changes(gone, {name: document[name]})
            assert plain(parse_yaml(back, path)) == document


# The commands


def test_history_is_a_table_and_json(case: Path, run: Shell) -> None:
    """Who, when, why, from what to what, in 100 columns; control characters made visible."""
    text, version = casebook.read_version(case)
    save(case, text.replace("[AF0104, AF-KBL-PD22]", "[AF0104]"), version, "Za\x1b[31mhra", "so")
    done = run("case", "history", BAGRAMI, "--cases", case.parent)
    assert done.status == 0
    assert "Za<U+001B>[31mhra: so" in done.out
    assert 'from ["AF0104", "AF-KBL-PD22"]' in done.out
    assert 'to   ["AF0104"]' in done.out
    assert max(map(len, done.out.splitlines())) <= 100
    told = run("case", "history", BAGRAMI, "--cases", case.parent, "--json").json
    assert [entry["kind"] for entry in told["entries"]] == ["first-seen", "saved"]
    assert run("casebook", "history", case.parent, "--json").json["entries"] == told["entries"]


def test_a_case_that_was_begun_has_its_history(tmp_path: Path, run: Shell) -> None:
    """`case new` is the first save, by the author that is named."""
    words = ("--title", "Raid", "--date", "2024-01-31", "--place", "PD8", "--claimant", "X")
    made = run("case", "new", *words, "--cases", tmp_path, "--author", "Ali", "--json").json
    [entry] = run("case", "history", made["id"], "--cases", tmp_path, "--json").json["entries"]
    assert (entry["who"], entry["kind"], entry["before"]) == ("Ali", "saved", None)
    assert entry["changes"][0]["after"]["codes"] == ["AF-KBL-PD8"]
