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
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from geoloc import __version__, boundaries, files
from geoloc.area.priors import raster_file
from geoloc.casebook.clues import ElevationBetweenRecord, RasterRecord
from geoloc.casebook.manifests import FORMAT, InputKind, Manifest, first_problem
from geoloc.casebook.reconcile import reconcile
from geoloc.errors import InputError, OutputError

if TYPE_CHECKING:
    from geoloc.boundaries import Edition
    from geoloc.casebook.findings import Finding
    from geoloc.casebook.records import Book, Incident

MANIFEST = ".manifest.json"  # after the whole name of the output
# What decides how numbers and pages come out.
LIBRARIES = (
    "fonttools", "geopandas", "matplotlib", "numpy", "pillow", "pillow-heif", "pydyf", "pyproj",
    "python-docx", "rasterio", "scipy", "shapely", "weasyprint",
)  # fmt: skip
_PACKAGE = Path(__file__).parent.parent
_LARGEST_MANIFEST = 5_000_000  # bytes; one of a hundred cases has 50,000
# Bytes of an output or an input. A height model of the whole country has 10 billion; what is
# larger is no file of ours, or one without an end.
_LARGEST_FILE = 64_000_000_000

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
    inputs: Mapping[Path, InputKind],
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
    inputs : mapping of Path
        Every file that was read, and what it is.
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
        "inputs": [_input(path, kind, folder) for path, kind in inputs.items()],
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


def require_place(output: Path, inputs: Iterable[Path]) -> None:
    """Refuse, before the work, to write over evidence or over what somebody else wrote.

    Parameters
    ----------
    output : Path
        What is to be written; beside it goes its manifest.
    inputs : iterable of Path
        What must stay as it is, whether it is there already or not.

    Raises
    ------
    OutputError
        If the output or its manifest is an input, or is there and was not written by geoloc, or
        was changed since.
    """
    beside = manifest_path(output)
    for each in inputs:
        for path in (output, beside):
            if _are_one(path, each):
                raise OutputError(
                    f"{path} is {each.name}, which the cases rest on; choose another name with -o."
                )
    taken = next((path for path in (output, beside) if os.path.lexists(path)), None)
    if taken is None:
        return
    elsewhere = "choose another name with -o, or take it away."
    try:
        said = read_manifest(output).output
    except InputError as error:
        raise OutputError(
            f"{taken} is there and was not written by geoloc (no {beside.name} of ours beside it);"
            f" {elsewhere}"
        ) from error
    if taken == output and (said.name != output.name or said.sha256 != sha256_of(output)):
        raise OutputError(f"{taken} was changed since geoloc wrote it; {elsewhere}")


def _are_one(path: Path, other: Path) -> bool:
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        return path.resolve() == other.resolve() or path.samefile(other)
    return False


def write_with_manifest(path: Path, content: bytes | str, manifest: Mapping[str, Any]) -> Path:
    """Write an output and its manifest, both or neither.

    The manifest takes its name last: if the power goes between the two, an older manifest lies
    beside the new output, and `differences` says that this is not the file that was written. The
    same holds of two programs that write one output at once.

    Returns
    -------
    Path
        The output's, absolute.

    Raises
    ------
    OutputError
        If either cannot be written; both are as they were before.
    """
    path = Path(path)
    before = path.read_bytes() if path.is_file() else None
    text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False)
    written = False
    try:
        with files.writing_whole(manifest_path(path)) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
            files.write_whole(path, content)
            written = True
    except BaseException:
        if written:
            with contextlib.suppress(OSError, OutputError):
                if before is None:
                    path.unlink()
                else:
                    files.write_whole(path, before)
        raise
    return path.absolute()


def read_manifest(output: Path) -> Manifest:
    """Return the manifest that lies beside an output.

    Raises
    ------
    InputError
        If there is none, or it is none of ours.
    """
    path = manifest_path(output)
    try:
        with files.opened(path, longest=_LARGEST_MANIFEST) as stream:
            # Some files of the system say that they are empty, and never end.
            content = stream.read(_LARGEST_MANIFEST)
        return Manifest.model_validate_json(content)
    except FileNotFoundError as error:
        raise InputError(
            f"There is no {path}; a manifest lies beside what geoloc report and geoloc figure"
            " write."
        ) from error
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{path} cannot be read as a manifest: {reason}.") from error
    except ValidationError as error:
        raise InputError(
            f"{path} is no manifest of this kind ({FORMAT}): {first_problem(error)}. Make the"
            " output again."
        ) from error


def differences(output: Path, said: Manifest, folder: Path) -> list[Difference]:
    """Return what is no longer as a manifest says, the output itself first.

    Parameters
    ----------
    output : Path
        The file that the manifest lies beside.
    said : Manifest
        From `read_manifest`.
    folder : Path
        The casebook's. What was not in it is looked for there, beside the output, and here.
    """
    found = [_compared("output", str(output), said.output.sha256, output)]
    for item in said.inputs:
        at = located(item.path, _places(output, folder))
        found.append(_compared(item.kind, item.path, item.sha256, at))
    known = {path.name: path for edition in boundaries.editions() for path in _files(edition)}
    for boundary in said.boundaries:
        at = known.get(boundary.path)
        found.append(_compared("boundaries", boundary.path, boundary.sha256, at))
    return [each for each in found if each] + list(_code_differences(said))


