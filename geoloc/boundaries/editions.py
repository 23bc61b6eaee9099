"""Editions of boundaries: their records, their files checked against them, and which one is used.

Editions lie in up to three folders, each with a `sources.toml` that describes its files: the one
that geoloc ships, the user's (`geoloc boundaries import` writes there), and `./boundaries` of the
project that one works in. A `chosen.toml` beside it says which edition answers for which layer;
the project's choice counts before the user's, and the shipped one where nobody chose.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from geoloc import files
from geoloc.errors import EditionError, IntegrityError

LAYERS = ("provinces", "districts", "police-districts")
# What is asked when nobody chose an edition: the newest that is shipped.
_SHIPPED_CHOICE = {
    "provinces": "ocha-2018",
    "districts": "ocha-2018",
    "police-districts": "nahia-2019",
}
RECORDS, CHOICE = "sources.toml", "chosen.toml"
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Edition:
    """One publisher's boundaries at one date, as its record in `sources.toml` describes them."""

    id: str
    title: str
    publisher: str
    url: str
    licence: str
    attribution: str  # the words that the licence asks for
    valid_on: str  # ISO date, or a year
    retrieved_on: str  # ISO date
    accuracy_m: float  # σ of the lines, metres, above zero
    approximate: bool  # computed, not surveyed: must be said wherever it is shown
    note: str
    layers: tuple[str, ...]
    path: Path
    sha256: str
    membership: tuple[Path, str] | None = None  # the stored surface and its SHA-256, if any

    @property
    def caveat(self) -> str:
        """Return the words that must stand wherever an approximate edition is shown."""
        return "approximate, computed from labelled localities" if self.approximate else ""


def user_folder() -> Path:
    """Return the folder of the user's own editions; it need not exist.

    `boundaries` in the folder that the environment variable GEOLOC_DATA names, or else in the
    place where the system keeps an application's data.
    """
    if named := os.environ.get("GEOLOC_DATA"):
        return Path(named).absolute() / "boundaries"
    return _system_folder() / "boundaries"


@cache  # asked hundreds of times a verdict
def _system_folder() -> Path:
    from platformdirs import user_data_path

    return user_data_path("geoloc")


def project_folder() -> Path:
    """Return the folder of the project's editions, `./boundaries`; it need not exist."""
    return Path("boundaries").absolute()


def _folders() -> list[Path]:
    """Return the folders that may hold editions, shipped first; in a checkout two are one."""
    return list(_told_apart(user_folder(), project_folder()))


