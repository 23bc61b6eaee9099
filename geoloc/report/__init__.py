"""Reports that a court can follow: from findings to one HTML file, a tagged PDF, or a DOCX.

`document` makes a plain value of sections and blocks; `as_html`, `as_pdf` and `as_docx` write it.
The same document gives the same bytes. weasyprint and python-docx (the extra `report`) are asked
for only when a PDF or a DOCX is.
"""

from geoloc.report.blocks import Document
from geoloc.report.content import document
from geoloc.report.docx import as_docx
from geoloc.report.html import as_html
from geoloc.report.pdf import as_pdf
from geoloc.report.words import LANGUAGES

SUFFIXES = {".html": as_html, ".pdf": as_pdf, ".docx": as_docx}

__all__ = [
    "LANGUAGES",
    "SUFFIXES",
    "Document",
    "as_docx",
    "as_html",
    "as_pdf",
    "document",
]
