"""The case file that is drawn in: read, saved, its draft kept. All of it that touches the disk."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geoloc import boundaries
from geoloc.casebook import Incident, editing, read_case, require_investigable, saving
from geoloc.casebook.archive import Archive
from geoloc.errors import CaseError, Problem


@dataclass
class CaseFile:
    """A case's file, or the draft alone where no case was opened."""

    path: Path
    incident: Incident | None  # as it was last read; None where there is no case
    version: str | None = None
    _kept: str | None = None  # the draft that this page kept or was offered

    @classmethod
    def opened(cls, path: Path | None) -> CaseFile:
        """Read a case; without one, drawings are kept as a draft among the user's own files.

        Raises
        ------
        CaseError
            If the file cannot be read or is not valid.
        """
        if path is None:
            return cls(boundaries.user_folder().parent / "drawings" / "drawing.yaml", None)
        path = path.resolve()
        return cls(path, read_case(path), saving.version_of(path))

    @property
    def folder(self) -> Path:
        """Return the folder that the file lies in."""
        return self.path.parent

    def reload(self) -> None:
        """Read the file again, as another program may have saved it."""
        if self.incident is not None:
            self.incident, self.version = read_case(self.path), saving.version_of(self.path)

    def save(self, changes: dict[str, Any], version: str, author: str, why: str) -> str:
        """Write new fields into the file, all else in it as it was; return its new version.

        Raises
        ------
        StaleCaseError
            If the file is not of that version any more.
        CaseError, OutputError
            If it would not be valid, or the disk refuses; the file is as it was.
        """
        if self.incident is None:
            why_not = "no case was opened; export the drawings, or run geoloc draw CASE."
            raise CaseError("drawing", (Problem("", None, why_not),))
        text, found = saving.read_version(self.path)
        if found != version:  # refused below: let it tell what each side changed since they began
            began = Archive(self.folder).version(self.path.name, version)
            text = text if began is None else began.decode("utf-8-sig")
        text = editing.with_changes(text, changes)
        require_investigable(self.path, text)
        saved = saving.save_case(self.path, text, version=version, author=author, why=why)
        self.reload()
        if saving.draft_of(self.path) == self._kept:  # another page's is not ours to drop
            saving.drop_draft(self.path)
        return saved

    def keep_draft(self, document: dict[str, Any]) -> str:
        """Keep unfinished work beside the case; return when, ISO 8601 with its zone."""
        kept_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        draft = {"kept_at": kept_at, "document": document}
        self._kept = json.dumps(draft, ensure_ascii=False)
        saving.keep_draft(self.path, self._kept)
        return kept_at

    def draft(self) -> dict[str, Any] | None:
        """Return the draft that was kept and not saved, when, and whether the case is newer."""
        self._kept = text = saving.draft_of(self.path)
        if text is None:
            return None
        try:
            draft = json.loads(text)
            document, kept_at = dict(draft["document"]), str(draft["kept_at"])
            older = self._changed_since(dt.datetime.fromisoformat(kept_at))
        except (ValueError, TypeError, KeyError):  # another program's
            return None
        return {"document": document, "kept_at": kept_at, "older": older}

    def _changed_since(self, when: dt.datetime) -> bool:
        """Return whether the case's file is newer than a time given to the second."""
        try:
            changed = dt.datetime.fromtimestamp(self.path.stat().st_mtime, dt.UTC)
        except OSError:
            return False
        return changed.replace(microsecond=0) > when

    def drop_draft(self) -> None:
        """Forget the draft."""
        saving.drop_draft(self.path)
