"""Damage is found and mended from backups; a signature tells what changed since."""

from __future__ import annotations

import base64
import builtins
import contextlib
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shell import Shell

from geoloc import OutputError, casebook, files
from geoloc.casebook import journal, signing
from geoloc.errors import GeolocError, InputError, SignatureError

NAME = "2023-05-08-bagrami-pd22.yaml"
OTHER = "2022-10-21-kabul-pd8.yaml"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return the command line, used by Zahra."""
    monkeypatch.setenv("GEOLOC_AUTHOR", "Zahra")
    return Shell(monkeypatch, capsys)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Return a folder of two cases that geoloc knows, one of them saved thrice."""
    folder = tmp_path / "book"
    folder.mkdir()
    for name in (NAME, OTHER):
        shutil.copy(files.shipped("cases") / name, folder)
    casebook.check_folder(folder)
    for number in range(3):
        text, version = casebook.read_version(folder / NAME)
        new = f"{text}# {number}\n"
        casebook.save_case(folder / NAME, new, version=version, author="Ali", why=f"{number}")
    casebook.check_folder(folder)
    return folder


def kinds(folder: Path, **settings: Any) -> list[tuple[str, str, bool]]:
    """Return what a check tells: kind, file, mended."""
    found = casebook.check_folder(folder, **settings)
    return [(trouble.kind, trouble.file, trouble.mended) for trouble in found.troubles]


def test_a_whole_book_has_nothing_to_tell(book: Path) -> None:
    """No trouble, and a second look writes nothing into the journal."""
    lines = (book / ".geoloc/journal.jsonl").read_bytes()
    assert kinds(book) == []
    assert (book / ".geoloc/journal.jsonl").read_bytes() == lines


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut off": lambda content: content[:-200],
    "zeros": lambda content: content[:100] + b"\0" * 400 + content[500:],
    "all zeros": lambda content: b"\0" * len(content),
    "no YAML": lambda content: content.replace(b"claims:", b"claims: [", 1),
    "no UTF-8": lambda content: content.replace(b"title", b"\xfftle", 1),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_damaged_file_is_found_and_put_back(book: Path, how: str) -> None:
    """The last version is restored, the journal says so, what was there is kept aside."""
    path = book / NAME
    good = path.read_bytes()
    path.write_bytes(bad := SPOILT[how](good))
    assert kinds(book) == [("damaged", NAME, False)]
    assert path.read_bytes() == bad
    assert kinds(book, restore=True, author="Zahra") == [("damaged", NAME, True)]
    assert path.read_bytes() == good
    assert kinds(book) == []
    [aside] = (book / ".geoloc/damaged").iterdir()
    assert aside.read_bytes() == bad
    last = casebook.history(path)[0][-1]
    assert (last.kind, last.who) == ("restored", "Zahra")


def test_a_missing_file_is_put_back(book: Path) -> None:
    """A file that the manifest knows is missed, and comes back as it was."""
    good = (book / NAME).read_bytes()
    (book / NAME).unlink()
    assert kinds(book) == [("missing", NAME, False)]
    assert kinds(book, restore=True) == [("missing", NAME, True)]
    assert (book / NAME).read_bytes() == good


def test_a_spoilt_backup_is_not_put_back(book: Path) -> None:
    """The newest backup that is what its name says is used, however new the spoilt one is."""
    versions = sorted((book / ".geoloc/backups" / NAME).iterdir())
    versions[-1].write_bytes(b"id: other\n")
    (book / NAME).unlink()
    assert ("missing", NAME, True) in kinds(book, restore=True)
    assert (book / NAME).read_text("utf-8").endswith("# 0\n# 1\n")
    assert kinds(book) == []


def test_an_edit_by_hand_is_recorded_and_never_taken_for_damage(book: Path) -> None:
    """The journal has it; even an invalid edit stays where it is, with its problem named."""
    path = book / NAME
    edited = path.read_text("utf-8").replace("AF0104", "AF0105").replace("title:", "titel:", 1)
    path.write_text(edited, encoding="utf-8")
    assert kinds(book, restore=True) == [("changed", NAME, False), ("invalid", NAME, False)]
    assert path.read_text("utf-8") == edited
    entry = casebook.history(path)[0][-1]
    assert entry.kind == "outside"
    assert "claims[0].codes" in {change.what for change in entry.changes}
    assert kinds(book) == [("invalid", NAME, False)]


