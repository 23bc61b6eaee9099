"""Where an output comes from: every input with its SHA-256, and whether they are still the same.

Beside an output lies its manifest, a JSON file: the case files, the boundary editions, rasters and
photos, the code and its libraries, and the settings. It holds no time of writing and no path of a
machine, so that the same inputs give the same manifest. The words are those of the Berkeley
Protocol (OHCHR and Human Rights Center, UC Berkeley, 2022) where it has them: a *hash value* shows
that a *preserved* item is unchanged; who kept it, and how, belongs to its *chain of custody*.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from geoloc import __version__, boundaries, files
from geoloc.casebook.folder import BOOK_FILE
from geoloc.errors import InputError

if TYPE_CHECKING:
    from geoloc.boundaries import Edition
    from geoloc.casebook.findings import Finding

MANIFEST = ".manifest.json"  # after the whole name of the output
FORMAT = "geoloc manifest 1"
# What decides how numbers and pages come out.
LIBRARIES = (
    "fonttools", "geopandas", "matplotlib", "numpy", "pillow", "pillow-heif", "pydyf", "pyproj",
    "python-docx", "rasterio", "scipy", "shapely", "weasyprint",
)  # fmt: skip
_PACKAGE = Path(__file__).parent.parent
_LARGEST_MANIFEST = 5_000_000  # bytes; one of a hundred cases has 50,000
_SUFFIXES = {".tif": "raster", ".tiff": "raster", ".pmtiles": "raster"}

State = Literal["differs", "missing"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is no longer as the manifest says."""

    what: str  # output, case, casebook, boundaries, raster, photo, file, code, library, python
    name: str
    state: State
    expected: str
    found: str  # empty where it is missing


def manifest(
    findings: Sequence[Finding],
    *,
    settings: Mapping[str, Any],
    inputs: Sequence[Path] = (),
    output: bytes,
    name: str,
    folder: Path | None = None,
) -> dict[str, Any]:
    """Return the manifest of an output, as JSON values.

    Parameters
    ----------
    findings : sequence of Finding
        What it shows; gives the boundary editions.
    settings : mapping
        By which it was made; `command` and every option, as JSON values.
    inputs : sequence of Path
        Every file that was read: cases, casebook.yaml, rasters, photos.
    output : bytes
        What is written.
    name : str
        Its file's name.
    folder : Path, optional
        The casebook's. Files in it are named by their path from it, others by their name alone.

    Raises
    ------
    InputError
        If an input cannot be read.
    """
    return {
        "format": FORMAT,
        "output": {"name": Path(name).name, **_fingerprint(output)},
        "settings": dict(settings),
        "inputs": [_input(path, folder) for path in dict.fromkeys(inputs)],
        "boundaries": [_boundary(path, edition) for path, edition in _edition_files(findings)],
        "code": {"geoloc": __version__, "sha256": code_sha256()},
        "python": platform.python_version(),
        "libraries": versions(),
        "terms": {
            "sha256": "hash value: it shows that an item is the one that was collected and"
            " preserved, unchanged (Berkeley Protocol 2022)",
            "path": "from the casebook's folder; of a file elsewhere its name alone",
        },
    }


def manifest_path(output: Path) -> Path:
    """Return where the manifest of an output lies: beside it."""
    return output.with_name(output.name + MANIFEST)


def write_with_manifest(path: Path, content: bytes | str, manifest: Mapping[str, Any]) -> Path:
    """Write an output and its manifest, both or neither.

    Returns
    -------
    Path
        The output's, absolute.

    Raises
    ------
    OutputError
        If either cannot be written; both are as they were before.
    """
    beside = manifest_path(Path(path))
    before = beside.read_bytes() if beside.is_file() else None
    text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    try:
        with files.writing_whole(path) as temporary:
            temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
            files.write_whole(beside, text + "\n")
    except BaseException:
        # The manifest takes its name first; without its output it would speak of another.
        with contextlib.suppress(OSError):
            if before is None:
                beside.unlink()
            elif beside.read_bytes() != before:
                files.write_whole(beside, before)
        raise
    return Path(path).absolute()


def read_manifest(output: Path) -> dict[str, Any]:
    """Return the manifest that lies beside an output.

    Raises
    ------
    InputError
        If there is none, or it is none of ours.
    """
    path = manifest_path(output)
    try:
        if path.stat().st_size > _LARGEST_MANIFEST:
            raise InputError(f"{path} is larger than any manifest; it is none.")
        read = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            f"There is no {path}; a manifest lies beside what geoloc report and geoloc figure"
            " write."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from error
    if not _is_ours(read):
        raise InputError(f"{path} is no manifest of this kind ({FORMAT}); make the output again.")
    return dict(read)


def _is_ours(read: object) -> bool:
    if not isinstance(read, dict) or read.get("format") != FORMAT:
        return False
    lists = all(
        isinstance(read.get(key), list) and all(map(_is_item, read[key]))
        for key in ("inputs", "boundaries")
    )
    maps = all(isinstance(read.get(key), dict) for key in ("settings", "code", "libraries"))
    return lists and maps and _is_item(read.get("output"), path="name")


def _is_item(item: object, path: str = "path") -> bool:
    return isinstance(item, dict) and all(isinstance(item.get(k), str) for k in (path, "sha256"))


