"""`report` and `verify-report`: what is printed, and whether it still rests on the same files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from geoloc.cli.cases import folder_of, read_cases, read_one
from geoloc.cli.output import AsJson, Cases, complain, print_json, print_table, visible
from geoloc.errors import GeolocError, InputError

if TYPE_CHECKING:
    from geoloc.casebook import Book, Finding, Incident
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

    settings = {
        "command": "report",
        "case": case,
        "suffix": _suffix(output),
        "language": language,
        "exact": exact,
        "graphic": graphic,
    }
    files.require_writable(output.absolute().parent)
    if exact:
        complain(["warning: the report tells the place as it was found; keep it to you."])
    made = render(settings, cases)
    complain(f"warning: {told}" for told in made.warnings)
    manifest = provenance.manifest(
        made.findings,
        settings=settings | {"case": made.name},
        inputs=made.inputs,
        output=made.content,
        name=output.name,
        folder=made.folder,
    )
    path = provenance.write_with_manifest(output, made.content, manifest)
    beside = provenance.manifest_path(path)
    if as_json:
        print_json(
            {
                "id": made.name,
                "path": str(path),
                "manifest": str(beside),
                "bytes": len(made.content),
                "sha256": manifest["output"]["sha256"],
            }
        )
        return
    typer.echo(f"Wrote {visible(str(path))} ({len(made.content) / 1000:,.0f} kB) and its manifest.")
    typer.echo(f"\nNext: geoloc verify-report {visible(str(output))}")


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

    name: str  # the case's id, or `casebook`
    content: bytes
    findings: tuple[Finding, ...]
    inputs: tuple[Path, ...]
    folder: Path
    warnings: tuple[str, ...]


def render(settings: Mapping[str, Any], cases: Path | None) -> Made:
    """Return a report by the settings of its manifest.

    Parameters
    ----------
    settings : mapping
        `case`, `suffix`, `language`, `exact` and `graphic`.
    cases : Path, optional
        The folder of case files; default that of a case given by its file, or the usual one.
    """
    from geoloc import casebook, geo, report
    from geoloc.casebook import coarse, provenance

    case, exact, graphic = settings["case"], settings["exact"], settings["graphic"]
    files = CaseFiles.of(case, cases)
    findings = tuple(casebook.investigate(incident) for incident in files.chosen)
    warnings = [
        f"{finding.incident.id}: {field} holds what looks like a coordinate; the report shows"
        f" {geo.WITHHELD} for it, without --exact."
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
        others=tuple(files.incidents.values()),
        kept={name: state for name, (state, _) in kept.items()},
    )
    photos = [path for _, path in kept.values() if path.is_file()]
    return Made(
        name="casebook" if case == "casebook" else files.chosen[0].id,
        content=report.SUFFIXES[settings["suffix"]](document),
        findings=findings,
        inputs=(*files.paths, *provenance.rasters_used(findings), *photos),
        folder=files.folder,
        warnings=(*warnings, *failed),
    )


KEPT: dict[State, str] = {
    "changed": "is not the photo that the case records: its SHA-256 is another.",
    "missing": "is not there; the report says so.",
}


@dataclass(frozen=True, slots=True)
class CaseFiles:
    """A casebook's files, and the cases of it that are asked for."""

    folder: Path
    paths: tuple[Path, ...]
    incidents: dict[str, Incident]  # all, by id
    chosen: tuple[Incident, ...]
    book: Book | None

    @classmethod
    def of(cls, case: str, cases: Path | None) -> CaseFiles:
        """Return all files of a casebook; of it the case that is asked for, or every one."""
        from geoloc import casebook

        by_file = Path(case) if case.endswith((".yaml", ".yml")) else None
        folder = by_file.absolute().parent if by_file and cases is None else folder_of(cases)
        found = dict(read_cases(folder)) if folder.is_dir() else {}
        incidents = {incident.id: incident for incident in found.values()}
        chosen = tuple(incidents.values())
        paths = list(found)
        if case != "casebook":
            chosen = (read_one(case, folder),)
            incidents[chosen[0].id] = chosen[0]
            own = casebook.find_case(case, folder)
            paths += [] if own.absolute() in {path.absolute() for path in paths} else [own]
        book = folder / casebook.BOOK_FILE
        paths += [book] if book.is_file() else []
        return cls(folder, tuple(paths), incidents, chosen, casebook.read_book(folder))

    @classmethod
    def alone(cls, case: str, cases: Path | None) -> CaseFiles:
        """Return one case's file and those that its clues name; no other is read."""
        from geoloc import casebook

        path = casebook.find_case(case, cases and folder_of(cases))
        incident = casebook.read_case(path)
        named, others = [incident], {path.absolute(): path}
        while named:
            for evidence in named.pop().evidence:
                for clue in evidence.clues:
                    file = getattr(clue, "file", None)
                    if isinstance(file, Path) and file.is_file() and file.absolute() not in others:
                        others[file.absolute()] = file
                        named.append(casebook.read_case(file))
        folder = path.absolute().parent
        return cls(folder, (*others.values(),), {incident.id: incident}, (incident,), None)


