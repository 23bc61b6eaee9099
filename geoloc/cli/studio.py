"""`draw`: the drawing page of a case, served to this machine's browser alone."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Annotated

import typer

from geoloc.cli.output import AsJson, Cases, complain, print_json, visible
from geoloc.errors import InputError

_LANGUAGES = {"en": "en", "fa": "fa-AF", "fa-af": "fa-AF", "dari": "fa-AF", "ps": "ps"}


def draw(
    case: Annotated[
        str | None, typer.Argument(metavar="[CASE]", help="A case's id or its file; none: no case.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of this machine; 0 takes a free one.")
    ] = 0,
    open_it: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in the browser.")
    ] = True,
    lang: Annotated[str, typer.Option(help="Language of the page: en, fa (Dari) or ps.")] = "en",
    cases: Cases = None,
    as_json: AsJson = False,
) -> None:
    """Draw where it happened, with the verdict beside the line, in a page on this machine.

    The page asks nobody but this command, which answers nobody else; Ctrl-C or the page's own
    button ends both. What is not saved is kept as a draft beside the case.

    Example: geoloc draw 2023-05-08-bagrami-pd22
    """
    if lang.casefold() not in _LANGUAGES:
        raise InputError(f"--lang must be en, fa or ps, got {lang!r}.")
    try:
        from geoloc.studio.server import Studio
    except ModuleNotFoundError as error:
        raise InputError(
            f"The drawing page needs {error.name}; install it with pip install 'geoloc[studio]'."
        ) from error
    from geoloc import casebook
    from geoloc.studio.session import Session

    path = casebook.find_case(case, cases) if case else None
    studio = Studio(Session(path, language=_LANGUAGES[lang.casefold()]), port)
    if as_json:
        print_json({"id": path and path.stem, "url": studio.url})
    else:
        name = path.stem if path else "no case: what is drawn can be exported, not saved"
        typer.echo(visible(f"Drawing in {name}."))
        typer.echo(f"Open this address in a browser of this machine:\n{studio.url}")
        typer.echo("Whoever has the address can read and change the case. Stop with Ctrl-C.")
    if open_it:
        # The port takes calls already; a browser in the terminal would not return.
        threading.Thread(target=_open, args=[studio.url], daemon=True).start()
    with suppress(KeyboardInterrupt):
        studio.run()
    if as_json:
        return
    typer.echo("\nStopped.")
    if path is not None:
        typer.echo()
        typer.echo(visible(f"Next: geoloc case show {case}"))


def _open(address: str) -> None:
    import webbrowser

    if not webbrowser.open(address):
        complain(["warning: no browser could be started; open the address above yourself."])
