"""Whether a casebook on disk is whole: what is damaged, and what of it can be brought back."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from geoloc.casebook import journal
from geoloc.casebook.archive import (
    PLAIN_NAME,
    TEMPORARY,
    Archive,
    Backup,
    Manifest,
    bytes_of,
    digest,
    digest_inside,
)
from geoloc.casebook.editing import plain
from geoloc.casebook.folder import BOOK_FILE, case_files, check_book, check_case
from geoloc.casebook.reading import LONGEST_FILE, parse_yaml
from geoloc.casebook.saving import heal, new_entry, note_outside, record
from geoloc.errors import CaseError, InputError, OutputError

Kind = Literal[
    "missing", "damaged", "invalid", "photo", "journal", "manifest", "backup", "leftover",
    "unfinished", "changed", "unread",
]  # fmt: skip
# What a person may have done on purpose, or what was put right at once.
HARMLESS: tuple[Kind, ...] = ("leftover", "unfinished", "changed")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is not as it was recorded."""

    kind: Kind
    file: str  # from the folder
    what: str
    remedy: str  # what can be done, or what was done
    mended: bool = False

    @property
    def is_damage(self) -> bool:
        """Return whether something is lost or broken, and still is."""
        return not self.mended and self.kind not in HARMLESS


@dataclass(frozen=True, slots=True)
class Condition:
    """What was found in a folder of case files."""

    folder: Path
    files: int  # that were looked at, photos among them
    lines: int  # of the journal
    troubles: tuple[Trouble, ...]
    recorded: bool  # whether changes made outside geoloc went into the journal


