"""Figures for a report: the police districts as vague areas, and how far to trust them.

matplotlib lives here alone. A figure is built without pyplot, so nothing global changes, and
`picture` turns it into the same bytes each time. matplotlib shapes Persian itself from 3.11 on.
"""

from geoloc.figures.layer import layer_figure
from geoloc.figures.paper import SUFFIXES, picture, require_computed, require_suffix
from geoloc.figures.reliability import Bin, Told, reliability_figure, told

__all__ = [
    "SUFFIXES",
    "Bin",
    "Told",
    "layer_figure",
    "picture",
    "reliability_figure",
    "require_computed",
    "require_suffix",
    "told",
]