@lru_cache(maxsize=8)
def _told_apart(user: Path, project: Path) -> tuple[Path, ...]:
    shipped = files.shipped("boundaries")
    return (shipped, *(folder for folder in (user, project) if not _same(folder, shipped)))


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _state(path: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever a file is written; None if there is no file."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file of an editions folder, empty if there is none.

    Raises
    ------
    EditionError
        If it cannot be read, with the file and the line.
    """
    return dict(_read_toml(path, _state(path)))


@lru_cache(maxsize=32)
def _read_toml(path: Path, state: tuple[int, int, int] | None) -> dict[str, Any]:
    if state is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # a TOML or UTF-8 error is a ValueError
        raise EditionError(f"{path} cannot be read: {error}.") from error


def editions() -> tuple[Edition, ...]:
    """Return every edition that holds boundaries: shipped, the user's, the project's.

    An id that an earlier folder has for the same layer is left out, so that no folder can pass
    off its lines as a shipped edition. A file without a record is none.

    Raises
    ------
    EditionError
        If a `sources.toml` cannot be read.
    """
    return _editions(tuple((path, _state(path)) for path in (f / RECORDS for f in _folders())))


@lru_cache(maxsize=8)
def _editions(sources: tuple[tuple[Path, Any], ...]) -> tuple[Edition, ...]:
    found: list[Edition] = []
    for path, state in sources:
        for name, record in _read_toml(path, state).items():
            edition = _edition(path, name, record, _read_toml(path, state))
            taken = {(layer, known.id) for known in found for layer in known.layers}
            if edition and not taken & {(layer, edition.id) for layer in edition.layers}:
                found.append(edition)
    return tuple(found)


_WORDS = (
    "title", "publisher", "url", "licence", "attribution", "valid_on", "retrieved_on", "note",
    "sha256",
)  # fmt: skip


def _edition(source: Path, name: str, record: Any, records: Mapping[str, Any]) -> Edition | None:
    """Return the edition that a record describes, or None if its file holds no boundaries."""
    try:
        layers = tuple(str(layer) for layer in record.get("layers") or ())
        if not layers:
            return None
        path, accuracy_m = _beside(source, record), float(record["accuracy_m"])
        if not 0 < accuracy_m < 1e6:
            raise ValueError("accuracy_m must be above 0")
        surface = records[record["membership"]] if "membership" in record else None
        return Edition(
            id=str(record["edition"]),
            layers=layers,
            path=path,
            accuracy_m=accuracy_m,
            approximate=bool(record["approximate"]),
            membership=(_beside(source, surface), str(surface["sha256"])) if surface else None,
            **{word: str(record[word]) for word in _WORDS},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EditionError(f"{source}: the record [{name}] is not complete: {error}.") from error


def _beside(source: Path, record: Mapping[str, Any]) -> Path:
    """Return the path of a record's file, which lies beside its `sources.toml`."""
    file = str(record["file"])
    if Path(file).name != file:
        raise ValueError("file must be a plain name")
    return source.parent / file


def edition_of(layer: str, edition_id: str | None = None) -> Edition:
    """Return an edition that holds a layer; by default the one that is in use.

    Raises
    ------
    EditionError
        If there is no such layer or edition.
    """
    _require_layer(layer)
    wanted = edition_id or default_edition(layer)
    holding = {edition.id: edition for edition in editions() if layer in edition.layers}
    if wanted not in holding:
        chosen = "" if edition_id else " It was chosen; choose again with geoloc boundaries use."
        raise EditionError(
            f"No edition {wanted!r} of {layer}; there are {', '.join(sorted(holding))}.{chosen}"
        )
    return holding[wanted]


def read_recorded(path: Path, sha256: str) -> bytes:
    """Return a recorded file's bytes, or raise `IntegrityError` if one of them was changed."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EditionError(f"{path} cannot be read: {error.strerror or error}.") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise IntegrityError(path, sha256, found)
    return content


def default_edition(layer: str) -> str:
    """Return the id of the edition that answers for a layer when none is named."""
    return next((chosen for _, chosen in _choices(layer)), _SHIPPED_CHOICE[layer])


def choice_of(layer: str) -> Path | None:
    """Return the folder whose `chosen.toml` decides for a layer; None where nobody chose."""
    return next((folder for folder, _ in _choices(layer)), None)


def _choices(layer: str) -> Iterator[tuple[Path, str]]:
    _require_layer(layer)
    for folder in reversed(_folders()[1:]):
        path = folder / CHOICE
        chosen = _read_toml(path, _state(path)).get(layer)
        if chosen is not None:
            yield folder, str(chosen)


class _DefaultEdition(Mapping[str, str]):
    """The edition in use per layer, asked anew each time."""

    def __getitem__(self, layer: str) -> str:
        if layer not in LAYERS:
            raise KeyError(layer)
        return default_edition(layer)

    def __iter__(self) -> Iterator[str]:
        return iter(LAYERS)

    def __len__(self) -> int:
        return len(LAYERS)


DEFAULT_EDITION: Mapping[str, str] = _DefaultEdition()


def choose(layer: str, edition_id: str, folder: Path) -> None:
    """Let an edition answer for a layer, by the `chosen.toml` of a folder.

    Raises
    ------
    EditionError
        If there is no such layer or edition, or the folder is the shipped one.
    OutputError
        If the choice cannot be written; the earlier one still holds.
    """
    edition_of(layer, edition_id)
    require_own(folder)
    chosen = {**read_toml(folder / CHOICE), layer: edition_id}
    head = "# Which edition answers for which layer. Written by `geoloc boundaries use`.\n"
    lines = (f"{name} = {_toml(value)}\n" for name, value in sorted(chosen.items()))
    files.write_whole(folder / CHOICE, head + "".join(lines))


def record(folder: Path, name: str, entry: Mapping[str, Any]) -> None:
    """Add or replace one record of a folder's `sources.toml`; the others stay as they are.

    Raises
    ------
    EditionError
        If the folder is the shipped one, or its `sources.toml` cannot be read.
    OutputError
        If it cannot be written; the earlier one is as it was.
    """
    require_own(folder)
    records = {**read_toml(folder / RECORDS), name: dict(entry)}
    tables = (
        f"\n[{table}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in fields.items())
        for table, fields in records.items()
    )
    head = "# One table per boundary file of this folder. Written by `geoloc boundaries import`.\n"
    files.write_whole(folder / RECORDS, head + "".join(tables))


def require_own(folder: Path) -> None:
    """Raise `EditionError` if a folder is the one that geoloc ships."""
    if _same(folder, files.shipped("boundaries")):
        raise EditionError(f"{folder} belongs to geoloc itself; leave out --project and --into.")


def require_id(text: str) -> str:
    """Return an edition's id, or raise `EditionError` if it cannot be one."""
    if not _ID.fullmatch(text):
        raise EditionError(
            f"{text!r} cannot be an edition's id: small Latin letters, digits and hyphens only,"
            " e.g. municipality-2024. Set one with --id."
        )
    return text


def _toml(value: Any) -> str:
    """Return a value as TOML. A JSON string is a TOML string once DEL is escaped too."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(each) for each in value)}]"
    if not isinstance(value, str | int | float):
        raise EditionError(f"{RECORDS} holds {value!r}, which geoloc cannot write back.")
    text = value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _require_layer(layer: str) -> None:
    if layer not in LAYERS:
        raise EditionError(f"No boundary layer is called {layer!r}; choose {', '.join(LAYERS)}.")


def shipped_table(name: str) -> str:
    """Return the text of a shipped table (`localities`, `gazetteer`), checked by its SHA-256."""
    record = shipped_record(name)
    path = files.shipped("boundaries") / record["file"]
    return read_recorded(path, record["sha256"]).decode("utf-8")


def shipped_record(name: str) -> dict[str, Any]:
    """Return what `sources.toml` says of a shipped file, e.g. its attribution and licence."""
    record: dict[str, Any] = read_toml(files.shipped("boundaries") / RECORDS)[name]
    return record
