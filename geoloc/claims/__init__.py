"""Text in English, Dari or Pashto → what it claims: places, dates, numbers, and who says so.

By rules and tables alone (`words.toml`), the same every time; every reading names its characters,
and what could not be read is named too. A reading is a proposal for a person to check: rules do
not understand a text.
"""

from geoloc.claims.agreement import Overlap, agreement, overlap
from geoloc.claims.calendars import gregorian
from geoloc.claims.dates import When, days_said, read_dates
from geoloc.claims.names import skeleton
from geoloc.claims.places import Direction, Place, direction_of
from geoloc.claims.reading import ParsedClaim, as_json, parse, read_places
from geoloc.claims.reading import parse as parse_claims
from geoloc.claims.speakers import Speaker
from geoloc.claims.tolls import Toll, tolls_in
from geoloc.gazetteer.notation import Mention, mentions
from geoloc.gazetteer.text import LONGEST_TEXT, Span, Unresolved

__all__ = [
    "LONGEST_TEXT",
    "Direction",
    "Mention",
    "Overlap",
    "ParsedClaim",
    "Place",
    "Span",
    "Speaker",
    "Toll",
    "Unresolved",
    "When",
    "agreement",
    "as_json",
    "days_said",
    "direction_of",
    "gregorian",
    "mentions",
    "overlap",
    "parse",
    "parse_claims",
    "read_dates",
    "read_places",
    "skeleton",
    "tolls_in",
]
