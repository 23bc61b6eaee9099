"""Figures for a report: findings, casebooks, and the police districts as vague areas.

matplotlib lives here alone. A figure is built without pyplot, so nothing global changes, and
`picture` turns it into the same bytes each time. matplotlib shapes Persian itself from 3.11 on.
"""

from geoloc.figures.findings import (
    BOOK_KINDS,
    FINDING_KINDS,
    casebook_figure,
    finding_figure,
)
from geoloc.figures.layer import layer_figure
from geoloc.figures.layout import SIZES
from geoloc.figures.paper import SUFFIXES, picture, require_computed, require_suffix
from geoloc.figures.reliability import Bin, Told, reliability_figure, told
from geoloc.figures.words import LANGUAGES

__all__ = [
    "BOOK_KINDS",
    "FINDING_KINDS",
    "LANGUAGES",
    "SIZES",
    "SUFFIXES",
    "Bin",
    "Told",
    "casebook_figure",
    "finding_figure",
    "layer_figure",
    "picture",
    "reliability_figure",
    "require_computed",
    "require_suffix",
    "told",
]
