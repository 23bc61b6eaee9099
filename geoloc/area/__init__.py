"""Clues and a prior to a posterior surface, and from it the likely area.

Each clue enters as r·L + (1 − r)·L̄, where r is its reliability and L̄ the mean of L under the
prior: a clue that turns out to be about something else then says nothing, and no clue can empty
the map. Clues of one origin are one strand of evidence, right or wrong together: what is
told twice is averaged, so that two posts of one photo weigh as one, in whatever order.
"""

from geoloc.area.ledger import Entry, ledger
from geoloc.area.likely import MASSES, LikelyArea, Strand, likely_area, same_as
from geoloc.area.priors import STUDY_AREA, Prior, raster_prior, uniform_prior
from geoloc.area.regions import Region

__all__ = [
    "MASSES",
    "STUDY_AREA",
    "Entry",
    "LikelyArea",
    "Prior",
    "Region",
    "Strand",
    "ledger",
    "likely_area",
    "raster_prior",
    "same_as",
    "uniform_prior",
]
