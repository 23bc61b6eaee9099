"""Saving a case so that nothing is lost: to a crash, a full disk, or another person.

A save goes through these steps, each of which is on the disk before the next begins:

1. under the folder's lock, what was cut off before is finished, and changes made outside geoloc
   are recorded;
2. the version is compared: a file that is no longer the one that was read is not overwritten;
3. the new content goes into the backups;
4. the intent to write it, with the journal's line about it, is noted;
5. the file is replaced whole: from here on the save stands;
6. the line goes into the journal, the manifest is renewed, the intent is taken away.

Whatever stops it between two steps, the next operation finds the intent and knows by the file
which of them was the last.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from geoloc import files
from geoloc.casebook import journal
from geoloc.casebook.archive import (
    PLAIN_NAME,
    TEMPORARY,
    Archive,
    Intent,
    Manifest,
    Recorded,
    bytes_of,
    digest,
)
from geoloc.casebook.conflict import three_way
from geoloc.casebook.drawings import SHA256
from geoloc.casebook.editing import plain
from geoloc.casebook.folder import BOOK_FILE, check_book, check_case
from geoloc.casebook.reading import LONGEST_FILE, parse_yaml
from geoloc.errors import CaseError, InputError, OutputError, Problem, StaleCaseError

_LONGEST_WORDS = 2000  # of an author, of a reason


def version_of(path: Path) -> str:
    """Return the SHA-256 of a case file's bytes, 64 hex digits.

    Raises
    ------
    CaseError
        If it is not there or cannot be read.
    """
    return read_version(path)[1]


def read_version(path: Path) -> tuple[str, str]:
    """Return a case file's text, its line ends as they are, and the version that this is.

    Raises
    ------
    CaseError
        If it is not there, cannot be read, or is not UTF-8.
    """
    content = _content(path)
    if content is None:
        raise _refused(path, "is not there.")
    try:
        return content.decode("utf-8-sig"), digest(content)
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 text (byte {error.start:,}); save it as UTF-8."
        raise _refused(path, what) from error


def save_case(path: Path, text: str, *, version: str | None, author: str, why: str) -> str:
    """Write a case file so that nothing is lost, and record who changed what in it, and why.

    Parameters
    ----------
    path : Path
        The file, `<id>.yaml` in the folder of cases, or the folder's `casebook.yaml`.
    text : str
        All of its YAML.
    version : str or None
        The version that was read before it was changed (`version_of`); None for a new file.
    author, why : str
        Who saves, and for what reason; not empty.

    Returns
    -------
    str
        The new version.

    Raises
    ------
    StaleCaseError
        If the file is no longer of that version; `.diff` shows what changed on both sides.
    CaseError
        If the text is not a valid case: every problem with its field and line.
    InputError
        If author or reason is empty, or the name is none of a case file.
    OutputError
        If the disk refuses. The file is as it was, or (and then the message says so) written, but
        not surely kept through a power cut.
    """
    path = Path(path)
    for words, name in ((author, "author"), (why, "why")):
        if not words.strip() or len(words) > _LONGEST_WORDS:
            raise InputError(f"{name} must be words, of at most {_LONGEST_WORDS:,} characters.")
    content = _encoded(path, text)
    archive = Archive(path.parent)
    _check_version(archive, path, text, version)
    document = _checked(path, text)
    with archive.locked(), _disk(path):
        heal(archive)
        note_outside(archive, path)
        _check_version(archive, path, text, version)
        if version == digest(content):
            return version
        old = archive.version(path.name, version) if version else None
        changes = journal.judgements_changed(_document(path, old), document)
        entry = new_entry(
            archive, "saved", path, version, digest(content), why=why, who=author, changes=changes
        )
        record(archive, entry, document, content)
    return digest(content)


def keep_draft(path: Path, text: str) -> None:
    """Keep unsaved work on a case; it replaces the draft that was kept before.

    Raises
    ------
    OutputError
        If the disk refuses; the draft before is untouched.
    """
    archive = Archive(path.parent)
    with _disk(path):
        archive.write(_draft(archive, path), text)


def draft_of(path: Path) -> str | None:
    """Return the draft of a case, whether or not its file was changed since; None without one."""
    archive = Archive(path.parent)
    with contextlib.suppress(OSError, UnicodeDecodeError):
        content = archive.read(_draft(archive, path))
        return None if content is None else content.decode("utf-8")
    return None


def drop_draft(path: Path) -> None:
    """Let go of a case's draft.

    Raises
    ------
    OutputError
        If the disk refuses.
    """
    archive = Archive(path.parent)
    with _disk(path):
        draft = _draft(archive, path)
        archive.own(draft.parent)
        draft.unlink(missing_ok=True)


def history(path: Path) -> tuple[tuple[journal.Entry, ...], tuple[str, ...]]:
    """Return what the journal tells of a file, oldest first, and what to know of it, in words.

    Raises
    ------
    CaseError
        If the journal or the file is there, but cannot be read.
    """
    archive = Archive(path.parent)
    try:
        entries, breaks = journal.read(archive.journal)
        intent = archive.read_intent()
    except OSError as error:
        raise _refused(archive.journal, f"cannot be read: {error.strerror or error}.") from error
    notes = [f"Line {each.line} of the journal {each.message}" for each in breaks]
    own = [entry for entry in entries if entry.file == path.name]
    found = _content(path)
    now = None if found is None else digest(found)
    if intent and intent.entry.file == path.name and intent.entry.after == now:
        own += [intent.entry] if intent.entry not in own else []
    if own and now is None:
        notes.append("The file is gone. geoloc casebook check --restore brings it back.")
    elif now is not None and (not own or own[-1].after != now):
        notes.append("The file was changed outside geoloc; geoloc casebook check records it.")
    return tuple(own), tuple(notes)


def heal(archive: Archive) -> tuple[str, ...]:
    """Finish or take back what was cut off; return what was done, in words.

    To be called under the lock.

    Raises
    ------
    OSError, OutputError
        If the disk refuses.
    """
    archive.own(archive.journal)
    for path in archive.leftovers():
        with contextlib.suppress(OSError):
            path.unlink()
    done = [*_finish_intent(archive), *_mend_journal(archive)]
    manifest = archive.read_manifest()
    # With fewer lines in the journal than recorded the manifest stays: it is the proof of the loss.
    if (manifest.lines if manifest else 0) < journal.tail(archive.journal).seq:
        renewed = _with_photos(archive, archive.manifest_of_journal(), manifest)
        archive.write(archive.manifest, renewed.as_text())
        done.append("The manifest was made anew from the journal.")
    return tuple(done)


def note_outside(archive: Archive, path: Path) -> journal.Entry | None:
    """Record that a file was changed outside geoloc, or was there before; under the lock.

    Raises
    ------
    OSError, OutputError
        If the disk refuses.
    """
    found = _content(path)
    recorded = (archive.read_manifest() or Manifest()).files.get(path.name)
    if found is None or (recorded and recorded.sha256 == digest(found)):
        return None
    document = _document(path, found)
    if recorded is None:
        why = "It was there before geoloc kept a journal here."
        entry = new_entry(archive, "first-seen", path, None, digest(found), why=why)
    else:
        when = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
        why = f"The file was changed outside geoloc, by its date {when:%Y-%m-%d %H:%M} UTC."
        old = _document(path, archive.version(path.name, recorded.sha256))
        both = old is not None and document is not None
        changes = journal.judgements_changed(old, document) if both else ()
        entry = new_entry(
            archive, "outside", path, recorded.sha256, digest(found), why=why, changes=changes
        )
    record(archive, entry, document, found, writes=False)
    return entry


def new_entry(
    archive: Archive,
    kind: journal.Kind,
    path: Path,
    before: str | None,
    after: str,
    *,
    why: str,
    who: str | None = None,
    changes: tuple[journal.Change, ...] = (),
) -> journal.Entry:
    """Return the next entry of the journal; under the lock, after `heal`."""
    end, manifest = journal.tail(archive.journal), archive.read_manifest() or Manifest()
    # Where lines were lost or altered the chain goes on from what was recorded, and so shows it.
    seq, head = max((end.seq, end.head), (manifest.lines, manifest.head), key=lambda each: each[0])
    if manifest.lines == seq:
        head = manifest.head
    now = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
    return journal.Entry(seq + 1, now, who, why, kind, path.name, before, after, changes, head)


def record(
    archive: Archive,
    entry: journal.Entry,
    document: Any,
    content: bytes,
    *,
    writes: bool = True,
) -> None:
    """Make a change that the journal will tell of, step by step; under the lock.

    Raises
    ------
    OSError, OutputError
        If the disk refuses before the file is replaced. After that the change stands, and what is
        left to do is done by the next operation.
    """
    if not PLAIN_NAME.fullmatch(entry.file):
        raise OSError(f"{entry.file!r} is no name that geoloc keeps versions of")
    if writes and (elsewhere := archive.leads_out(entry.file)):
        raise OSError(f"it is a link to {elsewhere}, outside its folder; put the file itself here")
    archive.keep(entry.file, content)
    intent = Intent(entry, _photos_of(document), journal.tail(archive.journal).end, writes)
    archive.write(archive.intent, intent.as_text())
    if writes:
        path = archive.folder / entry.file
        try:
            files.write_whole(path, content)
        except OutputError:
            # A replaced file that the disk did not confirm keeps its intent: it will be recorded.
            with contextlib.suppress(OSError):
                if digest(bytes_of(path) or b"") != entry.after:
                    archive.intent.unlink()
            raise
    with contextlib.suppress(OSError, OutputError):
        _finish(archive, intent)
        archive.thin_out(entry.file)


def _finish(archive: Archive, intent: Intent) -> None:
    """Do what is left once the file is in place; doing it again changes nothing."""
    line = intent.entry.line
    written = _from(archive, intent.at)
    if written != line:
        end = journal.tail(archive.journal)
        torn = intent.at <= end.size and len(written) <= len(line)
        files.append_line(archive.journal, line, intent.at if torn else end.end)
    manifest = archive.read_manifest() or _with_photos(archive, archive.manifest_of_journal(), None)
    archive.write(archive.manifest, manifest.with_entry(intent.entry, intent.photos).as_text())
    archive.intent.unlink()


def _from(archive: Archive, start: int) -> bytes:
    try:
        with files.opened(archive.journal, longest=journal.LONGEST) as stream:
            stream.seek(start)
            return stream.read()
    except FileNotFoundError:
        return b""


def _finish_intent(archive: Archive) -> Iterator[str]:
    """Finish the change that was cut off, or take it back if its file was not yet replaced."""
    if not archive.intent.exists() and not archive.intent.is_symlink():
        return
    intent = archive.read_intent()
    if intent is None:
        kept = archive.aside(archive.intent)
        yield f"The note of a save could not be read; it is kept as {kept}."
        return
    entry = intent.entry
    path = archive.folder / entry.file
    _sweep(path, archive.version(entry.file, entry.after) or b"")
    found = bytes_of(path)
    in_place = found is not None and digest(found) == entry.after
    if in_place or not intent.writes or _from(archive, intent.at) == entry.line:
        _finish(archive, intent)
        yield f"The save of {entry.file} by {entry.who or 'nobody known'} was finished."
    else:
        archive.intent.unlink()
        yield (
            f"A save of {entry.file} by {entry.who} at {entry.when} was cut off before the file was"
            f" written; its text is among the backups, SHA-256 {entry.after}."
        )


def _sweep(path: Path, content: bytes) -> None:
    """Take away what a killed save left beside its file: beginnings of the text that it wrote."""
    beginning = f".{path.stem[:60]}."
    for each in path.parent.iterdir():
        if each.name.startswith(beginning) and TEMPORARY.fullmatch(each.name) and each.is_file():
            with contextlib.suppress(OSError):
                if content.startswith(bytes_of(each) or b""):
                    each.unlink()


def _mend_journal(archive: Archive) -> Iterator[str]:
    """Take off a last line that was cut off while it was written."""
    end = journal.tail(archive.journal)
    if end.size > end.end:
        kept = archive.aside(archive.journal, _from(archive, end.end))
        files.append_line(archive.journal, b"", end.end)
        yield f"The journal's last line was cut off; what was there of it is kept as {kept}."


def _with_photos(archive: Archive, manifest: Manifest, older: Manifest | None) -> Manifest:
    """Fill in the photos, which the journal does not list, from the versions that are kept."""
    recorded = {}
    for name, each in manifest.files.items():
        known = older.files.get(name) if older else None
        if known and known.sha256 == each.sha256:
            recorded[name] = known
        else:
            document = _document(archive.folder / name, archive.version(name, each.sha256))
            recorded[name] = Recorded(each.sha256, _photos_of(document))
    return replace(manifest, files=recorded)


def _photos_of(document: Any) -> dict[str, str]:
    photos = (document or {}).get("photos")
    photos = photos if isinstance(photos, list) else []
    return {
        each["file"]: each["sha256"]
        for each in photos
        if isinstance(each, dict)
        and isinstance(each.get("file"), str)
        and re.fullmatch(SHA256, str(each.get("sha256")))
    }


def _encoded(path: Path, text: str) -> bytes:
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise _refused(path, f"cannot be written as UTF-8 (sign {error.start:,}).") from error
    if len(content) > LONGEST_FILE:
        raise _refused(path, f"is larger than {LONGEST_FILE:,} bytes, which no case file is.")
    return content


def _checked(path: Path, text: str) -> Any:
    """Return the plain document of a text that is a valid case, or a valid `casebook.yaml`."""
    if not PLAIN_NAME.fullmatch(path.name):
        raise InputError(f"{path.name!r} is no name of a case file; it must end in .yaml.")
    document = parse_yaml(text, path)
    if path.name == BOOK_FILE:
        check_book(document, path)
    else:
        check_case(document, path)
    return plain(document)


def _document(path: Path, content: bytes | None) -> Any:
    """Return the plain document of what a file held; None if it was none."""
    if content is None or len(content) > LONGEST_FILE:
        return None
    try:
        return plain(parse_yaml(content.decode("utf-8-sig"), path))
    except (CaseError, UnicodeDecodeError):
        return None


def _content(path: Path) -> bytes | None:
    try:
        if path.exists() and not path.is_file():
            raise _refused(path, "cannot be read: it is not a file.")
        return bytes_of(path)
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror or error}.") from error


def _refused(path: Path, what: str) -> CaseError:
    return CaseError(path, (Problem("", None, what),))


@contextlib.contextmanager
def _disk(path: Path) -> Iterator[None]:
    """Say of a disk that refuses what it means for the file."""
    try:
        yield
    except OSError as error:
        remedy = "; free the space or the permission, and save again" if error.errno else ""
        raise OutputError(
            f"Cannot save {path}: {error.strerror or error}. The file is as it was{remedy}."
        ) from error


def _draft(archive: Archive, path: Path) -> Path:
    return archive.place / "drafts" / path.name


def _check_version(archive: Archive, path: Path, text: str, version: str | None) -> None:
    """Refuse to save over a version that its writer has not read."""
    content = _content(path)
    found = None if content is None else digest(content)
    if found == version:
        return
    if content is None:
        message = "is gone: somebody moved or deleted it since it was read. Save it as a new file."
    elif version is None:
        message = "is there already; choose another title, or edit it."
    else:
        message = "was changed since it was read, and is not overwritten. Read it again."
    current = None if content is None else content.decode("utf-8-sig", errors="replace")
    base = archive.version(path.name, version) if version else b""
    began = None if base is None else base.decode("utf-8-sig", errors="replace")
    raise StaleCaseError(path, message, current, lambda: three_way(path, began, text, current))
