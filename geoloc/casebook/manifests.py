"""What a manifest holds. One that comes from outside is read by this, or refused.

The settings are every option of the command that wrote the output, so that it can be made again;
what a command cannot be given does not stand in them.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from geoloc.casebook.drawings import SHA256
from geoloc.casebook.fields import CaseId
from geoloc.errors import InputError

FORMAT = "geoloc manifest 1"

InputKind = Literal["casebook", "case", "raster", "photo", "file"]
_Name = Annotated[str, Field(min_length=1)]
_Sha256 = Annotated[str, Field(pattern=SHA256)]
_Language = Literal["en", "fa", "ps"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Fingerprint(_Part):
    """The size of a file and its hash value."""

    bytes: int = Field(ge=0)
    sha256: _Sha256


class Output(Fingerprint):
    """What was written."""

    name: _Name


class Input(Fingerprint):
    """A file of the user's that was read."""

    path: _Name  # from the casebook's folder; of a file elsewhere its name alone
    kind: InputKind


class BoundaryFile(Fingerprint):
    """A file of an edition that findings rest on or are drawn with."""

    path: _Name
    edition: str
    licence: str
    valid_on: str


class Code(_Part):
    """The version of geoloc, and one hash value over its files."""

    geoloc: str
    sha256: _Sha256


class ReportSettings(_Part):
    """The options of `geoloc report`."""

    command: Literal["report"]
    case: Literal["casebook"] | CaseId
    suffix: Literal[".html", ".pdf", ".docx"]
    language: _Language
    exact: bool
    graphic: bool


class FigureSettings(_Part):
    """The options of `geoloc figure`."""

    command: Literal["figure"]
    case: Literal["casebook"] | CaseId
    kind: Literal["area", "claimed", "photos", "ledger", "annex", "activity", "provinces"]
    suffix: Literal[".png", ".svg", ".pdf"]
    size: Literal["column", "page", "wide"]
    language: _Language
    exact: bool
    base: str | None
    base_credit: str
    photo: tuple[int, ...]
    graphic: bool


_SETTINGS: TypeAdapter[ReportSettings | FigureSettings] = TypeAdapter(
    Annotated[ReportSettings | FigureSettings, Field(discriminator="command")]
)


class Manifest(_Part):
    """All that an output rests on."""

    format: Literal["geoloc manifest 1"]
    output: Output
    settings: dict[str, JsonValue]  # of whatever program wrote it; ours, by `settings_of`
    # Nothing is made of nothing: without these two the comparison would say that all is well.
    inputs: tuple[Input, ...] = Field(min_length=1)
    boundaries: tuple[BoundaryFile, ...] = Field(min_length=1)
    code: Code
    python: str
    libraries: dict[str, str]
    terms: dict[str, str]


def settings_of(manifest: Manifest) -> ReportSettings | FigureSettings:
    """Return the options by which a command of ours wrote an output.

    Raises
    ------
    InputError
        If no command of ours can have been given these.
    """
    command = manifest.settings.get("command")
    if command not in ("report", "figure"):
        raise InputError(f"--again cannot make what {str(command)[:40]!r} wrote; leave it out.")
    try:
        return _SETTINGS.validate_json(json.dumps(manifest.settings))
    except ValidationError as error:
        raise InputError(
            f"The manifest's settings are none of geoloc {command}: {first_problem(error)}. Make"
            " the output again."
        ) from error


def first_problem(error: ValidationError) -> str:
    """Return the first thing that is wrong, and where."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"])) or "the file"
    return f"{where}: {first['msg'][:200]}"
