"""Photos of a case: kept byte for byte, shown as a copy of their pixels."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from geoloc import files
from geoloc.errors import FenceError, InputError
from geoloc.fence.pictures import Picture, picture_of, sniffed

_FOLDER = "photos"
_OURS = re.compile(rf"{_FOLDER}/[0-9a-f]{{64}}\.(?:jpg|png|webp|tif|heic)")
_MOST_BYTES = 50_000_000


class Photos:
    """The photos in a case's folder; without a case none can be kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._added: set[str] = set()  # files that this session wrote
        self._copies: dict[str, dict[str, Any]] = {}  # for the page, by the photo's hash

    def add(self, content: bytes) -> dict[str, Any]:
        """Keep a photo as it is, under its hash, and return a copy to show.

        Raises
        ------
        FenceError
            If it is no photo of a known kind, or too large.
        InputError
            If there is no case to keep it in.
        OutputError
            If it cannot be written.
        """
        if self._folder is None:
            raise InputError("No case is open to keep a photo in; run geoloc draw CASE.")
        copied = self._copy(content)
        file = f"{_FOLDER}/{copied['sha256']}.{sniffed(content)}"
        path = self._folder / file
        if not path.exists():
            files.write_whole(path, content)
            self._added.add(file)
        return {"file": file, **copied}

    def shown(self, file: str, recorded: set[str]) -> dict[str, Any]:
        """Return a copy of a kept photo to show; `recorded` are the files that the case names.

        Raises
        ------
        InputError
            If it is no photo of this case, or is not there any more.
        FenceError
            If it is no photo that can be read.
        """
        if self._folder is None or not (file in recorded or _OURS.fullmatch(file)):
            raise InputError("The case has no such photo.")
        path = (self._folder / file).resolve()
        if not path.is_relative_to(self._folder.resolve()) or not path.is_file():
            raise InputError("The photo is not in the case's folder any more.")
        if path.stat().st_size > _MOST_BYTES:
            raise FenceError(f"A photo may have {_MOST_BYTES / 1e6:.0f} MB.")
        return {"file": file, **self._copy(path.read_bytes())}

    def clear(self, in_use: Callable[[str], bool]) -> None:
        """Forget the copies, and delete what this session brought and nobody uses."""
        self._copies.clear()
        for file in [each for each in self._added if not in_use(each)]:
            if self._folder is not None:
                (self._folder / file).unlink(missing_ok=True)
            self._added.discard(file)

    def _copy(self, content: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self._copies:
            self._copies[digest] = {"sha256": digest, **as_json(picture_of(content))}
        return self._copies[digest]


def as_json(picture: Picture) -> dict[str, Any]:
    """Return a picture as a page takes it: its size in pixels and a data URL."""
    encoded = base64.b64encode(picture.content).decode()
    return {
        "width": picture.width,
        "height": picture.height,
        "picture": f"data:image/webp;base64,{encoded}",
    }
