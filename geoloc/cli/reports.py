"""`report` and `verify-report`: what is printed, and whether it still rests on the same files."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from geoloc.cli.cases import folder_of, read_cases
from geoloc.cli.output import (
    AsJson,
    Cases,
    complain,
    print_json,
    print_table,
    print_wrapped,
    visible,
)
from geoloc.errors import CaseError, GeolocError, InputError

if TYPE_CHECKING:
    from geoloc.casebook import Book, Finding, Incident
    from geoloc.casebook.manifests import InputKind, Manifest
    from geoloc.casebook.provenance import Difference
    from geoloc.figures.findings import FindingKind
    from geoloc.report.case import State

Language = Annotated[
    Literal["en", "fa", "ps"],
    typer.Option("--lang", help="Of the fixed words: English, Dari or Pashto."),
]
Exact = Annotated[
    bool,
    typer.Option("--exact", help="Tell places as exactly as they were found: not to be published."),
]
Graphic = Annotated[
    bool, typer.Option("--graphic", help="Show what is marked as graphic, not a placeholder.")
]


def report_command(
    case: Annotated[
        str, typer.Argument(metavar="CASE|casebook", help="A case's id, its file, or `casebook`.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file: .html, .pdf or .docx.")],
    language: Language = "en",
    exact: Exact = False,
    graphic: Graphic = False,
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Write a report: claims, evidence, figures, verdicts, sources, method; and its manifest.

    `casebook` instead of a case writes one report of all of them.

    Example: geoloc report 2023-05-08-bagrami-pd22 -o bagrami.pdf
    """
    from geoloc import files
    from geoloc.casebook import provenance

    suffix = _suffix(output)
    chosen = CaseFiles.of(case, cases)
    require_place(output, chosen)
    files.require_writable(output.absolute().parent)
    settings = {
        "command": "report",
        "case": chosen.name,
        "suffix": suffix,
        "language": language,
        "exact": exact,
        "graphic": graphic,
    }
    if exact:
        complain(["warning: the report tells the place as it was found; keep it to you."])
    made = render(settings, chosen)
    complain(f"warning: {told}" for told in made.warnings)
    manifest = provenance.manifest(
        made.findings,
        settings=settings,
        inputs=made.inputs,
        output=made.content,
        name=output.name,
        folder=chosen.folder,
    )
    path = provenance.write_with_manifest(output, made.content, manifest)
    beside = provenance.manifest_path(path)
    if as_json:
        print_json(
            {
                "id": chosen.name,
                "path": str(path),
                "manifest": str(beside),
                "bytes": len(made.content),
                "sha256": manifest["output"]["sha256"],
            }
        )
        return
    typer.echo(f"Wrote {visible(str(path))} ({len(made.content) / 1000:,.0f} kB) and its manifest.")
    typer.echo(f"\nNext: geoloc verify-report {typed(output)}{chosen.option}")


def typed(word: Path | str) -> str:
    """Return a word as it can be typed into a shell."""
    return visible(shlex.quote(str(word)))


def require_place(output: Path, files: CaseFiles, *more: Path) -> None:
    """Refuse, before the work, to write over evidence or over what geoloc did not write."""
    from geoloc.casebook import provenance

    inside = output.resolve().is_relative_to(files.folder.resolve())
    all_recorded = _recorded(files.folder) if inside or os.path.lexists(output) else ()
    provenance.require_place(output, (*files.paths, *more, *files.recorded, *all_recorded))


def _recorded(folder: Path) -> Iterator[Path]:
    """Yield the files of a casebook's folder, and those that its cases name."""
    from geoloc import casebook
    from geoloc.casebook import provenance

    yield folder / casebook.BOOK_FILE
    for path in casebook.case_files(folder):
        yield path
        with contextlib.suppress(CaseError):
            incident = casebook.read_case(path)
            yield from (folder / photo.file for photo in incident.photos)
            yield from provenance.rasters_used([incident])


def _suffix(output: Path) -> str:
    from geoloc import report

    suffix = output.suffix.lower()
    if suffix not in report.SUFFIXES:
        known = ", ".join(report.SUFFIXES)
        raise InputError(f"A report is a {known} file; {str(output)!r} is none.")
    return suffix


@dataclass(frozen=True, slots=True)
class Made:
    """An output, and what it was made from."""

    content: bytes
    findings: tuple[Finding, ...]
    inputs: dict[Path, InputKind]
    warnings: tuple[str, ...]


