"""What every part of a case file is made of: records that refuse unknown fields, texts, codes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

ID = r"^\d{4}-\d{2}-\d{2}-[a-z0-9]+(?:-[a-z0-9]+)*$"

Text = Annotated[str, Field(min_length=1, max_length=5000)]
CaseId = Annotated[str, Field(pattern=ID, max_length=120)]
Code = Annotated[str, Field(pattern=r"^(AF\d{2}|AF\d{4}|AF-KBL-PD\d{1,2})$")]


class Record(BaseModel):
    """A part of a case file: unknown fields are refused, since most are misspelt ones."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
