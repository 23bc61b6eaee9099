"""A report as a tagged PDF (PDF/UA-1) with bookmarks, real text and every font inside."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoloc.errors import OutputError, PageError
from geoloc.report.blocks import Document
from geoloc.report.html import fonts, page, style

if TYPE_CHECKING:
    from collections.abc import Iterator

_SYSTEM = (
    "A PDF needs the library Pango, which pip cannot install: `apt install libpango-1.0-0"
    " libpangoft2-1.0-0` on Debian and Ubuntu, `brew install pango` on a Mac; or write .html or"
    " .docx instead."
)
_EXTRA = "A PDF needs weasyprint: pip install 'geoloc[report]'; or write .html instead."
_DEJAVU = {400: "DejaVuSans.ttf", 700: "DejaVuSans-Bold.ttf"}  # matplotlib's, by weight


def as_pdf(document: Document) -> bytes:
    """Return a report as a PDF, A4.

    The same document gives the same bytes: no date, no random id.

    Raises
    ------
    OutputError
        If weasyprint, or the system's Pango under it, is not there: what to install.
    """
    weasyprint = _weasyprint()
    sheet = fonts() + _fallback() + style("report.css") + style("print.css") + _foot(document)
    html = weasyprint.HTML(string=page(document, sheet), url_fetcher=_fetcher())
    with _alike_everywhere():
        content: bytes = html.write_pdf(pdf_variant="pdf/ua-1")
    return content


def _weasyprint() -> Any:
    try:
        import weasyprint
    except ImportError as error:
        raise OutputError(_EXTRA) from error
    except OSError as error:  # cffi found no Pango
        sys.modules.pop("weasyprint", None)
        raise OutputError(_SYSTEM) from error
    return weasyprint


def _fetcher() -> Any:
    """Return what fetches only what is in the page or came with matplotlib; all else stops it."""
    from weasyprint.urls import URLFetcher

    class Inside(URLFetcher):  # type: ignore[misc] # weasyprint is untyped
        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.startswith("data:") and url not in map(_dejavu_address, _DEJAVU.values()):
                raise PageError(f"A report loads nothing, and {url[:100]} would be loaded.")
            return super().fetch(url, headers)

    return Inside(allowed_protocols=("data", "file"), fail_on_errors=True)


@contextlib.contextmanager
def _alike_everywhere() -> Iterator[None]:
    """Keep weasyprint's remarks on style to itself, and the reader's own language out of it.

    Pango asks the environment, once, in which language a space or a comma is, and takes its font
    by that; the same report would differ from one machine to the next.
    """
    log, before = logging.getLogger("weasyprint"), dict(os.environ)
    quiet, log.disabled = log.disabled, True
    os.environ |= {"LC_ALL": "C.UTF-8", "PANGO_LANGUAGE": "en"}
    try:
        yield
    finally:
        log.disabled = quiet
        for name in ("LC_ALL", "PANGO_LANGUAGE"):
            os.environ.pop(name)
            os.environ |= {name: before[name]} if name in before else {}


def _fallback() -> str:
    """Return the style that brings DejaVu, for letters that Vazirmatn has not: σ, Cyrillic."""
    return "".join(
        f"@font-face{{font-family:'DejaVu inside';font-weight:{weight};src:url({address})}}"
        for weight, name in _DEJAVU.items()
        if (address := _dejavu_address(name))
    )


def _dejavu_address(name: str) -> str:
    """Return where a font of matplotlib's lies, without importing matplotlib; empty if nowhere."""
    found = find_spec("matplotlib")
    path = Path(found.origin or "").parent / "mpl-data/fonts/ttf" / name if found else Path(name)
    return path.as_uri() if path.is_absolute() and path.is_file() else ""


def _foot(document: Document) -> str:
    """Return the style of the foot of each page: our own fixed words, and its number."""
    digits = "decimal" if document.language == "en" else "persian"
    words, word = (_quoted(text.text) for text in (document.footer, document.page))
    near, far = ("left", "right") if document.language == "en" else ("right", "left")
    number = f'{word} " " counter(page,{digits}) " / " counter(pages,{digits})'
    leader = f'leader(". ") target-counter(attr(href),page,{digits})'
    return (
        f"@page{{@bottom-{near}{{content:{words}}}@bottom-{far}{{content:{number}}}}}"
        f"nav a::after{{content:{leader}}}"
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "").replace('"', "") + '"'