def render(settings: Mapping[str, Any], files: CaseFiles) -> Made:
    """Return a report by the settings of its manifest.

    Parameters
    ----------
    settings : mapping
        `suffix`, `language`, `exact` and `graphic`.
    files : CaseFiles
        The cases that are asked for.
    """
    from geoloc import casebook, geo, report
    from geoloc.casebook import coarse

    exact, graphic = settings["exact"], settings["graphic"]
    findings = tuple(casebook.investigate(incident) for incident in files.chosen)
    warnings = [
        f"{finding.incident.id}: {field} holds what looks like a coordinate; the report shows"
        f" {geo.WITHHELD} for it, without --exact."
        + (" The manifest names the file as it is: rename it." if field.endswith(".file") else "")
        for finding in (() if exact else findings)
        for field in coarse.coordinates_told(finding)
    ]
    kept = dict(kept_photos(files))
    warnings += [f"{name} {KEPT[state]}" for name, (state, _) in kept.items() if state in KEPT]
    pictures, failed = _pictures(findings, files, settings)
    document = report.document(
        findings,
        files.book,
        language=settings["language"],
        exact=exact,
        graphic=graphic,
        pictures=pictures,
        others=files.incidents,
        kept={name: state for name, (state, _) in kept.items()},
    )
    return Made(
        content=report.SUFFIXES[settings["suffix"]](document),
        findings=findings,
        inputs=files.inputs(path for _, path in kept.values()),
        warnings=(*files.warnings, *warnings, *unreadable(files, graphic=graphic), *failed),
    )


KEPT: dict[State, str] = {
    "changed": "is not the photo that the case records: its SHA-256 is another.",
    "missing": "is not there, and what was written says so.",
}


@dataclass(frozen=True, slots=True)
class CaseFiles:
    """A casebook's files, and the cases of it that are asked for."""

    name: str  # the case's id, or `casebook`
    folder: Path
    option: str  # by which the folder is found again: nothing, or ` --cases …`
    chosen: tuple[Incident, ...]
    read: Mapping[Path, Incident]  # every case that the output rests on, the chosen among them
    book: Book | None
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, case: str, cases: Path | None) -> CaseFiles:
        """Return every case of a folder, or one with those that its report rests on."""
        from geoloc import casebook
        from geoloc.casebook import provenance

        if case == "casebook":
            folder = folder_of(cases)
            found = dict(read_cases(folder))
            chosen = tuple(found.values())
            return cls(case, folder, _option(cases), chosen, found, casebook.read_book(folder))
        one = cls.alone(case, cases)
        book = casebook.read_book(one.folder)
        known, warnings = _readable(one)
        (incident,) = one.chosen
        used = provenance.compared_with(incident, tuple(known.values()), book)
        kept = {id(each) for each in (*used, *one.read.values())}
        read = {path: each for path, each in known.items() if id(each) in kept}
        return replace(one, read=read, book=book, warnings=warnings)

    @classmethod
    def alone(cls, case: str, cases: Path | None) -> CaseFiles:
        """Return one case's file and those that its clues name; no other is read."""
        from geoloc import casebook

        path = casebook.find_case(case, cases and folder_of(cases))
        incident = casebook.read_case(path)
        named, read = [incident], {path.absolute(): incident}
        while named:
            for evidence in named.pop().evidence:
                for clue in evidence.clues:
                    file = getattr(clue, "file", None)
                    if isinstance(file, Path) and file.is_file() and file.absolute() not in read:
                        named.append(casebook.read_case(file))
                        read[file.absolute()] = named[-1]
        folder = path.parent
        option = _option(folder if case.endswith((".yaml", ".yml")) else cases)
        return cls(incident.id, folder, option, (incident,), read, None)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Return the files of the cases, and that of the casebook if it was read."""
        from geoloc.casebook import BOOK_FILE

        return *self.read, *([self.folder / BOOK_FILE] if self.book else [])

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Return every case that the output rests on."""
        return tuple(self.read.values())

    @property
    def recorded(self) -> tuple[Path, ...]:
        """Return where the photos and rasters are, or should be, that the cases record."""
        from geoloc.casebook import provenance

        photos = (self.folder / photo.file for each in self.chosen for photo in each.photos)
        return *photos, *provenance.rasters_used(self.incidents)

    def inputs(
        self, photos: Iterable[Path | None] = (), rasters: Iterable[Path] = ()
    ) -> dict[Path, InputKind]:
        """Return every file that an output rests on, and what it is."""
        from geoloc.casebook import BOOK_FILE, provenance

        found: dict[Path, InputKind] = {
            path: "casebook" if path.name == BOOK_FILE else "case" for path in self.paths
        }
        for raster in (*provenance.rasters_used(self.incidents), *rasters):
            found[raster] = "raster"
        for photo in filter(None, photos):
            found[photo] = "photo"
        return found


