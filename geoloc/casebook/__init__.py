"""Case files, and the straight line from an incident to its finding.

A casebook is a folder of YAML files: one per incident, and `casebook.yaml` for what is known about
all of them together. What was *claimed* (`claims`) and what can be *shown* (`evidence`,
`geolocation`) are kept apart in the file as they are in the product.
"""

from geoloc.casebook.condition import Condition, Trouble, check_folder
from geoloc.casebook.drafting import draft, draft_from_text
from geoloc.casebook.drawings import Drawing, Feature, Photo, Shape
from geoloc.casebook.editing import with_changes
from geoloc.casebook.findings import (
    Finding,
    area_as_json,
    as_json,
    investigate,
    require_investigable,
)
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
from geoloc.casebook.saving import (
    draft_of,
    drop_draft,
    history,
    keep_draft,
    read_version,
    save_case,
    version_of,
)

__all__ = [
    "BOOK_FILE",
    "SCHEMA_FILE",
    "WEIGHTS",
    "Aggregate",
    "Book",
    "Claim",
    "Condition",
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
    "Trouble",
    "Weight",
    "area_as_json",
    "as_json",
    "case_files",
    "check_folder",
    "default_folder",
    "draft",
    "draft_from_text",
    "draft_of",
    "drop_draft",
    "find_case",
    "history",
    "investigate",
    "keep_draft",
    "read_book",
    "read_case",
    "read_version",
    "reconcile",
    "remark_as_json",
    "require_investigable",
    "save_case",
    "schema",
    "version_of",
    "with_changes",
]
