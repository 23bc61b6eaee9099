"""`parse`: from a text to what it claims."""

from __future__ import annotations

import codecs
import datetime as dt
import io
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoloc.cli.output import AsJson, percent, print_json, print_wrapped, visible
from geoloc.errors import InputError

if TYPE_CHECKING:
    from geoloc.claims import ParsedClaim, Place

_LARGEST_FILE = 4_000_000  # bytes; a text of a million characters has at most that

Published = Annotated[
    dt.datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Day of publication, YYYY-MM-DD: dates `yesterday`."),
]


def parse(
    file: Annotated[
        str, typer.Argument(help="A text file (UTF-8) or .docx, or - for standard input.")
    ],
    published: Published = None,
    as_json: AsJson = False,
) -> None:
    """Read a text and say what it claims: places, dates, numbers, and who says so.

    Example: geoloc parse report.txt --published 2023-05-09
    """
    from geoloc import claims

    found = claims.parse(text_of(file), published.date() if published else None)
    if as_json:
        print_json({"claims": [claims.as_json(claim) for claim in found]})
        return
    if not found:
        typer.echo("No event, claim or place was found in this text.")
        return
    for claim in found:
        _print(claim)
    typer.echo(
        "Read by rules, so check each line against the text.\n\nNext: geoloc case new --from"
        f" {visible(file)}"
    )


def text_of(file: str) -> str:
    """Return the text of a file, or of standard input for `-`.

    Raises
    ------
    InputError
        If it cannot be read, is too large, is no text that can be read, or has no words.
    """
    name = "standard input" if file == "-" else file
    try:
        if file == "-":
            content = sys.stdin.buffer.read(_LARGEST_FILE + 1)
        else:
            with Path(file).open("rb") as stream:
                content = stream.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror or error}.") from error
    if len(content) > _LARGEST_FILE:
        raise InputError(
            f"{name} is larger than {_LARGEST_FILE:,} bytes; give one article or report at a time."
        )
    text = _decoded(name, content)
    if not any(character.isalnum() for character in text):
        raise InputError(f"{name} has no words in it.")
    return text


# What a file is that begins so, and is no text.
_BEGINNINGS = {
    b"{\\rtf": "an RTF document",
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an old Word document (.doc)",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"PK\x03\x04": "an archive or an office document",
}
_LARGEST_DOCUMENT = 20_000_000  # bytes of a Word file's text with its marks


def _decoded(name: str, content: bytes) -> str:
    """Return the text of a plain text file (UTF-8, or UTF-16 that says so) or a Word file.

    Raises
    ------
    InputError
        If it is neither; the message says what it is, where that can be told.
    """
    if (document := _word_document(name, content)) is not None:
        return document
    for beginning, what in _BEGINNINGS.items():
        if content.startswith(beginning):
            raise InputError(
                f"{name} is {what}; open it, and save its text as .txt (UTF-8) or as .docx."
            )
    wide = content[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not UTF-8 text (byte {error.start:,}); save it as UTF-8."
        ) from error
    if "\x00" in text:
        raise InputError(f"{name} is no text: it holds NUL bytes; save it as UTF-8 text.")
    if re.match(r"\s*<(?:!doctype\s+html|html)\b", text, re.IGNORECASE):
        raise InputError(f"{name} is a web page (HTML); copy its text into a .txt file.")
    return text


def _word_document(name: str, content: bytes) -> str | None:
    """Return the paragraphs of a Word file (.docx), a line each; None if it is none."""
    import zipfile
    import zlib
    from xml.etree import ElementTree

    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        with archive, archive.open("word/document.xml") as stream:
            body = stream.read(_LARGEST_DOCUMENT + 1)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, EOFError, zlib.error):
        return None
    # A document type could make a few bytes into gigabytes; Word writes none.
    if len(body) > _LARGEST_DOCUMENT or b"<!DOCTYPE" in body.replace(b"\x00", b""):
        raise InputError(f"{name} is a Word file as Word writes none; save its text as .txt.")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - no document type is let in
    except ElementTree.ParseError as error:
        raise InputError(f"{name} is a damaged Word file ({error}).") from error
    marks = {"t": None, "tab": "\t", "br": "\n"}  # a run's text, and what stands for a sign
    lines = []
    for paragraph in root.iter(f"{_WORD}p"):
        parts = ((part.tag.removeprefix(_WORD), part.text) for part in paragraph.iter())
        lines.append("".join(marks[tag] or text or "" for tag, text in parts if tag in marks))
    return "\n".join(lines)


_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def _print(claim: ParsedClaim) -> None:
    start, end = claim.span
    typer.echo(f"characters {start}-{end}")
    print_wrapped(visible(" ".join(claim.text.split())), indent=2)
    print_wrapped(f"who: {visible(claim.claimant or 'not stated')}", indent=4)
    if claim.event_date:
        typer.echo(
            f"    when: {claim.event_date:%A %Y-%m-%d} ({_DATED[claim.date_from or 'stated']})"
        )
    elif claim.period:
        typer.echo(f"    when: {claim.period[0]} to {claim.period[1]}")
    for place in claim.places:
        print_wrapped(visible(f"{place.role}: {place.text} = {_meaning(place)}"), indent=4)
    for overlap in claim.agreement:
        if overlap.a_in_b is not None and overlap.b_in_a is not None:
            print_wrapped(
                f"together: {percent(overlap.b_in_a)} of {overlap.b} lies in {overlap.a},"
                f" {percent(overlap.a_in_b)} of {overlap.a} in {overlap.b}",
                indent=4,
            )
    for toll in claim.tolls:
        most = "" if toll.max == toll.min else " or more" if toll.max is None else f" to {toll.max}"
        typer.echo(visible(f"    {toll.outcome}: {toll.min}{most}  “{toll.text}”"))
    if claim.same_place_as:
        print_wrapped(visible(f"same place: “{claim.same_place_as.text}”"), indent=4)
    if claim.hedges:
        print_wrapped(visible("hedged: " + ", ".join(text for text, _ in claim.hedges)), indent=4)
    for each in claim.unresolved:
        print_wrapped(visible(f"open: “{each.text}”: {each.why}"), indent=4)
    typer.echo()


_DATED = {
    "stated": "stated",
    "published": "told from the day of publication",
    "report": "day of the report; no other is stated",
    "earlier": "of the event told before",
}


def _meaning(place: Place) -> str:
    """Return what a place can be, in words."""
    from geoloc import gazetteer

    units = " or ".join(f"{gazetteer.unit_name(code)} ({code})" for code in place.senses)
    names = ", ".join(dict.fromkeys(candidate.name for candidate in place.candidates[:3]))
    why = f" [{place.why}]" if place.why and place.role == "mention" else ""
    return (units or (f"perhaps {names}" if names else "nothing known")) + why