def _option(cases: Path | None) -> str:
    return f" --cases {typed(cases)}" if cases else ""


def _readable(one: CaseFiles) -> tuple[dict[Path, Incident], tuple[str, ...]]:
    """Return the cases of a folder by their files, and of those left out why they are."""
    from geoloc import casebook

    found, warnings = dict(one.read), list[str]()
    ids = {incident.id for incident in one.read.values()}
    for path in casebook.case_files(one.folder):
        if path.absolute() in found:
            continue
        try:
            incident = casebook.read_case(path)
        except CaseError as error:
            warnings.append(f"{error.lines[0]} The report goes on without this case.")
            continue
        if incident.id in ids:
            warnings.append(f"{path}: {incident.id} is also in another file; it is left out.")
            continue
        ids.add(incident.id)
        found[path.absolute()] = incident
    # In the folder's order, by which remarks are told.
    return dict(sorted(found.items())), tuple(warnings)


def kept_photos(files: CaseFiles) -> Iterator[tuple[str, tuple[State, Path | None]]]:
    """Yield each photo's state and path by `case id/file`, its hash value compared."""
    from geoloc.casebook.folder import file_inside
    from geoloc.casebook.provenance import sha256_of

    for incident in files.chosen:
        for photo in incident.photos:
            state: State = "missing"
            path = file_inside(files.folder, photo.file) and files.folder / photo.file
            if path:
                state = "unchanged" if sha256_of(path) == photo.sha256 else "changed"
            yield f"{incident.id}/{photo.file}", (state, path)


def unreadable(files: CaseFiles, chosen: Sequence[int] = (), *, graphic: bool) -> Iterator[str]:
    """Yield which photos of a figure are the ones recorded, but can be read by nobody."""
    from geoloc.figures.photos import MOST, plate_of

    for incident in files.chosen:
        photos = dict(enumerate(incident.photos, 1))
        for number in chosen or [*photos][:MOST]:
            photo = photos[number]
            if photo.graphic and not graphic:
                continue
            plate = plate_of(number, photo, files.folder, graphic=graphic)
            if plate.state == "checked" and plate.pixels is None:
                yield f"{incident.id}/{photo.file} is not shown: {plate.reason}"


def _pictures(
    findings: Sequence[Finding], files: CaseFiles, settings: Mapping[str, Any]
) -> tuple[dict[str, bytes], list[str]]:
    """Return the figures of a report as PNG, and why any could not be drawn."""
    from geoloc import figures

    language: Any = settings["language"]
    wanted: dict[str, Callable[[], Any]] = {}
    for finding in findings:
        for kind in kinds_of(finding):
            wanted[f"{finding.incident.id}/{kind}"] = partial(
                figures.finding_figure, finding, kind=kind, language=language,
                exact=settings["exact"], photos=files.folder, graphic=settings["graphic"],
            )  # fmt: skip
    for book_kind in figures.BOOK_KINDS if len(findings) > 1 else ():
        wanted[f"casebook/{book_kind}"] = partial(
            figures.casebook_figure, findings, files.book, kind=book_kind, language=language
        )
    drawn: dict[str, bytes] = {}
    failed: list[str] = []
    for name, draw in wanted.items():
        typer.echo(f"[figure {name}]", err=True)
        try:
            drawn[name] = figures.picture(draw(), ".png")
        except GeolocError as error:
            case, _, kind_of = name.partition("/")
            failed.append(f"{case} has no figure {kind_of}: {error}")
    return drawn, failed


def kinds_of(finding: Finding) -> Iterator[FindingKind]:
    """Yield the figures that a finding has something for."""
    if finding.area is not None:
        yield "area"
    if any(map(finding.claims_unit, range(len(finding.places)))):
        yield "claimed"
    if finding.area is not None and len(finding.area.strands) > 1:
        yield "ledger"
    if finding.incident.photos:
        yield "photos"