def differences(output: Path, said: Mapping[str, Any], folder: Path) -> list[Difference]:
    """Return what is no longer as a manifest says, the output itself first.

    Parameters
    ----------
    output : Path
        The file that the manifest lies beside.
    said : mapping
        From `read_manifest`.
    folder : Path
        The casebook's. What was not in it is looked for there, beside the output, and here.
    """
    found = [_compared("output", said["output"]["name"], said["output"]["sha256"], output)]
    for item in said["inputs"]:
        at = located(item["path"], (folder, output.absolute().parent, Path()))
        found.append(_compared(item.get("kind", "file"), item["path"], item["sha256"], at))
    known = {path.name: path for edition in boundaries.editions() for path in _files(edition)}
    for item in said["boundaries"]:
        at = known.get(item["path"])
        found.append(_compared("boundaries", item["path"], item["sha256"], at))
    return [each for each in found if each] + list(_code_differences(said))


def _compared(what: str, name: str, sha256: str, path: Path | None) -> Difference | None:
    try:
        here = sha256_of(path) if path else ""
    except OSError:
        here = ""
    if here == sha256:
        return None
    return Difference(what, name, "differs" if here else "missing", sha256, here)


def located(name: str, folders: Iterable[Path]) -> Path | None:
    """Return a file by its path from a folder; a manifest from outside names none elsewhere."""
    if Path(name).is_absolute() or ".." in Path(name).parts or "\\" in name:
        return None
    return next((at / name for at in folders if (at / name).is_file()), None)


def _code_differences(said: Mapping[str, Any]) -> Iterator[Difference]:
    code = said["code"]
    if code.get("sha256") != code_sha256():
        expected = f"{code.get('geoloc')} ({str(code.get('sha256'))[:12]})"
        here = f"{__version__} ({code_sha256()[:12]})"
        yield Difference("code", "geoloc", "differs", expected, here)
    if said.get("python") != platform.python_version():
        expected, found = str(said.get("python")), platform.python_version()
        yield Difference("python", "python", "differs", expected, found)
    known = versions()
    for name, version in sorted(said["libraries"].items()):
        if known.get(name) != version:
            state: State = "differs" if name in known else "missing"
            yield Difference("library", name, state, str(version), known.get(name, ""))


def editions_used(findings: Sequence[Finding]) -> list[Edition]:
    """Return the editions that findings rest on or are drawn with, those in use first."""
    used = {layer: boundaries.load_layer(layer).edition for layer in boundaries.LAYERS}
    found = dict.fromkeys(used.values())
    for finding in findings:
        named = [code for each in finding.incident.evidence for code in each.within]
        for place in finding.places:
            senses = (place.codes, *place.senses) if place else ()
            named += [code for codes in senses for code in codes]
        for code in dict.fromkeys(named):
            found.update(dict.fromkeys(layer.edition for layer in boundaries.layers_with(code)))
    return list(found)


def rasters_used(findings: Sequence[Finding]) -> list[Path]:
    """Return the raster files that findings were computed with."""

    def named(value: object, key: str = "") -> Iterator[str]:
        if isinstance(value, dict):
            for name, part in value.items():
                yield from named(part, name)
        elif isinstance(value, list | tuple):
            for part in value:
                yield from named(part, key)
        elif isinstance(value, str) and Path(value).suffix.lower() in _SUFFIXES:
            yield value

    found: dict[str, None] = {}
    for finding in findings:
        incident = finding.incident
        found.update(dict.fromkeys(named(incident.study.model_dump())))
        for evidence in incident.evidence:
            found.update(dict.fromkeys(named([clue.model_dump() for clue in evidence.clues])))
    return [Path(name) for name in found if Path(name).is_file()]


def _edition_files(findings: Sequence[Finding]) -> Iterator[tuple[Path, Edition]]:
    told: set[Path] = set()
    for edition in editions_used(findings):
        for path in _files(edition):
            if path not in told:
                told.add(path)
                yield path, edition


def _files(edition: Edition) -> Iterator[Path]:
    yield edition.path
    if edition.membership:
        yield edition.membership[0]


def _boundary(path: Path, edition: Edition) -> dict[str, Any]:
    about = {"edition": edition.id, "licence": edition.licence, "valid_on": edition.valid_on}
    return {"path": path.name, **about, **_fingerprint(path.read_bytes())}


def _input(path: Path, folder: Path | None) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    return {"path": _name(path, folder), "kind": _kind(path), **_fingerprint(content)}


def _name(path: Path, folder: Path | None) -> str:
    if folder is not None:
        with contextlib.suppress(ValueError):
            return path.resolve().relative_to(folder.resolve()).as_posix()
    return path.name


def _kind(path: Path) -> str:
    if path.name == BOOK_FILE:
        return "casebook"
    suffix = path.suffix.lower()
    if suffix in (".yaml", ".yml"):
        return "case"
    images = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".gif", ".bmp")
    return _SUFFIXES.get(suffix, "photo" if suffix in images else "file")


def _fingerprint(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@lru_cache(maxsize=1)
def code_sha256() -> str:
    """Return one SHA-256 over all files of the package that make outputs: code, style, words."""
    total = hashlib.sha256()
    kinds = {".py", ".css", ".js", ".toml", ".woff2", ".html"}
    for path in sorted(_PACKAGE.rglob("*")):
        within = path.relative_to(_PACKAGE)
        if path.suffix in kinds and within.parts[0] != "shipped":
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{within.as_posix()}\0{content}\n".encode())
    return total.hexdigest()


@lru_cache(maxsize=1)
def _versions() -> tuple[tuple[str, str], ...]:
    found = []
    for name in LIBRARIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found.append((name, metadata.version(name)))
    return tuple(found)


def versions() -> dict[str, str]:
    """Return the versions of the libraries that decide how an output comes out."""
    return dict(_versions())