def check_folder(
    folder: Path, *, restore: bool = False, author: str | None = None, records: bool = True
) -> Condition:
    """Look for damage in a casebook, and bring back what can be brought back.

    What was cut off is finished, and files that were changed outside geoloc are recorded in the
    journal, unless the folder cannot be written.

    Parameters
    ----------
    folder : Path
        The folder of case files.
    restore : bool
        Put the last good version in the place of what is damaged or missing; what was there goes
        to `.geoloc/damaged/`.
    author : str, optional
        Who restores, for the journal.
    records : bool
        False: only look, write nothing.

    Raises
    ------
    InputError
        If there is no such folder.
    OutputError
        If something is to be restored, and the folder cannot be written.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder of case files.")
    archive = Archive(folder)
    ours = [path for path in (folder, archive.place) if path.exists()]
    writable = all(os.access(path, os.W_OK) for path in ours)
    if not restore and not (records and writable):
        with _disk(folder):
            return _Check(archive, restore=False, records=False, author=None).condition()
    with archive.locked(), _disk(folder):
        return _Check(archive, restore=restore, records=True, author=author).condition()


@contextlib.contextmanager
def _disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = "; free the space or the permission, and check again" if error.errno else ""
        raise OutputError(
            f"Cannot check {folder} to the end: {error.strerror or error}."
            f" Nothing was taken away{remedy}."
        ) from error


@dataclass(slots=True)
class _Check:
    """One look at a folder; under the lock, unless nothing is written."""

    archive: Archive
    restore: bool
    records: bool
    author: str | None
    troubles: list[Trouble] = field(default_factory=list)
    looked_at: int = 0

    def condition(self) -> Condition:
        self._manifest()
        if self.records:
            for done in heal(self.archive):
                self._tell("unfinished", ".geoloc", done, "It was put right.", mended=True)
        self._journal()
        folder = self.archive.folder
        recorded = (self.archive.read_manifest() or Manifest()).files
        found = [*case_files(folder), *(p for p in (folder / BOOK_FILE,) if p.exists())]
        for name in sorted({*recorded, *(path.name for path in found)}):
            self._file(folder / name)
        self._backups()
        self._leftovers()
        lines = journal.tail(self.archive.journal).seq
        return Condition(folder, self.looked_at, lines, tuple(self.troubles), self.records)

    def _tell(self, kind: Kind, file: str, what: str, remedy: str, *, mended: bool = False) -> None:
        self.troubles.append(Trouble(kind, file, what, remedy, mended))

    def _manifest(self) -> None:
        path = self.archive.manifest
        if (path.exists() or path.is_symlink()) and self.archive.read_manifest() is None:
            where = f".geoloc/{path.name}"
            if self.records:
                self.archive.aside(path)
                remedy = "It was made anew from the journal."
            else:
                remedy = "It can be made anew from the journal."
            self._tell("manifest", where, "It cannot be read.", remedy, mended=self.records)

    # The journal

    def _journal(self) -> None:
        path = self.archive.journal
        entries, breaks = journal.read(path)
        manifest = self.archive.read_manifest() or Manifest()
        last = journal.tail(path)
        missing = manifest.lines - last.seq
        altered = not missing and manifest.lines and manifest.head != last.head
        if not breaks and missing <= 0 and not altered:
            if self.records and entries:
                self._copy_journal()
            return
        mended = self.restore and self._mend_journal(manifest)
        remedy = (
            "It was restored from its copy."
            if mended
            else "--restore brings back what its copy holds."
            if not self.restore and self._whole_journal(manifest)
            else "Compare it with another copy of the folder; entries before this are as they were."
        )
        where = f".geoloc/{path.name}"
        for each in breaks:
            what = f"Line {each.line} {each.message}"
            self._tell("journal", where, what, remedy, mended=mended)
        if missing > 0:
            what = f"The last {missing:,} of {manifest.lines:,} lines that were written are gone."
            self._tell("journal", where, what, remedy, mended=mended)
        if altered:
            what = f"Line {last.seq} is not the one that was written."
            self._tell("journal", where, what, remedy, mended=mended)

    @property
    def _journal_copy(self) -> Path:
        return self.archive.place / "backups" / self.archive.journal.name

    def _copy_journal(self) -> None:
        self.archive.write(self._journal_copy, self._bytes(self.archive.journal))

    def _whole_journal(self, manifest: Manifest) -> bytes | None:
        """Return the copy with the lines that came after it, if that is the journal's whole."""
        if self._journal_copy.is_symlink():
            return None
        whole = self._bytes(self._journal_copy).splitlines(keepends=True)
        head = journal.digest(whole[-1]) if whole else journal.NOTHING_BEFORE
        for line in self._bytes(self.archive.journal).splitlines(keepends=True):
            entry = journal.entry_of(line)
            if entry and entry.previous == head:
                whole.append(line)
                head = journal.digest(line)
        _, breaks = journal.chain(whole)
        if breaks or not whole or len(whole) < manifest.lines:
            return None
        if manifest.lines and journal.digest(whole[manifest.lines - 1]) != manifest.head:
            return None
        return b"".join(whole)

    def _mend_journal(self, manifest: Manifest) -> bool:
        whole = self._whole_journal(manifest)
        if whole is None:
            return False
        if self.archive.journal.exists():
            self.archive.aside(self.archive.journal, self._bytes(self.archive.journal))
        self.archive.write(self.archive.journal, whole)
        return True

    def _bytes(self, path: Path) -> bytes:
        """Return what the journal or its copy holds."""
        return bytes_of(path, longest=journal.LONGEST) or b""

    # Case files

    def _file(self, path: Path) -> None:
        self.looked_at += 1
        name = path.name
        if not PLAIN_NAME.fullmatch(name):
            remedy = "Rename it: letters, digits and hyphens, and .yaml."
            self._tell("unread", name, "Its name is none that geoloc keeps versions of.", remedy)
            return
        try:
            content = bytes_of(path)
        except OSError as error:
            what = f"It cannot be read: {error.strerror or error}."
            self._tell("damaged", name, what, "Look at the disk and the permission.")
            return
        if content is None:
            self._bring_back("missing", path, None, "It is recorded, but not there.")
            return
        recorded = (self.archive.read_manifest() or Manifest()).files.get(name)
        known = self.archive.version(name, recorded.sha256) if recorded else None
        damage = "" if recorded and recorded.sha256 == digest(content) else _damage(content, known)
        if damage:
            self._bring_back("damaged", path, content, damage)
            return
        self._changed(path, known is not None and known != content)
        document = self._valid(path, content)
        for photo in _entries(document, "photos"):
            self._photo(name, str(photo.get("file")), str(photo.get("sha256")))

    def _changed(self, path: Path, changed: bool) -> None:
        if self.records:
            entry = note_outside(self.archive, path)
            changed = entry is not None and entry.kind == "outside"
        if changed:
            remedy = "It is recorded now." if self.records else "Nothing was recorded here."
            self._tell("changed", path.name, "It was changed outside geoloc.", remedy)

    def _valid(self, path: Path, content: bytes) -> Any:
        """Return the plain document; tell if it is no valid case."""
        try:
            document = parse_yaml(content.decode("utf-8-sig"), path)
            (check_book if path.name == BOOK_FILE else check_case)(document, path)
        except CaseError as error:
            problem = error.problems[0]
            field = f"{problem.field}: " if problem.field else ""
            remedy = f"geoloc case validate {path.name} shows all; then edit it."
            self._tell("invalid", path.name, f"{field}{problem.message}", remedy)
        return plain(document)

    def _photo(self, case: str, name: str, sha256: str) -> None:
        self.looked_at += 1
        found = digest_inside(self.archive.folder, name)
        if found is None:
            what = f"The photo of {case} is not in the folder, or cannot be read."
        elif found != sha256:
            what = f"The photo of {case} was changed: its SHA-256 is {found[:12]}…"
        else:
            return
        remedy = f"Bring back the file whose SHA-256 is {sha256[:12]}…; geoloc keeps no copy of it."
        self._tell("photo", name, what, remedy)

    def _bring_back(self, kind: Kind, path: Path, found: bytes | None, what: str) -> None:
        good = self._last_good(path)
        if good is None:
            self._tell(kind, path.name, what, "No good version is among the backups.")
            return
        if elsewhere := self.archive.leads_out(path.name):
            remedy = f"It is a link to {elsewhere}, outside the folder; nothing is written there."
            self._tell(kind, path.name, what, remedy)
            return
        content, when = good
        if self.restore:
            if found is not None:
                self.archive.aside(path, found)
            document = plain(parse_yaml(content.decode("utf-8-sig"), path))
            entry = new_entry(
                self.archive,
                "restored",
                path,
                None if found is None else digest(found),
                digest(content),
                who=self.author,
                why=f"{what} The version of {when} was put back.",
            )
            record(self.archive, entry, document, content)
        remedy = f"The version of {when} {'was put back' if self.restore else 'can be put back'}"
        ending = "." if self.restore else " with --restore."
        self._tell(kind, path.name, what, remedy + ending, mended=self.restore)

    def _last_good(self, path: Path) -> tuple[bytes, str] | None:
        """Return the version that was recorded last, or the newest that is a valid case."""
        recorded = (self.archive.read_manifest() or Manifest()).files.get(path.name)
        last = recorded.sha256 if recorded else ""
        kept = sorted(self.archive.kept(path.name), key=lambda each: each.version != last)
        for each in kept:
            content = _content(each)
            if content is not None and not _damage(content, None) and _is_valid(path, content):
                return content, f"{each.kept_at:%Y-%m-%d %H:%M} UTC"
        return None

    # The rest

    def _backups(self) -> None:
        folder = self.archive.place / "backups"
        if not folder.is_dir() or folder.is_symlink():
            return
        for each in sorted(path.name for path in folder.iterdir() if path.is_dir()):
            for backup in self.archive.kept(each):
                if _content(backup) is None:
                    if self.restore:
                        self.archive.aside(backup.path)
                    remedy = "It was put aside." if self.restore else "--restore puts it aside."
                    what = "A backup is not what its name says; it will not be used."
                    where = str(backup.path.relative_to(self.archive.folder))
                    self._tell("backup", where, what, remedy, mended=self.restore)

    def _leftovers(self) -> None:
        beside = [
            path
            for path in self.archive.folder.iterdir()
            if path.name.endswith((".yaml", ".json"))
            and TEMPORARY.fullmatch(path.name)
            and path.is_file()
        ]
        for path in [*self.archive.leftovers(), *beside]:
            if self.restore:
                self.archive.aside(path)
            remedy = "It was put aside." if self.restore else "--restore puts it aside."
            where = str(path.relative_to(self.archive.folder))
            what = "An unfinished file, left by a program that was stopped."
            self._tell("leftover", where, what, remedy, mended=self.restore)