@pytest.mark.parametrize("how", ["altered", "taken out", "last altered", "cut short", "gone"])
def test_a_broken_journal_is_found_and_restored_from_its_copy(book: Path, how: str) -> None:
    """Each kind of tampering is told, goes on being told after saves, and can be mended."""
    path = book / ".geoloc/journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    spoilt = {
        "altered": [lines[0], lines[1].replace(b"null", b'"me"'), *lines[2:]],
        "taken out": [*lines[:1], *lines[2:]],
        "last altered": [*lines[:-1], lines[-1].replace(b"Ali", b"Eve")],
        "cut short": lines[:-2],
        "gone": [],
    }[how]
    path.write_bytes(b"".join(spoilt))
    if how == "gone":
        path.unlink()
    assert {kind for kind, *_ in kinds(book)} == {"journal"}
    assert {kind for kind, *_ in kinds(book, restore=True)} == {"journal"}
    assert path.read_bytes() == b"".join(lines)
    assert kinds(book) == []

    path.write_bytes(b"".join(spoilt))
    text, version = casebook.read_version(book / NAME)
    casebook.save_case(book / NAME, text + "#\n", version=version, author="Ali", why="on")
    assert {kind for kind, *_ in kinds(book)} == {"journal"}
    assert kinds(book, restore=True)
    assert kinds(book) == []
    assert len(path.read_bytes().splitlines()) == len(lines) + 1


def test_a_torn_last_line_is_cut_off_and_said(book: Path) -> None:
    """Only what has no line end goes, a copy is kept, and the chain holds."""
    path = book / ".geoloc/journal.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"seq": 99, "when"')
    found = casebook.check_folder(book)
    assert [trouble.kind for trouble in found.troubles] == ["unfinished"]
    assert "last line was cut off" in found.troubles[0].what
    assert path.read_bytes() == whole
    [kept] = (book / ".geoloc/damaged").iterdir()
    assert kept.read_bytes() == b'{"seq": 99, "when"'


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"files": 3}', b"\0" * 50])
def test_a_spoilt_manifest_is_made_anew(book: Path, content: bytes) -> None:
    """The journal knows what the manifest said."""
    path = book / ".geoloc/manifest.json"
    before = json.loads(path.read_bytes())
    path.write_bytes(content)
    assert ("manifest", ".geoloc/manifest.json", True) in kinds(book)
    assert json.loads(path.read_bytes()) == before
    assert kinds(book) == []


def test_photos_are_compared_with_their_sha256(book: Path) -> None:
    """A missing and a changed photo are told, one as recorded is not."""
    for name in ("a", "b", "c"):
        (book / f"{name}.jpg").write_bytes(name.encode())
    photos = [
        {"file": f"{n}.jpg", "sha256": hashlib.sha256(n.encode()).hexdigest(), "origin": "photo"}
        for n in ("a", "b", "c")
    ]
    text, version = casebook.read_version(book / NAME)
    text = casebook.with_changes(text, {"photos": photos})
    casebook.save_case(book / NAME, text, version=version, author="Ali", why="photos")
    (book / "b.jpg").write_bytes(b"other")
    (book / "c.jpg").unlink()
    assert kinds(book) == [("photo", "b.jpg", False), ("photo", "c.jpg", False)]


def test_a_folder_of_ours_that_is_a_link_is_refused(book: Path, tmp_path: Path) -> None:
    """A casebook from a stranger cannot make geoloc write elsewhere."""
    other = tmp_path / "home"
    (book / ".geoloc").rename(other)
    (book / ".geoloc").symlink_to(other)
    before = sorted(other.rglob("*"))
    text, version = casebook.read_version(book / NAME)
    with pytest.raises(OutputError, match="is a link"):
        casebook.save_case(book / NAME, text + "#\n", version=version, author="A", why="b")
    with pytest.raises(OutputError, match="is a link"):
        casebook.keep_draft(book / NAME, "draft")
    assert sorted(other.rglob("*")) == before