def namesakes(output: Path, said: Manifest, folder: Path) -> list[Path]:
    """Return files with the name of an input that `differences` did not compare, and that differ.

    They lie beside the output or here, while one of that name in the casebook's folder came first.
    """
    found: dict[Path, None] = {}
    for item in said.inputs:
        there = [*_all_located(item.path, _places(output, folder))]
        for other in there[1:]:
            if not _are_one(there[0], other) and _digest(there[0]) != _digest(other):
                found[other.absolute()] = None
    return list(found)


def _places(output: Path, folder: Path) -> tuple[Path, ...]:
    return folder, output.absolute().parent, Path()


def _compared(what: str, name: str, sha256: str, path: Path | None) -> Difference | None:
    here = _digest(path) if path else ""
    if here == sha256:
        return None
    return Difference(what, name, "differs" if here else "missing", sha256, here)


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file; nothing if it cannot be read."""
    try:
        return sha256_of(path)
    except OSError:
        return ""


def located(name: str, folders: Iterable[Path]) -> Path | None:
    """Return a file by its path from a folder; a manifest from outside names none elsewhere."""
    return next(_all_located(name, folders), None)


def _all_located(name: str, folders: Iterable[Path]) -> Iterator[Path]:
    if Path(name).is_absolute() or ".." in Path(name).parts or "\\" in name:
        return
    for folder in folders:
        # A name that is too long, or that no file can have, is that of a missing one.
        with contextlib.suppress(OSError, ValueError):
            if (folder / name).is_file():
                yield folder / name


def _code_differences(said: Manifest) -> Iterator[Difference]:
    code = said.code
    if code.sha256 != code_sha256():
        expected = f"{code.geoloc} ({code.sha256[:12]})"
        here = f"{__version__} ({code_sha256()[:12]})"
        yield Difference("code", "geoloc", "differs", expected, here)
    if said.python != platform.python_version():
        found = platform.python_version()
        yield Difference("python", "python", "differs", said.python, found)
    known = versions()
    for name, version in sorted(said.libraries.items()):
        if known.get(name) != version:
            state: State = "differs" if name in known else "missing"
            yield Difference("library", name, state, version, known.get(name, ""))


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


def rasters_used(incidents: Sequence[Incident]) -> list[Path]:
    """Return the raster files that findings are computed with: priors, heights, kinds of ground."""
    found: dict[Path, None] = {}
    for incident in incidents:
        if incident.study.prior is not None:
            found[raster_file(incident.study.prior)] = None
        for clue in (clue for each in incident.evidence for clue in each.clues):
            if isinstance(clue, ElevationBetweenRecord):
                found[Path(clue.dem)] = None
            elif isinstance(clue, RasterRecord):
                found[Path(clue.path)] = None
    return list(found)


def compared_with(
    incident: Incident, folder: Sequence[Incident], book: Book | None
) -> tuple[Incident, ...]:
    """Return the other cases that decide which discrepancies a report of one case tells.

    They are so few that without any of them it would tell something else: a manifest that listed
    the whole folder would give its names to whoever gets the report.

    Parameters
    ----------
    incident : Incident
        Whose report it is.
    folder : sequence of Incident
        All cases of the casebook, this one among them.
    book : Book, optional
        What is known of all of them together.
    """

    def told(ids: set[str]) -> list[tuple[str, ...]]:
        kept = [each for each in folder if each.id in ids | {incident.id}]
        remarks = (each for each in reconcile(kept, book) if incident.id in each.incidents)
        return [(each.kind, each.weight, each.message) for each in remarks]

    known = {each.id for each in folder}
    remarks = [each for each in reconcile(folder, book) if incident.id in each.incidents]
    expected = [(each.kind, each.weight, each.message) for each in remarks]
    used = {one for each in remarks for one in each.incidents} & known - {incident.id}
    if (without := told(used)) != expected:
        # A case can also keep a remark away: by being of the day that a text names.
        used |= {one for one in known - used if told(used | {one}) != without}
    if told(used) != expected:
        used = known
    else:
        for one in sorted(used):
            used -= {one} if told(used - {one}) == expected else set()
    return tuple(each for each in folder if each.id in used - {incident.id})


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


def _input(path: Path, kind: InputKind, folder: Path | None) -> dict[str, Any]:
    try:
        about = {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    return {"path": _name(path, folder), "kind": kind, **about}


def _name(path: Path, folder: Path | None) -> str:
    """Return a file's path from the folder as it is named there; from elsewhere its name alone."""
    if folder is not None:
        for of in (Path.absolute, Path.resolve):
            with contextlib.suppress(ValueError):
                within = of(path).relative_to(of(folder))
                if ".." not in within.parts:
                    return within.as_posix()
    return path.name


def _fingerprint(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with files.opened(path, longest=_LARGEST_FILE) as stream:
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
