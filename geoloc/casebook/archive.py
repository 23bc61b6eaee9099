"""What geoloc keeps beside the case files of a folder, in its `.geoloc/`.

- `backups/FILE/`: what each file held, named by time and SHA-256 of the content;
- `journal.jsonl`: who changed what, when and why (`journal`);
- `manifest.json`: which version of each file was recorded last, and where the journal ended;
- `intent.json`: the save that is going on, or that was cut off;
- `drafts/`, `damaged/`, `signatures/`, and the `lock`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from geoloc import files
from geoloc.casebook import journal
from geoloc.casebook.folder import file_inside
from geoloc.errors import OutputError

OURS = ".geoloc"
# A version is kept while it is among the newest, or the last of its day for so long.
NEWEST_KEPT = 50
DAYS_KEPT = 365
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_BACKUP = re.compile(r"(\d{8}T\d{6}\.\d{6}Z)-([0-9a-f]{64})\.yaml")
# As `files.writing_whole` names what is not yet whole.
TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}(\.\w+)?")
# Without bytes that are no UTF-8, which Python reads as lone surrogates.
PLAIN_NAME = re.compile(r"[^./\\:\x00-\x1f\ud800-\udfff][^/\\:\x00-\x1f\ud800-\udfff]*\.yaml")
# Bytes; what is larger was not written by geoloc, or is no photo.
_LONGEST_OWN = 64_000_000
_LONGEST_PHOTO = 4_000_000_000
_MOST = 2**53  # lines or bytes
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Backup:
    """What a file held once."""

    path: Path
    version: str  # SHA-256 by its name; `content` tells whether it is so
    kept_at: dt.datetime  # UTC

    def content(self) -> bytes | None:
        """Return the bytes; None where they are not those that were kept.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        content = None if self.path.is_symlink() else bytes_of(self.path)
        return content if content is not None and digest(content) == self.version else None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A file as it was last recorded."""

    sha256: str
    photos: dict[str, str] = field(default_factory=dict)  # path from the folder → SHA-256


@dataclass(frozen=True, slots=True)
class Manifest:
    """Which version of every file was recorded last, and the journal up to there."""

    files: dict[str, Recorded] = field(default_factory=dict)
    lines: int = 0  # of the journal
    head: str = journal.NOTHING_BEFORE  # SHA-256 of its last line

    def with_entry(self, entry: journal.Entry, photos: dict[str, str]) -> Manifest:
        """Return the manifest after an entry of the journal."""
        recorded = self.files | {entry.file: Recorded(entry.after, photos)}
        in_order = dict(sorted(recorded.items()))
        return replace(self, files=in_order, lines=entry.seq, head=journal.digest(entry.line))

    def as_text(self) -> str:
        """Return it as JSON, a line for each thing, for people to compare."""
        return json.dumps({"geoloc": 1, **asdict(self)}, indent=1) + "\n"


@dataclass(frozen=True, slots=True)
class Intent:
    """A change that is about to be made: enough to finish it, whenever it is cut off."""

    entry: journal.Entry
    photos: dict[str, str]
    at: int  # where the entry begins in the journal, bytes
    writes: bool  # whether the file itself is written, or only an entry about it

    def as_text(self) -> str:
        """Return it as JSON."""
        fields = {"photos": self.photos, "at": self.at, "writes": self.writes}
        return json.dumps({"line": self.entry.line.decode("ascii"), **fields})


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes, 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def bytes_of(path: Path, *, longest: int = _LONGEST_OWN) -> bytes | None:
    """Return what a file holds; None where there is none.

    Raises
    ------
    OSError
        If it is there, but cannot be read, is no ordinary file, or longer than so many bytes.
    """
    try:
        with files.opened(path, longest=longest) as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def digest_inside(folder: Path, name: str) -> str | None:
    """Return the SHA-256 of a file inside the folder; None for any other, or none."""
    try:
        if (path := file_inside(folder, name)) is None:
            return None
        with files.opened(path, longest=_LONGEST_PHOTO) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


def manifest_of(document: Any) -> Manifest:
    """Return the manifest that a JSON document is; names that lead elsewhere are left out.

    Raises
    ------
    ValueError, TypeError, KeyError, AttributeError
        If it is none.
    """
    recorded = {
        name: Recorded(_sha256(each["sha256"]), _photos(each["photos"]))
        for name, each in document["files"].items()
        if PLAIN_NAME.fullmatch(name)
    }
    return Manifest(recorded, _count(document["lines"]), _sha256(document["head"]))


class Archive:
    """The `.geoloc/` of one folder of case files; nothing is made before it is needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder).absolute()
        self.place = self.folder / OURS
        self.journal = self.place / "journal.jsonl"
        self.manifest = self.place / "manifest.json"
        self.intent = self.place / "intent.json"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for the block; nobody else saves in it meanwhile.

        Raises
        ------
        OutputError
            If the folder cannot be written or locked.
        """
        try:
            files.make_folder(self.own(self.place))
        except OSError as error:
            raise OutputError(
                f"Cannot save in {self.folder}: {error.strerror or error}. Copy the folder to where"
                " you can write, or ask for the permission."
            ) from error
        with files.locked(self.place / "lock"):
            yield

    def own(self, path: Path) -> Path:
        """Return a path of ours that is to be written, if no link is on the way to it.

        Raises
        ------
        OSError
            If there is one: in a folder received from others it may lead to any file.
        """
        if link := self._link_to(path):
            name = link.relative_to(self.folder)
            raise OSError(f"its {name} is a link, and what it leads to is not known")
        return path

    def write(self, path: Path, content: bytes | str) -> Path:
        """Write a file of ours whole; return where.

        Raises
        ------
        OSError, OutputError
            If the disk refuses, or a link is on the way.
        """
        files.make_folder(self.own(path).parent)
        return files.write_whole(path, content)

    def read(self, path: Path) -> bytes | None:
        """Return what a file of ours holds; behind a link is no file of ours.

        Raises
        ------
        OSError
            If it is there, but cannot be read.
        """
        return None if self._link_to(path) else bytes_of(path)

    def _link_to(self, path: Path) -> Path | None:
        """Return the first link below the folder on the way to a path."""
        steps = [*reversed(path.parents), path]
        return next((p for p in steps if p.is_relative_to(self.place) and p.is_symlink()), None)

    def leads_out(self, name: str) -> Path | None:
        """Return where a case file that is a link leads, if that is outside the folder."""
        target = (self.folder / name).resolve()
        return None if target.is_relative_to(self.folder.resolve()) else target

    # Backups

    def keep(self, name: str, content: bytes) -> None:
        """Keep a version of a file, unless it is the newest that is kept.

        Raises
        ------
        OSError, OutputError
            If the disk refuses.
        """
        kept = self.kept(name)
        if kept and kept[0].version == digest(content) and kept[0].content() == content:
            return
        now = dt.datetime.now(dt.UTC)
        # The order holds even where the clock was put back, but follows no impossible date.
        if kept and kept[0].kept_at < now + dt.timedelta(days=DAYS_KEPT):
            now = max(now, kept[0].kept_at + dt.timedelta(microseconds=1))
        self.write(self._backups(name) / f"{now.strftime(_STAMP)}-{digest(content)}.yaml", content)

    def kept(self, name: str) -> list[Backup]:
        """Return the versions that are kept of a file, newest first."""
        folder = self._backups(name)
        if self._link_to(folder) or not folder.is_dir():
            return []
        found = []
        for path in folder.iterdir():
            if named := _BACKUP.fullmatch(path.name):
                with contextlib.suppress(ValueError):
                    when = dt.datetime.strptime(named[1], _STAMP).replace(tzinfo=dt.UTC)
                    found.append(Backup(path, named[2], when))
        return sorted(found, key=lambda each: each.path.name, reverse=True)

    def version(self, name: str, version: str) -> bytes | None:
        """Return a version of a file, if it is kept and whole."""
        of_it = (each.content() for each in self.kept(name) if each.version == version)
        return next((content for content in of_it if content is not None), None)

    def thin_out(self, name: str) -> None:
        """Let go of old versions: beyond the newest, the last of each day stays for a year."""
        kept = self.kept(name)
        oldest = dt.datetime.now(dt.UTC) - dt.timedelta(days=DAYS_KEPT)
        days = {each.kept_at.date() for each in kept[:NEWEST_KEPT]}
        for each in kept[NEWEST_KEPT:]:
            if each.kept_at.date() in days or each.kept_at < oldest:
                with contextlib.suppress(OSError):
                    each.path.unlink()
            days.add(each.kept_at.date())

    def _backups(self, name: str) -> Path:
        return self.place / "backups" / name

    # Manifest and intent

    def read_manifest(self) -> Manifest | None:
        """Return the manifest; None where there is none, or it is none.

        Raises
        ------
        OSError
            If the disk refuses: that is no sign that there is none.
        """
        content = self.read(self.manifest) or b""
        try:
            return manifest_of(json.loads(content))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def manifest_of_journal(self) -> Manifest:
        """Return the manifest as the journal has it; without photos, which it does not list."""
        entries, _ = journal.read(self.journal)
        manifest = Manifest()
        for entry in entries:
            if PLAIN_NAME.fullmatch(entry.file):
                manifest = manifest.with_entry(entry, {})
        end = journal.tail(self.journal)
        return replace(manifest, lines=end.seq, head=end.head)

    def read_intent(self) -> Intent | None:
        """Return the change that was cut off; None where there is none, or it is none.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        content = self.read(self.intent) or b""
        try:
            document = json.loads(content)
            entry = journal.entry_of(document["line"].encode("ascii"))
            if entry is None or not PLAIN_NAME.fullmatch(entry.file):
                return None
            at, writes = _count(document["at"]), bool(document["writes"])
            return Intent(entry, _photos(document["photos"]), at, writes)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    # What is in the way

    def aside(self, path: Path, content: bytes | None = None) -> Path:
        """Move something damaged, or a copy of a part of it, out of the way; return where to.

        Raises
        ------
        OSError, OutputError
            If the disk refuses.
        """
        stamp = dt.datetime.now(dt.UTC).strftime(_STAMP)
        target = self.place / "damaged" / f"{stamp}-{path.name.lstrip('.')}"
        if content is not None:
            return self.write(target, content)
        files.make_folder(self.own(target).parent)
        return path.replace(target)

    def leftovers(self) -> list[Path]:
        """Return the unfinished files that killed writers left; to be asked under the lock."""
        places = [self.place]
        backups = self.place / "backups"
        if backups.is_dir() and not backups.is_symlink():
            places += [p for p in backups.iterdir() if p.is_dir() and not p.is_symlink()]
        found = [path for place in places if place.is_dir() for path in place.iterdir()]
        return [path for path in found if TEMPORARY.fullmatch(path.name) and path.is_file()]


def _photos(value: Any) -> dict[str, str]:
    return {str(file): _sha256(sha256) for file, sha256 in value.items()}


def _count(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value < _MOST:
        raise ValueError("no number of lines or bytes")
    return value


def _sha256(value: Any) -> str:
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ValueError("no SHA-256")
    return value