def test_a_case_that_is_a_link_out_of_its_folder_is_not_written_through(
    book: Path, tmp_path: Path
) -> None:
    """Neither a save nor what the backups of a stranger restore reaches another file."""
    victim = tmp_path / "home"
    (book / NAME).rename(victim)
    (book / NAME).symlink_to(victim)
    text, version = casebook.read_version(book / NAME)
    with pytest.raises(OutputError, match=r"is a link to .*home, outside its folder"):
        casebook.save_case(book / NAME, text + "#\n", version=version, author="A", why="b")
    victim.write_text("mine", encoding="utf-8")
    found = casebook.check_folder(book, restore=True, author="A").troubles
    assert victim.read_text(encoding="utf-8") == "mine"
    assert [each.mended for each in found] == [False]
    assert "outside the folder" in found[0].remedy


LINKED = [
    "drafts", f"drafts/{NAME}", "manifest.json", "intent.json", "journal.jsonl", "damaged",
    "backups", "backups/journal.jsonl", f"backups/{NAME}", "signatures",
]  # fmt: skip


@pytest.mark.parametrize("leads_to", ["file", "folder"])
@pytest.mark.parametrize("name", LINKED)
def test_no_link_of_a_stranger_is_written_through(
    book: Path, tmp_path: Path, key: Path, name: str, leads_to: str
) -> None:
    """Whatever is done with the casebook, what a link inside .geoloc leads to stays as it is."""
    victim = tmp_path / "home"
    if leads_to == "folder":
        victim.mkdir()
        (victim / ".bashrc.abcdefgh").write_text("mine", encoding="utf-8")
        (victim / NAME).write_text("mine", encoding="utf-8")
    else:
        victim.write_text("mine", encoding="utf-8")
    link = book / ".geoloc" / name
    if link.is_dir():
        shutil.rmtree(link)
    link.unlink(missing_ok=True)
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(victim)
    text, version = casebook.read_version(book / NAME)
    spoilt = book / OTHER
    spoilt.write_bytes(b"")
    for does in (
        lambda: casebook.keep_draft(book / NAME, "evil"),
        lambda: casebook.drop_draft(book / NAME),
        lambda: casebook.save_case(
            book / NAME, text + "#\n", version=version, author="A", why="b"),
        lambda: casebook.check_folder(book, restore=True, author="A"),
        lambda: casebook.check_folder(book),
        lambda: signing.sign(book, key, by="A"),
    ):  # fmt: skip
        with contextlib.suppress(GeolocError):
            does()
        if leads_to == "file":
            assert victim.read_text("utf-8") == "mine"
        else:
            held = {path.name: path.read_text("utf-8") for path in victim.iterdir()}
            assert held == {".bashrc.abcdefgh": "mine", NAME: "mine"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes")
@pytest.mark.parametrize("name", ["intent.json", "manifest.json", "journal.jsonl", "../zz.yaml"])
def test_a_pipe_is_refused_and_not_waited_for(book: Path, name: str) -> None:
    """Saving and checking come to an end, in one line that names it."""
    pipe = book / ".geoloc" / name
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    text, version = casebook.read_version(book / NAME)
    if name == "../zz.yaml":
        [trouble] = casebook.check_folder(book).troubles
        assert "zz.yaml is no ordinary file" in trouble.what
        casebook.save_case(book / NAME, text + "#\n", version=version, author="A", why="b")
    else:
        with pytest.raises(OutputError, match=f"{name} is no ordinary file"):
            casebook.check_folder(book)
        with pytest.raises(OutputError, match=f"{name} is no ordinary file"):
            casebook.save_case(book / NAME, text + "#\n", version=version, author="A", why="b")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a system without it")
def test_endless_and_enormous_files_are_told(book: Path) -> None:
    """A link to a device and a sparse photo of a terabyte are not read to their end."""
    (book / "zz.yaml").symlink_to("/dev/zero")
    text, version = casebook.read_version(book / NAME)
    photo = f"photos:\n  - file: a.jpg\n    sha256: '{'0' * 64}'\n    origin: sent by A\n"
    casebook.save_case(book / NAME, text + photo, version=version, author="A", why="b")
    with (book / "a.jpg").open("wb") as stream:
        stream.truncate(10**12)
    assert {file for _, file, _ in kinds(book)} == {"zz.yaml", "a.jpg"}


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_that_is_no_utf8_stops_nothing(book: Path, run: Shell) -> None:
    """The check tells of it, records nothing about it, and other files are saved."""
    try:
        shutil.copy(book / OTHER, book / os.fsdecode(b"\xff\xfe.yaml"))
    except OSError:
        pytest.skip("this disk takes no such name")
    text, version = casebook.read_version(book / NAME)
    casebook.save_case(book / NAME, text + "#\n", version=version, author="A", why="b")
    [trouble] = run("casebook", "check", book, "--json").json["troubles"]
    assert trouble["kind"] == "unread"
    assert "none that geoloc keeps versions of" in run("casebook", "check", book).out
    assert "intent.json" not in os.listdir(book / ".geoloc")  # noqa: PTH208 - names only


def test_a_check_looks_where_only_our_folder_is_read_only(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes nothing, and says that it recorded nothing."""
    real = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path).name != ".geoloc" and real(path, mode)
    )
    with (book / NAME).open("a", encoding="utf-8") as stream:
        stream.write("# by hand\n")
    lines = (book / ".geoloc/journal.jsonl").read_bytes()
    assert casebook.check_folder(book).recorded is False
    assert (book / ".geoloc/journal.jsonl").read_bytes() == lines


def test_names_in_a_strangers_manifest_lead_nowhere(book: Path, tmp_path: Path) -> None:
    """A path out of the folder in manifest or intent is neither read nor written."""
    victim = tmp_path / "victim.yaml"
    victim.write_text("mine", encoding="utf-8")
    ours = book / ".geoloc"
    document = json.loads((ours / "manifest.json").read_text("utf-8"))
    document["files"]["../victim.yaml"] = {"sha256": "0" * 64, "photos": {}}
    (ours / "manifest.json").write_text(json.dumps(document), encoding="utf-8")
    line = (ours / "journal.jsonl").read_text("ascii").splitlines()[-1]
    evil = line.replace(NAME, "../victim.yaml") + "\n"
    (ours / "intent.json").write_text(
        json.dumps({"line": evil, "photos": {}, "at": 0, "writes": True}), encoding="utf-8"
    )
    casebook.check_folder(book, restore=True)
    assert victim.read_text("utf-8") == "mine"
    assert not (tmp_path / "backups").exists()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_read_only_folder_is_looked_at_and_told(book: Path) -> None:
    """A check works there and writes nothing; a save says what to do."""
    (book / ".geoloc").chmod(0o555)
    book.chmod(0o555)
    try:
        assert casebook.check_folder(book).recorded is False
        text, version = casebook.read_version(book / NAME)
        with pytest.raises(OutputError, match="Copy the folder"):
            casebook.save_case(book / NAME, text + "#\n", version=version, author="A", why="b")
    finally:
        book.chmod(0o755)
        (book / ".geoloc").chmod(0o755)


def test_a_disk_without_locks_is_told(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system cannot lock, nothing is written, and the message says why."""

    def no_locks(_: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(files, "_try_lock", no_locks)
    text, version = casebook.read_version(book / NAME)
    with pytest.raises(OutputError, match="cannot be locked"):
        casebook.save_case(book / NAME, text + "#\n", version=version, author="A", why="b")
    assert (book / NAME).read_text("utf-8") == text


# The commands


def test_check_exits_1_only_when_asked(book: Path, run: Shell) -> None:
    """Damage is printed with its remedy; the status is 0, or 1 with --fail-on."""
    (book / NAME).write_bytes(b"")
    told = run("casebook", "check", book)
    assert told.status == 0
    assert "damaged: 2023-05-08-bagrami-pd22.yaml: It is empty." in told.out
    assert f"Next: geoloc casebook check {book} --restore" in told.out
    failed = run("casebook", "check", book, "--fail-on", "damage", "--json")
    assert (failed.status, failed.json["damaged"]) == (1, True)
    assert failed.json["troubles"][0]["kind"] == "damaged"
    mended = run("casebook", "check", book, "--restore", "--fail-on", "damage", "--json")
    assert (mended.status, mended.json["damaged"]) == (0, False)


def test_the_shipped_examples_are_looked_at_and_left_alone(run: Shell) -> None:
    """A check of geoloc's own cases writes nothing among them."""
    folder = files.shipped("cases")
    before = sorted(folder.rglob("*"))
    assert run("casebook", "check", folder, "--json").json["recorded"] is False
    assert sorted(folder.rglob("*")) == before


# Signatures


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Return where a key will lie."""
    return tmp_path / "keys" / "zahra.pem"


def test_a_signature_is_plain_ed25519(book: Path, key: Path) -> None:
    """The library alone verifies it with the public key; the key file is for its owner only."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    path, fingerprint, made = signing.sign(book, key, by="Zahra")
    assert made
    if os.name != "nt":
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    import base64

    document = json.loads(path.read_text("utf-8"))
    public = load_pem_public_key(key.with_name("zahra.pem.pub").read_bytes())
    assert isinstance(public, Ed25519PublicKey)
    message = b"geoloc casebook manifest 1\n" + document["payload"].encode()
    public.verify(base64.b64decode(document["signature"]), message)
    raw = base64.b64decode(document["public_key"])
    assert public.public_bytes_raw() == raw
    assert fingerprint == hashlib.sha256(raw).hexdigest()


def test_verify_tells_what_changed_since(book: Path, key: Path, run: Shell) -> None:
    """Nothing at first; then a changed, an added and a missing file; the journal holds."""
    run("casebook", "sign", book, "--key", key)
    public = key.with_name("zahra.pem.pub")
    [signed] = run("casebook", "verify", book, "--key", public, "--json").json["signatures"]
    assert (signed["changed"], signed["added"], signed["journal_holds"]) == ([], [], True)
    text, version = casebook.read_version(book / NAME)
    casebook.save_case(book / NAME, text + "#\n", version=version, author="Ali", why="later")
    shutil.copy(book / NAME, book / "2023-05-08-copy.yaml")
    (book / OTHER).unlink()
    later = run("casebook", "verify", book, "--key", public, "--fail-on", "change", "--json")
    assert later.status == 1
    [signed] = later.json["signatures"]
    assert signed["changed"] == [OTHER, NAME]
    assert signed["added"] == ["2023-05-08-copy.yaml"]
    assert signed["journal_holds"]


@pytest.mark.parametrize("field", ["payload", "signature", "public_key"])
def test_a_forged_signature_is_refused(book: Path, key: Path, run: Shell, field: str) -> None:
    """Any altered part of it gives one line and exit 2."""
    path, *_ = signing.sign(book, key, by="Zahra")
    document = json.loads(path.read_text("utf-8"))
    old = document[field]
    document[field] = old.replace("Zahra", "Eve") if field == "payload" else "A" * 8 + old[8:]
    path.write_text(json.dumps(document), encoding="utf-8")
    done = run("casebook", "verify", book)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert "does not hold" in done.err or "no signature" in done.err


SHA = "0" * 64
STRANGE = {
    "lines without end": f'{{"files": {{}}, "lines": 1e999, "head": "{SHA}"}}',
    "lines below 0": f'{{"files": {{}}, "lines": -1, "head": "{SHA}"}}',
    "no head": '{"files": {}, "lines": 0}',
    "NUL": f'{{"files": {{"a\\u0000.yaml": {{"sha256": "{SHA}", "photos": {{}}}}}}, "lines": 0,'
    f' "head": "{SHA}"}}',
    "elsewhere": f'{{"files": {{"../a.yaml": {{"sha256": "{SHA}", "photos": {{}}}}}}, "lines": 0,'
    f' "head": "{SHA}"}}',
}


def _signed_by_a_stranger(book: Path, manifest: str) -> None:
    """Write a signature that holds, of a manifest that geoloc did not make."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    payload = f'{{"when": "x", "by": "y", "manifest": {manifest}}}'
    signature = private.sign(b"geoloc casebook manifest 1\n" + payload.encode())
    document = {
        "public_key": base64.b64encode(private.public_key().public_bytes_raw()).decode(),
        "signature": base64.b64encode(signature).decode(),
        "payload": payload,
    }
    target = book / ".geoloc/signatures/a.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize("which", STRANGE)
def test_a_strangers_signature_of_nonsense_is_refused(book: Path, which: str) -> None:
    """Of what is no manifest no signature is told to hold."""
    _signed_by_a_stranger(book, STRANGE[which])
    with pytest.raises(SignatureError, match="is no signature of a casebook"):
        signing.verify_signatures(book)


def test_a_strangers_photo_names_are_told_as_changed(book: Path) -> None:
    """A name with NUL, a device and a name out of the folder are none of its files."""
    photos = {"a\0b": SHA, "/dev/zero": SHA, "../x": SHA, "a" * 5000: SHA}
    recorded = {NAME: {"sha256": SHA, "photos": photos}}
    _signed_by_a_stranger(book, json.dumps({"files": recorded, "lines": 0, "head": SHA}))
    [signed] = signing.verify_signatures(book)
    assert set(signed.changed) == {NAME, *photos}


def test_verify_does_not_head_a_changed_book_as_if_it_were_whole(
    book: Path, key: Path, run: Shell
) -> None:
    """The last words say that the casebook was changed, once it was."""
    run("casebook", "sign", book, "--key", key)
    assert "changed since." not in run("casebook", "verify", book, "--key", f"{key}.pub").out
    (book / OTHER).unlink()
    later = run("casebook", "verify", book, "--key", f"{key}.pub").out
    assert "The signatures hold, but the casebook was changed since." in later


def test_a_rewritten_journal_does_not_pass_for_the_signed_one(book: Path, key: Path) -> None:
    """Even a whole new chain, with a manifest to match, is not what was signed."""
    signing.sign(book, key, by="Zahra")
    path = book / ".geoloc/journal.jsonl"
    entries, _ = journal.read(path)
    from dataclasses import replace

    head, lines = journal.NOTHING_BEFORE, []
    for entry in entries:
        lines.append(replace(entry, who="Eve", previous=head).line)
        head = journal.digest(lines[-1])
    path.write_bytes(b"".join(lines))
    assert journal.read(path)[1] == ()
    [signed] = signing.verify_signatures(book)
    assert not signed.journal_holds


def test_keys_that_are_not_safe_are_refused(book: Path, key: Path) -> None:
    """Not inside the casebook, not readable by others, not of another kind, not another's."""
    with pytest.raises(SignatureError, match="inside the casebook"):
        signing.sign(book, book / "sub" / ".." / "key.pem", by="Zahra")
    assert not (book / "key.pem").exists()
    signing.sign(book, key, by="Zahra")
    if os.name != "nt":
        key.chmod(0o644)
        with pytest.raises(SignatureError, match="chmod 600"):
            signing.sign(book, key, by="Zahra")
    other = key.with_name("other.pem")
    other.write_text("no key", encoding="utf-8")
    other.chmod(0o600)
    with pytest.raises(SignatureError, match="no private key"):
        signing.sign(book, other, by="Zahra")
    other.unlink()
    signing.sign(book.parent / "book", other, by="Ali")
    assert len(signing.verify_signatures(book)) == 2
    [signed] = signing.verify_signatures(book, other.with_name("other.pem.pub"))
    assert signed.by == "Ali"


def test_a_damaged_book_is_not_signed(book: Path, key: Path) -> None:
    """A signature vouches for files that can be read."""
    (book / NAME).write_bytes(b"")
    with pytest.raises(SignatureError, match="because it is damaged"):
        signing.sign(book, key, by="Zahra")
    assert not key.exists()


def test_without_the_extra_the_message_says_how_to_get_it(
    book: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signing without cryptography names the extra to install."""
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "cryptography":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"geoloc\[sign\]"):
        signing.sign(book, key, by="Zahra")
