"""Case files, and the straight line from an incident to its finding.

A casebook is a folder of YAML files: one per incident, and `casebook.yaml` for what is known about
all of them together. What was *claimed* (`claims`) and what can be *shown* (`evidence`,
`geolocation`) are kept apart in the file as they are in the product.
"""

from geoloc.casebook.drafting import draft, draft_from_text
from geoloc.casebook.drawings import Drawing, Feature, Photo, Shape
from geoloc.casebook.findings import Finding, as_json, investigate
from geoloc.casebook.folder import (
    BOOK_FILE,
    SCHEMA_FILE,
    case_files,
    default_folder,
    find_case,
    read_book,
    read_case,
    schema,
)
from geoloc.casebook.reconcile import WEIGHTS, Remark, Weight, reconcile, remark_as_json
from geoloc.casebook.records import (
    Aggregate,
    Book,
    Claim,
    Count,
    Evidence,
    Geolocation,
    Incident,
    Source,
)

__all__ = [
    "BOOK_FILE",
    "SCHEMA_FILE",
    "WEIGHTS",
    "Aggregate",
    "Book",
    "Claim",
    "Count",
    "Drawing",
    "Evidence",
    "Feature",
    "Finding",
    "Geolocation",
    "Incident",
    "Photo",
    "Remark",
    "Shape",
    "Source",
    "Weight",
    "as_json",
    "case_files",
    "default_folder",
    "draft",
    "draft_from_text",
    "find_case",
    "investigate",
    "read_book",
    "read_case",
    "reconcile",
    "remark_as_json",
    "schema",
]