def kept_photos(files: CaseFiles) -> Iterator[tuple[str, tuple[State, Path]]]:
    """Yield each photo's state and path by `case id/file`, its hash value compared."""
    from geoloc.casebook.provenance import sha256_of

    for incident in files.chosen:
        for photo in incident.photos:
            path = files.folder / photo.file
            state: State = "missing"
            if path.is_file():
                state = "unchanged" if sha256_of(path) == photo.sha256 else "changed"
            yield f"{incident.id}/{photo.file}", (state, path)


def _pictures(
    findings: Sequence[Finding], files: CaseFiles, settings: Mapping[str, Any]
) -> tuple[dict[str, bytes], list[str]]:
    """Return the figures of a report as PNG, and why any could not be drawn."""
    from geoloc import figures

    language: Any = settings["language"]
    wanted: dict[str, Callable[[], Any]] = {}
    for finding in findings:
        for kind in _kinds(finding):
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


def _kinds(finding: Finding) -> Iterator[FindingKind]:
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

    said = provenance.read_manifest(file)
    folder = _folder_for(file, cases)
    found = provenance.differences(file, said, folder)
    if again:
        found += _made_again(said, folder, file.absolute().parent)
    same = not found
    if as_json:
        print_json(
            {
                "file": str(file),
                "same": same,
                "again": again,
                "inputs": len(said["inputs"]) + len(said["boundaries"]),
                "differences": [asdict(each) for each in found],
            }
        )
    else:
        _print_differences(file, said, found, again=again)
    if fail_on and not same:
        raise SystemExit(1)


def _folder_for(file: Path, cases: Path | None) -> Path:
    """Return the casebook's folder; if there is none, the output's own."""
    try:
        return folder_of(cases)
    except InputError:
        if cases is not None:
            raise
        return file.absolute().parent


def _made_again(said: Mapping[str, Any], folder: Path, beside: Path) -> list[Difference]:
    """Return whether the same command gives the same bytes here and now.

    A raster that a figure is drawn on is looked for in the casebook's folder, beside the output,
    and here.
    """
    import hashlib

    from geoloc.casebook.provenance import Difference

    name, expected = said["output"]["name"], said["output"]["sha256"]
    try:
        content = _render_again(said["settings"], folder, beside)
    except KeyError as error:
        raise InputError(f"The manifest's settings lack {error}; make the output again.") from error
    found = hashlib.sha256(content).hexdigest()
    return [] if found == expected else [Difference("again", name, "differs", expected, found)]


def _render_again(settings: Mapping[str, Any], folder: Path, beside: Path) -> bytes:
    from geoloc.cli import figures

    if settings["command"] == "report":
        return render(settings, folder).content
    if settings["command"] == "figure":
        return figures.render(settings, folder, (beside, Path()))
    raise InputError(f"--again cannot make what {settings['command']!r} wrote; leave it out.")


def _print_differences(
    file: Path, said: Mapping[str, Any], found: Sequence[Difference], *, again: bool
) -> None:
    count = len(said["inputs"]) + len(said["boundaries"])
    if not found:
        typer.echo(f"{visible(str(file))} and its {count} inputs are as the manifest says.")
        if again:
            typer.echo("Made again, it is the same, byte for byte.")
        else:
            typer.echo(f"\nNext: geoloc verify-report {visible(str(file))} --again")
        return
    short = 14
    rows = [
        (each.state, each.what, each.name, each.expected[:short], each.found[:short])
        for each in found
    ]
    print_table(rows, ("State", "What", "Name", "Manifest", "Here"))
    typer.echo("\nWhat differs may change the result: make the report again, and compare the two.")