def verify_report(
    file: Annotated[Path, typer.Argument(help="What geoloc report or geoloc figure wrote.")],
    again: Annotated[
        bool, typer.Option("--again", help="Make it anew too, and compare every byte.")
    ] = False,
    fail_on: Annotated[
        Literal["differs"] | None, typer.Option(help="Exit 1 if anything differs.")
    ] = None,
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Compare an output and every input of it with the hash values in its manifest.

    Example: geoloc verify-report bagrami.pdf --again
    """
    from geoloc.casebook import provenance

    _require_file(file)
    said = provenance.read_manifest(file)
    folder, whose = _folder_for(file, cases)
    found = provenance.differences(file, said, folder)
    for other in provenance.namesakes(file, said, folder):
        complain([f"warning: {other} differs from the file of that name that was compared."])
    if again:
        found += _made_again(said, folder, file.absolute().parent)
    same = not found
    if as_json:
        print_json(
            {
                "file": str(file),
                "same": same,
                "again": again,
                "folder": str(folder),
                "inputs": len(said.inputs) + len(said.boundaries),
                "differences": [asdict(each) for each in found],
            }
        )
    else:
        _print_differences(file, said, found, again=again)
        typer.echo(f"\nCompared with the files in {visible(str(folder))}{whose}.")
        missing = any(each.what == "case" and each.state == "missing" for each in found)
        if missing and cases is None:
            typer.echo("Case files are missing there: give the folder that they are in by --cases.")
        if not found and not again:
            print_wrapped(_CAUTION)
            typer.echo(f"\nNext: geoloc verify-report {typed(file)} --again{_option(cases)}")
    if fail_on and not same:
        raise SystemExit(1)


_CAUTION = (
    "A manifest proves nothing against somebody who could change it together with the file: --again"
    " makes the file anew from your cases, and geoloc casebook sign shows that these are yours."
)


def _require_file(file: Path) -> None:
    if file.is_dir():
        raise InputError(f"{file} is a folder; name what geoloc report or geoloc figure wrote.")
    if not file.exists():
        raise InputError(f"There is no {file}; name what geoloc report or geoloc figure wrote.")
    if not file.is_file():
        raise InputError(f"{file} is no ordinary file, as geoloc report and geoloc figure write.")


def _folder_for(file: Path, cases: Path | None) -> tuple[Path, str]:
    """Return the casebook's folder and, if nobody chose it, which one it is.

    If there is none, it is the output's own.
    """
    from geoloc import files

    try:
        folder = folder_of(cases)
    except InputError:
        if cases is not None:
            raise
        return file.absolute().parent, ", which is where it lies"
    shipped = cases is None and folder == files.shipped("cases")
    told = ": the cases that come with geoloc. For your own, give their folder by --cases"
    return folder, told if shipped else ""


def _made_again(said: Manifest, folder: Path, beside: Path) -> list[Difference]:
    """Return whether the same command gives the same bytes here and now.

    A raster that a figure is drawn on is looked for in the casebook's folder, beside the output,
    and here.
    """
    import hashlib

    from geoloc.casebook.manifests import settings_of
    from geoloc.casebook.provenance import Difference
    from geoloc.cli import figures

    settings = settings_of(said)
    options = settings.model_dump()
    if settings.command == "report":
        content = render(options, CaseFiles.of(settings.case, folder)).content
    else:
        content = figures.render(options, folder, (beside, Path()))
    found, expected = hashlib.sha256(content).hexdigest(), said.output.sha256
    if found == expected:
        return []
    return [Difference("again", said.output.name, "differs", expected, found)]


def _print_differences(
    file: Path, said: Manifest, found: Sequence[Difference], *, again: bool
) -> None:
    inputs = f"{len(said.inputs) + len(said.boundaries)} inputs are as the manifest says."
    if not found:
        typer.echo(f"{visible(str(file))} and its {inputs}")
        if again:
            typer.echo("Made again, it is the same, byte for byte.")
        return
    others = [each for each in found if each.what != "output"]
    if len(others) < len(found):
        typer.echo(
            f"{visible(str(file))} is not the file that was written: its SHA-256 is another."
        )
    if not others:
        typer.echo(f"Its {inputs}")
        if again:
            typer.echo("Made again, it is as it was written: only this file was changed.")
        return
    short = 14
    rows = [
        (each.state, each.what, each.name, each.expected[:short], each.found[:short])
        for each in others
    ]
    print_table(rows, ("State", "What", "Name", "Manifest", "Here"))
    typer.echo("\nWhat differs may change the result: make the report again, and compare the two.")
