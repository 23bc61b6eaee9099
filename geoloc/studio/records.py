"""Records of a case file as the page and the file hold them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


def plain(record: BaseModel) -> dict[str, Any]:
    """Return a record as JSON values; what was left out of it stays out."""
    values = record.model_dump(mode="json", exclude_none=True)
    return {name: value for name, value in values.items() if value not in ([], False)}