def _content(backup: Backup) -> bytes | None:
    """Return what a backup holds; one that the disk cannot read is none."""
    try:
        return backup.content()
    except OSError:
        return None


def _damage(content: bytes, known: bytes | None) -> str:
    """Say what no person does to a file; empty if it may have been edited."""
    if not content.strip():
        return "It is empty."
    if b"\0" in content:
        return f"It holds {content.count(0):,} NUL bytes, as after a crash of the disk."
    if len(content) > LONGEST_FILE:
        return f"It is larger than {LONGEST_FILE:,} bytes, which no case file is."
    if known is not None and len(content) < len(known) and known.startswith(content):
        return f"It is cut off after {len(content):,} of {len(known):,} bytes."
    try:
        parse_yaml(content.decode("utf-8-sig"), Path("it"))
    except UnicodeDecodeError as error:
        return f"It is not UTF-8 text (byte {error.start:,})."
    except CaseError as error:
        return f"It cannot be read: {error.problems[0].message}"
    return ""


def _is_valid(path: Path, content: bytes) -> bool:
    try:
        document = parse_yaml(content.decode("utf-8-sig"), path)
        (check_book if path.name == BOOK_FILE else check_case)(document, path)
    except (CaseError, UnicodeDecodeError):
        return False
    return True


def _entries(document: Any, field: str) -> list[dict[str, Any]]:
    found = document.get(field) if isinstance(document, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
