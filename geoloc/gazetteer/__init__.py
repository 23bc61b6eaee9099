"""Names to places: units by code, number or name, and settlements by any known spelling.

A number is never matched by likeness: `PD1` is police district 1 and nothing else.
"""

from geoloc.gazetteer.candidates import Candidate
from geoloc.gazetteer.folding import fold
from geoloc.gazetteer.notation import police_district
from geoloc.gazetteer.phrases import Phrase, read_phrase
from geoloc.gazetteer.places import Area, Place
from geoloc.gazetteer.readings import Reading
from geoloc.gazetteer.search import Gazetteer, gazetteer, resolve_unit, unit_senses
from geoloc.gazetteer.units import POLICE_DISTRICTS, unit_name

__all__ = [
    "POLICE_DISTRICTS",
    "Area",
    "Candidate",
    "Gazetteer",
    "Phrase",
    "Place",
    "Reading",
    "fold",
    "gazetteer",
    "police_district",
    "read_phrase",
    "resolve_unit",
    "unit_name",
    "unit_senses",
]
