"""Text in XML: what XML cannot hold, what it would change, and who can tell."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

# XML 1.0 has no way to write these, not even escaped.
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def holdable(text: str) -> str:
    """Return text with the characters that XML cannot hold as U+FFFD."""
    return _IMPOSSIBLE.sub("\ufffd", text)


def quoted(text: str) -> str:
    """Return text as an XML element holds it; carriage returns stay what they are."""
    return escape(holdable(text), {"\r": "&#13;"})
