"""`casebook …`: the folder of cases as a whole: its condition, its history, its signature."""

from __future__ import annotations

import getpass
import json
import os
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from geoloc.cli.output import (
    AsJson,
    print_heading,
    print_json,
    print_table,
    print_wrapped,
    visible,
)
from geoloc.errors import InputError

if TYPE_CHECKING:
    from geoloc.casebook import Trouble
    from geoloc.casebook.journal import Entry

app = typer.Typer(
    help="Look after a folder of cases: damage, history, signature.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Author = Annotated[
    str | None,
    typer.Option(help="Who does it, for the journal; default $GEOLOC_AUTHOR, or your login."),
]
Folder = Annotated[
    Path | None, typer.Argument(help="Folder of case files; default ./cases, or the shipped six.")
]


@app.command("check")
def casebook_check(
    folder: Folder = None,
    restore: Annotated[
        bool, typer.Option("--restore", help="Put back the last good version of what is damaged.")
    ] = False,
    author: Author = None,
    fail_on: Annotated[
        Literal["damage", "change"] | None,
        typer.Option(help="Exit 1 if there is damage left, or also any other change."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find damage: unreadable or missing files, changed photos, a broken journal.

    Files that were changed outside geoloc are recorded in the journal. What --restore replaces is
    kept in .geoloc/damaged. Backups are the newest 50 versions of each file, and the last of each
    day for a year.

    Example: geoloc casebook check cases --restore
    """
    from geoloc import casebook, files

    folder = _folder(folder)
    # The shipped examples are looked at, and nothing is written among them.
    own = not folder.samefile(files.shipped("cases"))
    who = author_of(author)
    found = casebook.check_folder(folder, restore=restore and own, author=who, records=own)
    damaged = [trouble for trouble in found.troubles if trouble.is_damage]
    if as_json:
        print_json(
            {
                "folder": str(folder),
                "files": found.files,
                "journal_lines": found.lines,
                "recorded": found.recorded,
                "damaged": bool(damaged),
                "troubles": [
                    asdict(trouble) | {"damage": trouble.is_damage} for trouble in found.troubles
                ],
            }
        )
    else:
        _print_condition(folder, found.files, found.lines, found.troubles)
    if (fail_on and damaged) or (fail_on == "change" and found.troubles):
        raise SystemExit(1)


def _print_condition(folder: Path, files: int, lines: int, troubles: tuple[Trouble, ...]) -> None:
    for trouble in troubles:
        state = "mended" if trouble.mended else trouble.kind
        print_wrapped(visible(f"{state}: {trouble.file}: {trouble.what} {trouble.remedy}"))
    damaged = sum(trouble.is_damage for trouble in troubles)
    said = f"{damaged:,} damaged." if damaged else "no damage."
    typer.echo(f"{files:,} files and {lines:,} lines of the journal: {said}")
    where = shlex.quote(str(folder))
    if any("--restore" in trouble.remedy for trouble in troubles):
        _next(f"geoloc casebook check {where} --restore")
    elif damaged:
        _next(f"geoloc case validate --cases {where}")
    else:
        _next(f"geoloc casebook history {where}")


def _next(command: str) -> None:
    typer.echo(f"\nNext: {visible(command)}")


@app.command("history")
def casebook_history(folder: Folder = None, as_json: AsJson = False) -> None:
    """Show the journal of a folder: who changed which geographic judgement, when and why.

    Example: geoloc casebook history cases
    """
    from geoloc.casebook import journal
    from geoloc.casebook.archive import Archive

    folder = _folder(folder)
    entries, breaks = journal.read(Archive(folder).journal)
    notes = tuple(f"Line {each.line} of the journal {each.message}" for each in breaks)
    print_history(folder, entries, notes, as_json=as_json)


def print_history(
    path: Path, entries: tuple[Entry, ...], notes: tuple[str, ...], *, as_json: bool
) -> None:
    """Print entries of the journal: when, who, why, and below each what changed."""
    if as_json:
        print_json(
            {
                "path": str(path),
                "entries": [asdict(entry) for entry in entries],
                "notes": list(notes),
            }
        )
        return
    whole_folder = path.is_dir()
    for entry in entries:
        who = entry.who or "(unknown)"
        file = f"  {Path(entry.file).stem}" if whole_folder else ""
        print_wrapped(visible(f"{_minute(entry.when)}  {who}{file}: {entry.why}"))
        for change in entry.changes:
            of = f" ({change.of})" if change.of else ""
            print_wrapped(visible(f"{change.what}{_short(of, 50)}:"), indent=2)
            print_wrapped(visible(f"from {_said(change.before)}"), indent=6)
            print_wrapped(visible(f"to   {_said(change.after)}"), indent=6)
    if not entries:
        typer.echo("The journal tells of nothing here; it begins with the first save by geoloc.")
    for note in notes:
        print_wrapped(visible(f"Note: {note}"))
    folder = shlex.quote(str(path if whole_folder else path.parent))
    typer.echo("\nTimes are UTC.")
    _next(f"geoloc casebook check {folder}")


def _minute(when: str) -> str:
    return when[:16].replace("T", " ")


def _said(value: Any) -> str:
    """Return a judgement in one line; a shape by its kind and number of corners."""
    if value is None:
        return "nothing"
    if isinstance(value, dict) and "coordinates" in value:
        corners = json.dumps(value["coordinates"]).count("],") + 1
        return f"{value.get('type', 'shape')} of {corners:,} corners"
    if isinstance(value, dict):
        return _short(", ".join(f"{name}: {_said(each)}" for name, each in value.items()), 300)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _short(" ".join(text.split()), 300)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


@app.command("sign")
def casebook_sign(
    key: Annotated[
        Path, typer.Option(help="Your private key, outside the casebook; made if not there.")
    ],
    folder: Folder = None,
    author: Author = None,
    as_json: AsJson = False,
) -> None:
    """Sign what all files of a casebook are now, and the journal up to here (Ed25519).

    Example: geoloc casebook sign cases --key ~/keys/casebook.pem
    """
    from geoloc.casebook import signing

    folder = _folder(folder)
    path, fingerprint, made = signing.sign(folder, key, by=author_of(author))
    if as_json:
        print_json({"path": str(path), "fingerprint": fingerprint, "key_made": made})
        return
    if made:
        print_wrapped(visible(f"Made the key {key}: keep it secret, and a copy of it safe."))
    typer.echo(visible(f"Signed: {path}"))
    typer.echo(f"Key, SHA-256: {fingerprint}")
    public = shlex.quote(f"{key}.pub")
    print_wrapped("Tell people this fingerprint by another way than the casebook itself.")
    _next(f"geoloc casebook verify {shlex.quote(str(folder))} --key {public}")


@app.command("verify")
def casebook_verify(
    folder: Folder = None,
    key: Annotated[
        Path | None, typer.Option(help="The signer's public key, as they gave it to you.")
    ] = None,
    fail_on: Annotated[
        Literal["change"] | None, typer.Option(help="Exit 1 if anything changed since.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the signatures of a casebook, and say what changed since it was signed.

    Example: geoloc casebook verify cases --key casebook.pem.pub
    """
    from geoloc.casebook import signing

    folder = _folder(folder)
    signed = signing.verify_signatures(folder, key)
    changed = any(each.changed or each.added or not each.journal_holds for each in signed)
    if as_json:
        print_json({"folder": str(folder), "signatures": [asdict(each) for each in signed]})
    else:
        rows = [
            (_minute(s.when), s.by[:30], s.fingerprint[:16], f"{s.files}", f"{len(s.changed)}")
            for s in signed
        ]
        print_table(rows, ("Signed (UTC)", "By, as it says", "Key", "Files", "Changed since"))
        for each in signed:
            for name in each.changed:
                print_wrapped(visible(f"changed since: {name}"))
            for name in each.added:
                print_wrapped(visible(f"not signed, came later: {name}"))
            if not each.journal_holds:
                typer.echo(f"The journal is not the signed one up to line {each.lines:,}.")
        print_heading(
            f"The signatures hold{', but the casebook was changed since' if changed else ''}"
            f"{'.' if key else '; whose keys these are, only --key can tell.'}"
        )
        _next(f"geoloc casebook history {shlex.quote(str(folder))}")
    if fail_on and changed:
        raise SystemExit(1)


def author_of(author: str | None) -> str:
    """Return who does it: as given, or by the environment, or by the login."""
    name = author or os.environ.get("GEOLOC_AUTHOR")
    if name is None:
        try:
            name = getpass.getuser()
        except (KeyError, OSError):
            name = ""
    if not name.strip():
        raise InputError("Say who you are, for the journal: --author NAME, or $GEOLOC_AUTHOR.")
    return name


def _folder(folder: Path | None) -> Path:
    from geoloc import casebook

    folder = folder or casebook.default_folder()
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder of case files.")
    return folder
