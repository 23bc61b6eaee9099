"""The command line: words in, words or JSON out; no logic of its own.

Nothing heavy is imported before a command needs it: `geoloc --help` and `geoloc where` answer in
less time than geopandas takes to import.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any, NoReturn

import typer

from geoloc.cli import (
    areas,
    boundaries,
    casebooks,
    cases,
    claims,
    exchange,
    figures,
    pages,
    points,
    reports,
    studio,
    tables,
)
from geoloc.cli import imports as imports  # and so does this
from geoloc.cli import layer_page as layer_page  # the same
from geoloc.cli import sheets as sheets  # among those of cases
from geoloc.cli.output import complain
from geoloc.errors import CaseError, GeolocError

# click's UsageError; typer carries its own private copy of click, and this name is public.
_UsageError: Any = typer.BadParameter.__mro__[1]
# A southern or western coordinate begins with a minus and is no option.
_MINUS = {"ignore_unknown_options": True}

app = typer.Typer(
    help="Check where a claimed raid in Kabul can have happened.",
    epilog="Start with: geoloc demo",
    add_completion=False,
    no_args_is_help=True,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command(context_settings=_MINUS)(points.where)
app.command(context_settings=_MINUS)(points.check)
app.command()(points.find)
app.command()(claims.parse)
app.command()(tables.assign)
app.add_typer(cases.app, name="case")
app.add_typer(casebooks.app, name="casebook")
app.add_typer(boundaries.app, name="boundaries")
app.command("area")(areas.area_command)
app.command("map")(pages.map_command)
app.command("import")(exchange.import_command)
app.command("export")(exchange.export_command)
app.command("figure")(figures.figure_command)
app.command("report")(reports.report_command)
app.command("verify-report")(reports.verify_report)
app.command()(pages.demo)
app.command()(studio.draw)


@app.callback()
def _everywhere(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from geoloc import __version__

        typer.echo(f"geoloc {__version__}")
        raise SystemExit(0)


def main() -> None:
    """Run the command line: exit 0 done, 1 a check asked for failed, 2 the input was wrong."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        raise SystemExit(app(standalone_mode=False) or 0)
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # a bare `geoloc` asks for its help
            typer.echo(error.format_message())
            raise SystemExit(0) from None
        _fail(f"{error.format_message()} See geoloc --help.")
    except CaseError as error:
        _fail(*error.lines)
    except GeolocError as error:
        _fail(str(error))
    except (KeyboardInterrupt, typer.Abort):
        _fail("stopped; nothing half-written was left.", status=130)
    except BrokenPipeError:  # the reader, e.g. `head`, has seen enough
        sys.stdout = None
        raise SystemExit(0) from None
    except (OSError, UnicodeError) as error:
        named = getattr(error, "filename", None)
        _fail(f"{named}: {error.strerror}" if named and isinstance(error, OSError) else str(error))


def _fail(*lines: str, status: int = 2) -> NoReturn:
    complain(lines)
    raise SystemExit(status)
